// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What a client tells of its buffers: labels, and whether it needs the content.
 *
 * A buffer that is not needed (DONTNEED) is out of the GPU's sight, so that its pages can be freed
 * without the hardware: what frees them is nova_shrink.c, and moves that leave out the copy
 * (nova_ttm.c). It comes back when it is needed again (WILLNEED) and the next job is submitted, or
 * a user-mode queue can see it.
 */
#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_gem.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>

#include <drm/nova_drm.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_meta.h"
#include "nova_shrink.h"
#include "nova_userq.h"
#include "nova_vm.h"

/**
 * nova_meta_init() - a new buffer, without a label
 * @bo: the buffer, its GEM object is initialised
 */
void nova_meta_init(struct nova_bo *bo)
{
	struct nova_device *ndev = to_nova_device(bo->tbo.base.dev);

	guard(mutex)(&ndev->gem.lock);
	bo->meta.id = ++ndev->gem.last_id;
	list_add_tail(&bo->meta.link, &ndev->gem.list);
}

/**
 * nova_meta_fini() - undo nova_meta_init()
 * @bo: the buffer, which nobody refers to any more
 *
 * Also called while memory is reclaimed: so nothing is allocated under the lock.
 */
void nova_meta_fini(struct nova_bo *bo)
{
	struct nova_device *ndev = to_nova_device(bo->tbo.base.dev);

	scoped_guard(mutex, &ndev->gem.lock)
		list_del(&bo->meta.link);
	kfree(bo->meta.label);
}

static char *nova_meta_copy_label(const struct drm_nova_gem_set_meta *args)
{
	char *label;

	if (!args->value)
		return NULL;
	label = kmalloc(args->value + 1, GFP_KERNEL_ACCOUNT);
	if (!label)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(label, u64_to_user_ptr(args->pointer), args->value)) {
		kfree(label);
		return ERR_PTR(-EFAULT);
	}
	label[args->value] = '\0';
	return label;
}

static int nova_meta_set_label(struct nova_bo *bo, const struct drm_nova_gem_set_meta *args)
{
	struct nova_device *ndev = to_nova_device(bo->tbo.base.dev);
	char *label = nova_meta_copy_label(args);

	if (IS_ERR(label))
		return PTR_ERR(label);
	scoped_guard(mutex, &ndev->gem.lock)
		swap(bo->meta.label, label);
	kfree(label);
	return 0;
}

/*
 * Out of the GPU's sight: jobs that may be using it have ended, no address space maps it, and
 * its pages, if it has any, are not mapped for DMA. One that somebody else uses stays.
 */
static int nova_meta_hide(struct nova_bo *bo)
{
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };
	struct ttm_placement placement = { .num_placement = 1, .placement = &system };
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct ttm_buffer_object *tbo = &bo->tbo;
	int ret;

	if (nova_userq_holds(bo))
		return -EBUSY;
	if (!tbo->resource || tbo->resource->mem_type == TTM_PL_SYSTEM)
		return 0;
	ret = ttm_bo_wait_ctx(tbo, &ctx);
	if (ret)
		return ret;
	nova_vm_bo_evict(bo);
	if (tbo->resource->mem_type == TTM_PL_VRAM || tbo->pin_count || bo->shared.attached)
		return 0;
	return ttm_bo_validate(tbo, &placement, &ctx);
}

/*
 * Where there are user-mode queues no EXEC is to come: the GPU sees it at once. Not while a bind is
 * under way that the page tables do not know of.
 */
static int nova_meta_show(struct nova_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	int ret;

	if (!bo->madvise.dontneed || !nova_userq_holds(bo))
		return 0;
	ret = ttm_bo_wait_ctx(&bo->tbo, &ctx);
	if (ret)
		return ret;
	WRITE_ONCE(bo->madvise.dontneed, false);
	ret = nova_vm_bo_restore(bo);
	WRITE_ONCE(bo->madvise.dontneed, !!ret);
	return ret;
}

static int nova_meta_madvise(struct nova_bo *bo, struct drm_nova_gem_set_meta *args)
{
	bool dontneed = args->value == DRM_NOVA_MADVISE_DONTNEED;
	struct dma_resv *resv = bo->tbo.base.resv;
	int ret;

	if (drm_gem_is_imported(&bo->tbo.base))
		return -EPERM;
	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	ret = dontneed ? nova_meta_hide(bo) : nova_meta_show(bo);
	if (!ret) {
		args->retained = !bo->madvise.purged;
		if (!dontneed)
			bo->madvise.purged = false;
		WRITE_ONCE(bo->madvise.dontneed, dontneed);
		nova_shrink_account(bo);
	}
	dma_resv_unlock(resv);
	return ret;
}

static int nova_meta_check(const struct drm_nova_gem_set_meta *args)
{
	if (args->pad)
		return -EINVAL;
	switch (args->op) {
	case DRM_NOVA_GEM_META_LABEL:
		return args->value > DRM_NOVA_GEM_LABEL_MAX ? -E2BIG : 0;
	case DRM_NOVA_GEM_META_MADVISE:
		return args->value > DRM_NOVA_MADVISE_DONTNEED || args->pointer ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

int nova_ioctl_gem_set_meta(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nova_gem_set_meta *args = data;
	struct drm_gem_object *obj;
	int ret;

	ret = nova_meta_check(args);
	if (ret)
		return ret;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	/* What follows copies from the user, or waits for the GPU. */
	if (nova_bound_is_there(to_nova_device(drm))) {
		ret = args->op == DRM_NOVA_GEM_META_LABEL ?
			nova_meta_set_label(to_nova_bo(obj), args) :
			nova_meta_madvise(to_nova_bo(obj), args);
	} else {
		ret = -ENODEV;
	}
	drm_gem_object_put(obj);
	return ret;
}
