// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Sharing buffers with other devices by dma-buf.
 *
 * What we export is system memory, pinned while somebody is attached; it
 * stays theirs after our device is gone. What we import is mapped from import to the
 * buffer's death or remove(), see nova_dma.h; the attachment itself stays until the former.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/module.h>

#include <drm/drm_device.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_tt.h>

#include <drm/nova_drm.h>

#include "nova_device.h"
#include "nova_dma.h"
#include "nova_gem.h"
#include "nova_prime.h"
#include "nova_uapi.h"

MODULE_IMPORT_NS("DMA_BUF");

/* --- export --- */

/**
 * nova_prime_export() - make a dma-buf of a buffer
 * @obj: the buffer
 * @flags: O_* flags of the file
 *
 * Return: the dma-buf; -EPERM for a VM-private buffer, whose reservation is the VM's.
 */
struct dma_buf *nova_prime_export(struct drm_gem_object *obj, int flags)
{
	if (nova_bo_is_private(to_nova_bo(obj)))
		return ERR_PTR(-EPERM);
	WRITE_ONCE(to_nova_bo(obj)->exported, true);
	return drm_gem_prime_export(obj, flags);
}

/**
 * nova_prime_pin() - keep a buffer's pages in place for somebody else
 * @obj: the buffer; its reservation is held
 *
 * The GPU can go on using it.
 *
 * Return: 0, -EOPNOTSUPP for a buffer that may be in video memory only, or a negative error code.
 */
int nova_prime_pin(struct drm_gem_object *obj)
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

/**
 * nova_prime_unpin() - undo nova_prime_pin()
 * @obj: the buffer; its reservation is held
 */
void nova_prime_unpin(struct drm_gem_object *obj)
{
	ttm_bo_unpin(&to_nova_bo(obj)->tbo);
}

/**
 * nova_prime_get_sg_table() - list the pages of a pinned buffer
 * @obj: the buffer; its reservation is held
 *
 * Return: a table for the caller to map, or a negative error code.
 */
struct sg_table *nova_prime_get_sg_table(struct drm_gem_object *obj)
{
	struct ttm_buffer_object *tbo = &to_nova_bo(obj)->tbo;

	if (drm_WARN_ON(obj->dev, !tbo->pin_count || !tbo->ttm || !ttm_tt_is_populated(tbo->ttm)))
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
 * Return: 0 or a negative error code, as nova_prime_pin().
 */
int nova_prime_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	int ret;

	ret = nova_prime_pin(obj);
	if (ret)
		return ret;
	ret = ttm_bo_vmap(&to_nova_bo(obj)->tbo, map);
	if (ret)
		nova_prime_unpin(obj);
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
	nova_prime_unpin(obj);
}

/* --- import --- */

/* Attaches; nothing is mapped yet, so this needs no door. */
static struct nova_bo *nova_prime_attach(struct nova_device *ndev, struct dma_buf *dma_buf)
{
	struct dma_buf_attachment *attach;
	struct nova_bo *bo;

	attach = dma_buf_attach(dma_buf, drm_dev_dma_dev(&ndev->drm));
	if (IS_ERR(attach))
		return ERR_CAST(attach);
	bo = nova_bo_alloc(ndev, dma_buf->size, 0, DRM_NOVA_PLACEMENT_SYSTEM,
			   DRM_NOVA_CPU_CACHING_DEFAULT);
	if (IS_ERR(bo)) {
		dma_buf_detach(dma_buf, attach);
		return bo;
	}

	/*
	 * From here the buffer owns both. Even one that fails to be initialised may live on in
	 * TTM's worker for a moment, with the dma-buf's reservation for its own.
	 */
	get_dma_buf(dma_buf);
	bo->tbo.base.import_attach = attach;
	nova_bo_set_resident(bo, DRM_NOVA_PLACEMENT_SYSTEM, true);
	return bo;
}

/**
 * nova_prime_import() - make a buffer of a dma-buf
 * @drm: the device
 * @dma_buf: anybody's; our own gives the buffer it was made of
 *
 * In place of the DRM core's import, which maps for DMA with nothing to stop
 * remove() in between.
 *
 * Return: the buffer; -EINVAL for a size or a table that cannot be used,
 * -ENODEV when the device is gone, or the exporter's error.
 */
struct drm_gem_object *nova_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	struct nova_device *ndev = to_nova_device(drm);
	struct drm_gem_object *obj;
	struct nova_bo *bo;
	int ret;

	if (drm_gem_is_prime_exported_dma_buf(drm, dma_buf)) {
		obj = dma_buf->priv;
		drm_gem_object_get(obj);
		return obj;
	}
	if (!dma_buf->size || !PAGE_ALIGNED(dma_buf->size) || dma_buf->size > NOVA_GEM_SIZE_MAX)
		return ERR_PTR(-EINVAL);

	bo = nova_prime_attach(ndev, dma_buf);
	if (IS_ERR(bo))
		return ERR_CAST(bo);
	obj = &bo->tbo.base;

	dma_resv_lock(dma_buf->resv, NULL);
	ret = nova_bo_init(bo, ttm_bo_type_sg, dma_buf->resv);
	if (ret) {
		dma_resv_unlock(dma_buf->resv);
		return ERR_PTR(ret);
	}
	ret = nova_dma_map_import(ndev, &bo->dma, obj->import_attach);
	dma_resv_unlock(dma_buf->resv);
	if (ret) {
		drm_gem_object_put(obj);
		return ERR_PTR(ret);
	}
	return obj;
}
