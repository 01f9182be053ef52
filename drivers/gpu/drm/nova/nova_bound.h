/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_BOUND_H_
#define _NOVA_BOUND_H_

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <linux/nova_core.h>

struct nova_device;
struct nova_dump;
struct nova_shrink;
struct nova_watch;

/**
 * struct nova_bound - what exists only while the driver is bound to the device
 *
 * Functions that touch the hardware take this type, and there are two ways to get one: the
 * door, nova_bound_enter(), and nova_bound_pin() or nova_bound_pin_notified() where remove() has
 * not got past. The compiler checks both (nova_core_door.h). Freed last in remove().
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
		struct list_head list __guarded_by(&lock);
	} events;
	/** @sched_wq: where the schedulers of all queues run */
	struct workqueue_struct *sched_wq;
	/** @reset_wq: ordered: hangs and errors of all queues are handled one at a time */
	struct workqueue_struct *reset_wq;
	/** @dump: see nova_dump.c */
	struct nova_dump *dump;
	/** @lost_work: nova_reset_work(), after the device was lost or its firmware died */
	struct work_struct lost_work;
	/** @shrink: frees what is not needed when the system is short of memory */
	struct nova_shrink *shrink;
	/** @watch: while there are user-mode queues; guarded by nova_device.queues.lock */
	struct nova_watch *watch;
	/** @audit: registry entry of @sched_wq, @reset_wq and @lost_work */
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
 * The device is awake inside. Who does not touch it, and wants not to wake it, takes
 * nova_bound_peek(), or nova_bound_is_there().
 *
 * Return: the bound device until nova_bound_exit(), or NULL when it is gone (ENODEV).
 */
struct nova_bound *nova_bound_enter(struct nova_device *ndev, int *idx)
	__cond_acquires_shared(nonnull, nova_core_door);
struct nova_bound *nova_bound_enter_unless(struct nova_device *ndev, const bool *over, int *idx)
	__cond_acquires_shared(nonnull, nova_core_door);
struct nova_bound *nova_bound_enter_nested(struct nova_device *ndev, int *idx)
	__cond_acquires_shared(nonnull, nova_core_door);
void nova_bound_exit(int idx)
	__releases_shared(nova_core_door);

/**
 * nova_bound_peek() - the door, for who touches only memory
 * @ndev: the DRM device
 * @idx: cookie for nova_bound_unpeek()
 *
 * What exists while bound exists, but the hardware may be asleep, and is not woken: no
 * register and no video memory may be touched. DMA mappings may be made.
 *
 * Return: the bound device until nova_bound_unpeek(), or NULL when it is gone (ENODEV).
 */
struct nova_bound *nova_bound_peek(struct nova_device *ndev, int *idx)
	__cond_acquires_shared(nonnull, nova_core_door);
void nova_bound_unpeek(int idx)
	__releases_shared(nova_core_door);

bool nova_bound_is_there(struct nova_device *ndev);

struct nova_bound *nova_bound_pin(struct nova_device *ndev, struct mutex *lock,
				  const struct list_head *link)
	__must_hold(lock) __acquires_shared(nova_core_door);
struct nova_bound *nova_bound_pin_notified(struct nova_device *ndev)
	__acquires_shared(nova_core_door);
void nova_bound_unpin(void)
	__releases_shared(nova_core_door);

int nova_bound_create(struct nova_device *ndev, struct nova_core *core)
	__cond_acquires(0, nova_core_door);
int nova_bound_open(struct nova_device *ndev)
	__cond_releases(0, nova_core_door);
void nova_bound_close(struct nova_device *ndev)
	__acquires(nova_core_door);
void nova_bound_destroy(struct nova_bound *bound)
	__releases(nova_core_door);

#endif /* _NOVA_BOUND_H_ */
