// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Page tables: the five levels of the version-2 GMMU (regs/nv_mmu.h), written by the CPU.
 */
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/sched/mm.h>

#include <drm/drm_print.h>

#include "nova_account.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_pt_node.h"
#include "nova_pte.h"

/**
 * nova_pt_init() - make the empty page tables of an address space
 * @ndev: the device
 * @pt: the tables
 * @account: what to charge
 * @scratch: what is not mapped is sparse and does not fault
 *
 * Return: 0, -ENOMEM or -ENOSPC. Needs no hardware: tables are written when first linked.
 */
int nova_pt_init(struct nova_device *ndev, struct nova_pt *pt, struct nova_account *account,
		 bool scratch)
{
	guard(mutex_init)(&pt->lock);
	/* Reclaim takes it (nova_shrink.c), and who signals fences. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&pt->lock);
	fs_reclaim_release(GFP_KERNEL);
	pt->ndev = ndev;
	pt->scratch = scratch;
	pt->account = account;
	INIT_LIST_HEAD(&pt->garbage);
	pt->stale = false;
	pt->root = nova_pt_node_alloc(pt, NOVA_PT_LEVEL_PDE3);
	if (IS_ERR(pt->root)) {
		mutex_destroy(&pt->lock);
		return PTR_ERR(pt->root);
	}
	nova_account_get(account);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_init);

/**
 * nova_pt_fini() - free the tables
 * @pt: the tables, without claims
 *
 * No channel uses them any more, and the TLB was invalidated or the device is gone.
 */
void nova_pt_fini(struct nova_pt *pt)
{
	drm_WARN_ON(&pt->ndev->drm, pt->root->claims);
	scoped_guard(mutex, &pt->lock)
		nova_pt_garbage_free(pt);
	nova_pt_node_free(pt, pt->root);
	nova_account_put(pt->account);
	mutex_destroy(&pt->lock);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_fini);

/**
 * nova_pt_root() - what a channel and the TLB know the address space by
 * @pt: the tables
 *
 * Return: video-memory offset of the root table.
 */
u64 nova_pt_root(const struct nova_pt *pt)
{
	return pt->root->addr;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_root);

/* Fills a claimed range; @pte as in nova_pt_slot_fill(). */
static void nova_pt_fill(struct nova_bound *bound, struct nova_pt *pt, u64 va, u64 end, u64 pte)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock)
{
	struct nova_pt_node *pde0;
	u64 next;

	for (; va < end; va = next) {
		pde0 = nova_pt_walk(bound, pt, va, NOVA_PT_LEVEL_PDE0);
		next = nova_pt_entry_end(pde0, va, end);
		nova_pt_slot_fill(bound, pt, pde0, va, next, pte);
		if (pte & NV_MMU_PTE_VALID)
			pte += nova_pte_step(next - va);
	}
}

/**
 * nova_pt_map() - point a claimed range to memory
 * @bound: from the door
 * @pt: the tables
 * @va: first address, 4 KiB aligned
 * @extent: memory that is contiguous for the GPU, 4 KiB aligned
 * @readonly: writes fault
 *
 * Uses pages of 2 MiB and of 64 KiB where address and memory allow. Cannot fail. What was
 * mapped there before is replaced in place, with nova_pt_set_stale() before the flush; over
 * nothing no invalidate is needed, as the GPU caches no absent entry.
 */
void nova_pt_map(struct nova_bound *bound, struct nova_pt *pt, u64 va,
		 const struct nova_bo_extent *extent, bool readonly)
{
	guard(mutex)(&pt->lock);
	nova_pt_fill(bound, pt, va, va + extent->size,
		     nova_pte_page(extent->addr, extent->vram, readonly));
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_map);

/**
 * nova_pt_set_stale() - entries that the GPU may have cached are about to be replaced
 * @pt: the tables
 */
void nova_pt_set_stale(struct nova_pt *pt)
{
	guard(mutex)(&pt->lock);
	pt->stale = true;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_set_stale);

/**
 * nova_pt_unmap() - clear a claimed range
 * @bound: from the door
 * @pt: the tables
 * @va: first address, 4 KiB aligned
 * @size: bytes
 *
 * A large page that is cut is split first. The GPU may still use the old
 * entries until nova_pt_flush() returns.
 */
void nova_pt_unmap(struct nova_bound *bound, struct nova_pt *pt, u64 va, u64 size)
{
	guard(mutex)(&pt->lock);
	pt->stale = true;
	nova_pt_fill(bound, pt, va, va + size, pt->scratch ? NOVA_PTE_SPARSE : 0);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_unmap);

/* Where an entry has no table, the range has no edge below it. Recursion is three deep. */
static void nova_pt_fill_below(struct nova_bound *bound, struct nova_pt *pt,
			       struct nova_pt_node *node, u64 va, u64 end, bool sparse)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock)
{
	u64 next;

	for (; va < end; va = next) {
		unsigned int index = nova_pt_index(node, va);
		struct nova_pt_node *child = node->child[index];

		next = nova_pt_entry_end(node, va, end);
		if (!child || (!child->linked && next - va == nova_pt_span(node->level)))
			nova_pt_write_empty(bound, node, index, 1, sparse);
		else if (node->level == NOVA_PT_LEVEL_PDE0)
			nova_pt_slot_fill(bound, pt, node, va, next, sparse ? NOVA_PTE_SPARSE : 0);
		else
			nova_pt_fill_below(bound, pt, nova_pt_descend(bound, node, va), va, next,
					   sparse);
	}
}

/**
 * nova_pt_set_sparse() - make a range read zero and drop what is written, or end that
 * @bound: from the door
 * @pt: the tables
 * @va: first address, its edge claimed
 * @size: bytes; the edge at the end is claimed, too
 * @sparse: false: accesses fault again
 *
 * Uses the largest entries that fit. Cannot fail. What was mapped there before is replaced in
 * place, with nova_pt_set_stale() before the flush.
 */
void nova_pt_set_sparse(struct nova_bound *bound, struct nova_pt *pt, u64 va, u64 size,
			bool sparse)
{
	guard(mutex)(&pt->lock);
	nova_pt_fill_below(bound, pt, nova_pt_walk(bound, pt, va, NOVA_PT_LEVEL_PDE3), va,
			   va + size, sparse || pt->scratch);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_set_sparse);

/**
 * nova_pt_flush() - make the GPU forget what was unmapped
 * @bound: from the door
 * @pt: the tables
 *
 * When it returns 0, memory that was mapped and emptied tables may be reused.
 *
 * Return: 0, or what nova_core_mmu_invalidate() says; then emptied tables are kept.
 */
int nova_pt_flush(struct nova_bound *bound, struct nova_pt *pt)
{
	int ret;

	guard(mutex)(&pt->lock);
	nova_pt_unlink_garbage(bound, pt);
	nova_core_vram_flush(bound->core);
	if (!pt->stale)
		return 0;
	ret = nova_core_mmu_invalidate(bound->core, nova_pt_root(pt));
	if (ret)
		return ret;
	pt->stale = false;
	nova_pt_garbage_free(pt);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_flush);
