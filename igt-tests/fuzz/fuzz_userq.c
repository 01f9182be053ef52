/* SPDX-License-Identifier: MIT */
/*
 * User-mode queues: their pages are mapped, written to and read, whatever has become of the queue.
 *
 * Nothing that is read decides what is done next: GP_GET is the device's, and would be another one
 * in each run. So entries may be written over before they were fetched, which is the client's loss.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "nova_drm.h"

#include "igt_nova.h"
#include "regs/nv_host.h"

#include "fuzz.h"

/* Pages of a mapping. */
#define DOORBELL	0u
#define USERD		1u
#define RING		2u

#define ENTRIES_MAX	6u
#define ENTRIES_OF_PAGE	(FUZZ_PAGE / NV_GP_ENTRY_SIZE)

static const char faulted[] = "a user-mode queue's mapping cannot be accessed";

/* --- mappings, each used by one thread only --- */

static void forget(struct fuzz_userq_map *map)
{
	if (map->at)
		munmap(map->at, map->pages * FUZZ_PAGE);
	*map = (struct fuzz_userq_map) { 0 };
}

/* Any of the thread's, or NULL. */
static struct fuzz_userq_map *pick(struct fuzz_op *op)
{
	struct fuzz_userq_map *maps = op->thread->memory.userqs;
	uint32_t start = fuzz_below(&op->random, FUZZ_USERQ_MAPS);

	for (uint32_t i = 0; i < FUZZ_USERQ_MAPS; i++)
		if (maps[(start + i) % FUZZ_USERQ_MAPS].at)
			return &maps[(start + i) % FUZZ_USERQ_MAPS];
	return NULL;
}

/* Where a page of the queue is, or NULL if that part is not mapped. */
static char *page_at(const struct fuzz_userq_map *map, uint32_t page)
{
	if (page < map->first || page - map->first >= map->pages)
		return NULL;
	return map->at + (page - map->first) * FUZZ_PAGE;
}

/* A part that cannot be written is left out, as what comes of it is known: the process ends. */
static bool store(const struct fuzz_userq_map *map, uint32_t page, uint32_t offset,
		  const void *value, size_t size)
{
	char *at = page_at(map, page);

	return !at || !(map->prot & PROT_WRITE) || igt_nova_safe_write(at + offset, value, size);
}

const char *fuzz_userq_map(struct fuzz_op *op, const struct fuzz_userq *userq)
{
	static const uint8_t errors[] = { EINVAL, EACCES, EPERM, ENOMEM, 0 };
	struct fuzz_userq_map *map =
		&op->thread->memory.userqs[fuzz_below(&op->random, FUZZ_USERQ_MAPS)];
	uint32_t pages = userq->size / FUZZ_PAGE, first = 0, count = pages;
	uint32_t from = fuzz_below(&op->random, pages), off = fuzz_below(&op->random, 9);
	bool part = fuzz_chance(&op->random, 8);
	int prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED;
	uint64_t offset = userq->offset;
	char *at;

	if (part) {
		first = from;
		count = pages - from;
	}
	/* Beyond its end, or before its beginning; what is there may be another queue's. */
	if (fuzz_broken(op))
		count += 1 + off;
	if (fuzz_broken(op))
		offset += (off - 4ull) * FUZZ_PAGE;
	if (fuzz_broken(op))
		flags = MAP_PRIVATE;
	if (fuzz_broken(op))
		prot |= PROT_EXEC;
	fuzz_note(op, "offset %#llx page %u pages %u prot %d flags %d", (unsigned long long)offset,
		  first, count, prot, flags);
	forget(map);
	at = mmap(NULL, count * FUZZ_PAGE, prot, flags, op->file->fd, offset + first * FUZZ_PAGE);
	if (at == MAP_FAILED)
		return fuzz_judge(op, -errno, errors);
	*map = (struct fuzz_userq_map) {
		.userq = *userq, .at = at, .first = first, .pages = count, .prot = prot,
	};
	if (flags == MAP_PRIVATE || prot & PROT_EXEC)
		return "a user-mode queue was mapped as it must not be";
	return fuzz_judge(op, 0, errors);
}

/* One that this file knows; it may have been destroyed, and its offsets another's. */
const char *fuzz_call_userq_map(struct fuzz_op *op)
{
	bool other = fuzz_broken(op);
	struct fuzz_userq userq = fuzz_userq_pick(other ? op->other : op->file, &op->random);

	op->record->result = -ENOENT;
	return userq.size ? fuzz_userq_map(op, &userq) : NULL;
}

/* --- submission --- */

/* Most name a push of those that clients have. */
static uint64_t entry(struct fuzz_op *op, const struct fuzz_userq *userq)
{
	uint32_t segment = fuzz_below(&op->random, FUZZ_PUSH_SEGMENTS);
	uint64_t va = FUZZ_PUSH_VA + segment * FUZZ_PUSH_BYTES;
	uint64_t any = fuzz_next(&op->random), elsewhere = fuzz_va(op);
	uint32_t how = fuzz_below(&op->random, 5), dwords = FUZZ_PUSH_BYTES / 4;
	uint32_t high = fuzz_chance(&op->random, 4) ? NV_GP_ENTRY1_SYNC : 0;

	if (fuzz_chance(&op->random, 16))
		return (uint64_t)NV_GP_ENTRY1_OPCODE_NOP << 32;
	if (fuzz_broken(op)) {
		switch (how) {
		case 0:
			return any;
		case 1:
			/* Some opcode, of which there are few. */
			return any & 0x000000ffffffffffull;
		case 2:
			va = userq->ring_va;
			break;
		case 3:
			va = elsewhere;
			break;
		default:
			dwords = (any >> 32) & NV_GP_ENTRY_MAX_DWORDS;
			high |= any & NV_GP_ENTRY1_LEVEL;
		}
	}
	high |= NV_PUT(NV_GP_ENTRY1_GET_HI, va >> 32) | NV_PUT(NV_GP_ENTRY1_LENGTH, dwords);
	return (uint64_t)high << 32 | (uint32_t)(va & ~3ull);
}

/* What GP_PUT is set to, where @next would be right. */
static uint32_t put_value(struct fuzz_op *op, const struct fuzz_userq_map *map, uint32_t next)
{
	uint32_t how = fuzz_below(&op->random, 5), any = fuzz_next(&op->random);

	if (!fuzz_broken(op))
		return next;
	switch (how) {
	case 0:
		return map->userq.ring_size;
	case 1:
		/* Behind what was there: once round. */
		return (map->put - 1) & (map->userq.ring_size - 1);
	case 2:
		return map->userq.ring_size + next;
	case 3:
		return any & (map->userq.ring_size - 1);
	default:
		return any;
	}
}

/* What the doorbell is rung with. */
static uint32_t token(struct fuzz_op *op, const struct fuzz_userq_map *map)
{
	uint32_t how = fuzz_below(&op->random, 4), any = fuzz_next(&op->random);
	struct fuzz_userq own = fuzz_userq_pick(op->file, &op->random);
	struct fuzz_userq foreign = fuzz_userq_pick(op->other, &op->random);

	if (!fuzz_broken(op))
		return map->userq.token;
	switch (how) {
	case 0:
		return own.token;
	case 1:
		return foreign.token;
	case 2:
		/* Near those there are: channels of EXEC's queues and of the kernel. */
		return map->userq.token ^ (any & 0x1003f);
	default:
		return any;
	}
}

/* Entries, GP_PUT, the doorbell. */
const char *fuzz_call_userq_submit(struct fuzz_op *op)
{
	uint32_t count = fuzz_below(&op->random, ENTRIES_MAX), put, ring;
	struct fuzz_userq_map *map = pick(op);
	bool fine = true;

	op->record->result = -ENOENT;
	if (!map)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t value = entry(op, &map->userq);

		fine &= store(map, RING + map->put / ENTRIES_OF_PAGE,
			      map->put % ENTRIES_OF_PAGE * NV_GP_ENTRY_SIZE, &value, sizeof(value));
		map->put = (map->put + 1) & (map->userq.ring_size - 1);
	}
	put = put_value(op, map, map->put);
	ring = token(op, map);
	fuzz_note(op, "entries %u put %#x of %u token %#x", count, put, map->userq.ring_size, ring);
	__sync_synchronize();
	fine &= store(map, USERD, DRM_NOVA_USERQ_GP_PUT, &put, sizeof(put));
	__sync_synchronize();
	fine &= store(map, DOORBELL, DRM_NOVA_USERQ_DOORBELL, &ring, sizeof(ring));
	op->record->result = 0;
	return fine ? NULL : faulted;
}

/* Words anywhere in it, of both sizes. */
const char *fuzz_call_userq_touch(struct fuzz_op *op)
{
	struct fuzz_userq_map *map = pick(op);
	bool fine = true;

	op->record->result = -ENOENT;
	for (unsigned int i = 0; map && fine && i < 8; i++) {
		uint32_t front = fuzz_below(&op->random, 4);
		uint32_t back = fuzz_below(&op->random, map->pages);
		/* Above all the pages that are not the ring, and its beginning. */
		uint32_t page = map->first + (front < 3 && front < map->pages ? front : back);
		uint32_t word = fuzz_below(&op->random, FUZZ_PAGE / 8) * 8;
		bool write = fuzz_chance(&op->random, 3);
		uint64_t value = fuzz_next(&op->random), was;
		size_t size = fuzz_chance(&op->random, 2) ? 8 : 4;

		/* The one register there is, and both indices. */
		if (fuzz_chance(&op->random, 2))
			word = page == DOORBELL ? DRM_NOVA_USERQ_DOORBELL : DRM_NOVA_USERQ_GP_GET;
		/* Small ones may mean something. */
		if (fuzz_chance(&op->random, 2))
			value &= 0x000000ff000000ff;
		fuzz_note(op, "%s %zu at %u of page %u", write ? "write" : "read", size, word,
			  page);
		if (write)
			fine = store(map, page, word, &value, size);
		else
			fine = igt_nova_safe_read(page_at(map, page) + word, &was, size);
	}
	if (map)
		op->record->result = 0;
	return fine ? NULL : faulted;
}

/* --- mappings that change --- */

/* Cut at @at pages: the beginning stays, or the end. */
static void cut(struct fuzz_userq_map *map, uint32_t at, bool end)
{
	munmap(map->at + (end ? 0 : at * FUZZ_PAGE), (end ? at : map->pages - at) * FUZZ_PAGE);
	if (end) {
		map->at += at * FUZZ_PAGE;
		map->first += at;
		map->pages -= at;
	} else {
		map->pages = at;
	}
}

/* To addresses that are nobody else's. */
static const char *move(struct fuzz_userq_map *map)
{
	size_t size = map->pages * FUZZ_PAGE;
	char *to = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (to == MAP_FAILED)
		return NULL;
	if (mremap(map->at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		return "a user-mode queue's mapping cannot be moved";
	map->at = to;
	return NULL;
}

/* It can be made read-only and writable again, and nothing else. */
static const char *protect(struct fuzz_userq_map *map, bool write)
{
	size_t size = map->pages * FUZZ_PAGE;
	int prot = write ? PROT_READ | PROT_WRITE : PROT_READ;

	if (!mprotect(map->at, size, prot | PROT_EXEC) || errno != EACCES)
		return "a user-mode queue's mapping becomes code";
	if (mprotect(map->at, size, prot))
		return "a user-mode queue's mapping cannot be protected";
	map->prot = prot;
	return NULL;
}

const char *fuzz_call_userq_unmap(struct fuzz_op *op)
{
	struct fuzz_userq_map *map = pick(op);
	uint32_t how = fuzz_below(&op->random, 8), at;
	bool write = !fuzz_chance(&op->random, 4);

	op->record->result = -ENOENT;
	if (!map)
		return NULL;
	op->record->result = 0;
	at = fuzz_below(&op->random, map->pages);
	fuzz_note(op, "%u page %u pages %u", how, at, map->pages);
	switch (how) {
	case 0:
	case 1:
		if (!at)
			break;
		cut(map, at, how);
		return NULL;
	case 2:
	case 3:
		return move(map);
	case 4:
		return protect(map, write);
	case 5:
		/* Not for pages of a device. */
		return madvise(map->at, map->pages * FUZZ_PAGE, MADV_DONTNEED) && errno == EINVAL ?
		       NULL : "a user-mode queue's pages can be dropped";
	}
	forget(map);
	return NULL;
}

void fuzz_userqs_fini(struct fuzz_memory *memory)
{
	for (size_t i = 0; i < FUZZ_USERQ_MAPS; i++)
		forget(&memory->userqs[i]);
}
