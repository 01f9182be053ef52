/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu_chaos.h"
#include "emu_stats.h"

/* A driver that polls a dead device must not fill the disk: later ones are only counted. */
#define EMU_STATS_LOGGED	256

/**
 * struct emu_stats - counters and violations
 * @counters: by enum emu_counter; any thread
 * @violations: by enum emu_violation; any thread
 * @lock: covers @recent and @total
 * @recent: ring of the last texts
 * @total: texts written to it since the last clear
 */
struct emu_stats {
	_Atomic uint64_t counters[EMU_COUNTERS];
	_Atomic uint64_t violations[EMU_VIOLATIONS];

	pthread_mutex_t lock;
	char recent[EMU_STATS_RECENT][EMU_STATS_TEXT];
	uint64_t total;
};

struct emu_stats *emu_stats_create(struct emu *emu)
{
	struct emu_stats *stats = calloc(1, sizeof(*stats));

	(void)emu;
	if (stats)
		pthread_mutex_init(&stats->lock, NULL);
	return stats;
}

void emu_stats_destroy(struct emu_stats *stats)
{
	if (!stats)
		return;
	pthread_mutex_destroy(&stats->lock);
	free(stats);
}

uint64_t emu_stats_counter(struct emu_stats *stats, enum emu_counter counter)
{
	return atomic_load_explicit(&stats->counters[counter], memory_order_relaxed);
}

uint64_t emu_stats_violations(struct emu_stats *stats, enum emu_violation kind)
{
	return atomic_load_explicit(&stats->violations[kind], memory_order_relaxed);
}

unsigned int emu_stats_recent(struct emu_stats *stats, char (*text)[EMU_STATS_TEXT])
{
	unsigned int count, i;
	uint64_t first;

	pthread_mutex_lock(&stats->lock);
	count = stats->total < EMU_STATS_RECENT ? (unsigned int)stats->total : EMU_STATS_RECENT;
	first = stats->total - count;
	for (i = 0; i < count; i++)
		memcpy(text[i], stats->recent[(first + i) % EMU_STATS_RECENT], EMU_STATS_TEXT);
	pthread_mutex_unlock(&stats->lock);
	return count;
}

void emu_stats_clear(struct emu_stats *stats)
{
	int i;

	for (i = 0; i < EMU_COUNTERS; i++)
		atomic_store_explicit(&stats->counters[i], 0, memory_order_relaxed);
	for (i = 0; i < EMU_VIOLATIONS; i++)
		atomic_store_explicit(&stats->violations[i], 0, memory_order_relaxed);
	pthread_mutex_lock(&stats->lock);
	stats->total = 0;
	pthread_mutex_unlock(&stats->lock);
}

void emu_count_add(struct emu *emu, enum emu_counter counter, uint64_t amount)
{
	atomic_fetch_add_explicit(&emu->stats->counters[counter], amount, memory_order_relaxed);
}

void emu_count(struct emu *emu, enum emu_counter counter)
{
	emu_count_add(emu, counter, 1);
}

static void emu_print(const char *level, const char *text)
{
	/* One call, one line: threads do not mix theirs. */
	fprintf(stderr, "nova-emu: %s: %s\n", level, text);
}

void emu_violation(struct emu *emu, enum emu_violation kind, const char *fmt, ...)
{
	struct emu_stats *stats = emu->stats;
	char text[EMU_STATS_TEXT];
	uint64_t seen;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	if (emu_chaos_excuses(emu, kind)) {
		emu_log(emu, EMU_LOG_INFO, "excused: %s", text);
		return;
	}
	seen = atomic_fetch_add_explicit(&stats->violations[kind], 1, memory_order_relaxed);
	pthread_mutex_lock(&stats->lock);
	memcpy(stats->recent[stats->total % EMU_STATS_RECENT], text, sizeof(text));
	stats->total++;
	pthread_mutex_unlock(&stats->lock);

	if (emu->log_level >= EMU_LOG_WARN && seen < EMU_STATS_LOGGED)
		emu_print("violation", text);
}

void emu_log(struct emu *emu, int level, const char *fmt, ...)
{
	static const char * const names[] = { "error", "warning", "info", "debug" };
	char text[512];
	va_list args;

	if (level > emu->log_level)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	emu_print(names[level < EMU_LOG_DEBUG ? level : EMU_LOG_DEBUG], text);
}
