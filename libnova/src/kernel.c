// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/mman.h>
#include <xf86drm.h>

#include "private.h"

int nova_kernel_ioctl(int fd, unsigned long request, void *arg)
{
	/* drmIoctl() repeats what a signal interrupted. */
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

int nova_kernel_mmap(int fd, uint64_t offset, size_t size, void **map)
{
	void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

	if (address == MAP_FAILED)
		return -errno;
	*map = address;
	return 0;
}
