/* SPDX-License-Identifier: MIT */
/* The kernel's own device events, so that nothing has to look for nodes again and again. */
#ifndef DEMO_UEVENT_H
#define DEMO_UEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is the message (@length bytes, strings with a NUL after each) the event
 * @action of a render node of the PCI device @pci? Then @node gets its path.
 */
bool demo_uevent_match(const char *message, size_t length, const char *action, const char *pci,
		       char *node, size_t size);

int demo_uevent_open(void);	/* a socket, or a negative errno; events are kept from now on */

/* Waits until an absolute time of CLOCK_MONOTONIC; -ETIME when it does not come. */
int demo_uevent_wait(int fd, const char *action, const char *pci, int64_t deadline_ns, char *node,
		     size_t size);

#endif /* DEMO_UEVENT_H */
