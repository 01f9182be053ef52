/* SPDX-License-Identifier: MIT */
/* Taking the device away and back, with what must hold each time. */
#ifndef IGT_NOVA_UNPLUG_H
#define IGT_NOVA_UNPLUG_H

#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_sysfs.h"

/**
 * struct igt_nova_path - a way for the device to go, and back
 * @name: for subtest names
 * @describe: what happens
 * @take: takes the device away; 0 or -errno
 * @back: the reverse, up to the bound driver; 0 or -errno
 * @needs_emulator: the emulator's control port is needed
 * @needs_vmm: a VMM that takes commands is needed
 * @needs_closed: works only while nobody has the device open
 * @broken: the device stops working before its driver hears of it
 * @kills: the emulator's process dies
 * @reset: the device is reset on the way, so it does not tell how it was shut down
 */
struct igt_nova_path {
	const char *name;
	const char *describe;
	int (*take)(const struct igt_nova_dev *dev);
	int (*back)(const struct igt_nova_dev *dev);
	bool needs_emulator;
	bool needs_vmm;
	bool needs_closed;
	bool broken;
	bool kills;
	bool reset;
};

extern const struct igt_nova_path igt_nova_paths[];
extern const size_t igt_nova_path_count;
/* The path with this name, which must be there. */
const struct igt_nova_path *igt_nova_path(const char *name);
/* Skips where it cannot be gone. */
void igt_nova_path_require(const struct igt_nova_path *path);

/* For the first and the last fixture. Skips without a device. */
void igt_nova_unplug_init(void);
void igt_nova_unplug_fini(void);
/*
 * @clean ends what a failed subtest left running in this process: threads, children, files. It is
 * called for the start of each subtest, before everything else, and must not assert.
 */
void igt_nova_unplug_clean_with(void (*clean)(void));
/*
 * For the start of a subtest: brings emulators, devices, modules and bindings back if
 * the last one failed half-way, heals the emulators and sets their counters to zero.
 */
void igt_nova_unplug_begin(void);
/* igt_nova_run_tests() with igt_nova_unplug_begin() before each; the bodies get -1. */
void igt_nova_unplug_run_tests(const struct igt_nova_test *tests, size_t count);
/* The device that goes, and another one or NULL. */
const struct igt_nova_dev *igt_nova_unplug_dev(void);
const struct igt_nova_dev *igt_nova_unplug_other(void);
/* The emulator of the device that goes, or NULL. */
struct igt_nova_emu *igt_nova_unplug_emu(void);

/* Skips where the device is no emulator that can be told to misbehave. */
void igt_nova_unplug_require_emu(void);
void igt_nova_unplug_misbehave(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Takes the device away, waits for the remove event of its node and does
 * igt_nova_unplug_check_quiet(). Returns how long the taking took, in nanoseconds.
 */
uint64_t igt_nova_unplug(const struct igt_nova_path *path);
/*
 * No device saw a violation, the one that is gone was shut down, and with NOVA_IOMMU=1 in the
 * environment nothing of it is mapped for DMA. Once more after late closes, before it comes back.
 */
void igt_nova_unplug_check_quiet(void);
/* The same for a device that was never up: it need not have been shut down. */
void igt_nova_unplug_check_harmless(void);
/* Brings it back the way it went, waits for the node and renders on it. */
void igt_nova_unplug_undo(void);
/* Brings it back from wherever it is, waits for the node and renders on it. */
void igt_nova_replug(void);

#endif /* IGT_NOVA_UNPLUG_H */
