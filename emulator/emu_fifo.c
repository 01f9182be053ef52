// SPDX-License-Identifier: MIT
/* Channels: their life, doorbells, stopping, killing. Threads run them in emu_fifo_run.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emu_fifo_run.h"
#include "regs/nv_host.h"
#include "regs/nv_vf.h"

uint64_t emu_fifo_inst(const struct emu *emu, uint32_t chid)
{
	return emu->vram_size - (uint64_t)(EMU_CHANNELS - chid) * NV_INST_SIZE;
}

uint32_t emu_fifo_token(unsigned int engine, uint32_t chid)
{
	return NV_PUT(NV_USERMODE_DOORBELL_RUNLIST, engine) |
	       NV_PUT(NV_USERMODE_DOORBELL_CHID, chid);
}

static bool on_engine(const struct emu_fifo *fifo, const struct emu_chan *chan)
{
	const struct emu_engine *engine = &fifo->engines[chan->engine];

	return engine->running == chan || engine->polled == chan;
}

/* --- stopping --- */

/* Takes the channel off everything. The caller holds the lock. */
static int stop_locked(struct emu_fifo *fifo, struct emu_chan *chan, bool even_if_hung)
{
	struct emu_engine *engine = &fifo->engines[chan->engine];

	chan->stopping = true;
	atomic_store(&chan->interrupt, true);
	while (on_engine(fifo, chan)) {
		if (engine->hang && engine->running == chan) {
			if (!even_if_hung) {
				chan->stopping = false;
				return -EBUSY;
			}
			engine->hang = false;
			pthread_cond_broadcast(&engine->wake);
		}
		pthread_cond_wait(&fifo->done, &fifo->lock);
	}
	return 0;
}

static void free_locked(struct emu_fifo *fifo, struct emu_chan *chan)
{
	struct emu *emu = fifo->emu;
	uint32_t chid = chan - fifo->chans;
	uint32_t unbound = NV_PUT(NV_INST_PDB_LO_TARGET, 1u);

	emu_mem_write(emu, EMU_VIDEO, emu_fifo_inst(emu, chid) + NV_INST_PDB_LO, &unbound,
		      sizeof(unbound));
	emu_fifo_set_state(fifo, chan, CHAN_FREE);
	free(chan->host);
	chan->host = NULL;
	chan->error_pending = false;
}

/* The channel of that id, NULL if there is none. */
static struct emu_chan *find(struct emu_fifo *fifo, uint32_t chid)
{
	if (chid >= EMU_CHANNELS || fifo->chans[chid].state == CHAN_FREE)
		return NULL;
	return &fifo->chans[chid];
}

int emu_fifo_stop(struct emu *emu, uint32_t chid)
{
	struct emu_fifo *fifo = emu->fifo;
	struct emu_chan *chan;
	int ret = -ENOENT;

	pthread_mutex_lock(&fifo->lock);
	chan = find(fifo, chid);
	if (chan)
		ret = stop_locked(fifo, chan, false);
	if (!ret) {
		emu_fifo_set_state(fifo, chan, CHAN_STOPPED);
		chan->error_pending = false;
	}
	pthread_mutex_unlock(&fifo->lock);
	return ret;
}

int emu_fifo_free(struct emu *emu, uint32_t chid)
{
	struct emu_fifo *fifo = emu->fifo;
	struct emu_chan *chan;
	int ret = -ENOENT;

	pthread_mutex_lock(&fifo->lock);
	chan = find(fifo, chid);
	if (chan)
		ret = stop_locked(fifo, chan, false);
	if (!ret)
		free_locked(fifo, chan);
	pthread_mutex_unlock(&fifo->lock);
	return ret;
}

static void free_all_locked(struct emu_fifo *fifo)
{
	unsigned int i;

	fifo->closing = true;
	for (i = 0; i < EMU_CHANNELS; i++) {
		if (fifo->chans[i].state == CHAN_FREE)
			continue;
		stop_locked(fifo, &fifo->chans[i], true);
		free_locked(fifo, &fifo->chans[i]);
	}
	fifo->closing = false;
	for (i = 0; i < EMU_ENGINES; i++)
		pthread_cond_broadcast(&fifo->engines[i].wake);
}

void emu_fifo_free_all(struct emu *emu)
{
	pthread_mutex_lock(&emu->fifo->lock);
	free_all_locked(emu->fifo);
	pthread_mutex_unlock(&emu->fifo->lock);
}

void emu_fifo_halt(struct emu *emu)
{
	struct emu_fifo *fifo = emu->fifo;
	unsigned int i;

	pthread_mutex_lock(&fifo->lock);
	free_all_locked(fifo);
	for (i = 0; i < EMU_ENGINES; i++)
		fifo->engines[i].hang = false;
	fifo->halted = true;
	pthread_mutex_unlock(&fifo->lock);
}

void emu_fifo_resume(struct emu *emu)
{
	pthread_mutex_lock(&emu->fifo->lock);
	emu->fifo->halted = false;
	pthread_mutex_unlock(&emu->fifo->lock);
}

uint32_t emu_fifo_engine_reset(struct emu *emu, unsigned int index)
{
	struct emu_fifo *fifo = emu->fifo;
	struct emu_engine *engine = &fifo->engines[index];
	uint32_t chid = EMU_FIFO_NO_CHANNEL;
	struct emu_chan *chan;

	pthread_mutex_lock(&fifo->lock);
	chan = engine->running;
	if (chan) {
		chid = chan - fifo->chans;
		stop_locked(fifo, chan, true);
		emu_fifo_set_state(fifo, chan, CHAN_ERROR);
	}
	engine->hang = false;
	pthread_mutex_unlock(&fifo->lock);
	return chid;
}

uint32_t emu_fifo_engine_status(struct emu *emu, unsigned int index, bool *stuck)
{
	struct emu_fifo *fifo = emu->fifo;
	struct emu_engine *engine = &fifo->engines[index];
	uint32_t chid = EMU_FIFO_NO_CHANNEL;

	pthread_mutex_lock(&fifo->lock);
	*stuck = false;
	if (engine->running) {
		chid = engine->running - fifo->chans;
		*stuck = engine->stuck && emu_host_now() - engine->running_since_ns >
					  engine->running->timeslice_ns;
	}
	pthread_mutex_unlock(&fifo->lock);
	return chid;
}

unsigned int emu_fifo_stuck_engines(struct emu *emu)
{
	struct emu_fifo *fifo = emu->fifo;
	unsigned int i, count = 0;

	pthread_mutex_lock(&fifo->lock);
	for (i = 0; i < EMU_ENGINES; i++)
		count += fifo->engines[i].running && fifo->engines[i].stuck;
	pthread_mutex_unlock(&fifo->lock);
	return count;
}

/* --- channels --- */

int emu_fifo_alloc(struct emu *emu, unsigned int engine)
{
	struct emu_fifo *fifo = emu->fifo;
	struct emu_host *host = malloc(sizeof(*host));
	int ret = -ENOSPC;
	unsigned int i;

	if (!host)
		return -ENOMEM;
	pthread_mutex_lock(&fifo->lock);
	for (i = 0; i < EMU_CHANNELS && ret < 0; i++) {
		unsigned int chid = (fifo->next_chid + i) % EMU_CHANNELS;
		struct emu_chan *chan = &fifo->chans[chid];

		if (chan->state != CHAN_FREE)
			continue;
		emu_host_init(host, emu, engine, emu_fifo_inst(emu, chid));
		memset(chan, 0, sizeof(*chan));
		chan->engine = engine;
		chan->host = host;
		emu_fifo_set_state(fifo, chan, CHAN_RESERVED);
		fifo->next_chid = chid + 1;
		ret = chid;
	}
	pthread_mutex_unlock(&fifo->lock);
	if (ret < 0)
		free(host);
	return ret;
}

void emu_fifo_enable(struct emu *emu, uint32_t chid, unsigned int priority,
		     uint64_t timeslice_ns)
{
	struct emu_fifo *fifo = emu->fifo;
	struct emu_chan *chan = &fifo->chans[chid];

	pthread_mutex_lock(&fifo->lock);
	if (chan->state == CHAN_RESERVED) {
		chan->priority = priority;
		chan->timeslice_ns = timeslice_ns;
		emu_fifo_set_state(fifo, chan, CHAN_IDLE);
	}
	pthread_mutex_unlock(&fifo->lock);
}

bool emu_fifo_take_error(struct emu *emu, uint32_t *chid, unsigned int *engine,
			 struct emu_host_error *error)
{
	struct emu_fifo *fifo = emu->fifo;
	bool found = false;
	unsigned int i;

	pthread_mutex_lock(&fifo->lock);
	for (i = 0; i < EMU_CHANNELS && !found; i++) {
		struct emu_chan *chan = &fifo->chans[i];

		if (!chan->error_pending)
			continue;
		chan->error_pending = false;
		*chid = i;
		*engine = chan->engine;
		*error = chan->host->error;
		found = true;
	}
	pthread_mutex_unlock(&fifo->lock);
	return found;
}

/* --- wake-ups --- */

void emu_fifo_released(struct emu *emu)
{
	struct emu_fifo *fifo = emu->fifo;

	if (!fifo || !atomic_load(&fifo->blocked))
		return;
	pthread_mutex_lock(&fifo->lock);
	emu_fifo_look_again(fifo);
	pthread_mutex_unlock(&fifo->lock);
}

static void ring(struct emu_fifo *fifo, struct emu_chan *chan)
{
	chan->rang = true;
	if (chan->state == CHAN_IDLE) {
		emu_fifo_set_state(fifo, chan, CHAN_READY);
		pthread_cond_signal(&fifo->engines[chan->engine].wake);
	}
}

void emu_fifo_doorbell(struct emu *emu, uint32_t token, bool client)
{
	const uint32_t reserved = ~(NV_USERMODE_DOORBELL_CHID | NV_USERMODE_DOORBELL_RUNLIST);
	uint32_t runlist = NV_GET(NV_USERMODE_DOORBELL_RUNLIST, token);
	uint32_t chid = NV_GET(NV_USERMODE_DOORBELL_CHID, token);
	struct emu_fifo *fifo = emu->fifo;
	struct emu_chan *chan;

	pthread_mutex_lock(&fifo->lock);
	if (!(fifo->channel_cfg & NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE) ||
	    (token & reserved)) {
		pthread_mutex_unlock(&fifo->lock);
		emu_log(emu, client ? EMU_LOG_DEBUG : EMU_LOG_WARN, "doorbell %#x ignored", token);
		return;
	}
	/* It was rung before the driver knew, and nobody is there to hear it. */
	if (fifo->halted) {
		pthread_mutex_unlock(&fifo->lock);
		emu_log(emu, EMU_LOG_INFO, "doorbell %#x while halted", token);
		return;
	}
	chan = find(fifo, chid);
	if (chan && runlist != NV_USERMODE_DOORBELL_RUNLIST_ALL && chan->engine != runlist)
		chan = NULL;
	/* A channel that an error stopped is not counted: the driver may not know yet. */
	if (chan && (chan->state == CHAN_RESERVED || chan->state == CHAN_STOPPED))
		chan = NULL;
	if (chan) {
		ring(fifo, chan);
		emu_fifo_look_again(fifo);
	}
	pthread_mutex_unlock(&fifo->lock);
	if (!chan && !client)
		emu_violation(emu, EMU_VIOLATION_DEAD_DOORBELL, "doorbell %#x names no live channel",
			      token);
}

bool emu_fifo_reg_read(struct emu *emu, uint32_t offset, uint32_t *value)
{
	if (offset != NV_CTRL_VIRTUAL_CHANNEL_CFG(0))
		return false;
	pthread_mutex_lock(&emu->fifo->lock);
	*value = emu->fifo->channel_cfg;
	pthread_mutex_unlock(&emu->fifo->lock);
	return true;
}

bool emu_fifo_reg_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	if (offset != NV_CTRL_VIRTUAL_CHANNEL_CFG(0))
		return false;
	pthread_mutex_lock(&emu->fifo->lock);
	emu->fifo->channel_cfg = value;
	pthread_mutex_unlock(&emu->fifo->lock);
	return true;
}

/* --- misbehaviour --- */

int emu_fifo_hang(struct emu *emu, unsigned int index)
{
	struct emu_fifo *fifo = emu->fifo;
	struct emu_engine *engine;

	if (index >= EMU_ENGINES)
		return -EINVAL;
	engine = &fifo->engines[index];
	pthread_mutex_lock(&fifo->lock);
	engine->hang = true;
	if (engine->running)
		atomic_store(&engine->running->interrupt, true);
	/* Somebody may be waiting for that channel to leave the engine. */
	pthread_cond_broadcast(&fifo->done);
	pthread_mutex_unlock(&fifo->lock);
	return 0;
}

void emu_fifo_heal(struct emu *emu)
{
	struct emu_fifo *fifo = emu->fifo;
	unsigned int i;

	pthread_mutex_lock(&fifo->lock);
	for (i = 0; i < EMU_ENGINES; i++) {
		fifo->engines[i].hang = false;
		pthread_cond_broadcast(&fifo->engines[i].wake);
	}
	pthread_mutex_unlock(&fifo->lock);
}

/* --- life --- */

struct emu_fifo *emu_fifo_create(struct emu *emu)
{
	struct emu_fifo *fifo = calloc(1, sizeof(*fifo));
	pthread_condattr_t attr;
	unsigned int i;

	if (!fifo)
		return NULL;
	fifo->emu = emu;
	pthread_mutex_init(&fifo->lock, NULL);
	pthread_cond_init(&fifo->done, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for (i = 0; i < EMU_ENGINES; i++) {
		fifo->engines[i].fifo = fifo;
		fifo->engines[i].index = i;
		pthread_cond_init(&fifo->engines[i].wake, &attr);
	}
	pthread_condattr_destroy(&attr);
	for (i = 0; i < EMU_ENGINES; i++) {
		struct emu_engine *engine = &fifo->engines[i];

		engine->started = !pthread_create(&engine->thread, NULL, emu_fifo_thread, engine);
		if (!engine->started) {
			emu_fifo_destroy(fifo);
			return NULL;
		}
	}
	return fifo;
}

void emu_fifo_destroy(struct emu_fifo *fifo)
{
	unsigned int i;

	if (!fifo)
		return;
	pthread_mutex_lock(&fifo->lock);
	free_all_locked(fifo);
	fifo->exit = true;
	for (i = 0; i < EMU_ENGINES; i++)
		pthread_cond_broadcast(&fifo->engines[i].wake);
	pthread_mutex_unlock(&fifo->lock);
	for (i = 0; i < EMU_ENGINES; i++) {
		if (fifo->engines[i].started)
			pthread_join(fifo->engines[i].thread, NULL);
		pthread_cond_destroy(&fifo->engines[i].wake);
	}
	pthread_cond_destroy(&fifo->done);
	pthread_mutex_destroy(&fifo->lock);
	free(fifo);
}

void emu_fifo_reset(struct emu_fifo *fifo)
{
	pthread_mutex_lock(&fifo->lock);
	free_all_locked(fifo);
	fifo->channel_cfg = 0;
	fifo->halted = false;
	fifo->next_chid = 0;
	pthread_mutex_unlock(&fifo->lock);
}
