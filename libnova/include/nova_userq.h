/* SPDX-License-Identifier: MIT */
#ifndef NOVA_USERQ_H
#define NOVA_USERQ_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Queues that are submitted to without a system call, and waits for memory. See nova.h. */

struct nova_vm;
struct nova_queue;
struct nova_userq;
struct nova_push_range;
struct nova_queue_desc;
struct nova_queue_state;

/**
 * nova_userq_create() - make a user-mode queue and map it
 * @vm: address space it runs in
 * @desc: what to make
 * @userq: out; nova_userq_destroy() it
 *
 * What is mapped in the address space stays resident while it has such a queue. Work on it has no
 * time limit, but a queue that hangs its engine is killed after that of jobs. Nothing waits for it
 * but nova_vm_wait_fence() and what its command words do. Devices that have such queues have
 * NOVA_FEATURE_USERMODE_QUEUE.
 *
 * Returns 0; -ENOSPC when there are too many queues or channels, or more is mapped than may stay
 * resident (struct nova_limits, userq_vram_max); -EPERM when memory of a process is mapped in the
 * address space; -EACCES for a priority that is not the caller's; another error of the list in nova.h.
 */
int nova_userq_create(struct nova_vm *vm, const struct nova_queue_desc *desc,
		      struct nova_userq **userq);

/** nova_userq_destroy() - free a user-mode queue, or NULL; what it has not finished is killed */
void nova_userq_destroy(struct nova_userq *userq);

/** nova_userq_id() - the queue's id, for raw ioctls */
uint32_t nova_userq_id(const struct nova_userq *userq);

/** nova_userq_get_state() - is it usable; as nova_queue_get_state() */
int nova_userq_get_state(struct nova_userq *userq, struct nova_queue_state *state);

/**
 * nova_userq_space() - how many ranges can be submitted now
 * @userq: the queue; used by one thread at a time, here and in nova_userq_submit()
 *
 * No system call. Of a queue that is dead, or whose device is gone, it is any number within the ring.
 */
uint32_t nova_userq_space(struct nova_userq *userq);

/**
 * nova_userq_submit() - hand command words to the GPU
 * @userq: the queue; used by one thread at a time
 * @ranges: command words, run in order
 * @count: number of ranges, not 0
 *
 * No system call, no wait. All ranges are taken or none.
 *
 * Returns 0; -ENOSPC when the ring has no room: wait for something submitted before and try
 * again, more than once if need be, as the GPU tells from time to time only where it is; -EINVAL for
 * a range that is none, or for more of them than the ring ever has room for. A queue that is dead,
 * or whose device is gone, takes ranges as well, and does nothing: nova_userq_get_state() tells, and
 * so does nova_vm_wait_fence().
 */
int nova_userq_submit(struct nova_userq *userq, const struct nova_push_range *ranges,
		      uint32_t count);

#define NOVA_FENCE_EQ		0	/* memory == value */
#define NOVA_FENCE_NEQ		1
#define NOVA_FENCE_GT		2	/* memory > value, unsigned like the following */
#define NOVA_FENCE_GE		3
#define NOVA_FENCE_LT		4
#define NOVA_FENCE_LE		5

#define NOVA_FENCE_32BIT	(1u << 0)	/* 32-bit value, otherwise 64-bit */

/**
 * struct nova_fence_wait - what to wait for: (memory & mask) op (value & mask)
 * @va: GPU address, a multiple of the value's size
 * @value: what to compare with
 * @mask: bits to compare; 0: all
 * @deadline_ns: absolute, CLOCK_MONOTONIC; in the past: only look
 * @userq: who is going to write it, or NULL: -ECANCELED when that queue is killed
 * @op: NOVA_FENCE_EQ..
 * @flags: NOVA_FENCE_32BIT
 * @queue: as @userq, for one that is submitted to by system calls; at most one of both
 */
struct nova_fence_wait {
	uint64_t va;
	uint64_t value;
	uint64_t mask;
	int64_t deadline_ns;
	struct nova_userq *userq;
	uint32_t op;
	uint32_t flags;
	struct nova_queue *queue;
};

/**
 * nova_vm_wait_fence() - wait for a value in GPU memory
 * @vm: the address space
 * @wait: what to wait for
 *
 * Memory is looked at after each non-stall interrupt: let nova_push_interrupt() follow what
 * writes the value. Without it the write is noticed with the next interrupt of anybody, or
 * at the deadline.
 *
 * Returns 0; -ETIME at the deadline; -ENOENT when no buffer is mapped there; -EPERM for an
 * imported buffer and for memory of a process; -ECANCELED; -ENODEV.
 */
int nova_vm_wait_fence(struct nova_vm *vm, const struct nova_fence_wait *wait);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_USERQ_H */
