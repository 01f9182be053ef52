/* SPDX-License-Identifier: MIT */
/* How fast this process can copy at all. */
#ifndef EMU_YARDSTICK_H
#define EMU_YARDSTICK_H

#include <stddef.h>
#include <stdint.h>

#define EMU_YARDSTICK_MAX	(64u << 20)

/**
 * struct emu_yardstick - what was copied
 * @bytes: how much, in all
 * @ns: in which time
 */
struct emu_yardstick {
	uint64_t bytes;
	uint64_t ns;
};

/* memcpy() of @size bytes, several times if it is little. 0, -EINVAL for 0 or too much, or -ENOMEM. */
int emu_yardstick_memcpy(size_t size, struct emu_yardstick *result);

#endif /* EMU_YARDSTICK_H */
