// SPDX-License-Identifier: MIT
/* Devices that come and go: which of udev's events are about nova devices, and what they mean. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "monitor.h"

/**
 * struct monitor_device - a device that has been added and not removed
 * @next: in the monitor's list
 * @entry: what the client gets
 * @path: of its render node in sysfs
 * @parent: of the device itself, which the card node has, too
 * @seen: in the scan that goes on
 */
struct monitor_device {
	struct monitor_device *next;
	struct nova_device_entry entry;
	char path[MONITOR_PATH_MAX];
	char parent[MONITOR_PATH_MAX];
	bool seen;
};

/** struct monitor_event - an event that waits to be taken */
struct monitor_event {
	struct monitor_event *next;
	struct nova_monitor_event event;
};

/**
 * struct nova_monitor - a monitor
 * @udev: where events come from
 * @epoll_fd: readable when @udev or @queue_fd is
 * @queue_fd: readable while @queue is not empty, or must be filled by a scan
 * @lock: guards all below, and @udev
 * @devices: what there is
 * @queue: events of a scan, oldest first
 * @queue_end: where the next one goes
 * @must_scan: events are lost, or a scan was not finished
 */
struct nova_monitor {
	struct monitor_udev *udev;
	int epoll_fd;
	int queue_fd;
	pthread_mutex_t lock;
	struct monitor_device *devices;
	struct monitor_event *queue;
	struct monitor_event **queue_end;
	bool must_scan;
};

/* --- what there is --------------------------------------------------------- */

/* The kernel names a driver of the auxiliary bus MODULE.DRIVER. */
static bool is_ours(const struct monitor_record *record)
{
	const char *dot = strrchr(record->driver, '.');

	return !strncmp(record->name, "renderD", 7) && record->node[0] &&
	       !strcmp(dot ? dot + 1 : record->driver, NOVA_DRIVER_NAME);
}

static struct monitor_device **find(struct nova_monitor *monitor, const char *path)
{
	struct monitor_device **link = &monitor->devices;

	while (*link && strcmp((*link)->path, path))
		link = &(*link)->next;
	return link;
}

static struct monitor_device *add_device(struct nova_monitor *monitor,
					 const struct monitor_record *record)
{
	struct monitor_device *device = calloc(1, sizeof(*device));
	struct nova_device_entry *entry;

	if (!device)
		return NULL;
	entry = &device->entry;
	memcpy(entry->path, record->node, sizeof(entry->path));
	if (sscanf(record->pci, "%x:%x:%x.%x", &entry->pci_domain, &entry->pci_bus,
		   &entry->pci_device, &entry->pci_function) != 4) {
		entry->pci_domain = entry->pci_bus = 0;
		entry->pci_device = entry->pci_function = 0;
	}
	strcpy(device->path, record->path);
	strcpy(device->parent, record->parent);
	device->next = monitor->devices;
	monitor->devices = device;
	return device;
}

_Static_assert(sizeof(((struct nova_device_entry *)0)->path) ==
	       sizeof(((struct monitor_record *)0)->node), "node");
_Static_assert(sizeof(((struct nova_monitor_event *)0)->recovery) ==
	       sizeof(((struct monitor_record *)0)->wedged), "recovery");

static void set_event(struct nova_monitor_event *event, uint32_t type,
		      const struct monitor_device *device)
{
	*event = (struct nova_monitor_event) { .type = type, .entry = device->entry };
}

/* --- one record ------------------------------------------------------------ */

static int handle_add(struct nova_monitor *monitor, const struct monitor_record *record,
		      struct nova_monitor_event *event)
{
	struct monitor_device *device;

	/* Known already: the scan found it before its event was read. */
	if (!is_ours(record) || *find(monitor, record->path))
		return -EAGAIN;
	device = add_device(monitor, record);
	if (!device) {
		monitor->must_scan = true;
		return -ENOMEM;
	}
	set_event(event, NOVA_MONITOR_ADDED, device);
	return 0;
}

static int handle_remove(struct nova_monitor *monitor, const struct monitor_record *record,
			 struct nova_monitor_event *event)
{
	struct monitor_device **link = find(monitor, record->path), *device = *link;

	if (!device)
		return -EAGAIN;
	set_event(event, NOVA_MONITOR_REMOVED, device);
	*link = device->next;
	free(device);
	return 0;
}

/* The kernel tells of a wedged or recovered device with its card node. */
static int handle_change(struct nova_monitor *monitor, const struct monitor_record *record,
			 struct nova_monitor_event *event)
{
	struct monitor_device *device = monitor->devices;

	if (!record->wedged[0])
		return -EAGAIN;
	while (device && strcmp(device->parent, record->parent))
		device = device->next;
	if (!device)
		return -EAGAIN;
	/* The kernel's word for "nothing has to be done". */
	if (!strcmp(record->wedged, "none")) {
		set_event(event, NOVA_MONITOR_RECOVERED, device);
		return 0;
	}
	set_event(event, NOVA_MONITOR_WEDGED, device);
	memcpy(event->recovery, record->wedged, sizeof(event->recovery));
	return 0;
}

/* Returns 0 with an event; -EAGAIN when the record makes none; -ENOMEM. */
static int handle(struct nova_monitor *monitor, const struct monitor_record *record,
		  struct nova_monitor_event *event)
{
	switch (record->action) {
	case MONITOR_ADD:
		return handle_add(monitor, record, event);
	case MONITOR_REMOVE:
		return handle_remove(monitor, record, event);
	case MONITOR_CHANGE:
		return handle_change(monitor, record, event);
	}
	return -EAGAIN;
}

/* --- all there is ---------------------------------------------------------- */

static int enqueue(struct nova_monitor *monitor, uint32_t type, const struct monitor_device *device)
{
	struct monitor_event *item = calloc(1, sizeof(*item));

	if (!item)
		return -ENOMEM;
	set_event(&item->event, type, device);
	*monitor->queue_end = item;
	monitor->queue_end = &item->next;
	return 0;
}

static int see(void *data, const struct monitor_record *record)
{
	struct nova_monitor *monitor = data;
	struct monitor_device *device = *find(monitor, record->path);
	int ret;

	if (!is_ours(record))
		return 0;
	if (device) {
		device->seen = true;
		return 0;
	}
	device = add_device(monitor, record);
	if (!device)
		return -ENOMEM;
	device->seen = true;
	ret = enqueue(monitor, NOVA_MONITOR_ADDED, device);
	if (ret) {
		monitor->devices = device->next;
		free(device);
	}
	return ret;
}

static int remove_unseen(struct nova_monitor *monitor)
{
	struct monitor_device **link = &monitor->devices, *device;
	int ret;

	while ((device = *link)) {
		if (device->seen) {
			link = &device->next;
			continue;
		}
		ret = enqueue(monitor, NOVA_MONITOR_REMOVED, device);
		if (ret)
			return ret;
		*link = device->next;
		free(device);
	}
	return 0;
}

/* Compares what there is with what was known and queues the difference. */
static int scan(struct nova_monitor *monitor)
{
	struct monitor_device *device;
	int ret;

	for (device = monitor->devices; device; device = device->next)
		device->seen = false;
	ret = monitor_udev_scan(monitor->udev, see, monitor);
	if (!ret)
		ret = remove_unseen(monitor);
	monitor->must_scan = ret != 0;
	return ret;
}

static bool take_queued(struct nova_monitor *monitor, struct nova_monitor_event *event)
{
	struct monitor_event *item = monitor->queue;

	if (!item)
		return false;
	*event = item->event;
	monitor->queue = item->next;
	if (!monitor->queue)
		monitor->queue_end = &monitor->queue;
	free(item);
	return true;
}

/* Makes the descriptor readable as long as something is left to do without a message of udev's. */
static void update_queue_fd(struct nova_monitor *monitor)
{
	eventfd_t value;

	if (monitor->queue || monitor->must_scan)
		eventfd_write(monitor->queue_fd, 1);
	else
		eventfd_read(monitor->queue_fd, &value);
}

/* --- the calls ------------------------------------------------------------- */

static int watch(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int start(struct nova_monitor *monitor)
{
	int ret;

	monitor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (monitor->epoll_fd < 0)
		return -errno;
	monitor->queue_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (monitor->queue_fd < 0)
		return -errno;
	ret = monitor_udev_open(&monitor->udev);
	if (!ret)
		ret = watch(monitor->epoll_fd, monitor->queue_fd);
	if (!ret)
		ret = watch(monitor->epoll_fd, monitor_udev_fd(monitor->udev));
	/* After it began to watch: what comes meanwhile is in both, and known is known. */
	if (!ret)
		ret = scan(monitor);
	update_queue_fd(monitor);
	return ret;
}

NOVA_API int nova_monitor_create(struct nova_monitor **out)
{
	struct nova_monitor *monitor;
	int ret;

	if (!out)
		return -EINVAL;
	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return -ENOMEM;
	monitor->epoll_fd = monitor->queue_fd = -1;
	monitor->queue_end = &monitor->queue;
	pthread_mutex_init(&monitor->lock, NULL);
	ret = start(monitor);
	if (ret) {
		nova_monitor_destroy(monitor);
		return ret;
	}
	*out = monitor;
	return 0;
}

NOVA_API void nova_monitor_destroy(struct nova_monitor *monitor)
{
	struct nova_monitor_event ignored;
	struct monitor_device *device;

	if (!monitor)
		return;
	while (take_queued(monitor, &ignored))
		;
	while ((device = monitor->devices)) {
		monitor->devices = device->next;
		free(device);
	}
	if (monitor->udev)
		monitor_udev_close(monitor->udev);
	if (monitor->queue_fd >= 0)
		close(monitor->queue_fd);
	if (monitor->epoll_fd >= 0)
		close(monitor->epoll_fd);
	pthread_mutex_destroy(&monitor->lock);
	free(monitor);
}

NOVA_API int nova_monitor_fd(const struct nova_monitor *monitor)
{
	return monitor->epoll_fd;
}

static int next_locked(struct nova_monitor *monitor, struct nova_monitor_event *event)
{
	struct monitor_record record;
	int ret = -EAGAIN;

	while (ret == -EAGAIN) {
		if (take_queued(monitor, event))
			return 0;
		if (monitor->must_scan) {
			ret = scan(monitor);
			if (ret)
				return ret;
			ret = -EAGAIN;
			if (monitor->queue)
				continue;
		}
		ret = monitor_udev_next(monitor->udev, &record);
		if (ret == -EAGAIN)
			return ret;
		if (ret == -ENOBUFS) {
			monitor->must_scan = true;
			ret = -EAGAIN;
		} else if (!ret) {
			ret = handle(monitor, &record, event);
		}
	}
	return ret;
}

NOVA_API int nova_monitor_next(struct nova_monitor *monitor, struct nova_monitor_event *event)
{
	int ret;

	if (!monitor || !event)
		return -EINVAL;
	pthread_mutex_lock(&monitor->lock);
	ret = next_locked(monitor, event);
	update_queue_fd(monitor);
	pthread_mutex_unlock(&monitor->lock);
	return ret;
}
