// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The way back from a dead firmware, without losing what is in video memory.
 *
 * The firmware dies (nova_core_mark_dead()): the engines are halted, bus mastering goes off, each
 * call that needs the firmware fails. The client is told, gets its channels out of use, and calls
 * nova_core_recover(). That happens a limited number of times per bind; a device that dies
 * once more stays dead until it is bound anew.
 *
 * A function reset would be the stronger means, but it clears video memory.
 */
#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

#include "nova_core_bar.h"
#include "nova_core_chan.h"
#include "nova_core_client.h"
#include "nova_core_fault.h"
#include "nova_core_fw.h"
#include "nova_core_irq.h"
#include "nova_core_mmu.h"
#include "nova_core_reset.h"

static unsigned int recoveries = 1;
module_param(recoveries, uint, 0644);
MODULE_PARM_DESC(recoveries,
		 "How often a firmware that died is started again until the device is bound anew (default 1)");

void nova_core_reset_init(struct nova_core *core)
{
	init_rwsem(&core->reset.lock);
	core->reset.count = 0;
	core->reset.armed = false;
	core->reset.hopeless = false;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_reset_init);

/* From here on the engines are halted when the firmware dies. */
void nova_core_reset_arm(struct nova_core *core)
{
	WRITE_ONCE(core->reset.armed, true);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_reset_arm);

/* The device is told to shut down, and no other register may be touched after that. */
void nova_core_reset_disarm(struct nova_core *core)
{
	WRITE_ONCE(core->reset.armed, false);
}

/* Video memory is not what the client left there: no recovery until the device is bound anew. */
void nova_core_reset_give_up(struct nova_core *core)
{
	WRITE_ONCE(core->reset.hopeless, true);
}

bool nova_core_reset_armed(const struct nova_core *core)
{
	return READ_ONCE(core->reset.armed);
}

/*
 * Is the device dead, its engines halted, and does it get another chance? Then the MMU is going to
 * forget all translations before an engine runs again. The caller holds the reset lock.
 */
bool nova_core_reset_pending(const struct nova_core *core)
{
	lockdep_assert_held(&core->reset.lock);

	return READ_ONCE(core->broken) == BIT(NOVA_CORE_DEAD) && nova_core_reset_armed(core) &&
	       !READ_ONCE(core->reset.hopeless) && core->reset.count < READ_ONCE(recoveries);
}

/* With the interrupt off and nobody else near the hardware. Leaves the device dead on failure. */
static int nova_core_reset_restart(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	int ret;

	ret = nova_core_fw_halt(core);
	if (ret)
		return ret;
	ret = nova_core_mmu_invalidate_all(core);
	if (ret)
		return ret;
	/* Faults of before name channels of before. */
	nova_core_fault_drain(core);
	/* Their ids may be given out again: nobody must take the old for the new. */
	nova_core_chan_forget_all(core);
	nova_core_client_sync(core);

	clear_bit(NOVA_CORE_DEAD, &core->broken);
	pci_set_master(core->pdev);
	/* If it died on its way out of sleep it has none of its registers. */
	nova_core_device_restore(core);
	ret = nova_core_fw_restart(core);
	if (ret)
		nova_core_mark_dead(core, "firmware does not start again");
	return ret;
}

/**
 * nova_core_recover() - start a firmware again that died
 * @core: the GPU
 *
 * All channels are gone when it returns 0: what is left of them is to be destroyed, which only
 * frees memory. Their nova_core_chan_id() is ~0, no callback names them, and no doorbell of them
 * may be rung any more: so the client must have stopped using them before. Video memory and DMA
 * mappings are as they were, and all translations are forgotten.
 *
 * Other calls wait meanwhile, or fail as on a dead device. If the device dies again, also in
 * here, the client's lost callback is called once more, unless this returns the error.
 * Context: may sleep, for a bounded time; not from a callback.
 * Return: 0 if the device works, also if nothing was wrong; -ENODEV if it is lost; -ETIMEDOUT or
 * another error if it is dead and stays so until it is bound anew.
 */
int nova_core_recover(struct nova_core *core)
{
	int ret;

	guard(rwsem_write)(&core->reset.lock);

	ret = nova_core_state(core);
	if (ret != -ETIMEDOUT)
		return ret;
	if (nova_core_bar_lost(core))
		return -ENODEV;
	if (!nova_core_reset_pending(core)) {
		dev_err(core->dev, "device is dead, and was restarted %u times before\n",
			core->reset.count);
		return ret;
	}

	core->reset.count++;
	dev_info(core->dev, "starting the firmware again\n");
	nova_core_irq_pause(core);
	ret = nova_core_reset_restart(core);
	if (!ret)
		nova_core_client_recovered(core);
	nova_core_irq_resume(core);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(nova_core_recover, "NOVA_CORE");
