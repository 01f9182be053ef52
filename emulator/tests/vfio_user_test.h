/* SPDX-License-Identifier: MIT */
/* Builds vfio-user messages for the tests. */
#ifndef VFIO_USER_TEST_H
#define VFIO_USER_TEST_H

#include <string.h>

#include "../vfio_user.h"

struct message {
	size_t len;
	uint8_t bytes[4096];
};

static inline void message_begin(struct message *message, uint16_t command)
{
	struct vfio_user_header header = {
		.id = (uint16_t)(0x4000 + command),
		.command = command,
		.size = sizeof(header),
	};

	memset(message, 0, sizeof(*message));
	memcpy(message->bytes, &header, sizeof(header));
	message->len = sizeof(header);
}

static inline struct vfio_user_header message_header(const struct message *message)
{
	struct vfio_user_header header;

	memcpy(&header, message->bytes, sizeof(header));
	return header;
}

static inline void message_set_header(struct message *message, struct vfio_user_header header)
{
	memcpy(message->bytes, &header, sizeof(header));
}

static inline void message_add(struct message *message, const void *data, size_t len)
{
	struct vfio_user_header header;

	memcpy(message->bytes + message->len, data, len);
	message->len += len;
	header = message_header(message);
	header.size = (uint32_t)message->len;
	message_set_header(message, header);
}

/* What a client says first. */
#define VFIO_USER_TEST_CAPABILITIES \
	"{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576," \
	"\"migration\":{\"pgsize\":4096},\"write_multiple\":true}}"

static inline void message_version(struct message *message, uint16_t major, uint16_t minor,
				   const char *capabilities)
{
	struct vfio_user_version version = { major, minor };

	message_begin(message, VFIO_USER_VERSION);
	message_add(message, &version, sizeof(version));
	if (capabilities)
		message_add(message, capabilities, strlen(capabilities) + 1);
}

static inline void message_dma_map(struct message *message, uint64_t address, uint64_t size,
				   uint64_t offset, uint32_t flags)
{
	struct vfio_user_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.offset = offset,
		.address = address,
		.size = size,
	};

	message_begin(message, VFIO_USER_DMA_MAP);
	message_add(message, &map, sizeof(map));
}

static inline void message_dma_unmap(struct message *message, uint64_t address, uint64_t size,
				     uint32_t flags)
{
	struct vfio_user_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = flags,
		.address = address,
		.size = size,
	};

	message_begin(message, VFIO_USER_DMA_UNMAP);
	message_add(message, &unmap, sizeof(unmap));
}

static inline void message_read(struct message *message, uint32_t region, uint64_t offset,
				uint32_t count)
{
	struct vfio_user_region_access access = { offset, region, count };

	message_begin(message, VFIO_USER_REGION_READ);
	message_add(message, &access, sizeof(access));
}

static inline void message_write(struct message *message, uint32_t region, uint64_t offset,
				 const void *data, uint32_t count)
{
	struct vfio_user_region_access access = { offset, region, count };

	message_begin(message, VFIO_USER_REGION_WRITE);
	message_add(message, &access, sizeof(access));
	message_add(message, data, count);
}

static inline void message_set_irqs(struct message *message, uint32_t flags, uint32_t index,
				    uint32_t start, uint32_t count)
{
	struct vfio_user_irq_set set = {
		.argsz = sizeof(set),
		.flags = flags,
		.index = index,
		.start = start,
		.count = count,
	};

	message_begin(message, VFIO_USER_DEVICE_SET_IRQS);
	message_add(message, &set, sizeof(set));
}

/* A query whose request has the layout of its reply; only argsz and index matter. */
static inline void message_query(struct message *message, uint16_t command, uint32_t index,
				 size_t size)
{
	uint32_t words[8] = { (uint32_t)size, 0, index };

	message_begin(message, command);
	message_add(message, words, size);
}

#endif /* VFIO_USER_TEST_H */
