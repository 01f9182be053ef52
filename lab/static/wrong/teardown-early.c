// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * remove() destroys while somebody may be inside.
 *
 * check: context
 * expect: calling function 'nova_queues_teardown' requires holding __ctx_lock_nova_core_door 'nova_core_door' exclusively
 */
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_queue.h"

static void __maybe_unused wrong(struct nova_bound *bound)
{
	struct nova_device *ndev = bound->ndev;

	nova_queues_kill(ndev, -ENODEV);
	nova_queues_teardown(ndev);
	nova_bound_close(ndev);
	nova_bound_destroy(bound);
}
