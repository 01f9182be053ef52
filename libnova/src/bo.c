// SPDX-License-Identifier: MIT
/* Buffer objects. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <drm.h>

#include "private.h"

static void close_handle(struct nova_device *dev, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	/* When the device is gone this fails, and closing the file frees the handle. */
	nova_ioctl(dev->fd, DRM_IOCTL_GEM_CLOSE, &args);
}

/* Called with the device's lock held. */
static void link_bo_locked(struct nova_device *dev, struct nova_bo *bo)
{
	bo->dev = nova_device_get(dev);
	bo->refs = 1;
	bo->next = dev->bos;
	if (bo->next)
		bo->next->prev = bo;
	dev->bos = bo;
}

static void unlink_bo_locked(struct nova_bo *bo)
{
	if (bo->prev)
		bo->prev->next = bo->next;
	else
		bo->dev->bos = bo->next;
	if (bo->next)
		bo->next->prev = bo->prev;
}

NOVA_API int nova_bo_create(struct nova_device *dev, const struct nova_bo_desc *desc,
			    struct nova_bo **out)
{
	struct drm_nova_gem_create args = { 0 };
	struct nova_bo *bo;
	int ret;

	if (!dev || !desc || !out || !desc->size || desc->size > UINT64_MAX - NOVA_PAGE_SIZE)
		return -EINVAL;
	if (desc->vm && desc->vm->dev != dev)
		return -EINVAL;
	bo = calloc(1, sizeof(*bo));
	if (!bo)
		return -ENOMEM;
	bo->size = (desc->size + NOVA_PAGE_SIZE - 1) & ~(uint64_t)(NOVA_PAGE_SIZE - 1);
	args.size = bo->size;
	args.flags = desc->flags;
	args.placement = desc->placement;
	args.cpu_caching = desc->caching;
	args.vm_id = desc->vm ? desc->vm->id : 0;
	ret = nova_ioctl(dev->fd, DRM_IOCTL_NOVA_GEM_CREATE, &args);
	if (ret) {
		free(bo);
		return ret;
	}
	bo->handle = args.handle;
	pthread_mutex_lock(&dev->lock);
	link_bo_locked(dev, bo);
	pthread_mutex_unlock(&dev->lock);
	*out = bo;
	return 0;
}

static int get_info(struct nova_device *dev, uint32_t handle, struct drm_nova_gem_info *args)
{
	*args = (struct drm_nova_gem_info) { .handle = handle };
	return nova_ioctl(dev->fd, DRM_IOCTL_NOVA_GEM_INFO, args);
}

static int import_locked(struct nova_device *dev, int dmabuf_fd, struct nova_bo **out)
{
	struct drm_prime_handle prime = { .fd = dmabuf_fd };
	struct drm_nova_gem_info info;
	struct nova_bo *bo;
	int ret;

	ret = nova_ioctl(dev->fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);
	if (ret)
		return ret;
	for (bo = dev->bos; bo; bo = bo->next) {
		if (bo->handle == prime.handle) {
			bo->refs++;
			*out = bo;
			return 0;
		}
	}
	bo = calloc(1, sizeof(*bo));
	ret = bo ? get_info(dev, prime.handle, &info) : -ENOMEM;
	if (ret) {
		free(bo);
		close_handle(dev, prime.handle);
		return ret;
	}
	bo->handle = prime.handle;
	bo->size = info.size;
	link_bo_locked(dev, bo);
	*out = bo;
	return 0;
}

NOVA_API int nova_bo_import(struct nova_device *dev, int dmabuf_fd, struct nova_bo **bo)
{
	int ret;

	if (!dev || dmabuf_fd < 0 || !bo)
		return -EINVAL;
	/* The lock keeps another thread from closing a handle that this import finds again. */
	pthread_mutex_lock(&dev->lock);
	ret = import_locked(dev, dmabuf_fd, bo);
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

NOVA_API int nova_bo_export(struct nova_bo *bo, int *dmabuf_fd)
{
	struct drm_prime_handle args = { .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1 };
	int ret;

	if (!bo || !dmabuf_fd)
		return -EINVAL;
	args.handle = bo->handle;
	ret = nova_ioctl(bo->dev->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);
	if (!ret)
		*dmabuf_fd = args.fd;
	return ret;
}

NOVA_API void nova_bo_destroy(struct nova_bo *bo)
{
	struct nova_device *dev;

	if (!bo)
		return;
	dev = bo->dev;
	pthread_mutex_lock(&dev->lock);
	if (--bo->refs) {
		pthread_mutex_unlock(&dev->lock);
		return;
	}
	unlink_bo_locked(bo);
	close_handle(dev, bo->handle);
	pthread_mutex_unlock(&dev->lock);
	if (bo->map)
		munmap(bo->map, bo->size);
	free(bo);
	nova_device_put(dev);
}

static int map_locked(struct nova_bo *bo)
{
	struct drm_nova_gem_mmap_offset args = { .handle = bo->handle };
	int ret;

	if (bo->size > SIZE_MAX)
		return -ENOMEM;
	ret = nova_ioctl(bo->dev->fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &args);
	if (ret)
		return ret;
	return nova_mmap(bo->dev->fd, args.offset, bo->size, &bo->map);
}

NOVA_API int nova_bo_map(struct nova_bo *bo, void **map)
{
	int ret = 0;

	if (!bo || !map)
		return -EINVAL;
	pthread_mutex_lock(&bo->dev->lock);
	if (!bo->map)
		ret = map_locked(bo);
	if (!ret) {
		bo->maps++;
		*map = bo->map;
	}
	pthread_mutex_unlock(&bo->dev->lock);
	return ret;
}

NOVA_API void nova_bo_unmap(struct nova_bo *bo)
{
	if (!bo)
		return;
	pthread_mutex_lock(&bo->dev->lock);
	if (bo->maps && !--bo->maps) {
		munmap(bo->map, bo->size);
		bo->map = NULL;
	}
	pthread_mutex_unlock(&bo->dev->lock);
}

NOVA_API uint64_t nova_bo_size(const struct nova_bo *bo)
{
	return bo->size;
}

NOVA_API uint32_t nova_bo_handle(const struct nova_bo *bo)
{
	return bo->handle;
}

NOVA_API int nova_bo_query_info(struct nova_bo *bo, struct nova_bo_info *info)
{
	struct drm_nova_gem_info args;
	int ret;

	if (!bo || !info)
		return -EINVAL;
	ret = get_info(bo->dev, bo->handle, &args);
	if (ret)
		return ret;
	*info = (struct nova_bo_info) {
		.size = args.size,
		.flags = args.flags & ~DRM_NOVA_GEM_INFO_IMPORTED,
		.placement = args.placement,
		.resident = args.resident,
		.imported = !!(args.flags & DRM_NOVA_GEM_INFO_IMPORTED),
	};
	return 0;
}

NOVA_API int nova_bo_set_label(struct nova_bo *bo, const char *label)
{
	struct drm_nova_gem_set_meta args = { .op = DRM_NOVA_GEM_META_LABEL };

	if (!bo)
		return -EINVAL;
	args.handle = bo->handle;
	args.value = label ? strlen(label) : 0;
	args.pointer = args.value ? (uintptr_t)label : 0;
	return nova_ioctl(bo->dev->fd, DRM_IOCTL_NOVA_GEM_SET_META, &args);
}

NOVA_API int nova_bo_madvise(struct nova_bo *bo, enum nova_bo_advice advice, uint32_t *retained)
{
	struct drm_nova_gem_set_meta args = { .op = DRM_NOVA_GEM_META_MADVISE };
	int ret;

	if (!bo)
		return -EINVAL;
	args.handle = bo->handle;
	args.value = advice;
	ret = nova_ioctl(bo->dev->fd, DRM_IOCTL_NOVA_GEM_SET_META, &args);
	if (!ret && retained)
		*retained = args.retained;
	return ret;
}
