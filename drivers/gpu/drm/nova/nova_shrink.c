// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * When the system is short of memory: pages of buffers whose content is not needed are freed.
 *
 * Reclaim may begin wherever memory is allocated, so little is allowed here: reservations are only
 * tried, nothing is waited for, no lock is taken under which memory is allocated, and the door is
 * not entered. That does for buffers that the GPU does not see, which nova_meta.c sees to.
 *
 * The shrinker is a callback of ours, so it goes in remove(). What is not needed then stays until
 * its files are closed.
 */
#include <linux/error-injection.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include <drm/nova_drm.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_shrink.h"

/**
 * struct nova_shrink - the shrinker of one bound device
 */
struct nova_shrink {
	/** @shrinker: the kernel's */
	struct shrinker *shrinker;
	/** @audit: registry entry */
	struct nova_core_audit audit;
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

static unsigned long nova_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct nova_device *ndev = shrinker->private_data;

	return atomic_long_read(&ndev->purgeable) ?: SHRINK_EMPTY;
}

static unsigned long nova_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct nova_device *ndev = shrinker->private_data;
	struct ttm_resource_manager *man = ttm_manager_type(&ndev->ttm, TTM_PL_SYSTEM);
	struct ttm_operation_ctx ctx = { .no_wait_gpu = true };
	struct ttm_lru_walk_arg arg = { .ctx = &ctx, .trylock_only = true };
	struct ttm_bo_lru_cursor cursor;
	struct ttm_buffer_object *tbo;
	unsigned long pages, freed = 0;

	ttm_bo_lru_for_each_reserved_guarded(&cursor, man, &arg, tbo) {
		struct nova_bo *bo = tbo_to_nova_bo(tbo);

		if (tbo->deleted || !bo->madvise.dontneed || !ttm_bo_shrink_suitable(tbo, &ctx))
			continue;
		pages = bo->madvise.pages;
		if (!nova_shrink_purge(bo, &ctx))
			freed += pages;
		if (freed >= sc->nr_to_scan)
			break;
	}
	sc->nr_scanned = freed;
	return freed ?: SHRINK_STOP;
}

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
