/* SPDX-License-Identifier: MIT */
/* Which functions of the kernel this thread runs, in order: the function tracer. */
#ifndef IGT_NOVA_TRACE_H
#define IGT_NOVA_TRACE_H

#include <stddef.h>

#define IGT_NOVA_TRACE_MAX	4096

/**
 * struct igt_nova_trace - what ran
 * @functions: what to look for
 * @count: of them
 * @calls: indices into @functions, in the order of the calls
 * @call_count: of them
 */
struct igt_nova_trace {
	const char *const *functions;
	size_t count;
	unsigned char calls[IGT_NOVA_TRACE_MAX];
	size_t call_count;
};

/* Skips without the tracer. A function that does not exist fails the test. */
void igt_nova_trace_start(struct igt_nova_trace *trace, const char *const *functions, size_t count);
void igt_nova_trace_stop(struct igt_nova_trace *trace);
/* For the start of a subtest: a failed one may have left it running. */
void igt_nova_trace_off(void);
/* Place of the first call in the order, or -1. */
long igt_nova_trace_first(const struct igt_nova_trace *trace, size_t function);

#endif /* IGT_NOVA_TRACE_H */
