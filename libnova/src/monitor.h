/* SPDX-License-Identifier: MIT */
/*
 * Between monitor.c, which knows what events mean, and monitor_udev.c, which asks libudev and
 * nothing else, so that tests can take its place.
 */
#ifndef NOVA_MONITOR_PRIVATE_H
#define NOVA_MONITOR_PRIVATE_H

#include "private.h"

#define MONITOR_PATH_MAX	256

enum monitor_action { MONITOR_ADD, MONITOR_REMOVE, MONITOR_CHANGE };

/**
 * struct monitor_record - what udev says about a DRM node
 * @action: what happened to it
 * @name: "renderD128"
 * @path: in sysfs
 * @node: in /dev
 * @parent: the device's path in sysfs
 * @driver: of the device; empty when it has none any more
 * @pci: address of the PCI device above, "0000:01:00.0"; empty when there is none
 * @wedged: ways to recover, of an event that says so
 */
struct monitor_record {
	enum monitor_action action;
	char name[32];
	char path[MONITOR_PATH_MAX];
	char node[64];
	char parent[MONITOR_PATH_MAX];
	char driver[64];
	char pci[32];
	char wedged[64];
};

struct monitor_udev;

/* All return 0 or a negative errno. */
int monitor_udev_open(struct monitor_udev **udev);
void monitor_udev_close(struct monitor_udev *udev);
int monitor_udev_fd(struct monitor_udev *udev);

/* The next event of a DRM node; -EAGAIN: none now; -ENOBUFS: some are lost. */
int monitor_udev_next(struct monitor_udev *udev, struct monitor_record *record);

/* Hands all DRM nodes there are to @each, as added, until it returns an error. */
int monitor_udev_scan(struct monitor_udev *udev,
		      int (*each)(void *data, const struct monitor_record *record), void *data);

#endif /* NOVA_MONITOR_PRIVATE_H */
