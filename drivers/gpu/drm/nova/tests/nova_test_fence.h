/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_TEST_FENCE_H_
#define _NOVA_TEST_FENCE_H_

#include <kunit/test.h>
#include <linux/dma-fence.h>

struct dma_fence *nova_test_fence_create(struct kunit *test);

#endif /* _NOVA_TEST_FENCE_H_ */
