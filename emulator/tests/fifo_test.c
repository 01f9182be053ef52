/* SPDX-License-Identifier: MIT */
#include "fifo_test.h"

#include <stdlib.h>
#include <string.h>

int fifo_setup(void **state)
{
	struct fifo_test *test = calloc(1, sizeof(*test));

	if (!test || gpu_setup((void **)&test->gpu))
		return -1;
	fw_driver_init(test->gpu, &test->fw);
	test->data = gpu_ram_alloc(test->gpu, 4096);
	gpu_map(test->gpu, FIFO_DATA_VA, 12, EMU_SYSTEM, GPU_IOVA + test->data, 4096, 0);
	gpu_map(test->gpu, FIFO_BIG_VA, 16, EMU_VIDEO, 0, FIFO_BIG, 0);
	emu_test_write(test->gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		       NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE);
	fw_boot(&test->fw);
	*state = test;
	return 0;
}

int fifo_teardown(void **state)
{
	struct fifo_test *test = *state;

	gpu_teardown((void **)&test->gpu);
	free(test);
	return 0;
}

void fifo_open(struct fifo_test *test, unsigned int i, uint32_t engine, uint32_t priority)
{
	struct gpu_chan *chan = &test->chans[i];
	struct nova_fw_channel_create create = { 0 };
	struct nova_fw_channel_created created;
	uint64_t ring_va = GPU_RING_VA + i * 4096ull;

	memset(chan, 0, sizeof(*chan));
	chan->gpu = test->gpu;
	chan->engine = engine;
	chan->ring = gpu_ram_alloc(test->gpu, 4096);
	chan->userd = gpu_ram_alloc(test->gpu, NV_USERD_SIZE);
	memset(test->gpu->ram + chan->userd, 0, NV_USERD_SIZE);
	chan->push_size = 0x10000;
	chan->push = gpu_ram_alloc(test->gpu, chan->push_size);
	gpu_map(test->gpu, ring_va, 12, EMU_SYSTEM, GPU_IOVA + chan->ring, 4096, 0);
	create.pdb = test->gpu->root;
	create.userd = GPU_IOVA + chan->userd;
	create.userd_aperture = NOVA_FW_APERTURE_COHERENT;
	create.gpfifo_va = ring_va;
	create.gpfifo_entries = GPU_RING_ENTRIES;
	create.engine = engine;
	create.priority = priority;
	create.timeslice_us = test->timeslice ? test->timeslice : 100;
	assert_int_equal(fw_channel_create(&test->fw, &create, &created), 0);
	chan->chid = created.chid;
	test->tokens[i] = created.token;
	gpu_map(test->gpu, GPU_PUSH_VA + chan->chid * 0x10000ull, 12, EMU_SYSTEM,
		GPU_IOVA + chan->push, chan->push_size, 0);
}

void fifo_doorbell(struct fifo_test *test, uint32_t token)
{
	emu_test_write(test->gpu->emu, NV_USERMODE + NV_USERMODE_DOORBELL, token);
}

void fifo_kick(struct fifo_test *test, unsigned int i)
{
	gpu_submit(&test->chans[i], 0);
	fifo_doorbell(test, test->tokens[i]);
}

void fifo_release(struct fifo_test *test, unsigned int i, uint32_t word, uint32_t value)
{
	gpu_semaphore(&test->chans[i], FIFO_DATA_VA + word * 4, value, NV_C46F_SEM_OP_RELEASE);
}

void fifo_acquire(struct fifo_test *test, unsigned int i, uint32_t word, uint32_t value)
{
	gpu_semaphore(&test->chans[i], FIFO_DATA_VA + word * 4, value,
		      NV_C46F_SEM_OP_ACQUIRE | NV_C46F_SEM_EXECUTE_SWITCH_TSG);
}

uint32_t fifo_word(struct fifo_test *test, uint32_t index)
{
	return gpu_load32(test->gpu, test->data + index * 4);
}

uint64_t fifo_dead_doorbells(struct fifo_test *test)
{
	return emu_stats_violations(test->gpu->emu->stats, EMU_VIOLATION_DEAD_DOORBELL);
}

/* Each engine has memory of its own. */
void fifo_long_work(struct fifo_test *test, unsigned int i, unsigned int copies)
{
	struct gpu_chan *chan = &test->chans[i];
	uint32_t size = FIFO_BIG / EMU_COPY_ENGINES / 2;
	uint32_t va = (uint32_t)FIFO_BIG_VA + chan->engine * 2 * size;

	gpu_push(chan, NV_PB_HEADER(INC, 4, NV_C5B5_OFFSET_IN_UPPER, 8));
	gpu_push(chan, 0);
	gpu_push(chan, va);
	gpu_push(chan, 0);
	gpu_push(chan, va + size);
	gpu_push(chan, 0);
	gpu_push(chan, 0);
	gpu_push(chan, size);
	gpu_push(chan, 1);
	while (copies--)
		gpu_method(chan, 4, NV_C5B5_LAUNCH_DMA,
			   NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED | NV_C5B5_LAUNCH_SRC_PITCH |
			   NV_C5B5_LAUNCH_DST_PITCH);
}

void fifo_repeat(struct fifo_test *test, unsigned int i, unsigned int times)
{
	uint32_t start = test->chans[i].start;

	while (times--) {
		test->chans[i].start = start;
		gpu_submit(&test->chans[i], 0);
	}
	fifo_doorbell(test, test->tokens[i]);
}
