// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Video memory of buffers: the TTM manager that hands it out, and the CPU's
 * way of filling and emptying it.
 *
 * The manager is bookkeeping and works without the device.
 */
#include <kunit/visibility.h>
#include <linux/dma-resv.h>
#include <linux/error-injection.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>
#include <drm/ttm/ttm_tt.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_vram.h"

/* The GPU's larger pages. */
#define NOVA_VRAM_ALIGN		SZ_2M
#define NOVA_VRAM_ALIGN_64K	SZ_64K

/* Copied per stay inside the door: remove() waits no longer than this takes. */
#define NOVA_VRAM_BURST		SZ_1M

/* A contiguous part of a resource; made before it is placed, as placing needs no memory then. */
struct nova_vram_extent {
	struct list_head link;
	struct drm_mm_node node;
};

/**
 * struct nova_vram_resource - a buffer's video memory
 *
 * The extents are constant once it is made.
 */
struct nova_vram_resource {
	/** @base: base */
	struct ttm_resource base;
	/** @extents: struct nova_vram_extent, in the buffer's order */
	struct list_head extents;
	/** @cursor: of nova_vram_page(), and of nobody else; reservation of the buffer */
	struct nova_vram_cursor cursor;
};

#define to_nova_vram_resource(base_) container_of(base_, struct nova_vram_resource, base)

static struct nova_device *nova_vram_device(struct ttm_resource_manager *man)
{
	return container_of(man, struct nova_device, vram.manager);
}

static void nova_vram_remove(struct nova_device *ndev, struct nova_vram_resource *vres)
{
	struct nova_vram_extent *extent, *next;

	guard(mutex)(&ndev->vram.lock);
	list_for_each_entry_safe(extent, next, &vres->extents, link) {
		drm_mm_remove_node(&extent->node);
		kfree(extent);
	}
}

/* Extents are aligned for the largest page that fits in; small ones fill the gaps. */
static u64 nova_vram_align(u64 size)
{
	if (size >= NOVA_VRAM_ALIGN)
		return NOVA_VRAM_ALIGN;
	return size >= NOVA_VRAM_ALIGN_64K ? NOVA_VRAM_ALIGN_64K : 0;
}

/* Places as much as fits in one place, at most @size bytes. */
static int nova_vram_place(struct nova_device *ndev, struct nova_vram_extent *extent, u64 size)
{
	int ret;

	guard(mutex)(&ndev->vram.lock);
	for (;;) {
		ret = drm_mm_insert_node_generic(&ndev->vram.mm, &extent->node, size,
						 nova_vram_align(size), 0, DRM_MM_INSERT_BEST);
		if (ret != -ENOSPC || size == PAGE_SIZE)
			return ret;
		size = roundup_pow_of_two(size) / 2;
	}
}

static int nova_vram_insert(struct nova_device *ndev, struct nova_vram_resource *vres)
{
	u64 left = vres->base.size;
	struct nova_vram_extent *extent;
	int ret;

	for (; left; left -= extent->node.size) {
		extent = kzalloc_obj(*extent);
		if (!extent)
			return -ENOMEM;
		ret = nova_vram_place(ndev, extent, left);
		if (ret) {
			kfree(extent);
			return ret;
		}
		list_add_tail(&extent->link, &vres->extents);
	}
	return 0;
}

static int nova_vram_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *tbo,
			   const struct ttm_place *place, struct ttm_resource **res)
{
	struct nova_device *ndev = nova_vram_device(man);
	struct nova_vram_resource *vres;
	int ret;

	if (tbo->base.size > man->size)
		return -ENOSPC;

	vres = kzalloc_obj(*vres, GFP_KERNEL_ACCOUNT);
	if (!vres)
		return -ENOMEM;
	INIT_LIST_HEAD(&vres->extents);
	ttm_resource_init(tbo, place, &vres->base);

	ret = nova_vram_insert(ndev, vres);
	if (ret) {
		nova_vram_remove(ndev, vres);
		ttm_resource_fini(man, &vres->base);
		kfree(vres);
		return ret;
	}
	*res = &vres->base;
	return 0;
}

static void nova_vram_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	struct nova_vram_resource *vres = to_nova_vram_resource(res);

	nova_vram_remove(nova_vram_device(man), vres);
	ttm_resource_fini(man, res);
	kfree(vres);
}

static void nova_vram_debug(struct ttm_resource_manager *man, struct drm_printer *printer)
{
	struct nova_device *ndev = nova_vram_device(man);

	guard(mutex)(&ndev->vram.lock);
	drm_mm_print(&ndev->vram.mm, printer);
}

static const struct ttm_resource_manager_func nova_vram_func = {
	.alloc = nova_vram_alloc,
	.free = nova_vram_free,
	.debug = nova_vram_debug,
};

/**
 * nova_vram_init() - set up the manager
 * @ndev: the device, with its TTM device initialised
 *
 * Return: 0 or a negative error code; undone by nova_vram_fini().
 */
int nova_vram_init(struct nova_device *ndev)
{
	struct ttm_resource_manager *man = &ndev->vram.manager;
	u64 base = round_up(ndev->info.vram_start, NOVA_VRAM_ALIGN);
	u64 end = nova_device_tables_start(ndev);
	int ret;

	if (end < base + NOVA_VRAM_ALIGN) {
		drm_err(&ndev->drm, "video memory %#llx..%#llx is too small\n",
			ndev->info.vram_start, ndev->info.vram_end);
		return -ENODEV;
	}

	ret = drmm_mutex_init(&ndev->drm, &ndev->vram.lock);
	if (ret)
		return ret;
	/* It goes with the last reference, as buffers do; without the controller it is NULL. */
	man->cg = drmm_cgroup_register_region(&ndev->drm, "vram", end - base);
	if (IS_ERR(man->cg))
		return PTR_ERR(man->cg);
	drm_mm_init(&ndev->vram.mm, base, end - base);

	man->func = &nova_vram_func;
	ttm_resource_manager_init(man, &ndev->ttm, end - base);
	ttm_set_driver_manager(&ndev->ttm, TTM_PL_VRAM, man);
	ttm_resource_manager_set_used(man, true);
	return 0;
}
ALLOW_ERROR_INJECTION(nova_vram_init, ERRNO);

/**
 * nova_vram_fini() - undo nova_vram_init()
 * @ndev: the device, without buffers
 */
void nova_vram_fini(struct nova_device *ndev)
{
	struct ttm_resource_manager *man = &ndev->vram.manager;

	ttm_resource_manager_set_used(man, false);
	ttm_resource_manager_cleanup(man);
	ttm_set_driver_manager(&ndev->ttm, TTM_PL_VRAM, NULL);
	drm_mm_takedown(&ndev->vram.mm);
}

/**
 * nova_vram_addr() - where a byte of a buffer is
 * @res: the buffer's video memory
 * @cursor: the caller's own
 * @offset: the byte, inside the buffer
 * @size: out, bytes that follow contiguously; merged up to 2 MiB, the largest page of the GPU
 *
 * The caller holds the buffer's reservation, or keeps the buffer from moving by a fence in it.
 * Ascending offsets are cheap.
 *
 * Return: video-memory offset.
 */
u64 nova_vram_addr(struct ttm_resource *res, struct nova_vram_cursor *cursor, u64 offset,
		   u64 *size)
{
	struct nova_vram_resource *vres = to_nova_vram_resource(res);
	struct nova_vram_extent *extent = cursor->extent;
	u64 start = cursor->start;
	u64 addr;

	if (!extent || offset < start) {
		extent = list_first_entry(&vres->extents, struct nova_vram_extent, link);
		start = 0;
	}
	while (offset - start >= extent->node.size) {
		start += extent->node.size;
		extent = list_next_entry(extent, link);
	}
	cursor->extent = extent;
	cursor->start = start;

	addr = extent->node.start + (offset - start);
	*size = extent->node.size - (offset - start);
	list_for_each_entry_continue(extent, &vres->extents, link) {
		if (*size >= NOVA_VRAM_ALIGN || extent->node.start != addr + *size)
			break;
		*size += extent->node.size;
	}
	return addr;
}

/**
 * nova_vram_page() - the same for who looks for one page per call
 * @res: the buffer's video memory; the caller holds the buffer's reservation
 * @offset: the byte, inside the buffer
 *
 * A page fault does that for each page around it, so this keeps where it was.
 *
 * Return: video-memory offset.
 */
u64 nova_vram_page(struct ttm_resource *res, u64 offset)
{
	u64 size;

	dma_resv_assert_held(res->bo->base.resv);
	return nova_vram_addr(res, &to_nova_vram_resource(res)->cursor, offset, &size);
}
EXPORT_SYMBOL_IF_KUNIT(nova_vram_page);

/* One burst of a transfer between video memory and the pages of @tt, which is NULL for a clear. */
typedef void (*nova_vram_burst_fn)(struct nova_bound *bound, struct ttm_resource *res,
				   struct nova_vram_cursor *cursor, struct ttm_tt *tt,
				   u64 offset, u64 end);

static void nova_vram_burst_clear(struct nova_bound *bound, struct ttm_resource *res,
				  struct nova_vram_cursor *cursor, struct ttm_tt *tt, u64 offset,
				  u64 end)
	__must_hold_shared(nova_core_door)
{
	u64 addr, size;

	for (; offset < end; offset += size) {
		addr = nova_vram_addr(res, cursor, offset, &size);
		size = min(size, end - offset);
		nova_core_vram_set(bound->core, addr, 0, size);
	}
	nova_core_vram_flush(bound->core);
}

static void nova_vram_burst_write(struct nova_bound *bound, struct ttm_resource *res,
				  struct nova_vram_cursor *cursor, struct ttm_tt *tt, u64 offset,
				  u64 end)
	__must_hold_shared(nova_core_door)
{
	u64 addr, size;
	void *page;

	for (; offset < end; offset += PAGE_SIZE) {
		addr = nova_vram_addr(res, cursor, offset, &size);
		page = kmap_local_page(tt->pages[offset >> PAGE_SHIFT]);
		nova_core_vram_write(bound->core, addr, page, PAGE_SIZE);
		kunmap_local(page);
	}
	nova_core_vram_flush(bound->core);
}

static void nova_vram_burst_read(struct nova_bound *bound, struct ttm_resource *res,
				 struct nova_vram_cursor *cursor, struct ttm_tt *tt, u64 offset,
				 u64 end)
	__must_hold_shared(nova_core_door)
{
	u64 addr, size;
	void *page;

	for (; offset < end; offset += PAGE_SIZE) {
		addr = nova_vram_addr(res, cursor, offset, &size);
		page = kmap_local_page(tt->pages[offset >> PAGE_SHIFT]);
		nova_core_vram_read(bound->core, addr, page, PAGE_SIZE);
		kunmap_local(page);
	}
}

static int nova_vram_transfer(struct nova_device *ndev, struct ttm_resource *res,
			      struct ttm_tt *tt, nova_vram_burst_fn burst)
{
	struct nova_vram_cursor cursor = {};
	u64 offset, end;

	for (offset = 0; offset < res->size; offset = end) {
		struct nova_bound *bound;
		int idx;

		end = min_t(u64, offset + NOVA_VRAM_BURST, res->size);
		bound = nova_bound_enter(ndev, &idx);
		if (!bound)
			return -ENODEV;
		burst(bound, res, &cursor, tt, offset, end);
		nova_bound_exit(idx);
		cond_resched();
	}
	return 0;
}

/**
 * nova_vram_clear() - fill a buffer's video memory with zeros
 * @ndev: the device
 * @res: the memory; nobody uses it
 *
 * Enters the door, so it must not be called inside. The caller holds the buffer's reservation.
 *
 * Return: 0, or -ENODEV when the device is gone.
 */
int nova_vram_clear(struct nova_device *ndev, struct ttm_resource *res)
{
	return nova_vram_transfer(ndev, res, NULL, nova_vram_burst_clear);
}
EXPORT_SYMBOL_IF_KUNIT(nova_vram_clear);

/**
 * nova_vram_write() - copy a buffer's pages to video memory
 * @ndev: the device
 * @res: the destination; nobody uses it
 * @tt: the source, populated, not mapped for DMA
 *
 * As nova_vram_clear().
 *
 * Return: 0, or -ENODEV when the device is gone.
 */
int nova_vram_write(struct nova_device *ndev, struct ttm_resource *res, struct ttm_tt *tt)
{
	return nova_vram_transfer(ndev, res, tt, nova_vram_burst_write);
}

/**
 * nova_vram_read() - copy video memory to a buffer's pages
 * @ndev: the device
 * @res: the source; the GPU has done with it
 * @tt: the destination, populated, not mapped for DMA
 *
 * As nova_vram_clear().
 *
 * Return: 0, or -ENODEV when the device is gone; then part of the pages is left as it was.
 */
int nova_vram_read(struct nova_device *ndev, struct ttm_resource *res, struct ttm_tt *tt)
{
	return nova_vram_transfer(ndev, res, tt, nova_vram_burst_read);
}

/**
 * nova_vram_access() - read or write a few bytes, for a debugger
 * @ndev: the device
 * @res: the memory
 * @offset: first byte
 * @data: kernel memory to fill or to copy from
 * @size: bytes, inside the buffer
 * @write: the direction
 *
 * As nova_vram_clear().
 *
 * Return: 0, or -ENODEV when the device is gone.
 */
int nova_vram_access(struct nova_device *ndev, struct ttm_resource *res, u64 offset,
		     void *data, size_t size, bool write)
{
	struct nova_vram_cursor cursor = {};
	struct nova_bound *bound;
	u64 addr, piece;
	int idx;

	bound = nova_bound_enter(ndev, &idx);
	if (!bound)
		return -ENODEV;
	for (; size; size -= piece, offset += piece, data += piece) {
		addr = nova_vram_addr(res, &cursor, offset, &piece);
		piece = min_t(u64, piece, size);
		if (write)
			nova_core_vram_write(bound->core, addr, data, piece);
		else
			nova_core_vram_read(bound->core, addr, data, piece);
	}
	if (write)
		nova_core_vram_flush(bound->core);
	nova_bound_exit(idx);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_vram_access);
