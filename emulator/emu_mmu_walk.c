// SPDX-License-Identifier: MIT
/* GMMU: table entries and the five-level page walk. Reads memory, keeps no state. */
#include <errno.h>
#include <string.h>

#include "emu_mmu.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"

#define SPARSE_SHIFT	NV_MMU_PDE0_SHIFT	/* a sparse PDE is cached in pieces of this size */

#define PTE_FLAGS	((uint32_t)(NV_MMU_PTE_READ_ONLY | NV_MMU_PTE_PRIVILEGE | \
				    NV_MMU_PTE_ATOMIC_DISABLE))

/* --- entries --- */

static struct emu_mmu_entry decode_table(uint64_t raw, uint64_t sys_mask, uint64_t vid_mask,
					 unsigned int shift)
{
	struct emu_mmu_entry entry = { 0 };
	uint64_t aperture = NV_GET(NV_MMU_PDE_APERTURE, raw);

	entry.is_pte = raw & NV_MMU_PDE_IS_PTE;
	if (aperture == NV_MMU_PDE_APERTURE_INVALID) {
		entry.state = raw & NV_MMU_PDE_VOL ? EMU_MMU_SPARSE : EMU_MMU_INVALID;
		return entry;
	}
	entry.state = EMU_MMU_VALID;
	if (aperture == NV_MMU_PDE_APERTURE_VIDEO) {
		entry.aperture = EMU_VIDEO;
		entry.addr = NV_GET(vid_mask, raw) << shift;
	} else {
		entry.aperture = EMU_SYSTEM;
		entry.addr = NV_GET(sys_mask, raw) << shift;
	}
	return entry;
}

struct emu_mmu_entry emu_mmu_decode_pde(uint64_t raw)
{
	return decode_table(raw, NV_MMU_PDE_ADDR_SYS, NV_MMU_PDE_ADDR_VID, 12);
}

struct emu_mmu_entry emu_mmu_decode_pde0_big(uint64_t raw)
{
	return decode_table(raw, NV_MMU_PDE0_BIG_ADDR_SYS, NV_MMU_PDE0_BIG_ADDR_VID, 8);
}

struct emu_mmu_entry emu_mmu_decode_pte(uint64_t raw)
{
	struct emu_mmu_entry entry = { .is_pte = true };

	if (!(raw & NV_MMU_PTE_VALID)) {
		if (raw & NV_MMU_PTE_VOL)
			entry.state = EMU_MMU_SPARSE;
		else if (raw & NV_MMU_PTE_PRIVILEGE)
			entry.state = EMU_MMU_HIDDEN;
		return entry;
	}
	entry.state = EMU_MMU_VALID;
	entry.flags = (uint32_t)raw & PTE_FLAGS;
	entry.kind = NV_GET(NV_MMU_PTE_KIND, raw);
	switch (NV_GET(NV_MMU_PTE_APERTURE, raw)) {
	case NV_MMU_PTE_APERTURE_VIDEO:
		entry.aperture = EMU_VIDEO;
		entry.addr = NV_GET(NV_MMU_PTE_ADDR_VID, raw) << 12;
		break;
	case NV_MMU_PTE_APERTURE_PEER:
		entry.peer = true;
		break;
	default:
		entry.aperture = EMU_SYSTEM;
		entry.addr = NV_GET(NV_MMU_PTE_ADDR_SYS, raw) << 12;
		break;
	}
	return entry;
}

void emu_mmu_ctx_init(struct emu_mmu_ctx *ctx, uint32_t pdb_lo, uint32_t pdb_hi,
		      bool privileged, unsigned int client)
{
	uint32_t target = NV_GET(NV_INST_PDB_LO_TARGET, pdb_lo);

	ctx->pdb = (uint64_t)pdb_hi << 32 | (pdb_lo & NV_INST_PDB_LO_ADDR);
	ctx->aperture = target ? EMU_SYSTEM : EMU_VIDEO;
	ctx->bound = target != 1 && (pdb_lo & NV_INST_PDB_LO_VER2) &&
		     (pdb_lo & NV_INST_PDB_LO_BIG_PAGE_64K);
	ctx->privileged = privileged;
	ctx->client = client;
}

/* --- the walk --- */

uint32_t emu_mmu_phys_fault(enum emu_aperture aperture)
{
	return aperture == EMU_VIDEO ? NV_FAULT_TYPE_REGION : NV_FAULT_TYPE_POISONED;
}

static int read_entry(struct emu *emu, enum emu_aperture aperture, uint64_t addr, uint64_t *raw,
		      uint32_t *type)
{
	size_t len = sizeof(*raw);
	const uint64_t *entry = emu_mem_span(emu, aperture, addr, &len, false);

	if (!entry || len < sizeof(*raw)) {
		*type = emu_mmu_phys_fault(aperture);
		return -EFAULT;
	}
	*raw = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
	return 0;
}

static int page_from_pte(const struct emu_mmu_entry *pte, unsigned int shift,
			 struct emu_mmu_page *page, uint32_t *type)
{
	memset(page, 0, sizeof(*page));
	page->shift = shift;
	switch (pte->state) {
	case EMU_MMU_SPARSE:
		page->sparse = true;
		return 0;
	case EMU_MMU_VALID:
		break;
	default:
		*type = NV_FAULT_TYPE_PTE;
		return -EFAULT;
	}
	if (pte->peer) {
		*type = NV_FAULT_TYPE_UNSUPPORTED_APERTURE;
		return -EFAULT;
	}
	if (pte->kind != NV_MMU_KIND_PITCH && pte->kind != NV_MMU_KIND_GENERIC) {
		*type = NV_FAULT_TYPE_UNSUPPORTED_KIND;
		return -EFAULT;
	}
	page->phys = pte->addr & ~((1ull << shift) - 1);
	page->aperture = pte->aperture;
	page->flags = pte->flags;
	return 0;
}

static int sparse_page(struct emu_mmu_page *page, unsigned int shift)
{
	memset(page, 0, sizeof(*page));
	page->sparse = true;
	page->shift = shift;
	return 0;
}

/* A PDE0 slot: a 2 MiB page, or the two tables, of which the big one is asked first. */
static int walk_pde0(struct emu *emu, enum emu_aperture aperture, uint64_t slot, uint64_t va,
		     struct emu_mmu_page *page, uint32_t *type)
{
	struct emu_mmu_entry big, small, pte;
	uint64_t raw[2], index;

	if (read_entry(emu, aperture, slot, &raw[0], type) ||
	    read_entry(emu, aperture, slot + 8, &raw[1], type))
		return -EFAULT;
	if (raw[0] & NV_MMU_PDE_IS_PTE) {
		pte = emu_mmu_decode_pte(raw[0]);
		return page_from_pte(&pte, NV_MMU_PDE0_SHIFT, page, type);
	}
	big = emu_mmu_decode_pde0_big(raw[0]);
	small = emu_mmu_decode_pde(raw[1]);
	if (big.state == EMU_MMU_VALID) {
		index = va >> NV_MMU_PTE_64K_SHIFT & (NV_MMU_PTE_64K_ENTRIES - 1);
		if (read_entry(emu, big.aperture, big.addr + index * 8, &raw[0], type))
			return -EFAULT;
		pte = emu_mmu_decode_pte(raw[0]);
		if (pte.state != EMU_MMU_INVALID)
			return page_from_pte(&pte, NV_MMU_PTE_64K_SHIFT, page, type);
	}
	if (small.state == EMU_MMU_VALID) {
		index = va >> NV_MMU_PTE_4K_SHIFT & (NV_MMU_PTE_4K_ENTRIES - 1);
		if (read_entry(emu, small.aperture, small.addr + index * 8, &raw[0], type))
			return -EFAULT;
		pte = emu_mmu_decode_pte(raw[0]);
		return page_from_pte(&pte, NV_MMU_PTE_4K_SHIFT, page, type);
	}
	if (small.state == EMU_MMU_SPARSE || big.state == EMU_MMU_SPARSE)
		return sparse_page(page, big.state == EMU_MMU_VALID ? NV_MMU_PTE_64K_SHIFT
								    : SPARSE_SHIFT);
	*type = big.state == EMU_MMU_VALID ? NV_FAULT_TYPE_PTE : NV_FAULT_TYPE_PDE;
	return -EFAULT;
}

int emu_mmu_walk(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va,
		 struct emu_mmu_page *page, uint32_t *type)
{
	static const struct {
		unsigned int shift;
		unsigned int entries;
	} levels[] = {
		{ NV_MMU_PDE3_SHIFT, NV_MMU_PDE3_ENTRIES },
		{ NV_MMU_PDE2_SHIFT, NV_MMU_PDE2_ENTRIES },
		{ NV_MMU_PDE1_SHIFT, NV_MMU_PDE1_ENTRIES },
	};
	enum emu_aperture aperture = ctx->aperture;
	uint64_t table = ctx->pdb;
	uint64_t index;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct emu_mmu_entry pde;
		uint64_t raw;

		index = va >> levels[i].shift & (levels[i].entries - 1);
		if (read_entry(emu, aperture, table + index * NV_MMU_PDE_SIZE, &raw, type))
			return -EFAULT;
		pde = emu_mmu_decode_pde(raw);
		if (pde.is_pte) {
			*type = NV_FAULT_TYPE_PDE_SIZE;	/* no pages of that size */
			return -EFAULT;
		}
		if (pde.state == EMU_MMU_SPARSE)
			return sparse_page(page, SPARSE_SHIFT);
		if (pde.state == EMU_MMU_INVALID) {
			*type = NV_FAULT_TYPE_PDE;
			return -EFAULT;
		}
		aperture = pde.aperture;
		table = pde.addr;
	}
	index = va >> NV_MMU_PDE0_SHIFT & (NV_MMU_PDE0_ENTRIES - 1);
	return walk_pde0(emu, aperture, table + index * NV_MMU_DUAL_PDE_SIZE, va, page, type);
}
