// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A fence that is somebody else's. */
#include <linux/slab.h>

#include "nova_test_fence.h"

static const char *nova_test_fence_name(struct dma_fence *fence)
{
	return "foreign";
}

static const struct dma_fence_ops nova_test_fence_ops = {
	.get_driver_name = nova_test_fence_name,
	.get_timeline_name = nova_test_fence_name,
};

/**
 * nova_test_fence_create() - a fence of another driver's
 * @test: the test; it fails without memory
 *
 * Return: a fence that signals when the test does it, with one reference, which the caller drops:
 * it may outlive the test.
 */
struct dma_fence *nova_test_fence_create(struct kunit *test)
{
	struct dma_fence *fence = kzalloc_obj(*fence);	/* freed by its last reference */

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &nova_test_fence_ops, NULL, dma_fence_context_alloc(1), 1);
	return fence;
}
