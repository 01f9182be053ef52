/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_share.h"
#include "igt_nova_sysfs.h"

IGT_TEST_DESCRIPTION("Buffer objects: creation, information, mapping, sharing.");

#define MIB	(1024ull * 1024)
#define SECRET	0x5ec2e700u

#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

static void test_sizes(int fd)
{
	static const struct {
		uint64_t asked, given;
	} sizes[] = {
		{ 1, 4096 }, { 4095, 4096 }, { 4096, 4096 }, { 4097, 8192 },
		{ MIB + 1, MIB + 4096 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint32_t handle = igt_nova_gem_create(fd, sizes[i].asked, 0, 0, 0, 0);
		struct drm_nova_gem_info info;

		igt_nova_gem_info(fd, handle, &info, 0);
		igt_assert_eq_u64(info.size, sizes[i].given);
		igt_nova_gem_close(fd, handle);
	}
}

static void test_placement(int fd)
{
	static const uint32_t masks[] = { 0, VRAM, SYSTEM, VRAM | SYSTEM };

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		uint32_t expected = masks[i] ? masks[i] : VRAM | SYSTEM;
		struct drm_nova_gem_info info;
		struct igt_nova_bo bo;

		igt_nova_bo_create(fd, &bo, 64 * 1024, masks[i]);
		igt_nova_gem_info(fd, bo.handle, &info, 0);
		igt_assert_eq_u32(info.placement, expected);
		igt_assert_eq_u32(info.resident, 0);
		igt_assert_eq_u32(info.flags, 0);
		igt_assert_eq_u32(info.reserved, 0);
		bo.map[0] = 1;
		igt_nova_gem_info(fd, bo.handle, &info, 0);
		igt_assert_f(info.resident == VRAM || info.resident == SYSTEM,
			     "resident %#x\n", info.resident);
		igt_assert(info.resident & expected);
		igt_nova_bo_destroy(fd, &bo);
	}
}

static void test_caching(int fd)
{
	static const struct {
		uint32_t placement, caching;
		int error;
	} cases[] = {
		{ SYSTEM, DRM_NOVA_CPU_CACHING_DEFAULT, 0 },
		{ SYSTEM, DRM_NOVA_CPU_CACHING_WB, 0 },
		{ SYSTEM, DRM_NOVA_CPU_CACHING_WC, 0 },
		{ VRAM, DRM_NOVA_CPU_CACHING_DEFAULT, 0 },
		{ VRAM, DRM_NOVA_CPU_CACHING_WC, 0 },
		{ VRAM, DRM_NOVA_CPU_CACHING_WB, EINVAL },
		{ VRAM | SYSTEM, DRM_NOVA_CPU_CACHING_WB, EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_nova_gem_create create = {
			.size = 4096, .placement = cases[i].placement,
			.cpu_caching = cases[i].caching,
		};
		uint32_t *map;

		igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_CREATE, &create, cases[i].error);
		if (cases[i].error)
			continue;
		map = igt_nova_gem_mmap(fd, create.handle, 4096);
		igt_assert_eq_u32(map[7], 0);
		map[7] = SECRET;
		igt_assert_eq_u32(map[7], SECRET);
		munmap(map, 4096);
		igt_nova_gem_close(fd, create.handle);
	}
}

/* The 16-byte structures of upstream: handle, pad, size. */
struct old_gem {
	uint32_t handle;
	uint32_t pad;
	uint64_t size;
};

static void test_old_structs(int fd)
{
	struct {
		struct old_gem gem;
		uint64_t canary;
	} create = { { .pad = 0xffffffff, .size = 5000 }, 0x1122334455667788ull },
	  info = { { .pad = 0xffffffff }, 0x1122334455667788ull };
	struct drm_nova_gem_info new_info;
	uint32_t *map;

	igt_nova_expect(fd, DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_GEM_CREATE, struct old_gem),
			&create.gem, 0);
	igt_assert_eq_u64(create.canary, 0x1122334455667788ull);

	info.gem.handle = create.gem.handle;
	igt_nova_expect(fd, DRM_IOWR(DRM_COMMAND_BASE + DRM_NOVA_GEM_INFO, struct old_gem),
			&info.gem, 0);
	igt_assert_eq_u64(info.gem.size, 8192);
	igt_assert_eq_u64(info.canary, 0x1122334455667788ull);

	igt_nova_gem_info(fd, create.gem.handle, &new_info, 0);
	igt_assert_eq_u32(new_info.placement, VRAM | SYSTEM);
	igt_assert_eq_u32(new_info.flags, 0);
	map = igt_nova_gem_mmap(fd, create.gem.handle, 8192);
	igt_assert_eq_u32(map[2047], 0);
	munmap(map, 8192);
	igt_nova_gem_close(fd, create.gem.handle);
}

static void test_ignored_pads(int fd)
{
	struct drm_nova_gem_create create = { .pad = ~0u, .size = 4096 };
	struct drm_nova_gem_info info = { .pad = ~0u };

	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_CREATE, &create, 0);
	info.handle = create.handle;
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_INFO, &info, 0);
	igt_nova_gem_close(fd, create.handle);
}

static void test_no_mmap(int fd)
{
	uint32_t handle = igt_nova_gem_create(fd, 4096, DRM_NOVA_GEM_NO_MMAP, VRAM, 0, 0);
	struct drm_nova_gem_info info;

	igt_nova_gem_info(fd, handle, &info, 0);
	igt_assert_eq_u32(info.flags, DRM_NOVA_GEM_NO_MMAP);
	igt_nova_gem_mmap_offset(fd, handle, EPERM);
	igt_nova_gem_close(fd, handle);
}

static void check_mmap(int fd, uint32_t placement)
{
	struct igt_nova_bo bo;
	uint32_t *second;

	igt_nova_bo_create(fd, &bo, 4 * MIB, placement);
	igt_assert_eq_u64(igt_nova_bo_check(&bo, 0), bo.size / 4);
	for (size_t i = 0; i < bo.size / 4; i++)
		bo.map[i] = i * 2654435761u;
	/* Another mapping of the same buffer sees the same bytes. */
	second = igt_nova_gem_mmap(fd, bo.handle, bo.size);
	for (size_t i = 0; i < bo.size / 4; i++)
		igt_assert_eq_u32(second[i], (uint32_t)(i * 2654435761u));
	munmap(second, bo.size);
	igt_nova_bo_destroy(fd, &bo);
}

static void test_mmap_vram(int fd)
{
	check_mmap(fd, VRAM);
}

static void test_mmap_system(int fd)
{
	check_mmap(fd, SYSTEM);
}

static void test_mmap_bounds(int fd)
{
	uint32_t handle = igt_nova_gem_create(fd, 8192, 0, 0, 0, 0);
	uint64_t offset = igt_nova_gem_mmap_offset(fd, handle, 0);
	void *map;

	igt_assert(mmap(NULL, 12288, PROT_READ, MAP_SHARED, fd, offset) == MAP_FAILED);
	igt_assert(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	/* The mapping outlives the handle. */
	map = igt_nova_gem_mmap(fd, handle, 8192);
	igt_nova_gem_close(fd, handle);
	((uint32_t *)map)[2047] = SECRET;
	igt_assert_eq_u32(((uint32_t *)map)[2047], SECRET);
	munmap(map, 8192);
}

static void test_mmap_other_file(int fd)
{
	uint32_t handle = igt_nova_gem_create(fd, 4096, 0, 0, 0, 0);
	uint64_t offset = igt_nova_gem_mmap_offset(fd, handle, 0);
	int other = igt_nova_open();

	igt_assert(mmap(NULL, 4096, PROT_READ, MAP_SHARED, other, offset) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	close(other);
	igt_nova_gem_close(fd, handle);
}

/* One client leaves its data behind, the next gets the same memory and looks for it. */
static void test_content_zero(int fd)
{
	enum { COUNT = 12 };
	struct igt_nova_bo bos[COUNT];
	int other = igt_nova_open();

	(void)fd;
	for (unsigned int i = 0; i < COUNT; i++) {
		igt_nova_bo_create(other, &bos[i], 4 * MIB, VRAM);
		igt_nova_bo_fill(&bos[i], SECRET + i);
	}
	for (unsigned int i = 0; i < COUNT; i++)
		igt_nova_bo_destroy(other, &bos[i]);
	close(other);

	other = igt_nova_open();
	for (unsigned int i = 0; i < COUNT; i++) {
		igt_nova_bo_create(other, &bos[i], 4 * MIB, i % 4 == 3 ? SYSTEM : VRAM);
		igt_assert_eq_u64(igt_nova_bo_check(&bos[i], 0), bos[i].size / 4);
	}
	for (unsigned int i = 0; i < COUNT; i++)
		igt_nova_bo_destroy(other, &bos[i]);
	close(other);
}

/* The GPU, not the CPU, is the first to see the memory. */
static void test_content_zero_gpu(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_bo vram, system;
	struct igt_nova_push push;
	uint32_t queue;

	(void)fd;
	igt_nova_client_open(&client);
	queue = igt_nova_client_queue(&client, 0);
	igt_nova_client_bo(&client, &vram, MIB, VRAM);
	igt_nova_client_bo(&client, &system, MIB, SYSTEM);
	igt_nova_bo_fill(&system, SECRET);
	igt_nova_push_begin(&client, &push, 32);
	igt_nova_push_copy(&push, system.va, vram.va, MIB);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, &push), 1);
	igt_assert_eq_u64(igt_nova_bo_check(&system, 0), MIB / 4);
	igt_nova_bo_destroy(client.fd, &vram);
	igt_nova_bo_destroy(client.fd, &system);
	igt_nova_client_close(&client);
}

static void test_prime_self(int fd)
{
	struct drm_nova_gem_info info;
	int dmabuf = -1, second = -1;
	struct igt_nova_bo bo;
	uint32_t handle = 0;

	igt_nova_bo_create(fd, &bo, 64 * 1024, SYSTEM);
	igt_nova_bo_fill(&bo, SECRET);
	igt_assert_eq(drmPrimeHandleToFD(fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
	igt_assert_eq_u64(lseek(dmabuf, 0, SEEK_END), bo.size);

	/* The same file gets its own handle back. */
	igt_assert_eq(drmPrimeFDToHandle(fd, dmabuf, &handle), 0);
	igt_assert_eq_u32(handle, bo.handle);

	/* Another file of the same device gets the same object, not an import. */
	second = igt_nova_open();
	igt_assert_eq(drmPrimeFDToHandle(second, dmabuf, &handle), 0);
	igt_nova_gem_info(second, handle, &info, 0);
	igt_assert_eq_u64(info.size, bo.size);
	igt_assert_eq_u32(info.flags & DRM_NOVA_GEM_INFO_IMPORTED, 0);
	igt_nova_bo_destroy(fd, &bo);
	bo.size = 64 * 1024;
	bo.map = igt_nova_gem_mmap(second, handle, bo.size);
	bo.handle = handle;
	igt_assert_eq_u64(igt_nova_bo_check(&bo, SECRET), bo.size / 4);
	close(dmabuf);
	igt_assert_eq_u64(igt_nova_bo_check(&bo, SECRET), bo.size / 4);
	igt_nova_bo_destroy(second, &bo);
	close(second);
}

/* A buffer of another driver, used by the GPU and seen by its owner. */
static void test_prime_foreign(int fd)
{
	struct drm_nova_gem_info info;
	struct drm_mode_create_dumb dumb = { .width = 1024, .height = 4, .bpp = 32 };
	struct drm_mode_map_dumb offset = { 0 };
	int vgem = igt_nova_open_vgem(), dmabuf = -1;
	struct igt_nova_client client;
	struct igt_nova_push push;
	uint32_t handle = 0;
	uint32_t *map;
	uint64_t va;

	igt_require_f(vgem >= 0, "no vgem device to share with\n");
	(void)fd;
	igt_nova_client_open(&client);
	fd = client.fd;
	igt_assert_eq(drmIoctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), 0);
	igt_assert_eq(drmPrimeHandleToFD(vgem, dumb.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
	igt_assert_eq(drmPrimeFDToHandle(fd, dmabuf, &handle), 0);
	igt_nova_gem_info(fd, handle, &info, 0);
	igt_assert_eq_u64(info.size, dumb.size);
	igt_assert(info.flags & DRM_NOVA_GEM_INFO_IMPORTED);
	igt_nova_gem_mmap_offset(fd, handle, EPERM);

	va = igt_nova_client_va(&client, dumb.size);
	igt_nova_vm_map(fd, client.vm, handle, 0, va, dumb.size, 0, 0);
	igt_nova_push_begin(&client, &push, 32);
	igt_nova_push_fill(&push, va, SECRET, dumb.size / 4);
	igt_assert_eq(igt_nova_submit_wait(fd, igt_nova_client_queue(&client, 0), &push), 1);
	offset.handle = dumb.handle;
	igt_assert_eq(drmIoctl(vgem, DRM_IOCTL_MODE_MAP_DUMB, &offset), 0);
	map = mmap(NULL, dumb.size, PROT_READ, MAP_SHARED, vgem, offset.offset);
	igt_assert(map != MAP_FAILED);
	for (size_t i = 0; i < dumb.size / 4; i++)
		igt_assert_eq_u32(map[i], SECRET);
	munmap(map, dumb.size);
	igt_nova_client_close(&client);
	close(dmabuf);
	close(vgem);
	igt_nova_close_vgem();
}

static void test_vm_private(int fd)
{
	uint32_t vm = igt_nova_vm_create(fd, NULL), other_vm;
	struct drm_nova_vm_create other;
	uint32_t handle = igt_nova_gem_create(fd, 8192, 0, VRAM, vm, 0);
	int dmabuf = -1;

	other_vm = igt_nova_vm_create(fd, &other);
	igt_assert_neq(drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC, &dmabuf), 0);
	igt_assert_eq(errno, EPERM);
	igt_nova_vm_map(fd, other_vm, handle, 0, other.va_start + MIB, 8192, 0, EPERM);
	igt_nova_vm_map(fd, vm, handle, 0, other.va_start + MIB, 8192, 0, 0);
	igt_nova_gem_close(fd, handle);
	igt_nova_vm_destroy(fd, vm, 0);
	igt_nova_vm_destroy(fd, other_vm, 0);
}

static void test_handles_per_file(int fd)
{
	uint32_t handle = igt_nova_gem_create(fd, 4096, 0, 0, 0, 0);
	int other = igt_nova_open();
	struct drm_nova_gem_info info;

	igt_nova_gem_info(other, handle, &info, ENOENT);
	close(other);
	igt_nova_gem_info(fd, handle, &info, 0);
	igt_nova_gem_close(fd, handle);
	igt_nova_gem_info(fd, handle, &info, ENOENT);
	igt_assert_neq(drmCloseBufferHandle(fd, handle), 0);
}

/* More buffers in use than video memory holds: they are evicted and come back intact. */
static void test_overcommit(int fd)
{
	enum { SIZE_MIB = 16 };
	struct drm_nova_query_memory memory;
	struct igt_nova_bo bos[64];
	uint64_t vram = 0;
	unsigned int count;

	igt_nova_query(fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	for (uint32_t i = 0; i < memory.count; i++)
		if (memory.regions[i].placement == VRAM)
			vram = memory.regions[i].total;
	count = vram / (SIZE_MIB * MIB) + 3;
	igt_require_f(count <= ARRAY_SIZE(bos), "%" PRIu64 " bytes of video memory\n", vram);
	for (unsigned int i = 0; i < count; i++) {
		igt_nova_bo_create(fd, &bos[i], SIZE_MIB * MIB, VRAM | SYSTEM);
		for (size_t at = 0; at < bos[i].size / 4; at += 1024)
			bos[i].map[at] = SECRET + i;
	}
	for (unsigned int i = 0; i < count; i++)
		for (size_t at = 0; at < bos[i].size / 4; at += 1024)
			igt_assert_eq_u32(bos[i].map[at], SECRET + i);
	for (unsigned int i = 0; i < count; i++)
		igt_nova_bo_destroy(fd, &bos[i]);
}

/* What a debugger does: the kernel reads and writes the mapping for somebody else. */
static void check_debugger(int fd, int memory, uint32_t placement)
{
	uint32_t values[64], *at;
	struct igt_nova_bo bo;

	igt_nova_bo_create(fd, &bo, 2 * 4096, placement);
	igt_nova_bo_fill(&bo, 0x12340000);
	/* Across the border of two pages, and not on one of words. */
	at = bo.map + (4096 - 128) / 4;
	igt_assert_eq(pread(memory, values, sizeof(values), (uintptr_t)at), sizeof(values));
	igt_assert(memcmp(values, at, sizeof(values)) == 0);
	memset(values, 0x5a, sizeof(values));
	igt_assert_eq(pwrite(memory, values, 131, (uintptr_t)at + 3), 131);
	igt_assert_eq(((uint8_t *)at)[2], 0x34);
	igt_assert(memcmp((uint8_t *)at + 3, values, 131) == 0);
	igt_assert_eq(((uint8_t *)at)[134], 0x34);
	igt_nova_bo_destroy(fd, &bo);
}

static void test_debugger(int fd)
{
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	igt_assert_f(memory >= 0, "/proc/self/mem: %m\n");
	check_debugger(fd, memory, VRAM);
	check_debugger(fd, memory, SYSTEM);
	close(memory);
}

static const struct igt_nova_test tests[] = {
	{ "sizes", "Sizes are rounded up to pages.", test_sizes },
	{ "placement", "Buffers live where the mask allows, once they are used.",
	  test_placement },
	{ "caching", "CPU caching modes work, and only where they make sense.", test_caching },
	{ "old-structs", "Upstream's 16-byte structures keep working.", test_old_structs },
	{ "ignored-pads", "The pads that were always ignored still are.", test_ignored_pads },
	{ "no-mmap", "A NO_MMAP buffer gives no mapping offset.", test_no_mmap },
	{ "mmap-vram", "Video memory reads back what was written.", test_mmap_vram },
	{ "mmap-system", "System memory reads back what was written.", test_mmap_system },
	{ "mmap-bounds", "Mappings stay inside the buffer and outlive the handle.",
	  test_mmap_bounds },
	{ "mmap-other-file", "A file cannot map another file's buffer by its offset.",
	  test_mmap_other_file },
	{ "debugger", "A mapping is read and written by ptrace's means.", test_debugger },
	{ "content-zero", "No client sees what another left in memory.", test_content_zero },
	{ "content-zero-gpu", "The GPU sees new memory as zero.", test_content_zero_gpu },
	{ "prime-self", "Export and import on the same device keep identity and content.",
	  test_prime_self },
	{ "prime-foreign", "A foreign buffer can be imported and is marked.",
	  test_prime_foreign },
	{ "vm-private", "VM-private buffers stay in their VM.", test_vm_private },
	{ "handles-per-file", "Handles belong to the file that made them.",
	  test_handles_per_file },
	{ "overcommit", "More buffers than video memory keep their content.", test_overcommit },
};

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = igt_nova_open();
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
	igt_fixture()
		close(fd);
}
