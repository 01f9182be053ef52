/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_SPACE_H_
#define _NOVA_SPACE_H_

#include <linux/nova_core_door.h>
#include <linux/types.h>

struct nova_device;

/**
 * typedef nova_space_fn - makes buffers resident
 * @data: of nova_space_run()
 *
 * Takes reservations and gives them back. When it returns -ENOSPC it has changed nothing, and is
 * called again.
 */
typedef int (*nova_space_fn)(void *data);

int nova_space_run(struct nova_device *ndev, nova_space_fn run, void *data)
	__must_not_hold(nova_core_door);

#endif /* _NOVA_SPACE_H_ */
