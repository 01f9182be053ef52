/* SPDX-License-Identifier: MIT */
/*
 * Page tables: entries of any content at any level, in video and in system memory, accesses
 * through the TLB and invalidates. After an invalidate an access and a walk must agree, and
 * what a translation yields must lie in memory the device was given.
 */
#include "fuzz_gpu.h"

#include <unistd.h>

#include "../emu_sem.h"

#define TABLE_COUNT	8

/* Tables entries may point to: half of them in video memory, half in system memory. */
struct tables {
	struct gpu *gpu;
	uint64_t addr[TABLE_COUNT];
};

static enum emu_aperture aperture_of(unsigned int table)
{
	return table & 1 ? EMU_SYSTEM : EMU_VIDEO;
}

static void tables_init(struct tables *tables, struct gpu *gpu)
{
	unsigned int i;

	tables->gpu = gpu;
	tables->addr[0] = gpu->root;
	for (i = 1; i < TABLE_COUNT; i++)
		tables->addr[i] = aperture_of(i) == EMU_VIDEO ? gpu_table(gpu) :
				  GPU_IOVA + gpu_ram_alloc(gpu, NV_MMU_TABLE_SIZE);
}

/* A PDE to one of the tables, with bits exchanged. */
static uint64_t take_pde(struct tables *tables, struct fuzz_input *in, bool big)
{
	static const uint64_t apertures[] = {
		NV_MMU_PDE_APERTURE_VIDEO, NV_MMU_PDE_APERTURE_COHERENT,
	};
	unsigned int table = fuzz_below(in, TABLE_COUNT);
	uint64_t addr = tables->addr[table];
	uint64_t raw = apertures[table & 1] << 1 |
		       (big ? addr >> 8 << 4 : addr >> 12 << 8);
	uint8_t spoil = fuzz_u8(in);

	if (spoil < 0x40)
		raw ^= 1ull << spoil;
	return raw;
}

static uint64_t take_pte(struct fuzz_input *in)
{
	static const uint64_t addrs[] = {
		0, 0x200000, EMU_TEST_VRAM - 0x1000, EMU_TEST_VRAM, GPU_IOVA, GPU_IOVA + 0x200000,
		GPU_IOVA + FUZZ_READ_ONLY, GPU_IOVA + FUZZ_UNMAPPED, GPU_IOVA - 0x1000,
	};
	enum emu_aperture aperture = fuzz_u8(in) & 1 ? EMU_SYSTEM : EMU_VIDEO;
	uint64_t raw = gpu_pte(aperture, FUZZ_PICK(in, addrs), 0);
	uint8_t spoil = fuzz_u8(in);

	if (spoil < 0x40)
		raw ^= 1ull << spoil;
	if (spoil == 0xff)
		raw = fuzz_u64(in);
	return raw;
}

static void write_entry(struct tables *tables, struct fuzz_input *in)
{
	unsigned int table = fuzz_below(in, TABLE_COUNT);
	uint8_t what = fuzz_u8(in), index = fuzz_u8(in);
	uint64_t at = tables->addr[table] + 8ull * (index < 0xf0 ? index & 7 : fuzz_u16(in) % 512);
	uint64_t raw;

	switch (what & 7) {
	case 0:
		raw = fuzz_u64(in);
		break;
	case 1:
		raw = take_pde(tables, in, true);
		break;
	case 2:
	case 3:
		raw = take_pte(in);
		break;
	default:
		raw = take_pde(tables, in, false);
	}
	emu_mem_write(tables->gpu->emu, aperture_of(table), at, &raw, sizeof(raw));
}

/* Small indices at each level, so that accesses meet the entries that were written. */
static uint64_t take_va(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in), low = fuzz_u8(in);

	if (how == 0xff)
		return fuzz_u64(in);
	return (uint64_t)(how & 1) << 47 | (uint64_t)(how >> 1 & 1) << 38 |
	       (uint64_t)(how >> 2 & 1) << 29 | (uint64_t)(how >> 3 & 3) << 21 |
	       (uint64_t)(low & 7) << 12 | (uint64_t)(low >> 3 & 1) << 16 | (low & 0xf0);
}

/* A translation that succeeds leads into memory the device was given. */
static void check_page(struct gpu *gpu, const struct emu_mmu_page *page, uint64_t va, size_t len,
		       const void *host, bool write)
{
	uint64_t addr = page->phys + (va & ((1ull << page->shift) - 1));
	const uint8_t *at = host;

	fuzz_require(page->shift == 12 || page->shift == 16 || page->shift == 21, "shift %u",
		     page->shift);
	fuzz_require(len && len <= 1ull << page->shift, "%zu bytes", len);
	if (page->sparse) {
		fuzz_require(!host, "sparse, but memory");
		return;
	}
	if (page->aperture == EMU_VIDEO)
		fuzz_require(at == gpu->emu->vram + addr && addr < gpu->emu->vram_size &&
			     len <= gpu->emu->vram_size - addr, "video memory at %#llx",
			     (unsigned long long)addr);
	else
		fuzz_require(fuzz_gpu_mapped(addr, len, write), "system memory at %#llx",
			     (unsigned long long)addr);
}

static void check_span(struct gpu *gpu, const struct emu_mmu_ctx *ctx, uint64_t va, bool fresh)
{
	struct emu_mmu_page page;
	struct emu_mmu_fault fault;
	uint32_t type = 0;
	size_t len = 4096;
	void *host = NULL;
	int walked, ret;

	emu_mmu_begin(gpu->emu, ctx);
	walked = va >> NV_MMU_VA_BITS || !ctx->bound ? -1 :
		 emu_mmu_walk(gpu->emu, ctx, va, &page, &type);
	ret = emu_mmu_span(gpu->emu, ctx, va, EMU_READ, &len, &host, &fault);
	emu_mmu_end(gpu->emu, ctx);
	/* The TLB may know what the tables do not say any more, unless it was just emptied. */
	if (!fresh)
		return;
	fuzz_require(!(walked && !ret), "%#llx is translated, but not mapped",
		     (unsigned long long)va);
	if (!ret)
		check_page(gpu, &page, va, len, host, false);
}

static void access_memory(struct gpu *gpu, const struct emu_mmu_ctx *ctx, struct fuzz_input *in)
{
	uint64_t va = take_va(in), value = 0x1122334455667788ull;
	static uint8_t buffer[EMU_MMU_CHUNK];
	struct emu_mmu_fault fault = { .type = 0xff };
	struct emu_sem sem = { .va = va & ~0xfull, .payload = 1 };
	size_t len = 1 + fuzz_u16(in);
	uint8_t how = fuzz_u8(in);
	int ret;

	switch (how & 3) {
	case 0:
		ret = emu_mmu_read(gpu->emu, ctx, va, buffer, len, &fault);
		break;
	case 1:
		ret = emu_mmu_write(gpu->emu, ctx, va, buffer, len, &fault);
		break;
	case 2:
		ret = emu_sem_load(gpu->emu, ctx, sem.va, how & 4, &value, &fault);
		break;
	default:
		sem.wide = how & 4;
		sem.timestamp = how & 8;
		sem.reduction = how & 16;
		sem.is_unsigned = how & 32;
		sem.op = how >> 6;
		ret = emu_sem_execute(gpu->emu, ctx, &sem, &fault);
	}
	if (ret)
		fuzz_require(fault.type <= NV_FAULT_TYPE_ATOMIC, "fault type %#x", fault.type);
}

static void invalidate(struct gpu *gpu, const struct emu_mmu_ctx *ctx, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	struct emu_mmu_invalidate inv = {
		.all_pdb = how & 1,
		.aperture = ctx->aperture,
		.pdb = ctx->pdb,
	};

	if (how & 2) {
		inv.start = take_va(in) & ~0xfffull;
		inv.end = inv.start + (4096ull << (how >> 2 & 31));
	}
	if (how & 0x80)
		gpu_invalidate(gpu, ctx->pdb);
	else
		emu_mmu_invalidate(gpu->emu, &inv);
}

static void take_ctx(struct tables *tables, struct emu_mmu_ctx *ctx, struct fuzz_input *in)
{
	unsigned int table = fuzz_below(in, TABLE_COUNT);
	uint8_t how = fuzz_u8(in);
	uint32_t lo = (uint32_t)tables->addr[table] | NV_INST_PDB_LO_VER2 |
		      NV_INST_PDB_LO_BIG_PAGE_64K | (aperture_of(table) == EMU_SYSTEM ? 2 : 0);

	if (how & 0x80)
		lo ^= 1u << (how & 31);
	emu_mmu_ctx_init(ctx, lo, how & 0x40 ? fuzz_u32(in) : 0, how & 1, GPU_CLIENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct emu_mmu_invalidate all = { .all_pdb = true };
	struct fuzz_input in = { data, size };
	struct gpu *gpu = fuzz_gpu();
	struct emu_mmu_ctx ctx = gpu->ctx;
	struct tables tables;
	unsigned int i;

	tables_init(&tables, gpu);
	for (i = 0; i < 256 && fuzz_more(&in); i++) {
		uint64_t va;

		switch (fuzz_below(&in, 8)) {
		case 0:
			access_memory(gpu, &ctx, &in);
			break;
		case 1:
			check_span(gpu, &ctx, take_va(&in), false);
			break;
		case 2:
			invalidate(gpu, &ctx, &in);
			break;
		case 3:
			va = take_va(&in);
			emu_mmu_invalidate(gpu->emu, &all);
			check_span(gpu, &ctx, va, true);
			break;
		case 4:
			take_ctx(&tables, &ctx, &in);
			break;
		default:
			write_entry(&tables, &in);
		}
	}
	fuzz_gpu_done(gpu);
	return 0;
}
