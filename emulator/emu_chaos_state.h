/* SPDX-License-Identifier: MIT */
/* Inside of emu_chaos: what deciding and lying share. */
#ifndef EMU_CHAOS_STATE_H
#define EMU_CHAOS_STATE_H

#include "emu_chaos.h"

/**
 * struct emu_chaos_dice - when a kind lies
 * @period: once in that many times, 0: never
 * @skip: but not the first times
 * @asked: how often it was asked for since the start
 * @lies: how often it lied since the statistics were cleared
 */
struct emu_chaos_dice {
	_Atomic uint32_t period;
	_Atomic uint32_t skip;
	_Atomic uint64_t asked;
	_Atomic uint64_t lies;
};

/**
 * struct emu_chaos - the liar
 * @on: it lies; all atomics: any thread
 * @seed: what decides
 * @lied: categories that lied since the last reset or honest boot
 * @dma_blocked: see struct emu_chaos_stats
 * @excused: the same
 * @event: content of an event that the firmware is to send, 0: none
 * @dice: by kind
 * @ones: reads that give all ones from now on; like all below under emu_lock()
 * @storm: interrupts still to be sent
 * @tlb_stuck: the invalidate under way does not complete
 * @time_stopped: time stands still at @time
 * @time: what was read last
 * @time_offset: how far time has jumped
 */
struct emu_chaos {
	_Atomic bool on;
	_Atomic uint32_t seed;
	_Atomic uint32_t lied;
	_Atomic uint64_t dma_blocked;
	_Atomic uint64_t excused;
	_Atomic uint64_t event;
	struct emu_chaos_dice dice[EMU_CHAOS_KINDS];

	unsigned int ones;
	unsigned int storm;
	bool tlb_stuck;
	bool time_stopped;
	uint64_t time;
	uint64_t time_offset;
};

#endif /* EMU_CHAOS_STATE_H */
