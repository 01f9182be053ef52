// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Waits for a value in memory.
 *
 * Nobody tells when memory changes: the wait looks at it after every event that can
 * have been the end of some work, and sleeps in between, outside the door and with no lock.
 */
#include <kunit/visibility.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/wait.h>

#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_utils.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_tt.h>

#include <drm/nova_drm.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_queue.h"
#include "nova_user_fence.h"
#include "nova_vm.h"
#include "nova_vram.h"

/**
 * nova_user_fence_init() - set up what waits share
 * @ndev: the device; nothing has to be undone
 */
void nova_user_fence_init(struct nova_device *ndev)
{
	init_waitqueue_head(&ndev->user_fences.wait);
	atomic_set(&ndev->user_fences.events, 0);
}

/**
 * nova_user_fence_wake() - something has happened: all waits look again
 * @ndev: the device, bound or not
 *
 * Context: any.
 */
void nova_user_fence_wake(struct nova_device *ndev)
{
	atomic_inc(&ndev->user_fences.events);
	wake_up_all(&ndev->user_fences.wait);
}

VISIBLE_IF_KUNIT int nova_user_fence_check(const struct drm_nova_wait_user_fence *args)
{
	bool narrow = args->flags & DRM_NOVA_USER_FENCE_32;

	if (args->flags & ~DRM_NOVA_USER_FENCE_32)
		return -EINVAL;
	if (args->op > DRM_NOVA_USER_FENCE_LE)
		return -EINVAL;
	if (!IS_ALIGNED(args->address, narrow ? sizeof(u32) : sizeof(u64)))
		return -EINVAL;
	if (!args->mask || (narrow && (args->mask > U32_MAX || args->value > U32_MAX)))
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_user_fence_check);

VISIBLE_IF_KUNIT bool nova_user_fence_met(const struct drm_nova_wait_user_fence *args, u64 memory)
{
	u64 value = args->value & args->mask;

	memory &= args->mask;
	switch (args->op) {
	case DRM_NOVA_USER_FENCE_EQ:
		return memory == value;
	case DRM_NOVA_USER_FENCE_NEQ:
		return memory != value;
	case DRM_NOVA_USER_FENCE_GT:
		return memory > value;
	case DRM_NOVA_USER_FENCE_GE:
		return memory >= value;
	case DRM_NOVA_USER_FENCE_LT:
		return memory < value;
	default:
		return memory <= value;
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_user_fence_met);

/* The aligned quadword at @offset of a buffer, its reservation held. */
static int nova_user_fence_read_bo(struct nova_bo *bo, u64 offset, u64 *value)
	__must_not_hold(nova_core_door)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct nova_bound *bound;
	void *page;
	int idx, ret;
	long left;

	/* Somebody else's device may be writing to it: as for a page fault (nova_gem_fault()). */
	left = dma_resv_wait_timeout(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL, true,
				     MAX_SCHEDULE_TIMEOUT);
	if (left < 0)
		return left;
	/* It was purged, and begins anew. */
	if (!bo->tbo.resource) {
		*value = 0;
		return 0;
	}
	if (bo->tbo.resource->mem_type != TTM_PL_VRAM) {
		/* It may have been swapped out. */
		ret = ttm_bo_populate(&bo->tbo, &ctx);
		if (ret)
			return ret;
		page = kmap_local_page(bo->tbo.ttm->pages[offset >> PAGE_SHIFT]);
		*value = le64_to_cpu(READ_ONCE(*(__le64 *)(page + offset_in_page(offset))));
		kunmap_local(page);
		return 0;
	}
	bound = nova_bound_enter(to_nova_device(bo->tbo.base.dev), &idx);
	if (!bound)
		return -ENODEV;
	*value = nova_core_vram_read64(bound->core, nova_vram_page(bo->tbo.resource, offset));
	nova_bound_exit(idx);
	return 0;
}

static int nova_user_fence_read(struct nova_vm *vm, const struct drm_nova_wait_user_fence *args,
				u64 *value)
{
	u64 at = args->address & ~7ull;
	struct drm_gem_object *obj;
	struct drm_gpuva *va;
	int ret;

	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		return ret;
	va = drm_gpuva_find_first(&vm->gpuvm, at, sizeof(u64));
	obj = va ? va->gem.obj : NULL;
	if (va && to_nova_vma(va)->userptr) {
		ret = -EPERM;
	} else if (!obj) {
		ret = -ENOENT;
	} else if (to_nova_bo(obj)->tbo.type != ttm_bo_type_device) {
		ret = -EPERM;
	} else {
		ret = dma_resv_lock_interruptible(obj->resv, NULL);
		if (!ret) {
			ret = nova_user_fence_read_bo(to_nova_bo(obj),
						      va->gem.offset + at - va->va.addr, value);
			dma_resv_unlock(obj->resv);
		}
	}
	mutex_unlock(&vm->lock);
	if (args->flags & DRM_NOVA_USER_FENCE_32)
		*value = args->address & 4 ? upper_32_bits(*value) : lower_32_bits(*value);
	return ret;
}

/* The queue is not kept: it has to go when it is destroyed, whoever waits for it. */
static int nova_user_fence_check_queue(struct nova_file *nfile, u32 id)
{
	struct nova_queue *queue = nova_queue_lookup(nfile, id);
	int ret;

	if (!queue)
		return -ENOENT;
	scoped_guard(mutex, &queue->lock)
		ret = queue->dead;
	nova_queue_put(queue);
	return ret;
}

/* Looks once: 0 if the condition is met, -EAGAIN if it may be later, or why it never will. */
static int nova_user_fence_look(struct nova_file *nfile,
				const struct drm_nova_wait_user_fence *args)
{
	struct nova_bound *bound;
	int idx, dead = 0, ret;
	u64 memory = 0;
	struct nova_vm *vm;
	bool lost;

	bound = nova_bound_peek(nfile->ndev, &idx);
	if (!bound)
		return -ENODEV;
	/* Memory of one that fell off the bus reads as all ones. */
	lost = nova_core_is_lost(bound->core);
	nova_bound_unpeek(idx);
	if (lost)
		return -ENODEV;

	vm = nova_vm_lookup(nfile, args->vm_id);
	if (!vm)
		return -ENOENT;
	/* Before memory: what a queue wrote before its end counts. */
	if (args->queue_id)
		dead = nova_user_fence_check_queue(nfile, args->queue_id);
	ret = nova_user_fence_read(vm, args, &memory);
	nova_vm_put(vm);
	if (ret)
		return ret;
	if (nova_user_fence_met(args, memory))
		return 0;
	return dead ?: -EAGAIN;
}

int nova_ioctl_wait_user_fence(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_nova_wait_user_fence *args = data;
	struct nova_device *ndev = to_nova_device(drm);
	long left;
	int events, ret;

	ret = nova_user_fence_check(args);
	if (ret)
		return ret;
	do {
		left = args->timeout > 0 ? drm_timeout_abs_to_jiffies(args->timeout) : 0;
		/* Before the look: what happens after it is not slept through. */
		events = atomic_read(&ndev->user_fences.events);
		ret = nova_user_fence_look(file->driver_priv, args);
		if (ret != -EAGAIN)
			return ret;
		if (!left)
			return -ETIME;
		left = wait_event_interruptible_timeout(ndev->user_fences.wait,
							atomic_read(&ndev->user_fences.events) !=
							events, left);
	} while (left >= 0);
	return left;
}
