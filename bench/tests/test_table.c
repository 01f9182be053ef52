// SPDX-License-Identifier: MIT
/* Tables: values with units, rows, and the comparison of two runs. */
#include "bench_test.h"

#include "../figures.h"
#include "../table.h"

static void assert_value(double value, const char *unit, const char *expected)
{
	char text[32];

	bench_table_value(value, unit, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_values(void **state)
{
	(void)state;
	assert_value(7, "ns", "7 ns");
	assert_value(999, "ns", "999 ns");
	assert_value(1234, "ns", "1.23 us");
	assert_value(123456, "ns", "123 us");
	assert_value(2500000, "ns", "2.5 ms");
	assert_value(3e9, "ns", "3 s");
	assert_value(0, "ns", "0 ns");
	assert_value(4321, "MiB/s", "4321 MiB/s");
	assert_value(1234567, "jobs/s", "1234567 jobs/s");
	assert_value(1.5, "pages", "1.5 pages");
}

/* Both of the first figure, whose ratio is at most 1.05. */
static void fill(struct bench_result *result, double ours)
{
	double values[] = { ours, ours, ours }, ones[] = { 1, 1, 1 };

	assert_int_equal(bench_figures[0].bound, BENCH_AT_MOST);
	add_series(result, bench_figures[0].ours, "ns", values, 3);
	add_series(result, bench_figures[0].peer, "ns", ones, 3);
}

static char *text;
static size_t length;

static FILE *capture(void)
{
	FILE *file = open_memstream(&text, &length);

	assert_non_null(file);
	return file;
}

static int release(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

static void assert_has(const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static size_t lines(void)
{
	size_t count = 0;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

static void test_figures(void **state)
{
	struct bench_result result = { 0 };
	FILE *out = capture();

	(void)state;
	fill(&result, 2);
	bench_table_figures(out, &result, 1, 1);
	fclose(out);
	/* A head, the line below it, and each figure with a target, whether it was measured or not. */
	assert_int_equal(lines(), 2 + 12);
	assert_has("| figure ");
	assert_has(bench_figures[0].title);
	assert_has("at most 1.05");
	assert_has("**not met**");
	assert_has("not measured");
	bench_result_fini(&result);
}

static void test_lines_are_of_a_length(void **state)
{
	struct bench_result result = { 0 };
	FILE *out = capture();
	size_t width;

	(void)state;
	fill(&result, 1);
	bench_table_figures(out, &result, 1, 1);
	fclose(out);
	assert_has(" met ");
	width = (size_t)(strchr(text, '\n') - text);
	for (const char *at = text; *at; at += width + 1)
		assert_int_equal(strcspn(at, "\n"), width);
	bench_result_fini(&result);
}

static void test_series(void **state)
{
	static const double values[] = { 1000, 2000, 9000 };
	struct bench_result result = { 0 };
	FILE *out = capture();

	(void)state;
	add_series(&result, "a/b/c", "ns", values, 3);
	bench_table_series(out, &result);
	fclose(out);
	assert_int_equal(lines(), 3);
	assert_has("| a/b/c ");
	assert_has("| 2 us ");
	assert_has("| 9 us ");
	bench_result_fini(&result);
}

static size_t compare(double before, double after)
{
	struct bench_result old = { 0 }, new = { 0 };
	FILE *out = capture();
	size_t moved;

	fill(&old, before);
	fill(&new, after);
	moved = bench_table_compare(out, &old, 1, &new, 1);
	fclose(out);
	bench_result_fini(&old);
	bench_result_fini(&new);
	assert_int_equal(lines(), 3);
	return moved;
}

static void test_compare_same(void **state)
{
	(void)state;
	assert_int_equal(compare(2, 2), 0);
	assert_has("within the noise");
}

static void test_compare_worse(void **state)
{
	(void)state;
	assert_int_equal(compare(2, 3), 1);
	assert_has("**worse**");
}

static void test_compare_better(void **state)
{
	(void)state;
	assert_int_equal(compare(3, 2), 1);
	assert_has("**better**");
}

static void test_compare_missing(void **state)
{
	struct bench_result old = { 0 }, new = { 0 };
	FILE *out = capture();

	(void)state;
	fill(&old, 1);
	assert_int_equal(bench_table_compare(out, &old, 1, &new, 1), 0);
	fclose(out);
	assert_has("not in both");
	bench_result_fini(&old);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test_teardown(test_figures, release),
		cmocka_unit_test_teardown(test_lines_are_of_a_length, release),
		cmocka_unit_test_teardown(test_series, release),
		cmocka_unit_test_teardown(test_compare_same, release),
		cmocka_unit_test_teardown(test_compare_worse, release),
		cmocka_unit_test_teardown(test_compare_better, release),
		cmocka_unit_test_teardown(test_compare_missing, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
