// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "demo_table.h"

static void expect(const struct demo_table *table, const char *text)
{
	char *printed = NULL;
	size_t size;
	FILE *file = open_memstream(&printed, &size);

	assert_non_null(file);
	demo_table_print(table, file);
	fclose(file);
	assert_string_equal(printed, text);
	free(printed);
}

static void test_alignment(void **state)
{
	static const char *const headings[] = { ">n", "name", ">bytes" };
	static struct demo_table table;

	(void)state;
	demo_table_init(&table, headings, 3);
	demo_table_add_row(&table);
	demo_table_add(&table, "%d", 7);
	demo_table_add(&table, "%s", "a");
	demo_table_add(&table, "%d", 123456);
	demo_table_add_row(&table);
	demo_table_add(&table, "%d", 1234);
	demo_table_add(&table, "%s", "longer");
	demo_table_add(&table, "%d", 1);
	expect(&table,
	       "   n  name     bytes\n"
	       "----  ------  ------\n"
	       "   7  a       123456\n"
	       "1234  longer       1\n");
}

/* Characters of several bytes take one column; no blanks at the end of a line. */
static void test_utf8_and_empty(void **state)
{
	static const char *const headings[] = { "é", "last" };
	static struct demo_table table;

	(void)state;
	demo_table_init(&table, headings, 2);
	demo_table_add_row(&table);
	demo_table_add(&table, "µs");
	demo_table_add(&table, "%s", "");
	demo_table_add_row(&table);
	demo_table_add(&table, "abc");
	expect(&table,
	       "é    last\n"
	       "---  ----\n"
	       "µs   -\n"
	       "abc  \n");
}

static void test_long_cell(void **state)
{
	static const char *const headings[] = { "x" };
	static struct demo_table table;
	char text[2 * DEMO_TABLE_CELL];

	(void)state;
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	demo_table_init(&table, headings, 1);
	demo_table_add_row(&table);
	demo_table_add(&table, "%s", text);
	assert_int_equal(strlen(table.cells[1][0]), DEMO_TABLE_CELL - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_utf8_and_empty),
		cmocka_unit_test(test_long_cell),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
