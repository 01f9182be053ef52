// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VM_BIND: arrays of changes to an address space, all or nothing.
 *
 * Everything that can fail comes first: arguments, memory for mappings and tables, residence of the
 * buffers. Then the door, and from there to the end no step can fail (nova_bind_apply.c). Behind
 * fences the last part is a job (nova_bind_queue.c).
 */
#include <kunit/visibility.h>
#include <linux/dma-fence.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_file.h>

#include <drm/nova_drm.h>

#include "nova_bind.h"
#include "nova_bind_queue.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_import.h"
#include "nova_reset.h"
#include "nova_space.h"
#include "nova_ttm.h"
#include "nova_uapi.h"
#include "nova_userq.h"
#include "nova_vm.h"

/* One map op makes a mapping and cuts at most two. */
#define NOVA_BIND_VMAS_PER_OP	3

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

static int nova_bind_check_userptr(struct nova_bind *bind, struct nova_bind_op *op)
{
	struct drm_nova_vm_bind_op *args = op->args;
	struct nova_userptr *userptr;
	u64 end;

	if (args->handle || !PAGE_ALIGNED(args->bo_offset) ||
	    check_add_overflow(args->bo_offset, args->size, &end))
		return -EINVAL;
	userptr = nova_userptr_create(bind->vm, args->bo_offset, args->size,
				      args->flags & DRM_NOVA_VM_BIND_READONLY);
	if (IS_ERR(userptr))
		return PTR_ERR(userptr);
	op->userptr = userptr;
	return 0;
}

static bool nova_bind_check_flags(const struct drm_nova_vm_bind_op *args)
{
	if (args->op != DRM_NOVA_VM_BIND_OP_MAP)
		return !args->flags;
	return args->flags == DRM_NOVA_VM_BIND_SPARSE ||
	       !(args->flags & ~(DRM_NOVA_VM_BIND_READONLY | DRM_NOVA_VM_BIND_USERPTR));
}

static int nova_bind_check(struct nova_bind *bind, struct nova_bind_op *op)
{
	struct drm_nova_vm_bind_op *args = op->args;
	bool memory = nova_bind_is_map(op) && !nova_bind_is_sparse(op);
	u64 end;

	if (args->pad || args->op > DRM_NOVA_VM_BIND_OP_UNMAP_ALL || !nova_bind_check_flags(args))
		return -EINVAL;
	if (!memory && (args->handle || args->bo_offset))
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
	if (!memory)
		return 0;
	return args->flags & DRM_NOVA_VM_BIND_USERPTR ? nova_bind_check_userptr(bind, op) :
							nova_bind_check_map(bind, op);
}

/* What the steps will take. */
static int nova_bind_alloc_vmas(struct nova_bind *bind)
{
	for (u32 i = 0; i < bind->count * NOVA_BIND_VMAS_PER_OP; i++) {
		struct nova_vma *vma = kzalloc_obj(*vma, GFP_KERNEL_ACCOUNT);

		if (!vma)
			return -ENOMEM;
		list_add(&vma->base.gem.entry, &bind->spare);
	}
	return 0;
}

/* Copies and checks the arguments. */
static int nova_bind_init(struct nova_bind *bind, const struct drm_nova_array *array)
{
	u64 mapped = 0, mapped_max = nova_ttm_size_max(to_nova_device(bind->file->minor->dev));
	struct drm_nova_vm_bind_op *args;
	int ret;

	args = nova_uapi_array(array, sizeof(*args), sizeof(*args), NOVA_BIND_OPS_MAX);
	if (IS_ERR(args))
		return PTR_ERR(args);
	bind->args = args;
	bind->ops = kvcalloc(array->count, sizeof(*bind->ops), GFP_KERNEL_ACCOUNT);
	if (!bind->ops)
		return -ENOMEM;
	bind->count = array->count;
	for (u32 i = 0; i < bind->count; i++) {
		bind->ops[i].args = &args[i];
		INIT_LIST_HEAD(&bind->ops[i].retired);
	}

	for (u32 i = 0; i < bind->count; i++) {
		ret = nova_bind_check(bind, &bind->ops[i]);
		if (ret)
			return ret;
		/* The entries are written in one stay inside the door, which has to be bounded. */
		if (bind->ops[i].obj || bind->ops[i].userptr) {
			mapped += args[i].size;
			if (mapped > mapped_max)
				return -E2BIG;
		}
	}
	return nova_bind_alloc_vmas(bind);
}

/* May an op cut a sparse range at @va? The tree knows, and the ops before it. */
static bool nova_bind_may_cut(struct nova_bind *bind, const struct nova_bind_op *op, u64 va)
{
	struct drm_gpuva *vma = drm_gpuva_find_first(&bind->vm->gpuvm, va, SZ_4K);

	if (vma && vma->va.addr < va && nova_vma_is_sparse(to_nova_vma(vma)))
		return true;
	for (const struct nova_bind_op *before = bind->ops; before < op; before++)
		if (nova_bind_is_sparse(before) && before->args->va < va &&
		    va - before->args->va < before->args->size)
			return true;
	return false;
}

static int nova_bind_claim_edge(struct nova_bind *bind, u64 va, u8 count, u8 *claims)
{
	int ret = 0;

	while (!ret && *claims < count) {
		ret = nova_pt_claim_edge(&bind->vm->pt, va);
		if (!ret)
			(*claims)++;
	}
	return ret;
}

/* Page tables, for what is mapped and where something sparse is cut. */
static int nova_bind_claim_op(struct nova_bind *bind, struct nova_bind_op *op)
{
	bool sparse = nova_bind_is_sparse(op);
	u64 va = op->args->va, end = va + op->args->size;
	int ret;

	if (op->obj || op->userptr) {
		ret = nova_pt_claim(&bind->vm->pt, va, op->args->size);
		if (ret)
			return ret;
		op->claimed = true;
	}
	ret = nova_bind_claim_edge(bind, va, sparse + nova_bind_may_cut(bind, op, va),
				   &op->first_claims);
	return ret ?: nova_bind_claim_edge(bind, end, sparse + nova_bind_may_cut(bind, op, end),
					   &op->last_claims);
}

static int nova_bind_claim(struct nova_bind *bind)
{
	int ret = 0;

	for (u32 i = 0; !ret && i < bind->count; i++)
		ret = nova_bind_claim_op(bind, &bind->ops[i]);
	return ret;
}

/* Makes the buffers resident and their link to the VM exist. Outside the door: may wait. */
static int nova_bind_prepare(struct nova_bind *bind)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct drm_gpuvm *gpuvm = &bind->vm->gpuvm;
	int ret = 0;

	for (u32 i = 0; !ret && i < bind->count; i++) {
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
		if (bind->vm->userqs)
			ret = nova_import_hold(op->vm_bo, &ctx);
	}
	return ret;
}

/*
 * A bind behind fences keeps all buffers of the VM where they are until it is applied, as a job
 * does: so the page tables are as if all mappings were made whenever somebody looks at them.
 *
 * Prepared before all is said to be locked, as TTM locks what it turns out with the same ticket.
 */
static int nova_bind_lock(struct nova_bind *bind, struct drm_exec *exec, unsigned int fences)
{
	struct drm_gpuvm *gpuvm = &bind->vm->gpuvm;
	int ret = 0;

	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(gpuvm, exec, fences);
		drm_exec_retry_on_contention(exec);
		if (!ret && fences)
			ret = drm_gpuvm_prepare_objects(gpuvm, exec, fences);
		drm_exec_retry_on_contention(exec);
		for (u32 i = 0; !ret && i < bind->count; i++) {
			struct nova_bind_op *op = &bind->ops[i];

			if (op->obj)
				ret = fences ? drm_exec_prepare_obj(exec, op->obj, fences) :
				      drm_exec_lock_obj(exec, op->obj);
			drm_exec_retry_on_contention(exec);
			if (!ret)
				ret = drm_gpuvm_prepare_range(gpuvm, exec, op->args->va,
							      op->args->size, fences);
			drm_exec_retry_on_contention(exec);
		}
		if (!ret)
			ret = nova_bind_prepare(bind);
		if (!ret && fences)
			ret = nova_vm_validate(bind->vm, exec);
		if (ret)
			return ret;
	}
	return 0;
}

/* What buffers that were not bound before are to be charged with; one may be named twice. */
static u64 nova_bind_new_bytes(struct nova_bind *bind)
{
	u64 bytes = 0;

	for (u32 i = 0; i < bind->count; i++) {
		struct nova_bind_op *op = &bind->ops[i];

		if (op->vm_bo && list_empty(&op->vm_bo->list.gpuva))
			bytes += nova_userq_bo_bytes(to_nova_bo(op->obj));
	}
	return bytes;
}

/* Now: recorded and applied. */
static int nova_bind_commit(struct nova_bind *bind)
{
	struct nova_bound *bound;
	int idx, ret = -EAGAIN;

	bound = nova_bound_enter(bind->vm->pt.ndev, &idx);
	if (!bound)
		return -ENODEV;
	scoped_guard(mutex, &bind->vm->userptrs.lock) {
		if (nova_bind_valid(bind)) {
			nova_bind_record(bind);
			ret = nova_bind_apply(bound, bind);
		}
	}
	nova_bound_exit(idx);
	return ret;
}

/* For nova_space_run(): until nothing can fail any more nothing has changed. */
static int nova_bind_try(void *data)
{
	struct nova_bind *bind = data;
	struct nova_bind_job *job = bind->job;
	struct nova_vm *vm = bind->vm;
	struct drm_exec exec;
	int ret;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		      bind->count + 1);
	ret = nova_bind_lock(bind, &exec, job ? 1 : 0);
	if (!ret)
		ret = nova_userq_reserve(vm, nova_bind_new_bytes(bind));
	if (!ret)
		ret = job ? nova_bind_job_submit(job, &exec) : nova_bind_commit(bind);
	/* Otherwise the job may have ended, and the bind be gone. */
	if (ret)
		nova_bind_put_links(bind);
	nova_userq_settle(vm);
	drm_exec_fini(&exec);
	return ret;
}

/* Nobody could tell when the GPU has finished with the pages of a process. */
static int nova_bind_check_userqs(struct nova_bind *bind)
{
	if (!bind->vm->userqs)
		return 0;
	for (u32 i = 0; i < bind->count; i++)
		if (bind->ops[i].userptr)
			return -EPERM;
	return 0;
}

/* Memory of processes is looked up before, as that may take as long as they want. */
static int nova_bind_validate(struct nova_bind *bind)
{
	int ret = 0;

	for (u32 i = 0; !ret && i < bind->count; i++)
		if (bind->ops[i].userptr)
			ret = nova_userptr_validate(bind->ops[i].userptr);
	return ret;
}

static int nova_bind_run_locked(struct nova_bind *bind)
{
	int ret;

	lockdep_assert_held(&bind->vm->lock);

	/* Before anything is recorded. Who dies later has seen the bind take place. */
	if (nova_reset_wedged(bind->vm->pt.ndev))
		return -ECANCELED;
	ret = nova_bind_check_userqs(bind) ?: nova_bind_claim(bind);
	if (!ret)
		ret = nova_space_run(bind->vm->pt.ndev, nova_bind_try, bind);
	if (ret && !bind->recorded)
		nova_bind_forget(bind);
	return ret;
}

/*
 * A synchronous bind comes after all that are pending: its caller sees what it did at once. Frees
 * the bind, or its job will.
 */
static int nova_bind_run(struct nova_bind *bind)
{
	struct nova_bind_job *job = bind->job;
	struct nova_vm *vm = bind->vm;
	struct dma_fence *fence;
	int ret;

	do {
		fence = NULL;
		ret = nova_bind_validate(bind);
		if (ret)
			break;
		ret = mutex_lock_interruptible(&vm->lock);
		if (ret)
			break;
		fence = job ? NULL : nova_bind_queue_last(vm->binds);
		if (!fence)
			ret = nova_bind_run_locked(bind);
		mutex_unlock(&vm->lock);
		if (fence) {
			ret = dma_fence_wait(fence, true);
			dma_fence_put(fence);
		}
	} while (ret == -EAGAIN || (fence && !ret));
	if (job && ret)
		nova_bind_job_destroy(job);
	if (!job || ret)
		nova_bind_free(bind);
	return ret;
}

static int nova_bind_create(struct nova_vm *vm, struct drm_file *file,
			    const struct drm_nova_vm_bind *args)
{
	struct nova_bind *bind = kzalloc_obj(*bind, GFP_KERNEL_ACCOUNT);
	struct nova_bind_job *job;
	int ret;

	if (!bind)
		return -ENOMEM;
	bind->vm = vm;
	bind->file = file;
	bind->vm_id = args->vm_id;
	INIT_LIST_HEAD(&bind->spare);
	ret = nova_bind_init(bind, &args->ops);
	if (!ret && args->flags & DRM_NOVA_VM_BIND_ASYNC) {
		job = nova_bind_job_create(bind, &args->syncs);
		ret = PTR_ERR_OR_ZERO(job);
		if (!ret)
			bind->job = job;
	}
	if (ret) {
		nova_bind_free(bind);
		return ret;
	}
	return nova_bind_run(bind);
}

int nova_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_vm_bind *args = data;
	struct nova_vm *vm;
	int ret;

	if (args->flags & ~DRM_NOVA_VM_BIND_ASYNC)
		return -EINVAL;
	if (args->syncs.count && !(args->flags & DRM_NOVA_VM_BIND_ASYNC))
		return -EINVAL;
	vm = nova_vm_lookup(nfile, args->vm_id);
	if (!vm)
		return -ENOENT;
	ret = nova_bind_create(vm, file, args);
	nova_userptrs_reap(vm);
	nova_vm_put(vm);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_ioctl_vm_bind);
