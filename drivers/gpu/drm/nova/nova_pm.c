// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Sleep, as far as clients are concerned: who keeps the device awake, who wakes it, and that
 * nobody is near it while it sleeps. The hardware's part is nova_core_pm.c.
 *
 * Whoever comes through the door is awake inside: it wakes the device, and sleep waits until it
 * has left. That costs no reference; what goes on after its ioctl has one: a job from when it is
 * armed until it is freed, a user-mode queue as long as it has a channel; and what others may take
 * away at a moment when nobody can be woken: imports, and memory of processes. Mappings of video
 * memory and doorbells are taken away, and faults come through the door.
 *
 * While the machine sleeps nobody wakes the device. Its tasks are frozen by then, and workers
 * wait inside the door. Jobs that have not begun stay with their schedulers.
 */
#include <kunit/visibility.h>
#include <linux/device.h>
#include <linux/dma-fence.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/srcu.h>
#include <linux/wait.h>

#include <drm/drm_drv.h>

#include <drm/nova_drm.h>

#include "regs/nv_error.h"

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_pm.h"
#include "nova_queue.h"
#include "nova_sched.h"
#include "nova_userptr.h"

#define NOVA_PM_GUILTY		(DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT)

/* How long jobs get that were behind one that hung. */
#define NOVA_PM_SECOND_MS	1000

/* Who must not be asleep. One for all devices, as DRM's own: its readers wait for none of them. */
DEFINE_STATIC_SRCU(nova_pm_awake);

static struct device *nova_pm_dev(struct nova_device *ndev)
{
	return drm_dev_dma_dev(&ndev->drm);
}

/**
 * nova_pm_init() - the device is awake
 * @ndev: the device; nothing has to be undone
 */
void nova_pm_init(struct nova_device *ndev)
{
	atomic_set(&ndev->pm.holds, 0);
	init_waitqueue_head(&ndev->pm.wait);
	INIT_LIST_HEAD(&ndev->pm.image);
}

/**
 * nova_pm_enter() - be awake
 * @ndev: the device, bound or not
 *
 * The device does not go to sleep before nova_pm_exit(). If it sleeps it is woken; if
 * the machine does, this waits for it. A part of nova_bound_enter(); on its own for who
 * goes where remove() may have been.
 *
 * Return: cookie for nova_pm_exit(), 0 or 1.
 */
int nova_pm_enter(struct nova_device *ndev)
	__context_unsafe(the cookie says that it is held)
{
	struct device *dev = nova_pm_dev(ndev);
	bool woken = false;
	int idx;

	for (;;) {
		idx = srcu_read_lock(&nova_pm_awake);
		if (!READ_ONCE(ndev->pm.asleep))
			break;
		srcu_read_unlock(&nova_pm_awake, idx);
		if (!woken)
			pm_runtime_get_sync(dev);
		woken = true;
		/* Errors are the machine's sleep. It, or remove(), ends that. */
		wait_event(ndev->pm.wait, !READ_ONCE(ndev->pm.asleep));
	}
	if (woken)
		pm_runtime_put_autosuspend(dev);
	else
		pm_runtime_mark_last_busy(dev);
	return idx;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pm_enter);

/**
 * nova_pm_enter_unless() - be awake, or be told that there is no need
 * @ndev: the device
 * @over: set by nova_pm_call_off()
 * @idx: cookie for nova_pm_exit()
 *
 * For workers that somebody waits for in a place that sleep waits for. Going to sleep cannot be
 * called off once it waits there, so it is not waited for but asked to be undone.
 *
 * Return: whether the device is awake. If not, whoever waits has seen to what there was to do.
 */
bool nova_pm_enter_unless(struct nova_device *ndev, const bool *over, int *idx)
	__context_unsafe(the cookie says that it is held)
{
	struct device *dev = nova_pm_dev(ndev);
	bool awake;

	if (nova_pm_try_enter(ndev, idx)) {
		pm_runtime_mark_last_busy(dev);
		return true;
	}
	pm_runtime_get(dev);
	do {
		wait_event(ndev->pm.wait, !READ_ONCE(ndev->pm.asleep) || READ_ONCE(*over));
		awake = nova_pm_try_enter(ndev, idx);
	} while (!awake && !READ_ONCE(*over));
	pm_runtime_put_autosuspend(dev);
	return awake;
}

/**
 * nova_pm_call_off() - a worker has nothing to do any more, so it does not wait to begin
 * @ndev: the device
 * @over: what it has given to nova_pm_enter_unless(), or will
 *
 * Comes before the worker is waited for where the device is kept awake, or with a lock held that is
 * taken there.
 */
void nova_pm_call_off(struct nova_device *ndev, bool *over)
{
	WRITE_ONCE(*over, true);
	wake_up_all(&ndev->pm.wait);
}

/**
 * nova_pm_try_enter() - be awake, if the device is
 * @ndev: the device
 * @idx: cookie for nova_pm_exit()
 *
 * Waits for nobody, so memory may be reclaimed by it.
 *
 * Return: whether it is.
 */
bool nova_pm_try_enter(struct nova_device *ndev, int *idx)
	__context_unsafe(the cookie says that it is held)
{
	*idx = srcu_read_lock(&nova_pm_awake);
	if (!READ_ONCE(ndev->pm.asleep))
		return true;
	srcu_read_unlock(&nova_pm_awake, *idx);
	return false;
}

/**
 * nova_pm_request() - have the device be awake soon
 * @ndev: the device
 *
 * For who found it asleep and cannot wait. Any context.
 */
void nova_pm_request(struct nova_device *ndev)
{
	pm_request_resume(nova_pm_dev(ndev));
}

/**
 * nova_pm_enter_nested() - the same as nova_pm_enter() where memory may be reclaimed
 * @ndev: the device
 *
 * Sleep may be waiting for whoever reclaims, so that one must not wait for it. It need not:
 * nova_shrink.c leaves a device alone until it is awake, and imports and memory of processes, which
 * it cannot choose, keep theirs awake.
 *
 * Return: cookie for nova_pm_exit(), 0 or 1.
 */
int nova_pm_enter_nested(struct nova_device *ndev)
	__context_unsafe(the cookie says that it is held)
{
	return current->flags & PF_MEMALLOC ? srcu_read_lock(&nova_pm_awake) : nova_pm_enter(ndev);
}

/**
 * nova_pm_exit() - end of nova_pm_enter()
 * @idx: from there
 */
void nova_pm_exit(int idx)
	__context_unsafe(the cookie says that it is held)
{
	srcu_read_unlock(&nova_pm_awake, idx);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pm_exit);

/**
 * nova_pm_is_away() - is the machine asleep, or about to be?
 * @ndev: the device
 *
 * No job ends before it is awake.
 *
 * Return: the answer.
 */
bool nova_pm_is_away(struct nova_device *ndev)
{
	return READ_ONCE(ndev->pm.away);
}

/**
 * nova_pm_enter_notified() - may page tables be written in a callback of an mmu notifier?
 * @ndev: the device, which memory of a process holds awake
 * @idx: cookie for nova_pm_exit(), which has to follow in any case
 *
 * The machine's sleep does not ask who holds what, and short of memory it takes that of processes.
 * It must not be waited for here. What cannot be written now is left to nova_userptrs_wake().
 *
 * Return: the answer.
 */
bool nova_pm_enter_notified(struct nova_device *ndev, int *idx)
	__context_unsafe(the cookie says that it is held)
{
	*idx = srcu_read_lock(&nova_pm_awake);
	return !nova_pm_is_away(ndev);
}

/**
 * nova_pm_go_away() - nobody writes to video memory from now on
 * @ndev: the device; its engines have halted
 */
void nova_pm_go_away(struct nova_device *ndev)
{
	WRITE_ONCE(ndev->pm.away, true);
	synchronize_srcu_expedited(&nova_pm_awake);
}

/**
 * nova_pm_come_back() - video memory is there again
 * @bound: the bound device; its engines have not begun, or it is lost or dead
 */
void nova_pm_come_back(struct nova_bound *bound)
{
	if (!nova_pm_is_away(bound->ndev))
		return;
	WRITE_ONCE(bound->ndev->pm.away, false);
	nova_userptrs_wake(bound);
}

/**
 * nova_pm_hold() - keep the device awake for longer
 * @ndev: the device; the caller is inside the door
 *
 * Until nova_pm_release(). It does not keep the machine awake.
 */
void nova_pm_hold(struct nova_device *ndev)
{
	atomic_inc(&ndev->pm.holds);
	pm_runtime_get_noresume(nova_pm_dev(ndev));
}
EXPORT_SYMBOL_IF_KUNIT(nova_pm_hold);

/**
 * nova_pm_release() - end of nova_pm_hold()
 * @ndev: the device
 *
 * Any context.
 */
void nova_pm_release(struct nova_device *ndev)
{
	atomic_dec(&ndev->pm.holds);
	pm_runtime_put_autosuspend(nova_pm_dev(ndev));
}
EXPORT_SYMBOL_IF_KUNIT(nova_pm_release);

/*
 * --- the machine's sleep: no job begins, those that have begun end ---
 *
 * Binds go on: they wait for no engine, and those that are late are applied afterwards.
 */

static void nova_pm_park(struct nova_device *ndev)
{
	struct nova_queue *queue;

	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry(queue, &ndev->queues.list, link)
		if (!queue->userq)
			drm_sched_wqueue_stop(&queue->sched.base);
	WRITE_ONCE(ndev->pm.parked, true);
}

static void nova_pm_unpark(struct nova_device *ndev)
{
	struct nova_queue *queue;

	/* Not while the machine is awake. Who has the lock then may wait for who waits for us. */
	if (!READ_ONCE(ndev->pm.parked))
		return;
	guard(mutex)(&ndev->queues.lock);
	WRITE_ONCE(ndev->pm.parked, false);
	list_for_each_entry(queue, &ndev->queues.list, link)
		if (!queue->userq)
			drm_sched_wqueue_start(&queue->sched.base);
}

/**
 * nova_pm_is_parked() - have the schedulers of queues been stopped?
 * @ndev: the device; the caller holds nova_device.queues.lock
 *
 * Return: the answer.
 */
bool nova_pm_is_parked(struct nova_device *ndev)
{
	lockdep_assert_held(&ndev->queues.lock);
	return READ_ONCE(ndev->pm.parked);
}

/* The last job of the queue that the channel has got and not finished: a reference, or NULL. */
static struct dma_fence *nova_pm_running(struct nova_queue *queue)
{
	if (queue->userq)
		return NULL;
	nova_queue_process(queue);
	return nova_timeline_find(&queue->timeline, READ_ONCE(queue->hw.seqno));
}

static struct dma_fence *nova_pm_running_any(struct nova_device *ndev)
{
	struct dma_fence *fence;
	struct nova_queue *queue;

	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry(queue, &ndev->queues.list, link) {
		fence = nova_pm_running(queue);
		if (fence)
			return fence;
	}
	return NULL;
}

/* Returns whether all that had begun has ended. */
static bool nova_pm_drain(struct nova_device *ndev, unsigned int ms)
{
	long left = msecs_to_jiffies(ms);
	struct dma_fence *fence;

	while ((fence = nova_pm_running_any(ndev))) {
		left = dma_fence_wait_timeout(fence, false, left);
		dma_fence_put(fence);
		if (left <= 0)
			return false;
	}
	return true;
}

/* As after a timeout: who is stuck on an engine is to blame, if the engine knows. */
static void nova_pm_condemn_stuck(struct nova_bound *bound)
	__must_hold_shared(nova_core_door)
{
	u32 chid;

	for (u32 engine = 0; engine < bound->ndev->info.engine_count; engine++)
		if (nova_core_engine_stuck(bound->core, engine, &chid) > 0)
			nova_queue_condemn(bound, chid, NOVA_PM_GUILTY, NV_ERROR_RESETCHANNEL);
	flush_workqueue(bound->reset_wq);
}

static void nova_pm_kill_running(struct nova_device *ndev)
	__must_hold_shared(nova_core_door)
{
	struct dma_fence *fence;
	struct nova_queue *queue;

	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry(queue, &ndev->queues.list, link) {
		fence = nova_pm_running(queue);
		if (!fence)
			continue;
		dma_fence_put(fence);
		nova_queue_kill(queue, -ECANCELED, NOVA_PM_GUILTY, NV_ERROR_RESETCHANNEL);
	}
}

static void nova_pm_quiesce(struct nova_bound *bound)
	__must_hold_shared(nova_core_door)
{
	struct nova_device *ndev = bound->ndev;

	nova_pm_park(ndev);
	if (!nova_pm_drain(ndev, nova_sched_timeout_ms())) {
		nova_pm_condemn_stuck(bound);
		if (!nova_pm_drain(ndev, NOVA_PM_SECOND_MS))
			nova_pm_kill_running(ndev);
	}
	/* What became of the device is known, and done about, before it sleeps. */
	flush_workqueue(bound->reset_wq);
}

/* --- callbacks --- */

/**
 * nova_pm_suspend() - let nobody near the device
 * @data: the bound device
 * @system: the whole machine is going to sleep
 *
 * Return: 0, or -EBUSY when somebody needs it, but for the machine's sleep.
 */
int nova_pm_suspend(void *data, bool system)
{
	struct nova_bound *bound = data;
	struct nova_device *ndev = bound->ndev;

	if (system)
		nova_pm_quiesce(bound);
	WRITE_ONCE(ndev->pm.asleep, true);
	synchronize_srcu_expedited(&nova_pm_awake);
	/* Whoever was inside may have left something behind. */
	if (!system && atomic_read(&ndev->pm.holds)) {
		nova_pm_resume(data);
		return -EBUSY;
	}
	/* What faults have mapped so far; those that come now wait, or wake the device. */
	unmap_mapping_range(ndev->drm.anon_inode->i_mapping, 0, 0, 1);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pm_suspend);

/**
 * nova_pm_resume() - the device can be used
 * @data: the bound device
 */
void nova_pm_resume(void *data)
{
	struct nova_bound *bound = data;
	struct nova_device *ndev = bound->ndev;

	/* One that did not come back has no use for its image. */
	nova_pm_come_back(bound);
	nova_pm_image_free(ndev);
	WRITE_ONCE(ndev->pm.asleep, false);
	wake_up_all(&ndev->pm.wait);
	nova_pm_unpark(ndev);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pm_resume);

/**
 * nova_pm_leave() - remove() has begun
 * @ndev: the device; nova_core_power_get() holds it awake
 *
 * Nobody waits for the end of a sleep: if there still is one, the device counts as lost.
 */
void nova_pm_leave(struct nova_device *ndev)
{
	WRITE_ONCE(ndev->pm.asleep, false);
	wake_up_all(&ndev->pm.wait);
	nova_pm_unpark(ndev);
	nova_pm_image_free(ndev);
}
