/* SPDX-License-Identifier: MIT */
/*
 * The interrupt tree's way out: messages, which are eventfds of the vfio-user
 * client. Messages 0 to 3 are MSI. One more tells the client of an uncorrectable
 * bus error; this device has none, but a client that is offered no such message
 * warns that it cannot recover from errors.
 */
#ifndef EMU_IRQ_H
#define EMU_IRQ_H

#include "emu.h"
#include "emu_pci.h"

#define EMU_IRQ_ERROR		EMU_PCI_MSI_VECTORS
#define EMU_IRQ_MESSAGES	(EMU_IRQ_ERROR + 1)

enum emu_irq_event {
	EMU_IRQ_TRIGGER,	/* the message itself */
	EMU_IRQ_MASK,		/* tells that the message was masked */
	EMU_IRQ_UNMASK,
	EMU_IRQ_EVENTS
};

/* Takes @fd over and closes the one before; -1 takes it away. @message < EMU_IRQ_MESSAGES. */
void emu_irq_set_eventfd(struct emu *emu, unsigned int message, enum emu_irq_event event, int fd);
/* A masked message is held back and sent when it is unmasked. */
void emu_irq_set_masked(struct emu *emu, unsigned int message, bool masked);
/* Sends a message that no interrupt asked for: the client tests its own path. */
void emu_irq_send(struct emu *emu, unsigned int message);
/* The client is gone: no eventfd, nothing masked. */
void emu_irq_disconnect(struct emu *emu);
/* Bus mastering is on again: sends what was due meanwhile. */
void emu_irq_resend(struct emu *emu);

#endif /* EMU_IRQ_H */
