// SPDX-License-Identifier: MIT
/* Who wants to know that a device is gone. Every call of the kernel passes here: whichever sees it first tells. */
#include <errno.h>

#include "private.h"

/* The devices that are open, to find the one of a file. Looked at only when the kernel says -ENODEV. */
static struct {
	pthread_mutex_t lock;
	struct nova_device *first;
} open_devices = { .lock = PTHREAD_MUTEX_INITIALIZER };

void nova_lost_init(struct nova_device *dev)
{
	pthread_mutex_init(&dev->lost.lock, NULL);
	pthread_mutex_lock(&open_devices.lock);
	dev->lost.next = open_devices.first;
	if (dev->lost.next)
		dev->lost.next->lost.prev = dev;
	open_devices.first = dev;
	pthread_mutex_unlock(&open_devices.lock);
}

void nova_lost_fini(struct nova_device *dev)
{
	pthread_mutex_lock(&open_devices.lock);
	if (dev->lost.next)
		dev->lost.next->lost.prev = dev->lost.prev;
	if (dev->lost.prev)
		dev->lost.prev->lost.next = dev->lost.next;
	else
		open_devices.first = dev->lost.next;
	pthread_mutex_unlock(&open_devices.lock);
	pthread_mutex_destroy(&dev->lost.lock);
}

/* The caller of what failed uses the device, so it stays after the search. */
static struct nova_device *find_device(int fd)
{
	struct nova_device *dev;

	pthread_mutex_lock(&open_devices.lock);
	dev = open_devices.first;
	while (dev && dev->fd != fd)
		dev = dev->lost.next;
	pthread_mutex_unlock(&open_devices.lock);
	return dev;
}

/* The lock is held while the callback runs: who comes second returns when it has. */
static void report(struct nova_device *dev)
{
	pthread_mutex_lock(&dev->lost.lock);
	if (!dev->lost.seen) {
		dev->lost.seen = true;
		if (dev->lost.callback)
			dev->lost.callback(dev, dev->lost.data);
	}
	pthread_mutex_unlock(&dev->lost.lock);
}

static int look_at(int fd, int ret)
{
	struct nova_device *dev;

	if (ret == -ENODEV) {
		dev = find_device(fd);
		if (dev)
			report(dev);
	}
	return ret;
}

int nova_ioctl(int fd, unsigned long request, void *arg)
{
	return look_at(fd, nova_kernel_ioctl(fd, request, arg));
}

int nova_mmap(int fd, uint64_t offset, size_t size, void **map)
{
	return look_at(fd, nova_kernel_mmap(fd, offset, size, map));
}

NOVA_API int nova_device_set_lost_callback(struct nova_device *dev,
					   void (*lost)(struct nova_device *dev, void *data),
					   void *data)
{
	if (!dev)
		return -EINVAL;
	pthread_mutex_lock(&dev->lost.lock);
	dev->lost.callback = lost;
	dev->lost.data = data;
	if (lost && dev->lost.seen)
		lost(dev, data);
	pthread_mutex_unlock(&dev->lost.lock);
	return 0;
}
