/* SPDX-License-Identifier: MIT */
/* Taking the device away and back, with what must hold each time. */
#ifndef IGT_NOVA_UNPLUG_H
#define IGT_NOVA_UNPLUG_H

#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_sysfs.h"

/* For the first and the last fixture. Skips without a device. */
void igt_nova_unplug_init(void);
void igt_nova_unplug_fini(void);
/*
 * For the start of a subtest: brings modules, device and binding back if the
 * last one failed half-way, heals the emulator and sets its counters to zero.
 */
void igt_nova_unplug_begin(void);
/* igt_nova_run_tests() with igt_nova_unplug_begin() before each; the bodies get -1. */
void igt_nova_unplug_run_tests(const struct igt_nova_test *tests, size_t count);
const struct igt_nova_dev *igt_nova_unplug_dev(void);

/* Skips where the device is no emulator that can be told to misbehave. */
void igt_nova_unplug_require_emu(void);
struct igt_nova_emu *igt_nova_unplug_emu(void);
void igt_nova_unplug_misbehave(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Takes the device away by @how (igt_nova_dev_unbind, ...), waits for the remove
 * event of its node and does igt_nova_unplug_check_quiet().
 */
void igt_nova_unplug(int (*how)(const struct igt_nova_dev *dev));
/*
 * The device saw no violation, and with NOVA_IOMMU=1 in the environment nothing is
 * mapped for DMA. Once more after late closes, before the device comes back.
 */
void igt_nova_unplug_check_quiet(void);
/* Heals the emulator, binds the device, waits for the node and renders on it. */
void igt_nova_replug(void);

#endif /* IGT_NOVA_UNPLUG_H */
