// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo_picture.h"

/* --- memory and files ------------------------------------------------------ */

int demo_image_init(struct demo_image *image, uint32_t width, uint32_t height)
{
	image->pixels = calloc((size_t)width * height, sizeof(uint32_t));
	image->width = width;
	image->height = height;
	return image->pixels ? 0 : -ENOMEM;
}

void demo_image_fini(struct demo_image *image)
{
	free(image->pixels);
	image->pixels = NULL;
}

int demo_image_load(struct demo_image *image, const char *path, char *error, size_t size)
{
	png_image png = { .version = PNG_IMAGE_VERSION };
	int ret = -EINVAL;

	if (!png_image_begin_read_from_file(&png, path)) {
		snprintf(error, size, "%s: %s", path, png.message);
		return ret;
	}
	if (png.width < DEMO_PICTURE_MIN || png.height < DEMO_PICTURE_MIN ||
	    png.width > DEMO_PICTURE_MAX || png.height > DEMO_PICTURE_MAX) {
		snprintf(error, size, "%s: %ux%u pixels, must be %u to %u each way", path,
			 png.width, png.height, DEMO_PICTURE_MIN, DEMO_PICTURE_MAX);
		png_image_free(&png);
		return ret;
	}
	png.format = PNG_FORMAT_RGBA;
	ret = demo_image_init(image, png.width, png.height);
	if (ret) {
		snprintf(error, size, "%s: out of memory", path);
		png_image_free(&png);
		return ret;
	}
	if (!png_image_finish_read(&png, NULL, image->pixels, 0, NULL)) {
		snprintf(error, size, "%s: %s", path, png.message);
		demo_image_fini(image);
		return -EINVAL;
	}
	return 0;
}

int demo_image_save(const struct demo_image *image, const char *path, char *error, size_t size)
{
	png_image png = {
		.version = PNG_IMAGE_VERSION,
		.format = PNG_FORMAT_RGBA,
		.width = image->width,
		.height = image->height,
	};

	if (png_image_write_to_file(&png, path, 0, image->pixels, 0, NULL))
		return 0;
	snprintf(error, size, "%s: %s", path, png.message);
	return -EIO;
}

/* --- font: 5 by 7 dots, a byte per line, the leftmost dot is bit 4 ----------- */

static const struct {
	char c;
	unsigned char rows[7];
} font[] = {
	{ ' ', { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } },
	{ '0', { 0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e } },
	{ '1', { 0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e } },
	{ '2', { 0x0e, 0x11, 0x01, 0x06, 0x08, 0x10, 0x1f } },
	{ '3', { 0x0e, 0x11, 0x01, 0x06, 0x01, 0x11, 0x0e } },
	{ '4', { 0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02 } },
	{ '5', { 0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e } },
	{ '6', { 0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e } },
	{ '7', { 0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08 } },
	{ '8', { 0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e } },
	{ '9', { 0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c } },
	{ 'A', { 0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11 } },
	{ 'C', { 0x0e, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0e } },
	{ 'E', { 0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f } },
	{ 'H', { 0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11 } },
	{ 'I', { 0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e } },
	{ 'M', { 0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11 } },
	{ 'N', { 0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11 } },
	{ 'O', { 0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e } },
	{ 'P', { 0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10 } },
	{ 'R', { 0x1e, 0x11, 0x11, 0x1e, 0x14, 0x12, 0x11 } },
	{ 'S', { 0x0f, 0x10, 0x10, 0x0e, 0x01, 0x01, 0x1e } },
	{ 'T', { 0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04 } },
	{ 'V', { 0x11, 0x11, 0x11, 0x11, 0x11, 0x0a, 0x04 } },
	{ 'a', { 0x00, 0x00, 0x0e, 0x01, 0x0f, 0x11, 0x0f } },
	{ 'n', { 0x00, 0x00, 0x1e, 0x11, 0x11, 0x11, 0x11 } },
	{ 'o', { 0x00, 0x00, 0x0e, 0x11, 0x11, 0x11, 0x0e } },
	{ 's', { 0x00, 0x00, 0x0f, 0x10, 0x0e, 0x01, 0x1e } },
	{ 'v', { 0x00, 0x00, 0x11, 0x11, 0x11, 0x0a, 0x04 } },
};

#define GLYPHS		(sizeof(font) / sizeof(font[0]))
#define GLYPH_DOTS_X	5u
#define GLYPH_DOTS_Y	7u
#define ATLAS_DOT	2u	/* pixels of a dot in the atlas */

uint32_t demo_font_cell(char c)
{
	for (uint32_t i = 0; i < GLYPHS; i++) {
		if (font[i].c == c)
			return i;
	}
	return 0;
}

static int glyph_dot(uint32_t cell, uint32_t x, uint32_t y)
{
	return x < GLYPH_DOTS_X && y < GLYPH_DOTS_Y &&
	       font[cell].rows[y] >> (GLYPH_DOTS_X - 1 - x) & 1;
}

int demo_font_atlas(struct demo_image *image, uint32_t background)
{
	int ret = demo_image_init(image, GLYPHS * DEMO_GLYPH_WIDTH, DEMO_GLYPH_HEIGHT);

	if (ret)
		return ret;
	for (uint32_t y = 0; y < image->height; y++) {
		for (uint32_t x = 0; x < image->width; x++) {
			uint32_t cell = x / DEMO_GLYPH_WIDTH;
			uint32_t dot_x = x % DEMO_GLYPH_WIDTH / ATLAS_DOT;

			image->pixels[y * image->width + x] =
				glyph_dot(cell, dot_x, y / ATLAS_DOT) ?
				DEMO_PIXEL(0xf4, 0xe9, 0xcd) : background;
		}
	}
	return 0;
}

/* --- the sample: an exploding star over a night sky, and its name ------------- */

#define SAMPLE_WIDTH	512u
#define SAMPLE_HEIGHT	384u
#define LETTER_DOT	14u	/* pixels of a dot of the name */

struct colour {
	double r, g, b;
};

static uint32_t hash(uint32_t x, uint32_t y)
{
	uint32_t h = x * 0x9e3779b1u ^ y * 0x85ebca77u;

	h ^= h >> 15;
	h *= 0x2c1b3c6du;
	h ^= h >> 13;
	return h;
}

static void add(struct colour *c, double amount, double r, double g, double b)
{
	c->r += amount * r;
	c->g += amount * g;
	c->b += amount * b;
}

static uint32_t to_byte(double value)
{
	return value <= 0 ? 0 : value >= 1 ? 255 : (uint32_t)(value * 255 + 0.5);
}

static struct colour sky(uint32_t x, uint32_t y)
{
	double u = (double)x / SAMPLE_WIDTH, v = (double)y / SAMPLE_HEIGHT;
	double cloud = sin(5 * u + 3 * sin(4 * v)) * sin(6 * v + 2 * sin(5 * u + 1));
	struct colour c = { 0.03 + 0.10 * v, 0.03 + 0.05 * v, 0.10 + 0.17 * v };

	add(&c, fmax(cloud, 0) * 0.25, 0.55, 0.15, 0.75);
	add(&c, fmax(-cloud, 0) * 0.18, 0.05, 0.45, 0.60);
	if (hash(x, y) % 600 == 0)
		add(&c, 0.4 + (hash(y, x) % 60) / 100.0, 1, 0.95, 0.85);
	return c;
}

static void star(struct colour *c, uint32_t x, uint32_t y)
{
	double dx = x - 0.66 * SAMPLE_WIDTH, dy = y - 0.40 * SAMPLE_HEIGHT;
	double r = sqrt(dx * dx + dy * dy), angle = atan2(dy, dx);
	double ring = pow(fabs(cos(r * 0.085)), 14) * exp(-r / 90);
	double rays = pow(fabs(cos(3 * angle + 0.4)), 40) * exp(-r / 70);

	add(c, exp(-r / 14) * 2.2, 1, 0.97, 0.9);
	add(c, exp(-r / 60) * 0.9, 1, 0.55, 0.2);
	add(c, ring * 1.1, 0.95, 0.35, 0.45);
	add(c, rays * 0.8, 0.75, 0.85, 1);
}

static void name(struct colour *c, uint32_t x, uint32_t y)
{
	static const char letters[] = "nova";
	const uint32_t left = 36, top = SAMPLE_HEIGHT - 36 - GLYPH_DOTS_Y * LETTER_DOT;
	uint32_t dot_x, dot_y;

	if (x < left || y < top)
		return;
	dot_x = (x - left) / LETTER_DOT;
	dot_y = (y - top) / LETTER_DOT;
	if (dot_x / (GLYPH_DOTS_X + 1) >= strlen(letters) || dot_y >= GLYPH_DOTS_Y)
		return;
	if (glyph_dot(demo_font_cell(letters[dot_x / (GLYPH_DOTS_X + 1)]),
		      dot_x % (GLYPH_DOTS_X + 1), dot_y)) {
		c->r = 0.98;
		c->g = 0.93 - 0.06 * dot_y;
		c->b = 0.80 - 0.09 * dot_y;
	}
}

int demo_picture_sample(struct demo_image *image)
{
	int ret = demo_image_init(image, SAMPLE_WIDTH, SAMPLE_HEIGHT);

	if (ret)
		return ret;
	for (uint32_t y = 0; y < SAMPLE_HEIGHT; y++) {
		for (uint32_t x = 0; x < SAMPLE_WIDTH; x++) {
			struct colour c = sky(x, y);

			star(&c, x, y);
			name(&c, x, y);
			image->pixels[y * SAMPLE_WIDTH + x] =
				DEMO_PIXEL(to_byte(c.r), to_byte(c.g), to_byte(c.b));
		}
	}
	return 0;
}
