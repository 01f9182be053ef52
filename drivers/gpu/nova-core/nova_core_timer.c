// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The timer subdevice: 64-bit time, and alarms with callbacks.
 *
 * The hardware has one alarm, which compares the low 32 bits of the time. The
 * armed alarms are in a list sorted by time and the first of them is
 * programmed; one that is more than half a wrap away is approached in steps.
 */
#include <kunit/visibility.h>
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/instruction_pointer.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include "nova_core_audit.h"
#include "nova_core_bar.h"
#include "nova_core_fw.h"
#include "nova_core_irq.h"
#include "nova_core_timer.h"
#include "regs/nv_timer.h"

#define NOVA_CORE_TIMER_READS		4		/* the high word changes every 4.3 s */
#define NOVA_CORE_TIMER_STEP_NS		BIT_ULL(31)	/* half of what the alarm can express */
#define NOVA_CORE_TIMER_AHEAD_NS	(100 * NSEC_PER_USEC)
#define NOVA_CORE_TIMER_TRIES		14		/* doublings of the above: 1.6 s */

/**
 * struct nova_core_timer - the timer of one GPU
 * @alarms: struct nova_core_alarm, by time
 * @running: alarm whose callback is being called, only to be compared
 * @idle: woken when @running becomes NULL
 * @stopped: no alarm can be armed any more
 */
struct nova_core_timer {
	/** @lock: covers everything here, the alarms in @alarms and the alarm registers */
	struct mutex lock;
	struct list_head alarms __guarded_by(&lock);
	struct nova_core_alarm *running;
	wait_queue_head_t idle;
	bool stopped __guarded_by(&lock);
};

/*
 * High, low, high again until the highs agree. -ENODEV if @rd returns only
 * ones, -EIO if it does not behave like a clock: unused bits set, or a high
 * word that never stays.
 */
int nova_core_timer_sample(nova_core_timer_rd_t rd, void *ctx, u64 *ns)
{
	u32 lo, hi = rd(ctx, NV_PTIMER_TIME_1);
	unsigned int i;

	for (i = 0; i < NOVA_CORE_TIMER_READS; i++) {
		u32 before = hi;

		lo = rd(ctx, NV_PTIMER_TIME_0);
		hi = rd(ctx, NV_PTIMER_TIME_1);
		if (hi == NOVA_CORE_ALL_ONES && lo == NOVA_CORE_ALL_ONES)
			return -ENODEV;
		if ((hi & ~NV_PTIMER_TIME_1_NSEC) || (lo & ~NV_PTIMER_TIME_0_NSEC))
			return -EIO;
		if (hi == before) {
			*ns = (u64)hi << 32 | lo;
			return 0;
		}
	}

	return -EIO;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_timer_sample);

static u32 nova_core_timer_rd(void *ctx, u32 offset)
	__must_hold_shared(nova_core_door)
{
	return nova_core_rd32(ctx, offset);
}

/**
 * nova_core_time_ns() - read the GPU's clock
 * @core: the GPU
 * @ns: nanoseconds since 1970, in steps of 32
 *
 * Context: any.
 * Return: 0, -ENODEV if the device is lost, -EIO if what it says is no time.
 */
int nova_core_time_ns(struct nova_core *core, u64 *ns)
{
	int ret;

	if (test_bit(NOVA_CORE_LOST, &core->broken))
		return -ENODEV;

	ret = nova_core_timer_sample(nova_core_timer_rd, core, ns);
	/* A device that vanishes between two of the reads makes no sense, too. */
	if (ret)
		ret = nova_core_bar_lost(core) ? -ENODEV : -EIO;

	return ret;
}
EXPORT_SYMBOL_NS_GPL(nova_core_time_ns, "NOVA_CORE");

/*
 * Programs the first alarm. The comparison is for a moment, not for "at or
 * after", so the time written must still lie ahead once it is written.
 */
static int nova_core_timer_program_locked(struct nova_core *core)
	__must_hold_shared(nova_core_door) __must_hold(&core->timer->lock)
{
	struct nova_core_timer *timer = core->timer;
	u64 ahead = NOVA_CORE_TIMER_AHEAD_NS;
	struct nova_core_alarm *first;
	u64 now, target;
	unsigned int i;
	int ret;

	lockdep_assert_held(&timer->lock);

	first = list_first_entry_or_null(&timer->alarms, struct nova_core_alarm, link);
	if (!first) {
		nova_core_wr32(core, NV_PTIMER_INTR_EN_0, 0);
		return 0;
	}

	ret = nova_core_time_ns(core, &now);
	for (i = 0; !ret && i < NOVA_CORE_TIMER_TRIES; i++) {
		target = clamp(first->time_ns, now + ahead, now + NOVA_CORE_TIMER_STEP_NS);
		target = ALIGN(target, NV_PTIMER_RESOLUTION_NS);
		nova_core_wr32(core, NV_PTIMER_ALARM_0, lower_32_bits(target));
		nova_core_wr32(core, NV_PTIMER_INTR_EN_0, NV_PTIMER_INTR_EN_0_ALARM);

		ret = nova_core_time_ns(core, &now);
		if (!ret && now < target)
			return 0;
		ahead *= 2;
	}

	return ret ?: -EIO;
}

/**
 * nova_core_alarm_init() - prepare an alarm
 * @alarm: the alarm, in memory of the caller
 * @func: called when its time has come, in the interrupt thread; may sleep, may arm
 *        the alarm again or free it; must not wait for the firmware or cancel an alarm
 */
void nova_core_alarm_init(struct nova_core_alarm *alarm,
			  void (*func)(struct nova_core_alarm *alarm))
{
	INIT_LIST_HEAD(&alarm->link);
	alarm->time_ns = 0;
	alarm->func = func;
}
EXPORT_SYMBOL_NS_GPL(nova_core_alarm_init, "NOVA_CORE");

static void nova_core_alarm_unlink_locked(struct nova_core *core, struct nova_core_alarm *alarm)
	__must_hold_shared(nova_core_door) __must_hold(&core->timer->lock)
{
	lockdep_assert_held(&core->timer->lock);

	if (list_empty(&alarm->link))
		return;

	list_del_init(&alarm->link);
	nova_core_audit_del(core, &alarm->audit);
}

/**
 * nova_core_alarm_arm() - have an alarm's callback called once
 * @core: the GPU
 * @alarm: the alarm; if it is armed already, its time changes
 * @time_ns: when, on the clock of nova_core_time_ns(); a time in the past means soon
 *
 * An armed alarm is driver-lifetime bound: it must be cancelled before the
 * client's remove ends.
 * Context: may sleep.
 * Return: 0; -ENODEV if the device is lost or being removed, -EIO if its clock
 * does not work; the alarm is not armed then.
 */
noinline int nova_core_alarm_arm(struct nova_core *core, struct nova_core_alarm *alarm,
				 u64 time_ns)
{
	struct nova_core_timer *timer = core->timer;
	struct nova_core_alarm *pos;
	int ret;

	guard(mutex)(&timer->lock);

	nova_core_alarm_unlink_locked(core, alarm);
	if (timer->stopped || test_bit(NOVA_CORE_LOST, &core->broken))
		return -ENODEV;

	alarm->time_ns = time_ns;
	list_for_each_entry(pos, &timer->alarms, link) {
		if (pos->time_ns > time_ns)
			break;
	}
	list_add_tail(&alarm->link, &pos->link);
	nova_core_audit_add_at(core, &alarm->audit, "alarm", _RET_IP_);

	ret = nova_core_timer_program_locked(core);
	if (ret)
		nova_core_alarm_unlink_locked(core, alarm);

	return ret;
}
EXPORT_SYMBOL_NS_GPL(nova_core_alarm_arm, "NOVA_CORE");

/**
 * nova_core_alarm_cancel_sync() - disarm an alarm and wait for its callback
 * @core: the GPU
 * @alarm: the alarm, armed or not
 *
 * When it returns the callback is not running, and will not run unless
 * somebody else arms the alarm again. Needs no hardware that answers.
 * Context: may sleep; not from the callback of an alarm.
 */
void nova_core_alarm_cancel_sync(struct nova_core *core, struct nova_core_alarm *alarm)
{
	struct nova_core_timer *timer = core->timer;

	for (;;) {
		bool running;

		mutex_lock(&timer->lock);
		/* The callback may have armed it again; the last round sees that. */
		nova_core_alarm_unlink_locked(core, alarm);
		running = timer->running == alarm;
		mutex_unlock(&timer->lock);

		if (!running)
			return;
		wait_event(timer->idle, READ_ONCE(timer->running) != alarm);
	}
}
EXPORT_SYMBOL_NS_GPL(nova_core_alarm_cancel_sync, "NOVA_CORE");

/* The first alarm whose time has come, or NULL; it is running from here on. */
static struct nova_core_alarm *nova_core_timer_take_locked(struct nova_core *core, u64 now)
	__must_hold_shared(nova_core_door) __must_hold(&core->timer->lock)
{
	struct nova_core_timer *timer = core->timer;
	struct nova_core_alarm *alarm;

	lockdep_assert_held(&timer->lock);

	alarm = list_first_entry_or_null(&timer->alarms, struct nova_core_alarm, link);
	if (!alarm || alarm->time_ns > now)
		return NULL;

	nova_core_alarm_unlink_locked(core, alarm);
	WRITE_ONCE(timer->running, alarm);
	return alarm;
}

/*
 * Runs what is due, and has the next interrupt come in time. No more callbacks than alarms that
 * are due now: one that keeps arming its alarm in the past gets an interrupt for each turn and
 * cannot hold up the thread.
 */
static int nova_core_timer_run(struct nova_core *core, u64 now)
	__must_hold_shared(nova_core_door)
{
	struct nova_core_timer *timer = core->timer;
	struct nova_core_alarm *alarm;
	size_t due;
	int ret;

	mutex_lock(&timer->lock);
	for (due = list_count_nodes(&timer->alarms); due; due--) {
		alarm = nova_core_timer_take_locked(core, now);
		if (!alarm)
			break;
		mutex_unlock(&timer->lock);
		/* The callback may free the alarm. */
		alarm->func(alarm);
		mutex_lock(&timer->lock);
		WRITE_ONCE(timer->running, NULL);
		wake_up_all(&timer->idle);
	}
	ret = timer->stopped ? 0 : nova_core_timer_program_locked(core);
	mutex_unlock(&timer->lock);
	return ret;
}

/* The alarm's interrupt; in its thread. */
void nova_core_timer_service(struct nova_core *core)
{
	u64 now;
	int ret;

	nova_core_wr32(core, NV_PTIMER_INTR_0, NV_PTIMER_INTR_0_ALARM);
	ret = nova_core_time_ns(core, &now);
	if (!ret)
		ret = nova_core_timer_run(core, now);
	if (ret && ret != -ENODEV)
		dev_err_ratelimited(core->dev, "the timer does not keep time: %d\n", ret);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_timer_service);

/* An alarm and somebody who waits for it. */
struct nova_core_timer_test {
	struct nova_core_alarm alarm;
	struct completion done;
};

static void nova_core_timer_test_func(struct nova_core_alarm *alarm)
{
	struct nova_core_timer_test *test = container_of(alarm, struct nova_core_timer_test, alarm);

	complete(&test->done);
}

/*
 * An interrupt that never arrives would show as jobs that never end. Better to
 * find out now, with an alarm.
 */
static noinline __noipa int nova_core_timer_test(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	struct nova_core_timer_test test;
	unsigned long left;
	u64 now;
	int ret;

	init_completion(&test.done);
	nova_core_alarm_init(&test.alarm, nova_core_timer_test_func);

	ret = nova_core_time_ns(core, &now);
	if (!ret)
		ret = nova_core_alarm_arm(core, &test.alarm, now + NSEC_PER_MSEC);
	if (ret)
		return dev_err_probe(core->dev, ret, "the timer does not work\n");

	left = wait_for_completion_timeout(&test.done, nova_core_fw_timeout());
	nova_core_alarm_cancel_sync(core, &test.alarm);
	if (!left)
		return dev_err_probe(core->dev, -EIO, "the timer's interrupt does not arrive\n");

	return 0;
}
ALLOW_ERROR_INJECTION(nova_core_timer_test, ERRNO);

/* An empty list of alarms. Touches no register. */
VISIBLE_IF_KUNIT noinline __noipa int nova_core_timer_prepare(struct nova_core *core)
{
	struct nova_core_timer *timer;
	int ret;

	timer = devm_kzalloc(core->dev, sizeof(*timer), GFP_KERNEL);
	if (!timer)
		return -ENOMEM;

	ret = devm_mutex_init(core->dev, &timer->lock);
	if (ret)
		return ret;
	/* context_unsafe: nobody has the timer yet */
	context_unsafe(INIT_LIST_HEAD(&timer->alarms));
	init_waitqueue_head(&timer->idle);
	core->timer = timer;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_timer_prepare);
ALLOW_ERROR_INJECTION(nova_core_timer_prepare, ERRNO);

/* Needs the interrupt; fails if none arrives. */
int nova_core_timer_init(struct nova_core *core)
{
	int ret;

	ret = nova_core_timer_prepare(core);
	if (ret)
		return ret;

	nova_core_wr32(core, NV_PTIMER_INTR_EN_0, 0);
	nova_core_wr32(core, NV_PTIMER_INTR_0, NV_PTIMER_INTR_0_ALARM | NV_PTIMER_INTR_0_TIMER);
	nova_core_irq_enable(core, NV_VECTOR_PTIMER);

	ret = nova_core_timer_test(core);
	if (ret)
		nova_core_timer_fini(core);

	return ret;
}
ALLOW_ERROR_INJECTION(nova_core_timer_init, ERRNO);

/* The registers have lost everything; alarms that are armed stay so. */
void nova_core_timer_restore(struct nova_core *core)
{
	int ret;

	guard(mutex)(&core->timer->lock);

	nova_core_wr32(core, NV_PTIMER_INTR_EN_0, 0);
	nova_core_wr32(core, NV_PTIMER_INTR_0, NV_PTIMER_INTR_0_ALARM | NV_PTIMER_INTR_0_TIMER);
	ret = nova_core_timer_program_locked(core);
	if (ret && ret != -ENODEV)
		dev_err(core->dev, "the timer does not keep time: %d\n", ret);
}

/*
 * When it returns, no alarm's callback runs or will. Alarms that nobody
 * cancelled stay in the audit registry, whose report names who armed them.
 */
void nova_core_timer_fini(struct nova_core *core)
{
	struct nova_core_timer *timer = core->timer;
	struct nova_core_alarm *alarm, *next;

	mutex_lock(&timer->lock);
	timer->stopped = true;
	list_for_each_entry_safe(alarm, next, &timer->alarms, link)
		list_del_init(&alarm->link);
	if (!test_bit(NOVA_CORE_LOST, &core->broken))
		nova_core_wr32(core, NV_PTIMER_INTR_EN_0, 0);
	mutex_unlock(&timer->lock);

	wait_event(timer->idle, !READ_ONCE(timer->running));
	nova_core_irq_disable(core, NV_VECTOR_PTIMER);
}
