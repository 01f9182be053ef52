// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Page tables: the 2 MiB that an entry of the last directory covers, in pages of three sizes.
 *
 * The GPU may walk the tables at any moment. So an entry is replaced by a larger one in a single
 * write, which hides the small ones and leaves them as they are; and before a large one goes, what
 * it hid is made right. What is mapped and stays mapped is never missing and never wrong.
 */
#include <linux/bitmap.h>

#include "nova_bound.h"
#include "nova_pt_node.h"
#include "nova_pte.h"

static unsigned int nova_pt_region(u64 va)
{
	return (va >> NV_MMU_PTE_64K_SHIFT) % NV_MMU_PTE_64K_ENTRIES;
}

/* A page of 2 MiB, or with 0 the two tables. */
static void nova_pt_write_2m(struct nova_bound *bound, struct nova_pt_node *pde0,
			     unsigned int index, u64 pte)
	__must_hold_shared(nova_core_door)
{
	pde0->large[index] = pte;
	nova_pt_write(bound, pde0, index, 0,
		      pte ?: nova_pte_table_64k(pde0->child[index]->addr_64k));
}

/* A page of 64 KiB, or with 0 the sixteen entries of the other table. */
static void nova_pt_write_64k(struct nova_bound *bound, struct nova_pt_node *table,
			      unsigned int region, u64 pte)
	__must_hold_shared(nova_core_door)
{
	table->large[region] = pte;
	nova_core_vram_write64(bound->core, table->addr_64k + region * NV_MMU_PTE_SIZE, pte);
}

static void nova_pt_write_4k(struct nova_bound *bound, struct nova_pt_node *table,
			     unsigned int first, unsigned int count, u64 pte)
	__must_hold_shared(nova_core_door)
{
	bitmap_clear(table->sparse, first, count);
	bitmap_set(table->mapped, first, count);
	for (unsigned int i = first; i < first + count; i++) {
		nova_pt_write(bound, table, i, 0, pte);
		pte += nova_pte_step(SZ_4K);
	}
}

/* What is sparse may be cached, too. */
static void nova_pt_note_sparse(struct nova_pt *pt, const struct nova_pt_node *table,
				unsigned int first, unsigned int count)
	__must_hold(&pt->lock)
{
	if (find_next_bit(table->sparse, first + count, first) < first + count)
		pt->stale = true;
}

/* Has the table of 4 KiB pages in it what a region without anything has? */
static bool nova_pt_region_is(const struct nova_pt_node *table, unsigned int region, bool sparse)
{
	unsigned int first = region * NOVA_PT_REGION;

	return !bitmap_read(table->mapped, first, NOVA_PT_REGION) &&
	       bitmap_read(table->sparse, first, NOVA_PT_REGION) ==
		       (sparse ? GENMASK(NOVA_PT_REGION - 1, 0) : 0);
}

/* Replaces a page of 2 MiB by 32 of 64 KiB. */
static void nova_pt_split_2m(struct nova_bound *bound, struct nova_pt_node *pde0,
			     unsigned int index)
	__must_hold_shared(nova_core_door)
{
	u64 pte = pde0->large[index];

	for (unsigned int i = 0; i < NV_MMU_PTE_64K_ENTRIES; i++)
		nova_pt_write_64k(bound, pde0->child[index], i, pte + i * nova_pte_step(SZ_64K));
	nova_core_vram_flush(bound->core);
	nova_pt_write_2m(bound, pde0, index, 0);
}

/* Replaces a page of 64 KiB by 16 of 4 KiB. */
static void nova_pt_split_64k(struct nova_bound *bound, struct nova_pt_node *table,
			      unsigned int region)
	__must_hold_shared(nova_core_door)
{
	nova_pt_write_4k(bound, table, region * NOVA_PT_REGION, NOVA_PT_REGION,
			 table->large[region]);
	nova_core_vram_flush(bound->core);
	nova_pt_write_64k(bound, table, region, 0);
}

/*
 * Fills what an entry of the table of 64 KiB pages covers, or a part of that. Returns true if that
 * entry is to be cleared, once all that it hides is written.
 */
static bool nova_pt_region_fill(struct nova_bound *bound, struct nova_pt *pt,
				struct nova_pt_node *table, u64 va, u64 end, u64 pte)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock)
{
	unsigned int first = nova_pt_index(table, va), count = (end - va) >> NV_MMU_PTE_4K_SHIFT;
	unsigned int region = nova_pt_region(va);
	bool whole = count == NOVA_PT_REGION;

	if (whole && pte & NV_MMU_PTE_VALID && nova_pte_is_aligned(pte, SZ_64K)) {
		nova_pt_note_sparse(pt, table, first, count);
		nova_pt_write_64k(bound, table, region, pte);
		return false;
	}
	if (table->large[region] && !whole)
		nova_pt_split_64k(bound, table, region);
	if (pte & NV_MMU_PTE_VALID) {
		nova_pt_note_sparse(pt, table, first, count);
		nova_pt_write_4k(bound, table, first, count, pte);
	} else if (!whole || !nova_pt_region_is(table, region, pte)) {
		nova_pt_write_empty(bound, table, first, count, pte);
	}
	return table->large[region];
}

/**
 * nova_pt_slot_fill() - change what a part of an entry of the last directory says
 * @bound: from the door
 * @pt: the tables
 * @pde0: the directory, with a table where the entry is
 * @va: first address
 * @end: where it ends, behind @va and not behind the entry
 * @pte: the first page of contiguous memory, NOVA_PTE_SPARSE or 0
 *
 * Uses the largest pages that address, end and memory allow.
 */
void nova_pt_slot_fill(struct nova_bound *bound, struct nova_pt *pt, struct nova_pt_node *pde0,
		       u64 va, u64 end, u64 pte)
{
	struct nova_pt_node *table = nova_pt_descend(bound, pde0, va);
	bool valid = pte & NV_MMU_PTE_VALID, whole = end - va == SZ_2M;
	unsigned int index = nova_pt_index(pde0, va);
	DECLARE_BITMAP(uncovered, NV_MMU_PTE_64K_ENTRIES) = {};
	unsigned int region;
	u64 next;

	if (whole && valid && nova_pte_is_aligned(pte, SZ_2M)) {
		nova_pt_note_sparse(pt, table, 0, NV_MMU_PTE_4K_ENTRIES);
		nova_pt_write_2m(bound, pde0, index, pte);
		return;
	}
	if (pde0->large[index] && !whole)
		nova_pt_split_2m(bound, pde0, index);
	for (; va < end; va = next) {
		next = min(end, round_down(va, SZ_64K) + SZ_64K);
		if (nova_pt_region_fill(bound, pt, table, va, next, pte))
			__set_bit(nova_pt_region(va), uncovered);
		if (valid)
			pte += nova_pte_step(next - va);
	}
	if (bitmap_empty(uncovered, NV_MMU_PTE_64K_ENTRIES) && !pde0->large[index])
		return;
	nova_core_vram_flush(bound->core);
	for_each_set_bit(region, uncovered, NV_MMU_PTE_64K_ENTRIES)
		nova_pt_write_64k(bound, table, region, 0);
	if (pde0->large[index]) {
		nova_core_vram_flush(bound->core);
		nova_pt_write_2m(bound, pde0, index, 0);
	}
}
