/* SPDX-License-Identifier: MIT */
/* Who uses how much of a device: the difference of two readings. */
#ifndef NVML_USAGE_H
#define NVML_USAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "nvml_clients.h"

/**
 * struct nvml_process - a process that has a device open
 * @pid: its number
 * @vram: bytes its clients have in video memory; what two of them share counts twice
 * @graphics: it has had time of a graphics engine
 * @busy: percent of the time, see nvml_usage_device()
 */
struct nvml_process {
	unsigned int pid;
	uint64_t vram;
	bool graphics;
	unsigned int busy;
};

/**
 * nvml_usage_device() - how busy a device was between two readings
 * @before: the older one; when there is none, nothing is busy
 * @now: the newer one
 * @pdev: the device
 *
 * Engines work side by side, and NVML has one number for them all: it is the busiest engine's,
 * whose share is the time of all clients by the time that has passed, at most 100. A job's time is
 * told when the job ends, so of jobs that take longer than readings are apart an engine can seem
 * to have had more than there was.
 */
unsigned int nvml_usage_device(const struct nvml_reading *before, const struct nvml_reading *now,
			       const char *pdev);

/**
 * nvml_usage_processes() - the same of each process that has clients of a device
 * @before: as there
 * @now: as there
 * @pdev: the device
 * @processes: out, in order of their numbers; free(3) it
 * @count: out, elements of it
 *
 * Returns 0 or -ENOMEM.
 */
int nvml_usage_processes(const struct nvml_reading *before, const struct nvml_reading *now,
			 const char *pdev, struct nvml_process **processes, size_t *count);

#endif /* NVML_USAGE_H */
