// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The two BARs: registers (BAR0) and video memory (BAR1), mapped once each.
 *
 * Nothing above nova-core gets a pointer into either; video memory is reached
 * through the bounds-checked accessors at the end of this file.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/error-injection.h>
#include <linux/pci.h>

#include "nova_core_audit.h"
#include "nova_core_bar.h"
#include "regs/nv_pmc.h"
#include "regs/nv_vf.h"

#define NOVA_CORE_BAR_REGS	0
#define NOVA_CORE_BAR_VRAM	1	/* 64 bits wide, takes two slots */

static noinline __noipa int nova_core_bar_check(struct nova_core *core, int bar, u64 min_size)
{
	struct pci_dev *pdev = core->pdev;

	if (!(pci_resource_flags(pdev, bar) & IORESOURCE_MEM))
		return dev_err_probe(core->dev, -ENODEV, "BAR%d is no memory BAR\n", bar);
	if (pci_resource_len(pdev, bar) < min_size)
		return dev_err_probe(core->dev, -ENODEV, "BAR%d has 0x%llx bytes, 0x%llx needed\n",
				     bar, (u64)pci_resource_len(pdev, bar), min_size);

	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_bar_check, ERRNO);

/* Claims and maps both BARs; touches neither. */
int nova_core_bar_init(struct nova_core *core)
{
	struct pci_dev *pdev = core->pdev;
	int ret;

	ret = nova_core_bar_check(core, NOVA_CORE_BAR_REGS, NV_BAR0_SIZE);
	if (ret)
		return ret;
	ret = nova_core_bar_check(core, NOVA_CORE_BAR_VRAM, PAGE_SIZE);
	if (ret)
		return ret;

	ret = pci_request_mem_regions(pdev, "nova_core");
	if (ret)
		return dev_err_probe(core->dev, ret, "BARs are claimed by somebody else\n");

	core->regs = pci_ioremap_bar(pdev, NOVA_CORE_BAR_REGS);
	if (!core->regs) {
		ret = dev_err_probe(core->dev, -ENOMEM, "cannot map the registers\n");
		goto release_regions;
	}

	core->info.bar1_base = pci_resource_start(pdev, NOVA_CORE_BAR_VRAM);
	core->info.bar1_size = pci_resource_len(pdev, NOVA_CORE_BAR_VRAM);
	core->info.usermode_base = pci_resource_start(pdev, NOVA_CORE_BAR_REGS) +
				   NV_USERMODE_ALIAS;
	core->vram = ioremap_wc(core->info.bar1_base, core->info.bar1_size);
	if (!core->vram) {
		ret = dev_err_probe(core->dev, -ENOMEM, "cannot map video memory\n");
		goto unmap_regs;
	}

	nova_core_audit_add(core, &core->bar_audit, "BAR mapping");
	return 0;

unmap_regs:
	iounmap(core->regs);
	core->regs = NULL;
release_regions:
	pci_release_mem_regions(pdev);
	return ret;
}
ALLOW_ERROR_INJECTION(nova_core_bar_init, ERRNO);

/* The caller has made sure that no user of the mappings is left. */
void nova_core_bar_fini(struct nova_core *core)
{
	iounmap(core->vram);
	core->vram = NULL;
	iounmap(core->regs);
	core->regs = NULL;
	pci_release_mem_regions(core->pdev);
	nova_core_audit_del(core, &core->bar_audit);
}

/* Registers may be touched from here on; the device decodes and may do DMA. */
void nova_core_bar_open(struct nova_core *core)
{
	WRITE_ONCE(core->regs_open, true);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_bar_open);

/* No register may be touched any more. */
void nova_core_bar_close(struct nova_core *core)
{
	WRITE_ONCE(core->regs_open, false);
}

/*
 * Tells whether the device still answers, and marks it lost if it does not. To
 * be called when a register that cannot hold all ones read as such: BOOT_0
 * never does on a device that is there.
 */
bool nova_core_bar_lost(struct nova_core *core)
{
	if (test_bit(NOVA_CORE_LOST, &core->broken))
		return true;
	if (pci_dev_is_disconnected(core->pdev)) {
		nova_core_mark_lost(core, "disconnected");
		return true;
	}
	if (nova_core_rd32(core, NV_PMC_BOOT_0) == NOVA_CORE_ALL_ONES) {
		nova_core_mark_lost(core, "registers read as all ones");
		return true;
	}

	return false;
}

static bool nova_core_vram_ok(struct nova_core *core, u64 offset, size_t size)
	__must_hold_shared(nova_core_door)
{
	nova_core_assert_access(core);
	if (WARN_ON_ONCE(offset > core->vram_size || size > core->vram_size - offset))
		return false;

	return !test_bit(NOVA_CORE_LOST, &core->broken);
}

/**
 * nova_core_vram_set() - fill video memory with a byte
 * @core: the GPU
 * @offset: where to begin
 * @value: the byte
 * @size: number of bytes
 *
 * Goes through a write-combining mapping: call nova_core_vram_flush() before
 * the GPU is made to look. Does nothing on a lost device or out of range (with
 * a warning).
 * Context: any.
 */
void nova_core_vram_set(struct nova_core *core, u64 offset, u8 value, size_t size)
{
	KUNIT_STATIC_STUB_REDIRECT(nova_core_vram_set, core, offset, value, size);

	if (nova_core_vram_ok(core, offset, size))
		memset_io(core->vram + offset, value, size);
}
EXPORT_SYMBOL_NS_GPL(nova_core_vram_set, "NOVA_CORE");

/**
 * nova_core_vram_write() - copy into video memory
 * @core: the GPU
 * @offset: destination
 * @from: source
 * @size: number of bytes
 *
 * As nova_core_vram_set().
 * Context: any.
 */
void nova_core_vram_write(struct nova_core *core, u64 offset, const void *from, size_t size)
{
	if (nova_core_vram_ok(core, offset, size))
		memcpy_toio(core->vram + offset, from, size);
}
EXPORT_SYMBOL_NS_GPL(nova_core_vram_write, "NOVA_CORE");

/**
 * nova_core_vram_read() - copy out of video memory
 * @core: the GPU
 * @offset: source
 * @to: destination
 * @size: number of bytes
 *
 * Gives all ones on a lost device or out of range (with a warning).
 * Context: any; slow, the mapping is uncached.
 */
void nova_core_vram_read(struct nova_core *core, u64 offset, void *to, size_t size)
{
	if (nova_core_vram_ok(core, offset, size))
		memcpy_fromio(to, core->vram + offset, size);
	else
		memset(to, 0xff, size);
}
EXPORT_SYMBOL_NS_GPL(nova_core_vram_read, "NOVA_CORE");

/**
 * nova_core_vram_read64() - load one little-endian quadword
 * @core: the GPU
 * @offset: source, 8-byte aligned
 *
 * One access, so what the GPU writes at once is never read in halves.
 *
 * Return: the value; all ones on a lost device or out of range (with a warning).
 */
u64 nova_core_vram_read64(struct nova_core *core, u64 offset)
{
	if (WARN_ON_ONCE(!IS_ALIGNED(offset, sizeof(u64))) ||
	    !nova_core_vram_ok(core, offset, sizeof(u64)))
		return ~0ull;
	return readq(core->vram + offset);
}
EXPORT_SYMBOL_NS_GPL(nova_core_vram_read64, "NOVA_CORE");

/**
 * nova_core_vram_write64() - store one little-endian quadword
 * @core: the GPU
 * @offset: destination, 8-byte aligned
 * @value: the value
 *
 * One access, so a page-table entry changes at once. Otherwise as
 * nova_core_vram_set().
 * Context: any.
 */
void nova_core_vram_write64(struct nova_core *core, u64 offset, u64 value)
{
	KUNIT_STATIC_STUB_REDIRECT(nova_core_vram_write64, core, offset, value);

	if (WARN_ON_ONCE(!IS_ALIGNED(offset, sizeof(u64))))
		return;
	if (nova_core_vram_ok(core, offset, sizeof(u64)))
		writeq(value, core->vram + offset);
}
EXPORT_SYMBOL_NS_GPL(nova_core_vram_write64, "NOVA_CORE");

/**
 * nova_core_vram_flush() - make earlier writes to video memory visible to the GPU
 * @core: the GPU
 *
 * Drains the CPU's write-combining buffers, then reads back: a read does not
 * pass posted writes on the bus.
 * Context: any.
 */
void nova_core_vram_flush(struct nova_core *core)
{
	nova_core_assert_access(core);
	if (test_bit(NOVA_CORE_LOST, &core->broken))
		return;

	/* Write-combining buffers empty first. */
	wmb();
	readl(core->vram);
}
EXPORT_SYMBOL_NS_GPL(nova_core_vram_flush, "NOVA_CORE");
