/* SPDX-License-Identifier: MIT */
/* Not a test of the driver: one without subtests, as some of upstream's. */
#include <stdlib.h>

#include "igt.h"

IGT_TEST_DESCRIPTION("A known result for the self-check of run.sh.");

int igt_simple_main()
{
	igt_assert_eq(getenv("IGT_SELFTEST_FAILS") ? 1 : 0, 0);
}
