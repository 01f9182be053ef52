/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_CHAN_H
#define NOVA_CORE_CHAN_H

#include "abi/nova_fw.h"
#include "nova_core_device.h"

int nova_core_chan_init(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_chan_restore(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_chan_clear_engines(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_chan_fini(struct nova_core *core);
void nova_core_chan_forget_all(struct nova_core *core);

void nova_core_chan_error(struct nova_core *core, const struct nova_fw_channel_error *event);
bool nova_core_chan_next_error(struct nova_core *core, struct nova_core_chan_error *error);
u32 nova_core_chan_of_inst(struct nova_core *core, u64 inst, u32 aperture);

#endif /* NOVA_CORE_CHAN_H */
