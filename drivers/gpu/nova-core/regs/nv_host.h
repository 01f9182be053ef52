/* SPDX-License-Identifier: MIT */
/*
 * Host: GP entries, USERD, push-buffer headers, host methods (class C46F),
 * instance block with RAMFC, PBDMA exceptions.
 * Source: OGD dev_pbdma.ref.txt, dev_ram.ref.txt, classes/host/clc46f.h.
 */
#ifndef NV_HOST_H
#define NV_HOST_H

#include "nv_bits.h"

#define NV_HOST_CLASS				0xc46fu
#define NV_HOST_VA_BITS				40	/* Host reaches 1 TiB */

/* GP entry, 8 bytes: two dwords. */
#define NV_GP_ENTRY_SIZE			8
#define NV_GP_ENTRY0_FETCH			NV_BIT(0)	/* 1 conditional */
#define NV_GP_ENTRY0_GET			NV_BITS(31, 2)	/* VA bits 31:2, in place */
#define NV_GP_ENTRY1_GET_HI			NV_BITS(7, 0)
#define NV_GP_ENTRY1_OPCODE			NV_BITS(7, 0)	/* when LENGTH is 0 */
#define NV_GP_ENTRY1_OPCODE_NOP			0u
#define NV_GP_ENTRY1_OPCODE_ILLEGAL		1u
#define NV_GP_ENTRY1_OPCODE_GP_CRC		2u
#define NV_GP_ENTRY1_OPCODE_PB_CRC		3u
#define NV_GP_ENTRY1_LEVEL			NV_BIT(9)	/* 1 subroutine */
#define NV_GP_ENTRY1_LENGTH			NV_BITS(30, 10)	/* dwords */
#define NV_GP_ENTRY1_SYNC			NV_BIT(31)
#define NV_GP_ENTRY_MAX_DWORDS			0x1fffffu

/* USERD, 512 bytes, 512-byte aligned. Of its address the channel's RAMFC has bits 39:9. */
#define NV_USERD_SIZE				512
#define NV_USERD_ADDR_BITS			40
#define NV_USERD_PUT				0x40
#define NV_USERD_GET				0x44
#define NV_USERD_REF				0x48
#define NV_USERD_PUT_HI				0x4c
#define NV_USERD_TOP_LEVEL_GET			0x58
#define NV_USERD_TOP_LEVEL_GET_HI		0x5c
#define NV_USERD_GET_HI				0x60
#define NV_USERD_GP_GET				0x88
#define NV_USERD_GP_PUT				0x8c

/* Push-buffer headers. */
#define NV_PB_SEC_OP				NV_BITS(31, 29)
#define NV_PB_SEC_OP_TERT			0u
#define NV_PB_SEC_OP_INC			1u
#define NV_PB_SEC_OP_NON_INC			3u
#define NV_PB_SEC_OP_IMMD			4u
#define NV_PB_SEC_OP_ONE_INC			5u
#define NV_PB_SEC_OP_END_SEGMENT		7u
#define NV_PB_COUNT				NV_BITS(28, 16)
#define NV_PB_COUNT_MAX				0x1fffu
#define NV_PB_SUBCHANNEL			NV_BITS(15, 13)
#define NV_PB_ADDRESS				NV_BITS(11, 0)	/* method >> 2 */
#define NV_PB_TERT_OP				NV_BITS(17, 16)
#define NV_PB_TERT_OP_SET_SUBDEVICE_MASK	1u
#define NV_PB_TERT_OP_STORE_SUBDEVICE_MASK	2u
#define NV_PB_TERT_OP_USE_SUBDEVICE_MASK	3u
#define NV_PB_TERT_MASK				NV_BITS(15, 4)
#define NV_PB_HEADER(op, subc, method, count)				\
	(NV_PUT(NV_PB_SEC_OP, NV_PB_SEC_OP_##op) | NV_PUT(NV_PB_SUBCHANNEL, (subc)) | \
	 NV_PUT(NV_PB_COUNT, (count)) | NV_PUT(NV_PB_ADDRESS, (method) >> 2))

#define NV_SUBCHANNEL_3D			0u
#define NV_SUBCHANNEL_COMPUTE			1u
#define NV_SUBCHANNEL_2D			3u
#define NV_SUBCHANNEL_CE			4u

/* Host methods (below 0x100). */
#define NV_C46F_SET_OBJECT			0x0000
#define NV_C46F_SET_OBJECT_NVCLASS		NV_BITS(15, 0)
#define NV_C46F_SET_OBJECT_ENGINE		NV_BITS(20, 16)
#define NV_C46F_ILLEGAL				0x0004
#define NV_C46F_NOP				0x0008
#define NV_C46F_NON_STALL_INTERRUPT		0x0020
#define NV_C46F_MEM_OP_A			0x0028
#define NV_C46F_MEM_OP_A_INVALIDATION_SIZE	NV_BITS(5, 0)
#define NV_C46F_MEM_OP_A_SYSMEMBAR		NV_BIT(11)
#define NV_C46F_MEM_OP_A_TARGET_ADDR_LO		NV_BITS(31, 12)
#define NV_C46F_MEM_OP_B			0x002c
#define NV_C46F_MEM_OP_C			0x0030
#define NV_C46F_MEM_OP_C_MEMBAR_TYPE		NV_BITS(2, 0)	/* 0 SYS_MEMBAR, 1 MEMBAR */
#define NV_C46F_MEM_OP_C_PDB_ALL		NV_BIT(0)
#define NV_C46F_MEM_OP_C_GPC_DISABLE		NV_BIT(1)
#define NV_C46F_MEM_OP_C_REPLAY			NV_BITS(4, 2)
#define NV_C46F_MEM_OP_C_ACK_TYPE		NV_BITS(6, 5)
#define NV_C46F_MEM_OP_C_PAGE_TABLE_LEVEL	NV_BITS(9, 7)
#define NV_C46F_MEM_OP_C_PDB_APERTURE		NV_BITS(11, 10)
#define NV_C46F_MEM_OP_C_PDB_ADDR_LO		NV_BITS(31, 12)
#define NV_C46F_MEM_OP_D			0x0034
#define NV_C46F_MEM_OP_D_PDB_ADDR_HI		NV_BITS(26, 0)
#define NV_C46F_MEM_OP_D_OPERATION		NV_BITS(31, 27)
#define NV_C46F_MEM_OP_D_MEMBAR			0x05u
#define NV_C46F_MEM_OP_D_TLB_INVALIDATE		0x09u
#define NV_C46F_MEM_OP_D_TLB_INVALIDATE_TARGETED	0x0au
#define NV_C46F_MEM_OP_D_L2_PEERMEM_INVALIDATE	0x0du
#define NV_C46F_MEM_OP_D_L2_SYSMEM_INVALIDATE	0x0eu
#define NV_C46F_MEM_OP_D_L2_FLUSH_DIRTY		0x10u
#define NV_C46F_MEM_OP_D_L2_WAIT_SYS_READS	0x15u
#define NV_C46F_SET_REFERENCE			0x0050
#define NV_C46F_SEM_ADDR_LO			0x005c
#define NV_C46F_SEM_ADDR_LO_OFFSET		NV_BITS(31, 2)	/* in place */
#define NV_C46F_SEM_ADDR_HI			0x0060
#define NV_C46F_SEM_ADDR_HI_OFFSET		NV_BITS(7, 0)
#define NV_C46F_SEM_PAYLOAD_LO			0x0064
#define NV_C46F_SEM_PAYLOAD_HI			0x0068
#define NV_C46F_SEM_EXECUTE			0x006c
#define NV_C46F_SEM_EXECUTE_OPERATION		NV_BITS(2, 0)
#define NV_C46F_SEM_OP_ACQUIRE			0u
#define NV_C46F_SEM_OP_RELEASE			1u
#define NV_C46F_SEM_OP_ACQ_STRICT_GEQ		2u
#define NV_C46F_SEM_OP_ACQ_CIRC_GEQ		3u
#define NV_C46F_SEM_OP_ACQ_AND			4u
#define NV_C46F_SEM_OP_ACQ_NOR			5u
#define NV_C46F_SEM_OP_REDUCTION		6u
#define NV_C46F_SEM_EXECUTE_SWITCH_TSG		NV_BIT(12)
#define NV_C46F_SEM_EXECUTE_RELEASE_WFI		NV_BIT(20)	/* 1 waits for idle */
#define NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT	NV_BIT(24)
#define NV_C46F_SEM_EXECUTE_TIMESTAMP		NV_BIT(25)
#define NV_C46F_SEM_EXECUTE_REDUCTION		NV_BITS(30, 27)
#define NV_C46F_SEM_REDUCTION_IMIN		0u
#define NV_C46F_SEM_REDUCTION_IMAX		1u
#define NV_C46F_SEM_REDUCTION_IXOR		2u
#define NV_C46F_SEM_REDUCTION_IAND		3u
#define NV_C46F_SEM_REDUCTION_IOR		4u
#define NV_C46F_SEM_REDUCTION_IADD		5u
#define NV_C46F_SEM_REDUCTION_INC		6u
#define NV_C46F_SEM_REDUCTION_DEC		7u
#define NV_C46F_SEM_EXECUTE_UNSIGNED		NV_BIT(31)
#define NV_C46F_WFI				0x0078
#define NV_C46F_WFI_SCOPE_ALL			NV_BIT(0)
#define NV_C46F_YIELD				0x0080
#define NV_C46F_YIELD_OP			NV_BITS(1, 0)
#define NV_C46F_YIELD_NOP			0u
#define NV_C46F_YIELD_RUNLIST_TIMESLICE		2u
#define NV_C46F_YIELD_TSG			3u
#define NV_HOST_METHOD_END			0x0100	/* first engine method */

/* Instance block, 4 KiB: RAMFC in its first 512 bytes, then the page directory base. */
#define NV_INST_SIZE				4096
#define NV_RAMFC_GP_PUT				0x000
#define NV_RAMFC_USERD				0x008
#define NV_RAMFC_USERD_TARGET			NV_BITS(1, 0)
#define NV_RAMFC_USERD_ADDR			NV_BITS(31, 9)	/* in place */
#define NV_RAMFC_USERD_HI			0x00c
#define NV_RAMFC_SIGNATURE			0x010
#define NV_RAMFC_SIGNATURE_VALID		0xfaceu
#define NV_RAMFC_GP_GET				0x014
#define NV_RAMFC_REF				0x028
#define NV_RAMFC_ACQUIRE			0x030
#define NV_RAMFC_ACQUIRE_TIMEOUT_EXP		NV_BITS(14, 11)
#define NV_RAMFC_ACQUIRE_TIMEOUT_MAN		NV_BITS(30, 15)
#define NV_RAMFC_ACQUIRE_TIMEOUT_EN		NV_BIT(31)
#define NV_RAMFC_GP_BASE			0x048	/* VA bits 31:3, in place */
#define NV_RAMFC_GP_BASE_HI			0x04c
#define NV_RAMFC_GP_BASE_HI_OFFSET		NV_BITS(7, 0)
#define NV_RAMFC_GP_BASE_HI_LIMIT2		NV_BITS(20, 16)	/* log2 of the entries */
#define NV_RAMFC_HCE_CTRL			0x0e4
#define NV_RAMFC_HCE_CTRL_PRIV_MODE		NV_BIT(5)
#define NV_RAMFC_CONFIG				0x0f4
#define NV_RAMFC_CONFIG_AUTH_LEVEL		NV_BIT(8)
#define NV_RAMFC_CONFIG_USERD_WRITEBACK		NV_BIT(12)
#define NV_RAMFC_SET_CHANNEL_INFO		0x0fc
#define NV_INST_PDB_LO				0x200
#define NV_INST_PDB_LO_TARGET			NV_BITS(1, 0)	/* 1: none */
#define NV_INST_PDB_LO_VOL			NV_BIT(2)
#define NV_INST_PDB_LO_VER2			NV_BIT(10)
#define NV_INST_PDB_LO_BIG_PAGE_64K		NV_BIT(11)
#define NV_INST_PDB_LO_ADDR			NV_BITS(31, 12)	/* in place */
#define NV_INST_PDB_HI				0x204

/* PBDMA exceptions: bit numbers of PBDMA_INTR_0, and of INTR_1 plus 32. */
#define NV_PBDMA_GPFIFO				13
#define NV_PBDMA_GPPTR				14
#define NV_PBDMA_GPENTRY			15
#define NV_PBDMA_PBPTR				17
#define NV_PBDMA_PBENTRY			18
#define NV_PBDMA_METHOD				21
#define NV_PBDMA_DEVICE				23
#define NV_PBDMA_ENG_RESET			24
#define NV_PBDMA_SEMAPHORE			25
#define NV_PBDMA_ACQUIRE			26
#define NV_PBDMA_PBSEG				30
#define NV_PBDMA_SIGNATURE			31
#define NV_PBDMA_HCE_RE_ILLEGAL_OP		32
#define NV_PBDMA_HCE_RE_ALIGNB			33
#define NV_PBDMA_HCE_PRIV			34
#define NV_PBDMA_HCE_ILLEGAL_MTHD		35
#define NV_PBDMA_HCE_ILLEGAL_CLASS		36

#endif /* NV_HOST_H */
