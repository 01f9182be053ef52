// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Channels: made, stopped and unmade by the firmware, kicked by a doorbell. */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/instruction_pointer.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "nova_core_audit.h"
#include "nova_core_bar.h"
#include "nova_core_chan.h"
#include "nova_core_chans.h"
#include "nova_core_client.h"
#include "nova_core_mmu.h"
#include "nova_core_rpc.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"
#include "regs/nv_vf.h"

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

/* Frees the engine that does not let @chan go, by stopping the channel that is on it. */
static int nova_core_chan_reset_engine(struct nova_core_chan *chan)
	__must_hold_shared(nova_core_door)
{
	struct nova_core *core = chan->core;
	struct nova_core_chan_error error = {
		.code = NV_ERROR_RESETCHANNEL,
		.bystander = true,
	};
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
		nova_core_chans_fail(core, &error);
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
	chan->inst_key = nova_core_chans_key(le64_to_cpu(reply.inst),
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

	chan = kzalloc_obj(*chan, GFP_KERNEL_ACCOUNT);
	if (!chan)
		return ERR_PTR(-ENOMEM);
	guard(rwsem_read)(&core->reset.lock);
	chan->core = core;
	chan->engine = args->engine;
	INIT_LIST_HEAD(&chan->error_link);
	ret = nova_core_chan_request(core, args, chan);
	if (ret)
		goto free_chan;

	ret = nova_core_chans_insert(core, chan);
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
	/* It has done nothing, so there is no reason to refuse. The caller frees its memory. */
	if (nova_core_chan_command(core, NOVA_FW_CMD_CHANNEL_DESTROY, chan->chid) &&
	    !nova_core_state(core))
		nova_core_mark_dead(core, "cannot destroy a new channel");
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
 * exist. ~0 if the channel exists no more, since nova_core_recover() or
 * nova_core_chan_destroy_all().
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
		nova_core_chans_erase_locked(chans, chan);
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
 * nova_core_chan_destroy_all() - take all channels away
 * @core: the GPU
 *
 * For a client that gives up the device: one command instead of two for each channel. All
 * channels are gone when it returns 0: what is left of them is to be destroyed, which only frees
 * memory. As after nova_core_recover() no callback names them, and no doorbell of them may be rung
 * any more: so the client must have stopped using them before. All translations are forgotten:
 * what was mapped may be reused without nova_core_mmu_invalidate().
 *
 * Otherwise nothing is said of the channels: each has to be killed and destroyed by itself. That
 * is so with a firmware that does not know the command, too.
 * Context: may sleep, for a bounded time; not from a callback. Like nova_core_chan_destroy() it
 * waits for a running callback.
 * Return: 0, -ENODEV if the device is lost, -ETIMEDOUT if it is dead, or another error.
 */
int nova_core_chan_destroy_all(struct nova_core *core)
{
	int ret;

	guard(rwsem_write)(&core->reset.lock);

	ret = nova_core_rpc_call(core, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, NULL, 0, NULL, 0);
	if (ret)
		return ret;
	nova_core_chan_forget_all(core);
	nova_core_client_sync(core);
	return nova_core_mmu_invalidate_all(core);
}
EXPORT_SYMBOL_NS_GPL(nova_core_chan_destroy_all, "NOVA_CORE");

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
 * Stops whatever is on an engine, and tells the owners. For a device that has to sleep and
 * waited long enough. The interrupt is off, and nobody else talks to the firmware.
 */
void nova_core_chan_clear_engines(struct nova_core *core)
{
	struct nova_core_chan_error error = { .code = NV_ERROR_RESETCHANNEL };
	struct nova_fw_channel killed;
	u32 engine;

	KUNIT_STATIC_STUB_REDIRECT(nova_core_chan_clear_engines, core);

	for (engine = 0; engine < core->info.engine_count; engine++) {
		if (nova_core_chan_engine_command(core, NOVA_FW_CMD_ENGINE_RESET, engine, &killed,
						  sizeof(killed), &killed.chid))
			return;
		error.chid = le32_to_cpu(killed.chid);
		if (error.chid == NOVA_FW_CHANNEL_NONE)
			continue;
		dev_warn(core->dev, "channel %u does not let engine %u sleep, stopped\n",
			 error.chid, engine);
		nova_core_chans_fail(core, &error);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_chan_clear_engines);
