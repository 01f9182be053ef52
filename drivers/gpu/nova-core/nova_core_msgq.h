/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_MSGQ_H
#define NOVA_CORE_MSGQ_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "abi/nova_fw.h"

/**
 * struct nova_core_msgq - one ring of fixed slots shared with the firmware
 * @slots: the slots, in memory the firmware can change at any time
 * @index: the shared indices, in such memory too
 * @count: number of slots, power of two
 * @next: our own index: the slot to fill (send) or to read (receive) next. The
 *        shared copy is written, never read back
 * @sequence: number of the next message in this ring
 *
 * A ring is used in one direction only. Knows nothing of the device: memory
 * in, errno out.
 */
struct nova_core_msgq {
	/** @lock: covers @next, @sequence and the order of the slots */
	spinlock_t lock;
	u8 *slots;
	struct nova_fw_ring_index *index;
	u32 count;
	u32 next __guarded_by(&lock);
	u32 sequence __guarded_by(&lock);
};

/**
 * struct nova_core_msg - a message that was copied out of a ring and validated
 * @function: NOVA_FW_CMD_* or NOVA_FW_EVT_*
 * @length: bytes of @payload
 * @tag: tag of the command, 0 in events
 * @result: NOVA_FW_OK or NOVA_FW_ERR_*
 * @reply: it answers a command
 * @payload: the rest
 */
struct nova_core_msg {
	u32 function;
	u32 length;
	u32 tag;
	u32 result;
	bool reply;
	u8 payload[NOVA_FW_MSG_MAX_PAYLOAD] __aligned(8);
};

void nova_core_msgq_init(struct nova_core_msgq *msgq, void *slots,
			 struct nova_fw_ring_index *index, u32 count);
int nova_core_msgq_send(struct nova_core_msgq *msgq, u32 function, u32 tag,
			const void *payload, u32 length, u32 *write);
int nova_core_msgq_receive(struct nova_core_msgq *msgq, struct nova_core_msg *msg);

#endif /* NOVA_CORE_MSGQ_H */
