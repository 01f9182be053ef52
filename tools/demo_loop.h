/* SPDX-License-Identifier: MIT */
/* The busy part of a client: jobs without end, until told to stop or until the device is gone. */
#ifndef DEMO_LOOP_H
#define DEMO_LOOP_H

#include "demo_gpu.h"

#define DEMO_STATUS_NONE	0	/* there was no such job, or it is not known how it ended */

/**
 * struct demo_report - what a client saw
 * @jobs: ended well
 * @last_status: how the last one ended: 1 well, negative errno, DEMO_STATUS_NONE
 * @parked_status: the same, of the job that was waiting in the GPU
 * @call: the call that failed, or empty
 * @error: its negative errno
 * @system_map: 0: the map of system memory can be read and written; -EFAULT
 * @video_map: the same, of video memory
 * @closed: what closing everything gave
 */
struct demo_report {
	uint64_t jobs;
	int last_status;
	int parked_status;
	char call[32];
	int error;
	int system_map;
	int video_map;
	int closed;
};

enum demo_order { DEMO_ORDER_NONE, DEMO_ORDER_PARK, DEMO_ORDER_STOP };

/**
 * struct demo_orders - how the loop is told what to do
 * @next: gives the next order, without waiting
 * @parked: is told that the job is parked, or why not
 * @data: for both
 */
struct demo_orders {
	enum demo_order (*next)(void *data);
	void (*parked)(void *data, int ret);
	void *data;
};

/* Runs, then looks at the maps and closes @gpu, in any case. */
void demo_loop_run(struct demo_gpu *gpu, const struct demo_orders *orders,
		   struct demo_report *report);

/* Reads and writes every page; -EFAULT instead of a dead process. */
int demo_loop_check_map(void *map, size_t size);

#endif /* DEMO_LOOP_H */
