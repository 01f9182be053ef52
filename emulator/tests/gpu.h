/* SPDX-License-Identifier: MIT */
/*
 * A GPU to test the back of the emulator with: the real components, system
 * memory mapped for DMA, a page-table builder, and a channel without firmware.
 */
#ifndef GPU_H
#define GPU_H

#include "emu_test.h"
#include "../emu_fifo.h"
#include "../emu_mmu.h"
#include "regs/nv_ce.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"
#include "regs/nv_vf.h"

#include <unistd.h>

#define GPU_IOVA		0x80000000ull	/* where system memory is mapped */
#define GPU_RAM			(16u << 20)
#define GPU_TABLES		(8u << 20)	/* video memory from here on holds page tables */
#define GPU_CLIENT		EMU_ENGINES	/* the tests' own MMU client */
#define GPU_PUSH_VA		0x10000000ull	/* push buffers, in system memory */
#define GPU_RING_VA		0x0f000000ull	/* one ring per channel, 4 KiB each */
#define GPU_RING_ENTRIES	512u

struct gpu {
	struct emu *emu;
	int fd;
	uint8_t *ram;		/* GPU_IOVA .. GPU_IOVA + GPU_RAM */
	uint64_t tables;	/* next free table */
	uint64_t root;
	uint64_t ram_used;
	struct emu_mmu_ctx ctx;
};

/* cmocka fixtures; the state is a struct gpu. */
int gpu_setup(void **state);
int gpu_teardown(void **state);

#define gpu_test(function) cmocka_unit_test_setup_teardown(function, gpu_setup, gpu_teardown)

uint64_t gpu_table(struct gpu *gpu);			/* a zeroed table in video memory */
uint64_t gpu_vram_read64(struct gpu *gpu, uint64_t addr);
void gpu_vram_write64(struct gpu *gpu, uint64_t addr, uint64_t value);
/* Address in video memory of the entry for @va at 12, 16, 21, 29, 38 or 47; makes the tables above. */
uint64_t gpu_entry(struct gpu *gpu, uint64_t root, uint64_t va, unsigned int shift);
uint64_t gpu_pte(enum emu_aperture aperture, uint64_t addr, uint64_t flags);
/* Maps @size bytes with pages of 1 << @shift. */
void gpu_map(struct gpu *gpu, uint64_t va, unsigned int shift, enum emu_aperture aperture,
	     uint64_t addr, uint64_t size, uint64_t flags);
/* gpu->ram from @offset on: the first half with pages of 4 KiB, the second of 64 KiB, so that there are seams. */
void gpu_map_mixed(struct gpu *gpu, uint64_t va, uint64_t offset, uint64_t size);
/* Takes system memory, 4 KiB granular: offset in gpu->ram. */
uint64_t gpu_ram_alloc(struct gpu *gpu, uint64_t size);
void gpu_invalidate(struct gpu *gpu, uint64_t root);	/* through the registers, with polling */
bool gpu_irq_take(struct gpu *gpu, unsigned int vector);	/* pending; cleared if so */

/* A channel whose ring, USERD and push buffers are in system memory. */
struct gpu_chan {
	struct gpu *gpu;
	uint32_t chid;
	unsigned int engine;
	uint64_t ring;		/* offsets in ram */
	uint64_t userd;
	uint64_t push;
	uint32_t push_size;
	uint32_t used;		/* dwords of push */
	uint32_t start;		/* of the segment being written */
	uint32_t put;
};

/* RAMFC and page directory base as the firmware writes them. */
void gpu_inst_write(struct gpu_chan *chan, bool privileged);
void gpu_inst_put(struct gpu_chan *chan, uint32_t offset, uint32_t value);
void gpu_chan_init(struct gpu *gpu, struct gpu_chan *chan, unsigned int engine, bool privileged);
void gpu_push(struct gpu_chan *chan, uint32_t dword);
void gpu_method(struct gpu_chan *chan, uint32_t subchannel, uint32_t method, uint32_t data);
/* Makes a GP entry of what was pushed since the last one, and moves GP_PUT. */
void gpu_submit(struct gpu_chan *chan, uint32_t flags);
void gpu_gp_entry(struct gpu_chan *chan, uint32_t word0, uint32_t word1);
uint32_t gpu_userd(struct gpu_chan *chan, uint32_t offset);
void gpu_semaphore(struct gpu_chan *chan, uint64_t va, uint64_t payload, uint32_t execute);
uint32_t gpu_load32(struct gpu *gpu, uint64_t offset);	/* of ram, atomic */
void gpu_store32(struct gpu *gpu, uint64_t offset, uint32_t value);

/* Random numbers whose seed is printed, and taken from NOVA_SEED if set. */
void gpu_seed(void);
uint32_t gpu_random(void);

/* Waits for a condition another thread brings about; the test fails after a minute. */
#define gpu_wait(condition)						\
	do {								\
		uint64_t gpu_end_ = emu_host_now() + 60000000000ull;	\
									\
		while (!(condition)) {					\
			if (emu_host_now() > gpu_end_)			\
				fail_msg("never: %s", #condition);	\
			usleep(50);					\
		}							\
	} while (0)

#endif /* GPU_H */
