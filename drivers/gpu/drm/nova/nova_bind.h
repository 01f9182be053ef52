/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_BIND_H_
#define _NOVA_BIND_H_

#include <linux/list.h>
#include <linux/nova_core_door.h>
#include <linux/types.h>

struct drm_device;
struct drm_file;
struct drm_gem_object;
struct drm_gpuva_op;
struct drm_gpuvm_bo;
struct drm_nova_vm_bind_op;
struct nova_bind_job;
struct nova_bound;
struct nova_userptr;
struct nova_vm;

/**
 * struct nova_bind_op - one op of a bind with what it needs
 */
struct nova_bind_op {
	/** @args: the argument */
	struct drm_nova_vm_bind_op *args;
	/** @obj: buffer to map, a reference, or NULL */
	struct drm_gem_object *obj;
	/** @userptr: memory of a process to map, a reference, or NULL */
	struct nova_userptr *userptr;
	/** @vm_bo: its link to the VM, while the ioctl runs */
	struct drm_gpuvm_bo *vm_bo;
	/** @retired: mappings that are no more or were cut, nova_vma by base.gem.entry */
	struct list_head retired;
	/** @claimed: the tables of the range are claimed, for a mapping not made yet */
	bool claimed;
	/** @first_claims: claims on the edge at the range's beginning that no mapping has yet */
	u8 first_claims;
	/** @last_claims: the same at its end */
	u8 last_claims;
};

/**
 * struct nova_bind - one call of VM_BIND
 *
 * A bind is recorded first: the set of mappings is what it will be, and each op
 * knows what came and what went. Then it is applied: page tables follow, and the GPU's
 * caches. A synchronous one does both in one go; an asynchronous one is recorded by the ioctl and
 * applied by its job. The VM outlives it.
 */
struct nova_bind {
	/** @vm: the address space */
	struct nova_vm *vm;
	/** @file: whose handles, while the ioctl runs */
	struct drm_file *file;
	/** @vm_id: the file's id of @vm, for tracing */
	u32 vm_id;
	/** @job: applies it later, or NULL */
	struct nova_bind_job *job;
	/** @count: valid entries of @args and @ops */
	u32 count;
	/** @args: the array */
	struct drm_nova_vm_bind_op *args;
	/** @ops: the ops */
	struct nova_bind_op *ops;
	/** @current_op: while it is recorded */
	struct nova_bind_op *current_op;
	/** @recorded: the set of mappings was changed */
	bool recorded;
	/** @spare: mappings to use, nova_vma by base.gem.entry */
	struct list_head spare;
};

bool nova_bind_is_map(const struct nova_bind_op *op);
bool nova_bind_is_sparse(const struct nova_bind_op *op);

/* Steps of drm_gpuvm_sm_map() and drm_gpuvm_sm_unmap(). */
int nova_bind_step_map(struct drm_gpuva_op *op, void *priv);
int nova_bind_step_remap(struct drm_gpuva_op *op, void *priv);
int nova_bind_step_unmap(struct drm_gpuva_op *op, void *priv);

void nova_bind_put_links(struct nova_bind *bind);
bool nova_bind_valid(struct nova_bind *bind);
void nova_bind_record(struct nova_bind *bind);
int nova_bind_apply(struct nova_bound *bound, struct nova_bind *bind)
	__must_hold_shared(nova_core_door);
void nova_bind_forget(struct nova_bind *bind);
void nova_bind_free(struct nova_bind *bind)
	__must_not_hold(nova_core_door);

int nova_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _NOVA_BIND_H_ */
