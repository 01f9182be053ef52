// SPDX-License-Identifier: MIT
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "demo_scene.h"

#define MARGIN		24u
#define TEXT_TOP	10u
#define BAR		(TEXT_TOP + DEMO_GLYPH_HEIGHT + TEXT_TOP)	/* a line of text */
#define COLUMNS		4u
#define ROWS		3u
#define GAP		10u
#define FRAME		3u

static const uint32_t frame_colours[] = {
	DEMO_PIXEL(0xe0, 0x6c, 0x4f), DEMO_PIXEL(0xe9, 0xb4, 0x4c), DEMO_PIXEL(0x8f, 0xb8, 0x6b),
	DEMO_PIXEL(0x4f, 0xa3, 0xb5), DEMO_PIXEL(0x7d, 0x7f, 0xc9),
};

static struct demo_op *add_op(struct demo_scene *scene)
{
	assert(scene->count < DEMO_OPS_MAX);
	return &scene->ops[scene->count++];
}

static void add_fill(struct demo_scene *scene, uint32_t x, uint32_t y, uint32_t width,
		     uint32_t height, uint32_t colour)
{
	*add_op(scene) = (struct demo_op) {
		.dst_x = x, .dst_y = y, .width = width, .height = height, .colour = colour,
	};
}

static void add_copy(struct demo_scene *scene, enum demo_surface src, uint32_t src_x,
		     uint32_t src_y, uint32_t width, uint32_t height, uint32_t x, uint32_t y)
{
	*add_op(scene) = (struct demo_op) {
		.copy = true, .src = src, .src_x = src_x, .src_y = src_y,
		.dst_x = x, .dst_y = y, .width = width, .height = height,
	};
}

/* Four thin fills around a rectangle. */
static void add_frame(struct demo_scene *scene, uint32_t x, uint32_t y, uint32_t width,
		      uint32_t height, uint32_t colour)
{
	add_fill(scene, x - FRAME, y - FRAME, width + 2 * FRAME, FRAME, colour);
	add_fill(scene, x - FRAME, y + height, width + 2 * FRAME, FRAME, colour);
	add_fill(scene, x - FRAME, y, FRAME, height, colour);
	add_fill(scene, x + width, y, FRAME, height, colour);
}

/* What does not fit in the sheet is left out. */
static void add_text(struct demo_scene *scene, const char *text, uint32_t x, uint32_t y)
{
	for (; *text && x + DEMO_GLYPH_WIDTH <= scene->width; text++, x += DEMO_GLYPH_WIDTH) {
		add_copy(scene, DEMO_ATLAS, demo_font_cell(*text) * DEMO_GLYPH_WIDTH, 0,
			 DEMO_GLYPH_WIDTH, DEMO_GLYPH_HEIGHT, x, y);
	}
}

/* The picture cut in pieces; remainders of the division go to all columns and rows. */
static void add_tiles(struct demo_scene *scene, uint32_t width, uint32_t height, uint32_t left,
		      uint32_t top)
{
	for (uint32_t i = 0; i < COLUMNS * ROWS; i++) {
		uint32_t column = i % COLUMNS, row = i / COLUMNS;
		uint32_t x = column * width / COLUMNS, next_x = (column + 1) * width / COLUMNS;
		uint32_t y = row * height / ROWS, next_y = (row + 1) * height / ROWS;
		uint32_t dst_x = left + x + column * GAP, dst_y = top + y + row * GAP;

		/* A whole rectangle below the piece leaves a frame around it. */
		add_fill(scene, dst_x - FRAME, dst_y - FRAME, next_x - x + 2 * FRAME,
			 next_y - y + 2 * FRAME,
			 frame_colours[i % (sizeof(frame_colours) / sizeof(frame_colours[0]))]);
		add_copy(scene, DEMO_PICTURE, x, y, next_x - x, next_y - y, dst_x, dst_y);
	}
}

void demo_scene_build(struct demo_scene *scene, uint32_t picture_width, uint32_t picture_height,
		      uint64_t time_ns)
{
	uint32_t tiles_height = picture_height + (ROWS - 1) * GAP;
	uint32_t tiles_left = MARGIN + picture_width + MARGIN;
	char text[64];

	scene->count = 0;
	scene->width = tiles_left + picture_width + (COLUMNS - 1) * GAP + MARGIN;
	scene->height = BAR + MARGIN + tiles_height + MARGIN + BAR;
	add_fill(scene, 0, 0, scene->width, scene->height, DEMO_BACKGROUND);
	add_text(scene, "NOVA CONTACT SHEET", MARGIN, TEXT_TOP);
	add_fill(scene, 0, BAR, scene->width, FRAME, frame_colours[0]);
	add_copy(scene, DEMO_PICTURE, 0, 0, picture_width, picture_height, MARGIN,
		 BAR + MARGIN + GAP);
	add_frame(scene, MARGIN, BAR + MARGIN + GAP, picture_width, picture_height,
		  frame_colours[1]);
	add_tiles(scene, picture_width, picture_height, tiles_left, BAR + MARGIN);
	snprintf(text, sizeof(text), "PTIMER %" PRIu64 " ns", time_ns);
	add_fill(scene, 0, scene->height - BAR - FRAME, scene->width, FRAME, frame_colours[0]);
	add_text(scene, text, MARGIN, scene->height - BAR + TEXT_TOP);
}

static void draw_op(const struct demo_op *op, struct demo_image surfaces[DEMO_SURFACES])
{
	const struct demo_image *src = &surfaces[op->src];
	struct demo_image *sheet = &surfaces[DEMO_SHEET];

	for (uint32_t y = 0; y < op->height; y++) {
		uint32_t *to = sheet->pixels + (size_t)(op->dst_y + y) * sheet->width + op->dst_x;

		for (uint32_t x = 0; x < op->width; x++) {
			to[x] = op->copy ?
				src->pixels[(size_t)(op->src_y + y) * src->width + op->src_x + x] :
				op->colour;
		}
	}
}

void demo_scene_draw(const struct demo_scene *scene, struct demo_image surfaces[DEMO_SURFACES])
{
	for (uint32_t i = 0; i < scene->count; i++)
		draw_op(&scene->ops[i], surfaces);
}

void demo_scene_compare(const struct demo_image *reference, const void *pixels, uint32_t pitch,
			struct demo_difference *difference)
{
	*difference = (struct demo_difference) { 0 };
	for (uint32_t y = 0; y < reference->height; y++) {
		const uint32_t *should = reference->pixels + (size_t)y * reference->width;
		const uint32_t *is = (const void *)((const char *)pixels + (size_t)y * pitch);

		if (!memcmp(is, should, reference->width * sizeof(*is)))
			continue;
		for (uint32_t x = 0; x < reference->width; x++) {
			if (is[x] == should[x] || difference->count++)
				continue;
			difference->x = x;
			difference->y = y;
			difference->is = is[x];
			difference->should = should[x];
		}
	}
}
