/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_MOVER_H_
#define _NOVA_MOVER_H_

#include <linux/nova_core_door.h>
#include <linux/types.h>

struct nova_bo;
struct nova_bound;
struct nova_device;
struct ttm_resource;

int nova_mover_init(struct nova_device *ndev);

void nova_mover_start(struct nova_device *ndev)
	__must_not_hold(nova_core_door);
void nova_mover_stop(struct nova_bound *bound)
	__must_hold(nova_core_door);

int nova_mover_clear(struct nova_device *ndev, struct ttm_resource *vram)
	__must_not_hold(nova_core_door);
int nova_mover_write(struct nova_device *ndev, struct nova_bo *bo, struct ttm_resource *vram)
	__must_not_hold(nova_core_door);
int nova_mover_read(struct nova_device *ndev, struct nova_bo *bo, struct ttm_resource *vram)
	__must_not_hold(nova_core_door);

#endif /* _NOVA_MOVER_H_ */
