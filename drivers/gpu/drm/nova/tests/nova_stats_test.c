// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Who is charged how much time of an engine. */
#include <kunit/test.h>

#include "../nova_stats.h"

/* Two files on one engine. */
struct meters {
	atomic64_t charged_ns;
	struct nova_meter meter[2];
};

static int stats_test_init(struct kunit *test)
{
	struct meters *meters = kunit_kzalloc(test, sizeof(*meters), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, meters);
	test->priv = meters;
	for (unsigned int i = 0; i < 2; i++) {
		meters->meter[i].charged_ns = &meters->charged_ns;
		meters->meter[i].stats = nova_stats_create();
		KUNIT_ASSERT_NOT_NULL(test, meters->meter[i].stats);
	}
	return 0;
}

static void stats_test_exit(struct kunit *test)
{
	struct meters *meters = test->priv;

	for (unsigned int i = 0; i < 2; i++)
		nova_meter_fini(&meters->meter[i]);
}

static s64 busy(struct kunit *test, unsigned int i)
{
	struct meters *meters = test->priv;

	return atomic64_read(&meters->meter[i].stats->busy_ns[0]);
}

static void charge(struct kunit *test, unsigned int i, u64 begin, u64 end)
{
	struct meters *meters = test->priv;

	nova_meter_charge(&meters->meter[i], begin, end);
}

/* A job behind another begins when that one has ended. */
static void stats_one_after_the_other(struct kunit *test)
{
	charge(test, 0, 10, 30);
	KUNIT_EXPECT_EQ(test, busy(test, 0), 20);
	charge(test, 0, 11, 35);
	KUNIT_EXPECT_EQ(test, busy(test, 0), 25);
	charge(test, 0, 50, 51);
	KUNIT_EXPECT_EQ(test, busy(test, 0), 26);
}

/* Both had it; together they are charged what has passed. */
static void stats_shared_engine(struct kunit *test)
{
	charge(test, 0, 10, 30);
	charge(test, 1, 10, 40);
	KUNIT_EXPECT_EQ(test, busy(test, 0), 20);
	KUNIT_EXPECT_EQ(test, busy(test, 1), 10);
}

/* One that is told of late adds nothing: the time is somebody's already. */
static void stats_late(struct kunit *test)
{
	charge(test, 0, 10, 30);
	charge(test, 1, 10, 30);
	charge(test, 1, 10, 29);
	KUNIT_EXPECT_EQ(test, busy(test, 1), 0);
}

/* Never on the ring: aborted while it waited. And a queue that has no meter. */
static void stats_never_began(struct kunit *test)
{
	struct nova_meter none = {};

	charge(test, 0, 0, 30);
	KUNIT_EXPECT_EQ(test, busy(test, 0), 0);
	nova_meter_charge(&none, 10, 30);
	nova_meter_fini(&none);
}

static struct kunit_case stats_test_cases[] = {
	KUNIT_CASE(stats_one_after_the_other),
	KUNIT_CASE(stats_shared_engine),
	KUNIT_CASE(stats_late),
	KUNIT_CASE(stats_never_began),
	{}
};

static struct kunit_suite stats_test_suite = {
	.name = "nova_stats",
	.init = stats_test_init,
	.exit = stats_test_exit,
	.test_cases = stats_test_cases,
};

kunit_test_suite(stats_test_suite);
