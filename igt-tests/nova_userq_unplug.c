/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_seat.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

IGT_TEST_DESCRIPTION("User-mode queues: the device goes.");

#define PAGE	IGT_NOVA_PAGE

static struct igt_nova_seat racer;
static atomic_bool racer_stop;
static atomic_ulong racer_count;
static pthread_t racer_thread;
static bool racer_runs;

static void *race(void *data)
{
	struct igt_nova_push push;

	(void)data;
	igt_nova_push_begin(&racer.client, &push, 32);
	igt_nova_push_fill(&push, racer.bo.va + PAGE, 0x600d, 16);
	while (!atomic_load(&racer_stop)) {
		igt_nova_userq_submit(&racer.userq, &push);
		atomic_fetch_add(&racer_count, 1);
	}
	return NULL;
}

static void racer_join(void)
{
	if (!racer_runs)
		return;
	atomic_store(&racer_stop, true);
	pthread_join(racer_thread, NULL);
	racer_runs = false;
}

static void racer_progress(void)
{
	unsigned long before = atomic_load(&racer_count);

	while (atomic_load(&racer_count) < before + 100)
		sched_yield();
}

static void unplug_racing(const char *way)
{
	struct igt_nova_userq again;

	igt_nova_seat_open(&racer);
	atomic_store(&racer_stop, false);
	igt_nova_thread_start(&racer_thread, race, NULL);
	racer_runs = true;
	racer_progress();
	igt_nova_unplug(igt_nova_path(way));
	/* It submits on, and does not notice. */
	racer_progress();
	igt_nova_unplug_check_quiet();
	racer_join();
	again = racer.userq;
	igt_assert_eq(igt_nova_userq_map(racer.client.fd, &again), -ENODEV);
	igt_assert_eq(igt_nova_wait_fence(racer.client.fd, racer.client.vm, 0, racer.bo.va, 1),
		      -ENODEV);
	igt_nova_replug();
	igt_nova_seat_submit(&racer, &racer.userq, 1);
	igt_nova_userq_unmap(&racer.userq);
	igt_nova_bo_destroy(racer.client.fd, &racer.bo);
	igt_nova_client_close(&racer.client);
}

static void test_unplug_submitting(int fd)
{
	(void)fd;
	unplug_racing("unbind");
}

static void test_unplug_aux(int fd)
{
	(void)fd;
	unplug_racing("aux-unbind");
}

/* The watch suspects a queue when the device goes, and another is waited for. */
static void test_unplug_hung(int fd)
{
	struct igt_nova_seat seat;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_seat_open(&seat);
	igt_nova_emu_command(igt_nova_unplug_emu(), "hang 0");
	igt_nova_seat_submit(&seat, &seat.userq, 1);
	igt_nova_emu_wait_stuck(igt_nova_unplug_emu());
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_unplug_check_quiet();
	igt_assert_eq(igt_nova_wait_fence(seat.client.fd, seat.client.vm, 0, seat.bo.va, 1),
		      -ENODEV);
	igt_nova_replug();
	igt_nova_userq_unmap(&seat.userq);
	igt_nova_bo_destroy(seat.client.fd, &seat.bo);
	igt_nova_client_close(&seat.client);
}

static void test_map_outlives_device(int fd)
{
	struct igt_nova_seat seat, touched;

	(void)fd;
	igt_nova_seat_open(&seat);
	igt_nova_seat_open(&touched);
	igt_nova_seat_works(&touched, 1);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_userq_check_dummy(&seat.userq);
	igt_nova_userq_check_dummy(&touched.userq);
	igt_nova_replug();
	igt_nova_userq_check_dummy(&seat.userq);
	igt_nova_userq_check_dummy(&touched.userq);
	for (unsigned int i = 0; i < 2; i++) {
		struct igt_nova_seat *this = i ? &touched : &seat;

		igt_nova_userq_unmap(&this->userq);
		igt_nova_bo_destroy(this->client.fd, &this->bo);
		igt_nova_client_close(&this->client);
	}
}

static const struct igt_nova_test tests[] = {
	{ "submitting", "The device goes while a client submits in a loop.",
	  test_unplug_submitting },
	{ "aux-submitting", "The same when only nova-drm goes.", test_unplug_aux },
	{ "hung", "The device goes while a queue hangs it.", test_unplug_hung },
	{ "map-outlives-device", "Mappings stay usable and show nobody else's data.",
	  test_map_outlives_device },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(racer_join);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
