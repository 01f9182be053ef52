/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_IRQ_H
#define NOVA_CORE_IRQ_H

#include "nova_core_device.h"
#include "regs/nv_vf.h"

/* Non-stall vectors 0..30 belong to engines. */
#define NOVA_CORE_IRQ_ENGINE_VECTORS	31

/**
 * struct nova_core_irq_map - which vectors mean something
 * @enabled: per leaf, the vectors somebody handles
 * @engine: engine index of each non-stall vector that is enabled
 */
struct nova_core_irq_map {
	u32 enabled[NV_VF_INTR_LEAVES];
	u8 engine[NOVA_CORE_IRQ_ENGINE_VECTORS];
};

/**
 * struct nova_core_irq_events - what one interrupt brought
 * @engines: engine indices
 * @timer: the timer's alarm
 * @fault: a fault packet, or the fault buffer overflowed
 * @firmware: the firmware wrote its status ring
 * @strays: pending vectors that nobody handles
 */
struct nova_core_irq_events {
	unsigned long engines;
	bool timer;
	bool fault;
	bool firmware;
	unsigned int strays;
};

void nova_core_irq_decode(const struct nova_core_irq_map *map, unsigned int leaf, u32 pending,
			  struct nova_core_irq_events *events);

int nova_core_irq_init(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_irq_fini(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_irq_pause(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_irq_resume(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_irq_restore(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_irq_enable(struct nova_core *core, unsigned int vector)
	__must_hold_shared(nova_core_door);
void nova_core_irq_disable(struct nova_core *core, unsigned int vector)
	__must_hold_shared(nova_core_door);

#endif /* NOVA_CORE_IRQ_H */
