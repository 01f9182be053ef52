// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * NOVA_DEBUG_LIFETIME: an access is judged by who makes it and when, and a survivor reported with
 * its stack. The registers are a page of memory. What the compiler would refuse is in here on
 * purpose, so it does not check this file.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/debug_locks.h>
#include <linux/dma-resv.h>
#include <linux/gfp.h>
#include <linux/lockdep.h>
#include <linux/stackdepot.h>
#include <linux/stop_machine.h>

#include "../nova_core_audit.h"
#include "../nova_core_bar.h"

#define OFFSET	0x100

static int lifetime_init(struct kunit *test)
{
	struct nova_core *core = kunit_kzalloc(test, sizeof(*core), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, core);
	core->dev = kunit_device_register(test, "nova-core-lifetime");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, core->dev);
	core->regs = (void __iomem *)kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, (__force void *)core->regs);
	core->regs_open = true;
	core->removable = true;
	KUNIT_ASSERT_EQ(test, nova_core_audit_init(core), 0);
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

/* Nobody can take a unit test's GPU away, so tests of other things need no door. */
static void access_not_removable(struct kunit *test)
{
	struct nova_core *core = test->priv;

	core->removable = false;
	access_expect_warnings(test, 0);
}

#ifdef CONFIG_PROVE_LOCKING
/* A lock of the test's alone: lockdep looks at the same locks in the same order only once. */
struct order {
	struct lock_class_key key;
	struct lockdep_map map;
	struct dma_resv resv;
	bool wrong;	/* in lockdep's opinion */
};

static bool order_judge(void)
{
	bool wrong = !debug_locks;

	debug_locks = 1;
	return wrong;
}

/* No other CPU takes a lock while lockdep is mute, or is off for having found something. */
static int order_door_then_reservation(void *data)
{
	struct order *order = data;
	struct lockdep_map *reservation = &order->resv.lock.base.dep_map;

	debug_locks_silent = 1;
	lock_map_acquire(&order->map);
	nova_core_door_enter();
	order->wrong = order_judge();
	if (!order->wrong) {
		lock_acquire(reservation, 0, 0, 0, 1, NULL, _THIS_IP_);
		order->wrong = order_judge();
		if (!order->wrong)
			lock_release(reservation, _THIS_IP_);
	}
	nova_core_door_exit();
	lock_map_release(&order->map);
	debug_locks_silent = 0;
	return 0;
}

static void order_learn(struct order *order)
{
	dma_resv_lock(&order->resv, NULL);
	nova_core_door_enter();
	nova_core_door_exit();
	dma_resv_unlock(&order->resv);
}

/* Once a reservation was seen around the door, lockdep objects to one inside of it. */
static void order_reservation_before_door(struct kunit *test)
{
	struct order *order = kunit_kzalloc(test, sizeof(*order), GFP_KERNEL);

	if (!debug_locks)
		kunit_skip(test, "lockdep has given up");

	KUNIT_ASSERT_NOT_NULL(test, order);
	lockdep_register_key(&order->key);
	lockdep_init_map(&order->map, "nova-core-order", &order->key, 0);
	dma_resv_init(&order->resv);
	order_learn(order);
	stop_machine(order_door_then_reservation, order, NULL);
	KUNIT_EXPECT_TRUE(test, order->wrong);
	KUNIT_EXPECT_TRUE(test, debug_locks);
	/* The right order is still right. */
	order_learn(order);
	KUNIT_EXPECT_TRUE(test, debug_locks);
	dma_resv_fini(&order->resv);
	lockdep_unregister_key(&order->key);
}
#else
static void order_reservation_before_door(struct kunit *test)
{
	kunit_skip(test, "lockdep is not there");
}
#endif

/* Who is gone is not reported; one warning for all who are left, and they are forgotten. */
static void survivor_reported(struct kunit *test)
{
	struct nova_core *core = test->priv;
	struct nova_core_audit gone = {}, left = {}, left_too = {};

	nova_core_audit_add(core, &left, "test object");
	nova_core_audit_add(core, &gone, "test object");
	nova_core_audit_add(core, &left_too, "test object");
	nova_core_audit_del(core, &gone);
	kunit_warning_suppress(test) {
		nova_core_audit_report(core);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
		nova_core_audit_report(core);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&left.link));
	KUNIT_EXPECT_TRUE(test, list_empty(&left_too.link));
}

static noinline void survivor_create(struct nova_core *core, struct nova_core_audit *audit)
{
	nova_core_audit_add(core, audit, "test object");
	barrier();	/* no tail call: this function is on the stack */
}

static void survivor_has_stack(struct kunit *test)
{
	struct nova_core *core = test->priv;
	struct nova_core_audit audit = {};
	char *text = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	if (!IS_ENABLED(CONFIG_STACKDEPOT))
		kunit_skip(test, "the kernel has no stack depot");

	KUNIT_ASSERT_NOT_NULL(test, text);
	survivor_create(core, &audit);
	nova_core_audit_del(core, &audit);
	KUNIT_ASSERT_NE(test, audit.stack, 0);
	stack_depot_snprint(audit.stack, text, PAGE_SIZE, 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "survivor_create"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "survivor_has_stack"));
}

static struct kunit_case lifetime_cases[] = {
	KUNIT_CASE(access_inside_door),
	KUNIT_CASE(access_outside_door),
	KUNIT_CASE(access_pinned),
	KUNIT_CASE(access_bind),
	KUNIT_CASE(access_out_of_season),
	KUNIT_CASE(access_not_removable),
	KUNIT_CASE(order_reservation_before_door),
	KUNIT_CASE(survivor_reported),
	KUNIT_CASE(survivor_has_stack),
	{ }
};

static struct kunit_suite lifetime_suite = {
	.name = "nova_core_lifetime",
	.init = lifetime_init,
	.test_cases = lifetime_cases,
};

kunit_test_suite(lifetime_suite);
