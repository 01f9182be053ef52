// SPDX-License-Identifier: GPL-2.0 OR MIT
/* All channels of a GPU: found by what the hardware names them, and what it says of them. */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/device.h>
#include <linux/error-injection.h>

#include "nova_core_bar.h"
#include "nova_core_chan.h"
#include "nova_core_chans.h"
#include "nova_core_client.h"
#include "regs/nv_error.h"
#include "regs/nv_vf.h"

/*
 * Fails if the firmware gave out an id or an instance block twice, or memory is short. Who reclaims
 * some may invalidate page tables, which takes the reset lock, that the caller holds; so nothing is
 * reclaimed here.
 */
int nova_core_chans_insert(struct nova_core *core, struct nova_core_chan *chan)
{
	struct nova_core_chans *chans = core->chans;
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(nova_core_chans_insert, core, chan);

	ret = xa_insert(&chans->by_id, chan->chid, chan, GFP_ATOMIC);
	if (ret)
		return ret;

	ret = xa_insert(&chans->by_inst, chan->inst_key, xa_mk_value(chan->chid), GFP_ATOMIC);
	if (ret) {
		spin_lock(&chans->lock);
		xa_erase(&chans->by_id, chan->chid);
		list_del(&chan->error_link);
		spin_unlock(&chans->lock);
	}

	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_chans_insert);

/* No error or fault finds the channel any more. */
void nova_core_chans_erase_locked(struct nova_core_chans *chans, struct nova_core_chan *chan)
{
	lockdep_assert_held(&chans->lock);

	xa_erase(&chans->by_inst, chan->inst_key);
	xa_erase(&chans->by_id, chan->chid);
	list_del_init(&chan->error_link);
}

/* Notes that a channel was stopped, and why; the client is told once. */
bool nova_core_chans_fail(struct nova_core *core, const struct nova_core_chan_error *error)
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

	if (!core->chans || !nova_core_chans_fail(core, &error))
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
	void *entry = xa_load(&core->chans->by_inst, nova_core_chans_key(inst, aperture));

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
		nova_core_chans_erase_locked(chans, chan);
		WRITE_ONCE(chan->chid, NOVA_FW_CHANNEL_NONE);
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_chan_forget_all);

/* Doorbells are heard. Also when the registers have lost everything. */
void nova_core_chan_restore(struct nova_core *core)
{
	nova_core_wr32(core, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		       NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE);
}

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

	nova_core_chan_restore(core);
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
