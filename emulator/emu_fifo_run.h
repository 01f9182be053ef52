/* SPDX-License-Identifier: MIT */
/* Inside of emu_fifo: what channel management and the engine threads share. */
#ifndef EMU_FIFO_RUN_H
#define EMU_FIFO_RUN_H

#include <pthread.h>

#include "emu_fifo.h"

enum emu_chan_state {
	CHAN_FREE,
	CHAN_RESERVED,		/* id taken, not schedulable yet */
	CHAN_IDLE,
	CHAN_READY,
	CHAN_BLOCKED,
	CHAN_ERROR,		/* stopped by an error or an engine reset */
	CHAN_STOPPED,		/* stopped by command */
};

/**
 * struct emu_chan - one channel
 * @state: see above; a running one is CHAN_READY, a polled one CHAN_BLOCKED
 * @engine: whose runlist it is on
 * @priority: 0 low .. 2 high
 * @credits: turns left in this round
 * @timeslice_ns: length of a turn
 * @rang: a doorbell came that no fetch of GP_PUT has answered
 * @stopping: it must leave the engine and not come back
 * @interrupt: tells the running channel to look at @stopping or the engine's hang
 * @error_pending: @host->error was not told to the firmware yet
 * @poll_at_ns: when a blocked channel is looked at next
 * @poll_ns: the interval
 * @host: execution state, freed with the channel
 */
struct emu_chan {
	enum emu_chan_state state;
	unsigned int engine;
	unsigned int priority;
	unsigned int credits;
	uint64_t timeslice_ns;
	bool rang;
	bool stopping;
	atomic_bool interrupt;
	bool error_pending;
	uint64_t poll_at_ns;
	uint64_t poll_ns;
	struct emu_host *host;
};

/**
 * struct emu_engine - one engine and its runlist
 * @thread: runs the channels
 * @wake: something to do
 * @running: the channel on the engine
 * @polled: the blocked channel being looked at
 * @running_since_ns: when its time slice began
 * @last: channel that had the last turn
 * @hang: make no progress with whatever is on the engine
 * @stuck: a channel is held by @hang
 */
struct emu_engine {
	struct emu_fifo *fifo;
	unsigned int index;
	pthread_t thread;
	bool started;
	pthread_cond_t wake;
	struct emu_chan *running;
	struct emu_chan *polled;
	uint64_t running_since_ns;
	unsigned int last;
	bool hang;
	bool stuck;
};

/**
 * struct emu_fifo - all channels and engines
 * @lock: everything; never held while a channel runs or is polled
 * @done: a channel left its engine
 * @exit: threads end
 * @closing: threads run nothing
 * @halted: doorbells are not heard and not counted
 * @channel_cfg: VIRTUAL_CHANNEL_CFG(0); doorbells are heard when PENDING_ENABLE is set
 * @next_chid: where the search for a free id begins
 * @blocked: number of blocked channels, read without the lock as a hint
 */
struct emu_fifo {
	struct emu *emu;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool exit;
	bool closing;
	bool halted;
	uint32_t channel_cfg;
	unsigned int next_chid;
	atomic_uint blocked;
	struct emu_engine engines[EMU_ENGINES];
	struct emu_chan chans[EMU_CHANNELS];
};

/* The one place where a channel's state changes; the caller holds the lock. */
void emu_fifo_set_state(struct emu_fifo *fifo, struct emu_chan *chan, enum emu_chan_state state);
/* Blocked channels look at their semaphores now; the caller holds the lock. */
void emu_fifo_look_again(struct emu_fifo *fifo);
/* What runs the channels of one engine; takes a struct emu_engine. */
void *emu_fifo_thread(void *data);

#endif /* EMU_FIFO_RUN_H */
