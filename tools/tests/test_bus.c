// SPDX-License-Identifier: MIT
/* Finding the driver of a PCI device in a directory that looks like sysfs. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "demo_bus.h"

static const struct nova_device_info info = {
	.pci_domain = 0, .pci_bus = 0x1a, .pci_device = 2, .pci_function = 3,
};

static const char *const directories[] = {
	"bus", "bus/pci", "bus/pci/devices", "bus/pci/devices/0000:1a:02.3",
	"bus/pci/devices/0000:1a:02.3/iommu_group", "bus/pci/drivers", "bus/pci/drivers/nova_core",
};

#define COUNT	(sizeof(directories) / sizeof(directories[0]))

static void put_file(const char *root, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void expect_file(const char *root, const char *name, const char *text)
{
	char path[256], is[64] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_true(read(fd, is, sizeof(is) - 1) >= 0);
	close(fd);
	assert_string_equal(is, text);
}

static int make_sysfs(void **state)
{
	static char root[32];
	char path[256];

	strcpy(root, "/tmp/nova-sysfs-XXXXXX");
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(path, sizeof(path), "%s/%s", root, directories[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	put_file(root, "bus/pci/drivers/nova_core/bind", "");
	put_file(root, "bus/pci/drivers/nova_core/unbind", "");
	put_file(root, "bus/pci/devices/0000:1a:02.3/iommu_group/type", "DMA\n");
	*state = root;
	return 0;
}

static int remove_sysfs(void **state)
{
	static const char *const files[] = {
		"bus/pci/drivers/nova_core/bind", "bus/pci/drivers/nova_core/unbind",
		"bus/pci/devices/0000:1a:02.3/iommu_group/type",
		"bus/pci/devices/0000:1a:02.3/driver",
	};
	char path[256];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", (char *)*state, files[i]);
		unlink(path);
	}
	for (size_t i = COUNT; i--;) {
		snprintf(path, sizeof(path), "%s/%s", (char *)*state, directories[i]);
		rmdir(path);
	}
	return rmdir(*state);
}

static void link_driver(const char *root)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:1a:02.3/driver", root);
	assert_int_equal(symlink("../../drivers/nova_core", path), 0);
}

static void test_find(void **state)
{
	struct demo_bus bus;
	char driver[256];

	assert_int_equal(demo_bus_find(&bus, *state, &info), -ENODEV);
	link_driver(*state);
	assert_int_equal(demo_bus_find(&bus, *state, &info), 0);
	snprintf(driver, sizeof(driver), "%s/bus/pci/drivers/nova_core", (char *)*state);
	assert_string_equal(bus.address, "0000:1a:02.3");
	assert_string_equal(bus.driver, driver);
	assert_true(bus.strict_dma);
	put_file(*state, "bus/pci/devices/0000:1a:02.3/iommu_group/type", "DMA-FQ\n");
	assert_int_equal(demo_bus_find(&bus, *state, &info), 0);
	assert_false(bus.strict_dma);
}

/* After the unbind the link is gone; binding still knows where to write. */
static void test_unbind_and_bind(void **state)
{
	struct demo_bus bus;
	char path[256];

	link_driver(*state);
	assert_int_equal(demo_bus_find(&bus, *state, &info), 0);
	assert_int_equal(demo_bus_unbind(&bus), 0);
	expect_file(*state, "bus/pci/drivers/nova_core/unbind", "0000:1a:02.3");
	snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:1a:02.3/driver", (char *)*state);
	assert_int_equal(unlink(path), 0);
	expect_file(*state, "bus/pci/drivers/nova_core/bind", "");
	assert_int_equal(demo_bus_bind(&bus), 0);
	expect_file(*state, "bus/pci/drivers/nova_core/bind", "0000:1a:02.3");
	snprintf(path, sizeof(path), "%s/bus/pci/drivers/nova_core/bind", (char *)*state);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(demo_bus_bind(&bus), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_find, make_sysfs, remove_sysfs),
		cmocka_unit_test_setup_teardown(test_unbind_and_bind, make_sysfs, remove_sysfs),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
