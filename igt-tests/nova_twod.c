/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_fdinfo.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "regs/nv_error.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"
#include "regs/nv_twod.h"

IGT_TEST_DESCRIPTION("The 2D engine: what it draws, pixel by pixel, and what goes wrong in it alone.");

#define PAGE	IGT_NOVA_PAGE
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define SIZE	(64 * PAGE)
#define FENCE	(SIZE - 64)	/* in a buffer, behind every surface in it */
#define ONE	(1ull << 32)

/**
 * struct desk - a client, its queue on the 2D engine and two buffers
 * @client: the client
 * @queue: the queue
 * @src: buffer, filled with pixels of all kinds
 * @dst: buffer
 * @model: what @dst must be
 * @random: state of the random numbers
 */
struct desk {
	struct igt_nova_client client;
	uint32_t queue;
	struct igt_nova_bo src;
	struct igt_nova_bo dst;
	uint8_t *model;
	uint32_t random;
};

/* Widths and places of R, G, B and A. */
static const struct format {
	uint32_t code;
	uint32_t bytes;
	uint32_t bits[4];
	uint32_t shift[4];
} formats[] = {
	{ NV_902D_FORMAT_A8R8G8B8, 4, { 8, 8, 8, 8 }, { 16, 8, 0, 24 } },
	{ NV_902D_FORMAT_A8B8G8R8, 4, { 8, 8, 8, 8 }, { 0, 8, 16, 24 } },
	{ NV_902D_FORMAT_X8R8G8B8, 4, { 8, 8, 8, 0 }, { 16, 8, 0, 0 } },
	{ NV_902D_FORMAT_A2B10G10R10, 4, { 10, 10, 10, 2 }, { 0, 10, 20, 30 } },
	{ NV_902D_FORMAT_R5G6B5, 2, { 5, 6, 5, 0 }, { 11, 5, 0, 0 } },
	{ NV_902D_FORMAT_Y8, 1, { 8, 0, 0, 0 }, { 0, 0, 0, 0 } },
};

/**
 * struct surface - part of a buffer as the engine sees it
 * @bytes: of the buffer, or of the model
 * @va: of the buffer
 * @format: of its pixels
 * @linear: block-linear, else lines @pitch apart
 * @pitch: see there
 * @width: in pixels
 * @height: in pixels
 * @log_height: GOBs in a block
 */
struct surface {
	uint8_t *bytes;
	uint64_t va;
	const struct format *format;
	bool linear;
	uint32_t pitch;
	uint32_t width;
	uint32_t height;
	uint32_t log_height;
};

struct clip {
	bool enable;
	int32_t x, y;
	uint32_t width, height;
};

/* --- the model --- */

static uint64_t offset_of(const struct surface *s, uint32_t x, uint32_t y)
{
	uint32_t rows = 8u << s->log_height, across = (s->width * s->format->bytes + 63) / 64;
	uint64_t gob;

	if (!s->linear)
		return (uint64_t)s->pitch * y + x;
	gob = ((uint64_t)(y / rows) * across + x / 64) * (rows / 8) + y % rows / 8;
	x %= 64;
	y %= 8;
	return gob * 512 + x % 16 + y % 2 * 16 + y / 2 % 2 * 32 + x / 16 % 2 * 64 + y / 4 * 128 +
	       x / 32 * 256;
}

static uint32_t load(const struct surface *s, uint32_t x, uint32_t y)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < s->format->bytes; i++)
		value |= (uint32_t)s->bytes[offset_of(s, x * s->format->bytes + i, y)] << 8 * i;
	return value;
}

static void store(const struct surface *s, uint32_t x, uint32_t y, uint32_t value)
{
	for (uint32_t i = 0; i < s->format->bytes; i++)
		s->bytes[offset_of(s, x * s->format->bytes + i, y)] = value >> 8 * i;
}

/* To the nearest value of the other width; what was not there is black and opaque. */
static uint32_t convert(const struct format *to, const struct format *from, uint32_t value)
{
	uint32_t result = 0;

	for (unsigned int i = 0; i < 4; i++) {
		uint32_t max = (1u << from->bits[i]) - 1, to_max = (1u << to->bits[i]) - 1;
		uint32_t part = value >> from->shift[i] & max;

		if (!max && i == 3) {
			part = 1;
			max = 1;
		}
		if (max)
			result |= (part * to_max * 2 + max) / (max * 2) << to->shift[i];
	}
	return result;
}

static void draw(const struct surface *s, const struct clip *clip, int64_t x, int64_t y,
		 uint32_t value)
{
	if (x < 0 || y < 0 || x >= s->width || y >= s->height)
		return;
	if (clip->enable && (x < clip->x || y < clip->y || x >= (int64_t)clip->x + clip->width ||
			     y >= (int64_t)clip->y + clip->height))
		return;
	store(s, x, y, value);
}

/* --- the engine --- */

static void push_2d(struct igt_nova_push *push, uint32_t method, uint32_t value)
{
	igt_nova_push_dword(push, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D, method, 1));
	igt_nova_push_dword(push, value);
}

static void push_begin(struct desk *desk, struct igt_nova_push *push)
{
	desk->client.pushes_used = 0;
	igt_nova_push_begin(&desk->client, push, 256);
	igt_nova_push_dword(push, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D, NV_C46F_SET_OBJECT, 1));
	igt_nova_push_dword(push, NV_TWOD_CLASS);
	push_2d(push, NV_902D_SET_OPERATION, NV_902D_OPERATION_SRCCOPY);
}

static void push_surface(struct igt_nova_push *push, const struct surface *s, uint32_t first)
{
	push_2d(push, first, s->format->code);
	push_2d(push, first + 4, s->linear ? NV_902D_LAYOUT_BLOCKLINEAR : NV_902D_LAYOUT_PITCH);
	push_2d(push, first + 8, NV_PUT(NV_902D_BLOCK_HEIGHT, s->log_height));
	push_2d(push, first + 12, 1);		/* depth */
	igt_nova_push_dword(push, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D, first + 0x14, 5));
	igt_nova_push_dword(push, s->pitch);
	igt_nova_push_dword(push, s->width);
	igt_nova_push_dword(push, s->height);
	igt_nova_push_dword(push, s->va >> 32);
	igt_nova_push_dword(push, (uint32_t)s->va);
}

static void push_clip(struct igt_nova_push *push, const struct clip *clip)
{
	igt_nova_push_dword(push, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D, NV_902D_SET_CLIP_X0, 5));
	igt_nova_push_dword(push, clip->x);
	igt_nova_push_dword(push, clip->y);
	igt_nova_push_dword(push, clip->width);
	igt_nova_push_dword(push, clip->height);
	igt_nova_push_dword(push, clip->enable);
}

static void push_rect(struct igt_nova_push *push, const struct format *format, uint32_t color,
		      const int32_t rect[4])
{
	push_2d(push, NV_902D_RENDER_SOLID_PRIM_MODE, NV_902D_PRIM_RECTS);
	push_2d(push, NV_902D_SET_PRIM_COLOR_FORMAT, format->code);
	push_2d(push, NV_902D_SET_PRIM_COLOR, color);
	igt_nova_push_dword(push, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D,
					       NV_902D_PRIM_POINT_SET_X(0), 4));
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_push_dword(push, rect[i]);
}

struct blit {
	int32_t x, y;
	uint32_t width, height;
	int64_t u, v, du, dv;	/* 32.32 */
};

static void push_blit(struct igt_nova_push *push, const struct blit *blit)
{
	push_2d(push, NV_902D_SET_BLIT_SAFE_OVERLAP, 1);
	push_2d(push, NV_902D_SET_BLIT_SAMPLE_MODE, NV_902D_SAMPLE_CORNER);
	igt_nova_push_dword(push, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D, NV_902D_SET_BLIT_DST_X0, 12));
	igt_nova_push_dword(push, blit->x);
	igt_nova_push_dword(push, blit->y);
	igt_nova_push_dword(push, blit->width);
	igt_nova_push_dword(push, blit->height);
	for (unsigned int i = 0; i < 4; i++) {
		int64_t value = i == 0 ? blit->du : i == 1 ? blit->dv : i == 2 ? blit->u : blit->v;

		igt_nova_push_dword(push, (uint32_t)value);
		igt_nova_push_dword(push, (uint32_t)((uint64_t)value >> 32));
	}
}

/* --- the desk --- */

static uint32_t pick(struct desk *desk, uint32_t below)
{
	desk->random = desk->random * 1664525u + 1013904223u;
	return (desk->random >> 8) % below;
}

static void desk_open(struct desk *desk, uint32_t placement)
{
	int fd = igt_nova_dev_open(igt_nova_unplug_dev());

	*desk = (struct desk) { .random = 1 };
	igt_nova_client_init(&desk->client, fd);
	desk->queue = igt_nova_client_queue(&desk->client,
					    igt_nova_engine_of(fd, DRM_NOVA_ENGINE_GRAPHICS));
	igt_nova_client_bo(&desk->client, &desk->src, SIZE, placement);
	igt_nova_client_bo(&desk->client, &desk->dst, SIZE, placement);
	for (uint32_t i = 0; i < SIZE / 4; i++)
		desk->src.map[i] = i * 2654435761u;
	igt_nova_bo_fill(&desk->dst, 0x5aa5c33c);
	desk->model = malloc(SIZE);
	igt_assert(desk->model);
	memcpy(desk->model, desk->dst.map, SIZE);
}

static void desk_close(struct desk *desk)
{
	free(desk->model);
	igt_nova_bo_destroy(desk->client.fd, &desk->src);
	igt_nova_bo_destroy(desk->client.fd, &desk->dst);
	igt_nova_client_close(&desk->client);
}

static struct surface surface(struct desk *desk, bool is_dst)
{
	struct surface s = {
		.bytes = is_dst ? desk->model : (uint8_t *)desk->src.map,
		.va = is_dst ? desk->dst.va : desk->src.va,
		.format = &formats[pick(desk, ARRAY_SIZE(formats))],
		.linear = pick(desk, 2),
		.width = 1 + pick(desk, 250), .height = 1 + pick(desk, 60),
		.log_height = pick(desk, 4),
	};

	s.pitch = s.width * s.format->bytes + pick(desk, 64);
	return s;
}

static void check_drawn(struct desk *desk, const struct igt_nova_push *push, unsigned int round)
{
	const uint8_t *got = (const uint8_t *)desk->dst.map;

	igt_assert_eq(igt_nova_submit_wait(desk->client.fd, desk->queue, push), 1);
	if (!memcmp(got, desk->model, SIZE))
		return;
	for (uint32_t i = 0; i < SIZE; i++)
		igt_assert_f(got[i] == desk->model[i], "round %u: byte %#x is %#x, not %#x\n",
			     round, i, got[i], desk->model[i]);
}

static struct clip random_clip(struct desk *desk)
{
	return (struct clip) {
		.enable = pick(desk, 4), .x = (int32_t)pick(desk, 100) - 30,
		.y = (int32_t)pick(desk, 40) - 10, .width = pick(desk, 150),
		.height = pick(desk, 50),
	};
}

/* --- what it draws --- */

static void fill(struct desk *desk, const struct surface *s, const struct clip *clip,
		 unsigned int round)
{
	const struct format *from = &formats[pick(desk, ARRAY_SIZE(formats))];
	uint32_t color = pick(desk, 1u << 16) << 16 | pick(desk, 1u << 16);
	int32_t x = (int32_t)pick(desk, 200) - 50, y = (int32_t)pick(desk, 60) - 20;
	const int32_t rect[4] = { x, y, x + pick(desk, 200), y + pick(desk, 60) };
	struct igt_nova_push push;

	if (from->bytes < 4)
		color &= (1u << 8 * from->bytes) - 1;
	push_begin(desk, &push);
	push_surface(&push, s, NV_902D_SET_DST_FORMAT);
	push_clip(&push, clip);
	push_rect(&push, from, color, rect);
	for (y = rect[1]; y < rect[3]; y++)
		for (x = rect[0]; x < rect[2]; x++)
			draw(s, clip, x, y, convert(s->format, from, color));
	check_drawn(desk, &push, round);
}

static void test_fill(int fd)
{
	const struct clip none = { 0 };
	struct desk desk;

	(void)fd;
	for (unsigned int where = 0; where < 2; where++) {
		desk_open(&desk, where ? VRAM : SYSTEM);
		for (unsigned int round = 0; round < 30; round++) {
			struct surface s = surface(&desk, true);

			fill(&desk, &s, &none, round);
		}
		desk_close(&desk);
	}
}

static int64_t clamped(int64_t position, uint32_t size)
{
	position >>= 32;
	return position < 0 ? 0 : position >= size ? size - 1 : position;
}

static void blit(struct desk *desk, const struct surface *dst, const struct surface *src,
		 const struct clip *clip, bool scale, unsigned int round)
{
	struct blit blit = {
		.x = (int32_t)pick(desk, 200) - 50, .y = (int32_t)pick(desk, 60) - 20,
		.width = pick(desk, 200), .height = pick(desk, 60),
		.u = (int64_t)pick(desk, 60) << 32, .v = (int64_t)pick(desk, 30) << 32,
		.du = ONE, .dv = ONE,
	};
	struct igt_nova_push push;

	if (scale) {
		blit.u += pick(desk, 1u << 16) << 15;
		blit.du = (int64_t)pick(desk, 1u << 20) << 14;
		blit.dv = ((int64_t)pick(desk, 1u << 20) << 14) - (int64_t)ONE;
	}
	push_begin(desk, &push);
	push_surface(&push, dst, NV_902D_SET_DST_FORMAT);
	push_surface(&push, src, NV_902D_SET_SRC_FORMAT);
	push_clip(&push, clip);
	push_blit(&push, &blit);
	for (uint32_t j = 0; j < blit.height; j++)
		for (uint32_t i = 0; i < blit.width; i++)
			draw(dst, clip, (int64_t)blit.x + i, (int64_t)blit.y + j,
			     convert(dst->format, src->format,
				     load(src, clamped(blit.u + i * blit.du, src->width),
					  clamped(blit.v + j * blit.dv, src->height))));
	check_drawn(desk, &push, round);
}

static void check_blits(bool scale)
{
	const struct clip none = { 0 };
	struct desk desk;

	for (unsigned int where = 0; where < 2; where++) {
		desk_open(&desk, where ? VRAM : SYSTEM);
		for (unsigned int round = 0; round < 30; round++) {
			struct surface dst = surface(&desk, true), src = surface(&desk, false);

			blit(&desk, &dst, &src, &none, scale, round);
		}
		desk_close(&desk);
	}
}

static void test_blit(int fd)
{
	(void)fd;
	check_blits(false);
}

static void test_scale(int fd)
{
	(void)fd;
	check_blits(true);
}

static void test_clip(int fd)
{
	struct desk desk;

	(void)fd;
	desk_open(&desk, SYSTEM);
	for (unsigned int round = 0; round < 30; round++) {
		struct surface dst = surface(&desk, true), src = surface(&desk, false);
		struct clip clip = random_clip(&desk);

		fill(&desk, &dst, &clip, round);
		blit(&desk, &dst, &src, &clip, round % 2, round);
	}
	desk_close(&desk);
}

/* Work without a system call, in a queue of the client's own. */
static void test_usermode(int fd)
{
	const struct surface s = { .format = &formats[0], .pitch = 256, .width = 64, .height = 32 };
	const int32_t rect[4] = { 3, 4, 60, 30 };
	struct igt_nova_userq userq;
	struct igt_nova_push push;
	struct surface dst = s;
	struct desk desk;

	desk_open(&desk, SYSTEM);
	fd = desk.client.fd;
	igt_nova_userq_create(&desk.client, &userq,
			      igt_nova_engine_of(fd, DRM_NOVA_ENGINE_GRAPHICS), 0);
	dst.va = desk.dst.va;
	push_begin(&desk, &push);
	push_surface(&push, &dst, NV_902D_SET_DST_FORMAT);
	push_rect(&push, s.format, 0x11223344, rect);
	igt_nova_push_fence(&push, desk.dst.va + FENCE, 77);
	igt_nova_userq_submit(&userq, &push);
	igt_assert_eq(igt_nova_wait_fence(fd, desk.client.vm, userq.create.queue_id,
					  desk.dst.va + FENCE, 77), 0);
	igt_assert_eq_u32(desk.dst.map[4 * 64 + 3], 0x11223344);
	igt_assert_eq_u32(desk.dst.map[29 * 64 + 59], 0x11223344);
	igt_assert_eq_u32(desk.dst.map[29 * 64 + 60], 0x5aa5c33c);
	igt_nova_userq_destroy(fd, &userq);
	desk_close(&desk);
}

/* Its time is counted, and for no other engine. */
static void test_time(int fd)
{
	const struct clip none = { 0 };
	struct surface s;
	struct desk desk;
	uint64_t copied;

	desk_open(&desk, SYSTEM);
	fd = desk.client.fd;
	copied = igt_nova_fdinfo_value(fd, "drm-engine-copy0");
	igt_assert_eq_u64(igt_nova_fdinfo_value(fd, "drm-engine-graphics0"), 0);
	s = surface(&desk, true);
	fill(&desk, &s, &none, 0);
	igt_assert_lt_u64(0, igt_nova_fdinfo_value(fd, "drm-engine-graphics0"));
	igt_assert_eq_u64(igt_nova_fdinfo_value(fd, "drm-engine-copy0"), copied);
	desk_close(&desk);
}

/* --- what goes wrong --- */

/* Another queue on the engine, and one on a copy engine, do what they should. */
static void check_neighbours(struct desk *desk, uint32_t neighbour)
{
	const struct clip none = { 0 };
	uint32_t own = desk->queue, copy = igt_nova_client_queue(&desk->client, 0);
	struct surface s = surface(desk, true);
	struct igt_nova_push push;

	desk->queue = neighbour;
	memcpy(desk->model, desk->dst.map, SIZE);
	fill(desk, &s, &none, 0);
	desk->queue = own;
	desk->client.pushes_used = 0;
	igt_nova_push_begin(&desk->client, &push, 32);
	igt_nova_push_fill(&push, desk->src.va, 0x1234, 16);
	igt_assert_eq(igt_nova_submit_wait(desk->client.fd, copy, &push), 1);
	igt_assert_eq_u32(desk->src.map[15], 0x1234);
	igt_nova_queue_destroy(desk->client.fd, copy, 0);
}

static void check_killed(struct desk *desk, const struct igt_nova_push *push, uint32_t error)
{
	int fd = desk->client.fd;
	uint32_t engine = igt_nova_engine_of(fd, DRM_NOVA_ENGINE_GRAPHICS);
	uint32_t neighbour = igt_nova_client_queue(&desk->client, engine);
	struct drm_nova_queue_get_state state;

	igt_assert_lt(igt_nova_submit_wait(fd, desk->queue, push), 0);
	igt_nova_queue_state(fd, desk->queue, &state);
	igt_assert_eq_u32(state.flags, DRM_NOVA_QUEUE_STATE_GUILTY);
	igt_assert_eq_u32(state.error, error);
	igt_assert_eq(igt_nova_submit(fd, desk->queue, NULL, NULL, 0), -ECANCELED);
	check_neighbours(desk, neighbour);
	igt_nova_queue_destroy(fd, desk->queue, 0);
	desk->queue = neighbour;
}

static void test_errors(int fd)
{
	static const struct {
		uint32_t subchannel, method, value, error;
	} wrong[] = {
		{ NV_SUBCHANNEL_2D, NV_C46F_SET_OBJECT, 0xc5b5, NV_ERROR_GR_CLASS },
		{ NV_SUBCHANNEL_CE, 0x300, 0, NV_ERROR_GR_CLASS },
		{ NV_SUBCHANNEL_2D, 0x104, 0, NV_ERROR_GR_CLASS },
		{ NV_SUBCHANNEL_2D, NV_902D_SET_OPERATION, 7, NV_ERROR_GR_EXCEPTION },
		{ NV_SUBCHANNEL_2D, NV_902D_BLIT_SRC_Y0_INT, 0, NV_ERROR_GR_EXCEPTION },
		{ 5, NV_902D_SET_OPERATION, 3, NV_ERROR_PBDMA },
	};
	struct igt_nova_push push;
	struct desk desk;

	(void)fd;
	igt_nova_expect_errors_logged();
	desk_open(&desk, SYSTEM);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		desk.client.pushes_used = 0;
		igt_nova_push_begin(&desk.client, &push, 16);
		igt_nova_push_dword(&push, NV_PB_HEADER(INC, wrong[i].subchannel,
							wrong[i].method, 1));
		igt_nova_push_dword(&push, wrong[i].value);
		check_killed(&desk, &push, wrong[i].error);
	}
	desk_close(&desk);
}

/* The packet comes on a way of its own: it may be a moment behind the news of the queue's end. */
static void test_fault(int fd)
{
	const int32_t rect[4] = { 0, 0, 8, 8 };
	struct surface s = { .format = &formats[0], .pitch = 256, .width = 64, .height = 32 };
	struct drm_nova_vm_get_state state;
	struct drm_nova_vm_fault fault;
	struct igt_nova_push push;
	struct desk desk;
	uint32_t queue;

	igt_nova_expect_errors_logged();
	desk_open(&desk, SYSTEM);
	fd = desk.client.fd;
	s.va = igt_nova_client_va(&desk.client, SIZE);
	queue = desk.queue;
	push_begin(&desk, &push);
	push_surface(&push, &s, NV_902D_SET_DST_FORMAT);
	push_rect(&push, s.format, 0, rect);
	check_killed(&desk, &push, NV_ERROR_MMU_FAULT);
	do
		igt_nova_vm_state(fd, desk.client.vm, &state, NULL, 0);
	while (!state.fault_count);
	igt_assert_eq_u32(igt_nova_vm_state(fd, desk.client.vm, &state, &fault, 1), 1);
	igt_assert_eq_u64(fault.address, s.va);
	igt_assert_eq_u32(fault.access, NV_FAULT_ACCESS_WRITE);
	igt_assert_eq_u32(fault.client, NV_FAULT_CLIENT_HUB_RASTERTWOD);
	igt_assert_eq_u32(fault.engine, igt_nova_engine_of(fd, DRM_NOVA_ENGINE_GRAPHICS));
	igt_assert_eq_u32(fault.queue_id, queue);
	desk_close(&desk);
}

/* A picture onto itself again and again, each time as large as the buffer. */
static void push_long_work(struct desk *desk, struct igt_nova_push *push)
{
	const struct blit blit = { .width = 256, .height = 255, .du = ONE, .dv = ONE };
	struct surface s = {
		.format = &formats[0], .va = desk->src.va, .pitch = 1024, .width = 256,
		.height = 255,
	}, dst = s;

	dst.va = desk->dst.va;
	push_begin(desk, push);
	push_surface(push, &dst, NV_902D_SET_DST_FORMAT);
	push_surface(push, &s, NV_902D_SET_SRC_FORMAT);
	for (unsigned int i = 0; i < 4; i++)
		push_blit(push, &blit);
}

/* It hangs, and is reset: the job is lost, the queue beside it and the copy engines go on. */
static void test_hang(int fd)
{
	struct igt_nova_emu_stats stats;
	struct drm_nova_queue_get_state state;
	struct igt_nova_push push;
	struct desk desk;
	uint32_t engine, neighbour, fence;

	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	desk_open(&desk, SYSTEM);
	fd = desk.client.fd;
	engine = igt_nova_engine_of(fd, DRM_NOVA_ENGINE_GRAPHICS);
	neighbour = igt_nova_client_queue(&desk.client, engine);
	igt_nova_queue_destroy(fd, desk.queue, 0);
	desk.queue = igt_nova_client_short_queue(&desk.client, engine);
	igt_nova_unplug_misbehave("hang %u", engine);
	push_long_work(&desk, &push);
	fence = igt_nova_submit_fence(fd, desk.queue, &push);
	do
		igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	while (!stats.stuck_engines);
	igt_assert_lt(igt_nova_fence_result(fd, fence), 0);
	igt_nova_queue_state(fd, desk.queue, &state);
	igt_assert_eq_u32(state.error, NV_ERROR_RESETCHANNEL);
	check_neighbours(&desk, neighbour);
	desk_close(&desk);
	igt_nova_unplug_check_harmless();
}

/* The device goes with jobs of the engine under way: each has ended, well or with the news. */
static void test_unplug(int fd)
{
	struct igt_nova_push push;
	struct desk desk;
	int fence[32], status;

	desk_open(&desk, VRAM);
	fd = desk.client.fd;
	push_long_work(&desk, &push);
	for (unsigned int i = 0; i < ARRAY_SIZE(fence); i++)
		fence[i] = igt_nova_sync_file(fd, igt_nova_submit_fence(fd, desk.queue, &push));
	igt_nova_unplug(igt_nova_path("unbind"));
	for (unsigned int i = 0; i < ARRAY_SIZE(fence); i++) {
		igt_assert_eq(igt_nova_sync_file_wait(fence[i]), 0);
		status = igt_nova_sync_file_status(fence[i]);
		igt_assert_f(status == 1 || status == -ENODEV, "job %u: %d\n", i, status);
		close(fence[i]);
	}
	igt_assert_eq(igt_nova_submit(fd, desk.queue, NULL, NULL, 0), -ENODEV);
	igt_nova_unplug_check_quiet();
	desk_close(&desk);
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "fill", "Rectangles of each format and layout.", test_fill },
	{ "blit", "Rectangles from each format and layout to each other.", test_blit },
	{ "scale", "Blits with steps of their own, also backwards.", test_scale },
	{ "clip", "Nothing is drawn outside of the clip rectangle.", test_clip },
	{ "usermode", "A queue that the client drives itself.", test_usermode },
	{ "time", "fdinfo tells how long it worked.", test_time },
	{ "errors", "Bad methods and values kill their queue only.", test_errors },
	{ "fault", "A fault names the engine and its client, and kills the queue only.",
	  test_fault },
	{ "hang", "It hangs and is reset; only the job it hung in is lost.", test_hang },
	{ "unplug", "The device goes while it draws.", test_unplug },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
