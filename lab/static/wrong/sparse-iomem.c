// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Device memory is not memory.
 *
 * check: sparse
 * expect: dereference of noderef expression
 */
#include <linux/types.h>

static u32 __maybe_unused wrong(u32 __iomem *regs)
{
	return *regs;
}
