/* SPDX-License-Identifier: MIT */
/*
 * The firmware protocol: wire format, version 1.
 *
 * It stands in the place of GSP-RM and is this project's own decision; the
 * text is Documentation/firmware-protocol.rst. Everything is little-endian and
 * naturally aligned. The driver and the emulator include this file, and each
 * asserts the sizes on its own side.
 *
 * Boot: the driver places a struct nova_fw_boot in system memory, writes its
 * DMA address to mailboxes 0 and 1 and NOVA_FW_BOOT_MAGIC to mailbox 2. The
 * firmware validates it, sets mailbox 3 to NOVA_FW_STATE_RUNNING or to
 * NOVA_FW_STATE_ERROR | NOVA_FW_ERR_*, and raises vector 155; its first message is
 * NOVA_FW_EVT_INIT_DONE.
 *
 * Rings: fixed slots, power of two. The producer fills slot write % slots,
 * then publishes write + 1; the consumer publishes read. Indices are free
 * running 32-bit counters; write - read is at most slots. The command ring is kicked
 * by writing its new write index to mailbox 4; the status ring raises vector 155.
 */
#ifndef NOVA_FW_H
#define NOVA_FW_H

#include <linux/types.h>

#define NOVA_FW_VERSION			1

/* Mailbox numbers (NV_VF_MAILBOX). */
#define NOVA_FW_MB_BOOT_LO		0
#define NOVA_FW_MB_BOOT_HI		1
#define NOVA_FW_MB_BOOT			2	/* write NOVA_FW_BOOT_MAGIC or NOVA_FW_BOOT_HALT */
#define NOVA_FW_MB_STATE		3	/* read only */
#define NOVA_FW_MB_CMD_KICK		4	/* write the command ring's write index */

#define NOVA_FW_BOOT_MAGIC		0x4157464eu	/* "NFWA" */
#define NOVA_FW_BOOT_HALT		0x4857464eu	/* "NFWH": no firmware, no channel */

/* Mailbox 3. */
#define NOVA_FW_STATE_OFF		0
#define NOVA_FW_STATE_RUNNING		1
#define NOVA_FW_STATE_HALTED		2		/* after SHUTDOWN or SUSPEND */
#define NOVA_FW_STATE_CRASHED		3
#define NOVA_FW_STATE_ERROR		0x80000000u	/* boot refused, low bits NOVA_FW_ERR_* */

/* Result of a command. */
#define NOVA_FW_OK			0
#define NOVA_FW_ERR_VERSION		1	/* boot structure's or message's version */
#define NOVA_FW_ERR_INVALID		2	/* a field is out of range */
#define NOVA_FW_ERR_DMA			3	/* an address is not mapped for DMA */
#define NOVA_FW_ERR_NO_CHANNEL		4	/* no such channel */
#define NOVA_FW_ERR_NO_RESOURCES	5	/* no channel left */
#define NOVA_FW_ERR_HUNG		6	/* the engine does not let the channel go */
#define NOVA_FW_ERR_UNKNOWN		7	/* no such function */
#define NOVA_FW_ERR_MALFORMED		8	/* magic, length or sequence */

#define NOVA_FW_RING_SLOT_SIZE		512
#define NOVA_FW_RING_SLOTS_MIN		8
#define NOVA_FW_RING_SLOTS_MAX		256

/**
 * struct nova_fw_ring - one ring as the boot structure names it
 * @base: DMA address of the slots, 4 KiB aligned
 * @index: DMA address of struct nova_fw_ring_index, 64-byte aligned
 * @slots: number of slots, power of two
 * @reserved: zero
 */
struct nova_fw_ring {
	__le64 base;
	__le64 index;
	__le32 slots;
	__le32 reserved;
};

/**
 * struct nova_fw_ring_index - the two indices, each on a cache line of its own
 * @write: next slot the producer fills, free running
 * @read: next slot the consumer reads, free running
 * @pad0: zero
 * @pad1: zero
 */
struct nova_fw_ring_index {
	__le32 write;
	__le32 pad0[15];
	__le32 read;
	__le32 pad1[15];
};

/**
 * struct nova_fw_boot - boot arguments
 * @magic: NOVA_FW_BOOT_MAGIC
 * @version: NOVA_FW_VERSION
 * @size: size of this structure
 * @flags: NOVA_FW_BOOT_RESUME
 * @reserved: zero
 * @cmd: command ring, produced by the driver
 * @status: status ring, produced by the firmware
 */
struct nova_fw_boot {
	__le32 magic;
	__le16 version;
	__le16 size;
	__le32 flags;
	__le32 reserved;
	struct nova_fw_ring cmd;
	struct nova_fw_ring status;
};

#define NOVA_FW_BOOT_RESUME		0x1	/* with the channels that SUSPEND has saved */

#define NOVA_FW_MSG_MAGIC		0x4d57464eu	/* "NFWM" */
#define NOVA_FW_MSG_MAX_PAYLOAD		(NOVA_FW_RING_SLOT_SIZE - 32)

/**
 * struct nova_fw_msg - header of every message; the payload follows
 * @magic: NOVA_FW_MSG_MAGIC
 * @version: NOVA_FW_VERSION
 * @function: NOVA_FW_CMD_* or NOVA_FW_EVT_*; a reply repeats its command's
 * @length: payload bytes, at most NOVA_FW_MSG_MAX_PAYLOAD
 * @sequence: counts the messages of this ring from 0
 * @tag: chosen by the sender of a command, repeated in the reply; 0 in events
 * @result: NOVA_FW_OK or NOVA_FW_ERR_* in replies, 0 otherwise
 * @flags: NOVA_FW_MSG_REPLY in replies
 * @reserved: zero
 */
struct nova_fw_msg {
	__le32 magic;
	__le16 version;
	__le16 function;
	__le32 length;
	__le32 sequence;
	__le32 tag;
	__le32 result;
	__le32 flags;
	__le32 reserved;
};

#define NOVA_FW_MSG_REPLY		0x1

/* Commands: payload -> payload of the reply, both struct nova_fw_*. */
#define NOVA_FW_CMD_GET_INFO		0x01	/* -> info */
#define NOVA_FW_CMD_CHANNEL_CREATE	0x02	/* channel_create -> channel_created */
#define NOVA_FW_CMD_CHANNEL_DESTROY	0x03	/* channel; ERR_HUNG: reset, try again */
#define NOVA_FW_CMD_CHANNEL_STOP	0x04	/* channel; preempt, schedule no more */
#define NOVA_FW_CMD_ENGINE_RESET	0x05	/* engine_reset -> channel killed, or ~0 */
#define NOVA_FW_CMD_SHUTDOWN		0x06	/* the reply is the last message */
#define NOVA_FW_CMD_ENGINE_STATUS	0x07	/* engine_reset -> engine_status */
#define NOVA_FW_CMD_SUSPEND		0x08	/* the reply is the last message; ERR_HUNG: later */
#define NOVA_FW_CMD_CHANNEL_DESTROY_ALL	0x09	/* resets engines that hang; the firmware goes on */
/* Events. */
#define NOVA_FW_EVT_INIT_DONE		0x80	/* init_done */
#define NOVA_FW_EVT_CHANNEL_ERROR	0x81	/* channel_error; the channel is stopped */

/* Engine types. */
#define NOVA_FW_ENGINE_COPY		1
#define NOVA_FW_ENGINE_GRAPHICS		2
#define NOVA_FW_ENGINES_MAX		8
#define NOVA_FW_CHANNEL_NONE		0xffffffffu

/**
 * struct nova_fw_engine - one engine
 * @type: NOVA_FW_ENGINE_*
 * @runlist: runlist number, for the doorbell token
 * @instance: number among the engines of its type
 * @intr: engine interrupt number, added to the stall and non-stall bases
 * @class_id: class of the engine's methods (0xc5b5, 0x902d)
 * @mmu_engine_id: ENGINE_ID in fault packets
 */
struct nova_fw_engine {
	__le32 type;
	__le32 runlist;
	__le32 instance;
	__le32 intr;
	__le32 class_id;
	__le32 mmu_engine_id;
};

/**
 * struct nova_fw_info - static information
 * @vram_size: bytes of video memory
 * @vram_usable_start: first byte the driver may use
 * @vram_usable_end: end (exclusive); the rest is the firmware's (instance blocks)
 * @channels: channels that can exist at once, all runlists together
 * @engine_count: valid entries of @engines
 * @host_class: 0xc46f
 * @gpfifo_entries_max: largest GPFIFO ring
 * @timeslice_us: default time slice, in units of 1024 ns
 * @reserved: zero
 * @engines: the engines
 */
struct nova_fw_info {
	__le64 vram_size;
	__le64 vram_usable_start;
	__le64 vram_usable_end;
	__le32 channels;
	__le32 engine_count;
	__le32 host_class;
	__le32 gpfifo_entries_max;
	__le32 timeslice_us;
	__le32 reserved;
	struct nova_fw_engine engines[NOVA_FW_ENGINES_MAX];
};

/* Apertures of the addresses below, as in the instance block. */
#define NOVA_FW_APERTURE_VIDEO		0
#define NOVA_FW_APERTURE_COHERENT	2

/**
 * struct nova_fw_channel_create - a new channel
 * @pdb: address of the page directory (root), 4 KiB aligned
 * @pdb_aperture: NOVA_FW_APERTURE_*
 * @userd_aperture: NOVA_FW_APERTURE_*
 * @userd: address of USERD, 512-byte aligned; GP_GET and GP_PUT must be 0
 * @gpfifo_va: GPU virtual address of the ring, 8-byte aligned, below 1 TiB
 * @gpfifo_entries: power of two, 2 .. gpfifo_entries_max
 * @engine: index into nova_fw_info.engines
 * @priority: 0 low, 1 normal, 2 high
 * @flags: NOVA_FW_CHANNEL_PRIVILEGED
 * @timeslice_us: in units of 1024 ns, 0 for the default
 * @reserved: zero
 */
struct nova_fw_channel_create {
	__le64 pdb;
	__le32 pdb_aperture;
	__le32 userd_aperture;
	__le64 userd;
	__le64 gpfifo_va;
	__le32 gpfifo_entries;
	__le32 engine;
	__le32 priority;
	__le32 flags;
	__le32 timeslice_us;
	__le32 reserved;
};

#define NOVA_FW_CHANNEL_PRIVILEGED	0x1

/**
 * struct nova_fw_channel_created - reply
 * @chid: channel id
 * @token: what to write to the doorbell
 * @inst: address of the instance block, as in fault packets
 * @inst_aperture: NOVA_FW_APERTURE_*
 * @reserved: zero
 */
struct nova_fw_channel_created {
	__le32 chid;
	__le32 token;
	__le64 inst;
	__le32 inst_aperture;
	__le32 reserved;
};

/** struct nova_fw_channel - names a channel */
struct nova_fw_channel {
	__le32 chid;
	__le32 reserved;
};

/** struct nova_fw_engine_reset - @engine: index into nova_fw_info.engines */
struct nova_fw_engine_reset {
	__le32 engine;
	__le32 reserved;
};

/**
 * struct nova_fw_engine_status - what an engine is doing
 * @chid: channel that is on the engine, or NOVA_FW_CHANNEL_NONE
 * @stuck: 1 if the engine has not let that channel go for longer than its time slice
 */
struct nova_fw_engine_status {
	__le32 chid;
	__le32 stuck;
};

/** struct nova_fw_init_done - @version: the firmware's; @boot_count: boots since power-on */
struct nova_fw_init_done {
	__le32 version;
	__le32 boot_count;
};

/**
 * struct nova_fw_channel_error - a channel was stopped by an error
 * @chid: channel id
 * @code: NV_ERROR_*
 * @engine: index into nova_fw_info.engines
 * @exception: NV_PBDMA_* when @code is NV_ERROR_PBDMA, LCE_LAUNCHERR.REPORT for
 *             copy-engine codes, the fault type for NV_ERROR_MMU_FAULT
 * @method: byte address of the offending method, or 0
 * @data: its data
 * @address: faulting virtual address, or 0
 */
struct nova_fw_channel_error {
	__le32 chid;
	__le32 code;
	__le32 engine;
	__le32 exception;
	__le32 method;
	__le32 data;
	__le64 address;
};

#endif /* NOVA_FW_H */
