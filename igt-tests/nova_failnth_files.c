/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>

#include <linux/dma-heap.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_failcall.h"
#include "igt_nova_swap.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("Files, mappings, faults and sharing with the n-th allocation or user copy failing.");

#define PAGE		IGT_NOVA_PAGE
#define SWAP		(16ull << 20)
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM

static void prepare_open(void *data)
{
	struct igt_nova_failbench *bench = data;

	igt_assert(igt_nova_dev_node(igt_nova_unplug_dev(), bench->node));
}

static int call_open(void *data)
{
	struct igt_nova_failbench *bench = data;

	bench->fd = igt_nova_open_node(bench->node);
	return bench->fd < 0 ? bench->fd : 0;
}

static void close_fd(struct igt_nova_failbench *bench)
{
	if (bench->fd >= 0)
		close(bench->fd);
	bench->fd = -1;
}

static void finish_fd(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)injected;
	if (ret)
		bench->fd = -1;
	close_fd(bench);
}

static int call_mmap(void *data)
{
	struct igt_nova_failbench *bench = data;

	bench->map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, bench->fd,
			  bench->va);
	return bench->map == MAP_FAILED ? -errno : 0;
}

static void finish_map_cpu(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)injected;
	if (ret == 0)
		munmap(bench->map, 4 * PAGE);
	bench->fd = -1;
	igt_nova_failbench_close_handle(bench);
}

static void prepare_mmap(void *data)
{
	struct igt_nova_failbench *bench = data;

	bench->handle = igt_nova_gem_create(bench->client.fd, 4 * PAGE, 0, VRAM, 0, 0);
	bench->va = igt_nova_gem_mmap_offset(bench->client.fd, bench->handle, 0);
	bench->fd = bench->client.fd;
}

static void prepare_fault(void *data, uint32_t placement)
{
	struct igt_nova_failbench *bench = data;

	bench->handle = igt_nova_gem_create(bench->client.fd, 4 * PAGE, 0, placement, 0, 0);
	bench->va = igt_nova_gem_mmap_offset(bench->client.fd, bench->handle, 0);
	bench->fd = bench->client.fd;
	igt_assert_eq(call_mmap(bench), 0);
}

static void prepare_fault_vram(void *data)
{
	prepare_fault(data, VRAM);
}

static void prepare_fault_system(void *data)
{
	prepare_fault(data, SYSTEM);
}

/* A system call that does nothing but write to memory: its fault can fail, with EFAULT. */
static int call_fault(void *data)
{
	struct igt_nova_failbench *bench = data;

	return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, bench->map) ? -errno : 0;
}

/* A fault in user mode is repeated by the kernel when memory is short. */
static int call_touch(void *data)
{
	struct igt_nova_failbench *bench = data;
	uint32_t one = 1;

	return igt_nova_safe_write(bench->map, &one, sizeof(one)) ? 0 : -EFAULT;
}

/* Whatever happened, the mapping works now, and holds zeroes where nothing was written. */
static void finish_fault(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;
	uint32_t page[PAGE / 4];

	(void)ret;
	igt_assert(igt_nova_safe_read((char *)bench->map + 3 * PAGE, page, sizeof(page)));
	for (size_t i = 0; i < ARRAY_SIZE(page); i++)
		igt_assert_eq_u32(page[i], 0);
	finish_map_cpu(bench, 0, injected);
}

static bool swap_tried;

static void swap_out(int fd, uint32_t handle)
{
	if (!swap_tried)
		igt_nova_swap_on(SWAP);
	swap_tried = true;
	igt_nova_swap_out(fd, handle);
}

static void prepare_fault_swapped(void *data)
{
	struct igt_nova_failbench *bench = data;

	prepare_fault(data, SYSTEM);
	memset(bench->map, 0, 4 * PAGE);
	swap_out(bench->client.fd, bench->handle);
}

static void prepare_export(void *data)
{
	struct igt_nova_failbench *bench = data;

	bench->handle = igt_nova_gem_create(bench->client.fd, 4 * PAGE, 0, SYSTEM, 0, 0);
}

static int call_export(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_prime_handle args = {
		.handle = bench->handle, .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1,
	};
	int ret = igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	bench->fd = args.fd;
	return ret;
}

static void finish_export(void *data, int ret, bool injected)
{
	finish_fd(data, ret, injected);
	igt_nova_failbench_close_handle(data);
}

static int import(struct igt_nova_failbench *bench, int file)
{
	struct drm_prime_handle args = { .fd = bench->fd };
	int ret = igt_nova_ioctl_once(file, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	bench->id = args.handle;
	return ret;
}

static void prepare_import(void *data)
{
	prepare_export(data);
	igt_assert_eq(call_export(data), 0);
	/* The dma-buf alone keeps it. */
	igt_nova_failbench_close_handle(data);
}

/* Our own, back. */
static int call_import_own(void *data)
{
	return import(data, ((struct igt_nova_failbench *)data)->client.fd);
}

static void finish_import(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)injected;
	if (ret == 0)
		igt_nova_gem_close(bench->client.fd, bench->id);
	close_fd(bench);
}

/* Somebody else's: attached, mapped for DMA. */
static void prepare_import_foreign(void *data)
{
	struct dma_heap_allocation_data args = { .len = 4 * PAGE, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	struct igt_nova_failbench *bench = data;

	igt_require_f(heap >= 0, "/dev/dma_heap/system: %m\n");
	igt_assert_eq(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &args), 0);
	close(heap);
	bench->fd = args.fd;
}

/* Ours, by another device: our pin, our table. */
static void prepare_attach(void *data)
{
	igt_require_f(((struct igt_nova_failbench *)data)->second >= 0, "one device only\n");
	prepare_import(data);
}

static int call_attach(void *data)
{
	return import(data, ((struct igt_nova_failbench *)data)->second);
}

static void finish_attach(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)injected;
	if (ret == 0)
		igt_nova_gem_close(bench->second, bench->id);
	close_fd(bench);
}

/* A buffer of another device, bound, which has moved since. */
static void prepare_exec_moved(void *data)
{
	struct igt_nova_failbench *bench = data;
	uint32_t handle, *map;

	igt_require_f(bench->second >= 0, "one device only\n");
	handle = igt_nova_gem_create(bench->second, 4 * PAGE, 0, SYSTEM, 0, 0);
	bench->fd = igt_nova_dmabuf_export(bench->second, handle);
	bench->handle = igt_nova_dmabuf_import(bench->client.fd, bench->fd);
	bench->va = igt_nova_client_va(&bench->client, 4 * PAGE);
	igt_nova_vm_map(bench->client.fd, bench->client.vm, bench->handle, 0, bench->va, 4 * PAGE,
			0, 0);
	map = igt_nova_dmabuf_map(bench->fd, 4 * PAGE);
	map[0] = 0;
	munmap(map, 4 * PAGE);
	swap_out(bench->second, handle);
	igt_nova_gem_close(bench->second, handle);
}

static int call_exec(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_nova_push push = { .va = bench->push.va, .length = bench->push.length };
	struct drm_nova_job job = { .pushes = { sizeof(push), 1, (uintptr_t)&push } };
	struct drm_nova_exec args = {
		.queue_id = bench->queue, .jobs = { sizeof(job), 1, (uintptr_t)&job },
	};

	return igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_NOVA_EXEC, &args);
}

/* Without a failure it is mapped again; with one it is by the job that is submitted afterwards. */
static void finish_exec_moved(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	(void)ret;
	(void)injected;
	igt_assert_eq(igt_nova_submit_wait(bench->client.fd, bench->queue, &bench->push), 1);
	igt_nova_vm_unmap(bench->client.fd, bench->client.vm, bench->va, 4 * PAGE, 0);
	igt_nova_gem_close(bench->client.fd, bench->handle);
	close_fd(bench);
}

static void prepare_dmabuf_mmap(void *data)
{
	prepare_import(data);
	((struct igt_nova_failbench *)data)->va = 0;
}

static void finish_dmabuf_mmap(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;
	int dmabuf = bench->fd;

	finish_map_cpu(bench, ret, injected);
	close(dmabuf);
}

static void prepare_dmabuf_fault(void *data)
{
	prepare_dmabuf_mmap(data);
	igt_assert_eq(call_mmap(data), 0);
}

static void finish_dmabuf_fault(void *data, int ret, bool injected)
{
	int dmabuf = ((struct igt_nova_failbench *)data)->fd;

	finish_fault(data, ret, injected);
	close(dmabuf);
}

/* Of a job of ours. */
static void prepare_sync_file(void *data)
{
	igt_nova_failbench_submit(data);
}

static int call_sync_file(void *data)
{
	struct igt_nova_failbench *bench = data;
	struct drm_syncobj_handle args = {
		.handle = bench->binary, .fd = -1,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	int ret = igt_nova_ioctl_once(bench->client.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args);

	bench->fd = args.fd;
	return ret;
}

static void finish_sync_file(void *data, int ret, bool injected)
{
	struct igt_nova_failbench *bench = data;

	if (ret == 0)
		igt_assert_eq(igt_nova_sync_file_wait(bench->fd), 0);
	finish_fd(bench, ret, injected);
	igt_nova_queue_destroy(bench->client.fd, bench->id, 0);
}

static void prepare_poll(void *data)
{
	prepare_sync_file(data);
	igt_assert_eq(call_sync_file(data), 0);
}

static int call_poll(void *data)
{
	struct pollfd poll_fd = { .fd = ((struct igt_nova_failbench *)data)->fd, .events = POLLIN };
	int ret = poll(&poll_fd, 1, IGT_NOVA_PATIENCE_S * 1000);

	return ret < 0 ? -errno : ret == 1 ? 0 : -ETIME;
}

static void finish_poll(void *data, int ret, bool injected)
{
	(void)ret;
	finish_sync_file(data, 0, injected);
}

static const struct igt_nova_failcall calls[] = {
	{ .fail = { .name = "open",
		    .prepare = prepare_open, .call = call_open, .finish = finish_fd },
	  .describe = "The node is opened." },
	{ .fail = { .name = "mmap",
		    .prepare = prepare_mmap, .call = call_mmap, .finish = finish_map_cpu },
	  .describe = "A buffer is mapped." },
	{ .fail = { .name = "fault-vram",
		    .errors = { EFAULT }, .prepare = prepare_fault_vram, .call = call_fault,
		    .finish = finish_fault },
	  .describe = "A system call writes to a mapping of video memory for the first time." },
	{ .fail = { .name = "fault-system",
		    .errors = { EFAULT }, .prepare = prepare_fault_system, .call = call_fault,
		    .finish = finish_fault },
	  .describe = "A system call writes to a mapping of system memory for the first time." },
	{ .fail = { .name = "touch-vram",
		    .prepare = prepare_fault_vram, .call = call_touch, .finish = finish_fault },
	  .describe = "The program writes to a mapping of video memory for the first time." },
	{ .fail = { .name = "touch-system",
		    .prepare = prepare_fault_system, .call = call_touch, .finish = finish_fault },
	  .describe = "The program writes to a mapping of system memory for the first time." },
	{ .fail = { .name = "fault-swapped",
		    .errors = { EFAULT }, .prepare = prepare_fault_swapped, .call = call_fault,
		    .finish = finish_fault },
	  .describe = "A system call writes to a mapping of memory that was swapped out." },
	{ .fail = { .name = "exec-moved",
		    .prepare = prepare_exec_moved, .call = call_exec, .finish = finish_exec_moved },
	  .describe = "A job is submitted after an import has moved." },
	{ .fail = { .name = "prime-export",
		    .prepare = prepare_export, .call = call_export, .finish = finish_export },
	  .describe = "A buffer is exported.", .orphans = true },
	{ .fail = { .name = "prime-import-own",
		    .prepare = prepare_import, .call = call_import_own, .finish = finish_import },
	  .describe = "An export comes back.", .orphans = true },
	{ .fail = { .name = "prime-import-foreign",
		    .prepare = prepare_import_foreign, .call = call_import_own,
		    .finish = finish_import },
	  .describe = "Another exporter's buffer is imported.", .orphans = true },
	{ .fail = { .name = "prime-attach",
		    .prepare = prepare_attach, .call = call_attach, .finish = finish_attach },
	  .describe = "Another device imports our buffer.", .orphans = true },
	{ .fail = { .name = "dmabuf-mmap",
		    .prepare = prepare_dmabuf_mmap, .call = call_mmap,
		    .finish = finish_dmabuf_mmap },
	  .describe = "An exported buffer is mapped." },
	{ .fail = { .name = "dmabuf-fault",
		    .errors = { EFAULT }, .prepare = prepare_dmabuf_fault, .call = call_fault,
		    .finish = finish_dmabuf_fault },
	  .describe = "A system call writes to such a mapping for the first time." },
	/* EINVAL is the kernel's answer when there is no memory for a sync_file. */
	{ .fail = { .name = "sync-file", .errors = { EINVAL },
		    .prepare = prepare_sync_file, .call = call_sync_file,
		    .finish = finish_sync_file },
	  .describe = "A job's fence becomes a file.", .orphans = true },
	{ .fail = { .name = "poll",
		    .prepare = prepare_poll, .call = call_poll, .finish = finish_poll },
	  .describe = "That file is waited for." },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_fail_init();
		igt_nova_unplug_init();
	}
	igt_nova_failcall_run(calls, ARRAY_SIZE(calls));
	igt_fixture() {
		igt_nova_fail_fini();
		igt_nova_swap_off();
		igt_nova_replug();
		igt_nova_unplug_fini();
	}
}
