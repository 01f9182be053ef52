// SPDX-License-Identifier: MIT
/* nova-info: what each nova device of this machine says about itself. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nova.h"

#define DEVICES_MAX	64u

static const char *placement_name(uint32_t placement)
{
	switch (placement) {
	case NOVA_PLACEMENT_VRAM:
		return "video";
	case NOVA_PLACEMENT_SYSTEM:
		return "system";
	default:
		return "unknown";
	}
}

static void print_info(const struct nova_device_info *info)
{
	printf("  PCI address   %04x:%02x:%02x.%x\n", info->pci_domain, info->pci_bus,
	       info->pci_device, info->pci_function);
	printf("  chip          %#x, revision %x.%x\n", info->chip_id, info->revision_major,
	       info->revision_minor);
	printf("  bound         %" PRIu64 " time%s\n", info->generation,
	       info->generation == 1 ? "" : "s");
	printf("  features      %#" PRIx64 "\n", info->features);
	printf("  VRAM window   %" PRIu64 " MiB\n", info->vram_bar_size >> 20);
}

static int print_memory(struct nova_device *dev)
{
	struct nova_memory_region regions[NOVA_MEMORY_REGIONS_MAX];
	uint32_t count;
	int ret = nova_device_query_memory(dev, regions, &count);

	for (uint32_t i = 0; !ret && i < count; i++)
		printf("  %-6s memory %" PRIu64 " MiB, %" PRIu64 " KiB used\n",
		       placement_name(regions[i].placement), regions[i].total >> 20,
		       regions[i].used >> 10);
	return ret;
}

static const char *engine_name(uint32_t type)
{
	switch (type) {
	case NOVA_ENGINE_COPY:
		return "copy";
	case NOVA_ENGINE_GRAPHICS:
		return "graphics";
	default:
		return "unknown";
	}
}

static int print_engines(struct nova_device *dev)
{
	struct nova_engine engines[NOVA_ENGINES_MAX];
	uint32_t count;
	int ret = nova_device_query_engines(dev, engines, &count);

	for (uint32_t i = 0; !ret && i < count; i++)
		printf("  engine %-2u     %s %u, class %04x, host class %04x, sub-channel %u\n",
		       engines[i].index, engine_name(engines[i].type),
		       engines[i].instance, engines[i].class_id, engines[i].host_class,
		       engines[i].subchannel);
	return ret;
}

static int print_limits(struct nova_device *dev)
{
	struct nova_limits limits;
	int ret = nova_device_query_limits(dev, &limits);

	if (ret)
		return ret;
	printf("  addresses     %u bits, pages of %u bytes, pushes below %#" PRIx64 "\n",
	       limits.va_bits, limits.page_size, limits.va_push_end);
	printf("  buffers       up to %" PRIu64 " MiB\n", limits.bo_size_max >> 20);
	printf("  per file      %u address spaces, %u queues of %u to %u entries\n",
	       limits.vms_max, limits.queues_max, limits.ring_size_min, limits.ring_size_max);
	printf("  per call      %u binds, %u jobs of %u pushes and %u syncs, %u KiB a push\n",
	       limits.bind_ops_max, limits.jobs_max, limits.pushes_max, limits.syncs_max,
	       limits.push_size_max >> 10);
	printf("  job timeout   %u ms\n", limits.job_timeout_ms);
	return 0;
}

static int print_time(struct nova_device *dev)
{
	struct nova_time time;
	int ret = nova_device_get_time(dev, CLOCK_REALTIME, &time);

	if (!ret)
		printf("  GPU time      %" PRIu64 " ns, %+.3f ms to the CPU's, known to %.3f ms\n",
		       time.gpu_ns, (double)(int64_t)(time.gpu_ns - time.cpu_ns) / 1e6,
		       (double)time.duration_ns / 1e6);
	return ret;
}

static int print_device(const char *path)
{
	struct nova_device_info info;
	struct nova_device *dev;
	int ret = nova_device_open_path(path, &dev);

	printf("%s\n", path);
	if (ret)
		return ret;
	ret = nova_device_query_info(dev, &info);
	if (!ret) {
		print_info(&info);
		ret = print_memory(dev);
	}
	if (!ret)
		ret = print_engines(dev);
	if (!ret)
		ret = print_limits(dev);
	if (!ret)
		ret = print_time(dev);
	nova_device_close(dev);
	return ret;
}

int main(int argc, char **argv)
{
	static struct nova_device_entry entries[DEVICES_MAX];
	uint32_t count = DEVICES_MAX;
	int failures = 0;
	int ret = 0;

	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		int help = argc == 2 && !strcmp(argv[1], "--help");

		fputs("usage: nova-info [NODE]\nSays what the nova device at NODE, or each one, is.\n",
		      help ? stdout : stderr);
		return help ? EXIT_SUCCESS : 2;
	}
	if (argc == 2) {
		snprintf(entries[0].path, sizeof(entries[0].path), "%s", argv[1]);
		count = 1;
	} else {
		ret = nova_device_list(entries, &count);
	}
	if (ret || !count) {
		fprintf(stderr, "nova-info: %s\n", ret ? strerror(-ret) :
			"no nova device; are the modules loaded?");
		return EXIT_FAILURE;
	}
	for (uint32_t i = 0; i < count && i < DEVICES_MAX; i++) {
		ret = print_device(entries[i].path);
		if (ret)
			fprintf(stderr, "nova-info: %s: %s\n", entries[i].path,
				ret == -EOPNOTSUPP ? "not a nova device" : strerror(-ret));
		failures += !!ret;
	}
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
