// SPDX-License-Identifier: MIT
/* Host: scheduling in and out, GPFIFO entries and push-buffer segments. */
#include <string.h>
#include <time.h>

#include "emu_chaos.h"
#include "emu_host.h"
#include "regs/nv_ce.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"

#define INST_READ		0x208u	/* RAMFC and the page directory base */
#define WRITEBACK_NS		100000u
#define STEPS_PER_CLOCK		64u	/* methods between two looks at the clock */
#define VA_END			(1ull << NV_HOST_VA_BITS)

uint64_t emu_host_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec;
}

void emu_host_init(struct emu_host *host, struct emu *emu, unsigned int engine, uint64_t inst)
{
	memset(host, 0, sizeof(*host));
	host->emu = emu;
	host->engine = engine;
	host->inst = inst;
	emu_ce_init(&host->ce, emu, engine, &host->ctx);
	emu_twod_init(&host->twod, emu, &host->ctx);
}

/* --- scheduling in and out --- */

static uint32_t inst_word(const uint8_t *inst, uint32_t offset)
{
	uint32_t word;

	memcpy(&word, inst + offset, sizeof(word));
	return word;
}

/* USERD is reached by physical address; a failure there is a fault of Host. */
static enum emu_host_step userd_fault(struct emu_host *host, enum emu_access access,
				      uint32_t offset)
{
	struct emu_mmu_fault fault = {
		.type = emu_mmu_phys_fault(host->userd_aperture),
		.access = access,
		.va = host->userd + offset,
	};

	return emu_host_fail_mmu(host, false, &fault, 0, 0);
}

static enum emu_host_step load_inst(struct emu_host *host)
{
	uint8_t inst[INST_READ];
	uint32_t word, hi;

	if (emu_mem_read(host->emu, EMU_VIDEO, host->inst, inst, sizeof(inst)))
		return emu_host_fail(host, NV_PBDMA_SIGNATURE, 0, 0);
	word = inst_word(inst, NV_RAMFC_SIGNATURE) & 0xffff;
	if (word != NV_RAMFC_SIGNATURE_VALID && word != NV_HOST_CLASS)
		return emu_host_fail(host, NV_PBDMA_SIGNATURE, 0, word);

	word = inst_word(inst, NV_RAMFC_USERD);
	host->userd_aperture = NV_GET(NV_RAMFC_USERD_TARGET, word) ? EMU_SYSTEM : EMU_VIDEO;
	host->userd = (uint64_t)(inst_word(inst, NV_RAMFC_USERD_HI) & 0xff) << 32 |
		      (word & NV_RAMFC_USERD_ADDR);
	hi = inst_word(inst, NV_RAMFC_GP_BASE_HI);
	host->gp_base = (uint64_t)(hi & NV_RAMFC_GP_BASE_HI_OFFSET) << 32 |
			(inst_word(inst, NV_RAMFC_GP_BASE) & ~7u);
	host->gp_entries = 1u << NV_GET(NV_RAMFC_GP_BASE_HI_LIMIT2, hi);
	host->acquire = inst_word(inst, NV_RAMFC_ACQUIRE);
	word = inst_word(inst, NV_RAMFC_CONFIG);
	host->privileged = word & NV_RAMFC_CONFIG_AUTH_LEVEL;
	host->writeback = word & NV_RAMFC_CONFIG_USERD_WRITEBACK;
	host->ce.privileged = inst_word(inst, NV_RAMFC_HCE_CTRL) & NV_RAMFC_HCE_CTRL_PRIV_MODE;
	emu_mmu_ctx_init(&host->ctx, inst_word(inst, NV_INST_PDB_LO), inst_word(inst, NV_INST_PDB_HI),
			 host->privileged, host->engine);
	if (host->gp_base + (uint64_t)host->gp_entries * NV_GP_ENTRY_SIZE > VA_END)
		return emu_host_fail(host, NV_PBDMA_GPFIFO, 0, 0);
	return EMU_HOST_NEXT;
}

static enum emu_host_step load(struct emu_host *host)
{
	enum emu_host_step step = load_inst(host);
	uint32_t put;

	if (step != EMU_HOST_NEXT)
		return step;
	if (emu_mem_read(host->emu, host->userd_aperture, host->userd + NV_USERD_GP_PUT, &put,
			 sizeof(put)))
		return userd_fault(host, EMU_READ, NV_USERD_GP_PUT);
	/* The entries were written before GP_PUT. */
	atomic_thread_fence(memory_order_acquire);
	if (put >= host->gp_entries || host->gp_get >= host->gp_entries)
		return emu_host_fail(host, NV_PBDMA_GPPTR, 0, put);
	host->gp_put = put;
	return EMU_HOST_NEXT;
}

static void userd_put64(uint8_t *userd, uint32_t lo, uint32_t hi, uint64_t value, uint32_t flag)
{
	uint32_t low = value, high = (uint32_t)(value >> 32) | flag;

	memcpy(userd + lo, &low, sizeof(low));
	memcpy(userd + hi, &high, sizeof(high));
}

/* The read-only fields of USERD; GP_PUT belongs to software. */
static enum emu_host_step write_back(struct emu_host *host)
{
	uint64_t get = host->seg_va - 4ull * (host->fetch_len - host->fetch_pos);
	uint8_t userd[NV_USERD_GP_PUT] = { 0 };
	const uint32_t from = NV_USERD_PUT;

	host->writeback_ns = emu_host_now();
	if (!host->writeback)
		return EMU_HOST_NEXT;
	userd_put64(userd, NV_USERD_PUT, NV_USERD_PUT_HI, host->seg_va + 4ull * host->seg_left, 0);
	userd_put64(userd, NV_USERD_GET, NV_USERD_GET_HI, get, 0);
	if (host->seg_main)
		host->top_get = get;
	userd_put64(userd, NV_USERD_TOP_LEVEL_GET, NV_USERD_TOP_LEVEL_GET_HI, host->top_get,
		    host->top_get ? NV_BIT(31) : 0);
	memcpy(userd + NV_USERD_REF, &host->reference, sizeof(host->reference));
	memcpy(userd + NV_USERD_GP_GET, &host->gp_get, sizeof(host->gp_get));
	emu_chaos_userd(host->emu, userd, from, sizeof(userd));
	if (emu_mem_write(host->emu, host->userd_aperture, host->userd + from, userd + from,
			  sizeof(userd) - from))
		return userd_fault(host, EMU_WRITE, from);
	return EMU_HOST_NEXT;
}

/* The part of RAMFC that tools look at; progress itself is kept here. */
static void save_ramfc(struct emu_host *host)
{
	emu_mem_write(host->emu, EMU_VIDEO, host->inst + NV_RAMFC_GP_PUT, &host->gp_put, 4);
	emu_mem_write(host->emu, EMU_VIDEO, host->inst + NV_RAMFC_GP_GET, &host->gp_get, 4);
	emu_mem_write(host->emu, EMU_VIDEO, host->inst + NV_RAMFC_REF, &host->reference, 4);
}

/* --- GPFIFO and segments --- */

static enum emu_host_step control_entry(struct emu_host *host, const uint32_t entry[2])
{
	switch (NV_GET(NV_GP_ENTRY1_OPCODE, entry[1])) {
	case NV_GP_ENTRY1_OPCODE_NOP:
	case NV_GP_ENTRY1_OPCODE_GP_CRC:	/* checks that are not made here pass */
	case NV_GP_ENTRY1_OPCODE_PB_CRC:
		return EMU_HOST_NEXT;
	default:
		return emu_host_fail(host, NV_PBDMA_GPENTRY, 0, entry[1]);
	}
}

/*
 * SYNC needs no code: nothing of a segment is fetched before the one in front
 * of it is done. Neither does FETCH, as the sub-device is always active, except
 * that data must not continue into a segment that could be left out.
 */
static enum emu_host_step next_entry(struct emu_host *host)
{
	struct emu_mmu_fault fault;
	uint32_t entry[2];
	uint64_t va, dwords;

	if (emu_host_now() - host->writeback_ns >= WRITEBACK_NS && write_back(host))
		return EMU_HOST_FAILED;
	va = host->gp_base + (uint64_t)host->gp_get * NV_GP_ENTRY_SIZE;
	if (emu_mmu_read(host->emu, &host->ctx, va, entry, sizeof(entry), &fault))
		return emu_host_fail_mmu(host, false, &fault, 0, 0);
	host->gp_get = (host->gp_get + 1) % host->gp_entries;

	dwords = NV_GET(NV_GP_ENTRY1_LENGTH, entry[1]);
	if (!dwords)
		return control_entry(host, entry);
	va = (uint64_t)NV_GET(NV_GP_ENTRY1_GET_HI, entry[1]) << 32 | (entry[0] & NV_GP_ENTRY0_GET);
	if (va + 4 * dwords >= VA_END)
		return emu_host_fail(host, NV_PBDMA_GPENTRY, 0, entry[1]);
	if ((entry[0] & NV_GP_ENTRY0_FETCH) && emu_pb_in_method(&host->pb))
		return emu_host_fail(host, NV_PBDMA_PBSEG, 0, entry[1]);
	host->seg_va = va;
	host->seg_left = dwords;
	host->seg_main = !(entry[1] & NV_GP_ENTRY1_LEVEL);
	return EMU_HOST_NEXT;
}

static enum emu_host_step fetch(struct emu_host *host)
{
	uint32_t count = host->seg_left < EMU_HOST_FETCH ? host->seg_left : EMU_HOST_FETCH;
	struct emu_mmu_fault fault;

	if (emu_mmu_read(host->emu, &host->ctx, host->seg_va, host->fetch, count * 4, &fault))
		return emu_host_fail_mmu(host, false, &fault, 0, 0);
	host->seg_va += 4ull * count;
	host->seg_left -= count;
	host->fetch_len = count;
	host->fetch_pos = 0;
	return EMU_HOST_NEXT;
}

static enum emu_host_step decode(struct emu_host *host)
{
	struct emu_pb_method method;

	switch (emu_pb_feed(&host->pb, host->fetch[host->fetch_pos++], &method)) {
	case EMU_PB_NONE:
		return EMU_HOST_NEXT;
	case EMU_PB_METHOD:
		return emu_host_method(host, &method);
	case EMU_PB_END_SEGMENT:
		host->seg_va += 4ull * host->seg_left;
		host->seg_left = 0;
		host->fetch_pos = 0;
		host->fetch_len = 0;
		return EMU_HOST_NEXT;
	default:
		return emu_host_fail(host, NV_PBDMA_PBENTRY, method.address, method.data);
	}
}

/* --- running --- */

/*
 * One step. A host method is never executed while the engine is at work, so
 * "wait for idle" holds everywhere by construction.
 */
static enum emu_host_step step(struct emu_host *host, bool *idle)
{
	if (host->copying)
		return emu_host_engine_step(host);
	if (host->acquiring)
		return emu_host_acquire(host);
	if (host->fetch_pos < host->fetch_len)
		return decode(host);
	if (host->seg_left)
		return fetch(host);
	*idle = host->gp_get == host->gp_put;
	return *idle ? EMU_HOST_NEXT : next_entry(host);
}

static enum emu_host_result run(struct emu_host *host, const atomic_bool *stop,
				uint64_t deadline_ns)
{
	unsigned int steps = 0;
	bool idle = false;

	host->yielded = false;
	for (;;) {
		bool copied = host->copying;

		switch (step(host, &idle)) {
		case EMU_HOST_FAILED:
			return EMU_HOST_ERROR;
		case EMU_HOST_WAIT:
			return EMU_HOST_BLOCKED;
		case EMU_HOST_NEXT:
			break;
		}
		if (idle)
			return EMU_HOST_IDLE;
		if (host->yielded)
			return EMU_HOST_SLICE;
		if (atomic_load_explicit(stop, memory_order_relaxed))
			return EMU_HOST_STOPPED;
		if ((copied || ++steps % STEPS_PER_CLOCK == 0) && emu_host_now() >= deadline_ns)
			return EMU_HOST_SLICE;
	}
}

enum emu_host_result emu_host_run(struct emu_host *host, const atomic_bool *stop,
				  uint64_t deadline_ns)
{
	enum emu_host_result result;

	if (load(host) != EMU_HOST_NEXT)
		return EMU_HOST_ERROR;
	result = run(host, stop, deadline_ns);
	save_ramfc(host);
	/* What stopped the channel first is what counts. */
	if (result != EMU_HOST_ERROR && write_back(host) != EMU_HOST_NEXT)
		result = EMU_HOST_ERROR;
	return result;
}
