/* SPDX-License-Identifier: MIT */
#ifndef NOVA_HEAP_H
#define NOVA_HEAP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Heaps: small pieces of large buffers. See nova.h. */

struct nova_bo;
struct nova_heap;
struct nova_sync;
struct nova_vm;

#define NOVA_HEAP_NO_MMAP	(1u << 0)	/* the CPU never maps the pieces */
#define NOVA_HEAP_EXPORTABLE	(1u << 1)	/* buffers may be exported, and mapped in other address spaces */

/**
 * struct nova_heap_desc - a heap to be made
 * @buffer_size: bytes of each buffer, rounded up to 64 KiB, at most 1 GiB; 0: 2 MiB
 * @size_max: bytes of all buffers together at most; 0: as many as the device gives
 * @placement: NOVA_PLACEMENT_* mask; 0: any, video memory first
 * @caching: NOVA_CACHING_*
 * @flags: NOVA_HEAP_*
 * @vm_flags: NOVA_VM_READONLY: GPU writes to the pieces fault
 */
struct nova_heap_desc {
	uint64_t buffer_size;
	uint64_t size_max;
	uint32_t placement;
	uint32_t caching;
	uint32_t flags;
	uint32_t vm_flags;
};

/**
 * nova_heap_create() - make a heap in an address space
 * @vm: address space all its buffers are mapped in
 * @desc: what to make
 * @heap: out; nova_heap_destroy() it
 *
 * Makes no buffer yet.
 */
int nova_heap_create(struct nova_vm *vm, const struct nova_heap_desc *desc,
		     struct nova_heap **heap);

/**
 * nova_heap_destroy() - free a heap with all its pieces
 * @heap: the heap, or NULL
 *
 * Waits for nothing: a job that still uses a piece faults. Wait for the jobs first, or destroy the
 * address space first: its queues keep its mappings. A nova_push in the heap keeps it until the push is destroyed.
 */
void nova_heap_destroy(struct nova_heap *heap);

/**
 * struct nova_heap_piece - a piece of memory
 * @bo: the buffer it is in; the heap's, do not destroy
 * @offset: of the piece in @bo
 * @va: GPU address
 * @size: bytes, at least what was asked for
 * @cpu: where the CPU sees it; NULL with NOVA_HEAP_NO_MMAP
 */
struct nova_heap_piece {
	struct nova_bo *bo;
	uint64_t offset;
	uint64_t va;
	uint64_t size;
	void *cpu;
};

/**
 * nova_heap_alloc() - take a piece
 * @heap: the heap
 * @size: bytes, not 0
 * @align: power of two up to 64 KiB, of the address and of the offset; 0: 64
 * @piece: out, constant until it is freed; nova_heap_free() it, or nova_heap_free_after()
 *
 * The content is undefined. At most 63 bytes are added to @size, or what is left of the last page
 * to a piece of more than half a buffer, which gets a buffer of its own. New buffers are made when no free
 * piece fits. Takes back what nova_heap_free_after() freed before that, but never waits.
 *
 * Returns 0; -ENOSPC when size_max or the device's memory is exhausted: pieces freed behind a
 * point may come back, so wait for it and try again; -EINVAL, also when the address space
 * was destroyed; -ENOMEM; -ENODEV.
 */
int nova_heap_alloc(struct nova_heap *heap, uint64_t size, uint64_t align,
		    const struct nova_heap_piece **piece);

/**
 * nova_heap_free() - give a piece back now
 * @heap: the heap
 * @piece: the piece, or NULL; no job uses it any more
 *
 * A buffer without pieces is freed, but for one.
 */
void nova_heap_free(struct nova_heap *heap, const struct nova_heap_piece *piece);

/**
 * nova_heap_free_after() - give a piece back, to be reused when a timeline point has passed
 * @heap: the heap
 * @piece: the piece; must not be used by the caller any more
 * @sync: timeline that the last job with the piece signals, of the heap's device; may be destroyed afterwards
 * @point: timeline point, not 0
 *
 * Also passed are all points of a device that is gone. A point that nobody ever signals keeps its piece until
 * the heap is destroyed. Returns 0; -EINVAL; -ENOMEM. On an error the piece is still the caller's.
 */
int nova_heap_free_after(struct nova_heap *heap, const struct nova_heap_piece *piece,
			 struct nova_sync *sync, uint64_t point);

/**
 * nova_heap_trim() - free what is not in use
 * @heap: the heap
 *
 * Takes back the pieces whose points have passed and frees all buffers without pieces.
 */
void nova_heap_trim(struct nova_heap *heap);

/**
 * struct nova_heap_stats - what a heap holds
 * @size: bytes of all buffers
 * @used: bytes of pieces taken, with what was added to them
 * @pending: bytes of pieces freed behind points and not yet taken back
 * @buffers: number of buffers
 * @reserved: 0
 */
struct nova_heap_stats {
	uint64_t size;
	uint64_t used;
	uint64_t pending;
	uint32_t buffers;
	uint32_t reserved;
};

/** nova_heap_get_stats() - how much a heap holds; asks the kernel nothing */
void nova_heap_get_stats(struct nova_heap *heap, struct nova_heap_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_HEAP_H */
