/* SPDX-License-Identifier: MIT */
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_pm.h"
#include "igt_nova_room.h"
#include "igt_nova_sysfs.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("A device goes that sleeps, or goes to sleep, or does not wake.");

#define ROUNDS		3

static const struct igt_nova_dev *dev(void)
{
	return igt_nova_unplug_dev();
}

static void gone_asleep(const char *name)
{
	struct igt_nova_room room;

	igt_nova_room_begin();
	igt_nova_room_open(&room);
	igt_nova_room_wait_asleep();
	igt_nova_unplug(igt_nova_path(name));
	igt_assert_eq(igt_nova_submit(room.client.fd, room.queue[0], NULL, NULL, 0), -ENODEV);
	igt_nova_room_check_map(&room.vram);
	igt_nova_room_close(&room);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static void test_unbind_asleep(int fd)
{
	(void)fd;
	gone_asleep("unbind");
	gone_asleep("aux-unbind");
}

static void test_surprise_asleep(int fd)
{
	(void)fd;
	igt_nova_expect_errors_logged();
	gone_asleep("surprise");
}

static void test_reset_asleep(int fd)
{
	(void)fd;
	gone_asleep("reset");
}

static void test_unplug_asleep(int fd)
{
	(void)fd;
	igt_nova_path_require(igt_nova_path("hot-unplug"));
	gone_asleep("hot-unplug");
}

/* Nobody knows before somebody wakes it. */
static void test_wake_fails(int fd)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };
	struct igt_nova_room room;

	igt_nova_room_begin();
	igt_nova_expect_errors_logged();
	igt_nova_room_open(&room);
	fd = room.client.fd;
	igt_nova_room_wait_asleep();
	/* Not through the library, which would wake it first. */
	igt_nova_emu_command(igt_nova_unplug_emu(), "surprise-remove");
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GET_TIME, &time, ENODEV);
	igt_nova_room_check_map(&room.vram);
	igt_nova_room_check_map(&room.system);
	/* Its queues are dead as soon as the driver has got round to it. */
	while (igt_nova_submit(fd, room.queue[0], NULL, NULL, 0) != -ENODEV)
		sched_yield();
	igt_nova_unplug(igt_nova_path("surprise"));
	igt_nova_room_close(&room);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static void wait_wedged(int events, const char *method)
{
	struct igt_nova_uevent event = { 0 };

	while (!event.wedged[0])
		igt_assert_f(igt_nova_uevent_next(events, &event, IGT_NOVA_PATIENCE_S * 1000),
			     "no event\n");
	igt_assert_f(strcmp(event.wedged, method) == 0, "it is wedged: %s\n", event.wedged);
	close(events);
}

/* Its firmware does not halt when it wakes, with no register set up: the second time it does. */
static void test_deaf(int fd)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };
	struct igt_nova_room room;
	int events;

	igt_nova_room_begin();
	igt_nova_expect_errors_logged();
	igt_nova_room_open(&room);
	fd = room.client.fd;
	igt_nova_bo_fill(&room.vram, 20);
	igt_nova_room_wait_asleep();
	events = igt_nova_uevent_open();
	/* Not through the library, which would wake it first. */
	igt_nova_emu_command(igt_nova_unplug_emu(), "fail-halts 1");
	igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GET_TIME, &time);
	wait_wedged(events, "none");
	igt_assert_eq(igt_nova_bo_check(&room.vram, 20), room.vram.size / 4);
	for (unsigned int i = 0; i < 2; i++) {
		igt_assert_eq(igt_nova_submit(fd, room.queue[i], NULL, NULL, 0), -ECANCELED);
		igt_nova_room_new_queue(&room, i);
	}
	igt_nova_room_check(&room, 21);
	igt_nova_room_fault(&room);
	igt_nova_room_wait_asleep();
	igt_nova_room_check(&room, 25);
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
	/* It recovers once in a life. */
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
}

/* It goes to sleep as it was told, and does not say so: no register may be touched then. */
static void test_silent(int fd)
{
	struct igt_nova_room room;
	int events;

	igt_nova_room_begin();
	igt_nova_expect_errors_logged();
	igt_nova_room_open(&room);
	fd = room.client.fd;
	events = igt_nova_uevent_open();
	igt_nova_unplug_misbehave("chaos 1 1 silence");
	/* Nor does it say that it has begun anew. */
	wait_wedged(events, "rebind");
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, NULL, 0), -ECANCELED);
	igt_nova_room_check_map(&room.vram);
	igt_nova_unplug_check_harmless();
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_room_close(&room);
	igt_nova_replug();
}

/* It comes back without what was in its memory: its queues are lost, the device is not. */
static void test_forgetful(int fd)
{
	struct drm_nova_queue_get_state state;
	struct igt_nova_room room;
	int events;

	igt_nova_room_begin();
	igt_nova_expect_errors_logged();
	igt_nova_room_open(&room);
	fd = room.client.fd;
	igt_nova_room_wait_asleep();
	events = igt_nova_uevent_open();
	igt_nova_unplug_misbehave("forget-asleep");
	/* It may be asleep again by now, and forgets only when it goes to sleep. */
	igt_nova_gpu_time(fd);
	igt_nova_room_wait_asleep();
	igt_nova_gpu_time(fd);
	for (struct igt_nova_uevent event = { 0 }; strcmp(event.wedged, "none") != 0;)
		igt_assert_f(igt_nova_uevent_next(events, &event, IGT_NOVA_PATIENCE_S * 1000),
			     "no event\n");
	close(events);
	igt_nova_queue_state(fd, room.queue[0], &state);
	igt_assert_eq_u32(state.flags, DRM_NOVA_QUEUE_STATE_LOST | DRM_NOVA_QUEUE_STATE_INNOCENT);
	igt_assert_eq(igt_nova_submit(fd, room.queue[0], NULL, NULL, 0), -ECANCELED);
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
	/* Page tables were lost, too: there is no telling how the rest of this life would be. */
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
}

static atomic_bool racing;

/* Wakes it all the time, and lets it sleep at once. No assertion. */
static void *race_thread(void *data)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };
	int *fd = data;

	while (racing && igt_nova_ioctl(*fd, DRM_IOCTL_NOVA_GET_TIME, &time) != -ENODEV)
		igt_nova_dev_set_power(dev(), "autosuspend_delay_ms", "0");
	return NULL;
}

/* Unbound while it goes to sleep and wakes. */
static void test_unbind_race(int fd)
{
	static const char * const names[] = { "unbind", "aux-unbind", "remove" };
	pthread_t threads[2];
	struct igt_nova_room room;
	uint64_t before;

	(void)fd;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		igt_nova_room_begin();
		igt_nova_room_open(&room);
		before = igt_nova_room_wait_asleep();
		racing = true;
		for (size_t j = 0; j < ARRAY_SIZE(threads); j++)
			igt_nova_thread_start(&threads[j], race_thread, &room.client.fd);
		while (igt_nova_room_sleeps() < before + ROUNDS)
			sched_yield();
		igt_nova_unplug(igt_nova_path(names[i]));
		racing = false;
		for (size_t j = 0; j < ARRAY_SIZE(threads); j++)
			pthread_join(threads[j], NULL);
		igt_nova_room_close(&room);
		igt_nova_unplug_check_quiet();
		igt_nova_replug();
	}
}

static const struct igt_nova_test tests[] = {
	{ "unbind-asleep", "It is unbound while it sleeps", test_unbind_asleep },
	{ "surprise-asleep", "It falls off the bus and is removed while it sleeps",
	  test_surprise_asleep },
	{ "reset-asleep", "It is reset while it sleeps", test_reset_asleep },
	{ "unplug-asleep", "The VMM unplugs it while it sleeps", test_unplug_asleep },
	{ "wake-fails", "It is not there any more when somebody wakes it", test_wake_fails },
	{ "forgetful", "It wakes without its memory", test_forgetful },
	{ "deaf", "Its firmware does not halt when it wakes", test_deaf },
	{ "silent", "It goes to sleep without a word", test_silent },
	{ "unbind-race", "It is unbound while it goes to sleep and wakes", test_unbind_race },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
