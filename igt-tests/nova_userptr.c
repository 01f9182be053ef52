/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "regs/nv_error.h"
#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("Memory of processes, bound where the GPU can reach it, and its changes.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1ull << 20)
#define LARGE	(2 * MIB)
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define USERPTR	DRM_NOVA_VM_BIND_USERPTR
#define READONLY DRM_NOVA_VM_BIND_READONLY
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define OLD	0x01d01d00u
#define NEW	0x0e30e300u
#define RING_SIZE 64u

/**
 * struct bench - a client that has memory of its process bound
 * @client: the client
 * @queue: queue that copies
 * @blocked: queue with the job of gate_close()
 * @gate: memory that this job waits for
 * @done: syncobj of that job
 * @bo: a buffer to copy from and to, of LARGE
 */
struct bench {
	struct igt_nova_client client;
	uint32_t queue;
	uint32_t blocked;
	struct igt_nova_bo gate;
	uint32_t done;
	struct igt_nova_bo bo;
};

static void bench_init(struct bench *bench, int fd)
{
	struct igt_nova_client *client = &bench->client;

	igt_nova_client_init(client, fd);
	bench->queue = igt_nova_client_queue(client, 0);
	bench->blocked = igt_nova_client_queue(client, igt_nova_engine_count(fd) - 1);
	igt_nova_client_bo(client, &bench->gate, PAGE, SYSTEM);
	igt_nova_client_bo(client, &bench->bo, LARGE, VRAM);
	bench->done = igt_nova_syncobj_create(fd);
}

static void bench_open(struct bench *bench)
{
	bench_init(bench, igt_nova_dev_open(igt_nova_unplug_dev()));
}

static void bench_close(struct bench *bench)
{
	igt_nova_bo_destroy(bench->client.fd, &bench->gate);
	igt_nova_bo_destroy(bench->client.fd, &bench->bo);
	igt_nova_client_close(&bench->client);
}

/* Submits the job that ends with gate_open(). */
static void gate_close(struct bench *bench)
{
	struct drm_nova_sync out = igt_nova_signal(bench->done, 0);
	struct igt_nova_push push;

	bench->gate.map[0] = 0;
	igt_nova_push_begin(&bench->client, &push, 16);
	igt_nova_push_acquire(&push, bench->gate.va, 1);
	igt_assert_eq(igt_nova_submit(bench->client.fd, bench->blocked, &push, &out, 1), 0);
}

static void gate_open(struct bench *bench)
{
	*(volatile uint32_t *)bench->gate.map = 1;
}

static uint32_t *map_memory(uint64_t size, int prot, int flags, int fd)
{
	uint32_t *at = mmap(NULL, size, prot, flags, fd, 0);

	igt_assert_f(at != MAP_FAILED, "mmap: %s\n", strerror(errno));
	return at;
}

static void fill_memory(uint32_t *at, uint64_t size, uint32_t value)
{
	for (uint64_t i = 0; i < size / 4; i++)
		at[i] = value;
}

static void expect_memory(const uint32_t *at, uint64_t size, uint32_t value)
{
	for (uint64_t i = 0; i < size / 4; i++)
		igt_assert_f(at[i] == value, "dword %llu is %#x and not %#x\n",
			     (unsigned long long)i, at[i], value);
}

static struct drm_nova_vm_bind_op op_userptr(const void *at, uint64_t va, uint64_t size,
					     uint32_t flags)
{
	return (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = USERPTR | flags,
		.bo_offset = (uintptr_t)at, .va = va, .size = size,
	};
}

static int try_bind(struct bench *bench, const void *at, uint64_t va, uint64_t size, uint32_t flags)
{
	struct drm_nova_vm_bind_op op = op_userptr(at, va, size, flags);

	return igt_nova_vm_bind_ops(bench->client.fd, bench->client.vm, &op, 1);
}

static uint64_t bind(struct bench *bench, const void *at, uint64_t size, uint32_t flags)
{
	uint64_t va = igt_nova_client_va(&bench->client, size);

	igt_assert_eq(try_bind(bench, at, va, size, flags), 0);
	return va;
}

static void unbind(struct bench *bench, uint64_t va, uint64_t size)
{
	igt_nova_vm_unmap(bench->client.fd, bench->client.vm, va, size, 0);
}

static int try_copy(struct bench *bench, uint64_t to, uint64_t from, uint32_t size)
{
	uint32_t out = igt_nova_syncobj_create(bench->client.fd);
	struct drm_nova_sync sync = igt_nova_signal(out, 0);
	struct igt_nova_push push;
	int ret;

	bench->client.pushes_used = 0;
	igt_nova_push_begin(&bench->client, &push, 32);
	igt_nova_push_copy(&push, to, from, size);
	ret = igt_nova_submit(bench->client.fd, bench->queue, &push, &sync, 1);
	if (!ret)
		ret = igt_nova_fence_result(bench->client.fd, out);
	igt_nova_syncobj_destroy(bench->client.fd, out);
	return ret;
}

static void copy(struct bench *bench, uint64_t to, uint64_t from, uint32_t size)
{
	igt_assert_eq(try_copy(bench, to, from, size), 1);
}

/* An EXEC without a job: what it says of the VM's memory. */
static int try_exec(struct bench *bench)
{
	return igt_nova_submit(bench->client.fd, bench->queue, NULL, NULL, 0);
}

/* The GPU writes @value to all of @va, and the process sees it at @at; and the reverse. */
static void expect_shared(struct bench *bench, uint32_t *at, uint64_t va, uint64_t size,
			  uint32_t value)
{
	igt_nova_bo_fill(&bench->bo, value);
	copy(bench, va, bench->bo.va, size);
	expect_memory(at, size, value);
	fill_memory(at, size, ~value);
	copy(bench, bench->bo.va, va, size);
	expect_memory(bench->bo.map, size, ~value);
}

static void expect_gpu_reads(struct bench *bench, uint64_t va, uint64_t size, uint32_t value)
{
	igt_nova_bo_fill(&bench->bo, ~value);
	copy(bench, bench->bo.va, va, size);
	expect_memory(bench->bo.map, size, value);
}

/* --- what can be bound --- */

static void test_copy(int fd)
{
	struct drm_nova_query_device device;
	struct bench bench;
	uint32_t *at;
	uint64_t va;

	bench_open(&bench);
	fd = bench.client.fd;
	igt_nova_query(fd, DRM_NOVA_QUERY_DEVICE, &device, sizeof(device));
	igt_assert(device.features & DRM_NOVA_FEATURE_USERPTR);

	at = map_memory(17 * PAGE, RW, ANON, -1);
	va = bind(&bench, at, 17 * PAGE, 0);
	expect_shared(&bench, at, va, 17 * PAGE, 0x600d0001);
	/* Bound twice, and once more a part. */
	expect_shared(&bench, at + 3 * PAGE / 4, bind(&bench, at + 3 * PAGE / 4, 2 * PAGE, 0),
		      2 * PAGE, 0x600d0002);
	unbind(&bench, va, 17 * PAGE);
	munmap(at, 17 * PAGE);
	bench_close(&bench);
}

static void test_shared(int fd)
{
	uint32_t *at, *again;
	struct bench bench;
	uint64_t va;
	int file;

	(void)fd;
	bench_open(&bench);
	file = memfd_create("nova_userptr", MFD_CLOEXEC);
	igt_assert_eq(ftruncate(file, 8 * PAGE), 0);
	at = map_memory(8 * PAGE, RW, MAP_SHARED, file);
	again = map_memory(8 * PAGE, RW, MAP_SHARED, file);
	va = bind(&bench, at, 8 * PAGE, 0);
	expect_shared(&bench, again, va, 8 * PAGE, 0x600d0003);
	/* Truncated: there is no such memory; longer again: it is other memory. */
	igt_assert_eq(ftruncate(file, PAGE), 0);
	igt_assert_eq(try_exec(&bench), -EFAULT);
	igt_assert_eq(ftruncate(file, 8 * PAGE), 0);
	expect_gpu_reads(&bench, va + PAGE, 7 * PAGE, 0);
	expect_shared(&bench, again, va, 8 * PAGE, 0x600d0004);
	close(file);
	bench_close(&bench);
}

/* A file that was opened for reading is fine for reading, and its private copy for all. */
static void test_readonly(int fd)
{
	struct drm_nova_queue_get_state state = { 0 };
	struct bench bench;
	uint32_t *at;
	uint64_t va;
	int file;

	(void)fd;
	bench_open(&bench);
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	igt_assert(file >= 0);
	at = map_memory(PAGE, PROT_READ, MAP_SHARED, file);
	va = igt_nova_client_va(&bench.client, PAGE);
	igt_assert_eq(try_bind(&bench, at, va, PAGE, 0), -EFAULT);
	igt_assert_eq(try_bind(&bench, at, va, PAGE, READONLY), 0);
	copy(&bench, bench.bo.va, va, PAGE);
	igt_assert_eq(memcmp(bench.bo.map, at, PAGE), 0);
	unbind(&bench, va, PAGE);

	/* Memory that was never touched: the zero page. The GPU must not write to that. */
	at = map_memory(PAGE, RW, ANON, -1);
	igt_assert_eq(try_bind(&bench, at, va, PAGE, READONLY), 0);
	expect_gpu_reads(&bench, va, PAGE, 0);
	igt_nova_expect_errors_logged();
	igt_nova_bo_fill(&bench.bo, 0xbad);
	igt_assert_eq(try_copy(&bench, va, bench.bo.va, PAGE), -ECANCELED);
	igt_nova_queue_state(bench.client.fd, bench.queue, &state);
	igt_assert_eq_u32(state.error, NV_ERROR_MMU_FAULT);
	expect_memory(at, PAGE, 0);
	bench.queue = igt_nova_client_queue(&bench.client, 0);
	fill_memory(at, PAGE, NEW);
	expect_gpu_reads(&bench, va, PAGE, NEW);
	close(file);
	bench_close(&bench);
}

static void test_refused(int fd)
{
	struct drm_nova_query_limits limits;
	struct drm_nova_vm_bind_op op, bad, two[2];
	struct drm_nova_vm_create vm;
	uint32_t *at, *map;
	struct bench bench;
	uint32_t vm_id;

	bench_open(&bench);
	fd = bench.client.fd;
	igt_nova_limits(fd, &limits);
	vm_id = igt_nova_vm_create(fd, &vm);
	at = map_memory(4 * PAGE, RW, ANON, -1);
	op = op_userptr(at, vm.va_start, 2 * PAGE, 0);
#define REFUSE(field, wrong, error) \
	do { \
		bad = op; \
		bad.field = wrong; \
		igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, &bad, 1), -(error)); \
	} while (0)
	REFUSE(op, DRM_NOVA_VM_BIND_OP_UNMAP, EINVAL);
	REFUSE(op, DRM_NOVA_VM_BIND_OP_UNMAP_ALL, EINVAL);
	REFUSE(flags, USERPTR | DRM_NOVA_VM_BIND_SPARSE, EINVAL);
	REFUSE(flags, USERPTR | READONLY | DRM_NOVA_VM_BIND_SPARSE, EINVAL);
	REFUSE(flags, USERPTR | 1u << 3, EINVAL);
	REFUSE(handle, bench.bo.handle, EINVAL);
	REFUSE(pad, 1, EINVAL);
	REFUSE(bo_offset, (uintptr_t)at + 8, EINVAL);
	REFUSE(bo_offset, 0ull - PAGE, EINVAL);
	REFUSE(bo_offset, 0, EFAULT);
	REFUSE(bo_offset, 1ull << 63, EFAULT);
	REFUSE(bo_offset, 1ull << 47, EFAULT);
	REFUSE(va, vm.va_start - PAGE, EINVAL);
	REFUSE(va, vm.va_start + vm.va_size, EINVAL);
	REFUSE(va, vm.va_start + 1, EINVAL);
	REFUSE(size, 0, EINVAL);
	REFUSE(size, PAGE + 1, EINVAL);
	REFUSE(size, vm.va_size + PAGE, EINVAL);
	REFUSE(size, 0ull - PAGE, EINVAL);
	REFUSE(size, (limits.gem_size_max & ~(PAGE - 1)) + PAGE, E2BIG);
#undef REFUSE
	/* A hole in the memory; the mapping of a buffer; memory that cannot even be read. */
	munmap(at + PAGE / 4, PAGE);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, &op, 1), -EFAULT);
	map = igt_nova_gem_mmap(fd, bench.gate.handle, PAGE);
	igt_assert_eq(try_bind(&bench, map, vm.va_start, PAGE, READONLY), -EFAULT);
	munmap(map, PAGE);
	igt_assert_eq(mprotect(at, PAGE, PROT_NONE), 0);
	igt_assert_eq(try_bind(&bench, at, vm.va_start, PAGE, READONLY), -EFAULT);
	igt_assert_eq(mprotect(at, PAGE, RW), 0);
	/* All or none. */
	two[0] = op_userptr(at, vm.va_start, PAGE, 0);
	two[1] = op_userptr(at + PAGE / 4, vm.va_start + PAGE, PAGE, 0);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, two, 2), -EFAULT);
	two[1].va = 0;
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, two, 2), -EINVAL);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, two, 1), 0);
	igt_nova_vm_destroy(fd, vm_id, 0);
	munmap(at, 4 * PAGE);
	bench_close(&bench);
}

/* Pages that somebody in user space could have to give: nobody is waited for. */
static void test_userfault(int fd)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	struct bench bench;
	uint32_t *at;
	int uffd;

	(void)fd;
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	igt_require_f(uffd >= 0, "userfaultfd: %s\n", strerror(errno));
	bench_open(&bench);
	igt_assert_eq(ioctl(uffd, UFFDIO_API, &api), 0);
	at = map_memory(PAGE, RW, ANON, -1);
	range.range.start = (uintptr_t)at;
	range.range.len = PAGE;
	igt_assert_eq(ioctl(uffd, UFFDIO_REGISTER, &range), 0);
	igt_assert_eq(try_bind(&bench, at, igt_nova_client_va(&bench.client, PAGE), PAGE,
			       READONLY), -EFAULT);
	/* Nobody could have to, any more. */
	close(uffd);
	expect_shared(&bench, at, bind(&bench, at, PAGE, 0), PAGE, 0x600d000f);
	bench_close(&bench);
}

/* No EXEC looks memory up for a user-mode queue. */
static void test_user_mode_queues(int fd)
{
	struct drm_nova_queue_create create = {
		.priority = DRM_NOVA_PRIORITY_NORMAL, .flags = DRM_NOVA_QUEUE_USERMODE,
	};
	struct drm_nova_vm_bind_op op;
	struct bench bench;
	uint32_t *at, out;
	struct drm_nova_sync syncs[2];
	uint64_t va;

	bench_open(&bench);
	fd = bench.client.fd;
	create.vm_id = bench.client.vm;
	at = map_memory(PAGE, RW, ANON, -1);
	va = bind(&bench, at, PAGE, 0);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, EPERM);
	igt_assert_eq(igt_nova_wait_fence(fd, bench.client.vm, 0, va, 0), -EPERM);
	/* Nor while its end is still on the way. */
	gate_close(&bench);
	op = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = va, .size = PAGE,
	};
	out = igt_nova_syncobj_create(fd);
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = igt_nova_signal(out, 0);
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, EPERM);
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
	igt_assert_eq(try_bind(&bench, at, va, PAGE, 0), -EPERM);
	igt_nova_queue_destroy(fd, create.queue_id, 0);
	igt_assert_eq(try_bind(&bench, at, va, PAGE, 0), 0);
	expect_shared(&bench, at, va, PAGE, 0x600d0005);
	bench_close(&bench);
}

/* --- one mapping, cut into many --- */

static void test_cut(int fd)
{
	struct drm_nova_vm_bind_op ops[3];
	struct bench bench;
	uint32_t *at;
	uint64_t va;

	bench_open(&bench);
	fd = bench.client.fd;
	/* A page to each side of a large one, so that it is split wherever it begins. */
	at = map_memory(2 * LARGE, RW, ANON, -1);
	va = bind(&bench, at, 2 * LARGE, 0);
	for (uint64_t page = 0; page < 2 * LARGE / PAGE; page++)
		at[page * PAGE / 4] = page;
	unbind(&bench, va + 3 * PAGE, PAGE);
	ops[0] = op_userptr(at, va + 700 * PAGE, 2 * PAGE, READONLY);
	ops[1] = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = bench.gate.handle, .va = va + 9 * PAGE,
		.size = PAGE,
	};
	ops[2] = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_SPARSE,
		.va = va + 1000 * PAGE, .size = 100 * PAGE,
	};
	igt_assert_eq(igt_nova_vm_bind_ops(fd, bench.client.vm, ops, 3), 0);
	/* What is left follows the process. */
	for (unsigned int round = 0; round < 2; round++) {
		copy(&bench, bench.bo.va, va + 4 * PAGE, 5 * PAGE);
		for (unsigned int i = 0; i < 5; i++)
			igt_assert_eq_u32(bench.bo.map[i * PAGE / 4], 4 + i);
		copy(&bench, bench.bo.va, va + 699 * PAGE, 4 * PAGE);
		igt_assert_eq_u32(bench.bo.map[0], 699);
		igt_assert_eq_u32(bench.bo.map[PAGE / 4], 0);
		igt_assert_eq_u32(bench.bo.map[2 * PAGE / 4], 1);
		igt_assert_eq_u32(bench.bo.map[3 * PAGE / 4], 702);
		copy(&bench, bench.bo.va, va + 999 * PAGE, 2 * PAGE);
		igt_assert_eq_u32(bench.bo.map[0], 999);
		igt_assert_eq_u32(bench.bo.map[PAGE / 4], 0);
		/* Other pages, with the same content. */
		igt_assert_eq(madvise(at, 2 * LARGE, MADV_DONTNEED), 0);
		for (uint64_t page = 0; page < 2 * LARGE / PAGE; page++)
			at[page * PAGE / 4] = page;
	}
	/* What was cut out of it is not needed any more, and what is left is. */
	igt_assert_eq(munmap(at + 3 * PAGE / 4, PAGE), 0);
	copy(&bench, bench.bo.va, va + 4 * PAGE, PAGE);
	igt_assert_eq_u32(bench.bo.map[0], 4);
	igt_assert_eq(munmap(at + 4 * PAGE / 4, PAGE), 0);
	igt_assert_eq(try_exec(&bench), -EFAULT);
	unbind(&bench, va, 10 * PAGE);
	copy(&bench, bench.bo.va, va + 10 * PAGE, PAGE);
	igt_assert_eq_u32(bench.bo.map[0], 10);
	/* Of the second range, of two pages at 700, one is left. */
	unbind(&bench, va + 10 * PAGE, 691 * PAGE);
	igt_assert_eq(munmap(at, PAGE), 0);
	copy(&bench, bench.bo.va, va + 701 * PAGE, PAGE);
	igt_assert_eq_u32(bench.bo.map[0], 1);
	unbind(&bench, va, 2 * LARGE);
	bench_close(&bench);
}

/* --- the process goes on --- */

/* Unmapped: no job, and the pages are as they were. Something else there: that is bound. */
static void test_unmapped(int fd)
{
	uint32_t *at, *again;
	struct bench bench;
	uint64_t va;
	int file;

	(void)fd;
	bench_open(&bench);
	file = memfd_create("nova_userptr", MFD_CLOEXEC);
	igt_assert_eq(ftruncate(file, 4 * PAGE), 0);
	again = map_memory(4 * PAGE, RW, MAP_SHARED, file);
	at = map_memory(4 * PAGE, RW, MAP_SHARED, file);
	va = bind(&bench, at, 4 * PAGE, 0);
	expect_shared(&bench, again, va, 4 * PAGE, 0x600d0006);
	fill_memory(again, 4 * PAGE, OLD);
	igt_assert_eq(munmap(at, 4 * PAGE), 0);
	igt_nova_bo_fill(&bench.bo, NEW);
	igt_assert_eq(try_copy(&bench, va, bench.bo.va, 4 * PAGE), -EFAULT);
	expect_memory(again, 4 * PAGE, OLD);

	igt_assert(mmap(at, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == at);
	expect_shared(&bench, at, va, 4 * PAGE, 0x600d0007);
	/* Moved: it is about addresses. */
	igt_assert(mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, again) == again);
	igt_assert_eq(try_exec(&bench), -EFAULT);
	igt_assert(mmap(at, 4 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == at);
	igt_assert_eq(try_exec(&bench), -EFAULT);
	igt_assert_eq(mprotect(at, 4 * PAGE, RW), 0);
	expect_shared(&bench, at, va, 4 * PAGE, 0x600d0008);
	expect_memory(again, 4 * PAGE, ~0x600d0007);
	close(file);
	bench_close(&bench);
}

/* A job that runs is waited for, and has its pages until it has ended. */
struct unmapper {
	uint32_t *at;
	uint64_t size;
	pid_t tid;
	sem_t started;
	atomic_bool done;
	pthread_t thread;
	bool runs;
};

static struct unmapper unmapper;

static void *run_unmapper(void *data)
{
	(void)data;
	unmapper.tid = gettid();
	sem_post(&unmapper.started);
	munmap(unmapper.at, unmapper.size);
	atomic_store(&unmapper.done, true);
	return NULL;
}

/* Returns when it waits for what the GPU does. */
static void unmapper_start(uint32_t *at, uint64_t size)
{
	unmapper.at = at;
	unmapper.size = size;
	atomic_store(&unmapper.done, false);
	igt_assert_eq(sem_init(&unmapper.started, 0, 0), 0);
	igt_nova_thread_start(&unmapper.thread, run_unmapper, NULL);
	unmapper.runs = true;
	while (sem_wait(&unmapper.started))
		;
	igt_nova_thread_wait_asleep(unmapper.tid);
}

static void unmapper_join(void)
{
	if (!unmapper.runs)
		return;
	pthread_join(unmapper.thread, NULL);
	unmapper.runs = false;
}

static void test_job_waited_for(int fd)
{
	struct igt_nova_push push;
	uint32_t *at, *again, out;
	struct bench bench;
	uint64_t va;
	int file;

	bench_open(&bench);
	fd = bench.client.fd;
	file = memfd_create("nova_userptr", MFD_CLOEXEC);
	igt_assert_eq(ftruncate(file, PAGE), 0);
	again = map_memory(PAGE, RW, MAP_SHARED, file);
	at = map_memory(PAGE, RW, MAP_SHARED, file);
	va = bind(&bench, at, PAGE, 0);
	/* On one queue it waits, then writes. */
	bench.gate.map[0] = 0;
	igt_nova_push_begin(&bench.client, &push, 64);
	igt_nova_push_acquire(&push, bench.gate.va, 1);
	igt_nova_push_fill(&push, va, NEW, PAGE / 4);
	out = igt_nova_submit_fence(fd, bench.blocked, &push);
	unmapper_start(at, PAGE);
	igt_assert(!atomic_load(&unmapper.done));
	expect_memory(again, PAGE, 0);
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	unmapper_join();
	expect_memory(again, PAGE, NEW);
	igt_assert_eq(try_exec(&bench), -EFAULT);
	close(file);
	bench_close(&bench);
}

static unsigned int job_timeout_ms;

static void set_job_timeout(unsigned int value)
{
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", value), 0);
}

/* Nobody waits for ever: a job and a bind that do not end lose the memory, which is not touched. */
static void test_cut_off(int fd)
{
	struct drm_nova_vm_bind_op op;
	uint32_t *at, *again, *other, out, bound;
	struct drm_nova_sync syncs[2];
	struct igt_nova_push push;
	struct bench bench;
	uint64_t va;
	int file;

	/* What queues have is what it was when they were made. */
	job_timeout_ms = igt_nova_module_param("nova_drm", "job_timeout_ms");
	set_job_timeout(20000);
	bench_open(&bench);
	set_job_timeout(100);
	fd = bench.client.fd;
	file = memfd_create("nova_userptr", MFD_CLOEXEC);
	igt_assert_eq(ftruncate(file, PAGE), 0);
	again = map_memory(PAGE, RW, MAP_SHARED, file);
	at = map_memory(PAGE, RW, MAP_SHARED, file);
	other = map_memory(PAGE, RW, ANON, -1);
	fill_memory(again, PAGE, OLD);
	va = bind(&bench, at, PAGE, 0);
	gate_close(&bench);
	igt_nova_push_begin(&bench.client, &push, 64);
	igt_nova_push_acquire(&push, bench.gate.va, 1);
	igt_nova_push_fill(&push, va, NEW, PAGE / 4);
	out = igt_nova_submit_fence(fd, bench.queue, &push);
	/* A bind of other memory, over the gate's neighbour, behind the gate. */
	bound = igt_nova_syncobj_create(fd);
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = igt_nova_signal(bound, 0);
	op = op_userptr(other, bench.bo.va, PAGE, 0);
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	igt_assert_eq(munmap(at, PAGE), 0);
	igt_assert_eq(munmap(other, PAGE), 0);
	igt_assert(igt_nova_syncobj_busy(fd, out));
	igt_assert(igt_nova_syncobj_busy(fd, bound));
	igt_nova_expect_errors_logged();
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, bound), 1);
	igt_assert_eq(igt_nova_fence_result(fd, out), -ECANCELED);
	expect_memory(again, PAGE, OLD);
	set_job_timeout(job_timeout_ms);
	bench.queue = igt_nova_client_queue(&bench.client, 0);
	igt_assert_eq(try_exec(&bench), -EFAULT);
	/* Neither the new memory nor the old buffer is there, until there is memory again. */
	igt_assert(mmap(other, PAGE, RW, ANON | MAP_FIXED, -1, 0) == other);
	unbind(&bench, va, PAGE);
	other[0] = NEW;
	copy(&bench, bench.bo.va + PAGE, bench.bo.va, PAGE);
	igt_assert_eq_u32(bench.bo.map[PAGE / 4], NEW);
	close(file);
	bench_close(&bench);
}

/* A job that says it has ended, and runs on, finds nothing where the memory was. */
static void test_forged_fence(int fd)
{
	struct drm_nova_queue_create create = {
		.priority = DRM_NOVA_PRIORITY_NORMAL, .ring_size = RING_SIZE,
	};
	struct drm_nova_queue_get_state state = { 0 };
	struct igt_nova_push push;
	uint32_t *at, *again, queue;
	struct bench bench;
	uint64_t va;
	int file;

	/* The first queue of a VM has its semaphore there, behind a ring of one page. */
	igt_nova_client_init(&bench.client, igt_nova_dev_open(igt_nova_unplug_dev()));
	fd = bench.client.fd;
	create.vm_id = bench.client.vm;
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
	queue = create.queue_id;
	igt_nova_client_bo(&bench.client, &bench.gate, PAGE, SYSTEM);
	igt_nova_client_bo(&bench.client, &bench.bo, PAGE, VRAM);
	file = memfd_create("nova_userptr", MFD_CLOEXEC);
	igt_assert_eq(ftruncate(file, PAGE), 0);
	again = map_memory(PAGE, RW, MAP_SHARED, file);
	at = map_memory(PAGE, RW, MAP_SHARED, file);
	fill_memory(again, PAGE, OLD);
	va = bind(&bench, at, PAGE, 0);
	bench.gate.map[0] = 0;
	igt_nova_push_begin(&bench.client, &push, 128);
	igt_nova_push_copy(&push, bench.bo.va, va, PAGE);	/* the address is cached */
	igt_nova_push_forged_fence(&bench.client, &push);
	igt_nova_push_acquire(&push, bench.gate.va, 1);
	igt_nova_push_fill(&push, va, NEW, PAGE / 4);
	igt_assert_eq(igt_nova_submit_wait(fd, queue, &push), 1);
	igt_assert_eq(munmap(at, PAGE), 0);
	igt_nova_expect_errors_logged();
	gate_open(&bench);
	while (!state.flags && again[0] == OLD) {
		igt_nova_queue_state(fd, queue, &state);
		sched_yield();
	}
	expect_memory(again, PAGE, OLD);
	igt_assert_eq_u32(state.error, NV_ERROR_MMU_FAULT);
	close(file);
	bench_close(&bench);
}

/* So is a bind that is on its way; what it takes away is not needed any more. */
static void test_async(int fd)
{
	struct drm_nova_vm_bind_op op;
	struct drm_nova_sync syncs[2];
	uint32_t *at, *other, out;
	struct bench bench;
	uint64_t va;

	bench_open(&bench);
	fd = bench.client.fd;
	at = map_memory(4 * PAGE, RW, ANON, -1);
	other = map_memory(4 * PAGE, RW, ANON, -1);
	fill_memory(at, 4 * PAGE, OLD);
	fill_memory(other, 4 * PAGE, NEW);
	va = bind(&bench, at, 4 * PAGE, 0);
	gate_close(&bench);
	out = igt_nova_syncobj_create(fd);
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = igt_nova_signal(out, 0);
	op = op_userptr(other, va + PAGE, 2 * PAGE, 0);
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	expect_gpu_reads(&bench, va, 4 * PAGE, OLD);
	igt_assert(igt_nova_syncobj_busy(fd, out));
	unmapper_start(other, 4 * PAGE);
	igt_assert(!atomic_load(&unmapper.done));
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	unmapper_join();
	igt_assert_eq(try_exec(&bench), -EFAULT);
	unbind(&bench, va + PAGE, 2 * PAGE);
	expect_gpu_reads(&bench, va, PAGE, OLD);

	/* Applied, then seen. */
	other = map_memory(4 * PAGE, RW, ANON, -1);
	fill_memory(other, 4 * PAGE, NEW);
	gate_close(&bench);
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = igt_nova_signal(out, 0);
	op = op_userptr(other, va, 4 * PAGE, READONLY);
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	expect_gpu_reads(&bench, va, PAGE, OLD);
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	expect_gpu_reads(&bench, va, 4 * PAGE, NEW);
	igt_assert_eq(munmap(at, 4 * PAGE), 0);
	igt_assert_eq(try_exec(&bench), 0);
	bench_close(&bench);
}

/*
 * What a bind on its way takes away is looked up again for jobs before it, if the process still has
 * it; if not, they are submitted all the same.
 */
static void test_taken_away(int fd)
{
	struct drm_nova_vm_bind_op op;
	struct drm_nova_sync syncs[2];
	struct bench bench, gate;
	uint32_t *at, out;
	uint64_t va;

	bench_open(&bench);
	fd = bench.client.fd;
	/* The gate is in another VM: what changes here does not wait for it. */
	bench_open(&gate);
	at = map_memory(2 * PAGE, RW, ANON, -1);
	fill_memory(at, 2 * PAGE, OLD);
	va = bind(&bench, at, 2 * PAGE, 0);
	igt_assert_eq(munmap(at, 2 * PAGE), 0);
	igt_assert_eq(try_exec(&bench), -EFAULT);
	gate_close(&gate);
	/* Its fence, in the other file. */
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	out = igt_nova_sync_file(gate.client.fd, gate.done);
	igt_assert_eq(drmSyncobjImportSyncFile(fd, bench.done, out), 0);
	close(out);
	out = igt_nova_syncobj_create(fd);
	syncs[1] = igt_nova_signal(out, 0);
	op = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = va, .size = 2 * PAGE,
	};
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	igt_assert_eq(try_exec(&bench), 0);
	igt_assert(mmap(at, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == at);
	igt_assert_eq(try_exec(&bench), 0);
	gate_open(&gate);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	igt_assert_eq(try_exec(&bench), 0);
	bench_close(&gate);
	bench_close(&bench);
}

/* --- memory that processes share, or the kernel merges --- */

/* After a fork each has pages of its own, and the GPU those of who bound them. */
static void test_fork(int fd)
{
	int to_child[2], to_parent[2], status;
	struct bench bench;
	uint32_t *at;
	uint64_t va;
	pid_t child;
	char byte;

	(void)fd;
	bench_open(&bench);
	at = map_memory(4 * PAGE, RW, ANON, -1);
	fill_memory(at, 4 * PAGE, OLD);
	va = bind(&bench, at, 4 * PAGE, 0);
	igt_assert_eq(pipe(to_child), 0);
	igt_assert_eq(pipe(to_parent), 0);
	child = fork();
	igt_assert(child >= 0);
	if (!child) {
		bool good = read(to_child[0], &byte, 1) == 1;

		for (uint64_t i = 0; i < 4 * PAGE / 4; i++)
			good &= at[i] == OLD;
		fill_memory(at, 4 * PAGE, 0xc41d);
		good &= write(to_parent[1], &byte, 1) == 1 && read(to_child[0], &byte, 1) == 1;
		for (uint64_t i = 0; i < 4 * PAGE / 4; i++)
			good &= at[i] == 0xc41d;
		_exit(good ? 0 : 1);
	}
	/* The GPU's write is the first after the fork. */
	igt_nova_bo_fill(&bench.bo, NEW);
	copy(&bench, va, bench.bo.va, 4 * PAGE);
	expect_memory(at, 4 * PAGE, NEW);
	igt_assert_eq(write(to_child[1], "", 1), 1);
	igt_assert_eq(read(to_parent[0], &byte, 1), 1);
	expect_gpu_reads(&bench, va, 4 * PAGE, NEW);
	expect_shared(&bench, at, va, 4 * PAGE, 0x600d0009);
	igt_assert_eq(write(to_child[1], "", 1), 1);
	igt_assert_eq(waitpid(child, &status, 0), child);
	igt_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	bench_close(&bench);
}

/* A child binds its memory in the parent's VM, the parent submits; then the child ends. */
static void test_other_process(int fd)
{
	int to_child[2], to_parent[2], status;
	struct bench bench;
	uint32_t *at;
	uint64_t va;
	pid_t child;
	char byte;

	(void)fd;
	bench_open(&bench);
	va = igt_nova_client_va(&bench.client, 2 * PAGE);
	at = map_memory(2 * PAGE, RW, ANON, -1);
	fill_memory(at, 2 * PAGE, OLD);
	igt_assert_eq(pipe(to_child), 0);
	igt_assert_eq(pipe(to_parent), 0);
	child = fork();
	igt_assert(child >= 0);
	if (!child) {
		bool good;

		fill_memory(at, 2 * PAGE, NEW);
		good = try_bind(&bench, at, va, 2 * PAGE, 0) == 0 &&
		       write(to_parent[1], "", 1) == 1 && read(to_child[0], &byte, 1) == 1;
		for (uint64_t i = 0; i < 2 * PAGE / 4; i++)
			good &= at[i] == 0x600d000a;
		_exit(good ? 0 : 1);
	}
	igt_assert_eq(read(to_parent[0], &byte, 1), 1);
	expect_gpu_reads(&bench, va, 2 * PAGE, NEW);
	igt_nova_bo_fill(&bench.bo, 0x600d000a);
	copy(&bench, va, bench.bo.va, 2 * PAGE);
	igt_assert_eq(write(to_child[1], "", 1), 1);
	igt_assert_eq(waitpid(child, &status, 0), child);
	igt_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	expect_memory(at, 2 * PAGE, OLD);
	igt_assert_eq(try_exec(&bench), -EFAULT);
	igt_assert_eq(try_bind(&bench, at, va, 2 * PAGE, 0), 0);
	expect_gpu_reads(&bench, va, 2 * PAGE, OLD);
	bench_close(&bench);
}

/* A large page, cut by the process and put together again by the kernel. */
static void test_huge_page(int fd)
{
	struct bench bench;
	uint32_t *at, *room;
	uint64_t va;

	(void)fd;
	bench_open(&bench);
	room = map_memory(2 * LARGE, RW, ANON, -1);
	at = (uint32_t *)(((uintptr_t)room + LARGE - 1) & ~(LARGE - 1));
	igt_require_f(madvise(at, LARGE, MADV_HUGEPAGE) == 0, "no huge pages\n");
	fill_memory(at, LARGE, OLD);
	va = bind(&bench, at, LARGE, 0);
	expect_shared(&bench, at, va, LARGE, 0x600d000b);
	igt_assert_eq(madvise(at + 5 * PAGE / 4, 3 * PAGE, MADV_DONTNEED), 0);
	expect_gpu_reads(&bench, va + 4 * PAGE, PAGE, ~0x600d000b);
	expect_gpu_reads(&bench, va + 5 * PAGE, 3 * PAGE, 0);
	igt_assert_eq(mprotect(at + 100 * PAGE / 4, PAGE, PROT_READ), 0);
	igt_assert_eq(try_exec(&bench), -EFAULT);
	igt_assert_eq(mprotect(at + 100 * PAGE / 4, PAGE, RW), 0);
	expect_shared(&bench, at, va, LARGE, 0x600d000c);
	/* The content moves to another page, if there is one. */
	if (madvise(at, LARGE, MADV_COLLAPSE))
		igt_info("not collapsed: %s\n", strerror(errno));
	expect_gpu_reads(&bench, va, LARGE, ~0x600d000c);
	expect_shared(&bench, at, va, LARGE, 0x600d000d);
	bench_close(&bench);
}

static unsigned long ksm_read(const char *name)
{
	unsigned long value = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	file = fopen(path, "re");
	igt_assert(file);
	igt_assert_eq(fscanf(file, "%lu", &value), 1);
	fclose(file);
	return value;
}

static void ksm_write(const char *name, unsigned long value)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	file = fopen(path, "we");
	igt_assert(file);
	igt_assert(fprintf(file, "%lu", value) > 0);
	igt_assert_eq(fclose(file), 0);
}

/* Pages of the same content become one, until the GPU writes to one of them. */
static void test_merged(int fd)
{
	const uint64_t size = 16 * PAGE;
	uint64_t va, reader, deadline;
	uint32_t *at, *other;
	struct bench bench;

	(void)fd;
	igt_require_f(access("/sys/kernel/mm/ksm/run", W_OK) == 0, "no KSM\n");
	bench_open(&bench);
	at = map_memory(size, RW, ANON, -1);
	other = map_memory(size, RW, ANON, -1);
	fill_memory(at, size, OLD);
	fill_memory(other, size, OLD);
	va = bind(&bench, at, size, 0);
	reader = bind(&bench, other, size, READONLY);
	expect_gpu_reads(&bench, va, size, OLD);
	igt_assert_eq(madvise(at, size, MADV_MERGEABLE), 0);
	igt_assert_eq(madvise(other, size, MADV_MERGEABLE), 0);
	ksm_write("pages_to_scan", 1000);
	ksm_write("sleep_millisecs", 0);
	ksm_write("run", 1);
	deadline = igt_nova_now_ns() + IGT_NOVA_PATIENCE_S * 1000000000ull;
	while (ksm_read("pages_sharing") < size / PAGE && igt_nova_now_ns() < deadline)
		sched_yield();
	igt_assert_lt_u64(0, ksm_read("pages_sharing"));
	expect_gpu_reads(&bench, reader, size, OLD);
	igt_nova_bo_fill(&bench.bo, NEW);
	copy(&bench, va, bench.bo.va, size);
	expect_memory(at, size, NEW);
	expect_memory(other, size, OLD);
	expect_gpu_reads(&bench, reader, size, OLD);
	ksm_write("run", 2);
	bench_close(&bench);
}

/* --- storms --- */

static struct {
	uint32_t *at;
	uint64_t size;
	bool endless;
	atomic_bool stop;
	atomic_ulong rounds;
	atomic_ulong jobs;
	pthread_t thread;
	bool runs;
} storm;

#define STORM_BURST	16

/*
 * The memory stays what it is, and who has it is told that it changes: all the time, when it is
 * endless, otherwise in a burst for each job: on a slow machine there would be no time for one.
 */
static void *run_storm(void *data)
{
	unsigned long jobs;

	(void)data;
	while (!atomic_load(&storm.stop)) {
		jobs = atomic_load(&storm.jobs);
		for (unsigned int i = 0; i < STORM_BURST; i++) {
			mprotect(storm.at, storm.size, RW | PROT_EXEC);
			mprotect(storm.at, storm.size, RW);
			atomic_fetch_add(&storm.rounds, 1);
		}
		while (!storm.endless && atomic_load(&storm.jobs) == jobs &&
		       !atomic_load(&storm.stop))
			sched_yield();
	}
	return NULL;
}

static void storm_start(uint32_t *at, uint64_t size, bool endless)
{
	storm.at = at;
	storm.size = size;
	storm.endless = endless;
	atomic_store(&storm.jobs, 0);
	atomic_store(&storm.stop, false);
	atomic_store(&storm.rounds, 0);
	igt_nova_thread_start(&storm.thread, run_storm, NULL);
	storm.runs = true;
}

static void storm_stop(void)
{
	if (!storm.runs)
		return;
	atomic_store(&storm.stop, true);
	pthread_join(storm.thread, NULL);
	storm.runs = false;
}

static void clean(void)
{
	storm_stop();
	unmapper_join();
	if (job_timeout_ms)
		igt_nova_module_set_param("nova_drm", "job_timeout_ms", job_timeout_ms);
	job_timeout_ms = 0;
}

static void test_storm(int fd)
{
	const uint64_t size = 32 * PAGE;
	struct bench bench;
	unsigned int round;
	uint64_t va, again;
	uint32_t *at;

	(void)fd;
	bench_open(&bench);
	at = map_memory(size, RW, ANON, -1);
	va = bind(&bench, at, size, 0);
	storm_start(at, size, false);
	for (round = 0; round < 40; round++) {
		uint64_t offset = round % 32 * PAGE;

		/* Both ways, page by page; a bind in between. */
		bench.bo.map[0] = round;
		atomic_fetch_add(&storm.jobs, 1);
		copy(&bench, va + offset, bench.bo.va, PAGE);
		igt_assert_eq_u32(at[offset / 4], round);
		at[offset / 4 + 1] = ~round;
		atomic_fetch_add(&storm.jobs, 1);
		copy(&bench, bench.bo.va + PAGE, va + offset, PAGE);
		igt_assert_eq_u32(bench.bo.map[PAGE / 4], round);
		igt_assert_eq_u32(bench.bo.map[PAGE / 4 + 1], ~round);
		if (round % 8 == 0) {
			again = bind(&bench, at, size, READONLY);
			copy(&bench, bench.bo.va + PAGE, again + offset, PAGE);
			igt_assert_eq_u32(bench.bo.map[PAGE / 4], round);
			unbind(&bench, again, size);
		}
	}
	storm_stop();
	igt_assert_lt_u64(0, atomic_load(&storm.rounds));
	for (unsigned int i = 0; i < 32; i++)
		igt_assert_eq_u32(at[i * PAGE / 4], i < 8 ? i + 32 : i);
	expect_shared(&bench, at, va, size, 0x600d000e);
	bench_close(&bench);
}

/* --- the device goes --- */

/* Gone: nothing can be done, memory is the process's as before. */
static void check_gone(struct bench *bench, uint32_t *at, uint64_t size)
{
	igt_assert_eq(try_exec(bench), -ENODEV);
	igt_assert_eq(try_bind(bench, at, bench->client.va_next, size, 0), -ENODEV);
	igt_nova_unplug_check_quiet();
	fill_memory(at, size, OLD);
	expect_memory(at, size, OLD);
	igt_assert_eq(munmap(at, size), 0);
}

static void unplug_bound(const char *way)
{
	struct bench bench;
	uint32_t *at, *left;

	bench_open(&bench);
	at = map_memory(LARGE, RW, ANON, -1);
	left = map_memory(PAGE, RW, ANON, -1);
	bind(&bench, at, LARGE, 0);
	bind(&bench, left, PAGE, READONLY);
	igt_assert_eq(try_exec(&bench), 0);
	igt_nova_unplug(igt_nova_path(way));
	check_gone(&bench, at, LARGE);
	igt_nova_replug();
	bench_close(&bench);
	munmap(left, PAGE);
}

static void test_unplug_bound(int fd)
{
	(void)fd;
	unplug_bound("unbind");
}

static void test_unplug_aux(int fd)
{
	(void)fd;
	unplug_bound("aux-unbind");
}

/* A thread unmaps memory that a job has, which would never end. */
static void test_unplug_invalidating(int fd)
{
	struct igt_nova_push push;
	struct bench bench;
	uint32_t *at, out;
	uint64_t va;
	int file;

	(void)fd;
	bench_open(&bench);
	at = map_memory(2 * PAGE, RW, ANON, -1);
	va = bind(&bench, at, 2 * PAGE, 0);
	bench.gate.map[0] = 0;
	igt_nova_push_begin(&bench.client, &push, 64);
	igt_nova_push_acquire(&push, bench.gate.va, 1);
	igt_nova_push_fill(&push, va, NEW, 2 * PAGE / 4);
	out = igt_nova_submit_fence(bench.client.fd, bench.blocked, &push);
	file = igt_nova_sync_file(bench.client.fd, out);
	unmapper_start(at, PAGE);
	igt_assert(!atomic_load(&unmapper.done));
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_eq(igt_nova_sync_file_status(file), -ENODEV);
	unmapper_join();
	check_gone(&bench, at + PAGE / 4, PAGE);
	close(file);
	igt_nova_replug();
	bench_close(&bench);
}

/* Submits without end while the memory changes. */
static void *run_submitter(void *data)
{
	struct bench *bench = data;
	int ret;

	do {
		ret = try_exec(bench);
		if (ret == -ENOSPC)	/* so many at a time */
			ret = 0;
	} while (!ret);
	return (void *)(intptr_t)ret;
}

static void test_unplug_storm(int fd)
{
	pthread_t submitter;
	struct bench bench;
	unsigned long rounds;
	uint32_t *at;
	void *ret;

	(void)fd;
	bench_open(&bench);
	at = map_memory(16 * PAGE, RW, ANON, -1);
	bind(&bench, at, 16 * PAGE, 0);
	storm_start(at, 16 * PAGE, true);
	igt_nova_thread_start(&submitter, run_submitter, &bench);
	rounds = atomic_load(&storm.rounds);
	while (atomic_load(&storm.rounds) < rounds + 20)
		sched_yield();
	igt_nova_unplug(igt_nova_path("unbind"));
	pthread_join(submitter, &ret);
	igt_assert_eq((int)(intptr_t)ret, -ENODEV);
	/* The storm goes on, and nobody hears of it. */
	rounds = atomic_load(&storm.rounds);
	while (atomic_load(&storm.rounds) < rounds + 20)
		sched_yield();
	storm_stop();
	check_gone(&bench, at, 16 * PAGE);
	igt_nova_replug();
	bench_close(&bench);
}

static const struct igt_nova_test tests[] = {
	{ "copy", "Anonymous memory is copied from and to.", test_copy },
	{ "shared", "So is shared memory, which a file's end takes away.", test_shared },
	{ "readonly", "What the process may only read the GPU may only read.", test_readonly },
	{ "refused", "Wrong arguments are refused, and what is no memory.", test_refused },
	{ "userfault", "A page that user space would have to give is not waited for.",
	  test_userfault },
	{ "user-mode-queues", "Not in VMs with user-mode queues, nor the reverse.",
	  test_user_mode_queues },
	{ "cut", "A mapping is cut in many ways, and what is left follows the process.", test_cut },
	{ "unmapped", "What the process unmaps, moves or protects is out of the GPU's reach.",
	  test_unmapped },
	{ "job-waited-for", "A job has its pages until it has ended.", test_job_waited_for },
	{ "cut-off", "It has not for ever.", test_cut_off },
	{ "forged-fence", "A job that only says that it has ended has them no more.",
	  test_forged_fence },
	{ "async", "Binds behind fences, and memory that changes meanwhile.", test_async },
	{ "taken-away", "What is about to be unmapped holds nobody up.", test_taken_away },
	{ "fork", "The GPU has the pages of who bound them, copies on write included.", test_fork },
	{ "other-process", "Memory of another process that has the file.", test_other_process },
	{ "huge-page", "A huge page is split and collapsed.", test_huge_page },
	{ "merged", "Pages of the same content are merged, and parted by the GPU.", test_merged },
	{ "storm", "Results are right while the memory is invalidated all the time.", test_storm },
	{ "unplug-bound", "The device goes while memory is bound.", test_unplug_bound },
	{ "unplug-aux-bound", "The same when only nova-drm goes.", test_unplug_aux },
	{ "unplug-invalidating", "It goes while memory that a job has is unmapped.",
	  test_unplug_invalidating },
	{ "unplug-storm", "It goes while memory is looked up and changes again.",
	  test_unplug_storm },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(clean);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
