// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Page tables as the GPU sees them: written into memory full of ones, so that a
 * table which is linked before it is cleared shows, and read back by a walk of the test's own.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>

#include "regs/nv_mmu.h"

#include "../nova_account.h"
#include "../nova_bound.h"
#include "../nova_device.h"
#include "../nova_file.h"
#include "../nova_gem.h"
#include "../nova_pt.h"
#include "nova_test_gpu.h"

#define VA		0x1240000000ull	/* begins a large page, and the tables that lead to it */
#define VRAM		0x1000000ull	/* a large page of video memory */
#define SYSTEM		0x345678901000ull	/* a page of system memory */

/* An address space on the test's GPU. */
struct tables {
	struct nova_test_gpu *gpu;
	struct nova_pt pt;
	struct {
		u64 from, to;	/* what is cut out of the 2 MiB at VA */
		u32 writes;
		u32 wrong;
	} kept;
	u64 free;	/* page-table memory, before there was anything but the root */
};

static u64 tables_free(struct tables *tables)
{
	return nova_test_gpu_tables_free(tables->gpu);
}

static struct nova_account *account(struct nova_test_gpu *gpu)
{
	struct nova_file *nfile = gpu->file.driver_priv;

	return nfile->account;
}

static int pt_test_init(struct kunit *test)
{
	struct nova_test_gpu *gpu = nova_test_gpu_create(test);
	struct tables *tables = kunit_kzalloc(test, sizeof(*tables), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tables);
	tables->gpu = gpu;
	KUNIT_ASSERT_EQ(test, nova_pt_init(gpu->ndev, &tables->pt, account(gpu), false), 0);
	tables->free = tables_free(tables);
	test->priv = tables;
	return 0;
}

static void pt_test_exit(struct kunit *test)
{
	struct tables *tables = test->priv;

	nova_pt_fini(&tables->pt);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free + NV_MMU_TABLE_SIZE);
}

static void map(struct tables *tables, u64 va, u64 addr, u64 size, bool vram)
{
	const struct nova_bo_extent extent = { .addr = addr, .size = size, .vram = vram };

	nova_pt_map(tables->gpu->bound, &tables->pt, va, &extent, false);
}

static void unmap(struct tables *tables, u64 va, u64 size)
{
	nova_pt_unmap(tables->gpu->bound, &tables->pt, va, size);
}

static void release(struct kunit *test, struct tables *tables, u64 va, u64 size)
{
	nova_pt_release(&tables->pt, va, size);
	KUNIT_EXPECT_EQ(test, nova_pt_flush(tables->gpu->bound, &tables->pt), 0);
}

static struct nova_test_pte walk(struct tables *tables, u64 va)
{
	return nova_test_gpu_walk(tables->gpu, nova_pt_root(&tables->pt), va);
}

#define EXPECT_NOTHING(test, tables, va) \
	KUNIT_EXPECT_FALSE(test, walk(tables, va).valid)

static void expect_vram(struct kunit *test, struct tables *tables, u64 va, u64 addr, u8 shift)
{
	struct nova_test_pte pte = walk(tables, va);

	KUNIT_EXPECT_TRUE_MSG(test, pte.valid && pte.vram, "at %#llx", va);
	KUNIT_EXPECT_EQ_MSG(test, pte.addr, addr, "at %#llx", va);
	KUNIT_EXPECT_EQ_MSG(test, pte.shift, shift, "at %#llx", va);
}

static void pt_maps_small_pages(struct kunit *test)
{
	struct tables *tables = test->priv;
	u64 va = VA + SZ_4K;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, va, 3 * SZ_4K), 0);
	map(tables, va, VRAM, 3 * SZ_4K, true);
	EXPECT_NOTHING(test, tables, VA);
	for (unsigned int i = 0; i < 3; i++)
		expect_vram(test, tables, va + i * SZ_4K, VRAM + i * SZ_4K, 12);
	EXPECT_NOTHING(test, tables, va + 3 * SZ_4K);
	EXPECT_NOTHING(test, tables, VA + SZ_2M);
	EXPECT_NOTHING(test, tables, VA ^ 1ull << NV_MMU_PDE3_SHIFT);

	unmap(tables, va, 3 * SZ_4K);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_NOTHING(test, tables, va + i * SZ_4K);
	release(test, tables, va, 3 * SZ_4K);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
}

static void pt_maps_system_memory(struct kunit *test)
{
	struct tables *tables = test->priv;
	const struct nova_bo_extent extent = { .addr = SYSTEM, .size = SZ_8K };
	struct nova_test_pte pte;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_8K), 0);
	nova_pt_map(tables->gpu->bound, &tables->pt, VA, &extent, true);
	pte = walk(tables, VA + SZ_4K + 0x123);
	KUNIT_EXPECT_TRUE(test, pte.valid && !pte.vram && pte.readonly);
	KUNIT_EXPECT_EQ(test, pte.addr, SYSTEM + SZ_4K + 0x123);

	unmap(tables, VA, SZ_8K);
	release(test, tables, VA, SZ_8K);
}

/* Both addresses have to be aligned, and the whole page has to be there. */
static void pt_takes_large_pages_where_it_can(struct kunit *test)
{
	struct tables *tables = test->priv;
	u64 size = 3 * SZ_2M;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, size), 0);
	map(tables, VA + SZ_4K, VRAM + SZ_4K, size - SZ_8K, true);
	expect_vram(test, tables, VA + SZ_4K, VRAM + SZ_4K, 12);
	expect_vram(test, tables, VA + SZ_2M + 0x5000, VRAM + SZ_2M + 0x5000, 21);
	expect_vram(test, tables, VA + size - SZ_8K, VRAM + size - SZ_8K, 12);
	EXPECT_NOTHING(test, tables, VA);
	EXPECT_NOTHING(test, tables, VA + size - SZ_4K);

	map(tables, VA + SZ_2M, VRAM + SZ_4K, SZ_2M, true);
	expect_vram(test, tables, VA + SZ_2M, VRAM + SZ_4K, 12);
	expect_vram(test, tables, VA + 2 * SZ_2M - SZ_4K, VRAM + SZ_2M, 12);

	unmap(tables, VA, size);
	release(test, tables, VA, size);
}

static void pt_splits_a_large_page(struct kunit *test)
{
	struct tables *tables = test->priv;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_2M), 0);
	map(tables, VA, VRAM, SZ_2M, true);
	unmap(tables, VA + SZ_64K, SZ_8K);
	for (u64 offset = 0; offset < SZ_2M; offset += SZ_4K) {
		if (offset == SZ_64K || offset == SZ_64K + SZ_4K)
			EXPECT_NOTHING(test, tables, VA + offset);
		else
			expect_vram(test, tables, VA + offset, VRAM + offset,
				    offset / SZ_64K == 1 ? 12 : 16);
	}
	/* The hole is filled with other memory. */
	map(tables, VA + SZ_64K, VRAM + SZ_4M, SZ_8K, true);
	expect_vram(test, tables, VA + SZ_64K + SZ_4K, VRAM + SZ_4M + SZ_4K, 12);

	unmap(tables, VA, SZ_2M);
	release(test, tables, VA, SZ_2M);
}

static void pt_maps_over_a_part_of_a_large_page(struct kunit *test)
{
	struct tables *tables = test->priv;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_2M), 0);
	map(tables, VA, VRAM, SZ_2M, true);
	nova_pt_set_stale(&tables->pt);
	map(tables, VA + SZ_1M, VRAM + SZ_4M, SZ_4K, true);
	expect_vram(test, tables, VA, VRAM, 16);
	expect_vram(test, tables, VA + SZ_1M - SZ_4K, VRAM + SZ_1M - SZ_4K, 16);
	expect_vram(test, tables, VA + SZ_1M, VRAM + SZ_4M, 12);
	expect_vram(test, tables, VA + SZ_1M + SZ_4K, VRAM + SZ_1M + SZ_4K, 12);

	unmap(tables, VA, SZ_2M);
	release(test, tables, VA, SZ_2M);
}

/* What a large page hid must not come to light when it goes. */
static void pt_large_page_over_small_ones(struct kunit *test)
{
	struct tables *tables = test->priv;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_2M), 0);
	map(tables, VA + SZ_8K, VRAM + SZ_4M, SZ_16K, true);
	nova_pt_set_stale(&tables->pt);
	map(tables, VA, VRAM, SZ_2M, true);
	expect_vram(test, tables, VA + SZ_8K, VRAM + SZ_8K, 21);
	unmap(tables, VA, SZ_2M);
	for (u64 offset = 0; offset < SZ_2M; offset += SZ_4K)
		EXPECT_NOTHING(test, tables, VA + offset);
	release(test, tables, VA, SZ_2M);
}

/* As a buffer that moves: the same range, other memory, small pages for a large one. */
static void pt_small_pages_over_a_large_one(struct kunit *test)
{
	struct tables *tables = test->priv;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_2M), 0);
	map(tables, VA, VRAM, SZ_2M, true);
	nova_pt_set_stale(&tables->pt);
	map(tables, VA, VRAM + SZ_2M + SZ_4K, SZ_2M, true);
	for (u64 offset = 0; offset < SZ_2M; offset += SZ_4K)
		expect_vram(test, tables, VA + offset, VRAM + SZ_2M + SZ_4K + offset, 12);

	unmap(tables, VA, SZ_2M);
	release(test, tables, VA, SZ_2M);
}

static void pt_claims_add_up(struct kunit *test)
{
	struct tables *tables = test->priv;
	u64 claimed;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_8K), 0);
	claimed = tables_free(tables);
	KUNIT_EXPECT_EQ(test, tables->free - claimed, 4 * NV_MMU_TABLE_SIZE);
	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA + SZ_4K, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, tables_free(tables), claimed);

	map(tables, VA, VRAM, 3 * SZ_4K, true);
	unmap(tables, VA, SZ_4K);
	release(test, tables, VA, SZ_8K);
	KUNIT_EXPECT_EQ(test, tables_free(tables), claimed);
	expect_vram(test, tables, VA + SZ_8K, VRAM + SZ_8K, 12);

	unmap(tables, VA + SZ_4K, SZ_8K);
	release(test, tables, VA + SZ_4K, SZ_8K);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
}

/* Over the ends of tables of all levels. */
static void pt_claims_across_tables(struct kunit *test)
{
	struct tables *tables = test->priv;
	u64 edge = 1ull << NV_MMU_PDE3_SHIFT;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, edge - SZ_4K, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, tables->free - tables_free(tables), 8 * NV_MMU_TABLE_SIZE);
	map(tables, edge - SZ_4K, VRAM, SZ_8K, true);
	expect_vram(test, tables, edge - SZ_4K, VRAM, 12);
	expect_vram(test, tables, edge, VRAM + SZ_4K, 12);
	EXPECT_NOTHING(test, tables, edge - SZ_8K);
	EXPECT_NOTHING(test, tables, edge + SZ_4K);

	unmap(tables, edge - SZ_4K, SZ_8K);
	release(test, tables, edge - SZ_4K, SZ_8K);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
}

/* Never written, because the ioctl failed after the claim: no door, no garbage, no invalidate. */
static void pt_releases_what_was_not_mapped(struct kunit *test)
{
	struct tables *tables = test->priv;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_4M), 0);
	nova_pt_release(&tables->pt, VA, SZ_4M);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
	KUNIT_EXPECT_EQ(test, nova_pt_flush(tables->gpu->bound, &tables->pt), 0);
	KUNIT_EXPECT_EQ(test, tables->gpu->invalidates, 0);
}

static void expect_claims_fail_whole(struct kunit *test)
{
	struct tables *tables = test->priv;
	u64 size = (tables->free / NV_MMU_TABLE_SIZE) * (u64)SZ_2M, left;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_4K), 0);
	map(tables, VA, VRAM, SZ_4K, true);
	left = tables_free(tables);
	KUNIT_EXPECT_EQ(test, nova_pt_claim(&tables->pt, VA, size), -ENOSPC);
	KUNIT_EXPECT_EQ(test, tables_free(tables), left);
	KUNIT_EXPECT_EQ(test, nova_pt_claim(&tables->pt, VA + SZ_64M, size), -ENOSPC);
	KUNIT_EXPECT_EQ(test, tables_free(tables), left);
	KUNIT_EXPECT_EQ(test, nova_pt_claim(&tables->pt, 1ull << NV_MMU_PDE2_SHIFT, size), -ENOSPC);
	KUNIT_EXPECT_EQ(test, tables_free(tables), left);
	expect_vram(test, tables, VA, VRAM, 12);

	unmap(tables, VA, SZ_4K);
	release(test, tables, VA, SZ_4K);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
}

/* More tables than the file may have, or than there are: nothing is left behind. */
static void pt_claim_fails_whole(struct kunit *test)
{
	struct tables *tables = test->priv;
	struct nova_account *limits = account(tables->gpu);

	KUNIT_ASSERT_LT(test, limits->max[NOVA_ACCOUNT_TABLES], tables->gpu->ndev->tables.count);
	expect_claims_fail_whole(test);
	limits->max[NOVA_ACCOUNT_TABLES] = U64_MAX;
	expect_claims_fail_whole(test);
	KUNIT_EXPECT_EQ(test, atomic64_read(&limits->used[NOVA_ACCOUNT_TABLES]), 1);
}

/* A table goes back only when no translation through it can be cached. */
static void pt_keeps_tables_until_invalidated(struct kunit *test)
{
	struct tables *tables = test->priv;
	struct nova_bound *bound = tables->gpu->bound;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_4K), 0);
	map(tables, VA, VRAM, SZ_4K, true);
	KUNIT_EXPECT_EQ(test, nova_pt_flush(bound, &tables->pt), 0);
	KUNIT_EXPECT_EQ(test, tables->gpu->invalidates, 0);

	unmap(tables, VA, SZ_4K);
	nova_pt_release(&tables->pt, VA, SZ_4K);
	KUNIT_EXPECT_EQ(test, tables->free - tables_free(tables), 4 * NV_MMU_TABLE_SIZE);
	tables->gpu->invalidate_ret = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, nova_pt_flush(bound, &tables->pt), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, tables->free - tables_free(tables), 4 * NV_MMU_TABLE_SIZE);
	tables->gpu->invalidate_ret = 0;
	KUNIT_EXPECT_EQ(test, nova_pt_flush(bound, &tables->pt), 0);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
	KUNIT_EXPECT_EQ(test, tables->gpu->invalidates, 2);
	KUNIT_EXPECT_EQ(test, nova_pt_flush(bound, &tables->pt), 0);
	KUNIT_EXPECT_EQ(test, tables->gpu->invalidates, 2);
}

/*
 * Who turns back gives up the last claims of a table that was in use, as what was mapped there has
 * been unmapped since they were made: the GPU must not get there when it is somebody else's.
 */
static void pt_unlinks_what_a_failed_bind_leaves(struct kunit *test)
{
	struct tables *tables = test->priv;
	struct nova_bound *bound = tables->gpu->bound;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_4K), 0);
	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA + SZ_2M, SZ_4K), 0);
	map(tables, VA, VRAM, SZ_4K, true);
	map(tables, VA + SZ_2M, VRAM + SZ_2M, SZ_4K, true);
	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA + SZ_64K, SZ_4K), 0);
	unmap(tables, VA, SZ_4K);
	release(test, tables, VA, SZ_4K);

	nova_pt_release(&tables->pt, VA + SZ_64K, SZ_4K);
	KUNIT_EXPECT_EQ(test, nova_pt_flush(bound, &tables->pt), 0);
	KUNIT_EXPECT_EQ(test, tables->free - tables_free(tables), 4 * NV_MMU_TABLE_SIZE);
	EXPECT_NOTHING(test, tables, VA);
	KUNIT_EXPECT_EQ(test, walk(tables, VA).shift, NV_MMU_PDE0_SHIFT);
	expect_vram(test, tables, VA + SZ_2M, VRAM + SZ_2M, 12);

	unmap(tables, VA + SZ_2M, SZ_4K);
	release(test, tables, VA + SZ_2M, SZ_4K);
}

/* The same, when a new table takes the place of the one that was dropped, before any flush. */
static void pt_links_where_a_failed_bind_was(struct kunit *test)
{
	struct tables *tables = test->priv;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_4K), 0);
	map(tables, VA, VRAM, SZ_4K, true);
	unmap(tables, VA, SZ_4K);
	nova_pt_release(&tables->pt, VA, SZ_4K);
	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_4K), 0);
	map(tables, VA, VRAM + SZ_4K, SZ_4K, true);
	KUNIT_EXPECT_EQ(test, nova_pt_flush(tables->gpu->bound, &tables->pt), 0);
	expect_vram(test, tables, VA, VRAM + SZ_4K, 12);

	unmap(tables, VA, SZ_4K);
	release(test, tables, VA, SZ_4K);
}

static void expect_sparse(struct kunit *test, struct tables *tables, u64 va, u8 shift)
{
	struct nova_test_pte pte = walk(tables, va);

	KUNIT_EXPECT_TRUE_MSG(test, !pte.valid && pte.sparse, "at %#llx", va);
	KUNIT_EXPECT_EQ_MSG(test, pte.shift, shift, "at %#llx", va);
}

static void set_sparse(struct tables *tables, u64 va, u64 end, bool sparse)
{
	nova_pt_set_sparse(tables->gpu->bound, &tables->pt, va, end - va, sparse);
}

static void claim_edge(struct kunit *test, struct tables *tables, u64 va)
{
	KUNIT_ASSERT_EQ(test, nova_pt_claim_edge(&tables->pt, va), 0);
}

static void release_edge(struct kunit *test, struct tables *tables, u64 va)
{
	nova_pt_release_edge(&tables->pt, va);
	KUNIT_EXPECT_EQ(test, nova_pt_flush(tables->gpu->bound, &tables->pt), 0);
}

/* A TiB takes as many tables as its ends need, and entries of every level. */
static void pt_sparse_is_large(struct kunit *test)
{
	struct tables *tables = test->priv;
	u64 va = SZ_64K, end = SZ_1T + SZ_2M + SZ_4K;

	claim_edge(test, tables, va);
	claim_edge(test, tables, end);
	KUNIT_EXPECT_LE(test, tables->free - tables_free(tables), 8 * NV_MMU_TABLE_SIZE);
	set_sparse(tables, va, end, true);
	EXPECT_NOTHING(test, tables, va - SZ_4K);
	KUNIT_EXPECT_FALSE(test, walk(tables, va - SZ_4K).sparse);
	expect_sparse(test, tables, va, 12);
	expect_sparse(test, tables, SZ_2M, 21);
	expect_sparse(test, tables, 1ull << NV_MMU_PDE1_SHIFT, NV_MMU_PDE1_SHIFT);
	expect_sparse(test, tables, 1ull << NV_MMU_PDE2_SHIFT, NV_MMU_PDE2_SHIFT);
	expect_sparse(test, tables, end - SZ_2M - SZ_4K, 21);
	expect_sparse(test, tables, end - SZ_4K, 12);
	KUNIT_EXPECT_FALSE(test, walk(tables, end).sparse);

	set_sparse(tables, va, end, false);
	KUNIT_EXPECT_FALSE(test, walk(tables, va).sparse);
	KUNIT_EXPECT_FALSE(test, walk(tables, 1ull << NV_MMU_PDE2_SHIFT).sparse);
	release_edge(test, tables, va);
	release_edge(test, tables, end);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
}

/* Memory in the middle of the largest entry, and all of it sparse again. */
static void pt_maps_over_sparse(struct kunit *test)
{
	struct tables *tables = test->priv;
	u64 span = 1ull << NV_MMU_PDE2_SHIFT, va = VA + SZ_4K;

	claim_edge(test, tables, 0);
	claim_edge(test, tables, 8 * span);
	set_sparse(tables, 0, 8 * span, true);
	KUNIT_EXPECT_EQ(test, tables->free - tables_free(tables), NV_MMU_TABLE_SIZE);
	KUNIT_EXPECT_EQ(test, tables->gpu->invalidates, 0);

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, va, SZ_4M), 0);
	map(tables, va, VRAM + SZ_4K, SZ_4M, true);
	KUNIT_EXPECT_EQ(test, nova_pt_flush(tables->gpu->bound, &tables->pt), 0);
	KUNIT_EXPECT_EQ(test, tables->gpu->invalidates, 1);
	expect_sparse(test, tables, VA, 12);
	expect_vram(test, tables, va, VRAM + SZ_4K, 12);
	expect_vram(test, tables, VA + SZ_2M, VRAM + SZ_2M, 21);
	expect_vram(test, tables, VA + SZ_4M, VRAM + SZ_4M, 12);
	expect_sparse(test, tables, VA + SZ_4M + SZ_4K, 12);
	expect_sparse(test, tables, VA + SZ_8M, 21);
	expect_sparse(test, tables, VA + SZ_1G, NV_MMU_PDE1_SHIFT);

	set_sparse(tables, va, va + SZ_4M, true);
	expect_sparse(test, tables, VA + SZ_2M, 12);
	release(test, tables, va, SZ_4M);
	KUNIT_EXPECT_EQ(test, tables->free - tables_free(tables), NV_MMU_TABLE_SIZE);
	expect_sparse(test, tables, va, NV_MMU_PDE2_SHIFT);

	set_sparse(tables, 0, 8 * span, false);
	release_edge(test, tables, 0);
	release_edge(test, tables, 8 * span);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
}

/* An edge whose table was never written goes as if it had not been. */
static void pt_releases_an_edge(struct kunit *test)
{
	struct tables *tables = test->priv;

	claim_edge(test, tables, VA + SZ_4K);
	nova_pt_release_edge(&tables->pt, VA + SZ_4K);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
	KUNIT_EXPECT_EQ(test, tables->gpu->invalidates, 0);
}

/* Sparse over a large page, wholly and in part; what is left is still there. */
static void pt_sparse_over_large_pages(struct kunit *test)
{
	struct tables *tables = test->priv;
	u64 end = VA + SZ_2M + SZ_64K;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_4M), 0);
	map(tables, VA, VRAM, SZ_4M, true);
	claim_edge(test, tables, VA);
	claim_edge(test, tables, end);
	set_sparse(tables, VA, end, true);
	expect_sparse(test, tables, VA, 12);
	expect_sparse(test, tables, end - SZ_4K, 12);
	expect_vram(test, tables, end, VRAM + SZ_2M + SZ_64K, 16);

	set_sparse(tables, VA, end, false);
	unmap(tables, VA, SZ_4M);
	release(test, tables, VA, SZ_4M);
	release_edge(test, tables, VA);
	release_edge(test, tables, end);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
}

static void expect_pages(struct kunit *test, struct tables *tables, u64 va, u64 size, u64 small,
			 u64 big, u64 large)
{
	struct nova_pt_pages pages = nova_pt_count_pages(&tables->pt, va, size);

	KUNIT_EXPECT_EQ(test, pages.bytes_4k, small);
	KUNIT_EXPECT_EQ(test, pages.bytes_64k, big);
	KUNIT_EXPECT_EQ(test, pages.bytes_2m, large);
}

/* In all combinations of where the range begins, where its memory does, and how long it is. */
static void pt_takes_big_pages_where_it_can(struct kunit *test)
{
	struct tables *tables = test->priv;
	static const struct {
		u64 va, addr, size, small, big, large;
	} cases[] = {
		{ 0, 0, SZ_64K, 0, SZ_64K, 0 },
		{ 0, SZ_64K, SZ_64K, 0, SZ_64K, 0 },
		{ 0, SZ_4K, SZ_64K, SZ_64K, 0, 0 },
		{ SZ_4K, SZ_4K, SZ_64K, SZ_64K, 0, 0 },
		{ SZ_4K, SZ_4K, SZ_128K, SZ_64K, SZ_64K, 0 },
		{ 0, 0, SZ_64K - SZ_4K, SZ_64K - SZ_4K, 0, 0 },
		{ 0, 0, SZ_64K + SZ_4K, SZ_4K, SZ_64K, 0 },
		{ SZ_32K, SZ_32K, SZ_2M, SZ_64K, SZ_2M - SZ_64K, 0 },
		{ SZ_64K, 0, SZ_2M, 0, SZ_2M, 0 },
		{ 0, SZ_64K, SZ_2M, 0, SZ_2M, 0 },
		{ SZ_1M, SZ_1M, SZ_4M, 0, SZ_2M, SZ_2M },
		{ SZ_2M - SZ_4K, SZ_2M - SZ_4K, SZ_2M + SZ_8K, SZ_8K, 0, SZ_2M },
	};

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_8M), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		map(tables, VA + cases[i].va, VRAM + cases[i].addr, cases[i].size, true);
		expect_pages(test, tables, VA, SZ_8M, cases[i].small, cases[i].big, cases[i].large);
		for (u64 at = 0; at < cases[i].size; at += SZ_4K)
			KUNIT_EXPECT_EQ(test, walk(tables, VA + cases[i].va + at).addr,
					VRAM + cases[i].addr + at);
		unmap(tables, VA + cases[i].va, cases[i].size);
		expect_pages(test, tables, VA, SZ_8M, 0, 0, 0);
	}
	release(test, tables, VA, SZ_8M);
}

static void pt_system_memory_has_big_pages(struct kunit *test)
{
	struct tables *tables = test->priv;
	struct nova_test_pte pte;
	u64 addr = round_down(SYSTEM, SZ_64K);

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_128K), 0);
	map(tables, VA, addr, SZ_128K, false);
	pte = walk(tables, VA + SZ_64K + 0x123);
	KUNIT_EXPECT_TRUE(test, pte.valid && !pte.vram);
	KUNIT_EXPECT_EQ(test, pte.shift, 16);
	KUNIT_EXPECT_EQ(test, pte.addr, addr + SZ_64K + 0x123);
	unmap(tables, VA, SZ_128K);
	release(test, tables, VA, SZ_128K);
}

/* What a big page hid does not come to light when it goes, wholly or in part. */
static void pt_big_page_over_small_ones(struct kunit *test)
{
	struct tables *tables = test->priv;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_64K), 0);
	map(tables, VA + SZ_8K, VRAM + SZ_4M, SZ_16K, true);
	nova_pt_set_stale(&tables->pt);
	map(tables, VA, VRAM, SZ_64K, true);
	expect_vram(test, tables, VA + SZ_8K, VRAM + SZ_8K, 16);
	unmap(tables, VA, SZ_4K);
	expect_vram(test, tables, VA + SZ_8K, VRAM + SZ_8K, 12);
	map(tables, VA, VRAM, SZ_64K, true);
	unmap(tables, VA, SZ_64K);
	for (u64 offset = 0; offset < SZ_64K; offset += SZ_4K)
		EXPECT_NOTHING(test, tables, VA + offset);
	release(test, tables, VA, SZ_64K);
}

#define MODEL_PAGES	(SZ_4M / SZ_4K)

/* What each page of a range is to be: an address of video memory, SPARSE or NOTHING. */
struct model {
	u64 page[MODEL_PAGES];
	u32 seed;
};

#define NOTHING		0
#define SPARSE		1

static u32 model_random(struct model *model, u32 max)
{
	model->seed = model->seed * 1664525 + 1013904223;
	return (model->seed >> 8) % max;
}

/* Ends are mostly those of larger pages, or near to them. */
static u32 model_place(struct model *model)
{
	static const u32 steps[] = { 512, 16, 16, 1 };
	u32 step = steps[model_random(model, ARRAY_SIZE(steps))];
	u32 place = round_down(model_random(model, MODEL_PAGES + 1), step);

	return clamp(place + model_random(model, 3), 1, MODEL_PAGES + 1) - 1;
}

static void model_change(struct model *model, struct tables *tables)
{
	u32 a = model_place(model), b = model_place(model);
	u32 first = min(a, b), count = max(a, b) - first, what = model_random(model, 5);
	u64 addr = VRAM + (u64)first * SZ_4K + (what == 1 ? SZ_64K : what == 2 ? SZ_4K : 0);
	u64 va = VA + (u64)first * SZ_4K;

	if (!count)
		return;
	nova_pt_set_stale(&tables->pt);
	if (what < 3)
		map(tables, va, addr, count * SZ_4K, true);
	else if (what == 3)
		unmap(tables, va, count * SZ_4K);
	else
		set_sparse(tables, va, va + count * SZ_4K, true);
	for (u32 i = 0; i < count; i++)
		model->page[first + i] = what < 3 ? addr + i * SZ_4K :
					 what == 3 && !tables->pt.scratch ? NOTHING : SPARSE;
}

static u32 model_differences(struct model *model, struct tables *tables)
{
	u32 differences = 0;

	for (u32 i = 0; i < MODEL_PAGES; i++) {
		struct nova_test_pte pte = walk(tables, VA + (u64)i * SZ_4K);
		u64 is = pte.valid ? pte.addr : pte.sparse ? SPARSE : NOTHING;

		differences += is != model->page[i];
	}
	return differences;
}

/* Everything cut and replaced anywhere; all pages are as they should be after each step. */
static void check_splits(struct kunit *test, struct tables *tables)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	struct nova_pt_pages pages;
	u64 mapped;

	KUNIT_ASSERT_NOT_NULL(test, model);
	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_4M), 0);
	for (u32 i = 0; i < MODEL_PAGES && tables->pt.scratch; i++)
		model->page[i] = SPARSE;
	for (unsigned int round = 0; round < 200; round++) {
		model_change(model, tables);
		KUNIT_ASSERT_EQ_MSG(test, model_differences(model, tables), 0, "round %u", round);
	}
	mapped = 0;
	for (u32 i = 0; i < MODEL_PAGES; i++)
		mapped += model->page[i] > SPARSE ? SZ_4K : 0;
	pages = nova_pt_count_pages(&tables->pt, VA, SZ_4M);
	KUNIT_EXPECT_EQ(test, pages.bytes_4k + pages.bytes_64k + pages.bytes_2m, mapped);
	unmap(tables, VA, SZ_4M);
	release(test, tables, VA, SZ_4M);
	KUNIT_EXPECT_EQ(test, tables_free(tables), tables->free);
}

static void pt_splits_anywhere(struct kunit *test)
{
	check_splits(test, test->priv);
}

static void pt_splits_anywhere_in_scratch(struct kunit *test)
{
	struct tables *tables = test->priv;
	struct tables scratch = { .gpu = tables->gpu };

	KUNIT_ASSERT_EQ(test, nova_pt_init(tables->gpu->ndev, &scratch.pt, account(tables->gpu),
					   true), 0);
	scratch.free = tables_free(&scratch);
	check_splits(test, &scratch);
	nova_pt_fini(&scratch.pt);
}

/*
 * All of the 2 MiB at VA but what is cut out is VRAM: it is looked at between any two writes, in
 * some pages of each 64 KiB and in all that are near to the ends.
 */
static void look_at_kept(struct tables *tables)
{
	tables->kept.writes++;
	for (u64 offset = 0; offset < SZ_2M; offset += SZ_4K) {
		bool near = offset + SZ_128K > tables->kept.from &&
			    offset < tables->kept.to + SZ_128K;
		struct nova_test_pte pte;

		if ((offset >= tables->kept.from && offset < tables->kept.to) ||
		    (!near && offset % (7 * SZ_4K)))
			continue;
		pte = walk(tables, VA + offset);
		tables->kept.wrong += !pte.valid || !pte.vram || pte.addr != VRAM + offset;
	}
}

static void look_after_write64(struct nova_core *core, u64 offset, u64 value)
{
	struct kunit *test = kunit_get_current_test();
	struct tables *tables = test->priv;

	KUNIT_ASSERT_LE(test, offset, NOVA_TEST_VRAM_SIZE - sizeof(value));
	*(__le64 *)(tables->gpu->vram + offset) = cpu_to_le64(value);
	look_at_kept(tables);
}

static void look_after_set(struct nova_core *core, u64 offset, u8 value, size_t size)
{
	struct kunit *test = kunit_get_current_test();
	struct tables *tables = test->priv;

	KUNIT_ASSERT_LE(test, offset, NOVA_TEST_VRAM_SIZE - size);
	memset(tables->gpu->vram + offset, value, size);
	look_at_kept(tables);
}

static void look_begin(struct kunit *test, u64 from, u64 to)
{
	struct tables *tables = test->priv;

	tables->kept.from = from;
	tables->kept.to = to;
	tables->kept.writes = 0;
	tables->kept.wrong = 0;
	look_at_kept(tables);
	kunit_activate_static_stub(test, nova_core_vram_write64, look_after_write64);
	kunit_activate_static_stub(test, nova_core_vram_set, look_after_set);
}

static void look_end(struct kunit *test)
{
	struct tables *tables = test->priv;

	kunit_deactivate_static_stub(test, nova_core_vram_write64);
	kunit_deactivate_static_stub(test, nova_core_vram_set);
	KUNIT_EXPECT_GT(test, tables->kept.writes, 1);
	KUNIT_EXPECT_EQ(test, tables->kept.wrong, 0);
}

/* A part is cut out of large pages and big ones, and put back; then pages grow together again. */
static void pt_never_shows_a_hole(struct kunit *test)
{
	struct tables *tables = test->priv;
	static const u64 cuts[][2] = {
		{ SZ_1M, SZ_1M + SZ_4K },
		{ SZ_1M - SZ_4K, SZ_1M + SZ_4K },
		{ SZ_64K, SZ_128K },
		{ SZ_128K + SZ_32K, SZ_256K + SZ_32K },
		{ 0, SZ_4K },
	};

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_2M), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(cuts); i++) {
		u64 from = cuts[i][0], to = cuts[i][1];

		map(tables, VA, VRAM, SZ_2M, true);
		expect_vram(test, tables, VA, VRAM, 21);
		look_begin(test, from, to);
		unmap(tables, VA + from, to - from);
		look_end(test);
		EXPECT_NOTHING(test, tables, VA + from);
		map(tables, VA + from, VRAM + SZ_4M, to - from, true);

		/* Small pages into big ones, sparse in their midst, and all into a large one. */
		look_begin(test, from, to);
		map(tables, VA, VRAM, round_down(from, SZ_64K) + SZ_64K, true);
		set_sparse(tables, VA + from, VA + to, true);
		look_end(test);
		look_begin(test, from, to);
		map(tables, VA, VRAM, SZ_2M, true);
		look_end(test);
		expect_vram(test, tables, VA + from, VRAM + from, 21);
	}
	unmap(tables, VA, SZ_2M);
	release(test, tables, VA, SZ_2M);
}

/* The device is gone: no register, no video memory, and everything comes back with the tables. */
static void pt_fini_without_the_device(struct kunit *test)
{
	struct tables *tables = test->priv;

	KUNIT_ASSERT_EQ(test, nova_pt_claim(&tables->pt, VA, SZ_2M), 0);
	map(tables, VA, VRAM, SZ_2M, true);
	nova_test_gpu_remove(tables->gpu);
	nova_test_gpu_vram_fill(tables->gpu);
	nova_pt_release(&tables->pt, VA, SZ_2M);
	KUNIT_EXPECT_TRUE(test, nova_test_gpu_vram_filled(tables->gpu));
	KUNIT_EXPECT_EQ(test, tables->gpu->invalidates, 0);
}

static struct kunit_case pt_test_cases[] = {
	KUNIT_CASE(pt_maps_small_pages),
	KUNIT_CASE(pt_maps_system_memory),
	KUNIT_CASE(pt_takes_large_pages_where_it_can),
	KUNIT_CASE(pt_splits_a_large_page),
	KUNIT_CASE(pt_maps_over_a_part_of_a_large_page),
	KUNIT_CASE(pt_large_page_over_small_ones),
	KUNIT_CASE(pt_small_pages_over_a_large_one),
	KUNIT_CASE(pt_claims_add_up),
	KUNIT_CASE(pt_claims_across_tables),
	KUNIT_CASE(pt_releases_what_was_not_mapped),
	KUNIT_CASE(pt_claim_fails_whole),
	KUNIT_CASE(pt_keeps_tables_until_invalidated),
	KUNIT_CASE(pt_unlinks_what_a_failed_bind_leaves),
	KUNIT_CASE(pt_links_where_a_failed_bind_was),
	KUNIT_CASE(pt_sparse_is_large),
	KUNIT_CASE(pt_maps_over_sparse),
	KUNIT_CASE(pt_releases_an_edge),
	KUNIT_CASE(pt_sparse_over_large_pages),
	KUNIT_CASE(pt_takes_big_pages_where_it_can),
	KUNIT_CASE(pt_system_memory_has_big_pages),
	KUNIT_CASE(pt_big_page_over_small_ones),
	KUNIT_CASE(pt_splits_anywhere),
	KUNIT_CASE(pt_splits_anywhere_in_scratch),
	KUNIT_CASE(pt_never_shows_a_hole),
	KUNIT_CASE(pt_fini_without_the_device),
	{}
};

static struct kunit_suite pt_test_suite = {
	.name = "nova_pt",
	.init = pt_test_init,
	.exit = pt_test_exit,
	.test_cases = pt_test_cases,
};

kunit_test_suite(pt_test_suite);
