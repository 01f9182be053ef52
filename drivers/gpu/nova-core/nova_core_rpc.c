// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Requests to the firmware, one at a time, each with a reply or an end in
 * bounded time.
 *
 * Between _start and _stop the status ring is emptied by the interrupt thread,
 * and by a caller: for a moment, as most replies come soon, and again when the reply
 * does not come, as an interrupt may get lost.
 * Outside of it, at boot and at shutdown, the caller polls the ring, and
 * touches no register while it does.
 */
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/time64.h>

#include "nova_core_bar.h"
#include "nova_core_chan.h"
#include "nova_core_dma.h"
#include "nova_core_fw.h"
#include "nova_core_fw_log.h"
#include "nova_core_irq.h"
#include "nova_core_msgq.h"
#include "nova_core_rpc.h"

#define NOVA_CORE_RPC_SLOTS	64
#define NOVA_CORE_RPC_POLL_US	100
#define NOVA_CORE_RPC_SPIN_US	500	/* an interrupt and the thread behind it take longer */
#define NOVA_CORE_RPC_LOOK	msecs_to_jiffies(50)	/* how often a waiter looks for itself */

/**
 * struct nova_core_rpc_mem - what is shared with the firmware
 * @boot: boot arguments
 * @cmd_index: indices of the command ring
 * @status_index: indices of the status ring
 * @cmd: slots of the command ring
 * @status: slots of the status ring
 */
struct nova_core_rpc_mem {
	struct nova_fw_boot boot;
	struct nova_fw_ring_index cmd_index __aligned(64);
	struct nova_fw_ring_index status_index __aligned(64);
	u8 cmd[NOVA_CORE_RPC_SLOTS][NOVA_FW_RING_SLOT_SIZE] __aligned(4096);
	u8 status[NOVA_CORE_RPC_SLOTS][NOVA_FW_RING_SLOT_SIZE] __aligned(4096);
};

/**
 * struct nova_core_rpc_request - the command that waits for its reply
 * @function: NOVA_FW_CMD_*
 * @tag: what the reply must carry
 * @reply: where its payload goes
 * @reply_size: exact size of it
 * @result: NOVA_FW_* of the reply, when @answered
 * @ret: the outcome
 * @answered: by the firmware
 * @done: @ret is valid
 */
struct nova_core_rpc_request {
	u32 function;
	u32 tag;
	void *reply;
	u32 reply_size;
	u32 result;
	int ret;
	bool answered;
	bool done;
};

/**
 * struct nova_core_rpc - the firmware queue of one GPU
 * @dma: the shared memory, a struct nova_core_rpc_mem
 * @cmd: command ring; only the holder of @call_lock sends
 * @status: status ring; only the holder of @receive_lock receives
 * @request: the request in flight, on its caller's stack
 * @msg: the message being looked at
 * @init_done: the firmware's first message has come
 * @log: the last commands and events
 * @started: replies are announced by an interrupt; changes in probe, remove and recovery only
 * @tag: last tag used
 */
struct nova_core_rpc {
	struct nova_core_dma dma;
	struct nova_core_msgq cmd;
	struct nova_core_msgq status;
	/** @call_lock: covers @tag; held over a whole request; outermost */
	struct mutex call_lock;
	/** @receive_lock: covers @request, @msg and @init_done */
	struct mutex receive_lock;
	struct nova_core_rpc_request *request __guarded_by(&receive_lock);
	struct nova_core_msg msg __guarded_by(&receive_lock);
	bool init_done;
	struct nova_core_fw_log log;
	bool started;
	u32 tag __guarded_by(&call_lock);
};

static int nova_core_rpc_errno(u32 result)
{
	switch (result) {
	case NOVA_FW_OK:
		return 0;
	case NOVA_FW_ERR_INVALID:
		return -EINVAL;
	case NOVA_FW_ERR_DMA:
		return -EFAULT;
	case NOVA_FW_ERR_NO_CHANNEL:
		return -ENOENT;
	case NOVA_FW_ERR_NO_RESOURCES:
		return -ENOSPC;
	case NOVA_FW_ERR_HUNG:
		return -EBUSY;
	default:
		return -EIO;
	}
}

static void nova_core_rpc_complete_locked(struct nova_core *core, int ret)
	__must_hold(&core->rpc->receive_lock)
{
	struct nova_core_rpc *rpc = core->rpc;

	lockdep_assert_held(&rpc->receive_lock);

	rpc->request->ret = ret;
	WRITE_ONCE(rpc->request->done, true);
	rpc->request = NULL;
	wake_up_all(&core->wait);
}

/* What a message names first, for the log: a channel or an engine, if anything. */
static u32 nova_core_rpc_object(const void *payload, u32 length)
{
	return length >= sizeof(__le32) ? le32_to_cpup(payload) : 0;
}

/* The one reply that may come is that to the request in flight. */
static int nova_core_rpc_take_reply_locked(struct nova_core *core)
	__must_hold(&core->rpc->receive_lock)
{
	struct nova_core_rpc *rpc = core->rpc;
	struct nova_core_rpc_request *request = rpc->request;
	const struct nova_core_msg *msg = &rpc->msg;

	lockdep_assert_held(&rpc->receive_lock);

	if (!request || msg->tag != request->tag || msg->function != request->function)
		return -EPROTO;

	if (msg->result == NOVA_FW_OK) {
		if (msg->length != request->reply_size)
			return -EPROTO;
		if (msg->length)
			memcpy(request->reply, msg->payload, msg->length);
	}

	request->result = msg->result;
	request->answered = true;
	nova_core_rpc_complete_locked(core, nova_core_rpc_errno(msg->result));
	return 0;
}

static int nova_core_rpc_take_event_locked(struct nova_core *core)
	__must_hold(&core->rpc->receive_lock)
{
	struct nova_core_rpc *rpc = core->rpc;
	const struct nova_core_msg *msg = &rpc->msg;
	bool first = msg->function == NOVA_FW_EVT_INIT_DONE;

	lockdep_assert_held(&rpc->receive_lock);

	/* In whatever order, and whatever it is. */
	nova_core_fw_log_event(&rpc->log, msg->function,
			       nova_core_rpc_object(msg->payload, msg->length));

	/* The first message is that one, and no later one is. */
	if (first == rpc->init_done)
		return -EPROTO;

	switch (msg->function) {
	case NOVA_FW_EVT_INIT_DONE: {
		const struct nova_fw_init_done *event = (const void *)msg->payload;

		if (msg->length != sizeof(*event) || le32_to_cpu(event->version) != NOVA_FW_VERSION)
			return -EPROTO;
		rpc->init_done = true;
		return 0;
	}
	case NOVA_FW_EVT_CHANNEL_ERROR:
		if (msg->length != sizeof(struct nova_fw_channel_error))
			return -EPROTO;
		nova_core_chan_error(core, (const void *)msg->payload);
		return 0;
	default:
		/* Of a firmware that is newer. */
		return 0;
	}
}

/*
 * Empties the status ring, but takes no more messages than it has slots. A
 * firmware that breaks the protocol is dead, and the request in flight ends
 * with -EIO.
 */
static void nova_core_rpc_receive(struct nova_core *core)
	__must_hold_shared(nova_core_door)
{
	struct nova_core_rpc *rpc = core->rpc;
	unsigned int i;
	int ret = 0;

	mutex_lock(&rpc->receive_lock);
	for (i = 0; i < NOVA_CORE_RPC_SLOTS && !nova_core_state(core); i++) {
		ret = nova_core_msgq_receive(&rpc->status, &rpc->msg);
		if (ret <= 0)
			break;
		ret = rpc->msg.reply ? nova_core_rpc_take_reply_locked(core) :
				       nova_core_rpc_take_event_locked(core);
		if (ret)
			break;
	}
	if (ret < 0) {
		nova_core_mark_dead(core, "malformed message");
		if (rpc->request)
			nova_core_rpc_complete_locked(core, -EIO);
	}
	mutex_unlock(&rpc->receive_lock);
}

/* Vector 155; interrupt thread. */
void nova_core_rpc_service(struct nova_core *core)
{
	nova_core_rpc_receive(core);
	nova_core_fw_check(core);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_rpc_service);

static bool nova_core_rpc_poll(struct nova_core *core, const bool *done)
	__must_hold_shared(nova_core_door)
{
	nova_core_rpc_receive(core);
	return READ_ONCE(*done) || nova_core_state(core);
}

/* No interrupt is there to wait for: polls the ring, in memory. */
static void nova_core_rpc_wait_polling(struct nova_core *core, const bool *done)
	__must_hold_shared(nova_core_door)
{
	bool end;

	read_poll_timeout(nova_core_rpc_poll, end, end, NOVA_CORE_RPC_POLL_US,
			  jiffies_to_usecs(nova_core_fw_timeout()), false, core, done);
}

/*
 * The reply is there soon, if at all. A queue that goes sends two commands, among clients that
 * are busy: each time it slept it would have to wait for the processor, too. Only the ring is
 * looked at, in memory; the interrupt comes all the same and finds nothing to do.
 */
static bool nova_core_rpc_spin(struct nova_core *core, const bool *done)
	__must_hold_shared(nova_core_door)
{
	ktime_t end = ktime_add_us(ktime_get(), NOVA_CORE_RPC_SPIN_US);

	while (!nova_core_rpc_poll(core, done)) {
		if (ktime_after(ktime_get(), end))
			return false;
		udelay(5);
	}
	return true;
}

/* Returns early when the device is lost or the firmware dead. */
static void nova_core_rpc_wait(struct nova_core *core, const bool *done)
	__must_hold_shared(nova_core_door)
{
	unsigned long end = jiffies + nova_core_fw_timeout();

	if (nova_core_rpc_spin(core, done))
		return;

	for (;;) {
		if (wait_event_timeout(core->wait, READ_ONCE(*done) || nova_core_state(core),
				       NOVA_CORE_RPC_LOOK))
			return;
		/* Was there a reply and no interrupt, or is there nobody to reply? */
		nova_core_rpc_receive(core);
		nova_core_fw_check(core);
		if (READ_ONCE(*done)) {
			nova_core_irq_rearm(core);
			return;
		}
		if (time_after_eq(jiffies, end))
			return;
	}
}

static int nova_core_rpc_send(struct nova_core *core, const struct nova_core_rpc_request *request,
			      const void *payload, u32 size)
	__must_hold_shared(nova_core_door)
{
	u32 write;
	int ret;

	ret = nova_core_msgq_send(&core->rpc->cmd, request->function, request->tag,
				  payload, size, &write);
	if (ret) {
		nova_core_mark_dead(core, "command ring does not move");
		return -EIO;
	}

	nova_core_fw_kick(core, write);
	return 0;
}

/*
 * Sends a command and waits for its reply, whose payload must have exactly
 * @reply_size bytes. May sleep, for at most the firmware timeout and the
 * requests before it; after one timeout no call waits any more.
 *
 * Returns 0, -ENODEV if the device is lost, -ETIMEDOUT if the firmware is dead
 * or has just died, -EIO if it broke the protocol, or the firmware's refusal:
 * -EINVAL, -EFAULT, -ENOENT (no such channel), -ENOSPC (no channel left),
 * -EBUSY (engine hung).
 */
int nova_core_rpc_call(struct nova_core *core, u32 function, const void *request, u32 request_size,
		       void *reply, u32 reply_size)
{
	struct nova_core_rpc *rpc = core->rpc;
	struct nova_core_rpc_request req = {
		.function = function,
		.reply = reply,
		.reply_size = reply_size,
	};
	u64 number;
	int ret;

	guard(mutex)(&rpc->call_lock);

	ret = nova_core_state(core);
	if (ret)
		return ret;

	req.tag = ++rpc->tag;
	scoped_guard(mutex, &rpc->receive_lock)
		rpc->request = &req;

	number = nova_core_fw_log_command(&rpc->log, function,
					  nova_core_rpc_object(request, request_size));
	ret = nova_core_rpc_send(core, &req, request, request_size);
	if (!ret && rpc->started)
		nova_core_rpc_wait(core, &req.done);
	else if (!ret)
		nova_core_rpc_wait_polling(core, &req.done);

	/* Whoever finds the reply after that finds the firmware dead, not a reply to nothing. */
	scoped_guard(mutex, &rpc->receive_lock) {
		if (!ret && !req.done && !nova_core_state(core))
			nova_core_mark_dead(core, "no reply in time");
		rpc->request = NULL;
	}

	if (!ret)
		ret = req.done ? req.ret : nova_core_state(core);
	nova_core_fw_log_end(&rpc->log, number, req.result, req.answered ? 0 : ret);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_rpc_call);

/* Empties the rings and fills in the boot arguments, whose address it returns. */
dma_addr_t nova_core_rpc_boot_args(struct nova_core *core, u32 flags)
{
	struct nova_core_rpc *rpc = core->rpc;
	struct nova_core_rpc_mem *mem = rpc->dma.cpu;
	dma_addr_t addr = rpc->dma.addr;
	struct nova_fw_boot *boot = &mem->boot;

	rpc->init_done = false;
	memset(mem, 0, sizeof(*mem));
	nova_core_msgq_init(&rpc->cmd, mem->cmd, &mem->cmd_index, NOVA_CORE_RPC_SLOTS);
	nova_core_msgq_init(&rpc->status, mem->status, &mem->status_index, NOVA_CORE_RPC_SLOTS);

	boot->magic = cpu_to_le32(NOVA_FW_BOOT_MAGIC);
	boot->version = cpu_to_le16(NOVA_FW_VERSION);
	boot->size = cpu_to_le16(sizeof(*boot));
	boot->flags = cpu_to_le32(flags);
	boot->cmd.base = cpu_to_le64(addr + offsetof(struct nova_core_rpc_mem, cmd));
	boot->cmd.index = cpu_to_le64(addr + offsetof(struct nova_core_rpc_mem, cmd_index));
	boot->cmd.slots = cpu_to_le32(NOVA_CORE_RPC_SLOTS);
	boot->status.base = cpu_to_le64(addr + offsetof(struct nova_core_rpc_mem, status));
	boot->status.index = cpu_to_le64(addr + offsetof(struct nova_core_rpc_mem, status_index));
	boot->status.slots = cpu_to_le32(NOVA_CORE_RPC_SLOTS);

	return addr + offsetof(struct nova_core_rpc_mem, boot);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_rpc_boot_args);

/* Before nova_core_rpc_start(). */
int nova_core_rpc_wait_init_done(struct nova_core *core)
{
	nova_core_rpc_wait_polling(core, &core->rpc->init_done);
	if (core->rpc->init_done)
		return 0;

	return nova_core_state(core) ?: -ETIMEDOUT;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_rpc_wait_init_done);
ALLOW_ERROR_INJECTION(nova_core_rpc_wait_init_done, ERRNO);

int nova_core_rpc_init(struct nova_core *core)
{
	struct nova_core_rpc *rpc;
	int ret;

	rpc = devm_kzalloc(core->dev, sizeof(*rpc), GFP_KERNEL);
	if (!rpc)
		return -ENOMEM;

	ret = devm_mutex_init(core->dev, &rpc->call_lock);
	if (ret)
		return ret;
	ret = devm_mutex_init(core->dev, &rpc->receive_lock);
	if (ret)
		return ret;

	nova_core_fw_log_init(&rpc->log);
	core->rpc = rpc;
	return nova_core_dma_alloc(core, &rpc->dma, sizeof(struct nova_core_rpc_mem), GFP_KERNEL);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_rpc_init);
ALLOW_ERROR_INJECTION(nova_core_rpc_init, ERRNO);

/* The firmware is shut down, or the device can do no DMA any more. */
void nova_core_rpc_fini(struct nova_core *core)
{
	nova_core_dma_free(core, &core->rpc->dma);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_rpc_fini);

/* Replies are announced by the interrupt from here on. */
void nova_core_rpc_start(struct nova_core *core)
{
	core->rpc->started = true;
	nova_core_irq_enable(core, NV_VECTOR_GSP);
}

/* Back to polling for a while, with the interrupt off. No request is in flight. */
void nova_core_rpc_pause(struct nova_core *core)
{
	core->rpc->started = false;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_rpc_pause);

void nova_core_rpc_resume(struct nova_core *core)
{
	core->rpc->started = true;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_rpc_resume);

/* Back to polling. No request is in flight. */
void nova_core_rpc_stop(struct nova_core *core)
{
	nova_core_irq_disable(core, NV_VECTOR_GSP);
	core->rpc->started = false;
}

/**
 * nova_core_fw_show() - list the last commands to the firmware and its events, for people
 * @core: the GPU
 * @seq: where to
 *
 * A line each, the oldest first: number, time (CLOCK_MONOTONIC), what it was and how it ended.
 * Touches no hardware, and asks nothing of the firmware.
 */
void nova_core_fw_show(struct nova_core *core, struct seq_file *seq)
{
	nova_core_fw_log_show(&core->rpc->log, seq);
}
EXPORT_SYMBOL_NS_GPL(nova_core_fw_show, "NOVA_CORE");
