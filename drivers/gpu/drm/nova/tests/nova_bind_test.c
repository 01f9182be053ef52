// SPDX-License-Identifier: GPL-2.0 OR MIT
/* VM_BIND against a model: after any ops each page translates to what the model says. */
#include <kunit/test.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/prandom.h>
#include <linux/uaccess.h>

#include <drm/drm_gem.h>

#include <drm/nova_drm.h>

#include "regs/nv_mmu.h"

#include "../nova_bind.h"
#include "../nova_device.h"
#include "../nova_gem.h"
#include "../nova_pm.h"
#include "../nova_vm.h"
#include "nova_test_gpu.h"

#define VA		0x40000000ull
#define PAGES		2048		/* 8 MiB: four large pages */
#define BUFFERS		4
#define OPS_MAX		4
#define MANY_OPS	64
#define ROUNDS		60

static const struct {
	u32 pages;
	u32 placement;
} kinds[BUFFERS] = {
	{ 1024, DRM_NOVA_PLACEMENT_VRAM },
	{ 1536, DRM_NOVA_PLACEMENT_VRAM },
	{ 700, DRM_NOVA_PLACEMENT_SYSTEM },
	{ 512, DRM_NOVA_PLACEMENT_VRAM },
};

/* What a page should translate to. */
struct page_model {
	struct nova_bo *bo;	/* or NULL */
	u32 page;		/* of the buffer */
	bool readonly;
	bool sparse;
};

struct space {
	struct nova_test_gpu *gpu;
	u32 vm_id;
	u32 handles[BUFFERS];
	struct nova_bo *bos[BUFFERS];
	unsigned long user;	/* memory for arguments */
	u64 root;
	u64 tables_free;
	struct page_model model[PAGES];
	struct rnd_state rnd;
};

static struct nova_bo *find_bo(struct space *space, u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(&space->gpu->file, handle);

	KUNIT_ASSERT_NOT_NULL(space->gpu->test, obj);
	drm_gem_object_put(obj);	/* the handle keeps it */
	return to_nova_bo(obj);
}

static int bind_test_init(struct kunit *test)
{
	struct nova_test_gpu *gpu = nova_test_gpu_create(test);
	struct space *space = kunit_kzalloc(test, sizeof(*space), GFP_KERNEL);
	struct nova_vm *vm;

	KUNIT_ASSERT_NOT_NULL(test, space);
	space->gpu = gpu;
	space->tables_free = nova_test_gpu_tables_free(gpu);
	space->vm_id = nova_test_gpu_vm_create(gpu);
	vm = nova_vm_lookup(gpu->file.driver_priv, space->vm_id);
	KUNIT_ASSERT_NOT_NULL(test, vm);
	space->root = nova_pt_root(&vm->pt);
	nova_vm_put(vm);
	for (unsigned int i = 0; i < BUFFERS; i++) {
		space->handles[i] = nova_test_gpu_bo_create(gpu, kinds[i].pages * SZ_4K,
							    kinds[i].placement, 0);
		space->bos[i] = find_bo(space, space->handles[i]);
	}
	space->user = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				    MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, space->user, 0);
	prandom_seed_state(&space->rnd, 20260101);
	test->priv = space;
	return 0;
}

static void vm_destroy(struct space *space, u32 vm_id)
{
	struct drm_nova_vm_destroy args = { .vm_id = vm_id };

	KUNIT_EXPECT_EQ(space->gpu->test, nova_ioctl_vm_destroy(&space->gpu->ndev->drm, &args,
								&space->gpu->file), 0);
}

static void bind_test_exit(struct kunit *test)
{
	struct space *space = test->priv;

	vm_destroy(space, space->vm_id);
	KUNIT_EXPECT_EQ(test, nova_test_gpu_tables_free(space->gpu), space->tables_free);
}

static int bind(struct space *space, const struct drm_nova_vm_bind_op *ops, u32 count)
{
	struct drm_nova_vm_bind args = {
		.vm_id = space->vm_id,
		.ops = { .ptr = space->user, .count = count, .stride = sizeof(*ops) },
	};

	KUNIT_ASSERT_LE(space->gpu->test, count * sizeof(*ops), PAGE_SIZE);
	KUNIT_ASSERT_EQ(space->gpu->test, copy_to_user((void __user *)space->user, ops,
						       count * sizeof(*ops)), 0);
	return nova_ioctl_vm_bind(&space->gpu->ndev->drm, &args, &space->gpu->file);
}

static struct drm_nova_vm_bind_op op_sparse(u32 page, u32 pages)
{
	return (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP,
		.flags = DRM_NOVA_VM_BIND_SPARSE,
		.va = VA + (u64)page * SZ_4K,
		.size = (u64)pages * SZ_4K,
	};
}

static struct drm_nova_vm_bind_op op_map(const struct space *space, unsigned int buffer,
					 u32 buffer_page, u32 page, u32 pages, u32 flags)
{
	return (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP,
		.flags = flags,
		.handle = space->handles[buffer],
		.bo_offset = (u64)buffer_page * SZ_4K,
		.va = VA + (u64)page * SZ_4K,
		.size = (u64)pages * SZ_4K,
	};
}

static struct drm_nova_vm_bind_op op_unmap(u32 page, u32 pages)
{
	return (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP,
		.va = VA + (u64)page * SZ_4K,
		.size = (u64)pages * SZ_4K,
	};
}

/* What the ops should do. */
static void model_apply(struct space *space, const struct drm_nova_vm_bind_op *ops, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		const struct drm_nova_vm_bind_op *op = &ops[i];
		u32 first = (op->va - VA) / SZ_4K, pages = op->size / SZ_4K;

		if (op->op == DRM_NOVA_VM_BIND_OP_UNMAP_ALL) {
			first = 0;
			pages = PAGES;
		}
		for (u32 page = 0; page < pages; page++) {
			struct page_model *model = &space->model[first + page];

			*model = (struct page_model){};
			if (op->op != DRM_NOVA_VM_BIND_OP_MAP)
				continue;
			model->sparse = op->flags & DRM_NOVA_VM_BIND_SPARSE;
			if (model->sparse)
				continue;
			model->bo = find_bo(space, op->handle);
			model->page = op->bo_offset / SZ_4K + page;
			model->readonly = op->flags & DRM_NOVA_VM_BIND_READONLY;
		}
	}
}

static u64 page_addr(const struct page_model *model, bool *vram)
{
	struct nova_bo_extent extent;

	dma_resv_lock(model->bo->tbo.base.resv, NULL);
	extent = nova_bo_extent(model->bo, (u64)model->page * SZ_4K);
	dma_resv_unlock(model->bo->tbo.base.resv);
	*vram = extent.vram;
	return extent.addr;
}

/* Compares all pages, and one on either side. */
static void expect_model(struct kunit *test, struct space *space)
{
	bool vram;

	for (u32 page = 0; page < PAGES; page++) {
		const struct page_model *model = &space->model[page];
		struct nova_test_pte pte = nova_test_gpu_walk(space->gpu, space->root,
							      VA + (u64)page * SZ_4K);

		KUNIT_ASSERT_EQ_MSG(test, pte.valid, !!model->bo, "page %u", page);
		KUNIT_ASSERT_EQ_MSG(test, pte.sparse, model->sparse, "page %u", page);
		if (!model->bo)
			continue;
		KUNIT_ASSERT_EQ_MSG(test, pte.addr, page_addr(model, &vram), "page %u", page);
		KUNIT_ASSERT_EQ_MSG(test, pte.vram, vram, "page %u", page);
		KUNIT_ASSERT_EQ_MSG(test, pte.readonly, model->readonly, "page %u", page);
	}
	KUNIT_EXPECT_FALSE(test, nova_test_gpu_walk(space->gpu, space->root, VA - SZ_4K).valid);
	KUNIT_EXPECT_FALSE(test, nova_test_gpu_walk(space->gpu, space->root,
						    VA + PAGES * SZ_4K).valid);
}

static void run(struct kunit *test, const struct drm_nova_vm_bind_op *ops, u32 count)
{
	struct space *space = test->priv;

	KUNIT_ASSERT_EQ(test, bind(space, ops, count), 0);
	model_apply(space, ops, count);
	expect_model(test, space);
}

static void bind_splits_a_mapping(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_bind_op ops[] = {
		op_map(space, 0, 0, 0, 1024, 0),
		op_unmap(300, 10),			/* in the middle: two are left */
		op_map(space, 2, 5, 100, 20, 0),	/* over the first of them */
		op_unmap(0, 1),				/* at the beginning */
		op_unmap(1023, 1),			/* at the end */
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
		run(test, &ops[i], 1);
}

static void bind_replaces_and_keeps_rights(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_bind_op ops[] = {
		op_map(space, 1, 0, 0, 1536, DRM_NOVA_VM_BIND_READONLY),
		op_map(space, 0, 512, 512, 512, 0),	/* the rest stays read-only */
		op_map(space, 1, 100, 100, 1, 0),
		{ .op = DRM_NOVA_VM_BIND_OP_UNMAP_ALL },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
		run(test, &ops[i], 1);
}

static struct drm_nova_vm_bind_op random_op(struct space *space)
{
	struct rnd_state *rnd = &space->rnd;
	u32 kind = prandom_u32_state(rnd) % 16, buffer = prandom_u32_state(rnd) % BUFFERS;
	u32 pages = 1 + prandom_u32_state(rnd) % (kind % 2 ? 8 : kinds[buffer].pages);
	u32 page = prandom_u32_state(rnd) % (PAGES - pages + 1);
	u32 buffer_page = prandom_u32_state(rnd) % (kinds[buffer].pages - pages + 1);

	if (kind < 3)
		return op_unmap(page, pages);
	if (kind < 5)
		return op_sparse(page, pages);
	if (kind < 9) {	/* something with large pages in it */
		page = round_down(page, 512);
		buffer_page = 0;
	}
	return op_map(space, buffer, buffer_page, page, pages,
		      kind == 15 ? DRM_NOVA_VM_BIND_READONLY : 0);
}

static void bind_any_sequence(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_bind_op ops[OPS_MAX];

	for (unsigned int round = 0; round < ROUNDS; round++) {
		u32 count = 1 + prandom_u32_state(&space->rnd) % OPS_MAX;

		for (u32 i = 0; i < count; i++)
			ops[i] = random_op(space);
		run(test, ops, count);
	}
}

static void bind_sparse_everywhere(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_bind_op all = {
		.op = DRM_NOVA_VM_BIND_OP_MAP,
		.flags = DRM_NOVA_VM_BIND_SPARSE,
		.va = NOVA_VM_USER_START,
		.size = NOVA_VM_USER_SIZE,
	};
	struct drm_nova_vm_bind_op ops[] = {
		op_map(space, 0, 0, 10, 1024, 0), op_unmap(20, 1000), op_sparse(500, 1),
		{ .op = DRM_NOVA_VM_BIND_OP_UNMAP_ALL },
	};
	u64 before = nova_test_gpu_tables_free(space->gpu);

	KUNIT_ASSERT_EQ(test, bind(space, &all, 1), 0);
	KUNIT_EXPECT_LE(test, before - nova_test_gpu_tables_free(space->gpu),
			8 * NV_MMU_TABLE_SIZE);
	KUNIT_EXPECT_TRUE(test, nova_test_gpu_walk(space->gpu, space->root, VA).sparse);
	KUNIT_EXPECT_TRUE(test, nova_test_gpu_walk(space->gpu, space->root,
						   NOVA_VM_KERNEL_START - SZ_4K).sparse);
	KUNIT_EXPECT_FALSE(test, nova_test_gpu_walk(space->gpu, space->root,
						    NOVA_VM_KERNEL_START).sparse);
	for (u32 page = 0; page < PAGES; page++)
		space->model[page].sparse = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		KUNIT_ASSERT_EQ(test, bind(space, &ops[i], 1), 0);
		model_apply(space, &ops[i], 1);
		for (u32 page = 0; page < PAGES; page++) {
			struct nova_test_pte pte = nova_test_gpu_walk(space->gpu, space->root,
								      VA + (u64)page * SZ_4K);

			KUNIT_ASSERT_EQ_MSG(test, pte.sparse, space->model[page].sparse,
					    "op %u, page %u", i, page);
			KUNIT_ASSERT_EQ(test, pte.valid, !!space->model[page].bo);
		}
	}
	KUNIT_EXPECT_EQ(test, nova_test_gpu_tables_free(space->gpu), before);
}

/* Nothing is mapped, and nothing faults, at any time. */
static void bind_with_scratch(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_create args = { .flags = DRM_NOVA_VM_SCRATCH };
	struct drm_nova_vm_bind_op ops[] = {
		op_map(space, 0, 0, 512, 1024, 0), op_unmap(600, 1), op_sparse(700, 100),
		op_map(space, 1, 0, 0, 1536, 0), op_unmap(0, 2048),
	};
	u32 vm_id = space->vm_id;
	struct nova_vm *vm;
	u64 root;

	KUNIT_ASSERT_EQ(test, nova_ioctl_vm_create(&space->gpu->ndev->drm, &args,
						   &space->gpu->file), 0);
	vm = nova_vm_lookup(space->gpu->file.driver_priv, args.vm_id);
	KUNIT_ASSERT_NOT_NULL(test, vm);
	root = nova_pt_root(&vm->pt);
	nova_vm_put(vm);
	space->vm_id = args.vm_id;
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		KUNIT_ASSERT_EQ(test, bind(space, &ops[i], 1), 0);
		model_apply(space, &ops[i], 1);
		for (u32 page = 0; page < PAGES; page++) {
			struct nova_test_pte pte = nova_test_gpu_walk(space->gpu, root,
								      VA + (u64)page * SZ_4K);

			KUNIT_ASSERT_EQ_MSG(test, pte.valid, !!space->model[page].bo,
					    "op %u, page %u", i, page);
			KUNIT_ASSERT_EQ(test, pte.sparse, !pte.valid);
		}
	}
	vm_destroy(space, args.vm_id);
	space->vm_id = vm_id;
}

/* The last op of several cannot be done: nothing happens, and no table is left. */
static void expect_refused(struct kunit *test, struct drm_nova_vm_bind_op bad, int error)
{
	struct space *space = test->priv;
	const struct drm_nova_vm_bind_op ops[] = {
		op_map(space, 0, 0, 0, 600, 0), op_unmap(10, 10), bad,
	};
	u64 before = nova_test_gpu_tables_free(space->gpu);

	KUNIT_EXPECT_EQ(test, bind(space, ops, ARRAY_SIZE(ops)), error);
	KUNIT_EXPECT_EQ(test, nova_test_gpu_tables_free(space->gpu), before);
}

static void bind_all_or_nothing(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_bind_op good = op_map(space, 1, 0, 50, 700, 0), bad;
	u32 other = nova_test_gpu_vm_create(space->gpu);

	run(test, &good, 1);
	bad = op_map(space, 0, 1000, 0, 25, 0);	/* one page behind the end */
	expect_refused(test, bad, -EINVAL);
	bad = op_map(space, 0, 0, 0, 1, 0);
	bad.bo_offset = U64_MAX - SZ_4K + 1;
	expect_refused(test, bad, -EINVAL);
	bad = op_map(space, 0, 0, 0, 1, 0);
	bad.handle = 4711;
	expect_refused(test, bad, -ENOENT);
	bad = op_map(space, 0, 0, 0, 1, 0);
	bad.handle = nova_test_gpu_bo_create(space->gpu, SZ_4K, DRM_NOVA_PLACEMENT_SYSTEM, other);
	expect_refused(test, bad, -EPERM);
	bad = op_unmap(0, 1);
	bad.va = NOVA_VM_KERNEL_START;
	expect_refused(test, bad, -EINVAL);
	bad.va = NOVA_VM_USER_START - SZ_4K;
	expect_refused(test, bad, -EINVAL);
	bad.va = U64_MAX - SZ_4K + 1;
	expect_refused(test, bad, -EINVAL);
	bad = op_unmap(0, 0);
	expect_refused(test, bad, -EINVAL);
	expect_model(test, space);
	vm_destroy(space, other);
}

/* Page-table memory runs out in the middle of the claims. */
static void bind_without_room_for_tables(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_bind_op good = op_map(space, 3, 0, 512, 512, 0), *ops;
	u64 before, step = 1ull << NV_MMU_PDE1_SHIFT;
	unsigned int rounds;
	int ret = 0;

	ops = kunit_kcalloc(test, MANY_OPS, sizeof(*ops), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ops);
	run(test, &good, 1);
	for (rounds = 0; !ret && rounds < 16; rounds++) {
		before = nova_test_gpu_tables_free(space->gpu);
		for (unsigned int i = 0; i < MANY_OPS; i++) {
			ops[i] = op_map(space, 2, 0, 0, 1, 0);
			ops[i].va = SZ_8G + (rounds * MANY_OPS + i) * step;
		}
		ret = bind(space, ops, MANY_OPS);
	}
	KUNIT_EXPECT_EQ(test, ret, -ENOSPC);
	KUNIT_EXPECT_GT(test, rounds, 1);
	KUNIT_EXPECT_EQ(test, nova_test_gpu_tables_free(space->gpu), before);
	expect_model(test, space);
}

/* A buffer is turned out of video memory: no address leads to where it was. */
static void bind_survives_eviction(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_bind_op op = op_map(space, 0, 0, 0, 1024, 0);
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct nova_bo *bo = space->bos[0];

	run(test, &op, 1);
	dma_resv_lock(bo->tbo.base.resv, NULL);
	bo->placement |= DRM_NOVA_PLACEMENT_SYSTEM;
	KUNIT_EXPECT_EQ(test, nova_bo_validate_system(bo, &ctx), 0);
	dma_resv_unlock(bo->tbo.base.resv);
	for (u32 page = 0; page < 1024; page += 7)
		KUNIT_EXPECT_FALSE(test, nova_test_gpu_walk(space->gpu, space->root,
							    VA + (u64)page * SZ_4K).valid);
	KUNIT_EXPECT_GT(test, space->gpu->invalidates, 0);
	/* Bound anew it is where it is now. */
	run(test, &op, 1);
}

/* Sleeps and wakes, and in between the process gives back memory that is bound. */
static bool bound_after_sleep(struct space *space, unsigned long at, bool lost)
{
	struct nova_test_gpu *gpu = space->gpu;
	struct kunit *test = gpu->test;

	nova_core_pin();
	KUNIT_EXPECT_EQ(test, nova_pm_suspend(gpu->bound, true), 0);
	KUNIT_EXPECT_EQ(test, nova_pm_save(gpu->bound), 0);
	KUNIT_EXPECT_EQ(test, vm_munmap(at, PAGE_SIZE), 0);
	/* Nobody has written there, nor had to wait. */
	KUNIT_EXPECT_TRUE(test, nova_test_gpu_walk(gpu, space->root, VA).valid);
	if (!lost) {
		nova_test_gpu_vram_fill(gpu);
		nova_pm_restore(gpu->bound);
	}
	nova_pm_resume(gpu->bound);
	nova_core_unpin();
	KUNIT_EXPECT_TRUE(test, list_empty(&gpu->ndev->pm.image));
	return nova_test_gpu_walk(gpu, space->root, VA).valid;
}

/* What a process lost while the machine slept the GPU does not find, with or without the image. */
static void bind_memory_lost_asleep(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_USERPTR, .va = VA,
		.size = 2 * PAGE_SIZE,
	};

	for (unsigned int i = 0; i < 2; i++) {
		op.bo_offset = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
					     MAP_ANONYMOUS | MAP_PRIVATE, 0);
		KUNIT_ASSERT_NE(test, op.bo_offset, 0);
		KUNIT_ASSERT_EQ(test, bind(space, &op, 1), 0);
		KUNIT_EXPECT_FALSE(test, bound_after_sleep(space, op.bo_offset, i));
	}
}

/* The mappings stay known, and go with their address space. */
static void bind_without_the_device(struct kunit *test)
{
	struct space *space = test->priv;
	struct drm_nova_vm_bind_op op = op_map(space, 0, 0, 0, 1024, 0);

	run(test, &op, 1);
	nova_test_gpu_remove(space->gpu);
	KUNIT_EXPECT_EQ(test, bind(space, &op, 1), -ENODEV);
}

static struct kunit_case bind_test_cases[] = {
	KUNIT_CASE(bind_splits_a_mapping),
	KUNIT_CASE(bind_replaces_and_keeps_rights),
	KUNIT_CASE_SLOW(bind_any_sequence),
	KUNIT_CASE(bind_sparse_everywhere),
	KUNIT_CASE(bind_with_scratch),
	KUNIT_CASE(bind_all_or_nothing),
	KUNIT_CASE(bind_without_room_for_tables),
	KUNIT_CASE(bind_survives_eviction),
	KUNIT_CASE(bind_memory_lost_asleep),
	KUNIT_CASE(bind_without_the_device),
	{}
};

static struct kunit_suite bind_test_suite = {
	.name = "nova_bind",
	.init = bind_test_init,
	.exit = bind_test_exit,
	.test_cases = bind_test_cases,
};

kunit_test_suite(bind_test_suite);
