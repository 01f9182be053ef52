/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_WATCH_H_
#define _NOVA_WATCH_H_

#include <linux/nova_core_door.h>

#include "nova_device.h"

struct nova_bound;

int nova_watch_get(struct nova_device *ndev, struct nova_bound *bound)
	__must_hold_shared(nova_core_door) __must_hold(&ndev->queues.lock);
void nova_watch_put(struct nova_device *ndev, struct nova_bound *bound)
	__must_hold_shared(nova_core_door) __must_hold(&ndev->queues.lock);

#endif /* _NOVA_WATCH_H_ */
