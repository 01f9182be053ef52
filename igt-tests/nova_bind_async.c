/* SPDX-License-Identifier: MIT */
#include <semaphore.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_sysfs.h"

IGT_TEST_DESCRIPTION("Binds behind fences: their order, and what ends them.");

#define PAGE	IGT_NOVA_PAGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define OLD	0x01d01d00u
#define NEW	0x0e30e300u

/**
 * struct bench - a client whose binds can be held back
 * @client: the client
 * @blocked: queue with the job that they wait for
 * @queue: queue that looks at the address space meanwhile
 * @gate: memory that the blocked job waits for
 * @done: syncobj of the blocked job
 * @result: where pages are copied to
 * @old: a buffer full of OLD
 * @new: a buffer full of NEW
 * @va: where @old is mapped
 */
struct bench {
	struct igt_nova_client client;
	uint32_t blocked;
	uint32_t queue;
	struct igt_nova_bo gate;
	uint32_t done;
	struct igt_nova_bo result;
	struct igt_nova_bo old;
	struct igt_nova_bo new;
	uint64_t va;
};

static void bench_open(struct bench *bench)
{
	struct igt_nova_client *client = &bench->client;

	igt_nova_client_open(client);
	bench->blocked = igt_nova_client_queue(client, 0);
	bench->queue = igt_nova_client_queue(client, igt_nova_engine_count(client->fd) - 1);
	igt_nova_client_bo(client, &bench->gate, PAGE, SYSTEM);
	igt_nova_client_bo(client, &bench->result, PAGE, SYSTEM);
	igt_nova_client_bo(client, &bench->old, PAGE, DRM_NOVA_PLACEMENT_VRAM);
	igt_nova_bo_create(client->fd, &bench->new, PAGE, DRM_NOVA_PLACEMENT_VRAM);
	igt_nova_bo_fill(&bench->old, OLD);
	igt_nova_bo_fill(&bench->new, NEW);
	bench->va = bench->old.va;
	bench->done = igt_nova_syncobj_create(client->fd);
}

static void bench_close(struct bench *bench)
{
	igt_nova_bo_destroy(bench->client.fd, &bench->gate);
	igt_nova_bo_destroy(bench->client.fd, &bench->result);
	igt_nova_bo_destroy(bench->client.fd, &bench->old);
	igt_nova_bo_destroy(bench->client.fd, &bench->new);
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

static struct drm_nova_vm_bind_op op_map(uint32_t handle, uint64_t va)
{
	return (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = handle, .va = va, .size = PAGE,
	};
}

static struct drm_nova_vm_bind_op op_unmap(uint64_t va)
{
	return (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = va, .size = PAGE,
	};
}

static int bind_async(struct bench *bench, struct drm_nova_vm_bind_op *ops, uint32_t count,
		      struct drm_nova_sync *syncs, uint32_t sync_count)
{
	return igt_nova_vm_bind_async(bench->client.fd, bench->client.vm, ops, count, syncs,
				      sync_count);
}

/* Behind the blocked job; returns the syncobj that it signals. */
static uint32_t bind_later(struct bench *bench, struct drm_nova_vm_bind_op *ops, uint32_t count)
{
	uint32_t out = igt_nova_syncobj_create(bench->client.fd);
	struct drm_nova_sync syncs[] = {
		igt_nova_wait_for(bench->done, 0), igt_nova_signal(out, 0),
	};

	igt_assert_eq(bind_async(bench, ops, count, syncs, 2), 0);
	return out;
}

static uint32_t gpu_read(struct bench *bench, uint64_t va)
{
	struct igt_nova_push push;

	igt_nova_bo_fill(&bench->result, 0xbadbad00);
	igt_nova_push_begin(&bench->client, &push, 32);
	igt_nova_push_copy(&push, bench->result.va, va, PAGE);
	igt_assert_eq(igt_nova_submit_wait(bench->client.fd, bench->queue, &push), 1);
	return bench->result.map[0];
}

static void test_waits(int fd)
{
	struct drm_nova_vm_bind_op op;
	struct bench bench;
	uint32_t out;

	(void)fd;
	bench_open(&bench);
	gate_close(&bench);
	op = op_map(bench.new.handle, bench.va);
	out = bind_later(&bench, &op, 1);
	igt_assert(igt_nova_syncobj_busy(bench.client.fd, out));
	igt_assert_eq_u32(gpu_read(&bench, bench.va), OLD);
	igt_assert(igt_nova_syncobj_busy(bench.client.fd, out));
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(bench.client.fd, out), 1);
	igt_assert_eq_u32(gpu_read(&bench, bench.va), NEW);
	bench_close(&bench);
}

/* A later one that waits for nobody comes after one that does; so does one without ops. */
static void test_in_order(int fd)
{
	struct drm_nova_vm_bind_op ops[3];
	uint32_t first, second, empty;
	struct drm_nova_sync sync;
	struct bench bench;

	(void)fd;
	bench_open(&bench);
	gate_close(&bench);
	ops[0] = op_map(bench.new.handle, bench.va);
	first = bind_later(&bench, ops, 1);
	second = igt_nova_syncobj_create(bench.client.fd);
	sync = igt_nova_signal(second, 0);
	ops[1] = op_map(bench.old.handle, bench.va);
	ops[2] = op_map(bench.new.handle, bench.va + PAGE);
	igt_assert_eq(bind_async(&bench, &ops[1], 2, &sync, 1), 0);
	empty = igt_nova_syncobj_create(bench.client.fd);
	sync = igt_nova_signal(empty, 0);
	igt_assert_eq(bind_async(&bench, NULL, 0, &sync, 1), 0);
	igt_assert(igt_nova_syncobj_busy(bench.client.fd, second));
	igt_assert(igt_nova_syncobj_busy(bench.client.fd, empty));
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(bench.client.fd, empty), 1);
	igt_assert(!igt_nova_syncobj_busy(bench.client.fd, first));
	igt_assert(!igt_nova_syncobj_busy(bench.client.fd, second));
	igt_assert_eq_u32(gpu_read(&bench, bench.va), OLD);
	igt_assert_eq_u32(gpu_read(&bench, bench.va + PAGE), NEW);
	bench_close(&bench);
}

/**
 * struct sync_bind - a thread in a synchronous bind
 */
struct sync_bind {
	struct bench *bench;
	struct drm_nova_vm_bind_op op;
	pid_t tid;
	sem_t started;
	int result;
};

static void *run_sync_bind(void *data)
{
	struct sync_bind *bind = data;

	bind->tid = gettid();
	sem_post(&bind->started);
	bind->result = igt_nova_vm_bind_ops(bind->bench->client.fd, bind->bench->client.vm,
					    &bind->op, 1);
	return NULL;
}

static void test_synchronous_waits(int fd)
{
	struct drm_nova_vm_bind_op op;
	struct sync_bind bind = { 0 };
	struct bench bench;
	pthread_t thread;
	uint32_t out;

	(void)fd;
	bench_open(&bench);
	gate_close(&bench);
	op = op_unmap(bench.va);
	out = bind_later(&bench, &op, 1);
	bind.bench = &bench;
	bind.op = op_map(bench.new.handle, bench.va);
	igt_assert_eq(sem_init(&bind.started, 0, 0), 0);
	igt_nova_thread_start(&thread, run_sync_bind, &bind);
	while (sem_wait(&bind.started))
		;
	igt_nova_thread_wait_asleep(bind.tid);
	igt_assert(igt_nova_syncobj_busy(bench.client.fd, out));
	/* It holds nothing that a job or another bind would need. */
	igt_assert_eq_u32(gpu_read(&bench, bench.va), OLD);
	igt_assert_eq(bind_async(&bench, NULL, 0, NULL, 0), 0);
	gate_open(&bench);
	igt_assert_eq(pthread_join(thread, NULL), 0);
	igt_assert_eq(bind.result, 0);
	igt_assert(!igt_nova_syncobj_busy(bench.client.fd, out));
	igt_assert_eq_u32(gpu_read(&bench, bench.va), NEW);
	bench_close(&bench);
}

/* What a pending bind unmaps is there until then, also when nothing else holds the buffer. */
static void test_unmapped_later(int fd)
{
	struct drm_nova_query_memory before, after;
	struct drm_nova_vm_bind_op op;
	struct bench bench;
	uint32_t out;

	(void)fd;
	bench_open(&bench);
	gate_close(&bench);
	op = op_unmap(bench.va);
	out = bind_later(&bench, &op, 1);
	igt_nova_query(bench.client.fd, DRM_NOVA_QUERY_MEMORY, &before, sizeof(before));
	igt_nova_bo_destroy(bench.client.fd, &bench.old);
	igt_assert_eq_u32(gpu_read(&bench, bench.va), OLD);
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(bench.client.fd, out), 1);
	/* Freed by a worker: another bind of the VM does not end before this one has. */
	do
		igt_nova_query(bench.client.fd, DRM_NOVA_QUERY_MEMORY, &after, sizeof(after));
	while (after.regions[0].used >= before.regions[0].used);
	igt_nova_bo_create(bench.client.fd, &bench.old, PAGE, SYSTEM);
	bench_close(&bench);
}

static void test_refused(int fd)
{
	struct drm_nova_sync sync, syncs[2];
	struct drm_nova_vm_bind_op ops[2];
	struct bench bench;

	(void)fd;
	bench_open(&bench);
	ops[0] = op_map(bench.new.handle, bench.va);
	/* All or none: the second is wrong, and the syncobj stays as it was. */
	sync = igt_nova_signal(bench.done, 0);
	ops[1] = op_map(IGT_NOVA_BAD_ID, bench.va);
	igt_assert_eq(bind_async(&bench, ops, 2, &sync, 1), -ENOENT);
	ops[1] = op_unmap(bench.va + 1);
	igt_assert_eq(bind_async(&bench, ops, 2, &sync, 1), -EINVAL);
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = sync;
	igt_assert_eq(bind_async(&bench, ops, 1, syncs, 2), -EINVAL);
	igt_assert_eq_u32(gpu_read(&bench, bench.va), OLD);
	bench_close(&bench);
}

/*
 * A buffer that nobody has used yet is bound at once, whatever the VM is busy with, also if it is
 * private to it and shares its fences.
 */
static void test_new_buffer(int fd)
{
	struct drm_nova_vm_bind_op ops[2];
	struct drm_nova_sync sync;
	struct bench bench;
	uint32_t first, second, fresh;

	(void)fd;
	bench_open(&bench);
	gate_close(&bench);
	ops[0] = op_map(bench.new.handle, bench.va);
	first = bind_later(&bench, ops, 1);

	fresh = igt_nova_gem_create(bench.client.fd, 16 * PAGE, 0, DRM_NOVA_PLACEMENT_VRAM,
				    bench.client.vm, 0);
	second = igt_nova_syncobj_create(bench.client.fd);
	sync = igt_nova_signal(second, 0);
	ops[1] = op_map(fresh, bench.va + PAGE);
	igt_assert_eq(bind_async(&bench, &ops[1], 1, &sync, 1), 0);
	igt_assert(igt_nova_syncobj_busy(bench.client.fd, first));
	igt_assert(igt_nova_syncobj_busy(bench.client.fd, second));
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(bench.client.fd, second), 1);
	igt_assert(!igt_nova_syncobj_busy(bench.client.fd, first));
	igt_assert_eq_u32(gpu_read(&bench, bench.va), NEW);
	igt_assert_eq_u32(gpu_read(&bench, bench.va + PAGE), 0);
	igt_nova_gem_close(bench.client.fd, fresh);
	bench_close(&bench);
}

static void test_limit(int fd)
{
	struct drm_nova_query_limits limits;
	struct drm_nova_query_device device;
	struct drm_nova_vm_bind_op op;
	struct bench bench;
	uint32_t out;

	igt_nova_limits(fd, &limits);
	igt_nova_query(fd, DRM_NOVA_QUERY_DEVICE, &device, sizeof(device));
	igt_assert(device.features & DRM_NOVA_FEATURE_ASYNC_BIND);
	igt_assert_lt(0, limits.vm_binds_max);
	bench_open(&bench);
	gate_close(&bench);
	op = op_map(bench.new.handle, bench.va);
	out = bind_later(&bench, &op, 1);
	for (uint32_t i = 1; i < limits.vm_binds_max; i++)
		igt_assert_eq(bind_async(&bench, NULL, 0, NULL, 0), 0);
	op = op_unmap(bench.va);
	igt_assert_eq(bind_async(&bench, &op, 1, NULL, 0), -ENOSPC);
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(bench.client.fd, out), 1);
	/* All of them have ended when this one has, and nothing was unmapped. */
	igt_assert_eq(igt_nova_vm_bind_ops(bench.client.fd, bench.client.vm, NULL, 0), 0);
	igt_assert_eq_u32(gpu_read(&bench, bench.va), NEW);
	bench_close(&bench);
}

/* One that has no queue goes at once: its binds never were. */
static void test_vm_destroy(int fd)
{
	struct drm_nova_vm_create vm;
	struct drm_nova_vm_bind_op ops[2];
	struct drm_nova_sync syncs[2];
	struct bench bench;
	uint32_t out;
	int file;

	(void)fd;
	bench_open(&bench);
	gate_close(&bench);
	igt_nova_vm_create(bench.client.fd, &vm);
	igt_nova_vm_map(bench.client.fd, vm.vm_id, bench.old.handle, 0, vm.va_start, PAGE, 0, 0);
	out = igt_nova_syncobj_create(bench.client.fd);
	ops[0] = op_map(bench.new.handle, vm.va_start);
	ops[1] = op_map(0, vm.va_start + (1ull << 30));
	ops[1].flags = DRM_NOVA_VM_BIND_SPARSE;
	ops[1].size = 1ull << 38;
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = igt_nova_signal(out, 0);
	igt_assert_eq(igt_nova_vm_bind_async(bench.client.fd, vm.vm_id, ops, 2, syncs, 2), 0);
	ops[0] = op_unmap(vm.va_start + (1ull << 32));
	igt_assert_eq(igt_nova_vm_bind_async(bench.client.fd, vm.vm_id, ops, 2, NULL, 0), 0);
	file = igt_nova_sync_file(bench.client.fd, out);
	igt_assert_eq(igt_nova_sync_file_status(file), 0);
	igt_nova_vm_destroy(bench.client.fd, vm.vm_id, 0);
	igt_assert_eq(igt_nova_sync_file_status(file), -ECANCELED);
	close(file);
	/* The others of the file go on. */
	ops[0] = op_map(bench.new.handle, bench.va);
	out = bind_later(&bench, ops, 1);
	gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(bench.client.fd, out), 1);
	igt_assert_eq_u32(gpu_read(&bench, bench.va), NEW);
	bench_close(&bench);
}

static const struct igt_nova_test tests[] = {
	{ "waits", "A bind takes place when its fence has signalled, and not before.", test_waits },
	{ "in-order", "The binds of a VM take place in order.", test_in_order },
	{ "synchronous-waits", "A synchronous bind comes after those that are pending.",
	  test_synchronous_waits },
	{ "unmapped-later", "What is to be unmapped is there until then.", test_unmapped_later },
	{ "refused", "What is wrong is told at once, and nothing is done.", test_refused },
	{ "new-buffer", "A buffer not used yet does not wait for what the VM is busy with.",
	  test_new_buffer },
	{ "limit", "So many may be pending, and no more.", test_limit },
	{ "vm-destroy", "A VM goes with its pending binds.", test_vm_destroy },
};

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = igt_nova_open();
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
	igt_fixture()
		close(fd);
}
