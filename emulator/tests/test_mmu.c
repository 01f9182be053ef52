/* SPDX-License-Identifier: MIT */
/* GMMU: entries, walk, rights, TLB and invalidation. */
#define _GNU_SOURCE
#include "gpu.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../emu_fault.h"

#define VA	0x123400000000ull	/* some place with all levels non-zero */

static int span(struct gpu *gpu, uint64_t va, enum emu_access access, void **host,
		struct emu_mmu_fault *fault)
{
	size_t len = 8;
	int ret;

	emu_mmu_begin(gpu->emu, &gpu->ctx);
	ret = emu_mmu_span(gpu->emu, &gpu->ctx, va, access, &len, host, fault);
	emu_mmu_end(gpu->emu, &gpu->ctx);
	return ret;
}

static void assert_maps(struct gpu *gpu, uint64_t va, const void *expected)
{
	struct emu_mmu_fault fault;
	void *host;

	assert_int_equal(span(gpu, va, EMU_READ, &host, &fault), 0);
	assert_ptr_equal(host, expected);
}

static void assert_system(struct gpu *gpu, uint64_t va, uint64_t offset)
{
	uint64_t magic = 0x6e6f7661ull << 32 | offset, got = 0;
	struct emu_mmu_fault fault;

	memcpy(gpu->ram + offset, &magic, sizeof(magic));
	assert_int_equal(emu_mmu_read(gpu->emu, &gpu->ctx, va, &got, sizeof(got), &fault), 0);
	assert_int_equal(got, magic);
}

static void assert_faults(struct gpu *gpu, uint64_t va, enum emu_access access, uint32_t type)
{
	struct emu_mmu_fault fault = { 0 };
	void *host;

	assert_int_equal(span(gpu, va, access, &host, &fault), -EFAULT);
	assert_int_equal(fault.type, type);
	assert_int_equal(fault.access, access);
	assert_int_equal(fault.va, va);
}

/* Values of the published table: entries that other software builds and expects. */
static void test_golden_entries(void **state)
{
	struct emu_mmu_entry entry;

	(void)state;
	entry = emu_mmu_decode_pte(0x3999999999990D);
	assert_int_equal(entry.state, EMU_MMU_VALID);
	assert_int_equal(entry.aperture, EMU_SYSTEM);
	assert_int_equal(entry.addr, 0x399999999999000);
	assert_int_equal(entry.flags, 0);
	assert_int_equal(entry.kind, 0);

	entry = emu_mmu_decode_pte(0x1BBBBBBC1);
	assert_int_equal(entry.aperture, EMU_VIDEO);
	assert_int_equal(entry.addr, 0x1BBBBBB000);
	assert_int_equal(entry.flags, NV_MMU_PTE_READ_ONLY | NV_MMU_PTE_ATOMIC_DISABLE);

	entry = emu_mmu_decode_pde(0x1BBBBBB0A);
	assert_int_equal(entry.state, EMU_MMU_VALID);
	assert_false(entry.is_pte);
	assert_int_equal(entry.aperture, EMU_VIDEO);
	assert_int_equal(entry.addr, 0x1BBBBBB000);

	entry = emu_mmu_decode_pde(0x3999999999990C);
	assert_int_equal(entry.aperture, EMU_SYSTEM);
	assert_int_equal(entry.addr, 0x399999999999000);

	entry = emu_mmu_decode_pde0_big(0x3999999999999C);
	assert_int_equal(entry.aperture, EMU_SYSTEM);
	assert_int_equal(entry.addr, 0x399999999999900);

	entry = emu_mmu_decode_pde0_big(0x1BBBBBBBA);
	assert_int_equal(entry.aperture, EMU_VIDEO);
	assert_int_equal(entry.addr, 0x1BBBBBBB00);

	entry = emu_mmu_decode_pte(0x06000001BAD000E9);
	assert_int_equal(entry.aperture, EMU_VIDEO);
	assert_int_equal(entry.addr, 0x1BAD000000);
	assert_int_equal(entry.kind, 6);
	assert_int_equal(entry.flags, NV_MMU_PTE_READ_ONLY | NV_MMU_PTE_PRIVILEGE |
				      NV_MMU_PTE_ATOMIC_DISABLE);

	assert_int_equal(emu_mmu_decode_pte(0x20).state, EMU_MMU_HIDDEN);
	assert_int_equal(emu_mmu_decode_pte(0x08).state, EMU_MMU_SPARSE);
	assert_int_equal(emu_mmu_decode_pte(0).state, EMU_MMU_INVALID);
	assert_int_equal(emu_mmu_decode_pde(0x08).state, EMU_MMU_SPARSE);
	assert_int_equal(emu_mmu_decode_pde(0).state, EMU_MMU_INVALID);
	assert_true(emu_mmu_decode_pte(NV_MMU_PTE_VALID | NV_MMU_PTE_APERTURE_PEER << 1).peer);
}

static void test_page_sizes(void **state)
{
	struct gpu *gpu = *state;

	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x5000, 4096, 0);
	assert_maps(gpu, VA + 0x123, gpu->emu->vram + 0x5123);
	assert_faults(gpu, VA + 4096, EMU_READ, NV_FAULT_TYPE_PTE);

	gpu_map(gpu, VA + 0x200000, 16, EMU_VIDEO, 0x20000, 0x10000, 0);
	assert_maps(gpu, VA + 0x20fff0, gpu->emu->vram + 0x2fff0);
	assert_faults(gpu, VA + 0x210000, EMU_READ, NV_FAULT_TYPE_PTE);

	gpu_map(gpu, VA + 0x400000, 21, EMU_VIDEO, 0x400000, 0x200000, 0);
	assert_maps(gpu, VA + 0x5ffff8, gpu->emu->vram + 0x5ffff8);
	assert_faults(gpu, VA + 0x600000, EMU_READ, NV_FAULT_TYPE_PDE);

	gpu_map(gpu, VA + 0x800000, 12, EMU_SYSTEM, GPU_IOVA + 0x3000, 4096, 0);
	assert_system(gpu, VA + 0x800040, 0x3040);
	gpu_map(gpu, VA + 0xa00000, 16, EMU_SYSTEM, GPU_IOVA + 0x30000, 0x10000, 0);
	assert_system(gpu, VA + 0xa0fff0, 0x3fff0);
	gpu_map(gpu, VA + 0xc00000, 21, EMU_SYSTEM, GPU_IOVA + 0x200000, 0x200000, 0);
	assert_system(gpu, VA + 0xdffff8, 0x3ffff8);
	assert_int_equal(emu_test_violations(gpu->emu), 0);
}

/* Spans end at the page, copies go on over pages that are not neighbours. */
static void test_spans(void **state)
{
	struct gpu *gpu = *state;
	struct emu_mmu_fault fault;
	uint8_t data[6000], back[6000];
	size_t len = 0x10000, i;
	void *host;

	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x7000, 4096, 0);
	gpu_map(gpu, VA + 4096, 12, EMU_SYSTEM, GPU_IOVA + 0x1000, 4096, 0);
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 7;
	assert_int_equal(emu_mmu_write(gpu->emu, &gpu->ctx, VA + 100, data, sizeof(data), &fault), 0);
	assert_memory_equal(gpu->emu->vram + 0x7000 + 100, data, 3996);
	assert_memory_equal(gpu->ram + 0x1000, data + 3996, sizeof(data) - 3996);
	assert_int_equal(emu_mmu_read(gpu->emu, &gpu->ctx, VA + 100, back, sizeof(back), &fault), 0);
	assert_memory_equal(back, data, sizeof(data));
	emu_mmu_begin(gpu->emu, &gpu->ctx);
	assert_int_equal(emu_mmu_span(gpu->emu, &gpu->ctx, VA + 0xf00, EMU_READ, &len, &host,
				      &fault), 0);
	emu_mmu_end(gpu->emu, &gpu->ctx);
	assert_int_equal(len, 0x100);
	/* The rest of a copy that faults is not done; the page is named exactly. */
	assert_int_equal(emu_mmu_write(gpu->emu, &gpu->ctx, VA + 8000, data, 1000, &fault), -EFAULT);
	assert_int_equal(fault.va, VA + 8192);
}

static void test_rights(void **state)
{
	struct gpu *gpu = *state;
	void *host;
	struct emu_mmu_fault fault;

	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x1000, 4096, NV_MMU_PTE_READ_ONLY);
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);
	assert_faults(gpu, VA, EMU_WRITE, NV_FAULT_TYPE_RO);
	assert_faults(gpu, VA, EMU_ATOMIC, NV_FAULT_TYPE_RO);

	gpu_map(gpu, VA + 0x1000, 12, EMU_VIDEO, 0x2000, 4096, NV_MMU_PTE_ATOMIC_DISABLE);
	assert_int_equal(span(gpu, VA + 0x1000, EMU_WRITE, &host, &fault), 0);
	assert_faults(gpu, VA + 0x1000, EMU_ATOMIC, NV_FAULT_TYPE_ATOMIC);

	gpu_map(gpu, VA + 0x2000, 12, EMU_VIDEO, 0x3000, 4096, NV_MMU_PTE_PRIVILEGE);
	assert_faults(gpu, VA + 0x2000, EMU_READ, NV_FAULT_TYPE_PRIV);
	gpu->ctx.privileged = true;
	assert_maps(gpu, VA + 0x2000, gpu->emu->vram + 0x3000);
	/* Rights belong to who asks, not to the cached translation. */
	gpu->ctx.privileged = false;
	assert_faults(gpu, VA + 0x2000, EMU_READ, NV_FAULT_TYPE_PRIV);
}

static void test_faults(void **state)
{
	struct gpu *gpu = *state;
	uint64_t entry;

	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_PDE);
	assert_faults(gpu, 1ull << 49, EMU_READ, NV_FAULT_TYPE_VA_LIMIT);
	assert_faults(gpu, ~0ull, EMU_WRITE, NV_FAULT_TYPE_VA_LIMIT);

	/* A page at a level that has none. */
	gpu_vram_write64(gpu, gpu_entry(gpu, gpu->root, VA, 29), NV_MMU_PDE_IS_PTE);
	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_PDE_SIZE);

	entry = gpu_entry(gpu, gpu->root, VA + (1ull << 29), 12);
	gpu_vram_write64(gpu, entry, NV_MMU_PTE_VALID | NV_MMU_PTE_APERTURE_PEER << 1);
	assert_faults(gpu, VA + (1ull << 29), EMU_READ, NV_FAULT_TYPE_UNSUPPORTED_APERTURE);
	gpu_vram_write64(gpu, entry, NV_MMU_PTE_VALID | 8ull << 56);
	assert_faults(gpu, VA + (1ull << 29), EMU_READ, NV_FAULT_TYPE_UNSUPPORTED_KIND);
	gpu_vram_write64(gpu, entry, NV_MMU_PTE_VALID | (EMU_TEST_VRAM >> 4));
	assert_faults(gpu, VA + (1ull << 29), EMU_READ, NV_FAULT_TYPE_REGION);

	gpu->ctx.bound = false;
	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_UNBOUND_INST);
	gpu->ctx.bound = true;
	/* Tables beyond video memory. */
	gpu->ctx.pdb = EMU_TEST_VRAM;
	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_REGION);
	assert_int_equal(emu_test_violations(gpu->emu), 0);
}

/* A PTE that names memory the driver did not map for DMA is a violation, too. */
static void test_unmapped_dma(void **state)
{
	struct gpu *gpu = *state;

	gpu_map(gpu, VA, 12, EMU_SYSTEM, 0x1000, 4096, 0);
	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_POISONED);
	assert_int_equal(emu_stats_violations(gpu->emu->stats, EMU_VIOLATION_DMA_UNMAPPED), 1);
}

static void test_context(void **state)
{
	const uint32_t good = 0x5000 | NV_INST_PDB_LO_VER2 | NV_INST_PDB_LO_BIG_PAGE_64K;
	struct emu_mmu_ctx ctx;

	(void)state;
	emu_mmu_ctx_init(&ctx, good, 0x12, true, 1);
	assert_true(ctx.bound && ctx.privileged);
	assert_int_equal(ctx.pdb, 0x1200005000);
	assert_int_equal(ctx.aperture, EMU_VIDEO);
	emu_mmu_ctx_init(&ctx, good | 2, 0, false, 1);
	assert_true(ctx.bound && !ctx.privileged);
	assert_int_equal(ctx.aperture, EMU_SYSTEM);
	emu_mmu_ctx_init(&ctx, good | 1, 0, false, 1);
	assert_false(ctx.bound);
	emu_mmu_ctx_init(&ctx, good & ~NV_INST_PDB_LO_VER2, 0, false, 1);
	assert_false(ctx.bound);
	emu_mmu_ctx_init(&ctx, good & ~NV_INST_PDB_LO_BIG_PAGE_64K, 0, false, 1);
	assert_false(ctx.bound);
}

static void assert_sparse(struct gpu *gpu, uint64_t va)
{
	struct emu_mmu_fault fault;
	uint64_t value = 1;
	void *host = gpu;

	assert_int_equal(span(gpu, va, EMU_WRITE, &host, &fault), 0);
	assert_null(host);
	assert_int_equal(emu_mmu_read(gpu->emu, &gpu->ctx, va, &value, 8, &fault), 0);
	assert_int_equal(value, 0);
	assert_int_equal(emu_mmu_write(gpu->emu, &gpu->ctx, va, &value, 8, &fault), 0);
}

static void test_sparse(void **state)
{
	struct gpu *gpu = *state;

	gpu_vram_write64(gpu, gpu_entry(gpu, gpu->root, VA, 12), NV_MMU_PTE_VOL);
	assert_sparse(gpu, VA + 8);
	gpu_vram_write64(gpu, gpu_entry(gpu, gpu->root, VA + 0x200000, 16), NV_MMU_PTE_VOL);
	assert_sparse(gpu, VA + 0x20fff8);
	gpu_vram_write64(gpu, gpu_entry(gpu, gpu->root, VA + 0x400000, 21), NV_MMU_PDE_VOL);
	assert_sparse(gpu, VA + 0x5ffff8);
	gpu_vram_write64(gpu, gpu_entry(gpu, gpu->root, VA + (1ull << 29), 29), NV_MMU_PDE_VOL);
	assert_sparse(gpu, VA + (3ull << 28));
	gpu_vram_write64(gpu, gpu_entry(gpu, gpu->root, VA + (1ull << 38), 38), NV_MMU_PDE_VOL);
	assert_sparse(gpu, VA + (1ull << 38));
	/* Sparse is cached like any other translation. */
	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x1000, 4096, 0);
	assert_sparse(gpu, VA + 8);
	gpu_invalidate(gpu, gpu->root);
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);
}

/* Both tables of a PDE0: the big one decides unless its entry is neither valid, sparse nor hiding. */
static void test_dual(void **state)
{
	struct gpu *gpu = *state;
	uint64_t big = gpu_entry(gpu, gpu->root, VA, 16);

	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x1000, 4096, 0);
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);

	gpu_invalidate(gpu, gpu->root);
	gpu_vram_write64(gpu, big, gpu_pte(EMU_VIDEO, 0x20000, 0));
	assert_maps(gpu, VA, gpu->emu->vram + 0x20000);

	gpu_invalidate(gpu, gpu->root);
	gpu_vram_write64(gpu, big, NV_MMU_PTE_PRIVILEGE);
	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_PTE);
	assert_faults(gpu, VA + 0x10000, EMU_READ, NV_FAULT_TYPE_PTE);

	/* Bits beside these say nothing in an entry that is not valid. */
	gpu_vram_write64(gpu, big, gpu_pte(EMU_VIDEO, 0x20000, NV_MMU_PTE_READ_ONLY) &
				   ~(uint64_t)NV_MMU_PTE_VALID);
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);
	assert_faults(gpu, VA + 0x1000, EMU_READ, NV_FAULT_TYPE_PTE);

	gpu_invalidate(gpu, gpu->root);
	gpu_vram_write64(gpu, big, NV_MMU_PTE_VOL);
	assert_sparse(gpu, VA);
}

/*
 * What a driver does with a page of 64 KiB that is to be cut, and with small ones that are to be a
 * large one: one write takes the one for the other, and each translation is right before and after.
 */
static void test_dual_changes_over(void **state)
{
	struct gpu *gpu = *state;
	uint64_t big = gpu_entry(gpu, gpu->root, VA, 16);
	uint64_t slot = gpu_entry(gpu, gpu->root, VA, 21);
	uint64_t tables = gpu_vram_read64(gpu, slot);
	unsigned int i;

	gpu_vram_write64(gpu, big, gpu_pte(EMU_VIDEO, 0x20000, 0));
	assert_maps(gpu, VA + 0x5008, gpu->emu->vram + 0x25008);
	/* The small ones wait behind it; the big one goes. */
	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x20000, 0x10000, 0);
	gpu_vram_write64(gpu, gpu_entry(gpu, gpu->root, VA + 0x5000, 12), 0);
	assert_maps(gpu, VA + 0x5008, gpu->emu->vram + 0x25008);
	gpu_vram_write64(gpu, big, 0);
	gpu_invalidate(gpu, gpu->root);
	for (i = 0; i < 16; i++) {
		if (i == 5)
			assert_faults(gpu, VA + i * 4096, EMU_READ, NV_FAULT_TYPE_PTE);
		else
			assert_maps(gpu, VA + i * 4096, gpu->emu->vram + 0x20000 + i * 4096);
	}
	/* A page of 2 MiB over both tables, and back. */
	gpu_vram_write64(gpu, slot, gpu_pte(EMU_VIDEO, 0x200000, 0));
	gpu_invalidate(gpu, gpu->root);
	assert_maps(gpu, VA + 0x5000, gpu->emu->vram + 0x205000);
	gpu_vram_write64(gpu, slot, tables);
	gpu_invalidate(gpu, gpu->root);
	assert_maps(gpu, VA + 0x4000, gpu->emu->vram + 0x24000);
	assert_faults(gpu, VA + 0x5000, EMU_READ, NV_FAULT_TYPE_PTE);
	assert_int_equal(emu_test_violations(gpu->emu), 0);
}

/*
 * The halves of a pair by themselves: each table without the other, sparse beside a table, and
 * 256-byte tables that lie in the middle of a page.
 */
static void test_dual_halves(void **state)
{
	struct gpu *gpu = *state;
	uint64_t slot = gpu_entry(gpu, gpu->root, VA, 21);
	uint64_t table = gpu_table(gpu) + 0x700, small;

	/* Big alone: what it does not have is no page, as there is a table. */
	gpu_vram_write64(gpu, slot, NV_MMU_PDE_APERTURE_VIDEO << 1 | table >> 8 << 4);
	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_PTE);
	gpu_vram_write64(gpu, table + 3 * 8, gpu_pte(EMU_VIDEO, 0x30000, 0));
	assert_maps(gpu, VA + 0x3fff8, gpu->emu->vram + 0x3fff8);
	assert_faults(gpu, VA + 0x40000, EMU_READ, NV_FAULT_TYPE_PTE);

	/* Sparse beside a table of small pages: the table is asked. */
	gpu_vram_write64(gpu, slot, NV_MMU_PDE_VOL);
	gpu_invalidate(gpu, gpu->root);
	assert_sparse(gpu, VA + 0x30000);
	gpu_invalidate(gpu, gpu->root);
	small = gpu_table(gpu);
	gpu_vram_write64(gpu, slot + 8, NV_MMU_PDE_APERTURE_VIDEO << 1 | small >> 12 << 8);
	assert_faults(gpu, VA + 0x30000, EMU_READ, NV_FAULT_TYPE_PTE);
	gpu_vram_write64(gpu, small + 0x30 * 8, gpu_pte(EMU_VIDEO, 0x1000, 0));
	assert_maps(gpu, VA + 0x30000, gpu->emu->vram + 0x1000);

	/* Sparse for the small pages, beside a table of big ones. */
	gpu_vram_write64(gpu, slot, NV_MMU_PDE_APERTURE_VIDEO << 1 | table >> 8 << 4);
	gpu_vram_write64(gpu, slot + 8, NV_MMU_PDE_VOL);
	gpu_invalidate(gpu, gpu->root);
	assert_maps(gpu, VA + 0x30000, gpu->emu->vram + 0x30000);
	assert_sparse(gpu, VA + 0x40000);
}

/* The rights and the memory of a big page are its own, whatever the small ones say. */
static void test_big_rights(void **state)
{
	struct gpu *gpu = *state;

	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x1000, 0x10000, 0);
	gpu_map(gpu, VA, 16, EMU_SYSTEM, GPU_IOVA + 0x10000, 0x10000, NV_MMU_PTE_READ_ONLY);
	assert_system(gpu, VA + 0x9008, 0x19008);
	assert_faults(gpu, VA + 0x9008, EMU_WRITE, NV_FAULT_TYPE_RO);
	/* An address inside of a big page, as of any page, is ignored: it begins where it can. */
	gpu_invalidate(gpu, gpu->root);
	gpu_map(gpu, VA, 16, EMU_VIDEO, 0x23000, 0x10000, 0);
	assert_maps(gpu, VA, gpu->emu->vram + 0x20000);
}

static void test_stale_until_invalidated(void **state)
{
	struct gpu *gpu = *state;
	uint64_t other = gpu_table(gpu);
	uint64_t entry = gpu_entry(gpu, gpu->root, VA, 12);

	/* Not present is not cached. */
	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_PTE);
	gpu_vram_write64(gpu, entry, gpu_pte(EMU_VIDEO, 0x1000, 0));
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);

	/* Present is: neither a new page nor none is seen. */
	gpu_vram_write64(gpu, entry, gpu_pte(EMU_VIDEO, 0x2000, 0));
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);
	gpu_vram_write64(gpu, entry, 0);
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);

	/* Another address space's invalidate changes nothing. */
	gpu_invalidate(gpu, other);
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);
	gpu_invalidate(gpu, gpu->root);
	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_PTE);
}

static void test_invalidate_all(void **state)
{
	struct gpu *gpu = *state;

	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x1000, 4096, 0);
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);
	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x2000, 4096, 0);
	emu_test_write(gpu->emu, NV_VF_INVALIDATE_PDB, 0);
	emu_test_write(gpu->emu, NV_VF_INVALIDATE, NV_VF_INVALIDATE_ALL_VA |
			NV_VF_INVALIDATE_ALL_PDB | NV_VF_INVALIDATE_TRIGGER);
	assert_true(emu_test_read(gpu->emu, NV_VF_INVALIDATE) & NV_VF_INVALIDATE_TRIGGER);
	assert_false(emu_test_read(gpu->emu, NV_VF_INVALIDATE) & NV_VF_INVALIDATE_TRIGGER);
	assert_maps(gpu, VA, gpu->emu->vram + 0x2000);
	/* Without TRIGGER nothing happens. */
	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x3000, 4096, 0);
	emu_test_write(gpu->emu, NV_VF_INVALIDATE, NV_VF_INVALIDATE_ALL_PDB);
	assert_maps(gpu, VA, gpu->emu->vram + 0x2000);
}

/* More pages than the TLB holds: each is translated right, and eviction makes room. */
static void test_capacity(void **state)
{
	struct gpu *gpu = *state;
	unsigned int i, pass;

	for (i = 0; i < 4096; i++)
		gpu_map(gpu, VA + i * 4096ull, 12, EMU_VIDEO, (i % 1024) * 4096ull, 4096, 0);
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < 4096; i++)
			assert_maps(gpu, VA + i * 4096ull + 16,
				    gpu->emu->vram + (i % 1024) * 4096 + 16);
}

/* An invalidate is busy as long as an access that began before it runs, and no longer. */
static void test_invalidate_waits_for_accesses(void **state)
{
	struct gpu *gpu = *state;
	struct emu_mmu_ctx other = gpu->ctx;
	size_t len = 8;
	struct emu_mmu_fault fault;
	void *host;
	unsigned int i;

	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x1000, 4096, 0);
	emu_mmu_begin(gpu->emu, &gpu->ctx);
	assert_int_equal(emu_mmu_span(gpu->emu, &gpu->ctx, VA, EMU_WRITE, &len, &host, &fault), 0);
	emu_mmu_reg_write(gpu->emu, NV_VF_INVALIDATE_PDB, (uint32_t)(gpu->root >> 12) << 4);
	emu_mmu_reg_write(gpu->emu, NV_VF_INVALIDATE, NV_VF_INVALIDATE_TRIGGER);
	for (i = 0; i < 100; i++) {
		uint32_t value;

		assert_true(emu_mmu_reg_read(gpu->emu, NV_VF_INVALIDATE, &value));
		assert_true(value & NV_VF_INVALIDATE_TRIGGER);
	}
	emu_mmu_end(gpu->emu, &gpu->ctx);

	/* One that began after it does not hold it up. */
	other.client = 0;
	emu_mmu_begin(gpu->emu, &other);
	assert_false(emu_test_read(gpu->emu, NV_VF_INVALIDATE) & NV_VF_INVALIDATE_TRIGGER);
	emu_mmu_end(gpu->emu, &other);
}

struct hammer {
	struct gpu *gpu;
	struct emu_mmu_ctx ctx;
	atomic_bool stop;
	atomic_uint rounds;
};

static void *hammer_thread(void *data)
{
	struct hammer *hammer = data;
	struct gpu *gpu = hammer->gpu;

	while (!atomic_load(&hammer->stop)) {
		struct emu_mmu_fault fault;
		size_t len = 8;
		void *host;

		emu_mmu_begin(gpu->emu, &hammer->ctx);
		if (!emu_mmu_span(gpu->emu, &hammer->ctx, VA, EMU_WRITE, &len, &host, &fault))
			__atomic_store_n((uint64_t *)host, 0x5a5a5a5a5a5a5a5aull, __ATOMIC_RELAXED);
		emu_mmu_end(gpu->emu, &hammer->ctx);
		atomic_fetch_add(&hammer->rounds, 1);
	}
	return NULL;
}

/*
 * What the driver does with memory it takes away: clear the PTE, invalidate,
 * reuse. Nothing may be written after TRIGGER reads 0, and a busy engine must not starve it.
 */
static void test_reuse_after_invalidate(void **state)
{
	struct gpu *gpu = *state;
	uint64_t entry = gpu_entry(gpu, gpu->root, VA, 12);
	struct hammer hammer = { .gpu = gpu, .ctx = gpu->ctx };
	pthread_t thread;
	unsigned int i, rounds;

	hammer.ctx.client = 0;
	assert_int_equal(pthread_create(&thread, NULL, hammer_thread, &hammer), 0);
	for (i = 0; i < 400; i++) {
		uint64_t page = 0x1000 + (i & 1) * 0x1000;

		gpu_vram_write64(gpu, entry, gpu_pte(EMU_VIDEO, page, 0));
		/* Mostly at once, to meet a walk that has read the entry and not cached it yet. */
		if (i % 8 == 0)
			gpu_wait(gpu_vram_read64(gpu, page) == 0x5a5a5a5a5a5a5a5aull);
		gpu_vram_write64(gpu, entry, 0);
		gpu_invalidate(gpu, gpu->root);
		gpu_vram_write64(gpu, page, i);
		rounds = atomic_load(&hammer.rounds);
		gpu_wait(atomic_load(&hammer.rounds) > rounds + 1);
		assert_int_equal(gpu_vram_read64(gpu, page), i);
	}
	atomic_store(&hammer.stop, true);
	pthread_join(thread, NULL);
}

static void report(struct gpu *gpu, uint64_t va)
{
	struct emu_fault_source source = {
		.inst = 0x123456000,
		.inst_aperture = EMU_VIDEO,
		.engine_id = NV_FAULT_ENGINE_HOST(1),
		.client = NV_FAULT_CLIENT_HUB_HOST,
	};
	struct emu_mmu_fault fault = {
		.type = NV_FAULT_TYPE_RO,
		.access = EMU_WRITE,
		.va = va,
	};

	emu_fault_report(gpu->emu, &source, &fault);
}

static void buffer_enable(struct gpu *gpu, uint64_t addr, uint32_t entries)
{
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_HI(0), (uint32_t)(addr >> 32));
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_LO(0), (uint32_t)addr | 2u << 1 |
			NV_VF_FAULT_BUFFER_LO_ADDR_MODE);
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0), entries |
			NV_VF_FAULT_BUFFER_SIZE_OVERFLOW_INTR | NV_VF_FAULT_BUFFER_SIZE_ENABLE);
}

static void test_fault_packet(void **state)
{
	struct gpu *gpu = *state;
	uint32_t *packet = (uint32_t *)gpu->ram;

	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0), NV_VF_FAULT_BUFFER_SIZE_SET_DEFAULT);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0)), 256);
	buffer_enable(gpu, GPU_IOVA, 4);
	report(gpu, 0x1a2b3c4d5e678ull);
	assert_int_equal(packet[0], 0x23456000);
	assert_int_equal(packet[1], 1);
	assert_int_equal(packet[2], 0xc4d5e000);
	assert_int_equal(packet[3], 0x1a2b3);
	assert_true((uint64_t)packet[5] << 32 | packet[4]);
	assert_int_equal(packet[6], 33);
	assert_int_equal(packet[7], 0x80110606);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_PUT(0)), 1);
	assert_true(gpu_irq_take(gpu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY));
	assert_false(gpu_irq_take(gpu, NV_VECTOR_MMU_INFO_FAULT));

	/* The information registers hold the first fault until VALID is cleared. */
	report(gpu, 0x9000);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_ADDR_LO), 0xc4d5e000);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_ADDR_HI), 0x1a2b3);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_INST_LO), 0x23456000 | 33);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_INST_HI), 1);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_INFO), 0x80110606);
	assert_true(emu_test_read(gpu->emu, NV_VF_FAULT_STATUS) & NV_VF_FAULT_STATUS_VALID);
	assert_true(emu_test_read(gpu->emu, NV_VF_FAULT_STATUS) & NV_VF_FAULT_STATUS_NON_REPLAYABLE);
	emu_test_write(gpu->emu, NV_VF_FAULT_STATUS, NV_VF_FAULT_STATUS_VALID);
	assert_false(emu_test_read(gpu->emu, NV_VF_FAULT_STATUS) & NV_VF_FAULT_STATUS_VALID);
}

static void test_fault_overflow(void **state)
{
	struct gpu *gpu = *state;
	unsigned int i;

	buffer_enable(gpu, GPU_IOVA, 4);
	for (i = 0; i < 3; i++)
		report(gpu, i << 12);
	assert_false(gpu_irq_take(gpu, NV_VECTOR_MMU_NONREPLAYABLE_ERROR));
	report(gpu, 0x3000);
	assert_true(gpu_irq_take(gpu, NV_VECTOR_MMU_NONREPLAYABLE_ERROR));
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_PUT(0)),
			 3 | NV_VF_FAULT_BUFFER_OVERFLOW);
	/* Moving GET and clearing the flag takes two writes. */
	gpu_irq_take(gpu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY);
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_GET(0), 1 | NV_VF_FAULT_BUFFER_OVERFLOW);
	assert_true(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_GET(0)) & NV_VF_FAULT_BUFFER_OVERFLOW);
	/* There are packets left, so the notification comes again. */
	assert_true(gpu_irq_take(gpu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY));
	report(gpu, 0x4000);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_PUT(0)) & 0xfffff, 3);
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_GET(0), 3 | NV_VF_FAULT_BUFFER_OVERFLOW);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_GET(0)), 3);
	gpu_irq_take(gpu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY);
	report(gpu, 0x5000);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_PUT(0)), 0);
	assert_true(gpu_irq_take(gpu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY));
	/* A pointer beyond the buffer. */
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_GET(0), 9);
	assert_true(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_PUT(0)) &
		    NV_VF_FAULT_BUFFER_GETPTR_CORRUPTED);
}

static void test_fault_without_buffer(void **state)
{
	struct gpu *gpu = *state;

	/* Virtual addressing is not supported, nor a ring of one. */
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_LO(0), 0);
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0), 4 | NV_VF_FAULT_BUFFER_SIZE_ENABLE);
	assert_false(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0)) &
		     NV_VF_FAULT_BUFFER_SIZE_ENABLE);
	buffer_enable(gpu, GPU_IOVA, 1);
	assert_false(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0)) &
		     NV_VF_FAULT_BUFFER_SIZE_ENABLE);
	report(gpu, 0x7000);
	assert_true(gpu_irq_take(gpu, NV_VECTOR_MMU_INFO_FAULT));
	assert_false(gpu_irq_take(gpu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY));
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_ADDR_LO), 0x7000);
}

static void test_reset(void **state)
{
	struct gpu *gpu = *state;

	gpu_map(gpu, VA, 12, EMU_VIDEO, 0x1000, 4096, 0);
	assert_maps(gpu, VA, gpu->emu->vram + 0x1000);
	buffer_enable(gpu, GPU_IOVA, 4);
	report(gpu, 0x1000);
	emu_reset(gpu->emu);
	assert_faults(gpu, VA, EMU_READ, NV_FAULT_TYPE_PDE);
	emu_test_config_write(gpu->emu, 0x04, 0x6, 2);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0)), 0);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_FAULT_STATUS), 0);
	assert_int_equal(emu_test_read(gpu->emu, NV_VF_INVALIDATE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_entries),
		cmocka_unit_test(test_context),
		gpu_test(test_page_sizes),
		gpu_test(test_spans),
		gpu_test(test_rights),
		gpu_test(test_faults),
		gpu_test(test_unmapped_dma),
		gpu_test(test_sparse),
		gpu_test(test_dual),
		gpu_test(test_dual_changes_over),
		gpu_test(test_dual_halves),
		gpu_test(test_big_rights),
		gpu_test(test_stale_until_invalidated),
		gpu_test(test_invalidate_all),
		gpu_test(test_capacity),
		gpu_test(test_invalidate_waits_for_accesses),
		gpu_test(test_reuse_after_invalidate),
		gpu_test(test_fault_packet),
		gpu_test(test_fault_overflow),
		gpu_test(test_fault_without_buffer),
		gpu_test(test_reset),
	};

	return cmocka_run_group_tests_name("mmu", tests, NULL, NULL);
}
