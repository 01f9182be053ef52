// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Entered inside: remove() in between would wait for the outer one, and the inner one fail.
 *
 * check: context
 * expect: acquiring __ctx_lock_nova_core_door 'nova_core_door' that is already held
 * expect: __ctx_lock_nova_core_door 'nova_core_door' is not held on every path through here
 * expect: releasing __ctx_lock_nova_core_door 'nova_core_door' that was not held
 */
#include "nova_bound.h"
#include "nova_device.h"

static void __maybe_unused wrong(struct nova_device *ndev)
{
	int outer, inner;

	if (!nova_bound_enter(ndev, &outer))
		return;
	if (nova_bound_enter(ndev, &inner))
		nova_bound_exit(inner);
	nova_bound_exit(outer);
}
