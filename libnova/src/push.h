/* SPDX-License-Identifier: MIT */
/* What the parts of the push buffer share: push.c has the commands, push_grow.c the chunks of those that grow. */
#ifndef NOVA_PUSH_PRIVATE_H
#define NOVA_PUSH_PRIVATE_H

#include "private.h"

struct push_chunks;

/**
 * struct nova_push - a push buffer being built
 * @words: where the words go; of one with chunks, the chunk that is being written
 * @count: words written there
 * @room: words that fit there
 * @status: 0 or the first error
 * @owned: @words is the library's and may grow
 * @chunks: not NULL: it grows by chunks
 */
struct nova_push {
	uint32_t *words;
	uint32_t count;
	uint32_t room;
	int status;
	bool owned;
	struct push_chunks *chunks;
};

/* The first error sticks; returns the one that does. */
int push_fail(struct nova_push *push, int error);
/* Room for @words more, all of them or an error. */
int push_reserve(struct nova_push *push, uint32_t words);

int push_chunks_grow(struct nova_push *push, uint32_t words);
void push_chunks_reset(struct nova_push *push);
void push_chunks_destroy(struct nova_push *push);
uint32_t push_chunks_size(const struct nova_push *push);

#endif /* NOVA_PUSH_PRIVATE_H */
