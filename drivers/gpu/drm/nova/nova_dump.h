/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_DUMP_H_
#define _NOVA_DUMP_H_

#include <linux/nova_core.h>
#include <linux/types.h>

struct nova_bound;
struct nova_queue;

/**
 * struct nova_dump_cause - what the hardware said of a channel
 * @valid: NOVA_DUMP_ERROR_*: which of the others are
 * @error: the first channel error
 * @fault: the first fault
 */
struct nova_dump_cause {
	u32 valid;
	struct nova_core_chan_error error;
	struct nova_core_fault fault;
};

int nova_dump_init(struct nova_bound *bound)
	__must_hold_shared(nova_core_door);
void nova_dump_fini(struct nova_bound *bound)
	__must_hold_shared(nova_core_door);

void nova_dump_note_error(struct nova_bound *bound, const struct nova_core_chan_error *error);
void nova_dump_note_fault(struct nova_bound *bound, const struct nova_core_fault *fault);

void nova_dump_take(struct nova_bound *bound, struct nova_queue *queue, u32 state, u32 code)
	__must_hold_shared(nova_core_door);

#endif /* _NOVA_DUMP_H_ */
