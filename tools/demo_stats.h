/* SPDX-License-Identifier: MIT */
/* What the emulator saw, asked through its control port. */
#ifndef DEMO_STATS_H
#define DEMO_STATS_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct demo_stats - the emulator's answer to "stats", as far as it is needed
 * @violations: accesses a driver must not make
 * @dma_ranges: ranges of system memory mapped for the device
 * @dma_bytes: their sum
 * @recent: text of the last violation, or empty
 */
struct demo_stats {
	uint64_t violations;
	uint64_t dma_ranges;
	uint64_t dma_bytes;
	char recent[160];
};

/* -EBADMSG when the line is not such an answer. */
int demo_stats_parse(const char *line, struct demo_stats *stats);

/* Asks through an open port; -ETIME when nothing answers, -EPIPE when nobody is there. */
int demo_stats_ask(int fd, struct demo_stats *stats);

/* The same through the port at @path. */
int demo_stats_read(const char *path, struct demo_stats *stats);

#endif /* DEMO_STATS_H */
