/* SPDX-License-Identifier: MIT */
#ifndef NOVA_QUEUE_H
#define NOVA_QUEUE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Queues and their jobs. See nova.h. */

struct nova_vm;
struct nova_sync;
struct nova_queue;

#define NOVA_PRIORITY_LOW	0
#define NOVA_PRIORITY_NORMAL	1
#define NOVA_PRIORITY_HIGH	2	/* CAP_SYS_NICE, or -EACCES */

/**
 * struct nova_queue_desc - a queue to be made
 * @engine: index of the engine
 * @priority: NOVA_PRIORITY_*
 * @ring_size: entries, a power of two within the limits; 0: default
 */
struct nova_queue_desc {
	uint32_t engine;
	uint32_t priority;
	uint32_t ring_size;
};

/**
 * nova_queue_create() - make a queue
 * @vm: address space its jobs run in
 * @desc: what to make
 * @queue: out; nova_queue_destroy() it
 *
 * Returns 0; -ENOSPC when there are too many queues or channels; -EACCES for a priority that is
 * not the caller's; another error of the list in nova.h.
 */
int nova_queue_create(struct nova_vm *vm, const struct nova_queue_desc *desc,
		      struct nova_queue **queue);

/** nova_queue_destroy() - free a queue, or NULL; jobs not finished are killed */
void nova_queue_destroy(struct nova_queue *queue);

/** nova_queue_id() - the queue's id, for raw ioctls */
uint32_t nova_queue_id(const struct nova_queue *queue);

#define NOVA_QUEUE_GUILTY	(1u << 0)	/* killed for what its own job did */
#define NOVA_QUEUE_INNOCENT	(1u << 1)	/* killed, and not for that; also with LOST */
#define NOVA_QUEUE_TIMEDOUT	(1u << 2)	/* a job ran longer than the limit */
#define NOVA_QUEUE_LOST		(1u << 3)	/* the firmware died; make a new queue */

/**
 * struct nova_queue_state - state of a queue
 * @flags: NOVA_QUEUE_*; 0 while it is usable. Neither GUILTY nor INNOCENT: nobody could tell
 * @reset_count: engine resets it was part of
 * @error: error-notifier code of the first error, or 0
 */
struct nova_queue_state {
	uint32_t flags;
	uint32_t reset_count;
	uint32_t error;
};

/** nova_queue_get_state() - is it usable */
int nova_queue_get_state(struct nova_queue *queue, struct nova_queue_state *state);

#define NOVA_PUSH_RANGE_SYNC	(1u << 0)	/* fetch only when the range before has been processed */

/**
 * struct nova_push_range - command words in GPU memory
 * @va: address, multiple of 4
 * @length: bytes, multiple of 4, not 0
 * @flags: NOVA_PUSH_RANGE_SYNC
 */
struct nova_push_range {
	uint64_t va;
	uint32_t length;
	uint32_t flags;
};

#define NOVA_JOB_SYNC_SIGNAL	(1u << 0)	/* the job signals it; otherwise the job waits for it */

/**
 * struct nova_job_sync - a sync object before or after a job
 * @sync: the sync object, of the queue's device
 * @point: timeline point, or 0
 * @flags: NOVA_JOB_SYNC_SIGNAL
 */
struct nova_job_sync {
	struct nova_sync *sync;
	uint64_t point;
	uint32_t flags;
};

/**
 * struct nova_job - one job
 * @ranges: command words, run in order
 * @syncs: what it waits for and signals
 * @range_count: number of ranges; 0: the job only synchronises
 * @sync_count: number of syncs
 */
struct nova_job {
	const struct nova_push_range *ranges;
	const struct nova_job_sync *syncs;
	uint32_t range_count;
	uint32_t sync_count;
};

/**
 * nova_queue_submit() - hand jobs to the GPU; does not wait
 * @queue: the queue
 * @jobs: the jobs, run in order; all are accepted or none
 * @count: number of them, not 0
 *
 * Returns 0; -ECANCELED when the queue was killed; -ENOSPC when too many of its jobs have not ended
 * (struct nova_limits, queue_jobs_max) or what is mapped does not fit in video memory; -E2BIG for
 * too many jobs, ranges or syncs; -EFAULT when memory of a process is mapped that is no more; -EINVAL
 * also for a wait for a point that nobody has submitted; another error of the list in nova.h.
 */
int nova_queue_submit(struct nova_queue *queue, const struct nova_job *jobs, uint32_t count);

/**
 * define NOVA_SUBMIT_IMPLICIT_SYNC - for partners that share a buffer and no sync object
 *
 * The jobs wait for what others do with the exported and imported buffers that are mapped in the queue's
 * address space, and the others for the last job. Needs NOVA_FEATURE_IMPLICIT_SYNC.
 */
#define NOVA_SUBMIT_IMPLICIT_SYNC	(1u << 0)

/**
 * nova_queue_submit_flags() - nova_queue_submit() with a choice
 * @queue: the queue
 * @jobs: the jobs, run in order; all are accepted or none
 * @count: number of them, not 0
 * @flags: NOVA_SUBMIT_*; 0: as nova_queue_submit()
 *
 * Returns what nova_queue_submit() does.
 */
int nova_queue_submit_flags(struct nova_queue *queue, const struct nova_job *jobs, uint32_t count,
			    uint32_t flags);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_QUEUE_H */
