/* SPDX-License-Identifier: MIT */
/* What the library knows between two calls: devices, and the last two readings of their clients. */
#ifndef NVML_STATE_H
#define NVML_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "nova_device.h"
#include "nvml.h"
#include "nvml_clients.h"

/**
 * struct nvmlDevice_st - a device
 * @index: its number
 * @entry: where it is
 * @pdev: its PCI address, as fdinfo has it
 * @chip_id: what it is
 * @generation: how often it was bound, so another time is another device
 * @pci_id: device << 16 | vendor
 * @pci_subsystem_id: the same of the subsystem
 * @vram_total: bytes of video memory
 * @vram_used: what was in use at the last sample
 * @status: what the last sample said of it; once NVML_ERROR_GPU_IS_LOST, always
 */
struct nvmlDevice_st {
	unsigned int index;
	struct nova_device_entry entry;
	char pdev[24];
	uint32_t chip_id;
	uint64_t generation;
	uint32_t pci_id;
	uint32_t pci_subsystem_id;
	uint64_t vram_total;
	uint64_t vram_used;
	nvmlReturn_t status;
};

/**
 * struct nvml_state - all of it
 * @users: nvmlInit() without nvmlShutdown()
 * @devices: all there were at the first of these
 * @device_count: elements of it
 * @before: the reading before the last, or none
 * @now: the last reading of clients
 * @wall_us: when that was, us since 1970
 */
struct nvml_state {
	unsigned int users;
	struct nvmlDevice_st *devices;
	unsigned int device_count;
	struct nvml_reading before;
	struct nvml_reading now;
	uint64_t wall_us;
};

/* The state, locked, if the library is initialised; nvml_state_exit() in any case. */
nvmlReturn_t nvml_state_enter(struct nvml_state **state);
void nvml_state_exit(void);

/* The same for a function of a device, which must be one of them. */
nvmlReturn_t nvml_state_enter_device(nvmlDevice_t device, struct nvml_state **state);

/**
 * nvml_state_sample() - make what is known of a device new enough
 * @state: locked
 * @device: the device
 * @rate: there must be two readings
 *
 * Readings are at least 1/6 s apart, so all functions that a tool calls one after the other tell of
 * the same time, and one look at /proc is enough for them. Only the first rate ever, just behind
 * nvmlInit(), is waited for.
 * The device is asked by its node, which is closed again at once: so the caller does not become a
 * client himself. None of this wakes the device up.
 */
nvmlReturn_t nvml_state_sample(struct nvml_state *state, nvmlDevice_t device, bool rate);

#endif /* NVML_STATE_H */
