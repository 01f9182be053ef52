// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What the wrong files get wrong, done right: no checker may say a word.
 */
#include "nova_bound.h"
#include "nova_core_bar.h"
#include "nova_device.h"
#include "nova_queue.h"

static u32 __maybe_unused right_irq(struct nova_core *core)
{
	guard(nova_core_irq)(core);
	return nova_core_rd32(core, 0);
}

static int __maybe_unused right_door(struct nova_device *ndev, u64 *ns)
{
	struct nova_bound *bound;
	int idx, ret;

	bound = nova_bound_enter(ndev, &idx);
	if (!bound)
		return -ENODEV;
	ret = nova_core_time_ns(bound->core, ns);
	nova_bound_exit(idx);
	return ret;
}

static void right_kick(struct nova_bound *bound, struct nova_queue *queue)
	__must_hold_shared(nova_core_door)
{
	nova_core_vram_flush(bound->core);
	nova_core_chan_kick(queue->hw.chan);
}

static void __maybe_unused right_in_or_out(struct nova_device *ndev, struct nova_queue *queue)
{
	struct nova_bound *bound;
	int idx;

	bound = nova_bound_enter(ndev, &idx);
	if (bound) {
		right_kick(bound, queue);
		nova_bound_exit(idx);
	} else {
		queue->engine = 0;
	}
}

static void __maybe_unused right_pin(struct nova_device *ndev)
{
	struct nova_queue *queue;

	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry(queue, &ndev->queues.list, link) {
		nova_bound_pin(ndev, &ndev->queues.lock, &queue->link);
		nova_queue_kill(queue, -ENODEV, 0, 0);
		nova_bound_unpin();
	}
}

static void __maybe_unused right_remove(struct nova_bound *bound)
{
	struct nova_device *ndev = bound->ndev;

	nova_bound_close(ndev);
	nova_queues_teardown(ndev);
	nova_bound_destroy(bound);
}
