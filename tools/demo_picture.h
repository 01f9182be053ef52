/* SPDX-License-Identifier: MIT */
/* Pictures in the CPU's memory: the sample, the font, PNG files. */
#ifndef DEMO_PICTURE_H
#define DEMO_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#define DEMO_PIXEL(r, g, b)	((uint32_t)(r) | (uint32_t)(g) << 8 | (uint32_t)(b) << 16 | 0xff000000u)

#define DEMO_PICTURE_MIN	64u	/* pixels, each way */
#define DEMO_PICTURE_MAX	2048u

/**
 * struct demo_image - pixels of four bytes, red first
 * @pixels: line after line, malloc()ed
 * @width: pixels in a line
 * @height: lines
 */
struct demo_image {
	uint32_t *pixels;
	uint32_t width;
	uint32_t height;
};

int demo_image_init(struct demo_image *image, uint32_t width, uint32_t height);	/* black */
void demo_image_fini(struct demo_image *image);

/* Fills @error (of @size bytes) with a line for people when the file is no good. */
int demo_image_load(struct demo_image *image, const char *path, char *error, size_t size);
int demo_image_save(const struct demo_image *image, const char *path, char *error, size_t size);

/* The picture that is shown when none is given. */
int demo_picture_sample(struct demo_image *image);

#define DEMO_GLYPH_WIDTH	12u	/* pixels of one cell of the atlas, spacing included */
#define DEMO_GLYPH_HEIGHT	16u

/* The font in one line of cells: bright on @background. */
int demo_font_atlas(struct demo_image *image, uint32_t background);
uint32_t demo_font_cell(char c);	/* a character's cell; unknown ones are blank */

#endif /* DEMO_PICTURE_H */
