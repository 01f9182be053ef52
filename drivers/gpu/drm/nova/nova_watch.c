// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The time limit of user-mode queues.
 *
 * Nobody is told when work begins or ends there, so nothing can be timed. What can be seen is
 * whether an engine lets go of the channel that is on it: a worker asks the firmware from time to
 * time, and a queue that is found to hold its engine again and again, without having left it in
 * between, has hung it. Work that is long, and work that waits for a semaphore, leaves the engine
 * when its time slice is over, and may take as long as it likes.
 *
 * GP_GET in USERD is no evidence, as the client can write it. RAMFC is: the GPU saves it when the
 * channel leaves the engine, where no client gets at it.
 *
 * The worker exists while there are user-mode queues and the driver is bound.
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/nova_drm.h>

#include "regs/nv_error.h"
#include "regs/nv_host.h"

#include "nova_bound.h"
#include "nova_queue.h"
#include "nova_watch.h"

/* Looks per time limit: so much later than it at most is a hang found. */
#define NOVA_WATCH_LOOKS	4

/* The part of RAMFC that changes with what a channel does. */
#define NOVA_WATCH_RAMFC	((NV_RAMFC_REF + 4) / sizeof(u32))

/**
 * struct nova_watch_suspect - a user-mode queue that did not let go of its engine
 * @context: of its timeline, which no other queue ever has; 0 for none
 * @timeout_ms: its time limit
 * @since: when it was first seen so
 * @ramfc: what the GPU had saved by then
 */
struct nova_watch_suspect {
	u64 context;
	u32 timeout_ms;
	ktime_t since;
	u32 ramfc[NOVA_WATCH_RAMFC];
};

/**
 * struct nova_watch - the worker
 * @ndev: the DRM device; the worker goes before bound
 * @queues: user-mode queues that have a channel; guarded by nova_device.queues.lock
 * @work: on a work queue that is frozen for suspend, as the device is asked
 * @suspects: by engine; the worker's
 * @audit: registry entry
 */
struct nova_watch {
	struct nova_device *ndev;
	u32 queues;
	struct delayed_work work;
	struct nova_watch_suspect suspects[NOVA_CORE_ENGINES_MAX];
	struct nova_core_audit audit;
};

/* Which engines have user-mode queues that live, and when they have to be looked at again. */
static unsigned long nova_watch_engines(struct nova_bound *bound, u32 *interval_ms)
	__must_hold_shared(nova_core_door)
{
	unsigned long engines = 0;
	struct nova_queue *queue;

	*interval_ms = nova_sched_timeout_ms() / NOVA_WATCH_LOOKS;
	guard(spinlock)(&bound->events.lock);
	list_for_each_entry(queue, &bound->events.list, event_link) {
		if (!queue->userq)
			continue;
		*interval_ms = min(*interval_ms, queue->timeout_ms / NOVA_WATCH_LOOKS);
		if (!queue->verdict.flags)
			engines |= BIT(queue->engine);
	}
	return engines;
}

/* The user-mode queue of a channel, as a suspect; false if it is none. */
static bool nova_watch_find(struct nova_bound *bound, u32 chid, struct nova_watch_suspect *suspect)
	__must_hold_shared(nova_core_door)
{
	struct nova_queue *queue;

	*suspect = (struct nova_watch_suspect){ .since = ktime_get() };
	guard(spinlock)(&bound->events.lock);
	list_for_each_entry(queue, &bound->events.list, event_link) {
		if (!queue->userq || nova_core_chan_id(queue->hw.chan) != chid)
			continue;
		suspect->context = queue->timeline.context;
		suspect->timeout_ms = queue->timeout_ms;
		nova_core_chan_inst_read(queue->hw.chan, suspect->ramfc, sizeof(suspect->ramfc));
		return true;
	}
	return false;
}

static void nova_watch_engine(struct nova_bound *bound, u32 engine,
			      struct nova_watch_suspect *suspect)
	__must_hold_shared(nova_core_door)
{
	struct nova_watch_suspect now;
	u32 chid;

	if (nova_core_engine_stuck(bound->core, engine, &chid) <= 0 ||
	    !nova_watch_find(bound, chid, &now)) {
		suspect->context = 0;
		return;
	}
	if (now.context != suspect->context ||
	    memcmp(now.ramfc, suspect->ramfc, sizeof(now.ramfc))) {
		*suspect = now;
		return;
	}
	if (ktime_ms_delta(now.since, suspect->since) < suspect->timeout_ms)
		return;
	suspect->context = 0;
	nova_queue_condemn(bound, chid, DRM_NOVA_QUEUE_STATE_GUILTY |
			   DRM_NOVA_QUEUE_STATE_TIMEDOUT, NV_ERROR_RESETCHANNEL);
}

static void nova_watch_look(struct work_struct *work)
{
	struct nova_watch *watch = container_of(to_delayed_work(work), struct nova_watch, work);
	struct nova_bound *bound;
	unsigned long engines;
	u32 interval_ms;
	int idx;

	/* Behind the door remove() is about to stop this. */
	bound = nova_bound_enter(watch->ndev, &idx);
	if (!bound)
		return;
	engines = nova_watch_engines(bound, &interval_ms);
	for (u32 engine = 0; engine < NOVA_CORE_ENGINES_MAX; engine++) {
		if (engines & BIT(engine))
			nova_watch_engine(bound, engine, &watch->suspects[engine]);
		else
			watch->suspects[engine].context = 0;
	}
	queue_delayed_work(system_freezable_wq, &watch->work, msecs_to_jiffies(interval_ms));
	nova_bound_exit(idx);
}

/**
 * nova_watch_get() - there is one more user-mode queue to be watched
 * @ndev: the device
 * @bound: from the door
 *
 * Return: 0 or -ENOMEM.
 */
int nova_watch_get(struct nova_device *ndev, struct nova_bound *bound)
{
	struct nova_watch *watch = bound->watch;

	if (!watch) {
		watch = kzalloc_obj(*watch);
		if (!watch)
			return -ENOMEM;
		watch->ndev = ndev;
		INIT_DELAYED_WORK(&watch->work, nova_watch_look);
		nova_core_audit_add(bound->core, &watch->audit, "watch over user-mode queues");
		bound->watch = watch;
	}
	watch->queues++;
	/* Now, as its limit may be shorter than that of the others. */
	mod_delayed_work(system_freezable_wq, &watch->work, 0);
	return 0;
}

/**
 * nova_watch_put() - one less
 * @ndev: the device
 * @bound: from the door, or pinned
 *
 * The last one ends the worker: it does not run when this returns, and will not. It takes none of
 * the caller's locks.
 */
void nova_watch_put(struct nova_device *ndev, struct nova_bound *bound)
{
	struct nova_watch *watch = bound->watch;

	if (--watch->queues)
		return;
	cancel_delayed_work_sync(&watch->work);
	nova_core_audit_del(bound->core, &watch->audit);
	bound->watch = NULL;
	kfree(watch);
}
