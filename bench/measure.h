/* SPDX-License-Identifier: MIT */
/* Rounds: all that is compared takes turns. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "result.h"

/**
 * struct bench - a run
 * @result: what came out so far
 * @rounds_percent: how many of the rounds that a group asks for
 * @only: group to measure, or NULL for all
 * @failed: measurements that should have worked and did not
 * @out: file for what there is so far, or NULL: it is not lost if what comes next takes the machine down
 */
struct bench {
	struct bench_result result;
	unsigned int rounds_percent;
	const char *only;
	unsigned int failed;
	const char *out;
};

/**
 * struct bench_arm - one of several that take turns
 * @series: what it is; the group's plan, without rounds
 * @run: one round; puts its value, or several values if it has @also. 0 or a negative errno
 * @data: the caller's
 * @number: the caller's
 * @also: second series of the same round, or an empty id
 *
 * A @run of NULL is an arm that cannot be measured here, and is left out.
 */
struct bench_arm {
	struct bench_series series;
	int (*run)(struct bench_arm *arm, double *values);
	void *data;
	uint64_t number;
	struct bench_series also;
};

/*
 * Runs the arms in turns, @rounds times and once before to warm up. Each round begins with another
 * arm. Stops early, but not before 5 rounds, when @seconds are over. An arm that fails is left out from then
 * on, and is noted as skipped.
 */
void bench_take_turns(struct bench *bench, struct bench_arm *arms, size_t count, unsigned int rounds,
		      double seconds);

/* Something that was not measured: because it is not there, or because it went wrong (@error not 0). */
void bench_skip(struct bench *bench, const char *id, const char *why, int error);

static inline double bench_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Wall time, and the CPU time of the calling thread. In ns. */
#define bench_now()	bench_clock(CLOCK_MONOTONIC)
#define bench_cpu()	bench_clock(CLOCK_THREAD_CPUTIME_ID)

/*
 * CPU time of all tasks of the system but the calling thread, kernel threads included, in ns. It is exact
 * for those that are not running at the moment; 0 if the kernel does not tell.
 */
double bench_cpu_others(void);

#endif /* BENCH_MEASURE_H */
