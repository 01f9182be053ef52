/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_VRAM_H_
#define _NOVA_VRAM_H_

#include <linux/nova_core_door.h>
#include <linux/types.h>

struct nova_device;
struct ttm_resource;
struct ttm_tt;
struct nova_vram_extent;

/**
 * struct nova_vram_cursor - where the last lookup in a buffer's video memory ended
 *
 * Whoever looks has one of its own, all zero before the first. It is good until the buffer moves.
 */
struct nova_vram_cursor {
	/** @extent: the contiguous part, NULL: begin at the first */
	struct nova_vram_extent *extent;
	/** @start: bytes before it */
	u64 start;
};

int nova_vram_init(struct nova_device *ndev);
void nova_vram_fini(struct nova_device *ndev);

u64 nova_vram_addr(struct ttm_resource *res, struct nova_vram_cursor *cursor, u64 offset,
		   u64 *size);
u64 nova_vram_page(struct ttm_resource *res, u64 offset);

int nova_vram_clear(struct nova_device *ndev, struct ttm_resource *res)
	__must_not_hold(nova_core_door);
int nova_vram_write(struct nova_device *ndev, struct ttm_resource *res, struct ttm_tt *tt)
	__must_not_hold(nova_core_door);
int nova_vram_read(struct nova_device *ndev, struct ttm_resource *res, struct ttm_tt *tt)
	__must_not_hold(nova_core_door);
int nova_vram_access(struct nova_device *ndev, struct ttm_resource *res, u64 offset,
		     void *data, size_t size, bool write)
	__must_not_hold(nova_core_door);

#endif /* _NOVA_VRAM_H_ */
