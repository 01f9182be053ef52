/* SPDX-License-Identifier: MIT */
/*
 * The control socket's thread: several clients at once, one reply per line.
 * A client is read only while nothing waits to be sent to it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emu_ctl.h"

#define EMU_CTL_CLIENTS	16

/**
 * struct emu_ctl_client - one connection
 * @fd: socket, or -1: free slot
 * @len: bytes of @line
 * @overlong: the line does not fit; the rest of it is thrown away
 * @reply: what waits to be sent, or NULL
 * @sent: bytes of it that are gone
 * @line: the command so far
 */
struct emu_ctl_client {
	int fd;
	size_t len;
	bool overlong;
	char *reply;
	size_t sent;
	char line[EMU_CTL_LINE];
};

/**
 * struct emu_ctl - the control thread
 * @emu: the device
 * @listener: its socket
 * @stop: eventfd that ends the thread
 * @thread: the thread; everything below is its own
 * @clients: connections
 */
struct emu_ctl {
	struct emu *emu;
	int listener;
	int stop;
	pthread_t thread;
	struct emu_ctl_client clients[EMU_CTL_CLIENTS];
};

static void emu_ctl_close(struct emu_ctl_client *client)
{
	close(client->fd);
	free(client->reply);
	*client = (struct emu_ctl_client){ .fd = -1 };
}

static void emu_ctl_accept(struct emu_ctl *ctl)
{
	static const char full[] = "{\"error\":\"too many clients\"}\n";
	int fd = accept4(ctl->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	size_t i;

	if (fd < 0)
		return;
	for (i = 0; i < EMU_CTL_CLIENTS; i++) {
		if (ctl->clients[i].fd < 0) {
			ctl->clients[i].fd = fd;
			return;
		}
	}
	if (send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		emu_log(ctl->emu, EMU_LOG_DEBUG, "control client left: %s", strerror(errno));
	close(fd);
}

/* Sends what waits; false: the client is gone. */
static bool emu_ctl_flush(struct emu_ctl_client *client)
{
	size_t len = strlen(client->reply);
	ssize_t sent;

	while (client->sent < len) {
		sent = send(client->fd, client->reply + client->sent, len - client->sent,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		client->sent += (size_t)sent;
	}
	free(client->reply);
	client->reply = NULL;
	client->sent = 0;
	return true;
}

/*
 * Executes the first whole line that is buffered. True if there was one; a line
 * that does not fit is answered when its end has come.
 */
static bool emu_ctl_next_line(struct emu_ctl *ctl, struct emu_ctl_client *client)
{
	char *end = memchr(client->line, '\n', client->len);
	size_t used;

	if (!end) {
		if (client->len == sizeof(client->line)) {
			client->overlong = true;
			client->len = 0;
		}
		return false;
	}
	used = (size_t)(end - client->line) + 1;
	*end = '\0';
	/* A NUL inside would hide the rest of the line from the command parser. */
	if (client->overlong)
		client->reply = strdup("{\"error\":\"line too long\"}\n");
	else if (memchr(client->line, '\0', used - 1))
		client->reply = strdup("{\"error\":\"NUL in command\"}\n");
	else
		client->reply = emu_ctl_command(ctl->emu, client->line);
	client->overlong = false;
	client->len -= used;
	memmove(client->line, client->line + used, client->len);
	return true;
}

/* False: the client is gone or cannot be answered. */
static bool emu_ctl_serve(struct emu_ctl *ctl, struct emu_ctl_client *client)
{
	ssize_t got;

	if (client->reply && !emu_ctl_flush(client))
		return false;
	while (!client->reply && emu_ctl_next_line(ctl, client)) {
		if (!client->reply || !emu_ctl_flush(client))
			return false;
	}
	if (client->reply)
		return true;
	got = recv(client->fd, client->line + client->len, sizeof(client->line) - client->len,
		   MSG_DONTWAIT);
	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	client->len += (size_t)got;
	while (!client->reply && emu_ctl_next_line(ctl, client)) {
		if (!client->reply || !emu_ctl_flush(client))
			return false;
	}
	return true;
}

static void *emu_ctl_main(void *data)
{
	struct emu_ctl *ctl = data;
	struct pollfd fds[EMU_CTL_CLIENTS + 2];
	size_t i;

	for (;;) {
		fds[0] = (struct pollfd){ .fd = ctl->stop, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = ctl->listener, .events = POLLIN };
		for (i = 0; i < EMU_CTL_CLIENTS; i++) {
			fds[i + 2] = (struct pollfd){
				.fd = ctl->clients[i].fd,
				.events = ctl->clients[i].reply ? POLLOUT : POLLIN,
			};
		}
		if (poll(fds, EMU_CTL_CLIENTS + 2, -1) < 0 && errno != EINTR) {
			emu_log(ctl->emu, EMU_LOG_ERROR, "control socket: %s", strerror(errno));
			break;
		}
		if (fds[0].revents)
			break;
		for (i = 0; i < EMU_CTL_CLIENTS; i++) {
			if (fds[i + 2].revents && !emu_ctl_serve(ctl, &ctl->clients[i]))
				emu_ctl_close(&ctl->clients[i]);
		}
		if (fds[1].revents)
			emu_ctl_accept(ctl);
	}
	return NULL;
}

struct emu_ctl *emu_ctl_create(struct emu *emu, int listener)
{
	struct emu_ctl *ctl = calloc(1, sizeof(*ctl));
	size_t i;
	int error;

	if (!ctl)
		return NULL;
	ctl->emu = emu;
	ctl->listener = listener;
	for (i = 0; i < EMU_CTL_CLIENTS; i++)
		ctl->clients[i].fd = -1;
	ctl->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ctl->stop < 0) {
		error = errno;
		goto free_ctl;
	}
	error = pthread_create(&ctl->thread, NULL, emu_ctl_main, ctl);
	if (error)
		goto close_stop;
	return ctl;

close_stop:
	close(ctl->stop);
free_ctl:
	free(ctl);
	errno = error;
	return NULL;
}

void emu_ctl_destroy(struct emu_ctl *ctl)
{
	size_t i;

	if (!ctl)
		return;
	eventfd_write(ctl->stop, 1);
	pthread_join(ctl->thread, NULL);
	for (i = 0; i < EMU_CTL_CLIENTS; i++) {
		if (ctl->clients[i].fd >= 0)
			emu_ctl_close(&ctl->clients[i]);
	}
	close(ctl->stop);
	free(ctl);
}
