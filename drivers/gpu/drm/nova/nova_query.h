/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_QUERY_H_
#define _NOVA_QUERY_H_

struct drm_device;
struct drm_file;

int nova_ioctl_getparam(struct drm_device *drm, void *data, struct drm_file *file);
int nova_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file);
int nova_ioctl_get_time(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _NOVA_QUERY_H_ */
