// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Buffers in video memory: where they are, that they are empty, and that eviction loses nothing. */
#include <kunit/test.h>
#include <linux/dma-resv.h>
#include <linux/kthread.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_bo.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include <drm/nova_drm.h>

#include "../nova_bound.h"
#include "../nova_device.h"
#include "../nova_file.h"
#include "../nova_gem.h"
#include "../nova_vm.h"
#include "../nova_vram.h"
#include "nova_test_fence.h"
#include "nova_test_gpu.h"

#define VRAM_BASE	SZ_2M	/* the first large page of what is usable */
#define BUFFERS_MAX	512
#define WALK_ROUNDS	20000

/* Buffers of vram_new_buffer_of_a_busy_vm(). */
enum { UNTOUCHED, WITH_PAGES, IN_USE };

struct buffers {
	struct nova_test_gpu *gpu;
	struct nova_bo *bo[BUFFERS_MAX];
	/* Owner of each page of video memory, counted from 1. */
	u16 owner[NOVA_TEST_VRAM_SIZE / SZ_4K];
};

static int vram_test_init(struct kunit *test)
{
	struct nova_test_gpu *gpu = nova_test_gpu_create(test);
	struct buffers *buffers = kunit_kzalloc(test, sizeof(*buffers), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buffers);
	buffers->gpu = gpu;
	test->priv = buffers;
	return 0;
}

static void drop(struct buffers *buffers, unsigned int i)
{
	struct nova_bo *bo = buffers->bo[i];

	if (!bo)
		return;
	dma_resv_lock(bo->tbo.base.resv, NULL);
	if (bo->tbo.pin_count)
		ttm_bo_unpin(&bo->tbo);
	dma_resv_unlock(bo->tbo.base.resv);
	drm_gem_object_put(&bo->tbo.base);
	buffers->bo[i] = NULL;
	for (unsigned int page = 0; page < ARRAY_SIZE(buffers->owner); page++)
		if (buffers->owner[page] == i + 1)
			buffers->owner[page] = 0;
}

static u64 vram_free(struct buffers *buffers)
{
	struct nova_device *ndev = buffers->gpu->ndev;
	struct drm_mm_node *before;
	u64 start, end, sum = 0;

	guard(mutex)(&ndev->vram.lock);
	drm_mm_for_each_hole(before, &ndev->vram.mm, start, end)
		sum += end - start;
	return sum;
}

static void vram_test_exit(struct kunit *test)
{
	struct buffers *buffers = test->priv;

	for (unsigned int i = 0; i < BUFFERS_MAX; i++)
		drop(buffers, i);
	KUNIT_EXPECT_EQ(test, vram_free(buffers), buffers->gpu->ndev->vram.manager.size);
}

static int validate(struct nova_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	int ret;

	dma_resv_lock(bo->tbo.base.resv, NULL);
	ret = nova_bo_validate(bo, &ctx);
	dma_resv_unlock(bo->tbo.base.resv);
	return ret;
}

/* A buffer that may be evicted, or must stay. */
static int make(struct kunit *test, unsigned int i, u64 size, u32 placement, bool stay)
{
	struct buffers *buffers = test->priv;
	struct nova_file *nfile = buffers->gpu->file.driver_priv;
	struct nova_bo *bo = nova_bo_create(buffers->gpu->ndev, size, 0, placement,
					    DRM_NOVA_CPU_CACHING_DEFAULT, NULL,
					    nfile->account);
	int ret;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bo);
	KUNIT_ASSERT_NULL(test, buffers->bo[i]);
	buffers->bo[i] = bo;
	ret = validate(bo);
	if (!ret && stay) {
		dma_resv_lock(bo->tbo.base.resv, NULL);
		ttm_bo_pin(&bo->tbo);
		dma_resv_unlock(bo->tbo.base.resv);
	}
	return ret;
}

typedef void (*visit_t)(struct kunit *test, unsigned int i, u8 *at, u64 size);

/* Calls @visit for each piece of a buffer in video memory. */
static void on_each_piece(struct kunit *test, unsigned int i, visit_t visit)
{
	struct buffers *buffers = test->priv;
	struct nova_bo *bo = buffers->bo[i];
	struct nova_bo_extent extent;

	dma_resv_lock(bo->tbo.base.resv, NULL);
	for (u64 offset = 0; offset < bo->tbo.base.size; offset += extent.size) {
		extent = nova_bo_extent(bo, offset);
		KUNIT_ASSERT_TRUE(test, extent.vram);
		KUNIT_ASSERT_TRUE(test, extent.size && PAGE_ALIGNED(extent.addr | extent.size));
		KUNIT_ASSERT_GE(test, extent.addr, VRAM_BASE);
		KUNIT_ASSERT_LE(test, extent.addr + extent.size,
				nova_device_tables_start(buffers->gpu->ndev));
		visit(test, i, buffers->gpu->vram + extent.addr, extent.size);
	}
	dma_resv_unlock(bo->tbo.base.resv);
}

static void visit_own(struct kunit *test, unsigned int i, u8 *at, u64 size)
{
	struct buffers *buffers = test->priv;
	u64 page = (at - buffers->gpu->vram) / SZ_4K;

	for (u64 end = page + size / SZ_4K; page < end; page++) {
		KUNIT_ASSERT_EQ(test, buffers->owner[page], 0);
		buffers->owner[page] = i + 1;
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(at, 0, size));
}

static void visit_fill(struct kunit *test, unsigned int i, u8 *at, u64 size)
{
	memset(at, i + 1, size);
}

static void visit_check(struct kunit *test, unsigned int i, u8 *at, u64 size)
{
	KUNIT_EXPECT_NULL(test, memchr_inv(at, i + 1, size));
}

/* Memory that others used before is empty, nobody else's, and not of the page tables. */
static void vram_is_clear_and_ones_own(struct kunit *test)
{
	static const u32 sizes[] = {
		SZ_4K, SZ_2M, SZ_64K + SZ_4K, SZ_4M, 3 * SZ_4K, SZ_1M + SZ_4K,
	};
	struct buffers *buffers = test->priv;
	u64 used = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, make(test, i, sizes[i], DRM_NOVA_PLACEMENT_VRAM, false), 0);
		on_each_piece(test, i, visit_own);
		on_each_piece(test, i, visit_fill);
		used += sizes[i];
	}
	KUNIT_EXPECT_EQ(test, buffers->gpu->ndev->vram.manager.size - vram_free(buffers), used);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		on_each_piece(test, i, visit_check);

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i += 2) {
		drop(buffers, i);
		KUNIT_ASSERT_EQ(test, make(test, i, sizes[i], DRM_NOVA_PLACEMENT_VRAM, false), 0);
		on_each_piece(test, i, visit_own);
	}
}

static void vram_large_pages_where_there_is_room(struct kunit *test)
{
	struct buffers *buffers = test->priv;
	struct nova_bo_extent extent;

	KUNIT_ASSERT_EQ(test, make(test, 0, SZ_8M, DRM_NOVA_PLACEMENT_VRAM, false), 0);
	dma_resv_lock(buffers->bo[0]->tbo.base.resv, NULL);
	for (u64 offset = 0; offset < SZ_8M; offset += SZ_2M) {
		extent = nova_bo_extent(buffers->bo[0], offset);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(extent.addr, SZ_2M));
		KUNIT_EXPECT_GE(test, extent.size, SZ_2M);
	}
	dma_resv_unlock(buffers->bo[0]->tbo.base.resv);
}

/* Half of the memory is free, and no two free pages touch. */
static void vram_fragmented(struct kunit *test)
{
	struct buffers *buffers = test->priv;
	unsigned int count = buffers->gpu->ndev->vram.manager.size / SZ_64K;
	u64 size;

	KUNIT_ASSERT_LT(test, count, BUFFERS_MAX);
	for (unsigned int i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, make(test, i, SZ_64K, DRM_NOVA_PLACEMENT_VRAM, true), 0);
	KUNIT_EXPECT_EQ(test, vram_free(buffers), 0);
	KUNIT_EXPECT_EQ(test, make(test, count, SZ_4K, DRM_NOVA_PLACEMENT_VRAM, false), -ENOSPC);
	drop(buffers, count);

	for (unsigned int i = 0; i < count; i += 2)
		drop(buffers, i);
	for (unsigned int i = 1; i < count; i += 2)
		on_each_piece(test, i, visit_own);
	size = vram_free(buffers);
	KUNIT_EXPECT_EQ(test, make(test, 0, size + SZ_4K, DRM_NOVA_PLACEMENT_VRAM, false), -ENOSPC);
	drop(buffers, 0);
	KUNIT_ASSERT_EQ(test, make(test, 0, size, DRM_NOVA_PLACEMENT_VRAM, false), 0);
	on_each_piece(test, 0, visit_own);
	KUNIT_EXPECT_EQ(test, vram_free(buffers), 0);
}

/* One who looks for pages with the reservation held, as faults do. */
struct faults {
	struct nova_bo *bo;
	u64 expected[2];
	unsigned long wrong;
	unsigned long rounds;
};

static int look_as_faults_do(void *data)
{
	struct faults *faults = data;
	struct nova_bo *bo = faults->bo;

	while (!kthread_should_stop()) {
		dma_resv_lock(bo->tbo.base.resv, NULL);
		for (unsigned int i = 0; i < 2; i++)
			if (nova_vram_page(bo->tbo.resource, i * SZ_64K) != faults->expected[i])
				faults->wrong++;
		dma_resv_unlock(bo->tbo.base.resv);
		WRITE_ONCE(faults->rounds, faults->rounds + 1);
		cond_resched();
	}
	return 0;
}

/* A buffer of two pieces with a gap in between. */
static struct nova_bo *make_two_pieces(struct kunit *test)
{
	struct buffers *buffers = test->priv;
	unsigned int count = buffers->gpu->ndev->vram.manager.size / SZ_64K;

	KUNIT_ASSERT_LT(test, count, BUFFERS_MAX);
	for (unsigned int i = 0; i < count; i++)
		KUNIT_ASSERT_EQ(test, make(test, i, SZ_64K, DRM_NOVA_PLACEMENT_VRAM, true), 0);
	drop(buffers, 0);
	drop(buffers, 2);
	KUNIT_ASSERT_EQ(test, make(test, 0, SZ_128K, DRM_NOVA_PLACEMENT_VRAM, true), 0);
	return buffers->bo[0];
}

/* A bind behind fences walks a buffer without its reservation, and nobody is in its way. */
static void vram_walk_without_the_reservation(struct kunit *test)
{
	struct faults faults = { .bo = make_two_pieces(test) };
	struct task_struct *thread;
	unsigned long wrong = 0;

	dma_resv_lock(faults.bo->tbo.base.resv, NULL);
	for (unsigned int i = 0; i < 2; i++)
		faults.expected[i] = nova_bo_extent(faults.bo, i * SZ_64K).addr;
	dma_resv_unlock(faults.bo->tbo.base.resv);
	KUNIT_ASSERT_NE(test, faults.expected[0] + SZ_64K, faults.expected[1]);

	thread = kthread_run(look_as_faults_do, &faults, "nova-test-faults");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	while (READ_ONCE(faults.rounds) < WALK_ROUNDS) {
		struct nova_bo_cursor cursor = {};

		for (unsigned int i = 0; i < 2; i++)
			if (nova_bo_extent_at(faults.bo, &cursor, i * SZ_64K).addr !=
			    faults.expected[i])
				wrong++;
		cond_resched();
	}
	kthread_stop(thread);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, faults.wrong, 0);
}

/* Work of an address space that does not end before the test wants it to. */
static struct dma_fence *make_busy(struct kunit *test, struct nova_vm *vm)
{
	struct dma_fence *fence = nova_test_fence_create(test);
	struct dma_resv *resv = nova_vm_resv(vm);

	dma_resv_lock(resv, NULL);
	KUNIT_EXPECT_EQ(test, dma_resv_reserve_fences(resv, 1), 0);
	dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(resv);
	return fence;
}

static void make_private(struct kunit *test, unsigned int i, struct nova_vm *vm, u32 placement)
{
	struct buffers *buffers = test->priv;
	struct nova_file *nfile = buffers->gpu->file.driver_priv;

	buffers->bo[i] = nova_bo_create(buffers->gpu->ndev, SZ_64K, 0, placement,
					DRM_NOVA_CPU_CACHING_DEFAULT, vm, nfile->account);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, buffers->bo[i]);
}

/* As one who may not wait for anybody. */
static int validate_now(struct nova_bo *bo, bool with_pages)
{
	struct ttm_operation_ctx ctx = { .no_wait_gpu = true };
	int ret = 0;

	dma_resv_lock(bo->tbo.base.resv, NULL);
	if (with_pages)
		ret = ttm_bo_populate(&bo->tbo, &ctx);
	for (unsigned int page = 0; !ret && with_pages && page < bo->tbo.ttm->num_pages; page++)
		memset(page_address(bo->tbo.ttm->pages[page]), WITH_PAGES + 1, PAGE_SIZE);
	if (!ret)
		ret = nova_bo_validate(bo, &ctx);
	dma_resv_unlock(bo->tbo.base.resv);
	return ret;
}

/*
 * Buffers that are private to an address space have its fences in common. One that nobody has
 * used yet goes to video memory regardless of them; one with pages does not move.
 */
static void vram_new_buffer_of_a_busy_vm(struct kunit *test)
{
	struct buffers *buffers = test->priv;
	struct nova_test_gpu *gpu = buffers->gpu;
	struct drm_nova_vm_destroy destroy = { .vm_id = nova_test_gpu_vm_create(gpu) };
	struct nova_vm *vm = nova_vm_lookup(gpu->file.driver_priv, destroy.vm_id);
	struct dma_fence *fence = make_busy(test, vm);

	make_private(test, UNTOUCHED, vm, DRM_NOVA_PLACEMENT_VRAM);
	make_private(test, WITH_PAGES, vm, DRM_NOVA_PLACEMENT_VRAM);
	make_private(test, IN_USE, vm, DRM_NOVA_PLACEMENT_SYSTEM);
	KUNIT_EXPECT_EQ(test, validate_now(buffers->bo[UNTOUCHED], false), 0);
	KUNIT_EXPECT_EQ(test, buffers->bo[UNTOUCHED]->resident, DRM_NOVA_PLACEMENT_VRAM);
	KUNIT_EXPECT_NULL(test, buffers->bo[UNTOUCHED]->tbo.ttm);
	KUNIT_EXPECT_EQ(test, validate_now(buffers->bo[WITH_PAGES], true), -EBUSY);
	KUNIT_EXPECT_EQ(test, validate_now(buffers->bo[IN_USE], true), 0);
	buffers->bo[IN_USE]->placement = DRM_NOVA_PLACEMENT_VRAM;
	KUNIT_EXPECT_EQ(test, validate_now(buffers->bo[IN_USE], false), -EBUSY);
	dma_fence_signal(fence);
	KUNIT_EXPECT_EQ(test, validate_now(buffers->bo[WITH_PAGES], false), 0);
	KUNIT_EXPECT_EQ(test, buffers->bo[WITH_PAGES]->resident, DRM_NOVA_PLACEMENT_VRAM);
	KUNIT_EXPECT_NULL(test, buffers->bo[WITH_PAGES]->tbo.ttm);
	KUNIT_EXPECT_EQ(test, validate_now(buffers->bo[IN_USE], false), 0);
	if (buffers->bo[IN_USE]->resident == DRM_NOVA_PLACEMENT_VRAM) {
		on_each_piece(test, UNTOUCHED, visit_own);
		on_each_piece(test, WITH_PAGES, visit_check);
	}

	dma_fence_put(fence);
	for (unsigned int i = UNTOUCHED; i <= IN_USE; i++)
		drop(buffers, i);
	nova_vm_put(vm);
	KUNIT_EXPECT_EQ(test, nova_ioctl_vm_destroy(&gpu->ndev->drm, &destroy, &gpu->file), 0);
}

static void vram_larger_than_all_of_it(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, make(test, 0, SZ_64M, DRM_NOVA_PLACEMENT_VRAM, false), -ENOSPC);
	/* If it may be elsewhere that is where it goes. */
	KUNIT_EXPECT_EQ(test, make(test, 1, SZ_64M, DRM_NOVA_PLACEMENT_VRAM |
				   DRM_NOVA_PLACEMENT_SYSTEM, false), 0);
}

static void vram_eviction_keeps_the_content(struct kunit *test)
{
	struct buffers *buffers = test->priv;

	for (unsigned int i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, make(test, i, SZ_16M, DRM_NOVA_PLACEMENT_VRAM, false), 0);
		KUNIT_EXPECT_EQ(test, buffers->bo[i]->resident, DRM_NOVA_PLACEMENT_VRAM);
		on_each_piece(test, i, visit_fill);
	}
	/* Both do not fit: the second turned the first out. */
	KUNIT_EXPECT_EQ(test, buffers->bo[0]->resident, DRM_NOVA_PLACEMENT_SYSTEM);
	for (unsigned int i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, validate(buffers->bo[i % 2]), 0);
		KUNIT_EXPECT_EQ(test, buffers->bo[i % 2]->resident, DRM_NOVA_PLACEMENT_VRAM);
		on_each_piece(test, i % 2, visit_check);
	}
}

/* Out of politeness: who may live in system memory evicts nobody. */
static void vram_second_choice_evicts_nobody(struct kunit *test)
{
	struct buffers *buffers = test->priv;

	KUNIT_ASSERT_EQ(test, make(test, 0, SZ_16M, DRM_NOVA_PLACEMENT_VRAM, false), 0);
	KUNIT_ASSERT_EQ(test, make(test, 1, SZ_16M, DRM_NOVA_PLACEMENT_VRAM |
				   DRM_NOVA_PLACEMENT_SYSTEM, false), 0);
	KUNIT_EXPECT_EQ(test, buffers->bo[0]->resident, DRM_NOVA_PLACEMENT_VRAM);
	KUNIT_EXPECT_EQ(test, buffers->bo[1]->resident, DRM_NOVA_PLACEMENT_SYSTEM);
}

static void vram_access_by_bytes(struct kunit *test)
{
	struct buffers *buffers = test->priv;
	struct nova_device *ndev = buffers->gpu->ndev;
	struct nova_bo *bo;
	u8 out[300], in[300];

	KUNIT_ASSERT_EQ(test, make(test, 0, SZ_8K, DRM_NOVA_PLACEMENT_VRAM, false), 0);
	bo = buffers->bo[0];
	for (unsigned int i = 0; i < sizeof(out); i++)
		out[i] = i * 7;
	dma_resv_lock(bo->tbo.base.resv, NULL);
	KUNIT_EXPECT_EQ(test, nova_vram_access(ndev, bo->tbo.resource, SZ_4K - 100, out,
					       sizeof(out), true), 0);
	KUNIT_EXPECT_EQ(test, nova_vram_access(ndev, bo->tbo.resource, SZ_4K - 100, in,
					       sizeof(in), false), 0);
	KUNIT_EXPECT_MEMEQ(test, in, out, sizeof(in));
	KUNIT_EXPECT_EQ(test, nova_vram_access(ndev, bo->tbo.resource, SZ_4K - 101, in, 2, false),
			0);
	KUNIT_EXPECT_EQ(test, in[0], 0);
	KUNIT_EXPECT_EQ(test, in[1], out[0]);

	dma_resv_unlock(bo->tbo.base.resv);

	nova_test_gpu_remove(buffers->gpu);
	dma_resv_lock(bo->tbo.base.resv, NULL);
	KUNIT_EXPECT_EQ(test, nova_vram_access(ndev, bo->tbo.resource, 0, in, 1, false), -ENODEV);
	KUNIT_EXPECT_EQ(test, nova_vram_clear(ndev, bo->tbo.resource), -ENODEV);
	dma_resv_unlock(bo->tbo.base.resv);
}

/* Buffers can be made, kept and dropped, but the GPU gets to see none. */
static void vram_without_the_device(struct kunit *test)
{
	struct buffers *buffers = test->priv;

	KUNIT_ASSERT_EQ(test, make(test, 0, SZ_2M, DRM_NOVA_PLACEMENT_VRAM, false), 0);
	KUNIT_ASSERT_EQ(test, make(test, 1, SZ_2M, DRM_NOVA_PLACEMENT_SYSTEM, false), 0);
	nova_test_gpu_remove(buffers->gpu);
	nova_test_gpu_vram_fill(buffers->gpu);
	KUNIT_EXPECT_EQ(test, validate(buffers->bo[0]), -ENODEV);
	KUNIT_EXPECT_EQ(test, make(test, 2, SZ_2M, DRM_NOVA_PLACEMENT_VRAM, false), -ENODEV);
	for (unsigned int i = 0; i < 3; i++)
		drop(buffers, i);
	KUNIT_EXPECT_TRUE(test, nova_test_gpu_vram_filled(buffers->gpu));
}

/* A device that has no room for page tables, or for nothing but them. */
static void vram_too_small(struct kunit *test)
{
	struct buffers *buffers = test->priv;
	struct nova_core_info *info = &buffers->gpu->core.info;
	struct nova_device *ndev;
	unsigned int made = 0;

	for (u64 size = SZ_256K; size <= SZ_8M; size += SZ_256K) {
		info->vram_end = info->vram_start + size;
		ndev = nova_test_gpu_device_create(buffers->gpu);
		if (IS_ERR(ndev)) {
			KUNIT_EXPECT_EQ(test, PTR_ERR(ndev), -ENODEV);
			KUNIT_EXPECT_EQ(test, made, 0);
			continue;
		}
		KUNIT_EXPECT_GE(test, ndev->vram.manager.size, SZ_2M);
		KUNIT_EXPECT_LT(test, ndev->vram.manager.size, size);
		if (made++)
			break;
	}
	info->vram_end = NOVA_TEST_VRAM_SIZE;
	KUNIT_EXPECT_GT(test, made, 0);
}

/* What TTM prints of it. */
static void vram_printed(struct kunit *test)
{
	struct buffers *buffers = test->priv;
	char *text = kunit_kzalloc(test, SZ_4K, GFP_KERNEL);
	struct drm_print_iterator output = { .data = text, .remain = SZ_4K - 1 };
	struct drm_printer printer = drm_coredump_printer(&output);

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_ASSERT_EQ(test, make(test, 0, SZ_2M, DRM_NOVA_PLACEMENT_VRAM, false), 0);
	ttm_resource_manager_debug(&buffers->gpu->ndev->vram.manager, &printer);
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "used 2097152"));
}

static struct kunit_case vram_test_cases[] = {
	KUNIT_CASE(vram_is_clear_and_ones_own),
	KUNIT_CASE(vram_large_pages_where_there_is_room),
	KUNIT_CASE(vram_fragmented),
	KUNIT_CASE(vram_walk_without_the_reservation),
	KUNIT_CASE(vram_new_buffer_of_a_busy_vm),
	KUNIT_CASE(vram_larger_than_all_of_it),
	KUNIT_CASE(vram_eviction_keeps_the_content),
	KUNIT_CASE(vram_second_choice_evicts_nobody),
	KUNIT_CASE(vram_access_by_bytes),
	KUNIT_CASE(vram_without_the_device),
	KUNIT_CASE(vram_too_small),
	KUNIT_CASE(vram_printed),
	{}
};

static struct kunit_suite vram_test_suite = {
	.name = "nova_vram",
	.init = vram_test_init,
	.exit = vram_test_exit,
	.test_cases = vram_test_cases,
};

kunit_test_suite(vram_test_suite);
