// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A guarded member is changed without its lock.
 *
 * check: context
 * expect: writing variable 'closed' requires holding mutex
 */
#include "nova_device.h"

static void __maybe_unused wrong(struct nova_device *ndev)
{
	ndev->queues.closed = true;
}
