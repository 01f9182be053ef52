/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_SCHED_H_
#define _NOVA_SCHED_H_

#include <linux/atomic.h>
#include <linux/completion.h>

#include <drm/gpu_scheduler.h>

#include <drm/nova_drm.h>

#include "nova_fence.h"

struct dma_fence;
struct nova_bound;
struct nova_device;
struct nova_queue;

/**
 * struct nova_sched - a scheduler with one entity: its jobs run in order
 */
struct nova_sched {
	/** @base: base */
	struct drm_gpu_scheduler base;
	/** @entity: its only entity */
	struct drm_sched_entity entity;
	/** @ndev: the device; a job keeps it awake */
	struct nova_device *ndev;
	/** @jobs: jobs that were armed and not yet freed, and one for the owner */
	atomic_t jobs;
	/** @idle: completed when @jobs becomes 0 */
	struct completion idle;
};

int nova_sched_start(struct nova_sched *sched, struct nova_device *ndev,
		     const struct drm_sched_init_args *args);
void nova_sched_stop(struct nova_sched *sched);
void nova_sched_get_job(struct nova_sched *sched);
void nova_sched_put_job(struct nova_sched *sched);

/**
 * struct nova_job - one job on its way through the scheduler
 *
 * Holds no reference: its queue waits for it. Once armed its memory is its fence's, and stays as
 * long as somebody keeps that. It has 256 bytes, for which there is a slab: with one more it would
 * take 512, and those are cleared for each job.
 */
struct nova_job {
	/** @fence: what user space sees; must be first, a reference once armed */
	struct nova_fence fence;
	/** @base: base */
	struct drm_sched_job base;
	/** @queue: the queue */
	struct nova_queue *queue;
	/** @pushes: what the GPU executes: nova_job_push_count() of them */
	struct drm_nova_push *pushes;
};

#define to_nova_job(base_) container_of(base_, struct nova_job, base)

/**
 * nova_job_push_count() - how many pushes a job has
 * @job: the job, initialized
 *
 * Return: the number. Its credits are the entries of the ring that it takes: one is the release.
 */
static inline u32 nova_job_push_count(const struct nova_job *job)
{
	return job->base.credits - 1;
}

u32 nova_sched_timeout_ms(void);
u32 nova_sched_verdict(int stuck, bool other);

int nova_sched_init(struct nova_bound *bound, struct nova_queue *queue);
void nova_sched_fini(struct nova_queue *queue);

int nova_job_init(struct nova_job *job, struct nova_queue *queue, u32 push_count, u64 client_id);
int nova_job_add_dep(struct nova_job *job, struct dma_fence *fence);
struct dma_fence *nova_job_arm(struct nova_job *job);
void nova_job_push(struct nova_job *job);
void nova_job_fini(struct nova_job *job);

#endif /* _NOVA_SCHED_H_ */
