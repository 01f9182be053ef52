/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_CHANS_H
#define NOVA_CORE_CHANS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "nova_core_device.h"

/* Between nova_core_chan.c and nova_core_chans.c only. */

/**
 * struct nova_core_chan - one channel
 * @core: the GPU
 * @chid: channel id, ~0 once nova_core_chan_forget_all() has taken it away
 * @token: what to write to the doorbell
 * @engine: index of its engine
 * @inst_key: instance block, as nova_core_chans_key()
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
 * @by_inst: channel id as a value entry, by nova_core_chans_key()
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
static inline unsigned long nova_core_chans_key(u64 inst, u32 aperture)
{
	return inst | (aperture & 3);
}

int nova_core_chans_insert(struct nova_core *core, struct nova_core_chan *chan);
void nova_core_chans_erase_locked(struct nova_core_chans *chans, struct nova_core_chan *chan)
	__must_hold(&chans->lock);
bool nova_core_chans_fail(struct nova_core *core, const struct nova_core_chan_error *error);

#endif /* NOVA_CORE_CHANS_H */
