/* SPDX-License-Identifier: MIT */
/*
 * Chaos: a device that lies. Each place where the device tells the driver
 * something, or could do something of its own accord, asks here whether to lie
 * this time. The answer is a function of the seed, the kind of lie and how
 * often that kind was asked for, so a seed replays as long as the driver
 * behaves the same.
 */
#ifndef EMU_CHAOS_H
#define EMU_CHAOS_H

#include "emu.h"
#include "abi/nova_fw.h"

/* Groups of lies that can be asked for by name. */
enum emu_chaos_category {
	EMU_CHAOS_MESSAGE,	/* firmware messages */
	EMU_CHAOS_RING,		/* ring indices */
	EMU_CHAOS_INFO,		/* what the GPU is */
	EMU_CHAOS_CHANNEL,	/* channel and engine commands */
	EMU_CHAOS_FAULT,	/* fault buffer and packets */
	EMU_CHAOS_SEMAPHORE,	/* what engines release */
	EMU_CHAOS_USERD,	/* what Host writes back */
	EMU_CHAOS_TIME,
	EMU_CHAOS_INTERRUPT,
	EMU_CHAOS_REGISTER,
	EMU_CHAOS_TLB,
	EMU_CHAOS_DMA,		/* memory the device has no business with */
	EMU_CHAOS_ENGINE,	/* engines and firmware that stop */
	EMU_CHAOS_GONE,		/* the device falls off the bus */
	EMU_CHAOS_CATEGORIES
};

enum emu_chaos_kind {
	EMU_LIE_HEADER,		/* a field of a message's header */
	EMU_LIE_PAYLOAD,
	EMU_LIE_SILENCE,	/* the message is not sent */
	EMU_LIE_TWICE,		/* it is sent twice */
	EMU_LIE_REORDER,	/* it is sent after the next one */
	EMU_LIE_EVENT,		/* one that nothing led to */
	EMU_LIE_RING_WRITE,	/* status ring's write index */
	EMU_LIE_RING_READ,	/* command ring's read index */
	EMU_LIE_INFO,
	EMU_LIE_CREATED,	/* ids, token, instance block of a new channel */
	EMU_LIE_RESULT,		/* another result than the command had */
	EMU_LIE_IGNORED,	/* "done", but nothing was */
	EMU_LIE_ENGINE,		/* which channel is on an engine, and whether it is stuck */
	EMU_LIE_PACKET,
	EMU_LIE_PACKET_LATE,	/* VALID comes after PUT and the interrupt */
	EMU_LIE_FAULT,		/* a fault that nothing led to */
	EMU_LIE_FAULT_PUT,
	EMU_LIE_FAULT_SIZE,
	EMU_LIE_PAYLOAD_VALUE,	/* another value is released */
	EMU_LIE_PAYLOAD_LOST,	/* none is */
	EMU_LIE_USERD,
	EMU_LIE_TIME_JUMP,	/* forwards or backwards */
	EMU_LIE_TIME_STOP,
	EMU_LIE_TIME_BITS,
	EMU_LIE_IRQ_SPURIOUS,
	EMU_LIE_IRQ_STORM,
	EMU_LIE_IRQ_LOST,
	EMU_LIE_READ,		/* random bits */
	EMU_LIE_READ_ONES,	/* all ones, for a while */
	EMU_LIE_STATE,		/* the firmware's state */
	EMU_LIE_WRITE_LOST,
	EMU_LIE_TLB_STUCK,	/* an invalidate that never completes */
	EMU_LIE_TLB_SKIPPED,	/* one that completes and did nothing */
	EMU_LIE_DMA_OUTSIDE,	/* access outside of the DMA map */
	EMU_LIE_DMA_STALE,	/* access to what was unmapped just now */
	EMU_LIE_DMA_SCRIBBLE,	/* write to what is mapped for something else */
	EMU_LIE_VRAM_SCRIBBLE,
	EMU_LIE_HANG,
	EMU_LIE_STALL,
	EMU_LIE_CRASH,
	EMU_LIE_GONE,
	EMU_CHAOS_KINDS
};

/* Sets of kinds. */
#define EMU_CHAOS_ALL	((1ull << EMU_CHAOS_KINDS) - 1)

/**
 * struct emu_chaos_stats - what chaos did
 * @on: it is on
 * @seed: its seed, of the last time if it is off
 * @kinds: lies told, by kind
 * @dma_blocked: accesses that the DMA map stopped
 * @excused: what would have been violations, but followed from lies
 */
struct emu_chaos_stats {
	bool on;
	uint32_t seed;
	uint64_t kinds[EMU_CHAOS_KINDS];
	uint64_t dma_blocked;
	uint64_t excused;
};

/* --- emu_chaos.c: when to lie --- */

/*
 * @rate 0: the seed chooses some of @kinds and how often each lies; else every one of them
 * lies once in @rate times. Caller: emu_lock().
 */
void emu_chaos_start(struct emu *emu, uint32_t seed, uint32_t rate, uint64_t kinds);
/* The truth again, and what a lie left behind in the device is put right. Caller: emu_lock(). */
void emu_chaos_stop(struct emu *emu);
/* Adds the categories and kinds of a list "a,b,c" to *@kinds; false if one is unknown. */
bool emu_chaos_parse(const char *list, uint64_t *kinds);
const char *emu_chaos_kind_name(enum emu_chaos_kind kind);
const char *emu_chaos_category_name(enum emu_chaos_category category);
enum emu_chaos_category emu_chaos_category_of(enum emu_chaos_kind kind);
void emu_chaos_get_stats(struct emu *emu, struct emu_chaos_stats *stats);
void emu_chaos_clear_stats(struct emu *emu);

/* Lie now? Any thread, any lock held. @random is for the lie's content. */
bool emu_chaos_hit(struct emu *emu, enum emu_chaos_kind kind, uint64_t *random);
/* The next random number of a sequence. */
uint64_t emu_chaos_next(uint64_t *random);
/* Did the driver do this because it was lied to? If so it is no violation. */
bool emu_chaos_excuses(struct emu *emu, enum emu_violation kind);
/* The driver starts over with an honest device: no lie excuses what it does from now on. */
void emu_chaos_boot(struct emu *emu);

/* --- emu_chaos_lie.c: the lies, each where the device speaks --- */

/* After a register was read: what the driver gets. Caller: emu_lock(). */
uint32_t emu_chaos_read(struct emu *emu, uint32_t offset, uint32_t value);
/* Before a register is written: false if the write is lost. */
bool emu_chaos_write(struct emu *emu, uint32_t offset, uint32_t value);
/* After either: what the device does of its own accord. */
void emu_chaos_act(struct emu *emu, uint32_t offset);

enum emu_chaos_fate { EMU_CHAOS_SEND, EMU_CHAOS_DROP, EMU_CHAOS_TWICE, EMU_CHAOS_HOLD };

/* @payload has NOVA_FW_MSG_MAX_PAYLOAD bytes. */
enum emu_chaos_fate emu_chaos_message(struct emu *emu, struct nova_fw_msg *msg, uint8_t *payload);
/* An event to send: its function, with a payload of *@length bytes; 0: none. */
uint32_t emu_chaos_event(struct emu *emu, uint8_t *payload, uint32_t *length);
uint32_t emu_chaos_index(struct emu *emu, enum emu_chaos_kind kind, uint32_t index);
/* True if the command is to be answered without doing it. */
bool emu_chaos_ignores(struct emu *emu, uint32_t function);
void emu_chaos_reply(struct emu *emu, uint32_t function, uint32_t *result, uint8_t *payload,
		     uint32_t *length);
void emu_chaos_packet(struct emu *emu, uint32_t packet[8]);
/* False if the release is lost. */
bool emu_chaos_release(struct emu *emu, uint64_t *payload);
void emu_chaos_userd(struct emu *emu, uint8_t *userd, uint32_t from, uint32_t to);

#endif /* EMU_CHAOS_H */
