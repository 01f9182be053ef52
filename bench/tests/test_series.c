// SPDX-License-Identifier: MIT
/* Statistics: summaries, ratios, and what counts as moved. */
#include "bench_test.h"

static void test_summary(void **state)
{
	static const double odd[] = { 5, 1, 3 }, even[] = { 4, 1, 2, 3 };
	struct bench_summary summary;
	double many[200];

	(void)state;
	bench_summarize(odd, 3, &summary);
	assert_int_equal(summary.count, 3);
	assert_near(summary.min, 1);
	assert_near(summary.median, 3);
	assert_near(summary.max, 5);
	bench_summarize(even, 4, &summary);
	assert_near(summary.median, 2.5);
	assert_near(summary.p25, 1);
	assert_near(summary.p75, 3);
	for (int i = 0; i < 200; i++)
		many[i] = 200 - i;
	bench_summarize(many, 200, &summary);
	assert_near(summary.p99, 198);
	assert_near(summary.p25, 50);
	assert_near(summary.max, 200);
	assert_near(many[0], 200);	/* the rounds keep their order */
}

static void test_summary_of_nothing(void **state)
{
	struct bench_summary summary = { .count = 7, .median = 7 };
	double one = 42;

	(void)state;
	bench_summarize(NULL, 0, &summary);
	assert_int_equal(summary.count, 0);
	assert_near(summary.median, 0);
	bench_summarize(&one, 1, &summary);
	assert_near(summary.min, 42);
	assert_near(summary.p99, 42);
}

static struct bench_series series(double *values, size_t count)
{
	return (struct bench_series) { .values = values, .count = count };
}

/* The machine was twice as slow in the last two rounds: the ratio does not show it. */
static void test_ratio(void **state)
{
	double mine[] = { 10, 11, 20, 22 }, theirs[] = { 5, 5.5, 10, 11 };
	struct bench_series ours = series(mine, 4), peer = series(theirs, 4);
	struct bench_ratio ratio;

	(void)state;
	assert_true(bench_ratio_get(&ours, &peer, &ratio));
	assert_near(ratio.ratio, 2);
	assert_near(ratio.low, 2);
	assert_near(ratio.high, 2);
}

/* The noise always has the ratio in it. */
static void test_ratio_outside_the_quartiles(void **state)
{
	double mine[] = { 1, 2, 100 }, theirs[] = { 10, 1, 50 };
	struct bench_series ours = series(mine, 3), peer = series(theirs, 3);
	struct bench_ratio ratio;

	(void)state;
	assert_true(bench_ratio_get(&ours, &peer, &ratio));
	assert_near(ratio.ratio, 0.2);
	assert_true(ratio.low <= ratio.ratio && ratio.ratio <= ratio.high);
}

static void test_ratio_of_nothing(void **state)
{
	double some[] = { 1, 2 }, zeros[] = { 0, 0 };
	struct bench_series ours = series(some, 2), none = series(NULL, 0), zero = series(zeros, 2);
	struct bench_ratio ratio;

	(void)state;
	assert_false(bench_ratio_get(&ours, &none, &ratio));
	assert_false(bench_ratio_get(&none, &ours, &ratio));
	assert_false(bench_ratio_get(&ours, &zero, &ratio));
	assert_true(bench_ratio_get(&zero, &ours, &ratio));
	assert_near(ratio.ratio, 0);
}

static void test_merge(void **state)
{
	static const struct bench_ratio runs[] = { { 2, 1.5, 2.5 }, { 1, 0.5, 1.2 }, { 4, 3, 5 } };
	struct bench_ratio merged;

	(void)state;
	bench_ratio_merge(runs, 3, &merged);
	assert_near(merged.ratio, 2);
	assert_near(merged.low, 0.5);
	assert_near(merged.high, 5);
	bench_ratio_merge(runs, 1, &merged);
	assert_near(merged.low, 1.5);
}

static void test_moved(void **state)
{
	static const struct bench_ratio before = { 1, 0.9, 1.1 };
	static const struct bench_ratio same = { 1.3, 1.1, 1.5 }, up = { 1.3, 1.11, 1.5 };
	static const struct bench_ratio down = { 0.5, 0.4, 0.89 };

	(void)state;
	assert_int_equal(bench_ratio_moved(&before, &before), 0);
	assert_int_equal(bench_ratio_moved(&before, &same), 0);
	assert_int_equal(bench_ratio_moved(&before, &up), 1);
	assert_int_equal(bench_ratio_moved(&before, &down), -1);
	assert_int_equal(bench_ratio_moved(&down, &before), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_summary_of_nothing),
		cmocka_unit_test(test_ratio),
		cmocka_unit_test(test_ratio_outside_the_quartiles),
		cmocka_unit_test(test_ratio_of_nothing),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
