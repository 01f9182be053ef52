// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The log of what was said to the firmware and by it. */
#include <kunit/test.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../nova_core_fw_log.h"
#include "../nova_core_rpc.h"
#include "nova_core_test_gpu.h"

static int fw_log_test_init(struct kunit *test)
{
	struct nova_core_fw_log *log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, log);
	nova_core_fw_log_init(log);
	test->priv = log;
	return 0;
}

/* What the file has, as a string. */
static const char *show(struct kunit *test, struct nova_core_fw_log *log)
{
	struct seq_file seq = { .size = SZ_16K, .buf = kunit_kzalloc(test, SZ_16K, GFP_KERNEL) };

	KUNIT_ASSERT_NOT_NULL(test, seq.buf);
	nova_core_fw_log_show(log, &seq);
	KUNIT_ASSERT_LT(test, seq.count, seq.size);
	return seq.buf;
}

static unsigned int lines(const char *text)
{
	unsigned int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void expect_text(struct kunit *test, const char *text, const char *what)
{
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, what), "not in it: %s\n%s", what, text);
}

static void fw_log_empty(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, show(test, test->priv), "");
}

/* Each kind of end, and of name. */
static void fw_log_lines(struct kunit *test)
{
	struct nova_core_fw_log *log = test->priv;
	const char *text;
	u64 number;

	number = nova_core_fw_log_command(log, NOVA_FW_CMD_CHANNEL_CREATE, 9);
	expect_text(test, show(test, log), "command CHANNEL_CREATE, under way\n");
	nova_core_fw_log_end(log, number, NOVA_FW_OK, 0);
	number = nova_core_fw_log_command(log, NOVA_FW_CMD_CHANNEL_STOP, 3);
	nova_core_fw_log_event(log, NOVA_FW_EVT_CHANNEL_ERROR, 4);
	nova_core_fw_log_end(log, number, NOVA_FW_ERR_HUNG, 0);
	number = nova_core_fw_log_command(log, NOVA_FW_CMD_ENGINE_STATUS, 1);
	nova_core_fw_log_end(log, number, 0, -ETIMEDOUT);
	number = nova_core_fw_log_command(log, 0x55, 0);
	nova_core_fw_log_end(log, number, 0x77, 0);
	nova_core_fw_log_event(log, 0x99, 0);

	text = show(test, log);
	KUNIT_EXPECT_EQ(test, lines(text), 6);
	expect_text(test, text, " command CHANNEL_CREATE, OK, ");
	expect_text(test, text, " command CHANNEL_STOP channel 3, ERR_HUNG, ");
	expect_text(test, text, " event CHANNEL_ERROR channel 4\n");
	expect_text(test, text, " command ENGINE_STATUS engine 1, no answer (");
	expect_text(test, text, " command 0x55, result 0x77, ");
	expect_text(test, text, " event 0x99\n");
	/* In the order in which they began. */
	KUNIT_EXPECT_TRUE(test, strstr(text, "CHANNEL_STOP") < strstr(text, "CHANNEL_ERROR"));
}

/* The oldest ones make room. One that ends when it is gone changes nobody else's entry. */
static void fw_log_wraps(struct kunit *test)
{
	struct nova_core_fw_log *log = test->priv;
	const char *text;
	u64 number;

	number = nova_core_fw_log_command(log, NOVA_FW_CMD_CHANNEL_STOP, 1000);
	for (u32 i = 0; i < NOVA_CORE_FW_LOG_SIZE - 1; i++)
		nova_core_fw_log_event(log, NOVA_FW_EVT_CHANNEL_ERROR, i);
	text = show(test, log);
	KUNIT_EXPECT_EQ(test, lines(text), NOVA_CORE_FW_LOG_SIZE);
	expect_text(test, text, "channel 1000, under way\n");

	nova_core_fw_log_command(log, NOVA_FW_CMD_CHANNEL_STOP, 2000);
	nova_core_fw_log_end(log, number, NOVA_FW_ERR_INVALID, 0);
	text = show(test, log);
	KUNIT_EXPECT_EQ(test, lines(text), NOVA_CORE_FW_LOG_SIZE);
	KUNIT_EXPECT_NULL(test, strstr(text, "channel 1000"));
	expect_text(test, text, "1: ");
	expect_text(test, text, "channel 2000, under way\n");
}

/* As the queue of messages writes it: a refusal, an event, and what is never answered. */
static void fw_log_of_messages(struct kunit *test)
{
	const struct nova_fw_channel_error error = { .chid = cpu_to_le32(3) };
	struct seq_file seq = { .size = SZ_16K, .buf = kunit_kzalloc(test, SZ_16K, GFP_KERNEL) };
	struct nova_fw_channel channel = { .chid = cpu_to_le32(6) };
	struct nova_core_test_gpu *gpu;

	KUNIT_ASSERT_NOT_NULL(test, seq.buf);
	gpu = nova_core_test_gpu_create(test);
	nova_core_test_gpu_boot(gpu);
	nova_core_test_gpu_message(gpu, NOVA_FW_EVT_CHANNEL_ERROR, &error, sizeof(error));
	nova_core_rpc_service(&gpu->core);
	nova_core_test_gpu_reply(gpu, NOVA_FW_CMD_CHANNEL_STOP, NOVA_FW_ERR_NO_CHANNEL, NULL, 0);
	KUNIT_EXPECT_EQ(test, nova_core_rpc_call(&gpu->core, NOVA_FW_CMD_CHANNEL_STOP, &channel,
						 sizeof(channel), NULL, 0), -ENOENT);
	/* The reply to something else. */
	nova_core_test_gpu_reply(gpu, NOVA_FW_CMD_GET_INFO, NOVA_FW_OK, NULL, 0);
	KUNIT_EXPECT_EQ(test, nova_core_rpc_call(&gpu->core, NOVA_FW_CMD_SHUTDOWN, NULL, 0,
						 NULL, 0), -EIO);

	nova_core_fw_show(&gpu->core, &seq);
	expect_text(test, seq.buf, " event INIT_DONE\n");
	expect_text(test, seq.buf, " event CHANNEL_ERROR channel 3\n");
	expect_text(test, seq.buf, " command CHANNEL_STOP channel 6, ERR_NO_CHANNEL, ");
	expect_text(test, seq.buf, " command SHUTDOWN, no answer (");
}

static struct kunit_case fw_log_test_cases[] = {
	KUNIT_CASE(fw_log_empty),
	KUNIT_CASE(fw_log_lines),
	KUNIT_CASE(fw_log_wraps),
	KUNIT_CASE(fw_log_of_messages),
	{}
};

static struct kunit_suite fw_log_test_suite = {
	.name = "nova_core_fw_log",
	.init = fw_log_test_init,
	.test_cases = fw_log_test_cases,
};

kunit_test_suite(fw_log_test_suite);
