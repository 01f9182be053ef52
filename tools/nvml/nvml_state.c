// SPDX-License-Identifier: MIT
/* Devices and readings; nvmlInit() and nvmlShutdown(), which make and forget them. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nvml_state.h"

/* NVML's own samples are as far apart, on the GPUs where it takes them most often. */
#define PERIOD_NS	(1000000000ull / 6)
/* Unit tests have their own. */
#ifndef NVML_PROC
#define NVML_PROC	"/proc"
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct nvml_state state;

static nvmlReturn_t result(int error)
{
	switch (error) {
	case 0:
		return NVML_SUCCESS;
	case -ENODEV:
	case -ENOENT:
	case -EOPNOTSUPP:
		return NVML_ERROR_GPU_IS_LOST;
	case -EACCES:
	case -EPERM:
		return NVML_ERROR_NO_PERMISSION;
	case -ENOMEM:
		return NVML_ERROR_MEMORY;
	default:
		return NVML_ERROR_UNKNOWN;
	}
}

/* --- devices --- */

static uint32_t pci_attribute(const char *pdev, const char *name)
{
	char path[96];
	uint32_t value = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", pdev, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%x", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

static int query_vram(struct nova_device *dev, uint64_t *total, uint64_t *used)
{
	struct nova_memory_region regions[NOVA_MEMORY_REGIONS_MAX];
	uint32_t count = 0;
	int ret = nova_device_query_memory(dev, regions, &count);

	for (uint32_t i = 0; !ret && i < count; i++) {
		if (regions[i].placement != NOVA_PLACEMENT_VRAM)
			continue;
		*total = regions[i].total;
		*used = regions[i].used;
	}
	return ret;
}

static bool same_place(const struct nova_device_entry *entry, const struct nova_device_info *info)
{
	return entry->pci_domain == info->pci_domain && entry->pci_bus == info->pci_bus &&
	       entry->pci_device == info->pci_device && entry->pci_function == info->pci_function;
}

/* Asks a device once; the first time it becomes what it is. */
static int look_at(struct nvmlDevice_st *device, bool first)
{
	struct nova_device_info info;
	struct nova_device *dev;
	int ret = nova_device_open_path(device->entry.path, &dev);

	if (ret)
		return ret;
	ret = nova_device_query_info(dev, &info);
	if (!ret && (!same_place(&device->entry, &info) ||
		     (!first && device->generation != info.generation)))
		ret = -ENODEV;
	if (!ret)
		ret = query_vram(dev, &device->vram_total, &device->vram_used);
	if (!ret && first) {
		device->chip_id = info.chip_id;
		device->generation = info.generation;
	}
	nova_device_close(dev);
	return ret;
}

static void init_device(struct nvmlDevice_st *device, unsigned int index,
			const struct nova_device_entry *entry)
{
	device->index = index;
	device->entry = *entry;
	snprintf(device->pdev, sizeof(device->pdev), "%04x:%02x:%02x.%x", entry->pci_domain,
		 entry->pci_bus, entry->pci_device, entry->pci_function);
	device->pci_id = pci_attribute(device->pdev, "device") << 16 |
			 pci_attribute(device->pdev, "vendor");
	device->pci_subsystem_id = pci_attribute(device->pdev, "subsystem_device") << 16 |
				   pci_attribute(device->pdev, "subsystem_vendor");
	device->status = result(look_at(device, true));
}

static int list_devices(struct nova_device_entry **entries, uint32_t *count)
{
	uint32_t room = 0;
	int ret = nova_device_list(NULL, &room);

	if (ret)
		return ret;
	*entries = calloc(room + 1, sizeof(**entries));
	if (!*entries)
		return -ENOMEM;
	*count = room;
	ret = nova_device_list(*entries, count);
	if (*count > room)	/* one came meanwhile */
		*count = room;
	if (ret)
		free(*entries);
	return ret;
}

static nvmlReturn_t init_devices(void)
{
	struct nova_device_entry *entries;
	uint32_t count;
	int ret = list_devices(&entries, &count);

	if (ret)
		return result(ret);
	if (!count) {
		free(entries);
		return NVML_ERROR_DRIVER_NOT_LOADED;
	}
	state.devices = calloc(count, sizeof(*state.devices));
	for (uint32_t i = 0; state.devices && i < count; i++)
		init_device(&state.devices[i], i, &entries[i]);
	state.device_count = count;
	free(entries);
	return state.devices ? NVML_SUCCESS : NVML_ERROR_MEMORY;
}

/* --- samples --- */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int take_reading(void)
{
	struct nvml_reading reading;
	int ret = nvml_clients_read(NVML_PROC, clock_ns(CLOCK_MONOTONIC), &reading);

	if (ret)
		return ret;
	nvml_clients_free(&state.before);
	state.before = state.now;
	state.now = reading;
	state.wall_us = clock_ns(CLOCK_REALTIME) / 1000;
	return 0;
}

static void wait_until(uint64_t ns)
{
	struct timespec when = {
		.tv_sec = (time_t)(ns / 1000000000u),
		.tv_nsec = (long)(ns % 1000000000u),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		continue;
}

nvmlReturn_t nvml_state_sample(struct nvml_state *locked, nvmlDevice_t device, bool rate)
{
	uint64_t due = locked->now.time_ns + PERIOD_NS;
	int ret;

	if (device->status == NVML_ERROR_GPU_IS_LOST)
		return device->status;
	if (rate && !locked->before.time_ns)
		wait_until(due);
	if (clock_ns(CLOCK_MONOTONIC) < due)
		return device->status;
	ret = take_reading();
	if (ret)
		return result(ret);
	for (unsigned int i = 0; i < locked->device_count; i++) {
		struct nvmlDevice_st *each = &locked->devices[i];

		if (each->status != NVML_ERROR_GPU_IS_LOST)
			each->status = result(look_at(each, false));
	}
	return device->status;
}

/* --- the state --- */

static void forget(void)
{
	nvml_clients_free(&state.before);
	nvml_clients_free(&state.now);
	free(state.devices);
	state = (struct nvml_state){ 0 };
}

nvmlReturn_t nvmlInit_v2(void)
{
	nvmlReturn_t ret = NVML_SUCCESS;

	pthread_mutex_lock(&lock);
	if (!state.users) {
		ret = init_devices();
		if (!ret)
			ret = result(take_reading());
	}
	if (!ret)
		state.users++;
	else if (!state.users)
		forget();
	pthread_mutex_unlock(&lock);
	return ret;
}

nvmlReturn_t nvmlInit(void)
{
	return nvmlInit_v2();
}

nvmlReturn_t nvmlShutdown(void)
{
	struct nvml_state *locked;
	nvmlReturn_t ret = nvml_state_enter(&locked);

	if (!ret && !--locked->users)
		forget();
	nvml_state_exit();
	return ret;
}

nvmlReturn_t nvml_state_enter(struct nvml_state **locked)
{
	pthread_mutex_lock(&lock);
	*locked = &state;
	return state.users ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

void nvml_state_exit(void)
{
	pthread_mutex_unlock(&lock);
}

nvmlReturn_t nvml_state_enter_device(nvmlDevice_t device, struct nvml_state **locked)
{
	nvmlReturn_t ret = nvml_state_enter(locked);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < state.device_count; i++)
		if (device == &state.devices[i])
			return NVML_SUCCESS;
	return NVML_ERROR_INVALID_ARGUMENT;
}
