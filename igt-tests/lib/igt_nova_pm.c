/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_pm.h"

#define PM_TEST		"/sys/power/pm_test"
#define PM_TEST_DELAY	"/sys/module/suspend/parameters/pm_test_delay"
#define POLL_US		1000

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

void igt_nova_dev_wake(const struct igt_nova_dev *dev)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };
	char node[64];
	int fd;

	if (!igt_nova_dev_node(dev, node))
		return;
	fd = igt_nova_open_node(node);
	if (fd < 0)
		return;
	igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GET_TIME, &time);
	close(fd);
}

static void power_path(char path[PATH_MAX], const struct igt_nova_dev *dev, const char *name)
{
	snprintf(path, PATH_MAX, "/sys/bus/pci/devices/%s/power/%s", dev->address, name);
}

bool igt_nova_dev_power(const struct igt_nova_dev *dev, const char *name, char value[32])
{
	char path[PATH_MAX];
	ssize_t length;
	int fd;

	power_path(path, dev, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, value, 31);
	close(fd);
	if (length < 0)
		return false;
	value[length] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return true;
}

int igt_nova_dev_set_power(const struct igt_nova_dev *dev, const char *name, const char *value)
{
	char path[PATH_MAX];

	power_path(path, dev, name);
	return write_text(path, value);
}

void igt_nova_dev_set_delay(const struct igt_nova_dev *dev, unsigned int ms)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", ms);
	igt_assert_eq(igt_nova_dev_set_power(dev, "autosuspend_delay_ms", text), 0);
}

bool igt_nova_dev_is_asleep(const struct igt_nova_dev *dev)
{
	char status[32];

	return igt_nova_dev_power(dev, "runtime_status", status) &&
	       strcmp(status, "suspended") == 0;
}

/* Nobody announces it, so it is asked for. */
void igt_nova_dev_wait_asleep(const struct igt_nova_dev *dev)
{
	uint64_t end = igt_nova_now_ns() + IGT_NOVA_PATIENCE_S * 1000000000ull;

	while (!igt_nova_dev_is_asleep(dev)) {
		igt_assert_f(igt_nova_now_ns() < end, "%s does not go to sleep\n", dev->address);
		usleep(POLL_US);
	}
}

void igt_nova_sleep_require(void)
{
	igt_require_f(access(PM_TEST, W_OK) == 0 && access(PM_TEST_DELAY, W_OK) == 0,
		      "no " PM_TEST "\n");
}

void igt_nova_sleep_expect_refused(void)
{
	igt_emit_ignore_dmesg_regex("nova.*(channel|queue|firmware|dead|stays awake|PM: )|"
				    "PM: Some devices failed to suspend");
}

static int sleep_until(const char *level)
{
	int ret;

	igt_assert_eq(write_text(PM_TEST_DELAY, "0"), 0);
	igt_assert_eq(write_text(PM_TEST, level), 0);
	ret = write_text("/sys/power/state", "freeze");
	igt_assert_eq(write_text(PM_TEST, "none"), 0);
	return ret;
}

int igt_nova_sleep(void)
{
	/* The last level at which devices have been put to sleep, but the processor has not. */
	return sleep_until("platform");
}

int igt_nova_sleep_drivers(void)
{
	return sleep_until("devices");
}
