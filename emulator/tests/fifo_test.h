/* SPDX-License-Identifier: MIT */
/* Channels for tests: made by the firmware, their memory by the test. */
#ifndef FIFO_TEST_H
#define FIFO_TEST_H

#include "fw_driver.h"

#define FIFO_DATA_VA	0x40000000ull	/* one 4 KiB page of system memory for semaphores */
#define FIFO_BIG_VA	0x50000000ull	/* video memory, 4 MiB */
#define FIFO_BIG	0x400000u
#define FIFO_CHANS	5

struct fifo_test {
	struct gpu *gpu;
	struct fw_driver fw;
	struct gpu_chan chans[FIFO_CHANS];
	uint32_t tokens[FIFO_CHANS];
	uint64_t data;		/* what is at FIFO_DATA_VA */
	uint32_t timeslice;	/* of new channels */
};

int fifo_setup(void **state);
int fifo_teardown(void **state);

#define fifo_test(function) cmocka_unit_test_setup_teardown(function, fifo_setup, fifo_teardown)

/* Channel @i of the test; more than one time in a test, one after the other. */
void fifo_open(struct fifo_test *test, unsigned int i, uint32_t engine, uint32_t priority);

/* --- what a channel is to do --- */

/* Semaphores, by their place in the page. */
void fifo_release(struct fifo_test *test, unsigned int i, uint32_t word, uint32_t value);
void fifo_acquire(struct fifo_test *test, unsigned int i, uint32_t word, uint32_t value);
/* Copies that take far longer than a time slice. */
void fifo_long_work(struct fifo_test *test, unsigned int i, unsigned int copies);

/* --- and that it is to do it --- */

void fifo_doorbell(struct fifo_test *test, uint32_t token);
void fifo_kick(struct fifo_test *test, unsigned int i);
/* A segment that repeats for as long as the ring has entries: the same work again and again. */
void fifo_repeat(struct fifo_test *test, unsigned int i, unsigned int times);

/* --- what came of it --- */

uint32_t fifo_word(struct fifo_test *test, uint32_t index);
uint64_t fifo_dead_doorbells(struct fifo_test *test);

#endif /* FIFO_TEST_H */
