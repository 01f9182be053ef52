// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "nova_fence.h"
#include "nova_trace.h"

static const char *nova_fence_get_driver_name(struct dma_fence *fence)
{
	return "nova-drm";
}

static const char *nova_fence_get_timeline_name(struct dma_fence *fence)
{
	return "queue";
}

/*
 * Neither .release nor .wait nor .signaled: so the core detaches a signalled fence
 * from this table, and nothing calls into the module from then on.
 */
static const struct dma_fence_ops nova_fence_ops = {
	.get_driver_name = nova_fence_get_driver_name,
	.get_timeline_name = nova_fence_get_timeline_name,
};

/**
 * nova_timeline_init() - an empty timeline
 * @timeline: the timeline
 */
void nova_timeline_init(struct nova_timeline *timeline)
{
	guard(spinlock_init)(&timeline->lock);
	INIT_LIST_HEAD(&timeline->pending);
	timeline->context = dma_fence_context_alloc(1);
	timeline->seqno = 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_timeline_init);

static void nova_fence_signal(struct nova_fence *fence, int error)
{
	list_del_init(&fence->link);
	trace_nova_job_complete(fence->base.context, fence->base.seqno, error);
	if (error)
		dma_fence_set_error(&fence->base, error);
	dma_fence_signal(&fence->base);
	dma_fence_put(&fence->base);
}

/**
 * nova_timeline_signal() - signal what the GPU has finished
 * @timeline: the timeline
 * @seqno: the last job that is finished
 *
 * Any process context.
 */
void nova_timeline_signal(struct nova_timeline *timeline, u64 seqno)
{
	nova_timeline_end(timeline, seqno, 0);
}
EXPORT_SYMBOL_IF_KUNIT(nova_timeline_signal);

/**
 * nova_timeline_end() - signal what has ended
 * @timeline: the timeline
 * @seqno: the last job that has
 * @error: how, 0 or a negative error code
 */
void nova_timeline_end(struct nova_timeline *timeline, u64 seqno, int error)
{
	struct nova_fence *fence, *next;
	u64 now = ktime_get_ns();

	guard(spinlock)(&timeline->lock);
	list_for_each_entry_safe(fence, next, &timeline->pending, link) {
		if (fence->base.seqno > seqno)
			break;
		nova_meter_charge(&timeline->meter, READ_ONCE(fence->begin_ns), now);
		nova_fence_signal(fence, error);
	}
}

/**
 * nova_timeline_last() - the fence that signals last
 * @timeline: the timeline
 *
 * Return: a reference, or NULL when all have signalled.
 */
struct dma_fence *nova_timeline_last(struct nova_timeline *timeline)
{
	guard(spinlock)(&timeline->lock);
	if (list_empty(&timeline->pending))
		return NULL;
	return dma_fence_get(&list_last_entry(&timeline->pending, struct nova_fence, link)->base);
}

/**
 * nova_timeline_find() - the newest fence of those up to a number that have not signalled
 * @timeline: the timeline
 * @seqno: the number
 *
 * Return: a reference, or NULL when all of them have signalled.
 */
struct dma_fence *nova_timeline_find(struct nova_timeline *timeline, u64 seqno)
{
	struct nova_fence *fence, *found = NULL;

	guard(spinlock)(&timeline->lock);
	list_for_each_entry(fence, &timeline->pending, link) {
		if (fence->base.seqno > seqno)
			break;
		found = fence;
	}
	return found ? dma_fence_get(&found->base) : NULL;
}

/**
 * nova_timeline_pending() - how many fences have not signalled
 * @timeline: the timeline
 *
 * Return: the number; they signal in order.
 */
u64 nova_timeline_pending(struct nova_timeline *timeline)
{
	struct nova_fence *oldest;

	guard(spinlock)(&timeline->lock);
	oldest = list_first_entry_or_null(&timeline->pending, struct nova_fence, link);
	return oldest ? timeline->seqno - oldest->base.seqno + 1 : 0;
}

/**
 * nova_timeline_abort() - signal all fences with an error
 * @timeline: the timeline
 * @error: negative error code
 */
void nova_timeline_abort(struct nova_timeline *timeline, int error)
{
	struct nova_fence *fence, *next;
	u64 now = ktime_get_ns();

	guard(spinlock)(&timeline->lock);
	list_for_each_entry_safe(fence, next, &timeline->pending, link) {
		nova_meter_charge(&timeline->meter, READ_ONCE(fence->begin_ns), now);
		nova_fence_signal(fence, error);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_timeline_abort);

/**
 * nova_fence_alloc() - memory for a fence
 *
 * Return: a fence to arm or to free, or NULL.
 */
struct nova_fence *nova_fence_alloc(void)
{
	return kzalloc_obj(struct nova_fence, GFP_KERNEL_ACCOUNT);
}
EXPORT_SYMBOL_IF_KUNIT(nova_fence_alloc);

/**
 * nova_fence_free() - free a fence that was never armed
 * @fence: the fence or NULL
 */
void nova_fence_free(struct nova_fence *fence)
{
	kfree(fence);
}
EXPORT_SYMBOL_IF_KUNIT(nova_fence_free);

/**
 * nova_fence_arm() - append a fence to a timeline
 * @timeline: the timeline
 * @fence: the fence; the caller holds one reference from here, the timeline another
 *
 * From now on it must be signalled, so nothing may fail afterwards.
 */
void nova_fence_arm(struct nova_timeline *timeline, struct nova_fence *fence)
{
	guard(spinlock)(&timeline->lock);
	dma_fence_init64(&fence->base, &nova_fence_ops, NULL, timeline->context,
			 ++timeline->seqno);
	dma_fence_get(&fence->base);
	list_add_tail(&fence->link, &timeline->pending);
}
EXPORT_SYMBOL_IF_KUNIT(nova_fence_arm);
