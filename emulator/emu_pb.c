// SPDX-License-Identifier: MIT
#include "emu_pb.h"
#include "regs/nv_host.h"

#define ADDRESS_END	0x1000u		/* one beyond the last dword address */
#define RESERVED_BIT	NV_BIT(12)

static enum emu_pb_result bad(const struct emu_pb *pb, uint32_t dword,
			      struct emu_pb_method *method)
{
	method->subchannel = NV_GET(NV_PB_SUBCHANNEL, pb->header);
	method->address = NV_GET(NV_PB_ADDRESS, pb->header) << 2;
	method->data = dword;
	return EMU_PB_BAD;
}

static enum emu_pb_result feed_data(struct emu_pb *pb, uint32_t dword,
				    struct emu_pb_method *method)
{
	if (pb->address >= ADDRESS_END) {
		pb->left = 0;
		return bad(pb, dword, method);
	}
	method->subchannel = NV_GET(NV_PB_SUBCHANNEL, pb->header);
	method->address = pb->address << 2;
	method->data = dword;
	pb->left--;
	if (pb->steps) {
		pb->steps--;
		pb->address++;
	}
	return EMU_PB_METHOD;
}

/* The sub-device is always active here, so the mask operations only have to decode. */
static enum emu_pb_result feed_tert(struct emu_pb *pb, uint32_t dword,
				    struct emu_pb_method *method)
{
	switch (NV_GET(NV_PB_TERT_OP, dword)) {
	case NV_PB_TERT_OP_SET_SUBDEVICE_MASK:
	case NV_PB_TERT_OP_STORE_SUBDEVICE_MASK:
	case NV_PB_TERT_OP_USE_SUBDEVICE_MASK:
		return EMU_PB_NONE;
	default:
		return bad(pb, dword, method);
	}
}

enum emu_pb_result emu_pb_feed(struct emu_pb *pb, uint32_t dword, struct emu_pb_method *method)
{
	uint32_t count = NV_GET(NV_PB_COUNT, dword);
	uint32_t op = NV_GET(NV_PB_SEC_OP, dword);

	if (pb->left)
		return feed_data(pb, dword, method);
	if (!dword)
		return EMU_PB_NONE;

	pb->header = dword;
	switch (op) {
	case NV_PB_SEC_OP_TERT:
		return feed_tert(pb, dword, method);
	case NV_PB_SEC_OP_INC:
		pb->steps = count;
		break;
	case NV_PB_SEC_OP_NON_INC:
		pb->steps = 0;
		break;
	case NV_PB_SEC_OP_ONE_INC:
		pb->steps = 1;
		break;
	case NV_PB_SEC_OP_IMMD:
		if (dword & RESERVED_BIT)
			return bad(pb, dword, method);
		method->subchannel = NV_GET(NV_PB_SUBCHANNEL, dword);
		method->address = NV_GET(NV_PB_ADDRESS, dword) << 2;
		method->data = count;
		return EMU_PB_METHOD;
	case NV_PB_SEC_OP_END_SEGMENT:
		return EMU_PB_END_SEGMENT;
	default:
		return bad(pb, dword, method);
	}
	/* Without data nothing else of the header is looked at. */
	if (!count)
		return EMU_PB_NONE;
	if (dword & RESERVED_BIT)
		return bad(pb, dword, method);
	pb->left = count;
	pb->address = NV_GET(NV_PB_ADDRESS, dword);
	return EMU_PB_NONE;
}
