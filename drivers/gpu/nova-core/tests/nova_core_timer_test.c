// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Reading a 64-bit clock through two 32-bit registers. */
#include <kunit/test.h>

#include "../nova_core_timer.h"
#include "../regs/nv_timer.h"

/* A clock that shows the next of @times at each read, and stays at the last. */
struct clock {
	const u64 *times;
	unsigned int count;
	unsigned int reads;
};

static u32 clock_read(void *ctx, u32 offset)
{
	struct clock *clock = ctx;
	u64 time = clock->times[min(clock->reads, clock->count - 1)];

	clock->reads++;
	return offset == NV_PTIMER_TIME_1 ? time >> 32 : time;
}

static int sample(const u64 *times, unsigned int count, u64 *ns, unsigned int *reads)
{
	struct clock clock = { .times = times, .count = count };
	int ret;

	*ns = 0;
	ret = nova_core_timer_sample(clock_read, &clock, ns);
	*reads = clock.reads;
	return ret;
}

static void timer_sample_steady(struct kunit *test)
{
	static const u64 times[] = { 0x1234567800000020ull };
	unsigned int reads;
	u64 ns;

	KUNIT_EXPECT_EQ(test, sample(times, ARRAY_SIZE(times), &ns, &reads), 0);
	KUNIT_EXPECT_EQ(test, ns, times[0]);
	KUNIT_EXPECT_EQ(test, reads, 3);
}

/* The low word wraps between the reads: neither half of the first try may be used. */
static void timer_sample_carry_before_low(struct kunit *test)
{
	static const u64 times[] = {
		0x1ffffffe0ull, 0x200000000ull, 0x200000020ull, 0x200000040ull,
	};
	unsigned int reads;
	u64 ns;

	KUNIT_EXPECT_EQ(test, sample(times, ARRAY_SIZE(times), &ns, &reads), 0);
	KUNIT_EXPECT_EQ(test, ns, 0x200000040ull);
	KUNIT_EXPECT_EQ(test, reads, 5);
}

static void timer_sample_carry_after_low(struct kunit *test)
{
	static const u64 times[] = {
		0x1ffffffc0ull, 0x1ffffffe0ull, 0x200000000ull, 0x200000020ull,
	};
	unsigned int reads;
	u64 ns;

	KUNIT_EXPECT_EQ(test, sample(times, ARRAY_SIZE(times), &ns, &reads), 0);
	KUNIT_EXPECT_EQ(test, ns, 0x200000020ull);
	KUNIT_EXPECT_EQ(test, reads, 5);
}

static void timer_sample_gone(struct kunit *test)
{
	static const u64 times[] = { ~0ull };
	unsigned int reads;
	u64 ns;

	KUNIT_EXPECT_EQ(test, sample(times, ARRAY_SIZE(times), &ns, &reads), -ENODEV);
	KUNIT_EXPECT_EQ(test, reads, 3);
}

/* Goes away between the first read and the second. */
static void timer_sample_goes_away(struct kunit *test)
{
	static const u64 times[] = { 0x1ffffffc0ull, ~0ull };
	unsigned int reads;
	u64 ns;

	KUNIT_EXPECT_EQ(test, sample(times, ARRAY_SIZE(times), &ns, &reads), -ENODEV);
}

static void timer_sample_not_a_clock(struct kunit *test)
{
	static const u64 low_bits[] = { 0x100000001ull };
	static const u64 high_bits[] = { 0x2000000000000000ull };
	u64 running_away[64];
	unsigned int i, reads;
	u64 ns;

	KUNIT_EXPECT_EQ(test, sample(low_bits, 1, &ns, &reads), -EIO);
	KUNIT_EXPECT_EQ(test, sample(high_bits, 1, &ns, &reads), -EIO);

	for (i = 0; i < ARRAY_SIZE(running_away); i++)
		running_away[i] = (u64)i << 32;
	KUNIT_EXPECT_EQ(test, sample(running_away, ARRAY_SIZE(running_away), &ns, &reads), -EIO);
	KUNIT_EXPECT_LT(test, reads, 20);
	KUNIT_EXPECT_EQ(test, ns, 0);
}

static struct kunit_case timer_test_cases[] = {
	KUNIT_CASE(timer_sample_steady),
	KUNIT_CASE(timer_sample_carry_before_low),
	KUNIT_CASE(timer_sample_carry_after_low),
	KUNIT_CASE(timer_sample_gone),
	KUNIT_CASE(timer_sample_goes_away),
	KUNIT_CASE(timer_sample_not_a_clock),
	{}
};

static struct kunit_suite timer_test_suite = {
	.name = "nova_core_timer",
	.test_cases = timer_test_cases,
};

kunit_test_suite(timer_test_suite);
