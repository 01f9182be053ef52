// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_dump.h"
#include "nova_pm.h"
#include "nova_queue.h"
#include "nova_reset.h"
#include "nova_shrink.h"

struct nova_bound *nova_bound_enter(struct nova_device *ndev, int *idx)
	__context_unsafe(it makes what is checked elsewhere)
{
	if (!drm_dev_enter(&ndev->drm, idx))
		return NULL;
	/* Two cookies in one: nova_pm_enter()'s is a bit. */
	*idx = *idx << 1 | nova_pm_enter(ndev);
	nova_core_door_enter();
	return ndev->bound;
}

/**
 * nova_bound_enter_unless() - the door, for workers that somebody inside it may wait for
 * @ndev: the DRM device
 * @over: set by nova_pm_call_off()
 * @idx: cookie for nova_bound_exit()
 *
 * Return: as nova_bound_enter(), and NULL when the worker was called off while the device slept.
 */
struct nova_bound *nova_bound_enter_unless(struct nova_device *ndev, const bool *over, int *idx)
	__context_unsafe(it makes what is checked elsewhere)
{
	int awake;

	if (!drm_dev_enter(&ndev->drm, idx))
		return NULL;
	if (!nova_pm_enter_unless(ndev, over, &awake)) {
		drm_dev_exit(*idx);
		return NULL;
	}
	*idx = *idx << 1 | awake;
	nova_core_door_enter();
	return ndev->bound;
}

/**
 * nova_bound_enter_nested() - the door, for callbacks that may find their caller inside
 * @ndev: the DRM device
 * @idx: cookie for nova_bound_exit()
 *
 * Memory is reclaimed wherever some is allocated, inside this door or another device's. That does
 * no harm, as nobody waits at the door to get in; who comes this way waits for nobody.
 *
 * Return: as nova_bound_enter().
 */
struct nova_bound *nova_bound_enter_nested(struct nova_device *ndev, int *idx)
	__context_unsafe(it makes what is checked elsewhere)
{
	if (!drm_dev_enter(&ndev->drm, idx))
		return NULL;
	*idx = *idx << 1 | nova_pm_enter_nested(ndev);
	nova_core_door_enter_nested();
	return ndev->bound;
}

/**
 * nova_bound_exit() - leave through the door
 * @idx: from nova_bound_enter()
 */
void nova_bound_exit(int idx)
{
	nova_core_door_exit();
	nova_pm_exit(idx & 1);
	drm_dev_exit(idx >> 1);
}

struct nova_bound *nova_bound_peek(struct nova_device *ndev, int *idx)
	__context_unsafe(it makes what is checked elsewhere)
{
	if (!drm_dev_enter(&ndev->drm, idx))
		return NULL;
	nova_core_door_enter();
	return ndev->bound;
}

/**
 * nova_bound_unpeek() - end of nova_bound_peek()
 * @idx: from there
 */
void nova_bound_unpeek(int idx)
{
	nova_core_door_exit();
	drm_dev_exit(idx);
}

/**
 * nova_bound_is_there() - is there a device?
 * @ndev: the DRM device
 *
 * For who needs nothing of it. It may go any time after, and is not woken.
 *
 * Return: the answer.
 */
bool nova_bound_is_there(struct nova_device *ndev)
{
	int idx;

	if (!drm_dev_enter(&ndev->drm, &idx))
		return false;
	drm_dev_exit(idx);
	return true;
}

/**
 * nova_bound_pin() - use the bound device where the door may be closed
 * @ndev: the DRM device
 * @lock: nova_device.queues.lock, nova_device.mappings.lock or nova_device.userptrs.lock
 * @link: an object that is on the list of that lock
 *
 * remove() takes everything off these lists, under their locks, before the bound device goes. So
 * while something is on one, and the lock is held, it has not gone.
 *
 * Return: the bound device until nova_bound_unpin(), before the lock is dropped.
 */
struct nova_bound *nova_bound_pin(struct nova_device *ndev, struct mutex *lock,
				  const struct list_head *link)
{
	lockdep_assert_held(lock);
	drm_WARN_ON_ONCE(&ndev->drm, list_empty(link));
	nova_core_pin();
	return ndev->bound;
}

/**
 * nova_bound_pin_notified() - use the bound device in a callback of an mmu notifier
 * @ndev: the DRM device
 *
 * remove() waits for all such callbacks before the bound device goes (nova_userptrs_stop()). They
 * are no place for the door: whoever allocates memory inside it may be the one they are called by.
 *
 * Return: the bound device until nova_bound_unpin().
 */
struct nova_bound *nova_bound_pin_notified(struct nova_device *ndev)
{
	nova_core_pin();
	return ndev->bound;
}

/**
 * nova_bound_unpin() - end of nova_bound_pin() or nova_bound_pin_notified()
 */
void nova_bound_unpin(void)
{
	nova_core_unpin();
}

/**
 * nova_bound_create() - what exists only while bound
 * @ndev: the DRM device, not registered yet
 * @core: the hardware
 *
 * Nova-core's events flow when it returns. The door is still closed.
 *
 * Return: 0 or a negative error code.
 */
int nova_bound_create(struct nova_device *ndev, struct nova_core *core)
{
	struct nova_bound *bound;
	int ret;

	bound = kzalloc_obj(*bound);
	if (!bound)
		return -ENOMEM;
	/* Nobody else knows of the device. */
	device_lock_assert(ndev->drm.dev);
	__acquire(nova_core_door);
	bound->core = core;
	bound->ndev = ndev;
	spin_lock_init(&bound->events.lock);
	INIT_LIST_HEAD(&bound->events.list);
	INIT_WORK(&bound->lost_work, nova_reset_work);
	/* Jobs signal fences that whoever reclaims memory may wait for. */
	bound->sched_wq = alloc_workqueue("nova-sched", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!bound->sched_wq) {
		ret = -ENOMEM;
		goto err_free;
	}
	bound->reset_wq = alloc_ordered_workqueue("nova-reset", 0);
	if (!bound->reset_wq) {
		ret = -ENOMEM;
		goto err_sched_wq;
	}
	ret = nova_shrink_create(bound);
	if (ret)
		goto err_wq;
	ret = nova_dump_init(bound);
	if (ret)
		goto err_shrink;
	ret = nova_core_client_register(core, &nova_queue_client_ops, bound);
	if (ret)
		goto err_dump;
	nova_core_audit_add(core, &bound->audit, "bound device");
	ndev->bound = bound;
	return 0;

err_dump:
	nova_dump_fini(bound);
err_shrink:
	nova_shrink_destroy(bound);
err_wq:
	destroy_workqueue(bound->reset_wq);
err_sched_wq:
	destroy_workqueue(bound->sched_wq);
err_free:
	__release(nova_core_door);
	kfree(bound);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_bound_create);
ALLOW_ERROR_INJECTION(nova_bound_create, ERRNO);

/**
 * nova_bound_open() - let user space in
 * @ndev: the DRM device
 *
 * Return: 0, or a negative error code and the door stays closed.
 */
int nova_bound_open(struct nova_device *ndev)
	__context_unsafe(it makes what is checked elsewhere)
{
	return drm_dev_register(&ndev->drm, 0);
}
EXPORT_SYMBOL_IF_KUNIT(nova_bound_open);
ALLOW_ERROR_INJECTION(nova_bound_open, ERRNO);

/**
 * nova_bound_close() - let nobody in any more, and wait for those who are
 * @ndev: the DRM device
 *
 * Tears down CPU mappings, too. What exists only while bound can go afterwards, and not before.
 */
void nova_bound_close(struct nova_device *ndev)
{
	device_lock_assert(ndev->drm.dev);
	drm_dev_unplug(&ndev->drm);
	__acquire(nova_core_door);
}
EXPORT_SYMBOL_IF_KUNIT(nova_bound_close);

/**
 * nova_bound_destroy() - the last step of remove
 * @bound: the bound device; the door is closed, no queue and no DMA mapping is left
 */
void nova_bound_destroy(struct nova_bound *bound)
{
	nova_core_client_unregister(bound->core);
	destroy_workqueue(bound->reset_wq);
	destroy_workqueue(bound->sched_wq);
	nova_dump_fini(bound);
	nova_shrink_destroy(bound);
	nova_core_audit_del(bound->core, &bound->audit);
	bound->ndev->bound = NULL;
	__release(nova_core_door);
	kfree(bound);
}
EXPORT_SYMBOL_IF_KUNIT(nova_bound_destroy);
