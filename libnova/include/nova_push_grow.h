/* SPDX-License-Identifier: MIT */
#ifndef NOVA_PUSH_GROW_H
#define NOVA_PUSH_GROW_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Push buffers that grow in GPU memory. See nova.h. */

struct nova_heap;
struct nova_push;
struct nova_push_range;
struct nova_sync;

/**
 * struct nova_push_chunk - memory for commands
 * @words: where the CPU writes, aligned to 4
 * @va: where the GPU reads, multiple of 4
 * @size: bytes
 * @reserved: 0
 * @cookie: the allocator's, for anything
 */
struct nova_push_chunk {
	void *words;
	uint64_t va;
	uint32_t size;
	uint32_t reserved;
	void *cookie;
};

/**
 * struct nova_push_allocator - where the chunks come from
 * @alloc: fills in a chunk of at least @size bytes; returns 0 or a negative errno, which sticks to the push
 * @free: takes a chunk back: now when @sync is NULL, else when its point has passed. Returns 0, or
 *        a negative errno and the chunk stays the push's; must not fail without @sync.
 * @data: handed to both
 * @chunk_size: bytes of the first chunk, at most 4 MiB; 0: 16 KiB
 * @reserved: 0
 */
struct nova_push_allocator {
	int (*alloc)(void *data, uint32_t size, struct nova_push_chunk *chunk);
	int (*free)(void *data, const struct nova_push_chunk *chunk, struct nova_sync *sync, uint64_t point);
	void *data;
	uint32_t chunk_size;
	uint32_t reserved;
};

/**
 * nova_push_create_growing() - start a push buffer that grows chunk by chunk
 * @allocator: where the chunks come from; copied
 * @push: out; nova_push_destroy() it
 *
 * It takes the same commands as each push, and the first error sticks. A chunk that is full is
 * followed by one as large as all before, between chunk_size and 1 MiB, or larger for a
 * command that needs it; no command is in two. Chunks are taken when they are needed.
 * nova_push_destroy() frees them now, nova_push_reset() keeps them to be written again: use
 * these when no job reads them any more, or nova_push_retire().
 */
int nova_push_create_growing(const struct nova_push_allocator *allocator, struct nova_push **push);

/**
 * nova_push_create_in_heap() - start a push buffer that grows in a heap
 * @heap: the heap, not NOVA_HEAP_NO_MMAP; it stays until the push is destroyed
 * @chunk_size: as in struct nova_push_allocator
 * @push: out; nova_push_destroy() it
 *
 * As nova_push_create_growing(), with pieces of the heap for chunks. One heap may serve many pushes
 * of many threads.
 */
int nova_push_create_in_heap(struct nova_heap *heap, uint32_t chunk_size, struct nova_push **push);

/**
 * nova_push_get_ranges() - what to submit
 * @push: a push buffer that grows
 * @ranges: out, for struct nova_job; valid until the next call with this push
 * @count: out, number of ranges; 0 when there is no command
 *
 * Returns 0; the error that stuck; -EINVAL when the push is not one that grows; -ENOMEM.
 */
int nova_push_get_ranges(struct nova_push *push, const struct nova_push_range **ranges,
			 uint32_t *count);

/**
 * nova_push_retire() - give the chunks up behind a point and start over
 * @push: a push buffer that grows
 * @sync: timeline that the last job with these ranges signals
 * @point: timeline point, not 0
 *
 * The push is empty and without error then, and can be filled at once. Returns 0; -EINVAL; an error of
 * the allocator: it sticks, and the push keeps the chunks that were not taken. Retire it again, or wait for the
 * job and reset it.
 */
int nova_push_retire(struct nova_push *push, struct nova_sync *sync, uint64_t point);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_PUSH_GROW_H */
