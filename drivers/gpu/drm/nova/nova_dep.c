// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include <drm/gpu_scheduler.h>

#include "nova_dep.h"

static const char *nova_dep_get_driver_name(struct dma_fence *fence)
{
	return "nova-drm";
}

static const char *nova_dep_get_timeline_name(struct dma_fence *fence)
{
	return "dependency";
}

static const struct dma_fence_ops nova_dep_ops = {
	.get_driver_name = nova_dep_get_driver_name,
	.get_timeline_name = nova_dep_get_timeline_name,
};

/**
 * nova_deps_init() - no dependency yet
 * @deps: the queue's dependencies
 */
void nova_deps_init(struct nova_deps *deps)
{
	guard(spinlock_init)(&deps->lock);
	INIT_LIST_HEAD(&deps->armed);
}
EXPORT_SYMBOL_IF_KUNIT(nova_deps_init);

/**
 * nova_dep_create() - wrap a fence
 * @fence: the foreign fence; a reference is taken
 *
 * Return: a dependency, not armed, with one reference; NULL without memory.
 */
struct nova_dep *nova_dep_create(struct dma_fence *fence)
{
	struct nova_dep *dep = kzalloc_obj(*dep, GFP_KERNEL_ACCOUNT);

	if (!dep)
		return NULL;
	spin_lock_init(&dep->lock);
	INIT_LIST_HEAD(&dep->link);
	dep->fence = dma_fence_get(fence);
	dma_fence_init(&dep->base, &nova_dep_ops, &dep->lock, dma_fence_context_alloc(1), 1);
	return dep;
}
EXPORT_SYMBOL_IF_KUNIT(nova_dep_create);

/* Runs under the foreign fence's lock: nova_deps_cut() can wait for it to end. */
static void nova_dep_signalled(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct nova_dep *dep = container_of(cb, struct nova_dep, cb);

	dma_fence_signal(&dep->base);
	scoped_guard(spinlock_irqsave, &dep->deps->lock)
		list_del_init(&dep->link);
	dma_fence_put(fence);
	dma_fence_put(&dep->base);
}

/**
 * nova_dep_arm() - start to wait
 * @deps: the queue's dependencies; the queue is alive and the caller holds its lock
 * @dep: the dependency
 */
void nova_dep_arm(struct nova_deps *deps, struct nova_dep *dep)
{
	dep->deps = deps;
	dma_fence_get(&dep->base);
	scoped_guard(spinlock_irqsave, &deps->lock)
		list_add_tail(&dep->link, &deps->armed);
	if (dma_fence_add_callback(dep->fence, &dep->cb, nova_dep_signalled))
		nova_dep_signalled(dep->fence, &dep->cb);
}
EXPORT_SYMBOL_IF_KUNIT(nova_dep_arm);

/**
 * nova_deps_cut() - wait no longer
 * @deps: the queue's dependencies; no new ones are armed
 *
 * When it returns all dependencies have signalled, and no callback of the
 * queue is installed on a foreign fence or running.
 */
void nova_deps_cut(struct nova_deps *deps)
{
	struct dma_fence *fence;
	struct nova_dep *dep;

	for (;;) {
		scoped_guard(spinlock_irqsave, &deps->lock) {
			dep = list_first_entry_or_null(&deps->armed, struct nova_dep, link);
			if (dep) {
				list_del_init(&dep->link);
				dma_fence_get(&dep->base);
				fence = dma_fence_get(dep->fence);
			}
		}
		if (!dep)
			return;
		/* Takes the foreign fence's lock: a callback that runs has ended after it. */
		if (dma_fence_remove_callback(fence, &dep->cb)) {
			dma_fence_signal(&dep->base);
			dma_fence_put(fence);
			dma_fence_put(&dep->base);
		}
		dma_fence_put(fence);
		dma_fence_put(&dep->base);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_deps_cut);

/**
 * nova_dep_put() - the job does not need the dependency any more
 * @dep: the dependency; signalled or never armed
 */
void nova_dep_put(struct nova_dep *dep)
{
	if (!dep->deps) {
		dma_fence_signal(&dep->base);
		dma_fence_put(dep->fence);
	}
	dma_fence_put(&dep->base);
}
EXPORT_SYMBOL_IF_KUNIT(nova_dep_put);

static struct nova_dep *to_nova_dep(struct dma_fence *fence)
{
	return container_of(fence, struct nova_dep, base);
}

/**
 * nova_deps_add() - make a job wait for a fence
 * @job: the job, initialized; it has no other dependencies than those of here
 * @fence: any fence
 *
 * Return: 0 or -ENOMEM.
 */
int nova_deps_add(struct drm_sched_job *job, struct dma_fence *fence)
{
	struct nova_dep *dep = nova_dep_create(fence);
	int ret;

	if (!dep)
		return -ENOMEM;
	ret = drm_sched_job_add_dependency(job, dma_fence_get(&dep->base));
	if (ret)
		nova_dep_put(dep);
	else
		dma_fence_put(&dep->base);	/* the job has the other one */
	return ret;
}

/**
 * nova_deps_arm() - start to wait for all that a job waits for
 * @deps: the queue's dependencies; the queue is alive and the caller holds its lock
 * @job: the job, armed and not pushed yet
 */
void nova_deps_arm(struct nova_deps *deps, struct drm_sched_job *job)
{
	struct dma_fence *fence;
	unsigned long index;

	xa_for_each(&job->dependencies, index, fence)
		nova_dep_arm(deps, to_nova_dep(fence));
}

/**
 * nova_deps_count() - how many fences a job waits for
 * @job: the job, never armed
 *
 * Return: the number.
 */
unsigned long nova_deps_count(struct drm_sched_job *job)
{
	unsigned long index, count = 0;
	struct dma_fence *fence;

	xa_for_each(&job->dependencies, index, fence)
		count++;
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(nova_deps_count);

/**
 * nova_deps_trim() - a job waits for less
 * @job: the job, finished or never armed
 * @count: how many dependencies it keeps: those that were added first
 */
void nova_deps_trim(struct drm_sched_job *job, unsigned long count)
{
	struct dma_fence *fence;
	unsigned long index;

	/* Their indices are dense: each dependency is of a context of its own, and added as one. */
	xa_for_each_start(&job->dependencies, index, fence, count) {
		xa_erase(&job->dependencies, index);
		nova_dep_put(to_nova_dep(fence));
	}
}

/**
 * nova_deps_put() - a job waits for nothing any more
 * @job: the job, finished or never armed, before drm_sched_job_cleanup()
 */
void nova_deps_put(struct drm_sched_job *job)
{
	nova_deps_trim(job, 0);
}
