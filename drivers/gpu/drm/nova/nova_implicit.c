// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Implicit synchronisation: a job waits for what others do with the buffers they share with
 * us, and leaves its fence there for them.
 *
 * Which buffers a job uses nobody knows: it may use all that are bound in its VM, and write those
 * that are bound without READONLY. Buffers that were never shared are left alone; the VM's
 * owner orders its jobs by syncobjs.
 */
#include <kunit/visibility.h>
#include <linux/dma-fence-array.h>
#include <linux/dma-fence-unwrap.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include "nova_dep.h"
#include "nova_gem.h"
#include "nova_implicit.h"
#include "nova_queue.h"
#include "nova_sched.h"
#include "nova_vm.h"

/* An array is one allocation, which is not to become a large one. */
#define NOVA_IMPLICIT_DEP_FENCES	1024u

/*
 * The first mapping of a shared buffer stands for all that the VM has of it. True if @va is one;
 * then @write is whether a job may write the buffer.
 */
static bool nova_implicit_access(struct drm_gpuva *va, bool *write)
{
	struct drm_gem_object *obj = va->gem.obj;
	struct drm_gpuvm_bo *vm_bo = va->vm_bo;
	struct drm_gpuva *each;

	if (!obj || !nova_bo_is_shared(to_nova_bo(obj)) ||
	    va != list_first_entry(&vm_bo->list.gpuva, struct drm_gpuva, gem.entry))
		return false;
	*write = false;
	drm_gpuvm_bo_for_each_va(each, vm_bo)
		if (!to_nova_vma(each)->readonly)
			*write = true;
	return true;
}

/*
 * Collects the fences to wait for, with a reference each, or only counts them. The second time
 * there can be fewer, never more, as the reservations are held. Jobs of one queue run in order
 * anyway.
 */
static u32 nova_implicit_collect(struct nova_vm *vm, u64 own_context, struct dma_fence **fences)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	struct drm_gpuva *va;
	u32 count = 0;
	bool write;

	drm_gpuvm_for_each_va(va, &vm->gpuvm) {
		if (!nova_implicit_access(va, &write))
			continue;
		dma_resv_for_each_fence(&cursor, va->gem.obj->resv, dma_resv_usage_rw(write),
					fence) {
			if (fence->context == own_context || dma_fence_is_signaled(fence))
				continue;
			if (fences)
				fences[count] = dma_fence_get(fence);
			count++;
		}
	}
	return count;
}

/* One dependency on @count fences, whose references it takes over if it does not fail. */
static struct dma_fence_array *nova_implicit_merge(struct dma_fence **fences, u32 count)
{
	struct dma_fence_array *array;
	struct dma_fence **copy;

	copy = kmemdup_array(fences, count, sizeof(*fences), GFP_KERNEL_ACCOUNT);
	if (!copy)
		return NULL;
	array = dma_fence_array_create(count, copy, dma_fence_context_alloc(1), 1);
	if (!array)
		kfree(copy);
	return array;
}

/* Takes over the references of @fences. */
static int nova_implicit_wait(struct nova_job *job, struct dma_fence **fences, u32 count)
{
	struct dma_fence_array *array;
	u32 part, done = 0;
	int ret = 0;

	while (!ret && done < count) {
		part = min(count - done, NOVA_IMPLICIT_DEP_FENCES);
		ret = -ENOMEM;
		array = nova_implicit_merge(fences + done, part);
		if (array) {
			done += part;
			ret = nova_job_add_dep(job, &array->base);
			dma_fence_put(&array->base);
		}
	}
	while (done < count)
		dma_fence_put(fences[done++]);
	return ret;
}

/**
 * nova_implicit_set_deps() - make a job wait for others' use of the shared buffers
 * @vm: the address space; the reservations of all its buffers are held
 * @job: the job, initialized
 * @own: how many dependencies it has besides; all that came later are of an earlier call
 *
 * For the newest fence of each context, in fence arrays: not a dependency for each. What an earlier
 * call has found it does not wait for any more, unless it is found again.
 *
 * Return: 0 or -ENOMEM.
 */
int nova_implicit_set_deps(struct nova_vm *vm, struct nova_job *job, unsigned long own)
{
	u64 own_context = job->queue->timeline.context;
	struct dma_fence **fences;
	u32 count;
	int ret;

	nova_deps_trim(&job->base, own);
	count = nova_implicit_collect(vm, own_context, NULL);
	if (!count)
		return 0;
	fences = kvmalloc_array(count, sizeof(*fences), GFP_KERNEL_ACCOUNT);
	if (!fences)
		return -ENOMEM;
	count = nova_implicit_collect(vm, own_context, fences);
	ret = nova_implicit_wait(job, fences, dma_fence_dedup_array(fences, count));
	kvfree(fences);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_implicit_set_deps);

/**
 * nova_implicit_add_fence() - tell others that the shared buffers are in use
 * @vm: the address space; the reservations of all its buffers are held
 * @fence: signals when they are not any more; was added to all of them as BOOKKEEP
 *
 * Cannot fail: a fence takes the place of the same one of a later usage. That is why those that are
 * read come first. Two imports may have one reservation.
 */
void nova_implicit_add_fence(struct nova_vm *vm, struct dma_fence *fence)
{
	struct drm_gpuva *va;
	bool write;

	drm_gpuvm_for_each_va(va, &vm->gpuvm)
		if (nova_implicit_access(va, &write) && !write)
			dma_resv_add_fence(va->gem.obj->resv, fence, DMA_RESV_USAGE_READ);
	drm_gpuvm_for_each_va(va, &vm->gpuvm)
		if (nova_implicit_access(va, &write) && write)
			dma_resv_add_fence(va->gem.obj->resv, fence, DMA_RESV_USAGE_WRITE);
}
