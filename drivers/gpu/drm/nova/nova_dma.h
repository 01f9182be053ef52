/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_DMA_H_
#define _NOVA_DMA_H_

#include <linux/list.h>
#include <linux/scatterlist.h>

#include <linux/nova_core.h>

struct dma_buf_attachment;
struct nova_bound;
struct nova_device;

/**
 * struct nova_dma_cursor - where the last lookup in a mapping ended
 *
 * All zero before the first.
 */
struct nova_dma_cursor {
	/** @sg: entry of the table, NULL: begin at the first */
	struct scatterlist *sg;
	/** @index: its number */
	unsigned int index;
	/** @start: bytes before it */
	u64 start;
};

/**
 * struct nova_dma_map - DMA mapping of a buffer's pages
 *
 * Linked to nova_device.mappings while mapped. remove() unmaps all that are
 * left; whoever gets the lock first does it, so a buffer can die at any time.
 *
 * An import is linked even before it is mapped, because mapping it may wait
 * for the exporter and so happens outside the door. remove() takes the
 * dma-buf's reservation, which the importer holds, and then unmaps.
 */
struct nova_dma_map {
	/** @link: on nova_device.mappings.list while mapped or being mapped */
	struct list_head link;
	/** @map: nova-core's side; of an import only its audit entry is used */
	struct nova_core_map map;
	/** @pages: the table of our own pages */
	struct sg_table pages;
	/** @sgt: the table with DMA addresses while mapped: @pages or the exporter's */
	struct sg_table *sgt;
	/** @attach: of an import, whose table is given back at unmap; else NULL */
	struct dma_buf_attachment *attach;
	/** @cursor: of nova_dma_addr(); buffer's reservation */
	struct nova_dma_cursor cursor;
};

void nova_dma_init(struct nova_dma_map *map);
int nova_dma_map_pages(struct nova_bound *bound, struct nova_dma_map *map,
		       struct page **pages, unsigned long count)
	__must_hold_shared(nova_core_door);
int nova_dma_map_import(struct nova_device *ndev, struct nova_dma_map *map,
			struct dma_buf_attachment *attach)
	__must_not_hold(nova_core_door);
void nova_dma_unmap(struct nova_device *ndev, struct nova_dma_map *map);
void nova_dma_unmap_all(struct nova_bound *bound)
	__must_hold(nova_core_door);
u64 nova_dma_addr(struct nova_dma_map *map, u64 offset, u64 *size);
u64 nova_dma_addr_at(const struct nova_dma_map *map, struct nova_dma_cursor *cursor, u64 offset,
		     u64 *size);

#if IS_ENABLED(CONFIG_KUNIT)
int nova_dma_check_import(const struct sg_table *sgt, u64 size);
#endif

#endif /* _NOVA_DMA_H_ */
