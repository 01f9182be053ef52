// SPDX-License-Identifier: MIT
/* Devices: finding, opening, asking. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <drm.h>

#include "private.h"

static int check_driver(int fd)
{
	char name[32] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
	int ret = nova_ioctl(fd, DRM_IOCTL_VERSION, &version);

	/* A file that is no DRM node knows no such ioctl. */
	if (ret == -ENOTTY || (!ret && strcmp(name, NOVA_DRIVER_NAME)))
		return -EOPNOTSUPP;
	return ret;
}

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return errno == ENXIO ? -ENODEV : -errno;	/* a node whose device has just gone */
	ret = check_driver(fd);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

static int query(int fd, uint32_t type, void *answer, uint32_t size)
{
	struct drm_nova_dev_query args = {
		.type = type,
		.size = size,
		.pointer = (uintptr_t)answer,
	};

	return nova_ioctl(fd, DRM_IOCTL_NOVA_DEV_QUERY, &args);
}

static int render_minor(const struct dirent *entry)
{
	int minor, end = 0;

	if (sscanf(entry->d_name, "renderD%d%n", &minor, &end) != 1 || entry->d_name[end])
		return -1;
	return minor;
}

static int is_render_node(const struct dirent *entry)
{
	return render_minor(entry) >= 0;
}

static int by_minor(const struct dirent **a, const struct dirent **b)
{
	return render_minor(*a) - render_minor(*b);
}

static int look_at_node(const char *dir, const char *name, struct nova_device_entry *entry)
{
	struct drm_nova_query_device answer = { 0 };
	int fd, ret;

	ret = snprintf(entry->path, sizeof(entry->path), "%s/%s", dir, name);
	if (ret >= (int)sizeof(entry->path))
		return -ENAMETOOLONG;
	fd = open_node(entry->path);
	if (fd < 0)
		return fd;
	ret = query(fd, DRM_NOVA_QUERY_DEVICE, &answer, sizeof(answer));
	close(fd);
	entry->pci_domain = answer.pci_domain;
	entry->pci_bus = answer.pci_bus;
	entry->pci_device = answer.pci_device;
	entry->pci_function = answer.pci_function;
	return ret;
}

/*
 * libdrm's drmGetDevices2() does not know the auxiliary bus, where nova's DRM devices live
 * (2.4.134), so the nodes are looked at here. What cannot be asked is somebody else's or just gone.
 */
int nova_device_scan(const char *dir, struct nova_device_entry *entries, uint32_t *count)
{
	struct nova_device_entry entry;
	struct dirent **names;
	uint32_t found = 0;
	bool refused = false;
	int nodes, ret;

	nodes = scandir(dir, &names, is_render_node, by_minor);
	if (nodes < 0) {
		if (errno != ENOENT)
			return -errno;
		nodes = 0;	/* no DRM device at all */
		names = NULL;
	}
	for (int i = 0; i < nodes; i++) {
		ret = look_at_node(dir, names[i]->d_name, &entry);
		if (!ret && found++ < *count)
			entries[found - 1] = entry;
		refused |= ret == -EACCES;
		free(names[i]);
	}
	free(names);
	if (!found && refused)
		return -EACCES;
	*count = found;
	return 0;
}

NOVA_API int nova_device_list(struct nova_device_entry *entries, uint32_t *count)
{
	if (!count || (*count && !entries))
		return -EINVAL;
	return nova_device_scan("/dev/dri", entries, count);
}

/* Takes over @fd, in case of error too. */
static int device_from_fd(int fd, struct nova_device **out)
{
	struct nova_device *dev = calloc(1, sizeof(*dev));

	if (!dev) {
		close(fd);
		return -ENOMEM;
	}
	dev->fd = fd;
	atomic_init(&dev->refs, 1);
	pthread_mutex_init(&dev->lock, NULL);
	nova_lost_init(dev);
	*out = dev;
	return 0;
}

NOVA_API int nova_device_open(uint32_t index, struct nova_device **dev)
{
	struct nova_device_entry *entries;
	uint32_t count = 0;
	int ret;

	if (!dev)
		return -EINVAL;
	ret = nova_device_list(NULL, &count);
	if (ret)
		return ret;
	if (index >= count)
		return -ENOENT;
	entries = calloc(count, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	ret = nova_device_list(entries, &count);
	if (!ret && index >= count)	/* one went away meanwhile */
		ret = -ENOENT;
	if (!ret)
		ret = nova_device_open_path(entries[index].path, dev);
	free(entries);
	return ret;
}

NOVA_API int nova_device_open_path(const char *path, struct nova_device **dev)
{
	int fd;

	if (!path || !dev)
		return -EINVAL;
	fd = open_node(path);
	return fd < 0 ? fd : device_from_fd(fd, dev);
}

NOVA_API int nova_device_open_fd(int fd, struct nova_device **dev)
{
	int copy, ret;

	if (!dev)
		return -EINVAL;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return -errno;
	ret = check_driver(copy);
	if (ret) {
		close(copy);
		return ret;
	}
	return device_from_fd(copy, dev);
}

struct nova_device *nova_device_get(struct nova_device *dev)
{
	atomic_fetch_add_explicit(&dev->refs, 1, memory_order_relaxed);
	return dev;
}

void nova_device_put(struct nova_device *dev)
{
	if (atomic_fetch_sub_explicit(&dev->refs, 1, memory_order_acq_rel) != 1)
		return;
	nova_lost_fini(dev);
	close(dev->fd);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

NOVA_API void nova_device_close(struct nova_device *dev)
{
	if (dev)
		nova_device_put(dev);
}

NOVA_API int nova_device_fd(const struct nova_device *dev)
{
	return dev->fd;
}

NOVA_API int nova_device_query_info(struct nova_device *dev, struct nova_device_info *info)
{
	struct drm_nova_getparam bar = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	struct drm_nova_query_device answer = { 0 };
	int ret;

	if (!dev || !info)
		return -EINVAL;
	ret = query(dev->fd, DRM_NOVA_QUERY_DEVICE, &answer, sizeof(answer));
	if (!ret)
		ret = nova_ioctl(dev->fd, DRM_IOCTL_NOVA_GETPARAM, &bar);
	if (ret)
		return ret;
	*info = (struct nova_device_info) {
		.chip_id = answer.chip_id,
		.revision_major = answer.revision >> 4 & 0xf,
		.revision_minor = answer.revision & 0xf,
		.generation = answer.generation,
		.features = answer.features,
		.vram_bar_size = bar.value,
		.pci_domain = answer.pci_domain,
		.pci_bus = answer.pci_bus,
		.pci_device = answer.pci_device,
		.pci_function = answer.pci_function,
	};
	return 0;
}

NOVA_API int nova_device_query_memory(struct nova_device *dev, struct nova_memory_region *regions,
				      uint32_t *count)
{
	struct drm_nova_query_memory answer = { 0 };
	int ret;

	if (!dev || !regions || !count)
		return -EINVAL;
	ret = query(dev->fd, DRM_NOVA_QUERY_MEMORY, &answer, sizeof(answer));
	if (ret)
		return ret;
	if (answer.count > NOVA_MEMORY_REGIONS_MAX)
		return -EIO;
	for (uint32_t i = 0; i < answer.count; i++) {
		regions[i] = (struct nova_memory_region) {
			.placement = answer.regions[i].placement,
			.total = answer.regions[i].total,
			.used = answer.regions[i].used,
		};
	}
	*count = answer.count;
	return 0;
}

NOVA_API int nova_device_query_engines(struct nova_device *dev, struct nova_engine *engines,
				       uint32_t *count)
{
	struct drm_nova_query_engines answer = { 0 };
	int ret;

	if (!dev || !engines || !count)
		return -EINVAL;
	ret = query(dev->fd, DRM_NOVA_QUERY_ENGINES, &answer, sizeof(answer));
	if (ret)
		return ret;
	if (answer.count > NOVA_ENGINES_MAX)
		return -EIO;
	for (uint32_t i = 0; i < answer.count; i++) {
		engines[i] = (struct nova_engine) {
			.index = answer.engines[i].index,
			.type = answer.engines[i].type,
			.instance = answer.engines[i].instance,
			.host_class = answer.engines[i].host_class,
			.class_id = answer.engines[i].class_id,
			.subchannel = answer.engines[i].subchannel,
		};
	}
	*count = answer.count;
	return 0;
}

NOVA_API int nova_device_find_engine(struct nova_device *dev, uint32_t type, uint32_t instance,
				     uint32_t *index)
{
	struct nova_engine engines[NOVA_ENGINES_MAX];
	uint32_t count;
	int ret;

	if (!index)
		return -EINVAL;
	ret = nova_device_query_engines(dev, engines, &count);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < count; i++) {
		if (engines[i].type == type && engines[i].instance == instance) {
			*index = engines[i].index;
			return 0;
		}
	}
	return -EOPNOTSUPP;
}

NOVA_API int nova_device_query_priorities(struct nova_device *dev, uint32_t *allowed,
					  uint32_t *known)
{
	struct drm_nova_query_priorities answer = { 0 };
	int ret;

	if (!dev || !allowed)
		return -EINVAL;
	ret = query(dev->fd, DRM_NOVA_QUERY_PRIORITIES, &answer, sizeof(answer));
	if (ret)
		return ret;
	*allowed = answer.allowed;
	if (known)
		*known = answer.known;
	return 0;
}

NOVA_API int nova_device_query_limits(struct nova_device *dev, struct nova_limits *limits)
{
	struct drm_nova_query_limits answer = { 0 };
	int ret;

	if (!dev || !limits)
		return -EINVAL;
	ret = query(dev->fd, DRM_NOVA_QUERY_LIMITS, &answer, sizeof(answer));
	if (ret)
		return ret;
	*limits = (struct nova_limits) {
		.va_bits = answer.va_bits,
		.page_size = answer.page_size,
		.bo_size_max = answer.gem_size_max,
		.va_push_end = answer.va_push_end,
		.push_size_max = answer.push_bytes_max,
		.bind_ops_max = answer.bind_ops_max,
		.jobs_max = answer.exec_jobs_max,
		.pushes_max = answer.exec_pushes_max,
		.syncs_max = answer.syncs_max,
		.vms_max = answer.vms_max,
		.queues_max = answer.queues_max,
		.ring_size_min = answer.ring_size_min,
		.ring_size_max = answer.ring_size_max,
		.job_timeout_ms = answer.job_timeout_ms,
		.vm_binds_max = answer.vm_binds_max,
		.queue_jobs_max = answer.queue_jobs_max,
		.page_tables_max = answer.page_tables_max,
		.bo_total_max = answer.file_gem_bytes_max,
		.userq_vram_max = answer.userq_vram_bytes_max,
	};
	return 0;
}

NOVA_API int nova_device_get_time(struct nova_device *dev, int clock_id, struct nova_time *time)
{
	struct drm_nova_get_time args = { .clock_id = (uint32_t)clock_id };
	int ret;

	if (!dev || !time)
		return -EINVAL;
	ret = nova_ioctl(dev->fd, DRM_IOCTL_NOVA_GET_TIME, &args);
	if (ret)
		return ret;
	*time = (struct nova_time) {
		.gpu_ns = args.gpu_ns,
		.cpu_ns = args.cpu_ns,
		.duration_ns = args.duration_ns,
	};
	return 0;
}
