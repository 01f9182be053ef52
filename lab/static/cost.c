// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What an access costs: for each nova_* function here the compiler must make the instructions it
 * makes for plain_*. See check_cost in lab/static/check.
 */
#include <linux/module.h>

#include "nova_core_bar.h"

#define OFFSET	0x1000

static noinline __used u32 plain_read(struct nova_core *core)
{
	return readl(core->regs + OFFSET);
}

static noinline __used u32 nova_read(struct nova_core *core)
{
	return nova_core_rd32(core, OFFSET);
}

static noinline __used void plain_write(struct nova_core *core, u32 value)
{
	writel(value, core->regs + OFFSET);
}

static noinline __used void nova_write(struct nova_core *core, u32 value)
{
	nova_core_wr32(core, OFFSET, value);
}

static noinline __used void plain_door(void)
{
}

static noinline __used void nova_door(void)
{
	nova_core_door_enter();
	nova_core_assert_door();
	nova_core_door_exit();
}

MODULE_DESCRIPTION("Code of nova's accessors");
MODULE_LICENSE("Dual MIT/GPL");
