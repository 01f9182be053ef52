/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("Jobs: what they do, and their order.");

#define PAGE	IGT_NOVA_PAGE
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

/**
 * struct bench - a client with two queues and two buffers
 * @client: the client
 * @queue: on engine 0, and on the last engine
 * @vram: video memory
 * @system: system memory
 */
struct bench {
	struct igt_nova_client client;
	uint32_t queue[2];
	struct igt_nova_bo vram;
	struct igt_nova_bo system;
};

static void bench_open(struct bench *bench)
{
	igt_nova_client_open(&bench->client);
	bench->queue[0] = igt_nova_client_queue(&bench->client, 0);
	bench->queue[1] = igt_nova_client_queue(&bench->client,
						igt_nova_engine_count(bench->client.fd) - 1);
	igt_nova_client_bo(&bench->client, &bench->vram, 64 * PAGE, VRAM);
	igt_nova_client_bo(&bench->client, &bench->system, 64 * PAGE, SYSTEM);
}

static void bench_close(struct bench *bench)
{
	igt_nova_bo_destroy(bench->client.fd, &bench->vram);
	igt_nova_bo_destroy(bench->client.fd, &bench->system);
	igt_nova_client_close(&bench->client);
}

static void begin(struct bench *bench, struct igt_nova_push *push)
{
	igt_nova_push_begin(&bench->client, push, 64);
}

static int run(struct bench *bench, const struct igt_nova_push *push)
{
	return igt_nova_submit_wait(bench->client.fd, bench->queue[0], push);
}

static void test_works(int fd)
{
	igt_nova_check_works(fd);
}

static void test_empty(int fd)
{
	struct bench bench;

	(void)fd;
	bench_open(&bench);
	igt_assert_eq(run(&bench, NULL), 1);
	igt_assert_eq(igt_nova_submit(bench.client.fd, bench.queue[0], NULL, NULL, 0), 0);
	bench_close(&bench);
}

static void test_fill(int fd)
{
	struct igt_nova_push push;
	struct bench bench;

	(void)fd;
	bench_open(&bench);
	begin(&bench, &push);
	igt_nova_push_fill(&push, bench.vram.va + PAGE, 0x11223344, 100);
	igt_assert_eq(run(&bench, &push), 1);
	for (size_t i = 0; i < bench.vram.size / 4; i++) {
		bool inside = i >= PAGE / 4 && i < PAGE / 4 + 100;

		igt_assert_eq_u32(bench.vram.map[i], inside ? 0x11223344 : 0);
	}
	bench_close(&bench);
}

static void check_copy(struct bench *bench, struct igt_nova_bo *to, struct igt_nova_bo *from,
		       uint32_t offset, uint32_t size)
{
	uint8_t *source = (uint8_t *)from->map, *target = (uint8_t *)to->map;
	struct igt_nova_push push;

	for (size_t i = 0; i < from->size; i++)
		source[i] = i * 7 + (i >> 8);
	memset(target, 0xee, to->size);
	bench->client.pushes_used = 0;
	begin(bench, &push);
	igt_nova_push_copy(&push, to->va + offset + 3, from->va + offset, size);
	igt_assert_eq(run(bench, &push), 1);
	igt_assert(memcmp(target + offset + 3, source + offset, size) == 0);
	igt_assert_eq(target[offset + 2], 0xee);
	igt_assert_eq(target[offset + 3 + size], 0xee);
}

static void test_copy(int fd)
{
	static const struct {
		uint32_t offset, size;
	} cases[] = {
		{ 0, 1 }, { 1, 4095 }, { 4090, 12 }, { 0, 4096 }, { 5, 100000 }, { 0, 200000 },
	};
	struct bench bench;

	(void)fd;
	bench_open(&bench);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		check_copy(&bench, &bench.vram, &bench.system, cases[i].offset, cases[i].size);
		check_copy(&bench, &bench.system, &bench.vram, cases[i].offset, cases[i].size);
	}
	bench_close(&bench);
}

/* Sixteen jobs in one call, each adds one dword behind the last: order shows in the copy. */
static void test_multi_job(int fd)
{
	enum { JOBS = 16 };
	struct drm_nova_job jobs[JOBS] = { 0 };
	struct drm_nova_push segments[JOBS][2] = { 0 };
	struct drm_nova_sync out;
	struct bench bench;

	(void)fd;
	bench_open(&bench);
	out = igt_nova_signal(igt_nova_syncobj_create(bench.client.fd), 0);
	for (unsigned int i = 0; i < JOBS; i++) {
		struct igt_nova_push first, second;

		begin(&bench, &first);
		igt_nova_push_fill(&first, bench.system.va + (i + 1) * 4, i + 1, 1);
		begin(&bench, &second);
		igt_nova_push_copy(&second, bench.system.va + 256 + i * 64, bench.system.va, 64);
		segments[i][0] = (struct drm_nova_push) { first.va, first.length, 0 };
		segments[i][1] = (struct drm_nova_push) {
			second.va, second.length, DRM_NOVA_PUSH_SYNC,
		};
		jobs[i].pushes = (struct drm_nova_array) {
			sizeof(segments[i][0]), 2, (uintptr_t)segments[i],
		};
	}
	jobs[JOBS - 1].syncs = (struct drm_nova_array) { sizeof(out), 1, (uintptr_t)&out };
	igt_assert_eq(igt_nova_exec(bench.client.fd, bench.queue[0], jobs, JOBS), 0);
	igt_assert_eq(igt_nova_fence_result(bench.client.fd, out.handle), 1);
	for (unsigned int i = 0; i < JOBS; i++)
		for (unsigned int at = 1; at < 16; at++)
			igt_assert_eq_u32(bench.system.map[64 + i * 16 + at], at <= i + 1 ? at : 0);
	bench_close(&bench);
}

/* All jobs of a call are accepted or none: the good first job must not run. */
static void test_all_or_none(int fd)
{
	struct drm_nova_push segment[2] = { 0 };
	struct drm_nova_job jobs[2] = { 0 };
	struct drm_nova_sync out;
	struct igt_nova_push push;
	struct bench bench;

	(void)fd;
	bench_open(&bench);
	begin(&bench, &push);
	igt_nova_push_fill(&push, bench.system.va, 0xbad, 1);
	segment[0] = (struct drm_nova_push) { push.va, push.length, 0 };
	segment[1] = (struct drm_nova_push) { push.va, 6, 0 };
	out = igt_nova_signal(igt_nova_syncobj_create(bench.client.fd), 0);
	for (unsigned int i = 0; i < 2; i++)
		jobs[i].pushes = (struct drm_nova_array) {
			sizeof(segment[i]), 1, (uintptr_t)&segment[i],
		};
	jobs[0].syncs = (struct drm_nova_array) { sizeof(out), 1, (uintptr_t)&out };
	igt_assert_eq(igt_nova_exec(bench.client.fd, bench.queue[0], jobs, 2), -EINVAL);
	/* The syncobj has no fence. */
	igt_assert_eq(drmSyncobjWait(bench.client.fd, &out.handle, 1, 0, 0, NULL), -EINVAL);
	igt_assert_eq(run(&bench, NULL), 1);
	igt_assert_eq_u32(bench.system.map[0], 0);
	bench_close(&bench);
}

/* Two queues hand a token back and forth through semaphores in memory. */
static void test_semaphores(int fd)
{
	enum { ROUNDS = 8 };
	struct igt_nova_push push[2];
	struct bench bench;
	uint32_t fence[2];

	(void)fd;
	bench_open(&bench);
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_push_begin(&bench.client, &push[i], 32 * ROUNDS);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		igt_nova_push_fill(&push[0], bench.vram.va + round * 4, round + 1, 1);
		igt_nova_push_release(&push[0], bench.system.va, 2 * round + 1);
		igt_nova_push_acquire(&push[0], bench.system.va, 2 * round + 2);
		igt_nova_push_acquire(&push[1], bench.system.va, 2 * round + 1);
		igt_nova_push_copy(&push[1], bench.system.va + 256 + round * 4,
				   bench.vram.va + round * 4, 4);
		igt_nova_push_release(&push[1], bench.system.va, 2 * round + 2);
	}
	fence[1] = igt_nova_submit_fence(bench.client.fd, bench.queue[1], &push[1]);
	fence[0] = igt_nova_submit_fence(bench.client.fd, bench.queue[0], &push[0]);
	for (unsigned int i = 0; i < 2; i++)
		igt_assert_eq(igt_nova_fence_result(bench.client.fd, fence[i]), 1);
	for (uint32_t round = 0; round < ROUNDS; round++)
		igt_assert_eq_u32(bench.system.map[64 + round], round + 1);
	bench_close(&bench);
}

/* Two queues on the same engine: one waits in its semaphore, the other must get through. */
static void test_semaphore_same_engine(int fd)
{
	struct igt_nova_push push;
	struct bench bench;
	uint32_t other, fence;

	(void)fd;
	bench_open(&bench);
	other = igt_nova_client_queue(&bench.client, 0);
	begin(&bench, &push);
	igt_nova_push_acquire(&push, bench.system.va, 5);
	fence = igt_nova_submit_fence(bench.client.fd, bench.queue[0], &push);
	begin(&bench, &push);
	igt_nova_push_release(&push, bench.system.va, 5);
	igt_assert_eq(igt_nova_submit_wait(bench.client.fd, other, &push), 1);
	igt_assert_eq(igt_nova_fence_result(bench.client.fd, fence), 1);
	bench_close(&bench);
}

/* Every valid push-buffer header form, as a row of semaphore methods. */
static void test_header_forms(int fd)
{
	struct igt_nova_push push;
	struct bench bench;
	uint64_t va;

	(void)fd;
	bench_open(&bench);
	va = bench.system.va + 64;
	begin(&bench, &push);
	igt_nova_push_dword(&push, 0);	/* NOP */
	igt_nova_push_dword(&push, NV_PB_HEADER(INC, 0, NV_C46F_SEM_ADDR_LO, 2));
	igt_nova_push_dword(&push, (uint32_t)va);
	igt_nova_push_dword(&push, va >> 32);
	igt_nova_push_dword(&push, NV_PB_HEADER(NON_INC, 0, NV_C46F_SEM_PAYLOAD_LO, 2));
	igt_nova_push_dword(&push, 1);
	igt_nova_push_dword(&push, 2);
	igt_nova_push_dword(&push, NV_PB_HEADER(IMMD, 0, NV_C46F_SEM_PAYLOAD_HI, 0));
	igt_nova_push_dword(&push, NV_PB_HEADER(IMMD, 0, NV_C46F_SEM_EXECUTE,
						NV_C46F_SEM_OP_RELEASE));
	igt_nova_push_dword(&push, NV_PB_HEADER(ONE_INC, 0, NV_C46F_SEM_PAYLOAD_LO, 2));
	igt_nova_push_dword(&push, 3);
	igt_nova_push_dword(&push, 4);
	igt_nova_push_dword(&push, NV_PB_HEADER(INC, 0, NV_C46F_SEM_PAYLOAD_LO, 0));
	igt_nova_push_dword(&push, NV_PUT(NV_PB_SEC_OP, NV_PB_SEC_OP_END_SEGMENT));
	igt_nova_push_illegal(&push);	/* never reached */
	igt_assert_eq(run(&bench, &push), 1);
	igt_assert_eq_u32(bench.system.map[16], 2);
	bench_close(&bench);
}

/* Clients do not see each other: the same addresses, different buffers. */
static void test_two_clients(int fd)
{
	struct bench bench[2];
	struct igt_nova_push push;
	uint32_t fence[2];

	(void)fd;
	for (unsigned int i = 0; i < 2; i++)
		bench_open(&bench[i]);
	igt_assert_eq_u64(bench[0].system.va, bench[1].system.va);
	for (unsigned int i = 0; i < 2; i++) {
		begin(&bench[i], &push);
		igt_nova_push_fill(&push, bench[i].system.va, 0x100 + i, 1024);
		fence[i] = igt_nova_submit_fence(bench[i].client.fd, bench[i].queue[0], &push);
	}
	for (unsigned int i = 0; i < 2; i++) {
		igt_assert_eq(igt_nova_fence_result(bench[i].client.fd, fence[i]), 1);
		igt_assert_eq_u32(bench[i].system.map[1023], 0x100 + i);
		bench_close(&bench[i]);
	}
}

static const struct igt_nova_test tests[] = {
	{ "works", "Fill, copy and compare on every engine.", test_works },
	{ "empty", "A job without pushes runs and signals.", test_empty },
	{ "fill", "A fill writes what it names and nothing else.", test_fill },
	{ "copy", "Copies between memories of all sizes and alignments.", test_copy },
	{ "multi-job", "Jobs and segments of one call run in order.", test_multi_job },
	{ "all-or-none", "A bad job keeps the whole call from running.", test_all_or_none },
	{ "semaphores", "Queues synchronise through semaphores in memory.", test_semaphores },
	{ "semaphore-same-engine", "A waiting queue does not block its engine.",
	  test_semaphore_same_engine },
	{ "header-forms", "Every valid push-buffer header does what it should.",
	  test_header_forms },
	{ "two-clients", "Equal addresses of two clients are different memory.",
	  test_two_clients },
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
