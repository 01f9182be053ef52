/* SPDX-License-Identifier: MIT */
/* Master control: identification. BAR0 offsets. Source: OGD dev_master.ref.txt. */
#ifndef NV_PMC_H
#define NV_PMC_H

#include "nv_bits.h"

#define NV_PMC_BOOT_0				0x000000
#define NV_PMC_BOOT_0_MINOR_REVISION		NV_BITS(3, 0)
#define NV_PMC_BOOT_0_MAJOR_REVISION		NV_BITS(7, 4)
#define NV_PMC_BOOT_0_CHIP_ID			NV_BITS(28, 20)

#define NV_PMC_BOOT_1				0x000004
#define NV_PMC_BOOT_1_VGPU			NV_BITS(17, 16)	/* 0 real, 1 para-virtual, 2 VF */

#define NV_PMC_BOOT_2				0x000008

#define NV_PMC_BOOT_42				0x000a00
#define NV_PMC_BOOT_42_MINOR_EXTENDED_REVISION	NV_BITS(11, 8)
#define NV_PMC_BOOT_42_MINOR_REVISION		NV_BITS(15, 12)
#define NV_PMC_BOOT_42_MAJOR_REVISION		NV_BITS(19, 16)
#define NV_PMC_BOOT_42_CHIP_ID			NV_BITS(28, 20)

/*
 * Our own decision: the chip id of the virtual GPU. Turing ids are 0x160-0x16f
 * and NVIDIA uses 2, 4, 6, 7 and 8 of them; 0x16e is no product, so no other
 * driver claims it. The revision is A1, as in BOOT_0 = 0x16e000a1.
 */
#define NOVA_CHIP_ID				0x16eu

/* PCI identity, our own decision: QEMU's test vendor id, "nv" in ASCII. */
#define NOVA_PCI_VENDOR_ID			0x1234
#define NOVA_PCI_DEVICE_ID			0x6e76
#define NOVA_PCI_CLASS				0x030200	/* display, 3D */

#define NV_BAR0_SIZE				0x1000000	/* OGD dev_nv_xve3g_fn0: 16 MiB */

#endif /* NV_PMC_H */
