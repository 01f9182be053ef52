/* SPDX-License-Identifier: MIT */
/* Channels while the device sleeps: left in video memory, and taken up again. */
#define _GNU_SOURCE
#include "fifo_test.h"
#include "../emu_bar.h"
#include "../emu_fifo_run.h"
#include "regs/nv_twod.h"

#include <string.h>

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
	fifo_open(test, 0, 0, 1);
	fifo_open(test, 1, 1, 2);
	fifo_open(test, 2, 1, 0);
	fifo_open(test, 3, 0, 1);
	/* State of methods, which the next submission relies on. */
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_ADDR_LO, (uint32_t)FIFO_DATA_VA + 20 * 4);
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_ADDR_HI, 0);
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_PAYLOAD_LO, 77);
	fifo_release(test, 0, 0, 1);
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_ADDR_LO, (uint32_t)FIFO_DATA_VA + 20 * 4);
	fifo_kick(test, 0);
	gpu_wait(fifo_word(test, 0) == 1);
	fifo_acquire(test, 1, 1, 5);
	fifo_release(test, 1, 2, 1);
	fifo_kick(test, 1);
	/* Engine 1 does many small copies, and counts. */
	fifo_long_work(test, 2, 1);
	gpu_semaphore(&test->chans[2], FIFO_DATA_VA + 3 * 4, 0xffffffff,
		      NV_C46F_SEM_OP_REDUCTION | NV_C46F_SEM_EXECUTE_UNSIGNED |
		      NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, NV_C46F_SEM_REDUCTION_INC));
	fifo_repeat(test, 2, GPU_RING_ENTRIES - 1);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_STOP, test->chans[3].chid), 0);

	for (round = 0; round < 5; round++) {
		uint32_t done;

		suspend(test);
		done = fifo_word(test, 3);
		power(test, 3);
		power(test, 0);
		assert_int_equal(fifo_word(test, 3), done);
		assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME), NOVA_FW_STATE_RUNNING);
		awake(test);
		gpu_wait(fifo_word(test, 3) > done || done == GPU_RING_ENTRIES - 1);
	}
	gpu_wait(fifo_word(test, 3) == GPU_RING_ENTRIES - 1);
	assert_int_equal(fifo_word(test, 2), 0);
	gpu_store32(test->gpu, test->data + 4, 5);
	gpu_wait(fifo_word(test, 2) == 1);
	/* The old token, and an address that was set before. */
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_PAYLOAD_LO, 78);
	gpu_method(&test->chans[0], 0, NV_C46F_SEM_EXECUTE, NV_C46F_SEM_OP_RELEASE);
	fifo_kick(test, 0);
	gpu_wait(fifo_word(test, 20) == 78);
	/* A stopped one is still stopped, and is there to be destroyed. */
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
	fifo_doorbell(test, test->tokens[3]);
	assert_int_equal(fifo_dead_doorbells(test), 1);
	assert_int_equal(fw_channel(&test->fw, NOVA_FW_CMD_CHANNEL_DESTROY, test->chans[3].chid), 0);
	fifo_open(test, 4, 0, 1);
	assert_int_equal(test->chans[4].chid, test->chans[3].chid + 1);
}

/*
 * A channel that waits for a semaphore looks at it with its own engine's client of the MMU, and
 * lets others of its engine work.
 */
static void test_resume_blocked(void **state)
{
	struct fifo_test *test = *state;
	struct emu_mmu_ctx other = test->gpu->ctx;

	fifo_open(test, 0, 1, 1);
	fifo_open(test, 1, 1, 1);
	fifo_acquire(test, 0, 1, 5);
	fifo_release(test, 0, 2, 1);
	fifo_kick(test, 0);
	gpu_wait(atomic_load(&test->gpu->emu->fifo->blocked) == 1);
	suspend(test);
	power(test, 3);
	power(test, 0);
	/* Engine 0 is in the middle of an access all the time. */
	other.client = 0;
	emu_mmu_begin(test->gpu->emu, &other);
	assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME), NOVA_FW_STATE_RUNNING);
	awake(test);
	fifo_release(test, 1, 3, 1);
	fifo_kick(test, 1);
	gpu_wait(fifo_word(test, 3) == 1);
	assert_int_equal(fifo_word(test, 2), 0);
	gpu_store32(test->gpu, test->data + 4, 5);
	gpu_wait(fifo_word(test, 2) == 1);
	emu_mmu_end(test->gpu->emu, &other);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
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
		NV_902D_FORMAT_Y32, NV_902D_LAYOUT_PITCH, 0, 0, 0, 64, 16, 4, 0, (uint32_t)FIFO_DATA_VA,
	};
	unsigned int i;

	fifo_open(test, 0, EMU_GRAPHICS_ENGINE, 1);
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
	fifo_release(test, 0, 0, 1);
	fifo_kick(test, 0);
	gpu_wait(fifo_word(test, 0) == 1);
	suspend(test);
	power(test, 3);
	power(test, 0);
	assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME), NOVA_FW_STATE_RUNNING);
	awake(test);
	draw(test, 0, NV_902D_CPU_DATA, 12);
	draw(test, 0, NV_902D_CPU_DATA, 13);
	draw(test, 0, NV_902D_PRIM_POINT_X_Y, 6 | 1 << 16);
	fifo_release(test, 0, 0, 2);
	fifo_kick(test, 0);
	gpu_wait(fifo_word(test, 0) == 2);
	for (i = 0; i < 3; i++)
		assert_int_equal(fifo_word(test, 8 + i), 11 + i);
	assert_int_equal(fifo_word(test, 4), 0x1234);
	assert_int_equal(fifo_word(test, 5), 0x1234);
	assert_int_equal(fifo_word(test, 6), 0);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

/* An engine that hangs does not sleep; all goes on as if nothing had been asked. */
static void test_suspend_hung(void **state)
{
	struct fifo_test *test = *state;
	uint32_t killed;

	fifo_open(test, 0, 0, 1);
	fifo_open(test, 1, 1, 1);
	emu_fifo_hang(test->gpu->emu, 0);
	fifo_release(test, 0, 0, 1);
	fifo_kick(test, 0);
	gpu_wait(emu_fifo_stuck_engines(test->gpu->emu) == 1);
	assert_int_equal(fw_call(&test->fw, NOVA_FW_CMD_SUSPEND, NULL, 0, NULL, 0),
			 NOVA_FW_ERR_HUNG);
	assert_false(emu_bar_is_shut_down(test->gpu->emu));
	fifo_release(test, 1, 1, 1);
	fifo_kick(test, 1);
	gpu_wait(fifo_word(test, 1) == 1);
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

	fifo_open(test, 0, 0, 1);
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

/* What a saved channel has as @from is @to from now on; such a value is there once. */
static void spoil(struct fifo_test *test, uint64_t from, uint64_t to, size_t len)
{
	uint8_t *inst = test->gpu->emu->vram + emu_fifo_inst(test->gpu->emu, test->chans[0].chid);
	unsigned int found = 0, i;

	for (i = 0x400; i + len <= NV_INST_SIZE; i += 4) {
		if (memcmp(inst + i, &from, len))
			continue;
		memcpy(inst + i, &to, len);
		found++;
	}
	assert_int_equal(found, 1);
}

/* A wait that no SEM_EXECUTE begins, at the end of all memory; and a time slice without end. */
static void test_resume_impossible(void **state)
{
	const uint32_t wide = NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT;
	struct fifo_test *test = *state;
	uint64_t last = GPU_RAM - 4096;
	const uint32_t va = 0x60000ff8;
	unsigned int i;

	gpu_map(test->gpu, va & ~0xfffu, 12, EMU_SYSTEM, GPU_IOVA + last, 4096, 0);
	for (i = 0; i < 4; i++) {
		fifo_open(test, 0, 0, 1);
		/* Not waited for any more: the next address may be of another width. */
		gpu_semaphore(&test->chans[0], va, 7, NV_C46F_SEM_OP_RELEASE | wide);
		gpu_method(&test->chans[0], 0, NV_C46F_SEM_ADDR_LO, va + 4);
		fifo_release(test, 0, 0, i + 1);
		if (i)
			gpu_semaphore(&test->chans[0], va, 1ull << 40, wide |
				      NV_C46F_SEM_OP_ACQUIRE | NV_C46F_SEM_EXECUTE_SWITCH_TSG);
		else
			gpu_method(&test->chans[0], 0, NV_C46F_SEM_ADDR_LO, va + 4);
		fifo_kick(test, 0);
		gpu_wait(fifo_word(test, 0) == i + 1);
		if (i)
			gpu_wait(atomic_load(&test->gpu->emu->fifo->blocked) == 1);
		suspend(test);
		if (i == 1)
			spoil(test, va, va + 4, 4);
		else if (i == 2)
			spoil(test, 100 * 1024, 1ull << 62, 8);
		assert_int_equal(resume(test, NOVA_FW_BOOT_RESUME), i % 3 == 0 ? NOVA_FW_STATE_RUNNING :
				 NOVA_FW_STATE_ERROR | NOVA_FW_ERR_INVALID);
		assert_int_equal(resume(test, 0), NOVA_FW_STATE_RUNNING);
		awake(test);
		/* The next one is where this one was: translations stay. */
		test->gpu->ram_used -= 4096 * 2 + 0x10000;
	}
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

/* A saved channel with anything in it does no more harm than one with any methods. */
static void test_resume_garbage(void **state)
{
	struct fifo_test *test = *state;
	uint64_t inst, i;
	unsigned int round;

	gpu_seed();
	fifo_open(test, 0, 0, 1);
	fifo_acquire(test, 0, 1, 5);
	fifo_kick(test, 0);
	for (round = 0; round < 200; round++) {
		suspend(test);
		inst = emu_fifo_inst(test->gpu->emu, test->chans[0].chid);
		for (i = 0; i < 4; i++)
			gpu_vram_write64(test->gpu, inst + 0x408 + gpu_random() % 0x900 / 8 * 8,
					 (uint64_t)gpu_random() << 32 | gpu_random());
		if (resume(test, NOVA_FW_BOOT_RESUME) == NOVA_FW_STATE_RUNNING)
			fifo_doorbell(test, test->tokens[0]);
		assert_int_equal(resume(test, 0), NOVA_FW_STATE_RUNNING);
		awake(test);
		fifo_open(test, 0, round % 2, 1);
		fifo_acquire(test, 0, 1, 5);
		fifo_kick(test, 0);
		test->gpu->ram_used -= 4096 * 2 + 0x10000;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fifo_test(test_suspend),
		fifo_test(test_resume_blocked),
		fifo_test(test_suspend_twod),
		fifo_test(test_suspend_hung),
		fifo_test(test_resume_refused),
		fifo_test(test_resume_impossible),
		fifo_test(test_resume_garbage),
	};

	return cmocka_run_group_tests_name("fifo_save", tests, NULL, NULL);
}
