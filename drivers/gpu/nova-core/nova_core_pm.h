/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_PM_H
#define NOVA_CORE_PM_H

#include <linux/pm.h>

#include "nova_core_device.h"

extern const struct dev_pm_ops nova_core_pm_ops;

void nova_core_pm_init(struct nova_core *core);
void nova_core_pm_fini(struct nova_core *core)
	__must_hold_shared(nova_core_door);

#if IS_ENABLED(CONFIG_KUNIT)
int nova_core_pm_sleep(struct nova_core *core, bool system)
	__must_hold_shared(nova_core_door);
void nova_core_pm_wake(struct nova_core *core)
	__must_hold_shared(nova_core_door);
#endif

#endif /* NOVA_CORE_PM_H */
