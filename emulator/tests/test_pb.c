/* SPDX-License-Identifier: MIT */
/* Push-buffer decoder: every header form, valid and not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../emu_pb.h"
#include "regs/nv_host.h"

#define MAX	32

struct result {
	enum emu_pb_result last;
	unsigned int count;
	struct emu_pb_method methods[MAX];
};

static struct result feed(struct emu_pb *pb, const uint32_t *dwords, unsigned int count)
{
	struct result result = { .last = EMU_PB_NONE };
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct emu_pb_method method = { 0 };

		result.last = emu_pb_feed(pb, dwords[i], &method);
		if (result.last == EMU_PB_METHOD)
			result.methods[result.count++] = method;
		if (result.last == EMU_PB_BAD || result.last == EMU_PB_END_SEGMENT)
			break;
	}
	return result;
}

#define DECODE(...)							\
	({								\
		const uint32_t dwords_[] = { __VA_ARGS__ };		\
		struct emu_pb pb_ = { 0 };				\
									\
		feed(&pb_, dwords_, sizeof(dwords_) / sizeof(dwords_[0])); \
	})

static void assert_method(const struct result *result, unsigned int i, uint32_t subchannel,
			  uint32_t address, uint32_t data)
{
	assert_true(i < result->count);
	assert_int_equal(result->methods[i].subchannel, subchannel);
	assert_int_equal(result->methods[i].address, address);
	assert_int_equal(result->methods[i].data, data);
}

static void test_inc(void **state)
{
	struct result r = DECODE(0x20030100, 7, 8, 9);

	(void)state;
	assert_int_equal(r.count, 3);
	assert_method(&r, 0, 0, 0x400, 7);
	assert_method(&r, 1, 0, 0x404, 8);
	assert_method(&r, 2, 0, 0x408, 9);
}

static void test_non_inc(void **state)
{
	struct result r = DECODE(0x60028180, 1, 2);

	(void)state;
	assert_int_equal(r.count, 2);
	assert_method(&r, 0, 4, 0x600, 1);
	assert_method(&r, 1, 4, 0x600, 2);
}

static void test_one_inc(void **state)
{
	struct result r = DECODE(0xa0036100, 1, 2, 3);

	(void)state;
	assert_int_equal(r.count, 3);
	assert_method(&r, 0, 3, 0x400, 1);
	assert_method(&r, 1, 3, 0x404, 2);
	assert_method(&r, 2, 3, 0x404, 3);
}

static void test_immd(void **state)
{
	struct result r = DECODE(0x9fff80c0, 0x80000040);

	(void)state;
	assert_int_equal(r.count, 2);
	assert_method(&r, 0, 4, 0x300, 0x1fff);
	assert_method(&r, 1, 0, 0x100, 0);
}

static void test_largest_count(void **state)
{
	struct emu_pb pb = { 0 };
	struct emu_pb_method method;
	unsigned int i;

	(void)state;
	assert_int_equal(emu_pb_feed(&pb, NV_PB_HEADER(NON_INC, 4, 0x100, 0x1fff), &method),
			 EMU_PB_NONE);
	for (i = 0; i < 0x1fff; i++) {
		assert_true(emu_pb_in_method(&pb));
		assert_int_equal(emu_pb_feed(&pb, i, &method), EMU_PB_METHOD);
		assert_int_equal(method.data, i);
	}
	assert_false(emu_pb_in_method(&pb));
	assert_int_equal(emu_pb_feed(&pb, 0, &method), EMU_PB_NONE);
}

static void test_nop_and_zero_counts(void **state)
{
	/* Headers without data are no-ops whatever else they say, the reserved bit included. */
	struct result r = DECODE(0, 0x20000100, 0x60001fff, 0xa000f123, 0x20010040, 5);

	(void)state;
	assert_int_equal(r.last, EMU_PB_METHOD);
	assert_int_equal(r.count, 1);
	assert_method(&r, 0, 0, 0x100, 5);
}

static void test_zero_is_data_in_a_method(void **state)
{
	struct result r = DECODE(0x20020040, 0, 0);

	(void)state;
	assert_int_equal(r.count, 2);
	assert_method(&r, 1, 0, 0x104, 0);
}

static void test_subdevice(void **state)
{
	struct result r = DECODE(0x0001fff0, 0x0002fff0, 0x00030000, 0x00010000, 0x20010040, 1);

	(void)state;
	assert_int_equal(r.count, 1);
}

static void test_end_segment(void **state)
{
	struct result r = DECODE(0xe0000000, 0x20010040, 1);

	(void)state;
	assert_int_equal(r.last, EMU_PB_END_SEGMENT);
	assert_int_equal(r.count, 0);
	/* Not in the middle of a method: there it is data. */
	r = DECODE(0x20010040, 0xe0000000);
	assert_int_equal(r.last, EMU_PB_METHOD);
	assert_method(&r, 0, 0, 0x100, 0xe0000000);
}

static void test_bad_headers(void **state)
{
	static const uint32_t bad[] = {
		0x40010100,		/* SEC_OP 2 */
		0xc0010100,		/* SEC_OP 6 */
		0x00040100,		/* old increasing form: SEC_OP 0, TERT_OP 0 */
		0x00000001,
		0x20011100,		/* reserved bit 12 */
		0x60011100,
		0xa0011100,
		0x80011100,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct emu_pb pb = { 0 };
		struct emu_pb_method method = { 0 };

		assert_int_equal(emu_pb_feed(&pb, bad[i], &method), EMU_PB_BAD);
		assert_int_equal(method.data, bad[i]);
	}
}

static void test_address_overflow(void **state)
{
	struct result r = DECODE(0x20020ffe, 1, 2);

	(void)state;
	assert_int_equal(r.count, 2);
	assert_method(&r, 1, 0, 0x3ffc, 2);
	r = DECODE(0x20020fff, 1, 2);
	assert_int_equal(r.last, EMU_PB_BAD);
	assert_int_equal(r.count, 1);
	r = DECODE(0xa0020fff, 1, 2);
	assert_int_equal(r.last, EMU_PB_BAD);
	r = DECODE(0x60020fff, 1, 2);
	assert_int_equal(r.count, 2);
	r = DECODE(0xa0010fff, 1);
	assert_int_equal(r.count, 1);
}

static void test_split(void **state)
{
	const uint32_t first[] = { 0x20030040, 1 }, second[] = { 2, 3 };
	struct emu_pb pb = { 0 };
	struct result r;

	(void)state;
	r = feed(&pb, first, 2);
	assert_int_equal(r.count, 1);
	assert_true(emu_pb_in_method(&pb));
	r = feed(&pb, second, 2);
	assert_int_equal(r.count, 2);
	assert_method(&r, 0, 0, 0x104, 2);
	assert_method(&r, 1, 0, 0x108, 3);
	assert_false(emu_pb_in_method(&pb));
}

/* Any header decodes to what its fields say, or is bad; no state is left over. */
static void test_every_header(void **state)
{
	uint32_t top;

	(void)state;
	for (top = 0; top < 0x10000; top++) {
		uint32_t header = top << 16 | 0x8123, op = top >> 13;
		uint32_t count = top & 0x1fff;
		struct emu_pb pb = { 0 };
		struct emu_pb_method method = { 0 };
		enum emu_pb_result result = emu_pb_feed(&pb, header, &method);

		switch (op) {
		case 0:
			assert_int_equal(result, top & 3 ? EMU_PB_NONE : EMU_PB_BAD);
			break;
		case 1:
		case 3:
		case 5:
			assert_int_equal(result, EMU_PB_NONE);
			assert_int_equal(pb.left, count);
			continue;
		case 4:
			assert_int_equal(result, EMU_PB_METHOD);
			assert_int_equal(method.data, count);
			break;
		case 7:
			assert_int_equal(result, EMU_PB_END_SEGMENT);
			break;
		default:
			assert_int_equal(result, EMU_PB_BAD);
		}
		assert_int_equal(pb.left, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inc),
		cmocka_unit_test(test_non_inc),
		cmocka_unit_test(test_one_inc),
		cmocka_unit_test(test_immd),
		cmocka_unit_test(test_largest_count),
		cmocka_unit_test(test_nop_and_zero_counts),
		cmocka_unit_test(test_zero_is_data_in_a_method),
		cmocka_unit_test(test_subdevice),
		cmocka_unit_test(test_end_segment),
		cmocka_unit_test(test_bad_headers),
		cmocka_unit_test(test_address_overflow),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_every_header),
	};

	return cmocka_run_group_tests_name("pb", tests, NULL, NULL);
}
