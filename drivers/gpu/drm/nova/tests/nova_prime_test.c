// SPDX-License-Identifier: GPL-2.0 OR MIT
/* A buffer mapped by the kernel, as importers do. */
#include <kunit/test.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>

#include <drm/nova_drm.h>

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

static struct kunit_case prime_test_cases[] = {
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
