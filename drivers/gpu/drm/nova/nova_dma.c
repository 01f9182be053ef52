// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * DMA mappings of buffers. They outlive neither the buffer nor the binding of the driver,
 * whichever ends first.
 *
 * Locks order: reservation -> nova_device.mappings.lock.
 */
#include <kunit/visibility.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/sizes.h>

#include <drm/drm_print.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_dma.h"
#include "nova_pm.h"

/**
 * nova_dma_init() - initialise a mapping
 * @map: the mapping, zeroed memory; unmapped afterwards
 */
void nova_dma_init(struct nova_dma_map *map)
{
	INIT_LIST_HEAD(&map->link);
}
EXPORT_SYMBOL_IF_KUNIT(nova_dma_init);

static void nova_dma_link(struct nova_bound *bound, struct nova_dma_map *map)
	__must_hold_shared(nova_core_door)
{
	struct nova_device *ndev = bound->ndev;

	guard(mutex)(&ndev->mappings.lock);
	map->cursor.sg = NULL;
	list_add_tail(&map->link, &ndev->mappings.list);
}

/*
 * Unmaps, if remove() has not done it before. An import's reservation is held.
 * It has to be complete when the lock is dropped: remove() looks at the list only.
 */
static void nova_dma_unmap_locked(struct nova_device *ndev, struct nova_dma_map *map)
	__must_hold(&ndev->mappings.lock)
{
	struct nova_bound *bound;

	lockdep_assert_held(&ndev->mappings.lock);

	if (list_empty(&map->link))
		return;
	bound = nova_bound_pin(ndev, &ndev->mappings.lock, &map->link);
	list_del_init(&map->link);

	if (map->attach) {
		if (map->sgt)
			dma_buf_unmap_attachment(map->attach, map->sgt, DMA_BIDIRECTIONAL);
		nova_core_audit_del(bound->core, &map->map.audit);
		nova_pm_release(ndev);
	} else {
		nova_core_unmap_sgt(bound->core, &map->map);
		sg_free_table(&map->pages);
	}
	map->sgt = NULL;
	nova_bound_unpin();
}

/**
 * nova_dma_map_pages() - map a buffer's own pages
 * @bound: from the door
 * @map: the mapping, unmapped
 * @pages: the pages
 * @count: how many
 *
 * The caller holds the buffer's reservation.
 *
 * Return: 0 or a negative error code.
 */
int nova_dma_map_pages(struct nova_bound *bound, struct nova_dma_map *map,
		       struct page **pages, unsigned long count)
{
	struct device *dev = nova_core_dma_dev(bound->core);
	size_t segment = min3((size_t)dma_get_max_seg_size(dev), dma_max_mapping_size(dev),
			      (size_t)SZ_2G);
	int ret;

	if (drm_WARN_ON(&bound->ndev->drm, map->sgt))
		return -EBUSY;

	ret = sg_alloc_table_from_pages_segment(&map->pages, pages, count, 0, count << PAGE_SHIFT,
						segment, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	ret = nova_core_map_sgt(bound->core, &map->map, &map->pages);
	if (ret) {
		sg_free_table(&map->pages);
		return ret;
	}
	map->sgt = &map->pages;
	nova_dma_link(bound, map);
	return 0;
}

/* An exporter may be anybody: its table must cover the buffer in whole pages. */
VISIBLE_IF_KUNIT int nova_dma_check_import(const struct sg_table *sgt, u64 size)
{
	struct scatterlist *sg;
	u64 total = 0;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (!PAGE_ALIGNED(sg_dma_address(sg)) || !PAGE_ALIGNED(sg_dma_len(sg)))
			return -EINVAL;
		total += sg_dma_len(sg);
	}
	return total < size ? -EINVAL : 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_dma_check_import);

/**
 * nova_dma_map_import() - map another device's buffer
 * @ndev: the device
 * @map: the mapping, unmapped
 * @attach: our attachment to the dma-buf; stays until the mapping was undone by nova_dma_unmap()
 *
 * May wait for the exporter, so it must not be called inside the door. The caller
 * holds the dma-buf's reservation. Whatever is returned, nova_dma_unmap() is to be called.
 *
 * Return: 0, -ENODEV when the device is gone, or a negative error code.
 */
int nova_dma_map_import(struct nova_device *ndev, struct nova_dma_map *map,
			struct dma_buf_attachment *attach)
{
	struct nova_bound *bound;
	struct sg_table *sgt;
	int idx;

	dma_resv_assert_held(attach->dmabuf->resv);

	bound = nova_bound_enter(ndev, &idx);
	if (!bound)
		return -ENODEV;
	nova_pm_hold(ndev);	/* the exporter may take it away when nobody can be woken */
	map->attach = attach;
	nova_core_audit_add(bound->core, &map->map.audit, "dma-buf import");
	nova_dma_link(bound, map);
	nova_bound_exit(idx);

	/* Linked, and the reservation held: remove() cannot end before we are done here. */
	sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);

	guard(mutex)(&ndev->mappings.lock);
	map->sgt = sgt;
	return nova_dma_check_import(sgt, attach->dmabuf->size);
}

/**
 * nova_dma_unmap() - undo a mapping, or what remove() left of it
 * @ndev: the device
 * @map: the mapping; nothing happens if it is unmapped
 *
 * The caller holds the buffer's reservation, and the GPU uses the buffer no
 * more. Needs no hardware; works after remove().
 */
void nova_dma_unmap(struct nova_device *ndev, struct nova_dma_map *map)
{
	guard(mutex)(&ndev->mappings.lock);
	nova_dma_unmap_locked(ndev, map);
}

/* A reference on the dma-buf of any import that is left, or NULL. */
static struct dma_buf *nova_dma_first_import(struct nova_device *ndev)
{
	struct nova_dma_map *map;

	guard(mutex)(&ndev->mappings.lock);
	map = list_first_entry_or_null(&ndev->mappings.list, struct nova_dma_map, link);
	if (!map)
		return NULL;
	/* While it is linked its buffer cannot have died and let go of the dma-buf. */
	get_dma_buf(map->attach->dmabuf);
	return map->attach->dmabuf;
}

static void nova_dma_unmap_imports_of(struct nova_device *ndev, struct dma_buf *dma_buf)
{
	struct nova_dma_map *map, *next;

	dma_resv_lock(dma_buf->resv, NULL);
	mutex_lock(&ndev->mappings.lock);
	list_for_each_entry_safe(map, next, &ndev->mappings.list, link) {
		if (map->attach->dmabuf == dma_buf)
			nova_dma_unmap_locked(ndev, map);
	}
	mutex_unlock(&ndev->mappings.lock);
	dma_resv_unlock(dma_buf->resv);
}

/**
 * nova_dma_unmap_all() - undo all mappings
 * @bound: what is going to be freed
 *
 * Called by remove() after drm_dev_unplug(), when the GPU has stopped: no
 * mapping can be added any more, buffers may die meanwhile. When it returns,
 * nothing is mapped and no buffer refers to @bound.
 *
 * Imports need the reservation of their dma-buf, which comes before our lock;
 * so they are found under the lock, kept by a reference, and looked for again.
 */
void nova_dma_unmap_all(struct nova_bound *bound)
{
	struct nova_device *ndev = bound->ndev;
	struct nova_dma_map *map, *next;
	struct dma_buf *dma_buf;

	mutex_lock(&ndev->mappings.lock);
	list_for_each_entry_safe(map, next, &ndev->mappings.list, link) {
		if (!map->attach)
			nova_dma_unmap_locked(ndev, map);
	}
	mutex_unlock(&ndev->mappings.lock);

	while ((dma_buf = nova_dma_first_import(ndev))) {
		nova_dma_unmap_imports_of(ndev, dma_buf);
		dma_buf_put(dma_buf);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_dma_unmap_all);

/**
 * nova_dma_addr() - DMA address of a byte of a mapped buffer
 * @map: the mapping, mapped
 * @offset: the byte, inside the buffer
 * @size: out, bytes that follow contiguously; merged up to 2 MiB, the largest page of the GPU
 *
 * Called inside the door with the buffer's reservation held. Ascending offsets are cheap.
 *
 * Return: the DMA address.
 */
u64 nova_dma_addr(struct nova_dma_map *map, u64 offset, u64 *size)
{
	return nova_dma_addr_at(map, &map->cursor, offset, size);
}
EXPORT_SYMBOL_IF_KUNIT(nova_dma_addr);

/**
 * nova_dma_addr_at() - the same for who has no reservation, but keeps the buffer from moving
 * @map: the mapping, mapped
 * @cursor: the caller's own
 * @offset: the byte, inside the buffer
 * @size: out, bytes that follow contiguously
 *
 * Return: the DMA address.
 */
u64 nova_dma_addr_at(const struct nova_dma_map *map, struct nova_dma_cursor *cursor, u64 offset,
		     u64 *size)
{
	struct scatterlist *sg = cursor->sg;
	unsigned int index = cursor->index;
	u64 start = cursor->start;
	u64 addr;

	if (!sg || offset < start) {
		sg = map->sgt->sgl;
		index = 0;
		start = 0;
	}
	while (offset - start >= sg_dma_len(sg)) {
		start += sg_dma_len(sg);
		sg = sg_next(sg);
		index++;
	}
	cursor->sg = sg;
	cursor->index = index;
	cursor->start = start;

	addr = sg_dma_address(sg) + (offset - start);
	*size = sg_dma_len(sg) - (offset - start);
	while (*size < SZ_2M && ++index < map->sgt->nents) {
		sg = sg_next(sg);
		if (sg_dma_address(sg) != addr + *size)
			break;
		*size += sg_dma_len(sg);
	}
	return addr;
}
