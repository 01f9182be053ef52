/* SPDX-License-Identifier: MIT */
/* The emulated GPU's control port, as the guest sees it: counters, violations, misbehaviour. */
#ifndef IGT_NOVA_EMU_H
#define IGT_NOVA_EMU_H

#include <stdbool.h>
#include <stdint.h>

struct igt_nova_emu;

/**
 * struct igt_nova_emu_stats - the part of the answer to "stats" that tests use
 * @register_accesses: reads and writes
 * @interrupts: sent
 * @ce_bytes: that a copy engine was told to write
 * @resets: of the device
 * @dma_ranges: ranges mapped for DMA now
 * @violations: sum of all kinds
 * @stuck_engines: that stopped in the middle of a channel's work
 * @shut_down: an orderly shutdown was the last thing the driver did
 * @sleeps: times it went to D3hot
 * @asleep: it is there now
 * @lies: told by chaos, of all kinds
 * @dma_blocked: accesses of chaos that the DMA map stopped
 * @excused: violations that a lie led to
 */
struct igt_nova_emu_stats {
	uint64_t register_accesses;
	uint64_t interrupts;
	uint64_t ce_bytes;
	uint64_t resets;
	uint64_t dma_ranges;
	uint64_t violations;
	unsigned int stuck_engines;
	bool shut_down;
	uint64_t sleeps;
	bool asleep;
	uint64_t lies;
	uint64_t dma_blocked;
	uint64_t excused;
};

/* NULL when there is no such port: real hardware, or a VMM without it. */
struct igt_nova_emu *igt_nova_emu_open(unsigned int index);
void igt_nova_emu_close(struct igt_nova_emu *emu);
/* Is there a process behind the port? Commands wait for one. */
bool igt_nova_emu_connected(const struct igt_nova_emu *emu);
/* Ends all misbehaviour, asserting nothing: for exit handlers. */
void igt_nova_emu_heal(struct igt_nova_emu *emu);
/* Sends one command and asserts that the answer is a success. */
void igt_nova_emu_command(struct igt_nova_emu *emu, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void igt_nova_emu_stats(struct igt_nova_emu *emu, struct igt_nova_emu_stats *stats);
/* Logs the last violations, and what chaos did. */
void igt_nova_emu_print_recent(struct igt_nova_emu *emu);

/* Until some channel does not let its engine go. */
void igt_nova_emu_wait_stuck(struct igt_nova_emu *emu);

#endif /* IGT_NOVA_EMU_H */
