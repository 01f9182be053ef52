/* SPDX-License-Identifier: MIT */
/* Configuration space as a bus driver sees it. */
#include "emu_test.h"

#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "doubles.h"
#include "regs/nv_pmc.h"
#include "regs/nv_vf.h"

static unsigned int find_capability(struct emu *emu, unsigned int id)
{
	unsigned int at = emu_test_config_read(emu, PCI_CAPABILITY_LIST, 1), steps = 0;

	while (at && emu_test_config_read(emu, at, 1) != id) {
		at = emu_test_config_read(emu, at + 1, 1);
		assert_true(++steps < 48);
	}
	return at;
}

static void test_identity(void **state)
{
	struct emu *emu = *state;

	assert_int_equal(emu_test_config_read(emu, PCI_VENDOR_ID, 4), 0x6e761234);
	assert_int_equal(emu_test_config_read(emu, PCI_CLASS_REVISION, 4) >> 8, 0x030200);
	assert_int_equal(emu_test_config_read(emu, PCI_HEADER_TYPE, 1), 0);
	assert_int_equal(emu_test_config_read(emu, PCI_INTERRUPT_PIN, 1), 0);
	assert_true(emu_test_config_read(emu, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
	/* No extended capability. */
	assert_int_equal(emu_test_config_read(emu, 0x100, 4), 0);
	/* None of it can be written. */
	emu_test_config_write(emu, PCI_VENDOR_ID, 0, 4);
	emu_test_config_write(emu, PCI_CLASS_REVISION, 0, 4);
	emu_test_config_write(emu, PCI_SUBSYSTEM_VENDOR_ID, 0, 4);
	emu_test_config_write(emu, PCI_CAPABILITY_LIST, 0, 1);
	assert_int_equal(emu_test_config_read(emu, PCI_VENDOR_ID, 4), 0x6e761234);
	assert_int_equal(emu_test_config_read(emu, PCI_CLASS_REVISION, 4) >> 8, 0x030200);
	assert_int_equal(emu_test_config_read(emu, PCI_SUBSYSTEM_VENDOR_ID, 2), 0x1234);
	assert_int_equal(find_capability(emu, PCI_CAP_ID_MSIX), 0);
}

static void test_bar_sizing(void **state)
{
	struct emu *emu = *state;
	unsigned int i;

	for (i = 0; i < 6; i++)
		emu_test_config_write(emu, PCI_BASE_ADDRESS_0 + 4 * i, 0xffffffff, 4);
	emu_test_config_write(emu, PCI_ROM_ADDRESS, 0xffffffff, 4);
	assert_int_equal(emu_test_config_read(emu, PCI_BASE_ADDRESS_0, 4), 0xff000000);
	assert_int_equal(emu_test_config_read(emu, PCI_BASE_ADDRESS_1, 4),
			 ~(EMU_TEST_VRAM - 1) | PCI_BASE_ADDRESS_MEM_TYPE_64 |
			 PCI_BASE_ADDRESS_MEM_PREFETCH);
	assert_int_equal(emu_test_config_read(emu, PCI_BASE_ADDRESS_2, 4), 0xffffffff);
	for (i = 3; i < 6; i++)
		assert_int_equal(emu_test_config_read(emu, PCI_BASE_ADDRESS_0 + 4 * i, 4), 0);
	assert_int_equal(emu_test_config_read(emu, PCI_ROM_ADDRESS, 4), 0);
	/* Byte writes assemble. */
	emu_test_config_write(emu, PCI_BASE_ADDRESS_0, 0, 4);
	emu_test_config_write(emu, PCI_BASE_ADDRESS_0 + 3, 0xfd, 1);
	assert_int_equal(emu_test_config_read(emu, PCI_BASE_ADDRESS_0, 4), 0xfd000000);
}

static void test_large_vram(void **state)
{
	struct emu *emu = emu_create(4ull << 30, EMU_LOG_ERROR - 1);

	(void)state;
	assert_non_null(emu);
	emu_test_config_write(emu, PCI_BASE_ADDRESS_1, 0xffffffff, 4);
	emu_test_config_write(emu, PCI_BASE_ADDRESS_2, 0xffffffff, 4);
	assert_int_equal(emu_test_config_read(emu, PCI_BASE_ADDRESS_1, 4), 0xc);
	assert_int_equal(emu_test_config_read(emu, PCI_BASE_ADDRESS_2, 4), 0xffffffff);
	emu_destroy(emu);
}

static void test_command(void **state)
{
	struct emu *emu = *state;

	emu_test_config_write(emu, PCI_COMMAND, 0xffff, 2);
	assert_int_equal(emu_test_config_read(emu, PCI_COMMAND, 2), PCI_COMMAND_MEMORY |
			 PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			 PCI_COMMAND_INTX_DISABLE);
	assert_true(emu_pci_bus_master(emu));
	assert_true(emu_pci_memory_space(emu));
	/* Together with the status register, as a 32-bit write would. */
	emu_test_config_write(emu, PCI_COMMAND, 0xffff0002, 4);
	assert_int_equal(emu_test_config_read(emu, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
	assert_false(emu_pci_bus_master(emu));
	assert_true(emu_pci_memory_space(emu));
	emu_test_config_write(emu, PCI_COMMAND, 0, 1);
	assert_false(emu_pci_memory_space(emu));
}

static void test_shut_down_ends(void **state)
{
	struct emu *emu = *state;

	emu_bar_set_shut_down(emu, true);
	emu_test_config_write(emu, PCI_COMMAND, 0x6, 2);	/* no change */
	assert_true(emu_bar_is_shut_down(emu));
	emu_test_config_write(emu, PCI_COMMAND, 0x2, 2);	/* off */
	assert_true(emu_bar_is_shut_down(emu));
	emu_test_config_write(emu, PCI_COMMAND, 0x6, 2);	/* bus mastering on */
	assert_false(emu_bar_is_shut_down(emu));
	emu_bar_set_shut_down(emu, true);
	emu_test_config_write(emu, PCI_COMMAND, 0x4, 2);
	emu_test_config_write(emu, PCI_COMMAND, 0x6, 2);	/* memory space on */
	assert_false(emu_bar_is_shut_down(emu));
}

static void test_power(void **state)
{
	struct emu *emu = *state;
	unsigned int pm = find_capability(emu, PCI_CAP_ID_PM);
	unsigned int control = pm + PCI_PM_CTRL;

	assert_int_not_equal(pm, 0);
	/* No promise that the way back is no reset. */
	assert_int_equal(emu_test_config_read(emu, control, 2), 0);
	assert_false(emu_pci_asleep(emu));
	emu_test_config_write(emu, control, 0xffff, 2);		/* D3hot, and nothing else */
	assert_int_equal(emu_test_config_read(emu, control, 2), 3);
	assert_true(emu_pci_asleep(emu));
	assert_false(emu_pci_bus_master(emu));
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), 0xffffffff);
	assert_int_equal(emu_stats_violations(emu->stats, EMU_VIOLATION_REG_ACCESS), 1);
	/* A client's page is no exception: it must have been taken away. */
	emu_test_write(emu, NV_USERMODE_ALIAS + NV_USERMODE_DOORBELL, 0);
	assert_int_equal(emu_stats_violations(emu->stats, EMU_VIOLATION_REG_ACCESS), 2);
	/* Asleep is asleep: the command register does not change that, nor does a second write. */
	emu_test_config_write(emu, PCI_COMMAND, 0, 2);
	emu_test_config_write(emu, PCI_COMMAND, 0x6, 2);
	emu_test_config_write(emu, control, 3, 2);
	assert_false(emu_pci_bus_master(emu));
	assert_false(emu_pci_memory_space(emu));
	emu_test_config_write(emu, control, 0, 2);
	assert_false(emu_pci_asleep(emu));
	emu_test_config_write(emu, PCI_COMMAND, 0x6, 2);
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), NOVA_CHIP_ID << 20 | 0xa1);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_SLEEPS), 1);
	/* D1 and D2 do not exist. */
	emu_test_config_write(emu, control, 1, 2);
	assert_int_equal(emu_test_config_read(emu, control, 2), 0);
	emu_test_config_write(emu, control, 2, 2);
	assert_int_equal(emu_test_config_read(emu, control, 2), 0);
	assert_false(emu_pci_asleep(emu));
}

/* From D3hot a function comes back as from a reset, but for video memory. */
static void test_power_loses_state(void **state)
{
	struct emu *emu = *state;
	unsigned int control = find_capability(emu, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	unsigned int i;

	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(0), 0x5);
	emu_test_config_write(emu, PCI_BASE_ADDRESS_0, 0xfd000000, 4);
	emu->vram[0x1234] = 0x56;
	emu_bar_set_shut_down(emu, true);
	emu_test_config_write(emu, control, 3, 2);
	assert_int_equal(emu->vram[0x1234], 0x56);
	memset(doubles.resets, 0, sizeof(doubles.resets));
	emu_test_config_write(emu, control, 0, 2);
	for (i = 0; i < sizeof(doubles.resets) / sizeof(doubles.resets[0]); i++)
		assert_int_equal(doubles.resets[i], 1);
	assert_int_equal(emu_test_config_read(emu, PCI_COMMAND, 2), 0);
	assert_int_equal(emu_test_config_read(emu, PCI_BASE_ADDRESS_0, 4), 0);
	assert_false(emu_bar_is_shut_down(emu));
	emu_test_config_write(emu, PCI_COMMAND, 0x6, 2);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(0)), 0);
	assert_int_equal(emu->vram[0x1234], 0x56);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_RESETS), 0);

	/* Pulled while asleep it does not come back. */
	emu_test_config_write(emu, control, 3, 2);
	emu_bar_surprise_remove(emu);
	assert_int_equal(emu_test_config_read(emu, control, 2), 0xffff);
	emu_test_config_write(emu, control, 0, 2);
	assert_true(emu_pci_asleep(emu));
	assert_int_equal(emu_test_read(emu, NV_PMC_BOOT_0), 0xffffffff);
}

static void test_msi(void **state)
{
	struct emu *emu = *state;
	unsigned int msi = find_capability(emu, PCI_CAP_ID_MSI);
	uint32_t flags;

	assert_int_not_equal(msi, 0);
	flags = emu_test_config_read(emu, msi + PCI_MSI_FLAGS, 2);
	assert_true(flags & PCI_MSI_FLAGS_64BIT);
	assert_true(flags & PCI_MSI_FLAGS_MASKBIT);
	assert_false(flags & PCI_MSI_FLAGS_ENABLE);
	assert_int_equal((flags & PCI_MSI_FLAGS_QMASK) >> 1, 2);
	emu_test_config_write(emu, msi + PCI_MSI_FLAGS, 0xffff, 2);
	assert_int_equal(emu_test_config_read(emu, msi + PCI_MSI_FLAGS, 2),
			 flags | PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	emu_test_config_write(emu, msi + PCI_MSI_ADDRESS_LO, 0xffffffff, 4);
	assert_int_equal(emu_test_config_read(emu, msi + PCI_MSI_ADDRESS_LO, 4), 0xfffffffc);
	emu_test_config_write(emu, msi + PCI_MSI_DATA_64, 0xffffffff, 4);
	assert_int_equal(emu_test_config_read(emu, msi + PCI_MSI_DATA_64, 4), 0xffff);
	emu_test_config_write(emu, msi + PCI_MSI_MASK_64, 0xffffffff, 4);
	assert_int_equal(emu_test_config_read(emu, msi + PCI_MSI_MASK_64, 4), 0xf);
	assert_true(emu_pci_msi_masked(emu));
	emu_test_config_write(emu, msi + PCI_MSI_MASK_64, 0xe, 4);
	assert_false(emu_pci_msi_masked(emu));
	emu_test_config_write(emu, msi + PCI_MSI_MASK_64, 1, 4);
	emu_lock(emu);
	emu_reset(emu);
	emu_unlock(emu);
	assert_false(emu_pci_msi_masked(emu));
}

static void test_express(void **state)
{
	struct emu *emu = *state;
	unsigned int exp = find_capability(emu, PCI_CAP_ID_EXP);
	uint32_t flags;

	assert_int_not_equal(exp, 0);
	assert_true(exp + 0x3c <= 0x100);
	flags = emu_test_config_read(emu, exp + PCI_EXP_FLAGS, 2);
	assert_int_equal(flags & PCI_EXP_FLAGS_VERS, 2);
	assert_int_equal((flags & PCI_EXP_FLAGS_TYPE) >> 4, PCI_EXP_TYPE_ENDPOINT);
	assert_true(emu_test_config_read(emu, exp + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
	emu_test_config_write(emu, exp + PCI_EXP_DEVCTL, 0x5fff, 2);
	assert_int_equal(emu_test_config_read(emu, exp + PCI_EXP_DEVCTL, 2) & 0x7000, 0x5000);
}

static void test_function_level_reset(void **state)
{
	struct emu *emu = *state;
	unsigned int control = find_capability(emu, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	uint64_t resets = emu_stats_counter(emu->stats, EMU_RESETS);
	uint32_t value;

	memset(&doubles, 0, sizeof(doubles));
	emu_test_config_write(emu, PCI_BASE_ADDRESS_0, 0xfd000000, 4);
	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(0), 0xff);
	memset(emu->vram, 0xa5, 4096);
	emu_bar_set_shut_down(emu, true);
	value = emu_test_config_read(emu, control, 2);
	emu_test_config_write(emu, control, value | PCI_EXP_DEVCTL_BCR_FLR, 2);

	assert_int_equal(emu_stats_counter(emu->stats, EMU_RESETS), resets + 1);
	assert_int_equal(doubles.resets[DOUBLE_MMU], 1);
	assert_int_equal(doubles.resets[DOUBLE_FAULT], 1);
	assert_int_equal(doubles.resets[DOUBLE_FIFO], 1);
	assert_int_equal(doubles.resets[DOUBLE_FW], 1);
	assert_int_equal(emu_test_config_read(emu, PCI_COMMAND, 2), 0);
	assert_int_equal(emu_test_config_read(emu, PCI_BASE_ADDRESS_0, 4), 0);
	assert_int_equal(emu_test_config_read(emu, control, 2), 0x2810);
	assert_false(emu_pci_bus_master(emu));
	assert_false(emu_bar_is_shut_down(emu));
	assert_int_equal(emu->vram[0], 0);
	assert_int_equal(emu->vram[4095], 0);
	emu_test_config_write(emu, PCI_COMMAND, 0x6, 2);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(0)), 0);
	/* The bit in the other byte of a 32-bit write; other bits there do not reset. */
	emu_test_config_write(emu, control, 0x7fff, 4);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_RESETS), resets + 1);
	emu_test_config_write(emu, control, 0x8000, 4);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_RESETS), resets + 2);
}

static void test_removed(void **state)
{
	struct emu *emu = *state;
	uint8_t all[256];
	unsigned int i;

	emu_bar_surprise_remove(emu);
	emu_pci_read(emu, 0, all, sizeof(all));
	for (i = 0; i < sizeof(all); i++)
		assert_int_equal(all[i], 0xff);
	emu_test_config_write(emu, PCI_COMMAND, 0, 2);
	emu_heal(emu);
	assert_int_equal(emu_test_config_read(emu, PCI_VENDOR_ID, 4), 0x6e761234);
	/* As after a reset. */
	assert_int_equal(emu_test_config_read(emu, PCI_COMMAND, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		emu_unit_test(test_identity),
		emu_unit_test(test_bar_sizing),
		cmocka_unit_test(test_large_vram),
		emu_unit_test(test_command),
		emu_unit_test(test_shut_down_ends),
		emu_unit_test(test_power),
		emu_unit_test(test_power_loses_state),
		emu_unit_test(test_msi),
		emu_unit_test(test_express),
		emu_unit_test(test_function_level_reset),
		emu_unit_test(test_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
