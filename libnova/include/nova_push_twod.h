/* SPDX-License-Identifier: MIT */
#ifndef NOVA_PUSH_TWOD_H
#define NOVA_PUSH_TWOD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Commands of the 2D engine, for queues on an engine of type NOVA_ENGINE_GRAPHICS. Each one is
 * complete before the next method of the queue; none depends on the commands before it. See nova.h.
 */

struct nova_push;

/* Some formats, components from the most significant bits down; class 902D has more. */
#define NOVA_TWOD_A2B10G10R10	0xd1
#define NOVA_TWOD_A8B8G8R8	0xd5
#define NOVA_TWOD_A8R8G8B8	0xcf
#define NOVA_TWOD_R5G6B5	0xe8
#define NOVA_TWOD_X8R8G8B8	0xe6
#define NOVA_TWOD_Y8		0xf3

/**
 * struct nova_twod_surface - pixels in memory
 * @va: of the first pixel, below 2^40; multiple of 512 if it is block-linear
 * @format: NOVA_TWOD_* or another one of the class
 * @width: pixels in a line, 1 to 65536
 * @height: lines, 1 to 65536
 * @pitch: bytes from one line to the next, or 0 for block-linear
 * @block_height: of a block-linear one, GOBs in a block: 1, 2, 4, 8, 16 or 32; else 0
 * @reserved: 0
 */
struct nova_twod_surface {
	uint64_t va;
	uint32_t format;
	uint32_t width;
	uint32_t height;
	uint32_t pitch;
	uint32_t block_height;
	uint32_t reserved;
};

/**
 * struct nova_twod_rect - a rectangle of pixels; what is outside of the surface is left out
 * @x: left edge, between -2^24 and 2^24 - 65536
 * @y: top edge, ditto
 * @width: not 0, at most 65536
 * @height: not 0, at most 65536
 */
struct nova_twod_rect {
	int32_t x;
	int32_t y;
	uint32_t width;
	uint32_t height;
};

/**
 * nova_push_twod_fill() - fill a rectangle with a colour
 * @push: the push buffer
 * @dst: where
 * @rect: which part of it
 * @format: of @color, with up to 32 bits; it is converted
 * @color: a pixel of that format
 */
int nova_push_twod_fill(struct nova_push *push, const struct nova_twod_surface *dst,
			const struct nova_twod_rect *rect, uint32_t format, uint32_t color);

/**
 * nova_push_twod_blit() - copy a rectangle, convert and scale it
 * @push: the push buffer
 * @dst: where to
 * @dst_rect: which part of it
 * @src: where from
 * @src_rect: which part of it; of another size than @dst_rect, the nearest pixels are taken
 */
int nova_push_twod_blit(struct nova_push *push, const struct nova_twod_surface *dst,
			const struct nova_twod_rect *dst_rect,
			const struct nova_twod_surface *src,
			const struct nova_twod_rect *src_rect);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_PUSH_TWOD_H */
