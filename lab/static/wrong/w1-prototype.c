// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A function that belongs to no header, and should be static.
 *
 * check: w1
 * expect: no previous prototype for
 */
#include <linux/types.h>

int wrong(int what)
{
	return what;
}
