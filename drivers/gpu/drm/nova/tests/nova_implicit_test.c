// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What a job waits for because of the buffers that its VM shares with others. */
#include <kunit/test.h>
#include <linux/dma-resv.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_gem.h>

#include <drm/nova_drm.h>

#include "../nova_bind.h"
#include "../nova_device.h"
#include "../nova_gem.h"
#include "../nova_implicit.h"
#include "../nova_queue.h"
#include "../nova_sched.h"
#include "../nova_vm.h"
#include "nova_test_fence.h"
#include "nova_test_gpu.h"

#define VA	0x40000000ull

/* A job that is never submitted, in a VM with a buffer that somebody else writes to. */
struct share {
	struct nova_test_gpu *gpu;
	struct nova_queue queue;
	struct nova_vm *vm;
	struct nova_job *job;
	struct dma_fence *written;	/* by somebody else, to the buffer */
	struct dma_fence *asked;	/* the client wants the job to wait for it */
};

static void bind(struct kunit *test, u32 vm_id, u32 handle)
{
	struct share *share = test->priv;
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = handle, .va = VA, .size = SZ_64K,
	};
	struct drm_nova_vm_bind args = {
		.vm_id = vm_id, .ops = { .count = 1, .stride = sizeof(op) },
	};

	args.ops.ptr = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE(test, args.ops.ptr, 0);
	KUNIT_ASSERT_EQ(test, copy_to_user(u64_to_user_ptr(args.ops.ptr), &op, sizeof(op)), 0);
	KUNIT_ASSERT_EQ(test, nova_ioctl_vm_bind(&share->gpu->ndev->drm, &args,
						 &share->gpu->file), 0);
}

/* Bound, and as if it had been exported, with a fence of whoever has it. */
static void make_shared(struct kunit *test, u32 vm_id)
{
	struct share *share = test->priv;
	u32 handle = nova_test_gpu_bo_create(share->gpu, SZ_64K, DRM_NOVA_PLACEMENT_SYSTEM, 0);
	struct drm_gem_object *obj = drm_gem_object_lookup(&share->gpu->file, handle);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	WRITE_ONCE(to_nova_bo(obj)->exported, true);
	dma_resv_lock(obj->resv, NULL);
	KUNIT_EXPECT_EQ(test, dma_resv_reserve_fences(obj->resv, 1), 0);
	dma_resv_add_fence(obj->resv, share->written, DMA_RESV_USAGE_WRITE);
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
	bind(test, vm_id, handle);
}

/* One without a channel, as in nova_sched_test.c. */
static void make_queue(struct kunit *test)
{
	struct share *share = test->priv;
	struct nova_queue *queue = &share->queue;

	queue->ndev = share->gpu->ndev;
	queue->ring_size = 16;
	queue->dead = -ECANCELED;
	mutex_init(&queue->lock);
	scoped_guard(spinlock_init, &queue->ring.lock)
		queue->ring.shut = true;
	nova_timeline_init(&queue->timeline);
	nova_deps_init(&queue->deps);
	KUNIT_ASSERT_EQ(test, nova_sched_init(share->gpu->bound, queue), 0);
}

static int implicit_test_init(struct kunit *test)
{
	struct nova_test_gpu *gpu = nova_test_gpu_create(test);
	struct share *share = kunit_kzalloc(test, sizeof(*share), GFP_KERNEL);
	u32 vm_id;

	KUNIT_ASSERT_NOT_NULL(test, share);
	share->gpu = gpu;
	test->priv = share;
	share->written = nova_test_fence_create(test);
	share->asked = nova_test_fence_create(test);
	vm_id = nova_test_gpu_vm_create(gpu);
	make_shared(test, vm_id);
	share->vm = nova_vm_lookup(gpu->file.driver_priv, vm_id);
	make_queue(test);
	share->job = kzalloc_obj(*share->job);
	KUNIT_ASSERT_NOT_NULL(test, share->job);
	KUNIT_ASSERT_EQ(test, nova_job_init(share->job, &share->queue, 0, 1), 0);
	return 0;
}

static void implicit_test_exit(struct kunit *test)
{
	struct share *share = test->priv;

	nova_job_fini(share->job);
	kfree(share->job);
	scoped_guard(mutex, &share->queue.ndev->queues.lock)
		nova_sched_fini(&share->queue);
	mutex_destroy(&share->queue.lock);
	nova_vm_put(share->vm);
	KUNIT_EXPECT_EQ(test, kref_read(&share->asked->refcount), 1);
	dma_fence_signal(share->asked);
	dma_fence_put(share->asked);
	dma_fence_signal(share->written);
	dma_fence_put(share->written);
}

/* What EXEC does for each attempt; the buffer's reservation stands for all. */
static void look(struct kunit *test, unsigned long expected)
{
	struct share *share = test->priv;
	struct drm_gpuva *va = drm_gpuva_find_first(&share->vm->gpuvm, VA, SZ_4K);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, va);
	dma_resv_lock(va->gem.obj->resv, NULL);
	ret = nova_implicit_set_deps(share->vm, share->job, 1);
	dma_resv_unlock(va->gem.obj->resv);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, nova_deps_count(&share->job->base), expected);
}

/* However often EXEC has to try again, the job waits for what it found last, and no more. */
static void implicit_deps_are_of_the_last_look(struct kunit *test)
{
	struct share *share = test->priv;

	KUNIT_ASSERT_EQ(test, nova_job_add_dep(share->job, share->asked), 0);
	for (unsigned int i = 0; i < 3; i++)
		look(test, 2);
	dma_fence_signal(share->written);
	look(test, 1);
	/* That is the one that was asked for. */
	KUNIT_EXPECT_EQ(test, kref_read(&share->asked->refcount), 2);
}

static struct kunit_case implicit_test_cases[] = {
	KUNIT_CASE(implicit_deps_are_of_the_last_look),
	{}
};

static struct kunit_suite implicit_test_suite = {
	.name = "nova_implicit",
	.init = implicit_test_init,
	.exit = implicit_test_exit,
	.test_cases = implicit_test_cases,
};

kunit_test_suite(implicit_test_suite);
