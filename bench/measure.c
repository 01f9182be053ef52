// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"

#define ROUNDS_MIN	5u


void bench_skip(struct bench *bench, const char *id, const char *why, int error)
{
	char text[160];

	snprintf(text, sizeof(text), "%s%s%s", why, error ? ": " : "", error ? strerror(-error) : "");
	fprintf(stderr, "nova-bench: %s: %s\n", id, text);
	bench_result_skip(&bench->result, id, text);
	bench->failed += !!error;
}

/* Indices, as the array of series moves when it grows. */
static int turn_init(struct bench *bench, const struct bench_arm *arm, size_t *first, size_t *second)
{
	*first = bench->result.count;
	if (!bench_result_add(&bench->result, &arm->series))
		return -ENOMEM;
	*second = bench->result.count;
	if (arm->also.id[0] && !bench_result_add(&bench->result, &arm->also))
		return -ENOMEM;
	return 0;
}

static void turn_run(struct bench *bench, struct bench_arm *arm, size_t first, size_t second,
		     bool *ended, bool keep)
{
	struct bench_result *result = &bench->result;
	double values[2] = { 0 };
	int ret = arm->run(arm, values);

	if (!ret && keep)
		ret = bench_series_add(&result->series[first], values[0]);
	if (!ret && keep && arm->also.id[0])
		ret = bench_series_add(&result->series[second], values[1]);
	if (ret) {
		bench_skip(bench, arm->series.id, "failed", ret);
		*ended = true;
	}
}

void bench_take_turns(struct bench *bench, struct bench_arm *arms, size_t count, unsigned int rounds,
		      double seconds)
{
	double end = bench_now() + seconds * 1e9 * bench->rounds_percent / 100;
	size_t *first = calloc(count, sizeof(*first)), *second = calloc(count, sizeof(*second));
	bool *ended = calloc(count, sizeof(*ended));

	rounds = rounds * bench->rounds_percent / 100;
	if (rounds < ROUNDS_MIN)
		rounds = ROUNDS_MIN;
	for (size_t i = 0; i < count && first && second && ended; i++)
		ended[i] = !arms[i].run || turn_init(bench, &arms[i], &first[i], &second[i]);
	for (unsigned int r = 0; r <= rounds && first && second && ended; r++) {
		for (size_t i = 0; i < count; i++) {
			size_t at = (r + i) % count;

			if (!ended[at])
				turn_run(bench, &arms[at], first[at], second[at], &ended[at], r);
		}
		if (r >= ROUNDS_MIN && bench_now() > end)
			break;
	}
	free(first);
	free(second);
	free(ended);
	if (bench->out)
		bench_result_save(&bench->result, bench->out);
}

/* The first number of /proc/ID/task/ID/schedstat: time on a processor, in ns. */
static double task_time(const char *pid, const char *tid)
{
	unsigned long long ns = 0;
	char path[560];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/task/%s/schedstat", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return 0;	/* it has ended */
	if (fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	fclose(file);
	return (double)ns;
}

static double process_time(const char *pid, pid_t except)
{
	struct dirent *entry;
	char path[300];
	double sum = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != except)
			sum += task_time(pid, entry->d_name);
	}
	if (tasks)
		closedir(tasks);
	return sum;
}

double bench_cpu_others(void)
{
	DIR *proc = opendir("/proc");
	pid_t except = gettid();
	struct dirent *entry;
	double sum = 0;

	while (proc && (entry = readdir(proc))) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			sum += process_time(entry->d_name, except);
	}
	if (proc)
		closedir(proc);
	return sum;
}
