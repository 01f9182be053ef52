/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_TIMER_H
#define NOVA_CORE_TIMER_H

#include "nova_core_device.h"

int nova_core_timer_init(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_timer_fini(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_timer_restore(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_timer_service(struct nova_core *core)
	__must_hold_shared(nova_core_door);

typedef u32 (*nova_core_timer_rd_t)(void *ctx, u32 offset);

int nova_core_timer_sample(nova_core_timer_rd_t rd, void *ctx, u64 *ns);

#if IS_ENABLED(CONFIG_KUNIT)
int nova_core_timer_prepare(struct nova_core *core);
#endif

#endif /* NOVA_CORE_TIMER_H */
