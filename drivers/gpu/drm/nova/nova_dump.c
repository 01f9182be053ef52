// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Device coredumps: what a queue that is about to be killed looked like.
 *
 * In two steps. The snapshot is taken with the queue's lock held, before its channel is stopped:
 * fences wait for that, so it allocates nothing and waits for nothing. What somebody else
 * has locked is left out. A work item then gives a copy to devcoredump, which allocates and
 * talks to user space.
 *
 * Devcoredump keeps the copy until somebody has read it, or for five minutes, whatever becomes of
 * the driver meanwhile. So it gets plain memory with no function of ours, and a reference of the
 * PCI device: that of the auxiliary device would be a reference to nova-core's code.
 */
#include <kunit/visibility.h>
#include <linux/devcoredump.h>
#include <linux/dma-resv.h>
#include <linux/error-injection.h>
#include <linux/highmem.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <drm/nova_drm.h>
#include <drm/nova_dump.h>
#include <drm/ttm/ttm_tt.h>

#include "regs/nv_error.h"
#include "regs/nv_host.h"

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_dump.h"
#include "nova_dump_writer.h"
#include "nova_gem.h"
#include "nova_queue.h"
#include "nova_sched.h"
#include "nova_vm.h"

/* How much of what a client determines. All of it together fits. */
#define NOVA_DUMP_SIZE		SZ_256K
#define NOVA_DUMP_RING_BEFORE	32
#define NOVA_DUMP_RING_MAX	256
#define NOVA_DUMP_JOBS_MAX	512
#define NOVA_DUMP_PUSHES_MAX	2048
#define NOVA_DUMP_MAPPINGS_BEFORE	16
#define NOVA_DUMP_MAPPINGS_MAX	64
#define NOVA_DUMP_WORDS_MAX	(SZ_64K / 4)

/**
 * struct nova_dump - the dump of a device, one at a time
 * @dev: the PCI device
 * @data: memory of the snapshot
 * @used: bytes of it that are valid
 * @busy: bit 0: @data and @used belong to whoever set it, or to @work
 * @work: gives the snapshot away
 * @audit: registry entry of @work
 */
struct nova_dump {
	struct device *dev;
	void *data;
	size_t used;
	unsigned long busy;
	struct work_struct work;
	struct nova_core_audit audit;
};

/**
 * struct nova_dump_snapshot - one snapshot being taken
 * @writer: where it goes
 * @bound: the bound device
 * @queue: the queue, its lock held
 * @memory: its memory
 * @cause: what the hardware said
 * @completed: jobs up to this one have ended
 * @gp_get: where Host is in the ring
 * @put: end of the entries in the ring
 * @pushes: what NOVA_DUMP_PUSHES has
 * @push_count: of them
 */
struct nova_dump_snapshot {
	struct nova_dump_writer writer;
	struct nova_bound *bound;
	struct nova_queue *queue;
	struct nova_queue_memory memory;
	struct nova_dump_cause cause;
	u64 completed;
	u32 gp_get;
	u32 put;
	const struct nova_dump_push *pushes;
	u32 push_count;
};

/* Not inlined: tests in which every allocation fails spare those of this function, by name. */
static noinline void nova_dump_work(struct work_struct *work)
{
	struct nova_dump *dump = container_of(work, struct nova_dump, work);
	size_t used = dump->used;
	void *copy = __vmalloc(used, GFP_KERNEL | __GFP_NOWARN);

	if (copy)
		memcpy(copy, dump->data, used);
	/* First: whoever reads the dump may free it and cause the next one at once. */
	clear_bit_unlock(0, &dump->busy);
	/* It is devcoredump's from here on. One that nobody has read yet has precedence. */
	if (copy)
		dev_coredumpv(dump->dev, copy, used, GFP_KERNEL);
}

/**
 * nova_dump_init() - get ready to take dumps
 * @bound: the bound device, without queues
 *
 * Return: 0 or -ENOMEM.
 */
int nova_dump_init(struct nova_bound *bound)
{
	struct nova_dump *dump = kzalloc_obj(*dump);

	if (!dump)
		return -ENOMEM;
	dump->data = __vmalloc(NOVA_DUMP_SIZE, GFP_KERNEL | __GFP_NOWARN);
	if (!dump->data) {
		kfree(dump);
		return -ENOMEM;
	}
	dump->dev = nova_core_dma_dev(bound->core);
	INIT_WORK(&dump->work, nova_dump_work);
	nova_core_audit_add(bound->core, &dump->audit, "dump work");
	bound->dump = dump;
	return 0;
}
ALLOW_ERROR_INJECTION(nova_dump_init, ERRNO);

/**
 * nova_dump_fini() - no more dumps
 * @bound: the bound device, without queues
 *
 * A dump that was taken is given away first.
 */
void nova_dump_fini(struct nova_bound *bound)
{
	struct nova_dump *dump = bound->dump;

	flush_work(&dump->work);
	nova_core_audit_del(bound->core, &dump->audit);
	vfree(dump->data);
	kfree(dump);
}

static struct nova_queue *nova_dump_find(struct nova_bound *bound, u32 chid)
	__must_hold(&bound->events.lock)
{
	struct nova_queue *queue;

	list_for_each_entry(queue, &bound->events.list, event_link)
		if (nova_core_chan_id(queue->hw.chan) == chid)
			return queue;
	return NULL;
}

/**
 * nova_dump_note_error() - remember a channel error
 * @bound: the bound device
 * @error: the error
 */
void nova_dump_note_error(struct nova_bound *bound, const struct nova_core_chan_error *error)
{
	struct nova_queue *queue;

	guard(spinlock)(&bound->events.lock);
	queue = nova_dump_find(bound, error->chid);
	if (queue && !(queue->cause.valid & NOVA_DUMP_ERROR_CHANNEL)) {
		queue->cause.error = *error;
		queue->cause.valid |= NOVA_DUMP_ERROR_CHANNEL;
	}
}

/**
 * nova_dump_note_fault() - remember a fault
 * @bound: the bound device
 * @fault: the fault
 */
void nova_dump_note_fault(struct nova_bound *bound, const struct nova_core_fault *fault)
{
	struct nova_queue *queue;

	guard(spinlock)(&bound->events.lock);
	queue = nova_dump_find(bound, fault->chid);
	if (queue && !(queue->cause.valid & NOVA_DUMP_ERROR_FAULT)) {
		queue->cause.fault = *fault;
		queue->cause.valid |= NOVA_DUMP_ERROR_FAULT;
	}
}

/* One more element, if it does not exceed the limit; the dump says that it was cut otherwise. */
static void *nova_dump_element(struct nova_dump_snapshot *snap, u32 index, u32 max, size_t size)
{
	return nova_dump_writer_add(&snap->writer, index < max ? size : SIZE_MAX);
}

static void nova_dump_device(struct nova_dump_snapshot *snap)
	__must_hold_shared(nova_core_door)
{
	const struct nova_core_info *info = nova_core_info(snap->bound->core);
	struct nova_dump_device *to;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_DEVICE);
	to = nova_dump_writer_add(&snap->writer, sizeof(*to));
	if (to) {
		*to = (struct nova_dump_device) {
			.chip_id = info->chip_id,
			.revision = info->revision,
			.host_class = info->host_class,
			.engine_class = info->engines[snap->queue->engine].class_id,
			.generation = info->generation,
			.vram_start = info->vram_start,
			.vram_end = info->vram_end,
		};
		strscpy(to->address, dev_name(nova_core_dma_dev(snap->bound->core)));
		strscpy(to->release, init_utsname()->release);
	}
	nova_dump_writer_end(&snap->writer);
}

static void nova_dump_error(struct nova_dump_snapshot *snap, u32 state, u32 code)
{
	const struct nova_dump_cause *cause = &snap->cause;
	struct nova_dump_error *to;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_ERROR);
	to = nova_dump_writer_add(&snap->writer, sizeof(*to));
	if (to)
		*to = (struct nova_dump_error) {
			.state = state,
			.code = code,
			.valid = cause->valid,
			.exception = cause->error.exception,
			.method = cause->error.method,
			.data = cause->error.data,
			.address = cause->error.address,
			.fault_address = cause->fault.address,
			.fault_time_ns = cause->fault.time_ns,
			.fault_type = cause->fault.type,
			.fault_access = cause->fault.access,
			.fault_engine = cause->fault.engine_id,
			.fault_client = cause->fault.client,
		};
	nova_dump_writer_end(&snap->writer);
}

static void nova_dump_channel(struct nova_dump_snapshot *snap)
	__must_hold_shared(nova_core_door)
{
	struct nova_queue *queue = snap->queue;
	struct nova_dump_channel *to;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_CHANNEL);
	to = nova_dump_writer_add(&snap->writer, sizeof(*to));
	if (to)
		*to = (struct nova_dump_channel) {
			.client_id = queue->client_id,
			.context = queue->timeline.context,
			.queue_id = queue->id,
			.engine = queue->engine,
			.priority = queue->priority,
			.chid = nova_core_chan_id(queue->hw.chan),
			.ring_size = queue->ring_size,
			.gp_get = snap->gp_get,
			.gp_put = le32_to_cpu(READ_ONCE(snap->memory.userd[NV_USERD_GP_PUT / 4])),
			.put = snap->put,
			.ring_va = queue->hw.va.start,
			.root = nova_pt_root(&queue->vm->pt),
			.submitted = queue->hw.seqno,
			.completed = snap->completed,
		};
	nova_dump_writer_end(&snap->writer);
}

static void nova_dump_userd(struct nova_dump_snapshot *snap)
{
	u32 *to;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_USERD);
	to = nova_dump_writer_add(&snap->writer, NV_USERD_SIZE);
	for (u32 i = 0; to && i < NV_USERD_SIZE / 4; i++)
		to[i] = le32_to_cpu(READ_ONCE(snap->memory.userd[i]));
	nova_dump_writer_end(&snap->writer);
}

/* RAMFC and the page directory base, as of when the channel was last taken off the engine. */
static void nova_dump_instance(struct nova_dump_snapshot *snap)
	__must_hold_shared(nova_core_door)
{
	const u32 size = NV_INST_PDB_HI + 4;
	void *to;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_INSTANCE);
	to = nova_dump_writer_add(&snap->writer, size);
	if (to)
		nova_dump_writer_trim(&snap->writer, size -
				      nova_core_chan_inst_read(snap->queue->hw.chan, to, size));
	nova_dump_writer_end(&snap->writer);
}

static void nova_dump_registers(struct nova_dump_snapshot *snap)
	__must_hold_shared(nova_core_door)
{
	struct nova_dump_register reg, *to;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_REGISTERS);
	for (u32 i = 0; nova_core_dump_reg(snap->bound->core, i, &reg.offset, &reg.value); i++) {
		to = nova_dump_writer_add(&snap->writer, sizeof(*to));
		if (to)
			*to = reg;
	}
	nova_dump_writer_end(&snap->writer);
}

/* The entries around the place where Host is, up to the end of those written. */
static void nova_dump_ring(struct nova_dump_snapshot *snap)
{
	struct nova_queue *queue = snap->queue;
	u32 mask = snap->memory.mask, first = (snap->gp_get - NOVA_DUMP_RING_BEFORE) & mask;
	u32 pending = (snap->put - snap->gp_get) & mask;
	u32 count = min3(queue->ring_size, pending + NOVA_DUMP_RING_BEFORE, NOVA_DUMP_RING_MAX);
	struct nova_dump_ring *to;
	u64 *entries;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_RING);
	to = nova_dump_writer_add(&snap->writer, sizeof(*to) + count * sizeof(*entries));
	if (to) {
		to->first = first;
		to->count = count;
		entries = (u64 *)(to + 1);
		for (u32 i = 0; i < count; i++)
			entries[i] = nova_queue_memory_entry(&snap->memory, first + i);
	}
	nova_dump_writer_end(&snap->writer);
}

/* What is pending has not been freed: the scheduler frees a job when its fence has signalled. */
static void nova_dump_jobs(struct nova_dump_snapshot *snap)
{
	struct nova_queue *queue = snap->queue;
	struct nova_dump_job *to;
	struct nova_job *job;
	u32 count = 0;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_JOBS);
	spin_lock(&queue->timeline.lock);
	list_for_each_entry(job, &queue->timeline.pending, fence.link) {
		u64 seqno = job->fence.base.seqno;

		if (seqno <= snap->completed)
			continue;
		to = nova_dump_element(snap, count++, NOVA_DUMP_JOBS_MAX, sizeof(*to));
		if (!to)
			break;
		to->seqno = seqno;
		to->flags = seqno <= queue->hw.seqno ? NOVA_DUMP_JOB_RUNNING : 0;
		to->push_count = nova_job_push_count(job);
	}
	spin_unlock(&queue->timeline.lock);
	nova_dump_writer_end(&snap->writer);
}

/* False if there is no room. */
static bool nova_dump_push(struct nova_dump_snapshot *snap, const struct nova_dump_push *push)
{
	struct nova_dump_push *to;

	to = nova_dump_element(snap, snap->push_count, NOVA_DUMP_PUSHES_MAX, sizeof(*to));
	if (!to)
		return false;
	if (!snap->push_count++)
		snap->pushes = to;
	*to = *push;
	return true;
}

/* Those of one job; false if there is no room. */
static bool nova_dump_job_pushes(struct nova_dump_snapshot *snap, const struct nova_job *job)
{
	for (u32 i = 0; i < nova_job_push_count(job); i++) {
		const struct nova_dump_push push = {
			.seqno = job->fence.base.seqno,
			.va = job->pushes[i].va,
			.length = job->pushes[i].length,
			.flags = job->pushes[i].flags,
		};

		if (!nova_dump_push(snap, &push))
			return false;
	}
	return true;
}

/*
 * A user-mode queue has no jobs: what its ring says, from the entry before GP_GET on, which Host
 * may still be at. The client can write anything there, at any time, so each entry is read once,
 * and where it points to is looked up as of any push.
 */
static void nova_dump_ring_pushes(struct nova_dump_snapshot *snap)
{
	u32 count = ((snap->put - snap->gp_get) & snap->memory.mask) + 1;

	for (u32 i = 0; i < count; i++) {
		u64 raw = nova_queue_memory_entry(&snap->memory, snap->gp_get - 1 + i);
		struct nova_queue_entry entry = nova_queue_entry_decode(raw);
		const struct nova_dump_push push = {
			.va = entry.va,
			.length = entry.length,
			.flags = entry.sync ? DRM_NOVA_PUSH_SYNC : 0,
		};

		if (push.length && !nova_dump_push(snap, &push))
			return;
	}
}

static void nova_dump_pushes(struct nova_dump_snapshot *snap)
{
	struct nova_queue *queue = snap->queue;
	struct nova_job *job;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_PUSHES);
	if (queue->userq)
		nova_dump_ring_pushes(snap);
	spin_lock(&queue->timeline.lock);
	list_for_each_entry(job, &queue->timeline.pending, fence.link)
		if (job->fence.base.seqno > snap->completed && !nova_dump_job_pushes(snap, job))
			break;
	spin_unlock(&queue->timeline.lock);
	nova_dump_writer_end(&snap->writer);
}

/* What the buffer has at @offset, if that can be told without waiting; how much was read. */
static u32 nova_dump_read_bo(struct nova_dump_snapshot *snap, struct nova_bo *bo, u64 offset,
			     void *to, u32 size)
	__must_hold_shared(nova_core_door)
{
	struct ttm_tt *tt = bo->tbo.ttm;
	struct nova_bo_extent extent;
	u32 part;

	/* It may be moved or cleared right now, and then it is not the client's content yet. */
	if (!bo->tbo.resource ||
	    !dma_resv_test_signaled(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL))
		return 0;
	if (bo->tbo.resource->mem_type == TTM_PL_VRAM) {
		extent = nova_bo_extent(bo, offset);
		part = min_t(u64, extent.size, size);
		nova_core_vram_read(snap->bound->core, extent.addr, to, part);
		return part;
	}
	/* An import has no pages, and what is swapped out neither. */
	if (!tt || !ttm_tt_is_populated(tt) || drm_gem_is_imported(&bo->tbo.base))
		return 0;
	part = min_t(u64, PAGE_SIZE - offset_in_page(offset), size);
	memcpy_from_page(to, tt->pages[offset >> PAGE_SHIFT], offset_in_page(offset), part);
	return part;
}

/* What is mapped at @va, up to the end of a page or a mapping; how much was read. */
static u32 nova_dump_read_va(struct nova_dump_snapshot *snap, u64 va, void *to, u32 size)
	__must_hold_shared(nova_core_door)
{
	struct drm_gpuva *gpuva = drm_gpuva_find_first(&snap->queue->vm->gpuvm, va, 1);
	struct drm_gem_object *obj = gpuva ? gpuva->gem.obj : NULL;
	u32 part;

	if (!obj || !dma_resv_trylock(obj->resv))
		return 0;
	part = nova_dump_read_bo(snap, to_nova_bo(obj), gpuva->gem.offset + va - gpuva->va.addr, to,
				 min_t(u64, size, gpuva->va.addr + gpuva->va.range - va));
	dma_resv_unlock(obj->resv);
	return part;
}

/* The words of one push, up to what cannot be read; how many. */
static u32 nova_dump_push_words(struct nova_dump_snapshot *snap, u32 index, u32 max)
	__must_hold_shared(nova_core_door)
{
	const struct nova_dump_push *push = &snap->pushes[index];
	u32 size = min(push->length / 4, max) * 4, done = 0, part;
	struct nova_dump_words *to;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_WORDS);
	to = nova_dump_writer_add(&snap->writer, sizeof(*to) + size);
	if (to) {
		do {
			part = nova_dump_read_va(snap, push->va + done, (u8 *)(to + 1) + done,
						 size - done);
			done += part;
		} while (part && done < size);
		to->push = index;
		to->count = done / 4;
		nova_dump_writer_trim(&snap->writer, size - done + (done ? 0 : sizeof(*to)));
	}
	nova_dump_writer_end(&snap->writer);
	return done / 4;
}

static void nova_dump_words(struct nova_dump_snapshot *snap)
	__must_hold_shared(nova_core_door)
{
	u32 left = NOVA_DUMP_WORDS_MAX;

	for (u32 i = 0; i < snap->push_count && left; i++)
		left -= nova_dump_push_words(snap, i, left);
}

static void nova_dump_walk(struct nova_dump_snapshot *snap, u64 va)
	__must_hold_shared(nova_core_door)
{
	const size_t steps_size = NOVA_PT_STEPS * sizeof(struct nova_dump_walk_step);
	struct nova_pt *pt = &snap->queue->vm->pt;
	struct nova_dump_walk *to;

	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_PAGE_WALK);
	to = nova_dump_writer_add(&snap->writer, sizeof(*to) + steps_size);
	if (to) {
		to->va = va;
		to->root = nova_pt_root(pt);
		to->count = nova_pt_try_dump(snap->bound, pt, va, (void *)(to + 1));
		nova_dump_writer_trim(&snap->writer, steps_size - to->count *
				      sizeof(struct nova_dump_walk_step));
	}
	nova_dump_writer_end(&snap->writer);
}

/* Some mappings before @va, what is there, and some after it. */
static void nova_dump_mappings(struct nova_dump_snapshot *snap, u64 va)
{
	struct drm_gpuvm *gpuvm = &snap->queue->vm->gpuvm;
	struct drm_gpuva *gpuva = drm_gpuva_find_first(gpuvm, va, U64_MAX - va);
	struct list_head *entry = gpuva ? &gpuva->rb.entry : &gpuvm->rb.list;
	struct nova_dump_mapping *to;

	for (u32 i = 0; i < NOVA_DUMP_MAPPINGS_BEFORE && entry->prev != &gpuvm->rb.list; i++)
		entry = entry->prev;
	nova_dump_writer_begin(&snap->writer, NOVA_DUMP_MAPPINGS);
	for (u32 i = 0; i < NOVA_DUMP_MAPPINGS_MAX && entry != &gpuvm->rb.list; i++) {
		struct drm_gem_object *obj;

		gpuva = list_entry(entry, struct drm_gpuva, rb.entry);
		obj = gpuva->gem.obj;
		to = nova_dump_writer_add(&snap->writer, sizeof(*to));
		if (!to)
			break;
		to->va = gpuva->va.addr;
		to->size = gpuva->va.range;
		to->bo_offset = gpuva->gem.offset;
		to->bo_size = obj ? obj->size : 0;
		to->resident = obj ? READ_ONCE(to_nova_bo(obj)->resident) : 0;
		if (to_nova_vma(gpuva)->readonly)
			to->flags |= NOVA_DUMP_MAPPING_READONLY;
		/* Of the moment: who changes it has the reservation, which is not waited for. */
		if (gpuva->vm_bo && data_race(gpuva->vm_bo->evicted))
			to->flags |= NOVA_DUMP_MAPPING_EVICTED;
		entry = entry->next;
	}
	nova_dump_writer_end(&snap->writer);
}

/* What belongs to the address space, and may be in use by its client's other threads. */
static void nova_dump_vm(struct nova_dump_snapshot *snap)
	__must_hold_shared(nova_core_door)
{
	const struct nova_dump_cause *cause = &snap->cause;
	struct nova_vm *vm = snap->queue->vm;
	u64 va = cause->fault.address ?: cause->error.address;

	if (va)
		nova_dump_walk(snap, va);
	if (!mutex_trylock(&vm->lock))
		return;
	nova_dump_mappings(snap, va);
	nova_dump_words(snap);
	mutex_unlock(&vm->lock);
}

/**
 * nova_dump_take() - take a snapshot of a queue
 * @bound: from the door
 * @queue: the queue, its ring shut, its lock held
 * @state: DRM_NOVA_QUEUE_STATE_* that it is going to have
 * @code: NV_ERROR_*
 *
 * Bounded, and without allocations. Nothing happens while the snapshot before it is on its way.
 */
void nova_dump_take(struct nova_bound *bound, struct nova_queue *queue, u32 state, u32 code)
{
	struct nova_dump_snapshot snap = { .bound = bound, .queue = queue };
	struct nova_dump *dump = bound->dump;

	lockdep_assert_held(&queue->lock);
	if (test_and_set_bit_lock(0, &dump->busy))
		return;
	nova_dump_writer_init(&snap.writer, dump->data, NOVA_DUMP_SIZE);
	nova_queue_memory(queue, &snap.memory);
	scoped_guard(spinlock, &bound->events.lock)
		snap.cause = queue->cause;
	snap.completed = min(le64_to_cpu(READ_ONCE(*snap.memory.fence)), queue->hw.seqno);
	snap.gp_get = nova_queue_memory_index(&snap.memory, NV_USERD_GP_GET);
	snap.put = queue->userq ? nova_queue_memory_index(&snap.memory, NV_USERD_GP_PUT) :
				  queue->hw.put;

	nova_dump_device(&snap);
	nova_dump_error(&snap, state, code);
	nova_dump_channel(&snap);
	nova_dump_userd(&snap);
	nova_dump_instance(&snap);
	nova_dump_registers(&snap);
	nova_dump_ring(&snap);
	nova_dump_jobs(&snap);
	nova_dump_pushes(&snap);
	nova_dump_vm(&snap);
	dump->used = nova_dump_writer_finish(&snap.writer);
	queue_work(system_dfl_wq, &dump->work);
}
