/* SPDX-License-Identifier: MIT */
/* A table of text with aligned columns. */
#ifndef DEMO_TABLE_H
#define DEMO_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define DEMO_TABLE_COLUMNS	12
#define DEMO_TABLE_ROWS		72
#define DEMO_TABLE_CELL		48	/* bytes */

/**
 * struct demo_table - a table being filled; the first row is the heading
 * @columns: in use
 * @rows: in use
 * @right: columns whose cells end at the same place, numbers
 * @cells: the text, UTF-8
 */
struct demo_table {
	size_t columns;
	size_t rows;
	unsigned char right[DEMO_TABLE_COLUMNS];
	char cells[DEMO_TABLE_ROWS][DEMO_TABLE_COLUMNS][DEMO_TABLE_CELL];
};

/* Headings; one that starts with '>' makes a column of numbers. */
void demo_table_init(struct demo_table *table, const char *const *headings, size_t columns);
void demo_table_add_row(struct demo_table *table);

/* The next free cell of the last row; too long text is cut. */
__attribute__((format(printf, 2, 3)))
void demo_table_add(struct demo_table *table, const char *format, ...);
void demo_table_print(const struct demo_table *table, FILE *file);

#endif /* DEMO_TABLE_H */
