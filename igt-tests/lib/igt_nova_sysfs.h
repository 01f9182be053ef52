/* SPDX-License-Identifier: MIT */
/* The device as the driver core sees it: find, unbind, bind, remove, rescan, events, modules. */
#ifndef IGT_NOVA_SYSFS_H
#define IGT_NOVA_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct igt_nova_dev - one PCI device that nova-core drives
 * @index: rank among them by PCI address, and number of its control port
 * @address: PCI address, as sysfs writes it
 */
struct igt_nova_dev {
	unsigned int index;
	char address[32];
};

/* The device with this index; it need not be bound. */
bool igt_nova_dev_find(struct igt_nova_dev *dev, unsigned int index);
bool igt_nova_dev_is_bound(const struct igt_nova_dev *dev);
bool igt_nova_dev_is_present(const struct igt_nova_dev *dev);
/* Name of its render minor into @name, as sysfs has it; false when there is none. */
bool igt_nova_dev_minor(const struct igt_nova_dev *dev, char name[32]);
/* Path of its render node into @node; false when there is none. */
bool igt_nova_dev_node(const struct igt_nova_dev *dev, char node[64]);
/* Opens the render node, waiting for its event if the bind is still under way. */
int igt_nova_dev_open(const struct igt_nova_dev *dev);

/* Are the PCI driver and the auxiliary driver registered? */
bool igt_nova_drivers_present(void);

/* Does its command register allow DMA? */
bool igt_nova_dev_is_master(const struct igt_nova_dev *dev);
/* Bus address of one of its BARs. */
uint64_t igt_nova_dev_bar(const struct igt_nova_dev *dev, unsigned int bar);

/* These return 0 or the -errno of the write to sysfs. */
int igt_nova_dev_unbind(const struct igt_nova_dev *dev);
int igt_nova_dev_bind(const struct igt_nova_dev *dev);
int igt_nova_dev_remove(const struct igt_nova_dev *dev);
/* A function reset, behind the driver's back. */
int igt_nova_dev_reset(const struct igt_nova_dev *dev);
int igt_nova_pci_rescan(void);
/* The auxiliary device only: nova-drm goes, nova-core stays. */
int igt_nova_aux_unbind(const struct igt_nova_dev *dev);
int igt_nova_aux_bind(const struct igt_nova_dev *dev);

/* What one write to sysfs does to a device. */
enum igt_nova_action {
	IGT_NOVA_UNBIND,
	IGT_NOVA_BIND,
	IGT_NOVA_REMOVE,
	IGT_NOVA_RESET,
	IGT_NOVA_AUX_UNBIND,
	IGT_NOVA_AUX_BIND,
};

/**
 * struct igt_nova_order - such a write, in two steps: giving the order is one system call
 * @fd: the file, or -1
 * @text: what is written to it
 */
struct igt_nova_order {
	int fd;
	char text[64];
};

/* 0 or -errno; closed by igt_nova_order_close(), also when it failed. */
int igt_nova_order_open(struct igt_nova_order *order, const struct igt_nova_dev *dev,
			enum igt_nova_action action);
/* 0 or the -errno of the write. */
int igt_nova_order_give(const struct igt_nova_order *order);
void igt_nova_order_close(struct igt_nova_order *order);

/**
 * struct igt_nova_uevent - a kernel event
 * @action: "add", "remove" ...
 * @subsystem: "drm" ...
 * @devname: node below /dev, or empty
 * @wedged: ways to recover, of a device that says it is of no use, or empty
 */
struct igt_nova_uevent {
	char action[16];
	char subsystem[32];
	char devname[64];
	char wedged[32];
};

int igt_nova_uevent_open(void);
/* The next one; false if none comes in that time. */
bool igt_nova_uevent_next(int fd, struct igt_nova_uevent *event, int timeout_ms);
/*
 * Reads events until one has this action and a node of subsystem drm whose path
 * below /dev starts with @devname; false when none came in IGT_NOVA_PATIENCE_S.
 */
bool igt_nova_uevent_wait(int fd, const char *action, const char *devname);

/* A number that is a module's parameter; writing returns 0 or -errno. */
unsigned int igt_nova_module_param(const char *module, const char *name);
int igt_nova_module_set_param(const char *module, const char *name, unsigned int value);

/* 0 or -errno. */
int igt_nova_module_unload(const char *name);
/*
 * The same once nobody uses it. The last references of fences and dma-bufs go in RCU
 * callbacks and work items, which announce nothing: so it is asked again until then.
 */
int igt_nova_module_unload_idle(const char *name);
int igt_nova_module_load(const char *name);

#endif /* IGT_NOVA_SYSFS_H */
