// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The audit registry: who survives is reported, who is gone is not. */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/kallsyms.h>
#include <linux/stackdepot.h>

#include "../nova_core_audit.h"

static int audit_init(struct kunit *test)
{
	struct nova_core *core = kunit_kzalloc(test, sizeof(*core), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, core);
	core->dev = kunit_device_register(test, "nova-core-audit");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, core->dev);
	KUNIT_ASSERT_EQ(test, nova_core_audit_init(core), 0);
	test->priv = core;
	return 0;
}

static void audit_expect_warnings(struct kunit *test, int count)
{
	kunit_warning_suppress(test) {
		nova_core_audit_report(test->priv);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, count);
	}
}

static void audit_nothing_left(struct kunit *test)
{
	struct nova_core *core = test->priv;
	struct nova_core_audit gone = {};

	audit_expect_warnings(test, 0);
	nova_core_audit_add(core, &gone, "test object");
	nova_core_audit_del(core, &gone);
	audit_expect_warnings(test, 0);
}

/* One warning for all; what was reported is forgotten, as the registry goes. */
static void audit_survivor(struct kunit *test)
{
	struct nova_core *core = test->priv;
	struct nova_core_audit gone = {}, left = {}, left_too = {};

	nova_core_audit_add(core, &left, "test object");
	nova_core_audit_add(core, &gone, "test object");
	nova_core_audit_add(core, &left_too, "test object");
	nova_core_audit_del(core, &gone);
	audit_expect_warnings(test, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&left.link));
	KUNIT_EXPECT_TRUE(test, list_empty(&left_too.link));
	audit_expect_warnings(test, 0);
}

/* The report names the function that made the object. */
static void audit_names_site(struct kunit *test)
{
	struct nova_core *core = test->priv;
	struct nova_core_audit audit = {};
	char name[KSYM_SYMBOL_LEN];

	nova_core_audit_add(core, &audit, "test object");
	nova_core_audit_del(core, &audit);
	snprintf(name, sizeof(name), "%ps", (void *)audit.site);
	KUNIT_EXPECT_NOT_NULL(test, strstr(name, "audit_names_site"));
}

static noinline void audit_add_below(struct nova_core *core, struct nova_core_audit *audit)
{
	nova_core_audit_add(core, audit, "test object");
	barrier();	/* no tail call: this function is on the stack */
}

/* With NOVA_DEBUG_LIFETIME the stack does, too. */
static void audit_keeps_stack(struct kunit *test)
{
#if defined(CONFIG_NOVA_DEBUG_LIFETIME) && defined(CONFIG_STACKDEPOT)
	struct nova_core *core = test->priv;
	struct nova_core_audit audit = {};
	char *text;

	text = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, text);
	audit_add_below(core, &audit);
	nova_core_audit_del(core, &audit);
	KUNIT_ASSERT_NE(test, audit.stack, 0);
	stack_depot_snprint(audit.stack, text, PAGE_SIZE, 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "audit_add_below"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "audit_keeps_stack"));
#else
	struct nova_core_audit audit = {};

	audit_add_below(test->priv, &audit);
	nova_core_audit_del(test->priv, &audit);
	kunit_skip(test, "stacks are not kept in this build");
#endif
}

static struct kunit_case audit_cases[] = {
	KUNIT_CASE(audit_nothing_left),
	KUNIT_CASE(audit_survivor),
	KUNIT_CASE(audit_names_site),
	KUNIT_CASE(audit_keeps_stack),
	{ }
};

static struct kunit_suite audit_suite = {
	.name = "nova-core-audit",
	.init = audit_init,
	.test_cases = audit_cases,
};

kunit_test_suite(audit_suite);
