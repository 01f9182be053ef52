/* SPDX-License-Identifier: MIT */
/* Clients of the driver, as /proc has them: the kernel's Documentation/gpu/drm-usage-stats.rst. */
#ifndef NVML_CLIENTS_H
#define NVML_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

#define NVML_CLIENT_ENGINES	8u

/**
 * struct nvml_engine_time - what a client has had of an engine
 * @name: of the engine, "copy0"
 * @ns: time
 */
struct nvml_engine_time {
	char name[16];
	uint64_t ns;
};

/**
 * struct nvml_client - an open file of the driver
 * @pdev: PCI address of the device, "0000:01:00.0"
 * @id: number of the client; no two of a device have the same, ever
 * @pid: process that has it open; of several, the one with the lowest number
 * @vram: bytes that it has in video memory
 * @engines: its time
 * @engine_count: elements of it
 */
struct nvml_client {
	char pdev[24];
	uint64_t id;
	unsigned int pid;
	uint64_t vram;
	struct nvml_engine_time engines[NVML_CLIENT_ENGINES];
	unsigned int engine_count;
};

/**
 * struct nvml_reading - all clients there are at some time
 * @time_ns: when, CLOCK_MONOTONIC; 0 is never
 * @clients: in order of device and number, each once
 * @count: elements of it
 */
struct nvml_reading {
	uint64_t time_ns;
	struct nvml_client *clients;
	size_t count;
};

/**
 * nvml_clients_parse() - what an fdinfo says
 * @text: all of it
 * @client: out, all but the process
 *
 * Keys that are not known, and lines that make no sense, are as if they were not there.
 * Returns 0, or -ENOENT when it is no client of the driver's, or one whose device has gone.
 */
int nvml_clients_parse(const char *text, struct nvml_client *client);

/**
 * nvml_clients_read() - look at all processes
 * @proc: where procfs is
 * @time_ns: what time it is
 * @reading: out; nvml_clients_free() it
 *
 * Processes that go meanwhile, or belong to others, are passed over. Nothing is opened but files of
 * procfs, so no device wakes up.
 * Returns 0, -ENOMEM or what opendir(3) says of @proc.
 */
int nvml_clients_read(const char *proc, uint64_t time_ns, struct nvml_reading *reading);

void nvml_clients_free(struct nvml_reading *reading);

/* The client with the number that @client has, or NULL. */
const struct nvml_client *nvml_clients_find(const struct nvml_reading *reading,
					    const struct nvml_client *client);

#endif /* NVML_CLIENTS_H */
