/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_EXEC_H_
#define _NOVA_EXEC_H_

struct drm_device;
struct drm_file;

int nova_ioctl_exec(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _NOVA_EXEC_H_ */
