/* SPDX-License-Identifier: MIT */
/* A run's results, in memory and as a JSON file. */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include "series.h"

#define BENCH_RESULT_FORMAT	1

/**
 * struct bench_result - one run
 * @machine: processor, how many, and how it is emulated
 * @kernel: release and version
 * @commit: of the repository
 * @date: when, UTC
 * @series: what was measured
 * @count: of them
 * @skipped: what was not, and why: "ID: WHY"
 * @skipped_count: of them
 */
struct bench_result {
	char machine[160];
	char kernel[160];
	char commit[80];
	char date[32];
	struct bench_series *series;
	size_t count;
	char **skipped;
	size_t skipped_count;
};

void bench_result_fini(struct bench_result *result);
const struct bench_series *bench_result_find(const struct bench_result *result, const char *id);
/* A new series of no rounds; @like has everything else. NULL without memory. */
struct bench_series *bench_result_add(struct bench_result *result, const struct bench_series *like);
/* 0 or -ENOMEM. */
int bench_result_skip(struct bench_result *result, const char *id, const char *why);

/* 0 or a negative errno; -EINVAL for a file that is no result. */
int bench_result_save(const struct bench_result *result, const char *path);
int bench_result_load(struct bench_result *result, const char *path);

#endif /* BENCH_RESULT_H */
