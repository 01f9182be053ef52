// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Buffer objects: creation, placement, CPU mappings and the ioctls on them.
 */
#include <kunit/visibility.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_tt.h>

#include <drm/nova_drm.h>

#include "nova_account.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_import.h"
#include "nova_meta.h"
#include "nova_prime.h"
#include "nova_reset.h"
#include "nova_ttm.h"
#include "nova_vm.h"
#include "nova_vram.h"

#define NOVA_PLACEMENT_ALL	(DRM_NOVA_PLACEMENT_VRAM | DRM_NOVA_PLACEMENT_SYSTEM)

/* --- life --- */

/*
 * Nothing refers to the buffer any more: not the GPU, not TTM, and no CPU mapping. Imports come
 * here from TTM's worker, so that no reservation is held when the dma-buf goes.
 */
static void nova_bo_destroy(struct ttm_buffer_object *tbo)
{
	struct nova_bo *bo = tbo_to_nova_bo(tbo);
	struct drm_gem_object *obj = &tbo->base;

	drm_WARN_ON(obj->dev, !list_empty(&bo->dma.link));

	nova_meta_fini(bo);
	/* The table went back when TTM dropped the memory, or at remove(). */
	if (drm_gem_is_imported(obj))
		drm_prime_gem_destroy(obj, NULL);
	drm_gem_object_release(obj);
	if (bo->vm_obj)
		drm_gem_object_put(bo->vm_obj);
	if (bo->dummy)
		__free_page(bo->dummy);
	if (bo->account) {
		nova_account_uncharge(bo->account, NOVA_ACCOUNT_BO_BYTES, obj->size);
		nova_account_put(bo->account);
	}
	kfree(bo);
}

static void nova_gem_free(struct drm_gem_object *obj)
{
	ttm_bo_fini(&to_nova_bo(obj)->tbo);
}

/*
 * A file gets a handle. Its maker comes before anybody can know a name (GEM_FLINK),
 * and the only others who can come to a VM-private buffer are those who do.
 */
static int nova_gem_open(struct drm_gem_object *obj, struct drm_file *file)
{
	return nova_bo_is_private(to_nova_bo(obj)) && obj->name ? -EPERM : 0;
}

/* --- CPU mappings --- */

static int nova_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct nova_bo *bo = to_nova_bo(obj);
	int ret;

	if (bo->flags & DRM_NOVA_GEM_NO_MMAP || drm_gem_is_imported(obj))
		return -EPERM;
	ret = ttm_bo_mmap_obj(vma, &bo->tbo);
	if (ret)
		return ret;
	/* TTM has taken a reference of its own for the mapping. */
	drm_gem_object_put(obj);
	return 0;
}

/*
 * The device is gone and with it the content: the buffer reads as one page of
 * its own, over and over. It is never another buffer's page, and what is written to it stays.
 */
static vm_fault_t nova_gem_fault_dummy(struct nova_bo *bo, struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = vmf->address;
	unsigned long end = min(vma->vm_end, addr + TTM_BO_VM_NUM_PREFAULT * PAGE_SIZE);
	vm_fault_t ret;

	if (!bo->dummy)
		bo->dummy = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!bo->dummy)
		return VM_FAULT_OOM;

	ret = vmf_insert_pfn_prot(vma, addr, page_to_pfn(bo->dummy), vma->vm_page_prot);
	if (ret != VM_FAULT_NOPAGE)
		return ret;
	while ((addr += PAGE_SIZE) < end) {
		/* The neighbours are only a guess. */
		if (vmf_insert_pfn_prot(vma, addr, page_to_pfn(bo->dummy),
					vma->vm_page_prot) != VM_FAULT_NOPAGE)
			break;
	}
	return VM_FAULT_NOPAGE;
}

/* Pages of the buffer, allocated now if need be. Works without the device. */
static vm_fault_t nova_gem_fault_pages(struct nova_bo *bo, struct vm_fault *vmf)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	int ret;

	ret = ttm_bo_populate(&bo->tbo, &ctx);
	switch (ret) {
	case 0:
		return ttm_bo_vm_fault_reserved(vmf, vmf->vma->vm_page_prot,
						TTM_BO_VM_NUM_PREFAULT);
	case -EINTR:
	case -ERESTARTSYS:
	case -EAGAIN:
		return VM_FAULT_NOPAGE;	/* handle the signal, come back */
	case -ENOMEM:
		return VM_FAULT_OOM;
	default:
		return VM_FAULT_SIGBUS;	/* swap cannot be read */
	}
}

static vm_fault_t nova_gem_fault_vram(struct nova_bo *bo, struct vm_fault *vmf)
{
	struct nova_device *ndev = to_nova_device(bo->tbo.base.dev);
	vm_fault_t ret;
	int idx;

	if (!nova_bound_enter(ndev, &idx))
		return nova_gem_fault_dummy(bo, vmf);
	/*
	 * What is inserted here is zapped by drm_dev_unplug(), which waits for us first; and so it
	 * is when the device is wedged.
	 */
	down_read(&ndev->reset.maps);
	if (nova_reset_wedged(ndev))
		ret = nova_gem_fault_dummy(bo, vmf);
	else
		ret = ttm_bo_vm_fault_reserved(vmf, vmf->vma->vm_page_prot,
					       TTM_BO_VM_NUM_PREFAULT);
	up_read(&ndev->reset.maps);
	nova_bound_exit(idx);
	return ret;
}

/* One that was purged is nowhere; it begins anew like the others. */
static vm_fault_t nova_gem_fault_purged(struct nova_bo *bo)
{
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };
	struct ttm_placement placement = { .num_placement = 1, .placement = &system };
	struct ttm_operation_ctx ctx = { .interruptible = true };

	if (bo->tbo.resource)
		return 0;
	return ttm_bo_validate(&bo->tbo, &placement, &ctx) ? VM_FAULT_OOM : 0;
}

/*
 * The first touch decides where a buffer without memory begins. A failure is
 * none: system pages do, and the GPU's first use moves them.
 */
static vm_fault_t nova_gem_fault_place(struct nova_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct ttm_tt *tt = bo->tbo.ttm;
	int ret;

	if (bo->tbo.resource->mem_type != TTM_PL_SYSTEM ||
	    !(bo->placement & DRM_NOVA_PLACEMENT_VRAM) ||
	    (tt && (ttm_tt_is_populated(tt) || ttm_tt_is_swapped(tt))))
		return 0;
	ret = nova_bo_validate(bo, &ctx);
	return ret == -EINTR || ret == -ERESTARTSYS ? VM_FAULT_NOPAGE : 0;
}

static vm_fault_t nova_gem_fault(struct vm_fault *vmf)
{
	struct ttm_buffer_object *tbo = vmf->vma->vm_private_data;
	struct nova_bo *bo = tbo_to_nova_bo(tbo);
	vm_fault_t ret;

	ret = ttm_bo_vm_reserve(tbo, vmf);
	if (ret)
		return ret;

	/*
	 * Our moves leave no fence, but whoever imported the buffer might. Waited for
	 * here, it is not waited for inside the door by the functions below.
	 */
	if (dma_resv_wait_timeout(tbo->base.resv, DMA_RESV_USAGE_KERNEL, true,
				  MAX_SCHEDULE_TIMEOUT) < 0)
		ret = VM_FAULT_NOPAGE;
	else
		ret = nova_gem_fault_purged(bo) ?: nova_gem_fault_place(bo);
	if (ret)
		goto unlock;

	if (tbo->resource->mem_type == TTM_PL_VRAM)
		ret = nova_gem_fault_vram(bo, vmf);
	else
		ret = nova_gem_fault_pages(bo, vmf);
unlock:
	dma_resv_unlock(tbo->base.resv);
	return ret;
}

/* For ptrace: TTM's access reaches video memory through nova_vram_access(), inside the door. */
static const struct vm_operations_struct nova_gem_vm_ops = {
	.fault = nova_gem_fault,
	.open = ttm_bo_vm_open,
	.close = ttm_bo_vm_close,
	.access = ttm_bo_vm_access,
};

static const struct drm_gem_object_funcs nova_gem_funcs = {
	.free = nova_gem_free,
	.open = nova_gem_open,
	.export = nova_prime_export,
	.get_sg_table = nova_prime_get_sg_table,
	.vmap = nova_prime_vmap,
	.vunmap = nova_prime_vunmap,
	.mmap = nova_gem_mmap,
	.vm_ops = &nova_gem_vm_ops,
};

/* --- creation --- */

/**
 * nova_bo_alloc() - first half of creation
 * @ndev: the device
 * @size: bytes, page aligned
 * @flags: DRM_NOVA_GEM_*
 * @placement: DRM_NOVA_PLACEMENT_* mask, not 0
 * @caching: DRM_NOVA_CPU_CACHING_*
 *
 * Return: a buffer that must be passed to nova_bo_init() or nova_bo_discard(), or -ENOMEM.
 */
struct nova_bo *nova_bo_alloc(struct nova_device *ndev, u64 size, u32 flags, u32 placement,
			      u32 caching)
{
	struct nova_bo *bo;

	bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->flags = flags;
	bo->placement = placement;
	bo->caching = caching;
	nova_dma_init(&bo->dma);
	bo->tbo.base.funcs = &nova_gem_funcs;
	drm_gem_private_object_init(&ndev->drm, &bo->tbo.base, size);
	/* Linux 7.2 does it for drivers with DRIVER_GEM_GPUVA only, which 7.3 does not know. */
	drm_gem_gpuva_init(&bo->tbo.base);
	nova_meta_init(bo);
	return bo;
}

/**
 * nova_bo_discard() - undo nova_bo_alloc()
 * @bo: the buffer, in place of nova_bo_init()
 */
void nova_bo_discard(struct nova_bo *bo)
{
	nova_bo_destroy(&bo->tbo);
}

/**
 * nova_bo_init() - second half of creation
 * @bo: the buffer; when this fails it is gone or about to go, with all it owns
 * @type: ttm_bo_type_device, or ttm_bo_type_sg for an import
 * @resv: reservation to share, locked and staying so; NULL: its own
 *
 * Return: 0 or a negative error code.
 */
int nova_bo_init(struct nova_bo *bo, enum ttm_bo_type type, struct dma_resv *resv)
{
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };
	struct nova_device *ndev = to_nova_device(bo->tbo.base.dev);
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct ttm_placement placement = {
		.num_placement = 1,
		.placement = &system,
	};
	int ret;

	ret = ttm_bo_init_reserved(&ndev->ttm, &bo->tbo, type, &placement, 0, &ctx, NULL, resv,
				   nova_bo_destroy);
	if (ret)
		return ret;
	if (!resv)
		ttm_bo_unreserve(&bo->tbo);
	return 0;
}

/**
 * nova_bo_create() - make a buffer without memory
 * @ndev: the device
 * @size: bytes, page aligned
 * @flags: DRM_NOVA_GEM_*
 * @placement: DRM_NOVA_PLACEMENT_* mask, not 0
 * @caching: DRM_NOVA_CPU_CACHING_*
 * @vm: address space that the buffer is private to, or NULL
 * @account: what to charge its size to
 *
 * Takes the VM's reservation, so it must not be called inside the door.
 *
 * Return: the buffer, -ENOSPC when @account is exhausted, -ENOMEM, or -ERESTARTSYS when
 * interrupted.
 */
struct nova_bo *nova_bo_create(struct nova_device *ndev, u64 size, u32 flags, u32 placement,
			       u32 caching, struct nova_vm *vm, struct nova_account *account)
{
	struct dma_resv *resv = vm ? nova_vm_resv(vm) : NULL;
	struct nova_bo *bo;
	int ret;

	ret = nova_account_charge(account, NOVA_ACCOUNT_BO_BYTES, size);
	if (ret)
		return ERR_PTR(ret);
	/* An EXEC may hold it while it waits for the GPU. */
	if (resv && dma_resv_lock_interruptible(resv, NULL)) {
		nova_account_uncharge(account, NOVA_ACCOUNT_BO_BYTES, size);
		return ERR_PTR(-ERESTARTSYS);
	}

	bo = nova_bo_alloc(ndev, size, flags, placement, caching);
	if (IS_ERR(bo)) {
		nova_account_uncharge(account, NOVA_ACCOUNT_BO_BYTES, size);
	} else {
		bo->account = nova_account_get(account);
		if (vm) {
			drm_gem_object_get(vm->gpuvm.r_obj);
			bo->vm_obj = vm->gpuvm.r_obj;
		}
		ret = nova_bo_init(bo, ttm_bo_type_device, resv);
		if (ret)
			bo = ERR_PTR(ret);
	}

	if (resv)
		dma_resv_unlock(resv);
	return bo;
}
EXPORT_SYMBOL_IF_KUNIT(nova_bo_create);

/* --- placement --- */

/**
 * nova_bo_validate() - move a buffer to where the GPU can see it
 * @bo: the buffer
 * @ctx: how to wait
 *
 * The caller holds the reservation and is not inside the door: this may wait
 * for the GPU. Video memory is taken first. If system memory would do as well
 * no other buffer is evicted for it. A buffer that others use stays in system memory. An import is
 * mapped where its owner has it.
 *
 * Return: 0, -ENOSPC when video memory is full, -ENOMEM, -EPERM when the client has said that it
 * does not need the buffer, -ENODEV when the device is gone, -EBUSY or -ERESTARTSYS as @ctx says;
 * -EDEADLK is not returned.
 */
int nova_bo_validate(struct nova_bo *bo, struct ttm_operation_ctx *ctx)
{
	struct nova_device *ndev = to_nova_device(bo->tbo.base.dev);
	bool vram = bo->placement & DRM_NOVA_PLACEMENT_VRAM && !bo->shared.attached;
	bool system = bo->placement & DRM_NOVA_PLACEMENT_SYSTEM;
	struct ttm_placement placement = {};
	struct ttm_place places[2] = {};
	int ret;

	placement.placement = places;
	/* A buffer larger than video memory would turn all others out in vain. */
	if (vram && bo->tbo.base.size <= nova_ttm_vram_usage(ndev).total) {
		places[placement.num_placement].mem_type = TTM_PL_VRAM;
		places[placement.num_placement].flags = system ? TTM_PL_FLAG_DESIRED : 0;
		placement.num_placement++;
	}
	if (system)
		places[placement.num_placement++].mem_type = TTM_PL_TT;
	if (!placement.num_placement)
		return -ENOSPC;
	if (bo->madvise.dontneed)
		return -EPERM;

	/* Nor should they be for a device that is not there. */
	if (!nova_bound_is_there(ndev))
		return -ENODEV;

	if (drm_gem_is_imported(&bo->tbo.base))
		return nova_import_validate(bo, ctx);

	ret = ttm_bo_validate(&bo->tbo, &placement, ctx);
	return ret == -ENOSPC && !vram ? -ENOMEM : ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_bo_validate);

/**
 * nova_bo_validate_system() - move a buffer to system memory, with pages allocated
 * @bo: the buffer
 * @ctx: how to wait
 *
 * The caller holds the reservation and is not inside the door. The GPU sees
 * the pages too, unless the device is gone, which is no error here.
 *
 * Return: 0 or a negative error code.
 */
int nova_bo_validate_system(struct nova_bo *bo, struct ttm_operation_ctx *ctx)
{
	static const struct ttm_place places[] = {
		{ .mem_type = TTM_PL_TT },
		{ .mem_type = TTM_PL_SYSTEM },
	};
	struct ttm_placement visible = { .num_placement = 1, .placement = &places[0] };
	struct ttm_placement hidden = { .num_placement = 1, .placement = &places[1] };
	int ret;

	ret = ttm_bo_validate(&bo->tbo, &visible, ctx);
	if (ret == -ENODEV)
		ret = ttm_bo_validate(&bo->tbo, &hidden, ctx);
	if (ret)
		return ret == -ENOSPC ? -ENOMEM : ret;
	return ttm_bo_populate(&bo->tbo, ctx);
}
EXPORT_SYMBOL_IF_KUNIT(nova_bo_validate_system);

/**
 * nova_bo_extent() - where a part of a buffer is
 * @bo: the buffer, validated
 * @offset: in bytes, inside the buffer
 *
 * Called inside the door with the reservation held. Whoever walks a buffer keeps a cursor:
 * nova_bo_extent_at().
 *
 * Return: the contiguous piece that begins at @offset.
 */
struct nova_bo_extent nova_bo_extent(struct nova_bo *bo, u64 offset)
{
	struct nova_bo_cursor cursor = {};

	dma_resv_assert_held(bo->tbo.base.resv);
	return nova_bo_extent_at(bo, &cursor, offset);
}
EXPORT_SYMBOL_IF_KUNIT(nova_bo_extent);

/**
 * nova_bo_extent_at() - the same for who walks, and may hold no reservation
 * @bo: the buffer; its reservation, or a fence of the caller's in it, keeps it from moving
 * @cursor: the caller's own, all zero at first
 * @offset: bytes from its beginning
 *
 * Return: the extent that begins at @offset.
 */
struct nova_bo_extent nova_bo_extent_at(struct nova_bo *bo, struct nova_bo_cursor *cursor,
					u64 offset)
{
	struct nova_bo_extent extent = {};

	if (bo->tbo.resource->mem_type == TTM_PL_VRAM) {
		extent.vram = true;
		extent.addr = nova_vram_addr(bo->tbo.resource, &cursor->vram, offset, &extent.size);
	} else {
		extent.addr = nova_dma_addr_at(&bo->dma, &cursor->dma, offset, &extent.size);
	}
	extent.size = min(extent.size, bo->tbo.base.size - offset);
	return extent;
}
EXPORT_SYMBOL_IF_KUNIT(nova_bo_extent_at);

/* --- ioctls --- */

static int nova_gem_create_check(const struct drm_nova_gem_create *args, u64 size_max)
{
	if (!args->size || args->size > size_max)
		return -EINVAL;
	if (args->flags & ~DRM_NOVA_GEM_NO_MMAP)
		return -EINVAL;
	if (args->placement & ~NOVA_PLACEMENT_ALL)
		return -EINVAL;

	switch (args->cpu_caching) {
	case DRM_NOVA_CPU_CACHING_DEFAULT:
	case DRM_NOVA_CPU_CACHING_WC:
		return 0;
	case DRM_NOVA_CPU_CACHING_WB:
		/* Video memory cannot be cached, and 0 means video memory too. */
		return args->placement == DRM_NOVA_PLACEMENT_SYSTEM ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

int nova_ioctl_gem_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_device *ndev = to_nova_device(drm);
	struct drm_nova_gem_create *args = data;
	struct nova_file *nfile = file->driver_priv;
	struct nova_vm *vm = NULL;
	struct nova_bo *bo;
	int ret;

	ret = nova_gem_create_check(args, nova_ttm_size_max(ndev));
	if (ret)
		return ret;
	if (args->vm_id) {
		vm = nova_vm_lookup(nfile, args->vm_id);
		if (!vm)
			return -ENOENT;
	}

	/* The object is plain memory. */
	if (nova_bound_is_there(ndev)) {
		bo = nova_bo_create(ndev, PAGE_ALIGN(args->size), args->flags,
				    args->placement ?: NOVA_PLACEMENT_ALL, args->cpu_caching, vm,
				    nfile->account);
	} else {
		bo = ERR_PTR(-ENODEV);
	}
	if (vm)
		nova_vm_put(vm);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	ret = drm_gem_handle_create(file, &bo->tbo.base, &args->handle);
	drm_gem_object_put(&bo->tbo.base);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_ioctl_gem_create);

int nova_ioctl_gem_info(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nova_gem_info *args = data;
	struct drm_gem_object *obj;
	struct nova_bo *bo;
	int ret = 0;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	bo = to_nova_bo(obj);

	if (nova_bound_is_there(to_nova_device(drm))) {
		args->size = obj->size;
		args->flags = bo->flags;
		if (drm_gem_is_imported(obj))
			args->flags |= DRM_NOVA_GEM_INFO_IMPORTED;
		args->placement = bo->placement;
		args->resident = READ_ONCE(bo->resident);
		args->reserved = 0;
	} else {
		ret = -ENODEV;
	}
	drm_gem_object_put(obj);
	return ret;
}

int nova_ioctl_gem_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nova_gem_mmap_offset *args = data;
	struct drm_gem_object *obj;
	int ret = 0;

	if (args->flags)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	if (to_nova_bo(obj)->flags & DRM_NOVA_GEM_NO_MMAP || drm_gem_is_imported(obj))
		ret = -EPERM;
	else if (nova_bound_is_there(to_nova_device(drm)))
		args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	else
		ret = -ENODEV;
	drm_gem_object_put(obj);
	return ret;
}
