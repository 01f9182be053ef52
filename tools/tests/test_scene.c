// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "demo_scene.h"

static const uint32_t sizes[][2] = {
	{ DEMO_PICTURE_MIN, DEMO_PICTURE_MIN }, { DEMO_PICTURE_MAX, DEMO_PICTURE_MAX },
	{ DEMO_PICTURE_MIN, DEMO_PICTURE_MAX }, { DEMO_PICTURE_MAX, DEMO_PICTURE_MIN },
	{ 512, 384 }, { 101, 67 }, { 65, 127 },
};

/* Every operation lies inside what it reads and what it writes, whatever the picture's size. */
static void test_bounds(void **state)
{
	struct demo_image atlas;
	struct demo_scene scene;

	(void)state;
	assert_int_equal(demo_font_atlas(&atlas, DEMO_BACKGROUND), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		demo_scene_build(&scene, sizes[i][0], sizes[i][1], UINT64_MAX);
		assert_true(scene.count > 0 && scene.count <= DEMO_OPS_MAX);
		for (uint32_t j = 0; j < scene.count; j++) {
			const struct demo_op *op = &scene.ops[j];

			assert_true(op->width > 0 && op->height > 0);
			assert_true(op->dst_x + op->width <= scene.width);
			assert_true(op->dst_y + op->height <= scene.height);
			if (!op->copy)
				continue;
			assert_true(op->src == DEMO_PICTURE || op->src == DEMO_ATLAS);
			assert_true(op->src_x + op->width <=
				    (op->src == DEMO_PICTURE ? sizes[i][0] : atlas.width));
			assert_true(op->src_y + op->height <=
				    (op->src == DEMO_PICTURE ? sizes[i][1] : atlas.height));
		}
	}
	demo_image_fini(&atlas);
}

/* The pieces cover the picture once, each pixel: what a rounding error would break. */
static void test_tiles_cover(void **state)
{
	const uint32_t width = 101, height = 67;
	unsigned char *seen = calloc(width, height);
	struct demo_scene scene;
	uint32_t whole = 0;

	(void)state;
	assert_non_null(seen);
	demo_scene_build(&scene, width, height, 0);
	for (uint32_t i = 0; i < scene.count; i++) {
		const struct demo_op *op = &scene.ops[i];

		if (!op->copy || op->src != DEMO_PICTURE)
			continue;
		whole += op->width == width && op->height == height;
		for (uint32_t y = 0; y < op->height; y++)
			for (uint32_t x = 0; x < op->width; x++)
				seen[(op->src_y + y) * width + op->src_x + x]++;
	}
	assert_int_equal(whole, 1);
	for (uint32_t i = 0; i < width * height; i++)
		assert_int_equal(seen[i], 2);
	free(seen);
}

/* The time's digits are on the sheet in order, as copies from the font. */
static void test_digits(void **state)
{
	static const char text[] = "PTIMER 1234567890 ns";
	struct demo_scene scene;
	uint32_t at = 0;

	(void)state;
	demo_scene_build(&scene, 512, 384, 1234567890);
	for (uint32_t i = scene.count - (uint32_t)strlen(text); i < scene.count; i++, at++) {
		const struct demo_op *op = &scene.ops[i];

		assert_true(op->copy);
		assert_int_equal(op->src, DEMO_ATLAS);
		assert_int_equal(op->src_x, demo_font_cell(text[at]) * DEMO_GLYPH_WIDTH);
		assert_int_equal(op->dst_x, scene.ops[scene.count - strlen(text)].dst_x +
				 at * DEMO_GLYPH_WIDTH);
	}
}

static void test_draw(void **state)
{
	struct demo_image surfaces[DEMO_SURFACES] = { 0 };
	struct demo_scene scene = {
		.width = 8, .height = 4, .count = 3,
		.ops = {
			{ .dst_x = 0, .dst_y = 0, .width = 8, .height = 4, .colour = 1 },
			{ .copy = true, .src = DEMO_PICTURE, .src_x = 1, .src_y = 1, .dst_x = 6,
			  .dst_y = 2, .width = 2, .height = 2 },
			{ .dst_x = 7, .dst_y = 0, .width = 1, .height = 3, .colour = 9 },
		},
	};
	const uint32_t expected[] = {
		1, 1, 1, 1, 1, 1, 1, 9,
		1, 1, 1, 1, 1, 1, 1, 9,
		1, 1, 1, 1, 1, 1, 14, 9,
		1, 1, 1, 1, 1, 1, 17, 18,
	};

	(void)state;
	assert_int_equal(demo_image_init(&surfaces[DEMO_PICTURE], 3, 3), 0);
	assert_int_equal(demo_image_init(&surfaces[DEMO_SHEET], 8, 4), 0);
	for (uint32_t i = 0; i < 9; i++)
		surfaces[DEMO_PICTURE].pixels[i] = 10 + i;
	demo_scene_draw(&scene, surfaces);
	assert_memory_equal(surfaces[DEMO_SHEET].pixels, expected, sizeof(expected));
	demo_image_fini(&surfaces[DEMO_PICTURE]);
	demo_image_fini(&surfaces[DEMO_SHEET]);
}

static void test_compare(void **state)
{
	uint32_t pixels[3][6] = { { 0 } };	/* lines longer than the picture */
	struct demo_difference difference;
	struct demo_image reference;

	(void)state;
	assert_int_equal(demo_image_init(&reference, 4, 3), 0);
	pixels[0][4] = 5;			/* beside the picture: not looked at */
	demo_scene_compare(&reference, pixels, sizeof(pixels[0]), &difference);
	assert_int_equal(difference.count, 0);
	pixels[1][3] = 7;
	pixels[2][0] = 8;
	demo_scene_compare(&reference, pixels, sizeof(pixels[0]), &difference);
	assert_int_equal(difference.count, 2);
	assert_int_equal(difference.x, 3);
	assert_int_equal(difference.y, 1);
	assert_int_equal(difference.is, 7);
	assert_int_equal(difference.should, 0);
	demo_image_fini(&reference);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_tiles_cover),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_draw),
		cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests_name("scene", tests, NULL, NULL);
}
