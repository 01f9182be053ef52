// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Asynchronous binds. The ioctl has recorded them (nova_bind_apply.c), so that all that comes
 * later sees the mappings as they will be; a job per bind applies them, in order, behind their
 * fences.
 *
 * The fence of a bind is in the reservations of all buffers of its VM until it has
 * been applied, so that none of them moves meanwhile. What runs until it signals takes
 * no lock under which somebody allocates or waits.
 */
#include <kunit/visibility.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>

#include <drm/nova_drm.h>

#include "nova_bind.h"
#include "nova_bind_queue.h"
#include "nova_bound.h"
#include "nova_pm.h"
#include "nova_space.h"
#include "nova_sync.h"
#include "nova_uapi.h"
#include "nova_vm.h"

/* One bind on its way through the scheduler. Holds no reference: its queue waits for it. */
struct nova_bind_job {
	struct drm_sched_job base;
	struct nova_bind_queue *queue;
	struct nova_fence *fence;	/* what user space sees; a reference once armed */
	struct nova_syncs syncs;
	struct nova_bind *bind;
	struct llist_node done;
};

static struct nova_bind_job *to_nova_bind_job(struct drm_sched_job *base)
{
	return container_of(base, struct nova_bind_job, base);
}

/* --- the scheduler's callbacks --- */

static void nova_bind_job_run(struct nova_bound *bound, struct nova_bind_job *job)
	__must_hold_shared(nova_core_door)
{
	struct nova_bind_queue *queue = job->queue;
	u64 seqno = job->fence->base.seqno;
	int error;

	guard(mutex)(&queue->lock);
	if (queue->dead) {
		nova_bind_forget(job->bind);
		return;
	}
	scoped_guard(mutex, &job->bind->vm->userptrs.lock)
		error = nova_bind_apply(bound, job->bind);
	if (seqno <= queue->cut.seqno)
		error = queue->cut.error;
	nova_timeline_end(&queue->timeline, seqno, error);
}

static struct dma_fence *nova_bind_queue_run_job(struct drm_sched_job *base)
{
	struct nova_bind_job *job = to_nova_bind_job(base);
	struct nova_bind_queue *queue = job->queue;
	struct nova_bound *bound;
	int idx;

	/*
	 * Without the door the device is going, or the queue: nova_bind_queue_kill() has
	 * signalled the fence, or will before it returns.
	 */
	bound = nova_bound_enter_unless(queue->ndev, &queue->over, &idx);
	if (bound) {
		nova_bind_job_run(bound, job);
		nova_bound_exit(idx);
	} else {
		nova_bind_forget(job->bind);
	}
	return NULL;
}

static void nova_bind_queue_free_job(struct drm_sched_job *base)
{
	struct nova_bind_job *job = to_nova_bind_job(base);
	struct nova_bind_queue *queue = job->queue;

	/* The next bind waits for this worker. */
	drm_sched_job_cleanup(base);
	base->s_fence = NULL;
	dma_fence_put(&job->fence->base);
	job->fence = NULL;
	llist_add(&job->done, &queue->done);
	queue_work(system_dfl_wq, &queue->free_work);
	nova_sched_put_job(&queue->sched);
}

static const struct drm_sched_backend_ops nova_bind_queue_ops = {
	.run_job = nova_bind_queue_run_job,
	.free_job = nova_bind_queue_free_job,
};

static void nova_bind_queue_free_work(struct work_struct *work)
{
	struct nova_bind_queue *queue = container_of(work, struct nova_bind_queue, free_work);
	struct nova_bind_job *job, *next;

	llist_for_each_entry_safe(job, next, llist_del_all(&queue->done), done) {
		nova_bind_free(job->bind);
		nova_bind_job_destroy(job);
	}
}

/* --- the queue --- */

static int nova_bind_queue_start(struct nova_bound *bound, struct nova_bind_queue *queue)
	__must_hold_shared(nova_core_door)
{
	const struct drm_sched_init_args args = {
		.ops = &nova_bind_queue_ops,
		.submit_wq = bound->sched_wq,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = 1,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "nova-bind",
		.dev = queue->ndev->drm.dev,
	};
	struct nova_device *ndev = queue->ndev;
	int ret;

	guard(mutex)(&ndev->queues.lock);
	if (ndev->queues.closed)
		return -ENODEV;
	ret = nova_sched_start(&queue->sched, ndev, &args);
	if (ret)
		return ret;
	nova_core_audit_add(bound->core, &queue->audit, "bind queue");
	list_add_tail(&queue->link, &ndev->queues.binds);
	return 0;
}

static struct nova_bind_queue *nova_bind_queue_create(struct nova_device *ndev)
{
	struct nova_bind_queue *queue = kzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);
	struct nova_bound *bound;
	int idx, ret = -ENODEV;

	if (!queue)
		return ERR_PTR(-ENOMEM);
	queue->ndev = ndev;
	INIT_LIST_HEAD(&queue->link);
	mutex_init(&queue->lock);
	nova_timeline_init(&queue->timeline);
	nova_deps_init(&queue->deps);
	init_llist_head(&queue->done);
	INIT_WORK(&queue->free_work, nova_bind_queue_free_work);

	bound = nova_bound_enter(ndev, &idx);
	if (bound) {
		ret = nova_bind_queue_start(bound, queue);
		nova_bound_exit(idx);
	}
	if (ret) {
		mutex_destroy(&queue->lock);
		kfree(queue);
		return ERR_PTR(ret);
	}
	return queue;
}

/* The VM's, made now if need be. It stays as long as the VM. */
static struct nova_bind_queue *nova_bind_queue_of(struct nova_vm *vm)
{
	struct nova_bind_queue *queue;
	int ret;

	/* An EXEC may hold it while it waits for the GPU. */
	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		return ERR_PTR(ret);
	queue = vm->binds ?: nova_bind_queue_create(vm->pt.ndev);
	if (!IS_ERR(queue))
		vm->binds = queue;
	mutex_unlock(&vm->lock);
	return queue;
}

/**
 * nova_bind_queue_last() - the fence of the last bind that is pending
 * @queue: the queue, or NULL
 *
 * Return: a reference, or NULL.
 */
struct dma_fence *nova_bind_queue_last(struct nova_bind_queue *queue)
{
	return queue ? nova_timeline_last(&queue->timeline) : NULL;
}

/* Nothing is applied afterwards, and nobody waits. */
static void nova_bind_queue_kill(struct nova_bind_queue *queue, int error)
{
	guard(mutex)(&queue->lock);
	if (!queue->dead)
		queue->dead = error;
	nova_timeline_abort(&queue->timeline, queue->dead);
	nova_deps_cut(&queue->deps);
}

/* Binds are applied without what they waited for, and say so. */
static void nova_bind_queue_cut(struct nova_bind_queue *queue, int error)
{
	struct dma_fence *fence;

	guard(mutex)(&queue->lock);
	fence = nova_timeline_last(&queue->timeline);
	if (fence) {
		queue->cut.seqno = fence->seqno;
		queue->cut.error = error;
		dma_fence_put(fence);
	}
	nova_deps_cut(&queue->deps);
}

/**
 * nova_bind_queues_kill() - no bind waits any longer
 * @ndev: the device, bound; its queues are dead
 * @error: of the fences of all binds that are pending; -ENODEV: they have signalled when this
 *	returns, and nothing is applied any more
 *
 * A device that was lost but is still bound runs nothing that could tell when a bind is applied. It
 * may come back, and mappings and page tables have to agree then: so binds end there soon, but
 * they take place.
 */
void nova_bind_queues_kill(struct nova_device *ndev, int error)
{
	struct nova_bind_queue *queue;

	list_for_each_entry(queue, &ndev->queues.binds, link) {
		if (error == -ENODEV)
			nova_bind_queue_kill(queue, error);
		else
			nova_bind_queue_cut(queue, error);
	}
}

/* The last bind that was cut off and has not been applied: a reference, or NULL. */
static struct dma_fence *nova_bind_queues_cut_last(struct nova_device *ndev)
{
	struct nova_bind_queue *queue;
	struct dma_fence *fence;

	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry(queue, &ndev->queues.binds, link) {
		scoped_guard(mutex, &queue->lock)
			fence = nova_timeline_find(&queue->timeline, queue->cut.seqno);
		if (fence)
			return fence;
	}
	return NULL;
}

/**
 * nova_bind_queues_wait() - until those binds have ended that wait for nothing any more
 * @ndev: the device; the caller is not inside the door
 */
void nova_bind_queues_wait(struct nova_device *ndev)
{
	struct dma_fence *fence;

	while ((fence = nova_bind_queues_cut_last(ndev))) {
		dma_fence_wait(fence, false);
		dma_fence_put(fence);
	}
}

/*
 * From the VM's end or from remove(), whoever comes first. Bounded: no bind waits for anybody. What
 * binds have unmapped may still be on its way out: that is waited for next.
 */
static void nova_bind_queue_teardown(struct nova_device *ndev, struct nova_bind_queue *queue)
	__must_hold(&ndev->queues.lock)
{
	struct nova_bound *bound;

	bound = nova_bound_pin(ndev, &ndev->queues.lock, &queue->link);
	nova_bind_queue_kill(queue, -ECANCELED);
	nova_pm_call_off(ndev, &queue->over);
	nova_sched_stop(&queue->sched);
	nova_core_audit_del(bound->core, &queue->audit);
	list_del_init(&queue->link);
	nova_bound_unpin();
}

/**
 * nova_bind_queues_teardown() - schedulers of all bind queues go
 * @ndev: the device; nobody is inside the door, all bind queues are dead
 */
void nova_bind_queues_teardown(struct nova_device *ndev)
{
	struct nova_bind_queue *queue, *next;

	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry_safe(queue, next, &ndev->queues.binds, link) {
		nova_bind_queue_teardown(ndev, queue);
		flush_work(&queue->free_work);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_bind_queues_teardown);

/**
 * nova_bind_queue_destroy() - free the bind queue of a VM
 * @queue: the queue, or NULL; nobody submits to it any more
 *
 * Binds that are pending are not applied. Their fences signal with ECANCELED.
 */
void nova_bind_queue_destroy(struct nova_bind_queue *queue)
{
	if (!queue)
		return;
	scoped_guard(mutex, &queue->ndev->queues.lock)
		if (!list_empty(&queue->link))
			nova_bind_queue_teardown(queue->ndev, queue);
	/* Not under the lock: it may take reservations. */
	flush_work(&queue->free_work);
	mutex_destroy(&queue->lock);
	kfree(queue);
}

/* --- jobs --- */

static int nova_bind_job_add_wait(void *data, const struct drm_nova_sync *sync)
{
	struct nova_bind_job *job = data;
	struct dma_fence *fence;
	int ret;

	ret = nova_sync_find_fence(job->bind->file, sync, &fence);
	if (ret || !fence)
		return ret;
	/* Binds of one VM are applied in order anyway. */
	if (fence->context != job->queue->timeline.context && !dma_fence_is_signaled(fence))
		ret = nova_deps_add(&job->base, fence);
	dma_fence_put(fence);
	return ret;
}

static int nova_bind_job_init(struct nova_bind_job *job, struct drm_file *file)
{
	int ret;

	job->fence = nova_fence_alloc();
	if (!job->fence)
		return -ENOMEM;
	ret = drm_sched_job_init(&job->base, &job->queue->sched.entity, 1, job->queue,
				 file->client_id);
	if (ret) {
		job->base.s_fence = NULL;
		return ret;
	}
	return nova_syncs_lookup(&job->syncs, file, nova_bind_job_add_wait, job);
}

/**
 * nova_bind_job_create() - prepare a bind to be submitted
 * @bind: the bind; the job's once it is submitted
 * @syncs: what it waits for and signals
 *
 * Return: the job, or a negative error code.
 */
struct nova_bind_job *nova_bind_job_create(struct nova_bind *bind,
					   const struct drm_nova_array *syncs)
{
	struct nova_bind_job *job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!job)
		return ERR_PTR(-ENOMEM);
	job->bind = bind;
	ret = nova_syncs_init(&job->syncs, syncs);
	if (!ret) {
		job->queue = nova_bind_queue_of(bind->vm);
		ret = PTR_ERR_OR_ZERO(job->queue);
	}
	if (!ret)
		ret = nova_bind_job_init(job, bind->file);
	if (ret) {
		nova_bind_job_destroy(job);
		return ERR_PTR(ret);
	}
	return job;
}

/**
 * nova_bind_job_destroy() - free a job
 * @job: ended, or never submitted; its bind is left alone
 */
void nova_bind_job_destroy(struct nova_bind_job *job)
{
	if (job->base.s_fence) {
		nova_deps_put(&job->base);
		drm_sched_job_cleanup(&job->base);
	}
	nova_fence_free(job->fence);
	nova_syncs_fini(&job->syncs);
	kfree(job);
}

/* The point of no return. */
static int nova_bind_job_arm(struct nova_bind_job *job, struct drm_exec *exec)
{
	struct nova_bind_queue *queue = job->queue;
	struct dma_fence *fence;

	guard(mutex)(&queue->lock);
	if (queue->dead)
		return queue->dead;
	if (nova_timeline_pending(&queue->timeline) >= NOVA_VM_BINDS_MAX)
		return -NOVA_SPACE_LIMIT;
	guard(mutex)(&job->bind->vm->userptrs.lock);
	if (!nova_bind_valid(job->bind))
		return -EAGAIN;
	nova_bind_record(job->bind);
	nova_sched_get_job(&queue->sched);
	drm_sched_job_arm(&job->base);
	nova_fence_arm(&queue->timeline, job->fence);
	nova_deps_arm(&queue->deps, &job->base);
	fence = &job->fence->base;
	nova_syncs_signal(&job->syncs, fence);
	drm_gpuvm_resv_add_fence(&job->bind->vm->gpuvm, exec, fence, DMA_RESV_USAGE_BOOKKEEP,
				 DMA_RESV_USAGE_BOOKKEEP);
	drm_sched_entity_push_job(&job->base);
	return 0;
}

/**
 * nova_bind_job_submit() - record a bind and have it applied later
 * @job: the job; the queue's when this returns 0
 * @exec: holds the reservations of the VM and its buffers, each with room for a fence
 *
 * Return: 0, -ENODEV, -NOVA_SPACE_LIMIT when too many are pending, -EAGAIN when memory of a process
 * has to be looked up again.
 */
int nova_bind_job_submit(struct nova_bind_job *job, struct drm_exec *exec)
{
	int idx, ret;

	if (!nova_bound_enter(job->queue->ndev, &idx))
		return -ENODEV;
	ret = nova_bind_job_arm(job, exec);
	nova_bound_exit(idx);
	return ret;
}
