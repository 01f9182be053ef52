/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdatomic.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_meta.h"
#include "igt_nova_pm.h"
#include "igt_nova_share.h"
#include "igt_nova_swap.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

IGT_TEST_DESCRIPTION("Idle buffers are swapped out when memory is short, and come back; so do others' mappings.");

#define PAGE	IGT_NOVA_PAGE
#define SIZE	(64ull * PAGE)
#define SWAP	(64ull << 20)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define ROUNDS	8u
#define DELAY_MS	5000u	/* how long a device stays awake that nobody needs: the default */

static struct igt_nova_crowd crowd;

/**
 * struct side - a client of one of the devices
 * @client: the client
 * @queue: on the first engine
 * @result: buffer to look into, of SIZE bytes
 */
struct side {
	struct igt_nova_client client;
	uint32_t queue;
	struct igt_nova_bo result;
};

static void side_open(struct side *side, const struct igt_nova_dev *dev)
{
	igt_nova_client_init(&side->client, igt_nova_dev_open(dev));
	side->queue = igt_nova_client_queue(&side->client, 0);
	igt_nova_client_bo(&side->client, &side->result, SIZE, SYSTEM);
}

static void side_close(struct side *side)
{
	igt_nova_bo_destroy(side->client.fd, &side->result);
	igt_nova_client_close(&side->client);
}

static uint32_t resident(int fd, uint32_t handle)
{
	struct drm_nova_gem_info info;

	igt_nova_gem_info(fd, handle, &info, 0);
	return info.resident;
}

/* No two pixels of a buffer are the same, nor are two buffers. */
static uint32_t pixel(uint32_t seed, size_t i)
{
	return (uint32_t)i * 2654435761u ^ seed;
}

static void draw(struct igt_nova_bo *bo, uint32_t seed)
{
	for (size_t i = 0; i < bo->size / 4; i++)
		bo->map[i] = pixel(seed, i);
}

static void compare(const struct igt_nova_bo *bo, uint32_t seed)
{
	for (size_t i = 0; i < bo->size / 4; i++)
		igt_assert_f(bo->map[i] == pixel(seed, i), "pixel %zu is %#x, not %#x\n", i,
			     bo->map[i], pixel(seed, i));
}

/* The GPU of @side copies all of it. */
static int copy(struct side *side, uint64_t to, uint64_t from)
{
	struct igt_nova_push push;

	side->client.pushes_used = 0;
	igt_nova_push_begin(&side->client, &push, 64);
	igt_nova_push_copy(&push, to, from, SIZE);
	return igt_nova_submit_wait(side->client.fd, side->queue, &push);
}

/* The GPU of @side sees it at @va. */
static void gpu_compare(struct side *side, uint64_t va, uint32_t seed)
{
	igt_nova_bo_fill(&side->result, ~seed);
	igt_assert_eq(copy(side, side->result.va, va), 1);
	compare(&side->result, seed);
}

static void gpu_draw(struct side *side, uint64_t va, uint32_t seed)
{
	draw(&side->result, seed);
	igt_assert_eq(copy(side, va, side->result.va), 1);
}

static void stays(struct side *side, uint32_t handle)
{
	for (unsigned int i = 0; i < 3; i++)
		igt_nova_swap_reclaim();
	igt_assert_eq_u32(resident(side->client.fd, handle), SYSTEM);
}

/* --- one device --- */

/* Of any kind, touched first by CPU or GPU afterwards, they are what they were. */
static void test_content(int fd)
{
	static const struct {
		uint32_t caching;
		bool private;
	} kinds[] = {
		{ DRM_NOVA_CPU_CACHING_WB, false },
		{ DRM_NOVA_CPU_CACHING_WC, false },
		{ DRM_NOVA_CPU_CACHING_DEFAULT, true },
	};
	struct igt_nova_bo bo[ARRAY_SIZE(kinds)];
	struct side side;

	(void)fd;
	side_open(&side, igt_nova_unplug_dev());
	fd = side.client.fd;
	for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct drm_nova_gem_create create = {
			.size = SIZE, .placement = SYSTEM, .cpu_caching = kinds[i].caching,
			.vm_id = kinds[i].private ? side.client.vm : 0,
		};

		igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_CREATE, &create, 0);
		bo[i].size = SIZE;
		bo[i].handle = create.handle;
		bo[i].map = igt_nova_gem_mmap(fd, bo[i].handle, SIZE);
		bo[i].va = igt_nova_client_va(&side.client, SIZE);
		igt_nova_vm_map(fd, side.client.vm, bo[i].handle, 0, bo[i].va, SIZE, 0, 0);
	}
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (round & 1)
				gpu_draw(&side, bo[i].va, round + i);
			else
				draw(&bo[i], round + i);
		}
		for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++)
			igt_nova_swap_out(side.client.fd, bo[i].handle);
		for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (round & 2)
				compare(&bo[i], round + i);
			gpu_compare(&side, bo[i].va, round + i);
			compare(&bo[i], round + i);
			igt_assert_eq_u32(resident(fd, bo[i].handle), SYSTEM);
		}
	}
	/* Swapped out they can go, too, and into video memory. */
	igt_nova_swap_out(side.client.fd, bo[0].handle);
	for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++)
		igt_nova_bo_destroy(fd, &bo[i]);
	side_close(&side);
}

/* Drawn by the CPU, swapped out, and what the GPU wants is in video memory. */
static void test_to_vram(int fd)
{
	struct igt_nova_bo bo;
	struct side side;

	(void)fd;
	side_open(&side, igt_nova_unplug_dev());
	igt_nova_client_bo(&side.client, &bo, SIZE, VRAM);
	draw(&bo, 1);
	/* Out of video memory, with its content. */
	igt_assert_eq(igt_nova_madvise(side.client.fd, bo.handle, DRM_NOVA_MADVISE_DONTNEED), 1);
	igt_assert_eq(igt_nova_madvise(side.client.fd, bo.handle, DRM_NOVA_MADVISE_WILLNEED), 1);
	gpu_compare(&side, bo.va, 1);
	igt_assert_eq_u32(resident(side.client.fd, bo.handle), VRAM);
	igt_nova_swap_reclaim();
	igt_assert_eq_u32(resident(side.client.fd, bo.handle), VRAM);
	compare(&bo, 1);
	igt_nova_bo_destroy(side.client.fd, &bo);
	side_close(&side);
}

/* A job that may be using it has not ended; a user-mode queue may at any time. */
static void test_in_use(int fd)
{
	struct igt_nova_userq userq;
	struct igt_nova_bo bo, gate;
	struct igt_nova_push push;
	struct side side;
	uint32_t fence;

	(void)fd;
	side_open(&side, igt_nova_unplug_dev());
	igt_nova_client_bo(&side.client, &gate, PAGE, SYSTEM);
	igt_nova_client_bo(&side.client, &bo, SIZE, SYSTEM);
	gate.map[0] = 0;
	draw(&side.result, 5);
	side.client.pushes_used = 0;
	igt_nova_push_begin(&side.client, &push, 64);
	igt_nova_push_acquire(&push, gate.va, 1);
	igt_nova_push_copy(&push, bo.va, side.result.va, SIZE);
	fence = igt_nova_submit_fence(side.client.fd, side.queue, &push);
	stays(&side, bo.handle);
	gate.map[0] = 1;
	igt_assert_eq(igt_nova_fence_result(side.client.fd, fence), 1);
	igt_nova_swap_out(side.client.fd, bo.handle);
	compare(&bo, 5);

	igt_nova_userq_create(&side.client, &userq, 0, 0);
	stays(&side, bo.handle);
	igt_nova_userq_destroy(side.client.fd, &userq);
	igt_nova_swap_out(side.client.fd, bo.handle);
	/* Created for what is swapped out. */
	igt_nova_userq_create(&side.client, &userq, 0, 0);
	igt_assert_eq_u32(resident(side.client.fd, bo.handle), SYSTEM);
	igt_nova_userq_destroy(side.client.fd, &userq);
	compare(&bo, 5);
	igt_nova_bo_destroy(side.client.fd, &bo);
	igt_nova_bo_destroy(side.client.fd, &gate);
	side_close(&side);
}

/* Who is short of memory waits for nobody, but has it woken. */
static void test_asleep(int fd)
{
	const struct igt_nova_dev *dev = igt_nova_unplug_dev();
	struct igt_nova_bo bo;
	struct side side;

	(void)fd;
	side_open(&side, dev);
	igt_nova_client_bo(&side.client, &bo, SIZE, SYSTEM);
	gpu_draw(&side, bo.va, 5);
	igt_assert_eq(igt_nova_dev_set_power(dev, "control", "auto"), 0);
	igt_nova_dev_set_delay(dev, 0);
	igt_nova_dev_wait_asleep(dev);
	igt_assert_eq_u32(resident(side.client.fd, bo.handle), SYSTEM);
	igt_assert(igt_nova_dev_is_asleep(dev));
	igt_nova_dev_set_delay(dev, DELAY_MS);
	igt_nova_swap_out(side.client.fd, bo.handle);
	gpu_compare(&side, bo.va, 5);
	igt_nova_bo_destroy(side.client.fd, &bo);
	side_close(&side);
}

/* --- two devices --- */

/**
 * struct pair - a buffer of one device that the other has bound
 * @owner: whose it is
 * @guest: who imported it
 * @bo: the buffer, as the owner has it
 * @handle: of the guest
 * @va: where the guest sees it
 * @dmabuf: the dma-buf
 */
struct pair {
	struct side owner, guest;
	struct igt_nova_bo bo;
	uint32_t handle;
	uint64_t va;
	int dmabuf;
};

static void pair_open(struct pair *pair, bool owner_goes)
{
	const struct igt_nova_dev *goes = igt_nova_unplug_dev(), *other = igt_nova_unplug_other();

	igt_require_f(other, "one device only\n");
	side_open(&pair->owner, owner_goes ? goes : other);
	side_open(&pair->guest, owner_goes ? other : goes);
	igt_nova_client_bo(&pair->owner.client, &pair->bo, SIZE, VRAM | SYSTEM);
	pair->dmabuf = igt_nova_dmabuf_export(pair->owner.client.fd, pair->bo.handle);
	pair->handle = igt_nova_dmabuf_import(pair->guest.client.fd, pair->dmabuf);
	pair->va = igt_nova_client_va(&pair->guest.client, SIZE);
	igt_nova_vm_map(pair->guest.client.fd, pair->guest.client.vm, pair->handle, 0, pair->va,
			SIZE, 0, 0);
}

static void pair_close(struct pair *pair)
{
	close(pair->dmabuf);
	munmap(pair->bo.map, SIZE);
	side_close(&pair->guest);
	side_close(&pair->owner);
}

/* It moves from under both, and each sees what the other drew. It does not go to video memory. */
static void test_shared(int fd)
{
	struct pair pair;

	(void)fd;
	pair_open(&pair, true);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct side *from = round & 1 ? &pair.guest : &pair.owner;
		struct side *to = round & 1 ? &pair.owner : &pair.guest;

		gpu_draw(from, from == &pair.guest ? pair.va : pair.bo.va, round);
		igt_nova_swap_out(pair.owner.client.fd, pair.bo.handle);
		gpu_compare(to, to == &pair.guest ? pair.va : pair.bo.va, round);
		igt_assert_eq_u32(resident(pair.owner.client.fd, pair.bo.handle), SYSTEM);
		if (round & 2)
			igt_nova_swap_out(pair.owner.client.fd, pair.bo.handle);
		compare(&pair.bo, round);
	}
	/* The owner has it under no name any more; it moves, and the guest is told. */
	gpu_draw(&pair.guest, pair.va, 99);
	igt_nova_gem_close(pair.owner.client.fd, pair.bo.handle);
	for (unsigned int i = 0; i < 3; i++) {
		igt_nova_swap_reclaim();
		gpu_compare(&pair.guest, pair.va, 99);
	}
	pair_close(&pair);
}

/* A job of the guest that has not ended keeps it; so do its user-mode queues, and who is not told of moves. */
static void test_shared_in_use(int fd)
{
	struct igt_nova_userq userq;
	struct igt_nova_bo gate;
	struct igt_nova_push push;
	struct pair pair;
	uint32_t fence;
	uint64_t va;

	(void)fd;
	pair_open(&pair, true);
	igt_nova_client_bo(&pair.guest.client, &gate, PAGE, SYSTEM);
	gate.map[0] = 0;
	draw(&pair.guest.result, 7);
	pair.guest.client.pushes_used = 0;
	igt_nova_push_begin(&pair.guest.client, &push, 64);
	igt_nova_push_acquire(&push, gate.va, 1);
	igt_nova_push_copy(&push, pair.va, pair.guest.result.va, SIZE);
	fence = igt_nova_submit_fence(pair.guest.client.fd, pair.guest.queue, &push);
	stays(&pair.owner, pair.bo.handle);
	gate.map[0] = 1;
	igt_assert_eq(igt_nova_fence_result(pair.guest.client.fd, fence), 1);
	igt_nova_swap_out(pair.owner.client.fd, pair.bo.handle);
	compare(&pair.bo, 7);

	/* Bound when the queue comes, and bound while it is there. */
	igt_nova_userq_create(&pair.guest.client, &userq, 0, 0);
	stays(&pair.owner, pair.bo.handle);
	igt_nova_vm_unmap(pair.guest.client.fd, pair.guest.client.vm, pair.va, SIZE, 0);
	igt_nova_swap_out(pair.owner.client.fd, pair.bo.handle);
	va = igt_nova_client_va(&pair.guest.client, SIZE);
	igt_nova_vm_map(pair.guest.client.fd, pair.guest.client.vm, pair.handle, 0, va, SIZE, 0, 0);
	igt_nova_vm_map(pair.guest.client.fd, pair.guest.client.vm, pair.handle, 0, pair.va, SIZE,
			0, 0);
	stays(&pair.owner, pair.bo.handle);
	gpu_compare(&pair.guest, pair.va, 7);
	igt_nova_userq_destroy(pair.guest.client.fd, &userq);
	igt_nova_swap_out(pair.owner.client.fd, pair.bo.handle);
	gpu_compare(&pair.guest, va, 7);
	gpu_compare(&pair.guest, pair.va, 7);
	igt_nova_bo_destroy(pair.guest.client.fd, &gate);
	pair_close(&pair);
}

static void test_shared_static(int fd)
{
	int vgem = igt_nova_open_vgem(), dmabuf;
	uint32_t handle = 0;
	struct igt_nova_bo bo;
	struct side side;

	(void)fd;
	igt_require_f(vgem >= 0, "no vgem device to share with\n");
	side_open(&side, igt_nova_unplug_dev());
	igt_nova_client_bo(&side.client, &bo, SIZE, SYSTEM);
	draw(&bo, 3);
	dmabuf = igt_nova_dmabuf_export(side.client.fd, bo.handle);
	igt_assert_eq(drmPrimeFDToHandle(vgem, dmabuf, &handle), 0);
	stays(&side, bo.handle);
	igt_nova_gem_close(vgem, handle);
	close(vgem);
	igt_nova_close_vgem();
	igt_nova_swap_out(side.client.fd, bo.handle);
	gpu_compare(&side, bo.va, 3);
	close(dmabuf);
	igt_nova_bo_destroy(side.client.fd, &bo);
	side_close(&side);
}

/* --- memory is short all the time --- */

static atomic_bool stop_pressure;
static pthread_t pressure;

static void *press(void *data)
{
	(void)data;
	while (!atomic_load(&stop_pressure))
		igt_nova_swap_reclaim();
	return NULL;
}

static void pressure_start(void)
{
	atomic_store(&stop_pressure, false);
	igt_nova_thread_start(&pressure, press, NULL);
}

static void pressure_stop(void)
{
	atomic_store(&stop_pressure, true);
	pthread_join(pressure, NULL);
}

static void test_shared_load(int fd)
{
	struct pair pair;

	(void)fd;
	pair_open(&pair, true);
	pressure_start();
	for (uint32_t round = 0; round < 4 * ROUNDS; round++) {
		gpu_draw(&pair.guest, pair.va, round);
		gpu_compare(&pair.owner, pair.bo.va, round);
		gpu_draw(&pair.owner, pair.bo.va, ~round);
		gpu_compare(&pair.guest, pair.va, ~round);
		compare(&pair.bo, ~round);
	}
	pressure_stop();
	pair_close(&pair);
}

/* One of the two goes meanwhile: what was drawn is there for the other, as the memory is the owner's. */
static void check_unplug(bool owner_goes)
{
	struct side *stay, *go;
	uint64_t stay_va;
	struct pair pair;

	pair_open(&pair, owner_goes);
	go = owner_goes ? &pair.owner : &pair.guest;
	stay = owner_goes ? &pair.guest : &pair.owner;
	stay_va = owner_goes ? pair.va : pair.bo.va;
	igt_nova_crowd_init(&crowd);
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("exec-wait"));
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("page-fault"));
	pressure_start();
	igt_nova_crowd_start(&crowd);
	gpu_draw(go, owner_goes ? pair.bo.va : pair.va, 11);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_crowd_join(&crowd);
	gpu_compare(stay, stay_va, 11);
	compare(&pair.bo, 11);
	gpu_draw(stay, stay_va, 12);
	pressure_stop();
	gpu_compare(stay, stay_va, 12);
	compare(&pair.bo, 12);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	pair_close(&pair);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static void test_unplug_owner(int fd)
{
	(void)fd;
	check_unplug(true);
}

static void test_unplug_guest(int fd)
{
	(void)fd;
	check_unplug(false);
}

/* Swapped out when the owner goes, it comes back for the guest and the CPU. */
static void test_unplug_swapped(int fd)
{
	struct pair pair;

	(void)fd;
	pair_open(&pair, true);
	gpu_draw(&pair.owner, pair.bo.va, 21);
	igt_nova_swap_out(pair.owner.client.fd, pair.bo.handle);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_swap_reclaim();
	gpu_compare(&pair.guest, pair.va, 21);
	compare(&pair.bo, 21);
	pair_close(&pair);
	igt_nova_unplug_check_quiet();
	igt_nova_unplug_undo();
}

static const struct igt_nova_test tests[] = {
	{ "content", "All kinds of buffers come back as they were.", test_content },
	{ "to-vram", "What is in video memory is left there.", test_to_vram },
	{ "in-use", "What a job or a user-mode queue may use is not swapped out.", test_in_use },
	{ "asleep", "A device that sleeps is woken to give its memory away.", test_asleep },
	{ "shared", "An importer's mappings follow.", test_shared },
	{ "shared-in-use", "What an importer may be using stays.", test_shared_in_use },
	{ "shared-static", "What an importer is not told of stays.", test_shared_static },
	{ "shared-load", "Two devices at work on a buffer that moves all the time.", test_shared_load },
	{ "unplug-owner", "The exporter goes while its buffers move.", test_unplug_owner },
	{ "unplug-guest", "The importer goes while its imports move.", test_unplug_guest },
	{ "unplug-swapped", "The exporter goes while its buffer is swapped out.", test_unplug_swapped },
};

/* What a failed subtest left behind in this process. */
static void abandon(void)
{
	atomic_store(&stop_pressure, true);
	igt_nova_crowd_abandon(&crowd);
}

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(abandon);
		igt_nova_swap_on(SWAP);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture() {
		igt_nova_swap_off();
		igt_nova_unplug_fini();
	}
}
