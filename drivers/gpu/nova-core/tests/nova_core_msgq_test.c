// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The firmware rings: arithmetic, and what a firmware that lies can do to them. */
#include <kunit/test.h>
#include <linux/string.h>

#include "../nova_core_msgq.h"

#define SLOTS	8
#define TAG	0x1234

/* A ring and the memory that would be shared with the firmware. */
struct ring {
	struct nova_core_msgq msgq;
	struct nova_fw_ring_index index;
	u8 slots[SLOTS][NOVA_FW_RING_SLOT_SIZE] __aligned(8);
	u32 produced;	/* by the firmware that the test plays */
	struct nova_core_msg msg;
};

static int msgq_test_init(struct kunit *test)
{
	struct ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ring);
	nova_core_msgq_init(&ring->msgq, ring->slots, &ring->index, SLOTS);
	test->priv = ring;
	return 0;
}

/* Plays the firmware: puts a valid message into the next slot and returns it. */
static struct nova_fw_msg *produce(struct ring *ring, u32 function, u32 length)
{
	struct nova_fw_msg *msg = (struct nova_fw_msg *)ring->slots[ring->produced % SLOTS];

	memset(msg, 0, NOVA_FW_RING_SLOT_SIZE);
	msg->magic = cpu_to_le32(NOVA_FW_MSG_MAGIC);
	msg->version = cpu_to_le16(NOVA_FW_VERSION);
	msg->function = cpu_to_le16(function);
	msg->length = cpu_to_le32(length);
	msg->sequence = cpu_to_le32(ring->produced);
	memset(msg + 1, ring->produced, min_t(u32, length, NOVA_FW_MSG_MAX_PAYLOAD));
	ring->index.write = cpu_to_le32(++ring->produced);
	return msg;
}

static void msgq_send_fills_a_slot(struct kunit *test)
{
	struct ring *ring = test->priv;
	const struct nova_fw_msg *msg = (void *)ring->slots[0];
	u32 payload = 0xc0ffee, write = 0;

	KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, NOVA_FW_CMD_GET_INFO, TAG,
						  &payload, sizeof(payload), &write), 0);
	KUNIT_EXPECT_EQ(test, write, 1);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->index.write), 1);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(msg->magic), NOVA_FW_MSG_MAGIC);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(msg->version), NOVA_FW_VERSION);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(msg->function), NOVA_FW_CMD_GET_INFO);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(msg->length), sizeof(payload));
	KUNIT_EXPECT_EQ(test, le32_to_cpu(msg->sequence), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(msg->tag), TAG);
	KUNIT_EXPECT_MEMEQ(test, msg + 1, &payload, sizeof(payload));
}

static void msgq_send_leaves_nothing_of_older_messages(struct kunit *test)
{
	struct ring *ring = test->priv;
	const u8 *payload = ring->slots[0] + sizeof(struct nova_fw_msg);
	u32 write;

	memset(ring->slots, 0xff, sizeof(ring->slots));
	KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, NOVA_FW_CMD_SHUTDOWN, TAG,
						  NULL, 0, &write), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(payload, 0, NOVA_FW_MSG_MAX_PAYLOAD));
}

static void msgq_send_stops_when_full(struct kunit *test)
{
	struct ring *ring = test->priv;
	unsigned int i;
	u32 write;

	for (i = 0; i < SLOTS; i++)
		KUNIT_ASSERT_EQ(test, nova_core_msgq_send(&ring->msgq, 1, i, NULL, 0, &write), 0);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, 1, i, NULL, 0, &write), -ENOSPC);

	ring->index.read = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, 1, i, NULL, 0, &write), 0);
	KUNIT_EXPECT_EQ(test, write, SLOTS + 1);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, 1, i, NULL, 0, &write), -ENOSPC);
}

/* A consumer cannot have read what was not sent, nor be further behind than the ring is long. */
static void msgq_send_refuses_wild_read_index(struct kunit *test)
{
	struct ring *ring = test->priv;
	u32 write;

	ring->index.read = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, 1, 0, NULL, 0, &write), -EPROTO);
	ring->index.read = cpu_to_le32(-(SLOTS + 1));
	KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, 1, 0, NULL, 0, &write), -EPROTO);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->index.write), 0);
}

/* Our own index is ours: what somebody stores over the shared copy changes nothing. */
static void msgq_send_ignores_shared_write_index(struct kunit *test)
{
	struct ring *ring = test->priv;
	u32 write;

	ring->index.write = cpu_to_le32(0x80000000);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, 1, 0, NULL, 0, &write), 0);
	KUNIT_EXPECT_EQ(test, write, 1);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->index.write), 1);
}

static void msgq_indices_wrap_at_32_bits(struct kunit *test)
{
	struct ring *ring = test->priv;
	unsigned int i;
	u32 write;

	ring->msgq.next = -3;
	ring->index.read = cpu_to_le32(-3);
	for (i = 0; i < SLOTS; i++)
		KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, 1, i, NULL, 0, &write), 0);
	KUNIT_EXPECT_EQ(test, write, SLOTS - 3);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&ring->msgq, 1, i, NULL, 0, &write), -ENOSPC);
}

static void msgq_receive_empty(struct kunit *test)
{
	struct ring *ring = test->priv;

	KUNIT_EXPECT_EQ(test, nova_core_msgq_receive(&ring->msgq, &ring->msg), 0);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->index.read), 0);
}

/* Several turns of the ring, each message as it was put in. */
static void msgq_receive_in_order(struct kunit *test)
{
	struct ring *ring = test->priv;
	unsigned int i;

	for (i = 0; i < 5 * SLOTS; i++) {
		produce(ring, NOVA_FW_EVT_CHANNEL_ERROR, i)->tag = cpu_to_le32(i);
		KUNIT_ASSERT_EQ(test, nova_core_msgq_receive(&ring->msgq, &ring->msg), 1);
		KUNIT_EXPECT_EQ(test, ring->msg.function, NOVA_FW_EVT_CHANNEL_ERROR);
		KUNIT_EXPECT_EQ(test, ring->msg.tag, i);
		KUNIT_EXPECT_EQ(test, ring->msg.length, i);
		KUNIT_EXPECT_FALSE(test, ring->msg.reply);
		KUNIT_EXPECT_NULL(test, memchr_inv(ring->msg.payload, i, i));
		KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->index.read), i + 1);
	}
	KUNIT_EXPECT_EQ(test, nova_core_msgq_receive(&ring->msgq, &ring->msg), 0);
}

static void msgq_receive_a_full_ring(struct kunit *test)
{
	struct ring *ring = test->priv;
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		produce(ring, NOVA_FW_EVT_CHANNEL_ERROR, 0);
	for (i = 0; i < SLOTS; i++)
		KUNIT_EXPECT_EQ(test, nova_core_msgq_receive(&ring->msgq, &ring->msg), 1);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_receive(&ring->msgq, &ring->msg), 0);
}

static void msgq_receive_largest_message(struct kunit *test)
{
	struct ring *ring = test->priv;

	produce(ring, NOVA_FW_CMD_GET_INFO, NOVA_FW_MSG_MAX_PAYLOAD);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_receive(&ring->msgq, &ring->msg), 1);
	KUNIT_EXPECT_EQ(test, ring->msg.length, NOVA_FW_MSG_MAX_PAYLOAD);
}

static void msgq_receive_refuses_wild_write_index(struct kunit *test)
{
	struct ring *ring = test->priv;

	ring->index.write = cpu_to_le32(SLOTS + 1);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_receive(&ring->msgq, &ring->msg), -EPROTO);
	ring->index.write = cpu_to_le32(-1);
	KUNIT_EXPECT_EQ(test, nova_core_msgq_receive(&ring->msgq, &ring->msg), -EPROTO);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->index.read), 0);
}

/* Each field that can be wrong, one at a time. */
struct bad_message {
	const char *name;
	void (*spoil)(struct nova_fw_msg *msg);
};

static void spoil_magic(struct nova_fw_msg *msg)
{
	msg->magic = cpu_to_le32(NOVA_FW_BOOT_MAGIC);
}

static void spoil_version(struct nova_fw_msg *msg)
{
	msg->version = cpu_to_le16(NOVA_FW_VERSION + 1);
}

static void spoil_length(struct nova_fw_msg *msg)
{
	msg->length = cpu_to_le32(NOVA_FW_MSG_MAX_PAYLOAD + 1);
}

static void spoil_length_sign(struct nova_fw_msg *msg)
{
	msg->length = cpu_to_le32(-1);
}

static void spoil_sequence(struct nova_fw_msg *msg)
{
	msg->sequence = cpu_to_le32(1);
}

static void spoil_flags(struct nova_fw_msg *msg)
{
	msg->flags = cpu_to_le32(NOVA_FW_MSG_REPLY << 1);
}

static const struct bad_message bad_messages[] = {
	{ "magic", spoil_magic },
	{ "version", spoil_version },
	{ "length beyond the slot", spoil_length },
	{ "negative length", spoil_length_sign },
	{ "sequence", spoil_sequence },
	{ "unknown flag", spoil_flags },
};

static void bad_message_name(const struct bad_message *bad, char *name)
{
	strscpy(name, bad->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bad_message, bad_messages, bad_message_name);

static void msgq_receive_refuses_bad_message(struct kunit *test)
{
	const struct bad_message *bad = test->param_value;
	struct ring *ring = test->priv;

	bad->spoil(produce(ring, NOVA_FW_EVT_CHANNEL_ERROR, 8));
	KUNIT_EXPECT_EQ(test, nova_core_msgq_receive(&ring->msgq, &ring->msg), -EPROTO);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(ring->index.read), 0);
}

static struct kunit_case msgq_test_cases[] = {
	KUNIT_CASE(msgq_send_fills_a_slot),
	KUNIT_CASE(msgq_send_leaves_nothing_of_older_messages),
	KUNIT_CASE(msgq_send_stops_when_full),
	KUNIT_CASE(msgq_send_refuses_wild_read_index),
	KUNIT_CASE(msgq_send_ignores_shared_write_index),
	KUNIT_CASE(msgq_indices_wrap_at_32_bits),
	KUNIT_CASE(msgq_receive_empty),
	KUNIT_CASE(msgq_receive_in_order),
	KUNIT_CASE(msgq_receive_a_full_ring),
	KUNIT_CASE(msgq_receive_largest_message),
	KUNIT_CASE(msgq_receive_refuses_wild_write_index),
	KUNIT_CASE_PARAM(msgq_receive_refuses_bad_message, bad_message_gen_params),
	{}
};

static struct kunit_suite msgq_test_suite = {
	.name = "nova_core_msgq",
	.init = msgq_test_init,
	.test_cases = msgq_test_cases,
};

kunit_test_suite(msgq_test_suite);
