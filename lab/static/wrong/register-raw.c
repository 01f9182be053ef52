// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Past the accessors, with the pointer.
 *
 * check: context
 * expect: reading variable 'regs' requires holding __ctx_lock_nova_core_door 'nova_core_door'
 */
#include "nova_core_bar.h"

static u32 __maybe_unused wrong(struct nova_core *core)
{
	return readl(core->regs);
}
