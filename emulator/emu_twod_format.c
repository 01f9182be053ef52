// SPDX-License-Identifier: MIT
/*
 * 2D engine: formats. Those whose components are unsigned and normalised are here; sRGB,
 * float, signed and 8x8 monochrome ones are not.
 */
#include <stddef.h>

#include "emu_twod.h"
#include "regs/nv_twod.h"

#define SURFACE(code_, bits_, ...)					\
	{ .code = NV_902D_FORMAT_##code_, .bytes = (bits_) / 8, __VA_ARGS__ }
#define COLOR(code_, bits_, ...)	SURFACE(code_, bits_, .color = true, __VA_ARGS__)
#define SHIFT(r, g, b, a)	.shift = { r, g, b, a }
#define BITS(r, g, b, a)	.bits = { r, g, b, a }

static const struct emu_twod_format formats[] = {
	SURFACE(R16_G16_B16_A16, 64, SHIFT(0, 16, 32, 48), BITS(16, 16, 16, 16)),
	COLOR(A8R8G8B8, 32, SHIFT(16, 8, 0, 24), BITS(8, 8, 8, 8)),
	COLOR(A2B10G10R10, 32, SHIFT(0, 10, 20, 30), BITS(10, 10, 10, 2)),
	COLOR(A8B8G8R8, 32, SHIFT(0, 8, 16, 24), BITS(8, 8, 8, 8)),
	SURFACE(R16_G16, 32, SHIFT(0, 16, 0, 0), BITS(16, 16, 0, 0)),
	COLOR(A2R10G10B10, 32, SHIFT(20, 10, 0, 30), BITS(10, 10, 10, 2)),
	COLOR(X8R8G8B8, 32, SHIFT(16, 8, 0, 0), BITS(8, 8, 8, 0)),
	COLOR(R5G6B5, 16, SHIFT(11, 5, 0, 0), BITS(5, 6, 5, 0)),
	COLOR(A1R5G5B5, 16, SHIFT(10, 5, 0, 15), BITS(5, 5, 5, 1)),
	SURFACE(G8R8, 16, SHIFT(0, 8, 0, 0), BITS(8, 8, 0, 0)),
	COLOR(Y16, 16, SHIFT(0, 0, 0, 0), BITS(16, 0, 0, 0)),
	COLOR(Y8, 8, SHIFT(0, 0, 0, 0), BITS(8, 0, 0, 0)),
	SURFACE(A8, 8, SHIFT(0, 0, 0, 0), BITS(0, 0, 0, 8)),
	COLOR(X1R5G5B5, 16, SHIFT(10, 5, 0, 0), BITS(5, 5, 5, 0)),
	COLOR(X8B8G8R8, 32, SHIFT(0, 8, 16, 0), BITS(8, 8, 8, 0)),
	COLOR(Z1R5G5B5, 16, SHIFT(10, 5, 0, 0), BITS(5, 5, 5, 0), .transparent = true),
	COLOR(O1R5G5B5, 16, SHIFT(10, 5, 0, 0), BITS(5, 5, 5, 0), .fixed = 1u << 15),
	COLOR(Z8R8G8B8, 32, SHIFT(16, 8, 0, 0), BITS(8, 8, 8, 0), .transparent = true),
	COLOR(O8R8G8B8, 32, SHIFT(16, 8, 0, 0), BITS(8, 8, 8, 0), .fixed = 0xffu << 24),
	COLOR(Y32, 32, SHIFT(0, 0, 0, 0), BITS(32, 0, 0, 0)),
};

static const uint8_t not_emulated[] = {
	NV_902D_FORMAT_Y1_8X8, NV_902D_FORMAT_AY8, NV_902D_FORMAT_RF32_GF32_BF32_AF32,
	NV_902D_FORMAT_RF32_GF32_BF32_X32, NV_902D_FORMAT_RN16_GN16_BN16_AN16,
	NV_902D_FORMAT_RF16_GF16_BF16_AF16, NV_902D_FORMAT_RF32_GF32,
	NV_902D_FORMAT_RF16_GF16_BF16_X16, NV_902D_FORMAT_A8RL8GL8BL8,
	NV_902D_FORMAT_A8BL8GL8RL8, NV_902D_FORMAT_AN8BN8GN8RN8, NV_902D_FORMAT_RN16_GN16,
	NV_902D_FORMAT_RF16_GF16, NV_902D_FORMAT_BF10GF11RF11, NV_902D_FORMAT_RF32,
	NV_902D_FORMAT_X8RL8GL8BL8, NV_902D_FORMAT_GN8RN8, NV_902D_FORMAT_RN16,
	NV_902D_FORMAT_RF16, NV_902D_FORMAT_RN8, NV_902D_FORMAT_X8BL8GL8RL8,
};

const struct emu_twod_format *emu_twod_format(uint32_t code, bool *known)
{
	size_t i;

	*known = true;
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i].code == code)
			return &formats[i];
	for (i = 0; i < sizeof(not_emulated); i++)
		if (not_emulated[i] == code)
			return NULL;
	*known = false;
	return NULL;
}

static uint64_t mask(const struct emu_twod_format *format, unsigned int i)
{
	return (1ull << format->bits[i]) - 1;
}

struct emu_twod_color emu_twod_decode(const struct emu_twod_format *format, uint64_t raw)
{
	struct emu_twod_color color = { .c[EMU_TWOD_A] = format->transparent ? 0 : 1 };
	unsigned int i;

	for (i = 0; i < EMU_TWOD_COMPONENTS; i++)
		if (format->bits[i])
			color.c[i] = (double)(raw >> format->shift[i] & mask(format, i)) /
				     (double)mask(format, i);
	return color;
}

uint64_t emu_twod_encode(const struct emu_twod_format *format, const struct emu_twod_color *color)
{
	uint64_t raw = format->fixed;
	unsigned int i;

	for (i = 0; i < EMU_TWOD_COMPONENTS; i++) {
		double value = color->c[i] < 0 ? 0 : color->c[i] > 1 ? 1 : color->c[i];

		raw |= (uint64_t)(value * (double)mask(format, i) + 0.5) << format->shift[i];
	}
	return raw;
}

uint64_t emu_twod_convert(const struct emu_twod_format *to, const struct emu_twod_format *from,
			  uint64_t raw)
{
	struct emu_twod_color color = emu_twod_decode(from, raw);

	return emu_twod_encode(to, &color);
}

bool emu_twod_opaque(const struct emu_twod_format *format, uint64_t raw)
{
	if (!format->bits[EMU_TWOD_A])
		return !format->transparent;
	return raw >> format->shift[EMU_TWOD_A] & mask(format, EMU_TWOD_A);
}

uint64_t emu_twod_clean(const struct emu_twod_format *format, uint64_t raw)
{
	uint64_t components = 0;
	unsigned int i;

	for (i = 0; i < EMU_TWOD_COMPONENTS; i++)
		components |= mask(format, i) << format->shift[i];
	return (raw & components) | format->fixed;
}

uint64_t emu_twod_filter(const struct emu_twod_format *format, const uint64_t raw[4],
			 uint32_t fx, uint32_t fy)
{
	const uint32_t weights[4] = {
		(256 - fx) * (256 - fy), fx * (256 - fy), (256 - fx) * fy, fx * fy,
	};
	uint64_t result = 0;
	unsigned int i, k;

	for (i = 0; i < EMU_TWOD_COMPONENTS; i++) {
		uint64_t sum = 1u << 15;

		for (k = 0; k < 4; k++)
			sum += weights[k] * (raw[k] >> format->shift[i] & mask(format, i));
		result |= sum >> 16 << format->shift[i];
	}
	return result;
}
