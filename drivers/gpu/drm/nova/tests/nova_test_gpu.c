// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>

#include <drm/nova_drm.h>

#include "nova_core_audit.h"
#include "nova_core_client.h"
#include "nova_core_reset.h"
#include "regs/nv_mmu.h"

#include "../nova_bind_queue.h"
#include "../nova_bound.h"
#include "../nova_device.h"
#include "../nova_dma.h"
#include "../nova_file.h"
#include "../nova_gem.h"
#include "../nova_queue.h"
#include "../nova_vm.h"
#include "nova_test_gpu.h"

static const struct drm_driver nova_test_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE,
	.name = "nova-test",
	.desc = "nova-drm under test",
};

static int nova_test_gpu_invalidate(struct nova_core *core, u64 root)
{
	struct nova_test_gpu *gpu = container_of(core, struct nova_test_gpu, core);

	KUNIT_EXPECT_TRUE(gpu->test, IS_ALIGNED(root, NV_MMU_TABLE_SIZE));
	KUNIT_EXPECT_GE(gpu->test, root, nova_device_tables_start(gpu->ndev));
	KUNIT_EXPECT_LT(gpu->test, root, core->info.vram_end);
	gpu->invalidates++;
	return gpu->invalidate_ret;
}

/**
 * nova_test_gpu_remove() - what the driver does when the device goes
 * @gpu: the GPU; nothing happens if it is gone already
 */
void nova_test_gpu_remove(struct nova_test_gpu *gpu)
{
	if (!gpu->bound)
		return;
	nova_queues_kill(gpu->ndev, -ENODEV);
	scoped_guard(device, gpu->core.dev) {
		nova_bound_close(gpu->ndev);
		nova_bind_queues_teardown(gpu->ndev);
		nova_userptrs_stop(gpu->bound);
		nova_dma_unmap_all(gpu->bound);
		nova_bound_destroy(gpu->bound);
	}
	gpu->bound = NULL;
	nova_core_client_fini(&gpu->core);
	KUNIT_EXPECT_TRUE_MSG(gpu->test, list_empty(&gpu->core.audit.list),
			      "something survived remove");
}

/**
 * nova_test_gpu_device_create() - what nova-drm's probe begins with
 * @gpu: the GPU
 *
 * Return: a device that goes with the test, or an error pointer.
 */
struct nova_device *nova_test_gpu_device_create(struct nova_test_gpu *gpu)
{
	return nova_device_create(gpu->core.dev, &nova_test_driver, &gpu->core);
}

static void nova_test_gpu_free_vram(void *data)
{
	vfree(data);
}

static void nova_test_gpu_remove_action(void *data)
{
	nova_test_gpu_remove(data);
}

/* What drm_open() does, but for what only the core may call. */
static void nova_test_gpu_open(struct nova_test_gpu *gpu)
{
	struct drm_file *file = &gpu->file;

	file->minor = gpu->ndev->drm.render;
	spin_lock_init(&file->table_lock);
	xa_init_flags(&file->object_idr.idr_rt, IDR_RT_MARKER);
	file->object_idr.idr_base = 1;
	mutex_init(&file->prime.lock);
	file->prime.dmabufs = RB_ROOT;
	file->prime.handles = RB_ROOT;
	KUNIT_ASSERT_EQ(gpu->test, nova_file_open(&gpu->ndev->drm, file), 0);
}

static void nova_test_gpu_close(void *data)
{
	struct nova_test_gpu *gpu = data;
	void *obj;
	u32 handle;

	idr_for_each_entry(&gpu->file.object_idr, obj, handle)
		drm_gem_handle_delete(&gpu->file, handle);
	idr_destroy(&gpu->file.object_idr);
	mutex_destroy(&gpu->file.prime.lock);
	nova_file_postclose(&gpu->ndev->drm, &gpu->file);
}

static void nova_test_gpu_init_core(struct nova_test_gpu *gpu, struct device *dev)
{
	struct nova_core *core = &gpu->core;

	dev->dma_mask = &dev->coherent_dma_mask;
	KUNIT_ASSERT_EQ(gpu->test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(47)), 0);

	core->dev = dev;
	core->vram = (void __iomem __force *)gpu->vram;
	core->vram_size = NOVA_TEST_VRAM_SIZE;
	core->info = (struct nova_core_info) {
		.channels = 16,
		.gpfifo_entries_max = 512,
		.vram_start = NOVA_TEST_VRAM_START,
		.vram_end = NOVA_TEST_VRAM_SIZE,
		.bar1_size = NOVA_TEST_VRAM_SIZE,
		.engine_count = 1,
	};
	init_waitqueue_head(&core->wait);
	nova_core_reset_init(core);
	core->regs_open = true;
	KUNIT_ASSERT_EQ(gpu->test, nova_core_audit_init(core), 0);
	KUNIT_ASSERT_EQ(gpu->test, nova_core_client_init(core), 0);
}

/* What the driver core and the driver do; no assertion may fail under a lock. */
static void nova_test_gpu_probe(struct nova_test_gpu *gpu)
{
	int ret;

	scoped_guard(device, gpu->core.dev) {
		ret = nova_bound_create(gpu->ndev, &gpu->core);
		if (!ret) {
			gpu->bound = gpu->ndev->bound;
			ret = nova_bound_open(gpu->ndev);
		}
	}
	KUNIT_ASSERT_EQ(gpu->test, ret, 0);
}

/**
 * nova_test_gpu_tables_free() - page-table memory that nobody uses
 * @gpu: the GPU
 *
 * Return: bytes.
 */
u64 nova_test_gpu_tables_free(const struct nova_test_gpu *gpu)
{
	const struct nova_device *ndev = gpu->ndev;

	return (u64)(ndev->tables.count - bitmap_weight(ndev->tables.used, ndev->tables.count)) *
	       NV_MMU_TABLE_SIZE;
}

/**
 * nova_test_gpu_vram_fill() - video memory as if nobody had used it yet
 * @gpu: the GPU
 */
void nova_test_gpu_vram_fill(struct nova_test_gpu *gpu)
{
	memset(gpu->vram, NOVA_TEST_VRAM_FILL, NOVA_TEST_VRAM_SIZE);
}

/**
 * nova_test_gpu_vram_filled() - has nobody written since nova_test_gpu_vram_fill()?
 * @gpu: the GPU
 *
 * Return: false if a byte of video memory differs.
 */
bool nova_test_gpu_vram_filled(const struct nova_test_gpu *gpu)
{
	return !memchr_inv(gpu->vram, NOVA_TEST_VRAM_FILL, NOVA_TEST_VRAM_SIZE);
}

/**
 * nova_test_gpu_create() - a GPU for one test
 * @test: the test; its priv becomes the GPU
 *
 * Return: the GPU; without one the test has ended.
 */
struct nova_test_gpu *nova_test_gpu_create(struct kunit *test)
{
	struct nova_test_gpu *gpu = kunit_kzalloc(test, sizeof(*gpu), GFP_KERNEL);
	struct device *dev;

	KUNIT_ASSERT_NOT_NULL(test, gpu);
	test->priv = gpu;
	gpu->test = test;
	gpu->vram = vmalloc(NOVA_TEST_VRAM_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, gpu->vram);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, nova_test_gpu_free_vram, gpu->vram),
			0);
	nova_test_gpu_vram_fill(gpu);

	dev = kunit_device_register(test, "nova-test");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	nova_test_gpu_init_core(gpu, dev);
	kunit_activate_static_stub(test, nova_core_mmu_invalidate, nova_test_gpu_invalidate);

	gpu->ndev = nova_test_gpu_device_create(gpu);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gpu->ndev);
	nova_test_gpu_probe(gpu);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, nova_test_gpu_remove_action, gpu),
			0);

	nova_test_gpu_open(gpu);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, nova_test_gpu_close, gpu), 0);
	return gpu;
}

static u64 nova_test_gpu_rd64(struct nova_test_gpu *gpu, u64 addr)
{
	KUNIT_ASSERT_LE(gpu->test, addr, NOVA_TEST_VRAM_SIZE - sizeof(u64));
	return le64_to_cpup((__le64 *)(gpu->vram + addr));
}

/* The table that a PDE points to, or 0. */
static u64 nova_test_gpu_pde(struct nova_test_gpu *gpu, u64 pde)
{
	if (!NV_GET(NV_MMU_PDE_APERTURE, pde))
		return 0;
	KUNIT_EXPECT_FALSE(gpu->test, pde & NV_MMU_PDE_IS_PTE);
	KUNIT_EXPECT_EQ(gpu->test, NV_GET(NV_MMU_PDE_APERTURE, pde), NV_MMU_PDE_APERTURE_VIDEO);
	return NV_GET(NV_MMU_PDE_ADDR_VID, pde) << 12;
}

static struct nova_test_pte nova_test_gpu_pte(struct nova_test_gpu *gpu, u64 pte, u8 shift, u64 va)
{
	struct nova_test_pte result = { .valid = pte & NV_MMU_PTE_VALID, .shift = shift };

	if (!result.valid) {
		result.sparse = pte & NV_MMU_PTE_VOL;
		return result;
	}
	KUNIT_EXPECT_EQ(gpu->test, NV_GET(NV_MMU_PTE_KIND, pte), NV_MMU_KIND_GENERIC);
	result.readonly = pte & NV_MMU_PTE_READ_ONLY;
	result.vram = NV_GET(NV_MMU_PTE_APERTURE, pte) == NV_MMU_PTE_APERTURE_VIDEO;
	if (!result.vram)
		KUNIT_EXPECT_EQ(gpu->test, NV_GET(NV_MMU_PTE_APERTURE, pte),
				NV_MMU_PTE_APERTURE_COHERENT);
	result.addr = NV_GET(result.vram ? NV_MMU_PTE_ADDR_VID : NV_MMU_PTE_ADDR_SYS, pte) << 12;
	KUNIT_EXPECT_TRUE(gpu->test, IS_ALIGNED(result.addr, 1ull << shift));
	result.addr += va & ((1ull << shift) - 1);
	return result;
}

/* What the pair of entries in the last directory leads to: a page, or two tables. */
static struct nova_test_pte nova_test_gpu_walk_slot(struct nova_test_gpu *gpu, u64 slot, u64 va)
{
	u64 first = nova_test_gpu_rd64(gpu, slot), second = nova_test_gpu_rd64(gpu, slot + 8);
	struct nova_test_pte none = { .shift = NV_MMU_PDE0_SHIFT };
	unsigned int aperture = NV_GET(NV_MMU_PDE_APERTURE, first);
	u64 table, pte;

	if (first & NV_MMU_PDE_IS_PTE)
		return nova_test_gpu_pte(gpu, first, NV_MMU_PDE0_SHIFT, va);
	table = nova_test_gpu_pde(gpu, second);
	/* Both or neither: nothing is to be missing when a page is split. */
	KUNIT_EXPECT_EQ(gpu->test, !aperture, !table);
	if (!table || !aperture) {
		KUNIT_EXPECT_EQ(gpu->test, first & ~NV_MMU_PDE_VOL, 0);
		none.sparse = first & NV_MMU_PDE_VOL;
		return none;
	}
	KUNIT_EXPECT_EQ(gpu->test, aperture, NV_MMU_PDE_APERTURE_VIDEO);
	pte = nova_test_gpu_rd64(gpu, (NV_GET(NV_MMU_PDE0_BIG_ADDR_VID, first) << 8) +
				 ((va >> NV_MMU_PTE_64K_SHIFT) & 0x1f) * 8);
	if (pte)
		return nova_test_gpu_pte(gpu, pte, NV_MMU_PTE_64K_SHIFT, va);
	pte = nova_test_gpu_rd64(gpu, table + ((va >> NV_MMU_PTE_4K_SHIFT) & 0x1ff) * 8);
	return nova_test_gpu_pte(gpu, pte, NV_MMU_PTE_4K_SHIFT, va);
}

/**
 * nova_test_gpu_walk() - translate an address as the GPU would
 * @gpu: the GPU
 * @root: video-memory offset of the root table
 * @va: the address
 *
 * Written after dev_mmu.ref.txt, not after the driver.
 *
 * Return: the translation.
 */
struct nova_test_pte nova_test_gpu_walk(struct nova_test_gpu *gpu, u64 root, u64 va)
{
	static const u8 shifts[] = { NV_MMU_PDE3_SHIFT, NV_MMU_PDE2_SHIFT, NV_MMU_PDE1_SHIFT };
	struct nova_test_pte none = {};
	u64 table = root, pde;
	unsigned int index;

	for (unsigned int i = 0; i < ARRAY_SIZE(shifts); i++) {
		index = (va >> shifts[i]) & (i ? 0x1ff : 0x3);
		pde = nova_test_gpu_rd64(gpu, table + index * 8);
		table = nova_test_gpu_pde(gpu, pde);
		if (!table) {
			none.sparse = pde & NV_MMU_PDE_VOL;
			none.shift = shifts[i];
			return none;
		}
	}
	return nova_test_gpu_walk_slot(gpu, table + ((va >> NV_MMU_PDE0_SHIFT) & 0xff) *
				       NV_MMU_DUAL_PDE_SIZE, va);
}

/**
 * nova_test_gpu_vm_create() - make an address space
 * @gpu: the GPU
 *
 * Return: its id.
 */
u32 nova_test_gpu_vm_create(struct nova_test_gpu *gpu)
{
	struct drm_nova_vm_create args = {};

	KUNIT_ASSERT_EQ(gpu->test, nova_ioctl_vm_create(&gpu->ndev->drm, &args, &gpu->file), 0);
	return args.vm_id;
}

/**
 * nova_test_gpu_bo_create() - make a buffer
 * @gpu: the GPU
 * @size: bytes
 * @placement: DRM_NOVA_PLACEMENT_*
 * @vm_id: address space it is private to, or 0
 *
 * Return: its handle.
 */
u32 nova_test_gpu_bo_create(struct nova_test_gpu *gpu, u64 size, u32 placement, u32 vm_id)
{
	struct drm_nova_gem_create args = {
		.size = size,
		.placement = placement,
		.vm_id = vm_id,
	};

	KUNIT_ASSERT_EQ(gpu->test, nova_ioctl_gem_create(&gpu->ndev->drm, &args, &gpu->file), 0);
	return args.handle;
}
