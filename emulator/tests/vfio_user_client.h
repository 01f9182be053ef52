/* SPDX-License-Identifier: MIT */
/* A vfio-user client without a socket: messages go to vfio_user_handle(), replies are checked. */
#ifndef VFIO_USER_CLIENT_H
#define VFIO_USER_CLIENT_H

#include "emu_test.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vfio_user_test.h"

#define PAGE	4096u
#define RW	(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

#define EVENTFD_TRIGGER	(VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)
#define NONE_TRIGGER	(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER)
#define BOOL_TRIGGER	(VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER)
#define MSI		VFIO_PCI_MSI_IRQ_INDEX

struct client {
	struct emu *emu;
	struct vfio_user *user;
	struct vfio_user_reply reply;
};

/* Sends @message; the descriptors that the device did not keep are closed. Returns the error. */
static inline uint32_t exchange_fds(struct client *client, const struct message *message,
				    const int *fds, unsigned int nfds)
{
	struct vfio_user_header header;
	int owned[VFIO_USER_MAX_FDS];
	unsigned int i;

	for (i = 0; i < nfds; i++)
		owned[i] = dup(fds[i]);
	vfio_user_handle(client->user, message->bytes, message->len, owned, nfds, false,
			 &client->reply);
	for (i = 0; i < nfds; i++) {
		if (owned[i] >= 0)
			close(owned[i]);
	}
	if (!client->reply.len)
		return 0;
	memcpy(&header, client->reply.data, sizeof(header));
	assert_int_equal(header.size, client->reply.len);
	assert_int_equal(header.id, message_header(message).id);
	assert_int_equal(header.command, message_header(message).command);
	if (header.error) {
		assert_int_equal(header.flags, VFIO_USER_TYPE_REPLY | VFIO_USER_FLAG_ERROR);
		assert_int_equal(header.size, sizeof(header));
		assert_int_equal(client->reply.fd, -1);
	} else {
		assert_int_equal(header.flags, VFIO_USER_TYPE_REPLY);
	}
	return header.error;
}

static inline uint32_t exchange(struct client *client, const struct message *message)
{
	return exchange_fds(client, message, NULL, 0);
}

static inline const void *payload(const struct client *client, size_t len)
{
	assert_int_equal(client->reply.len, sizeof(struct vfio_user_header) + len);
	return client->reply.data + sizeof(struct vfio_user_header);
}

static inline int setup(void **state)
{
	struct client *client = calloc(1, sizeof(*client));
	void *emu;

	if (!client || emu_test_setup(&emu))
		return -1;
	client->emu = emu;
	client->user = vfio_user_create(client->emu);
	*state = client;
	return client->user ? 0 : -1;
}

static inline int setup_negotiated(void **state)
{
	struct message message;

	if (setup(state))
		return -1;
	message_version(&message, 0, 0, VFIO_USER_TEST_CAPABILITIES);
	return (int)exchange(*state, &message);
}

static inline int teardown(void **state)
{
	struct client *client = *state;

	vfio_user_destroy(client->user);
	emu_destroy(client->emu);
	free(client);
	return 0;
}

static inline int ram_create(void)
{
	int fd = memfd_create("test-ram", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 64 * PAGE), 0);
	return fd;
}

static inline void assert_dma(struct client *client, uint64_t ranges, uint64_t bytes)
{
	uint64_t got_ranges, got_bytes;

	emu_mem_stats(client->emu, &got_ranges, &got_bytes);
	assert_int_equal(got_ranges, ranges);
	assert_int_equal(got_bytes, bytes);
}

/* Signals since the last call. */
static inline uint64_t messages(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static inline void multi_add(struct message *message, uint32_t region, uint64_t offset,
			     uint32_t count, uint64_t data)
{
	struct vfio_user_region_write_one one = { { offset, region, count }, { 0 } };

	memcpy(one.data, &data, sizeof(data));
	message_add(message, &one, sizeof(one));
}

#define negotiated_test(function) \
	cmocka_unit_test_setup_teardown(function, setup_negotiated, teardown)

#endif /* VFIO_USER_CLIENT_H */
