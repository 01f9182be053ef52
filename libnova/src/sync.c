// SPDX-License-Identifier: MIT
/* Sync objects (DRM syncobjs) and sync files. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <drm.h>
#include <linux/sync_file.h>

#include "private.h"

#define NS_PER_S	1000000000ll

static void destroy_handle(struct nova_device *dev, uint32_t handle)
{
	struct drm_syncobj_destroy args = { .handle = handle };

	nova_ioctl(dev->fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

static int create_handle(struct nova_device *dev, uint32_t flags, uint32_t *handle)
{
	struct drm_syncobj_create args = { .flags = flags };
	int ret = nova_ioctl(dev->fd, DRM_IOCTL_SYNCOBJ_CREATE, &args);

	if (!ret)
		*handle = args.handle;
	return ret;
}

NOVA_API int nova_sync_create(struct nova_device *dev, uint32_t flags, struct nova_sync **out)
{
	struct nova_sync *sync;
	int ret;

	if (!dev || !out || (flags & ~NOVA_SYNC_SIGNALED))
		return -EINVAL;
	sync = calloc(1, sizeof(*sync));
	if (!sync)
		return -ENOMEM;
	ret = create_handle(dev, flags & NOVA_SYNC_SIGNALED ? DRM_SYNCOBJ_CREATE_SIGNALED : 0,
			    &sync->handle);
	if (ret) {
		free(sync);
		return ret;
	}
	atomic_init(&sync->refs, 1);
	sync->dev = nova_device_get(dev);
	*out = sync;
	return 0;
}

NOVA_API void nova_sync_destroy(struct nova_sync *sync)
{
	if (sync)
		nova_sync_put(sync);
}

struct nova_sync *nova_sync_get(struct nova_sync *sync)
{
	atomic_fetch_add_explicit(&sync->refs, 1, memory_order_relaxed);
	return sync;
}

void nova_sync_put(struct nova_sync *sync)
{
	if (atomic_fetch_sub_explicit(&sync->refs, 1, memory_order_acq_rel) != 1)
		return;
	destroy_handle(sync->dev, sync->handle);
	nova_device_put(sync->dev);
	free(sync);
}

NOVA_API uint32_t nova_sync_handle(const struct nova_sync *sync)
{
	return sync->handle;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

NOVA_API int64_t nova_sync_deadline(uint64_t ns)
{
	int64_t now = now_ns();

	return ns > (uint64_t)(INT64_MAX - now) ? INT64_MAX : now + (int64_t)ns;
}

static int wait_handles(struct nova_device *dev, const uint32_t *handles, const uint64_t *points,
			uint32_t count, int64_t deadline_ns, uint32_t flags, uint32_t *first)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)handles,
		.points = (uintptr_t)points,
		.timeout_nsec = deadline_ns,
		.count_handles = count,
	};
	int ret;

	if (flags & NOVA_WAIT_ALL)
		args.flags |= DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL;
	if (flags & NOVA_WAIT_FOR_SUBMIT)
		args.flags |= DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT;
	/* Point 0 of a timeline wait is the fence of a binary object, so this one serves both. */
	ret = nova_ioctl(dev->fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
	if (!ret && first)
		*first = args.first_signaled;
	return ret;
}

NOVA_API int nova_sync_wait(struct nova_sync *sync, uint64_t point, int64_t deadline_ns,
			    uint32_t flags)
{
	if (!sync || (flags & ~NOVA_WAIT_FOR_SUBMIT))
		return -EINVAL;
	return wait_handles(sync->dev, &sync->handle, &point, 1, deadline_ns, flags, NULL);
}

NOVA_API int nova_sync_wait_many(struct nova_sync *const *syncs, const uint64_t *points,
				 uint32_t count, int64_t deadline_ns, uint32_t flags,
				 uint32_t *first)
{
	uint64_t *wire_points;
	uint32_t *handles;
	int ret = -ENOMEM;

	if (!syncs || !count || (flags & ~(NOVA_WAIT_ALL | NOVA_WAIT_FOR_SUBMIT)))
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++) {
		if (!syncs[i] || syncs[i]->dev != syncs[0]->dev)
			return -EINVAL;
	}
	handles = calloc(count, sizeof(*handles));
	wire_points = calloc(count, sizeof(*wire_points));
	if (handles && wire_points) {
		for (uint32_t i = 0; i < count; i++) {
			handles[i] = syncs[i]->handle;
			wire_points[i] = points ? points[i] : 0;
		}
		/* Which was first has a meaning only when one is enough. */
		ret = wait_handles(syncs[0]->dev, handles, wire_points, count, deadline_ns, flags,
				   flags & NOVA_WAIT_ALL ? NULL : first);
	}
	free(wire_points);
	free(handles);
	return ret;
}

NOVA_API int nova_sync_query(struct nova_sync *sync, uint64_t *point)
{
	struct drm_syncobj_timeline_array args = { .count_handles = 1 };
	uint64_t value = 0;
	int ret;

	if (!sync || !point)
		return -EINVAL;
	args.handles = (uintptr_t)&sync->handle;
	args.points = (uintptr_t)&value;
	ret = nova_ioctl(sync->dev->fd, DRM_IOCTL_SYNCOBJ_QUERY, &args);
	if (!ret)
		*point = value;
	return ret;
}

NOVA_API int nova_sync_signal(struct nova_sync *sync, uint64_t point)
{
	struct drm_syncobj_timeline_array timeline = { .count_handles = 1 };
	struct drm_syncobj_array binary = { .count_handles = 1 };

	if (!sync)
		return -EINVAL;
	if (!point) {
		binary.handles = (uintptr_t)&sync->handle;
		return nova_ioctl(sync->dev->fd, DRM_IOCTL_SYNCOBJ_SIGNAL, &binary);
	}
	timeline.handles = (uintptr_t)&sync->handle;
	timeline.points = (uintptr_t)&point;
	return nova_ioctl(sync->dev->fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &timeline);
}

NOVA_API int nova_sync_reset(struct nova_sync *sync)
{
	struct drm_syncobj_array args = { .count_handles = 1 };

	if (!sync)
		return -EINVAL;
	args.handles = (uintptr_t)&sync->handle;
	return nova_ioctl(sync->dev->fd, DRM_IOCTL_SYNCOBJ_RESET, &args);
}

static int handle_to_fd(struct nova_device *dev, uint32_t handle, uint32_t flags, int *fd)
{
	struct drm_syncobj_handle args = { .handle = handle, .flags = flags, .fd = -1 };
	int ret = nova_ioctl(dev->fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args);

	if (!ret)
		*fd = args.fd;
	return ret;
}

/*
 * Exporting a point directly is younger than some libdrm headers; moving it to
 * a binary object works with all.
 */
static int export_point(struct nova_sync *sync, uint64_t point, int *fd)
{
	struct drm_syncobj_transfer move = { .src_handle = sync->handle, .src_point = point };
	int ret = create_handle(sync->dev, 0, &move.dst_handle);

	if (ret)
		return ret;
	ret = nova_ioctl(sync->dev->fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &move);
	if (!ret)
		ret = handle_to_fd(sync->dev, move.dst_handle,
				   DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE, fd);
	destroy_handle(sync->dev, move.dst_handle);
	return ret;
}

NOVA_API int nova_sync_export_sync_file(struct nova_sync *sync, uint64_t point, int *fd)
{
	if (!sync || !fd)
		return -EINVAL;
	if (point)
		return export_point(sync, point, fd);
	return handle_to_fd(sync->dev, sync->handle,
			    DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE, fd);
}

NOVA_API int nova_sync_import_sync_file(struct nova_sync *sync, int fd)
{
	struct drm_syncobj_handle args = {
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
		.fd = fd,
	};

	if (!sync || fd < 0)
		return -EINVAL;
	args.handle = sync->handle;
	return nova_ioctl(sync->dev->fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args);
}

NOVA_API int nova_sync_export_fd(struct nova_sync *sync, int *fd)
{
	if (!sync || !fd)
		return -EINVAL;
	return handle_to_fd(sync->dev, sync->handle, 0, fd);
}

NOVA_API int nova_sync_import_fd(struct nova_device *dev, int fd, struct nova_sync **out)
{
	struct drm_syncobj_handle args = { .fd = fd };
	struct nova_sync *sync;
	int ret;

	if (!dev || fd < 0 || !out)
		return -EINVAL;
	sync = calloc(1, sizeof(*sync));
	if (!sync)
		return -ENOMEM;
	ret = nova_ioctl(dev->fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args);
	if (ret) {
		free(sync);
		return ret;
	}
	sync->handle = args.handle;
	atomic_init(&sync->refs, 1);
	sync->dev = nova_device_get(dev);
	*out = sync;
	return 0;
}

NOVA_API int nova_sync_get_status(struct nova_sync *sync, uint64_t point, int *status)
{
	int fd, ret;

	if (!status)
		return -EINVAL;
	ret = nova_sync_export_sync_file(sync, point, &fd);
	if (ret)
		return ret;
	ret = nova_sync_file_status(fd, status);
	close(fd);
	return ret;
}

NOVA_API int nova_sync_file_wait(int fd, int64_t deadline_ns)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct timespec ts;
	int64_t now, left;
	int ret;

	do {
		now = now_ns();
		left = deadline_ns > now ? deadline_ns - now : 0;
		ts.tv_sec = left / NS_PER_S;
		ts.tv_nsec = left % NS_PER_S;
		ret = ppoll(&pfd, 1, &ts, NULL);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	if (pfd.revents & (POLLNVAL | POLLERR))
		return -EINVAL;
	return ret ? 0 : -ETIME;
}

/*
 * The kernel's sum over no fences is that of the container: a timeline point's
 * is signalled without error whatever became of the job. So the fences are asked for, and
 * with them the sum is theirs. Their number only shrinks from one call to the next.
 */
NOVA_API int nova_sync_file_status(int fd, int *status)
{
	struct sync_file_info info = { 0 };
	struct sync_fence_info *fences;
	int ret;

	if (!status)
		return -EINVAL;
	ret = nova_ioctl(fd, SYNC_IOC_FILE_INFO, &info);
	if (ret)
		return ret;
	fences = calloc(info.num_fences, sizeof(*fences));
	if (!fences)
		return -ENOMEM;
	info = (struct sync_file_info) {
		.num_fences = info.num_fences,
		.sync_fence_info = (uintptr_t)fences,
	};
	ret = nova_ioctl(fd, SYNC_IOC_FILE_INFO, &info);
	if (!ret)
		*status = info.status;
	free(fences);
	return ret;
}
