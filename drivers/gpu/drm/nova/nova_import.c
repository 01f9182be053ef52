// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Buffers of other devices, by dma-buf.
 *
 * The attachment is dynamic: it lives as long as the buffer, and the memory may move meanwhile. The
 * exporter tells before it does. Then the buffer is taken out of all address spaces and its table
 * is given back, and all is as it was after the next EXEC or VM_BIND that needs it. User-mode
 * queues need it at any moment: for them it is pinned.
 *
 * The table is mapped by our device, so it goes in remove() at the latest, see nova_dma.h.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_prime.h>
#include <drm/ttm/ttm_bo.h>

#include <drm/nova_drm.h>

#include "nova_device.h"
#include "nova_dma.h"
#include "nova_gem.h"
#include "nova_import.h"
#include "nova_prime.h"
#include "nova_uapi.h"
#include "nova_vm.h"

/* --- the memory --- */

/*
 * The exporter holds the reservation. All jobs that may be using the memory, and binds that are yet
 * to point to it, have a fence there; when they have ended nobody does any more. For fences there
 * is no limit here that is not theirs. Whoever reclaims memory asks for idle buffers only.
 */
static void nova_import_invalidate(struct dma_buf_attachment *attach)
{
	struct nova_bo *bo = attach->importer_priv;

	if (!bo->dma.sgt)
		return;
	dma_resv_wait_timeout(attach->dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP, false,
			      MAX_SCHEDULE_TIMEOUT);
	nova_vm_bo_evict(bo);
	nova_dma_unmap(to_nova_device(bo->tbo.base.dev), &bo->dma);
}

/* Not peer to peer: our addresses of system memory are for memory. */
static const struct dma_buf_attach_ops nova_import_ops = {
	.invalidate_mappings = nova_import_invalidate,
};

/**
 * nova_import_validate() - have the memory of an import mapped
 * @bo: the buffer, its reservation held
 * @ctx: how to wait
 *
 * Waits for the exporter, and for the fences of its moves.
 *
 * Return: 0, -EINVAL for a table that cannot be used, -ENODEV when the device is gone, -ERESTARTSYS
 * when interrupted, or the exporter's error.
 */
int nova_import_validate(struct nova_bo *bo, struct ttm_operation_ctx *ctx)
{
	struct nova_device *ndev = to_nova_device(bo->tbo.base.dev);
	long ret;

	if (!bo->dma.sgt) {
		ret = nova_dma_map_import(ndev, &bo->dma, bo->tbo.base.import_attach);
		if (ret) {
			nova_dma_unmap(ndev, &bo->dma);
			return ret;
		}
	}
	ret = dma_resv_wait_timeout(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL, ctx->interruptible,
				    MAX_SCHEDULE_TIMEOUT);
	return ret < 0 ? ret : 0;
}

/* --- for user-mode queues --- */

/**
 * nova_import_link_alloc() - drm_gpuvm_ops.vm_bo_alloc
 *
 * Return: what links a buffer to an address space, zeroed, or NULL.
 */
struct drm_gpuvm_bo *nova_import_link_alloc(void)
{
	struct nova_vm_bo *vm_bo = kzalloc_obj(*vm_bo, GFP_KERNEL_ACCOUNT);

	return vm_bo ? &vm_bo->base : NULL;
}

static void nova_import_unpin(struct nova_vm_bo *vm_bo)
{
	if (vm_bo->pinned)
		dma_buf_unpin(vm_bo->base.obj->import_attach);
	vm_bo->pinned = false;
}

/**
 * nova_import_link_free() - drm_gpuvm_ops.vm_bo_free
 * @base: the link; the buffer's reservation is held
 */
void nova_import_link_free(struct drm_gpuvm_bo *base)
{
	struct nova_vm_bo *vm_bo = to_nova_vm_bo(base);

	nova_import_unpin(vm_bo);
	kfree(vm_bo);
}

/**
 * nova_import_hold() - have a buffer stay where it is for the user-mode queues of an address space
 * @base: its link to the address space, whose lock is held, as is the buffer's reservation
 * @ctx: how to wait
 *
 * Nothing happens unless it is an import. Until nova_import_release_all() or the link's end.
 *
 * Return: 0, what nova_import_validate() says, or the exporter's error.
 */
int nova_import_hold(struct drm_gpuvm_bo *base, struct ttm_operation_ctx *ctx)
{
	struct nova_vm_bo *vm_bo = to_nova_vm_bo(base);
	struct drm_gem_object *obj = base->obj;
	int ret;

	if (!drm_gem_is_imported(obj) || vm_bo->pinned)
		return 0;
	ret = dma_buf_pin(obj->import_attach);
	vm_bo->pinned = !ret;
	/* It may have moved to where it is pinned. */
	return ret ?: nova_import_validate(to_nova_bo(obj), ctx);
}

/**
 * nova_import_hold_all() - the same for all that is bound
 * @vm: the address space, locked, with the reservations of all its buffers
 *
 * Return: as nova_import_hold().
 */
int nova_import_hold_all(struct nova_vm *vm)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct drm_gpuva *va;
	int ret = 0;

	drm_gpuvm_for_each_va(va, &vm->gpuvm)
		if (!ret && va->vm_bo)
			ret = nova_import_hold(va->vm_bo, &ctx);
	return ret;
}

/**
 * nova_import_release_all() - an address space has no user-mode queue any more
 * @vm: the address space, locked; no reservation is held
 */
void nova_import_release_all(struct nova_vm *vm)
{
	struct drm_gpuva *va;

	lockdep_assert_held(&vm->lock);
	drm_gpuvm_for_each_va(va, &vm->gpuvm) {
		if (!va->vm_bo || !to_nova_vm_bo(va->vm_bo)->pinned)
			continue;
		dma_resv_lock(va->gem.obj->resv, NULL);
		nova_import_unpin(to_nova_vm_bo(va->vm_bo));
		dma_resv_unlock(va->gem.obj->resv);
	}
}

/* --- the buffer --- */

/* Attaches; nothing is mapped yet, so this needs no door. */
static struct nova_bo *nova_import_attach(struct nova_device *ndev, struct dma_buf *dma_buf)
{
	struct dma_buf_attachment *attach;
	struct nova_bo *bo;

	bo = nova_bo_alloc(ndev, dma_buf->size, 0, DRM_NOVA_PLACEMENT_SYSTEM,
			   DRM_NOVA_CPU_CACHING_DEFAULT);
	if (IS_ERR(bo))
		return bo;
	/* From here on the exporter may tell it things. */
	attach = dma_buf_dynamic_attach(dma_buf, drm_dev_dma_dev(&ndev->drm), &nova_import_ops, bo);
	if (IS_ERR(attach)) {
		nova_bo_discard(bo);
		return ERR_CAST(attach);
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
 * remove() in between, and for good.
 *
 * Return: the buffer; -EINVAL for a size or a table that cannot be used,
 * -ENODEV when the device is gone, or the exporter's error.
 */
struct drm_gem_object *nova_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct drm_gem_object *obj = nova_prime_owner(dma_buf);
	struct nova_bo *bo;
	int ret;

	if (obj && obj->dev == drm) {
		drm_gem_object_get(obj);
		return obj;
	}
	if (!dma_buf->size || !PAGE_ALIGNED(dma_buf->size) || dma_buf->size > NOVA_GEM_SIZE_MAX)
		return ERR_PTR(-EINVAL);

	bo = nova_import_attach(to_nova_device(drm), dma_buf);
	if (IS_ERR(bo))
		return ERR_CAST(bo);
	obj = &bo->tbo.base;

	dma_resv_lock(dma_buf->resv, NULL);
	ret = nova_bo_init(bo, ttm_bo_type_sg, dma_buf->resv);
	if (ret) {
		dma_resv_unlock(dma_buf->resv);
		return ERR_PTR(ret);
	}
	ret = nova_import_validate(bo, &ctx);
	dma_resv_unlock(dma_buf->resv);
	if (ret) {
		drm_gem_object_put(obj);
		return ERR_PTR(ret);
	}
	return obj;
}
