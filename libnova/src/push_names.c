// SPDX-License-Identifier: MIT
/* Host class C46F and copy class C5B5, as far as regs/ has them; both tables are in the order of the methods. */
#include "push_names.h"

#include "regs/nv_ce.h"
#include "regs/nv_host.h"
#include "regs/nv_twod.h"

#define COUNT(array)		(sizeof(array) / sizeof((array)[0]))
#define FIELD(name, mask)	{ name, mask, NULL, 0 }
#define CHOICE(name, mask, values)	{ name, mask, values, COUNT(values) }
#define END			{ NULL, 0, NULL, 0 }

/* --- Host --- */

static const char *const sem_operations[] = {
	[NV_C46F_SEM_OP_ACQUIRE] = "ACQUIRE",
	[NV_C46F_SEM_OP_RELEASE] = "RELEASE",
	[NV_C46F_SEM_OP_ACQ_STRICT_GEQ] = "ACQ_STRICT_GEQ",
	[NV_C46F_SEM_OP_ACQ_CIRC_GEQ] = "ACQ_CIRC_GEQ",
	[NV_C46F_SEM_OP_ACQ_AND] = "ACQ_AND",
	[NV_C46F_SEM_OP_ACQ_NOR] = "ACQ_NOR",
	[NV_C46F_SEM_OP_REDUCTION] = "REDUCTION",
};

static const char *const sem_reductions[] = {
	[NV_C46F_SEM_REDUCTION_IMIN] = "IMIN",
	[NV_C46F_SEM_REDUCTION_IMAX] = "IMAX",
	[NV_C46F_SEM_REDUCTION_IXOR] = "IXOR",
	[NV_C46F_SEM_REDUCTION_IAND] = "IAND",
	[NV_C46F_SEM_REDUCTION_IOR] = "IOR",
	[NV_C46F_SEM_REDUCTION_IADD] = "IADD",
	[NV_C46F_SEM_REDUCTION_INC] = "INC",
	[NV_C46F_SEM_REDUCTION_DEC] = "DEC",
};

static const char *const mem_operations[] = {
	[NV_C46F_MEM_OP_D_MEMBAR] = "MEMBAR",
	[NV_C46F_MEM_OP_D_TLB_INVALIDATE] = "TLB_INVALIDATE",
	[NV_C46F_MEM_OP_D_TLB_INVALIDATE_TARGETED] = "TLB_INVALIDATE_TARGETED",
	[NV_C46F_MEM_OP_D_L2_PEERMEM_INVALIDATE] = "L2_PEERMEM_INVALIDATE",
	[NV_C46F_MEM_OP_D_L2_SYSMEM_INVALIDATE] = "L2_SYSMEM_INVALIDATE",
	[NV_C46F_MEM_OP_D_L2_FLUSH_DIRTY] = "L2_FLUSH_DIRTY",
	[NV_C46F_MEM_OP_D_L2_WAIT_SYS_READS] = "L2_WAIT_SYS_READS",
};

static const char *const yield_operations[] = {
	[NV_C46F_YIELD_NOP] = "NOP",
	[NV_C46F_YIELD_RUNLIST_TIMESLICE] = "RUNLIST_TIMESLICE",
	[NV_C46F_YIELD_TSG] = "TSG",
};

static const struct push_field set_object_fields[] = {
	FIELD("NVCLASS", NV_C46F_SET_OBJECT_NVCLASS),
	FIELD("ENGINE", NV_C46F_SET_OBJECT_ENGINE),
	END,
};

static const struct push_field sem_execute_fields[] = {
	CHOICE("OPERATION", NV_C46F_SEM_EXECUTE_OPERATION, sem_operations),
	FIELD("ACQUIRE_SWITCH_TSG", NV_C46F_SEM_EXECUTE_SWITCH_TSG),
	FIELD("RELEASE_WFI", NV_C46F_SEM_EXECUTE_RELEASE_WFI),
	FIELD("PAYLOAD_64BIT", NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT),
	FIELD("RELEASE_TIMESTAMP", NV_C46F_SEM_EXECUTE_TIMESTAMP),
	CHOICE("REDUCTION", NV_C46F_SEM_EXECUTE_REDUCTION, sem_reductions),
	FIELD("REDUCTION_UNSIGNED", NV_C46F_SEM_EXECUTE_UNSIGNED),
	END,
};

static const struct push_field mem_op_d_fields[] = {
	CHOICE("OPERATION", NV_C46F_MEM_OP_D_OPERATION, mem_operations),
	END,
};

static const struct push_field wfi_fields[] = {
	FIELD("SCOPE_ALL", NV_C46F_WFI_SCOPE_ALL),
	END,
};

static const struct push_field yield_fields[] = {
	CHOICE("OP", NV_C46F_YIELD_OP, yield_operations),
	END,
};

static const struct push_method_info host_methods[] = {
	{ NV_C46F_SET_OBJECT, "SET_OBJECT", set_object_fields },
	{ NV_C46F_ILLEGAL, "ILLEGAL", NULL },
	{ NV_C46F_NOP, "NOP", NULL },
	{ NV_C46F_NON_STALL_INTERRUPT, "NON_STALL_INTERRUPT", NULL },
	{ NV_C46F_MEM_OP_A, "MEM_OP_A", NULL },
	{ NV_C46F_MEM_OP_B, "MEM_OP_B", NULL },
	{ NV_C46F_MEM_OP_C, "MEM_OP_C", NULL },
	{ NV_C46F_MEM_OP_D, "MEM_OP_D", mem_op_d_fields },
	{ NV_C46F_SET_REFERENCE, "SET_REFERENCE", NULL },
	{ NV_C46F_SEM_ADDR_LO, "SEM_ADDR_LO", NULL },
	{ NV_C46F_SEM_ADDR_HI, "SEM_ADDR_HI", NULL },
	{ NV_C46F_SEM_PAYLOAD_LO, "SEM_PAYLOAD_LO", NULL },
	{ NV_C46F_SEM_PAYLOAD_HI, "SEM_PAYLOAD_HI", NULL },
	{ NV_C46F_SEM_EXECUTE, "SEM_EXECUTE", sem_execute_fields },
	{ NV_C46F_WFI, "WFI", wfi_fields },
	{ NV_C46F_YIELD, "YIELD", yield_fields },
};

/* --- copy engine --- */

static const char *const transfers[] = {
	[NV_C5B5_LAUNCH_TRANSFER_NONE] = "NONE",
	[NV_C5B5_LAUNCH_TRANSFER_PIPELINED] = "PIPELINED",
	[NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED] = "NON_PIPELINED",
};

static const char *const semaphores[] = {
	[NV_C5B5_LAUNCH_SEMAPHORE_NONE] = "NONE",
	[NV_C5B5_LAUNCH_SEMAPHORE_ONE_WORD] = "ONE_WORD",
	[NV_C5B5_LAUNCH_SEMAPHORE_FOUR_WORD] = "FOUR_WORD",
	[NV_C5B5_LAUNCH_SEMAPHORE_CONDITIONAL] = "CONDITIONAL",
};

static const char *const interrupts[] = {
	[NV_C5B5_LAUNCH_INTERRUPT_NONE] = "NONE",
	[NV_C5B5_LAUNCH_INTERRUPT_BLOCKING] = "BLOCKING",
	[NV_C5B5_LAUNCH_INTERRUPT_NON_BLOCKING] = "NON_BLOCKING",
};

static const char *const remap_sources[] = {
	[NV_C5B5_REMAP_SRC_X] = "SRC_X",
	[NV_C5B5_REMAP_SRC_Y] = "SRC_Y",
	[NV_C5B5_REMAP_SRC_Z] = "SRC_Z",
	[NV_C5B5_REMAP_SRC_W] = "SRC_W",
	[NV_C5B5_REMAP_CONST_A] = "CONST_A",
	[NV_C5B5_REMAP_CONST_B] = "CONST_B",
	[NV_C5B5_REMAP_NO_WRITE] = "NO_WRITE",
};

static const struct push_field launch_fields[] = {
	CHOICE("DATA_TRANSFER_TYPE", NV_C5B5_LAUNCH_TRANSFER, transfers),
	FIELD("FLUSH_ENABLE", NV_C5B5_LAUNCH_FLUSH),
	CHOICE("SEMAPHORE_TYPE", NV_C5B5_LAUNCH_SEMAPHORE, semaphores),
	CHOICE("INTERRUPT_TYPE", NV_C5B5_LAUNCH_INTERRUPT, interrupts),
	FIELD("SRC_PITCH", NV_C5B5_LAUNCH_SRC_PITCH),
	FIELD("DST_PITCH", NV_C5B5_LAUNCH_DST_PITCH),
	FIELD("MULTI_LINE_ENABLE", NV_C5B5_LAUNCH_MULTI_LINE),
	FIELD("REMAP_ENABLE", NV_C5B5_LAUNCH_REMAP),
	FIELD("FORCE_RMWDISABLE", NV_C5B5_LAUNCH_FORCE_RMWDISABLE),
	FIELD("SRC_PHYSICAL", NV_C5B5_LAUNCH_SRC_PHYSICAL),
	FIELD("DST_PHYSICAL", NV_C5B5_LAUNCH_DST_PHYSICAL),
	FIELD("SEMAPHORE_REDUCTION", NV_C5B5_LAUNCH_REDUCTION),
	FIELD("SEMAPHORE_REDUCTION_UNSIGNED", NV_C5B5_LAUNCH_REDUCTION_UNSIGNED),
	FIELD("SEMAPHORE_REDUCTION_ENABLE", NV_C5B5_LAUNCH_REDUCTION_ENABLE),
	FIELD("SRC_BYPASS_L2", NV_C5B5_LAUNCH_SRC_BYPASS_L2),
	FIELD("DST_BYPASS_L2", NV_C5B5_LAUNCH_DST_BYPASS_L2),
	FIELD("VPRMODE", NV_C5B5_LAUNCH_VPRMODE),
	FIELD("FLUSH_TYPE_GL", NV_C5B5_LAUNCH_FLUSH_TYPE_GL),
	FIELD("DISABLE_PLC", NV_C5B5_LAUNCH_DISABLE_PLC),
	END,
};

static const struct push_field remap_fields[] = {
	CHOICE("DST_X", NV_C5B5_REMAP_DST_X, remap_sources),
	CHOICE("DST_Y", NV_C5B5_REMAP_DST_Y, remap_sources),
	CHOICE("DST_Z", NV_C5B5_REMAP_DST_Z, remap_sources),
	CHOICE("DST_W", NV_C5B5_REMAP_DST_W, remap_sources),
	FIELD("COMPONENT_SIZE", NV_C5B5_REMAP_COMPONENT_SIZE),
	FIELD("NUM_SRC_COMPONENTS", NV_C5B5_REMAP_NUM_SRC),
	FIELD("NUM_DST_COMPONENTS", NV_C5B5_REMAP_NUM_DST),
	END,
};

static const struct push_field block_fields[] = {
	FIELD("WIDTH", NV_C5B5_BLOCK_WIDTH),
	FIELD("HEIGHT", NV_C5B5_BLOCK_HEIGHT),
	FIELD("DEPTH", NV_C5B5_BLOCK_DEPTH),
	FIELD("GOB_HEIGHT", NV_C5B5_BLOCK_GOB_HEIGHT),
	END,
};

static const struct push_field origin_fields[] = {
	FIELD("X", NV_C5B5_ORIGIN_X),
	FIELD("Y", NV_C5B5_ORIGIN_Y),
	END,
};

static const struct push_method_info ce_methods[] = {
	{ NV_C5B5_NOP, "NOP", NULL },
	{ NV_C5B5_PM_TRIGGER, "PM_TRIGGER", NULL },
	{ NV_C5B5_SET_SEMAPHORE_A, "SET_SEMAPHORE_A", NULL },
	{ NV_C5B5_SET_SEMAPHORE_B, "SET_SEMAPHORE_B", NULL },
	{ NV_C5B5_SET_SEMAPHORE_PAYLOAD, "SET_SEMAPHORE_PAYLOAD", NULL },
	{ NV_C5B5_SET_RENDER_ENABLE_A, "SET_RENDER_ENABLE_A", NULL },
	{ NV_C5B5_SET_RENDER_ENABLE_B, "SET_RENDER_ENABLE_B", NULL },
	{ NV_C5B5_SET_RENDER_ENABLE_C, "SET_RENDER_ENABLE_C", NULL },
	{ NV_C5B5_SET_SRC_PHYS_MODE, "SET_SRC_PHYS_MODE", NULL },
	{ NV_C5B5_SET_DST_PHYS_MODE, "SET_DST_PHYS_MODE", NULL },
	{ NV_C5B5_LAUNCH_DMA, "LAUNCH_DMA", launch_fields },
	{ NV_C5B5_OFFSET_IN_UPPER, "OFFSET_IN_UPPER", NULL },
	{ NV_C5B5_OFFSET_IN_LOWER, "OFFSET_IN_LOWER", NULL },
	{ NV_C5B5_OFFSET_OUT_UPPER, "OFFSET_OUT_UPPER", NULL },
	{ NV_C5B5_OFFSET_OUT_LOWER, "OFFSET_OUT_LOWER", NULL },
	{ NV_C5B5_PITCH_IN, "PITCH_IN", NULL },
	{ NV_C5B5_PITCH_OUT, "PITCH_OUT", NULL },
	{ NV_C5B5_LINE_LENGTH_IN, "LINE_LENGTH_IN", NULL },
	{ NV_C5B5_LINE_COUNT, "LINE_COUNT", NULL },
	{ NV_C5B5_SET_REMAP_CONST_A, "SET_REMAP_CONST_A", NULL },
	{ NV_C5B5_SET_REMAP_CONST_B, "SET_REMAP_CONST_B", NULL },
	{ NV_C5B5_SET_REMAP_COMPONENTS, "SET_REMAP_COMPONENTS", remap_fields },
	{ NV_C5B5_SET_DST_BLOCK_SIZE, "SET_DST_BLOCK_SIZE", block_fields },
	{ NV_C5B5_SET_DST_WIDTH, "SET_DST_WIDTH", NULL },
	{ NV_C5B5_SET_DST_HEIGHT, "SET_DST_HEIGHT", NULL },
	{ NV_C5B5_SET_DST_DEPTH, "SET_DST_DEPTH", NULL },
	{ NV_C5B5_SET_DST_LAYER, "SET_DST_LAYER", NULL },
	{ NV_C5B5_SET_DST_ORIGIN, "SET_DST_ORIGIN", origin_fields },
	{ NV_C5B5_SET_SRC_BLOCK_SIZE, "SET_SRC_BLOCK_SIZE", block_fields },
	{ NV_C5B5_SET_SRC_WIDTH, "SET_SRC_WIDTH", NULL },
	{ NV_C5B5_SET_SRC_HEIGHT, "SET_SRC_HEIGHT", NULL },
	{ NV_C5B5_SET_SRC_DEPTH, "SET_SRC_DEPTH", NULL },
	{ NV_C5B5_SET_SRC_LAYER, "SET_SRC_LAYER", NULL },
	{ NV_C5B5_SET_SRC_ORIGIN, "SET_SRC_ORIGIN", origin_fields },
	{ NV_C5B5_SRC_ORIGIN_X, "SRC_ORIGIN_X", NULL },
	{ NV_C5B5_SRC_ORIGIN_Y, "SRC_ORIGIN_Y", NULL },
	{ NV_C5B5_DST_ORIGIN_X, "DST_ORIGIN_X", NULL },
	{ NV_C5B5_DST_ORIGIN_Y, "DST_ORIGIN_Y", NULL },
	{ NV_C5B5_PM_TRIGGER_END, "PM_TRIGGER_END", NULL },
};

static const struct push_method_info *find(const struct push_method_info *methods, size_t count, uint32_t method)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (methods[middle].method == method)
			return &methods[middle];
		if (methods[middle].method < method)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct push_method_info *push_method_find(uint32_t class_id, uint32_t method)
{
	if (method < NV_HOST_METHOD_END)
		return find(host_methods, COUNT(host_methods), method);
	switch (class_id) {
	case NV_CE_CLASS:
		return find(ce_methods, COUNT(ce_methods), method);
	case NV_TWOD_CLASS:
		return find(push_twod_methods, push_twod_method_count, push_twod_first(method));
	default:
		return NULL;
	}
}
