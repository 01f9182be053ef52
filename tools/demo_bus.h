/* SPDX-License-Identifier: MIT */
/* The PCI device below a DRM device: unbinding its driver and binding it again. */
#ifndef DEMO_BUS_H
#define DEMO_BUS_H

#include <stdbool.h>

#include "nova.h"

/**
 * struct demo_bus - where the device is in sysfs
 * @address: PCI address, "0000:01:00.0"
 * @driver: directory of the driver that is bound now
 * @strict_dma: behind an IOMMU that forgets mappings at once, so that none may be left after an unbind
 */
struct demo_bus {
	char address[32];
	char driver[256];
	bool strict_dma;
};

/* @sysfs is "/sys", but in tests. -ENODEV: no driver is bound. */
int demo_bus_find(struct demo_bus *bus, const char *sysfs, const struct nova_device_info *info);
int demo_bus_unbind(const struct demo_bus *bus);
int demo_bus_bind(const struct demo_bus *bus);

#endif /* DEMO_BUS_H */
