// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Buffers as importers see them: mapped by the kernel, and for DMA while they move. */
#include <kunit/test.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/iosys-map.h>

#include <drm/nova_drm.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>

#include "../nova_file.h"
#include "../nova_gem.h"
#include "nova_test_gpu.h"

static int prime_test_init(struct kunit *test)
{
	nova_test_gpu_create(test);
	return 0;
}

static struct nova_bo *prime_test_bo(struct kunit *test, u32 placement)
{
	struct nova_test_gpu *gpu = test->priv;
	struct nova_file *nfile = gpu->file.driver_priv;
	struct nova_bo *bo = nova_bo_create(gpu->ndev, SZ_8K, 0, placement,
					    DRM_NOVA_CPU_CACHING_DEFAULT, NULL, nfile->account);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	return bo;
}

/* In system memory, where it stays until the mapping goes; the device need not be there. */
static void prime_vmap(struct kunit *test)
{
	struct nova_bo *bo = prime_test_bo(test, DRM_NOVA_PLACEMENT_VRAM |
					   DRM_NOVA_PLACEMENT_SYSTEM);
	struct drm_gem_object *obj = &bo->tbo.base;
	struct iosys_map map;
	int ret;

	dma_resv_lock(obj->resv, NULL);
	ret = obj->funcs->vmap(obj, &map);
	dma_resv_unlock(obj->resv);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_FALSE(test, map.is_iomem);
	KUNIT_EXPECT_EQ(test, bo->tbo.pin_count, 1);
	KUNIT_EXPECT_EQ(test, READ_ONCE(bo->resident), DRM_NOVA_PLACEMENT_SYSTEM);
	KUNIT_EXPECT_NULL(test, memchr_inv(map.vaddr, 0, SZ_8K));

	/* As everywhere no reservation is held: whoever removes a device needs locks of the bus. */
	nova_test_gpu_remove(test->priv);
	memset(map.vaddr, 0x5a, SZ_8K);
	dma_resv_lock(obj->resv, NULL);
	obj->funcs->vunmap(obj, &map);
	dma_resv_unlock(obj->resv);
	KUNIT_EXPECT_EQ(test, bo->tbo.pin_count, 0);
	drm_gem_object_put(obj);
}

/* A mapping of video memory would outlive the device. */
static void prime_vmap_vram(struct kunit *test)
{
	struct nova_bo *bo = prime_test_bo(test, DRM_NOVA_PLACEMENT_VRAM);
	struct drm_gem_object *obj = &bo->tbo.base;
	struct iosys_map map;

	dma_resv_lock(obj->resv, NULL);
	KUNIT_EXPECT_EQ(test, obj->funcs->vmap(obj, &map), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, bo->tbo.pin_count, 0);
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
}

/* Who imports: the last table it got, and how often it was told to give it back. */
struct prime_guest {
	struct sg_table *sgt;
	unsigned int told;
};

static void prime_guest_yields(struct dma_buf_attachment *attach)
{
	struct prime_guest *guest = attach->importer_priv;

	guest->told++;
	dma_buf_unmap_attachment(attach, guest->sgt, DMA_BIDIRECTIONAL);
	guest->sgt = NULL;
}

static void prime_guest_forgets(struct dma_buf_attachment *attach)
{
	struct prime_guest *guest = attach->importer_priv;

	guest->told++;
}

/* Maps, has the buffer leave the device's sight, which gives @expected, and lets go. */
static void prime_test_moves(struct kunit *test, void (*invalidate)(struct dma_buf_attachment *),
			     int expected)
{
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };
	struct ttm_placement placement = { .num_placement = 1, .placement = &system };
	const struct dma_buf_attach_ops ops = { .invalidate_mappings = invalidate };
	struct nova_bo *bo = prime_test_bo(test, DRM_NOVA_PLACEMENT_SYSTEM);
	struct drm_gem_object *obj = &bo->tbo.base;
	struct nova_test_gpu *gpu = test->priv;
	struct dma_buf_attachment *attach;
	struct ttm_operation_ctx ctx = {};
	struct prime_guest guest = {};
	struct dma_buf *dma_buf;

	dma_buf = obj->funcs->export(obj, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_buf);
	attach = dma_buf_dynamic_attach(dma_buf, gpu->core.dev, &ops, &guest);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	dma_resv_lock(obj->resv, NULL);
	guest.sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, guest.sgt);
	KUNIT_EXPECT_EQ(test, bo->tbo.pin_count, 0);
	KUNIT_EXPECT_EQ(test, ttm_bo_validate(&bo->tbo, &placement, &ctx), expected);
	KUNIT_EXPECT_EQ(test, guest.told, 1);
	KUNIT_EXPECT_EQ(test, bo->tbo.resource->mem_type, expected ? TTM_PL_TT : TTM_PL_SYSTEM);
	if (guest.sgt)
		dma_buf_unmap_attachment(attach, guest.sgt, DMA_BIDIRECTIONAL);
	/* Nobody is to be told now. */
	KUNIT_EXPECT_EQ(test, ttm_bo_validate(&bo->tbo, &placement, &ctx), 0);
	KUNIT_EXPECT_EQ(test, guest.told, 1);
	dma_resv_unlock(obj->resv);
	dma_buf_detach(dma_buf, attach);
	__fput_sync(dma_buf->file);
	drm_gem_object_put(obj);
}

static void prime_moves(struct kunit *test)
{
	prime_test_moves(test, prime_guest_yields, 0);
}

/* Who does not let go of the pages keeps them. */
static void prime_stays(struct kunit *test)
{
	prime_test_moves(test, prime_guest_forgets, -EBUSY);
}

/* Whose owner is told of no move pins it, from the beginning to the end. */
static void prime_static(struct kunit *test)
{
	struct nova_bo *bo = prime_test_bo(test, DRM_NOVA_PLACEMENT_SYSTEM);
	struct drm_gem_object *obj = &bo->tbo.base;
	struct nova_test_gpu *gpu = test->priv;
	struct dma_buf_attachment *attach;
	struct dma_buf *dma_buf;
	struct sg_table *sgt;

	dma_buf = obj->funcs->export(obj, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_buf);
	attach = dma_buf_attach(dma_buf, gpu->core.dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	KUNIT_EXPECT_EQ(test, bo->tbo.pin_count, 1);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, bo->tbo.pin_count, 2);
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, bo->tbo.pin_count, 1);
	dma_buf_detach(dma_buf, attach);
	KUNIT_EXPECT_EQ(test, bo->tbo.pin_count, 0);
	__fput_sync(dma_buf->file);
	drm_gem_object_put(obj);
}

static struct kunit_case prime_test_cases[] = {
	KUNIT_CASE(prime_moves),
	KUNIT_CASE(prime_stays),
	KUNIT_CASE(prime_static),
	KUNIT_CASE(prime_vmap),
	KUNIT_CASE(prime_vmap_vram),
	{}
};

static struct kunit_suite prime_test_suite = {
	.name = "nova_prime",
	.init = prime_test_init,
	.test_cases = prime_test_cases,
};

kunit_test_suite(prime_test_suite);
