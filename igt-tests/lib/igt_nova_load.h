/* SPDX-License-Identifier: MIT */
/* Threads that keep the driver busy until the device goes away. */
#ifndef IGT_NOVA_LOAD_H
#define IGT_NOVA_LOAD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_sysfs.h"

struct igt_nova_worker;

/**
 * struct igt_nova_load - something a thread does over and over
 * @name: for subtest names
 * @call: does it once; 0 or -errno; must not assert
 * @requests: the ioctls of ours in it, then zeroes
 */
struct igt_nova_load {
	const char *name;
	int (*call)(struct igt_nova_worker *worker);
	unsigned long requests[4];
};

/* One line per ioctl of ours, the ones of DRM core that reach the driver, and page faults. */
extern const struct igt_nova_load igt_nova_loads[];
extern const size_t igt_nova_load_count;

/**
 * struct igt_nova_worker - a thread with a file of its own
 * @load: what it does
 * @crowd: whom it belongs to
 * @thread: the thread
 * @client: its file and VM
 * @node: path of its device
 * @queue: its queue
 * @bo: buffer in video memory, bound and mapped, filled with %IGT_NOVA_OWN
 * @fault_offset: mmap offset of @bo
 * @push: a fill of part of @bo, ready to be submitted
 * @syncobj: for its jobs
 * @dmabuf: export of a buffer in system memory
 * @calls: calls that succeeded
 * @result: what ended the loop: -ENODEV, another -errno, or 0 if it was told to stop
 */
struct igt_nova_worker {
	const struct igt_nova_load *load;
	struct igt_nova_crowd *crowd;
	pthread_t thread;
	struct igt_nova_client client;
	char node[64];
	uint32_t queue;
	struct igt_nova_bo bo;
	uint64_t fault_offset;
	struct igt_nova_push push;
	uint32_t syncobj;
	int dmabuf;
	uint64_t calls;
	int result;
};

#define IGT_NOVA_CROWD_MAX	32
/* What a client's own memory may hold besides zero, when others' may be about. */
#define IGT_NOVA_OWN		0x0e110e11u
/* All of a mapping can be read, shows nobody else's data, and can be written. */
void igt_nova_bo_check_own(const struct igt_nova_bo *bo);

/**
 * struct igt_nova_crowd - workers that run at once
 * @workers: the workers
 * @count: of them
 * @started: of them, whose threads are to be joined
 * @running: posted by each worker after its first successful call
 * @stop: set to end the workers while the device lives
 * @broken: the device misbehaves: calls may end with ECANCELED (their queue was
 *          killed) or ETIMEDOUT (the firmware did not answer) before they end with ENODEV
 */
struct igt_nova_crowd {
	struct igt_nova_worker workers[IGT_NOVA_CROWD_MAX];
	size_t count;
	size_t started;
	sem_t running;
	atomic_bool stop;
	bool broken;
};

void igt_nova_crowd_init(struct igt_nova_crowd *crowd);
const struct igt_nova_load *igt_nova_load(const char *name);
/* One worker for each load. */
void igt_nova_crowd_add_all(struct igt_nova_crowd *crowd, const struct igt_nova_dev *dev);
void igt_nova_crowd_add(struct igt_nova_crowd *crowd, const struct igt_nova_dev *dev,
			const struct igt_nova_load *load);
/* Starts all and returns when each has done its work once. */
void igt_nova_crowd_start(struct igt_nova_crowd *crowd);
/* Joins all; each must have ended with -ENODEV, or 0 when they were told to stop. */
void igt_nova_crowd_join(struct igt_nova_crowd *crowd);
void igt_nova_crowd_stop(struct igt_nova_crowd *crowd);
/* Their mappings can be read and written and hold nobody else's data. */
void igt_nova_crowd_check_maps(struct igt_nova_crowd *crowd);
void igt_nova_crowd_close(struct igt_nova_crowd *crowd);
/* After a failure, whatever state it is in: ends the threads, checks nothing, closes all. */
void igt_nova_crowd_abandon(struct igt_nova_crowd *crowd);

#endif /* IGT_NOVA_LOAD_H */
