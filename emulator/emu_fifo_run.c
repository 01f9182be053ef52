// SPDX-License-Identifier: MIT
/*
 * One thread per engine: whose turn it is, the turn, and what comes of it.
 *
 * Scheduling is round robin with a time slice among the ready channels of an
 * engine. Priority is a weight: each turn costs a credit, a channel gets 4, 2 or 1
 * of them per round, and a new round starts when no ready channel has one left.
 *
 * A channel whose semaphore acquire failed is set aside and only looked at: at
 * once when an engine releases a semaphore or a doorbell rings, otherwise in
 * intervals that grow from 20 us to 1 ms, because the CPU may write the semaphore without telling.
 */
#include <time.h>

#include "emu_fifo_run.h"
#include "emu_fw.h"

#define POLL_MIN_NS	20000u
#define POLL_MAX_NS	1000000u

void emu_fifo_set_state(struct emu_fifo *fifo, struct emu_chan *chan, enum emu_chan_state state)
{
	if (chan->state == CHAN_BLOCKED)
		atomic_fetch_sub(&fifo->blocked, 1);
	if (state == CHAN_BLOCKED)
		atomic_fetch_add(&fifo->blocked, 1);
	chan->state = state;
}

/* Blocked channels look again now. The caller holds the lock. */
void emu_fifo_look_again(struct emu_fifo *fifo)
{
	unsigned int i;

	for (i = 0; i < EMU_CHANNELS; i++) {
		struct emu_chan *chan = &fifo->chans[i];

		if (chan->state != CHAN_BLOCKED)
			continue;
		chan->poll_at_ns = 0;
		chan->poll_ns = POLL_MIN_NS;
		pthread_cond_signal(&fifo->engines[chan->engine].wake);
	}
}

/* --- engine threads; all of this runs with the lock held unless it says otherwise --- */

static struct emu_chan *next_ready_with_credit(struct emu_fifo *fifo, struct emu_engine *engine)
{
	struct emu_chan *best = NULL;
	unsigned int i;

	for (i = 1; i <= EMU_CHANNELS; i++) {
		struct emu_chan *chan = &fifo->chans[(engine->last + i) % EMU_CHANNELS];

		if (chan->state != CHAN_READY || chan->engine != engine->index ||
		    chan->stopping || !chan->credits)
			continue;
		if (!best || chan->priority > best->priority)
			best = chan;
	}
	return best;
}

static struct emu_chan *next_ready(struct emu_fifo *fifo, struct emu_engine *engine)
{
	struct emu_chan *chan = next_ready_with_credit(fifo, engine);
	unsigned int i;

	if (!chan) {
		for (i = 0; i < EMU_CHANNELS; i++) {
			if (fifo->chans[i].engine == engine->index)
				fifo->chans[i].credits = 1u << fifo->chans[i].priority;
		}
		chan = next_ready_with_credit(fifo, engine);
	}
	if (chan) {
		chan->credits--;
		engine->last = chan - fifo->chans;
	}
	return chan;
}

/* The blocked channel to look at next, and when. */
static struct emu_chan *next_blocked(struct emu_fifo *fifo, const struct emu_engine *engine)
{
	struct emu_chan *first = NULL;
	unsigned int i;

	for (i = 0; i < EMU_CHANNELS && atomic_load(&fifo->blocked); i++) {
		struct emu_chan *chan = &fifo->chans[i];

		if (chan->state == CHAN_BLOCKED && chan->engine == engine->index && !chan->stopping &&
		    (!first || chan->poll_at_ns < first->poll_at_ns))
			first = chan;
	}
	return first;
}

static void poll_blocked(struct emu_fifo *fifo, struct emu_engine *engine, struct emu_chan *chan)
{
	bool ready;

	engine->polled = chan;
	pthread_mutex_unlock(&fifo->lock);
	ready = emu_host_poll(chan->host);
	pthread_mutex_lock(&fifo->lock);
	engine->polled = NULL;
	pthread_cond_broadcast(&fifo->done);
	if (chan->stopping)
		return;
	if (ready) {
		emu_fifo_set_state(fifo, chan, CHAN_READY);
		return;
	}
	chan->poll_at_ns = emu_host_now() + chan->poll_ns;
	chan->poll_ns = chan->poll_ns * 2 > POLL_MAX_NS ? POLL_MAX_NS : chan->poll_ns * 2;
}

/* One turn on the engine, through all the hangs that come while it lasts. */
static enum emu_host_result run_turn(struct emu_fifo *fifo, struct emu_engine *engine,
				     struct emu_chan *chan)
{
	enum emu_host_result result;
	uint64_t deadline;

	for (;;) {
		if (engine->hang) {
			engine->stuck = true;
			pthread_cond_wait(&engine->wake, &fifo->lock);
			continue;
		}
		engine->stuck = false;
		if (chan->stopping)
			return EMU_HOST_STOPPED;
		atomic_store(&chan->interrupt, false);
		deadline = engine->running_since_ns + chan->timeslice_ns;
		chan->rang = false;
		pthread_mutex_unlock(&fifo->lock);
		result = emu_host_run(chan->host, &chan->interrupt, deadline);
		pthread_mutex_lock(&fifo->lock);
		if (result != EMU_HOST_STOPPED || !engine->hang)
			return result;
	}
}

/* Returns whether the firmware has to be told. */
static bool run_chan(struct emu_fifo *fifo, struct emu_engine *engine, struct emu_chan *chan)
{
	enum emu_host_result result;

	engine->running = chan;
	engine->running_since_ns = emu_host_now();
	result = run_turn(fifo, engine, chan);
	engine->running = NULL;
	engine->stuck = false;
	pthread_cond_broadcast(&fifo->done);

	/* Whoever stops the channel decides what becomes of it. */
	if (chan->stopping)
		return false;
	switch (result) {
	case EMU_HOST_IDLE:
		emu_fifo_set_state(fifo, chan, chan->rang ? CHAN_READY : CHAN_IDLE);
		return false;
	case EMU_HOST_BLOCKED:
		emu_fifo_set_state(fifo, chan, CHAN_BLOCKED);
		chan->poll_ns = POLL_MIN_NS;
		chan->poll_at_ns = emu_host_now() + POLL_MIN_NS;
		return false;
	case EMU_HOST_ERROR:
		emu_fifo_set_state(fifo, chan, CHAN_ERROR);
		chan->error_pending = true;
		return true;
	default:
		return false;
	}
}

static void wait_until(struct emu_fifo *fifo, struct emu_engine *engine, const struct emu_chan *blocked)
{
	struct timespec until;

	if (!blocked) {
		pthread_cond_wait(&engine->wake, &fifo->lock);
		return;
	}
	until.tv_sec = blocked->poll_at_ns / 1000000000u;
	until.tv_nsec = blocked->poll_at_ns % 1000000000u;
	pthread_cond_timedwait(&engine->wake, &fifo->lock, &until);
}

void *emu_fifo_thread(void *data)
{
	struct emu_engine *engine = data;
	struct emu_fifo *fifo = engine->fifo;

	pthread_mutex_lock(&fifo->lock);
	while (!fifo->exit) {
		struct emu_chan *blocked, *ready;

		if (fifo->closing) {
			pthread_cond_wait(&engine->wake, &fifo->lock);
			continue;
		}
		blocked = next_blocked(fifo, engine);
		if (blocked && blocked->poll_at_ns <= emu_host_now()) {
			poll_blocked(fifo, engine, blocked);
			continue;
		}
		ready = next_ready(fifo, engine);
		if (!ready) {
			wait_until(fifo, engine, blocked);
			continue;
		}
		if (run_chan(fifo, engine, ready)) {
			pthread_mutex_unlock(&fifo->lock);
			emu_fw_notify(fifo->emu);
			pthread_mutex_lock(&fifo->lock);
		}
	}
	pthread_mutex_unlock(&fifo->lock);
	return NULL;
}
