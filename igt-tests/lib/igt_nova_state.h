/* SPDX-License-Identifier: MIT */
/* The states clients and device can be in when the device goes, and one whole departure. */
#ifndef IGT_NOVA_STATE_H
#define IGT_NOVA_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "igt_nova_unplug.h"

/**
 * struct igt_nova_state - what is going on when the device goes
 * @name: for subtest names
 * @describe: what is going on
 * @enter: may be NULL; brings it about; returns when it is so. @broken: the device may kill queues by itself
 *         before it goes
 * @gone: may be NULL; the device is gone: what was under way ends as it should
 * @back: may be NULL; the device is back: what is left of its old life is closed
 * @misbehaves: the device is made to misbehave
 * @holds: somebody has the device open meanwhile, or holds an object of it
 */
struct igt_nova_state {
	const char *name;
	const char *describe;
	void (*enter)(bool broken);
	void (*gone)(bool broken);
	void (*back)(void);
	bool misbehaves;
	bool holds;
};

extern const struct igt_nova_state igt_nova_states[];
extern const size_t igt_nova_state_count;

/*
 * Crowds are of @count loads from the one with number @first on, instead of one worker for each: for
 * tests that do this often.
 */
void igt_nova_state_limit(size_t first, size_t count);
/* Can the device go this way while in this state? */
bool igt_nova_state_allows(const struct igt_nova_state *state, const struct igt_nova_path *path);
/*
 * Enters the state, takes the device away, checks what must hold, brings it back, checks again,
 * leaves. Returns how long the taking took, in nanoseconds.
 */
uint64_t igt_nova_state_cycle(const struct igt_nova_state *state,
			      const struct igt_nova_path *path);
/* For the start of a subtest: ends what a failed cycle of this process left behind. */
void igt_nova_state_abandon(void);

#endif /* IGT_NOVA_STATE_H */
