/* SPDX-License-Identifier: MIT */
/*
 * The vfio-user protocol, server side: one message in, at most one out.
 *
 * Nothing here touches a socket. vfio_user_decode() is a pure function of a
 * message's bytes and the number of descriptors that came along: it decides whether
 * the message is well formed. vfio_user_handle() decodes and executes.
 * vfio_user_socket.c moves the bytes.
 *
 * Fields are in the host's byte order, as the protocol says; the layouts are
 * those of <linux/vfio.h> behind a 16-byte header.
 */
#ifndef VFIO_USER_H
#define VFIO_USER_H

#include "emu.h"

enum vfio_user_command {
	VFIO_USER_VERSION		= 1,
	VFIO_USER_DMA_MAP		= 2,
	VFIO_USER_DMA_UNMAP		= 3,
	VFIO_USER_DEVICE_GET_INFO	= 4,
	VFIO_USER_DEVICE_GET_REGION_INFO = 5,
	VFIO_USER_DEVICE_GET_REGION_IO_FDS = 6,
	VFIO_USER_DEVICE_GET_IRQ_INFO	= 7,
	VFIO_USER_DEVICE_SET_IRQS	= 8,
	VFIO_USER_REGION_READ		= 9,
	VFIO_USER_REGION_WRITE		= 10,
	VFIO_USER_DMA_READ		= 11,	/* server to client; never sent */
	VFIO_USER_DMA_WRITE		= 12,	/* server to client; never sent */
	VFIO_USER_DEVICE_RESET		= 13,
	VFIO_USER_REGION_WRITE_MULTI	= 15,
	VFIO_USER_DEVICE_FEATURE	= 16,
};

#define VFIO_USER_FLAG_TYPE		0xfu
#define VFIO_USER_TYPE_COMMAND		0u
#define VFIO_USER_TYPE_REPLY		1u
#define VFIO_USER_FLAG_NO_REPLY		0x10u
#define VFIO_USER_FLAG_ERROR		0x20u

#define VFIO_USER_MAJOR			0
#define VFIO_USER_MINOR			0

/* What this server offers. */
#define VFIO_USER_MAX_FDS		16u
#define VFIO_USER_MAX_DATA		(1u << 20)
#define VFIO_USER_MAX_MULTI		200u
#define VFIO_USER_MAX_MESSAGE		(VFIO_USER_MAX_DATA + 64u)

struct vfio_user_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;
	uint32_t flags;
	uint32_t error;
};

struct vfio_user_version {
	uint16_t major;
	uint16_t minor;
};

struct vfio_user_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;
	uint64_t address;
	uint64_t size;
};

struct vfio_user_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
};

struct vfio_user_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
};

struct vfio_user_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;
};

struct vfio_user_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

struct vfio_user_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

struct vfio_user_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
};

/* One element of REGION_WRITE_MULTI. */
struct vfio_user_region_write_one {
	struct vfio_user_region_access access;
	uint8_t data[8];
};

/**
 * struct vfio_user_request - a decoded message
 * @header: as received
 * @data: bytes behind the fixed part: JSON text, booleans, data to write, or
 *        the elements of WRITE_MULTI; points into the message
 * @data_len: their number
 * @count: elements of WRITE_MULTI
 * @version: VERSION
 * @dma_map: DMA_MAP
 * @dma_unmap: DMA_UNMAP
 * @device_info: DEVICE_GET_INFO
 * @region_info: DEVICE_GET_REGION_INFO
 * @irq_info: DEVICE_GET_IRQ_INFO
 * @irq_set: DEVICE_SET_IRQS
 * @access: REGION_READ, REGION_WRITE
 */
struct vfio_user_request {
	struct vfio_user_header header;
	const uint8_t *data;
	size_t data_len;
	uint64_t count;
	union {
		struct vfio_user_version version;
		struct vfio_user_dma_map dma_map;
		struct vfio_user_dma_unmap dma_unmap;
		struct vfio_user_device_info device_info;
		struct vfio_user_region_info region_info;
		struct vfio_user_irq_info irq_info;
		struct vfio_user_irq_set irq_set;
		struct vfio_user_region_access access;
	};
};

/**
 * struct vfio_user_reply - what to send back
 * @data: valid until the next call on the same connection
 * @len: 0: send nothing
 * @fd: descriptor to send along, or -1; stays the device's
 */
struct vfio_user_reply {
	const uint8_t *data;
	size_t len;
	int fd;
};

struct vfio_user;

/* The size of the message that @header begins, or 0 if the stream cannot be followed. */
size_t vfio_user_message_size(const struct vfio_user_header *header);

/* 0 or a positive errno. @len must be at least the header's size. */
int vfio_user_decode(const uint8_t *message, size_t len, unsigned int nfds,
		     struct vfio_user_request *request);

struct vfio_user *vfio_user_create(struct emu *emu);
void vfio_user_destroy(struct vfio_user *user);
/* A client has gone: device reset, no DMA mapping, no eventfd; the next has to negotiate. */
void vfio_user_disconnect(struct vfio_user *user);
/*
 * Executes one message. Descriptors that the device keeps are replaced by -1
 * in @fds, the caller closes the others. @truncated: more came than fit.
 */
void vfio_user_handle(struct vfio_user *user, const uint8_t *message, size_t len, int *fds,
		      unsigned int nfds, bool truncated, struct vfio_user_reply *reply);

#endif /* VFIO_USER_H */
