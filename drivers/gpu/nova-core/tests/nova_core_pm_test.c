// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Sleep of a device that is broken, or breaks at that moment. */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/delay.h>

#include "../nova_core_chan.h"
#include "../nova_core_client.h"
#include "../nova_core_fw.h"
#include "../nova_core_irq.h"
#include "../nova_core_mmu.h"
#include "../nova_core_pm.h"
#include "../nova_core_reset.h"
#include "../regs/nv_vf.h"
#include "nova_core_test_gpu.h"

#define TIMEOUT_MS	10
#define UNTOUCHED	0x5a5a5a50u

/* What the client was asked, and the firmware. */
struct asked {
	struct nova_core *core;
	bool dies;
	unsigned int fw_suspend;
	unsigned int fw_reset;
	unsigned int suspend;
	unsigned int save;
	unsigned int resume;
};

/* The firmware may die when everything is ready for sleep. */
static int asked_suspend(void *data, bool system)
{
	struct asked *asked = data;

	asked->suspend++;
	if (asked->dies)
		nova_core_mark_dead(asked->core, "for the test");
	return 0;
}

static int asked_save(void *data)
{
	struct asked *asked = data;

	asked->save++;
	return 0;
}

static void asked_resume(void *data)
{
	struct asked *asked = data;

	asked->resume++;
}

static const struct nova_core_client_ops asked_ops = {
	.suspend = asked_suspend,
	.save = asked_save,
	.resume = asked_resume,
};

static void no_irq(struct nova_core *core)
{
}

static struct asked *make_client(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = nova_core_test_gpu_create(test);
	struct asked *asked = kunit_kzalloc(test, sizeof(*asked), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, asked);
	asked->core = &gpu->core;
	nova_core_test_gpu_boot(gpu);
	kunit_activate_static_stub(test, nova_core_irq_pause, no_irq);
	kunit_activate_static_stub(test, nova_core_irq_resume, no_irq);
	KUNIT_ASSERT_EQ(test, nova_core_chan_init(asked->core), 0);
	KUNIT_ASSERT_EQ(test, nova_core_client_init(asked->core), 0);
	KUNIT_ASSERT_EQ(test, nova_core_client_register(asked->core, &asked_ops, asked), 0);
	nova_core_reset_arm(asked->core);
	return asked;
}

static void drop_client(struct asked *asked)
{
	nova_core_client_unregister(asked->core);
	nova_core_client_fini(asked->core);
	nova_core_chan_fini(asked->core);
}

/* It is kept from everybody while the machine sleeps, and not recovered with its memory lost. */
static void pm_machine_sleeps(struct kunit *test)
{
	struct asked *asked = make_client(test);
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core *core = asked->core;

	asked->dies = true;
	KUNIT_EXPECT_EQ(test, nova_core_pm_sleep(core, true), 0);
	KUNIT_EXPECT_EQ(test, asked->suspend, 1);
	KUNIT_EXPECT_EQ(test, asked->save, 1);	/* it leaves video memory alone */
	KUNIT_EXPECT_EQ(test, asked->resume, 0);
	KUNIT_EXPECT_TRUE(test, core->pm.asleep);
	KUNIT_EXPECT_FALSE(test, core->regs_open);
	KUNIT_EXPECT_FALSE(test, gpu->master);

	nova_core_pm_wake(core);
	KUNIT_EXPECT_EQ(test, asked->resume, 1);
	KUNIT_EXPECT_FALSE(test, core->pm.asleep);
	KUNIT_EXPECT_TRUE(test, core->regs_open);
	KUNIT_EXPECT_FALSE(test, gpu->master);
	KUNIT_EXPECT_EQ(test, nova_core_state(core), -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, core->reset.hopeless);
	KUNIT_EXPECT_EQ(test, nova_core_recover(core), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, core->reset.count, 0);
	drop_client(asked);
}

/* By itself it stays awake, for its client to do something about it. */
static void pm_device_stays_awake(struct kunit *test)
{
	struct asked *asked = make_client(test);
	struct nova_core *core = asked->core;

	asked->dies = true;
	KUNIT_EXPECT_EQ(test, nova_core_pm_sleep(core, false), -EBUSY);
	KUNIT_EXPECT_EQ(test, asked->resume, 1);
	KUNIT_EXPECT_FALSE(test, core->pm.asleep);
	KUNIT_EXPECT_TRUE(test, core->regs_open);
	KUNIT_EXPECT_FALSE(test, core->reset.hopeless);
	drop_client(asked);
}

/* The firmware has halted, and a process loses pages: no register is touched for it. */
static void pm_translations_in_the_silence(struct kunit *test)
{
	struct asked *asked = make_client(test);
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core *core = asked->core;

	KUNIT_ASSERT_EQ(test, nova_core_mmu_init(core), 0);
	nova_core_test_gpu_set_reg(gpu, NV_VF_INVALIDATE_PDB, UNTOUCHED);
	nova_core_test_gpu_reply(gpu, NOVA_FW_CMD_SUSPEND, 0, NULL, 0);
	KUNIT_EXPECT_EQ(test, nova_core_fw_suspend(core), 0);
	KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(core, 0), 0);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(gpu, NV_VF_INVALIDATE_PDB), UNTOUCHED);

	nova_core_pm_wake(core);
	KUNIT_EXPECT_FALSE(test, core->pm.halted);
	drop_client(asked);
}

static unsigned long impatient(void)
{
	return msecs_to_jiffies(TIMEOUT_MS);
}

static struct asked *asked_of(struct nova_core *core)
{
	return container_of(core, struct nova_core_test_gpu, core)->pdev.sysdata;
}

/* An engine hangs each time, and it takes the firmware all of its time to say so. */
static int busy_and_slow(struct nova_core *core)
{
	asked_of(core)->fw_suspend++;
	msleep(TIMEOUT_MS);
	return -EBUSY;
}

static void reset_in_vain(struct nova_core *core)
{
	asked_of(core)->fw_reset++;
}

/* As often as there are channels would be too long. */
static void pm_engines_that_hang(struct kunit *test)
{
	struct asked *asked = make_client(test);
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core *core = asked->core;

	gpu->pdev.sysdata = asked;
	kunit_activate_static_stub(test, nova_core_fw_timeout, impatient);
	kunit_activate_static_stub(test, nova_core_fw_suspend, busy_and_slow);
	kunit_activate_static_stub(test, nova_core_chan_clear_engines, reset_in_vain);
	KUNIT_EXPECT_EQ(test, nova_core_pm_sleep(core, true), -EBUSY);
	/* A few are enough to use up all the time there is. */
	KUNIT_EXPECT_LE(test, asked->fw_suspend, 4);
	KUNIT_EXPECT_LT(test, asked->fw_reset, asked->fw_suspend);
	KUNIT_EXPECT_EQ(test, asked->resume, 1);
	KUNIT_EXPECT_EQ(test, nova_core_state(core), 0);
	KUNIT_EXPECT_FALSE(test, core->pm.asleep);
	drop_client(asked);
}

static struct kunit_case pm_test_cases[] = {
	KUNIT_CASE(pm_machine_sleeps),
	KUNIT_CASE(pm_device_stays_awake),
	KUNIT_CASE(pm_translations_in_the_silence),
	KUNIT_CASE(pm_engines_that_hang),
	{}
};

static struct kunit_suite pm_test_suite = {
	.name = "nova_core_pm",
	.test_cases = pm_test_cases,
};

kunit_test_suite(pm_test_suite);
