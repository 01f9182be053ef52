/* SPDX-License-Identifier: MIT */
#ifndef NOVA_VM_H
#define NOVA_VM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* GPU address spaces. See nova.h. */

struct nova_device;
struct nova_bo;
struct nova_job_sync;
struct nova_vm;

/**
 * nova_vm_create() - make an empty GPU address space
 * @dev: the device
 * @vm: out; nova_vm_destroy() it
 */
int nova_vm_create(struct nova_device *dev, struct nova_vm **vm);

#define NOVA_VM_SCRATCH		(1u << 0)	/* what is not mapped reads zero and does not fault */

/**
 * nova_vm_create_flags() - make an address space with properties
 * @dev: the device
 * @flags: NOVA_VM_SCRATCH
 * @vm: out; nova_vm_destroy() it
 */
int nova_vm_create_flags(struct nova_device *dev, uint32_t flags, struct nova_vm **vm);

/**
 * nova_vm_destroy() - free an address space and its mappings
 * @vm: the address space, or NULL
 *
 * A queue made in it keeps running in it until it is destroyed itself.
 */
void nova_vm_destroy(struct nova_vm *vm);

/** nova_vm_range() - the addresses a client may use: [*start, *start + *size) */
void nova_vm_range(const struct nova_vm *vm, uint64_t *start, uint64_t *size);

/**
 * nova_vm_alloc_va() - take unused addresses; maps nothing
 * @vm: the address space
 * @size: bytes, not 0, rounded up to the page size
 * @align: power of two; 0: what suits the largest page that fits in @size
 * @va: out, the lowest that fits
 *
 * Returns 0; -ENOSPC when there is no such gap; -EINVAL; -ENOMEM. Works without the device.
 */
int nova_vm_alloc_va(struct nova_vm *vm, uint64_t size, uint64_t align, uint64_t *va);

/**
 * nova_vm_reserve_va() - take particular addresses; maps nothing
 * @vm: the address space
 * @va: first address, page aligned
 * @size: bytes, not 0, rounded up to the page size
 *
 * Returns 0; -ENOSPC when one of them is taken; -EINVAL outside nova_vm_range().
 */
int nova_vm_reserve_va(struct nova_vm *vm, uint64_t va, uint64_t size);

/**
 * nova_vm_free_va() - give addresses back
 * @vm: the address space
 * @va: what nova_vm_alloc_va() or nova_vm_reserve_va() took; unmap them first
 *
 * Returns 0; -EINVAL when no taken range starts there. Works without the device.
 */
int nova_vm_free_va(struct nova_vm *vm, uint64_t va);

#define NOVA_VM_READONLY	(1u << 0)	/* GPU writes fault */
#define NOVA_VM_SPARSE		(1u << 1)	/* no memory: reads zero, drops writes; nova_vm_bind() */
#define NOVA_VM_USERPTR		(1u << 2)	/* memory of the process; nova_vm_map_user() */

/**
 * nova_vm_map() - map a range of a buffer at addresses of the library's choice
 * @vm: the address space
 * @bo: the buffer, of the same device
 * @offset: in the buffer, page aligned
 * @size: bytes, page aligned; 0: to the end of the buffer
 * @flags: NOVA_VM_READONLY
 * @va: out, first address; nova_vm_unmap() it
 *
 * Addresses are taken from the low end, so pushes and semaphores stay where the
 * host can reach them (struct nova_limits, va_push_end).
 */
int nova_vm_map(struct nova_vm *vm, struct nova_bo *bo, uint64_t offset, uint64_t size,
		uint32_t flags, uint64_t *va);

/**
 * nova_vm_map_user() - map memory of the process at addresses of the library's choice
 * @vm: the address space
 * @memory: first address in the process, page aligned
 * @size: bytes, page aligned, not 0
 * @flags: NOVA_VM_READONLY, for memory that the process may only read as well
 * @va: out, first address; nova_vm_unmap() it
 *
 * Any memory but that of devices and of their buffers. It is about what is at these addresses, whatever that
 * becomes: nothing is pinned, and a job sees what the process had there when it was submitted. Unmap it
 * before the process gives the memory back: until then nova_queue_submit() in this address space is -EFAULT,
 * and munmap() and the like wait for its jobs.
 *
 * Returns 0; -EFAULT when some of it is not there, or may not be written to; -EPERM when the address space
 * has user-mode queues. Devices that can do it have NOVA_FEATURE_USERPTR.
 */
int nova_vm_map_user(struct nova_vm *vm, void *memory, uint64_t size, uint32_t flags,
		     uint64_t *va);

/**
 * nova_vm_unmap() - undo one nova_vm_map() or nova_vm_map_user()
 * @vm: the address space
 * @va: what it returned
 *
 * Does not wait for jobs: one that still uses the range faults. The addresses
 * are free again on success and on -ENODEV; on another error nothing has changed.
 */
int nova_vm_unmap(struct nova_vm *vm, uint64_t va);

#define NOVA_VM_OP_MAP		0	/* map a range of a buffer, replacing what is there */
#define NOVA_VM_OP_UNMAP	1	/* unmap a range; what is not mapped is no error */
#define NOVA_VM_OP_UNMAP_ALL	2	/* unmap everything; other fields 0 */

/**
 * struct nova_vm_op - one change of an address space
 * @op: NOVA_VM_OP_*
 * @flags: NOVA_VM_OP_MAP: NOVA_VM_READONLY, NOVA_VM_USERPTR or both; or NOVA_VM_SPARSE
 * @bo: NOVA_VM_OP_MAP without NOVA_VM_SPARSE and NOVA_VM_USERPTR: the buffer; otherwise NULL
 * @offset: NOVA_VM_OP_MAP: in the buffer, page aligned; with NOVA_VM_USERPTR the address in the
 *          process; otherwise 0
 * @va: first address, page aligned
 * @size: bytes, page aligned, not 0
 */
struct nova_vm_op {
	uint32_t op;
	uint32_t flags;
	struct nova_bo *bo;
	uint64_t offset;
	uint64_t va;
	uint64_t size;
};

/**
 * nova_vm_bind() - several changes at once, in order, all or none
 * @vm: the address space
 * @ops: the changes
 * @count: number of them, not 0
 *
 * The caller chooses the addresses; take them with nova_vm_alloc_va() or
 * nova_vm_reserve_va() if nova_vm_map() is used in the same address space too.
 */
int nova_vm_bind(struct nova_vm *vm, const struct nova_vm_op *ops, uint32_t count);

/**
 * nova_vm_bind_async() - the same, later; does not wait
 * @vm: the address space
 * @ops: the changes
 * @count: number of them; 0: it only synchronises
 * @syncs: what the bind waits for and signals, as a job does (struct nova_job_sync)
 * @sync_count: number of syncs
 *
 * The asynchronous binds of an address space take place in order; nova_vm_bind() waits for
 * those before it. All errors are told here: what is accepted takes place, unless the address space
 * or the device goes before, and the fence then has the error -ECANCELED or -ENODEV.
 *
 * Returns 0; -ENOSPC when too many are pending (struct nova_limits, vm_binds_max).
 */
int nova_vm_bind_async(struct nova_vm *vm, const struct nova_vm_op *ops, uint32_t count,
		       const struct nova_job_sync *syncs, uint32_t sync_count);

/**
 * struct nova_vm_fault - an address that the GPU could not translate
 * @address: the address, of page granularity
 * @time_ns: when, by the GPU's clock (nova_device_get_time())
 * @type: why: 0 and 2 nothing is mapped, 6 a write to what is mapped read-only; other values
 *        as in NVIDIA's manuals (NV_PFAULT_FAULT_TYPE)
 * @access: 0 read, 1 write, 2 atomic, 3 prefetch
 * @client: unit of the GPU that did it (NV_PFAULT_CLIENT)
 * @engine: index of the queue's engine
 * @queue_id: nova_queue_id() of the queue, which the fault cost its life
 */
struct nova_vm_fault {
	uint64_t address;
	uint64_t time_ns;
	uint32_t type;
	uint32_t access;
	uint32_t client;
	uint32_t engine;
	uint32_t queue_id;
};

#define NOVA_VM_FAULTS_MAX	16	/* as many are kept */

/**
 * struct nova_vm_state - what has become of an address space
 * @usable: queues can be made in it; false once the device is of no use until it is bound anew
 * @reset_count: how often since nova_vm_create() the device lost all queues and came back; memory and
 *               mappings are as they were, queues have to be made anew
 * @fault_count: faults there ever were, modulo 2^32
 * @kept: valid entries of @faults
 * @faults: the last ones, the oldest first
 */
struct nova_vm_state {
	bool usable;
	uint32_t reset_count;
	uint32_t fault_count;
	uint32_t kept;
	struct nova_vm_fault faults[NOVA_VM_FAULTS_MAX];
};

/**
 * nova_vm_get_state() - faults of the queues of an address space, and resets of the device
 * @vm: the address space
 * @state: out
 *
 * A fault may show up a moment after its queue is dead.
 */
int nova_vm_get_state(struct nova_vm *vm, struct nova_vm_state *state);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_VM_H */
