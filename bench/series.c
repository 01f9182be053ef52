// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "series.h"

int bench_series_add(struct bench_series *series, double value)
{
	double *values = reallocarray(series->values, series->count + 1, sizeof(*values));

	if (!values)
		return -ENOMEM;
	values[series->count++] = value;
	series->values = values;
	return 0;
}

void bench_series_fini(struct bench_series *series)
{
	free(series->values);
	series->values = NULL;
	series->count = 0;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double rank(const double *sorted, size_t count, double share)
{
	size_t n = (size_t)ceil(share * (double)count);

	return sorted[n ? n - 1 : 0];
}

void bench_summarize(const double *values, size_t count, struct bench_summary *summary)
{
	double *sorted;

	*summary = (struct bench_summary) { 0 };
	sorted = count ? malloc(count * sizeof(*sorted)) : NULL;
	if (!sorted)
		return;
	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare);
	*summary = (struct bench_summary) {
		.count = count,
		.min = sorted[0],
		.p25 = rank(sorted, count, 0.25),
		.median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2,
		.p75 = rank(sorted, count, 0.75),
		.p99 = rank(sorted, count, 0.99),
		.max = sorted[count - 1],
	};
	free(sorted);
}

bool bench_ratio_get(const struct bench_series *ours, const struct bench_series *peer,
		     struct bench_ratio *ratio)
{
	size_t count = ours->count < peer->count ? ours->count : peer->count, used = 0;
	struct bench_summary mine, theirs, both;
	double *ratios;

	bench_summarize(ours->values, ours->count, &mine);
	bench_summarize(peer->values, peer->count, &theirs);
	ratios = calloc(count ? count : 1, sizeof(*ratios));
	if (!ratios || !count || theirs.median == 0) {
		free(ratios);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (peer->values[i] != 0)
			ratios[used++] = ours->values[i] / peer->values[i];
	}
	bench_summarize(ratios, used, &both);
	free(ratios);
	*ratio = (struct bench_ratio) { mine.median / theirs.median, both.p25, both.p75 };
	/* The ratio of the medians need not be one of the rounds'. */
	ratio->low = fmin(ratio->low, ratio->ratio);
	ratio->high = fmax(ratio->high, ratio->ratio);
	return true;
}

void bench_ratio_merge(const struct bench_ratio *ratios, size_t count, struct bench_ratio *merged)
{
	double *all = calloc(count ? count : 1, sizeof(*all));
	struct bench_summary summary = { 0 };

	*merged = (struct bench_ratio) { 0 };
	for (size_t i = 0; i < count; i++) {
		merged->low = i ? fmin(merged->low, ratios[i].low) : ratios[i].low;
		merged->high = i ? fmax(merged->high, ratios[i].high) : ratios[i].high;
		if (all)
			all[i] = ratios[i].ratio;
	}
	if (all)
		bench_summarize(all, count, &summary);
	merged->ratio = summary.median;
	free(all);
}

int bench_ratio_moved(const struct bench_ratio *before, const struct bench_ratio *after)
{
	if (after->low > before->high)
		return 1;
	return after->high < before->low ? -1 : 0;
}
