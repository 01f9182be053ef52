// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What NOVA_DEBUG_LIFETIME adds: lockdep knows who may touch the hardware, and each access asks.
 * Not part of a build without it.
 */
#include <kunit/visibility.h>
#include <linux/export.h>

#include "nova_core_access.h"

/* A kernel without lockdep can only tell the season. */
#ifdef CONFIG_LOCKDEP
static struct lock_class_key nova_core_door_key;
static struct lock_class_key nova_core_pin_key;

/* Held by who is inside the client's guard. One for all GPUs, as DRM's is one for all devices. */
struct lockdep_map nova_core_door_map =
	STATIC_LOCKDEP_MAP_INIT("nova_core_door", &nova_core_door_key);
EXPORT_SYMBOL_NS_GPL(nova_core_door_map, "NOVA_CORE");

/* Held by who has another reason. */
struct lockdep_map nova_core_pin_map =
	STATIC_LOCKDEP_MAP_INIT("nova_core_pin", &nova_core_pin_key);
EXPORT_SYMBOL_NS_GPL(nova_core_pin_map, "NOVA_CORE");
#endif

/* Two ways to be wrong: nobody keeps remove() away, or the device is to be silent, or asleep. */
void nova_core_access_check(const struct nova_core *core)
{
	WARN_ONCE(core->removable && !nova_core_door_held(),
		  "nova_core: the hardware is touched outside the door");
	WARN_ONCE(!READ_ONCE(core->regs_open), "nova_core: the hardware is touched out of season");
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_access_check);
