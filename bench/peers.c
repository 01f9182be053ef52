// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <nova_drm.h>
#include <virtgpu_drm.h>
#include <xf86drm.h>

#include "peers.h"

const char *const bench_driver_names[BENCH_DRIVERS] = {
	[BENCH_NOVA] = "nova",
	[BENCH_VGEM] = "vgem",
	[BENCH_VIRTIO_GPU] = "virtio-gpu",
};

/* What the kernel calls them, and which nodes are used. */
static const struct {
	const char *name;
	const char *nodes;
	const char *bus;
} drivers[BENCH_DRIVERS] = {
	[BENCH_NOVA] = { "nova-drm", "/dev/dri/renderD*", "/sys/bus/pci/drivers/nova_core" },
	[BENCH_VGEM] = { "vgem", "/dev/dri/card*", NULL },
	[BENCH_VIRTIO_GPU] = { "virtio_gpu", "/dev/dri/card*", "/sys/bus/virtio/drivers/virtio_gpu" },
};

static int call(int fd, unsigned long request, void *args)
{
	int ret;

	do {
		ret = ioctl(fd, request, args);
	} while (ret && (errno == EINTR || errno == EAGAIN));
	return ret ? -errno : 0;
}

static bool is_driver(int fd, const char *name)
{
	drmVersionPtr version = drmGetVersion(fd);
	bool is = version && !strcmp(version->name, name);

	drmFreeVersion(version);
	return is;
}

int bench_open(enum bench_driver driver)
{
	glob_t nodes;
	int fd = -1;

	if (glob(drivers[driver].nodes, 0, NULL, &nodes))
		return -ENOENT;
	for (size_t i = 0; fd < 0 && i < nodes.gl_pathc; i++) {
		fd = open(nodes.gl_pathv[i], O_RDWR | O_CLOEXEC);
		if (fd < 0 || is_driver(fd, drivers[driver].name))
			continue;
		close(fd);
		fd = -1;
	}
	globfree(&nodes);
	return fd < 0 ? -ENOENT : fd;
}

static int create_dumb(int fd, uint64_t size, uint32_t *handle)
{
	struct drm_mode_create_dumb args = {
		.width = 1024,
		.height = (uint32_t)(size / 4096),
		.bpp = 32,
	};
	int ret = call(fd, DRM_IOCTL_MODE_CREATE_DUMB, &args);

	*handle = args.handle;
	return ret;
}

static int create_nova(int fd, uint64_t size, uint32_t *handle)
{
	struct drm_nova_gem_create args = { .size = size, .placement = DRM_NOVA_PLACEMENT_SYSTEM };
	int ret = call(fd, DRM_IOCTL_NOVA_GEM_CREATE, &args);

	*handle = args.handle;
	return ret;
}

int bench_create(enum bench_driver driver, int fd, uint64_t size, uint32_t *handle)
{
	return driver == BENCH_NOVA ? create_nova(fd, size, handle) : create_dumb(fd, size, handle);
}

int bench_close(int fd, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	return call(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

int bench_map(enum bench_driver driver, int fd, uint32_t handle, uint64_t size, void **map)
{
	struct drm_nova_gem_mmap_offset nova = { .handle = handle };
	struct drm_mode_map_dumb dumb = { .handle = handle };
	int ret;

	if (driver == BENCH_NOVA)
		ret = call(fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &nova);
	else
		ret = call(fd, DRM_IOCTL_MODE_MAP_DUMB, &dumb);
	if (ret)
		return ret;
	*map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    (off_t)(driver == BENCH_NOVA ? nova.offset : dumb.offset));
	return *map == MAP_FAILED ? -errno : 0;
}

int bench_getparam(enum bench_driver driver, int fd)
{
	uint64_t value = 0;
	struct drm_nova_getparam nova = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	struct drm_virtgpu_getparam virtio = {
		.param = VIRTGPU_PARAM_3D_FEATURES,
		.value = (uint64_t)(uintptr_t)&value,
	};

	switch (driver) {
	case BENCH_NOVA:
		return call(fd, DRM_IOCTL_NOVA_GETPARAM, &nova);
	case BENCH_VIRTIO_GPU:
		return call(fd, DRM_IOCTL_VIRTGPU_GETPARAM, &virtio);
	default:
		return -EOPNOTSUPP;
	}
}

int bench_get_cap(int fd)
{
	struct drm_get_cap args = { .capability = DRM_CAP_PRIME };

	return call(fd, DRM_IOCTL_GET_CAP, &args);
}

int bench_bus_find(enum bench_driver driver, struct bench_bus *bus)
{
	char pattern[128];
	glob_t devices;
	int ret = -ENOENT;

	*bus = (struct bench_bus) { 0 };
	if (!drivers[driver].bus)
		return -ENOENT;
	snprintf(bus->driver, sizeof(bus->driver), "%s", drivers[driver].bus);
	/* Devices are the links with a number in their names; "module" is one, too. */
	snprintf(pattern, sizeof(pattern), "%s/*[0-9]*", bus->driver);
	if (glob(pattern, 0, NULL, &devices))
		return -ENOENT;
	if (snprintf(bus->device, sizeof(bus->device), "%s", strrchr(devices.gl_pathv[0], '/') + 1) <
	    (int)sizeof(bus->device))
		ret = 0;
	globfree(&devices);
	return ret;
}

static int order(const struct bench_bus *bus, const char *what)
{
	char path[128];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", bus->driver, what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, bus->device, strlen(bus->device)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int bench_bus_unbind(const struct bench_bus *bus)
{
	return order(bus, "unbind");
}

int bench_bus_bind(const struct bench_bus *bus)
{
	return order(bus, "bind");
}
