/* SPDX-License-Identifier: MIT */
/*
 * The push-buffer builder: operations with any arguments, into memory of its own and into the
 * caller's. What it has written is always a sequence of whole commands, it never writes beyond
 * the room it has, and an operation that fails writes nothing.
 */
#include "fuzz_input.h"

#include <errno.h>

#include "nova.h"
#include "private.h"
#include "regs/nv_host.h"

#define ROOM_MAX	1024u	/* words of the caller's memory */
#define GUARD		0xdeadbeefu
#define OPERATIONS	64u

static uint32_t memory[ROOM_MAX + 16];

/* The builder of pushes that grow brings the rest of the library with it; nobody asks a kernel. */
int nova_kernel_ioctl(int fd, unsigned long request, void *arg)
{
	(void)fd;
	(void)request;
	(void)arg;
	return -ENOSYS;
}

static uint64_t take_va(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	if (how & 0x80)
		return fuzz_u64(in) >> (how & 0x3f);
	return (1ull << (how & 0x3f)) - 16 + (fuzz_u8(in) & 0x1f);
}

/* A size that makes at most some thousand launches. */
static uint64_t take_size(struct fuzz_input *in)
{
	uint64_t size = take_va(in);

	return size > 1ull << 50 ? size : size & ((1ull << 43) - 1);
}

static int put_methods(struct nova_push *push, struct fuzz_input *in)
{
	uint32_t values[16], count = fuzz_below(in, 17), subchannel = fuzz_below(in, 10);
	uint32_t method = fuzz_u16(in);

	fuzz_bytes(in, values, sizeof(values));
	switch (fuzz_below(in, 5)) {
	case 0:
		return nova_push_method(push, subchannel, method & 0x7ffc, values, count);
	case 1:
		return nova_push_method_noninc(push, subchannel, method, values, count);
	case 2:
		return nova_push_method_oneinc(push, subchannel, method & 0x7ffc, values, count);
	case 3:
		return nova_push_method_immd(push, subchannel, method & 0x7ffc, values[0]);
	default:
		return nova_push_set_object(push, subchannel, values[0] & 0x1ffff);
	}
}

static int put_semaphore(struct nova_push *push, struct fuzz_input *in)
{
	uint64_t va = take_va(in), value = take_va(in);
	uint32_t what = fuzz_below(in, 10), flags = fuzz_below(in, 33);

	switch (fuzz_below(in, 5)) {
	case 0:
		return nova_push_sem_acquire(push, va, what, value, flags);
	case 1:
		return nova_push_sem_release(push, va, value, flags);
	case 2:
		return nova_push_sem_reduce(push, va, what, value, flags);
	case 3:
		return nova_push_copy_release(push, va, (uint32_t)value);
	default:
		return nova_push_copy_timestamp(push, va, (uint32_t)value);
	}
}

static struct nova_twod_surface take_surface(struct fuzz_input *in)
{
	struct nova_twod_surface surface = { .va = take_va(in), .format = fuzz_u8(in) };

	surface.width = (uint32_t)take_va(in);
	surface.height = fuzz_u8(in);
	surface.pitch = (uint32_t)take_va(in);
	surface.block_height = fuzz_u8(in) % 3;
	return surface;
}

static int put_twod(struct nova_push *push, struct fuzz_input *in)
{
	struct nova_twod_surface dst = take_surface(in), src = take_surface(in);
	struct nova_twod_rect from = { (int32_t)take_va(in), fuzz_u8(in), fuzz_u8(in), 5 };
	struct nova_twod_rect to = { fuzz_u8(in), (int32_t)take_va(in), 5, fuzz_u8(in) };

	if (fuzz_u8(in) & 1)
		return nova_push_twod_fill(push, &dst, &to, src.format, 7);
	return nova_push_twod_blit(push, &dst, &to, &src, &from);
}

static int put_transfer(struct nova_push *push, struct fuzz_input *in)
{
	struct nova_copy_rect rect = { .dst_va = take_va(in), .src_va = take_va(in) };

	rect.dst_pitch = (int32_t)take_va(in);
	rect.src_pitch = (int32_t)take_va(in);
	rect.width = (uint32_t)take_va(in);
	rect.height = (uint32_t)take_va(in);
	switch (fuzz_below(in, 7)) {
	case 0:
		return nova_push_copy(push, rect.dst_va, rect.src_va, take_size(in));
	case 1:
		return nova_push_copy_rect(push, fuzz_u8(in) == 1 ? NULL : &rect);
	case 2:
		return nova_push_fill(push, rect.dst_va, 0x12345678, take_size(in));
	case 5:
	case 6:
		return put_twod(push, in);
	default:
		return nova_push_fill_rect(push, rect.dst_va, rect.dst_pitch, rect.width,
					   rect.height, 7);
	}
}

static int put_simple(struct nova_push *push, struct fuzz_input *in)
{
	switch (fuzz_below(in, 4)) {
	case 0:
		return nova_push_nop(push);
	case 1:
		return nova_push_wfi(push);
	case 2:
		return nova_push_interrupt(push);
	default:
		return nova_push_membar(push, fuzz_below(in, 4));
	}
}

/* Headers with as much data as they say, up to the very end. */
static void check_commands(const uint32_t *words, uint32_t count)
{
	uint32_t at = 0, op, data;

	while (at < count) {
		op = NV_GET(NV_PB_SEC_OP, words[at]);
		data = NV_GET(NV_PB_COUNT, words[at]);
		at++;
		if (op == NV_PB_SEC_OP_IMMD)
			continue;
		fuzz_require(op == NV_PB_SEC_OP_INC || op == NV_PB_SEC_OP_NON_INC ||
			     op == NV_PB_SEC_OP_ONE_INC, "operation %u", op);
		fuzz_require(data && data <= count - at, "%u words of data, %u are left", data,
			     count - at);
		at += data;
	}
}

static void operate(struct nova_push *push, struct fuzz_input *in)
{
	uint32_t before = nova_push_size(push);
	int status = nova_push_status(push), ret;

	switch (fuzz_below(in, 16)) {
	case 0:
		nova_push_reset(push);
		fuzz_require(!nova_push_size(push) && !nova_push_status(push),
			     "not empty after a reset");
		return;
	case 1:
	case 2:
	case 3:
		ret = put_simple(push, in);
		break;
	case 4:
	case 5:
	case 6:
		ret = put_semaphore(push, in);
		break;
	case 7:
	case 8:
	case 9:
		ret = put_methods(push, in);
		break;
	default:
		ret = put_transfer(push, in);
	}
	fuzz_require(ret <= 0 && nova_push_status(push) == (status ? status : ret),
		     "returned %d, status %d, before %d", ret, nova_push_status(push), status);
	if (ret)
		fuzz_require(nova_push_size(push) == before, "%u bytes after an error, %u before",
			     nova_push_size(push), before);
	else
		fuzz_require(nova_push_size(push) > before, "nothing was written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint32_t room = fuzz_u16(&in) % (ROOM_MAX + 1), i;
	bool own = fuzz_u8(&in) & 1;
	struct nova_push *push;
	int ret;

	for (i = 0; i < FUZZ_COUNT(memory); i++)
		memory[i] = GUARD;
	ret = nova_push_create(own ? NULL : memory, room * 4u + (room & 3), &push);
	if (ret) {
		fuzz_require(!own && !room, "nova_push_create: %d", ret);
		return 0;
	}
	for (i = 0; i < OPERATIONS && fuzz_more(&in); i++) {
		operate(push, &in);
		if (nova_push_size(push) < 0x10000)
			check_commands(nova_push_data(push), nova_push_size(push) / 4);
	}
	if (!own) {
		fuzz_require(nova_push_size(push) <= room * 4u, "%u bytes in %u",
			     nova_push_size(push), room * 4u);
		for (i = room; i < FUZZ_COUNT(memory); i++)
			fuzz_require(memory[i] == GUARD, "word %u of %u was written", i, room);
	}
	nova_push_destroy(push);
	return 0;
}
