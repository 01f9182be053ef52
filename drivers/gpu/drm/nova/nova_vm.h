/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_VM_H_
#define _NOVA_VM_H_

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include <drm/drm_exec.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_mm.h>

#include "nova_pt.h"
#include "nova_userptr.h"
#include "nova_vm_state.h"

struct drm_device;
struct drm_file;
struct nova_account;
struct nova_bind_queue;
struct nova_bo;
struct nova_bound;
struct nova_device;
struct nova_file;

/* Layout of every address space: the client's range, and the kernel's above it. */
#define NOVA_VM_USER_START	SZ_64K
#define NOVA_VM_KERNEL_START	0xff00000000ull	/* Host reaches 40 bits */
#define NOVA_VM_KERNEL_SIZE	0x100000000ull
#define NOVA_VM_USER_SIZE	(NOVA_VM_KERNEL_START - NOVA_VM_USER_START)

/**
 * struct nova_vm - a GPU address space
 *
 * Referenced by the file's id, by queues and by ioctls in flight. The last of
 * them unmaps everything, which drops the buffers' references on @gpuvm.
 * Locks order: @lock -> reservations -> door -> nova_pt.lock.
 */
struct nova_vm {
	/** @gpuvm: base, with its own count: the memory lives until the last mapping is gone */
	struct drm_gpuvm gpuvm;
	/** @ref: reference count */
	struct kref ref;
	/** @lock: guards the set of mappings and @kernel */
	struct mutex lock;
	/** @pt: page tables */
	struct nova_pt pt;
	/** @kernel: allocator of the kernel's range */
	struct drm_mm kernel __guarded_by(&lock);
	/** @faults: for VM_GET_STATE */
	struct nova_vm_faults faults;
	/** @binds: asynchronous binds, NULL before the first; made under @lock */
	struct nova_bind_queue *binds;
	/**
	 * @userqs: user-mode queues, for which all that is bound stays resident; written under
	 * @lock, and from 0 under all reservations
	 */
	u32 userqs;
	/** @held: bytes that are charged for that; guarded by @lock */
	u64 held;
	/** @userptrs: memory of processes that is bound */
	struct nova_userptrs userptrs;
};

#define to_nova_vm(gpuvm_) container_of(gpuvm_, struct nova_vm, gpuvm)

/**
 * struct nova_vma - one mapping of a buffer or of a process's memory, or a sparse range
 */
struct nova_vma {
	/** @base: base */
	struct drm_gpuva base;
	/** @readonly: GPU writes fault */
	bool readonly;
	/** @userptr: memory of a process, at base.gem.offset in it: a reference, or NULL */
	struct nova_userptr *userptr;
	/** @piece: on nova_userptr.pieces until page tables have nothing of it any more */
	struct list_head piece;
	/** @retired: what its end takes away; set by who ends it. All of it, of live @userptr */
	struct {
		/** @retired.va: first address that is mapped no more */
		u64 va;
		/** @retired.size: bytes from there */
		u64 size;
		/** @retired.first: of a sparse one: the edge at its beginning is no more */
		bool first;
		/** @retired.last: the same at its end */
		bool last;
	} retired;
};

#define to_nova_vma(gpuva_) container_of(gpuva_, struct nova_vma, base)

/* No memory behind it: it reads zero, and writes are dropped. */
static inline bool nova_vma_is_sparse(const struct nova_vma *vma)
{
	return !vma->base.gem.obj && !vma->userptr;
}

struct nova_vm *nova_vm_create(struct nova_device *ndev, struct nova_account *account,
			       bool scratch);
struct nova_vm *nova_vm_lookup(struct nova_file *nfile, u32 id);	/* NULL or a reference */
void nova_vm_put(struct nova_vm *vm)
	__must_not_hold(nova_core_door);
static inline struct dma_resv *nova_vm_resv(struct nova_vm *vm)
{
	return drm_gpuvm_resv(&vm->gpuvm);
}

int nova_vm_kernel_alloc(struct nova_vm *vm, struct drm_mm_node *node, u64 size);
void nova_vm_kernel_free(struct nova_vm *vm, struct drm_mm_node *node)
	__must_not_hold(nova_core_door);

void nova_vm_map_bo(struct nova_bound *bound, struct nova_pt *pt, struct nova_bo *bo, u64 offset,
		    u64 va, u64 size, bool readonly)
	__must_hold_shared(nova_core_door);
void nova_vma_clear(struct nova_bound *bound, struct nova_pt *pt, const struct nova_vma *vma)
	__must_hold_shared(nova_core_door);
void nova_vma_release(struct nova_pt *pt, struct nova_vma *vma);
void nova_vma_free(struct nova_vma *vma);
int nova_vm_lock(struct nova_vm *vm, struct drm_exec *exec)
	__must_not_hold(nova_core_door);
int nova_vm_validate(struct nova_vm *vm, struct drm_exec *exec)
	__must_not_hold(nova_core_door);

/* The buffer is about to move: its mappings are cleared and will be made anew at the next EXEC. */
void nova_vm_bo_evict(struct nova_bo *bo)
	__must_not_hold(nova_core_door);

/* It is needed now: mapped again where user-mode queues run. */
int nova_vm_bo_restore(struct nova_bo *bo)
	__must_not_hold(nova_core_door);

int nova_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int nova_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _NOVA_VM_H_ */
