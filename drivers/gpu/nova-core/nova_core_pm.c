// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Sleep: D3hot while nobody needs the device, and whatever the machine's sleep does to it.
 *
 * Either way the registers and the firmware are lost. The firmware leaves its channels in video
 * memory, which D3hot keeps; when the machine sleeps nobody knows what it keeps, so all of it that
 * is in use goes to system memory. What comes back goes on where it stopped: channels, their ids
 * and tokens, page tables, alarms.
 *
 * A device that does not come back is lost or dead, as it would be had that happened while it was
 * awake, and no callback reports an error for it: there is nothing to be tried again.
 */
#include <kunit/visibility.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/vmalloc.h>

#include "nova_core_bar.h"
#include "nova_core_chan.h"
#include "nova_core_client.h"
#include "nova_core_fault.h"
#include "nova_core_fw.h"
#include "nova_core_irq.h"
#include "nova_core_mmu.h"
#include "nova_core_pm.h"
#include "nova_core_reset.h"
#include "nova_core_rpc.h"

#define NOVA_CORE_PM_DELAY_MS	5000	/* autosuspend; sysfs changes it */
#define NOVA_CORE_PM_RETRY_US	1000

/* --- the firmware's part of video memory, below and above what it gave away --- */

static size_t nova_core_pm_kept_size(const struct nova_core *core)
{
	return core->info.vram_start + (core->vram_size - core->info.vram_end);
}

/* The firmware may have given all of it away. Not inlined, so that tests find it. */
static noinline int nova_core_pm_keep(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	void *kept = __vmalloc(nova_core_pm_kept_size(core) ?: 1,
			       GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	u64 start = core->info.vram_start, end = core->info.vram_end;

	if (!kept)
		return -ENOMEM;
	nova_core_vram_read(core, 0, kept, start);
	nova_core_vram_read(core, end, kept + start, core->vram_size - end);
	core->pm.kept = kept;
	return 0;
}

static void nova_core_pm_put_back(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	u64 start = core->info.vram_start, end = core->info.vram_end;

	nova_core_vram_write(core, 0, core->pm.kept, start);
	nova_core_vram_write(core, end, core->pm.kept + start, core->vram_size - end);
	nova_core_vram_flush(core);
}

static void nova_core_pm_forget(struct nova_core *core)
{
	vfree(core->pm.kept);
	core->pm.kept = NULL;
}

/* --- to sleep --- */

/*
 * The firmware halts. A channel that does not let its engine go keeps the device awake, but not the
 * machine: it gets some time, then it is stopped. So is the next one, but for no longer than that
 * again: each answer may take the firmware's whole time.
 */
static int nova_core_pm_fw_suspend(struct nova_core *core, bool system)
	__must_hold_shared(nova_core_door)
{
	unsigned long end = jiffies + nova_core_fw_timeout();
	unsigned long last = end + nova_core_fw_timeout();
	unsigned int stopped = 0;
	int ret;

	for (;;) {
		ret = nova_core_fw_suspend(core);
		if (ret != -EBUSY || !system)
			return ret;
		if (time_after(jiffies, end)) {
			if (stopped++ == core->info.channels || time_after(jiffies, last))
				return ret;
			nova_core_chan_clear_engines(core);
		}
		fsleep(NOVA_CORE_PM_RETRY_US);
	}
}

/* The last moment of the registers. When it returns 0 none may be touched. */
static int nova_core_pm_halt(struct nova_core *core, bool system)
	__must_hold_shared(nova_core_door)
{
	int ret;

	nova_core_irq_pause(core);
	nova_core_rpc_pause(core);
	ret = nova_core_pm_fw_suspend(core, system);
	if (ret) {
		nova_core_rpc_resume(core);
		nova_core_irq_resume(core);
		return ret;
	}
	nova_core_fault_drain(core);
	return 0;
}

/* What video memory is going to lose. The firmware has halted, so it does not change. */
static int nova_core_pm_save(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	/* The client first: it leaves video memory alone from then on, until it is to restore. */
	return nova_core_client_save(core) ?: nova_core_pm_keep(core);
}

static void nova_core_pm_close(struct nova_core *core)
{
	nova_core_bar_close(core);
	pci_clear_master(core->pdev);
	WRITE_ONCE(core->pm.asleep, true);
}

/* --- and back --- */

/* Registers, translations, firmware; all from nothing. */
static int nova_core_pm_restart(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	int ret;

	/* Registers of one that did not leave D3hot may read as anything. */
	if (!pci_device_is_present(core->pdev))
		nova_core_mark_lost(core, "does not wake up");
	if (nova_core_bar_lost(core))
		return -ENODEV;
	/* After a sleep that the device did not notice, too. */
	ret = nova_core_state(core) ?: nova_core_fw_halt(core);
	if (ret) {
		/* What was saved is not put back: no engine may run on what is there now. */
		if (core->pm.kept)
			nova_core_reset_give_up(core);
		return ret;
	}
	if (core->pm.kept)
		nova_core_pm_put_back(core);
	nova_core_client_restore(core);
	ret = nova_core_mmu_invalidate_all(core);
	if (ret)
		return ret;
	nova_core_device_restore(core);
	return nova_core_fw_resume(core);
}

/* Bus mastering goes from off to on: that ends the silence. Interrupts were missed. */
VISIBLE_IF_KUNIT void nova_core_pm_wake(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	int ret;

	if (!nova_core_state(core))
		pci_set_master(core->pdev);
	nova_core_bar_open(core);
	WRITE_ONCE(core->pm.asleep, false);
	scoped_guard(rwsem_write, &core->reset.lock)
		core->pm.halted = false;
	ret = nova_core_pm_restart(core);
	if (ret && !nova_core_state(core))
		nova_core_mark_dead(core, "firmware does not wake up");
	nova_core_pm_forget(core);
	nova_core_rpc_resume(core);
	nova_core_irq_resume(core);
	nova_core_client_engine_event(core, BIT(core->info.engine_count) - 1);
	nova_core_client_resume(core);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_pm_wake);

/* --- callbacks --- */

/*
 * The machine sleeps with a device that has no firmware that could halt. It may have died a moment
 * ago: the client, who was to recover it, waits until it is awake, and nothing is left to be
 * recovered then.
 */
static void nova_core_pm_sleep_broken(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	nova_core_irq_pause(core);
	nova_core_rpc_pause(core);
	nova_core_reset_give_up(core);
	/* Nothing is to be kept, so nothing fails. */
	nova_core_client_save(core);
	nova_core_pm_close(core);
}

VISIBLE_IF_KUNIT int nova_core_pm_sleep(struct nova_core *core, bool system)
	__must_hold_shared(nova_core_door)
{
	int ret;

	ret = nova_core_client_suspend(core, system);
	if (ret)
		return ret;
	if (nova_core_state(core) && system) {
		nova_core_pm_sleep_broken(core);
		return 0;
	}
	ret = nova_core_state(core) ? -EBUSY : nova_core_pm_halt(core, system);
	if (ret)
		goto resume;
	if (system)
		ret = nova_core_pm_save(core);
	nova_core_pm_close(core);
	if (ret)
		nova_core_pm_wake(core);
	return ret;

resume:
	nova_core_client_resume(core);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_pm_sleep);

/* Errors other than these two would be the last word of runtime power management. */
static int nova_core_pm_runtime_suspend(struct device *dev)
{
	struct nova_core *core = dev_get_drvdata(dev);

	if (!core)
		return -EBUSY;

	guard(nova_core_power)(core);
	if (!nova_core_pm_sleep(core, false))
		return 0;
	/* It is tried again after the same time: the one in the way may never say that it left. */
	pm_runtime_mark_last_busy(dev);
	return -EBUSY;
}

static int nova_core_pm_suspend(struct device *dev)
{
	struct nova_core *core = dev_get_drvdata(dev);
	int ret;

	if (!core)
		return 0;

	guard(nova_core_power)(core);
	ret = nova_core_pm_sleep(core, true);
	if (ret)
		dev_err(dev, "stays awake: %d\n", ret);
	return ret;
}

static int nova_core_pm_resume(struct device *dev)
{
	struct nova_core *core = dev_get_drvdata(dev);

	if (!core || !core->pm.asleep)
		return 0;

	guard(nova_core_power)(core);
	nova_core_pm_wake(core);
	return 0;
}

const struct dev_pm_ops nova_core_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(nova_core_pm_suspend, nova_core_pm_resume)
	RUNTIME_PM_OPS(nova_core_pm_runtime_suspend, nova_core_pm_resume, NULL)
};

/* --- life --- */

/* The last step of probe. In D3cold video memory would not refresh itself. */
void nova_core_pm_init(struct nova_core *core)
{
	pci_d3cold_disable(core->pdev);
	/* D3hot keeps video memory, the machine's sleep does not: one is no way to the other. */
	dev_pm_set_driver_flags(core->dev, DPM_FLAG_NO_DIRECT_COMPLETE);
	pm_runtime_set_autosuspend_delay(core->dev, NOVA_CORE_PM_DELAY_MS);
	pm_runtime_use_autosuspend(core->dev);
	pm_runtime_allow(core->dev);
	pm_runtime_put_autosuspend(core->dev);	/* the bus holds one while it probes */
}

/*
 * The first step of remove. No callback runs when it returns, or will; the device is awake, unless
 * the machine sleeps: then it is taken for lost.
 */
void nova_core_pm_fini(struct nova_core *core)
{
	pm_runtime_get_sync(core->dev);
	pm_runtime_barrier(core->dev);
	pm_runtime_forbid(core->dev);
	pm_runtime_dont_use_autosuspend(core->dev);
	pci_d3cold_enable(core->pdev);
	if (core->pm.asleep) {
		/* What is left to do finds a lost device behind its registers, not none. */
		nova_core_bar_open(core);
		nova_core_mark_lost(core, "removed while asleep");
	}
	nova_core_pm_forget(core);
}

/**
 * nova_core_power_get() - keep the device awake
 * @core: the GPU
 *
 * Until nova_core_power_put(). When it returns the device is awake, lost, or asleep with the whole
 * machine, and none of the client's operations for sleep runs for another reason than that.
 * Context: may sleep; not inside the door, as remove() would wait.
 */
void nova_core_power_get(struct nova_core *core)
{
	pm_runtime_get_sync(core->dev);
}
EXPORT_SYMBOL_NS_GPL(nova_core_power_get, "NOVA_CORE");

/**
 * nova_core_power_put() - let the device sleep when nobody needs it
 * @core: the GPU
 *
 * Context: any.
 */
void nova_core_power_put(struct nova_core *core)
{
	pm_runtime_put_autosuspend(core->dev);
}
EXPORT_SYMBOL_NS_GPL(nova_core_power_put, "NOVA_CORE");
