/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userptr.h"
#include "igt_nova_userq.h"

#include "regs/nv_error.h"

IGT_TEST_DESCRIPTION("Memory of processes, bound where the GPU can reach it.");

#define PAGE	IGT_NOVA_PAGE
#define LARGE	IGT_NOVA_USERPTR_LARGE
#define USERPTR	DRM_NOVA_VM_BIND_USERPTR
#define READONLY DRM_NOVA_VM_BIND_READONLY
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define NEW	0x0e30e300u

/* --- what can be bound --- */

static void test_copy(int fd)
{
	struct drm_nova_query_device device;
	struct igt_nova_userptr bench;
	uint32_t *at;
	uint64_t va, va_part;

	igt_nova_userptr_open(&bench);
	fd = bench.client.fd;
	igt_nova_query(fd, DRM_NOVA_QUERY_DEVICE, &device, sizeof(device));
	igt_assert(device.features & DRM_NOVA_FEATURE_USERPTR);

	at = igt_nova_map_memory(17 * PAGE, RW, ANON, -1);
	va = igt_nova_userptr_bind(&bench, at, 17 * PAGE, 0);
	igt_nova_userptr_expect_shared(&bench, at, va, 17 * PAGE, 0x600d0001);
	/* Bound twice, and once more a part. */
	va_part = igt_nova_userptr_bind(&bench, at + 3 * PAGE / 4, 2 * PAGE, 0);
	igt_nova_userptr_expect_shared(&bench, at + 3 * PAGE / 4, va_part, 2 * PAGE, 0x600d0002);
	igt_nova_userptr_unbind(&bench, va, 17 * PAGE);
	munmap(at, 17 * PAGE);
	igt_nova_userptr_close(&bench);
}

static void test_shared(int fd)
{
	uint32_t *at, *again;
	struct igt_nova_userptr bench;
	uint64_t va;
	int file;

	(void)fd;
	igt_nova_userptr_open(&bench);
	file = igt_nova_memory_file(8 * PAGE);
	at = igt_nova_map_memory(8 * PAGE, RW, MAP_SHARED, file);
	again = igt_nova_map_memory(8 * PAGE, RW, MAP_SHARED, file);
	va = igt_nova_userptr_bind(&bench, at, 8 * PAGE, 0);
	igt_nova_userptr_expect_shared(&bench, again, va, 8 * PAGE, 0x600d0003);
	/* Truncated: there is no such memory; longer again: it is other memory. */
	igt_assert_eq(ftruncate(file, PAGE), 0);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	igt_assert_eq(ftruncate(file, 8 * PAGE), 0);
	igt_nova_userptr_expect_reads(&bench, va + PAGE, 7 * PAGE, 0);
	igt_nova_userptr_expect_shared(&bench, again, va, 8 * PAGE, 0x600d0004);
	close(file);
	igt_nova_userptr_close(&bench);
}

/* A file that was opened for reading is fine for reading, and its private copy for all. */
static void test_readonly(int fd)
{
	struct drm_nova_queue_get_state state = { 0 };
	struct igt_nova_userptr bench;
	uint32_t *at;
	uint64_t va;
	int file;

	(void)fd;
	igt_nova_userptr_open(&bench);
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	igt_assert(file >= 0);
	at = igt_nova_map_memory(PAGE, PROT_READ, MAP_SHARED, file);
	va = igt_nova_client_va(&bench.client, PAGE);
	igt_assert_eq(igt_nova_userptr_try_bind(&bench, at, va, PAGE, 0), -EFAULT);
	igt_assert_eq(igt_nova_userptr_try_bind(&bench, at, va, PAGE, READONLY), 0);
	igt_nova_userptr_copy(&bench, bench.bo.va, va, PAGE);
	igt_assert_eq(memcmp(bench.bo.map, at, PAGE), 0);
	igt_nova_userptr_unbind(&bench, va, PAGE);

	/* Memory that was never touched: the zero page. The GPU must not write to that. */
	at = igt_nova_map_memory(PAGE, RW, ANON, -1);
	igt_assert_eq(igt_nova_userptr_try_bind(&bench, at, va, PAGE, READONLY), 0);
	igt_nova_userptr_expect_reads(&bench, va, PAGE, 0);
	igt_nova_expect_errors_logged();
	igt_nova_bo_fill(&bench.bo, 0xbad);
	igt_assert_eq(igt_nova_userptr_try_copy(&bench, va, bench.bo.va, PAGE), -ECANCELED);
	igt_nova_queue_state(bench.client.fd, bench.queue, &state);
	igt_assert_eq_u32(state.error, NV_ERROR_MMU_FAULT);
	igt_nova_expect_memory(at, PAGE, 0);
	bench.queue = igt_nova_client_queue(&bench.client, 0);
	igt_nova_fill_memory(at, PAGE, NEW);
	igt_nova_userptr_expect_reads(&bench, va, PAGE, NEW);
	close(file);
	igt_nova_userptr_close(&bench);
}

static void test_refused(int fd)
{
	struct drm_nova_query_limits limits;
	struct drm_nova_vm_bind_op op, bad, two[2];
	struct drm_nova_vm_create vm;
	uint32_t *at, *map;
	struct igt_nova_userptr bench;
	uint32_t vm_id;

	igt_nova_userptr_open(&bench);
	fd = bench.client.fd;
	igt_nova_limits(fd, &limits);
	vm_id = igt_nova_vm_create(fd, &vm);
	at = igt_nova_map_memory(4 * PAGE, RW, ANON, -1);
	op = igt_nova_op_userptr(at, vm.va_start, 2 * PAGE, 0);
#define REFUSE(field, wrong, error) \
	do { \
		bad = op; \
		bad.field = wrong; \
		igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, &bad, 1), -(error)); \
	} while (0)
	REFUSE(op, DRM_NOVA_VM_BIND_OP_UNMAP, EINVAL);
	REFUSE(op, DRM_NOVA_VM_BIND_OP_UNMAP_ALL, EINVAL);
	REFUSE(flags, USERPTR | DRM_NOVA_VM_BIND_SPARSE, EINVAL);
	REFUSE(flags, USERPTR | READONLY | DRM_NOVA_VM_BIND_SPARSE, EINVAL);
	REFUSE(flags, USERPTR | 1u << 3, EINVAL);
	REFUSE(handle, bench.bo.handle, EINVAL);
	REFUSE(pad, 1, EINVAL);
	REFUSE(bo_offset, (uintptr_t)at + 8, EINVAL);
	REFUSE(bo_offset, 0ull - PAGE, EINVAL);
	REFUSE(bo_offset, 0, EFAULT);
	REFUSE(bo_offset, 1ull << 63, EFAULT);
	REFUSE(bo_offset, 1ull << 47, EFAULT);
	REFUSE(va, vm.va_start - PAGE, EINVAL);
	REFUSE(va, vm.va_start + vm.va_size, EINVAL);
	REFUSE(va, vm.va_start + 1, EINVAL);
	REFUSE(size, 0, EINVAL);
	REFUSE(size, PAGE + 1, EINVAL);
	REFUSE(size, vm.va_size + PAGE, EINVAL);
	REFUSE(size, 0ull - PAGE, EINVAL);
	REFUSE(size, (limits.gem_size_max & ~(PAGE - 1)) + PAGE, E2BIG);
#undef REFUSE
	/* A hole in the memory; the mapping of a buffer; memory that cannot even be read. */
	munmap(at + PAGE / 4, PAGE);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, &op, 1), -EFAULT);
	map = igt_nova_gem_mmap(fd, bench.gate.handle, PAGE);
	igt_assert_eq(igt_nova_userptr_try_bind(&bench, map, vm.va_start, PAGE, READONLY), -EFAULT);
	munmap(map, PAGE);
	igt_assert_eq(mprotect(at, PAGE, PROT_NONE), 0);
	igt_assert_eq(igt_nova_userptr_try_bind(&bench, at, vm.va_start, PAGE, READONLY), -EFAULT);
	igt_assert_eq(mprotect(at, PAGE, RW), 0);
	/* All or none. */
	two[0] = igt_nova_op_userptr(at, vm.va_start, PAGE, 0);
	two[1] = igt_nova_op_userptr(at + PAGE / 4, vm.va_start + PAGE, PAGE, 0);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, two, 2), -EFAULT);
	two[1].va = 0;
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, two, 2), -EINVAL);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm_id, two, 1), 0);
	igt_nova_vm_destroy(fd, vm_id, 0);
	munmap(at, 4 * PAGE);
	igt_nova_userptr_close(&bench);
}

/* Pages that somebody in user space could have to give: nobody is waited for. */
static void test_userfault(int fd)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	struct igt_nova_userptr bench;
	uint32_t *at;
	uint64_t va;
	int uffd;

	(void)fd;
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	igt_require_f(uffd >= 0, "userfaultfd: %s\n", strerror(errno));
	igt_nova_userptr_open(&bench);
	igt_assert_eq(ioctl(uffd, UFFDIO_API, &api), 0);
	at = igt_nova_map_memory(PAGE, RW, ANON, -1);
	range.range.start = (uintptr_t)at;
	range.range.len = PAGE;
	igt_assert_eq(ioctl(uffd, UFFDIO_REGISTER, &range), 0);
	va = igt_nova_client_va(&bench.client, PAGE);
	igt_assert_eq(igt_nova_userptr_try_bind(&bench, at, va, PAGE, READONLY), -EFAULT);
	/* Nobody could have to, any more. */
	close(uffd);
	va = igt_nova_userptr_bind(&bench, at, PAGE, 0);
	igt_nova_userptr_expect_shared(&bench, at, va, PAGE, 0x600d000f);
	igt_nova_userptr_close(&bench);
}

/* No EXEC looks memory up for a user-mode queue. */
static void test_user_mode_queues(int fd)
{
	struct drm_nova_queue_create create = {
		.priority = DRM_NOVA_PRIORITY_NORMAL, .flags = DRM_NOVA_QUEUE_USERMODE,
	};
	struct drm_nova_vm_bind_op op;
	struct igt_nova_userptr bench;
	uint32_t *at, out;
	struct drm_nova_sync syncs[2];
	uint64_t va;

	igt_nova_userptr_open(&bench);
	fd = bench.client.fd;
	create.vm_id = bench.client.vm;
	at = igt_nova_map_memory(PAGE, RW, ANON, -1);
	va = igt_nova_userptr_bind(&bench, at, PAGE, 0);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, EPERM);
	igt_assert_eq(igt_nova_wait_fence(fd, bench.client.vm, 0, va, 0), -EPERM);
	/* Nor while its end is still on the way. */
	igt_nova_gate_close(&bench);
	op = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = va, .size = PAGE,
	};
	out = igt_nova_syncobj_create(fd);
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = igt_nova_signal(out, 0);
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, EPERM);
	igt_nova_gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
	igt_assert_eq(igt_nova_userptr_try_bind(&bench, at, va, PAGE, 0), -EPERM);
	igt_nova_queue_destroy(fd, create.queue_id, 0);
	igt_assert_eq(igt_nova_userptr_try_bind(&bench, at, va, PAGE, 0), 0);
	igt_nova_userptr_expect_shared(&bench, at, va, PAGE, 0x600d0005);
	igt_nova_userptr_close(&bench);
}

/* --- one mapping, cut into many --- */

static void test_cut(int fd)
{
	struct drm_nova_vm_bind_op ops[3];
	struct igt_nova_userptr bench;
	uint32_t *at;
	uint64_t va;

	igt_nova_userptr_open(&bench);
	fd = bench.client.fd;
	/* A page to each side of a large one, so that it is split wherever it begins. */
	at = igt_nova_map_memory(2 * LARGE, RW, ANON, -1);
	va = igt_nova_userptr_bind(&bench, at, 2 * LARGE, 0);
	for (uint64_t page = 0; page < 2 * LARGE / PAGE; page++)
		at[page * PAGE / 4] = page;
	igt_nova_userptr_unbind(&bench, va + 3 * PAGE, PAGE);
	ops[0] = igt_nova_op_userptr(at, va + 700 * PAGE, 2 * PAGE, READONLY);
	ops[1] = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = bench.gate.handle, .va = va + 9 * PAGE,
		.size = PAGE,
	};
	ops[2] = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_SPARSE,
		.va = va + 1000 * PAGE, .size = 100 * PAGE,
	};
	igt_assert_eq(igt_nova_vm_bind_ops(fd, bench.client.vm, ops, 3), 0);
	/* What is left follows the process. */
	for (unsigned int round = 0; round < 2; round++) {
		igt_nova_userptr_copy(&bench, bench.bo.va, va + 4 * PAGE, 5 * PAGE);
		for (unsigned int i = 0; i < 5; i++)
			igt_assert_eq_u32(bench.bo.map[i * PAGE / 4], 4 + i);
		igt_nova_userptr_copy(&bench, bench.bo.va, va + 699 * PAGE, 4 * PAGE);
		igt_assert_eq_u32(bench.bo.map[0], 699);
		igt_assert_eq_u32(bench.bo.map[PAGE / 4], 0);
		igt_assert_eq_u32(bench.bo.map[2 * PAGE / 4], 1);
		igt_assert_eq_u32(bench.bo.map[3 * PAGE / 4], 702);
		igt_nova_userptr_copy(&bench, bench.bo.va, va + 999 * PAGE, 2 * PAGE);
		igt_assert_eq_u32(bench.bo.map[0], 999);
		igt_assert_eq_u32(bench.bo.map[PAGE / 4], 0);
		/* Other pages, with the same content. */
		igt_assert_eq(madvise(at, 2 * LARGE, MADV_DONTNEED), 0);
		for (uint64_t page = 0; page < 2 * LARGE / PAGE; page++)
			at[page * PAGE / 4] = page;
	}
	/* What was cut out of it is not needed any more, and what is left is. */
	igt_assert_eq(munmap(at + 3 * PAGE / 4, PAGE), 0);
	igt_nova_userptr_copy(&bench, bench.bo.va, va + 4 * PAGE, PAGE);
	igt_assert_eq_u32(bench.bo.map[0], 4);
	igt_assert_eq(munmap(at + 4 * PAGE / 4, PAGE), 0);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	igt_nova_userptr_unbind(&bench, va, 10 * PAGE);
	igt_nova_userptr_copy(&bench, bench.bo.va, va + 10 * PAGE, PAGE);
	igt_assert_eq_u32(bench.bo.map[0], 10);
	/* Of the second range, of two pages at 700, one is left. */
	igt_nova_userptr_unbind(&bench, va + 10 * PAGE, 691 * PAGE);
	igt_assert_eq(munmap(at, PAGE), 0);
	igt_nova_userptr_copy(&bench, bench.bo.va, va + 701 * PAGE, PAGE);
	igt_assert_eq_u32(bench.bo.map[0], 1);
	igt_nova_userptr_unbind(&bench, va, 2 * LARGE);
	igt_nova_userptr_close(&bench);
}

static const struct igt_nova_test tests[] = {
	{ "copy", "Anonymous memory is copied from and to.", test_copy },
	{ "shared", "So is shared memory, which a file's end takes away.", test_shared },
	{ "readonly", "What the process may only read the GPU may only read.", test_readonly },
	{ "refused", "Wrong arguments are refused, and what is no memory.", test_refused },
	{ "userfault", "A page that user space would have to give is not waited for.",
	  test_userfault },
	{ "user-mode-queues", "Not in VMs with user-mode queues, nor the reverse.",
	  test_user_mode_queues },
	{ "cut", "A mapping is cut in many ways, and what is left follows the process.", test_cut },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
