/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_QUEUE_H_
#define _NOVA_QUEUE_H_

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <drm/drm_mm.h>

#include <linux/nova_core.h>

#include "nova_dep.h"
#include "nova_device.h"
#include "nova_dump.h"
#include "nova_fence.h"
#include "nova_sched.h"

struct drm_device;
struct drm_file;
struct nova_bound;
struct nova_device;
struct nova_file;
struct nova_job;
struct nova_userq;
struct nova_vm;

/**
 * struct nova_queue - a channel with its scheduler
 *
 * Referenced by the file's handle and by ioctls in flight, never by jobs: the
 * last reference kills what still runs and waits for it, so no job outlives
 * its queue. The hardware half exists while the queue is on nova_device.queues;
 * destruction and remove() both take it down through nova_queue_teardown().
 *
 * Locks order: nova_device.queues.lock -> @lock -> @ring.lock -> @timeline.lock.
 */
struct nova_queue {
	/** @ref: reference count */
	struct kref ref;
	/** @ndev: the DRM device, a reference is held */
	struct nova_device *ndev;
	/** @vm: address space, a reference is held */
	struct nova_vm *vm;
	/** @id: what its file knows it by */
	u32 id;
	/** @client_id: the DRM client that made it */
	u64 client_id;
	/** @engine: engine index */
	u32 engine;
	/** @priority: DRM_NOVA_PRIORITY_* */
	u32 priority;
	/** @ring_size: GPFIFO entries */
	u32 ring_size;
	/** @userq: of a user-mode queue, which has no jobs and no scheduler: a reference */
	struct nova_userq *userq;
	/** @timeout_ms: how long it may hold its engine, if it is a user-mode queue */
	u32 timeout_ms;
	/** @holds: @vm is held resident for it */
	bool holds;

	/** @link: on nova_device.queues.list while @hw is valid */
	struct list_head link;
	/**
	 * @hw: the hardware half; constant while linked but for what @ring.lock guards, which is
	 * constant once @ring.shut
	 */
	struct {
		struct nova_core_chan *chan;
		struct nova_core_dma mem;
		struct drm_mm_node va;
		u32 token;
		struct nova_core_audit audit;
		/** @hw.put: next ring entry; guarded by @ring.lock */
		u32 put;
		/** @hw.seqno: last job given to the channel; written under @ring.lock */
		u64 seqno;
	} hw;

	/** @ring: from the scheduler to the channel; who submits does not wait for it */
	struct {
		/**
		 * @ring.lock: held while a job is written and the doorbell rung. Spinning, as the
		 * doorbell soon brings an interrupt: who rang it would lose the processor to the
		 * interrupt's thread, and remove() would wait for one after the other
		 */
		spinlock_t lock;
		/** @ring.shut: that happens no more; set with @dead */
		bool shut __guarded_by(&lock);
	} ring;

	/** @lock: guards @dead, @state and submission to the scheduler */
	struct mutex lock;
	/** @dead: error of everything submitted from now on, or 0 */
	int dead __guarded_by(&lock);
	/** @over: it is being taken down: its workers need not wake the device, see nova_pm.c */
	bool over;
	/** @state: what QUEUE_GET_STATE reports */
	struct {
		u32 flags;
		u32 resets;
		u32 error;
	} state __guarded_by(&lock);

	/** @timeline: fences of the jobs, each in its &struct nova_job */
	struct nova_timeline timeline;
	/** @deps: fences the jobs wait for */
	struct nova_deps deps;

	/** @sched: scheduler of this queue alone */
	struct nova_sched sched;

	/** @event_link: on nova_bound.events.list, guarded by its lock */
	struct list_head event_link;
	/** @verdict: why @error_work was queued; guarded by nova_bound.events.lock */
	struct {
		u32 flags;
		u32 error;
	} verdict;
	/** @cause: what the hardware said; guarded by nova_bound.events.lock */
	struct nova_dump_cause cause;
	/** @error_work: kills the queue; on nova_bound.reset_wq */
	struct work_struct error_work;
};

/**
 * struct nova_queue_memory - a queue's memory for who looks at it
 * @ring: the entries
 * @mask: number of entries less one
 * @userd: USERD
 * @fence: the semaphore that jobs release
 */
struct nova_queue_memory {
	const __le64 *ring;
	u32 mask;
	const __le32 *userd;
	const __le64 *fence;
};

/**
 * struct nova_queue_entry - what an entry of a ring says
 * @va: of the push
 * @length: of the push in bytes; 0: it is for Host itself, or was never written
 * @opcode: for Host, if there is no push
 * @sync: the push is fetched when those before it are done
 */
struct nova_queue_entry {
	u64 va;
	u32 length;
	u32 opcode;
	bool sync;
};

bool nova_queue_priority_allowed(u32 priority);
struct nova_queue *nova_queue_lookup(struct nova_file *nfile, u32 id);
struct nova_queue *nova_queue_create_kernel(struct nova_device *ndev, struct nova_vm *vm,
					    u32 engine)
	__must_not_hold(nova_core_door);
void nova_queue_put(struct nova_queue *queue)
	__must_not_hold(nova_core_door);

#define NOVA_QUEUE_SLOT_SIZE	32	/* release segment of one job, in bytes */

void nova_queue_run(struct nova_bound *bound, struct nova_queue *queue, struct nova_job *job)
	__must_hold_shared(nova_core_door);
void nova_queue_memory(struct nova_queue *queue, struct nova_queue_memory *memory);
u32 nova_queue_memory_index(const struct nova_queue_memory *memory, u32 offset);
u64 nova_queue_memory_entry(const struct nova_queue_memory *memory, u32 index);
struct nova_queue_entry nova_queue_entry_decode(u64 entry);
void nova_queue_process(struct nova_queue *queue);
void nova_queue_kill(struct nova_queue *queue, int error, u32 flags, u32 code)
	__must_hold_shared(nova_core_door);
bool nova_queue_condemn(struct nova_bound *bound, u32 chid, u32 flags, u32 code);

void nova_queues_kill(struct nova_device *ndev, int error);
int nova_queues_recover(struct nova_bound *bound)
	__must_hold_shared(nova_core_door);
void nova_queues_teardown(struct nova_device *ndev)
	__must_hold(nova_core_door);

extern const struct nova_core_client_ops nova_queue_client_ops;

/* Between nova_queue*.c only. */
size_t nova_queue_mapped_size(const struct nova_queue *queue);
size_t nova_queue_userd_offset(const struct nova_queue *queue);
int nova_queue_map(struct nova_bound *bound, struct nova_queue *queue)
	__must_hold_shared(nova_core_door);
void nova_queue_unmap(struct nova_bound *bound, struct nova_queue *queue)
	__must_hold_shared(nova_core_door);
int nova_queue_hw_create(struct nova_bound *bound, struct nova_queue *queue)
	__must_hold_shared(nova_core_door);
void nova_queue_teardown(struct nova_device *ndev, struct nova_queue *queue)
	__must_hold(&ndev->queues.lock);
void nova_queue_error_work(struct work_struct *work);

int nova_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file);
int nova_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int nova_ioctl_queue_get_state(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _NOVA_QUEUE_H_ */
