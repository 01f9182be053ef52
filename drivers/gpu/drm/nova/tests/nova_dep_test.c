// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Waiting for a foreign fence through a proxy that can be cut. */
#include <kunit/test.h>

#include "../nova_dep.h"
#include "nova_test_fence.h"

/* Two dependencies on a fence of somebody else's. */
struct waits {
	struct nova_deps deps;
	struct dma_fence *foreign;
	struct nova_dep *first;
	struct nova_dep *second;
};

static int dep_test_init(struct kunit *test)
{
	struct waits *waits = kunit_kzalloc(test, sizeof(*waits), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, waits);
	nova_deps_init(&waits->deps);
	waits->foreign = nova_test_fence_create(test);
	waits->first = nova_dep_create(waits->foreign);
	waits->second = nova_dep_create(waits->foreign);
	KUNIT_ASSERT_NOT_NULL(test, waits->first);
	KUNIT_ASSERT_NOT_NULL(test, waits->second);
	KUNIT_ASSERT_NE(test, waits->first->base.context, waits->second->base.context);
	test->priv = waits;
	return 0;
}

static void dep_test_exit(struct kunit *test)
{
	struct waits *waits = test->priv;

	nova_dep_put(waits->first);
	nova_dep_put(waits->second);
	/* However they ended, nobody holds on to the foreign fence. */
	KUNIT_EXPECT_EQ(test, kref_read(&waits->foreign->refcount), 1);
	/* The list shares its place with the time. */
	if (!dma_fence_is_signaled(waits->foreign))
		KUNIT_EXPECT_TRUE(test, list_empty(&waits->foreign->cb_list));
	KUNIT_EXPECT_TRUE(test, list_empty(&waits->deps.armed));
	dma_fence_signal(waits->foreign);
	dma_fence_put(waits->foreign);
}

static void dep_ends_with_the_fence(struct kunit *test)
{
	struct waits *waits = test->priv;

	nova_dep_arm(&waits->deps, waits->first);
	nova_dep_arm(&waits->deps, waits->second);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(&waits->first->base));
	KUNIT_EXPECT_EQ(test, list_count_nodes(&waits->deps.armed), 2);

	dma_fence_signal(waits->foreign);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&waits->first->base));
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&waits->second->base));
	/* Cut afterwards there is nothing to do. */
	nova_deps_cut(&waits->deps);
}

/* The foreign fence never signals: that is what the proxy is for. */
static void dep_can_be_cut(struct kunit *test)
{
	struct waits *waits = test->priv;

	nova_dep_arm(&waits->deps, waits->first);
	nova_dep_arm(&waits->deps, waits->second);
	nova_deps_cut(&waits->deps);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&waits->first->base));
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&waits->second->base));
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(waits->foreign));
	nova_deps_cut(&waits->deps);
}

static void dep_on_a_signalled_fence(struct kunit *test)
{
	struct waits *waits = test->priv;

	nova_dep_arm(&waits->deps, waits->first);
	dma_fence_signal(waits->foreign);
	nova_dep_arm(&waits->deps, waits->second);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(&waits->second->base));
}

/* A job that failed before the point of no return. */
static void dep_never_armed(struct kunit *test)
{
	struct waits *waits = test->priv;

	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(&waits->first->base));
	rcu_read_lock();
	KUNIT_EXPECT_STREQ(test, (const char __force *)dma_fence_driver_name(&waits->first->base),
			   "nova-drm");
	KUNIT_EXPECT_STREQ(test, (const char __force *)dma_fence_timeline_name(&waits->first->base),
			   "dependency");
	rcu_read_unlock();
}

/* The scheduler holds the proxy longer than the job does. */
static void dep_outlives_its_job(struct kunit *test)
{
	struct waits *waits = test->priv;
	struct dma_fence *held = dma_fence_get(&waits->second->base);

	nova_dep_arm(&waits->deps, waits->second);
	nova_deps_cut(&waits->deps);
	nova_dep_put(waits->second);
	KUNIT_EXPECT_EQ(test, kref_read(&held->refcount), 1);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(held->ops));
	dma_fence_put(held);

	waits->second = nova_dep_create(waits->foreign);
	KUNIT_ASSERT_NOT_NULL(test, waits->second);
}

static struct kunit_case dep_test_cases[] = {
	KUNIT_CASE(dep_ends_with_the_fence),
	KUNIT_CASE(dep_can_be_cut),
	KUNIT_CASE(dep_on_a_signalled_fence),
	KUNIT_CASE(dep_never_armed),
	KUNIT_CASE(dep_outlives_its_job),
	{}
};

static struct kunit_suite dep_test_suite = {
	.name = "nova_dep",
	.init = dep_test_init,
	.exit = dep_test_exit,
	.test_cases = dep_test_cases,
};

kunit_test_suite(dep_test_suite);
