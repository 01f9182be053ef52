/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "gpu.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t random_state;

int gpu_setup(void **state)
{
	struct gpu *gpu = calloc(1, sizeof(*gpu));

	if (!gpu)
		return -1;
	gpu->emu = emu_create(EMU_TEST_VRAM, EMU_LOG_ERROR - 1);
	gpu->fd = memfd_create("test-ram", MFD_CLOEXEC);
	if (!gpu->emu || gpu->fd < 0 || ftruncate(gpu->fd, GPU_RAM))
		return -1;
	gpu->ram = mmap(NULL, GPU_RAM, PROT_READ | PROT_WRITE, MAP_SHARED, gpu->fd, 0);
	if (gpu->ram == MAP_FAILED ||
	    emu_mem_map(gpu->emu, GPU_IOVA, GPU_RAM, gpu->fd, 0, true, true))
		return -1;
	emu_test_config_write(gpu->emu, 0x04, 0x6, 2);
	gpu->tables = GPU_TABLES;
	gpu->root = gpu_table(gpu);
	gpu->ctx = (struct emu_mmu_ctx) {
		.pdb = gpu->root,
		.aperture = EMU_VIDEO,
		.bound = true,
		.client = GPU_CLIENT,
	};
	*state = gpu;
	return 0;
}

int gpu_teardown(void **state)
{
	struct gpu *gpu = *state;

	emu_destroy(gpu->emu);
	munmap(gpu->ram, GPU_RAM);
	close(gpu->fd);
	free(gpu);
	return 0;
}

/* --- page tables --- */

uint64_t gpu_table(struct gpu *gpu)
{
	uint64_t addr = gpu->tables;

	gpu->tables += NV_MMU_TABLE_SIZE;
	assert_true(gpu->tables < emu_fifo_inst(gpu->emu, 0));
	return addr;
}

uint64_t gpu_vram_read64(struct gpu *gpu, uint64_t addr)
{
	return __atomic_load_n((uint64_t *)(gpu->emu->vram + addr), __ATOMIC_ACQUIRE);
}

void gpu_vram_write64(struct gpu *gpu, uint64_t addr, uint64_t value)
{
	__atomic_store_n((uint64_t *)(gpu->emu->vram + addr), value, __ATOMIC_RELEASE);
}

/* The table an entry points to, made if there is none. */
static uint64_t descend(struct gpu *gpu, uint64_t entry, bool big)
{
	uint64_t raw = gpu_vram_read64(gpu, entry);
	uint64_t table;

	if (raw & NV_MMU_PDE_APERTURE)
		return big ? (raw & NV_MMU_PDE0_BIG_ADDR_VID) << 4 :
			     (raw & NV_MMU_PDE_ADDR_VID) << 4;
	table = gpu_table(gpu);
	gpu_vram_write64(gpu, entry, NV_MMU_PDE_APERTURE_VIDEO << 1 | table >> 4);
	return table;
}

uint64_t gpu_entry(struct gpu *gpu, uint64_t root, uint64_t va, unsigned int shift)
{
	uint64_t entry = root + (va >> 47 & 3) * 8;

	if (shift == 47)
		return entry;
	entry = descend(gpu, entry, false) + (va >> 38 & 511) * 8;
	if (shift == 38)
		return entry;
	entry = descend(gpu, entry, false) + (va >> 29 & 511) * 8;
	if (shift == 29)
		return entry;
	entry = descend(gpu, entry, false) + (va >> 21 & 255) * 16;
	if (shift == 21)
		return entry;
	if (shift == 16)
		return descend(gpu, entry, true) + (va >> 16 & 31) * 8;
	return descend(gpu, entry + 8, false) + (va >> 12 & 511) * 8;
}

uint64_t gpu_pte(enum emu_aperture aperture, uint64_t addr, uint64_t flags)
{
	return addr >> 4 | NV_MMU_PTE_VALID | flags | NV_MMU_KIND_GENERIC << 56 |
	       (aperture == EMU_SYSTEM ? NV_MMU_PTE_APERTURE_COHERENT << 1 | NV_MMU_PTE_VOL : 0);
}

void gpu_map(struct gpu *gpu, uint64_t va, unsigned int shift, enum emu_aperture aperture,
	     uint64_t addr, uint64_t size, uint64_t flags)
{
	uint64_t offset;

	for (offset = 0; offset < size; offset += 1ull << shift)
		gpu_vram_write64(gpu, gpu_entry(gpu, gpu->root, va + offset, shift),
				 gpu_pte(aperture, addr + offset, flags));
}

void gpu_map_mixed(struct gpu *gpu, uint64_t va, uint64_t offset, uint64_t size)
{
	gpu_map(gpu, va, 12, EMU_SYSTEM, GPU_IOVA + offset, size / 2, 0);
	gpu_map(gpu, va + size / 2, 16, EMU_SYSTEM, GPU_IOVA + offset + size / 2, size / 2, 0);
}

uint64_t gpu_ram_alloc(struct gpu *gpu, uint64_t size)
{
	uint64_t offset = gpu->ram_used;

	gpu->ram_used += (size + 4095) & ~4095ull;
	assert_true(gpu->ram_used <= GPU_RAM);
	return offset;
}

void gpu_invalidate(struct gpu *gpu, uint64_t root)
{
	unsigned int reads = 0;

	emu_test_write(gpu->emu, NV_VF_INVALIDATE_PDB, (uint32_t)(root >> 12) << 4);
	emu_test_write(gpu->emu, NV_VF_INVALIDATE_UPPER_PDB, (uint32_t)(root >> 40));
	emu_test_write(gpu->emu, NV_VF_INVALIDATE,
		       NV_VF_INVALIDATE_ALL_VA | NV_VF_INVALIDATE_TRIGGER);
	while (emu_test_read(gpu->emu, NV_VF_INVALIDATE) & NV_VF_INVALIDATE_TRIGGER)
		reads++;
	assert_true(reads >= 1);
}

bool gpu_irq_take(struct gpu *gpu, unsigned int vector)
{
	uint32_t bit = NV_BIT(vector % 32);

	if (!(emu_test_read(gpu->emu, NV_VF_INTR_LEAF(vector / 32)) & bit))
		return false;
	emu_test_write(gpu->emu, NV_VF_INTR_LEAF(vector / 32), bit);
	return true;
}

/* --- a channel --- */

void gpu_inst_put(struct gpu_chan *chan, uint32_t offset, uint32_t value)
{
	emu_mem_write(chan->gpu->emu, EMU_VIDEO,
		      emu_fifo_inst(chan->gpu->emu, chan->chid) + offset, &value, sizeof(value));
}

void gpu_inst_write(struct gpu_chan *chan, bool privileged)
{
	uint64_t ring_va = GPU_RING_VA + chan->chid * 4096ull;

	gpu_inst_put(chan, NV_RAMFC_USERD, (uint32_t)(GPU_IOVA + chan->userd) | 2);
	gpu_inst_put(chan, NV_RAMFC_USERD_HI, 0);
	gpu_inst_put(chan, NV_RAMFC_SIGNATURE, NV_RAMFC_SIGNATURE_VALID);
	gpu_inst_put(chan, NV_RAMFC_ACQUIRE, 0x7ffff902);
	gpu_inst_put(chan, NV_RAMFC_GP_BASE, (uint32_t)ring_va);
	gpu_inst_put(chan, NV_RAMFC_GP_BASE_HI, 9u << 16);
	gpu_inst_put(chan, NV_RAMFC_HCE_CTRL, privileged ? NV_RAMFC_HCE_CTRL_PRIV_MODE : 0);
	gpu_inst_put(chan, NV_RAMFC_CONFIG, NV_RAMFC_CONFIG_USERD_WRITEBACK |
					    (privileged ? NV_RAMFC_CONFIG_AUTH_LEVEL : 0));
	gpu_inst_put(chan, NV_INST_PDB_LO, (uint32_t)chan->gpu->root | NV_INST_PDB_LO_VER2 |
					   NV_INST_PDB_LO_BIG_PAGE_64K);
	gpu_inst_put(chan, NV_INST_PDB_HI, 0);
}

void gpu_chan_init(struct gpu *gpu, struct gpu_chan *chan, unsigned int engine, bool privileged)
{
	int chid = emu_fifo_alloc(gpu->emu, engine);

	assert_true(chid >= 0);
	memset(chan, 0, sizeof(*chan));
	chan->gpu = gpu;
	chan->chid = chid;
	chan->engine = engine;
	chan->ring = gpu_ram_alloc(gpu, GPU_RING_ENTRIES * NV_GP_ENTRY_SIZE);
	chan->userd = gpu_ram_alloc(gpu, NV_USERD_SIZE);
	chan->push_size = 0x10000;
	chan->push = gpu_ram_alloc(gpu, chan->push_size);
	gpu_map(gpu, GPU_RING_VA + chid * 4096ull, 12, EMU_SYSTEM, GPU_IOVA + chan->ring, 4096, 0);
	gpu_map(gpu, GPU_PUSH_VA + chid * 0x10000ull, 12, EMU_SYSTEM, GPU_IOVA + chan->push,
		chan->push_size, 0);
	gpu_inst_write(chan, privileged);
}

void gpu_push(struct gpu_chan *chan, uint32_t dword)
{
	assert_true(chan->used * 4 < chan->push_size);
	memcpy(chan->gpu->ram + chan->push + chan->used * 4, &dword, 4);
	chan->used++;
}

void gpu_method(struct gpu_chan *chan, uint32_t subchannel, uint32_t method, uint32_t data)
{
	gpu_push(chan, NV_PB_HEADER(INC, subchannel, method, 1));
	gpu_push(chan, data);
}

void gpu_gp_entry(struct gpu_chan *chan, uint32_t word0, uint32_t word1)
{
	uint32_t entry[2] = { word0, word1 };

	memcpy(chan->gpu->ram + chan->ring + chan->put * 8, entry, sizeof(entry));
	chan->put = (chan->put + 1) % GPU_RING_ENTRIES;
	gpu_store32(chan->gpu, chan->userd + NV_USERD_GP_PUT, chan->put);
}

void gpu_submit(struct gpu_chan *chan, uint32_t flags)
{
	uint64_t va = GPU_PUSH_VA + chan->chid * 0x10000ull + chan->start * 4;

	gpu_gp_entry(chan, (uint32_t)va, (uint32_t)(va >> 32) | flags |
					 NV_PUT(NV_GP_ENTRY1_LENGTH, chan->used - chan->start));
	chan->start = chan->used;
}

uint32_t gpu_userd(struct gpu_chan *chan, uint32_t offset)
{
	return gpu_load32(chan->gpu, chan->userd + offset);
}

void gpu_semaphore(struct gpu_chan *chan, uint64_t va, uint64_t payload, uint32_t execute)
{
	gpu_push(chan, NV_PB_HEADER(INC, 0, NV_C46F_SEM_ADDR_LO, 5));
	gpu_push(chan, (uint32_t)va);
	gpu_push(chan, (uint32_t)(va >> 32));
	gpu_push(chan, (uint32_t)payload);
	gpu_push(chan, (uint32_t)(payload >> 32));
	gpu_push(chan, execute);
}

uint32_t gpu_load32(struct gpu *gpu, uint64_t offset)
{
	return __atomic_load_n((uint32_t *)(gpu->ram + offset), __ATOMIC_ACQUIRE);
}

void gpu_store32(struct gpu *gpu, uint64_t offset, uint32_t value)
{
	__atomic_store_n((uint32_t *)(gpu->ram + offset), value, __ATOMIC_RELEASE);
}

/* --- random numbers --- */

void gpu_seed(void)
{
	const char *text = getenv("NOVA_SEED");

	random_state = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) << 20 ^ getpid();
	print_message("seed: NOVA_SEED=%#llx\n", (unsigned long long)random_state);
}

uint32_t gpu_random(void)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return random_state >> 33;
}
