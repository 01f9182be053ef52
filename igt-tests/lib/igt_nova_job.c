/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_limit.h"

#include "regs/nv_ce.h"
#include "regs/nv_host.h"

#define PUSHES_SIZE	(64 * 1024)

void igt_nova_client_init(struct igt_nova_client *client, int fd)
{
	struct drm_nova_vm_create vm;
	struct drm_nova_query_limits limits;

	*client = (struct igt_nova_client) { .fd = fd };
	igt_nova_limits(fd, &limits);
	client->vm = igt_nova_vm_create(fd, &vm);
	client->va_next = vm.va_start ? vm.va_start : IGT_NOVA_PAGE;
	client->va_end = vm.va_start + vm.va_size;
	igt_nova_client_bo(client, &client->pushes, PUSHES_SIZE, DRM_NOVA_PLACEMENT_SYSTEM);
	igt_assert_lte_u64(client->pushes.va + PUSHES_SIZE, limits.va_push_end);
}

void igt_nova_client_open(struct igt_nova_client *client)
{
	igt_nova_client_init(client, igt_nova_open());
}

void igt_nova_client_close(struct igt_nova_client *client)
{
	munmap(client->pushes.map, client->pushes.size);
	/* Handles, VM and queues end with the file, on a live device and on a dead one. */
	close(client->fd);
	*client = (struct igt_nova_client) { .fd = -1 };
}

uint64_t igt_nova_client_va(struct igt_nova_client *client, uint64_t size)
{
	uint64_t va = client->va_next;

	size = (size + IGT_NOVA_PAGE - 1) & ~(IGT_NOVA_PAGE - 1);
	igt_assert_lte_u64(size, client->va_end - va);
	client->va_next = va + size;
	return va;
}

void igt_nova_client_bo(struct igt_nova_client *client, struct igt_nova_bo *bo, uint64_t size,
			uint32_t placement)
{
	igt_nova_bo_create(client->fd, bo, size, placement);
	bo->va = igt_nova_client_va(client, size);
	igt_nova_vm_map(client->fd, client->vm, bo->handle, 0, bo->va, size, 0, 0);
}

uint32_t igt_nova_client_queue(struct igt_nova_client *client, uint32_t engine)
{
	return igt_nova_queue_create(client->fd, client->vm, engine, 0);
}

uint32_t igt_nova_client_short_queue(struct igt_nova_client *client, uint32_t engine)
{
	uint32_t queue;

	igt_nova_limit_set(IGT_NOVA_LIMIT_SHORT);
	queue = igt_nova_client_queue(client, engine);
	igt_nova_limit_begin();
	return queue;
}

static void query_engines(int fd, struct drm_nova_query_engines *engines)
{
	igt_nova_query(fd, DRM_NOVA_QUERY_ENGINES, engines, sizeof(*engines));
	igt_assert(engines->count >= 1 && engines->count <= ARRAY_SIZE(engines->engines));
}

uint32_t igt_nova_engine_count(int fd)
{
	struct drm_nova_query_engines engines;
	uint32_t count = 0;

	query_engines(fd, &engines);
	while (count < engines.count && engines.engines[count].type == DRM_NOVA_ENGINE_COPY)
		count++;
	igt_assert_lte(1, count);
	return count;
}

uint32_t igt_nova_engine_of(int fd, uint32_t type)
{
	struct drm_nova_query_engines engines;
	uint32_t i = 0;

	query_engines(fd, &engines);
	while (i < engines.count && engines.engines[i].type != type)
		i++;
	igt_require_f(i < engines.count, "no engine of type %u\n", type);
	return engines.engines[i].index;
}

void igt_nova_push_begin(struct igt_nova_client *client, struct igt_nova_push *push,
			 uint32_t dwords)
{
	uint32_t offset = client->pushes_used;

	igt_assert_lte(offset + dwords * 4, PUSHES_SIZE);
	client->pushes_used += dwords * 4;
	push->at = client->pushes.map + offset / 4;
	push->end = push->at + dwords;
	push->va = client->pushes.va + offset;
	push->length = 0;
}

void igt_nova_push_dword(struct igt_nova_push *push, uint32_t value)
{
	igt_assert(push->at < push->end);
	*push->at++ = value;
	push->length += 4;
}

void igt_nova_push_host(struct igt_nova_push *push, uint32_t method, uint32_t value)
{
	igt_nova_push_dword(push, NV_PB_HEADER(INC, 0, method, 1));
	igt_nova_push_dword(push, value);
}

void igt_nova_push_ce(struct igt_nova_push *push, uint32_t method, uint32_t value)
{
	igt_nova_push_dword(push, NV_PB_HEADER(INC, NV_SUBCHANNEL_CE, method, 1));
	igt_nova_push_dword(push, value);
}

static void push_address(struct igt_nova_push *push, uint32_t upper_method, uint64_t va)
{
	igt_nova_push_dword(push, NV_PB_HEADER(INC, NV_SUBCHANNEL_CE, upper_method, 2));
	igt_nova_push_dword(push, va >> 32);
	igt_nova_push_dword(push, (uint32_t)va);
}

void igt_nova_push_copy(struct igt_nova_push *push, uint64_t to, uint64_t from, uint32_t size)
{
	push_address(push, NV_C5B5_OFFSET_IN_UPPER, from);
	push_address(push, NV_C5B5_OFFSET_OUT_UPPER, to);
	igt_nova_push_ce(push, NV_C5B5_LINE_LENGTH_IN, size);
	igt_nova_push_ce(push, NV_C5B5_LAUNCH_DMA,
			 NV_PUT(NV_C5B5_LAUNCH_TRANSFER, NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED) |
			 NV_C5B5_LAUNCH_FLUSH | NV_C5B5_LAUNCH_SRC_PITCH |
			 NV_C5B5_LAUNCH_DST_PITCH);
}

void igt_nova_push_fill(struct igt_nova_push *push, uint64_t to, uint32_t value, uint32_t dwords)
{
	push_address(push, NV_C5B5_OFFSET_OUT_UPPER, to);
	igt_nova_push_ce(push, NV_C5B5_SET_REMAP_CONST_A, value);
	igt_nova_push_ce(push, NV_C5B5_SET_REMAP_COMPONENTS,
			 NV_PUT(NV_C5B5_REMAP_DST_X, NV_C5B5_REMAP_CONST_A) |
			 NV_PUT(NV_C5B5_REMAP_DST_Y, NV_C5B5_REMAP_NO_WRITE) |
			 NV_PUT(NV_C5B5_REMAP_DST_Z, NV_C5B5_REMAP_NO_WRITE) |
			 NV_PUT(NV_C5B5_REMAP_DST_W, NV_C5B5_REMAP_NO_WRITE) |
			 NV_PUT(NV_C5B5_REMAP_COMPONENT_SIZE, 3));
	igt_nova_push_ce(push, NV_C5B5_LINE_LENGTH_IN, dwords);
	igt_nova_push_ce(push, NV_C5B5_LAUNCH_DMA,
			 NV_PUT(NV_C5B5_LAUNCH_TRANSFER, NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED) |
			 NV_C5B5_LAUNCH_FLUSH | NV_C5B5_LAUNCH_SRC_PITCH |
			 NV_C5B5_LAUNCH_DST_PITCH | NV_C5B5_LAUNCH_REMAP);
}

static void push_semaphore(struct igt_nova_push *push, uint64_t va, uint32_t payload,
			   uint32_t execute)
{
	igt_assert_lt_u64(va, 1ull << NV_HOST_VA_BITS);
	igt_nova_push_dword(push, NV_PB_HEADER(INC, 0, NV_C46F_SEM_ADDR_LO, 5));
	igt_nova_push_dword(push, (uint32_t)va & NV_C46F_SEM_ADDR_LO_OFFSET);
	igt_nova_push_dword(push, va >> 32);
	igt_nova_push_dword(push, payload);
	igt_nova_push_dword(push, 0);
	igt_nova_push_dword(push, execute);
}

void igt_nova_push_release(struct igt_nova_push *push, uint64_t va, uint32_t payload)
{
	push_semaphore(push, va, payload,
		       NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, NV_C46F_SEM_OP_RELEASE) |
		       NV_C46F_SEM_EXECUTE_RELEASE_WFI);
}

void igt_nova_push_acquire(struct igt_nova_push *push, uint64_t va, uint32_t payload)
{
	push_semaphore(push, va, payload,
		       NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, NV_C46F_SEM_OP_ACQUIRE) |
		       NV_C46F_SEM_EXECUTE_SWITCH_TSG);
}

void igt_nova_push_illegal(struct igt_nova_push *push)
{
	igt_nova_push_host(push, NV_C46F_ILLEGAL, 0);
}

struct drm_nova_sync igt_nova_wait_for(uint32_t handle, uint64_t point)
{
	return (struct drm_nova_sync) {
		.flags = point ? DRM_NOVA_SYNC_TIMELINE : 0, .handle = handle, .point = point,
	};
}

struct drm_nova_sync igt_nova_signal(uint32_t handle, uint64_t point)
{
	struct drm_nova_sync sync = igt_nova_wait_for(handle, point);

	sync.flags |= DRM_NOVA_SYNC_SIGNAL;
	return sync;
}

int igt_nova_exec(int fd, uint32_t queue, struct drm_nova_job *jobs, uint32_t count)
{
	struct drm_nova_exec exec = {
		.queue_id = queue,
		.jobs = { sizeof(*jobs), count, (uintptr_t)jobs },
	};

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_EXEC, &exec);
}

int igt_nova_submit(int fd, uint32_t queue, const struct igt_nova_push *push,
		    struct drm_nova_sync *syncs, uint32_t count)
{
	struct drm_nova_push segment = { 0 };
	struct drm_nova_job job = {
		.pushes = { sizeof(segment), push ? 1 : 0, (uintptr_t)&segment },
		.syncs = { sizeof(*syncs), count, (uintptr_t)syncs },
	};

	if (push) {
		segment.va = push->va;
		segment.length = push->length;
	}
	return igt_nova_exec(fd, queue, &job, 1);
}

uint32_t igt_nova_submit_fence(int fd, uint32_t queue, const struct igt_nova_push *push)
{
	uint32_t syncobj = igt_nova_syncobj_create(fd);
	struct drm_nova_sync out = igt_nova_signal(syncobj, 0);

	igt_assert_eq(igt_nova_submit(fd, queue, push, &out, 1), 0);
	return syncobj;
}

void igt_nova_push_forged_fence(struct igt_nova_client *client, struct igt_nova_push *push)
{
	struct drm_nova_query_limits limits;
	uint64_t va;

	igt_nova_limits(client->fd, &limits);
	va = limits.va_push_end + IGT_NOVA_PAGE;
	igt_nova_push_dword(push, NV_PB_HEADER(INC, 0, NV_C46F_SEM_ADDR_LO, 5));
	igt_nova_push_dword(push, (uint32_t)va);
	igt_nova_push_dword(push, va >> 32);
	igt_nova_push_dword(push, 0x7fffffff);
	igt_nova_push_dword(push, 0x7fffffff);
	igt_nova_push_dword(push, NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, NV_C46F_SEM_OP_RELEASE) |
			    NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT);
	igt_nova_push_host(push, NV_C46F_NON_STALL_INTERRUPT, 0);
}

int igt_nova_submit_wait(int fd, uint32_t queue, const struct igt_nova_push *push)
{
	uint32_t syncobj = igt_nova_submit_fence(fd, queue, push);
	int result = igt_nova_fence_result(fd, syncobj);

	igt_nova_syncobj_destroy(fd, syncobj);
	return result;
}

void igt_nova_client_work(struct igt_nova_client *client, struct igt_nova_bo *bo, uint32_t queue)
{
	struct igt_nova_push push;

	client->pushes_used = 0;
	igt_nova_push_begin(client, &push, 64);
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_push_copy(&push, bo->va + bo->size / 2, bo->va, bo->size / 2);
	igt_assert_eq(igt_nova_submit_wait(client->fd, queue, &push), 1);
}

static void check_engine(struct igt_nova_client *client, struct igt_nova_bo *vram,
			 struct igt_nova_bo *system, uint32_t engine)
{
	uint32_t queue = igt_nova_client_queue(client, engine);
	uint32_t value = 0x600d0000u + engine;
	struct igt_nova_push push;

	igt_nova_bo_fill(system, ~value);
	igt_nova_push_begin(client, &push, 64);
	igt_nova_push_fill(&push, vram->va, value, vram->size / 4);
	igt_nova_push_copy(&push, system->va, vram->va, vram->size);
	igt_assert_eq(igt_nova_submit_wait(client->fd, queue, &push), 1);
	igt_assert_eq_u64(igt_nova_bo_check(system, value), system->size / 4);
	igt_nova_queue_destroy(client->fd, queue, 0);
}

void igt_nova_check_works(int fd)
{
	struct igt_nova_bo vram, system;
	struct igt_nova_client client;

	igt_nova_client_init(&client, fd);
	igt_nova_client_bo(&client, &vram, 16 * IGT_NOVA_PAGE, DRM_NOVA_PLACEMENT_VRAM);
	igt_nova_client_bo(&client, &system, 16 * IGT_NOVA_PAGE, DRM_NOVA_PLACEMENT_SYSTEM);
	for (uint32_t engine = 0; engine < igt_nova_engine_count(fd); engine++)
		check_engine(&client, &vram, &system, engine);
	igt_nova_bo_destroy(fd, &vram);
	igt_nova_bo_destroy(fd, &system);
	igt_nova_bo_destroy(fd, &client.pushes);
	igt_nova_vm_destroy(fd, client.vm, 0);
}
