// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Registers for a dump of the device. */
#include <kunit/visibility.h>
#include <linux/array_size.h>

#include "nova_core_bar.h"
#include "regs/nv_pmc.h"
#include "regs/nv_timer.h"
#include "regs/nv_vf.h"

/* Neighbours, 4 bytes apart. Reading them changes nothing, on any engine, in any state. */
static const struct {
	u32 first;
	u32 count;
} nova_core_dump_ranges[] = {
	{ NV_PMC_BOOT_0, 3 },				/* BOOT_0, BOOT_1, BOOT_2 */
	{ NV_PMC_BOOT_42, 1 },
	{ NV_PTIMER_INTR_0, 1 },
	{ NV_PTIMER_INTR_EN_0, 1 },
	{ NV_PTIMER_TIME_1, 1 },
	{ NV_PTIMER_TIME_0, 1 },
	{ NV_PTIMER_ALARM_0, 1 },
	{ NV_CTRL_VIRTUAL_CHANNEL_CFG(0), 1 },
	{ NV_VF_INTR_LEAF(0), NV_VF_INTR_LEAVES },
	{ NV_VF_INTR_LEAF_EN_SET(0), NV_VF_INTR_LEAVES },
	{ NV_VF_INTR_TOP, 1 },
	{ NV_VF_INTR_TOP_EN_SET, 1 },
	{ NV_VF_MAILBOX(0), NV_VF_MAILBOXES },
	{ NV_VF_FAULT_BUFFER_LO(0), 5 },		/* LO, HI, GET, PUT, SIZE */
	{ NV_VF_FAULT_ADDR_LO, 6 },			/* ADDR, INST, INFO, STATUS */
	{ NV_VF_INVALIDATE_PDB, 2 },			/* PDB, UPPER_PDB */
	{ NV_VF_INVALIDATE, 1 },
};

/**
 * nova_core_dump_reg() - read one of the registers that a dump should have
 * @core: the GPU
 * @index: which, from 0 on
 * @offset: out, where it is in BAR0
 * @value: out, what it says
 *
 * The registers of the whole device, none of a channel: who the GPU is, timer, interrupts,
 * mailboxes of the firmware, fault buffer, the fault registers, TLB invalidate.
 * Context: any.
 * Return: false if there are no more, or the device is lost.
 */
bool nova_core_dump_reg(struct nova_core *core, u32 index, u32 *offset, u32 *value)
{
	if (test_bit(NOVA_CORE_LOST, &core->broken))
		return false;
	for (u32 i = 0; i < ARRAY_SIZE(nova_core_dump_ranges); i++) {
		if (index < nova_core_dump_ranges[i].count) {
			*offset = nova_core_dump_ranges[i].first + index * 4;
			*value = nova_core_rd32(core, *offset);
			return true;
		}
		index -= nova_core_dump_ranges[i].count;
	}
	return false;
}
EXPORT_SYMBOL_NS_GPL(nova_core_dump_reg, "NOVA_CORE");
