// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Memory of page tables: a range carved out of video memory at probe. Each table of 4 KiB has one
 * of 256 bytes that goes with it, for pages of 64 KiB: so who has the one has the other, and what
 * makes sure of the one makes sure of both.
 */
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/error-injection.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "regs/nv_mmu.h"

#include "nova_device.h"
#include "nova_pt.h"

/* Share of video memory for page tables, and its bounds. */
#define NOVA_PT_SHARE		16
#define NOVA_PT_MIN		SZ_1M
#define NOVA_PT_MAX		SZ_64M

/* What a table takes, with the small one. */
#define NOVA_PT_TABLE_SIZE	(NV_MMU_TABLE_SIZE + NV_MMU_PTE_64K_TABLE_SIZE)

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
	ndev->tables.count = nova_pt_tables_size(ndev) / NOVA_PT_TABLE_SIZE;
	ndev->tables.used = drmm_kcalloc(&ndev->drm, BITS_TO_LONGS(ndev->tables.count),
					 sizeof(*ndev->tables.used), GFP_KERNEL);
	if (!ndev->tables.used)
		return -ENOMEM;
	return drmm_add_action_or_reset(&ndev->drm, nova_pt_tables_fini, ndev);
}
ALLOW_ERROR_INJECTION(nova_pt_tables_init, ERRNO);

/**
 * nova_pt_table_take() - video memory for a table
 * @ndev: the device
 * @addr: out, video-memory offset
 *
 * Needs no other memory.
 *
 * Return: 0, or -ENOSPC when there is no more.
 */
int nova_pt_table_take(struct nova_device *ndev, u64 *addr)
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

/**
 * nova_pt_table_put() - give it back
 * @ndev: the device
 * @addr: from nova_pt_table_take()
 */
void nova_pt_table_put(struct nova_device *ndev, u64 addr)
{
	guard(spinlock)(&ndev->tables.lock);
	__clear_bit((addr - nova_device_tables_start(ndev)) / NV_MMU_TABLE_SIZE,
		    ndev->tables.used);
}

/**
 * nova_pt_table_64k() - the small table that goes with a table
 * @ndev: the device
 * @addr: from nova_pt_table_take()
 *
 * Return: its video-memory offset.
 */
u64 nova_pt_table_64k(const struct nova_device *ndev, u64 addr)
{
	u64 start = nova_device_tables_start(ndev);

	return start + (u64)ndev->tables.count * NV_MMU_TABLE_SIZE +
	       (addr - start) / NV_MMU_TABLE_SIZE * NV_MMU_PTE_64K_TABLE_SIZE;
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
