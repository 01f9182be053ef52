/* SPDX-License-Identifier: MIT */
/* Guest memory mapped for DMA: what vfio-user tells about it. */
#ifndef EMU_MEM_H
#define EMU_MEM_H

#include "emu.h"

#define EMU_MEM_PAGE		4096u
#define EMU_MEM_RANGES_MAX	(1u << 20)

/*
 * Adds [iova, iova + size) backed by @fd from @offset, or by nothing that this
 * process can reach if @fd is -1. 0, or -EINVAL, -EEXIST (overlaps), -ENOSPC,
 * or what mmap() said. The caller keeps @fd and may close it.
 */
int emu_mem_map(struct emu *emu, uint64_t iova, uint64_t size, int fd, uint64_t offset,
		bool readable, bool writable);
/*
 * Removes every range inside [iova, iova + size); a span that holds none is fine,
 * as it is for the kernel's VFIO, and one that would cut a range is -EINVAL. No DMA to
 * the ranges is under way when it returns.
 */
int emu_mem_unmap(struct emu *emu, uint64_t iova, uint64_t size);
void emu_mem_unmap_all(struct emu *emu);
void emu_mem_stats(struct emu *emu, uint64_t *ranges, uint64_t *bytes);

/*
 * For the program, before it serves clients: survive those that cut a mapped file
 * short. One handler for the whole process. 0 or -errno.
 */
int emu_mem_catch_sigbus(void);

/* --- for emu_chaos_lie.c; none of it is a violation --- */

/* Could the device access the byte at @addr? Nothing is read or written. */
bool emu_mem_try(struct emu *emu, uint64_t addr, bool write);
/* An address in one of the ranges that were unmapped last; false if there was none. */
bool emu_mem_stale(struct emu *emu, uint64_t random, uint64_t *addr);
/* Writes somewhere into one of the ranges that were mapped last, if it still is. */
void emu_mem_scribble(struct emu *emu, uint64_t random, const void *data, size_t len);

#endif /* EMU_MEM_H */
