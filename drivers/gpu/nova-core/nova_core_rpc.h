/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_RPC_H
#define NOVA_CORE_RPC_H

#include "nova_core_device.h"

int nova_core_rpc_init(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_rpc_fini(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_rpc_start(struct nova_core *core)
	__must_hold_shared(nova_core_door);
void nova_core_rpc_stop(struct nova_core *core)
	__must_hold_shared(nova_core_door);

dma_addr_t nova_core_rpc_boot_args(struct nova_core *core, u32 flags);
void nova_core_rpc_pause(struct nova_core *core);
void nova_core_rpc_resume(struct nova_core *core);
int nova_core_rpc_wait_init_done(struct nova_core *core)
	__must_hold_shared(nova_core_door);
int nova_core_rpc_call(struct nova_core *core, u32 function, const void *request, u32 request_size,
		       void *reply, u32 reply_size)
	__must_hold_shared(nova_core_door);
void nova_core_rpc_service(struct nova_core *core)
	__must_hold_shared(nova_core_door);

#endif /* NOVA_CORE_RPC_H */
