// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "demo_uevent.h"

#define KERNEL_GROUP	1u		/* what the kernel sends, not what udev repeats */
#define RECEIVE_BYTES	(1 << 20)	/* a whole GPU coming and going fits */
#define MESSAGE_MAX	8192
#define NS_PER_S	1000000000ll

/* The value of KEY=value among the strings, or NULL. */
static const char *find_value(const char *message, size_t length, const char *key)
{
	size_t key_length = strlen(key), text;

	for (size_t at = 0; at < length; at += text + 1) {
		text = strnlen(message + at, length - at);
		if (at + text == length)
			return NULL;	/* cut off */
		if (text > key_length && !strncmp(message + at, key, key_length) &&
		    message[at + key_length] == '=')
			return message + at + key_length + 1;
	}
	return NULL;
}

bool demo_uevent_match(const char *message, size_t length, const char *action, const char *pci,
		       char *node, size_t size)
{
	const char *is_action = find_value(message, length, "ACTION");
	const char *subsystem = find_value(message, length, "SUBSYSTEM");
	const char *path = find_value(message, length, "DEVPATH");
	const char *name = find_value(message, length, "DEVNAME");
	char part[64];

	if (!is_action || !subsystem || !path || !name)
		return false;
	snprintf(part, sizeof(part), "/%s/", pci);
	if (strcmp(is_action, action) || strcmp(subsystem, "drm") || !strstr(path, part))
		return false;
	if (strncmp(name, "dri/renderD", strlen("dri/renderD")))
		return false;
	snprintf(node, size, "/dev/%s", name);
	return true;
}

int demo_uevent_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP };
	int bytes = RECEIVE_BYTES;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	int ret;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

static int64_t left_ns(int64_t deadline_ns)
{
	struct timespec now;
	int64_t left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = deadline_ns - (now.tv_sec * NS_PER_S + now.tv_nsec);
	return left > 0 ? left : 0;
}

int demo_uevent_wait(int fd, const char *action, const char *pci, int64_t deadline_ns, char *node,
		     size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char message[MESSAGE_MAX];
	struct timespec timeout;
	int64_t left;
	ssize_t got;
	int ret;

	for (;;) {
		left = left_ns(deadline_ns);
		timeout = (struct timespec) { .tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S };
		ret = ppoll(&pfd, 1, &timeout, NULL);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			return ret ? -errno : -ETIME;
		got = recv(fd, message, sizeof(message), 0);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0 && demo_uevent_match(message, (size_t)got, action, pci, node, size))
			return 0;
	}
}
