// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * EXEC: arrays of jobs, all or none.
 *
 * First everything that can fail: arguments, syncobjs, memory, residence of
 * the VM's buffers. Then, under the queue's lock, jobs are armed and pushed.
 */
#include <kunit/visibility.h>
#include <linux/dma-fence.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_syncobj.h>

#include <drm/nova_drm.h>

#include "regs/nv_host.h"

#include "nova_bound.h"
#include "nova_dep.h"
#include "nova_device.h"
#include "nova_exec.h"
#include "nova_file.h"
#include "nova_implicit.h"
#include "nova_queue.h"
#include "nova_reset.h"
#include "nova_sched.h"
#include "nova_space.h"
#include "nova_sync.h"
#include "nova_trace.h"
#include "nova_uapi.h"
#include "nova_vm.h"

#define NOVA_EXEC_OBJECTS	8	/* to begin with; drm_exec's own choice is a page full */

struct nova_exec_job {
	struct nova_job *job;		/* NULL once pushed */
	struct nova_syncs syncs;
};

/* One call of the ioctl. */
struct nova_exec {
	struct drm_file *file;
	struct nova_queue *queue;
	struct nova_exec_job *jobs;
	u32 count;
	bool implicit;
	unsigned long explicit_deps;	/* of the first job */
	struct nova_exec_job one;	/* what @jobs is for a single job, as most calls have */
};

VISIBLE_IF_KUNIT int nova_exec_check_push(const struct drm_nova_push *push)
{
	if (push->flags & ~DRM_NOVA_PUSH_SYNC)
		return -EINVAL;
	if (!push->length || push->length % 4 || push->va % 4)
		return -EINVAL;
	if (push->length / 4 > NV_GP_ENTRY_MAX_DWORDS)
		return -E2BIG;
	if (push->va >= NOVA_VM_KERNEL_START || push->length > NOVA_VM_KERNEL_START - push->va)
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_exec_check_push);

static int nova_exec_copy_pushes(struct nova_exec *exec, struct nova_job *job,
				 const struct drm_nova_array *array)
{
	/* One entry of the ring is for the release, one stays free. */
	u32 max = min(NOVA_EXEC_PUSHES_MAX, exec->queue->ring_size - 2);
	struct drm_nova_push *pushes;
	int ret;

	pushes = nova_uapi_array(array, sizeof(*pushes), sizeof(*pushes), max);
	if (IS_ERR(pushes))
		return PTR_ERR(pushes);
	job->pushes = pushes;
	for (u32 i = 0; i < array->count; i++) {
		ret = nova_exec_check_push(&pushes[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Does an earlier job of this call signal what @sync waits for? And does one put a binary fence
 * in place of what the syncobj has now? By the syncobj: the file may have several handles of it.
 */
static bool nova_exec_signalled_before(struct nova_exec *exec, u32 index,
				       const struct drm_nova_sync *sync, bool *replaced)
{
	struct drm_syncobj *syncobj = index ? drm_syncobj_find(exec->file, sync->handle) : NULL;
	bool found = false;

	*replaced = false;
	if (!syncobj)
		return false;
	for (u32 i = 0; i < index; i++) {
		struct nova_syncs *syncs = &exec->jobs[i].syncs;

		for (u32 j = 0; j < syncs->signal_count; j++) {
			struct nova_sync_signal *signal = &syncs->signals[j];

			if (signal->syncobj != syncobj)
				continue;
			if (!signal->chain)
				*replaced = true;
			found = (signal->chain && found) || signal->point >= sync->point;
		}
	}
	drm_syncobj_put(syncobj);
	return found;
}

/* What a job waits for besides earlier ones of the call, as jobs run in order: NULL for nothing. */
static int nova_exec_find_fence(struct nova_exec *exec, u32 index, const struct drm_nova_sync *sync,
				struct dma_fence **fence)
{
	struct drm_nova_sync all = { .handle = sync->handle };
	bool found, replaced;
	int ret;

	*fence = NULL;
	found = nova_exec_signalled_before(exec, index, sync, &replaced);
	if (replaced)
		return found ? 0 : -EINVAL;
	ret = nova_sync_find_fence(exec->file, sync, fence);
	if (ret != -EINVAL || !found)
		return ret;
	/* The point is not there yet, and will come after all that are, if there are any. */
	ret = nova_sync_find_fence(exec->file, &all, fence);
	return ret == -EINVAL ? 0 : ret;
}

/* What nova_exec_add_wait() is for: one job of the call. */
struct nova_exec_wait {
	struct nova_exec *exec;
	u32 index;
};

static int nova_exec_add_wait(void *data, const struct drm_nova_sync *sync)
{
	struct nova_exec_wait *wait = data;
	struct dma_fence *fence;
	int ret;

	ret = nova_exec_find_fence(wait->exec, wait->index, sync, &fence);
	if (ret)
		return ret;
	if (fence) {
		ret = nova_job_add_dep(wait->exec->jobs[wait->index].job, fence);
		dma_fence_put(fence);
	}
	return ret;
}

static int nova_exec_copy_syncs(struct nova_exec *exec, u32 index,
				const struct drm_nova_array *array)
{
	struct nova_exec_wait wait = { .exec = exec, .index = index };
	struct nova_exec_job *job = &exec->jobs[index];
	int ret;

	ret = nova_syncs_init(&job->syncs, array);
	if (ret || !array->count)
		return ret;
	return nova_syncs_lookup(&job->syncs, exec->file, nova_exec_add_wait, &wait);
}

static int nova_exec_init_job(struct nova_exec *exec, u32 index, const struct drm_nova_array *array)
{
	const struct drm_nova_array element = {
		.ptr = array->ptr + (u64)index * array->stride,
		.stride = array->stride,
		.count = 1,
	};
	struct drm_nova_job args;
	struct nova_job *job;
	int ret;

	ret = nova_uapi_array_read(&element, &args, sizeof(args));
	if (ret)
		return ret;
	if (args.flags || args.pad)
		return -EINVAL;
	job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	if (!job)
		return -ENOMEM;
	exec->jobs[index].job = job;
	ret = nova_exec_copy_pushes(exec, job, &args.pushes);
	if (ret)
		return ret;
	ret = nova_job_init(job, exec->queue, args.pushes.count, exec->file->client_id);
	if (ret)
		return ret;
	return nova_exec_copy_syncs(exec, index, &args.syncs);
}

static int nova_exec_init(struct nova_exec *exec, const struct drm_nova_array *array)
{
	int ret;

	ret = nova_uapi_array_check(array, sizeof(struct drm_nova_job), NOVA_EXEC_JOBS_MAX);
	if (ret)
		return ret;
	exec->jobs = &exec->one;
	if (array->count > 1)
		exec->jobs = kcalloc(array->count, sizeof(*exec->jobs), GFP_KERNEL_ACCOUNT);
	if (!exec->jobs)
		return -ENOMEM;
	while (exec->count < array->count) {
		ret = nova_exec_init_job(exec, exec->count++, array);
		if (ret)
			return ret;
	}
	if (exec->implicit && exec->count)
		exec->explicit_deps = nova_deps_count(&exec->jobs[0].job->base);
	return 0;
}

static void nova_exec_fini(struct nova_exec *exec)
{
	for (u32 i = 0; i < exec->count; i++) {
		struct nova_exec_job *job = &exec->jobs[i];

		if (job->job) {
			nova_job_fini(job->job);
			kfree(job->job);
		}
		nova_syncs_fini(&job->syncs);
	}
	if (exec->jobs != &exec->one)
		kfree(exec->jobs);
}

/* The point of no return, with the reservations held. */
static int nova_exec_commit(struct nova_exec *exec, struct drm_exec *locks)
{
	struct nova_queue *queue = exec->queue;
	struct dma_fence *fence;

	guard(mutex)(&queue->lock);
	if (queue->dead)
		return queue->dead;
	if (nova_timeline_pending(&queue->timeline) + exec->count > NOVA_QUEUE_JOBS_MAX)
		return -NOVA_SPACE_LIMIT;
	for (u32 i = 0; i < exec->count; i++) {
		fence = nova_job_arm(exec->jobs[i].job);
		nova_syncs_signal(&exec->jobs[i].syncs, fence);
		trace_nova_job_submit(queue->ndev->drm.dev, queue->client_id, queue->id,
				      fence->context, fence->seqno,
				      nova_job_push_count(exec->jobs[i].job));
		/* The last fence of the timeline stands for the others. */
		if (i == exec->count - 1) {
			drm_gpuvm_resv_add_fence(&queue->vm->gpuvm, locks, fence,
						 DMA_RESV_USAGE_BOOKKEEP, DMA_RESV_USAGE_BOOKKEEP);
			if (exec->implicit)
				nova_implicit_add_fence(queue->vm, fence);
		}
	}
	/* One after the other: the worker is woken by the first, and finds the others. */
	for (u32 i = 0; i < exec->count; i++) {
		nova_job_push(exec->jobs[i].job);
		exec->jobs[i].job = NULL;
	}
	return 0;
}

/* The VM's lock is held. Until the commit nothing has changed. */
static int nova_exec_try(void *data)
{
	struct nova_exec *exec = data;
	struct nova_device *ndev = exec->queue->ndev;
	struct nova_vm *vm = exec->queue->vm;
	struct drm_exec locks;
	int idx, ret;

	drm_exec_init(&locks, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		      NOVA_EXEC_OBJECTS);
	drm_exec_until_all_locked(&locks) {
		ret = nova_vm_lock(vm, &locks);
		drm_exec_retry_on_contention(&locks);
		if (ret)
			goto out;
		/* In here, as TTM locks what it turns out with the same ticket. */
		ret = nova_vm_validate(vm, &locks);
		if (ret)
			goto out;
	}
	/* Jobs run in order: what the first one waits for all wait for. */
	if (exec->implicit && exec->count)
		ret = nova_implicit_set_deps(vm, exec->jobs[0].job, exec->explicit_deps);
	if (ret)
		goto out;

	ret = -ENODEV;
	if (nova_bound_enter(ndev, &idx)) {
		scoped_guard(mutex, &vm->userptrs.lock)
			ret = nova_userptrs_valid(vm) ? nova_exec_commit(exec, &locks) : -EAGAIN;
		nova_bound_exit(idx);
	}
out:
	drm_exec_fini(&locks);
	return ret;
}

static int nova_exec_submit(struct nova_exec *exec)
{
	struct nova_vm *vm = exec->queue->vm;
	int ret;

	/* And not the error of what a wedged device cannot do for the buffers. */
	if (nova_reset_wedged(exec->queue->ndev))
		return -ECANCELED;
	/* Memory of processes is looked up before, as that may take as long as they want. */
	do {
		ret = nova_userptrs_validate(vm);
		if (ret)
			return ret;
		ret = mutex_lock_interruptible(&vm->lock);
		if (ret)
			return ret;
		ret = nova_space_run(exec->queue->ndev, nova_exec_try, exec);
		mutex_unlock(&vm->lock);
	} while (ret == -EAGAIN);
	return ret;
}

int nova_ioctl_exec(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_exec *args = data;
	struct nova_exec exec = { .file = file };
	int ret;

	if (args->flags & ~DRM_NOVA_EXEC_IMPLICIT_SYNC)
		return -EINVAL;
	exec.implicit = args->flags & DRM_NOVA_EXEC_IMPLICIT_SYNC;
	exec.queue = nova_queue_lookup(nfile, args->queue_id);
	if (!exec.queue)
		return -ENOENT;
	if (exec.queue->userq) {
		nova_queue_put(exec.queue);
		return -EINVAL;
	}
	ret = nova_exec_init(&exec, &args->jobs);
	if (!ret)
		ret = nova_exec_submit(&exec);
	nova_exec_fini(&exec);
	nova_queue_put(exec.queue);
	return ret;
}
