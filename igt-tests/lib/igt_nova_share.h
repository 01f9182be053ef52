/* SPDX-License-Identifier: MIT */
/* What a client shares with others: its file with a child or through a socket, a buffer. */
#ifndef IGT_NOVA_SHARE_H
#define IGT_NOVA_SHARE_H

#include <stdbool.h>
#include <sys/types.h>

#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_sysfs.h"

/**
 * struct igt_nova_share - one such client
 * @client: file and VM; in the case of a child or a socket only they have it
 * @bo: a buffer of it
 * @child: who uses the file, or 0
 * @socket: pair with a file under way in it
 * @dmabuf: the buffer, exported
 * @map: of the dma-buf
 * @importer: another device that uses the buffer
 * @handle: the importer's handle of it
 * @va: where the importer's GPU sees it
 * @queue: the importer's queue, 0 if it has no GPU
 */
struct igt_nova_share {
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	pid_t child;
	int socket[2];
	int dmabuf;
	uint32_t *map;
	struct igt_nova_client importer;
	uint32_t handle;
	uint64_t va;
	uint32_t queue;
};

/* The kernel's memory-only DRM device: fd, or -1. */
int igt_nova_open_vgem(void);
/* Its module goes again, after the last use by this process. */
void igt_nova_close_vgem(void);

/**
 * struct igt_nova_promise - a fence that somebody else signals
 * @vgem: who, for whom it is none of ours
 * @handle: a buffer of vgem
 * @fence: the fence there
 */
struct igt_nova_promise {
	int vgem;
	uint32_t handle;
	int fence;
};

/* In a syncobj, for jobs to wait for; skips without vgem. */
uint32_t igt_nova_promise_open(struct igt_nova_promise *promise, int fd);
/* When nobody has the fence any more: vgem's module goes. */
void igt_nova_promise_close(struct igt_nova_promise *promise);

/* A child that submits jobs until ENODEV and then uses the mapping it inherited. */
void igt_nova_share_fork(struct igt_nova_share *share, const struct igt_nova_dev *dev);
void igt_nova_share_join(struct igt_nova_share *share);
/* The file's only descriptor is in the queue of a socket. */
void igt_nova_share_send(struct igt_nova_share *share, const struct igt_nova_dev *dev);
void igt_nova_share_receive(struct igt_nova_share *share);
/* A buffer that another GPU has mapped for DMA, or the kernel's vgem without @other. */
void igt_nova_share_export(struct igt_nova_share *share, const struct igt_nova_dev *dev,
			   const struct igt_nova_dev *other);
void igt_nova_share_check_import(struct igt_nova_share *share);
/* The other way round: a buffer of @other that @dev has mapped for DMA, and has written. Skips without @other. */
void igt_nova_share_import(struct igt_nova_share *share, const struct igt_nova_dev *dev,
			   const struct igt_nova_dev *other);
/* The importer's device has gone, which the buffer and its owner do not notice. */
void igt_nova_share_check_importer_gone(struct igt_nova_share *share);
/* The importer's device is back, and a new client of it imports and writes the same buffer. */
void igt_nova_share_import_again(struct igt_nova_share *share, const struct igt_nova_dev *dev);
/* Whatever state it is in. */
void igt_nova_share_close(struct igt_nova_share *share);

#endif /* IGT_NOVA_SHARE_H */
