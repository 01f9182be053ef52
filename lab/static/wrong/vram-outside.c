// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Video memory is written after the door was left.
 *
 * check: context
 * expect: calling function 'nova_core_vram_write' requires holding __ctx_lock_nova_core_door 'nova_core_door'
 */
#include "nova_bound.h"
#include "nova_device.h"

static int __maybe_unused wrong(struct nova_device *ndev, u64 offset, u64 value)
{
	struct nova_bound *bound;
	int idx;

	bound = nova_bound_enter(ndev, &idx);
	if (!bound)
		return -ENODEV;
	nova_bound_exit(idx);
	nova_core_vram_write(bound->core, offset, &value, sizeof(value));
	return 0;
}
