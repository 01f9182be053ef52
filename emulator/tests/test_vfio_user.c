/* SPDX-License-Identifier: MIT */
/* vfio-user: negotiation, queries, and everything a client may get wrong. No sockets. */
#define _GNU_SOURCE
#include "vfio_user_client.h"

#include <fcntl.h>
#include <json-c/json.h>

/* --- version --- */

static void test_version(void **state)
{
	struct client *client = *state;
	struct json_object *root, *capabilities, *value;
	struct vfio_user_version version;
	struct message message;
	const char *text;

	/* Nothing but the version first. */
	message_query(&message, VFIO_USER_DEVICE_GET_INFO, 0, 16);
	assert_int_equal(exchange(client, &message), EINVAL);

	message_version(&message, 0, 3, VFIO_USER_TEST_CAPABILITIES);
	assert_int_equal(exchange(client, &message), 0);
	memcpy(&version, client->reply.data + 16, sizeof(version));
	assert_int_equal(version.major, 0);
	assert_int_equal(version.minor, 0);
	text = (const char *)client->reply.data + 20;
	assert_int_equal(strlen(text) + 1, client->reply.len - 20);
	root = json_tokener_parse(text);
	assert_non_null(root);
	assert_true(json_object_object_get_ex(root, "capabilities", &capabilities));
	assert_true(json_object_object_get_ex(capabilities, "max_msg_fds", &value));
	assert_int_equal(json_object_get_int(value), 16);
	assert_true(json_object_object_get_ex(capabilities, "max_data_xfer_size", &value));
	assert_int_equal(json_object_get_int(value), 1 << 20);
	assert_true(json_object_object_get_ex(capabilities, "write_multiple", &value));
	assert_true(json_object_get_boolean(value));
	/* Migration was proposed, and is not supported. */
	assert_false(json_object_object_get_ex(capabilities, "migration", &value));
	json_object_put(root);
	/* Once is enough. */
	assert_int_equal(exchange(client, &message), EINVAL);
}

static void test_version_minimal(void **state)
{
	static const char * const texts[] = { NULL, "", "{}", "{\"capabilities\":{}}" };
	struct client *client = *state;
	struct message message;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		message_version(&message, 0, 0, texts[i]);
		assert_int_equal(exchange(client, &message), 0);
		/* Not proposed, so not offered. */
		assert_null(strstr((const char *)client->reply.data + 20, "write_multiple"));
		vfio_user_disconnect(client->user);
	}
}

static void test_version_refused(void **state)
{
	static const char * const texts[] = {
		"{", "[]", "12", "nonsense", "{\"capabilities\":[]}", "{\"capabilities\":1}",
		"{\"capabilities\":{\"max_msg_fds\":\"8\"}}",
		"{\"capabilities\":{\"max_msg_fds\":-1}}",
		"{\"capabilities\":{\"max_data_xfer_size\":{}}}",
		"{\"capabilities\":{\"write_multiple\":1}}",
		"{\"capabilities\":{\"max_msg_fds\":8}} x",
		"{\"capabilities\":{\"max_msg_fds\":8}",
		"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}",
	};
	struct client *client = *state;
	struct message message;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		message_version(&message, 0, 0, texts[i]);
		assert_int_equal(exchange(client, &message), EINVAL);
	}
	/* No terminating NUL; half a version; another major. */
	message_version(&message, 0, 0, NULL);
	message_add(&message, "{}", 2);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_begin(&message, VFIO_USER_VERSION);
	message_add(&message, "\0\0", 2);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_version(&message, 1, 0, VFIO_USER_TEST_CAPABILITIES);
	assert_int_equal(exchange(client, &message), ENOTSUP);
	/* None of that counts as an agreement, or stands in the way of one. */
	message_query(&message, VFIO_USER_DEVICE_GET_INFO, 0, 16);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_version(&message, 0, 0, VFIO_USER_TEST_CAPABILITIES);
	assert_int_equal(exchange(client, &message), 0);
}

static void test_version_limits(void **state)
{
	struct client *client = *state;
	struct vfio_user_region_info info;
	struct message message;

	message_version(&message, 0, 0,
			"{\"capabilities\":{\"max_msg_fds\":0,\"max_data_xfer_size\":64}}");
	assert_int_equal(exchange(client, &message), 0);
	/* A client that takes no descriptor is offered no mapping. */
	message_query(&message, VFIO_USER_DEVICE_GET_REGION_INFO, 1, 32);
	assert_int_equal(exchange(client, &message), 0);
	assert_int_equal(client->reply.fd, -1);
	memcpy(&info, payload(client, sizeof(info)), sizeof(info));
	assert_int_equal(info.flags, VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE);
	message_read(&message, 7, 0, 64);
	assert_int_equal(exchange(client, &message), 0);
	message_read(&message, 7, 0, 65);
	assert_int_equal(exchange(client, &message), EINVAL);
}

/* --- what the device is --- */

static void test_device_info(void **state)
{
	struct client *client = *state;
	struct vfio_user_device_info info;
	struct message message;

	message_query(&message, VFIO_USER_DEVICE_GET_INFO, 0, 16);
	assert_int_equal(exchange(client, &message), 0);
	memcpy(&info, payload(client, sizeof(info)), sizeof(info));
	assert_int_equal(info.argsz, 16);
	assert_int_equal(info.flags, VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI);
	assert_int_equal(info.num_regions, VFIO_PCI_NUM_REGIONS);
	assert_int_equal(info.num_irqs, VFIO_PCI_NUM_IRQS);
}

static void test_region_info(void **state)
{
	static const uint64_t sizes[VFIO_PCI_NUM_REGIONS] = {
		[0] = 16 << 20, [1] = EMU_TEST_VRAM, [VFIO_PCI_CONFIG_REGION_INDEX] = 4096,
	};
	struct client *client = *state;
	struct vfio_user_region_info info;
	struct message message;
	uint32_t i, flags;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		message_query(&message, VFIO_USER_DEVICE_GET_REGION_INFO, i, 32);
		assert_int_equal(exchange(client, &message), 0);
		memcpy(&info, payload(client, sizeof(info)), sizeof(info));
		flags = sizes[i] ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
		assert_int_equal(info.argsz, 32);
		assert_int_equal(info.index, i);
		assert_int_equal(info.size, sizes[i]);
		assert_int_equal(info.offset, 0);
		assert_int_equal(info.flags, flags | (i == 1 ? VFIO_REGION_INFO_FLAG_MMAP : 0));
		assert_int_equal(client->reply.fd, i == 1 ? client->emu->vram_fd : -1);
	}
	message_query(&message, VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_PCI_NUM_REGIONS, 32);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_query(&message, VFIO_USER_DEVICE_GET_REGION_INFO, UINT32_MAX, 32);
	assert_int_equal(exchange(client, &message), EINVAL);
}

/* Video memory belongs to the device: the client it is shared with cannot cut it off or seal it. */
static void test_video_memory_keeps_its_size(void **state)
{
	struct client *client = *state;
	struct message message;

	message_query(&message, VFIO_USER_DEVICE_GET_REGION_INFO, 1, 32);
	assert_int_equal(exchange(client, &message), 0);
	assert_int_equal(ftruncate(client->reply.fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fcntl(client->reply.fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	assert_int_equal(errno, EPERM);
}

static void test_irq_info(void **state)
{
	struct client *client = *state;
	struct vfio_user_irq_info info;
	struct message message;
	uint32_t i, count;

	for (i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		message_query(&message, VFIO_USER_DEVICE_GET_IRQ_INFO, i, 16);
		assert_int_equal(exchange(client, &message), 0);
		memcpy(&info, payload(client, sizeof(info)), sizeof(info));
		assert_int_equal(info.index, i);
		count = i == VFIO_PCI_MSI_IRQ_INDEX ? 4 : i == VFIO_PCI_ERR_IRQ_INDEX;
		assert_int_equal(info.count, count);
		assert_int_equal(!!(info.flags & VFIO_IRQ_INFO_EVENTFD), !!count);
	}
	message_query(&message, VFIO_USER_DEVICE_GET_IRQ_INFO, VFIO_PCI_NUM_IRQS, 16);
	assert_int_equal(exchange(client, &message), EINVAL);
}

/* --- malformed messages --- */

static void test_unsupported(void **state)
{
	static const uint16_t commands[] = {
		0, VFIO_USER_DEVICE_GET_REGION_IO_FDS, VFIO_USER_DMA_READ, VFIO_USER_DMA_WRITE, 14,
		VFIO_USER_DEVICE_FEATURE, 17, 18, 19, 0xffff,
	};
	struct client *client = *state;
	struct message message;
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		message_query(&message, commands[i], 0, 16);
		assert_int_equal(exchange(client, &message), ENOTSUP);
	}
}

/* Each command, cut short and drawn long byte by byte, and with a descriptor too many. */
static void test_wrong_sizes(void **state)
{
	struct client *client = *state;
	struct message good[12], message;
	int ram = ram_create();
	uint64_t one = 1;
	uint32_t i, error;
	size_t n = 0, len, k;

	message_dma_map(&good[n++], 0, PAGE, 0, RW);
	message_dma_unmap(&good[n++], 0, PAGE, 0);
	message_query(&good[n++], VFIO_USER_DEVICE_GET_INFO, 0, 16);
	message_query(&good[n++], VFIO_USER_DEVICE_GET_REGION_INFO, 0, 32);
	message_query(&good[n++], VFIO_USER_DEVICE_GET_IRQ_INFO, 0, 16);
	message_set_irqs(&good[n++], NONE_TRIGGER, MSI, 0, 1);
	message_read(&good[n++], 7, 0, 4);
	message_write(&good[n++], 1, 0, "1234", 4);
	message_begin(&good[n], VFIO_USER_REGION_WRITE_MULTI);
	message_add(&good[n], &one, 8);
	multi_add(&good[n++], 1, 0, 8, 0);
	message_begin(&good[n++], VFIO_USER_DEVICE_RESET);

	for (k = 0; k < n; k++) {
		for (len = sizeof(struct vfio_user_header); len <= good[k].len + 40; len++) {
			struct vfio_user_header header = message_header(&good[k]);

			message = good[k];
			message.len = len;
			header.size = (uint32_t)len;
			message_set_header(&message, header);
			error = exchange(client, &message);
			assert_int_equal(error, len == good[k].len ? 0 : EINVAL);
			/* A size that is not what arrived. */
			header.size = (uint32_t)len + 1;
			message_set_header(&message, header);
			assert_int_equal(exchange(client, &message), EINVAL);
		}
		if (message_header(&good[k]).command != VFIO_USER_DMA_MAP)
			assert_int_equal(exchange_fds(client, &good[k], &ram, 1), EINVAL);
	}
	/* argsz below the reply's size. */
	for (i = 0; i < 16; i++) {
		message_query(&message, VFIO_USER_DEVICE_GET_INFO, 0, 16);
		memcpy(message.bytes + 16, &i, 4);
		assert_int_equal(exchange(client, &message), EINVAL);
	}
	close(ram);
}

static void test_header(void **state)
{
	struct client *client = *state;
	struct vfio_user_header header = { .size = 16 };
	struct message message;

	assert_int_equal(vfio_user_message_size(&header), 16);
	header.size = 15;
	assert_int_equal(vfio_user_message_size(&header), 0);
	header.size = 0;
	assert_int_equal(vfio_user_message_size(&header), 0);
	header.size = VFIO_USER_MAX_MESSAGE;
	assert_int_equal(vfio_user_message_size(&header), VFIO_USER_MAX_MESSAGE);
	header.size = VFIO_USER_MAX_MESSAGE + 1;
	assert_int_equal(vfio_user_message_size(&header), 0);
	header.size = UINT32_MAX;
	assert_int_equal(vfio_user_message_size(&header), 0);

	/* A type that does not exist is answered; a reply that nobody asked for is not. */
	message_begin(&message, VFIO_USER_DEVICE_RESET);
	header = message_header(&message);
	header.flags = 2;
	message_set_header(&message, header);
	assert_int_equal(exchange(client, &message), EINVAL);
	header.flags = VFIO_USER_TYPE_REPLY;
	message_set_header(&message, header);
	exchange(client, &message);
	assert_int_equal(client->reply.len, 0);
	assert_int_equal(emu_stats_counter(client->emu->stats, EMU_RESETS), 0);
}

static void test_truncated_descriptors(void **state)
{
	struct client *client = *state;
	struct vfio_user_header header;
	struct message message;
	int ram = ram_create(), kept = ram;

	message_dma_map(&message, 0, PAGE, 0, RW);
	vfio_user_handle(client->user, message.bytes, message.len, &kept, 1, true, &client->reply);
	memcpy(&header, client->reply.data, sizeof(header));
	assert_int_equal(header.error, EINVAL);
	assert_int_equal(kept, ram);
	assert_dma(client, 0, 0);
	close(ram);
}

/* Random bytes, and random damage to good messages, from a fixed seed. */
static void test_fuzz(void **state)
{
	enum { ROUNDS = 100000 };
	struct client *client = *state;
	int fds[2] = { ram_create(), eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
	struct vfio_user_header header;
	struct message message;
	unsigned int round, i;
	uint64_t one = 1;

	srandom(1);
	for (round = 0; round < ROUNDS; round++) {
		switch (random() % 8) {
		case 0:
			message_version(&message, 0, 0, VFIO_USER_TEST_CAPABILITIES);
			break;
		case 1:
			message_dma_map(&message, (uint64_t)(random() % 64) * PAGE,
					(uint64_t)(random() % 8) * PAGE, 0, RW);
			break;
		case 2:
			message_dma_unmap(&message, (uint64_t)(random() % 64) * PAGE,
					  (uint64_t)(random() % 64) * PAGE, 0);
			break;
		case 3:
			message_set_irqs(&message, EVENTFD_TRIGGER, MSI, 0, 1);
			break;
		case 4:
			message_read(&message, (uint32_t)random() % 9, (uint64_t)random(), 8);
			break;
		case 5:
			message_write(&message, 7, (uint64_t)random() % 4096, "abcd", 4);
			break;
		case 6:
			message_begin(&message, VFIO_USER_REGION_WRITE_MULTI);
			message_add(&message, &one, 8);
			multi_add(&message, 0, (uint64_t)random() & 0xfffffc, 8, 0);
			break;
		default:
			message_begin(&message, (uint16_t)(random() % 20));
			message.len += (size_t)random() % 128;
			for (i = 16; i < message.len; i++)
				message.bytes[i] = (uint8_t)random();
		}
		/* Damage, in the header too; only the size stays true, as from a socket. */
		for (i = (unsigned int)random() % 4; i; i--)
			message.bytes[(size_t)random() % message.len] ^= (uint8_t)random();
		header = message_header(&message);
		header.size = (uint32_t)message.len;
		message_set_header(&message, header);
		exchange_fds(client, &message, fds, (unsigned int)random() % 3);
		if (random() % 1000 == 0)
			vfio_user_disconnect(client->user);
	}
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version_minimal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version_limits, setup, teardown),
		negotiated_test(test_device_info),
		negotiated_test(test_region_info),
		negotiated_test(test_video_memory_keeps_its_size),
		negotiated_test(test_irq_info),
		negotiated_test(test_unsupported),
		negotiated_test(test_wrong_sizes),
		negotiated_test(test_header),
		negotiated_test(test_truncated_descriptors),
		cmocka_unit_test_setup_teardown(test_fuzz, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
