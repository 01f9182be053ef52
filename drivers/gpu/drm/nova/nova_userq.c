// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * User-mode queues: what the client maps, and that its buffers stay where they are.
 *
 * The channel, its ring and its USERD are those of any queue (nova_queue_hw.c). This is
 * the part of it that mappings refer to: plain memory, which lives as long as the last of them.
 *
 * A user-mode queue runs when it likes, and no fence says until when. So while an address space
 * has one, the buffers bound there are held: they are made resident when the first
 * queue is made and when they are bound, and nova_ttm.c does not evict or move them.
 * As held memory is taken from everybody else, there is a limit for each file and one for all.
 */
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include <drm/nova_drm.h>

#include "regs/nv_host.h"

#include "nova_account.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_import.h"
#include "nova_queue.h"
#include "nova_space.h"
#include "nova_ttm.h"
#include "nova_uapi.h"
#include "nova_userq.h"
#include "nova_vm.h"

/* Pages of a mapping. */
#define NOVA_USERQ_PAGE_DOORBELL	0
#define NOVA_USERQ_PAGE_USERD		1
#define NOVA_USERQ_PAGE_RING		2

/* Each queue has the offsets of the largest there can be. */
#define NOVA_USERQ_STRIDE \
	roundup_pow_of_two(PAGE_ALIGN(NOVA_RING_SIZE_MAX * NV_GP_ENTRY_SIZE) + \
			   NOVA_USERQ_PAGE_RING * PAGE_SIZE)

/**
 * struct nova_userq - what mappings of a user-mode queue refer to
 *
 * Referenced by the queue and by each mapping.
 */
struct nova_userq {
	/** @ref: reference count */
	struct kref ref;
	/** @ndev: the DRM device; the queue, or the file of the mapping, holds it */
	struct nova_device *ndev;
	/** @index: which of the offsets are its; constant */
	u32 index;
	/** @pages: what can be mapped; constant */
	u32 pages;
	/** @dummy: what mappings show when the queue or the device is gone; never anybody else's */
	struct page *dummy;
	/** @lock: guards @mem; taken inside the door, by page faults as well */
	struct mutex lock;
	/** @mem: ring and USERD of the channel, or NULL while there is none */
	const struct nova_core_dma *mem __guarded_by(&lock);
	/** @userd: where USERD is in @mem; the ring is at its start */
	size_t userd __guarded_by(&lock);
};

/**
 * nova_userq_init() - set up what user-mode queues share
 * @ndev: the device; nothing has to be undone
 */
void nova_userq_init(struct nova_device *ndev)
{
	ida_init(&ndev->userqs.ids);
	atomic64_set(&ndev->userqs.held, 0);
}

/* --- life --- */

/**
 * nova_userq_create() - the plain half of a user-mode queue
 * @ndev: the device, kept by the caller until nova_userq_put()
 * @ring_size: GPFIFO entries
 *
 * Return: the object, -ENOMEM, or -ENOSPC when there are no offsets left.
 */
struct nova_userq *nova_userq_create(struct nova_device *ndev, u32 ring_size)
{
	struct nova_userq *userq = kzalloc_obj(*userq, GFP_KERNEL_ACCOUNT);
	u32 max = (NOVA_USERQ_OFFSET_END - NOVA_USERQ_OFFSET) / NOVA_USERQ_STRIDE - 1;
	int ret;

	if (!userq)
		return ERR_PTR(-ENOMEM);
	userq->dummy = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!userq->dummy) {
		ret = -ENOMEM;
		goto err_free;
	}
	ret = ida_alloc_max(&ndev->userqs.ids, max, GFP_KERNEL);
	if (ret < 0)
		goto err_dummy;
	userq->index = ret;
	userq->pages = NOVA_USERQ_PAGE_RING + PHYS_PFN(PAGE_ALIGN(ring_size * NV_GP_ENTRY_SIZE));
	userq->ndev = ndev;
	kref_init(&userq->ref);
	mutex_init(&userq->lock);
	return userq;

err_dummy:
	__free_page(userq->dummy);
err_free:
	kfree(userq);
	return ERR_PTR(ret);
}

/* No mapping is left, so nobody sees the dummy page, and the offsets can be another's. */
static void nova_userq_free(struct kref *ref)
{
	struct nova_userq *userq = container_of(ref, struct nova_userq, ref);

	ida_free(&userq->ndev->userqs.ids, userq->index);
	mutex_destroy(&userq->lock);
	__free_page(userq->dummy);
	kfree(userq);
}

/**
 * nova_userq_put() - drop a reference
 * @userq: the object
 */
void nova_userq_put(struct nova_userq *userq)
{
	kref_put(&userq->ref, nova_userq_free);
}

/**
 * nova_userq_offset() - where to map it
 * @userq: the object
 *
 * Return: an offset for mmap().
 */
u64 nova_userq_offset(const struct nova_userq *userq)
{
	return NOVA_USERQ_OFFSET + (u64)userq->index * NOVA_USERQ_STRIDE;
}

/**
 * nova_userq_map_size() - how much there is to be mapped
 * @userq: the object
 *
 * Return: bytes.
 */
u64 nova_userq_map_size(const struct nova_userq *userq)
{
	return (u64)userq->pages << PAGE_SHIFT;
}

/**
 * nova_userq_open() - mappings show the channel from now on
 * @userq: the object
 * @mem: ring and USERD; stays until nova_userq_close() has returned
 * @userd: where USERD is in @mem
 */
void nova_userq_open(struct nova_userq *userq, const struct nova_core_dma *mem, size_t userd)
{
	guard(mutex)(&userq->lock);
	userq->mem = mem;
	userq->userd = userd;
}

/**
 * nova_userq_close() - mappings show the dummy page from now on
 * @userq: the object
 *
 * When it returns nothing of the device or the ring is mapped. Needs no hardware.
 */
void nova_userq_close(struct nova_userq *userq)
{
	scoped_guard(mutex, &userq->lock)
		userq->mem = NULL;
	/* What a fault has mapped before is found here; one that comes later finds no channel. */
	unmap_mapping_range(userq->ndev->drm.anon_inode->i_mapping, nova_userq_offset(userq),
			    nova_userq_map_size(userq), 1);
}

/* --- mappings --- */

static vm_fault_t nova_userq_fault_dummy(struct nova_userq *userq, struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(userq->dummy));
}

/*
 * Of the registers of the device this is all that user space ever sees: the page with the
 * doorbell, uncached. A client can ring any channel with it, which has that channel
 * look at its own GP_PUT and nothing more.
 */
static vm_fault_t nova_userq_fault_doorbell(struct nova_device *ndev, struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;

	return vmf_insert_pfn_prot(vma, vmf->address, PHYS_PFN(ndev->info.usermode_base),
				   pgprot_noncached(vma->vm_page_prot));
}

static vm_fault_t nova_userq_fault_live(struct nova_userq *userq, struct vm_fault *vmf)
	__must_hold_shared(nova_core_door)
{
	u64 page = vmf->pgoff - PHYS_PFN(nova_userq_offset(userq));
	size_t offset;

	guard(mutex)(&userq->lock);
	if (!userq->mem)
		return nova_userq_fault_dummy(userq, vmf);
	if (page == NOVA_USERQ_PAGE_DOORBELL)
		return nova_userq_fault_doorbell(userq->ndev, vmf);
	offset = page == NOVA_USERQ_PAGE_USERD ? userq->userd :
		 (page - NOVA_USERQ_PAGE_RING) << PAGE_SHIFT;
	return vmf_insert_pfn(vmf->vma, vmf->address, nova_core_dma_pfn(userq->mem, offset));
}

static vm_fault_t nova_userq_fault(struct vm_fault *vmf)
{
	struct nova_userq *userq = vmf->vma->vm_private_data;
	vm_fault_t ret;
	int idx;

	/* What is inserted inside is zapped by drm_dev_unplug(), which waits for us first. */
	if (!nova_bound_enter(userq->ndev, &idx))
		return nova_userq_fault_dummy(userq, vmf);
	ret = nova_userq_fault_live(userq, vmf);
	nova_bound_exit(idx);
	return ret;
}

/* A fork, or a mapping that is cut: the parts keep their offsets. */
static void nova_userq_vm_open(struct vm_area_struct *vma)
{
	struct nova_userq *userq = vma->vm_private_data;

	kref_get(&userq->ref);
}

static void nova_userq_vm_close(struct vm_area_struct *vma)
{
	nova_userq_put(vma->vm_private_data);
}

static const struct vm_operations_struct nova_userq_vm_ops = {
	.fault = nova_userq_fault,
	.open = nova_userq_vm_open,
	.close = nova_userq_vm_close,
};

/* The queue of this file whose offsets cover the range: a reference, or NULL. */
static struct nova_userq *nova_userq_find(struct nova_file *nfile, u64 offset, u64 size)
{
	struct nova_userq *found = NULL;
	struct nova_queue *queue;
	unsigned long id;

	xa_lock(&nfile->queues);
	xa_for_each(&nfile->queues, id, queue) {
		struct nova_userq *userq = queue->userq;
		u64 start, length;

		if (!userq)
			continue;
		start = nova_userq_offset(userq);
		length = nova_userq_map_size(userq);
		if (offset < start || offset - start >= length || size > length - (offset - start))
			continue;
		kref_get(&userq->ref);
		found = userq;
		break;
	}
	xa_unlock(&nfile->queues);
	return found;
}

/**
 * nova_userq_mmap() - map a user-mode queue
 * @filp: the DRM file
 * @vma: the mapping, with an offset of NOVA_USERQ_OFFSET or more
 *
 * Return: 0, -EINVAL for what is no queue of this file, larger than the queue, private or
 * executable, -ENODEV when the device is gone.
 */
int nova_userq_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct drm_file *file = filp->private_data;
	struct nova_file *nfile = file->driver_priv;
	struct nova_userq *userq;

	if (!nova_bound_is_there(nfile->ndev))
		return -ENODEV;
	/* Nothing is copied on write, and nothing of it is code. */
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;
	userq = nova_userq_find(nfile, (u64)vma->vm_pgoff << PAGE_SHIFT,
				vma->vm_end - vma->vm_start);
	if (!userq)
		return -EINVAL;
	vma->vm_private_data = userq;
	vma->vm_ops = &nova_userq_vm_ops;
	vm_flags_mod(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP, VM_MAYEXEC);
	return 0;
}

/* --- residence --- */

/**
 * nova_userq_file_held_max() - what a file may hold of video memory
 * @ndev: the device
 *
 * Return: bytes.
 */
u64 nova_userq_file_held_max(struct nova_device *ndev)
{
	return nova_ttm_vram_usage(ndev).total / NOVA_FILE_HELD_SHARE;
}

/**
 * nova_userq_bo_bytes() - what a buffer that must stay where it is counts for
 * @bo: the buffer
 *
 * Return: bytes, if it can be in video memory, or is another device's, which has to pin it.
 */
u64 nova_userq_bo_bytes(const struct nova_bo *bo)
{
	const struct drm_gem_object *obj = &bo->tbo.base;

	return bo->placement & DRM_NOVA_PLACEMENT_VRAM || drm_gem_is_imported(obj) ? obj->size : 0;
}

/* What buffers bound in @vm count for, each once. */
static u64 nova_userq_bound_bytes(struct nova_vm *vm)
{
	struct drm_gpuva *va;
	u64 bytes = 0;

	lockdep_assert_held(&vm->lock);
	drm_gpuvm_for_each_va(va, &vm->gpuvm) {
		if (!va->gem.obj)
			continue;
		/* A buffer's mappings in this VM are a list, and change only under the lock. */
		if (va == list_first_entry(&va->vm_bo->list.gpuva, struct drm_gpuva, gem.entry))
			bytes += nova_userq_bo_bytes(to_nova_bo(va->gem.obj));
	}
	return bytes;
}

/* Brings what @vm is charged for to @bytes. Less of it never fails. */
static int nova_userq_charge(struct nova_vm *vm, u64 bytes)
{
	struct nova_device *ndev = vm->pt.ndev;
	u64 max = nova_ttm_vram_usage(ndev).total / NOVA_HELD_SHARE;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (bytes > vm->held) {
		u64 more = bytes - vm->held;

		ret = nova_account_charge(vm->pt.account, NOVA_ACCOUNT_HELD_BYTES, more);
		if (ret)
			return ret;
		if (atomic64_add_return(more, &ndev->userqs.held) > max) {
			atomic64_sub(more, &ndev->userqs.held);
			nova_account_uncharge(vm->pt.account, NOVA_ACCOUNT_HELD_BYTES, more);
			return -ENOSPC;
		}
	} else {
		u64 less = vm->held - bytes;

		atomic64_sub(less, &ndev->userqs.held);
		nova_account_uncharge(vm->pt.account, NOVA_ACCOUNT_HELD_BYTES, less);
	}
	vm->held = bytes;
	return 0;
}

static int nova_userq_make_resident(struct nova_vm *vm)
	__must_not_hold(nova_core_door)
{
	struct drm_exec exec;
	int ret = 0;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&exec) {
		ret = drm_gpuvm_prepare_vm(&vm->gpuvm, &exec, 0);
		drm_exec_retry_on_contention(&exec);
		if (!ret)
			ret = drm_gpuvm_prepare_objects(&vm->gpuvm, &exec, 0);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
		/* From here on, as all reservations are held, nothing of it is evicted. */
		WRITE_ONCE(vm->userqs, 1);
		/* In here, as TTM locks what it turns out with the same ticket. */
		ret = nova_import_hold_all(vm) ?: nova_vm_validate(vm, &exec);
		if (ret) {
			WRITE_ONCE(vm->userqs, 0);
			break;
		}
	}
	drm_exec_fini(&exec);
	return ret;
}

/**
 * nova_userq_hold() - an address space gets a user-mode queue
 * @vm: the address space
 *
 * Makes all that is bound in it resident, to stay so until the last nova_userq_release(). May wait.
 *
 * Return: 0, -EPERM when memory of a process is bound, -ENOSPC when it is too much, -EINTR when
 * interrupted, or another error.
 */
int nova_userq_hold(struct nova_vm *vm)
{
	int ret;

	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		return ret;
	if (vm->userqs) {
		WRITE_ONCE(vm->userqs, vm->userqs + 1);
	} else if (nova_userptrs_any(vm)) {
		ret = -EPERM;
	} else {
		ret = nova_userq_charge(vm, nova_userq_bound_bytes(vm));
		if (!ret)
			ret = nova_userq_make_resident(vm);
		if (ret) {
			nova_import_release_all(vm);
			nova_userq_charge(vm, 0);
		}
	}
	mutex_unlock(&vm->lock);
	return ret;
}

/**
 * nova_userq_release() - a user-mode queue of an address space is no more
 * @vm: the address space; the queue has no channel any more
 */
void nova_userq_release(struct nova_vm *vm)
{
	guard(mutex)(&vm->lock);
	WRITE_ONCE(vm->userqs, vm->userqs - 1);
	if (vm->userqs)
		return;
	nova_import_release_all(vm);
	nova_userq_charge(vm, 0);
}

/**
 * nova_userq_reserve() - more is going to be bound
 * @vm: the address space, locked
 * @bytes: nova_userq_bo_bytes() of the buffers that are not bound there yet
 *
 * For who is in nova_space_run().
 *
 * Return: 0, or -NOVA_SPACE_LIMIT when the address space has user-mode queues and that is too much
 * to hold.
 */
int nova_userq_reserve(struct nova_vm *vm, u64 bytes)
{
	if (vm->userqs && nova_userq_charge(vm, nova_userq_bound_bytes(vm) + bytes))
		return -NOVA_SPACE_LIMIT;
	return 0;
}

/**
 * nova_userq_settle() - what is bound has changed, or not after all
 * @vm: the address space, locked
 */
void nova_userq_settle(struct nova_vm *vm)
{
	if (vm->userqs)
		nova_userq_charge(vm, nova_userq_bound_bytes(vm));
}

/**
 * nova_userq_holds() - must a buffer stay where it is?
 * @bo: the buffer, its reservation held
 *
 * Return: whether an address space it is bound in has user-mode queues.
 */
bool nova_userq_holds(struct nova_bo *bo)
{
	struct drm_gpuvm_bo *vm_bo;

	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->tbo.base)
		if (READ_ONCE(to_nova_vm(vm_bo->vm)->userqs))
			return true;
	return false;
}
