// SPDX-License-Identifier: MIT
/* libudev's view of DRM nodes. */
#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor.h"

struct monitor_udev {
	struct udev *udev;
	struct udev_monitor *monitor;
};

/* Returns false, and leaves @to empty, for what is not there or too long. */
static bool copy(char *to, size_t room, const char *from)
{
	to[0] = '\0';
	if (!from || strlen(from) >= room)
		return false;
	strcpy(to, from);
	return true;
}

static bool fill_record(struct monitor_record *record, struct udev_device *node)
{
	/* Parents belong to the node. */
	struct udev_device *device = udev_device_get_parent(node);
	struct udev_device *pci = udev_device_get_parent_with_subsystem_devtype(node, "pci", NULL);

	memset(record, 0, sizeof(*record));
	if (!copy(record->name, sizeof(record->name), udev_device_get_sysname(node)) ||
	    !copy(record->path, sizeof(record->path), udev_device_get_syspath(node)))
		return false;
	copy(record->node, sizeof(record->node), udev_device_get_devnode(node));
	copy(record->wedged, sizeof(record->wedged), udev_device_get_property_value(node, "WEDGED"));
	if (device) {
		copy(record->parent, sizeof(record->parent), udev_device_get_syspath(device));
		copy(record->driver, sizeof(record->driver), udev_device_get_driver(device));
	}
	if (pci)
		copy(record->pci, sizeof(record->pci), udev_device_get_sysname(pci));
	return true;
}

int monitor_udev_open(struct monitor_udev **out)
{
	struct monitor_udev *udev = calloc(1, sizeof(*udev));
	int ret = -ENOMEM;

	if (!udev)
		return -ENOMEM;
	udev->udev = udev_new();
	if (udev->udev) {
		/* Without its daemon udev sends nothing; the kernel always does. */
		bool daemon = !access("/run/udev/control", F_OK);

		errno = ENOMEM;
		udev->monitor = udev_monitor_new_from_netlink(udev->udev, daemon ? "udev" : "kernel");
		ret = udev->monitor ? 0 : -errno;
	}
	if (!ret)
		ret = udev_monitor_filter_add_match_subsystem_devtype(udev->monitor, "drm", "drm_minor");
	if (!ret)
		ret = udev_monitor_enable_receiving(udev->monitor);
	if (ret < 0) {
		monitor_udev_close(udev);
		return ret;
	}
	*out = udev;
	return 0;
}

void monitor_udev_close(struct monitor_udev *udev)
{
	udev_monitor_unref(udev->monitor);
	udev_unref(udev->udev);
	free(udev);
}

int monitor_udev_fd(struct monitor_udev *udev)
{
	return udev_monitor_get_fd(udev->monitor);
}

static bool action_of(struct udev_device *node, enum monitor_action *action)
{
	const char *name = udev_device_get_action(node);

	if (!name)
		return false;
	if (!strcmp(name, "add"))
		*action = MONITOR_ADD;
	else if (!strcmp(name, "remove"))
		*action = MONITOR_REMOVE;
	else if (!strcmp(name, "change"))
		*action = MONITOR_CHANGE;
	else
		return false;
	return true;
}

int monitor_udev_next(struct monitor_udev *udev, struct monitor_record *record)
{
	struct udev_device *node;
	bool complete;

	do {
		errno = 0;
		node = udev_monitor_receive_device(udev->monitor);
		if (!node)
			return errno && errno != EINTR ? -errno : -EAGAIN;
		complete = fill_record(record, node) && action_of(node, &record->action);
		udev_device_unref(node);
	} while (!complete);
	return 0;
}

int monitor_udev_scan(struct monitor_udev *udev,
		      int (*each)(void *data, const struct monitor_record *record), void *data)
{
	struct udev_enumerate *enumerate = udev_enumerate_new(udev->udev);
	struct udev_list_entry *entry;
	struct monitor_record record;
	struct udev_device *node;
	int ret;

	if (!enumerate)
		return -ENOMEM;
	ret = udev_enumerate_add_match_subsystem(enumerate, "drm");
	if (ret >= 0)
		ret = udev_enumerate_scan_devices(enumerate);
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate)) {
		if (ret < 0)
			break;
		/* What has just gone cannot be asked any more; its event is on its way. */
		node = udev_device_new_from_syspath(udev->udev, udev_list_entry_get_name(entry));
		if (node && udev_device_get_devnode(node) && fill_record(&record, node))
			ret = each(data, &record);
		udev_device_unref(node);
	}
	udev_enumerate_unref(enumerate);
	return ret < 0 ? ret : 0;
}
