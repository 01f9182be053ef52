/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/stat.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_job.h"
#include "igt_nova_share.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("Buffers shared with other devices: data, identity, order of the ends.");

#define PAGE	IGT_NOVA_PAGE
#define SIZE	(16 * PAGE)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define FIRST	0x11110000u
#define SECOND	0x22220000u
#define THIRD	0x33330000u

/**
 * struct side - a client of one of the devices
 * @client: the client
 * @queue: on the first engine, and on the last
 * @result: buffer to look into, of SIZE bytes; the last dword is a semaphore
 */
struct side {
	struct igt_nova_client client;
	uint32_t queue[2];
	struct igt_nova_bo result;
};

static void side_open(struct side *side, const struct igt_nova_dev *dev)
{
	igt_nova_client_init(&side->client, igt_nova_dev_open(dev));
	side->queue[0] = igt_nova_client_queue(&side->client, 0);
	side->queue[1] = igt_nova_client_queue(&side->client,
					       igt_nova_engine_count(side->client.fd) - 1);
	igt_nova_client_bo(&side->client, &side->result, SIZE, SYSTEM);
}

static void side_close(struct side *side)
{
	if (side->client.fd < 0)
		return;
	munmap(side->result.map, side->result.size);
	igt_nova_client_close(&side->client);
}

static const struct igt_nova_dev *second_device(void)
{
	const struct igt_nova_dev *other = igt_nova_unplug_other();

	igt_require_f(other, "one device only\n");
	return other;
}

static uint64_t side_bind(struct side *side, uint32_t handle, uint64_t size)
{
	uint64_t va = igt_nova_client_va(&side->client, size);

	igt_nova_vm_map(side->client.fd, side->client.vm, handle, 0, va, size, 0, 0);
	return va;
}

static void begin(struct side *side, struct igt_nova_push *push)
{
	side->client.pushes_used = 0;
	igt_nova_push_begin(&side->client, push, 64);
}

/* The GPU fills the whole buffer. */
static void gpu_write(struct side *side, unsigned int queue, uint64_t va, uint64_t size,
		      uint32_t value)
{
	struct igt_nova_push push;

	begin(side, &push);
	igt_nova_push_fill(&push, va, value, size / 4);
	igt_assert_eq(igt_nova_submit_wait(side->client.fd, side->queue[queue], &push), 1);
}

/* The GPU reads it, piece by piece. */
static void gpu_check(struct side *side, unsigned int queue, uint64_t va, uint64_t size,
		      uint32_t value)
{
	for (uint64_t at = 0; at < size; at += SIZE) {
		struct igt_nova_bo piece = side->result;
		struct igt_nova_push push;

		piece.size = size - at < SIZE ? size - at : SIZE;
		igt_nova_bo_fill(&piece, ~value);
		begin(side, &push);
		igt_nova_push_copy(&push, piece.va, va + at, piece.size);
		igt_assert_eq(igt_nova_submit_wait(side->client.fd, side->queue[queue], &push), 1);
		igt_assert_eq_u64(igt_nova_bo_check(&piece, value), piece.size / 4);
	}
}

/*
 * udmabuf maps its buffers for a device of its own then, in a way that DMA debugging minds: longer
 * segments than that device takes, and one direction for all. Memory is coherent here without it.
 */
static bool skip_cpu_sync;

static void cpu_write(int dmabuf, uint64_t size, uint32_t value)
{
	struct igt_nova_bo bo = { .size = size, .map = igt_nova_dmabuf_map(dmabuf, size) };

	if (!skip_cpu_sync)
		igt_nova_dmabuf_begin(dmabuf, DMA_BUF_SYNC_RW);
	igt_nova_bo_fill(&bo, value);
	if (!skip_cpu_sync)
		igt_nova_dmabuf_end(dmabuf, DMA_BUF_SYNC_RW);
	munmap(bo.map, size);
}

static void cpu_check(int dmabuf, uint64_t size, uint32_t value)
{
	struct igt_nova_bo bo = { .size = size, .map = igt_nova_dmabuf_map(dmabuf, size) };

	if (!skip_cpu_sync)
		igt_nova_dmabuf_begin(dmabuf, DMA_BUF_SYNC_RW);
	igt_assert_eq_u64(igt_nova_bo_check(&bo, value), size / 4);
	if (!skip_cpu_sync)
		igt_nova_dmabuf_end(dmabuf, DMA_BUF_SYNC_RW);
	munmap(bo.map, size);
}

/* --- import --- */

/* What is somebody else's: the CPU and each engine see what the other wrote, whatever its size. */
static void check_import(struct side *side, int dmabuf, uint64_t size)
{
	uint32_t handle = igt_nova_dmabuf_import(side->client.fd, dmabuf);
	struct drm_nova_gem_info info;
	uint64_t va;

	igt_nova_gem_info(side->client.fd, handle, &info, 0);
	igt_assert_eq_u64(info.size, size);
	igt_assert_eq_u32(info.flags, DRM_NOVA_GEM_INFO_IMPORTED);
	igt_assert_eq_u32(info.placement, SYSTEM);
	igt_assert_eq_u32(info.resident, SYSTEM);
	igt_nova_gem_mmap_offset(side->client.fd, handle, EPERM);

	va = side_bind(side, handle, size);
	for (unsigned int queue = 0; queue < 2; queue++) {
		cpu_write(dmabuf, size, FIRST + queue);
		gpu_check(side, queue, va, size, FIRST + queue);
		gpu_write(side, queue, va, size, SECOND + queue);
		cpu_check(dmabuf, size, SECOND + queue);
	}
	igt_nova_gem_close(side->client.fd, handle);
	/* Bound it stays, and goes with the mapping. */
	gpu_check(side, 0, va, size, SECOND + 1);
	igt_nova_vm_unmap(side->client.fd, side->client.vm, va, size, 0);
}

/* @make returns a dma-buf of that size, or a negative errno where the kernel has none. */
static void check_imports(int (*make)(uint64_t size), const char *what)
{
	static const uint64_t sizes[] = { PAGE, 5 * PAGE, (2 << 20) + PAGE };
	struct side side;

	side_open(&side, igt_nova_unplug_dev());
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int dmabuf = make(sizes[i]);

		igt_require_f(dmabuf >= 0, "no %s\n", what);
		check_import(&side, dmabuf, sizes[i]);
		close(dmabuf);
	}
	side_close(&side);
}

static void test_import_udmabuf(int fd)
{
	(void)fd;
	skip_cpu_sync = true;
	check_imports(igt_nova_dmabuf_udmabuf, "udmabuf");
	skip_cpu_sync = false;
}

static void test_import_heap(int fd)
{
	(void)fd;
	check_imports(igt_nova_dmabuf_heap, "system heap");
}

static int make_vgem(uint64_t size)
{
	int vgem = igt_nova_open_vgem(), dmabuf;

	if (vgem < 0)
		return vgem;
	dmabuf = igt_nova_dmabuf_export(vgem, igt_nova_vgem_create(vgem, size));
	close(vgem);
	return dmabuf;
}

static void test_import_vgem(int fd)
{
	(void)fd;
	check_imports(make_vgem, "vgem");
	igt_nova_close_vgem();
}

static int make_nova(uint64_t size)
{
	int other = igt_nova_dev_open(second_device()), dmabuf;

	dmabuf = igt_nova_dmabuf_export(other, igt_nova_gem_create(other, size, 0, SYSTEM, 0, 0));
	close(other);
	return dmabuf;
}

/* Its file is closed at once, so the dma-buf is all that holds it. */
static void test_import_nova(int fd)
{
	(void)fd;
	second_device();
	check_imports(make_nova, "second device");
}

/* --- export --- */

/* Two GPUs, each in turn writes what the other reads; the buffer begins in video memory. */
static void test_export_nova(int fd)
{
	struct side owner, guest;
	struct drm_nova_gem_info info;
	struct igt_nova_bo bo;
	uint32_t handle;
	uint64_t va;
	int dmabuf;

	(void)fd;
	side_open(&guest, second_device());
	side_open(&owner, igt_nova_unplug_dev());
	igt_nova_client_bo(&owner.client, &bo, SIZE, VRAM | SYSTEM);
	gpu_write(&owner, 0, bo.va, SIZE, FIRST);
	igt_nova_gem_info(owner.client.fd, bo.handle, &info, 0);
	igt_assert_eq_u32(info.resident, VRAM);

	dmabuf = igt_nova_dmabuf_export(owner.client.fd, bo.handle);
	igt_nova_gem_info(owner.client.fd, bo.handle, &info, 0);
	igt_assert_eq_u32(info.resident, VRAM);
	handle = igt_nova_dmabuf_import(guest.client.fd, dmabuf);
	igt_nova_gem_info(owner.client.fd, bo.handle, &info, 0);
	igt_assert_eq_u32(info.resident, SYSTEM);
	va = side_bind(&guest, handle, SIZE);

	gpu_check(&guest, 1, va, SIZE, FIRST);
	gpu_check(&owner, 1, bo.va, SIZE, FIRST);
	for (uint32_t i = 0; i < 4; i++) {
		gpu_write(&guest, i & 1, va, SIZE, SECOND + i);
		gpu_check(&owner, i & 1, bo.va, SIZE, SECOND + i);
		igt_assert_eq_u64(igt_nova_bo_check(&bo, SECOND + i), SIZE / 4);
		gpu_write(&owner, i & 1, bo.va, SIZE, THIRD + i);
		gpu_check(&guest, i & 1, va, SIZE, THIRD + i);
		cpu_check(dmabuf, SIZE, THIRD + i);
	}
	/* When the guest has left it may be in video memory again. */
	close(dmabuf);
	side_close(&guest);
	gpu_check(&owner, 0, bo.va, SIZE, THIRD + 3);
	igt_nova_bo_destroy(owner.client.fd, &bo);
	side_close(&owner);
}

/* Others get system memory only. A buffer that cannot be there can be shared within the device. */
static void test_export_vram_only(int fd)
{
	struct side owner, guest;
	uint32_t handle = 0;
	struct igt_nova_bo bo;
	int dmabuf;

	(void)fd;
	side_open(&guest, second_device());
	side_open(&owner, igt_nova_unplug_dev());
	igt_nova_client_bo(&owner.client, &bo, SIZE, VRAM);
	gpu_write(&owner, 0, bo.va, SIZE, FIRST);
	dmabuf = igt_nova_dmabuf_export(owner.client.fd, bo.handle);
	igt_assert_neq(drmPrimeFDToHandle(guest.client.fd, dmabuf, &handle), 0);
	igt_assert_eq(errno, EOPNOTSUPP);
	igt_assert_eq_u32(igt_nova_dmabuf_import(owner.client.fd, dmabuf), bo.handle);
	gpu_check(&owner, 0, bo.va, SIZE, FIRST);
	close(dmabuf);
	igt_nova_bo_destroy(owner.client.fd, &bo);
	side_close(&owner);
	side_close(&guest);
}

/* --- identity --- */

/* A buffer that comes home is itself; a guest that passes it on passes on the same dma-buf. */
static void test_identity(int fd)
{
	int vgem = igt_nova_open_vgem(), dmabuf, again, dev_fd, dev_other;
	uint32_t ours, theirs, other_handle;
	struct drm_nova_gem_info info;
	struct stat stats[2];

	(void)fd;
	igt_require_f(vgem >= 0, "no vgem device to share with\n");
	dev_fd = igt_nova_dev_open(igt_nova_unplug_dev());
	dev_other = igt_nova_dev_open(igt_nova_unplug_dev());

	/* Ours: one object in all files of the device. */
	ours = igt_nova_gem_create(dev_fd, SIZE, 0, 0, 0, 0);
	dmabuf = igt_nova_dmabuf_export(dev_fd, ours);
	igt_assert_eq_u32(igt_nova_dmabuf_import(dev_fd, dmabuf), ours);
	other_handle = igt_nova_dmabuf_import(dev_other, dmabuf);
	igt_nova_gem_info(dev_other, other_handle, &info, 0);
	igt_assert_eq_u32(info.flags, 0);
	again = igt_nova_dmabuf_export(dev_other, other_handle);
	igt_assert_eq_u32(igt_nova_dmabuf_import(dev_fd, again), ours);
	igt_assert_eq(fstat(dmabuf, &stats[0]), 0);
	igt_assert_eq(fstat(again, &stats[1]), 0);
	igt_assert_eq_u64(stats[0].st_ino, stats[1].st_ino);
	close(again);
	close(dmabuf);

	/* Somebody else's: one handle in a file, and the owner gets it back as it was. */
	theirs = igt_nova_vgem_create(vgem, SIZE);
	dmabuf = igt_nova_dmabuf_export(vgem, theirs);
	other_handle = igt_nova_dmabuf_import(dev_other, dmabuf);
	igt_assert_eq_u32(igt_nova_dmabuf_import(dev_other, dmabuf), other_handle);
	again = igt_nova_dmabuf_export(dev_other, other_handle);
	igt_assert_eq_u32(igt_nova_dmabuf_import(vgem, again), theirs);
	close(again);
	close(dmabuf);
	close(dev_other);
	close(dev_fd);
	close(vgem);
	igt_nova_close_vgem();
}

/* --- the dma-buf as a file --- */

static void test_dmabuf_file(int fd)
{
	int dev_fd = igt_nova_dev_open(igt_nova_unplug_dev()), dmabuf = -1;
	struct dma_buf_sync bad = { .flags = 1u << 7 };
	uint32_t handle, *map;

	(void)fd;
	handle = igt_nova_gem_create(dev_fd, SIZE, 0, SYSTEM, 0, 0);
	igt_assert_eq(drmPrimeHandleToFD(dev_fd, handle, DRM_CLOEXEC, &dmabuf), 0);
	/* Read-only unless asked for. */
	igt_assert(mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, dmabuf, 0) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	close(dmabuf);

	/* That was the buffer's one dma-buf, and its flags stay. */
	igt_nova_gem_close(dev_fd, handle);
	handle = igt_nova_gem_create(dev_fd, SIZE, 0, SYSTEM, 0, 0);
	dmabuf = igt_nova_dmabuf_export(dev_fd, handle);
	igt_assert_eq_u64(lseek(dmabuf, 0, SEEK_END), SIZE);
	igt_assert(mmap(NULL, 2 * SIZE, PROT_READ, MAP_SHARED, dmabuf, 0) == MAP_FAILED);
	igt_assert_eq(errno, EINVAL);
	igt_assert(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, SIZE) == MAP_FAILED);
	igt_assert_eq(igt_nova_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &bad), -EINVAL);
	map = igt_nova_dmabuf_map(dmabuf, SIZE);
	map[SIZE / 4 - 1] = FIRST;
	close(dmabuf);
	close(dev_fd);
	igt_assert_eq_u32(map[SIZE / 4 - 1], FIRST);
	munmap(map, SIZE);

	/* What is not to be mapped is not by this door either. */
	dev_fd = igt_nova_dev_open(igt_nova_unplug_dev());
	handle = igt_nova_gem_create(dev_fd, SIZE, DRM_NOVA_GEM_NO_MMAP, SYSTEM, 0, 0);
	dmabuf = igt_nova_dmabuf_export(dev_fd, handle);
	igt_assert(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, dmabuf, 0) == MAP_FAILED);
	igt_assert_eq(errno, EPERM);
	close(dmabuf);
	close(dev_fd);
}

/* --- fences between devices --- */

/* A job that waits for release(), and writes @value then. */
static uint32_t submit_held(struct side *side, uint64_t va, uint32_t value)
{
	struct igt_nova_push push;

	side->result.map[SIZE / 4 - 1] = 0;
	begin(side, &push);
	igt_nova_push_acquire(&push, side->result.va + SIZE - 4, 1);
	igt_nova_push_fill(&push, va, value, SIZE / 4 - 1);
	return igt_nova_submit_fence(side->client.fd, side->queue[0], &push);
}

static void release(struct side *side)
{
	*(volatile uint32_t *)&side->result.map[SIZE / 4 - 1] = 1;
}

/* A syncobj of @to with the fence that @fence is in @from. */
static uint32_t carry(struct side *to, struct side *from, uint32_t fence)
{
	int sync_file = igt_nova_sync_file(from->client.fd, fence);
	uint32_t syncobj = igt_nova_syncobj_create(to->client.fd);

	igt_assert_eq(drmSyncobjImportSyncFile(to->client.fd, syncobj, sync_file), 0);
	close(sync_file);
	return syncobj;
}

/**
 * struct pair - two devices with a buffer that both have bound
 * @side: the device that goes, and the other one
 * @bo: the buffer, of @side[owner]
 * @va: where each sees it
 */
struct pair {
	struct side side[2];
	struct igt_nova_bo bo;
	uint64_t va[2];
};

static void pair_open(struct pair *pair, unsigned int owner)
{
	int dmabuf;

	side_open(&pair->side[1], second_device());
	side_open(&pair->side[0], igt_nova_unplug_dev());
	igt_nova_client_bo(&pair->side[owner].client, &pair->bo, SIZE, SYSTEM);
	pair->va[owner] = pair->bo.va;
	dmabuf = igt_nova_dmabuf_export(pair->side[owner].client.fd, pair->bo.handle);
	pair->va[!owner] = side_bind(&pair->side[!owner],
				     igt_nova_dmabuf_import(pair->side[!owner].client.fd, dmabuf),
				     SIZE);
	close(dmabuf);
}

static void pair_close(struct pair *pair)
{
	munmap(pair->bo.map, SIZE);
	side_close(&pair->side[0]);
	side_close(&pair->side[1]);
}

/* --- one of the two goes --- */

/*
 * Both GPUs are at work on the buffer, and the one that stays waits for a job of the other, which
 * is not to come. It goes on with the buffer as if nothing had been.
 */
static void check_unplug_in_use(unsigned int owner)
{
	struct drm_nova_sync syncs[2];
	struct side *stays, *goes;
	struct igt_nova_push push;
	struct pair pair;
	uint32_t lost, fence;
	int sync_file;

	pair_open(&pair, owner);
	goes = &pair.side[0];
	stays = &pair.side[1];
	igt_nova_bo_fill(&pair.bo, FIRST);
	lost = submit_held(goes, pair.va[0], THIRD);
	sync_file = igt_nova_sync_file(goes->client.fd, lost);
	fence = submit_held(stays, pair.va[1], SECOND);
	syncs[0] = igt_nova_wait_for(carry(stays, goes, lost), 0);
	syncs[1] = igt_nova_signal(igt_nova_syncobj_create(stays->client.fd), 0);
	begin(stays, &push);
	igt_assert_eq(igt_nova_submit(stays->client.fd, stays->queue[1], NULL, syncs, 2), 0);

	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_eq(igt_nova_sync_file_status(sync_file), -ENODEV);
	igt_assert_eq(igt_nova_submit(goes->client.fd, goes->queue[0], NULL, NULL, 0), -ENODEV);
	igt_assert_eq(igt_nova_fence_result(stays->client.fd, syncs[1].handle), 1);
	igt_assert(igt_nova_syncobj_busy(stays->client.fd, fence));
	igt_assert_eq_u64(igt_nova_bo_check(&pair.bo, FIRST), SIZE / 4);
	release(stays);
	igt_assert_eq(igt_nova_fence_result(stays->client.fd, fence), 1);
	igt_assert_eq_u32(pair.bo.map[0], SECOND);
	gpu_write(stays, 1, pair.va[1], SIZE, THIRD);
	igt_assert_eq_u64(igt_nova_bo_check(&pair.bo, THIRD), SIZE / 4);
	gpu_check(stays, 0, pair.va[1], SIZE, THIRD);

	close(sync_file);
	pair_close(&pair);
	igt_nova_unplug_check_quiet();
	igt_nova_unplug_undo();
}

static void test_unplug_exporter(int fd)
{
	(void)fd;
	check_unplug_in_use(0);
}

static void test_unplug_importer(int fd)
{
	(void)fd;
	check_unplug_in_use(1);
}

/* A dma-buf whose device has gone can still be imported elsewhere: it is memory, and an owner's. */
static void test_import_late(int fd)
{
	struct side guest;
	struct igt_nova_bo bo;
	uint32_t handle;
	uint64_t va;
	int owner, dmabuf;

	(void)fd;
	side_open(&guest, second_device());
	owner = igt_nova_dev_open(igt_nova_unplug_dev());
	igt_nova_bo_create(owner, &bo, SIZE, SYSTEM);
	igt_nova_bo_fill(&bo, FIRST);
	dmabuf = igt_nova_dmabuf_export(owner, bo.handle);
	igt_nova_unplug(igt_nova_path("unbind"));

	handle = igt_nova_dmabuf_import(guest.client.fd, dmabuf);
	va = side_bind(&guest, handle, SIZE);
	gpu_check(&guest, 0, va, SIZE, FIRST);
	gpu_write(&guest, 1, va, SIZE, SECOND);
	igt_assert_eq_u64(igt_nova_bo_check(&bo, SECOND), SIZE / 4);
	munmap(bo.map, SIZE);
	close(owner);
	close(dmabuf);
	/* The guest's mapping is the last that holds the dead device's buffer. */
	gpu_check(&guest, 1, va, SIZE, SECOND);
	side_close(&guest);
	igt_nova_unplug_check_quiet();
	igt_nova_unplug_undo();
}

/* --- close orders --- */

/* What holds a shared buffer. */
enum holder {
	HOLD_OWNER,	/* the exporter's file */
	HOLD_GUEST,	/* the importer's file, with GPU and VM */
	HOLD_DMABUF,
	HOLD_MAP,	/* of the dma-buf */
	HOLDERS,
};

/* The rest of them see the buffer as it was. */
static void check_close_order(const enum holder order[HOLDERS])
{
	bool gone[HOLDERS] = { false };
	struct igt_nova_bo map = { .size = SIZE };
	struct side guest;
	uint32_t handle;
	int owner, dmabuf;
	uint64_t va;

	side_open(&guest, second_device());
	owner = igt_nova_dev_open(igt_nova_unplug_dev());
	handle = igt_nova_gem_create(owner, SIZE, 0, SYSTEM, 0, 0);
	dmabuf = igt_nova_dmabuf_export(owner, handle);
	va = side_bind(&guest, igt_nova_dmabuf_import(guest.client.fd, dmabuf), SIZE);
	map.map = igt_nova_dmabuf_map(dmabuf, SIZE);
	igt_nova_bo_fill(&map, FIRST);

	for (unsigned int i = 0; i < HOLDERS; i++) {
		gone[order[i]] = true;
		if (order[i] == HOLD_OWNER)
			close(owner);
		else if (order[i] == HOLD_GUEST)
			side_close(&guest);
		else if (order[i] == HOLD_DMABUF)
			close(dmabuf);
		else
			munmap(map.map, SIZE);
		if (!gone[HOLD_GUEST])
			gpu_check(&guest, 0, va, SIZE, FIRST);
		if (!gone[HOLD_MAP])
			igt_assert_eq_u64(igt_nova_bo_check(&map, FIRST), SIZE / 4);
		if (!gone[HOLD_DMABUF])
			cpu_check(dmabuf, SIZE, FIRST);
	}
}

static void test_close_order(int fd)
{
	(void)fd;
	second_device();
	/* Each comes first, in the middle and last, forwards and backwards. */
	for (unsigned int i = 0; i < HOLDERS; i++) {
		enum holder order[HOLDERS], reverse[HOLDERS];

		for (unsigned int at = 0; at < HOLDERS; at++) {
			order[at] = (i + at) % HOLDERS;
			reverse[HOLDERS - 1 - at] = order[at];
		}
		check_close_order(order);
		check_close_order(reverse);
	}
}

static const struct igt_nova_test tests[] = {
	{ "import-vgem", "vgem's buffers: CPU and GPU see each other's writes.",
	  test_import_vgem },
	{ "import-udmabuf", "The same with memory of a memfd.", test_import_udmabuf },
	{ "import-heap", "The same with the system heap.", test_import_heap },
	{ "import-nova", "The same with a buffer of another GPU.", test_import_nova },
	{ "export-nova", "Two GPUs write and read one buffer, which was in video memory.",
	  test_export_nova },
	{ "export-vram-only", "What can be in video memory only is shared with no other device.",
	  test_export_vram_only },
	{ "identity", "Imports of one's own buffers give these, of others' one handle.",
	  test_identity },
	{ "dmabuf-file", "A dma-buf is mapped as it was exported.", test_dmabuf_file },
	{ "unplug-exporter", "The exporter's device goes while the importer's GPU is at work.",
	  test_unplug_exporter },
	{ "unplug-importer", "The importer's device goes while the exporter's GPU is at work.",
	  test_unplug_importer },
	{ "import-late", "A dma-buf is imported after its device has gone.", test_import_late },
	{ "close-order", "Files, dma-buf and mapping may go in any order.", test_close_order },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
