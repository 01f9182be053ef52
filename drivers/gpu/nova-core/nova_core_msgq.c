// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A firmware ring as an object: memory, two indices, two verbs.
 *
 * Whatever the other side writes is copied out first and judged then, and an
 * index of ours is never taken from shared memory, so a firmware that lies can
 * make a call fail but not make it read or write a wrong place.
 */
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "nova_core_fw_check.h"
#include "nova_core_msgq.h"

/* @slots and @index are zeroed memory. */
void nova_core_msgq_init(struct nova_core_msgq *msgq, void *slots,
			 struct nova_fw_ring_index *index, u32 count)
{
	WARN_ON_ONCE(!is_power_of_2(count));

	guard(spinlock_init)(&msgq->lock);
	msgq->slots = slots;
	msgq->index = index;
	msgq->count = count;
	msgq->next = 0;
	msgq->sequence = 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_msgq_init);

static void *nova_core_msgq_slot(struct nova_core_msgq *msgq)
	__must_hold(&msgq->lock)
{
	return msgq->slots + (size_t)(msgq->next & (msgq->count - 1)) * NOVA_FW_RING_SLOT_SIZE;
}

/*
 * Puts a command into the ring; @write becomes the index to kick the firmware
 * with. -ENOSPC if the ring is full, -EPROTO if the consumer's index is out of
 * range.
 */
int nova_core_msgq_send(struct nova_core_msgq *msgq, u32 function, u32 tag,
			const void *payload, u32 length, u32 *write)
{
	struct nova_fw_msg *slot;
	u32 used;

	if (WARN_ON_ONCE(length > NOVA_FW_MSG_MAX_PAYLOAD))
		return -EINVAL;

	guard(spinlock)(&msgq->lock);

	used = msgq->next - le32_to_cpu(READ_ONCE(msgq->index->read));
	if (used > msgq->count)
		return -EPROTO;
	if (used == msgq->count)
		return -ENOSPC;

	slot = nova_core_msgq_slot(msgq);
	memset(slot, 0, NOVA_FW_RING_SLOT_SIZE);
	slot->magic = cpu_to_le32(NOVA_FW_MSG_MAGIC);
	slot->version = cpu_to_le16(NOVA_FW_VERSION);
	slot->function = cpu_to_le16(function);
	slot->length = cpu_to_le32(length);
	slot->sequence = cpu_to_le32(msgq->sequence++);
	slot->tag = cpu_to_le32(tag);
	if (length)
		memcpy(slot + 1, payload, length);

	/* The slot must be complete before the index says that it is there. */
	dma_wmb();
	WRITE_ONCE(msgq->index->write, cpu_to_le32(++msgq->next));
	*write = msgq->next;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_msgq_send);

/* Judges a header of our own copy. */
static int nova_core_msgq_check(const struct nova_fw_msg *header, u32 sequence)
{
	if (le32_to_cpu(header->magic) != NOVA_FW_MSG_MAGIC ||
	    le16_to_cpu(header->version) != NOVA_FW_VERSION ||
	    le32_to_cpu(header->length) > NOVA_FW_MSG_MAX_PAYLOAD ||
	    le32_to_cpu(header->sequence) != sequence ||
	    (le32_to_cpu(header->flags) & ~NOVA_FW_MSG_REPLY))
		return -EPROTO;

	return 0;
}

/*
 * Takes the next message out of the ring. 1 if there was one, 0 if the ring is
 * empty, -EPROTO if the producer's index or the message cannot be right;
 * nothing is consumed then.
 */
int nova_core_msgq_receive(struct nova_core_msgq *msgq, struct nova_core_msg *msg)
{
	struct nova_fw_msg header;
	const u8 *slot;
	u32 used;
	int ret;

	guard(spinlock)(&msgq->lock);

	used = le32_to_cpu(READ_ONCE(msgq->index->write)) - msgq->next;
	if (!used)
		return 0;
	if (used > msgq->count)
		return -EPROTO;

	/* The index first, then the slot it vouches for. */
	dma_rmb();
	slot = nova_core_msgq_slot(msgq);
	memcpy(&header, slot, sizeof(header));
	barrier();	/* what is judged is what is used: no second look at the slot */
	ret = nova_core_msgq_check(&header, msgq->sequence);
	if (ret)
		return ret;

	msg->function = le16_to_cpu(header.function);
	msg->length = le32_to_cpu(header.length);
	msg->tag = le32_to_cpu(header.tag);
	msg->result = le32_to_cpu(header.result);
	msg->reply = le32_to_cpu(header.flags) & NOVA_FW_MSG_REPLY;
	memcpy(msg->payload, slot + sizeof(header), msg->length);

	/* The copy must be complete before the producer may fill the slot again. */
	dma_mb();
	WRITE_ONCE(msgq->index->read, cpu_to_le32(++msgq->next));
	msgq->sequence++;
	return 1;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_msgq_receive);
