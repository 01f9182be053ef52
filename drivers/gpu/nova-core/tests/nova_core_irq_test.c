// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Which events the pending bits of a leaf stand for. */
#include <kunit/test.h>

#include "../nova_core_irq.h"

static void enable(struct nova_core_irq_map *map, unsigned int vector)
{
	map->enabled[vector / 32] |= 1u << vector % 32;
}

/* Two engines whose vectors are not their indices, and everything else enabled. */
static void make_map(struct nova_core_irq_map *map)
{
	*map = (struct nova_core_irq_map) {};
	map->engine[5] = 0;
	map->engine[2] = 1;
	enable(map, NV_VECTOR_ENGINE_NONSTALL(5));
	enable(map, NV_VECTOR_ENGINE_NONSTALL(2));
	enable(map, NV_VECTOR_PTIMER);
	enable(map, NV_VECTOR_GSP);
	enable(map, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY);
	enable(map, NV_VECTOR_MMU_NONREPLAYABLE_ERROR);
}

static struct nova_core_irq_events decode(unsigned int vector)
{
	struct nova_core_irq_events events = {};
	struct nova_core_irq_map map;

	make_map(&map);
	nova_core_irq_decode(&map, vector / 32, 1u << vector % 32, &events);
	return events;
}

static void irq_decode_engines(struct kunit *test)
{
	struct nova_core_irq_events events = {};
	struct nova_core_irq_map map;

	KUNIT_EXPECT_EQ(test, decode(5).engines, 0x1);
	KUNIT_EXPECT_EQ(test, decode(2).engines, 0x2);

	make_map(&map);
	nova_core_irq_decode(&map, 0, BIT(5) | BIT(2), &events);
	KUNIT_EXPECT_EQ(test, events.engines, 0x3);
	KUNIT_EXPECT_EQ(test, events.strays, 0);
}

static void irq_decode_fixed_vectors(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, decode(NV_VECTOR_PTIMER).timer);
	KUNIT_EXPECT_FALSE(test, decode(NV_VECTOR_PTIMER).firmware);
	KUNIT_EXPECT_TRUE(test, decode(NV_VECTOR_GSP).firmware);
	KUNIT_EXPECT_FALSE(test, decode(NV_VECTOR_GSP).timer);
	KUNIT_EXPECT_TRUE(test, decode(NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY).fault);
	KUNIT_EXPECT_TRUE(test, decode(NV_VECTOR_MMU_NONREPLAYABLE_ERROR).fault);
}

/* Pending latches whether or not enabled, so bits of others share our leaves. */
static void irq_decode_ignores_what_is_not_enabled(struct kunit *test)
{
	struct nova_core_irq_events events = decode(NV_VECTOR_PFIFO_0);

	KUNIT_EXPECT_EQ(test, events.strays, 1);
	KUNIT_EXPECT_FALSE(test, events.timer || events.fault || events.firmware);
	KUNIT_EXPECT_EQ(test, decode(7).engines, 0);
	KUNIT_EXPECT_EQ(test, decode(NV_VECTOR_ENGINE_STALL(0)).strays, 1);
	KUNIT_EXPECT_EQ(test, decode(NV_VECTOR_SW_NONSTALL).strays, 1);
}

/* One that is enabled and that nobody handles is a mistake, but not a trap. */
static void irq_decode_enabled_for_nobody(struct kunit *test)
{
	struct nova_core_irq_events events = {};
	struct nova_core_irq_map map;

	make_map(&map);
	enable(&map, NV_VECTOR_PFIFO_0);
	nova_core_irq_decode(&map, NV_VECTOR_PFIFO_0 / 32, 1u << NV_VECTOR_PFIFO_0 % 32, &events);
	KUNIT_EXPECT_EQ(test, events.strays, 1);
	KUNIT_EXPECT_FALSE(test, events.engines || events.timer || events.fault || events.firmware);
}

static void irq_decode_accumulates_over_leaves(struct kunit *test)
{
	struct nova_core_irq_events events = {};
	struct nova_core_irq_map map;
	unsigned int leaf;

	make_map(&map);
	for (leaf = 0; leaf < NV_VF_INTR_LEAVES; leaf++)
		nova_core_irq_decode(&map, leaf, ~0u, &events);

	KUNIT_EXPECT_EQ(test, events.engines, 0x3);
	KUNIT_EXPECT_TRUE(test, events.timer && events.fault && events.firmware);
	KUNIT_EXPECT_EQ(test, events.strays, NV_VF_INTR_VECTORS - 6);
}

static struct kunit_case irq_test_cases[] = {
	KUNIT_CASE(irq_decode_engines),
	KUNIT_CASE(irq_decode_fixed_vectors),
	KUNIT_CASE(irq_decode_ignores_what_is_not_enabled),
	KUNIT_CASE(irq_decode_enabled_for_nobody),
	KUNIT_CASE(irq_decode_accumulates_over_leaves),
	{}
};

static struct kunit_suite irq_test_suite = {
	.name = "nova_core_irq",
	.test_cases = irq_test_cases,
};

kunit_test_suite(irq_test_suite);
