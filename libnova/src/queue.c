// SPDX-License-Identifier: MIT
/* Queues and submission. */
#include <errno.h>
#include <stdlib.h>

#include "private.h"

/* Ranges are handed to the kernel as they are. */
_Static_assert(sizeof(struct nova_push_range) == sizeof(struct drm_nova_push), "size");
_Static_assert(offsetof(struct nova_push_range, va) == offsetof(struct drm_nova_push, va), "va");
_Static_assert(offsetof(struct nova_push_range, length) == offsetof(struct drm_nova_push, length),
	       "length");
_Static_assert(offsetof(struct nova_push_range, flags) == offsetof(struct drm_nova_push, flags),
	       "flags");
_Static_assert(NOVA_SUBMIT_IMPLICIT_SYNC == DRM_NOVA_EXEC_IMPLICIT_SYNC, "implicit");
_Static_assert(NOVA_FEATURE_IMPLICIT_SYNC == DRM_NOVA_FEATURE_IMPLICIT_SYNC, "feature");

int nova_queue_open(struct nova_vm *vm, const struct nova_queue_desc *desc, uint32_t flags,
		    struct drm_nova_queue_create *args)
{
	*args = (struct drm_nova_queue_create){
		.vm_id = vm->id,
		.engine = desc->engine,
		.priority = desc->priority,
		.flags = flags,
		.ring_size = desc->ring_size,
	};
	return nova_ioctl(vm->dev->fd, DRM_IOCTL_NOVA_QUEUE_CREATE, args);
}

void nova_queue_close(struct nova_device *dev, uint32_t id)
{
	struct drm_nova_queue_destroy args = { .queue_id = id };

	nova_ioctl(dev->fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &args);
}

NOVA_API int nova_queue_create(struct nova_vm *vm, const struct nova_queue_desc *desc,
			       struct nova_queue **out)
{
	struct drm_nova_queue_create args;
	struct nova_queue *queue;
	int ret;

	if (!vm || !desc || !out)
		return -EINVAL;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	ret = nova_queue_open(vm, desc, 0, &args);
	if (ret) {
		free(queue);
		return ret;
	}
	queue->dev = nova_device_get(vm->dev);
	queue->id = args.queue_id;
	*out = queue;
	return 0;
}

NOVA_API void nova_queue_destroy(struct nova_queue *queue)
{
	if (!queue)
		return;
	nova_queue_close(queue->dev, queue->id);
	nova_device_put(queue->dev);
	free(queue);
}

NOVA_API uint32_t nova_queue_id(const struct nova_queue *queue)
{
	return queue->id;
}

NOVA_API int nova_queue_get_state(struct nova_queue *queue, struct nova_queue_state *state)
{
	struct drm_nova_queue_get_state args = { 0 };
	int ret;

	if (!queue || !state)
		return -EINVAL;
	args.queue_id = queue->id;
	ret = nova_ioctl(queue->dev->fd, DRM_IOCTL_NOVA_QUEUE_GET_STATE, &args);
	if (ret)
		return ret;
	*state = (struct nova_queue_state) {
		.flags = args.flags,
		.reset_count = args.reset_count,
		.error = args.error,
	};
	return 0;
}

/* Returns the number of syncs of all jobs, or a negative errno for jobs that cannot be sent. */
static int64_t count_syncs(const struct nova_queue *queue, const struct nova_job *jobs,
			   uint32_t count)
{
	int64_t total = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct nova_job *job = &jobs[i];

		if ((job->range_count && !job->ranges) || (job->sync_count && !job->syncs))
			return -EINVAL;
		for (uint32_t j = 0; j < job->sync_count; j++) {
			const struct nova_job_sync *sync = &job->syncs[j];

			if (!sync->sync || sync->sync->dev != queue->dev)
				return -EINVAL;
			if (sync->flags & ~NOVA_JOB_SYNC_SIGNAL)
				return -EINVAL;
		}
		total += job->sync_count;
		if (total > UINT16_MAX)	/* far beyond any limit of the kernel */
			return -E2BIG;
	}
	return total;
}

static void fill_jobs(const struct nova_job *jobs, uint32_t count, struct drm_nova_job *wire,
		      struct drm_nova_sync *wire_sync)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct nova_job *job = &jobs[i];

		wire[i].pushes.stride = sizeof(struct drm_nova_push);
		wire[i].pushes.count = job->range_count;
		wire[i].pushes.ptr = (uintptr_t)job->ranges;
		wire[i].syncs.stride = sizeof(struct drm_nova_sync);
		wire[i].syncs.count = job->sync_count;
		wire[i].syncs.ptr = (uintptr_t)wire_sync;
		for (uint32_t j = 0; j < job->sync_count; j++, wire_sync++) {
			const struct nova_job_sync *sync = &job->syncs[j];

			wire_sync->handle = sync->sync->handle;
			wire_sync->point = sync->point;
			if (sync->flags & NOVA_JOB_SYNC_SIGNAL)
				wire_sync->flags |= DRM_NOVA_SYNC_SIGNAL;
			if (sync->point)
				wire_sync->flags |= DRM_NOVA_SYNC_TIMELINE;
		}
	}
}

NOVA_API int nova_queue_submit(struct nova_queue *queue, const struct nova_job *jobs,
			       uint32_t count)
{
	return nova_queue_submit_flags(queue, jobs, count, 0);
}

NOVA_API int nova_queue_submit_flags(struct nova_queue *queue, const struct nova_job *jobs,
				     uint32_t count, uint32_t flags)
{
	struct drm_nova_exec args = { 0 };
	struct drm_nova_sync *wire_syncs = NULL;
	struct drm_nova_job *wire;
	int64_t syncs;
	int ret = -ENOMEM;

	if (!queue || !jobs || !count || flags & ~NOVA_SUBMIT_IMPLICIT_SYNC)
		return -EINVAL;
	syncs = count_syncs(queue, jobs, count);
	if (syncs < 0)
		return (int)syncs;
	wire = calloc(count, sizeof(*wire));
	if (syncs)
		wire_syncs = calloc((size_t)syncs, sizeof(*wire_syncs));
	if (wire && (wire_syncs || !syncs)) {
		fill_jobs(jobs, count, wire, wire_syncs);
		args.queue_id = queue->id;
		args.flags = flags;
		args.jobs.stride = sizeof(*wire);
		args.jobs.count = count;
		args.jobs.ptr = (uintptr_t)wire;
		ret = nova_ioctl(queue->dev->fd, DRM_IOCTL_NOVA_EXEC, &args);
	}
	free(wire_syncs);
	free(wire);
	return ret;
}
