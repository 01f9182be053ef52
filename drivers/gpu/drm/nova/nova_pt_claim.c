// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Page tables: which there are. All that can fail is here, and nothing of it needs the device: what
 * is dropped leaves the GPU's reach when something is written the next time (nova_pt_walk.c).
 */
#include <kunit/visibility.h>
#include <linux/slab.h>

#include "nova_account.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_pt_node.h"

const struct nova_pt_level_info nova_pt_levels[] = {
	[NOVA_PT_LEVEL_4K] = { NV_MMU_PTE_4K_SHIFT, NV_MMU_PTE_SIZE, NV_MMU_PTE_4K_ENTRIES,
			       NV_MMU_PTE_64K_ENTRIES },
	[NOVA_PT_LEVEL_PDE0] = { NV_MMU_PDE0_SHIFT, NV_MMU_DUAL_PDE_SIZE, NV_MMU_PDE0_ENTRIES,
				 NV_MMU_PDE0_ENTRIES },
	[NOVA_PT_LEVEL_PDE1] = { NV_MMU_PDE1_SHIFT, NV_MMU_PDE_SIZE, NV_MMU_PDE1_ENTRIES },
	[NOVA_PT_LEVEL_PDE2] = { NV_MMU_PDE2_SHIFT, NV_MMU_PDE_SIZE, NV_MMU_PDE2_ENTRIES },
	[NOVA_PT_LEVEL_PDE3] = { NV_MMU_PDE3_SHIFT, NV_MMU_PDE_SIZE, NV_MMU_PDE3_ENTRIES },
};

/* Tables made before they are needed, and how many are. */
struct nova_pt_spare {
	struct list_head nodes[NOVA_PT_LEVEL_PDE3];
	u32 count[NOVA_PT_LEVEL_PDE3];
	u32 wanted[NOVA_PT_LEVEL_PDE3];
};

/**
 * nova_pt_node_free() - free a table
 * @pt: the tables
 * @node: one that the GPU does not reach, and has no entry of cached
 */
void nova_pt_node_free(struct nova_pt *pt, struct nova_pt_node *node)
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

/**
 * nova_pt_node_alloc() - make a table
 * @pt: the tables
 * @level: enum nova_pt_level
 *
 * Return: the table, not written yet, or -ENOMEM or -ENOSPC.
 */
struct nova_pt_node *nova_pt_node_alloc(struct nova_pt *pt, u8 level)
{
	u16 children = level == NOVA_PT_LEVEL_4K ? 0 : nova_pt_levels[level].entries;
	u16 large = nova_pt_levels[level].large;
	struct nova_pt_node *node;
	int ret;

	node = kzalloc_flex(*node, child, children, GFP_KERNEL_ACCOUNT);
	if (!node)
		return ERR_PTR(-ENOMEM);
	if (large) {
		node->large = kcalloc(large, sizeof(*node->large), GFP_KERNEL_ACCOUNT);
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
	node->addr_64k = nova_pt_table_64k(pt->ndev, node->addr);
	return node;
}

/**
 * nova_pt_garbage_free() - free the tables that were dropped
 * @pt: the tables; a TLB invalidate came after the last of them, or the device is gone
 */
void nova_pt_garbage_free(struct nova_pt *pt)
	__must_hold(&pt->lock)
{
	struct nova_pt_node *node, *next;

	list_for_each_entry_safe(node, next, &pt->garbage, garbage) {
		list_del(&node->garbage);
		nova_pt_node_free(pt, node);
	}
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
static void nova_pt_want_below(struct nova_pt_spare *spare, const struct nova_pt_node *node,
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
		nova_pt_want_below(spare, child, node_level - 1, va, next, level);
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
			nova_pt_want_below(&spare, pt->root, pt->root->level, va, end, level);
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
 * @pt: the tables
 * @va: first address
 * @size: bytes
 *
 * The range, where no other claim covers it, must have been unmapped, unless the GPU does not use
 * the address space any more. Tables that nobody claims any more leave the GPU's reach before
 * anything else is written, and are freed at the next nova_pt_flush() or nova_pt_fini().
 */
void nova_pt_release(struct nova_pt *pt, u64 va, u64 size)
{
	guard(mutex)(&pt->lock);
	nova_pt_release_below(pt, pt->root, va, va + size, NOVA_PT_LEVEL_4K);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_release);

/**
 * nova_pt_release_edge() - undo one nova_pt_claim_edge()
 * @pt: the tables
 * @va: the address
 *
 * What is on both sides of it is the same, sparse or nothing, unless another claim needs the
 * table. Otherwise as nova_pt_release().
 */
void nova_pt_release_edge(struct nova_pt *pt, u64 va)
{
	u8 level = nova_pt_edge_level(va);

	guard(mutex)(&pt->lock);
	nova_pt_release_below(pt, pt->root, va, va + nova_pt_span(level), level);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_release_edge);
