/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

#include "regs/nv_ce.h"
#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("Pages of all sizes: mappings cut and replaced anywhere, compared with a model.");

#define PAGE		IGT_NOVA_PAGE
#define BIG		(64ull << 10)
#define LARGE		(2ull << 20)
#define SIZE		(2 * LARGE)
#define PAGES		(SIZE / PAGE)
#define BUFFERS		3

/**
 * struct bench - a range of addresses, buffers to map there, and what is to be seen of them
 * @client: the client
 * @queue: the queue
 * @va: the range, SIZE bytes from the beginning of a large page
 * @bo: buffers; each page begins with tag()
 * @seen: a dword of each page, as the GPU has read it
 * @buffer: of each page of the range, BUFFERS for none
 * @page: of that buffer
 * @seed: of all that is random
 */
struct bench {
	struct igt_nova_client client;
	uint32_t queue;
	uint64_t va;
	struct igt_nova_bo bo[BUFFERS];
	struct igt_nova_bo seen;
	uint32_t buffer[PAGES];
	uint32_t page[PAGES];
	uint32_t seed;
};

static uint32_t tag(uint32_t buffer, uint32_t page)
{
	return (buffer + 1) << 24 | page;
}

/* In an address space without faults: what is not mapped reads zero. */
static void bench_open(struct bench *bench, uint32_t flags)
{
	struct drm_nova_vm_create create = { .flags = flags };
	struct igt_nova_client *client = &bench->client;

	*bench = (struct bench) { .seed = 0x6e6f7661 };
	igt_nova_client_open(client);
	igt_nova_expect(client->fd, DRM_IOCTL_NOVA_VM_CREATE, &create, 0);
	igt_nova_vm_destroy(client->fd, client->vm, 0);
	client->vm = create.vm_id;
	igt_nova_vm_map(client->fd, client->vm, client->pushes.handle, 0, client->pushes.va,
			client->pushes.size, 0, 0);
	bench->queue = igt_nova_client_queue(client, 0);
	igt_nova_client_bo(client, &bench->seen, PAGES * 4, DRM_NOVA_PLACEMENT_SYSTEM);
	bench->va = (igt_nova_client_va(client, SIZE + LARGE) + LARGE - 1) & ~(LARGE - 1);
	for (uint32_t i = 0; i < BUFFERS; i++) {
		igt_nova_bo_create(client->fd, &bench->bo[i], SIZE,
				   i ? DRM_NOVA_PLACEMENT_VRAM : DRM_NOVA_PLACEMENT_SYSTEM);
		for (uint32_t page = 0; page < PAGES; page++)
			bench->bo[i].map[page * (PAGE / 4)] = tag(i, page);
	}
	for (uint32_t page = 0; page < PAGES; page++)
		bench->buffer[page] = BUFFERS;
}

static void bench_close(struct bench *bench)
{
	for (uint32_t i = 0; i < BUFFERS; i++)
		igt_nova_bo_destroy(bench->client.fd, &bench->bo[i]);
	igt_nova_bo_destroy(bench->client.fd, &bench->seen);
	igt_nova_client_close(&bench->client);
}

/* One dword per line: lines are apart by their pitch. */
static void push_lines(struct igt_nova_push *push, uint64_t to, uint32_t to_pitch, uint64_t from,
		       uint32_t from_pitch, uint32_t lines)
{
	igt_nova_push_ce(push, NV_C5B5_OFFSET_IN_UPPER, from >> 32);
	igt_nova_push_ce(push, NV_C5B5_OFFSET_IN_LOWER, (uint32_t)from);
	igt_nova_push_ce(push, NV_C5B5_OFFSET_OUT_UPPER, to >> 32);
	igt_nova_push_ce(push, NV_C5B5_OFFSET_OUT_LOWER, (uint32_t)to);
	igt_nova_push_ce(push, NV_C5B5_PITCH_IN, from_pitch);
	igt_nova_push_ce(push, NV_C5B5_PITCH_OUT, to_pitch);
	igt_nova_push_ce(push, NV_C5B5_LINE_LENGTH_IN, 4);
	igt_nova_push_ce(push, NV_C5B5_LINE_COUNT, lines);
	igt_nova_push_ce(push, NV_C5B5_LAUNCH_DMA,
			 NV_PUT(NV_C5B5_LAUNCH_TRANSFER, NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED) |
			 NV_C5B5_LAUNCH_FLUSH | NV_C5B5_LAUNCH_SRC_PITCH |
			 NV_C5B5_LAUNCH_DST_PITCH | NV_C5B5_LAUNCH_MULTI_LINE);
}

static void copy_lines(struct bench *bench, uint64_t to, uint32_t to_pitch, uint64_t from,
		       uint32_t from_pitch)
{
	struct igt_nova_push push;

	bench->client.pushes_used = 0;
	igt_nova_push_begin(&bench->client, &push, 64);
	push_lines(&push, to, to_pitch, from, from_pitch, PAGES);
	igt_assert_eq(igt_nova_submit_wait(bench->client.fd, bench->queue, &push), 1);
}

static uint32_t expected(const struct bench *bench, uint32_t page)
{
	uint32_t buffer = bench->buffer[page];

	return buffer == BUFFERS ? 0 : tag(buffer, bench->page[page]);
}

static void check_reads(struct bench *bench, unsigned int round)
{
	igt_nova_bo_fill(&bench->seen, 0xbadbad00);
	copy_lines(bench, bench->seen.va, 4, bench->va, PAGE);
	for (uint32_t page = 0; page < PAGES; page++)
		igt_assert_f(bench->seen.map[page] == expected(bench, page),
			     "round %u, page %u: %#x, not %#x\n", round, page,
			     bench->seen.map[page], expected(bench, page));
}

/* Each page of the range gets a number; what is mapped twice has the last of two. */
static void check_writes(struct bench *bench)
{
	static uint32_t content[BUFFERS][PAGES];

	for (uint32_t i = 0; i < BUFFERS; i++)
		for (uint32_t page = 0; page < PAGES; page++)
			content[i][page] = tag(i, page);
	for (uint32_t page = 0; page < PAGES; page++) {
		bench->seen.map[page] = 0x12340000 + page;
		if (bench->buffer[page] < BUFFERS)
			content[bench->buffer[page]][bench->page[page]] = 0x12340000 + page;
	}
	copy_lines(bench, bench->va, PAGE, bench->seen.va, 4);
	for (uint32_t i = 0; i < BUFFERS; i++)
		for (uint32_t page = 0; page < PAGES; page++)
			igt_assert_eq_u32(bench->bo[i].map[page * (PAGE / 4)], content[i][page]);
}

static uint32_t pick(struct bench *bench, uint32_t max)
{
	bench->seed = bench->seed * 1664525 + 1013904223;
	return (bench->seed >> 8) % max;
}

/* Mostly where larger pages end, or a page beside that. */
static uint32_t pick_place(struct bench *bench)
{
	static const uint32_t steps[] = { LARGE / PAGE, BIG / PAGE, BIG / PAGE, 1 };
	uint32_t step = steps[pick(bench, ARRAY_SIZE(steps))];
	uint32_t place = pick(bench, PAGES + 1) / step * step + pick(bench, 3);

	return place ? place - 1 > PAGES ? PAGES : place - 1 : 0;
}

/* Buffers lie in step with the range, or off by a page of 64 KiB, or off by one of 4 KiB. */
static struct drm_nova_vm_bind_op pick_op(struct bench *bench)
{
	static const uint32_t shifts[] = { 0, 0, BIG / PAGE, 1 };
	uint32_t a = pick_place(bench), b = pick_place(bench);
	uint32_t first = a < b ? a : b, end = (a < b ? b : a) + (a == b);
	uint32_t buffer = pick(bench, BUFFERS + 2), shift = shifts[pick(bench, ARRAY_SIZE(shifts))];
	struct drm_nova_vm_bind_op op = { .op = DRM_NOVA_VM_BIND_OP_MAP };

	if (end > PAGES - shift) {
		end = PAGES - shift;
		first = first < end ? first : end - 1;
	}
	op.va = bench->va + first * PAGE;
	op.size = (end - first) * PAGE;
	if (buffer < BUFFERS) {
		op.handle = bench->bo[buffer].handle;
		op.bo_offset = (first + shift) * PAGE;
	} else if (buffer == BUFFERS) {
		op.flags = DRM_NOVA_VM_BIND_SPARSE;
	} else {
		op.op = DRM_NOVA_VM_BIND_OP_UNMAP;
	}
	for (uint32_t page = first; page < end; page++) {
		bench->buffer[page] = buffer < BUFFERS ? buffer : BUFFERS;
		bench->page[page] = page + shift;
	}
	return op;
}

static void test_random(int fd)
{
	struct drm_nova_vm_bind_op ops[4];
	struct bench bench;

	(void)fd;
	bench_open(&bench, DRM_NOVA_VM_SCRATCH);
	igt_debug("seed %#x\n", bench.seed);
	for (unsigned int round = 0; round < 120; round++) {
		uint32_t count = 1 + pick(&bench, ARRAY_SIZE(ops));

		for (uint32_t i = 0; i < count; i++)
			ops[i] = pick_op(&bench);
		igt_assert_eq(igt_nova_vm_bind_ops(bench.client.fd, bench.client.vm, ops, count), 0);
		check_reads(&bench, round);
	}
	check_writes(&bench);
	bench_close(&bench);
}

static void bind_all(struct bench *bench, uint32_t buffer)
{
	igt_nova_vm_map(bench->client.fd, bench->client.vm, bench->bo[buffer].handle, 0, bench->va,
			SIZE, 0, 0);
	for (uint32_t page = 0; page < PAGES; page++) {
		bench->buffer[page] = buffer;
		bench->page[page] = page;
	}
}

/* A job that looks at the first half of each 64 KiB, over and over. */
static uint32_t submit_reader(struct bench *bench, uint32_t rounds)
{
	struct igt_nova_push push;

	bench->client.pushes_used = 0;
	igt_nova_push_begin(&bench->client, &push, rounds * SIZE / BIG * 18);
	for (uint32_t i = 0; i < rounds * SIZE / BIG; i++) {
		uint64_t region = i % (SIZE / BIG);

		push_lines(&push, bench->seen.va + region * 32, 4, bench->va + region * BIG, PAGE,
			   BIG / PAGE / 2);
	}
	return igt_nova_submit_fence(bench->client.fd, bench->queue, &push);
}

/*
 * What stays mapped is always there, and right: a job reads one half of each page of 64 KiB while the
 * other half goes and comes back.
 */
static void check_never_missing(uint32_t buffer)
{
	struct bench bench;

	bench_open(&bench, 0);
	bind_all(&bench, buffer);
	for (unsigned int round = 0; round < 3; round++) {
		uint32_t syncobj = submit_reader(&bench, 12);
		uint64_t region = 0;

		do {
			uint64_t offset = region++ % (SIZE / BIG) * BIG;

			igt_nova_vm_unmap(bench.client.fd, bench.client.vm,
					  bench.va + offset + BIG / 2, BIG / 2, 0);
			igt_nova_vm_map(bench.client.fd, bench.client.vm, bench.bo[buffer].handle,
					offset, bench.va + offset, BIG, 0, 0);
		} while (region < SIZE / BIG || igt_nova_syncobj_busy(bench.client.fd, syncobj));
		igt_assert_eq(igt_nova_fence_result(bench.client.fd, syncobj), 1);
		igt_nova_syncobj_destroy(bench.client.fd, syncobj);
		for (region = 0; region < SIZE / BIG; region++)
			for (uint32_t i = 0; i < BIG / PAGE / 2; i++)
				igt_assert_eq_u32(bench.seen.map[region * 8 + i],
						  tag(buffer, region * (BIG / PAGE) + i));
	}
	bench_close(&bench);
}

static void test_never_missing_system(int fd)
{
	(void)fd;
	check_never_missing(0);
}

static void test_never_missing_vram(int fd)
{
	(void)fd;
	check_never_missing(1);
}

static const struct igt_nova_test tests[] = {
	{ "random", "Mappings, sparse ranges and holes that begin and end anywhere.", test_random },
	{ "never-missing-system", "A page of 64 KiB of system memory is split under a job that reads it.",
	  test_never_missing_system },
	{ "never-missing-vram", "The same in video memory.", test_never_missing_vram },
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
