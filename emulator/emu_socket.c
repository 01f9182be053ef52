/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "emu_socket.h"

#define EMU_SOCKET_BACKLOG	4

/* 0 if the name is free or a dead server's, else -errno. */
static int emu_socket_check_name(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, error;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	strcpy(address.sun_path, path);
	error = connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
	close(fd);
	if (error == ECONNREFUSED)
		return 0;
	/* Anything but a refusal means that someone is, or may be, there. */
	return error == EACCES || error == EPERM ? -error : -EADDRINUSE;
}

/*
 * The socket gets its name when it already listens, by a rename: whoever waits
 * for the name to appear can connect at once.
 */
int emu_socket_listen(struct emu_socket *sock, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	int ret, len;

	sock->fd = -1;
	if (!*path)
		return -EINVAL;
	len = snprintf(address.sun_path, sizeof(address.sun_path), "%s.%d", path, (int)getpid());
	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	ret = emu_socket_check_name(path);
	if (ret)
		return ret;
	sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock->fd < 0)
		return -errno;
	if (bind(sock->fd, (struct sockaddr *)&address, sizeof(address))) {
		ret = -errno;
		goto close_fd;
	}
	if (listen(sock->fd, EMU_SOCKET_BACKLOG) || stat(address.sun_path, &st) ||
	    rename(address.sun_path, path)) {
		ret = -errno;
		unlink(address.sun_path);
		goto close_fd;
	}
	sock->path = path;
	sock->dev = st.st_dev;
	sock->ino = st.st_ino;
	return 0;

close_fd:
	close(sock->fd);
	sock->fd = -1;
	return ret;
}

void emu_socket_close(struct emu_socket *sock)
{
	struct stat st;

	if (sock->fd < 0)
		return;
	close(sock->fd);
	sock->fd = -1;
	if (!lstat(sock->path, &st) && st.st_dev == sock->dev && st.st_ino == sock->ino)
		unlink(sock->path);
}
