// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Buffers of ours that other devices use, by dma-buf. What others do with whom they import from is
 * nova_import.c.
 *
 * Others get system memory only: it is the buffer's, so it stays theirs after our device is gone.
 * While somebody is attached the buffer does not go to video memory, whose content a device that
 * goes takes along, and DONTNEED does not drop it. For who can be told of moves (dynamic
 * attachments) that is all: pages may be swapped out, after all mappings of theirs have been taken
 * back. For others the buffer is pinned.
 *
 * There is nothing to do for CPU access: the GPU's accesses are coherent, and the dma-buf core
 * waits for the fences.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/module.h>

#include <drm/drm_device.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_tt.h>

#include <drm/nova_drm.h>

#include "nova_gem.h"
#include "nova_prime.h"

MODULE_IMPORT_NS("DMA_BUF");

/* --- the buffer --- */

/* The GPU can go on using it. -EOPNOTSUPP for a buffer that may be in video memory only. */
static int nova_prime_pin_bo(struct drm_gem_object *obj)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct nova_bo *bo = to_nova_bo(obj);
	int ret;

	dma_resv_assert_held(obj->resv);

	if (!(bo->placement & DRM_NOVA_PLACEMENT_SYSTEM))
		return -EOPNOTSUPP;
	if (!bo->tbo.pin_count) {
		ret = nova_bo_validate_system(bo, &ctx);
		if (ret)
			return ret;
	}
	ttm_bo_pin(&bo->tbo);
	return 0;
}

static void nova_prime_unpin_bo(struct drm_gem_object *obj)
{
	ttm_bo_unpin(&to_nova_bo(obj)->tbo);
}

/**
 * nova_prime_get_sg_table() - list the pages of a buffer in system memory
 * @obj: the buffer; its reservation is held
 *
 * Return: a table for the caller to map, or a negative error code.
 */
struct sg_table *nova_prime_get_sg_table(struct drm_gem_object *obj)
{
	struct ttm_buffer_object *tbo = &to_nova_bo(obj)->tbo;

	if (drm_WARN_ON(obj->dev, !tbo->ttm || !ttm_tt_is_populated(tbo->ttm)))
		return ERR_PTR(-EINVAL);
	return drm_prime_pages_to_sg(obj->dev, tbo->ttm->pages, tbo->ttm->num_pages);
}

/**
 * nova_prime_vmap() - map a buffer into the kernel's address space
 * @obj: the buffer; its reservation is held
 * @map: out
 *
 * Pinned in system memory while mapped: a mapping of video memory would outlive the device.
 *
 * Return: 0 or a negative error code, -EOPNOTSUPP for a buffer that may be in video memory only.
 */
int nova_prime_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	int ret;

	ret = nova_prime_pin_bo(obj);
	if (ret)
		return ret;
	ret = ttm_bo_vmap(&to_nova_bo(obj)->tbo, map);
	if (ret)
		nova_prime_unpin_bo(obj);
	return ret;
}

/**
 * nova_prime_vunmap() - undo nova_prime_vmap()
 * @obj: the buffer; its reservation is held
 * @map: the mapping
 */
void nova_prime_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	ttm_bo_vunmap(&to_nova_bo(obj)->tbo, map);
	nova_prime_unpin_bo(obj);
}

/* --- what importers call --- */

static int nova_prime_attach(struct dma_buf *dma_buf, struct dma_buf_attachment *attach)
{
	struct drm_gem_object *obj = dma_buf->priv;
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct nova_bo *bo = to_nova_bo(obj);
	int ret;

	if (!(bo->placement & DRM_NOVA_PLACEMENT_SYSTEM))
		return -EOPNOTSUPP;
	attach->peer2peer = false;
	dma_resv_lock(obj->resv, NULL);
	/* Now, not when it maps: whom it is pinned for may not be refused then. */
	ret = attach->importer_ops ? nova_bo_validate_system(bo, &ctx) : nova_prime_pin_bo(obj);
	if (!ret) {
		bo->shared.dma_buf = dma_buf;
		bo->shared.attached++;
	}
	dma_resv_unlock(obj->resv);
	return ret;
}

static void nova_prime_detach(struct dma_buf *dma_buf, struct dma_buf_attachment *attach)
{
	struct drm_gem_object *obj = dma_buf->priv;
	struct nova_bo *bo = to_nova_bo(obj);

	dma_resv_lock(obj->resv, NULL);
	if (!attach->importer_ops)
		nova_prime_unpin_bo(obj);
	if (!--bo->shared.attached)
		bo->shared.dma_buf = NULL;
	dma_resv_unlock(obj->resv);
}

static int nova_prime_pin(struct dma_buf_attachment *attach)
{
	return nova_prime_pin_bo(attach->dmabuf->priv);
}

static void nova_prime_unpin(struct dma_buf_attachment *attach)
{
	nova_prime_unpin_bo(attach->dmabuf->priv);
}

/* Moves of ours are complete when they return: there is no fence for the importer to wait for. */
static struct sg_table *nova_prime_map(struct dma_buf_attachment *attach,
				       enum dma_data_direction dir)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct drm_gem_object *obj = attach->dmabuf->priv;
	struct nova_bo *bo = to_nova_bo(obj);
	struct sg_table *sgt;
	int ret;

	if (!bo->tbo.pin_count) {
		ret = nova_bo_validate_system(bo, &ctx);
		if (ret)
			return ERR_PTR(ret);
	}
	sgt = drm_gem_map_dma_buf(attach, dir);
	if (!IS_ERR(sgt))
		bo->shared.mapped++;
	return sgt;
}

static void nova_prime_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			     enum dma_data_direction dir)
{
	struct drm_gem_object *obj = attach->dmabuf->priv;

	drm_gem_unmap_dma_buf(attach, sgt, dir);
	to_nova_bo(obj)->shared.mapped--;
}

static const struct dma_buf_ops nova_prime_dma_buf_ops = {
	.attach = nova_prime_attach,
	.detach = nova_prime_detach,
	.pin = nova_prime_pin,
	.unpin = nova_prime_unpin,
	.map_dma_buf = nova_prime_map,
	.unmap_dma_buf = nova_prime_unmap,
	.release = drm_gem_dmabuf_release,
	.mmap = drm_gem_dmabuf_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
};

/* --- what the driver calls --- */

/**
 * nova_prime_export() - make a dma-buf of a buffer
 * @obj: the buffer
 * @flags: O_* flags of the file
 *
 * Return: the dma-buf; -EPERM for a VM-private buffer, whose reservation is the VM's.
 */
struct dma_buf *nova_prime_export(struct drm_gem_object *obj, int flags)
{
	struct dma_buf_export_info info = {
		.exp_name = KBUILD_MODNAME,
		.owner = THIS_MODULE,
		.ops = &nova_prime_dma_buf_ops,
		.size = obj->size,
		.flags = flags,
		.priv = obj,
		.resv = obj->resv,
	};

	if (nova_bo_is_private(to_nova_bo(obj)))
		return ERR_PTR(-EPERM);
	WRITE_ONCE(to_nova_bo(obj)->exported, true);
	return drm_gem_dmabuf_export(obj->dev, &info);
}

/**
 * nova_prime_owner() - is a dma-buf one of ours?
 * @dma_buf: the dma-buf
 *
 * Return: the buffer that it was made of, by whatever device of this driver; else NULL.
 */
struct drm_gem_object *nova_prime_owner(struct dma_buf *dma_buf)
{
	return dma_buf->ops == &nova_prime_dma_buf_ops ? dma_buf->priv : NULL;
}

/**
 * nova_prime_invalidate() - have importers give back their mappings
 * @bo: the buffer, idle, its reservation held
 *
 * Before its pages may go. They map it again when they need it. The GEM object knows its dma-buf
 * only while it has a handle, so that is not asked.
 *
 * Return: 0, or -EBUSY when somebody has the pages mapped still.
 */
int nova_prime_invalidate(struct nova_bo *bo)
{
	dma_resv_assert_held(bo->tbo.base.resv);

	if (bo->shared.mapped)
		dma_buf_invalidate_mappings(bo->shared.dma_buf);
	return bo->shared.mapped ? -EBUSY : 0;
}
