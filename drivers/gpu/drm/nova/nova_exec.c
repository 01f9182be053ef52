// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * EXEC: arrays of jobs, all or none.
 *
 * First everything that can fail: arguments, syncobjs, memory, residence of
 * the VM's buffers. Then, under the queue's lock, jobs are armed and pushed.
 */
#include <kunit/visibility.h>
#include <linux/dma-fence-chain.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_syncobj.h>

#include <drm/nova_drm.h>

#include "regs/nv_host.h"

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_exec.h"
#include "nova_file.h"
#include "nova_queue.h"
#include "nova_sched.h"
#include "nova_uapi.h"
#include "nova_vm.h"

/* A syncobj to signal. */
struct nova_exec_signal {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;	/* timeline only, until used */
	u32 handle;
	u64 point;
};

struct nova_exec_job {
	struct nova_job *job;		/* NULL once pushed */
	struct nova_exec_signal *signals;
	u32 signal_count;
};

/* One call of the ioctl. */
struct nova_exec {
	struct drm_file *file;
	struct nova_queue *queue;
	struct drm_nova_job *args;
	struct nova_exec_job *jobs;
	u32 count;
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
	job->push_count = array->count;
	for (u32 i = 0; i < job->push_count; i++) {
		ret = nova_exec_check_push(&pushes[i]);
		if (ret)
			return ret;
	}
	return 0;
}

VISIBLE_IF_KUNIT int nova_exec_check_sync(const struct drm_nova_sync *sync)
{
	if (sync->flags & ~(DRM_NOVA_SYNC_SIGNAL | DRM_NOVA_SYNC_TIMELINE))
		return -EINVAL;
	return !sync->point == !(sync->flags & DRM_NOVA_SYNC_TIMELINE) ? 0 : -EINVAL;
}
EXPORT_SYMBOL_IF_KUNIT(nova_exec_check_sync);

/* Does an earlier job of this call signal what @sync waits for? Jobs run in order. */
static bool nova_exec_signalled_before(struct nova_exec *exec, u32 index,
				       const struct drm_nova_sync *sync)
{
	for (u32 i = 0; i < index; i++) {
		struct nova_exec_job *job = &exec->jobs[i];

		for (u32 j = 0; j < job->signal_count; j++)
			if (job->signals[j].handle == sync->handle &&
			    job->signals[j].point >= sync->point)
				return true;
	}
	return false;
}

static int nova_exec_add_wait(struct nova_exec *exec, u32 index, const struct drm_nova_sync *sync)
{
	struct dma_fence *fence;
	int ret;

	if (nova_exec_signalled_before(exec, index, sync))
		return 0;
	ret = drm_syncobj_find_fence(exec->file, sync->handle, sync->point, 0, &fence);
	if (ret)
		return ret;
	if (fence) {
		ret = nova_job_add_dep(exec->jobs[index].job, fence);
		dma_fence_put(fence);
	}
	return ret;
}

static int nova_exec_add_signal(struct nova_exec *exec, struct nova_exec_job *job,
				const struct drm_nova_sync *sync)
{
	struct nova_exec_signal *signal = &job->signals[job->signal_count];

	signal->syncobj = drm_syncobj_find(exec->file, sync->handle);
	if (!signal->syncobj)
		return -ENOENT;
	job->signal_count++;
	signal->handle = sync->handle;
	signal->point = sync->point;
	if (!(sync->flags & DRM_NOVA_SYNC_TIMELINE))
		return 0;
	signal->chain = dma_fence_chain_alloc();
	return signal->chain ? 0 : -ENOMEM;
}

static int nova_exec_copy_syncs(struct nova_exec *exec, u32 index,
				const struct drm_nova_array *array)
{
	struct nova_exec_job *job = &exec->jobs[index];
	struct drm_nova_sync *syncs;
	int ret = 0;

	syncs = nova_uapi_array(array, sizeof(*syncs), sizeof(*syncs), NOVA_SYNCS_MAX);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	job->signals = kcalloc(array->count, sizeof(*job->signals), GFP_KERNEL_ACCOUNT);
	job->job->deps = kcalloc(array->count, sizeof(*job->job->deps), GFP_KERNEL_ACCOUNT);
	if (!job->signals || !job->job->deps)
		ret = -ENOMEM;

	for (u32 i = 0; !ret && i < array->count; i++)
		ret = nova_exec_check_sync(&syncs[i]);
	for (u32 i = 0; !ret && i < array->count; i++)
		ret = syncs[i].flags & DRM_NOVA_SYNC_SIGNAL ?
		      nova_exec_add_signal(exec, job, &syncs[i]) :
		      nova_exec_add_wait(exec, index, &syncs[i]);
	kvfree(syncs);
	return ret;
}

static int nova_exec_init_job(struct nova_exec *exec, u32 index)
{
	const struct drm_nova_job *args = &exec->args[index];
	struct nova_job *job;
	int ret;

	if (args->flags || args->pad)
		return -EINVAL;
	job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	if (!job)
		return -ENOMEM;
	exec->jobs[index].job = job;
	ret = nova_exec_copy_pushes(exec, job, &args->pushes);
	if (ret)
		return ret;
	ret = nova_job_init(job, exec->queue, exec->file->client_id);
	if (ret)
		return ret;
	return nova_exec_copy_syncs(exec, index, &args->syncs);
}

static int nova_exec_init(struct nova_exec *exec, const struct drm_nova_array *array)
{
	struct drm_nova_job *args;
	int ret;

	args = nova_uapi_array(array, sizeof(*args), sizeof(*args), NOVA_EXEC_JOBS_MAX);
	if (IS_ERR(args))
		return PTR_ERR(args);
	exec->args = args;
	exec->jobs = kcalloc(array->count, sizeof(*exec->jobs), GFP_KERNEL_ACCOUNT);
	if (!exec->jobs)
		return -ENOMEM;
	for (exec->count = 0; exec->count < array->count;) {
		ret = nova_exec_init_job(exec, exec->count++);
		if (ret)
			return ret;
	}
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
		for (u32 j = 0; j < job->signal_count; j++) {
			dma_fence_chain_free(job->signals[j].chain);
			drm_syncobj_put(job->signals[j].syncobj);
		}
		kfree(job->signals);
	}
	kfree(exec->jobs);
	kvfree(exec->args);
}

static void nova_exec_signal(struct nova_exec_job *job, struct dma_fence *fence)
{
	for (u32 i = 0; i < job->signal_count; i++) {
		struct nova_exec_signal *signal = &job->signals[i];

		if (signal->chain)
			drm_syncobj_add_point(signal->syncobj, signal->chain, fence,
					      signal->point);
		else
			drm_syncobj_replace_fence(signal->syncobj, fence);
		signal->chain = NULL;
	}
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
		return -ENOSPC;
	for (u32 i = 0; i < exec->count; i++) {
		fence = nova_job_arm(exec->jobs[i].job);
		nova_exec_signal(&exec->jobs[i], fence);
		/* The last fence of the timeline stands for the others. */
		if (i == exec->count - 1)
			drm_gpuvm_resv_add_fence(&queue->vm->gpuvm, locks, fence,
						 DMA_RESV_USAGE_BOOKKEEP, DMA_RESV_USAGE_BOOKKEEP);
		nova_job_push(exec->jobs[i].job);
		exec->jobs[i].job = NULL;
	}
	return 0;
}

static int nova_exec_submit(struct nova_exec *exec)
{
	struct nova_device *ndev = exec->queue->ndev;
	struct nova_vm *vm = exec->queue->vm;
	struct drm_exec locks;
	int idx, ret;

	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		return ret;
	drm_exec_init(&locks, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&locks) {
		ret = drm_gpuvm_prepare_vm(&vm->gpuvm, &locks, 1);
		drm_exec_retry_on_contention(&locks);
		if (ret)
			goto out;
		ret = drm_gpuvm_prepare_objects(&vm->gpuvm, &locks, 1);
		drm_exec_retry_on_contention(&locks);
		if (ret)
			goto out;
	}
	ret = nova_vm_validate(vm, &locks);
	if (ret)
		goto out;

	ret = -ENODEV;
	if (nova_bound_enter(ndev, &idx)) {
		ret = nova_exec_commit(exec, &locks);
		nova_bound_exit(idx);
	}
out:
	drm_exec_fini(&locks);
	mutex_unlock(&vm->lock);
	return ret;
}

int nova_ioctl_exec(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_exec *args = data;
	struct nova_exec exec = { .file = file };
	int ret;

	if (args->flags)
		return -EINVAL;
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
