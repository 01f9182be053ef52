/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_DEBUGFS_H_
#define _NOVA_DEBUGFS_H_

struct drm_minor;

#ifdef CONFIG_DEBUG_FS
void nova_debugfs_init(struct drm_minor *minor);
#else
static inline void nova_debugfs_init(struct drm_minor *minor)
{
}
#endif

#endif /* _NOVA_DEBUGFS_H_ */
