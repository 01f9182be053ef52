/* SPDX-License-Identifier: MIT */
#ifndef NOVA_TIMELINE_H
#define NOVA_TIMELINE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Timelines: a sync object with the counter that belongs to it. See nova.h. */

struct nova_device;
struct nova_job;
struct nova_queue;
struct nova_sync;
struct nova_timeline;

/**
 * nova_timeline_create() - make a timeline; nothing is submitted, its last point is 0
 * @dev: the device
 * @timeline: out; nova_timeline_destroy() it
 */
int nova_timeline_create(struct nova_device *dev, struct nova_timeline **timeline);

/** nova_timeline_destroy() - free a timeline, or NULL; waits for nothing, jobs are not affected */
void nova_timeline_destroy(struct nova_timeline *timeline);

/**
 * nova_timeline_sync() - its sync object, for other jobs to wait for a point
 * @timeline: the timeline
 *
 * It is the timeline's: do not destroy it, and signal it through nova_timeline_submit() only.
 */
struct nova_sync *nova_timeline_sync(const struct nova_timeline *timeline);

/**
 * nova_timeline_submit() - hand jobs to the GPU and have the last one signal the next point
 * @timeline: the timeline
 * @queue: a queue of the same device, the same one each time or not
 * @jobs: the jobs, as for nova_queue_submit(); what they wait for and signal besides stays theirs
 * @count: number of them, not 0
 * @point: out, the point; may be NULL
 *
 * Calls from several threads are one after another, so the points have the order of submission.
 * A point is signalled when the jobs of it and of all points before have ended, well or not.
 * An error, one of nova_queue_submit(), uses no point.
 */
int nova_timeline_submit(struct nova_timeline *timeline, struct nova_queue *queue,
			 const struct nova_job *jobs, uint32_t count, uint64_t *point);

/** nova_timeline_last() - the last point submitted, 0 for none */
uint64_t nova_timeline_last(struct nova_timeline *timeline);

/** nova_timeline_next() - the point that the next submission gets, unless another thread is faster */
uint64_t nova_timeline_next(struct nova_timeline *timeline);

/**
 * nova_timeline_completed() - the last point that is signalled, with all before it
 * @timeline: the timeline
 * @point: out, 0 for none; never less than before
 *
 * Returns 0; -ENODEV.
 */
int nova_timeline_completed(struct nova_timeline *timeline, uint64_t *point);

/**
 * nova_timeline_wait() - wait until a point is signalled
 * @timeline: the timeline
 * @point: a point submitted before; 0 is always signalled
 * @deadline_ns: absolute, CLOCK_MONOTONIC; in the past: only look
 *
 * The kernel is asked only about points not yet seen to be signalled. nova_sync_get_status() of the sync
 * object tells how the last jobs ended. Returns 0; -ETIME; -EINVAL for a point not yet
 * submitted; -ENODEV.
 */
int nova_timeline_wait(struct nova_timeline *timeline, uint64_t point, int64_t deadline_ns);

/**
 * nova_timeline_wait_idle() - wait for the last point submitted before the call
 * @timeline: the timeline
 * @deadline_ns: absolute, CLOCK_MONOTONIC
 *
 * Returns 0; -ETIME; -ENODEV.
 */
int nova_timeline_wait_idle(struct nova_timeline *timeline, int64_t deadline_ns);

/**
 * nova_timeline_is_idle() - has everything submitted ended?
 * @timeline: the timeline
 * @idle: out, 1 when it has, else 0
 *
 * Returns 0; -ENODEV.
 */
int nova_timeline_is_idle(struct nova_timeline *timeline, int *idle);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_TIMELINE_H */
