/* SPDX-License-Identifier: MIT */
/*
 * Work for a channel out of a fuzz input: an address space with memory of every kind, and push
 * buffers of methods that are nearly right.
 */
#ifndef FUZZ_WORK_H
#define FUZZ_WORK_H

#include "fuzz_gpu.h"

#define FUZZ_WORK_CHANNELS	4

/* Maps memory of every page size, aperture and right into the address space of fuzz_gpu(). */
void fuzz_work_map(struct gpu *gpu);
/* Adds one method, launch, semaphore or GP entry, or raw words, to the channel's push buffer. */
void fuzz_work_take(struct gpu_chan *chan, struct fuzz_input *in);

#endif /* FUZZ_WORK_H */
