/* SPDX-License-Identifier: MIT */
/* Not a test of the driver: known results, to see that the runner and its reader report them. */
#include <signal.h>

#include "igt.h"
#include "igt_nova.h"

IGT_TEST_DESCRIPTION("Known results for the self-check of run.sh.");

static void run_pass(int fd)
{
	igt_assert_eq(fd, 7);
	igt_assert_eq_u64(1ull << 40, 1ull << 40);
}

static void run_fail(int fd)
{
	igt_assert_eq(fd, 8);
}

static void run_fail_expected_error(int fd)
{
	struct drm_nova_getparam getparam = { 0 };

	(void)fd;
	/* Of -1, the error is EBADF. */
	igt_nova_expect(-1, DRM_IOCTL_NOVA_GETPARAM, &getparam, 0);
}

static void run_skip(int fd)
{
	igt_require_f(fd == 8, "this one always skips\n");
}

static void run_crash(int fd)
{
	(void)fd;
	raise(SIGSEGV);
}

static void run_hang(int fd)
{
	(void)fd;
	igt_set_timeout(1, "something that never ends");
	for (;;)
		pause();
}

static void run_pass_safe_read(int fd)
{
	uint32_t from = 5, to = 0;

	(void)fd;
	igt_assert(igt_nova_safe_read(&from, &to, sizeof(to)));
	igt_assert_eq_u32(from, to);
}

/* A mapping behind the end of its file: what a guarded access is for. */
static void run_pass_bus_error(int fd)
{
	FILE *file = tmpfile();
	char *map;
	int value;

	(void)fd;
	igt_assert(file);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
	igt_assert(map != MAP_FAILED);
	igt_assert(!igt_nova_safe_read(map, &value, sizeof(value)));
	igt_assert(!igt_nova_safe_write(map, &value, sizeof(value)));
	munmap(map, 4096);
	fclose(file);
}

static const struct igt_nova_test tests[] = {
	{ "pass", "Passes.", run_pass },
	{ "pass-safe-read", "Passes.", run_pass_safe_read },
	{ "pass-bus-error", "Passes: a bus error is caught.", run_pass_bus_error },
	{ "fail", "Fails in an assertion.", run_fail },
	{ "fail-errno", "Fails with another errno than expected.", run_fail_expected_error },
	{ "skip", "Skips.", run_skip },
	{ "crash", "Crashes.", run_crash },
	{ "hang", "Runs into its time limit.", run_hang },
};

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = 7;
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
}
