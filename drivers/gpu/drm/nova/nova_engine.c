// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Types of engines: the firmware's, and what they are called towards user space. */
#include <kunit/visibility.h>
#include <linux/array_size.h>

#include <drm/nova_drm.h>
#include <linux/nova_core.h>

#include "abi/nova_fw.h"
#include "regs/nv_host.h"

#include "nova_engine.h"

static const struct nova_engine_kind nova_engine_kinds[] = {
	[NOVA_FW_ENGINE_COPY] = {
		.type = DRM_NOVA_ENGINE_COPY,
		.subchannel = NV_SUBCHANNEL_CE,
		.name = "copy",
	},
	[NOVA_FW_ENGINE_GRAPHICS] = {
		.type = DRM_NOVA_ENGINE_GRAPHICS,
		.subchannel = NV_SUBCHANNEL_2D,
		.name = "graphics",
	},
};

/**
 * nova_engine_kind() - what is known of an engine's type
 * @engine: the engine, as the firmware describes it
 *
 * A firmware may have engines that this driver cannot name.
 *
 * Return: the kind, or NULL.
 */
const struct nova_engine_kind *nova_engine_kind(const struct nova_core_engine *engine)
{
	if (engine->type >= ARRAY_SIZE(nova_engine_kinds) || !nova_engine_kinds[engine->type].type)
		return NULL;
	return &nova_engine_kinds[engine->type];
}
EXPORT_SYMBOL_IF_KUNIT(nova_engine_kind);
