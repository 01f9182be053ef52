/* SPDX-License-Identifier: MIT */
/* A client of a device that sleeps: of igt_nova_unplug_dev(). */
#ifndef IGT_NOVA_ROOM_H
#define IGT_NOVA_ROOM_H

#include <stdint.h>

#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_userq.h"

#define IGT_NOVA_ROOM_DELAY_MS	10

/**
 * struct igt_nova_room - a client with a queue on each engine and a buffer in each kind of memory
 * @client: the client
 * @queue: its queues
 * @vram: a buffer in video memory, bound
 * @system: one in system memory, bound; its first dword is for fences
 */
struct igt_nova_room {
	struct igt_nova_client client;
	uint32_t queue[2];
	struct igt_nova_bo vram;
	struct igt_nova_bo system;
};

void igt_nova_room_open(struct igt_nova_room *room);
void igt_nova_room_close(struct igt_nova_room *room);
/* A push of 64 dwords, in place of those before. */
void igt_nova_room_push(struct igt_nova_room *room, struct igt_nova_push *push);
/* From one buffer to the other by the GPU, and looked at by the CPU. */
void igt_nova_room_check(struct igt_nova_room *room, uint32_t value);
/* A fault kills the first queue and is told; there is another queue in its place then. */
void igt_nova_room_fault(struct igt_nova_room *room);
/* In place of the one with this index. */
void igt_nova_room_new_queue(struct igt_nova_room *room, uint32_t i);
/* A mapping of @bo works, whatever is behind it. */
void igt_nova_room_check_map(struct igt_nova_bo *bo);

/* The device sleeps IGT_NOVA_ROOM_DELAY_MS after its last use. */
void igt_nova_room_begin(void);
/* How often it went to sleep so far. */
uint64_t igt_nova_room_sleeps(void);
/* Asleep, by what the device says; and how often it went to sleep so far. */
uint64_t igt_nova_room_wait_asleep(void);

/* A job relies on what an earlier one of its queue has set: the same fill, once more. */
void igt_nova_room_set_state(struct igt_nova_room *room);
void igt_nova_room_use_state(struct igt_nova_room *room);

/* By a user-mode queue: fills a page, then the fence is @value. */
void igt_nova_room_userq_submit(struct igt_nova_room *room, struct igt_nova_userq *userq,
				uint32_t value);
/* Waits for that, and looks. */
void igt_nova_room_userq_check(struct igt_nova_room *room, struct igt_nova_userq *userq,
			       uint32_t value);

#endif /* IGT_NOVA_ROOM_H */
