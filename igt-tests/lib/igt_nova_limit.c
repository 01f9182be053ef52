/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova_limit.h"
#include "igt_nova_sysfs.h"

static unsigned int original;

static void put_back(int signal)
{
	(void)signal;
	igt_nova_module_set_param("nova_drm", "job_timeout_ms", original);
}

void igt_nova_limit_begin(void)
{
	/* Not a test of the driver, or one that is to say itself that there is none. */
	if (!igt_nova_drivers_present())
		return;
	if (!original) {
		original = igt_nova_module_param("nova_drm", "job_timeout_ms");
		igt_install_exit_handler(put_back);
	}
	igt_nova_module_set_param("nova_drm", "job_timeout_ms", IGT_NOVA_LIMIT_PATIENT);
}

void igt_nova_limit_set(unsigned int ms)
{
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", ms), 0);
}
