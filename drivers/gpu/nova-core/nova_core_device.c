// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * One GPU: what is brought up in which order, what is taken down in which
 * order, and the two ways it can break in between.
 */
#include <kunit/visibility.h>
#include <linux/auxiliary_bus.h>
#include <linux/error-injection.h>
#include <linux/idr.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "nova_core_audit.h"
#include "nova_core_bar.h"
#include "nova_core_chan.h"
#include "nova_core_client.h"
#include "nova_core_device.h"
#include "nova_core_dma.h"
#include "nova_core_fault.h"
#include "nova_core_fw.h"
#include "nova_core_irq.h"
#include "nova_core_mmu.h"
#include "nova_core_reset.h"
#include "nova_core_rpc.h"
#include "nova_core_timer.h"
#include "regs/nv_pmc.h"

/* Numbers in auxiliary device names; empty when no GPU is bound. */
static DEFINE_IDA(nova_core_aux_ids);

/* 0, -ENODEV when the device is lost, -ETIMEDOUT when it is dead. Any context. */
int nova_core_state(const struct nova_core *core)
{
	unsigned long broken = READ_ONCE(core->broken);

	if (!broken)
		return 0;

	return broken & BIT(NOVA_CORE_LOST) ? -ENODEV : -ETIMEDOUT;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_state);

/*
 * Whoever sees the device broken frees memory that it was using, so it must be
 * unable to do DMA by then.
 */
static void nova_core_break(struct nova_core *core, int bit, const char *what, const char *why)
{
	if (test_bit(bit, &core->broken))
		return;

	pci_clear_master(core->pdev);
	if (test_and_set_bit(bit, &core->broken))
		return;

	dev_err(core->dev, "%s: %s\n", what, why);
	wake_up_all(&core->wait);
	nova_core_client_notify(core);
}

/* It fell off the bus, or somebody reset it: no register may be touched. Thread context. */
void nova_core_mark_lost(struct nova_core *core, const char *why)
{
	nova_core_break(core, NOVA_CORE_LOST, "device is lost", why);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_mark_lost);

/*
 * The firmware may have done what it was told without a reply that says so, and no register may be
 * touched then until bus mastering goes from off to on.
 */
static void nova_core_end_silence(struct nova_core *core)
{
	pci_clear_master(core->pdev);
	pci_set_master(core->pdev);
}

/*
 * It is there but does not do as it is told: nothing is asked of it, until nova_core_recover(). The
 * engines stop first: bus mastering does not keep them from video memory. Thread context.
 */
void nova_core_mark_dead(struct nova_core *core, const char *why)
{
	if (!nova_core_state(core) && nova_core_reset_armed(core)) {
		if (READ_ONCE(core->pm.silent))
			nova_core_end_silence(core);
		nova_core_fw_write_halt(core);
	}
	nova_core_break(core, NOVA_CORE_DEAD, "device is dead", why);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_mark_dead);

/**
 * nova_core_is_lost() - has the device fallen off the bus?
 * @core: the GPU
 *
 * Cheap: looks at no register. Once true it stays true.
 * Context: may sleep.
 * Return: true if calls that need the hardware fail with -ENODEV.
 */
bool nova_core_is_lost(struct nova_core *core)
{
	if (pci_dev_is_disconnected(core->pdev))
		nova_core_mark_lost(core, "disconnected");

	return test_bit(NOVA_CORE_LOST, &core->broken);
}
EXPORT_SYMBOL_NS_GPL(nova_core_is_lost, "NOVA_CORE");

/**
 * nova_core_is_broken() - is the device lost, or its firmware dead?
 * @core: the GPU
 *
 * Looks at no register. One that is dead may be recovered.
 * Context: any, inside the door.
 * Return: true if calls that need the firmware fail.
 */
bool nova_core_is_broken(const struct nova_core *core)
{
	return nova_core_state(core);
}
EXPORT_SYMBOL_NS_GPL(nova_core_is_broken, "NOVA_CORE");

/**
 * nova_core_info() - what the GPU is
 * @core: the GPU
 *
 * Context: any.
 * Return: the information; constant, valid while the client is bound.
 */
const struct nova_core_info *nova_core_info(const struct nova_core *core)
{
	return &core->info;
}
EXPORT_SYMBOL_NS_GPL(nova_core_info, "NOVA_CORE");

/**
 * nova_core_from_aux() - the GPU behind an auxiliary device
 * @adev: device that the client's probe was called for
 *
 * Context: the client's probe to the end of its remove.
 * Return: the GPU.
 */
struct nova_core *nova_core_from_aux(struct auxiliary_device *adev)
{
	return dev_get_platdata(&adev->dev);
}
EXPORT_SYMBOL_NS_GPL(nova_core_from_aux, "NOVA_CORE");

/* Makes sure that this is the GPU we know before anything is written to it. */
static noinline __noipa int nova_core_device_identify(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	u32 boot0, boot1, boot42;

	boot0 = nova_core_rd32(core, NV_PMC_BOOT_0);
	if (boot0 == NOVA_CORE_ALL_ONES)
		return dev_err_probe(core->dev, -ENODEV, "registers read as all ones\n");

	boot1 = nova_core_rd32(core, NV_PMC_BOOT_1);
	if (boot1 & NV_PMC_BOOT_1_VGPU)
		return dev_err_probe(core->dev, -ENODEV, "a virtual function (BOOT_1 0x%08x)\n",
				     boot1);

	boot42 = nova_core_rd32(core, NV_PMC_BOOT_42);
	core->info.chip_id = NV_GET(NV_PMC_BOOT_42_CHIP_ID, boot42);
	if (core->info.chip_id != NOVA_CHIP_ID)
		return dev_err_probe(core->dev, -ENODEV, "unknown chip 0x%03x (BOOT_42 0x%08x)\n",
				     core->info.chip_id, boot42);

	core->info.revision = NV_GET(NV_PMC_BOOT_42_MAJOR_REVISION, boot42) << 4 |
			      NV_GET(NV_PMC_BOOT_42_MINOR_REVISION, boot42);
	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_device_identify, ERRNO);

static noinline __noipa int nova_core_aux_create(struct nova_core *core)
{
	core->aux_id = ida_alloc(&nova_core_aux_ids, GFP_KERNEL);
	if (core->aux_id < 0)
		return core->aux_id;

	core->aux = auxiliary_device_create(core->dev, "nova_core", NOVA_CORE_AUX_NAME, core,
					    core->aux_id);
	if (!core->aux) {
		ida_free(&nova_core_aux_ids, core->aux_id);
		return dev_err_probe(core->dev, -ENOMEM, "cannot create the auxiliary device\n");
	}

	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_aux_create, ERRNO);

/* The client's remove runs in here. */
static void nova_core_aux_destroy(struct nova_core *core)
{
	auxiliary_device_delete(core->aux);
	/* A DRM device that is still open keeps it, and must not lead back here. */
	core->aux->dev.platform_data = NULL;
	auxiliary_device_uninit(core->aux);
	core->aux = NULL;
	ida_free(&nova_core_aux_ids, core->aux_id);
}

/* PCI function on, registers mapped, firmware booted: all that works without interrupts. */
static noinline __noipa int nova_core_device_boot(struct nova_core *core)
	__must_hold(nova_core_door)
{
	int ret;

	ret = pci_enable_device_mem(core->pdev);
	if (ret)
		return dev_err_probe(core->dev, ret, "cannot enable the device\n");

	ret = nova_core_dma_init(core);
	if (ret)
		goto disable_device;
	ret = nova_core_bar_init(core);
	if (ret)
		goto disable_device;
	ret = nova_core_rpc_init(core);
	if (ret)
		goto fini_bar;

	/* Turning this on ends the silence that follows an orderly shutdown. */
	pci_set_master(core->pdev);
	nova_core_bar_open(core);
	ret = nova_core_device_identify(core);
	if (ret)
		goto clear_master;
	ret = nova_core_fw_init(core);
	if (ret)
		goto clear_master;

	return 0;

clear_master:
	nova_core_bar_close(core);
	pci_clear_master(core->pdev);
	nova_core_rpc_fini(core);
fini_bar:
	nova_core_bar_fini(core);
disable_device:
	pci_disable_device(core->pdev);
	return ret;
}
ALLOW_ERROR_INJECTION(nova_core_device_boot, ERRNO);

/* The second half of remove: the firmware first, then all that it could reach. */
static void nova_core_device_halt(struct nova_core *core)
	__must_hold(nova_core_door)
{
	nova_core_fw_shutdown(core);
	pci_clear_master(core->pdev);
	nova_core_fault_fini(core);
	nova_core_rpc_fini(core);
	nova_core_bar_fini(core);
	pci_disable_device(core->pdev);
}

/* The interrupt, what it calls, and what depends on it. */
static noinline __noipa int nova_core_device_start(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	int ret;

	ret = nova_core_mmu_init(core);
	if (ret)
		return ret;
	ret = nova_core_chan_init(core);
	if (ret)
		return ret;
	ret = nova_core_client_init(core);
	if (ret)
		goto fini_chan;
	ret = nova_core_irq_init(core);
	if (ret)
		goto fini_client;
	ret = nova_core_timer_init(core);
	if (ret)
		goto fini_irq;
	nova_core_rpc_start(core);
	ret = nova_core_fault_enable(core);
	if (ret)
		goto stop_rpc;

	return 0;

stop_rpc:
	nova_core_rpc_stop(core);
	nova_core_timer_fini(core);
fini_irq:
	nova_core_irq_fini(core);
fini_client:
	nova_core_client_fini(core);
fini_chan:
	nova_core_chan_fini(core);
	return ret;
}
ALLOW_ERROR_INJECTION(nova_core_device_start, ERRNO);

/* The first half of remove: when it returns, no code of ours can be called by the device. */
static void nova_core_device_stop(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	nova_core_fault_disable(core);
	nova_core_rpc_stop(core);
	nova_core_timer_fini(core);
	nova_core_irq_fini(core);
	nova_core_client_fini(core);
	nova_core_chan_fini(core);
}

/*
 * The registers that the parts above have set up, of a device that has lost them. The interrupt is
 * off, and what it had to say is forgotten. Doorbells come last.
 */
void nova_core_device_restore(struct nova_core *core)
{
	nova_core_irq_restore(core);
	nova_core_timer_restore(core);
	nova_core_fault_restore(core);
	nova_core_chan_restore(core);
}

/*
 * Brings the GPU up and publishes the auxiliary device. @core is zeroed devm
 * memory of its device, which is set. On failure everything is undone.
 */
int nova_core_device_init(struct nova_core *core)
{
	int ret;

	core->removable = true;
	init_waitqueue_head(&core->wait);
	nova_core_reset_init(core);
	ret = nova_core_audit_init(core);
	if (ret)
		return ret;

	ret = nova_core_fault_init(core);
	if (ret)
		return ret;
	ret = nova_core_device_boot(core);
	if (ret)
		goto report;
	ret = nova_core_device_start(core);
	if (ret)
		goto halt;

	dev_info(core->dev, "chip 0x%03x rev %02x, %llu MiB, %u engines, %u channels\n",
		 core->info.chip_id, core->info.revision, core->vram_size / SZ_1M,
		 core->info.engine_count, core->info.channels);
	nova_core_reset_arm(core);
	ret = nova_core_aux_create(core);
	if (ret)
		goto disarm;

	return 0;

disarm:
	nova_core_reset_disarm(core);
	nova_core_device_stop(core);
halt:
	nova_core_device_halt(core);
report:
	nova_core_audit_report(core);
	return ret;
}
ALLOW_ERROR_INJECTION(nova_core_device_init, ERRNO);

/* Takes the GPU down. When it returns, nothing of the driver's binding is left. */
void nova_core_device_fini(struct nova_core *core)
{
	/* If it is gone already, the client and the steps below must know. */
	nova_core_bar_lost(core);

	nova_core_aux_destroy(core);
	nova_core_reset_disarm(core);
	nova_core_device_stop(core);
	nova_core_device_halt(core);
	nova_core_audit_report(core);
}
