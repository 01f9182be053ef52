/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_AUDIT_H
#define NOVA_CORE_AUDIT_H

#include "nova_core_device.h"

int nova_core_audit_init(struct nova_core *core);
void nova_core_audit_add_at(struct nova_core *core, struct nova_core_audit *audit,
			    const char *kind, unsigned long site);
void nova_core_audit_report(struct nova_core *core);

#endif /* NOVA_CORE_AUDIT_H */
