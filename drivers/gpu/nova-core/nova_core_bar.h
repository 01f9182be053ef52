/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_BAR_H
#define NOVA_CORE_BAR_H

#include <linux/io.h>

#include "nova_core_access.h"
#include "nova_core_device.h"

/* A read of a register returns this when nothing answers on the bus. */
#define NOVA_CORE_ALL_ONES	0xffffffffu

int nova_core_bar_init(struct nova_core *core)
	__must_hold(nova_core_door);
void nova_core_bar_fini(struct nova_core *core)
	__must_hold(nova_core_door);

void nova_core_bar_open(struct nova_core *core);
void nova_core_bar_close(struct nova_core *core);
bool nova_core_bar_lost(struct nova_core *core)
	__must_hold_shared(nova_core_door);

static inline u32 nova_core_rd32(struct nova_core *core, u32 offset)
	__must_hold_shared(nova_core_door)
{
	nova_core_assert_access(core);
	return readl(core->regs + offset);
}

static inline void nova_core_wr32(struct nova_core *core, u32 offset, u32 value)
	__must_hold_shared(nova_core_door)
{
	nova_core_assert_access(core);
	writel(value, core->regs + offset);
}

#endif /* NOVA_CORE_BAR_H */
