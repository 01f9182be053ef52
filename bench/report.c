// SPDX-License-Identifier: MIT
/*
 * Results of nova-bench as Markdown tables and SVG plots, and what moved between runs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "plot.h"
#include "table.h"

static const char usage_text[] =
	"usage: report [OPTIONS] RESULT...\n"
	"\n"
	"Prints the results of nova-bench (JSON) as Markdown. Several are several runs of the same.\n"
	"  --against FILE  a run to compare with; may be given several times. Tells which ratios moved\n"
	"                  beyond the noise\n"
	"  --targets       only the figures that have a target\n"
	"  --all           each series, with its spread, too\n"
	"  --plots DIR     draw the first result's plots into DIR, with gnuplot\n"
	"  --strict        exit code 1 if a figure with a target was not measured\n";

struct runs {
	struct bench_result *results;
	size_t count;
};

static int runs_load(struct runs *runs, const char *path)
{
	struct bench_result *results = reallocarray(runs->results, runs->count + 1, sizeof(*results));
	int ret;

	if (!results)
		return -ENOMEM;
	runs->results = results;
	ret = bench_result_load(&results[runs->count], path);
	if (ret) {
		fprintf(stderr, "report: %s: %s\n", path, ret == -EINVAL ? "no result of nova-bench" : strerror(-ret));
		return ret;
	}
	runs->count++;
	return 0;
}

static void runs_fini(struct runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		bench_result_fini(&runs->results[i]);
	free(runs->results);
}

static void print_about(const struct runs *runs, const char *what)
{
	for (size_t i = 0; i < runs->count; i++) {
		const struct bench_result *result = &runs->results[i];

		printf("%s%s, kernel %s, commit %s, %s\n\n", what, result->machine, result->kernel,
		       result->commit, result->date);
	}
}

static void print_rest(const struct runs *runs, int all)
{
	printf("\nNoise is where the middle half of the rounds' ratios lies. Without a target:\n\n");
	bench_table_figures(stdout, runs->results, runs->count, 0);
	for (size_t i = 0; i < runs->count; i++) {
		for (size_t j = 0; j < runs->results[i].skipped_count; j++)
			printf("%s- not measured: %s\n", j ? "" : "\n", runs->results[i].skipped[j]);
		if (all)
			fputc('\n', stdout);
		if (all)
			bench_table_series(stdout, &runs->results[i]);
	}
}

/* Is there a target whose figure was not measured? */
static int is_missing(const struct runs *runs)
{
	struct bench_reading reading;
	int missing = 0;

	for (size_t i = 0; i < bench_figure_count; i++) {
		bench_figure_read(&bench_figures[i], runs->results, runs->count, &reading);
		missing |= bench_figures[i].bound != BENCH_NO_TARGET && reading.verdict == BENCH_NOT_MEASURED;
	}
	return missing;
}

static void print_comparison(const struct runs *before, const struct runs *after)
{
	size_t moved;

	print_about(before, "before: ");
	print_about(after, "after: ");
	moved = bench_table_compare(stdout, before->results, before->count, after->results, after->count);
	printf("\n%zu moved beyond the noise\n\n", moved);
}

struct options {
	struct runs runs;
	struct runs against;
	const char *plots;
	int targets;
	int all;
	int strict;
};

static int parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "against", required_argument, NULL, 'a' }, { "all", no_argument, NULL, 'l' },
		{ "plots", required_argument, NULL, 'p' }, { "strict", no_argument, NULL, 's' },
		{ "targets", no_argument, NULL, 't' }, { "help", no_argument, NULL, 'h' }, { 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		switch (option) {
		case 'a':
			if (runs_load(&options->against, optarg))
				return 2;
			break;
		case 'l':
			options->all = 1;
			break;
		case 'p':
			options->plots = optarg;
			break;
		case 's':
			options->strict = 1;
			break;
		case 't':
			options->targets = 1;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			fputs(usage_text, stderr);
			return 2;
		}
	}
	for (; optind < argc; optind++) {
		if (runs_load(&options->runs, argv[optind]))
			return 2;
	}
	if (!options->runs.count)
		fputs(usage_text, stderr);
	return options->runs.count ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int ret = parse(&options, argc, argv), plotted = 0;

	if (!ret) {
		if (options.against.count)
			print_comparison(&options.against, &options.runs);
		print_about(&options.runs, "");
		bench_table_figures(stdout, options.runs.results, options.runs.count, 1);
		if (!options.targets)
			print_rest(&options.runs, options.all);
		if (options.plots)
			plotted = bench_plot_all(&options.runs.results[0], options.plots);
		if (options.plots && !plotted)
			bench_plot_links(stdout, &options.runs.results[0]);
		if (plotted)
			fprintf(stderr, "report: %s: %s\n", options.plots, strerror(-plotted));
		ret = (options.strict && is_missing(&options.runs)) || plotted;
	}
	runs_fini(&options.runs);
	runs_fini(&options.against);
	return ret;
}
