/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_failnth.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("Each init step of both probes fails, and everything before it is undone.");

#define FAIL		"/sys/kernel/debug/fail_function"
/* No step returns it by itself. */
#define ERROR		EXFULL
#define STEPS_MAX	128
#define TIME_LIMIT_S	1800

/**
 * struct step - a function that the kernel may be told to fail
 * @name: the function
 */
struct step {
	char name[128];
};

static struct step steps[STEPS_MAX];
static size_t step_count;

/* A line of the list is "function [module]\ttype". */
static void read_steps(void)
{
	FILE *list = fopen(FAIL "/injectable", "re");
	char line[512], module[64], type[16];

	igt_require_f(list, "the kernel has no " FAIL " (CONFIG_FAIL_FUNCTION)\n");
	step_count = 0;
	while (fgets(line, sizeof(line), list)) {
		struct step *step = &steps[step_count];

		if (sscanf(line, "%127s [%63[^]]] %15s", step->name, module, type) != 3 ||
		    (strcmp(module, "nova_core") != 0 && strcmp(module, "nova_drm") != 0))
			continue;
		igt_assert_f(strcmp(type, "ERRNO") == 0, "%s: type %s\n", step->name, type);
		igt_assert(++step_count < STEPS_MAX);
	}
	fclose(list);
}

static void inject(const char *text)
{
	int fd = open(FAIL "/inject", O_WRONLY | O_TRUNC | O_CLOEXEC);

	igt_assert_f(fd >= 0, FAIL "/inject: %m\n");
	igt_assert_f(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "inject %s: %m\n",
		     text);
	close(fd);
}

static void fail_step(const struct step *step)
{
	char directory[256], value[32];

	inject(step->name);
	snprintf(directory, sizeof(directory), "fail_function/%s", step->name);
	snprintf(value, sizeof(value), "%#" PRIx64, (uint64_t)-ERROR);
	igt_nova_fail_set(directory, "retval", value);
	/* What it would say is a call trace, as if something had gone wrong. */
	igt_nova_fail_set("fail_function", "verbose", "0");
	igt_nova_fail_set("fail_function", "times", "-1");
	igt_nova_fail_set("fail_function", "probability", "100");
}

static void heal(void)
{
	igt_nova_fail_set("fail_function", "probability", "0");
	inject("\n");
}

static size_t count(const char *pattern)
{
	size_t found = 0;
	glob_t files;

	if (glob(pattern, 0, NULL, &files) == 0) {
		found = files.gl_pathc;
		globfree(&files);
	}
	return found;
}

/* The files that two devices and a probe could leave behind. */
static size_t count_traces(void)
{
	return count("/sys/bus/auxiliary/devices/nova_core.*") + count("/sys/class/drm/*") +
	       count("/dev/dri/*") + count("/sys/kernel/debug/dri/*");
}

/*
 * A step of nova-core fails the bind. One of nova-drm leaves nova-core bound, and its error is
 * seen by binding the auxiliary device alone.
 */
static void check_step(const struct step *step, size_t traces)
{
	char node[64];
	int ret;

	fail_step(step);
	ret = igt_nova_dev_bind(igt_nova_unplug_dev());
	if (ret == 0) {
		igt_assert_f(!igt_nova_dev_node(igt_nova_unplug_dev(), node),
			     "%s failed and nothing noticed: is it inlined, or not called?\n",
			     step->name);
		ret = igt_nova_aux_bind(igt_nova_unplug_dev());
		igt_assert_eq(igt_nova_dev_unbind(igt_nova_unplug_dev()), 0);
	}
	heal();
	igt_assert_f(ret == -ERROR, "%s failed, the bind said: %s\n", step->name, strerror(-ret));
	igt_assert(!igt_nova_dev_is_bound(igt_nova_unplug_dev()));
	igt_assert_f(count_traces() == traces, "%s failed and left something behind\n",
		     step->name);
	igt_nova_unplug_check_harmless();
	igt_info("%s: ok\n", step->name);
}

static void test_each_step(void)
{
	size_t traces;

	read_steps();
	igt_require_f(step_count, "no step of the drivers is in the list\n");
	igt_nova_unplug(igt_nova_path("unbind"));
	traces = count_traces();
	for (size_t i = 0; i < step_count; i++) {
		check_step(&steps[i], traces);
		igt_nova_replug();
		igt_nova_unplug(igt_nova_path("unbind"));
	}
	igt_nova_replug();
	igt_info("%zu steps failed\n", step_count);
}

/* The firmware does not come back: the device is wedged, as it is when it dies twice. */
static void test_no_recovery(void)
{
	static const struct step boot = { .name = "nova_core_fw_boot" };
	struct igt_nova_uevent event = { 0 };
	struct drm_nova_vm_get_state state;
	int fd = igt_nova_dev_open(igt_nova_unplug_dev());
	int events = igt_nova_uevent_open();
	uint32_t vm = igt_nova_vm_create(fd, NULL);
	uint32_t queue = igt_nova_queue_create(fd, vm, 0, 0);
	struct drm_nova_queue_create create = { .vm_id = vm };
	int ret;

	igt_nova_unplug_require_emu();
	fail_step(&boot);
	igt_nova_unplug_misbehave("crash-firmware");
	/* Unless an interrupt that is late has had somebody look already. */
	ret = igt_nova_ioctl(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create);
	igt_assert_f(ret == -ETIMEDOUT || ret == -ECANCELED, "%d\n", ret);
	while (strcmp(event.wedged, "rebind") != 0)
		igt_assert_f(igt_nova_uevent_next(events, &event, IGT_NOVA_PATIENCE_S * 1000),
			     "no wedged event\n");
	heal();
	close(events);
	igt_assert(!igt_nova_dev_is_master(igt_nova_unplug_dev()));
	igt_nova_vm_state(fd, vm, &state, NULL, 0);
	igt_assert_eq_u32(state.state, 0);
	igt_assert_eq_u32(state.reset_count, 0);
	igt_assert_eq(igt_nova_submit(fd, queue, NULL, NULL, 0), -ECANCELED);
	igt_nova_queue_create(fd, vm, 0, ECANCELED);
	igt_nova_unplug(igt_nova_path("unbind"));
	close(fd);
	igt_nova_replug();
}

int igt_main()
{
	igt_fixture() {
		igt_require_f(access(FAIL "/inject", W_OK) == 0,
			      "the kernel has no " FAIL " (CONFIG_FAIL_FUNCTION)\n");
		igt_nova_unplug_init();
	}
	igt_describe("Every function that is marked with ALLOW_ERROR_INJECTION fails once.");
	igt_subtest("each-step") {
		igt_nova_unplug_begin();
		/* A test that failed may have left one. */
		heal();
		igt_nova_expect_errors_logged();
		igt_set_timeout(TIME_LIMIT_S, "each-step");
		test_each_step();
		igt_reset_timeout();
	}
	igt_describe("A firmware that crashed does not start again.");
	igt_subtest("no-recovery") {
		igt_nova_unplug_begin();
		heal();
		igt_nova_expect_errors_logged();
		test_no_recovery();
		igt_reset_timeout();
	}
	igt_fixture()
		igt_nova_unplug_fini();
}
