// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "fake_kernel.h"

#define END		(FAKE_VA_START + FAKE_VA_SIZE)

static struct nova_vm *make(struct nova_device *dev)
{
	struct nova_vm *vm;

	assert_int_equal(nova_vm_create(dev, &vm), 0);
	return vm;
}

static uint64_t alloc(struct nova_vm *vm, uint64_t size, uint64_t align)
{
	uint64_t va = 0;

	assert_int_equal(nova_vm_alloc_va(vm, size, align, &va), 0);
	return va;
}

static void test_create(void **state)
{
	struct nova_vm *vm = make(*state);
	uint64_t start, size;

	nova_vm_range(vm, &start, &size);
	assert_int_equal(start, FAKE_VA_START);
	assert_int_equal(size, FAKE_VA_SIZE);
	nova_vm_destroy(vm);
	nova_vm_destroy(NULL);
	assert_int_equal(nova_vm_create(NULL, &vm), -EINVAL);
	assert_int_equal(nova_vm_create(*state, NULL), -EINVAL);
}

static void test_va_lowest(void **state)
{
	struct nova_vm *vm = make(*state);
	uint64_t a = alloc(vm, 4096, 0), b = alloc(vm, 1, 0), c = alloc(vm, 4097, 0);

	assert_int_equal(a, FAKE_VA_START);
	assert_int_equal(b, FAKE_VA_START + 4096);
	assert_int_equal(c, FAKE_VA_START + 8192);
	assert_int_equal(alloc(vm, 4096, 0), FAKE_VA_START + 16384);
	assert_int_equal(nova_vm_free_va(vm, b), 0);
	assert_int_equal(alloc(vm, 8192, 0), FAKE_VA_START + 20480);	/* the gap is too small */
	assert_int_equal(alloc(vm, 4096, 0), b);
	nova_vm_destroy(vm);
}

static void test_va_align(void **state)
{
	struct nova_vm *vm = make(*state);

	alloc(vm, 4096, 0);
	assert_int_equal(alloc(vm, 64 << 10, 0), 0x20000);	/* next 64K */
	assert_int_equal(alloc(vm, 2 << 20, 0), 0x200000);	/* next 2M */
	assert_int_equal(alloc(vm, 4096, 1 << 28), 1 << 28);
	assert_int_equal(alloc(vm, 4096, 1), 0x11000);		/* the gap left by the first */
	nova_vm_destroy(vm);
}

static void test_va_refuses(void **state)
{
	struct nova_vm *vm = make(*state);
	uint64_t va = 42;

	assert_int_equal(nova_vm_alloc_va(vm, 0, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_alloc_va(vm, 4096, 3, &va), -EINVAL);
	assert_int_equal(nova_vm_alloc_va(vm, UINT64_MAX, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_alloc_va(vm, FAKE_VA_SIZE + 1, 4096, &va), -ENOSPC);
	assert_int_equal(nova_vm_alloc_va(vm, FAKE_VA_SIZE, 1 << 20, &va), -ENOSPC);
	assert_int_equal(nova_vm_alloc_va(vm, 4096, 1ull << 63, &va), -ENOSPC);
	assert_int_equal(nova_vm_alloc_va(vm, 4096, 0, NULL), -EINVAL);
	assert_int_equal(nova_vm_alloc_va(NULL, 4096, 0, &va), -EINVAL);
	assert_int_equal(va, 42);
	assert_int_equal(nova_vm_free_va(vm, FAKE_VA_START), -EINVAL);	/* free already */
	assert_int_equal(nova_vm_free_va(vm, 0), -EINVAL);
	assert_int_equal(nova_vm_free_va(NULL, 0), -EINVAL);
	assert_int_equal(alloc(vm, FAKE_VA_SIZE, 4096), FAKE_VA_START);
	assert_int_equal(nova_vm_alloc_va(vm, 4096, 0, &va), -ENOSPC);
	assert_int_equal(nova_vm_free_va(vm, FAKE_VA_START + 4096), -EINVAL);	/* not its start */
	assert_int_equal(nova_vm_free_va(vm, FAKE_VA_START), 0);
	assert_int_equal(alloc(vm, FAKE_VA_SIZE, 4096), FAKE_VA_START);
	nova_vm_destroy(vm);
}

static void test_va_reserve(void **state)
{
	struct nova_vm *vm = make(*state);

	assert_int_equal(nova_vm_reserve_va(vm, FAKE_VA_START + 4096, 4096), 0);
	assert_int_equal(nova_vm_reserve_va(vm, FAKE_VA_START, 8192), -ENOSPC);
	assert_int_equal(nova_vm_reserve_va(vm, FAKE_VA_START + 4096, 1), -ENOSPC);
	assert_int_equal(nova_vm_reserve_va(vm, FAKE_VA_START, 4096), 0);
	assert_int_equal(nova_vm_reserve_va(vm, END - 4096, 4096), 0);
	assert_int_equal(nova_vm_reserve_va(vm, END - 4096, 4096), -ENOSPC);
	assert_int_equal(nova_vm_reserve_va(vm, END - 8192, 4097), -ENOSPC);
	assert_int_equal(nova_vm_reserve_va(vm, END, 4096), -EINVAL);
	assert_int_equal(nova_vm_reserve_va(vm, 0, 4096), -EINVAL);
	assert_int_equal(nova_vm_reserve_va(vm, FAKE_VA_START, FAKE_VA_SIZE + 4096), -EINVAL);
	assert_int_equal(nova_vm_reserve_va(vm, FAKE_VA_START + 1, 4096), -EINVAL);
	assert_int_equal(nova_vm_reserve_va(vm, FAKE_VA_START + 16384, 0), -EINVAL);
	assert_int_equal(alloc(vm, 4096, 0), FAKE_VA_START + 8192);
	nova_vm_destroy(vm);
}

/*
 * Random allocations and frees against a page map: no overlap, everything fits
 * where it should, and after freeing all of it the range is whole again.
 */
static void test_va_random(void **state)
{
	enum { SLOTS = 64, STEPS = 20000, PAGES = FAKE_VA_SIZE >> 12 };
	struct nova_vm *vm = make(*state);
	uint64_t va[SLOTS] = { 0 }, pages[SLOTS] = { 0 };
	unsigned char *taken = calloc(PAGES, 1);
	unsigned short seed[3] = { 1, 2, 3 };

	assert_non_null(taken);
	for (int step = 0; step < STEPS; step++) {
		int slot = nrand48(seed) % SLOTS;

		if (!pages[slot]) {
			pages[slot] = 1 + nrand48(seed) % 300;
			va[slot] = alloc(vm, pages[slot] << 12, 4096ull << nrand48(seed) % 8);
			for (uint64_t i = 0; i < pages[slot]; i++)
				assert_int_equal(taken[((va[slot] - FAKE_VA_START) >> 12) + i]++, 0);
			continue;
		}
		assert_int_equal(nova_vm_free_va(vm, va[slot]), 0);
		for (uint64_t i = 0; i < pages[slot]; i++)
			taken[((va[slot] - FAKE_VA_START) >> 12) + i]--;
		pages[slot] = 0;
	}
	for (int slot = 0; slot < SLOTS; slot++)
		if (pages[slot])
			assert_int_equal(nova_vm_free_va(vm, va[slot]), 0);
	assert_int_equal(alloc(vm, FAKE_VA_SIZE, 4096), FAKE_VA_START);
	free(taken);
	nova_vm_destroy(vm);
}

static void test_map(void **state)
{
	struct nova_bo_desc desc = { .size = 16384 };
	struct nova_vm *vm = make(*state);
	struct nova_bo *bo;
	uint64_t a, b;

	assert_int_equal(nova_bo_create(*state, &desc, &bo), 0);
	assert_int_equal(nova_vm_map(vm, bo, 4096, 0, NOVA_VM_READONLY, &a), 0);
	assert_int_equal(a, FAKE_VA_START);
	assert_int_equal(fake.bind.vm_id, fake_handle(FAKE_VM, 0));
	assert_int_equal(fake.bind.flags, 0);
	assert_int_equal(fake.bind.ops.count, 1);
	assert_int_equal(fake.bind.syncs.count, 0);
	assert_int_equal(fake.ops[0].op, DRM_NOVA_VM_BIND_OP_MAP);
	assert_int_equal(fake.ops[0].flags, DRM_NOVA_VM_BIND_READONLY);
	assert_int_equal(fake.ops[0].handle, nova_bo_handle(bo));
	assert_int_equal(fake.ops[0].pad, 0);
	assert_int_equal(fake.ops[0].bo_offset, 4096);
	assert_int_equal(fake.ops[0].va, a);
	assert_int_equal(fake.ops[0].size, 12288);
	assert_int_equal(nova_vm_map(vm, bo, 0, 4096, 0, &b), 0);
	assert_int_equal(b, a + 12288);
	assert_int_equal(fake.ops[0].size, 4096);

	assert_int_equal(nova_vm_unmap(vm, a), 0);
	assert_int_equal(fake.ops[0].op, DRM_NOVA_VM_BIND_OP_UNMAP);
	assert_int_equal(fake.ops[0].handle, 0);
	assert_int_equal(fake.ops[0].bo_offset, 0);
	assert_int_equal(fake.ops[0].va, a);
	assert_int_equal(fake.ops[0].size, 12288);
	assert_int_equal(nova_vm_unmap(vm, a), -EINVAL);
	assert_int_equal(nova_vm_unmap(vm, b + 4096), -EINVAL);
	assert_int_equal(nova_vm_unmap(NULL, b), -EINVAL);
	nova_bo_destroy(bo);
	nova_vm_destroy(vm);
}

static void test_map_refuses(void **state)
{
	struct nova_bo_desc desc = { .size = 16384 };
	struct nova_vm *vm = make(*state);
	struct nova_device *other;
	struct nova_bo *bo;
	uint64_t va;
	uint32_t calls;

	assert_int_equal(nova_bo_create(*state, &desc, &bo), 0);
	calls = fake.calls;
	assert_int_equal(nova_vm_map(vm, bo, 16384, 0, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map(vm, bo, 4096, 16384, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map(vm, bo, 1, 4096, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map(vm, bo, 0, 4095, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map(vm, bo, 4096, UINT64_MAX - 4095, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map(vm, NULL, 0, 0, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map(vm, bo, 0, 0, 0, NULL), -EINVAL);
	assert_int_equal(nova_vm_map(NULL, bo, 0, 0, 0, &va), -EINVAL);
	assert_int_equal(fake.calls, calls);
	nova_bo_destroy(bo);

	assert_int_equal(nova_device_open_fd(fake.fd, &other), 0);
	assert_int_equal(nova_bo_create(other, &desc, &bo), 0);
	assert_int_equal(nova_vm_map(vm, bo, 0, 0, 0, &va), -EINVAL);
	nova_bo_destroy(bo);
	nova_device_close(other);
	nova_vm_destroy(vm);
}

/* A bind that failed gives its addresses back; a failed unmap keeps them unless the device is gone. */
static void test_map_fails(void **state)
{
	struct nova_bo_desc desc = { .size = 4096 };
	struct nova_vm *vm = make(*state);
	struct nova_bo *bo;
	uint64_t va;

	assert_int_equal(nova_bo_create(*state, &desc, &bo), 0);
	fake.fail_request = DRM_IOCTL_NOVA_VM_BIND;
	fake.fail_error = ENOSPC;
	assert_int_equal(nova_vm_map(vm, bo, 0, 0, 0, &va), -ENOSPC);
	fake.fail_request = 0;
	assert_int_equal(nova_vm_map(vm, bo, 0, 0, 0, &va), 0);
	assert_int_equal(va, FAKE_VA_START);
	fake.fail_request = DRM_IOCTL_NOVA_VM_BIND;
	fake.fail_error = ENOMEM;
	assert_int_equal(nova_vm_unmap(vm, va), -ENOMEM);
	assert_int_equal(nova_vm_reserve_va(vm, va, 4096), -ENOSPC);
	fake.fail_error = ENODEV;
	assert_int_equal(nova_vm_unmap(vm, va), -ENODEV);
	assert_int_equal(nova_vm_reserve_va(vm, va, 4096), 0);
	fake.fail_request = 0;
	nova_bo_destroy(bo);
	nova_vm_destroy(vm);
}

static void test_bind(void **state)
{
	struct nova_bo_desc desc = { .size = 16384 };
	struct nova_vm *vm = make(*state);
	struct nova_bo *bo;
	struct nova_vm_op ops[3];

	assert_int_equal(nova_bo_create(*state, &desc, &bo), 0);
	ops[0] = (struct nova_vm_op) { .op = NOVA_VM_OP_UNMAP_ALL };
	ops[1] = (struct nova_vm_op) { .op = NOVA_VM_OP_MAP, .bo = bo, .offset = 4096, .va = 0x100000,
				       .size = 8192 };
	ops[2] = (struct nova_vm_op) { .op = NOVA_VM_OP_UNMAP, .va = 0x101000, .size = 4096 };
	assert_int_equal(nova_vm_bind(vm, ops, 3), 0);
	assert_int_equal(fake.bind.ops.count, 3);
	assert_int_equal(fake.ops[0].op, DRM_NOVA_VM_BIND_OP_UNMAP_ALL);
	assert_int_equal(fake.ops[1].handle, nova_bo_handle(bo));
	assert_int_equal(fake.ops[1].bo_offset, 4096);
	assert_int_equal(fake.ops[1].va, 0x100000);
	assert_int_equal(fake.ops[1].size, 8192);
	assert_int_equal(fake.ops[2].op, DRM_NOVA_VM_BIND_OP_UNMAP);
	assert_int_equal(fake.ops[2].handle, 0);

	ops[2].bo = bo;		/* an unmap names no buffer */
	assert_int_equal(nova_vm_bind(vm, ops, 3), -EINVAL);
	ops[1].bo = NULL;	/* a map does */
	assert_int_equal(nova_vm_bind(vm, ops, 2), -EINVAL);
	assert_int_equal(nova_vm_bind(vm, ops, 0), -EINVAL);
	assert_int_equal(nova_vm_bind(vm, NULL, 1), -EINVAL);
	nova_bo_destroy(bo);
	nova_vm_destroy(vm);
}

static void test_state(void **state)
{
	struct nova_vm *vm = make(*state);
	struct nova_vm_state s = { 0 };

	assert_int_equal(nova_vm_get_state(vm, &s), 0);
	assert_true(s.usable);
	assert_int_equal(s.reset_count, 3);
	assert_int_equal(s.fault_count, 40);
	assert_int_equal(s.kept, 2);
	assert_int_equal(s.faults[0].address, 0x1000);
	assert_int_equal(s.faults[1].address, 0x2000);
	assert_int_equal(s.faults[1].time_ns, 64);
	assert_int_equal(s.faults[1].type, 2);
	assert_int_equal(s.faults[1].access, 1);
	assert_int_equal(s.faults[1].client, 5);
	assert_int_equal(s.faults[1].engine, 1);
	assert_int_equal(s.faults[1].queue_id, 8);
	fake.vm_wedged = true;
	assert_int_equal(nova_vm_get_state(vm, &s), 0);
	assert_false(s.usable);
	/* More than there is room for is no answer, and changes nothing. */
	fake.vm_faults = NOVA_VM_FAULTS_MAX + 1;
	s.kept = 1;
	assert_int_equal(nova_vm_get_state(vm, &s), -EIO);
	assert_int_equal(s.kept, 1);
	assert_int_equal(nova_vm_get_state(vm, NULL), -EINVAL);
	assert_int_equal(nova_vm_get_state(NULL, &s), -EINVAL);
	nova_vm_destroy(vm);
}

static void test_bind_sparse(void **state)
{
	struct nova_bo_desc desc = { .size = 4096 };
	struct nova_vm *vm;
	struct nova_bo *bo;
	struct nova_vm_op op = {
		.op = NOVA_VM_OP_MAP, .flags = NOVA_VM_SPARSE, .va = 0x100000, .size = 1ull << 38,
	};

	assert_int_equal(nova_vm_create_flags(*state, NOVA_VM_SCRATCH, &vm), 0);
	assert_int_equal(fake.vm_create.flags, DRM_NOVA_VM_SCRATCH);
	assert_int_equal(nova_bo_create(*state, &desc, &bo), 0);
	assert_int_equal(nova_vm_bind(vm, &op, 1), 0);
	assert_int_equal(fake.ops[0].flags, DRM_NOVA_VM_BIND_SPARSE);
	assert_int_equal(fake.ops[0].handle, 0);
	assert_int_equal(fake.ops[0].size, 1ull << 38);
	op.bo = bo;
	assert_int_equal(nova_vm_bind(vm, &op, 1), -EINVAL);
	nova_bo_destroy(bo);
	nova_vm_destroy(vm);
}

static void test_map_user(void **state)
{
	static _Alignas(4096) char memory[2 * 4096];
	struct nova_bo_desc desc = { .size = 4096 };
	struct nova_vm *vm = make(*state);
	struct nova_vm_op op = {
		.op = NOVA_VM_OP_MAP, .flags = NOVA_VM_USERPTR, .offset = (uintptr_t)memory,
		.va = 0x100000, .size = 4096,
	};
	struct nova_bo *bo;
	uint64_t va, again;
	uint32_t calls;

	assert_int_equal(nova_vm_map_user(vm, memory, sizeof(memory), NOVA_VM_READONLY, &va), 0);
	assert_int_equal(fake.bind.ops.count, 1);
	assert_int_equal(fake.ops[0].op, DRM_NOVA_VM_BIND_OP_MAP);
	assert_int_equal(fake.ops[0].flags, DRM_NOVA_VM_BIND_USERPTR | DRM_NOVA_VM_BIND_READONLY);
	assert_int_equal(fake.ops[0].handle, 0);
	assert_int_equal(fake.ops[0].bo_offset, (uintptr_t)memory);
	assert_int_equal(fake.ops[0].va, va);
	assert_int_equal(fake.ops[0].size, sizeof(memory));
	assert_int_equal(nova_vm_unmap(vm, va), 0);
	assert_int_equal(fake.ops[0].size, sizeof(memory));

	/* Addresses come back when it fails. */
	fake.fail_request = DRM_IOCTL_NOVA_VM_BIND;
	fake.fail_error = EFAULT;
	assert_int_equal(nova_vm_map_user(vm, memory, 4096, 0, &again), -EFAULT);
	fake.fail_request = 0;
	assert_int_equal(nova_vm_map_user(vm, memory, 4096, 0, &again), 0);
	assert_int_equal(again, va);
	assert_int_equal(fake.ops[0].flags, DRM_NOVA_VM_BIND_USERPTR);

	assert_int_equal(nova_bo_create(*state, &desc, &bo), 0);
	calls = fake.calls;
	assert_int_equal(nova_vm_map_user(NULL, memory, 4096, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map_user(vm, NULL, 4096, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map_user(vm, memory + 1, 4096, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map_user(vm, memory, 0, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map_user(vm, memory, 4095, 0, &va), -EINVAL);
	assert_int_equal(nova_vm_map_user(vm, memory, 4096, NOVA_VM_SPARSE, &va), -EINVAL);
	assert_int_equal(nova_vm_map_user(vm, memory, 4096, 0, NULL), -EINVAL);
	assert_int_equal(nova_vm_map(vm, bo, 0, 0, NOVA_VM_USERPTR, &va), -EINVAL);
	op.bo = bo;
	assert_int_equal(nova_vm_bind(vm, &op, 1), -EINVAL);
	assert_int_equal(fake.calls, calls);
	op.bo = NULL;
	assert_int_equal(nova_vm_bind(vm, &op, 1), 0);
	assert_int_equal(fake.ops[0].bo_offset, (uintptr_t)memory);
	nova_bo_destroy(bo);
	nova_vm_destroy(vm);
}

static void test_bind_async(void **state)
{
	struct nova_vm_op op = { .op = NOVA_VM_OP_UNMAP, .va = 0x101000, .size = 4096 };
	struct nova_vm *vm = make(*state);
	struct nova_job_sync syncs[2];
	struct nova_sync *sync;

	assert_int_equal(nova_sync_create(*state, 0, &sync), 0);
	syncs[0] = (struct nova_job_sync) { .sync = sync };
	syncs[1] = (struct nova_job_sync) { sync, 9, NOVA_JOB_SYNC_SIGNAL };
	assert_int_equal(nova_vm_bind_async(vm, &op, 1, syncs, 2), 0);
	assert_int_equal(fake.bind.flags, DRM_NOVA_VM_BIND_ASYNC);
	assert_int_equal(fake.bind.ops.count, 1);
	assert_int_equal(fake.ops[0].va, 0x101000);
	assert_int_equal(fake.bind.syncs.count, 2);
	assert_int_equal(fake.syncs[0].handle, nova_sync_handle(sync));
	assert_int_equal(fake.syncs[0].flags, 0);
	assert_int_equal(fake.syncs[1].flags, DRM_NOVA_SYNC_SIGNAL | DRM_NOVA_SYNC_TIMELINE);
	assert_int_equal(fake.syncs[1].point, 9);
	assert_int_equal(nova_vm_bind_async(vm, NULL, 0, syncs, 1), 0);
	assert_int_equal(fake.bind.ops.count, 0);
	assert_int_equal(nova_vm_bind_async(vm, &op, 1, NULL, 0), 0);
	assert_int_equal(fake.bind.syncs.count, 0);

	assert_int_equal(nova_vm_bind_async(NULL, &op, 1, syncs, 2), -EINVAL);
	assert_int_equal(nova_vm_bind_async(vm, NULL, 1, syncs, 2), -EINVAL);
	assert_int_equal(nova_vm_bind_async(vm, &op, 1, NULL, 1), -EINVAL);
	syncs[0].flags = 2;
	assert_int_equal(nova_vm_bind_async(vm, &op, 1, syncs, 2), -EINVAL);
	syncs[0] = (struct nova_job_sync) { 0 };
	assert_int_equal(nova_vm_bind_async(vm, &op, 1, syncs, 2), -EINVAL);
	op.op = NOVA_VM_OP_MAP;
	assert_int_equal(nova_vm_bind_async(vm, &op, 1, NULL, 0), -EINVAL);
	nova_sync_destroy(sync);
	nova_vm_destroy(vm);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_va_lowest),
		TEST(test_va_align),
		TEST(test_va_refuses),
		TEST(test_va_reserve),
		TEST(test_va_random),
		TEST(test_map),
		TEST(test_map_refuses),
		TEST(test_map_fails),
		TEST(test_bind),
		TEST(test_bind_sparse),
		TEST(test_map_user),
		TEST(test_bind_async),
		TEST(test_state),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
