/* SPDX-License-Identifier: MIT */
/* The drivers that are compared: their nodes, and the ioctls that they have in common in other words. */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stdint.h>

enum bench_driver {
	BENCH_NOVA,
	BENCH_VGEM,
	BENCH_VIRTIO_GPU,
	BENCH_DRIVERS
};

/* As in the ids of series: nova, vgem, virtio-gpu. */
extern const char *const bench_driver_names[BENCH_DRIVERS];

/*
 * Opens a node of the driver: of nova the render node, of the others the primary node, which dumb
 * buffers need. Returns a descriptor, or -ENOENT if there is none, or another negative errno.
 */
int bench_open(enum bench_driver driver);

/* Buffers, by GEM_CREATE in system memory or as dumb buffers. @size is a multiple of 4096. */
int bench_create(enum bench_driver driver, int fd, uint64_t size, uint32_t *handle);
int bench_close(int fd, uint32_t handle);
/* Maps a whole buffer, for reading and writing. */
int bench_map(enum bench_driver driver, int fd, uint32_t handle, uint64_t size, void **map);

/* One cheap ioctl of the driver's own; -EOPNOTSUPP of vgem, which has none. */
int bench_getparam(enum bench_driver driver, int fd);
/* One cheap ioctl of the DRM core. */
int bench_get_cap(int fd);

/*
 * The bus's way to take the driver off its device and to put it back. bench_bus_find() fills in what to write;
 * -ENOENT if there is no such device.
 */
struct bench_bus {
	char driver[96];
	char device[64];
};

int bench_bus_find(enum bench_driver driver, struct bench_bus *bus);
int bench_bus_unbind(const struct bench_bus *bus);
int bench_bus_bind(const struct bench_bus *bus);

#endif /* BENCH_PEERS_H */
