// SPDX-License-Identifier: MIT
/* Push buffers that grow: chunks of an allocator or a heap, and the ranges they make. */
#include <errno.h>
#include <stdlib.h>

#include "heap.h"
#include "push.h"
#include "regs/nv_host.h"

#define CHUNK_SIZE_DEFAULT	(16u << 10)
#define CHUNK_SIZE_MAX		(4u << 20)	/* a larger one comes for a larger command only */
#define CHUNK_GROWTH_MAX	(1u << 20)
#define SIZE_MAX_BYTES		(1u << 31)	/* of all commands together: sizes have 32 bits */

/**
 * struct push_chunk - a chunk and what is in it
 * @chunk: the allocator's
 * @count: words written; of the one that is being written, struct nova_push knows better
 */
struct push_chunk {
	struct nova_push_chunk chunk;
	uint32_t count;
};

/**
 * struct push_chunks - the chunks of a push
 * @allocator: where they come from
 * @heap: referenced; NULL: the client's own allocator
 * @list: the chunks
 * @ranges: room for a range of each
 * @room: elements of both arrays
 * @count: chunks there are
 * @current: the one that is being written; @count: none yet
 * @before: words in those before @current
 * @bytes: all chunks' sizes together
 */
struct push_chunks {
	struct nova_push_allocator allocator;
	struct nova_heap *heap;
	struct push_chunk *list;
	struct nova_push_range *ranges;
	uint32_t room;
	uint32_t count;
	uint32_t current;
	uint32_t before;
	uint64_t bytes;
};

/* --- chunks ---------------------------------------------------------------- */

static uint32_t words_of(const struct push_chunk *chunk)
{
	uint32_t words = chunk->chunk.size / (uint32_t)sizeof(uint32_t);

	return words < NV_GP_ENTRY_MAX_DWORDS ? words : NV_GP_ENTRY_MAX_DWORDS;
}

static void write_to(struct nova_push *push, uint32_t index)
{
	struct push_chunks *chunks = push->chunks;

	chunks->current = index;
	push->count = 0;
	push->words = index < chunks->count ? chunks->list[index].chunk.words : NULL;
	push->room = index < chunks->count ? words_of(&chunks->list[index]) : 0;
}

static int make_room(struct push_chunks *chunks)
{
	uint32_t room = chunks->room ? chunks->room * 2 : 8;
	struct nova_push_range *ranges;
	struct push_chunk *list;

	if (chunks->count < chunks->room)
		return 0;
	list = realloc(chunks->list, room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	chunks->list = list;
	ranges = realloc(chunks->ranges, room * sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	chunks->ranges = ranges;
	chunks->room = room;
	return 0;
}

static int add_chunk(struct push_chunks *chunks, uint32_t words)
{
	const struct nova_push_allocator *allocator = &chunks->allocator;
	struct push_chunk chunk = { 0 };
	uint32_t size = words * (uint32_t)sizeof(uint32_t), growth;
	int ret = make_room(chunks);

	if (ret)
		return ret;
	growth = chunks->bytes < CHUNK_GROWTH_MAX ? (uint32_t)chunks->bytes : CHUNK_GROWTH_MAX;
	if (growth < allocator->chunk_size)
		growth = allocator->chunk_size;
	if (size < growth)
		size = growth;
	ret = allocator->alloc(allocator->data, size, &chunk.chunk);
	if (ret)
		return ret < 0 ? ret : -EINVAL;
	if (chunk.chunk.size < size || !chunk.chunk.words ||
	    (uintptr_t)chunk.chunk.words % sizeof(uint32_t) || chunk.chunk.va % sizeof(uint32_t)) {
		allocator->free(allocator->data, &chunk.chunk, NULL, 0);
		return -EINVAL;
	}
	chunks->list[chunks->count++] = chunk;
	chunks->bytes += chunk.chunk.size;
	return 0;
}

/* Goes on in the next chunk with room for @words. After a reset there are some already; a small one is left empty. */
int push_chunks_grow(struct nova_push *push, uint32_t words)
{
	struct push_chunks *chunks = push->chunks;
	uint32_t next = chunks->current;
	int ret = 0;

	if (words > SIZE_MAX_BYTES / sizeof(uint32_t) - chunks->before - push->count) {
		push->status = -ENOSPC;
		return push->status;
	}
	if (next < chunks->count)
		chunks->list[next++].count = push->count;
	while (next < chunks->count && words_of(&chunks->list[next]) < words)
		chunks->list[next++].count = 0;
	if (next == chunks->count)
		ret = add_chunk(chunks, words);
	if (!ret && words_of(&chunks->list[next]) < words)
		ret = -ENOSPC;
	if (ret) {
		push->status = ret;
		return ret;
	}
	chunks->before += push->count;
	write_to(push, next);
	return 0;
}

void push_chunks_reset(struct nova_push *push)
{
	push->chunks->before = 0;
	write_to(push, 0);
}

uint32_t push_chunks_size(const struct nova_push *push)
{
	return (push->chunks->before + push->count) * (uint32_t)sizeof(uint32_t);
}

/* Frees from the last; stops where one cannot be. */
static int free_chunks(struct push_chunks *chunks, struct nova_sync *sync, uint64_t point)
{
	const struct nova_push_allocator *allocator = &chunks->allocator;
	const struct nova_push_chunk *chunk;
	int ret;

	while (chunks->count) {
		chunk = &chunks->list[chunks->count - 1].chunk;
		ret = allocator->free(allocator->data, chunk, sync, point);
		if (ret && sync)
			return ret < 0 ? ret : -EINVAL;
		chunks->bytes -= chunk->size;
		chunks->count--;
	}
	return 0;
}

void push_chunks_destroy(struct nova_push *push)
{
	struct push_chunks *chunks = push->chunks;

	free_chunks(chunks, NULL, 0);
	nova_heap_destroy(chunks->heap);
	free(chunks->ranges);
	free(chunks->list);
	free(chunks);
}

/* --- the calls ------------------------------------------------------------- */

NOVA_API int nova_push_create_growing(const struct nova_push_allocator *allocator,
				      struct nova_push **out)
{
	struct nova_push *push;

	if (!allocator || !out || !allocator->alloc || !allocator->free ||
	    allocator->chunk_size > CHUNK_SIZE_MAX || allocator->reserved)
		return -EINVAL;
	push = calloc(1, sizeof(*push));
	if (!push)
		return -ENOMEM;
	push->chunks = calloc(1, sizeof(*push->chunks));
	if (!push->chunks) {
		free(push);
		return -ENOMEM;
	}
	push->chunks->allocator = *allocator;
	if (!allocator->chunk_size)
		push->chunks->allocator.chunk_size = CHUNK_SIZE_DEFAULT;
	*out = push;
	return 0;
}

static int alloc_in_heap(void *data, uint32_t size, struct nova_push_chunk *chunk)
{
	const struct nova_heap_piece *piece;
	int ret = nova_heap_alloc(data, size, 0, &piece);

	if (ret)
		return ret;
	*chunk = (struct nova_push_chunk) {
		.words = piece->cpu,
		.va = piece->va,
		.size = (uint32_t)piece->size,
		.cookie = (void *)(uintptr_t)piece,
	};
	return 0;
}

static int free_in_heap(void *data, const struct nova_push_chunk *chunk, struct nova_sync *sync,
			uint64_t point)
{
	if (sync)
		return nova_heap_free_after(data, chunk->cookie, sync, point);
	nova_heap_free(data, chunk->cookie);
	return 0;
}

NOVA_API int nova_push_create_in_heap(struct nova_heap *heap, uint32_t chunk_size,
				      struct nova_push **push)
{
	struct nova_push_allocator allocator = {
		.alloc = alloc_in_heap,
		.free = free_in_heap,
		.data = heap,
		.chunk_size = chunk_size,
	};
	int ret;

	if (!heap || !nova_heap_has_map(heap))
		return -EINVAL;
	ret = nova_push_create_growing(&allocator, push);
	if (!ret)
		(*push)->chunks->heap = nova_heap_get(heap);
	return ret;
}

NOVA_API int nova_push_get_ranges(struct nova_push *push, const struct nova_push_range **ranges,
				  uint32_t *count)
{
	struct push_chunks *chunks;
	uint32_t found = 0;

	if (!push || !push->chunks || !ranges || !count)
		return -EINVAL;
	if (push->status)
		return push->status;
	chunks = push->chunks;
	if (chunks->current < chunks->count)
		chunks->list[chunks->current].count = push->count;
	for (uint32_t i = 0; i < chunks->count && i <= chunks->current; i++) {
		if (!chunks->list[i].count)
			continue;
		chunks->ranges[found++] = (struct nova_push_range) {
			.va = chunks->list[i].chunk.va,
			.length = chunks->list[i].count * (uint32_t)sizeof(uint32_t),
		};
	}
	*ranges = chunks->ranges;
	*count = found;
	return 0;
}

NOVA_API int nova_push_retire(struct nova_push *push, struct nova_sync *sync, uint64_t point)
{
	int ret;

	if (!push || !push->chunks || !sync || !point)
		return -EINVAL;
	ret = free_chunks(push->chunks, sync, point);
	push_chunks_reset(push);
	push->status = ret;
	return ret;
}
