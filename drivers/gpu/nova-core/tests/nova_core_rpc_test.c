// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Requests and replies, and a firmware that does not keep to the protocol. */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "../nova_core_fw.h"
#include "../nova_core_rpc.h"
#include "../regs/nv_vf.h"
#include "nova_core_test_gpu.h"

#define REPLY	0xc0ffee11u

static int rpc_test_init(struct kunit *test)
{
	nova_core_test_gpu_boot(nova_core_test_gpu_create(test));
	return 0;
}

static int call(struct nova_core_test_gpu *gpu, u32 *reply)
{
	u32 request = 0x1234;

	return nova_core_rpc_call(&gpu->core, NOVA_FW_CMD_GET_INFO, &request, sizeof(request),
				  reply, reply ? sizeof(*reply) : 0);
}

static struct nova_fw_msg *good_reply(struct nova_core_test_gpu *gpu)
{
	static const u32 payload = REPLY;

	return nova_core_test_gpu_reply(gpu, NOVA_FW_CMD_GET_INFO, NOVA_FW_OK, &payload,
					sizeof(payload));
}

static void expect_alive(struct nova_core_test_gpu *gpu, bool alive)
{
	KUNIT_EXPECT_EQ(gpu->test, nova_core_state(&gpu->core), alive ? 0 : -ETIMEDOUT);
	/* Dead means no DMA. */
	KUNIT_EXPECT_EQ(gpu->test, gpu->master, alive);
}

static u32 kicked(struct nova_core_test_gpu *gpu)
{
	return nova_core_test_gpu_reg(gpu, NV_VF_MAILBOX(NOVA_FW_MB_CMD_KICK));
}

static void rpc_call_and_reply(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	const u32 *request;
	u32 reply = 0;

	for (unsigned int i = 0; i < 3; i++) {
		good_reply(gpu);
		KUNIT_EXPECT_EQ(test, call(gpu, &reply), 0);
		KUNIT_EXPECT_EQ(test, reply, REPLY);
		request = nova_core_test_gpu_command(gpu, i, NOVA_FW_CMD_GET_INFO);
		KUNIT_EXPECT_EQ(test, *request, 0x1234);
		KUNIT_EXPECT_EQ(test, kicked(gpu), i + 1);
		/* The slot is free again, for either side. */
		gpu->cmd.index->read = gpu->cmd.index->write;
		KUNIT_EXPECT_EQ(test, le32_to_cpu(gpu->status.index->read), gpu->status.write);
	}
	expect_alive(gpu, true);
}

struct late_reply {
	struct work_struct work;
	struct nova_core_test_gpu *gpu;
};

static unsigned long patient(void)
{
	return 60 * HZ;
}

static void late_reply_work(struct work_struct *work)
{
	struct late_reply *late = container_of(work, struct late_reply, work);
	unsigned long end = jiffies + 30 * HZ;

	while (!wq_has_sleeper(&late->gpu->core.wait) && time_before(jiffies, end))
		usleep_range(100, 200);
	good_reply(late->gpu);
	nova_core_test_gpu_publish(late->gpu, 1);
}

/* The caller has stopped looking all the time, and its interrupt gets lost. */
static void rpc_late_reply_without_interrupt(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct late_reply late = { .gpu = gpu };
	u32 reply = 0;

	nova_core_rpc_resume(&gpu->core);
	kunit_activate_static_stub(test, nova_core_fw_timeout, patient);
	INIT_WORK_ONSTACK(&late.work, late_reply_work);
	schedule_work(&late.work);
	KUNIT_EXPECT_EQ(test, call(gpu, &reply), 0);
	KUNIT_EXPECT_EQ(test, reply, REPLY);
	flush_work(&late.work);
	destroy_work_on_stack(&late.work);
	expect_alive(gpu, true);
	/* What came with the lost one is announced again. */
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(gpu, NV_VF_INTR_TOP_EN_SET),
			NV_VF_INTR_TOP_MASK);
	nova_core_rpc_pause(&gpu->core);
}

/* A refusal has an errno and no payload, and is nobody's death. */
static void rpc_refusals(struct kunit *test)
{
	static const struct {
		u32 result;
		int error;
	} results[] = {
		{ NOVA_FW_ERR_VERSION, -EIO },
		{ NOVA_FW_ERR_INVALID, -EINVAL },
		{ NOVA_FW_ERR_DMA, -EFAULT },
		{ NOVA_FW_ERR_NO_CHANNEL, -ENOENT },
		{ NOVA_FW_ERR_NO_RESOURCES, -ENOSPC },
		{ NOVA_FW_ERR_HUNG, -EBUSY },
		{ NOVA_FW_ERR_UNKNOWN, -EIO },
		{ NOVA_FW_ERR_MALFORMED, -EIO },
		{ ~0u, -EIO },
	};
	struct nova_core_test_gpu *gpu = test->priv;
	u32 reply = 5;

	for (unsigned int i = 0; i < ARRAY_SIZE(results); i++) {
		nova_core_test_gpu_reply(gpu, NOVA_FW_CMD_GET_INFO, results[i].result, NULL, 0);
		KUNIT_EXPECT_EQ(test, call(gpu, &reply), results[i].error);
	}
	KUNIT_EXPECT_EQ(test, reply, 5);
	expect_alive(gpu, true);
}

/* Ways to spoil a good reply. */
static void spoil_tag(struct nova_fw_msg *msg)
{
	msg->tag = cpu_to_le32(77);
}

static void spoil_function(struct nova_fw_msg *msg)
{
	msg->function = cpu_to_le16(NOVA_FW_CMD_SHUTDOWN);
}

static void spoil_length(struct nova_fw_msg *msg)
{
	msg->length = cpu_to_le32(8);
}

static void spoil_no_length(struct nova_fw_msg *msg)
{
	msg->length = 0;
}

static void spoil_huge_length(struct nova_fw_msg *msg)
{
	msg->length = cpu_to_le32(~0u);
}

static void spoil_sequence(struct nova_fw_msg *msg)
{
	msg->sequence = cpu_to_le32(0);
}

static void spoil_flags(struct nova_fw_msg *msg)
{
	msg->flags |= cpu_to_le32(4);
}

static const struct {
	const char *name;
	void (*spoil)(struct nova_fw_msg *msg);
} spoils[] = {
	{ "tag", spoil_tag },
	{ "function", spoil_function },
	{ "length", spoil_length },
	{ "no length", spoil_no_length },
	{ "huge length", spoil_huge_length },
	{ "sequence", spoil_sequence },
	{ "flags", spoil_flags },
};

KUNIT_ARRAY_PARAM_DESC(spoils, spoils, name);

static void rpc_spoilt_reply(struct kunit *test)
{
	const typeof(*spoils) *param = test->param_value;
	struct nova_core_test_gpu *gpu = test->priv;
	u32 reply = 5;

	param->spoil(good_reply(gpu));
	KUNIT_EXPECT_EQ(test, call(gpu, &reply), -EIO);
	KUNIT_EXPECT_EQ(test, reply, 5);
	expect_alive(gpu, false);

	/* From here on nothing is asked. */
	good_reply(gpu);
	KUNIT_EXPECT_EQ(test, call(gpu, &reply), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(gpu->cmd.index->write), 1);
}

static void rpc_reply_to_nobody(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	good_reply(gpu);
	nova_core_test_gpu_publish(gpu, 1);
	nova_core_rpc_service(&gpu->core);
	expect_alive(gpu, false);
}

static void rpc_reply_twice(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	u32 reply;

	good_reply(gpu);
	good_reply(gpu)->tag = cpu_to_le32(1);
	gpu->replies_per_kick = 2;
	KUNIT_EXPECT_EQ(test, call(gpu, &reply), 0);
	expect_alive(gpu, false);
}

/* The first message is the only one of its kind. */
static void rpc_second_init_done(struct kunit *test)
{
	const struct nova_fw_init_done event = { .version = cpu_to_le32(NOVA_FW_VERSION) };
	struct nova_core_test_gpu *gpu = test->priv;

	KUNIT_EXPECT_EQ(test, nova_core_rpc_wait_init_done(&gpu->core), 0);
	nova_core_test_gpu_message(gpu, NOVA_FW_EVT_INIT_DONE, &event, sizeof(event));
	nova_core_rpc_service(&gpu->core);
	expect_alive(gpu, false);
}

/* The first message lies in the ring already: it is spoilt there. */
static struct nova_fw_msg *first_message(struct nova_core_test_gpu *gpu)
{
	return (struct nova_fw_msg *)gpu->status.slots;
}

static void rpc_other_version(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_fw_init_done *event = (void *)(first_message(gpu) + 1);

	event->version = cpu_to_le32(NOVA_FW_VERSION + 1);
	KUNIT_EXPECT_EQ(test, nova_core_rpc_wait_init_done(&gpu->core), -ETIMEDOUT);
	expect_alive(gpu, false);
}

static void rpc_first_message_is_another(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	first_message(gpu)->function = cpu_to_le16(NOVA_FW_EVT_CHANNEL_ERROR);
	KUNIT_EXPECT_EQ(test, nova_core_rpc_wait_init_done(&gpu->core), -ETIMEDOUT);
	expect_alive(gpu, false);
}

/* Of a newer firmware: passed over, whatever is in it. */
static void rpc_unknown_event(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	u32 payload = ~0u, reply = 0;

	nova_core_test_gpu_message(gpu, 0x99, NULL, 0);
	nova_core_test_gpu_message(gpu, 0x9a, &payload, sizeof(payload));
	nova_core_rpc_service(&gpu->core);
	expect_alive(gpu, true);
	good_reply(gpu);
	KUNIT_EXPECT_EQ(test, call(gpu, &reply), 0);
	KUNIT_EXPECT_EQ(test, reply, REPLY);
}

static void rpc_channel_error_too_short(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	u32 payload = 0;

	nova_core_test_gpu_message(gpu, NOVA_FW_EVT_CHANNEL_ERROR, &payload, sizeof(payload));
	nova_core_rpc_service(&gpu->core);
	expect_alive(gpu, false);
}

/* An error event before there are channels is one of a channel that is no more. */
static void rpc_channel_error_early(struct kunit *test)
{
	const struct nova_fw_channel_error error = { .chid = cpu_to_le32(3) };
	struct nova_core_test_gpu *gpu = test->priv;

	nova_core_test_gpu_message(gpu, NOVA_FW_EVT_CHANNEL_ERROR, &error, sizeof(error));
	nova_core_rpc_service(&gpu->core);
	expect_alive(gpu, true);
}

static void rpc_wild_index(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	gpu->status.index->write = cpu_to_le32(gpu->status.count + 1);
	nova_core_rpc_service(&gpu->core);
	expect_alive(gpu, false);
}

/* The firmware claims to have read what was never sent. */
static void rpc_command_ring_runs_backwards(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	gpu->cmd.index->read = cpu_to_le32(5);
	KUNIT_EXPECT_EQ(test, call(gpu, NULL), -EIO);
	expect_alive(gpu, false);
	KUNIT_EXPECT_EQ(test, kicked(gpu), 0);
}

static void rpc_crash_is_seen(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	nova_core_test_gpu_set_reg(gpu, NV_VF_MAILBOX(NOVA_FW_MB_STATE), NOVA_FW_STATE_CRASHED);
	nova_core_rpc_service(&gpu->core);
	expect_alive(gpu, false);
}

static void rpc_lost_is_not_dead(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	nova_core_test_gpu_set_reg(gpu, NV_VF_MAILBOX(NOVA_FW_MB_STATE), ~0u);
	nova_core_test_gpu_set_reg(gpu, 0, ~0u);
	nova_core_rpc_service(&gpu->core);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ENODEV);
	KUNIT_EXPECT_EQ(test, call(gpu, NULL), -ENODEV);
}

static struct kunit_case rpc_test_cases[] = {
	KUNIT_CASE(rpc_call_and_reply),
	KUNIT_CASE(rpc_late_reply_without_interrupt),
	KUNIT_CASE(rpc_refusals),
	KUNIT_CASE_PARAM(rpc_spoilt_reply, spoils_gen_params),
	KUNIT_CASE(rpc_reply_to_nobody),
	KUNIT_CASE(rpc_reply_twice),
	KUNIT_CASE(rpc_second_init_done),
	KUNIT_CASE(rpc_other_version),
	KUNIT_CASE(rpc_first_message_is_another),
	KUNIT_CASE(rpc_unknown_event),
	KUNIT_CASE(rpc_channel_error_too_short),
	KUNIT_CASE(rpc_channel_error_early),
	KUNIT_CASE(rpc_wild_index),
	KUNIT_CASE(rpc_command_ring_runs_backwards),
	KUNIT_CASE(rpc_crash_is_seen),
	KUNIT_CASE(rpc_lost_is_not_dead),
	{}
};

static struct kunit_suite rpc_test_suite = {
	.name = "nova_core_rpc",
	.init = rpc_test_init,
	.test_cases = rpc_test_cases,
};

kunit_test_suite(rpc_test_suite);
