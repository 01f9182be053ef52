// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The timeline of a queue: order, errors, and what a signalled fence still refers to. */
#include <kunit/test.h>

#include "../nova_fence.h"

#define COUNT	4

/* A timeline and its first fences, of which the test holds the caller's references. */
struct line {
	struct nova_timeline timeline;
	struct nova_fence *fences[COUNT];
	unsigned int called;
	struct dma_fence_cb cb;
};

static void arm(struct kunit *test, struct line *line, u64 seqno)
{
	line->timeline.seqno = seqno;
	for (unsigned int i = 0; i < COUNT; i++) {
		line->fences[i] = nova_fence_alloc();
		KUNIT_ASSERT_NOT_NULL(test, line->fences[i]);
		nova_fence_arm(&line->timeline, line->fences[i]);
	}
}

static int fence_test_init(struct kunit *test)
{
	struct line *line = kunit_kzalloc(test, sizeof(*line), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, line);
	nova_timeline_init(&line->timeline);
	test->priv = line;
	return 0;
}

static void fence_test_exit(struct kunit *test)
{
	struct line *line = test->priv;

	nova_timeline_abort(&line->timeline, -ENODEV);
	KUNIT_EXPECT_TRUE(test, list_empty(&line->timeline.pending));
	for (unsigned int i = 0; i < COUNT; i++)
		if (line->fences[i])
			dma_fence_put(&line->fences[i]->base);
}

static unsigned int signalled(const struct line *line)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < COUNT; i++)
		if (dma_fence_is_signaled(&line->fences[i]->base))
			count++;
	return count;
}

static void fence_signal_in_order(struct kunit *test)
{
	struct line *line = test->priv;

	arm(test, line, 0);
	KUNIT_EXPECT_EQ(test, line->fences[0]->base.seqno, 1);
	KUNIT_EXPECT_EQ(test, line->fences[0]->base.context, line->timeline.context);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_later(&line->fences[1]->base,
						   &line->fences[0]->base));

	nova_timeline_signal(&line->timeline, 0);
	KUNIT_EXPECT_EQ(test, signalled(line), 0);
	nova_timeline_signal(&line->timeline, 2);
	KUNIT_EXPECT_EQ(test, signalled(line), 2);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(&line->fences[1]->base), 1);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(&line->fences[2]->base), 0);
}

/* The number is read from memory that the GPU writes. */
static void fence_signal_trusts_no_number(struct kunit *test)
{
	struct line *line = test->priv;

	arm(test, line, 0);
	nova_timeline_signal(&line->timeline, 3);
	nova_timeline_signal(&line->timeline, 1);	/* backwards */
	KUNIT_EXPECT_EQ(test, signalled(line), 3);
	nova_timeline_signal(&line->timeline, U64_MAX);	/* from the future */
	KUNIT_EXPECT_EQ(test, signalled(line), COUNT);
	KUNIT_EXPECT_EQ(test, line->timeline.seqno, COUNT);
}

/* Nothing in between is 32 bits wide. */
static void fence_seqno_passes_32_bits(struct kunit *test)
{
	struct line *line = test->priv;

	arm(test, line, U32_MAX - 2);
	KUNIT_EXPECT_EQ(test, line->fences[3]->base.seqno, 0x100000001ull);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_later(&line->fences[3]->base,
						   &line->fences[0]->base));
	nova_timeline_signal(&line->timeline, 1);	/* the low half of the last */
	KUNIT_EXPECT_EQ(test, signalled(line), 0);
	nova_timeline_signal(&line->timeline, U32_MAX);
	KUNIT_EXPECT_EQ(test, signalled(line), 2);
	nova_timeline_signal(&line->timeline, 0x100000001ull);
	KUNIT_EXPECT_EQ(test, signalled(line), COUNT);
}

static void fence_abort_gives_the_error(struct kunit *test)
{
	struct line *line = test->priv;

	arm(test, line, 0);
	nova_timeline_signal(&line->timeline, 1);
	nova_timeline_abort(&line->timeline, -ECANCELED);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(&line->fences[0]->base), 1);
	for (unsigned int i = 1; i < COUNT; i++)
		KUNIT_EXPECT_EQ(test, dma_fence_get_status(&line->fences[i]->base), -ECANCELED);

	/* The first reason stands. */
	nova_timeline_abort(&line->timeline, -ENODEV);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(&line->fences[1]->base), -ECANCELED);
}

static void fence_called(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	container_of(cb, struct line, cb)->called++;
}

static void fence_callback_runs_once(struct kunit *test)
{
	struct line *line = test->priv;

	arm(test, line, 0);
	KUNIT_ASSERT_EQ(test, dma_fence_add_callback(&line->fences[2]->base, &line->cb,
						     fence_called), 0);
	nova_timeline_signal(&line->timeline, 2);
	KUNIT_EXPECT_EQ(test, line->called, 0);
	nova_timeline_signal(&line->timeline, COUNT);
	nova_timeline_abort(&line->timeline, -ENODEV);
	KUNIT_EXPECT_EQ(test, line->called, 1);
}

/* It may be kept for ever, by somebody who keeps neither the device nor the module. */
static void fence_signalled_refers_to_nothing(struct kunit *test)
{
	struct line *line = test->priv;
	struct dma_fence *fence;

	arm(test, line, 0);
	fence = &line->fences[0]->base;
	KUNIT_EXPECT_NOT_NULL(test, rcu_access_pointer(fence->ops));
	rcu_read_lock();
	KUNIT_EXPECT_STREQ(test, (const char __force *)dma_fence_driver_name(fence), "nova-drm");
	KUNIT_EXPECT_STREQ(test, (const char __force *)dma_fence_timeline_name(fence), "queue");
	rcu_read_unlock();

	nova_timeline_signal(&line->timeline, COUNT);
	KUNIT_EXPECT_NULL(test, rcu_access_pointer(fence->ops));
	KUNIT_EXPECT_TRUE(test, list_empty(&line->fences[0]->link));
	/* The caller's reference is the last one. */
	KUNIT_EXPECT_EQ(test, kref_read(&fence->refcount), 1);
}

static void fence_unused_is_just_memory(struct kunit *test)
{
	struct nova_fence *fence = nova_fence_alloc();

	KUNIT_ASSERT_NOT_NULL(test, fence);
	nova_fence_free(fence);
	nova_fence_free(NULL);
}

static struct kunit_case fence_test_cases[] = {
	KUNIT_CASE(fence_signal_in_order),
	KUNIT_CASE(fence_signal_trusts_no_number),
	KUNIT_CASE(fence_seqno_passes_32_bits),
	KUNIT_CASE(fence_abort_gives_the_error),
	KUNIT_CASE(fence_callback_runs_once),
	KUNIT_CASE(fence_signalled_refers_to_nothing),
	KUNIT_CASE(fence_unused_is_just_memory),
	{}
};

static struct kunit_suite fence_test_suite = {
	.name = "nova_fence",
	.init = fence_test_init,
	.exit = fence_test_exit,
	.test_cases = fence_test_cases,
};

kunit_test_suite(fence_test_suite);
