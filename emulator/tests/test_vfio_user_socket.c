/* SPDX-License-Identifier: MIT */
/* The vfio-user server over a real socket: framing, descriptors, clients coming and going. */
#define _GNU_SOURCE
#include "emu_test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../emu_socket.h"
#include "../vfio_user_socket.h"
#include "vfio_user_test.h"

#define PAGE	4096u

struct server {
	struct emu *emu;
	char directory[32];
	char path[64];
	struct emu_socket sock;
	int stop;
	pthread_t thread;
	int result;
};

static void *server_main(void *data)
{
	struct server *server = data;

	server->result = vfio_user_serve(server->emu, server->sock.fd, server->stop);
	return NULL;
}

static int setup(void **state)
{
	struct server *server = calloc(1, sizeof(*server));
	void *emu;

	if (!server || emu_test_setup(&emu))
		return -1;
	server->emu = emu;
	strcpy(server->directory, "/tmp/nova-vfio-XXXXXX");
	if (!mkdtemp(server->directory))
		return -1;
	snprintf(server->path, sizeof(server->path), "%s/sock", server->directory);
	if (emu_socket_listen(&server->sock, server->path))
		return -1;
	server->stop = eventfd(0, EFD_CLOEXEC);
	*state = server;
	return pthread_create(&server->thread, NULL, server_main, server);
}

static int teardown(void **state)
{
	struct server *server = *state;
	int ret;

	eventfd_write(server->stop, 1);
	pthread_join(server->thread, NULL);
	emu_socket_close(&server->sock);
	ret = server->result || rmdir(server->directory);
	close(server->stop);
	emu_destroy(server->emu);
	free(server);
	return ret;
}

static int client_connect(struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, server->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void client_send(int client, const void *data, size_t len, const int *fds, size_t nfds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(64 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(client, &msg, MSG_NOSIGNAL), len);
}

/* Receives one reply, its payload into @body, and the descriptor that came with it or -1. */
static struct vfio_user_header client_receive(int client, void *body, size_t size, int *fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct vfio_user_header header;
	struct iovec iov = { .iov_base = &header, .iov_len = sizeof(header) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	size_t left;

	assert_int_equal(recvmsg(client, &msg, MSG_CMSG_CLOEXEC | MSG_WAITALL), sizeof(header));
	*fd = -1;
	if (msg.msg_controllen)
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(*fd));
	left = header.size - sizeof(header);
	assert_true(left <= size);
	if (left)
		assert_int_equal(recv(client, body, left, MSG_WAITALL), left);
	return header;
}

static uint32_t client_exchange(int client, const struct message *message, const int *fds,
				size_t nfds)
{
	struct vfio_user_header header;
	uint8_t body[4096];
	int fd;

	client_send(client, message->bytes, message->len, fds, nfds);
	header = client_receive(client, body, sizeof(body), &fd);
	if (fd >= 0)
		close(fd);
	assert_int_equal(header.id, message_header(message).id);
	return header.error;
}

static int client_negotiate(struct server *server)
{
	int client = client_connect(server);
	struct message message;

	message_version(&message, 0, 0, VFIO_USER_TEST_CAPABILITIES);
	assert_int_equal(client_exchange(client, &message, NULL, 0), 0);
	return client;
}

static void assert_closed(int client)
{
	char byte;
	ssize_t got = recv(client, &byte, 1, 0);

	assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
	close(client);
}

static int ram_create(void)
{
	int fd = memfd_create("test-ram", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 16 * PAGE), 0);
	return fd;
}

static int count_fds(void)
{
	int fd, count = 0;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* BAR1 is the video memory itself. */
static void test_mapped_region(void **state)
{
	struct server *server = *state;
	int client = client_negotiate(server), fd;
	struct vfio_user_region_info info;
	struct vfio_user_header header;
	struct message message;
	char *map;

	message_query(&message, VFIO_USER_DEVICE_GET_REGION_INFO, 1, 32);
	client_send(client, message.bytes, message.len, NULL, 0);
	header = client_receive(client, &info, sizeof(info), &fd);
	assert_int_equal(header.error, 0);
	assert_true(info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	assert_true(fd >= 0);
	map = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)info.offset);
	assert_ptr_not_equal(map, MAP_FAILED);
	strcpy(map + 0x4000, "written by the guest");
	assert_string_equal((char *)server->emu->vram + 0x4000, "written by the guest");
	munmap(map, info.size);
	close(fd);
	close(client);
}

/* One byte at a time, then many messages in one packet. */
static void test_framing(void **state)
{
	struct server *server = *state;
	int client = client_connect(server), fd;
	struct vfio_user_header header;
	struct message message;
	uint8_t body[4096], many[640];
	size_t i;

	message_version(&message, 0, 0, VFIO_USER_TEST_CAPABILITIES);
	for (i = 0; i < message.len; i++)
		client_send(client, message.bytes + i, 1, NULL, 0);
	assert_int_equal(client_receive(client, body, sizeof(body), &fd).error, 0);
	message_read(&message, 7, 0, 4);
	for (i = 0; i < 20; i++)
		memcpy(many + i * message.len, message.bytes, message.len);
	client_send(client, many, 20 * message.len, NULL, 0);
	for (i = 0; i < 20; i++) {
		header = client_receive(client, body, sizeof(body), &fd);
		assert_int_equal(header.error, 0);
		assert_int_equal(header.size, 16 + 16 + 4);
		assert_memory_equal(body + 16, "\x34\x12\x76\x6e", 4);
	}
	close(client);
}

static void test_descriptors(void **state)
{
	struct server *server = *state;
	int client = client_negotiate(server), ram = ram_create(), before, i;
	int fds[64];
	struct message message;
	char back[4];

	for (i = 0; i < 64; i++)
		fds[i] = ram;
	before = count_fds();
	message_dma_map(&message, 0x10000, 2 * PAGE, 0, 3);
	/* As many as the server said it takes, and many more. */
	assert_int_equal(client_exchange(client, &message, fds, 16), EINVAL);
	assert_int_equal(client_exchange(client, &message, fds, 17), EINVAL);
	assert_int_equal(client_exchange(client, &message, fds, 64), EINVAL);
	assert_int_equal(client_exchange(client, &message, fds, 1), 0);
	assert_int_equal(count_fds(), before);
	/* A descriptor belongs to the message it came with. */
	message_dma_map(&message, 0x20000, PAGE, PAGE, 3);
	client_send(client, message.bytes, message.len / 2, fds, 1);
	client_send(client, message.bytes + message.len / 2, message.len - message.len / 2, NULL,
		    0);
	assert_int_equal(client_receive(client, back, 0, &i).error, 0);
	emu_test_config_write(server->emu, 4, 6, 2);
	assert_int_equal(emu_mem_write(server->emu, EMU_SYSTEM, 0x20000, "dma", 4), 0);
	assert_int_equal(pread(ram, back, 4, PAGE), 4);
	assert_string_equal(back, "dma");
	close(ram);
	close(client);
}

static void test_stream_lost(void **state)
{
	static const uint32_t sizes[] = { 0, 15, VFIO_USER_MAX_MESSAGE + 1, UINT32_MAX };
	struct server *server = *state;
	struct vfio_user_header header;
	struct message message;
	int client;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		client = client_negotiate(server);
		message_begin(&message, VFIO_USER_DEVICE_RESET);
		header = message_header(&message);
		header.size = sizes[i];
		message_set_header(&message, header);
		client_send(client, message.bytes, message.len, NULL, 0);
		assert_closed(client);
	}
	/* And the next one is served. */
	close(client_negotiate(server));
}

/* Waits for the server to have seen the end of a connection: it serves the next. */
static void test_disconnect_and_reconnect(void **state)
{
	struct server *server = *state;
	uint64_t ranges, bytes, resets;
	struct message message;
	int ram = ram_create(), client, i;

	for (i = 0; i < 10; i++) {
		client = client_negotiate(server);
		emu_mem_stats(server->emu, &ranges, &bytes);
		assert_int_equal(ranges, 0);
		resets = emu_stats_counter(server->emu->stats, EMU_RESETS);
		assert_int_equal(resets, i);
		message_dma_map(&message, 0x10000, PAGE, 0, 3);
		assert_int_equal(client_exchange(client, &message, &ram, 1), 0);
		/* Even in the middle of a message. */
		message_begin(&message, VFIO_USER_DEVICE_RESET);
		client_send(client, message.bytes, (size_t)i, &ram, i ? 1 : 0);
		close(client);
	}
	close(ram);
}

static void test_second_client(void **state)
{
	struct server *server = *state;
	int first = client_negotiate(server), second = client_connect(server);
	struct message message;

	assert_closed(second);
	message_read(&message, 7, 0, 4);
	assert_int_equal(client_exchange(first, &message, NULL, 0), 0);
	close(first);
}

/* Replies that nobody reads, and then a server that is to end: teardown must not hang. */
static void test_stop_while_blocked(void **state)
{
	struct server *server = *state;
	int client = client_negotiate(server);
	struct pollfd pollfd = { client, POLLIN, 0 };
	struct message message;

	message_read(&message, 1, 0, VFIO_USER_MAX_DATA);
	client_send(client, message.bytes, message.len, NULL, 0);
	client_send(client, message.bytes, message.len, NULL, 0);
	/* It is at the first of them, which is larger than the socket's buffer. */
	assert_int_equal(poll(&pollfd, 1, -1), 1);
	eventfd_write(server->stop, 1);
	pthread_join(server->thread, NULL);
	assert_int_equal(server->result, 0);
	close(client);
	/* For the teardown. */
	assert_int_equal(pthread_create(&server->thread, NULL, server_main, server), 0);
}

#define server_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		server_test(test_mapped_region),
		server_test(test_framing),
		server_test(test_descriptors),
		server_test(test_stream_lost),
		server_test(test_disconnect_and_reconnect),
		server_test(test_second_client),
		server_test(test_stop_while_blocked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
