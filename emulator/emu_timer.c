/* SPDX-License-Identifier: MIT */
/*
 * PTIMER: 64-bit nanoseconds since 1970 in steps of 32, and one alarm.
 *
 * Time is the host's monotonic clock plus an offset, so that it never jumps;
 * writing TIME_0 or TIME_1 changes the offset. The alarm fires when the low
 * half of the time passes ALARM_0, so every 4.29 s. Decision of our own: the
 * comparator runs only while INTR_EN_0 enables it. An alarm that
 * was cancelled leaves no stale interrupt for the next one.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "emu.h"
#include "regs/nv_timer.h"
#include "regs/nv_vf.h"

#define EMU_TIMER_NSEC_PER_SEC	1000000000ull
#define EMU_TIMER_LAP		(1ull << 32)	/* time from one match to the next */
#define EMU_TIMER_TIME_MASK	NV_BITS64(60, 5)

/**
 * struct emu_timer - the timer subdevice
 * @emu: the device
 * @offset: PTIMER minus monotonic clock; any thread
 * @lock: covers all below
 * @changed: wakes the thread when @armed, @deadline or @stop changes
 * @thread: fires the alarm
 * @intr: INTR_0
 * @intr_en: INTR_EN_0
 * @alarm: ALARM_0
 * @armed: the comparator runs
 * @deadline: when it matches next, on the monotonic clock
 * @stop: the thread is to end
 */
struct emu_timer {
	struct emu *emu;
	_Atomic uint64_t offset;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	uint32_t intr;
	uint32_t intr_en;
	uint32_t alarm;
	bool armed;
	uint64_t deadline;
	bool stop;
};

static uint64_t emu_timer_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * EMU_TIMER_NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static uint64_t emu_timer_epoch_offset(void)
{
	return emu_timer_clock(CLOCK_REALTIME) - emu_timer_clock(CLOCK_MONOTONIC);
}

static uint64_t emu_timer_read(struct emu_timer *timer)
{
	return (emu_timer_clock(CLOCK_MONOTONIC) + atomic_load(&timer->offset)) &
	       EMU_TIMER_TIME_MASK;
}

uint64_t emu_timer_now(struct emu *emu)
{
	return emu_timer_read(emu->timer);
}

static void emu_timer_fire(struct emu_timer *timer)
{
	timer->intr |= NV_PTIMER_INTR_0_ALARM;
	timer->deadline += EMU_TIMER_LAP;
	emu_irq_raise(timer->emu, NV_VECTOR_PTIMER);
}

static void *emu_timer_main(void *data)
{
	struct emu_timer *timer = data;

	pthread_mutex_lock(&timer->lock);
	while (!timer->stop) {
		struct timespec until = {
			.tv_sec = (time_t)(timer->deadline / EMU_TIMER_NSEC_PER_SEC),
			.tv_nsec = (long)(timer->deadline % EMU_TIMER_NSEC_PER_SEC),
		};

		if (!timer->armed)
			pthread_cond_wait(&timer->changed, &timer->lock);
		else if (emu_timer_clock(CLOCK_MONOTONIC) >= timer->deadline)
			emu_timer_fire(timer);
		else
			pthread_cond_timedwait(&timer->changed, &timer->lock, &until);
	}
	pthread_mutex_unlock(&timer->lock);
	return NULL;
}

struct emu_timer *emu_timer_create(struct emu *emu)
{
	struct emu_timer *timer = calloc(1, sizeof(*timer));
	pthread_condattr_t attr;

	if (!timer)
		return NULL;
	timer->emu = emu;
	atomic_store(&timer->offset, emu_timer_epoch_offset());
	pthread_mutex_init(&timer->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&timer->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&timer->thread, NULL, emu_timer_main, timer)) {
		pthread_cond_destroy(&timer->changed);
		pthread_mutex_destroy(&timer->lock);
		free(timer);
		return NULL;
	}
	return timer;
}

void emu_timer_destroy(struct emu_timer *timer)
{
	if (!timer)
		return;
	pthread_mutex_lock(&timer->lock);
	timer->stop = true;
	pthread_cond_signal(&timer->changed);
	pthread_mutex_unlock(&timer->lock);
	pthread_join(timer->thread, NULL);
	pthread_cond_destroy(&timer->changed);
	pthread_mutex_destroy(&timer->lock);
	free(timer);
}

/* Works out the next match; the caller holds the lock. */
static void emu_timer_arm(struct emu_timer *timer)
{
	uint32_t now = (uint32_t)emu_timer_read(timer);

	timer->armed = timer->intr_en & NV_PTIMER_INTR_EN_0_ALARM;
	timer->deadline = emu_timer_clock(CLOCK_MONOTONIC) + (uint32_t)(timer->alarm - now);
	pthread_cond_signal(&timer->changed);
}

void emu_timer_reset(struct emu_timer *timer)
{
	pthread_mutex_lock(&timer->lock);
	timer->intr = 0;
	timer->intr_en = 0;
	timer->alarm = 0;
	atomic_store(&timer->offset, emu_timer_epoch_offset());
	emu_timer_arm(timer);
	pthread_mutex_unlock(&timer->lock);
}

bool emu_timer_reg_read(struct emu *emu, uint32_t offset, uint32_t *value)
{
	struct emu_timer *timer = emu->timer;
	bool defined = true;

	pthread_mutex_lock(&timer->lock);
	switch (offset) {
	case NV_PTIMER_INTR_0:
		*value = timer->intr;
		break;
	case NV_PTIMER_INTR_EN_0:
		*value = timer->intr_en;
		break;
	case NV_PTIMER_TIME_0:
		*value = (uint32_t)emu_timer_read(timer);
		break;
	case NV_PTIMER_TIME_1:
		*value = (uint32_t)(emu_timer_read(timer) >> 32);
		break;
	case NV_PTIMER_ALARM_0:
		*value = timer->alarm;
		break;
	case NV_PTIMER_INTR_VECTOR:
		*value = NV_VECTOR_PTIMER;
		break;
	default:
		defined = false;
	}
	pthread_mutex_unlock(&timer->lock);
	return defined;
}

/* Replaces the bits of @mask in the time; the rest goes on from where it is. */
static void emu_timer_set(struct emu_timer *timer, uint64_t value, uint64_t mask)
{
	uint64_t now = emu_timer_read(timer);
	uint64_t wanted = (now & ~mask) | (value & mask);

	atomic_fetch_add(&timer->offset, wanted - now);
	emu_timer_arm(timer);
}

static void emu_timer_enable(struct emu_timer *timer, uint32_t value)
{
	uint32_t fresh;

	value &= NV_PTIMER_INTR_EN_0_ALARM | NV_PTIMER_INTR_EN_0_TIMER;
	fresh = value & ~timer->intr_en;
	timer->intr_en = value;
	/* Other writes must not move a deadline that is under way. */
	if (fresh & NV_PTIMER_INTR_EN_0_ALARM || !(value & NV_PTIMER_INTR_EN_0_ALARM))
		emu_timer_arm(timer);
	if (timer->intr & fresh)
		emu_irq_raise(timer->emu, NV_VECTOR_PTIMER);
}

bool emu_timer_reg_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	struct emu_timer *timer = emu->timer;
	bool defined = true;

	pthread_mutex_lock(&timer->lock);
	switch (offset) {
	case NV_PTIMER_INTR_0:
		timer->intr &= ~value;
		break;
	case NV_PTIMER_INTR_EN_0:
		emu_timer_enable(timer, value);
		break;
	case NV_PTIMER_TIME_0:
		emu_timer_set(timer, value, NV_PTIMER_TIME_0_NSEC);
		break;
	case NV_PTIMER_TIME_1:
		emu_timer_set(timer, (uint64_t)value << 32,
			      (uint64_t)NV_PTIMER_TIME_1_NSEC << 32);
		break;
	case NV_PTIMER_ALARM_0:
		timer->alarm = value & NV_PTIMER_ALARM_0_NSEC;
		emu_timer_arm(timer);
		break;
	case NV_PTIMER_INTR_VECTOR:	/* read only */
		break;
	default:
		defined = false;
	}
	pthread_mutex_unlock(&timer->lock);
	return defined;
}
