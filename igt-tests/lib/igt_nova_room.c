/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_pm.h"
#include "igt_nova_room.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "regs/nv_ce.h"

#define PAGE		IGT_NOVA_PAGE
#define MIB		(1024ull * 1024)
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM

static const struct igt_nova_dev *dev(void)
{
	return igt_nova_unplug_dev();
}

void igt_nova_room_open(struct igt_nova_room *room)
{
	igt_nova_client_init(&room->client, igt_nova_dev_open(dev()));
	for (uint32_t i = 0; i < 2; i++)
		room->queue[i] = igt_nova_client_queue(&room->client,
						       i % igt_nova_engine_count(room->client.fd));
	igt_nova_client_bo(&room->client, &room->vram, 3 * MIB, VRAM);
	igt_nova_client_bo(&room->client, &room->system, 3 * MIB, SYSTEM);
}

void igt_nova_room_close(struct igt_nova_room *room)
{
	igt_nova_bo_destroy(room->client.fd, &room->vram);
	igt_nova_bo_destroy(room->client.fd, &room->system);
	igt_nova_client_close(&room->client);
}

void igt_nova_room_push(struct igt_nova_room *room, struct igt_nova_push *push)
{
	room->client.pushes_used = 0;
	igt_nova_push_begin(&room->client, push, 64);
}

void igt_nova_room_check(struct igt_nova_room *room, uint32_t value)
{
	struct igt_nova_push push;

	for (unsigned int i = 0; i < 2; i++) {
		igt_nova_bo_fill(&room->vram, value + i);
		igt_nova_bo_fill(&room->system, 0);
		igt_nova_room_push(room, &push);
		igt_nova_push_copy(&push, room->system.va, room->vram.va, room->vram.size);
		igt_assert_eq(igt_nova_submit_wait(room->client.fd, room->queue[i], &push), 1);
		igt_assert_eq(igt_nova_bo_check(&room->system, value + i), room->system.size / 4);
	}
}

static uint32_t fault_count(struct igt_nova_room *room)
{
	struct drm_nova_vm_get_state state;

	igt_nova_vm_state(room->client.fd, room->client.vm, &state, NULL, 0);
	return state.fault_count;
}

void igt_nova_room_fault(struct igt_nova_room *room)
{
	uint64_t end = igt_nova_now_ns() + IGT_NOVA_PATIENCE_S * 1000000000ull;
	uint64_t va = igt_nova_client_va(&room->client, PAGE);
	uint32_t before = fault_count(room);
	int fd = room->client.fd;
	struct igt_nova_push push;

	igt_nova_room_push(room, &push);
	igt_nova_push_fill(&push, va, 1, 4);
	igt_assert_eq(igt_nova_submit_wait(fd, room->queue[0], &push), -ECANCELED);
	/* The packet comes on a way of its own. */
	while (fault_count(room) == before)
		igt_assert_f(igt_nova_now_ns() < end, "the fault is not told\n");
	igt_assert_eq_u32(fault_count(room), before + 1);
	igt_nova_room_new_queue(room, 0);
}

void igt_nova_room_new_queue(struct igt_nova_room *room, uint32_t i)
{
	int fd = room->client.fd;

	igt_nova_queue_destroy(fd, room->queue[i], 0);
	room->queue[i] = igt_nova_client_queue(&room->client, i % igt_nova_engine_count(fd));
}

uint64_t igt_nova_room_sleeps(void)
{
	struct igt_nova_emu_stats stats;

	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	return stats.sleeps;
}

uint64_t igt_nova_room_wait_asleep(void)
{
	struct igt_nova_emu_stats stats;

	igt_nova_dev_wait_asleep(dev());
	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	igt_assert_f(stats.asleep, "it says that it is not\n");
	return stats.sleeps;
}

void igt_nova_room_begin(void)
{
	igt_nova_unplug_require_emu();
	igt_assert_eq(igt_nova_dev_set_power(dev(), "control", "auto"), 0);
	igt_nova_dev_set_delay(dev(), IGT_NOVA_ROOM_DELAY_MS);
}

void igt_nova_room_set_state(struct igt_nova_room *room)
{
	struct igt_nova_push push;

	igt_nova_room_push(room, &push);
	igt_nova_push_fill(&push, room->system.va, 0x5151, 4);
	igt_assert_eq(igt_nova_submit_wait(room->client.fd, room->queue[0], &push), 1);
}

void igt_nova_room_use_state(struct igt_nova_room *room)
{
	struct igt_nova_push push;

	igt_nova_room_push(room, &push);
	igt_nova_push_ce(&push, NV_C5B5_LAUNCH_DMA,
			 NV_PUT(NV_C5B5_LAUNCH_TRANSFER, NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED) |
			 NV_C5B5_LAUNCH_FLUSH | NV_C5B5_LAUNCH_SRC_PITCH |
			 NV_C5B5_LAUNCH_DST_PITCH | NV_C5B5_LAUNCH_REMAP);
	room->system.map[0] = 0;
	igt_assert_eq(igt_nova_submit_wait(room->client.fd, room->queue[0], &push), 1);
	igt_assert_eq_u32(room->system.map[0], 0x5151);
}

void igt_nova_room_userq_submit(struct igt_nova_room *room, struct igt_nova_userq *userq,
				uint32_t value)
{
	struct igt_nova_push push;

	igt_nova_room_push(room, &push);
	igt_nova_push_fill(&push, room->vram.va, value, PAGE / 4);
	igt_nova_push_fence(&push, room->system.va, value);
	igt_nova_userq_submit(userq, &push);
}

void igt_nova_room_userq_check(struct igt_nova_room *room, struct igt_nova_userq *userq,
			       uint32_t value)
{
	igt_assert_eq(igt_nova_wait_fence(room->client.fd, room->client.vm, userq->create.queue_id,
					  room->system.va, value), 0);
	igt_assert_eq_u32(room->vram.map[PAGE / 4 - 1], value);
}

void igt_nova_room_check_map(struct igt_nova_bo *bo)
{
	uint32_t value = 9;

	igt_assert(igt_nova_safe_write(bo->map, &value, sizeof(value)));
	igt_assert(igt_nova_safe_read(bo->map, &value, sizeof(value)));
}
