/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_load.h"
#include "igt_nova_share.h"

#define SIZE	(64 * 1024ull)

int igt_nova_open_vgem(void)
{
	char node[32];

	igt_nova_module_load("vgem");
	for (unsigned int i = 0; i < 16; i++) {
		drmVersionPtr version;
		bool found;
		int fd;

		snprintf(node, sizeof(node), "/dev/dri/card%u", i);
		fd = igt_nova_open_node(node);
		if (fd < 0)
			continue;
		version = drmGetVersion(fd);
		found = version && strcmp(version->name, "vgem") == 0;
		drmFreeVersion(version);
		if (found)
			return fd;
		close(fd);
	}
	return -1;
}

/* With it gone no test takes it for the device under test. */
void igt_nova_close_vgem(void)
{
	igt_nova_module_unload_idle("vgem");
}

static void share_init(struct igt_nova_share *share, const struct igt_nova_dev *dev,
		       uint32_t placement)
{
	*share = (struct igt_nova_share) {
		.client.fd = -1, .importer.fd = -1, .socket = { -1, -1 }, .dmabuf = -1,
	};
	igt_nova_client_init(&share->client, igt_nova_dev_open(dev));
	igt_nova_client_bo(&share->client, &share->bo, SIZE, placement);
	igt_nova_bo_fill(&share->bo, IGT_NOVA_OWN);
}

/* From here on the others have the file, not we. */
static void let_go(struct igt_nova_share *share)
{
	close(share->client.fd);
	share->client.fd = -1;
}

uint32_t igt_nova_promise_open(struct igt_nova_promise *promise, int fd)
{
	uint32_t syncobj = igt_nova_syncobj_create(fd);
	int dmabuf, sync_file;

	promise->vgem = igt_nova_open_vgem();
	igt_require_f(promise->vgem >= 0, "no vgem device\n");
	promise->handle = igt_nova_vgem_create(promise->vgem, IGT_NOVA_PAGE);
	promise->fence = igt_nova_vgem_attach(promise->vgem, promise->handle, true);
	igt_assert_f(promise->fence > 0, "%s\n", strerror(-promise->fence));
	dmabuf = igt_nova_dmabuf_export(promise->vgem, promise->handle);
	sync_file = igt_nova_dmabuf_fences(dmabuf, DMA_BUF_SYNC_READ);
	igt_assert_eq(drmSyncobjImportSyncFile(fd, syncobj, sync_file), 0);
	close(sync_file);
	close(dmabuf);
	return syncobj;
}

void igt_nova_promise_close(struct igt_nova_promise *promise)
{
	close(promise->vgem);
	igt_nova_close_vgem();
}

/* --- a child --- */

static bool map_usable(const struct igt_nova_share *share)
{
	uint32_t value = 0;

	return igt_nova_safe_read(share->bo.map, &value, sizeof(value)) &&
	       (value == 0 || value == IGT_NOVA_OWN) &&
	       igt_nova_safe_write(share->bo.map, &value, sizeof(value));
}

/* Returns the child's exit code. */
static int child_work(struct igt_nova_share *share, uint32_t queue, int started)
{
	int ret;

	for (unsigned int i = 0;; i++) {
		ret = igt_nova_submit(share->client.fd, queue, NULL, NULL, 0);
		if (ret == -ENODEV)
			break;
		/* Queues of a device that broke are killed before it goes. */
		if (ret && ret != -ECANCELED)
			return 1;
		if (!map_usable(share))
			return 2;
		if (i == 0 && write(started, "", 1) != 1)
			return 3;
	}
	return map_usable(share) ? 0 : 4;
}

void igt_nova_share_fork(struct igt_nova_share *share, const struct igt_nova_dev *dev)
{
	uint32_t queue;
	int started[2];
	char byte;

	share_init(share, dev, DRM_NOVA_PLACEMENT_VRAM);
	queue = igt_nova_client_queue(&share->client, 0);
	igt_assert_eq(pipe(started), 0);
	share->child = fork();
	igt_assert_lte(0, share->child);
	if (share->child == 0)
		_exit(child_work(share, queue, started[1]));
	close(started[1]);
	let_go(share);
	igt_assert_f(read(started[0], &byte, 1) == 1, "the child could not use the file\n");
	close(started[0]);
}

void igt_nova_share_join(struct igt_nova_share *share)
{
	pid_t child = share->child;
	int status;

	igt_assert_eq(waitpid(child, &status, 0), child);
	share->child = 0;
	igt_assert_f(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %#x\n",
		     status);
	igt_nova_bo_check_own(&share->bo);
}

/* --- a socket --- */

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

void igt_nova_share_send(struct igt_nova_share *share, const struct igt_nova_dev *dev)
{
	union control control = { .header = {
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
	} };
	struct iovec byte = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	share_init(share, dev, DRM_NOVA_PLACEMENT_VRAM);
	igt_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, share->socket), 0);
	memcpy(CMSG_DATA(&control.header), &share->client.fd, sizeof(int));
	igt_assert_eq(sendmsg(share->socket[0], &message, 0), 1);
	let_go(share);
}

void igt_nova_share_receive(struct igt_nova_share *share)
{
	struct drm_nova_getparam getparam = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	union control control = { 0 };
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	igt_assert_eq(recvmsg(share->socket[1], &message, MSG_CMSG_CLOEXEC), 1);
	igt_assert_eq(control.header.cmsg_type, SCM_RIGHTS);
	memcpy(&share->client.fd, CMSG_DATA(&control.header), sizeof(int));
	igt_nova_expect(share->client.fd, DRM_IOCTL_NOVA_GETPARAM, &getparam, ENODEV);
	igt_nova_bo_check_own(&share->bo);
}

/* --- an importer --- */

static void import_by_gpu(struct igt_nova_share *share, const struct igt_nova_dev *other)
{
	struct igt_nova_client *importer = &share->importer;

	igt_nova_client_init(importer, igt_nova_dev_open(other));
	igt_assert_eq(drmPrimeFDToHandle(importer->fd, share->dmabuf, &share->handle), 0);
	share->va = igt_nova_client_va(importer, SIZE);
	igt_nova_vm_map(importer->fd, importer->vm, share->handle, 0, share->va, SIZE, 0, 0);
	share->queue = igt_nova_client_queue(importer, 0);
}

static void export(struct igt_nova_share *share, const struct igt_nova_dev *dev)
{
	share_init(share, dev, DRM_NOVA_PLACEMENT_SYSTEM);
	igt_assert_eq(drmPrimeHandleToFD(share->client.fd, share->bo.handle,
					 DRM_CLOEXEC | DRM_RDWR, &share->dmabuf), 0);
	share->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, share->dmabuf, 0);
	if (share->map == MAP_FAILED)
		share->map = NULL;
	igt_assert_f(share->map, "mmap of a dma-buf: %m\n");
	igt_assert_eq_u32(share->map[0], IGT_NOVA_OWN);
}

void igt_nova_share_export(struct igt_nova_share *share, const struct igt_nova_dev *dev,
			   const struct igt_nova_dev *other)
{
	export(share, dev);
	if (other) {
		import_by_gpu(share, other);
		return;
	}
	share->importer.fd = igt_nova_open_vgem();
	igt_require_f(share->importer.fd >= 0, "nobody to share a buffer with\n");
	igt_assert_eq(drmPrimeFDToHandle(share->importer.fd, share->dmabuf, &share->handle), 0);
}

/* Its memory is where it was: what the importer's GPU writes is what everybody reads. */
void igt_nova_share_check_import(struct igt_nova_share *share)
{
	struct igt_nova_bo shared = { .map = share->map, .size = SIZE };
	struct igt_nova_push push;

	igt_nova_bo_check_own(&shared);
	if (!share->queue)
		return;
	igt_nova_bo_fill(&shared, 0);
	igt_nova_push_begin(&share->importer, &push, 64);
	igt_nova_push_fill(&push, share->va, IGT_NOVA_OWN, SIZE / 4);
	igt_assert_eq(igt_nova_submit_wait(share->importer.fd, share->queue, &push), 1);
	igt_assert_eq_u64(igt_nova_bo_check(&shared, IGT_NOVA_OWN), SIZE / 4);
}

void igt_nova_share_import(struct igt_nova_share *share, const struct igt_nova_dev *dev,
			   const struct igt_nova_dev *other)
{
	igt_require_f(other, "one device only\n");
	export(share, other);
	import_by_gpu(share, dev);
	igt_nova_share_check_import(share);
}

void igt_nova_share_check_importer_gone(struct igt_nova_share *share)
{
	struct igt_nova_bo shared = { .map = share->map, .size = SIZE };

	igt_assert_eq(igt_nova_submit(share->importer.fd, share->queue, NULL, NULL, 0), -ENODEV);
	igt_nova_bo_check_own(&shared);
	igt_nova_bo_check_own(&share->bo);
}

void igt_nova_share_import_again(struct igt_nova_share *share, const struct igt_nova_dev *dev)
{
	igt_nova_client_close(&share->importer);
	import_by_gpu(share, dev);
	igt_nova_share_check_import(share);
}

void igt_nova_share_close(struct igt_nova_share *share)
{
	/* Nothing was ever opened, or all is closed. */
	if (!share->bo.map)
		return;
	if (share->child > 0) {
		kill(share->child, SIGKILL);
		waitpid(share->child, NULL, 0);
	}
	for (unsigned int i = 0; i < 2; i++)
		if (share->socket[i] >= 0)
			close(share->socket[i]);
	if (share->map)
		munmap(share->map, SIZE);
	if (share->dmabuf >= 0)
		close(share->dmabuf);
	munmap(share->bo.map, share->bo.size);
	munmap(share->client.pushes.map, share->client.pushes.size);
	if (share->client.fd >= 0)
		close(share->client.fd);
	if (share->queue) {
		igt_nova_client_close(&share->importer);
	} else if (share->importer.fd >= 0) {
		close(share->importer.fd);
	}
	*share = (struct igt_nova_share) { 0 };
}
