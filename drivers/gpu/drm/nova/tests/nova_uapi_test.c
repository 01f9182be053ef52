// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Arrays in user memory: older and newer elements, and arguments made to harm. */
#include <kunit/test.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/nova_drm.h>

#include "../nova_uapi.h"

/* An element of 24 bytes, of which 16 are as old as the interface. */
struct element {
	u64 a, b, c;
};

#define OLD_SIZE	16
#define COUNT_MAX	8

/* Two pages; the one behind them is not mapped. */
struct user_range {
	unsigned long addr;
	unsigned long end;
};

static int uapi_test_init(struct kunit *test)
{
	struct user_range *user = kunit_kzalloc(test, sizeof(*user), GFP_KERNEL);
	unsigned long addr;

	KUNIT_ASSERT_NOT_NULL(test, user);
	addr = kunit_vm_mmap(test, NULL, 0, 3 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, addr, 0);
	KUNIT_ASSERT_LT(test, addr, TASK_SIZE);
	KUNIT_ASSERT_EQ(test, vm_munmap(addr + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	user->addr = addr;
	user->end = addr + 2 * PAGE_SIZE;
	test->priv = user;
	return 0;
}

static struct drm_nova_array array(unsigned long ptr, u32 count, u32 stride)
{
	return (struct drm_nova_array){ .ptr = ptr, .count = count, .stride = stride };
}

static void *take(unsigned long ptr, u32 count, u32 stride)
{
	struct drm_nova_array args = array(ptr, count, stride);

	return nova_uapi_array(&args, OLD_SIZE, sizeof(struct element), COUNT_MAX);
}

static void put(struct kunit *test, unsigned long to, const void *from, size_t size)
{
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)to, from, size), 0);
}

static void uapi_array_same_size(struct kunit *test)
{
	static const struct element from[] = { { 1, 2, 3 }, { 4, 5, 6 } };
	struct user_range *user = test->priv;
	struct element *to;

	put(test, user->addr, from, sizeof(from));
	to = take(user->addr, 2, sizeof(*to));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, to);
	KUNIT_EXPECT_MEMEQ(test, to, from, sizeof(from));
	kvfree(to);
}

static void uapi_array_of_an_older_client(struct kunit *test)
{
	static const u64 from[] = { 1, 2, 4, 5 };
	struct user_range *user = test->priv;
	struct element *to;

	put(test, user->addr, from, sizeof(from));
	to = take(user->addr, 2, OLD_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, to);
	KUNIT_EXPECT_EQ(test, to[0].b, 2);
	KUNIT_EXPECT_EQ(test, to[0].c, 0);
	KUNIT_EXPECT_EQ(test, to[1].a, 4);
	KUNIT_EXPECT_EQ(test, to[1].c, 0);
	kvfree(to);
}

static void uapi_array_of_a_newer_client(struct kunit *test)
{
	u64 from[] = { 1, 2, 3, 0, 4, 5, 6, 0 };
	struct user_range *user = test->priv;
	struct element *to;

	put(test, user->addr, from, sizeof(from));
	to = take(user->addr, 2, 32);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, to);
	KUNIT_EXPECT_EQ(test, to[1].a, 4);
	KUNIT_EXPECT_EQ(test, to[1].c, 6);
	kvfree(to);

	/* It asks for something that this kernel does not know. */
	from[7] = 1;
	put(test, user->addr, from, sizeof(from));
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->addr, 2, 32)), -E2BIG);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(to = take(user->addr, 1, 32)), 0);
	kvfree(to);
}

static void uapi_array_empty(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, take(0, 0, 0));
	KUNIT_EXPECT_NULL(test, take(~0ul, 0, 3));
}

static void uapi_array_refuses_shapes(struct kunit *test)
{
	struct user_range *user = test->priv;

	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->addr, COUNT_MAX + 1, 24)), -E2BIG);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->addr, U32_MAX, 24)), -E2BIG);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->addr, 1, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->addr, 1, OLD_SIZE - 8)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->addr, 1, 28)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->addr, 1, SZ_4K + 8)), -E2BIG);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->addr, 1, U32_MAX - 7)), -E2BIG);
}

static void uapi_array_refuses_addresses(struct kunit *test)
{
	struct user_range *user = test->priv;

	/* Not mapped, half mapped, the kernel's, and around the end of the address space. */
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->end, 1, 24)), -EFAULT);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->end - 24, 2, 24)), -EFAULT);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(user->end - 32, 2, 32)), -EFAULT);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take((unsigned long)user, 1, 24)), -EFAULT);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(~0ul - 24, 2, 24)), -EFAULT);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(~0ul - 7, 1, 24)), -EFAULT);
	KUNIT_EXPECT_EQ(test, PTR_ERR(take(0, 1, 24)), -EFAULT);
}

static struct kunit_case uapi_test_cases[] = {
	KUNIT_CASE(uapi_array_same_size),
	KUNIT_CASE(uapi_array_of_an_older_client),
	KUNIT_CASE(uapi_array_of_a_newer_client),
	KUNIT_CASE(uapi_array_empty),
	KUNIT_CASE(uapi_array_refuses_shapes),
	KUNIT_CASE(uapi_array_refuses_addresses),
	{}
};

static struct kunit_suite uapi_test_suite = {
	.name = "nova_uapi",
	.init = uapi_test_init,
	.test_cases = uapi_test_cases,
};

kunit_test_suite(uapi_test_suite);
