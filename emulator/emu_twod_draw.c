// SPDX-License-Identifier: MIT
/*
 * 2D engine: drawing. Rows are drawn in pieces, through buffers: source pixels are read and
 * sampled, destination pixels are read if the operation needs them, mixed and written.
 */
#include <string.h>

#include "emu_twod.h"
#include "regs/nv_twod.h"

#define PIECES_MAX	512u	/* per step: short rows must not make a step long */
#define BYTES_MAX	(EMU_MMU_CHUNK / 2)	/* per step, and one piece more */

/* --- rows of surfaces --- */

/* Reads or writes @count pixels of row @y from @x on, all of them inside of the surface. */
static int access_row(struct emu_twod *twod, const struct emu_twod_surface *surface, uint64_t x,
		      uint64_t y, uint8_t *bytes, uint64_t count, enum emu_access access)
{
	size_t left = count * surface->format->bytes;

	x *= surface->format->bytes;
	while (left) {
		size_t len = left;
		uint64_t va = emu_ce_locate(&surface->layout, y, x, &len);
		void *host;

		if (emu_mmu_span(twod->emu, twod->ctx, va, access, &len, &host, &twod->fault))
			return -1;
		if (access == EMU_WRITE && host)
			memcpy(host, bytes, len);
		else if (access == EMU_READ && host)
			memcpy(bytes, host, len);
		else if (access == EMU_READ)
			memset(bytes, 0, len);
		bytes += len;
		x += len;
		left -= len;
	}
	return 0;
}

static uint64_t load(const uint8_t *row, uint64_t index, uint32_t bytes)
{
	uint64_t raw = 0;

	memcpy(&raw, row + index * bytes, bytes);
	return raw;
}

/* --- mixing --- */

static uint64_t pattern(const struct emu_twod *twod, int64_t x, int64_t y)
{
	const uint32_t *method = twod->method;
	uint32_t offset = method[NV_902D_SET_PATTERN_OFFSET / 4];
	uint32_t px = (uint32_t)x - NV_GET(NV_902D_PATTERN_OFFSET_X, offset);
	uint32_t py = (uint32_t)y - NV_GET(NV_902D_PATTERN_OFFSET_Y, offset);
	uint32_t code = NV_902D_FORMAT_A8R8G8B8, bit, raw;
	bool known;

	switch (method[NV_902D_SET_PATTERN_SELECT / 4]) {
	case NV_902D_PATTERN_COLOR:
		code = NV_902D_FORMAT_X8R8G8B8;
		raw = method[NV_902D_COLOR_PATTERN(py % 8 * 8 + px % 8) / 4];
		return emu_twod_convert(twod->job.dst.format, emu_twod_format(code, &known), raw);
	case NV_902D_PATTERN_MONO_8X8:
		bit = py % 8 * 8 + px % 8;
		break;
	case NV_902D_PATTERN_MONO_64X1:
		bit = px % 64;
		break;
	default:
		bit = py % 64;
	}
	if (method[NV_902D_SET_MONO_FORMAT / 4] == NV_902D_MONO_CGA6)
		bit ^= 7;
	raw = method[(bit < 32 ? NV_902D_SET_MONO_PATTERN0 : NV_902D_SET_MONO_PATTERN1) / 4];
	raw = method[(raw >> bit % 32 & 1 ? NV_902D_SET_MONO_COLOR1 : NV_902D_SET_MONO_COLOR0) / 4];
	return emu_twod_convert(twod->job.dst.format, emu_twod_format(code, &known), raw);
}

static uint64_t rop3(uint32_t rop, uint64_t dst, uint64_t src, uint64_t pat)
{
	uint64_t result = 0;
	uint32_t i;

	for (i = 0; i < 8; i++)
		if (rop >> i & 1)
			result |= (i & 1 ? dst : ~dst) & (i & 2 ? src : ~src) &
				  (i & 4 ? pat : ~pat);
	return result;
}

static uint64_t blend(const struct emu_twod_job *job, uint64_t src, uint64_t dst)
{
	const struct emu_twod_mix *mix = &job->mix;
	struct emu_twod_color s = emu_twod_decode(mix->from, src);
	struct emu_twod_color d = emu_twod_decode(job->dst.format, dst);
	double alpha = s.c[EMU_TWOD_A];
	unsigned int i;

	for (i = 0; i < EMU_TWOD_COMPONENTS; i++) {
		switch (mix->operation) {
		case NV_902D_OPERATION_BLEND_AND:
			d.c[i] = (1 - alpha * mix->beta1) * d.c[i] + s.c[i] * alpha * mix->beta1;
			break;
		case NV_902D_OPERATION_SRCCOPY_PREMULT:
			d.c[i] = s.c[i] * mix->beta4.c[i];
			break;
		default:
			d.c[i] = (1 - alpha * mix->beta4.c[EMU_TWOD_A]) * d.c[i] +
				 s.c[i] * mix->beta4.c[i];
		}
	}
	return emu_twod_encode(job->dst.format, &d);
}

/* The new pixel; false if the old one stays. */
static bool mix_pixel(const struct emu_twod *twod, uint64_t src, uint64_t *dst, int64_t x,
		      int64_t y)
{
	const struct emu_twod_job *job = &twod->job;
	const struct emu_twod_mix *mix = &job->mix;
	uint64_t stored;

	switch (mix->operation) {
	case NV_902D_OPERATION_BLEND_AND:
	case NV_902D_OPERATION_SRCCOPY_PREMULT:
	case NV_902D_OPERATION_BLEND_PREMULT:
		*dst = blend(job, src, *dst);
		return true;
	}
	stored = mix->same ? src : emu_twod_convert(job->dst.format, mix->from, src);
	switch (mix->operation) {
	case NV_902D_OPERATION_SRCCOPY_AND:
		*dst = stored;
		return emu_twod_opaque(mix->from, src);
	case NV_902D_OPERATION_ROP:
	case NV_902D_OPERATION_ROP_AND:
		*dst = rop3(mix->rop, *dst, stored, mix->pattern ? pattern(twod, x, y) : 0);
		return mix->operation == NV_902D_OPERATION_ROP ||
		       emu_twod_opaque(job->dst.format, *dst);
	default:
		*dst = stored;
		return true;
	}
}

int emu_twod_put(struct emu_twod *twod, int64_t x, int64_t y, const uint64_t *pixels,
		 const bool *skip, uint32_t count)
{
	struct emu_twod_job *job = &twod->job;
	uint32_t bytes = job->dst.format->bytes;
	int64_t first = job->x0 > x ? job->x0 - x : 0;
	int64_t end = job->x1 - x < count ? job->x1 - x : count;
	uint8_t row[EMU_TWOD_CHUNK * sizeof(uint64_t)];
	int64_t i;

	if (y < job->y0 || y >= job->y1 || first >= end)
		return 0;
	if ((skip || job->mix.operation != NV_902D_OPERATION_SRCCOPY) &&
	    access_row(twod, &job->dst, x + first, y, row, end - first, EMU_READ))
		return -1;
	for (i = first; i < end; i++) {
		uint64_t raw;

		if (skip && skip[i])
			continue;
		raw = load(row, i - first, bytes);
		if (!mix_pixel(twod, pixels[i], &raw, x + i, y))
			continue;
		raw = emu_twod_clean(job->dst.format, raw);
		memcpy(row + (i - first) * bytes, &raw, bytes);
	}
	return access_row(twod, &job->dst, x + first, y, row, end - first, EMU_WRITE);
}

/* --- sampling --- */

/**
 * struct sampler - pixels of one or two rows of the source
 * @first: of each row
 * @count: of each row
 * @rows: their bytes
 */
struct sampler {
	uint64_t first;
	uint64_t count;
	uint8_t rows[2][EMU_TWOD_ROW];
};

/* Beyond the edge there is more of the pixel at the edge. */
static uint64_t clamp(int64_t position, uint64_t size)
{
	return position < 0 ? 0 : position >= (int64_t)size ? size - 1 : (uint64_t)position;
}

static uint64_t column(const struct emu_twod_job *job, int64_t x)
{
	return job->u + job->du * (uint64_t)(x - job->x0);
}

/* Which pixels of a row @count pixels of the destination need, from @x on. */
static void range(const struct emu_twod_job *job, int64_t x, uint32_t count,
		  struct sampler *sampler)
{
	uint64_t low = UINT64_MAX, high = 0;
	uint32_t i;

	for (i = 0; i < count; i++) {
		int64_t at = (int64_t)column(job, x + i) >> 32;
		uint64_t left = clamp(at, job->src.width);
		uint64_t right = job->bilinear ? clamp(at + 1, job->src.width) : left;

		low = left < low ? left : low;
		high = right > high ? right : high;
	}
	sampler->first = low;
	sampler->count = high - low + 1;
}

static uint64_t sample(const struct emu_twod_job *job, const struct sampler *sampler, uint64_t u,
		       uint64_t v)
{
	uint32_t bytes = job->src.format->bytes;
	int64_t at = (int64_t)u >> 32;
	uint64_t left = clamp(at, job->src.width) - sampler->first, right, raw[4];

	raw[0] = load(sampler->rows[0], left, bytes);
	if (!job->bilinear)
		return raw[0];
	right = clamp(at + 1, job->src.width) - sampler->first;
	raw[1] = load(sampler->rows[0], right, bytes);
	raw[2] = load(sampler->rows[1], left, bytes);
	raw[3] = load(sampler->rows[1], right, bytes);
	return emu_twod_filter(job->src.format, raw, u >> 24 & 255, v >> 24 & 255);
}

/* --- pieces of a job; each returns the bytes it moved, or -1 --- */

static int blit_piece(struct emu_twod *twod, uint32_t count)
{
	struct emu_twod_job *job = &twod->job;
	uint32_t bytes = job->src.format->bytes, i;
	int64_t y = job->upwards ? job->y1 - 1 - (int64_t)job->row : job->y0 + (int64_t)job->row;
	uint64_t v = job->v + job->dv * (uint64_t)(y - job->y0);
	uint64_t pixels[EMU_TWOD_CHUNK];
	struct sampler sampler;
	int64_t x;

	for (;; count /= 2) {
		x = job->leftwards ? job->x1 - (int64_t)job->col - count :
				     job->x0 + (int64_t)job->col;
		range(job, x, count, &sampler);
		if (sampler.count * bytes <= EMU_TWOD_ROW)
			break;
	}
	for (i = 0; i < (job->bilinear ? 2 : 1); i++)
		if (access_row(twod, &job->src, sampler.first,
			       clamp(((int64_t)v >> 32) + i, job->src.layout.height),
			       sampler.rows[i], sampler.count, EMU_READ))
			return -1;
	for (i = 0; i < count; i++)
		pixels[i] = sample(job, &sampler, column(job, x + i), v);
	if (emu_twod_put(twod, x, y, pixels, NULL, count))
		return -1;
	job->col += count;
	return count * job->dst.format->bytes + sampler.count * bytes * (job->bilinear ? 2 : 1);
}

static int rect_piece(struct emu_twod *twod, uint32_t count)
{
	struct emu_twod_job *job = &twod->job;
	uint64_t pixels[EMU_TWOD_CHUNK];
	uint32_t i;

	for (i = 0; i < count; i++)
		pixels[i] = job->color;
	if (emu_twod_put(twod, job->x0 + (int64_t)job->col, job->y0 + (int64_t)job->row, pixels,
			 NULL, count))
		return -1;
	job->col += count;
	return count * job->dst.format->bytes;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* One pixel: the one whose centre is nearest to the line. */
static int line_piece(struct emu_twod *twod)
{
	struct emu_twod_job *job = &twod->job;
	int64_t step = job->row, length = job->line.length;
	int64_t major = job->line.major + job->line.direction * step;
	int64_t minor = job->line.minor +
			floor_div(2 * step * job->line.slope + length - job->line.tie_low,
				  2 * length);

	if (emu_twod_put(twod, job->line.y_major ? minor : major,
			 job->line.y_major ? major : minor, &job->color, NULL, 1))
		return -1;
	return job->dst.format->bytes;
}

static int piece(struct emu_twod *twod)
{
	struct emu_twod_job *job = &twod->job;
	uint64_t left = (uint64_t)(job->x1 - job->x0) - job->col;
	uint32_t count = left < EMU_TWOD_CHUNK ? left : EMU_TWOD_CHUNK;
	uint64_t width = job->x1 - job->x0, rows = job->y1 - job->y0;
	int moved;

	if (job->kind == EMU_TWOD_LINE) {
		moved = line_piece(twod);
		job->col = width;
		rows = job->line.steps;
	} else {
		moved = job->kind == EMU_TWOD_BLIT ? blit_piece(twod, count) :
						     rect_piece(twod, count);
	}
	if (job->col >= width) {
		job->col = 0;
		job->active = ++job->row < rows;
	}
	return moved;
}

int emu_twod_draw(struct emu_twod *twod)
{
	unsigned int pieces = 0, bytes = 0;
	int moved = 0;

	emu_mmu_begin(twod->emu, twod->ctx);
	while (twod->job.active && bytes < BYTES_MAX && pieces++ < PIECES_MAX) {
		moved = piece(twod);
		if (moved < 0)
			break;
		bytes += moved;
	}
	emu_mmu_end(twod->emu, twod->ctx);
	return moved < 0 ? -1 : 0;
}
