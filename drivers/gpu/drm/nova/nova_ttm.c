// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Where buffers live, and how they move. Three placements:
 *
 * SYSTEM	pages the GPU cannot see: not allocated yet, touched by a CPU only, evicted, or
 *		swapped out (nova_shrink.c).
 * TT		pages mapped for DMA.
 * VRAM		video memory, no pages.
 *
 * An import has no pages of its own. It stays in SYSTEM, and the GPU sees it there while its
 * owner's pages are mapped for DMA (nova_import.c).
 *
 * A move copies by a copy engine, or by CPU where that does not do it, and is complete when it
 * returns. It waits outside the door and enters it only to touch the device. Without the device
 * buffers can leave for SYSTEM, which is all that closing, swapping and exporting needs.
 */
#include <linux/atomic.h>
#include <linux/error-injection.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>
#include <drm/ttm/ttm_allocation.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include <drm/nova_drm.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_mover.h"
#include "nova_prime.h"
#include "nova_ttm.h"
#include "nova_uapi.h"
#include "nova_userq.h"
#include "nova_vm.h"
#include "nova_vram.h"

#define NOVA_TTM_WAIT	(15 * HZ)	/* as ttm_bo_wait_ctx() does */

/**
 * struct nova_tt - pages of a buffer
 */
struct nova_tt {
	/** @base: base */
	struct ttm_tt base;
	/** @bo: the buffer, which outlives its pages */
	struct nova_bo *bo;
};

#define to_nova_tt(base_) container_of(base_, struct nova_tt, base)

/**
 * struct nova_ttm_system - manager of TTM_PL_TT
 *
 * Pages come from TTM's pool; this one counts them and sets the limit.
 */
struct nova_ttm_system {
	/** @manager: base */
	struct ttm_resource_manager manager;
	/** @populated: bytes of pages allocated, for TT and SYSTEM */
	atomic64_t populated;
};

static struct nova_device *nova_ttm_device(struct ttm_device *ttm)
{
	return container_of(ttm, struct nova_device, ttm);
}

static struct nova_ttm_system *nova_ttm_system(struct ttm_device *ttm)
{
	return container_of(ttm_manager_type(ttm, TTM_PL_TT), struct nova_ttm_system, manager);
}

/* --- pages --- */

static struct ttm_tt *nova_ttm_tt_create(struct ttm_buffer_object *tbo, u32 page_flags)
{
	struct nova_bo *bo = tbo_to_nova_bo(tbo);
	enum ttm_caching caching = ttm_cached;
	struct nova_tt *tt;
	int ret;

	tt = kzalloc_obj(*tt, GFP_KERNEL_ACCOUNT);
	if (!tt)
		return NULL;
	tt->bo = bo;

	if (page_flags & TTM_TT_FLAG_EXTERNAL) {
		ret = ttm_sg_tt_init(&tt->base, tbo, page_flags, caching);
	} else {
		if (bo->caching == DRM_NOVA_CPU_CACHING_WC)
			caching = ttm_write_combined;
		/* Ours to swap out, not TTM's, which needs a second copy first. */
		page_flags |= TTM_TT_FLAG_EXTERNAL | TTM_TT_FLAG_EXTERNAL_MAPPABLE;
		/*
		 * TTM leaves out the zeros when video memory is to be copied here. But the device
		 * may vanish in the middle, and then the rest is what a client sees.
		 */
		ret = ttm_tt_init(&tt->base, tbo, page_flags | TTM_TT_FLAG_ZERO_ALLOC, caching, 0);
	}
	if (ret) {
		kfree(tt);
		return NULL;
	}
	return &tt->base;
}

/* They came, or they went. */
static void nova_ttm_count_pages(struct ttm_device *ttm, struct ttm_tt *base, bool present)
{
	s64 size = (s64)base->num_pages << PAGE_SHIFT;

	nova_bo_set_resident(to_nova_tt(base)->bo, DRM_NOVA_PLACEMENT_SYSTEM, present);
	atomic64_add(present ? size : -size, &nova_ttm_system(ttm)->populated);
}

static int nova_ttm_tt_populate(struct ttm_device *ttm, struct ttm_tt *base,
				struct ttm_operation_ctx *ctx)
{
	struct nova_bo *bo = to_nova_tt(base)->bo;
	int ret;

	if (drm_gem_is_imported(&bo->tbo.base))
		return 0;
	if (ttm_tt_is_backed_up(base)) {
		ret = ttm_tt_restore(ttm, base, ctx);
	} else {
		/*
		 * Where they are swapped out to; then is too late to make it. What is missing here
		 * is memory, whatever shmem calls it.
		 */
		ret = base->backup || !ttm_tt_setup_backup(base) ? 0 : -ENOMEM;
		if (!ret)
			ret = ttm_pool_alloc(&ttm->pool, base, ctx);
	}
	if (ret)
		return ret;
	nova_ttm_count_pages(ttm, base, true);
	return 0;
}

static void nova_ttm_tt_unpopulate(struct ttm_device *ttm, struct ttm_tt *base)
{
	struct nova_bo *bo = to_nova_tt(base)->bo;

	if (drm_gem_is_imported(&bo->tbo.base))
		return;
	/*
	 * Moves have done it; no page goes back to the system while the device can reach it. In
	 * SYSTEM it never does, and there this may be reclaim, which must not wait for the lock.
	 */
	if (!bo->tbo.resource || bo->tbo.resource->mem_type != TTM_PL_SYSTEM)
		nova_dma_unmap(nova_ttm_device(ttm), &bo->dma);
	nova_ttm_count_pages(ttm, base, false);
	ttm_pool_free(&ttm->pool, base);
}

static void nova_ttm_tt_destroy(struct ttm_device *ttm, struct ttm_tt *base)
{
	ttm_tt_fini(base);
	kfree(to_nova_tt(base));
}

/* Has a buffer pages of the system, or had some that were swapped out? */
static bool nova_ttm_has_pages(const struct ttm_buffer_object *tbo)
{
	return tbo->ttm && (ttm_tt_is_populated(tbo->ttm) || ttm_tt_is_swapped(tbo->ttm));
}

/* --- moves --- */

/*
 * Has nobody used it yet? Then the fences in its reservation are about other buffers: those of a VM
 * share it. Who it is shared with may have left some for later.
 */
static bool nova_ttm_is_new(const struct nova_bo *bo)
{
	return (!bo->tbo.resource || bo->tbo.resource->mem_type == TTM_PL_SYSTEM) &&
	       !nova_ttm_has_pages(&bo->tbo) && !nova_bo_is_shared(bo);
}

/* Until nobody uses the memory that a buffer is going to leave. */
static int nova_ttm_wait_unused(struct nova_bo *bo, struct ttm_operation_ctx *ctx)
{
	long left;

	if (!nova_ttm_is_new(bo))
		return ttm_bo_wait_ctx(&bo->tbo, ctx);
	left = dma_resv_wait_timeout(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL, ctx->interruptible,
				     ctx->no_wait_gpu ? 0 : NOVA_TTM_WAIT);
	return left ? min(left, 0) : -EBUSY;
}

static int nova_ttm_map_pages(struct nova_device *ndev, struct nova_bo *bo)
{
	struct ttm_tt *tt = bo->tbo.ttm;
	struct nova_bound *bound;
	int idx, ret;

	bound = nova_bound_peek(ndev, &idx);
	if (!bound)
		return -ENODEV;
	ret = nova_dma_map_pages(bound, &bo->dma, tt->pages, tt->num_pages);
	nova_bound_unpeek(idx);
	return ret;
}

/* A copy engine reaches the pages by DMA, for as long as it copies. */
static int nova_ttm_mover_copy(struct nova_device *ndev, struct nova_bo *bo,
			       struct ttm_resource *vram,
			       int (*copy)(struct nova_device *ndev, struct nova_bo *bo,
					   struct ttm_resource *vram))
{
	int ret = nova_ttm_map_pages(ndev, bo);

	if (ret)
		return ret;
	ret = copy(ndev, bo, vram);
	nova_dma_unmap(ndev, &bo->dma);
	return ret;
}

static int nova_ttm_move_to_vram(struct nova_device *ndev, struct nova_bo *bo,
				 struct ttm_operation_ctx *ctx, struct ttm_resource *to)
{
	int ret;

	/*
	 * Before the copy, as the pages may lie behind a bounce buffer. If the copy
	 * fails the buffer stays in TT unmapped, but it fails only when the device is gone.
	 */
	nova_dma_unmap(ndev, &bo->dma);

	if (nova_ttm_has_pages(&bo->tbo)) {
		ret = ttm_bo_populate(&bo->tbo, ctx);
		if (!ret && nova_ttm_mover_copy(ndev, bo, to, nova_mover_write))
			ret = nova_vram_write(ndev, to, bo->tbo.ttm);
	} else {
		ret = nova_mover_clear(ndev, to) ? nova_vram_clear(ndev, to) : 0;
	}
	if (ret)
		return ret;

	if (nova_ttm_is_new(bo)) {
		/* The other one waits for all fences. There are no pages, only a table for some. */
		if (bo->tbo.ttm)
			nova_ttm_tt_destroy(bo->tbo.bdev, bo->tbo.ttm);
		bo->tbo.ttm = NULL;
		ttm_bo_move_null(&bo->tbo, to);
	} else {
		ttm_bo_move_sync_cleanup(&bo->tbo, to);
	}
	nova_bo_set_resident(bo, DRM_NOVA_PLACEMENT_VRAM, true);
	return 0;
}

static int nova_ttm_move_from_vram(struct nova_device *ndev, struct nova_bo *bo,
				   struct ttm_operation_ctx *ctx, struct ttm_resource *to)
{
	int ret;

	/* What the client does not need is not copied. The pages come later, as zeros. */
	if (nova_bo_is_expendable(bo) && to->mem_type == TTM_PL_SYSTEM) {
		bo->madvise.purged = true;
		goto moved;
	}
	ret = ttm_bo_populate(&bo->tbo, ctx);
	if (ret)
		return ret;
	/* Without the device the content is lost, the buffer is not. */
	ret = nova_ttm_mover_copy(ndev, bo, bo->tbo.resource, nova_mover_read) ?
	      nova_vram_read(ndev, bo->tbo.resource, bo->tbo.ttm) : 0;
	if (to->mem_type == TTM_PL_TT) {
		if (!ret)
			ret = nova_ttm_map_pages(ndev, bo);
		if (ret)
			return ret;
	}
moved:
	ttm_bo_move_sync_cleanup(&bo->tbo, to);
	nova_bo_set_resident(bo, DRM_NOVA_PLACEMENT_VRAM, false);
	return 0;
}

/* Between SYSTEM and TT, or into one of them at creation: the pages stay. */
static int nova_ttm_move_pages(struct nova_device *ndev, struct nova_bo *bo,
			       struct ttm_resource *to)
{
	int ret;

	if (to->mem_type == TTM_PL_TT) {
		ret = nova_ttm_map_pages(ndev, bo);
		if (ret)
			return ret;
	} else {
		nova_dma_unmap(ndev, &bo->dma);
	}
	ttm_bo_move_null(&bo->tbo, to);
	return 0;
}

static int nova_ttm_move(struct ttm_buffer_object *tbo, bool evict, struct ttm_operation_ctx *ctx,
			 struct ttm_resource *to, struct ttm_place *hop)
{
	struct nova_device *ndev = nova_ttm_device(tbo->bdev);
	struct nova_bo *bo = tbo_to_nova_bo(tbo);
	u32 from = tbo->resource ? tbo->resource->mem_type : TTM_PL_SYSTEM;
	int ret;

	if (from != TTM_PL_SYSTEM || to->mem_type == TTM_PL_VRAM) {
		ret = nova_ttm_wait_unused(bo, ctx);
		if (ret)
			return ret;
	}
	/* A user-mode queue may be using it. Without the device nobody does. */
	if (from != TTM_PL_SYSTEM && nova_userq_holds(bo) && nova_bound_is_there(ndev))
		return -EBUSY;
	/* What it is exported to can see it. */
	if (from != TTM_PL_SYSTEM) {
		ret = nova_prime_invalidate(bo);
		if (ret)
			return ret;
	}
	/* The GPU can see it: take it out of all address spaces, with their caches. */
	if (from != TTM_PL_SYSTEM)
		nova_vm_bo_evict(bo);

	if (to->mem_type == TTM_PL_VRAM)
		return nova_ttm_move_to_vram(ndev, bo, ctx, to);
	if (from == TTM_PL_VRAM)
		return nova_ttm_move_from_vram(ndev, bo, ctx, to);
	return nova_ttm_move_pages(ndev, bo, to);
}

static bool nova_ttm_eviction_valuable(struct ttm_buffer_object *tbo,
				       const struct ttm_place *place)
{
	return !nova_userq_holds(tbo_to_nova_bo(tbo)) && ttm_bo_eviction_valuable(tbo, place);
}

static void nova_ttm_evict_flags(struct ttm_buffer_object *tbo, struct ttm_placement *placement)
{
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };

	placement->num_placement = 1;
	placement->placement = &system;
}

/*
 * The buffer dies; TTM holds its reservation. No address space maps it: that would be a reference.
 * This is where the table of an import goes back to the exporter.
 */
static void nova_ttm_delete_mem_notify(struct ttm_buffer_object *tbo)
{
	nova_dma_unmap(nova_ttm_device(tbo->bdev), &tbo_to_nova_bo(tbo)->dma);
}

/**
 * nova_ttm_swap_out() - write a buffer's pages to where the kernel swaps
 * @bo: the buffer, idle and with pages, its reservation held
 * @ctx: how to wait, for nothing
 * @write: to disk, at once
 *
 * It is in SYSTEM afterwards, out of everybody's sight, and comes back when its pages are needed.
 * Called while memory is reclaimed.
 *
 * Return: how many pages were freed, or a negative error code: then it is as it was, or in SYSTEM.
 */
long nova_ttm_swap_out(struct nova_bo *bo, struct ttm_operation_ctx *ctx, bool write)
{
	const struct ttm_bo_shrink_flags flags = { .writeback = write, .allow_move = true };
	long ret;

	/* Without the device they may have been mapped from SYSTEM. */
	ret = nova_prime_invalidate(bo);
	if (!ret)
		ret = ttm_bo_shrink(ctx, &bo->tbo, flags);
	if (ret > 0)
		nova_ttm_count_pages(bo->tbo.bdev, bo->tbo.ttm, false);
	return ret;
}

/* --- the CPU's view --- */

static int nova_ttm_io_mem_reserve(struct ttm_device *ttm, struct ttm_resource *res)
{
	struct nova_device *ndev = nova_ttm_device(ttm);

	if (res->mem_type != TTM_PL_VRAM)
		return 0;
	res->bus.offset = ndev->info.bar1_base + nova_vram_page(res, 0);
	res->bus.is_iomem = true;
	res->bus.caching = ttm_write_combined;
	return 0;
}

static unsigned long nova_ttm_io_mem_pfn(struct ttm_buffer_object *tbo, unsigned long page)
{
	u64 addr = nova_vram_page(tbo->resource, (u64)page << PAGE_SHIFT);

	return PHYS_PFN(nova_ttm_device(tbo->bdev)->info.bar1_base + addr);
}

static int nova_ttm_access_memory(struct ttm_buffer_object *tbo, unsigned long offset,
				  void *data, int size, int write)
{
	int ret;

	ret = nova_vram_access(nova_ttm_device(tbo->bdev), tbo->resource, offset, data, size,
			       write);
	return ret ? -EIO : size;
}

static const struct ttm_device_funcs nova_ttm_funcs = {
	.ttm_tt_create = nova_ttm_tt_create,
	.ttm_tt_populate = nova_ttm_tt_populate,
	.ttm_tt_unpopulate = nova_ttm_tt_unpopulate,
	.ttm_tt_destroy = nova_ttm_tt_destroy,
	.eviction_valuable = nova_ttm_eviction_valuable,
	.evict_flags = nova_ttm_evict_flags,
	.move = nova_ttm_move,
	.delete_mem_notify = nova_ttm_delete_mem_notify,
	.io_mem_reserve = nova_ttm_io_mem_reserve,
	.io_mem_pfn = nova_ttm_io_mem_pfn,
	.access_memory = nova_ttm_access_memory,
};

/* --- system memory --- */

static int nova_ttm_system_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *tbo,
				 const struct ttm_place *place, struct ttm_resource **res)
{
	*res = kzalloc_obj(**res, GFP_KERNEL_ACCOUNT);
	if (!*res)
		return -ENOMEM;
	ttm_resource_init(tbo, place, *res);

	/* Over the limit TTM sends others to SYSTEM, out of the device's reach. */
	if (ttm_resource_manager_usage(man) > man->size) {
		ttm_resource_fini(man, *res);
		kfree(*res);
		return -ENOSPC;
	}
	return 0;
}

static void nova_ttm_system_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	ttm_resource_fini(man, res);
	kfree(res);
}

static const struct ttm_resource_manager_func nova_ttm_system_func = {
	.alloc = nova_ttm_system_alloc,
	.free = nova_ttm_system_free,
};

static noinline __noipa int nova_ttm_system_init(struct nova_device *ndev)
{
	struct nova_ttm_system *system;
	struct ttm_resource_manager *man;

	system = drmm_kzalloc(&ndev->drm, sizeof(*system), GFP_KERNEL);
	if (!system)
		return -ENOMEM;
	man = &system->manager;
	man->use_tt = true;
	man->func = &nova_ttm_system_func;
	ttm_resource_manager_init(man, &ndev->ttm, (u64)ttm_tt_pages_limit() << PAGE_SHIFT);
	ttm_set_driver_manager(&ndev->ttm, TTM_PL_TT, man);
	ttm_resource_manager_set_used(man, true);
	return 0;
}
ALLOW_ERROR_INJECTION(nova_ttm_system_init, ERRNO);

static void nova_ttm_system_fini(struct nova_device *ndev)
{
	struct ttm_resource_manager *man = ttm_manager_type(&ndev->ttm, TTM_PL_TT);

	ttm_resource_manager_set_used(man, false);
	ttm_resource_manager_cleanup(man);
	ttm_set_driver_manager(&ndev->ttm, TTM_PL_TT, NULL);
}

/* --- the whole --- */

static void nova_ttm_fini(struct drm_device *drm, void *data)
{
	struct nova_device *ndev = data;

	/* Buffers whose fences were not yet signalled when they died. */
	drain_workqueue(ndev->ttm.wq);
	nova_vram_fini(ndev);
	nova_ttm_system_fini(ndev);
	ttm_device_fini(&ndev->ttm);
}

/**
 * nova_ttm_init() - set up the memory manager
 * @ndev: the device, with its info filled in and page-table memory carved out
 *
 * It is gone with the last drm_dev_put(). TTM gets no struct device: it would
 * keep the pointer, and it maps nothing for DMA.
 *
 * Return: 0 or a negative error code.
 */
int nova_ttm_init(struct nova_device *ndev)
{
	int ret;

	ret = ttm_device_init(&ndev->ttm, &nova_ttm_funcs, NULL,
			      ndev->drm.anon_inode->i_mapping, ndev->drm.vma_offset_manager,
			      TTM_ALLOCATION_PROPAGATE_ENOSPC);
	if (ret)
		return ret;
	ret = nova_vram_init(ndev);
	if (ret)
		goto fini_ttm;
	ret = nova_ttm_system_init(ndev);
	if (ret)
		goto fini_vram;

	return drmm_add_action_or_reset(&ndev->drm, nova_ttm_fini, ndev);

fini_vram:
	nova_vram_fini(ndev);
fini_ttm:
	ttm_device_fini(&ndev->ttm);
	return ret;
}
ALLOW_ERROR_INJECTION(nova_ttm_init, ERRNO);

/**
 * nova_ttm_vram_usage() - how much video memory there is
 * @ndev: the device
 *
 * Return: total and used bytes.
 */
struct nova_ttm_usage nova_ttm_vram_usage(struct nova_device *ndev)
{
	struct ttm_resource_manager *man = &ndev->vram.manager;

	return (struct nova_ttm_usage){
		.total = man->size,
		.used = ttm_resource_manager_usage(man),
	};
}

/**
 * nova_ttm_system_usage() - how much system memory buffers may occupy
 * @ndev: the device
 *
 * Return: total and used bytes; imports and what is swapped out do not count.
 */
struct nova_ttm_usage nova_ttm_system_usage(struct nova_device *ndev)
{
	struct nova_ttm_system *system = nova_ttm_system(&ndev->ttm);

	return (struct nova_ttm_usage){
		.total = system->manager.size,
		.used = atomic64_read(&system->populated),
	};
}

/**
 * nova_ttm_size_max() - the largest buffer that makes sense
 * @ndev: the device
 *
 * Return: bytes; constant for the device.
 */
u64 nova_ttm_size_max(struct nova_device *ndev)
{
	u64 size = max(ndev->vram.manager.size, ttm_manager_type(&ndev->ttm, TTM_PL_TT)->size);

	return min(size, NOVA_GEM_SIZE_MAX);
}
