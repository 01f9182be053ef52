/* SPDX-License-Identifier: MIT */
/* Plots of a result, as programs for gnuplot. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stdio.h>

#include "result.h"

/* How often a plot's name was seen before @index: 0 for the first series of a plot. */
int bench_plot_is_first(const struct bench_result *result, size_t index);
/* The file of a plot: its title in lower case with dashes, and .svg. */
void bench_plot_file(const char *plot, char *file, size_t size);
/* A program that draws the plot into @path. */
void bench_plot_write(FILE *out, const struct bench_result *result, const char *plot, const char *path);
/* The same for the figures that have a target: how many times it each is. */
void bench_plot_targets(FILE *out, const struct bench_result *result, const char *path);
/* Pictures in Markdown, of files beside the text. */
void bench_plot_links(FILE *out, const struct bench_result *result);
/* All plots of a result into a directory, by gnuplot. 0 or a negative errno. */
int bench_plot_all(const struct bench_result *result, const char *directory);

#endif /* BENCH_PLOT_H */
