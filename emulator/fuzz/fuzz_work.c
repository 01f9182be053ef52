/* SPDX-License-Identifier: MIT */
#include "fuzz_work.h"
#include "regs/nv_twod.h"

#define PUSH_ROOM	96u	/* dwords that one operation may take */

/* Where fuzz_work_map() puts what; 64 KiB and more apart. */
static const struct {
	uint64_t va;
	unsigned int shift;
	enum emu_aperture aperture;
	uint64_t addr;
	uint64_t size;
	uint64_t flags;
} areas[] = {
	{ 0x20000000, 12, EMU_SYSTEM, GPU_IOVA + 0x400000, 0x8000, 0 },
	{ 0x20100000, 12, EMU_VIDEO, 0x100000, 0x8000, 0 },
	{ 0x20200000, 16, EMU_VIDEO, 0x200000, 0x20000, 0 },
	{ 0x20400000, 21, EMU_VIDEO, 0x400000, 0x200000, 0 },
	{ 0x20600000, 12, EMU_SYSTEM, GPU_IOVA + 0x500000, 0x2000, NV_MMU_PTE_READ_ONLY },
	{ 0x20602000, 12, EMU_VIDEO, 0x180000, 0x2000, NV_MMU_PTE_PRIVILEGE },
	{ 0x20604000, 12, EMU_VIDEO, 0x190000, 0x2000, NV_MMU_PTE_ATOMIC_DISABLE },
	/* Physical memory the device was not given, and beyond what there is. */
	{ 0x20700000, 12, EMU_SYSTEM, GPU_IOVA + FUZZ_READ_ONLY - 0x1000, 0x3000, 0 },
	{ 0x20710000, 12, EMU_SYSTEM, GPU_IOVA + FUZZ_UNMAPPED - 0x1000, 0x3000, 0 },
	{ 0x20720000, 12, EMU_VIDEO, EMU_TEST_VRAM - 0x1000, 0x3000, 0 },
	{ 0x20730000, 12, EMU_SYSTEM, 0x1000, 0x1000, 0 },
	/* One page over memory that may be written, only read, and not touched. */
	{ 0x20a00000, 21, EMU_SYSTEM, GPU_IOVA + GPU_RAM - 0x200000, 0x200000, 0 },
	/* The end of the address space. */
	{ (1ull << NV_HOST_VA_BITS) - 0x1000, 12, EMU_VIDEO, 0x1a0000, 0x1000, 0 },
	{ (1ull << NV_MMU_VA_BITS) - 0x1000, 12, EMU_VIDEO, 0x1b0000, 0x1000, 0 },
};

#define SPARSE_VA	0x20800000ull
#define EDGE_VA		(0x20a00000ull + 0x200000 - 2 * FUZZ_GUARD - 0x200)

void fuzz_work_map(struct gpu *gpu)
{
	size_t i;

	for (i = 0; i < FUZZ_COUNT(areas); i++)
		gpu_map(gpu, areas[i].va, areas[i].shift, areas[i].aperture, areas[i].addr,
			areas[i].size, areas[i].flags);
	gpu_vram_write64(gpu, gpu_entry(gpu, gpu->root, SPARSE_VA, 12), NV_MMU_PTE_VOL);
}

static uint64_t take_va(struct gpu_chan *chan, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	uint64_t base;

	if (how == 0xff)
		return fuzz_u64(in) & ((1ull << NV_MMU_VA_BITS) - 1);
	if (how == 0xfe)
		base = SPARSE_VA;
	else if (how == 0xfd)	/* its own push buffer */
		base = GPU_PUSH_VA + chan->chid * 0x10000ull;
	else if (how == 0xfc)
		base = GPU_RING_VA + chan->chid * 4096ull;
	else if (how == 0xfb)
		base = EDGE_VA;
	else
		base = areas[how % FUZZ_COUNT(areas)].va;
	how = fuzz_u8(in);
	return base + (how & 1 ? fuzz_u16(in) : (uint64_t)how * 16);
}

static void put_address(struct gpu_chan *chan, struct fuzz_input *in, uint32_t upper)
{
	uint64_t va = take_va(chan, in);

	gpu_push(chan, NV_PB_HEADER(INC, NV_SUBCHANNEL_CE, upper, 2));
	gpu_push(chan, (uint32_t)(va >> 32));
	gpu_push(chan, (uint32_t)va);
}

static uint32_t take_small(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	if (how == 0xff)
		return fuzz_u32(in);
	if (how >= 0xe0)
		return (uint32_t)-(how & 0x1f) * 64;
	return how & 1 ? how : (uint32_t)how * 64;
}

/* --- copy engine --- */

static void put_surface(struct gpu_chan *chan, struct fuzz_input *in, uint32_t block)
{
	uint8_t size = fuzz_u8(in);
	uint32_t x;

	gpu_push(chan, NV_PB_HEADER(INC, NV_SUBCHANNEL_CE, block, 6));
	gpu_push(chan, NV_PUT(NV_C5B5_BLOCK_HEIGHT, size & 7) |
		       NV_PUT(NV_C5B5_BLOCK_DEPTH, size >> 3 & 7) |
		       NV_PUT(NV_C5B5_BLOCK_GOB_HEIGHT, size < 0xf0) |
		       NV_PUT(NV_C5B5_BLOCK_WIDTH, size == 0xef));
	gpu_push(chan, take_small(in));		/* width */
	gpu_push(chan, take_small(in));		/* height */
	gpu_push(chan, take_small(in));		/* depth */
	gpu_push(chan, fuzz_u8(in));		/* layer */
	x = fuzz_u8(in);
	gpu_push(chan, x | (uint32_t)fuzz_u8(in) << 16);	/* origin */
}

static void put_remap(struct gpu_chan *chan, struct fuzz_input *in)
{
	gpu_push(chan, NV_PB_HEADER(INC, NV_SUBCHANNEL_CE, NV_C5B5_SET_REMAP_CONST_A, 3));
	gpu_push(chan, fuzz_u32(in));
	gpu_push(chan, fuzz_u32(in));
	gpu_push(chan, fuzz_u32(in));
}

/* A launch whose bits are usual ones with a few exchanged. */
static uint32_t take_launch(struct fuzz_input *in)
{
	uint32_t launch = NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED | NV_C5B5_LAUNCH_SRC_PITCH |
			  NV_C5B5_LAUNCH_DST_PITCH;
	uint8_t n;

	for (n = fuzz_below(in, 6); n; n--)
		launch ^= 1u << fuzz_below(in, 27);
	return launch;
}

static void put_launch(struct gpu_chan *chan, struct fuzz_input *in)
{
	uint8_t parts = fuzz_u8(in);

	if (parts & 1)
		put_address(chan, in, NV_C5B5_OFFSET_IN_UPPER);
	if (parts & 2)
		put_address(chan, in, NV_C5B5_OFFSET_OUT_UPPER);
	if (parts & 4)
		put_surface(chan, in, NV_C5B5_SET_SRC_BLOCK_SIZE);
	if (parts & 8)
		put_surface(chan, in, NV_C5B5_SET_DST_BLOCK_SIZE);
	if (parts & 16)
		put_remap(chan, in);
	if (parts & 32) {
		put_address(chan, in, NV_C5B5_SET_SEMAPHORE_A);
		gpu_method(chan, NV_SUBCHANNEL_CE, NV_C5B5_SET_SEMAPHORE_PAYLOAD, fuzz_u32(in));
	}
	if (parts & 64) {
		gpu_method(chan, NV_SUBCHANNEL_CE, NV_C5B5_SET_SRC_PHYS_MODE, fuzz_u8(in));
		gpu_method(chan, NV_SUBCHANNEL_CE, NV_C5B5_SET_DST_PHYS_MODE, fuzz_u8(in));
	}
	gpu_push(chan, NV_PB_HEADER(INC, NV_SUBCHANNEL_CE, NV_C5B5_PITCH_IN, 4));
	gpu_push(chan, take_small(in));
	gpu_push(chan, take_small(in));
	gpu_push(chan, take_small(in));
	gpu_push(chan, take_small(in));
	gpu_method(chan, NV_SUBCHANNEL_CE, NV_C5B5_LAUNCH_DMA, take_launch(in));
}

/* --- 2D engine --- */

static void put_twod_surface(struct gpu_chan *chan, struct fuzz_input *in, uint32_t first)
{
	static const uint32_t formats[] = {
		NV_902D_FORMAT_A8R8G8B8, NV_902D_FORMAT_R5G6B5, NV_902D_FORMAT_Y8,
		NV_902D_FORMAT_R16_G16_B16_A16, NV_902D_FORMAT_A2B10G10R10, NV_902D_FORMAT_Y32,
		NV_902D_FORMAT_X1R5G5B5, NV_902D_FORMAT_RF32,
	};
	uint64_t va = take_va(chan, in) & ~0x1ffull;
	uint8_t how = fuzz_u8(in);

	gpu_push(chan, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D, first, 4));
	gpu_push(chan, FUZZ_PICK(in, formats));
	gpu_push(chan, how & 1);
	gpu_push(chan, NV_PUT(NV_902D_BLOCK_HEIGHT, how >> 1) | NV_PUT(NV_902D_BLOCK_DEPTH, how >> 4));
	gpu_push(chan, 1 + (how >> 7));
	gpu_push(chan, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D, first + 0x14, 5));
	gpu_push(chan, take_small(in));		/* pitch */
	gpu_push(chan, take_small(in));		/* width */
	gpu_push(chan, take_small(in));		/* height */
	gpu_push(chan, (uint32_t)(va >> 32) & 0xff);
	gpu_push(chan, (uint32_t)va);
}

/* How pixels are mixed, and a condition or two that are seldom met by chance. */
static void put_twod_state(struct gpu_chan *chan, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_OPERATION, how % 7);
	gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_ROP, fuzz_u8(in));
	gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_PATTERN_SELECT, how >> 6);
	gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_MONO_COLOR_FORMAT,
		   NV_902D_MONO_COLOR_A8R8G8B8);
	gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_CLIP_ENABLE, how >> 5 & 1);
	gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_CPU_DX_DU_INT, 1);
	gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_CPU_DY_DV_INT, 1);
	gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_CPU_COLOR_FORMAT, NV_902D_FORMAT_R5G6B5);
	gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_PRIM_COLOR_FORMAT,
		   NV_902D_FORMAT_A8R8G8B8);
}

static void put_twod_any(struct gpu_chan *chan, struct fuzz_input *in)
{
	uint32_t method = fuzz_u16(in) % 0x8e4, data = take_small(in);

	gpu_method(chan, NV_SUBCHANNEL_2D, method & ~3u, data);
}

static void put_twod(struct gpu_chan *chan, struct fuzz_input *in)
{
	uint8_t parts = fuzz_u8(in), i;

	if (parts & 1)
		put_twod_surface(chan, in, NV_902D_SET_DST_FORMAT);
	if (parts & 2)
		put_twod_surface(chan, in, NV_902D_SET_SRC_FORMAT);
	if (parts & 4)
		put_twod_state(chan, in);
	for (i = 0; i < (parts & 3); i++)
		put_twod_any(chan, in);
	switch (parts >> 6) {
	case 0:
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_BLIT_DST_WIDTH, fuzz_u8(in));
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_BLIT_DST_HEIGHT, fuzz_u8(in));
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_BLIT_DU_DX_INT, take_small(in));
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_BLIT_SRC_Y0_INT, take_small(in));
		break;
	case 1:
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_RENDER_SOLID_PRIM_MODE,
			   fuzz_below(in, 6));
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_PRIM_POINT_X_Y, fuzz_u32(in));
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_PRIM_POINT_X_Y, fuzz_u32(in));
		break;
	case 2:
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_CPU_SRC_WIDTH, fuzz_u8(in));
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_CPU_SRC_HEIGHT, fuzz_u8(in));
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_SET_CPU_DST_Y0_INT, fuzz_u8(in));
		/* fall through */
	default:
		gpu_method(chan, NV_SUBCHANNEL_2D, NV_902D_CPU_DATA, fuzz_u32(in));
	}
}

/* --- host --- */

static void put_semaphore(struct gpu_chan *chan, struct fuzz_input *in)
{
	uint64_t va = take_va(chan, in) & ((1ull << NV_HOST_VA_BITS) - 1);
	uint64_t payload = fuzz_u8(in) & 1 ? fuzz_u64(in) : fuzz_u8(in);
	uint8_t op = fuzz_u8(in), reduction = fuzz_below(in, 9), flags = fuzz_u8(in);
	uint32_t execute = NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, op) |
			   NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, reduction);

	execute |= flags & 1 ? NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT : 0;
	execute |= flags & 2 ? NV_C46F_SEM_EXECUTE_TIMESTAMP : 0;
	execute |= flags & 4 ? NV_C46F_SEM_EXECUTE_UNSIGNED : 0;
	execute |= flags & 8 ? NV_C46F_SEM_EXECUTE_RELEASE_WFI : 0;
	execute |= flags & 16 ? NV_C46F_SEM_EXECUTE_SWITCH_TSG : 0;
	gpu_semaphore(chan, va, payload, execute);
}

static void put_mem_op(struct gpu_chan *chan, struct fuzz_input *in)
{
	static const uint32_t operations[] = {
		NV_C46F_MEM_OP_D_MEMBAR, NV_C46F_MEM_OP_D_TLB_INVALIDATE,
		NV_C46F_MEM_OP_D_TLB_INVALIDATE_TARGETED, NV_C46F_MEM_OP_D_L2_FLUSH_DIRTY, 0,
	};
	uint64_t va = take_va(chan, in);

	gpu_push(chan, NV_PB_HEADER(INC, 0, NV_C46F_MEM_OP_A, 4));
	gpu_push(chan, (uint32_t)va | fuzz_u8(in));
	gpu_push(chan, (uint32_t)(va >> 32));
	gpu_push(chan, (uint32_t)chan->gpu->root | fuzz_u16(in));
	gpu_push(chan, NV_PUT(NV_C46F_MEM_OP_D_OPERATION, FUZZ_PICK(in, operations)));
}

static void put_host_method(struct gpu_chan *chan, struct fuzz_input *in)
{
	static const struct {
		uint32_t method;
		uint32_t data;
	} usual[] = {
		{ NV_C46F_SET_OBJECT, NV_CE_CLASS },
		{ NV_C46F_NOP, 0 },
		{ NV_C46F_NON_STALL_INTERRUPT, 0 },
		{ NV_C46F_WFI, 0 },
		{ NV_C46F_SET_REFERENCE, 5 },
		{ NV_C46F_YIELD, NV_C46F_YIELD_NOP },
		{ NV_C46F_YIELD, NV_C46F_YIELD_RUNLIST_TIMESLICE },
	};
	uint8_t which = fuzz_u8(in), subchannel = fuzz_below(in, 8);

	if (which < 0x80)
		gpu_method(chan, subchannel, usual[which % FUZZ_COUNT(usual)].method,
			   usual[which % FUZZ_COUNT(usual)].data);
	else
		gpu_method(chan, subchannel, (which & 0x3f) * 4u, fuzz_u32(in));
}

/* --- push buffers --- */

static void put_any_methods(struct gpu_chan *chan, struct fuzz_input *in)
{
	static const uint32_t ops[] = {
		NV_PB_SEC_OP_INC, NV_PB_SEC_OP_NON_INC, NV_PB_SEC_OP_ONE_INC, NV_PB_SEC_OP_IMMD,
		NV_PB_SEC_OP_TERT, NV_PB_SEC_OP_END_SEGMENT,
	};
	uint32_t op = FUZZ_PICK(in, ops), count = fuzz_below(in, 16);
	uint32_t where = fuzz_u16(in);

	gpu_push(chan, NV_PUT(NV_PB_SEC_OP, op) | NV_PUT(NV_PB_COUNT, count) |
		       NV_PUT(NV_PB_SUBCHANNEL, where >> 13) | (where & 0x1fff));
	if (op == NV_PB_SEC_OP_INC || op == NV_PB_SEC_OP_NON_INC || op == NV_PB_SEC_OP_ONE_INC) {
		while (count--)
			gpu_push(chan, fuzz_u32(in));
	}
}

static void submit(struct gpu_chan *chan, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	uint32_t word;

	if (how & 0x80) {
		word = fuzz_u32(in);
		gpu_gp_entry(chan, word, fuzz_u32(in));
	} else if (how & 0x40) {	/* GP_PUT out of thin air */
		gpu_store32(chan->gpu, chan->userd + NV_USERD_GP_PUT, fuzz_u16(in));
	} else {
		gpu_submit(chan, (how & 1 ? NV_GP_ENTRY1_LEVEL : 0) |
				 (how & 2 ? NV_GP_ENTRY1_SYNC : 0) |
				 (how & 4 ? NV_PUT(NV_GP_ENTRY1_LENGTH, 4) : 0));
	}
}

void fuzz_work_take(struct gpu_chan *chan, struct fuzz_input *in)
{
	if (chan->used + PUSH_ROOM > chan->push_size / 4)
		return;
	switch (fuzz_below(in, 8)) {
	case 0:
		gpu_push(chan, fuzz_u32(in));
		break;
	case 1:
		put_any_methods(chan, in);
		break;
	case 2:
		put_host_method(chan, in);
		break;
	case 3:
		put_semaphore(chan, in);
		break;
	case 4:
		put_mem_op(chan, in);
		break;
	case 5:
		submit(chan, in);
		break;
	default:
		if (chan->engine == EMU_GRAPHICS_ENGINE)
			put_twod(chan, in);
		else
			put_launch(chan, in);
	}
}
