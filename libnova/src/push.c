// SPDX-License-Identifier: MIT
/* Push-buffer builder: turns operations into method words. Pure computation. */
#include <errno.h>
#include <stdlib.h>

#include "push.h"
#include "regs/nv_ce.h"
#include "regs/nv_host.h"

#define DEFAULT_WORDS	256u
#define METHOD_END	0x4000u			/* the address field has 12 bits of words */
#define SUBCHANNELS	8u
#define IMMD_MAX	NV_PB_COUNT_MAX
#define HOST_VA_END	(1ull << NV_HOST_VA_BITS)
#define CE_VA_END	(1ull << 49)
#define LINE_BYTES_MAX	0xffff0000u		/* longest line of one launch, keeps any alignment */
#define COPY_WORDS	(5 + 2 + 1)
#define FILL_WORDS	(4 + 3 + 2 + 1)
#define FILL_RECT_WORDS	(4 + 3 + 4 + 1)

#define LAUNCH_PITCH	(NV_PUT(NV_C5B5_LAUNCH_TRANSFER, NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED) | \
			 NV_C5B5_LAUNCH_SRC_PITCH | NV_C5B5_LAUNCH_DST_PITCH)

/* --- the buffer ------------------------------------------------------------ */

NOVA_API int nova_push_create(void *memory, size_t size, struct nova_push **out)
{
	struct nova_push *push;
	uint32_t room;

	if (!out || (uintptr_t)memory % sizeof(uint32_t) || size > UINT32_MAX)
		return -EINVAL;
	room = (uint32_t)(size / sizeof(uint32_t));
	if (memory && !room)
		return -EINVAL;
	push = calloc(1, sizeof(*push));
	if (!push)
		return -ENOMEM;
	push->owned = !memory;
	push->words = memory;
	push->room = room;
	if (push->owned) {
		if (!room)
			push->room = DEFAULT_WORDS;
		push->words = malloc(push->room * sizeof(uint32_t));
	}
	if (!push->words) {
		free(push);
		return -ENOMEM;
	}
	*out = push;
	return 0;
}

NOVA_API void nova_push_destroy(struct nova_push *push)
{
	if (!push)
		return;
	if (push->owned)
		free(push->words);
	if (push->chunks)
		push_chunks_destroy(push);
	free(push);
}

NOVA_API void nova_push_reset(struct nova_push *push)
{
	push->count = 0;
	push->status = 0;
	if (push->chunks)
		push_chunks_reset(push);
}

NOVA_API int nova_push_status(const struct nova_push *push)
{
	return push->status;
}

NOVA_API const uint32_t *nova_push_data(const struct nova_push *push)
{
	return push->chunks ? NULL : push->words;
}

NOVA_API uint32_t nova_push_size(const struct nova_push *push)
{
	if (push->chunks)
		return push_chunks_size(push);
	return push->count * (uint32_t)sizeof(uint32_t);
}

int push_fail(struct nova_push *push, int error)
{
	if (!push->status)
		push->status = error;
	return push->status;
}

/* Makes room for a whole command, so that none is ever written in part. */
int push_reserve(struct nova_push *push, uint32_t words)
{
	uint32_t room = push->room;
	uint32_t *grown;

	if (push->status)
		return push->status;
	if (words <= room - push->count)
		return 0;
	if (push->chunks)
		return push_chunks_grow(push, words);
	if (!push->owned)
		return push_fail(push, -ENOSPC);
	while (words > room - push->count) {
		if (room > UINT32_MAX / sizeof(uint32_t) / 2)
			return push_fail(push, -ENOSPC);
		room *= 2;
	}
	grown = realloc(push->words, room * sizeof(uint32_t));
	if (!grown)
		return push_fail(push, -ENOMEM);
	push->words = grown;
	push->room = room;
	return 0;
}

static void put(struct nova_push *push, uint32_t word)
{
	push->words[push->count++] = word;
}

/* --- methods --------------------------------------------------------------- */

static bool valid_method(uint32_t subchannel, uint32_t method)
{
	return subchannel < SUBCHANNELS && method < METHOD_END && method % 4 == 0;
}

/* @header has everything but the count. */
static int put_methods(struct nova_push *push, uint32_t header, bool valid,
		       const uint32_t *values, uint32_t count)
{
	int ret;

	if (!valid || !values || !count || count > NV_PB_COUNT_MAX)
		return push_fail(push, -EINVAL);
	ret = push_reserve(push, 1 + count);
	if (ret)
		return ret;
	put(push, header | NV_PUT(NV_PB_COUNT, count));
	for (uint32_t i = 0; i < count; i++)
		put(push, values[i]);
	return 0;
}

NOVA_API int nova_push_method(struct nova_push *push, uint32_t subchannel, uint32_t method,
			      const uint32_t *values, uint32_t count)
{
	/* Hardware faults when the address runs over the end. */
	bool valid = valid_method(subchannel, method) && count <= (METHOD_END - method) / 4;

	return put_methods(push, NV_PB_HEADER(INC, subchannel, method, 0), valid, values, count);
}

NOVA_API int nova_push_method_noninc(struct nova_push *push, uint32_t subchannel, uint32_t method,
				     const uint32_t *values, uint32_t count)
{
	return put_methods(push, NV_PB_HEADER(NON_INC, subchannel, method, 0),
			   valid_method(subchannel, method), values, count);
}

NOVA_API int nova_push_method_oneinc(struct nova_push *push, uint32_t subchannel, uint32_t method,
				     const uint32_t *values, uint32_t count)
{
	bool valid = valid_method(subchannel, method) &&
		     (count <= 1 || method + 4 < METHOD_END);

	return put_methods(push, NV_PB_HEADER(ONE_INC, subchannel, method, 0), valid, values, count);
}

NOVA_API int nova_push_method_immd(struct nova_push *push, uint32_t subchannel, uint32_t method,
				   uint32_t value)
{
	int ret;

	if (!valid_method(subchannel, method) || value > IMMD_MAX)
		return push_fail(push, -EINVAL);
	ret = push_reserve(push, 1);
	if (ret)
		return ret;
	put(push, NV_PB_HEADER(IMMD, subchannel, method, value));
	return 0;
}

NOVA_API int nova_push_set_object(struct nova_push *push, uint32_t subchannel, uint32_t class_id)
{
	uint32_t value = NV_PUT(NV_C46F_SET_OBJECT_NVCLASS, class_id);

	if (class_id > 0xffff)
		return push_fail(push, -EINVAL);
	return nova_push_method(push, subchannel, NV_C46F_SET_OBJECT, &value, 1);
}

/* --- host ------------------------------------------------------------------ */

NOVA_API int nova_push_nop(struct nova_push *push)
{
	return nova_push_method_immd(push, 0, NV_C46F_NOP, 0);
}

NOVA_API int nova_push_wfi(struct nova_push *push)
{
	return nova_push_method_immd(push, 0, NV_C46F_WFI, NV_C46F_WFI_SCOPE_ALL);
}

NOVA_API int nova_push_membar(struct nova_push *push, uint32_t scope)
{
	uint32_t op[4] = {
		0, 0, NV_PUT(NV_C46F_MEM_OP_C_MEMBAR_TYPE, scope),
		NV_PUT(NV_C46F_MEM_OP_D_OPERATION, NV_C46F_MEM_OP_D_MEMBAR),
	};

	if (scope > NOVA_MEMBAR_GPU)
		return push_fail(push, -EINVAL);
	return nova_push_method(push, 0, NV_C46F_MEM_OP_A, op, 4);
}

NOVA_API int nova_push_interrupt(struct nova_push *push)
{
	return nova_push_method_immd(push, 0, NV_C46F_NON_STALL_INTERRUPT, 0);
}

static int put_semaphore(struct nova_push *push, uint64_t va, uint64_t value, uint32_t flags,
			 uint32_t allowed, uint32_t execute)
{
	uint32_t align = 4;
	uint32_t words[5];

	if (flags & NOVA_SEM_64BIT)
		align = 8;
	if (flags & NOVA_SEM_TIMESTAMP)
		align = 16;
	if (flags & ~allowed || va % align || va > HOST_VA_END - align)
		return push_fail(push, -EINVAL);
	if (!(flags & NOVA_SEM_64BIT) && value > UINT32_MAX)
		return push_fail(push, -EINVAL);
	if (flags & NOVA_SEM_64BIT)
		execute |= NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT;
	if (flags & NOVA_SEM_WFI)
		execute |= NV_C46F_SEM_EXECUTE_RELEASE_WFI;
	if (flags & NOVA_SEM_TIMESTAMP)
		execute |= NV_C46F_SEM_EXECUTE_TIMESTAMP;
	if (flags & NOVA_SEM_SWITCH)
		execute |= NV_C46F_SEM_EXECUTE_SWITCH_TSG;
	words[0] = (uint32_t)va;
	words[1] = (uint32_t)(va >> 32);
	words[2] = (uint32_t)value;
	words[3] = (uint32_t)(value >> 32);
	words[4] = execute;
	return nova_push_method(push, 0, NV_C46F_SEM_ADDR_LO, words, 5);
}

NOVA_API int nova_push_sem_acquire(struct nova_push *push, uint64_t va, uint32_t condition,
				   uint64_t value, uint32_t flags)
{
	switch (condition) {
	case NOVA_SEM_EQUAL:
	case NOVA_SEM_GEQUAL:
	case NOVA_SEM_CIRC_GEQUAL:
	case NOVA_SEM_AND:
	case NOVA_SEM_NOR:
		break;
	default:
		return push_fail(push, -EINVAL);
	}
	/* The API's numbers are the hardware's, for conditions and for reductions. */
	return put_semaphore(push, va, value, flags, NOVA_SEM_64BIT | NOVA_SEM_SWITCH,
			     NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, condition));
}

NOVA_API int nova_push_sem_release(struct nova_push *push, uint64_t va, uint64_t value,
				   uint32_t flags)
{
	return put_semaphore(push, va, value, flags,
			     NOVA_SEM_64BIT | NOVA_SEM_WFI | NOVA_SEM_TIMESTAMP,
			     NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, NV_C46F_SEM_OP_RELEASE));
}

NOVA_API int nova_push_sem_reduce(struct nova_push *push, uint64_t va, uint32_t reduction,
				  uint64_t value, uint32_t flags)
{
	uint32_t execute = NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, NV_C46F_SEM_OP_REDUCTION) |
			   NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, reduction);
	uint32_t refused = 0;

	if (reduction > NOVA_SEM_DEC)
		return push_fail(push, -EINVAL);
	if (reduction == NOVA_SEM_INC || reduction == NOVA_SEM_DEC)
		refused = NOVA_SEM_64BIT | NOVA_SEM_SIGNED;
	else if (reduction == NOVA_SEM_ADD && (flags & NOVA_SEM_64BIT))
		refused = NOVA_SEM_SIGNED;
	if (flags & refused)
		return push_fail(push, -EINVAL);
	if (!(flags & NOVA_SEM_SIGNED))
		execute |= NV_C46F_SEM_EXECUTE_UNSIGNED;
	return put_semaphore(push, va, value, flags,
			     NOVA_SEM_64BIT | NOVA_SEM_WFI | NOVA_SEM_TIMESTAMP | NOVA_SEM_SIGNED,
			     execute);
}

/* --- copy engine ----------------------------------------------------------- */

static bool valid_ce_range(uint64_t va, uint64_t size)
{
	return size <= CE_VA_END && va <= CE_VA_END - size;
}

/* Do @height lines of @width bytes lie apart and inside the address space? */
static bool valid_ce_rect(uint64_t va, int32_t pitch, uint64_t width, uint32_t height)
{
	uint64_t step = pitch < 0 ? -(uint64_t)pitch : (uint64_t)pitch;
	uint64_t below = 0;

	if (!width || !height || width > UINT32_MAX || va >= CE_VA_END)
		return false;
	if (height == 1)
		return valid_ce_range(va, width);
	if (step < width)
		return false;
	if (pitch < 0) {
		below = step * (height - 1);
		return below <= va && valid_ce_range(va, width);
	}
	return valid_ce_range(va, step * (height - 1) + width);
}

static int put_ce(struct nova_push *push, uint32_t method, const uint32_t *values, uint32_t count)
{
	return nova_push_method(push, NV_SUBCHANNEL_CE, method, values, count);
}

/* Every launch has only flags below the 13th bit. */
static int put_launch(struct nova_push *push, uint32_t launch)
{
	return nova_push_method_immd(push, NV_SUBCHANNEL_CE, NV_C5B5_LAUNCH_DMA, launch);
}

/* How many launches a line of @size bytes takes; at most some 2^17. */
static uint32_t launches(uint64_t size)
{
	return (uint32_t)((size + LINE_BYTES_MAX - 1) / LINE_BYTES_MAX);
}

static int put_line_copy(struct nova_push *push, uint64_t dst_va, uint64_t src_va, uint32_t size)
{
	uint32_t offsets[4] = {
		(uint32_t)(src_va >> 32), (uint32_t)src_va,
		(uint32_t)(dst_va >> 32), (uint32_t)dst_va,
	};
	int ret = push_reserve(push, COPY_WORDS);

	if (ret)
		return ret;
	put_ce(push, NV_C5B5_OFFSET_IN_UPPER, offsets, 4);
	put_ce(push, NV_C5B5_LINE_LENGTH_IN, &size, 1);
	return put_launch(push, LAUNCH_PITCH);
}

NOVA_API int nova_push_copy(struct nova_push *push, uint64_t dst_va, uint64_t src_va, uint64_t size)
{
	uint32_t line;
	int ret;

	if (!size || !valid_ce_range(dst_va, size) || !valid_ce_range(src_va, size))
		return push_fail(push, -EINVAL);
	ret = push_reserve(push, launches(size) * COPY_WORDS);
	while (size && !ret) {
		line = size < LINE_BYTES_MAX ? (uint32_t)size : LINE_BYTES_MAX;
		ret = put_line_copy(push, dst_va, src_va, line);
		dst_va += line;
		src_va += line;
		size -= line;
	}
	return ret;
}

NOVA_API int nova_push_copy_rect(struct nova_push *push, const struct nova_copy_rect *rect)
{
	uint32_t words[8];
	int ret;

	if (!rect || !valid_ce_rect(rect->dst_va, rect->dst_pitch, rect->width, rect->height) ||
	    !valid_ce_rect(rect->src_va, rect->src_pitch, rect->width, rect->height))
		return push_fail(push, -EINVAL);
	if (rect->height == 1)
		return put_line_copy(push, rect->dst_va, rect->src_va, rect->width);
	words[0] = (uint32_t)(rect->src_va >> 32);
	words[1] = (uint32_t)rect->src_va;
	words[2] = (uint32_t)(rect->dst_va >> 32);
	words[3] = (uint32_t)rect->dst_va;
	words[4] = (uint32_t)rect->src_pitch;
	words[5] = (uint32_t)rect->dst_pitch;
	words[6] = rect->width;
	words[7] = rect->height;
	ret = push_reserve(push, 9 + 1);
	if (ret)
		return ret;
	put_ce(push, NV_C5B5_OFFSET_IN_UPPER, words, 8);
	return put_launch(push, LAUNCH_PITCH | NV_C5B5_LAUNCH_MULTI_LINE);
}

static int put_fill(struct nova_push *push, uint64_t va, int32_t pitch, uint32_t width,
		    uint32_t height, uint32_t value)
{
	/* One four-byte component, taken from constant B; the source is not read. */
	uint32_t remap[3] = {
		0, value, NV_PUT(NV_C5B5_REMAP_DST_X, NV_C5B5_REMAP_CONST_B) |
			  NV_PUT(NV_C5B5_REMAP_COMPONENT_SIZE, 3),
	};
	uint32_t offset[2] = { (uint32_t)(va >> 32), (uint32_t)va };
	uint32_t shape[3] = { (uint32_t)pitch, width, height };
	uint32_t launch = LAUNCH_PITCH | NV_C5B5_LAUNCH_REMAP;
	int ret = push_reserve(push, height > 1 ? FILL_RECT_WORDS : FILL_WORDS);

	if (ret)
		return ret;
	put_ce(push, NV_C5B5_SET_REMAP_CONST_A, remap, 3);
	put_ce(push, NV_C5B5_OFFSET_OUT_UPPER, offset, 2);
	if (height > 1) {
		put_ce(push, NV_C5B5_PITCH_OUT, shape, 3);
		launch |= NV_C5B5_LAUNCH_MULTI_LINE;
	} else {
		put_ce(push, NV_C5B5_LINE_LENGTH_IN, &width, 1);
	}
	return put_launch(push, launch);
}

NOVA_API int nova_push_fill(struct nova_push *push, uint64_t va, uint32_t value, uint64_t count)
{
	const uint32_t line_max = LINE_BYTES_MAX / sizeof(value);
	uint32_t line;
	int ret;

	if (!count || va % sizeof(value) || count > CE_VA_END / sizeof(value) ||
	    !valid_ce_range(va, count * sizeof(value)))
		return push_fail(push, -EINVAL);
	ret = push_reserve(push, launches(count * sizeof(value)) * FILL_WORDS);
	while (count && !ret) {
		line = count < line_max ? (uint32_t)count : line_max;
		ret = put_fill(push, va, 0, line, 1, value);
		va += (uint64_t)line * sizeof(value);
		count -= line;
	}
	return ret;
}

NOVA_API int nova_push_fill_rect(struct nova_push *push, uint64_t va, int32_t pitch,
				 uint32_t width, uint32_t height, uint32_t value)
{
	uint64_t bytes = (uint64_t)width * sizeof(value);

	if (va % sizeof(value) || pitch % (int32_t)sizeof(value) ||
	    !valid_ce_rect(va, pitch, bytes, height))
		return push_fail(push, -EINVAL);
	return put_fill(push, va, pitch, width, height, value);
}

static int put_ce_semaphore(struct nova_push *push, uint64_t va, uint32_t value, uint32_t size,
			    uint32_t type)
{
	uint32_t words[3] = { (uint32_t)(va >> 32), (uint32_t)va, value };
	int ret;

	if (va % size || !valid_ce_range(va, size))
		return push_fail(push, -EINVAL);
	ret = push_reserve(push, 4 + 1);
	if (ret)
		return ret;
	put_ce(push, NV_C5B5_SET_SEMAPHORE_A, words, 3);
	/* The flush makes the copies visible before the semaphore. */
	return put_launch(push, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, type) | NV_C5B5_LAUNCH_FLUSH);
}

NOVA_API int nova_push_copy_release(struct nova_push *push, uint64_t va, uint32_t value)
{
	return put_ce_semaphore(push, va, value, 4, NV_C5B5_LAUNCH_SEMAPHORE_ONE_WORD);
}

NOVA_API int nova_push_copy_timestamp(struct nova_push *push, uint64_t va, uint32_t value)
{
	return put_ce_semaphore(push, va, value, 16, NV_C5B5_LAUNCH_SEMAPHORE_FOUR_WORD);
}
