// SPDX-License-Identifier: MIT
/* The model of the 2D engine: formats, surfaces, operations, lines, sampling. */
#define _GNU_SOURCE
#include "emu_test.h"
#include "twod_model.h"

#include <stdlib.h>
#include <string.h>

/* --- the model's surfaces and formats --- */

const struct model_format model_formats[FORMATS] = {
	{ 0xc6, "A16 B16 G16 R16", false }, { 0xcf, "A8 R8 G8 B8", true },
	{ 0xd1, "A2 B10 G10 R10", true }, { 0xd5, "A8 B8 G8 R8", true },
	{ 0xda, "G16 R16", false }, { 0xdf, "A2 R10 G10 B10", true },
	{ 0xe6, "X8 R8 G8 B8", true }, { 0xe8, "R5 G6 B5", true },
	{ 0xe9, "A1 R5 G5 B5", true }, { 0xea, "G8 R8", false }, { 0xee, "R16", true },
	{ 0xf3, "R8", true }, { 0xf7, "A8", false }, { 0xf8, "X1 R5 G5 B5", true },
	{ 0xf9, "X8 B8 G8 R8", true }, { 0xfb, "Z1 R5 G5 B5", true },
	{ 0xfc, "O1 R5 G5 B5", true }, { 0xfd, "Z8 R8 G8 B8", true },
	{ 0xfe, "O8 R8 G8 B8", true }, { 0xff, "R32", true },
};

/* One component as a fraction. */
struct part {
	uint64_t num, den;
};

struct color {
	struct part part[4];	/* R G B A */
};

const struct model_format *model_format(uint32_t code)
{
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (model_formats[i].code == code)
			return &model_formats[i];
	fail_msg("format %#x", code);
	return NULL;
}

uint32_t model_bits(uint32_t code)
{
	const char *at = model_format(code)->fields;
	uint32_t bits = 0;

	while (*at) {
		bits += strtoul(at + 1, (char **)&at, 10);
		at += *at == ' ';
	}
	return bits;
}

static struct color model_decode(uint32_t code, uint64_t raw)
{
	static const char letters[] = "RGBA";
	struct color color = { { { 0, 1 }, { 0, 1 }, { 0, 1 }, { 1, 1 } } };
	const char *at = model_format(code)->fields;
	uint32_t left = model_bits(code);

	while (*at) {
		const char *which = strchr(letters, *at);

		if (*at == 'Z')
			color.part[3].num = 0;
		uint32_t bits = strtoul(at + 1, (char **)&at, 10);

		left -= bits;
		if (which)
			color.part[which - letters] = (struct part) {
				raw >> left & ((1ull << bits) - 1), (1ull << bits) - 1,
			};
		at += *at == ' ';
	}
	return color;
}

__extension__ typedef unsigned __int128 wide;

static uint64_t model_encode(uint32_t code, const struct color *color)
{
	static const char letters[] = "RGBA";
	const char *at = model_format(code)->fields;
	uint64_t raw = 0;

	while (*at) {
		const char *which = strchr(letters, *at);
		uint64_t value = *at == 'O' ? ~0ull : 0, max;
		uint32_t bits = strtoul(at + 1, (char **)&at, 10);

		max = (1ull << bits) - 1;
		if (which) {
			struct part part = color->part[which - letters];

			value = part.num >= part.den ? max :
				((wide)part.num * max * 2 + part.den) / ((wide)part.den * 2);
		}
		raw = raw << bits | (value & max);
		at += *at == ' ';
	}
	return raw;
}

static uint64_t model_convert(uint32_t to, uint32_t from, uint64_t raw)
{
	struct color color = model_decode(from, raw);

	return model_encode(to, &color);
}

/* Byte @x of row @y; the published bit order, then GOBs down, blocks across, down and deep. */
static uint64_t model_offset(const struct surface *s, uint32_t x, uint32_t y)
{
	uint32_t bytes = s->width * model_bits(s->code) / 8;
	uint32_t rows = 8u << s->log_height, deep = 1u << s->log_depth;
	uint32_t across = (bytes + 63) / 64, down = (s->height + rows - 1) / rows;
	uint64_t block, gob;

	if (s->pitch_layout)
		return s->offset + (uint64_t)s->pitch * y + x;
	block = ((uint64_t)(s->layer / deep) * down + y / rows) * across + x / 64;
	gob = block * deep * (rows / 8) + (s->layer % deep) * (rows / 8) + y % rows / 8;
	x %= 64;
	y %= 8;
	return s->offset + gob * 512 + x % 16 + y % 2 * 16 + y / 2 % 2 * 32 + x / 16 % 2 * 64 +
	       y / 4 * 128 + x / 32 * 256;
}

static uint64_t model_load(const struct surface *s, uint32_t x, uint32_t y)
{
	uint32_t bytes = model_bits(s->code) / 8, i;
	uint64_t raw = 0;

	for (i = 0; i < bytes; i++)
		raw |= (uint64_t)s->bytes[model_offset(s, x * bytes + i, y)] << 8 * i;
	return raw;
}

static void model_store(const struct surface *s, uint32_t x, uint32_t y, uint64_t raw)
{
	uint32_t bytes = model_bits(s->code) / 8, i;

	for (i = 0; i < bytes; i++)
		s->bytes[model_offset(s, x * bytes + i, y)] = raw >> 8 * i;
}

/* --- the model's operations --- */

static uint64_t model_pattern(const struct mix *mix, uint32_t code, int32_t x, int32_t y)
{
	uint32_t px = x - mix->offset_x, py = y - mix->offset_y, bit;

	if (mix->select == 3)
		return model_convert(code, 0xe6, mix->tile[py % 8 * 8 + px % 8]);
	bit = mix->select == 0 ? py % 8 * 8 + px % 8 : mix->select == 1 ? px % 64 : py % 64;
	if (!mix->mono_format)
		bit = bit / 8 * 8 + 7 - bit % 8;
	return model_convert(code, 0xcf, mix->colors[mix->mono[bit / 32] >> bit % 32 & 1]);
}

/* a * b, and 1 - a */
static struct part times(struct part a, struct part b)
{
	return (struct part) { a.num * b.num, a.den * b.den };
}

static struct part blended(struct part s, struct part d, struct part source, struct part alpha)
{
	struct part over = times(s, source);
	struct part rest = times((struct part) { alpha.den - alpha.num, alpha.den }, d);
	wide num = (wide)over.num * rest.den + (wide)rest.num * over.den;
	wide den = (wide)over.den * rest.den;

	if (num >= den)
		return (struct part) { 1, 1 };
	/* As 64 bits, rounded in a way that no result of 32 bits or fewer sees. */
	while (den >> 62) {
		num >>= 1;
		den >>= 1;
	}
	return (struct part) { (uint64_t)num, (uint64_t)den };
}

static uint64_t model_blend(const struct mix *mix, uint32_t to, uint64_t dst, uint32_t from,
			    uint64_t src)
{
	struct color s = model_decode(from, src), d = model_decode(to, dst), r;
	struct color beta4 = model_decode(0xcf, mix->beta4);
	struct part beta1 = { mix->beta1 >> 23 & 255, 255 }, none = { 0, 1 };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (mix->operation == 2)
			r.part[i] = blended(s.part[i], d.part[i], times(s.part[3], beta1),
					    times(s.part[3], beta1));
		else if (mix->operation == 5)
			r.part[i] = blended(s.part[i], none, beta4.part[i], none);
		else
			r.part[i] = blended(s.part[i], d.part[i], beta4.part[i],
					    times(s.part[3], beta4.part[3]));
	}
	return model_encode(to, &r);
}

void model_pixel(const struct surface *s, const struct mix *mix, int64_t x, int64_t y,
		 uint32_t from, uint64_t src)
{
	uint64_t dst, pat, result = 0;
	unsigned int i;

	if (x < 0 || y < 0 || x >= s->width || y >= s->height)
		return;
	if (mix->clip && (x < mix->clip_x || y < mix->clip_y ||
			  x >= (int64_t)mix->clip_x + mix->clip_width ||
			  y >= (int64_t)mix->clip_y + mix->clip_height))
		return;
	dst = model_load(s, x, y);
	switch (mix->operation) {
	case 0:
		if (!model_decode(from, src).part[3].num)
			return;
		/* fall through */
	case 3:
		result = model_convert(s->code, from, src);
		break;
	case 1:
	case 4:
		src = from == s->code ? src : model_convert(s->code, from, src);
		pat = model_pattern(mix, s->code, x, y);
		for (i = 0; i < model_bits(s->code); i++)
			result |= (uint64_t)(mix->rop >> ((dst >> i & 1) | (src >> i & 1) << 1 |
							  (pat >> i & 1) << 2) & 1) << i;
		if (mix->operation == 1 && !model_decode(s->code, result).part[3].num)
			return;
		result = model_convert(s->code, s->code, result);
		break;
	default:
		result = model_blend(mix, s->code, dst, from, src);
	}
	model_store(s, x, y, result);
}

/* --- lines and blits --- */

void model_line(const struct surface *s, const struct mix *mix, const int32_t p[4],
		uint32_t ties, uint32_t color)
{
	int32_t dx = p[2] - p[0], dy = p[3] - p[1], i;
	bool y_major = abs(dy) > abs(dx), same = (dx < 0) == (dy < 0);
	int32_t length = y_major ? abs(dy) : abs(dx);
	bool low = ties >> (y_major ? (same ? 8 : 12) : (same ? 0 : 4)) & 1;

	for (i = 0; i < length; i++) {
		int32_t major = y_major ? p[1] + (dy < 0 ? -i : i) : p[0] + (dx < 0 ? -i : i);
		int32_t slope = y_major ? dx : dy, minor = y_major ? p[0] : p[1], best = 0, m;
		int64_t nearest = INT64_MAX;

		for (m = -abs(slope) - 1; m <= abs(slope) + 1; m++) {
			int64_t off = llabs((int64_t)i * slope - (int64_t)m * length);

			if (off < nearest || (off == nearest && !low)) {
				nearest = off;
				best = m;
			}
		}
		minor += best;
		model_pixel(s, mix, y_major ? minor : major, y_major ? major : minor, 0xcf, color);
	}
}

static int64_t floor_shift(int64_t value, unsigned int bits)
{
	int64_t unit = 1ll << bits;

	return (value - ((value % unit + unit) % unit)) / unit;
}

static uint64_t model_texel(const struct surface *s, int64_t x, int64_t y)
{
	x = x < 0 ? 0 : x >= s->width ? s->width - 1 : x;
	y = y < 0 ? 0 : y >= s->height ? s->height - 1 : y;
	return model_load(s, x, y);
}

static uint64_t model_sample(const struct surface *s, const struct blit *blit, int64_t u,
			     int64_t v)
{
	const char *at = model_format(s->code)->fields;
	uint32_t left = model_bits(s->code), fx, fy;
	int64_t x, y;
	uint64_t raw = 0;

	if (!blit->corner) {
		u += floor_shift(blit->du, 1);
		v += floor_shift(blit->dv, 1);
	}
	if (!blit->bilinear)
		return model_texel(s, floor_shift(u, 32), floor_shift(v, 32));
	if (!blit->corner) {
		u -= 1ll << 31;
		v -= 1ll << 31;
	}
	x = floor_shift(u, 32);
	y = floor_shift(v, 32);
	fx = floor_shift(u, 24) - x * 256;
	fy = floor_shift(v, 24) - y * 256;
	while (*at) {
		uint32_t bits = strtoul(at + 1, (char **)&at, 10);
		uint64_t field = (1ull << bits) - 1, top, bottom;

		left -= bits;
		top = (model_texel(s, x, y) >> left & field) * (256 - fx) +
		      (model_texel(s, x + 1, y) >> left & field) * fx;
		bottom = (model_texel(s, x, y + 1) >> left & field) * (256 - fx) +
			 (model_texel(s, x + 1, y + 1) >> left & field) * fx;
		raw |= (top * (256 - fy) + bottom * fy + 32768) / 65536 << left;
		at += *at == ' ';
	}
	return raw;
}

void model_blit(const struct surface *dst, const struct surface *src,
		const struct mix *mix, const struct blit *blit)
{
	uint32_t i, j;

	for (j = 0; j < blit->height; j++)
	for (i = 0; i < blit->width; i++)
		model_pixel(dst, mix, (int64_t)blit->x + i, (int64_t)blit->y + j, src->code,
			    model_sample(src, blit, blit->u + blit->du * i,
					 blit->v + blit->dv * j));
}
