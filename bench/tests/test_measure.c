// SPDX-License-Identifier: MIT
/* Rounds: who runs when, and what becomes of those who fail. */
#include "bench_test.h"

#include <errno.h>

#include "../measure.h"

static char turns[256];

/* Its value is how often it ran. arm->data counts. */
static int count_turns(struct bench_arm *arm, double *values)
{
	unsigned int *runs = arm->data;
	size_t at = strlen(turns);

	if (at + 1 < sizeof(turns))
		turns[at] = arm->series.id[0];
	values[0] = ++*runs;
	values[1] = -values[0];
	return arm->number && *runs > arm->number ? -EIO : 0;
}

static void start(struct bench *bench, unsigned int percent)
{
	memset(turns, 0, sizeof(turns));
	*bench = (struct bench) { .rounds_percent = percent };
}

static struct bench_arm arm(const char *id, unsigned int *runs)
{
	struct bench_arm arm = { .run = count_turns, .data = runs };

	strcpy(arm.series.id, id);
	return arm;
}

static void test_turns(void **state)
{
	unsigned int runs[3] = { 0 };
	struct bench_arm arms[] = { arm("a", &runs[0]), arm("b", &runs[1]), arm("c", &runs[2]) };
	struct bench bench;

	(void)state;
	start(&bench, 100);
	strcpy(arms[2].also.id, "also");
	bench_take_turns(&bench, arms, 3, 6, 60);
	/* The first round is for warmth; each begins with another one. */
	assert_string_equal(turns, "abcbcacababcbcacababc");
	assert_int_equal(bench.result.count, 4);
	assert_int_equal(bench.result.series[0].count, 6);
	assert_near(bench.result.series[0].values[0], 2);
	assert_string_equal(bench.result.series[3].id, "also");
	assert_near(bench.result.series[3].values[5], -7);
	assert_int_equal(bench.failed, 0);
	bench_result_fini(&bench.result);
}

static void test_failure(void **state)
{
	unsigned int runs[3] = { 0 };
	struct bench_arm arms[] = { arm("a", &runs[0]), arm("b", &runs[1]), arm("c", &runs[2]) };
	struct bench bench;

	(void)state;
	start(&bench, 100);
	arms[0].number = 3;	/* then it fails */
	arms[1].run = NULL;	/* is not there at all */
	bench_take_turns(&bench, arms, 3, 8, 60);
	assert_int_equal(runs[0], 4);
	assert_int_equal(runs[1], 0);
	assert_int_equal(runs[2], 9);
	assert_int_equal(bench.failed, 1);
	assert_int_equal(bench.result.skipped_count, 1);
	assert_int_equal(strncmp(bench.result.skipped[0], "a: failed: ", 11), 0);
	assert_int_equal(bench.result.count, 2);
	assert_int_equal(bench.result.series[0].count, 2);
	assert_int_equal(bench.result.series[1].count, 8);
	bench_result_fini(&bench.result);
}

static void test_number_of_rounds(void **state)
{
	unsigned int runs = 0;
	struct bench_arm one = arm("a", &runs);
	struct bench bench;

	(void)state;
	start(&bench, 50);
	bench_take_turns(&bench, &one, 1, 40, 60);
	assert_int_equal(bench.result.series[0].count, 20);
	/* Never fewer than five, however few were asked for and however little time there is. */
	bench_take_turns(&bench, &one, 1, 2, 0);
	assert_int_equal(bench.result.series[1].count, 5);
	bench_take_turns(&bench, &one, 1, 1000, 0);
	assert_int_equal(bench.result.series[2].count, 5);
	bench_result_fini(&bench.result);
}

static void test_skip(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench, 100);
	bench_skip(&bench, "x", "not there", 0);
	assert_int_equal(bench.failed, 0);
	bench_skip(&bench, "y", "went wrong", -ENOENT);
	assert_int_equal(bench.failed, 1);
	assert_string_equal(bench.result.skipped[0], "x: not there");
	bench_result_fini(&bench.result);
}

static void test_clocks(void **state)
{
	double wall = bench_now(), cpu = bench_cpu();

	(void)state;
	while (bench_cpu() < cpu + 1e6)
		;
	assert_true(bench_now() >= wall + 0.9e6);
	assert_true(bench_cpu_others() >= 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_number_of_rounds),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
