/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_MMU_H
#define NOVA_CORE_MMU_H

#include "nova_core_device.h"

int nova_core_mmu_init(struct nova_core *core);
int nova_core_mmu_invalidate_all(struct nova_core *core)
	__must_hold_shared(nova_core_door);

#endif /* NOVA_CORE_MMU_H */
