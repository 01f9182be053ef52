/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

#include "regs/nv_error.h"

IGT_TEST_DESCRIPTION("Address spaces: creation, binding, and what the GPU sees of it.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

/**
 * struct reader - a client that looks at its address space through the GPU
 * @client: the client
 * @queue: queue on engine 0
 * @result: where the pages are copied to
 */
struct reader {
	struct igt_nova_client client;
	uint32_t queue;
	struct igt_nova_bo result;
};

static void reader_open(struct reader *reader)
{
	igt_nova_client_open(&reader->client);
	reader->queue = igt_nova_client_queue(&reader->client, 0);
	igt_nova_client_bo(&reader->client, &reader->result, PAGE, SYSTEM);
}

static void reader_close(struct reader *reader)
{
	igt_nova_bo_destroy(reader->client.fd, &reader->result);
	igt_nova_client_close(&reader->client);
}

/* First dword of the page at @va as the GPU reads it. */
static uint32_t gpu_read(struct reader *reader, uint64_t va)
{
	struct igt_nova_push push;

	igt_nova_bo_fill(&reader->result, 0xbadbad00);
	reader->client.pushes_used = 0;
	igt_nova_push_begin(&reader->client, &push, 32);
	igt_nova_push_copy(&push, reader->result.va, va, PAGE);
	igt_assert_eq(igt_nova_submit_wait(reader->client.fd, reader->queue, &push), 1);
	return reader->result.map[0];
}

static void unbound_bo(struct reader *reader, struct igt_nova_bo *bo, uint64_t pages,
		       uint32_t placement, uint32_t tag)
{
	igt_nova_bo_create(reader->client.fd, bo, pages * PAGE, placement);
	for (uint64_t page = 0; page < pages; page++)
		bo->map[page * PAGE / 4] = tag + page;
}

static int bind_ops(struct reader *reader, struct drm_nova_vm_bind_op *ops, uint32_t count)
{
	return igt_nova_vm_bind_ops(reader->client.fd, reader->client.vm, ops, count);
}

static void map_pages(struct reader *reader, const struct igt_nova_bo *bo, uint64_t first,
		      uint64_t pages, uint64_t va)
{
	igt_nova_vm_map(reader->client.fd, reader->client.vm, bo->handle, first * PAGE, va,
			pages * PAGE, 0, 0);
}

static void test_create_destroy(int fd)
{
	struct drm_nova_vm_create first, second;

	igt_nova_vm_create(fd, &first);
	igt_nova_vm_create(fd, &second);
	igt_assert_neq(first.vm_id, second.vm_id);
	igt_assert_eq_u64(first.va_start % PAGE, 0);
	igt_assert(first.va_size && first.va_size % PAGE == 0);
	igt_nova_vm_destroy(fd, first.vm_id, 0);
	igt_nova_vm_destroy(fd, first.vm_id, ENOENT);
	igt_nova_vm_destroy(fd, second.vm_id, 0);
}

static void test_limit(int fd)
{
	struct drm_nova_query_limits limits;
	struct drm_nova_vm_create create = { 0 };
	int own = igt_nova_open();
	uint32_t last = 0;

	igt_nova_limits(fd, &limits);
	for (uint32_t i = 0; i < limits.vms_max; i++)
		last = igt_nova_vm_create(own, NULL);
	igt_nova_expect(own, DRM_IOCTL_NOVA_VM_CREATE, &create, ENOSPC);
	igt_nova_vm_destroy(own, last, 0);
	igt_nova_vm_create(own, NULL);
	close(own);
}

static void test_ids_per_file(int fd)
{
	uint32_t vm = igt_nova_vm_create(fd, NULL);
	int other = igt_nova_open();

	igt_nova_vm_destroy(other, vm, ENOENT);
	close(other);
	igt_nova_vm_destroy(fd, vm, 0);
}

static void check_bind(uint32_t placement)
{
	struct igt_nova_bo bo;
	struct reader reader;
	uint64_t va;

	reader_open(&reader);
	unbound_bo(&reader, &bo, 8, placement, 0x1000);
	va = igt_nova_client_va(&reader.client, 8 * PAGE);
	map_pages(&reader, &bo, 0, 8, va);
	for (unsigned int page = 0; page < 8; page++)
		igt_assert_eq_u32(gpu_read(&reader, va + page * PAGE), 0x1000 + page);
	igt_nova_vm_unmap(reader.client.fd, reader.client.vm, va, 8 * PAGE, 0);
	/* A part of the buffer, elsewhere. */
	map_pages(&reader, &bo, 5, 2, va + PAGE);
	igt_assert_eq_u32(gpu_read(&reader, va + PAGE), 0x1005);
	igt_assert_eq_u32(gpu_read(&reader, va + 2 * PAGE), 0x1006);
	igt_nova_bo_destroy(reader.client.fd, &bo);
	reader_close(&reader);
}

static void test_bind_vram(int fd)
{
	(void)fd;
	check_bind(VRAM);
}

static void test_bind_system(int fd)
{
	(void)fd;
	check_bind(SYSTEM);
}

static void test_bind_array(int fd)
{
	struct drm_nova_vm_bind_op ops[4] = { 0 };
	struct igt_nova_bo a, b;
	struct reader reader;
	uint64_t va;

	(void)fd;
	reader_open(&reader);
	unbound_bo(&reader, &a, 4, VRAM, 0xa0);
	unbound_bo(&reader, &b, 4, SYSTEM, 0xb0);
	va = igt_nova_client_va(&reader.client, 16 * PAGE);
	ops[0] = (struct drm_nova_vm_bind_op) { .handle = a.handle, .va = va, .size = 4 * PAGE };
	/* Later ops win, and aliases are allowed. */
	ops[1] = (struct drm_nova_vm_bind_op) {
		.handle = b.handle, .va = va + 2 * PAGE, .size = 2 * PAGE,
	};
	ops[2] = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = va + PAGE, .size = PAGE,
	};
	ops[3] = (struct drm_nova_vm_bind_op) {
		.handle = a.handle, .bo_offset = 3 * PAGE, .va = va + PAGE, .size = PAGE,
	};
	igt_assert_eq(bind_ops(&reader, ops, 4), 0);
	igt_assert_eq_u32(gpu_read(&reader, va), 0xa0);
	igt_assert_eq_u32(gpu_read(&reader, va + PAGE), 0xa3);
	igt_assert_eq_u32(gpu_read(&reader, va + 2 * PAGE), 0xb0);
	igt_assert_eq_u32(gpu_read(&reader, va + 3 * PAGE), 0xb1);
	igt_assert_eq(bind_ops(&reader, NULL, 0), 0);
	igt_nova_bo_destroy(reader.client.fd, &a);
	igt_nova_bo_destroy(reader.client.fd, &b);
	reader_close(&reader);
}

static void test_split(int fd)
{
	struct igt_nova_bo a, b;
	struct reader reader;
	uint64_t va;

	(void)fd;
	reader_open(&reader);
	unbound_bo(&reader, &a, 8, VRAM, 0xa0);
	unbound_bo(&reader, &b, 8, VRAM, 0xb0);
	va = igt_nova_client_va(&reader.client, 8 * PAGE);
	map_pages(&reader, &a, 0, 8, va);
	map_pages(&reader, &b, 0, 2, va + 3 * PAGE);
	igt_nova_vm_unmap(reader.client.fd, reader.client.vm, va + 6 * PAGE, PAGE, 0);
	for (unsigned int page = 0; page < 8; page++) {
		uint32_t expected = page == 3 || page == 4 ? 0xb0 + page - 3 : 0xa0 + page;

		if (page != 6)
			igt_assert_eq_u32(gpu_read(&reader, va + page * PAGE), expected);
	}
	/* Over both edges of what is there. */
	map_pages(&reader, &b, 4, 4, va + 4 * PAGE);
	igt_assert_eq_u32(gpu_read(&reader, va + 3 * PAGE), 0xb0);
	igt_assert_eq_u32(gpu_read(&reader, va + 4 * PAGE), 0xb4);
	igt_assert_eq_u32(gpu_read(&reader, va + 7 * PAGE), 0xb7);
	igt_nova_bo_destroy(reader.client.fd, &a);
	igt_nova_bo_destroy(reader.client.fd, &b);
	reader_close(&reader);
}

/* When VM_BIND returns no engine sees the old mapping any more. */
static void test_rebind(int fd)
{
	struct igt_nova_bo bo[2];
	struct reader reader;
	uint64_t va;

	(void)fd;
	reader_open(&reader);
	unbound_bo(&reader, &bo[0], 1, VRAM, 0xa0);
	unbound_bo(&reader, &bo[1], 1, SYSTEM, 0xb0);
	va = igt_nova_client_va(&reader.client, PAGE);
	for (unsigned int i = 0; i < 32; i++) {
		map_pages(&reader, &bo[i & 1], 0, 1, va);
		igt_assert_eq_u32(gpu_read(&reader, va), i & 1 ? 0xb0 : 0xa0);
	}
	igt_nova_bo_destroy(reader.client.fd, &bo[0]);
	igt_nova_bo_destroy(reader.client.fd, &bo[1]);
	reader_close(&reader);
}

/* Large pages where they fit, split where they no longer do. */
static void test_big(int fd)
{
	const uint64_t pages = 32 * MIB / PAGE;
	struct igt_nova_bo big, small;
	struct reader reader;
	uint64_t va;

	(void)fd;
	reader_open(&reader);
	unbound_bo(&reader, &big, pages, VRAM, 0x100000);
	unbound_bo(&reader, &small, 1, SYSTEM, 0xb0);
	va = igt_nova_client_va(&reader.client, 36 * MIB);
	va = (va + 2 * MIB - 1) & ~(2 * MIB - 1);
	map_pages(&reader, &big, 0, pages, va);
	map_pages(&reader, &small, 0, 1, va + 5 * MIB);
	igt_assert_eq_u32(gpu_read(&reader, va), 0x100000);
	igt_assert_eq_u32(gpu_read(&reader, va + 5 * MIB), 0xb0);
	igt_assert_eq_u32(gpu_read(&reader, va + 5 * MIB - PAGE), 0x100000 + 5 * MIB / PAGE - 1);
	igt_assert_eq_u32(gpu_read(&reader, va + 5 * MIB + PAGE), 0x100000 + 5 * MIB / PAGE + 1);
	igt_assert_eq_u32(gpu_read(&reader, va + 32 * MIB - PAGE), 0x100000 + pages - 1);
	/* Everything but the push buffer and the result goes. */
	igt_nova_vm_unmap(reader.client.fd, reader.client.vm, va, reader.client.va_end - va, 0);
	map_pages(&reader, &small, 0, 1, va + 6 * MIB);
	igt_assert_eq_u32(gpu_read(&reader, va + 6 * MIB), 0xb0);
	igt_nova_bo_destroy(reader.client.fd, &big);
	igt_nova_bo_destroy(reader.client.fd, &small);
	reader_close(&reader);
}

static void test_all_or_nothing(int fd)
{
	struct drm_nova_vm_bind_op ops[3] = { 0 };
	struct igt_nova_bo a, b;
	struct reader reader;
	uint64_t va;

	(void)fd;
	reader_open(&reader);
	unbound_bo(&reader, &a, 2, VRAM, 0xa0);
	unbound_bo(&reader, &b, 2, VRAM, 0xb0);
	va = igt_nova_client_va(&reader.client, 4 * PAGE);
	map_pages(&reader, &a, 0, 2, va);
	ops[0] = (struct drm_nova_vm_bind_op) { .handle = b.handle, .va = va, .size = PAGE };
	ops[1] = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = va + PAGE, .size = PAGE,
	};
	ops[2] = (struct drm_nova_vm_bind_op) {
		.handle = IGT_NOVA_BAD_ID, .va = va + 2 * PAGE, .size = PAGE,
	};
	igt_assert_eq(bind_ops(&reader, ops, 3), -ENOENT);
	ops[2].handle = b.handle;
	ops[2].bo_offset = 2 * PAGE;
	igt_assert_eq(bind_ops(&reader, ops, 3), -EINVAL);
	igt_assert_eq_u32(gpu_read(&reader, va), 0xa0);
	igt_assert_eq_u32(gpu_read(&reader, va + PAGE), 0xa1);
	ops[2].bo_offset = PAGE;
	igt_assert_eq(bind_ops(&reader, ops, 3), 0);
	igt_assert_eq_u32(gpu_read(&reader, va), 0xb0);
	igt_assert_eq_u32(gpu_read(&reader, va + 2 * PAGE), 0xb1);
	igt_nova_bo_destroy(reader.client.fd, &a);
	igt_nova_bo_destroy(reader.client.fd, &b);
	reader_close(&reader);
}

static void test_unmap_nothing(int fd)
{
	struct drm_nova_vm_bind_op all = { .op = DRM_NOVA_VM_BIND_OP_UNMAP_ALL };
	struct drm_nova_vm_create vm;

	igt_nova_vm_create(fd, &vm);
	igt_nova_vm_unmap(fd, vm.vm_id, vm.va_start, vm.va_size, 0);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm.vm_id, &all, 1), 0);
	igt_nova_vm_destroy(fd, vm.vm_id, 0);
}

static void test_unmap_all(int fd)
{
	struct drm_nova_vm_bind_op ops[3] = { { .op = DRM_NOVA_VM_BIND_OP_UNMAP_ALL } };
	struct igt_nova_bo a;
	struct reader reader;
	uint64_t va;

	(void)fd;
	reader_open(&reader);
	unbound_bo(&reader, &a, 1, VRAM, 0xa0);
	va = igt_nova_client_va(&reader.client, PAGE);
	/* In the same call, what is needed to look comes back. */
	ops[1] = (struct drm_nova_vm_bind_op) {
		.handle = reader.client.pushes.handle, .va = reader.client.pushes.va,
		.size = reader.client.pushes.size,
	};
	ops[2] = (struct drm_nova_vm_bind_op) {
		.handle = reader.result.handle, .va = reader.result.va, .size = PAGE,
	};
	map_pages(&reader, &a, 0, 1, va);
	igt_assert_eq_u32(gpu_read(&reader, va), 0xa0);
	igt_assert_eq(bind_ops(&reader, ops, 3), 0);
	map_pages(&reader, &a, 0, 1, va);
	igt_assert_eq_u32(gpu_read(&reader, va), 0xa0);
	igt_nova_bo_destroy(reader.client.fd, &a);
	reader_close(&reader);
}

static void test_keeps_buffer(int fd)
{
	struct igt_nova_bo a, other;
	struct reader reader;
	uint64_t va;

	(void)fd;
	reader_open(&reader);
	unbound_bo(&reader, &a, 4, VRAM, 0xa0);
	va = igt_nova_client_va(&reader.client, 4 * PAGE);
	map_pages(&reader, &a, 0, 4, va);
	igt_nova_bo_destroy(reader.client.fd, &a);
	unbound_bo(&reader, &other, 64, VRAM, 0xb0);
	igt_assert_eq_u32(gpu_read(&reader, va + 2 * PAGE), 0xa2);
	igt_nova_bo_destroy(reader.client.fd, &other);
	reader_close(&reader);
}

static void test_queue_keeps_vm(int fd)
{
	struct reader reader;
	struct igt_nova_bo a;
	uint64_t va;

	(void)fd;
	reader_open(&reader);
	unbound_bo(&reader, &a, 1, VRAM, 0xa0);
	va = igt_nova_client_va(&reader.client, PAGE);
	map_pages(&reader, &a, 0, 1, va);
	igt_nova_vm_destroy(reader.client.fd, reader.client.vm, 0);
	igt_assert_eq_u32(gpu_read(&reader, va), 0xa0);
	igt_nova_vm_unmap(reader.client.fd, reader.client.vm, va, PAGE, ENOENT);
	igt_nova_queue_create(reader.client.fd, reader.client.vm, 0, ENOENT);
	igt_nova_bo_destroy(reader.client.fd, &a);
	reader_close(&reader);
}

/* Expects the job to fault, and the queue to say so. */
static void check_fault(struct reader *reader, const struct igt_nova_push *push)
{
	struct drm_nova_queue_get_state state;

	igt_assert_lt(igt_nova_submit_wait(reader->client.fd, reader->queue, push), 0);
	igt_nova_queue_state(reader->client.fd, reader->queue, &state);
	igt_assert(state.flags & DRM_NOVA_QUEUE_STATE_GUILTY);
	igt_assert_eq_u32(state.error, NV_ERROR_MMU_FAULT);
	igt_nova_queue_destroy(reader->client.fd, reader->queue, 0);
	reader->queue = igt_nova_client_queue(&reader->client, 0);
}

static void test_readonly(int fd)
{
	struct igt_nova_push push;
	struct reader reader;
	struct igt_nova_bo a;
	uint64_t va;

	(void)fd;
	igt_nova_expect_errors_logged();
	reader_open(&reader);
	unbound_bo(&reader, &a, 1, VRAM, 0xa0);
	va = igt_nova_client_va(&reader.client, PAGE);
	igt_nova_vm_map(reader.client.fd, reader.client.vm, a.handle, 0, va, PAGE,
			DRM_NOVA_VM_BIND_READONLY, 0);
	igt_assert_eq_u32(gpu_read(&reader, va), 0xa0);
	igt_nova_push_begin(&reader.client, &push, 32);
	igt_nova_push_fill(&push, va, 0xbad, PAGE / 4);
	check_fault(&reader, &push);
	igt_assert_eq_u32(a.map[0], 0xa0);
	/* The same place made writable. */
	map_pages(&reader, &a, 0, 1, va);
	igt_assert_eq(igt_nova_submit_wait(reader.client.fd, reader.queue, &push), 1);
	igt_assert_eq_u32(a.map[0], 0xbad);
	igt_nova_bo_destroy(reader.client.fd, &a);
	reader_close(&reader);
}

static void test_unmapped_faults(int fd)
{
	struct igt_nova_push push;
	struct reader reader;
	struct igt_nova_bo a;
	uint64_t va;

	(void)fd;
	igt_nova_expect_errors_logged();
	reader_open(&reader);
	unbound_bo(&reader, &a, 1, VRAM, 0xa0);
	va = igt_nova_client_va(&reader.client, PAGE);
	map_pages(&reader, &a, 0, 1, va);
	igt_assert_eq_u32(gpu_read(&reader, va), 0xa0);
	igt_nova_vm_unmap(reader.client.fd, reader.client.vm, va, PAGE, 0);
	igt_nova_push_begin(&reader.client, &push, 32);
	igt_nova_push_copy(&push, reader.result.va, va, PAGE);
	check_fault(&reader, &push);
	igt_nova_bo_destroy(reader.client.fd, &a);
	reader_close(&reader);
}

static void test_kernel_range(int fd)
{
	struct drm_nova_vm_create vm;
	uint32_t handle = igt_nova_gem_create(fd, 2 * PAGE, 0, 0, 0, 0);
	uint64_t end;

	igt_nova_vm_create(fd, &vm);
	end = vm.va_start + vm.va_size;
	igt_nova_vm_map(fd, vm.vm_id, handle, 0, end, PAGE, 0, EINVAL);
	igt_nova_vm_map(fd, vm.vm_id, handle, 0, end - PAGE, 2 * PAGE, 0, EINVAL);
	igt_nova_vm_unmap(fd, vm.vm_id, end, PAGE, EINVAL);
	igt_nova_vm_map(fd, vm.vm_id, handle, 0, end - PAGE, PAGE, 0, 0);
	igt_nova_vm_map(fd, vm.vm_id, handle, 0, vm.va_start, PAGE, 0, 0);
	if (vm.va_start)
		igt_nova_vm_map(fd, vm.vm_id, handle, 0, vm.va_start - PAGE, PAGE, 0, EINVAL);
	igt_nova_vm_destroy(fd, vm.vm_id, 0);
	igt_nova_gem_close(fd, handle);
}

static const struct igt_nova_test tests[] = {
	{ "create-destroy", "VMs have ids of their own and go once.", test_create_destroy },
	{ "limit", "VMs of a file are limited, and one given back can be had again.",
	  test_limit },
	{ "ids-per-file", "VM ids belong to the file that made them.", test_ids_per_file },
	{ "bind-vram", "The GPU reads bound video memory, whole and in part.", test_bind_vram },
	{ "bind-system", "The GPU reads bound system memory, whole and in part.",
	  test_bind_system },
	{ "bind-array", "Ops of one call apply in order.", test_bind_array },
	{ "split", "Mapping over the middle keeps both ends.", test_split },
	{ "rebind", "Replaced mappings are seen at once.", test_rebind },
	{ "big", "Large mappings can be cut anywhere.", test_big },
	{ "all-or-nothing", "A bad last op leaves the address space as it was.",
	  test_all_or_nothing },
	{ "unmap-nothing", "Unmapping what is not mapped is no error.", test_unmap_nothing },
	{ "unmap-all", "UNMAP_ALL leaves an address space that can be filled again.",
	  test_unmap_all },
	{ "keeps-buffer", "A bound buffer lives without its handle.", test_keeps_buffer },
	{ "queue-keeps-vm", "A queue keeps running in a destroyed VM.", test_queue_keeps_vm },
	{ "readonly", "A GPU write to a read-only mapping faults and changes nothing.",
	  test_readonly },
	{ "unmapped-faults", "A GPU access to an unmapped page faults.",
	  test_unmapped_faults },
	{ "kernel-range", "The kernel's part of the address space is closed.",
	  test_kernel_range },
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
