// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Arrays of syncobjs: what a job or a bind waits for and signals. */
#include <kunit/visibility.h>
#include <linux/dma-fence-chain.h>
#include <linux/err.h>
#include <linux/slab.h>

#include <drm/drm_syncobj.h>

#include <drm/nova_drm.h>

#include "nova_sync.h"
#include "nova_uapi.h"

/**
 * nova_sync_check() - is it well formed?
 * @sync: the element of an array
 *
 * Return: 0 or -EINVAL.
 */
int nova_sync_check(const struct drm_nova_sync *sync)
{
	if (sync->flags & ~(DRM_NOVA_SYNC_SIGNAL | DRM_NOVA_SYNC_TIMELINE))
		return -EINVAL;
	return !sync->point == !(sync->flags & DRM_NOVA_SYNC_TIMELINE) ? 0 : -EINVAL;
}
EXPORT_SYMBOL_IF_KUNIT(nova_sync_check);

/**
 * nova_sync_find_fence() - what to wait for
 * @file: whose syncobj
 * @sync: which one
 * @fence: out, a reference; NULL: nothing, the point has signalled
 *
 * Return: 0, -ENOENT, -EINVAL without a fence, -ENOMEM.
 */
int nova_sync_find_fence(struct drm_file *file, const struct drm_nova_sync *sync,
			 struct dma_fence **fence)
{
	return drm_syncobj_find_fence(file, sync->handle, sync->point, 0, fence);
}

/**
 * nova_syncs_init() - copy and check the array
 * @syncs: zeroed; nova_syncs_fini() undoes it, whatever is returned
 * @array: the argument
 *
 * Return: 0 or a negative error code.
 */
int nova_syncs_init(struct nova_syncs *syncs, const struct drm_nova_array *array)
{
	struct drm_nova_sync *args;
	int ret;

	if (!array->count)
		return 0;
	args = nova_uapi_array(array, sizeof(*args), sizeof(*args), NOVA_SYNCS_MAX);
	if (IS_ERR(args))
		return PTR_ERR(args);
	syncs->args = args;
	syncs->count = array->count;
	for (u32 i = 0; i < syncs->count; i++) {
		ret = nova_sync_check(&args[i]);
		if (ret)
			return ret;
	}
	syncs->signals = kcalloc(syncs->count, sizeof(*syncs->signals), GFP_KERNEL_ACCOUNT);
	return syncs->signals ? 0 : -ENOMEM;
}

static int nova_syncs_add_signal(struct nova_syncs *syncs, struct drm_file *file,
				 const struct drm_nova_sync *sync)
{
	struct nova_sync_signal *signal = &syncs->signals[syncs->signal_count];

	signal->syncobj = drm_syncobj_find(file, sync->handle);
	if (!signal->syncobj)
		return -ENOENT;
	syncs->signal_count++;
	signal->point = sync->point;
	if (!(sync->flags & DRM_NOVA_SYNC_TIMELINE))
		return 0;
	signal->chain = dma_fence_chain_alloc();
	return signal->chain ? 0 : -ENOMEM;
}

/**
 * nova_syncs_lookup() - find the syncobjs
 * @syncs: initialised
 * @file: whose syncobjs
 * @wait: called for each that is waited for, in the order of the array
 * @data: for @wait
 *
 * Return: 0 or a negative error code.
 */
int nova_syncs_lookup(struct nova_syncs *syncs, struct drm_file *file, nova_syncs_wait_t wait,
		      void *data)
{
	int ret = 0;

	for (u32 i = 0; !ret && i < syncs->count; i++)
		ret = syncs->args[i].flags & DRM_NOVA_SYNC_SIGNAL ?
		      nova_syncs_add_signal(syncs, file, &syncs->args[i]) :
		      wait(data, &syncs->args[i]);
	kvfree(syncs->args);
	syncs->args = NULL;
	return ret;
}

/**
 * nova_syncs_signal() - the job has a fence: put it in
 * @syncs: looked up
 * @fence: the fence
 */
void nova_syncs_signal(struct nova_syncs *syncs, struct dma_fence *fence)
{
	for (u32 i = 0; i < syncs->signal_count; i++) {
		struct nova_sync_signal *signal = &syncs->signals[i];

		if (signal->chain)
			drm_syncobj_add_point(signal->syncobj, signal->chain, fence,
					      signal->point);
		else
			drm_syncobj_replace_fence(signal->syncobj, fence);
		signal->chain = NULL;
	}
}

/**
 * nova_syncs_fini() - forget the syncobjs
 * @syncs: zeroed, or from nova_syncs_init()
 */
void nova_syncs_fini(struct nova_syncs *syncs)
{
	if (!syncs->count)
		return;
	for (u32 i = 0; i < syncs->signal_count; i++) {
		dma_fence_chain_free(syncs->signals[i].chain);
		drm_syncobj_put(syncs->signals[i].syncobj);
	}
	kfree(syncs->signals);
	kvfree(syncs->args);
}
