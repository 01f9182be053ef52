/* SPDX-License-Identifier: MIT */
/*
 * Moves vfio-user messages between a socket and vfio_user_handle().
 *
 * The socket is non-blocking and every wait is one poll() over the client, the
 * listener and the stop descriptor: a client that sends half a message or
 * does not read its replies delays nobody but itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vfio_user.h"
#include "vfio_user_socket.h"

/**
 * struct vfio_user_link - one client
 * @emu: the device
 * @fd: connected socket
 * @listener: where further clients are turned away
 * @stop: readable when the server is to end
 * @stopped: it was
 * @nfds: descriptors of the message being received
 * @fds: the same
 * @truncated: the message came with more
 * @message: its bytes
 */
struct vfio_user_link {
	struct emu *emu;
	int fd;
	int listener;
	int stop;
	bool stopped;
	unsigned int nfds;
	int fds[VFIO_USER_MAX_FDS];
	bool truncated;
	uint8_t message[VFIO_USER_MAX_MESSAGE];
};

/* Closing at once tells a second client more than letting it wait in the queue. */
static void vfio_user_turn_away(struct vfio_user_link *link)
{
	int fd = accept4(link->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	close(fd);
	emu_log(link->emu, EMU_LOG_WARN, "second client turned away: the device is in use");
}

/* Waits until the client's socket is ready for @events; false: the server is to end. */
static bool vfio_user_wait(struct vfio_user_link *link, short events)
{
	struct pollfd fds[] = {
		{ .fd = link->stop, .events = POLLIN },
		{ .fd = link->fd, .events = events },
		{ .fd = link->listener, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		if (fds[0].revents) {
			link->stopped = true;
			return false;
		}
		/* The client first: it may be leaving, and the other be its successor. */
		if (fds[1].revents)
			return true;
		if (fds[2].revents)
			vfio_user_turn_away(link);
	}
}

static void vfio_user_take_fds(struct vfio_user_link *link, struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	size_t count, i;
	int fd;

	if (msg->msg_flags & MSG_CTRUNC)
		link->truncated = true;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(fd);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
			if (link->nfds < VFIO_USER_MAX_FDS) {
				link->fds[link->nfds++] = fd;
			} else {
				close(fd);
				link->truncated = true;
			}
		}
	}
}

static void vfio_user_drop_fds(struct vfio_user_link *link)
{
	unsigned int i;

	for (i = 0; i < link->nfds; i++) {
		if (link->fds[i] >= 0)
			close(link->fds[i]);
	}
	link->nfds = 0;
	link->truncated = false;
}

/* Exactly @len bytes and whatever descriptors come with them; false: the connection is over. */
static bool vfio_user_receive(struct vfio_user_link *link, uint8_t *to, size_t len)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * VFIO_USER_MAX_FDS)];
	} control;
	ssize_t got;

	while (len) {
		struct iovec iov = { .iov_base = to, .iov_len = len };
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control.space,
			.msg_controllen = sizeof(control.space),
		};

		got = recvmsg(link->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got > 0) {
			vfio_user_take_fds(link, &msg);
			to += got;
			len -= (size_t)got;
		} else if (!got) {
			return false;
		} else if (errno == EAGAIN) {
			if (!vfio_user_wait(link, POLLIN))
				return false;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

static bool vfio_user_send(struct vfio_user_link *link, const struct vfio_user_reply *reply)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	const uint8_t *from = reply->data;
	size_t len = reply->len;
	ssize_t sent;

	while (len) {
		struct iovec iov = { .iov_base = (void *)from, .iov_len = len };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

		/* The descriptor travels with the first byte. */
		if (reply->fd >= 0 && from == reply->data) {
			msg.msg_control = control.space;
			msg.msg_controllen = sizeof(control.space);
			CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
			CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
			CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &reply->fd, sizeof(int));
		}
		sent = sendmsg(link->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			from += sent;
			len -= (size_t)sent;
		} else if (sent < 0 && errno == EAGAIN) {
			if (!vfio_user_wait(link, POLLOUT))
				return false;
		} else if (sent < 0 && errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* One message; false: the connection is over. */
static bool vfio_user_exchange(struct vfio_user_link *link, struct vfio_user *user)
{
	struct vfio_user_header header;
	struct vfio_user_reply reply;
	size_t size;

	if (!vfio_user_receive(link, link->message, sizeof(header)))
		return false;
	memcpy(&header, link->message, sizeof(header));
	size = vfio_user_message_size(&header);
	if (!size) {
		emu_log(link->emu, EMU_LOG_WARN,
			"message of %u bytes: the connection is closed", header.size);
		return false;
	}
	if (!vfio_user_receive(link, link->message + sizeof(header), size - sizeof(header)))
		return false;
	vfio_user_handle(user, link->message, size, link->fds, link->nfds, link->truncated, &reply);
	/* Before the reply: after it the client may count on them being closed. */
	vfio_user_drop_fds(link);
	return vfio_user_send(link, &reply);
}

static void vfio_user_serve_client(struct vfio_user_link *link, struct vfio_user *user)
{
	emu_log(link->emu, EMU_LOG_INFO, "client connected");
	while (vfio_user_exchange(link, user))
		;
	vfio_user_drop_fds(link);
	close(link->fd);
	vfio_user_disconnect(user);
	emu_log(link->emu, EMU_LOG_INFO, "client gone");
}

/* The next client's socket, or -1: the server is to end, or cannot go on (errno). */
static int vfio_user_accept(struct vfio_user_link *link)
{
	struct pollfd fds[] = {
		{ .fd = link->stop, .events = POLLIN },
		{ .fd = link->listener, .events = POLLIN },
	};
	int fd;

	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (fds[0].revents) {
			link->stopped = true;
			return -1;
		}
		fd = accept4(link->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			return fd;
		/* A client that left before it was served is nobody's error. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return -1;
	}
}

int vfio_user_serve(struct emu *emu, int listener, int stop)
{
	struct vfio_user_link *link = calloc(1, sizeof(*link));
	struct vfio_user *user = vfio_user_create(emu);
	int ret = -ENOMEM;

	if (link && user) {
		link->emu = emu;
		link->listener = listener;
		link->stop = stop;
		while (!link->stopped && (link->fd = vfio_user_accept(link)) >= 0)
			vfio_user_serve_client(link, user);
		ret = link->stopped ? 0 : -errno;
	}
	vfio_user_destroy(user);
	free(link);
	return ret;
}
