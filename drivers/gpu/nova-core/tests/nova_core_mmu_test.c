// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A TLB invalidate that does not go as it should. */
#include <kunit/test.h>

#include "../abi/nova_fw.h"
#include "../nova_core_mmu.h"
#include "../nova_core_reset.h"
#include "../regs/nv_vf.h"
#include "nova_core_test_gpu.h"

#define ROOT	0x345000ull

static int mmu_test_init(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = nova_core_test_gpu_create(test);

	return nova_core_mmu_init(&gpu->core);
}

/* Nothing here takes the trigger back: the device is given up, and can do no DMA any more. */
static void mmu_never_finishes(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(&gpu->core, ROOT), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, NV_GET(NV_VF_INVALIDATE_PDB_ADDR,
				     nova_core_test_gpu_reg(gpu, NV_VF_INVALIDATE_PDB)),
			ROOT >> 12);
	KUNIT_EXPECT_TRUE(test, nova_core_test_gpu_reg(gpu, NV_VF_INVALIDATE) &
				NV_VF_INVALIDATE_TRIGGER);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, gpu->master);

	nova_core_test_gpu_set_reg(gpu, NV_VF_INVALIDATE, 0);
	KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(&gpu->core, ROOT), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(gpu, NV_VF_INVALIDATE), 0);
}

static void mmu_lost(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	nova_core_mark_lost(&gpu->core, "for the test");
	KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(&gpu->core, ROOT), -ENODEV);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(gpu, NV_VF_INVALIDATE), 0);
}

/* Engines are halted, and the recovery is going to invalidate all: nothing is left to be done. */
static void mmu_recovery_is_due(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	u32 boot = NV_VF_MAILBOX(NOVA_FW_MB_BOOT);

	nova_core_reset_arm(&gpu->core);
	KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(&gpu->core, ROOT), 0);
	KUNIT_EXPECT_EQ(test, nova_core_state(&gpu->core), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, gpu->master);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(gpu, boot), NOVA_FW_BOOT_HALT);

	nova_core_test_gpu_set_reg(gpu, boot, 0);
	nova_core_test_gpu_set_reg(gpu, NV_VF_INVALIDATE, 0);
	KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(&gpu->core, ROOT), 0);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(gpu, NV_VF_INVALIDATE), 0);

	/* No more of them. */
	gpu->core.reset.count = 1;
	KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(&gpu->core, ROOT), -ETIMEDOUT);
	gpu->core.reset.count = 0;

	/* Lost is worse than dead. */
	nova_core_mark_lost(&gpu->core, "for the test");
	KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(&gpu->core, ROOT), -ENODEV);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(gpu, boot), 0);
}

/* The one of the recovery itself is not kept away by the device's being dead. */
static void mmu_all(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;

	nova_core_mark_dead(&gpu->core, "for the test");
	KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate_all(&gpu->core), -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, nova_core_test_gpu_reg(gpu, NV_VF_INVALIDATE) &
				NV_VF_INVALIDATE_ALL_PDB);
}

static struct kunit_case mmu_test_cases[] = {
	KUNIT_CASE(mmu_never_finishes),
	KUNIT_CASE(mmu_lost),
	KUNIT_CASE(mmu_recovery_is_due),
	KUNIT_CASE(mmu_all),
	{}
};

static struct kunit_suite mmu_test_suite = {
	.name = "nova_core_mmu",
	.init = mmu_test_init,
	.test_cases = mmu_test_cases,
};

kunit_test_suite(mmu_test_suite);
