// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Who gets to be alone with video memory, and who does not. */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include <drm/nova_drm.h>

#include "../nova_account.h"
#include "../nova_bind.h"
#include "../nova_bind_queue.h"
#include "../nova_device.h"
#include "../nova_fence.h"
#include "../nova_space.h"
#include "../nova_uapi.h"
#include "../nova_vm.h"
#include "nova_test_gpu.h"

#define VA	0x40000000ull

struct attempts {
	struct nova_test_gpu *gpu;
	unsigned int count;
	unsigned int alone;
	int results[2];
	int ret;	/* of what nova_space_run() was asked to run */
};

static int space_test_init(struct kunit *test)
{
	struct nova_test_gpu *gpu = nova_test_gpu_create(test);
	struct attempts *attempts = kunit_kzalloc(test, sizeof(*attempts), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, attempts);
	attempts->gpu = gpu;
	test->priv = attempts;
	return 0;
}

static int attempt(void *data)
{
	struct attempts *attempts = data;

	if (attempts->count >= ARRAY_SIZE(attempts->results))
		return -EINVAL;
	/* Nobody else could get it while one is alone. */
	if (down_read_trylock(&attempts->gpu->ndev->space))
		up_read(&attempts->gpu->ndev->space);
	else
		attempts->alone++;
	return attempts->results[attempts->count++];
}

static void expect_run(struct kunit *test, int first, int second, int result, unsigned int count)
{
	struct attempts *attempts = test->priv;

	attempts->count = 0;
	attempts->alone = 0;
	attempts->results[0] = first;
	attempts->results[1] = second;
	KUNIT_EXPECT_EQ(test, nova_space_run(attempts->gpu->ndev, attempt, attempts), result);
	KUNIT_EXPECT_EQ(test, attempts->count, count);
	KUNIT_EXPECT_EQ(test, attempts->alone, count - 1);
}

static void space_second_attempt_for_want_of_room(struct kunit *test)
{
	expect_run(test, 0, 0, 0, 1);
	expect_run(test, -ENOMEM, 0, -ENOMEM, 1);
	expect_run(test, -ENOSPC, 0, 0, 2);
	expect_run(test, -ENOSPC, -ENOSPC, -ENOSPC, 2);
	expect_run(test, -NOVA_SPACE_LIMIT, 0, -ENOSPC, 1);
	expect_run(test, -ENOSPC, -NOVA_SPACE_LIMIT, -ENOSPC, 2);
}

/* --- limits --- */

static int run_once(struct nova_device *ndev, nova_space_fn run, void *data)
{
	struct attempts *attempts = kunit_get_current_test()->priv;

	attempts->ret = run(data);
	return attempts->ret;
}

static int bind(struct kunit *test, u32 vm_id, u32 flags, u32 handle)
{
	struct attempts *attempts = test->priv;
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = handle, .va = VA, .size = SZ_64K,
	};
	struct drm_nova_vm_bind args = {
		.vm_id = vm_id, .flags = flags,
		.ops = { .count = !!handle, .stride = sizeof(op) },
	};

	args.ops.ptr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, args.ops.ptr, 0);
	KUNIT_ASSERT_EQ(test, copy_to_user(u64_to_user_ptr(args.ops.ptr), &op, sizeof(op)), 0);
	return nova_ioctl_vm_bind(&attempts->gpu->ndev->drm, &args, &attempts->gpu->file);
}

/* As many binds are pending as may be, or so it seems. */
static void space_none_for_one_bind_too_many(struct kunit *test)
{
	struct attempts *attempts = test->priv;
	struct nova_test_gpu *gpu = attempts->gpu;
	u32 vm_id = nova_test_gpu_vm_create(gpu);
	struct nova_vm *vm = nova_vm_lookup(gpu->file.driver_priv, vm_id);
	struct nova_fence *oldest = kunit_kzalloc(test, sizeof(*oldest), GFP_KERNEL);
	struct nova_timeline *line;

	KUNIT_ASSERT_NOT_NULL(test, oldest);
	KUNIT_EXPECT_EQ(test, bind(test, vm_id, DRM_NOVA_VM_BIND_ASYNC, 0), 0);
	/* One that waits for it. */
	KUNIT_EXPECT_EQ(test, bind(test, vm_id, 0, 0), 0);
	line = &vm->binds->timeline;
	scoped_guard(spinlock, &line->lock) {
		oldest->base.seqno = line->seqno + 1 - NOVA_VM_BINDS_MAX;
		list_add(&oldest->link, &line->pending);
	}
	kunit_activate_static_stub(test, nova_space_run, run_once);
	KUNIT_EXPECT_EQ(test, bind(test, vm_id, DRM_NOVA_VM_BIND_ASYNC, 0), -NOVA_SPACE_LIMIT);
	KUNIT_EXPECT_EQ(test, attempts->ret, -NOVA_SPACE_LIMIT);
	kunit_deactivate_static_stub(test, nova_space_run);
	scoped_guard(spinlock, &line->lock)
		list_del(&oldest->link);
	nova_vm_put(vm);
}

/* User-mode queues hold as much as they may. */
static void space_none_for_what_cannot_be_held(struct kunit *test)
{
	struct attempts *attempts = test->priv;
	struct nova_test_gpu *gpu = attempts->gpu;
	u32 vm_id = nova_test_gpu_vm_create(gpu);
	u32 handle = nova_test_gpu_bo_create(gpu, SZ_64K, DRM_NOVA_PLACEMENT_VRAM, 0);
	struct nova_vm *vm = nova_vm_lookup(gpu->file.driver_priv, vm_id);

	WRITE_ONCE(vm->userqs, 1);
	atomic64_add(NOVA_TEST_VRAM_SIZE, &gpu->ndev->userqs.held);
	kunit_activate_static_stub(test, nova_space_run, run_once);
	KUNIT_EXPECT_EQ(test, bind(test, vm_id, 0, handle), -NOVA_SPACE_LIMIT);
	KUNIT_EXPECT_EQ(test, attempts->ret, -NOVA_SPACE_LIMIT);
	kunit_deactivate_static_stub(test, nova_space_run);
	KUNIT_EXPECT_EQ(test, bind(test, vm_id, 0, handle), -ENOSPC);
	atomic64_sub(NOVA_TEST_VRAM_SIZE, &gpu->ndev->userqs.held);
	KUNIT_EXPECT_EQ(test, bind(test, vm_id, 0, handle), 0);
	atomic64_sub(vm->held, &gpu->ndev->userqs.held);
	atomic64_sub(vm->held, &vm->pt.account->used[NOVA_ACCOUNT_HELD_BYTES]);
	vm->held = 0;
	WRITE_ONCE(vm->userqs, 0);
	nova_vm_put(vm);
}

static struct kunit_case space_test_cases[] = {
	KUNIT_CASE(space_second_attempt_for_want_of_room),
	KUNIT_CASE(space_none_for_one_bind_too_many),
	KUNIT_CASE(space_none_for_what_cannot_be_held),
	{}
};

static struct kunit_suite space_test_suite = {
	.name = "nova_space",
	.init = space_test_init,
	.test_cases = space_test_cases,
};

kunit_test_suite(space_test_suite);
