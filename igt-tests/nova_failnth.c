/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_failcall.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

IGT_TEST_DESCRIPTION("Every ioctl with its n-th allocation or user copy failing.");

#define PAGE		IGT_NOVA_PAGE
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
/* Two slots of 2 MiB: more than one table. */
#define LARGE		(4ull << 20)
#define SMALL		(16 * PAGE)
/* No table of what is bound already reaches as far. */
#define FAR		(64ull << 30)

static int call_getparam(void *data)
{
	struct drm_nova_getparam args = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	struct igt_nova_failbench *bench = data;

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_GETPARAM, &args);
}

static void finish_handle(void *data, int ret, bool injected)
{
	(void)injected;
	if (ret)
		((struct igt_nova_failbench *)data)->handle = 0;
	igt_nova_failbench_close_handle(data);
}

static int gem_create(struct igt_nova_failbench *bench, uint32_t vm)
{
	struct drm_nova_gem_create args = { .size = 4 * PAGE, .vm_id = vm };
	int ret = igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_GEM_CREATE, &args);

	bench->handle = args.handle;
	return ret;
}

static int call_gem_create(void *data)
{
	return gem_create(data, 0);
}

static int call_gem_create_private(void *data)
{
	return gem_create(data, ((struct igt_nova_failbench *)data)->client.vm);
}

static int call_gem_info(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_gem_info args = { .handle = bench->bo.handle };

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_GEM_INFO, &args);
}

static int call_gem_mmap_offset(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_gem_mmap_offset args = { .handle = bench->bo.handle };

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &args);
}

static int call_gem_label(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_gem_set_meta args = {
		.handle = bench->bo.handle, .op = DRM_NOVA_GEM_META_LABEL, .value = 5,
		.pointer = (uintptr_t)"label",
	};

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_GEM_SET_META, &args);
}

/* A buffer in system memory that is bound, so that it has to be hidden. */
static void prepare_madvise(void *data)
{
	struct igt_nova_failbench *bench = data;

	bench->handle = igt_nova_gem_create(bench->client.fd, SMALL, 0, SYSTEM, 0, 0);
	bench->va = bench->client.va_next + FAR;
	igt_nova_vm_map(bench->client.fd, bench->client.vm, bench->handle, 0, bench->va, SMALL, 0,
			0);
}

static int madvise_bo(struct igt_nova_failbench *bench, uint64_t advice)
{
	struct drm_nova_gem_set_meta args = {
		.handle = bench->handle, .op = DRM_NOVA_GEM_META_MADVISE, .value = advice,
	};

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_GEM_SET_META, &args);
}

static int call_madvise(void *data)
{
	return madvise_bo(data, DRM_NOVA_MADVISE_DONTNEED);
}

static int call_willneed(void *data)
{
	return madvise_bo(data, DRM_NOVA_MADVISE_WILLNEED);
}

static void finish_madvise(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)ret;
	(void)injected;
	igt_nova_vm_unmap(bench->client.fd, bench->client.vm, bench->va, SMALL, 0);
	igt_nova_failbench_close_handle(bench);
}

static int call_dev_query(void *data)
{
	struct drm_nova_query_engines answer;
	struct drm_nova_dev_query args = {
		.type = DRM_NOVA_QUERY_ENGINES, .size = sizeof(answer),
		.pointer = (uintptr_t)&answer,
	};
	struct igt_nova_failbench *bench = data;

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_DEV_QUERY, &args);
}

static int call_get_time(void *data)
{
	struct drm_nova_get_time args = { .clock_id = CLOCK_MONOTONIC };
	struct igt_nova_failbench *bench = data;

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_GET_TIME, &args);
}

static int call_vm_create(void *data)
{
	struct drm_nova_vm_create args = { 0 };
	struct igt_nova_failbench *bench = data;
	int ret = igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_VM_CREATE, &args);

	bench->id = args.vm_id;
	return ret;
}

static void finish_vm_create(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)injected;
	if (ret == 0)
		igt_nova_vm_destroy(bench->client.fd, bench->id, 0);
}

/* With a buffer bound, so that it has tables to give back. */
static void prepare_vm_destroy(void *data)
{
	struct igt_nova_failbench *bench = data;

	bench->id = igt_nova_vm_create(bench->client.fd, NULL);
	igt_nova_vm_map(bench->client.fd, bench->id, bench->bo.handle, 0, LARGE, PAGE, 0, 0);
}

static int call_vm_destroy(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_vm_destroy args = { .vm_id = bench->id };

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_VM_DESTROY, &args);
}

/* A failure came before the driver was asked: the VM is there as before. */
static void finish_vm_destroy(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)injected;
	igt_nova_vm_destroy(bench->client.fd, bench->id, ret ? 0 : ENOENT);
}

static int vm_bind(struct igt_nova_failbench *bench, struct drm_nova_vm_bind_op *ops, uint32_t count)
{
	struct drm_nova_vm_bind args = {
		.vm_id = bench->client.vm,
		.ops = { sizeof(*ops), count, (uintptr_t)ops },
	};

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_VM_BIND, &args);
}

/* A fresh buffer at an address without tables: everything is allocated by the bind. */
static void prepare_map(void *data, uint32_t placement)
{
	struct igt_nova_failbench *bench = data;

	bench->handle = igt_nova_gem_create(bench->client.fd, LARGE, 0, placement, 0, 0);
	bench->va = bench->client.va_next + FAR;
}

static void prepare_map_vram(void *data)
{
	prepare_map(data, VRAM);
}

static void prepare_map_system(void *data)
{
	prepare_map(data, SYSTEM);
}

static int call_map(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = bench->handle, .va = bench->va,
		.size = LARGE,
	};

	return vm_bind(bench, &op, 1);
}

static void finish_map(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)ret;
	(void)injected;
	/* Nothing is bound when it failed, and that is no error. */
	igt_nova_vm_unmap(bench->client.fd, bench->client.vm, bench->va, LARGE, 0);
	igt_nova_failbench_close_handle(bench);
}

static void prepare_remap(void *data)
{
	struct igt_nova_failbench *bench = data;

	prepare_map_vram(bench);
	igt_assert_eq(call_map(bench), 0);
}

/* Cuts one mapping in four places, in one call: unmaps, maps over, unmaps all of it. */
static int call_remap(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_vm_bind_op ops[] = {
		{ .op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = bench->va + PAGE, .size = PAGE },
		{ .op = DRM_NOVA_VM_BIND_OP_MAP, .handle = bench->bo.handle,
		  .va = bench->va + 8 * PAGE, .size = PAGE, .flags = DRM_NOVA_VM_BIND_READONLY },
		{ .op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = bench->va + LARGE / 2, .size = PAGE },
	};

	return vm_bind(bench, ops, ARRAY_SIZE(ops));
}

static int call_unmap(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = bench->va, .size = LARGE,
	};

	return vm_bind(bench, &op, 1);
}

/* Memory of another device, which is bound for the first time. */
static void prepare_map_imported(void *data)
{
	struct igt_nova_failbench *bench = data;
	uint32_t handle;
	int dmabuf;

	igt_require_f(bench->second >= 0, "one device only\n");
	handle = igt_nova_gem_create(bench->second, LARGE, 0, SYSTEM, 0, 0);
	dmabuf = igt_nova_dmabuf_export(bench->second, handle);
	igt_nova_gem_close(bench->second, handle);
	bench->handle = igt_nova_dmabuf_import(bench->client.fd, dmabuf);
	close(dmabuf);
	bench->va = bench->client.va_next + FAR;
}

static uint64_t unmap_all_va(struct igt_nova_failbench *bench, unsigned int i)
{
	return bench->client.va_next + i * LARGE;
}

/* A VM of its own, with a buffer, a part of one, and a range without memory. */
static void prepare_unmap_all(void *data)
{
	struct igt_nova_failbench *bench = data;
	int fd = bench->client.fd;

	bench->id = igt_nova_vm_create(fd, NULL);
	bench->handle = igt_nova_gem_create(fd, LARGE, 0, SYSTEM, 0, 0);
	igt_nova_vm_map(fd, bench->id, bench->handle, 0, unmap_all_va(bench, 0), LARGE, 0, 0);
	igt_nova_vm_map(fd, bench->id, bench->handle, PAGE, unmap_all_va(bench, 2), PAGE, 0, 0);
	igt_nova_vm_map(fd, bench->id, 0, 0, unmap_all_va(bench, 3), FAR, DRM_NOVA_VM_BIND_SPARSE,
			0);
}

static int call_unmap_all(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_vm_bind_op op = { .op = DRM_NOVA_VM_BIND_OP_UNMAP_ALL };
	struct drm_nova_vm_bind args = {
		.vm_id = bench->id, .ops = { sizeof(op), 1, (uintptr_t)&op },
	};

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_VM_BIND, &args);
}

/* All or none of it is there: who looks at memory is told. */
static void finish_unmap_all(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_wait_user_fence wait = {
		.vm_id = bench->id, .op = DRM_NOVA_USER_FENCE_EQ, .mask = ~0ull,
	};

	(void)injected;
	for (unsigned int i = 0; i <= 2; i += 2) {
		wait.address = unmap_all_va(bench, i);
		igt_nova_expect(bench->client.fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &wait,
				ret ? 0 : ENOENT);
	}
	igt_nova_vm_destroy(bench->client.fd, bench->id, 0);
	igt_nova_failbench_close_handle(bench);
}

/* A buffer is replaced by a sparse range in its middle, behind a job, which cuts it. */
static void prepare_bind_async(void *data)
{
	prepare_map_vram(data);
	igt_assert_eq(call_map(data), 0);
	igt_nova_failbench_submit(data);
}

static int call_bind_async(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_vm_bind_op ops[] = {
		{ .op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_SPARSE,
		  .va = bench->va + PAGE, .size = FAR },
		{ .op = DRM_NOVA_VM_BIND_OP_MAP, .handle = bench->handle,
		  .va = bench->va + FAR / 2, .size = LARGE },
		{ .op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = bench->va + FAR / 4, .size = PAGE },
	};
	struct drm_nova_sync syncs[] = {
		igt_nova_wait_for(bench->binary, 0),
		igt_nova_wait_for(bench->timeline, bench->point),
		igt_nova_signal(bench->binary, 0),
		igt_nova_signal(bench->timeline, bench->point + 1),
	};
	struct drm_nova_vm_bind args = {
		.vm_id = bench->client.vm, .flags = DRM_NOVA_VM_BIND_ASYNC,
		.ops = { sizeof(*ops), ARRAY_SIZE(ops), (uintptr_t)ops },
		.syncs = { sizeof(*syncs), ARRAY_SIZE(syncs), (uintptr_t)syncs },
	};

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_VM_BIND, &args);
}

static void finish_bind_async(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;
	uint64_t point = 0;

	(void)injected;
	igt_assert_eq(igt_nova_syncobj_wait(bench->client.fd, bench->binary, 0), 0);
	if (ret == 0)
		igt_assert_eq(igt_nova_syncobj_wait(bench->client.fd, bench->timeline,
						    ++bench->point), 0);
	igt_assert_eq(drmSyncobjQuery(bench->client.fd, &bench->timeline, &point, 1), 0);
	igt_assert_eq_u64(point, bench->point);
	igt_nova_vm_unmap(bench->client.fd, bench->client.vm, bench->va, 2 * FAR, 0);
	igt_nova_failbench_close_handle(bench);
	igt_nova_queue_destroy(bench->client.fd, bench->id, 0);
}

/* Memory that the process has touched, at an address without tables. */
static void prepare_userptr(void *data)
{
	struct igt_nova_failbench *bench = data;

	bench->map = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS |
			  MAP_POPULATE, -1, 0);
	igt_assert(bench->map != MAP_FAILED);
	bench->va = bench->client.va_next + FAR;
}

static int call_userptr(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_USERPTR,
		.bo_offset = (uintptr_t)bench->map, .va = bench->va, .size = SMALL,
	};

	return vm_bind(bench, &op, 1);
}

static void finish_userptr(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)ret;
	(void)injected;
	igt_nova_vm_unmap(bench->client.fd, bench->client.vm, bench->va, SMALL, 0);
	munmap(bench->map, SMALL);
}

/* The last queue that was made, if it was one of user mode. */
static struct igt_nova_userq userq;

static int queue_create(struct igt_nova_failbench *bench, uint32_t flags)
{
	struct drm_nova_queue_create args = {
		.vm_id = bench->client.vm, .priority = DRM_NOVA_PRIORITY_NORMAL, .flags = flags,
	};
	int ret = igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &args);

	bench->id = args.queue_id;
	userq = (struct igt_nova_userq) { .create = args };
	return ret;
}

static int call_queue_create(void *data)
{
	return queue_create(data, 0);
}

static int call_queue_create_user(void *data)
{
	return queue_create(data, DRM_NOVA_QUEUE_USERMODE);
}

static void finish_queue_create(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)injected;
	if (ret == 0)
		igt_nova_queue_destroy(bench->client.fd, bench->id, 0);
}

/* The GPU sees the case's buffer, without an EXEC that would see to it. */
static void check_seen(struct igt_nova_failbench *bench)
{
	uint32_t used = bench->client.pushes_used;
	int fd = bench->client.fd;
	struct igt_nova_push push;

	igt_assert_eq(igt_nova_userq_map(fd, &userq), 0);
	igt_nova_push_begin(&bench->client, &push, 16);
	igt_nova_push_fence(&push, bench->va, 1);
	igt_nova_userq_submit(&userq, &push);
	igt_assert_eq(igt_nova_wait_fence(fd, bench->client.vm, bench->id, bench->va, 1), 0);
	igt_nova_userq_unmap(&userq);
	bench->client.pushes_used = used;
}

/* Bound, and taken out of the GPU's sight: that it is needed again changes nothing yet. */
static void prepare_queue_create_evicted(void *data)
{
	prepare_madvise(data);
	igt_assert_eq(call_madvise(data), 0);
	igt_assert_eq(call_willneed(data), 0);
}

static void finish_queue_create_evicted(void *data, int ret, bool injected)
{
	if (ret == 0)
		check_seen(data);
	finish_queue_create(data, ret, injected);
	finish_madvise(data, ret, injected);
}

/* A user-mode queue comes to a VM in which it is bound: the GPU has to see it with the call. */
static void prepare_willneed(void *data)
{
	prepare_madvise(data);
	igt_assert_eq(call_madvise(data), 0);
	igt_assert_eq(call_queue_create_user(data), 0);
}

/* What fails leaves it as it was: it can be made to be needed. */
static void finish_willneed(void *data, int ret, bool injected)
{
	if (ret)
		igt_assert_eq(call_willneed(data), 0);
	check_seen(data);
	finish_queue_create(data, 0, injected);
	finish_madvise(data, ret, injected);
}

static void prepare_queue_destroy(void *data)
{
	igt_assert_eq(queue_create(data, 0), 0);
}

static void prepare_queue_destroy_user(void *data)
{
	igt_assert_eq(queue_create(data, DRM_NOVA_QUEUE_USERMODE), 0);
}

static int call_queue_destroy(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_queue_destroy args = { .queue_id = bench->id };

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &args);
}

static void finish_queue_destroy(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)injected;
	igt_nova_queue_destroy(bench->client.fd, bench->id, ret ? 0 : ENOENT);
}

/* Of a buffer in video memory, at once. */
static int call_wait_user_fence(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_wait_user_fence args = {
		.vm_id = bench->client.vm, .queue_id = bench->queue, .address = bench->bo.va,
		.op = DRM_NOVA_USER_FENCE_GE, .mask = ~0ull,
	};

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &args);
}

static int call_queue_get_state(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_queue_get_state args = { .queue_id = bench->queue };

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_QUEUE_GET_STATE, &args);
}

/*
 * A fault is there to be copied. Once: it costs the bench no queue of its own, but each prepare would
 * cost one.
 */
static void prepare_vm_get_state(void *data)
{
	struct igt_nova_failbench *bench = data;
	int fd = bench->client.fd;
	struct drm_nova_vm_get_state state = { .vm_id = bench->client.vm };
	struct igt_nova_push push;
	uint32_t queue;

	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_GET_STATE, &state, 0);
	if (state.fault_count)
		return;
	queue = igt_nova_queue_create(fd, bench->client.vm, 0, 0);
	igt_nova_push_begin(&bench->client, &push, 64);
	igt_nova_push_fill(&push, bench->client.va_next + 2 * FAR, 1, 4);
	igt_assert_lt(igt_nova_submit_wait(fd, queue, &push), 0);
	igt_nova_queue_destroy(fd, queue, 0);
	while (!state.fault_count)
		igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_GET_STATE, &state, 0);
}

static int call_vm_get_state(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_vm_fault fault;
	struct drm_nova_vm_get_state args = {
		.vm_id = bench->client.vm,
		.faults = { sizeof(fault), 1, (uintptr_t)&fault },
	};

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_VM_GET_STATE, &args);
}

/* Two jobs, each with a push, a wait and a signal of either kind of syncobj. */
static int exec(struct igt_nova_failbench *bench, uint32_t flags)
{
	struct drm_nova_push push = { .va = bench->push.va, .length = bench->push.length };
	struct drm_nova_sync syncs[] = {
		igt_nova_wait_for(bench->binary, 0),
		igt_nova_wait_for(bench->timeline, bench->point),
		igt_nova_signal(bench->binary, 0),
		igt_nova_signal(bench->timeline, bench->point + 1),
	};
	struct drm_nova_job jobs[] = {
		{ .pushes = { sizeof(push), 1, (uintptr_t)&push } },
		{ .pushes = { sizeof(push), 1, (uintptr_t)&push },
		  .syncs = { sizeof(*syncs), ARRAY_SIZE(syncs), (uintptr_t)syncs } },
	};
	struct drm_nova_exec args = {
		.queue_id = bench->queue,
		.flags = flags,
		.jobs = { sizeof(*jobs), ARRAY_SIZE(jobs), (uintptr_t)jobs },
	};

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_EXEC, &args);
}

static int call_exec(void *data)
{
	return exec(data, 0);
}

static int call_exec_implicit(void *data)
{
	return exec(data, DRM_NOVA_EXEC_IMPLICIT_SYNC);
}

/* A wait for another queue's job. */
static void prepare_exec(void *data)
{
	igt_nova_failbench_submit(data);
}

/* Memory of the process that has changed since it was bound. */
static void prepare_exec_userptr(void *data)
{
	struct igt_nova_failbench *bench = data;

	prepare_userptr(bench);
	igt_assert_eq(call_userptr(bench), 0);
	igt_assert_eq(madvise(bench->map, SMALL, MADV_DONTNEED), 0);
	memset(bench->map, 1, SMALL);
	prepare_exec(bench);
}

/* All or none: the point of the timeline is there if and only if the call succeeded. */
static void finish_exec(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;
	uint64_t point = 0;

	(void)injected;
	igt_assert_eq(igt_nova_syncobj_wait(bench->client.fd, bench->binary, 0), 0);
	if (ret == 0)
		igt_assert_eq(igt_nova_syncobj_wait(bench->client.fd, bench->timeline,
						    ++bench->point), 0);
	igt_assert_eq(drmSyncobjQuery(bench->client.fd, &bench->timeline, &point, 1), 0);
	igt_assert_eq_u64(point, bench->point);
	igt_nova_queue_destroy(bench->client.fd, bench->id, 0);
}

/* Imported by another device, a buffer moves to system memory; the EXEC has to bring it back. */
static void prepare_exec_moved(void *data)
{
	struct igt_nova_failbench *bench = data;
	int fd = bench->client.fd, dmabuf = -1;
	struct drm_nova_gem_info info;
	uint32_t imported;

	igt_require_f(bench->second >= 0, "one device only\n");
	bench->handle = igt_nova_gem_create(fd, SMALL, 0, VRAM | SYSTEM, 0, 0);
	bench->va = bench->client.va_next + FAR;
	igt_nova_vm_map(fd, bench->client.vm, bench->handle, 0, bench->va, SMALL, 0, 0);
	igt_nova_failbench_submit(bench);
	igt_assert_eq(drmPrimeHandleToFD(fd, bench->handle, DRM_CLOEXEC, &dmabuf), 0);
	igt_assert_eq(drmPrimeFDToHandle(bench->second, dmabuf, &imported), 0);
	igt_nova_gem_close(bench->second, imported);
	close(dmabuf);
	igt_nova_gem_info(fd, bench->handle, &info, 0);
	igt_assert_eq_u32(info.resident, SYSTEM);
}

/* The semaphore of the job that the call waits for: behind what pushes take. */
static volatile uint32_t *implicit_gate(struct igt_nova_failbench *bench)
{
	return &bench->client.pushes.map[bench->client.pushes.size / 4 - 1];
}

/* The fence of another queue's job, which does not end, is on a shared buffer of the VM. */
static void prepare_exec_implicit(void *data)
{
	struct igt_nova_failbench *bench = data;
	int fd = bench->client.fd, dmabuf = -1;
	struct drm_nova_push segment = { 0 };
	struct drm_nova_job job = {
		.pushes = { sizeof(segment), 1, (uintptr_t)&segment },
	};
	struct drm_nova_exec args = {
		.flags = DRM_NOVA_EXEC_IMPLICIT_SYNC,
		.jobs = { sizeof(job), 1, (uintptr_t)&job },
	};
	struct igt_nova_push push;

	bench->handle = igt_nova_gem_create(fd, SMALL, 0, SYSTEM, 0, 0);
	bench->va = bench->client.va_next + FAR;
	igt_nova_vm_map(fd, bench->client.vm, bench->handle, 0, bench->va, SMALL, 0, 0);
	igt_assert_eq(drmPrimeHandleToFD(fd, bench->handle, DRM_CLOEXEC, &dmabuf), 0);
	close(dmabuf);
	igt_nova_failbench_submit(bench);
	*implicit_gate(bench) = 0;
	igt_nova_push_begin(&bench->client, &push, 16);
	igt_nova_push_acquire(&push, bench->client.pushes.va + bench->client.pushes.size - 4, 1);
	segment = (struct drm_nova_push) { push.va, push.length, 0 };
	args.queue_id = bench->id;
	igt_nova_expect(fd, DRM_IOCTL_NOVA_EXEC, &args, 0);
}

static void finish_exec_moved(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	finish_exec(bench, ret, injected);
	igt_nova_vm_unmap(bench->client.fd, bench->client.vm, bench->va, SMALL, 0);
	igt_nova_failbench_close_handle(bench);
}

static void finish_exec_userptr(void *data, int ret, bool injected)
{
	finish_exec(data, ret, injected);
	finish_userptr(data, ret, injected);
}

static void finish_exec_implicit(void *data, int ret, bool injected)
{
	*implicit_gate(data) = 1;
	finish_exec_moved(data, ret, injected);
}

/* One line per ioctl at least; all-ioctls tells when one is missing. */

#define IOCTL(name)	.request = DRM_IOCTL_NOVA_##name

static const struct igt_nova_failcall calls[] = {
	{ .fail = { .name = "getparam", .call = call_getparam },
	  IOCTL(GETPARAM), .describe = "A parameter is read." },
	{ .fail = { .name = "gem-create", .call = call_gem_create, .finish = finish_handle },
	  IOCTL(GEM_CREATE), .describe = "A buffer is made.", .orphans = true },
	{ .fail = { .name = "gem-create-private",
		    .call = call_gem_create_private, .finish = finish_handle },
	  IOCTL(GEM_CREATE), .describe = "A buffer private to a VM is made.", .orphans = true },
	{ .fail = { .name = "gem-info", .call = call_gem_info },
	  IOCTL(GEM_INFO), .describe = "A buffer is described." },
	{ .fail = { .name = "dev-query", .call = call_dev_query },
	  IOCTL(DEV_QUERY), .describe = "The engines are listed." },
	{ .fail = { .name = "gem-mmap-offset", .call = call_gem_mmap_offset },
	  IOCTL(GEM_MMAP_OFFSET), .describe = "A buffer's mmap offset is asked for." },
	{ .fail = { .name = "gem-label", .call = call_gem_label },
	  IOCTL(GEM_SET_META), .describe = "A buffer is given a label." },
	{ .fail = { .name = "gem-madvise", .prepare = prepare_madvise, .call = call_madvise,
		    .finish = finish_madvise },
	  IOCTL(GEM_SET_META), .describe = "A buffer is not needed." },
	{ .fail = { .name = "gem-willneed", .prepare = prepare_willneed, .call = call_willneed,
		    .finish = finish_willneed },
	  IOCTL(GEM_SET_META), .describe = "A buffer is needed again, where there is a user-mode queue." },
	{ .fail = { .name = "vm-create", .call = call_vm_create, .finish = finish_vm_create },
	  IOCTL(VM_CREATE), .describe = "An address space is made.", .orphans = true },
	{ .fail = { .name = "vm-destroy",
		    .prepare = prepare_vm_destroy, .call = call_vm_destroy,
		    .finish = finish_vm_destroy },
	  IOCTL(VM_DESTROY), .describe = "An address space is destroyed." },
	{ .fail = { .name = "vm-bind-vram",
		    .prepare = prepare_map_vram, .call = call_map, .finish = finish_map },
	  IOCTL(VM_BIND), .describe = "Video memory is bound where there are no tables yet." },
	{ .fail = { .name = "vm-bind-system",
		    .prepare = prepare_map_system, .call = call_map, .finish = finish_map },
	  IOCTL(VM_BIND), .describe = "System memory is bound where there are no tables yet." },
	{ .fail = { .name = "vm-bind-imported",
		    .prepare = prepare_map_imported, .call = call_map, .finish = finish_map },
	  IOCTL(VM_BIND), .describe = "Another device's memory is bound for the first time." },
	{ .fail = { .name = "vm-bind-remap",
		    .prepare = prepare_remap, .call = call_remap, .finish = finish_map },
	  IOCTL(VM_BIND), .describe = "A mapping is cut, and another put into it." },
	{ .fail = { .name = "vm-bind-unmap",
		    .prepare = prepare_remap, .call = call_unmap, .finish = finish_map },
	  IOCTL(VM_BIND), .describe = "A mapping is removed." },
	{ .fail = { .name = "vm-bind-unmap-all",
		    .prepare = prepare_unmap_all, .call = call_unmap_all,
		    .finish = finish_unmap_all },
	  IOCTL(VM_BIND), .describe = "All of a VM is unmapped." },
	{ .fail = { .name = "vm-bind-async",
		    .prepare = prepare_bind_async, .call = call_bind_async,
		    .finish = finish_bind_async },
	  IOCTL(VM_BIND), .describe = "Behind a job, a mapping is cut by a sparse range, and that again." },
	{ .fail = { .name = "vm-bind-userptr",
		    .prepare = prepare_userptr, .call = call_userptr, .finish = finish_userptr },
	  IOCTL(VM_BIND), .describe = "Memory of the process is bound where there are no tables yet." },
	{ .fail = { .name = "queue-create",
		    .call = call_queue_create, .finish = finish_queue_create },
	  IOCTL(QUEUE_CREATE), .describe = "A queue is made.", .orphans = true },
	{ .fail = { .name = "queue-destroy",
		    .prepare = prepare_queue_destroy, .call = call_queue_destroy,
		    .finish = finish_queue_destroy },
	  IOCTL(QUEUE_DESTROY), .describe = "A queue is destroyed." },
	{ .fail = { .name = "queue-create-user",
		    .call = call_queue_create_user, .finish = finish_queue_create },
	  IOCTL(QUEUE_CREATE), .describe = "A user-mode queue is made.", .orphans = true },
	{ .fail = { .name = "queue-create-user-evicted",
		    .prepare = prepare_queue_create_evicted, .call = call_queue_create_user,
		    .finish = finish_queue_create_evicted },
	  IOCTL(QUEUE_CREATE), .describe = "A user-mode queue is made, for which a buffer has to come back.",
	  .orphans = true },
	{ .fail = { .name = "queue-destroy-user",
		    .prepare = prepare_queue_destroy_user, .call = call_queue_destroy,
		    .finish = finish_queue_destroy },
	  IOCTL(QUEUE_DESTROY), .describe = "A user-mode queue is destroyed." },
	{ .fail = { .name = "wait-user-fence", .call = call_wait_user_fence },
	  IOCTL(WAIT_USER_FENCE), .describe = "Memory is looked at." },
	{ .fail = { .name = "queue-get-state", .call = call_queue_get_state },
	  IOCTL(QUEUE_GET_STATE), .describe = "A queue's state is read." },
	{ .fail = { .name = "vm-get-state",
		    .prepare = prepare_vm_get_state, .call = call_vm_get_state },
	  IOCTL(VM_GET_STATE), .describe = "A VM's state is read, with a fault." },
	{ .fail = { .name = "exec",
		    .prepare = prepare_exec, .call = call_exec, .finish = finish_exec },
	  IOCTL(EXEC), .describe = "Two jobs with all kinds of syncs." },
	{ .fail = { .name = "exec-moved",
		    .prepare = prepare_exec_moved, .call = call_exec,
		    .finish = finish_exec_moved },
	  IOCTL(EXEC), .describe = "A job in a VM with a buffer that was moved away." },
	{ .fail = { .name = "exec-userptr",
		    .prepare = prepare_exec_userptr, .call = call_exec,
		    .finish = finish_exec_userptr },
	  IOCTL(EXEC), .describe = "A job in a VM with memory of the process that has changed." },
	{ .fail = { .name = "exec-implicit",
		    .prepare = prepare_exec_implicit, .call = call_exec_implicit,
		    .finish = finish_exec_implicit },
	  IOCTL(EXEC), .describe = "Two jobs that wait for the users of a shared buffer, too." },
	{ .fail = { .name = "get-time", .call = call_get_time },
	  IOCTL(GET_TIME), .describe = "The clocks are read." },
};

/* What the driver does not know is EINVAL, before any argument is looked at. */
static void test_all_ioctls(void)
{
	int fd = igt_nova_dev_open(igt_nova_unplug_dev());

	for (unsigned int nr = DRM_COMMAND_BASE; nr < DRM_COMMAND_END; nr++) {
		int ret = igt_nova_ioctl_once(fd, DRM_IOWR(nr, uint64_t),
				     (void *)(uintptr_t)IGT_NOVA_BAD_POINTER);
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
			known |= calls[i].request && _IOC_NR(calls[i].request) == nr;
		igt_assert_f(ret == (known ? -EFAULT : -EINVAL), "ioctl %#x is %s the table: %s\n",
			     nr - DRM_COMMAND_BASE, known ? "in" : "not in", strerror(-ret));
	}
	close(fd);
}

int igt_main()
{
	igt_fixture() {
		igt_nova_fail_init();
		igt_nova_unplug_init();
	}
	igt_describe("The table has every ioctl that the driver has.");
	igt_subtest("all-ioctls") {
		igt_nova_unplug_begin();
		test_all_ioctls();
		igt_reset_timeout();
	}
	igt_nova_failcall_run(calls, ARRAY_SIZE(calls));
	igt_fixture() {
		igt_nova_fail_fini();
		igt_nova_replug();
		igt_nova_unplug_fini();
	}
}
