// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The registry of what must not outlive remove, and the accessors that judge their callers. */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "../nova_core_audit.h"
#include "../nova_core_msgq.h"
#include "nova_core_test_gpu.h"

static int audit_test_init(struct kunit *test)
{
	nova_core_test_gpu_create(test);
	return 0;
}

static void audit_keeps_what_exists(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_audit first, second;
	struct nova_core_dma dma = {};

	nova_core_audit_add(&gpu->core, &first, "first");
	nova_core_audit_add(&gpu->core, &second, "second");
	KUNIT_EXPECT_EQ(test, list_count_nodes(&gpu->core.audit.list), 2);
	KUNIT_EXPECT_NE(test, first.site, 0);
	KUNIT_EXPECT_NE(test, first.site, second.site);
	nova_core_audit_del(&gpu->core, &first);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry(&gpu->core.audit.list, struct nova_core_audit,
						   link), &second);
	nova_core_audit_del(&gpu->core, &second);

	KUNIT_ASSERT_EQ(test, nova_core_dma_alloc(&gpu->core, &dma, SZ_8K, GFP_KERNEL), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(dma.cpu, 0, SZ_8K));
	KUNIT_EXPECT_EQ(test, list_count_nodes(&gpu->core.audit.list), 1);
	nova_core_dma_free(&gpu->core, &dma);
	nova_core_dma_free(&gpu->core, &dma);
	nova_core_audit_report(&gpu->core);	/* nothing to say */
}

/* Whoever is left is named, warned of, and let go: the list's head is about to be freed. */
static void audit_reports_survivors(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_audit first, second;

	nova_core_audit_add(&gpu->core, &first, "first");
	nova_core_audit_add(&gpu->core, &second, "second");
	kunit_warning_suppress(test) {
		nova_core_audit_report(&gpu->core);
		KUNIT_EXPECT_SUPPRESSED_WARNING_COUNT(test, 1);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&gpu->core.audit.list));
	KUNIT_EXPECT_TRUE(test, list_empty(&first.link));
	KUNIT_EXPECT_TRUE(test, list_empty(&second.link));
}

/* Out of range nothing is touched: there is one page behind this GPU's video memory. */
static void audit_vram_range(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core *core = &gpu->core;
	u8 *vram = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);
	u64 value = 0x1122334455667788ull, back = 0;

	KUNIT_ASSERT_NOT_NULL(test, vram);
	core->vram = (void __iomem __force *)vram;
	core->vram_size = SZ_4K;
	nova_core_vram_write64(core, SZ_4K - 8, value);
	nova_core_vram_read(core, SZ_4K - 8, &back, 8);
	KUNIT_EXPECT_EQ(test, back, value);
	nova_core_vram_set(core, SZ_4K - 8, 0x5a, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(vram + SZ_4K - 8, 0x5a, 8));
	nova_core_vram_write(core, 0, &value, 8);
	KUNIT_EXPECT_MEMEQ(test, vram, &value, 8);

	kunit_warning_suppress(test) {
		nova_core_vram_set(core, SZ_4K - 7, 0, 8);
		nova_core_vram_write(core, SZ_4K + 1, &value, 0);
		nova_core_vram_write(core, ~0ull, &value, 2);
		nova_core_vram_write64(core, SZ_4K, value);
		nova_core_vram_write64(core, 4, value);
		back = 0;
		nova_core_vram_read(core, SZ_4K, &back, 8);
	}
	KUNIT_EXPECT_EQ(test, back, ~0ull);
	KUNIT_EXPECT_NULL(test, memchr_inv(vram + 8, 0, SZ_4K - 16));
	KUNIT_EXPECT_MEMEQ(test, vram, &value, 8);
	KUNIT_EXPECT_NULL(test, memchr_inv(vram + SZ_4K - 8, 0x5a, 8));

	/* Lost: reads as nothing would answer, writes vanish. */
	nova_core_mark_lost(core, "test");
	nova_core_vram_write64(core, 0, 0);
	nova_core_vram_flush(core);
	nova_core_vram_read(core, 0, &back, 8);
	KUNIT_EXPECT_EQ(test, back, ~0ull);
	KUNIT_EXPECT_MEMEQ(test, vram, &value, 8);
	core->vram = NULL;
}

/* Misuse by ourselves is refused, and loud. */
static void audit_own_mistakes(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_core_map map = { .sgt = (struct sg_table *)1 };
	struct nova_core_msgq msgq;
	u32 write;

	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, nova_core_map_sgt(&gpu->core, &map, NULL), -EBUSY);
		KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(&gpu->core, 0x800), -EINVAL);
		KUNIT_EXPECT_EQ(test, nova_core_mmu_invalidate(&gpu->core,
							       NOVA_CORE_TEST_VRAM_SIZE), -EINVAL);
		KUNIT_EXPECT_EQ(test, nova_core_msgq_send(&msgq, 1, 1, NULL,
							  NOVA_FW_MSG_MAX_PAYLOAD + 1, &write),
				-EINVAL);
	}
	map.sgt = NULL;
	nova_core_unmap_sgt(&gpu->core, &map);
}

static struct kunit_case audit_test_cases[] = {
	KUNIT_CASE(audit_keeps_what_exists),
	KUNIT_CASE(audit_reports_survivors),
	KUNIT_CASE(audit_vram_range),
	KUNIT_CASE(audit_own_mistakes),
	{}
};

static struct kunit_suite audit_test_suite = {
	.name = "nova_core_audit",
	.init = audit_test_init,
	.test_cases = audit_test_cases,
};

kunit_test_suite(audit_test_suite);
