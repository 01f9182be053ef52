/* SPDX-License-Identifier: MIT */
/* Channels and engines: doorbells, round robin, blocked channels, hangs, errors, resets. */
#define _GNU_SOURCE
#include "fifo_test.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

static void test_doorbell(void **state)
{
	struct fifo_test *test = *state;

	fifo_open(test, 0, 0, 1);
	fifo_release(test, 0, 0, 1);
	fifo_kick(test, 0);
	gpu_wait(fifo_word(test, 0) == 1);
	/* Both usermode pages, and "any runlist" in the token. */
	fifo_release(test, 0, 0, 2);
	gpu_submit(&test->chans[0], 0);
	emu_test_write(test->gpu->emu, NV_USERMODE_ALIAS + NV_USERMODE_DOORBELL,
		       test->chans[0].chid | 15u << 16);
	gpu_wait(fifo_word(test, 0) == 2);
	/* GP_PUT is not looked at without a doorbell, and a doorbell without work is harmless. */
	fifo_doorbell(test, test->tokens[0]);
	fifo_doorbell(test, test->tokens[0]);
	fifo_release(test, 0, 0, 3);
	fifo_kick(test, 0);
	gpu_wait(gpu_userd(&test->chans[0], NV_USERD_GP_GET) == 3);
	assert_int_equal(fifo_word(test, 0), 3);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

/* A doorbell that comes while the channel runs, after GP_PUT was fetched, is not lost. */
static void test_doorbell_while_running(void **state)
{
	struct fifo_test *test = *state;
	unsigned int round;

	/* One slice holds it all: GP_PUT is fetched only at its start. */
	test->timeslice = 1 << 20;
	fifo_open(test, 0, 0, 1);
	for (round = 1; round <= 50; round++) {
		test->chans[0].used = 0;
		test->chans[0].start = 0;
		fifo_release(test, 0, 0, round);
		fifo_long_work(test, 0, 20);
		fifo_kick(test, 0);
		gpu_wait(fifo_word(test, 0) == round);
		fifo_release(test, 0, 1, round);
		fifo_kick(test, 0);
		gpu_wait(fifo_word(test, 1) == round);
	}
}

/* What a client rings in the page that drivers give to clients is not the driver's mistake. */
static void test_client_doorbells(void **state)
{
	const uint32_t page = NV_USERMODE_ALIAS + NV_USERMODE_DOORBELL;
	struct fifo_test *test = *state;

	fifo_open(test, 0, 0, 1);
	emu_test_write(test->gpu->emu, page, test->tokens[0] | 0x1000);
	emu_test_write(test->gpu->emu, page, test->tokens[0] + 1);
	emu_test_write(test->gpu->emu, page, ~0u);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
	fifo_doorbell(test, test->tokens[0] + 1);
	assert_int_equal(fifo_dead_doorbells(test), 1);
}

static void test_bad_doorbells(void **state)
{
	struct fifo_test *test = *state;

	fifo_open(test, 0, 0, 1);
	/* Reserved bits: ignored, and nothing more. */
	fifo_doorbell(test, test->tokens[0] | 0x1000);
	fifo_doorbell(test, test->tokens[0] | 0x80000000);
	assert_int_equal(fifo_dead_doorbells(test), 0);
	fifo_doorbell(test, test->chans[0].chid + 1);
	assert_int_equal(fifo_dead_doorbells(test), 1);
	fifo_doorbell(test, 0xfff);
	assert_int_equal(fifo_dead_doorbells(test), 2);
	fifo_doorbell(test, test->chans[0].chid | 1 << 16);
	assert_int_equal(fifo_dead_doorbells(test), 3);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, test->chans[0].chid), 0);
	fifo_doorbell(test, test->tokens[0]);
	assert_int_equal(fifo_dead_doorbells(test), 4);
	/* Not enabled: nothing is heard. */
	emu_test_write(test->gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0), 0);
	fifo_doorbell(test, test->tokens[0]);
	assert_int_equal(fifo_dead_doorbells(test), 4);
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
		fifo_open(test, i, 0, i % 3);
		fifo_long_work(test, i, 32);
		gpu_semaphore(&test->chans[i], FIFO_DATA_VA + i * 4, 0xffffffff,
			      NV_C46F_SEM_OP_REDUCTION | NV_C46F_SEM_EXECUTE_UNSIGNED |
			      NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, NV_C46F_SEM_REDUCTION_INC));
	}
	for (i = 0; i < 4; i++)
		fifo_repeat(test, i, GPU_RING_ENTRIES - 1);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 4; i++)
			before[i] = fifo_word(test, i);
		gpu_wait(fifo_word(test, 0) > before[0] && fifo_word(test, 1) > before[1] &&
			 fifo_word(test, 2) > before[2] && fifo_word(test, 3) > before[3]);
	}
	for (i = 0; i < 4; i++)
		assert_true(fifo_word(test, i) < GPU_RING_ENTRIES - 1);
	/* Stopped in the middle of its work a channel leaves the engine to the others. */
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, test->chans[0].chid), 0);
	before[0] = fifo_word(test, 0);
	before[3] = fifo_word(test, 3);
	gpu_wait(fifo_word(test, 3) > before[3] + 1);
	assert_int_equal(fifo_word(test, 0), before[0]);
}

static void test_engines_are_independent(void **state)
{
	struct fifo_test *test = *state;

	fifo_open(test, 0, 0, 1);
	fifo_open(test, 1, 1, 1);
	assert_int_equal(emu_fifo_hang(test->gpu->emu, 0), 0);
	assert_int_equal(emu_fifo_stuck_engines(test->gpu->emu), 0);
	fifo_release(test, 0, 0, 1);
	fifo_kick(test, 0);
	gpu_wait(emu_fifo_stuck_engines(test->gpu->emu) == 1);
	fifo_release(test, 1, 1, 1);
	gpu_method(&test->chans[1], 0, NV_C46F_NON_STALL_INTERRUPT, 0);
	fifo_kick(test, 1);
	gpu_wait(fifo_word(test, 1) == 1);
	gpu_wait(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_NONSTALL(1)));
	assert_int_equal(fifo_word(test, 0), 0);
	assert_int_equal(emu_fifo_hang(test->gpu->emu, EMU_ENGINES), -22);
}

static void test_blocked_channels(void **state)
{
	struct fifo_test *test = *state;

	fifo_open(test, 0, 0, 2);
	fifo_open(test, 1, 0, 1);
	fifo_open(test, 2, 0, 0);
	fifo_open(test, 3, 1, 1);
	/* 0 waits for 1, which waits for the CPU; 2 goes on. */
	fifo_acquire(test, 0, 0, 7);
	fifo_release(test, 0, 10, 1);
	fifo_kick(test, 0);
	fifo_acquire(test, 1, 1, 9);
	fifo_release(test, 1, 0, 7);
	fifo_release(test, 1, 11, 1);
	fifo_kick(test, 1);
	fifo_release(test, 2, 12, 1);
	fifo_kick(test, 2);
	gpu_wait(fifo_word(test, 12) == 1);
	assert_int_equal(fifo_word(test, 10), 0);
	assert_int_equal(fifo_word(test, 11), 0);
	/* The CPU writes without telling. */
	gpu_store32(test->gpu, test->data + 4, 9);
	gpu_wait(fifo_word(test, 11) == 1);
	gpu_wait(fifo_word(test, 10) == 1);
	/* Across engines, and work that came while it was blocked. */
	fifo_acquire(test, 0, 2, 5);
	fifo_release(test, 0, 13, 1);
	fifo_kick(test, 0);
	gpu_wait(gpu_userd(&test->chans[0], NV_USERD_GP_GET) == 2);
	fifo_release(test, 0, 14, 1);
	fifo_kick(test, 0);
	fifo_release(test, 3, 2, 5);
	fifo_kick(test, 3);
	gpu_wait(fifo_word(test, 13) == 1 && fifo_word(test, 14) == 1);
	/* A blocked channel can be stopped: it is on no engine. */
	fifo_acquire(test, 0, 2, 6);
	fifo_kick(test, 0);
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

	fifo_open(test, 0, 0, 1);
	fifo_open(test, 1, 0, 1);
	guilty = test->chans[0].chid;
	emu_fifo_hang(test->gpu->emu, 0);
	fifo_release(test, 0, 0, 1);
	fifo_kick(test, 0);
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 0, &stuck) == guilty && stuck);
	fifo_release(test, 1, 1, 1);
	fifo_kick(test, 1);
	assert_status(test, 0, guilty, true);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, guilty), NOVA_FW_ERR_HUNG);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, guilty),
			 NOVA_FW_ERR_HUNG);
	assert_int_equal(fifo_word(test, 0), 0);
	assert_int_equal(fifo_word(test, 1), 0);

	/* The reset costs the resident channel its life, and nobody else. */
	assert_int_equal(fw_engine_reset(&test->fw, 0, &killed), 0);
	assert_int_equal(killed, guilty);
	gpu_wait(fifo_word(test, 1) == 1);
	assert_int_equal(fifo_word(test, 0), 0);
	assert_status(test, 0, NOVA_FW_CHANNEL_NONE, false);
	/* Its driver may not know yet; once stopped it must. */
	fifo_doorbell(test, test->tokens[0]);
	assert_int_equal(fifo_dead_doorbells(test), 0);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, guilty), 0);
	fifo_doorbell(test, test->tokens[0]);
	assert_int_equal(fifo_dead_doorbells(test), 1);
	assert_int_equal(fifo_word(test, 0), 0);
}

/* All at once: on an engine that hangs, behind that one, at work, and waiting for a semaphore. */
static void test_destroy_all(void **state)
{
	struct fifo_test *test = *state;
	bool stuck = false;
	unsigned int i;

	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, NULL, 0, NULL, 0), 0);
	fifo_open(test, 0, 0, 1);
	fifo_open(test, 1, 0, 1);
	fifo_open(test, 2, 1, 1);
	fifo_open(test, 3, 1, 1);
	fifo_acquire(test, 3, 3, 1);
	fifo_release(test, 3, 2, 1);
	fifo_kick(test, 3);
	emu_fifo_hang(test->gpu->emu, 0);
	fifo_release(test, 0, 0, 1);
	fifo_kick(test, 0);
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 0, &stuck) == test->chans[0].chid && stuck);
	fifo_release(test, 1, 1, 1);
	fifo_kick(test, 1);
	fifo_long_work(test, 2, 500);
	fifo_kick(test, 2);

	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, NULL, 0, NULL, 0), 0);
	for (i = 0; i < EMU_ENGINES; i++)
		assert_status(test, i, NOVA_FW_CHANNEL_NONE, false);
	for (i = 0; i < 4; i++)
		assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY,
					    test->chans[i].chid), NOVA_FW_ERR_NO_CHANNEL);
	/* Neither what was behind the hang nor what waited has run, or will. */
	gpu_store32(test->gpu, test->data + 3 * 4, 1);
	emu_fifo_released(test->gpu->emu);
	fifo_doorbell(test, test->tokens[1]);
	assert_int_equal(fifo_dead_doorbells(test), 1);
	for (i = 0; i < 3; i++)
		assert_int_equal(fifo_word(test, i), 0);

	/* The firmware and its engines go on. */
	fifo_open(test, 0, 0, 1);
	fifo_release(test, 0, 4, 1);
	fifo_kick(test, 0);
	gpu_wait(fifo_word(test, 4) == 1);
}

/* It has no payload: there is no channel to be named. */
static void test_destroy_all_malformed(void **state)
{
	struct fifo_test *test = *state;

	fifo_open(test, 0, 0, 1);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, test->chans[0].chid),
			 NOVA_FW_ERR_MALFORMED);
	assert_int_equal(emu_stats_violations(test->gpu->emu->stats, EMU_VIOLATION_FW_MALFORMED), 1);
	fifo_release(test, 0, 0, 1);
	fifo_kick(test, 0);
	gpu_wait(fifo_word(test, 0) == 1);
}

/* A hang that comes in the middle of work; another channel of the engine can still be stopped. */
static void test_hang_in_work(void **state)
{
	struct fifo_test *test = *state;
	bool stuck = false;
	uint32_t chid, before;

	fifo_open(test, 0, 0, 1);
	fifo_open(test, 1, 0, 1);
	fifo_long_work(test, 0, 100);
	gpu_semaphore(&test->chans[0], FIFO_DATA_VA, 0xffffffff,
		      NV_C46F_SEM_OP_REDUCTION | NV_C46F_SEM_EXECUTE_UNSIGNED |
		      NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, NV_C46F_SEM_REDUCTION_INC));
	fifo_repeat(test, 0, GPU_RING_ENTRIES - 1);
	chid = test->chans[0].chid;
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 0, &stuck) == chid);
	emu_fifo_hang(test->gpu->emu, 0);
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 0, &stuck) == chid && stuck);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, test->chans[1].chid), 0);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, chid), NOVA_FW_ERR_HUNG);
	/* Healed, it goes on where it was. */
	before = fifo_word(test, 0);
	emu_fifo_heal(test->gpu->emu);
	gpu_wait(fifo_word(test, 0) > before);
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

	fifo_open(test, 0, 1, 1);
	fifo_open(test, 1, 1, 1);
	fifo_open(test, 2, 1, 1);
	gpu_method(&test->chans[0], 0, NV_C46F_ILLEGAL, 0x1234);
	fifo_release(test, 0, 0, 1);
	fifo_kick(test, 0);
	error = receive_error(test);
	assert_int_equal(error.chid, test->chans[0].chid);
	assert_int_equal(error.code, NV_ERROR_PBDMA);
	assert_int_equal(error.engine, 1);
	assert_int_equal(error.exception, NV_PBDMA_METHOD);
	assert_int_equal(error.method, NV_C46F_ILLEGAL);
	assert_int_equal(error.data, 0x1234);

	gpu_method(&test->chans[1], 4, NV_C5B5_LAUNCH_DMA, 3);
	fifo_kick(test, 1);
	error = receive_error(test);
	assert_int_equal(error.code, NV_ERROR_CE1);
	assert_int_equal(error.exception, NV_CE_LAUNCHERR_INVALID_VALUE);
	assert_int_equal(error.method, NV_C5B5_LAUNCH_DMA);
	assert_int_equal(error.data, 3);

	/* The stopped channels do not run any more, the third does. */
	fifo_doorbell(test, test->tokens[0]);
	fifo_release(test, 2, 2, 1);
	fifo_kick(test, 2);
	gpu_wait(fifo_word(test, 2) == 1);
	assert_int_equal(fifo_word(test, 0), 0);
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
	fifo_open(test, 0, 1, 1);
	gpu_push(&test->chans[0], NV_PB_HEADER(INC, 4, NV_C5B5_OFFSET_IN_UPPER, 2));
	gpu_push(&test->chans[0], 0x1234);
	gpu_push(&test->chans[0], 0x56789abc);
	gpu_method(&test->chans[0], 4, NV_C5B5_LINE_LENGTH_IN, 4);
	gpu_method(&test->chans[0], 4, NV_C5B5_LAUNCH_DMA,
		   NV_C5B5_LAUNCH_TRANSFER_PIPELINED | NV_C5B5_LAUNCH_SRC_PITCH |
		   NV_C5B5_LAUNCH_DST_PITCH);
	fifo_kick(test, 0);
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

	fifo_open(test, 1, 0, 1);
	fifo_open(test, 2, 1, 1);
	for (round = 0; round < 20; round++) {
		uint64_t ram_used = test->gpu->ram_used;

		fifo_open(test, 0, round % 2, 1);
		/* The push buffer's page tables change with the channel id. */
		gpu_invalidate(test->gpu, test->gpu->root);
		fifo_long_work(test, 0, 20);
		fifo_repeat(test, 0, 200);
		gpu_wait(gpu_userd(&test->chans[0], NV_USERD_GP_GET) != 0);
		assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY,
					    test->chans[0].chid), 0);
		gpu_store32(test->gpu, test->chans[0].userd + NV_USERD_GP_GET, 0);
		/* The engine has turned to somebody else since. */
		fifo_release(test, 1 + round % 2, 0, round + 1);
		fifo_kick(test, 1 + round % 2);
		gpu_wait(fifo_word(test, 0) == round + 1);
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
		fifo_open(test, i, i % 2, 1);
		fifo_long_work(test, i, 100);
		fifo_kick(test, i);
	}
	fifo_open(test, 4, 0, 1);
	fifo_acquire(test, 4, 0, 1);
	fifo_kick(test, 4);
	emu_fifo_hang(test->gpu->emu, 1);
	emu_reset(test->gpu->emu);
	/* Power-on state: no channel, no hang, doorbells not heard. */
	emu_test_config_write(test->gpu->emu, 0x04, 0x6, 2);
	assert_int_equal(emu_test_read(test->gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0)), 0);
	fifo_doorbell(test, test->tokens[0]);
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
		fifo_open(test, i, i % 2, 1);
		fifo_long_work(test, i, 100);
		fifo_repeat(test, i, GPU_RING_ENTRIES - 1);
	}
	emu_fifo_hang(test->gpu->emu, 1);
	gpu_wait(emu_fifo_engine_status(test->gpu->emu, 1, &stuck) != EMU_FIFO_NO_CHANNEL && stuck);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_SHUTDOWN, NULL, 0, NULL, 0), 0);
	emu_mem_unmap_all(test->gpu->emu);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
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

		fifo_open(test, 0, engine, round % 3);
		gpu_invalidate(test->gpu, test->gpu->root);
		fifo_long_work(test, 0, 5);
		fifo_repeat(test, 0, 50);
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
	};

	return cmocka_run_group_tests_name("fifo", tests, NULL, NULL);
}
