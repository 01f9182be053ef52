// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The writer of dumps in memory of any size, and the walk that goes into them. */
#include <kunit/test.h>
#include <linux/slab.h>

#include <drm/nova_dump.h>

#include "regs/nv_mmu.h"

#include "../nova_bound.h"
#include "../nova_dump_writer.h"
#include "../nova_file.h"
#include "../nova_gem.h"
#include "../nova_pt.h"
#include "nova_test_gpu.h"

#define HEADER	sizeof(struct nova_dump_header)
#define HEAD	sizeof(struct nova_dump_section)
#define ROOM	256

/* Memory of exactly that size, full of ones: KASAN sees what is written beyond it. */
static struct nova_dump_writer writer(struct kunit *test, size_t size)
{
	struct nova_dump_writer writer;
	void *data = kunit_kmalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, data);
	memset(data, 0xff, size);
	nova_dump_writer_init(&writer, data, size);
	return writer;
}

static const struct nova_dump_header *header(const struct nova_dump_writer *writer)
{
	return (const struct nova_dump_header *)writer->data;
}

static const struct nova_dump_section *section(const struct nova_dump_writer *writer, size_t at)
{
	return (const struct nova_dump_section *)(writer->data + at);
}

static void dump_empty(struct kunit *test)
{
	struct nova_dump_writer w = writer(test, HEADER);

	KUNIT_EXPECT_EQ(test, nova_dump_writer_room(&w), 0);
	KUNIT_EXPECT_EQ(test, nova_dump_writer_finish(&w), HEADER);
	KUNIT_EXPECT_EQ(test, header(&w)->magic, NOVA_DUMP_MAGIC);
	KUNIT_EXPECT_EQ(test, header(&w)->version, NOVA_DUMP_VERSION);
	KUNIT_EXPECT_EQ(test, header(&w)->flags, 0);
	KUNIT_EXPECT_EQ(test, header(&w)->size, HEADER);
}

/* Contents begin as zeros, and so does what fills them up to a multiple of 8. */
static void dump_sections(struct kunit *test)
{
	static const u8 zeros[8];
	struct nova_dump_writer w = writer(test, ROOM);
	u8 *to;

	nova_dump_writer_begin(&w, NOVA_DUMP_ERROR);
	to = nova_dump_writer_add(&w, 5);
	KUNIT_ASSERT_PTR_EQ(test, to, w.data + HEADER + HEAD);
	KUNIT_EXPECT_MEMEQ(test, to, zeros, 5);
	memset(to, 0x11, 5);
	nova_dump_writer_end(&w);
	KUNIT_EXPECT_MEMEQ(test, to + 5, zeros, 3);
	KUNIT_EXPECT_EQ(test, section(&w, HEADER)->type, NOVA_DUMP_ERROR);
	KUNIT_EXPECT_EQ(test, section(&w, HEADER)->flags, 0);
	KUNIT_EXPECT_EQ(test, section(&w, HEADER)->length, 5);

	nova_dump_writer_begin(&w, NOVA_DUMP_JOBS);
	for (int i = 0; i < 3; i++)
		KUNIT_EXPECT_NOT_NULL(test, nova_dump_writer_add(&w, 16));
	nova_dump_writer_trim(&w, 16);
	nova_dump_writer_end(&w);
	KUNIT_EXPECT_EQ(test, section(&w, HEADER + HEAD + 8)->type, NOVA_DUMP_JOBS);
	KUNIT_EXPECT_EQ(test, section(&w, HEADER + HEAD + 8)->length, 32);
	KUNIT_EXPECT_EQ(test, nova_dump_writer_finish(&w), HEADER + HEAD + 8 + HEAD + 32);
	KUNIT_EXPECT_EQ(test, header(&w)->flags, 0);
}

/* A section with nothing in it, also one whose content was given back, is no section. */
static void dump_section_without_content(struct kunit *test)
{
	struct nova_dump_writer w = writer(test, ROOM);

	nova_dump_writer_begin(&w, NOVA_DUMP_JOBS);
	KUNIT_EXPECT_NULL(test, nova_dump_writer_add(&w, 0));
	nova_dump_writer_end(&w);
	nova_dump_writer_begin(&w, NOVA_DUMP_JOBS);
	KUNIT_EXPECT_NOT_NULL(test, nova_dump_writer_add(&w, 16));
	nova_dump_writer_trim(&w, 16);
	nova_dump_writer_end(&w);
	KUNIT_EXPECT_EQ(test, nova_dump_writer_finish(&w), HEADER);
	KUNIT_EXPECT_EQ(test, header(&w)->flags, 0);
}

static void dump_full(struct kunit *test)
{
	struct nova_dump_writer w = writer(test, HEADER + HEAD + 16);

	nova_dump_writer_begin(&w, NOVA_DUMP_JOBS);
	KUNIT_EXPECT_EQ(test, nova_dump_writer_room(&w), 16);
	KUNIT_EXPECT_NULL(test, nova_dump_writer_add(&w, 17));
	KUNIT_EXPECT_EQ(test, header(&w)->flags, NOVA_DUMP_TRUNCATED);
	KUNIT_EXPECT_NULL(test, nova_dump_writer_add(&w, SIZE_MAX));
	KUNIT_EXPECT_NOT_NULL(test, nova_dump_writer_add(&w, 16));
	KUNIT_EXPECT_NULL(test, nova_dump_writer_add(&w, 1));
	nova_dump_writer_end(&w);

	/* No room for a head: nothing of the section. */
	nova_dump_writer_begin(&w, NOVA_DUMP_PUSHES);
	KUNIT_EXPECT_EQ(test, nova_dump_writer_room(&w), 0);
	KUNIT_EXPECT_NULL(test, nova_dump_writer_add(&w, 8));
	nova_dump_writer_end(&w);
	KUNIT_EXPECT_EQ(test, nova_dump_writer_finish(&w), HEADER + HEAD + 16);
}

/* The same sections in memory of each size: what is there is a chain, and nothing is beyond it. */
static void dump_any_size(struct kunit *test)
{
	static const size_t contents[] = { 8, 5, 24, 1, 64 };
	size_t whole = 0;

	for (size_t size = HEADER; size <= ROOM; size++) {
		struct nova_dump_writer w = writer(test, size);
		size_t used, at = HEADER;
		u32 sections = 0;

		for (u32 i = 0; i < ARRAY_SIZE(contents); i++) {
			nova_dump_writer_begin(&w, i + 1);
			nova_dump_writer_add(&w, contents[i]);
			nova_dump_writer_end(&w);
		}
		used = nova_dump_writer_finish(&w);
		KUNIT_EXPECT_LE(test, used, size);
		KUNIT_EXPECT_EQ(test, header(&w)->size, used);
		for (; at < used; sections++)
			at += HEAD + ALIGN(section(&w, at)->length, 8);
		KUNIT_EXPECT_EQ(test, at, used);
		KUNIT_EXPECT_EQ(test, !(header(&w)->flags & NOVA_DUMP_TRUNCATED),
				sections == ARRAY_SIZE(contents));
		whole += sections == ARRAY_SIZE(contents);
		kunit_kfree(test, w.data);
	}
	KUNIT_EXPECT_EQ(test, whole, ROOM + 1 - (HEADER + 5 * HEAD + 8 + 8 + 24 + 8 + 64));
}

#define VA	0x1240000000ull	/* begins a large page */

/* The walk ends at a page of any size, at a table that is not there, or at a lock. */
static void dump_walk(struct kunit *test)
{
	struct nova_test_gpu *gpu = nova_test_gpu_create(test);
	const struct nova_bo_extent small = { .addr = 0x12345000, .size = SZ_4K };
	const struct nova_bo_extent big = { .addr = 0x12340000, .size = SZ_64K };
	const struct nova_bo_extent large = { .addr = SZ_2M, .size = SZ_2M, .vram = true };
	static const u32 levels[NOVA_PT_STEPS] = { 4, 3, 2, 1, NOVA_DUMP_LEVEL_64K, 0 };
	struct nova_file *nfile = gpu->file.driver_priv;
	struct nova_dump_walk_step steps[NOVA_PT_STEPS] = {};
	struct nova_pt pt;

	KUNIT_ASSERT_EQ(test, nova_pt_init(gpu->ndev, &pt, nfile->account, false), 0);
	KUNIT_EXPECT_EQ(test, nova_pt_try_dump(gpu->bound, &pt, VA, steps), 0);
	KUNIT_ASSERT_EQ(test, nova_pt_claim(&pt, VA, SZ_4M), 0);
	nova_pt_map(gpu->bound, &pt, VA, &small, true);
	nova_pt_map(gpu->bound, &pt, VA + SZ_64K, &big, false);
	nova_pt_map(gpu->bound, &pt, VA + SZ_2M, &large, false);

	KUNIT_EXPECT_EQ(test, nova_pt_try_dump(gpu->bound, &pt, VA, steps), NOVA_PT_STEPS);
	for (u32 i = 0; i < NOVA_PT_STEPS; i++)
		KUNIT_EXPECT_EQ(test, steps[i].level, levels[i]);
	KUNIT_EXPECT_EQ(test, steps[0].address, nova_pt_root(&pt));
	KUNIT_EXPECT_EQ(test, steps[4].entry[0], 0);
	KUNIT_EXPECT_EQ(test, NV_GET(NV_MMU_PTE_ADDR_SYS, steps[5].entry[0]) << 12, small.addr);
	KUNIT_EXPECT_TRUE(test, steps[5].entry[0] & NV_MMU_PTE_READ_ONLY);
	KUNIT_EXPECT_EQ(test, nova_pt_try_dump(gpu->bound, &pt, VA + SZ_4K, steps), NOVA_PT_STEPS);
	KUNIT_EXPECT_EQ(test, steps[5].entry[0], 0);
	KUNIT_EXPECT_EQ(test, steps[5].index, 1);

	KUNIT_EXPECT_EQ(test, nova_pt_try_dump(gpu->bound, &pt, VA + SZ_64K + SZ_4K, steps),
			NOVA_PT_STEPS - 1);
	KUNIT_EXPECT_EQ(test, steps[4].index, 1);
	KUNIT_EXPECT_EQ(test, NV_GET(NV_MMU_PTE_ADDR_SYS, steps[4].entry[0]) << 12, big.addr);

	KUNIT_EXPECT_EQ(test, nova_pt_try_dump(gpu->bound, &pt, VA + SZ_2M, steps),
			NOVA_PT_STEPS - 2);
	KUNIT_EXPECT_TRUE(test, steps[3].entry[0] & NV_MMU_PTE_VALID);
	KUNIT_EXPECT_EQ(test, nova_pt_try_dump(gpu->bound, &pt, 1ull << NV_MMU_PDE2_SHIFT, steps),
			2);
	KUNIT_EXPECT_EQ(test, steps[1].entry[0], 0);

	mutex_lock(&pt.lock);
	KUNIT_EXPECT_EQ(test, nova_pt_try_dump(gpu->bound, &pt, VA, steps), 0);
	mutex_unlock(&pt.lock);

	nova_pt_unmap(gpu->bound, &pt, VA, SZ_4M);
	nova_pt_release(&pt, VA, SZ_4M);
	KUNIT_EXPECT_EQ(test, nova_pt_flush(gpu->bound, &pt), 0);
	nova_pt_fini(&pt);
}

static struct kunit_case dump_test_cases[] = {
	KUNIT_CASE(dump_empty),
	KUNIT_CASE(dump_sections),
	KUNIT_CASE(dump_section_without_content),
	KUNIT_CASE(dump_full),
	KUNIT_CASE(dump_any_size),
	KUNIT_CASE(dump_walk),
	{}
};

static struct kunit_suite dump_test_suite = {
	.name = "nova_dump",
	.test_cases = dump_test_cases,
};

kunit_test_suite(dump_test_suite);
