/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

#include "regs/nv_error.h"

IGT_TEST_DESCRIPTION("Ranges without memory: sparse bindings, and address spaces that are so everywhere.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1ull << 20)
#define GIB	(1ull << 30)
#define TAG	0x7a900000u

/**
 * struct bench - a client that looks at an address space through the GPU
 * @client: the client
 * @range: of its VM
 * @queue: the queue
 * @io: what is copied from and to
 * @pages: a buffer, each of its pages begins with TAG and its number
 */
struct bench {
	struct igt_nova_client client;
	struct drm_nova_vm_create range;
	uint32_t queue;
	struct igt_nova_bo io;
	struct igt_nova_bo pages;
};

static void bench_open(struct bench *bench, uint32_t flags)
{
	struct igt_nova_client *client = &bench->client;

	igt_nova_client_open(client);
	bench->range = (struct drm_nova_vm_create) { .flags = flags };
	igt_nova_expect(client->fd, DRM_IOCTL_NOVA_VM_CREATE, &bench->range, 0);
	/* The client's buffers move to the other VM. */
	igt_nova_vm_destroy(client->fd, client->vm, 0);
	client->vm = bench->range.vm_id;
	igt_nova_vm_map(client->fd, client->vm, client->pushes.handle, 0, client->pushes.va,
			client->pushes.size, 0, 0);
	bench->queue = igt_nova_client_queue(client, 0);
	igt_nova_client_bo(client, &bench->io, PAGE, DRM_NOVA_PLACEMENT_SYSTEM);
	igt_nova_bo_create(client->fd, &bench->pages, 4 * MIB, DRM_NOVA_PLACEMENT_VRAM);
	for (uint64_t page = 0; page < 4 * MIB / PAGE; page++)
		bench->pages.map[page * PAGE / 4] = TAG + page;
}

static void bench_close(struct bench *bench)
{
	igt_nova_bo_destroy(bench->client.fd, &bench->io);
	igt_nova_bo_destroy(bench->client.fd, &bench->pages);
	igt_nova_client_close(&bench->client);
}

static int copy(struct bench *bench, uint64_t to, uint64_t from)
{
	struct igt_nova_push push;

	bench->client.pushes_used = 0;
	igt_nova_push_begin(&bench->client, &push, 32);
	igt_nova_push_copy(&push, to, from, PAGE);
	return igt_nova_submit_wait(bench->client.fd, bench->queue, &push);
}

static uint32_t gpu_read(struct bench *bench, uint64_t va)
{
	igt_nova_bo_fill(&bench->io, 0xbadbad00);
	igt_assert_eq(copy(bench, bench->io.va, va), 1);
	return bench->io.map[0];
}

static void expect_sparse(struct bench *bench, uint64_t va)
{
	igt_nova_bo_fill(&bench->io, 0xdeadbeef);
	igt_assert_eq(copy(bench, va, bench->io.va), 1);
	igt_assert_eq(copy(bench, bench->io.va, va), 1);
	igt_assert_eq(igt_nova_bo_check(&bench->io, 0), PAGE / 4);
}

static void expect_fault(struct bench *bench, uint64_t va)
{
	struct drm_nova_queue_get_state state = { 0 };

	igt_nova_expect_errors_logged();
	igt_assert_eq(copy(bench, bench->io.va, va), -ECANCELED);
	igt_nova_queue_state(bench->client.fd, bench->queue, &state);
	igt_assert_eq_u32(state.error, NV_ERROR_MMU_FAULT);
	igt_nova_queue_destroy(bench->client.fd, bench->queue, 0);
	bench->queue = igt_nova_client_queue(&bench->client, 0);
}

static int bind_op(struct bench *bench, uint32_t op, uint32_t flags, uint64_t va, uint64_t size)
{
	struct drm_nova_vm_bind_op bind = { .op = op, .flags = flags, .va = va, .size = size };

	return igt_nova_vm_bind_ops(bench->client.fd, bench->client.vm, &bind, 1);
}

static void map_sparse(struct bench *bench, uint64_t va, uint64_t size)
{
	igt_assert_eq(bind_op(bench, DRM_NOVA_VM_BIND_OP_MAP, DRM_NOVA_VM_BIND_SPARSE, va, size),
		      0);
}

static void map_pages(struct bench *bench, uint64_t va, uint64_t size)
{
	igt_nova_vm_map(bench->client.fd, bench->client.vm, bench->pages.handle, 0, va, size, 0,
			0);
}

static void unmap(struct bench *bench, uint64_t va, uint64_t size)
{
	igt_nova_vm_unmap(bench->client.fd, bench->client.vm, va, size, 0);
}

static void test_reads_zero(int fd)
{
	struct drm_nova_query_device device;
	struct bench bench;
	uint64_t va;

	igt_nova_query(fd, DRM_NOVA_QUERY_DEVICE, &device, sizeof(device));
	igt_assert(device.features & DRM_NOVA_FEATURE_SPARSE);
	bench_open(&bench, 0);
	va = 2 * GIB;
	map_sparse(&bench, va + PAGE, 4 * MIB);
	expect_sparse(&bench, va + PAGE);
	expect_sparse(&bench, va + 2 * MIB);
	expect_sparse(&bench, va + 4 * MIB);
	expect_fault(&bench, va);
	expect_fault(&bench, va + 4 * MIB + PAGE);
	unmap(&bench, va + PAGE, 4 * MIB);
	expect_fault(&bench, va + 2 * MIB);
	bench_close(&bench);
}

/* All that is left of the address space, with no more page tables than a few. */
static void test_huge(int fd)
{
	struct bench bench;
	uint64_t va = 2 * GIB, end;

	(void)fd;
	bench_open(&bench, 0);
	end = bench.range.va_start + bench.range.va_size;
	igt_assert_lt_u64(512 * GIB, end - va);
	map_sparse(&bench, va, end - va);
	expect_sparse(&bench, va);
	expect_sparse(&bench, 300 * GIB + 5 * PAGE);
	expect_sparse(&bench, end - PAGE);
	map_pages(&bench, 300 * GIB + PAGE, 4 * MIB);
	igt_assert_eq_u32(gpu_read(&bench, 300 * GIB + PAGE), TAG);
	igt_assert_eq_u32(gpu_read(&bench, 300 * GIB + 3 * MIB), TAG + 3 * MIB / PAGE - 1);
	expect_sparse(&bench, 300 * GIB);
	expect_sparse(&bench, 300 * GIB + 4 * MIB + PAGE);
	map_sparse(&bench, 300 * GIB + PAGE, 4 * MIB);
	expect_sparse(&bench, 300 * GIB + PAGE);
	unmap(&bench, va, end - va);
	expect_fault(&bench, 300 * GIB);
	bench_close(&bench);
}

/* What is unmapped of it, or was a buffer in it, is not sparse any more; the rest is. */
static void test_cut(int fd)
{
	struct bench bench;
	uint64_t va = 2 * GIB;

	(void)fd;
	bench_open(&bench, 0);
	map_sparse(&bench, va, 4 * GIB);
	unmap(&bench, va + GIB + PAGE, 2 * MIB);
	expect_sparse(&bench, va + GIB);
	expect_sparse(&bench, va + GIB + 2 * MIB + PAGE);
	expect_fault(&bench, va + GIB + MIB);
	map_pages(&bench, va + 2 * GIB, 4 * MIB);
	igt_assert_eq_u32(gpu_read(&bench, va + 2 * GIB + MIB), TAG + MIB / PAGE);
	unmap(&bench, va + 2 * GIB, MIB);
	igt_assert_eq_u32(gpu_read(&bench, va + 2 * GIB + MIB), TAG + MIB / PAGE);
	expect_sparse(&bench, va + 2 * GIB - PAGE);
	expect_sparse(&bench, va + 2 * GIB + 4 * MIB);
	expect_fault(&bench, va + 2 * GIB);
	bench_close(&bench);
}

/* A buffer's large page, and a part of one, becomes sparse. */
static void test_over_buffer(int fd)
{
	struct bench bench;
	uint64_t va = 2 * GIB;

	(void)fd;
	bench_open(&bench, 0);
	map_pages(&bench, va, 4 * MIB);
	igt_assert_eq_u32(gpu_read(&bench, va + 3 * MIB), TAG + 3 * MIB / PAGE);
	map_sparse(&bench, va + MIB, 2 * MIB);
	expect_sparse(&bench, va + MIB);
	expect_sparse(&bench, va + 3 * MIB - PAGE);
	igt_assert_eq_u32(gpu_read(&bench, va + MIB - PAGE), TAG + MIB / PAGE - 1);
	igt_assert_eq_u32(gpu_read(&bench, va + 3 * MIB), TAG + 3 * MIB / PAGE);
	bench_close(&bench);
}

static void test_refused(int fd)
{
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_SPARSE, .size = PAGE,
	}, bad;
	struct drm_nova_vm_create vm;

	igt_nova_vm_create(fd, &vm);
	op.va = vm.va_start;
#define REFUSE(field, wrong) \
	do { \
		bad = op; \
		bad.field = wrong; \
		igt_assert_eq(igt_nova_vm_bind_ops(fd, vm.vm_id, &bad, 1), -EINVAL); \
	} while (0)
	REFUSE(op, DRM_NOVA_VM_BIND_OP_UNMAP);
	REFUSE(op, DRM_NOVA_VM_BIND_OP_UNMAP_ALL);
	REFUSE(flags, DRM_NOVA_VM_BIND_SPARSE | DRM_NOVA_VM_BIND_READONLY);
	REFUSE(flags, DRM_NOVA_VM_BIND_SPARSE | DRM_NOVA_VM_BIND_USERPTR);
	REFUSE(flags, DRM_NOVA_VM_BIND_SPARSE | 1u << 3);
	REFUSE(handle, 1);
	REFUSE(pad, 1);
	REFUSE(bo_offset, PAGE);
	REFUSE(va, vm.va_start - PAGE);
	REFUSE(va, vm.va_start + vm.va_size);
	REFUSE(va, vm.va_start + 1);
	REFUSE(size, 0);
	REFUSE(size, PAGE + 1);
	REFUSE(size, vm.va_size + PAGE);
	REFUSE(size, 0ull - PAGE);
#undef REFUSE
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm.vm_id, &op, 1), 0);
	igt_nova_vm_destroy(fd, vm.vm_id, 0);
}

/* Nothing faults, whatever is or was mapped. */
static void test_scratch(int fd)
{
	struct bench bench;
	uint64_t va = 2 * GIB;

	(void)fd;
	bench_open(&bench, DRM_NOVA_VM_SCRATCH);
	expect_sparse(&bench, va);
	expect_sparse(&bench, 700 * GIB);
	map_pages(&bench, va, 4 * MIB);
	igt_assert_eq_u32(gpu_read(&bench, va + PAGE), TAG + 1);
	expect_sparse(&bench, va + 4 * MIB);
	unmap(&bench, va + MIB, 3 * MIB);
	igt_assert_eq_u32(gpu_read(&bench, va + PAGE), TAG + 1);
	expect_sparse(&bench, va + MIB);
	expect_sparse(&bench, va + 2 * MIB);
	map_sparse(&bench, va, 4 * GIB);
	unmap(&bench, va, 8 * GIB);
	expect_sparse(&bench, va);
	bench_close(&bench);
}

static const struct igt_nova_test tests[] = {
	{ "reads-zero", "Reads give zero and writes are dropped; beside it is a fault.",
	  test_reads_zero },
	{ "huge", "Nearly all of an address space.", test_huge },
	{ "cut", "A part of it is unmapped or replaced.", test_cut },
	{ "over-buffer", "It replaces a part of a buffer.", test_over_buffer },
	{ "refused", "Wrong arguments are refused.", test_refused },
	{ "scratch", "An address space in which nothing faults.", test_scratch },
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
