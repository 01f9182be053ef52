/* SPDX-License-Identifier: MIT */
/* User-mode queues for tests, and waits for memory. */
#ifndef IGT_NOVA_USERQ_H
#define IGT_NOVA_USERQ_H

#include <stdint.h>

#include "nova_drm.h"

#include "igt_nova.h"
#include "igt_nova_job.h"

/**
 * struct igt_nova_userq - a user-mode queue and its mapping
 * @create: what the driver said of it
 * @doorbell: the first page of the mapping
 * @userd: the second
 * @ring: the rest
 * @put: next entry
 */
struct igt_nova_userq {
	struct drm_nova_queue_create create;
	volatile uint32_t *doorbell;
	volatile uint32_t *userd;
	volatile uint64_t *ring;
	uint32_t put;
};

/* Made and mapped; the smallest ring if @ring_size is 0. */
void igt_nova_userq_create(struct igt_nova_client *client, struct igt_nova_userq *userq,
			   uint32_t engine, uint32_t ring_size);
/* Maps what @userq->create tells of; 0 or -errno. */
int igt_nova_userq_map(int fd, struct igt_nova_userq *userq);
void igt_nova_userq_unmap(struct igt_nova_userq *userq);
/* All of it reads as zero, once what was written is what is read, and nobody else is meant. */
void igt_nova_userq_check_dummy(struct igt_nova_userq *userq);
/* Unmapped and destroyed. */
void igt_nova_userq_destroy(int fd, struct igt_nova_userq *userq);
/* No system call and no look at whether there is room. */
void igt_nova_userq_submit(struct igt_nova_userq *userq, const struct igt_nova_push *push);
/* An index that is wrong, or right again; rings. */
void igt_nova_userq_kick(struct igt_nova_userq *userq, uint32_t put);
/* A release of @payload at @va and an interrupt, at the end of a push. */
void igt_nova_push_fence(struct igt_nova_push *push, uint64_t va, uint32_t payload);

/* Waits until the dword at @va is @value: 0 or -errno; by default for IGT_NOVA_PATIENCE_S. */
int igt_nova_wait_fence(int fd, uint32_t vm, uint32_t queue, uint64_t va, uint32_t value);
/* A deadline that far away, or before everything if it is 0. */
int64_t igt_nova_deadline(uint64_t ns);

#endif /* IGT_NOVA_USERQ_H */
