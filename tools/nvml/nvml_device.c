// SPDX-License-Identifier: MIT
/* What a device is, and how much of its memory is in use. */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "nvml_state.h"
#include "nvml_usage.h"

const char *nvmlErrorString(nvmlReturn_t result)
{
	switch (result) {
	case NVML_SUCCESS:
		return "no error";
	case NVML_ERROR_UNINITIALIZED:
		return "nvmlInit() was not called";
	case NVML_ERROR_INVALID_ARGUMENT:
		return "an argument is wrong";
	case NVML_ERROR_NOT_SUPPORTED:
		return "the device cannot tell";
	case NVML_ERROR_NO_PERMISSION:
		return "no permission to open the device";
	case NVML_ERROR_NOT_FOUND:
		return "there is nothing new";
	case NVML_ERROR_INSUFFICIENT_SIZE:
		return "the buffer is too small";
	case NVML_ERROR_DRIVER_NOT_LOADED:
		return "the driver has no device";
	case NVML_ERROR_GPU_IS_LOST:
		return "the device has gone";
	case NVML_ERROR_MEMORY:
		return "no memory";
	case NVML_ERROR_ARGUMENT_VERSION_MISMATCH:
		return "no such version of this structure";
	case NVML_ERROR_UNKNOWN:
		break;
	}
	return "unknown error";
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count)
{
	struct nvml_state *state;
	nvmlReturn_t ret = nvml_state_enter(&state);

	if (!ret && !count)
		ret = NVML_ERROR_INVALID_ARGUMENT;
	if (!ret)
		*count = state->device_count;
	nvml_state_exit();
	return ret;
}

nvmlReturn_t nvmlDeviceGetCount(unsigned int *count)
{
	return nvmlDeviceGetCount_v2(count);
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
	struct nvml_state *state;
	nvmlReturn_t ret = nvml_state_enter(&state);

	if (!ret && (!device || index >= state->device_count))
		ret = NVML_ERROR_INVALID_ARGUMENT;
	if (!ret && state->devices[index].status == NVML_ERROR_GPU_IS_LOST)
		ret = NVML_ERROR_GPU_IS_LOST;
	if (!ret)
		*device = &state->devices[index];
	nvml_state_exit();
	return ret;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t *device)
{
	return nvmlDeviceGetHandleByIndex_v2(index, device);
}

nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int *index)
{
	struct nvml_state *state;
	nvmlReturn_t ret = nvml_state_enter_device(device, &state);

	if (!ret && !index)
		ret = NVML_ERROR_INVALID_ARGUMENT;
	if (!ret)
		*index = device->index;
	nvml_state_exit();
	return ret;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length)
{
	struct nvml_state *state;
	nvmlReturn_t ret = nvml_state_enter_device(device, &state);
	char text[64];
	int needed;

	if (!ret && !name)
		ret = NVML_ERROR_INVALID_ARGUMENT;
	if (!ret) {
		needed = snprintf(text, sizeof(text), "Nova GPU, chip %#x", device->chip_id);
		if ((unsigned int)needed < length)
			memcpy(name, text, (size_t)needed + 1);
		else
			ret = NVML_ERROR_INSUFFICIENT_SIZE;
	}
	nvml_state_exit();
	return ret;
}

static nvmlReturn_t get_pci(nvmlDevice_t device, const void *answer, nvmlPciInfo_v3_t *pci)
{
	struct nvml_state *state;
	nvmlReturn_t ret = nvml_state_enter_device(device, &state);
	const struct nova_device_entry *entry;

	if (!ret && !answer)
		ret = NVML_ERROR_INVALID_ARGUMENT;
	if (!ret) {
		entry = &device->entry;
		*pci = (nvmlPciInfo_v3_t){
			.domain = entry->pci_domain,
			.bus = entry->pci_bus,
			.device = entry->pci_device,
			.pci_device_id = device->pci_id,
			.pci_subsystem_id = device->pci_subsystem_id,
		};
		/* Of a larger domain the old form has the last digits only. */
		snprintf(pci->bus_id_legacy, sizeof(pci->bus_id_legacy), "%04X:%02X:%02X.%X",
			 entry->pci_domain & 0xffff, entry->pci_bus & 0xff,
			 entry->pci_device & 0x1f, entry->pci_function & 0x7);
		snprintf(pci->bus_id, sizeof(pci->bus_id), "%08X:%02X:%02X.%X", entry->pci_domain,
			 entry->pci_bus, entry->pci_device, entry->pci_function);
	}
	nvml_state_exit();
	return ret;
}

nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_v3_t *pci)
{
	nvmlPciInfo_v3_t all;
	nvmlReturn_t ret = get_pci(device, pci, &all);

	if (!ret)
		*pci = all;
	return ret;
}

nvmlReturn_t nvmlDeviceGetPciInfo_v2(nvmlDevice_t device, nvmlPciInfo_v2_t *pci)
{
	nvmlPciInfo_v3_t all;
	nvmlReturn_t ret = get_pci(device, pci, &all);

	if (ret)
		return ret;
	*pci = (nvmlPciInfo_v2_t){
		.domain = all.domain,
		.bus = all.bus,
		.device = all.device,
		.pci_device_id = all.pci_device_id,
		.pci_subsystem_id = all.pci_subsystem_id,
	};
	memcpy(pci->bus_id, all.bus_id_legacy, sizeof(pci->bus_id));
	return ret;
}

/* The second form is the first and more. */
static_assert(offsetof(nvmlPciInfo_v2_t, pci_subsystem_id) == sizeof(nvmlPciInfo_v1_t),
	      "the first form is a part of the second");

nvmlReturn_t nvmlDeviceGetPciInfo(nvmlDevice_t device, nvmlPciInfo_v1_t *pci)
{
	nvmlPciInfo_v2_t all;
	nvmlReturn_t ret = nvmlDeviceGetPciInfo_v2(device, pci ? &all : NULL);

	if (!ret)
		memcpy(pci, &all, sizeof(*pci));
	return ret;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_v1_t *memory)
{
	struct nvml_state *state;
	nvmlReturn_t ret = nvml_state_enter_device(device, &state);

	if (!ret && !memory)
		ret = NVML_ERROR_INVALID_ARGUMENT;
	if (!ret)
		ret = nvml_state_sample(state, device, false);
	if (!ret)
		*memory = (nvmlMemory_v1_t){
			.total = device->vram_total,
			.free = device->vram_total - device->vram_used,
			.used = device->vram_used,
		};
	nvml_state_exit();
	return ret;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	nvmlMemory_v1_t all;
	nvmlReturn_t ret = nvmlDeviceGetMemoryInfo(device, memory ? &all : NULL);

	if (ret)
		return ret;
	if (memory->version != NVML_MEMORY_V2)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	*memory = (nvmlMemory_v2_t){
		.version = NVML_MEMORY_V2,
		.total = all.total,
		.free = all.free,
		.used = all.used,
	};
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *rates)
{
	struct nvml_state *state;
	nvmlReturn_t ret = nvml_state_enter_device(device, &state);

	if (!ret && !rates)
		ret = NVML_ERROR_INVALID_ARGUMENT;
	if (!ret)
		ret = nvml_state_sample(state, device, true);
	if (!ret)
		*rates = (nvmlUtilization_t){
			.gpu = nvml_usage_device(&state->before, &state->now, device->pdev),
		};
	nvml_state_exit();
	return ret;
}
