/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_held.h"
#include "igt_nova_job.h"

/* Dword of the buffer. */
#define GATE(queue)	((queue) * 4)

void igt_nova_held_init(struct igt_nova_held *held, int fd)
{
	uint32_t last = igt_nova_engine_count(fd) - 1;

	igt_nova_client_init(&held->client, fd);
	for (uint32_t i = 0; i < IGT_NOVA_HELD_QUEUES; i++)
		held->queue[i] = igt_nova_client_queue(&held->client, i & 1 ? last : 0);
	igt_nova_client_bo(&held->client, &held->bo, 2 * IGT_NOVA_PAGE,
			   DRM_NOVA_PLACEMENT_SYSTEM);
}

void igt_nova_held_open(struct igt_nova_held *held)
{
	igt_nova_held_init(held, igt_nova_open());
}

void igt_nova_held_close(struct igt_nova_held *held)
{
	igt_nova_bo_destroy(held->client.fd, &held->bo);
	igt_nova_client_close(&held->client);
}

uint32_t igt_nova_held_syncobj(struct igt_nova_held *held)
{
	return igt_nova_syncobj_create(held->client.fd);
}

uint64_t igt_nova_held_va(struct igt_nova_held *held, uint32_t dword)
{
	return held->bo.va + dword * 4;
}

void igt_nova_held_push(struct igt_nova_held *held, unsigned int queue, struct igt_nova_push *push)
{
	igt_nova_push_begin(&held->client, push, 64);
	igt_nova_push_acquire(push, igt_nova_held_va(held, GATE(queue)), 1);
}

void igt_nova_hold(struct igt_nova_held *held, unsigned int queue, struct drm_nova_sync *syncs,
		   uint32_t count)
{
	struct igt_nova_push push;

	igt_nova_held_push(held, queue, &push);
	igt_nova_push_fill(&push, igt_nova_held_va(held, IGT_NOVA_HELD_RESULT(queue)),
			   IGT_NOVA_HELD_VALUE(queue), 1);
	igt_assert_eq(igt_nova_submit(held->client.fd, held->queue[queue], &push, syncs, count),
		      0);
}

uint32_t igt_nova_hold_fence(struct igt_nova_held *held, unsigned int queue)
{
	struct drm_nova_sync out = igt_nova_signal(igt_nova_held_syncobj(held), 0);

	igt_nova_hold(held, queue, &out, 1);
	return out.handle;
}

void igt_nova_release(struct igt_nova_held *held, unsigned int queue)
{
	*(volatile uint32_t *)&held->bo.map[GATE(queue)] = 1;
}

int igt_nova_held_exec(struct igt_nova_held *held, unsigned int queue,
		       struct drm_nova_sync *syncs, uint32_t count)
{
	return igt_nova_submit(held->client.fd, held->queue[queue], NULL, syncs, count);
}

void igt_nova_held_copy(struct igt_nova_held *held, unsigned int queue, uint64_t to, uint64_t from,
			struct drm_nova_sync *syncs, uint32_t count)
{
	struct igt_nova_push push;

	igt_nova_push_begin(&held->client, &push, 64);
	igt_nova_push_copy(&push, to, from, 4);
	igt_assert_eq(igt_nova_submit(held->client.fd, held->queue[queue], &push, syncs, count),
		      0);
}

uint32_t igt_nova_held_read(struct igt_nova_held *held, unsigned int queue, unsigned int result,
			    struct drm_nova_sync in)
{
	struct drm_nova_sync syncs[] = { in, igt_nova_signal(igt_nova_held_syncobj(held), 0) };

	igt_nova_held_copy(held, queue, igt_nova_held_va(held, IGT_NOVA_HELD_FREE),
			   igt_nova_held_va(held, IGT_NOVA_HELD_RESULT(result)), syncs, 2);
	return syncs[1].handle;
}

int igt_nova_held_bind(struct igt_nova_held *held, struct drm_nova_vm_bind_op *op,
		       struct drm_nova_sync *syncs, uint32_t count)
{
	return igt_nova_vm_bind_async(held->client.fd, held->client.vm, op, op ? 1 : 0, syncs,
				      count);
}

void igt_nova_held_check_waits(struct igt_nova_held *held, uint32_t handle)
{
	for (uint32_t engine = 0; engine < igt_nova_engine_count(held->client.fd); engine++) {
		uint32_t other = igt_nova_client_queue(&held->client, engine);

		igt_assert_eq(igt_nova_submit_wait(held->client.fd, other, NULL), 1);
		igt_nova_queue_destroy(held->client.fd, other, 0);
	}
	igt_assert(igt_nova_syncobj_busy(held->client.fd, handle));
}

void igt_nova_held_check_done(struct igt_nova_held *held, uint32_t handle)
{
	igt_assert_eq(igt_nova_fence_result(held->client.fd, handle), 1);
}

bool igt_nova_held_has_fence(struct igt_nova_held *held, uint32_t handle)
{
	return drmSyncobjWait(held->client.fd, &handle, 1, 0, 0, NULL) != -EINVAL;
}

uint64_t igt_nova_held_payload(struct igt_nova_held *held, uint32_t timeline)
{
	uint64_t value = ~0ull;

	igt_assert_eq(drmSyncobjQuery(held->client.fd, &timeline, &value, 1), 0);
	return value;
}

void igt_nova_held_check_wait(struct igt_nova_held *held, uint32_t handle, uint64_t point,
			      int error)
{
	struct drm_nova_sync in = igt_nova_wait_for(handle, point);

	igt_assert_eq(igt_nova_held_exec(held, 0, &in, 1), -error);
	igt_assert_eq(igt_nova_held_bind(held, NULL, &in, 1), -error);
}
