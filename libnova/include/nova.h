/* SPDX-License-Identifier: MIT */
#ifndef NOVA_H
#define NOVA_H

#include <stddef.h>
#include <stdint.h>

#include "nova_push.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: libnova
 *
 * A client's view of a nova GPU, over the render node of the nova-drm driver::
 *
 *     nova_device ─┬─ nova_bo      memory
 *                  ├─ nova_vm      GPU address space; ranges of buffers are mapped in it
 *                  │    └─ nova_queue   runs jobs in that address space, in order
 *                  └─ nova_sync    what a job waits for or signals, binary or timeline
 *     nova_push    command words, built by the CPU; needs no device (nova_push.h)
 *
 * Errors: a function that can fail returns 0 or a negative errno value. Results
 * are written through pointers, and only on success, unless stated otherwise. The
 * meaning of an errno is the same everywhere:
 *
 * ==============  =========================================================
 * -EINVAL         an argument is malformed, out of range or misaligned
 * -ENOENT         no such device
 * -EACCES         permission missing (render node, high priority)
 * -EPERM          not allowed for this buffer
 * -ENOSPC         out of video memory, addresses, channels, or room in a push
 * -ENOMEM         out of system memory
 * -E2BIG          more elements or bytes than struct nova_limits allows
 * -EOPNOTSUPP     not a nova device, or a feature it lacks
 * -ECANCELED      the queue was killed, see nova_queue_get_state()
 * -ETIME          the deadline passed
 * -ETIMEDOUT      the device's firmware did not answer in time
 * -EIO            the device's answer makes no sense
 * -ENODEV         the device is gone, for good
 * ==============  =========================================================
 *
 * A device that is gone: every call on it returns -ENODEV, jobs end with the error
 * -ENODEV, CPU maps stay readable and writable with undefined content, and every object can
 * still be destroyed. A GPU that is bound again is a new device with a new node.
 *
 * Lifetime: a destroy function never fails and takes NULL. Objects may be
 * destroyed in any order: what an object needs it keeps alive itself. Destroying a buffer
 * or an address space does not wait for jobs; the kernel keeps their memory until they end.
 *
 * Threads: functions may be called from any thread and at the same time, on
 * the same object too, with two exceptions. Nothing else may use an object while
 * it is destroyed; and a nova_push belongs to one thread at a time. Interrupted
 * system calls are restarted. After fork() a child must not use the parent's objects.
 *
 * Sizes are in bytes and times in nanoseconds unless the name says otherwise. Deadlines are absolute,
 * on CLOCK_MONOTONIC. Structures given to a function may be zero where a default is wanted.
 */

struct nova_device;
struct nova_bo;
struct nova_vm;
struct nova_queue;
struct nova_sync;

/* --- devices ------------------------------------------------------------- */

/**
 * struct nova_device_entry - a device of this machine
 * @path: its render node
 * @pci_domain: where the GPU is on the PCI bus
 * @pci_bus: bus
 * @pci_device: device
 * @pci_function: function
 */
struct nova_device_entry {
	char path[64];
	uint32_t pci_domain;
	uint32_t pci_bus;
	uint32_t pci_device;
	uint32_t pci_function;
};

/**
 * nova_device_list() - find the nova devices of this machine
 * @entries: where to put them, in order of their node's number; may be NULL when @count is 0
 * @count: in: room in @entries; out: devices found, which can be more
 *
 * Opens each render node for a moment to ask for its driver's name. No device
 * at all is no error. Returns 0; -EACCES when no device was found and a node may not be opened; -ENOMEM.
 */
int nova_device_list(struct nova_device_entry *entries, uint32_t *count);

/**
 * nova_device_open() - open the device with a number
 * @index: position in the list of nova_device_list(), from 0
 * @dev: out, the device; nova_device_close() it
 *
 * Returns 0; -ENOENT when there are not so many; errors of nova_device_list() and nova_device_open_path().
 */
int nova_device_open(uint32_t index, struct nova_device **dev);

/**
 * nova_device_open_path() - open a device by its node
 * @path: render node, "/dev/dri/renderD128"
 * @dev: out, the device; nova_device_close() it
 *
 * Returns 0; -EOPNOTSUPP when the node belongs to another driver; -ENODEV when the device
 * is gone; what open(2) says.
 */
int nova_device_open_path(const char *path, struct nova_device **dev);

/**
 * nova_device_open_fd() - use a node that is open already
 * @fd: an open render node; it is duplicated and stays the caller's
 * @dev: out, the device; nova_device_close() it
 *
 * Handles and ids belong to the open file, so wrapping the same one twice makes
 * two devices that share them: import buffers through one of them only.
 * Returns 0; -EOPNOTSUPP when it is not a nova device; -EBADF; -EMFILE; -ENOMEM.
 */
int nova_device_open_fd(int fd, struct nova_device **dev);

/**
 * nova_device_close() - drop the caller's reference
 * @dev: the device, or NULL
 *
 * The file is closed when the last object of the device is destroyed.
 */
void nova_device_close(struct nova_device *dev);

/**
 * nova_device_fd() - the file descriptor, for poll(2) or other libraries
 * @dev: the device
 *
 * Returns the descriptor; it is the library's, do not close it.
 */
int nova_device_fd(const struct nova_device *dev);

/**
 * struct nova_device_info - identity
 * @chip_id: chip id of the PMC
 * @revision_major: chip revision
 * @revision_minor: chip revision
 * @generation: how often this GPU was bound to the driver
 * @features: mask; no bit is defined yet
 * @vram_bar_size: length of the CPU's window on video memory
 * @pci_domain: where the GPU is on the PCI bus
 * @pci_bus: bus
 * @pci_device: device
 * @pci_function: function
 */
struct nova_device_info {
	uint32_t chip_id;
	uint32_t revision_major;
	uint32_t revision_minor;
	uint64_t generation;
	uint64_t features;
	uint64_t vram_bar_size;
	uint32_t pci_domain;
	uint32_t pci_bus;
	uint32_t pci_device;
	uint32_t pci_function;
};

/** nova_device_query_info() - what the device is; returns 0 or an error of the list above */
int nova_device_query_info(struct nova_device *dev, struct nova_device_info *info);

/* Kinds of memory, a mask. */
#define NOVA_PLACEMENT_VRAM	(1u << 0)	/* video memory */
#define NOVA_PLACEMENT_SYSTEM	(1u << 1)	/* system memory */

#define NOVA_MEMORY_REGIONS_MAX	4

/**
 * struct nova_memory_region - one kind of memory
 * @placement: NOVA_PLACEMENT_* bit
 * @total: bytes a client can allocate at most
 * @used: bytes in use now, by all clients
 */
struct nova_memory_region {
	uint32_t placement;
	uint64_t total;
	uint64_t used;
};

/**
 * nova_device_query_memory() - memory of the device
 * @dev: the device
 * @regions: out, room for NOVA_MEMORY_REGIONS_MAX
 * @count: out, regions filled in
 */
int nova_device_query_memory(struct nova_device *dev, struct nova_memory_region *regions,
			     uint32_t *count);

#define NOVA_ENGINE_COPY	1	/* type of a copy engine */
#define NOVA_ENGINES_MAX	8

/**
 * struct nova_engine - one engine
 * @index: for struct nova_queue_desc
 * @type: NOVA_ENGINE_*
 * @instance: number among the engines of its type
 * @host_class: class of the host methods
 * @class_id: class of the engine's own methods
 * @subchannel: sub-channel they are sent on; the copy functions of nova_push use 4
 */
struct nova_engine {
	uint32_t index;
	uint32_t type;
	uint32_t instance;
	uint32_t host_class;
	uint32_t class_id;
	uint32_t subchannel;
};

/**
 * nova_device_query_engines() - engines of the device
 * @dev: the device
 * @engines: out, room for NOVA_ENGINES_MAX
 * @count: out, engines filled in
 */
int nova_device_query_engines(struct nova_device *dev, struct nova_engine *engines,
			      uint32_t *count);

/**
 * nova_device_find_engine() - the engine of a type
 * @dev: the device
 * @type: NOVA_ENGINE_*
 * @instance: number among them, from 0
 * @index: out, for struct nova_queue_desc
 *
 * Returns 0; -EOPNOTSUPP when there is none; an error of the query.
 */
int nova_device_find_engine(struct nova_device *dev, uint32_t type, uint32_t instance,
			    uint32_t *index);

/**
 * struct nova_limits - bounds of this device and driver
 * @va_bits: width of a GPU address
 * @page_size: granule of mappings in an address space
 * @bo_size_max: largest buffer
 * @va_push_end: pushes end at or below this address
 * @push_size_max: longest push
 * @bind_ops_max: elements in one nova_vm_bind()
 * @jobs_max: jobs in one nova_queue_submit()
 * @pushes_max: pushes in one job
 * @syncs_max: syncs in one job
 * @vms_max: address spaces per open device
 * @queues_max: queues per open device
 * @ring_size_min: smallest ring of a queue, in entries
 * @ring_size_max: largest
 * @job_timeout_ms: a job that runs longer is killed with its queue, in ms
 */
struct nova_limits {
	uint32_t va_bits;
	uint32_t page_size;
	uint64_t bo_size_max;
	uint64_t va_push_end;
	uint32_t push_size_max;
	uint32_t bind_ops_max;
	uint32_t jobs_max;
	uint32_t pushes_max;
	uint32_t syncs_max;
	uint32_t vms_max;
	uint32_t queues_max;
	uint32_t ring_size_min;
	uint32_t ring_size_max;
	uint32_t job_timeout_ms;
};

/** nova_device_query_limits() - bounds; returns 0 or an error of the list above */
int nova_device_query_limits(struct nova_device *dev, struct nova_limits *limits);

/**
 * struct nova_time - the GPU's and the CPU's clock at one moment
 * @gpu_ns: the GPU's timer (PTIMER), in steps of 32 ns
 * @cpu_ns: the CPU's clock just before
 * @duration_ns: how long reading took: the bound of the error
 */
struct nova_time {
	uint64_t gpu_ns;
	uint64_t cpu_ns;
	uint64_t duration_ns;
};

/**
 * nova_device_get_time() - read the GPU's timer together with a CPU clock
 * @dev: the device
 * @clock_id: CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME or CLOCK_BOOTTIME
 * @time: out
 */
int nova_device_get_time(struct nova_device *dev, int clock_id, struct nova_time *time);

/* --- buffer objects ------------------------------------------------------ */

#define NOVA_BO_NO_MMAP		(1u << 0)	/* the CPU never maps it */

#define NOVA_CACHING_DEFAULT	0	/* write-back in system memory, write-combined in video memory */
#define NOVA_CACHING_WB		1	/* system memory only */
#define NOVA_CACHING_WC		2

/**
 * struct nova_bo_desc - a buffer to be made
 * @size: bytes, rounded up to the page size; not 0
 * @placement: NOVA_PLACEMENT_* mask; 0: any, video memory first
 * @flags: NOVA_BO_NO_MMAP
 * @caching: NOVA_CACHING_*
 * @vm: not NULL: the buffer is private to this address space (faster to submit with); it cannot be exported
 */
struct nova_bo_desc {
	uint64_t size;
	uint32_t placement;
	uint32_t flags;
	uint32_t caching;
	struct nova_vm *vm;
};

/**
 * nova_bo_create() - make a buffer filled with zeros
 * @dev: the device
 * @desc: what to make
 * @bo: out, the buffer; nova_bo_destroy() it
 *
 * Memory is allocated at first use, so -ENOSPC can come later.
 */
int nova_bo_create(struct nova_device *dev, const struct nova_bo_desc *desc, struct nova_bo **bo);

/**
 * nova_bo_import() - use another device's or process's buffer
 * @dev: the device
 * @dmabuf_fd: dma-buf; stays the caller's
 * @bo: out, the buffer; nova_bo_destroy() it
 *
 * A dma-buf that this device has already is the same object again, with one more reference.
 */
int nova_bo_import(struct nova_device *dev, int dmabuf_fd, struct nova_bo **bo);

/**
 * nova_bo_export() - share a buffer as a dma-buf
 * @bo: the buffer
 * @dmabuf_fd: out, close-on-exec descriptor, the caller's
 *
 * Returns 0; -EPERM for a buffer private to an address space; -ENODEV.
 */
int nova_bo_export(struct nova_bo *bo, int *dmabuf_fd);

/**
 * nova_bo_destroy() - drop a reference; the last one unmaps and frees
 * @bo: the buffer, or NULL
 */
void nova_bo_destroy(struct nova_bo *bo);

/**
 * nova_bo_map() - map the whole buffer for the CPU
 * @bo: the buffer
 * @map: out, readable and writable
 *
 * Every call returns the same address and counts; so many nova_bo_unmap() remove the map. It
 * stays usable when the device goes away. Returns 0; -EPERM for NOVA_BO_NO_MMAP and imported buffers.
 */
int nova_bo_map(struct nova_bo *bo, void **map);

/** nova_bo_unmap() - undo one nova_bo_map(); without one it does nothing */
void nova_bo_unmap(struct nova_bo *bo);

/** nova_bo_size() - size in bytes, a multiple of the page size */
uint64_t nova_bo_size(const struct nova_bo *bo);

/** nova_bo_handle() - the GEM handle, for raw ioctls */
uint32_t nova_bo_handle(const struct nova_bo *bo);

/**
 * struct nova_bo_info - state of a buffer
 * @size: bytes
 * @flags: NOVA_BO_* it was made with
 * @placement: NOVA_PLACEMENT_* mask where it may be
 * @resident: NOVA_PLACEMENT_* where it is now; 0: no memory allocated yet
 * @imported: not 0: the memory is another device's
 */
struct nova_bo_info {
	uint64_t size;
	uint32_t flags;
	uint32_t placement;
	uint32_t resident;
	uint32_t imported;
};

/** nova_bo_query_info() - where a buffer is; returns 0 or an error of the list above */
int nova_bo_query_info(struct nova_bo *bo, struct nova_bo_info *info);

/* --- address spaces ------------------------------------------------------ */

/**
 * nova_vm_create() - make an empty GPU address space
 * @dev: the device
 * @vm: out; nova_vm_destroy() it
 */
int nova_vm_create(struct nova_device *dev, struct nova_vm **vm);

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
 * nova_vm_unmap() - undo one nova_vm_map()
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
 * @flags: NOVA_VM_OP_MAP: NOVA_VM_READONLY
 * @bo: NOVA_VM_OP_MAP: the buffer; otherwise NULL
 * @offset: NOVA_VM_OP_MAP: in the buffer, page aligned; otherwise 0
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

/* --- sync objects -------------------------------------------------------- */

#define NOVA_SYNC_SIGNALED	(1u << 0)	/* born signalled */

/**
 * nova_sync_create() - make a sync object
 * @dev: the device
 * @flags: NOVA_SYNC_SIGNALED
 * @sync: out; nova_sync_destroy() it
 *
 * Used with point 0 it is binary: it holds the last fence put in. With points
 * from 1 up it is a timeline. One object should be used in one way only.
 */
int nova_sync_create(struct nova_device *dev, uint32_t flags, struct nova_sync **sync);

/** nova_sync_destroy() - free a sync object, or NULL; jobs that use it are not affected */
void nova_sync_destroy(struct nova_sync *sync);

/** nova_sync_handle() - the syncobj handle, for raw ioctls */
uint32_t nova_sync_handle(const struct nova_sync *sync);

/**
 * nova_sync_deadline() - a deadline some time from now
 * @ns: nanoseconds; UINT64_MAX: never
 *
 * Returns the time on CLOCK_MONOTONIC, at most INT64_MAX, which means never.
 */
int64_t nova_sync_deadline(uint64_t ns);

#define NOVA_WAIT_ALL		(1u << 0)	/* wait for all, not for any */
#define NOVA_WAIT_FOR_SUBMIT	(1u << 1)	/* wait for a fence to be put in, too; else -EINVAL without one */

/**
 * nova_sync_wait() - wait until a point is signalled
 * @sync: the sync object
 * @point: timeline point, or 0
 * @deadline_ns: absolute, CLOCK_MONOTONIC; in the past: only look
 * @flags: NOVA_WAIT_FOR_SUBMIT
 *
 * A job that failed signals too: nova_sync_get_status() tells. Returns 0; -ETIME; -EINVAL; -ENODEV.
 */
int nova_sync_wait(struct nova_sync *sync, uint64_t point, int64_t deadline_ns, uint32_t flags);

/**
 * nova_sync_wait_many() - wait for any or all of several
 * @syncs: sync objects of one device
 * @points: a point for each, or NULL for 0
 * @count: number of them, not 0
 * @deadline_ns: absolute, CLOCK_MONOTONIC
 * @flags: NOVA_WAIT_*
 * @first: out, without NOVA_WAIT_ALL: one that is signalled; may be NULL
 */
int nova_sync_wait_many(struct nova_sync *const *syncs, const uint64_t *points, uint32_t count,
			int64_t deadline_ns, uint32_t flags, uint32_t *first);

/** nova_sync_query() - the highest point of a timeline that is signalled */
int nova_sync_query(struct nova_sync *sync, uint64_t *point);

/** nova_sync_signal() - signal from the CPU; point 0 for a binary one */
int nova_sync_signal(struct nova_sync *sync, uint64_t point);

/** nova_sync_reset() - take the fence out of a binary one */
int nova_sync_reset(struct nova_sync *sync);

/**
 * nova_sync_get_status() - how the job behind a point ended
 * @sync: the sync object
 * @point: timeline point, or 0
 * @status: out, 0: not ended; 1: ended well; negative errno: ended with this error
 *
 * Needs the device. To learn of jobs that are in flight when it goes away, export a sync file in time.
 * The same for timelines: the kernel keeps no error of an ended point below the last one, it reads as 1.
 */
int nova_sync_get_status(struct nova_sync *sync, uint64_t point, int *status);

/**
 * nova_sync_export_sync_file() - the fence of a point as a sync file
 * @sync: the sync object
 * @point: timeline point, or 0; it must have a fence already, or -EINVAL
 * @fd: out, close-on-exec descriptor, the caller's; poll(2) it for POLLIN
 *
 * The sync file lives on its own: it can be waited for and asked when the device is gone.
 */
int nova_sync_export_sync_file(struct nova_sync *sync, uint64_t point, int *fd);

/**
 * nova_sync_import_sync_file() - put the fence of a sync file in a binary sync object
 * @sync: the sync object
 * @fd: sync file; stays the caller's
 */
int nova_sync_import_sync_file(struct nova_sync *sync, int fd);

/** nova_sync_export_fd() - share the sync object itself; *fd is the caller's, close-on-exec */
int nova_sync_export_fd(struct nova_sync *sync, int *fd);

/** nova_sync_import_fd() - take a shared sync object; @fd stays the caller's; nova_sync_destroy() it */
int nova_sync_import_fd(struct nova_device *dev, int fd, struct nova_sync **sync);

/** nova_sync_file_wait() - wait for a sync file until an absolute deadline; 0 or -ETIME; needs no device */
int nova_sync_file_wait(int fd, int64_t deadline_ns);

/** nova_sync_file_status() - as nova_sync_get_status(), of a sync file; needs no device */
int nova_sync_file_status(int fd, int *status);

/* --- queues -------------------------------------------------------------- */

#define NOVA_PRIORITY_LOW	0
#define NOVA_PRIORITY_NORMAL	1
#define NOVA_PRIORITY_HIGH	2	/* CAP_SYS_NICE, or -EACCES */

/**
 * struct nova_queue_desc - a queue to be made
 * @engine: index of the engine
 * @priority: NOVA_PRIORITY_*
 * @ring_size: entries, a power of two within the limits; 0: default
 */
struct nova_queue_desc {
	uint32_t engine;
	uint32_t priority;
	uint32_t ring_size;
};

/**
 * nova_queue_create() - make a queue
 * @vm: address space its jobs run in
 * @desc: what to make
 * @queue: out; nova_queue_destroy() it
 */
int nova_queue_create(struct nova_vm *vm, const struct nova_queue_desc *desc,
		      struct nova_queue **queue);

/** nova_queue_destroy() - free a queue, or NULL; jobs not finished are killed */
void nova_queue_destroy(struct nova_queue *queue);

/** nova_queue_id() - the queue's id, for raw ioctls */
uint32_t nova_queue_id(const struct nova_queue *queue);

#define NOVA_QUEUE_GUILTY	(1u << 0)	/* killed for what its own job did */
#define NOVA_QUEUE_INNOCENT	(1u << 1)	/* killed for what another queue did */
#define NOVA_QUEUE_TIMEDOUT	(1u << 2)	/* a job ran longer than the limit */
#define NOVA_QUEUE_LOST		(1u << 3)	/* the device lost its state */

/**
 * struct nova_queue_state - state of a queue
 * @flags: NOVA_QUEUE_*; 0 while it is usable
 * @reset_count: engine resets it was part of
 * @error: error-notifier code of the first error, or 0
 */
struct nova_queue_state {
	uint32_t flags;
	uint32_t reset_count;
	uint32_t error;
};

/** nova_queue_get_state() - is it usable; returns 0 or an error of the list above */
int nova_queue_get_state(struct nova_queue *queue, struct nova_queue_state *state);

#define NOVA_PUSH_RANGE_SYNC	(1u << 0)	/* fetch only when the range before has been processed */

/**
 * struct nova_push_range - command words in GPU memory
 * @va: address, multiple of 4
 * @length: bytes, multiple of 4, not 0
 * @flags: NOVA_PUSH_RANGE_SYNC
 */
struct nova_push_range {
	uint64_t va;
	uint32_t length;
	uint32_t flags;
};

#define NOVA_JOB_SYNC_SIGNAL	(1u << 0)	/* the job signals it; otherwise the job waits for it */

/**
 * struct nova_job_sync - a sync object before or after a job
 * @sync: the sync object, of the queue's device
 * @point: timeline point, or 0
 * @flags: NOVA_JOB_SYNC_SIGNAL
 */
struct nova_job_sync {
	struct nova_sync *sync;
	uint64_t point;
	uint32_t flags;
};

/**
 * struct nova_job - one job
 * @ranges: command words, run in order
 * @syncs: what it waits for and signals
 * @range_count: number of ranges; 0: the job only synchronises
 * @sync_count: number of syncs
 */
struct nova_job {
	const struct nova_push_range *ranges;
	const struct nova_job_sync *syncs;
	uint32_t range_count;
	uint32_t sync_count;
};

/**
 * nova_queue_submit() - hand jobs to the GPU; does not wait
 * @queue: the queue
 * @jobs: the jobs, run in order; all are accepted or none
 * @count: number of them, not 0
 */
int nova_queue_submit(struct nova_queue *queue, const struct nova_job *jobs, uint32_t count);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_H */
