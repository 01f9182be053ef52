/* SPDX-License-Identifier: MIT */
/*
 * 2D engine: what it draws, against the model; what it refuses; faults; state that is saved.
 */
#define _GNU_SOURCE
#include "gpu.h"
#include "../emu_twod.h"
#include "regs/nv_twod.h"
#include "twod_model.h"

#include <string.h>

#define SIZE		0x200000u	/* of each of the two surfaces */
#define SRC_VA		0x40000000ull
#define DST_VA		0x50000000ull
#define ONE		(1ull << 32)

/* --- the engine --- */

struct twod_test {
	struct gpu *gpu;
	struct emu_twod twod;
	struct emu_mmu_ctx ctx;
	uint8_t *src, *dst, *model;
};

static int setup(void **state)
{
	struct twod_test *test = calloc(1, sizeof(*test));
	uint64_t src, dst;
	uint32_t i;

	if (!test || gpu_setup((void **)&test->gpu))
		return -1;
	test->gpu->ram_used = 0x10000;
	src = gpu_ram_alloc(test->gpu, SIZE);
	dst = gpu_ram_alloc(test->gpu, SIZE);
	gpu_map_mixed(test->gpu, SRC_VA, src, SIZE);
	gpu_map_mixed(test->gpu, DST_VA, dst, SIZE);
	test->src = test->gpu->ram + src;
	test->dst = test->gpu->ram + dst;
	test->model = malloc(SIZE);
	test->ctx = test->gpu->ctx;
	emu_twod_init(&test->twod, test->gpu->emu, &test->ctx);
	for (i = 0; i < SIZE; i++) {
		test->src[i] = i * 2654435761u >> 24;
		test->dst[i] = i * 2246822519u >> 23;
	}
	memcpy(test->model, test->dst, SIZE);
	*state = test;
	return 0;
}

static int teardown(void **state)
{
	struct twod_test *test = *state;

	free(test->model);
	gpu_teardown((void **)&test->gpu);
	free(test);
	return 0;
}

static enum emu_twod_result write_method(struct twod_test *test, uint32_t address, uint32_t data)
{
	enum emu_twod_result result = emu_twod_method(&test->twod, address, data);

	while (result == EMU_TWOD_BUSY)
		result = emu_twod_step(&test->twod);
	return result;
}

static void method(struct twod_test *test, uint32_t address, uint32_t data)
{
	assert_int_equal(write_method(test, address, data), EMU_TWOD_DONE);
}

static void assert_drawn(struct twod_test *test)
{
	/* memcmp() is fast, the assertion says where. */
	if (memcmp(test->dst, test->model, SIZE))
		assert_memory_equal(test->dst, test->model, SIZE);
}

static void assert_error(struct twod_test *test, uint32_t address, uint32_t data, uint32_t error)
{
	assert_int_equal(write_method(test, address, data), error <= NV_902D_ERROR_UNSUPPORTED ?
			 EMU_TWOD_CLASS_ERROR : EMU_TWOD_ERROR);
	assert_int_equal(test->twod.exception, error);
	assert_drawn(test);
}

static void put_surface(struct twod_test *test, const struct surface *s, uint32_t first)
{
	bool is_dst = first == NV_902D_SET_DST_FORMAT;
	uint64_t va = (is_dst ? DST_VA : SRC_VA) + s->offset;
	uint32_t tail = first + 0x14;

	method(test, first, s->code);
	method(test, first + 4, s->pitch_layout);
	method(test, first + 8, s->log_height << 4 | s->log_depth << 8);
	method(test, first + 12, s->depth);
	if (is_dst)
		method(test, NV_902D_SET_DST_LAYER, s->layer);
	method(test, tail, s->pitch);
	method(test, tail + 4, s->width);
	method(test, tail + 8, s->height);
	method(test, tail + 12, (uint32_t)(va >> 32));
	method(test, tail + 16, (uint32_t)va);
}

static void put_mix(struct twod_test *test, const struct mix *mix)
{
	uint32_t i;

	method(test, NV_902D_SET_OPERATION, mix->operation);
	method(test, NV_902D_SET_ROP, mix->rop);
	method(test, NV_902D_SET_BETA1, mix->beta1);
	method(test, NV_902D_SET_BETA4, mix->beta4);
	method(test, NV_902D_SET_PATTERN_OFFSET, mix->offset_x | mix->offset_y << 8);
	method(test, NV_902D_SET_PATTERN_SELECT, mix->select);
	method(test, NV_902D_SET_MONO_COLOR_FORMAT, NV_902D_MONO_COLOR_A8R8G8B8);
	method(test, NV_902D_SET_MONO_FORMAT, mix->mono_format);
	for (i = 0; i < 2; i++) {
		method(test, NV_902D_SET_MONO_COLOR0 + i * 4, mix->colors[i]);
		method(test, NV_902D_SET_MONO_PATTERN0 + i * 4, mix->mono[i]);
	}
	for (i = 0; i < 64; i++)
		method(test, NV_902D_COLOR_PATTERN(i), mix->tile[i]);
	method(test, NV_902D_SET_CLIP_ENABLE, mix->clip);
	method(test, NV_902D_SET_CLIP_X0, mix->clip_x);
	method(test, NV_902D_SET_CLIP_Y0, mix->clip_y);
	method(test, NV_902D_SET_CLIP_WIDTH, mix->clip_width);
	method(test, NV_902D_SET_CLIP_HEIGHT, mix->clip_height);
}

static struct surface random_surface(uint8_t *bytes, uint32_t code)
{
	struct surface s = {
		.bytes = bytes, .code = code, .pitch_layout = gpu_random() % 2,
		.width = 1 + gpu_random() % 200, .height = 1 + gpu_random() % 100,
		.log_height = gpu_random() % 6, .log_depth = gpu_random() % 3,
		.depth = 1 + gpu_random() % 2,
	};

	s.layer = s.depth - 1;
	s.pitch = s.width * model_bits(code) / 8 + gpu_random() % 70;
	s.offset = s.pitch_layout ? gpu_random() % 9000 : gpu_random() % 20 * 512;
	if (s.pitch_layout && gpu_random() % 8 == 0)
		s.width = 300 + gpu_random() % 800, s.pitch = s.width * model_bits(code) / 8;
	return s;
}

static struct mix random_mix(uint32_t operation)
{
	struct mix mix = {
		.operation = operation, .rop = gpu_random() % 256,
		.beta1 = gpu_random() << 9 ^ gpu_random(),
		.beta4 = gpu_random() << 9 ^ gpu_random(),
		.select = gpu_random() % 4, .mono_format = gpu_random() % 2,
		.offset_x = gpu_random() % 64, .offset_y = gpu_random() % 64,
		.clip = gpu_random() % 2,
		.clip_x = (int32_t)(gpu_random() % 60) - 20,
		.clip_y = (int32_t)(gpu_random() % 60) - 20,
		.clip_width = gpu_random() % 200, .clip_height = gpu_random() % 80,
	};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		mix.mono[i] = gpu_random() << 9 ^ gpu_random();
		mix.colors[i] = gpu_random() << 9 ^ gpu_random();
	}
	for (i = 0; i < 64; i++)
		mix.tile[i] = gpu_random() << 9 ^ gpu_random();
	return mix;
}

/* --- primitives --- */

static uint32_t random_color(uint32_t code)
{
	uint32_t color = gpu_random() << 9 ^ gpu_random(), bits = model_bits(code);

	return bits == 32 ? color : color & ((1u << bits) - 1);
}

static void put_color(struct twod_test *test, uint32_t code, uint32_t color)
{
	method(test, NV_902D_SET_PRIM_COLOR_FORMAT, code);
	method(test, NV_902D_SET_PRIM_COLOR, color);
}

/* Every format into every other one; one pixel each, and one beside it that stays. */
static void test_conversions(void **state)
{
	struct twod_test *test = *state;
	const struct mix mix = { .operation = 3 };
	uint32_t from, to, round;

	gpu_seed();
	put_mix(test, &mix);
	for (from = 0; from < FORMATS; from++)
	for (to = 0; to < FORMATS; to++)
	for (round = 0; round < 6; round++) {
		struct surface s = {
			.bytes = test->model, .code = model_formats[to].code, .pitch_layout = true,
			.width = 3, .height = 1, .pitch = 64, .depth = 1,
		};
		uint32_t code = model_formats[from].code, color;

		if (!model_formats[from].color)
			continue;
		color = round < 2 ? 0u - round : random_color(code);	/* none, all, any bits */
		if (model_bits(code) < 32)
			color &= (1u << model_bits(code)) - 1;
		put_surface(test, &s, NV_902D_SET_DST_FORMAT);
		put_color(test, code, color);
		method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_POINTS);
		method(test, NV_902D_PRIM_POINT_X_Y, 1);
		model_pixel(&s, &mix, 1, 0, code, color);
		assert_drawn(test);
	}
}

static void test_rects_random(void **state)
{
	struct twod_test *test = *state;
	unsigned int round;

	gpu_seed();
	for (round = 0; round < 250; round++) {
		struct surface s = random_surface(test->model,
						  model_formats[gpu_random() % FORMATS].code);
		struct mix mix = random_mix(round % 7);
		int32_t x0 = (int32_t)(gpu_random() % 150) - 20, x1 = x0 + gpu_random() % 1000;
		int32_t y0 = (int32_t)(gpu_random() % 100) - 20, y1 = y0 + gpu_random() % 60, x, y;
		uint32_t code, color;

		do
			code = model_formats[gpu_random() % FORMATS].code;
		while (!model_format(code)->color);
		color = random_color(code);
		put_surface(test, &s, NV_902D_SET_DST_FORMAT);
		put_mix(test, &mix);
		put_color(test, code, color);
		method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_RECTS);
		if (round % 2) {
			method(test, NV_902D_PRIM_POINT_SET_X(5), x0);
			method(test, NV_902D_PRIM_POINT_Y(5), y0);
			method(test, NV_902D_PRIM_POINT_SET_X(63), x1);
			method(test, NV_902D_PRIM_POINT_Y(63), y1);
		} else {
			method(test, NV_902D_PRIM_POINT_X_Y, (uint16_t)x0 | (uint32_t)y0 << 16);
			method(test, NV_902D_PRIM_POINT_X_Y, (uint16_t)x1 | (uint32_t)y1 << 16);
		}
		for (y = y0; y < y1; y++)
		for (x = x0; x < x1; x++)
			model_pixel(&s, &mix, x, y, code, color);
		assert_drawn(test);
	}
}

static void test_nothing_to_draw(void **state)
{
	struct twod_test *test = *state;
	struct surface s = {
		.bytes = test->model, .code = 0xcf, .pitch_layout = true, .width = 64, .height = 64,
		.pitch = 256,
	};
	struct mix mix = { .operation = 3 };

	put_surface(test, &s, NV_902D_SET_DST_FORMAT);
	put_mix(test, &mix);
	put_color(test, 0xcf, 0x12345678);
	method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_RECTS);
	method(test, NV_902D_PRIM_POINT_X_Y, 10 | 10 << 16);
	method(test, NV_902D_PRIM_POINT_X_Y, 5 | 20 << 16);	/* x1 < x0 */
	method(test, NV_902D_PRIM_POINT_X_Y, 70);
	method(test, NV_902D_PRIM_POINT_X_Y, 80 | 20 << 16);	/* outside */
	method(test, NV_902D_PRIM_POINT_X_Y, 1);
	method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_RECTS);	/* forgets it */
	method(test, NV_902D_PRIM_POINT_X_Y, 8 | 8 << 16);
	assert_drawn(test);
	/* Rendering is off, in both ways, and nothing is checked then. */
	method(test, NV_902D_SET_RENDER_ENABLE_C, 0);
	method(test, NV_902D_SET_DST_FORMAT, 0);
	method(test, NV_902D_PRIM_POINT_X_Y, 20 | 20 << 16);
	method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_POINTS);
	method(test, NV_902D_PRIM_POINT_X_Y, 20 | 20 << 16);
	method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_LINES);
	method(test, NV_902D_PRIM_POINT_X_Y, 20 | 20 << 16);
	method(test, NV_902D_PRIM_POINT_X_Y, 30 | 20 << 16);
	method(test, NV_902D_BLIT_SRC_Y0_INT, 0);
	method(test, NV_902D_SET_CPU_DST_Y0_INT, 0);
	method(test, NV_902D_SET_RENDER_ENABLE_C, 1);
	method(test, NV_902D_SET_RENDER_ENABLE_OVERRIDE, NV_902D_RENDER_ENABLE_NEVER);
	method(test, NV_902D_BLIT_SRC_Y0_INT, 0);
	assert_drawn(test);
	/* And on again, against what SET_RENDER_ENABLE_C says. */
	method(test, NV_902D_SET_RENDER_ENABLE_C, 0);
	method(test, NV_902D_SET_RENDER_ENABLE_OVERRIDE, NV_902D_RENDER_ENABLE_ALWAYS);
	method(test, NV_902D_SET_DST_FORMAT, 0xcf);
	method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_POINTS);
	method(test, NV_902D_PRIM_POINT_X_Y, 3 | 4 << 16);
	model_pixel(&s, &mix, 3, 4, 0xcf, 0x12345678);
	assert_drawn(test);
}

static void test_lines_random(void **state)
{
	struct twod_test *test = *state;
	unsigned int round, vertices, i;

	gpu_seed();
	for (round = 0; round < 200; round++) {
		struct surface s = random_surface(test->model, round % 2 ? 0xcf : 0xe8);
		struct mix mix = random_mix(round % 5 ? 3 : 4);
		uint32_t color = random_color(0xcf), ties = gpu_random() & 0x1111;
		bool poly = gpu_random() % 2;
		int32_t p[4] = { 0 };

		mix.rop = 0x66;		/* dst ^ src: twice is not once */
		put_surface(test, &s, NV_902D_SET_DST_FORMAT);
		put_mix(test, &mix);
		put_color(test, 0xcf, color);
		method(test, NV_902D_SET_LINE_TIE_BREAK_BITS, ties);
		method(test, NV_902D_RENDER_SOLID_PRIM_MODE,
		       poly ? NV_902D_PRIM_POLYLINE : NV_902D_PRIM_LINES);
		vertices = 2 + gpu_random() % 5;
		for (i = 0; i < vertices; i++) {
			int32_t range = round % 3 ? 120 : 12;

			p[2] = (int32_t)(gpu_random() % range) - range / 6;
			p[3] = (int32_t)(gpu_random() % range) - range / 6;
			if (i % 2 == 1 || (poly && i))
				model_line(&s, &mix, p, ties, color);
			p[0] = p[2];
			p[1] = p[3];
			method(test, NV_902D_PRIM_POINT_SET_X(0), p[2]);
			method(test, NV_902D_PRIM_POINT_Y(0), p[3]);
		}
		assert_drawn(test);
	}
}

/* --- blits --- */

static void put_fixed(struct twod_test *test, uint32_t address, int64_t value)
{
	method(test, address, (uint32_t)value);
	method(test, address + 4, (uint32_t)((uint64_t)value >> 32));
}

static enum emu_twod_result put_blit(struct twod_test *test, const struct blit *blit)
{
	method(test, NV_902D_SET_BLIT_SAMPLE_MODE, blit->corner | blit->bilinear << 4);
	method(test, NV_902D_SET_BLIT_DST_X0, blit->x);
	method(test, NV_902D_SET_BLIT_DST_Y0, blit->y);
	method(test, NV_902D_SET_BLIT_DST_WIDTH, blit->width);
	method(test, NV_902D_SET_BLIT_DST_HEIGHT, blit->height);
	put_fixed(test, NV_902D_SET_BLIT_DU_DX_FRAC, blit->du);
	put_fixed(test, NV_902D_SET_BLIT_DV_DY_FRAC, blit->dv);
	put_fixed(test, NV_902D_SET_BLIT_SRC_X0_FRAC, blit->u);
	method(test, NV_902D_SET_BLIT_SRC_Y0_FRAC, (uint32_t)blit->v);
	return write_method(test, NV_902D_BLIT_SRC_Y0_INT, (uint32_t)((uint64_t)blit->v >> 32));
}

static int64_t random_step(void)
{
	switch (gpu_random() % 6) {
	case 0:
		return -(int64_t)ONE;
	case 1:
		return (int64_t)(gpu_random() % 8) << 31;
	case 2:
		return (int64_t)gpu_random() << 8 ^ gpu_random();
	case 3:
		return -((int64_t)gpu_random() << 5 ^ gpu_random());
	default:
		return ONE;
	}
}

static void test_blits_random(void **state)
{
	struct twod_test *test = *state;
	unsigned int round;

	gpu_seed();
	for (round = 0; round < 300; round++) {
		struct surface dst = random_surface(test->model,
						    model_formats[gpu_random() % FORMATS].code);
		struct surface src = random_surface(test->src, round % 4 ?
						    model_formats[gpu_random() % FORMATS].code :
						    dst.code);
		struct mix mix = random_mix(round % 3 ? 3 : gpu_random() % 7);
		struct blit blit = {
			.x = (int32_t)(gpu_random() % 100) - 30,
			.y = (int32_t)(gpu_random() % 80) - 20,
			.width = 1 + gpu_random() % 300, .height = 1 + gpu_random() % 40,
			.u = (int64_t)(gpu_random() % 100) * (1ll << 30) - 20ll * (1ll << 30),
			.v = (int64_t)(gpu_random() % 100) * (1ll << 30) - 20ll * (1ll << 30),
			.du = random_step(), .dv = random_step(),
			.corner = gpu_random() % 2, .bilinear = gpu_random() % 2,
		};

		src.layer = 0;		/* there is no method for it */
		put_surface(test, &dst, NV_902D_SET_DST_FORMAT);
		put_surface(test, &src, NV_902D_SET_SRC_FORMAT);
		put_mix(test, &mix);
		assert_int_equal(put_blit(test, &blit), EMU_TWOD_DONE);
		model_blit(&dst, &src, &mix, &blit);
		assert_drawn(test);
	}
}

/* A step so large that it goes round in 64 bits, and as far as there is no surface. */
static void test_blit_extremes(void **state)
{
	struct twod_test *test = *state;
	struct surface dst = {
		.bytes = test->model, .code = 0xcf, .pitch_layout = true, .width = 100,
		.height = 3, .pitch = 400,
	};
	struct surface src = {
		.bytes = test->src, .code = 0xcf, .pitch_layout = true, .width = 40000,
		.height = 2, .pitch = 160000,
	};
	struct mix mix = { .operation = 3 };
	struct blit blit = {
		.width = 0xffffffff, .height = 0xffffffff, .du = 30000ll << 32, .dv = ONE,
		.corner = true, .bilinear = true,
	};

	put_surface(test, &dst, NV_902D_SET_DST_FORMAT);
	put_surface(test, &src, NV_902D_SET_SRC_FORMAT);
	put_mix(test, &mix);
	assert_int_equal(put_blit(test, &blit), EMU_TWOD_DONE);
	blit.width = 100;
	blit.height = 3;
	model_blit(&dst, &src, &mix, &blit);
	assert_drawn(test);

	/* The same picture to the left of the surface, in the end only its last column. */
	blit.x = -99;
	blit.u = 7ll << 32;
	blit.du = ONE;
	assert_int_equal(put_blit(test, &blit), EMU_TWOD_DONE);
	model_blit(&dst, &src, &mix, &blit);
	assert_drawn(test);

	blit.du = INT64_MAX;
	blit.dv = INT64_MIN;
	blit.x = INT32_MIN;
	blit.width = 0xffffffff;
	assert_int_equal(put_blit(test, &blit), EMU_TWOD_DONE);
}

/* Inside of one surface, in all directions: as if the source had been read first. */
static void test_blit_overlap(void **state)
{
	static const int32_t moves[][2] = {
		{ 1, 0 }, { -1, 0 }, { 0, 1 }, { 0, -1 }, { 7, 3 }, { -7, 3 }, { 7, -3 },
		{ -7, -3 }, { 130, 0 }, { -130, 0 },
	};
	struct twod_test *test = *state;
	uint8_t *before = malloc(SIZE);
	unsigned int i;

	for (i = 0; i < 2 * sizeof(moves) / sizeof(*moves); i++) {
		struct surface s = {
			.bytes = test->model, .code = 0xcf, .pitch_layout = i % 2, .width = 500,
			.height = 40, .pitch = 2000, .depth = 1, .log_height = 1,
		}, old = s;
		struct mix mix = { .operation = 3 };
		struct blit blit = {
			.x = 140 + moves[i / 2][0], .y = 5 + moves[i / 2][1], .width = 200,
			.height = 30, .u = 140ll << 32, .v = 5ll << 32, .du = ONE, .dv = ONE,
		};

		memcpy(before, test->model, SIZE);
		old.bytes = before;
		put_surface(test, &s, NV_902D_SET_DST_FORMAT);
		put_surface(test, &s, NV_902D_SET_SRC_FORMAT);
		method(test, NV_902D_SET_SRC_OFFSET_LOWER, (uint32_t)DST_VA);
		method(test, NV_902D_SET_BLIT_SAFE_OVERLAP, 1);
		put_mix(test, &mix);
		assert_int_equal(put_blit(test, &blit), EMU_TWOD_DONE);
		model_blit(&s, &old, &mix, &blit);
		assert_drawn(test);
	}
	free(before);
	/* What is asked for is done: from the left a pixel is carried all the way. */
	struct blit blit = {
		.x = 1, .y = 50, .width = 255, .height = 1, .v = 50ll << 32, .du = ONE, .dv = ONE,
	};
	struct surface s = {
		.bytes = test->model, .code = 0xf3, .pitch_layout = true, .width = 256,
		.height = 64, .pitch = 256,
	};

	put_surface(test, &s, NV_902D_SET_DST_FORMAT);
	put_surface(test, &s, NV_902D_SET_SRC_FORMAT);
	method(test, NV_902D_SET_SRC_OFFSET_LOWER, (uint32_t)DST_VA);
	method(test, NV_902D_SET_PIXELS_DIRECTION, 1);
	assert_int_equal(put_blit(test, &blit), EMU_TWOD_DONE);
	memmove(test->model + 50 * 256 + 1, test->model + 50 * 256, EMU_TWOD_CHUNK);
	memmove(test->model + 50 * 256 + 1 + EMU_TWOD_CHUNK,
		test->model + 50 * 256 + EMU_TWOD_CHUNK, 255 - EMU_TWOD_CHUNK);
	assert_drawn(test);
}

/* --- pixels from the CPU --- */

static void begin_upload(struct twod_test *test, uint32_t width, uint32_t height, int32_t x,
			 int32_t y)
{
	method(test, NV_902D_SET_CPU_SRC_WIDTH, width);
	method(test, NV_902D_SET_CPU_SRC_HEIGHT, height);
	put_fixed(test, NV_902D_SET_CPU_DX_DU_FRAC, ONE);
	put_fixed(test, NV_902D_SET_CPU_DY_DV_FRAC, ONE);
	put_fixed(test, NV_902D_SET_CPU_DST_X0_FRAC, (int64_t)x * (int64_t)ONE);
	put_fixed(test, NV_902D_SET_CPU_DST_Y0_FRAC, (int64_t)y * (int64_t)ONE);
}

static void test_upload_random(void **state)
{
	struct twod_test *test = *state;
	unsigned int round;

	gpu_seed();
	for (round = 0; round < 200; round++) {
		struct surface s = random_surface(test->model,
						  model_formats[gpu_random() % FORMATS].code);
		struct mix mix = random_mix(round % 3 ? 3 : gpu_random() % 7);
		uint32_t wrap = gpu_random() % 3, lsb = gpu_random() % 2, opaque = gpu_random() % 2;
		uint32_t width = 1 + gpu_random() % 50, height = 1 + gpu_random() % 10, bits = 1;
		int32_t x = (int32_t)(gpu_random() % 80) - 10, y = (int32_t)(gpu_random() % 60) - 5;
		bool index = gpu_random() % 2;
		uint32_t code, colors[2], i, j, at = 0, data = 0;

		do
			code = model_formats[gpu_random() % FORMATS].code;
		while (!model_format(code)->color);
		colors[0] = random_color(code);
		colors[1] = random_color(code);
		if (!index)
			bits = model_bits(code);
		put_surface(test, &s, NV_902D_SET_DST_FORMAT);
		put_mix(test, &mix);
		method(test, NV_902D_SET_CPU_DATA_TYPE, index);
		method(test, NV_902D_SET_CPU_COLOR_FORMAT, code);
		method(test, NV_902D_SET_CPU_INDEX_FORMAT, NV_902D_CPU_INDEX_I1);
		method(test, NV_902D_SET_CPU_MONO_FORMAT, lsb);
		method(test, NV_902D_SET_CPU_WRAP, wrap);
		method(test, NV_902D_SET_CPU_COLOR0, colors[0]);
		method(test, NV_902D_SET_CPU_COLOR1, colors[1]);
		method(test, NV_902D_SET_CPU_MONO_OPACITY, opaque);
		begin_upload(test, width, height, x, y);
		for (j = 0; j < height; j++) {
			for (i = 0; i < width; i++, at += bits) {
				uint32_t bit = at % 32;
				uint64_t pixel;

				if (!bit) {
					data = gpu_random() << 9 ^ gpu_random();
					method(test, NV_902D_CPU_DATA, data);
				}
				pixel = data >> bit & ((1ull << bits) - 1);
				if (index) {
					bit = lsb ? bit : bit / 8 * 8 + 7 - bit % 8;
					pixel = data >> bit & 1;
					if (!pixel && !opaque)
						continue;
					pixel = colors[pixel];
				}
				model_pixel(&s, &mix, (int64_t)x + i, (int64_t)y + j, code, pixel);
			}
			if (wrap == 1)
				at = (at + 7) / 8 * 8;
			else if (wrap == 2)
				at = (at + 31) / 32 * 32;
		}
		assert_drawn(test);
		assert_error(test, NV_902D_CPU_DATA, 0, NV_902D_ERROR_INVALID_STATE);
	}
}

/* They are counted while rendering is off, and nothing else: what is not drawn need not be right. */
static void test_upload_off(void **state)
{
	/* A8R8G8B8, R5G6B5, Y8, one bit; and formats that pixels from the CPU cannot have. */
	static const struct {
		uint32_t type, format, pixels;
	} cases[] = {
		{ 0, 0xcf, 1 }, { 0, 0xe8, 2 }, { 0, 0xf3, 4 }, { 1, 0xcf, 32 }, { 1, 0, 32 },
		{ 0, 0, 1 }, { 0, 0xc6, 1 }, { 0, 0xc0, 1 },
	};
	struct twod_test *test = *state;
	struct surface s = {
		.bytes = test->model, .code = 0xcf, .pitch_layout = true, .width = 64, .height = 64,
		.pitch = 256,
	};
	struct mix mix = { .operation = 3 };
	unsigned int i;

	/* Not even a surface. */
	method(test, NV_902D_SET_RENDER_ENABLE_C, 0);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		method(test, NV_902D_SET_CPU_DATA_TYPE, cases[i].type);
		method(test, NV_902D_SET_CPU_COLOR_FORMAT, cases[i].format);
		method(test, NV_902D_SET_CPU_SRC_WIDTH, cases[i].pixels);
		method(test, NV_902D_SET_CPU_SRC_HEIGHT, 3);
		method(test, NV_902D_SET_CPU_DST_Y0_INT, 0);
		method(test, NV_902D_CPU_DATA, 1);
		method(test, NV_902D_CPU_DATA, 2);
		method(test, NV_902D_CPU_DATA, 3);
		assert_error(test, NV_902D_CPU_DATA, 4, NV_902D_ERROR_INVALID_STATE);
	}
	/* Turned off in the middle of it. */
	method(test, NV_902D_SET_RENDER_ENABLE_C, 1);
	put_surface(test, &s, NV_902D_SET_DST_FORMAT);
	put_mix(test, &mix);
	method(test, NV_902D_SET_CPU_DATA_TYPE, NV_902D_CPU_COLOR);
	method(test, NV_902D_SET_CPU_COLOR_FORMAT, 0xcf);
	begin_upload(test, 3, 1, 10, 10);
	method(test, NV_902D_CPU_DATA, 0x11111111);
	method(test, NV_902D_SET_RENDER_ENABLE_C, 0);
	method(test, NV_902D_SET_DST_FORMAT, 0);
	method(test, NV_902D_CPU_DATA, 0x22222222);
	method(test, NV_902D_SET_RENDER_ENABLE_C, 1);
	method(test, NV_902D_SET_DST_FORMAT, 0xcf);
	method(test, NV_902D_CPU_DATA, 0x33333333);
	model_pixel(&s, &mix, 10, 10, 0xcf, 0x11111111);
	model_pixel(&s, &mix, 12, 10, 0xcf, 0x33333333);
	assert_drawn(test);
}

/* --- what is refused --- */

static void test_methods_refused(void **state)
{
	static const struct {
		uint32_t method, data, error;
	} bad[] = {
		{ 0x104, 0, NV_902D_ERROR_ILLEGAL_METHOD },	/* SET_NOTIFY_A */
		{ 0x10c, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x140, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x1fc, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x22c, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x25c, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x400, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x540, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x590, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x820, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x8e0, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ 0x3ffc, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ NV_902D_SET_DST_FORMAT + 2, 0, NV_902D_ERROR_ILLEGAL_METHOD },
		{ NV_902D_SET_DST_FORMAT, 0x1cf, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_DST_MEMORY_LAYOUT, 2, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_DST_BLOCK_SIZE, 1, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_DST_OFFSET_UPPER, 0x100, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_INVALIDATE_TEXTURE_CACHE, 3, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_RENDER_ENABLE_C, 2, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_SET_RENDER_ENABLE_C, 5, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_COLOR_KEY_ENABLE, 1, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_SET_COLOR_KEY_ENABLE, 2, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_ROP, 0x100, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_OPERATION, 7, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_PATTERN_OFFSET, 0x40, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_RENDER_TO_ZETA, 1, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_SET_COMPRESSION, 1, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_SET_RENDER_ENABLE_OVERRIDE, 3, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_PIXELS_DIRECTION, 3, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_PIXELS_DIRECTION, 0x30, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_MONO_COLOR_FORMAT, 7, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_RENDER_SOLID_PRIM_MODE, 3, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_RENDER_SOLID_PRIM_MODE, 5, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_LINE_TIE_BREAK_BITS, 2, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_PRIM_POINT_Y(0), 0x2000000, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_CPU_INDEX_FORMAT, 1, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_SET_CPU_INDEX_FORMAT, 3, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_CPU_WRAP, 3, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_CPU_SRC_WIDTH, 65537, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_CPU_DATA, 0, NV_902D_ERROR_INVALID_STATE },
		{ NV_902D_SET_BLIT_BLOCK_SHAPE, 3, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_BLIT_SAMPLE_MODE, 2, NV_902D_ERROR_INVALID_VALUE },
	};
	static const uint32_t hints[] = {
		NV_902D_NO_OPERATION, NV_902D_WAIT_FOR_IDLE, NV_902D_FLUSH_ROP_MINI_CACHE,
		NV_902D_INVALIDATE_TEXTURE_CACHE, NV_902D_SET_SECTOR_PROMOTION,
		NV_902D_SET_NUM_PROCESSING_CLUSTERS, NV_902D_SET_RENDER_ENABLE_A,
		NV_902D_SET_RENDER_ENABLE_B, NV_902D_SET_COLOR_KEY_FORMAT, NV_902D_SET_COLOR_KEY,
		NV_902D_SET_BLIT_CORRAL_SIZE,
	};
	struct twod_test *test = *state;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_error(test, bad[i].method, bad[i].data, bad[i].error);
	for (i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		method(test, hints[i], 1);
}

/* One thing wrong at a time, in what is otherwise drawn. */
static void test_state_refused(void **state)
{
	static const struct {
		uint32_t method, data, error;
	} bad[] = {
		{ NV_902D_SET_DST_FORMAT, 0, NV_902D_ERROR_INVALID_FORMAT },
		{ NV_902D_SET_DST_FORMAT, 0xc0, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_SET_DST_FORMAT, 0x1c, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_SET_DST_WIDTH, 0, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_DST_WIDTH, 65537, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_DST_HEIGHT, 0, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_DST_HEIGHT, 65537, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_DST_PITCH, 255, NV_902D_ERROR_LINE_EXCEEDS_PITCH },
		{ NV_902D_SET_SRC_FORMAT, 0xd0, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_SET_SRC_FORMAT, 0xf2, NV_902D_ERROR_UNSUPPORTED },
		{ NV_902D_SET_SRC_FORMAT, 0xaa, NV_902D_ERROR_INVALID_FORMAT },
		{ NV_902D_SET_SRC_BLOCK_SIZE, 6 << 4, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_SRC_BLOCK_SIZE, 6 << 8, NV_902D_ERROR_INVALID_VALUE },
		{ NV_902D_SET_SRC_OFFSET_LOWER, (uint32_t)SRC_VA + 256,
		  NV_902D_ERROR_INVALID_ALIGNMENT },
		{ NV_902D_SET_SRC_DEPTH, 0, NV_902D_ERROR_LAYER_EXCEEDS_DEPTH },
		{ NV_902D_SET_MONO_COLOR_FORMAT, 0, NV_902D_ERROR_UNSUPPORTED },
	};
	struct twod_test *test = *state;
	struct surface dst = {
		.bytes = test->model, .code = 0xcf, .pitch_layout = true, .width = 64,
		.height = 8, .pitch = 256,
	};
	struct surface src = { .code = 0xcf, .width = 64, .height = 8, .depth = 1 };
	struct mix mix = { .operation = 4, .rop = 0xf0 };
	struct blit blit = { .width = 8, .height = 8, .du = ONE, .dv = ONE };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put_surface(test, &dst, NV_902D_SET_DST_FORMAT);
		put_surface(test, &src, NV_902D_SET_SRC_FORMAT);
		put_mix(test, &mix);
		method(test, bad[i].method, bad[i].data);
		assert_int_not_equal(put_blit(test, &blit), EMU_TWOD_DONE);
		assert_int_equal(test->twod.exception, bad[i].error);
		assert_drawn(test);
	}
	put_surface(test, &dst, NV_902D_SET_DST_FORMAT);
	put_surface(test, &src, NV_902D_SET_SRC_FORMAT);
	put_mix(test, &mix);
	method(test, NV_902D_SET_PRIM_COLOR_FORMAT, 0xf7);	/* not of a primitive */
	method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_LINES);
	method(test, NV_902D_PRIM_POINT_X_Y, 0);
	assert_error(test, NV_902D_PRIM_POINT_X_Y, 5, NV_902D_ERROR_INVALID_FORMAT);
	method(test, NV_902D_SET_CPU_COLOR_FORMAT, 0xcf);
	method(test, NV_902D_SET_CPU_SRC_WIDTH, 8);
	method(test, NV_902D_SET_CPU_SRC_HEIGHT, 8);
	assert_error(test, NV_902D_SET_CPU_DST_Y0_INT, 0, NV_902D_ERROR_UNSUPPORTED);	/* steps */
	begin_upload(test, 8, 8, 0, 0);
	method(test, NV_902D_SET_CPU_COLOR_FORMAT, 0xea);
	assert_error(test, NV_902D_CPU_DATA, 0, NV_902D_ERROR_INVALID_FORMAT);
	method(test, NV_902D_SET_CPU_COLOR_FORMAT, 0xcf);
	begin_upload(test, 0, 8, 0, 0);		/* no pixel is expected */
	assert_error(test, NV_902D_CPU_DATA, 0, NV_902D_ERROR_INVALID_STATE);
}

/* --- faults, and state that is saved --- */

static void test_faults(void **state)
{
	struct twod_test *test = *state;
	struct surface dst = {
		.bytes = test->model, .code = 0xcf, .pitch_layout = true, .width = 64,
		.height = 16, .pitch = 4096,
	};
	struct mix mix = { .operation = 3 };
	struct blit blit = { .width = 64, .height = 16, .du = ONE, .dv = ONE };
	uint64_t hole = DST_VA + 5 * 4096;
	uint32_t i;

	/* Rows up to the hole are there. */
	gpu_vram_write64(test->gpu, gpu_entry(test->gpu, test->gpu->root, hole, 12), 0);
	put_surface(test, &dst, NV_902D_SET_DST_FORMAT);
	put_mix(test, &mix);
	put_color(test, 0xcf, 0xabcdef01);
	method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_RECTS);
	method(test, NV_902D_PRIM_POINT_X_Y, 3);
	assert_int_equal(write_method(test, NV_902D_PRIM_POINT_X_Y, 20 | 16 << 16), EMU_TWOD_FAULT);
	assert_true(test->twod.fault.va == hole + 12);
	assert_int_equal(test->twod.fault.access, NV_FAULT_ACCESS_WRITE);
	for (i = 0; i < 5 * 17; i++)
		model_pixel(&dst, &mix, 3 + i % 17, i / 17, 0xcf, 0xabcdef01);
	assert_drawn(test);

	dst.offset = 0x10000;
	put_surface(test, &dst, NV_902D_SET_DST_FORMAT);
	put_surface(test, &dst, NV_902D_SET_SRC_FORMAT);
	method(test, NV_902D_SET_SRC_OFFSET_LOWER, (uint32_t)DST_VA + 5 * 4096);
	assert_int_equal(put_blit(test, &blit), EMU_TWOD_FAULT);
	assert_int_equal(test->twod.fault.access, NV_FAULT_ACCESS_READ);
	assert_true(test->twod.fault.va == hole);
	assert_drawn(test);

	method(test, NV_902D_SET_DST_OFFSET_LOWER, (uint32_t)hole);
	method(test, NV_902D_SET_CPU_COLOR_FORMAT, 0xcf);
	begin_upload(test, 8, 1, 1, 0);
	assert_int_equal(write_method(test, NV_902D_CPU_DATA, 0), EMU_TWOD_FAULT);
	assert_true(test->twod.fault.va == hole + 4);

	/* A sparse page reads zero and takes everything. */
	gpu_vram_write64(test->gpu, gpu_entry(test->gpu, test->gpu->root, hole, 12),
			 NV_MMU_PTE_VOL);
	begin_upload(test, 1, 1, 1, 0);
	method(test, NV_902D_CPU_DATA, 5);
	put_surface(test, &dst, NV_902D_SET_DST_FORMAT);
	blit.height = 1;
	assert_int_equal(put_blit(test, &blit), EMU_TWOD_DONE);
	memset(test->model + 0x10000, 0, 256);
	assert_drawn(test);
}

/* What was saved goes on elsewhere; what cannot have been does no harm. */
static void test_restore(void **state)
{
	struct twod_test *test = *state;
	struct surface s = {
		.bytes = test->model, .code = 0xf3, .pitch_layout = true, .width = 64,
		.height = 8, .pitch = 64,
	};
	struct mix mix = { .operation = 3 };
	struct emu_twod saved;
	uint32_t i;

	put_surface(test, &s, NV_902D_SET_DST_FORMAT);
	put_mix(test, &mix);
	put_color(test, 0xf3, 0x77);
	method(test, NV_902D_SET_CPU_COLOR_FORMAT, 0xf3);
	method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_RECTS);
	method(test, NV_902D_PRIM_POINT_X_Y, 2 | 2 << 16);
	begin_upload(test, 6, 2, 20, 1);
	method(test, NV_902D_CPU_DATA, 0x04030201);
	saved = test->twod;
	emu_twod_init(&test->twod, test->gpu->emu, &test->ctx);
	emu_twod_restore(&test->twod, saved.method, &saved.progress);
	method(test, NV_902D_CPU_DATA, 0x08070605);
	method(test, NV_902D_CPU_DATA, 0x0c0b0a09);
	method(test, NV_902D_PRIM_POINT_X_Y, 5 | 4 << 16);
	for (i = 0; i < 12; i++)
		model_pixel(&s, &mix, 20 + i % 6, 1 + i / 6, 0xf3, i + 1);
	for (i = 0; i < 6; i++)
		model_pixel(&s, &mix, 2 + i % 3, 2 + i / 3, 0xf3, 0x77);
	assert_drawn(test);

	memset(saved.method, 0xff, sizeof(saved.method));
	memset(&saved.progress, 0xff, sizeof(saved.progress));
	emu_twod_restore(&test->twod, saved.method, &saved.progress);
	assert_error(test, NV_902D_CPU_DATA, 0, NV_902D_ERROR_INVALID_STATE);
	assert_int_not_equal(write_method(test, NV_902D_BLIT_SRC_Y0_INT, 0), EMU_TWOD_DONE);
	write_method(test, NV_902D_PRIM_POINT_X_Y, 0);

	/* A first vertex that no method could have set is none. */
	put_surface(test, &s, NV_902D_SET_DST_FORMAT);
	put_mix(test, &mix);
	put_color(test, 0xf3, 0x77);
	method(test, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_LINES);
	saved = test->twod;
	saved.progress.vertices = 1;
	saved.progress.x = INT32_MIN;
	saved.progress.y = INT32_MAX;
	emu_twod_restore(&test->twod, saved.method, &saved.progress);
	method(test, NV_902D_PRIM_POINT_X_Y, 10 | 3 << 16);
	assert_drawn(test);
}

#define twod_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		twod_test(test_conversions),
		twod_test(test_rects_random),
		twod_test(test_nothing_to_draw),
		twod_test(test_lines_random),
		twod_test(test_blits_random),
		twod_test(test_blit_extremes),
		twod_test(test_blit_overlap),
		twod_test(test_upload_random),
		twod_test(test_upload_off),
		twod_test(test_methods_refused),
		twod_test(test_state_refused),
		twod_test(test_faults),
		twod_test(test_restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
