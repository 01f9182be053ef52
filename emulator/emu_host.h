/* SPDX-License-Identifier: MIT */
/*
 * Host: what one channel executes. GPFIFO, push-buffer segments, host methods,
 * and the dispatch of engine methods.
 *
 * A channel runs on its engine's thread, one call of emu_host_run() per time
 * slice, and can stop between any two methods and inside a copy.
 */
#ifndef EMU_HOST_H
#define EMU_HOST_H

#include <stdatomic.h>

#include "emu_ce.h"
#include "emu_fault.h"
#include "emu_pb.h"
#include "emu_twod.h"

#define EMU_HOST_FETCH		1024	/* dwords of a segment fetched at a time */

enum emu_host_result {
	EMU_HOST_IDLE,		/* GP_GET has reached the GP_PUT fetched at the start */
	EMU_HOST_SLICE,		/* time is up, or the channel yields */
	EMU_HOST_BLOCKED,	/* a semaphore acquire failed */
	EMU_HOST_STOPPED,	/* @stop was set */
	EMU_HOST_ERROR,		/* emu_host.error; the channel cannot go on */
};

/**
 * struct emu_host_error - why a channel stopped
 * @code: NV_ERROR_*
 * @exception: detail, as in struct nova_fw_channel_error
 * @method: byte address, or 0
 * @data: its data
 * @address: faulting address, or 0
 */
struct emu_host_error {
	uint32_t code;
	uint32_t exception;
	uint32_t method;
	uint32_t data;
	uint64_t address;
};

/**
 * struct emu_host - one channel
 * @emu: the GPU
 * @engine: engine number
 * @inst: address of its instance block in video memory
 *
 * Read from the instance block each time the channel is scheduled:
 * @ctx: address space
 * @userd: address of USERD
 * @userd_aperture: of @userd
 * @gp_base: virtual address of the ring
 * @gp_entries: its size
 * @acquire: RAMFC ACQUIRE, the acquire timeout
 * @privileged: host methods that need it are allowed (RAMFC CONFIG)
 * @writeback: USERD is written back
 *
 * Progress:
 * @gp_get: next entry
 * @gp_put: end, as last fetched
 * @pb: decoder
 * @seg_va: next dword of the segment to fetch
 * @seg_left: dwords not fetched yet
 * @seg_main: the segment is no subroutine
 * @top_get: TOP_LEVEL_GET
 * @fetch: fetched dwords
 * @fetch_len: how many
 * @fetch_pos: next one to decode
 * @reference: SET_REFERENCE
 * @method: state of host methods below 0x100, by number
 * @acquiring: SEM_EXECUTE failed and will be tried again
 * @acquire_deadline_ns: when it times out, 0 for never
 * @copying: the engine has a transfer under way, or draws
 * @yielded: end the time slice
 * @writeback_ns: when USERD was written last
 * @ce: copy engine state
 * @twod: 2D engine state, of a channel of the graphics engine
 * @drawing: the method that started what the 2D engine draws, and its data
 * @error: see EMU_HOST_ERROR
 */
struct emu_host {
	struct emu *emu;
	unsigned int engine;
	uint64_t inst;

	struct emu_mmu_ctx ctx;
	uint64_t userd;
	enum emu_aperture userd_aperture;
	uint64_t gp_base;
	uint32_t gp_entries;
	uint32_t acquire;
	bool privileged;
	bool writeback;

	uint32_t gp_get;
	uint32_t gp_put;
	struct emu_pb pb;
	uint64_t seg_va;
	uint32_t seg_left;
	bool seg_main;
	uint64_t top_get;
	uint32_t fetch[EMU_HOST_FETCH];
	uint32_t fetch_len;
	uint32_t fetch_pos;
	uint32_t reference;
	uint32_t method[0x100 / 4];
	bool acquiring;
	uint64_t acquire_deadline_ns;
	bool copying;
	bool yielded;
	uint64_t writeback_ns;
	struct emu_ce ce;
	struct emu_twod twod;
	uint32_t drawing[2];
	struct emu_host_error error;
};

/* CLOCK_MONOTONIC; what slices and deadlines are measured in. */
uint64_t emu_host_now(void);

void emu_host_init(struct emu_host *host, struct emu *emu, unsigned int engine, uint64_t inst);
/* Runs until there is a reason not to; at least one step. @stop may be set by any thread. */
enum emu_host_result emu_host_run(struct emu_host *host, const atomic_bool *stop,
				  uint64_t deadline_ns);
/* Looks at the semaphore of a blocked channel: is there reason to run it again? */
bool emu_host_poll(struct emu_host *host);

/* --- emu_host_method.c --- */

enum emu_host_step {
	EMU_HOST_NEXT,
	EMU_HOST_WAIT,		/* acquire failed */
	EMU_HOST_FAILED,	/* emu_host.error is set */
};

enum emu_host_step emu_host_method(struct emu_host *host, const struct emu_pb_method *method);
enum emu_host_step emu_host_acquire(struct emu_host *host);
/* The next piece of what the engine is doing. */
enum emu_host_step emu_host_engine_step(struct emu_host *host);
enum emu_host_step emu_host_fail(struct emu_host *host, uint32_t exception, uint32_t method,
				 uint32_t data);
enum emu_host_step emu_host_fail_mmu(struct emu_host *host, bool by_engine,
				     const struct emu_mmu_fault *fault, uint32_t method,
				     uint32_t data);

#endif /* EMU_HOST_H */
