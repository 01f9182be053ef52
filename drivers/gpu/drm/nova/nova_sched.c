// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Jobs and their scheduler. Each queue has a drm_gpu_scheduler of its own with one entity, so jobs
 * of a queue run in order and a queue's end is its scheduler's end.
 *
 * Two fences belong to a job: the scheduler's, which nobody else sees, and the
 * nova_fence, which user space gets and which can be signalled at any time.
 */
#include <kunit/visibility.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "regs/nv_error.h"

#include "nova_bound.h"
#include "nova_dep.h"
#include "nova_device.h"
#include "nova_fence.h"
#include "nova_pm.h"
#include "nova_queue.h"
#include "nova_sched.h"

#define NOVA_TIMEOUT_MS_MIN	100
#define NOVA_TIMEOUT_MS_MAX	600000

static uint job_timeout_ms = 5000;
module_param(job_timeout_ms, uint, 0644);
MODULE_PARM_DESC(job_timeout_ms, "milliseconds a job of a new queue may run before its queue is killed (100..600000, default 5000)");

/**
 * nova_sched_timeout_ms() - how long a job of a queue created now may run
 *
 * Return: milliseconds.
 */
u32 nova_sched_timeout_ms(void)
{
	return clamp(READ_ONCE(job_timeout_ms), NOVA_TIMEOUT_MS_MIN, NOVA_TIMEOUT_MS_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(nova_sched_timeout_ms);

static struct dma_fence *nova_sched_run_job(struct drm_sched_job *base)
{
	struct nova_job *job = to_nova_job(base);
	struct nova_queue *queue = job->queue;
	struct nova_bound *bound;
	int idx;

	/*
	 * Without the door the device is going, or the queue: nova_queue_kill() has signalled
	 * the fence, or nova_queues_kill() will before it returns.
	 */
	bound = nova_bound_enter_unless(queue->ndev, &queue->over, &idx);
	if (bound) {
		nova_queue_run(bound, queue, job);
		nova_bound_exit(idx);
	}
	return dma_fence_get(&job->fence.base);
}

/**
 * nova_sched_verdict() - what becomes of a queue whose job took too long
 * @stuck: what nova_core_engine_stuck() said of its engine
 * @other: the channel on the engine is another one
 *
 * Return: DRM_NOVA_QUEUE_STATE_*. An engine that lets its channels go leaves nobody to blame but
 * the queue; of a device that does not say there is no telling.
 */
u32 nova_sched_verdict(int stuck, bool other)
{
	if (stuck < 0)
		return DRM_NOVA_QUEUE_STATE_TIMEDOUT | DRM_NOVA_QUEUE_STATE_LOST;
	if (stuck && other)
		return DRM_NOVA_QUEUE_STATE_TIMEDOUT | DRM_NOVA_QUEUE_STATE_INNOCENT;
	return DRM_NOVA_QUEUE_STATE_TIMEDOUT | DRM_NOVA_QUEUE_STATE_GUILTY;
}
EXPORT_SYMBOL_IF_KUNIT(nova_sched_verdict);

/*
 * The job at the head did not finish in time. It may have, with the interrupt
 * lost; or another queue's job may hold the engine; or it is this one's fault.
 *
 * Always NO_HANG: that gives the job back to the scheduler's list, from where
 * it is freed if its fence has signalled by now. (With ENODEV it would be on no
 * list. The timer that is armed again finds nothing, as all fences have signalled.)
 */
static enum drm_gpu_sched_stat nova_sched_timedout_job(struct drm_sched_job *base)
{
	struct nova_queue *queue = to_nova_job(base)->queue;
	struct nova_bound *bound;
	u32 chid = ~0u;
	int idx, ret;
	bool other;

	bound = nova_bound_enter_unless(queue->ndev, &queue->over, &idx);
	if (!bound)
		return DRM_GPU_SCHED_STAT_NO_HANG;

	nova_queue_process(queue);
	if (dma_fence_is_signaled(&to_nova_job(base)->fence.base)) {
		nova_core_irq_rearm(bound->core);
		goto out;
	}

	/*
	 * Each queue is condemned once: a device that goes on to blame one that is
	 * dead, or that never was, does not keep this one waiting for ever.
	 */
	ret = nova_core_engine_stuck(bound->core, queue->engine, &chid);
	other = chid != nova_core_chan_id(queue->hw.chan);
	if (ret <= 0 || !other ||
	    !nova_queue_condemn(bound, chid, nova_sched_verdict(ret, false), NV_ERROR_RESETCHANNEL))
		nova_queue_kill(queue, -ECANCELED, nova_sched_verdict(ret, other),
				NV_ERROR_RESETCHANNEL);
out:
	nova_bound_exit(idx);
	return DRM_GPU_SCHED_STAT_NO_HANG;
}

static void nova_sched_free_job(struct drm_sched_job *base)
{
	struct nova_job *job = to_nova_job(base);
	struct nova_queue *queue = job->queue;

	nova_job_fini(job);
	dma_fence_put(&job->fence.base);
	nova_sched_put_job(&queue->sched);
}

static const struct drm_sched_backend_ops nova_sched_ops = {
	.run_job = nova_sched_run_job,
	.timedout_job = nova_sched_timedout_job,
	.free_job = nova_sched_free_job,
};

/**
 * nova_sched_init() - start the scheduler of a queue
 * @bound: the bound device
 * @queue: the queue
 *
 * Return: 0 or -ENOMEM.
 */
int nova_sched_init(struct nova_bound *bound, struct nova_queue *queue)
{
	const struct drm_sched_init_args args = {
		.ops = &nova_sched_ops,
		.submit_wq = bound->sched_wq,
		.timeout_wq = bound->reset_wq,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = queue->ring_size - 1,
		.timeout = msecs_to_jiffies(nova_sched_timeout_ms()),
		.name = "nova-queue",
		.dev = queue->ndev->drm.dev,
	};

	return nova_sched_start(&queue->sched, queue->ndev, &args);
}
EXPORT_SYMBOL_IF_KUNIT(nova_sched_init);

/**
 * nova_sched_fini() - end the scheduler of a queue
 * @queue: the queue, dead, with all fences and dependencies signalled
 *
 * The caller holds nova_device.queues.lock.
 */
void nova_sched_fini(struct nova_queue *queue)
{
	nova_sched_stop(&queue->sched);
}
EXPORT_SYMBOL_IF_KUNIT(nova_sched_fini);

/**
 * nova_sched_start() - start a scheduler
 * @sched: the scheduler
 * @ndev: the device
 * @args: of drm_sched_init()
 *
 * Return: 0 or -ENOMEM.
 */
int nova_sched_start(struct nova_sched *sched, struct nova_device *ndev,
		     const struct drm_sched_init_args *args)
{
	struct drm_gpu_scheduler *base = &sched->base;
	int ret;

	sched->ndev = ndev;
	atomic_set(&sched->jobs, 1);
	init_completion(&sched->idle);
	ret = drm_sched_init(base, args);
	if (ret)
		return ret;
	ret = drm_sched_entity_init(&sched->entity, DRM_SCHED_PRIORITY_NORMAL, &base, 1, NULL);
	if (ret)
		drm_sched_fini(base);
	return ret;
}

/**
 * nova_sched_get_job() - a job is armed
 * @sched: the scheduler
 *
 * Inside the door. The device stays awake until the job is freed: its begin and end are what
 * others' fences wait for, and have no time to wake anybody.
 */
void nova_sched_get_job(struct nova_sched *sched)
{
	atomic_inc(&sched->jobs);
	nova_pm_hold(sched->ndev);
}

static void nova_sched_drop(struct nova_sched *sched)
{
	if (atomic_dec_and_test(&sched->jobs))
		complete(&sched->idle);
}

/**
 * nova_sched_put_job() - a job is freed
 * @sched: the scheduler
 *
 * The last one may run on a work queue that is not ours: nothing of the owner is used after it.
 */
void nova_sched_put_job(struct nova_sched *sched)
{
	nova_pm_release(sched->ndev);
	nova_sched_drop(sched);
}

/**
 * nova_sched_stop() - end a scheduler
 * @sched: the scheduler; its jobs have nothing to do or to wait for
 *
 * The caller holds nova_device.queues.lock.
 *
 * Returns when every job is freed and no work of the scheduler is left.
 *
 * Jobs that wait to be run are run, which takes no time as their owner is dead. They are not left
 * to drm_sched_entity_fini(): it takes them from a list made for one taker, and in Linux 7.2 the
 * scheduler's worker goes on to take them as well if it is just about to run one of several.
 *
 * It may have been stopped by nova_pm.c, for the machine's sleep. Nobody can be let wait for the
 * end of that, and these jobs need no device.
 *
 * The scheduler is stopped twice, once more by drm_sched_fini(). The worker that has freed the last
 * job queues the other one if it finds the scheduler not stopped yet, and that can be after the
 * other one was cancelled. The second stop finds nobody who could do that, and cancels it.
 */
void nova_sched_stop(struct nova_sched *sched)
{
	nova_sched_drop(sched);
	if (nova_pm_is_parked(sched->ndev))
		drm_sched_wqueue_start(&sched->base);
	wait_for_completion(&sched->idle);
	drm_sched_wqueue_stop(&sched->base);
	drm_sched_entity_fini(&sched->entity);
	drm_sched_fini(&sched->base);
}

/**
 * nova_job_init() - prepare a job
 * @job: the job, zeroed, with @pushes set
 * @queue: the queue, to be kept referenced until nova_job_push() or nova_job_fini()
 * @push_count: entries of @pushes
 * @client_id: for tracing
 *
 * Return: 0 or -ENOMEM; nova_job_fini() undoes it in both cases, and the memory is the caller's
 * until nova_job_arm().
 */
int nova_job_init(struct nova_job *job, struct nova_queue *queue, u32 push_count, u64 client_id)
{
	int ret;

	static_assert(!offsetof(struct nova_job, fence.base));
	job->queue = queue;
	ret = drm_sched_job_init(&job->base, &queue->sched.entity, push_count + 1, queue,
				 client_id);
	if (ret)
		job->base.s_fence = NULL;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_job_init);

/**
 * nova_job_add_dep() - make a job wait for a fence
 * @job: the job, initialized
 * @fence: any fence
 *
 * Return: 0 or -ENOMEM.
 */
int nova_job_add_dep(struct nova_job *job, struct dma_fence *fence)
{
	/* Jobs of one queue run in order anyway. */
	if (fence->context == job->queue->timeline.context || dma_fence_is_signaled(fence))
		return 0;
	return nova_deps_add(&job->base, fence);
}
EXPORT_SYMBOL_IF_KUNIT(nova_job_add_dep);

/**
 * nova_job_arm() - the point of no return
 * @job: the job, initialized
 *
 * The caller holds the queue's lock, has found it alive, and calls
 * nova_job_push() next; between the two nothing may fail.
 *
 * Return: the job's fence; valid until nova_job_push() unless a reference is taken.
 */
struct dma_fence *nova_job_arm(struct nova_job *job)
{
	struct nova_queue *queue = job->queue;

	lockdep_assert_held(&queue->lock);
	nova_sched_get_job(&queue->sched);
	drm_sched_job_arm(&job->base);
	nova_fence_arm(&queue->timeline, &job->fence);
	nova_deps_arm(&queue->deps, &job->base);
	return &job->fence.base;
}
EXPORT_SYMBOL_IF_KUNIT(nova_job_arm);

/**
 * nova_job_push() - give an armed job to the scheduler, which frees it
 * @job: the job; may be gone when this returns
 */
void nova_job_push(struct nova_job *job)
{
	drm_sched_entity_push_job(&job->base);
}
EXPORT_SYMBOL_IF_KUNIT(nova_job_push);

/**
 * nova_job_fini() - release what a job holds
 * @job: the job, finished or never submitted
 */
void nova_job_fini(struct nova_job *job)
{
	if (job->base.s_fence) {
		nova_deps_put(&job->base);
		drm_sched_job_cleanup(&job->base);
	}
	kvfree(job->pushes);
}
EXPORT_SYMBOL_IF_KUNIT(nova_job_fini);
