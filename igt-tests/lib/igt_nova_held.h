/* SPDX-License-Identifier: MIT */
/* A client whose jobs can be held back, to see what waits for them. */
#ifndef IGT_NOVA_HELD_H
#define IGT_NOVA_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "nova_drm.h"

#include "igt_nova.h"
#include "igt_nova_job.h"

#define IGT_NOVA_HELD_QUEUES	4
/* What the job of a queue writes. */
#define IGT_NOVA_HELD_VALUE(queue)	(0x600d0000u + (queue))
/* Dwords of the buffer: a result of each queue, and a page for the test. */
#define IGT_NOVA_HELD_RESULT(queue)	(256 + (queue))
#define IGT_NOVA_HELD_FREE		1024

/**
 * struct igt_nova_held - the client
 * @client: file and VM
 * @queue: the even ones on the first engine, the odd ones on the last
 * @bo: a semaphore for each queue, and results
 */
struct igt_nova_held {
	struct igt_nova_client client;
	uint32_t queue[IGT_NOVA_HELD_QUEUES];
	struct igt_nova_bo bo;
};

void igt_nova_held_init(struct igt_nova_held *held, int fd);	/* takes the file over */
void igt_nova_held_open(struct igt_nova_held *held);		/* first device, skips */
void igt_nova_held_close(struct igt_nova_held *held);
uint32_t igt_nova_held_syncobj(struct igt_nova_held *held);
/* Address of a dword of the buffer. */
uint64_t igt_nova_held_va(struct igt_nova_held *held, uint32_t dword);

/* --- jobs, and binds --- */

/* A job that begins with a wait for the queue's gate. */
void igt_nova_held_push(struct igt_nova_held *held, unsigned int queue,
			struct igt_nova_push *push);
/* Such a job, which writes the queue's result. */
void igt_nova_hold(struct igt_nova_held *held, unsigned int queue, struct drm_nova_sync *syncs,
		   uint32_t count);
/* The same with a new binary syncobj, which is returned. */
uint32_t igt_nova_hold_fence(struct igt_nova_held *held, unsigned int queue);
/* Opens the queue's gate, for good. */
void igt_nova_release(struct igt_nova_held *held, unsigned int queue);
/* A job that is empty: 0 or -errno. */
int igt_nova_held_exec(struct igt_nova_held *held, unsigned int queue,
		       struct drm_nova_sync *syncs, uint32_t count);
/* A job that copies one dword. */
void igt_nova_held_copy(struct igt_nova_held *held, unsigned int queue, uint64_t to, uint64_t from,
			struct drm_nova_sync *syncs, uint32_t count);
/* Copies a result to IGT_NOVA_HELD_FREE behind @in, and returns the syncobj that it signals. */
uint32_t igt_nova_held_read(struct igt_nova_held *held, unsigned int queue, unsigned int result,
			    struct drm_nova_sync in);
/* An asynchronous bind of one op, or of none: 0 or -errno. */
int igt_nova_held_bind(struct igt_nova_held *held, struct drm_nova_vm_bind_op *op,
		       struct drm_nova_sync *syncs, uint32_t count);

/* --- what a syncobj has --- */

/* Its fence has not signalled, though each engine has been at work since. */
void igt_nova_held_check_waits(struct igt_nova_held *held, uint32_t handle);
/* Its fence signals, without an error. */
void igt_nova_held_check_done(struct igt_nova_held *held, uint32_t handle);
bool igt_nova_held_has_fence(struct igt_nova_held *held, uint32_t handle);
/* The last point that has signalled. */
uint64_t igt_nova_held_payload(struct igt_nova_held *held, uint32_t timeline);
/* What EXEC and VM_BIND say when they wait for it. */
void igt_nova_held_check_wait(struct igt_nova_held *held, uint32_t handle, uint64_t point,
			      int error);

#endif /* IGT_NOVA_HELD_H */
