// SPDX-License-Identifier: MIT
#include <stdint.h>
#include <string.h>

#include "emu_stream.h"

#ifdef __SSE2__

#include <emmintrin.h>

#define LINE	64u
#define LEAST	(4 * LINE)

/* Whole lines to an address that begins one; from any address. */
static void stream_lines(uint8_t *to, const uint8_t *from, size_t lines)
{
	for (; lines; lines--, to += LINE, from += LINE) {
		const __m128i *in = (const __m128i *)from;
		__m128i *out = (__m128i *)to;
		__m128i a = _mm_loadu_si128(in), b = _mm_loadu_si128(in + 1);
		__m128i c = _mm_loadu_si128(in + 2), d = _mm_loadu_si128(in + 3);

		_mm_stream_si128(out, a);
		_mm_stream_si128(out + 1, b);
		_mm_stream_si128(out + 2, c);
		_mm_stream_si128(out + 3, d);
	}
	/* Such stores are not in order with others: a semaphore's release must not overtake them. */
	_mm_sfence();
}

void emu_stream(void *to, const void *from, size_t len)
{
	uint8_t *out = to;
	const uint8_t *in = from;
	uintptr_t distance = (uintptr_t)out - (uintptr_t)in;
	size_t head = -(uintptr_t)out % LINE, lines;

	/* Neither in the other. */
	if (len < LEAST || distance < len || -distance < len) {
		memmove(to, from, len);
		return;
	}
	memcpy(out, in, head);
	lines = (len - head) / LINE;
	stream_lines(out + head, in + head, lines);
	head += lines * LINE;
	memcpy(out + head, in + head, len - head);
}

#else

void emu_stream(void *to, const void *from, size_t len)
{
	memmove(to, from, len);
}

#endif
