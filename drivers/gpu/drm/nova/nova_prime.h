/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_PRIME_H_
#define _NOVA_PRIME_H_

struct dma_buf;
struct drm_device;
struct drm_gem_object;
struct iosys_map;
struct sg_table;

struct drm_gem_object *nova_prime_import(struct drm_device *drm, struct dma_buf *dma_buf);

struct dma_buf *nova_prime_export(struct drm_gem_object *obj, int flags);
int nova_prime_pin(struct drm_gem_object *obj);
void nova_prime_unpin(struct drm_gem_object *obj);
struct sg_table *nova_prime_get_sg_table(struct drm_gem_object *obj);
int nova_prime_vmap(struct drm_gem_object *obj, struct iosys_map *map);
void nova_prime_vunmap(struct drm_gem_object *obj, struct iosys_map *map);

#endif /* _NOVA_PRIME_H_ */
