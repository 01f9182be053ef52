/* SPDX-License-Identifier: MIT */
/*
 * Seeds: the inputs a fuzzer starts from, as text.
 *
 * A seed is a line "NAME: TOKEN...". A token is hex digits, two for each byte, or "text"; what
 * follows a # is a comment.
 */
#ifndef FUZZ_SEEDS_H
#define FUZZ_SEEDS_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_seed {
	char name[64];
	size_t len;
	uint8_t bytes[64 << 10];
};

/* Calls @use for each seed of @file. Returns their number; a mistake there ends the program. */
unsigned int fuzz_seeds(const char *file, void (*use)(const struct fuzz_seed *seed, void *data),
			void *data);

#endif /* FUZZ_SEEDS_H */
