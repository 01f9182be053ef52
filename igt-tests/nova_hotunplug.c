/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("The device goes away under clients: nothing hangs, nothing leaks, all can start anew.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define SECRET	0x5ec2e711u
#define CYCLES	50

/* Static: a failed assertion leaves the threads behind. */
static struct igt_nova_crowd crowd;

static void open_client(struct igt_nova_client *client)
{
	igt_nova_client_init(client, igt_nova_dev_open(igt_nova_unplug_dev()));
}

static void unbind_under_crowd(void)
{
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

/* Four clients in the same ioctl, or one in each of them. */
static void test_in_load(const struct igt_nova_load *load)
{
	igt_nova_crowd_init(&crowd);
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), load);
	unbind_under_crowd();
}

static void test_in_all(int fd)
{
	(void)fd;
	igt_nova_crowd_init(&crowd);
	for (size_t i = 0; i < igt_nova_load_count; i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), &igt_nova_loads[i]);
	unbind_under_crowd();
}

/**
 * struct waiter - a thread in a wait for a fence that only the unplug can signal
 * @thread: the thread
 * @tid: its id, once @started is posted
 * @started: posted before it waits
 * @fd: its file
 * @syncobj: what it waits for
 * @point: 0: binary
 * @result: of the wait
 */
struct waiter {
	pthread_t thread;
	pid_t tid;
	sem_t started;
	int fd;
	uint32_t syncobj;
	uint64_t point;
	int result;
};

static void *wait_for_fence(void *data)
{
	struct waiter *waiter = data;

	waiter->tid = gettid();
	sem_post(&waiter->started);
	waiter->result = igt_nova_syncobj_wait(waiter->fd, waiter->syncobj, waiter->point);
	return NULL;
}

static void waiter_start(struct waiter *waiter, int fd, uint32_t syncobj, uint64_t point)
{
	*waiter = (struct waiter) { .fd = fd, .syncobj = syncobj, .point = point };
	igt_assert_eq(sem_init(&waiter->started, 0, 0), 0);
	igt_nova_thread_start(&waiter->thread, wait_for_fence, waiter);
	while (sem_wait(&waiter->started))
		;
	igt_nova_thread_wait_asleep(waiter->tid);
}

static void waiter_join(struct waiter *waiter)
{
	igt_assert_eq(pthread_join(waiter->thread, NULL), 0);
	sem_destroy(&waiter->started);
	/* Woken by the fence, or told that the device is gone: never by the time limit. */
	igt_assert_f(waiter->result == 0 || waiter->result == -ENODEV, "wait: %s\n",
		     strerror(-waiter->result));
}

/**
 * struct stuck - a client with jobs that cannot end by themselves
 * @client: the client
 * @bo: holds a semaphore nobody releases
 * @sync_file: fences of a running job, one queued behind it, and one that depends on it
 * @waiter: threads waiting for the first, binary, and for the last, on a timeline
 */
struct stuck {
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	int sync_file[3];
	struct waiter waiter[2];
};

static struct stuck stuck;

static void stuck_open(void)
{
	struct drm_nova_sync out[3], syncs[2];
	struct igt_nova_client *client = &stuck.client;
	uint32_t queue, other;
	struct igt_nova_push push;

	open_client(client);
	queue = igt_nova_client_queue(client, 0);
	other = igt_nova_client_queue(client, igt_nova_engine_count(client->fd) - 1);
	igt_nova_client_bo(client, &stuck.bo, PAGE, SYSTEM);
	for (unsigned int i = 0; i < 3; i++)
		out[i] = igt_nova_signal(igt_nova_syncobj_create(client->fd), i == 2 ? 5 : 0);
	igt_nova_push_begin(client, &push, 16);
	igt_nova_push_acquire(&push, stuck.bo.va, 1);
	igt_assert_eq(igt_nova_submit(client->fd, queue, &push, &out[0], 1), 0);
	igt_assert_eq(igt_nova_submit(client->fd, queue, NULL, &out[1], 1), 0);
	syncs[0] = igt_nova_wait_for(out[0].handle, 0);
	syncs[1] = out[2];
	igt_assert_eq(igt_nova_submit(client->fd, other, NULL, syncs, 2), 0);

	waiter_start(&stuck.waiter[0], client->fd, out[0].handle, 0);
	waiter_start(&stuck.waiter[1], client->fd, out[2].handle, 5);
	/* A sync file of a timeline's point is taken through a binary syncobj. */
	igt_assert_eq(drmSyncobjTransfer(client->fd, out[2].handle, 0, out[2].handle, 5, 0), 0);
	for (unsigned int i = 0; i < 3; i++) {
		stuck.sync_file[i] = igt_nova_sync_file(client->fd, out[i].handle);
		igt_assert_eq(igt_nova_sync_file_status(stuck.sync_file[i]), 0);
	}
}

/* On a broken device the queues may have been killed for that before it went. */
static void stuck_check_and_close(bool broken)
{
	for (unsigned int i = 0; i < 2; i++)
		waiter_join(&stuck.waiter[i]);
	for (unsigned int i = 0; i < 3; i++) {
		int status;

		igt_assert_eq(igt_nova_sync_file_wait(stuck.sync_file[i]), 0);
		status = igt_nova_sync_file_status(stuck.sync_file[i]);
		/* The kernel's fence chain, behind a timeline's point, keeps errors to itself. */
		if (i == 2)
			igt_assert_neq(status, 0);
		else if (!broken || status != -ECANCELED)
			igt_assert_eq(status, -ENODEV);
		close(stuck.sync_file[i]);
	}
	igt_nova_bo_destroy(stuck.client.fd, &stuck.bo);
	igt_nova_client_close(&stuck.client);
}

static void test_blocked_wait(int fd)
{
	(void)fd;
	stuck_open();
	igt_nova_unplug(igt_nova_path("unbind"));
	stuck_check_and_close(false);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

/* The device misbehaves in the given way while it is unbound, jobs and clients are under way. */
static void unbind_while(const char *misbehave)
{
	igt_nova_expect_errors_logged();
	stuck_open();
	igt_nova_crowd_init(&crowd);
	crowd.broken = true;
	for (size_t i = 0; i < igt_nova_load_count; i++)
		if (strcmp(igt_nova_loads[i].name, "exec-wait") != 0)
			igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), &igt_nova_loads[i]);
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug_misbehave("%s", misbehave);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	stuck_check_and_close(true);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static void test_hung_engine(int fd)
{
	(void)fd;
	igt_nova_unplug_require_emu();
	unbind_while("hang 0");
}

static void test_stalled_firmware(int fd)
{
	(void)fd;
	igt_nova_unplug_require_emu();
	unbind_while("stall-firmware 600000");
}

static void test_crashed_firmware(int fd)
{
	(void)fd;
	igt_nova_unplug_require_emu();
	unbind_while("crash-firmware");
}

/* The hung job has just timed out: its engine is being reset while the device goes. */
static void test_during_reset(int fd)
{
	struct igt_nova_client client;
	uint32_t fence, queue;
	struct igt_nova_push push;
	struct igt_nova_bo bo;

	(void)fd;
	igt_nova_expect_errors_logged();
	open_client(&client);
	queue = igt_nova_client_queue(&client, 0);
	igt_nova_client_bo(&client, &bo, PAGE, SYSTEM);
	igt_nova_push_begin(&client, &push, 16);
	igt_nova_push_acquire(&push, bo.va, 1);
	fence = igt_nova_submit_fence(client.fd, queue, &push);
	igt_assert_lt(igt_nova_fence_result(client.fd, fence), 0);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static void secret_fill(struct igt_nova_client *client, struct igt_nova_bo *bo)
{
	igt_nova_bo_create(client->fd, bo, 32 * MIB, VRAM);
	igt_nova_bo_fill(bo, SECRET);
}

/* Reads all of a mapping of the dead device, writes it, and looks for what is not its own. */
static void check_map(struct igt_nova_bo *bo)
{
	uint32_t page[PAGE / 4];

	for (size_t at = 0; at < bo->size; at += PAGE) {
		char *map = (char *)bo->map + at;

		igt_assert(igt_nova_safe_read(map, page, PAGE));
		for (size_t i = 0; i < PAGE / 4; i++)
			igt_assert_f(page[i] == 0 || page[i] == IGT_NOVA_OWN,
				     "%#x shows through\n", page[i]);
		for (size_t i = 0; i < PAGE / 4; i++)
			page[i] = IGT_NOVA_OWN;
		igt_assert(igt_nova_safe_write(map, page, PAGE));
	}
}

/*
 * Mappings made before the unbind, touched before and not, stay usable and show
 * nobody's data: not that of a neighbour, nor of a client of the device's next life.
 */
static void test_maps_stay(int fd)
{
	struct igt_nova_client owner, neighbour, successor;
	struct igt_nova_bo bo[4], secret, later;

	(void)fd;
	open_client(&neighbour);
	secret_fill(&neighbour, &secret);
	open_client(&owner);
	for (unsigned int i = 0; i < 4; i++) {
		igt_nova_bo_create(owner.fd, &bo[i], MIB, i & 1 ? SYSTEM : VRAM);
		if (i & 2)
			igt_nova_bo_fill(&bo[i], IGT_NOVA_OWN);
	}
	igt_nova_unplug(igt_nova_path("unbind"));
	for (unsigned int i = 0; i < 4; i++)
		check_map(&bo[i]);
	igt_nova_replug();

	open_client(&successor);
	secret_fill(&successor, &later);
	for (unsigned int i = 0; i < 4; i++)
		check_map(&bo[i]);
	igt_assert_eq_u64(igt_nova_bo_check(&later, SECRET), later.size / 4);
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_bo_destroy(owner.fd, &bo[i]);
	igt_nova_client_close(&owner);
	igt_nova_bo_destroy(neighbour.fd, &secret);
	igt_nova_client_close(&neighbour);
	igt_nova_bo_destroy(successor.fd, &later);
	igt_nova_client_close(&successor);
}

/* Calls on the dead device: each says ENODEV, whatever its arguments. */
static void test_calls_after(int fd)
{
	struct igt_nova_worker *worker;

	(void)fd;
	igt_nova_crowd_init(&crowd);
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), &igt_nova_loads[0]);
	worker = &crowd.workers[0];
	igt_nova_unplug(igt_nova_path("unbind"));
	for (size_t i = 0; i < igt_nova_load_count; i++)
		igt_assert_f(igt_nova_loads[i].call(worker) == -ENODEV, "%s\n",
			     igt_nova_loads[i].name);
	igt_nova_crowd_close(&crowd);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

/* A device node of the same numbers that outlives the device, as in a container. */
static void test_open_gone(int fd)
{
	const char *node = "/dev/nova-gone";
	struct igt_nova_client client;
	struct stat stat;
	char path[64];
	int reopened;

	(void)fd;
	open_client(&client);
	igt_assert_eq(fstat(client.fd, &stat), 0);
	unlink(node);
	igt_assert_eq(mknod(node, S_IFCHR | 0600, stat.st_rdev), 0);
	igt_nova_unplug(igt_nova_path("unbind"));
	reopened = igt_nova_open_node(node);
	unlink(node);
	igt_assert_f(reopened == -ENODEV || reopened == -ENXIO, "open: %d\n", reopened);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", client.fd);
	reopened = igt_nova_open_node(path);
	igt_assert_f(reopened < 0, "the dead device was opened again\n");
	igt_nova_client_close(&client);
	igt_nova_replug();
}

/* The old file says ENODEV, the new one works, in turn; the old one is closed last. */
static void test_rebind_old_open(int fd)
{
	struct drm_nova_getparam getparam = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	struct igt_nova_client old[3];
	struct stat old_stat, new_stat;
	int new_fd;

	(void)fd;
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		open_client(&old[i]);
		igt_nova_unplug(igt_nova_path("unbind"));
		igt_nova_replug();
		new_fd = igt_nova_dev_open(igt_nova_unplug_dev());
		igt_assert_eq(fstat(old[i].fd, &old_stat), 0);
		igt_assert_eq(fstat(new_fd, &new_stat), 0);
		igt_assert_neq(minor(old_stat.st_rdev), minor(new_stat.st_rdev));
		close(new_fd);
	}
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		igt_nova_expect(old[i].fd, DRM_IOCTL_NOVA_GETPARAM, &getparam, ENODEV);
		igt_nova_client_close(&old[i]);
	}
	new_fd = igt_nova_dev_open(igt_nova_unplug_dev());
	igt_nova_check_works(new_fd);
	close(new_fd);
}

static void test_cycles(int fd)
{
	static const size_t loads_per_cycle = 4;

	(void)fd;
	for (unsigned int cycle = 0; cycle < CYCLES; cycle++) {
		igt_set_timeout(2 * IGT_NOVA_PATIENCE_S, "cycle");
		igt_nova_crowd_init(&crowd);
		for (size_t i = 0; i < loads_per_cycle; i++)
			igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(),
					   &igt_nova_loads[(cycle * loads_per_cycle + i) %
							   igt_nova_load_count]);
		unbind_under_crowd();
		igt_debug("cycle %u\n", cycle);
	}
}

static const struct igt_nova_test tests[] = {
	{ "in-all", "Unbind with a client in each ioctl at once.", test_in_all },
	{ "blocked-wait", "Every pending fence ends with ENODEV, every waiter wakes.",
	  test_blocked_wait },
	{ "hung-engine", "Unbind while an engine hangs.", test_hung_engine },
	{ "stalled-firmware", "Unbind while the firmware does not answer.",
	  test_stalled_firmware },
	{ "crashed-firmware", "Unbind after the firmware died.", test_crashed_firmware },
	{ "during-reset", "Unbind while a hung queue is being killed.", test_during_reset },
	{ "maps-stay", "Mappings stay usable and show nobody else's data.", test_maps_stay },
	{ "calls-after", "Each ioctl of a dead device says ENODEV.", test_calls_after },
	{ "open-gone", "A dead device cannot be opened.", test_open_gone },
	{ "rebind-old-open", "A rebind gives a new device while old files are open.",
	  test_rebind_old_open },
	{ "cycles", "Fifty unbinds and rebinds under load.", test_cycles },
};

static void run_load_test(const struct igt_nova_load *load)
{
	char name[64];

	snprintf(name, sizeof(name), "in-%s", load->name);
	igt_describe("Unbind with four clients that do the same.");
	igt_subtest(name) {
		igt_nova_unplug_begin();
		test_in_load(load);
	}
}

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	for (size_t i = 0; i < igt_nova_load_count; i++)
		run_load_test(&igt_nova_loads[i]);
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
