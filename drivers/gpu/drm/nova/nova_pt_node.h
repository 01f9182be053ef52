/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_PT_NODE_H_
#define _NOVA_PT_NODE_H_

#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <linux/nova_core_door.h>

#include "regs/nv_mmu.h"

#include "nova_pt.h"

/* The inside of page tables: nova_pt*.c only. */

/* Levels count from the table of 4 KiB pages up to the root. */
enum nova_pt_level {
	NOVA_PT_LEVEL_4K,
	NOVA_PT_LEVEL_PDE0,
	NOVA_PT_LEVEL_PDE1,
	NOVA_PT_LEVEL_PDE2,
	NOVA_PT_LEVEL_PDE3,
};

/**
 * struct nova_pt_level_info - what the tables of a level are like
 * @shift: first address bit
 * @entry_size: bytes of an entry
 * @entries: how many
 * @large: larger pages that can be in a table of this level, or in one that belongs to it
 */
struct nova_pt_level_info {
	u8 shift;
	u8 entry_size;
	u16 entries;
	u16 large;
};

extern const struct nova_pt_level_info nova_pt_levels[];

/* Pages of 4 KiB in one of 64 KiB. */
#define NOVA_PT_REGION	(SZ_64K / SZ_4K)

/**
 * struct nova_pt_node - one table
 *
 * In the lowest level it is the two tables of 2 MiB, of 4 KiB and of 64 KiB pages, that the last
 * directory has side by side. An entry in the table of 64 KiB pages, where there is one, hides
 * sixteen in the other, and a page of 2 MiB hides both tables. What is hidden may be anything, and
 * is made right before it comes to light.
 *
 * Guarded by nova_pt.lock once it is in the tree.
 */
struct nova_pt_node {
	/** @garbage: on nova_pt.garbage when it was dropped, on a list of spare ones before */
	struct list_head garbage;
	/** @addr: video-memory offset of the table */
	u64 addr;
	/** @addr_64k: lowest level: of the table of 64 KiB pages */
	u64 addr_64k;
	/** @pde: where the entry is that points here, 0 if there is none */
	u64 pde;
	/** @large: entries of larger pages as they were written: 2 MiB, or 64 KiB; 0 for none */
	u64 *large;
	/**
	 * @claims: lowest level: claimed pages; above it: children; everywhere also the edges of
	 * sparse ranges that need it
	 */
	u32 claims;
	/** @level: enum nova_pt_level */
	u8 level;
	/** @linked: cleared, and its parent points to it */
	bool linked;
	/** @was_sparse: dropped, all of it sparse: so is the entry that pointed here */
	bool was_sparse;
	/** @sparse: entries that are sparse */
	DECLARE_BITMAP(sparse, NV_MMU_PTE_4K_ENTRIES);
	/** @mapped: lowest level: entries that are pages of 4 KiB */
	DECLARE_BITMAP(mapped, NV_MMU_PTE_4K_ENTRIES);
	/** @child: tables below; none in the lowest level */
	struct nova_pt_node *child[];
};

static inline unsigned int nova_pt_index(const struct nova_pt_node *node, u64 va)
{
	return (va >> nova_pt_levels[node->level].shift) % nova_pt_levels[node->level].entries;
}

/* Bytes that an entry of @level covers. */
static inline u64 nova_pt_span(u8 level)
{
	return 1ull << nova_pt_levels[level].shift;
}

/* End of the part of [va, end) that the entry of @level for va covers. */
static inline u64 nova_pt_span_end(u8 level, u64 va, u64 end)
{
	return min(end, round_down(va, nova_pt_span(level)) + nova_pt_span(level));
}

static inline u64 nova_pt_entry_end(const struct nova_pt_node *node, u64 va, u64 end)
{
	return nova_pt_span_end(node->level, va, end);
}

/* Entries of PDE0 are pairs: the table of 4 KiB pages is the second @half's. */
static inline u64 nova_pt_entry_addr(const struct nova_pt_node *node, unsigned int index,
				     unsigned int half)
{
	return node->addr + index * nova_pt_levels[node->level].entry_size + half * NV_MMU_PDE_SIZE;
}

/* nova_pt_claim.c */
struct nova_pt_node *nova_pt_node_alloc(struct nova_pt *pt, u8 level);
void nova_pt_node_free(struct nova_pt *pt, struct nova_pt_node *node);
void nova_pt_garbage_free(struct nova_pt *pt)
	__must_hold(&pt->lock);

/* nova_pt_walk.c */
void nova_pt_write(struct nova_bound *bound, struct nova_pt_node *node, unsigned int index,
		   unsigned int half, u64 entry)
	__must_hold_shared(nova_core_door);
void nova_pt_write_empty(struct nova_bound *bound, struct nova_pt_node *node,
			 unsigned int first, unsigned int count, bool sparse)
	__must_hold_shared(nova_core_door);
struct nova_pt_node *nova_pt_descend(struct nova_bound *bound, struct nova_pt_node *node, u64 va)
	__must_hold_shared(nova_core_door);
struct nova_pt_node *nova_pt_walk(struct nova_bound *bound, struct nova_pt *pt, u64 va, u8 level)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock);
void nova_pt_unlink_garbage(struct nova_bound *bound, struct nova_pt *pt)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock);

/* nova_pt_slot.c */
void nova_pt_slot_fill(struct nova_bound *bound, struct nova_pt *pt, struct nova_pt_node *pde0,
		       u64 va, u64 end, u64 pte)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock);

#endif /* _NOVA_PT_NODE_H_ */
