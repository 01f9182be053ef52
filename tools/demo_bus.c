// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demo_bus.h"

/* Is every DMA mapping taken down in the IOMMU as soon as the driver says so? */
static bool is_strict(const char *sysfs, const char *address)
{
	char path[PATH_MAX], type[16] = "";
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/iommu_group/type", sysfs, address);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, type, sizeof(type) - 1);
	close(fd);
	return got > 0 && !strcmp(type, "DMA\n");
}

int demo_bus_find(struct demo_bus *bus, const char *sysfs, const struct nova_device_info *info)
{
	char path[PATH_MAX], target[PATH_MAX];

	snprintf(bus->address, sizeof(bus->address), "%04x:%02x:%02x.%x", info->pci_domain,
		 info->pci_bus, info->pci_device, info->pci_function);
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/driver", sysfs, bus->address);
	if (!realpath(path, target))
		return errno == ENOENT ? -ENODEV : -errno;
	if (snprintf(bus->driver, sizeof(bus->driver), "%s", target) >= (int)sizeof(bus->driver))
		return -ENAMETOOLONG;
	bus->strict_dma = is_strict(sysfs, bus->address);
	return 0;
}

static int write_address(const struct demo_bus *bus, const char *file)
{
	char path[PATH_MAX];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", bus->driver, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, bus->address, strlen(bus->address)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int demo_bus_unbind(const struct demo_bus *bus)
{
	return write_address(bus, "unbind");
}

int demo_bus_bind(const struct demo_bus *bus)
{
	return write_address(bus, "bind");
}
