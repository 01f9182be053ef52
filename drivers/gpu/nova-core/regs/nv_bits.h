/* SPDX-License-Identifier: MIT */
/*
 * Bit-field notation of the hardware headers.
 *
 * Fields are written as the documents write them, NV_BITS(hi, lo), and are
 * plain masks; NV_GET() and NV_PUT() extract and insert. The headers of this
 * folder are facts about the hardware and are shared by the driver, the
 * emulator and libnova: no kernel type, no libc type, nothing but constants.
 *
 * Sources are named per block: "OGD" is NVIDIA's open-gpu-doc (paths relative
 * to manuals/turing/tu104/ or classes/), "OGKM" NVIDIA's open kernel modules,
 * "NOUV" the nouveau driver of Linux 7.2. Documentation/hardware.rst lists
 * what is published and what is a decision of this project.
 */
#ifndef NV_BITS_H
#define NV_BITS_H

#define NV_BITS(hi, lo)		((0xffffffffu >> (31 - (hi))) & (0xffffffffu << (lo)))
#define NV_BITS64(hi, lo)	((~0ull >> (63 - (hi))) & (~0ull << (lo)))
#define NV_BIT(n)		(1u << (n))
#define NV_BIT64(n)		(1ull << (n))

/* The lowest set bit of a mask: multiplying by it shifts a field in place. */
#define NV_LSB(mask)		((mask) & (~(mask) + 1))

/* NV_GET(field, value): the field's content; NV_PUT(field, x): x in its place. */
#define NV_GET(mask, value)	(((value) & (mask)) / NV_LSB(mask))
#define NV_PUT(mask, x)		(((x) * NV_LSB(mask)) & (mask))

#endif /* NV_BITS_H */
