/* SPDX-License-Identifier: MIT */
/*
 * Push buffers, host methods, the copy engine and the 2D engine: one channel set up the right
 * way, then anything in its ring, its push buffer and its instance block. It runs in the fuzzer's
 * own thread, in short turns.
 */
#include "fuzz_work.h"
#include "regs/nv_twod.h"

#include <unistd.h>

#define TURNS	64

static void check_error(const struct emu_host *host)
{
	const struct emu_host_error *error = &host->error;

	switch (error->code) {
	case NV_ERROR_PBDMA:
		fuzz_require(error->exception >= NV_PBDMA_GPFIFO &&
			     error->exception <= NV_PBDMA_HCE_ILLEGAL_CLASS, "exception %u",
			     error->exception);
		break;
	case NV_ERROR_MMU_FAULT:
		fuzz_require(error->exception <= NV_FAULT_TYPE_ATOMIC, "fault type %u",
			     error->exception);
		break;
	case NV_ERROR_GR_CLASS:
		fuzz_require(host->engine == EMU_GRAPHICS_ENGINE && error->exception &&
			     error->exception <= NV_902D_ERROR_UNSUPPORTED, "class exception %u",
			     error->exception);
		break;
	case NV_ERROR_GR_EXCEPTION:
		fuzz_require(host->engine == EMU_GRAPHICS_ENGINE &&
			     error->exception > NV_902D_ERROR_UNSUPPORTED &&
			     error->exception <= NV_902D_ERROR_INVALID_STATE,
			     "graphics exception %u", error->exception);
		break;
	default:
		fuzz_require(error->code == NV_ERROR_CE0 + host->engine &&
			     error->exception <= NV_CE_LAUNCHERR_INVALID_CONFIG &&
			     error->exception, "error %u, exception %u", error->code,
			     error->exception);
	}
}

/* Runs the channel until it has nothing to do, or is stuck, or for long enough. */
static bool run(struct emu_host *host)
{
	const atomic_bool stop = false;
	enum emu_host_result result;
	unsigned int i;

	for (i = 0; i < TURNS; i++) {
		result = emu_host_run(host, &stop, 0);
		fuzz_require(host->gp_get < host->gp_entries || result == EMU_HOST_ERROR,
			     "GP_GET %u of %u", host->gp_get, host->gp_entries);
		switch (result) {
		case EMU_HOST_ERROR:
			check_error(host);
			return false;
		case EMU_HOST_BLOCKED:
			if (!emu_host_poll(host))
				return true;
			break;
		case EMU_HOST_IDLE:
			return true;
		case EMU_HOST_SLICE:
			break;
		case EMU_HOST_STOPPED:
			fuzz_require(false, "stopped by nobody");
		}
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct emu_host host;
	struct fuzz_input in = { data, size };
	struct gpu *gpu = fuzz_gpu();
	uint8_t how = fuzz_u8(&in);
	struct gpu_chan chan;
	unsigned int i;

	fuzz_work_map(gpu);
	gpu_chan_init(gpu, &chan, (how & 0xf8) == 0x40 ? EMU_GRAPHICS_ENGINE : how & 1, how & 2);
	if (how & 4)
		gpu_inst_put(&chan, NV_RAMFC_ACQUIRE, fuzz_u32(&in));
	if ((how & 0xf8) == 0xf8) {
		i = fuzz_below(&in, 0x84);
		gpu_inst_put(&chan, i * 4, fuzz_u32(&in));
	}
	emu_host_init(&host, gpu->emu, chan.engine, emu_fifo_inst(gpu->emu, chan.chid));
	for (i = 0; i < 128 && fuzz_more(&in); i++) {
		fuzz_work_take(&chan, &in);
		if (!(i % 8) && !run(&host))
			emu_host_init(&host, gpu->emu, chan.engine, host.inst);
	}
	gpu_submit(&chan, 0);
	run(&host);
	fuzz_gpu_done(gpu);
	return 0;
}
