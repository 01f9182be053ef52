// SPDX-License-Identifier: MIT
/* Push buffers taken apart: what the builder made, by hand, and what nobody should have made. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_kernel.h"

#define COUNT(array)	((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define ITEMS_MAX	64u

static struct nova_push_item items[ITEMS_MAX];
static uint32_t item_count;

static int collect(const struct nova_push_item *item, void *data)
{
	(void)data;
	assert_true(item_count < ITEMS_MAX);
	items[item_count++] = *item;
	return 0;
}

static int decode(const uint32_t *words, uint32_t count)
{
	/* Exactly as long as it says: a sanitizer sees a look beyond. */
	uint32_t *copy = malloc(count * sizeof(*words) + 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, words, count * sizeof(*words));
	item_count = 0;
	ret = nova_push_decode(copy, count, collect, NULL);
	free(copy);
	return ret;
}

static void expect_method(uint32_t at, uint32_t index, uint32_t subchannel, uint32_t class_id,
			  uint32_t method, uint32_t value, const char *name)
{
	const struct nova_push_item *item = &items[at];

	assert_true(at < item_count);
	assert_int_equal(item->kind, NOVA_PUSH_METHOD);
	assert_int_equal(item->index, index);
	assert_int_equal(item->subchannel, subchannel);
	assert_int_equal(item->class_id, class_id);
	assert_int_equal(item->method, method);
	assert_int_equal(item->value, value);
	if (name)
		assert_string_equal(item->name, name);
	else
		assert_null(item->name);
}

static void test_kinds(void **state)
{
	static const uint32_t words[] = {
		0x20028100, 0x11, 0x22,		/* INC, two values to 0x400 and 0x404 of sub-channel 4 */
		0x60020002, 0x33, 0x44,		/* NON_INC, two NOPs */
		0xa0020017, 0x55, 0x66,		/* ONE_INC, SEM_ADDR_LO and SEM_ADDR_HI */
		0x8007a3ff,			/* IMMD, 7 to 0xffc of sub-channel 5 */
		0,				/* a word of zeros does nothing */
		0x00010000,			/* the sub-device mask */
	};

	(void)state;
	assert_int_equal(decode(words, COUNT(words)), 0);
	assert_int_equal(item_count, 12);
	assert_int_equal(items[0].kind, NOVA_PUSH_HEADER);
	assert_int_equal(items[0].value, 2);
	assert_int_equal(items[0].method, 0x400);
	assert_string_equal(items[0].name, "INC");
	expect_method(1, 1, 4, 0xc5b5, 0x400, 0x11, "OFFSET_IN_UPPER");
	expect_method(2, 2, 4, 0xc5b5, 0x404, 0x22, "OFFSET_IN_LOWER");
	expect_method(4, 4, 0, 0xc46f, 0x8, 0x33, "NOP");
	expect_method(5, 5, 0, 0xc46f, 0x8, 0x44, "NOP");
	expect_method(7, 7, 0, 0xc46f, 0x5c, 0x55, "SEM_ADDR_LO");
	expect_method(8, 8, 0, 0xc46f, 0x60, 0x66, "SEM_ADDR_HI");
	expect_method(9, 9, 5, 0, 0xffc, 7, NULL);
	assert_string_equal(items[10].name, "NOP");
	assert_string_equal(items[11].name, "SET_SUBDEVICE_MASK");
}

/* What the builder writes comes out again; SET_OBJECT says what the methods behind it mean. */
static void test_builder(void **state)
{
	struct nova_push *push;
	uint32_t value = 5;

	(void)state;
	assert_int_equal(nova_push_create(NULL, 0, &push), 0);
	nova_push_method(push, 2, 0x300, &value, 1);
	nova_push_set_object(push, 2, 0xc5b5);
	nova_push_method(push, 2, 0x300, &value, 1);
	assert_int_equal(decode(nova_push_data(push), nova_push_size(push) / 4), 0);
	expect_method(1, 1, 2, 0, 0x300, 5, NULL);
	expect_method(3, 3, 2, 0xc46f, 0, 0xc5b5, "SET_OBJECT");
	expect_method(5, 5, 2, 0xc5b5, 0x300, 5, "LAUNCH_DMA");

	nova_push_reset(push);
	nova_push_copy(push, 0x123456000, 0x10000, 64);
	nova_push_sem_release(push, 0x123456000, 1, 0);
	assert_int_equal(decode(nova_push_data(push), nova_push_size(push) / 4), 0);
	for (uint32_t i = 0; i < item_count; i++)
		assert_non_null(items[i].name);
	nova_push_destroy(push);
}

/* Class 902D: on its sub-channel, arrays of methods, names of values. */
static void test_twod(void **state)
{
	static const uint32_t words[] = {
		0x20046080, 0xcf, 1, 0, 1,	/* SET_DST_FORMAT and what follows */
		0x200260ff, 0xabcdef, 0x1,	/* the last of COLOR_PATTERN, and a hole */
		0x20026180, 7, 8,
		0x200261fe, 9, 10,		/* the last point */
		0x20016041, 0,			/* not there */
	};

	(void)state;
	assert_int_equal(decode(words, COUNT(words)), 0);
	expect_method(1, 1, 3, 0x902d, 0x200, 0xcf, "SET_DST_FORMAT");
	expect_method(2, 2, 3, 0x902d, 0x204, 1, "SET_DST_MEMORY_LAYOUT");
	expect_method(6, 6, 3, 0x902d, 0x3fc, 0xabcdef, "COLOR_PATTERN_X8R8G8B8");
	expect_method(7, 7, 3, 0x902d, 0x400, 1, NULL);
	expect_method(9, 9, 3, 0x902d, 0x600, 7, "RENDER_SOLID_PRIM_POINT_SET_X");
	expect_method(10, 10, 3, 0x902d, 0x604, 8, "RENDER_SOLID_PRIM_POINT_Y");
	expect_method(12, 12, 3, 0x902d, 0x7f8, 9, "RENDER_SOLID_PRIM_POINT_SET_X");
	expect_method(13, 13, 3, 0x902d, 0x7fc, 10, "RENDER_SOLID_PRIM_POINT_Y");
	expect_method(15, 15, 3, 0x902d, 0x104, 0, NULL);
}

static void expect_bad(const uint32_t *words, uint32_t count, uint32_t index)
{
	assert_int_equal(decode(words, count), -EINVAL);
	assert_true(item_count > 0);
	assert_int_equal(items[item_count - 1].kind, NOVA_PUSH_BAD);
	assert_int_equal(items[item_count - 1].index, index);
	assert_non_null(items[item_count - 1].name);
}

#define BAD(index, ...) do {							\
	static const uint32_t words[] = { __VA_ARGS__ };			\
	expect_bad(words, COUNT(words), index);					\
} while (0)

static void test_bad(void **state)
{
	(void)state;
	BAD(0, 0x20010000);			/* no data */
	BAD(1, 0x3fff0000, 0);			/* 8191 values, and one is there */
	BAD(0, 0x40000000, 0);			/* reserved operations */
	BAD(0, 0xc0000000, 0);
	BAD(1, 0, 0x00000001);
	BAD(0, 0x20011000, 0);			/* the reserved bit */
	BAD(0, 0x80001000, 0);
	BAD(2, 0x20020fff, 1, 2);		/* one beyond the last method */
	/* Without data nobody looks at the bit. */
	assert_int_equal(decode((const uint32_t[]){ 0x20001000 }, 1), 0);
	assert_int_equal(nova_push_decode(NULL, 1, collect, NULL), -EINVAL);
	assert_int_equal(nova_push_decode(NULL, 0, NULL, NULL), -EINVAL);
	assert_int_equal(nova_push_decode(NULL, 0, collect, NULL), 0);
}

/* What is behind END_SEGMENT is not executed, so it is not decoded. */
static void test_end_segment(void **state)
{
	static const uint32_t words[] = { 0xe0000000, 0x40000000 };

	(void)state;
	assert_int_equal(decode(words, COUNT(words)), 0);
	assert_int_equal(item_count, 1);
	assert_string_equal(items[0].name, "END_SEGMENT");
}

static int stop_at_third(const struct nova_push_item *item, void *data)
{
	*(uint32_t *)data += 1;
	return item->index == 2 ? 42 : 0;
}

static void test_visitor_stops(void **state)
{
	static const uint32_t words[] = { 0, 0, 0, 0 };
	uint32_t calls = 0;

	(void)state;
	assert_int_equal(nova_push_decode(words, COUNT(words), stop_at_third, &calls), 42);
	assert_int_equal(calls, 3);
}

static void test_text(void **state)
{
	struct nova_push *push;
	size_t size = 0;
	char *text;
	FILE *out;

	(void)state;
	assert_int_equal(nova_push_create(NULL, 0, &push), 0);
	nova_push_copy(push, 0x123456000, 0x10000, 64);
	nova_push_sem_acquire(push, 0x123456000, NOVA_SEM_GEQUAL, 3, NOVA_SEM_SWITCH);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(nova_push_dump(nova_push_data(push), nova_push_size(push) / 4, 0x20000, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "  0000020000  "));
	assert_non_null(strstr(text, "OFFSET_OUT_UPPER = 0x1\n"));
	assert_non_null(strstr(text, "OFFSET_OUT_LOWER = 0x23456000\n"));
	assert_non_null(strstr(text, "LAUNCH_DMA = "));
	assert_non_null(strstr(text, "DATA_TRANSFER_TYPE=NON_PIPELINED"));
	assert_non_null(strstr(text, " SRC_PITCH DST_PITCH"));
	assert_non_null(strstr(text, "OPERATION=ACQ_STRICT_GEQ ACQUIRE_SWITCH_TSG"));
	free(text);
	assert_int_equal(nova_push_dump(NULL, 0, 0, NULL), -EINVAL);

	out = fopen("/dev/full", "w");
	assert_non_null(out);
	setbuf(out, NULL);
	assert_int_equal(nova_push_dump(nova_push_data(push), nova_push_size(push) / 4, 0, out), -EIO);
	fclose(out);
	nova_push_destroy(push);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_builder),
		cmocka_unit_test(test_twod),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_end_segment),
		cmocka_unit_test(test_visitor_stops),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("push-decode", tests, NULL, NULL);
}
