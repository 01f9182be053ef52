// SPDX-License-Identifier: MIT
/*
 * The pieces of a heap's buffers. Free ones are in lists by size, eight lists to a power of two
 * (two-level segregated fit), so that one a little larger than wanted is found without a search of all.
 */
#include <errno.h>
#include <stdlib.h>

#include "heap.h"

#define COLUMN_BITS	3
#define LOOKS		8

_Static_assert(HEAP_COLUMNS == 1 << COLUMN_BITS, "columns");

static uint64_t gap_before(uint64_t offset, uint64_t align)
{
	return -offset & (align - 1);
}

/* The class of a size in granules: below the first row of eight each size has its own. */
static void class_of(uint64_t granules, unsigned int *row, unsigned int *column)
{
	unsigned int log;

	if (granules < HEAP_COLUMNS) {
		*row = 0;
		*column = (unsigned int)granules;
		return;
	}
	log = 63 - (unsigned int)__builtin_clzll(granules);
	*row = log - COLUMN_BITS + 1;
	*column = granules >> (log - COLUMN_BITS) & (HEAP_COLUMNS - 1);
}

void heap_insert(struct heap_classes *classes, struct heap_segment *segment)
{
	unsigned int row, column;
	struct heap_segment **list;

	class_of(segment->piece.size / HEAP_GRANULE, &row, &column);
	list = &classes->lists[row][column];
	segment->state = HEAP_FREE;
	segment->list_prev = NULL;
	segment->list_next = *list;
	if (*list)
		(*list)->list_prev = segment;
	*list = segment;
	classes->columns[row] |= 1u << column;
	classes->rows |= 1u << row;
}

void heap_remove(struct heap_classes *classes, struct heap_segment *segment)
{
	unsigned int row, column;
	struct heap_segment **list;

	class_of(segment->piece.size / HEAP_GRANULE, &row, &column);
	list = &classes->lists[row][column];
	if (segment->list_next)
		segment->list_next->list_prev = segment->list_prev;
	if (segment->list_prev)
		segment->list_prev->list_next = segment->list_next;
	else
		*list = segment->list_next;
	segment->list_prev = segment->list_next = NULL;
	if (*list)
		return;
	classes->columns[row] &= ~(1u << column);
	if (!classes->columns[row])
		classes->rows &= ~(1u << row);
}

static bool fits(const struct heap_segment *segment, uint64_t size, uint64_t align)
{
	uint64_t gap = gap_before(segment->piece.offset, align);

	return gap < segment->piece.size && size <= segment->piece.size - gap;
}

/* The first list at or above a class that is not empty. */
static struct heap_segment *first_from(const struct heap_classes *classes, unsigned int row,
				       unsigned int column)
{
	uint32_t columns, rows;

	if (column == HEAP_COLUMNS) {
		row++;
		column = 0;
	}
	if (row >= HEAP_ROWS)
		return NULL;
	columns = classes->columns[row] >> column << column;
	if (!columns) {
		rows = row + 1 < HEAP_ROWS ? classes->rows >> (row + 1) << (row + 1) : 0;
		if (!rows)
			return NULL;
		row = (unsigned int)__builtin_ctz(rows);
		columns = classes->columns[row];
	}
	return classes->lists[row][__builtin_ctz(columns)];
}

/* The first that fits in the lists of two classes and between, of the first @looks. */
static struct heap_segment *look_between(const struct heap_classes *classes, uint64_t low,
					 uint64_t high, uint32_t looks)
{
	unsigned int row, column, last_row, last_column;
	struct heap_segment *segment;

	class_of(low / HEAP_GRANULE, &row, &column);
	class_of(high / HEAP_GRANULE, &last_row, &last_column);
	while (row < last_row || (row == last_row && column <= last_column)) {
		for (segment = classes->lists[row][column]; segment; segment = segment->list_next) {
			if (fits(segment, low, high - low + HEAP_GRANULE))
				return segment;
			if (!--looks)
				return NULL;
		}
		if (++column == HEAP_COLUMNS) {
			row++;
			column = 0;
		}
	}
	return NULL;
}

/*
 * A free segment that has room for @size bytes at @align. Those of about the size come first, but only
 * a few of them: what is in a class above that of the size with the largest gap fits whatever it
 * is. Before the heap grows, all are looked at.
 */
struct heap_segment *heap_find(const struct heap_classes *classes, uint64_t size, uint64_t align)
{
	uint64_t high = size + align - HEAP_GRANULE;
	struct heap_segment *segment = look_between(classes, size, high, LOOKS);
	unsigned int row, column;

	if (!segment) {
		class_of(high / HEAP_GRANULE, &row, &column);
		segment = first_from(classes, row, column + 1);
	}
	return segment ? segment : look_between(classes, size, high, UINT32_MAX);
}

static struct heap_segment *new_segment(struct heap_buffer *buffer)
{
	struct heap_segment *segment = calloc(1, sizeof(*segment));

	if (segment)
		segment->buffer = buffer;
	return segment;
}

/* Cuts @segment, which is in no list, at @size; the part above becomes @upper. */
static void cut(struct heap_segment *segment, uint64_t size, struct heap_segment *upper)
{
	upper->piece.offset = segment->piece.offset + size;
	upper->piece.size = segment->piece.size - size;
	upper->prev = segment;
	upper->next = segment->next;
	if (upper->next)
		upper->next->prev = upper;
	segment->next = upper;
	segment->piece.size = size;
}

/* Takes @size bytes at @align out of a free segment where they fit; *@segment is what was taken. */
int heap_take(struct heap_classes *classes, struct heap_segment **segment, uint64_t size,
	      uint64_t align)
{
	struct heap_segment *found = *segment, *taken = found, *above = NULL;
	uint64_t gap = gap_before(found->piece.offset, align);

	if (gap)
		taken = new_segment(found->buffer);
	if (taken && found->piece.size - gap > size) {
		above = new_segment(found->buffer);
		if (!above && gap)
			free(taken);
		if (!above)
			return -ENOMEM;
	}
	if (!taken)
		return -ENOMEM;
	heap_remove(classes, found);
	if (gap) {
		cut(found, gap, taken);
		heap_insert(classes, found);
	}
	if (above) {
		cut(taken, size, above);
		heap_insert(classes, above);
	}
	taken->state = HEAP_TAKEN;
	*segment = taken;
	return 0;
}

static void absorb_next(struct heap_segment *segment)
{
	struct heap_segment *next = segment->next;

	segment->piece.size += next->piece.size;
	segment->next = next->next;
	if (segment->next)
		segment->next->prev = segment;
	free(next);
}

/* Joins a segment that becomes free, and is in no list, with its free neighbours; the result is in no list. */
struct heap_segment *heap_merge(struct heap_classes *classes, struct heap_segment *segment)
{
	if (segment->next && segment->next->state == HEAP_FREE) {
		heap_remove(classes, segment->next);
		absorb_next(segment);
	}
	if (segment->prev && segment->prev->state == HEAP_FREE) {
		segment = segment->prev;
		heap_remove(classes, segment);
		absorb_next(segment);
	}
	return segment;
}

/* One segment, in no list, over the whole of a new buffer. */
int heap_segments_init(struct heap_buffer *buffer)
{
	buffer->first = new_segment(buffer);
	if (!buffer->first)
		return -ENOMEM;
	buffer->first->piece.size = buffer->size;
	return 0;
}

void heap_segments_fini(struct heap_buffer *buffer)
{
	struct heap_segment *segment, *next;

	for (segment = buffer->first; segment; segment = next) {
		next = segment->next;
		free(segment);
	}
}
