/* SPDX-License-Identifier: MIT */
/*
 * Reads a fuzz input as the arguments of a sequence of operations. At its end everything reads 0,
 * so that each prefix of an input is an input too.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_input {
	const uint8_t *data;
	size_t left;
};

/* What a target claims beyond what the sanitizers see. */
#define fuzz_require(condition, ...)						\
	do {									\
		if (!(condition)) {						\
			fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition); \
			fprintf(stderr, __VA_ARGS__);				\
			fputc('\n', stderr);					\
			abort();						\
		}								\
	} while (0)

static inline bool fuzz_more(const struct fuzz_input *in)
{
	return in->left > 0;
}

/* Fills @to; what the input does not have is 0. Returns the bytes it had. */
static inline size_t fuzz_bytes(struct fuzz_input *in, void *to, size_t len)
{
	size_t have = len < in->left ? len : in->left;

	memset(to, 0, len);
	if (have)
		memcpy(to, in->data, have);
	in->data += have;
	in->left -= have;
	return have;
}

static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
	uint8_t value;

	fuzz_bytes(in, &value, sizeof(value));
	return value;
}

static inline uint16_t fuzz_u16(struct fuzz_input *in)
{
	uint16_t value;

	fuzz_bytes(in, &value, sizeof(value));
	return value;
}

static inline uint32_t fuzz_u32(struct fuzz_input *in)
{
	uint32_t value;

	fuzz_bytes(in, &value, sizeof(value));
	return value;
}

static inline uint64_t fuzz_u64(struct fuzz_input *in)
{
	uint64_t value;

	fuzz_bytes(in, &value, sizeof(value));
	return value;
}

/* 0 .. @end - 1; @end is at most 256. */
static inline uint32_t fuzz_below(struct fuzz_input *in, uint32_t end)
{
	return fuzz_u8(in) % end;
}

#define FUZZ_COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define FUZZ_PICK(in, array)	((array)[fuzz_below(in, FUZZ_COUNT(array))])

#endif /* FUZZ_INPUT_H */
