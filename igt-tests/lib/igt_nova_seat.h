/* SPDX-License-Identifier: MIT */
/* A client with a user-mode queue, on the device of igt_nova_unplug_dev(). */
#ifndef IGT_NOVA_SEAT_H
#define IGT_NOVA_SEAT_H

#include <stdint.h>

#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_userq.h"

/**
 * struct igt_nova_seat - a client with one user-mode queue
 * @client: the client
 * @userq: the queue
 * @bo: its first dword is the fence, its second page what jobs fill
 */
struct igt_nova_seat {
	struct igt_nova_client client;
	struct igt_nova_userq userq;
	struct igt_nova_bo bo;
};

void igt_nova_seat_open(struct igt_nova_seat *seat);
void igt_nova_seat_open_at(struct igt_nova_seat *seat, uint32_t engine, uint32_t placement);
void igt_nova_seat_close(struct igt_nova_seat *seat);

/* By @userq of the same VM: fills the page, then the fence is @value. */
void igt_nova_seat_submit(struct igt_nova_seat *seat, struct igt_nova_userq *userq, uint32_t value);
/* Waits for that, and looks. */
void igt_nova_seat_check(struct igt_nova_seat *seat, struct igt_nova_userq *userq, uint32_t value);
/* Both, by its own queue. */
void igt_nova_seat_works(struct igt_nova_seat *seat, uint32_t value);
/* Killed for @error, and told so to who waits for the queue; refuses nothing but EXEC. */
void igt_nova_seat_check_killed(struct igt_nova_seat *seat, uint32_t flags, uint32_t error);

#endif /* IGT_NOVA_SEAT_H */
