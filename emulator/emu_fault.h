/* SPDX-License-Identifier: MIT */
/* MMU faults: the two fault buffers and the fault information registers. */
#ifndef EMU_FAULT_H
#define EMU_FAULT_H

#include "emu_mmu.h"

/**
 * struct emu_fault_source - who caused a fault
 * @inst: address of the instance block
 * @inst_aperture: of @inst
 * @engine_id: NV_FAULT_ENGINE_*
 * @client: NV_FAULT_CLIENT_HUB_*
 */
struct emu_fault_source {
	uint64_t inst;
	enum emu_aperture inst_aperture;
	uint32_t engine_id;
	uint32_t client;
};

/* When it returns the packet is in memory and its interrupt raised. */
void emu_fault_report(struct emu *emu, const struct emu_fault_source *source,
		      const struct emu_mmu_fault *fault);

#endif /* EMU_FAULT_H */
