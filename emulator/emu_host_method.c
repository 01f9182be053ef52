// SPDX-License-Identifier: MIT
/* Host methods: semaphores, memory operations, interrupts; errors of a channel. */
#include "emu_fifo.h"
#include "emu_host.h"
#include "emu_sem.h"
#include "regs/nv_ce.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"
#include "regs/nv_twod.h"
#include "regs/nv_vf.h"

#define SUBCHANNEL_SOFTWARE	5u	/* first software sub-channel */
#define ACQUIRE_UNIT_NS		1024u

static uint32_t value(const struct emu_host *host, uint32_t method)
{
	return host->method[method / 4];
}

/* --- errors --- */

enum emu_host_step emu_host_fail(struct emu_host *host, uint32_t exception, uint32_t method,
				 uint32_t data)
{
	host->error = (struct emu_host_error) {
		.code = NV_ERROR_PBDMA,
		.exception = exception,
		.method = method,
		.data = data,
	};
	return EMU_HOST_FAILED;
}

enum emu_host_step emu_host_fail_mmu(struct emu_host *host, bool by_engine,
				     const struct emu_mmu_fault *fault, uint32_t method,
				     uint32_t data)
{
	struct emu_fault_source source = {
		.inst = host->inst,
		.inst_aperture = EMU_VIDEO,
	};

	if (by_engine && host->engine == EMU_GRAPHICS_ENGINE) {
		source.engine_id = NV_FAULT_ENGINE_GRAPHICS;
		source.client = NV_FAULT_CLIENT_HUB_RASTERTWOD;
	} else if (by_engine) {
		source.engine_id = NV_FAULT_ENGINE_CE(host->engine);
		source.client = NV_FAULT_CLIENT_HUB_CE0 + host->engine;
	} else {
		source.engine_id = NV_FAULT_ENGINE_HOST(host->engine);
		source.client = NV_FAULT_CLIENT_HUB_HOST;
	}
	emu_fault_report(host->emu, &source, fault);
	host->error = (struct emu_host_error) {
		.code = NV_ERROR_MMU_FAULT,
		.exception = fault->type,
		.method = method,
		.data = data,
		.address = fault->va,
	};
	return EMU_HOST_FAILED;
}

/* Carry an engine's result over to the channel. */
static enum emu_host_step ce_result(struct emu_host *host, enum emu_ce_result result,
				    uint32_t method, uint32_t data)
{
	host->copying = result == EMU_CE_BUSY;
	switch (result) {
	case EMU_CE_DONE:
	case EMU_CE_BUSY:
		return EMU_HOST_NEXT;
	case EMU_CE_HCE_ERROR:
		return emu_host_fail(host, host->ce.exception, method, data);
	case EMU_CE_FAULT:
		return emu_host_fail_mmu(host, true, &host->ce.fault, method, data);
	case EMU_CE_LAUNCH_ERROR:
		emu_host_fail(host, host->ce.exception, method, data);
		host->error.code = NV_ERROR_CE0 + host->engine;
		return EMU_HOST_FAILED;
	}
	return EMU_HOST_NEXT;
}

static enum emu_host_step twod_fail(struct emu_host *host, uint32_t code, uint32_t exception,
				    uint32_t method, uint32_t data)
{
	emu_host_fail(host, exception, method, data);
	host->error.code = code;
	return EMU_HOST_FAILED;
}

static enum emu_host_step twod_result(struct emu_host *host, enum emu_twod_result result,
				      uint32_t method, uint32_t data)
{
	host->copying = result == EMU_TWOD_BUSY;
	switch (result) {
	case EMU_TWOD_BUSY:
		host->drawing[0] = method;
		host->drawing[1] = data;
		return EMU_HOST_NEXT;
	case EMU_TWOD_DONE:
		return EMU_HOST_NEXT;
	case EMU_TWOD_FAULT:
		return emu_host_fail_mmu(host, true, &host->twod.fault, method, data);
	case EMU_TWOD_ERROR:
		return twod_fail(host, NV_ERROR_GR_EXCEPTION, host->twod.exception, method, data);
	case EMU_TWOD_CLASS_ERROR:
		return twod_fail(host, NV_ERROR_GR_CLASS, host->twod.exception, method, data);
	}
	return EMU_HOST_NEXT;
}

enum emu_host_step emu_host_engine_step(struct emu_host *host)
{
	if (host->engine == EMU_GRAPHICS_ENGINE)
		return twod_result(host, emu_twod_step(&host->twod), host->drawing[0],
				   host->drawing[1]);
	return ce_result(host, emu_ce_step(&host->ce), NV_C5B5_LAUNCH_DMA, host->ce.launch);
}

static enum emu_host_step engine_method(struct emu_host *host, const struct emu_pb_method *method)
{
	uint32_t address = method->address, data = method->data;

	if (host->engine != EMU_GRAPHICS_ENGINE)
		return ce_result(host, emu_ce_method(&host->ce, address, data), address, data);
	if (method->subchannel != NV_SUBCHANNEL_2D)
		return twod_fail(host, NV_ERROR_GR_CLASS, NV_902D_ERROR_ILLEGAL_CLASS, address,
				 data);
	return twod_result(host, emu_twod_method(&host->twod, address, data), address, data);
}

/* --- semaphores --- */

static uint64_t sem_va(const struct emu_host *host)
{
	return (uint64_t)(value(host, NV_C46F_SEM_ADDR_HI) & NV_C46F_SEM_ADDR_HI_OFFSET) << 32 |
	       (value(host, NV_C46F_SEM_ADDR_LO) & NV_C46F_SEM_ADDR_LO_OFFSET);
}

static uint64_t sem_payload(const struct emu_host *host, bool wide)
{
	uint64_t low = value(host, NV_C46F_SEM_PAYLOAD_LO);

	return wide ? (uint64_t)value(host, NV_C46F_SEM_PAYLOAD_HI) << 32 | low : low;
}

static bool acquired(uint32_t op, bool wide, uint64_t sv, uint64_t pv)
{
	uint64_t mask = wide ? ~0ull : 0xffffffffull;

	switch (op) {
	case NV_C46F_SEM_OP_ACQUIRE:
		return sv == pv;
	case NV_C46F_SEM_OP_ACQ_STRICT_GEQ:
		return sv >= pv;
	case NV_C46F_SEM_OP_ACQ_CIRC_GEQ:
		return wide ? (int64_t)(sv - pv) >= 0 : (int32_t)((uint32_t)sv - (uint32_t)pv) >= 0;
	case NV_C46F_SEM_OP_ACQ_AND:
		return sv & pv;
	default:
		return ~(sv | pv) & mask;
	}
}

static uint64_t acquire_timeout_ns(const struct emu_host *host)
{
	if (!(host->acquire & NV_RAMFC_ACQUIRE_TIMEOUT_EN))
		return 0;
	return (uint64_t)ACQUIRE_UNIT_NS * NV_GET(NV_RAMFC_ACQUIRE_TIMEOUT_MAN, host->acquire) <<
	       NV_GET(NV_RAMFC_ACQUIRE_TIMEOUT_EXP, host->acquire);
}

/* Reads the semaphore that SEM_EXECUTE names. 1 acquired, 0 not, -1 fault. */
static int try_acquire(struct emu_host *host, struct emu_mmu_fault *fault)
{
	uint32_t execute = value(host, NV_C46F_SEM_EXECUTE);
	bool wide = execute & NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT;
	uint64_t sv;

	if (emu_sem_load(host->emu, &host->ctx, sem_va(host), wide, &sv, fault))
		return -1;
	return acquired(NV_GET(NV_C46F_SEM_EXECUTE_OPERATION, execute), wide, sv,
			sem_payload(host, wide));
}

enum emu_host_step emu_host_acquire(struct emu_host *host)
{
	uint32_t execute = value(host, NV_C46F_SEM_EXECUTE);
	struct emu_mmu_fault fault;
	uint64_t timeout;
	int ret;

	ret = try_acquire(host, &fault);
	if (ret) {
		host->acquiring = false;
		if (ret < 0)
			return emu_host_fail_mmu(host, false, &fault, NV_C46F_SEM_EXECUTE, execute);
		return EMU_HOST_NEXT;
	}
	if (!host->acquiring) {
		host->acquiring = true;
		timeout = acquire_timeout_ns(host);
		host->acquire_deadline_ns = timeout ? emu_host_now() + timeout : 0;
	} else if (host->acquire_deadline_ns && emu_host_now() >= host->acquire_deadline_ns) {
		host->acquiring = false;
		return emu_host_fail(host, NV_PBDMA_ACQUIRE, NV_C46F_SEM_EXECUTE, execute);
	}
	return EMU_HOST_WAIT;
}

bool emu_host_poll(struct emu_host *host)
{
	struct emu_mmu_fault fault;

	if (host->acquire_deadline_ns && emu_host_now() >= host->acquire_deadline_ns)
		return true;
	/* A fault is reported when the channel runs. */
	return try_acquire(host, &fault);
}

static enum emu_host_step sem_execute(struct emu_host *host, uint32_t data)
{
	uint32_t op = NV_GET(NV_C46F_SEM_EXECUTE_OPERATION, data);
	bool acquire = op != NV_C46F_SEM_OP_RELEASE && op != NV_C46F_SEM_OP_REDUCTION;
	struct emu_mmu_fault fault;
	struct emu_sem sem = {
		.va = sem_va(host),
		.wide = data & NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT,
		.timestamp = data & NV_C46F_SEM_EXECUTE_TIMESTAMP,
		.reduction = op == NV_C46F_SEM_OP_REDUCTION,
		.op = NV_GET(NV_C46F_SEM_EXECUTE_REDUCTION, data),
		.is_unsigned = data & NV_C46F_SEM_EXECUTE_UNSIGNED,
	};
	uint64_t align = sem.wide ? 8 : 4;

	if (op > NV_C46F_SEM_OP_REDUCTION)
		return emu_host_fail(host, NV_PBDMA_SEMAPHORE, NV_C46F_SEM_EXECUTE, data);
	if (!acquire && sem.timestamp)
		align = 16;
	if (sem.va % align)
		return emu_host_fail(host, NV_PBDMA_SEMAPHORE, NV_C46F_SEM_EXECUTE, data);
	if (acquire)
		return emu_host_acquire(host);
	if (sem.reduction && !emu_sem_supported(sem.op, sem.wide, sem.is_unsigned))
		return emu_host_fail(host, NV_PBDMA_SEMAPHORE, NV_C46F_SEM_EXECUTE, data);
	/* RELEASE_WFI needs no code: the engine is idle whenever a host method runs. */
	sem.payload = sem_payload(host, sem.wide);
	if (emu_sem_execute(host->emu, &host->ctx, &sem, &fault))
		return emu_host_fail_mmu(host, false, &fault, NV_C46F_SEM_EXECUTE, data);
	emu_fifo_released(host->emu);
	return EMU_HOST_NEXT;
}

/* --- memory operations --- */

static void tlb_invalidate(struct emu_host *host, uint32_t mem_op_d, bool targeted)
{
	uint32_t a = value(host, NV_C46F_MEM_OP_A);
	uint32_t c = value(host, NV_C46F_MEM_OP_C);
	struct emu_mmu_invalidate inv = {
		.all_pdb = !targeted && (c & NV_C46F_MEM_OP_C_PDB_ALL),
		.aperture = NV_GET(NV_C46F_MEM_OP_C_PDB_APERTURE, c) ? EMU_SYSTEM : EMU_VIDEO,
		.pdb = (uint64_t)NV_GET(NV_C46F_MEM_OP_D_PDB_ADDR_HI, mem_op_d) << 32 |
		       (c & NV_C46F_MEM_OP_C_PDB_ADDR_LO),
	};
	uint32_t log_pages = NV_GET(NV_C46F_MEM_OP_A_INVALIDATION_SIZE, a);

	/* A region that covers the whole address space is everything. */
	if (targeted && log_pages < NV_MMU_VA_BITS - 12) {
		uint64_t size = 4096ull << log_pages;

		inv.start = ((uint64_t)value(host, NV_C46F_MEM_OP_B) << 32 |
			     (a & NV_C46F_MEM_OP_A_TARGET_ADDR_LO)) & ~(size - 1);
		inv.end = inv.start + size;
	}
	emu_mmu_invalidate(host->emu, &inv);
}

static enum emu_host_step mem_op(struct emu_host *host, uint32_t data)
{
	uint32_t op = NV_GET(NV_C46F_MEM_OP_D_OPERATION, data);

	switch (op) {
	case NV_C46F_MEM_OP_D_MEMBAR:
	case NV_C46F_MEM_OP_D_L2_PEERMEM_INVALIDATE:
	case NV_C46F_MEM_OP_D_L2_SYSMEM_INVALIDATE:
	case NV_C46F_MEM_OP_D_L2_FLUSH_DIRTY:
	case NV_C46F_MEM_OP_D_L2_WAIT_SYS_READS:
		atomic_thread_fence(memory_order_seq_cst);
		return EMU_HOST_NEXT;
	case NV_C46F_MEM_OP_D_TLB_INVALIDATE:
	case NV_C46F_MEM_OP_D_TLB_INVALIDATE_TARGETED:
		if (!host->privileged)
			break;
		tlb_invalidate(host, data, op == NV_C46F_MEM_OP_D_TLB_INVALIDATE_TARGETED);
		return EMU_HOST_NEXT;
	}
	return emu_host_fail(host, NV_PBDMA_METHOD, NV_C46F_MEM_OP_D, data);
}

/* --- the rest --- */

static enum emu_host_step set_object(struct emu_host *host, const struct emu_pb_method *method)
{
	if (method->subchannel >= SUBCHANNEL_SOFTWARE)
		return emu_host_fail(host, NV_PBDMA_DEVICE, method->address, method->data);
	if (host->engine == EMU_GRAPHICS_ENGINE) {
		if (method->subchannel == NV_SUBCHANNEL_2D &&
		    NV_GET(NV_C46F_SET_OBJECT_NVCLASS, method->data) == NV_TWOD_CLASS)
			return EMU_HOST_NEXT;
		return twod_fail(host, NV_ERROR_GR_CLASS, NV_902D_ERROR_ILLEGAL_CLASS,
				 method->address, method->data);
	}
	if (NV_GET(NV_C46F_SET_OBJECT_NVCLASS, method->data) != NV_CE_CLASS)
		return emu_host_fail(host, NV_PBDMA_HCE_ILLEGAL_CLASS, method->address,
				     method->data);
	return EMU_HOST_NEXT;
}

static enum emu_host_step yield(struct emu_host *host, uint32_t data)
{
	switch (NV_GET(NV_C46F_YIELD_OP, data)) {
	case NV_C46F_YIELD_NOP:
	case NV_C46F_YIELD_TSG:		/* each channel is a group of its own */
		return EMU_HOST_NEXT;
	case NV_C46F_YIELD_RUNLIST_TIMESLICE:
		host->yielded = true;
		return EMU_HOST_NEXT;
	default:
		return emu_host_fail(host, NV_PBDMA_METHOD, NV_C46F_YIELD, data);
	}
}

static enum emu_host_step host_method(struct emu_host *host, const struct emu_pb_method *method)
{
	uint32_t data = method->data;

	host->method[method->address / 4] = data;
	switch (method->address) {
	case NV_C46F_SET_OBJECT:
		return set_object(host, method);
	case NV_C46F_NOP:
	case NV_C46F_MEM_OP_A:
	case NV_C46F_MEM_OP_B:
	case NV_C46F_MEM_OP_C:
	case NV_C46F_SEM_ADDR_LO:
	case NV_C46F_SEM_ADDR_HI:
	case NV_C46F_SEM_PAYLOAD_LO:
	case NV_C46F_SEM_PAYLOAD_HI:
	case NV_C46F_WFI:	/* idle already, see emu_host_run() */
		return EMU_HOST_NEXT;
	case NV_C46F_NON_STALL_INTERRUPT:
		emu_irq_raise(host->emu, NV_VECTOR_ENGINE_NONSTALL(host->engine));
		return EMU_HOST_NEXT;
	case NV_C46F_MEM_OP_D:
		return mem_op(host, data);
	case NV_C46F_SET_REFERENCE:
		atomic_thread_fence(memory_order_seq_cst);
		host->reference = data;
		return EMU_HOST_NEXT;
	case NV_C46F_SEM_EXECUTE:
		return sem_execute(host, data);
	case NV_C46F_YIELD:
		return yield(host, data);
	default:	/* ILLEGAL, the old semaphores, CRC_CHECK, CLEAR_FAULTED, holes */
		return emu_host_fail(host, NV_PBDMA_METHOD, method->address, data);
	}
}

enum emu_host_step emu_host_method(struct emu_host *host, const struct emu_pb_method *method)
{
	emu_count(host->emu, EMU_METHODS);
	if (method->address < NV_HOST_METHOD_END)
		return host_method(host, method);
	if (method->subchannel >= SUBCHANNEL_SOFTWARE)
		return emu_host_fail(host, NV_PBDMA_DEVICE, method->address, method->data);
	return engine_method(host, method);
}
