/* SPDX-License-Identifier: MIT */
/*
 * Test doubles of the components behind the front (MMU, fault buffer, channels,
 * firmware). The front is tested against these, so that a register access or a reset
 * can be seen arriving.
 */
#ifndef DOUBLES_H
#define DOUBLES_H

#include <stdbool.h>
#include <stdint.h>

enum double_component {
	DOUBLE_MMU,
	DOUBLE_FAULT,
	DOUBLE_FIFO,
	DOUBLE_FW,
	DOUBLE_COMPONENTS
};

extern struct doubles {
	unsigned int resets[DOUBLE_COMPONENTS];
	unsigned int reads[DOUBLE_COMPONENTS];
	unsigned int writes[DOUBLE_COMPONENTS];
	uint32_t offset;		/* of the last access */
	uint32_t value;			/* last written */
	uint32_t doorbell;
	unsigned int doorbells;
	unsigned int hung_engine;
	bool hung;
	unsigned int stall_ms;
	unsigned int halts_failed;
	bool crashed;
} doubles;

#define DOUBLE_READ_VALUE	0xd0b1e000u	/* plus the component's number */

#endif /* DOUBLES_H */
