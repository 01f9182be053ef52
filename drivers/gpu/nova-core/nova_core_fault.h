/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_FAULT_H
#define NOVA_CORE_FAULT_H

#include "nova_core_device.h"
#include "regs/nv_mmu.h"

/**
 * struct nova_core_fault_packet - a fault packet in host terms
 * @inst: address of the instance block
 * @inst_aperture: where that is
 * @fault: the rest; chid is not known yet
 */
struct nova_core_fault_packet {
	u64 inst;
	u32 inst_aperture;
	struct nova_core_fault fault;
};

#define NOVA_CORE_FAULT_DWORDS	(NV_FAULT_PACKET_SIZE / 4)

bool nova_core_fault_parse(const __le32 raw[NOVA_CORE_FAULT_DWORDS],
			   struct nova_core_fault_packet *packet);

int nova_core_fault_init(struct nova_core *core);
int nova_core_fault_enable(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_fault_disable(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_fault_fini(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_fault_drain(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_fault_restore(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_fault_service(struct nova_core *core)
	__must_hold_shared(nova_core_door);

#if IS_ENABLED(CONFIG_KUNIT)
int nova_core_fault_start(struct nova_core *core, u32 entries);
#endif

#endif /* NOVA_CORE_FAULT_H */
