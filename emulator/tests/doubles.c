/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "../emu_fault.h"
#include "../emu_fw.h"
#include "doubles.h"

struct doubles doubles;

/* The create function returns something to free, so that a missing destroy is a leak. */
#define DOUBLE_LIFE(name, number)						\
	struct emu_##name *emu_##name##_create(struct emu *emu)			\
	{									\
		(void)emu;							\
		return calloc(1, 1);						\
	}									\
	void emu_##name##_destroy(struct emu_##name *name)			\
	{									\
		free(name);							\
	}									\
	void emu_##name##_reset(struct emu_##name *name)			\
	{									\
		(void)name;							\
		doubles.resets[number]++;					\
	}

#define DOUBLE_REGISTERS(name, number)						\
	bool emu_##name##_reg_read(struct emu *emu, uint32_t offset, uint32_t *value) \
	{									\
		(void)emu;							\
		doubles.reads[number]++;					\
		doubles.offset = offset;					\
		*value = DOUBLE_READ_VALUE + (number);				\
		return true;							\
	}									\
	bool emu_##name##_reg_write(struct emu *emu, uint32_t offset, uint32_t value) \
	{									\
		(void)emu;							\
		doubles.writes[number]++;					\
		doubles.offset = offset;					\
		doubles.value = value;						\
		return true;							\
	}

DOUBLE_LIFE(mmu, DOUBLE_MMU)
DOUBLE_LIFE(fault, DOUBLE_FAULT)
DOUBLE_LIFE(fifo, DOUBLE_FIFO)
DOUBLE_LIFE(fw, DOUBLE_FW)
DOUBLE_REGISTERS(mmu, DOUBLE_MMU)
DOUBLE_REGISTERS(fault, DOUBLE_FAULT)
DOUBLE_REGISTERS(fifo, DOUBLE_FIFO)
DOUBLE_REGISTERS(fw, DOUBLE_FW)

void emu_fifo_doorbell(struct emu *emu, uint32_t token, bool client)
{
	(void)emu;
	(void)client;
	doubles.doorbell = token;
	doubles.doorbells++;
}

int emu_fifo_hang(struct emu *emu, unsigned int engine)
{
	(void)emu;
	if (engine >= EMU_ENGINES)
		return -EINVAL;
	doubles.hung_engine = engine;
	doubles.hung = true;
	return 0;
}

unsigned int emu_fifo_stuck_engines(struct emu *emu)
{
	(void)emu;
	return doubles.hung;
}

void emu_fifo_heal(struct emu *emu)
{
	(void)emu;
	doubles.hung = false;
}

void emu_fw_stall(struct emu *emu, unsigned int ms)
{
	(void)emu;
	doubles.stall_ms = ms;
}

void emu_fw_crash(struct emu *emu)
{
	(void)emu;
	doubles.crashed = true;
}

void emu_fw_fail_halts(struct emu *emu, unsigned int count)
{
	(void)emu;
	doubles.halts_failed = count;
}

void emu_fw_heal(struct emu *emu)
{
	(void)emu;
	doubles.halts_failed = 0;
	doubles.stall_ms = 0;
	doubles.crashed = false;
}

/* What chaos does of its own accord does not arrive here; see test_chaos.c. */
void emu_fw_notify(struct emu *emu)
{
	(void)emu;
}

void emu_fault_report(struct emu *emu, const struct emu_fault_source *source,
		      const struct emu_mmu_fault *fault)
{
	(void)emu;
	(void)source;
	(void)fault;
}

void emu_mmu_invalidate(struct emu *emu, const struct emu_mmu_invalidate *inv)
{
	(void)emu;
	(void)inv;
}
