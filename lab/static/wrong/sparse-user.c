// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * User memory is not memory either.
 *
 * check: sparse
 * expect: incorrect type in argument 1 (different address spaces)
 */
#include <linux/string.h>

static size_t __maybe_unused wrong(const char __user *text)
{
	return strlen(text);
}
