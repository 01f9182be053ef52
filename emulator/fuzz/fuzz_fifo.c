/* SPDX-License-Identifier: MIT */
/*
 * Channels on their engines' threads: doorbells, stops, kills, hangs and resets at any moment
 * of the work of fuzz_push.c. Whatever happens, a reset ends it within the time an input has.
 */
#include "fuzz_work.h"

#include <sched.h>
#include <unistd.h>

static void create(struct gpu *gpu, struct gpu_chan *chan, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	gpu_chan_init(gpu, chan, how & 8 ? EMU_GRAPHICS_ENGINE : how & 1, how & 2);
	emu_fifo_enable(gpu->emu, chan->chid, how >> 2 & 1, 20000ull << (how >> 4 & 7));
}

/* Each of them can be told at any time, of any channel and engine. */
static void disturb(struct gpu *gpu, const struct gpu_chan *chan, struct fuzz_input *in)
{
	struct emu_host_error error;
	unsigned int engine;
	uint32_t chid;
	bool stuck;

	switch (fuzz_below(in, 10)) {
	case 0:
		emu_fifo_stop(gpu->emu, chan->chid);
		break;
	case 1:
		emu_fifo_free(gpu->emu, chan->chid);
		break;
	case 2:
		emu_fifo_engine_reset(gpu->emu, fuzz_u8(in) % EMU_ENGINES);
		break;
	case 3:
		chid = emu_fifo_engine_status(gpu->emu, fuzz_u8(in) % EMU_ENGINES, &stuck);
		fuzz_require(chid < EMU_CHANNELS || (chid == EMU_FIFO_NO_CHANNEL && !stuck),
			     "channel %u is on the engine", chid);
		break;
	case 4:
		emu_fifo_hang(gpu->emu, fuzz_u8(in) & 1);
		break;
	case 5:
		emu_fifo_heal(gpu->emu);
		break;
	case 6:
		if (emu_fifo_take_error(gpu->emu, &chid, &engine, &error))
			fuzz_require(chid < EMU_CHANNELS && engine < EMU_ENGINES && error.code,
				     "error %u of channel %u, engine %u", error.code, chid, engine);
		break;
	case 7:
		emu_test_write(gpu->emu, NV_VF_INVALIDATE,
			       NV_VF_INVALIDATE_ALL_PDB | NV_VF_INVALIDATE_TRIGGER);
		break;
	case 8:		/* memory goes while it is in use, and comes back */
		emu_mem_unmap_all(gpu->emu);
		emu_mem_map(gpu->emu, GPU_IOVA, FUZZ_READ_ONLY, gpu->fd, 0, true, true);
		break;
	default:
		sched_yield();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gpu_chan chans[FUZZ_WORK_CHANNELS], *chan;
	struct fuzz_input in = { data, size };
	struct gpu *gpu = fuzz_gpu();
	unsigned int count, i;

	fuzz_work_map(gpu);
	emu_test_write(gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		       NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE);
	count = 1 + fuzz_below(&in, FUZZ_WORK_CHANNELS);
	for (i = 0; i < count; i++)
		create(gpu, &chans[i], &in);
	for (i = 0; i < 128 && fuzz_more(&in); i++) {
		uint8_t what = fuzz_u8(&in);

		chan = &chans[what % count];
		switch (what >> 5) {
		case 0:
			disturb(gpu, chan, &in);
			break;
		case 1:
			emu_test_write(gpu->emu, NV_USERMODE + NV_USERMODE_DOORBELL,
				       emu_fifo_token(chan->engine, chan->chid));
			break;
		default:
			fuzz_work_take(chan, &in);
		}
	}
	for (i = 0; i < count; i++) {
		gpu_submit(&chans[i], 0);
		emu_test_write(gpu->emu, NV_USERMODE + NV_USERMODE_DOORBELL,
			       emu_fifo_token(chans[i].engine, chans[i].chid));
	}
	fuzz_gpu_done(gpu);
	return 0;
}
