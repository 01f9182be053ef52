// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * One of the ways out forgets to leave.
 *
 * check: context
 * expect: __ctx_lock_nova_core_door 'nova_core_door' is not held on every path through here
 */
#include "nova_bound.h"
#include "nova_device.h"

static int __maybe_unused wrong(struct nova_device *ndev, u64 *ns)
{
	struct nova_bound *bound;
	int idx, ret;

	bound = nova_bound_enter(ndev, &idx);
	if (!bound)
		return -ENODEV;
	ret = nova_core_time_ns(bound->core, ns);
	if (ret)
		return ret;
	nova_bound_exit(idx);
	return 0;
}
