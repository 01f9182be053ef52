/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_FILE_H_
#define _NOVA_FILE_H_

#include <linux/xarray.h>

struct drm_device;
struct drm_file;
struct nova_device;

#define NOVA_FILE_VMS_MAX	64
#define NOVA_FILE_QUEUES_MAX	64

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
};

void *nova_file_take(struct xarray *xa, u32 id);

int nova_file_open(struct drm_device *drm, struct drm_file *file);
void nova_file_postclose(struct drm_device *drm, struct drm_file *file);

#endif /* _NOVA_FILE_H_ */
