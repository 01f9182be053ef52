/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_share.h"
#include "igt_nova_stuck.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("What clients may expect of a device that goes; Documentation/lifetimes.rst has the list.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define SECRET	0x5ec2e711u

/* Static: a failed assertion leaves the threads behind. */
static struct igt_nova_crowd crowd;
static struct igt_nova_stuck stuck;
static struct igt_nova_share share;

static void open_client(struct igt_nova_client *client)
{
	igt_nova_client_init(client, igt_nova_dev_open(igt_nova_unplug_dev()));
}

/* --- H2 --- */

/* Each says ENODEV, whatever its arguments; again in the device's next life. */
static void test_h02_ioctls_enodev(int fd)
{
	struct igt_nova_worker *worker;

	(void)fd;
	igt_nova_crowd_init(&crowd);
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), &igt_nova_loads[0]);
	worker = &crowd.workers[0];
	igt_nova_unplug(igt_nova_path("unbind"));
	for (size_t i = 0; i < igt_nova_load_count; i++)
		igt_assert_f(igt_nova_loads[i].call(worker) == -ENODEV, "%s\n",
			     igt_nova_loads[i].name);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
	for (size_t i = 0; i < igt_nova_load_count; i++)
		igt_assert_f(igt_nova_loads[i].call(worker) == -ENODEV ||
			     igt_nova_loads[i].call == igt_nova_load("open-close")->call,
			     "%s after the rebind\n", igt_nova_loads[i].name);
	igt_nova_crowd_close(&crowd);
}

static bool is_listed(unsigned int number)
{
	for (size_t i = 0; i < igt_nova_load_count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(igt_nova_loads[i].requests); j++)
			if (igt_nova_loads[i].requests[j] &&
			    _IOC_NR(igt_nova_loads[i].requests[j]) == number)
				return true;
	return false;
}

/* A number nobody has is malformed before its argument is looked at; this one has none. */
static bool is_accepted(int fd, unsigned int number)
{
	unsigned long request = _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE, number, 8);
	int ret = igt_nova_ioctl(fd, request, (void *)(uintptr_t)IGT_NOVA_BAD_POINTER);

	igt_assert_f(ret == -EINVAL || ret == -EFAULT, "ioctl %#x: %s\n", number, strerror(-ret));
	return ret == -EFAULT;
}

/* The table of loads has what the driver has, so all tests that use it do. */
static void test_h02_every_ioctl_listed(int fd)
{
	unsigned int accepted = 0;

	(void)fd;
	fd = igt_nova_dev_open(igt_nova_unplug_dev());
	for (unsigned int number = DRM_COMMAND_BASE; number < DRM_COMMAND_END; number++) {
		accepted += is_accepted(fd, number);
		igt_assert_f(is_accepted(fd, number) == is_listed(number),
			     "ioctl %#x is %s but %s lib/igt_nova_load.c\n", number,
			     is_accepted(fd, number) ? "accepted" : "unknown",
			     is_listed(number) ? "in" : "not in");
	}
	igt_assert_lt(0, accepted);
	close(fd);
}

/* --- H4 --- */

/* Four clients in the same call: there is no lock that one of them holds while it waits. */
static void h04_in_load(const struct igt_nova_load *load)
{
	igt_nova_crowd_init(&crowd);
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), load);
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

/*
 * Bounded means: without help. The firmware will be silent for longer than the test may
 * take and the engine hangs for good; the unbind ends all the same.
 */
static void test_h04_unbind_bounded(int fd)
{
	uint64_t took;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_crowd_init(&crowd);
	crowd.broken = true;
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("exec"));
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("vm-bind"));
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("queue-create-destroy"));
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug_misbehave("hang 0");
	igt_nova_unplug_misbehave("stall-firmware 3600000");
	took = igt_nova_unplug(igt_nova_path("unbind"));
	igt_info("gone in %.1f ms, of %u ms that the firmware may take for one answer\n",
		 took / 1e6, igt_nova_module_param("nova_core", "fw_timeout_ms"));
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_replug();
}

/* --- H5 --- */

/* A device node of the same numbers that outlives the device, as in a container. */
static void test_h05_open_fails(int fd)
{
	const char *node = "/dev/nova-gone";
	struct igt_nova_client client;
	struct stat stat;
	char path[64];
	int reopened;

	(void)fd;
	open_client(&client);
	igt_assert_eq(fstat(client.fd, &stat), 0);
	unlink(node);
	igt_assert_eq(mknod(node, S_IFCHR | 0600, stat.st_rdev), 0);
	igt_nova_unplug(igt_nova_path("unbind"));
	reopened = igt_nova_open_node(node);
	unlink(node);
	igt_assert_f(reopened == -ENODEV || reopened == -ENXIO, "open: %d\n", reopened);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", client.fd);
	reopened = igt_nova_open_node(path);
	igt_assert_f(reopened < 0, "the dead device was opened again\n");
	igt_nova_client_close(&client);
	igt_nova_replug();
}

/* --- H6, H7 --- */

static void unbind_stuck(void)
{
	igt_nova_stuck_open(&stuck, igt_nova_unplug_dev());
	igt_nova_unplug(igt_nova_path("unbind"));
}

static void end_stuck(void)
{
	igt_nova_stuck_close(&stuck);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

/* Running, queued behind it, blocked on it in another queue: all say ENODEV, none success. */
static void test_h06_fences_signal_enodev(int fd)
{
	(void)fd;
	unbind_stuck();
	for (unsigned int i = 0; i < IGT_NOVA_STUCK_JOBS; i++) {
		igt_assert_eq(igt_nova_sync_file_wait(stuck.sync_file[i]), 0);
		igt_assert_eq(igt_nova_sync_file_status(stuck.sync_file[i]), -ENODEV);
	}
	igt_nova_stuck_check(&stuck, false);
	end_stuck();
}

/* When remove() has returned nobody has to be waited for: the fences are signalled by then. */
static void test_h07_waits_wake(int fd)
{
	struct pollfd poll_fd = { .events = POLLIN };

	(void)fd;
	unbind_stuck();
	for (unsigned int i = 0; i < IGT_NOVA_STUCK_JOBS; i++) {
		poll_fd.fd = stuck.sync_file[i];
		igt_assert_eq(poll(&poll_fd, 1, 0), 1);
	}
	poll_fd.fd = stuck.timeline;
	igt_assert_eq(poll(&poll_fd, 1, 0), 1);
	poll_fd.fd = stuck.eventfd;
	igt_assert_eq(poll(&poll_fd, 1, 0), 1);
	igt_nova_stuck_check(&stuck, false);
	end_stuck();
}

/* --- H8 --- */

static void secret_fill(struct igt_nova_client *client, struct igt_nova_bo *bo)
{
	igt_nova_bo_create(client->fd, bo, 32 * MIB, VRAM);
	igt_nova_bo_fill(bo, SECRET);
}

/* One made of a file whose device is gone: refused, or as safe as the others. */
static void check_late_map(int fd, uint64_t offset)
{
	struct igt_nova_bo late = { .size = MIB };

	late.map = mmap(NULL, late.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	if (late.map == MAP_FAILED) {
		igt_assert_eq(errno, ENODEV);
		return;
	}
	igt_nova_bo_check_own(&late);
	munmap(late.map, late.size);
}

/*
 * Mappings made before the unbind, touched before and not, stay usable and show
 * nobody's data: not that of a neighbour, nor of a client of the device's next life.
 */
static void test_h08_maps_stay(int fd)
{
	struct igt_nova_client owner, neighbour, successor;
	struct igt_nova_bo bo[4], secret, later;
	uint64_t offset;

	(void)fd;
	open_client(&neighbour);
	secret_fill(&neighbour, &secret);
	open_client(&owner);
	for (unsigned int i = 0; i < 4; i++) {
		igt_nova_bo_create(owner.fd, &bo[i], MIB, i & 1 ? SYSTEM : VRAM);
		if (i & 2)
			igt_nova_bo_fill(&bo[i], IGT_NOVA_OWN);
	}
	offset = igt_nova_gem_mmap_offset(owner.fd, bo[0].handle, 0);
	igt_nova_unplug(igt_nova_path("unbind"));
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_bo_check_own(&bo[i]);
	check_late_map(owner.fd, offset);
	igt_nova_replug();

	open_client(&successor);
	secret_fill(&successor, &later);
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_bo_check_own(&bo[i]);
	igt_assert_eq_u64(igt_nova_bo_check(&later, SECRET), later.size / 4);
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_bo_destroy(owner.fd, &bo[i]);
	igt_nova_client_close(&owner);
	igt_nova_bo_destroy(neighbour.fd, &secret);
	igt_nova_client_close(&neighbour);
	igt_nova_bo_destroy(successor.fd, &later);
	igt_nova_client_close(&successor);
}

/* --- H9, H10 --- */

/* The importer is the other GPU, if there is one: it goes on writing into the buffer. */
static void test_h09_exports_stay(int fd)
{
	(void)fd;
	igt_nova_share_export(&share, igt_nova_unplug_dev(), igt_nova_unplug_other());
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_share_check_import(&share);
	igt_nova_replug();
	igt_nova_share_check_import(&share);
	igt_nova_share_close(&share);
	igt_nova_close_vgem();
}

static void test_h10_import_refused(int fd)
{
	struct igt_nova_client successor;
	uint32_t handle = 0;
	int ret;

	(void)fd;
	igt_nova_share_export(&share, igt_nova_unplug_dev(), igt_nova_unplug_other());
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_neq(drmPrimeFDToHandle(share.client.fd, share.dmabuf, &handle), 0);
	igt_assert_eq(errno, ENODEV);
	igt_nova_replug();
	/* Its next life is another device: it may take the buffer or not, and works. */
	open_client(&successor);
	ret = drmPrimeFDToHandle(successor.fd, share.dmabuf, &handle);
	igt_info("import into the device's next life: %s\n", ret ? strerror(errno) : "accepted");
	igt_nova_check_works(successor.fd);
	igt_nova_client_close(&successor);
	igt_nova_share_check_import(&share);
	igt_nova_share_close(&share);
	igt_nova_close_vgem();
}

/* --- H11 --- */

/* What can be the last to hold the dead device. */
enum holder {
	HOLD_FILE,
	HOLD_MAP,
	HOLD_DMABUF,
	HOLD_FENCE,
	HOLDERS,
};

static const char *const holder_names[] = { "file", "mapping", "dma-buf", "fence" };

/* They go in turn, @last the last; each is used before it goes. */
static void hold_last(enum holder last)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	int dmabuf, fence;

	open_client(&client);
	igt_nova_client_bo(&client, &bo, 2 * PAGE, SYSTEM);
	igt_nova_bo_fill(&bo, IGT_NOVA_OWN);
	igt_assert_eq(drmPrimeHandleToFD(client.fd, bo.handle, DRM_CLOEXEC, &dmabuf), 0);
	igt_nova_stuck_open(&stuck, igt_nova_unplug_dev());
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_stuck_check(&stuck, false);
	fence = dup(stuck.sync_file[IGT_NOVA_STUCK_RUNNING]);
	igt_nova_stuck_close(&stuck);
	igt_nova_replug();

	for (unsigned int i = 1; i <= HOLDERS; i++) {
		switch ((last + i) % HOLDERS) {
		case HOLD_FILE:
			igt_nova_client_close(&client);
			break;
		case HOLD_MAP:
			igt_nova_bo_check_own(&bo);
			munmap(bo.map, bo.size);
			break;
		case HOLD_DMABUF:
			igt_assert_eq_u64(lseek(dmabuf, 0, SEEK_END), bo.size);
			close(dmabuf);
			break;
		case HOLD_FENCE:
			igt_assert_eq(igt_nova_sync_file_status(fence), -ENODEV);
			close(fence);
			break;
		}
	}
}

static void test_h11_last_reference(int fd)
{
	(void)fd;
	for (enum holder last = 0; last < HOLDERS; last++) {
		igt_debug("the %s goes last\n", holder_names[last]);
		hold_last(last);
	}
	/* With all of them gone nobody holds the modules. */
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_eq(igt_nova_module_unload_idle("nova_drm"), 0);
	igt_nova_replug();
}

/* --- H12 --- */

/* The old file says ENODEV, the new one works, in turn; the old one is closed last. */
static void test_h12_rebind_new_minor(int fd)
{
	struct drm_nova_getparam getparam = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	struct igt_nova_client old[3];
	struct stat old_stat, new_stat;
	int new_fd;

	(void)fd;
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		open_client(&old[i]);
		igt_nova_unplug(igt_nova_path("unbind"));
		igt_nova_replug();
		new_fd = igt_nova_dev_open(igt_nova_unplug_dev());
		igt_assert_eq(fstat(old[i].fd, &old_stat), 0);
		igt_assert_eq(fstat(new_fd, &new_stat), 0);
		igt_assert_neq(minor(old_stat.st_rdev), minor(new_stat.st_rdev));
		close(new_fd);
	}
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		igt_nova_expect(old[i].fd, DRM_IOCTL_NOVA_GETPARAM, &getparam, ENODEV);
		igt_nova_client_close(&old[i]);
	}
	new_fd = igt_nova_dev_open(igt_nova_unplug_dev());
	igt_nova_check_works(new_fd);
	close(new_fd);
}

/* --- H13 --- */

/* One for each of its nodes, and none of another device. */
static void test_h13_remove_event(int fd)
{
	struct igt_nova_uevent event;
	unsigned int render = 0, all = 0;
	char node[64];
	int events;

	(void)fd;
	igt_assert(igt_nova_dev_node(igt_nova_unplug_dev(), node));
	events = igt_nova_uevent_open();
	igt_nova_unplug(igt_nova_path("unbind"));
	while (igt_nova_uevent_next(events, &event, 0)) {
		if (strcmp(event.action, "remove") != 0 || strcmp(event.subsystem, "drm") != 0)
			continue;
		all += event.devname[0] != '\0';
		render += strcmp(event.devname, node + strlen("/dev/")) == 0;
	}
	close(events);
	igt_assert_eq(render, 1);
	igt_assert_eq(all, 2);	/* card and renderD */
	igt_nova_replug();
}

/* --- H16 --- */

/*
 * A device that is there but of no use any more: no DMA, every fence signalled, new work
 * refused, mappings usable; user space is told, and until it binds the driver anew nothing
 * changes that.
 */
static void test_h16_wedged(int fd)
{
	struct igt_nova_uevent event = { 0 };
	struct igt_nova_client client;
	struct drm_nova_queue_create create = { 0 };
	struct igt_nova_bo bo;
	uint32_t queue;
	int events, ret;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	open_client(&client);
	queue = igt_nova_client_queue(&client, 0);
	igt_nova_client_bo(&client, &bo, 2 * PAGE, VRAM);
	igt_nova_bo_fill(&bo, IGT_NOVA_OWN);
	igt_nova_stuck_open(&stuck, igt_nova_unplug_dev());
	events = igt_nova_uevent_open();
	/* What comes after a recovery, or instead of it: nova_reset. */
	igt_assert_eq(igt_nova_module_set_param("nova_core", "recoveries", 0), 0);
	igt_nova_unplug_misbehave("crash-firmware");
	/* It is noticed when somebody wants something of it. */
	create.vm_id = client.vm;
	ret = igt_nova_ioctl(client.fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create);
	/* Unless a late interrupt had somebody look before. */
	igt_assert_f(ret == -ETIMEDOUT || ret == -ECANCELED, "%d\n", ret);
	while (strcmp(event.wedged, "rebind") != 0)
		igt_assert_f(igt_nova_uevent_next(events, &event, IGT_NOVA_PATIENCE_S * 1000),
			     "no wedged event\n");
	close(events);

	/* The event is last: all this was so when it came. */
	igt_assert_f(!igt_nova_dev_is_master(igt_nova_unplug_dev()), "it may still do DMA\n");
	for (unsigned int i = 0; i < IGT_NOVA_STUCK_JOBS; i++)
		igt_assert_eq(igt_nova_sync_file_status(stuck.sync_file[i]), -ECANCELED);
	for (unsigned int i = 0; i < 2; i++) {
		igt_assert_eq(igt_nova_submit(client.fd, queue, NULL, NULL, 0), -ECANCELED);
		igt_nova_queue_create(client.fd, client.vm, 0, ECANCELED);
		igt_nova_bo_check_own(&bo);
	}
	igt_nova_stuck_check(&stuck, true);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_stuck_close(&stuck);
	igt_nova_bo_check_own(&bo);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "h02-ioctls-enodev", "Each call on a dead device says ENODEV.", test_h02_ioctls_enodev },
	{ "h02-every-ioctl-listed", "The tests know each ioctl that the driver accepts.",
	  test_h02_every_ioctl_listed },
	{ "h04-unbind-bounded", "Neither clients nor a silent device hold the unbind up.",
	  test_h04_unbind_bounded },
	{ "h05-open-fails", "A dead device cannot be opened.", test_h05_open_fails },
	{ "h06-fences-signal-enodev", "The fence of each job that had not ended says ENODEV.",
	  test_h06_fences_signal_enodev },
	{ "h07-waits-wake", "Nobody waits for a fence once the device is gone.",
	  test_h07_waits_wake },
	{ "h08-maps-stay", "Mappings stay usable and show nobody else's data.",
	  test_h08_maps_stay },
	{ "h09-exports-stay", "Whoever imported a buffer goes on using it.", test_h09_exports_stay },
	{ "h10-import-refused", "A dead device imports nothing.", test_h10_import_refused },
	{ "h11-last-reference", "File, mapping, dma-buf and fence may go in any order.",
	  test_h11_last_reference },
	{ "h12-rebind-new-minor", "A rebind gives a new device while old files are open.",
	  test_h12_rebind_new_minor },
	{ "h13-remove-event", "User space is told that the nodes went.", test_h13_remove_event },
	{ "h16-wedged", "A device of no use does no harm until it is bound anew.", test_h16_wedged },
};

static void run_load_test(const struct igt_nova_load *load)
{
	char name[64];

	snprintf(name, sizeof(name), "h04-in-%s", load->name);
	igt_describe("Unbind with four clients that do the same.");
	igt_subtest(name) {
		igt_nova_unplug_begin();
		h04_in_load(load);
		igt_reset_timeout();
	}
}

/* What a failed subtest left behind in this process. */
static void abandon(void)
{
	igt_nova_crowd_abandon(&crowd);
	igt_nova_stuck_abandon(&stuck);
	igt_nova_share_close(&share);
}

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(abandon);
	}
	for (size_t i = 0; i < igt_nova_load_count; i++)
		run_load_test(&igt_nova_loads[i]);
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
