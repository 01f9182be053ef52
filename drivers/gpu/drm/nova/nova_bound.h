/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_BOUND_H_
#define _NOVA_BOUND_H_

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <linux/nova_core.h>

struct nova_device;

/**
 * struct nova_bound - what exists only while the driver is bound to the device
 *
 * Functions that touch the hardware take this type, and the only way to get
 * one is the door, nova_bound_enter(). Freed last in remove().
 */
struct nova_bound {
	/** @core: the hardware */
	struct nova_core *core;
	/** @ndev: the DRM device */
	struct nova_device *ndev;
	/** @events: queues whose fences the interrupt may signal */
	struct {
		/** @events.lock: guards the list */
		spinlock_t lock;
		struct list_head list;
	} events;
	/** @reset_wq: ordered: hangs and errors of all queues are handled one at a time */
	struct workqueue_struct *reset_wq;
	/** @lost_work: kills all queues after the device was lost */
	struct work_struct lost_work;
	/** @audit: registry entry of @reset_wq and @lost_work */
	struct nova_core_audit audit;
};

/**
 * nova_bound_enter() - the door: go where the hardware is
 * @ndev: the DRM device
 * @idx: cookie for nova_bound_exit()
 *
 * Entered at the edge, once per ioctl or callback. Inside nothing waits for a fence, for user
 * space or for user memory, and no reservation lock is taken: remove() waits for all who are
 * inside, of all DRM devices (the SRCU domain is shared). Locks order: reservation -> door.
 *
 * Return: the bound device until nova_bound_exit(), or NULL when it is gone (ENODEV).
 */
struct nova_bound *nova_bound_enter(struct nova_device *ndev, int *idx);
void nova_bound_exit(int idx);

struct nova_bound *nova_bound_create(struct nova_device *ndev, struct nova_core *core);
void nova_bound_destroy(struct nova_bound *bound);

#endif /* _NOVA_BOUND_H_ */
