/* SPDX-License-Identifier: MIT */
#ifndef NOVA_PUSH_H
#define NOVA_PUSH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: push buffers
 *
 * The command words of a job, built by the CPU. Needs no device. Errors and the rules for
 * threads are those of nova.h, which includes this header.
 */

struct nova_push;

/**
 * nova_push_create() - start a push buffer
 * @memory: where to write, aligned to 4 (a map of a buffer); NULL: memory of its own that grows
 * @size: room in @memory, in bytes; without @memory: room to start with, 0 for a default
 * @push: out; nova_push_destroy() it; @memory stays the caller's
 *
 * The functions below append whole commands or nothing. The first error sticks:
 * all later calls return it, so it is enough to look at nova_push_status() in the end.
 * Words are written once, in order, and never read, which suits write-combined maps.
 */
int nova_push_create(void *memory, size_t size, struct nova_push **push);

/** nova_push_destroy() - free a push buffer, or NULL */
void nova_push_destroy(struct nova_push *push);

/** nova_push_reset() - start over, empty and without error */
void nova_push_reset(struct nova_push *push);

/** nova_push_status() - 0 or the first error */
int nova_push_status(const struct nova_push *push);

/** nova_push_data() - the words; valid until the next command is appended; NULL for one that grows by chunks */
const uint32_t *nova_push_data(const struct nova_push *push);

/** nova_push_size() - length so far, in bytes */
uint32_t nova_push_size(const struct nova_push *push);

/*
 * Raw methods. subchannel 0..7; method is a byte address, a multiple of 4 up to
 * 0x3ffc; count 1..8191 values. Otherwise -EINVAL; -ENOSPC or -ENOMEM without room.
 */

/** nova_push_method() - values to method, method + 4, ... */
int nova_push_method(struct nova_push *push, uint32_t subchannel, uint32_t method,
		     const uint32_t *values, uint32_t count);

/** nova_push_method_noninc() - all values to one method */
int nova_push_method_noninc(struct nova_push *push, uint32_t subchannel, uint32_t method,
			    const uint32_t *values, uint32_t count);

/** nova_push_method_oneinc() - the first value to method, all others to method + 4 */
int nova_push_method_oneinc(struct nova_push *push, uint32_t subchannel, uint32_t method,
			    const uint32_t *values, uint32_t count);

/** nova_push_method_immd() - one value of at most 13 bits, in the header */
int nova_push_method_immd(struct nova_push *push, uint32_t subchannel, uint32_t method,
			  uint32_t value);

/** nova_push_set_object() - declare the class expected on a sub-channel; the hardware checks it */
int nova_push_set_object(struct nova_push *push, uint32_t subchannel, uint32_t class_id);

/* Host methods: run by any engine's queue. */

/** nova_push_nop() - nothing */
int nova_push_nop(struct nova_push *push);

/** nova_push_wfi() - wait until the engine is idle */
int nova_push_wfi(struct nova_push *push);

#define NOVA_MEMBAR_SYSTEM	0	/* visible to the CPU and other devices */
#define NOVA_MEMBAR_GPU		1	/* visible to the GPU's own engines */

/** nova_push_membar() - order memory accesses before and after; combine with nova_push_wfi() */
int nova_push_membar(struct nova_push *push, uint32_t scope);

/** nova_push_interrupt() - raise a non-stall interrupt */
int nova_push_interrupt(struct nova_push *push);

/* When an acquire succeeds; value in memory v, value asked for p. */
#define NOVA_SEM_EQUAL		0	/* v == p */
#define NOVA_SEM_GEQUAL		2	/* v >= p, unsigned */
#define NOVA_SEM_CIRC_GEQUAL	3	/* v - p >= 0 as a signed number: counters that wrap */
#define NOVA_SEM_AND		4	/* v & p is not 0 */
#define NOVA_SEM_NOR		5	/* ~(v | p) is not 0 */

/* What a reduction stores. */
#define NOVA_SEM_MIN		0	/* min(v, p) */
#define NOVA_SEM_MAX		1	/* max(v, p) */
#define NOVA_SEM_XOR		2	/* v ^ p */
#define NOVA_SEM_BIT_AND	3	/* v & p */
#define NOVA_SEM_BIT_OR		4	/* v | p */
#define NOVA_SEM_ADD		5	/* v + p; 64-bit: unsigned only */
#define NOVA_SEM_INC		6	/* v >= p ? 0 : v + 1; 32-bit unsigned only */
#define NOVA_SEM_DEC		7	/* v == 0 || v > p ? p : v - 1; 32-bit unsigned only */

#define NOVA_SEM_64BIT		(1u << 0)	/* 64-bit value, otherwise 32-bit */
#define NOVA_SEM_WFI		(1u << 1)	/* release, reduce: when the engine is idle and its writes are visible */
#define NOVA_SEM_TIMESTAMP	(1u << 2)	/* release, reduce: 16 bytes: value, then the timer at byte 8 */
#define NOVA_SEM_SWITCH		(1u << 3)	/* acquire: let other channels run meanwhile */
#define NOVA_SEM_SIGNED		(1u << 4)	/* reduce: signed */

/*
 * Semaphores. va lies below 2^40 and is a multiple of 4, of 8 with
 * NOVA_SEM_64BIT, of 16 with NOVA_SEM_TIMESTAMP. A value of more than 32 bits needs NOVA_SEM_64BIT.
 */

/** nova_push_sem_acquire() - wait until a condition (NOVA_SEM_EQUAL..) holds; counts to the time limit of the job */
int nova_push_sem_acquire(struct nova_push *push, uint64_t va, uint32_t condition, uint64_t value,
			  uint32_t flags);

/** nova_push_sem_release() - store a value */
int nova_push_sem_release(struct nova_push *push, uint64_t va, uint64_t value, uint32_t flags);

/** nova_push_sem_reduce() - atomic read-modify-write (NOVA_SEM_MIN..) */
int nova_push_sem_reduce(struct nova_push *push, uint64_t va, uint32_t reduction, uint64_t value,
			 uint32_t flags);

/*
 * Copy engine, for queues on an engine of type NOVA_ENGINE_COPY. Addresses have up
 * to 49 bits. Each operation starts when the ones before it in the queue have ended.
 * Source and destination must not overlap.
 */

/** nova_push_copy() - copy size bytes, not 0 */
int nova_push_copy(struct nova_push *push, uint64_t dst_va, uint64_t src_va, uint64_t size);

/**
 * struct nova_copy_rect - a rectangle of lines
 * @dst_va: first byte of the first line
 * @src_va: first byte of the first line
 * @dst_pitch: bytes from one line to the next; may be negative
 * @src_pitch: bytes from one line to the next; may be negative
 * @width: bytes in a line, not 0, not more than a pitch
 * @height: lines, not 0
 */
struct nova_copy_rect {
	uint64_t dst_va;
	uint64_t src_va;
	int32_t dst_pitch;
	int32_t src_pitch;
	uint32_t width;
	uint32_t height;
};

/** nova_push_copy_rect() - copy a rectangle */
int nova_push_copy_rect(struct nova_push *push, const struct nova_copy_rect *rect);

/** nova_push_fill() - store a 32-bit value count times; va is a multiple of 4 */
int nova_push_fill(struct nova_push *push, uint64_t va, uint32_t value, uint64_t count);

/**
 * nova_push_fill_rect() - fill a rectangle with a 32-bit value
 * @push: the push buffer
 * @va: first byte of the first line, multiple of 4
 * @pitch: bytes from one line to the next, multiple of 4; may be negative
 * @width: values in a line, not 0; four bytes each
 * @height: lines, not 0
 * @value: the value
 */
int nova_push_fill_rect(struct nova_push *push, uint64_t va, int32_t pitch, uint32_t width,
			uint32_t height, uint32_t value);

/** nova_push_copy_release() - store a 32-bit value when the copies before have ended; va multiple of 4 */
int nova_push_copy_release(struct nova_push *push, uint64_t va, uint32_t value);

/**
 * nova_push_copy_timestamp() - as nova_push_copy_release(), with the time
 * @push: the push buffer
 * @va: 16 bytes, aligned to 16: the value in the first 4, the timer in ns at byte 8
 * @value: the value
 */
int nova_push_copy_timestamp(struct nova_push *push, uint64_t va, uint32_t value);

/* What nova_push_decode() finds. */
#define NOVA_PUSH_HEADER	0	/* a header: what its data means, or an operation without data */
#define NOVA_PUSH_METHOD	1	/* a value for a method: data, or a header that has it inside */
#define NOVA_PUSH_BAD		2	/* nothing that Host accepts; the last one that is visited */

/**
 * struct nova_push_item - what one word of a push buffer is
 * @index: which word
 * @word: its content
 * @kind: NOVA_PUSH_HEADER..
 * @subchannel: of a header or method
 * @method: byte address of the method; of a header the first
 * @class_id: of a method: the host class, the class last set on the sub-channel, the copy
 *            class on the copy engine's sub-channel, the 2D class on that engine's, or 0 if it is
 *            not known
 * @value: of a method its value, of a header the number of values
 * @name: of the method, NULL if it is not known; of the header's operation; what is bad. A constant
 */
struct nova_push_item {
	uint32_t index;
	uint32_t word;
	uint32_t kind;
	uint32_t subchannel;
	uint32_t method;
	uint32_t class_id;
	uint32_t value;
	const char *name;
};

/** typedef nova_push_visit_t - called for each item, in order; not 0 ends the decoding */
typedef int (*nova_push_visit_t)(const struct nova_push_item *item, void *data);

/**
 * nova_push_decode() - take a push buffer apart
 * @words: the words, in the CPU's byte order; may be anything
 * @count: how many
 * @visit: called for each word that means something, as Host would read them
 * @data: its last argument
 *
 * Returns 0; -EINVAL after the first word that Host would not accept; or what @visit returned.
 */
int nova_push_decode(const uint32_t *words, uint32_t count, nova_push_visit_t visit, void *data);

/**
 * nova_push_dump() - print a push buffer, a line per item, with the names of methods and fields
 * @words: the words; may be anything
 * @count: how many
 * @va: GPU address of the first word, for the left column
 * @out: where to; its errors are the caller's to look at, too
 *
 * Returns 0; -EINVAL as nova_push_decode(); -EIO if @out takes no more.
 */
int nova_push_dump(const uint32_t *words, uint32_t count, uint64_t va, FILE *out);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_PUSH_H */
