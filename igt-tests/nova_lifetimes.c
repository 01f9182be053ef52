/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_share.h"
#include "igt_nova_state.h"

IGT_TEST_DESCRIPTION("Every way for the device to go, in every state that clients and device can be in.");

/* The subtest PATH-STATE. */
static void run(const struct igt_nova_path *path, const struct igt_nova_state *state)
{
	char name[64];

	if (!igt_nova_state_allows(state, path))
		return;
	snprintf(name, sizeof(name), "%s-%s", path->name, state->name);
	igt_describe_f("%s %s.", path->describe, state->describe);
	igt_subtest(name) {
		igt_nova_unplug_begin();
		igt_info("gone in %.1f ms\n", igt_nova_state_cycle(state, path) / 1e6);
		igt_reset_timeout();
	}
}

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(igt_nova_state_abandon);
	}
	for (size_t i = 0; i < igt_nova_path_count; i++)
		for (size_t j = 0; j < igt_nova_state_count; j++)
			run(&igt_nova_paths[i], &igt_nova_states[j]);
	igt_fixture() {
		igt_nova_state_abandon();
		igt_nova_close_vgem();
		igt_nova_unplug_fini();
	}
}
