/* SPDX-License-Identifier: MIT */
#ifndef _UAPI_NOVA_DUMP_H_
#define _UAPI_NOVA_DUMP_H_

#include <linux/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: device coredump
 *
 * What /sys/class/devcoredump/devcd%d/data holds after the nova render driver has killed a queue
 * for what its own job did: a snapshot that was taken before the channel was stopped. It is about
 * that queue and its address space, nobody else's. nova-decode prints it.
 *
 * The file is a &struct nova_dump_header, and sections up to its @size. A section is a
 * &struct nova_dump_section, @length bytes of content, and zeros up to the next multiple of 8. All
 * numbers are in the byte order of the machine that wrote the file; @magic tells which. Sections
 * come in any order, and any may be missing: nothing is waited for, so what somebody else has
 * locked, or the hardware cannot tell any more, is left out.
 *
 * Rules of extension: a reader skips sections of a type that it does not know, and takes what it
 * knows of the beginning of a longer structure. @version changes only if a reader that does so
 * would be wrong.
 */

#define NOVA_DUMP_MAGIC		0x504d554441564f4eull	/* "NOVADUMP" in a little-endian file */
#define NOVA_DUMP_VERSION	1

/* Something did not fit: a section is missing or shortened. */
#define NOVA_DUMP_TRUNCATED	(1u << 0)

/**
 * struct nova_dump_header - the beginning of the file
 * @magic: NOVA_DUMP_MAGIC
 * @version: NOVA_DUMP_VERSION
 * @flags: NOVA_DUMP_TRUNCATED
 * @size: bytes of the file, this structure included
 * @time_ns: CLOCK_REALTIME
 */
struct nova_dump_header {
	__u64 magic;
	__u32 version;
	__u32 flags;
	__u64 size;
	__u64 time_ns;
};

#define NOVA_DUMP_DEVICE	1	/* &struct nova_dump_device */
#define NOVA_DUMP_ERROR		2	/* &struct nova_dump_error */
#define NOVA_DUMP_REGISTERS	3	/* &struct nova_dump_register, each */
#define NOVA_DUMP_CHANNEL	4	/* &struct nova_dump_channel */
#define NOVA_DUMP_USERD		5	/* 512 bytes of USERD, __u32 each */
#define NOVA_DUMP_INSTANCE	6	/* the instance block from its beginning, __u32 each */
#define NOVA_DUMP_RING		7	/* &struct nova_dump_ring, and its entries */
#define NOVA_DUMP_JOBS		8	/* &struct nova_dump_job, each; oldest first */
#define NOVA_DUMP_PUSHES	9	/* &struct nova_dump_push, each; in order of jobs or ring */
#define NOVA_DUMP_WORDS		10	/* &struct nova_dump_words, and the words of one push */
#define NOVA_DUMP_PAGE_WALK	11	/* &struct nova_dump_walk, and its steps */
#define NOVA_DUMP_MAPPINGS	12	/* &struct nova_dump_mapping, each; by address */

/**
 * struct nova_dump_section - before the content of each section
 * @type: NOVA_DUMP_DEVICE..
 * @flags: 0
 * @length: bytes of content; what fills it up to a multiple of 8 is not counted
 */
struct nova_dump_section {
	__u32 type;
	__u32 flags;
	__u64 length;
};

/**
 * struct nova_dump_device - which GPU, and which kernel
 * @chip_id: PMC_BOOT_42 CHIP_ID
 * @revision: major revision in bits 7:4, minor in 3:0
 * @host_class: class of the host methods
 * @engine_class: class of the queue's engine
 * @generation: how often the GPU was bound
 * @vram_start: first usable byte of video memory
 * @vram_end: end of usable video memory
 * @address: bus address of the device, zero-terminated
 * @release: of the kernel, zero-terminated
 */
struct nova_dump_device {
	__u32 chip_id;
	__u32 revision;
	__u32 host_class;
	__u32 engine_class;
	__u64 generation;
	__u64 vram_start;
	__u64 vram_end;
	char address[32];
	char release[64];
};

/* @valid of &struct nova_dump_error */
#define NOVA_DUMP_ERROR_CHANNEL	(1u << 0)	/* the hardware reported a channel error */
#define NOVA_DUMP_ERROR_FAULT	(1u << 1)	/* the MMU reported a fault */

/**
 * struct nova_dump_error - why the queue was killed
 * @state: DRM_NOVA_QUEUE_STATE_* that QUEUE_GET_STATE reports
 * @code: error-notifier code that QUEUE_GET_STATE reports
 * @valid: NOVA_DUMP_ERROR_*: which of the fields below are
 * @exception: of the channel error, by @code: PBDMA exception, launch error, 2D error
 * @method: the method that Host or the engine refused, or 0
 * @data: its value
 * @address: of the channel error, or 0
 * @fault_address: where the GPU wanted to go
 * @fault_time_ns: when, by the GPU's timer
 * @fault_type: NV_FAULT_TYPE
 * @fault_access: NV_FAULT_ACCESS
 * @fault_engine: MMU engine id
 * @fault_client: MMU client id
 */
struct nova_dump_error {
	__u32 state;
	__u32 code;
	__u32 valid;
	__u32 exception;
	__u32 method;
	__u32 data;
	__u64 address;
	__u64 fault_address;
	__u64 fault_time_ns;
	__u32 fault_type;
	__u32 fault_access;
	__u32 fault_engine;
	__u32 fault_client;
};

/**
 * struct nova_dump_register - one register
 * @offset: in BAR0
 * @value: its content
 */
struct nova_dump_register {
	__u32 offset;
	__u32 value;
};

/**
 * struct nova_dump_channel - the queue and its channel
 * @client_id: DRM client id, as in fdinfo
 * @context: fence context of the jobs, as in the trace events
 * @queue_id: the queue's id in its file
 * @engine: engine index
 * @priority: DRM_NOVA_PRIORITY_*
 * @chid: channel id
 * @ring_size: entries
 * @gp_get: next entry that Host takes, from USERD; Host writes it from time to time
 * @gp_put: end of the entries, from USERD
 * @put: end of the entries, as the driver knows it; of a user-mode queue @gp_put, within the ring
 * @ring_va: GPU address of the ring
 * @root: video-memory offset of the root page table
 * @submitted: sequence number of the last job in the ring; 0 of a user-mode queue
 * @completed: the last one that released the queue's semaphore; likewise
 */
struct nova_dump_channel {
	__u64 client_id;
	__u64 context;
	__u32 queue_id;
	__u32 engine;
	__u32 priority;
	__u32 chid;
	__u32 ring_size;
	__u32 gp_get;
	__u32 gp_put;
	__u32 put;
	__u64 ring_va;
	__u64 root;
	__u64 submitted;
	__u64 completed;
};

/**
 * struct nova_dump_ring - a part of the ring
 * @first: index of the first entry that follows
 * @count: entries that follow, __u64 each; the index wraps around at the size of the ring
 */
struct nova_dump_ring {
	__u32 first;
	__u32 count;
};

#define NOVA_DUMP_JOB_RUNNING	(1u << 0)	/* in the ring; otherwise it waits */

/**
 * struct nova_dump_job - a job that had not ended
 * @seqno: its sequence number
 * @flags: NOVA_DUMP_JOB_*
 * @push_count: of its pushes
 */
struct nova_dump_job {
	__u64 seqno;
	__u32 flags;
	__u32 push_count;
};

/**
 * struct nova_dump_push - a push of such a job, or in the ring of a user-mode queue
 * @seqno: the job; 0 of a user-mode queue, which has none
 * @va: GPU address
 * @length: bytes
 * @flags: DRM_NOVA_PUSH_*
 *
 * Of a user-mode queue they are those from the entry before @gp_get up to @put: what
 * is before @gp_get was fetched, but need not have ended.
 */
struct nova_dump_push {
	__u64 seqno;
	__u64 va;
	__u32 length;
	__u32 flags;
};

/**
 * struct nova_dump_words - what is in the memory of a push
 * @push: index of the push in NOVA_DUMP_PUSHES
 * @count: words that follow, __u32 each, from the push's beginning
 */
struct nova_dump_words {
	__u32 push;
	__u32 count;
};

/**
 * struct nova_dump_walk - how the MMU gets to the faulting address
 * @va: the address
 * @root: video-memory offset of the root table
 * @count: steps that follow, &struct nova_dump_walk_step each, from the root on; the last one
 *         is where the walk ended
 * @reserved: 0
 */
struct nova_dump_walk {
	__u64 va;
	__u64 root;
	__u32 count;
	__u32 reserved;
};

/*
 * The table of 64 KiB pages: asked after the last directory and before the table of 4 KiB pages,
 * which decides where this one has nothing.
 */
#define NOVA_DUMP_LEVEL_64K	5

/**
 * struct nova_dump_walk_step - an entry of a page table
 * @level: 4 for the root down to 1 for the last directory, 0 for the table of 4 KiB pages, or
 *         %NOVA_DUMP_LEVEL_64K
 * @index: of the entry in its table
 * @address: video-memory offset of the entry
 * @entry: its content; the second half is used by level 1, whose entries are pairs
 */
struct nova_dump_walk_step {
	__u32 level;
	__u32 index;
	__u64 address;
	__u64 entry[2];
};

#define NOVA_DUMP_MAPPING_READONLY	(1u << 0)
#define NOVA_DUMP_MAPPING_EVICTED	(1u << 1)	/* the GPU cannot see the buffer */

/**
 * struct nova_dump_mapping - a mapping near the faulting address
 * @va: first address
 * @size: bytes
 * @bo_offset: where in the buffer it begins
 * @bo_size: bytes of the buffer, 0 if there is none behind it
 * @flags: NOVA_DUMP_MAPPING_*
 * @resident: DRM_NOVA_PLACEMENT_* that the buffer occupies
 */
struct nova_dump_mapping {
	__u64 va;
	__u64 size;
	__u64 bo_offset;
	__u64 bo_size;
	__u32 flags;
	__u32 resident;
};

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_NOVA_DUMP_H_ */
