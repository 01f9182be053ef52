// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A parameter that nobody describes.
 *
 * check: kernel-doc
 * expect: function parameter 'count' not described in 'wrong'
 */
#include <linux/types.h>

/**
 * wrong() - do something
 * @what: what
 */
static void __maybe_unused wrong(int what, int count)
{
}
