// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What the types of engines are called towards user space. */
#include <kunit/test.h>
#include <linux/nova_core.h>

#include <drm/nova_drm.h>

#include "abi/nova_fw.h"

#include "../nova_engine.h"

static void engine_known(struct kunit *test)
{
	const struct nova_core_engine copy = { .type = NOVA_FW_ENGINE_COPY };
	const struct nova_core_engine graphics = { .type = NOVA_FW_ENGINE_GRAPHICS };
	const struct nova_engine_kind *kind = nova_engine_kind(&copy);

	KUNIT_ASSERT_NOT_NULL(test, kind);
	KUNIT_EXPECT_EQ(test, kind->type, DRM_NOVA_ENGINE_COPY);
	KUNIT_EXPECT_EQ(test, kind->subchannel, 4);
	KUNIT_EXPECT_STREQ(test, kind->name, "copy");
	kind = nova_engine_kind(&graphics);
	KUNIT_ASSERT_NOT_NULL(test, kind);
	KUNIT_EXPECT_EQ(test, kind->type, DRM_NOVA_ENGINE_GRAPHICS);
	KUNIT_EXPECT_EQ(test, kind->subchannel, 3);
	KUNIT_EXPECT_STREQ(test, kind->name, "graphics");
}

/* The firmware may have others, and may say anything. */
static void engine_unknown(struct kunit *test)
{
	const u32 types[] = { 0, NOVA_FW_ENGINE_GRAPHICS + 1, 0x80000000, ~0u };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		const struct nova_core_engine engine = { .type = types[i] };

		KUNIT_EXPECT_NULL(test, nova_engine_kind(&engine));
	}
}

static struct kunit_case engine_test_cases[] = {
	KUNIT_CASE(engine_known),
	KUNIT_CASE(engine_unknown),
	{}
};

static struct kunit_suite engine_test_suite = {
	.name = "nova_engine",
	.test_cases = engine_test_cases,
};

kunit_test_suite(engine_test_suite);
