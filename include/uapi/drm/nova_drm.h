/* SPDX-License-Identifier: MIT */
#ifndef _UAPI_NOVA_DRM_H_
#define _UAPI_NOVA_DRM_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: overview
 *
 * The interface of the nova render driver on /dev/dri/renderD*::
 *
 *     file ─┬─ GEM handle ──> buffer object (VRAM or system memory)
 *           │                    ▲ VM_BIND maps ranges of it
 *           ├─ VM id ────────> GPU address space ─── 49-bit VA
 *           │                    ▲ pushes name VAs of it
 *           ├─ queue id ─────> channel on one engine, in one VM
 *           │                    ▲ EXEC appends jobs: pushes + syncs
 *           └─ syncobj handle > binary or timeline fence container (DRM core)
 *
 * Handles and ids belong to the file that made them. All ioctls are allowed on
 * the render node without privileges, except where CAP_SYS_NICE is named.
 *
 * Rules of the interface and of its extension:
 *
 * - Structures have fixed-size naturally aligned fields, explicit padding and a size
 *   that is a multiple of 8. Padding and unknown flags must be zero, or EINVAL
 *   (the pad of GEM_CREATE and GEM_INFO is ignored, as it always was).
 * - A structure grows only at its end; zero in a new field means the old
 *   behaviour. Features are announced by DRM_IOCTL_NOVA_DEV_QUERY.
 * - Arrays are &struct drm_nova_array: elements may be smaller than the
 *   kernel's (the rest is zero) or larger (what the kernel does not know must be zero, or E2BIG).
 * - Everything is validated before anything is done. An ioctl that returns
 *   EINTR or ERESTARTSYS has changed nothing and may be repeated as it is.
 *
 * Errors, one meaning each; an ioctl names only what is special to it:
 *
 * ====================  ====================================================
 * EINVAL                malformed: unknown flag or value, pad not zero, bad alignment or size
 * EFAULT                a user pointer cannot be read or written
 * ENOENT                no such GEM handle, VM, queue or syncobj in this file
 * EACCES                privilege missing (CAP_SYS_NICE for high priority)
 * EPERM                 not allowed for this object (mapping NO_MMAP, sharing VM-private)
 * ENOSPC                video memory or page-table memory, channels, or a per-file limit exhausted
 * ENOMEM                system memory exhausted
 * E2BIG                 an array, a push or a label is longer than its limit
 * EOPNOTSUPP            valid, but this driver or device lacks the feature
 * ECANCELED             the queue was killed, DRM_IOCTL_NOVA_QUEUE_GET_STATE tells why; or the
 *                       device is wedged
 * EBUSY                 the buffer cannot be moved, a user-mode queue may be using it
 * ETIME                 the deadline of a wait has passed
 * ETIMEDOUT             the device's firmware did not answer in time
 * EIO                   the device's answer makes no sense
 * ENODEV                the device is gone; every object can still be closed
 * ====================  ====================================================
 *
 * When the device's firmware dies it is started again, once as long as the driver is bound
 * (%DRM_NOVA_FEATURE_RECOVERY, and the parameter "recoveries" of nova_core). All queues of that
 * moment are dead, DRM_NOVA_QUEUE_STATE_LOST, and fences of their unfinished jobs signal with
 * ECANCELED. Until they do, an ioctl that needs the firmware may return ETIMEDOUT; afterwards new
 * queues can be made. All memory and all bindings are as they were, but for what unfinished jobs
 * were writing. The uevent of the DRM device says WEDGED=none then. If the firmware dies again the
 * device is wedged, which the uevent announces, last, with WEDGED=rebind: QUEUE_CREATE, VM_BIND
 * and EXEC return ECANCELED, with nothing done; video memory has any content for the CPU.
 *
 * After the device is gone: ioctls return ENODEV, fences signal with the error ENODEV, CPU
 * mappings stay readable and writable with undefined content, files and handles can be closed.
 */

/*
 * Numbers of the ioctls, for DRM_IOCTL_NOVA_* below, which have the documentation.
 * Upstream's three: numbers and leading fields are fixed.
 */
#define DRM_NOVA_GETPARAM		0x00
#define DRM_NOVA_GEM_CREATE		0x01
#define DRM_NOVA_GEM_INFO		0x02
/* Our own. */
#define DRM_NOVA_DEV_QUERY		0x20
#define DRM_NOVA_GEM_MMAP_OFFSET	0x21
#define DRM_NOVA_GEM_SET_META		0x22
#define DRM_NOVA_VM_CREATE		0x23
#define DRM_NOVA_VM_DESTROY		0x24
#define DRM_NOVA_VM_BIND		0x25
#define DRM_NOVA_VM_GET_STATE		0x26
#define DRM_NOVA_QUEUE_CREATE		0x27
#define DRM_NOVA_QUEUE_DESTROY		0x28
#define DRM_NOVA_QUEUE_GET_STATE	0x29
#define DRM_NOVA_EXEC			0x2a
#define DRM_NOVA_GET_TIME		0x2b
#define DRM_NOVA_WAIT_USER_FENCE	0x2c

/**
 * struct drm_nova_array - an array argument
 * @stride: bytes from one element to the next, a multiple of 8
 * @count: number of elements
 * @ptr: user pointer to the first; ignored when @count is 0
 */
struct drm_nova_array {
	__u32 stride;
	__u32 count;
	__u64 ptr;
};

/** define NOVA_GETPARAM_VRAM_BAR_SIZE - bytes of PCI BAR 1, the window on video memory */
#define NOVA_GETPARAM_VRAM_BAR_SIZE	0x1

/**
 * struct drm_nova_getparam - DRM_IOCTL_NOVA_GETPARAM
 * @param: NOVA_GETPARAM_* in the low 32 bits, the high ones are ignored; unknown: EINVAL
 * @value: out, the parameter's value
 */
struct drm_nova_getparam {
	__u64 param;
	__u64 value;
};

/** define DRM_NOVA_PLACEMENT_VRAM - video memory */
#define DRM_NOVA_PLACEMENT_VRAM		(1u << 0)
/** define DRM_NOVA_PLACEMENT_SYSTEM - system memory */
#define DRM_NOVA_PLACEMENT_SYSTEM	(1u << 1)

/** define DRM_NOVA_GEM_NO_MMAP - the buffer is never mapped by a CPU */
#define DRM_NOVA_GEM_NO_MMAP		(1u << 0)

/** define DRM_NOVA_CPU_CACHING_DEFAULT - WB in system memory, WC in video memory */
#define DRM_NOVA_CPU_CACHING_DEFAULT	0
/** define DRM_NOVA_CPU_CACHING_WB - write-back; system memory only, or EINVAL */
#define DRM_NOVA_CPU_CACHING_WB		1
/** define DRM_NOVA_CPU_CACHING_WC - write-combined */
#define DRM_NOVA_CPU_CACHING_WC		2

/**
 * struct drm_nova_gem_create - DRM_IOCTL_NOVA_GEM_CREATE
 * @handle: out, the new GEM handle
 * @pad: ignored
 * @size: bytes, rounded up to 4096; 0 or more than the limit: EINVAL
 * @flags: DRM_NOVA_GEM_*
 * @placement: DRM_NOVA_PLACEMENT_* mask; 0 means both, video memory first
 * @vm_id: not 0: the buffer is private to this VM, shares its reservation
 *         object and can be neither exported nor bound in another VM
 * @cpu_caching: DRM_NOVA_CPU_CACHING_*
 *
 * The content is zero. Memory is allocated at first use. Callers of the old
 * 16-byte structure get a mappable buffer in either memory.
 */
struct drm_nova_gem_create {
	__u32 handle;
	__u32 pad;
	__u64 size;
	__u32 flags;
	__u32 placement;
	__u32 vm_id;
	__u32 cpu_caching;
};

/**
 * DOC: buffers shared by dma-buf
 *
 * Handles become dma-bufs and back with DRM's ioctls. Other devices get system memory: a buffer
 * that may be in video memory only is not for them (EOPNOTSUPP), others are moved when they are
 * imported (EBUSY if a user-mode queue may be using one in video memory), and stay while they are.
 * Their memory may be swapped out while nobody uses it; importers that can be told of moves are,
 * for others it is pinned.
 *
 * The memory of an imported buffer may move as well, between the jobs of a VM that it is bound in.
 * Each EXEC and VM_BIND of the VM that needs it has it mapped where it is then, and fails with the
 * exporter's error if that cannot be.
 */

/** define DRM_NOVA_GEM_INFO_IMPORTED - the memory is another device's (dma-buf import) */
#define DRM_NOVA_GEM_INFO_IMPORTED	(1u << 31)

/**
 * struct drm_nova_gem_info - DRM_IOCTL_NOVA_GEM_INFO
 * @handle: GEM handle, or ENOENT
 * @pad: ignored
 * @size: out, bytes, page aligned
 * @flags: out, DRM_NOVA_GEM_* the buffer was made with, DRM_NOVA_GEM_INFO_*
 * @placement: out, DRM_NOVA_PLACEMENT_* mask it may live in
 * @resident: out, DRM_NOVA_PLACEMENT_* it lives in now; 0: nothing allocated, or swapped out; of an
 *            imported buffer always system memory
 * @reserved: out, 0
 */
struct drm_nova_gem_info {
	__u32 handle;
	__u32 pad;
	__u64 size;
	__u32 flags;
	__u32 placement;
	__u32 resident;
	__u32 reserved;
};

/** define DRM_NOVA_QUERY_DEVICE - &struct drm_nova_query_device */
#define DRM_NOVA_QUERY_DEVICE		1
/** define DRM_NOVA_QUERY_MEMORY - &struct drm_nova_query_memory */
#define DRM_NOVA_QUERY_MEMORY		2
/** define DRM_NOVA_QUERY_ENGINES - &struct drm_nova_query_engines */
#define DRM_NOVA_QUERY_ENGINES		3
/** define DRM_NOVA_QUERY_LIMITS - &struct drm_nova_query_limits */
#define DRM_NOVA_QUERY_LIMITS		4
/** define DRM_NOVA_QUERY_PRIORITIES - &struct drm_nova_query_priorities */
#define DRM_NOVA_QUERY_PRIORITIES	5

/**
 * struct drm_nova_dev_query - DRM_IOCTL_NOVA_DEV_QUERY
 * @type: DRM_NOVA_QUERY_*; unknown: EINVAL
 * @size: in, size of the buffer; out, size of the kernel's structure
 * @pointer: user buffer, or 0 to ask for the size only
 *
 * Copies the smaller of both sizes and zero-fills the rest of the buffer.
 */
struct drm_nova_dev_query {
	__u32 type;
	__u32 size;
	__u64 pointer;
};

/**
 * struct drm_nova_query_device - identity
 * @chip_id: PMC_BOOT_42 CHIP_ID
 * @revision: major revision in bits 7:4, minor in 3:0
 * @generation: counts the times this GPU was bound to the driver since boot of the module
 * @features: DRM_NOVA_FEATURE_* mask
 * @pci_domain: PCI domain
 * @pci_bus: PCI bus
 * @pci_device: PCI device
 * @pci_function: PCI function
 */
struct drm_nova_query_device {
	__u32 chip_id;
	__u32 revision;
	__u64 generation;
	__u64 features;
	__u32 pci_domain;
	__u32 pci_bus;
	__u32 pci_device;
	__u32 pci_function;
};

/* Features; a bit is set when the driver and the device have it. */

/** define DRM_NOVA_FEATURE_ASYNC_BIND - DRM_NOVA_VM_BIND_ASYNC */
#define DRM_NOVA_FEATURE_ASYNC_BIND	(1ull << 0)
/** define DRM_NOVA_FEATURE_SPARSE - DRM_NOVA_VM_BIND_SPARSE, DRM_NOVA_VM_SCRATCH */
#define DRM_NOVA_FEATURE_SPARSE		(1ull << 1)
/** define DRM_NOVA_FEATURE_USERPTR - DRM_NOVA_VM_BIND_USERPTR */
#define DRM_NOVA_FEATURE_USERPTR	(1ull << 2)
/** define DRM_NOVA_FEATURE_USERMODE_QUEUE - DRM_NOVA_QUEUE_USERMODE */
#define DRM_NOVA_FEATURE_USERMODE_QUEUE	(1ull << 3)
/** define DRM_NOVA_FEATURE_USER_FENCE - DRM_IOCTL_NOVA_WAIT_USER_FENCE */
#define DRM_NOVA_FEATURE_USER_FENCE	(1ull << 4)
/** define DRM_NOVA_FEATURE_RECOVERY - a dead firmware costs queues, not memory; VM_GET_STATE */
#define DRM_NOVA_FEATURE_RECOVERY	(1ull << 5)
/** define DRM_NOVA_FEATURE_MADVISE - DRM_NOVA_GEM_META_MADVISE */
#define DRM_NOVA_FEATURE_MADVISE	(1ull << 6)
/** define DRM_NOVA_FEATURE_IMPLICIT_SYNC - DRM_NOVA_EXEC_IMPLICIT_SYNC */
#define DRM_NOVA_FEATURE_IMPLICIT_SYNC	(1ull << 7)

/**
 * struct drm_nova_memory_region - one kind of memory
 * @placement: DRM_NOVA_PLACEMENT_* bit
 * @reserved: 0
 * @total: bytes a client can allocate at most
 * @used: bytes in use by all clients
 */
struct drm_nova_memory_region {
	__u32 placement;
	__u32 reserved;
	__u64 total;
	__u64 used;
};

/**
 * struct drm_nova_query_memory - memory regions
 * @count: valid entries
 * @reserved: 0
 * @regions: the regions
 */
struct drm_nova_query_memory {
	__u32 count;
	__u32 reserved;
	struct drm_nova_memory_region regions[4];
};

/** define DRM_NOVA_ENGINE_COPY - a copy engine */
#define DRM_NOVA_ENGINE_COPY		1
/** define DRM_NOVA_ENGINE_GRAPHICS - the graphics engine, which has the 2D class */
#define DRM_NOVA_ENGINE_GRAPHICS	2

/**
 * struct drm_nova_engine - one engine
 * @index: for QUEUE_CREATE
 * @type: DRM_NOVA_ENGINE_*
 * @instance: number among the engines of its type
 * @host_class: class of the host methods, 0xc46f
 * @class_id: class of the engine's methods, 0xc5b5 for the copy engine, 0x902d (2D) for graphics
 * @subchannel: sub-channel its methods are sent on
 */
struct drm_nova_engine {
	__u32 index;
	__u32 type;
	__u32 instance;
	__u32 host_class;
	__u32 class_id;
	__u32 subchannel;
};

/**
 * struct drm_nova_query_engines - engines
 * @count: valid entries
 * @reserved: 0
 * @engines: the engines
 */
struct drm_nova_query_engines {
	__u32 count;
	__u32 reserved;
	struct drm_nova_engine engines[8];
};

/**
 * struct drm_nova_query_limits - bounds
 * @va_bits: width of a GPU virtual address
 * @page_size: granule of VM_BIND
 * @gem_size_max: largest buffer in bytes
 * @va_push_end: pushes must end at or below this address
 * @push_bytes_max: longest push, in bytes
 * @bind_ops_max: ops in one VM_BIND
 * @exec_jobs_max: jobs in one EXEC
 * @exec_pushes_max: pushes in one job; also at most two less than the queue's ring_size
 * @syncs_max: syncs in one job
 * @vms_max: VMs per file, or ENOSPC
 * @queues_max: queues per file, or ENOSPC
 * @ring_size_min: smallest ring of a queue, in entries
 * @ring_size_max: largest
 * @job_timeout_ms: a job that runs longer is killed with its queue, and a user-mode queue that
 *	holds an engine for longer
 * @queue_jobs_max: jobs of one queue that were submitted and are not finished, or ENOSPC
 * @page_tables_max: page tables of all VMs of a file, or ENOSPC; each 2 MiB of
 *	addresses in use takes one, and a few are needed above them
 * @file_gem_bytes_max: sum of the sizes of the buffers a file made, used or not, or ENOSPC
 * @vm_binds_max: asynchronous VM_BINDs of one VM that are not finished, or ENOSPC
 * @reserved: 0
 * @userq_vram_bytes_max: sum of the sizes of the buffers that may be in video memory and are
 *	bound in a file's VMs with user-mode queues, or ENOSPC; twice that for all files
 *
 * What is limited per file is given back with the object, which may outlive its handle.
 */
struct drm_nova_query_limits {
	__u32 va_bits;
	__u32 page_size;
	__u64 gem_size_max;
	__u64 va_push_end;
	__u32 push_bytes_max;
	__u32 bind_ops_max;
	__u32 exec_jobs_max;
	__u32 exec_pushes_max;
	__u32 syncs_max;
	__u32 vms_max;
	__u32 queues_max;
	__u32 ring_size_min;
	__u32 ring_size_max;
	__u32 job_timeout_ms;
	__u32 queue_jobs_max;
	__u32 page_tables_max;
	__u64 file_gem_bytes_max;
	__u32 vm_binds_max;
	__u32 reserved;
	__u64 userq_vram_bytes_max;
};

/**
 * struct drm_nova_query_priorities - priorities of queues
 * @allowed: those that QUEUE_CREATE allows to who asks, a mask of 1 << DRM_NOVA_PRIORITY_*; the
 *           others are EACCES
 * @known: all that there are, as a mask
 */
struct drm_nova_query_priorities {
	__u32 allowed;
	__u32 known;
};

/**
 * struct drm_nova_gem_mmap_offset - DRM_IOCTL_NOVA_GEM_MMAP_OFFSET
 * @handle: GEM handle
 * @flags: must be 0
 * @offset: out, to pass to mmap(2) on the DRM file
 *
 * EPERM for a DRM_NOVA_GEM_NO_MMAP buffer and for an imported one.
 */
struct drm_nova_gem_mmap_offset {
	__u32 handle;
	__u32 flags;
	__u64 offset;
};

/** define DRM_NOVA_GEM_META_LABEL - a name for people, see &struct drm_nova_gem_set_meta */
#define DRM_NOVA_GEM_META_LABEL		1
/** define DRM_NOVA_GEM_META_MADVISE - is the content needed? */
#define DRM_NOVA_GEM_META_MADVISE	2

/** define DRM_NOVA_GEM_LABEL_MAX - longest label in bytes, or E2BIG */
#define DRM_NOVA_GEM_LABEL_MAX		4096

/** define DRM_NOVA_MADVISE_WILLNEED - keep the content; how each buffer begins */
#define DRM_NOVA_MADVISE_WILLNEED	0
/** define DRM_NOVA_MADVISE_DONTNEED - it may be dropped when memory is short */
#define DRM_NOVA_MADVISE_DONTNEED	1

/**
 * struct drm_nova_gem_set_meta - DRM_IOCTL_NOVA_GEM_SET_META
 * @handle: GEM handle, or ENOENT
 * @op: DRM_NOVA_GEM_META_*; unknown: EINVAL
 * @value: of a label: its length in bytes, 0 for none; of an advice: DRM_NOVA_MADVISE_*
 * @pointer: of a label: user pointer to its bytes, any but they are shown up to the first zero; of
 *           an advice: must be 0
 * @retained: out, of an advice: 1 when the buffer has kept its content since it was needed last, 0
 *            when it was dropped
 * @pad: must be 0
 *
 * A label belongs to the buffer, not to the handle, and is shown in debugfs.
 *
 * DONTNEED waits for the jobs that may be using the buffer, and takes it out of the GPU's sight. It
 * stays bound, but the GPU faults where it is; VM_BIND refuses it (EPERM). From then on its memory
 * may go at any moment, with the content: retained, in the next answer, tells. CPU mappings stay
 * usable; of a dropped buffer they are zero, and what is written to them may be dropped again.
 *
 * WILLNEED ends that: the content is kept from now on, what was dropped is zero, and the
 * GPU sees the buffer from the next EXEC on. A retained of 0 is told once. Where the buffer is
 * bound in a VM with user-mode queues, the GPU sees it when WILLNEED returns, which waits for the
 * jobs of that VM. It is ENOSPC when there is no room in video memory, and DONTNEED stands.
 *
 * DONTNEED is EBUSY while the buffer is bound where there are user-mode queues. Advice on an
 * imported buffer is EPERM: the memory is not ours. A buffer in use by an importer is not dropped.
 * Idle buffers whose content is needed may be swapped out, and come back with it.
 */
struct drm_nova_gem_set_meta {
	__u32 handle;
	__u32 op;
	__u64 value;
	__u64 pointer;
	__u32 retained;
	__u32 pad;
};

/** define DRM_NOVA_VM_SCRATCH - what is not mapped behaves as with DRM_NOVA_VM_BIND_SPARSE */
#define DRM_NOVA_VM_SCRATCH		(1u << 0)

/**
 * struct drm_nova_vm_create - DRM_IOCTL_NOVA_VM_CREATE
 * @flags: DRM_NOVA_VM_SCRATCH
 * @vm_id: out, never 0
 * @va_start: out, first address the client may bind
 * @va_size: out, bytes it may bind from there; the rest of the space is the kernel's
 */
struct drm_nova_vm_create {
	__u32 flags;
	__u32 vm_id;
	__u64 va_start;
	__u64 va_size;
};

/**
 * struct drm_nova_vm_destroy - DRM_IOCTL_NOVA_VM_DESTROY
 * @vm_id: the VM
 * @pad: must be 0
 *
 * Queues keep the address space they run in until they are destroyed. Asynchronous binds that are
 * pending when the last of them goes are not applied; their fences signal with ECANCELED.
 */
struct drm_nova_vm_destroy {
	__u32 vm_id;
	__u32 pad;
};

/** define DRM_NOVA_VM_BIND_OP_MAP - map a range, replacing what is there */
#define DRM_NOVA_VM_BIND_OP_MAP		0
/** define DRM_NOVA_VM_BIND_OP_UNMAP - unmap a range; what is not mapped is no error */
#define DRM_NOVA_VM_BIND_OP_UNMAP	1
/** define DRM_NOVA_VM_BIND_OP_UNMAP_ALL - unmap all the client has bound; other fields 0 */
#define DRM_NOVA_VM_BIND_OP_UNMAP_ALL	2

/** define DRM_NOVA_VM_BIND_READONLY - MAP: writes by the GPU fault */
#define DRM_NOVA_VM_BIND_READONLY	(1u << 0)
/** define DRM_NOVA_VM_BIND_SPARSE - MAP without memory, see &struct drm_nova_vm_bind_op */
#define DRM_NOVA_VM_BIND_SPARSE		(1u << 1)
/** define DRM_NOVA_VM_BIND_USERPTR - MAP of the caller's memory, see there */
#define DRM_NOVA_VM_BIND_USERPTR	(1u << 2)

/**
 * struct drm_nova_vm_bind_op - one change of an address space
 * @op: DRM_NOVA_VM_BIND_OP_*
 * @flags: DRM_NOVA_VM_BIND_READONLY, DRM_NOVA_VM_BIND_USERPTR or both; or DRM_NOVA_VM_BIND_SPARSE
 * @handle: MAP of a buffer: GEM handle; otherwise 0
 * @pad: must be 0
 * @bo_offset: MAP of a buffer: offset in it, multiple of 4096; with DRM_NOVA_VM_BIND_USERPTR the
 *             address in the process, multiple of the CPU's page size; otherwise 0
 * @va: first address, multiple of 4096
 * @size: bytes, multiple of 4096, not 0; the MAPs of memory in one call together at most
 *        gem_size_max of DRM_NOVA_QUERY_LIMITS, or E2BIG
 *
 * A MAP with DRM_NOVA_VM_BIND_SPARSE gives a range no memory: the GPU reads zero there and what it
 * writes is dropped, nothing faults. The range may be as long as the address space: it takes page
 * tables at its two ends only, at most four each. Otherwise it is a mapping as others. A MAP of a
 * buffer replaces a part of it, and what is unmapped later is not sparse again. To unmap a part
 * of it takes page tables where it is cut, and can fail with ENOSPC or ENOMEM; to unmap all of it
 * cannot.
 *
 * A MAP with DRM_NOVA_VM_BIND_USERPTR gives the GPU memory of the process that calls, anonymous,
 * shared or of a file: what is at these addresses of it, whatever that becomes. The process must
 * have all of it, and be allowed to write to it unless DRM_NOVA_VM_BIND_READONLY is set, or
 * EFAULT; so it is for mappings of devices and their buffers, and where a userfaultfd is
 * registered. Nothing is pinned. When the memory changes (it is unmapped, moved, swapped out,
 * protected, shared by a fork) the kernel waits for the jobs and binds of the VM, for twelve times
 * job_timeout_ms at most, and takes it from the GPU; a job that is still at it faults. The next
 * EXEC in the VM looks up what is at the addresses then. It is EFAULT, with nothing done, while the
 * process has nothing there, or has ended, and the range is still bound.
 * A fork's child has no part in it: the range is the caller's, whoever else has the file.
 *
 * EPERM in a VM with user-mode queues: nobody could tell when they have finished with the memory.
 */
struct drm_nova_vm_bind_op {
	__u32 op;
	__u32 flags;
	__u32 handle;
	__u32 pad;
	__u64 bo_offset;
	__u64 va;
	__u64 size;
};

/** define DRM_NOVA_VM_BIND_ASYNC - do not wait; bind when the fences have signalled */
#define DRM_NOVA_VM_BIND_ASYNC		(1u << 0)

/**
 * struct drm_nova_vm_bind - DRM_IOCTL_NOVA_VM_BIND
 * @vm_id: the VM
 * @flags: DRM_NOVA_VM_BIND_ASYNC
 * @ops: array of &struct drm_nova_vm_bind_op, applied in order, all or none; may be empty
 * @syncs: array of &struct drm_nova_sync; empty without DRM_NOVA_VM_BIND_ASYNC
 *
 * When it returns 0 the GPU sees the new mappings, and no engine still uses
 * the old ones through a translation cache. Jobs that run meanwhile see either.
 * The ioctl does not wait for jobs.
 *
 * With DRM_NOVA_VM_BIND_ASYNC this is so when the syncobjs of @syncs that are to be signalled have
 * signalled, and not before those that are waited for have. All errors are the ioctl's: a bind
 * that was accepted takes place, unless its VM or the device goes before, and then the
 * fence has the error ECANCELED or ENODEV. The asynchronous binds of a VM take place in order. One
 * that is synchronous comes after those that are pending, and waits for them. With
 * no ops it is a sync point in that order. Jobs wait for a bind only if a sync says so. The
 * buffers of a VM stay where they are while a bind of it is pending.
 */
struct drm_nova_vm_bind {
	__u32 vm_id;
	__u32 flags;
	struct drm_nova_array ops;
	struct drm_nova_array syncs;
};

/**
 * struct drm_nova_vm_fault - the GPU could not translate an address
 * @address: the address, of 4 KiB granularity
 * @time_ns: when, by the clock of GET_TIME's gpu_ns
 * @type: why: 0 PDE, 2 PTE (neither is valid), 6 read-only violation; other values as in
 *	NVIDIA's published manuals (NV_PFAULT_FAULT_TYPE)
 * @access: what was tried: 0 read, 1 write, 2 atomic, 3 prefetch (NV_PFAULT_ACCESS_TYPE)
 * @client: unit of the GPU that did (NV_PFAULT_CLIENT)
 * @engine: index of the queue's engine in DRM_NOVA_QUERY_ENGINES
 * @queue_id: the queue, which this costs its life; its id is another's after QUEUE_DESTROY
 * @reserved: 0
 */
struct drm_nova_vm_fault {
	__u64 address;
	__u64 time_ns;
	__u32 type;
	__u32 access;
	__u32 client;
	__u32 engine;
	__u32 queue_id;
	__u32 reserved;
};

/** define DRM_NOVA_VM_STATE_USABLE - bindings can be changed, and queues can be made in the VM */
#define DRM_NOVA_VM_STATE_USABLE	(1u << 0)

/**
 * struct drm_nova_vm_get_state - DRM_IOCTL_NOVA_VM_GET_STATE
 * @vm_id: the VM
 * @state: out, DRM_NOVA_VM_STATE_*; 0 once the device is wedged
 * @reset_count: out, recoveries of the device since VM_CREATE; each has cost the queues
 * @fault_count: out, faults of the VM's queues since VM_CREATE, modulo 2^32
 * @faults: array of &struct drm_nova_vm_fault to fill. In: room for @count, at most 4096, or
 *	E2BIG; out: @count elements were written. They are the newest of those that are kept, 16
 *	at most, the oldest of them first; with less room the older ones are left out
 *
 * A fault kills the queue it happens in, never the VM or another queue in it. It may show up here
 * a moment after it does in the queue's state, which the firmware reports on a way of its own.
 * Faults that the GPU had no room to report are missing.
 */
struct drm_nova_vm_get_state {
	__u32 vm_id;
	__u32 state;
	__u32 reset_count;
	__u32 fault_count;
	struct drm_nova_array faults;
};

/** define DRM_NOVA_PRIORITY_LOW - less of a busy engine than others get */
#define DRM_NOVA_PRIORITY_LOW		0
/** define DRM_NOVA_PRIORITY_NORMAL - an equal part of it */
#define DRM_NOVA_PRIORITY_NORMAL	1
/** define DRM_NOVA_PRIORITY_HIGH - more of it; needs CAP_SYS_NICE, or EACCES */
#define DRM_NOVA_PRIORITY_HIGH		2

/**
 * DOC: user-mode queues
 *
 * A queue made with DRM_NOVA_QUEUE_USERMODE takes work from its ring, which the client maps and
 * fills; submitting is no system call. One mmap() at doorbell_offset of the DRM file that made it,
 * shared, of map_size bytes or any part of them, has, in pages of the CPU:
 *
 * ========  ==============================================================================
 * page 0    the usermode page of the device, uncached. A 32-bit store of the token at
 *           DRM_NOVA_USERQ_DOORBELL has the device look at GP_PUT
 * page 1    USERD, ordinary memory. DRM_NOVA_USERQ_GP_PUT is the client's, 32 bits: the index
 *           behind the last entry. DRM_NOVA_USERQ_GP_GET is the device's: the entry it is at
 * page 2    and the following: the ring, ring_size GP entries of 8 bytes, ordinary memory
 * ========  ==============================================================================
 *
 * To submit, write the entries, then GP_PUT, then ring the doorbell, with a write barrier between
 * each. The ring is empty when GP_GET == GP_PUT and is full with one entry free. The device writes
 * GP_GET from time to time only, so completion is better told by a semaphore that the push
 * releases, with a non-stall interrupt behind it for DRM_IOCTL_NOVA_WAIT_USER_FENCE.
 *
 * No memory of a process can be bound where there are such queues, and no such queue be made where
 * some is bound, or is until a bind on its way takes place (EPERM, DRM_NOVA_VM_BIND_USERPTR).
 *
 * While a VM has user-mode queues, all buffers bound in it stay resident: they are made so when
 * the first one is created and with each VM_BIND, and are not moved (EBUSY for another device that
 * imports one in video memory). Imported ones are pinned by their owners for that, whose error is
 * the ioctl's, and count as those in video memory do for the limit (ENOSPC).
 *
 * Work in such a queue may take as long as it likes, and wait for semaphores as long as it likes,
 * as it leaves the engine to others from time to time. A queue that does not let go of its engine
 * for job_timeout_ms (&struct drm_nova_query_limits) has hung it and is killed, GUILTY and
 * TIMEDOUT; so it is when a job of another queue on that engine runs out of time before that.
 * Errors and faults kill it and no other. Waits that name it end with ECANCELED.
 *
 * When the queue has been destroyed, or the device is gone, the mapping is still there: one page
 * of plain memory, zero at first, in place of each of its pages. Whoever goes on submitting to it
 * writes to that and is not told; DRM_IOCTL_NOVA_QUEUE_GET_STATE or a wait tells.
 */

/** define DRM_NOVA_QUEUE_USERMODE - the client writes to the ring and rings the doorbell */
#define DRM_NOVA_QUEUE_USERMODE		(1u << 0)

/** define DRM_NOVA_USERQ_DOORBELL - offset in page 0, NOTIFY_CHANNEL_PENDING */
#define DRM_NOVA_USERQ_DOORBELL		0x90
/** define DRM_NOVA_USERQ_GP_GET - offset in page 1 */
#define DRM_NOVA_USERQ_GP_GET		0x88
/** define DRM_NOVA_USERQ_GP_PUT - offset in page 1 */
#define DRM_NOVA_USERQ_GP_PUT		0x8c

/**
 * struct drm_nova_queue_create - DRM_IOCTL_NOVA_QUEUE_CREATE
 * @vm_id: address space the queue runs in
 * @engine: index from DRM_NOVA_QUERY_ENGINES
 * @priority: DRM_NOVA_PRIORITY_*
 * @flags: DRM_NOVA_QUEUE_USERMODE
 * @ring_size: GPFIFO entries, a power of two within the limits; 0 for the default; out, what it is
 * @queue_id: out, never 0
 * @doorbell_offset: out, offset for mmap(); this and the rest are 0 without DRM_NOVA_QUEUE_USERMODE
 * @map_size: out, bytes that can be mapped there
 * @ring_va: out, address of the ring in the VM, where the GPU can read it
 * @token: out, what rings the doorbell
 * @reserved: out, 0
 *
 * ENOSPC for the first user-mode queue of a VM in which more is bound than userq_vram_bytes_max, or
 * than video memory has room for. EOPNOTSUPP for a user-mode queue from a driver that does not
 * announce %DRM_NOVA_FEATURE_USERMODE_QUEUE; this one always does.
 */
struct drm_nova_queue_create {
	__u32 vm_id;
	__u32 engine;
	__u32 priority;
	__u32 flags;
	__u32 ring_size;
	__u32 queue_id;
	__u64 doorbell_offset;
	__u64 map_size;
	__u64 ring_va;
	__u32 token;
	__u32 reserved;
};

/**
 * struct drm_nova_queue_destroy - DRM_IOCTL_NOVA_QUEUE_DESTROY
 * @queue_id: the queue
 * @pad: must be 0
 *
 * Jobs not yet finished are killed; their fences signal with an error.
 */
struct drm_nova_queue_destroy {
	__u32 queue_id;
	__u32 pad;
};

/** define DRM_NOVA_QUEUE_STATE_GUILTY - killed for what its own job did */
#define DRM_NOVA_QUEUE_STATE_GUILTY	(1u << 0)
/** define DRM_NOVA_QUEUE_STATE_INNOCENT - killed, and not for what its own job did */
#define DRM_NOVA_QUEUE_STATE_INNOCENT	(1u << 1)
/** define DRM_NOVA_QUEUE_STATE_TIMEDOUT - took longer than the limit */
#define DRM_NOVA_QUEUE_STATE_TIMEDOUT	(1u << 2)
/** define DRM_NOVA_QUEUE_STATE_LOST - the device lost its state */
#define DRM_NOVA_QUEUE_STATE_LOST	(1u << 3)

/**
 * struct drm_nova_queue_get_state - DRM_IOCTL_NOVA_QUEUE_GET_STATE
 * @queue_id: the queue
 * @flags: out, DRM_NOVA_QUEUE_STATE_*; 0 while the queue is usable
 * @reset_count: out, engine resets this queue was part of
 * @error: out, error-notifier code of the first error (13 graphics engine, 31
 *         MMU fault, 32 push buffer, 39-41 copy engine, 43 timeout, 69 class or
 *         method that the graphics engine lacks), or 0
 *
 * A queue is killed once, and the first reason stands:
 *
 * ======================  ==================================================================
 * GUILTY                  an error or a fault of its own
 * GUILTY | TIMEDOUT       its job took too long, or it did not let go of its engine
 * INNOCENT                its work was on an engine that was reset to stop another queue
 * INNOCENT | TIMEDOUT     its job took too long, but another channel is stuck on the engine
 * INNOCENT | LOST         the firmware died, or the device went
 * GUILTY | LOST           likewise, when it was about to be killed as GUILTY
 * TIMEDOUT | LOST         its job took too long, and the firmware was too dead to say why
 * ======================  ==================================================================
 */
struct drm_nova_queue_get_state {
	__u32 queue_id;
	__u32 flags;
	__u32 reset_count;
	__u32 error;
};

/** define DRM_NOVA_SYNC_SIGNAL - the job signals it; without it waits */
#define DRM_NOVA_SYNC_SIGNAL		(1u << 0)
/** define DRM_NOVA_SYNC_TIMELINE - the point counts; without it must be 0 */
#define DRM_NOVA_SYNC_TIMELINE		(1u << 1)

/**
 * struct drm_nova_sync - a syncobj before or after a job
 * @flags: DRM_NOVA_SYNC_*
 * @handle: syncobj handle
 * @point: timeline point, not 0 with DRM_NOVA_SYNC_TIMELINE
 *
 * A wait for a syncobj or point that has no fence yet: EINVAL. Whoever waits for a point waits for
 * all that came into the timeline before it. A point that is not above the last one is no error:
 * it joins the last one, and waits for any point between them are for both. A job or bind
 * whose wait ends with an error takes place all the same.
 *
 * The same syncobj may be in an array twice: waits are for what it had before, signals replace it
 * or add to it in the order of the array. An ioctl that fails leaves all syncobjs as they were.
 */
struct drm_nova_sync {
	__u32 flags;
	__u32 handle;
	__u64 point;
};

/** define DRM_NOVA_PUSH_SYNC - do not fetch before Host has processed the segment before */
#define DRM_NOVA_PUSH_SYNC		(1u << 0)

/**
 * struct drm_nova_push - one push-buffer segment
 * @va: GPU address, multiple of 4
 * @length: bytes, multiple of 4, not 0
 * @flags: DRM_NOVA_PUSH_*
 */
struct drm_nova_push {
	__u64 va;
	__u32 length;
	__u32 flags;
};

/**
 * struct drm_nova_job - one job
 * @flags: must be 0
 * @pad: must be 0
 * @pushes: array of &struct drm_nova_push, executed in order; may be empty;
 *          no push may reach into the kernel's part of the address space
 * @syncs: array of &struct drm_nova_sync
 */
struct drm_nova_job {
	__u32 flags;
	__u32 pad;
	struct drm_nova_array pushes;
	struct drm_nova_array syncs;
};

/**
 * define DRM_NOVA_EXEC_IMPLICIT_SYNC - order the call among what others do with shared buffers
 *
 * For clients whose partners know no syncobjs. It is about the buffers that are bound in the
 * queue's VM and were exported as a dma-buf at some time, or imported. The jobs wait for the
 * fences that these buffers carry when EXEC is called: for those of writers if a buffer is bound
 * only with DRM_NOVA_VM_BIND_READONLY, else for those of readers, too. The fence of the last job is
 * left on them, as a reader's or a writer's, and whoever respects such fences waits for it.
 * The ioctl itself does not wait.
 *
 * It needs DRM_NOVA_FEATURE_IMPLICIT_SYNC. Without it jobs neither wait for nor leave such fences.
 */
#define DRM_NOVA_EXEC_IMPLICIT_SYNC	(1u << 0)

/**
 * struct drm_nova_exec - DRM_IOCTL_NOVA_EXEC
 * @queue_id: the queue
 * @flags: DRM_NOVA_EXEC_*
 * @jobs: array of &struct drm_nova_job, run in order; all are accepted or none
 *
 * Jobs of one call may wait for syncs that earlier ones signal, as if these were calls before it.
 * Buffers bound in the queue's VM are made resident and stay so until the jobs end.
 * EINVAL for a user-mode queue. EFAULT: see DRM_NOVA_VM_BIND_USERPTR.
 */
struct drm_nova_exec {
	__u32 queue_id;
	__u32 flags;
	struct drm_nova_array jobs;
};

/**
 * struct drm_nova_get_time - DRM_IOCTL_NOVA_GET_TIME
 * @flags: must be 0
 * @clock_id: CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME or CLOCK_BOOTTIME; else EINVAL
 * @gpu_ns: out, PTIMER, steps of 32 ns
 * @cpu_ns: out, the CPU clock just before the GPU's was read
 * @duration_ns: out, time from before the CPU clock was read until after the GPU's
 *               was, by a clock that nobody sets: the error bound
 * @reserved: must be 0
 */
struct drm_nova_get_time {
	__u32 flags;
	__u32 clock_id;
	__u64 gpu_ns;
	__u64 cpu_ns;
	__u64 duration_ns;
	__u64 reserved;
};

/** define DRM_NOVA_USER_FENCE_32 - the value in memory has 4 bytes and not 8 */
#define DRM_NOVA_USER_FENCE_32		(1u << 0)

/** define DRM_NOVA_USER_FENCE_EQ - memory == value */
#define DRM_NOVA_USER_FENCE_EQ		0
/** define DRM_NOVA_USER_FENCE_NEQ - memory != value */
#define DRM_NOVA_USER_FENCE_NEQ		1
/** define DRM_NOVA_USER_FENCE_GT - memory > value, unsigned like the following */
#define DRM_NOVA_USER_FENCE_GT		2
/** define DRM_NOVA_USER_FENCE_GE - memory >= value */
#define DRM_NOVA_USER_FENCE_GE		3
/** define DRM_NOVA_USER_FENCE_LT - memory < value */
#define DRM_NOVA_USER_FENCE_LT		4
/** define DRM_NOVA_USER_FENCE_LE - memory <= value */
#define DRM_NOVA_USER_FENCE_LE		5

/**
 * struct drm_nova_wait_user_fence - DRM_IOCTL_NOVA_WAIT_USER_FENCE
 * @vm_id: the VM
 * @flags: DRM_NOVA_USER_FENCE_32
 * @op: DRM_NOVA_USER_FENCE_*, how memory and @value are compared
 * @queue_id: the queue that is expected to write there, of any VM: ECANCELED if it is killed; or 0
 * @address: GPU address, a multiple of the value's size; ENOENT if no buffer is bound there
 * @value: what to compare with; within the value's size
 * @mask: bits of both that are compared; not 0, within the value's size
 * @timeout: absolute, CLOCK_MONOTONIC, in nanoseconds; not after now: look and do not wait
 *
 * Waits until (memory & @mask) @op (@value & @mask). Memory is looked at when the wait begins,
 * after each non-stall interrupt of an engine, when a queue is killed, and at the deadline: a write
 * without an interrupt behind it is not noticed before one of these. Writes by the CPU
 * are seen in the same way.
 *
 * The buffer may be anywhere, evicted or NO_MMAP as well; of an imported one, and of memory of a
 * process (DRM_NOVA_VM_BIND_USERPTR), EPERM. It is looked up
 * each time: what is bound there may change, and ENOENT ends the wait when nothing is, or when
 * the VM or the queue has been destroyed. A condition that is met is 0, whatever became of the
 * queue.
 *
 * ETIME at the deadline. ENODEV when the device goes, whatever memory holds.
 */
struct drm_nova_wait_user_fence {
	__u32 vm_id;
	__u32 flags;
	__u32 op;
	__u32 queue_id;
	__u64 address;
	__u64 value;
	__u64 mask;
	__s64 timeout;
};

/** define DRM_IOCTL_NOVA_GETPARAM - a parameter of the device, &struct drm_nova_getparam */
#define DRM_IOCTL_NOVA_GETPARAM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_GETPARAM, struct drm_nova_getparam)
/** define DRM_IOCTL_NOVA_GEM_CREATE - make a buffer, &struct drm_nova_gem_create */
#define DRM_IOCTL_NOVA_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_GEM_CREATE, struct drm_nova_gem_create)
/** define DRM_IOCTL_NOVA_GEM_INFO - what a buffer is, and where, &struct drm_nova_gem_info */
#define DRM_IOCTL_NOVA_GEM_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_GEM_INFO, struct drm_nova_gem_info)
/** define DRM_IOCTL_NOVA_DEV_QUERY - what the device is and has, &struct drm_nova_dev_query */
#define DRM_IOCTL_NOVA_DEV_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_DEV_QUERY, struct drm_nova_dev_query)
/** define DRM_IOCTL_NOVA_GEM_MMAP_OFFSET - to map a buffer, &struct drm_nova_gem_mmap_offset */
#define DRM_IOCTL_NOVA_GEM_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_GEM_MMAP_OFFSET, struct drm_nova_gem_mmap_offset)
/** define DRM_IOCTL_NOVA_GEM_SET_META - a label, or advice, &struct drm_nova_gem_set_meta */
#define DRM_IOCTL_NOVA_GEM_SET_META \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_GEM_SET_META, struct drm_nova_gem_set_meta)
/** define DRM_IOCTL_NOVA_VM_CREATE - make an address space, &struct drm_nova_vm_create */
#define DRM_IOCTL_NOVA_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_VM_CREATE, struct drm_nova_vm_create)
/** define DRM_IOCTL_NOVA_VM_DESTROY - give it up, &struct drm_nova_vm_destroy */
#define DRM_IOCTL_NOVA_VM_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_NOVA_VM_DESTROY, struct drm_nova_vm_destroy)
/** define DRM_IOCTL_NOVA_VM_BIND - change its mappings, &struct drm_nova_vm_bind */
#define DRM_IOCTL_NOVA_VM_BIND \
	DRM_IOW(DRM_COMMAND_BASE + DRM_NOVA_VM_BIND, struct drm_nova_vm_bind)
/** define DRM_IOCTL_NOVA_VM_GET_STATE - its state and its faults, &struct drm_nova_vm_get_state */
#define DRM_IOCTL_NOVA_VM_GET_STATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_VM_GET_STATE, struct drm_nova_vm_get_state)
/** define DRM_IOCTL_NOVA_QUEUE_CREATE - make a queue, &struct drm_nova_queue_create */
#define DRM_IOCTL_NOVA_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_QUEUE_CREATE, struct drm_nova_queue_create)
/** define DRM_IOCTL_NOVA_QUEUE_DESTROY - give it up, &struct drm_nova_queue_destroy */
#define DRM_IOCTL_NOVA_QUEUE_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_NOVA_QUEUE_DESTROY, struct drm_nova_queue_destroy)
/** define DRM_IOCTL_NOVA_QUEUE_GET_STATE - why it is dead, &struct drm_nova_queue_get_state */
#define DRM_IOCTL_NOVA_QUEUE_GET_STATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_QUEUE_GET_STATE, struct drm_nova_queue_get_state)
/** define DRM_IOCTL_NOVA_EXEC - submit jobs, &struct drm_nova_exec */
#define DRM_IOCTL_NOVA_EXEC \
	DRM_IOW(DRM_COMMAND_BASE + DRM_NOVA_EXEC, struct drm_nova_exec)
/** define DRM_IOCTL_NOVA_GET_TIME - the GPU's clock beside a CPU's, &struct drm_nova_get_time */
#define DRM_IOCTL_NOVA_GET_TIME \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_GET_TIME, struct drm_nova_get_time)
/** define DRM_IOCTL_NOVA_WAIT_USER_FENCE - a value in memory, &struct drm_nova_wait_user_fence */
#define DRM_IOCTL_NOVA_WAIT_USER_FENCE \
	DRM_IOW(DRM_COMMAND_BASE + DRM_NOVA_WAIT_USER_FENCE, struct drm_nova_wait_user_fence)

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_NOVA_DRM_H_ */
