/* SPDX-License-Identifier: MIT */
/*
 * GMMU: address translation for the engines.
 *
 * The TLB is a real cache: a translation stays in it until an invalidate that
 * covers it, or until a newer one takes its place. Pages that are not present are
 * never cached.
 *
 * An access runs between emu_mmu_begin() and emu_mmu_end() and must be short (at most
 * EMU_MMU_CHUNK bytes moved): an invalidate is complete only when every access that
 * began before it has ended, so that memory can be reused as soon as TRIGGER reads 0.
 */
#ifndef EMU_MMU_H
#define EMU_MMU_H

#include "emu.h"

#define EMU_MMU_CHUNK		0x10000
/* One client per thread that translates: the engines, and one more (tests, tools). */
#define EMU_MMU_CLIENTS		(EMU_ENGINES + 1)

/* Same values as NV_FAULT_ACCESS_*. */
enum emu_access {
	EMU_READ,
	EMU_WRITE,
	EMU_ATOMIC,
};

/**
 * struct emu_mmu_ctx - an address space and the rights in it, from an instance block
 * @pdb: address of the root table
 * @aperture: of @pdb
 * @bound: the instance block names a usable root; if not, every access faults
 * @privileged: may touch pages with PRIVILEGE
 * @client: which thread, below EMU_MMU_CLIENTS
 */
struct emu_mmu_ctx {
	uint64_t pdb;
	enum emu_aperture aperture;
	bool bound;
	bool privileged;
	unsigned int client;
};

/**
 * struct emu_mmu_fault - why a translation failed
 * @type: NV_FAULT_TYPE_*
 * @access: NV_FAULT_ACCESS_*
 * @va: faulting address
 */
struct emu_mmu_fault {
	uint32_t type;
	uint32_t access;
	uint64_t va;
};

/* What one table entry says; see emu_mmu_decode_*(). */
enum emu_mmu_state {
	EMU_MMU_INVALID,
	EMU_MMU_SPARSE,
	EMU_MMU_HIDDEN,		/* big PTE that also hides the small table */
	EMU_MMU_VALID,
};

/**
 * struct emu_mmu_entry - a decoded page-directory or page-table entry
 * @state: see there; the rest is set for EMU_MMU_VALID
 * @is_pte: a PDE slot that holds a PTE
 * @peer: peer memory, which this GPU does not have
 * @aperture: of @addr
 * @addr: address of the table or page
 * @kind: NV_MMU_KIND_*
 * @flags: NV_MMU_PTE_READ_ONLY | _PRIVILEGE | _ATOMIC_DISABLE
 */
struct emu_mmu_entry {
	enum emu_mmu_state state;
	bool is_pte;
	bool peer;
	enum emu_aperture aperture;
	uint64_t addr;
	uint32_t kind;
	uint32_t flags;
};

struct emu_mmu_entry emu_mmu_decode_pde(uint64_t raw);
struct emu_mmu_entry emu_mmu_decode_pde0_big(uint64_t raw);
struct emu_mmu_entry emu_mmu_decode_pte(uint64_t raw);

/* The page directory base of an instance block's two dwords; clears bound if unusable. */
void emu_mmu_ctx_init(struct emu_mmu_ctx *ctx, uint32_t pdb_lo, uint32_t pdb_hi,
		      bool privileged, unsigned int client);

/**
 * struct emu_mmu_page - a finished translation
 * @phys: address of the page
 * @aperture: of @phys
 * @sparse: reads zero, drops writes
 * @flags: as in struct emu_mmu_entry
 * @shift: log2 of the page size
 */
struct emu_mmu_page {
	uint64_t phys;
	enum emu_aperture aperture;
	bool sparse;
	uint32_t flags;
	unsigned int shift;
};

/* The walk without the TLB, in the address space's tables as they are now; the mem lock is held. */
int emu_mmu_walk(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va,
		 struct emu_mmu_page *page, uint32_t *type);
/* What a failed physical access is called: beyond video memory, or not answered by the bus. */
uint32_t emu_mmu_phys_fault(enum emu_aperture aperture);

void emu_mmu_begin(struct emu *emu, const struct emu_mmu_ctx *ctx);
void emu_mmu_end(struct emu *emu, const struct emu_mmu_ctx *ctx);
/*
 * Between the two: translates @va and cuts *@len to what is contiguous. Returns 0
 * with *@host set, NULL for a sparse page (reads zero, writes dropped), or -EFAULT
 * with @fault filled.
 */
int emu_mmu_span(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va,
		 enum emu_access access, size_t *len, void **host, struct emu_mmu_fault *fault);
/* The same for a physical address of a privileged access; faults name the address. */
int emu_mmu_span_phys(struct emu *emu, enum emu_aperture aperture, uint64_t addr,
		      enum emu_access access, size_t *len, void **host,
		      struct emu_mmu_fault *fault);

/* Whole copies, at most EMU_MMU_CHUNK bytes, with begin and end inside. */
int emu_mmu_read(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va, void *to,
		 size_t len, struct emu_mmu_fault *fault);
int emu_mmu_write(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va, const void *from,
		  size_t len, struct emu_mmu_fault *fault);

/**
 * struct emu_mmu_invalidate - what to invalidate
 * @all_pdb: every address space
 * @aperture: of @pdb
 * @pdb: the address space's root table
 * @start: first address
 * @end: end of the range, exclusive; 0 for everything
 */
struct emu_mmu_invalidate {
	bool all_pdb;
	enum emu_aperture aperture;
	uint64_t pdb;
	uint64_t start;
	uint64_t end;
};

/* Returns when it is complete; the caller's own client must not be between begin and end. */
void emu_mmu_invalidate(struct emu *emu, const struct emu_mmu_invalidate *inv);

#endif /* EMU_MMU_H */
