/* SPDX-License-Identifier: MIT */
/*
 * The contact sheet as a list of fills and copies. The same list goes to the
 * GPU and, drawn with plain C, makes the reference its picture is compared with.
 */
#ifndef DEMO_SCENE_H
#define DEMO_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "demo_picture.h"

enum demo_surface { DEMO_PICTURE, DEMO_ATLAS, DEMO_SHEET, DEMO_SURFACES };

#define DEMO_OPS_MAX	192u
#define DEMO_BACKGROUND	DEMO_PIXEL(0x16, 0x18, 0x1f)	/* of the sheet and of the font */

/**
 * struct demo_op - one rectangle of the sheet
 * @copy: copied from @src; otherwise filled with @colour
 * @src: surface copied from
 * @src_x: left
 * @src_y: top
 * @dst_x: left, in the sheet
 * @dst_y: top, in the sheet
 * @width: pixels
 * @height: lines
 * @colour: of a fill
 */
struct demo_op {
	bool copy;
	enum demo_surface src;
	uint32_t src_x;
	uint32_t src_y;
	uint32_t dst_x;
	uint32_t dst_y;
	uint32_t width;
	uint32_t height;
	uint32_t colour;
};

/**
 * struct demo_scene - the sheet
 * @width: of the sheet, in pixels
 * @height: of the sheet
 * @count: operations
 * @ops: in order; later ones draw over earlier ones
 */
struct demo_scene {
	uint32_t width;
	uint32_t height;
	uint32_t count;
	struct demo_op ops[DEMO_OPS_MAX];
};

/* The sheet for a picture of this size, with the time written on it. */
void demo_scene_build(struct demo_scene *scene, uint32_t picture_width, uint32_t picture_height,
		      uint64_t time_ns);

/* Draws by the CPU; surfaces[DEMO_SHEET] has the scene's size. */
void demo_scene_draw(const struct demo_scene *scene, struct demo_image surfaces[DEMO_SURFACES]);

/**
 * struct demo_difference - how a picture differs from its reference
 * @count: pixels that differ
 * @x: first of them
 * @y: first of them
 * @is: what it is
 * @should: what it should be
 */
struct demo_difference {
	uint64_t count;
	uint32_t x;
	uint32_t y;
	uint32_t is;
	uint32_t should;
};

/* @pixels has lines of @pitch bytes and the size of @reference. */
void demo_scene_compare(const struct demo_image *reference, const void *pixels, uint32_t pitch,
			struct demo_difference *difference);

#endif /* DEMO_SCENE_H */
