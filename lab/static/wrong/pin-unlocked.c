// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Being on the list says nothing without its lock.
 *
 * check: context
 * expect: calling function 'nova_bound_pin' requires holding mutex 'ndev->queues.lock' exclusively
 */
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_queue.h"

static void __maybe_unused wrong(struct nova_device *ndev, struct nova_queue *queue)
{
	nova_bound_pin(ndev, &ndev->queues.lock, &queue->link);
	nova_queue_kill(queue, -ENODEV, 0, 0);
	nova_bound_unpin();
}
