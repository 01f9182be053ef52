/* SPDX-License-Identifier: MIT */
/*
 * What the 2D engine must draw: a model that makes one pixel at a time and calculates in
 * fractions. It shares nothing with the engine.
 */
#ifndef TWOD_MODEL_H
#define TWOD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORMATS		20

/* Letters and widths from the most significant bits down; what else there is to know by heart. */
struct model_format {
	uint32_t code;
	const char *fields;
	bool color;
};

extern const struct model_format model_formats[FORMATS];
const struct model_format *model_format(uint32_t code);
uint32_t model_bits(uint32_t code);	/* of a pixel */

struct surface {
	uint8_t *bytes;
	uint32_t code;
	bool pitch_layout;
	uint32_t offset, pitch;
	uint32_t width, height;
	uint32_t log_height, log_depth, layer, depth;
};

/* How pixels are mixed, with the values of the methods. */
struct mix {
	uint32_t operation, rop, beta1, beta4;
	uint32_t select, mono_format, mono[2], colors[2], tile[64], offset_x, offset_y;
	bool clip;
	int32_t clip_x, clip_y;
	uint32_t clip_width, clip_height;
};

/* Mixes one pixel, of the format @from, into a surface. */
void model_pixel(const struct surface *s, const struct mix *mix, int64_t x, int64_t y,
		 uint32_t from, uint64_t src);
/*
 * From (p[0], p[1]) to (p[2], p[3]), in A8R8G8B8. The last pixel is not drawn; on ties the bit
 * of the line's octant chooses the lower one.
 */
void model_line(const struct surface *s, const struct mix *mix, const int32_t p[4],
		uint32_t ties, uint32_t color);

struct blit {
	int32_t x, y;
	uint32_t width, height;
	int64_t u, v, du, dv;	/* 32.32 */
	bool corner, bilinear;
};

void model_blit(const struct surface *dst, const struct surface *src, const struct mix *mix,
		const struct blit *blit);

#endif /* TWOD_MODEL_H */
