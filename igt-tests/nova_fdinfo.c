/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_fdinfo.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("What fdinfo says of clients: time of engines, memory by region.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

static struct igt_nova_crowd crowd;

static int open_device(void)
{
	return igt_nova_dev_open(igt_nova_unplug_dev());
}

static uint64_t busy(int fd, uint32_t engine)
{
	char key[32];

	snprintf(key, sizeof(key), "drm-engine-copy%u", engine);
	return igt_nova_fdinfo_value(fd, key);
}

/* A read of all that is told of an engine: the key is what comes before its name. */
static uint64_t told(const struct igt_nova_fdinfo *info, const char *key, uint32_t engine)
{
	char whole[48];

	snprintf(whole, sizeof(whole), "%s-copy%u", key, engine);
	return igt_nova_fdinfo_get(info, whole);
}

static const char *const common_keys[] = {
	"pos", "flags", "drm-driver", "drm-client-id", "drm-pdev",
	"drm-total-vram", "drm-shared-vram", "drm-active-vram", "drm-resident-vram",
	"drm-total-system", "drm-shared-system", "drm-active-system", "drm-resident-system",
};

static void test_keys(int fd)
{
	struct igt_nova_fdinfo info;
	char text[256];

	fd = open_device();
	igt_assert_eq(igt_nova_fdinfo_read(fd, &info), 0);
	igt_info("%s", info.text);
	for (size_t i = 0; i < ARRAY_SIZE(common_keys); i++)
		igt_nova_fdinfo_string(&info, common_keys[i], text);
	igt_nova_fdinfo_string(&info, "drm-driver", text);
	igt_assert_eq(strcmp(text, IGT_NOVA_DRIVER), 0);
	igt_nova_fdinfo_string(&info, "drm-pdev", text);
	igt_assert_eq(strcmp(text, igt_nova_unplug_dev()->address), 0);
	for (uint32_t i = 0; i < igt_nova_engine_count(fd); i++)
		igt_assert_eq_u64(busy(fd, i), 0);
	close(fd);
}

static void check_engine_time(struct igt_nova_client *client, int idle_fd, uint32_t engine)
{
	uint32_t engines = igt_nova_engine_count(client->fd), queue;
	uint64_t other, before, after, begin, start = busy(client->fd, engine);
	struct igt_nova_bo bo;

	other = busy(client->fd, (engine + 1) % engines);
	igt_nova_client_bo(client, &bo, MIB, VRAM);
	queue = igt_nova_client_queue(client, engine);
	begin = igt_nova_now_ns();
	for (unsigned int i = 0; i < 4; i++) {
		before = busy(client->fd, engine);
		igt_nova_client_work(client, &bo, queue);
		after = busy(client->fd, engine);
		igt_assert_lt_u64(before, after);
	}
	igt_assert_lte_u64(after - start, igt_nova_now_ns() - begin);
	igt_nova_queue_destroy(client->fd, queue, 0);
	igt_assert_eq_u64(busy(client->fd, engine), after);
	if (engines > 1)
		igt_assert_eq_u64(busy(client->fd, (engine + 1) % engines), other);
	igt_assert_eq_u64(busy(idle_fd, engine), 0);
	igt_nova_bo_destroy(client->fd, &bo);
}

/* Each job adds to the time of its engine and its file, and to no other, and never more than has passed. */
static void test_engine_time(int fd)
{
	struct igt_nova_client client;

	fd = open_device();
	igt_nova_client_init(&client, open_device());
	for (uint32_t engine = 0; engine < igt_nova_engine_count(fd); engine++)
		check_engine_time(&client, fd, engine);
	igt_nova_client_close(&client);
	close(fd);
}

/* Cycles are busy time in the timer's unit, and those in total run on by the same clock. */
static void test_cycles(int fd)
{
	const uint64_t unit_ns = 32;
	struct igt_nova_client client;
	struct igt_nova_fdinfo info;
	uint64_t begin, start, total, busy_cycles, most;
	struct igt_nova_bo bo;
	uint32_t queue;

	fd = open_device();
	igt_nova_client_init(&client, open_device());
	igt_nova_client_bo(&client, &bo, MIB, VRAM);
	queue = igt_nova_client_queue(&client, 0);
	begin = igt_nova_now_ns();
	igt_assert_eq(igt_nova_fdinfo_read(client.fd, &info), 0);
	start = told(&info, "drm-total-cycles", 0);
	igt_assert_eq_u64(told(&info, "drm-cycles", 0), 0);
	for (unsigned int i = 0; i < 4; i++) {
		igt_nova_client_work(&client, &bo, queue);
		igt_assert_eq(igt_nova_fdinfo_read(client.fd, &info), 0);
		busy_cycles = told(&info, "drm-cycles", 0);
		total = told(&info, "drm-total-cycles", 0) - start;
		igt_assert_lt_u64(0, busy_cycles);
		igt_assert_eq_u64(busy_cycles, told(&info, "drm-engine", 0) / unit_ns);
		igt_assert_lte_u64(busy_cycles, total);
		most = (igt_nova_now_ns() - begin) / unit_ns + 1;
		igt_assert_lte_u64(total, most);
	}
	/* Who does nothing has none, and its clock is the same. */
	igt_assert_eq(igt_nova_fdinfo_read(fd, &info), 0);
	igt_assert_eq_u64(told(&info, "drm-cycles", 0), 0);
	igt_assert_lte_u64(start + total, told(&info, "drm-total-cycles", 0));
	igt_nova_client_close(&client);
	close(fd);
}

/* Two files that share an engine are not charged more time than there was. */
static void test_no_time_twice(int fd)
{
	struct igt_nova_client client[2];
	uint64_t begin, sum = 0;
	uint32_t fence[2][8];

	(void)fd;
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_client_init(&client[i], open_device());
	begin = igt_nova_now_ns();
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t queue = igt_nova_client_queue(&client[i], 0);
		struct igt_nova_push push;
		struct igt_nova_bo bo;

		igt_nova_client_bo(&client[i], &bo, MIB, VRAM);
		igt_nova_push_begin(&client[i], &push, 16);
		igt_nova_push_copy(&push, bo.va + bo.size / 2, bo.va, bo.size / 2);
		for (unsigned int j = 0; j < 8; j++)
			fence[i][j] = igt_nova_submit_fence(client[i].fd, queue, &push);
	}
	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int j = 0; j < 8; j++)
			igt_assert_eq(igt_nova_fence_result(client[i].fd, fence[i][j]), 1);
		sum += busy(client[i].fd, 0);
	}
	igt_assert_lt_u64(0, sum);
	igt_assert_lte_u64(sum, igt_nova_now_ns() - begin);
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_client_close(&client[i]);
}

static const struct {
	const char *region;
	uint32_t placement;
} regions[] = {
	{ "vram", VRAM },
	{ "system", SYSTEM },
};

static uint64_t memory(int fd, const char *kind, const char *region)
{
	char key[64];

	snprintf(key, sizeof(key), "drm-%s-%s", kind, region);
	return igt_nova_fdinfo_value(fd, key);
}

static void check_memory(int fd, const char *region, const char *elsewhere, uint32_t placement)
{
	uint64_t size = 3 * MIB + PAGE;
	struct igt_nova_bo bo;
	uint32_t shared;
	int dmabuf, other = open_device();

	igt_nova_bo_create(fd, &bo, size, placement);
	igt_assert_eq_u64(memory(fd, "total", region), size);
	igt_assert_eq_u64(memory(fd, "resident", region), 0);
	igt_nova_bo_fill(&bo, 1);
	igt_assert_eq_u64(memory(fd, "resident", region), size);
	igt_assert_eq_u64(memory(fd, "shared", region), 0);
	igt_assert_eq_u64(memory(fd, "active", region), 0);
	igt_assert_eq_u64(memory(fd, "total", elsewhere), 0);
	igt_assert_eq_u64(memory(fd, "resident", elsewhere), 0);
	igt_assert_eq_u64(memory(other, "total", region), 0);

	/* Both have it then, and both say that they share it. */
	igt_assert_eq(drmPrimeHandleToFD(fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf),
		      0);
	igt_assert_eq(drmPrimeFDToHandle(other, dmabuf, &shared), 0);
	igt_assert_eq_u64(memory(fd, "shared", region), size);
	igt_assert_eq_u64(memory(other, "shared", region), size);
	igt_assert_eq_u64(memory(other, "resident", region), size);
	close(dmabuf);
	igt_nova_bo_destroy(fd, &bo);
	igt_assert_eq_u64(memory(fd, "total", region), 0);
	igt_assert_eq_u64(memory(fd, "resident", region), 0);
	igt_assert_eq_u64(memory(other, "total", region), size);
	close(other);
}

/* Sizes by region: asked for, with memory, shared; each in the file that has a handle. */
static void test_memory(int fd)
{
	(void)fd;
	for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
		int client = open_device();

		check_memory(client, regions[i].region, regions[!i].region, regions[i].placement);
		close(client);
	}
}

/* A buffer whose address space has a job that is not done is active. */
static void test_memory_active(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_push push;
	struct igt_nova_bo bo;
	uint32_t fence;

	(void)fd;
	igt_nova_client_init(&client, open_device());
	igt_nova_client_bo(&client, &bo, MIB, SYSTEM);
	bo.map[0] = 0;
	igt_assert_eq_u64(memory(client.fd, "active", "system"), 0);
	igt_nova_push_begin(&client, &push, 16);
	igt_nova_push_acquire(&push, bo.va, 1);
	fence = igt_nova_submit_fence(client.fd, igt_nova_client_queue(&client, 0), &push);
	igt_assert_eq_u64(memory(client.fd, "active", "system"), MIB + client.pushes.size);
	bo.map[0] = 1;
	igt_assert_eq(igt_nova_fence_result(client.fd, fence), 1);
	igt_assert_eq_u64(memory(client.fd, "active", "system"), 0);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

/* A duplicate is the same client, and outlives the descriptor it was made of. */
static void test_dup_close(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	uint64_t id, time;
	int copy;

	(void)fd;
	igt_nova_client_init(&client, open_device());
	igt_nova_client_bo(&client, &bo, MIB, VRAM);
	igt_nova_client_work(&client, &bo, igt_nova_client_queue(&client, 0));
	id = igt_nova_fdinfo_value(client.fd, "drm-client-id");
	time = busy(client.fd, 0);
	copy = fcntl(client.fd, F_DUPFD_CLOEXEC, 0);
	igt_assert_lte(0, copy);
	munmap(bo.map, bo.size);
	igt_nova_client_close(&client);
	igt_assert_eq_u64(igt_nova_fdinfo_value(copy, "drm-client-id"), id);
	igt_assert_eq_u64(busy(copy, 0), time);
	igt_assert_eq_u64(memory(copy, "total", "vram"), MIB);
	close(copy);
}

/**
 * struct reader - a thread that reads fdinfo over and over
 * @fd: of this file
 * @thread: the thread
 * @running: posted after the first read
 * @stop: ends it
 * @result: of the last read
 */
static struct reader {
	int fd;
	pthread_t thread;
	sem_t running;
	atomic_bool stop;
	int result;
} reader;

static void *read_on(void *data)
{
	struct igt_nova_fdinfo info;

	(void)data;
	for (unsigned int i = 0; !atomic_load(&reader.stop) && !reader.result; i++) {
		reader.result = igt_nova_fdinfo_read(reader.fd, &info);
		if (i == 0)
			sem_post(&reader.running);
	}
	return NULL;
}

/* It can be read while the device goes, and afterwards, when it says nothing of it. */
static void test_unplug(int fd)
{
	struct igt_nova_fdinfo info;

	(void)fd;
	igt_nova_crowd_init(&crowd);
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("exec"));
	igt_nova_crowd_start(&crowd);
	reader = (struct reader) { .fd = crowd.workers[0].client.fd };
	sem_init(&reader.running, 0, 0);
	igt_nova_thread_start(&reader.thread, read_on, NULL);
	sem_wait(&reader.running);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_crowd_join(&crowd);
	igt_assert_eq(igt_nova_fdinfo_read(reader.fd, &info), 0);
	atomic_store(&reader.stop, true);
	pthread_join(reader.thread, NULL);
	igt_assert_eq(reader.result, 0);
	igt_assert_eq(igt_nova_fdinfo_count(&info, "flags"), 1);
	igt_assert_f(!strstr(info.text, "drm-"), "%s\n", info.text);
	igt_nova_crowd_close(&crowd);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "keys", "The keys that there must be, once each.", test_keys },
	{ "engine-time", "Time of engines grows with work, for who does it.", test_engine_time },
	{ "cycles", "Cycles are the engine's time by the timer's unit.", test_cycles },
	{ "no-time-twice", "No time is charged to two clients.", test_no_time_twice },
	{ "memory", "Memory is counted where it is.", test_memory },
	{ "memory-active", "Memory that jobs may be using is active.", test_memory_active },
	{ "dup-close", "A client is its file, not its descriptor.", test_dup_close },
	{ "unplug", "It can be read while and after the device goes.", test_unplug },
};

/* What a failed subtest left behind in this process. */
static void abandon(void)
{
	igt_nova_crowd_abandon(&crowd);
}

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(abandon);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
