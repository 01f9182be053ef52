// SPDX-License-Identifier: MIT
#include <errno.h>
#include <xf86drm.h>

#include "private.h"

int nova_kernel_ioctl(int fd, unsigned long request, void *arg)
{
	/* drmIoctl() repeats what a signal interrupted. */
	return drmIoctl(fd, request, arg) ? -errno : 0;
}
