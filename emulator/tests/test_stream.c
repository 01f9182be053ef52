/* SPDX-License-Identifier: MIT */
/* Copies past the caches, by memmove(). */
#include "emu_test.h"

#include <stdlib.h>
#include <string.h>

#include "../emu_stream.h"

#define SIZE	8192u
#define ROUNDS	20000u

struct stream_test {
	uint8_t ours[SIZE];
	uint8_t model[SIZE];
};

static void check(struct stream_test *test, size_t to, size_t from, size_t len)
{
	memmove(test->model + to, test->model + from, len);
	emu_stream(test->ours + to, test->ours + from, len);
	if (memcmp(test->ours, test->model, SIZE))
		assert_memory_equal(test->ours, test->model, SIZE);
}

static int setup(void **state)
{
	struct stream_test *test = malloc(sizeof(*test));

	if (!test)
		return -1;
	for (size_t i = 0; i < SIZE; i++)
		test->ours[i] = (uint8_t)(i * 2654435761u >> 24);
	memcpy(test->model, test->ours, SIZE);
	*state = test;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* Both ends, at every byte of a line, and lengths about the smallest that is not left to memmove(). */
static void test_alignment(void **state)
{
	for (size_t to = 0; to < 64; to++) {
		for (size_t len = 192; len < 448; len += 1 + to % 3)
			check(*state, 4096 + to, (to * 7) % 64, len);
	}
}

static void test_any(void **state)
{
	srand(1);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		size_t len = (size_t)rand() % (SIZE / 2);

		/* Half of them overlap. */
		check(*state, (size_t)rand() % (SIZE - len), (size_t)rand() % (SIZE - len), len);
	}
}

/* What is moved by less than its length, in both directions. */
static void test_overlap(void **state)
{
	for (size_t distance = 0; distance < 130; distance++) {
		check(*state, 1000 + distance, 1000, 2048);
		check(*state, 1000, 1000 + distance, 2048);
	}
	check(*state, 1000 + 2048, 1000, 2048);
	check(*state, 1000, 1000 + 2048, 2048);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_alignment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overlap, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
