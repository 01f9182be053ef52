/* SPDX-License-Identifier: MIT */
/*
 * GMMU, version-2 tables: 49-bit virtual addresses, five levels, pages of
 * 4 KiB, 64 KiB and 2 MiB; and the 32-byte fault packet.
 * Source: OGD dev_mmu.ref.txt, dev_mmu_fault.ref.txt, dev_fault.ref.txt;
 * OGKM uvm_turing_mmu.c (levels, sparse and invalid encodings).
 */
#ifndef NV_MMU_H
#define NV_MMU_H

#include "nv_bits.h"

#define NV_MMU_VA_BITS				49
#define NV_MMU_TABLE_SIZE			4096

/* Level: first VA bit, entries, entry size. Level 3 is the root. */
#define NV_MMU_PDE3_SHIFT			47
#define NV_MMU_PDE3_ENTRIES			4
#define NV_MMU_PDE2_SHIFT			38
#define NV_MMU_PDE2_ENTRIES			512
#define NV_MMU_PDE1_SHIFT			29
#define NV_MMU_PDE1_ENTRIES			512
#define NV_MMU_PDE0_SHIFT			21
#define NV_MMU_PDE0_ENTRIES			256
#define NV_MMU_PDE_SIZE				8
#define NV_MMU_DUAL_PDE_SIZE			16
#define NV_MMU_PTE_SIZE				8
#define NV_MMU_PTE_64K_SHIFT			16
#define NV_MMU_PTE_64K_ENTRIES			32
#define NV_MMU_PTE_64K_TABLE_SIZE		256
#define NV_MMU_PTE_4K_SHIFT			12
#define NV_MMU_PTE_4K_ENTRIES			512

/* PDE (levels 3 to 1). The aperture codes differ from a PTE's. */
#define NV_MMU_PDE_IS_PTE			NV_BIT64(0)
#define NV_MMU_PDE_APERTURE			NV_BITS64(2, 1)
#define NV_MMU_PDE_APERTURE_INVALID		0ull
#define NV_MMU_PDE_APERTURE_VIDEO		1ull
#define NV_MMU_PDE_APERTURE_COHERENT		2ull
#define NV_MMU_PDE_APERTURE_NONCOHERENT		3ull
#define NV_MMU_PDE_VOL				NV_BIT64(3)	/* with aperture 0: sparse */
#define NV_MMU_PDE_NO_ATS			NV_BIT64(5)
#define NV_MMU_PDE_ADDR_SYS			NV_BITS64(53, 8)	/* address >> 12 */
#define NV_MMU_PDE_ADDR_VID			NV_BITS64(32, 8)	/* address >> 12 */

/*
 * PDE0 is a pair of quadwords: the first points to the table of 64 KiB pages
 * (256-byte aligned) or is a 2 MiB PTE, the second points to the table of
 * 4 KiB pages and has the layout of a PDE.
 */
#define NV_MMU_PDE0_BIG_ADDR_SYS		NV_BITS64(53, 4)	/* address >> 8 */
#define NV_MMU_PDE0_BIG_ADDR_VID		NV_BITS64(32, 4)	/* address >> 8 */

/* PTE; in the first quadword of a PDE0 slot it maps 2 MiB. */
#define NV_MMU_PTE_VALID			NV_BIT64(0)
#define NV_MMU_PTE_APERTURE			NV_BITS64(2, 1)
#define NV_MMU_PTE_APERTURE_VIDEO		0ull
#define NV_MMU_PTE_APERTURE_PEER		1ull
#define NV_MMU_PTE_APERTURE_COHERENT		2ull
#define NV_MMU_PTE_APERTURE_NONCOHERENT		3ull
#define NV_MMU_PTE_VOL				NV_BIT64(3)	/* with VALID 0: sparse */
#define NV_MMU_PTE_ENCRYPTED			NV_BIT64(4)
#define NV_MMU_PTE_PRIVILEGE			NV_BIT64(5)	/* big, not VALID: hides 4K */
#define NV_MMU_PTE_READ_ONLY			NV_BIT64(6)
#define NV_MMU_PTE_ATOMIC_DISABLE		NV_BIT64(7)
#define NV_MMU_PTE_ADDR_SYS			NV_BITS64(53, 8)	/* address >> 12 */
#define NV_MMU_PTE_ADDR_VID			NV_BITS64(32, 8)	/* address >> 12 */
#define NV_MMU_PTE_KIND				NV_BITS64(63, 56)
#define NV_MMU_KIND_PITCH			0x00ull
#define NV_MMU_KIND_GENERIC			0x06ull

/* Fault packet, eight dwords. */
#define NV_FAULT_PACKET_SIZE			32
#define NV_FAULT0_INST_APERTURE			NV_BITS(9, 8)
#define NV_FAULT0_INST_LO			NV_BITS(31, 12)	/* in place */
#define NV_FAULT2_ADDR_PHYS_APERTURE		NV_BITS(1, 0)
#define NV_FAULT2_ADDR_LO			NV_BITS(31, 12)	/* in place */
#define NV_FAULT6_ENGINE_ID			NV_BITS(8, 0)
#define NV_FAULT7_FAULT_TYPE			NV_BITS(4, 0)
#define NV_FAULT7_REPLAYABLE			NV_BIT(7)
#define NV_FAULT7_CLIENT			NV_BITS(14, 8)
#define NV_FAULT7_ACCESS_TYPE			NV_BITS(19, 16)
#define NV_FAULT7_CLIENT_TYPE_HUB		NV_BIT(20)
#define NV_FAULT7_GPC_ID			NV_BITS(28, 24)
#define NV_FAULT7_REPLAYABLE_EN			NV_BIT(30)
#define NV_FAULT7_VALID				NV_BIT(31)	/* written last */

#define NV_FAULT_TYPE_PDE			0x00u
#define NV_FAULT_TYPE_PDE_SIZE			0x01u
#define NV_FAULT_TYPE_PTE			0x02u
#define NV_FAULT_TYPE_VA_LIMIT			0x03u
#define NV_FAULT_TYPE_UNBOUND_INST		0x04u
#define NV_FAULT_TYPE_PRIV			0x05u
#define NV_FAULT_TYPE_RO			0x06u
#define NV_FAULT_TYPE_WO			0x07u
#define NV_FAULT_TYPE_WORK_CREATION		0x09u
#define NV_FAULT_TYPE_UNSUPPORTED_APERTURE	0x0au
#define NV_FAULT_TYPE_UNSUPPORTED_KIND		0x0cu
#define NV_FAULT_TYPE_REGION			0x0du
#define NV_FAULT_TYPE_POISONED			0x0eu
#define NV_FAULT_TYPE_ATOMIC			0x0fu

#define NV_FAULT_ACCESS_READ			0u
#define NV_FAULT_ACCESS_WRITE			1u
#define NV_FAULT_ACCESS_ATOMIC			2u
#define NV_FAULT_ACCESS_PREFETCH		3u

/* MMU engine and hub client ids. Source: OGKM turing/tu102/dev_fault.h. */
#define NV_FAULT_ENGINE_CE(i)			(15 + (i))
#define NV_FAULT_ENGINE_GRAPHICS		64
#define NV_FAULT_ENGINE_HOST(i)			(32 + (i))
#define NV_FAULT_CLIENT_HUB_HOST		0x06u
#define NV_FAULT_CLIENT_HUB_CE0			0x01u
#define NV_FAULT_CLIENT_HUB_CE1			0x02u
#define NV_FAULT_CLIENT_HUB_RASTERTWOD		0x13u
#define NV_FAULT_CLIENT_HUB_HSCE(i)		(0x20u + (i))

#endif /* NV_MMU_H */
