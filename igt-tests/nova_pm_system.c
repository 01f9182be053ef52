/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_kmsg.h"
#include "igt_nova_limit.h"
#include "igt_nova_load.h"
#include "igt_nova_pm.h"
#include "igt_nova_room.h"
#include "igt_nova_share.h"
#include "igt_nova_sysfs.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "regs/nv_error.h"

IGT_TEST_DESCRIPTION("Sleep of the whole machine.");

#define PAGE		IGT_NOVA_PAGE
#define MIB		(1024ull * 1024)
#define ROUNDS		3

/* Static: a failed assertion leaves the threads behind. */
static struct igt_nova_crowd crowd;

static const struct igt_nova_dev *dev(void)
{
	return igt_nova_unplug_dev();
}

/* The device loses all it knows, and has slept once. */
static void sleep_soundly(void)
{
	uint64_t before = igt_nova_room_sleeps();
	int ret;

	igt_nova_emu_command(igt_nova_unplug_emu(), "forget-asleep");
	ret = igt_nova_sleep();
	igt_assert_f(ret == 0, "the machine does not sleep: %s\n", strerror(-ret));
	igt_assert_eq_u64(igt_nova_room_sleeps(), before + 1);
}

static void sleep_begin(struct igt_nova_room *room)
{
	igt_nova_sleep_require();
	igt_nova_unplug_require_emu();
	igt_nova_room_open(room);
	/* It sleeps once, with the machine. */
	igt_assert_eq(igt_nova_dev_set_power(dev(), "control", "on"), 0);
}

static void sleep_end(struct igt_nova_room *room)
{
	igt_assert_eq(igt_nova_dev_set_power(dev(), "control", "auto"), 0);
	igt_nova_room_close(room);
	igt_nova_unplug_check_harmless();
}

static void test_system_contents(int fd)
{
	struct igt_nova_room room;

	(void)fd;
	sleep_begin(&room);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		igt_nova_room_set_state(&room);
		igt_nova_bo_fill(&room.vram, i + 50);
		sleep_soundly();
		igt_nova_room_use_state(&room);
		igt_assert_eq(igt_nova_bo_check(&room.vram, i + 50), room.vram.size / 4);
		igt_nova_room_check(&room, i + 60);
	}
	sleep_end(&room);
}

/* One that sleeps by itself sleeps with the machine, and loses its memory then. */
static void test_system_asleep(int fd)
{
	struct igt_nova_room room;
	uint64_t before;

	(void)fd;
	igt_nova_sleep_require();
	igt_nova_room_begin();
	igt_nova_room_open(&room);
	igt_nova_bo_fill(&room.vram, 70);
	before = igt_nova_room_wait_asleep();
	igt_nova_emu_command(igt_nova_unplug_emu(), "forget-asleep");
	igt_assert_eq(igt_nova_sleep(), 0);
	/* Awake in between, for all of it to be kept. */
	igt_assert(igt_nova_room_sleeps() > before);
	igt_assert_eq(igt_nova_bo_check(&room.vram, 70), room.vram.size / 4);
	igt_nova_room_check(&room, 71);
	igt_nova_room_wait_asleep();
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
}

struct waiter {
	pthread_t thread;
	int fd;
	uint32_t syncobj;
	int result;
};

static void *wait_thread(void *data)
{
	struct waiter *waiter = data;

	waiter->result = igt_nova_syncobj_wait(waiter->fd, waiter->syncobj, 0);
	return NULL;
}

/* What runs ends before, what waits for somebody else begins afterwards; nobody's wait is lost. */
static void test_system_jobs(int fd)
{
	struct drm_nova_sync syncs[2];
	struct igt_nova_push push;
	struct waiter waiter;
	struct igt_nova_promise promise;
	struct igt_nova_room room;
	uint32_t running;

	sleep_begin(&room);
	fd = room.client.fd;
	syncs[0] = igt_nova_wait_for(igt_nova_promise_open(&promise, fd), 0);
	syncs[1] = igt_nova_signal(igt_nova_syncobj_create(fd), 0);
	igt_nova_room_push(&room, &push);
	igt_nova_push_fill(&push, room.system.va, 0x99, PAGE / 4);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], &push, syncs, 2), 0);
	waiter = (struct waiter) { .fd = fd, .syncobj = syncs[1].handle };
	igt_nova_thread_start(&waiter.thread, wait_thread, &waiter);
	igt_nova_push_begin(&room.client, &push, 64 * 16);
	for (unsigned int i = 0; i < 64; i++)
		igt_nova_push_copy(&push, room.vram.va, room.system.va + MIB, MIB);
	running = igt_nova_submit_fence(fd, room.queue[1], &push);
	sleep_soundly();
	igt_assert_eq(igt_nova_fence_result(fd, running), 1);
	igt_nova_vgem_signal(promise.vgem, promise.fence);
	igt_assert_eq(igt_nova_fence_result(fd, syncs[1].handle), 1);
	pthread_join(waiter.thread, NULL);
	igt_assert_eq(waiter.result, 0);
	igt_assert_eq_u32(room.system.map[PAGE / 4 - 1], 0x99);
	sleep_end(&room);
	igt_nova_promise_close(&promise);
}

/* A client that submits by itself goes on as if nothing had been; token and ring are as before. */
static void test_system_userq(int fd)
{
	struct igt_nova_userq userq;
	struct igt_nova_push push;
	struct igt_nova_room room;

	sleep_begin(&room);
	fd = room.client.fd;
	igt_nova_userq_create(&room.client, &userq, 0, 0);
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		igt_nova_room_userq_submit(&room, &userq, i);
		igt_nova_room_userq_check(&room, &userq, i);
		/* One in the middle of its work: it waits for the CPU. */
		room.system.map[PAGE / 4] = 0;
		igt_nova_room_push(&room, &push);
		igt_nova_push_acquire(&push, room.system.va + PAGE, i);
		igt_nova_push_fence(&push, room.system.va, i + 100);
		igt_nova_userq_submit(&userq, &push);
		sleep_soundly();
		igt_assert_eq_u32(room.system.map[0], i);
		room.system.map[PAGE / 4] = i;
		igt_assert_eq(igt_nova_wait_fence(fd, room.client.vm, userq.create.queue_id,
						  room.system.va, i + 100), 0);
	}
	igt_nova_userq_destroy(fd, &userq);
	sleep_end(&room);
}

static void check_state(int fd, uint32_t queue, uint32_t flags)
{
	struct drm_nova_queue_get_state state;

	/* Whoever is told of it kills the queue soon. */
	do {
		igt_nova_queue_state(fd, queue, &state);
	} while (!state.flags && sched_yield() == 0);
	igt_assert_eq_u32(state.flags, flags);
	igt_assert_eq_u32(state.error, NV_ERROR_RESETCHANNEL);
}

/* What has not begun does not keep the machine awake. */
static void wait_begun(struct igt_nova_room *room, bool hangs)
{
	if (hangs)
		igt_nova_emu_wait_stuck(igt_nova_unplug_emu());
	else
		while (__atomic_load_n(&room->system.map[4], __ATOMIC_ACQUIRE) != 1)
			sched_yield();
}

/*
 * A job that does not end keeps the machine awake for a while: until its own time is up, or as long
 * as the driver waits when the machine is to sleep, whichever is shorter.
 */
static void check_killed(bool hangs, bool hurry)
{
	struct igt_nova_push push;
	struct igt_nova_room room;
	uint32_t out;
	int fd;

	igt_nova_expect_errors_logged();
	sleep_begin(&room);
	fd = room.client.fd;
	if (!hurry) {
		igt_nova_queue_destroy(fd, room.queue[0], 0);
		room.queue[0] = igt_nova_client_short_queue(&room.client, 0);
	}
	if (hangs)
		igt_nova_unplug_misbehave("hang 0");
	igt_nova_room_push(&room, &push);
	/* Without holding its engine: nobody but the job knows what it waits for. */
	if (!hangs) {
		igt_nova_push_release(&push, room.system.va + 16, 1);
		igt_nova_push_acquire(&push, room.system.va, ~0u);
	}
	igt_nova_push_fill(&push, room.system.va, 1, PAGE / 4);
	out = igt_nova_submit_fence(fd, room.queue[0], &push);
	if (hurry) {
		wait_begun(&room, hangs);
		igt_nova_limit_set(IGT_NOVA_LIMIT_SHORT);
	}
	sleep_soundly();
	igt_nova_limit_begin();
	igt_assert_eq(igt_nova_fence_result(fd, out), -ECANCELED);
	check_state(fd, room.queue[0],
		    DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT);
	igt_nova_queue_destroy(fd, room.queue[0], 0);
	room.queue[0] = igt_nova_client_queue(&room.client, 0);
	igt_nova_room_check(&room, 3);
	sleep_end(&room);
}

static void test_system_hang(int fd)
{
	(void)fd;
	check_killed(true, true);
}

static void test_system_waits(int fd)
{
	(void)fd;
	check_killed(false, true);
}

static void test_system_hang_timeout(int fd)
{
	(void)fd;
	check_killed(true, false);
}

static void test_system_waits_timeout(int fd)
{
	(void)fd;
	check_killed(false, false);
}

/* Nor does a user-mode queue, whom nobody waits for. */
static void test_system_userq_hang(int fd)
{
	struct igt_nova_userq userq;
	struct igt_nova_room room;

	igt_nova_expect_errors_logged();
	sleep_begin(&room);
	fd = room.client.fd;
	igt_nova_userq_create(&room.client, &userq, 0, 0);
	igt_nova_unplug_misbehave("hang 0");
	igt_nova_room_userq_submit(&room, &userq, 1);
	igt_nova_emu_wait_stuck(igt_nova_unplug_emu());
	sleep_soundly();
	check_state(fd, userq.create.queue_id, DRM_NOVA_QUEUE_STATE_GUILTY);
	igt_nova_userq_destroy(fd, &userq);
	igt_nova_room_check(&room, 5);
	sleep_end(&room);
}

/* A firmware that does not answer keeps the machine awake, and is started again. */
static void test_system_stalled(int fd)
{
	struct igt_nova_uevent event = { 0 };
	struct igt_nova_room room;
	uint64_t before;
	int events;

	igt_nova_sleep_expect_refused();
	sleep_begin(&room);
	fd = room.client.fd;
	igt_nova_bo_fill(&room.vram, 80);
	before = igt_nova_room_sleeps();
	events = igt_nova_uevent_open();
	igt_nova_unplug_misbehave("stall-firmware 3600000");
	igt_assert_eq(igt_nova_sleep(), -ETIMEDOUT);
	while (strcmp(event.wedged, "none") != 0)
		igt_assert_f(igt_nova_uevent_next(events, &event, IGT_NOVA_PATIENCE_S * 1000),
			     "no event\n");
	close(events);
	igt_assert_eq_u64(igt_nova_room_sleeps(), before);
	igt_assert_eq(igt_nova_bo_check(&room.vram, 80), room.vram.size / 4);
	for (unsigned int i = 0; i < 2; i++) {
		igt_assert_eq(igt_nova_submit(fd, room.queue[i], NULL, NULL, 0), -ECANCELED);
		igt_nova_room_new_queue(&room, i);
	}
	igt_nova_room_check(&room, 81);
	sleep_soundly();
	igt_nova_room_check(&room, 85);
	sleep_end(&room);
}

/* What the driver set up before is in force still when it sets it up again. */
static void test_system_unnoticed(int fd)
{
	struct igt_nova_kmsg kmsg;
	struct igt_nova_room room;

	(void)fd;
	igt_nova_expect_errors_logged();
	sleep_begin(&room);
	for (unsigned int i = 0; i < ROUNDS; i++)
		igt_nova_room_fault(&room);
	igt_nova_kmsg_open(&kmsg);
	igt_assert_eq(igt_nova_sleep_drivers(), 0);
	/* Whatever an interrupt of then has to say was said before these jobs have ended. */
	igt_nova_room_check(&room, 90);
	igt_nova_kmsg_read(&kmsg);
	igt_assert_eq_u32(kmsg.ours, 0);
	igt_nova_kmsg_close(&kmsg);
	igt_nova_room_fault(&room);
	igt_nova_room_check(&room, 95);
	sleep_end(&room);
}

/* Memory that nova-drm has for its image of video memory. */
static bool has_image(void)
{
	FILE *list = fopen("/proc/vmallocinfo", "re");
	bool found = false;
	char line[512];

	igt_assert_f(list, "/proc/vmallocinfo: %m\n");
	while (fgets(line, sizeof(line), list))
		found |= strstr(line, "nova_pm_save") != NULL;
	fclose(list);
	return found;
}

/* It is not there any more when the machine wakes. */
static void test_system_gone(int fd)
{
	struct drm_nova_sync syncs[2];
	struct igt_nova_promise promise;
	struct waiter waiter;
	struct igt_nova_room room;

	igt_nova_expect_errors_logged();
	sleep_begin(&room);
	fd = room.client.fd;
	syncs[0] = igt_nova_wait_for(igt_nova_promise_open(&promise, fd), 0);
	syncs[1] = igt_nova_signal(igt_nova_syncobj_create(fd), 0);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, syncs, 2), 0);
	waiter = (struct waiter) { .fd = fd, .syncobj = syncs[1].handle };
	igt_nova_thread_start(&waiter.thread, wait_thread, &waiter);
	igt_nova_unplug_misbehave("remove-asleep");
	igt_assert_eq(igt_nova_sleep(), 0);
	/* Nobody needs any more what was in its memory. */
	igt_assert(!has_image());
	igt_assert_eq(igt_nova_fence_result(fd, syncs[1].handle), -ENODEV);
	pthread_join(waiter.thread, NULL);
	igt_assert_eq(waiter.result, 0);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, NULL, 0), -ENODEV);
	igt_nova_room_check_map(&room.vram);
	igt_nova_unplug(igt_nova_path("surprise"));
	igt_nova_room_close(&room);
	igt_nova_promise_close(&promise);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

/* Its firmware does not halt when the machine wakes, so that nothing can be put back: no recovery helps. */
static void test_system_deaf(int fd)
{
	struct igt_nova_uevent event = { 0 };
	struct igt_nova_room room;
	int events;

	igt_nova_expect_errors_logged();
	sleep_begin(&room);
	fd = room.client.fd;
	events = igt_nova_uevent_open();
	igt_nova_unplug_misbehave("fail-halts 1");
	igt_assert_eq(igt_nova_sleep(), 0);
	while (!event.wedged[0])
		igt_assert_f(igt_nova_uevent_next(events, &event, IGT_NOVA_PATIENCE_S * 1000),
			     "no event\n");
	close(events);
	igt_assert_f(strcmp(event.wedged, "rebind") == 0, "the device works again\n");
	igt_assert(!igt_nova_dev_is_master(dev()));
	igt_assert(!has_image());
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, NULL, 0), -ECANCELED);
	igt_nova_room_check_map(&room.vram);
	/* That does not keep the machine awake, nor does another sleep help. */
	igt_assert_eq(igt_nova_sleep(), 0);
	igt_assert(!igt_nova_dev_is_master(dev()));
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, NULL, 0), -ECANCELED);
	igt_nova_room_check_map(&room.vram);
	igt_nova_unplug_check_harmless();
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_room_close(&room);
	igt_nova_replug();
}

/* Everybody gets something done from here on, or has ended. */
static void crowd_goes_on(void)
{
	uint64_t before[IGT_NOVA_CROWD_MAX];
	struct igt_nova_worker *worker;

	for (size_t i = 0; i < crowd.count; i++)
		before[i] = __atomic_load_n(&crowd.workers[i].calls, __ATOMIC_RELAXED);
	for (size_t i = 0; i < crowd.count; i++) {
		worker = &crowd.workers[i];
		while (__atomic_load_n(&worker->calls, __ATOMIC_RELAXED) == before[i] &&
		       !__atomic_load_n(&worker->result, __ATOMIC_RELAXED))
			sched_yield();
	}
}

static void crowd_start(bool broken)
{
	igt_nova_crowd_init(&crowd);
	crowd.broken = broken;
	igt_nova_crowd_add_all(&crowd, dev());
	igt_nova_crowd_start(&crowd);
}

static void crowd_end(void)
{
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
}

/* Each ioctl is on its way: it ends before, or goes on afterwards, and nobody is told. */
static void test_system_calls(int fd)
{
	struct igt_nova_room room;

	(void)fd;
	sleep_begin(&room);
	crowd_start(false);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		sleep_soundly();
		crowd_goes_on();
	}
	igt_nova_crowd_stop(&crowd);
	crowd_end();
	igt_nova_room_check(&room, 90);
	sleep_end(&room);
}

/* And the device is not there any more when they would go on. */
static void test_system_calls_gone(int fd)
{
	(void)fd;
	igt_nova_expect_errors_logged();
	igt_nova_sleep_require();
	igt_nova_unplug_require_emu();
	igt_assert_eq(igt_nova_dev_set_power(dev(), "control", "on"), 0);
	crowd_start(true);
	igt_nova_unplug_misbehave("remove-asleep");
	igt_assert_eq(igt_nova_sleep(), 0);
	igt_assert(!has_image());
	igt_nova_unplug(igt_nova_path("surprise"));
	crowd_end();
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "contents", "The machine sleeps, and everything is as before", test_system_contents },
	{ "asleep", "The machine sleeps while the device does", test_system_asleep },
	{ "jobs", "Jobs and waits go through a sleep of the machine", test_system_jobs },
	{ "userq", "User-mode queues do", test_system_userq },
	{ "hang", "A job that hangs is killed before", test_system_hang },
	{ "waits", "A job that waits for ever, too", test_system_waits },
	{ "hang-timeout", "One that hangs is killed when its own time is up",
	  test_system_hang_timeout },
	{ "waits-timeout", "So is one that waits for ever", test_system_waits_timeout },
	{ "userq-hang", "A user-mode queue that hangs is killed as well", test_system_userq_hang },
	{ "stalled", "A firmware that does not answer keeps it awake, and is started again",
	  test_system_stalled },
	{ "unnoticed", "The drivers sleep, but the devices do not", test_system_unnoticed },
	{ "deaf", "Its firmware does not halt when the machine wakes", test_system_deaf },
	{ "gone", "The device is gone when the machine wakes", test_system_gone },
	{ "calls", "Each ioctl goes through a sleep of the machine", test_system_calls },
	{ "calls-gone", "The device is gone when each ioctl would go on", test_system_calls_gone },
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
