/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_ENGINE_H_
#define _NOVA_ENGINE_H_

#include <linux/types.h>

struct nova_core_engine;

/**
 * struct nova_engine_kind - what user space is told of engines of one type
 */
struct nova_engine_kind {
	/** @type: DRM_NOVA_ENGINE_* */
	u32 type;
	/** @subchannel: sub-channel its methods are sent on */
	u32 subchannel;
	/** @name: in fdinfo, before the instance */
	const char *name;
};

const struct nova_engine_kind *nova_engine_kind(const struct nova_core_engine *engine);

#endif /* _NOVA_ENGINE_H_ */
