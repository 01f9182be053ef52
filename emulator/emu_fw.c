// SPDX-License-Identifier: MIT
/*
 * Firmware: mailboxes, boot, rings and the thread that serves them.
 *
 * Nothing the driver writes is trusted: a slot is copied out of the ring once
 * and checked in the copy, indices are checked before they are used, and what breaks the
 * protocol is counted as a violation and answered with an error.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "emu_chaos.h"
#include "emu_fifo.h"
#include "emu_fw.h"
#include "regs/nv_vf.h"

/* How often a full status ring is looked at: the driver moves its index without telling. */
#define FULL_RING_POLL_NS	1000000u

_Static_assert(sizeof(struct nova_fw_ring) == 24, "nova_fw_ring");
_Static_assert(sizeof(struct nova_fw_ring_index) == 128, "nova_fw_ring_index");
_Static_assert(offsetof(struct nova_fw_ring_index, read) == 64, "nova_fw_ring_index.read");
_Static_assert(sizeof(struct nova_fw_boot) == 64, "nova_fw_boot");
_Static_assert(offsetof(struct nova_fw_boot, cmd) == 16, "nova_fw_boot.cmd");
_Static_assert(offsetof(struct nova_fw_boot, status) == 40, "nova_fw_boot.status");
_Static_assert(sizeof(struct nova_fw_msg) == 32, "nova_fw_msg");
_Static_assert(offsetof(struct nova_fw_msg, length) == 8, "nova_fw_msg.length");
_Static_assert(offsetof(struct nova_fw_msg, result) == 20, "nova_fw_msg.result");
_Static_assert(sizeof(struct nova_fw_engine) == 24, "nova_fw_engine");
_Static_assert(sizeof(struct nova_fw_info) == 240, "nova_fw_info");
_Static_assert(offsetof(struct nova_fw_info, engines) == 48, "nova_fw_info.engines");
_Static_assert(sizeof(struct nova_fw_channel_create) == 56, "nova_fw_channel_create");
_Static_assert(offsetof(struct nova_fw_channel_create, userd) == 16, "channel_create.userd");
_Static_assert(offsetof(struct nova_fw_channel_create, gpfifo_va) == 24,
	       "channel_create.gpfifo_va");
_Static_assert(sizeof(struct nova_fw_channel_created) == 24, "nova_fw_channel_created");
_Static_assert(sizeof(struct nova_fw_channel) == 8, "nova_fw_channel");
_Static_assert(sizeof(struct nova_fw_engine_reset) == 8, "nova_fw_engine_reset");
_Static_assert(sizeof(struct nova_fw_engine_status) == 8, "nova_fw_engine_status");
_Static_assert(sizeof(struct nova_fw_init_done) == 8, "nova_fw_init_done");
_Static_assert(sizeof(struct nova_fw_channel_error) == 32, "nova_fw_channel_error");
_Static_assert(offsetof(struct nova_fw_channel_error, address) == 24, "channel_error.address");
_Static_assert(sizeof(struct nova_fw_info) <= NOVA_FW_MSG_MAX_PAYLOAD, "reply fits a slot");

struct slot {
	struct nova_fw_msg msg;
	uint8_t payload[NOVA_FW_MSG_MAX_PAYLOAD];
};

_Static_assert(sizeof(struct slot) == NOVA_FW_RING_SLOT_SIZE, "slot");

/**
 * struct ring - one ring as the firmware knows it
 * @base: address of the slots
 * @index: address of the indices
 * @slots: number of slots
 * @next: the firmware's own index: read of the command ring, write of the status ring
 * @bad_index: the driver's index that was complained about last
 * @complained: @bad_index is valid
 */
struct ring {
	uint64_t base;
	uint64_t index;
	uint32_t slots;
	uint32_t next;
	uint32_t bad_index;
	bool complained;
};

/**
 * struct emu_fw - the firmware
 * @lock: everything but the rings, which belong to the thread
 * @wake: work for the thread
 * @idle: the thread has become idle
 * @busy: the thread works without the lock
 * @exit: the thread ends
 * @cancel: a reset, halt or boot waits for the thread to become idle
 * @boot: boot was requested
 * @kicked: mailbox 4 was written
 * @notified: channel errors are waiting
 * @state: NOVA_FW_STATE_*
 * @mailbox: the scratch registers
 * @stall_until_ns: no work before that, CLOCK_MONOTONIC
 * @halts_to_fail: so many halts end in a crash
 * @boot_count: boots since power-on
 * @cmd: command ring
 * @status: status ring
 * @late: a message that chaos sends after the next one
 * @is_late: there is one
 */
struct emu_fw {
	struct emu *emu;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t idle;
	bool busy;
	bool exit;
	bool cancel;
	bool boot;
	bool kicked;
	bool notified;
	uint32_t state;
	uint32_t mailbox[NV_VF_MAILBOXES];
	uint64_t stall_until_ns;
	unsigned int halts_to_fail;
	uint32_t boot_count;
	struct ring cmd;
	struct ring status;
	struct slot late;
	bool is_late;
};

/* --- state; one function makes every change --- */

static void set_state_locked(struct emu_fw *fw, uint32_t state)
{
	if (fw->state == state)
		return;
	emu_log(fw->emu, EMU_LOG_INFO, "firmware state %#x -> %#x", fw->state, state);
	fw->state = state;
}

static void set_state(struct emu_fw *fw, uint32_t state)
{
	pthread_mutex_lock(&fw->lock);
	/* A crash or a reset that came meanwhile wins. */
	if (!fw->cancel && fw->state != NOVA_FW_STATE_CRASHED)
		set_state_locked(fw, state);
	pthread_mutex_unlock(&fw->lock);
}

/* The thread's work is void: a reset, a crash, or a new boot came. The caller holds the lock. */
static bool cancelled_locked(const struct emu_fw *fw)
{
	return fw->cancel || fw->exit || fw->state != NOVA_FW_STATE_RUNNING;
}

static bool cancelled(struct emu_fw *fw)
{
	bool ret;

	pthread_mutex_lock(&fw->lock);
	ret = cancelled_locked(fw);
	pthread_mutex_unlock(&fw->lock);
	return ret;
}

/* The rings cannot be reached any more: there is nobody to tell. */
static void die(struct emu_fw *fw, const char *why)
{
	emu_log(fw->emu, EMU_LOG_WARN, "firmware stops: %s", why);
	set_state(fw, NOVA_FW_STATE_CRASHED);
}

static void wait_ns(struct emu_fw *fw, uint64_t until_ns)
{
	struct timespec until = {
		.tv_sec = until_ns / 1000000000u,
		.tv_nsec = until_ns % 1000000000u,
	};

	pthread_cond_timedwait(&fw->wake, &fw->lock, &until);
}

/* --- rings --- */

static int load_index(struct emu *emu, uint64_t addr, uint32_t *value)
{
	size_t len = sizeof(*value);
	const uint32_t *from;

	emu_mem_lock(emu);
	from = emu_mem_span(emu, EMU_SYSTEM, addr, &len, false);
	if (from)
		*value = __atomic_load_n(from, __ATOMIC_ACQUIRE);
	emu_mem_unlock(emu);
	return from ? 0 : -EFAULT;
}

static int store_index(struct emu *emu, uint64_t addr, uint32_t value)
{
	size_t len = sizeof(value);
	uint32_t *to;

	emu_mem_lock(emu);
	to = emu_mem_span(emu, EMU_SYSTEM, addr, &len, true);
	if (to)
		__atomic_store_n(to, value, __ATOMIC_RELEASE);
	emu_mem_unlock(emu);
	return to ? 0 : -EFAULT;
}

static uint64_t slot_addr(const struct ring *ring)
{
	return ring->base + (uint64_t)(ring->next % ring->slots) * NOVA_FW_RING_SLOT_SIZE;
}

/* Each wrong index is a violation once, however often it is read. */
static void complain(struct emu_fw *fw, struct ring *ring, uint32_t index, const char *what)
{
	if (ring->complained && ring->bad_index == index)
		return;
	ring->complained = true;
	ring->bad_index = index;
	emu_violation(fw->emu, EMU_VIOLATION_FW_MALFORMED, "%s index %u is out of range, ours is %u",
		      what, index, ring->next);
}

/* Waits for a free slot of the status ring. */
static int wait_for_slot(struct emu_fw *fw)
{
	struct ring *ring = &fw->status;
	uint32_t read;

	for (;;) {
		if (load_index(fw->emu, ring->index + offsetof(struct nova_fw_ring_index, read),
			       &read)) {
			die(fw, "status ring out of reach");
			return -EFAULT;
		}
		if (ring->next - read > ring->slots)
			complain(fw, ring, read, "status ring's read");
		else if (ring->next - read < ring->slots)
			return 0;
		pthread_mutex_lock(&fw->lock);
		if (!cancelled_locked(fw))
			wait_ns(fw, emu_host_now() + FULL_RING_POLL_NS);
		if (cancelled_locked(fw)) {
			pthread_mutex_unlock(&fw->lock);
			return -ECANCELED;
		}
		pthread_mutex_unlock(&fw->lock);
	}
}

/* Into the free slot, whole: what its length says need not be true. */
static int put_slot(struct emu_fw *fw, const struct slot *slot)
{
	struct ring *ring = &fw->status;
	struct emu *emu = fw->emu;

	if (emu_mem_write(emu, EMU_SYSTEM, slot_addr(ring), slot, sizeof(*slot))) {
		die(fw, "status ring out of reach");
		return -EFAULT;
	}
	ring->next++;
	if (store_index(emu, ring->index,
			emu_chaos_index(emu, EMU_LIE_RING_WRITE, ring->next))) {
		die(fw, "status ring out of reach");
		return -EFAULT;
	}
	emu_irq_raise(emu, NV_VECTOR_GSP);
	return 0;
}

static int send(struct emu_fw *fw, struct slot *slot, bool last)
{
	struct ring *ring = &fw->status;
	struct emu *emu = fw->emu;
	int ret = wait_for_slot(fw);
	enum emu_chaos_fate fate;

	if (ret)
		return ret;
	if (cancelled(fw))
		return -ECANCELED;
	slot->msg.magic = NOVA_FW_MSG_MAGIC;
	slot->msg.version = NOVA_FW_VERSION;
	slot->msg.sequence = ring->next;
	fate = emu_chaos_message(emu, &slot->msg, slot->payload);
	/* From the last message on the device counts accesses, so that must be in force first. */
	if (last) {
		set_state(fw, NOVA_FW_STATE_HALTED);
		emu_bar_set_shut_down(emu, true);
	}
	if (fate == EMU_CHAOS_HOLD && !fw->is_late) {
		fw->late = *slot;
		fw->is_late = true;
		return 0;
	}
	if (fate != EMU_CHAOS_DROP)
		ret = put_slot(fw, slot);
	if (!ret && fate == EMU_CHAOS_TWICE)
		ret = wait_for_slot(fw) ? -ECANCELED : put_slot(fw, slot);
	if (!ret && fw->is_late) {
		fw->is_late = false;
		ret = wait_for_slot(fw);
		fw->late.msg.sequence = ring->next;
		if (!ret)
			ret = put_slot(fw, &fw->late);
	}
	return ret;
}

static int send_event(struct emu_fw *fw, uint32_t function, const void *payload, uint32_t length)
{
	struct slot slot = { .msg = { .function = function, .length = length } };

	memcpy(slot.payload, payload, length);
	emu_count(fw->emu, EMU_FW_EVENTS);
	return send(fw, &slot, false);
}

static int send_reply(struct emu_fw *fw, const struct nova_fw_msg *command,
		      const struct emu_fw_reply *reply)
{
	struct slot slot = {
		.msg = {
			.function = command->function,
			.length = reply->length,
			.tag = command->tag,
			.result = reply->result,
			.flags = NOVA_FW_MSG_REPLY,
		},
	};

	memcpy(slot.payload, reply->payload, reply->length);
	return send(fw, &slot, (command->function == NOVA_FW_CMD_SHUTDOWN ||
				command->function == NOVA_FW_CMD_SUSPEND) &&
			       reply->result == NOVA_FW_OK);
}

/* --- events --- */

static void send_errors(struct emu_fw *fw)
{
	uint8_t lie[NOVA_FW_MSG_MAX_PAYLOAD];
	struct nova_fw_channel_error event;
	struct emu_host_error error;
	uint32_t chid, function, length;
	unsigned int engine;

	function = emu_chaos_event(fw->emu, lie, &length);
	if (function && (cancelled(fw) || send_event(fw, function, lie, length)))
		return;
	while (!cancelled(fw) && emu_fifo_take_error(fw->emu, &chid, &engine, &error)) {
		event = (struct nova_fw_channel_error) {
			.chid = chid,
			.code = error.code,
			.engine = engine,
			.exception = error.exception,
			.method = error.method,
			.data = error.data,
			.address = error.address,
		};
		if (send_event(fw, NOVA_FW_EVT_CHANNEL_ERROR, &event, sizeof(event)))
			return;
	}
}

/* --- commands --- */

static uint32_t check_header(const struct nova_fw_msg *msg, uint32_t sequence)
{
	if (msg->magic != NOVA_FW_MSG_MAGIC || msg->length > NOVA_FW_MSG_MAX_PAYLOAD ||
	    msg->sequence != sequence)
		return NOVA_FW_ERR_MALFORMED;
	if (msg->version != NOVA_FW_VERSION)
		return NOVA_FW_ERR_VERSION;
	if (msg->result || msg->flags || msg->reserved)
		return NOVA_FW_ERR_INVALID;
	return NOVA_FW_OK;
}

static void serve_one(struct emu_fw *fw)
{
	struct ring *ring = &fw->cmd;
	struct emu *emu = fw->emu;
	struct emu_fw_reply reply = { 0 };
	struct slot slot;
	uint32_t sequence = ring->next;

	if (emu_mem_read(emu, EMU_SYSTEM, slot_addr(ring), &slot, sizeof(slot))) {
		die(fw, "command ring out of reach");
		return;
	}
	ring->next++;
	if (store_index(emu, ring->index + offsetof(struct nova_fw_ring_index, read),
			emu_chaos_index(emu, EMU_LIE_RING_READ, ring->next))) {
		die(fw, "command ring out of reach");
		return;
	}
	emu_count(emu, EMU_FW_COMMANDS);
	reply.result = check_header(&slot.msg, sequence);
	if (!reply.result)
		emu_fw_command(emu, slot.msg.function, slot.payload, slot.msg.length, &reply);
	if (reply.result == NOVA_FW_ERR_MALFORMED || reply.result == NOVA_FW_ERR_VERSION ||
	    reply.result == NOVA_FW_ERR_UNKNOWN)
		emu_violation(emu, EMU_VIOLATION_FW_MALFORMED,
			      "message %u: magic %#x version %u function %#x length %u sequence %u: error %u",
			      sequence, slot.msg.magic, slot.msg.version, slot.msg.function,
			      slot.msg.length, slot.msg.sequence, reply.result);
	emu_chaos_reply(emu, slot.msg.function, &reply.result, reply.payload, &reply.length);
	send_reply(fw, &slot.msg, &reply);
}

/* A stall holds up commands that come after it, whatever the firmware was doing then. */
static bool stalled(struct emu_fw *fw)
{
	bool stalled;

	pthread_mutex_lock(&fw->lock);
	stalled = fw->stall_until_ns > emu_host_now();
	if (stalled)
		fw->kicked = true;	/* for afterwards */
	pthread_mutex_unlock(&fw->lock);
	return stalled;
}

static void serve(struct emu_fw *fw)
{
	struct ring *ring = &fw->cmd;
	uint32_t write;

	while (!cancelled(fw)) {
		if (load_index(fw->emu, ring->index, &write)) {
			die(fw, "command ring out of reach");
			return;
		}
		if (write == ring->next || stalled(fw))
			return;
		if (write - ring->next > ring->slots) {
			complain(fw, ring, write, "command ring's write");
			return;
		}
		/* What happened before a command is told before its reply. */
		send_errors(fw);
		serve_one(fw);
	}
}

/* --- boot --- */

static uint32_t check_ring(struct emu *emu, const struct nova_fw_ring *ring, bool write)
{
	uint64_t size = (uint64_t)ring->slots * NOVA_FW_RING_SLOT_SIZE;
	struct nova_fw_ring_index index;
	uint64_t at;

	if (ring->slots < NOVA_FW_RING_SLOTS_MIN || ring->slots > NOVA_FW_RING_SLOTS_MAX ||
	    (ring->slots & (ring->slots - 1)) || ring->reserved || ring->base % 4096 ||
	    ring->index % 64)
		return NOVA_FW_ERR_INVALID;
	if (ring->base + size < ring->base || ring->index + sizeof(index) < ring->index)
		return NOVA_FW_ERR_INVALID;
	emu_mem_lock(emu);
	for (at = 0; at < size; ) {
		size_t len = size - at;

		if (!emu_mem_span(emu, EMU_SYSTEM, ring->base + at, &len, write))
			break;
		at += len;
	}
	emu_mem_unlock(emu);
	if (at < size || emu_mem_read(emu, EMU_SYSTEM, ring->index, &index, sizeof(index)))
		return NOVA_FW_ERR_DMA;
	if (index.write || index.read)
		return NOVA_FW_ERR_INVALID;
	/* The consumer's index of the command ring and the producer's of the other are written. */
	if (emu_mem_write(emu, EMU_SYSTEM, ring->index, &index, sizeof(index)))
		return NOVA_FW_ERR_DMA;
	return NOVA_FW_OK;
}

static uint32_t check_boot(struct emu *emu, uint64_t addr, struct nova_fw_boot *boot)
{
	uint32_t error;

	if (addr % 8)
		return NOVA_FW_ERR_INVALID;
	if (emu_mem_read(emu, EMU_SYSTEM, addr, boot, sizeof(*boot)))
		return NOVA_FW_ERR_DMA;
	if (boot->magic != NOVA_FW_BOOT_MAGIC)
		return NOVA_FW_ERR_MALFORMED;
	if (boot->version != NOVA_FW_VERSION)
		return NOVA_FW_ERR_VERSION;
	if (boot->size != sizeof(*boot))
		return NOVA_FW_ERR_MALFORMED;
	if ((boot->flags & ~NOVA_FW_BOOT_RESUME) || boot->reserved)
		return NOVA_FW_ERR_INVALID;
	error = check_ring(emu, &boot->cmd, false);
	return error ? error : check_ring(emu, &boot->status, true);
}

static void ring_init(struct ring *ring, const struct nova_fw_ring *from)
{
	*ring = (struct ring) {
		.base = from->base,
		.index = from->index,
		.slots = from->slots,
	};
}

/*
 * What an earlier failure left running is gone, and DMA works: from here on the driver answers for
 * it again. Not if it has failed anew meanwhile.
 */
static void start_running(struct emu_fw *fw)
{
	pthread_mutex_lock(&fw->lock);
	if (!fw->cancel && fw->state != NOVA_FW_STATE_CRASHED) {
		if (fw->stall_until_ns <= emu_host_now())
			atomic_store(&fw->emu->fw_failed, false);
		set_state_locked(fw, NOVA_FW_STATE_RUNNING);
	}
	pthread_mutex_unlock(&fw->lock);
}

static void boot(struct emu_fw *fw, uint64_t addr)
{
	struct emu *emu = fw->emu;
	struct nova_fw_init_done done;
	struct nova_fw_boot args;
	uint32_t error;

	/* Channels of an earlier boot have nobody to report to. */
	emu_fifo_free_all(emu);
	emu_fifo_resume(emu);
	emu_chaos_boot(emu);
	fw->is_late = false;
	error = check_boot(emu, addr, &args);
	/* What was in video memory need not be the driver's fault. */
	if (!error && (args.flags & NOVA_FW_BOOT_RESUME) && emu_fifo_restore(emu)) {
		emu_log(emu, EMU_LOG_WARN, "no channels were saved, or they were lost");
		set_state(fw, NOVA_FW_STATE_ERROR | NOVA_FW_ERR_INVALID);
		emu_irq_raise(emu, NV_VECTOR_GSP);
		return;
	}
	if (error) {
		/* Not if the card was pulled while the firmware looked at them. */
		if (!emu_bar_is_removed(emu))
			emu_violation(emu, EMU_VIOLATION_FW_MALFORMED, "boot refused: error %u",
				      error);
		set_state(fw, NOVA_FW_STATE_ERROR | error);
		emu_irq_raise(emu, NV_VECTOR_GSP);
		return;
	}
	ring_init(&fw->cmd, &args.cmd);
	ring_init(&fw->status, &args.status);
	pthread_mutex_lock(&fw->lock);
	done.version = NOVA_FW_VERSION;
	done.boot_count = ++fw->boot_count;
	pthread_mutex_unlock(&fw->lock);
	start_running(fw);
	send_event(fw, NOVA_FW_EVT_INIT_DONE, &done, sizeof(done));
}

/* --- the thread --- */

static bool has_work(const struct emu_fw *fw)
{
	return fw->boot || (fw->state == NOVA_FW_STATE_RUNNING && (fw->kicked || fw->notified));
}

/* Takes the work that is there and does it. The lock is held on entry and return. */
static void work(struct emu_fw *fw)
{
	uint64_t addr = (uint64_t)fw->mailbox[NOVA_FW_MB_BOOT_HI] << 32 |
			fw->mailbox[NOVA_FW_MB_BOOT_LO];
	bool boots = fw->boot;

	fw->boot = false;
	fw->kicked = false;
	fw->notified = false;
	if (boots)
		set_state_locked(fw, NOVA_FW_STATE_OFF);
	fw->busy = true;
	pthread_mutex_unlock(&fw->lock);
	if (boots)
		boot(fw, addr);
	send_errors(fw);
	serve(fw);
	pthread_mutex_lock(&fw->lock);
	fw->busy = false;
	pthread_cond_broadcast(&fw->idle);
}

static void *fw_thread(void *data)
{
	struct emu_fw *fw = data;

	pthread_mutex_lock(&fw->lock);
	while (!fw->exit) {
		if (!has_work(fw))
			pthread_cond_wait(&fw->wake, &fw->lock);
		else if (fw->stall_until_ns > emu_host_now())
			wait_ns(fw, fw->stall_until_ns);
		else
			work(fw);
	}
	pthread_mutex_unlock(&fw->lock);
	return NULL;
}

void emu_fw_notify(struct emu *emu)
{
	struct emu_fw *fw = emu->fw;

	if (!fw)
		return;
	pthread_mutex_lock(&fw->lock);
	fw->notified = true;
	pthread_cond_signal(&fw->wake);
	pthread_mutex_unlock(&fw->lock);
}

/* --- registers --- */

static bool mailbox_number(uint32_t offset, uint32_t *number)
{
	*number = (offset - NV_VF_MAILBOX(0)) / 4;
	return offset >= NV_VF_MAILBOX(0) && *number < NV_VF_MAILBOXES;
}

bool emu_fw_reg_read(struct emu *emu, uint32_t offset, uint32_t *value)
{
	struct emu_fw *fw = emu->fw;
	uint32_t number;

	if (!mailbox_number(offset, &number))
		return false;
	pthread_mutex_lock(&fw->lock);
	*value = number == NOVA_FW_MB_STATE ? fw->state : fw->mailbox[number];
	pthread_mutex_unlock(&fw->lock);
	return true;
}

/*
 * Ends the thread's work, whatever it is: afterwards the firmware is off and has no rings. A stall
 * goes on. The lock is held, but not while the thread is waited for.
 */
static void stop_locked(struct emu_fw *fw)
{
	fw->cancel = true;
	fw->boot = false;
	fw->kicked = false;
	fw->notified = false;
	pthread_cond_signal(&fw->wake);
	while (fw->busy)
		pthread_cond_wait(&fw->idle, &fw->lock);
	fw->cancel = false;
	fw->boot = false;
	fw->kicked = false;
	fw->notified = false;
	memset(&fw->cmd, 0, sizeof(fw->cmd));
	memset(&fw->status, 0, sizeof(fw->status));
	fw->is_late = false;
	set_state_locked(fw, NOVA_FW_STATE_OFF);
}

/* No firmware and no channel from the next register access on. The caller holds emu_lock(). */
static void halt(struct emu *emu)
{
	struct emu_fw *fw = emu->fw;

	pthread_mutex_lock(&fw->lock);
	stop_locked(fw);
	fw->stall_until_ns = 0;
	if (fw->halts_to_fail) {
		fw->halts_to_fail--;
		set_state_locked(fw, NOVA_FW_STATE_CRASHED);
	}
	pthread_mutex_unlock(&fw->lock);
	emu_fifo_halt(emu);
	/* Nothing is left that could do DMA without its being the driver's fault. */
	atomic_store(&emu->fw_failed, false);
}

bool emu_fw_reg_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	struct emu_fw *fw = emu->fw;
	uint32_t number;

	if (!mailbox_number(offset, &number))
		return false;
	if (number == NOVA_FW_MB_BOOT && value == NOVA_FW_BOOT_HALT)
		halt(emu);
	pthread_mutex_lock(&fw->lock);
	fw->mailbox[number] = value;
	if (number == NOVA_FW_MB_BOOT && value == NOVA_FW_BOOT_MAGIC) {
		/* Nothing of the old boot shows from now on, neither a state nor a message. */
		stop_locked(fw);
		fw->boot = true;
		pthread_cond_signal(&fw->wake);
	} else if (number == NOVA_FW_MB_CMD_KICK) {
		fw->kicked = true;
		pthread_cond_signal(&fw->wake);
	}
	pthread_mutex_unlock(&fw->lock);
	return true;
}

/* --- misbehaviour --- */

void emu_fw_stall(struct emu *emu, unsigned int ms)
{
	struct emu_fw *fw = emu->fw;

	pthread_mutex_lock(&fw->lock);
	fw->stall_until_ns = ms ? emu_host_now() + ms * 1000000ull : 0;
	pthread_cond_signal(&fw->wake);
	pthread_mutex_unlock(&fw->lock);
}

void emu_fw_crash(struct emu *emu)
{
	struct emu_fw *fw = emu->fw;

	pthread_mutex_lock(&fw->lock);
	fw->boot = false;
	set_state_locked(fw, NOVA_FW_STATE_CRASHED);
	pthread_cond_signal(&fw->wake);
	pthread_mutex_unlock(&fw->lock);
}

void emu_fw_fail_halts(struct emu *emu, unsigned int count)
{
	struct emu_fw *fw = emu->fw;

	pthread_mutex_lock(&fw->lock);
	fw->halts_to_fail = count;
	pthread_mutex_unlock(&fw->lock);
}

void emu_fw_heal(struct emu *emu)
{
	struct emu_fw *fw = emu->fw;

	pthread_mutex_lock(&fw->lock);
	fw->stall_until_ns = 0;
	fw->halts_to_fail = 0;
	/* Its rings may be gone: a crashed firmware does not go on, it can be booted. */
	if (fw->state == NOVA_FW_STATE_CRASHED)
		set_state_locked(fw, NOVA_FW_STATE_OFF);
	pthread_cond_signal(&fw->wake);
	pthread_mutex_unlock(&fw->lock);
}

/* --- life --- */

struct emu_fw *emu_fw_create(struct emu *emu)
{
	struct emu_fw *fw = calloc(1, sizeof(*fw));
	pthread_condattr_t attr;

	if (!fw)
		return NULL;
	fw->emu = emu;
	pthread_mutex_init(&fw->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&fw->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&fw->idle, NULL);
	if (pthread_create(&fw->thread, NULL, fw_thread, fw)) {
		pthread_cond_destroy(&fw->idle);
		pthread_cond_destroy(&fw->wake);
		pthread_mutex_destroy(&fw->lock);
		free(fw);
		return NULL;
	}
	return fw;
}

void emu_fw_destroy(struct emu_fw *fw)
{
	if (!fw)
		return;
	pthread_mutex_lock(&fw->lock);
	fw->exit = true;
	pthread_cond_signal(&fw->wake);
	pthread_mutex_unlock(&fw->lock);
	pthread_join(fw->thread, NULL);
	pthread_cond_destroy(&fw->idle);
	pthread_cond_destroy(&fw->wake);
	pthread_mutex_destroy(&fw->lock);
	free(fw);
}

void emu_fw_reset(struct emu_fw *fw)
{
	pthread_mutex_lock(&fw->lock);
	stop_locked(fw);
	fw->stall_until_ns = 0;
	fw->boot_count = 0;
	memset(fw->mailbox, 0, sizeof(fw->mailbox));
	pthread_mutex_unlock(&fw->lock);
}
