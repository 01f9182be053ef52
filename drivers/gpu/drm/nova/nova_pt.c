// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Page tables: the five levels of the version-2 GMMU (regs/nv_mmu.h), written by the CPU.
 */
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/nova_dump.h>

#include "regs/nv_mmu.h"

#include "nova_account.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_pt.h"

/* Levels count from the table of 4 KiB pages up to the root. */
enum nova_pt_level {
	NOVA_PT_LEVEL_4K,
	NOVA_PT_LEVEL_PDE0,
	NOVA_PT_LEVEL_PDE1,
	NOVA_PT_LEVEL_PDE2,
	NOVA_PT_LEVEL_PDE3,
};

static const struct {
	u8 shift;
	u8 entry_size;
	u16 entries;
} nova_pt_levels[] = {
	[NOVA_PT_LEVEL_4K] = { NV_MMU_PTE_4K_SHIFT, NV_MMU_PTE_SIZE, NV_MMU_PTE_4K_ENTRIES },
	[NOVA_PT_LEVEL_PDE0] = { NV_MMU_PDE0_SHIFT, NV_MMU_DUAL_PDE_SIZE, NV_MMU_PDE0_ENTRIES },
	[NOVA_PT_LEVEL_PDE1] = { NV_MMU_PDE1_SHIFT, NV_MMU_PDE_SIZE, NV_MMU_PDE1_ENTRIES },
	[NOVA_PT_LEVEL_PDE2] = { NV_MMU_PDE2_SHIFT, NV_MMU_PDE_SIZE, NV_MMU_PDE2_ENTRIES },
	[NOVA_PT_LEVEL_PDE3] = { NV_MMU_PDE3_SHIFT, NV_MMU_PDE_SIZE, NV_MMU_PDE3_ENTRIES },
};

/*
 * One table. @claims counts, in the lowest level, claimed pages, and above it
 * the children; everywhere also the edges of sparse ranges that need it. @child is unused in the
 * lowest level; @large is used in level PDE0 only and holds what is written there for pages of
 * 2 MiB, 0 for none.
 */
struct nova_pt_node {
	struct list_head garbage;
	u64 addr;
	u64 pde;		/* where the entry is that points here, 0 if there is none */
	u64 *large;
	u32 claims;
	u8 level;
	bool linked;		/* cleared, and its parent points to it */
	bool filled;		/* lowest level: not only entries of nothing since it was cleared */
	bool was_sparse;	/* dropped, all of it sparse: so is the entry that pointed here */
	DECLARE_BITMAP(sparse, NV_MMU_PTE_4K_ENTRIES);	/* entries that are sparse */
	struct nova_pt_node *child[];
};

/* Tables made before they are needed, and how many are. */
struct nova_pt_spare {
	struct list_head nodes[NOVA_PT_LEVEL_PDE3];
	u32 count[NOVA_PT_LEVEL_PDE3];
	u32 wanted[NOVA_PT_LEVEL_PDE3];
};

static void nova_pt_node_free(struct nova_pt *pt, struct nova_pt_node *node)
{
	nova_pt_table_put(pt->ndev, node->addr);
	nova_account_uncharge(pt->account, NOVA_ACCOUNT_TABLES, 1);
	kfree(node->large);
	kfree(node);
}

/* Video memory for a table. */
static int nova_pt_node_place(struct nova_pt *pt, struct nova_pt_node *node)
{
	int ret;

	ret = nova_account_charge(pt->account, NOVA_ACCOUNT_TABLES, 1);
	if (ret)
		return ret;
	ret = nova_pt_table_take(pt->ndev, &node->addr);
	if (ret)
		nova_account_uncharge(pt->account, NOVA_ACCOUNT_TABLES, 1);
	return ret;
}

static struct nova_pt_node *nova_pt_node_alloc(struct nova_pt *pt, u8 level)
{
	u16 children = level == NOVA_PT_LEVEL_4K ? 0 : nova_pt_levels[level].entries;
	struct nova_pt_node *node;
	int ret;

	node = kzalloc_flex(*node, child, children, GFP_KERNEL_ACCOUNT);
	if (!node)
		return ERR_PTR(-ENOMEM);
	if (level == NOVA_PT_LEVEL_PDE0) {
		node->large = kcalloc(children, sizeof(*node->large), GFP_KERNEL_ACCOUNT);
		if (!node->large) {
			kfree(node);
			return ERR_PTR(-ENOMEM);
		}
	}
	ret = nova_pt_node_place(pt, node);
	if (ret) {
		kfree(node->large);
		kfree(node);
		return ERR_PTR(ret);
	}
	node->level = level;
	return node;
}

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

static void nova_pt_garbage_free(struct nova_pt *pt)
	__must_hold(&pt->lock)
{
	struct nova_pt_node *node, *next;

	list_for_each_entry_safe(node, next, &pt->garbage, garbage) {
		list_del(&node->garbage);
		nova_pt_node_free(pt, node);
	}
}

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

static unsigned int nova_pt_index(const struct nova_pt_node *node, u64 va)
{
	return (va >> nova_pt_levels[node->level].shift) % nova_pt_levels[node->level].entries;
}

/* Bytes that an entry of @level covers. */
static u64 nova_pt_span(u8 level)
{
	return 1ull << nova_pt_levels[level].shift;
}

/* End of the part of [va, end) that the entry of @level for va covers. */
static u64 nova_pt_span_end(u8 level, u64 va, u64 end)
{
	return min(end, round_down(va, nova_pt_span(level)) + nova_pt_span(level));
}

static u64 nova_pt_entry_end(const struct nova_pt_node *node, u64 va, u64 end)
{
	return nova_pt_span_end(node->level, va, end);
}

/* Half of a dual PDE that points to the table of 4 KiB pages. */
static unsigned int nova_pt_table_half(const struct nova_pt_node *node)
{
	return node->level == NOVA_PT_LEVEL_PDE0 ? 1 : 0;
}

static u64 nova_pt_entry_addr(const struct nova_pt_node *node, unsigned int index,
			      unsigned int half)
{
	return node->addr + index * nova_pt_levels[node->level].entry_size + half * 8;
}

static void nova_pt_write(struct nova_bound *bound, struct nova_pt_node *node,
			  unsigned int index, unsigned int half, u64 entry)
	__must_hold_shared(nova_core_door)
{
	nova_core_vram_write64(bound->core, nova_pt_entry_addr(node, index, half), entry);
}

/*
 * Drops an emptied table; the GPU may still walk it until the next flush. No range begins or ends
 * in it any more, so all of it is sparse, or nothing of it.
 */
static void nova_pt_drop(struct nova_pt *pt, struct nova_pt_node *node, unsigned int index)
	__must_hold(&pt->lock)
{
	struct nova_pt_node *child = node->child[index];

	if (child->linked) {
		pt->stale = true;
		child->was_sparse = test_bit(0, child->sparse);
		__assign_bit(index, node->sparse, child->was_sparse);
		list_add_tail(&child->garbage, &pt->garbage);
	} else {
		nova_pt_node_free(pt, child);
	}
	node->child[index] = NULL;
	node->claims--;
}

/* The entry that points to @node leads nowhere from now on. */
static void nova_pt_unlink(struct nova_bound *bound, struct nova_pt_node *node)
	__must_hold_shared(nova_core_door)
{
	/* Sparse is said in the other half of a dual entry, and before the table goes. */
	if (node->was_sparse && node->level == NOVA_PT_LEVEL_4K) {
		nova_core_vram_write64(bound->core, node->pde - NV_MMU_PDE_SIZE, NV_MMU_PDE_VOL);
		nova_core_vram_flush(bound->core);
		nova_core_vram_write64(bound->core, node->pde, 0);
	} else {
		nova_core_vram_write64(bound->core, node->pde,
				       node->was_sparse ? NV_MMU_PDE_VOL : 0);
	}
	node->pde = 0;
}

/* Takes what was dropped since the last time out of the GPU's reach; it is at the list's end. */
static void nova_pt_unlink_garbage(struct nova_bound *bound, struct nova_pt *pt)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock)
{
	struct nova_pt_node *node;

	list_for_each_entry_reverse(node, &pt->garbage, garbage) {
		if (!node->pde)
			break;
		nova_pt_unlink(bound, node);
	}
}

/* Undoes nova_pt_claim_below(). */
static void nova_pt_release_below(struct nova_pt *pt, struct nova_pt_node *node, u64 va, u64 end,
				  u8 level)
	__must_hold(&pt->lock)
{
	u64 next;

	if (node->level == level) {
		node->claims -= (end - va) / nova_pt_span(level);
		return;
	}
	for (; va < end; va = next) {
		unsigned int index = nova_pt_index(node, va);

		next = nova_pt_entry_end(node, va, end);
		nova_pt_release_below(pt, node->child[index], va, next, level);
		if (!node->child[index]->claims)
			nova_pt_drop(pt, node, index);
	}
}

/* Claims the entries of @level for [va, end), with their tables. Recursion is four deep. */
static void nova_pt_claim_below(struct nova_pt_spare *spare, struct nova_pt_node *node, u64 va,
				u64 end, u8 level)
{
	u64 next;

	if (node->level == level) {
		node->claims += (end - va) / nova_pt_span(level);
		return;
	}
	for (; va < end; va = next) {
		struct nova_pt_node **child = &node->child[nova_pt_index(node, va)];

		next = nova_pt_entry_end(node, va, end);
		if (!*child) {
			*child = list_first_entry(&spare->nodes[node->level - 1],
						  struct nova_pt_node, garbage);
			list_del_init(&(*child)->garbage);
			spare->count[node->level - 1]--;
			node->claims++;
		}
		nova_pt_claim_below(spare, *child, va, next, level);
	}
}

/* Counts the tables that nova_pt_claim_below() will take; @node may be one of them, NULL. */
static void nova_pt_count_below(struct nova_pt_spare *spare, const struct nova_pt_node *node,
				u8 node_level, u64 va, u64 end, u8 level)
{
	u64 next;

	if (node_level == level)
		return;
	for (; va < end; va = next) {
		const struct nova_pt_node *child = NULL;

		next = nova_pt_span_end(node_level, va, end);
		if (node)
			child = node->child[nova_pt_index(node, va)];
		if (!child)
			spare->wanted[node_level - 1]++;
		nova_pt_count_below(spare, child, node_level - 1, va, next, level);
	}
}

static bool nova_pt_spare_suffices(const struct nova_pt_spare *spare)
{
	for (u8 level = 0; level < ARRAY_SIZE(spare->nodes); level++)
		if (spare->wanted[level] > spare->count[level])
			return false;
	return true;
}

static int nova_pt_spare_fill(struct nova_pt *pt, struct nova_pt_spare *spare)
{
	struct nova_pt_node *node;

	for (u8 level = 0; level < ARRAY_SIZE(spare->nodes); level++) {
		for (; spare->count[level] < spare->wanted[level]; spare->count[level]++) {
			node = nova_pt_node_alloc(pt, level);
			if (IS_ERR(node))
				return PTR_ERR(node);
			list_add(&node->garbage, &spare->nodes[level]);
		}
	}
	return 0;
}

static void nova_pt_spare_fini(struct nova_pt *pt, struct nova_pt_spare *spare)
{
	struct nova_pt_node *node, *next;

	for (u8 level = 0; level < ARRAY_SIZE(spare->nodes); level++)
		list_for_each_entry_safe(node, next, &spare->nodes[level], garbage)
			nova_pt_node_free(pt, node);
}

/*
 * No memory is allocated under the lock: a bind behind fences needs it to end, and whoever is short
 * of memory may wait for that bind. Tables may come and go in between.
 */
static int nova_pt_claim_level(struct nova_pt *pt, u64 va, u64 end, u8 level)
{
	struct nova_pt_spare spare = {};
	bool claimed = false;
	int ret = 0;

	for (u8 i = 0; i < ARRAY_SIZE(spare.nodes); i++)
		INIT_LIST_HEAD(&spare.nodes[i]);
	while (!ret && !claimed) {
		scoped_guard(mutex, &pt->lock) {
			memset(spare.wanted, 0, sizeof(spare.wanted));
			nova_pt_count_below(&spare, pt->root, pt->root->level, va, end, level);
			claimed = nova_pt_spare_suffices(&spare);
			if (claimed)
				nova_pt_claim_below(&spare, pt->root, va, end, level);
		}
		if (!claimed)
			ret = nova_pt_spare_fill(pt, &spare);
	}
	nova_pt_spare_fini(pt, &spare);
	return ret;
}

/**
 * nova_pt_claim() - make sure that a range has tables
 * @pt: the tables
 * @va: first address, 4 KiB aligned
 * @size: bytes
 *
 * May be called for a range that is claimed already; claims add up.
 *
 * Return: 0, -ENOMEM, or -ENOSPC when page-table memory is exhausted.
 */
int nova_pt_claim(struct nova_pt *pt, u64 va, u64 size)
{
	return nova_pt_claim_level(pt, va, va + size, NOVA_PT_LEVEL_4K);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_claim);

/* The largest entries of which one begins at @va: a sparse range can begin or end there. */
static u8 nova_pt_edge_level(u64 va)
{
	u8 level = NOVA_PT_LEVEL_PDE3;

	while (!IS_ALIGNED(va, nova_pt_span(level)))
		level--;
	return level;
}

/**
 * nova_pt_claim_edge() - make sure that a sparse range can begin or end at an address
 * @pt: the tables
 * @va: the address, 4 KiB aligned
 *
 * Takes at most four tables. A sparse range has a claim on each of its two edges, and on nothing
 * between them, so it may be as long as the address space.
 *
 * Return: as nova_pt_claim().
 */
int nova_pt_claim_edge(struct nova_pt *pt, u64 va)
{
	u8 level = nova_pt_edge_level(va);

	return nova_pt_claim_level(pt, va, va + nova_pt_span(level), level);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_claim_edge);

/**
 * nova_pt_release() - undo one nova_pt_claim() of a range
 * @bound: from the door
 * @pt: the tables
 * @va: first address
 * @size: bytes
 *
 * The range, where no other claim covers it, must have been unmapped. Tables
 * that nobody claims any more are freed at the next nova_pt_flush() or nova_pt_fini().
 */
void nova_pt_release(struct nova_bound *bound, struct nova_pt *pt, u64 va, u64 size)
{
	guard(mutex)(&pt->lock);
	nova_pt_release_below(pt, pt->root, va, va + size, NOVA_PT_LEVEL_4K);
	nova_pt_unlink_garbage(bound, pt);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_release);

/**
 * nova_pt_release_edge() - undo one nova_pt_claim_edge()
 * @bound: from the door
 * @pt: the tables
 * @va: the address
 *
 * What is on both sides of it is the same, sparse or nothing, unless another claim needs the
 * table. Otherwise as nova_pt_release().
 */
void nova_pt_release_edge(struct nova_bound *bound, struct nova_pt *pt, u64 va)
{
	u8 level = nova_pt_edge_level(va);

	guard(mutex)(&pt->lock);
	nova_pt_release_below(pt, pt->root, va, va + nova_pt_span(level), level);
	nova_pt_unlink_garbage(bound, pt);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_release_edge);

/**
 * nova_pt_forget() - as nova_pt_release(), when the device is gone or nothing was mapped
 * @pt: the tables
 * @va: first address
 * @size: bytes
 */
void nova_pt_forget(struct nova_pt *pt, u64 va, u64 size)
{
	guard(mutex)(&pt->lock);
	nova_pt_release_below(pt, pt->root, va, va + size, NOVA_PT_LEVEL_4K);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_forget);

/**
 * nova_pt_forget_edge() - as nova_pt_release_edge(), when nova_pt_forget() would be right
 * @pt: the tables
 * @va: the address
 */
void nova_pt_forget_edge(struct nova_pt *pt, u64 va)
{
	u8 level = nova_pt_edge_level(va);

	guard(mutex)(&pt->lock);
	nova_pt_release_below(pt, pt->root, va, va + nova_pt_span(level), level);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_forget_edge);

static u64 nova_pt_pde(u64 addr)
{
	return NV_PUT(NV_MMU_PDE_APERTURE, NV_MMU_PDE_APERTURE_VIDEO) | NV_MMU_PDE_VOL |
	       NV_PUT(NV_MMU_PDE_ADDR_VID, addr >> 12);
}

static u64 nova_pt_pte(u64 addr, bool vram, bool readonly)
{
	u64 pte = NV_MMU_PTE_VALID | NV_PUT(NV_MMU_PTE_KIND, NV_MMU_KIND_GENERIC);

	if (readonly)
		pte |= NV_MMU_PTE_READ_ONLY;
	if (vram)
		return pte | NV_PUT(NV_MMU_PTE_APERTURE, NV_MMU_PTE_APERTURE_VIDEO) |
		       NV_PUT(NV_MMU_PTE_ADDR_VID, addr >> 12);
	return pte | NV_PUT(NV_MMU_PTE_APERTURE, NV_MMU_PTE_APERTURE_COHERENT) | NV_MMU_PTE_VOL |
	       NV_PUT(NV_MMU_PTE_ADDR_SYS, addr >> 12);
}

/* Entries without memory behind them: an access faults, or reads zero and writes nothing. */
static void nova_pt_write_empty(struct nova_bound *bound, struct nova_pt_node *node,
				unsigned int first, unsigned int count, bool sparse)
	__must_hold_shared(nova_core_door)
{
	if (!sparse) {
		bitmap_clear(node->sparse, first, count);
		nova_core_vram_set(bound->core, nova_pt_entry_addr(node, first, 0), 0,
				   count * nova_pt_levels[node->level].entry_size);
		return;
	}
	bitmap_set(node->sparse, first, count);
	for (unsigned int i = first; i < first + count; i++) {
		static_assert(NV_MMU_PDE_VOL == NV_MMU_PTE_VOL);
		nova_pt_write(bound, node, i, 0, NV_MMU_PTE_VOL);
		if (node->level == NOVA_PT_LEVEL_PDE0)
			nova_pt_write(bound, node, i, 1, 0);
	}
}

/*
 * A table says what the entry said that it replaces, before anything points to it:
 * write-combining keeps no order by itself.
 */
static void nova_pt_clear(struct nova_bound *bound, struct nova_pt_node *node, bool sparse)
	__must_hold_shared(nova_core_door)
{
	/* More than its entries, in the root. */
	nova_core_vram_set(bound->core, node->addr, 0, NV_MMU_TABLE_SIZE);
	if (sparse) {
		nova_pt_write_empty(bound, node, 0, nova_pt_levels[node->level].entries, true);
		node->filled = true;
	}
	nova_core_vram_flush(bound->core);
	node->linked = true;
}

/* The child for @va, cleared and reachable by the GPU. */
static struct nova_pt_node *nova_pt_descend(struct nova_bound *bound, struct nova_pt_node *node,
					    u64 va)
	__must_hold_shared(nova_core_door)
{
	unsigned int index = nova_pt_index(node, va);
	struct nova_pt_node *child = node->child[index];
	bool sparse = test_bit(index, node->sparse);

	if (child->linked)
		return child;
	nova_pt_clear(bound, child, sparse);
	child->pde = nova_pt_entry_addr(node, index, nova_pt_table_half(node));
	nova_core_vram_write64(bound->core, child->pde, nova_pt_pde(child->addr));
	if (sparse) {
		__clear_bit(index, node->sparse);
		if (node->level == NOVA_PT_LEVEL_PDE0) {
			nova_core_vram_flush(bound->core);
			nova_pt_write(bound, node, index, 0, 0);
		}
	}
	return child;
}

static struct nova_pt_node *nova_pt_walk(struct nova_bound *bound, struct nova_pt *pt, u64 va,
					 u8 level)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt_node *node = pt->root;

	if (!node->linked)
		nova_pt_clear(bound, node, pt->scratch);
	while (node->level > level)
		node = nova_pt_descend(bound, node, va);
	return node;
}

static void nova_pt_write_large(struct nova_bound *bound, struct nova_pt_node *pde0, u64 va,
				u64 pte)
	__must_hold_shared(nova_core_door)
{
	unsigned int index = nova_pt_index(pde0, va);

	pde0->large[index] = pte;
	nova_pt_write(bound, pde0, index, 0, pte);
}

/*
 * Replaces a page of 2 MiB by 512 of 4 KiB. The table is filled while the
 * large page hides it, so the GPU sees the same memory at any moment.
 */
static void nova_pt_split(struct nova_bound *bound, struct nova_pt_node *pde0, u64 va)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt_node *table = nova_pt_descend(bound, pde0, va);
	u64 pte = pde0->large[nova_pt_index(pde0, va)];

	for (unsigned int i = 0; i < NV_MMU_PTE_4K_ENTRIES; i++)
		nova_pt_write(bound, table, i, 0, pte + NV_PUT(NV_MMU_PTE_ADDR_SYS, (u64)i));
	bitmap_zero(table->sparse, NV_MMU_PTE_4K_ENTRIES);
	table->filled = true;
	nova_core_vram_flush(bound->core);
	nova_pt_write_large(bound, pde0, va, 0);
}

/* The table below is emptied once the large page hides it. */
static void nova_pt_map_large(struct nova_bound *bound, struct nova_pt *pt,
			      struct nova_pt_node *pde0, u64 va, u64 pte)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock)
{
	struct nova_pt_node *table = nova_pt_descend(bound, pde0, va);

	nova_pt_write_large(bound, pde0, va, pte);
	if (!table->filled)
		return;
	/* The GPU caches what is sparse, too. */
	if (!bitmap_empty(table->sparse, NV_MMU_PTE_4K_ENTRIES))
		pt->stale = true;
	nova_core_vram_flush(bound->core);
	nova_pt_write_empty(bound, table, 0, NV_MMU_PTE_4K_ENTRIES, pt->scratch);
	table->filled = false;
}

/* A large page that the range covers in part is split, one that it covers wholly is replaced. */
static void nova_pt_map_small(struct nova_bound *bound, struct nova_pt *pt,
			      struct nova_pt_node *pde0, u64 va, u64 end, u64 pte)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock)
{
	struct nova_pt_node *table = nova_pt_descend(bound, pde0, va);
	unsigned int first = nova_pt_index(table, va), count = (end - va) >> NV_MMU_PTE_4K_SHIFT;
	bool large = pde0->large[nova_pt_index(pde0, va)];

	if (large && end - va < SZ_2M) {
		nova_pt_split(bound, pde0, va);
		large = false;
	}
	if (find_next_bit(table->sparse, first + count, first) < first + count)
		pt->stale = true;
	bitmap_clear(table->sparse, first, count);
	table->filled = true;
	for (unsigned int i = first; i < first + count; i++) {
		nova_pt_write(bound, table, i, 0, pte);
		pte += NV_PUT(NV_MMU_PTE_ADDR_SYS, 1ull);
	}
	if (large) {
		nova_core_vram_flush(bound->core);
		nova_pt_write_large(bound, pde0, va, 0);
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
 * Uses pages of 2 MiB where address and memory allow. Cannot fail. What was
 * mapped there before is replaced in place, with nova_pt_set_stale() before the flush; over
 * nothing no invalidate is needed, as the GPU caches no absent entry.
 */
void nova_pt_map(struct nova_bound *bound, struct nova_pt *pt, u64 va,
		 const struct nova_bo_extent *extent, bool readonly)
{
	u64 addr = extent->addr, end = va + extent->size, next;
	struct nova_pt_node *pde0;

	guard(mutex)(&pt->lock);
	for (; va < end; addr += next - va, va = next) {
		pde0 = nova_pt_walk(bound, pt, va, NOVA_PT_LEVEL_PDE0);
		next = nova_pt_entry_end(pde0, va, end);
		if (next - va == SZ_2M && IS_ALIGNED(addr, SZ_2M))
			nova_pt_map_large(bound, pt, pde0, va,
					  nova_pt_pte(addr, extent->vram, readonly));
		else
			nova_pt_map_small(bound, pt, pde0, va, next,
					  nova_pt_pte(addr, extent->vram, readonly));
	}
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
	u64 end = va + size, next;
	struct nova_pt_node *pde0, *table;

	guard(mutex)(&pt->lock);
	pt->stale = true;
	for (; va < end; va = next) {
		pde0 = nova_pt_walk(bound, pt, va, NOVA_PT_LEVEL_PDE0);
		next = nova_pt_entry_end(pde0, va, end);
		table = nova_pt_descend(bound, pde0, va);
		if (pde0->large[nova_pt_index(pde0, va)]) {
			if (next - va == SZ_2M) {
				nova_pt_write_large(bound, pde0, va, 0);
				continue;
			}
			nova_pt_split(bound, pde0, va);
		}
		nova_pt_write_empty(bound, table, nova_pt_index(table, va),
				    (next - va) >> NV_MMU_PTE_4K_SHIFT, pt->scratch);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_unmap);

/* Where an entry has no table, the range has no edge below it. */
static void nova_pt_fill_below(struct nova_bound *bound, struct nova_pt_node *node, u64 va,
			       u64 end, bool sparse)
	__must_hold_shared(nova_core_door)
{
	u64 next;

	if (node->level == NOVA_PT_LEVEL_4K) {
		nova_pt_write_empty(bound, node, nova_pt_index(node, va),
				    (end - va) >> NV_MMU_PTE_4K_SHIFT, sparse);
		node->filled = true;
		return;
	}
	for (; va < end; va = next) {
		unsigned int index = nova_pt_index(node, va);
		struct nova_pt_node *child = node->child[index];
		bool large = node->large && node->large[index];

		next = nova_pt_entry_end(node, va, end);
		if (!child || (!child->linked && next - va == nova_pt_span(node->level))) {
			nova_pt_write_empty(bound, node, index, 1, sparse);
			continue;
		}
		if (large && next - va < SZ_2M) {
			nova_pt_split(bound, node, va);
			large = false;
		}
		nova_pt_fill_below(bound, nova_pt_descend(bound, node, va), va, next, sparse);
		if (large) {
			nova_core_vram_flush(bound->core);
			nova_pt_write_large(bound, node, va, 0);
		}
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
	if (!pt->root->linked)
		nova_pt_clear(bound, pt->root, pt->scratch);
	nova_pt_fill_below(bound, pt->root, va, va + size, sparse || pt->scratch);
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

/**
 * nova_pt_try_dump() - the way to an address, for a dump
 * @bound: from the door
 * @pt: the tables
 * @va: the address
 * @steps: out, NOVA_PT_LEVELS at most, from the root to where the way ends
 *
 * Which tables there are is what we know; the entries are what the GPU sees. Waits for nobody.
 *
 * Return: how many steps, 0 if somebody else has the tables.
 */
u32 nova_pt_try_dump(struct nova_bound *bound, struct nova_pt *pt, u64 va,
		     struct nova_dump_walk_step *steps)
{
	struct nova_pt_node *node = pt->root;
	u32 count = 0;

	if (!mutex_trylock(&pt->lock))
		return 0;
	while (node && node->linked) {
		unsigned int index = nova_pt_index(node, va);
		struct nova_dump_walk_step *step = &steps[count++];

		step->level = node->level;
		step->index = index;
		step->address = nova_pt_entry_addr(node, index, 0);
		nova_core_vram_read(bound->core, step->address, step->entry,
				    nova_pt_levels[node->level].entry_size);
		le64_to_cpu_array(step->entry, ARRAY_SIZE(step->entry));
		if (node->level == NOVA_PT_LEVEL_4K || (node->large && node->large[index]))
			break;
		node = node->child[index];
	}
	mutex_unlock(&pt->lock);
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_try_dump);
