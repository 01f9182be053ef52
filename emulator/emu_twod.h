/* SPDX-License-Identifier: MIT */
/*
 * 2D engine, class 902D: method state of one channel, and what it draws.
 *
 * A method that starts to draw is checked, then carried out in steps of a bounded number of
 * bytes, as the copy engine does it. Pixels that the CPU sends are drawn at once.
 */
#ifndef EMU_TWOD_H
#define EMU_TWOD_H

#include "emu_ce.h"

#define EMU_TWOD_METHODS	(0x8e0 / 4)
#define EMU_TWOD_CHUNK		128u	/* pixels that are drawn together */
#define EMU_TWOD_ROW		4096u	/* bytes of a source line that are read together */

enum emu_twod_result {
	EMU_TWOD_DONE,
	EMU_TWOD_BUSY,		/* drawing: call emu_twod_step() */
	EMU_TWOD_ERROR,		/* emu_twod.exception: NV_902D_ERROR_*, of a value */
	EMU_TWOD_CLASS_ERROR,	/* ditto, of the class, or not emulated */
	EMU_TWOD_FAULT,		/* emu_twod.fault */
};

/* --- emu_twod_format.c --- */

enum { EMU_TWOD_R, EMU_TWOD_G, EMU_TWOD_B, EMU_TWOD_A, EMU_TWOD_COMPONENTS };

/**
 * struct emu_twod_format - a format of unsigned normalised components
 * @code: NV_902D_FORMAT_*
 * @bytes: of a pixel
 * @color: primitives and pixels from the CPU can have it
 * @transparent: without an alpha component, the pixel's alpha is 0 and not 1
 * @shift: of each component
 * @bits: its width, 0 if the format lacks it
 * @fixed: bits that are no component's and written as 1
 */
struct emu_twod_format {
	uint8_t code;
	uint8_t bytes;
	bool color;
	bool transparent;
	uint8_t shift[EMU_TWOD_COMPONENTS];
	uint8_t bits[EMU_TWOD_COMPONENTS];
	uint64_t fixed;
};

/* Components from 0 to 1. */
struct emu_twod_color {
	double c[EMU_TWOD_COMPONENTS];
};

/* NULL, with *@known telling whether the class has such a format that is not emulated. */
const struct emu_twod_format *emu_twod_format(uint32_t code, bool *known);
struct emu_twod_color emu_twod_decode(const struct emu_twod_format *format, uint64_t raw);
uint64_t emu_twod_encode(const struct emu_twod_format *format, const struct emu_twod_color *color);
uint64_t emu_twod_convert(const struct emu_twod_format *to, const struct emu_twod_format *from,
			  uint64_t raw);
bool emu_twod_opaque(const struct emu_twod_format *format, uint64_t raw);	/* alpha is not 0 */
/* With the bits that are no component's as they are written. */
uint64_t emu_twod_clean(const struct emu_twod_format *format, uint64_t raw);
/* Between four neighbours: @fx and @fy are 0 to 255 of 256 to the right and down. */
uint64_t emu_twod_filter(const struct emu_twod_format *format, const uint64_t raw[4],
			 uint32_t fx, uint32_t fy);

/* --- emu_twod.c and emu_twod_draw.c --- */

/**
 * struct emu_twod_surface - where pixels are
 * @layout: in bytes; its origin is (0, 0)
 * @format: of the pixels
 * @width: in pixels
 */
struct emu_twod_surface {
	struct emu_ce_surface layout;
	const struct emu_twod_format *format;
	uint32_t width;
};

/**
 * struct emu_twod_mix - what becomes of a pixel
 * @operation: NV_902D_OPERATION_*
 * @rop: for the operations with one
 * @from: format of the source pixels
 * @pattern: the raster operation depends on it
 * @same: source pixels can be stored as they are
 * @beta1: from 0 to 1
 * @beta4: ditto
 */
struct emu_twod_mix {
	uint32_t operation;
	uint32_t rop;
	const struct emu_twod_format *from;
	bool pattern;
	bool same;
	double beta1;
	struct emu_twod_color beta4;
};

enum emu_twod_kind {
	EMU_TWOD_RECT,		/* one colour */
	EMU_TWOD_LINE,		/* ditto */
	EMU_TWOD_BLIT,
};

/**
 * struct emu_twod_job - drawing under way
 * @active: there is one
 * @kind: of drawing
 * @dst: where to
 * @src: where from, of a blit
 * @mix: how
 * @color: of a primitive, in @mix.from
 * @x0: left edge of what is drawn, inside of the clip rectangle and the surface
 * @y0: top edge
 * @x1: right edge, exclusive
 * @y1: bottom edge, exclusive
 * @row: rows, or steps of a line, that are done
 * @col: pixels of the row that are done
 * @upwards: a blit from the bottom row to the top
 * @leftwards: its rows from the right end to the left
 * @bilinear: a blit filters
 * @u: source position of the pixel (x0, y0), 32.32
 * @v: ditto
 * @du: step from pixel to pixel
 * @dv: step from row to row
 * @line: of EMU_TWOD_LINE: the axis it goes along, where it starts, its direction and length
 *        there, what it does in the other axis, and the step after the last one
 */
struct emu_twod_job {
	bool active;
	enum emu_twod_kind kind;
	struct emu_twod_surface dst;
	struct emu_twod_surface src;
	struct emu_twod_mix mix;
	uint64_t color;
	int64_t x0, y0, x1, y1;
	uint64_t row, col;
	bool upwards, leftwards;
	bool bilinear;
	uint64_t u, v, du, dv;
	struct {
		bool y_major;
		int64_t major, minor;
		int64_t direction;
		int64_t length;
		int64_t slope;
		bool tie_low;
		uint64_t steps;
	} line;
};

/**
 * struct emu_twod_progress - what is kept between methods beside their data
 * @vertices: of the primitive that have come, 0 or 1
 * @x: of the first
 * @y: ditto
 * @upload: pixels from the CPU are expected
 * @upload_x: of the next one
 * @upload_y: ditto
 */
struct emu_twod_progress {
	uint32_t vertices;
	int32_t x, y;
	uint32_t upload;
	uint32_t upload_x, upload_y;
};

/**
 * struct emu_twod - the 2D engine as one channel sees it
 * @emu: the GPU
 * @ctx: address space, the owner's
 * @method: state by method number
 * @progress: and besides
 * @job: the drawing
 * @exception: see enum emu_twod_result
 * @fault: see enum emu_twod_result
 */
struct emu_twod {
	struct emu *emu;
	const struct emu_mmu_ctx *ctx;
	uint32_t method[EMU_TWOD_METHODS];
	struct emu_twod_progress progress;
	struct emu_twod_job job;
	uint32_t exception;
	struct emu_mmu_fault fault;
};

void emu_twod_init(struct emu_twod *twod, struct emu *emu, const struct emu_mmu_ctx *ctx);
enum emu_twod_result emu_twod_method(struct emu_twod *twod, uint32_t method, uint32_t data);
enum emu_twod_result emu_twod_step(struct emu_twod *twod);
/* A state that was saved; what could not have been is left as emu_twod_init() made it. */
void emu_twod_restore(struct emu_twod *twod, const uint32_t *method,
		      const struct emu_twod_progress *progress);

/*
 * emu_twod_setup.c: jobs from method state; 0 or NV_902D_ERROR_*. A job in which nothing is to
 * be drawn is not active. Of an upload only destination, mix and clip rectangle are set.
 */
uint32_t emu_twod_setup_rect(struct emu_twod *twod, int32_t x0, int32_t y0, int32_t x1,
			     int32_t y1);
uint32_t emu_twod_setup_line(struct emu_twod *twod, int32_t x0, int32_t y0, int32_t x1,
			     int32_t y1);
uint32_t emu_twod_setup_blit(struct emu_twod *twod);
uint32_t emu_twod_setup_upload(struct emu_twod *twod);

/* emu_twod_draw.c: draws one chunk of the job; 0, or -EFAULT with emu_twod.fault filled. */
int emu_twod_draw(struct emu_twod *twod);
/*
 * Mixes @count pixels, at most EMU_TWOD_CHUNK, into a row of the destination; those whose @skip
 * is set, or that are outside of the job's rectangle, stay as they are.
 */
int emu_twod_put(struct emu_twod *twod, int64_t x, int64_t y, const uint64_t *pixels,
		 const bool *skip, uint32_t count);

#endif /* EMU_TWOD_H */
