// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Video memory while the machine sleeps: an image in system memory, by place. So page tables need
 * not change, and buffers that must not move need not.
 *
 * Nobody uses the device meanwhile. Buffers may die, no new one gets a place. Processes may lose
 * memory that is bound: its entries are cleared before an engine can find them again.
 */
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <drm/drm_mm.h>

#include "regs/nv_mmu.h"

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_pm.h"
#include "nova_pt.h"

/* Large enough to be few, and small enough to be found. */
#define NOVA_PM_PIECE	SZ_4M

#define NOVA_PM_GFP	(GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

/* A piece of video memory, and what was in it. */
struct nova_pm_piece {
	struct list_head link;
	u64 addr;
	size_t size;
	void *data;
};

struct nova_pm_range {
	u64 addr;
	u64 size;
};

static int nova_pm_save_piece(struct nova_bound *bound, u64 addr, size_t size)
	__must_hold_shared(nova_core_door)
{
	struct nova_pm_piece *piece = kmalloc_obj(*piece, NOVA_PM_GFP);

	if (!piece)
		return -ENOMEM;
	piece->data = __vmalloc(size, NOVA_PM_GFP);
	if (!piece->data) {
		kfree(piece);
		return -ENOMEM;
	}
	piece->addr = addr;
	piece->size = size;
	nova_core_vram_read(bound->core, addr, piece->data, size);
	list_add_tail(&piece->link, &bound->ndev->pm.image);
	return 0;
}

static int nova_pm_save_range(struct nova_bound *bound, u64 addr, u64 size)
	__must_hold_shared(nova_core_door)
{
	u64 end = addr + size;
	int ret = 0;

	for (; !ret && addr < end; addr += size) {
		size = min_t(u64, end - addr, NOVA_PM_PIECE);
		ret = nova_pm_save_piece(bound, addr, size);
	}
	return ret;
}

static int nova_pm_save_tables(struct nova_bound *bound)
	__must_hold_shared(nova_core_door)
{
	struct nova_device *ndev = bound->ndev;
	unsigned long first, end;
	u64 addr, count;
	int ret;

	/* Without its lock: none is taken or given back but inside the door. */
	for_each_set_bitrange(first, end, ndev->tables.used, ndev->tables.count) {
		addr = nova_device_tables_start(ndev) + (u64)first * NV_MMU_TABLE_SIZE;
		count = end - first;
		/* Each has a table of 64 KiB pages, too, somewhere else, in the same order. */
		ret = nova_pm_save_range(bound, addr, count * NV_MMU_TABLE_SIZE) ?:
		      nova_pm_save_range(bound, nova_pt_table_64k(ndev, addr),
					 count * NV_MMU_PTE_64K_TABLE_SIZE);
		if (ret)
			return ret;
	}
	return 0;
}

static size_t nova_pm_count_ranges(struct nova_device *ndev)
{
	struct drm_mm_node *node;
	size_t count = 0;

	guard(mutex)(&ndev->vram.lock);
	drm_mm_for_each_node(node, &ndev->vram.mm)
		count++;
	return count;
}

/* Buffers: a list of their places first, as nothing is allocated under the lock. */
static int nova_pm_save_buffers(struct nova_bound *bound)
	__must_hold_shared(nova_core_door)
{
	struct nova_device *ndev = bound->ndev;
	size_t count = nova_pm_count_ranges(ndev), used = 0;
	struct nova_pm_range *ranges = kvmalloc_array(count, sizeof(*ranges), NOVA_PM_GFP);
	struct drm_mm_node *node;
	int ret = 0;

	if (!ranges)
		return -ENOMEM;
	scoped_guard(mutex, &ndev->vram.lock) {
		drm_mm_for_each_node(node, &ndev->vram.mm) {
			if (used == count)
				break;
			ranges[used].addr = node->start;
			ranges[used++].size = node->size;
		}
	}
	for (size_t i = 0; !ret && i < used; i++)
		ret = nova_pm_save_range(bound, ranges[i].addr, ranges[i].size);
	kvfree(ranges);
	return ret;
}

/**
 * nova_pm_save() - keep what is in video memory
 * @data: the bound device
 *
 * Return: 0 or -ENOMEM.
 */
int nova_pm_save(void *data)
{
	struct nova_bound *bound = data;
	int ret;

	nova_pm_go_away(bound->ndev);
	/* What it has in video memory nobody is going to have back. */
	if (nova_core_is_broken(bound->core))
		return 0;
	ret = nova_pm_save_tables(bound) ?: nova_pm_save_buffers(bound);
	if (ret)
		nova_pm_image_free(bound->ndev);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_pm_save);

/**
 * nova_pm_restore() - put it back
 * @data: the bound device; the engines have not begun
 *
 * Without an image video memory is as it was.
 */
void nova_pm_restore(void *data)
{
	struct nova_bound *bound = data;
	struct nova_pm_piece *piece;

	list_for_each_entry(piece, &bound->ndev->pm.image, link)
		nova_core_vram_write(bound->core, piece->addr, piece->data, piece->size);
	nova_core_vram_flush(bound->core);
	nova_pm_image_free(bound->ndev);
	nova_pm_come_back(bound);
}
EXPORT_SYMBOL_IF_KUNIT(nova_pm_restore);

/**
 * nova_pm_image_free() - it is in video memory again, or nobody wants it
 * @ndev: the device
 */
void nova_pm_image_free(struct nova_device *ndev)
{
	struct nova_pm_piece *piece, *next;

	list_for_each_entry_safe(piece, next, &ndev->pm.image, link) {
		list_del(&piece->link);
		vfree(piece->data);
		kfree(piece);
	}
}
