// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * NOVA_DEBUG_LIFETIME: an access is judged by who makes it and when. The registers are a page of
 * memory; what the compiler would refuse is in here on purpose, so it does not check this file.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/gfp.h>

#include "../nova_core_bar.h"

#define OFFSET	0x100

static int access_init(struct kunit *test)
{
	struct nova_core *core = kunit_kzalloc(test, sizeof(*core), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, core);
	core->dev = kunit_device_register(test, "nova-core-access");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, core->dev);
	core->regs = (void __iomem *)kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, (__force void *)core->regs);
	core->regs_open = true;
	test->priv = core;
	return 0;
}

/* What a read and a write warn of, together. */
static void access_expect_warnings(struct kunit *test, int count)
{
	struct nova_core *core = test->priv;

	kunit_warning_suppress(test) {
		nova_core_wr32(core, OFFSET, 0x600d);
		KUNIT_EXPECT_EQ(test, nova_core_rd32(core, OFFSET), 0x600d);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, count);
	}
}

static void access_inside_door(struct kunit *test)
{
	nova_core_door_enter();
	access_expect_warnings(test, 0);
	nova_core_door_exit();
}

static void access_outside_door(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_LOCKDEP) || !debug_locks)
		kunit_skip(test, "lockdep is not there or has given up");

	access_expect_warnings(test, 2);
	nova_core_door_enter();
	nova_core_door_exit();
	access_expect_warnings(test, 2);
}

static void access_pinned(struct kunit *test)
{
	nova_core_pin();
	access_expect_warnings(test, 0);
	nova_core_unpin();
}

/* probe and remove: only with the device's lock. */
static void access_bind(struct kunit *test)
{
	struct nova_core *core = test->priv;

	device_lock(core->dev);
	kunit_warning_suppress(test) {
		guard(nova_core_bind)(core);
		nova_core_wr32(core, OFFSET, 1);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 0);
	}
	device_unlock(core->dev);

	if (!IS_ENABLED(CONFIG_LOCKDEP) || !debug_locks)
		kunit_skip(test, "lockdep is not there or has given up");
	kunit_warning_suppress(test) {
		guard(nova_core_bind)(core);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
}

/* After the firmware was told to shut down not even who holds the door may touch a register. */
static void access_out_of_season(struct kunit *test)
{
	struct nova_core *core = test->priv;

	core->regs_open = false;
	nova_core_door_enter();
	access_expect_warnings(test, 2);
	nova_core_door_exit();
}

static struct kunit_case access_cases[] = {
	KUNIT_CASE(access_inside_door),
	KUNIT_CASE(access_outside_door),
	KUNIT_CASE(access_pinned),
	KUNIT_CASE(access_bind),
	KUNIT_CASE(access_out_of_season),
	{ }
};

static struct kunit_suite access_suite = {
	.name = "nova-core-access",
	.init = access_init,
	.test_cases = access_cases,
};

kunit_test_suite(access_suite);
