/* SPDX-License-Identifier: MIT */
/*
 * Copy engine, class C5B5: method state of one channel, and its transfer.
 *
 * A launch is checked, then carried out in steps of at most EMU_MMU_CHUNK
 * bytes, so that a channel can be preempted or stopped inside a large one.
 */
#ifndef EMU_CE_H
#define EMU_CE_H

#include "emu_mmu.h"

#define EMU_CE_METHODS		(0x754 / 4)	/* of the state array; PM_TRIGGER_END has no state */
#define EMU_CE_COMPONENTS	4
#define EMU_CE_BLOCK_LOG_MAX	5u	/* GOBs per block in one direction, log2 */
#define EMU_CE_BLOCK_ALIGN	512u	/* of a block-linear surface */

enum emu_ce_result {
	EMU_CE_DONE,
	EMU_CE_BUSY,		/* a transfer is under way: call emu_ce_step() */
	EMU_CE_HCE_ERROR,	/* emu_ce.exception: NV_PBDMA_HCE_* */
	EMU_CE_LAUNCH_ERROR,	/* emu_ce.exception: NV_CE_LAUNCHERR_* */
	EMU_CE_FAULT,		/* emu_ce.fault */
};

/**
 * struct emu_ce_surface - one side of a transfer; bytes throughout
 * @physical: addresses are physical, in @aperture
 * @aperture: for @physical
 * @pitch_layout: lines @pitch apart; else block-linear
 * @base: address of the first byte (pitch) or of the surface (block-linear)
 * @pitch: signed distance of lines
 * @width: of the block-linear surface
 * @height: in lines
 * @layer: z
 * @x: origin
 * @y: origin
 * @log_height: GOBs per block, log2
 * @log_depth: GOBs per block, log2
 * @element: bytes per element
 */
struct emu_ce_surface {
	bool physical;
	enum emu_aperture aperture;
	bool pitch_layout;
	uint64_t base;
	int64_t pitch;
	uint64_t width;
	uint32_t height;
	uint32_t layer;
	uint64_t x;
	uint32_t y;
	uint32_t log_height;
	uint32_t log_depth;
	uint32_t element;
};

enum emu_ce_mode {
	EMU_CE_COPY,		/* pitch to pitch, bytes as they are */
	EMU_CE_FILL,		/* constants to pitch */
	EMU_CE_GENERIC,
};

/**
 * struct emu_ce_job - a transfer under way
 * @active: there is one
 * @mode: how it is done
 * @src: source
 * @dst: destination
 * @length: elements per line
 * @lines: number of lines
 * @line: the current one
 * @pos: elements of it that are done
 * @remap: components are rearranged
 * @reads_src: at least one component comes from the source
 * @component: bytes per component
 * @select: per destination component NV_C5B5_REMAP_*
 * @components: destination components
 */
struct emu_ce_job {
	bool active;
	enum emu_ce_mode mode;
	struct emu_ce_surface src;
	struct emu_ce_surface dst;
	uint64_t length;
	uint64_t lines;
	uint64_t line;
	uint64_t pos;
	bool remap;
	bool reads_src;
	uint32_t component;
	uint32_t select[EMU_CE_COMPONENTS];
	uint32_t components;
	uint32_t constants[2];
};

/**
 * struct emu_ce - the copy engine as one channel sees it
 * @emu: the GPU
 * @engine: engine number
 * @ctx: address space, the owner's
 * @privileged: physical addresses are allowed (RAMFC HCE_CTRL)
 * @method: state by method number
 * @job: the transfer
 * @launch: data of the LAUNCH_DMA that started it
 * @exception: see enum emu_ce_result
 * @fault: see enum emu_ce_result
 */
struct emu_ce {
	struct emu *emu;
	unsigned int engine;
	const struct emu_mmu_ctx *ctx;
	bool privileged;
	uint32_t method[EMU_CE_METHODS];
	struct emu_ce_job job;
	uint32_t launch;
	uint32_t exception;
	struct emu_mmu_fault fault;
};

void emu_ce_init(struct emu_ce *ce, struct emu *emu, unsigned int engine,
		 const struct emu_mmu_ctx *ctx);
enum emu_ce_result emu_ce_method(struct emu_ce *ce, uint32_t method, uint32_t data);
enum emu_ce_result emu_ce_step(struct emu_ce *ce);

/* emu_ce_copy.c: moves one chunk of the job; 0, or -EFAULT with emu_ce.fault filled. */
int emu_ce_copy(struct emu_ce *ce);
/* Address of byte @x of line @line, from the origin on; cuts *@len to what follows it there. */
uint64_t emu_ce_locate(const struct emu_ce_surface *surface, uint64_t line, uint64_t x,
		       size_t *len);

#endif /* EMU_CE_H */
