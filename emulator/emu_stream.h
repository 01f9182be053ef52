/* SPDX-License-Identifier: MIT */
#ifndef EMU_STREAM_H
#define EMU_STREAM_H

#include <stddef.h>

/*
 * Moves @len bytes like memmove(), past the caches where the processor can: for pieces of a transfer that is
 * larger than they are. memcpy() does so by itself, but not knowing of the whole transfer.
 */
void emu_stream(void *to, const void *from, size_t len);

#endif /* EMU_STREAM_H */
