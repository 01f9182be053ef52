/* SPDX-License-Identifier: MIT */
#ifndef NOVA_DEVICE_H
#define NOVA_DEVICE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Devices: what there is, what it can do, and its clock. See nova.h. */

struct nova_device;

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

#define NOVA_FEATURE_ASYNC_BIND	(1ull << 0)	/* nova_vm_bind_async() */
#define NOVA_FEATURE_SPARSE	(1ull << 1)	/* NOVA_VM_SPARSE, NOVA_VM_SCRATCH */
#define NOVA_FEATURE_USERPTR	(1ull << 2)	/* nova_vm_map_user() */
#define NOVA_FEATURE_USERMODE_QUEUE	(1ull << 3)	/* nova_userq_create() */
#define NOVA_FEATURE_USER_FENCE	(1ull << 4)	/* nova_vm_wait_fence() */
#define NOVA_FEATURE_RECOVERY	(1ull << 5)	/* a dead firmware costs queues only, NOVA_QUEUE_LOST */
#define NOVA_FEATURE_MADVISE	(1ull << 6)	/* nova_bo_madvise() */
#define NOVA_FEATURE_IMPLICIT_SYNC	(1ull << 7)	/* NOVA_SUBMIT_IMPLICIT_SYNC */

/**
 * struct nova_device_info - identity
 * @chip_id: chip id of the PMC
 * @revision_major: chip revision
 * @revision_minor: chip revision
 * @generation: how often this GPU was bound to the driver
 * @features: NOVA_FEATURE_* mask
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

/** nova_device_query_info() - what the device is */
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
#define NOVA_ENGINE_GRAPHICS	2	/* type of a graphics engine, which has the 2D class 902D */
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
 * @vm_binds_max: nova_vm_bind_async() that are pending in one address space, or -ENOSPC
 * @queue_jobs_max: jobs of one queue that have not ended, or -ENOSPC
 * @page_tables_max: page tables of all address spaces of an open device, or -ENOSPC; each 2 MiB of
 *                   addresses in use takes one, and a few are needed above them
 * @bo_total_max: bytes of all buffers made by an open device, or -ENOSPC
 * @userq_vram_max: bytes of the buffers that may be in video memory and are mapped where there are
 *                  user-mode queues, by open device, or -ENOSPC
 *
 * What counts for an open device is given back with the object, which a job or a dma-buf may keep
 * for longer than nova_bo_destroy() and the like.
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
	uint32_t vm_binds_max;
	uint32_t queue_jobs_max;
	uint32_t page_tables_max;
	uint64_t bo_total_max;
	uint64_t userq_vram_max;
};

/** nova_device_query_limits() - bounds of this device and driver */
int nova_device_query_limits(struct nova_device *dev, struct nova_limits *limits);

/**
 * nova_device_query_priorities() - which priorities the caller's queues may have
 * @dev: the device
 * @allowed: out, a mask of 1 << NOVA_PRIORITY_*
 * @known: out, all that there are, those as well that are -EACCES to the caller; or NULL
 *
 * Returns 0 or an error of the list above; -EINVAL also when the kernel is too old to tell.
 */
int nova_device_query_priorities(struct nova_device *dev, uint32_t *allowed, uint32_t *known);

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

#ifdef __cplusplus
}
#endif

#endif /* NOVA_DEVICE_H */
