// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What happens when nova-core says that the device was lost, or its firmware is dead.
 *
 * A dead firmware is started again, once per bind (nova_core_recover()). The queues of that moment
 * are dead with the state LOST; buffers, address spaces and the DRM device go on. If that does not
 * help, or it dies again, the device is wedged: it is of no use until it is bound anew, and does no
 * harm. A device that was lost is not recovered, its removal is going to be announced.
 *
 * In all cases every fence has signalled before user space is told, and it is told last.
 */
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/rwsem.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "nova_bind_queue.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_mover.h"
#include "nova_queue.h"
#include "nova_reset.h"

/**
 * nova_reset_count() - how often the device has lost its channels and came back
 * @ndev: the device
 *
 * Return: the number of recoveries since probe.
 */
u32 nova_reset_count(const struct nova_device *ndev)
{
	return READ_ONCE(ndev->reset.count);
}

/**
 * nova_reset_wedged() - is the device of no use until it is bound anew?
 * @ndev: the device
 *
 * Return: true from when the last fence has signalled on.
 */
bool nova_reset_wedged(const struct nova_device *ndev)
{
	return READ_ONCE(ndev->reset.wedged);
}

/*
 * Who recovers a wedged device may reset it while mappings of its memory exist: they are taken
 * away, and from now on faults put a page of the buffer's own there.
 */
static void nova_reset_wedge(struct nova_device *ndev)
{
	scoped_guard(rwsem_write, &ndev->reset.maps)
		WRITE_ONCE(ndev->reset.wedged, true);
	unmap_mapping_range(ndev->drm.anon_inode->i_mapping, 0, 0, 1);
}

/* A dead firmware. The door is open: remove() waits, and finds the queues dead. */
static int nova_reset_recover(struct nova_bound *bound)
	__must_hold_shared(nova_core_door)
{
	struct nova_device *ndev = bound->ndev;
	int ret;

	if (nova_core_is_lost(bound->core))
		return -ENODEV;

	dev_err(ndev->drm.dev, "the firmware is dead, all queues are killed\n");
	ret = nova_queues_recover(bound);
	if (ret == -ENODEV)
		return ret;

	if (ret)
		nova_reset_wedge(ndev);
	else
		WRITE_ONCE(ndev->reset.count, ndev->reset.count + 1);
	return ret;
}

/* Nobody hears it of a device that is gone: that was told. */
static void nova_reset_tell(struct nova_device *ndev, unsigned long method)
{
	int idx;

	if (nova_bound_peek(ndev, &idx)) {
		drm_dev_wedged_event(&ndev->drm, method, NULL);
		nova_bound_unpeek(idx);
	}
}

/**
 * nova_reset_work() - the device was lost, or its firmware is dead
 * @work: nova_bound.lost_work, on the reset queue: no hang or error is handled at the same time
 *
 * Behind the door remove() has killed the queues, or is about to.
 */
void nova_reset_work(struct work_struct *work)
{
	struct nova_bound *bound = container_of(work, struct nova_bound, lost_work);
	struct nova_device *ndev = bound->ndev;
	int idx, ret;

	bound = nova_bound_enter(ndev, &idx);
	if (!bound)
		return;
	ret = nova_reset_recover(bound);
	nova_bound_exit(idx);
	if (ret == -ENODEV) {
		dev_err(ndev->drm.dev, "the device was lost, all queues are killed\n");
		nova_queues_kill(ndev, -ENODEV);
		return;
	}

	nova_bind_queues_wait(ndev);
	if (!ret)
		nova_mover_start(ndev);
	nova_reset_tell(ndev, ret ? DRM_WEDGE_RECOVERY_REBIND : DRM_WEDGE_RECOVERY_NONE);
}
