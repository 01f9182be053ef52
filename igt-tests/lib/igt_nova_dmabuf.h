/* SPDX-License-Identifier: MIT */
/* dma-bufs, whoever made them, and the fences they carry. */
#ifndef IGT_NOVA_DMABUF_H
#define IGT_NOVA_DMABUF_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/dma-buf.h>

#include "igt_nova.h"

/* --- makers --- */

/* Readable and writable. */
int igt_nova_dmabuf_export(int fd, uint32_t handle);
uint32_t igt_nova_dmabuf_import(int fd, int dmabuf);
/* Of the kernel's udmabuf and of the system heap; a negative errno where it has none. */
int igt_nova_dmabuf_udmabuf(uint64_t size);
int igt_nova_dmabuf_heap(uint64_t size);

/* --- the CPU --- */

uint32_t *igt_nova_dmabuf_map(int dmabuf, uint64_t size);
/* Between these the CPU may access it: DMA_BUF_SYNC_READ, _WRITE or _RW. */
void igt_nova_dmabuf_begin(int dmabuf, uint64_t flags);
void igt_nova_dmabuf_end(int dmabuf, uint64_t flags);

/* --- fences --- */

/* Puts a sync file's fence on it: of a reader (DMA_BUF_SYNC_READ) or a writer (_WRITE). */
void igt_nova_dmabuf_attach(int dmabuf, int sync_file, uint32_t flags);
/* What a reader (DMA_BUF_SYNC_READ) or a writer (_WRITE) has to wait for: a sync file. */
int igt_nova_dmabuf_fences(int dmabuf, uint32_t flags);
/* Has it been waited for? 0 pending, 1 done, or a negative error of one of the fences. */
int igt_nova_dmabuf_status(int dmabuf, uint32_t flags);
/* poll(): POLLIN, nobody writes it; POLLOUT, nobody uses it. */
bool igt_nova_dmabuf_ready(int dmabuf, short events);
int igt_nova_dmabuf_wait(int dmabuf, short events);	/* 0 or -ETIME */

/* --- vgem --- */

/* A buffer of at least that size; it is rounded up to a page. */
uint32_t igt_nova_vgem_create(int vgem, uint64_t size);
/* A fence that signals by itself after 10 seconds; -EBUSY while others use the buffer. */
int igt_nova_vgem_attach(int vgem, uint32_t handle, bool write);
/* 0, or -ETIMEDOUT if it has already done so. */
int igt_nova_vgem_signal(int vgem, int fence);

#endif /* IGT_NOVA_DMABUF_H */
