// SPDX-License-Identifier: MIT
/* 2D engine: methods, what they may be set to, and which of them draw. */
#include <string.h>

#include "emu_twod.h"
#include "regs/nv_twod.h"

#define COORDINATE_MAX		(1 << 24)	/* of a vertex, either sign */
#define UPLOAD_MAX		65536u
#define ANY			0xffffffffu

/**
 * struct rule - methods, and what may be written to them
 * @first: method
 * @last: and up to which
 * @mask: bits that exist
 * @max: largest value
 * @supported: largest value that is emulated
 */
struct rule {
	uint16_t first, last;
	uint32_t mask, max, supported;
};

/* In their order. What is not here the engine does not have. */
static const struct rule rules[] = {
	{ NV_902D_NO_OPERATION, NV_902D_NO_OPERATION, ANY, ANY, ANY },
	{ NV_902D_WAIT_FOR_IDLE, NV_902D_WAIT_FOR_IDLE, ANY, ANY, ANY },
	{ NV_902D_SET_DST_FORMAT, NV_902D_SET_DST_FORMAT, 0xff, ANY, ANY },
	{ NV_902D_SET_DST_MEMORY_LAYOUT, NV_902D_SET_DST_MEMORY_LAYOUT, 1, ANY, ANY },
	{ NV_902D_SET_DST_BLOCK_SIZE, NV_902D_SET_DST_BLOCK_SIZE,
	  NV_902D_BLOCK_HEIGHT | NV_902D_BLOCK_DEPTH, ANY, ANY },
	{ NV_902D_SET_DST_DEPTH, NV_902D_SET_DST_HEIGHT, ANY, ANY, ANY },
	{ NV_902D_SET_DST_OFFSET_UPPER, NV_902D_SET_DST_OFFSET_UPPER, NV_902D_OFFSET_UPPER,
	  ANY, ANY },
	{ NV_902D_SET_DST_OFFSET_LOWER, NV_902D_SET_DST_OFFSET_LOWER, ANY, ANY, ANY },
	{ NV_902D_FLUSH_ROP_MINI_CACHE, NV_902D_FLUSH_ROP_MINI_CACHE, 1, ANY, ANY },
	{ NV_902D_SET_SRC_FORMAT, NV_902D_SET_SRC_FORMAT, 0xff, ANY, ANY },
	{ NV_902D_SET_SRC_MEMORY_LAYOUT, NV_902D_SET_SRC_MEMORY_LAYOUT, 1, ANY, ANY },
	{ NV_902D_SET_SRC_BLOCK_SIZE, NV_902D_SET_SRC_BLOCK_SIZE,
	  NV_902D_BLOCK_HEIGHT | NV_902D_BLOCK_DEPTH, ANY, ANY },
	{ NV_902D_SET_SRC_DEPTH, NV_902D_SET_SRC_DEPTH, ANY, ANY, ANY },
	{ NV_902D_INVALIDATE_TEXTURE_CACHE, NV_902D_INVALIDATE_TEXTURE_CACHE, 3, 2, ANY },
	{ NV_902D_SET_SRC_PITCH, NV_902D_SET_SRC_HEIGHT, ANY, ANY, ANY },
	{ NV_902D_SET_SRC_OFFSET_UPPER, NV_902D_SET_SRC_OFFSET_UPPER, NV_902D_OFFSET_UPPER,
	  ANY, ANY },
	{ NV_902D_SET_SRC_OFFSET_LOWER, NV_902D_SET_SRC_OFFSET_LOWER, ANY, ANY, ANY },
	{ NV_902D_SET_SECTOR_PROMOTION, NV_902D_SET_SECTOR_PROMOTION, 3, ANY, ANY },
	{ NV_902D_SET_NUM_PROCESSING_CLUSTERS, NV_902D_SET_NUM_PROCESSING_CLUSTERS, 1, ANY, ANY },
	{ NV_902D_SET_RENDER_ENABLE_A, NV_902D_SET_RENDER_ENABLE_A, 0xff, ANY, ANY },
	{ NV_902D_SET_RENDER_ENABLE_B, NV_902D_SET_RENDER_ENABLE_B, ANY, ANY, ANY },
	{ NV_902D_SET_RENDER_ENABLE_C, NV_902D_SET_RENDER_ENABLE_C, 7, 4, 1 },
	{ NV_902D_SET_CLIP_X0, NV_902D_SET_CLIP_HEIGHT, ANY, ANY, ANY },
	{ NV_902D_SET_CLIP_ENABLE, NV_902D_SET_CLIP_ENABLE, 1, ANY, ANY },
	{ NV_902D_SET_COLOR_KEY_FORMAT, NV_902D_SET_COLOR_KEY_FORMAT, 7, 6, ANY },
	{ NV_902D_SET_COLOR_KEY, NV_902D_SET_COLOR_KEY, ANY, ANY, ANY },
	{ NV_902D_SET_COLOR_KEY_ENABLE, NV_902D_SET_COLOR_KEY_ENABLE, 1, ANY, 0 },
	{ NV_902D_SET_ROP, NV_902D_SET_ROP, 0xff, ANY, ANY },
	{ NV_902D_SET_BETA1, NV_902D_SET_BETA4, ANY, ANY, ANY },
	{ NV_902D_SET_OPERATION, NV_902D_SET_OPERATION, 7, 6, ANY },
	{ NV_902D_SET_PATTERN_OFFSET, NV_902D_SET_PATTERN_OFFSET,
	  NV_902D_PATTERN_OFFSET_X | NV_902D_PATTERN_OFFSET_Y, ANY, ANY },
	{ NV_902D_SET_PATTERN_SELECT, NV_902D_SET_PATTERN_SELECT, 3, ANY, ANY },
	{ NV_902D_SET_RENDER_TO_ZETA, NV_902D_SET_RENDER_TO_ZETA, 1, ANY, 0 },
	{ NV_902D_SET_COMPRESSION, NV_902D_SET_COMPRESSION, 1, ANY, 0 },
	{ NV_902D_SET_RENDER_ENABLE_OVERRIDE, NV_902D_SET_RENDER_ENABLE_OVERRIDE, 3, 2, ANY },
	{ NV_902D_SET_PIXELS_DIRECTION, NV_902D_SET_PIXELS_DIRECTION,
	  NV_902D_DIRECTION_HORIZONTAL | NV_902D_DIRECTION_VERTICAL, 0x22, ANY },
	{ NV_902D_SET_MONO_COLOR_FORMAT, NV_902D_SET_MONO_COLOR_FORMAT, 7, 6, ANY },
	{ NV_902D_SET_MONO_FORMAT, NV_902D_SET_MONO_FORMAT, 1, ANY, ANY },
	{ NV_902D_SET_MONO_COLOR0, NV_902D_COLOR_PATTERN(63), ANY, ANY, ANY },
	{ NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_RENDER_SOLID_PRIM_MODE, 7, 4, ANY },
	{ NV_902D_SET_PRIM_COLOR_FORMAT, NV_902D_SET_PRIM_COLOR_FORMAT, 0xff, ANY, ANY },
	{ NV_902D_SET_PRIM_COLOR, NV_902D_SET_PRIM_COLOR, ANY, ANY, ANY },
	{ NV_902D_SET_LINE_TIE_BREAK_BITS, NV_902D_SET_LINE_TIE_BREAK_BITS, 0x1111, ANY, ANY },
	{ NV_902D_PRIM_POINT_X_Y, NV_902D_PRIM_POINT_X_Y, ANY, ANY, ANY },
	{ NV_902D_PRIM_POINT_SET_X(0), NV_902D_PRIM_POINT_Y(63), ANY, ANY, ANY },
	{ NV_902D_SET_CPU_DATA_TYPE, NV_902D_SET_CPU_DATA_TYPE, 1, ANY, ANY },
	{ NV_902D_SET_CPU_COLOR_FORMAT, NV_902D_SET_CPU_COLOR_FORMAT, 0xff, ANY, ANY },
	{ NV_902D_SET_CPU_INDEX_FORMAT, NV_902D_SET_CPU_INDEX_FORMAT, 3, 2, NV_902D_CPU_INDEX_I1 },
	{ NV_902D_SET_CPU_MONO_FORMAT, NV_902D_SET_CPU_MONO_FORMAT, 1, ANY, ANY },
	{ NV_902D_SET_CPU_WRAP, NV_902D_SET_CPU_WRAP, 3, 2, ANY },
	{ NV_902D_SET_CPU_COLOR0, NV_902D_SET_CPU_COLOR1, ANY, ANY, ANY },
	{ NV_902D_SET_CPU_MONO_OPACITY, NV_902D_SET_CPU_MONO_OPACITY, 1, ANY, ANY },
	{ NV_902D_SET_CPU_SRC_WIDTH, NV_902D_SET_CPU_SRC_HEIGHT, ANY, UPLOAD_MAX, ANY },
	{ NV_902D_SET_CPU_DX_DU_FRAC, NV_902D_CPU_DATA, ANY, ANY, ANY },
	{ NV_902D_SET_BLIT_BLOCK_SHAPE, NV_902D_SET_BLIT_BLOCK_SHAPE, 7, 2, ANY },
	{ NV_902D_SET_BLIT_CORRAL_SIZE, NV_902D_SET_BLIT_CORRAL_SIZE, 0x3ff, ANY, ANY },
	{ NV_902D_SET_BLIT_SAFE_OVERLAP, NV_902D_SET_BLIT_SAFE_OVERLAP, 1, ANY, ANY },
	{ NV_902D_SET_BLIT_SAMPLE_MODE, NV_902D_SET_BLIT_SAMPLE_MODE,
	  NV_902D_SAMPLE_CORNER | NV_902D_SAMPLE_BILINEAR, ANY, ANY },
	{ NV_902D_SET_BLIT_DST_X0, NV_902D_BLIT_SRC_Y0_INT, ANY, ANY, ANY },
};

static uint32_t *reg(struct emu_twod *twod, uint32_t method)
{
	return &twod->method[method / 4];
}

void emu_twod_init(struct emu_twod *twod, struct emu *emu, const struct emu_mmu_ctx *ctx)
{
	memset(twod, 0, sizeof(*twod));
	twod->emu = emu;
	twod->ctx = ctx;
	*reg(twod, NV_902D_SET_RENDER_ENABLE_C) = 1;
}

static enum emu_twod_result fail(struct emu_twod *twod, uint32_t error)
{
	twod->job.active = false;
	twod->exception = error;
	return error <= NV_902D_ERROR_UNSUPPORTED ? EMU_TWOD_CLASS_ERROR : EMU_TWOD_ERROR;
}

/* May it be written? 0 or NV_902D_ERROR_*. */
static uint32_t check(uint32_t method, uint32_t data)
{
	const struct rule *rule = NULL;
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(*rules) && rules[i].first <= method; i++)
		rule = &rules[i];
	if (method % 4 || !rule || method > rule->last)
		return NV_902D_ERROR_ILLEGAL_METHOD;
	if ((data & ~rule->mask) || data > rule->max)
		return NV_902D_ERROR_INVALID_VALUE;
	if (method == NV_902D_SET_PIXELS_DIRECTION &&
	    NV_GET(NV_902D_DIRECTION_HORIZONTAL, data) > 2)
		return NV_902D_ERROR_INVALID_VALUE;
	if (data > rule->supported ||
	    (method == NV_902D_RENDER_SOLID_PRIM_MODE && data == NV_902D_PRIM_TRIANGLES))
		return NV_902D_ERROR_UNSUPPORTED;
	return 0;
}

/* Lines between such points can be calculated with. */
static bool valid_point(int32_t x, int32_t y)
{
	return x >= -COORDINATE_MAX && x <= COORDINATE_MAX && y >= -COORDINATE_MAX &&
	       y <= COORDINATE_MAX;
}

void emu_twod_restore(struct emu_twod *twod, const uint32_t *method,
		      const struct emu_twod_progress *progress)
{
	uint32_t i;

	for (i = 0; i < EMU_TWOD_METHODS; i++)
		if (!check(i * 4, method[i]))
			twod->method[i] = method[i];
	twod->progress = *progress;
	if (!valid_point(progress->x, progress->y))
		twod->progress.vertices = 0;
}

static bool render_disabled(struct emu_twod *twod)
{
	switch (*reg(twod, NV_902D_SET_RENDER_ENABLE_OVERRIDE)) {
	case NV_902D_RENDER_ENABLE_ALWAYS:
		return false;
	case NV_902D_RENDER_ENABLE_NEVER:
		return true;
	default:
		return !*reg(twod, NV_902D_SET_RENDER_ENABLE_C);
	}
}

static enum emu_twod_result started(struct emu_twod *twod, uint32_t error)
{
	if (error)
		return fail(twod, error);
	return twod->job.active ? EMU_TWOD_BUSY : EMU_TWOD_DONE;
}

/* --- primitives --- */

static enum emu_twod_result draw_line(struct emu_twod *twod, int32_t x, int32_t y)
{
	struct emu_twod_progress *progress = &twod->progress;
	int32_t from_x = progress->x, from_y = progress->y;

	progress->x = x;
	progress->y = y;
	progress->vertices = *reg(twod, NV_902D_RENDER_SOLID_PRIM_MODE) == NV_902D_PRIM_POLYLINE;
	if (render_disabled(twod))
		return EMU_TWOD_DONE;
	return started(twod, emu_twod_setup_line(twod, from_x, from_y, x, y));
}

static enum emu_twod_result vertex(struct emu_twod *twod, int32_t x, int32_t y)
{
	struct emu_twod_progress *progress = &twod->progress;
	uint32_t mode = *reg(twod, NV_902D_RENDER_SOLID_PRIM_MODE);

	if (!valid_point(x, y))
		return fail(twod, NV_902D_ERROR_INVALID_VALUE);
	if (mode == NV_902D_PRIM_POINTS) {
		progress->vertices = 0;
		if (render_disabled(twod))
			return EMU_TWOD_DONE;
		return started(twod, emu_twod_setup_rect(twod, x, y, x + 1, y + 1));
	}
	if (!progress->vertices) {
		progress->vertices = 1;
		progress->x = x;
		progress->y = y;
		return EMU_TWOD_DONE;
	}
	if (mode != NV_902D_PRIM_RECTS)
		return draw_line(twod, x, y);
	progress->vertices = 0;
	if (render_disabled(twod))
		return EMU_TWOD_DONE;
	return started(twod, emu_twod_setup_rect(twod, progress->x, progress->y, x, y));
}

/* --- pixels from the CPU --- */

static enum emu_twod_result begin_upload(struct emu_twod *twod)
{
	uint32_t error = render_disabled(twod) ? 0 : emu_twod_setup_upload(twod);

	if (error)
		return fail(twod, error);
	twod->progress.upload = *reg(twod, NV_902D_SET_CPU_SRC_WIDTH) &&
				*reg(twod, NV_902D_SET_CPU_SRC_HEIGHT);
	twod->progress.upload_x = 0;
	twod->progress.upload_y = 0;
	return EMU_TWOD_DONE;
}

/* The pixel at bit @bit of @data; whether it is to be left out. */
static bool upload_pixel(struct emu_twod *twod, uint32_t data, uint32_t bit, uint32_t bits,
			 uint64_t *pixel)
{
	bool one;

	if (*reg(twod, NV_902D_SET_CPU_DATA_TYPE) == NV_902D_CPU_COLOR) {
		*pixel = bits == 32 ? data : data >> bit & ((1u << bits) - 1);
		return false;
	}
	if (*reg(twod, NV_902D_SET_CPU_MONO_FORMAT) == NV_902D_MONO_CGA6)
		bit ^= 7;
	one = data >> bit & 1;
	*pixel = *reg(twod, one ? NV_902D_SET_CPU_COLOR1 : NV_902D_SET_CPU_COLOR0);
	return !one && !*reg(twod, NV_902D_SET_CPU_MONO_OPACITY);
}

/* What is in @data from bit @bit on and in the same row; moves on in both. */
static int upload_run(struct emu_twod *twod, uint32_t data, uint32_t bits, uint32_t *bit,
		      bool draw)
{
	struct emu_twod_progress *progress = &twod->progress;
	uint32_t left = *reg(twod, NV_902D_SET_CPU_SRC_WIDTH) - progress->upload_x;
	uint32_t count = (32 - *bit) / bits < left ? (32 - *bit) / bits : left, i;
	int64_t x = (int64_t)(int32_t)*reg(twod, NV_902D_SET_CPU_DST_X0_INT) + progress->upload_x;
	int64_t y = (int64_t)(int32_t)*reg(twod, NV_902D_SET_CPU_DST_Y0_INT) + progress->upload_y;
	uint64_t pixels[32];
	bool skip[32];

	for (i = 0; i < count; i++)
		skip[i] = upload_pixel(twod, data, *bit + i * bits, bits, &pixels[i]);
	if (draw && emu_twod_put(twod, x, y, pixels, skip, count))
		return -1;
	*bit += count * bits;
	progress->upload_x += count;
	if (count < left)
		return 0;
	progress->upload_x = 0;
	if (++progress->upload_y == *reg(twod, NV_902D_SET_CPU_SRC_HEIGHT))
		progress->upload = 0;
	if (*reg(twod, NV_902D_SET_CPU_WRAP) == NV_902D_CPU_WRAP_BYTE)
		*bit = (*bit + 7) & ~7u;
	else if (*reg(twod, NV_902D_SET_CPU_WRAP) == NV_902D_CPU_WRAP_DWORD)
		*bit = 32;
	return 0;
}

/* Bits of a pixel in the data; 32 if there is no such format, which nothing is drawn with. */
static uint32_t upload_bits(struct emu_twod *twod)
{
	const struct emu_twod_format *format;
	bool known;

	if (*reg(twod, NV_902D_SET_CPU_DATA_TYPE) != NV_902D_CPU_COLOR)
		return 1;
	format = emu_twod_format(*reg(twod, NV_902D_SET_CPU_COLOR_FORMAT), &known);
	return format && format->color ? format->bytes * 8 : 32;
}

static enum emu_twod_result upload(struct emu_twod *twod, uint32_t data)
{
	struct emu_twod_progress *progress = &twod->progress;
	bool draw = !render_disabled(twod);
	uint32_t bit = 0, bits, error;
	int ret = 0;

	/* The size may have changed since it began. */
	if (!progress->upload || progress->upload_x >= *reg(twod, NV_902D_SET_CPU_SRC_WIDTH) ||
	    progress->upload_y >= *reg(twod, NV_902D_SET_CPU_SRC_HEIGHT))
		return fail(twod, NV_902D_ERROR_INVALID_STATE);
	error = draw ? emu_twod_setup_upload(twod) : 0;
	if (error)
		return fail(twod, error);
	bits = upload_bits(twod);
	emu_mmu_begin(twod->emu, twod->ctx);
	while (!ret && progress->upload && bit < 32)
		ret = upload_run(twod, data, bits, &bit, draw);
	emu_mmu_end(twod->emu, twod->ctx);
	return ret ? EMU_TWOD_FAULT : EMU_TWOD_DONE;
}

/* --- methods --- */

enum emu_twod_result emu_twod_step(struct emu_twod *twod)
{
	if (emu_twod_draw(twod)) {
		twod->job.active = false;
		return EMU_TWOD_FAULT;
	}
	return twod->job.active ? EMU_TWOD_BUSY : EMU_TWOD_DONE;
}

enum emu_twod_result emu_twod_method(struct emu_twod *twod, uint32_t method, uint32_t data)
{
	uint32_t error = check(method, data);

	if (error)
		return fail(twod, error);
	*reg(twod, method) = data;
	switch (method) {
	case NV_902D_RENDER_SOLID_PRIM_MODE:
		twod->progress.vertices = 0;
		return EMU_TWOD_DONE;
	case NV_902D_PRIM_POINT_X_Y:
		return vertex(twod, (int16_t)NV_GET(NV_902D_POINT_X, data),
			      (int16_t)NV_GET(NV_902D_POINT_Y, data));
	case NV_902D_PRIM_POINT_SET_X(0) ... NV_902D_PRIM_POINT_Y(63):
		if (!(method & 4))
			return EMU_TWOD_DONE;
		return vertex(twod, (int32_t)*reg(twod, method - 4), (int32_t)data);
	case NV_902D_SET_CPU_DST_Y0_INT:
		return begin_upload(twod);
	case NV_902D_CPU_DATA:
		return upload(twod, data);
	case NV_902D_BLIT_SRC_Y0_INT:
		if (render_disabled(twod))
			return EMU_TWOD_DONE;
		return started(twod, emu_twod_setup_blit(twod));
	default:
		return EMU_TWOD_DONE;
	}
}
