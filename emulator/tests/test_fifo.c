/* SPDX-License-Identifier: MIT */
/* Channels and engines: doorbells, round robin, blocked channels, hangs, errors, resets. */
#define _GNU_SOURCE
#include "fw_driver.h"
#include "../emu_bar.h"
#include "regs/nv_twod.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define DATA_VA		0x40000000ull	/* one 4 KiB page of system memory for semaphores */
#define BIG_VA		0x50000000ull	/* video memory, 4 MiB */
#define BIG		0x400000u
#define CHANS		5

/* One channel of the driver's: made by the firmware, its memory by the test. */
struct fifo_test {
	struct gpu *gpu;
	struct fw_driver fw;
	struct gpu_chan chans[CHANS];
	uint32_t tokens[CHANS];
	uint64_t data;
	uint32_t timeslice;	/* of new channels */
};

static int setup(void **state)
{
	struct fifo_test *test = calloc(1, sizeof(*test));

	if (!test || gpu_setup((void **)&test->gpu))
		return -1;
	fw_driver_init(test->gpu, &test->fw);
	test->data = gpu_ram_alloc(test->gpu, 4096);
	gpu_map(test->gpu, DATA_VA, 12, EMU_SYSTEM, GPU_IOVA + test->data, 4096, 0);
	gpu_map(test->gpu, BIG_VA, 16, EMU_VIDEO, 0, BIG, 0);
	emu_test_write(test->gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		       NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE);
	fw_boot(&test->fw);
	*state = test;
	return 0;
}

static int teardown(void **state)
{
	struct fifo_test *test = *state;

	gpu_teardown((void **)&test->gpu);
	free(test);
	return 0;
}

static void open_channel(struct fifo_test *test, unsigned int i, uint32_t engine, uint32_t priority)
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

static void doorbell(struct fifo_test *test, uint32_t token)
{
	emu_test_write(test->gpu->emu, NV_USERMODE + NV_USERMODE_DOORBELL, token);
}

static void kick(struct fifo_test *test, unsigned int i)
{
	gpu_submit(&test->chans[i], 0);
	doorbell(test, test->tokens[i]);
}

static void release(struct fifo_test *test, unsigned int i, uint32_t word, uint32_t value)
{
	gpu_semaphore(&test->chans[i], DATA_VA + word * 4, value, NV_C46F_SEM_OP_RELEASE);
}

static void acquire(struct fifo_test *test, unsigned int i, uint32_t word, uint32_t value)
{
	gpu_semaphore(&test->chans[i], DATA_VA + word * 4, value,
		      NV_C46F_SEM_OP_ACQUIRE | NV_C46F_SEM_EXECUTE_SWITCH_TSG);
}

static uint32_t word(struct fifo_test *test, uint32_t index)
{
	return gpu_load32(test->gpu, test->data + index * 4);
}

static uint64_t dead_doorbells(struct fifo_test *test)
{
	return emu_stats_violations(test->gpu->emu->stats, EMU_VIOLATION_DEAD_DOORBELL);
}

/* Pushes copies that take far longer than a time slice; each engine has memory of its own. */
static void long_work(struct fifo_test *test, unsigned int i, unsigned int copies)
{
	struct gpu_chan *chan = &test->chans[i];
	uint32_t size = BIG / EMU_COPY_ENGINES / 2;
	uint32_t va = (uint32_t)BIG_VA + chan->engine * 2 * size;

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

/* A segment that repeats for as long as the ring has entries: the same work again and again. */
static void repeat(struct fifo_test *test, unsigned int i, unsigned int times)
{
	uint32_t start = test->chans[i].start;

	while (times--) {
		test->chans[i].start = start;
		gpu_submit(&test->chans[i], 0);
	}
	doorbell(test, test->tokens[i]);
}

static void test_doorbell(void **state)
{
	struct fifo_test *test = *state;

	open_channel(test, 0, 0, 1);
	release(test, 0, 0, 1);
	kick(test, 0);
	gpu_wait(word(test, 0) == 1);
	/* Both usermode pages, and "any runlist" in the token. */
	release(test, 0, 0, 2);
	gpu_submit(&test->chans[0], 0);
	emu_test_write(test->gpu->emu, NV_USERMODE_ALIAS + NV_USERMODE_DOORBELL,
		       test->chans[0].chid | 15u << 16);
	gpu_wait(word(test, 0) == 2);
	/* GP_PUT is not looked at without a doorbell, and a doorbell without work is harmless. */
	doorbell(test, test->tokens[0]);
	doorbell(test, test->tokens[0]);
	release(test, 0, 0, 3);
	kick(test, 0);
	gpu_wait(gpu_userd(&test->chans[0], NV_USERD_GP_GET) == 3);
	assert_int_equal(word(test, 0), 3);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

/* A doorbell that comes while the channel runs, after GP_PUT was fetched, is not lost. */
static void test_doorbell_while_running(void **state)
{
	struct fifo_test *test = *state;
	unsigned int round;

	/* One slice holds it all: GP_PUT is fetched only at its start. */
	test->timeslice = 1 << 20;
	open_channel(test, 0, 0, 1);
	for (round = 1; round <= 50; round++) {
		test->chans[0].used = 0;
		test->chans[0].start = 0;
		release(test, 0, 0, round);
		long_work(test, 0, 1);
		kick(test, 0);
		gpu_wait(word(test, 0) == round);
		release(test, 0, 1, round);
		kick(test, 0);
		gpu_wait(word(test, 1) == round);
	}
}

/* What a client rings in the page that drivers give to clients is not the driver's mistake. */
static void test_client_doorbells(void **state)
{
	const uint32_t page = NV_USERMODE_ALIAS + NV_USERMODE_DOORBELL;
	struct fifo_test *test = *state;

	open_channel(test, 0, 0, 1);
	emu_test_write(test->gpu->emu, page, test->tokens[0] | 0x1000);
	emu_test_write(test->gpu->emu, page, test->tokens[0] + 1);
	emu_test_write(test->gpu->emu, page, ~0u);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
	doorbell(test, test->tokens[0] + 1);
	assert_int_equal(dead_doorbells(test), 1);
}

static void test_bad_doorbells(void **state)
{
	struct fifo_test *test = *state;

	open_channel(test, 0, 0, 1);
	/* Reserved bits: ignored, and nothing more. */
	doorbell(test, test->tokens[0] | 0x1000);
	doorbell(test, test->tokens[0] | 0x80000000);
	assert_int_equal(dead_doorbells(test), 0);
	doorbell(test, test->chans[0].chid + 1);
	assert_int_equal(dead_doorbells(test), 1);
	doorbell(test, 0xfff);
	assert_int_equal(dead_doorbells(test), 2);
	doorbell(test, test->chans[0].chid | 1 << 16);
	assert_int_equal(dead_doorbells(test), 3);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, test->chans[0].chid), 0);
	doorbell(test, test->tokens[0]);
	assert_int_equal(dead_doorbells(test), 4);
	/* Not enabled: nothing is heard. */
	emu_test_write(test->gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0), 0);
	doorbell(test, test->tokens[0]);
	assert_int_equal(dead_doorbells(test), 4);
	assert_int_equal(emu_test_read(test->gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0)), 0);
}

/*
 * Four channels with endless work on one engine: each of them makes progress
 * while none of the others has finished.
 */
static void test_round_robin(void **state)
{
	struct fifo_test *test = *state;
	uint32_t before[4];
	unsigned int i, round;

	for (i = 0; i < 4; i++) {
		open_channel(test, i, 0, i % 3);
		long_work(test, i, 8);
		gpu_semaphore(&test->chans[i], DATA_VA + i * 4, 0xffffffff,
			      NV_C46F_SEM_OP_REDUCTION | NV_C46F_SEM_EXECUTE_UNSIGNED |
			      NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, NV_C46F_SEM_REDUCTION_INC));
	}
	for (i = 0; i < 4; i++)
		repeat(test, i, GPU_RING_ENTRIES - 1);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 4; i++)
			before[i] = word(test, i);
		gpu_wait(word(test, 0) > before[0] && word(test, 1) > before[1] &&
			 word(test, 2) > before[2] && word(test, 3) > before[3]);
	}
	for (i = 0; i < 4; i++)
		assert_true(word(test, i) < GPU_RING_ENTRIES - 1);
	/* Stopped in the middle of its work a channel leaves the engine to the others. */
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, test->chans[0].chid), 0);
	before[0] = word(test, 0);
	before[3] = word(test, 3);
	gpu_wait(word(test, 3) > before[3] + 1);
	assert_int_equal(word(test, 0), before[0]);
}

static void test_engines_are_independent(void **state)
{
	struct fifo_test *test = *state;

	open_channel(test, 0, 0, 1);
	open_channel(test, 1, 1, 1);
	assert_int_equal(emu_fifo_hang(test->gpu->emu, 0), 0);
	assert_int_equal(emu_fifo_stuck_engines(test->gpu->emu), 0);
	release(test, 0, 0, 1);
	kick(test, 0);
	gpu_wait(emu_fifo_stuck_engines(test->gpu->emu) == 1);
	release(test, 1, 1, 1);
	gpu_method(&test->chans[1], 0, NV_C46F_NON_STALL_INTERRUPT, 0);
	kick(test, 1);
	gpu_wait(word(test, 1) == 1);
	gpu_wait(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_NONSTALL(1)));
	assert_int_equal(word(test, 0), 0);
	assert_int_equal(emu_fifo_hang(test->gpu->emu, EMU_ENGINES), -22);
}

static void test_blocked_channels(void **state)
{
	struct fifo_test *test = *state;

	open_channel(test, 0, 0, 2);
	open_channel(test, 1, 0, 1);
	open_channel(test, 2, 0, 0);
	open_channel(test, 3, 1, 1);
	/* 0 waits for 1, which waits for the CPU; 2 goes on. */
	acquire(test, 0, 0, 7);
	release(test, 0, 10, 1);
	kick(test, 0);
	acquire(test, 1, 1, 9);
	release(test, 1, 0, 7);
	release(test, 1, 11, 1);
	kick(test, 1);
	release(test, 2, 12, 1);
	kick(test, 2);
	gpu_wait(word(test, 12) == 1);
	assert_int_equal(word(test, 10), 0);
	assert_int_equal(word(test, 11), 0);
	/* The CPU writes without telling. */
	gpu_store32(test->gpu, test->data + 4, 9);
	gpu_wait(word(test, 11) == 1);
	gpu_wait(word(test, 10) == 1);
	/* Across engines, and work that came while it was blocked. */
	acquire(test, 0, 2, 5);
	release(test, 0, 13, 1);
	kick(test, 0);
	gpu_wait(gpu_userd(&test->chans[0], NV_USERD_GP_GET) == 2);
	release(test, 0, 14, 1);
	kick(test, 0);
	release(test, 3, 2, 5);
	kick(test, 3);
	gpu_wait(word(test, 13) == 1 && word(test, 14) == 1);
	/* A blocked channel can be stopped: it is on no engine. */
	acquire(test, 0, 2, 6);
	kick(test, 0);
	gpu_wait(gpu_userd(&test->chans[0], NV_USERD_GP_GET) == 4);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, test->chans[0].chid), 0);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

static void assert_status(struct fifo_test *test, uint32_t engine, uint32_t chid, bool stuck)
{
	struct nova_fw_engine_reset request = { .engine = engine };
	struct nova_fw_engine_status status;

	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_ENGINE_STATUS, &request, sizeof(request),
				 &status, sizeof(status)), 0);
	assert_int_equal(status.chid, chid);
	assert_int_equal(status.stuck, stuck);
}

static void test_hang_and_engine_reset(void **state)
{
	struct fifo_test *test = *state;
	uint32_t killed, guilty;
	bool stuck = false;

	open_channel(test, 0, 0, 1);
	open_channel(test, 1, 0, 1);
	guilty = test->chans[0].chid;
	emu_fifo_hang(test->gpu->emu, 0);
	release(test, 0, 0, 1);
	kick(test, 0);
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 0, &stuck) == guilty && stuck);
	release(test, 1, 1, 1);
	kick(test, 1);
	assert_status(test, 0, guilty, true);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, guilty), NOVA_FW_ERR_HUNG);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, guilty),
			 NOVA_FW_ERR_HUNG);
	assert_int_equal(word(test, 0), 0);
	assert_int_equal(word(test, 1), 0);

	/* The reset costs the resident channel its life, and nobody else. */
	assert_int_equal(fw_engine_reset(&test->fw, 0, &killed), 0);
	assert_int_equal(killed, guilty);
	gpu_wait(word(test, 1) == 1);
	assert_int_equal(word(test, 0), 0);
	assert_status(test, 0, NOVA_FW_CHANNEL_NONE, false);
	/* Its driver may not know yet; once stopped it must. */
	doorbell(test, test->tokens[0]);
	assert_int_equal(dead_doorbells(test), 0);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, guilty), 0);
	doorbell(test, test->tokens[0]);
	assert_int_equal(dead_doorbells(test), 1);
	assert_int_equal(word(test, 0), 0);
}

/* All at once: on an engine that hangs, behind that one, at work, and waiting for a semaphore. */
static void test_destroy_all(void **state)
{
	struct fifo_test *test = *state;
	bool stuck = false;
	unsigned int i;

	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, NULL, 0, NULL, 0), 0);
	open_channel(test, 0, 0, 1);
	open_channel(test, 1, 0, 1);
	open_channel(test, 2, 1, 1);
	open_channel(test, 3, 1, 1);
	acquire(test, 3, 3, 1);
	release(test, 3, 2, 1);
	kick(test, 3);
	emu_fifo_hang(test->gpu->emu, 0);
	release(test, 0, 0, 1);
	kick(test, 0);
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 0, &stuck) == test->chans[0].chid && stuck);
	release(test, 1, 1, 1);
	kick(test, 1);
	long_work(test, 2, 500);
	kick(test, 2);

	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, NULL, 0, NULL, 0), 0);
	for (i = 0; i < EMU_ENGINES; i++)
		assert_status(test, i, NOVA_FW_CHANNEL_NONE, false);
	for (i = 0; i < 4; i++)
		assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY,
					    test->chans[i].chid), NOVA_FW_ERR_NO_CHANNEL);
	/* Neither what was behind the hang nor what waited has run, or will. */
	gpu_store32(test->gpu, test->data + 3 * 4, 1);
	emu_fifo_released(test->gpu->emu);
	doorbell(test, test->tokens[1]);
	assert_int_equal(dead_doorbells(test), 1);
	for (i = 0; i < 3; i++)
		assert_int_equal(word(test, i), 0);

	/* The firmware and its engines go on. */
	open_channel(test, 0, 0, 1);
	release(test, 0, 4, 1);
	kick(test, 0);
	gpu_wait(word(test, 4) == 1);
}

/* It has no payload: there is no channel to be named. */
static void test_destroy_all_malformed(void **state)
{
	struct fifo_test *test = *state;

	open_channel(test, 0, 0, 1);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, test->chans[0].chid),
			 NOVA_FW_ERR_MALFORMED);
	assert_int_equal(emu_stats_violations(test->gpu->emu->stats, EMU_VIOLATION_FW_MALFORMED), 1);
	release(test, 0, 0, 1);
	kick(test, 0);
	gpu_wait(word(test, 0) == 1);
}

/* A hang that comes in the middle of work; another channel of the engine can still be stopped. */
static void test_hang_in_work(void **state)
{
	struct fifo_test *test = *state;
	bool stuck = false;
	uint32_t chid;

	open_channel(test, 0, 0, 1);
	open_channel(test, 1, 0, 1);
	long_work(test, 0, 500);
	release(test, 0, 0, 1);
	kick(test, 0);
	chid = test->chans[0].chid;
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 0, &stuck) == chid);
	emu_fifo_hang(test->gpu->emu, 0);
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 0, &stuck) == chid && stuck);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, test->chans[1].chid), 0);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, chid), NOVA_FW_ERR_HUNG);
	/* Healed, it goes on where it was. */
	emu_fifo_heal(test->gpu->emu);
	gpu_wait(word(test, 0) == 1);
}

static struct nova_fw_channel_error receive_error(struct fifo_test *test)
{
	struct nova_fw_channel_error error;
	struct fw_message message;

	fw_receive(&test->fw, &message);
	assert_int_equal(message.msg.function, NOVA_FW_EVT_CHANNEL_ERROR);
	assert_int_equal(message.msg.length, sizeof(error));
	memcpy(&error, message.payload, sizeof(error));
	return error;
}

static void test_errors(void **state)
{
	struct fifo_test *test = *state;
	struct nova_fw_channel_error error;

	open_channel(test, 0, 1, 1);
	open_channel(test, 1, 1, 1);
	open_channel(test, 2, 1, 1);
	gpu_method(&test->chans[0], 0, NV_C46F_ILLEGAL, 0x1234);
	release(test, 0, 0, 1);
	kick(test, 0);
	error = receive_error(test);
	assert_int_equal(error.chid, test->chans[0].chid);
	assert_int_equal(error.code, NV_ERROR_PBDMA);
	assert_int_equal(error.engine, 1);
	assert_int_equal(error.exception, NV_PBDMA_METHOD);
	assert_int_equal(error.method, NV_C46F_ILLEGAL);
	assert_int_equal(error.data, 0x1234);

	gpu_method(&test->chans[1], 4, NV_C5B5_LAUNCH_DMA, 3);
	kick(test, 1);
	error = receive_error(test);
	assert_int_equal(error.code, NV_ERROR_CE1);
	assert_int_equal(error.exception, NV_CE_LAUNCHERR_INVALID_VALUE);
	assert_int_equal(error.method, NV_C5B5_LAUNCH_DMA);
	assert_int_equal(error.data, 3);

	/* The stopped channels do not run any more, the third does. */
	doorbell(test, test->tokens[0]);
	release(test, 2, 2, 1);
	kick(test, 2);
	gpu_wait(word(test, 2) == 1);
	assert_int_equal(word(test, 0), 0);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

static void test_fault_comes_before_its_event(void **state)
{
	struct fifo_test *test = *state;
	uint64_t buffer = gpu_ram_alloc(test->gpu, 4096);
	uint32_t *packet = (uint32_t *)(test->gpu->ram + buffer);
	struct nova_fw_channel_error error;
	uint64_t inst;

	emu_test_write(test->gpu->emu, NV_VF_FAULT_BUFFER_LO(0), (uint32_t)(GPU_IOVA + buffer) |
			2u << 1 | NV_VF_FAULT_BUFFER_LO_ADDR_MODE);
	emu_test_write(test->gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0), 64 |
			NV_VF_FAULT_BUFFER_SIZE_ENABLE);
	open_channel(test, 0, 1, 1);
	gpu_push(&test->chans[0], NV_PB_HEADER(INC, 4, NV_C5B5_OFFSET_IN_UPPER, 2));
	gpu_push(&test->chans[0], 0x1234);
	gpu_push(&test->chans[0], 0x56789abc);
	gpu_method(&test->chans[0], 4, NV_C5B5_LINE_LENGTH_IN, 4);
	gpu_method(&test->chans[0], 4, NV_C5B5_LAUNCH_DMA,
		   NV_C5B5_LAUNCH_TRANSFER_PIPELINED | NV_C5B5_LAUNCH_SRC_PITCH |
		   NV_C5B5_LAUNCH_DST_PITCH);
	kick(test, 0);
	error = receive_error(test);
	inst = emu_fifo_inst(test->gpu->emu, test->chans[0].chid);
	assert_int_equal(error.code, NV_ERROR_MMU_FAULT);
	assert_int_equal(error.exception, NV_FAULT_TYPE_PDE);
	assert_true(error.address == 0x123456789abcull);
	assert_int_equal(packet[0], (uint32_t)inst);
	assert_int_equal(packet[2], 0x56789000);
	assert_int_equal(packet[3], 0x1234);
	assert_int_equal(packet[6], NV_FAULT_ENGINE_CE(1));
	assert_int_equal(packet[7], NV_FAULT7_VALID | NV_FAULT7_CLIENT_TYPE_HUB |
			 NV_PUT(NV_FAULT7_CLIENT, NV_FAULT_CLIENT_HUB_CE1));
	assert_true(gpu_irq_take(test->gpu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY));
}

/* After the reply nothing of the channel's memory is touched: it can be unmapped at once. */
static void test_destroy_under_load(void **state)
{
	struct fifo_test *test = *state;
	unsigned int round;

	open_channel(test, 1, 0, 1);
	open_channel(test, 2, 1, 1);
	for (round = 0; round < 20; round++) {
		uint64_t ram_used = test->gpu->ram_used;

		open_channel(test, 0, round % 2, 1);
		/* The push buffer's page tables change with the channel id. */
		gpu_invalidate(test->gpu, test->gpu->root);
		long_work(test, 0, 20);
		repeat(test, 0, 200);
		gpu_wait(gpu_userd(&test->chans[0], NV_USERD_GP_GET) != 0);
		assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY,
					    test->chans[0].chid), 0);
		gpu_store32(test->gpu, test->chans[0].userd + NV_USERD_GP_GET, 0);
		/* The engine has turned to somebody else since. */
		release(test, 1 + round % 2, 0, round + 1);
		kick(test, 1 + round % 2);
		gpu_wait(word(test, 0) == round + 1);
		assert_int_equal(gpu_userd(&test->chans[0], NV_USERD_GP_GET), 0);
		test->gpu->ram_used = ram_used;
	}
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

static void test_reset_under_load(void **state)
{
	struct fifo_test *test = *state;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		open_channel(test, i, i % 2, 1);
		long_work(test, i, 100);
		kick(test, i);
	}
	open_channel(test, 4, 0, 1);
	acquire(test, 4, 0, 1);
	kick(test, 4);
	emu_fifo_hang(test->gpu->emu, 1);
	emu_reset(test->gpu->emu);
	/* Power-on state: no channel, no hang, doorbells not heard. */
	emu_test_config_write(test->gpu->emu, 0x04, 0x6, 2);
	assert_int_equal(emu_test_read(test->gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0)), 0);
	doorbell(test, test->tokens[0]);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
	emu_mem_unmap_all(test->gpu->emu);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

/* Shutdown stops even what hangs, and then nothing touches memory. */
static void test_shutdown_under_load(void **state)
{
	struct fifo_test *test = *state;
	bool stuck = false;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		open_channel(test, i, i % 2, 1);
		long_work(test, i, 100);
		kick(test, i);
	}
	emu_fifo_hang(test->gpu->emu, 1);
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 1, &stuck) != EMU_FIFO_NO_CHANNEL && stuck);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_SHUTDOWN, NULL, 0, NULL, 0), 0);
	emu_mem_unmap_all(test->gpu->emu);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

/* --- sleep --- */

static void power(struct fifo_test *test, unsigned int state)
{
	emu_test_config_write(test->gpu->emu, 0x44, state, 2);	/* PMCSR */
}

static void suspend(struct fifo_test *test)
{
	gpu_wait(!fw_call(&test->fw, NOVA_FW_CMD_SUSPEND, NULL, 0, NULL, 0));
	assert_true(emu_bar_is_shut_down(test->gpu->emu));
	emu_test_config_write(test->gpu->emu, 0x04, 0x2, 2);
}

/* The driver's way back: registers as after a reset. */
static uint32_t resume(struct fifo_test *test, uint32_t flags)
{
	emu_test_config_write(test->gpu->emu, 0x04, 0x6, 2);
	emu_test_write(test->gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		       NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE);
	fw_boot_args(&test->fw)->flags = flags;
	/* An error of the last time must not be taken for this one's. */
	if (fw_state(&test->fw) != NOVA_FW_STATE_OFF)
		emu_test_write(test->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_HALT);
	return fw_boot_write(&test->fw);
}

static void awake(struct fifo_test *test)
{
	struct fw_message message;

	fw_receive(&test->fw, &message);
	assert_int_equal(message.msg.function, NOVA_FW_EVT_INIT_DONE);
}

/* Channels go on where they stopped: idle ones, blocked ones, and those in the middle of work. */
static void test_suspend(void **state)
{
	struct fifo_test *test = *state;
	unsigned int round;

	test->timeslice = 1;
	open_channel(test, 0, 0, 1);
	open_channel(test, 1, 1, 2);
	open_channel(test, 2, 1, 0);
	open_channel(test, 3, 0, 1);
	/* State of methods, which the next submission relies on. */
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_ADDR_LO, (uint32_t)DATA_VA + 20 * 4);
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_ADDR_HI, 0);
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_PAYLOAD_LO, 77);
	release(test, 0, 0, 1);
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_ADDR_LO, (uint32_t)DATA_VA + 20 * 4);
	kick(test, 0);
	gpu_wait(word(test, 0) == 1);
	acquire(test, 1, 1, 5);
	release(test, 1, 2, 1);
	kick(test, 1);
	/* Engine 1 does many small copies, and counts. */
	long_work(test, 2, 1);
	gpu_semaphore(&test->chans[2], DATA_VA + 3 * 4, 0xffffffff,
		      NV_C46F_SEM_OP_REDUCTION | NV_C46F_SEM_EXECUTE_UNSIGNED |
		      NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, NV_C46F_SEM_REDUCTION_INC));
	repeat(test, 2, GPU_RING_ENTRIES - 1);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, test->chans[3].chid), 0);

	for (round = 0; round < 5; round++) {
		uint32_t done;

		suspend(test);
		done = word(test, 3);
		power(test, 3);
		power(test, 0);
		assert_int_equal(word(test, 3), done);
		assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME), NOVA_FW_STATE_RUNNING);
		awake(test);
		gpu_wait(word(test, 3) > done || done == GPU_RING_ENTRIES - 1);
	}
	gpu_wait(word(test, 3) == GPU_RING_ENTRIES - 1);
	assert_int_equal(word(test, 2), 0);
	gpu_store32(test->gpu, test->data + 4, 5);
	gpu_wait(word(test, 2) == 1);
	/* The old token, and an address that was set before. */
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_PAYLOAD_LO, 78);
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_EXECUTE, NV_C46F_SEM_OP_RELEASE);
	kick(test, 0);
	gpu_wait(word(test, 20) == 78);
	/* A stopped one is still stopped, and is there to be destroyed. */
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
	doorbell(test, test->tokens[3]);
	assert_int_equal(dead_doorbells(test), 1);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, test->chans[3].chid), 0);
	open_channel(test, 4, 0, 1);
	assert_int_equal(test->chans[4].chid, test->chans[3].chid + 1);
}

static void draw(struct fifo_test *test, unsigned int i, uint32_t method, uint32_t data)
{
	gpu_method(&test->chans[i], NV_SUBCHANNEL_2D, method, data);
}

/* The 2D engine goes on in the middle of a primitive, and of pixels from the CPU. */
static void test_suspend_twod(void **state)
{
	struct fifo_test *test = *state;
	static const uint32_t surface[] = {
		NV_902D_FORMAT_Y32, NV_902D_LAYOUT_PITCH, 0, 0, 0, 64, 16, 4, 0, (uint32_t)DATA_VA,
	};
	unsigned int i;

	open_channel(test, 0, EMU_GRAPHICS_ENGINE, 1);
	for (i = 0; i < sizeof(surface) / sizeof(*surface); i++)
		draw(test, 0, NV_902D_SET_DST_FORMAT + i * 4, surface[i]);
	draw(test, 0, NV_902D_SET_OPERATION, NV_902D_OPERATION_SRCCOPY);
	draw(test, 0, NV_902D_SET_PRIM_COLOR_FORMAT, NV_902D_FORMAT_Y32);
	draw(test, 0, NV_902D_SET_PRIM_COLOR, 0x1234);
	draw(test, 0, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_RECTS);
	draw(test, 0, NV_902D_PRIM_POINT_X_Y, 4);
	draw(test, 0, NV_902D_SET_CPU_COLOR_FORMAT, NV_902D_FORMAT_Y32);
	draw(test, 0, NV_902D_SET_CPU_SRC_WIDTH, 3);
	draw(test, 0, NV_902D_SET_CPU_SRC_HEIGHT, 1);
	draw(test, 0, NV_902D_SET_CPU_DX_DU_INT, 1);
	draw(test, 0, NV_902D_SET_CPU_DY_DV_INT, 1);
	draw(test, 0, NV_902D_SET_CPU_DST_X0_INT, 8);
	draw(test, 0, NV_902D_SET_CPU_DST_Y0_INT, 0);
	draw(test, 0, NV_902D_CPU_DATA, 11);
	release(test, 0, 0, 1);
	kick(test, 0);
	gpu_wait(word(test, 0) == 1);
	suspend(test);
	power(test, 3);
	power(test, 0);
	assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME), NOVA_FW_STATE_RUNNING);
	awake(test);
	draw(test, 0, NV_902D_CPU_DATA, 12);
	draw(test, 0, NV_902D_CPU_DATA, 13);
	draw(test, 0, NV_902D_PRIM_POINT_X_Y, 6 | 1 << 16);
	release(test, 0, 0, 2);
	kick(test, 0);
	gpu_wait(word(test, 0) == 2);
	for (i = 0; i < 3; i++)
		assert_int_equal(word(test, 8 + i), 11 + i);
	assert_int_equal(word(test, 4), 0x1234);
	assert_int_equal(word(test, 5), 0x1234);
	assert_int_equal(word(test, 6), 0);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

/* An engine that hangs does not sleep; all goes on as if nothing had been asked. */
static void test_suspend_hung(void **state)
{
	struct fifo_test *test = *state;
	uint32_t killed;

	open_channel(test, 0, 0, 1);
	open_channel(test, 1, 1, 1);
	emu_fifo_hang(test->gpu->emu, 0);
	release(test, 0, 0, 1);
	kick(test, 0);
	gpu_wait(emu_fifo_stuck_engines(test->gpu->emu) == 1);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_SUSPEND, NULL, 0, NULL, 0),
			 NOVA_FW_ERR_HUNG);
	assert_false(emu_bar_is_shut_down(test->gpu->emu));
	release(test, 1, 1, 1);
	kick(test, 1);
	gpu_wait(word(test, 1) == 1);
	assert_int_equal(fw_engine_reset(&test->fw, 0, &killed), 0);
	suspend(test);
	power(test, 3);
	power(test, 0);
	assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME), NOVA_FW_STATE_RUNNING);
	awake(test);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, killed), 0);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

/* What was not saved, was saved once already, or was lost or spoilt is not restored. */
static void test_resume_refused(void **state)
{
	struct fifo_test *test = *state;
	uint64_t inst = emu_fifo_inst(test->gpu->emu, 0);
	unsigned int i;

	open_channel(test, 0, 0, 1);
	assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME), NOVA_FW_STATE_ERROR | NOVA_FW_ERR_INVALID);
	assert_int_equal(resume(test, 2), NOVA_FW_STATE_ERROR | NOVA_FW_ERR_INVALID);
	for (i = 0; i < 3; i++) {
		assert_int_equal(resume(test, 0), NOVA_FW_STATE_RUNNING);
		awake(test);
		suspend(test);
		if (i == 0) {
			emu_test_config_write(test->gpu->emu, 0x04, 0x6, 2);
			assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME), NOVA_FW_STATE_RUNNING);
		} else if (i == 1) {
			memset(test->gpu->emu->vram + inst, 0, NV_INST_SIZE);
		} else {
			memset(test->gpu->emu->vram + inst, 0xff, EMU_CHANNELS * NV_INST_SIZE);
		}
		assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME),
				 NOVA_FW_STATE_ERROR | NOVA_FW_ERR_INVALID);
	}
	/* Without asking for it channels are gone, as after any boot. */
	assert_int_equal(resume(test, 0), NOVA_FW_STATE_RUNNING);
	awake(test);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, 0), NOVA_FW_ERR_NO_CHANNEL);
}

/* A saved channel with anything in it does no more harm than one with any methods. */
static void test_resume_garbage(void **state)
{
	struct fifo_test *test = *state;
	uint64_t inst, i;
	unsigned int round;

	gpu_seed();
	open_channel(test, 0, 0, 1);
	acquire(test, 0, 1, 5);
	kick(test, 0);
	for (round = 0; round < 200; round++) {
		suspend(test);
		inst = emu_fifo_inst(test->gpu->emu, test->chans[0].chid);
		for (i = 0; i < 4; i++)
			gpu_vram_write64(test->gpu, inst + 0x408 + gpu_random() % 0x900 / 8 * 8,
					 (uint64_t)gpu_random() << 32 | gpu_random());
		if (resume(test, NOVA_FW_BOOT_RESUME) == NOVA_FW_STATE_RUNNING)
			doorbell(test, test->tokens[0]);
		assert_int_equal(resume(test, 0), NOVA_FW_STATE_RUNNING);
		awake(test);
		open_channel(test, 0, round % 2, 1);
		acquire(test, 0, 1, 5);
		kick(test, 0);
		test->gpu->ram_used -= 4096 * 2 + 0x10000;
	}
}

struct storm {
	struct fifo_test *test;
	atomic_bool stop;
};

static void *storm_thread(void *data)
{
	struct storm *storm = data;
	struct emu *emu = storm->test->gpu->emu;
	unsigned int i = 0;

	while (!atomic_load(&storm->stop)) {
		emu_fifo_hang(emu, i++ % EMU_ENGINES);
		usleep(300);
		if (i % 3 == 0)
			emu_fifo_heal(emu);
	}
	return NULL;
}

/* Engines hang at any moment; every channel can be got rid of all the same, as a driver does it. */
static void test_hang_storm(void **state)
{
	struct fifo_test *test = *state;
	struct storm storm = { .test = test };
	unsigned int round, tries;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, storm_thread, &storm), 0);
	for (round = 0; round < 100; round++) {
		uint32_t engine = round % EMU_COPY_ENGINES, result, killed;
		uint64_t ram_used = test->gpu->ram_used;

		open_channel(test, 0, engine, round % 3);
		gpu_invalidate(test->gpu, test->gpu->root);
		long_work(test, 0, 5);
		repeat(test, 0, 50);
		result = fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, test->chans[0].chid);
		for (tries = 0; result == NOVA_FW_ERR_HUNG; tries++) {
			assert_int_equal(fw_engine_reset(&test->fw, engine, &killed), 0);
			assert_true(killed == test->chans[0].chid || killed == NOVA_FW_CHANNEL_NONE);
			result = fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP,
					    test->chans[0].chid);
			assert_true(tries < 100);
		}
		assert_int_equal(result, 0);
		assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY,
					    test->chans[0].chid), 0);
		test->gpu->ram_used = ram_used;
	}
	atomic_store(&storm.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

#define fifo_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fifo_test(test_doorbell),
		fifo_test(test_doorbell_while_running),
		fifo_test(test_client_doorbells),
		fifo_test(test_bad_doorbells),
		fifo_test(test_round_robin),
		fifo_test(test_engines_are_independent),
		fifo_test(test_blocked_channels),
		fifo_test(test_hang_and_engine_reset),
		fifo_test(test_hang_in_work),
		fifo_test(test_destroy_all),
		fifo_test(test_destroy_all_malformed),
		fifo_test(test_errors),
		fifo_test(test_fault_comes_before_its_event),
		fifo_test(test_destroy_under_load),
		fifo_test(test_hang_storm),
		fifo_test(test_reset_under_load),
		fifo_test(test_shutdown_under_load),
		fifo_test(test_suspend),
		fifo_test(test_suspend_twod),
		fifo_test(test_suspend_hung),
		fifo_test(test_resume_refused),
		fifo_test(test_resume_garbage),
	};

	return cmocka_run_group_tests_name("fifo", tests, NULL, NULL);
}
