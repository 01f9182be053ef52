/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_BIND_QUEUE_H_
#define _NOVA_BIND_QUEUE_H_

#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <linux/nova_core.h>

#include "nova_dep.h"
#include "nova_device.h"
#include "nova_fence.h"
#include "nova_sched.h"

struct drm_exec;
struct drm_nova_array;
struct nova_bind;
struct nova_bind_job;
struct nova_vm;

/**
 * struct nova_bind_queue - asynchronous binds of one address space, in order
 *
 * Made by the first of them; belongs to the VM and is freed with it. Its scheduler
 * exists while it is on nova_device.queues.binds; the VM's end and remove() both take it down
 * through nova_bind_queue_teardown(). Binds hold no reference: the VM's end waits for them.
 *
 * Locks order: nova_device.queues.lock -> @lock -> nova_pt.lock. Neither of them is held while
 * somebody waits or allocates: a bind under way needs them to end.
 */
struct nova_bind_queue {
	/** @ndev: the DRM device */
	struct nova_device *ndev;
	/** @link: on nova_device.queues.binds while @sched exists */
	struct list_head link;
	/** @audit: registry entry while @sched exists */
	struct nova_core_audit audit;
	/** @lock: guards @dead and submission; held while a bind is applied */
	struct mutex lock;
	/** @dead: error of all that is submitted from now on, or 0; then nothing is applied */
	int dead __guarded_by(&lock);
	/** @over: it is being taken down: no bind needs to wake the device, see nova_pm.c */
	bool over;
	/** @cut: the device was lost, and some binds stopped waiting for what they should */
	struct {
		/** @cut.seqno: the last of them */
		u64 seqno;
		/** @cut.error: of their fences */
		int error;
	} cut __guarded_by(&lock);
	/** @timeline: fences of the binds */
	struct nova_timeline timeline;
	/** @deps: fences the binds wait for */
	struct nova_deps deps;
	/** @sched: runs the binds */
	struct nova_sched sched;
	/** @done: jobs that have ended */
	struct llist_head done;
	/** @free_work: frees them, and the buffers they unmapped, where that may take locks */
	struct work_struct free_work;
};

struct dma_fence *nova_bind_queue_last(struct nova_bind_queue *queue);
void nova_bind_queue_destroy(struct nova_bind_queue *queue)
	__must_not_hold(nova_core_door);

void nova_bind_queues_wait(struct nova_device *ndev);
void nova_bind_queues_kill(struct nova_device *ndev, int error)
	__must_hold(&ndev->queues.lock);
void nova_bind_queues_teardown(struct nova_device *ndev)
	__must_hold(nova_core_door);

struct nova_bind_job *nova_bind_job_create(struct nova_bind *bind,
					   const struct drm_nova_array *syncs)
	__must_not_hold(nova_core_door);
int nova_bind_job_submit(struct nova_bind_job *job, struct drm_exec *exec)
	__must_not_hold(nova_core_door);
void nova_bind_job_destroy(struct nova_bind_job *job)
	__must_not_hold(nova_core_door);

#endif /* _NOVA_BIND_QUEUE_H_ */
