// SPDX-License-Identifier: MIT
/*
 * Copy engine: the transfer itself.
 *
 * Three ways, by speed: lines of bytes span by span, constants span by span, and
 * everything else through a small staging buffer, where components are
 * rearranged and block-linear addresses resolved.
 */
#include <string.h>

#include "emu_ce.h"
#include "emu_stream.h"
#include "regs/nv_ce.h"

#define SPANS_MAX	512u	/* per step: short lines must not make a step long */
#define STAGE		4096u
#define STREAM_LEAST	(8u << 20)	/* a transfer of so many bytes goes past the caches */
#define GOB_WIDTH	64u
#define GOB_HEIGHT	8u
#define GOB_SIZE	512u
#define GOB_RUN		16u	/* bytes of a line that lie together in a GOB */

/* --- addresses --- */

/* Byte offset of (x, y) of the surface's layer in a block-linear surface. */
static uint64_t block_linear(const struct emu_ce_surface *surface, uint64_t x, uint64_t y)
{
	uint64_t block_rows = (uint64_t)GOB_HEIGHT << surface->log_height;
	uint64_t blocks_x = (surface->width + GOB_WIDTH - 1) / GOB_WIDTH;
	uint64_t blocks_y = (surface->height + block_rows - 1) / block_rows;
	uint64_t block_z = surface->layer >> surface->log_depth;
	uint64_t gob_z = surface->layer & ((1u << surface->log_depth) - 1);
	uint64_t gob_y = y / GOB_HEIGHT & ((1u << surface->log_height) - 1);
	uint64_t block = (block_z * blocks_y + y / block_rows) * blocks_x + x / GOB_WIDTH;
	uint64_t gob = (block << (surface->log_height + surface->log_depth)) +
		       (gob_z << surface->log_height) + gob_y;

	return gob * GOB_SIZE +
	       ((x & 15) | (y & 1) << 4 | (y >> 1 & 1) << 5 | (x >> 4 & 1) << 6 |
		(y >> 2 & 1) << 7 | (x >> 5 & 1) << 8);
}

uint64_t emu_ce_locate(const struct emu_ce_surface *surface, uint64_t line, uint64_t x,
		       size_t *len)
{
	size_t run;

	if (surface->pitch_layout)
		return surface->base + (uint64_t)surface->pitch * line + x;
	x += surface->x;
	run = GOB_RUN - x % GOB_RUN;
	if (*len > run)
		*len = run;
	return surface->base + block_linear(surface, x, surface->y + line);
}

static int span_at(struct emu_ce *ce, const struct emu_ce_surface *surface, uint64_t addr,
		   enum emu_access access, size_t *len, void **host)
{
	if (surface->physical)
		return emu_mmu_span_phys(ce->emu, surface->aperture, addr, access, len, host,
					 &ce->fault);
	return emu_mmu_span(ce->emu, ce->ctx, addr, access, len, host, &ce->fault);
}

/* --- plain copies and fills --- */

static void copy_span(void *to, const void *from, size_t len)
{
	if (!to)
		return;
	if (from)
		memmove(to, from, len);
	else
		memset(to, 0, len);
}

static int copy_some(struct emu_ce *ce, size_t *done)
{
	struct emu_ce_job *job = &ce->job;
	void *from, *to;
	size_t len = *done, to_len;
	uint64_t addr;

	if (len > job->length - job->pos)
		len = job->length - job->pos;
	addr = emu_ce_locate(&job->src, job->line, job->pos, &len);
	if (span_at(ce, &job->src, addr, EMU_READ, &len, &from))
		return -1;
	to_len = len;
	addr = emu_ce_locate(&job->dst, job->line, job->pos, &to_len);
	if (span_at(ce, &job->dst, addr, EMU_WRITE, &to_len, &to))
		return -1;
	if (to && from && job->length * job->lines >= STREAM_LEAST)
		emu_stream(to, from, to_len);
	else
		copy_span(to, from, to_len);
	job->pos += to_len;
	*done = to_len;
	return 0;
}

/* The bytes of one destination element, constants only. */
static void constant_element(const struct emu_ce_job *job, uint8_t *element)
{
	uint32_t i;

	for (i = 0; i < job->components; i++)
		memcpy(element + i * job->component,
		       &job->constants[job->select[i] == NV_C5B5_REMAP_CONST_B], job->component);
}

/**
 * struct fill - a repeated element
 * @element: bytes of one
 * @size: of the element
 * @flat: all its bytes are the same
 * @bytes: elements one after the other, a whole number of them in @used
 * @used: valid bytes, without the one more element that follows for other phases
 */
struct fill {
	uint8_t element[16];
	uint32_t size;
	bool flat;
	size_t used;
	uint8_t bytes[STAGE + 16];
};

static void fill_init(struct fill *fill, const struct emu_ce_job *job)
{
	size_t have;
	uint32_t i;

	fill->size = job->dst.element;
	constant_element(job, fill->element);
	fill->flat = true;
	for (i = 1; i < fill->size; i++)
		fill->flat &= fill->element[i] == fill->element[0];
	if (fill->flat)
		return;
	fill->used = STAGE / fill->size * fill->size;
	memcpy(fill->bytes, fill->element, fill->size);
	for (have = fill->size; have < fill->used; have *= 2)
		memcpy(fill->bytes + have, fill->bytes,
		       have * 2 < fill->used ? have : fill->used - have);
	memcpy(fill->bytes + fill->used, fill->element, fill->size);
}

static void fill_span(const struct fill *fill, uint8_t *to, size_t phase, size_t len)
{
	if (!to)
		return;
	if (fill->flat) {
		memset(to, fill->element[0], len);
		return;
	}
	while (len) {
		size_t n = len < fill->used ? len : fill->used;

		memcpy(to, fill->bytes + phase, n);
		to += n;
		len -= n;
	}
}

/* Positions are elements, spans are bytes: an element may lie across two pages. */
static int fill_some(struct emu_ce *ce, const struct fill *fill, size_t *done)
{
	struct emu_ce_job *job = &ce->job;
	uint64_t elements = *done / fill->size;
	uint64_t start = job->pos * fill->size;
	size_t bytes, offset = 0;

	if (elements > job->length - job->pos)
		elements = job->length - job->pos;
	bytes = elements * fill->size;
	while (offset < bytes) {
		size_t len = bytes - offset;
		void *to;
		uint64_t addr = emu_ce_locate(&job->dst, job->line, start + offset, &len);

		if (span_at(ce, &job->dst, addr, EMU_WRITE, &len, &to))
			return -1;
		fill_span(fill, to, offset % fill->size, len);
		offset += len;
	}
	job->pos += elements;
	*done = bytes;
	return 0;
}

/* --- everything else --- */

static int read_line(struct emu_ce *ce, const struct emu_ce_surface *surface, uint64_t line,
		     uint64_t x, uint8_t *to, size_t bytes)
{
	while (bytes) {
		size_t len = bytes;
		void *from;
		uint64_t addr = emu_ce_locate(surface, line, x, &len);

		if (span_at(ce, surface, addr, EMU_READ, &len, &from))
			return -1;
		copy_span(to, from, len);
		to += len;
		x += len;
		bytes -= len;
	}
	return 0;
}

/* Bytes whose @keep, repeated every @period, is set stay as they are. */
static void write_masked(uint8_t *to, const uint8_t *from, size_t len, const bool *keep,
			 uint32_t period, size_t phase)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!keep[(phase + i) % period])
			to[i] = from[i];
	}
}

static int write_line(struct emu_ce *ce, const struct emu_ce_surface *surface, uint64_t line,
		      uint64_t x, const uint8_t *from, size_t bytes, const bool *keep)
{
	size_t offset = 0;

	while (offset < bytes) {
		size_t len = bytes - offset;
		void *to;
		uint64_t addr = emu_ce_locate(surface, line, x + offset, &len);

		if (span_at(ce, surface, addr, EMU_WRITE, &len, &to))
			return -1;
		if (to && keep)
			write_masked(to, from + offset, len, keep, surface->element, offset);
		else
			copy_span(to, from + offset, len);
		offset += len;
	}
	return 0;
}

/* Rearranges @count elements; returns whether some bytes of @keep are set. */
static bool remap(const struct emu_ce_job *job, const uint8_t *from, uint8_t *to, size_t count,
		  bool *keep)
{
	bool masked = false;
	uint32_t i, b;
	size_t e;

	for (i = 0; i < job->components; i++) {
		uint32_t select = job->select[i];
		uint32_t at = i * job->component;

		for (b = 0; b < job->component; b++)
			keep[at + b] = select == NV_C5B5_REMAP_NO_WRITE;
		if (select == NV_C5B5_REMAP_NO_WRITE) {
			masked = true;
			continue;
		}
		for (e = 0; e < count; e++) {
			const void *source = select <= NV_C5B5_REMAP_SRC_W ?
				(const void *)(from + e * job->src.element + select * job->component) :
				&job->constants[select == NV_C5B5_REMAP_CONST_B];

			memcpy(to + e * job->dst.element + at, source, job->component);
		}
	}
	return masked;
}

static int generic_some(struct emu_ce *ce, size_t *done)
{
	struct emu_ce_job *job = &ce->job;
	uint32_t largest = job->src.element > job->dst.element ? job->src.element :
								 job->dst.element;
	uint64_t count = STAGE / largest;
	uint8_t in[STAGE], out[STAGE] = { 0 };
	const uint8_t *result = in;
	bool keep[16], masked = false;

	if (count > job->length - job->pos)
		count = job->length - job->pos;
	if (job->reads_src && read_line(ce, &job->src, job->line, job->pos * job->src.element, in,
					count * job->src.element))
		return -1;
	if (job->remap) {
		masked = remap(job, in, out, count, keep);
		result = out;
	}
	if (write_line(ce, &job->dst, job->line, job->pos * job->dst.element, result,
		       count * job->dst.element, masked ? keep : NULL))
		return -1;
	job->pos += count;
	*done = count * largest;
	return 0;
}

static int some(struct emu_ce *ce, const struct fill *fill, size_t *done)
{
	switch (ce->job.mode) {
	case EMU_CE_COPY:
		return copy_some(ce, done);
	case EMU_CE_FILL:
		return fill_some(ce, fill, done);
	default:
		return generic_some(ce, done);
	}
}

int emu_ce_copy(struct emu_ce *ce)
{
	struct emu_ce_job *job = &ce->job;
	size_t budget = EMU_MMU_CHUNK;
	unsigned int spans = 0;
	struct fill fill;
	int ret = 0;

	if (job->mode == EMU_CE_FILL)
		fill_init(&fill, job);
	emu_mmu_begin(ce->emu, ce->ctx);
	while (job->active && budget >= 2 * STAGE && spans++ < SPANS_MAX) {
		size_t done = budget;

		ret = some(ce, &fill, &done);
		if (ret)
			break;
		budget -= done < budget ? done : budget;
		if (job->pos < job->length)
			continue;
		job->pos = 0;
		if (++job->line == job->lines)
			job->active = false;
	}
	emu_mmu_end(ce->emu, ce->ctx);
	return ret;
}
