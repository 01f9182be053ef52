/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_GEM_H_
#define _NOVA_GEM_H_

#include <linux/compiler.h>

#include <drm/drm_gem.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>

#include "nova_dma.h"
#include "nova_shrink.h"
#include "nova_vram.h"

struct dma_buf;
struct drm_device;
struct drm_file;
struct nova_account;
struct nova_device;
struct nova_vm;
struct ttm_operation_ctx;

/**
 * struct nova_bo - a buffer object
 *
 * Lives as long as its GEM references; its pages live with it, its DMA and GPU
 * mappings live with struct nova_bound and are revoked at remove.
 * Fields without a comment on locking are constant after creation.
 */
struct nova_bo {
	/** @tbo: base; embeds the GEM object */
	struct ttm_buffer_object tbo;
	/** @flags: DRM_NOVA_GEM_* */
	u32 flags;
	/** @placement: DRM_NOVA_PLACEMENT_* mask */
	u32 placement;
	/** @caching: DRM_NOVA_CPU_CACHING_* */
	u32 caching;
	/**
	 * @vm_obj: the drm_gpuvm.r_obj of the VM this buffer is private to, or NULL; a
	 * reference, as it owns the reservation. Not the VM itself: its mappings
	 * refer to the buffer.
	 */
	struct drm_gem_object *vm_obj;
	/** @exported: a dma-buf was made of it at some time; never taken back */
	bool exported;
	/** @shared: whom we export it to, see nova_prime.c; reservation lock */
	struct {
		/** @shared.dma_buf: what they are attached to, NULL without any */
		struct dma_buf *dma_buf;
		/** @shared.attached: how many are */
		u32 attached;
		/** @shared.mapped: tables of the pages that they have */
		u32 mapped;
	} shared;
	/** @account: what the size is charged to, a reference; NULL for an import */
	struct nova_account *account;
	/** @dma: DMA mapping of the pages while in TTM_PL_TT, or of an import; reservation lock */
	struct nova_dma_map dma;
	/** @resident: DRM_NOVA_PLACEMENT_* it occupies; written under the reservation lock */
	u32 resident;
	/**
	 * @dummy: zeroed page that CPU mappings see after unplug in place of video memory;
	 * reservation lock
	 */
	struct page *dummy;
	/** @meta: see nova_meta.c */
	struct {
		/** @meta.link: on nova_device.gem.list; its lock */
		struct list_head link;
		/** @meta.id: names the buffer to people; constant */
		u64 id;
		/** @meta.label: what the client calls it, or NULL; nova_device.gem.lock */
		char *label;
	} meta;
	/** @madvise: what DRM_NOVA_GEM_META_MADVISE said; written under the reservation lock */
	struct {
		/** @madvise.dontneed: the content may be dropped, and the GPU does not see it */
		bool dontneed;
		/** @madvise.purged: it was, since the content was needed last */
		bool purged;
		/** @madvise.pages: counted in nova_device.purgeable */
		unsigned long pages;
	} madvise;
};

#define to_nova_bo(obj_) container_of_const(obj_, struct nova_bo, tbo.base)
#define tbo_to_nova_bo(tbo_) container_of_const(tbo_, struct nova_bo, tbo)

/* One stretch of a buffer that is contiguous for the GPU. */
struct nova_bo_extent {
	u64 addr;		/* video-memory offset or DMA address */
	u64 size;
	bool vram;
};

/**
 * struct nova_bo_cursor - where the last lookup in a buffer ended
 *
 * Whoever looks has one of its own, all zero before the first. It is good until the buffer moves.
 */
struct nova_bo_cursor {
	/** @dma: in system memory */
	struct nova_dma_cursor dma;
	/** @vram: in video memory */
	struct nova_vram_cursor vram;
};

/* Private to a VM: bound in no other, and not shared. */
static inline bool nova_bo_is_private(const struct nova_bo *bo)
{
	return bo->vm_obj;
}

/* Others may use it, too: what they do with it is in the fences of its reservation. */
static inline bool nova_bo_is_shared(const struct nova_bo *bo)
{
	return READ_ONCE(bo->exported) || drm_gem_is_imported(&bo->tbo.base);
}

/* Its content may be dropped. What an importer uses it never is. */
static inline bool nova_bo_is_expendable(const struct nova_bo *bo)
{
	return bo->madvise.dontneed && !bo->shared.attached;
}

static inline void nova_bo_set_resident(struct nova_bo *bo, u32 placement, bool resident)
{
	WRITE_ONCE(bo->resident, resident ? bo->resident | placement : bo->resident & ~placement);
	nova_shrink_account(bo);
}

struct nova_bo *nova_bo_alloc(struct nova_device *ndev, u64 size, u32 flags, u32 placement,
			      u32 caching);
void nova_bo_discard(struct nova_bo *bo);
int nova_bo_init(struct nova_bo *bo, enum ttm_bo_type type, struct dma_resv *resv);
struct nova_bo *nova_bo_create(struct nova_device *ndev, u64 size, u32 flags, u32 placement,
			       u32 caching, struct nova_vm *vm, struct nova_account *account)
	__must_not_hold(nova_core_door);

int nova_bo_validate(struct nova_bo *bo, struct ttm_operation_ctx *ctx)
	__must_not_hold(nova_core_door);
int nova_bo_validate_system(struct nova_bo *bo, struct ttm_operation_ctx *ctx)
	__must_not_hold(nova_core_door);
struct nova_bo_extent nova_bo_extent(struct nova_bo *bo, u64 offset);
struct nova_bo_extent nova_bo_extent_at(struct nova_bo *bo, struct nova_bo_cursor *cursor,
					u64 offset);

int nova_ioctl_gem_create(struct drm_device *drm, void *data, struct drm_file *file);
int nova_ioctl_gem_info(struct drm_device *drm, void *data, struct drm_file *file);
int nova_ioctl_gem_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _NOVA_GEM_H_ */
