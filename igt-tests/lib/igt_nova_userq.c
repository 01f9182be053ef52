/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_userq.h"

#include "regs/nv_host.h"

#define PAGE	IGT_NOVA_PAGE

int igt_nova_userq_map(int fd, struct igt_nova_userq *userq)
{
	char *map = mmap(NULL, userq->create.map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 userq->create.doorbell_offset);

	if (map == MAP_FAILED)
		return -errno;
	userq->doorbell = (volatile uint32_t *)(map + DRM_NOVA_USERQ_DOORBELL);
	userq->userd = (volatile uint32_t *)(map + PAGE);
	userq->ring = (volatile uint64_t *)(map + 2 * PAGE);
	return 0;
}

void igt_nova_userq_create(struct igt_nova_client *client, struct igt_nova_userq *userq,
			   uint32_t engine, uint32_t ring_size)
{
	struct drm_nova_query_limits limits;

	igt_nova_limits(client->fd, &limits);
	*userq = (struct igt_nova_userq) {
		.create = {
			.vm_id = client->vm, .engine = engine,
			.priority = DRM_NOVA_PRIORITY_NORMAL,
			.flags = DRM_NOVA_QUEUE_USERMODE,
			.ring_size = ring_size ? ring_size : limits.ring_size_min,
		},
	};
	igt_nova_expect(client->fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &userq->create, 0);
	igt_assert_eq(igt_nova_userq_map(client->fd, userq), 0);
}

void igt_nova_userq_unmap(struct igt_nova_userq *userq)
{
	munmap((char *)userq->userd - PAGE, userq->create.map_size);
}

void igt_nova_userq_check_dummy(struct igt_nova_userq *userq)
{
	char *map = (char *)userq->userd - PAGE;
	uint32_t page[PAGE / 4];

	for (uint64_t at = 0; at < userq->create.map_size; at += PAGE) {
		igt_assert_f(igt_nova_safe_read(map + at, page, sizeof(page)), "SIGBUS\n");
		for (size_t i = 0; i < ARRAY_SIZE(page); i++)
			igt_assert_f(page[i] == 0 || page[i] == 0x0e110e11u, "%#x shows through\n",
				     page[i]);
		memset(page, 0x11, sizeof(page));
		for (size_t i = 0; i < ARRAY_SIZE(page); i++)
			page[i] = 0x0e110e11u;
		igt_assert_f(igt_nova_safe_write(map + at, page, sizeof(page)), "SIGBUS\n");
	}
}

void igt_nova_userq_destroy(int fd, struct igt_nova_userq *userq)
{
	igt_nova_userq_unmap(userq);
	igt_nova_queue_destroy(fd, userq->create.queue_id, 0);
}

void igt_nova_userq_kick(struct igt_nova_userq *userq, uint32_t put)
{
	__sync_synchronize();
	userq->userd[DRM_NOVA_USERQ_GP_PUT / 4] = put;
	__sync_synchronize();
	*userq->doorbell = userq->create.token;
}

void igt_nova_userq_submit(struct igt_nova_userq *userq, const struct igt_nova_push *push)
{
	uint32_t hi = NV_PUT(NV_GP_ENTRY1_GET_HI, push->va >> 32) |
		      NV_PUT(NV_GP_ENTRY1_LENGTH, push->length / 4);

	userq->ring[userq->put] = (uint64_t)hi << 32 | (uint32_t)push->va;
	userq->put = (userq->put + 1) & (userq->create.ring_size - 1);
	igt_nova_userq_kick(userq, userq->put);
}

void igt_nova_push_fence(struct igt_nova_push *push, uint64_t va, uint32_t payload)
{
	igt_nova_push_release(push, va, payload);
	igt_nova_push_host(push, NV_C46F_NON_STALL_INTERRUPT, 0);
}

int64_t igt_nova_deadline(uint64_t ns)
{
	return ns ? (int64_t)(igt_nova_now_ns() + ns) : 0;
}

int igt_nova_wait_fence(int fd, uint32_t vm, uint32_t queue, uint64_t va, uint32_t value)
{
	struct drm_nova_wait_user_fence wait = {
		.vm_id = vm, .flags = DRM_NOVA_USER_FENCE_32, .op = DRM_NOVA_USER_FENCE_EQ,
		.queue_id = queue, .address = va, .value = value, .mask = UINT32_MAX,
		.timeout = igt_nova_deadline(IGT_NOVA_PATIENCE_S * 1000000000ull),
	};

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &wait);
}
