/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sched.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_kmsg.h"
#include "igt_nova_load.h"
#include "igt_nova_stuck.h"
#include "igt_nova_trace.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userfault.h"

IGT_TEST_DESCRIPTION("What the driver has to do when the device goes; Documentation/lifetimes.rst has the list.");

#define PAGE	IGT_NOVA_PAGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

/* Static: a failed assertion leaves the threads behind. */
static struct igt_nova_crowd crowd;
static struct igt_nova_stuck stuck;
static struct igt_nova_userfaults userfaults;
static struct igt_nova_trace trace;

static void open_client(struct igt_nova_client *client)
{
	igt_nova_client_init(client, igt_nova_dev_open(igt_nova_unplug_dev()));
}

static void start_crowd(const struct igt_nova_dev *dev, bool broken)
{
	igt_nova_crowd_init(&crowd);
	crowd.broken = broken;
	igt_nova_crowd_add_all(&crowd, dev);
	igt_nova_crowd_start(&crowd);
}

static void end_crowd(void)
{
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_unplug_check_quiet();
}

/* --- a device that is stuck in its remove() --- */

static void *unbind_thread(void *data)
{
	*(int *)data = igt_nova_dev_unbind(igt_nova_unplug_dev());
	return NULL;
}

static struct {
	pthread_t thread;
	int result;
} stalled;

static void stall_begin(void)
{
	struct igt_nova_emu_stats before, now;

	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_assert_eq(igt_nova_module_set_param("nova_core", "fw_timeout_ms", 60000), 0);
	igt_nova_unplug_misbehave("stall-firmware 3600000");
	igt_nova_emu_stats(igt_nova_unplug_emu(), &before);
	igt_nova_thread_start(&stalled.thread, unbind_thread, &stalled.result);
	/* It is in its remove() once the firmware was spoken to, and stays there for a minute. */
	do {
		sched_yield();
		igt_nova_emu_stats(igt_nova_unplug_emu(), &now);
	} while (now.register_accesses == before.register_accesses);
}

static void stall_end(void)
{
	struct igt_nova_emu_stats stats;

	igt_assert_f(pthread_tryjoin_np(stalled.thread, NULL) == EBUSY,
		     "the stalled device did not wait for its firmware\n");
	igt_nova_emu_command(igt_nova_unplug_emu(), "heal");
	igt_assert_eq(pthread_join(stalled.thread, NULL), 0);
	igt_assert_eq(stalled.result, 0);
	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	igt_assert_f(stats.shut_down, "it did not wait long enough for its firmware\n");
	igt_nova_replug();
}

/* --- H1 --- */

/* What unplugs, what has to be finished before it can, and what must not begin before it. */
static const char *const remove_functions[] = {
	"drm_dev_unplug",
	"nova_core_chan_destroy_all",
	"nova_core_chan_destroy",
	"nova_core_unmap_sgt",
	"nova_core_dma_free",
	"nova_core_client_unregister",
	"free_irq",
	"iounmap",
	"pci_disable_device",
};

static void test_h01_unplug_first(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	long unplug;

	(void)fd;
	open_client(&client);
	igt_nova_client_bo(&client, &bo, PAGE, SYSTEM);
	igt_nova_client_queue(&client, 0);
	igt_nova_trace_start(&trace, remove_functions, ARRAY_SIZE(remove_functions));
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_trace_stop(&trace);

	unplug = igt_nova_trace_first(&trace, 0);
	igt_assert_f(unplug >= 0, "no drm_dev_unplug()\n");
	igt_assert_f(igt_nova_trace_first(&trace, 1) >= 0 &&
		     igt_nova_trace_first(&trace, 1) < unplug,
		     "channels still ran when unplug began to wait\n");
	for (size_t i = 2; i < ARRAY_SIZE(remove_functions); i++) {
		long first = igt_nova_trace_first(&trace, i);

		igt_assert_f(first >= 0, "no %s()\n", remove_functions[i]);
		igt_assert_f(first > unplug, "%s() before drm_dev_unplug()\n",
			     remove_functions[i]);
	}
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	igt_nova_replug();
}

/* --- H2 --- */

/* remove() waits for the firmware to take the channel away: nobody has to wait with it. */
static void test_h02_none_begins(int fd)
{
	struct drm_nova_getparam param = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	struct igt_nova_client client;
	int ret;

	(void)fd;
	open_client(&client);
	igt_nova_client_queue(&client, 0);
	stall_begin();
	/* nova-core was there first, and looked at its device. */
	do {
		ret = igt_nova_ioctl(client.fd, DRM_IOCTL_NOVA_GETPARAM, &param);
	} while (ret == 0);
	igt_assert_eq(ret, -ENODEV);
	stall_end();
	close(client.fd);
}

/* --- H3 --- */

/* All that can still be done with old files and mappings reaches no register. */
static void test_h03_no_access_after(int fd)
{
	struct igt_nova_emu_stats before, after;

	(void)fd;
	igt_nova_unplug_require_emu();
	start_crowd(igt_nova_unplug_dev(), false);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_emu_stats(igt_nova_unplug_emu(), &before);
	igt_nova_crowd_join(&crowd);
	for (size_t i = 0; i < crowd.count; i++)
		igt_assert_eq(crowd.workers[i].load->call(&crowd.workers[i]), -ENODEV);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_emu_stats(igt_nova_unplug_emu(), &after);
	igt_assert_lt_u64(0, before.register_accesses);
	igt_assert_eq_u64(after.register_accesses, before.register_accesses);
	igt_assert_eq_u64(after.interrupts, before.interrupts);
	igt_assert_eq_u64(after.violations, 0);
	igt_nova_replug();
}

/* --- H14 --- */

static void *aux_unbind_thread(void *data)
{
	*(int *)data = igt_nova_aux_unbind(igt_nova_unplug_dev());
	return NULL;
}

/* All at once; one of them has work to do, the others find it done. */
static void unbind_at_once(void *(*const run[])(void *data), unsigned int count)
{
	int result[4], winners = 0;
	pthread_t thread[4];

	igt_assert(count <= ARRAY_SIZE(thread));
	for (unsigned int i = 0; i < count; i++)
		igt_nova_thread_start(&thread[i], run[i], &result[i]);
	for (unsigned int i = 0; i < count; i++) {
		igt_assert_eq(pthread_join(thread[i], NULL), 0);
		/* sysfs reports success to one that found the work done meanwhile. */
		igt_assert_f(result[i] == 0 || result[i] == -ENODEV, "unbind: %s\n",
			     strerror(-result[i]));
		winners += result[i] == 0;
	}
	igt_assert_lte(1, winners);
	igt_assert(!igt_nova_dev_is_bound(igt_nova_unplug_dev()));
}

static void test_h14_unbind_twice(int fd)
{
	static void *(*const run[])(void *data) = {
		unbind_thread, aux_unbind_thread, unbind_thread,
	};

	(void)fd;
	start_crowd(igt_nova_unplug_dev(), false);
	unbind_at_once(run, ARRAY_SIZE(run));
	end_crowd();
	igt_assert_eq(igt_nova_dev_unbind(igt_nova_unplug_dev()), -ENODEV);
	igt_nova_replug();
}

/* An engine hangs and is reset, the firmware dies, and two unbinds find that going on. */
static void test_h14_wedge_and_reset(int fd)
{
	static void *(*const run[])(void *data) = { unbind_thread, unbind_thread };

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_stuck_open(&stuck, igt_nova_unplug_dev());
	igt_nova_crowd_init(&crowd);
	crowd.broken = true;
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(),
				   igt_nova_load("queue-create-destroy"));
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug_misbehave("hang 0");
	igt_nova_unplug_misbehave("crash-firmware");
	unbind_at_once(run, ARRAY_SIZE(run));
	end_crowd();
	igt_nova_stuck_check(&stuck, true);
	igt_nova_stuck_close(&stuck);
	igt_nova_replug();
}

/* --- H15 --- */

/* Of this device, and of the other one: DRM's unplug waits in one domain for all devices. */
static void test_h15_no_wait_for_user_memory(int fd)
{
	const struct igt_nova_dev *other = igt_nova_unplug_other();

	(void)fd;
	igt_nova_userfaults_open(&userfaults, igt_nova_unplug_dev());
	if (other) {
		igt_assert_eq(igt_nova_dev_unbind(other), 0);
		igt_assert_eq(igt_nova_dev_bind(other), 0);
	}
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_userfaults_check(&userfaults);
	igt_nova_userfaults_close(&userfaults);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

/* --- H17 --- */

/* The hardware is told to stop although the door is closed by then. */
static void test_h17_orderly_shutdown(int fd)
{
	struct igt_nova_emu_stats stats;

	(void)fd;
	igt_nova_unplug_require_emu();
	start_crowd(igt_nova_unplug_dev(), false);
	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	igt_assert(!stats.shut_down);
	igt_assert(igt_nova_dev_is_master(igt_nova_unplug_dev()));
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	igt_assert_f(stats.shut_down, "the firmware was not shut down\n");
	igt_assert_f(!igt_nova_dev_is_master(igt_nova_unplug_dev()), "it may still do DMA\n");
	end_crowd();
	igt_nova_replug();
}

/* --- H18 --- */

/* Is there a line with this in it? */
static bool file_has(const char *path, const char *text)
{
	bool found = false;
	char line[1024];
	FILE *stream = fopen(path, "re");

	igt_assert_f(stream, "%s: %m\n", path);
	while (fgets(line, sizeof(line), stream))
		found |= strstr(line, text) != NULL;
	fclose(stream);
	return found;
}

/* The kernel's own lists of who has what. */
static void check_claims(bool bound)
{
	const struct igt_nova_dev *dev = igt_nova_unplug_dev();
	const unsigned int bars[] = { 0, 1 };
	char text[64];

	/* Another device's driver has them too. */
	if (!igt_nova_unplug_other()) {
		igt_assert_eq(file_has("/proc/interrupts", "nova_core"), bound);
		igt_assert_eq(file_has("/proc/iomem", "nova_core"), bound);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bars); i++) {
		snprintf(text, sizeof(text), "phys=0x%016" PRIx64 " ioremap",
			 igt_nova_dev_bar(dev, bars[i]));
		igt_assert_f(file_has("/proc/vmallocinfo", text) == bound, "BAR %u is %smapped\n",
			     bars[i], bound ? "not " : "");
	}
}

static void test_h18_nothing_left(int fd)
{
	struct igt_nova_kmsg kmsg;

	(void)fd;
	igt_nova_kmsg_open(&kmsg);
	check_claims(true);
	start_crowd(igt_nova_unplug_dev(), false);
	igt_nova_unplug(igt_nova_path("unbind"));
	check_claims(false);
	end_crowd();
	/* The driver's own audit complains there. */
	igt_nova_kmsg_read(&kmsg);
	igt_assert_f(!kmsg.splat[0] && !kmsg.overrun, "the kernel says: %s\n", kmsg.splat);
	igt_nova_kmsg_close(&kmsg);
	igt_nova_replug();
}

static void unload_and_load(void)
{
	igt_assert_eq(igt_nova_module_unload_idle("nova_drm"), 0);
	igt_assert_eq(igt_nova_module_unload_idle("nova_core"), 0);
	igt_nova_replug();
}

static void test_h18_modules_unload(int fd)
{
	(void)fd;
	start_crowd(igt_nova_unplug_dev(), false);
	igt_nova_unplug(igt_nova_path("unbind"));
	end_crowd();
	unload_and_load();
}

/* Whatever a client still holds of the dead device keeps the code it needs. */
static void test_h18_modules_pinned(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	int dmabuf = -1;

	(void)fd;
	open_client(&client);
	igt_nova_bo_create(client.fd, &bo, PAGE, SYSTEM);
	bo.map[0] = IGT_NOVA_OWN;
	igt_assert_eq(drmPrimeHandleToFD(client.fd, bo.handle, DRM_CLOEXEC, &dmabuf), 0);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_eq(igt_nova_module_unload("nova_drm"), -EAGAIN);
	drmCloseBufferHandle(client.fd, bo.handle);
	igt_nova_client_close(&client);
	igt_assert_eq(igt_nova_module_unload("nova_drm"), -EAGAIN);	/* mapping, dma-buf */
	munmap(bo.map, bo.size);
	igt_assert_eq(igt_nova_module_unload("nova_drm"), -EAGAIN);	/* dma-buf */
	close(dmabuf);
	unload_and_load();
}

/* --- H19 --- */

/*
 * All registers read as ones while clients are at work and remove() runs. Nobody asks again and
 * again until they do not: the reads that the device saw do not go with the time, there are few.
 */
static void test_h19_surprise_removal(int fd)
{
	struct igt_nova_emu_stats before, after;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	start_crowd(igt_nova_unplug_dev(), true);
	igt_nova_unplug_misbehave("surprise-remove");
	/* Everybody has noticed when the calls end. */
	igt_nova_unplug(igt_nova_path("surprise"));
	igt_nova_emu_stats(igt_nova_unplug_emu(), &before);
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_emu_stats(igt_nova_unplug_emu(), &after);
	igt_assert_eq_u64(after.register_accesses, before.register_accesses);
	igt_nova_replug();
}

/* --- H20 --- */

static const struct igt_nova_dev *require_other(void)
{
	const struct igt_nova_dev *other = igt_nova_unplug_other();

	igt_require_f(other, "one device only\n");
	return other;
}

/* The other's clients do not notice. */
static void test_h20_two_devices(int fd)
{
	(void)fd;
	start_crowd(require_other(), false);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
	igt_nova_crowd_stop(&crowd);
	end_crowd();
}

/*
 * One is stuck in its remove() with a firmware that is silent for long. Meanwhile the other
 * works, is unbound and bound, and works again.
 */
static void test_h20_one_stalled(int fd)
{
	const struct igt_nova_dev *other = require_other();

	(void)fd;
	stall_begin();
	fd = igt_nova_dev_open(other);
	igt_nova_check_works(fd);
	close(fd);
	igt_assert_eq(igt_nova_dev_unbind(other), 0);
	igt_assert_eq(igt_nova_dev_bind(other), 0);
	fd = igt_nova_dev_open(other);
	igt_nova_check_works(fd);
	close(fd);
	stall_end();
}

static const struct igt_nova_test tests[] = {
	{ "h01-unplug-first", "remove() unplugs before anything goes.", test_h01_unplug_first },
	{ "h02-none-begins", "No ioctl begins once remove() has.", test_h02_none_begins },
	{ "h03-no-access-after", "No register is touched after remove().", test_h03_no_access_after },
	{ "h14-unbind-twice", "Three unbinds at once do no harm.", test_h14_unbind_twice },
	{ "h14-wedge-and-reset", "Unbinds that find a reset and a wedge do no harm.",
	  test_h14_wedge_and_reset },
	{ "h15-no-wait-for-user-memory", "Nobody waits for a page of a client's memory.",
	  test_h15_no_wait_for_user_memory },
	{ "h17-orderly-shutdown", "The hardware is told to stop.", test_h17_orderly_shutdown },
	{ "h18-nothing-left", "No mapping, interrupt or audited object is left.",
	  test_h18_nothing_left },
	{ "h18-modules-unload", "Both modules can be unloaded after an unbind under load.",
	  test_h18_modules_unload },
	{ "h18-modules-pinned", "Files, mappings and dma-bufs of a dead device keep the module.",
	  test_h18_modules_pinned },
	{ "h19-surprise-removal", "The device is gone before the driver hears of it.",
	  test_h19_surprise_removal },
	{ "h20-two-devices", "One device goes, another's clients do not notice.",
	  test_h20_two_devices },
	{ "h20-one-stalled", "A device stuck in its remove() holds no other up.",
	  test_h20_one_stalled },
};

/* What a failed subtest left behind in this process. */
static void abandon(void)
{
	igt_nova_trace_off();
	igt_nova_crowd_abandon(&crowd);
	igt_nova_stuck_abandon(&stuck);
	igt_nova_userfaults_abandon(&userfaults);
}

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(abandon);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
