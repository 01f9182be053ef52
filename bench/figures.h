/* SPDX-License-Identifier: MIT */
/* The table of figures: what is compared with what, and what it should reach. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "series.h"

struct bench_result;

enum bench_bound {
	BENCH_NO_TARGET,
	BENCH_AT_MOST,
	BENCH_AT_LEAST,
};

/**
 * struct bench_figure - a ratio of two series
 * @title: for people
 * @ours: id of the series
 * @peer: id of the one that it is divided by
 * @bound: in which direction the target holds
 * @target: what the ratio should reach
 */
struct bench_figure {
	const char *title;
	const char *ours;
	const char *peer;
	enum bench_bound bound;
	double target;
};

/* First those with a target, then what is good to know. */
extern const struct bench_figure bench_figures[];
extern const size_t bench_figure_count;

enum bench_verdict {
	BENCH_NOT_MEASURED,
	BENCH_MEASURED,		/* and there is no target */
	BENCH_MET,
	BENCH_MISSED,
};

/**
 * struct bench_reading - a figure as one or several results have it
 * @ours: of the first result that has it
 * @peer: as @ours
 * @unit: of both
 * @ratio: of all results that have it
 * @verdict: on the ratio
 */
struct bench_reading {
	struct bench_summary ours;
	struct bench_summary peer;
	const char *unit;
	struct bench_ratio ratio;
	enum bench_verdict verdict;
};

void bench_figure_read(const struct bench_figure *figure, const struct bench_result *results,
		       size_t count, struct bench_reading *reading);
enum bench_verdict bench_figure_judge(const struct bench_figure *figure, double ratio);

#endif /* BENCH_FIGURES_H */
