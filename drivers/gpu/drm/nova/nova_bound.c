// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_queue.h"

struct nova_bound *nova_bound_enter(struct nova_device *ndev, int *idx)
{
	return drm_dev_enter(&ndev->drm, idx) ? ndev->bound : NULL;
}

/**
 * nova_bound_exit() - leave through the door
 * @idx: from nova_bound_enter()
 */
void nova_bound_exit(int idx)
{
	drm_dev_exit(idx);
}

static void nova_bound_lost_work(struct work_struct *work)
{
	struct nova_bound *bound = container_of(work, struct nova_bound, lost_work);

	dev_err(bound->ndev->drm.dev, "the device was lost, all queues are killed\n");
	nova_queues_kill(bound->ndev, nova_core_is_lost(bound->core) ? -ENODEV : -ECANCELED);
}

/**
 * nova_bound_create() - what exists only while bound
 * @ndev: the DRM device, not registered yet
 * @core: the hardware
 *
 * Return: the bound device, with nova-core's events flowing, or an error pointer.
 */
struct nova_bound *nova_bound_create(struct nova_device *ndev, struct nova_core *core)
{
	struct nova_bound *bound;
	int ret;

	bound = kzalloc_obj(*bound);
	if (!bound)
		return ERR_PTR(-ENOMEM);
	bound->core = core;
	bound->ndev = ndev;
	spin_lock_init(&bound->events.lock);
	INIT_LIST_HEAD(&bound->events.list);
	INIT_WORK(&bound->lost_work, nova_bound_lost_work);
	bound->reset_wq = alloc_ordered_workqueue("nova-reset", 0);
	if (!bound->reset_wq) {
		ret = -ENOMEM;
		goto err_free;
	}
	ret = nova_core_client_register(core, &nova_queue_client_ops, bound);
	if (ret)
		goto err_wq;
	nova_core_audit_add(core, &bound->audit, "bound device");
	ndev->bound = bound;
	return bound;

err_wq:
	destroy_workqueue(bound->reset_wq);
err_free:
	kfree(bound);
	return ERR_PTR(ret);
}
ALLOW_ERROR_INJECTION(nova_bound_create, ERRNO);

/**
 * nova_bound_destroy() - the last step of remove
 * @bound: the bound device; nobody is inside the door, no queue and no DMA mapping is left
 */
void nova_bound_destroy(struct nova_bound *bound)
{
	nova_core_client_unregister(bound->core);
	destroy_workqueue(bound->reset_wq);
	nova_core_audit_del(bound->core, &bound->audit);
	bound->ndev->bound = NULL;
	kfree(bound);
}
