/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_META_H_
#define _NOVA_META_H_

#include <linux/nova_core_door.h>

struct drm_device;
struct drm_file;
struct nova_bo;

void nova_meta_init(struct nova_bo *bo);
void nova_meta_fini(struct nova_bo *bo);

int nova_ioctl_gem_set_meta(struct drm_device *drm, void *data, struct drm_file *file)
	__must_not_hold(nova_core_door);

#endif /* _NOVA_META_H_ */
