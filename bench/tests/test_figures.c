// SPDX-License-Identifier: MIT
/* The table of figures, and what is made of it. */
#include "bench_test.h"

#include "../figures.h"

static void test_table_is_sound(void **state)
{
	size_t targets = 0;

	(void)state;
	for (size_t i = 0; i < bench_figure_count; i++) {
		const struct bench_figure *figure = &bench_figures[i];
		struct bench_series series;

		assert_true(strlen(figure->ours) < sizeof(series.id));
		assert_true(strlen(figure->peer) < sizeof(series.id));
		assert_string_not_equal(figure->ours, figure->peer);
		assert_int_equal(figure->bound == BENCH_NO_TARGET, figure->target == 0);
		targets += figure->bound != BENCH_NO_TARGET;
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(figure->title, bench_figures[j].title);
	}
	assert_int_equal(targets, 12);
}

static void test_judge(void **state)
{
	static const struct bench_figure most = { "", "", "", BENCH_AT_MOST, 2 };
	static const struct bench_figure least = { "", "", "", BENCH_AT_LEAST, 2 };
	static const struct bench_figure none = { "", "", "", BENCH_NO_TARGET, 0 };

	(void)state;
	assert_int_equal(bench_figure_judge(&most, 2), BENCH_MET);
	assert_int_equal(bench_figure_judge(&most, 2.01), BENCH_MISSED);
	assert_int_equal(bench_figure_judge(&least, 2), BENCH_MET);
	assert_int_equal(bench_figure_judge(&least, 1.99), BENCH_MISSED);
	assert_int_equal(bench_figure_judge(&none, 1e9), BENCH_MEASURED);
}

static void test_read(void **state)
{
	static const struct bench_figure figure = { "t", "ours", "peer", BENCH_AT_MOST, 2 };
	static const double slow[] = { 30, 30, 30 }, fast[] = { 10, 10, 10 };
	struct bench_result results[3] = { 0 };
	struct bench_reading reading;

	(void)state;
	bench_figure_read(&figure, results, 3, &reading);
	assert_int_equal(reading.verdict, BENCH_NOT_MEASURED);
	add_series(&results[0], "ours", "ns", slow, 3);
	bench_figure_read(&figure, results, 3, &reading);
	assert_int_equal(reading.verdict, BENCH_NOT_MEASURED);
	add_series(&results[0], "peer", "ns", fast, 3);
	bench_figure_read(&figure, results, 3, &reading);
	assert_int_equal(reading.verdict, BENCH_MISSED);
	assert_near(reading.ratio.ratio, 3);
	assert_near(reading.ours.median, 30);
	assert_string_equal(reading.unit, "ns");
	/* A second run of the same side, and one that does not have it. */
	add_series(&results[2], "ours", "ns", fast, 3);
	add_series(&results[2], "peer", "ns", fast, 3);
	bench_figure_read(&figure, results, 3, &reading);
	assert_near(reading.ratio.ratio, 2);
	assert_near(reading.ratio.low, 1);
	assert_near(reading.ratio.high, 3);
	assert_int_equal(reading.verdict, BENCH_MET);
	for (int i = 0; i < 3; i++)
		bench_result_fini(&results[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_sound),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
