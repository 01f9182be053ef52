// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What waits for memory refuse, and when they are over. */
#include <kunit/test.h>

#include <drm/nova_drm.h>

#include "../nova_user_fence.h"

static void user_fence_check(struct kunit *test)
{
	const struct drm_nova_wait_user_fence valid = {
		.op = DRM_NOVA_USER_FENCE_LE, .address = 0x10008, .value = ~0ull, .mask = 1,
	};
	struct drm_nova_wait_user_fence args = valid;

	KUNIT_EXPECT_EQ(test, nova_user_fence_check(&args), 0);
	args.op++;
	KUNIT_EXPECT_EQ(test, nova_user_fence_check(&args), -EINVAL);
	args = valid;
	args.flags = 2;
	KUNIT_EXPECT_EQ(test, nova_user_fence_check(&args), -EINVAL);
	args = valid;
	args.mask = 0;
	KUNIT_EXPECT_EQ(test, nova_user_fence_check(&args), -EINVAL);
	args = valid;
	args.address |= 4;
	KUNIT_EXPECT_EQ(test, nova_user_fence_check(&args), -EINVAL);
	args.flags = DRM_NOVA_USER_FENCE_32;
	KUNIT_EXPECT_EQ(test, nova_user_fence_check(&args), -EINVAL);
	args.value = U32_MAX;
	KUNIT_EXPECT_EQ(test, nova_user_fence_check(&args), 0);
	args.mask = BIT_ULL(32);
	KUNIT_EXPECT_EQ(test, nova_user_fence_check(&args), -EINVAL);
	args.mask = U32_MAX;
	args.address |= 2;
	KUNIT_EXPECT_EQ(test, nova_user_fence_check(&args), -EINVAL);
}

/* Memory below, at and above the value, with what the mask leaves out the other way round. */
static void user_fence_met(struct kunit *test)
{
	static const struct {
		u32 op;
		bool below, equal, above;
	} rows[] = {
		{ DRM_NOVA_USER_FENCE_EQ, false, true, false },
		{ DRM_NOVA_USER_FENCE_NEQ, true, false, true },
		{ DRM_NOVA_USER_FENCE_GT, false, false, true },
		{ DRM_NOVA_USER_FENCE_GE, false, true, true },
		{ DRM_NOVA_USER_FENCE_LT, true, false, false },
		{ DRM_NOVA_USER_FENCE_LE, true, true, false },
	};
	struct drm_nova_wait_user_fence args = {
		.value = 0x8000000000000100ull, .mask = 0xffffffffffffff00ull,
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		args.op = rows[i].op;
		KUNIT_EXPECT_EQ(test, nova_user_fence_met(&args, 0x80000000000000ffull),
				rows[i].below);
		KUNIT_EXPECT_EQ(test, nova_user_fence_met(&args, 0x8000000000000155ull),
				rows[i].equal);
		KUNIT_EXPECT_EQ(test, nova_user_fence_met(&args, 0x8000000000000200ull),
				rows[i].above);
	}
}

static struct kunit_case user_fence_test_cases[] = {
	KUNIT_CASE(user_fence_check),
	KUNIT_CASE(user_fence_met),
	{}
};

static struct kunit_suite user_fence_test_suite = {
	.name = "nova_user_fence",
	.test_cases = user_fence_test_cases,
};

kunit_test_suite(user_fence_test_suite);
