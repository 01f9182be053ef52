/* SPDX-License-Identifier: MIT */
/*
 * Register accesses: any offset and width, those that are registers more often; faults and
 * interrupts arrive in between, as the engines would send them.
 */
#include "../emu_fault.h"
#include "../emu_fw.h"
#include "fuzz_gpu.h"
#include "regs/nv_pmc.h"
#include "regs/nv_timer.h"

/* Blocks of registers, and 256 bytes behind each base are reached. */
static const uint32_t bases[] = {
	NV_PMC_BOOT_0, NV_PMC_BOOT_42, NV_PTIMER_INTR_0, NV_PTIMER_TIME_0,
	NV_CTRL_VIRTUAL_CHANNEL_CFG(0), NV_VF_INTR_LEAF(0), NV_VF_INTR_LEAF_EN_SET(0),
	NV_VF_INTR_LEAF_EN_CLEAR(0), NV_VF_INTR_TOP, NV_VF_MAILBOX(0), NV_VF_FAULT_BUFFER_LO(0),
	NV_VF_INVALIDATE_PDB, NV_USERMODE, NV_USERMODE_ALIAS,
};

static const uint32_t values[] = {
	0, 1, 2, 0x80000000, 0xffffffff, NOVA_FW_BOOT_MAGIC, NV_VF_FAULT_BUFFER_SIZE_SET_DEFAULT,
	NV_VF_FAULT_BUFFER_SIZE_ENABLE | 2, NV_VF_FAULT_BUFFER_SIZE_ENABLE | 0xfffff,
	NV_VF_FAULT_BUFFER_OVERFLOW | NV_VF_FAULT_BUFFER_GETPTR_CORRUPTED,
	(uint32_t)GPU_IOVA | 5, FUZZ_READ_ONLY, EMU_TEST_VRAM - 4096, EMU_TEST_VRAM,
};

static const uint8_t widths[] = { 4, 4, 4, 8, 1, 2, 3, 16 };

static uint64_t take_offset(struct fuzz_input *in, size_t len)
{
	uint32_t raw = fuzz_u8(in);
	uint64_t offset;

	if (raw & 0x80)
		offset = (FUZZ_PICK(in, bases) + (raw & 0x7f) * 4) % NV_BAR0_SIZE;
	else
		offset = fuzz_u32(in) % NV_BAR0_SIZE;
	/* The caller of emu_bar_*() has checked the range. */
	return offset + len > NV_BAR0_SIZE ? NV_BAR0_SIZE - len : offset;
}

static void write_register(struct gpu *gpu, struct fuzz_input *in)
{
	size_t len = FUZZ_PICK(in, widths);
	uint64_t offset = take_offset(in, len);
	uint8_t data[16];
	uint32_t value;

	if (fuzz_u8(in) & 1) {
		value = FUZZ_PICK(in, values);
		memset(data, 0, sizeof(data));
		memcpy(data, &value, sizeof(value));
	} else {
		fuzz_bytes(in, data, sizeof(value));
		memcpy(data + 4, data, 4);
		memcpy(data + 8, data, 8);
	}
	emu_lock(gpu->emu);
	emu_bar_write(gpu->emu, offset, data, len);
	emu_unlock(gpu->emu);
}

static void read_register(struct gpu *gpu, struct fuzz_input *in)
{
	size_t len = FUZZ_PICK(in, widths);
	uint64_t offset = take_offset(in, len);
	uint8_t data[16];

	emu_lock(gpu->emu);
	emu_bar_read(gpu->emu, offset, data, len);
	emu_unlock(gpu->emu);
}

static void report_fault(struct gpu *gpu, struct fuzz_input *in)
{
	struct emu_fault_source source = {
		.inst = emu_fifo_inst(gpu->emu, fuzz_u8(in)),
		.engine_id = fuzz_u8(in),
		.client = fuzz_u8(in),
	};
	struct emu_mmu_fault fault = {
		.type = fuzz_below(in, 32),
		.access = fuzz_below(in, 4),
		.va = fuzz_u64(in),
	};

	emu_fault_report(gpu->emu, &source, &fault);
}

static void check_registers(struct gpu *gpu)
{
	uint32_t i, value, en;

	for (i = 0; i < 2; i++) {
		value = emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_PUT(i)) & NV_VF_FAULT_BUFFER_PTR;
		en = emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(i));
		fuzz_require(!(en & NV_VF_FAULT_BUFFER_SIZE_ENABLE) || value == 0xfffff ||
			     value < (en & NV_VF_FAULT_BUFFER_SIZE_VAL),
			     "PUT of fault buffer %u is %#x, SIZE %#x", i, value, en);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct gpu *gpu = fuzz_gpu();
	unsigned int i;

	for (i = 0; i < 256 && fuzz_more(&in); i++) {
		switch (fuzz_below(&in, 8)) {
		case 0:
		case 1:
			read_register(gpu, &in);
			break;
		case 2:
			report_fault(gpu, &in);
			break;
		case 3:
			emu_irq_raise(gpu->emu, fuzz_u16(&in));
			break;
		case 4:
			emu_test_config_write(gpu->emu, 4, fuzz_u8(&in), 2);
			break;
		default:
			write_register(gpu, &in);
		}
		check_registers(gpu);
	}
	fuzz_gpu_done(gpu);
	return 0;
}
