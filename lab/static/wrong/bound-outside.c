// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The bound device is taken without the door.
 *
 * check: context
 * expect: reading variable 'bound' requires holding __ctx_lock_nova_core_door 'nova_core_door'
 */
#include "nova_bound.h"
#include "nova_device.h"

static struct nova_bound * __maybe_unused wrong(struct nova_device *ndev)
{
	return ndev->bound;
}
