// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/auxiliary_bus.h>
#include <linux/error-injection.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>

#include "nova_device.h"
#include "nova_mover.h"
#include "nova_pm.h"
#include "nova_pt.h"
#include "nova_ttm.h"
#include "nova_uapi.h"
#include "nova_user_fence.h"
#include "nova_userq.h"

static noinline __noipa int nova_device_init_lists(struct nova_device *ndev)
{
	int ret;

	/* context_unsafe: nobody has the device yet */
	context_unsafe(INIT_LIST_HEAD(&ndev->queues.list));
	/* context_unsafe: as above */
	context_unsafe(INIT_LIST_HEAD(&ndev->queues.binds));
	/* context_unsafe: as above */
	context_unsafe(INIT_LIST_HEAD(&ndev->mappings.list));
	init_rwsem(&ndev->reset.maps);
	/* context_unsafe: as above */
	context_unsafe(INIT_LIST_HEAD(&ndev->gem.list));
	init_rwsem(&ndev->space);
	/* context_unsafe: as above */
	context_unsafe(INIT_LIST_HEAD(&ndev->userptrs.list));
	init_rwsem(&ndev->userptrs.leaving);
	ret = drmm_mutex_init(&ndev->drm, &ndev->gem.lock);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&ndev->drm, &ndev->queues.lock);
	ret = ret ?: drmm_mutex_init(&ndev->drm, &ndev->userptrs.lock);
	return ret ?: drmm_mutex_init(&ndev->drm, &ndev->mappings.lock);
}
ALLOW_ERROR_INJECTION(nova_device_init_lists, ERRNO);

/**
 * nova_device_create() - allocate and set up the DRM device
 * @parent: the auxiliary device
 * @driver: the DRM driver
 * @core: the hardware
 *
 * Everything in it is released with the last reference, not with the driver.
 *
 * Return: the device, not registered, whose first reference is dropped after remove; or an
 * error pointer.
 */
struct nova_device *nova_device_create(struct device *parent, const struct drm_driver *driver,
				       struct nova_core *core)
{
	struct nova_device *ndev;
	int ret;

	ndev = devm_drm_dev_alloc(parent, driver, struct nova_device, drm);
	if (IS_ERR(ndev))
		return ndev;
	ndev->info = *nova_core_info(core);
	ndev->info.gpfifo_entries_max = min(ndev->info.gpfifo_entries_max, NOVA_RING_SIZE_MAX);
	drm_dev_set_dma_dev(&ndev->drm, nova_core_dma_dev(core));

	nova_pm_init(ndev);
	nova_userq_init(ndev);
	nova_user_fence_init(ndev);
	ret = nova_device_init_lists(ndev);
	if (ret)
		return ERR_PTR(ret);
	ret = nova_pt_tables_init(ndev);
	if (ret)
		return ERR_PTR(ret);
	ret = nova_mover_init(ndev);
	if (ret)
		return ERR_PTR(ret);
	ret = nova_ttm_init(ndev);
	if (ret)
		return ERR_PTR(ret);
	return ndev;
}
EXPORT_SYMBOL_IF_KUNIT(nova_device_create);
ALLOW_ERROR_INJECTION(nova_device_create, ERRNO);
