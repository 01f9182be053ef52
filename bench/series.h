/* SPDX-License-Identifier: MIT */
/* What was measured: the values of the rounds, and what they say together. */
#ifndef BENCH_SERIES_H
#define BENCH_SERIES_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct bench_series - one thing that was measured, once per round
 * @id: GROUP/WHAT/WHO, unique within a result
 * @title: for people
 * @unit: of the values
 * @plot: title of the plot it belongs to; empty: none
 * @line: which line of the plot
 * @x: where on that line
 * @values: one per round, in order
 * @count: rounds
 */
struct bench_series {
	char id[64];
	char title[96];
	char unit[24];
	char plot[64];
	char line[48];
	double x;
	double *values;
	size_t count;
};

/* Appends a round. 0 or -ENOMEM. */
int bench_series_add(struct bench_series *series, double value);
void bench_series_fini(struct bench_series *series);

/* All zero when there was no round. */
struct bench_summary {
	size_t count;
	double min;
	double p25;
	double median;
	double p75;
	double p99;
	double max;
};

/* Percentiles are values that were measured (nearest rank); the median of an even count is the mean of two. */
void bench_summarize(const double *values, size_t count, struct bench_summary *summary);

/**
 * struct bench_ratio - one series by another
 * @ratio: of the medians
 * @low: lower quartile of the rounds' own ratios
 * @high: upper quartile
 *
 * What disturbs a machine for a while disturbs both of a round and leaves their ratio alone: the
 * quartiles are the noise of the ratio, not of the machine.
 */
struct bench_ratio {
	double ratio;
	double low;
	double high;
};

/* False if one has no round or a median of 0. Rounds that only one has do not count for the quartiles. */
bool bench_ratio_get(const struct bench_series *ours, const struct bench_series *peer,
		     struct bench_ratio *ratio);

/* One of several runs: the median of the ratios, and a noise that takes in all of them. */
void bench_ratio_merge(const struct bench_ratio *ratios, size_t count, struct bench_ratio *merged);

/* Has it moved? Only if the two noises do not meet. -1 down, 1 up, 0 who knows. */
int bench_ratio_moved(const struct bench_ratio *before, const struct bench_ratio *after);

#endif /* BENCH_SERIES_H */
