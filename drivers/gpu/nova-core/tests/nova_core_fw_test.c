// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What the firmware may say about the GPU, and what would be the end if it were believed. */
#include <kunit/test.h>

#include "../nova_core_fw.h"
#include "../regs/nv_vf.h"
#include "nova_core_test_gpu.h"

#define BAR1_SIZE	0x4000000ull

static void put_engine(struct nova_fw_info *info, unsigned int i, u32 runlist, u32 intr)
{
	info->engines[i].type = cpu_to_le32(NOVA_FW_ENGINE_COPY);
	info->engines[i].runlist = cpu_to_le32(runlist);
	info->engines[i].instance = cpu_to_le32(i);
	info->engines[i].intr = cpu_to_le32(intr);
	info->engines[i].class_id = cpu_to_le32(0xc5b5);
}

static void make_info(struct nova_fw_info *info)
{
	*info = (struct nova_fw_info) {
		.vram_size = cpu_to_le64(BAR1_SIZE),
		.vram_usable_start = cpu_to_le64(0x100000),
		.vram_usable_end = cpu_to_le64(BAR1_SIZE - 0x100000),
		.channels = cpu_to_le32(64),
		.engine_count = cpu_to_le32(2),
		.host_class = cpu_to_le32(0xc46f),
		.gpfifo_entries_max = cpu_to_le32(1024),
	};
	put_engine(info, 0, 1, 5);
	put_engine(info, 1, 2, 7);
}

static int take(struct kunit *test, const struct nova_fw_info *info)
{
	struct nova_core_test_gpu *gpu = test->priv;

	gpu->core.info.bar1_size = BAR1_SIZE;
	return nova_core_fw_take_info(&gpu->core, info);
}

static int fw_test_init(struct kunit *test)
{
	nova_core_test_gpu_create(test);
	return 0;
}

static void fw_takes_good_information(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = test->priv;
	struct nova_fw_info info;

	make_info(&info);
	KUNIT_EXPECT_EQ(test, take(test, &info), 0);
	KUNIT_EXPECT_EQ(test, gpu->core.vram_size, BAR1_SIZE);
	KUNIT_EXPECT_EQ(test, gpu->core.info.vram_start, 0x100000);
	KUNIT_EXPECT_EQ(test, gpu->core.info.channels, 64);
	KUNIT_EXPECT_EQ(test, gpu->core.info.engine_count, 2);
	KUNIT_EXPECT_EQ(test, gpu->core.info.engines[1].class_id, 0xc5b5);
	KUNIT_EXPECT_EQ(test, gpu->core.engine_hw[1].intr, 7);
}

/* The ends of each range. */
static void fw_takes_extreme_information(struct kunit *test)
{
	struct nova_fw_info info;

	make_info(&info);
	info.vram_usable_start = 0;
	info.vram_usable_end = info.vram_size;
	info.channels = cpu_to_le32(NV_USERMODE_DOORBELL_CHID + 1);
	info.gpfifo_entries_max = cpu_to_le32(2);
	info.engine_count = cpu_to_le32(NOVA_CORE_ENGINES_MAX);
	for (unsigned int i = 0; i < NOVA_CORE_ENGINES_MAX; i++)
		put_engine(&info, i, NV_GET(NV_USERMODE_DOORBELL_RUNLIST, ~0u), 30 - i);
	KUNIT_EXPECT_EQ(test, take(test, &info), 0);
}

static void fw_vram_outside(struct nova_fw_info *info)
{
	info->vram_size = cpu_to_le64(BAR1_SIZE + 0x1000);
}

static void fw_vram_huge(struct nova_fw_info *info)
{
	info->vram_size = cpu_to_le64(~0ull << 12);
	info->vram_usable_end = info->vram_size;
}

static void fw_vram_odd(struct nova_fw_info *info)
{
	info->vram_size = cpu_to_le64(BAR1_SIZE - 0x800);
}

static void fw_usable_empty(struct nova_fw_info *info)
{
	info->vram_usable_end = info->vram_usable_start;
}

static void fw_usable_backwards(struct nova_fw_info *info)
{
	swap(info->vram_usable_start, info->vram_usable_end);
}

static void fw_usable_outside(struct nova_fw_info *info)
{
	info->vram_usable_end = cpu_to_le64(BAR1_SIZE + 0x1000);
}

static void fw_usable_odd(struct nova_fw_info *info)
{
	info->vram_usable_start = cpu_to_le64(0x100010);
}

static void fw_no_channels(struct nova_fw_info *info)
{
	info->channels = 0;
}

static void fw_many_channels(struct nova_fw_info *info)
{
	info->channels = cpu_to_le32(NV_USERMODE_DOORBELL_CHID + 2);
}

static void fw_no_ring(struct nova_fw_info *info)
{
	info->gpfifo_entries_max = cpu_to_le32(1);
}

static void fw_no_engine(struct nova_fw_info *info)
{
	info->engine_count = 0;
}

static void fw_many_engines(struct nova_fw_info *info)
{
	info->engine_count = cpu_to_le32(NOVA_CORE_ENGINES_MAX + 1);
}

static void fw_wide_runlist(struct nova_fw_info *info)
{
	info->engines[0].runlist = cpu_to_le32(128);
}

static void fw_runlist_of_all(struct nova_fw_info *info)
{
	info->engines[1].runlist = cpu_to_le32(NV_USERMODE_DOORBELL_RUNLIST_ALL);
}

static void fw_foreign_vector(struct nova_fw_info *info)
{
	info->engines[1].intr = cpu_to_le32(31);
}

static void fw_huge_vector(struct nova_fw_info *info)
{
	info->engines[1].intr = cpu_to_le32(~0u);
}

static void fw_shared_vector(struct nova_fw_info *info)
{
	info->engines[1].intr = info->engines[0].intr;
}

static const struct lie {
	const char *name;
	void (*tell)(struct nova_fw_info *info);
} lies[] = {
	{ "more video memory than BAR1", fw_vram_outside },
	{ "video memory without end", fw_vram_huge },
	{ "half a page of video memory", fw_vram_odd },
	{ "nothing usable", fw_usable_empty },
	{ "usable backwards", fw_usable_backwards },
	{ "usable outside", fw_usable_outside },
	{ "usable from within a page", fw_usable_odd },
	{ "no channels", fw_no_channels },
	{ "more channels than the doorbell can name", fw_many_channels },
	{ "no ring", fw_no_ring },
	{ "no engine", fw_no_engine },
	{ "more engines than there is room for", fw_many_engines },
	{ "a runlist that the doorbell cannot name", fw_wide_runlist },
	{ "the runlist that stands for all", fw_runlist_of_all },
	{ "the first vector behind the engines'", fw_foreign_vector },
	{ "a vector out of this world", fw_huge_vector },
	{ "a vector of two engines", fw_shared_vector },
};

KUNIT_ARRAY_PARAM_DESC(lies, lies, name);

static void fw_refuses_lies(struct kunit *test)
{
	const struct lie *lie = test->param_value;
	struct nova_fw_info info;

	make_info(&info);
	lie->tell(&info);
	KUNIT_EXPECT_EQ(test, take(test, &info), -EIO);
}

static struct kunit_case fw_test_cases[] = {
	KUNIT_CASE(fw_takes_good_information),
	KUNIT_CASE(fw_takes_extreme_information),
	KUNIT_CASE_PARAM(fw_refuses_lies, lies_gen_params),
	{}
};

static struct kunit_suite fw_test_suite = {
	.name = "nova_core_fw",
	.init = fw_test_init,
	.test_cases = fw_test_cases,
};

kunit_test_suite(fw_test_suite);
