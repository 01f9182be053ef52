/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_SYNC_H_
#define _NOVA_SYNC_H_

#include <linux/nova_core_door.h>
#include <linux/types.h>

struct dma_fence;
struct dma_fence_chain;
struct drm_file;
struct drm_nova_array;
struct drm_nova_sync;
struct drm_syncobj;

/* A syncobj to signal. */
struct nova_sync_signal {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;	/* timeline only, until used */
	u64 point;			/* 0 of a binary one */
};

/**
 * struct nova_syncs - the sync array of one job
 */
struct nova_syncs {
	/** @count: elements of the array */
	u32 count;
	/** @signal_count: valid entries of @signals */
	u32 signal_count;
	/** @args: the array, until nova_syncs_lookup() */
	struct drm_nova_sync *args;
	/** @signals: what the job signals */
	struct nova_sync_signal *signals;
};

/* Called for each syncobj that the job waits for: 0 or a negative error code. */
typedef int (*nova_syncs_wait_t)(void *data, const struct drm_nova_sync *sync);

int nova_sync_check(const struct drm_nova_sync *sync);
int nova_sync_find_fence(struct drm_file *file, const struct drm_nova_sync *sync,
			 struct dma_fence **fence);

int nova_syncs_init(struct nova_syncs *syncs, const struct drm_nova_array *array)
	__must_not_hold(nova_core_door);
int nova_syncs_lookup(struct nova_syncs *syncs, struct drm_file *file, nova_syncs_wait_t wait,
		      void *data);
void nova_syncs_signal(struct nova_syncs *syncs, struct dma_fence *fence);
void nova_syncs_fini(struct nova_syncs *syncs);

#endif /* _NOVA_SYNC_H_ */
