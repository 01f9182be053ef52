// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "demo_picture.h"

static void make_name(char *path)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
}

static void test_round_trip(void **state)
{
	char path[] = "/tmp/nova-picture-XXXXXX", error[128] = "";
	struct demo_image image, again;

	(void)state;
	make_name(path);
	assert_int_equal(demo_picture_sample(&image), 0);
	image.pixels[0] = 0x44332211;		/* transparency survives too */
	assert_int_equal(demo_image_save(&image, path, error, sizeof(error)), 0);
	assert_int_equal(demo_image_load(&again, path, error, sizeof(error)), 0);
	assert_int_equal(again.width, image.width);
	assert_int_equal(again.height, image.height);
	assert_memory_equal(again.pixels, image.pixels, 4ul * image.width * image.height);
	assert_string_equal(error, "");
	demo_image_fini(&again);
	demo_image_fini(&image);
	unlink(path);
}

static void test_refuses(void **state)
{
	char path[] = "/tmp/nova-picture-XXXXXX", error[128] = "";
	struct demo_image image;
	FILE *file;

	(void)state;
	assert_int_equal(demo_image_load(&image, "/tmp/nova-no-such-picture", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "/tmp/nova-no-such-picture"));
	make_name(path);
	file = fopen(path, "w");
	fputs("this is not a picture", file);
	fclose(file);
	assert_int_equal(demo_image_load(&image, path, error, sizeof(error)), -EINVAL);

	assert_int_equal(demo_image_init(&image, 63, 64), 0);
	assert_int_equal(demo_image_save(&image, path, error, sizeof(error)), 0);
	demo_image_fini(&image);
	assert_int_equal(demo_image_load(&image, path, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "63x64"));

	assert_int_equal(demo_image_init(&image, 64, 2049), 0);
	assert_int_equal(demo_image_save(&image, path, error, sizeof(error)), 0);
	assert_int_equal(demo_image_save(&image, "/tmp/nova-no-such-dir/x.png", error, sizeof(error)), -EIO);
	demo_image_fini(&image);
	assert_int_equal(demo_image_load(&image, path, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "64x2049"));
	unlink(path);
}

/* Cut off in the middle: an error, and nothing is leaked. */
static void test_truncated(void **state)
{
	char path[] = "/tmp/nova-picture-XXXXXX", error[128] = "";
	struct demo_image image;

	(void)state;
	make_name(path);
	assert_int_equal(demo_picture_sample(&image), 0);
	assert_int_equal(demo_image_save(&image, path, error, sizeof(error)), 0);
	demo_image_fini(&image);
	assert_int_equal(truncate(path, 2000), 0);
	assert_int_equal(demo_image_load(&image, path, error, sizeof(error)), -EINVAL);
	unlink(path);
}

/* A '1' is not blank, not a '2', and in the cell its index names. */
static void test_font(void **state)
{
	const uint32_t background = DEMO_PIXEL(1, 2, 3);
	struct demo_image atlas;
	uint32_t cells;
	int differ = 0, set = 0;

	(void)state;
	assert_int_equal(demo_font_atlas(&atlas, background), 0);
	cells = atlas.width / DEMO_GLYPH_WIDTH;
	assert_int_equal(atlas.width % DEMO_GLYPH_WIDTH, 0);
	assert_int_equal(atlas.height, DEMO_GLYPH_HEIGHT);
	for (const char *c = "0123456789NOVACTSHEPIMRns"; *c; c++) {
		assert_true(demo_font_cell(*c) > 0);
		assert_true(demo_font_cell(*c) < cells);
	}
	assert_int_equal(demo_font_cell('~'), 0);
	for (uint32_t y = 0; y < atlas.height; y++) {
		const uint32_t *line = atlas.pixels + y * atlas.width;

		for (uint32_t x = 0; x < DEMO_GLYPH_WIDTH; x++) {
			uint32_t one = line[demo_font_cell('1') * DEMO_GLYPH_WIDTH + x];

			assert_int_equal(line[x], background);
			set += one != background;
			differ += one != line[demo_font_cell('2') * DEMO_GLYPH_WIDTH + x];
		}
	}
	assert_int_equal(set, 10 * 4);	/* ten dots of two by two pixels */
	assert_true(differ > 0);
	demo_image_fini(&atlas);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_font),
	};

	return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
