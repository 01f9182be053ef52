/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_USER_FENCE_H_
#define _NOVA_USER_FENCE_H_

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct drm_nova_wait_user_fence;
struct nova_device;

void nova_user_fence_init(struct nova_device *ndev);
void nova_user_fence_wake(struct nova_device *ndev);

int nova_ioctl_wait_user_fence(struct drm_device *drm, void *data, struct drm_file *file);

#if IS_ENABLED(CONFIG_KUNIT)
int nova_user_fence_check(const struct drm_nova_wait_user_fence *args);
bool nova_user_fence_met(const struct drm_nova_wait_user_fence *args, u64 memory);
#endif

#endif /* _NOVA_USER_FENCE_H_ */
