/* SPDX-License-Identifier: MIT */
/* Values for fields: right ones, those at the edges, and broken ones. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nova_drm.h"

#include "fuzz.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* Mappings are made in here, so that they meet. */
#define VA_START	(64ull << 20)
#define VA_PAGES	(24u << 8)

uint64_t fuzz_next(uint64_t *random)
{
	uint64_t x = *random += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

uint32_t fuzz_below(uint64_t *random, uint32_t end)
{
	return end ? (fuzz_next(random) >> 32) * end >> 32 : 0;
}

bool fuzz_chance(uint64_t *random, uint32_t n)
{
	return n && fuzz_below(random, n) == 0;
}

bool fuzz_broken(struct fuzz_op *op)
{
	/* Drawn in any case: the same numbers follow. */
	bool chosen = fuzz_below(&op->random, op->broken ? op->broken : 1) == 0;

	return op->broken && chosen;
}

uint64_t fuzz_get(const void *data, const struct fuzz_field *field)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)data + field->offset, field->size > 8 ? 8 : field->size);
	return value;
}

void fuzz_put(void *data, const struct fuzz_field *field, uint64_t value)
{
	memcpy((char *)data + field->offset, &value, field->size > 8 ? 8 : field->size);
}

/* --- memory --- */

static void *map_guarded(size_t size, int prot)
{
	char *at = mmap(NULL, size + FUZZ_PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + size, FUZZ_PAGE, PROT_NONE))
		return NULL;
	return at;
}

bool fuzz_memory_init(struct fuzz_memory *memory)
{
	memory->args = map_guarded(FUZZ_PAGE, PROT_READ | PROT_WRITE);
	memory->arena = map_guarded(FUZZ_ARENA, PROT_READ | PROT_WRITE);
	memory->shadow = map_guarded(FUZZ_ARENA, PROT_READ | PROT_WRITE);
	memory->answer = map_guarded(FUZZ_PAGE, PROT_READ | PROT_WRITE);
	memory->readonly = map_guarded(FUZZ_PAGE, PROT_READ);
	memory->user = map_guarded(FUZZ_USER, PROT_READ | PROT_WRITE);
	return memory->args && memory->arena && memory->shadow && memory->answer &&
	       memory->readonly && memory->user;
}

void fuzz_memory_fini(struct fuzz_memory *memory)
{
	for (size_t i = 0; i < FUZZ_MAPS; i++)
		if (memory->maps[i].at)
			munmap(memory->maps[i].at, memory->maps[i].size);
	fuzz_userqs_fini(memory);
	munmap(memory->args, 2 * FUZZ_PAGE);
	munmap(memory->arena, FUZZ_ARENA + FUZZ_PAGE);
	munmap(memory->shadow, FUZZ_ARENA + FUZZ_PAGE);
	munmap(memory->answer, 2 * FUZZ_PAGE);
	munmap(memory->readonly, 2 * FUZZ_PAGE);
	munmap(memory->user, FUZZ_USER + FUZZ_PAGE);
}

/* Down from the end: what is read or written too much faults. */
void *fuzz_alloc(struct fuzz_op *op, size_t size)
{
	size = (size + 7) & ~(size_t)7;
	if (size > (size_t)(op->arena_at - op->thread->memory.arena))
		return NULL;
	op->arena_at -= size;
	return op->arena_at;
}

uint64_t fuzz_pointer(struct fuzz_op *op, void *memory, size_t size)
{
	const struct fuzz_memory *own = &op->thread->memory;
	uint32_t how = fuzz_below(&op->random, 6);
	const char *end;

	if (!fuzz_broken(op))
		return (uintptr_t)memory;
	op->bad_pointer = true;
	switch (how) {
	case 0:
		return 8;
	case 1:
		return 0xffff800000000000ull + fuzz_below(&op->random, 1u << 30);
	case 2:
		return (uintptr_t)own->readonly;
	case 3:
		/* The last byte is not there. Of an answer, what is before it may have been written. */
		end = memory == own->answer ? own->answer + FUZZ_PAGE : own->arena + FUZZ_ARENA;
		return (uintptr_t)end + 1 - (size ? size : 1);
	case 4:
		return 0ull - 8 * fuzz_below(&op->random, 1024);
	default:
		return (uintptr_t)own->args + FUZZ_PAGE;
	}
}

/* --- single values --- */

uint32_t fuzz_handle(struct fuzz_op *op, enum fuzz_kind kind)
{
	uint32_t how = fuzz_below(&op->random, 5), number = fuzz_below(&op->random, 40);
	uint32_t live = fuzz_pool_pick(&op->file->pools[kind], &op->random);
	uint32_t stale = fuzz_pool_stale(&op->file->pools[kind], &op->random);
	uint32_t foreign = fuzz_pool_pick(&op->other->pools[kind], &op->random);

	if (!fuzz_broken(op))
		return live;
	switch (how) {
	case 0:
		return stale;
	case 1:
		return foreign;
	case 2:
		return number;
	case 3:
		return 1u << number % 32;
	default:
		return 0u - number;
	}
}

int fuzz_fd(struct fuzz_op *op, enum fuzz_fd kind)
{
	uint32_t other = fuzz_below(&op->random, FUZZ_FDS);
	bool wrong = fuzz_broken(op), none = fuzz_chance(&op->random, 4);
	int fd;

	if (wrong && none)
		return -1;
	fd = fuzz_fd_get(wrong ? other : kind, &op->random);
	if (fd >= 0 && op->fd_count < COUNT(op->fds))
		op->fds[op->fd_count++] = fd;
	return fd;
}

static uint64_t edge(struct fuzz_op *op)
{
	uint32_t bit = fuzz_below(&op->random, 64), off = fuzz_below(&op->random, 5);

	return (1ull << bit) + off - 2;
}

/*
 * Buffers that can be had are small: there is memory for all of them at once. Others are larger
 * than any device's.
 */
static uint64_t buffer_size(struct fuzz_op *op)
{
	static const uint64_t sizes[] = {
		1, 4096, 4097, 65536, 65536, 65536, 131072, (2u << 20) - 4096, 2u << 20, 2u << 20,
		(2u << 20) + 4096, 4u << 20,
	};
	static const uint64_t broken[] = {
		0, ~0ull, ~0ull - 4094, 1ull << 63, 1ull << 44, (1ull << 37) + 1,
	};
	uint32_t a = fuzz_below(&op->random, COUNT(sizes));
	uint32_t b = fuzz_below(&op->random, COUNT(broken));

	return fuzz_broken(op) ? broken[b] : sizes[a];
}

static uint64_t range_size(struct fuzz_op *op)
{
	/* Mostly less than there is of a buffer: the ops of a bind are done all or none. */
	static const uint32_t pages[] = {
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 15, 16, 16, 17, 511, 512, 513, 1024,
	};
	uint64_t size = (uint64_t)pages[fuzz_below(&op->random, COUNT(pages))] * FUZZ_PAGE;
	uint64_t other = edge(op);

	return fuzz_broken(op) ? other : size;
}

static uint64_t buffer_offset(struct fuzz_op *op)
{
	static const uint32_t pages[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 16, 512 };
	uint64_t offset = (uint64_t)pages[fuzz_below(&op->random, COUNT(pages))] * FUZZ_PAGE;
	uint64_t other = edge(op);

	return fuzz_broken(op) ? other : offset;
}

uint64_t fuzz_va(struct fuzz_op *op)
{
	uint32_t page = fuzz_below(&op->random, VA_PAGES), align = fuzz_below(&op->random, 3);
	uint64_t other = edge(op);

	/* Large pages need their alignment. */
	if (align == 0)
		page &= ~511u;
	else if (align == 1)
		page &= ~15u;
	return fuzz_broken(op) ? other : VA_START + (uint64_t)page * FUZZ_PAGE;
}

static uint64_t push_va(struct fuzz_op *op)
{
	uint32_t segment = fuzz_below(&op->random, FUZZ_PUSH_SEGMENTS);
	uint64_t other = edge(op);

	return fuzz_broken(op) ? other : FUZZ_PUSH_VA + segment * FUZZ_PUSH_BYTES;
}

static uint64_t push_length(struct fuzz_op *op)
{
	bool odd = fuzz_chance(&op->random, 8);
	uint32_t dwords = 1 + fuzz_below(&op->random, FUZZ_PUSH_BYTES);
	uint64_t other = edge(op);

	if (fuzz_broken(op))
		return other;
	return odd ? dwords * 4 : FUZZ_PUSH_BYTES;
}

uint64_t fuzz_point(struct fuzz_op *op)
{
	uint32_t point = 1 + fuzz_below(&op->random, 50);
	uint64_t other = edge(op);

	return fuzz_broken(op) ? other : point;
}

static uint64_t ring_size(struct fuzz_op *op)
{
	static const uint32_t sizes[] = { 0, 0, 64, 128, 1024 };
	uint32_t size = sizes[fuzz_below(&op->random, COUNT(sizes))];
	uint64_t other = edge(op);

	return fuzz_broken(op) ? other : size;
}

static uint64_t flags(struct fuzz_op *op, uint64_t mask)
{
	uint64_t some = fuzz_next(&op->random) & fuzz_next(&op->random) & mask;
	uint64_t unknown = 1ull << fuzz_below(&op->random, 32);

	return fuzz_broken(op) ? some | unknown : some;
}

/* --- arrays and structures --- */

static void fill_elements(struct fuzz_op *op, const struct fuzz_struct *what, char *at,
			  size_t stride, uint32_t count)
{
	uint64_t room[FUZZ_ARGS / 8];

	for (uint32_t i = 0; i < count; i++) {
		memset(room, 0, sizeof(room));
		fuzz_fill(op, what, room);
		memset(at + i * stride, 0, stride);
		memcpy(at + i * stride, room, stride < what->size ? stride : what->size);
		if (stride > what->size && fuzz_broken(op))
			at[(i + 1) * stride - 1] = 1;
	}
}

static void fill_array(struct fuzz_op *op, const struct fuzz_field *field, void *data)
{
	const struct fuzz_struct *what = field->element;
	struct drm_nova_array array = { .stride = what->size };
	uint32_t how = fuzz_below(&op->random, 8), odd = fuzz_below(&op->random, 4);
	bool longer = fuzz_chance(&op->random, 12), many = fuzz_chance(&op->random, 40);
	char *memory;

	array.count = fuzz_below(&op->random, many ? 80 : field->arg + 1);
	if (longer)
		array.stride += 8;
	if (fuzz_broken(op) && how < 3)
		array.stride = odd ? what->size - 8 + 4 * odd : 0;
	memory = array.stride ? fuzz_alloc(op, (size_t)array.count * array.stride) : op->arena_at;
	if (memory)
		fill_elements(op, what, memory, array.stride, array.stride ? array.count : 0);
	else
		array.count = 0;
	array.ptr = fuzz_pointer(op, memory, (size_t)array.count * array.stride);
	if (fuzz_broken(op) && how >= 3) {
		array.count = how < 6 ? ~0u >> how : array.count + 1;
		/* What is behind the last element is another array, or nothing. */
		op->bad_pointer = true;
	}
	memcpy((char *)data + field->offset, &array, sizeof(array));
}

static uint64_t value(struct fuzz_op *op, const struct fuzz_field *field)
{
	uint64_t any = fuzz_next(&op->random);

	switch (field->type) {
	case FUZZ_HANDLE:
	case FUZZ_TAKE:
		return fuzz_handle(op, field->arg);
	case FUZZ_HANDLE_OR_0:
		return any % 4 ? 0 : fuzz_handle(op, field->arg);
	case FUZZ_FLAGS:
		return flags(op, field->arg);
	case FUZZ_ENUM:
		return fuzz_broken(op) ? any : any % field->arg;
	case FUZZ_ZERO:
		return fuzz_broken(op) ? 1ull << any % (8 * field->size) : 0;
	case FUZZ_IGNORED:
		return any % 2 ? any >> 8 : 0;
	case FUZZ_SIZE:
		return buffer_size(op);
	case FUZZ_RANGE:
		return range_size(op);
	case FUZZ_OFFSET:
		return buffer_offset(op);
	case FUZZ_VA:
		return fuzz_va(op);
	case FUZZ_PUSH:
		return push_va(op);
	case FUZZ_LENGTH:
		return push_length(op);
	case FUZZ_POINT:
		return fuzz_point(op);
	case FUZZ_RING:
		return ring_size(op);
	default:
		/* Out: whoever does not write it is found out. */
		return FUZZ_PATTERN;
	}
}

void fuzz_fill(struct fuzz_op *op, const struct fuzz_struct *what, void *data)
{
	for (uint32_t i = 0; i < what->count; i++) {
		const struct fuzz_field *field = &what->fields[i];

		if (field->type == FUZZ_ARRAY)
			fill_array(op, field, data);
		else if (field->type != FUZZ_SET)
			fuzz_put(data, field, value(op, field));
	}
	if (what->repair)
		what->repair(op, data);
}
