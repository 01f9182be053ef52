// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A helper does not say what its callers must hold, so it cannot be sure that they do.
 *
 * check: context
 * expect: calling function 'nova_core_chan_kick' requires holding __ctx_lock_nova_core_door 'nova_core_door'
 */
#include "nova_bound.h"
#include "nova_queue.h"

static void __maybe_unused wrong(struct nova_bound *bound, struct nova_queue *queue)
{
	nova_core_chan_kick(queue->hw.chan);
}
