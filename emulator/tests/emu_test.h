/* SPDX-License-Identifier: MIT */
/* What the emulator's unit tests share. */
#ifndef EMU_TEST_H
#define EMU_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "../emu.h"
#include "../emu_bar.h"
#include "../emu_irq.h"
#include "../emu_mem.h"
#include "../emu_pci.h"
#include "../emu_stats.h"

#define EMU_TEST_VRAM	(16u << 20)

static inline void emu_test_config_write(struct emu *emu, unsigned int offset, uint32_t value,
					 size_t len)
{
	emu_lock(emu);
	emu_pci_write(emu, offset, &value, len);
	emu_unlock(emu);
}

static inline uint32_t emu_test_config_read(struct emu *emu, unsigned int offset, size_t len)
{
	uint32_t value = 0;

	emu_lock(emu);
	emu_pci_read(emu, offset, &value, len);
	emu_unlock(emu);
	return value;
}

static inline void emu_test_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	emu_lock(emu);
	emu_bar_write(emu, offset, &value, sizeof(value));
	emu_unlock(emu);
}

static inline uint32_t emu_test_read(struct emu *emu, uint32_t offset)
{
	uint32_t value;

	emu_lock(emu);
	emu_bar_read(emu, offset, &value, sizeof(value));
	emu_unlock(emu);
	return value;
}

static inline uint64_t emu_test_violations(struct emu *emu)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i < EMU_VIOLATIONS; i++)
		total += emu_stats_violations(emu->stats, i);
	return total;
}

/* cmocka fixtures: a device with memory space and bus mastering on. */
static inline int emu_test_setup(void **state)
{
	struct emu *emu = emu_create(EMU_TEST_VRAM, EMU_LOG_ERROR - 1);

	if (!emu)
		return -1;
	emu_test_config_write(emu, 0x04, 0x6, 2);
	*state = emu;
	return 0;
}

static inline int emu_test_teardown(void **state)
{
	emu_destroy(*state);
	return 0;
}

#define emu_unit_test(function) \
	cmocka_unit_test_setup_teardown(function, emu_test_setup, emu_test_teardown)

#endif /* EMU_TEST_H */
