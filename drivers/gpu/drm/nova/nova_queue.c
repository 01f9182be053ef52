// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Queues: a channel, its ring in system memory, and the end of both.
 */
#include <kunit/visibility.h>
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include <drm/nova_drm.h>

#include "regs/nv_error.h"
#include "regs/nv_host.h"

#include "nova_bind_queue.h"
#include "nova_bound.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_queue.h"
#include "nova_sched.h"
#include "nova_trace.h"
#include "nova_uapi.h"
#include "nova_user_fence.h"
#include "nova_userq.h"
#include "nova_vm.h"

/*
 * A queue's memory: the ring of GP entries and one release segment per job,
 * read-only for the GPU; then the page with the fence semaphore, which it
 * writes; then USERD, which only Host reads, by its DMA address. A user-mode queue
 * has the ring and USERD only.
 */
static size_t nova_queue_ro_size(const struct nova_queue *queue)
{
	return PAGE_ALIGN(queue->ring_size *
			  (NV_GP_ENTRY_SIZE + (queue->userq ? 0 : NOVA_QUEUE_SLOT_SIZE)));
}

static size_t nova_queue_fence_offset(const struct nova_queue *queue)
{
	return nova_queue_ro_size(queue);
}

static size_t nova_queue_mapped_size(const struct nova_queue *queue)
{
	return nova_queue_ro_size(queue) + (queue->userq ? 0 : PAGE_SIZE);
}

static size_t nova_queue_userd_offset(const struct nova_queue *queue)
{
	return nova_queue_mapped_size(queue);
}

static size_t nova_queue_slot_offset(const struct nova_queue *queue, u64 seqno)
{
	return queue->ring_size * NV_GP_ENTRY_SIZE +
	       (seqno & (queue->ring_size - 1)) * NOVA_QUEUE_SLOT_SIZE;
}

/**
 * nova_queue_memory() - where the parts of a queue's memory are
 * @queue: the queue; its hardware half exists
 * @memory: out
 */
void nova_queue_memory(struct nova_queue *queue, struct nova_queue_memory *memory)
{
	memory->ring = queue->hw.mem.cpu;
	memory->userd = queue->hw.mem.cpu + nova_queue_userd_offset(queue);
	memory->fence = queue->hw.mem.cpu + nova_queue_fence_offset(queue);
}

/* Release the semaphore to @seqno once the engine is idle, then interrupt. */
static u32 nova_queue_write_release(struct nova_queue *queue, u64 seqno)
{
	u64 va = queue->hw.va.start + nova_queue_fence_offset(queue);
	__le32 *slot = queue->hw.mem.cpu + nova_queue_slot_offset(queue, seqno);
	const u32 methods[] = {
		NV_PB_HEADER(INC, 0, NV_C46F_SEM_ADDR_LO, 5),
		lower_32_bits(va),
		upper_32_bits(va),
		lower_32_bits(seqno),
		upper_32_bits(seqno),
		NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, NV_C46F_SEM_OP_RELEASE) |
			NV_C46F_SEM_EXECUTE_RELEASE_WFI | NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT,
		NV_PB_HEADER(INC, 0, NV_C46F_NON_STALL_INTERRUPT, 1),
		0,
	};

	static_assert(sizeof(methods) <= NOVA_QUEUE_SLOT_SIZE);
	for (unsigned int i = 0; i < ARRAY_SIZE(methods); i++)
		slot[i] = cpu_to_le32(methods[i]);
	return sizeof(methods);
}

static void nova_queue_write_entry(struct nova_queue *queue, u64 va, u32 bytes, bool sync)
{
	__le32 *entry = queue->hw.mem.cpu + queue->hw.put * NV_GP_ENTRY_SIZE;

	entry[0] = cpu_to_le32(lower_32_bits(va) & NV_GP_ENTRY0_GET);
	entry[1] = cpu_to_le32(NV_PUT(NV_GP_ENTRY1_GET_HI, upper_32_bits(va)) |
			       NV_PUT(NV_GP_ENTRY1_LENGTH, bytes / 4) |
			       (sync ? NV_GP_ENTRY1_SYNC : 0));
	queue->hw.put = (queue->hw.put + 1) & (queue->ring_size - 1);
}

/**
 * nova_queue_run() - write a job to the ring and ring the doorbell
 * @bound: from the door
 * @queue: the queue; the scheduler's credits guarantee room
 * @job: the job; nothing happens if the queue is dead
 */
void nova_queue_run(struct nova_bound *bound, struct nova_queue *queue, struct nova_job *job)
{
	u64 seqno = job->fence->base.seqno;
	__le32 *userd;
	u32 bytes;

	guard(mutex)(&queue->lock);
	if (queue->dead)
		return;

	for (u32 i = 0; i < job->push_count; i++)
		nova_queue_write_entry(queue, job->pushes[i].va, job->pushes[i].length,
				       job->pushes[i].flags & DRM_NOVA_PUSH_SYNC);
	bytes = nova_queue_write_release(queue, seqno);
	nova_queue_write_entry(queue, queue->hw.va.start + nova_queue_slot_offset(queue, seqno),
			       bytes, false);

	userd = queue->hw.mem.cpu + nova_queue_userd_offset(queue);
	WRITE_ONCE(job->fence->begin_ns, ktime_get_ns());
	WRITE_ONCE(queue->hw.seqno, seqno);
	dma_wmb();	/* entries and segments before the index that covers them */
	WRITE_ONCE(userd[NV_USERD_GP_PUT / 4], cpu_to_le32(queue->hw.put));
	wmb();		/* the index before the doorbell */
	/* Before the job can complete. */
	trace_nova_job_run(queue->ndev->drm.dev, queue->timeline.context, seqno,
			   nova_core_chan_id(queue->hw.chan), queue->hw.put);
	nova_core_chan_kick(queue->hw.chan);
}

/**
 * nova_queue_process() - signal the fences of finished jobs
 * @queue: the queue; its hardware half exists
 *
 * A client's jobs can write the semaphore too. They can finish themselves early, never a job
 * that has not begun: that one may wait for somebody else's fence.
 */
void nova_queue_process(struct nova_queue *queue)
{
	__le64 *fence = queue->hw.mem.cpu + nova_queue_fence_offset(queue);
	u64 seqno;

	if (queue->userq)
		return;
	seqno = le64_to_cpu(READ_ONCE(*fence));
	dma_rmb();	/* the semaphore before what it is compared to */
	nova_timeline_signal(&queue->timeline, min(seqno, READ_ONCE(queue->hw.seqno)));
}

/*
 * Takes the channel off the engine, in bounded time: the GPU does not touch the jobs' memory
 * afterwards, and no job gets to run any more. The first reason stands.
 */
static void nova_queue_halt_locked(struct nova_queue *queue, int error, u32 flags, u32 code)
	__must_hold_shared(nova_core_door) __must_hold(&queue->lock)
{
	bool engine_reset = false;

	if (queue->dead)
		return;
	trace_nova_queue_kill(queue->ndev->drm.dev, queue->client_id, queue->id,
			      queue->timeline.context, nova_core_chan_id(queue->hw.chan),
			      error, flags, code);
	if (flags & DRM_NOVA_QUEUE_STATE_GUILTY)
		nova_dump_take(queue->ndev->bound, queue, flags, code);
	queue->dead = error;
	nova_core_chan_kill(queue->hw.chan, &engine_reset);
	nova_queue_process(queue);
	queue->state.flags |= flags;
	queue->state.error = code;
	queue->state.resets += engine_reset;
}

/* Nobody waits for a queue that was halted. */
static void nova_queue_abort_locked(struct nova_queue *queue)
	__must_hold(&queue->lock)
{
	nova_timeline_abort(&queue->timeline, queue->dead);
	nova_deps_cut(&queue->deps);
	nova_user_fence_wake(queue->ndev);
}

/**
 * nova_queue_kill() - end a queue for good
 * @queue: the queue; its hardware half exists
 * @error: of its fences and of later submissions: -ECANCELED or -ENODEV
 * @flags: DRM_NOVA_QUEUE_STATE_* to report
 * @code: NV_ERROR_* to report, or 0
 *
 * When it returns, in bounded time, all fences have signalled. Killing twice is harmless.
 */
void nova_queue_kill(struct nova_queue *queue, int error, u32 flags, u32 code)
{
	guard(mutex)(&queue->lock);
	nova_queue_halt_locked(queue, error, flags, code);
	nova_queue_abort_locked(queue);
}

static void nova_queue_error_work(struct work_struct *work)
{
	struct nova_queue *queue = container_of(work, struct nova_queue, error_work);
	struct nova_bound *bound;
	u32 flags, code;
	int idx;

	/* Behind the door remove() has killed the queue. */
	bound = nova_bound_enter(queue->ndev, &idx);
	if (!bound)
		return;
	/* The work is cancelled before the hardware half goes. */
	scoped_guard(spinlock, &bound->events.lock) {
		flags = queue->verdict.flags;
		code = queue->verdict.error;
	}
	nova_queue_kill(queue, -ECANCELED, flags, code);
	nova_bound_exit(idx);
}

/**
 * nova_queue_condemn() - have the queue of a channel killed soon
 * @bound: the bound device
 * @chid: the channel; unknown ones are ignored
 * @flags: DRM_NOVA_QUEUE_STATE_* to report
 * @code: NV_ERROR_* to report
 *
 * For contexts that must not talk to the firmware or destroy a queue.
 *
 * Return: true if the queue is going to be killed, false if there is none or it was already.
 */
bool nova_queue_condemn(struct nova_bound *bound, u32 chid, u32 flags, u32 code)
{
	struct nova_queue *queue;

	guard(spinlock)(&bound->events.lock);
	list_for_each_entry(queue, &bound->events.list, event_link) {
		if (nova_core_chan_id(queue->hw.chan) != chid)
			continue;
		if (queue->verdict.flags)
			return work_pending(&queue->error_work);
		queue->verdict.flags = flags;
		queue->verdict.error = code;
		queue_work(bound->reset_wq, &queue->error_work);
		return true;
	}
	return false;
}

static void nova_queue_engine_event(void *data, unsigned long engines)
{
	struct nova_bound *bound = data;
	struct nova_queue *queue;

	guard(spinlock)(&bound->events.lock);
	list_for_each_entry(queue, &bound->events.list, event_link)
		if (engines & BIT(queue->engine))
			nova_queue_process(queue);
	nova_user_fence_wake(bound->ndev);
}

static void nova_queue_chan_error(void *data, const struct nova_core_chan_error *error)
{
	struct nova_bound *bound = data;

	dev_warn_ratelimited(bound->ndev->drm.dev,
			     "channel %u stopped: error %u, exception %u, method %#x, address %#llx\n",
			     error->chid, error->code, error->exception, error->method,
			     error->address);
	nova_dump_note_error(bound, error);
	nova_queue_condemn(bound, error->chid, DRM_NOVA_QUEUE_STATE_GUILTY, error->code);
}

/* Faults of a channel that is gone, or is nobody's, are not kept. */
static void nova_queue_keep_fault(struct nova_bound *bound, const struct nova_core_fault *fault)
{
	struct drm_nova_vm_fault entry = {
		.address = fault->address,
		.time_ns = fault->time_ns,
		.type = fault->type,
		.access = fault->access,
		.client = fault->client,
	};
	struct nova_queue *queue;

	guard(spinlock)(&bound->events.lock);
	list_for_each_entry(queue, &bound->events.list, event_link) {
		if (fault->chid == ~0u || nova_core_chan_id(queue->hw.chan) != fault->chid)
			continue;
		entry.engine = queue->engine;
		entry.queue_id = queue->id;
		nova_vm_faults_add(&queue->vm->faults, &entry);
		return;
	}
}

static void nova_queue_fault(void *data, const struct nova_core_fault *fault)
{
	struct nova_bound *bound = data;

	trace_nova_fault(bound->ndev->drm.dev, fault);
	nova_dump_note_fault(bound, fault);
	nova_queue_keep_fault(bound, fault);

	dev_warn_ratelimited(bound->ndev->drm.dev,
			     "channel %u: fault type %u, access %u at %#llx, engine %u\n",
			     fault->chid, fault->type, fault->access, fault->address,
			     fault->engine_id);
}

static void nova_queue_lost(void *data)
{
	struct nova_bound *bound = data;

	queue_work(bound->reset_wq, &bound->lost_work);
}

const struct nova_core_client_ops nova_queue_client_ops = {
	.engine_event = nova_queue_engine_event,
	.chan_error = nova_queue_chan_error,
	.fault = nova_queue_fault,
	.lost = nova_queue_lost,
};

/* Maps the queue's memory where the GPU finds it; undone by nova_queue_unmap(). */
static int nova_queue_map(struct nova_bound *bound, struct nova_queue *queue)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt *pt = &queue->vm->pt;
	struct nova_bo_extent ro = {
		.addr = queue->hw.mem.addr,
		.size = nova_queue_ro_size(queue),
	};
	struct nova_bo_extent fence = {
		.addr = queue->hw.mem.addr + ro.size,
		.size = PAGE_SIZE,
	};

	nova_pt_map(bound, pt, queue->hw.va.start, &ro, true);
	if (!queue->userq)
		nova_pt_map(bound, pt, queue->hw.va.start + ro.size, &fence, false);
	return nova_pt_flush(bound, pt);
}

static void nova_queue_unmap(struct nova_bound *bound, struct nova_queue *queue)
	__must_hold_shared(nova_core_door)
{
	struct nova_pt *pt = &queue->vm->pt;
	size_t size = nova_queue_mapped_size(queue);

	nova_pt_unmap(bound, pt, queue->hw.va.start, size);
	nova_pt_flush(bound, pt);
}

static int nova_queue_chan_create(struct nova_bound *bound, struct nova_queue *queue)
	__must_hold_shared(nova_core_door)
{
	const struct nova_core_chan_args args = {
		.engine = queue->engine,
		.priority = queue->priority,
		.root = nova_pt_root(&queue->vm->pt),
		.userd = queue->hw.mem.addr + nova_queue_userd_offset(queue),
		.gpfifo_va = queue->hw.va.start,
		.gpfifo_entries = queue->ring_size,
	};

	queue->hw.chan = nova_core_chan_create(bound->core, &args);
	if (IS_ERR(queue->hw.chan))
		return PTR_ERR(queue->hw.chan);
	queue->hw.token = nova_core_chan_token(queue->hw.chan);
	return 0;
}

/* The hardware half, in the order in which nova_queue_teardown() undoes it. */
static int nova_queue_hw_create(struct nova_bound *bound, struct nova_queue *queue)
	__must_hold_shared(nova_core_door)
{
	struct nova_device *ndev = queue->ndev;
	int ret;

	guard(mutex)(&ndev->queues.lock);
	if (ndev->queues.closed)
		return -ENODEV;

	ret = nova_core_dma_alloc(bound->core, &queue->hw.mem,
				  nova_queue_userd_offset(queue) + PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	ret = nova_queue_map(bound, queue);
	if (ret)
		goto err_unmap;
	ret = nova_queue_chan_create(bound, queue);
	if (ret)
		goto err_unmap;
	ret = queue->userq ? 0 : nova_sched_init(bound, queue);
	if (ret)
		goto err_chan;
	if (queue->userq)
		nova_userq_open(queue->userq, &queue->hw.mem, nova_queue_userd_offset(queue));

	nova_core_audit_add(bound->core, &queue->hw.audit, "queue");
	list_add_tail(&queue->link, &ndev->queues.list);
	scoped_guard(spinlock, &bound->events.lock)
		list_add_tail(&queue->event_link, &bound->events.list);
	return 0;

err_chan:
	nova_core_chan_destroy(queue->hw.chan);
err_unmap:
	nova_queue_unmap(bound, queue);
	nova_core_dma_free(bound->core, &queue->hw.mem);
	return ret;
}

/*
 * Takes down the hardware half: from the last reference, or from remove(). On the list means
 * bound is valid, whether or not the door is still open. Bounded: the queue is dead, so its jobs
 * wait for nobody.
 */
static void nova_queue_teardown(struct nova_device *ndev, struct nova_queue *queue)
	__must_hold(&ndev->queues.lock)
{
	struct nova_bound *bound;

	bound = nova_bound_pin(ndev, &ndev->queues.lock, &queue->link);
	nova_queue_kill(queue, -ECANCELED, 0, 0);
	scoped_guard(spinlock, &bound->events.lock)
		list_del_init(&queue->event_link);
	cancel_work_sync(&queue->error_work);
	if (queue->userq)
		nova_userq_close(queue->userq);
	else
		nova_sched_fini(queue);
	nova_core_chan_destroy(queue->hw.chan);
	nova_queue_unmap(bound, queue);
	nova_core_dma_free(bound->core, &queue->hw.mem);
	nova_core_audit_del(bound->core, &queue->hw.audit);
	list_del_init(&queue->link);
	nova_bound_unpin();
}

/*
 * All channels stop before the first fence signals: a job of one queue that waits for
 * a job of another must not run because that one failed.
 */
static void nova_queues_halt_locked(struct nova_device *ndev, int error)
	__must_hold(&ndev->queues.lock)
{
	struct nova_queue *queue;

	list_for_each_entry(queue, &ndev->queues.list, link) {
		nova_bound_pin(ndev, &ndev->queues.lock, &queue->link);
		scoped_guard(mutex, &queue->lock)
			nova_queue_halt_locked(queue, error, DRM_NOVA_QUEUE_STATE_LOST, 0);
		nova_bound_unpin();
	}
}

static void nova_queues_abort_locked(struct nova_device *ndev)
	__must_hold(&ndev->queues.lock)
{
	struct nova_queue *queue;

	list_for_each_entry(queue, &ndev->queues.list, link)
		scoped_guard(mutex, &queue->lock)
			nova_queue_abort_locked(queue);
	/* There need not have been a queue: the device may be lost. */
	nova_user_fence_wake(ndev);
}

/**
 * nova_queues_kill() - kill all queues
 * @ndev: the device, bound
 * @error: -ENODEV or -ECANCELED
 *
 * Every fence has signalled when it returns, so nobody waits any more. With
 * -ENODEV no queue can be created afterwards. Asynchronous binds end, too.
 */
void nova_queues_kill(struct nova_device *ndev, int error)
{
	guard(mutex)(&ndev->queues.lock);
	if (error == -ENODEV)
		ndev->queues.closed = true;
	nova_queues_halt_locked(ndev, error);
	nova_bind_queues_kill(ndev, error);
	nova_queues_abort_locked(ndev);
}
EXPORT_SYMBOL_IF_KUNIT(nova_queues_kill);

/**
 * nova_queues_recover() - kill all queues, and start a dead firmware again
 * @bound: the bound device
 *
 * A queue is made before, and is killed, or afterwards. Its doorbell is silent before the device
 * can hear one again; its fences signal when no engine runs any more and new queues can be made.
 * Asynchronous binds wait for nothing any more: they take place, and say ECANCELED.
 *
 * Return: 0, or an error of nova_core_recover(): the queues are dead all the same.
 */
int nova_queues_recover(struct nova_bound *bound)
{
	struct nova_device *ndev = bound->ndev;
	int ret;

	guard(mutex)(&ndev->queues.lock);
	nova_queues_halt_locked(ndev, -ECANCELED);
	ret = nova_core_recover(bound->core);
	nova_bind_queues_kill(ndev, -ECANCELED);
	nova_queues_abort_locked(ndev);
	return ret;
}

/**
 * nova_queues_teardown() - the hardware half of all queues goes
 * @ndev: the device; nobody is inside the door, all queues are dead
 */
void nova_queues_teardown(struct nova_device *ndev)
{
	struct nova_queue *queue, *next;

	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry_safe(queue, next, &ndev->queues.list, link)
		nova_queue_teardown(ndev, queue);
}

static void nova_queue_release(struct kref *ref)
{
	struct nova_queue *queue = container_of(ref, struct nova_queue, ref);
	struct nova_device *ndev = queue->ndev;

	scoped_guard(mutex, &ndev->queues.lock)
		if (!list_empty(&queue->link))
			nova_queue_teardown(ndev, queue);
	if (drm_mm_node_allocated(&queue->hw.va))
		nova_vm_kernel_free(queue->vm, &queue->hw.va);
	if (queue->holds)
		nova_userq_release(queue->vm);
	if (queue->userq)
		nova_userq_put(queue->userq);
	nova_vm_put(queue->vm);
	nova_meter_fini(&queue->timeline.meter);
	mutex_destroy(&queue->lock);
	kfree(queue);
	drm_dev_put(&ndev->drm);
}

/**
 * nova_queue_put() - drop a reference
 * @queue: the queue
 *
 * From ioctls and file release only, outside the door and without locks.
 */
void nova_queue_put(struct nova_queue *queue)
{
	kref_put(&queue->ref, nova_queue_release);
}

/**
 * nova_queue_lookup() - find a queue by id
 * @nfile: the file
 * @id: the id
 *
 * Return: a reference, or NULL.
 */
struct nova_queue *nova_queue_lookup(struct nova_file *nfile, u32 id)
{
	struct nova_queue *queue;

	xa_lock(&nfile->queues);
	queue = xa_load(&nfile->queues, id);
	if (queue)
		kref_get(&queue->ref);
	xa_unlock(&nfile->queues);
	return queue;
}

/**
 * nova_queue_priority_allowed() - may the caller have queues of this priority?
 * @priority: DRM_NOVA_PRIORITY_*
 *
 * Return: the answer.
 */
bool nova_queue_priority_allowed(u32 priority)
{
	return priority <= DRM_NOVA_PRIORITY_NORMAL || capable(CAP_SYS_NICE);
}

static u32 nova_queue_ring_size(const struct nova_device *ndev,
				const struct drm_nova_queue_create *args)
{
	return args->ring_size ?: min(NOVA_RING_SIZE_DEFAULT, ndev->info.gpfifo_entries_max);
}

static int nova_queue_check_args(const struct nova_device *ndev,
				 const struct drm_nova_queue_create *args)
{
	u32 ring_size = nova_queue_ring_size(ndev, args);

	if (args->flags & ~DRM_NOVA_QUEUE_USERMODE)
		return -EINVAL;
	if (args->engine >= ndev->info.engine_count)
		return -EINVAL;
	if (args->priority > DRM_NOVA_PRIORITY_HIGH)
		return -EINVAL;
	if (!is_power_of_2(ring_size) || ring_size < NOVA_RING_SIZE_MIN ||
	    ring_size > ndev->info.gpfifo_entries_max)
		return -EINVAL;
	if (!nova_queue_priority_allowed(args->priority))
		return -EACCES;
	return 0;
}

/* The queue without its hardware half; takes over the reference of @vm. */
static struct nova_queue *nova_queue_alloc(struct nova_device *ndev, struct nova_vm *vm,
					   const struct drm_nova_queue_create *args)
{
	struct nova_queue *queue = kzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);

	if (!queue) {
		nova_vm_put(vm);
		return NULL;
	}
	kref_init(&queue->ref);
	drm_dev_get(&ndev->drm);
	queue->ndev = ndev;
	queue->vm = vm;
	queue->engine = args->engine;
	queue->priority = args->priority;
	queue->ring_size = nova_queue_ring_size(ndev, args);
	INIT_LIST_HEAD(&queue->link);
	INIT_LIST_HEAD(&queue->event_link);
	mutex_init(&queue->lock);
	scoped_guard(spinlock_init, &queue->armed.lock)
		INIT_LIST_HEAD(&queue->armed.list);
	nova_timeline_init(&queue->timeline);
	nova_deps_init(&queue->deps);
	INIT_WORK(&queue->error_work, nova_queue_error_work);
	return queue;
}

static int nova_queue_create_user(struct nova_queue *queue)
{
	struct nova_userq *userq;
	int ret;

	userq = nova_userq_create(queue->ndev, queue->ring_size);
	if (IS_ERR(userq))
		return PTR_ERR(userq);
	queue->userq = userq;
	ret = nova_userq_hold(queue->vm);
	queue->holds = !ret;
	return ret;
}

static int nova_queue_create(struct nova_queue *queue, u32 flags)
{
	struct nova_bound *bound;
	int idx, ret;

	if (flags & DRM_NOVA_QUEUE_USERMODE) {
		ret = nova_queue_create_user(queue);
		if (ret)
			return ret;
	}
	ret = nova_vm_kernel_alloc(queue->vm, &queue->hw.va, nova_queue_mapped_size(queue));
	if (ret)
		return ret;
	bound = nova_bound_enter(queue->ndev, &idx);
	if (!bound)
		return -ENODEV;
	ret = nova_queue_hw_create(bound, queue);
	nova_bound_exit(idx);
	return ret;
}

/**
 * nova_queue_create_kernel() - a queue that no file has
 * @ndev: the device
 * @vm: the address space
 * @engine: index of the engine
 *
 * Return: the queue, to be dropped by nova_queue_put(), or an error pointer.
 */
struct nova_queue *nova_queue_create_kernel(struct nova_device *ndev, struct nova_vm *vm,
					    u32 engine)
{
	const struct drm_nova_queue_create args = {
		.engine = engine,
		.priority = DRM_NOVA_PRIORITY_NORMAL,
		.ring_size = NOVA_RING_SIZE_MIN,
	};
	struct nova_queue *queue;
	int ret;

	kref_get(&vm->ref);
	queue = nova_queue_alloc(ndev, vm, &args);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	ret = nova_queue_create(queue, 0);
	if (ret) {
		nova_queue_put(queue);
		return ERR_PTR(ret);
	}
	return queue;
}

/* What the caller is told; the queue is new, and its channel is there. */
static void nova_queue_describe(const struct nova_queue *queue, struct drm_nova_queue_create *args)
{
	bool user = queue->userq;

	args->ring_size = queue->ring_size;
	args->doorbell_offset = user ? nova_userq_offset(queue->userq) : 0;
	args->map_size = user ? nova_userq_map_size(queue->userq) : 0;
	args->ring_va = user ? queue->hw.va.start : 0;
	args->token = user ? queue->hw.token : 0;
	args->reserved = 0;
}

int nova_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_device *ndev = to_nova_device(drm);
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_queue_create *args = data;
	struct nova_queue *queue;
	struct nova_vm *vm;
	u32 id;
	int ret;

	ret = nova_queue_check_args(ndev, args);
	if (ret)
		return ret;
	vm = nova_vm_lookup(nfile, args->vm_id);
	if (!vm)
		return -ENOENT;
	queue = nova_queue_alloc(ndev, vm, args);
	if (!queue)
		return -ENOMEM;
	nova_meter_init(&queue->timeline.meter, ndev, queue->engine, nfile->stats);

	/* The id is reserved first: once the queue is visible nothing fails. */
	ret = xa_alloc(&nfile->queues, &id, NULL, XA_LIMIT(1, nova_file_queues_max(ndev)),
		       GFP_KERNEL);
	if (ret) {
		nova_queue_put(queue);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	queue->id = id;
	queue->client_id = file->client_id;
	ret = nova_queue_create(queue, args->flags);
	if (ret) {
		xa_erase(&nfile->queues, id);
		nova_queue_put(queue);
		return ret;
	}
	nova_queue_describe(queue, args);
	args->queue_id = id;
	xa_store(&nfile->queues, id, queue, GFP_KERNEL);
	return 0;
}

int nova_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_queue_destroy *args = data;
	struct nova_queue *queue;

	if (args->pad)
		return -EINVAL;
	queue = nova_file_take(&nfile->queues, args->queue_id);
	if (!queue)
		return -ENOENT;
	nova_queue_put(queue);
	return 0;
}

int nova_ioctl_queue_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct drm_nova_queue_get_state *args = data;
	struct nova_queue *queue;
	int idx;

	queue = nova_queue_lookup(nfile, args->queue_id);
	if (!queue)
		return -ENOENT;
	scoped_guard(mutex, &queue->lock) {
		args->flags = queue->state.flags;
		args->reset_count = queue->state.resets;
		args->error = queue->state.error;
	}
	nova_queue_put(queue);
	if (!nova_bound_enter(to_nova_device(drm), &idx))
		return -ENODEV;
	nova_bound_exit(idx);
	return 0;
}
