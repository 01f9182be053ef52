/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_PRIME_H_
#define _NOVA_PRIME_H_

struct dma_buf;
struct drm_gem_object;
struct iosys_map;
struct nova_bo;
struct sg_table;

struct dma_buf *nova_prime_export(struct drm_gem_object *obj, int flags);
struct drm_gem_object *nova_prime_owner(struct dma_buf *dma_buf);
int nova_prime_invalidate(struct nova_bo *bo);
struct sg_table *nova_prime_get_sg_table(struct drm_gem_object *obj);
int nova_prime_vmap(struct drm_gem_object *obj, struct iosys_map *map);
void nova_prime_vunmap(struct drm_gem_object *obj, struct iosys_map *map);

#endif /* _NOVA_PRIME_H_ */
