// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Not the kernel's style.
 *
 * check: checkpatch
 * expect: that open brace { should be on the previous line
 */
#include <linux/types.h>

static int __maybe_unused wrong(int what)
{
	if (what > 1)
	{
		what--;
		what *= 2;
	}
	return what;
}
