// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The firmware's life: boot handshake, static information, orderly shutdown,
 * and a function reset when it is not in a state to be talked to.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/error-injection.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "nova_core_bar.h"
#include "nova_core_fw.h"
#include "nova_core_fw_check.h"
#include "nova_core_irq.h"
#include "nova_core_rpc.h"
#include "regs/nv_host.h"
#include "regs/nv_vf.h"

#define NOVA_CORE_FW_POLL_US	200
#define NOVA_CORE_FW_CHANNELS	(NV_USERMODE_DOORBELL_CHID + 1)

static unsigned int nova_core_fw_timeout_ms = 2000;

static int nova_core_fw_timeout_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 10, 60000);
}

static const struct kernel_param_ops nova_core_fw_timeout_ops = {
	.set = nova_core_fw_timeout_set,
	.get = param_get_uint,
};

module_param_cb(fw_timeout_ms, &nova_core_fw_timeout_ops, &nova_core_fw_timeout_ms, 0644);
MODULE_PARM_DESC(fw_timeout_ms,
		 "How long the firmware may take to answer, 10..60000 ms (default 2000)");

/* In jiffies. */
unsigned long nova_core_fw_timeout(void)
{
	KUNIT_STATIC_STUB_REDIRECT(nova_core_fw_timeout);

	return msecs_to_jiffies(READ_ONCE(nova_core_fw_timeout_ms));
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fw_timeout);

static u32 nova_core_fw_state(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	return nova_core_rd32(core, NV_VF_MAILBOX(NOVA_FW_MB_STATE));
}

/* Tells the firmware that the command ring's write index is @write now. */
void nova_core_fw_kick(struct nova_core *core, u32 write)
{
	KUNIT_STATIC_STUB_REDIRECT(nova_core_fw_kick, core, write);

	nova_core_wr32(core, NV_VF_MAILBOX(NOVA_FW_MB_CMD_KICK), write);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fw_kick);

/* Has it stopped running without being told to? */
void nova_core_fw_check(struct nova_core *core)
{
	u32 state;

	if (nova_core_state(core))
		return;

	state = nova_core_fw_state(core);
	if (state == NOVA_FW_STATE_RUNNING)
		return;
	if (state == NOVA_CORE_ALL_ONES && nova_core_bar_lost(core))
		return;

	nova_core_mark_dead(core, "firmware crashed");
}

/* The reset of a device that is gone would take a minute to fail. */
static int nova_core_fw_reset_function(struct nova_core *core)
{
	if (!pci_device_is_present(core->pdev))
		return -ENODEV;

	return pci_reset_function_locked(core->pdev);
}

/*
 * Whoever had the device before may have left the firmware running or broken
 * (a crash, a surprise removal, a kexec). A function reset brings it back to
 * power-on state.
 */
static noinline __noipa int nova_core_fw_prepare(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	u32 state = nova_core_fw_state(core);
	int ret;

	if (state == NOVA_FW_STATE_OFF || state == NOVA_FW_STATE_HALTED)
		return 0;

	dev_info(core->dev, "firmware is in state 0x%x, resetting the function\n", state);
	ret = nova_core_fw_reset_function(core);
	if (ret)
		return dev_err_probe(core->dev, ret, "function reset failed\n");

	state = nova_core_fw_state(core);
	if (state != NOVA_FW_STATE_OFF)
		return dev_err_probe(core->dev, -EIO, "firmware is in state 0x%x after a reset\n",
				     state);
	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_fw_prepare, ERRNO);

static bool nova_core_fw_booted(u32 state)
{
	return state == NOVA_FW_STATE_RUNNING || state == NOVA_FW_STATE_CRASHED ||
	       (state & NOVA_FW_STATE_ERROR);
}

static noinline __noipa int nova_core_fw_boot(struct nova_core *core, u32 flags)
	__must_hold_shared(nova_core_door)
{
	dma_addr_t args = nova_core_rpc_boot_args(core, flags);
	u32 state;
	int ret;

	nova_core_wr32(core, NV_VF_MAILBOX(NOVA_FW_MB_BOOT_LO), lower_32_bits(args));
	nova_core_wr32(core, NV_VF_MAILBOX(NOVA_FW_MB_BOOT_HI), upper_32_bits(args));
	nova_core_wr32(core, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_MAGIC);

	ret = read_poll_timeout(nova_core_fw_state, state, nova_core_fw_booted(state),
				NOVA_CORE_FW_POLL_US, jiffies_to_usecs(nova_core_fw_timeout()),
				false, core);
	if (ret)
		return dev_err_probe(core->dev, ret, "firmware does not boot (state 0x%x)\n",
				     state);
	if (state != NOVA_FW_STATE_RUNNING)
		return dev_err_probe(core->dev, -EIO, "firmware refuses to boot (state 0x%x)\n",
				     state);

	ret = nova_core_rpc_wait_init_done(core);
	if (ret)
		return dev_err_probe(core->dev, ret, "firmware sends no first message\n");
	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_fw_boot, ERRNO);

/* Stops firmware and engines where they are; memory and registers keep their content. */
void nova_core_fw_write_halt(struct nova_core *core)
{
	nova_core_wr32(core, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_HALT);
}

/* The same, and makes sure of it: a device that does not know how stays as it is. */
int nova_core_fw_halt(struct nova_core *core)
{
	u32 state;

	nova_core_fw_write_halt(core);
	state = nova_core_fw_state(core);
	if (state == NOVA_CORE_ALL_ONES && nova_core_bar_lost(core))
		return -ENODEV;
	if (state != NOVA_FW_STATE_OFF) {
		dev_err(core->dev, "firmware is in state 0x%x after a halt\n", state);
		return -EIO;
	}

	return 0;
}

/* Boots it after nova_core_fw_halt(). The interrupt is off, nobody else talks to it. */
int nova_core_fw_restart(struct nova_core *core)
{
	int ret;

	nova_core_rpc_pause(core);
	ret = nova_core_fw_boot(core, 0);
	nova_core_rpc_resume(core);
	return ret;
}

/*
 * Has all channels taken off their engines and left in video memory, and the firmware halt: the
 * last register touched is the kick. -EBUSY: a channel does not let its engine go, and all go on.
 * The interrupt is off, nobody else talks to the firmware. Who takes pages from a process may still
 * want translations to be forgotten: that is before, or finds that there is no need.
 */
int nova_core_fw_suspend(struct nova_core *core)
{
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(nova_core_fw_suspend, core);

	guard(rwsem_write)(&core->reset.lock);
	WRITE_ONCE(core->pm.silent, true);
	ret = nova_core_rpc_call(core, NOVA_FW_CMD_SUSPEND, NULL, 0, NULL, 0);
	WRITE_ONCE(core->pm.silent, false);
	core->pm.halted = !ret;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fw_suspend);

/* Boots it with the channels that nova_core_fw_suspend() has left. */
int nova_core_fw_resume(struct nova_core *core)
{
	return nova_core_fw_boot(core, NOVA_FW_BOOT_RESUME);
}

static bool nova_core_fw_vram_ok(const struct nova_core *core, u64 size, u64 start, u64 end)
{
	return size <= core->info.bar1_size && start < end && end <= size &&
	       IS_ALIGNED(start | end | size, SZ_4K);
}

static noinline __noipa int nova_core_fw_take_engine(struct nova_core *core, unsigned int index,
						     const struct nova_fw_engine *engine)
{
	struct nova_core_engine_hw *hw = &core->engine_hw[index];
	struct nova_core_engine *info = &core->info.engines[index];
	unsigned int i;

	info->type = le32_to_cpu(engine->type);
	info->instance = le32_to_cpu(engine->instance);
	info->class_id = le32_to_cpu(engine->class_id);
	hw->runlist = le32_to_cpu(engine->runlist);
	hw->intr = le32_to_cpu(engine->intr);

	if (hw->runlist > NV_GET(NV_USERMODE_DOORBELL_RUNLIST, ~0u) ||
	    hw->runlist == NV_USERMODE_DOORBELL_RUNLIST_ALL ||
	    hw->intr >= NOVA_CORE_IRQ_ENGINE_VECTORS)
		return -EIO;
	for (i = 0; i < index; i++) {
		if (core->engine_hw[i].intr == hw->intr)
			return -EIO;
	}

	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_fw_take_engine, ERRNO);

VISIBLE_IF_KUNIT noinline __noipa int
nova_core_fw_take_info(struct nova_core *core, const struct nova_fw_info *fw)
{
	struct nova_core_info *info = &core->info;
	unsigned int i;
	int ret;

	core->vram_size = le64_to_cpu(fw->vram_size);
	info->vram_start = le64_to_cpu(fw->vram_usable_start);
	info->vram_end = le64_to_cpu(fw->vram_usable_end);
	info->host_class = le32_to_cpu(fw->host_class);
	info->channels = le32_to_cpu(fw->channels);
	info->gpfifo_entries_max = le32_to_cpu(fw->gpfifo_entries_max);
	info->engine_count = le32_to_cpu(fw->engine_count);

	if (!nova_core_fw_vram_ok(core, core->vram_size, info->vram_start, info->vram_end) ||
	    !info->channels || info->channels > NOVA_CORE_FW_CHANNELS ||
	    info->gpfifo_entries_max < 2 ||
	    !info->engine_count || info->engine_count > NOVA_CORE_ENGINES_MAX)
		return -EIO;

	for (i = 0; i < info->engine_count; i++) {
		ret = nova_core_fw_take_engine(core, i, &fw->engines[i]);
		if (ret)
			return ret;
	}

	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fw_take_info);
ALLOW_ERROR_INJECTION(nova_core_fw_take_info, ERRNO);

/* Boots the firmware and asks it what GPU this is. The interrupt is not needed. */
int nova_core_fw_init(struct nova_core *core)
{
	struct nova_fw_info fw;
	int ret;

	ret = nova_core_fw_prepare(core);
	if (ret)
		return ret;
	ret = nova_core_fw_boot(core, 0);
	if (ret) {
		/* It may still be about to, so nothing is asked of it. */
		nova_core_mark_dead(core, "firmware not booted");
		goto shutdown;
	}

	ret = nova_core_rpc_call(core, NOVA_FW_CMD_GET_INFO, NULL, 0, &fw, sizeof(fw));
	if (!ret)
		ret = nova_core_fw_take_info(core, &fw);
	if (ret) {
		dev_err_probe(core->dev, ret, "firmware gives no usable information\n");
		goto shutdown;
	}

	return 0;

shutdown:
	nova_core_fw_shutdown(core);
	return ret;
}
ALLOW_ERROR_INJECTION(nova_core_fw_init, ERRNO);

/*
 * Makes the device stop, orderly if the firmware still talks. The last
 * register touched is the kick for the SHUTDOWN command: after its reply none
 * may be. The interrupt is off, so the reply is polled for in memory. A
 * firmware that does not reply is stopped by a function reset; so is a device
 * that was lost and is back, or it would go on where it was once the next driver
 * lets it do DMA.
 */
void nova_core_fw_shutdown(struct nova_core *core)
{
	int ret;

	/* The last look at a register: a crash seen now need not be waited for. */
	nova_core_fw_check(core);
	ret = nova_core_rpc_call(core, NOVA_FW_CMD_SHUTDOWN, NULL, 0, NULL, 0);
	nova_core_bar_close(core);
	if (!ret)
		return;

	if (!pci_device_is_present(core->pdev)) {
		nova_core_mark_lost(core, "gone during shutdown");
		return;
	}

	dev_warn(core->dev, "firmware did not shut down (%d), resetting the function\n", ret);
	ret = nova_core_fw_reset_function(core);
	if (ret)
		dev_err(core->dev, "function reset failed: %d\n", ret);
}
