/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_PTE_H_
#define _NOVA_PTE_H_

#include <linux/types.h>

#include "regs/nv_mmu.h"

/* What a page-table entry says, as the driver writes it. Entries of nothing are 0. */

/* Without memory, and no fault either: the same bit in all entries. */
#define NOVA_PTE_SPARSE		NV_MMU_PTE_VOL

/* An entry that points to a table of the next level, or to one of 4 KiB pages. */
static inline u64 nova_pte_table(u64 addr)
{
	return NV_PUT(NV_MMU_PDE_APERTURE, NV_MMU_PDE_APERTURE_VIDEO) | NV_MMU_PDE_VOL |
	       NV_PUT(NV_MMU_PDE_ADDR_VID, addr >> 12);
}

/* One that points to a table of 64 KiB pages. */
static inline u64 nova_pte_table_64k(u64 addr)
{
	return NV_PUT(NV_MMU_PDE_APERTURE, NV_MMU_PDE_APERTURE_VIDEO) | NV_MMU_PDE_VOL |
	       NV_PUT(NV_MMU_PDE0_BIG_ADDR_VID, addr >> 8);
}

/* A page of any size. */
static inline u64 nova_pte_page(u64 addr, bool vram, bool readonly)
{
	u64 pte = NV_MMU_PTE_VALID | NV_PUT(NV_MMU_PTE_KIND, NV_MMU_KIND_GENERIC);

	if (readonly)
		pte |= NV_MMU_PTE_READ_ONLY;
	if (vram)
		return pte | NV_PUT(NV_MMU_PTE_APERTURE, NV_MMU_PTE_APERTURE_VIDEO) |
		       NV_PUT(NV_MMU_PTE_ADDR_VID, addr >> 12);
	return pte | NV_PUT(NV_MMU_PTE_APERTURE, NV_MMU_PTE_APERTURE_COHERENT) | NV_MMU_PTE_VOL |
	       NV_PUT(NV_MMU_PTE_ADDR_SYS, addr >> 12);
}

/* What to add to a page's entry for the one that is @bytes further. */
static inline u64 nova_pte_step(u64 bytes)
{
	return NV_PUT(NV_MMU_PTE_ADDR_SYS, bytes >> 12);
}

/* Does the memory of a page's entry begin where a page of @size can? */
static inline bool nova_pte_is_aligned(u64 pte, u64 size)
{
	return !(NV_GET(NV_MMU_PTE_ADDR_SYS, pte) & ((size >> 12) - 1));
}

#endif /* _NOVA_PTE_H_ */
