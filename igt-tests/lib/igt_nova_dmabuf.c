/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"

/* vgem's interface; no package has its header. */
struct vgem_fence_attach {
	uint32_t handle;
	uint32_t flags;
	uint32_t out_fence;
	uint32_t pad;
};

struct vgem_fence_signal {
	uint32_t fence;
	uint32_t flags;
};

#define VGEM_FENCE_WRITE	1u
#define VGEM_FENCE_ATTACH	DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_fence_attach)
#define VGEM_FENCE_SIGNAL	DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_fence_signal)

/* --- makers --- */

int igt_nova_dmabuf_export(int fd, uint32_t handle)
{
	int dmabuf = -1;

	igt_assert_eq(drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
	return dmabuf;
}

uint32_t igt_nova_dmabuf_import(int fd, int dmabuf)
{
	uint32_t handle = 0;

	igt_assert_f(drmPrimeFDToHandle(fd, dmabuf, &handle) == 0, "import: %m\n");
	igt_assert(handle);
	return handle;
}

int igt_nova_dmabuf_udmabuf(uint64_t size)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int device, dmabuf;

	device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return -errno;
	create.memfd = memfd_create("udmabuf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	igt_assert_lte(0, create.memfd);
	igt_assert_eq(ftruncate(create.memfd, size), 0);
	igt_assert_eq(fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	dmabuf = ioctl(device, UDMABUF_CREATE, &create);
	igt_assert_f(dmabuf >= 0, "udmabuf: %m\n");
	close(create.memfd);
	close(device);
	return dmabuf;
}

int igt_nova_dmabuf_heap(uint64_t size)
{
	struct dma_heap_allocation_data data = {
		.len = size, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int heap = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);

	if (heap < 0)
		return -errno;
	igt_assert_eq(igt_nova_ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), 0);
	close(heap);
	return data.fd;
}

/* --- the CPU --- */

uint32_t *igt_nova_dmabuf_map(int dmabuf, uint64_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);

	igt_assert_f(map != MAP_FAILED, "mmap of a dma-buf: %m\n");
	return map;
}

static void sync_cpu(int dmabuf, uint64_t flags)
{
	struct dma_buf_sync args = { .flags = flags };

	igt_assert_eq(igt_nova_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &args), 0);
}

void igt_nova_dmabuf_begin(int dmabuf, uint64_t flags)
{
	sync_cpu(dmabuf, DMA_BUF_SYNC_START | flags);
}

void igt_nova_dmabuf_end(int dmabuf, uint64_t flags)
{
	sync_cpu(dmabuf, DMA_BUF_SYNC_END | flags);
}

/* --- fences --- */

void igt_nova_dmabuf_attach(int dmabuf, int sync_file, uint32_t flags)
{
	struct dma_buf_import_sync_file args = { .flags = flags, .fd = sync_file };

	igt_assert_eq(igt_nova_ioctl(dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &args), 0);
}

int igt_nova_dmabuf_fences(int dmabuf, uint32_t flags)
{
	struct dma_buf_export_sync_file args = { .flags = flags, .fd = -1 };

	igt_assert_eq(igt_nova_ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args), 0);
	return args.fd;
}

int igt_nova_dmabuf_status(int dmabuf, uint32_t flags)
{
	int sync_file = igt_nova_dmabuf_fences(dmabuf, flags);
	int status = igt_nova_sync_file_status(sync_file);

	close(sync_file);
	return status;
}

static int poll_once(int dmabuf, short events, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = dmabuf, .events = events };
	int ret;

	do {
		ret = poll(&poll_fd, 1, timeout_ms);
	} while (ret < 0 && errno == EINTR);
	igt_assert_lte(0, ret);
	return ret == 1 && (poll_fd.revents & events) == events;
}

bool igt_nova_dmabuf_ready(int dmabuf, short events)
{
	return poll_once(dmabuf, events, 0);
}

int igt_nova_dmabuf_wait(int dmabuf, short events)
{
	return poll_once(dmabuf, events, IGT_NOVA_PATIENCE_S * 1000) ? 0 : -ETIME;
}

/* --- vgem --- */

uint32_t igt_nova_vgem_create(int vgem, uint64_t size)
{
	struct drm_mode_create_dumb dumb = {
		.width = 1024, .height = (size + 4095) / 4096, .bpp = 32,
	};

	igt_assert_eq(igt_nova_ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	return dumb.handle;
}

int igt_nova_vgem_attach(int vgem, uint32_t handle, bool write)
{
	struct vgem_fence_attach args = {
		.handle = handle, .flags = write ? VGEM_FENCE_WRITE : 0,
	};
	int ret = igt_nova_ioctl(vgem, VGEM_FENCE_ATTACH, &args);

	return ret ? ret : (int)args.out_fence;
}

int igt_nova_vgem_signal(int vgem, int fence)
{
	struct vgem_fence_signal args = { .fence = fence };

	return igt_nova_ioctl(vgem, VGEM_FENCE_SIGNAL, &args);
}
