// SPDX-License-Identifier: MIT
/* Timelines: a sync object, the last point submitted and the last point seen signalled. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

/**
 * struct nova_timeline - a timeline
 * @sync: its sync object
 * @lock: held from choosing a point until the kernel has it, and guards @last
 * @last: last point submitted
 * @completed: all up to this one have been seen signalled; only grows
 */
struct nova_timeline {
	struct nova_sync *sync;
	pthread_mutex_t lock;
	uint64_t last;
	_Atomic uint64_t completed;
};

NOVA_API int nova_timeline_create(struct nova_device *dev, struct nova_timeline **out)
{
	struct nova_timeline *timeline;
	int ret;

	if (!dev || !out)
		return -EINVAL;
	timeline = calloc(1, sizeof(*timeline));
	if (!timeline)
		return -ENOMEM;
	ret = nova_sync_create(dev, 0, &timeline->sync);
	if (ret) {
		free(timeline);
		return ret;
	}
	pthread_mutex_init(&timeline->lock, NULL);
	atomic_init(&timeline->completed, 0);
	*out = timeline;
	return 0;
}

NOVA_API void nova_timeline_destroy(struct nova_timeline *timeline)
{
	if (!timeline)
		return;
	nova_sync_destroy(timeline->sync);
	pthread_mutex_destroy(&timeline->lock);
	free(timeline);
}

NOVA_API struct nova_sync *nova_timeline_sync(const struct nova_timeline *timeline)
{
	return timeline->sync;
}

/* A copy of @job's syncs with room for one more, or NULL. */
static struct nova_job_sync *copy_syncs(const struct nova_job *job)
{
	struct nova_job_sync *syncs = calloc((size_t)job->sync_count + 1, sizeof(*syncs));

	if (syncs && job->sync_count)
		memcpy(syncs, job->syncs, job->sync_count * sizeof(*syncs));
	return syncs;
}

/* @jobs and @syncs are copies; the last of the syncs is this timeline's. */
static int submit(struct nova_timeline *timeline, struct nova_queue *queue,
		  const struct nova_job *jobs, uint32_t count, struct nova_job_sync *done,
		  uint64_t *point)
{
	int ret;

	pthread_mutex_lock(&timeline->lock);
	*done = (struct nova_job_sync) {
		.sync = timeline->sync,
		.point = timeline->last + 1,
		.flags = NOVA_JOB_SYNC_SIGNAL,
	};
	ret = nova_queue_submit(queue, jobs, count);
	if (!ret) {
		timeline->last = done->point;
		if (point)
			*point = done->point;
	}
	pthread_mutex_unlock(&timeline->lock);
	return ret;
}

NOVA_API int nova_timeline_submit(struct nova_timeline *timeline, struct nova_queue *queue,
				  const struct nova_job *jobs, uint32_t count, uint64_t *point)
{
	const struct nova_job *last;
	struct nova_job_sync *syncs;
	struct nova_job *copy;
	int ret = -ENOMEM;

	if (!timeline || !queue || !jobs || !count)
		return -EINVAL;
	last = &jobs[count - 1];
	if (last->sync_count == UINT32_MAX || (last->sync_count && !last->syncs))
		return -EINVAL;
	copy = calloc(count, sizeof(*copy));
	syncs = copy_syncs(last);
	if (copy && syncs) {
		memcpy(copy, jobs, count * sizeof(*copy));
		copy[count - 1].syncs = syncs;
		copy[count - 1].sync_count++;
		ret = submit(timeline, queue, copy, count, &syncs[last->sync_count], point);
	}
	free(syncs);
	free(copy);
	return ret;
}

NOVA_API uint64_t nova_timeline_last(struct nova_timeline *timeline)
{
	uint64_t last;

	pthread_mutex_lock(&timeline->lock);
	last = timeline->last;
	pthread_mutex_unlock(&timeline->lock);
	return last;
}

NOVA_API uint64_t nova_timeline_next(struct nova_timeline *timeline)
{
	return nova_timeline_last(timeline) + 1;
}

/* Another thread may have seen more. Returns the highest seen. */
static uint64_t note_completed(struct nova_timeline *timeline, uint64_t point)
{
	uint64_t seen = atomic_load_explicit(&timeline->completed, memory_order_relaxed);

	while (seen < point &&
	       !atomic_compare_exchange_weak_explicit(&timeline->completed, &seen, point,
						      memory_order_release, memory_order_relaxed))
		;
	return seen < point ? point : seen;
}

static bool has_completed(struct nova_timeline *timeline, uint64_t point)
{
	return point <= atomic_load_explicit(&timeline->completed, memory_order_acquire);
}

NOVA_API int nova_timeline_completed(struct nova_timeline *timeline, uint64_t *point)
{
	uint64_t passed;
	int ret;

	if (!timeline || !point)
		return -EINVAL;
	ret = nova_sync_query(timeline->sync, &passed);
	if (!ret)
		*point = note_completed(timeline, passed);
	return ret;
}

NOVA_API int nova_timeline_wait(struct nova_timeline *timeline, uint64_t point, int64_t deadline_ns)
{
	int ret;

	if (!timeline)
		return -EINVAL;
	if (has_completed(timeline, point))
		return 0;
	if (point > nova_timeline_last(timeline))
		return -EINVAL;
	ret = nova_sync_wait(timeline->sync, point, deadline_ns, 0);
	if (!ret)
		note_completed(timeline, point);
	return ret;
}

NOVA_API int nova_timeline_wait_idle(struct nova_timeline *timeline, int64_t deadline_ns)
{
	return timeline ? nova_timeline_wait(timeline, nova_timeline_last(timeline), deadline_ns) :
	       -EINVAL;
}

NOVA_API int nova_timeline_is_idle(struct nova_timeline *timeline, int *idle)
{
	uint64_t last, completed;
	int ret;

	if (!timeline || !idle)
		return -EINVAL;
	last = nova_timeline_last(timeline);
	if (has_completed(timeline, last)) {
		*idle = 1;
		return 0;
	}
	ret = nova_timeline_completed(timeline, &completed);
	if (!ret)
		*idle = completed >= last;
	return ret;
}
