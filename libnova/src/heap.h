/* SPDX-License-Identifier: MIT */
/* What the parts of the heap share: heap.c has the buffers and the calls, heap_pieces.c the pieces of the buffers. */
#ifndef NOVA_HEAP_PRIVATE_H
#define NOVA_HEAP_PRIVATE_H

#include "private.h"

#define HEAP_GRANULE	64u			/* sizes and addresses of pieces are multiples */
#define HEAP_ALIGN_MAX	(64u << 10)		/* buffers start at such addresses */
#define HEAP_SIZE_MAX	(1ull << 37)		/* of one piece: granules fit in 32 bits */
#define HEAP_ROWS	32			/* powers of two of granules */
#define HEAP_COLUMNS	8			/* parts of a power of two */

enum heap_state { HEAP_FREE, HEAP_TAKEN, HEAP_PENDING };

/**
 * struct heap_segment - a piece of a buffer, free or not
 * @piece: what the client sees of it; @piece.offset and @piece.size are valid in each state
 * @buffer: where it is
 * @prev: below it in the buffer
 * @next: above it; the segments of a buffer have no gaps, two free ones are never neighbours
 * @list_prev: FREE: in the list of its class
 * @list_next: FREE: in the list of its class; PENDING: in its waiter's
 * @point: PENDING: what it waits for
 * @state: free, taken, or freed behind a point
 */
struct heap_segment {
	struct nova_heap_piece piece;
	struct heap_buffer *buffer;
	struct heap_segment *prev;
	struct heap_segment *next;
	struct heap_segment *list_prev;
	struct heap_segment *list_next;
	uint64_t point;
	enum heap_state state;
};

/**
 * struct heap_buffer - a buffer
 * @bo: the buffer
 * @va: where it is mapped
 * @cpu: where the CPU sees it, or NULL
 * @size: bytes
 * @first: its first segment
 * @prev: in the heap's list
 * @next: in the heap's list
 */
struct heap_buffer {
	struct nova_bo *bo;
	uint64_t va;
	uint8_t *cpu;
	uint64_t size;
	struct heap_segment *first;
	struct heap_buffer *prev;
	struct heap_buffer *next;
};

/**
 * struct heap_classes - the free segments of all buffers, by size
 * @rows: mask of rows that are not empty
 * @columns: the same of each row's columns
 * @lists: free segments; those in a list are at least as large as its class, and smaller than the next
 */
struct heap_classes {
	uint32_t rows;
	uint8_t columns[HEAP_ROWS];
	struct heap_segment *lists[HEAP_ROWS][HEAP_COLUMNS];
};

int heap_segments_init(struct heap_buffer *buffer);
void heap_segments_fini(struct heap_buffer *buffer);
void heap_insert(struct heap_classes *classes, struct heap_segment *segment);
void heap_remove(struct heap_classes *classes, struct heap_segment *segment);
struct heap_segment *heap_find(const struct heap_classes *classes, uint64_t size, uint64_t align);
int heap_take(struct heap_classes *classes, struct heap_segment **segment, uint64_t size,
	      uint64_t align);
struct heap_segment *heap_merge(struct heap_classes *classes, struct heap_segment *segment);

struct nova_heap *nova_heap_get(struct nova_heap *heap);
bool nova_heap_has_map(const struct nova_heap *heap);

#endif /* NOVA_HEAP_PRIVATE_H */
