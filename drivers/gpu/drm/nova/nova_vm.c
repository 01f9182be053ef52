// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * GPU address spaces. Changing their mappings is nova_bind.c.
 */
#include <kunit/visibility.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include <drm/nova_drm.h>

#include "nova_bind.h"
#include "nova_bind_queue.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_import.h"
#include "nova_reset.h"
#include "nova_user_fence.h"
#include "nova_vm.h"

/**
 * nova_vm_map_bo() - point addresses to a buffer
 * @bound: from the door
 * @pt: page tables with the range claimed
 * @bo: the buffer, resident; its reservation is held, or a fence in it keeps it from moving
 * @offset: in the buffer
 * @va: first address
 * @size: bytes
 * @readonly: writes fault
 */
void nova_vm_map_bo(struct nova_bound *bound, struct nova_pt *pt, struct nova_bo *bo, u64 offset,
		    u64 va, u64 size, bool readonly)
{
	struct nova_bo_cursor cursor = {};
	u64 done = 0;

	while (done < size) {
		struct nova_bo_extent extent = nova_bo_extent_at(bo, &cursor, offset + done);

		extent.size = min(extent.size, size - done);
		nova_pt_map(bound, pt, va + done, &extent, readonly);
		done += extent.size;
	}
}

/**
 * nova_vma_clear() - clear the entries of what is retired of a mapping
 * @bound: from the door
 * @pt: page tables
 * @vma: the mapping
 */
void nova_vma_clear(struct nova_bound *bound, struct nova_pt *pt, const struct nova_vma *vma)
{
	if (nova_vma_is_sparse(vma))
		nova_pt_set_sparse(bound, pt, vma->retired.va, vma->retired.size, false);
	else
		nova_pt_unmap(bound, pt, vma->retired.va, vma->retired.size);
}

/**
 * nova_vma_release() - give back the claims of what is retired of a mapping
 * @pt: page tables; nova_userptrs.lock is held, and the entries are cleared or replaced, unless the
 *	GPU does not use the address space any more
 * @vma: the mapping
 */
void nova_vma_release(struct nova_pt *pt, struct nova_vma *vma)
{
	nova_userptr_detach(vma);
	if (!nova_vma_is_sparse(vma)) {
		nova_pt_release(pt, vma->retired.va, vma->retired.size);
		return;
	}
	if (vma->retired.first)
		nova_pt_release_edge(pt, vma->base.va.addr);
	if (vma->retired.last)
		nova_pt_release_edge(pt, vma->base.va.addr + vma->base.va.range);
}

/**
 * nova_vma_free() - free a mapping
 * @vma: the mapping, in no set and no page table any more
 */
void nova_vma_free(struct nova_vma *vma)
{
	if (vma->userptr)
		nova_userptr_put(vma->userptr);
	kfree(vma);
}

/**
 * nova_vm_bo_evict() - take a buffer out of all address spaces
 * @bo: the buffer, its reservation held
 *
 * Called before its memory changes. The mappings stay known, and come back
 * with nova_vm_validate(). When it returns no engine reaches the old memory; with the
 * device gone there is nothing to do. Whoever moves it may be short of memory, in the middle of
 * anything.
 */
void nova_vm_bo_evict(struct nova_bo *bo)
{
	struct drm_gem_object *obj = &bo->tbo.base;
	struct drm_gpuvm_bo *vm_bo;
	struct nova_bound *bound;
	struct drm_gpuva *va;
	int idx;

	drm_gem_for_each_gpuvm_bo(vm_bo, obj)
		drm_gpuvm_bo_evict(vm_bo, true);

	bound = nova_bound_enter_nested(to_nova_device(obj->dev), &idx);
	if (!bound)
		return;
	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		struct nova_vm *vm = to_nova_vm(vm_bo->vm);

		drm_gpuvm_bo_for_each_va(va, vm_bo)
			nova_pt_unmap(bound, &vm->pt, va->va.addr, va->va.range);
		nova_pt_flush(bound, &vm->pt);
	}
	nova_bound_exit(idx);
}

static int nova_vm_bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct nova_bo *bo = to_nova_bo(vm_bo->obj);
	struct nova_bound *bound;
	struct drm_gpuva *va;
	int idx, ret;

	/* Out of sight as long as the client does not need it. */
	if (bo->madvise.dontneed)
		return 0;
	ret = nova_bo_validate(bo, &ctx);
	if (ret)
		return ret;
	bound = nova_bound_enter(to_nova_device(vm_bo->obj->dev), &idx);
	if (!bound)
		return -ENODEV;
	drm_gpuvm_bo_for_each_va(va, vm_bo)
		nova_vm_map_bo(bound, &to_nova_vm(vm_bo->vm)->pt, bo, va->gem.offset, va->va.addr,
			       va->va.range, to_nova_vma(va)->readonly);
	ret = nova_pt_flush(bound, &to_nova_vm(vm_bo->vm)->pt);
	if (!ret)
		drm_gpuvm_bo_evict(vm_bo, false);
	nova_bound_exit(idx);
	return ret;
}

/**
 * nova_vm_bo_restore() - undo nova_vm_bo_evict() where there are user-mode queues
 * @bo: the buffer, its reservation held, and no bind of it under way
 *
 * Outside the door; may wait for fences.
 *
 * Return: 0 or a negative error code.
 */
int nova_vm_bo_restore(struct nova_bo *bo)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret = 0;

	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->tbo.base)
		if (!ret && READ_ONCE(to_nova_vm(vm_bo->vm)->userqs))
			ret = nova_vm_bo_validate(vm_bo, NULL);
	return ret;
}

/**
 * nova_vm_lock() - lock the reservations of an address space and all its buffers
 * @vm: the address space, its lock held
 * @exec: inside drm_exec_until_all_locked(); may be contended afterwards
 *
 * Each gets room for a fence. Most buffers share the reservation of the address space, and are
 * locked with it; the list of the others changes under the lock of the address space only.
 *
 * Return: 0 or a negative error code.
 */
int nova_vm_lock(struct nova_vm *vm, struct drm_exec *exec)
{
	int ret = drm_gpuvm_prepare_vm(&vm->gpuvm, exec, 1);

	if (ret || list_empty(&vm->gpuvm.extobj.list))
		return ret;
	return drm_gpuvm_prepare_objects(&vm->gpuvm, exec, 1);
}

/**
 * nova_vm_validate() - make resident what was evicted
 * @vm: the address space
 * @exec: holds the reservations of the VM and all its buffers
 *
 * Outside the door; may wait for fences.
 *
 * Return: 0 or a negative error code.
 */
int nova_vm_validate(struct nova_vm *vm, struct drm_exec *exec)
{
	/* Buffers are evicted with their reservation held. */
	if (list_empty(&vm->gpuvm.evict.list))
		return 0;
	return drm_gpuvm_validate(&vm->gpuvm, exec);
}

static void nova_vm_free(struct drm_gpuvm *gpuvm)
{
	struct nova_vm *vm = to_nova_vm(gpuvm);

	nova_pt_fini(&vm->pt);
	nova_userptrs_fini(&vm->userptrs);
	/* context_unsafe: nobody has it any more */
	context_unsafe(drm_mm_takedown(&vm->kernel));
	mutex_destroy(&vm->lock);
	kfree(vm);
}

static const struct drm_gpuvm_ops nova_vm_ops = {
	.vm_free = nova_vm_free,
	.vm_bo_alloc = nova_import_link_alloc,
	.vm_bo_free = nova_import_link_free,
	.vm_bo_validate = nova_vm_bo_validate,
	.sm_step_map = nova_bind_step_map,
	.sm_step_remap = nova_bind_step_remap,
	.sm_step_unmap = nova_bind_step_unmap,
};

/**
 * nova_vm_create() - make an empty address space
 * @ndev: the device
 * @account: what its tables are charged to
 * @scratch: what is not mapped reads zero
 *
 * Return: the address space, to be dropped by nova_vm_put(), or an error pointer.
 */
struct nova_vm *nova_vm_create(struct nova_device *ndev, struct nova_account *account,
			       bool scratch)
{
	struct drm_gem_object *resv;
	struct nova_vm *vm;
	int ret;

	vm = kzalloc_obj(*vm, GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	ret = nova_pt_init(ndev, &vm->pt, account, scratch);
	if (ret)
		goto err_free;
	resv = drm_gpuvm_resv_object_alloc(&ndev->drm);
	if (!resv) {
		ret = -ENOMEM;
		goto err_pt;
	}
	kref_init(&vm->ref);
	nova_userptrs_init(&vm->userptrs);
	nova_vm_faults_init(&vm->faults, nova_reset_count(ndev));
	scoped_guard(mutex_init, &vm->lock)
		drm_mm_init(&vm->kernel, NOVA_VM_KERNEL_START, NOVA_VM_KERNEL_SIZE - SZ_64K);
	drm_gpuvm_init(&vm->gpuvm, "nova-vm", 0, &ndev->drm, resv, NOVA_VM_USER_START,
		       NOVA_VM_USER_SIZE, 0, 0, &nova_vm_ops);
	drm_gem_object_put(resv);
	return vm;

err_pt:
	nova_pt_fini(&vm->pt);
err_free:
	kfree(vm);
	return ERR_PTR(ret);
}

/*
 * Unmaps one mapping for good. Needs no memory and no hardware. The buffer is locked before the
 * door is entered: reservations are outer.
 */
static void nova_vm_drop(struct nova_vm *vm, struct nova_vma *vma)
{
	struct drm_gem_object *obj = vma->base.gem.obj;
	struct nova_bound *bound;
	int idx;

	vma->retired.va = vma->base.va.addr;
	vma->retired.size = vma->base.va.range;
	vma->retired.first = true;
	vma->retired.last = true;
	if (obj)
		dma_resv_lock(obj->resv, NULL);
	bound = nova_bound_enter(vm->pt.ndev, &idx);
	if (bound) {
		scoped_guard(mutex, &vm->userptrs.lock)
			nova_vma_clear(bound, &vm->pt, vma);
		nova_bound_exit(idx);
	}
	scoped_guard(mutex, &vm->userptrs.lock)
		nova_vma_release(&vm->pt, vma);
	drm_gpuva_remove(&vma->base);
	if (obj) {
		drm_gem_object_get(obj);
		drm_gpuva_unlink(&vma->base);
		dma_resv_unlock(obj->resv);
		drm_gem_object_put(obj);
	}
	nova_vma_free(vma);
}

static void nova_vm_release(struct kref *ref)
{
	struct nova_vm *vm = container_of(ref, struct nova_vm, ref);
	struct drm_gpuva *va, *next;
	struct nova_bound *bound;
	int idx;

	/* No channel runs in it any more. */
	nova_bind_queue_destroy(vm->binds);
	drm_gpuvm_for_each_va_safe(va, next, &vm->gpuvm)
		nova_vm_drop(vm, to_nova_vma(va));
	nova_userptrs_reap(vm);

	/* The root's address may be reused: forget all about it. */
	bound = nova_bound_enter(vm->pt.ndev, &idx);
	if (bound) {
		nova_pt_set_stale(&vm->pt);
		nova_pt_flush(bound, &vm->pt);
		nova_bound_exit(idx);
	}
	drm_gpuvm_put(&vm->gpuvm);
}

/**
 * nova_vm_put() - drop a reference
 * @vm: the address space
 *
 * Outside the door and without reservations held.
 */
void nova_vm_put(struct nova_vm *vm)
{
	kref_put(&vm->ref, nova_vm_release);
}
EXPORT_SYMBOL_IF_KUNIT(nova_vm_put);

/**
 * nova_vm_lookup() - find an address space by id
 * @nfile: the file
 * @id: the id
 *
 * Return: a reference, or NULL.
 */
struct nova_vm *nova_vm_lookup(struct nova_file *nfile, u32 id)
{
	struct nova_vm *vm;

	xa_lock(&nfile->vms);
	vm = xa_load(&nfile->vms, id);
	if (vm)
		kref_get(&vm->ref);
	xa_unlock(&nfile->vms);
	return vm;
}
EXPORT_SYMBOL_IF_KUNIT(nova_vm_lookup);

/**
 * nova_vm_kernel_alloc() - addresses and tables in the kernel's range
 * @vm: the address space
 * @node: filled in
 * @size: bytes
 *
 * Return: 0, -ENOMEM or -ENOSPC.
 */
int nova_vm_kernel_alloc(struct nova_vm *vm, struct drm_mm_node *node, u64 size)
{
	int ret;

	guard(mutex)(&vm->lock);
	ret = drm_mm_insert_node_generic(&vm->kernel, node, size, SZ_4K, 0, 0);
	if (ret)
		return ret;
	ret = nova_pt_claim(&vm->pt, node->start, size);
	if (ret)
		drm_mm_remove_node(node);
	return ret;
}

/**
 * nova_vm_kernel_free() - give them back
 * @vm: the address space
 * @node: from nova_vm_kernel_alloc(), unmapped
 */
void nova_vm_kernel_free(struct nova_vm *vm, struct drm_mm_node *node)
{
	struct nova_bound *bound;
	int idx;

	guard(mutex)(&vm->lock);
	nova_pt_release(&vm->pt, node->start, node->size);
	bound = nova_bound_enter(vm->pt.ndev, &idx);
	if (bound) {
		nova_pt_flush(bound, &vm->pt);
		nova_bound_exit(idx);
	}
	drm_mm_remove_node(node);
}

int nova_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_device *ndev = to_nova_device(drm);
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_vm_create *args = data;
	struct nova_vm *vm;
	u32 id;
	int ret;

	if (args->flags & ~DRM_NOVA_VM_SCRATCH)
		return -EINVAL;
	if (!nova_bound_is_there(ndev))
		return -ENODEV;

	vm = nova_vm_create(ndev, nfile->account, args->flags & DRM_NOVA_VM_SCRATCH);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	args->va_start = NOVA_VM_USER_START;
	args->va_size = NOVA_VM_USER_SIZE;
	ret = xa_alloc(&nfile->vms, &id, vm, XA_LIMIT(1, NOVA_FILE_VMS_MAX), GFP_KERNEL);
	if (ret) {
		nova_vm_put(vm);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	args->vm_id = id;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_ioctl_vm_create);

int nova_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_vm_destroy *args = data;
	struct nova_vm *vm;

	if (args->pad)
		return -EINVAL;
	vm = nova_file_take(&nfile->vms, args->vm_id);
	if (!vm)
		return -ENOENT;
	nova_vm_put(vm);
	/* Who waits for memory of it finds that it is not there. */
	nova_user_fence_wake(nfile->ndev);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_ioctl_vm_destroy);
