// SPDX-License-Identifier: MIT
/* Lists of processes, in the three forms there are. */
#include <stdlib.h>

#include "nvml_state.h"
#include "nvml_usage.h"

/* Processes of one kind; NULL and 0 with an error. */
struct list {
	struct nvml_process *processes;
	size_t count;
};

enum kind {
	COMPUTE,
	GRAPHICS,
	MPS,
};

static bool is_of(const struct nvml_process *process, enum kind kind)
{
	return kind != MPS && process->graphics == (kind == GRAPHICS);
}

/* What clients share counts twice, but tools take more than there is for an error of theirs. */
static void limit_vram(const struct list *list, uint64_t total)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->processes[i].vram > total)
			list->processes[i].vram = total;
}

static nvmlReturn_t get_all(nvmlDevice_t device, bool rate, struct list *list, uint64_t *wall_us)
{
	struct nvml_state *state;
	nvmlReturn_t ret = nvml_state_enter_device(device, &state);

	if (!ret)
		ret = nvml_state_sample(state, device, rate);
	if (!ret && nvml_usage_processes(&state->before, &state->now, device->pdev,
					 &list->processes, &list->count))
		ret = NVML_ERROR_MEMORY;
	if (!ret)
		limit_vram(list, device->vram_total);
	*wall_us = state->wall_us;
	nvml_state_exit();
	return ret;
}

/* The list of a kind, if there is room for @count of it; what there is in @count. */
static nvmlReturn_t get_list(nvmlDevice_t device, enum kind kind, unsigned int *count,
			     const void *infos, struct list *list)
{
	uint64_t wall_us;
	size_t kept = 0;
	nvmlReturn_t ret;

	*list = (struct list){ 0 };
	if (!count || (*count && !infos)) {
		struct nvml_state *state;

		ret = nvml_state_enter_device(device, &state);
		nvml_state_exit();
		return ret ? ret : NVML_ERROR_INVALID_ARGUMENT;
	}
	ret = get_all(device, false, list, &wall_us);
	if (ret)
		return ret;
	for (size_t i = 0; i < list->count; i++)
		if (is_of(&list->processes[i], kind))
			list->processes[kept++] = list->processes[i];
	list->count = kept;
	if (kept > *count) {
		free(list->processes);
		*list = (struct list){ 0 };
		ret = NVML_ERROR_INSUFFICIENT_SIZE;
	}
	*count = (unsigned int)kept;
	return ret;
}

static nvmlReturn_t get_v1(nvmlDevice_t device, enum kind kind, unsigned int *count,
			   nvmlProcessInfo_v1_t *infos)
{
	struct list list;
	nvmlReturn_t ret = get_list(device, kind, count, infos, &list);

	for (size_t i = 0; i < list.count; i++)
		infos[i] = (nvmlProcessInfo_v1_t){
			.pid = list.processes[i].pid,
			.used_gpu_memory = list.processes[i].vram,
		};
	free(list.processes);
	return ret;
}

static nvmlReturn_t get_v2(nvmlDevice_t device, enum kind kind, unsigned int *count,
			   nvmlProcessInfo_v2_t *infos)
{
	struct list list;
	nvmlReturn_t ret = get_list(device, kind, count, infos, &list);

	for (size_t i = 0; i < list.count; i++)
		infos[i] = (nvmlProcessInfo_v2_t){
			.pid = list.processes[i].pid,
			.used_gpu_memory = list.processes[i].vram,
			.gpu_instance_id = NVML_NO_INSTANCE,
			.compute_instance_id = NVML_NO_INSTANCE,
		};
	free(list.processes);
	return ret;
}

nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses(nvmlDevice_t device, unsigned int *count,
						   nvmlProcessInfo_v1_t *infos)
{
	return get_v1(device, GRAPHICS, count, infos);
}

nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v2(nvmlDevice_t device, unsigned int *count,
						      nvmlProcessInfo_v2_t *infos)
{
	return get_v2(device, GRAPHICS, count, infos);
}

nvmlReturn_t nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
						      nvmlProcessInfo_v2_t *infos)
{
	return get_v2(device, GRAPHICS, count, infos);
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned int *count,
						  nvmlProcessInfo_v1_t *infos)
{
	return get_v1(device, COMPUTE, count, infos);
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned int *count,
						     nvmlProcessInfo_v2_t *infos)
{
	return get_v2(device, COMPUTE, count, infos);
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
						     nvmlProcessInfo_v2_t *infos)
{
	return get_v2(device, COMPUTE, count, infos);
}

nvmlReturn_t nvmlDeviceGetMPSComputeRunningProcesses(nvmlDevice_t device, unsigned int *count,
						     nvmlProcessInfo_v1_t *infos)
{
	return get_v1(device, MPS, count, infos);
}

nvmlReturn_t nvmlDeviceGetMPSComputeRunningProcesses_v2(nvmlDevice_t device, unsigned int *count,
							nvmlProcessInfo_v2_t *infos)
{
	return get_v2(device, MPS, count, infos);
}

nvmlReturn_t nvmlDeviceGetMPSComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
							nvmlProcessInfo_v2_t *infos)
{
	return get_v2(device, MPS, count, infos);
}

nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device,
					     nvmlProcessUtilizationSample_t *samples,
					     unsigned int *count, unsigned long long last_seen)
{
	struct list list = { 0 };
	unsigned int room = count && samples ? *count : 0;
	uint64_t wall_us;
	nvmlReturn_t ret = get_all(device, true, &list, &wall_us);

	if (!ret && !count)
		ret = NVML_ERROR_INVALID_ARGUMENT;
	if (!ret && (!list.count || wall_us <= last_seen))
		ret = NVML_ERROR_NOT_FOUND;
	if (!ret) {
		*count = (unsigned int)list.count;
		if (room < list.count)
			ret = NVML_ERROR_INSUFFICIENT_SIZE;
	}
	for (size_t i = 0; !ret && i < list.count; i++)
		samples[i] = (nvmlProcessUtilizationSample_t){
			.pid = list.processes[i].pid,
			.time_stamp = wall_us,
			.sm_util = list.processes[i].busy,
		};
	free(list.processes);
	return ret;
}
