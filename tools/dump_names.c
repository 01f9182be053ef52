// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#include "dump_names.h"
#include "nova_drm.h"
#include "nova_dump.h"
#include "regs/nv_ce.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"
#include "regs/nv_pmc.h"
#include "regs/nv_timer.h"
#include "regs/nv_twod.h"
#include "regs/nv_vf.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* What is at a number: a register, an error code. */
struct name {
	uint32_t number;
	const char *name;
};

static const char *find(const struct name *names, size_t count, uint32_t number, const char *otherwise)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].number == number)
			return names[i].name;
	return otherwise;
}

#define FIND(names, number, otherwise)	find(names, COUNT(names), number, otherwise)

/* --- registers --- */

static const struct name registers[] = {
	{ NV_PMC_BOOT_0, "PMC_BOOT_0" },
	{ NV_PMC_BOOT_1, "PMC_BOOT_1" },
	{ NV_PMC_BOOT_2, "PMC_BOOT_2" },
	{ NV_PMC_BOOT_42, "PMC_BOOT_42" },
	{ NV_PTIMER_INTR_0, "PTIMER_INTR_0" },
	{ NV_PTIMER_INTR_EN_0, "PTIMER_INTR_EN_0" },
	{ NV_PTIMER_TIME_0, "PTIMER_TIME_0" },
	{ NV_PTIMER_TIME_1, "PTIMER_TIME_1" },
	{ NV_PTIMER_ALARM_0, "PTIMER_ALARM_0" },
	{ NV_CTRL_VIRTUAL_CHANNEL_CFG(0), "CTRL_VIRTUAL_CHANNEL_CFG(0)" },
	{ NV_VF_INTR_TOP, "VF_INTR_TOP" },
	{ NV_VF_INTR_TOP_EN_SET, "VF_INTR_TOP_EN_SET" },
	{ NV_VF_FAULT_BUFFER_LO(0), "VF_FAULT_BUFFER_LO(0)" },
	{ NV_VF_FAULT_BUFFER_HI(0), "VF_FAULT_BUFFER_HI(0)" },
	{ NV_VF_FAULT_BUFFER_GET(0), "VF_FAULT_BUFFER_GET(0)" },
	{ NV_VF_FAULT_BUFFER_PUT(0), "VF_FAULT_BUFFER_PUT(0)" },
	{ NV_VF_FAULT_BUFFER_SIZE(0), "VF_FAULT_BUFFER_SIZE(0)" },
	{ NV_VF_FAULT_ADDR_LO, "VF_FAULT_ADDR_LO" },
	{ NV_VF_FAULT_ADDR_HI, "VF_FAULT_ADDR_HI" },
	{ NV_VF_FAULT_INST_LO, "VF_FAULT_INST_LO" },
	{ NV_VF_FAULT_INST_HI, "VF_FAULT_INST_HI" },
	{ NV_VF_FAULT_INFO, "VF_FAULT_INFO" },
	{ NV_VF_FAULT_STATUS, "VF_FAULT_STATUS" },
	{ NV_VF_INVALIDATE_PDB, "VF_INVALIDATE_PDB" },
	{ NV_VF_INVALIDATE_UPPER_PDB, "VF_INVALIDATE_UPPER_PDB" },
	{ NV_VF_INVALIDATE, "VF_INVALIDATE" },
};

/* Arrays of registers, 4 bytes apart. */
static const struct {
	uint32_t first;
	uint32_t count;
	const char *name;
} register_arrays[] = {
	{ NV_VF_INTR_LEAF(0), NV_VF_INTR_LEAVES, "VF_INTR_LEAF" },
	{ NV_VF_INTR_LEAF_EN_SET(0), NV_VF_INTR_LEAVES, "VF_INTR_LEAF_EN_SET" },
	{ NV_VF_MAILBOX(0), NV_VF_MAILBOXES, "VF_MAILBOX" },
};

const char *dump_register_name(uint32_t offset, char buffer[32])
{
	for (size_t i = 0; i < COUNT(register_arrays); i++) {
		uint32_t at = offset - register_arrays[i].first;

		if (offset >= register_arrays[i].first && at / 4 < register_arrays[i].count && at % 4 == 0) {
			snprintf(buffer, 32, "%s(%" PRIu32 ")", register_arrays[i].name, at / 4);
			return buffer;
		}
	}
	return FIND(registers, offset, "");
}

const char *dump_ramfc_name(uint32_t offset)
{
	static const struct name names[] = {
		{ NV_RAMFC_GP_PUT, "GP_PUT" },
		{ NV_RAMFC_USERD, "USERD" },
		{ NV_RAMFC_USERD_HI, "USERD_HI" },
		{ NV_RAMFC_SIGNATURE, "SIGNATURE" },
		{ NV_RAMFC_GP_GET, "GP_GET" },
		{ NV_RAMFC_REF, "REF" },
		{ NV_RAMFC_ACQUIRE, "ACQUIRE" },
		{ NV_RAMFC_GP_BASE, "GP_BASE" },
		{ NV_RAMFC_GP_BASE_HI, "GP_BASE_HI" },
		{ NV_RAMFC_HCE_CTRL, "HCE_CTRL" },
		{ NV_RAMFC_CONFIG, "CONFIG" },
		{ NV_RAMFC_SET_CHANNEL_INFO, "SET_CHANNEL_INFO" },
		{ NV_INST_PDB_LO, "PAGE_DIR_BASE_LO" },
		{ NV_INST_PDB_HI, "PAGE_DIR_BASE_HI" },
	};

	return FIND(names, offset, "");
}

const char *dump_userd_name(uint32_t offset)
{
	static const struct name names[] = {
		{ NV_USERD_PUT, "PUT" },
		{ NV_USERD_GET, "GET" },
		{ NV_USERD_REF, "REF" },
		{ NV_USERD_PUT_HI, "PUT_HI" },
		{ NV_USERD_TOP_LEVEL_GET, "TOP_LEVEL_GET" },
		{ NV_USERD_TOP_LEVEL_GET_HI, "TOP_LEVEL_GET_HI" },
		{ NV_USERD_GET_HI, "GET_HI" },
		{ NV_USERD_GP_GET, "GP_GET" },
		{ NV_USERD_GP_PUT, "GP_PUT" },
	};

	return FIND(names, offset, "");
}

/* --- errors --- */

const char *dump_error_name(uint32_t code)
{
	static const struct name names[] = {
		{ NV_ERROR_GR_EXCEPTION, "engine exception" },
		{ NV_ERROR_MMU_FAULT, "MMU fault" },
		{ NV_ERROR_PBDMA, "push buffer" },
		{ NV_ERROR_CE0, "copy engine 0" },
		{ NV_ERROR_CE1, "copy engine 1" },
		{ NV_ERROR_CE2, "copy engine 2" },
		{ NV_ERROR_RESETCHANNEL, "timeout" },
		{ NV_ERROR_PREEMPTIVE_REMOVAL, "preemptive removal" },
		{ NV_ERROR_GR_CLASS, "class" },
		{ NV_ERROR_CE3, "copy engine 3" },
		{ NV_ERROR_FALLEN_OFF_BUS, "fallen off the bus" },
	};

	return FIND(names, code, "unknown");
}

static bool is_copy_engine(uint32_t code)
{
	return (code >= NV_ERROR_CE0 && code <= NV_ERROR_CE2) || code == NV_ERROR_CE3;
}

const char *dump_exception_name(uint32_t code, uint32_t exception)
{
	static const struct name pbdma[] = {
		{ NV_PBDMA_GPFIFO, "GPFIFO" },
		{ NV_PBDMA_GPPTR, "GPPTR" },
		{ NV_PBDMA_GPENTRY, "GPENTRY" },
		{ NV_PBDMA_PBPTR, "PBPTR" },
		{ NV_PBDMA_PBENTRY, "PBENTRY" },
		{ NV_PBDMA_METHOD, "METHOD" },
		{ NV_PBDMA_DEVICE, "DEVICE" },
		{ NV_PBDMA_ENG_RESET, "ENG_RESET" },
		{ NV_PBDMA_SEMAPHORE, "SEMAPHORE" },
		{ NV_PBDMA_ACQUIRE, "ACQUIRE" },
		{ NV_PBDMA_PBSEG, "PBSEG" },
		{ NV_PBDMA_SIGNATURE, "SIGNATURE" },
		{ NV_PBDMA_HCE_RE_ILLEGAL_OP, "HCE_RE_ILLEGAL_OP" },
		{ NV_PBDMA_HCE_RE_ALIGNB, "HCE_RE_ALIGNB" },
		{ NV_PBDMA_HCE_PRIV, "HCE_PRIV" },
		{ NV_PBDMA_HCE_ILLEGAL_MTHD, "HCE_ILLEGAL_MTHD" },
		{ NV_PBDMA_HCE_ILLEGAL_CLASS, "HCE_ILLEGAL_CLASS" },
	};
	static const struct name launch[] = {
		{ NV_CE_LAUNCHERR_NONE, "NONE" },
		{ NV_CE_LAUNCHERR_2D_LAYER_EXCEEDS_DEPTH, "2D_LAYER_EXCEEDS_DEPTH" },
		{ NV_CE_LAUNCHERR_INVALID_ALIGNMENT, "INVALID_ALIGNMENT" },
		{ NV_CE_LAUNCHERR_RECT_OUT_OF_BOUNDS, "2D_RECT_OUT_OF_BOUNDS" },
		{ NV_CE_LAUNCHERR_SRC_LINE_EXCEEDS_PITCH, "SRC_LINE_EXCEEDS_PITCH" },
		{ NV_CE_LAUNCHERR_SRC_LINE_EXCEEDS_NEG_PITCH, "SRC_LINE_EXCEEDS_NEG_PITCH" },
		{ NV_CE_LAUNCHERR_DST_LINE_EXCEEDS_PITCH, "DST_LINE_EXCEEDS_PITCH" },
		{ NV_CE_LAUNCHERR_DST_LINE_EXCEEDS_NEG_PITCH, "DST_LINE_EXCEEDS_NEG_PITCH" },
		{ NV_CE_LAUNCHERR_BAD_SRC_PIXEL_COMP_REF, "BAD_SRC_PIXEL_COMP_REF" },
		{ NV_CE_LAUNCHERR_INVALID_VALUE, "INVALID_VALUE" },
		{ NV_CE_LAUNCHERR_INVALID_UNUSED_FIELD, "INVALID_UNUSED_FIELD" },
		{ NV_CE_LAUNCHERR_INVALID_OPERATION, "INVALID_OPERATION" },
		{ NV_CE_LAUNCHERR_NO_RESOURCES, "NO_RESOURCES" },
		{ NV_CE_LAUNCHERR_INVALID_CONFIG, "INVALID_CONFIG" },
	};

	static const struct name twod[] = {
		{ NV_902D_ERROR_ILLEGAL_CLASS, "ILLEGAL_CLASS" },
		{ NV_902D_ERROR_ILLEGAL_METHOD, "ILLEGAL_METHOD" },
		{ NV_902D_ERROR_UNSUPPORTED, "UNSUPPORTED" },
		{ NV_902D_ERROR_INVALID_VALUE, "INVALID_VALUE" },
		{ NV_902D_ERROR_INVALID_ALIGNMENT, "INVALID_ALIGNMENT" },
		{ NV_902D_ERROR_INVALID_FORMAT, "INVALID_FORMAT" },
		{ NV_902D_ERROR_LINE_EXCEEDS_PITCH, "LINE_EXCEEDS_PITCH" },
		{ NV_902D_ERROR_LAYER_EXCEEDS_DEPTH, "LAYER_EXCEEDS_DEPTH" },
		{ NV_902D_ERROR_INVALID_STATE, "INVALID_STATE" },
	};

	if (code == NV_ERROR_PBDMA)
		return FIND(pbdma, exception, "unknown");
	if (code == NV_ERROR_GR_CLASS || code == NV_ERROR_GR_EXCEPTION)
		return FIND(twod, exception, "unknown");
	return is_copy_engine(code) ? FIND(launch, exception, "unknown") : "unknown";
}

const char *dump_fault_type_name(uint32_t type)
{
	static const struct name names[] = {
		{ NV_FAULT_TYPE_PDE, "PDE" },
		{ NV_FAULT_TYPE_PDE_SIZE, "PDE_SIZE" },
		{ NV_FAULT_TYPE_PTE, "PTE" },
		{ NV_FAULT_TYPE_VA_LIMIT, "VA_LIMIT_VIOLATION" },
		{ NV_FAULT_TYPE_UNBOUND_INST, "UNBOUND_INST_BLOCK" },
		{ NV_FAULT_TYPE_PRIV, "PRIV_VIOLATION" },
		{ NV_FAULT_TYPE_RO, "RO_VIOLATION" },
		{ NV_FAULT_TYPE_WO, "WO_VIOLATION" },
		{ NV_FAULT_TYPE_WORK_CREATION, "WORK_CREATION" },
		{ NV_FAULT_TYPE_UNSUPPORTED_APERTURE, "UNSUPPORTED_APERTURE" },
		{ NV_FAULT_TYPE_UNSUPPORTED_KIND, "UNSUPPORTED_KIND" },
		{ NV_FAULT_TYPE_REGION, "REGION_VIOLATION" },
		{ NV_FAULT_TYPE_POISONED, "POISONED" },
		{ NV_FAULT_TYPE_ATOMIC, "ATOMIC_VIOLATION" },
	};

	return FIND(names, type, "unknown");
}

const char *dump_fault_access_name(uint32_t access)
{
	static const struct name names[] = {
		{ NV_FAULT_ACCESS_READ, "read" },
		{ NV_FAULT_ACCESS_WRITE, "write" },
		{ NV_FAULT_ACCESS_ATOMIC, "atomic" },
		{ NV_FAULT_ACCESS_PREFETCH, "prefetch" },
	};

	return FIND(names, access, "unknown");
}

void dump_print_state(FILE *out, uint32_t flags)
{
	static const struct name names[] = {
		{ DRM_NOVA_QUEUE_STATE_GUILTY, "GUILTY" },
		{ DRM_NOVA_QUEUE_STATE_INNOCENT, "INNOCENT" },
		{ DRM_NOVA_QUEUE_STATE_TIMEDOUT, "TIMEDOUT" },
		{ DRM_NOVA_QUEUE_STATE_LOST, "LOST" },
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		if (flags & names[i].number)
			fprintf(out, " %s", names[i].name);
		flags &= ~names[i].number;
	}
	if (flags)
		fprintf(out, " %#" PRIx32, flags);
}

/* --- page tables --- */

static void print_pte(FILE *out, uint64_t pte)
{
	static const char *const apertures[] = { "video", "peer", "coherent", "non-coherent" };
	uint64_t aperture = NV_GET(NV_MMU_PTE_APERTURE, pte);
	uint64_t address = aperture == NV_MMU_PTE_APERTURE_VIDEO ? NV_GET(NV_MMU_PTE_ADDR_VID, pte) :
								   NV_GET(NV_MMU_PTE_ADDR_SYS, pte);

	if (!(pte & NV_MMU_PTE_VALID)) {
		fputs(pte & NV_MMU_PTE_VOL ? "sparse" : "not valid", out);
		return;
	}
	fprintf(out, "page, %s %#" PRIx64 ", kind %#" PRIx64 "%s%s%s", apertures[aperture], address << 12,
		(uint64_t)NV_GET(NV_MMU_PTE_KIND, pte), pte & NV_MMU_PTE_READ_ONLY ? ", read only" : "",
		pte & NV_MMU_PTE_PRIVILEGE ? ", privileged" : "", pte & NV_MMU_PTE_VOL ? ", volatile" : "");
}

static void print_pde(FILE *out, uint64_t pde)
{
	static const char *const apertures[] = { "", "video", "coherent", "non-coherent" };
	uint64_t aperture = NV_GET(NV_MMU_PDE_APERTURE, pde);
	uint64_t address = aperture == NV_MMU_PDE_APERTURE_VIDEO ? NV_GET(NV_MMU_PDE_ADDR_VID, pde) :
								   NV_GET(NV_MMU_PDE_ADDR_SYS, pde);

	if (aperture == NV_MMU_PDE_APERTURE_INVALID)
		fputs(pde & NV_MMU_PDE_VOL ? "sparse" : "no table", out);
	else
		fprintf(out, "table, %s %#" PRIx64, apertures[aperture], address << 12);
}

/* The table of 64 KiB pages begins at a multiple of 256. */
static void print_big_pde(FILE *out, uint64_t pde)
{
	uint64_t aperture = NV_GET(NV_MMU_PDE_APERTURE, pde);
	uint64_t address = aperture == NV_MMU_PDE_APERTURE_VIDEO ? NV_GET(NV_MMU_PDE0_BIG_ADDR_VID, pde) :
								   NV_GET(NV_MMU_PDE0_BIG_ADDR_SYS, pde);

	if (aperture == NV_MMU_PDE_APERTURE_INVALID)
		print_pde(out, pde);
	else
		fprintf(out, "table at %#" PRIx64, address << 8);
}

void dump_print_entry(FILE *out, uint32_t level, const uint64_t entry[2])
{
	if (level == 0) {
		print_pte(out, entry[0]);
	} else if (level == NOVA_DUMP_LEVEL_64K && !entry[0]) {
		fputs("no page of 64 KiB", out);
	} else if (level == NOVA_DUMP_LEVEL_64K) {
		fputs("64 KiB ", out);
		print_pte(out, entry[0]);
	} else if (level == 1 && (entry[0] & NV_MMU_PTE_VALID)) {
		fputs("2 MiB ", out);
		print_pte(out, entry[0]);
	} else if (level == 1) {
		fputs("64 KiB: ", out);
		print_big_pde(out, entry[0]);
		fputs("; 4 KiB: ", out);
		print_pde(out, entry[1]);
	} else {
		print_pde(out, entry[0]);
	}
}
