// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Memory of processes in GPU address spaces.
 *
 * The pages are the process's, and are looked up (hmm_range_fault()) when they are bound and when a
 * job is submitted after they have changed. What changes them calls a notifier before: that
 * waits for the jobs and binds of the address space, then clears the entries, has the GPU forget
 * them, and ends the DMA mapping. It does not wait for ever: whoever is short of memory waits
 * for it, and may hold what others need to end a job. A job that takes longer faults.
 *
 * A job is armed under nova_userptrs.lock with everything valid, and whoever makes something
 * invalid does it under the lock as well: so the job is waited for, or sees the new pages.
 *
 * Nobody waits for memory of user space but in nova_userptr.lock, which no remove() needs.
 */
#include <kunit/visibility.h>
#include <linux/dma-resv.h>
#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_pm.h"
#include "nova_sched.h"
#include "nova_userptr.h"
#include "nova_vm.h"

/* So many time limits of a job are waited. */
#define NOVA_USERPTR_JOBS	12

/**
 * nova_userptrs_init() - none yet
 * @userptrs: of an address space
 */
void nova_userptrs_init(struct nova_userptrs *userptrs)
{
	guard(mutex_init)(&userptrs->lock);
	INIT_LIST_HEAD(&userptrs->stale);
	INIT_LIST_HEAD(&userptrs->dead);
	userptrs->pieces = 0;
}

/**
 * nova_userptrs_fini() - none any more
 * @userptrs: of an address space
 */
void nova_userptrs_fini(struct nova_userptrs *userptrs)
{
	mutex_destroy(&userptrs->lock);
}

/* --- the end of pages --- */

/* Where in the process a mapping begins, or what a bind on its way takes away of it. */
static u64 nova_userptr_piece_address(const struct nova_vma *vma)
{
	return vma->base.gem.offset + (vma->retired.va - vma->base.va.addr);
}

static u64 nova_userptr_piece_index(const struct nova_vma *vma)
{
	return (nova_userptr_piece_address(vma) - vma->userptr->address) >> PAGE_SHIFT;
}

static void nova_userptr_clear_locked(struct nova_bound *bound, struct nova_userptr *userptr)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt *pt = &userptr->vm->pt;
	struct nova_vma *vma;

	lockdep_assert_held(&userptr->vm->userptrs.lock);

	list_for_each_entry(vma, &userptr->pieces, piece)
		nova_pt_unmap(bound, pt, vma->retired.va, vma->retired.size);
	/* If it fails the device is dead, and its DMA is off. */
	nova_pt_flush(bound, pt);
}

/* What was submitted with the pages has ended, or had its time: the GPU forgets them. */
static void nova_userptr_withdraw_locked(struct nova_userptr *userptr)
{
	struct nova_device *ndev = userptr->vm->pt.ndev;
	struct nova_bound *bound;
	int idx;

	lockdep_assert_held(&userptr->vm->userptrs.lock);

	/* Somebody else was here while we waited. */
	if (!userptr->mapped)
		return;
	if (nova_pm_enter_notified(ndev, &idx)) {
		bound = nova_bound_pin_notified(ndev);
		nova_userptr_clear_locked(bound, userptr);
		nova_bound_unpin();
	} else {
		userptr->asleep = true;
	}
	nova_pm_exit(idx);
	nova_dma_unmap(ndev, &userptr->dma);
	userptr->mapped = false;
}

static bool nova_userptr_invalidate(struct mmu_interval_notifier *notifier,
				    const struct mmu_notifier_range *range, unsigned long seq)
{
	struct nova_userptr *userptr = container_of(notifier, struct nova_userptr, notifier);
	struct nova_vm *vm = userptr->vm;
	bool mapped;

	/* Jobs take their time. */
	if (!mmu_notifier_range_blockable(range))
		return false;

	scoped_guard(mutex, &vm->userptrs.lock) {
		mmu_interval_set_seq(notifier, seq);
		mapped = userptr->mapped;
		if (userptr->valid) {
			userptr->valid = false;
			list_add_tail(&userptr->vm_link, &vm->userptrs.stale);
		}
	}
	if (!mapped)
		return true;

	/*
	 * From now on no job is armed: it would find this stale. What does not end is cut off, and
	 * while the machine sleeps nothing ends.
	 */
	if (!nova_pm_is_away(vm->pt.ndev))
		dma_resv_wait_timeout(nova_vm_resv(vm), DMA_RESV_USAGE_BOOKKEEP, false,
				      msecs_to_jiffies(NOVA_USERPTR_JOBS *
						       nova_sched_timeout_ms()));
	scoped_guard(mutex, &vm->userptrs.lock)
		nova_userptr_withdraw_locked(userptr);
	return true;
}

static const struct mmu_interval_notifier_ops nova_userptr_ops = {
	.invalidate = nova_userptr_invalidate,
};

/* --- the object --- */

/* From now on remove() knows of it. Until now its notifier only counts. */
static int nova_userptr_link(struct nova_device *ndev, struct nova_userptr *userptr)
{
	struct nova_bound *bound;
	int idx;

	bound = nova_bound_enter(ndev, &idx);
	if (!bound)
		return -ENODEV;
	scoped_guard(mutex, &ndev->userptrs.lock) {
		nova_core_audit_add(bound->core, &userptr->audit, "userptr");
		list_add_tail(&userptr->link, &ndev->userptrs.list);
		userptr->linked = true;
	}
	nova_pm_hold(ndev);	/* its notifier can wake nobody */
	nova_bound_exit(idx);
	return 0;
}

/*
 * Waits for the notifier, which may wait for jobs; so no lock is held that these need. remove()
 * holds nova_device.userptrs.leaving for itself, others share it.
 */
static void nova_userptr_unlink(struct nova_device *ndev, struct nova_userptr *userptr)
{
	struct nova_bound *bound;

	mmu_interval_notifier_remove(&userptr->notifier);
	nova_dma_unmap(ndev, &userptr->dma);
	guard(mutex)(&ndev->userptrs.lock);
	bound = nova_bound_pin(ndev, &ndev->userptrs.lock, &userptr->link);
	nova_core_audit_del(bound->core, &userptr->audit);
	list_del(&userptr->link);
	userptr->linked = false;
	nova_pm_release(ndev);
	nova_bound_unpin();
}

static void nova_userptr_free(struct nova_userptr *userptr)
{
	mmdrop(userptr->mm);
	mutex_destroy(&userptr->lock);
	kfree(userptr);
}

/**
 * nova_userptr_create() - get to know a range of the caller's memory
 * @vm: the address space it is for
 * @address: first address, page aligned
 * @size: bytes, page aligned
 * @readonly: it is not written to
 *
 * Looks at no page, nova_userptr_validate() does.
 *
 * Return: a reference, or an error pointer.
 */
struct nova_userptr *nova_userptr_create(struct nova_vm *vm, u64 address, u64 size,
					 bool readonly)
{
	struct nova_userptr *userptr = kzalloc_obj(*userptr, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!userptr)
		return ERR_PTR(-ENOMEM);
	kref_init(&userptr->ref);
	userptr->vm = vm;
	userptr->address = address;
	userptr->size = size;
	userptr->readonly = readonly;
	mutex_init(&userptr->lock);
	nova_dma_init(&userptr->dma);
	userptr->dma.map.readonly = readonly;
	userptr->dma.map.shared = true;
	INIT_LIST_HEAD(&userptr->vm_link);
	INIT_LIST_HEAD(&userptr->pieces);
	userptr->mm = current->mm;
	mmgrab(userptr->mm);

	/* Outside the door: it may take the mmap lock, whose holder may wait for user memory. */
	ret = mmu_interval_notifier_insert(&userptr->notifier, userptr->mm, address, size,
					   &nova_userptr_ops);
	if (ret)
		goto err_free;
	ret = nova_userptr_link(vm->pt.ndev, userptr);
	if (ret)
		goto err_notifier;
	return userptr;

err_notifier:
	mmu_interval_notifier_remove(&userptr->notifier);
err_free:
	nova_userptr_free(userptr);
	return ERR_PTR(ret);
}

/* Not freed here: that waits for the notifier, and the last mapping may go in a job. */
static void nova_userptr_release(struct kref *ref)
{
	struct nova_userptr *userptr = container_of(ref, struct nova_userptr, ref);
	struct nova_vm *vm = userptr->vm;

	guard(mutex)(&vm->userptrs.lock);
	nova_dma_unmap(vm->pt.ndev, &userptr->dma);
	userptr->mapped = false;
	userptr->valid = false;
	list_move_tail(&userptr->vm_link, &vm->userptrs.dead);
}

/**
 * nova_userptr_put() - drop a reference
 * @userptr: the range; the GPU has forgotten what was unmapped of it
 */
void nova_userptr_put(struct nova_userptr *userptr)
{
	kref_put(&userptr->ref, nova_userptr_release);
}

static struct nova_userptr *nova_userptrs_take_dead(struct nova_vm *vm)
{
	struct nova_userptr *userptr;

	guard(mutex)(&vm->userptrs.lock);
	userptr = list_first_entry_or_null(&vm->userptrs.dead, struct nova_userptr, vm_link);
	if (userptr)
		list_del(&userptr->vm_link);
	return userptr;
}

/**
 * nova_userptrs_reap() - free those that nobody refers to
 * @vm: the address space
 *
 * No lock is held. May wait for notifiers that run, and so for jobs.
 */
void nova_userptrs_reap(struct nova_vm *vm)
{
	struct nova_device *ndev = vm->pt.ndev;
	struct nova_userptr *userptr;

	while ((userptr = nova_userptrs_take_dead(vm))) {
		down_read(&ndev->userptrs.leaving);
		if (userptr->linked)
			nova_userptr_unlink(ndev, userptr);
		up_read(&ndev->userptrs.leaving);
		nova_userptr_free(userptr);
	}
}

static struct nova_userptr *nova_userptrs_first(struct nova_device *ndev)
{
	guard(mutex)(&ndev->userptrs.lock);
	return list_first_entry_or_null(&ndev->userptrs.list, struct nova_userptr, link);
}

/**
 * nova_userptrs_stop() - no notifier is called any more
 * @bound: what is going to be freed
 *
 * Called by remove() when all fences have signalled. A notifier that runs now ends soon, unless
 * that of another device waits in the same process: as long as that one's jobs take.
 */
void nova_userptrs_stop(struct nova_bound *bound)
{
	struct nova_device *ndev = bound->ndev;
	struct nova_userptr *userptr;

	/* Nobody is inside the door to add one. */
	guard(rwsem_write)(&ndev->userptrs.leaving);
	while ((userptr = nova_userptrs_first(ndev)))
		nova_userptr_unlink(ndev, userptr);
}
EXPORT_SYMBOL_IF_KUNIT(nova_userptrs_stop);

/**
 * nova_userptrs_wake() - what notifiers have left to be done while the machine slept
 * @bound: the bound device; its engines have not begun
 *
 * Notifiers that are called from now on do it themselves.
 */
void nova_userptrs_wake(struct nova_bound *bound)
{
	struct nova_device *ndev = bound->ndev;
	struct nova_userptr *userptr;

	guard(mutex)(&ndev->userptrs.lock);
	list_for_each_entry(userptr, &ndev->userptrs.list, link) {
		guard(mutex)(&userptr->vm->userptrs.lock);
		if (userptr->asleep)
			nova_userptr_clear_locked(bound, userptr);
		userptr->asleep = false;
	}
}

/* --- looking pages up --- */

static unsigned long nova_userptr_page_flags(const struct nova_userptr *userptr)
{
	return HMM_PFN_REQ_FAULT | (userptr->readonly ? 0 : HMM_PFN_REQ_WRITE);
}

/* Asks for all pages of what is not bound yet, otherwise for those that are left of it. */
static void nova_userptr_want(struct nova_userptr *userptr, unsigned long *pfns)
{
	unsigned long flags = nova_userptr_page_flags(userptr);
	struct nova_vma *vma;

	guard(mutex)(&userptr->vm->userptrs.lock);
	memset_l(pfns, list_empty(&userptr->pieces) ? flags : 0, userptr->size >> PAGE_SHIFT);
	list_for_each_entry(vma, &userptr->pieces, piece)
		memset_l(pfns + nova_userptr_piece_index(vma), flags,
			 vma->retired.size >> PAGE_SHIFT);
}

/* In place. Another page stands for those that are not there: nothing is going to point to it. */
static struct page **nova_userptr_pages(const struct nova_userptr *userptr, unsigned long *pfns)
{
	unsigned long count = userptr->size >> PAGE_SHIFT, i;
	/* What is there says so with the flags that ask for it. */
	unsigned long flags = nova_userptr_page_flags(userptr);
	struct page **pages = (struct page **)pfns;
	struct page *any = NULL;

	static_assert(sizeof(*pages) == sizeof(*pfns));
	for (i = 0; !any && i < count; i++)
		if ((pfns[i] & flags) == flags)
			any = hmm_pfn_to_page(pfns[i]);
	for (i = 0; i < count; i++)
		pages[i] = (pfns[i] & flags) == flags ? hmm_pfn_to_page(pfns[i]) : any;
	return pages;
}

/* The GPU may write from now on. The process has the pages mapped: the notifier waits for us. */
static void nova_userptr_mark_dirty(struct page **pages, unsigned long count)
{
	struct folio *last = NULL;

	for (unsigned long i = 0; i < count; i++) {
		struct folio *folio = page_folio(pages[i]);

		if (folio != last)
			folio_mark_dirty(folio);
		last = folio;
	}
}

/* The pages are mapped for DMA. Nothing can fail any more, but they may have changed. */
static int nova_userptr_install(struct nova_bound *bound, struct nova_userptr *userptr,
				struct page **pages, unsigned long seq)
	__must_hold_shared(nova_core_door)
{
	struct nova_vm *vm = userptr->vm;
	struct nova_vma *vma;

	guard(mutex)(&vm->userptrs.lock);
	if (mmu_interval_read_retry(&userptr->notifier, seq)) {
		nova_dma_unmap(vm->pt.ndev, &userptr->dma);
		return -EAGAIN;
	}
	if (!userptr->readonly)
		nova_userptr_mark_dirty(pages, userptr->size >> PAGE_SHIFT);
	list_for_each_entry(vma, &userptr->pieces, piece)
		nova_userptr_map(bound, userptr, nova_userptr_piece_address(vma), vma->retired.va,
				 vma->retired.size);
	userptr->mapped = true;
	userptr->valid = true;
	userptr->lost = false;
	list_del_init(&userptr->vm_link);
	return nova_pt_flush(bound, &vm->pt);
}

/* hmm_range_fault() cannot wait for who gives such pages. Debug kernels complain if it had to. */
static bool nova_userptr_is_watched(struct nova_userptr *userptr)
{
	VMA_ITERATOR(vmi, userptr->mm, userptr->address);
	struct vm_area_struct *vma;

	for_each_vma_range(vmi, vma, userptr->address + userptr->size)
		if (userfaultfd_armed(vma))
			return true;
	return false;
}

/* Asks the process for its pages. -EAGAIN: they changed meanwhile. */
static int nova_userptr_fault(struct nova_userptr *userptr, struct hmm_range *range)
	__must_not_hold(nova_core_door)
{
	int ret;

	if (!mmget_not_zero(userptr->mm))
		return -EFAULT;
	range->notifier_seq = mmu_interval_read_begin(&userptr->notifier);
	ret = mmap_read_lock_killable(userptr->mm);
	if (!ret) {
		ret = nova_userptr_is_watched(userptr) ? -EFAULT : hmm_range_fault(range);
		mmap_read_unlock(userptr->mm);
	}
	mmput_async(userptr->mm);
	if (ret == -EBUSY)
		return -EAGAIN;
	/* It may not be written to, or it is memory of a device. */
	return ret == -EPERM || ret == -EINVAL ? -EFAULT : ret;
}

static int nova_userptr_try(struct nova_userptr *userptr, unsigned long *pfns)
{
	unsigned long count = userptr->size >> PAGE_SHIFT;
	struct hmm_range range = {
		.notifier = &userptr->notifier,
		.start = userptr->address,
		.end = userptr->address + userptr->size,
		.hmm_pfns = pfns,
		.pfn_flags_mask = nova_userptr_page_flags(userptr),
	};
	struct nova_bound *bound;
	struct page **pages;
	int idx, ret;

	nova_userptr_want(userptr, pfns);
	ret = nova_userptr_fault(userptr, &range);
	if (ret)
		return ret;
	pages = nova_userptr_pages(userptr, pfns);
	bound = nova_bound_enter(userptr->vm->pt.ndev, &idx);
	if (!bound)
		return -ENODEV;
	ret = nova_dma_map_pages(bound, &userptr->dma, pages, count);
	if (!ret)
		ret = nova_userptr_install(bound, userptr, pages, range.notifier_seq);
	nova_bound_exit(idx);
	return ret;
}

static bool nova_userptr_is_valid(struct nova_userptr *userptr)
{
	guard(mutex)(&userptr->vm->userptrs.lock);
	return userptr->valid;
}

static int nova_userptr_validate_locked(struct nova_userptr *userptr)
{
	unsigned long *pfns;
	int ret;

	lockdep_assert_held(&userptr->lock);

	if (nova_userptr_is_valid(userptr))
		return 0;
	pfns = kvcalloc(userptr->size >> PAGE_SHIFT, sizeof(*pfns),
			GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pfns)
		return -ENOMEM;
	do {
		ret = signal_pending(current) ? -EINTR : nova_userptr_try(userptr, pfns);
	} while (ret == -EAGAIN);
	kvfree(pfns);
	return ret;
}

/**
 * nova_userptr_validate() - look the pages up, and map them where they are bound
 * @userptr: the range
 *
 * No other lock is held: may wait for memory of user space. The pages may change at any
 * moment afterwards: who needs them looks again under nova_userptrs.lock.
 *
 * Return: 0; -EFAULT when the process has no memory there, or none that may be written to;
 * -EINTR; -ENODEV; -ENOMEM.
 */
int nova_userptr_validate(struct nova_userptr *userptr)
{
	int ret;

	ret = mutex_lock_interruptible(&userptr->lock);
	if (ret)
		return ret;
	ret = nova_userptr_validate_locked(userptr);
	mutex_unlock(&userptr->lock);
	return ret;
}

/*
 * What a bind on its way takes away has its pages until then, if it can: the GPU is to see old or
 * new and no hole.
 */
static bool nova_userptr_is_needed(const struct nova_userptr *userptr)
{
	return userptr->live || (!list_empty(&userptr->pieces) && !userptr->lost);
}

static struct nova_userptr *nova_userptrs_next_stale(struct nova_vm *vm)
{
	struct nova_userptr *userptr;

	guard(mutex)(&vm->userptrs.lock);
	list_for_each_entry(userptr, &vm->userptrs.stale, vm_link)
		if (nova_userptr_is_needed(userptr) && kref_get_unless_zero(&userptr->ref))
			return userptr;
	return NULL;
}

/* The process has no such memory: an error if somebody expects it. */
static int nova_userptr_lose(struct nova_userptr *userptr)
{
	guard(mutex)(&userptr->vm->userptrs.lock);
	userptr->lost = true;
	return userptr->live ? -EFAULT : 0;
}

/**
 * nova_userptrs_validate() - look up what has changed in an address space
 * @vm: the address space
 *
 * Otherwise as nova_userptr_validate().
 *
 * Return: 0 or a negative error code.
 */
int nova_userptrs_validate(struct nova_vm *vm)
{
	struct nova_userptr *userptr;
	int ret = 0;

	while (!ret && (userptr = nova_userptrs_next_stale(vm))) {
		ret = nova_userptr_validate(userptr);
		if (ret == -EFAULT)
			ret = nova_userptr_lose(userptr);
		nova_userptr_put(userptr);
	}
	return ret;
}

/**
 * nova_userptrs_valid() - may a job be armed?
 * @vm: the address space, its nova_userptrs.lock held
 *
 * Return: the answer; until the lock is dropped.
 */
bool nova_userptrs_valid(struct nova_vm *vm)
{
	struct nova_userptr *userptr;

	lockdep_assert_held(&vm->userptrs.lock);
	list_for_each_entry(userptr, &vm->userptrs.stale, vm_link)
		if (nova_userptr_is_needed(userptr))
			return false;
	return true;
}

/**
 * nova_userptrs_any() - is memory of a process bound?
 * @vm: the address space
 *
 * Return: the answer, true as long as the GPU may reach some.
 */
bool nova_userptrs_any(struct nova_vm *vm)
{
	guard(mutex)(&vm->userptrs.lock);
	return vm->userptrs.pieces;
}

/* --- mappings; nova_userptrs.lock is held --- */

/**
 * nova_userptr_attach() - a mapping has come into the set
 * @userptr: the range
 * @vma: the mapping
 */
void nova_userptr_attach(struct nova_userptr *userptr, struct nova_vma *vma)
{
	struct nova_vm *vm = userptr->vm;

	lockdep_assert_held(&vm->userptrs.lock);
	kref_get(&userptr->ref);
	vma->userptr = userptr;
	vma->retired.va = vma->base.va.addr;
	vma->retired.size = vma->base.va.range;
	list_add_tail(&vma->piece, &userptr->pieces);
	userptr->live++;
	vm->userptrs.pieces++;
}

/**
 * nova_userptr_retire() - a mapping is no more in the set
 * @vma: the mapping, of any kind
 */
void nova_userptr_retire(struct nova_vma *vma)
{
	if (vma->userptr)
		vma->userptr->live--;
}

/**
 * nova_userptr_detach() - what was retired of a mapping has been replaced or cleared
 * @vma: the mapping, of any kind
 */
void nova_userptr_detach(struct nova_vma *vma)
{
	if (!vma->userptr)
		return;
	lockdep_assert_held(&vma->userptr->vm->userptrs.lock);
	list_del(&vma->piece);
	vma->userptr->vm->userptrs.pieces--;
}

/**
 * nova_userptr_map() - point addresses to memory of a process
 * @bound: from the door
 * @userptr: the range, mapped for DMA
 * @address: in the process
 * @va: first address in the address space, claimed
 * @size: bytes
 */
void nova_userptr_map(struct nova_bound *bound, struct nova_userptr *userptr, u64 address, u64 va,
		      u64 size)
{
	struct nova_dma_cursor cursor = {};
	u64 done = 0;

	while (done < size) {
		struct nova_bo_extent extent = {};

		extent.addr = nova_dma_addr_at(&userptr->dma, &cursor,
					       address - userptr->address + done, &extent.size);
		extent.size = min(extent.size, size - done);
		nova_pt_map(bound, &userptr->vm->pt, va + done, &extent, userptr->readonly);
		done += extent.size;
	}
}
