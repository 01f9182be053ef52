/* SPDX-License-Identifier: MIT */
/* What only the VMM can do to a GPU: hot-unplug, hot-plug, its emulator's death and new life. */
#ifndef IGT_NOVA_VMM_H
#define IGT_NOVA_VMM_H

#include <stdbool.h>

/* Is there a VMM that takes commands? */
bool igt_nova_vmm_present(void);
/*
 * One of "unplug", "plug", "kill" and "start" for GPU @index. Returns when it is done, in the
 * guest as well: 0, -ENODEV without such a VMM, -EIO if it refuses. Nothing left to do is success.
 */
int igt_nova_vmm(const char *command, unsigned int index);

#endif /* IGT_NOVA_VMM_H */
