/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_FENCE_H_
#define _NOVA_FENCE_H_

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "nova_stats.h"

/**
 * struct nova_fence - a job's fence
 *
 * What user space sees of a job. It signals when the GPU has released the
 * queue's semaphore to its sequence number, or with an error when the queue is
 * killed or the device goes. Signalled, it refers to nothing of this driver.
 */
struct nova_fence {
	/** @base: must be first, the core frees it */
	struct dma_fence base;
	/** @link: on &nova_timeline.pending until signalled */
	struct list_head link;
	/** @begin_ns: when the job was written to the ring, under its lock; or 0 */
	u64 begin_ns;
};

/**
 * struct nova_timeline - the fences of one queue, in order
 */
struct nova_timeline {
	/** @lock: guards @pending and @seqno */
	spinlock_t lock;
	/**
	 * @pending: unsignalled fences, oldest first. A job that has its fence here is not
	 * freed while the lock is held: the scheduler does that when the fence has signalled
	 */
	struct list_head pending __guarded_by(&lock);
	/** @context: fence context */
	u64 context;
	/** @seqno: of the newest fence */
	u64 seqno __guarded_by(&lock);
	/** @meter: charges the jobs' time; zeroes: nobody is charged */
	struct nova_meter meter;
};

void nova_timeline_init(struct nova_timeline *timeline);
void nova_timeline_signal(struct nova_timeline *timeline, u64 seqno);
void nova_timeline_end(struct nova_timeline *timeline, u64 seqno, int error);
struct dma_fence *nova_timeline_last(struct nova_timeline *timeline);
struct dma_fence *nova_timeline_find(struct nova_timeline *timeline, u64 seqno);
u64 nova_timeline_pending(struct nova_timeline *timeline);
void nova_timeline_abort(struct nova_timeline *timeline, int error);

struct nova_fence *nova_fence_alloc(void);
void nova_fence_free(struct nova_fence *fence);
void nova_fence_arm(struct nova_timeline *timeline, struct nova_fence *fence);

#endif /* _NOVA_FENCE_H_ */
