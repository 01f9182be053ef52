// SPDX-License-Identifier: MIT
/* Plots: the names of the files, and what gnuplot is told. */
#include "bench_test.h"

#include "../figures.h"
#include "../plot.h"

static void assert_file(const char *plot, const char *expected)
{
	char file[40];

	bench_plot_file(plot, file, sizeof(file));
	assert_string_equal(file, expected);
}

static void test_files(void **state)
{
	(void)state;
	assert_file("Bandwidth by size", "bandwidth-by-size.svg");
	assert_file("a/../b, 'c'", "a-b-c.svg");
	assert_file("../", ".svg");
	assert_file("one that is longer than there is room for", "one-that-is-longer-than-there-is-ro.svg");
}

static void add_point(struct bench_result *result, const char *plot, const char *line, double x, double value)
{
	char id[32];

	snprintf(id, sizeof(id), "series-%zu", result->count);
	add_series(result, id, "ns", &value, 1);
	strcpy(result->series[result->count - 1].plot, plot);
	strcpy(result->series[result->count - 1].line, line);
	result->series[result->count - 1].x = x;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

static void test_program(void **state)
{
	struct bench_result result = { 0 };
	char *text = NULL;
	size_t length;
	FILE *out;

	(void)state;
	add_point(&result, "p", "ours", 1, 10);
	add_point(&result, "p", "peer's", 1, 20);
	add_point(&result, "q", "ours", 1, 99);
	add_point(&result, "p", "ours", 2, 11);
	add_point(&result, "", "", 0, 1);
	assert_true(bench_plot_is_first(&result, 0));
	assert_false(bench_plot_is_first(&result, 1));
	assert_true(bench_plot_is_first(&result, 2));
	assert_false(bench_plot_is_first(&result, 3));
	assert_false(bench_plot_is_first(&result, 4));
	out = open_memstream(&text, &length);
	bench_plot_write(out, &result, "p", "/tmp/a'b.svg");
	fclose(out);
	assert_has(text, "$line0 << EOD\n1 10 10 10\n2 11 11 11\nEOD\n");
	assert_has(text, "$line1 << EOD\n1 20 20 20\nEOD\n");
	assert_has(text, "set output '/tmp/a''b.svg'");
	assert_has(text, "title 'ours'");
	assert_has(text, "title 'peer''s'");
	assert_has(text, "set logscale x");
	/* Nanoseconds, as the SI writes them. */
	assert_has(text, "set format y '%.0s %cs'");
	assert_has(text, "$line1 using 1:($2/1e9):");
	assert_null(strstr(text, "99"));
	free(text);
	bench_result_fini(&result);
}

/* 0 is on no logarithmic axis. */
static void test_axis_from_zero(void **state)
{
	struct bench_result result = { 0 };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	add_point(&result, "p", "ours", 0, 10);
	add_point(&result, "p", "ours", 8, 10);
	bench_plot_write(out, &result, "p", "x.svg");
	fclose(out);
	assert_null(strstr(text, "logscale x"));
	free(text);
	bench_result_fini(&result);
}

static void test_targets(void **state)
{
	static const double two[] = { 2.1 }, one[] = { 1 };
	struct bench_result result = { 0 };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	add_series(&result, bench_figures[0].ours, "ns", two, 1);
	add_series(&result, bench_figures[0].peer, "ns", one, 1);
	bench_plot_targets(out, &result, "t.svg");
	fclose(out);
	assert_has(text, "(at most 1.05)\" 2 1\n");
	assert_null(strstr(text, bench_figures[1].title));
	free(text);
	bench_result_fini(&result);
}

/* Each picture once, the targets first. */
static void test_links(void **state)
{
	struct bench_result result = { 0 };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	add_point(&result, "cost by size", "ours", 1, 10);
	add_point(&result, "cost by size", "ours", 2, 10);
	add_point(&result, "", "", 0, 1);
	bench_plot_links(out, &result);
	fclose(out);
	assert_string_equal(text, "\n![targets](targets.svg)\n![cost by size](cost-by-size.svg)\n");
	free(text);
	bench_result_fini(&result);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_axis_from_zero),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
