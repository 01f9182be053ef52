/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_fdinfo.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_meta.h"
#include "igt_nova_share.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

IGT_TEST_DESCRIPTION("Labels, and buffers whose content is not needed: dropped under pressure, never by surprise.");

#define PAGE		IGT_NOVA_PAGE
#define SIZE		(1024ull * 1024)
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define WILLNEED	DRM_NOVA_MADVISE_WILLNEED
#define DONTNEED	DRM_NOVA_MADVISE_DONTNEED
#define VALUE		0x600dda7au

static struct igt_nova_crowd crowd;

static void open_client(struct igt_nova_client *client)
{
	igt_nova_client_init(client, igt_nova_dev_open(igt_nova_unplug_dev()));
}

static uint32_t resident(int fd, uint32_t handle)
{
	struct drm_nova_gem_info info;

	igt_nova_gem_info(fd, handle, &info, 0);
	return info.resident;
}

/* Of any length, with any bytes, again and again. */
static void test_label(int fd)
{
	static const size_t lengths[] = { 0, 1, 7, PAGE, 0, 5 };
	char text[PAGE];
	uint32_t handle;

	fd = igt_nova_dev_open(igt_nova_unplug_dev());
	handle = igt_nova_gem_create(fd, PAGE, 0, 0, 0, 0);
	memset(text, '\377', sizeof(text));
	text[1] = '\0';
	text[2] = '\n';
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		igt_nova_gem_label(fd, handle, text, lengths[i], 0);
	igt_nova_gem_label(fd, handle, text, PAGE + 1, E2BIG);
	close(fd);
}

/* Without pressure nothing is dropped, wherever it is. */
static void test_kept(int fd)
{
	static const uint32_t placements[] = { VRAM, SYSTEM, VRAM | SYSTEM };
	struct igt_nova_client client;
	struct igt_nova_push push;
	struct igt_nova_bo bo;
	uint32_t queue;

	(void)fd;
	open_client(&client);
	queue = igt_nova_client_queue(&client, 0);
	for (size_t i = 0; i < ARRAY_SIZE(placements); i++) {
		igt_nova_client_bo(&client, &bo, SIZE, placements[i]);
		igt_nova_bo_fill(&bo, VALUE);
		igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, DONTNEED), 1);
		igt_assert_eq_u64(igt_nova_bo_check(&bo, VALUE), SIZE / 4);
		igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, DONTNEED), 1);
		igt_assert_eq(igt_nova_submit_wait(client.fd, queue, NULL), 1);
		igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, WILLNEED), 1);
		igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, WILLNEED), 1);
		igt_nova_push_begin(&client, &push, 64);
		igt_nova_push_fill(&push, bo.va, ~VALUE, SIZE / 8);
		igt_assert_eq(igt_nova_submit_wait(client.fd, queue, &push), 1);
		igt_assert_eq_u64(igt_nova_bo_check(&bo, ~VALUE), SIZE / 8);
		igt_assert_eq_u32(bo.map[SIZE / 8], VALUE);
		igt_nova_bo_destroy(client.fd, &bo);
	}
	igt_nova_client_close(&client);
}

/* Dropped, and told so once; used again by CPU and GPU as if it were new. Its neighbour is not touched. */
static void check_purged(struct igt_nova_client *client, uint32_t queue, uint32_t vm)
{
	struct igt_nova_bo bo = { .size = SIZE }, kept;
	struct igt_nova_push push;

	bo.handle = igt_nova_gem_create(client->fd, SIZE, 0, SYSTEM, vm, 0);
	bo.map = igt_nova_gem_mmap(client->fd, bo.handle, SIZE);
	bo.va = igt_nova_client_va(client, SIZE);
	igt_nova_vm_map(client->fd, client->vm, bo.handle, 0, bo.va, SIZE, 0, 0);
	igt_nova_client_bo(client, &kept, SIZE, SYSTEM);
	igt_nova_bo_fill(&bo, VALUE);
	igt_nova_bo_fill(&kept, VALUE);
	igt_assert_eq(igt_nova_madvise(client->fd, bo.handle, DONTNEED), 1);
	igt_assert_eq_u32(resident(client->fd, bo.handle), SYSTEM);
	igt_assert_eq_u64(igt_nova_fdinfo_value(client->fd, "drm-purgeable-system"), SIZE);

	igt_nova_reclaim();
	igt_assert_eq_u32(resident(client->fd, bo.handle), 0);
	igt_assert_eq_u64(igt_nova_fdinfo_value(client->fd, "drm-purgeable-system"), 0);
	igt_assert_eq_u64(igt_nova_bo_check(&bo, 0), SIZE / 4);
	igt_assert_eq_u64(igt_nova_bo_check(&kept, VALUE), SIZE / 4);
	igt_assert_eq(igt_nova_madvise(client->fd, bo.handle, DONTNEED), 0);

	/* What is written now may go, too. */
	igt_nova_bo_fill(&bo, VALUE);
	igt_nova_reclaim();
	igt_assert_eq_u64(igt_nova_bo_check(&bo, 0), SIZE / 4);
	igt_nova_reclaim();
	igt_assert_eq(igt_nova_madvise(client->fd, bo.handle, WILLNEED), 0);
	igt_assert_eq(igt_nova_madvise(client->fd, bo.handle, WILLNEED), 1);
	igt_nova_reclaim();
	igt_nova_push_begin(client, &push, 64);
	igt_nova_push_fill(&push, bo.va, ~VALUE, SIZE / 8);
	igt_assert_eq(igt_nova_submit_wait(client->fd, queue, &push), 1);
	igt_assert_eq_u64(igt_nova_bo_check(&bo, ~VALUE), SIZE / 8);
	igt_assert_eq_u32(bo.map[SIZE / 8], 0);
	igt_assert_eq(igt_nova_madvise(client->fd, bo.handle, WILLNEED), 1);
	igt_nova_bo_destroy(client->fd, &bo);
	igt_nova_bo_destroy(client->fd, &kept);
}

static void test_purged(int fd)
{
	struct igt_nova_client client;
	uint32_t queue;

	(void)fd;
	open_client(&client);
	queue = igt_nova_client_queue(&client, 0);
	check_purged(&client, queue, 0);
	check_purged(&client, queue, client.vm);
	igt_nova_client_close(&client);
}

/* Bound it stays, but who uses it faults: that queue is killed, the next one works. VM_BIND refuses it. */
static void test_gpu_sees_nothing(int fd)
{
	static const uint32_t placements[] = { VRAM, SYSTEM };
	struct igt_nova_client client;
	struct igt_nova_push push;
	struct igt_nova_bo bo;

	igt_nova_expect_errors_logged();
	(void)fd;
	open_client(&client);
	for (size_t i = 0; i < ARRAY_SIZE(placements); i++) {
		uint32_t queue = igt_nova_client_queue(&client, 0);

		igt_nova_client_bo(&client, &bo, SIZE, placements[i]);
		igt_nova_bo_fill(&bo, VALUE);
		igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, DONTNEED), 1);
		igt_nova_vm_map(client.fd, client.vm, bo.handle, 0, bo.va, SIZE, 0, EPERM);
		igt_nova_push_begin(&client, &push, 64);
		igt_nova_push_fill(&push, bo.va, ~VALUE, SIZE / 4);
		igt_assert_eq(igt_nova_submit_wait(client.fd, queue, &push), -ECANCELED);
		igt_assert_eq_u64(igt_nova_bo_check(&bo, VALUE), SIZE / 4);
		igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, WILLNEED), 1);
		queue = igt_nova_client_queue(&client, 0);
		igt_assert_eq(igt_nova_submit_wait(client.fd, queue, &push), 1);
		igt_assert_eq_u64(igt_nova_bo_check(&bo, ~VALUE), SIZE / 4);
		igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, DONTNEED), 1);
		igt_nova_vm_unmap(client.fd, client.vm, bo.va, SIZE, 0);
		igt_nova_bo_destroy(client.fd, &bo);
	}
	igt_nova_client_close(&client);
}

/**
 * struct adviser - a thread in a call of SET_META
 * @fd: the file
 * @handle: the buffer
 * @thread: the thread
 * @tid: its id, 0: not running yet
 * @started: posted when it is
 * @retained: the answer
 */
static struct adviser {
	int fd;
	uint32_t handle;
	pthread_t thread;
	pid_t tid;
	sem_t started;
	int retained;
} adviser;

static void *advise(void *data)
{
	(void)data;
	adviser.tid = syscall(SYS_gettid);
	sem_post(&adviser.started);
	adviser.retained = igt_nova_try_madvise(adviser.fd, adviser.handle, DONTNEED);
	return NULL;
}

/* A job that may be using the buffer ends first. */
static void test_waits_for_jobs(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo, gate;
	struct igt_nova_push push;
	uint32_t fence;

	(void)fd;
	open_client(&client);
	igt_nova_client_bo(&client, &gate, PAGE, SYSTEM);
	igt_nova_client_bo(&client, &bo, SIZE, SYSTEM);
	gate.map[0] = 0;
	igt_nova_push_begin(&client, &push, 64);
	igt_nova_push_acquire(&push, gate.va, 1);
	igt_nova_push_fill(&push, bo.va, VALUE, SIZE / 4);
	fence = igt_nova_submit_fence(client.fd, igt_nova_client_queue(&client, 0), &push);

	adviser = (struct adviser) { .fd = client.fd, .handle = bo.handle };
	sem_init(&adviser.started, 0, 0);
	igt_nova_thread_start(&adviser.thread, advise, NULL);
	sem_wait(&adviser.started);
	igt_nova_thread_wait_asleep(adviser.tid);
	igt_assert(igt_nova_syncobj_busy(client.fd, fence));
	gate.map[0] = 1;
	pthread_join(adviser.thread, NULL);
	igt_assert_eq(adviser.retained, 1);
	igt_assert_eq(igt_nova_fence_result(client.fd, fence), 1);
	igt_assert_eq_u64(igt_nova_bo_check(&bo, VALUE), SIZE / 4);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_bo_destroy(client.fd, &gate);
	igt_nova_client_close(&client);
}

/* In a VM with user-mode queues it is there when it is needed again, wherever it was and was dropped or not. */
static void test_user_queue(int fd)
{
	static const uint32_t placements[] = { VRAM, SYSTEM, VRAM | SYSTEM };
	struct igt_nova_bo bo[ARRAY_SIZE(placements)], fence;
	struct igt_nova_userq userq;
	struct igt_nova_client client;
	struct igt_nova_push push;

	(void)fd;
	open_client(&client);
	igt_nova_client_bo(&client, &fence, PAGE, SYSTEM);
	for (size_t i = 0; i < ARRAY_SIZE(placements); i++) {
		igt_nova_client_bo(&client, &bo[i], SIZE, placements[i]);
		igt_nova_bo_fill(&bo[i], VALUE);
		igt_assert_eq(igt_nova_madvise(client.fd, bo[i].handle, DONTNEED), 1);
	}
	igt_nova_reclaim();
	igt_nova_userq_create(&client, &userq, 0, 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(placements); i++) {
		bool dropped = placements[i] == SYSTEM;

		igt_assert_eq(igt_nova_try_madvise(client.fd, bo[i].handle, DONTNEED), -EBUSY);
		igt_assert_eq(igt_nova_madvise(client.fd, bo[i].handle, WILLNEED), !dropped);
		igt_nova_push_begin(&client, &push, 64);
		igt_nova_push_fill(&push, bo[i].va, ~VALUE, SIZE / 8);
		igt_nova_push_fence(&push, fence.va, i + 1);
		igt_nova_userq_submit(&userq, &push);
		igt_assert_eq(igt_nova_wait_fence(client.fd, client.vm, userq.create.queue_id,
						  fence.va, i + 1), 0);
		igt_assert_eq_u64(igt_nova_bo_check(&bo[i], ~VALUE), SIZE / 8);
		igt_assert_eq_u32(bo[i].map[SIZE / 8], dropped ? 0 : VALUE);
	}
	igt_nova_userq_destroy(client.fd, &userq);
	for (size_t i = 0; i < ARRAY_SIZE(placements); i++)
		igt_nova_bo_destroy(client.fd, &bo[i]);
	igt_nova_bo_destroy(client.fd, &fence);
	igt_nova_client_close(&client);
}

/* What somebody else's device uses is not dropped; and what is somebody else's is not advised on. */
static void test_shared(int fd)
{
	struct drm_nova_gem_set_meta meta = { .op = DRM_NOVA_GEM_META_MADVISE, .value = DONTNEED };
	struct igt_nova_share share = { .dmabuf = -1 };

	(void)fd;
	igt_nova_share_export(&share, igt_nova_unplug_dev(), igt_nova_unplug_other());
	if (igt_nova_unplug_other()) {
		meta.handle = share.handle;
		igt_nova_expect(share.importer.fd, DRM_IOCTL_NOVA_GEM_SET_META, &meta, EPERM);
	}
	igt_assert_eq(igt_nova_madvise(share.client.fd, share.bo.handle, DONTNEED), 1);
	igt_nova_reclaim();
	igt_nova_share_check_import(&share);
	igt_assert_eq(igt_nova_madvise(share.client.fd, share.bo.handle, WILLNEED), 1);
	igt_nova_share_close(&share);
	igt_nova_close_vgem();
}

static atomic_bool stop_pressure;

static void *press(void *data)
{
	int knob = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	(void)data;
	while (knob >= 0 && !atomic_load(&stop_pressure))
		if (pwrite(knob, "2", 1, 0) != 1)
			break;
	close(knob);
	return NULL;
}

/*
 * Memory is short while clients advise, submit and fault, and the device goes meanwhile. What is left
 * over is still safe to touch, and nobody asks a driver that is gone for memory.
 */
static void test_unplug(int fd)
{
	struct igt_nova_client client;
	pthread_t pressure;
	struct igt_nova_bo bo;

	(void)fd;
	open_client(&client);
	igt_nova_client_bo(&client, &bo, SIZE, SYSTEM);
	igt_nova_bo_fill(&bo, IGT_NOVA_OWN);
	igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, DONTNEED), 1);
	atomic_store(&stop_pressure, false);
	igt_nova_crowd_init(&crowd);
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("gem-set-meta"));
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("page-fault"));
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("exec-wait"));
	igt_nova_thread_start(&pressure, press, NULL);
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_crowd_join(&crowd);
	igt_nova_reclaim();
	atomic_store(&stop_pressure, true);
	pthread_join(pressure, NULL);
	igt_assert_eq(igt_nova_try_madvise(client.fd, bo.handle, WILLNEED), -ENODEV);
	igt_nova_bo_check_own(&bo);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "label", "Labels come and go.", test_label },
	{ "kept", "Nothing is dropped without need.", test_kept },
	{ "purged", "Dropped when memory is short: zeros, and told so.", test_purged },
	{ "gpu-sees-nothing", "The GPU does not reach what is not needed.", test_gpu_sees_nothing },
	{ "waits-for-jobs", "Jobs end before their buffers are given up.", test_waits_for_jobs },
	{ "user-queue", "Needed again by a user-mode queue.", test_user_queue },
	{ "shared", "Buffers that others use.", test_shared },
	{ "unplug", "Memory is short while the device goes.", test_unplug },
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
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
