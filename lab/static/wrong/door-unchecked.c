// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The door may be closed, and nobody looks.
 *
 * check: context
 * expect: calling function 'nova_core_vram_flush' requires holding __ctx_lock_nova_core_door 'nova_core_door'
 * expect: releasing __ctx_lock_nova_core_door 'nova_core_door' that was not held
 */
#include "nova_bound.h"
#include "nova_device.h"

static void __maybe_unused wrong(struct nova_device *ndev)
{
	struct nova_bound *bound;
	int idx;

	bound = nova_bound_enter(ndev, &idx);
	nova_core_vram_flush(bound->core);
	nova_bound_exit(idx);
}
