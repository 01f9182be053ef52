/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_TTM_H_
#define _NOVA_TTM_H_

#include <linux/types.h>

struct nova_bo;
struct nova_device;
struct ttm_operation_ctx;

/**
 * struct nova_ttm_usage - one kind of memory
 * @total: bytes that buffers can occupy
 * @used: bytes they occupy
 */
struct nova_ttm_usage {
	u64 total;
	u64 used;
};

long nova_ttm_swap_out(struct nova_bo *bo, struct ttm_operation_ctx *ctx, bool write);
int nova_ttm_init(struct nova_device *ndev);

struct nova_ttm_usage nova_ttm_vram_usage(struct nova_device *ndev);
struct nova_ttm_usage nova_ttm_system_usage(struct nova_device *ndev);
u64 nova_ttm_size_max(struct nova_device *ndev);

#endif /* _NOVA_TTM_H_ */
