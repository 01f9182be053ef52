/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

#include "regs/nv_ce.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("What engines make of surfaces, byte by byte: the copy engine's layouts and components.");

#define PAGE		IGT_NOVA_PAGE
#define SIZE		(256u * 1024)
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define COMPONENTS	4

/**
 * struct surface - one side of a transfer, in bytes
 * @bo: where it is
 * @base: offset in that: of the first line, or of the surface if it is block-linear
 * @linear: block-linear, which the rest of it is about but for @pitch
 * @pitch: from line to line, of either sign
 * @width: of the surface, in elements
 * @height: in lines
 * @depth: in layers
 * @layer: which of them
 * @x: origin in it, in elements
 * @y: in lines
 * @log_height: GOBs of a block, log2
 * @log_depth: the same
 * @element: bytes of an element
 */
struct surface {
	struct igt_nova_bo *bo;
	uint32_t base;
	bool linear;
	int32_t pitch;
	uint32_t width, height, depth, layer, x, y;
	uint32_t log_height, log_depth;
	uint32_t element;
};

/**
 * struct transfer - one launch
 * @src: source
 * @dst: destination
 * @length: elements of a line
 * @lines: how many
 * @remap: components are rearranged
 * @component: bytes of one
 * @select: of each component of an element of @dst, NV_C5B5_REMAP_*
 * @constants: A and B
 */
struct transfer {
	struct surface src, dst;
	uint32_t length, lines;
	bool remap;
	uint32_t component;
	uint32_t select[COMPONENTS];
	uint32_t constants[2];
};

/**
 * struct bench - a client with queues on all engines
 * @client: the client
 * @src: in system memory and in video memory
 * @dst: the same
 * @model: what @dst should have
 * @seed: of all that is random
 */
struct bench {
	struct igt_nova_client client;
	struct igt_nova_bo src[2], dst[2];
	uint8_t model[SIZE];
	uint32_t seed;
};

static uint32_t pick(struct bench *bench, uint32_t max)
{
	bench->seed = bench->seed * 1664525 + 1013904223;
	return (bench->seed >> 8) % max;
}

static void fill(struct bench *bench, struct igt_nova_bo *bo)
{
	for (size_t i = 0; i < SIZE / 4; i++) {
		bench->seed = bench->seed * 1664525 + 1013904223;
		bo->map[i] = bench->seed ^ bench->seed >> 16;
	}
}

static void bench_open(struct bench *bench)
{
	*bench = (struct bench) { .seed = 0x902dc5b5 };
	igt_nova_client_open(&bench->client);
	for (unsigned int i = 0; i < 2; i++) {
		igt_nova_client_bo(&bench->client, &bench->src[i], SIZE, i ? VRAM : SYSTEM);
		igt_nova_client_bo(&bench->client, &bench->dst[i], SIZE, i ? VRAM : SYSTEM);
		fill(bench, &bench->src[i]);
	}
}

static void bench_close(struct bench *bench)
{
	for (unsigned int i = 0; i < 2; i++) {
		igt_nova_bo_destroy(bench->client.fd, &bench->src[i]);
		igt_nova_bo_destroy(bench->client.fd, &bench->dst[i]);
	}
	igt_nova_client_close(&bench->client);
}

/* --- the model --- */

static uint32_t divide_up(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

/* Blocks go across, down, and into the depth; so do GOBs in a block, of which one is across. */
static uint32_t block_linear(const struct surface *surface, uint32_t x, uint32_t y)
{
	uint32_t gobs_y = 1u << surface->log_height, gobs_z = 1u << surface->log_depth;
	uint32_t across = divide_up(surface->width * surface->element, 64);
	uint32_t down = divide_up(surface->height, 8 * gobs_y);
	uint32_t block = surface->layer / gobs_z * across * down + y / (8 * gobs_y) * across + x / 64;
	uint32_t gob = block * gobs_y * gobs_z + surface->layer % gobs_z * gobs_y + y / 8 % gobs_y;
	uint32_t at = 0;

	/* Address bits 0 to 8 of a byte in its GOB: x0 x1 x2 x3 y0 y1 x4 y2 x5. */
	at |= x % 16;
	at |= (y & 1) << 4 | (y >> 1 & 1) << 5 | (x >> 4 & 1) << 6;
	at |= (y >> 2 & 1) << 7 | (x >> 5 & 1) << 8;
	return gob * 512 + at;
}

/* Where byte @x of a line is in the buffer. */
static uint32_t locate(const struct surface *surface, uint32_t x, uint32_t line)
{
	if (!surface->linear)
		return surface->base + (int32_t)line * surface->pitch + x;
	return surface->base + block_linear(surface, surface->x * surface->element + x,
					    surface->y + line);
}

static uint8_t source_byte(const struct transfer *transfer, uint32_t x, uint32_t line)
{
	return ((const uint8_t *)transfer->src.bo->map)[locate(&transfer->src, x, line)];
}

static void model_element(const struct transfer *transfer, uint8_t *to, uint32_t element,
			  uint32_t line)
{
	uint32_t size = transfer->dst.element;

	for (uint32_t byte = 0; byte < size; byte++) {
		uint32_t at = locate(&transfer->dst, element * size + byte, line);
		uint32_t select, part;

		if (!transfer->remap) {
			to[at] = source_byte(transfer, element + byte, line);
			continue;
		}
		select = transfer->select[byte / transfer->component];
		part = byte % transfer->component;
		if (select <= NV_C5B5_REMAP_SRC_W)
			to[at] = source_byte(transfer, element * transfer->src.element +
					     select * transfer->component + part, line);
		else if (select != NV_C5B5_REMAP_NO_WRITE)
			to[at] = transfer->constants[select == NV_C5B5_REMAP_CONST_B] >> 8 * part;
	}
}

static void model(const struct transfer *transfer, uint8_t *to)
{
	for (uint32_t line = 0; line < transfer->lines; line++)
		for (uint32_t element = 0; element < transfer->length; element++)
			model_element(transfer, to, element, line);
}

/* --- the engine --- */

static void push_side(struct igt_nova_push *push, const struct surface *surface, bool dst)
{
	uint32_t side = dst ? NV_C5B5_SET_DST_BLOCK_SIZE - NV_C5B5_SET_SRC_BLOCK_SIZE : 0;
	uint32_t origin = dst ? NV_C5B5_DST_ORIGIN_X : NV_C5B5_SRC_ORIGIN_X;
	uint64_t va = surface->bo->va + surface->base;

	igt_nova_push_ce(push, dst ? NV_C5B5_OFFSET_OUT_UPPER : NV_C5B5_OFFSET_IN_UPPER, va >> 32);
	igt_nova_push_ce(push, dst ? NV_C5B5_OFFSET_OUT_LOWER : NV_C5B5_OFFSET_IN_LOWER,
			 (uint32_t)va);
	igt_nova_push_ce(push, dst ? NV_C5B5_PITCH_OUT : NV_C5B5_PITCH_IN, surface->pitch);
	if (!surface->linear)
		return;
	igt_nova_push_ce(push, NV_C5B5_SET_SRC_BLOCK_SIZE + side,
			 NV_PUT(NV_C5B5_BLOCK_HEIGHT, surface->log_height) |
			 NV_PUT(NV_C5B5_BLOCK_DEPTH, surface->log_depth) |
			 NV_PUT(NV_C5B5_BLOCK_GOB_HEIGHT, NV_C5B5_BLOCK_GOB_HEIGHT_8));
	igt_nova_push_ce(push, NV_C5B5_SET_SRC_WIDTH + side, surface->width);
	igt_nova_push_ce(push, NV_C5B5_SET_SRC_HEIGHT + side, surface->height);
	igt_nova_push_ce(push, NV_C5B5_SET_SRC_DEPTH + side, surface->depth);
	igt_nova_push_ce(push, NV_C5B5_SET_SRC_LAYER + side, surface->layer);
	/* The short form and the long one, which are the same state. */
	if (surface->x & 1) {
		igt_nova_push_ce(push, NV_C5B5_SET_SRC_ORIGIN + side,
				 NV_PUT(NV_C5B5_ORIGIN_X, surface->x) |
				 NV_PUT(NV_C5B5_ORIGIN_Y, surface->y));
		return;
	}
	igt_nova_push_ce(push, origin, surface->x);
	igt_nova_push_ce(push, origin + 4, surface->y);
}

static void push_transfer(struct igt_nova_push *push, const struct transfer *transfer)
{
	static const uint32_t fields[COMPONENTS] = {
		NV_C5B5_REMAP_DST_X, NV_C5B5_REMAP_DST_Y, NV_C5B5_REMAP_DST_Z, NV_C5B5_REMAP_DST_W,
	};
	uint32_t launch = NV_PUT(NV_C5B5_LAUNCH_TRANSFER, NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED) |
			  NV_C5B5_LAUNCH_FLUSH | NV_C5B5_LAUNCH_MULTI_LINE;
	uint32_t components = 0;

	push_side(push, &transfer->src, false);
	push_side(push, &transfer->dst, true);
	igt_nova_push_ce(push, NV_C5B5_LINE_LENGTH_IN, transfer->length);
	igt_nova_push_ce(push, NV_C5B5_LINE_COUNT, transfer->lines);
	if (transfer->remap) {
		uint32_t size = transfer->component;

		launch |= NV_C5B5_LAUNCH_REMAP;
		for (uint32_t i = 0; i < COMPONENTS; i++)
			components |= NV_PUT(fields[i], transfer->select[i]);
		components |= NV_PUT(NV_C5B5_REMAP_COMPONENT_SIZE, size - 1) |
			      NV_PUT(NV_C5B5_REMAP_NUM_SRC, transfer->src.element / size - 1) |
			      NV_PUT(NV_C5B5_REMAP_NUM_DST, transfer->dst.element / size - 1);
		igt_nova_push_ce(push, NV_C5B5_SET_REMAP_CONST_A, transfer->constants[0]);
		igt_nova_push_ce(push, NV_C5B5_SET_REMAP_CONST_B, transfer->constants[1]);
		igt_nova_push_ce(push, NV_C5B5_SET_REMAP_COMPONENTS, components);
	}
	if (!transfer->src.linear)
		launch |= NV_C5B5_LAUNCH_SRC_PITCH;
	if (!transfer->dst.linear)
		launch |= NV_C5B5_LAUNCH_DST_PITCH;
	igt_nova_push_ce(push, NV_C5B5_LAUNCH_DMA, launch);
}

static int run(struct bench *bench, uint32_t queue, const struct transfer *transfer)
{
	struct igt_nova_push push;

	bench->client.pushes_used = 0;
	igt_nova_push_begin(&bench->client, &push, 128);
	push_transfer(&push, transfer);
	return igt_nova_submit_wait(bench->client.fd, queue, &push);
}

/* --- tests --- */

/* A rectangle of @length elements times @lines in a surface that has room for it and is in the buffer. */
static void pick_surface(struct bench *bench, struct surface *surface, bool linear, uint32_t length,
			 uint32_t lines)
{
	surface->linear = linear;
	if (!linear) {
		surface->pitch = length * surface->element + pick(bench, 2) * pick(bench, 200);
		surface->base = pick(bench, 4096);
		if (pick(bench, 4) == 0) {
			surface->base += surface->pitch * lines;
			surface->pitch = -surface->pitch;
		}
		return;
	}
	surface->x = pick(bench, 40);
	surface->y = pick(bench, 30);
	surface->width = surface->x + length + pick(bench, 20);
	surface->height = surface->y + lines + pick(bench, 20);
	surface->depth = 1 + pick(bench, 3);
	surface->layer = pick(bench, surface->depth);
	surface->log_height = pick(bench, 4);
	surface->log_depth = pick(bench, 2);
	surface->base = pick(bench, 8) * 512;
}

static void pick_remap(struct bench *bench, struct transfer *transfer)
{
	uint32_t sources = 1 + pick(bench, COMPONENTS), components = 1 + pick(bench, COMPONENTS);

	transfer->remap = true;
	transfer->component = 1 + pick(bench, 4);
	transfer->src.element = sources * transfer->component;
	transfer->dst.element = components * transfer->component;
	for (uint32_t i = 0; i < COMPONENTS; i++) {
		uint32_t select = pick(bench, sources + 3);

		transfer->select[i] = select < sources ? select :
				      NV_C5B5_REMAP_CONST_A + select - sources;
	}
	transfer->constants[0] = pick(bench, UINT32_MAX) << 8 | 0xa5;
	transfer->constants[1] = pick(bench, UINT32_MAX) << 8 | 0x5a;
}

static void check(struct bench *bench, uint32_t queue, const struct transfer *transfer,
		  const char *what)
{
	const uint8_t *got = (const uint8_t *)transfer->dst.bo->map;

	memcpy(bench->model, got, SIZE);
	model(transfer, bench->model);
	igt_assert_eq(run(bench, queue, transfer), 1);
	if (!memcmp(bench->model, got, SIZE))
		return;
	for (uint32_t i = 0; i < SIZE; i++)
		igt_assert_f(got[i] == bench->model[i], "%s: byte %#x is %#x, not %#x\n", what, i,
			     got[i], bench->model[i]);
}

static void check_layouts(bool src_linear, bool dst_linear, bool remap)
{
	struct bench *bench = malloc(sizeof(*bench));
	uint32_t engines;

	igt_assert(bench);
	bench_open(bench);
	engines = igt_nova_engine_count(bench->client.fd);
	for (uint32_t engine = 0; engine < engines; engine++) {
		uint32_t queue = igt_nova_client_queue(&bench->client, engine);

		for (unsigned int round = 0; round < 12; round++) {
			struct transfer transfer = {
				.src = { .bo = &bench->src[pick(bench, 2)], .element = 1 },
				.dst = { .bo = &bench->dst[pick(bench, 2)], .element = 1 },
				.length = 1 + pick(bench, remap ? 40 : 300),
				.lines = 1 + pick(bench, 60),
			};
			char what[64];

			if (remap)
				pick_remap(bench, &transfer);
			pick_surface(bench, &transfer.src, src_linear, transfer.length,
				     transfer.lines);
			pick_surface(bench, &transfer.dst, dst_linear, transfer.length,
				     transfer.lines);
			snprintf(what, sizeof(what), "engine %u, round %u", engine, round);
			check(bench, queue, &transfer, what);
		}
		igt_nova_queue_destroy(bench->client.fd, queue, 0);
	}
	bench_close(bench);
	free(bench);
}

static void test_pitch_to_pitch(int fd)
{
	(void)fd;
	check_layouts(false, false, false);
}

static void test_pitch_to_linear(int fd)
{
	(void)fd;
	check_layouts(false, true, false);
}

static void test_linear_to_pitch(int fd)
{
	(void)fd;
	check_layouts(true, false, false);
}

static void test_linear_to_linear(int fd)
{
	(void)fd;
	check_layouts(true, true, false);
}

static void test_remap(int fd)
{
	(void)fd;
	check_layouts(false, false, true);
	check_layouts(true, true, true);
}

/* What does not fit into the surface ends the queue and writes nothing. */
static void test_out_of_bounds(int fd)
{
	struct bench *bench = malloc(sizeof(*bench));
	struct transfer good;

	(void)fd;
	igt_assert(bench);
	igt_nova_expect_errors_logged();
	bench_open(bench);
	good = (struct transfer) {
		.src = { .bo = &bench->src[0], .element = 1, .pitch = 64 },
		.dst = { .bo = &bench->dst[0], .element = 1, .linear = true, .width = 64,
			 .height = 8, .depth = 1 },
		.length = 64, .lines = 8,
	};
	igt_nova_bo_fill(&bench->dst[0], 0x12345678);
	for (unsigned int what = 0; what < 4; what++) {
		uint32_t queue = igt_nova_client_queue(&bench->client, 0);
		struct drm_nova_queue_get_state state = { 0 };
		struct transfer bad = good;

		bad.dst.x += what == 0;
		bad.dst.y += what == 1;
		bad.dst.layer += what == 2;
		bad.dst.base += what == 3;
		igt_assert_eq(run(bench, queue, &bad), -ECANCELED);
		igt_nova_queue_state(bench->client.fd, queue, &state);
		igt_assert_eq_u32(state.error, NV_ERROR_CE0);
		igt_nova_queue_destroy(bench->client.fd, queue, 0);
		igt_assert_eq_u64(igt_nova_bo_check(&bench->dst[0], 0x12345678), SIZE / 4);
		queue = igt_nova_client_queue(&bench->client, 0);
		check(bench, queue, &good, "after an error");
		igt_nova_queue_destroy(bench->client.fd, queue, 0);
		igt_nova_bo_fill(&bench->dst[0], 0x12345678);
	}
	bench_close(bench);
	free(bench);
}

static const struct igt_nova_test tests[] = {
	{ "copy-pitch-to-pitch", "Lines apart by any pitch, of either sign.", test_pitch_to_pitch },
	{ "copy-pitch-to-linear", "Into a layer of a block-linear surface.", test_pitch_to_linear },
	{ "copy-linear-to-pitch", "Out of one.", test_linear_to_pitch },
	{ "copy-linear-to-linear", "From one to another with other blocks.", test_linear_to_linear },
	{ "copy-remap", "Components rearranged, constants, and some left as they are.", test_remap },
	{ "copy-out-of-bounds", "What is not in the surface is an error.", test_out_of_bounds },
};

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = igt_nova_open();
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
	igt_fixture()
		close(fd);
}
