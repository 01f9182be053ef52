// SPDX-License-Identifier: MIT
/* Push-buffer builder: commands of the 2D engine. */
#include <errno.h>

#include "push.h"
#include "regs/nv_host.h"
#include "regs/nv_twod.h"

#define SIZE_MAX_PIXELS	65536u
#define EDGE_MAX	(1 << 24)
#define VA_END		(1ull << 40)
#define ALIGN_LINEAR	512u
#define STATE_WORDS	(2 * 2)
#define SURFACE_WORDS	(1 + 4 + 1 + 5)
#define FILL_WORDS	(STATE_WORDS + SURFACE_WORDS + 1 + 3 + 1 + 4)
#define BLIT_WORDS	(STATE_WORDS + 2 * SURFACE_WORDS + 2 + 1 + 12)

static bool valid_surface(const struct nova_twod_surface *s)
{
	if (!s || s->va >= VA_END || s->format > 0xff || !s->width || s->width > SIZE_MAX_PIXELS ||
	    !s->height || s->height > SIZE_MAX_PIXELS || s->reserved)
		return false;
	if (s->pitch)
		return !s->block_height;
	return s->va % ALIGN_LINEAR == 0 && s->block_height && s->block_height <= 32 &&
	       !(s->block_height & (s->block_height - 1));
}

static bool valid_rect(const struct nova_twod_rect *rect)
{
	return rect && rect->x >= -EDGE_MAX && rect->x <= EDGE_MAX - (int32_t)SIZE_MAX_PIXELS &&
	       rect->y >= -EDGE_MAX && rect->y <= EDGE_MAX - (int32_t)SIZE_MAX_PIXELS &&
	       rect->width && rect->width <= SIZE_MAX_PIXELS && rect->height &&
	       rect->height <= SIZE_MAX_PIXELS;
}

static void put(struct nova_push *push, uint32_t method, const uint32_t *words, uint32_t count)
{
	nova_push_method(push, NV_SUBCHANNEL_2D, method, words, count);
}

static void put_one(struct nova_push *push, uint32_t method, uint32_t word)
{
	put(push, method, &word, 1);
}

static void put_state(struct nova_push *push)
{
	put_one(push, NV_902D_SET_CLIP_ENABLE, 0);
	put_one(push, NV_902D_SET_OPERATION, NV_902D_OPERATION_SRCCOPY);
}

/* @first is SET_DST_FORMAT or SET_SRC_FORMAT; both have the same methods behind them. */
static void put_surface(struct nova_push *push, uint32_t first, const struct nova_twod_surface *s)
{
	uint32_t log_height = s->block_height ? (uint32_t)__builtin_ctz(s->block_height) : 0;
	const uint32_t layout[] = {
		s->format, s->pitch ? NV_902D_LAYOUT_PITCH : NV_902D_LAYOUT_BLOCKLINEAR,
		NV_PUT(NV_902D_BLOCK_HEIGHT, log_height), 1,
	};
	const uint32_t place[] = {
		s->pitch, s->width, s->height, (uint32_t)(s->va >> 32), (uint32_t)s->va,
	};

	put(push, first, layout, 4);
	put(push, first + (NV_902D_SET_DST_PITCH - NV_902D_SET_DST_FORMAT), place, 5);
}

NOVA_API int nova_push_twod_fill(struct nova_push *push, const struct nova_twod_surface *dst,
				 const struct nova_twod_rect *rect, uint32_t format, uint32_t color)
{
	const uint32_t prim[] = { NV_902D_PRIM_RECTS, format, color };
	uint32_t corners[4];
	int ret;

	if (!valid_surface(dst) || !valid_rect(rect) || format > 0xff)
		return push_fail(push, -EINVAL);
	ret = push_reserve(push, FILL_WORDS);
	if (ret)
		return ret;
	corners[0] = (uint32_t)rect->x;
	corners[1] = (uint32_t)rect->y;
	corners[2] = (uint32_t)rect->x + rect->width;
	corners[3] = (uint32_t)rect->y + rect->height;
	put_surface(push, NV_902D_SET_DST_FORMAT, dst);
	put_state(push);
	put(push, NV_902D_RENDER_SOLID_PRIM_MODE, prim, 3);
	put(push, NV_902D_PRIM_POINT_SET_X(0), corners, 4);
	return nova_push_status(push);
}

/* Source pixels for each one of the destination, 32.32. */
static uint64_t step(uint32_t src, uint32_t dst)
{
	return ((uint64_t)src << 32) / dst;
}

NOVA_API int nova_push_twod_blit(struct nova_push *push, const struct nova_twod_surface *dst,
				 const struct nova_twod_rect *dst_rect,
				 const struct nova_twod_surface *src,
				 const struct nova_twod_rect *src_rect)
{
	uint32_t words[12] = { 0 };
	uint64_t du, dv;
	int ret;

	if (!valid_surface(dst) || !valid_rect(dst_rect) || !valid_surface(src) ||
	    !valid_rect(src_rect))
		return push_fail(push, -EINVAL);
	ret = push_reserve(push, BLIT_WORDS);
	if (ret)
		return ret;
	du = step(src_rect->width, dst_rect->width);
	dv = step(src_rect->height, dst_rect->height);
	words[0] = (uint32_t)dst_rect->x;
	words[1] = (uint32_t)dst_rect->y;
	words[2] = dst_rect->width;
	words[3] = dst_rect->height;
	words[4] = (uint32_t)du;
	words[5] = (uint32_t)(du >> 32);
	words[6] = (uint32_t)dv;
	words[7] = (uint32_t)(dv >> 32);
	words[9] = (uint32_t)src_rect->x;
	words[11] = (uint32_t)src_rect->y;
	put_surface(push, NV_902D_SET_DST_FORMAT, dst);
	put_surface(push, NV_902D_SET_SRC_FORMAT, src);
	put_state(push);
	put_one(push, NV_902D_SET_BLIT_SAMPLE_MODE, 0);		/* centre, nearest */
	put(push, NV_902D_SET_BLIT_DST_X0, words, 12);
	return nova_push_status(push);
}
