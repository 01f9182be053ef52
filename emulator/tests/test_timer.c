/* SPDX-License-Identifier: MIT */
/* PTIMER: reading, setting, the alarm. Waits for events; nothing is measured. */
#include "emu_test.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "regs/nv_timer.h"
#include "regs/nv_vf.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t read_time(struct emu *emu, uint32_t low_offset, uint32_t high_offset)
{
	uint32_t high, low;

	do {
		high = emu_test_read(emu, high_offset);
		low = emu_test_read(emu, low_offset);
	} while (emu_test_read(emu, high_offset) != high);
	return (uint64_t)high << 32 | low;
}

static uint64_t ptimer(struct emu *emu)
{
	return read_time(emu, NV_PTIMER_TIME_0, NV_PTIMER_TIME_1);
}

/* An eventfd that all interrupts go to, with the timer's vector enabled. */
static int interrupts_create(struct emu *emu)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	assert_true(fd >= 0);
	emu_irq_set_eventfd(emu, 0, EMU_IRQ_TRIGGER, dup(fd));
	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(4), 1u << 20);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0xf);
	return fd;
}

static void wait_interrupt(struct emu *emu, int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint64_t count;

	assert_int_equal(poll(&pollfd, 1, -1), 1);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF(4)), 1u << 20);
	emu_test_write(emu, NV_VF_INTR_LEAF(4), 1u << 20);
}

static void test_time_is_since_1970(void **state)
{
	struct emu *emu = *state;
	uint64_t before = now_ns(), time = ptimer(emu), after = now_ns();

	/* The host's clock may be slewed a little meanwhile: a second either way. */
	assert_in_range(time, before - 1000000000u, after + 1000000000u);
	assert_int_equal(time % 32, 0);
	assert_int_equal(emu_timer_now(emu) % 32, 0);
}

static void test_monotonic_and_aliases(void **state)
{
	struct emu *emu = *state;
	uint64_t last = 0, time;
	int i;

	for (i = 0; i < 1000; i++) {
		time = ptimer(emu);
		assert_true(time >= last);
		last = time;
		time = read_time(emu, NV_USERMODE + NV_USERMODE_TIME_0,
				 NV_USERMODE + NV_USERMODE_TIME_1);
		assert_true(time >= last);
		last = time;
		time = read_time(emu, NV_USERMODE_ALIAS + NV_USERMODE_TIME_0,
				 NV_USERMODE_ALIAS + NV_USERMODE_TIME_1);
		assert_true(time >= last);
		last = time;
	}
	assert_int_equal(emu_test_violations(emu), 0);
}

static void test_set(void **state)
{
	struct emu *emu = *state;
	uint64_t time;

	emu_test_write(emu, NV_PTIMER_TIME_1, 0xffffffff);
	emu_test_write(emu, NV_PTIMER_TIME_0, 0);
	time = ptimer(emu);
	/* 61 bits of time; the test takes less than one lap of the low half. */
	assert_int_equal(time >> 32, 0x1fffffff);
	emu_test_write(emu, NV_PTIMER_TIME_1, 0x12);
	emu_test_write(emu, NV_PTIMER_TIME_0, 0x345);
	time = ptimer(emu);
	assert_true(time >= 0x1200000340ull);
	assert_int_equal(time >> 32, 0x12);
	/* The usermode copy follows. */
	assert_int_equal(emu_test_read(emu, NV_USERMODE + NV_USERMODE_TIME_1), 0x12);
}

static void test_alarm(void **state)
{
	struct emu *emu = *state;
	int fd = interrupts_create(emu);
	uint64_t due = ptimer(emu) + 1000000;	/* 1 ms */

	emu_test_write(emu, NV_PTIMER_ALARM_0, (uint32_t)due);
	assert_int_equal(emu_test_read(emu, NV_PTIMER_ALARM_0), (uint32_t)due & ~31u);
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 1);
	wait_interrupt(emu, fd);
	assert_true(ptimer(emu) >= (due & ~31ull));
	assert_int_equal(emu_test_read(emu, NV_PTIMER_INTR_0), 1);
	emu_test_write(emu, NV_PTIMER_INTR_0, 2);
	assert_int_equal(emu_test_read(emu, NV_PTIMER_INTR_0), 1);
	emu_test_write(emu, NV_PTIMER_INTR_0, 1);
	assert_int_equal(emu_test_read(emu, NV_PTIMER_INTR_0), 0);
	close(fd);
}

static void test_alarm_enabled_first(void **state)
{
	struct emu *emu = *state;
	int fd = interrupts_create(emu), i;

	/* Keep the first match of ALARM_0 = 0 out of the way. */
	emu_test_write(emu, NV_PTIMER_TIME_0, 0x20);
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 1);
	for (i = 0; i < 20; i++) {
		emu_test_write(emu, NV_PTIMER_ALARM_0, (uint32_t)(ptimer(emu) + 100000));
		wait_interrupt(emu, fd);
		emu_test_write(emu, NV_PTIMER_INTR_0, 1);
	}
	close(fd);
}

static void test_alarm_fires_again_after_a_lap(void **state)
{
	struct emu *emu = *state;
	int fd = interrupts_create(emu);

	emu_test_write(emu, NV_PTIMER_ALARM_0, (uint32_t)ptimer(emu) + 10000000);
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 1);
	wait_interrupt(emu, fd);
	/* Moving the time to just before the match stands for 4.29 s of waiting. */
	emu_test_write(emu, NV_PTIMER_TIME_0, emu_test_read(emu, NV_PTIMER_ALARM_0) - 100000);
	wait_interrupt(emu, fd);
	close(fd);
}

static void test_disabled_alarm_is_silent(void **state)
{
	struct emu *emu = *state;
	int fd = interrupts_create(emu);
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	uint32_t alarm = (uint32_t)ptimer(emu) + 200000;

	emu_test_write(emu, NV_PTIMER_ALARM_0, alarm);
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 1);
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 0);
	/* Cancelled before or after the match: either way nothing more comes. */
	if (emu_test_read(emu, NV_PTIMER_INTR_0)) {
		wait_interrupt(emu, fd);
		emu_test_write(emu, NV_PTIMER_INTR_0, 1);
	}
	while ((int32_t)((uint32_t)ptimer(emu) - alarm) < 0)
		;
	assert_int_equal(emu_test_read(emu, NV_PTIMER_INTR_0), 0);
	assert_int_equal(poll(&pollfd, 1, 0), 0);
	close(fd);
}

static void test_pending_when_enabled(void **state)
{
	struct emu *emu = *state;
	int fd = interrupts_create(emu);

	emu_test_write(emu, NV_PTIMER_ALARM_0, (uint32_t)ptimer(emu) + 100000);
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 1);
	wait_interrupt(emu, fd);
	/* INTR_0 is still set: masking and unmasking the source raises the vector again. */
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 0);
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 1);
	wait_interrupt(emu, fd);
	close(fd);
}

static void test_registers(void **state)
{
	struct emu *emu = *state;

	assert_int_equal(emu_test_read(emu, NV_PTIMER_INTR_VECTOR), 0x94);
	emu_test_write(emu, NV_PTIMER_INTR_VECTOR, 0);
	assert_int_equal(emu_test_read(emu, NV_PTIMER_INTR_VECTOR), 0x94);
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 0xfffffffe);
	assert_int_equal(emu_test_read(emu, NV_PTIMER_INTR_EN_0), 2);
	assert_int_equal(emu_test_violations(emu), 0);
	emu_test_read(emu, 0x9200);	/* numerator: not on this chip */
	assert_int_equal(emu_stats_violations(emu->stats, EMU_VIOLATION_REG_ACCESS), 1);
}

static void test_reset(void **state)
{
	struct emu *emu = *state;
	uint64_t before;

	emu_test_write(emu, NV_PTIMER_TIME_1, 0);
	emu_test_write(emu, NV_PTIMER_ALARM_0, 0x1000);
	emu_test_write(emu, NV_PTIMER_INTR_EN_0, 1);
	before = now_ns();
	emu_lock(emu);
	emu_reset(emu);
	emu_unlock(emu);
	emu_test_config_write(emu, 0x04, 0x6, 2);
	assert_int_equal(emu_test_read(emu, NV_PTIMER_INTR_EN_0), 0);
	assert_int_equal(emu_test_read(emu, NV_PTIMER_ALARM_0), 0);
	assert_true(ptimer(emu) >= before - 1000000000u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		emu_unit_test(test_time_is_since_1970),
		emu_unit_test(test_monotonic_and_aliases),
		emu_unit_test(test_set),
		emu_unit_test(test_alarm),
		emu_unit_test(test_alarm_enabled_first),
		emu_unit_test(test_alarm_fires_again_after_a_lap),
		emu_unit_test(test_disabled_alarm_is_silent),
		emu_unit_test(test_pending_when_enabled),
		emu_unit_test(test_registers),
		emu_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
