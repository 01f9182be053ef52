// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * User memory is touched inside the door: a page fault there could hold up every device's removal.
 *
 * check: context
 * expect: cannot call function 'nova_uapi_array' while __ctx_lock_nova_core_door 'nova_core_door' is held
 */
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_uapi.h"

static void *__maybe_unused wrong(struct nova_device *ndev, const struct drm_nova_array *array)
{
	void *elements;
	int idx;

	if (!nova_bound_enter(ndev, &idx))
		return NULL;
	elements = nova_uapi_array(array, 8, 8, 1);
	nova_bound_exit(idx);
	return elements;
}
