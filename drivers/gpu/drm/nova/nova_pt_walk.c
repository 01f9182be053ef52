// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Page tables: the way down, for whoever writes an entry, and what is found on it, for people.
 */
#include <kunit/visibility.h>
#include <linux/bitmap.h>

#include <drm/nova_dump.h>

#include "nova_bound.h"
#include "nova_pt_node.h"
#include "nova_pte.h"

/**
 * nova_pt_write() - write an entry
 * @bound: from the door
 * @node: the table
 * @index: which one
 * @half: 1 for the second of a pair
 * @entry: what to write
 */
void nova_pt_write(struct nova_bound *bound, struct nova_pt_node *node, unsigned int index,
		   unsigned int half, u64 entry)
{
	nova_core_vram_write64(bound->core, nova_pt_entry_addr(node, index, half), entry);
}

/**
 * nova_pt_write_empty() - write entries without memory behind them
 * @bound: from the door
 * @node: the table
 * @first: the first of them
 * @count: how many
 * @sparse: an access reads zero and writes nothing, instead of being a fault
 */
void nova_pt_write_empty(struct nova_bound *bound, struct nova_pt_node *node,
			 unsigned int first, unsigned int count, bool sparse)
{
	bitmap_clear(node->mapped, first, count);
	if (!sparse) {
		bitmap_clear(node->sparse, first, count);
		nova_core_vram_set(bound->core, nova_pt_entry_addr(node, first, 0), 0,
				   count * nova_pt_levels[node->level].entry_size);
		return;
	}
	bitmap_set(node->sparse, first, count);
	for (unsigned int i = first; i < first + count; i++) {
		static_assert(NV_MMU_PDE_VOL == NOVA_PTE_SPARSE);
		nova_pt_write(bound, node, i, 0, NOVA_PTE_SPARSE);
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
	if (node->level == NOVA_PT_LEVEL_4K)
		nova_core_vram_set(bound->core, node->addr_64k, 0, NV_MMU_PTE_64K_TABLE_SIZE);
	if (sparse)
		nova_pt_write_empty(bound, node, 0, nova_pt_levels[node->level].entries, true);
	nova_core_vram_flush(bound->core);
	node->linked = true;
}

/* In the last directory the small pages come first: then sparse may go, which is in their way. */
static void nova_pt_link(struct nova_bound *bound, struct nova_pt_node *node, unsigned int index)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt_node *child = node->child[index];

	child->pde = nova_pt_entry_addr(node, index, 0);
	if (node->level == NOVA_PT_LEVEL_PDE0) {
		nova_pt_write(bound, node, index, 1, nova_pte_table(child->addr));
		nova_core_vram_flush(bound->core);
		nova_pt_write(bound, node, index, 0, nova_pte_table_64k(child->addr_64k));
	} else {
		nova_pt_write(bound, node, index, 0, nova_pte_table(child->addr));
	}
	__clear_bit(index, node->sparse);
}

/* The entry that points to @node leads nowhere from now on. */
static void nova_pt_unlink(struct nova_bound *bound, struct nova_pt_node *node)
	__must_hold_shared(nova_core_door)
{
	nova_core_vram_write64(bound->core, node->pde, node->was_sparse ? NOVA_PTE_SPARSE : 0);
	if (node->level == NOVA_PT_LEVEL_4K) {
		/* Sparse is said in the first half of the pair, and before the second goes. */
		nova_core_vram_flush(bound->core);
		nova_core_vram_write64(bound->core, node->pde + NV_MMU_PDE_SIZE, 0);
	}
	node->pde = 0;
}

/**
 * nova_pt_unlink_garbage() - take what was dropped since the last time out of the GPU's reach
 * @bound: from the door
 * @pt: the tables
 */
void nova_pt_unlink_garbage(struct nova_bound *bound, struct nova_pt *pt)
{
	struct nova_pt_node *node;

	/* It is at the list's end. */
	list_for_each_entry_reverse(node, &pt->garbage, garbage) {
		if (!node->pde)
			break;
		nova_pt_unlink(bound, node);
	}
}

/**
 * nova_pt_descend() - the table below, cleared and within the GPU's reach
 * @bound: from the door
 * @node: a table that is
 * @va: the address
 *
 * Return: the table.
 */
struct nova_pt_node *nova_pt_descend(struct nova_bound *bound, struct nova_pt_node *node, u64 va)
{
	unsigned int index = nova_pt_index(node, va);
	struct nova_pt_node *child = node->child[index];

	if (!child->linked) {
		nova_pt_clear(bound, child, test_bit(index, node->sparse));
		nova_pt_link(bound, node, index);
	}
	return child;
}

/**
 * nova_pt_walk() - the table of a level, cleared and within the GPU's reach
 * @bound: from the door
 * @pt: the tables
 * @va: the address
 * @level: enum nova_pt_level
 *
 * Return: the table.
 */
struct nova_pt_node *nova_pt_walk(struct nova_bound *bound, struct nova_pt *pt, u64 va, u8 level)
{
	struct nova_pt_node *node = pt->root;

	/* Or what is written now would be taken for the entry that leads to what was dropped. */
	nova_pt_unlink_garbage(bound, pt);
	if (!node->linked)
		nova_pt_clear(bound, node, pt->scratch);
	while (node->level > level)
		node = nova_pt_descend(bound, node, va);
	return node;
}

/* --- for people --- */

static void nova_pt_count_below(const struct nova_pt_node *node, u64 va, u64 end,
				struct nova_pt_pages *pages)
{
	u64 next;

	for (; va < end; va = next) {
		unsigned int index = nova_pt_index(node, va);
		unsigned int region = index / NOVA_PT_REGION;

		next = nova_pt_entry_end(node, va, end);
		if (node->level == NOVA_PT_LEVEL_4K) {
			if (node->large[region])
				pages->bytes_64k += next - va;
			else if (test_bit(index, node->mapped))
				pages->bytes_4k += next - va;
		} else if (node->level == NOVA_PT_LEVEL_PDE0 && node->large[index]) {
			pages->bytes_2m += next - va;
		} else if (node->child[index]) {
			nova_pt_count_below(node->child[index], va, next, pages);
		}
	}
}

/**
 * nova_pt_count_pages() - in which pages a range is mapped
 * @pt: the tables
 * @va: first address
 * @size: bytes
 *
 * Needs no hardware.
 *
 * Return: how much of the range is in pages of which size.
 */
struct nova_pt_pages nova_pt_count_pages(struct nova_pt *pt, u64 va, u64 size)
{
	struct nova_pt_pages pages = {};

	guard(mutex)(&pt->lock);
	nova_pt_count_below(pt->root, va, va + size, &pages);
	return pages;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_count_pages);

/* An entry as the GPU sees it. */
static void nova_pt_dump_entry(struct nova_bound *bound, struct nova_dump_walk_step *step,
			       u32 level, u32 index, u64 address, size_t size)
	__must_hold_shared(nova_core_door)
{
	step->level = level;
	step->index = index;
	step->address = address;
	nova_core_vram_read(bound->core, address, step->entry, size);
	le64_to_cpu_array(step->entry, ARRAY_SIZE(step->entry));
}

/**
 * nova_pt_try_dump() - the way to an address, for a dump
 * @bound: from the door
 * @pt: the tables
 * @va: the address
 * @steps: out, NOVA_PT_STEPS at most, from the root to where the way ends
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

		if (node->level == NOVA_PT_LEVEL_4K) {
			unsigned int region = index / NOVA_PT_REGION;

			nova_pt_dump_entry(bound, &steps[count++], NOVA_DUMP_LEVEL_64K, region,
					   node->addr_64k + region * NV_MMU_PTE_SIZE,
					   NV_MMU_PTE_SIZE);
			if (node->large[region])
				break;
		}
		nova_pt_dump_entry(bound, &steps[count++], node->level, index,
				   nova_pt_entry_addr(node, index, 0),
				   nova_pt_levels[node->level].entry_size);
		if (node->level == NOVA_PT_LEVEL_4K ||
		    (node->level == NOVA_PT_LEVEL_PDE0 && node->large[index]))
			break;
		node = node->child[index];
	}
	mutex_unlock(&pt->lock);
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_try_dump);
