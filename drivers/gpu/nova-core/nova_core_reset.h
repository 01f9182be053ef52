/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_RESET_H
#define NOVA_CORE_RESET_H

#include "nova_core_device.h"

void nova_core_reset_init(struct nova_core *core);
void nova_core_reset_arm(struct nova_core *core);
void nova_core_reset_disarm(struct nova_core *core);
void nova_core_reset_give_up(struct nova_core *core);
bool nova_core_reset_armed(const struct nova_core *core);
bool nova_core_reset_pending(const struct nova_core *core);

#endif /* NOVA_CORE_RESET_H */
