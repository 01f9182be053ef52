/* SPDX-License-Identifier: MIT */
/* The seven groups of measurements, one per file. Each notes itself what it cannot measure. */
#ifndef BENCH_GROUPS_H
#define BENCH_GROUPS_H

#include "measure.h"

void bench_door(struct bench *bench);
void bench_buffers(struct bench *bench);
void bench_spaces(struct bench *bench);
void bench_submit(struct bench *bench);
void bench_work(struct bench *bench);
void bench_memory(struct bench *bench);
/* Takes the drivers off their devices; no file may be open. */
void bench_unbind(struct bench *bench);

#endif /* BENCH_GROUPS_H */
