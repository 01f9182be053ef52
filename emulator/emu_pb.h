/* SPDX-License-Identifier: MIT */
/*
 * Push-buffer decoder: dwords in, methods out. Pure; its state survives the
 * end of a segment, so a method sequence may be split over two.
 */
#ifndef EMU_PB_H
#define EMU_PB_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct emu_pb - decoder state; zero is the initial one
 * @header: the header whose data is being read
 * @left: its data dwords still to come
 * @address: dword address of the next method, 0x1000 when it has run over
 * @steps: increments of @address still allowed
 */
struct emu_pb {
	uint32_t header;
	uint32_t left;
	uint32_t address;
	uint32_t steps;
};

/**
 * struct emu_pb_method - one method
 * @subchannel: 0 .. 7
 * @address: byte address
 * @data: its argument
 */
struct emu_pb_method {
	uint32_t subchannel;
	uint32_t address;
	uint32_t data;
};

enum emu_pb_result {
	EMU_PB_NONE,		/* consumed, nothing to execute */
	EMU_PB_METHOD,		/* @method is filled */
	EMU_PB_END_SEGMENT,	/* drop the rest of the segment */
	EMU_PB_BAD,		/* PBENTRY; @method holds the address and the offending dword */
};

enum emu_pb_result emu_pb_feed(struct emu_pb *pb, uint32_t dword, struct emu_pb_method *method);

/* Data of a header is outstanding. */
static inline bool emu_pb_in_method(const struct emu_pb *pb)
{
	return pb->left;
}

#endif /* EMU_PB_H */
