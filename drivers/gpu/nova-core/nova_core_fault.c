// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The buffer of non-replayable faults: the GMMU puts 32-byte packets in at
 * PUT, the interrupt thread takes them out at GET.
 *
 * A fault costs the channel its life, which the firmware reports by itself;
 * the packet is what says where and why. Losing one loses information, nothing
 * more.
 */
#include <kunit/visibility.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/slab.h>

#include "nova_core_bar.h"
#include "nova_core_client.h"
#include "nova_core_dma.h"
#include "nova_core_fault.h"
#include "nova_core_irq.h"
#include "regs/nv_vf.h"

#define NOVA_CORE_FAULT_BUFFER		0	/* non-replayable */
#define NOVA_CORE_FAULT_ENTRIES_MAX	65536	/* 2 MiB; more is a lie */
#define NOVA_CORE_FAULT_PER_INTERRUPT	64
#define NOVA_CORE_FAULT_APERTURE	2u	/* coherent system memory */

/* What GET and PUT say beside the index: packets were dropped. */
#define NOVA_CORE_FAULT_DROPPED \
	(NV_VF_FAULT_BUFFER_OVERFLOW | NV_VF_FAULT_BUFFER_GETPTR_CORRUPTED)

/**
 * struct nova_core_faultbuf - the fault buffer of one GPU
 * @dma: the packets
 * @entries: how many fit
 * @get: the packet to take next; our own copy. Interrupt thread only
 */
struct nova_core_faultbuf {
	struct nova_core_dma dma;
	u32 entries;
	u32 get;
};

/* Translates a packet out of a private copy; false if it is not one. Pure. */
bool nova_core_fault_parse(const __le32 raw[NOVA_CORE_FAULT_DWORDS],
			   struct nova_core_fault_packet *packet)
{
	u32 dword[NOVA_CORE_FAULT_DWORDS];
	unsigned int i;

	for (i = 0; i < NOVA_CORE_FAULT_DWORDS; i++)
		dword[i] = le32_to_cpu(raw[i]);

	if (!(dword[7] & NV_FAULT7_VALID) || (dword[7] & NV_FAULT7_REPLAYABLE))
		return false;

	*packet = (struct nova_core_fault_packet) {
		.inst = (u64)dword[1] << 32 | (dword[0] & NV_FAULT0_INST_LO),
		.inst_aperture = NV_GET(NV_FAULT0_INST_APERTURE, dword[0]),
		.fault = {
			.chid = ~0u,
			.type = NV_GET(NV_FAULT7_FAULT_TYPE, dword[7]),
			.access = NV_GET(NV_FAULT7_ACCESS_TYPE, dword[7]),
			.engine_id = NV_GET(NV_FAULT6_ENGINE_ID, dword[6]),
			.client = NV_GET(NV_FAULT7_CLIENT, dword[7]),
			.address = (u64)dword[3] << 32 | (dword[2] & NV_FAULT2_ADDR_LO),
			.time_ns = (u64)dword[5] << 32 | dword[4],
		},
	};
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fault_parse);

/* Takes the packet at GET, copied before it is judged; false if it is not there yet. */
static bool nova_core_fault_take(struct nova_core *core, struct nova_core_fault_packet *packet)
{
	struct nova_core_faultbuf *buf = core->fault;
	__le32 *slot = buf->dma.cpu + (size_t)buf->get * NV_FAULT_PACKET_SIZE;
	__le32 raw[NOVA_CORE_FAULT_DWORDS];

	/* VALID is written last, so it is read first. */
	if (!(le32_to_cpu(READ_ONCE(slot[7])) & NV_FAULT7_VALID))
		return false;
	dma_rmb();
	memcpy(raw, slot, sizeof(raw));
	barrier();	/* what is judged is what is used: no second look at the slot */

	/* So that the next turn of the ring does not find this packet again. */
	WRITE_ONCE(slot[7], 0);

	if (!nova_core_fault_parse(raw, packet))
		return false;

	nova_core_client_fault(core, packet);
	dev_dbg_ratelimited(core->dev, "fault type %u at 0x%llx, engine %u, channel %d\n",
			    packet->fault.type, packet->fault.address, packet->fault.engine_id,
			    (int)packet->fault.chid);
	return true;
}

/* Vectors 132 and 133; interrupt thread. */
void nova_core_fault_service(struct nova_core *core)
{
	struct nova_core_faultbuf *buf = core->fault;
	struct nova_core_fault_packet packet;
	unsigned int i;
	u32 put, dropped;

	put = nova_core_rd32(core, NV_VF_FAULT_BUFFER_PUT(NOVA_CORE_FAULT_BUFFER));
	if (put == NOVA_CORE_ALL_ONES && nova_core_bar_lost(core))
		return;

	dropped = put & NOVA_CORE_FAULT_DROPPED;
	put = NV_GET(NV_VF_FAULT_BUFFER_PTR, put);
	if (put >= buf->entries) {
		dev_err_ratelimited(core->dev, "fault buffer: PUT %u of %u\n", put, buf->entries);
		nova_core_wr32(core, NV_VF_FAULT_BUFFER_SIZE(NOVA_CORE_FAULT_BUFFER), 0);
		return;
	}

	for (i = 0; i < NOVA_CORE_FAULT_PER_INTERRUPT && buf->get != put; i++) {
		if (!nova_core_fault_take(core, &packet))
			dev_err_ratelimited(core->dev, "fault buffer: invalid packet at %u\n",
					    buf->get);
		buf->get = (buf->get + 1) % buf->entries;
	}

	/* If packets are left, this write raises the vector again. */
	nova_core_wr32(core, NV_VF_FAULT_BUFFER_GET(NOVA_CORE_FAULT_BUFFER), buf->get);
	if (dropped) {
		dev_warn_ratelimited(core->dev, "fault buffer overflowed, faults are missing\n");
		/* Not in one write: the index must have moved before the flags are cleared. */
		nova_core_wr32(core, NV_VF_FAULT_BUFFER_GET(NOVA_CORE_FAULT_BUFFER),
			       buf->get | dropped);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fault_service);

int nova_core_fault_init(struct nova_core *core)
{
	core->fault = devm_kzalloc(core->dev, sizeof(*core->fault), GFP_KERNEL);
	return core->fault ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fault_init);
ALLOW_ERROR_INJECTION(nova_core_fault_init, ERRNO);

/*
 * Tells the device where to write packets, from the beginning of the buffer on. It may have the
 * buffer in use: then it takes no other address, and goes on where it is.
 */
static void nova_core_fault_program(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	struct nova_core_faultbuf *buf = core->fault;
	unsigned int n = NOVA_CORE_FAULT_BUFFER;

	nova_core_wr32(core, NV_VF_FAULT_BUFFER_SIZE(n), 0);
	buf->get = 0;
	nova_core_wr32(core, NV_VF_FAULT_BUFFER_GET(n), 0);
	nova_core_wr32(core, NV_VF_FAULT_BUFFER_HI(n), upper_32_bits(buf->dma.addr));
	nova_core_wr32(core, NV_VF_FAULT_BUFFER_LO(n),
		       (lower_32_bits(buf->dma.addr) & NV_VF_FAULT_BUFFER_LO_ADDR) |
		       NV_PUT(NV_VF_FAULT_BUFFER_LO_APERTURE, NOVA_CORE_FAULT_APERTURE) |
		       NV_VF_FAULT_BUFFER_LO_ADDR_MODE);
	nova_core_wr32(core, NV_VF_FAULT_BUFFER_SIZE(n),
		       NV_PUT(NV_VF_FAULT_BUFFER_SIZE_VAL, buf->entries) |
		       NV_VF_FAULT_BUFFER_SIZE_OVERFLOW_INTR | NV_VF_FAULT_BUFFER_SIZE_ENABLE);
}

/* Has the device write packets into a buffer of @entries. */
VISIBLE_IF_KUNIT noinline __noipa int nova_core_fault_start(struct nova_core *core, u32 entries)
	__must_hold_shared(nova_core_door)
{
	struct nova_core_faultbuf *buf = core->fault;
	int ret;

	if (entries < 2 || entries > NOVA_CORE_FAULT_ENTRIES_MAX)
		return dev_err_probe(core->dev, -EIO, "fault buffer of %u entries\n", entries);

	ret = nova_core_dma_alloc(core, &buf->dma, (size_t)entries * NV_FAULT_PACKET_SIZE,
				  GFP_KERNEL);
	if (ret)
		return ret;

	buf->entries = entries;
	nova_core_fault_program(core);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fault_start);
ALLOW_ERROR_INJECTION(nova_core_fault_start, ERRNO);

/* Needs the interrupt, and the client part to deliver to. */
int nova_core_fault_enable(struct nova_core *core)
{
	unsigned int n = NOVA_CORE_FAULT_BUFFER;
	int ret;

	/* The hardware says how large it wants the buffer. */
	nova_core_wr32(core, NV_VF_FAULT_BUFFER_SIZE(n), NV_VF_FAULT_BUFFER_SIZE_SET_DEFAULT);
	ret = nova_core_fault_start(core, NV_GET(NV_VF_FAULT_BUFFER_SIZE_VAL,
						 nova_core_rd32(core, NV_VF_FAULT_BUFFER_SIZE(n))));
	if (ret)
		return ret;

	nova_core_irq_enable(core, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY);
	nova_core_irq_enable(core, NV_VECTOR_MMU_NONREPLAYABLE_ERROR);
	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_fault_enable, ERRNO);

/*
 * What the device has written before it went to sleep or was halted, in memory: no register is
 * touched. The interrupt is off.
 */
void nova_core_fault_drain(struct nova_core *core)
{
	struct nova_core_faultbuf *buf = core->fault;
	struct nova_core_fault_packet packet;
	u32 left;

	for (left = buf->entries; left && nova_core_fault_take(core, &packet); left--)
		buf->get = (buf->get + 1) % buf->entries;
}

/* The registers have lost everything, or nothing. */
void nova_core_fault_restore(struct nova_core *core)
{
	nova_core_fault_program(core);
}

/* The device writes no more packets. */
void nova_core_fault_disable(struct nova_core *core)
{
	nova_core_irq_disable(core, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY);
	nova_core_irq_disable(core, NV_VECTOR_MMU_NONREPLAYABLE_ERROR);
	if (!test_bit(NOVA_CORE_LOST, &core->broken))
		nova_core_wr32(core, NV_VF_FAULT_BUFFER_SIZE(NOVA_CORE_FAULT_BUFFER), 0);
}

/* The device does no DMA any more. Also if the buffer was never enabled. */
void nova_core_fault_fini(struct nova_core *core)
{
	nova_core_dma_free(core, &core->fault->dma);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fault_fini);
