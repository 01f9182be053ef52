// SPDX-License-Identifier: MIT
/*
 * What there is: the devices of this machine, their memory, engines, limits and clock.
 *
 *     cc query.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <nova.h>

#define DEVICES_MAX	16u

static int print_memory(struct nova_device *dev)
{
	struct nova_memory_region regions[NOVA_MEMORY_REGIONS_MAX];
	uint32_t count;
	int ret = nova_device_query_memory(dev, regions, &count);

	for (uint32_t i = 0; !ret && i < count; i++) {
		printf("  %s memory: %" PRIu64 " of %" PRIu64 " MiB in use\n",
		       regions[i].placement == NOVA_PLACEMENT_VRAM ? "video" : "system",
		       regions[i].used >> 20, regions[i].total >> 20);
	}
	return ret;
}

static int print_engines(struct nova_device *dev)
{
	struct nova_engine engines[NOVA_ENGINES_MAX];
	uint32_t count;
	int ret = nova_device_query_engines(dev, engines, &count);

	for (uint32_t i = 0; !ret && i < count; i++) {
		printf("  engine %u: type %u, class %#x\n", engines[i].index, engines[i].type,
		       engines[i].class_id);
	}
	return ret;
}

static int print_device(const struct nova_device_entry *entry)
{
	struct nova_device_info info;
	struct nova_limits limits;
	struct nova_device *dev;
	struct nova_time now;
	int ret = nova_device_open_path(entry->path, &dev);

	if (ret)
		return ret;
	ret = nova_device_query_info(dev, &info);
	if (!ret)
		ret = nova_device_query_limits(dev, &limits);
	if (!ret)
		ret = nova_device_get_time(dev, CLOCK_MONOTONIC, &now);
	if (!ret) {
		printf("%s, PCI %04x:%02x:%02x.%x: chip %#x revision %x.%x\n", entry->path,
		       entry->pci_domain, entry->pci_bus, entry->pci_device, entry->pci_function,
		       info.chip_id, info.revision_major, info.revision_minor);
		printf("  addresses of %u bits, a job may take %u ms\n", limits.va_bits,
		       limits.job_timeout_ms);
		printf("  GPU time %" PRIu64 " ns, read in %" PRIu64 " ns\n", now.gpu_ns,
		       now.duration_ns);
		ret = print_memory(dev);
	}
	if (!ret)
		ret = print_engines(dev);
	nova_device_close(dev);
	return ret;
}

int main(void)
{
	struct nova_device_entry entries[DEVICES_MAX];
	uint32_t count = DEVICES_MAX;
	int ret = nova_device_list(entries, &count);

	/* There can be more than there was room for. */
	if (count > DEVICES_MAX)
		count = DEVICES_MAX;
	for (uint32_t i = 0; !ret && i < count; i++)
		ret = print_device(&entries[i]);
	if (ret) {
		fprintf(stderr, "query: %s\n", strerror(-ret));
		return 1;
	}
	if (!count)
		printf("no nova device\n");
	return 0;
}
