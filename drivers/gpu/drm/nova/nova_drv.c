// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * nova-drm: the DRM render driver on nova-core's auxiliary device.
 */
#include <linux/auxiliary_bus.h>
#include <linux/mm.h>
#include <linux/module.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>

#include <drm/nova_drm.h>

#include <linux/nova_core.h>

#include "nova_bind.h"
#include "nova_bind_queue.h"
#include "nova_bound.h"
#include "nova_debugfs.h"
#include "nova_device.h"
#include "nova_dma.h"
#include "nova_exec.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_import.h"
#include "nova_meta.h"
#include "nova_mover.h"
#include "nova_pm.h"
#include "nova_query.h"
#include "nova_queue.h"
#include "nova_stats.h"
#include "nova_trace.h"
#include "nova_user_fence.h"
#include "nova_userptr.h"
#include "nova_userq.h"
#include "nova_vm.h"
#include "nova_vm_state.h"

static const struct drm_ioctl_desc nova_ioctls[] = {
	DRM_IOCTL_DEF_DRV(NOVA_GETPARAM, nova_ioctl_getparam, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_GEM_CREATE, nova_ioctl_gem_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_GEM_INFO, nova_ioctl_gem_info, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_DEV_QUERY, nova_ioctl_dev_query, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_GEM_MMAP_OFFSET, nova_ioctl_gem_mmap_offset, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_GEM_SET_META, nova_ioctl_gem_set_meta, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_VM_CREATE, nova_ioctl_vm_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_VM_DESTROY, nova_ioctl_vm_destroy, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_VM_BIND, nova_ioctl_vm_bind, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_VM_GET_STATE, nova_ioctl_vm_get_state, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_QUEUE_CREATE, nova_ioctl_queue_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_QUEUE_DESTROY, nova_ioctl_queue_destroy, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_QUEUE_GET_STATE, nova_ioctl_queue_get_state, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_EXEC, nova_ioctl_exec, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_GET_TIME, nova_ioctl_get_time, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(NOVA_WAIT_USER_FENCE, nova_ioctl_wait_user_fence, DRM_RENDER_ALLOW),
};

static int nova_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if ((u64)vma->vm_pgoff << PAGE_SHIFT >= NOVA_USERQ_OFFSET)
		return nova_userq_mmap(filp, vma);
	return drm_gem_mmap(filp, vma);
}

/*
 * The core turns clients away once drm_dev_unplug() has begun. Here they go before: what they
 * would begin cannot end well any more, and takes the processor, and locks, from remove(). It is
 * not the door, which stays open until the GPU has stopped: who is on the way goes on as before.
 */
static bool nova_is_leaving(struct file *filp)
{
	struct drm_file *file = filp->private_data;

	return READ_ONCE(to_nova_device(file->minor->dev)->leaving);
}

static long nova_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return nova_is_leaving(filp) ? -ENODEV : drm_ioctl(filp, cmd, arg);
}

#ifdef CONFIG_COMPAT
static long nova_compat_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	return nova_is_leaving(filp) ? -ENODEV : drm_compat_ioctl(filp, cmd, arg);
}
#else
#define nova_compat_ioctl NULL
#endif

static const struct file_operations nova_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = nova_ioctl,
	.compat_ioctl = nova_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = nova_mmap,
	.show_fdinfo = drm_show_fdinfo,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

static const struct drm_driver nova_drm_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE,
	.open = nova_file_open,
	.postclose = nova_file_postclose,
	.gem_prime_import = nova_prime_import,
	.show_fdinfo = nova_stats_show_fdinfo,
	.debugfs_init = nova_debugfs_init,
	.ioctls = nova_ioctls,
	.num_ioctls = ARRAY_SIZE(nova_ioctls),
	.fops = &nova_fops,
	.name = "nova-drm",
	.desc = "Nova GPU render driver",
	.major = 0,
	.minor = 1,
};

/* The end of every life that got as far as a bound device: nobody is inside the door. */
static void nova_drv_take_down(struct nova_bound *bound)
	__releases(nova_core_door)
{
	nova_bind_queues_teardown(bound->ndev);	/* no bind is on its way to a page table */
	nova_queues_teardown(bound->ndev);	/* schedulers, channels, rings, their watch */
	nova_mover_stop(bound);			/* nothing is moved by the device */
	nova_userptrs_stop(bound);		/* no mmu notifier calls us */
	nova_dma_unmap_all(bound);		/* no buffer is reachable by the device */
	nova_bound_destroy(bound);		/* events off, and nothing is left */
}

static int nova_drv_probe(struct auxiliary_device *adev, const struct auxiliary_device_id *id)
{
	struct nova_core *core = nova_core_from_aux(adev);
	struct nova_device *ndev;
	int ret;

	ndev = nova_device_create(&adev->dev, &nova_drm_driver, core);
	if (IS_ERR(ndev))
		return PTR_ERR(ndev);
	nova_core_power_get(core);
	ret = nova_bound_create(ndev, core);
	if (ret)
		goto put;
	auxiliary_set_drvdata(adev, ndev->bound);
	ret = nova_bound_open(ndev);
	if (!ret) {
		nova_mover_start(ndev);
		goto put;
	}

	/*
	 * The render node may have been there for a moment, and somebody has made a queue or
	 * mapped a buffer: drm_dev_register() has shut the door, the rest of remove() is here.
	 */
	nova_queues_kill(ndev, -ENODEV);
	unmap_mapping_range(ndev->drm.anon_inode->i_mapping, 0, 0, 1);
	nova_user_fence_wake(ndev);
	nova_drv_take_down(ndev->bound);
put:
	nova_core_power_put(core);
	return ret;
}

/*
 * The order is the point. Waiters are released before unplug waits for those
 * who are inside the door, and nothing is destroyed before nobody is.
 */
static void nova_drv_remove(struct auxiliary_device *adev)
{
	struct nova_bound *bound = auxiliary_get_drvdata(adev);
	struct nova_core *core = nova_core_from_aux(adev);
	struct nova_device *ndev = bound->ndev;

	trace_nova_unplug(&adev->dev);
	WRITE_ONCE(ndev->leaving, true);	/* no ioctl begins */
	nova_core_power_get(core);		/* it is awake, and stays so */
	nova_pm_leave(ndev);			/* nobody waits for it to be */
	nova_queues_kill(ndev, -ENODEV);	/* every fence signals, no new queue */
	nova_bound_close(ndev);			/* nobody is inside the door, CPU maps go */
	nova_user_fence_wake(ndev);		/* who waits for memory is told at the door */
	nova_drv_take_down(bound);
	nova_core_power_put(core);
}

static const struct auxiliary_device_id nova_drv_ids[] = {
	{ .name = "nova_core." NOVA_CORE_AUX_NAME },
	{ }
};
MODULE_DEVICE_TABLE(auxiliary, nova_drv_ids);

static struct auxiliary_driver nova_drv = {
	.name = "nova-drm",
	.probe = nova_drv_probe,
	.remove = nova_drv_remove,
	.id_table = nova_drv_ids,
};
module_auxiliary_driver(nova_drv);

MODULE_DESCRIPTION("Nova DRM render driver");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_IMPORT_NS("NOVA_CORE");
