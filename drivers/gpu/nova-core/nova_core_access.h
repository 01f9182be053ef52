/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_ACCESS_H
#define NOVA_CORE_ACCESS_H

#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/nova_core_door.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "nova_core_device.h"

/*
 * Why nova-core itself may touch the hardware. There are these three reasons and no other; the
 * client's are in nova_bound.h.
 */

/*
 * probe() and remove(): the driver core holds the device's lock, so neither runs beside the
 * other or twice. Exclusive: what the others use is set up before they can run, and taken down
 * when they cannot any more.
 */
static inline void nova_core_bind_enter(struct nova_core *core)
	__acquires_shared(nova_core_door)
{
	device_lock_assert(core->dev);
	nova_core_pin();
}

DEFINE_LOCK_GUARD_1(nova_core_bind, struct nova_core,
		    nova_core_bind_enter(_T->lock), nova_core_unpin())
DECLARE_LOCK_GUARD_1_ATTRS(nova_core_bind, __acquires(nova_core_door), __releases(nova_core_door))
#define class_nova_core_bind_constructor(_T) WITH_LOCK_GUARD_1_ATTRS(nova_core_bind, _T)

/*
 * The interrupt's handler and thread, and what they call: remove() waits for both in free_irq(),
 * before anything goes that they use.
 */
static inline void nova_core_irq_enter(struct nova_core *core)
	__acquires_shared(nova_core_door)
{
	if (IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME))
		WARN_ON_ONCE(!in_hardirq() && !(current->flags & PF_KTHREAD));
	nova_core_pin();
}

DEFINE_LOCK_GUARD_1(nova_core_irq, struct nova_core,
		    nova_core_irq_enter(_T->lock), nova_core_unpin())
DECLARE_LOCK_GUARD_1_ATTRS(nova_core_irq, __acquires_shared(nova_core_door),
			   __releases_shared(nova_core_door))
#define class_nova_core_irq_constructor(_T) WITH_LOCK_GUARD_1_ATTRS(nova_core_irq, _T)

/*
 * The callbacks of power management: remove() holds a usage count, and has waited for a callback
 * that was running, before anything goes; those of system sleep hold the device's lock as well.
 */
static inline bool nova_core_power_changes(const struct nova_core *core)
{
#ifdef CONFIG_PM
	return core->dev->power.runtime_status == RPM_SUSPENDING ||
	       core->dev->power.runtime_status == RPM_RESUMING ||
	       mutex_is_locked(&core->dev->mutex);
#else
	return false;
#endif
}

static inline void nova_core_power_enter(struct nova_core *core)
	__acquires_shared(nova_core_door)
{
	if (IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME))
		WARN_ON_ONCE(!nova_core_power_changes(core));
	nova_core_pin();
}

DEFINE_LOCK_GUARD_1(nova_core_power, struct nova_core,
		    nova_core_power_enter(_T->lock), nova_core_unpin())
DECLARE_LOCK_GUARD_1_ATTRS(nova_core_power, __acquires_shared(nova_core_door),
			   __releases_shared(nova_core_door))
#define class_nova_core_power_constructor(_T) WITH_LOCK_GUARD_1_ATTRS(nova_core_power, _T)

void nova_core_access_check(const struct nova_core *core);

/* The one place where an access can be judged; without NOVA_DEBUG_LIFETIME it is empty. */
static inline void nova_core_assert_access(const struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	if (IS_ENABLED(CONFIG_NOVA_DEBUG_LIFETIME))
		nova_core_access_check(core);
}

#endif /* NOVA_CORE_ACCESS_H */
