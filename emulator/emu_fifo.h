/* SPDX-License-Identifier: MIT */
/*
 * Channels and runlists: which channel runs on which engine, and when.
 *
 * Life of a channel: emu_fifo_alloc() reserves an id and its instance block,
 * which the firmware then fills; emu_fifo_enable() makes it schedulable; a stop, an
 * error or an engine reset ends that for good; emu_fifo_free() gives the id back.
 */
#ifndef EMU_FIFO_H
#define EMU_FIFO_H

#include "emu_host.h"

#define EMU_FIFO_NO_CHANNEL	0xffffffffu
#define EMU_FIFO_PRIORITIES	3
#define EMU_FIFO_TIMESLICE_NS	1024u		/* unit of time slices */
#define EMU_FIFO_TIMESLICE_MAX	(1u << 20)	/* in these */

/* Address of a channel's instance block, in video memory above what the driver may use. */
uint64_t emu_fifo_inst(const struct emu *emu, uint32_t chid);
uint32_t emu_fifo_token(unsigned int engine, uint32_t chid);

/* A free channel id, or -ENOSPC, or -ENOMEM. Ids are not reused before the others were. */
int emu_fifo_alloc(struct emu *emu, unsigned int engine);
void emu_fifo_enable(struct emu *emu, uint32_t chid, unsigned int priority,
		     uint64_t timeslice_ns);

/*
 * Takes the channel off its runlist and engine, for good. 0; -ENOENT: no such
 * channel; -EBUSY: it is on an engine that does not let go.
 */
int emu_fifo_stop(struct emu *emu, uint32_t chid);
/* The same, and frees it. Its pending error is forgotten. */
int emu_fifo_free(struct emu *emu, uint32_t chid);
/* Every channel, also those on hung engines, whose hang ends with it. */
void emu_fifo_free_all(struct emu *emu);
/* The same, ends every hang, and hears no doorbell until emu_fifo_resume(). */
void emu_fifo_halt(struct emu *emu);
void emu_fifo_resume(struct emu *emu);

/*
 * Takes every channel off its engine, between two methods, and leaves it in its instance block,
 * with its errors: none is left. 0, or -EBUSY: an engine hangs, or is in a copy; then all go on.
 */
int emu_fifo_suspend(struct emu *emu);
/* All channels as emu_fifo_suspend() left them, once: 0, -EINVAL if it has not, or -ENOMEM. */
int emu_fifo_restore(struct emu *emu);

/* Ends a hang and kills the channel on the engine: its id, or EMU_FIFO_NO_CHANNEL. */
uint32_t emu_fifo_engine_reset(struct emu *emu, unsigned int engine);
/* The channel on the engine, and whether it is stuck there beyond its time slice. */
uint32_t emu_fifo_engine_status(struct emu *emu, unsigned int engine, bool *stuck);

/* Takes one channel error that has not been told yet. */
bool emu_fifo_take_error(struct emu *emu, uint32_t *chid, unsigned int *engine,
			 struct emu_host_error *error);

/* An engine wrote a semaphore: channels that wait for one look again. */
void emu_fifo_released(struct emu *emu);

#endif /* EMU_FIFO_H */
