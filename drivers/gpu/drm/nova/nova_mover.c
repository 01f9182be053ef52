// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Clearing and copying of video memory by a copy engine: a queue of the kernel's own, in an address
 * space where nothing is mapped but what is being moved.
 *
 * A move is complete when its function returns; it waits outside the door, and the queue's end
 * ends the wait. Whatever goes wrong is no error of the move: the caller does it by CPU.
 */
#include <linux/dma-fence.h>
#include <linux/error-injection.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_resource.h>

#include <drm/nova_drm.h>

#include "regs/nv_ce.h"
#include "regs/nv_host.h"

#include "nova_account.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_mover.h"
#include "nova_queue.h"
#include "nova_sched.h"
#include "nova_vm.h"
#include "nova_vram.h"

/* Below this a CPU is done before a job has begun. */
#define NOVA_MOVER_MIN		SZ_64K

/* Moved by one job: one stay inside the door writes that many page-table entries. */
#define NOVA_MOVER_CHUNK	SZ_16M

/* The mover's address space: the push, and a window for each side of a copy. */
#define NOVA_MOVER_PUSH		SZ_2M
#define NOVA_MOVER_VRAM		SZ_32M
#define NOVA_MOVER_PAGES	SZ_64M

/* The tables of both windows, of the push and of the queue's own range, and those above them. */
#define NOVA_MOVER_TABLES_MAX	64

#define NOVA_MOVER_WORDS_MAX	16

static const struct {
	u64 va;
	u64 size;
} nova_mover_ranges[] = {
	{ NOVA_MOVER_PUSH, PAGE_SIZE },
	{ NOVA_MOVER_VRAM, NOVA_MOVER_CHUNK },
	{ NOVA_MOVER_PAGES, NOVA_MOVER_CHUNK },
};

/* What exists from nova_mover_start() to nova_mover_stop(). */
struct nova_mover_hw {
	struct nova_vm *vm;		/* a reference */
	struct nova_queue *queue;	/* a reference */
	struct nova_core_dma push;	/* the method words */
};

/**
 * struct nova_mover - a queue that clears and copies
 *
 * Plain memory of the DRM device. Locks order: reservation -> @lock -> door, and @life before all.
 */
struct nova_mover {
	/** @life: held while @hw comes or goes; nova_vm.lock is taken inside */
	struct mutex life;
	/** @stopped: nova_mover_stop() was called */
	bool stopped __guarded_by(&life);
	/** @lock: one move at a time */
	struct mutex lock;
	/** @hw: what it works with, or NULL */
	struct nova_mover_hw *hw __guarded_by(&lock);
};

/* One move: all of @vram, from or to the pages of @bo; with neither it is cleared. */
struct nova_move {
	struct ttm_resource *vram;
	struct nova_bo *from;
	struct nova_bo *to;
};

/**
 * nova_mover_init() - make room for a mover
 * @ndev: the device
 *
 * Return: 0 or -ENOMEM; undone with the last reference to the device.
 */
int nova_mover_init(struct nova_device *ndev)
{
	struct nova_mover *mover = drmm_kzalloc(&ndev->drm, sizeof(*mover), GFP_KERNEL);

	if (!mover)
		return -ENOMEM;
	ndev->mover = mover;
	return drmm_mutex_init(&ndev->drm, &mover->life) ?:
	       drmm_mutex_init(&ndev->drm, &mover->lock);
}
ALLOW_ERROR_INJECTION(nova_mover_init, ERRNO);

/* --- a job --- */

static u32 nova_mover_put(u32 *words, u32 at, u32 method, const u32 *values, u32 count)
{
	words[at++] = NV_PB_HEADER(INC, NV_SUBCHANNEL_CE, method, count);
	memcpy(&words[at], values, count * sizeof(*words));
	return at + count;
}

/* The method words of one chunk. */
static u32 nova_mover_write_push(struct nova_mover_hw *hw, const struct nova_move *move, u32 size)
{
	const u32 remap[] = {
		0, 0, NV_PUT(NV_C5B5_REMAP_DST_X, NV_C5B5_REMAP_CONST_A) |
		      NV_PUT(NV_C5B5_REMAP_COMPONENT_SIZE, sizeof(u32) - 1),
	};
	const u32 in[] = { 0, move->from ? NOVA_MOVER_PAGES : NOVA_MOVER_VRAM };
	const u32 out[] = { 0, move->to ? NOVA_MOVER_PAGES : NOVA_MOVER_VRAM };
	bool clear = !move->from && !move->to;
	u32 elements = clear ? size / sizeof(u32) : size;
	u32 launch = NV_PUT(NV_C5B5_LAUNCH_TRANSFER, NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED) |
		     NV_C5B5_LAUNCH_FLUSH | NV_C5B5_LAUNCH_SRC_PITCH | NV_C5B5_LAUNCH_DST_PITCH |
		     (clear ? NV_C5B5_LAUNCH_REMAP : 0);
	__le32 *push = hw->push.cpu;
	u32 words[NOVA_MOVER_WORDS_MAX];
	u32 count = 0;

	if (clear)
		count = nova_mover_put(words, count, NV_C5B5_SET_REMAP_CONST_A, remap,
				       ARRAY_SIZE(remap));
	else
		count = nova_mover_put(words, count, NV_C5B5_OFFSET_IN_UPPER, in, ARRAY_SIZE(in));
	count = nova_mover_put(words, count, NV_C5B5_OFFSET_OUT_UPPER, out, ARRAY_SIZE(out));
	count = nova_mover_put(words, count, NV_C5B5_LINE_LENGTH_IN, &elements, 1);
	count = nova_mover_put(words, count, NV_C5B5_LAUNCH_DMA, &launch, 1);
	for (u32 i = 0; i < count; i++)
		push[i] = cpu_to_le32(words[i]);
	return count * sizeof(u32);
}

static void nova_mover_job_destroy(struct nova_job *job)
{
	nova_job_fini(job);
	kfree(job);
}

static struct nova_job *nova_mover_job_create(struct nova_queue *queue)
{
	struct nova_job *job = kzalloc_obj(*job);

	if (!job)
		return NULL;
	job->pushes = kvzalloc_obj(*job->pushes);
	if (job->pushes && !nova_job_init(job, queue, 1, 0))
		return job;
	nova_mover_job_destroy(job);
	return NULL;
}

/* Return: the job's fence, or NULL when the queue is dead and the job is still the caller's. */
static struct dma_fence *nova_mover_submit(struct nova_queue *queue, struct nova_job *job)
{
	struct dma_fence *fence;

	guard(mutex)(&queue->lock);
	if (queue->dead)
		return NULL;
	fence = dma_fence_get(nova_job_arm(job));
	nova_job_push(job);
	return fence;
}

/* --- a chunk --- */

static void nova_mover_map_vram(struct nova_bound *bound, struct nova_pt *pt,
				struct ttm_resource *vram, u64 offset, u64 size)
	__must_hold_shared(nova_core_door)
{
	struct nova_bo_extent extent = { .vram = true };
	struct nova_vram_cursor cursor = {};

	for (u64 done = 0; done < size; done += extent.size) {
		extent.addr = nova_vram_addr(vram, &cursor, offset + done, &extent.size);
		extent.size = min(extent.size, size - done);
		nova_pt_map(bound, pt, NOVA_MOVER_VRAM + done, &extent, false);
	}
}

static void nova_mover_map_pages(struct nova_bound *bound, struct nova_pt *pt, struct nova_bo *bo,
				 u64 offset, u64 size, bool readonly)
	__must_hold_shared(nova_core_door)
{
	struct nova_bo_extent extent = {};

	for (u64 done = 0; done < size; done += extent.size) {
		extent.addr = nova_dma_addr(&bo->dma, offset + done, &extent.size);
		extent.size = min(extent.size, size - done);
		nova_pt_map(bound, pt, NOVA_MOVER_PAGES + done, &extent, readonly);
	}
}

static int nova_mover_map(struct nova_bound *bound, struct nova_pt *pt,
			  const struct nova_move *move, u64 offset, u64 size)
	__must_hold_shared(nova_core_door)
{
	nova_mover_map_vram(bound, pt, move->vram, offset, size);
	if (move->from)
		nova_mover_map_pages(bound, pt, move->from, offset, size, true);
	else if (move->to)
		nova_mover_map_pages(bound, pt, move->to, offset, size, false);
	return nova_pt_flush(bound, pt);
}

/* When it returns 0 the engine has forgotten the memory. */
static int nova_mover_unmap(struct nova_bound *bound, struct nova_pt *pt, u64 size)
	__must_hold_shared(nova_core_door)
{
	nova_pt_unmap(bound, pt, NOVA_MOVER_VRAM, size);
	nova_pt_unmap(bound, pt, NOVA_MOVER_PAGES, size);
	return nova_pt_flush(bound, pt);
}

/*
 * When it returns, whatever it returns, the engine has left the memory alone: the job is done, or
 * its channel is off the engine.
 */
static int nova_mover_chunk(struct nova_device *ndev, struct nova_mover_hw *hw,
			    const struct nova_move *move, u64 offset, u64 size)
{
	struct dma_fence *fence;
	struct nova_bound *bound;
	struct nova_job *job;
	int idx, ret;

	job = nova_mover_job_create(hw->queue);
	if (!job)
		return -ENOMEM;
	job->pushes->va = NOVA_MOVER_PUSH;
	job->pushes->length = nova_mover_write_push(hw, move, size);

	bound = nova_bound_enter(ndev, &idx);
	if (!bound) {
		nova_mover_job_destroy(job);
		return -ENODEV;
	}
	ret = nova_mover_map(bound, &hw->vm->pt, move, offset, size);
	fence = ret ? NULL : nova_mover_submit(hw->queue, job);
	nova_bound_exit(idx);
	if (fence) {
		dma_fence_wait(fence, false);
		ret = dma_fence_get_status(fence) < 0 ? -EIO : 0;
		dma_fence_put(fence);
	} else {
		nova_mover_job_destroy(job);
		ret = -EIO;
	}

	bound = nova_bound_enter(ndev, &idx);
	if (!bound)
		return -ENODEV;
	ret = nova_mover_unmap(bound, &hw->vm->pt, size) ?: ret;
	nova_bound_exit(idx);
	return ret;
}

static int nova_mover_run(struct nova_device *ndev, const struct nova_move *move)
{
	struct nova_mover *mover = ndev->mover;
	u64 offset, size;
	int ret = 0;

	if (move->vram->size < NOVA_MOVER_MIN)
		return -EOPNOTSUPP;
	guard(mutex)(&mover->lock);
	if (!mover->hw)
		return -EOPNOTSUPP;
	for (offset = 0; !ret && offset < move->vram->size; offset += size) {
		size = min_t(u64, move->vram->size - offset, NOVA_MOVER_CHUNK);
		ret = nova_mover_chunk(ndev, mover->hw, move, offset, size);
	}
	return ret;
}

/**
 * nova_mover_clear() - fill a buffer's video memory with zeros
 * @ndev: the device
 * @vram: the memory; nobody uses it
 *
 * The caller holds the buffer's reservation. This may wait as long as a job can take.
 *
 * Return: 0, or a negative error code, and the CPU has to do it.
 */
int nova_mover_clear(struct nova_device *ndev, struct ttm_resource *vram)
{
	const struct nova_move move = { .vram = vram };

	return nova_mover_run(ndev, &move);
}

/**
 * nova_mover_write() - copy a buffer's pages to video memory
 * @ndev: the device
 * @bo: the buffer, its pages mapped for DMA
 * @vram: the destination; nobody uses it
 *
 * As nova_mover_clear().
 *
 * Return: 0, or a negative error code, and the CPU has to do it.
 */
int nova_mover_write(struct nova_device *ndev, struct nova_bo *bo, struct ttm_resource *vram)
{
	const struct nova_move move = { .vram = vram, .from = bo };

	return nova_mover_run(ndev, &move);
}

/**
 * nova_mover_read() - copy video memory to a buffer's pages
 * @ndev: the device
 * @bo: the buffer, its pages mapped for DMA
 * @vram: the source; the GPU has done with it
 *
 * As nova_mover_clear(). Whoever looks at the pages unmaps them first.
 *
 * Return: 0, or a negative error code, and the CPU has to do it.
 */
int nova_mover_read(struct nova_device *ndev, struct nova_bo *bo, struct ttm_resource *vram)
{
	const struct nova_move move = { .vram = vram, .to = bo };

	return nova_mover_run(ndev, &move);
}

/* --- life --- */

static struct nova_vm *nova_mover_vm_create(struct nova_device *ndev)
{
	const u64 max[NOVA_ACCOUNT_KINDS] = {
		[NOVA_ACCOUNT_BO_BYTES] = PAGE_SIZE,
		[NOVA_ACCOUNT_TABLES] = NOVA_MOVER_TABLES_MAX,
	};
	struct nova_account *account = nova_account_create(max);
	struct nova_vm *vm;

	if (!account)
		return ERR_PTR(-ENOMEM);
	vm = nova_vm_create(ndev, account, false);
	nova_account_put(account);
	return vm;
}

static int nova_mover_claim(struct nova_pt *pt)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(nova_mover_ranges); i++) {
		ret = nova_pt_claim(pt, nova_mover_ranges[i].va, nova_mover_ranges[i].size);
		if (ret)
			goto err_release;
	}
	return 0;

err_release:
	while (i--)
		nova_pt_release(pt, nova_mover_ranges[i].va, nova_mover_ranges[i].size);
	return ret;
}

static void nova_mover_forget(struct nova_pt *pt)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(nova_mover_ranges); i++)
		nova_pt_release(pt, nova_mover_ranges[i].va, nova_mover_ranges[i].size);
}

/* Undoes nova_mover_claim() and nova_mover_push_create(), or what there is of the latter. */
static void nova_mover_release(struct nova_bound *bound, struct nova_mover_hw *hw)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt *pt = &hw->vm->pt;

	for (unsigned int i = 0; i < ARRAY_SIZE(nova_mover_ranges); i++) {
		u64 va = nova_mover_ranges[i].va, size = nova_mover_ranges[i].size;

		nova_pt_unmap(bound, pt, va, size);
		nova_pt_release(pt, va, size);
	}
	nova_pt_flush(bound, pt);
	nova_core_dma_free(bound->core, &hw->push);
}

static int nova_mover_push_create(struct nova_bound *bound, struct nova_mover_hw *hw)
	__must_hold_shared(nova_core_door)
{
	struct nova_bo_extent extent = { .size = PAGE_SIZE };
	int ret;

	ret = nova_core_dma_alloc(bound->core, &hw->push, PAGE_SIZE, GFP_KERNEL);
	if (ret)
		return ret;
	extent.addr = hw->push.addr;
	nova_pt_map(bound, &hw->vm->pt, NOVA_MOVER_PUSH, &extent, true);
	return nova_pt_flush(bound, &hw->vm->pt);
}

/* The last copy engine: clients begin with the first. */
static int nova_mover_engine(const struct nova_device *ndev)
{
	for (int i = ndev->info.engine_count; i--;)
		if (ndev->info.engines[i].class_id == NV_CE_CLASS)
			return i;
	return -ENOENT;
}

static int nova_mover_hw_init(struct nova_device *ndev, struct nova_mover_hw *hw)
{
	int idx, ret, engine = nova_mover_engine(ndev);
	struct nova_bound *bound;

	if (engine < 0)
		return engine;
	ret = nova_mover_claim(&hw->vm->pt);
	if (ret)
		return ret;
	hw->queue = nova_queue_create_kernel(ndev, hw->vm, engine);
	ret = PTR_ERR_OR_ZERO(hw->queue);
	if (ret)
		goto err_forget;
	bound = nova_bound_enter(ndev, &idx);
	if (!bound) {
		ret = -ENODEV;
		goto err_queue;
	}
	ret = nova_mover_push_create(bound, hw);
	if (ret)
		nova_mover_release(bound, hw);
	nova_bound_exit(idx);
	if (!ret)
		return 0;
	nova_queue_put(hw->queue);
	return ret;

err_queue:
	nova_queue_put(hw->queue);
err_forget:
	nova_mover_forget(&hw->vm->pt);
	return ret;
}

static struct nova_mover_hw *nova_mover_hw_create(struct nova_device *ndev)
{
	struct nova_mover_hw *hw = kzalloc_obj(*hw);
	int ret;

	if (!hw)
		return ERR_PTR(-ENOMEM);
	hw->vm = nova_mover_vm_create(ndev);
	ret = PTR_ERR_OR_ZERO(hw->vm);
	if (ret)
		goto err_free;
	ret = nova_mover_hw_init(ndev, hw);
	if (ret)
		goto err_vm;
	return hw;

err_vm:
	nova_vm_put(hw->vm);
err_free:
	kfree(hw);
	return ERR_PTR(ret);
}

/* What is left when nothing of it is the device's any more. */
static void nova_mover_hw_free(struct nova_mover_hw *hw)
	__must_not_hold(nova_core_door)
{
	nova_queue_put(hw->queue);
	nova_vm_put(hw->vm);
	kfree(hw);
}

static struct nova_mover_hw *nova_mover_swap(struct nova_mover *mover, struct nova_mover_hw *hw)
{
	guard(mutex)(&mover->lock);
	swap(mover->hw, hw);
	return hw;
}

static bool nova_mover_works(struct nova_mover *mover)
{
	guard(mutex)(&mover->lock);
	if (!mover->hw)
		return false;
	guard(mutex)(&mover->hw->queue->lock);
	return !mover->hw->queue->dead;
}

/* One whose queue is dead goes; false if the device does, and leaves it to nova_mover_stop(). */
static bool nova_mover_clear_away(struct nova_device *ndev)
	__must_hold(&ndev->mover->life)
{
	struct nova_mover_hw *hw = nova_mover_swap(ndev->mover, NULL);
	struct nova_bound *bound;
	int idx;

	if (!hw)
		return true;
	bound = nova_bound_enter(ndev, &idx);
	if (!bound) {
		nova_mover_swap(ndev->mover, hw);
		return false;
	}
	nova_mover_release(bound, hw);
	nova_bound_exit(idx);
	nova_mover_hw_free(hw);
	return true;
}

/**
 * nova_mover_start() - have moves done by a copy engine from now on
 * @ndev: the device, registered
 *
 * Also after a recovery, when all queues are dead. Without memory or channels for it they are done
 * by CPU.
 */
void nova_mover_start(struct nova_device *ndev)
{
	struct nova_mover *mover = ndev->mover;
	struct nova_mover_hw *hw;

	guard(mutex)(&mover->life);
	if (mover->stopped || nova_mover_works(mover) || !nova_mover_clear_away(ndev))
		return;
	hw = nova_mover_hw_create(ndev);
	if (IS_ERR(hw))
		drm_notice(&ndev->drm, "buffers are moved by CPU (%ld)\n", PTR_ERR(hw));
	else
		nova_mover_swap(mover, hw);
}

/**
 * nova_mover_stop() - undo nova_mover_start()
 * @bound: what is going to be freed; the door is closed, and all queues are torn down
 *
 * A move under way ends first, which is soon, as its queue is dead.
 */
void nova_mover_stop(struct nova_bound *bound)
{
	struct nova_mover *mover = bound->ndev->mover;
	struct nova_mover_hw *hw;

	guard(mutex)(&mover->life);
	mover->stopped = true;
	hw = nova_mover_swap(mover, NULL);
	if (!hw)
		return;
	nova_core_dma_free(bound->core, &hw->push);
	nova_mover_forget(&hw->vm->pt);
	/* context_unsafe: it is plain memory by now, and does not look for the device */
	context_unsafe(nova_mover_hw_free(hw));
}
