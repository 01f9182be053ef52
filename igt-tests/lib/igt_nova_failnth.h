/* SPDX-License-Identifier: MIT */
/*
 * Failures on request, by the kernel's fault injection: the n-th allocation or user copy of one
 * call fails, for n = 1, 2, ... until a call gets through without one.
 */
#ifndef IGT_NOVA_FAILNTH_H
#define IGT_NOVA_FAILNTH_H

#include <stdbool.h>
#include <stdint.h>

/* What fails. */
enum igt_nova_fail_kind {
	IGT_NOVA_FAIL_MEMORY,		/* slab and page allocations: ENOMEM */
	IGT_NOVA_FAIL_USERCOPY,		/* copies from and to user memory: EFAULT */
	IGT_NOVA_FAIL_KINDS,
};

extern const char *const igt_nova_fail_kind_names[IGT_NOVA_FAIL_KINDS];

#define IGT_NOVA_FAIL_ERRORS_MAX	8

/**
 * struct igt_nova_fail_range - a range of kernel text
 * @start: first address
 * @end: address after the last
 */
struct igt_nova_fail_range {
	uint64_t start;
	uint64_t end;
};

/**
 * struct igt_nova_failnth - one call that is made to fail
 * @name: for the log
 * @within: only allocations and copies with a caller in this range count; NULL: all
 * @without: a function of the kernel in which nothing fails, as the kernel itself does not survive
 *           that; NULL: none
 * @errors: what it may return when memory is short, besides ENOMEM; a user copy gives EFAULT only
 * @attempts: at most so often the same one fails, until the call does. What the allocator allocates for
 *            itself counts too, goes unnoticed, and shifts all that follow: a call that is made once
 *            for each n may never have failed in some place. 0: once
 * @prepare: makes what the call needs; may be NULL
 * @call: one system call, nothing around it, since all the thread does counts; 0 or -errno, and no
 *        retry
 * @finish: undoes what @prepare and @call made, given what the call returned and whether a failure
 *          was injected, and checks the state; may be NULL
 */
struct igt_nova_failnth {
	const char *name;
	const struct igt_nova_fail_range *within;
	const char *without;
	int errors[IGT_NOVA_FAIL_ERRORS_MAX];
	unsigned int attempts;
	void (*prepare)(void *data);
	int (*call)(void *data);
	void (*finish)(void *data, int ret, bool injected);
};

/* For the first fixture: skips, and says why, where the kernel cannot inject. */
void igt_nova_fail_init(void);
/* For the last one: nothing fails any more, and the total is printed. */
void igt_nova_fail_fini(void);

/* The running test expects the kernel, or the drivers, to log that memory is short. */
void igt_nova_fail_expect_logged(void);

/* Sets a file of a fault attribute below /sys/kernel/debug; asserts that it took the value. */
void igt_nova_fail_set(const char *attribute, const char *file, const char *value);

/*
 * Calls until no failure was injected. Asserts each result, prints the number of failures, and
 * adds it to the total.
 */
void igt_nova_failnth(const struct igt_nova_failnth *what, enum igt_nova_fail_kind kind,
		      void *data);

/*
 * In any thread of the kernel, each allocation with a caller in @range fails from begin to end, except for those that
 * the function @without calls for, unless that is NULL. The end returns how many did.
 */
void igt_nova_fail_always_begin(const struct igt_nova_fail_range *range, const char *without);
unsigned int igt_nova_fail_always_end(void);

/* Text of both modules, or of one function of the kernel; skips when it cannot be found. */
struct igt_nova_fail_range igt_nova_fail_range_of_modules(void);
struct igt_nova_fail_range igt_nova_fail_range_of(const char *function);

#endif /* IGT_NOVA_FAILNTH_H */
