/* SPDX-License-Identifier: MIT */
/* One life of the driver with a device that lies: bound, worked with, unbound, healthy again. */
#ifndef IGT_NOVA_CHAOS_H
#define IGT_NOVA_CHAOS_H

#include <stdint.h>

/**
 * struct igt_nova_chaos - how to lie, and what came of it so far
 * @asked: categories and kinds, as the emulator's command takes them, NULL for all
 * @rate: one lie in so many chances, 0 to let the seed decide
 * @patience_s: after that a seed counts as hung
 * @check_every: so many seeds render once on the healed device
 * @seeds: seeds run
 * @bound: of those with chaos from the start, how many the driver bound to
 * @refused: and how many it did not
 * @dead: times the driver gave the device up
 * @lost: times it found the device gone
 * @checks: times the healed device rendered as it should
 * @calls: that clients made, successful or not
 * @lies: that were told
 * @dma_blocked: accesses that the DMA map stopped
 * @excused: violations that a lie led to
 * @messages: most lines of the driver in one seed
 * @unbind_ms: longest unbind
 */
struct igt_nova_chaos {
	const char *asked;
	unsigned int rate;
	unsigned int patience_s;
	unsigned int check_every;
	uint64_t seeds;
	uint64_t bound;
	uint64_t refused;
	uint64_t dead;
	uint64_t lost;
	uint64_t checks;
	uint64_t calls;
	uint64_t lies;
	uint64_t dma_blocked;
	uint64_t excused;
	unsigned int messages;
	uint64_t unbind_ms;
};

/* For the first and the last fixture; the device is nova_unplug's. */
void igt_nova_chaos_init(void);
void igt_nova_chaos_fini(void);
/*
 * Asserts all that must hold of one seed; leaves the device unbound and healthy.
 * The first call may find it bound.
 */
void igt_nova_chaos_run(struct igt_nova_chaos *chaos, uint32_t seed);
/* Brings the device back, and sees it work. */
void igt_nova_chaos_end(struct igt_nova_chaos *chaos);
void igt_nova_chaos_report(const struct igt_nova_chaos *chaos);

#endif /* IGT_NOVA_CHAOS_H */
