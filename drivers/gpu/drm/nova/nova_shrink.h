/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_SHRINK_H_
#define _NOVA_SHRINK_H_

#include <linux/nova_core.h>

struct nova_bo;
struct nova_bound;
struct nova_shrink;
struct ttm_operation_ctx;

int nova_shrink_create(struct nova_bound *bound)
	__must_hold_shared(nova_core_door);
void nova_shrink_destroy(struct nova_bound *bound)
	__must_hold_shared(nova_core_door);

void nova_shrink_account(struct nova_bo *bo);
int nova_shrink_purge(struct nova_bo *bo, struct ttm_operation_ctx *ctx)
	__must_not_hold(nova_core_door);

#if IS_ENABLED(CONFIG_KUNIT)
struct shrink_control;
struct shrinker;

unsigned long nova_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc);
#endif

#endif /* _NOVA_SHRINK_H_ */
