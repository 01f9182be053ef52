/* SPDX-License-Identifier: MIT */
/* Memory of processes for tests: bound, used, and changed by its process meanwhile. */
#ifndef IGT_NOVA_USERPTR_H
#define IGT_NOVA_USERPTR_H

#include <stdbool.h>
#include <stdint.h>

#include "nova_drm.h"

#include "igt_nova.h"
#include "igt_nova_job.h"

#define IGT_NOVA_USERPTR_LARGE	(2ull << 20)

/**
 * struct igt_nova_userptr - a client that has memory of its process bound
 * @client: the client
 * @queue: queue that copies
 * @blocked: queue with the job of igt_nova_gate_close()
 * @gate: memory that this job waits for
 * @done: syncobj of that job
 * @bo: a buffer to copy from and to, of IGT_NOVA_USERPTR_LARGE
 */
struct igt_nova_userptr {
	struct igt_nova_client client;
	uint32_t queue;
	uint32_t blocked;
	struct igt_nova_bo gate;
	uint32_t done;
	struct igt_nova_bo bo;
};

/* On the device of igt_nova_unplug_dev(). */
void igt_nova_userptr_open(struct igt_nova_userptr *bench);
void igt_nova_userptr_close(struct igt_nova_userptr *bench);

/* Submits the job that ends with igt_nova_gate_open(). */
void igt_nova_gate_close(struct igt_nova_userptr *bench);
void igt_nova_gate_open(struct igt_nova_userptr *bench);

/* --- the CPU's side --- */

/* Memory that can be mapped more than once. */
int igt_nova_memory_file(uint64_t size);
uint32_t *igt_nova_map_memory(uint64_t size, int prot, int flags, int fd);
void igt_nova_fill_memory(uint32_t *at, uint64_t size, uint32_t value);
void igt_nova_expect_memory(const uint32_t *at, uint64_t size, uint32_t value);

/* --- binds; the try functions return 0 or -errno --- */

struct drm_nova_vm_bind_op igt_nova_op_userptr(const void *at, uint64_t va, uint64_t size,
					       uint32_t flags);
int igt_nova_userptr_try_bind(struct igt_nova_userptr *bench, const void *at, uint64_t va,
			      uint64_t size, uint32_t flags);
/* At an address that has not been used, which it returns. */
uint64_t igt_nova_userptr_bind(struct igt_nova_userptr *bench, const void *at, uint64_t size,
			       uint32_t flags);
void igt_nova_userptr_unbind(struct igt_nova_userptr *bench, uint64_t va, uint64_t size);

/* --- the GPU's side --- */

/* 1, or the error of the submission or of its fence. */
int igt_nova_userptr_try_copy(struct igt_nova_userptr *bench, uint64_t to, uint64_t from,
			      uint32_t size);
void igt_nova_userptr_copy(struct igt_nova_userptr *bench, uint64_t to, uint64_t from,
			   uint32_t size);
/* An EXEC without a job: what it says of the VM's memory. */
int igt_nova_userptr_try_exec(struct igt_nova_userptr *bench);
/* The GPU writes @value to all of @va, and the process sees it at @at; and the reverse. */
void igt_nova_userptr_expect_shared(struct igt_nova_userptr *bench, uint32_t *at, uint64_t va,
				    uint64_t size, uint32_t value);
void igt_nova_userptr_expect_reads(struct igt_nova_userptr *bench, uint64_t va, uint64_t size,
				   uint32_t value);

/* --- a thread that unmaps memory: one at a time --- */

/* Returns when it waits for what the GPU does. */
void igt_nova_unmapper_start(uint32_t *at, uint64_t size);
/* It still does. */
bool igt_nova_unmapper_waits(void);
/* If there is one. */
void igt_nova_unmapper_join(void);

/* --- a thread that changes memory: one at a time --- */

/*
 * The memory stays what it is, and who has it is told that it changes: all the time, when it is
 * endless, otherwise in a burst for each job: on a slow machine there would be no time for one.
 */
void igt_nova_storm_start(uint32_t *at, uint64_t size, bool endless);
/* A job is about to be submitted. */
void igt_nova_storm_job(void);
unsigned long igt_nova_storm_rounds(void);
/* If there is one. */
void igt_nova_storm_stop(void);

#endif /* IGT_NOVA_USERPTR_H */
