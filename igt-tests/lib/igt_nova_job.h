/* SPDX-License-Identifier: MIT */
/* Jobs for tests: push buffers of Host and copy-engine methods, and their submission. */
#ifndef IGT_NOVA_JOB_H
#define IGT_NOVA_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "nova_drm.h"

#include "igt_nova.h"

/**
 * struct igt_nova_client - one open file with an address space and room for pushes
 * @fd: the file
 * @vm: its VM
 * @va_next: next free address of the VM; addresses are not reused
 * @va_end: end of what may be bound
 * @pushes: buffer the pushes are written to
 * @pushes_used: bytes of it
 */
struct igt_nova_client {
	int fd;
	uint32_t vm;
	uint64_t va_next;
	uint64_t va_end;
	struct igt_nova_bo pushes;
	uint32_t pushes_used;
};

/**
 * struct igt_nova_push - a push-buffer segment while it is written
 * @at: where the next dword goes
 * @end: end of the room
 * @va: GPU address of the first dword
 * @length: bytes written
 */
struct igt_nova_push {
	uint32_t *at;
	uint32_t *end;
	uint64_t va;
	uint32_t length;
};

void igt_nova_client_init(struct igt_nova_client *client, int fd);	/* takes the file over */
void igt_nova_client_open(struct igt_nova_client *client);		/* first device, skips */
void igt_nova_client_close(struct igt_nova_client *client);
/* A buffer that is mapped for the CPU and bound in the client's VM. */
void igt_nova_client_bo(struct igt_nova_client *client, struct igt_nova_bo *bo, uint64_t size,
			uint32_t placement);
uint64_t igt_nova_client_va(struct igt_nova_client *client, uint64_t size);
uint32_t igt_nova_client_queue(struct igt_nova_client *client, uint32_t engine);
/* One whose jobs get IGT_NOVA_LIMIT_SHORT, for a job that does not end. */
uint32_t igt_nova_client_short_queue(struct igt_nova_client *client, uint32_t engine);
/* Copy engines, which come first: those that the jobs below are for. */
uint32_t igt_nova_engine_count(int fd);
/* Index of the first engine of that type; skips where there is none. */
uint32_t igt_nova_engine_of(int fd, uint32_t type);

/* Starts a segment with room for @dwords in the client's push buffer. */
void igt_nova_push_begin(struct igt_nova_client *client, struct igt_nova_push *push,
			 uint32_t dwords);
void igt_nova_push_dword(struct igt_nova_push *push, uint32_t value);
void igt_nova_push_host(struct igt_nova_push *push, uint32_t method, uint32_t value);
void igt_nova_push_ce(struct igt_nova_push *push, uint32_t method, uint32_t value);
void igt_nova_push_copy(struct igt_nova_push *push, uint64_t to, uint64_t from, uint32_t size);
void igt_nova_push_fill(struct igt_nova_push *push, uint64_t to, uint32_t value, uint32_t dwords);
/* Semaphores of Host; the release waits for the engine. */
void igt_nova_push_release(struct igt_nova_push *push, uint64_t va, uint32_t payload);
void igt_nova_push_acquire(struct igt_nova_push *push, uint64_t va, uint32_t payload);
/*
 * Releases the fence semaphore of the VM's first queue, if its ring is one page, and interrupts: it
 * is where the client's jobs can write. So a job's fence may come before the job is done.
 */
void igt_nova_push_forged_fence(struct igt_nova_client *client, struct igt_nova_push *push);
void igt_nova_push_illegal(struct igt_nova_push *push);

struct drm_nova_sync igt_nova_wait_for(uint32_t handle, uint64_t point);
struct drm_nova_sync igt_nova_signal(uint32_t handle, uint64_t point);

int igt_nova_exec(int fd, uint32_t queue, struct drm_nova_job *jobs, uint32_t count);
/* One job: one segment (NULL: an empty job) and its syncs. 0 or -errno. */
int igt_nova_submit(int fd, uint32_t queue, const struct igt_nova_push *push,
		    struct drm_nova_sync *syncs, uint32_t count);
/* The same with a new binary syncobj as output, which is returned. */
uint32_t igt_nova_submit_fence(int fd, uint32_t queue, const struct igt_nova_push *push);
/* ... and waited for: 1, or the fence's negative error. */
int igt_nova_submit_wait(int fd, uint32_t queue, const struct igt_nova_push *push);

/* Keeps the engine busy for a while with copies within the buffer, and waits for their end. */
void igt_nova_client_work(struct igt_nova_client *client, struct igt_nova_bo *bo, uint32_t queue);

/* Fills and copies with the GPU on every copy engine and compares; leaves the file as it was. */
void igt_nova_check_works(int fd);

#endif /* IGT_NOVA_JOB_H */
