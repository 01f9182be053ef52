/* SPDX-License-Identifier: MIT */
#ifndef NOVA_BO_H
#define NOVA_BO_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Buffer objects. See nova.h. */

struct nova_device;
struct nova_bo;

#define NOVA_BO_NO_MMAP		(1u << 0)	/* the CPU never maps it */

#define NOVA_BO_LABEL_MAX	4096u	/* bytes */

#define NOVA_CACHING_DEFAULT	0	/* write-back in system memory, write-combined in video memory */
#define NOVA_CACHING_WB		1	/* system memory only */
#define NOVA_CACHING_WC		2

/**
 * struct nova_bo_desc - a buffer to be made
 * @size: bytes, rounded up to the page size; not 0
 * @placement: NOVA_PLACEMENT_* mask; 0: any, video memory first
 * @flags: NOVA_BO_NO_MMAP
 * @caching: NOVA_CACHING_*
 * @vm: not NULL: the buffer is private to this address space (faster to submit with); it cannot be exported
 */
struct nova_bo_desc {
	uint64_t size;
	uint32_t placement;
	uint32_t flags;
	uint32_t caching;
	struct nova_vm *vm;
};

/**
 * nova_bo_create() - make a buffer filled with zeros
 * @dev: the device
 * @desc: what to make
 * @bo: out, the buffer; nova_bo_destroy() it
 *
 * Memory is allocated at first use, so -ENOSPC can come later.
 *
 * Returns 0; -EINVAL for a size of 0 or beyond the limit, and for what does not go together;
 * -ENOSPC when the buffers of the open device would be more than it may have (struct nova_limits);
 * another error of the list in nova.h.
 */
int nova_bo_create(struct nova_device *dev, const struct nova_bo_desc *desc, struct nova_bo **bo);

/**
 * nova_bo_import() - use another device's or process's buffer
 * @dev: the device
 * @dmabuf_fd: dma-buf; stays the caller's
 * @bo: out, the buffer; nova_bo_destroy() it
 *
 * A dma-buf that this device has already is the same object again, with one more reference.
 */
int nova_bo_import(struct nova_device *dev, int dmabuf_fd, struct nova_bo **bo);

/**
 * nova_bo_export() - share a buffer as a dma-buf
 * @bo: the buffer
 * @dmabuf_fd: out, close-on-exec descriptor, the caller's
 *
 * Returns 0; -EPERM for a buffer private to an address space; -EMFILE; -ENODEV.
 */
int nova_bo_export(struct nova_bo *bo, int *dmabuf_fd);

/**
 * nova_bo_destroy() - drop a reference; the last one unmaps and frees
 * @bo: the buffer, or NULL
 */
void nova_bo_destroy(struct nova_bo *bo);

/**
 * nova_bo_map() - map the whole buffer for the CPU
 * @bo: the buffer
 * @map: out, readable and writable
 *
 * Every call returns the same address and counts; so many nova_bo_unmap() remove the map. It
 * stays usable when the device goes away. Returns 0; -EPERM for NOVA_BO_NO_MMAP and imported buffers.
 */
int nova_bo_map(struct nova_bo *bo, void **map);

/** nova_bo_unmap() - undo one nova_bo_map(); without one it does nothing */
void nova_bo_unmap(struct nova_bo *bo);

/** nova_bo_size() - size in bytes, a multiple of the page size */
uint64_t nova_bo_size(const struct nova_bo *bo);

/** nova_bo_handle() - the GEM handle, for raw ioctls */
uint32_t nova_bo_handle(const struct nova_bo *bo);

/**
 * struct nova_bo_info - state of a buffer
 * @size: bytes
 * @flags: NOVA_BO_* it was made with
 * @placement: NOVA_PLACEMENT_* mask where it may be
 * @resident: NOVA_PLACEMENT_* where it is now; 0: no memory allocated yet
 * @imported: not 0: the memory is another device's
 */
struct nova_bo_info {
	uint64_t size;
	uint32_t flags;
	uint32_t placement;
	uint32_t resident;
	uint32_t imported;
};

/** nova_bo_query_info() - where a buffer is */
int nova_bo_query_info(struct nova_bo *bo, struct nova_bo_info *info);

/**
 * nova_bo_set_label() - give a buffer a name that people see in the kernel's debugfs
 * @bo: the buffer
 * @label: the name; NULL or "": none
 *
 * Returns 0; -E2BIG for a name longer than NOVA_BO_LABEL_MAX; -ENOMEM; -ENODEV.
 */
int nova_bo_set_label(struct nova_bo *bo, const char *label);

/**
 * enum nova_bo_advice - is the content of a buffer needed?
 * @NOVA_BO_WILLNEED: it is; how each buffer begins
 * @NOVA_BO_DONTNEED: it may be dropped when memory is short
 */
enum nova_bo_advice {
	NOVA_BO_WILLNEED = 0,
	NOVA_BO_DONTNEED = 1,
};

/**
 * nova_bo_madvise() - say whether a buffer's content is needed
 * @bo: the buffer
 * @advice: the answer
 * @retained: out, not 0 if the buffer has the content it had when it was needed last; else it is zeros. Or NULL
 *
 * For buffers kept for later use. DONTNEED waits for jobs that may be using the buffer; the GPU must not use
 * it until it is needed again. CPU maps stay usable all the time.
 *
 * Returns 0; -EPERM for an imported buffer; -EBUSY for NOVA_BO_DONTNEED where it is mapped beside
 * user-mode queues; -ENOSPC for NOVA_BO_WILLNEED there when video memory has no room; another error
 * of the list in nova.h.
 */
int nova_bo_madvise(struct nova_bo *bo, enum nova_bo_advice advice, uint32_t *retained);

#ifdef __cplusplus
}
#endif

#endif /* NOVA_BO_H */
