/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_IMPORT_H_
#define _NOVA_IMPORT_H_

#include <drm/drm_gpuvm.h>

#include <linux/nova_core_door.h>

struct dma_buf;
struct drm_device;
struct drm_gem_object;
struct nova_bo;
struct nova_vm;
struct ttm_operation_ctx;

/**
 * struct nova_vm_bo - a buffer in an address space
 */
struct nova_vm_bo {
	/** @base: base */
	struct drm_gpuvm_bo base;
	/**
	 * @pinned: an import that its exporter does not move, for user-mode queues; reservation
	 * lock and nova_vm.lock
	 */
	bool pinned;
};

#define to_nova_vm_bo(vm_bo_) container_of(vm_bo_, struct nova_vm_bo, base)

struct drm_gem_object *nova_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
	__must_not_hold(nova_core_door);
int nova_import_validate(struct nova_bo *bo, struct ttm_operation_ctx *ctx)
	__must_not_hold(nova_core_door);

struct drm_gpuvm_bo *nova_import_link_alloc(void);
void nova_import_link_free(struct drm_gpuvm_bo *base);
int nova_import_hold(struct drm_gpuvm_bo *base, struct ttm_operation_ctx *ctx)
	__must_not_hold(nova_core_door);
int nova_import_hold_all(struct nova_vm *vm)
	__must_not_hold(nova_core_door);
void nova_import_release_all(struct nova_vm *vm);

#endif /* _NOVA_IMPORT_H_ */
