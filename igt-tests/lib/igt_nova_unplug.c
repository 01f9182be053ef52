/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <limits.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_limit.h"
#include "igt_nova_pm.h"
#include "igt_nova_unplug.h"
#include "igt_nova_vmm.h"

#define DEVICES_MAX	4

/* All devices as they were found; the first is the one that goes. */
static struct igt_nova_dev devs[DEVICES_MAX];
static struct igt_nova_emu *emus[DEVICES_MAX];
static unsigned int dev_count;
/* How the first one went, until it is back. */
static const struct igt_nova_path *volatile gone;
static void (*clean)(void);
/* What is mapped for DMA without the DRM driver: nova-core's own. */
static uint64_t core_ranges;
/* As they were found. */
static unsigned int fw_timeout_ms, recoveries;
/* It was told to misbehave: it need not have seen an orderly shutdown. */
static bool misbehaving;

const struct igt_nova_dev *igt_nova_unplug_dev(void)
{
	return &devs[0];
}

const struct igt_nova_dev *igt_nova_unplug_other(void)
{
	return dev_count > 1 ? &devs[1] : NULL;
}

struct igt_nova_emu *igt_nova_unplug_emu(void)
{
	return emus[0];
}

/* What the VMM's side has to do before the guest can do anything. */
static void revive(unsigned int index)
{
	if (!igt_nova_vmm_present())
		return;
	/* Refused while it is plugged in and dead. */
	if (igt_nova_vmm("start", index) == -EIO) {
		igt_nova_vmm("unplug", index);
		igt_nova_vmm("start", index);
	}
	igt_nova_vmm("plug", index);
}

/* Whatever is missing between the emulator's process and the bound driver; asserts nothing. */
static void recover(const struct igt_nova_dev *dev)
{
	struct igt_nova_emu *emu = emus[dev->index];
	char node[64];

	if (!igt_nova_dev_is_present(dev) || (emu && !igt_nova_emu_connected(emu)))
		revive(dev->index);
	if (emu)
		igt_nova_emu_heal(emu);
	if (!igt_nova_dev_is_present(dev))
		igt_nova_pci_rescan();
	if (!igt_nova_drivers_present())
		igt_nova_module_load("nova_drm");
	if (!igt_nova_dev_is_bound(dev))
		igt_nova_dev_bind(dev);
	if (!igt_nova_dev_node(dev, node))
		igt_nova_aux_bind(dev);
	/* nova-core is bound and of no use: it had given the device up. */
	if (!igt_nova_dev_node(dev, node) && igt_nova_dev_unbind(dev) == 0)
		igt_nova_dev_bind(dev);
}

/* However this process ends, the next one finds the device where it was. */
static void recover_at_exit(int signal)
{
	(void)signal;
	if (gone)
		recover(&devs[0]);
	gone = NULL;
	if (fw_timeout_ms) {
		igt_nova_module_set_param("nova_core", "fw_timeout_ms", fw_timeout_ms);
		igt_nova_module_set_param("nova_core", "recoveries", recoveries);
	}
}

static void find_devices(void)
{
	const char *all = getenv("NOVA_DEVICES");
	unsigned int expected = all ? atoi(all) : 0;

	for (unsigned int attempt = 0; attempt < 2; attempt++) {
		dev_count = 0;
		while (dev_count < DEVICES_MAX && igt_nova_dev_find(&devs[dev_count], dev_count))
			dev_count++;
		if (attempt || dev_count >= expected)
			break;
		/* A process that was killed left one of them behind, nobody can tell which. */
		for (unsigned int i = 0; i < expected && i < DEVICES_MAX; i++) {
			revive(i);
			if (emus[i])
				igt_nova_emu_heal(emus[i]);
		}
		igt_nova_pci_rescan();
	}
	igt_require_f(dev_count, "no device\n");
}

void igt_nova_unplug_init(void)
{
	for (unsigned int i = 0; i < DEVICES_MAX; i++)
		emus[i] = igt_nova_emu_open(i);
	if (!emus[0])
		igt_info("no control port: what the device sees is not checked\n");
	find_devices();
	if (!igt_nova_drivers_present())
		igt_assert_eq(igt_nova_module_load("nova_drm"), 0);
	fw_timeout_ms = igt_nova_module_param("nova_core", "fw_timeout_ms");
	recoveries = igt_nova_module_param("nova_core", "recoveries");
	igt_install_exit_handler(recover_at_exit);
}

void igt_nova_unplug_clean_with(void (*with)(void))
{
	clean = with;
}

void igt_nova_unplug_fini(void)
{
	if (clean)
		clean();
	recover_at_exit(0);
	for (unsigned int i = 0; i < DEVICES_MAX; i++) {
		igt_nova_emu_close(emus[i]);
		emus[i] = NULL;
	}
}

static void command_all(const char *command)
{
	for (unsigned int i = 0; i < dev_count; i++)
		if (emus[i])
			igt_nova_emu_command(emus[i], "%s", command);
}

/* Anything by which a failed subtest still holds a device or its modules. */
static bool is_ours(const char *path)
{
	static const char *const prefixes[] = { "/dev/dri/", "/dmabuf:", "anon_inode:sync_file" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static void close_leaked_files(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	igt_assert(directory);
	while ((entry = readdir(directory))) {
		char target[PATH_MAX] = "";

		if (readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1) > 0 &&
		    is_ours(target))
			close(atoi(entry->d_name));
	}
	closedir(directory);
}

static void unmap_leaked_maps(void)
{
	FILE *stream = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128];

	igt_assert(stream);
	while (fgets(line, sizeof(line), stream)) {
		unsigned long start, end;
		char *path = strchr(line, '/');

		if (path && is_ours(path) && sscanf(line, "%lx-%lx", &start, &end) == 2)
			munmap((void *)start, end - start);
	}
	fclose(stream);
}

void igt_nova_unplug_begin(void)
{
	struct igt_nova_emu_stats stats;

	igt_set_timeout(2 * IGT_NOVA_PATIENCE_S, "unplug test");
	if (clean)
		clean();
	close_leaked_files();
	unmap_leaked_maps();
	/* One that failed may have used up what the driver recovers from without a new bind. */
	if (misbehaving && igt_nova_dev_is_bound(&devs[0]))
		igt_nova_dev_unbind(&devs[0]);
	for (unsigned int i = 0; i < dev_count; i++) {
		recover(&devs[i]);
		close(igt_nova_dev_open(&devs[i]));
	}
	gone = NULL;
	misbehaving = false;
	igt_nova_limit_begin();
	igt_assert_eq(igt_nova_module_set_param("nova_core", "fw_timeout_ms", fw_timeout_ms), 0);
	igt_assert_eq(igt_nova_module_set_param("nova_core", "recoveries", recoveries), 0);
	command_all("clear");
	if (!emus[0])
		return;
	if (!core_ranges) {
		igt_assert_eq(igt_nova_aux_unbind(&devs[0]), 0);
		igt_nova_emu_stats(emus[0], &stats);
		core_ranges = stats.dma_ranges;
		igt_assert_eq(igt_nova_aux_bind(&devs[0]), 0);
		close(igt_nova_dev_open(&devs[0]));
		command_all("clear");
	}
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
	igt_require_f(emus[0], "no control port of the emulator\n");
}

void igt_nova_unplug_misbehave(const char *format, ...)
{
	char command[64];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	misbehaving = true;
	/* One that is asleep has no firmware that could crash. */
	igt_nova_dev_wake(&devs[0]);
	igt_nova_emu_command(emus[0], "%s", command);
}

/* Is nova-drm gone, and nova-core with it? Whoever took it away. */
static bool is_gone(bool *core)
{
	*core = !igt_nova_dev_is_present(&devs[0]) || !igt_nova_dev_is_bound(&devs[0]);
	return *core || (gone && gone->take == igt_nova_aux_unbind);
}

static void check_gone(const struct igt_nova_emu_stats *stats, bool core, bool shut_down)
{
	const char *iommu = getenv("NOVA_IOMMU");

	if (shut_down && core && !misbehaving && !(gone && (gone->broken || gone->reset)))
		igt_assert_f(stats->shut_down, "no orderly shutdown\n");
	/* Without a guest IOMMU the whole memory is mapped, always. */
	if (iommu && strcmp(iommu, "1") == 0)
		igt_assert_eq_u64(stats->dma_ranges, core ? 0 : core_ranges);
}

static void check_devices(bool shut_down)
{
	for (unsigned int i = 0; i < dev_count; i++) {
		struct igt_nova_emu_stats stats;
		bool core;

		/* One that was killed says nothing. */
		if (!emus[i] || (i == 0 && gone && gone->kills))
			continue;
		igt_nova_emu_stats(emus[i], &stats);
		if (stats.violations)
			igt_nova_emu_print_recent(emus[i]);
		igt_assert_eq_u64(stats.violations, 0);
		if (i == 0 && is_gone(&core))
			check_gone(&stats, core, shut_down);
	}
}

void igt_nova_unplug_check_harmless(void)
{
	check_devices(false);
}

void igt_nova_unplug_check_quiet(void)
{
	check_devices(true);
}

uint64_t igt_nova_unplug(const struct igt_nova_path *path)
{
	uint64_t begin, took;
	char node[64];
	int events, ret;

	igt_nova_path_require(path);
	igt_assert(igt_nova_dev_node(&devs[0], node));
	events = igt_nova_uevent_open();
	gone = path;
	begin = igt_nova_now_ns();
	ret = path->take(&devs[0]);
	took = igt_nova_now_ns() - begin;
	igt_assert_f(ret == 0, "%s: %s\n", path->name, strerror(-ret));
	igt_assert_f(igt_nova_uevent_wait(events, "remove", node + strlen("/dev/")),
		     "no remove event of %s\n", node);
	close(events);
	igt_assert_f(access(node, F_OK) != 0, "%s is still there\n", node);
	igt_nova_unplug_check_quiet();
	return took;
}

static void check_back(void)
{
	int fd = igt_nova_dev_open(&devs[0]);

	gone = NULL;
	misbehaving = false;
	igt_nova_check_works(fd);
	close(fd);
}

void igt_nova_unplug_undo(void)
{
	int ret;

	if (emus[0] && !gone->kills)
		igt_nova_emu_command(emus[0], "heal");
	ret = gone->back(&devs[0]);
	/* Without its own unbind nova-core knows no way back for a device it gave up. */
	if (ret == -ETIMEDOUT && misbehaving && gone->take == igt_nova_aux_unbind) {
		ret = igt_nova_dev_unbind(&devs[0]);
		if (ret == 0)
			ret = igt_nova_dev_bind(&devs[0]);
	}
	igt_assert_f(ret == 0, "back from %s: %s\n", gone->name, strerror(-ret));
	check_back();
}

void igt_nova_replug(void)
{
	recover(&devs[0]);
	check_back();
}
