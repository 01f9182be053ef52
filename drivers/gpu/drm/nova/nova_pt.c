// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Page tables: the five levels of the version-2 GMMU (regs/nv_mmu.h), written by the CPU.
 */
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/error-injection.h>
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/nova_dump.h>

#include "regs/nv_mmu.h"

#include "nova_account.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_pt.h"

/* Share of video memory for page tables, and its bounds. */
#define NOVA_PT_SHARE		16
#define NOVA_PT_MIN		SZ_1M
#define NOVA_PT_MAX		SZ_64M

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
 * the children. @child is unused in the lowest level; @large is used in level
 * PDE0 only and holds what is written there for pages of 2 MiB, 0 for none.
 */
struct nova_pt_node {
	struct list_head garbage;
	u64 addr;
	u64 pde;		/* where the entry is that points here, 0 if there is none */
	u64 *large;
	u32 claims;
	u8 level;
	bool linked;		/* cleared, and its parent points to it */
	struct nova_pt_node *child[];
};

/* Every table has been given back, or an address space has been forgotten. */
static void nova_pt_tables_fini(struct drm_device *drm, void *data)
{
	struct nova_device *ndev = data;

	drm_WARN_ON(drm, !bitmap_empty(ndev->tables.used, ndev->tables.count));
}

static u64 nova_pt_tables_size(const struct nova_device *ndev)
{
	u64 vram = ndev->info.vram_end - ndev->info.vram_start;

	return round_down(clamp_t(u64, vram / NOVA_PT_SHARE, NOVA_PT_MIN, NOVA_PT_MAX),
			  NV_MMU_TABLE_SIZE);
}

/**
 * nova_device_tables_start() - where the memory of page tables begins
 * @ndev: the device
 *
 * Return: video-memory offset; from there to the end no buffer is placed.
 */
u64 nova_device_tables_start(const struct nova_device *ndev)
{
	return round_down(ndev->info.vram_end - nova_pt_tables_size(ndev), NV_MMU_TABLE_SIZE);
}
EXPORT_SYMBOL_IF_KUNIT(nova_device_tables_start);

int nova_pt_tables_init(struct nova_device *ndev)
{
	/* A device that has less is no use, and all that follows subtracts. */
	if (ndev->info.vram_end - ndev->info.vram_start < nova_pt_tables_size(ndev)) {
		drm_err(&ndev->drm, "video memory %#llx..%#llx has no room for page tables\n",
			ndev->info.vram_start, ndev->info.vram_end);
		return -ENODEV;
	}
	spin_lock_init(&ndev->tables.lock);
	ndev->tables.count = nova_pt_tables_size(ndev) / NV_MMU_TABLE_SIZE;
	ndev->tables.used = drmm_kcalloc(&ndev->drm, BITS_TO_LONGS(ndev->tables.count),
					 sizeof(*ndev->tables.used), GFP_KERNEL);
	if (!ndev->tables.used)
		return -ENOMEM;
	return drmm_add_action_or_reset(&ndev->drm, nova_pt_tables_fini, ndev);
}
ALLOW_ERROR_INJECTION(nova_pt_tables_init, ERRNO);

/* Video memory for a table. Needs no other memory, so it fails only when there is no more. */
static int nova_pt_table_take(struct nova_device *ndev, u64 *addr)
{
	unsigned int index;

	guard(spinlock)(&ndev->tables.lock);
	index = find_first_zero_bit(ndev->tables.used, ndev->tables.count);
	if (index >= ndev->tables.count)
		return -ENOSPC;
	__set_bit(index, ndev->tables.used);
	*addr = nova_device_tables_start(ndev) + (u64)index * NV_MMU_TABLE_SIZE;
	return 0;
}

static void nova_pt_table_put(struct nova_device *ndev, u64 addr)
{
	guard(spinlock)(&ndev->tables.lock);
	__clear_bit((addr - nova_device_tables_start(ndev)) / NV_MMU_TABLE_SIZE,
		    ndev->tables.used);
}

/**
 * nova_pt_tables_count() - how many tables there can be
 * @ndev: the device
 *
 * Return: tables of all address spaces together.
 */
u32 nova_pt_tables_count(const struct nova_device *ndev)
{
	return ndev->tables.count;
}

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
 *
 * Return: 0, -ENOMEM or -ENOSPC. Needs no hardware: tables are written when first linked.
 */
int nova_pt_init(struct nova_device *ndev, struct nova_pt *pt, struct nova_account *account)
{
	guard(mutex_init)(&pt->lock);
	pt->ndev = ndev;
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

/* End of the part of [va, end) that the entry of @node for va covers. */
static u64 nova_pt_entry_end(const struct nova_pt_node *node, u64 va, u64 end)
{
	u64 span = 1ull << nova_pt_levels[node->level].shift;

	return min(end, round_down(va, span) + span);
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

/* Drops an emptied table; the GPU may still walk it until the next flush. */
static void nova_pt_drop(struct nova_pt *pt, struct nova_pt_node *node, unsigned int index)
	__must_hold(&pt->lock)
{
	struct nova_pt_node *child = node->child[index];

	if (child->linked) {
		pt->stale = true;
		list_add_tail(&child->garbage, &pt->garbage);
	} else {
		nova_pt_node_free(pt, child);
	}
	node->child[index] = NULL;
	node->claims--;
}

/* Takes what was dropped since the last time out of the GPU's reach; it is at the list's end. */
static void nova_pt_unlink_garbage(struct nova_bound *bound, struct nova_pt *pt)
	__must_hold_shared(nova_core_door) __must_hold(&pt->lock)
{
	struct nova_pt_node *node;

	list_for_each_entry_reverse(node, &pt->garbage, garbage) {
		if (!node->pde)
			break;
		nova_core_vram_write64(bound->core, node->pde, 0);
		node->pde = 0;
	}
}

static void nova_pt_release_below(struct nova_pt *pt, struct nova_pt_node *node, u64 va, u64 end)
	__must_hold(&pt->lock)
{
	u64 next;

	if (node->level == NOVA_PT_LEVEL_4K) {
		node->claims -= (end - va) >> NV_MMU_PTE_4K_SHIFT;
		return;
	}
	for (; va < end; va = next) {
		unsigned int index = nova_pt_index(node, va);

		next = nova_pt_entry_end(node, va, end);
		nova_pt_release_below(pt, node->child[index], va, next);
		if (!node->child[index]->claims)
			nova_pt_drop(pt, node, index);
	}
}

/*
 * Claims [va, end) below @node. On failure nothing stays claimed. Recursion is four deep.
 */
static int nova_pt_claim_below(struct nova_pt *pt, struct nova_pt_node *node, u64 va, u64 end)
	__must_hold(&pt->lock)
{
	u64 start = va, next;
	int ret;

	if (node->level == NOVA_PT_LEVEL_4K) {
		node->claims += (end - va) >> NV_MMU_PTE_4K_SHIFT;
		return 0;
	}
	for (; va < end; va = next) {
		struct nova_pt_node **slot = &node->child[nova_pt_index(node, va)];
		struct nova_pt_node *child = *slot;

		next = nova_pt_entry_end(node, va, end);
		if (!child) {
			child = nova_pt_node_alloc(pt, node->level - 1);
			if (IS_ERR(child)) {
				ret = PTR_ERR(child);
				goto err_release;
			}
		}
		ret = nova_pt_claim_below(pt, child, va, next);
		if (ret) {
			if (!*slot)
				nova_pt_node_free(pt, child);
			goto err_release;
		}
		if (!*slot) {
			*slot = child;
			node->claims++;
		}
	}
	return 0;

err_release:
	if (va > start)
		nova_pt_release_below(pt, node, start, va);
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
	guard(mutex)(&pt->lock);
	return nova_pt_claim_below(pt, pt->root, va, va + size);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_claim);

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
	nova_pt_release_below(pt, pt->root, va, va + size);
	nova_pt_unlink_garbage(bound, pt);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_release);

/**
 * nova_pt_forget() - as nova_pt_release(), when the device is gone or nothing was mapped
 * @pt: the tables
 * @va: first address
 * @size: bytes
 */
void nova_pt_forget(struct nova_pt *pt, u64 va, u64 size)
{
	guard(mutex)(&pt->lock);
	nova_pt_release_below(pt, pt->root, va, va + size);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_forget);

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

/* A table is empty before anything points to it: write-combining keeps no order by itself. */
static void nova_pt_clear(struct nova_bound *bound, struct nova_pt_node *node)
	__must_hold_shared(nova_core_door)
{
	nova_core_vram_set(bound->core, node->addr, 0, NV_MMU_TABLE_SIZE);
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

	if (!child->linked) {
		nova_pt_clear(bound, child);
		child->pde = nova_pt_entry_addr(node, index, nova_pt_table_half(node));
		nova_core_vram_write64(bound->core, child->pde, nova_pt_pde(child->addr));
	}
	return child;
}

static struct nova_pt_node *nova_pt_walk(struct nova_bound *bound, struct nova_pt *pt, u64 va,
					 u8 level)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt_node *node = pt->root;

	if (!node->linked)
		nova_pt_clear(bound, node);
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
	if (!pt->stale)
		return;
	nova_core_vram_flush(bound->core);
	nova_core_vram_set(bound->core, table->addr, 0, NV_MMU_TABLE_SIZE);
}

/* A large page that the range covers in part is split, one that it covers wholly is replaced. */
static void nova_pt_map_small(struct nova_bound *bound, struct nova_pt_node *pde0, u64 va,
			      u64 end, u64 pte)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt_node *table = nova_pt_descend(bound, pde0, va);
	bool large = pde0->large[nova_pt_index(pde0, va)];

	if (large && end - va < SZ_2M) {
		nova_pt_split(bound, pde0, va);
		large = false;
	}
	for (u64 page = va; page < end; page += SZ_4K) {
		nova_pt_write(bound, table, nova_pt_index(table, page), 0, pte);
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
 * mapped there before is replaced in place, after nova_pt_set_stale(); over
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
			nova_pt_map_small(bound, pde0, va, next,
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
		nova_core_vram_set(bound->core, table->addr +
				   nova_pt_index(table, va) * NV_MMU_PTE_SIZE, 0,
				   ((next - va) >> NV_MMU_PTE_4K_SHIFT) * NV_MMU_PTE_SIZE);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_pt_unmap);

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
