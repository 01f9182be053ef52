// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * When the system is short of memory: pages of buffers whose content is not needed are freed,
 * those of others, if they are idle, go to where the kernel swaps, and come back on their next use.
 *
 * Reclaim may begin wherever memory is allocated, so little is allowed here: reservations are only
 * tried, nothing is waited for, no lock is taken under which memory is allocated. What is not
 * needed the GPU does not see, which nova_meta.c sees to. What is needed it may: then page tables
 * change, behind the door, where somebody who allocates may already be. An asynchronous bind
 * does the same with the same locks, and is waited for by fences.
 *
 * The shrinker is a callback of ours, so it goes in remove(). What there is of pages then stays
 * until its files are closed.
 */
#include <kunit/visibility.h>
#include <linux/error-injection.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include <drm/ttm/ttm_backup.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include <drm/nova_drm.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_pm.h"
#include "nova_shrink.h"
#include "nova_ttm.h"
#include "nova_userq.h"

/**
 * struct nova_shrink - the shrinker of one bound device
 */
struct nova_shrink {
	/** @shrinker: the kernel's */
	struct shrinker *shrinker;
	/** @audit: registry entry */
	struct nova_core_audit audit;
};

/* What one call of the kernel does. */
struct nova_shrink_scan {
	struct nova_device *ndev;
	struct ttm_operation_ctx ctx;	/* waits for nothing */
	unsigned long wanted;		/* pages */
	unsigned long freed;
	bool swap;			/* needed content, too */
	bool write;			/* to disk, at once */
};

/**
 * nova_shrink_account() - count a buffer's pages among those that may be freed, or not
 * @bo: the buffer, its reservation held, or nobody has it
 *
 * After what it depends on has changed.
 */
void nova_shrink_account(struct nova_bo *bo)
{
	struct nova_device *ndev = to_nova_device(bo->tbo.base.dev);
	unsigned long pages = 0;

	if (bo->madvise.dontneed && bo->resident & DRM_NOVA_PLACEMENT_SYSTEM)
		pages = bo->tbo.base.size >> PAGE_SHIFT;
	atomic_long_add(pages - bo->madvise.pages, &ndev->purgeable);
	bo->madvise.pages = pages;
}

/**
 * nova_shrink_purge() - drop a buffer's memory with what is in it
 * @bo: the buffer, not needed, in TTM_PL_SYSTEM and idle, its reservation held
 * @ctx: how to wait, for nothing
 *
 * CPU mappings see zeros from now on. The buffer has no resource until it is used again.
 *
 * Return: 0 or -ENOMEM.
 */
int nova_shrink_purge(struct nova_bo *bo, struct ttm_operation_ctx *ctx)
{
	struct ttm_placement nowhere = {};
	int ret;

	ttm_bo_unmap_virtual(&bo->tbo);
	ret = ttm_bo_validate(&bo->tbo, &nowhere, ctx);
	if (!ret)
		bo->madvise.purged = true;
	return ret;
}

/* Idle, and nobody holds it in place. */
static bool nova_shrink_suits(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx)
{
	return !tbo->deleted && tbo->type != ttm_bo_type_sg && ttm_bo_shrink_suitable(tbo, ctx) &&
	       !nova_userq_holds(tbo_to_nova_bo(tbo));
}

/* Return: how many pages were freed, or a negative error code. */
static long nova_shrink_bo(struct nova_shrink_scan *scan, struct nova_bo *bo)
{
	unsigned long pages = bo->madvise.pages;

	if (nova_bo_is_expendable(bo))
		return nova_shrink_purge(bo, &scan->ctx) ?: pages;
	return scan->swap ? nova_ttm_swap_out(bo, &scan->ctx, scan->write) : 0;
}

static void nova_shrink_walk(struct nova_shrink_scan *scan, u32 mem_type)
{
	struct ttm_resource_manager *man = ttm_manager_type(&scan->ndev->ttm, mem_type);
	struct ttm_lru_walk_arg arg = { .ctx = &scan->ctx, .trylock_only = true };
	struct ttm_bo_lru_cursor cursor;
	struct ttm_buffer_object *tbo;
	long freed;

	if (scan->freed >= scan->wanted)
		return;
	ttm_bo_lru_for_each_reserved_guarded(&cursor, man, &arg, tbo) {
		if (!nova_shrink_suits(tbo, &scan->ctx))
			continue;
		freed = nova_shrink_bo(scan, tbo_to_nova_bo(tbo));
		if (freed > 0)
			scan->freed += freed;
		if (scan->freed >= scan->wanted)
			break;
	}
}

/* Those have to be unmapped, and this is no time to wait for anybody to wake up. */
static void nova_shrink_walk_mapped(struct nova_shrink_scan *scan)
{
	struct nova_device *ndev = scan->ndev;
	int idx;

	if (nova_pm_try_enter(ndev, &idx)) {
		nova_shrink_walk(scan, TTM_PL_TT);
		nova_pm_exit(idx);
	} else if (ttm_resource_manager_usage(ttm_manager_type(&ndev->ttm, TTM_PL_TT))) {
		nova_pm_request(ndev);
	}
}

/* The pages that can be swapped out: all there are, if there is room for them. */
static unsigned long nova_shrink_swappable(struct nova_device *ndev, struct shrink_control *sc)
{
	u64 room = ttm_backup_bytes_avail();

	/* Whoever reclaims without this may have a lock that swapping takes. */
	if (!(sc->gfp_mask & __GFP_FS))
		room = 0;
	return min(nova_ttm_system_usage(ndev).used, room) >> PAGE_SHIFT;
}

static unsigned long nova_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct nova_device *ndev = shrinker->private_data;
	unsigned long purgeable = atomic_long_read(&ndev->purgeable);

	return max(purgeable, nova_shrink_swappable(ndev, sc)) ?: SHRINK_EMPTY;
}

/*
 * First what is not needed, which costs nobody anything. Whoever calls this is reclaiming, and is
 * marked so for nova_pm_enter_nested(): drop_caches and debugfs do not see to that.
 */
VISIBLE_IF_KUNIT unsigned long nova_shrink_scan(struct shrinker *shrinker,
						struct shrink_control *sc)
{
	struct nova_shrink_scan scan = {
		.ndev = shrinker->private_data,
		.ctx = { .no_wait_gpu = true },
		.wanted = sc->nr_to_scan,
		.write = current_is_kswapd() && sc->gfp_mask & __GFP_IO,
	};
	unsigned int flags = memalloc_noreclaim_save();

	nova_shrink_walk(&scan, TTM_PL_SYSTEM);
	if (nova_shrink_swappable(scan.ndev, sc)) {
		scan.swap = true;
		nova_shrink_walk(&scan, TTM_PL_SYSTEM);
		nova_shrink_walk_mapped(&scan);
	}
	memalloc_noreclaim_restore(flags);
	sc->nr_scanned = scan.freed;
	return scan.freed ?: SHRINK_STOP;
}
EXPORT_SYMBOL_IF_KUNIT(nova_shrink_scan);

/*
 * The last reference of a buffer may be dropped while memory is reclaimed: that takes these locks.
 * Lockdep knows from here on that nothing may be allocated under them.
 */
static void nova_shrink_tell_lockdep(struct nova_device *ndev)
{
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&ndev->gem.lock);
	might_lock(&ndev->mappings.lock);
	might_lock(&ndev->vram.lock);
	fs_reclaim_release(GFP_KERNEL);
}

/**
 * nova_shrink_create() - let the system ask for memory
 * @bound: the bound device
 *
 * Return: 0 or -ENOMEM.
 */
int nova_shrink_create(struct nova_bound *bound)
{
	struct nova_shrink *shrink = kzalloc_obj(*shrink);

	if (!shrink)
		return -ENOMEM;
	shrink->shrinker = shrinker_alloc(0, "drm-nova_gem:%s", bound->ndev->drm.unique);
	if (!shrink->shrinker) {
		kfree(shrink);
		return -ENOMEM;
	}
	shrink->shrinker->count_objects = nova_shrink_count;
	shrink->shrinker->scan_objects = nova_shrink_scan;
	shrink->shrinker->private_data = bound->ndev;
	nova_shrink_tell_lockdep(bound->ndev);
	nova_core_audit_add(bound->core, &shrink->audit, "shrinker");
	bound->shrink = shrink;
	shrinker_register(shrink->shrinker);
	return 0;
}
ALLOW_ERROR_INJECTION(nova_shrink_create, ERRNO);

/**
 * nova_shrink_destroy() - undo nova_shrink_create()
 * @bound: the bound device
 *
 * Waits for a scan that is running, which takes as long as freeing the pages of a few buffers.
 */
void nova_shrink_destroy(struct nova_bound *bound)
{
	shrinker_free(bound->shrink->shrinker);
	nova_core_audit_del(bound->core, &bound->shrink->audit);
	kfree(bound->shrink);
}
