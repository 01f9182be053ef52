/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_SPACE_H_
#define _NOVA_SPACE_H_

#include <linux/nova_core_door.h>
#include <linux/types.h>

struct nova_device;

/*
 * What a nova_space_fn returns instead of ENOSPC at a limit of the client's, where it does not help
 * to be alone. The caller of nova_space_run() gets ENOSPC.
 */
#define NOVA_SPACE_LIMIT	EDQUOT

/**
 * typedef nova_space_fn - makes buffers resident
 * @data: of nova_space_run()
 *
 * Takes reservations and gives them back. When it returns -ENOSPC it has changed nothing, and is
 * called again; with -NOVA_SPACE_LIMIT it is not.
 */
typedef int (*nova_space_fn)(void *data);

int nova_space_run(struct nova_device *ndev, nova_space_fn run, void *data)
	__must_not_hold(nova_core_door);

#endif /* _NOVA_SPACE_H_ */
