// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fake_kernel.h"
#include "private.h"

static const char *const nodes[] = { "renderD130", "renderD128", "renderD129", "card0", "renderD12x" };

/* A directory with regular files for nodes; the fake kernel takes any file for a nova device. */
static void make_nodes(char *dir)
{
	char path[64];
	int fd;

	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, nodes[i]);
		fd = open(path, O_CREAT | O_RDWR, 0600);
		assert_true(fd >= 0);
		close(fd);
	}
}

static void remove_nodes(const char *dir)
{
	char path[64];

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, nodes[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

static void test_scan(void **state)
{
	struct nova_device_entry entries[4];
	char dir[] = "/tmp/nova-XXXXXX";
	uint32_t count = 4;

	(void)state;
	make_nodes(dir);
	assert_int_equal(nova_device_scan(dir, entries, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(strrchr(entries[0].path, '/'), "/renderD128");
	assert_string_equal(strrchr(entries[1].path, '/'), "/renderD129");
	assert_string_equal(strrchr(entries[2].path, '/'), "/renderD130");
	assert_int_equal(entries[0].pci_domain, 1);
	assert_int_equal(entries[0].pci_bus, 2);
	assert_int_equal(entries[0].pci_device, 3);
	assert_int_equal(entries[0].pci_function, 4);

	/* Less room: what fits is filled in, all are counted. */
	memset(entries, 0, sizeof(entries));
	count = 1;
	assert_int_equal(nova_device_scan(dir, entries, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(strrchr(entries[0].path, '/'), "/renderD128");
	assert_string_equal(entries[1].path, "");

	fake.driver = "i915";
	assert_int_equal(nova_device_scan(dir, entries, &count), 0);
	assert_int_equal(count, 0);
	remove_nodes(dir);
}

static void test_scan_without_drm(void **state)
{
	uint32_t count = 0;

	(void)state;
	assert_int_equal(nova_device_scan("/tmp/nova-no-such-directory", NULL, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(nova_device_scan("/dev/null", NULL, &count), -ENOTDIR);
}

static void test_open(void **state)
{
	struct nova_device *dev = NULL;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fake.fd);
	assert_int_equal(nova_device_open_path(path, &dev), 0);
	assert_true(nova_device_fd(dev) != fake.fd);
	assert_int_equal(fcntl(nova_device_fd(dev), F_GETFD), FD_CLOEXEC);
	nova_device_close(dev);

	assert_int_equal(nova_device_open_path("/tmp/nova-no-such-node", &dev), -ENOENT);
	assert_int_equal(nova_device_open_path(NULL, &dev), -EINVAL);
	assert_int_equal(nova_device_open_path(path, NULL), -EINVAL);
	assert_int_equal(nova_device_open_fd(-1, &dev), -EBADF);
	assert_int_equal(nova_device_open_fd(fake.fd, NULL), -EINVAL);
	assert_int_equal(nova_device_list(NULL, NULL), -EINVAL);
	assert_int_equal(nova_device_list(NULL, &(uint32_t){ 1 }), -EINVAL);
	assert_int_equal(nova_device_open(0, NULL), -EINVAL);
	nova_device_close(NULL);
}

static void test_open_other_driver(void **state)
{
	struct nova_device *dev = NULL;

	(void)state;
	fake.driver = "nova-drm-next";
	assert_int_equal(nova_device_open_fd(fake.fd, &dev), -EOPNOTSUPP);
	fake.driver = "nova";
	assert_int_equal(nova_device_open_fd(fake.fd, &dev), -EOPNOTSUPP);
	fake.driver = "nova-drm";
	fake.fail_request = DRM_IOCTL_VERSION;
	fake.fail_error = ENOTTY;
	assert_int_equal(nova_device_open_fd(fake.fd, &dev), -EOPNOTSUPP);
	fake.fail_error = ENODEV;
	assert_int_equal(nova_device_open_fd(fake.fd, &dev), -ENODEV);
	assert_null(dev);
}

/* Objects keep the device open after its close. */
static void test_close_first(void **state)
{
	struct nova_device *dev;
	struct nova_sync *sync;
	int fd;

	(void)state;
	assert_int_equal(nova_device_open_fd(fake.fd, &dev), 0);
	fd = nova_device_fd(dev);
	assert_int_equal(nova_sync_create(dev, 0, &sync), 0);
	nova_device_close(dev);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	nova_sync_destroy(sync);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_info(void **state)
{
	struct nova_device_info info;

	assert_int_equal(nova_device_query_info(*state, &info), 0);
	assert_int_equal(info.chip_id, 0x16e);
	assert_int_equal(info.revision_major, 0xa);
	assert_int_equal(info.revision_minor, 1);
	assert_int_equal(info.generation, 3);
	assert_int_equal(info.vram_bar_size, 256 << 20);
	assert_int_equal(info.pci_domain, 1);
	assert_int_equal(info.pci_function, 4);
	assert_int_equal(nova_device_query_info(NULL, &info), -EINVAL);
	assert_int_equal(nova_device_query_info(*state, NULL), -EINVAL);
}

static void test_memory_and_engines(void **state)
{
	struct nova_memory_region regions[NOVA_MEMORY_REGIONS_MAX];
	struct nova_engine engines[NOVA_ENGINES_MAX];
	uint32_t count, index;

	assert_int_equal(nova_device_query_memory(*state, regions, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(regions[1].placement, NOVA_PLACEMENT_SYSTEM);
	assert_int_equal(regions[1].total, 1 << 30);
	assert_int_equal(regions[1].used, 8192);

	assert_int_equal(nova_device_query_engines(*state, engines, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(engines[1].index, 5);
	assert_int_equal(engines[1].instance, 1);
	assert_int_equal(engines[1].host_class, 0xc46f);
	assert_int_equal(engines[1].class_id, 0xc5b5);
	assert_int_equal(engines[1].subchannel, 4);

	assert_int_equal(nova_device_find_engine(*state, NOVA_ENGINE_COPY, 1, &index), 0);
	assert_int_equal(index, 5);
	assert_int_equal(nova_device_find_engine(*state, NOVA_ENGINE_COPY, 2, &index), -EOPNOTSUPP);
	assert_int_equal(nova_device_find_engine(*state, 9, 0, &index), -EOPNOTSUPP);
	assert_int_equal(nova_device_find_engine(*state, NOVA_ENGINE_COPY, 0, NULL), -EINVAL);
}

static void test_priorities(void **state)
{
	uint32_t allowed = 0, known = 0;

	assert_int_equal(nova_device_query_priorities(*state, &allowed, NULL), 0);
	assert_int_equal(allowed, 1 << NOVA_PRIORITY_LOW | 1 << NOVA_PRIORITY_NORMAL);
	assert_int_equal(nova_device_query_priorities(*state, &allowed, &known), 0);
	assert_int_equal(known, allowed | 1 << NOVA_PRIORITY_HIGH);
	assert_int_equal(nova_device_query_priorities(*state, NULL, &known), -EINVAL);
	assert_int_equal(nova_device_query_priorities(NULL, &allowed, &known), -EINVAL);
	fake.fail_request = DRM_IOCTL_NOVA_DEV_QUERY;
	fake.fail_error = EINVAL;
	assert_int_equal(nova_device_query_priorities(*state, &allowed, &known), -EINVAL);
}

static void test_limits(void **state)
{
	struct nova_limits limits;

	assert_int_equal(nova_device_query_limits(*state, &limits), 0);
	assert_int_equal(limits.va_bits, 49);
	assert_int_equal(limits.page_size, 4096);
	assert_int_equal(limits.bo_size_max, 1);
	assert_int_equal(limits.va_push_end, 2);
	assert_int_equal(limits.push_size_max, 3);
	assert_int_equal(limits.bind_ops_max, 4);
	assert_int_equal(limits.jobs_max, 5);
	assert_int_equal(limits.pushes_max, 6);
	assert_int_equal(limits.syncs_max, 7);
	assert_int_equal(limits.vms_max, 8);
	assert_int_equal(limits.queues_max, 9);
	assert_int_equal(limits.ring_size_min, 10);
	assert_int_equal(limits.ring_size_max, 11);
	assert_int_equal(limits.job_timeout_ms, 12);
	assert_int_equal(limits.vm_binds_max, 13);
	assert_int_equal(limits.queue_jobs_max, 14);
	assert_int_equal(limits.page_tables_max, 15);
	assert_true(limits.bo_total_max == 1ull << 40);
	assert_true(limits.userq_vram_max == 1ull << 41);
}

static void test_time(void **state)
{
	struct nova_time time;

	assert_int_equal(nova_device_get_time(*state, CLOCK_BOOTTIME, &time), 0);
	assert_int_equal(fake.get_time.clock_id, CLOCK_BOOTTIME);
	assert_int_equal(fake.get_time.flags, 0);
	assert_int_equal(fake.get_time.reserved, 0);
	assert_int_equal(time.gpu_ns, 32);
	assert_int_equal(time.cpu_ns, 1000);
	assert_int_equal(time.duration_ns, 7);
	assert_int_equal(nova_device_get_time(*state, 0, NULL), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scan),
		TEST(test_scan_without_drm),
		TEST(test_open),
		TEST(test_open_other_driver),
		TEST(test_close_first),
		TEST(test_info),
		TEST(test_memory_and_engines),
		TEST(test_limits),
		TEST(test_priorities),
		TEST(test_time),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
