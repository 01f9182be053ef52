/* SPDX-License-Identifier: MIT */
/*
 * vfio-user over its socket: the same messages, cut into pieces anywhere, with descriptors in
 * the middle of them, and a client that leaves at any point.
 */
#define _GNU_SOURCE
#include "fuzz_gpu.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../vfio_user_socket.h"
#include "fuzz_message.h"

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len = sizeof(address);
static int listener = -1;
static int stop;

static void *server(void *data)
{
	struct gpu *gpu = data;
	int ret = vfio_user_serve(gpu->emu, listener, stop);

	fuzz_require(false, "the server has ended: %d", ret);
	return NULL;
}

static void serve(struct gpu *gpu)
{
	pthread_t thread;

	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	fuzz_require(listener >= 0 && !bind(listener, (struct sockaddr *)&address,
					    sizeof(sa_family_t)) &&
		     !listen(listener, 4) &&
		     !getsockname(listener, (struct sockaddr *)&address, &address_len),
		     "listener: %s", strerror(errno));
	stop = eventfd(0, EFD_CLOEXEC);
	fuzz_require(!pthread_create(&thread, NULL, server, gpu), "no thread");
}

static int connect_client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fuzz_require(fd >= 0 && !connect(fd, (struct sockaddr *)&address, address_len),
		     "connect: %s", strerror(errno));
	return fd;
}

/* False: the server has hung up. */
static bool send_piece(int fd, const uint8_t *data, size_t len, const enum fuzz_fd *which,
		       unsigned int nfds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * (VFIO_USER_MAX_FDS + 2))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	unsigned int i;

	if (nfds) {
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		for (i = 0; i < nfds; i++)
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)) + i * sizeof(int),
			       &fuzz_fds()[which[i]], sizeof(int));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == (ssize_t)len;
}

/* The message in up to eight pieces; its descriptors go with one of them. */
static bool send_message(int fd, const struct fuzz_message *message, struct fuzz_input *in)
{
	unsigned int pieces = 1 + fuzz_below(in, 8), with = fuzz_below(in, pieces), i;
	size_t at = 0, len;

	for (i = 0; i < pieces && at < message->len; i++) {
		len = i + 1 == pieces ? message->len - at : 1u + fuzz_u8(in);
		if (len > message->len - at)
			len = message->len - at;
		if (!send_piece(fd, message->bytes + at, len, message->fds,
				i == with ? message->nfds : 0))
			return false;
		at += len;
	}
	return true;
}

/* Takes what has been answered, so that the server seldom finds the socket full. */
static void drain(int fd, int flags)
{
	char bytes[4096], control[CMSG_SPACE(sizeof(int) * 4)];
	struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct cmsghdr *cmsg;
	int got_fd;

	for (;;) {
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};

		if (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | flags) <= 0)
			return;
		for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
			memcpy(&got_fd, CMSG_DATA(cmsg), sizeof(got_fd));
			close(got_fd);
		}
	}
}

/* When it returns, the client before this one has been forgotten: clients are served in turn. */
static void wait_for_server(void)
{
	int fd = connect_client();

	shutdown(fd, SHUT_WR);
	drain(fd, 0);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_message message;
	struct fuzz_input in = { data, size };
	unsigned int i;
	struct gpu *gpu;
	bool on = true;
	int fd;

	gpu = fuzz_gpu();
	if (listener < 0) {
		fuzz_fds();
		serve(gpu);
		gpu = fuzz_gpu();
	}
	fd = connect_client();
	if (fuzz_u8(&in) & 7) {
		fuzz_message_version(&message);
		on = send_message(fd, &message, &in);
	}
	for (i = 0; on && i < 32 && fuzz_more(&in); i++) {
		fuzz_message_take(&message, &in);
		on = send_message(fd, &message, &in);
		drain(fd, MSG_DONTWAIT);
	}
	if (!(fuzz_u8(&in) & 1)) {
		shutdown(fd, SHUT_WR);
		drain(fd, 0);
	}
	close(fd);
	wait_for_server();
	fuzz_fds_reset();
	fuzz_gpu_done(gpu);
	return 0;
}
