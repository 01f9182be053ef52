/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_FW_H
#define NOVA_CORE_FW_H

#include "nova_core_device.h"

unsigned long nova_core_fw_timeout(void);

int nova_core_fw_init(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_fw_shutdown(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_fw_kick(struct nova_core *core, u32 write)
	__must_hold_shared(nova_core_door);
void nova_core_fw_write_halt(struct nova_core *core)
	__must_hold_shared(nova_core_door);
int nova_core_fw_halt(struct nova_core *core)
	__must_hold_shared(nova_core_door);
int nova_core_fw_restart(struct nova_core *core)
	__must_hold_shared(nova_core_door);
int nova_core_fw_suspend(struct nova_core *core)
	__must_hold_shared(nova_core_door);
int nova_core_fw_resume(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_fw_check(struct nova_core *core)
	__must_hold_shared(nova_core_door);

#if IS_ENABLED(CONFIG_KUNIT)
struct nova_fw_info;

int nova_core_fw_take_info(struct nova_core *core, const struct nova_fw_info *fw);
#endif

#endif /* NOVA_CORE_FW_H */
