/* SPDX-License-Identifier: MIT */
/* Copy engine: transfers against a plain C reference, semaphores, launch errors. */
#define _GNU_SOURCE
#include "gpu.h"

#include <string.h>
#include <unistd.h>

#define SIZE		0x200000u	/* of each of the two surfaces */
#define SRC_VA		0x40000000ull
#define DST_VA		0x50000000ull
#define SEM_VA		0x60000000ull
#define LARGE_SRC_VA	0x70000000ull
#define LARGE_DST_VA	0x80000000ull
#define PITCH_BOTH	(NV_C5B5_LAUNCH_SRC_PITCH | NV_C5B5_LAUNCH_DST_PITCH)
#define COPY		NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED

struct ce_test {
	struct gpu *gpu;
	struct emu_ce ce;
	struct emu_mmu_ctx ctx;
	uint8_t *src;
	uint8_t *dst;
	uint8_t *model;		/* what dst must be */
	uint64_t sem;
};

static int setup(void **state)
{
	struct ce_test *test = calloc(1, sizeof(*test));
	uint64_t src, dst;
	uint32_t i;

	if (!test || gpu_setup((void **)&test->gpu))
		return -1;
	test->gpu->ram_used = 0x10000;
	src = gpu_ram_alloc(test->gpu, SIZE);
	dst = gpu_ram_alloc(test->gpu, SIZE);
	test->sem = gpu_ram_alloc(test->gpu, 4096);
	gpu_map_mixed(test->gpu, SRC_VA, src, SIZE);
	gpu_map_mixed(test->gpu, DST_VA, dst, SIZE);
	gpu_map(test->gpu, SEM_VA, 12, EMU_SYSTEM, GPU_IOVA + test->sem, 4096, 0);
	test->src = test->gpu->ram + src;
	test->dst = test->gpu->ram + dst;
	test->model = malloc(SIZE);
	test->ctx = test->gpu->ctx;
	emu_ce_init(&test->ce, test->gpu->emu, 0, &test->ctx);
	for (i = 0; i < SIZE; i++) {
		test->src[i] = i * 2654435761u >> 24;
		test->dst[i] = 0xdd;
	}
	memcpy(test->model, test->dst, SIZE);
	*state = test;
	return 0;
}

static int teardown(void **state)
{
	struct ce_test *test = *state;

	free(test->model);
	gpu_teardown((void **)&test->gpu);
	free(test);
	return 0;
}

static void method(struct ce_test *test, uint32_t address, uint32_t data)
{
	assert_int_equal(emu_ce_method(&test->ce, address, data), EMU_CE_DONE);
}

static void addresses(struct ce_test *test, uint64_t src, uint64_t dst)
{
	method(test, NV_C5B5_OFFSET_IN_UPPER, (uint32_t)(src >> 32));
	method(test, NV_C5B5_OFFSET_IN_LOWER, (uint32_t)src);
	method(test, NV_C5B5_OFFSET_OUT_UPPER, (uint32_t)(dst >> 32));
	method(test, NV_C5B5_OFFSET_OUT_LOWER, (uint32_t)dst);
}

static void lines(struct ce_test *test, int32_t src_pitch, int32_t dst_pitch, uint32_t length,
		  uint32_t count)
{
	method(test, NV_C5B5_PITCH_IN, (uint32_t)src_pitch);
	method(test, NV_C5B5_PITCH_OUT, (uint32_t)dst_pitch);
	method(test, NV_C5B5_LINE_LENGTH_IN, length);
	method(test, NV_C5B5_LINE_COUNT, count);
}

static enum emu_ce_result launch(struct ce_test *test, uint32_t data)
{
	enum emu_ce_result result = emu_ce_method(&test->ce, NV_C5B5_LAUNCH_DMA, data);

	while (result == EMU_CE_BUSY)
		result = emu_ce_step(&test->ce);
	return result;
}

static void launch_ok(struct ce_test *test, uint32_t data)
{
	assert_int_equal(launch(test, data), EMU_CE_DONE);
	/* memcmp() is fast, the assertion says where. */
	if (memcmp(test->dst, test->model, SIZE))
		assert_memory_equal(test->dst, test->model, SIZE);
}

static void assert_launch_error(struct ce_test *test, uint32_t data, uint32_t error)
{
	assert_int_equal(launch(test, data), EMU_CE_LAUNCH_ERROR);
	assert_int_equal(test->ce.exception, error);
	assert_memory_equal(test->dst, test->model, SIZE);
}

/* --- pitch copies --- */

static void test_one_line(void **state)
{
	struct ce_test *test = *state;

	addresses(test, SRC_VA + 3, DST_VA + 0x1234);
	lines(test, 0, 0, 0x12345, 99);		/* LINE_COUNT is not looked at */
	memcpy(test->model + 0x1234, test->src + 3, 0x12345);
	launch_ok(test, COPY | PITCH_BOTH);
	addresses(test, SRC_VA, DST_VA);
	lines(test, 0, 0, SIZE, 0);
	memcpy(test->model, test->src, SIZE);
	launch_ok(test, NV_C5B5_LAUNCH_TRANSFER_PIPELINED | PITCH_BOTH);
	assert_int_equal(emu_stats_counter(test->gpu->emu->stats, EMU_CE_BYTES), 0x12345 + SIZE);
}

static void test_nothing_to_do(void **state)
{
	struct ce_test *test = *state;

	addresses(test, 0, 0);	/* not mapped, and not touched */
	lines(test, 64, 64, 0, 10);
	launch_ok(test, COPY | PITCH_BOTH | NV_C5B5_LAUNCH_MULTI_LINE);
	lines(test, 64, 64, 64, 0);
	launch_ok(test, COPY | PITCH_BOTH | NV_C5B5_LAUNCH_MULTI_LINE);
	lines(test, 64, 64, 64, 1);
	launch_ok(test, NV_C5B5_LAUNCH_TRANSFER_NONE | PITCH_BOTH);
}

static void model_lines(struct ce_test *test, int64_t src, int64_t dst, int32_t src_pitch,
			int32_t dst_pitch, uint32_t length, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		memcpy(test->model + dst + (int64_t)i * dst_pitch,
		       test->src + src + (int64_t)i * src_pitch, length);
}

static void test_multi_line_random(void **state)
{
	struct ce_test *test = *state;
	unsigned int round;

	gpu_seed();
	for (round = 0; round < 150; round++) {
		uint32_t length = 1 + gpu_random() % (round % 3 ? 300 : 9000);
		uint32_t count = 1 + gpu_random() % 60;
		int32_t src_pitch = length + gpu_random() % 100;
		int32_t dst_pitch = round % 5 ? length + gpu_random() % 100 : length;
		uint32_t src = gpu_random() % 5000, dst = gpu_random() % 5000;

		if (round % 5 == 0)
			src_pitch = length;
		/* Backwards: the first line is the highest. */
		if (round % 4 == 1) {
			src += src_pitch * (count - 1);
			src_pitch = -src_pitch;
		}
		if (round % 4 == 2) {
			dst += dst_pitch * (count - 1);
			dst_pitch = -dst_pitch;
		}
		addresses(test, SRC_VA + src, DST_VA + dst);
		lines(test, src_pitch, dst_pitch, length, count);
		model_lines(test, src, dst, src_pitch, dst_pitch, length, count);
		launch_ok(test, COPY | PITCH_BOTH | NV_C5B5_LAUNCH_MULTI_LINE);
	}
}

/* More than caches hold goes past them. The surfaces are there several times, one after the other. */
static void test_large(void **state)
{
	struct ce_test *test = *state;
	const uint64_t src = 5, dst = 0x1003, length = 4 * SIZE + 0x54321;
	uint64_t i;

	for (i = 0; i < 6; i++) {
		gpu_map_mixed(test->gpu, LARGE_SRC_VA + i * SIZE, test->src - test->gpu->ram, SIZE);
		gpu_map_mixed(test->gpu, LARGE_DST_VA + i * SIZE, test->dst - test->gpu->ram, SIZE);
	}
	addresses(test, LARGE_SRC_VA + src, LARGE_DST_VA + dst);
	lines(test, 0, 0, length, 1);
	for (i = length - SIZE; i < length; i++)
		test->model[(dst + i) % SIZE] = test->src[(src + i) % SIZE];
	launch_ok(test, COPY | PITCH_BOTH);
}

static void test_sparse(void **state)
{
	struct ce_test *test = *state;

	gpu_vram_write64(test->gpu, gpu_entry(test->gpu, test->gpu->root, SRC_VA + 0x1000, 12),
			 NV_MMU_PTE_VOL);
	gpu_vram_write64(test->gpu, gpu_entry(test->gpu, test->gpu->root, DST_VA + 0x5000, 12),
			 NV_MMU_PTE_VOL);
	addresses(test, SRC_VA, DST_VA);
	lines(test, 0, 0, 0x8000, 0);
	memcpy(test->model, test->src, 0x8000);
	memset(test->model + 0x1000, 0, 0x1000);
	memset(test->model + 0x5000, 0xdd, 0x1000);
	launch_ok(test, COPY | PITCH_BOTH);
}

static void test_overlap(void **state)
{
	struct ce_test *test = *state;

	/* Inside one chunk it is as if the source had been read first. */
	addresses(test, DST_VA + 16, DST_VA + 17);
	lines(test, 0, 0, 2000, 0);
	memcpy(test->dst + 16, test->src, 2000);
	memcpy(test->model + 16, test->src, 2000);
	memmove(test->model + 17, test->model + 16, 2000);
	launch_ok(test, COPY | PITCH_BOTH);
}

/* --- remap --- */

static uint32_t components(const uint32_t select[4], uint32_t size, uint32_t src, uint32_t dst)
{
	return select[0] | select[1] << 4 | select[2] << 8 | select[3] << 12 |
	       NV_PUT(NV_C5B5_REMAP_COMPONENT_SIZE, size - 1) |
	       NV_PUT(NV_C5B5_REMAP_NUM_SRC, src - 1) | NV_PUT(NV_C5B5_REMAP_NUM_DST, dst - 1);
}

static void model_remap(struct ce_test *test, uint32_t src, uint32_t dst, const uint32_t select[4],
			uint32_t size, uint32_t nsrc, uint32_t ndst, uint32_t length,
			const uint32_t constants[2])
{
	uint32_t e, c, b;

	for (e = 0; e < length; e++)
	for (c = 0; c < ndst; c++)
	for (b = 0; b < size; b++) {
		uint8_t *to = &test->model[dst + (e * ndst + c) * size + b];

		if (select[c] < 4)
			*to = test->src[src + (e * nsrc + select[c]) * size + b];
		else if (select[c] < 6)
			*to = constants[select[c] - 4] >> 8 * b;
	}
}

static void test_remap_random(void **state)
{
	struct ce_test *test = *state;
	unsigned int round, c;

	gpu_seed();
	for (round = 0; round < 200; round++) {
		uint32_t size = 1 + gpu_random() % 4, nsrc = 1 + gpu_random() % 4;
		uint32_t ndst = 1 + gpu_random() % 4, select[4];
		uint32_t length = 1 + gpu_random() % 3000, count = 1 + gpu_random() % 4;
		uint32_t src = gpu_random() % 5000, dst = gpu_random() % 5000;
		uint32_t src_pitch = length * nsrc * size + gpu_random() % 64;
		uint32_t dst_pitch = length * ndst * size + gpu_random() % 64;
		uint32_t constants[2] = { gpu_random() * 3, gpu_random() * 5 }, i;

		for (c = 0; c < 4; c++) {
			/* Every fourth round constants only, which is the fast path. */
			select[c] = round % 4 ? gpu_random() % 7 : 4 + gpu_random() % 2;
			if (select[c] < 4)
				select[c] %= nsrc;
		}
		addresses(test, SRC_VA + src, DST_VA + dst);
		lines(test, src_pitch, dst_pitch, length, count);
		method(test, NV_C5B5_SET_REMAP_CONST_A, constants[0]);
		method(test, NV_C5B5_SET_REMAP_CONST_B, constants[1]);
		method(test, NV_C5B5_SET_REMAP_COMPONENTS, components(select, size, nsrc, ndst));
		for (i = 0; i < count; i++)
			model_remap(test, src + i * src_pitch, dst + i * dst_pitch, select, size,
				    nsrc, ndst, length, constants);
		launch_ok(test, COPY | PITCH_BOTH | NV_C5B5_LAUNCH_REMAP | NV_C5B5_LAUNCH_MULTI_LINE);
	}
}

/* The encodings that other software uses for memset; the source is not touched. */
static void test_fill(void **state)
{
	static const uint32_t one[4] = { NV_C5B5_REMAP_CONST_B }, two[4] = {
		NV_C5B5_REMAP_CONST_A, NV_C5B5_REMAP_CONST_B,
	};
	struct ce_test *test = *state;
	uint32_t i;

	addresses(test, 0, DST_VA + 64);
	method(test, NV_C5B5_SET_REMAP_CONST_A, 0x11223344);
	method(test, NV_C5B5_SET_REMAP_CONST_B, 0xaabbccdd);

	lines(test, 0, 0, 0x100001, 0);
	method(test, NV_C5B5_SET_REMAP_COMPONENTS, components(one, 1, 1, 1));
	memset(test->model + 64, 0xdd, 0x100001);
	memset(test->dst + 64, 0, 0x100001);
	launch_ok(test, COPY | PITCH_BOTH | NV_C5B5_LAUNCH_REMAP);

	lines(test, 0, 0, 0x40001, 0);
	method(test, NV_C5B5_SET_REMAP_COMPONENTS, components(one, 4, 1, 1));
	for (i = 0; i < 0x40001; i++)
		memcpy(test->model + 64 + i * 4, "\xdd\xcc\xbb\xaa", 4);
	launch_ok(test, COPY | PITCH_BOTH | NV_C5B5_LAUNCH_REMAP);

	lines(test, 0, 0, 0x20001, 0);
	method(test, NV_C5B5_SET_REMAP_COMPONENTS, components(two, 4, 1, 2));
	for (i = 0; i < 0x20001; i++)
		memcpy(test->model + 64 + i * 8, "\x44\x33\x22\x11\xdd\xcc\xbb\xaa", 8);
	launch_ok(test, COPY | PITCH_BOTH | NV_C5B5_LAUNCH_REMAP);
}

/* --- block-linear --- */

/* The published bit order inside a GOB, then GOBs down, then blocks across; written out slowly. */
static uint64_t swizzle(uint32_t x, uint32_t y, uint32_t z, uint32_t width, uint32_t height,
			uint32_t log_h, uint32_t log_d)
{
	uint32_t rows = 8u << log_h, across = (width + 63) / 64, down = (height + rows - 1) / rows;
	uint64_t block = ((uint64_t)(z >> log_d) * down + y / rows) * across + x / 64;
	uint64_t at = block * (512u << (log_h + log_d));
	uint32_t gx = x % 64, gy = y % 8;

	at += (uint64_t)(z % (1u << log_d)) * (512u << log_h) + (y % rows / 8) * 512;
	at += (gx / 32) * 256 + (gy / 4) * 128 + (gx / 16 % 2) * 64 + (gy / 2 % 2) * 32 +
	      (gy % 2) * 16 + gx % 16;
	return at;
}

static void block_linear(struct ce_test *test, bool dst, uint32_t log_h, uint32_t log_d,
			 uint32_t width, uint32_t height, uint32_t depth, uint32_t layer,
			 uint32_t x, uint32_t y)
{
	uint32_t base = dst ? NV_C5B5_SET_DST_BLOCK_SIZE : NV_C5B5_SET_SRC_BLOCK_SIZE;

	method(test, base, log_h << 4 | log_d << 8 | NV_C5B5_BLOCK_GOB_HEIGHT_8 << 12);
	method(test, base + 4, width);
	method(test, base + 8, height);
	method(test, base + 12, depth);
	method(test, base + 16, layer);
	/* The short form where it fits, to have both tested. */
	if (x < 100)
		method(test, base + 20, x | y << 16);
	else if (dst)
		method(test, NV_C5B5_DST_ORIGIN_X, x), method(test, NV_C5B5_DST_ORIGIN_Y, y);
	else
		method(test, NV_C5B5_SRC_ORIGIN_X, x), method(test, NV_C5B5_SRC_ORIGIN_Y, y);
}

static void test_block_linear_random(void **state)
{
	struct ce_test *test = *state;
	unsigned int round;

	gpu_seed();
	for (round = 0; round < 60; round++) {
		uint32_t log_h = gpu_random() % 6, log_d = gpu_random() % 3;
		uint32_t width = 1 + gpu_random() % 300, height = 1 + gpu_random() % 60;
		uint32_t depth = 1 + gpu_random() % 3, layer = gpu_random() % depth;
		uint32_t x = gpu_random() % width, y = gpu_random() % height;
		uint32_t length = 1 + gpu_random() % (width - x);
		uint32_t count = 1 + gpu_random() % (height - y);
		uint32_t pitch = length + 5, i, j;
		bool to_linear = round & 1;

		addresses(test, SRC_VA + 0x1000, DST_VA + 0x2000);
		lines(test, pitch, pitch, length, count);
		block_linear(test, !to_linear, log_h, log_d, width, height, depth, layer, x, y);
		for (j = 0; j < count; j++)
		for (i = 0; i < length; i++) {
			uint64_t tiled = swizzle(x + i, y + j, layer, width, height, log_h, log_d);

			if (to_linear)
				test->model[0x2000 + j * pitch + i] = test->src[0x1000 + tiled];
			else
				test->model[0x2000 + tiled] = test->src[0x1000 + j * pitch + i];
		}
		launch_ok(test, COPY | NV_C5B5_LAUNCH_MULTI_LINE |
			  (to_linear ? NV_C5B5_LAUNCH_DST_PITCH : NV_C5B5_LAUNCH_SRC_PITCH));
	}
}

/* Units are elements when remapping: a 4-byte-pixel fill of a tiled rectangle. */
static void test_block_linear_fill(void **state)
{
	static const uint32_t one[4] = { NV_C5B5_REMAP_CONST_A };
	struct ce_test *test = *state;
	uint32_t i, j;

	addresses(test, 0, DST_VA);
	lines(test, 0, 0, 40, 20);
	method(test, NV_C5B5_SET_REMAP_CONST_A, 0xcafef00d);
	method(test, NV_C5B5_SET_REMAP_COMPONENTS, components(one, 4, 1, 1));
	block_linear(test, true, 2, 0, 100, 50, 1, 0, 7, 9);
	for (j = 0; j < 20; j++)
	for (i = 0; i < 160; i++)
		test->model[swizzle(28 + i, 9 + j, 0, 400, 50, 2, 0)] = "\x0d\xf0\xfe\xca"[i % 4];
	launch_ok(test, COPY | NV_C5B5_LAUNCH_REMAP | NV_C5B5_LAUNCH_MULTI_LINE);
}

/* --- what follows a transfer --- */

static void semaphore(struct ce_test *test, uint64_t va, uint32_t payload)
{
	method(test, NV_C5B5_SET_SEMAPHORE_A, (uint32_t)(va >> 32));
	method(test, NV_C5B5_SET_SEMAPHORE_B, (uint32_t)va);
	method(test, NV_C5B5_SET_SEMAPHORE_PAYLOAD, payload);
}

static void test_semaphores(void **state)
{
	struct ce_test *test = *state;
	uint32_t *sem = (uint32_t *)(test->gpu->ram + test->sem);
	uint64_t before = emu_timer_now(test->gpu->emu), stamp;
	float sum;

	memset(sem, 0xee, 64);
	semaphore(test, SEM_VA + 4, 0x1234);
	launch_ok(test, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, NV_C5B5_LAUNCH_SEMAPHORE_ONE_WORD));
	assert_int_equal(sem[0], 0xeeeeeeee);
	assert_int_equal(sem[1], 0x1234);
	assert_int_equal(sem[2], 0xeeeeeeee);

	semaphore(test, SEM_VA + 16, 0x5678);
	launch_ok(test, NV_C5B5_LAUNCH_FLUSH |
		  NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, NV_C5B5_LAUNCH_SEMAPHORE_FOUR_WORD));
	assert_int_equal(sem[4], 0x5678);
	assert_int_equal(sem[5], 0);
	memcpy(&stamp, &sem[6], sizeof(stamp));
	assert_in_range(stamp, before, emu_timer_now(test->gpu->emu));

	semaphore(test, SEM_VA + 4, 0x10);
	launch_ok(test, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, NV_C5B5_LAUNCH_SEMAPHORE_ONE_WORD) |
		  NV_C5B5_LAUNCH_REDUCTION_ENABLE |
		  NV_PUT(NV_C5B5_LAUNCH_REDUCTION, NV_C46F_SEM_REDUCTION_IADD));
	assert_int_equal(sem[1], 0x1244);

	sem[1] = 0x3fc00000;	/* 1.5 */
	semaphore(test, SEM_VA + 4, 0x40100000);	/* 2.25 */
	launch_ok(test, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, NV_C5B5_LAUNCH_SEMAPHORE_ONE_WORD) |
		  NV_C5B5_LAUNCH_REDUCTION_ENABLE |
		  NV_PUT(NV_C5B5_LAUNCH_REDUCTION, NV_C5B5_LAUNCH_REDUCTION_FADD));
	memcpy(&sum, &sem[1], sizeof(sum));
	assert_true(sum == 3.75f);
}

static void test_interrupts(void **state)
{
	struct ce_test *test = *state;

	launch_ok(test, NV_PUT(NV_C5B5_LAUNCH_INTERRUPT, NV_C5B5_LAUNCH_INTERRUPT_NON_BLOCKING));
	assert_true(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_NONSTALL(0)));
	assert_false(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_STALL(0)));
	launch_ok(test, NV_PUT(NV_C5B5_LAUNCH_INTERRUPT, NV_C5B5_LAUNCH_INTERRUPT_BLOCKING));
	assert_true(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_STALL(0)));
	assert_false(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_NONSTALL(0)));
	launch_ok(test, 0);
	assert_false(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_NONSTALL(0)));
}

static void test_render_enable(void **state)
{
	struct ce_test *test = *state;

	addresses(test, SRC_VA, DST_VA);
	lines(test, 0, 0, 64, 1);
	method(test, NV_C5B5_SET_RENDER_ENABLE_C, 0);
	launch_ok(test, COPY | PITCH_BOTH);
	method(test, NV_C5B5_SET_RENDER_ENABLE_C, 1);
	memcpy(test->model, test->src, 64);
	launch_ok(test, COPY | PITCH_BOTH);
}

/* A chunk at a time, so that a channel can be preempted inside a copy. */
static void test_steps(void **state)
{
	struct ce_test *test = *state;
	enum emu_ce_result result;
	unsigned int steps = 0;

	addresses(test, SRC_VA, DST_VA);
	lines(test, 0, 0, SIZE, 1);
	result = emu_ce_method(&test->ce, NV_C5B5_LAUNCH_DMA, COPY | PITCH_BOTH);
	for (; result == EMU_CE_BUSY; steps++)
		result = emu_ce_step(&test->ce);
	assert_int_equal(result, EMU_CE_DONE);
	assert_true(steps >= SIZE / EMU_MMU_CHUNK);
	assert_memory_equal(test->dst, test->src, SIZE);
}

/* --- errors --- */

static void test_pitch_errors(void **state)
{
	struct ce_test *test = *state;
	const uint32_t multi = COPY | PITCH_BOTH | NV_C5B5_LAUNCH_MULTI_LINE;

	addresses(test, SRC_VA + 0x10000, DST_VA + 0x10000);
	lines(test, 99, 100, 100, 2);
	assert_launch_error(test, multi, NV_CE_LAUNCHERR_SRC_LINE_EXCEEDS_PITCH);
	lines(test, -99, 100, 100, 2);
	assert_launch_error(test, multi, NV_CE_LAUNCHERR_SRC_LINE_EXCEEDS_NEG_PITCH);
	lines(test, 100, 99, 100, 2);
	assert_launch_error(test, multi, NV_CE_LAUNCHERR_DST_LINE_EXCEEDS_PITCH);
	lines(test, 100, -99, 100, 2);
	assert_launch_error(test, multi, NV_CE_LAUNCHERR_DST_LINE_EXCEEDS_NEG_PITCH);
	lines(test, (int32_t)0x80000000, 100, 100, 0);
	launch_ok(test, multi);
}

static void test_value_errors(void **state)
{
	static const uint32_t bad_source[4] = { NV_C5B5_REMAP_SRC_Y }, seven[4] = { 7 };
	struct ce_test *test = *state;

	addresses(test, SRC_VA, DST_VA);
	lines(test, 64, 64, 64, 1);
	assert_launch_error(test, 3 | PITCH_BOTH, NV_CE_LAUNCHERR_INVALID_VALUE);
	assert_launch_error(test, NV_PUT(NV_C5B5_LAUNCH_INTERRUPT, 3u),
			    NV_CE_LAUNCHERR_INVALID_VALUE);
	assert_launch_error(test, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, 3u),
			    NV_CE_LAUNCHERR_INVALID_OPERATION);
	assert_launch_error(test, NV_PUT(NV_C5B5_LAUNCH_VPRMODE, 1u),
			    NV_CE_LAUNCHERR_INVALID_OPERATION);
	semaphore(test, SEM_VA + 2, 0);
	assert_launch_error(test, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, 1u),
			    NV_CE_LAUNCHERR_INVALID_ALIGNMENT);
	semaphore(test, SEM_VA + 8, 0);
	assert_launch_error(test, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, 2u),
			    NV_CE_LAUNCHERR_INVALID_ALIGNMENT);
	assert_launch_error(test, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, 1u) |
			    NV_C5B5_LAUNCH_REDUCTION_ENABLE | NV_PUT(NV_C5B5_LAUNCH_REDUCTION, 8u),
			    NV_CE_LAUNCHERR_INVALID_VALUE);
	assert_launch_error(test, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, 1u) |
			    NV_C5B5_LAUNCH_REDUCTION_ENABLE | NV_PUT(NV_C5B5_LAUNCH_REDUCTION, 6u),
			    NV_CE_LAUNCHERR_INVALID_OPERATION);
	method(test, NV_C5B5_SET_REMAP_COMPONENTS, components(bad_source, 4, 1, 1));
	assert_launch_error(test, COPY | PITCH_BOTH | NV_C5B5_LAUNCH_REMAP,
			    NV_CE_LAUNCHERR_BAD_SRC_PIXEL_COMP_REF);
	method(test, NV_C5B5_SET_REMAP_COMPONENTS, components(seven, 4, 1, 1));
	assert_launch_error(test, COPY | PITCH_BOTH | NV_C5B5_LAUNCH_REMAP,
			    NV_CE_LAUNCHERR_INVALID_VALUE);
}

static void test_block_linear_errors(void **state)
{
	struct ce_test *test = *state;
	const uint32_t to_tiled = COPY | NV_C5B5_LAUNCH_SRC_PITCH | NV_C5B5_LAUNCH_MULTI_LINE;

	addresses(test, SRC_VA, DST_VA);
	lines(test, 64, 64, 64, 8);
	block_linear(test, true, 0, 0, 64, 8, 1, 1, 0, 0);
	assert_launch_error(test, to_tiled, NV_CE_LAUNCHERR_2D_LAYER_EXCEEDS_DEPTH);
	block_linear(test, true, 0, 0, 64, 8, 1, 0, 1, 0);
	assert_launch_error(test, to_tiled, NV_CE_LAUNCHERR_RECT_OUT_OF_BOUNDS);
	block_linear(test, true, 0, 0, 64, 8, 1, 0, 0, 1);
	assert_launch_error(test, to_tiled, NV_CE_LAUNCHERR_RECT_OUT_OF_BOUNDS);
	block_linear(test, true, 6, 0, 64, 8, 1, 0, 0, 0);
	assert_launch_error(test, to_tiled, NV_CE_LAUNCHERR_INVALID_VALUE);
	block_linear(test, true, 0, 0, 64, 8, 1, 0, 0, 0);
	addresses(test, SRC_VA, DST_VA + 256);
	assert_launch_error(test, to_tiled, NV_CE_LAUNCHERR_INVALID_ALIGNMENT);
	method(test, NV_C5B5_SET_DST_BLOCK_SIZE, 0);
	assert_launch_error(test, to_tiled, NV_CE_LAUNCHERR_INVALID_VALUE);
}

static void test_faults(void **state)
{
	struct ce_test *test = *state;

	addresses(test, SRC_VA + SIZE - 64, DST_VA);
	lines(test, 0, 0, 128, 1);
	assert_int_equal(launch(test, COPY | PITCH_BOTH), EMU_CE_FAULT);
	assert_true(test->ce.fault.va == SRC_VA + SIZE);
	assert_int_equal(test->ce.fault.access, EMU_READ);
	assert_false(test->ce.job.active);

	addresses(test, SRC_VA, 0x1ffffffffffc0ull);
	assert_int_equal(launch(test, COPY | PITCH_BOTH), EMU_CE_FAULT);
	assert_int_equal(test->ce.fault.type, NV_FAULT_TYPE_PDE);
	gpu_map(test->gpu, 0x1fffffffff000ull, 12, EMU_VIDEO, 0, 4096, 0);
	assert_int_equal(launch(test, COPY | PITCH_BOTH), EMU_CE_FAULT);
	assert_int_equal(test->ce.fault.type, NV_FAULT_TYPE_VA_LIMIT);
	assert_true(test->ce.fault.va == 1ull << 49);
	assert_int_equal(test->ce.fault.access, EMU_WRITE);

	semaphore(test, 0x70000000, 1);
	assert_int_equal(launch(test, NV_PUT(NV_C5B5_LAUNCH_SEMAPHORE, 1u)), EMU_CE_FAULT);
	assert_true(test->ce.fault.va == 0x70000000);
}

static void test_physical(void **state)
{
	struct ce_test *test = *state;
	struct gpu *gpu = test->gpu;
	const uint32_t data = COPY | PITCH_BOTH | NV_C5B5_LAUNCH_SRC_PHYSICAL |
			      NV_C5B5_LAUNCH_DST_PHYSICAL;

	memset(gpu->emu->vram + 0x3000, 0x77, 4096);
	addresses(test, 0x3000, GPU_IOVA + (uint64_t)(test->dst - gpu->ram));
	lines(test, 0, 0, 4096, 1);
	method(test, NV_C5B5_SET_SRC_PHYS_MODE, 0);
	method(test, NV_C5B5_SET_DST_PHYS_MODE, 1);
	assert_int_equal(launch(test, data), EMU_CE_HCE_ERROR);
	assert_int_equal(test->ce.exception, NV_PBDMA_HCE_PRIV);
	test->ce.privileged = true;
	memset(test->model, 0x77, 4096);
	launch_ok(test, data);
	addresses(test, EMU_TEST_VRAM, GPU_IOVA);
	assert_int_equal(launch(test, data), EMU_CE_FAULT);
	assert_int_equal(test->ce.fault.type, NV_FAULT_TYPE_REGION);
}

static void test_unknown_methods(void **state)
{
	struct ce_test *test = *state;
	uint32_t address;
	unsigned int known = 0;

	for (address = 0x100; address < 0x4000; address += 4) {
		if (address == NV_C5B5_LAUNCH_DMA)
			continue;
		if (emu_ce_method(&test->ce, address, 0) == EMU_CE_DONE)
			known++;
		else
			assert_int_equal(test->ce.exception, NV_PBDMA_HCE_ILLEGAL_MTHD);
	}
	assert_int_equal(known, 38);	/* the class has 39 methods, LAUNCH_DMA included */
}

#define ce_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ce_test(test_one_line),
		ce_test(test_nothing_to_do),
		ce_test(test_multi_line_random),
		ce_test(test_large),
		ce_test(test_sparse),
		ce_test(test_overlap),
		ce_test(test_remap_random),
		ce_test(test_fill),
		ce_test(test_block_linear_random),
		ce_test(test_block_linear_fill),
		ce_test(test_semaphores),
		ce_test(test_interrupts),
		ce_test(test_render_enable),
		ce_test(test_steps),
		ce_test(test_pitch_errors),
		ce_test(test_value_errors),
		ce_test(test_block_linear_errors),
		ce_test(test_faults),
		ce_test(test_physical),
		ce_test(test_unknown_methods),
	};

	return cmocka_run_group_tests_name("ce", tests, NULL, NULL);
}
