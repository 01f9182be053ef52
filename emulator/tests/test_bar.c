/* SPDX-License-Identifier: MIT */
/* BAR0: dispatch, access widths, shutdown, surprise removal. */
#include "emu_test.h"

#include <string.h>

#include "doubles.h"
#include "regs/nv_pmc.h"
#include "regs/nv_timer.h"
#include "regs/nv_vf.h"

static uint64_t bad_accesses(struct emu *emu)
{
	return emu_stats_violations(emu->stats, EMU_VIOLATION_REG_ACCESS);
}

static void test_identification(void **state)
{
	struct emu *emu = *state;

	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), 0x16e000a1);
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_1), 0);
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_2), 0);
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_42), 0x16ea1000);
	emu_test_write(emu, NV_PMC_BOOT_0, 0);
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), 0x16e000a1);
	assert_int_equal(emu_test_violations(emu), 0);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_REG_READS), 5);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_REG_WRITES), 1);
}

/* First and last register of each component that is not the front's own. */
static void test_dispatch(void **state)
{
	static const struct {
		uint32_t offset;
		enum double_component component;
	} registers[] = {
		{ NV_VF_MAILBOX(0), DOUBLE_FW },
		{ NV_VF_MAILBOX(15), DOUBLE_FW },
		{ NV_VF_FAULT_BUFFER_LO(0), DOUBLE_FAULT },
		{ NV_VF_FAULT_STATUS, DOUBLE_FAULT },
		{ NV_VF_INVALIDATE_PDB, DOUBLE_MMU },
		{ NV_VF_INVALIDATE, DOUBLE_MMU },
		{ NV_CTRL_VIRTUAL_CHANNEL_CFG(0), DOUBLE_FIFO },
	};
	struct emu *emu = *state;
	size_t i;

	for (i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		memset(&doubles, 0, sizeof(doubles));
		assert_int_equal(emu_test_read(emu, registers[i].offset),
				 DOUBLE_READ_VALUE + registers[i].component);
		assert_int_equal(doubles.reads[registers[i].component], 1);
		assert_int_equal(doubles.offset, registers[i].offset);
		emu_test_write(emu, registers[i].offset, 0x1234 + (uint32_t)i);
		assert_int_equal(doubles.writes[registers[i].component], 1);
		assert_int_equal(doubles.value, 0x1234 + i);
	}
	assert_int_equal(emu_test_violations(emu), 0);
}

static void test_undefined(void **state)
{
	static const uint32_t offsets[] = {
		0x10, 0x100, 0xa04, 0x1700, 0x9000, 0x22700, 0x700000, 0x80fffc, 0x820000,
		0xb73400, 0xb80f40, 0xb81020, 0xb82000, NV_VF_MAILBOX(16), 0xb82200,
		NV_VF_INVALIDATE + 4, 0xbafffc, 0xbc0000, 0xfffffc,
	};
	struct emu *emu = *state;
	size_t i;

	memset(&doubles, 0, sizeof(doubles));
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		assert_int_equal(emu_test_read(emu, offsets[i]), 0);
		assert_int_equal(bad_accesses(emu), 2 * i + 1);
		emu_test_write(emu, offsets[i], 0xffffffff);
		assert_int_equal(bad_accesses(emu), 2 * i + 2);
	}
	assert_int_equal(emu_test_violations(emu), bad_accesses(emu));
	for (i = 0; i < DOUBLE_COMPONENTS; i++)
		assert_int_equal(doubles.reads[i] + doubles.writes[i], 0);
}

static void test_usermode(void **state)
{
	static const uint32_t pages[] = { NV_USERMODE, NV_USERMODE_ALIAS };
	struct emu *emu = *state;
	size_t i;

	memset(&doubles, 0, sizeof(doubles));
	for (i = 0; i < 2; i++) {
		assert_int_equal(emu_test_read(emu, pages[i] + NV_USERMODE_CFG0), 0xc461);
		assert_int_not_equal(emu_test_read(emu, pages[i] + NV_USERMODE_TIME_1), 0);
		emu_test_write(emu, pages[i] + NV_USERMODE_DOORBELL, 0x10005 + (uint32_t)i);
		assert_int_equal(doubles.doorbells, i + 1);
		assert_int_equal(doubles.doorbell, 0x10005 + i);
		assert_int_equal(emu_test_read(emu, pages[i] + NV_USERMODE_DOORBELL), 0);
		/* Undefined offsets are silent here. */
		assert_int_equal(emu_test_read(emu, pages[i] + 0x40), 0);
		assert_int_equal(emu_test_read(emu, pages[i] + 0xfffc), 0);
		emu_test_write(emu, pages[i] + 0x94, 1);
		emu_test_write(emu, pages[i] + NV_USERMODE_CFG0, 1);
	}
	assert_int_equal(doubles.doorbells, 2);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_DOORBELLS), 2);
	assert_int_equal(emu_test_violations(emu), 0);
}

/* Any width, and in the middle of a reset: the page is the clients'. Not after shutdown. */
static void test_usermode_client(void **state)
{
	const uint32_t page = NV_USERMODE_ALIAS;
	struct emu *emu = *state;
	uint8_t byte = 1;

	memset(&doubles, 0, sizeof(doubles));
	emu_bar_read(emu, page + 1, &byte, 1);
	assert_int_equal(byte, 0);
	emu_bar_write(emu, page + NV_USERMODE_DOORBELL, &byte, 1);
	emu_pci_reset(emu->pci);
	emu_bar_write(emu, page + NV_USERMODE_DOORBELL, &byte, 1);
	emu_bar_read(emu, page, &byte, 1);
	assert_int_equal(byte, 0xff);
	assert_int_equal(doubles.doorbells, 0);
	assert_int_equal(emu_test_violations(emu), 0);
	emu_bar_set_shut_down(emu, true);
	emu_bar_read(emu, page, &byte, 1);
	assert_int_equal(bad_accesses(emu), 1);
}

static void test_widths(void **state)
{
	struct emu *emu = *state;
	uint8_t data[64];
	uint64_t both;

	/* 64 bits are two registers, low first. */
	emu_bar_read(emu, NV_PMC_BOOT_0, &both, 8);
	assert_int_equal(both, 0x16e000a1);
	both = 0x0000000f000000f0;
	emu_bar_write(emu, NV_VF_INTR_LEAF_EN_SET(2), &both, 8);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(2)), 0xf0);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(3)), 0x0f);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_REG_WRITES), 2);
	assert_int_equal(bad_accesses(emu), 0);

	memset(data, 0xee, sizeof(data));
	emu_bar_read(emu, NV_PMC_BOOT_0, data, 1);
	emu_bar_read(emu, NV_PMC_BOOT_0, data + 2, 2);
	emu_bar_read(emu, NV_PMC_BOOT_0 + 2, data + 4, 4);
	emu_bar_read(emu, NV_PMC_BOOT_0, data + 8, 16);
	assert_int_equal(data[0], 0);
	assert_int_equal(data[1], 0xee);
	assert_int_equal(data[2] | data[3] | data[4] | data[7] | data[8] | data[23], 0);
	assert_int_equal(data[24], 0xee);
	assert_int_equal(bad_accesses(emu), 4);
	emu_bar_write(emu, NV_VF_INTR_LEAF_EN_SET(2), data, 1);
	emu_bar_write(emu, NV_VF_INTR_LEAF_EN_SET(2) + 1, data, 4);
	emu_bar_write(emu, NV_VF_INTR_LEAF_EN_SET(2), data, 12);
	assert_int_equal(bad_accesses(emu), 7);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(2)), 0xf0);
}

static void test_memory_space_off(void **state)
{
	struct emu *emu = *state;

	emu_test_config_write(emu, 0x04, 0x4, 2);
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), 0xffffffff);
	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(0), 1);
	assert_int_equal(bad_accesses(emu), 2);
	emu_test_config_write(emu, 0x04, 0x6, 2);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(0)), 0);
}

static void test_after_shutdown(void **state)
{
	struct emu *emu = *state;
	char recent[EMU_STATS_RECENT][EMU_STATS_TEXT];

	emu_bar_set_shut_down(emu, true);
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), 0x16e000a1);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_CLEAR, 0xf);
	emu_test_read(emu, NV_USERMODE + NV_USERMODE_TIME_0);
	assert_int_equal(emu_stats_violations(emu->stats, EMU_VIOLATION_REG_AFTER_SHUTDOWN), 3);
	assert_int_equal(emu_test_violations(emu), 3);
	assert_int_equal(emu_stats_recent(emu->stats, recent), 3);
	assert_non_null(strstr(recent[1], "0xb81610"));
	/* Configuration space is not a register of the device. */
	emu_test_config_read(emu, 0, 4);
	assert_int_equal(emu_test_violations(emu), 3);
	emu_bar_set_shut_down(emu, false);
	emu_test_read(emu, NV_PMC_BOOT_0);
	assert_int_equal(emu_test_violations(emu), 3);
}

static void test_surprise_removal(void **state)
{
	struct emu *emu = *state;
	uint64_t reads = emu_stats_counter(emu->stats, EMU_REG_READS);
	uint8_t byte = 0;

	memset(&doubles, 0, sizeof(doubles));
	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(0), 0x7);
	emu_bar_set_shut_down(emu, true);
	emu_bar_surprise_remove(emu);
	assert_true(emu_bar_is_removed(emu));
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), 0xffffffff);
	assert_int_equal(emu_test_read(emu, 0x700000), 0xffffffff);
	emu_bar_read(emu, NV_PMC_BOOT_0 + 1, &byte, 1);
	assert_int_equal(byte, 0xff);
	emu_test_write(emu, NV_USERMODE + NV_USERMODE_DOORBELL, 1);
	emu_test_write(emu, 0x700000, 1);
	assert_int_equal(doubles.doorbells, 0);
	assert_int_equal(emu_test_violations(emu), 0);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_REG_READS), reads);

	/* A reset does not bring a pulled card back. */
	emu_lock(emu);
	emu_reset(emu);
	emu_unlock(emu);
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), 0xffffffff);

	doubles.hung = true;
	doubles.crashed = true;
	emu_heal(emu);
	assert_false(emu_bar_is_removed(emu));
	assert_false(doubles.hung);
	assert_false(doubles.crashed);
	assert_int_equal(doubles.resets[DOUBLE_FIFO], 2);
	emu_test_config_write(emu, 0x04, 0x6, 2);
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), 0x16e000a1);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(0)), 0);
	/* Healing what is not removed resets nothing. */
	emu_heal(emu);
	assert_int_equal(doubles.resets[DOUBLE_FIFO], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		emu_unit_test(test_identification),
		emu_unit_test(test_dispatch),
		emu_unit_test(test_undefined),
		emu_unit_test(test_usermode),
		emu_unit_test(test_usermode_client),
		emu_unit_test(test_widths),
		emu_unit_test(test_memory_space_off),
		emu_unit_test(test_after_shutdown),
		emu_unit_test(test_surprise_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
