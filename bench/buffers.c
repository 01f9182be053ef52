// SPDX-License-Identifier: MIT
/*
 * Buffers: made and closed, mapped, touched, shared; against dumb buffers of vgem and virtio-gpu.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xf86drm.h>

#include "groups.h"
#include "peers.h"

#define KIB	1024ull
#define MIB	(1024 * KIB)
#define PAGE	4096u

struct buffers_file {
	enum bench_driver driver;
	int fd;
	int other;	/* a second open file of the same device */
};

/* arm->number is the size. Fewer of the large ones, which cost more. */
static unsigned int repeats(uint64_t size)
{
	return size >= 64 * MIB ? 1 : size >= MIB ? 16 : 256;
}

static int create_close(struct bench_arm *arm, double *value)
{
	const struct buffers_file *file = arm->data;
	unsigned int n = repeats(arm->number) * 2;
	double start = bench_now();
	uint32_t handle;
	int ret = 0;

	for (unsigned int i = 0; i < n && !ret; i++) {
		ret = bench_create(file->driver, file->fd, arm->number, &handle);
		if (!ret)
			ret = bench_close(file->fd, handle);
	}
	*value = (bench_now() - start) / n;
	return ret;
}

static void touch(volatile uint8_t *map, uint64_t size, uint64_t step)
{
	for (uint64_t i = 0; i < size; i += step)
		map[i] = 1;
}

/* Create, map, touch each page, unmap and close. */
static int whole_life(struct bench_arm *arm, double *value)
{
	const struct buffers_file *file = arm->data;
	unsigned int n = repeats(arm->number);
	double start = bench_now();
	int ret = 0;

	for (unsigned int i = 0; i < n && !ret; i++) {
		uint32_t handle;
		void *map;

		ret = bench_create(file->driver, file->fd, arm->number, &handle);
		if (ret)
			break;
		ret = bench_map(file->driver, file->fd, handle, arm->number, &map);
		if (!ret) {
			touch(map, arm->number, PAGE);
			munmap(map, arm->number);
		}
		bench_close(file->fd, handle);
	}
	*value = (bench_now() - start) / n;
	return ret;
}

/* mmap and munmap of a buffer that has its memory; nothing is touched. */
static int map_unmap(struct bench_arm *arm, double *value)
{
	const struct buffers_file *file = arm->data;
	unsigned int n = repeats(arm->number) * 4;
	uint32_t handle;
	double start;
	void *map;
	int ret = bench_create(file->driver, file->fd, arm->number, &handle);

	if (ret)
		return ret;
	ret = bench_map(file->driver, file->fd, handle, arm->number, &map);
	if (!ret) {
		touch(map, arm->number, PAGE);
		munmap(map, arm->number);
	}
	start = bench_now();
	for (unsigned int i = 0; i < n && !ret; i++) {
		ret = bench_map(file->driver, file->fd, handle, arm->number, &map);
		if (!ret)
			munmap(map, arm->number);
	}
	*value = (bench_now() - start) / n;
	bench_close(file->fd, handle);
	return ret;
}

static uint64_t faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
}

/*
 * Page faults of a buffer that has its memory: time per page, and as the second series
 * how many pages a fault brings. arm->number is the distance from one touch to the next.
 */
static int fault(struct bench_arm *arm, double *value)
{
	const struct buffers_file *file = arm->data;
	const uint64_t size = 16 * MIB;
	uint32_t handle;
	uint64_t before;
	double start;
	void *map;
	int ret = bench_create(file->driver, file->fd, size, &handle);

	if (ret)
		return ret;
	ret = bench_map(file->driver, file->fd, handle, size, &map);
	if (ret)
		goto close;
	touch(map, size, PAGE);
	munmap(map, size);
	ret = bench_map(file->driver, file->fd, handle, size, &map);
	if (ret)
		goto close;
	before = faults();
	start = bench_now();
	touch(map, size, arm->number);
	value[0] = (bench_now() - start) / (double)(size / arm->number);
	before = faults() - before;
	value[1] = before ? (double)(size / PAGE) / (double)before : 0;
	munmap(map, size);
close:
	bench_close(file->fd, handle);
	return ret;
}

static int prime(struct bench_arm *arm, double *value)
{
	const struct buffers_file *file = arm->data;
	const unsigned int n = 64;
	double start;
	uint32_t handle, imported;
	int dmabuf, ret = bench_create(file->driver, file->fd, MIB, &handle);

	if (ret)
		return ret;
	start = bench_now();
	for (unsigned int i = 0; i < n && !ret; i++) {
		ret = drmPrimeHandleToFD(file->fd, handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf);
		if (ret)
			break;
		ret = drmPrimeFDToHandle(file->other, dmabuf, &imported);
		if (!ret)
			bench_close(file->other, imported);
		close(dmabuf);
	}
	*value = (bench_now() - start) / n;
	bench_close(file->fd, handle);
	return ret ? -errno : 0;
}

/* --- the plan --------------------------------------------------------------- */

static const struct buffers_plan {
	const char *name;
	const char *title;
	int (*run)(struct bench_arm *arm, double *value);
	uint64_t number;
	unsigned int rounds;
	const char *plot;
} plans[] = {
	{ "create-4k", "4 KiB: create and close", create_close, 4 * KIB, 40, "create and close by KiB" },
	{ "create-1m", "1 MiB: create and close", create_close, MIB, 30, "create and close by KiB" },
	{ "create-64m", "64 MiB: create and close", create_close, 64 * MIB, 20, "create and close by KiB" },
	{ "touch-4k", "4 KiB: create, map, touch, unmap, close", whole_life, 4 * KIB, 20, "whole life by KiB" },
	{ "touch-1m", "1 MiB: create, map, touch, unmap, close", whole_life, MIB, 25, "whole life by KiB" },
	{ "touch-64m", "64 MiB: create, map, touch, unmap, close", whole_life, 64 * MIB, 8, "whole life by KiB" },
	{ "map-1m", "1 MiB: mmap and munmap", map_unmap, MIB, 25, "" },
	{ "prime", "1 MiB: PRIME export, import, close", prime, MIB, 30, "" },
};

#define PLANS	(sizeof(plans) / sizeof(plans[0]))

static void fill_arm(struct bench_arm *arm, const struct buffers_plan *plan, struct buffers_file *file)
{
	const char *who = bench_driver_names[file->driver];
	struct bench_series *series = &arm->series;

	*arm = (struct bench_arm) { .run = plan->run, .data = file, .number = plan->number };
	snprintf(series->id, sizeof(series->id), "buffers/%s/%s", plan->name, who);
	snprintf(series->title, sizeof(series->title), "%s", plan->title);
	strcpy(series->unit, "ns");
	snprintf(series->plot, sizeof(series->plot), "%s", plan->plot);
	snprintf(series->line, sizeof(series->line), "%s", who);
	series->x = (double)plan->number / 1024;
}

/* Each page touched: fault-around and huge pages show as pages per fault. One page in 2 MiB: what a fault costs alone. */
static void fault_arms(struct bench *bench, struct buffers_file *files)
{
	struct bench_arm arms[2 * BENCH_DRIVERS] = { 0 };
	size_t count = 0;

	for (int i = 0; i < BENCH_DRIVERS; i++) {
		for (int sparse = 0; sparse < 2 && files[i].fd >= 0; sparse++) {
			struct bench_arm *arm = &arms[count++];
			const char *name = sparse ? "fault-alone" : "fault";

			arm->run = fault;
			arm->data = &files[i];
			arm->number = sparse ? 2 * MIB : PAGE;
			snprintf(arm->series.id, 64, "buffers/%s/%s", name, bench_driver_names[i]);
			strcpy(arm->series.title, sparse ? "page fault, one page in 2 MiB touched, per touch" :
							   "page fault, each page of 16 MiB touched, per page");
			strcpy(arm->series.unit, "ns");
			snprintf(arm->also.id, 64, "buffers/%s-pages/%s", name, bench_driver_names[i]);
			strcpy(arm->also.title, sparse ? "size by faults, one page in 2 MiB touched" :
							 "pages that a fault brings, each touched");
			strcpy(arm->also.unit, "pages");
		}
	}
	bench_take_turns(bench, arms, count, 10, 12);
}

void bench_buffers(struct bench *bench)
{
	struct buffers_file files[BENCH_DRIVERS];
	struct bench_arm arms[BENCH_DRIVERS];

	for (int i = 0; i < BENCH_DRIVERS; i++) {
		files[i] = (struct buffers_file) { .driver = i, .fd = bench_open(i), .other = bench_open(i) };
		if (files[i].fd < 0)
			bench_skip(bench, "buffers", bench_driver_names[i], i == BENCH_NOVA ? files[i].fd : 0);
	}
	for (size_t p = 0; p < PLANS; p++) {
		size_t count = 0;

		for (int i = 0; i < BENCH_DRIVERS; i++) {
			if (files[i].fd >= 0)
				fill_arm(&arms[count++], &plans[p], &files[i]);
		}
		bench_take_turns(bench, arms, count, plans[p].rounds, 10);
	}
	fault_arms(bench, files);
	for (int i = 0; i < BENCH_DRIVERS; i++) {
		if (files[i].fd >= 0)
			close(files[i].fd);
		if (files[i].other >= 0)
			close(files[i].other);
	}
}
