// SPDX-License-Identifier: MIT
/* 2D engine: what is to be drawn, from the state of the methods, and whether it can be. */
#include <string.h>

#include "emu_twod.h"
#include "regs/nv_twod.h"

#define SURFACE_MAX		65536u	/* width and height, in pixels */
#define HALF			(1ull << 31)	/* in 32.32 */

static uint32_t reg(const struct emu_twod *twod, uint32_t method)
{
	return twod->method[method / 4];
}

static int64_t signed_reg(const struct emu_twod *twod, uint32_t method)
{
	return (int32_t)reg(twod, method);
}

static uint64_t fixed_reg(const struct emu_twod *twod, uint32_t frac)
{
	return (uint64_t)reg(twod, frac + 4) << 32 | reg(twod, frac);
}

/* --- surfaces --- */

/* The methods of one surface; a source has no layers. */
struct side {
	uint32_t format, layout, block, depth, layer, pitch, width, height, upper, lower;
};

static const struct side dst_side = {
	NV_902D_SET_DST_FORMAT, NV_902D_SET_DST_MEMORY_LAYOUT, NV_902D_SET_DST_BLOCK_SIZE,
	NV_902D_SET_DST_DEPTH, NV_902D_SET_DST_LAYER, NV_902D_SET_DST_PITCH,
	NV_902D_SET_DST_WIDTH, NV_902D_SET_DST_HEIGHT, NV_902D_SET_DST_OFFSET_UPPER,
	NV_902D_SET_DST_OFFSET_LOWER,
};

static const struct side src_side = {
	NV_902D_SET_SRC_FORMAT, NV_902D_SET_SRC_MEMORY_LAYOUT, NV_902D_SET_SRC_BLOCK_SIZE,
	NV_902D_SET_SRC_DEPTH, 0, NV_902D_SET_SRC_PITCH,
	NV_902D_SET_SRC_WIDTH, NV_902D_SET_SRC_HEIGHT, NV_902D_SET_SRC_OFFSET_UPPER,
	NV_902D_SET_SRC_OFFSET_LOWER,
};

static uint32_t setup_format(uint32_t code, const struct emu_twod_format **format)
{
	bool known;

	*format = emu_twod_format(code, &known);
	if (*format)
		return 0;
	return known ? NV_902D_ERROR_UNSUPPORTED : NV_902D_ERROR_INVALID_FORMAT;
}

static uint32_t setup_color_format(uint32_t code, const struct emu_twod_format **format)
{
	uint32_t error = setup_format(code, format);

	return error || (*format)->color ? error : NV_902D_ERROR_INVALID_FORMAT;
}

static uint32_t setup_block_linear(const struct emu_twod *twod, const struct side *side,
				   struct emu_ce_surface *layout)
{
	uint32_t block = reg(twod, side->block);

	layout->log_height = NV_GET(NV_902D_BLOCK_HEIGHT, block);
	layout->log_depth = NV_GET(NV_902D_BLOCK_DEPTH, block);
	if (layout->log_height > EMU_CE_BLOCK_LOG_MAX || layout->log_depth > EMU_CE_BLOCK_LOG_MAX)
		return NV_902D_ERROR_INVALID_VALUE;
	if (layout->base % EMU_CE_BLOCK_ALIGN)
		return NV_902D_ERROR_INVALID_ALIGNMENT;
	layout->layer = side->layer ? reg(twod, side->layer) : 0;
	if (layout->layer >= reg(twod, side->depth))
		return NV_902D_ERROR_LAYER_EXCEEDS_DEPTH;
	return 0;
}

static uint32_t setup_surface(const struct emu_twod *twod, const struct side *side,
			      struct emu_twod_surface *surface)
{
	struct emu_ce_surface *layout = &surface->layout;
	uint32_t error = setup_format(reg(twod, side->format), &surface->format);

	if (error)
		return error;
	surface->width = reg(twod, side->width);
	layout->height = reg(twod, side->height);
	if (!surface->width || surface->width > SURFACE_MAX || !layout->height ||
	    layout->height > SURFACE_MAX)
		return NV_902D_ERROR_INVALID_VALUE;
	layout->base = (uint64_t)reg(twod, side->upper) << 32 | reg(twod, side->lower);
	layout->width = (uint64_t)surface->width * surface->format->bytes;
	layout->pitch_layout = reg(twod, side->layout) == NV_902D_LAYOUT_PITCH;
	if (!layout->pitch_layout)
		return setup_block_linear(twod, side, layout);
	layout->pitch = reg(twod, side->pitch);
	/* With one line no pitch is ever added. */
	if (layout->height > 1 && (uint64_t)layout->pitch < layout->width)
		return NV_902D_ERROR_LINE_EXCEEDS_PITCH;
	return 0;
}

/* --- what all of them have in common --- */

static uint32_t setup_mix(const struct emu_twod *twod, struct emu_twod_job *job)
{
	struct emu_twod_mix *mix = &job->mix;
	bool known;

	mix->operation = reg(twod, NV_902D_SET_OPERATION);
	mix->rop = reg(twod, NV_902D_SET_ROP);
	mix->same = mix->from == job->dst.format;
	mix->beta1 = NV_GET(NV_902D_BETA1, reg(twod, NV_902D_SET_BETA1)) / 255.0;
	mix->beta4 = emu_twod_decode(emu_twod_format(NV_902D_FORMAT_A8R8G8B8, &known),
				     reg(twod, NV_902D_SET_BETA4));
	if (mix->operation != NV_902D_OPERATION_ROP && mix->operation != NV_902D_OPERATION_ROP_AND)
		return 0;
	mix->pattern = mix->rop >> 4 != (mix->rop & 15);
	if (mix->pattern && reg(twod, NV_902D_SET_PATTERN_SELECT) != NV_902D_PATTERN_COLOR &&
	    reg(twod, NV_902D_SET_MONO_COLOR_FORMAT) != NV_902D_MONO_COLOR_A8R8G8B8)
		return NV_902D_ERROR_UNSUPPORTED;
	return 0;
}

/* Cuts the job's rectangle to what is @from and has @size. */
static void cut(int64_t *start, int64_t *end, int64_t from, int64_t size)
{
	if (*start < from)
		*start = from;
	if (*end > from + size)
		*end = from + size;
}

static void clip(const struct emu_twod *twod, struct emu_twod_job *job)
{
	cut(&job->x0, &job->x1, 0, job->dst.width);
	cut(&job->y0, &job->y1, 0, job->dst.layout.height);
	if (reg(twod, NV_902D_SET_CLIP_ENABLE)) {
		cut(&job->x0, &job->x1, signed_reg(twod, NV_902D_SET_CLIP_X0),
		    reg(twod, NV_902D_SET_CLIP_WIDTH));
		cut(&job->y0, &job->y1, signed_reg(twod, NV_902D_SET_CLIP_Y0),
		    reg(twod, NV_902D_SET_CLIP_HEIGHT));
	}
	job->active = job->x0 < job->x1 && job->y0 < job->y1;
}

static uint32_t begin(struct emu_twod *twod, enum emu_twod_kind kind)
{
	memset(&twod->job, 0, sizeof(twod->job));
	twod->job.kind = kind;
	return setup_surface(twod, &dst_side, &twod->job.dst);
}

/* --- primitives --- */

static uint32_t setup_prim(struct emu_twod *twod, enum emu_twod_kind kind)
{
	struct emu_twod_job *job = &twod->job;
	uint32_t error = begin(twod, kind);

	if (!error)
		error = setup_color_format(reg(twod, NV_902D_SET_PRIM_COLOR_FORMAT),
					   &job->mix.from);
	if (!error)
		error = setup_mix(twod, job);
	job->color = reg(twod, NV_902D_SET_PRIM_COLOR);
	return error;
}

uint32_t emu_twod_setup_rect(struct emu_twod *twod, int32_t x0, int32_t y0, int32_t x1,
			     int32_t y1)
{
	struct emu_twod_job *job = &twod->job;
	uint32_t error = setup_prim(twod, EMU_TWOD_RECT);

	if (error)
		return error;
	job->x0 = x0;
	job->y0 = y0;
	job->x1 = x1;
	job->y1 = y1;
	clip(twod, job);
	return 0;
}

/* The bit for a line along y if @y_major, whose other axis goes the same way if @increasing. */
static bool tie_low(const struct emu_twod *twod, bool y_major, bool increasing)
{
	uint32_t bits = reg(twod, NV_902D_SET_LINE_TIE_BREAK_BITS);

	if (y_major)
		return bits & (increasing ? NV_902D_TIE_BREAK_YMAJ_XINC :
					    NV_902D_TIE_BREAK_YMAJ_XDEC);
	return bits & (increasing ? NV_902D_TIE_BREAK_XMAJ_XINC : NV_902D_TIE_BREAK_XMAJ_XDEC);
}

/* Leaves out the steps in front of and behind the clip rectangle along the major axis. */
static void cut_line(struct emu_twod_job *job)
{
	int64_t first = job->line.y_major ? job->y0 : job->x0;
	int64_t end = job->line.y_major ? job->y1 : job->x1;
	int64_t from = first - job->line.major, to = end - job->line.major;

	if (job->line.direction < 0) {
		from = job->line.major - (end - 1);
		to = job->line.major - first + 1;
	}
	if (from < 0)
		from = 0;
	if (to > job->line.length)
		to = job->line.length;
	job->active &= from < to;
	job->row = from;
	job->line.steps = to;
}

uint32_t emu_twod_setup_line(struct emu_twod *twod, int32_t x0, int32_t y0, int32_t x1,
			     int32_t y1)
{
	struct emu_twod_job *job = &twod->job;
	int64_t dx = (int64_t)x1 - x0, dy = (int64_t)y1 - y0;
	uint32_t error = setup_prim(twod, EMU_TWOD_LINE);
	int64_t along;

	if (error)
		return error;
	job->line.y_major = (dy < 0 ? -dy : dy) > (dx < 0 ? -dx : dx);
	along = job->line.y_major ? dy : dx;
	job->line.major = job->line.y_major ? y0 : x0;
	job->line.minor = job->line.y_major ? x0 : y0;
	job->line.direction = along < 0 ? -1 : 1;
	job->line.length = along < 0 ? -along : along;
	job->line.slope = job->line.y_major ? dx : dy;
	job->line.tie_low = tie_low(twod, job->line.y_major, (dx < 0) == (dy < 0));
	job->x1 = job->dst.width;
	job->y1 = job->dst.layout.height;
	clip(twod, job);
	cut_line(job);
	return 0;
}

/* --- blits --- */

/*
 * The engine's choice is right for rectangles of one surface that overlap, as they are. Only
 * the first row and pixel are looked at: scaled copies onto themselves are undefined.
 */
static void setup_direction(const struct emu_twod *twod, struct emu_twod_job *job)
{
	uint32_t value = reg(twod, NV_902D_SET_PIXELS_DIRECTION);
	uint32_t horizontal = NV_GET(NV_902D_DIRECTION_HORIZONTAL, value);
	uint32_t vertical = NV_GET(NV_902D_DIRECTION_VERTICAL, value);
	int64_t u = (int64_t)job->u >> 32, v = (int64_t)job->v >> 32;
	bool shared = job->src.layout.base == job->dst.layout.base;

	job->upwards = vertical ? vertical == 2 : shared && v < job->y0;
	job->leftwards = horizontal ? horizontal == 2 : shared && v == job->y0 && u < job->x0;
}

static uint64_t source(uint64_t start, uint64_t step, int64_t skipped, uint32_t mode)
{
	uint64_t position = start + step * (uint64_t)skipped;

	if (mode & NV_902D_SAMPLE_CORNER)
		return position;
	position += (uint64_t)((int64_t)step >> 1);
	return mode & NV_902D_SAMPLE_BILINEAR ? position - HALF : position;
}

uint32_t emu_twod_setup_blit(struct emu_twod *twod)
{
	struct emu_twod_job *job = &twod->job;
	uint32_t mode = reg(twod, NV_902D_SET_BLIT_SAMPLE_MODE);
	int64_t x = signed_reg(twod, NV_902D_SET_BLIT_DST_X0);
	int64_t y = signed_reg(twod, NV_902D_SET_BLIT_DST_Y0);
	uint32_t error = begin(twod, EMU_TWOD_BLIT);

	if (!error)
		error = setup_surface(twod, &src_side, &job->src);
	if (error)
		return error;
	job->mix.from = job->src.format;
	error = setup_mix(twod, job);
	if (error)
		return error;
	job->x0 = x;
	job->y0 = y;
	job->x1 = x + reg(twod, NV_902D_SET_BLIT_DST_WIDTH);
	job->y1 = y + reg(twod, NV_902D_SET_BLIT_DST_HEIGHT);
	clip(twod, job);
	job->du = fixed_reg(twod, NV_902D_SET_BLIT_DU_DX_FRAC);
	job->dv = fixed_reg(twod, NV_902D_SET_BLIT_DV_DY_FRAC);
	job->u = source(fixed_reg(twod, NV_902D_SET_BLIT_SRC_X0_FRAC), job->du, job->x0 - x, mode);
	job->v = source(fixed_reg(twod, NV_902D_SET_BLIT_SRC_Y0_FRAC), job->dv, job->y0 - y, mode);
	job->bilinear = mode & NV_902D_SAMPLE_BILINEAR;
	setup_direction(twod, job);
	return 0;
}

/* --- pixels from the CPU: one to one, at whole coordinates --- */

uint32_t emu_twod_setup_upload(struct emu_twod *twod)
{
	struct emu_twod_job *job = &twod->job;
	uint32_t error = begin(twod, EMU_TWOD_RECT);

	if (!error)
		error = setup_color_format(reg(twod, NV_902D_SET_CPU_COLOR_FORMAT),
					   &job->mix.from);
	if (!error)
		error = setup_mix(twod, job);
	if (error)
		return error;
	if (fixed_reg(twod, NV_902D_SET_CPU_DX_DU_FRAC) != 1ull << 32 ||
	    fixed_reg(twod, NV_902D_SET_CPU_DY_DV_FRAC) != 1ull << 32 ||
	    reg(twod, NV_902D_SET_CPU_DST_X0_FRAC) || reg(twod, NV_902D_SET_CPU_DST_Y0_FRAC))
		return NV_902D_ERROR_UNSUPPORTED;
	job->x1 = job->dst.width;
	job->y1 = job->dst.layout.height;
	clip(twod, job);
	job->active = false;
	return 0;
}
