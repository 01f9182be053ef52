/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_meta.h"

void igt_nova_gem_label(int fd, uint32_t handle, const char *text, size_t length, int error)
{
	struct drm_nova_gem_set_meta meta = {
		.handle = handle, .op = DRM_NOVA_GEM_META_LABEL, .value = length,
		.pointer = (uintptr_t)text,
	};

	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_SET_META, &meta, error);
}

int igt_nova_try_madvise(int fd, uint32_t handle, uint64_t advice)
{
	struct drm_nova_gem_set_meta meta = {
		.handle = handle, .op = DRM_NOVA_GEM_META_MADVISE, .value = advice,
		.retained = ~0u,
	};
	int ret = igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GEM_SET_META, &meta);

	return ret ? ret : (int)meta.retained;
}

int igt_nova_madvise(int fd, uint32_t handle, uint64_t advice)
{
	int retained = igt_nova_try_madvise(fd, handle, advice);

	igt_assert_f(retained == 0 || retained == 1, "advice %" PRIu64 ": %d\n", advice, retained);
	return retained;
}

void igt_nova_reclaim(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	igt_assert_f(fd >= 0, "drop_caches: %m\n");
	igt_assert_f(write(fd, "2", 1) == 1, "drop_caches: %m\n");
	close(fd);
}
