/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_USERPTR_H_
#define _NOVA_USERPTR_H_

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <linux/nova_core.h>

#include "nova_dma.h"

struct mm_struct;
struct nova_bound;
struct nova_vm;
struct nova_vma;

/**
 * struct nova_userptrs - memory of processes in one address space
 */
struct nova_userptrs {
	/**
	 * @lock: guards all of this, and the page-table entries of such memory. Taken by mmu
	 * notifiers, and so by reclaim: nothing is allocated or waited for under it.
	 */
	struct mutex lock;
	/** @stale: those that have to be looked up again before a job may run */
	struct list_head stale __guarded_by(&lock);
	/** @dead: those without a reference, to be freed by nova_userptrs_reap() */
	struct list_head dead __guarded_by(&lock);
	/** @pieces: mappings of all of them, also those that a bind on its way takes away */
	u32 pieces __guarded_by(&lock);
};

/**
 * struct nova_userptr - a range of a process's memory, mapped by one op of VM_BIND
 *
 * Referenced by its mappings, which can be cut into many, by the bind that makes it, and while it
 * is looked up. Nothing pins the pages: the notifier is told before they change or go, waits for
 * what the GPU does in the address space, and takes them away from it; whoever submits the next
 * job looks them up again. Its VM outlives it.
 *
 * The notifier and the DMA mapping exist while it is on nova_device.userptrs; its end and remove()
 * both take it off, whoever comes first.
 *
 * Locks order: @lock -> the process's mmap lock, and -> door -> nova_userptrs.lock -> nova_pt.lock.
 */
struct nova_userptr {
	/** @ref: reference count */
	struct kref ref;
	/** @vm: the address space */
	struct nova_vm *vm;
	/** @mm: whose memory; its struct is kept, not its mappings */
	struct mm_struct *mm;
	/** @notifier: says that memory of the range changes */
	struct mmu_interval_notifier notifier;
	/** @address: first address in the process */
	unsigned long address;
	/** @size: bytes */
	unsigned long size;
	/** @readonly: the GPU only reads, and so the process needs no more */
	bool readonly;
	/** @lock: held while it is looked up, and maybe for as long as user memory takes */
	struct mutex lock;
	/** @link: on nova_device.userptrs.list while @linked */
	struct list_head link;
	/** @linked: the notifier is registered; nova_device.userptrs.leaving */
	bool linked;
	/** @audit: registry entry while @linked */
	struct nova_core_audit audit;
	/** @dma: DMA mapping of the pages while @mapped */
	struct nova_dma_map dma;
	/** @vm_link: on nova_userptrs.stale or .dead; the rest is guarded by nova_userptrs.lock */
	struct list_head vm_link;
	/** @pieces: where it is mapped, or still is, nova_vma by piece */
	struct list_head pieces;
	/** @live: those of @pieces that are in the set of mappings */
	u32 live;
	/** @mapped: the GPU may reach the pages */
	bool mapped;
	/** @asleep: it was taken back while the machine slept, its page-table entries were not */
	bool asleep;
	/** @valid: they are what the process sees */
	bool valid;
	/** @lost: the process has no memory there, as was seen when nothing needed it any more */
	bool lost;
};

void nova_userptrs_init(struct nova_userptrs *userptrs);
void nova_userptrs_fini(struct nova_userptrs *userptrs);
void nova_userptrs_reap(struct nova_vm *vm)
	__must_not_hold(nova_core_door);
void nova_userptrs_stop(struct nova_bound *bound)
	__must_hold(nova_core_door);
void nova_userptrs_wake(struct nova_bound *bound)
	__must_hold_shared(nova_core_door);

struct nova_userptr *nova_userptr_create(struct nova_vm *vm, u64 address, u64 size,
					 bool readonly)
	__must_not_hold(nova_core_door);
void nova_userptr_put(struct nova_userptr *userptr);

int nova_userptr_validate(struct nova_userptr *userptr)
	__must_not_hold(nova_core_door);
int nova_userptrs_validate(struct nova_vm *vm)
	__must_not_hold(nova_core_door);
bool nova_userptrs_valid(struct nova_vm *vm);
bool nova_userptrs_any(struct nova_vm *vm);

void nova_userptr_attach(struct nova_userptr *userptr, struct nova_vma *vma);
void nova_userptr_retire(struct nova_vma *vma);
void nova_userptr_detach(struct nova_vma *vma);
void nova_userptr_map(struct nova_bound *bound, struct nova_userptr *userptr, u64 address, u64 va,
		      u64 size)
	__must_hold_shared(nova_core_door);

#endif /* _NOVA_USERPTR_H_ */
