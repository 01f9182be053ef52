/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_FILE_H_
#define _NOVA_FILE_H_

#include <linux/sizes.h>
#include <linux/xarray.h>

struct drm_device;
struct drm_file;
struct nova_account;
struct nova_device;
struct nova_stats;

/* No file takes more than a share, so that another one gets something too. */
#define NOVA_FILE_VMS_MAX	64
#define NOVA_FILE_QUEUES_MAX	64	/* and a quarter of the device's channels */
#define NOVA_FILE_BO_BYTES_MAX	SZ_64G	/* of 1 TiB of mmap offsets */
#define NOVA_FILE_TABLES_SHARE	2	/* half of the page tables */

/**
 * struct nova_file - one open of the render node
 *
 * Lives as long as the file. Ids are allocated from 1.
 */
struct nova_file {
	/** @ndev: the DRM device */
	struct nova_device *ndev;
	/** @vms: id to struct nova_vm, each entry holds a reference */
	struct xarray vms;
	/** @queues: id to struct nova_queue, each entry holds a reference */
	struct xarray queues;
	/** @account: what its buffers and address spaces take; a reference is held */
	struct nova_account *account;
	/** @stats: what its queues have had of the engines; a reference is held */
	struct nova_stats *stats;
};

u32 nova_file_queues_max(const struct nova_device *ndev);
u32 nova_file_tables_max(const struct nova_device *ndev);

void *nova_file_take(struct xarray *xa, u32 id);

int nova_file_open(struct drm_device *drm, struct drm_file *file);
void nova_file_postclose(struct drm_device *drm, struct drm_file *file);

#endif /* _NOVA_FILE_H_ */
