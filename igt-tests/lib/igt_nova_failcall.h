/* SPDX-License-Identifier: MIT */
/* A client whose calls fail for want of memory, and what must hold after each of them. */
#ifndef IGT_NOVA_FAILCALL_H
#define IGT_NOVA_FAILCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "igt_nova.h"
#include "igt_nova_failnth.h"
#include "igt_nova_job.h"

/**
 * struct igt_nova_level - what is in use
 * @handle: the GEM handle that would be given out next
 * @vm: the VM id
 * @queue: the queue id
 * @vram: bytes of video memory, of all clients
 * @system: bytes of system memory
 * @files: open files of this process
 */
struct igt_nova_level {
	uint32_t handle;
	uint32_t vm;
	uint32_t queue;
	uint64_t vram;
	uint64_t system;
	size_t files;
};

/**
 * struct igt_nova_failbench - a client and what its calls are about
 * @client: the client
 * @queue: its queue
 * @bo: bound buffer in video memory, which jobs fill
 * @push: a fill of @bo
 * @value: what it is filled with
 * @binary: syncobj, signalled
 * @timeline: syncobj
 * @point: its last point
 * @second: file of another device, or -1
 * @level: before the calls
 * @handle: the rest is the case's own: a buffer
 * @id: an object
 * @fd: a file
 * @va: an address or offset
 * @map: a mapping
 * @node: path of a node
 */
struct igt_nova_failbench {
	struct igt_nova_client client;
	uint32_t queue;
	struct igt_nova_bo bo;
	struct igt_nova_push push;
	uint32_t value;
	uint32_t binary;
	uint32_t timeline;
	uint64_t point;
	int second;
	struct igt_nova_level level;
	uint32_t handle;
	uint32_t id;
	int fd;
	uint64_t va;
	void *map;
	char node[64];
};

/**
 * struct igt_nova_failcall - a case; its functions get a struct igt_nova_failbench
 * @fail: the call
 * @request: the driver's ioctl that it is about, 0 if it is another call
 * @describe: for the list of subtests
 * @orphans: it makes an object; if its answer does not reach the client, the object stays with the
 *           file until that is closed
 */
struct igt_nova_failcall {
	struct igt_nova_failnth fail;
	unsigned long request;
	const char *describe;
	bool orphans;
};

/*
 * A subtest per case; after each failed call a job is right and nothing more is in use. The
 * device is unbound after each case: the next igt_nova_unplug_begin() binds it, or a last
 * igt_nova_replug().
 */
void igt_nova_failcall_run(const struct igt_nova_failcall *calls, size_t count);

/* No retry, as fail-nth has nothing left for a second attempt. 0 or -errno. */
int igt_nova_ioctl_once(int fd, unsigned long request, void *arg);
/* Puts the fill of a new value into the bench's push. */
void igt_nova_failbench_write(struct igt_nova_failbench *bench);
/* Queues it on a new queue, with the binary syncobj as output; the queue's id is in bench->id. */
void igt_nova_failbench_submit(struct igt_nova_failbench *bench);
/* Closes bench->handle, if there is one. */
void igt_nova_failbench_close_handle(struct igt_nova_failbench *bench);

#endif /* IGT_NOVA_FAILCALL_H */
