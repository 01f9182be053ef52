/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_DEP_H_
#define _NOVA_DEP_H_

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/spinlock.h>

struct drm_sched_job;

/**
 * struct nova_dep - a job's dependency on a fence that may be anybody's
 *
 * The scheduler waits for this fence instead of the foreign one, which may
 * never signal. When the queue is killed the dependency is cut: our callback is taken off
 * the foreign fence and this one signals, so teardown waits for nobody else. The job has the
 * reference: &drm_sched_job.dependencies are all of this type.
 */
struct nova_dep {
	/** @base: must be first, the core frees it */
	struct dma_fence base;
	/** @lock: @base's lock; its own class, as it is taken inside the foreign fence's */
	spinlock_t lock;
	/** @link: on &nova_deps.armed while the callback is installed */
	struct list_head link;
	/** @deps: the queue's dependencies, NULL until armed */
	struct nova_deps *deps;
	/** @cb: our callback on @fence */
	struct dma_fence_cb cb;
	/** @fence: the foreign fence; the reference is dropped when @link is taken off */
	struct dma_fence *fence;
};

/**
 * struct nova_deps - the armed dependencies of one queue
 */
struct nova_deps {
	/** @lock: guards @armed; taken in fence callbacks, so with interrupts off */
	spinlock_t lock;
	/** @armed: dependencies with a callback installed */
	struct list_head armed __guarded_by(&lock);
};

void nova_deps_init(struct nova_deps *deps);
void nova_deps_cut(struct nova_deps *deps);

int nova_deps_add(struct drm_sched_job *job, struct dma_fence *fence);
void nova_deps_arm(struct nova_deps *deps, struct drm_sched_job *job);
unsigned long nova_deps_count(struct drm_sched_job *job);
void nova_deps_trim(struct drm_sched_job *job, unsigned long count);
void nova_deps_put(struct drm_sched_job *job);

struct nova_dep *nova_dep_create(struct dma_fence *fence);
void nova_dep_arm(struct nova_deps *deps, struct nova_dep *dep);
void nova_dep_put(struct nova_dep *dep);

#endif /* _NOVA_DEP_H_ */
