/* SPDX-License-Identifier: MIT */
/* What the parts of libnova share; nothing of it is visible outside. */
#ifndef NOVA_PRIVATE_H
#define NOVA_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "nova.h"
#include "nova_drm.h"

#define NOVA_API		__attribute__((visibility("default")))
#define NOVA_DRIVER_NAME	"nova-drm"
#define NOVA_PAGE_SIZE		4096u

/*
 * The only ways into the kernel, so that tests can take its place: kernel.c does the
 * system calls and nothing else. Return 0 or a negative errno, never -EINTR.
 */
int nova_kernel_ioctl(int fd, unsigned long request, void *arg);
int nova_kernel_mmap(int fd, uint64_t offset, size_t size, void **map);

/* What all others call: the same, and tells who wants to know when the device is gone. */
int nova_ioctl(int fd, unsigned long request, void *arg);
int nova_mmap(int fd, uint64_t offset, size_t size, void **map);

/**
 * struct nova_lost - who wants to know that a device is gone
 * @lock: guards @seen, @callback and @data, and is held while the callback runs
 * @seen: an ioctl said -ENODEV
 * @callback: the client's, or NULL
 * @data: handed to it
 * @prev: in the list of open devices
 * @next: in the list of open devices
 */
struct nova_lost {
	pthread_mutex_t lock;
	bool seen;
	void (*callback)(struct nova_device *dev, void *data);
	void *data;
	struct nova_device *prev;
	struct nova_device *next;
};

void nova_lost_init(struct nova_device *dev);
void nova_lost_fini(struct nova_device *dev);

/**
 * struct nova_device - an open render node
 * @fd: the file
 * @refs: the opener's reference and one per object
 * @lock: guards @bos and the map and reference counts of every buffer
 * @bos: all buffers: an import must find the one that has its handle already
 * @lost: lost.c's
 */
struct nova_device {
	int fd;
	atomic_uint refs;
	pthread_mutex_t lock;
	struct nova_bo *bos;
	struct nova_lost lost;
};

/**
 * struct nova_bo - a buffer
 * @dev: its device, referenced
 * @prev: in the device's list
 * @next: in the device's list
 * @size: bytes
 * @handle: GEM handle
 * @refs: creations and imports not yet destroyed
 * @maps: nova_bo_map() not yet undone
 * @map: the map, or NULL
 */
struct nova_bo {
	struct nova_device *dev;
	struct nova_bo *prev;
	struct nova_bo *next;
	uint64_t size;
	uint32_t handle;
	uint32_t refs;
	uint32_t maps;
	void *map;
};

/**
 * struct nova_va_node - a piece of an address space, taken or free
 * @prev: the piece below
 * @next: the piece above
 * @start: first address
 * @size: bytes
 * @taken: in use
 */
struct nova_va_node {
	struct nova_va_node *prev;
	struct nova_va_node *next;
	uint64_t start;
	uint64_t size;
	bool taken;
};

/**
 * struct nova_vm - an address space
 * @refs: the client's reference and one per heap
 * @dev: its device, referenced
 * @id: the kernel's number; 0: destroyed, but for a heap
 * @va_start: first address a client may use
 * @va_size: bytes from there
 * @lock: guards the pieces
 * @pieces: the whole range, without gaps, lowest first; two free pieces are never neighbours
 */
struct nova_vm {
	atomic_uint refs;
	struct nova_device *dev;
	uint32_t id;
	uint64_t va_start;
	uint64_t va_size;
	pthread_mutex_t lock;
	struct nova_va_node *pieces;
};

/** struct nova_queue - a queue; constant after creation */
struct nova_queue {
	struct nova_device *dev;
	uint32_t id;
};

/** struct nova_sync - a sync object; constant after creation, but for the references: the client's and one per heap */
struct nova_sync {
	atomic_uint refs;
	struct nova_device *dev;
	uint32_t handle;
};

struct nova_device *nova_device_get(struct nova_device *dev);
void nova_device_put(struct nova_device *dev);
struct nova_vm *nova_vm_get(struct nova_vm *vm);
void nova_vm_put(struct nova_vm *vm);
bool nova_vm_is_alive(const struct nova_vm *vm);
struct nova_sync *nova_sync_get(struct nova_sync *sync);
void nova_sync_put(struct nova_sync *sync);
/* A queue of either kind: fills in @args, and the kernel the rest; 0 or -errno. */
int nova_queue_open(struct nova_vm *vm, const struct nova_queue_desc *desc, uint32_t flags,
		    struct drm_nova_queue_create *args);
void nova_queue_close(struct nova_device *dev, uint32_t id);
int nova_device_scan(const char *dir, struct nova_device_entry *entries, uint32_t *count);

#endif /* NOVA_PRIVATE_H */
