/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userptr.h"

IGT_TEST_DESCRIPTION("The device goes while memory of processes is bound.");

#define PAGE	IGT_NOVA_PAGE
#define LARGE	IGT_NOVA_USERPTR_LARGE
#define READONLY DRM_NOVA_VM_BIND_READONLY
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define OLD	0x01d01d00u
#define NEW	0x0e30e300u

/* Gone: nothing can be done, memory is the process's as before. */
static void check_gone(struct igt_nova_userptr *bench, uint32_t *at, uint64_t size)
{
	igt_assert_eq(igt_nova_userptr_try_exec(bench), -ENODEV);
	igt_assert_eq(igt_nova_userptr_try_bind(bench, at, bench->client.va_next, size, 0),
		      -ENODEV);
	igt_nova_unplug_check_quiet();
	igt_nova_fill_memory(at, size, OLD);
	igt_nova_expect_memory(at, size, OLD);
	igt_assert_eq(munmap(at, size), 0);
}

static void unplug_bound(const char *way)
{
	struct igt_nova_userptr bench;
	uint32_t *at, *left;

	igt_nova_userptr_open(&bench);
	at = igt_nova_map_memory(LARGE, RW, ANON, -1);
	left = igt_nova_map_memory(PAGE, RW, ANON, -1);
	igt_nova_userptr_bind(&bench, at, LARGE, 0);
	igt_nova_userptr_bind(&bench, left, PAGE, READONLY);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), 0);
	igt_nova_unplug(igt_nova_path(way));
	check_gone(&bench, at, LARGE);
	igt_nova_replug();
	igt_nova_userptr_close(&bench);
	munmap(left, PAGE);
}

static void test_unplug_bound(int fd)
{
	(void)fd;
	unplug_bound("unbind");
}

static void test_unplug_aux(int fd)
{
	(void)fd;
	unplug_bound("aux-unbind");
}

/* A thread unmaps memory that a job has, which would never end. */
static void test_unplug_invalidating(int fd)
{
	struct igt_nova_push push;
	struct igt_nova_userptr bench;
	uint32_t *at, out;
	uint64_t va;
	int file;

	(void)fd;
	igt_nova_userptr_open(&bench);
	at = igt_nova_map_memory(2 * PAGE, RW, ANON, -1);
	va = igt_nova_userptr_bind(&bench, at, 2 * PAGE, 0);
	bench.gate.map[0] = 0;
	igt_nova_push_begin(&bench.client, &push, 64);
	igt_nova_push_acquire(&push, bench.gate.va, 1);
	igt_nova_push_fill(&push, va, NEW, 2 * PAGE / 4);
	out = igt_nova_submit_fence(bench.client.fd, bench.blocked, &push);
	file = igt_nova_sync_file(bench.client.fd, out);
	igt_nova_unmapper_start(at, PAGE);
	igt_assert(igt_nova_unmapper_waits());
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_eq(igt_nova_sync_file_status(file), -ENODEV);
	igt_nova_unmapper_join();
	check_gone(&bench, at + PAGE / 4, PAGE);
	close(file);
	igt_nova_replug();
	igt_nova_userptr_close(&bench);
}

/* Submits without end while the memory changes. */
static void *run_submitter(void *data)
{
	struct igt_nova_userptr *bench = data;
	int ret;

	do {
		ret = igt_nova_userptr_try_exec(bench);
		if (ret == -ENOSPC)	/* so many at a time */
			ret = 0;
	} while (!ret);
	return (void *)(intptr_t)ret;
}

static void test_unplug_storm(int fd)
{
	pthread_t submitter;
	struct igt_nova_userptr bench;
	unsigned long rounds;
	uint32_t *at;
	void *ret;

	(void)fd;
	igt_nova_userptr_open(&bench);
	at = igt_nova_map_memory(16 * PAGE, RW, ANON, -1);
	igt_nova_userptr_bind(&bench, at, 16 * PAGE, 0);
	igt_nova_storm_start(at, 16 * PAGE, true);
	igt_nova_thread_start(&submitter, run_submitter, &bench);
	rounds = igt_nova_storm_rounds();
	while (igt_nova_storm_rounds() < rounds + 20)
		sched_yield();
	igt_nova_unplug(igt_nova_path("unbind"));
	pthread_join(submitter, &ret);
	igt_assert_eq((int)(intptr_t)ret, -ENODEV);
	/* The storm goes on, and nobody hears of it. */
	rounds = igt_nova_storm_rounds();
	while (igt_nova_storm_rounds() < rounds + 20)
		sched_yield();
	igt_nova_storm_stop();
	check_gone(&bench, at, 16 * PAGE);
	igt_nova_replug();
	igt_nova_userptr_close(&bench);
}

static void clean(void)
{
	igt_nova_storm_stop();
	igt_nova_unmapper_join();
}

static const struct igt_nova_test tests[] = {
	{ "bound", "The device goes while memory is bound.", test_unplug_bound },
	{ "aux-bound", "The same when only nova-drm goes.", test_unplug_aux },
	{ "invalidating", "It goes while memory that a job has is unmapped.",
	  test_unplug_invalidating },
	{ "storm", "It goes while memory is looked up and changes again.",
	  test_unplug_storm },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(clean);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
