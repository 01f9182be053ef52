// SPDX-License-Identifier: MIT
#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "demo_table.h"

void demo_table_init(struct demo_table *table, const char *const *headings, size_t columns)
{
	assert(columns <= DEMO_TABLE_COLUMNS);
	memset(table, 0, sizeof(*table));
	table->columns = columns;
	demo_table_add_row(table);
	for (size_t i = 0; i < columns; i++) {
		table->right[i] = headings[i][0] == '>';
		demo_table_add(table, "%s", headings[i] + table->right[i]);
	}
}

void demo_table_add_row(struct demo_table *table)
{
	assert(table->rows < DEMO_TABLE_ROWS);
	table->rows++;
}

void demo_table_add(struct demo_table *table, const char *format, ...)
{
	char (*row)[DEMO_TABLE_CELL] = table->cells[table->rows - 1];
	size_t column = 0;
	va_list args;

	while (column < table->columns && row[column][0])
		column++;
	assert(column < table->columns);
	va_start(args, format);
	vsnprintf(row[column], DEMO_TABLE_CELL, format, args);
	va_end(args);
	if (!row[column][0])	/* an empty cell is free */
		strcpy(row[column], "-");
}

/* Columns on the screen: bytes that do not continue a character. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static size_t column_width(const struct demo_table *table, size_t column)
{
	size_t width = 0;

	for (size_t row = 0; row < table->rows; row++) {
		size_t cell = text_width(table->cells[row][column]);

		width = cell > width ? cell : width;
	}
	return width;
}

static void print_row(const struct demo_table *table, size_t row, const size_t *widths, FILE *file)
{
	for (size_t column = 0; column < table->columns; column++) {
		const char *text = table->cells[row][column];
		int fill = (int)(widths[column] - text_width(text));
		int last = column + 1 == table->columns;

		if (table->right[column])
			fprintf(file, "%*s%s%s", fill, "", text, last ? "" : "  ");
		else
			fprintf(file, "%s%*s", text, last ? 0 : fill + 2, "");
	}
	fputc('\n', file);
}

void demo_table_print(const struct demo_table *table, FILE *file)
{
	size_t widths[DEMO_TABLE_COLUMNS];

	for (size_t column = 0; column < table->columns; column++)
		widths[column] = column_width(table, column);
	print_row(table, 0, widths, file);
	for (size_t column = 0; column < table->columns; column++) {
		for (size_t i = 0; i < widths[column]; i++)
			fputc('-', file);
		fputs(column + 1 < table->columns ? "  " : "\n", file);
	}
	for (size_t row = 1; row < table->rows; row++)
		print_row(table, row, widths, file);
}
