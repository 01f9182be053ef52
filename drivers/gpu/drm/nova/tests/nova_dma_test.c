// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Finding one's way in a table of DMA segments. */
#include <kunit/test.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "../nova_dma.h"

#define SEGMENTS	6

struct segment {
	u64 addr;
	u32 size;
};

/* Two that touch, a gap, one of 3 MiB, and two that touch backwards only. */
static const struct segment scattered[SEGMENTS] = {
	{ 0x100000, SZ_8K },
	{ 0x102000, SZ_4K },
	{ 0x7f0000000000, SZ_4K },
	{ 0x40000000, SZ_1M * 3 },
	{ 0x201000, SZ_4K },
	{ 0x200000, SZ_4K },
};

/* A mapping as nova_dma_map_pages() leaves it; DMA and CPU segments differ in number. */
static struct nova_dma_map *make_map(struct kunit *test, const struct segment *segments,
				     unsigned int count)
{
	struct nova_dma_map *map = kunit_kzalloc(test, sizeof(*map), GFP_KERNEL);
	struct scatterlist *sg;

	KUNIT_ASSERT_NOT_NULL(test, map);
	nova_dma_init(map);
	sg = kunit_kcalloc(test, count + 2, sizeof(*sg), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sg);
	sg_init_table(sg, count + 2);
	map->pages.sgl = sg;
	map->pages.orig_nents = count + 2;
	map->pages.nents = count;
	for (unsigned int i = 0; i < count; i++, sg = sg_next(sg)) {
		sg_dma_address(sg) = segments[i].addr;
		sg_dma_len(sg) = segments[i].size;
	}
	map->sgt = &map->pages;
	return map;
}

static void dma_addr_merges_what_touches(struct kunit *test)
{
	struct nova_dma_map *map = make_map(test, scattered, SEGMENTS);
	u64 size;

	KUNIT_EXPECT_EQ(test, nova_dma_addr(map, 0, &size), 0x100000);
	KUNIT_EXPECT_EQ(test, size, SZ_8K + SZ_4K);
	KUNIT_EXPECT_EQ(test, nova_dma_addr(map, SZ_4K, &size), 0x101000);
	KUNIT_EXPECT_EQ(test, size, SZ_8K);
	KUNIT_EXPECT_EQ(test, nova_dma_addr(map, SZ_8K + SZ_4K, &size), 0x7f0000000000);
	KUNIT_EXPECT_EQ(test, size, SZ_4K);
}

/* One segment may be larger than what pieces are merged up to, and the table ends with @nents. */
static void dma_addr_reaches_the_end(struct kunit *test)
{
	struct nova_dma_map *map = make_map(test, scattered, SEGMENTS);
	u64 size;

	KUNIT_EXPECT_EQ(test, nova_dma_addr(map, SZ_16K, &size), 0x40000000);
	KUNIT_EXPECT_EQ(test, size, SZ_1M * 3);
	KUNIT_EXPECT_EQ(test, nova_dma_addr(map, SZ_16K + SZ_1M * 3, &size), 0x201000);
	KUNIT_EXPECT_EQ(test, size, SZ_4K);
	KUNIT_EXPECT_EQ(test, nova_dma_addr(map, SZ_16K + SZ_1M * 3 + SZ_4K, &size), 0x200000);
	KUNIT_EXPECT_EQ(test, size, SZ_4K);
}

static void dma_addr_merges_up_to_a_large_page(struct kunit *test)
{
	struct segment touching[8];
	struct nova_dma_map *map;
	u64 size;

	for (unsigned int i = 0; i < ARRAY_SIZE(touching); i++)
		touching[i] = (struct segment){ SZ_1G + i * SZ_512K, SZ_512K };
	map = make_map(test, touching, ARRAY_SIZE(touching));
	KUNIT_EXPECT_EQ(test, nova_dma_addr(map, 0, &size), SZ_1G);
	KUNIT_EXPECT_EQ(test, size, SZ_2M);
	KUNIT_EXPECT_EQ(test, nova_dma_addr(map, SZ_2M - SZ_4K, &size), SZ_1G + SZ_2M - SZ_4K);
	KUNIT_EXPECT_EQ(test, size, SZ_2M + SZ_4K);
}

/* The cursor makes ascending lookups cheap, and must not change any answer. */
static void dma_addr_in_any_order(struct kunit *test)
{
	struct nova_dma_map *map = make_map(test, scattered, SEGMENTS);
	u64 total = 0, offset, size, start, addr;

	for (unsigned int i = 0; i < SEGMENTS; i++)
		total += scattered[i].size;
	for (unsigned int i = 0; i < 2000; i++) {
		/* A stride that is coprime to the size visits all pages in a jumble. */
		offset = (i * 347ull % (total / SZ_4K)) * SZ_4K + i % SZ_4K;
		addr = nova_dma_addr(map, offset, &size);
		start = 0;
		for (unsigned int s = 0; s < SEGMENTS; start += scattered[s++].size) {
			if (offset - start >= scattered[s].size)
				continue;
			KUNIT_ASSERT_EQ(test, addr, scattered[s].addr + offset - start);
			KUNIT_ASSERT_GE(test, size, scattered[s].size - (offset - start));
			break;
		}
	}
}

static int check(struct kunit *test, const struct segment *segments, unsigned int count, u64 size)
{
	return nova_dma_check_import(make_map(test, segments, count)->sgt, size);
}

/* What an exporter may not do. */
static void dma_import_covers_the_buffer(struct kunit *test)
{
	static const struct segment odd_addr[] = { { 0x100800, SZ_4K } };
	static const struct segment odd_size[] = { { 0x100000, SZ_4K - 512 }, { 0x200000, SZ_4K } };

	KUNIT_EXPECT_EQ(test, check(test, scattered, 3, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, check(test, scattered, 3, SZ_8K), 0);
	KUNIT_EXPECT_EQ(test, check(test, scattered, 3, SZ_16K + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, check(test, scattered, 0, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, check(test, odd_addr, 1, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, check(test, odd_size, 2, SZ_4K), -EINVAL);
}

static struct kunit_case dma_test_cases[] = {
	KUNIT_CASE(dma_addr_merges_what_touches),
	KUNIT_CASE(dma_addr_reaches_the_end),
	KUNIT_CASE(dma_addr_merges_up_to_a_large_page),
	KUNIT_CASE(dma_addr_in_any_order),
	KUNIT_CASE(dma_import_covers_the_buffer),
	{}
};

static struct kunit_suite dma_test_suite = {
	.name = "nova_dma",
	.test_cases = dma_test_cases,
};

kunit_test_suite(dma_test_suite);
