// SPDX-License-Identifier: MIT
/*
 * Devices that come and go. Runs until it is interrupted, or until it has told of as many events as its
 * argument says.
 *
 *     cc monitor.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <nova.h>

static void print_event(const struct nova_monitor_event *event)
{
	static const char *const names[] = {
		[NOVA_MONITOR_ADDED] = "added",
		[NOVA_MONITOR_REMOVED] = "removed",
		[NOVA_MONITOR_WEDGED] = "wedged",
		[NOVA_MONITOR_RECOVERED] = "recovered",
	};
	const struct nova_device_entry *entry = &event->entry;

	printf("%s %s, PCI %04x:%02x:%02x.%x %s\n", names[event->type], entry->path,
	       entry->pci_domain, entry->pci_bus, entry->pci_device, entry->pci_function,
	       event->recovery);
	fflush(stdout);
}

/* Waits for the next event. */
static int next(struct nova_monitor *monitor, struct nova_monitor_event *event)
{
	struct pollfd pfd = { .fd = nova_monitor_fd(monitor), .events = POLLIN };
	int ret;

	while ((ret = nova_monitor_next(monitor, event)) == -EAGAIN) {
		if (poll(&pfd, 1, -1) < 0)
			return -errno;
	}
	return ret;
}

int main(int argc, char **argv)
{
	long events = argc > 1 ? strtol(argv[1], NULL, 10) : -1;
	struct nova_monitor_event event;
	struct nova_monitor *monitor;
	int ret = nova_monitor_create(&monitor);

	if (ret) {
		fprintf(stderr, "monitor: %s\n", strerror(-ret));
		return 1;
	}
	while (events && !ret) {
		ret = next(monitor, &event);
		if (!ret)
			print_event(&event);
		if (events > 0)
			events--;
	}
	nova_monitor_destroy(monitor);
	if (ret)
		fprintf(stderr, "monitor: %s\n", strerror(-ret));
	return ret != 0;
}
