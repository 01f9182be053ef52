// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Queues: what clients have of them. The hardware half is nova_queue_hw.c, its memory
 * nova_queue_ring.c, what is heard of it nova_queue_event.c.
 */
#include <kunit/visibility.h>
#include <linux/capability.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include <drm/nova_drm.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_pm.h"
#include "nova_queue.h"
#include "nova_reset.h"
#include "nova_sched.h"
#include "nova_uapi.h"
#include "nova_userq.h"
#include "nova_vm.h"

static void nova_queue_release(struct kref *ref)
{
	struct nova_queue *queue = container_of(ref, struct nova_queue, ref);
	struct nova_device *ndev = queue->ndev;
	int idx = nova_pm_enter(ndev);

	scoped_guard(mutex, &ndev->queues.lock)
		if (!list_empty(&queue->link))
			nova_queue_teardown(ndev, queue);
	nova_pm_exit(idx);
	if (drm_mm_node_allocated(&queue->hw.va))
		nova_vm_kernel_free(queue->vm, &queue->hw.va);
	if (queue->holds)
		nova_userq_release(queue->vm);
	if (queue->userq)
		nova_userq_put(queue->userq);
	nova_vm_put(queue->vm);
	nova_meter_fini(&queue->timeline.meter);
	mutex_destroy(&queue->lock);
	kfree(queue);
	drm_dev_put(&ndev->drm);
}

/**
 * nova_queue_put() - drop a reference
 * @queue: the queue
 *
 * From ioctls and file release only, outside the door and without locks.
 */
void nova_queue_put(struct nova_queue *queue)
{
	kref_put(&queue->ref, nova_queue_release);
}
EXPORT_SYMBOL_IF_KUNIT(nova_queue_put);

/**
 * nova_queue_lookup() - find a queue by id
 * @nfile: the file
 * @id: the id
 *
 * Return: a reference, or NULL.
 */
struct nova_queue *nova_queue_lookup(struct nova_file *nfile, u32 id)
{
	struct nova_queue *queue;

	xa_lock(&nfile->queues);
	queue = xa_load(&nfile->queues, id);
	if (queue)
		kref_get(&queue->ref);
	xa_unlock(&nfile->queues);
	return queue;
}

/**
 * nova_queue_priority_allowed() - may the caller have queues of this priority?
 * @priority: DRM_NOVA_PRIORITY_*
 *
 * Return: the answer.
 */
bool nova_queue_priority_allowed(u32 priority)
{
	return priority <= DRM_NOVA_PRIORITY_NORMAL || capable(CAP_SYS_NICE);
}

static u32 nova_queue_ring_size(const struct nova_device *ndev,
				const struct drm_nova_queue_create *args)
{
	return args->ring_size ?: min(NOVA_RING_SIZE_DEFAULT, ndev->info.gpfifo_entries_max);
}

static int nova_queue_check_args(const struct nova_device *ndev,
				 const struct drm_nova_queue_create *args)
{
	u32 ring_size = nova_queue_ring_size(ndev, args);

	if (args->flags & ~DRM_NOVA_QUEUE_USERMODE)
		return -EINVAL;
	if (args->engine >= ndev->info.engine_count)
		return -EINVAL;
	if (args->priority > DRM_NOVA_PRIORITY_HIGH)
		return -EINVAL;
	if (!is_power_of_2(ring_size) || ring_size < NOVA_RING_SIZE_MIN ||
	    ring_size > ndev->info.gpfifo_entries_max)
		return -EINVAL;
	if (!nova_queue_priority_allowed(args->priority))
		return -EACCES;
	return 0;
}

/* The queue without its hardware half; takes over the reference of @vm. */
static struct nova_queue *nova_queue_alloc(struct nova_device *ndev, struct nova_vm *vm,
					   const struct drm_nova_queue_create *args)
{
	struct nova_queue *queue = kzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);

	if (!queue) {
		nova_vm_put(vm);
		return NULL;
	}
	kref_init(&queue->ref);
	drm_dev_get(&ndev->drm);
	queue->ndev = ndev;
	queue->vm = vm;
	queue->engine = args->engine;
	queue->priority = args->priority;
	queue->ring_size = nova_queue_ring_size(ndev, args);
	INIT_LIST_HEAD(&queue->link);
	INIT_LIST_HEAD(&queue->event_link);
	mutex_init(&queue->lock);
	scoped_guard(spinlock_init, &queue->ring.lock)
		queue->ring.shut = false;
	nova_timeline_init(&queue->timeline);
	nova_deps_init(&queue->deps);
	INIT_WORK(&queue->error_work, nova_queue_error_work);
	return queue;
}

static int nova_queue_create_user(struct nova_queue *queue)
{
	struct nova_userq *userq;
	int ret;

	userq = nova_userq_create(queue->ndev, queue->ring_size);
	if (IS_ERR(userq))
		return PTR_ERR(userq);
	queue->userq = userq;
	queue->timeout_ms = nova_sched_timeout_ms();
	ret = nova_userq_hold(queue->vm);
	queue->holds = !ret;
	return ret;
}

static int nova_queue_create(struct nova_queue *queue, u32 flags)
{
	struct nova_bound *bound;
	int idx, ret;

	if (nova_reset_wedged(queue->ndev))
		return -ECANCELED;
	if (flags & DRM_NOVA_QUEUE_USERMODE) {
		ret = nova_queue_create_user(queue);
		if (ret)
			return ret;
	}
	ret = nova_vm_kernel_alloc(queue->vm, &queue->hw.va, nova_queue_mapped_size(queue));
	if (ret)
		return ret;
	bound = nova_bound_enter(queue->ndev, &idx);
	if (!bound)
		return -ENODEV;
	ret = nova_queue_hw_create(bound, queue);
	nova_bound_exit(idx);
	return ret;
}

/**
 * nova_queue_create_kernel() - a queue that no file has
 * @ndev: the device
 * @vm: the address space
 * @engine: index of the engine
 *
 * Return: the queue, to be dropped by nova_queue_put(), or an error pointer.
 */
struct nova_queue *nova_queue_create_kernel(struct nova_device *ndev, struct nova_vm *vm,
					    u32 engine)
{
	const struct drm_nova_queue_create args = {
		.engine = engine,
		.priority = DRM_NOVA_PRIORITY_NORMAL,
		.ring_size = NOVA_RING_SIZE_MIN,
	};
	struct nova_queue *queue;
	int ret;

	kref_get(&vm->ref);
	queue = nova_queue_alloc(ndev, vm, &args);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	ret = nova_queue_create(queue, 0);
	if (ret) {
		nova_queue_put(queue);
		return ERR_PTR(ret);
	}
	return queue;
}

/* What the caller is told; the queue is new, and its channel is there. */
static void nova_queue_describe(const struct nova_queue *queue, struct drm_nova_queue_create *args)
{
	bool user = queue->userq;

	args->ring_size = queue->ring_size;
	args->doorbell_offset = user ? nova_userq_offset(queue->userq) : 0;
	args->map_size = user ? nova_userq_map_size(queue->userq) : 0;
	args->ring_va = user ? queue->hw.va.start : 0;
	args->token = user ? queue->hw.token : 0;
	args->reserved = 0;
}

int nova_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_device *ndev = to_nova_device(drm);
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_queue_create *args = data;
	struct nova_queue *queue;
	struct nova_vm *vm;
	u32 id;
	int ret;

	ret = nova_queue_check_args(ndev, args);
	if (ret)
		return ret;
	vm = nova_vm_lookup(nfile, args->vm_id);
	if (!vm)
		return -ENOENT;
	queue = nova_queue_alloc(ndev, vm, args);
	if (!queue)
		return -ENOMEM;
	nova_meter_init(&queue->timeline.meter, ndev, queue->engine, nfile->stats);

	/* The id is reserved first: once the queue is visible nothing fails. */
	ret = xa_alloc(&nfile->queues, &id, NULL, XA_LIMIT(1, nova_file_queues_max(ndev)),
		       GFP_KERNEL);
	if (ret) {
		nova_queue_put(queue);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	queue->id = id;
	queue->client_id = file->client_id;
	ret = nova_queue_create(queue, args->flags);
	if (ret) {
		xa_erase(&nfile->queues, id);
		nova_queue_put(queue);
		return ret;
	}
	nova_queue_describe(queue, args);
	args->queue_id = id;
	xa_store(&nfile->queues, id, queue, GFP_KERNEL);
	return 0;
}

int nova_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_queue_destroy *args = data;
	struct nova_queue *queue;

	if (args->pad)
		return -EINVAL;
	queue = nova_file_take(&nfile->queues, args->queue_id);
	if (!queue)
		return -ENOENT;
	nova_queue_put(queue);
	return 0;
}

int nova_ioctl_queue_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_queue_get_state *args = data;
	struct nova_queue *queue;

	queue = nova_queue_lookup(nfile, args->queue_id);
	if (!queue)
		return -ENOENT;
	scoped_guard(mutex, &queue->lock) {
		args->flags = queue->state.flags;
		args->reset_count = queue->state.resets;
		args->error = queue->state.error;
	}
	nova_queue_put(queue);
	return nova_bound_is_there(to_nova_device(drm)) ? 0 : -ENODEV;
}
