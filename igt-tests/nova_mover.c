// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>
#include <xf86drm.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_limit.h"
#include "igt_nova_sysfs.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("Video memory is cleared and moved by a copy engine, and by CPU without one.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
/* More than one job moves, and no multiple of any page of the GPU but the smallest. */
#define SIZE	(18 * MIB + 3 * PAGE)

static uint64_t ce_bytes(void)
{
	struct igt_nova_emu_stats stats;

	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	return stats.ce_bytes;
}

static uint32_t word(uint64_t index)
{
	return (uint32_t)(index * 2654435761u) ^ 0x5eed;
}

static void write_words(struct igt_nova_bo *bo)
{
	for (uint64_t i = 0; i < bo->size / 4; i++)
		bo->map[i] = word(i);
}

static void check_words(const struct igt_nova_bo *bo)
{
	for (uint64_t i = 0; i < bo->size / 4; i++)
		if (bo->map[i] != word(i))
			igt_assert_f(false, "dword %#" PRIx64 ": %#x\n", i, bo->map[i]);
}

static uint64_t vram_total(int fd)
{
	struct drm_nova_query_memory memory;

	igt_nova_query(fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	for (uint32_t i = 0; i < memory.count; i++)
		if (memory.regions[i].placement == VRAM)
			return memory.regions[i].total;
	return 0;
}

static void check_resident(int fd, const struct igt_nova_bo *bo, uint32_t resident)
{
	struct drm_nova_gem_info info;

	igt_nova_gem_info(fd, bo->handle, &info, 0);
	igt_assert_eq_u32(info.resident, resident);
}

static void test_clear(int fd)
{
	uint64_t before = ce_bytes();
	struct igt_nova_bo bo;

	fd = igt_nova_dev_open(igt_nova_unplug_dev());

	igt_nova_bo_create(fd, &bo, SIZE, VRAM);
	igt_assert_eq_u32(bo.map[0], 0);
	igt_assert_lte_u64(before + SIZE, ce_bytes());
	igt_assert_eq_u64(igt_nova_bo_check(&bo, 0), SIZE / 4);
	igt_nova_bo_destroy(fd, &bo);
	close(fd);
}

/* A buffer of all video memory pushes the other one out, and is pushed out by it. */
static void test_move(int fd)
{
	struct igt_nova_bo bo, all;
	struct drm_nova_vm_create out;
	uint64_t before;
	uint32_t vm;

	fd = igt_nova_dev_open(igt_nova_unplug_dev());
	igt_nova_bo_create(fd, &bo, SIZE, VRAM);
	write_words(&bo);
	igt_nova_bo_create(fd, &all, vram_total(fd), VRAM);
	before = ce_bytes();
	igt_assert_eq_u32(all.map[0], 0);
	check_resident(fd, &bo, SYSTEM);
	igt_assert_lte_u64(before + SIZE + all.size, ce_bytes());

	/* A CPU finds it where it is; the GPU wants it back. */
	check_words(&bo);
	check_resident(fd, &bo, SYSTEM);
	before = ce_bytes();
	vm = igt_nova_vm_create(fd, &out);
	igt_nova_vm_map(fd, vm, bo.handle, 0, SIZE, SIZE, 0, 0);
	check_resident(fd, &bo, VRAM);
	igt_assert_lte_u64(before + SIZE, ce_bytes());
	check_words(&bo);
	igt_nova_bo_destroy(fd, &all);
	igt_nova_bo_destroy(fd, &bo);
	close(fd);
}

static void replug(void)
{
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_unplug_undo();
}

/* Clears, fills and reads back a buffer. Returns how many bytes a copy engine was told to write. */
static uint64_t use_buffer(void)
{
	int fd = igt_nova_dev_open(igt_nova_unplug_dev());
	uint64_t before = ce_bytes();
	struct igt_nova_bo bo;

	igt_nova_bo_create(fd, &bo, SIZE, VRAM);
	igt_assert_eq_u64(igt_nova_bo_check(&bo, 0), SIZE / 4);
	write_words(&bo);
	check_words(&bo);
	igt_nova_bo_destroy(fd, &bo);
	close(fd);
	return ce_bytes() - before;
}

/* The engine hangs in the move: its queue is given up, and the CPU does it all. */
static void test_hang(int fd)
{
	uint32_t engines;

	fd = igt_nova_dev_open(igt_nova_unplug_dev());
	engines = igt_nova_engine_count(fd);
	close(fd);
	igt_nova_expect_errors_logged();
	/* The queue has what was in force when the device was bound. */
	igt_nova_limit_set(IGT_NOVA_LIMIT_SHORT);
	replug();
	igt_nova_unplug_misbehave("hang %u", engines - 1);
	igt_assert_lt_u64(use_buffer(), SIZE);
	igt_nova_unplug_misbehave("heal");
	/* Not taken up again before the device is bound anew. */
	igt_assert_eq_u64(use_buffer(), 0);
	igt_nova_limit_begin();
	replug();
	igt_assert_lte_u64(SIZE, use_buffer());
}

/* --- unplugged in the middle --- */

/**
 * struct clearing - a client whose buffers are cleared again and again
 * @thread: runs it
 * @fd: the client
 * @error: that ended it
 * @rounds: buffers so far
 */
struct clearing {
	pthread_t thread;
	int fd;
	int error;
	atomic_uint rounds;
};

static void *clearing_run(void *data)
{
	struct clearing *clearing = data;
	struct drm_nova_vm_create vm = { 0 };

	clearing->error = igt_nova_ioctl(clearing->fd, DRM_IOCTL_NOVA_VM_CREATE, &vm);
	while (!clearing->error) {
		struct drm_nova_gem_create create = { .size = SIZE, .placement = VRAM };
		struct drm_nova_vm_bind_op op = { .op = DRM_NOVA_VM_BIND_OP_MAP, .va = SIZE };

		op.size = SIZE;
		clearing->error = igt_nova_ioctl(clearing->fd, DRM_IOCTL_NOVA_GEM_CREATE, &create);
		if (clearing->error)
			break;
		op.handle = create.handle;
		clearing->error = igt_nova_vm_bind_ops(clearing->fd, vm.vm_id, &op, 1);
		if (!clearing->error)
			clearing->error = drmCloseBufferHandle(clearing->fd, create.handle) ? -errno : 0;
		atomic_fetch_add(&clearing->rounds, 1);
	}
	return NULL;
}

static void test_unplug(int fd)
{
	static struct clearing clearing[4];

	(void)fd;
	for (unsigned int i = 0; i < ARRAY_SIZE(clearing); i++) {
		clearing[i] = (struct clearing) { .fd = igt_nova_dev_open(igt_nova_unplug_dev()) };
		igt_nova_thread_start(&clearing[i].thread, clearing_run, &clearing[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(clearing); i++)
		while (!atomic_load(&clearing[i].rounds))
			sched_yield();
	igt_nova_unplug(igt_nova_path("unbind"));
	for (unsigned int i = 0; i < ARRAY_SIZE(clearing); i++) {
		igt_assert_eq(pthread_join(clearing[i].thread, NULL), 0);
		igt_assert_eq(clearing[i].error, -ENODEV);
		close(clearing[i].fd);
	}
	igt_nova_unplug_check_quiet();
	igt_nova_unplug_undo();
}

static const struct igt_nova_test tests[] = {
	{ "clear", "A new buffer is cleared by the engine.", test_clear },
	{ "move", "A buffer leaves and comes back by the engine, with its content.", test_move },
	{ "hang", "When the engine hangs the CPU takes over.", test_hang },
	{ "unplug", "The device goes while buffers are cleared.", test_unplug },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_require_emu();
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
