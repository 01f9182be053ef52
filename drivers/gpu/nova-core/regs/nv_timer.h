/* SPDX-License-Identifier: MIT */
/*
 * PTIMER. BAR0 offsets. Source: OGD dev_timer.ref.txt; TIME_0/TIME_1 are
 * published for older generations only (OGKM gm107/dev_timer.h, also used by
 * NOUV on Turing).
 *
 * Time is 64-bit nanoseconds in steps of 32 ns. Read high, low, high and retry
 * while the highs differ.
 */
#ifndef NV_TIMER_H
#define NV_TIMER_H

#include "nv_bits.h"

#define NV_PTIMER_INTR_0			0x009100	/* write 1 clears */
#define NV_PTIMER_INTR_0_ALARM			NV_BIT(0)
#define NV_PTIMER_INTR_0_TIMER			NV_BIT(1)
#define NV_PTIMER_INTR_EN_0			0x009140
#define NV_PTIMER_INTR_EN_0_ALARM		NV_BIT(0)
#define NV_PTIMER_INTR_EN_0_TIMER		NV_BIT(1)
#define NV_PTIMER_TIME_0			0x009400
#define NV_PTIMER_TIME_0_NSEC			NV_BITS(31, 5)
#define NV_PTIMER_TIME_1			0x009410
#define NV_PTIMER_TIME_1_NSEC			NV_BITS(28, 0)
#define NV_PTIMER_ALARM_0			0x009420	/* fires when TIME_0 reaches it */
#define NV_PTIMER_ALARM_0_NSEC			NV_BITS(31, 5)
#define NV_PTIMER_INTR_VECTOR			0x009440
#define NV_PTIMER_INTR_VECTOR_ID		NV_BITS(7, 0)	/* reads 0x94 = 148 */

#define NV_PTIMER_RESOLUTION_NS			32u

#endif /* NV_TIMER_H */
