// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What nova-core tells of channels, and what becomes of their queues.
 */
#include <kunit/visibility.h>

#include <drm/drm_drv.h>

#include <drm/nova_drm.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_dump.h"
#include "nova_pm.h"
#include "nova_queue.h"
#include "nova_trace.h"
#include "nova_user_fence.h"
#include "nova_vm.h"

/**
 * nova_queue_error_work() - kill a queue that was condemned
 * @work: its error_work
 */
void nova_queue_error_work(struct work_struct *work)
{
	struct nova_queue *queue = container_of(work, struct nova_queue, error_work);
	struct nova_bound *bound;
	u32 flags, code;
	int idx;

	/* Behind the door remove() has killed the queue, or its end has. */
	bound = nova_bound_enter_unless(queue->ndev, &queue->over, &idx);
	if (!bound)
		return;
	/* The work is cancelled before the hardware half goes. */
	scoped_guard(spinlock, &bound->events.lock) {
		flags = queue->verdict.flags;
		code = queue->verdict.error;
	}
	nova_queue_kill(queue, -ECANCELED, flags, code);
	nova_bound_exit(idx);
}
EXPORT_SYMBOL_IF_KUNIT(nova_queue_error_work);

/**
 * nova_queue_condemn() - have the queue of a channel killed soon
 * @bound: the bound device
 * @chid: the channel; unknown ones are ignored
 * @flags: DRM_NOVA_QUEUE_STATE_* to report
 * @code: NV_ERROR_* to report
 *
 * For contexts that must not talk to the firmware or destroy a queue.
 *
 * Return: true if the queue is going to be killed, false if there is none or it was already.
 */
bool nova_queue_condemn(struct nova_bound *bound, u32 chid, u32 flags, u32 code)
{
	struct nova_queue *queue;

	guard(spinlock)(&bound->events.lock);
	list_for_each_entry(queue, &bound->events.list, event_link) {
		if (nova_core_chan_id(queue->hw.chan) != chid)
			continue;
		if (queue->verdict.flags)
			return work_pending(&queue->error_work);
		queue->verdict.flags = flags;
		queue->verdict.error = code;
		queue_work(bound->reset_wq, &queue->error_work);
		return true;
	}
	return false;
}

static void nova_queue_engine_event(void *data, unsigned long engines)
{
	struct nova_bound *bound = data;
	struct nova_queue *queue;

	guard(spinlock)(&bound->events.lock);
	list_for_each_entry(queue, &bound->events.list, event_link)
		if (engines & BIT(queue->engine))
			nova_queue_process(queue);
	nova_user_fence_wake(bound->ndev);
}

static void nova_queue_chan_error(void *data, const struct nova_core_chan_error *error)
{
	struct nova_bound *bound = data;

	dev_warn_ratelimited(bound->ndev->drm.dev,
			     "channel %u stopped: error %u, exception %u, method %#x, address %#llx\n",
			     error->chid, error->code, error->exception, error->method,
			     error->address);
	nova_dump_note_error(bound, error);
	nova_queue_condemn(bound, error->chid, error->bystander ? DRM_NOVA_QUEUE_STATE_INNOCENT :
			   DRM_NOVA_QUEUE_STATE_GUILTY, error->code);
}

/* Faults of a channel that is gone, or is nobody's, are not kept. */
static void nova_queue_keep_fault(struct nova_bound *bound, const struct nova_core_fault *fault)
{
	struct drm_nova_vm_fault entry = {
		.address = fault->address,
		.time_ns = fault->time_ns,
		.type = fault->type,
		.access = fault->access,
		.client = fault->client,
	};
	struct nova_queue *queue;

	guard(spinlock)(&bound->events.lock);
	list_for_each_entry(queue, &bound->events.list, event_link) {
		if (fault->chid == ~0u || nova_core_chan_id(queue->hw.chan) != fault->chid)
			continue;
		entry.engine = queue->engine;
		entry.queue_id = queue->id;
		nova_vm_faults_add(&queue->vm->faults, &entry);
		return;
	}
}

static void nova_queue_fault(void *data, const struct nova_core_fault *fault)
{
	struct nova_bound *bound = data;

	trace_nova_fault(bound->ndev->drm.dev, fault);
	nova_dump_note_fault(bound, fault);
	nova_queue_keep_fault(bound, fault);

	dev_warn_ratelimited(bound->ndev->drm.dev,
			     "channel %u: fault type %u, access %u at %#llx, engine %u\n",
			     fault->chid, fault->type, fault->access, fault->address,
			     fault->engine_id);
}

static void nova_queue_lost(void *data)
{
	struct nova_bound *bound = data;

	queue_work(bound->reset_wq, &bound->lost_work);
}

const struct nova_core_client_ops nova_queue_client_ops = {
	.engine_event = nova_queue_engine_event,
	.chan_error = nova_queue_chan_error,
	.fault = nova_queue_fault,
	.lost = nova_queue_lost,
	.suspend = nova_pm_suspend,
	.save = nova_pm_save,
	.restore = nova_pm_restore,
	.resume = nova_pm_resume,
};
