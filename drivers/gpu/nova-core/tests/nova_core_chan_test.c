// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Channels: what the firmware may answer, and what is left of them when they go. */
#include <kunit/static_stub.h>
#include <kunit/test.h>

#include "../nova_core_chan.h"
#include "../nova_core_chans.h"
#include "../nova_core_client.h"
#include "../nova_core_mmu.h"
#include "../nova_core_rpc.h"
#include "../regs/nv_error.h"
#include "../regs/nv_vf.h"
#include "nova_core_test_gpu.h"

#define INST		0x80000ull	/* in the firmware's part of video memory */
#define NOBODY		cpu_to_le32(NOVA_FW_CHANNEL_NONE)

static const struct nova_core_chan_args good_args = {
	.engine = 1,
	.priority = NOVA_CORE_PRIORITY_NORMAL,
	.root = 0x200000,
	.userd = 0xff56789200,
	.gpfifo_va = 0xff00000000,
	.gpfifo_entries = 512,
};

static int chan_test_init(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = nova_core_test_gpu_create(test);

	nova_core_test_gpu_boot(gpu);
	KUNIT_ASSERT_EQ(test, nova_core_chan_init(&gpu->core), 0);
	KUNIT_ASSERT_EQ(test, nova_core_client_init(&gpu->core), 0);
	return 0;
}

static void chan_test_exit(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	nova_core_client_fini(&gpu->core);
	nova_core_chan_fini(&gpu->core);
}

static struct nova_fw_channel_created created(u32 chid)
{
	return (struct nova_fw_channel_created) {
		.chid = cpu_to_le32(chid),
		.token = cpu_to_le32(NV_PUT(NV_USERMODE_DOORBELL_CHID, chid) |
				     NV_PUT(NV_USERMODE_DOORBELL_RUNLIST,
					    NOVA_CORE_TEST_RUNLIST(1))),
		.inst = cpu_to_le64(INST + chid * 0x1000),
		.inst_aperture = cpu_to_le32(NOVA_FW_APERTURE_VIDEO),
	};
}

static struct nova_core_chan *create(struct nova_core_test_gpu *gpu,
				     const struct nova_fw_channel_created *reply)
{
	nova_core_test_gpu_reply(gpu, NOVA_FW_CMD_CHANNEL_CREATE, NOVA_FW_OK, reply,
				 sizeof(*reply));
	return nova_core_chan_create(&gpu->core, &good_args);
}

static struct nova_core_chan *create_good(struct kunit *test, u32 chid)
{
	const struct nova_fw_channel_created reply = created(chid);
	struct nova_core_chan *chan = create(test->priv, &reply);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, chan);
	return chan;
}

static void answer(struct nova_core_test_gpu *gpu, u32 function, u32 result)
{
	nova_core_test_gpu_reply(gpu, function, result, NULL, 0);
}

static void answer_reset(struct nova_core_test_gpu *gpu, __le32 killed)
{
	const struct nova_fw_channel reply = { .chid = killed };

	nova_core_test_gpu_reply(gpu, NOVA_FW_CMD_ENGINE_RESET, NOVA_FW_OK, &reply, sizeof(reply));
}

static void destroy(struct nova_core_test_gpu *gpu, struct nova_core_chan *chan)
{
	answer(gpu, NOVA_FW_CMD_CHANNEL_DESTROY, NOVA_FW_OK);
	nova_core_chan_destroy(chan);
}

static u32 doorbell(struct nova_core_test_gpu *gpu)
{
	return nova_core_test_gpu_reg(gpu, NV_USERMODE + NV_USERMODE_DOORBELL);
}

static void chan_life(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	const struct nova_fw_channel_create *request;
	const struct nova_fw_channel *end;
	struct nova_core_chan *chan = create_good(test, 5);

	request = nova_core_test_gpu_command(gpu, 0, NOVA_FW_CMD_CHANNEL_CREATE);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(request->pdb), good_args.root);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(request->pdb_aperture), NOVA_FW_APERTURE_VIDEO);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(request->userd), good_args.userd);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(request->userd_aperture), NOVA_FW_APERTURE_COHERENT);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(request->gpfifo_va), good_args.gpfifo_va);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(request->gpfifo_entries), good_args.gpfifo_entries);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(request->engine), good_args.engine);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(request->flags), 0);

	KUNIT_EXPECT_EQ(test, nova_core_chan_id(chan), 5);
	KUNIT_EXPECT_EQ(test, nova_core_chan_of_inst(&gpu->core, INST + 0x5000,
						     NOVA_FW_APERTURE_VIDEO), 5);
	KUNIT_EXPECT_EQ(test, nova_core_chan_of_inst(&gpu->core, INST + 0x5000,
						     NOVA_FW_APERTURE_COHERENT), ~0u);
	nova_core_chan_kick(chan);
	KUNIT_EXPECT_EQ(test, doorbell(gpu), le32_to_cpu(created(5).token));

	destroy(gpu, chan);
	end = nova_core_test_gpu_command(gpu, 1, NOVA_FW_CMD_CHANNEL_DESTROY);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(end->chid), 5);
	KUNIT_EXPECT_EQ(test, nova_core_chan_of_inst(&gpu->core, INST + 0x5000,
						     NOVA_FW_APERTURE_VIDEO), ~0u);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), 0);
	nova_core_chan_destroy(NULL);
	nova_core_chan_destroy(ERR_PTR(-EIO));
}

/* Arguments that are wrong reach nobody. */
static void chan_refuses_arguments(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan_args args[12];
	unsigned int i;
	u32 chid;

	for (i = 0; i < ARRAY_SIZE(args); i++)
		args[i] = good_args;
	args[0].engine = 2;
	args[1].priority = NOVA_CORE_PRIORITY_HIGH + 1;
	args[2].root = 0x200800;
	args[3].root = 0x1000;					/* the firmware's */
	args[4].root = NOVA_CORE_TEST_VRAM_SIZE - 0x1000;	/* the firmware's */
	args[5].userd += 256;
	args[6].gpfifo_va += 4;
	args[7].gpfifo_va = 1ull << 40;
	args[8].gpfifo_entries = 500;
	args[9].gpfifo_entries = 2048;
	args[10].gpfifo_entries = 1;
	args[11].userd = 1ull << 40;
	for (i = 0; i < ARRAY_SIZE(args); i++)
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR(nova_core_chan_create(&gpu->core, &args[i])),
				    -EINVAL, "arguments %u", i);
	KUNIT_EXPECT_EQ(test, nova_core_engine_stuck(&gpu->core, 2, &chid), -EINVAL);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(gpu->cmd.index->write), 0);
}

/* Channels that cannot be: whoever answers so is dead. */
static void chan_impossible(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_fw_channel_created reply[8];

	for (unsigned int i = 0; i < ARRAY_SIZE(reply); i++)
		reply[i] = created(5);
	reply[0] = created(NOVA_CORE_TEST_CHANNELS);
	reply[1].token ^= cpu_to_le32(1);
	reply[2].token ^= cpu_to_le32(1u << 16);
	reply[3].inst = 0;
	le64_add_cpu(&reply[4].inst, 8);
	reply[5].inst = cpu_to_le64(0x200000);			/* what it gave to the driver */
	reply[6].inst = cpu_to_le64(NOVA_CORE_TEST_VRAM_SIZE);
	reply[7].inst_aperture = cpu_to_le32(3);

	for (unsigned int i = 0; i < ARRAY_SIZE(reply); i++) {
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR(create(gpu, &reply[i])), -EIO, "reply %u", i);
		KUNIT_EXPECT_EQ_MSG(test, nova_core_state(&gpu->core), -ETIMEDOUT, "reply %u", i);
		KUNIT_EXPECT_FALSE(test, gpu->master);
		/* For the next of them. */
		gpu->core.broken = 0;
		gpu->master = true;
	}
}

static void chan_given_out_twice(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_fw_channel_created reply = created(5);
	struct nova_core_chan *chan = create_good(test, 5);

	KUNIT_EXPECT_EQ(test, PTR_ERR(create(gpu, &reply)), -EIO);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ETIMEDOUT);
	/* On a dead device it only frees memory, and rings no bell. */
	nova_core_test_gpu_set_reg(gpu, NV_USERMODE + NV_USERMODE_DOORBELL, 0);
	nova_core_chan_kick(chan);
	KUNIT_EXPECT_EQ(test, doorbell(gpu), 0);
	nova_core_chan_destroy(chan);
}

/* Another id with the instance block of the first: the half that was entered is taken out again. */
static void chan_instance_given_out_twice(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_fw_channel_created reply = created(6);
	struct nova_core_chan *chan = create_good(test, 5);
	const struct nova_fw_channel_error event = { .chid = cpu_to_le32(6) };
	struct nova_core_chan_error error;

	reply.inst = created(5).inst;
	KUNIT_EXPECT_EQ(test, PTR_ERR(create(gpu, &reply)), -EIO);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ETIMEDOUT);
	nova_core_chan_error(&gpu->core, &event);
	KUNIT_EXPECT_FALSE(test, nova_core_chan_next_error(&gpu->core, &error));
	nova_core_chan_destroy(chan);
}

/* After a recovery the id is another's: neither is taken for the other. */
static void chan_forgotten(struct kunit *test)
{
	const struct nova_fw_channel_error event = { .chid = cpu_to_le32(5) };
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *old = create_good(test, 5), *new;
	struct nova_core_chan_error error;
	bool engine_reset = true;
	u32 sent;

	nova_core_chan_error(&gpu->core, &event);
	nova_core_chan_forget_all(&gpu->core);
	KUNIT_EXPECT_EQ(test, nova_core_chan_id(old), NOVA_FW_CHANNEL_NONE);
	KUNIT_EXPECT_FALSE(test, nova_core_chan_next_error(&gpu->core, &error));
	nova_core_chan_kick(old);
	KUNIT_EXPECT_EQ(test, doorbell(gpu), 0);

	new = create_good(test, 5);
	sent = le32_to_cpu(gpu->cmd.index->write);
	KUNIT_EXPECT_EQ(test, nova_core_chan_kill(old, &engine_reset), 0);
	KUNIT_EXPECT_FALSE(test, engine_reset);
	nova_core_chan_destroy(old);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(gpu->cmd.index->write), sent);
	nova_core_chan_error(&gpu->core, &event);
	KUNIT_ASSERT_TRUE(test, nova_core_chan_next_error(&gpu->core, &error));
	KUNIT_EXPECT_EQ(test, error.chid, 5);
	destroy(gpu, new);
}

static void chan_refused(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	answer(gpu, NOVA_FW_CMD_CHANNEL_CREATE, NOVA_FW_ERR_NO_RESOURCES);
	KUNIT_EXPECT_EQ(test, PTR_ERR(nova_core_chan_create(&gpu->core, &good_args)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), 0);
}

static int insert_fails(struct nova_core *core, struct nova_core_chan *chan)
{
	return -ENOMEM;
}

/* The channel that was made is destroyed. If the firmware refuses, the device may not go on. */
static void chan_no_memory(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	const struct nova_fw_channel_created reply = created(5);
	const struct nova_fw_channel *request;
	struct nova_core_chan *chan;

	kunit_activate_static_stub(test, nova_core_chans_insert, insert_fails);
	for (unsigned int i = 0; i < 2; i++) {
		nova_core_test_gpu_reply(gpu, NOVA_FW_CMD_CHANNEL_CREATE, NOVA_FW_OK, &reply,
					 sizeof(reply));
		answer(gpu, NOVA_FW_CMD_CHANNEL_DESTROY, i ? NOVA_FW_ERR_HUNG : NOVA_FW_OK);
		chan = nova_core_chan_create(&gpu->core, &good_args);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(chan), -ENOMEM);
		request = nova_core_test_gpu_command(gpu, 2 * i + 1, NOVA_FW_CMD_CHANNEL_DESTROY);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(request->chid), 5);
		KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), i ? -ETIMEDOUT : 0);
		KUNIT_EXPECT_EQ(test, gpu->master, !i);
	}
}

/* The first error is the one that is told, once, and the channel takes no more work. */
static void chan_error_is_told_once(struct kunit *test)
{
	const struct nova_fw_channel_error events[] = {
		{ .chid = cpu_to_le32(5), .code = cpu_to_le32(NV_ERROR_MMU_FAULT),
		  .address = cpu_to_le64(0x1234567000) },
		{ .chid = cpu_to_le32(5), .code = cpu_to_le32(NV_ERROR_PBDMA) },
		{ .chid = cpu_to_le32(6) },
	};
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *chan = create_good(test, 5);
	struct nova_core_chan_error error;

	for (unsigned int i = 0; i < ARRAY_SIZE(events); i++)
		nova_core_chan_error(&gpu->core, &events[i]);
	nova_core_chan_kick(chan);
	KUNIT_EXPECT_EQ(test, doorbell(gpu), 0);
	KUNIT_ASSERT_TRUE(test, nova_core_chan_next_error(&gpu->core, &error));
	KUNIT_EXPECT_EQ(test, error.chid, 5);
	KUNIT_EXPECT_EQ(test, error.code, NV_ERROR_MMU_FAULT);
	KUNIT_EXPECT_EQ(test, error.address, 0x1234567000);
	KUNIT_EXPECT_FALSE(test, nova_core_chan_next_error(&gpu->core, &error));
	destroy(gpu, chan);
}

/* An error without a code is an error nevertheless; and it goes with its channel. */
static void chan_error_goes_with_the_channel(struct kunit *test)
{
	const struct nova_fw_channel_error event = { .chid = cpu_to_le32(5) };
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *chan = create_good(test, 5);
	struct nova_core_chan_error error;

	nova_core_chan_error(&gpu->core, &event);
	destroy(gpu, chan);
	KUNIT_EXPECT_FALSE(test, nova_core_chan_next_error(&gpu->core, &error));

	chan = create_good(test, 5);
	nova_core_chan_error(&gpu->core, &event);
	KUNIT_ASSERT_TRUE(test, nova_core_chan_next_error(&gpu->core, &error));
	KUNIT_EXPECT_EQ(test, error.code, NV_ERROR_RESETCHANNEL);
	KUNIT_EXPECT_FALSE(test, error.bystander);
	destroy(gpu, chan);
}

static void chan_kill_resets_the_engine(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *chan = create_good(test, 5), *victim = create_good(test, 6);
	struct nova_core_chan_error error;
	bool reset;

	answer(gpu, NOVA_FW_CMD_CHANNEL_STOP, NOVA_FW_ERR_HUNG);
	answer_reset(gpu, cpu_to_le32(6));
	answer(gpu, NOVA_FW_CMD_CHANNEL_STOP, NOVA_FW_OK);
	KUNIT_EXPECT_EQ(test, nova_core_chan_kill(chan, &reset), 0);
	KUNIT_EXPECT_TRUE(test, reset);

	/* The other's owner is told, its own knows. */
	KUNIT_ASSERT_TRUE(test, nova_core_chan_next_error(&gpu->core, &error));
	KUNIT_EXPECT_EQ(test, error.chid, 6);
	KUNIT_EXPECT_TRUE(test, error.bystander);
	KUNIT_EXPECT_FALSE(test, nova_core_chan_next_error(&gpu->core, &error));

	answer(gpu, NOVA_FW_CMD_CHANNEL_STOP, NOVA_FW_OK);
	KUNIT_EXPECT_EQ(test, nova_core_chan_kill(victim, &reset), 0);
	KUNIT_EXPECT_FALSE(test, reset);
	destroy(gpu, victim);
	destroy(gpu, chan);
}

/* A channel that cannot be stopped may write to memory that is about to be freed. */
static void chan_that_does_not_stop(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *chan = create_good(test, 5);
	bool reset;

	answer(gpu, NOVA_FW_CMD_CHANNEL_STOP, NOVA_FW_ERR_HUNG);
	answer_reset(gpu, NOBODY);
	answer(gpu, NOVA_FW_CMD_CHANNEL_STOP, NOVA_FW_ERR_HUNG);
	KUNIT_EXPECT_EQ(test, nova_core_chan_kill(chan, &reset), -EIO);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, gpu->master);
	nova_core_chan_destroy(chan);
}

static void chan_kill_refused(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *chan = create_good(test, 5);
	bool reset;

	answer(gpu, NOVA_FW_CMD_CHANNEL_STOP, NOVA_FW_ERR_NO_CHANNEL);
	KUNIT_EXPECT_EQ(test, nova_core_chan_kill(chan, &reset), -EIO);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ETIMEDOUT);
	nova_core_chan_destroy(chan);
}

static void chan_destroy_refused(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *chan = create_good(test, 5);

	answer(gpu, NOVA_FW_CMD_CHANNEL_DESTROY, NOVA_FW_ERR_INVALID);
	nova_core_chan_destroy(chan);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ETIMEDOUT);
}

static void chan_reset_fails(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *chan = create_good(test, 5);
	bool reset;

	answer(gpu, NOVA_FW_CMD_CHANNEL_STOP, NOVA_FW_ERR_HUNG);
	answer_reset(gpu, cpu_to_le32(NOVA_CORE_TEST_CHANNELS));	/* cannot exist */
	KUNIT_EXPECT_EQ(test, nova_core_chan_kill(chan, &reset), -EIO);
	KUNIT_EXPECT_FALSE(test, reset);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ETIMEDOUT);
	nova_core_chan_destroy(chan);
}

static int invalidated(struct nova_core *core)
{
	return 0;
}

/* One command for all, and none when what is left of them is destroyed. */
static void chan_destroy_all(struct kunit *test)
{
	const struct nova_fw_channel_error event = {
		.chid = cpu_to_le32(6),
		.code = cpu_to_le32(1),
	};
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *chans[] = { create_good(test, 5), create_good(test, 6) };
	struct nova_core_chan_error error;
	bool reset;
	u32 sent;

	kunit_activate_static_stub(test, nova_core_mmu_invalidate_all, invalidated);
	nova_core_chan_error(&gpu->core, &event);
	answer(gpu, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, NOVA_FW_OK);
	KUNIT_EXPECT_EQ(test, nova_core_chan_destroy_all(&gpu->core), 0);
	KUNIT_EXPECT_FALSE(test, nova_core_chan_next_error(&gpu->core, &error));

	sent = le32_to_cpu(gpu->cmd.index->write);
	for (unsigned int i = 0; i < ARRAY_SIZE(chans); i++) {
		KUNIT_EXPECT_EQ(test, nova_core_chan_id(chans[i]), NOVA_FW_CHANNEL_NONE);
		nova_core_chan_kick(chans[i]);
		KUNIT_EXPECT_EQ(test, doorbell(gpu), 0);
		KUNIT_EXPECT_EQ(test, nova_core_chan_kill(chans[i], &reset), 0);
		nova_core_chan_destroy(chans[i]);
	}
	KUNIT_EXPECT_EQ(test, le32_to_cpu(gpu->cmd.index->write), sent);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), 0);
	destroy(gpu, create_good(test, 5));
}

/* By a firmware that does not know it, and by one that is dead: each channel is as it was. */
static void chan_destroy_all_refused(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_chan *chan = create_good(test, 5), *other = create_good(test, 6);

	answer(gpu, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, NOVA_FW_ERR_UNKNOWN);
	KUNIT_EXPECT_EQ(test, nova_core_chan_destroy_all(&gpu->core), -EIO);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), 0);
	KUNIT_EXPECT_EQ(test, nova_core_chan_id(chan), 5);
	destroy(gpu, chan);

	nova_core_mark_dead(&gpu->core, "for the test");
	KUNIT_EXPECT_EQ(test, nova_core_chan_destroy_all(&gpu->core), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, nova_core_chan_id(other), 6);
	nova_core_chan_destroy(other);
}

static int stuck(struct nova_core_test_gpu *gpu, __le32 chid, u32 stuck, u32 *out)
{
	const struct nova_fw_engine_status reply = { .chid = chid, .stuck = cpu_to_le32(stuck) };

	nova_core_test_gpu_reply(gpu, NOVA_FW_CMD_ENGINE_STATUS, NOVA_FW_OK, &reply,
				 sizeof(reply));
	return nova_core_engine_stuck(&gpu->core, 0, out);
}

static void chan_engine_status(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	u32 chid;

	KUNIT_EXPECT_EQ(test, stuck(gpu, cpu_to_le32(2), 0, &chid), 0);
	KUNIT_EXPECT_EQ(test, chid, 2);
	KUNIT_EXPECT_EQ(test, stuck(gpu, cpu_to_le32(2), 1, &chid), 1);
	KUNIT_EXPECT_EQ(test, stuck(gpu, NOBODY, 1, &chid), 0);
	KUNIT_EXPECT_EQ(test, chid, ~0u);
	KUNIT_EXPECT_EQ(test, stuck(gpu, cpu_to_le32(NOVA_CORE_TEST_CHANNELS), 1, &chid), -EIO);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ETIMEDOUT);
}

static struct kunit_case chan_test_cases[] = {
	KUNIT_CASE(chan_life),
	KUNIT_CASE(chan_refuses_arguments),
	KUNIT_CASE(chan_impossible),
	KUNIT_CASE(chan_given_out_twice),
	KUNIT_CASE(chan_instance_given_out_twice),
	KUNIT_CASE(chan_forgotten),
	KUNIT_CASE(chan_refused),
	KUNIT_CASE(chan_no_memory),
	KUNIT_CASE(chan_error_is_told_once),
	KUNIT_CASE(chan_error_goes_with_the_channel),
	KUNIT_CASE(chan_kill_resets_the_engine),
	KUNIT_CASE(chan_that_does_not_stop),
	KUNIT_CASE(chan_kill_refused),
	KUNIT_CASE(chan_destroy_refused),
	KUNIT_CASE(chan_reset_fails),
	KUNIT_CASE(chan_destroy_all),
	KUNIT_CASE(chan_destroy_all_refused),
	KUNIT_CASE(chan_engine_status),
	{}
};

static struct kunit_suite chan_test_suite = {
	.name = "nova_core_chan",
	.init = chan_test_init,
	.exit = chan_test_exit,
	.test_cases = chan_test_cases,
};

kunit_test_suite(chan_test_suite);
