// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Memory that the device reaches by DMA. Each piece is in the audit registry. */
#include <linux/dma-mapping.h>
#include <linux/error-injection.h>
#include <linux/instruction_pointer.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/pci.h>

#include "nova_core_audit.h"
#include "nova_core_dma.h"
#include "regs/nv_host.h"

/*
 * Page-table entries could hold 58 address bits; the physical address bus of
 * the modelled generation has 47. A channel's USERD, which is coherent memory,
 * has to be where the channel can name it.
 */
#define NOVA_CORE_DMA_BITS	47

int nova_core_dma_init(struct nova_core *core)
{
	int bits = NOVA_CORE_DMA_BITS;
	int ret;

	ret = dma_set_mask(core->dev, DMA_BIT_MASK(bits));
	if (!ret) {
		bits = NV_USERD_ADDR_BITS;
		ret = dma_set_coherent_mask(core->dev, DMA_BIT_MASK(bits));
	}
	if (ret)
		return dev_err_probe(core->dev, ret, "no DMA with %d address bits\n", bits);

	/* Scatterlists become page-table entries, which have no length limit. */
	dma_set_max_seg_size(core->dev, UINT_MAX);
	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_dma_init, ERRNO);

/**
 * nova_core_dma_alloc() - allocate coherent system memory for the device
 * @core: the GPU
 * @dma: filled in
 * @size: bytes
 * @gfp: how to allocate; GFP_KERNEL_ACCOUNT on behalf of a client
 *
 * The memory is zeroed and page aligned. Works on a lost device too.
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
noinline int nova_core_dma_alloc(struct nova_core *core, struct nova_core_dma *dma, size_t size,
				 gfp_t gfp)
{
	dma->cpu = dma_alloc_coherent(core->dev, size, &dma->addr, gfp);
	if (!dma->cpu)
		return -ENOMEM;

	dma->size = size;
	nova_core_audit_add_at(core, &dma->audit, "DMA buffer", _RET_IP_);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(nova_core_dma_alloc, "NOVA_CORE");

/**
 * nova_core_dma_free() - free memory of nova_core_dma_alloc()
 * @core: the GPU
 * @dma: the memory; nothing happens if it was never allocated or is freed already
 *
 * The device must have stopped using it. Needs no hardware.
 * Context: may sleep.
 */
void nova_core_dma_free(struct nova_core *core, struct nova_core_dma *dma)
{
	if (!dma->cpu)
		return;

	dma_free_coherent(core->dev, dma->size, dma->cpu, dma->addr);
	dma->cpu = NULL;
	nova_core_audit_del(core, &dma->audit);
}
EXPORT_SYMBOL_NS_GPL(nova_core_dma_free, "NOVA_CORE");

/**
 * nova_core_dma_pfn() - a page of memory of nova_core_dma_alloc()
 * @dma: the memory
 * @offset: a byte in it
 *
 * For mapping it to user space with the caching that it has, the ordinary one: the device takes
 * part in the coherence of caches. The mapping has to go before nova_core_dma_free().
 *
 * Return: the page frame number.
 */
unsigned long nova_core_dma_pfn(const struct nova_core_dma *dma, size_t offset)
{
	const void *addr = dma->cpu + offset;

	return page_to_pfn(is_vmalloc_addr(addr) ? vmalloc_to_page(addr) : virt_to_page(addr));
}
EXPORT_SYMBOL_NS_GPL(nova_core_dma_pfn, "NOVA_CORE");

static enum dma_data_direction nova_core_map_direction(const struct nova_core_map *map)
{
	return map->readonly ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL;
}

static unsigned long nova_core_map_attrs(const struct nova_core_map *map)
{
	return map->shared ? DMA_ATTR_REQUIRE_COHERENT : 0;
}

/**
 * nova_core_map_sgt() - map somebody's pages for DMA
 * @core: the GPU
 * @map: filled in; must be unmapped (its sgt NULL)
 * @sgt: the pages; stays with the caller, and must stay until nova_core_unmap_sgt()
 *
 * Both directions, unless @map is readonly. Works on a lost device too.
 * Context: may sleep.
 * Return: 0, -EBUSY if @map is in use, or what dma_map_sgtable() returns.
 */
noinline int nova_core_map_sgt(struct nova_core *core, struct nova_core_map *map,
			       struct sg_table *sgt)
{
	int ret;

	if (WARN_ON_ONCE(map->sgt))
		return -EBUSY;

	ret = dma_map_sgtable(core->dev, sgt, nova_core_map_direction(map),
			      nova_core_map_attrs(map));
	if (ret)
		return ret;

	map->sgt = sgt;
	nova_core_audit_add_at(core, &map->audit, "DMA mapping", _RET_IP_);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(nova_core_map_sgt, "NOVA_CORE");

/**
 * nova_core_unmap_sgt() - undo nova_core_map_sgt()
 * @core: the GPU
 * @map: the mapping; nothing happens if there is none
 *
 * The device must have stopped using it. Needs no hardware.
 * Context: may sleep.
 */
void nova_core_unmap_sgt(struct nova_core *core, struct nova_core_map *map)
{
	if (!map->sgt)
		return;

	dma_unmap_sgtable(core->dev, map->sgt, nova_core_map_direction(map),
			  nova_core_map_attrs(map));
	map->sgt = NULL;
	nova_core_audit_del(core, &map->audit);
}
EXPORT_SYMBOL_NS_GPL(nova_core_unmap_sgt, "NOVA_CORE");

/**
 * nova_core_dma_dev() - the device to do DMA with
 * @core: the GPU
 *
 * For helpers that want a struct device, such as dma-buf attachments. What is
 * mapped through it is not in the audit registry.
 * Return: the PCI device's struct device; valid while the client is bound.
 */
struct device *nova_core_dma_dev(const struct nova_core *core)
{
	return core->dev;
}
EXPORT_SYMBOL_NS_GPL(nova_core_dma_dev, "NOVA_CORE");
