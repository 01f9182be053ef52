/* SPDX-License-Identifier: MIT */
#ifndef NOVA_MONITOR_H
#define NOVA_MONITOR_H

#include <stdint.h>
#include "nova_device.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Devices that come and go. See nova.h. */

struct nova_monitor;

#define NOVA_MONITOR_ADDED	1	/* a device is there, with its render node */
#define NOVA_MONITOR_REMOVED	2	/* its render node is gone; open files of it answer -ENODEV */
#define NOVA_MONITOR_WEDGED	3	/* it does not work until it is recovered, see recovery */
#define NOVA_MONITOR_RECOVERED	4	/* it lost its queues (NOVA_QUEUE_LOST) and works again */

/**
 * struct nova_monitor_event - what happened to a device
 * @type: NOVA_MONITOR_*
 * @reserved: 0
 * @entry: the device; the same in all events between one that it was added and one that it was removed
 * @recovery: NOVA_MONITOR_WEDGED: the kernel's ways to recover it, "rebind" or
 *	"rebind,bus-reset"; otherwise empty
 */
struct nova_monitor_event {
	uint32_t type;
	uint32_t reserved;
	struct nova_device_entry entry;
	char recovery[64];
};

/**
 * nova_monitor_create() - watch for nova devices
 * @monitor: out; nova_monitor_destroy() it
 *
 * Needs no device. Devices that are there already come first, as added ones, so nothing is missed
 * between looking and watching. With udev an event comes when udev's rules have run, so that the
 * node has its permissions; without, when the kernel sends it.
 * Returns 0; -ENOMEM; -EMFILE; what the kernel says to a netlink socket.
 */
int nova_monitor_create(struct nova_monitor **monitor);

/** nova_monitor_destroy() - stop watching; takes NULL */
void nova_monitor_destroy(struct nova_monitor *monitor);

/**
 * nova_monitor_fd() - the file descriptor to poll(2) for POLLIN
 * @monitor: the monitor
 *
 * It is readable when nova_monitor_next() may have an event, also for the devices that come first.
 * Returns the descriptor; it is the library's, do not close or read it.
 */
int nova_monitor_fd(const struct nova_monitor *monitor);

/**
 * nova_monitor_next() - take the next event; does not wait
 * @monitor: the monitor
 * @event: out
 *
 * When the kernel's messages came faster than they were taken, the devices are listed anew and events
 * made of the difference, but a wedged one may be missed. A device that was gone again before its
 * event was looked at may have none.
 *
 * Returns 0; -EAGAIN when there is none now; -ENOMEM, and the event comes with a later call.
 */
int nova_monitor_next(struct nova_monitor *monitor, struct nova_monitor_event *event);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_MONITOR_H */
