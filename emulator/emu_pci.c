/* SPDX-License-Identifier: MIT */
/*
 * PCI Express configuration space: header, power management, MSI and PCI
 * Express capabilities, function-level reset.
 *
 * A VMM emulates part of this itself (BAR sizing, MSI programming) but passes
 * every write on, so the registers behave here as they would on a bus.
 */
#include <linux/pci_regs.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "emu_bar.h"
#include "emu_irq.h"
#include "emu_pci.h"
#include "regs/nv_pmc.h"

/* Where the capabilities are; each ends before the next begins. */
#define EMU_PCI_PM	0x40
#define EMU_PCI_MSI	0x50
#define EMU_PCI_EXP	0x70

#define EMU_PCI_STATE_D0	0
#define EMU_PCI_STATE_D3HOT	3

/**
 * struct emu_pci - configuration space
 * @emu: the device
 * @config: registers; only under emu_lock()
 * @writable: which bits of them a write changes; constant
 * @bus_master: the function may issue requests; any thread
 * @memory_space: the function answers memory requests; any thread
 * @msi_masked: message 0 is held back; any thread
 * @asleep: the function is in D3hot; any thread
 */
struct emu_pci {
	struct emu *emu;
	uint8_t config[EMU_PCI_CONFIG_SIZE];
	uint8_t writable[EMU_PCI_CONFIG_SIZE];

	_Atomic bool bus_master;
	_Atomic bool memory_space;
	_Atomic bool msi_masked;
	_Atomic bool asleep;
};

static void emu_pci_put(uint8_t *space, unsigned int offset, unsigned int size, uint32_t value)
{
	unsigned int i;

	for (i = 0; i < size; i++)
		space[offset + i] = (uint8_t)(value >> (8 * i));
}

static uint32_t emu_pci_get(const struct emu_pci *pci, unsigned int offset, unsigned int size)
{
	uint32_t value = 0;
	unsigned int i;

	for (i = 0; i < size; i++)
		value |= (uint32_t)pci->config[offset + i] << (8 * i);
	return value;
}

/* A register with its reset value and the bits that can be written. */
static void emu_pci_define(struct emu_pci *pci, unsigned int offset, unsigned int size,
			   uint32_t value, uint32_t writable)
{
	emu_pci_put(pci->config, offset, size, value);
	emu_pci_put(pci->writable, offset, size, writable);
}

static void emu_pci_define_header(struct emu_pci *pci)
{
	uint64_t bar1 = ~(pci->emu->vram_size - 1);

	emu_pci_define(pci, PCI_VENDOR_ID, 2, NOVA_PCI_VENDOR_ID, 0);
	emu_pci_define(pci, PCI_DEVICE_ID, 2, NOVA_PCI_DEVICE_ID, 0);
	emu_pci_define(pci, PCI_COMMAND, 2, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		       PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	emu_pci_define(pci, PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0);
	emu_pci_define(pci, PCI_CLASS_REVISION, 4, NOVA_PCI_CLASS << 8 | 0xa1, 0);
	emu_pci_define(pci, PCI_CACHE_LINE_SIZE, 1, 0, 0xff);
	emu_pci_define(pci, PCI_BASE_ADDRESS_0, 4, PCI_BASE_ADDRESS_MEM_TYPE_32,
		       ~(uint32_t)(NV_BAR0_SIZE - 1));
	emu_pci_define(pci, PCI_BASE_ADDRESS_1, 4,
		       PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH,
		       (uint32_t)bar1);
	emu_pci_define(pci, PCI_BASE_ADDRESS_2, 4, 0, (uint32_t)(bar1 >> 32));
	emu_pci_define(pci, PCI_SUBSYSTEM_VENDOR_ID, 2, NOVA_PCI_VENDOR_ID, 0);
	emu_pci_define(pci, PCI_SUBSYSTEM_ID, 2, NOVA_PCI_DEVICE_ID, 0);
	emu_pci_define(pci, PCI_CAPABILITY_LIST, 1, EMU_PCI_PM, 0);
	/* No interrupt pin: MSI only. The line register is the firmware's scratch. */
	emu_pci_define(pci, PCI_INTERRUPT_LINE, 1, 0, 0xff);
}

static void emu_pci_define_capabilities(struct emu_pci *pci)
{
	/*
	 * Power management, version 3: D0 and D3hot, no events. The way back from D3hot is a reset
	 * (PCI_PM_CTRL_NO_SOFT_RESET is 0) that only video memory survives.
	 */
	emu_pci_define(pci, EMU_PCI_PM, 2, EMU_PCI_MSI << 8 | PCI_CAP_ID_PM, 0);
	emu_pci_define(pci, EMU_PCI_PM + PCI_PM_PMC, 2, 3, 0);
	emu_pci_define(pci, EMU_PCI_PM + PCI_PM_CTRL, 2, 0, PCI_PM_CTRL_STATE_MASK);

	/*
	 * MSI: 64-bit address, 4 messages (code 2), masked one by one: a message that is under
	 * way while the driver takes its interrupt back must find nobody, not address 0.
	 */
	emu_pci_define(pci, EMU_PCI_MSI, 2, EMU_PCI_EXP << 8 | PCI_CAP_ID_MSI, 0);
	emu_pci_define(pci, EMU_PCI_MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_64BIT |
		       PCI_MSI_FLAGS_MASKBIT | 2 << 1, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	emu_pci_define(pci, EMU_PCI_MSI + PCI_MSI_ADDRESS_LO, 4, 0, 0xfffffffc);
	emu_pci_define(pci, EMU_PCI_MSI + PCI_MSI_ADDRESS_HI, 4, 0, 0xffffffff);
	emu_pci_define(pci, EMU_PCI_MSI + PCI_MSI_DATA_64, 2, 0, 0xffff);
	emu_pci_define(pci, EMU_PCI_MSI + PCI_MSI_MASK_64, 4, 0,
		       (1u << EMU_PCI_MSI_VECTORS) - 1);

	/* PCI Express, version 2, endpoint: 256-byte payloads, extended tags, FLR, 16 x 8 GT/s. */
	emu_pci_define(pci, EMU_PCI_EXP, 2, PCI_CAP_ID_EXP, 0);
	emu_pci_define(pci, EMU_PCI_EXP + PCI_EXP_FLAGS, 2, PCI_EXP_TYPE_ENDPOINT << 4 | 2, 0);
	emu_pci_define(pci, EMU_PCI_EXP + PCI_EXP_DEVCAP, 4, 1 | PCI_EXP_DEVCAP_EXT_TAG |
		       PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR, 0);
	/* Bit 15 starts the reset and reads 0. */
	emu_pci_define(pci, EMU_PCI_EXP + PCI_EXP_DEVCTL, 2, 0x2810, 0x79ff);
	emu_pci_define(pci, EMU_PCI_EXP + PCI_EXP_LNKCAP, 4, 16 << 4 | 3, 0);
	emu_pci_define(pci, EMU_PCI_EXP + PCI_EXP_LNKCTL, 2, 0, PCI_EXP_LNKCTL_ASPMC |
		       PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
	emu_pci_define(pci, EMU_PCI_EXP + PCI_EXP_LNKSTA, 2, 16 << 4 | 3, 0);
	emu_pci_define(pci, EMU_PCI_EXP + PCI_EXP_LNKCAP2, 4, 0x0e, 0);
	emu_pci_define(pci, EMU_PCI_EXP + PCI_EXP_LNKCTL2, 2, 3, 0x000f);
}

struct emu_pci *emu_pci_create(struct emu *emu)
{
	struct emu_pci *pci = calloc(1, sizeof(*pci));

	if (!pci)
		return NULL;
	pci->emu = emu;
	emu_pci_reset(pci);
	return pci;
}

void emu_pci_destroy(struct emu_pci *pci)
{
	free(pci);
}

void emu_pci_reset(struct emu_pci *pci)
{
	memset(pci->config, 0, sizeof(pci->config));
	emu_pci_define_header(pci);
	emu_pci_define_capabilities(pci);
	atomic_store(&pci->bus_master, false);
	atomic_store(&pci->memory_space, false);
	atomic_store(&pci->msi_masked, false);
	atomic_store(&pci->asleep, false);
}

bool emu_pci_bus_master(const struct emu *emu)
{
	return atomic_load(&emu->pci->bus_master);
}

bool emu_pci_memory_space(const struct emu *emu)
{
	return atomic_load(&emu->pci->memory_space);
}

bool emu_pci_asleep(const struct emu *emu)
{
	return atomic_load(&emu->pci->asleep);
}

bool emu_pci_msi_masked(const struct emu *emu)
{
	return atomic_load(&emu->pci->msi_masked);
}

void emu_pci_put_to_sleep(struct emu *emu)
{
	emu_pci_put(emu->pci->config, EMU_PCI_PM + PCI_PM_CTRL, 2, EMU_PCI_STATE_D3HOT);
	atomic_store(&emu->pci->asleep, true);
}

void emu_pci_read(struct emu *emu, uint64_t offset, void *data, size_t len)
{
	if (emu_bar_is_removed(emu))
		memset(data, 0xff, len);
	else
		memcpy(data, emu->pci->config + offset, len);
}

/* What follows from the command register and the power state after a write. */
static void emu_pci_update(struct emu_pci *pci, uint32_t old_command)
{
	const uint32_t enables = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	uint32_t command = emu_pci_get(pci, PCI_COMMAND, 2);
	uint32_t state = emu_pci_get(pci, EMU_PCI_PM + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK;
	bool on = state == EMU_PCI_STATE_D0;

	if (on == atomic_load(&pci->asleep)) {
		emu_log(pci->emu, EMU_LOG_INFO, on ? "D3hot -> D0" : "D0 -> D3hot");
		if (on) {
			emu_wake(pci->emu);
			return;
		}
		atomic_store(&pci->asleep, true);
		emu_fall_asleep(pci->emu);
	}
	if (command & ~old_command & enables)
		emu_bar_set_shut_down(pci->emu, false);
	atomic_store(&pci->memory_space, on && (command & PCI_COMMAND_MEMORY));
	atomic_store(&pci->bus_master, on && (command & PCI_COMMAND_MASTER));
	atomic_store(&pci->msi_masked, emu_pci_get(pci, EMU_PCI_MSI + PCI_MSI_MASK_64, 4) & 1);
	/* A message that was due while it could not be sent goes out now. */
	if (on && (command & PCI_COMMAND_MASTER))
		emu_irq_resend(pci->emu);
}

void emu_pci_write(struct emu *emu, uint64_t offset, const void *data, size_t len)
{
	const unsigned int flr = EMU_PCI_EXP + PCI_EXP_DEVCTL + 1;	/* byte with bit 15 */
	const unsigned int power = EMU_PCI_PM + PCI_PM_CTRL;
	struct emu_pci *pci = emu->pci;
	const uint8_t *bytes = data;
	uint32_t command = emu_pci_get(pci, PCI_COMMAND, 2);
	uint8_t old_power = pci->config[power];
	uint8_t state;
	size_t i;

	if (emu_bar_is_removed(emu))
		return;
	if (offset <= flr && flr < offset + len &&
	    (bytes[flr - offset] & (PCI_EXP_DEVCTL_BCR_FLR >> 8))) {
		emu_log(emu, EMU_LOG_INFO, "function-level reset");
		emu_reset(emu);
		return;
	}
	for (i = 0; i < len; i++) {
		uint8_t mask = pci->writable[offset + i];

		pci->config[offset + i] = (pci->config[offset + i] & ~mask) | (bytes[i] & mask);
	}
	/* D1 and D2 are not supported: such a write changes nothing. */
	state = pci->config[power] & PCI_PM_CTRL_STATE_MASK;
	if (state != EMU_PCI_STATE_D0 && state != EMU_PCI_STATE_D3HOT)
		pci->config[power] = old_power;
	emu_pci_update(pci, command);
}
