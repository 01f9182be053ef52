/* SPDX-License-Identifier: MIT */
/* What is no single ioctl: mappings, push buffers, whole clients, other files, the device's end. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nova_drm.h"

#include "igt_nova.h"
#include "igt_nova_job.h"
#include "regs/nv_host.h"

#include "fuzz.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#define DWORDS		(FUZZ_PUSH_BYTES / 4)
#define PUSHES_BYTES	(FUZZ_PUSH_SEGMENTS * FUZZ_PUSH_BYTES)
#define MAP_BYTES_MAX	(4u << 20)
/* What jobs of a client write to. */
#define TARGET_VA	(64ull << 20)
#define TARGET_BYTES	(2u << 20)

/* --- CPU mappings, each used by one thread only --- */

static void forget(struct fuzz_map *map)
{
	if (map->at)
		munmap(map->at, map->size);
	*map = (struct fuzz_map) { 0 };
}

static const char *call_mmap(struct fuzz_op *op)
{
	static const uint8_t errors[] = { EINVAL, EACCES, EPERM, ENOENT, ENOMEM, 0 };
	struct fuzz_map *map = &op->thread->memory.maps[fuzz_below(&op->random, FUZZ_MAPS)];
	struct drm_nova_gem_mmap_offset offset = { .handle = fuzz_handle(op, FUZZ_GEM) };
	struct drm_nova_gem_info info = { .handle = offset.handle };
	int prot = fuzz_chance(&op->random, 4) ? PROT_READ : PROT_READ | PROT_WRITE;
	int flags = fuzz_chance(&op->random, 8) ? MAP_PRIVATE : MAP_SHARED;
	uint32_t pages = fuzz_below(&op->random, 4);
	int ret = fuzz_raw_ioctl(op->file->fd, DRM_IOCTL_NOVA_GEM_INFO, &info);
	void *at;

	if (!ret)
		ret = fuzz_raw_ioctl(op->file->fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &offset);
	fuzz_note(op, "handle %u offset %#llx", offset.handle, (unsigned long long)offset.offset);
	if (ret)
		return fuzz_judge(op, ret, errors);
	forget(map);
	/* Beyond its end, or into the middle: other offsets are other buffers, or none. */
	if (fuzz_broken(op))
		info.size += FUZZ_PAGE;
	if (fuzz_broken(op))
		offset.offset += pages * FUZZ_PAGE;
	if (info.size > MAP_BYTES_MAX)
		info.size = MAP_BYTES_MAX;
	at = mmap(NULL, info.size, prot, flags, op->file->fd, offset.offset);
	if (at == MAP_FAILED)
		return fuzz_judge(op, -errno, errors);
	*map = (struct fuzz_map) { at, info.size, prot };
	return fuzz_judge(op, 0, errors);
}

/* On a live device or a dead one: no access faults. */
static const char *call_touch(struct fuzz_op *op)
{
	struct fuzz_map *map = &op->thread->memory.maps[fuzz_below(&op->random, FUZZ_MAPS)];
	uint64_t value = fuzz_next(&op->random);

	for (unsigned int i = 0; i < 8; i++) {
		uint32_t word = fuzz_below(&op->random, map->size / 8);
		bool write = fuzz_chance(&op->random, 2) && map->prot & PROT_WRITE;
		char *at = (char *)map->at + word * 8ull;

		if (!map->at)
			continue;
		fuzz_note(op, "%s at %u", write ? "write" : "read", word * 8);
		if (!(write ? igt_nova_safe_write(at, &value, 8) :
			      igt_nova_safe_read(at, &value, 8)))
			return "a mapping cannot be accessed";
	}
	op->record->result = 0;
	return NULL;
}

static const char *call_munmap(struct fuzz_op *op)
{
	struct fuzz_map *map = &op->thread->memory.maps[fuzz_below(&op->random, FUZZ_MAPS)];
	uint32_t part = fuzz_below(&op->random, 3);

	op->record->result = 0;
	if (!map->at || map->size <= FUZZ_PAGE || part == 0) {
		forget(map);
	} else if (part == 1) {
		/* The second half: the first is used on. */
		size_t kept = map->size / 2 & ~(FUZZ_PAGE - 1ul);

		kept = kept ? kept : FUZZ_PAGE;
		munmap((char *)map->at + kept, map->size - kept);
		map->size = kept;
	} else {
		madvise(map->at, map->size, MADV_DONTNEED);
	}
	return NULL;
}

/* --- jobs --- */

/* Most targets are where clients have a buffer. */
static uint64_t target(struct fuzz_op *op)
{
	uint64_t any = fuzz_va(op);
	uint64_t near = TARGET_VA + fuzz_below(&op->random, TARGET_BYTES / 2 / 4) * 4;

	return (fuzz_chance(&op->random, 12) ? any : near) & ((1ull << NV_HOST_VA_BITS) - 4);
}

static void random_methods(struct fuzz_op *op, struct igt_nova_push *push)
{
	bool headers = fuzz_chance(&op->random, 2);

	while (push->at + 2 <= push->end) {
		uint32_t method = fuzz_below(&op->random, 0x400) * 4;

		igt_nova_push_dword(push, headers ? NV_PB_HEADER(INC, NV_SUBCHANNEL_CE, method, 1) :
				    fuzz_next(&op->random));
		igt_nova_push_dword(push, fuzz_next(&op->random) >> fuzz_below(&op->random, 32));
	}
}

static void write_segment(struct fuzz_op *op, uint32_t *at, uint64_t va)
{
	struct igt_nova_push push = { .at = at, .end = at + DWORDS, .va = va };
	uint32_t bytes = 4 + fuzz_below(&op->random, 4096) * 4;

	switch (fuzz_below(&op->random, 40)) {
	case 0:
		random_methods(op, &push);
		break;
	case 1:
		igt_nova_push_illegal(&push);
		break;
	case 2:
		igt_nova_push_acquire(&push, target(op), fuzz_below(&op->random, 4));
		break;
	case 3 ... 6:
		igt_nova_push_release(&push, target(op), fuzz_below(&op->random, 4));
		break;
	case 7 ... 16:
		igt_nova_push_copy(&push, target(op), target(op), bytes);
		break;
	default:
		igt_nova_push_fill(&push, target(op), fuzz_next(&op->random), bytes / 4);
	}
	while (push.at < push.end)
		igt_nova_push_dword(&push, NV_PB_HEADER(INC, 0, NV_C46F_NOP, 0));
}

static int map_in_vm(int fd, uint32_t vm, uint32_t handle, uint64_t va, uint64_t size)
{
	struct drm_nova_vm_bind_op map = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = handle, .va = va, .size = size,
	};
	struct drm_nova_vm_bind bind = {
		.vm_id = vm, .ops = { sizeof(map), 1, (uintptr_t)&map },
	};

	return fuzz_raw_ioctl(fd, DRM_IOCTL_NOVA_VM_BIND, &bind);
}

static int write_pushes(struct fuzz_op *op, uint32_t handle, uint64_t size)
{
	struct drm_nova_gem_mmap_offset offset = { .handle = handle };
	int ret = fuzz_raw_ioctl(op->file->fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &offset);
	uint32_t segment[DWORDS];
	char *at;

	if (ret)
		return ret;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, op->file->fd, offset.offset);
	if (at == MAP_FAILED)
		return -errno;
	for (uint32_t i = 0; !ret && i < FUZZ_PUSH_SEGMENTS; i++) {
		write_segment(op, segment, FUZZ_PUSH_VA + i * FUZZ_PUSH_BYTES);
		if (!igt_nova_safe_write(at + i * FUZZ_PUSH_BYTES, segment, sizeof(segment)))
			ret = -EIO;
	}
	munmap(at, size);
	return ret;
}

static int make_buffer(struct fuzz_op *op, uint32_t vm, uint64_t va, uint64_t size, bool pushes)
{
	struct drm_nova_gem_create create = {
		.size = size, .placement = pushes ? DRM_NOVA_PLACEMENT_SYSTEM : 0,
	};
	int ret = fuzz_raw_ioctl(op->file->fd, DRM_IOCTL_NOVA_GEM_CREATE, &create);

	if (ret)
		return ret;
	if (pushes)
		ret = write_pushes(op, create.handle, size);
	if (!ret)
		ret = map_in_vm(op->file->fd, vm, create.handle, va, size);
	fuzz_destroy(op->file, FUZZ_GEM,
		     fuzz_pool_add(&op->file->pools[FUZZ_GEM], &op->random, create.handle));
	return ret;
}

/* What these calls make may be taken away by other threads meanwhile. */
static const uint8_t client_errors[] = { ENOENT, ENOSPC, ENOMEM, EPERM, EINVAL, EACCES, 0 };

static const char *call_pushes(struct fuzz_op *op)
{
	uint32_t vm = fuzz_handle(op, FUZZ_VM);

	fuzz_note(op, "vm %u", vm);
	return fuzz_judge(op, make_buffer(op, vm, FUZZ_PUSH_VA, PUSHES_BYTES, true), client_errors);
}

/* A VM with buffers and a queue; what the queue is like is up to the caller. */
static int make_client(struct fuzz_op *op, struct drm_nova_queue_create *queue)
{
	struct drm_nova_vm_create vm = { 0 };
	int ret = fuzz_raw_ioctl(op->file->fd, DRM_IOCTL_NOVA_VM_CREATE, &vm);

	if (ret)
		return ret;
	fuzz_destroy(op->file, FUZZ_VM,
		     fuzz_pool_add(&op->file->pools[FUZZ_VM], &op->random, vm.vm_id));
	ret = make_buffer(op, vm.vm_id, FUZZ_PUSH_VA, PUSHES_BYTES, true);
	if (!ret)
		ret = make_buffer(op, vm.vm_id, TARGET_VA, TARGET_BYTES, false);
	queue->vm_id = vm.vm_id;
	queue->engine = fuzz_below(&op->random, 2);
	queue->priority = DRM_NOVA_PRIORITY_NORMAL;
	if (!ret)
		ret = fuzz_raw_ioctl(op->file->fd, DRM_IOCTL_NOVA_QUEUE_CREATE, queue);
	if (!ret)
		fuzz_destroy(op->file, FUZZ_QUEUE,
			     fuzz_pool_add(&op->file->pools[FUZZ_QUEUE], &op->random,
					   queue->queue_id));
	fuzz_note(op, "vm %u queue %u", vm.vm_id, queue->queue_id);
	return ret;
}

static const char *call_client(struct fuzz_op *op)
{
	struct drm_nova_queue_create queue = { 0 };

	return fuzz_judge(op, make_client(op, &queue), client_errors);
}

/* One that submits without a system call. */
static const char *call_userq(struct fuzz_op *op)
{
	static const uint32_t ring_sizes[] = { 64, 64, 128, 1024 };
	struct drm_nova_queue_create queue = {
		.flags = DRM_NOVA_QUEUE_USERMODE,
		.ring_size = ring_sizes[fuzz_below(&op->random, COUNT(ring_sizes))],
	};
	int ret = make_client(op, &queue);
	const struct fuzz_userq userq = {
		.offset = queue.doorbell_offset, .size = queue.map_size, .ring_va = queue.ring_va,
		.ring_size = queue.ring_size, .token = queue.token,
	};

	if (ret)
		return fuzz_judge(op, ret, client_errors);
	fuzz_userq_add(op->file, &op->random, &userq);
	return fuzz_userq_map(op, &userq);
}

/* --- files --- */

static const char *call_dup(struct fuzz_op *op)
{
	struct drm_nova_gem_info info = { .handle = fuzz_handle(op, FUZZ_GEM) };
	static const uint8_t errors[] = { ENOENT, 0 };
	int fd = fcntl(op->file->fd, F_DUPFD_CLOEXEC, 0), ret;

	if (fd < 0)
		return fuzz_judge(op, -errno, errors);
	ret = fuzz_raw_ioctl(fd, DRM_IOCTL_NOVA_GEM_INFO, &info);
	close(fd);
	return fuzz_judge(op, ret, errors);
}

/* All its objects go, with jobs and mappings under way. */
static const char *call_reopen(struct fuzz_op *op)
{
	bool opened = fuzz_file_reopen(op->slot, op->file);

	op->record->result = opened ? 0 : -ENODEV;
	return opened || fuzz_run_options()->unbind ? NULL : "the device cannot be opened";
}

static const char *call_unknown(struct fuzz_op *op)
{
	static const uint8_t errors[] = { EINVAL, EACCES, 0 };
	/* Far behind all that the driver has. */
	uint32_t nr = DRM_COMMAND_BASE + 0x50 + fuzz_below(&op->random, 0x10);
	uint64_t room[FUZZ_ARGS / 8] = { fuzz_next(&op->random) };

	fuzz_note(op, "number %#x", nr);
	fuzz_judge(op, fuzz_raw_ioctl(op->file->fd,
				      _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE, nr, 64), room),
		   errors);
	if (op->record->result == -ENODEV && fuzz_run_options()->unbind)
		return NULL;
	if (op->record->result != -EINVAL)
		return "an ioctl that does not exist";
	/* As it should be: that is done. */
	op->record->result = 0;
	return NULL;
}

static const char *call_fdinfo(struct fuzz_op *op)
{
	struct pollfd poll_fd = { .fd = op->file->fd, .events = POLLIN };
	char path[64], text[4096];
	ssize_t size = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", op->file->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		size = read(fd, text, sizeof(text));
		close(fd);
	}
	poll(&poll_fd, 1, 0);
	op->record->result = 0;
	return size > 0 ? NULL : "fdinfo cannot be read";
}

static const char *call_dmabuf(struct fuzz_op *op)
{
	static const uint8_t errors[] = { EACCES, EINVAL, EPERM, ENOMEM, 0 };
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START };
	uint32_t word = fuzz_below(&op->random, FUZZ_PAGE / 8);
	bool wait = fuzz_chance(&op->random, 8);
	int fd = fuzz_fd_get(FUZZ_DMABUF, &op->random);
	uint64_t value;
	int ret = 0;
	char *at;

	op->record->result = 0;
	if (fd < 0)
		return NULL;
	if (wait)
		fuzz_raw_ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
	at = mmap(NULL, FUZZ_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		ret = -errno;
	close(fd);
	if (ret)
		return fuzz_judge(op, ret, errors);
	if (!igt_nova_safe_read(at + word * 8, &value, 8))
		ret = -EFAULT;
	munmap(at, FUZZ_PAGE);
	return ret ? "a dma-buf's mapping cannot be accessed" : NULL;
}

static const char *call_sync_file(struct fuzz_op *op)
{
	int fd = fuzz_fd_get(FUZZ_SYNC_FILE, &op->random);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct sync_file_info info = { 0 };

	op->record->result = 0;
	if (fd < 0)
		return NULL;
	poll(&poll_fd, 1, 0);
	op->record->result = fuzz_raw_ioctl(fd, SYNC_IOC_FILE_INFO, &info);
	close(fd);
	return op->record->result ? "a sync file without information" : NULL;
}

static const char *call_disturb(struct fuzz_op *op)
{
	fuzz_run_disturb(fuzz_below(&op->random, fuzz_run_options()->threads));
	op->record->result = 0;
	return NULL;
}

/* --- the device --- */

static const char *call_replug(struct fuzz_op *op)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	bool now = fuzz_chance(&op->random, 8);
	sigset_t all, before;
	int ret;

	op->record->result = 0;
	if (!fuzz_run_options()->unbind || !now || pthread_mutex_trylock(&lock))
		return NULL;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = igt_nova_dev_unbind(fuzz_run_dev());
	if (!ret)
		ret = igt_nova_dev_bind(fuzz_run_dev());
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_mutex_unlock(&lock);
	op->record->result = ret;
	return ret ? "the device does not go and come back" : NULL;
}

/* What is bound as memory of the process changes, which waits for the jobs that have it. */
static const char *call_change(struct fuzz_op *op)
{
	uint32_t page = fuzz_below(&op->random, FUZZ_USER / FUZZ_PAGE), how = fuzz_below(&op->random, 12);
	uint32_t pages = 1 + fuzz_below(&op->random, FUZZ_USER / FUZZ_PAGE - page);
	char *at = op->thread->memory.user + page * FUZZ_PAGE;
	size_t size = pages * FUZZ_PAGE;
	int ret = 0;

	fuzz_note(op, "%u page %u pages %u", how, page, pages);
	op->record->result = 0;
	switch (how) {
	case 0:
		ret = mprotect(at, size, PROT_NONE);
		break;
	case 1:
		ret = mprotect(at, size, PROT_READ);
		break;
	case 2:
		ret = madvise(at, size, MADV_DONTNEED);
		break;
	default:
		/* Never unmapped for a moment: another thread would get the addresses. */
		if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0) == MAP_FAILED)
			ret = -1;
		break;
	}
	return ret ? "memory cannot be changed" : NULL;
}

/* The last is the one for files that have nothing. */
const struct fuzz_call fuzz_calls[] = {
	{ "mmap", 4, call_mmap, false },
	{ "touch", 6, call_touch, false },
	{ "munmap", 2, call_munmap, false },
	{ "pushes", 2, call_pushes, false },
	{ "dup", 1, call_dup, false },
	{ "reopen", 1, call_reopen, false },
	{ "unknown", 1, call_unknown, false },
	{ "fdinfo", 1, call_fdinfo, false },
	{ "dmabuf", 2, call_dmabuf, false },
	{ "sync-file", 1, call_sync_file, false },
	{ "disturb", 4, call_disturb, false },
	{ "change", 4, call_change, false },
	{ "userq", 3, call_userq, false },
	{ "userq-map", 2, fuzz_call_userq_map, false },
	{ "userq-submit", 10, fuzz_call_userq_submit, false },
	{ "userq-touch", 4, fuzz_call_userq_touch, false },
	{ "userq-unmap", 2, fuzz_call_userq_unmap, false },
	{ "replug", 2, call_replug, true },
	{ "client", 2, call_client, false },
};

const size_t fuzz_call_count = COUNT(fuzz_calls);
