/* SPDX-License-Identifier: MIT */
/* Listening UNIX sockets with a name in the file system. */
#ifndef EMU_SOCKET_H
#define EMU_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct emu_socket - a listening socket
 * @fd: non-blocking, or -1
 * @path: its name
 * @dev: identity of the name, with @ino: a file that someone put in its place is not removed
 * @ino: inode number
 */
struct emu_socket {
	int fd;
	const char *path;
	dev_t dev;
	ino_t ino;
};

#define EMU_SOCKET_NONE	{ .fd = -1 }

/*
 * Listens at @path, which must outlive the socket. A name left behind by a dead
 * server is replaced. Returns 0, or -errno: -EADDRINUSE when a server is alive
 * there, -EEXIST when the name is no socket, -ENAMETOOLONG (a few bytes are needed
 * for a temporary name).
 */
int emu_socket_listen(struct emu_socket *sock, const char *path);
void emu_socket_close(struct emu_socket *sock);

#endif /* EMU_SOCKET_H */
