/* SPDX-License-Identifier: MIT */
/* Writes to configuration space, of any length at any place. */
#include <linux/pci_regs.h>

#include "fuzz_gpu.h"
#include "regs/nv_pmc.h"

static const uint16_t offsets[] = {
	PCI_COMMAND, PCI_STATUS, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_1, PCI_BASE_ADDRESS_2,
	PCI_INTERRUPT_LINE, 0x40, 0x44, 0x50, 0x52, 0x54, 0x60, 0x68, 0x69, 0x70, 0x90, 0x100,
	0xffc,
};

/* What no write changes: identity, class, header type and the chain of capabilities. */
static void check_config(struct gpu *gpu)
{
	static const struct {
		unsigned int offset;
		size_t len;
		uint32_t value;
	} constant[] = {
		{ PCI_VENDOR_ID, 4, (uint32_t)NOVA_PCI_DEVICE_ID << 16 | NOVA_PCI_VENDOR_ID },
		{ PCI_CLASS_REVISION, 4, (uint32_t)NOVA_PCI_CLASS << 8 | 0xa1 },
		{ PCI_HEADER_TYPE, 1, 0 },
		{ PCI_CAPABILITY_LIST, 1, 0x40 },
		{ 0x40, 2, 0x50 << 8 | PCI_CAP_ID_PM },
		{ 0x50, 2, 0x70 << 8 | PCI_CAP_ID_MSI },
		{ 0x70, 2, PCI_CAP_ID_EXP },
	};
	uint32_t power = emu_test_config_read(gpu->emu, 0x44, 2) & PCI_PM_CTRL_STATE_MASK;
	uint32_t command = emu_test_config_read(gpu->emu, PCI_COMMAND, 2);
	uint32_t i, value;

	for (i = 0; i < FUZZ_COUNT(constant); i++) {
		value = emu_test_config_read(gpu->emu, constant[i].offset, constant[i].len);
		fuzz_require(value == constant[i].value, "register %#x reads %#x",
			     constant[i].offset, value);
	}
	fuzz_require(power == 0 || power == 3, "power state D%u", power);
	fuzz_require(emu_pci_bus_master(gpu->emu) == (!power && (command & PCI_COMMAND_MASTER)),
		     "bus mastering against command %#x in D%u", command, power);
	fuzz_require(emu_pci_memory_space(gpu->emu) == (!power && (command & PCI_COMMAND_MEMORY)),
		     "memory space against command %#x in D%u", command, power);
	/* BAR sizes: the low bits of the bases cannot be written. */
	value = emu_test_config_read(gpu->emu, PCI_BASE_ADDRESS_0, 4);
	fuzz_require(!(value & (NV_BAR0_SIZE - 1)), "BAR0 is %#x", value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct gpu *gpu = fuzz_gpu();
	uint8_t bytes[EMU_PCI_CONFIG_SIZE];
	uint32_t offset, len, i;

	for (i = 0; i < 256 && fuzz_more(&in); i++) {
		offset = fuzz_u8(&in);
		if (offset & 0x80)
			offset = FUZZ_PICK(&in, offsets) + (offset & 3);
		else
			offset = fuzz_u16(&in);
		offset %= EMU_PCI_CONFIG_SIZE;
		len = fuzz_u8(&in);
		len = len & 0x80 ? 1 + fuzz_u16(&in) % EMU_PCI_CONFIG_SIZE : 1 + len % 8;
		if (len > EMU_PCI_CONFIG_SIZE - offset)
			len = EMU_PCI_CONFIG_SIZE - offset;
		fuzz_bytes(&in, bytes, len);
		emu_lock(gpu->emu);
		emu_pci_write(gpu->emu, offset, bytes, len);
		emu_unlock(gpu->emu);
		check_config(gpu);
	}
	fuzz_gpu_done(gpu);
	return 0;
}
