// SPDX-License-Identifier: MIT
/* Heaps: the buffers, what waits for a point, and the calls. */
#include <errno.h>
#include <stdlib.h>

#include "heap.h"

#define BUFFER_SIZE_DEFAULT	(2ull << 20)
#define BUFFER_SIZE_MAX		(1ull << 30)
#define HUGE_PAGE_SIZE		(2ull << 20)

/**
 * struct heap_waiter - a timeline and the pieces freed behind its points
 * @sync: the timeline, referenced
 * @first: pending segments, lowest point first; never empty
 * @last: the one with the highest point
 * @next: in the heap's list
 */
struct heap_waiter {
	struct nova_sync *sync;
	struct heap_segment *first;
	struct heap_segment *last;
	struct heap_waiter *next;
};

/**
 * struct nova_heap - a heap
 * @vm: its address space, referenced
 * @desc: what the client asked for, without zeros that mean a default
 * @refs: the client's reference and one per push
 * @lock: guards all below, and is held while buffers are made and freed
 * @classes: free pieces
 * @buffers: all buffers
 * @empty: one without pieces, kept for the next; NULL: none
 * @waiters: timelines that pieces wait for
 * @stats: sizes
 */
struct nova_heap {
	struct nova_vm *vm;
	struct nova_heap_desc desc;
	atomic_uint refs;
	pthread_mutex_t lock;
	struct heap_classes classes;
	struct heap_buffer *buffers;
	struct heap_buffer *empty;
	struct heap_waiter *waiters;
	struct nova_heap_stats stats;
};

static struct heap_segment *to_segment(const struct nova_heap_piece *piece)
{
	/* The piece is the segment's first member; constant for the client, not for the heap. */
	return (struct heap_segment *)(uintptr_t)piece;
}

/* --- buffers --------------------------------------------------------------- */

static int map_buffer(struct nova_heap *heap, struct heap_buffer *buffer)
{
	struct nova_vm_op op = {
		.op = NOVA_VM_OP_MAP,
		.flags = heap->desc.vm_flags,
		.bo = buffer->bo,
		.size = buffer->size,
	};
	uint64_t align = buffer->size < HUGE_PAGE_SIZE ? HEAP_ALIGN_MAX : HUGE_PAGE_SIZE;
	int ret = nova_vm_alloc_va(heap->vm, buffer->size, align, &op.va);

	if (ret)
		return ret;
	ret = nova_vm_bind(heap->vm, &op, 1);
	if (ret) {
		nova_vm_free_va(heap->vm, op.va);
		return ret;
	}
	buffer->va = op.va;
	return 0;
}

static int init_buffer(struct nova_heap *heap, struct heap_buffer *buffer)
{
	struct nova_bo_desc desc = {
		.size = buffer->size,
		.placement = heap->desc.placement,
		.caching = heap->desc.caching,
		.flags = heap->desc.flags & NOVA_HEAP_NO_MMAP ? NOVA_BO_NO_MMAP : 0,
		.vm = heap->desc.flags & NOVA_HEAP_EXPORTABLE ? NULL : heap->vm,
	};
	void *cpu = NULL;
	int ret;

	ret = nova_bo_create(heap->vm->dev, &desc, &buffer->bo);
	if (ret)
		return ret;
	if (!(heap->desc.flags & NOVA_HEAP_NO_MMAP))
		ret = nova_bo_map(buffer->bo, &cpu);
	buffer->cpu = cpu;
	if (!ret)
		ret = heap_segments_init(buffer);
	if (!ret)
		ret = map_buffer(heap, buffer);
	if (ret) {
		heap_segments_fini(buffer);
		nova_bo_destroy(buffer->bo);
	}
	return ret;
}

/* The new buffer's only segment is in no list. */
static int create_buffer_locked(struct nova_heap *heap, uint64_t size, struct heap_buffer **out)
{
	struct heap_buffer *buffer;
	int ret;

	if (!nova_vm_is_alive(heap->vm))
		return -EINVAL;
	if (heap->desc.size_max - heap->stats.size < size)
		return -ENOSPC;
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer)
		return -ENOMEM;
	buffer->size = size;
	ret = init_buffer(heap, buffer);
	if (ret) {
		free(buffer);
		return ret;
	}
	buffer->next = heap->buffers;
	if (buffer->next)
		buffer->next->prev = buffer;
	heap->buffers = buffer;
	heap->stats.size += size;
	heap->stats.buffers++;
	*out = buffer;
	return 0;
}

/* Forgets a buffer whatever is in it. If it is still mapped the kernel keeps it as long as the address space. */
static void free_buffer_locked(struct nova_heap *heap, struct heap_buffer *buffer)
{
	if (buffer->prev)
		buffer->prev->next = buffer->next;
	else
		heap->buffers = buffer->next;
	if (buffer->next)
		buffer->next->prev = buffer->prev;
	heap->stats.size -= buffer->size;
	heap->stats.buffers--;
	heap_segments_fini(buffer);
	nova_bo_destroy(buffer->bo);
	free(buffer);
}

/* Unmaps and frees a buffer, unless it cannot be unmapped now. */
static bool destroy_buffer_locked(struct nova_heap *heap, struct heap_buffer *buffer)
{
	int ret = nova_vm_is_alive(heap->vm) ? nova_vm_unmap(heap->vm, buffer->va) : 0;

	if (ret && ret != -ENODEV)
		return false;
	free_buffer_locked(heap, buffer);
	return true;
}

static bool is_whole(const struct heap_segment *segment)
{
	return !segment->prev && !segment->next;
}

/* Makes a segment in no list free. Of the buffers without pieces one is kept, of the usual size. */
static void release_locked(struct nova_heap *heap, struct heap_segment *segment)
{
	struct heap_buffer *buffer = segment->buffer;

	segment = heap_merge(&heap->classes, segment);
	if (is_whole(segment)) {
		if ((heap->empty || buffer->size != heap->desc.buffer_size) &&
		    destroy_buffer_locked(heap, buffer))
			return;
		heap->empty = buffer;
	}
	heap_insert(&heap->classes, segment);
}

/* Frees each buffer that has no piece; the kept one, and those that could not be freed before. */
static void destroy_empty_locked(struct nova_heap *heap)
{
	struct heap_buffer *buffer, *next;

	heap->empty = NULL;
	for (buffer = heap->buffers; buffer; buffer = next) {
		next = buffer->next;
		if (!is_whole(buffer->first) || buffer->first->state != HEAP_FREE)
			continue;
		heap_remove(&heap->classes, buffer->first);
		if (!destroy_buffer_locked(heap, buffer)) {
			heap_insert(&heap->classes, buffer->first);
			heap->empty = buffer;
		}
	}
}

/* --- pieces that wait ------------------------------------------------------ */

static struct heap_waiter *find_waiter_locked(struct nova_heap *heap, struct nova_sync *sync)
{
	struct heap_waiter *waiter = heap->waiters;

	while (waiter && waiter->sync != sync)
		waiter = waiter->next;
	if (waiter)
		return waiter;
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter)
		return NULL;
	waiter->sync = nova_sync_get(sync);
	waiter->next = heap->waiters;
	heap->waiters = waiter;
	return waiter;
}

/* Points mostly come in order, so the search is from the end: it is short for the usual client. */
static void add_pending(struct heap_waiter *waiter, struct heap_segment *segment, uint64_t point)
{
	struct heap_segment *below = waiter->last;

	while (below && below->point > point)
		below = below->list_prev;
	segment->point = point;
	segment->state = HEAP_PENDING;
	segment->list_prev = below;
	segment->list_next = below ? below->list_next : waiter->first;
	if (segment->list_next)
		segment->list_next->list_prev = segment;
	else
		waiter->last = segment;
	if (below)
		below->list_next = segment;
	else
		waiter->first = segment;
}

static void release_passed_locked(struct nova_heap *heap, struct heap_waiter *waiter,
				  uint64_t passed)
{
	struct heap_segment *segment;

	while (waiter->first && waiter->first->point <= passed) {
		segment = waiter->first;
		waiter->first = segment->list_next;
		if (waiter->first)
			waiter->first->list_prev = NULL;
		else
			waiter->last = NULL;
		heap->stats.pending -= segment->piece.size;
		release_locked(heap, segment);
	}
}

static void destroy_waiter(struct heap_waiter *waiter)
{
	nova_sync_put(waiter->sync);
	free(waiter);
}

/* Takes back what has passed. A timeline that cannot be asked keeps its pieces for later. */
static void reclaim_locked(struct nova_heap *heap)
{
	struct heap_waiter **link = &heap->waiters, *waiter;
	uint64_t passed;
	int ret;

	while ((waiter = *link)) {
		passed = 0;
		ret = nova_sync_query(waiter->sync, &passed);
		if (ret == -ENODEV)	/* nothing runs any more */
			passed = UINT64_MAX;
		release_passed_locked(heap, waiter, passed);
		if (waiter->first) {
			link = &waiter->next;
			continue;
		}
		*link = waiter->next;
		destroy_waiter(waiter);
	}
}

/* --- the calls ------------------------------------------------------------- */

NOVA_API int nova_heap_create(struct nova_vm *vm, const struct nova_heap_desc *desc,
			      struct nova_heap **out)
{
	struct nova_heap *heap;
	uint64_t size;

	if (!vm || !desc || !out || desc->buffer_size > BUFFER_SIZE_MAX ||
	    (desc->flags & ~(NOVA_HEAP_NO_MMAP | NOVA_HEAP_EXPORTABLE)) ||
	    (desc->vm_flags & ~NOVA_VM_READONLY))
		return -EINVAL;
	heap = calloc(1, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	size = desc->buffer_size ? desc->buffer_size : BUFFER_SIZE_DEFAULT;
	heap->desc = *desc;
	heap->desc.buffer_size = (size + HEAP_ALIGN_MAX - 1) & ~(uint64_t)(HEAP_ALIGN_MAX - 1);
	if (!desc->size_max)
		heap->desc.size_max = UINT64_MAX;
	heap->vm = nova_vm_get(vm);
	atomic_init(&heap->refs, 1);
	pthread_mutex_init(&heap->lock, NULL);
	*out = heap;
	return 0;
}

struct nova_heap *nova_heap_get(struct nova_heap *heap)
{
	atomic_fetch_add_explicit(&heap->refs, 1, memory_order_relaxed);
	return heap;
}

bool nova_heap_has_map(const struct nova_heap *heap)
{
	return !(heap->desc.flags & NOVA_HEAP_NO_MMAP);
}

NOVA_API void nova_heap_destroy(struct nova_heap *heap)
{
	struct heap_waiter *waiter;
	struct heap_buffer *buffer, *next;

	if (!heap || atomic_fetch_sub_explicit(&heap->refs, 1, memory_order_acq_rel) != 1)
		return;
	while ((waiter = heap->waiters)) {
		heap->waiters = waiter->next;
		destroy_waiter(waiter);
	}
	for (buffer = heap->buffers; buffer; buffer = next) {
		next = buffer->next;
		if (!destroy_buffer_locked(heap, buffer))
			free_buffer_locked(heap, buffer);
	}
	nova_vm_put(heap->vm);
	pthread_mutex_destroy(&heap->lock);
	free(heap);
}

/* A piece of more than half a buffer has one of its own. */
static int alloc_alone_locked(struct nova_heap *heap, uint64_t size, struct heap_segment **segment)
{
	struct heap_buffer *buffer;
	int ret;

	size = (size + NOVA_PAGE_SIZE - 1) & ~(uint64_t)(NOVA_PAGE_SIZE - 1);
	ret = create_buffer_locked(heap, size, &buffer);
	if (ret)
		return ret;
	buffer->first->state = HEAP_TAKEN;
	*segment = buffer->first;
	return 0;
}

static int alloc_shared_locked(struct nova_heap *heap, uint64_t size, uint64_t align,
			       struct heap_segment **segment)
{
	struct heap_segment *found = heap_find(&heap->classes, size, align);
	struct heap_buffer *buffer;
	int ret;

	if (!found && heap->waiters) {
		reclaim_locked(heap);
		found = heap_find(&heap->classes, size, align);
	}
	if (!found) {
		ret = create_buffer_locked(heap, heap->desc.buffer_size, &buffer);
		if (ret)
			return ret;
		found = buffer->first;
		heap_insert(&heap->classes, found);
		/* Nothing else is empty, or it would have been found. */
		heap->empty = buffer;
	}
	buffer = found->buffer;
	*segment = found;
	ret = heap_take(&heap->classes, segment, size, align);
	if (!ret && heap->empty == buffer)
		heap->empty = NULL;
	return ret;
}

static int alloc_locked(struct nova_heap *heap, uint64_t size, uint64_t align,
			struct heap_segment **segment)
{
	if (size > heap->desc.buffer_size / 2)
		return alloc_alone_locked(heap, size, segment);
	return alloc_shared_locked(heap, size, align, segment);
}

NOVA_API int nova_heap_alloc(struct nova_heap *heap, uint64_t size, uint64_t align,
			     const struct nova_heap_piece **piece)
{
	struct heap_segment *segment = NULL;
	int ret;

	if (!heap || !piece || !size || align > HEAP_ALIGN_MAX || (align & (align - 1)))
		return -EINVAL;
	if (size > HEAP_SIZE_MAX)
		return -ENOSPC;
	if (align < HEAP_GRANULE)
		align = HEAP_GRANULE;
	size = (size + HEAP_GRANULE - 1) & ~(uint64_t)(HEAP_GRANULE - 1);
	pthread_mutex_lock(&heap->lock);
	ret = alloc_locked(heap, size, align, &segment);
	if (ret == -ENOSPC || ret == -ENOMEM) {
		/* What is not in use may be just what is missing. */
		reclaim_locked(heap);
		destroy_empty_locked(heap);
		ret = alloc_locked(heap, size, align, &segment);
	}
	if (!ret) {
		segment->piece.bo = segment->buffer->bo;
		segment->piece.va = segment->buffer->va + segment->piece.offset;
		segment->piece.cpu = segment->buffer->cpu ?
				     segment->buffer->cpu + segment->piece.offset : NULL;
		heap->stats.used += segment->piece.size;
		*piece = &segment->piece;
	}
	pthread_mutex_unlock(&heap->lock);
	return ret;
}

NOVA_API void nova_heap_free(struct nova_heap *heap, const struct nova_heap_piece *piece)
{
	if (!heap || !piece)
		return;
	pthread_mutex_lock(&heap->lock);
	heap->stats.used -= piece->size;
	release_locked(heap, to_segment(piece));
	pthread_mutex_unlock(&heap->lock);
}

NOVA_API int nova_heap_free_after(struct nova_heap *heap, const struct nova_heap_piece *piece,
				  struct nova_sync *sync, uint64_t point)
{
	struct heap_waiter *waiter;

	if (!heap || !piece || !sync || !point || sync->dev != heap->vm->dev)
		return -EINVAL;
	pthread_mutex_lock(&heap->lock);
	waiter = find_waiter_locked(heap, sync);
	if (waiter) {
		heap->stats.used -= piece->size;
		heap->stats.pending += piece->size;
		add_pending(waiter, to_segment(piece), point);
	}
	pthread_mutex_unlock(&heap->lock);
	return waiter ? 0 : -ENOMEM;
}

NOVA_API void nova_heap_trim(struct nova_heap *heap)
{
	if (!heap)
		return;
	pthread_mutex_lock(&heap->lock);
	reclaim_locked(heap);
	destroy_empty_locked(heap);
	pthread_mutex_unlock(&heap->lock);
}

NOVA_API void nova_heap_get_stats(struct nova_heap *heap, struct nova_heap_stats *stats)
{
	pthread_mutex_lock(&heap->lock);
	*stats = heap->stats;
	pthread_mutex_unlock(&heap->lock);
}
