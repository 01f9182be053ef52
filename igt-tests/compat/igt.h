/* SPDX-License-Identifier: MIT */
/*
 * Declarations for building these tests against an installed libigt.so whose
 * package ships no headers: exactly the part of IGT's interface that is used
 * here, IGT 2.5. In an IGT tree the real igt.h takes its place, and nothing in
 * the tests changes (README.md).
 *
 * How a subtest works: libigt decides by name whether it runs; a skip, a failed
 * assertion and the normal end all jump back to the sigsetjmp() here. The macros
 * therefore are loops that enter their body at most once.
 */
#ifndef IGT_H
#define IGT_H

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <xf86drm.h>

#ifndef IGT_LOG_DOMAIN
#define IGT_LOG_DOMAIN NULL
#endif

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

enum igt_log_level {
	IGT_LOG_DEBUG,
	IGT_LOG_INFO,
	IGT_LOG_WARN,
	IGT_LOG_CRITICAL,
	IGT_LOG_NONE,
};

extern sigjmp_buf igt_subtest_jmpbuf;

typedef int (*igt_opt_handler_t)(int opt, int opt_index, void *data);
typedef void (*igt_exit_handler_t)(int sig);

/* What an option handler returns. */
#define IGT_OPT_HANDLER_SUCCESS	0
#define IGT_OPT_HANDLER_ERROR	(-2)

int igt_subtest_init_parse_opts(int *argc, char **argv, const char *short_opts,
				const struct option *long_opts, const char *help,
				igt_opt_handler_t handler, void *data);
void igt_simple_init_parse_opts(int *argc, char **argv, const char *short_opts,
				const struct option *long_opts, const char *help,
				igt_opt_handler_t handler, void *data);
bool __igt_fixture(void);
void __igt_fixture_complete(void);
bool __igt_run_subtest(const char *name, const char *file, const int line);
bool __igt_fork(void);

void igt_describe_f(const char *format, ...) __attribute__((format(printf, 1, 2)));
void igt_success(void);
void igt_exit(void) __attribute__((noreturn));
void __igt_skip_check(const char *file, const int line, const char *function,
		      const char *check, const char *format, ...)
	__attribute__((noreturn, format(printf, 5, 6)));
void __igt_fail_assert(const char *domain, const char *file, const int line,
		       const char *function, const char *assertion, const char *format, ...)
	__attribute__((noreturn, format(printf, 6, 7)));
void igt_log(const char *domain, enum igt_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void igt_set_timeout(unsigned int seconds, const char *operation);
void igt_reset_timeout(void);
void igt_waitchildren(void);
void igt_install_exit_handler(igt_exit_handler_t handler);
void igt_drop_root(void);
void igt_emit_ignore_dmesg_regex(const char *regex);

#define IGT_COMPAT_JOIN2(a, b)	a##b
#define IGT_COMPAT_JOIN(a, b)	IGT_COMPAT_JOIN2(a, b)
#define IGT_COMPAT_LOCAL(name)	IGT_COMPAT_JOIN(igt_compat_##name##_, __LINE__)

#define IGT_TEST_DESCRIPTION(text) const char *__igt_test_description = text

#define igt_main()	igt_main_args(NULL, NULL, NULL, NULL, NULL)
#define igt_main_args(short_opts, long_opts, help, handler, data)		\
	IGT_COMPAT_MAIN(igt_subtest_init_parse_opts, IGT_COMPAT_LOCAL(body),	\
			short_opts, long_opts, help, handler, data)
#define igt_simple_main()							\
	IGT_COMPAT_MAIN(igt_simple_init_parse_opts, IGT_COMPAT_LOCAL(body),	\
			NULL, NULL, NULL, NULL, NULL)
#define IGT_COMPAT_MAIN(init, body, short_opts, long_opts, help, handler, data)	\
	main(int argc, char **argv);						\
	static void body(void);							\
	int main(int argc, char **argv)						\
	{									\
		init(&argc, argv, short_opts, long_opts, help, handler, data);	\
		body();								\
		igt_exit();							\
	}									\
	static void body(void)

#define igt_describe(text) igt_describe_f("%s", text)

#define igt_subtest(name)							\
	for (; __igt_run_subtest(name, __FILE__, __LINE__) &&			\
	       sigsetjmp(igt_subtest_jmpbuf, 1) == 0; igt_success())

#define igt_fixture()								\
	for (volatile bool IGT_COMPAT_LOCAL(done) = false;			\
	     !IGT_COMPAT_LOCAL(done) && __igt_fixture() &&			\
	     sigsetjmp(igt_subtest_jmpbuf, 1) == 0;				\
	     IGT_COMPAT_LOCAL(done) = true, __igt_fixture_complete())

#define igt_fork(child, count)							\
	for (int child = 0; child < (count); child++)				\
		for (; __igt_fork(); exit(0))

#define igt_debug(...)	igt_log(IGT_LOG_DOMAIN, IGT_LOG_DEBUG, __VA_ARGS__)
#define igt_info(...)	igt_log(IGT_LOG_DOMAIN, IGT_LOG_INFO, __VA_ARGS__)

#define igt_assert_f(condition, ...)						\
	do {									\
		if (!(condition))						\
			__igt_fail_assert(IGT_LOG_DOMAIN, __FILE__, __LINE__,	\
					  __func__, #condition, __VA_ARGS__);	\
	} while (0)
#define igt_assert(condition) igt_assert_f(condition, NULL)

#define IGT_COMPAT_COMPARE(type, format, a, op, b)				\
	do {									\
		const type igt_compat_a = (a), igt_compat_b = (b);		\
										\
		if (!(igt_compat_a op igt_compat_b))				\
			__igt_fail_assert(IGT_LOG_DOMAIN, __FILE__, __LINE__,	\
					  __func__, #a " " #op " " #b,		\
					  "values: " format " and " format "\n", \
					  igt_compat_a, igt_compat_b);		\
	} while (0)

#define igt_assert_eq(a, b)	 IGT_COMPAT_COMPARE(int, "%d", a, ==, b)
#define igt_assert_neq(a, b)	 IGT_COMPAT_COMPARE(int, "%d", a, !=, b)
#define igt_assert_lt(a, b)	 IGT_COMPAT_COMPARE(int, "%d", a, <, b)
#define igt_assert_lte(a, b)	 IGT_COMPAT_COMPARE(int, "%d", a, <=, b)
#define igt_assert_eq_u32(a, b)	 IGT_COMPAT_COMPARE(uint32_t, "%#" PRIx32, a, ==, b)
#define igt_assert_eq_u64(a, b)	 IGT_COMPAT_COMPARE(uint64_t, "%#" PRIx64, a, ==, b)
#define igt_assert_lt_u64(a, b)	 IGT_COMPAT_COMPARE(uint64_t, "%#" PRIx64, a, <, b)
#define igt_assert_lte_u64(a, b) IGT_COMPAT_COMPARE(uint64_t, "%#" PRIx64, a, <=, b)

#define igt_require_f(condition, ...)						\
	do {									\
		if (!(condition))						\
			__igt_skip_check(__FILE__, __LINE__, __func__,		\
					 #condition, __VA_ARGS__);		\
	} while (0)
#define igt_require(condition)		igt_require_f(condition, NULL)

#endif /* IGT_H */
