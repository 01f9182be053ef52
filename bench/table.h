/* SPDX-License-Identifier: MIT */
/* Results as Markdown, which is read as it is, too: columns are aligned. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdio.h>

#include "result.h"

/* "1.23 us": a time in ns gets the unit that suits it, other values are followed by theirs. */
void bench_table_value(double value, const char *unit, char *text, size_t size);

/* The figures: those with a target, or the others. */
void bench_table_figures(FILE *out, const struct bench_result *results, size_t count, int targets);
/* Each series of a result, with its spread. */
void bench_table_series(FILE *out, const struct bench_result *result);
/* The figures before and after, and which of them moved beyond the noise. Returns how many. */
size_t bench_table_compare(FILE *out, const struct bench_result *before, size_t before_count,
			   const struct bench_result *after, size_t after_count);

#endif /* BENCH_TABLE_H */
