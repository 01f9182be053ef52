/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_seat.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#define PAGE	IGT_NOVA_PAGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

void igt_nova_seat_open_at(struct igt_nova_seat *seat, uint32_t engine, uint32_t placement)
{
	igt_nova_client_init(&seat->client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_client_bo(&seat->client, &seat->bo, 2 * PAGE, placement);
	igt_nova_userq_create(&seat->client, &seat->userq, engine, 0);
}

void igt_nova_seat_open(struct igt_nova_seat *seat)
{
	igt_nova_seat_open_at(seat, 0, SYSTEM);
}

void igt_nova_seat_close(struct igt_nova_seat *seat)
{
	igt_nova_userq_destroy(seat->client.fd, &seat->userq);
	igt_nova_bo_destroy(seat->client.fd, &seat->bo);
	igt_nova_client_close(&seat->client);
}

void igt_nova_seat_submit(struct igt_nova_seat *seat, struct igt_nova_userq *userq, uint32_t value)
{
	struct igt_nova_push push;

	seat->client.pushes_used = 0;
	igt_nova_push_begin(&seat->client, &push, 64);
	igt_nova_push_fill(&push, seat->bo.va + PAGE, value, PAGE / 4);
	igt_nova_push_fence(&push, seat->bo.va, value);
	igt_nova_userq_submit(userq, &push);
}

void igt_nova_seat_check(struct igt_nova_seat *seat, struct igt_nova_userq *userq, uint32_t value)
{
	igt_assert_eq(igt_nova_wait_fence(seat->client.fd, seat->client.vm, userq->create.queue_id,
					  seat->bo.va, value), 0);
	for (size_t i = 0; i < PAGE / 4; i++)
		igt_assert_eq_u32(seat->bo.map[PAGE / 4 + i], value);
}

void igt_nova_seat_works(struct igt_nova_seat *seat, uint32_t value)
{
	igt_nova_seat_submit(seat, &seat->userq, value);
	igt_nova_seat_check(seat, &seat->userq, value);
}

void igt_nova_seat_check_killed(struct igt_nova_seat *seat, uint32_t flags, uint32_t error)
{
	struct drm_nova_queue_get_state state;
	uint32_t id = seat->userq.create.queue_id;

	igt_assert_eq(igt_nova_wait_fence(seat->client.fd, seat->client.vm, id, seat->bo.va,
					  0xdeadu), -ECANCELED);
	igt_nova_queue_state(seat->client.fd, id, &state);
	igt_assert_eq_u32(state.flags, flags);
	igt_assert_eq_u32(state.error, error);
	/* It may be written to and rung as before. */
	igt_nova_seat_submit(seat, &seat->userq, 0xdeadu);
}
