// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Alarms on a clock that stands still until the test moves it. */
#include <kunit/test.h>
#include <kunit/test-bug.h>

#include "../nova_core_timer.h"
#include "../regs/nv_timer.h"
#include "nova_core_test_gpu.h"

#define NOW		0x1234fffffff00000ull	/* close to where the low word wraps */
#define ALARMS		3

struct alarms {
	struct nova_core_test_gpu *gpu;
	struct nova_core_alarm alarm[ALARMS];
	unsigned int rung[ALARMS];
	unsigned int order[8];
	unsigned int count;
	u64 again;	/* when the first one is armed again by its callback, or 0 */
	bool breaks;	/* the clock does, in the next callback */
};

static void set_time(struct nova_core_test_gpu *gpu, u64 now)
{
	nova_core_test_gpu_set_reg(gpu, NV_PTIMER_TIME_0, lower_32_bits(now));
	nova_core_test_gpu_set_reg(gpu, NV_PTIMER_TIME_1, upper_32_bits(now));
}

static void alarm_rings(struct nova_core_alarm *alarm)
{
	struct alarms *alarms = kunit_get_current_test()->priv;
	unsigned int i = alarm - alarms->alarm;

	alarms->rung[i]++;
	alarms->order[alarms->count++ % ARRAY_SIZE(alarms->order)] = i;
	if (!i && alarms->again)
		nova_core_alarm_arm(&alarms->gpu->core, alarm, alarms->again);
	if (alarms->breaks)
		nova_core_test_gpu_set_reg(alarms->gpu, NV_PTIMER_TIME_0, 1);
}

static int alarm_test_init(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = nova_core_test_gpu_create(test);
	struct alarms *alarms = kunit_kzalloc(test, sizeof(*alarms), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, alarms);
	alarms->gpu = gpu;
	KUNIT_ASSERT_EQ(test, nova_core_timer_prepare(&gpu->core), 0);
	set_time(gpu, NOW);
	for (unsigned int i = 0; i < ALARMS; i++)
		nova_core_alarm_init(&alarms->alarm[i], alarm_rings);
	test->priv = alarms;
	return 0;
}

static void alarm_test_exit(struct kunit *test)
{
	struct alarms *alarms = test->priv;

	for (unsigned int i = 0; i < ALARMS; i++)
		nova_core_alarm_cancel_sync(&alarms->gpu->core, &alarms->alarm[i]);
}

static int arm(struct alarms *alarms, unsigned int i, u64 time)
{
	return nova_core_alarm_arm(&alarms->gpu->core, &alarms->alarm[i], time);
}

static u32 programmed(struct alarms *alarms)
{
	return nova_core_test_gpu_reg(alarms->gpu, NV_PTIMER_ALARM_0);
}

static bool enabled(struct alarms *alarms)
{
	return nova_core_test_gpu_reg(alarms->gpu, NV_PTIMER_INTR_EN_0) & NV_PTIMER_INTR_EN_0_ALARM;
}

static void alarm_first_one_is_programmed(struct kunit *test)
{
	struct alarms *alarms = test->priv;

	KUNIT_EXPECT_EQ(test, arm(alarms, 0, NOW + 2000000), 0);
	KUNIT_EXPECT_EQ(test, programmed(alarms), lower_32_bits(NOW + 2000000));
	KUNIT_EXPECT_EQ(test, arm(alarms, 1, NOW + 1000000), 0);
	KUNIT_EXPECT_EQ(test, programmed(alarms), lower_32_bits(NOW + 1000000));
	KUNIT_EXPECT_EQ(test, arm(alarms, 2, NOW + 3000000), 0);
	KUNIT_EXPECT_EQ(test, programmed(alarms), lower_32_bits(NOW + 1000000));
	KUNIT_EXPECT_TRUE(test, enabled(alarms));
	/* Its time changes while it is armed. */
	KUNIT_EXPECT_EQ(test, arm(alarms, 1, NOW + 4000000), 0);
	KUNIT_EXPECT_EQ(test, programmed(alarms), lower_32_bits(NOW + 2000000));
}

/* The comparison is for a moment: one that has passed never comes. */
static void alarm_in_the_past_is_soon(struct kunit *test)
{
	struct alarms *alarms = test->priv;

	KUNIT_EXPECT_EQ(test, arm(alarms, 0, 0), 0);
	KUNIT_EXPECT_LE(test, programmed(alarms) - lower_32_bits(NOW), 1000000);
	KUNIT_EXPECT_GT(test, programmed(alarms) - lower_32_bits(NOW), 0);
	nova_core_timer_service(&alarms->gpu->core);
	KUNIT_EXPECT_EQ(test, alarms->rung[0], 1);
	KUNIT_EXPECT_FALSE(test, enabled(alarms));
}

/* The register has 32 bits, 4.3 s: what is farther away is approached. */
static void alarm_far_away(struct kunit *test)
{
	struct alarms *alarms = test->priv;
	u64 end = NOW + 10000000000ull, now = NOW;
	unsigned int steps = 0;

	KUNIT_EXPECT_EQ(test, arm(alarms, 0, end), 0);
	while (!alarms->rung[0] && steps < 10) {
		u32 step = programmed(alarms) - lower_32_bits(now);

		KUNIT_ASSERT_GT(test, step, 0);
		KUNIT_ASSERT_LE(test, step, 1u << 31);
		now += step;
		set_time(alarms->gpu, now);
		nova_core_timer_service(&alarms->gpu->core);
		steps++;
	}
	KUNIT_EXPECT_EQ(test, alarms->rung[0], 1);
	KUNIT_EXPECT_EQ(test, steps, 5);
	KUNIT_EXPECT_GE(test, now, end);
	KUNIT_EXPECT_LT(test, now, end + NV_PTIMER_RESOLUTION_NS);
}

static void alarm_order(struct kunit *test)
{
	struct alarms *alarms = test->priv;

	KUNIT_EXPECT_EQ(test, arm(alarms, 2, NOW + 1000000), 0);
	KUNIT_EXPECT_EQ(test, arm(alarms, 0, NOW + 2000000), 0);
	KUNIT_EXPECT_EQ(test, arm(alarms, 1, NOW + 9000000), 0);
	nova_core_timer_service(&alarms->gpu->core);	/* without cause */
	KUNIT_EXPECT_EQ(test, alarms->count, 0);
	set_time(alarms->gpu, NOW + 3000000);
	nova_core_timer_service(&alarms->gpu->core);
	KUNIT_ASSERT_EQ(test, alarms->count, 2);
	KUNIT_EXPECT_EQ(test, alarms->order[0], 2);
	KUNIT_EXPECT_EQ(test, alarms->order[1], 0);
	KUNIT_EXPECT_TRUE(test, enabled(alarms));
}

/* One that keeps arming itself in the past cannot hold the interrupt thread. */
static void alarm_that_comes_again(struct kunit *test)
{
	struct alarms *alarms = test->priv;

	alarms->again = 1;
	KUNIT_EXPECT_EQ(test, arm(alarms, 0, 1), 0);
	for (unsigned int i = 1; i < 4; i++) {
		nova_core_timer_service(&alarms->gpu->core);
		KUNIT_EXPECT_EQ(test, alarms->rung[0], i);
	}
	nova_core_alarm_cancel_sync(&alarms->gpu->core, &alarms->alarm[0]);
	nova_core_timer_service(&alarms->gpu->core);
	KUNIT_EXPECT_EQ(test, alarms->rung[0], 3);
}

static void alarm_on_a_broken_clock(struct kunit *test)
{
	struct alarms *alarms = test->priv;
	struct nova_core_test_gpu *gpu = alarms->gpu;
	u64 ns;

	KUNIT_EXPECT_EQ(test, arm(alarms, 1, NOW + 1000000), 0);
	nova_core_test_gpu_set_reg(gpu, NV_PTIMER_TIME_0, 1);
	KUNIT_EXPECT_EQ(test, nova_core_time_ns(&gpu->core, &ns), -EIO);
	KUNIT_EXPECT_EQ(test, arm(alarms, 0, NOW), -EIO);
	nova_core_timer_service(&gpu->core);
	KUNIT_EXPECT_EQ(test, alarms->count, 0);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), 0);

	/* Backwards: late, but nothing else. */
	set_time(gpu, 0x1000);
	nova_core_timer_service(&gpu->core);
	KUNIT_EXPECT_EQ(test, alarms->count, 0);
	set_time(gpu, NOW + 1000000);
	nova_core_timer_service(&gpu->core);
	KUNIT_EXPECT_EQ(test, alarms->rung[1], 1);
}

/* What is due by then is run, and the next one comes late. */
static void alarm_when_the_clock_breaks(struct kunit *test)
{
	struct alarms *alarms = test->priv;
	struct nova_core_test_gpu *gpu = alarms->gpu;

	KUNIT_EXPECT_EQ(test, arm(alarms, 0, NOW), 0);
	KUNIT_EXPECT_EQ(test, arm(alarms, 1, NOW + 1000000), 0);
	alarms->breaks = true;
	nova_core_timer_service(&gpu->core);
	KUNIT_EXPECT_EQ(test, alarms->rung[0], 1);
	KUNIT_EXPECT_EQ(test, alarms->rung[1], 0);
	alarms->breaks = false;
	set_time(gpu, NOW + 2000000);
	nova_core_timer_service(&gpu->core);
	KUNIT_EXPECT_EQ(test, alarms->rung[0], 1);
	KUNIT_EXPECT_EQ(test, alarms->rung[1], 1);
}

static void alarm_on_a_lost_device(struct kunit *test)
{
	struct alarms *alarms = test->priv;
	struct nova_core_test_gpu *gpu = alarms->gpu;
	u64 ns;

	KUNIT_EXPECT_EQ(test, arm(alarms, 0, NOW), 0);
	nova_core_mark_lost(&gpu->core, "test");
	KUNIT_EXPECT_EQ(test, nova_core_time_ns(&gpu->core, &ns), -ENODEV);
	KUNIT_EXPECT_EQ(test, arm(alarms, 1, NOW), -ENODEV);
	/* Armed again it is not armed any more, which leaves nothing to cancel. */
	KUNIT_EXPECT_EQ(test, arm(alarms, 0, NOW), -ENODEV);
	KUNIT_EXPECT_TRUE(test, list_empty(&alarms->alarm[0].link));
}

static struct kunit_case alarm_test_cases[] = {
	KUNIT_CASE(alarm_first_one_is_programmed),
	KUNIT_CASE(alarm_in_the_past_is_soon),
	KUNIT_CASE(alarm_far_away),
	KUNIT_CASE(alarm_order),
	KUNIT_CASE(alarm_that_comes_again),
	KUNIT_CASE(alarm_on_a_broken_clock),
	KUNIT_CASE(alarm_when_the_clock_breaks),
	KUNIT_CASE(alarm_on_a_lost_device),
	{}
};

static struct kunit_suite alarm_test_suite = {
	.name = "nova_core_alarm",
	.init = alarm_test_init,
	.exit = alarm_test_exit,
	.test_cases = alarm_test_cases,
};

kunit_test_suite(alarm_test_suite);
