/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_vmm.h"

#define PORT	"/dev/virtio-ports/nova.vmm"

bool igt_nova_vmm_present(void)
{
	return access(PORT, R_OK | W_OK) == 0;
}

/* One line into @answer, without its end. */
static int read_line(int fd, char *answer, size_t size)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	do {
		ssize_t got;

		if (poll(&poll_fd, 1, 2 * IGT_NOVA_PATIENCE_S * 1000) != 1)
			return -EIO;
		got = read(fd, answer + used, size - 1 - used);
		if (got <= 0)
			return -EIO;
		used += got;
		if (used == size - 1)
			return -EIO;
	} while (answer[used - 1] != '\n');
	answer[used - 1] = '\0';
	return 0;
}

/* The port can be open once: so only while it is used. */
int igt_nova_vmm(const char *command, unsigned int index)
{
	char line[32], answer[256];
	int length = snprintf(line, sizeof(line), "%s %u\n", command, index);
	int fd = open(PORT, O_RDWR | O_CLOEXEC);
	int ret = -EIO;

	if (fd < 0)
		return -ENODEV;
	if (write(fd, line, length) == length)
		ret = read_line(fd, answer, sizeof(answer));
	close(fd);
	if (ret == 0 && strcmp(answer, "ok") != 0) {
		igt_info("the VMM on %s %u: %s\n", command, index, answer);
		ret = -EIO;
	}
	return ret;
}
