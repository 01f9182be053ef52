/* SPDX-License-Identifier: MIT */
/*
 * The device under the fuzzer: made once, the one of the unit tests (tests/gpu.h), and brought
 * back to power-on state after each input by the very code that resets it for a client.
 */
#ifndef FUZZ_GPU_H
#define FUZZ_GPU_H

#include "../tests/gpu.h"
#include "fuzz_input.h"

/* At the end of the system memory: readable to the device, and not mapped at all. */
#define FUZZ_GUARD		(64u << 10)
#define FUZZ_READ_ONLY		(GPU_RAM - 2 * FUZZ_GUARD)
#define FUZZ_UNMAPPED		(GPU_RAM - FUZZ_GUARD)

/*
 * The beginning of an input: as after power-on, with memory space and bus mastering on and
 * system memory mapped. A target that opens descriptors of its own the first time calls it
 * again after that.
 */
struct gpu *fuzz_gpu(void);

/*
 * The end of an input: the client goes. Fails when the device is not as new then, when
 * anything was written to memory that it was not given, or when a descriptor was left open.
 */
void fuzz_gpu_done(struct gpu *gpu);

/* Is [@iova, @iova + @len) system memory that fuzz_gpu() mapped, for writing if @write? */
bool fuzz_gpu_mapped(uint64_t iova, uint64_t len, bool write);

#endif /* FUZZ_GPU_H */
