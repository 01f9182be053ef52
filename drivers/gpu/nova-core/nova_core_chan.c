// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Channels: made, stopped and unmade by the firmware, kicked by a doorbell. */
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/instruction_pointer.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "nova_core_audit.h"
#include "nova_core_bar.h"
#include "nova_core_chan.h"
#include "nova_core_client.h"
#include "nova_core_rpc.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"
#include "regs/nv_vf.h"

/**
 * struct nova_core_chan - one channel
 * @core: the GPU
 * @chid: channel id, ~0 once a recovery has taken it away
 * @token: what to write to the doorbell
 * @engine: index of its engine
 * @inst_key: instance block, as nova_core_chan_inst_key()
 * @stopped: takes no more work; the doorbell stays silent
 * @error: what went wrong, valid once @stopped by an error
 * @error_link: in nova_core_chans.errors while the client has not been told
 * @audit: registry entry
 *
 * Exists from nova_core_chan_create() to nova_core_chan_destroy(), which also
 * end the client's right to use it.
 */
struct nova_core_chan {
	struct nova_core *core;
	u32 chid;
	u32 token;
	u32 engine;
	unsigned long inst_key;
	bool stopped;
	struct nova_core_chan_error error;
	struct list_head error_link;
	struct nova_core_audit audit;
};

/**
 * struct nova_core_chans - all channels of one GPU
 * @by_id: struct nova_core_chan by channel id
 * @by_inst: channel id as a value entry, by nova_core_chan_inst_key()
 * @errors: channels whose error the client must be told, in order
 */
struct nova_core_chans {
	/** @lock: covers @errors, and keeps a channel found in @by_id from being freed */
	spinlock_t lock;
	struct xarray by_id;
	struct xarray by_inst;
	struct list_head errors __guarded_by(&lock);
};

/* Instance blocks are 4 KiB aligned, so the aperture fits beside the address. */
static unsigned long nova_core_chan_inst_key(u64 inst, u32 aperture)
{
	return inst | (aperture & 3);
}

static bool nova_core_chan_args_ok(struct nova_core *core, const struct nova_core_chan_args *args)
{
	const struct nova_core_info *info = &core->info;

	return args->engine < info->engine_count &&
	       args->priority <= NOVA_CORE_PRIORITY_HIGH &&
	       IS_ALIGNED(args->root, SZ_4K) &&
	       args->root >= info->vram_start && args->root < info->vram_end &&
	       IS_ALIGNED(args->userd, NV_USERD_SIZE) &&
	       args->userd < BIT_ULL(NV_USERD_ADDR_BITS) &&
	       IS_ALIGNED(args->gpfifo_va, NV_GP_ENTRY_SIZE) &&
	       args->gpfifo_va < BIT_ULL(NV_HOST_VA_BITS) &&
	       args->gpfifo_entries >= 2 && is_power_of_2(args->gpfifo_entries) &&
	       args->gpfifo_entries <= info->gpfifo_entries_max;
}

/* Is what the firmware says about the new channel possible? */
static bool nova_core_chan_reply_ok(struct nova_core *core, u32 engine,
				    const struct nova_fw_channel_created *reply)
{
	u32 chid = le32_to_cpu(reply->chid);
	u32 token = NV_PUT(NV_USERMODE_DOORBELL_CHID, chid) |
		    NV_PUT(NV_USERMODE_DOORBELL_RUNLIST, core->engine_hw[engine].runlist);
	u32 aperture = le32_to_cpu(reply->inst_aperture);
	u64 inst = le64_to_cpu(reply->inst);

	if (chid >= core->info.channels || le32_to_cpu(reply->token) != token ||
	    !inst || !IS_ALIGNED(inst, NV_INST_SIZE))
		return false;

	/* The firmware keeps instance blocks out of the memory that it gave away. */
	if (aperture == NOVA_FW_APERTURE_VIDEO)
		return inst <= core->vram_size - NV_INST_SIZE &&
		       (inst < core->info.vram_start || inst >= core->info.vram_end);
	return aperture == NOVA_FW_APERTURE_COHERENT;
}

/* The firmware gave out an id or an instance block twice, or memory is short. */
static int nova_core_chan_insert(struct nova_core *core, struct nova_core_chan *chan)
{
	struct nova_core_chans *chans = core->chans;
	int ret;

	ret = xa_insert(&chans->by_id, chan->chid, chan, GFP_KERNEL);
	if (ret)
		return ret;

	ret = xa_insert(&chans->by_inst, chan->inst_key, xa_mk_value(chan->chid), GFP_KERNEL);
	if (ret) {
		spin_lock(&chans->lock);
		xa_erase(&chans->by_id, chan->chid);
		list_del(&chan->error_link);
		spin_unlock(&chans->lock);
	}

	return ret;
}

/* No error or fault finds the channel any more. */
static void nova_core_chan_erase_locked(struct nova_core_chans *chans, struct nova_core_chan *chan)
	__must_hold(&chans->lock)
{
	lockdep_assert_held(&chans->lock);

	xa_erase(&chans->by_inst, chan->inst_key);
	xa_erase(&chans->by_id, chan->chid);
	list_del_init(&chan->error_link);
}

static int nova_core_chan_command(struct nova_core *core, u32 function, u32 chid)
	__must_hold_shared(nova_core_door)
{
	struct nova_fw_channel request = { .chid = cpu_to_le32(chid) };

	return nova_core_rpc_call(core, function, &request, sizeof(request), NULL, 0);
}

/* An engine command whose reply names a channel, or none. */
static int nova_core_chan_engine_command(struct nova_core *core, u32 function, u32 engine,
					 void *reply, u32 reply_size, const __le32 *chid)
	__must_hold_shared(nova_core_door)
{
	struct nova_fw_engine_reset request = { .engine = cpu_to_le32(engine) };
	int ret;

	ret = nova_core_rpc_call(core, function, &request, sizeof(request), reply, reply_size);
	if (ret)
		return ret;

	if (le32_to_cpu(*chid) != NOVA_FW_CHANNEL_NONE &&
	    le32_to_cpu(*chid) >= core->info.channels) {
		nova_core_mark_dead(core, "an engine runs a channel that cannot exist");
		return -EIO;
	}

	return 0;
}

/* Notes that a channel was stopped, and why; the client is told once. */
static bool nova_core_chan_fail(struct nova_core *core, const struct nova_core_chan_error *error)
{
	struct nova_core_chans *chans = core->chans;
	struct nova_core_chan *chan;

	spin_lock(&chans->lock);
	chan = xa_load(&chans->by_id, error->chid);
	/* The first error is the cause; a channel is stopped once. */
	if (chan && !chan->error.code) {
		WRITE_ONCE(chan->stopped, true);
		chan->error = *error;
		list_add_tail(&chan->error_link, &chans->errors);
	}
	spin_unlock(&chans->lock);

	if (chan)
		nova_core_client_notify(core);
	return chan;
}

/* Frees the engine that does not let @chan go, by stopping the channel that is on it. */
static int nova_core_chan_reset_engine(struct nova_core_chan *chan)
	__must_hold_shared(nova_core_door)
{
	struct nova_core *core = chan->core;
	struct nova_core_chan_error error = { .code = NV_ERROR_RESETCHANNEL };
	struct nova_fw_channel killed;
	int ret;

	ret = nova_core_chan_engine_command(core, NOVA_FW_CMD_ENGINE_RESET, chan->engine,
					    &killed, sizeof(killed), &killed.chid);
	if (ret)
		return ret;

	error.chid = le32_to_cpu(killed.chid);
	dev_info_ratelimited(core->dev, "engine %u was reset, channel %d stopped\n",
			     chan->engine, (int)error.chid);
	/* The owner of @chan knows; another one must be told. */
	if (error.chid != chan->chid)
		nova_core_chan_fail(core, &error);
	return 0;
}

/* Has the firmware make the channel described in @args; -EIO if its reply is impossible. */
static int nova_core_chan_request(struct nova_core *core, const struct nova_core_chan_args *args,
				  struct nova_core_chan *chan)
	__must_hold_shared(nova_core_door)
{
	struct nova_fw_channel_create request = {
		.pdb = cpu_to_le64(args->root),
		.pdb_aperture = cpu_to_le32(NOVA_FW_APERTURE_VIDEO),
		.userd = cpu_to_le64(args->userd),
		.userd_aperture = cpu_to_le32(NOVA_FW_APERTURE_COHERENT),
		.gpfifo_va = cpu_to_le64(args->gpfifo_va),
		.gpfifo_entries = cpu_to_le32(args->gpfifo_entries),
		.engine = cpu_to_le32(args->engine),
		.priority = cpu_to_le32(args->priority),
	};
	struct nova_fw_channel_created reply;
	int ret;

	ret = nova_core_rpc_call(core, NOVA_FW_CMD_CHANNEL_CREATE, &request, sizeof(request),
				 &reply, sizeof(reply));
	if (ret)
		return ret;

	if (!nova_core_chan_reply_ok(core, args->engine, &reply)) {
		nova_core_mark_dead(core, "impossible channel");
		return -EIO;
	}

	chan->chid = le32_to_cpu(reply.chid);
	chan->token = le32_to_cpu(reply.token);
	chan->inst_key = nova_core_chan_inst_key(le64_to_cpu(reply.inst),
						 le32_to_cpu(reply.inst_aperture));
	return 0;
}

/**
 * nova_core_chan_create() - make a channel
 * @core: the GPU
 * @args: what it is made of; ring, USERD and root table must stay until
 *        nova_core_chan_destroy() has returned
 *
 * Context: may sleep, for a bounded time; not from a callback.
 * Return: the channel or an error pointer: -EINVAL for arguments out of range,
 * -EFAULT if USERD is not mapped, -ENOSPC if no channel is left, -ENOMEM,
 * -ENODEV if the device is lost, -ETIMEDOUT if its firmware is dead, -EIO if
 * the firmware answers nonsense (it is dead then).
 */
noinline struct nova_core_chan *nova_core_chan_create(struct nova_core *core,
						      const struct nova_core_chan_args *args)
{
	struct nova_core_chan *chan;
	int ret;

	if (!nova_core_chan_args_ok(core, args))
		return ERR_PTR(-EINVAL);

	guard(rwsem_read)(&core->reset.lock);

	chan = kzalloc_obj(*chan, GFP_KERNEL_ACCOUNT);
	if (!chan)
		return ERR_PTR(-ENOMEM);
	chan->core = core;
	chan->engine = args->engine;
	INIT_LIST_HEAD(&chan->error_link);

	ret = nova_core_chan_request(core, args, chan);
	if (ret)
		goto free_chan;

	ret = nova_core_chan_insert(core, chan);
	if (ret == -EBUSY) {
		nova_core_mark_dead(core, "channel given out twice");
		ret = -EIO;
		goto free_chan;
	}
	if (ret)
		goto destroy_channel;

	nova_core_audit_add_at(core, &chan->audit, "channel", _RET_IP_);
	return chan;

destroy_channel:
	nova_core_chan_command(core, NOVA_FW_CMD_CHANNEL_DESTROY, chan->chid);
free_chan:
	kfree(chan);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_NS_GPL(nova_core_chan_create, "NOVA_CORE");

/**
 * nova_core_chan_id() - the channel's id
 * @chan: the channel
 *
 * Return: the id that errors and faults name; unique among the channels that
 * exist. ~0 if the channel exists no more, since nova_core_recover().
 */
u32 nova_core_chan_id(const struct nova_core_chan *chan)
{
	return READ_ONCE(chan->chid);
}
EXPORT_SYMBOL_NS_GPL(nova_core_chan_id, "NOVA_CORE");

/**
 * nova_core_chan_token() - what rings the channel's doorbell
 * @chan: the channel
 *
 * For a client of a client, which rings by itself in the page at &nova_core_info.usermode_base.
 * Of a channel that is stopped, or is no more, the doorbell does nothing.
 *
 * Return: the value to write to the doorbell register.
 */
u32 nova_core_chan_token(const struct nova_core_chan *chan)
{
	return chan->token;
}
EXPORT_SYMBOL_NS_GPL(nova_core_chan_token, "NOVA_CORE");

/**
 * nova_core_chan_kick() - ring the channel's doorbell
 * @chan: the channel; its GPFIFO and GP_PUT have been written
 *
 * Orders those writes, also write-combined ones, before the doorbell. Does
 * nothing for a channel that is stopped or a device that is lost or dead.
 * Context: any.
 */
void nova_core_chan_kick(struct nova_core_chan *chan)
{
	struct nova_core *core = chan->core;

	if (READ_ONCE(chan->stopped) || nova_core_state(core))
		return;

	/* Ring and GP_PUT before the doorbell, write-combined stores included. */
	wmb();
	nova_core_wr32(core, NV_USERMODE + NV_USERMODE_DOORBELL, chan->token);
}
EXPORT_SYMBOL_NS_GPL(nova_core_chan_kick, "NOVA_CORE");

/**
 * nova_core_chan_inst_read() - read the channel's instance block
 * @chan: the channel
 * @words: out, in the CPU's byte order, from the beginning of the block on
 * @size: bytes, a multiple of 4, not more than the block has
 *
 * For a dump. RAMFC in it is what the GPU saved when the channel was last taken off its engine.
 * Context: any.
 * Return: bytes that were read: none if the block is in the firmware's system memory or
 * the device is lost.
 */
u32 nova_core_chan_inst_read(struct nova_core_chan *chan, u32 *words, u32 size)
{
	/* The address has the aperture beside it. */
	if ((chan->inst_key & 3) != NOVA_FW_APERTURE_VIDEO ||
	    test_bit(NOVA_CORE_LOST, &chan->core->broken))
		return 0;
	nova_core_vram_read(chan->core, chan->inst_key, words, size);
	le32_to_cpu_array(words, size / 4);
	return size;
}
EXPORT_SYMBOL_NS_GPL(nova_core_chan_inst_read, "NOVA_CORE");

/* Runs a command that an engine in the way can refuse, resetting the engine then. */
static int nova_core_chan_force(struct nova_core_chan *chan, u32 function, bool *engine_reset)
	__must_hold_shared(nova_core_door)
{
	struct nova_core *core = chan->core;
	int ret;

	ret = nova_core_chan_command(core, function, chan->chid);
	if (ret != -EBUSY)
		return ret;

	ret = nova_core_chan_reset_engine(chan);
	if (ret)
		return ret;
	*engine_reset = true;

	ret = nova_core_chan_command(core, function, chan->chid);
	if (ret == -EBUSY) {
		/* It may go on writing to memory that is about to be freed. */
		nova_core_mark_dead(core, "engine hangs after its reset");
		ret = -EIO;
	}

	return ret;
}

/**
 * nova_core_chan_kill() - stop a channel for good
 * @chan: the channel
 * @engine_reset: set to whether its engine had to be reset, which costs its
 *                neighbours the work that was on the engine
 *
 * After success the channel executes nothing more. Otherwise the device is
 * lost or dead, and the client has been or will be told so.
 * Context: may sleep, for a bounded time; not from a callback.
 * Return: 0, -ENODEV if the device is lost, -ETIMEDOUT or -EIO if it is dead.
 */
int nova_core_chan_kill(struct nova_core_chan *chan, bool *engine_reset)
{
	int ret;

	guard(rwsem_read)(&chan->core->reset.lock);

	*engine_reset = false;
	WRITE_ONCE(chan->stopped, true);
	if (chan->chid == NOVA_FW_CHANNEL_NONE)
		return 0;

	ret = nova_core_chan_force(chan, NOVA_FW_CMD_CHANNEL_STOP, engine_reset);
	if (ret && !nova_core_state(chan->core)) {
		nova_core_mark_dead(chan->core, "cannot stop a channel");
		ret = -EIO;
	}

	return ret;
}
EXPORT_SYMBOL_NS_GPL(nova_core_chan_kill, "NOVA_CORE");

/**
 * nova_core_chan_destroy() - unmake a channel
 * @chan: the channel; NULL and error pointers are ignored
 *
 * When it returns, the GPU uses neither the channel's ring nor its USERD, and
 * no callback that names the channel runs or will: it waits for a running one,
 * so the caller must hold no lock that a callback takes. On a lost or dead
 * device, which does no DMA, it only frees memory.
 * Context: may sleep, for a bounded time; not from a callback.
 */
void nova_core_chan_destroy(struct nova_core_chan *chan)
{
	struct nova_core_chans *chans;
	struct nova_core *core;
	bool engine_reset = false;
	int ret;

	if (IS_ERR_OR_NULL(chan))
		return;

	core = chan->core;
	chans = core->chans;
	WRITE_ONCE(chan->stopped, true);

	down_read(&core->reset.lock);
	if (chan->chid != NOVA_FW_CHANNEL_NONE) {
		/* The id is free for another channel as soon as the firmware replies. */
		spin_lock(&chans->lock);
		nova_core_chan_erase_locked(chans, chan);
		spin_unlock(&chans->lock);
		nova_core_client_sync(core);

		ret = nova_core_chan_force(chan, NOVA_FW_CMD_CHANNEL_DESTROY, &engine_reset);
		if (ret && !nova_core_state(core))
			nova_core_mark_dead(core, "cannot destroy a channel");
	}
	up_read(&core->reset.lock);

	nova_core_audit_del(core, &chan->audit);
	kfree(chan);
}
EXPORT_SYMBOL_NS_GPL(nova_core_chan_destroy, "NOVA_CORE");

/**
 * nova_core_engine_stuck() - does an engine hang?
 * @core: the GPU
 * @engine: index into &nova_core_info.engines
 * @chid: the channel that is on the engine, ~0 if it is idle; valid unless an error is returned
 *
 * For finding out who is to blame when a job takes too long: a channel may
 * just wait for its turn. The answer is of the past as soon as it is given.
 * Context: may sleep, for a bounded time; not from a callback.
 * Return: 1 if the engine has not let the channel go for longer than a time
 * slice, 0 if it has, -ENODEV if the device is lost, -ETIMEDOUT if its
 * firmware is dead, -EIO if the firmware answers nonsense, -EINVAL for an
 * unknown engine.
 */
int nova_core_engine_stuck(struct nova_core *core, u32 engine, u32 *chid)
{
	struct nova_fw_engine_status status;
	int ret;

	if (engine >= core->info.engine_count)
		return -EINVAL;

	guard(rwsem_read)(&core->reset.lock);
	ret = nova_core_chan_engine_command(core, NOVA_FW_CMD_ENGINE_STATUS, engine,
					    &status, sizeof(status), &status.chid);
	if (ret)
		return ret;

	*chid = le32_to_cpu(status.chid);
	return status.stuck && *chid != NOVA_FW_CHANNEL_NONE;
}
EXPORT_SYMBOL_NS_GPL(nova_core_engine_stuck, "NOVA_CORE");

/*
 * The firmware says that a channel was stopped by an error. Called with the
 * status ring's lock held, in any thread; the worker tells the client.
 */
void nova_core_chan_error(struct nova_core *core, const struct nova_fw_channel_error *event)
{
	struct nova_core_chan_error error = {
		.chid = le32_to_cpu(event->chid),
		.code = le32_to_cpu(event->code) ?: NV_ERROR_RESETCHANNEL,
		.exception = le32_to_cpu(event->exception),
		.method = le32_to_cpu(event->method),
		.data = le32_to_cpu(event->data),
		.address = le64_to_cpu(event->address),
	};

	if (!core->chans || !nova_core_chan_fail(core, &error))
		dev_dbg_ratelimited(core->dev, "error event for channel %u, which is no more\n",
				    error.chid);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_chan_error);

/* Takes the next error that the client has not been told; false if there is none. */
bool nova_core_chan_next_error(struct nova_core *core, struct nova_core_chan_error *error)
{
	struct nova_core_chans *chans = core->chans;
	struct nova_core_chan *chan;

	guard(spinlock)(&chans->lock);

	chan = list_first_entry_or_null(&chans->errors, struct nova_core_chan, error_link);
	if (!chan)
		return false;

	list_del_init(&chan->error_link);
	*error = chan->error;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_chan_next_error);

/* Channel id of an instance block, or ~0. */
u32 nova_core_chan_of_inst(struct nova_core *core, u64 inst, u32 aperture)
{
	void *entry = xa_load(&core->chans->by_inst, nova_core_chan_inst_key(inst, aperture));

	return entry ? xa_to_value(entry) : ~0u;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_chan_of_inst);

/*
 * The device has none any more: each takes no more work, and is nobody's when another gets its id.
 * The caller holds the reset lock, so that none is made or destroyed.
 */
void nova_core_chan_forget_all(struct nova_core *core)
{
	struct nova_core_chans *chans = core->chans;
	struct nova_core_chan *chan;
	unsigned long id;

	guard(spinlock)(&chans->lock);

	xa_for_each(&chans->by_id, id, chan) {
		WRITE_ONCE(chan->stopped, true);
		nova_core_chan_erase_locked(chans, chan);
		WRITE_ONCE(chan->chid, NOVA_FW_CHANNEL_NONE);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_chan_forget_all);

int nova_core_chan_init(struct nova_core *core)
{
	struct nova_core_chans *chans;

	chans = devm_kzalloc(core->dev, sizeof(*chans), GFP_KERNEL);
	if (!chans)
		return -ENOMEM;

	guard(spinlock_init)(&chans->lock);
	xa_init(&chans->by_id);
	xa_init(&chans->by_inst);
	INIT_LIST_HEAD(&chans->errors);
	core->chans = chans;

	nova_core_wr32(core, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		       NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_chan_init);
ALLOW_ERROR_INJECTION(nova_core_chan_init, ERRNO);

/* A channel that still exists is left to the audit. */
void nova_core_chan_fini(struct nova_core *core)
{
	xa_destroy(&core->chans->by_inst);
	xa_destroy(&core->chans->by_id);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_chan_fini);
