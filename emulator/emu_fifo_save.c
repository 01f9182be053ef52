// SPDX-License-Identifier: MIT
/*
 * Channels that sleep: what a channel is, beyond its RAMFC, in the free part of its instance block.
 *
 * Video memory is the driver's, who may have changed or lost what is there: it is checked, and no
 * value of it can do more than the channel's own methods could.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emu_fifo_run.h"
#include "regs/nv_host.h"

#define SAVED_OFFSET	0x400u		/* behind RAMFC and the page directory base */
#define SAVED_MAGIC	0x5057464eu	/* "NFWP" */

/**
 * struct saved - one channel, or none, asleep
 * @magic: SAVED_MAGIC
 * @size: of this structure
 * @state: enum emu_chan_state
 * @engine: see struct emu_chan, as the next ones
 * @priority: ditto
 * @error_pending: ditto
 * @timeslice_ns: ditto
 * @acquire_left_ns: until an acquire times out, 0 for never; then as in struct emu_host
 */
struct saved {
	uint32_t magic;
	uint32_t size;
	uint32_t state;
	uint32_t engine;
	uint32_t priority;
	uint32_t error_pending;
	uint64_t timeslice_ns;
	uint64_t acquire_left_ns;
	uint64_t seg_va;
	uint64_t top_get;
	uint32_t seg_left;
	uint32_t seg_main;
	uint32_t gp_get;
	uint32_t gp_put;
	uint32_t reference;
	uint32_t acquiring;
	struct emu_pb pb;
	struct emu_host_error error;
	uint32_t method[0x100 / 4];
	struct emu_twod_progress twod;
	uint32_t engine_method[EMU_TWOD_METHODS];
};

_Static_assert(EMU_CE_METHODS <= EMU_TWOD_METHODS, "either engine's methods fit");

_Static_assert(SAVED_OFFSET + sizeof(struct saved) <= NV_INST_SIZE, "fits an instance block");

/* --- to sleep --- */

static void save_host(const struct emu_host *host, struct saved *saved)
{
	uint32_t fetched = host->fetch_len - host->fetch_pos;
	uint64_t now = emu_host_now();

	/* What was fetched and not decoded is fetched again. */
	saved->seg_va = host->seg_va - 4ull * fetched;
	saved->seg_left = host->seg_left + fetched;
	saved->seg_main = host->seg_main;
	saved->top_get = host->top_get;
	saved->gp_get = host->gp_get;
	saved->gp_put = host->gp_put;
	saved->reference = host->reference;
	saved->acquiring = host->acquiring;
	if (host->acquire_deadline_ns)
		saved->acquire_left_ns = host->acquire_deadline_ns > now ?
					 host->acquire_deadline_ns - now : 1;
	saved->pb = host->pb;
	saved->error = host->error;
	memcpy(saved->method, host->method, sizeof(saved->method));
	if (host->engine == EMU_GRAPHICS_ENGINE) {
		saved->twod = host->twod.progress;
		memcpy(saved->engine_method, host->twod.method, sizeof(host->twod.method));
	} else {
		memcpy(saved->engine_method, host->ce.method, sizeof(host->ce.method));
	}
}

static void save(struct emu_fifo *fifo, uint32_t chid)
{
	struct emu_chan *chan = &fifo->chans[chid];
	struct saved saved = {
		.magic = SAVED_MAGIC,
		.size = sizeof(saved),
		.state = chan->state,
	};

	if (chan->state != CHAN_FREE) {
		saved.engine = chan->engine;
		saved.priority = chan->priority;
		saved.error_pending = chan->error_pending;
		saved.timeslice_ns = chan->timeslice_ns;
		save_host(chan->host, &saved);
	}
	emu_mem_write(fifo->emu, EMU_VIDEO, emu_fifo_inst(fifo->emu, chid) + SAVED_OFFSET, &saved,
		      sizeof(saved));
}

/* Leaves the instance block alone, which is what the channel is from now on. */
static void forget_locked(struct emu_fifo *fifo, struct emu_chan *chan)
{
	emu_fifo_set_state(fifo, chan, CHAN_FREE);
	free(chan->host);
	chan->host = NULL;
	chan->error_pending = false;
}

/* Returns when nothing runs on the engine, or it does not let go. The caller holds the lock. */
static int clear_engine_locked(struct emu_fifo *fifo, struct emu_engine *engine)
{
	while (engine->running || engine->polled) {
		if (engine->running && engine->hang)
			return -EBUSY;
		if (engine->running)
			atomic_store(&engine->running->interrupt, true);
		pthread_cond_wait(&fifo->done, &fifo->lock);
	}
	return 0;
}

static bool copying_locked(const struct emu_fifo *fifo)
{
	unsigned int i;

	for (i = 0; i < EMU_CHANNELS; i++)
		if (fifo->chans[i].state == CHAN_READY && fifo->chans[i].host->copying)
			return true;
	return false;
}

int emu_fifo_suspend(struct emu *emu)
{
	struct emu_fifo *fifo = emu->fifo;
	unsigned int i;
	int ret = 0;

	pthread_mutex_lock(&fifo->lock);
	fifo->closing = true;
	for (i = 0; i < EMU_ENGINES && !ret; i++)
		ret = clear_engine_locked(fifo, &fifo->engines[i]);
	if (!ret && copying_locked(fifo))
		ret = -EBUSY;
	for (i = 0; i < EMU_CHANNELS && !ret; i++)
		save(fifo, i);
	for (i = 0; i < EMU_CHANNELS && !ret; i++)
		if (fifo->chans[i].state != CHAN_FREE)
			forget_locked(fifo, &fifo->chans[i]);
	if (!ret)
		fifo->halted = true;
	fifo->closing = false;
	for (i = 0; i < EMU_ENGINES; i++)
		pthread_cond_broadcast(&fifo->engines[i].wake);
	pthread_mutex_unlock(&fifo->lock);
	return ret;
}

/* --- and back --- */

/* A semaphore that is waited for is aligned; SEM_EXECUTE has seen to that. */
static bool possible_acquire(const struct saved *saved)
{
	uint32_t execute = saved->method[NV_C46F_SEM_EXECUTE / 4];
	uint32_t low = saved->method[NV_C46F_SEM_ADDR_LO / 4] & NV_C46F_SEM_ADDR_LO_OFFSET;

	return !saved->acquiring || !(execute & NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT) || !(low % 8);
}

static bool possible(const struct saved *saved)
{
	return saved->magic == SAVED_MAGIC && saved->size == sizeof(*saved) &&
	       saved->state <= CHAN_STOPPED && saved->state != CHAN_RESERVED &&
	       saved->engine < EMU_ENGINES && saved->priority < EMU_FIFO_PRIORITIES &&
	       saved->timeslice_ns <= (uint64_t)EMU_FIFO_TIMESLICE_MAX * EMU_FIFO_TIMESLICE_NS &&
	       saved->pb.address <= 0x1000 && possible_acquire(saved);
}

/* Takes it away, too: what has been restored is not restored again. */
static int load(struct emu_fifo *fifo, uint32_t chid, struct saved *saved)
{
	uint64_t at = emu_fifo_inst(fifo->emu, chid) + SAVED_OFFSET;
	const uint32_t none = 0;

	if (emu_mem_read(fifo->emu, EMU_VIDEO, at, saved, sizeof(*saved)) || !possible(saved))
		return -EINVAL;
	emu_mem_write(fifo->emu, EMU_VIDEO, at, &none, sizeof(none));
	return 0;
}

static void restore_host(struct emu_host *host, const struct saved *saved)
{
	host->seg_va = saved->seg_va;
	host->seg_left = saved->seg_left;
	host->seg_main = saved->seg_main;
	host->top_get = saved->top_get;
	host->gp_get = saved->gp_get;
	host->gp_put = saved->gp_put;
	host->reference = saved->reference;
	host->acquiring = saved->acquiring;
	if (saved->acquire_left_ns)
		host->acquire_deadline_ns = emu_host_now() + saved->acquire_left_ns;
	host->pb = saved->pb;
	host->error = saved->error;
	memcpy(host->method, saved->method, sizeof(host->method));
	if (host->engine == EMU_GRAPHICS_ENGINE)
		emu_twod_restore(&host->twod, saved->engine_method, &saved->twod);
	else
		memcpy(host->ce.method, saved->engine_method, sizeof(host->ce.method));
}

static int restore_locked(struct emu_fifo *fifo, uint32_t chid)
{
	struct emu_chan *chan = &fifo->chans[chid];
	struct saved saved;
	int ret = load(fifo, chid, &saved);

	if (ret || saved.state == CHAN_FREE)
		return ret;
	memset(chan, 0, sizeof(*chan));
	chan->host = malloc(sizeof(*chan->host));
	if (!chan->host)
		return -ENOMEM;
	emu_host_init(chan->host, fifo->emu, saved.engine, emu_fifo_inst(fifo->emu, chid));
	restore_host(chan->host, &saved);
	chan->engine = saved.engine;
	chan->priority = saved.priority;
	chan->timeslice_ns = saved.timeslice_ns;
	chan->error_pending = saved.error_pending;
	/* One that waits runs into it again: until it has run, its address space is not known. */
	emu_fifo_set_state(fifo, chan, saved.state == CHAN_BLOCKED ? CHAN_READY : saved.state);
	/* Ids are not reused before the others were. */
	fifo->next_chid = chid + 1;
	return 0;
}

int emu_fifo_restore(struct emu *emu)
{
	struct emu_fifo *fifo = emu->fifo;
	unsigned int i;
	int ret = 0;

	pthread_mutex_lock(&fifo->lock);
	fifo->closing = true;
	for (i = 0; i < EMU_CHANNELS && !ret; i++)
		ret = restore_locked(fifo, i);
	for (i = 0; i < EMU_CHANNELS && ret; i++)
		if (fifo->chans[i].state != CHAN_FREE)
			forget_locked(fifo, &fifo->chans[i]);
	fifo->closing = false;
	for (i = 0; i < EMU_ENGINES; i++)
		pthread_cond_broadcast(&fifo->engines[i].wake);
	pthread_mutex_unlock(&fifo->lock);
	return ret;
}
