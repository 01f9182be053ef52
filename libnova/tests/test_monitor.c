// SPDX-License-Identifier: MIT
/* The monitor, with a udev that says what a test wants. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fake_kernel.h"
#include "monitor.h"

#define RECORDS	16

static struct {
	struct monitor_record messages[RECORDS];	/* not yet read */
	uint32_t count;
	uint32_t read;
	struct monitor_record there[RECORDS];		/* what a scan finds */
	uint32_t there_count;
	uint32_t scans;
	bool overflow;
	int open_error;
	int scan_error;
	int fd;
	uint32_t open;
} udev;

int monitor_udev_open(struct monitor_udev **out)
{
	if (udev.open_error)
		return udev.open_error;
	udev.fd = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
	assert_true(udev.fd >= 0);
	udev.open++;
	*out = (struct monitor_udev *)&udev;
	return 0;
}

void monitor_udev_close(struct monitor_udev *handle)
{
	assert_ptr_equal(handle, &udev);
	assert_int_equal(close(udev.fd), 0);
	udev.open--;
}

int monitor_udev_fd(struct monitor_udev *handle)
{
	assert_ptr_equal(handle, &udev);
	return udev.fd;
}

int monitor_udev_next(struct monitor_udev *handle, struct monitor_record *record)
{
	eventfd_t value;

	assert_ptr_equal(handle, &udev);
	if (udev.overflow) {
		udev.overflow = false;
		return -ENOBUFS;
	}
	if (udev.read == udev.count)
		return -EAGAIN;
	eventfd_read(udev.fd, &value);
	*record = udev.messages[udev.read++];
	return 0;
}

int monitor_udev_scan(struct monitor_udev *handle,
		      int (*each)(void *data, const struct monitor_record *record), void *data)
{
	int ret = 0;

	assert_ptr_equal(handle, &udev);
	udev.scans++;
	for (uint32_t i = 0; i < udev.there_count && !ret; i++)
		ret = each(data, &udev.there[i]);
	return ret ? ret : udev.scan_error;
}

/* --- helpers --------------------------------------------------------------- */

static struct monitor_record node(enum monitor_action action, const char *name, const char *driver,
				  uint32_t gpu)
{
	struct monitor_record record = { .action = action };

	snprintf(record.name, sizeof(record.name), "%s", name);
	snprintf(record.node, sizeof(record.node), "/dev/dri/%s", name);
	snprintf(record.parent, sizeof(record.parent), "/sys/devices/gpu%u", gpu);
	snprintf(record.path, sizeof(record.path), "/sys/devices/gpu%u/drm/%s", gpu, name);
	snprintf(record.driver, sizeof(record.driver), "%s", driver);
	snprintf(record.pci, sizeof(record.pci), "0001:0a:%02x.3", gpu);
	return record;
}

static void say(struct monitor_record record)
{
	assert_true(udev.count < RECORDS);
	udev.messages[udev.count++] = record;
	assert_int_equal(eventfd_write(udev.fd, 1), 0);
}

static void there(struct monitor_record record)
{
	udev.there[udev.there_count++] = record;
}

#define NOVA	"nova_drm.nova-drm"

static bool readable(struct nova_monitor *monitor)
{
	struct pollfd pfd = { .fd = nova_monitor_fd(monitor), .events = POLLIN };

	assert_true(poll(&pfd, 1, 0) >= 0);
	return pfd.revents & POLLIN;
}

static void expect(struct nova_monitor *monitor, uint32_t type, const char *path, uint32_t gpu)
{
	struct nova_monitor_event event;

	assert_true(readable(monitor));
	assert_int_equal(nova_monitor_next(monitor, &event), 0);
	assert_int_equal(event.type, type);
	assert_int_equal(event.reserved, 0);
	assert_string_equal(event.entry.path, path);
	assert_int_equal(event.entry.pci_domain, 1);
	assert_int_equal(event.entry.pci_bus, 0xa);
	assert_int_equal(event.entry.pci_device, gpu);
	assert_int_equal(event.entry.pci_function, 3);
	assert_string_equal(event.recovery, type == NOVA_MONITOR_WEDGED ? "rebind,bus-reset" : "");
}

static void expect_none(struct nova_monitor *monitor)
{
	struct nova_monitor_event event;

	assert_int_equal(nova_monitor_next(monitor, &event), -EAGAIN);
	assert_false(readable(monitor));
}

static struct nova_monitor *make(void)
{
	struct nova_monitor *monitor;

	assert_int_equal(nova_monitor_create(&monitor), 0);
	return monitor;
}

static int reset(void **state)
{
	(void)state;
	memset(&udev, 0, sizeof(udev));
	return 0;
}

static int nothing_open(void **state)
{
	(void)state;
	return udev.open ? -1 : 0;
}

/* --- tests ----------------------------------------------------------------- */

static void test_present(void **state)
{
	struct nova_monitor *monitor;

	(void)state;
	there(node(MONITOR_ADD, "card0", NOVA, 1));
	there(node(MONITOR_ADD, "renderD128", NOVA, 1));
	there(node(MONITOR_ADD, "renderD129", "i915", 2));
	there(node(MONITOR_ADD, "renderD130", NOVA, 3));
	monitor = make();
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD128", 1);
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD130", 3);
	expect_none(monitor);
	/* Found by the scan before its event was read: once is enough. */
	say(node(MONITOR_ADD, "renderD130", NOVA, 3));
	assert_true(readable(monitor));
	expect_none(monitor);
	nova_monitor_destroy(monitor);
	nova_monitor_destroy(NULL);
}

static void test_come_and_go(void **state)
{
	struct nova_monitor *monitor = make();

	(void)state;
	expect_none(monitor);
	say(node(MONITOR_ADD, "card0", NOVA, 1));
	say(node(MONITOR_ADD, "renderD128", NOVA, 1));
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD128", 1);
	expect_none(monitor);
	/* The driver has let go of it by then, and the PCI device may be gone with it. */
	say(node(MONITOR_REMOVE, "renderD128", "", 1));
	udev.messages[udev.count - 1].pci[0] = '\0';
	say(node(MONITOR_REMOVE, "card0", "", 1));
	expect(monitor, NOVA_MONITOR_REMOVED, "/dev/dri/renderD128", 1);
	expect_none(monitor);
	say(node(MONITOR_REMOVE, "renderD128", NOVA, 1));
	expect_none(monitor);
	say(node(MONITOR_ADD, "renderD128", NOVA, 1));
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD128", 1);
	nova_monitor_destroy(monitor);
}

static void test_filter(void **state)
{
	struct nova_monitor *monitor = make();

	(void)state;
	say(node(MONITOR_ADD, "renderD128", "nova", 1));
	say(node(MONITOR_ADD, "renderD128", "", 1));
	say(node(MONITOR_ADD, "renderD128", "nova-drm.other", 1));
	say(node(MONITOR_ADD, "controlD128", NOVA, 1));
	say(node(MONITOR_ADD, "renderD128", NOVA, 1));
	udev.messages[udev.count - 1].node[0] = '\0';
	say(node(MONITOR_REMOVE, "renderD128", NOVA, 2));
	expect_none(monitor);
	say(node(MONITOR_ADD, "renderD128", "nova-drm", 1));
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD128", 1);
	nova_monitor_destroy(monitor);
}

/* A device without a PCI address, or with what is none, has zeros there. */
static void test_no_pci(void **state)
{
	static const char *const addresses[] = { "", "0001:0a", "nova" };
	struct nova_monitor_event event;
	struct nova_monitor *monitor = make();

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		say(node(MONITOR_ADD, "renderD128", NOVA, i));
		strcpy(udev.messages[udev.count - 1].pci, addresses[i]);
		assert_int_equal(nova_monitor_next(monitor, &event), 0);
		assert_int_equal(event.entry.pci_domain + event.entry.pci_bus +
				 event.entry.pci_device + event.entry.pci_function, 0);
	}
	nova_monitor_destroy(monitor);
}

static void test_wedged(void **state)
{
	struct monitor_record wedged = node(MONITOR_CHANGE, "card1", NOVA, 2);
	struct nova_monitor *monitor;

	(void)state;
	there(node(MONITOR_ADD, "renderD128", NOVA, 1));
	there(node(MONITOR_ADD, "renderD129", NOVA, 2));
	monitor = make();
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD128", 1);
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD129", 2);
	/* A change of something else, and a device of somebody else. */
	say(wedged);
	strcpy(wedged.wedged, "rebind,bus-reset");
	strcpy(wedged.parent, "/sys/devices/gpu7");
	say(wedged);
	expect_none(monitor);
	strcpy(wedged.parent, "/sys/devices/gpu2");
	say(wedged);
	expect(monitor, NOVA_MONITOR_WEDGED, "/dev/dri/renderD129", 2);
	strcpy(wedged.wedged, "none");
	say(wedged);
	expect(monitor, NOVA_MONITOR_RECOVERED, "/dev/dri/renderD129", 2);
	nova_monitor_destroy(monitor);
}

/* Messages are lost: the difference is made up for. */
static void test_overflow(void **state)
{
	struct nova_monitor *monitor;

	(void)state;
	there(node(MONITOR_ADD, "renderD128", NOVA, 1));
	there(node(MONITOR_ADD, "renderD129", NOVA, 2));
	monitor = make();
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD128", 1);
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD129", 2);
	udev.there[0] = node(MONITOR_ADD, "renderD130", NOVA, 3);
	udev.overflow = true;
	eventfd_write(udev.fd, 1);
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD130", 3);
	expect(monitor, NOVA_MONITOR_REMOVED, "/dev/dri/renderD128", 1);
	assert_int_equal(udev.scans, 2);
	nova_monitor_destroy(monitor);
}

/* A scan that fails is repeated, and nothing is told twice. */
static void test_scan_fails(void **state)
{
	struct nova_monitor_event event;
	struct nova_monitor *monitor = make();

	(void)state;
	there(node(MONITOR_ADD, "renderD128", NOVA, 1));
	udev.overflow = true;
	udev.scan_error = -ENOMEM;
	assert_int_equal(nova_monitor_next(monitor, &event), -ENOMEM);
	assert_true(readable(monitor));
	udev.scan_error = 0;
	expect(monitor, NOVA_MONITOR_ADDED, "/dev/dri/renderD128", 1);
	assert_true(readable(monitor));
	expect_none(monitor);
	assert_int_equal(udev.scans, 3);
	nova_monitor_destroy(monitor);

	udev.scan_error = -EACCES;
	assert_int_equal(nova_monitor_create(&monitor), -EACCES);
	udev.open_error = -EMFILE;
	assert_int_equal(nova_monitor_create(&monitor), -EMFILE);
	assert_int_equal(nova_monitor_create(NULL), -EINVAL);
	assert_int_equal(nova_monitor_next(NULL, &event), -EINVAL);
}

/* Not all taken, then destroyed. */
static void test_destroy_early(void **state)
{
	(void)state;
	there(node(MONITOR_ADD, "renderD128", NOVA, 1));
	there(node(MONITOR_ADD, "renderD129", NOVA, 2));
	nova_monitor_destroy(make());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, nothing_open)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_present),
		TEST(test_come_and_go),
		TEST(test_filter),
		TEST(test_no_pci),
		TEST(test_wedged),
		TEST(test_overflow),
		TEST(test_scan_fails),
		TEST(test_destroy_early),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
