/* SPDX-License-Identifier: MIT */
/*
 * The virtual-function region: interrupt tree, mailboxes, fault buffers, TLB
 * invalidate and the usermode page. BAR0 offsets (region base included).
 * Source: OGD dev_vm.ref.txt, dev_usermode.ref.txt, dev_ctrl.ref.txt,
 * pri_mmu_hub.ref.txt.
 */
#ifndef NV_VF_H
#define NV_VF_H

#include "nv_bits.h"

#define NV_VF_BASE				0xb80000
#define NV_VF_SIZE				0x040000

/* Interrupt tree: vector -> leaf vector / 32, bit vector % 32; leaf -> subtree leaf / 2. */
#define NV_VF_INTR_LEAF(i)			(0xb81000 + (i) * 4)	/* write 1 clears */
#define NV_VF_INTR_LEAF_EN_SET(i)		(0xb81200 + (i) * 4)
#define NV_VF_INTR_LEAF_EN_CLEAR(i)		(0xb81400 + (i) * 4)
#define NV_VF_INTR_TOP				0xb81600		/* read only */
#define NV_VF_INTR_TOP_EN_SET			0xb81608
#define NV_VF_INTR_TOP_EN_CLEAR			0xb81610
#define NV_VF_INTR_LEAF_TRIGGER			0xb81640
#define NV_VF_INTR_LEAF_TRIGGER_VECTOR		NV_BITS(11, 0)
#define NV_VF_INTR_LEAVES			8u
#define NV_VF_INTR_VECTORS			(NV_VF_INTR_LEAVES * 32)
#define NV_VF_INTR_SUBTREES			(NV_VF_INTR_LEAVES / 2)
#define NV_VF_INTR_TOP_MASK			NV_BITS(3, 0)

/* Vectors. The engine's number added to the two bases is inferred, not published. */
#define NV_VECTOR_ENGINE_NONSTALL(engine)	(0 + (engine))
#define NV_VECTOR_SW_NONSTALL			31
#define NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY	132
#define NV_VECTOR_MMU_NONREPLAYABLE_ERROR	133
#define NV_VECTOR_MMU_INFO_FAULT		134
#define NV_VECTOR_PFIFO_0			136
#define NV_VECTOR_PTIMER			148
#define NV_VECTOR_GSP				155
#define NV_VECTOR_ENGINE_STALL(engine)		(192 + (engine))

/* 16 scratch registers; their use by the firmware protocol is in abi/nova_fw.h. */
#define NV_VF_MAILBOX(i)			(0xb82100 + (i) * 4)
#define NV_VF_MAILBOXES				16u

/* MMU fault buffers: index 0 is non-replayable, 1 replayable. */
#define NV_VF_FAULT_BUFFER_LO(i)		(0xb83000 + (i) * 32)
#define NV_VF_FAULT_BUFFER_LO_ADDR_MODE		NV_BIT(0)	/* 1 physical */
#define NV_VF_FAULT_BUFFER_LO_APERTURE		NV_BITS(2, 1)	/* 0 local, 2/3 (non-)coherent */
#define NV_VF_FAULT_BUFFER_LO_VOL		NV_BIT(3)
#define NV_VF_FAULT_BUFFER_LO_ADDR		NV_BITS(31, 12)
#define NV_VF_FAULT_BUFFER_HI(i)		(0xb83004 + (i) * 32)
#define NV_VF_FAULT_BUFFER_GET(i)		(0xb83008 + (i) * 32)
#define NV_VF_FAULT_BUFFER_PTR			NV_BITS(19, 0)
#define NV_VF_FAULT_BUFFER_GETPTR_CORRUPTED	NV_BIT(30)	/* in GET, write 1 clears */
#define NV_VF_FAULT_BUFFER_OVERFLOW		NV_BIT(31)	/* in GET, write 1 clears */
#define NV_VF_FAULT_BUFFER_PUT(i)		(0xb8300c + (i) * 32)
#define NV_VF_FAULT_BUFFER_SIZE(i)		(0xb83010 + (i) * 32)
#define NV_VF_FAULT_BUFFER_SIZE_VAL		NV_BITS(19, 0)
#define NV_VF_FAULT_BUFFER_SIZE_OVERFLOW_INTR	NV_BIT(29)
#define NV_VF_FAULT_BUFFER_SIZE_SET_DEFAULT	NV_BIT(30)
#define NV_VF_FAULT_BUFFER_SIZE_ENABLE		NV_BIT(31)
#define NV_VF_FAULT_BUFFERS			2u

/* Fault information registers: the first fault since VALID was cleared. */
#define NV_VF_FAULT_ADDR_LO			0xb83080
#define NV_VF_FAULT_ADDR_LO_APERTURE		NV_BITS(1, 0)
#define NV_VF_FAULT_ADDR_LO_ADDR		NV_BITS(31, 12)
#define NV_VF_FAULT_ADDR_HI			0xb83084
#define NV_VF_FAULT_INST_LO			0xb83088
#define NV_VF_FAULT_INST_LO_ENGINE_ID		NV_BITS(8, 0)
#define NV_VF_FAULT_INST_LO_APERTURE		NV_BITS(11, 10)
#define NV_VF_FAULT_INST_LO_ADDR		NV_BITS(31, 12)
#define NV_VF_FAULT_INST_HI			0xb8308c
#define NV_VF_FAULT_INFO			0xb83090	/* layout of fault packet dword 7 */
#define NV_VF_FAULT_STATUS			0xb83094
#define NV_VF_FAULT_STATUS_NON_REPLAYABLE		NV_BIT(9)
#define NV_VF_FAULT_STATUS_NON_REPLAYABLE_OVERFLOW	NV_BIT(13)
#define NV_VF_FAULT_STATUS_VALID			NV_BIT(31)	/* write 1 clears */

/* TLB invalidate: write PDB, UPPER_PDB, then INVALIDATE with TRIGGER; poll TRIGGER. */
#define NV_VF_INVALIDATE_PDB			0xb830a0
#define NV_VF_INVALIDATE_PDB_APERTURE		NV_BIT(1)	/* 0 video, 1 system */
#define NV_VF_INVALIDATE_PDB_ADDR		NV_BITS(31, 4)	/* address >> 12 */
#define NV_VF_INVALIDATE_UPPER_PDB		0xb830a4
#define NV_VF_INVALIDATE_UPPER_PDB_ADDR		NV_BITS(19, 0)	/* address >> 40 */
#define NV_VF_INVALIDATE			0xb830b0
#define NV_VF_INVALIDATE_ALL_VA			NV_BIT(0)
#define NV_VF_INVALIDATE_ALL_PDB		NV_BIT(1)
#define NV_VF_INVALIDATE_HUBTLB_ONLY		NV_BIT(2)
#define NV_VF_INVALIDATE_SYS_MEMBAR		NV_BIT(6)
#define NV_VF_INVALIDATE_ACK			NV_BITS(8, 7)
#define NV_VF_INVALIDATE_CACHE_LEVEL		NV_BITS(26, 24)
#define NV_VF_INVALIDATE_TRIGGER		NV_BIT(31)	/* reads 1 while busy */

/* Usermode page (class C461): 64 KiB at two BAR0 addresses. */
#define NV_USERMODE				0xbb0000
#define NV_USERMODE_ALIAS			0x810000
#define NV_USERMODE_SIZE			0x010000
#define NV_USERMODE_CFG0			0x0000		/* offsets in the page */
#define NV_USERMODE_CFG0_CLASS_ID		NV_BITS(15, 0)
#define NV_USERMODE_CLASS			0xc461u
#define NV_USERMODE_TIME_0			0x0080
#define NV_USERMODE_TIME_1			0x0084
#define NV_USERMODE_DOORBELL			0x0090		/* write only */
#define NV_USERMODE_DOORBELL_CHID		NV_BITS(11, 0)
#define NV_USERMODE_DOORBELL_RUNLIST		NV_BITS(22, 16)
#define NV_USERMODE_DOORBELL_RUNLIST_ALL	15u

/* NV_CTRL: bit 31 of VIRTUAL_CHANNEL_CFG(0) must be set before doorbells work. */
#define NV_CTRL_VIRTUAL_CHANNEL_CFG(i)		(0xb65000 + (i) * 4)
#define NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE	NV_BIT(31)

#endif /* NV_VF_H */
