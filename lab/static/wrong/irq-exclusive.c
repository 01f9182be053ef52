// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The interrupt may use the registers, but not take them away.
 *
 * check: context
 * expect: writing variable 'regs' requires holding __ctx_lock_nova_core_door 'nova_core_door' exclusively
 */
#include "nova_core_bar.h"

static void __maybe_unused wrong(struct nova_core *core)
{
	guard(nova_core_irq)(core);
	core->regs = NULL;
}
