/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_job.h"
#include "igt_nova_share.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("Implicit synchronisation: jobs and the fences of shared buffers.");

#define PAGE		IGT_NOVA_PAGE
#define SIZE		(4 * PAGE)
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define READONLY	DRM_NOVA_VM_BIND_READONLY
#define IMPLICIT	DRM_NOVA_EXEC_IMPLICIT_SYNC
#define READER		DMA_BUF_SYNC_READ
#define WRITER		DMA_BUF_SYNC_WRITE
#define VALUE		0x600dda7au
/* More fences than the driver waits for as one. */
#define CROWD		1100

/**
 * struct gate - somebody else's job that does not end before it is told to
 * @client: who that is
 * @bo: has the semaphore
 * @queue: the queue
 * @fence: syncobj with the job's fence
 */
struct gate {
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	uint32_t queue;
	uint32_t fence;
};

/**
 * struct bench - a client with a shared buffer, and a gate
 * @client: the client
 * @queue: queues of it
 * @own: buffer that is not shared: results, and a semaphore at its end
 * @dmabuf: the shared buffer
 * @handle: of it
 * @va: where it is bound, writable
 * @readonly: where it is bound read-only
 * @gate: of somebody else, closed
 */
struct bench {
	struct igt_nova_client client;
	uint32_t queue[3];
	struct igt_nova_bo own;
	int dmabuf;
	uint32_t handle;
	uint64_t va;
	uint64_t readonly;
	struct gate gate;
};

static void gate_init(struct gate *gate)
{
	igt_nova_client_init(&gate->client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_client_bo(&gate->client, &gate->bo, PAGE, SYSTEM);
	gate->queue = igt_nova_client_queue(&gate->client, 0);
}

/* A job that first waits for the gate, and then writes the shared buffer if it is at @va. */
static void gate_submit(struct gate *gate, uint64_t va)
{
	struct igt_nova_push push;

	igt_nova_push_begin(&gate->client, &push, 64);
	igt_nova_push_acquire(&push, gate->bo.va, 1);
	if (va)
		igt_nova_push_fill(&push, va, VALUE, SIZE / 4);
	gate->fence = igt_nova_submit_fence(gate->client.fd, gate->queue, &push);
}

static void gate_open(struct gate *gate)
{
	*(volatile uint32_t *)gate->bo.map = 1;
}

static void gate_attach(struct gate *gate, int dmabuf, uint32_t as)
{
	int sync_file = igt_nova_sync_file(gate->client.fd, gate->fence);

	igt_nova_dmabuf_attach(dmabuf, sync_file, as);
	close(sync_file);
}

static void gate_fini(struct gate *gate)
{
	igt_nova_bo_destroy(gate->client.fd, &gate->bo);
	igt_nova_client_close(&gate->client);
}

static void bench_client(struct bench *bench)
{
	*bench = (struct bench) { .dmabuf = -1 };
	igt_nova_client_init(&bench->client, igt_nova_dev_open(igt_nova_unplug_dev()));
	for (size_t i = 0; i < ARRAY_SIZE(bench->queue); i++)
		bench->queue[i] = igt_nova_client_queue(&bench->client, 0);
	igt_nova_client_bo(&bench->client, &bench->own, SIZE, SYSTEM);
}

static uint64_t bind_at(struct bench *bench, uint32_t flags)
{
	uint64_t va = igt_nova_client_va(&bench->client, SIZE);

	igt_nova_vm_map(bench->client.fd, bench->client.vm, bench->handle, 0, va, SIZE, flags, 0);
	return va;
}

/* The buffer is exported, and bound in each of the ways given. */
static void bench_open(struct bench *bench, bool writable, bool readonly)
{
	bench_client(bench);
	bench->handle = igt_nova_gem_create(bench->client.fd, SIZE, 0, SYSTEM, 0, 0);
	bench->dmabuf = igt_nova_dmabuf_export(bench->client.fd, bench->handle);
	if (readonly)
		bench->readonly = bind_at(bench, READONLY);
	if (writable)
		bench->va = bind_at(bench, 0);
	gate_init(&bench->gate);
}

static void bench_close(struct bench *bench)
{
	close(bench->dmabuf);
	gate_fini(&bench->gate);
	igt_nova_bo_destroy(bench->client.fd, &bench->own);
	igt_nova_client_close(&bench->client);
}

static int exec(struct bench *bench, unsigned int queue, struct drm_nova_job *jobs,
		uint32_t count, uint32_t flags)
{
	struct drm_nova_exec args = {
		.queue_id = bench->queue[queue],
		.flags = flags,
		.jobs = { sizeof(*jobs), count, (uintptr_t)jobs },
	};

	return igt_nova_ioctl(bench->client.fd, DRM_IOCTL_NOVA_EXEC, &args);
}

/* One job; returns a syncobj with its fence. */
static uint32_t submit(struct bench *bench, unsigned int queue, const struct igt_nova_push *push,
		       uint32_t flags)
{
	uint32_t syncobj = igt_nova_syncobj_create(bench->client.fd);
	struct drm_nova_sync out = igt_nova_signal(syncobj, 0);
	struct drm_nova_push segment = { 0 };
	struct drm_nova_job job = {
		.pushes = { sizeof(segment), push ? 1 : 0, (uintptr_t)&segment },
		.syncs = { sizeof(out), 1, (uintptr_t)&out },
	};

	if (push) {
		segment.va = push->va;
		segment.length = push->length;
	}
	igt_assert_eq(exec(bench, queue, &job, 1, flags), 0);
	return syncobj;
}

static int result(struct bench *bench, uint32_t syncobj)
{
	return igt_nova_fence_result(bench->client.fd, syncobj);
}

/* A job on another queue that waits for nothing: what was to run before it has had its chance. */
static void let_others_run(struct bench *bench)
{
	igt_assert_eq(result(bench, submit(bench, 2, NULL, 0)), 1);
}

static bool busy(struct bench *bench, uint32_t syncobj)
{
	let_others_run(bench);
	return igt_nova_syncobj_busy(bench->client.fd, syncobj);
}

/* A job that does not end before semaphore_release(). */
static uint32_t submit_held(struct bench *bench, unsigned int queue, uint32_t flags)
{
	struct igt_nova_push push;

	bench->own.map[SIZE / 4 - 1] = 0;
	igt_nova_push_begin(&bench->client, &push, 16);
	igt_nova_push_acquire(&push, bench->own.va + SIZE - 4, 1);
	return submit(bench, queue, &push, flags);
}

static void semaphore_release(struct bench *bench)
{
	*(volatile uint32_t *)&bench->own.map[SIZE / 4 - 1] = 1;
}

/* --- what a job waits for --- */

static void check_waits(bool writable, bool readonly, uint32_t as, bool waits)
{
	struct bench bench;
	uint32_t fence, free;

	bench_open(&bench, writable, readonly);
	gate_submit(&bench.gate, 0);
	gate_attach(&bench.gate, bench.dmabuf, as);
	fence = submit(&bench, 0, NULL, IMPLICIT);
	free = submit(&bench, 1, NULL, 0);
	igt_assert_eq(result(&bench, free), 1);
	if (waits)
		igt_assert(busy(&bench, fence));
	else
		igt_assert_eq(result(&bench, fence), 1);
	igt_assert(igt_nova_syncobj_busy(bench.gate.client.fd, bench.gate.fence));
	gate_open(&bench.gate);
	igt_assert_eq(result(&bench, fence), 1);
	bench_close(&bench);
}

static void test_waits(int fd)
{
	(void)fd;
	check_waits(true, false, WRITER, true);
	check_waits(true, false, READER, true);
	check_waits(false, true, WRITER, true);
	check_waits(false, true, READER, false);
	check_waits(true, true, READER, true);
}

/* The other side's GPU writes the buffer as late as it can, and the job sees all of it. */
static void test_sees_data(int fd)
{
	struct igt_nova_push push;
	struct bench bench;
	uint32_t handle, fence;
	uint64_t va;

	(void)fd;
	bench_open(&bench, true, false);
	handle = igt_nova_dmabuf_import(bench.gate.client.fd, bench.dmabuf);
	va = igt_nova_client_va(&bench.gate.client, SIZE);
	igt_nova_vm_map(bench.gate.client.fd, bench.gate.client.vm, handle, 0, va, SIZE, 0, 0);
	gate_submit(&bench.gate, va);
	gate_attach(&bench.gate, bench.dmabuf, WRITER);
	igt_nova_push_begin(&bench.client, &push, 64);
	igt_nova_push_copy(&push, bench.own.va, bench.va, SIZE);
	fence = submit(&bench, 0, &push, IMPLICIT);
	igt_assert(busy(&bench, fence));
	gate_open(&bench.gate);
	igt_assert_eq(result(&bench, fence), 1);
	igt_assert_eq_u64(igt_nova_bo_check(&bench.own, VALUE), SIZE / 4);
	bench_close(&bench);
}

/* All jobs of the call wait. */
static void test_call(int fd)
{
	struct drm_nova_push segments[2] = { 0 };
	struct drm_nova_job jobs[2] = { 0 };
	struct drm_nova_sync out;
	struct igt_nova_push push;
	struct bench bench;

	(void)fd;
	bench_open(&bench, true, false);
	gate_submit(&bench.gate, 0);
	gate_attach(&bench.gate, bench.dmabuf, WRITER);
	out = igt_nova_signal(igt_nova_syncobj_create(bench.client.fd), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(jobs); i++) {
		igt_nova_push_begin(&bench.client, &push, 32);
		igt_nova_push_fill(&push, bench.own.va + i * 4, VALUE, 1);
		segments[i] = (struct drm_nova_push) { push.va, push.length, 0 };
		jobs[i].pushes = (struct drm_nova_array) {
			sizeof(segments[i]), 1, (uintptr_t)&segments[i],
		};
	}
	jobs[1].syncs = (struct drm_nova_array) { sizeof(out), 1, (uintptr_t)&out };
	igt_assert_eq(exec(&bench, 0, jobs, 2, IMPLICIT), 0);
	let_others_run(&bench);
	igt_assert_eq_u32(bench.own.map[0], 0);
	igt_assert_eq_u32(bench.own.map[1], 0);
	gate_open(&bench.gate);
	igt_assert_eq(result(&bench, out.handle), 1);
	igt_assert_eq_u32(bench.own.map[0], VALUE);
	igt_assert_eq_u32(bench.own.map[1], VALUE);
	/* A call without jobs has nothing to wait with. */
	igt_assert_eq(exec(&bench, 0, NULL, 0, IMPLICIT), 0);
	bench_close(&bench);
}

/* Two buffers with fences of three others, one of them on both. */
static void test_many_others(int fd)
{
	struct gate gates[2];
	struct bench bench;
	uint32_t fence, second;
	int dmabuf;

	(void)fd;
	bench_open(&bench, true, false);
	second = igt_nova_gem_create(bench.client.fd, SIZE, 0, SYSTEM, 0, 0);
	dmabuf = igt_nova_dmabuf_export(bench.client.fd, second);
	igt_nova_vm_map(bench.client.fd, bench.client.vm, second, 0,
			igt_nova_client_va(&bench.client, SIZE), SIZE, 0, 0);
	gate_submit(&bench.gate, 0);
	gate_attach(&bench.gate, bench.dmabuf, WRITER);
	gate_attach(&bench.gate, dmabuf, WRITER);
	for (size_t i = 0; i < ARRAY_SIZE(gates); i++) {
		gate_init(&gates[i]);
		gate_submit(&gates[i], 0);
		gate_attach(&gates[i], dmabuf, READER);
	}
	fence = submit(&bench, 0, NULL, IMPLICIT);
	igt_assert(busy(&bench, fence));
	gate_open(&gates[1]);
	igt_assert_eq(igt_nova_fence_result(gates[1].client.fd, gates[1].fence), 1);
	igt_assert(busy(&bench, fence));
	gate_open(&bench.gate);
	igt_assert_eq(igt_nova_fence_result(bench.gate.client.fd, bench.gate.fence), 1);
	igt_assert(busy(&bench, fence));
	gate_open(&gates[0]);
	igt_assert_eq(result(&bench, fence), 1);
	for (size_t i = 0; i < ARRAY_SIZE(gates); i++)
		gate_fini(&gates[i]);
	close(dmabuf);
	bench_close(&bench);
}

/* --- what a job leaves --- */

static void check_leaves(bool writable, uint32_t flags, int for_reader, int for_writer)
{
	struct bench bench;
	uint32_t fence;

	bench_open(&bench, writable, !writable);
	fence = submit_held(&bench, 0, flags);
	igt_assert_eq(igt_nova_dmabuf_status(bench.dmabuf, READER), for_reader);
	igt_assert_eq(igt_nova_dmabuf_status(bench.dmabuf, WRITER), for_writer);
	igt_assert_eq(igt_nova_dmabuf_ready(bench.dmabuf, POLLIN), for_reader);
	igt_assert_eq(igt_nova_dmabuf_ready(bench.dmabuf, POLLOUT), for_writer);
	semaphore_release(&bench);
	/* The CPU's access waits as well. */
	igt_nova_dmabuf_begin(bench.dmabuf, DMA_BUF_SYNC_RW);
	igt_assert_eq(igt_nova_dmabuf_status(bench.dmabuf, WRITER), 1);
	igt_nova_dmabuf_end(bench.dmabuf, DMA_BUF_SYNC_RW);
	igt_assert_eq(igt_nova_dmabuf_wait(bench.dmabuf, POLLIN), 0);
	igt_assert_eq(igt_nova_dmabuf_wait(bench.dmabuf, POLLOUT), 0);
	igt_assert_eq(result(&bench, fence), 1);
	bench_close(&bench);
}

static void test_leaves(int fd)
{
	(void)fd;
	check_leaves(true, IMPLICIT, 0, 0);
	check_leaves(false, IMPLICIT, 1, 0);
	check_leaves(true, 0, 1, 1);
}

/* What was not shared when the job came is nobody else's business. */
static void test_not_shared(int fd)
{
	struct bench bench;
	uint32_t fence;

	(void)fd;
	bench_client(&bench);
	gate_init(&bench.gate);
	fence = submit_held(&bench, 0, IMPLICIT);
	bench.dmabuf = igt_nova_dmabuf_export(bench.client.fd, bench.own.handle);
	igt_assert_eq(igt_nova_dmabuf_status(bench.dmabuf, WRITER), 1);
	igt_assert(igt_nova_syncobj_busy(bench.client.fd, fence));
	semaphore_release(&bench);
	igt_assert_eq(result(&bench, fence), 1);
	/* From now on it is. */
	fence = submit_held(&bench, 0, IMPLICIT);
	igt_assert_eq(igt_nova_dmabuf_status(bench.dmabuf, WRITER), 0);
	semaphore_release(&bench);
	igt_assert_eq(result(&bench, fence), 1);
	bench_close(&bench);
}

/* Two queues of one client find each other by the buffer; one queue does not wait for itself. */
static void test_own_queues(int fd)
{
	uint32_t held, behind, other;
	struct bench bench;

	(void)fd;
	bench_open(&bench, true, false);
	held = submit_held(&bench, 0, IMPLICIT);
	behind = submit(&bench, 0, NULL, IMPLICIT);
	other = submit(&bench, 1, NULL, IMPLICIT);
	igt_assert(busy(&bench, other));
	semaphore_release(&bench);
	igt_assert_eq(result(&bench, other), 1);
	igt_assert_eq(result(&bench, behind), 1);
	igt_assert_eq(result(&bench, held), 1);
	bench_close(&bench);
}

/* --- another driver --- */

/* A buffer of vgem in place of the client's own. */
static uint32_t bench_open_vgem(struct bench *bench, int *vgem)
{
	uint32_t handle;

	*vgem = igt_nova_open_vgem();
	igt_require_f(*vgem >= 0, "no vgem device to share with\n");
	bench_client(bench);
	gate_init(&bench->gate);
	handle = igt_nova_vgem_create(*vgem, SIZE);
	bench->dmabuf = igt_nova_dmabuf_export(*vgem, handle);
	bench->handle = igt_nova_dmabuf_import(bench->client.fd, bench->dmabuf);
	return handle;
}

static void vgem_close(struct bench *bench, int vgem)
{
	bench_close(bench);
	close(vgem);
	igt_nova_close_vgem();
}

/* Its fences end by themselves after ten seconds, so the answer counts only if they had not. */
static void test_vgem_waits(int fd)
{
	uint32_t handle, fence;
	struct bench bench;
	bool waited;
	int vgem, id;

	(void)fd;
	handle = bench_open_vgem(&bench, &vgem);
	bind_at(&bench, 0);
	id = igt_nova_vgem_attach(vgem, handle, true);
	igt_assert_lt(0, id);
	fence = submit(&bench, 0, NULL, IMPLICIT);
	waited = busy(&bench, fence);
	igt_require_f(igt_nova_vgem_signal(vgem, id) == 0, "the fence expired too early\n");
	igt_assert(waited);
	igt_assert_eq(result(&bench, fence), 1);
	vgem_close(&bench, vgem);
}

/* vgem refuses a fence while another one is in the way. */
static void test_vgem_leaves(int fd)
{
	uint32_t handle, fence;
	struct bench bench;
	int vgem, id;

	(void)fd;
	handle = bench_open_vgem(&bench, &vgem);
	bind_at(&bench, READONLY);
	fence = submit_held(&bench, 0, IMPLICIT);
	igt_assert_eq(igt_nova_vgem_attach(vgem, handle, true), -EBUSY);
	id = igt_nova_vgem_attach(vgem, handle, false);
	igt_assert_lt(0, id);
	igt_nova_vgem_signal(vgem, id);
	semaphore_release(&bench);
	igt_assert_eq(result(&bench, fence), 1);

	bind_at(&bench, 0);
	fence = submit_held(&bench, 0, IMPLICIT);
	igt_assert_eq(igt_nova_vgem_attach(vgem, handle, false), -EBUSY);
	semaphore_release(&bench);
	igt_assert_eq(result(&bench, fence), 1);
	id = igt_nova_vgem_attach(vgem, handle, true);
	igt_assert_lt(0, id);
	igt_nova_vgem_signal(vgem, id);
	vgem_close(&bench, vgem);
}

/* All fences but the last one signal. Ten seconds are enough for that, or nothing is shown. */
static void test_crowd(int fd)
{
	uint32_t handle, fence;
	struct bench bench;
	int vgem, id[CROWD];
	bool waited;

	(void)fd;
	handle = bench_open_vgem(&bench, &vgem);
	bind_at(&bench, 0);
	for (unsigned int i = 0; i < CROWD; i++) {
		id[i] = igt_nova_vgem_attach(vgem, handle, false);
		igt_assert_lt(0, id[i]);
	}
	fence = submit(&bench, 0, NULL, IMPLICIT);
	for (unsigned int i = 0; i < CROWD - 1; i++)
		igt_nova_vgem_signal(vgem, id[i]);
	waited = busy(&bench, fence);
	igt_require_f(igt_nova_vgem_signal(vgem, id[CROWD - 1]) == 0,
		      "the fence expired too early\n");
	igt_assert(waited);
	igt_assert_eq(result(&bench, fence), 1);
	vgem_close(&bench, vgem);
}

/* --- the device goes --- */

/*
 * The job still waits for another driver, and others for the job. The job ends with an error at
 * once; what others wait for is then only what that driver has left.
 */
static void test_unplug(int fd)
{
	int vgem, id, waits, job;
	uint32_t handle, fence;
	struct bench bench;

	(void)fd;
	handle = bench_open_vgem(&bench, &vgem);
	bind_at(&bench, 0);
	id = igt_nova_vgem_attach(vgem, handle, false);
	igt_assert_lt(0, id);
	fence = submit(&bench, 0, NULL, IMPLICIT);
	job = igt_nova_sync_file(bench.client.fd, fence);
	waits = igt_nova_dmabuf_fences(bench.dmabuf, WRITER);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_eq(igt_nova_sync_file_wait(job), 0);
	igt_assert_eq(igt_nova_sync_file_status(job), -ENODEV);
	igt_nova_vgem_signal(vgem, id);
	igt_assert_eq(igt_nova_sync_file_wait(waits), 0);
	igt_assert_eq(igt_nova_dmabuf_wait(bench.dmabuf, POLLOUT), 0);
	id = igt_nova_vgem_attach(vgem, handle, true);
	igt_assert_lt(0, id);
	close(waits);
	close(job);
	vgem_close(&bench, vgem);
	igt_nova_unplug_check_quiet();
	igt_nova_unplug_undo();
}

static const struct igt_nova_test tests[] = {
	{ "waits", "A job waits for writers, and for readers of what it may write.", test_waits },
	{ "sees-data", "What another client writes before its fence is there.", test_sees_data },
	{ "call", "All jobs of a call wait.", test_call },
	{ "many-others", "Fences of several others on several buffers are waited for.",
	  test_many_others },
	{ "leaves", "A job leaves its fence for readers and writers, if told to.", test_leaves },
	{ "not-shared", "A buffer that was never exported has no fence for others.",
	  test_not_shared },
	{ "own-queues", "Queues of one client are ordered by it, too.", test_own_queues },
	{ "vgem-waits", "A job waits for another driver's fence.", test_vgem_waits },
	{ "vgem-leaves", "Another driver sees the job's fence.", test_vgem_leaves },
	{ "crowd", "A job waits for each of a thousand fences.", test_crowd },
	{ "unplug", "The device goes while a job waits for another driver.", test_unplug },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
