// SPDX-License-Identifier: MIT
/*
 * The push-buffer builder against words computed by hand from the header format
 * op[31:29] count[28:16] subchannel[15:13] method/4[11:0]: 0x2 INC, 0x6 NON_INC, 0x8 IMMD, 0xa ONE_INC.
 */
#include <errno.h>
#include <string.h>

#include "fake_kernel.h"

static struct nova_push *make(void)
{
	struct nova_push *push;

	assert_int_equal(nova_push_create(NULL, 0, &push), 0);
	return push;
}

static void expect_words(struct nova_push *push, const uint32_t *words, size_t count)
{
	assert_int_equal(nova_push_status(push), 0);
	assert_int_equal(nova_push_size(push), count * 4);
	for (size_t i = 0; i < count; i++) {
		if (nova_push_data(push)[i] != words[i])
			print_error("word %zu\n", i);
		assert_int_equal(nova_push_data(push)[i], words[i]);
	}
	nova_push_reset(push);
}

#define EXPECT(push, ...) do {							\
	const uint32_t expected[] = { __VA_ARGS__ };				\
	expect_words(push, expected, sizeof(expected) / sizeof(expected[0]));	\
} while (0)

/* The call is refused, the error sticks, nothing is written. */
#define REFUSED(push, call, error) do {						\
	assert_int_equal(call, error);						\
	assert_int_equal(nova_push_status(push), error);			\
	assert_int_equal(nova_push_size(push), 0);				\
	assert_int_equal(nova_push_nop(push), error);				\
	nova_push_reset(push);							\
} while (0)

static void test_raw(void **state)
{
	const uint32_t values[3] = { 0x11, 0x22, 0x33 };
	struct nova_push *push = make();

	(void)state;
	nova_push_method(push, 4, 0x400, values, 3);
	EXPECT(push, 0x20038100, 0x11, 0x22, 0x33);
	nova_push_method_noninc(push, 0, 0x300, values, 2);
	EXPECT(push, 0x600200c0, 0x11, 0x22);
	nova_push_method_oneinc(push, 7, 0x3ff8, values, 3);
	EXPECT(push, 0xa003effe, 0x11, 0x22, 0x33);
	nova_push_method_immd(push, 3, 0x3ffc, 0x1fff);
	EXPECT(push, 0x9fff6fff);
	nova_push_method(push, 0, 0x3ff4, values, 3);
	EXPECT(push, 0x20030ffd, 0x11, 0x22, 0x33);
	nova_push_set_object(push, 4, 0xc5b5);
	EXPECT(push, 0x20018000, 0xc5b5);
	nova_push_destroy(push);
}

static void test_raw_refuses(void **state)
{
	const uint32_t values[2] = { 1, 2 };
	struct nova_push *push = make();

	(void)state;
	REFUSED(push, nova_push_method(push, 8, 0x100, values, 1), -EINVAL);
	REFUSED(push, nova_push_method(push, 0, 0x102, values, 1), -EINVAL);
	REFUSED(push, nova_push_method(push, 0, 0x4000, values, 1), -EINVAL);
	REFUSED(push, nova_push_method(push, 0, 0x3ffc, values, 2), -EINVAL);	/* wraps */
	REFUSED(push, nova_push_method(push, 0, 0x100, values, 0), -EINVAL);
	REFUSED(push, nova_push_method(push, 0, 0x100, values, 0x2000), -EINVAL);
	REFUSED(push, nova_push_method(push, 0, 0x100, NULL, 1), -EINVAL);
	REFUSED(push, nova_push_method_noninc(push, 9, 0x100, values, 1), -EINVAL);
	REFUSED(push, nova_push_method_oneinc(push, 0, 0x3ffc, values, 2), -EINVAL);
	REFUSED(push, nova_push_method_immd(push, 0, 0x100, 0x2000), -EINVAL);
	REFUSED(push, nova_push_set_object(push, 0, 0x10000), -EINVAL);
	nova_push_destroy(push);
}

static void test_host(void **state)
{
	struct nova_push *push = make();

	(void)state;
	nova_push_nop(push);
	nova_push_wfi(push);
	nova_push_interrupt(push);
	EXPECT(push, 0x80000002, 0x8001001e, 0x80000008);
	nova_push_membar(push, NOVA_MEMBAR_SYSTEM);
	nova_push_membar(push, NOVA_MEMBAR_GPU);
	EXPECT(push, 0x2004000a, 0, 0, 0, 0x28000000, 0x2004000a, 0, 0, 1, 0x28000000);
	REFUSED(push, nova_push_membar(push, 2), -EINVAL);
	nova_push_destroy(push);
}

static void test_acquire(void **state)
{
	struct nova_push *push = make();

	(void)state;
	nova_push_sem_acquire(push, 0x1234567894ull, NOVA_SEM_EQUAL, 5, 0);
	EXPECT(push, 0x20050017, 0x34567894, 0x12, 5, 0, 0);
	nova_push_sem_acquire(push, 0x1234567898ull, NOVA_SEM_GEQUAL, 0x100000002ull, NOVA_SEM_64BIT);
	EXPECT(push, 0x20050017, 0x34567898, 0x12, 2, 1, 0x01000002);
	nova_push_sem_acquire(push, 0xfffffffff8ull, NOVA_SEM_CIRC_GEQUAL, 1,
			      NOVA_SEM_64BIT | NOVA_SEM_SWITCH);
	EXPECT(push, 0x20050017, 0xfffffff8, 0xff, 1, 0, 0x01001003);
	nova_push_sem_acquire(push, 4, NOVA_SEM_AND, 1, 0);
	nova_push_sem_acquire(push, 4, NOVA_SEM_NOR, 1, 0);
	EXPECT(push, 0x20050017, 4, 0, 1, 0, 4, 0x20050017, 4, 0, 1, 0, 5);

	REFUSED(push, nova_push_sem_acquire(push, 4, 1, 0, 0), -EINVAL);	/* a release */
	REFUSED(push, nova_push_sem_acquire(push, 4, 6, 0, 0), -EINVAL);
	REFUSED(push, nova_push_sem_acquire(push, 2, 0, 0, 0), -EINVAL);
	REFUSED(push, nova_push_sem_acquire(push, 4, 0, 0, NOVA_SEM_64BIT), -EINVAL);
	REFUSED(push, nova_push_sem_acquire(push, 1ull << 40, 0, 0, 0), -EINVAL);
	REFUSED(push, nova_push_sem_acquire(push, UINT64_MAX - 3, 0, 0, 0), -EINVAL);
	REFUSED(push, nova_push_sem_acquire(push, 4, 0, 1ull << 32, 0), -EINVAL);
	REFUSED(push, nova_push_sem_acquire(push, 4, 0, 0, NOVA_SEM_WFI), -EINVAL);
	REFUSED(push, nova_push_sem_acquire(push, 4, 0, 0, 1u << 5), -EINVAL);
	nova_push_destroy(push);
}

static void test_release(void **state)
{
	struct nova_push *push = make();

	(void)state;
	nova_push_sem_release(push, 0x1000, 0xabcd, 0);
	EXPECT(push, 0x20050017, 0x1000, 0, 0xabcd, 0, 1);
	nova_push_sem_release(push, 0x2010, 0x1122334455667788ull,
			      NOVA_SEM_64BIT | NOVA_SEM_WFI | NOVA_SEM_TIMESTAMP);
	EXPECT(push, 0x20050017, 0x2010, 0, 0x55667788, 0x11223344, 0x03100001);

	REFUSED(push, nova_push_sem_release(push, 0x2008, 0, NOVA_SEM_TIMESTAMP), -EINVAL);
	REFUSED(push, nova_push_sem_release(push, 0x2008, 0, NOVA_SEM_SWITCH), -EINVAL);
	REFUSED(push, nova_push_sem_release(push, 0x2008, 0, NOVA_SEM_SIGNED), -EINVAL);
	nova_push_destroy(push);
}

static void test_reduce(void **state)
{
	struct nova_push *push = make();

	(void)state;
	nova_push_sem_reduce(push, 0x1000, NOVA_SEM_ADD, 3, 0);
	EXPECT(push, 0x20050017, 0x1000, 0, 3, 0, 0xa8000006);
	nova_push_sem_reduce(push, 0x1000, NOVA_SEM_MIN, 3, NOVA_SEM_SIGNED | NOVA_SEM_64BIT | NOVA_SEM_WFI);
	EXPECT(push, 0x20050017, 0x1000, 0, 3, 0, 0x01100006);
	nova_push_sem_reduce(push, 0x1000, NOVA_SEM_DEC, 3, 0);
	EXPECT(push, 0x20050017, 0x1000, 0, 3, 0, 0xb8000006);
	nova_push_sem_reduce(push, 0x1000, NOVA_SEM_ADD, 3, NOVA_SEM_SIGNED);
	EXPECT(push, 0x20050017, 0x1000, 0, 3, 0, 0x28000006);

	REFUSED(push, nova_push_sem_reduce(push, 0x1000, 8, 3, 0), -EINVAL);
	REFUSED(push, nova_push_sem_reduce(push, 0x1000, NOVA_SEM_INC, 3, NOVA_SEM_64BIT), -EINVAL);
	REFUSED(push, nova_push_sem_reduce(push, 0x1000, NOVA_SEM_DEC, 3, NOVA_SEM_SIGNED), -EINVAL);
	REFUSED(push, nova_push_sem_reduce(push, 0x1000, NOVA_SEM_ADD, 3,
					   NOVA_SEM_SIGNED | NOVA_SEM_64BIT), -EINVAL);
	REFUSED(push, nova_push_sem_reduce(push, 0x1000, NOVA_SEM_ADD, 3, NOVA_SEM_SWITCH), -EINVAL);
	nova_push_destroy(push);
}

/* Launch word of a plain pitch copy: non-pipelined 2, source pitch 0x80, destination pitch 0x100. */
static void test_copy(void **state)
{
	struct nova_push *push = make();

	(void)state;
	nova_push_copy(push, 0x1ff0000000010ull, 0x200000003ull, 7);
	EXPECT(push, 0x20048100, 0x2, 0x3, 0x1ff00, 0x10, 0x20018106, 7, 0x818280c0);

	/* More than one launch can do. */
	nova_push_copy(push, 0x10000000000ull, 0, 0xffff0004ull);
	EXPECT(push, 0x20048100, 0, 0, 0x100, 0, 0x20018106, 0xffff0000, 0x818280c0,
	       0x20048100, 0, 0xffff0000, 0x100, 0xffff0000, 0x20018106, 4, 0x818280c0);

	REFUSED(push, nova_push_copy(push, 0, 0, 0), -EINVAL);
	REFUSED(push, nova_push_copy(push, 1ull << 49, 0, 1), -EINVAL);
	REFUSED(push, nova_push_copy(push, 0, (1ull << 49) - 1, 2), -EINVAL);
	REFUSED(push, nova_push_copy(push, UINT64_MAX, 0, 2), -EINVAL);
	nova_push_destroy(push);
}

static void test_copy_rect(void **state)
{
	struct nova_copy_rect rect = {
		.dst_va = 0x300000000ull, .src_va = 0x500000010ull,
		.dst_pitch = 4096, .src_pitch = -2048, .width = 100, .height = 3,
	};
	struct nova_push *push = make();

	(void)state;
	nova_push_copy_rect(push, &rect);
	EXPECT(push, 0x20088100, 5, 0x10, 3, 0, 0xfffff800, 0x1000, 100, 3, 0x838280c0);

	/* One line needs no pitch. */
	rect.height = 1;
	rect.dst_pitch = 0;
	nova_push_copy_rect(push, &rect);
	EXPECT(push, 0x20048100, 5, 0x10, 3, 0, 0x20018106, 100, 0x818280c0);

	rect.height = 2;
	REFUSED(push, nova_push_copy_rect(push, &rect), -EINVAL);	/* pitch below width */
	rect.dst_pitch = 99;
	REFUSED(push, nova_push_copy_rect(push, &rect), -EINVAL);
	rect.dst_pitch = 100;
	rect.src_va = 2047;
	REFUSED(push, nova_push_copy_rect(push, &rect), -EINVAL);	/* second line below 0 */
	rect.src_va = 2048;
	assert_int_equal(nova_push_copy_rect(push, &rect), 0);
	nova_push_reset(push);
	rect.dst_va = (1ull << 49) - 199;
	REFUSED(push, nova_push_copy_rect(push, &rect), -EINVAL);	/* ends above the space */
	rect.dst_va = 0;
	rect.width = 0;
	REFUSED(push, nova_push_copy_rect(push, &rect), -EINVAL);
	rect.width = 1;
	rect.height = 0;
	REFUSED(push, nova_push_copy_rect(push, &rect), -EINVAL);
	REFUSED(push, nova_push_copy_rect(push, NULL), -EINVAL);
	nova_push_destroy(push);
}

/* Sub-channel 3; the surface, no clipping, SRCCOPY, then what is drawn. */
static void test_twod(void **state)
{
	struct nova_twod_surface pitch = {
		.va = 0x1200000040ull, .format = NOVA_TWOD_A8R8G8B8, .width = 640, .height = 480,
		.pitch = 2560,
	};
	struct nova_twod_surface linear = {
		.va = 0x10000, .format = NOVA_TWOD_R5G6B5, .width = 100, .height = 50,
		.block_height = 4,
	};
	struct nova_twod_rect rect = { .x = -1, .y = 5, .width = 100, .height = 60 };
	struct nova_twod_rect half = { .x = 7, .y = 8, .width = 50, .height = 60 };
	struct nova_push *push = make();
	uint32_t words[64];
	struct nova_push *small;

	(void)state;
	assert_int_equal(nova_push_twod_fill(push, &pitch, &rect, NOVA_TWOD_Y8, 0x7f), 0);
	EXPECT(push, 0x20046080, 0xcf, 1, 0, 1, 0x20056085, 2560, 640, 480, 0x12, 0x40,
	       0x200160a4, 0, 0x200160ab, 3, 0x20036160, 4, 0xf3, 0x7f,
	       0x20046180, 0xffffffff, 5, 99, 65);
	assert_int_equal(nova_push_twod_blit(push, &linear, &rect, &pitch, &half), 0);
	EXPECT(push, 0x20046080, 0xe8, 0, 0x20, 1, 0x20056085, 0, 100, 50, 0, 0x10000,
	       0x2004608c, 0xcf, 1, 0, 1, 0x20056091, 2560, 640, 480, 0x12, 0x40,
	       0x200160a4, 0, 0x200160ab, 3, 0x20016223, 0,
	       0x200c622c, 0xffffffff, 5, 100, 60, 0x80000000, 0, 0, 1, 0, 7, 0, 8);

	/* All of it fits, or nothing is written. */
	assert_int_equal(nova_push_create(words, 23 * 4, &small), 0);
	REFUSED(small, nova_push_twod_fill(small, &pitch, &rect, NOVA_TWOD_Y8, 0x7f), -ENOSPC);
	nova_push_destroy(small);
	assert_int_equal(nova_push_create(words, 40 * 4, &small), 0);
	REFUSED(small, nova_push_twod_blit(small, &linear, &rect, &pitch, &half), -ENOSPC);
	nova_push_destroy(small);
	nova_push_destroy(push);
}

static void expect_surface_refused(const struct nova_twod_surface *bad)
{
	struct nova_twod_surface good = {
		.format = NOVA_TWOD_Y8, .width = 1, .height = 1, .pitch = 1,
	};
	struct nova_twod_rect rect = { .width = 1, .height = 1 };
	struct nova_push *push = make();

	REFUSED(push, nova_push_twod_fill(push, bad, &rect, NOVA_TWOD_Y8, 0), -EINVAL);
	REFUSED(push, nova_push_twod_blit(push, bad, &rect, &good, &rect), -EINVAL);
	REFUSED(push, nova_push_twod_blit(push, &good, &rect, bad, &rect), -EINVAL);
	nova_push_destroy(push);
}

static void expect_rect_refused(const struct nova_twod_rect *bad)
{
	struct nova_twod_surface good = {
		.format = NOVA_TWOD_Y8, .width = 1, .height = 1, .pitch = 1,
	};
	struct nova_twod_rect rect = { .width = 1, .height = 1 };
	struct nova_push *push = make();

	REFUSED(push, nova_push_twod_fill(push, &good, bad, NOVA_TWOD_Y8, 0), -EINVAL);
	REFUSED(push, nova_push_twod_blit(push, &good, bad, &good, &rect), -EINVAL);
	REFUSED(push, nova_push_twod_blit(push, &good, &rect, &good, bad), -EINVAL);
	REFUSED(push, nova_push_twod_fill(push, &good, &rect, 0x100, 0), -EINVAL);
	nova_push_destroy(push);
}

static void test_twod_refused(void **state)
{
	static const struct nova_twod_surface surfaces[] = {
		{ .va = 1ull << 40, .width = 1, .height = 1, .pitch = 1 },
		{ .format = 0x100, .width = 1, .height = 1, .pitch = 1 },
		{ .width = 0, .height = 1, .pitch = 1 },
		{ .width = 65537, .height = 1, .pitch = 1 },
		{ .width = 1, .height = 0, .pitch = 1 },
		{ .width = 1, .height = 65537, .pitch = 1 },
		{ .width = 1, .height = 1, .pitch = 1, .reserved = 1 },
		{ .width = 1, .height = 1, .pitch = 1, .block_height = 1 },
		{ .width = 1, .height = 1 },
		{ .width = 1, .height = 1, .block_height = 3 },
		{ .width = 1, .height = 1, .block_height = 64 },
		{ .va = 256, .width = 1, .height = 1, .block_height = 1 },
	};
	static const struct nova_twod_rect rects[] = {
		{ .x = -(1 << 24) - 1, .width = 1, .height = 1 },
		{ .x = (1 << 24) - 65535, .width = 1, .height = 1 },
		{ .y = -(1 << 24) - 1, .width = 1, .height = 1 },
		{ .y = (1 << 24) - 65535, .width = 1, .height = 1 },
		{ .width = 0, .height = 1 },
		{ .width = 65537, .height = 1 },
		{ .width = 1, .height = 0 },
		{ .width = 1, .height = 65537 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(surfaces) / sizeof(surfaces[0]); i++)
		expect_surface_refused(&surfaces[i]);
	expect_surface_refused(NULL);
	for (size_t i = 0; i < sizeof(rects) / sizeof(rects[0]); i++)
		expect_rect_refused(&rects[i]);
	expect_rect_refused(NULL);
}

/* Remap: destination X is constant B (5), component size 4 bytes (3 at bit 16). */
static void test_fill(void **state)
{
	struct nova_push *push = make();

	(void)state;
	nova_push_fill_rect(push, 0x100000040ull, 4096, 25, 3, 0xff8040c0);
	EXPECT(push, 0x200381c0, 0, 0xff8040c0, 0x00030005, 0x20028102, 1, 0x40,
	       0x20038105, 4096, 25, 3, 0x878280c0);
	nova_push_fill_rect(push, 0x1000, 0, 25, 1, 7);
	EXPECT(push, 0x200381c0, 0, 7, 0x00030005, 0x20028102, 0, 0x1000,
	       0x20018106, 25, 0x858280c0);
	nova_push_fill(push, 0x1000, 7, 1024);
	EXPECT(push, 0x200381c0, 0, 7, 0x00030005, 0x20028102, 0, 0x1000,
	       0x20018106, 1024, 0x858280c0);
	nova_push_fill(push, 0, 7, 0x3fffc001ull);
	assert_int_equal(nova_push_size(push), 2 * 10 * 4);
	assert_int_equal(nova_push_data(push)[8], 0x3fffc000);
	assert_int_equal(nova_push_data(push)[16], 0xffff0000);
	assert_int_equal(nova_push_data(push)[18], 1);
	nova_push_reset(push);

	REFUSED(push, nova_push_fill_rect(push, 2, 4096, 25, 3, 7), -EINVAL);
	REFUSED(push, nova_push_fill_rect(push, 0, 4098, 25, 3, 7), -EINVAL);
	REFUSED(push, nova_push_fill_rect(push, 0, 96, 25, 3, 7), -EINVAL);
	REFUSED(push, nova_push_fill_rect(push, 0, 96, 0, 3, 7), -EINVAL);
	REFUSED(push, nova_push_fill_rect(push, 0, 96, 1, 0, 7), -EINVAL);
	REFUSED(push, nova_push_fill_rect(push, 0, 0, 0x40000000, 1, 7), -EINVAL);
	REFUSED(push, nova_push_fill(push, 0, 7, 0), -EINVAL);
	REFUSED(push, nova_push_fill(push, 1, 7, 1), -EINVAL);
	REFUSED(push, nova_push_fill(push, 0, 7, 1ull << 62), -EINVAL);
	REFUSED(push, nova_push_fill(push, (1ull << 49) - 4, 7, 2), -EINVAL);
	nova_push_destroy(push);
}

/* No transfer; flush 4; semaphore type at bit 3: one word 1, four words 2. */
static void test_copy_semaphores(void **state)
{
	struct nova_push *push = make();

	(void)state;
	nova_push_copy_release(push, 0x1ff00000000f4ull, 9);
	EXPECT(push, 0x20038090, 0x1ff00, 0xf4, 9, 0x800c80c0);
	nova_push_copy_timestamp(push, 0x4000, 10);
	EXPECT(push, 0x20038090, 0, 0x4000, 10, 0x801480c0);
	REFUSED(push, nova_push_copy_release(push, 2, 0), -EINVAL);
	REFUSED(push, nova_push_copy_release(push, 1ull << 49, 0), -EINVAL);
	REFUSED(push, nova_push_copy_timestamp(push, 8, 0), -EINVAL);
	nova_push_destroy(push);
}

static void test_memory_of_the_caller(void **state)
{
	uint32_t room[12];
	struct nova_push *push;

	(void)state;
	memset(room, 0x5a, sizeof(room));
	assert_int_equal(nova_push_create(room, 9 * 4 + 3, &push), 0);
	assert_ptr_equal(nova_push_data(push), room);
	assert_int_equal(nova_push_nop(push), 0);
	assert_int_equal(nova_push_copy(push, 0, 0x1000, 16), 0);
	assert_int_equal(nova_push_size(push), 36);
	assert_int_equal(nova_push_nop(push), -ENOSPC);
	assert_int_equal(nova_push_copy(push, 0, 0, 0), -ENOSPC);	/* the first error sticks */
	assert_int_equal(nova_push_size(push), 36);
	assert_int_equal(room[9], 0x5a5a5a5a);

	/* A command that does not fit leaves nothing behind. */
	nova_push_reset(push);
	nova_push_nop(push);
	nova_push_nop(push);
	assert_int_equal(nova_push_copy(push, 0, 0x1000, 16), -ENOSPC);
	assert_int_equal(nova_push_size(push), 8);
	nova_push_destroy(push);

	assert_int_equal(nova_push_create((char *)room + 2, 16, &push), -EINVAL);
	assert_int_equal(nova_push_create(room, 3, &push), -EINVAL);
	assert_int_equal(nova_push_create(room, 16, NULL), -EINVAL);
	nova_push_destroy(NULL);
}

static void test_grows(void **state)
{
	struct nova_push *push;

	(void)state;
	assert_int_equal(nova_push_create(NULL, 4, &push), 0);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(nova_push_method_immd(push, 0, 0x100, i & 0x1fff), 0);
	assert_int_equal(nova_push_size(push), 40000);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(nova_push_data(push)[i], 0x80000040 | (i & 0x1fff) << 16);
	nova_push_destroy(push);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_raw_refuses),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_acquire),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_reduce),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_copy_rect),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_twod),
		cmocka_unit_test(test_twod_refused),
		cmocka_unit_test(test_copy_semaphores),
		cmocka_unit_test(test_memory_of_the_caller),
		cmocka_unit_test(test_grows),
	};

	return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
