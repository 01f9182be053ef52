// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VM_BIND: arrays of changes to an address space, all or nothing.
 *
 * Everything that can fail comes first: arguments, memory for mappings and
 * tables, residence of the buffers. Then the door, and from there to the end no step can fail.
 */
#include <kunit/visibility.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include <drm/nova_drm.h>

#include "nova_bind.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_ttm.h"
#include "nova_uapi.h"
#include "nova_userq.h"
#include "nova_vm.h"

/* One map op makes a mapping and cuts at most two. */
#define NOVA_BIND_VMAS_PER_OP	3

/* One op with what it needs. */
struct nova_bind_op {
	struct drm_nova_vm_bind_op *args;
	struct drm_gem_object *obj;
	struct drm_gpuvm_bo *vm_bo;
	bool claimed;
};

/* One call of the ioctl. */
struct nova_bind {
	struct nova_vm *vm;
	struct drm_file *file;
	u32 count;
	struct drm_nova_vm_bind_op *args;
	struct nova_bind_op *ops;
	struct nova_bind_op *current_op;
	struct nova_bound *bound;
	struct list_head spare;		/* struct nova_vma by base.gem.entry */
	struct list_head retired;	/* the same; each holds a reference on its buffer */
};

static bool nova_bind_is_map(const struct nova_bind_op *op)
{
	return op->args->op == DRM_NOVA_VM_BIND_OP_MAP;
}

static struct nova_vma *nova_bind_take_vma(struct nova_bind *bind, bool readonly)
{
	struct nova_vma *vma = list_first_entry(&bind->spare, struct nova_vma, base.gem.entry);

	list_del_init(&vma->base.gem.entry);
	vma->readonly = readonly;
	return vma;
}

/*
 * A range leaves the address space. Under a map op the new mapping overwrites
 * the entries, so that the GPU sees old or new and never a hole.
 */
static void nova_bind_clear(struct nova_bind *bind, u64 va, u64 size)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt *pt = &bind->vm->pt;

	if (nova_bind_is_map(bind->current_op))
		nova_pt_set_stale(pt);
	else
		nova_pt_unmap(bind->bound, pt, va, size);
	nova_pt_release(bind->bound, pt, va, size);
}

/*
 * A mapping that is no more. It may have been the last to hold its buffer, whose
 * memory must not be anybody else's while a translation of it is cached: so
 * the buffer goes after the flush.
 */
static void nova_bind_retire(struct nova_bind *bind, struct nova_vma *vma)
{
	drm_gem_object_get(vma->base.gem.obj);
	drm_gpuva_unlink(&vma->base);
	list_add(&vma->base.gem.entry, &bind->retired);
}

int nova_bind_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct nova_bind *bind = priv;
	struct nova_bind_op *current_op = bind->current_op;
	struct nova_vma *vma;

	nova_core_assert_door();
	vma = nova_bind_take_vma(bind, current_op->args->flags & DRM_NOVA_VM_BIND_READONLY);
	drm_gpuva_map(&bind->vm->gpuvm, &vma->base, &op->map);
	drm_gpuva_link(&vma->base, current_op->vm_bo);
	nova_vma_map(bind->bound, vma);
	return 0;
}

int nova_bind_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva_op_remap *remap = &op->remap;
	struct nova_vma *old = to_nova_vma(remap->unmap->va);
	struct nova_vma *prev = NULL, *next = NULL;
	struct nova_bind *bind = priv;
	u64 va, size;

	nova_core_assert_door();
	drm_gpuva_op_remap_to_unmap_range(remap, &va, &size);
	if (remap->prev)
		prev = nova_bind_take_vma(bind, old->readonly);
	if (remap->next)
		next = nova_bind_take_vma(bind, old->readonly);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, remap);
	if (prev)
		drm_gpuva_link(&prev->base, old->base.vm_bo);
	if (next)
		drm_gpuva_link(&next->base, old->base.vm_bo);
	nova_bind_retire(bind, old);
	nova_bind_clear(bind, va, size);
	return 0;
}

int nova_bind_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct nova_vma *vma = to_nova_vma(op->unmap.va);
	u64 va = vma->base.va.addr, size = vma->base.va.range;

	nova_core_assert_door();
	drm_gpuva_unmap(&op->unmap);
	nova_bind_retire(priv, vma);
	nova_bind_clear(priv, va, size);
	return 0;
}

static int nova_bind_check_map(struct nova_bind *bind, struct nova_bind_op *op)
{
	struct drm_nova_vm_bind_op *args = op->args;
	struct drm_gem_object *vm_obj;
	u64 end;

	op->obj = drm_gem_object_lookup(bind->file, args->handle);
	if (!op->obj)
		return -ENOENT;
	if (!PAGE_ALIGNED(args->bo_offset) ||
	    check_add_overflow(args->bo_offset, args->size, &end) || end > op->obj->size)
		return -EINVAL;
	vm_obj = to_nova_bo(op->obj)->vm_obj;
	if (vm_obj && vm_obj != drm_gpuvm_resv_obj(&bind->vm->gpuvm))
		return -EPERM;
	return 0;
}

static int nova_bind_check(struct nova_bind *bind, struct nova_bind_op *op)
{
	struct drm_nova_vm_bind_op *args = op->args;
	u64 end;

	if (args->pad || args->op > DRM_NOVA_VM_BIND_OP_UNMAP_ALL)
		return -EINVAL;
	if (args->flags & ~(args->op == DRM_NOVA_VM_BIND_OP_MAP ? DRM_NOVA_VM_BIND_READONLY : 0))
		return -EINVAL;
	if (args->op != DRM_NOVA_VM_BIND_OP_MAP && (args->handle || args->bo_offset))
		return -EINVAL;
	if (args->op == DRM_NOVA_VM_BIND_OP_UNMAP_ALL) {
		if (args->va || args->size)
			return -EINVAL;
		args->va = NOVA_VM_USER_START;
		args->size = NOVA_VM_USER_SIZE;
		return 0;
	}
	if (!args->size || !PAGE_ALIGNED(args->va) || !PAGE_ALIGNED(args->size) ||
	    check_add_overflow(args->va, args->size, &end) ||
	    args->va < NOVA_VM_USER_START || end > NOVA_VM_KERNEL_START)
		return -EINVAL;
	return args->op == DRM_NOVA_VM_BIND_OP_MAP ? nova_bind_check_map(bind, op) : 0;
}

/* Copies and checks the arguments, and allocates what the steps will take. */
static int nova_bind_init(struct nova_bind *bind, const struct drm_nova_array *array)
{
	u64 mapped = 0, mapped_max = nova_ttm_size_max(to_nova_device(bind->file->minor->dev));
	struct nova_vma *vma;
	u32 i;
	int ret;

	bind->args = nova_uapi_array(array, sizeof(*bind->args), sizeof(*bind->args),
				     NOVA_BIND_OPS_MAX);
	if (IS_ERR(bind->args)) {
		ret = PTR_ERR(bind->args);
		bind->args = NULL;
		return ret;
	}
	bind->ops = kvcalloc(array->count, sizeof(*bind->ops), GFP_KERNEL_ACCOUNT);
	if (!bind->ops)
		return -ENOMEM;
	bind->count = array->count;

	for (i = 0; i < bind->count; i++) {
		bind->ops[i].args = &bind->args[i];
		ret = nova_bind_check(bind, &bind->ops[i]);
		if (ret)
			return ret;
		/* The entries are written in one stay inside the door, which has to be bounded. */
		if (nova_bind_is_map(&bind->ops[i])) {
			mapped += bind->args[i].size;
			if (mapped > mapped_max)
				return -E2BIG;
		}
	}
	for (i = 0; i < bind->count * NOVA_BIND_VMAS_PER_OP; i++) {
		vma = kzalloc_obj(*vma, GFP_KERNEL_ACCOUNT);
		if (!vma)
			return -ENOMEM;
		list_add(&vma->base.gem.entry, &bind->spare);
	}
	return 0;
}

static void nova_bind_fini(struct nova_bind *bind)
{
	struct nova_vma *vma, *next;

	list_for_each_entry_safe(vma, next, &bind->spare, base.gem.entry)
		kfree(vma);
	list_for_each_entry_safe(vma, next, &bind->retired, base.gem.entry) {
		drm_gem_object_put(vma->base.gem.obj);
		kfree(vma);
	}
	for (u32 i = 0; i < bind->count; i++)
		if (bind->ops[i].obj)
			drm_gem_object_put(bind->ops[i].obj);
	kvfree(bind->ops);
	kvfree(bind->args);
}

static int nova_bind_claim(struct nova_bind *bind)
{
	for (u32 i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];
		int ret;

		if (!nova_bind_is_map(op))
			continue;
		ret = nova_pt_claim(&bind->vm->pt, op->args->va, op->args->size);
		if (ret)
			return ret;
		op->claimed = true;
	}
	return 0;
}

/* The claims of ops that were not applied; they may share tables with what is mapped. */
static void nova_bind_unclaim(struct nova_bind *bind)
{
	for (u32 i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];

		if (op->claimed)
			nova_pt_forget(&bind->vm->pt, op->args->va, op->args->size);
	}
}

static int nova_bind_lock(struct nova_bind *bind, struct drm_exec *exec)
{
	struct drm_gpuvm *gpuvm = &bind->vm->gpuvm;
	int ret = 0;

	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(gpuvm, exec, 0);
		drm_exec_retry_on_contention(exec);
		for (u32 i = 0; !ret && i < bind->count; i++) {
			struct nova_bind_op *op = &bind->ops[i];

			if (op->obj)
				ret = drm_exec_lock_obj(exec, op->obj);
			drm_exec_retry_on_contention(exec);
			if (!ret)
				ret = drm_gpuvm_prepare_range(gpuvm, exec, op->args->va,
							      op->args->size, 0);
			drm_exec_retry_on_contention(exec);
		}
		if (ret)
			return ret;
	}
	return 0;
}

/* Makes the buffers resident and their link to the VM exist. Outside the door: may wait. */
static int nova_bind_prepare(struct nova_bind *bind)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct drm_gpuvm *gpuvm = &bind->vm->gpuvm;
	u32 i;
	int ret;

	for (i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];

		if (!op->obj)
			continue;
		ret = nova_bo_validate(to_nova_bo(op->obj), &ctx);
		if (ret)
			return ret;
		op->vm_bo = drm_gpuvm_bo_obtain_locked(gpuvm, op->obj);
		if (IS_ERR(op->vm_bo)) {
			ret = PTR_ERR(op->vm_bo);
			op->vm_bo = NULL;
			return ret;
		}
		drm_gpuvm_bo_extobj_add(op->vm_bo);
	}
	return 0;
}

/* What buffers that were not bound before can take of video memory; one may be named twice. */
static u64 nova_bind_new_bytes(struct nova_bind *bind)
{
	u64 bytes = 0;

	for (u32 i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];

		if (op->vm_bo && list_empty(&op->vm_bo->list.gpuva) &&
		    to_nova_bo(op->obj)->placement & DRM_NOVA_PLACEMENT_VRAM)
			bytes += op->obj->size;
	}
	return bytes;
}

/* The point of no return. */
static int nova_bind_apply(struct nova_bind *bind)
{
	struct drm_gpuvm *gpuvm = &bind->vm->gpuvm;
	struct nova_bound *bound;
	int idx, ret;

	bound = nova_bound_enter(bind->vm->pt.ndev, &idx);
	if (!bound)
		return -ENODEV;
	bind->bound = bound;
	for (u32 i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];
		struct drm_gpuvm_map_req req = {
			.map.va.addr = op->args->va,
			.map.va.range = op->args->size,
			.map.gem.obj = op->obj,
			.map.gem.offset = op->args->bo_offset,
		};

		bind->current_op = op;
		if (nova_bind_is_map(op))
			ret = drm_gpuvm_sm_map(gpuvm, bind, &req);
		else
			ret = drm_gpuvm_sm_unmap(gpuvm, bind, op->args->va, op->args->size);
		drm_WARN_ON(gpuvm->drm, ret);
		op->claimed = false;
	}
	ret = nova_pt_flush(bound, &bind->vm->pt);
	nova_bound_exit(idx);
	return ret;
}

static int nova_bind_run(struct nova_bind *bind)
{
	struct drm_exec exec;
	int ret;

	ret = mutex_lock_interruptible(&bind->vm->lock);
	if (ret)
		return ret;
	ret = nova_bind_claim(bind);
	if (ret)
		goto out_unclaim;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		      bind->count + 1);
	ret = nova_bind_lock(bind, &exec);
	if (!ret)
		ret = nova_bind_prepare(bind);
	if (!ret)
		ret = nova_userq_reserve(bind->vm, nova_bind_new_bytes(bind));
	if (!ret)
		ret = nova_bind_apply(bind);
	nova_userq_settle(bind->vm);
	for (u32 i = 0; i < bind->count; i++)
		if (bind->ops[i].vm_bo)
			drm_gpuvm_bo_put(bind->ops[i].vm_bo);
	drm_exec_fini(&exec);
out_unclaim:
	nova_bind_unclaim(bind);
	mutex_unlock(&bind->vm->lock);
	return ret;
}

int nova_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_vm_bind *args = data;
	struct nova_bind bind = {
		.file = file,
		.spare = LIST_HEAD_INIT(bind.spare),
		.retired = LIST_HEAD_INIT(bind.retired),
	};
	int ret;

	if (args->flags & ~DRM_NOVA_VM_BIND_ASYNC)
		return -EINVAL;
	if (args->flags & DRM_NOVA_VM_BIND_ASYNC)
		return -EOPNOTSUPP;
	if (args->syncs.count)
		return -EINVAL;
	bind.vm = nova_vm_lookup(nfile, args->vm_id);
	if (!bind.vm)
		return -ENOENT;
	ret = nova_bind_init(&bind, &args->ops);
	if (!ret)
		ret = nova_bind_run(&bind);
	nova_bind_fini(&bind);
	nova_vm_put(bind.vm);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_ioctl_vm_bind);
