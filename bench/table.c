// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "table.h"

#define COLUMNS	8

/* A table is collected before it is printed: widths come from all rows. */
struct table {
	size_t columns;
	size_t rows;
	char *(*cells)[COLUMNS];
};

/* One row: @columns texts. */
static void row(struct table *table, ...)
{
	char *(*cells)[COLUMNS] = reallocarray(table->cells, table->rows + 1, sizeof(*cells));
	va_list args;

	if (!cells)
		return;
	table->cells = cells;
	va_start(args, table);
	for (size_t i = 0; i < table->columns; i++)
		cells[table->rows][i] = strdup(va_arg(args, const char *));
	va_end(args);
	table->rows++;
}

static void line(FILE *out, const struct table *table, size_t index, const size_t *widths)
{
	for (size_t i = 0; i < table->columns; i++)
		fprintf(out, "| %-*s ", (int)widths[i], table->cells[index][i] ? : "");
	fputs("|\n", out);
}

static void print(FILE *out, struct table *table)
{
	size_t widths[COLUMNS] = { 0 };

	for (size_t r = 0; r < table->rows; r++) {
		for (size_t i = 0; i < table->columns; i++)
			widths[i] = fmax(widths[i], table->cells[r][i] ? strlen(table->cells[r][i]) : 0);
	}
	for (size_t r = 0; r < table->rows; r++) {
		line(out, table, r, widths);
		if (r)
			continue;
		for (size_t i = 0; i < table->columns; i++) {
			fputs("|-", out);
			for (size_t w = 0; w < widths[i]; w++)
				fputc('-', out);
			fputc('-', out);
		}
		fputs("|\n", out);
	}
	for (size_t r = 0; r < table->rows; r++) {
		for (size_t i = 0; i < table->columns; i++)
			free(table->cells[r][i]);
	}
	free(table->cells);
}

void bench_table_value(double value, const char *unit, char *text, size_t size)
{
	static const struct {
		double scale;
		const char *unit;
	} times[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" } };
	size_t i = 0;

	if (strcmp(unit, "ns")) {
		snprintf(text, size, value < 1e5 ? "%.3g %s" : "%.0f %s", value, unit);
		if (value >= 100 && value < 1e5)
			snprintf(text, size, "%.0f %s", value, unit);
		return;
	}
	while (i < 3 && value < times[i].scale)
		i++;
	value /= times[i].scale;
	snprintf(text, size, value >= 100 ? "%.0f %s" : "%.3g %s", value, times[i].unit);
}

static const char *verdict_text(enum bench_verdict verdict)
{
	switch (verdict) {
	case BENCH_MET:
		return "met";
	case BENCH_MISSED:
		return "**not met**";
	case BENCH_NOT_MEASURED:
		return "not measured";
	default:
		return "";
	}
}

static void ratio_text(const struct bench_reading *reading, char *text, size_t size)
{
	if (reading->verdict == BENCH_NOT_MEASURED)
		snprintf(text, size, "-");
	else
		snprintf(text, size, "%.3g", reading->ratio.ratio);
}

static void noise_text(const struct bench_reading *reading, char *text, size_t size)
{
	if (reading->verdict == BENCH_NOT_MEASURED)
		snprintf(text, size, "-");
	else
		snprintf(text, size, "%.3g-%.3g", reading->ratio.low, reading->ratio.high);
}

static void figure_row(struct table *table, const struct bench_figure *figure,
		       const struct bench_reading *reading)
{
	char ours[32] = "-", peer[32] = "-", ratio[32], noise[40], target[32] = "";

	if (reading->verdict != BENCH_NOT_MEASURED) {
		bench_table_value(reading->ours.median, reading->unit, ours, sizeof(ours));
		bench_table_value(reading->peer.median, reading->unit, peer, sizeof(peer));
	}
	ratio_text(reading, ratio, sizeof(ratio));
	noise_text(reading, noise, sizeof(noise));
	if (figure->bound != BENCH_NO_TARGET)
		snprintf(target, sizeof(target), "%s %g",
			 figure->bound == BENCH_AT_MOST ? "at most" : "at least", figure->target);
	row(table, figure->title, ours, peer, ratio, noise, target, verdict_text(reading->verdict));
}

void bench_table_figures(FILE *out, const struct bench_result *results, size_t count, int targets)
{
	struct table table = { .columns = targets ? 7 : 5 };
	struct bench_reading reading;

	row(&table, "figure", "ours", "peer", "ratio", "noise", "target", "");
	for (size_t i = 0; i < bench_figure_count; i++) {
		const struct bench_figure *figure = &bench_figures[i];

		if ((figure->bound == BENCH_NO_TARGET) == !!targets)
			continue;
		bench_figure_read(figure, results, count, &reading);
		figure_row(&table, figure, &reading);
	}
	print(out, &table);
}

void bench_table_series(FILE *out, const struct bench_result *result)
{
	struct table table = { .columns = 6 };

	row(&table, "series", "what", "median", "min", "p99", "rounds");
	for (size_t i = 0; i < result->count; i++) {
		const struct bench_series *series = &result->series[i];
		char median[32], min[32], p99[32], count[32];
		struct bench_summary summary;

		bench_summarize(series->values, series->count, &summary);
		bench_table_value(summary.median, series->unit, median, sizeof(median));
		bench_table_value(summary.min, series->unit, min, sizeof(min));
		bench_table_value(summary.p99, series->unit, p99, sizeof(p99));
		snprintf(count, sizeof(count), "%zu", summary.count);
		row(&table, series->id, series->title, median, min, p99, count);
	}
	print(out, &table);
}

static const char *moved_text(const struct bench_figure *figure, int moved)
{
	if (!moved)
		return "within the noise";
	if (figure->bound == BENCH_NO_TARGET)
		return moved > 0 ? "**up**" : "**down**";
	return (moved > 0) == (figure->bound == BENCH_AT_LEAST) ? "**better**" : "**worse**";
}

size_t bench_table_compare(FILE *out, const struct bench_result *before, size_t before_count,
			   const struct bench_result *after, size_t after_count)
{
	struct table table = { .columns = 6 };
	struct bench_reading old, new;
	size_t count = 0;

	row(&table, "figure", "before", "noise", "after", "noise", "");
	for (size_t i = 0; i < bench_figure_count; i++) {
		const struct bench_figure *figure = &bench_figures[i];
		char was[32], was_noise[40], is[32], is_noise[40];
		int moved = 0;

		bench_figure_read(figure, before, before_count, &old);
		bench_figure_read(figure, after, after_count, &new);
		if (old.verdict == BENCH_NOT_MEASURED && new.verdict == BENCH_NOT_MEASURED)
			continue;
		ratio_text(&old, was, sizeof(was));
		noise_text(&old, was_noise, sizeof(was_noise));
		ratio_text(&new, is, sizeof(is));
		noise_text(&new, is_noise, sizeof(is_noise));
		if (old.verdict == BENCH_NOT_MEASURED || new.verdict == BENCH_NOT_MEASURED) {
			row(&table, figure->title, was, was_noise, is, is_noise, "not in both");
			continue;
		}
		moved = bench_ratio_moved(&old.ratio, &new.ratio);
		count += !!moved;
		row(&table, figure->title, was, was_noise, is, is_noise, moved_text(figure, moved));
	}
	print(out, &table);
	return count;
}
