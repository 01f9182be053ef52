/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"

static struct igt_nova_dev dev;
static struct igt_nova_emu *emu;
/* The device was told to misbehave: it need not have seen an orderly shutdown. */
static bool misbehaving;

const struct igt_nova_dev *igt_nova_unplug_dev(void)
{
	return &dev;
}

struct igt_nova_emu *igt_nova_unplug_emu(void)
{
	return emu;
}

static void recover_device(void)
{
	if (!igt_nova_dev_find(&dev, 0)) {
		igt_assert_eq(igt_nova_pci_rescan(), 0);
		igt_require_f(igt_nova_dev_find(&dev, 0), "no device\n");
	}
	if (!dev.driver[0]) {
		igt_assert_eq(igt_nova_module_load("nova_drm"), 0);
		igt_assert(igt_nova_dev_find(&dev, 0) && dev.driver[0]);
	}
	if (!igt_nova_dev_is_bound(&dev))
		igt_assert_eq(igt_nova_dev_bind(&dev), 0);
}

void igt_nova_unplug_init(void)
{
	igt_require_f(igt_nova_dev_find(&dev, 0), "no device\n");
	igt_require_f(dev.driver[0], "no driver\n");
	emu = igt_nova_emu_open(dev.index);
	if (!emu)
		igt_info("no control port: what the device sees is not checked\n");
}

void igt_nova_unplug_fini(void)
{
	igt_nova_emu_close(emu);
	emu = NULL;
}

static void heal(void)
{
	if (emu)
		igt_nova_emu_command(emu, "heal");
	misbehaving = false;
}

void igt_nova_unplug_begin(void)
{
	igt_set_timeout(2 * IGT_NOVA_PATIENCE_S, "unplug test");
	heal();
	recover_device();
	close(igt_nova_dev_open(&dev));
	if (emu)
		igt_nova_emu_command(emu, "clear");
}

static void run_test(const struct igt_nova_test *test)
{
	igt_describe(test->describe);
	igt_subtest(test->name) {
		igt_nova_unplug_begin();
		test->run(-1);
		igt_reset_timeout();
	}
}

void igt_nova_unplug_run_tests(const struct igt_nova_test *tests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_test(&tests[i]);
}

void igt_nova_unplug_require_emu(void)
{
	igt_require_f(emu, "no control port of the emulator\n");
}

void igt_nova_unplug_misbehave(const char *format, ...)
{
	char command[64];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	igt_nova_emu_command(emu, "%s", command);
	misbehaving = true;
}

void igt_nova_unplug_check_quiet(void)
{
	struct igt_nova_emu_stats stats;
	const char *iommu = getenv("NOVA_IOMMU");

	if (!emu)
		return;
	igt_nova_emu_stats(emu, &stats);
	if (stats.violations)
		igt_nova_emu_print_recent(emu);
	igt_assert_eq_u64(stats.violations, 0);
	if (!igt_nova_dev_is_present(&dev) || !igt_nova_dev_is_bound(&dev)) {
		if (!misbehaving)
			igt_assert_f(stats.shut_down, "no orderly shutdown\n");
		/* Without a guest IOMMU the whole memory is mapped, always. */
		if (iommu && strcmp(iommu, "1") == 0)
			igt_assert_eq_u64(stats.dma_ranges, 0);
	}
}

void igt_nova_unplug(int (*how)(const struct igt_nova_dev *dev))
{
	char node[64];
	int events, ret;

	igt_assert(igt_nova_dev_node(&dev, node));
	events = igt_nova_uevent_open();
	ret = how(&dev);
	igt_assert_f(ret == 0, "unplug: %s\n", strerror(-ret));
	igt_assert_f(igt_nova_uevent_wait(events, "remove", node + strlen("/dev/")),
		     "no remove event of %s\n", node);
	close(events);
	igt_assert_f(access(node, F_OK) != 0, "%s is still there\n", node);
	igt_nova_unplug_check_quiet();
}

void igt_nova_replug(void)
{
	int fd;

	heal();
	recover_device();
	fd = igt_nova_dev_open(&dev);
	igt_nova_check_works(fd);
	close(fd);
}
