// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A queue's memory: how it is laid out, how a job is written to it, what comes back.
 */
#include <linux/timekeeping.h>

#include <drm/nova_drm.h>

#include "regs/nv_host.h"

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_gem.h"
#include "nova_queue.h"
#include "nova_sched.h"
#include "nova_trace.h"
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

/**
 * nova_queue_mapped_size() - what the GPU sees of the memory
 * @queue: the queue
 *
 * Return: bytes, from the ring on.
 */
size_t nova_queue_mapped_size(const struct nova_queue *queue)
{
	return nova_queue_ro_size(queue) + (queue->userq ? 0 : PAGE_SIZE);
}

/**
 * nova_queue_userd_offset() - where USERD is in the memory
 * @queue: the queue
 *
 * Return: bytes from the ring; its page is the last one.
 */
size_t nova_queue_userd_offset(const struct nova_queue *queue)
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
	memory->mask = queue->ring_size - 1;
	memory->userd = queue->hw.mem.cpu + nova_queue_userd_offset(queue);
	memory->fence = queue->hw.mem.cpu + nova_queue_fence_offset(queue);
}

/**
 * nova_queue_memory_index() - an index of the ring, as USERD has it
 * @memory: of the queue
 * @offset: NV_USERD_GP_GET or NV_USERD_GP_PUT
 *
 * The device writes USERD, and the client of a user-mode queue: whatever is there, it is a place
 * in the ring that comes out.
 *
 * Return: the index.
 */
u32 nova_queue_memory_index(const struct nova_queue_memory *memory, u32 offset)
{
	return le32_to_cpu(READ_ONCE(memory->userd[offset / 4])) & memory->mask;
}

/**
 * nova_queue_memory_entry() - an entry of the ring
 * @memory: of the queue
 * @index: which one; counted on from the start beyond the end
 *
 * Return: the entry, read once: it can change at any time.
 */
u64 nova_queue_memory_entry(const struct nova_queue_memory *memory, u32 index)
{
	/* data_race: a job that is just being written to a place that is free is not looked at */
	return le64_to_cpu(data_race(READ_ONCE(memory->ring[index & memory->mask])));
}

/**
 * nova_queue_entry_decode() - take an entry apart
 * @entry: anything
 *
 * Return: what it says.
 */
struct nova_queue_entry nova_queue_entry_decode(u64 entry)
{
	u32 lo = lower_32_bits(entry), hi = upper_32_bits(entry);

	return (struct nova_queue_entry) {
		.va = (u64)NV_GET(NV_GP_ENTRY1_GET_HI, hi) << 32 | (lo & NV_GP_ENTRY0_GET),
		.length = NV_GET(NV_GP_ENTRY1_LENGTH, hi) * 4,
		.opcode = NV_GET(NV_GP_ENTRY1_OPCODE, hi),
		.sync = hi & NV_GP_ENTRY1_SYNC,
	};
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
 * @job: the job; nothing happens if the queue is shut
 */
void nova_queue_run(struct nova_bound *bound, struct nova_queue *queue, struct nova_job *job)
{
	u64 seqno = job->fence.base.seqno;
	__le32 *userd;
	u32 bytes;

	guard(spinlock)(&queue->ring.lock);
	if (queue->ring.shut)
		return;

	for (u32 i = 0; i < nova_job_push_count(job); i++)
		nova_queue_write_entry(queue, job->pushes[i].va, job->pushes[i].length,
				       job->pushes[i].flags & DRM_NOVA_PUSH_SYNC);
	bytes = nova_queue_write_release(queue, seqno);
	nova_queue_write_entry(queue, queue->hw.va.start + nova_queue_slot_offset(queue, seqno),
			       bytes, false);

	userd = queue->hw.mem.cpu + nova_queue_userd_offset(queue);
	WRITE_ONCE(job->fence.begin_ns, ktime_get_ns());
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

/**
 * nova_queue_map() - map the queue's memory where the GPU finds it
 * @bound: from the door
 * @queue: the queue, its addresses claimed
 *
 * Return: 0, or what nova_pt_flush() says; undone by nova_queue_unmap() in both cases.
 */
int nova_queue_map(struct nova_bound *bound, struct nova_queue *queue)
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

/**
 * nova_queue_unmap() - and take it out again
 * @bound: from the door
 * @queue: the queue; its channel is no more
 */
void nova_queue_unmap(struct nova_bound *bound, struct nova_queue *queue)
{
	struct nova_pt *pt = &queue->vm->pt;
	size_t size = nova_queue_mapped_size(queue);

	nova_pt_unmap(bound, pt, queue->hw.va.start, size);
	nova_pt_flush(bound, pt);
}
