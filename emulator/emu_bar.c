/* SPDX-License-Identifier: MIT */
/*
 * BAR0: finds the component that owns a register, counts accesses, and judges them.
 *
 * Registers are 32 bits wide. A 64-bit access is two of them, low half first;
 * other widths, misaligned ones and undefined registers read 0, write
 * nothing and are violations. The usermode page is the exception: its
 * undefined offsets are documented to read 0 and drop writes.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "emu_bar.h"
#include "emu_chaos.h"
#include "emu_pci.h"
#include "regs/nv_pmc.h"
#include "regs/nv_vf.h"

#define EMU_BAR_BOOT_0	(NOVA_CHIP_ID << 20 | 0xa1)
#define EMU_BAR_BOOT_42	(NOVA_CHIP_ID << 20 | 0xa1000)

/**
 * struct emu_bar - state of register space as a whole
 * @shut_down: the firmware has acknowledged the orderly shutdown; any thread
 * @removed: surprise removal; any thread
 */
struct emu_bar {
	_Atomic bool shut_down;
	_Atomic bool removed;
};

/* Registers of one component: [start, end). */
struct emu_bar_block {
	uint32_t start;
	uint32_t end;
	bool (*read)(struct emu *emu, uint32_t offset, uint32_t *value);
	bool (*write)(struct emu *emu, uint32_t offset, uint32_t value);
};

static bool emu_bar_pmc_read(struct emu *emu, uint32_t offset, uint32_t *value)
{
	(void)emu;
	switch (offset) {
	case NV_PMC_BOOT_0:
		*value = EMU_BAR_BOOT_0;
		return true;
	case NV_PMC_BOOT_1:
	case NV_PMC_BOOT_2:
		*value = 0;
		return true;
	case NV_PMC_BOOT_42:
		*value = EMU_BAR_BOOT_42;
		return true;
	default:
		return false;
	}
}

/* Read only: a write to a register that exists is dropped. */
static bool emu_bar_pmc_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	uint32_t unused;

	(void)value;
	return emu_bar_pmc_read(emu, offset, &unused);
}

static bool emu_bar_usermode_read(struct emu *emu, uint32_t offset, uint32_t *value)
{
	switch (offset % NV_USERMODE_SIZE) {
	case NV_USERMODE_CFG0:
		*value = NV_USERMODE_CLASS;
		break;
	case NV_USERMODE_TIME_0:
		*value = (uint32_t)emu_timer_now(emu);
		break;
	case NV_USERMODE_TIME_1:
		*value = (uint32_t)(emu_timer_now(emu) >> 32);
		break;
	default:
		*value = 0;
	}
	return true;
}

/* What a driver lets its clients map; it uses the other page itself, and answers for what it does there. */
static bool emu_bar_is_client(uint64_t offset)
{
	return offset >= NV_USERMODE_ALIAS && offset < NV_USERMODE_ALIAS + NV_USERMODE_SIZE;
}

static bool emu_bar_usermode_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	if (offset % NV_USERMODE_SIZE == NV_USERMODE_DOORBELL) {
		emu_count(emu, EMU_DOORBELLS);
		emu_fifo_doorbell(emu, value, emu_bar_is_client(offset));
	}
	return true;
}

static const struct emu_bar_block emu_bar_blocks[] = {
	{ 0x000000, 0x001000, emu_bar_pmc_read, emu_bar_pmc_write },
	{ 0x009000, 0x00a000, emu_timer_reg_read, emu_timer_reg_write },
	{ NV_USERMODE_ALIAS, NV_USERMODE_ALIAS + NV_USERMODE_SIZE,
	  emu_bar_usermode_read, emu_bar_usermode_write },
	{ NV_CTRL_VIRTUAL_CHANNEL_CFG(0), 0xb66000, emu_fifo_reg_read, emu_fifo_reg_write },
	{ NV_VF_INTR_LEAF(0), 0xb82000, emu_irq_reg_read, emu_irq_reg_write },
	{ NV_VF_MAILBOX(0), NV_VF_MAILBOX(NV_VF_MAILBOXES), emu_fw_reg_read, emu_fw_reg_write },
	{ NV_VF_FAULT_BUFFER_LO(0), NV_VF_INVALIDATE_PDB, emu_fault_reg_read, emu_fault_reg_write },
	{ NV_VF_INVALIDATE_PDB, NV_VF_INVALIDATE + 4, emu_mmu_reg_read, emu_mmu_reg_write },
	{ NV_USERMODE, NV_USERMODE + NV_USERMODE_SIZE,
	  emu_bar_usermode_read, emu_bar_usermode_write },
};

struct emu_bar *emu_bar_create(struct emu *emu)
{
	(void)emu;
	return calloc(1, sizeof(struct emu_bar));
}

void emu_bar_destroy(struct emu_bar *bar)
{
	free(bar);
}

/* A removed device stays removed: whoever pulled the card puts it back. */
void emu_bar_reset(struct emu_bar *bar)
{
	atomic_store(&bar->shut_down, false);
}

void emu_bar_set_shut_down(struct emu *emu, bool shut_down)
{
	atomic_store(&emu->bar->shut_down, shut_down);
}

bool emu_bar_is_shut_down(const struct emu *emu)
{
	return atomic_load(&emu->bar->shut_down);
}

void emu_bar_surprise_remove(struct emu *emu)
{
	atomic_store(&emu->bar->removed, true);
	emu_log(emu, EMU_LOG_INFO, "surprise removal");
}

void emu_bar_reinsert(struct emu *emu)
{
	atomic_store(&emu->bar->removed, false);
	emu_log(emu, EMU_LOG_INFO, "device is back");
}

bool emu_bar_is_removed(const struct emu *emu)
{
	return atomic_load(&emu->bar->removed);
}

static const struct emu_bar_block *emu_bar_find(uint32_t offset)
{
	size_t low = 0, high = sizeof(emu_bar_blocks) / sizeof(emu_bar_blocks[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (offset >= emu_bar_blocks[middle].end)
			low = middle + 1;
		else if (offset < emu_bar_blocks[middle].start)
			high = middle;
		else
			return &emu_bar_blocks[middle];
	}
	return NULL;
}

static uint32_t emu_bar_read32(struct emu *emu, uint32_t offset)
{
	const struct emu_bar_block *block = emu_bar_find(offset);
	uint32_t value = 0;

	emu_count(emu, EMU_REG_READS);
	if (emu_bar_is_shut_down(emu))
		emu_violation(emu, EMU_VIOLATION_REG_AFTER_SHUTDOWN,
			      "read of register %#x after shutdown", offset);
	if (!block || !block->read(emu, offset, &value)) {
		emu_violation(emu, EMU_VIOLATION_REG_ACCESS, "read of undefined register %#x",
			      offset);
		value = 0;
	}
	value = emu_chaos_read(emu, offset, value);
	emu_chaos_act(emu, offset);
	emu_log(emu, EMU_LOG_DEBUG, "read %#08x = %#010x", offset, value);
	return value;
}

/*
 * False if there is no such register. A write that gets lost must not hide that: all registers can
 * be read, so that is how to find out without writing.
 */
static bool emu_bar_put(struct emu *emu, uint32_t offset, uint32_t value)
{
	const struct emu_bar_block *block = emu_bar_find(offset);
	uint32_t unused;

	if (!block)
		return false;
	if (!emu_chaos_write(emu, offset, value))
		return block->read(emu, offset, &unused);
	return block->write(emu, offset, value);
}

static void emu_bar_write32(struct emu *emu, uint32_t offset, uint32_t value)
{
	emu_count(emu, EMU_REG_WRITES);
	emu_log(emu, EMU_LOG_DEBUG, "write %#08x = %#010x", offset, value);
	if (emu_bar_is_shut_down(emu))
		emu_violation(emu, EMU_VIOLATION_REG_AFTER_SHUTDOWN,
			      "write of %#x to register %#x after shutdown", value, offset);
	if (!emu_bar_put(emu, offset, value))
		emu_violation(emu, EMU_VIOLATION_REG_ACCESS,
			      "write of %#x to undefined register %#x", value, offset);
	emu_chaos_act(emu, offset);
}

/* An access the function does not answer at all; on the bus, an unsupported request. */
static bool emu_bar_unanswered(struct emu *emu, uint64_t offset, const char *access)
{
	if (emu_bar_is_removed(emu))
		return true;
	if (emu_pci_memory_space(emu))
		return false;
	/* A client need not know that the function is just being reset; asleep it has no map. */
	if (emu_bar_is_client(offset) && !emu_bar_is_shut_down(emu) && !emu_pci_asleep(emu))
		return true;
	emu_violation(emu, EMU_VIOLATION_REG_ACCESS,
		      "%s of register %#llx with memory space off or in D3hot", access,
		      (unsigned long long)offset);
	return true;
}

static bool emu_bar_width_valid(struct emu *emu, uint64_t offset, size_t len, const char *access)
{
	if (offset % 4 == 0 && (len == 4 || len == 8))
		return true;
	/* A client may try what it likes; it is ignored. After shutdown it has no map any more. */
	if (emu_bar_is_client(offset) && !emu_bar_is_shut_down(emu))
		return false;
	emu_violation(emu, EMU_VIOLATION_REG_ACCESS, "%s of %zu bytes at register %#llx", access,
		      len, (unsigned long long)offset);
	return false;
}

void emu_bar_read(struct emu *emu, uint64_t offset, void *data, size_t len)
{
	uint8_t *bytes = data;
	uint32_t value;
	size_t i;

	if (emu_bar_unanswered(emu, offset, "read")) {
		memset(data, 0xff, len);
		return;
	}
	if (!emu_bar_width_valid(emu, offset, len, "read")) {
		memset(data, 0, len);
		return;
	}
	for (i = 0; i < len; i += 4) {
		value = emu_bar_read32(emu, (uint32_t)(offset + i));
		memcpy(bytes + i, &value, 4);
	}
}

void emu_bar_write(struct emu *emu, uint64_t offset, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t value;
	size_t i;

	if (emu_bar_unanswered(emu, offset, "write") ||
	    !emu_bar_width_valid(emu, offset, len, "write"))
		return;
	for (i = 0; i < len; i += 4) {
		memcpy(&value, bytes + i, 4);
		emu_bar_write32(emu, (uint32_t)(offset + i), value);
	}
}
