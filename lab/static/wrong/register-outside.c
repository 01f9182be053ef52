// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A register is read by somebody who has no reason to believe that the device is there.
 *
 * check: context
 * expect: calling function 'nova_core_rd32' requires holding __ctx_lock_nova_core_door 'nova_core_door'
 */
#include "nova_core_bar.h"

static u32 __maybe_unused wrong(struct nova_core *core)
{
	return nova_core_rd32(core, 0);
}
