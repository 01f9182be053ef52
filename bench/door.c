// SPDX-License-Identifier: MIT
/*
 * The door: what it costs to get in, and what it would cost to ask at each access instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "groups.h"
#include "peers.h"

#define CALLS		2000
#define ROUNDS		40
#define SECONDS		12
#define GUARDS_FILE	"/sys/kernel/debug/nova_door_cost/run"

/* --- ioctls ----------------------------------------------------------------- */

struct door_file {
	int fd;
	enum bench_driver driver;
};

static int getparam(struct bench_arm *arm, double *value)
{
	struct door_file *file = arm->data;
	double start = bench_now();

	for (int i = 0; i < CALLS; i++) {
		int ret = bench_getparam(file->driver, file->fd);

		if (ret)
			return ret;
	}
	*value = (bench_now() - start) / CALLS;
	return 0;
}

static int get_cap(struct bench_arm *arm, double *value)
{
	struct door_file *file = arm->data;
	double start = bench_now();

	for (int i = 0; i < CALLS; i++) {
		int ret = bench_get_cap(file->fd);

		if (ret)
			return ret;
	}
	*value = (bench_now() - start) / CALLS;
	return 0;
}

static void ioctls(struct bench *bench)
{
	struct door_file files[BENCH_DRIVERS];
	struct bench_arm arms[2 * BENCH_DRIVERS] = { 0 };
	size_t count = 0;

	for (int i = 0; i < BENCH_DRIVERS; i++) {
		files[i] = (struct door_file) { .fd = bench_open(i), .driver = i };
		if (files[i].fd < 0) {
			bench_skip(bench, "door", bench_driver_names[i], i == BENCH_NOVA ? files[i].fd : 0);
			continue;
		}
		for (int own = 0; own < 2; own++) {
			struct bench_series *series = &arms[count].series;

			if (own && i == BENCH_VGEM)
				continue;
			snprintf(series->id, sizeof(series->id), "door/%s/%s", own ? "getparam" : "get-cap",
				 bench_driver_names[i]);
			snprintf(series->title, sizeof(series->title), "one %s", own ? "GETPARAM" : "GET_CAP");
			strcpy(series->unit, "ns");
			arms[count].run = own ? getparam : get_cap;
			arms[count++].data = &files[i];
		}
	}
	bench_take_turns(bench, arms, count, ROUNDS, SECONDS);
	for (int i = 0; i < BENCH_DRIVERS; i++) {
		if (files[i].fd >= 0)
			close(files[i].fd);
	}
}

/* --- guards, in the kernel: door/nova_door_cost.c ------------------------- */

static const struct {
	const char *name;
	const char *title;
} guards[] = {
	{ "none", "no guard" },
	{ "door", "one door per entry" },
	{ "revocable", "one revocable handle (RCU) per access" },
	{ "srcu-handle", "one handle (SRCU) per access" },
};

#define GUARDS	(sizeof(guards) / sizeof(guards[0]))

static int guard_cost(struct bench_arm *arm, double *value)
{
	char text[64];
	unsigned long long ns = 0;
	uint64_t entries = 40000 / (arm->number + 3);
	ssize_t got = -1;
	int fd = open(GUARDS_FILE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%s %llu %llu", (const char *)arm->data, (unsigned long long)arm->number,
		 (unsigned long long)entries);
	if (write(fd, text, strlen(text)) > 0)
		got = pread(fd, text, sizeof(text) - 1, 0);
	if (got < 0) {
		got = -errno;
		close(fd);
		return (int)got;
	}
	close(fd);
	text[got] = '\0';
	if (sscanf(text, "%llu", &ns) != 1)
		return -EIO;
	*value = (double)ns / (double)entries;
	return 0;
}

static void guard_costs(struct bench *bench)
{
	struct bench_arm arms[GUARDS];

	if (access(GUARDS_FILE, R_OK | W_OK)) {
		bench_skip(bench, "door/guards", "the module nova_door_cost is not loaded", 0);
		return;
	}
	for (unsigned int k = 1; k <= 64; k *= 2) {
		for (size_t i = 0; i < GUARDS; i++) {
			struct bench_series *series = &arms[i].series;

			arms[i] = (struct bench_arm) { .run = guard_cost, .number = k,
						       .data = (void *)guards[i].name };
			snprintf(series->id, sizeof(series->id), "door/%u/%s", k, guards[i].name);
			snprintf(series->title, sizeof(series->title), "entry with %u register reads, %s", k,
				 guards[i].title);
			strcpy(series->unit, "ns");
			strcpy(series->plot, "cost of an entry by registers read");
			snprintf(series->line, sizeof(series->line), "%s", guards[i].title);
			series->x = k;
		}
		bench_take_turns(bench, arms, GUARDS, ROUNDS, 3);
	}
}

void bench_door(struct bench *bench)
{
	ioctls(bench);
	guard_costs(bench);
}
