/* SPDX-License-Identifier: MIT */
#ifndef BENCH_TEST_H
#define BENCH_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../result.h"

/* A series of a result, with these rounds. */
static inline void add_series(struct bench_result *result, const char *id, const char *unit,
			      const double *values, size_t count)
{
	struct bench_series like = { .title = "a title" }, *series;

	snprintf(like.id, sizeof(like.id), "%s", id);
	snprintf(like.unit, sizeof(like.unit), "%s", unit);
	series = bench_result_add(result, &like);
	assert_non_null(series);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(bench_series_add(series, values[i]), 0);
}

static inline void assert_near(double value, double expected)
{
	if (value < expected - 1e-9 || value > expected + 1e-9)
		fail_msg("%g is not %g", value, expected);
}

#endif /* BENCH_TEST_H */
