// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "figures.h"
#include "plot.h"

int bench_plot_is_first(const struct bench_result *result, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (!strcmp(result->series[i].plot, result->series[index].plot))
			return 0;
	}
	return result->series[index].plot[0] != '\0';
}

void bench_plot_file(const char *plot, char *file, size_t size)
{
	size_t n = 0;

	for (; *plot && n + 5 < size; plot++) {
		if (isalnum((unsigned char)*plot))
			file[n++] = (char)tolower((unsigned char)*plot);
		else if (n && file[n - 1] != '-')
			file[n++] = '-';
	}
	while (n && file[n - 1] == '-')
		n--;
	snprintf(file + n, size - n, ".svg");
}

/* A title of ours as a string of gnuplot's. */
static void quote(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputc('\'', out);
		if (!iscntrl((unsigned char)*text))
			fputc(*text, out);
	}
	fputc('\'', out);
}

static void start(FILE *out, const char *title, const char *path)
{
	fputs("set terminal svg size 800,480 font 'sans-serif,13' background 'white'\nset output ", out);
	quote(out, path);
	fputs("\nset title ", out);
	quote(out, title);
	fputs(" noenhanced\nset grid\nset key outside bottom center horizontal noenhanced\nset tics noenhanced\n", out);
}

static int is_first_of_line(const struct bench_result *result, const char *plot, size_t index)
{
	const struct bench_series *series = &result->series[index];

	if (strcmp(series->plot, plot))
		return 0;
	for (size_t i = 0; i < index; i++) {
		if (!strcmp(result->series[i].plot, plot) && !strcmp(result->series[i].line, series->line))
			return 0;
	}
	return 1;
}

/* One block of data per line: x, median, min, p99. */
static void data(FILE *out, const struct bench_result *result, const char *plot, const char *line)
{
	struct bench_summary summary;

	for (size_t i = 0; i < result->count; i++) {
		const struct bench_series *series = &result->series[i];

		if (strcmp(series->plot, plot) || strcmp(series->line, line) || !series->count)
			continue;
		bench_summarize(series->values, series->count, &summary);
		fprintf(out, "%g %g %g %g\n", series->x, summary.median, summary.min, summary.p99);
	}
}

void bench_plot_write(FILE *out, const struct bench_result *result, const char *plot, const char *path)
{
	const char *unit = "";
	unsigned int lines = 0;
	double least = 1;
	int is_time;

	for (size_t i = 0; i < result->count; i++) {
		if (strcmp(result->series[i].plot, plot))
			continue;
		unit = result->series[i].unit;
		least = result->series[i].x < least ? result->series[i].x : least;
		if (!is_first_of_line(result, plot, i))
			continue;
		fprintf(out, "$line%u << EOD\n", lines++);
		data(out, result, plot, result->series[i].line);
		fputs("EOD\n", out);
	}
	start(out, plot, path);
	/* A logarithmic axis has no 0. */
	fprintf(out, "set logscale y\n%s", least > 0 ? "set logscale x\n" : "");
	is_time = !strcmp(unit, "ns");
	if (is_time) {
		fputs("set format y '%.0s %cs'", out);
	} else {
		fputs("set format y '%g'\nset ylabel ", out);
		quote(out, unit);
	}
	fputs("\nplot ", out);
	lines = 0;
	for (size_t i = 0; i < result->count; i++) {
		if (!is_first_of_line(result, plot, i))
			continue;
		fprintf(out, "%s$line%u using %s with yerrorlines title ", lines ? ", " : "", lines,
			is_time ? "1:($2/1e9):($3/1e9):($4/1e9)" : "1:2:3:4");
		quote(out, result->series[i].line);
		lines++;
	}
	fputc('\n', out);
}

/* How many times too much: less is better in each bar. */
static double bench_plot_distance(const struct bench_figure *figure, double ratio)
{
	if (figure->bound == BENCH_AT_LEAST)
		return ratio > 0 ? figure->target / ratio : 1e3;
	return ratio / figure->target;
}

void bench_plot_targets(FILE *out, const struct bench_result *result, const char *path)
{
	struct bench_reading reading;

	fputs("$targets << EOD\n", out);
	for (size_t i = 0; i < bench_figure_count; i++) {
		const struct bench_figure *figure = &bench_figures[i];

		if (figure->bound == BENCH_NO_TARGET)
			continue;
		bench_figure_read(figure, result, 1, &reading);
		if (reading.verdict != BENCH_NOT_MEASURED)
			fprintf(out, "\"%s (%s %g)\" %g %d\n", figure->title,
				figure->bound == BENCH_AT_MOST ? "at most" : "at least", figure->target,
				bench_plot_distance(figure, reading.ratio.ratio),
				reading.verdict == BENCH_MET ? 2 : 1);
	}
	fputs("EOD\n", out);
	start(out, "each ratio by its target: left of 1 is met", path);
	fputs("set terminal svg size 1200,480 font 'sans-serif,12' background 'white'\n"
	      "set logscale x\nset style fill solid 0.6\nunset key\nset yrange [] reverse\n"
	      "set arrow from 1, graph 0 to 1, graph 1 nohead lw 2\n"
	      "plot $targets using (0.01):0:(0.01):2:($0-0.3):($0+0.3):($3 == 2 ? 0x3a9a5b : 0xc0504d):ytic(1) "
	      "with boxxyerror lc rgb variable\n", out);
}

typedef void (*plot_writer_t)(FILE *out, const struct bench_result *result, const char *plot,
			      const char *path);

static void write_targets(FILE *out, const struct bench_result *result, const char *plot,
			  const char *path)
{
	(void)plot;
	bench_plot_targets(out, result, path);
}

static int draw(plot_writer_t writer, const struct bench_result *result, const char *plot,
		const char *directory)
{
	char file[80], *path;
	FILE *gnuplot;
	int ret;

	bench_plot_file(plot, file, sizeof(file));
	if (asprintf(&path, "%s/%s", directory, file) < 0)
		return -ENOMEM;
	gnuplot = popen("gnuplot", "we");
	if (!gnuplot) {
		ret = -errno;
	} else {
		writer(gnuplot, result, plot, path);
		ret = pclose(gnuplot) ? -EIO : 0;
	}
	free(path);
	return ret;
}

static void print_link(FILE *out, const char *plot)
{
	char file[80];

	bench_plot_file(plot, file, sizeof(file));
	fprintf(out, "![%s](%s)\n", plot, file);
}

void bench_plot_links(FILE *out, const struct bench_result *result)
{
	fputc('\n', out);
	print_link(out, "targets");
	for (size_t i = 0; i < result->count; i++) {
		if (bench_plot_is_first(result, i))
			print_link(out, result->series[i].plot);
	}
}

int bench_plot_all(const struct bench_result *result, const char *directory)
{
	int ret;

	if (mkdir(directory, 0777) && errno != EEXIST)
		return -errno;
	ret = draw(write_targets, result, "targets", directory);
	for (size_t i = 0; !ret && i < result->count; i++) {
		if (bench_plot_is_first(result, i))
			ret = draw(bench_plot_write, result, result->series[i].plot, directory);
	}
	return ret;
}
