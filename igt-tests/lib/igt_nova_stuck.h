/* SPDX-License-Identifier: MIT */
/* A client whose jobs never end by themselves, and threads that wait for them. */
#ifndef IGT_NOVA_STUCK_H
#define IGT_NOVA_STUCK_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_sysfs.h"

/* The jobs, by what keeps them. */
enum igt_nova_stuck_job {
	IGT_NOVA_STUCK_RUNNING,		/* the GPU waits for a semaphore nobody releases */
	IGT_NOVA_STUCK_QUEUED,		/* behind it in the ring */
	IGT_NOVA_STUCK_BLOCKED,		/* on another queue, waits for its fence */
	IGT_NOVA_STUCK_BIND,		/* no job: a bind that waits for its fence */
	IGT_NOVA_STUCK_JOBS,
};

/* The ways to wait. */
enum igt_nova_stuck_wait {
	IGT_NOVA_STUCK_SYNCOBJ,		/* for a binary syncobj */
	IGT_NOVA_STUCK_TIMELINE,	/* for a point of a timeline */
	IGT_NOVA_STUCK_POLL,		/* poll() of a sync file */
	IGT_NOVA_STUCK_EVENTFD,		/* read() of an eventfd that a syncobj signals */
	IGT_NOVA_STUCK_WAITS,
};

/**
 * struct igt_nova_waiter - a thread in one of the waits
 * @thread: the thread
 * @tid: its id, once @started is posted
 * @started: posted before it waits
 * @how: the wait
 * @fd: the device, a sync file or an eventfd
 * @syncobj: what it waits for
 * @result: of the wait
 */
struct igt_nova_waiter {
	pthread_t thread;
	pid_t tid;
	sem_t started;
	enum igt_nova_stuck_wait how;
	int fd;
	uint32_t syncobj;
	int result;
};

/**
 * struct igt_nova_stuck - the client
 * @client: file and VM
 * @bo: holds the semaphore
 * @sync_file: the fence of each job
 * @timeline: a sync file of the point that the blocked job signals
 * @eventfd: signalled with the fence of the running job
 * @waiters: the threads
 * @waiting: how many of them are to be joined
 */
struct igt_nova_stuck {
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	int sync_file[IGT_NOVA_STUCK_JOBS];
	int timeline;
	int eventfd;
	struct igt_nova_waiter waiters[IGT_NOVA_STUCK_WAITS];
	unsigned int waiting;
};

/* Returns when the jobs are under way and all threads asleep in their wait. */
void igt_nova_stuck_open(struct igt_nova_stuck *stuck, const struct igt_nova_dev *dev);
/*
 * The device is gone: all threads woke, all fences have the error ENODEV. On a @broken device
 * the queues may have been killed for that before it went: ECANCELED is as good then.
 */
void igt_nova_stuck_check(struct igt_nova_stuck *stuck, bool broken);
void igt_nova_stuck_close(struct igt_nova_stuck *stuck);
/* After a failure, whatever state it is in; checks nothing. */
void igt_nova_stuck_abandon(struct igt_nova_stuck *stuck);

#endif /* IGT_NOVA_STUCK_H */
