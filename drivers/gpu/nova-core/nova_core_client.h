/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_CLIENT_H
#define NOVA_CORE_CLIENT_H

#include "nova_core_device.h"

struct nova_core_fault_packet;

int nova_core_client_init(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_client_fini(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_client_notify(struct nova_core *core);
void nova_core_client_sync(struct nova_core *core);
void nova_core_client_recovered(struct nova_core *core);
void nova_core_client_engine_event(struct nova_core *core, unsigned long engines);
int nova_core_client_suspend(struct nova_core *core, bool system)
	__must_hold_shared(nova_core_door);
int nova_core_client_save(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_client_restore(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_client_resume(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_client_fault(struct nova_core *core, struct nova_core_fault_packet *packet);

#endif /* NOVA_CORE_CLIENT_H */
