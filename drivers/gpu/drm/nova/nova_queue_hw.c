// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The hardware half of queues, from its beginning to its end: alone, or with all others.
 */
#include <kunit/visibility.h>

#include <drm/drm_drv.h>

#include <drm/nova_drm.h>

#include "nova_bind_queue.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_dump.h"
#include "nova_pm.h"
#include "nova_queue.h"
#include "nova_sched.h"
#include "nova_trace.h"
#include "nova_user_fence.h"
#include "nova_userq.h"
#include "nova_vm.h"
#include "nova_watch.h"

/* No job gets to run any more, and no doorbell is rung. The first reason stands. */
static bool nova_queue_shut_locked(struct nova_queue *queue, int error, u32 flags, u32 code)
	__must_hold_shared(nova_core_door) __must_hold(&queue->lock)
{
	lockdep_assert_held(&queue->lock);

	if (queue->dead)
		return false;
	trace_nova_queue_kill(queue->ndev->drm.dev, queue->client_id, queue->id,
			      queue->timeline.context, nova_core_chan_id(queue->hw.chan),
			      error, flags, code);
	scoped_guard(spinlock, &queue->ring.lock)
		queue->ring.shut = true;
	if (flags & DRM_NOVA_QUEUE_STATE_GUILTY && !(flags & DRM_NOVA_QUEUE_STATE_LOST))
		nova_dump_take(queue->ndev->bound, queue, flags, code);
	queue->dead = error;
	queue->state.flags |= flags;
	queue->state.error = code;
	return true;
}

/*
 * Takes the channel off the engine, in bounded time: the GPU does not touch the jobs' memory
 * afterwards.
 */
static void nova_queue_halt_locked(struct nova_queue *queue)
	__must_hold_shared(nova_core_door) __must_hold(&queue->lock)
{
	bool engine_reset;

	lockdep_assert_held(&queue->lock);

	nova_core_chan_kill(queue->hw.chan, &engine_reset);
	queue->state.resets += engine_reset;
}

/* Nobody waits for a queue that was halted. What has finished by then has finished well. */
static void nova_queue_abort_locked(struct nova_queue *queue)
	__must_hold(&queue->lock)
{
	lockdep_assert_held(&queue->lock);

	nova_queue_process(queue);
	nova_timeline_abort(&queue->timeline, queue->dead);
	nova_deps_cut(&queue->deps);
	nova_user_fence_wake(queue->ndev);
}

/**
 * nova_queue_kill() - end a queue for good
 * @queue: the queue; its hardware half exists
 * @error: of its fences and of later submissions: -ECANCELED or -ENODEV
 * @flags: DRM_NOVA_QUEUE_STATE_* to report
 * @code: NV_ERROR_* to report, or 0
 *
 * When it returns, in bounded time, all fences have signalled. Killing twice is harmless.
 */
void nova_queue_kill(struct nova_queue *queue, int error, u32 flags, u32 code)
{
	guard(mutex)(&queue->lock);
	if (nova_queue_shut_locked(queue, error, flags, code))
		nova_queue_halt_locked(queue);
	nova_queue_abort_locked(queue);
}

static int nova_queue_chan_create(struct nova_bound *bound, struct nova_queue *queue)
	__must_hold_shared(nova_core_door)
{
	const struct nova_core_chan_args args = {
		.engine = queue->engine,
		.priority = queue->priority,
		.root = nova_pt_root(&queue->vm->pt),
		.userd = queue->hw.mem.addr + nova_queue_userd_offset(queue),
		.gpfifo_va = queue->hw.va.start,
		.gpfifo_entries = queue->ring_size,
	};

	queue->hw.chan = nova_core_chan_create(bound->core, &args);
	if (IS_ERR(queue->hw.chan))
		return PTR_ERR(queue->hw.chan);
	queue->hw.token = nova_core_chan_token(queue->hw.chan);
	return 0;
}

/**
 * nova_queue_hw_create() - make the hardware half
 * @bound: from the door
 * @queue: the queue, with addresses for it
 *
 * In the order in which nova_queue_teardown() undoes it.
 *
 * Return: 0 or a negative error code.
 */
int nova_queue_hw_create(struct nova_bound *bound, struct nova_queue *queue)
{
	struct nova_device *ndev = queue->ndev;
	int ret;

	guard(mutex)(&ndev->queues.lock);
	if (ndev->queues.closed)
		return -ENODEV;

	ret = nova_core_dma_alloc(bound->core, &queue->hw.mem,
				  nova_queue_userd_offset(queue) + PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	ret = nova_queue_map(bound, queue);
	if (ret)
		goto err_unmap;
	ret = nova_queue_chan_create(bound, queue);
	if (ret)
		goto err_unmap;
	ret = queue->userq ? nova_watch_get(ndev, bound) : nova_sched_init(bound, queue);
	if (ret)
		goto err_chan;
	if (queue->userq) {
		nova_userq_open(queue->userq, &queue->hw.mem, nova_queue_userd_offset(queue));
		nova_pm_hold(ndev);	/* it may run at any time */
	}

	nova_core_audit_add(bound->core, &queue->hw.audit, "queue");
	list_add_tail(&queue->link, &ndev->queues.list);
	scoped_guard(spinlock, &bound->events.lock)
		list_add_tail(&queue->event_link, &bound->events.list);
	return 0;

err_chan:
	nova_core_chan_destroy(queue->hw.chan);
err_unmap:
	nova_queue_unmap(bound, queue);
	nova_core_dma_free(bound->core, &queue->hw.mem);
	return ret;
}

/**
 * nova_queue_teardown() - take down the hardware half
 * @ndev: the device
 * @queue: the queue, on its list
 *
 * From the last reference, or from remove(). On the list means bound is valid, whether or not
 * the door is still open. Bounded: the queue is dead, so its jobs wait for nobody.
 */
void nova_queue_teardown(struct nova_device *ndev, struct nova_queue *queue)
{
	struct nova_bound *bound;

	bound = nova_bound_pin(ndev, &ndev->queues.lock, &queue->link);
	nova_queue_kill(queue, -ECANCELED, 0, 0);
	nova_pm_call_off(ndev, &queue->over);
	scoped_guard(spinlock, &bound->events.lock)
		list_del_init(&queue->event_link);
	cancel_work_sync(&queue->error_work);
	if (queue->userq) {
		nova_userq_close(queue->userq);
		nova_watch_put(ndev, bound);
		nova_pm_release(ndev);
	} else {
		nova_sched_fini(queue);
	}
	nova_core_chan_destroy(queue->hw.chan);
	if (!ndev->queues.gone)
		nova_queue_unmap(bound, queue);
	nova_core_dma_free(bound->core, &queue->hw.mem);
	nova_core_audit_del(bound->core, &queue->hw.audit);
	list_del_init(&queue->link);
	nova_bound_unpin();
}

/* The device takes it along: not for what its jobs did, unless that was about to kill it. */
static void nova_queue_shut_lost_locked(struct nova_bound *bound, struct nova_queue *queue,
					int error)
	__must_hold_shared(nova_core_door) __must_hold(&queue->lock)
{
	u32 flags, code;

	lockdep_assert_held(&queue->lock);

	scoped_guard(spinlock, &bound->events.lock) {
		flags = queue->verdict.flags ?: DRM_NOVA_QUEUE_STATE_INNOCENT;
		code = queue->verdict.error;
	}
	nova_queue_shut_locked(queue, error, DRM_NOVA_QUEUE_STATE_LOST | flags, code);
}

/*
 * All channels stop before the first fence signals: a job of one queue that waits for
 * a job of another must not run because that one failed. With @gone all are taken away at once, if
 * the device is able to.
 */
static void nova_queues_halt_locked(struct nova_device *ndev, int error, bool gone)
	__must_hold(&ndev->queues.lock)
{
	struct nova_bound *bound;
	struct nova_queue *queue;

	lockdep_assert_held(&ndev->queues.lock);

	queue = list_first_entry_or_null(&ndev->queues.list, struct nova_queue, link);
	if (!queue)
		return;
	bound = nova_bound_pin(ndev, &ndev->queues.lock, &queue->link);
	list_for_each_entry(queue, &ndev->queues.list, link)
		scoped_guard(mutex, &queue->lock)
			nova_queue_shut_lost_locked(bound, queue, error);
	if (gone && !nova_core_chan_destroy_all(bound->core)) {
		ndev->queues.gone = true;
	} else {
		list_for_each_entry(queue, &ndev->queues.list, link)
			scoped_guard(mutex, &queue->lock)
				nova_queue_halt_locked(queue);
	}
	nova_bound_unpin();
}

static void nova_queues_abort_locked(struct nova_device *ndev)
	__must_hold(&ndev->queues.lock)
{
	struct nova_queue *queue;

	lockdep_assert_held(&ndev->queues.lock);

	list_for_each_entry(queue, &ndev->queues.list, link)
		scoped_guard(mutex, &queue->lock)
			nova_queue_abort_locked(queue);
	/* There need not have been a queue: the device may be lost. */
	nova_user_fence_wake(ndev);
}

/**
 * nova_queues_kill() - kill all queues
 * @ndev: the device, bound
 * @error: -ENODEV or -ECANCELED
 *
 * Every fence has signalled when it returns, so nobody waits any more. With
 * -ENODEV no queue can be created afterwards. Asynchronous binds end, too.
 */
void nova_queues_kill(struct nova_device *ndev, int error)
{
	guard(mutex)(&ndev->queues.lock);
	if (error == -ENODEV)
		ndev->queues.closed = true;
	nova_queues_halt_locked(ndev, error, ndev->queues.closed);
	nova_bind_queues_kill(ndev, error);
	nova_queues_abort_locked(ndev);
}
EXPORT_SYMBOL_IF_KUNIT(nova_queues_kill);

/**
 * nova_queues_recover() - kill all queues, and start a dead firmware again
 * @bound: the bound device
 *
 * A queue is made before, and is killed, or afterwards. Its doorbell is silent before the device
 * can hear one again; its fences signal when no engine runs any more and new queues can be made.
 * Asynchronous binds wait for nothing any more: they take place, and say ECANCELED.
 *
 * Return: 0, or an error of nova_core_recover(): the queues are dead all the same.
 */
int nova_queues_recover(struct nova_bound *bound)
{
	struct nova_device *ndev = bound->ndev;
	int ret;

	guard(mutex)(&ndev->queues.lock);
	nova_queues_halt_locked(ndev, -ECANCELED, false);
	ret = nova_core_recover(bound->core);
	nova_bind_queues_kill(ndev, -ECANCELED);
	nova_queues_abort_locked(ndev);
	return ret;
}

/**
 * nova_queues_teardown() - the hardware half of all queues goes
 * @ndev: the device; nobody is inside the door, all queues are dead
 */
void nova_queues_teardown(struct nova_device *ndev)
{
	struct nova_queue *queue, *next;

	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry_safe(queue, next, &ndev->queues.list, link)
		nova_queue_teardown(ndev, queue);
}
