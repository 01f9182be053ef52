/* SPDX-License-Identifier: MIT */
/* Semaphores in memory: arithmetic and accesses shared by Host and the copy engine. */
#ifndef EMU_SEM_H
#define EMU_SEM_H

#include "emu_mmu.h"

/**
 * struct emu_sem - one semaphore operation
 * @va: address, aligned for the operation
 * @payload: what is stored or combined
 * @wide: 64 bits instead of 32
 * @timestamp: write the 16-byte record with the time at byte 8
 * @reduction: combine with what is there by @op instead of storing
 * @op: NV_C46F_SEM_REDUCTION_*, or NV_C5B5_LAUNCH_REDUCTION_FADD (32 bits)
 * @is_unsigned: format of the reduction
 */
struct emu_sem {
	uint64_t va;
	uint64_t payload;
	bool wide;
	bool timestamp;
	bool reduction;
	uint32_t op;
	bool is_unsigned;
};

/* Is the combination of operation, width and format one that exists? */
bool emu_sem_supported(uint32_t op, bool wide, bool is_unsigned);
/* The new value; the combination is a supported one. */
uint64_t emu_sem_reduce(uint32_t op, bool wide, bool is_unsigned, uint64_t value,
			uint64_t payload);

/* 0, or -EFAULT with @fault filled. */
int emu_sem_load(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va, bool wide,
		 uint64_t *value, struct emu_mmu_fault *fault);
int emu_sem_execute(struct emu *emu, const struct emu_mmu_ctx *ctx, const struct emu_sem *sem,
		    struct emu_mmu_fault *fault);

#endif /* EMU_SEM_H */
