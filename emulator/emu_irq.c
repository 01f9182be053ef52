/* SPDX-License-Identifier: MIT */
/*
 * The virtual function's interrupt tree.
 *
 * A vector is a bit in one of eight leaves and latches there whether or not
 * it is enabled. TOP is computed, never stored: bit n tells that a pending and
 * enabled bit is in leaf 2n or 2n + 1.
 *
 * When a message goes out is published only in part (a message for TOP and
 * TOP_EN; a new one when TOP_EN goes from 0 to 1 with the subtree pending). The rule
 * here: each time a bit newly becomes visible through leaf enable and TOP_EN.
 * That is, when a vector is raised that was not pending, when a leaf bit is
 * enabled that is pending, and when a subtree is enabled that is pending. A
 * driver that masks TOP_EN, handles, and unmasks therefore loses nothing.
 *
 * Delivery: a message is due until it is sent. It waits while bus mastering is
 * off (an MSI is a memory write), while the client has set no eventfd, and
 * while it is masked, by the driver or by the client; it is given up when nothing is pending any more.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu_bar.h"
#include "emu_chaos.h"
#include "emu_irq.h"
#include "regs/nv_vf.h"

/* Everything goes out through message 0. */
#define EMU_IRQ_MESSAGE	0

struct emu_irq_message {
	int fd[EMU_IRQ_EVENTS];
	bool masked;
	bool held;	/* sent by the client's own trigger while masked */
};

/**
 * struct emu_irq - the tree and the messages
 * @lock: covers all below; innermost
 * @leaf: pending vectors
 * @enable: leaf enables
 * @top_enable: subtree enables
 * @due: a message is to be sent
 * @drop: misbehaviour: messages are lost
 * @messages: by message number
 */
struct emu_irq {
	pthread_mutex_t lock;
	uint32_t leaf[NV_VF_INTR_LEAVES];
	uint32_t enable[NV_VF_INTR_LEAVES];
	uint32_t top_enable;
	bool due;
	bool drop;
	struct emu_irq_message messages[EMU_IRQ_MESSAGES];
};

struct emu_irq *emu_irq_create(struct emu *emu)
{
	struct emu_irq *irq = calloc(1, sizeof(*irq));
	unsigned int message, event;

	(void)emu;
	if (!irq)
		return NULL;
	pthread_mutex_init(&irq->lock, NULL);
	for (message = 0; message < EMU_IRQ_MESSAGES; message++) {
		for (event = 0; event < EMU_IRQ_EVENTS; event++)
			irq->messages[message].fd[event] = -1;
	}
	return irq;
}

static void emu_irq_close_all(struct emu_irq *irq)
{
	unsigned int message, event;

	for (message = 0; message < EMU_IRQ_MESSAGES; message++) {
		struct emu_irq_message *msg = &irq->messages[message];

		for (event = 0; event < EMU_IRQ_EVENTS; event++) {
			if (msg->fd[event] >= 0)
				close(msg->fd[event]);
			msg->fd[event] = -1;
		}
		msg->masked = false;
		msg->held = false;
	}
}

void emu_irq_destroy(struct emu_irq *irq)
{
	if (!irq)
		return;
	emu_irq_close_all(irq);
	pthread_mutex_destroy(&irq->lock);
	free(irq);
}

void emu_irq_reset(struct emu_irq *irq)
{
	pthread_mutex_lock(&irq->lock);
	memset(irq->leaf, 0, sizeof(irq->leaf));
	memset(irq->enable, 0, sizeof(irq->enable));
	irq->top_enable = 0;
	irq->due = false;
	pthread_mutex_unlock(&irq->lock);
}

/*
 * An eventfd whose counter is full refuses: the reader is behind, and will wake anyway. The client
 * chose the descriptor: where a write would wait, none is made.
 */
static void emu_irq_signal(struct emu *emu, int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	const uint64_t one = 1;

	if (fd < 0 || poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
		return;
	if (write(fd, &one, sizeof(one)) != sizeof(one) && errno != EAGAIN)
		emu_log(emu, EMU_LOG_ERROR, "eventfd: %s", strerror(errno));
}

static uint32_t emu_irq_top(const struct emu_irq *irq)
{
	uint32_t top = 0;
	unsigned int i;

	for (i = 0; i < NV_VF_INTR_LEAVES; i++) {
		if (irq->leaf[i] & irq->enable[i])
			top |= NV_BIT(i / 2);
	}
	return top;
}

/* Sends the message that is due, if anything still is and it can be sent. Caller holds the lock. */
static void emu_irq_deliver(struct emu *emu)
{
	struct emu_irq *irq = emu->irq;
	struct emu_irq_message *msg = &irq->messages[EMU_IRQ_MESSAGE];
	uint64_t random;

	if (!irq->due)
		return;
	if (!(emu_irq_top(irq) & irq->top_enable)) {
		irq->due = false;
		return;
	}
	if (msg->fd[EMU_IRQ_TRIGGER] < 0 || msg->masked || !emu_pci_bus_master(emu) ||
	    emu_pci_msi_masked(emu) || emu_bar_is_removed(emu))
		return;
	irq->due = false;
	if (irq->drop || emu_chaos_hit(emu, EMU_LIE_IRQ_LOST, &random)) {
		emu_log(emu, EMU_LOG_INFO, "interrupt dropped");
		return;
	}
	emu_count(emu, EMU_INTERRUPTS);
	emu_irq_signal(emu, msg->fd[EMU_IRQ_TRIGGER]);
}

static void emu_irq_latch(struct emu *emu, uint32_t vector)
{
	struct emu_irq *irq = emu->irq;
	unsigned int leaf = vector / 32;
	uint32_t bit = NV_BIT(vector % 32);

	if (irq->leaf[leaf] & bit)
		return;
	irq->leaf[leaf] |= bit;
	if ((irq->enable[leaf] & bit) && (irq->top_enable & NV_BIT(leaf / 2)))
		irq->due = true;
}

void emu_irq_raise(struct emu *emu, unsigned int vector)
{
	if (vector >= NV_VF_INTR_VECTORS)
		return;
	pthread_mutex_lock(&emu->irq->lock);
	emu_irq_latch(emu, vector);
	emu_irq_deliver(emu);
	pthread_mutex_unlock(&emu->irq->lock);
}

void emu_irq_resend(struct emu *emu)
{
	pthread_mutex_lock(&emu->irq->lock);
	emu_irq_deliver(emu);
	pthread_mutex_unlock(&emu->irq->lock);
}

void emu_irq_drop(struct emu *emu, bool drop)
{
	pthread_mutex_lock(&emu->irq->lock);
	emu->irq->drop = drop;
	pthread_mutex_unlock(&emu->irq->lock);
}

/* Index of @offset in an array of eight registers at @base, or -1. */
static int emu_irq_leaf_index(uint32_t offset, uint32_t base)
{
	if (offset < base || offset >= base + NV_VF_INTR_LEAVES * 4)
		return -1;
	return (int)((offset - base) / 4);
}

static bool emu_irq_read_locked(struct emu_irq *irq, uint32_t offset, uint32_t *value)
{
	int i;

	if ((i = emu_irq_leaf_index(offset, NV_VF_INTR_LEAF(0))) >= 0)
		*value = irq->leaf[i];
	else if ((i = emu_irq_leaf_index(offset, NV_VF_INTR_LEAF_EN_SET(0))) >= 0 ||
		 (i = emu_irq_leaf_index(offset, NV_VF_INTR_LEAF_EN_CLEAR(0))) >= 0)
		*value = irq->enable[i];
	else if (offset == NV_VF_INTR_TOP)
		*value = emu_irq_top(irq);
	else if (offset == NV_VF_INTR_TOP_EN_SET || offset == NV_VF_INTR_TOP_EN_CLEAR)
		*value = irq->top_enable;
	else if (offset == NV_VF_INTR_LEAF_TRIGGER)
		*value = 0;
	else
		return false;
	return true;
}

bool emu_irq_reg_read(struct emu *emu, uint32_t offset, uint32_t *value)
{
	bool defined;

	pthread_mutex_lock(&emu->irq->lock);
	defined = emu_irq_read_locked(emu->irq, offset, value);
	pthread_mutex_unlock(&emu->irq->lock);
	return defined;
}

static void emu_irq_enable_leaf(struct emu_irq *irq, unsigned int leaf, uint32_t bits)
{
	uint32_t fresh = bits & ~irq->enable[leaf];

	irq->enable[leaf] |= bits;
	if ((irq->leaf[leaf] & fresh) && (irq->top_enable & NV_BIT(leaf / 2)))
		irq->due = true;
}

static void emu_irq_enable_top(struct emu_irq *irq, uint32_t bits)
{
	uint32_t fresh = bits & NV_VF_INTR_TOP_MASK & ~irq->top_enable;

	irq->top_enable |= bits & NV_VF_INTR_TOP_MASK;
	if (emu_irq_top(irq) & fresh)
		irq->due = true;
}

static bool emu_irq_write_locked(struct emu *emu, uint32_t offset, uint32_t value)
{
	struct emu_irq *irq = emu->irq;
	int i;

	if ((i = emu_irq_leaf_index(offset, NV_VF_INTR_LEAF(0))) >= 0) {
		irq->leaf[i] &= ~value;
	} else if ((i = emu_irq_leaf_index(offset, NV_VF_INTR_LEAF_EN_SET(0))) >= 0) {
		emu_irq_enable_leaf(irq, (unsigned int)i, value);
	} else if ((i = emu_irq_leaf_index(offset, NV_VF_INTR_LEAF_EN_CLEAR(0))) >= 0) {
		irq->enable[i] &= ~value;
	} else if (offset == NV_VF_INTR_TOP_EN_SET) {
		emu_irq_enable_top(irq, value);
	} else if (offset == NV_VF_INTR_TOP_EN_CLEAR) {
		irq->top_enable &= ~value;
	} else if (offset == NV_VF_INTR_LEAF_TRIGGER) {
		value &= NV_VF_INTR_LEAF_TRIGGER_VECTOR;
		if (value < NV_VF_INTR_VECTORS)
			emu_irq_latch(emu, value);
	} else if (offset != NV_VF_INTR_TOP) {	/* read only */
		return false;
	}
	return true;
}

bool emu_irq_reg_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	bool defined;

	pthread_mutex_lock(&emu->irq->lock);
	defined = emu_irq_write_locked(emu, offset, value);
	emu_irq_deliver(emu);
	pthread_mutex_unlock(&emu->irq->lock);
	return defined;
}

void emu_irq_set_eventfd(struct emu *emu, unsigned int message, enum emu_irq_event event, int fd)
{
	struct emu_irq_message *msg = &emu->irq->messages[message];

	pthread_mutex_lock(&emu->irq->lock);
	if (msg->fd[event] >= 0)
		close(msg->fd[event]);
	msg->fd[event] = fd;
	emu_irq_deliver(emu);
	pthread_mutex_unlock(&emu->irq->lock);
}

void emu_irq_set_masked(struct emu *emu, unsigned int message, bool masked)
{
	struct emu_irq_message *msg = &emu->irq->messages[message];

	pthread_mutex_lock(&emu->irq->lock);
	if (msg->masked != masked)
		emu_irq_signal(emu, msg->fd[masked ? EMU_IRQ_MASK : EMU_IRQ_UNMASK]);
	msg->masked = masked;
	if (!masked && msg->held) {
		msg->held = false;
		emu_irq_signal(emu, msg->fd[EMU_IRQ_TRIGGER]);
	}
	emu_irq_deliver(emu);
	pthread_mutex_unlock(&emu->irq->lock);
}

void emu_irq_send(struct emu *emu, unsigned int message)
{
	struct emu_irq_message *msg = &emu->irq->messages[message];

	pthread_mutex_lock(&emu->irq->lock);
	if (msg->masked)
		msg->held = true;
	else
		emu_irq_signal(emu, msg->fd[EMU_IRQ_TRIGGER]);
	pthread_mutex_unlock(&emu->irq->lock);
}

void emu_irq_disconnect(struct emu *emu)
{
	pthread_mutex_lock(&emu->irq->lock);
	emu_irq_close_all(emu->irq);
	pthread_mutex_unlock(&emu->irq->lock);
}
