// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What EXEC refuses before it looks anything up. */
#include <kunit/test.h>

#include <drm/nova_drm.h>

#include "regs/nv_host.h"

#include "../nova_exec.h"
#include "../nova_sync.h"
#include "../nova_vm.h"

#define LENGTH_MAX	(NV_GP_ENTRY_MAX_DWORDS * 4)

static int push(u64 va, u32 length, u32 flags)
{
	const struct drm_nova_push push = { .va = va, .length = length, .flags = flags };

	return nova_exec_check_push(&push);
}

static void exec_push_length(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, push(0x10000, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, push(0x10000, 4, DRM_NOVA_PUSH_SYNC), 0);
	KUNIT_EXPECT_EQ(test, push(0x10000, 4, ~DRM_NOVA_PUSH_SYNC), -EINVAL);
	KUNIT_EXPECT_EQ(test, push(0x10000, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, push(0x10000, 6, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, push(0x10002, 4, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, push(0x10000, LENGTH_MAX, 0), 0);
	KUNIT_EXPECT_EQ(test, push(0x10000, LENGTH_MAX + 4, 0), -E2BIG);
	KUNIT_EXPECT_EQ(test, push(0x10000, U32_MAX - 3, 0), -E2BIG);
}

/* Above are the ring and the fences of this and other queues. */
static void exec_push_stays_out_of_the_kernels_range(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, push(NOVA_VM_KERNEL_START - 4, 4, 0), 0);
	KUNIT_EXPECT_EQ(test, push(NOVA_VM_KERNEL_START - 4, 8, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, push(NOVA_VM_KERNEL_START, 4, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, push(NOVA_VM_KERNEL_START - LENGTH_MAX + 4, LENGTH_MAX, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, push(U64_MAX - 3, 4, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, push(U64_MAX - 3, LENGTH_MAX, 0), -EINVAL);
}

static int sync(u32 flags, u64 point)
{
	const struct drm_nova_sync sync = { .flags = flags, .point = point, .handle = 1 };

	return nova_sync_check(&sync);
}

static void exec_sync_point_goes_with_the_flag(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, sync(0, 0), 0);
	KUNIT_EXPECT_EQ(test, sync(DRM_NOVA_SYNC_SIGNAL, 0), 0);
	KUNIT_EXPECT_EQ(test, sync(DRM_NOVA_SYNC_TIMELINE, 1), 0);
	KUNIT_EXPECT_EQ(test, sync(DRM_NOVA_SYNC_TIMELINE | DRM_NOVA_SYNC_SIGNAL, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, sync(0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync(0, 1ull << 32), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync(DRM_NOVA_SYNC_TIMELINE, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync(~(DRM_NOVA_SYNC_SIGNAL | DRM_NOVA_SYNC_TIMELINE), 0), -EINVAL);
}

static struct kunit_case exec_test_cases[] = {
	KUNIT_CASE(exec_push_length),
	KUNIT_CASE(exec_push_stays_out_of_the_kernels_range),
	KUNIT_CASE(exec_sync_point_goes_with_the_flag),
	{}
};

static struct kunit_suite exec_test_suite = {
	.name = "nova_exec",
	.test_cases = exec_test_cases,
};

kunit_test_suite(exec_test_suite);
