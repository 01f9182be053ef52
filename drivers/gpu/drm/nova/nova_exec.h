/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_EXEC_H_
#define _NOVA_EXEC_H_

struct drm_device;
struct drm_file;

int nova_ioctl_exec(struct drm_device *drm, void *data, struct drm_file *file);

#if IS_ENABLED(CONFIG_KUNIT)
struct drm_nova_push;

int nova_exec_check_push(const struct drm_nova_push *push);
#endif

#endif /* _NOVA_EXEC_H_ */
