// SPDX-License-Identifier: MIT
/* User-mode queues: the ring, its indices and the doorbell, mapped. Waits for memory. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private.h"
#include "regs/nv_host.h"

/**
 * struct nova_userq - a user-mode queue
 * @dev: its device, referenced
 * @id: the kernel's number
 * @token: rings the doorbell
 * @entries: of the ring, a power of two
 * @put: next entry; ours, what the map says is not believed
 * @map: doorbell, USERD and ring
 * @map_size: bytes of it
 * @doorbell: in @map
 * @userd: in @map
 * @ring: in @map, pairs of words
 */
struct nova_userq {
	struct nova_device *dev;
	uint32_t id;
	uint32_t token;
	uint32_t entries;
	uint32_t put;
	char *map;
	size_t map_size;
	volatile uint32_t *doorbell;
	volatile uint32_t *userd;
	volatile uint32_t *ring;
};

/* Is what the kernel says of the map what this was written for? */
static bool map_fits(const struct drm_nova_queue_create *args, size_t page)
{
	return args->ring_size >= 2 && !(args->ring_size & (args->ring_size - 1)) &&
	       args->map_size >= 2 * page + (uint64_t)args->ring_size * NV_GP_ENTRY_SIZE;
}

static int map_queue(struct nova_userq *userq, const struct drm_nova_queue_create *args)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *map;
	int ret;

	if (!map_fits(args, page))
		return -EIO;
	ret = nova_mmap(userq->dev->fd, args->doorbell_offset, args->map_size, &map);
	if (ret)
		return ret;
	userq->map = map;
	userq->map_size = args->map_size;
	userq->doorbell = (volatile uint32_t *)(void *)(userq->map + DRM_NOVA_USERQ_DOORBELL);
	userq->userd = (volatile uint32_t *)(void *)(userq->map + page);
	userq->ring = (volatile uint32_t *)(void *)(userq->map + 2 * page);
	userq->id = args->queue_id;
	userq->token = args->token;
	userq->entries = args->ring_size;
	return 0;
}

NOVA_API int nova_userq_create(struct nova_vm *vm, const struct nova_queue_desc *desc,
			       struct nova_userq **out)
{
	struct drm_nova_queue_create args;
	struct nova_userq *userq;
	int ret;

	if (!vm || !desc || !out)
		return -EINVAL;
	userq = calloc(1, sizeof(*userq));
	if (!userq)
		return -ENOMEM;
	ret = nova_queue_open(vm, desc, DRM_NOVA_QUEUE_USERMODE, &args);
	if (ret) {
		free(userq);
		return ret;
	}
	userq->dev = vm->dev;
	ret = map_queue(userq, &args);
	if (ret) {
		nova_queue_close(vm->dev, args.queue_id);
		free(userq);
		return ret;
	}
	nova_device_get(vm->dev);
	*out = userq;
	return 0;
}

NOVA_API void nova_userq_destroy(struct nova_userq *userq)
{
	if (!userq)
		return;
	munmap(userq->map, userq->map_size);
	nova_queue_close(userq->dev, userq->id);
	nova_device_put(userq->dev);
	free(userq);
}

NOVA_API uint32_t nova_userq_id(const struct nova_userq *userq)
{
	return userq->id;
}

NOVA_API int nova_userq_get_state(struct nova_userq *userq, struct nova_queue_state *state)
{
	struct nova_queue queue;

	if (!userq || !state)
		return -EINVAL;
	queue = (struct nova_queue) { .dev = userq->dev, .id = userq->id };
	return nova_queue_get_state(&queue, state);
}

NOVA_API uint32_t nova_userq_space(struct nova_userq *userq)
{
	uint32_t get = userq->userd[DRM_NOVA_USERQ_GP_GET / 4];

	/* One entry stays free: a full ring is not an empty one. */
	return (get - userq->put - 1) & (userq->entries - 1);
}

/* Host reaches 40 bits, and has to be able to name the address behind the range. */
static bool range_valid(const struct nova_push_range *range)
{
	const uint64_t end = 1ull << NV_HOST_VA_BITS;

	return range->length && !(range->length % 4) && !(range->va % 4) &&
	       range->va < end && range->length < end - range->va &&
	       range->length / 4 <= NV_GP_ENTRY_MAX_DWORDS &&
	       !(range->flags & ~NOVA_PUSH_RANGE_SYNC);
}

static void write_entry(struct nova_userq *userq, const struct nova_push_range *range)
{
	volatile uint32_t *entry = userq->ring + 2 * userq->put;

	entry[0] = (uint32_t)range->va;
	entry[1] = NV_PUT(NV_GP_ENTRY1_GET_HI, range->va >> 32) |
		   NV_PUT(NV_GP_ENTRY1_LENGTH, range->length / 4) |
		   (range->flags & NOVA_PUSH_RANGE_SYNC ? NV_GP_ENTRY1_SYNC : 0);
	userq->put = (userq->put + 1) & (userq->entries - 1);
}

NOVA_API int nova_userq_submit(struct nova_userq *userq, const struct nova_push_range *ranges,
			       uint32_t count)
{
	if (!userq || !ranges || !count || count >= userq->entries)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++)
		if (!range_valid(&ranges[i]))
			return -EINVAL;
	if (count > nova_userq_space(userq))
		return -ENOSPC;
	for (uint32_t i = 0; i < count; i++)
		write_entry(userq, &ranges[i]);
	/* Command words and entries before the index that covers them, and that before the doorbell. */
	__sync_synchronize();
	userq->userd[DRM_NOVA_USERQ_GP_PUT / 4] = userq->put;
	__sync_synchronize();
	*userq->doorbell = userq->token;
	return 0;
}

NOVA_API int nova_vm_wait_fence(struct nova_vm *vm, const struct nova_fence_wait *wait)
{
	struct drm_nova_wait_user_fence args = { 0 };

	if (!vm || !wait || (wait->userq && wait->queue))
		return -EINVAL;
	if ((wait->userq && wait->userq->dev != vm->dev) ||
	    (wait->queue && wait->queue->dev != vm->dev))
		return -EINVAL;
	if (wait->flags & ~NOVA_FENCE_32BIT)
		return -EINVAL;
	args.vm_id = vm->id;
	args.flags = wait->flags & NOVA_FENCE_32BIT ? DRM_NOVA_USER_FENCE_32 : 0;
	args.op = wait->op;
	if (wait->userq)
		args.queue_id = wait->userq->id;
	else if (wait->queue)
		args.queue_id = wait->queue->id;
	args.address = wait->va;
	args.value = wait->value;
	args.mask = wait->mask;
	if (!args.mask)
		args.mask = wait->flags & NOVA_FENCE_32BIT ? UINT32_MAX : UINT64_MAX;
	args.timeout = wait->deadline_ns;
	return nova_ioctl(vm->dev->fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &args);
}
