/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_BIND_H_
#define _NOVA_BIND_H_

struct drm_device;
struct drm_file;
struct drm_gpuva_op;

/* Steps of drm_gpuvm_sm_map() and drm_gpuvm_sm_unmap(). */
int nova_bind_step_map(struct drm_gpuva_op *op, void *priv);
int nova_bind_step_remap(struct drm_gpuva_op *op, void *priv);
int nova_bind_step_unmap(struct drm_gpuva_op *op, void *priv);

int nova_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _NOVA_BIND_H_ */
