// SPDX-License-Identifier: MIT
/* Copy engine: methods, launch checks, and what follows a transfer. */
#include <stdatomic.h>
#include <string.h>

#include "emu_ce.h"
#include "emu_fifo.h"
#include "emu_sem.h"
#include "regs/nv_ce.h"
#include "regs/nv_host.h"
#include "regs/nv_vf.h"

#define RENDER_ENABLE_FALSE	0u
#define RENDER_ENABLE_TRUE	1u
#define REMAP_INVALID		7u

static uint32_t *reg(struct emu_ce *ce, uint32_t method)
{
	return &ce->method[method / 4];
}

void emu_ce_init(struct emu_ce *ce, struct emu *emu, unsigned int engine,
		 const struct emu_mmu_ctx *ctx)
{
	memset(ce, 0, sizeof(*ce));
	ce->emu = emu;
	ce->engine = engine;
	ce->ctx = ctx;
	*reg(ce, NV_C5B5_SET_RENDER_ENABLE_C) = RENDER_ENABLE_TRUE;
}

static enum emu_ce_result hce_error(struct emu_ce *ce, uint32_t exception)
{
	ce->exception = exception;
	return EMU_CE_HCE_ERROR;
}

static uint64_t address(struct emu_ce *ce, uint32_t upper, uint32_t lower)
{
	return (uint64_t)(*reg(ce, upper) & NV_C5B5_OFFSET_UPPER) << 32 | *reg(ce, lower);
}

/* --- launch checks: each returns NV_CE_LAUNCHERR_* --- */

static uint32_t check_fields(uint32_t launch)
{
	uint32_t op = NV_GET(NV_C5B5_LAUNCH_REDUCTION, launch);

	if (NV_GET(NV_C5B5_LAUNCH_TRANSFER, launch) > NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED ||
	    NV_GET(NV_C5B5_LAUNCH_INTERRUPT, launch) > NV_C5B5_LAUNCH_INTERRUPT_NON_BLOCKING ||
	    NV_GET(NV_C5B5_LAUNCH_VPRMODE, launch) > 1)
		return NV_CE_LAUNCHERR_INVALID_VALUE;
	if (NV_GET(NV_C5B5_LAUNCH_SEMAPHORE, launch) == NV_C5B5_LAUNCH_SEMAPHORE_CONDITIONAL ||
	    NV_GET(NV_C5B5_LAUNCH_VPRMODE, launch))
		return NV_CE_LAUNCHERR_INVALID_OPERATION;
	if (NV_GET(NV_C5B5_LAUNCH_SEMAPHORE, launch) && (launch & NV_C5B5_LAUNCH_REDUCTION_ENABLE) &&
	    op != NV_C5B5_LAUNCH_REDUCTION_FADD) {
		if (op > NV_C46F_SEM_REDUCTION_DEC)
			return NV_CE_LAUNCHERR_INVALID_VALUE;
		if (!emu_sem_supported(op, false, launch & NV_C5B5_LAUNCH_REDUCTION_UNSIGNED))
			return NV_CE_LAUNCHERR_INVALID_OPERATION;
	}
	return NV_CE_LAUNCHERR_NONE;
}

static uint32_t check_semaphore(struct emu_ce *ce, uint32_t launch)
{
	uint32_t type = NV_GET(NV_C5B5_LAUNCH_SEMAPHORE, launch);
	uint64_t va = address(ce, NV_C5B5_SET_SEMAPHORE_A, NV_C5B5_SET_SEMAPHORE_B);

	if (type == NV_C5B5_LAUNCH_SEMAPHORE_NONE)
		return NV_CE_LAUNCHERR_NONE;
	return va % (type == NV_C5B5_LAUNCH_SEMAPHORE_FOUR_WORD ? 16 : 4) ?
	       NV_CE_LAUNCHERR_INVALID_ALIGNMENT : NV_CE_LAUNCHERR_NONE;
}

static uint32_t setup_remap(struct emu_ce *ce, struct emu_ce_job *job)
{
	static const uint32_t fields[EMU_CE_COMPONENTS] = {
		NV_C5B5_REMAP_DST_X, NV_C5B5_REMAP_DST_Y, NV_C5B5_REMAP_DST_Z, NV_C5B5_REMAP_DST_W,
	};
	uint32_t value = *reg(ce, NV_C5B5_SET_REMAP_COMPONENTS);
	uint32_t sources = NV_GET(NV_C5B5_REMAP_NUM_SRC, value) + 1;
	uint32_t i;

	job->remap = true;
	job->reads_src = false;
	job->component = NV_GET(NV_C5B5_REMAP_COMPONENT_SIZE, value) + 1;
	job->components = NV_GET(NV_C5B5_REMAP_NUM_DST, value) + 1;
	job->src.element = sources * job->component;
	job->dst.element = job->components * job->component;
	job->constants[0] = *reg(ce, NV_C5B5_SET_REMAP_CONST_A);
	job->constants[1] = *reg(ce, NV_C5B5_SET_REMAP_CONST_B);
	for (i = 0; i < job->components; i++) {
		job->select[i] = NV_GET(fields[i], value);
		if (job->select[i] == REMAP_INVALID)
			return NV_CE_LAUNCHERR_INVALID_VALUE;
		if (job->select[i] > NV_C5B5_REMAP_SRC_W)
			continue;
		if (job->select[i] >= sources)
			return NV_CE_LAUNCHERR_BAD_SRC_PIXEL_COMP_REF;
		job->reads_src = true;
	}
	return NV_CE_LAUNCHERR_NONE;
}

/* The methods of one side, so that both go through the same code. */
struct side {
	uint32_t pitch_bit, physical_bit;
	uint32_t upper, lower, pitch, phys_mode;
	uint32_t block, width, height, depth, layer, x, y;
	uint32_t err_pitch, err_neg_pitch;
};

static const struct side sides[2] = {
	{
		NV_C5B5_LAUNCH_SRC_PITCH, NV_C5B5_LAUNCH_SRC_PHYSICAL,
		NV_C5B5_OFFSET_IN_UPPER, NV_C5B5_OFFSET_IN_LOWER, NV_C5B5_PITCH_IN,
		NV_C5B5_SET_SRC_PHYS_MODE,
		NV_C5B5_SET_SRC_BLOCK_SIZE, NV_C5B5_SET_SRC_WIDTH, NV_C5B5_SET_SRC_HEIGHT,
		NV_C5B5_SET_SRC_DEPTH, NV_C5B5_SET_SRC_LAYER, NV_C5B5_SRC_ORIGIN_X,
		NV_C5B5_SRC_ORIGIN_Y,
		NV_CE_LAUNCHERR_SRC_LINE_EXCEEDS_PITCH, NV_CE_LAUNCHERR_SRC_LINE_EXCEEDS_NEG_PITCH,
	},
	{
		NV_C5B5_LAUNCH_DST_PITCH, NV_C5B5_LAUNCH_DST_PHYSICAL,
		NV_C5B5_OFFSET_OUT_UPPER, NV_C5B5_OFFSET_OUT_LOWER, NV_C5B5_PITCH_OUT,
		NV_C5B5_SET_DST_PHYS_MODE,
		NV_C5B5_SET_DST_BLOCK_SIZE, NV_C5B5_SET_DST_WIDTH, NV_C5B5_SET_DST_HEIGHT,
		NV_C5B5_SET_DST_DEPTH, NV_C5B5_SET_DST_LAYER, NV_C5B5_DST_ORIGIN_X,
		NV_C5B5_DST_ORIGIN_Y,
		NV_CE_LAUNCHERR_DST_LINE_EXCEEDS_PITCH, NV_CE_LAUNCHERR_DST_LINE_EXCEEDS_NEG_PITCH,
	},
};

static uint32_t setup_block_linear(struct emu_ce *ce, const struct side *side,
				   struct emu_ce_surface *surface, const struct emu_ce_job *job)
{
	uint32_t block = *reg(ce, side->block);
	uint32_t width = *reg(ce, side->width);
	uint32_t x = *reg(ce, side->x);

	surface->log_height = NV_GET(NV_C5B5_BLOCK_HEIGHT, block);
	surface->log_depth = NV_GET(NV_C5B5_BLOCK_DEPTH, block);
	if (NV_GET(NV_C5B5_BLOCK_WIDTH, block) || surface->log_height > EMU_CE_BLOCK_LOG_MAX ||
	    surface->log_depth > EMU_CE_BLOCK_LOG_MAX ||
	    NV_GET(NV_C5B5_BLOCK_GOB_HEIGHT, block) != NV_C5B5_BLOCK_GOB_HEIGHT_8)
		return NV_CE_LAUNCHERR_INVALID_VALUE;
	if (surface->base % EMU_CE_BLOCK_ALIGN)
		return NV_CE_LAUNCHERR_INVALID_ALIGNMENT;
	surface->height = *reg(ce, side->height);
	surface->layer = *reg(ce, side->layer);
	surface->y = *reg(ce, side->y);
	if (surface->layer >= *reg(ce, side->depth))
		return NV_CE_LAUNCHERR_2D_LAYER_EXCEEDS_DEPTH;
	if (x + job->length > width || surface->y + job->lines > surface->height)
		return NV_CE_LAUNCHERR_RECT_OUT_OF_BOUNDS;
	surface->width = (uint64_t)width * surface->element;
	surface->x = (uint64_t)x * surface->element;
	return NV_CE_LAUNCHERR_NONE;
}

static uint32_t setup_side(struct emu_ce *ce, uint32_t launch, const struct side *side,
			   struct emu_ce_surface *surface, const struct emu_ce_job *job)
{
	uint64_t bytes = job->length * surface->element;
	uint32_t target;

	surface->base = address(ce, side->upper, side->lower);
	surface->physical = launch & side->physical_bit;
	if (surface->physical) {
		target = NV_GET(NV_C5B5_PHYS_MODE_TARGET, *reg(ce, side->phys_mode));
		if (target > 2)
			return NV_CE_LAUNCHERR_INVALID_VALUE;
		surface->aperture = target ? EMU_SYSTEM : EMU_VIDEO;
	}
	surface->pitch_layout = launch & side->pitch_bit;
	if (!surface->pitch_layout)
		return setup_block_linear(ce, side, surface, job);
	surface->pitch = (int32_t)*reg(ce, side->pitch);
	/* With one line no pitch is ever added. */
	if (job->lines > 1 && surface->pitch >= 0 && (uint64_t)surface->pitch < bytes)
		return side->err_pitch;
	if (job->lines > 1 && surface->pitch < 0 && (uint64_t)-surface->pitch < bytes)
		return side->err_neg_pitch;
	return NV_CE_LAUNCHERR_NONE;
}

static bool writes_every_component(const struct emu_ce_job *job)
{
	uint32_t i;

	for (i = 0; i < job->components; i++)
		if (job->select[i] == NV_C5B5_REMAP_NO_WRITE)
			return false;
	return true;
}

static void choose_mode(struct emu_ce_job *job)
{
	uint64_t bytes = job->length * job->dst.element;

	job->mode = EMU_CE_GENERIC;
	if (!job->dst.pitch_layout)
		return;
	if (!job->remap && job->src.pitch_layout)
		job->mode = EMU_CE_COPY;
	else if (job->remap && !job->reads_src && writes_every_component(job))
		job->mode = EMU_CE_FILL;
	else
		return;
	/* Lines that follow each other without a gap are one. */
	if ((uint64_t)job->dst.pitch == bytes &&
	    (job->mode == EMU_CE_FILL || (uint64_t)job->src.pitch == bytes)) {
		job->length *= job->lines;
		job->lines = 1;
	}
}

static uint32_t setup_job(struct emu_ce *ce, uint32_t launch)
{
	struct emu_ce_job *job = &ce->job;
	uint32_t error;

	memset(job, 0, sizeof(*job));
	job->src.element = 1;
	job->dst.element = 1;
	job->reads_src = true;
	job->length = *reg(ce, NV_C5B5_LINE_LENGTH_IN);
	job->lines = launch & NV_C5B5_LAUNCH_MULTI_LINE ? *reg(ce, NV_C5B5_LINE_COUNT) : 1;
	if (launch & NV_C5B5_LAUNCH_REMAP) {
		error = setup_remap(ce, job);
		if (error)
			return error;
	}
	if (job->reads_src) {
		error = setup_side(ce, launch, &sides[0], &job->src, job);
		if (error)
			return error;
	}
	error = setup_side(ce, launch, &sides[1], &job->dst, job);
	if (error)
		return error;
	choose_mode(job);
	job->active = job->length && job->lines;
	return NV_CE_LAUNCHERR_NONE;
}

/* --- launch and completion --- */

static enum emu_ce_result finish(struct emu_ce *ce)
{
	uint32_t type = NV_GET(NV_C5B5_LAUNCH_SEMAPHORE, ce->launch);
	struct emu_sem sem;

	if (ce->launch & NV_C5B5_LAUNCH_FLUSH)
		atomic_thread_fence(memory_order_seq_cst);
	if (type != NV_C5B5_LAUNCH_SEMAPHORE_NONE) {
		sem = (struct emu_sem) {
			.va = address(ce, NV_C5B5_SET_SEMAPHORE_A, NV_C5B5_SET_SEMAPHORE_B),
			.payload = *reg(ce, NV_C5B5_SET_SEMAPHORE_PAYLOAD),
			.timestamp = type == NV_C5B5_LAUNCH_SEMAPHORE_FOUR_WORD,
			.reduction = ce->launch & NV_C5B5_LAUNCH_REDUCTION_ENABLE,
			.op = NV_GET(NV_C5B5_LAUNCH_REDUCTION, ce->launch),
			.is_unsigned = ce->launch & NV_C5B5_LAUNCH_REDUCTION_UNSIGNED,
		};
		if (emu_sem_execute(ce->emu, ce->ctx, &sem, &ce->fault))
			return EMU_CE_FAULT;
		emu_fifo_released(ce->emu);
	}
	switch (NV_GET(NV_C5B5_LAUNCH_INTERRUPT, ce->launch)) {
	case NV_C5B5_LAUNCH_INTERRUPT_BLOCKING:
		emu_irq_raise(ce->emu, NV_VECTOR_ENGINE_STALL(ce->engine));
		break;
	case NV_C5B5_LAUNCH_INTERRUPT_NON_BLOCKING:
		emu_irq_raise(ce->emu, NV_VECTOR_ENGINE_NONSTALL(ce->engine));
		break;
	}
	return EMU_CE_DONE;
}

static enum emu_ce_result launch_dma(struct emu_ce *ce, uint32_t launch)
{
	uint32_t error;

	if (*reg(ce, NV_C5B5_SET_RENDER_ENABLE_C) == RENDER_ENABLE_FALSE)
		return EMU_CE_DONE;
	if ((launch & (NV_C5B5_LAUNCH_SRC_PHYSICAL | NV_C5B5_LAUNCH_DST_PHYSICAL)) &&
	    !ce->privileged)
		return hce_error(ce, NV_PBDMA_HCE_PRIV);
	error = check_fields(launch);
	if (!error)
		error = check_semaphore(ce, launch);
	if (!error && NV_GET(NV_C5B5_LAUNCH_TRANSFER, launch))
		error = setup_job(ce, launch);
	if (error) {
		ce->job.active = false;
		ce->exception = error;
		return EMU_CE_LAUNCH_ERROR;
	}
	ce->launch = launch;
	if (ce->job.active)
		emu_count_add(ce->emu, EMU_CE_BYTES,
			      (uint64_t)ce->job.length * ce->job.dst.element * ce->job.lines);
	return ce->job.active ? EMU_CE_BUSY : finish(ce);
}

enum emu_ce_result emu_ce_step(struct emu_ce *ce)
{
	if (emu_ce_copy(ce)) {
		ce->job.active = false;
		return EMU_CE_FAULT;
	}
	return ce->job.active ? EMU_CE_BUSY : finish(ce);
}

static bool known(uint32_t method)
{
	switch (method) {
	case NV_C5B5_NOP:
	case NV_C5B5_PM_TRIGGER:
	case NV_C5B5_SET_SEMAPHORE_A ... NV_C5B5_SET_SEMAPHORE_PAYLOAD:
	case NV_C5B5_SET_RENDER_ENABLE_A ... NV_C5B5_SET_DST_PHYS_MODE:
	case NV_C5B5_LAUNCH_DMA:
	case NV_C5B5_OFFSET_IN_UPPER ... NV_C5B5_LINE_COUNT:
	case NV_C5B5_SET_REMAP_CONST_A ... NV_C5B5_SET_DST_ORIGIN:
	case NV_C5B5_SET_SRC_BLOCK_SIZE ... NV_C5B5_SET_SRC_ORIGIN:
	case NV_C5B5_SRC_ORIGIN_X ... NV_C5B5_DST_ORIGIN_Y:
	case NV_C5B5_PM_TRIGGER_END:
		return !(method & 3);
	default:
		return false;
	}
}

enum emu_ce_result emu_ce_method(struct emu_ce *ce, uint32_t method, uint32_t data)
{
	if (!known(method))
		return hce_error(ce, NV_PBDMA_HCE_ILLEGAL_MTHD);
	switch (method) {
	case NV_C5B5_LAUNCH_DMA:
		return launch_dma(ce, data);
	case NV_C5B5_SET_RENDER_ENABLE_C:
		data = NV_GET(NV_C5B5_SET_RENDER_ENABLE_C_MODE, data);
		if (data > RENDER_ENABLE_TRUE)
			return hce_error(ce, NV_PBDMA_HCE_RE_ILLEGAL_OP);
		break;
	case NV_C5B5_SET_SRC_ORIGIN:
		*reg(ce, NV_C5B5_SRC_ORIGIN_X) = NV_GET(NV_C5B5_ORIGIN_X, data);
		*reg(ce, NV_C5B5_SRC_ORIGIN_Y) = NV_GET(NV_C5B5_ORIGIN_Y, data);
		return EMU_CE_DONE;
	case NV_C5B5_SET_DST_ORIGIN:
		*reg(ce, NV_C5B5_DST_ORIGIN_X) = NV_GET(NV_C5B5_ORIGIN_X, data);
		*reg(ce, NV_C5B5_DST_ORIGIN_Y) = NV_GET(NV_C5B5_ORIGIN_Y, data);
		return EMU_CE_DONE;
	case NV_C5B5_NOP:
	case NV_C5B5_PM_TRIGGER:
	case NV_C5B5_PM_TRIGGER_END:
		return EMU_CE_DONE;
	}
	*reg(ce, method) = data;
	return EMU_CE_DONE;
}
