/* SPDX-License-Identifier: MIT */
/* The table of ways for the device to go. */

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_unplug.h"
#include "igt_nova_vmm.h"

static int rescan(const struct igt_nova_dev *dev)
{
	(void)dev;
	return igt_nova_pci_rescan();
}

static int vmm_unplug(const struct igt_nova_dev *dev)
{
	return igt_nova_vmm("unplug", dev->index);
}

static int vmm_plug(const struct igt_nova_dev *dev)
{
	return igt_nova_vmm("plug", dev->index);
}

/* All reads are ones and no write arrives before anybody asks the driver to let go. */
static int surprise_remove(const struct igt_nova_dev *dev)
{
	igt_nova_emu_command(igt_nova_unplug_emu(), "surprise-remove");
	return igt_nova_dev_remove(dev);
}

static int surprise_return(const struct igt_nova_dev *dev)
{
	(void)dev;
	igt_nova_emu_command(igt_nova_unplug_emu(), "heal");
	return igt_nova_pci_rescan();
}

/* The same for real: the process that is the device dies, whatever it was doing. */
static int emulator_kill(const struct igt_nova_dev *dev)
{
	int ret = igt_nova_vmm("kill", dev->index);

	return ret ? ret : vmm_unplug(dev);
}

static int emulator_start(const struct igt_nova_dev *dev)
{
	int ret = igt_nova_vmm("start", dev->index);

	return ret ? ret : vmm_plug(dev);
}

static int reset_and_unbind(const struct igt_nova_dev *dev)
{
	int ret = igt_nova_dev_reset(dev);

	return ret ? ret : igt_nova_dev_unbind(dev);
}

static int unload(const struct igt_nova_dev *dev)
{
	int ret = igt_nova_module_unload_idle("nova_drm");

	(void)dev;
	return ret ? ret : igt_nova_module_unload_idle("nova_core");
}

static int load(const struct igt_nova_dev *dev)
{
	(void)dev;
	return igt_nova_module_load("nova_drm");
}

const struct igt_nova_path igt_nova_paths[] = {
	{ .name = "unbind", .describe = "The PCI driver is unbound through sysfs",
	  .take = igt_nova_dev_unbind, .back = igt_nova_dev_bind },
	{ .name = "aux-unbind", .describe = "The auxiliary driver alone is unbound",
	  .take = igt_nova_aux_unbind, .back = igt_nova_aux_bind },
	{ .name = "remove", .describe = "The PCI device is removed and found again",
	  .take = igt_nova_dev_remove, .back = rescan },
	{ .name = "hot-unplug", .describe = "The VMM unplugs the device and plugs it in again",
	  .take = vmm_unplug, .back = vmm_plug, .needs_vmm = true, .reset = true },
	{ .name = "surprise", .describe = "The device falls off the bus",
	  .take = surprise_remove, .back = surprise_return, .needs_emulator = true,
	  .broken = true },
	{ .name = "killed", .describe = "The process that is the device is killed",
	  .take = emulator_kill, .back = emulator_start, .needs_vmm = true, .broken = true,
	  .kills = true },
	{ .name = "reset", .describe = "The function is reset, comes back, and is unbound",
	  .take = reset_and_unbind, .back = igt_nova_dev_bind },
	{ .name = "unload", .describe = "Both modules are unloaded",
	  .take = unload, .back = load, .needs_closed = true },
};

const size_t igt_nova_path_count = ARRAY_SIZE(igt_nova_paths);

const struct igt_nova_path *igt_nova_path(const char *name)
{
	for (size_t i = 0; i < igt_nova_path_count; i++)
		if (strcmp(igt_nova_paths[i].name, name) == 0)
			return &igt_nova_paths[i];
	igt_assert_f(false, "there is no path %s\n", name);
	return NULL;
}

void igt_nova_path_require(const struct igt_nova_path *path)
{
	if (path->needs_emulator)
		igt_nova_unplug_require_emu();
	if (path->needs_vmm)
		igt_require_f(igt_nova_vmm_present(), "no VMM that takes commands\n");
}
