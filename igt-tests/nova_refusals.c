/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

IGT_TEST_DESCRIPTION("What each ioctl refuses: one table per ioctl, one wrong field per row.");

#define PAGE	IGT_NOVA_PAGE
/* In the upper half of the address space, where no user mapping can be. */
#define KERNEL_POINTER	0xffff800000000000ull

static const struct igt_nova_refusal dev_query_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_dev_query, type, 0, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_dev_query, type, DRM_NOVA_QUERY_PRIORITIES + 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_dev_query, type, ~0u, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_dev_query, pointer, IGT_NOVA_BAD_POINTER, EFAULT),
	IGT_NOVA_REFUSE(struct drm_nova_dev_query, pointer, 0xffff800000000000ull, EFAULT),
};

static void test_dev_query(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_DEV_QUERY, "DEV_QUERY", sizeof(struct drm_nova_dev_query), NULL,
		dev_query_rows, ARRAY_SIZE(dev_query_rows),
	};
	struct drm_nova_query_device device;
	struct drm_nova_dev_query valid = {
		.type = DRM_NOVA_QUERY_DEVICE, .size = sizeof(device),
		.pointer = (uintptr_t)&device,
	};

	igt_nova_refuse(fd, &refusals, &valid);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_DEV_QUERY, &valid, 0);
}

static const struct igt_nova_refusal getparam_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_getparam, param, 0, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_getparam, param, 2, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_getparam, param, 0xffffffff, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_getparam, param, 1ull << 32, EINVAL),
};

static void test_getparam(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_GETPARAM, "GETPARAM", sizeof(struct drm_nova_getparam), NULL,
		getparam_rows, ARRAY_SIZE(getparam_rows),
	};
	struct drm_nova_getparam valid = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };

	igt_nova_refuse(fd, &refusals, &valid);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GETPARAM, &valid, 0);
}

static const struct igt_nova_refusal get_time_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_get_time, flags, 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_get_time, flags, 1u << 31, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_get_time, clock_id, CLOCK_PROCESS_CPUTIME_ID, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_get_time, clock_id, CLOCK_TAI, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_get_time, clock_id, ~0u, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_get_time, reserved, 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_get_time, reserved, 1ull << 63, EINVAL),
};

static void test_get_time(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_GET_TIME, "GET_TIME", sizeof(struct drm_nova_get_time), NULL,
		get_time_rows, ARRAY_SIZE(get_time_rows),
	};
	struct drm_nova_get_time valid = { .clock_id = CLOCK_MONOTONIC };

	igt_nova_refuse(fd, &refusals, &valid);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GET_TIME, &valid, 0);
}

static const struct igt_nova_refusal gem_create_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, size, 0, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, size, ~0ull, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, size, ~0ull - 4094, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, size, 1ull << 63, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, flags, 1u << 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, flags, DRM_NOVA_GEM_INFO_IMPORTED, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, placement, 1u << 2, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, placement, DRM_NOVA_PLACEMENT_VRAM | 1u << 31, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, vm_id, IGT_NOVA_BAD_ID, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, cpu_caching, 3, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_create, cpu_caching, ~0u, EINVAL),
};

static void test_gem_create(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_GEM_CREATE, "GEM_CREATE", sizeof(struct drm_nova_gem_create), NULL,
		gem_create_rows, ARRAY_SIZE(gem_create_rows),
	};
	struct drm_nova_gem_create valid = { .size = 4096 };
	struct drm_nova_query_limits limits;

	igt_nova_refuse(fd, &refusals, &valid);
	igt_nova_limits(fd, &limits);
	igt_nova_gem_create(fd, limits.gem_size_max + 1, 0, 0, 0, EINVAL);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_CREATE, &valid, 0);
	igt_nova_gem_close(fd, valid.handle);
}

static const struct igt_nova_refusal gem_info_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_gem_info, handle, 0, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_info, handle, IGT_NOVA_BAD_ID, ENOENT),
};

static void test_gem_info(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_GEM_INFO, "GEM_INFO", sizeof(struct drm_nova_gem_info), NULL,
		gem_info_rows, ARRAY_SIZE(gem_info_rows),
	};
	struct drm_nova_gem_info valid = { 0 };

	valid.handle = igt_nova_gem_create(fd, 4096, 0, 0, 0, 0);
	igt_nova_refuse(fd, &refusals, &valid);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_INFO, &valid, 0);
	igt_nova_gem_close(fd, valid.handle);
}

static const struct igt_nova_refusal label_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, handle, 0, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, handle, IGT_NOVA_BAD_ID, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, op, 0, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, op, DRM_NOVA_GEM_META_MADVISE + 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, op, ~0u, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, value, DRM_NOVA_GEM_LABEL_MAX + 1, E2BIG),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, value, ~0ull, E2BIG),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, pointer, 0, EFAULT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, pointer, IGT_NOVA_BAD_POINTER, EFAULT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, pointer, KERNEL_POINTER, EFAULT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, pad, 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, pad, 1u << 31, EINVAL),
};

static const struct igt_nova_refusal madvise_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, handle, IGT_NOVA_BAD_ID, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, value, DRM_NOVA_MADVISE_DONTNEED + 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, value, ~0ull, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, pointer, 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_set_meta, pad, 1, EINVAL),
};

static void test_gem_set_meta(int fd)
{
	static const struct igt_nova_refusals label_refusals = {
		DRM_IOCTL_NOVA_GEM_SET_META, "GEM_SET_META (label)",
		sizeof(struct drm_nova_gem_set_meta), NULL, label_rows, ARRAY_SIZE(label_rows),
	};
	static const struct igt_nova_refusals madvise_refusals = {
		DRM_IOCTL_NOVA_GEM_SET_META, "GEM_SET_META (advice)",
		sizeof(struct drm_nova_gem_set_meta), NULL, madvise_rows, ARRAY_SIZE(madvise_rows),
	};
	struct drm_nova_gem_set_meta label = {
		.op = DRM_NOVA_GEM_META_LABEL, .value = 4, .pointer = (uintptr_t)"name",
	};
	struct drm_nova_gem_set_meta madvise = {
		.op = DRM_NOVA_GEM_META_MADVISE, .value = DRM_NOVA_MADVISE_DONTNEED,
	};

	label.handle = madvise.handle = igt_nova_gem_create(fd, 4096, 0, 0, 0, 0);
	igt_nova_refuse(fd, &label_refusals, &label);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_SET_META, &label, 0);
	igt_nova_refuse(fd, &madvise_refusals, &madvise);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_SET_META, &madvise, 0);
	igt_nova_gem_close(fd, label.handle);
}

static const struct igt_nova_refusal mmap_offset_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_gem_mmap_offset, handle, 0, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_mmap_offset, handle, IGT_NOVA_BAD_ID, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_gem_mmap_offset, flags, 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_gem_mmap_offset, flags, 1u << 31, EINVAL),
};

static void test_gem_mmap_offset(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, "GEM_MMAP_OFFSET",
		sizeof(struct drm_nova_gem_mmap_offset), NULL,
		mmap_offset_rows, ARRAY_SIZE(mmap_offset_rows),
	};
	struct drm_nova_gem_mmap_offset valid = { 0 };

	valid.handle = igt_nova_gem_create(fd, 4096, 0, 0, 0, 0);
	igt_nova_refuse(fd, &refusals, &valid);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &valid, 0);
	igt_nova_gem_close(fd, valid.handle);
}

static const struct igt_nova_refusal vm_create_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_vm_create, flags, 2, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_vm_create, flags, 1u << 31, EINVAL),
};

static void test_vm_create(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_VM_CREATE, "VM_CREATE", sizeof(struct drm_nova_vm_create), NULL,
		vm_create_rows, ARRAY_SIZE(vm_create_rows),
	};
	struct drm_nova_vm_create valid = { 0 };

	igt_nova_refuse(fd, &refusals, &valid);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_CREATE, &valid, 0);
	igt_nova_vm_destroy(fd, valid.vm_id, 0);
}

static const struct igt_nova_refusal vm_destroy_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_vm_destroy, vm_id, 0, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_vm_destroy, vm_id, IGT_NOVA_BAD_ID, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_vm_destroy, pad, 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_vm_destroy, pad, 1u << 31, EINVAL),
};

static void test_vm_destroy(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_VM_DESTROY, "VM_DESTROY", sizeof(struct drm_nova_vm_destroy), NULL,
		vm_destroy_rows, ARRAY_SIZE(vm_destroy_rows),
	};
	struct drm_nova_vm_destroy valid = { 0 };

	valid.vm_id = igt_nova_vm_create(fd, NULL);
	igt_nova_refuse(fd, &refusals, &valid);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_DESTROY, &valid, 0);
}

/* What follows an array's element must be zero when the stride says it belongs to it. */
struct bind_nest {
	struct drm_nova_vm_bind bind;
	struct drm_nova_vm_bind_op op;
	uint64_t beyond_op;
	struct drm_nova_sync sync;
};

static void link_bind(void *nest)
{
	struct bind_nest *bind = nest;

	bind->bind.ops.ptr = (uintptr_t)&bind->op;
	bind->bind.syncs.ptr = (uintptr_t)&bind->sync;
}

#define BIND(field, value, error) IGT_NOVA_REFUSE(struct bind_nest, field, value, error)

static const struct igt_nova_refusal vm_bind_rows[] = {
	BIND(bind.vm_id, 0, ENOENT),
	BIND(bind.vm_id, IGT_NOVA_BAD_ID, ENOENT),
	BIND(bind.flags, 1u << 1, EINVAL),
	BIND(bind.flags, 1u << 31, EINVAL),
	BIND(bind.ops.stride, 0, EINVAL),
	BIND(bind.ops.stride, 4, EINVAL),
	BIND(bind.ops.stride, sizeof(struct drm_nova_vm_bind_op) + 4, EINVAL),
	BIND(bind.ops.stride, sizeof(struct drm_nova_vm_bind_op) + 8, E2BIG),
	BIND(bind.ops.count, ~0u, E2BIG),
	BIND(bind.ops.ptr, IGT_NOVA_BAD_POINTER, EFAULT),
	BIND(bind.ops.ptr, KERNEL_POINTER, EFAULT),
	BIND(bind.syncs.count, 1, EINVAL),
	BIND(op.op, 3, EINVAL),
	BIND(op.op, ~0u, EINVAL),
	BIND(op.flags, 1u << 1, EINVAL),
	BIND(op.flags, 1u << 2, EINVAL),
	BIND(op.flags, 1u << 3, EINVAL),
	BIND(op.flags, 1u << 31, EINVAL),
	BIND(op.handle, IGT_NOVA_BAD_ID, ENOENT),
	BIND(op.pad, 1, EINVAL),
	BIND(op.bo_offset, 1, EINVAL),
	BIND(op.bo_offset, 3 * PAGE, EINVAL),
	BIND(op.bo_offset, 4 * PAGE, EINVAL),
	BIND(op.bo_offset, 0ull - PAGE, EINVAL),
	BIND(op.bo_offset, 1ull << 63, EINVAL),
	BIND(op.va, PAGE / 2, EINVAL),
	BIND(op.va, 1ull << 63, EINVAL),
	BIND(op.va, 0ull - PAGE, EINVAL),
	BIND(op.size, 0, EINVAL),
	BIND(op.size, 1, EINVAL),
	BIND(op.size, PAGE + 8, EINVAL),
	BIND(op.size, 5 * PAGE, EINVAL),
	BIND(op.size, 1ull << 63, EINVAL),
	BIND(op.size, 0ull - PAGE, EINVAL),
};

static const struct igt_nova_refusal vm_bind_userptr_rows[] = {
	BIND(op.op, 3, EINVAL),
	BIND(op.flags, DRM_NOVA_VM_BIND_USERPTR | DRM_NOVA_VM_BIND_SPARSE, EINVAL),
	BIND(op.flags, DRM_NOVA_VM_BIND_USERPTR | 1u << 3, EINVAL),
	BIND(op.handle, 1, EINVAL),
	BIND(op.handle, IGT_NOVA_BAD_ID, EINVAL),
	BIND(op.pad, 1, EINVAL),
	BIND(op.bo_offset, 1, EINVAL),
	BIND(op.bo_offset, 0, EFAULT),
	BIND(op.bo_offset, KERNEL_POINTER & ~(PAGE - 1), EFAULT),
	BIND(op.bo_offset, 0ull - PAGE, EINVAL),
	BIND(op.va, PAGE / 2, EINVAL),
	BIND(op.va, 0ull - PAGE, EINVAL),
	BIND(op.size, 0, EINVAL),
	BIND(op.size, PAGE + 8, EINVAL),
	BIND(op.size, 3 * PAGE, EFAULT),
	BIND(op.size, 0ull - PAGE, EINVAL),
};

static const struct igt_nova_refusal vm_unbind_rows[] = {
	BIND(op.flags, DRM_NOVA_VM_BIND_READONLY, EINVAL),
	BIND(op.flags, DRM_NOVA_VM_BIND_USERPTR, EINVAL),
	BIND(op.handle, 1, EINVAL),
	BIND(op.pad, 1, EINVAL),
	BIND(op.bo_offset, PAGE, EINVAL),
	BIND(op.va, PAGE / 2, EINVAL),
	BIND(op.va, 0ull - PAGE, EINVAL),
	BIND(op.size, 0, EINVAL),
	BIND(op.size, PAGE + 8, EINVAL),
	BIND(op.size, 0ull - PAGE, EINVAL),
};

static const struct igt_nova_refusal vm_unbind_all_rows[] = {
	BIND(op.flags, DRM_NOVA_VM_BIND_READONLY, EINVAL),
	BIND(op.handle, 1, EINVAL),
	BIND(op.pad, 1, EINVAL),
	BIND(op.bo_offset, PAGE, EINVAL),
	BIND(op.va, PAGE, EINVAL),
	BIND(op.size, PAGE, EINVAL),
};

static void check_bind(int fd, const struct igt_nova_refusal *rows, size_t count,
		       struct bind_nest *valid)
{
	const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_VM_BIND, "VM_BIND", sizeof(*valid), link_bind, rows, count,
	};

	valid->bind.ops.stride = sizeof(valid->op);
	valid->bind.ops.count = 1;
	valid->bind.syncs.stride = sizeof(valid->sync);
	valid->beyond_op = 1;
	igt_nova_refuse(fd, &refusals, valid);
	link_bind(valid);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_BIND, &valid->bind, 0);
}

static void test_vm_bind(int fd)
{
	uint32_t handle = igt_nova_gem_create(fd, 4 * PAGE, 0, 0, 0, 0);
	struct drm_nova_vm_create vm;
	struct bind_nest map = { 0 }, user = { 0 }, unmap = { 0 }, unmap_all = { 0 };
	char *memory = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	igt_assert(memory != MAP_FAILED);
	igt_assert_eq(mprotect(memory + 2 * PAGE, PAGE, PROT_NONE), 0);
	igt_nova_vm_create(fd, &vm);
	map.bind.vm_id = unmap.bind.vm_id = unmap_all.bind.vm_id = user.bind.vm_id = vm.vm_id;
	user.op = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_USERPTR,
		.bo_offset = (uintptr_t)memory, .va = vm.va_start + 32 * PAGE, .size = 2 * PAGE,
	};
	map.op = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = handle, .bo_offset = PAGE,
		.va = vm.va_start + 16 * PAGE, .size = 2 * PAGE,
	};
	unmap.op = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = vm.va_start + 16 * PAGE, .size = PAGE,
	};
	unmap_all.op.op = DRM_NOVA_VM_BIND_OP_UNMAP_ALL;
	check_bind(fd, vm_bind_rows, ARRAY_SIZE(vm_bind_rows), &map);
	check_bind(fd, vm_bind_userptr_rows, ARRAY_SIZE(vm_bind_userptr_rows), &user);
	check_bind(fd, vm_unbind_rows, ARRAY_SIZE(vm_unbind_rows), &unmap);
	check_bind(fd, vm_unbind_all_rows, ARRAY_SIZE(vm_unbind_all_rows), &unmap_all);
	igt_nova_vm_destroy(fd, vm.vm_id, 0);
	igt_nova_gem_close(fd, handle);
	munmap(memory, 3 * PAGE);
}

static void test_vm_bind_count(int fd)
{
	struct drm_nova_query_limits limits;
	struct drm_nova_vm_bind_op *ops;
	struct drm_nova_vm_create vm;

	igt_nova_limits(fd, &limits);
	igt_nova_vm_create(fd, &vm);
	ops = calloc(limits.bind_ops_max + 1, sizeof(*ops));
	igt_assert(ops);
	for (uint32_t i = 0; i <= limits.bind_ops_max; i++)
		ops[i] = (struct drm_nova_vm_bind_op) {
			.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = vm.va_start, .size = PAGE,
		};
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm.vm_id, ops, limits.bind_ops_max), 0);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm.vm_id, ops, limits.bind_ops_max + 1), -E2BIG);
	free(ops);
	igt_nova_vm_destroy(fd, vm.vm_id, 0);
}

/* The first element can be read, the second cannot: nothing may have been done. */
static void test_array_half_mapped(int fd)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	struct drm_nova_vm_bind_op *ops = (void *)(pages + PAGE - sizeof(*ops));
	struct drm_nova_vm_create vm;

	igt_assert(pages != MAP_FAILED);
	igt_assert_eq(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	igt_nova_vm_create(fd, &vm);
	*ops = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = vm.va_start, .size = PAGE,
	};
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm.vm_id, ops, 2), -EFAULT);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm.vm_id, ops, 1), 0);
	igt_nova_vm_destroy(fd, vm.vm_id, 0);
	munmap(pages, 2 * PAGE);
}

/* Elements larger than the kernel's are fine while the rest is zero. */
static void test_array_stride(int fd)
{
	struct {
		struct drm_nova_vm_bind_op op;
		uint64_t rest[2];
	} ops[2] = { 0 };
	struct drm_nova_vm_bind bind = { .ops = { sizeof(ops[0]), 2, (uintptr_t)ops } };
	struct drm_nova_vm_create vm;

	bind.vm_id = igt_nova_vm_create(fd, &vm);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		ops[i].op = (struct drm_nova_vm_bind_op) {
			.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = vm.va_start, .size = PAGE,
		};
	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_BIND, &bind, 0);
	ops[1].rest[1] = 1;
	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_BIND, &bind, E2BIG);
	igt_nova_vm_destroy(fd, vm.vm_id, 0);
}

static const struct igt_nova_refusal queue_create_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, vm_id, 0, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, vm_id, IGT_NOVA_BAD_ID, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, engine, 8, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, engine, ~0u, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, priority, 3, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, priority, ~0u, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, flags, 1u << 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, flags, 1u << 31, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, ring_size, 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, ring_size, 65, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, ring_size, 1u << 31, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_create, ring_size, ~0u, EINVAL),
};

static void test_queue_create(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_QUEUE_CREATE, "QUEUE_CREATE", sizeof(struct drm_nova_queue_create),
		NULL, queue_create_rows, ARRAY_SIZE(queue_create_rows),
	};
	struct drm_nova_queue_create valid = { .priority = DRM_NOVA_PRIORITY_NORMAL };
	struct drm_nova_query_engines engines;

	igt_nova_query(fd, DRM_NOVA_QUERY_ENGINES, &engines, sizeof(engines));
	valid.vm_id = igt_nova_vm_create(fd, NULL);
	igt_nova_refuse(fd, &refusals, &valid);
	valid.flags = DRM_NOVA_QUEUE_USERMODE;
	igt_nova_refuse(fd, &refusals, &valid);
	valid.flags = 0;
	igt_nova_queue_create(fd, valid.vm_id, engines.count, EINVAL);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &valid, 0);
	igt_nova_queue_destroy(fd, valid.queue_id, 0);
	igt_nova_vm_destroy(fd, valid.vm_id, 0);
}

static const struct igt_nova_refusal queue_destroy_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_queue_destroy, queue_id, 0, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_queue_destroy, queue_id, IGT_NOVA_BAD_ID, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_queue_destroy, pad, 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_queue_destroy, pad, 1u << 31, EINVAL),
};

static const struct igt_nova_refusal queue_get_state_rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_queue_get_state, queue_id, 0, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_queue_get_state, queue_id, IGT_NOVA_BAD_ID, ENOENT),
};

static void test_queue_get_state_and_destroy(int fd)
{
	static const struct igt_nova_refusals destroy = {
		DRM_IOCTL_NOVA_QUEUE_DESTROY, "QUEUE_DESTROY",
		sizeof(struct drm_nova_queue_destroy), NULL,
		queue_destroy_rows, ARRAY_SIZE(queue_destroy_rows),
	};
	static const struct igt_nova_refusals get_state = {
		DRM_IOCTL_NOVA_QUEUE_GET_STATE, "QUEUE_GET_STATE",
		sizeof(struct drm_nova_queue_get_state), NULL,
		queue_get_state_rows, ARRAY_SIZE(queue_get_state_rows),
	};
	uint32_t vm = igt_nova_vm_create(fd, NULL);
	uint32_t queue = igt_nova_queue_create(fd, vm, 0, 0);
	struct drm_nova_queue_get_state valid_get_state = { .queue_id = queue };
	struct drm_nova_queue_destroy valid_destroy = { .queue_id = queue };

	igt_nova_refuse(fd, &get_state, &valid_get_state);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_GET_STATE, &valid_get_state, 0);
	igt_nova_refuse(fd, &destroy, &valid_destroy);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &valid_destroy, 0);
	igt_nova_vm_destroy(fd, vm, 0);
}

struct vm_state_nest {
	struct drm_nova_vm_get_state state;
	struct drm_nova_vm_fault fault;
};

#define VM_STATE(field, value, error) IGT_NOVA_REFUSE(struct vm_state_nest, state.field, value, error)

static const struct igt_nova_refusal vm_get_state_rows[] = {
	VM_STATE(vm_id, 0, ENOENT),
	VM_STATE(vm_id, IGT_NOVA_BAD_ID, ENOENT),
	VM_STATE(faults.stride, 0, EINVAL),
	VM_STATE(faults.stride, sizeof(struct drm_nova_vm_fault) - 8, EINVAL),
	VM_STATE(faults.stride, sizeof(struct drm_nova_vm_fault) + 4, EINVAL),
	VM_STATE(faults.stride, 8192, E2BIG),
	VM_STATE(faults.count, 4097, E2BIG),
	VM_STATE(faults.count, UINT32_MAX, E2BIG),
	VM_STATE(faults.ptr, UINT64_MAX, EFAULT),
};

static void link_vm_state(void *data)
{
	struct vm_state_nest *nest = data;

	nest->state.faults.ptr = (uintptr_t)&nest->fault;
}

static void test_vm_get_state(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_VM_GET_STATE, "VM_GET_STATE", sizeof(struct vm_state_nest),
		link_vm_state, vm_get_state_rows, ARRAY_SIZE(vm_get_state_rows),
	};
	uint32_t vm = igt_nova_vm_create(fd, NULL);
	struct vm_state_nest valid = {
		.state = { .vm_id = vm, .faults = { .stride = sizeof(valid.fault), .count = 1 } },
	};

	igt_nova_refuse(fd, &refusals, &valid);
	link_vm_state(&valid);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_GET_STATE, &valid.state, 0);
	igt_assert_eq_u32(valid.state.state, DRM_NOVA_VM_STATE_USABLE);
	igt_assert_eq_u32(valid.state.fault_count, 0);
	igt_assert_eq_u32(valid.state.faults.count, 0);
	igt_nova_vm_destroy(fd, vm, 0);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_GET_STATE, &valid.state, ENOENT);
}

struct exec_nest {
	struct drm_nova_exec exec;
	struct drm_nova_job job;
	uint64_t beyond_job;
	struct drm_nova_push push;
	uint64_t beyond_push;
	struct drm_nova_sync sync;
	uint64_t beyond_sync;
};

static void link_exec(void *nest)
{
	struct exec_nest *exec = nest;

	exec->exec.jobs.ptr = (uintptr_t)&exec->job;
	exec->job.pushes.ptr = (uintptr_t)&exec->push;
	exec->job.syncs.ptr = (uintptr_t)&exec->sync;
}

#define EXEC(field, value, error) IGT_NOVA_REFUSE(struct exec_nest, field, value, error)

static const struct igt_nova_refusal exec_rows[] = {
	EXEC(exec.queue_id, 0, ENOENT),
	EXEC(exec.queue_id, IGT_NOVA_BAD_ID, ENOENT),
	EXEC(exec.flags, 1u << 1, EINVAL),
	EXEC(exec.flags, 1u << 31, EINVAL),
	EXEC(exec.jobs.stride, 0, EINVAL),
	EXEC(exec.jobs.stride, sizeof(struct drm_nova_job) + 4, EINVAL),
	EXEC(exec.jobs.stride, sizeof(struct drm_nova_job) + 8, E2BIG),
	EXEC(exec.jobs.count, ~0u, E2BIG),
	EXEC(exec.jobs.ptr, IGT_NOVA_BAD_POINTER, EFAULT),
	EXEC(exec.jobs.ptr, KERNEL_POINTER, EFAULT),
	EXEC(job.flags, 1, EINVAL),
	EXEC(job.flags, 1u << 31, EINVAL),
	EXEC(job.pad, 1, EINVAL),
	EXEC(job.pushes.stride, 0, EINVAL),
	EXEC(job.pushes.stride, sizeof(struct drm_nova_push) + 4, EINVAL),
	EXEC(job.pushes.stride, sizeof(struct drm_nova_push) + 8, E2BIG),
	EXEC(job.pushes.count, ~0u, E2BIG),
	EXEC(job.pushes.ptr, IGT_NOVA_BAD_POINTER, EFAULT),
	EXEC(job.pushes.ptr, KERNEL_POINTER, EFAULT),
	EXEC(job.syncs.stride, 0, EINVAL),
	EXEC(job.syncs.stride, sizeof(struct drm_nova_sync) + 4, EINVAL),
	EXEC(job.syncs.stride, sizeof(struct drm_nova_sync) + 8, E2BIG),
	EXEC(job.syncs.count, ~0u, E2BIG),
	EXEC(job.syncs.ptr, IGT_NOVA_BAD_POINTER, EFAULT),
	EXEC(job.syncs.ptr, KERNEL_POINTER, EFAULT),
	EXEC(push.va, 2, EINVAL),
	EXEC(push.va, 1ull << 63, EINVAL),
	EXEC(push.va, ~3ull, EINVAL),
	EXEC(push.length, 0, EINVAL),
	EXEC(push.length, 6, EINVAL),
	EXEC(push.length, ~3u, E2BIG),
	EXEC(push.flags, 1u << 1, EINVAL),
	EXEC(push.flags, 1u << 31, EINVAL),
	EXEC(sync.flags, 1u << 2, EINVAL),
	EXEC(sync.flags, 1u << 31 | DRM_NOVA_SYNC_SIGNAL, EINVAL),
	EXEC(sync.flags, DRM_NOVA_SYNC_SIGNAL | DRM_NOVA_SYNC_TIMELINE, EINVAL),
	EXEC(sync.flags, 0, EINVAL),	/* a wait for what has no fence */
	EXEC(sync.handle, 0, ENOENT),
	EXEC(sync.handle, IGT_NOVA_BAD_ID, ENOENT),
	EXEC(sync.point, 1, EINVAL),
};

static void valid_exec(struct igt_nova_client *client, uint32_t queue, struct exec_nest *valid)
{
	struct igt_nova_push push;

	igt_nova_push_begin(client, &push, 2);
	igt_nova_push_dword(&push, 0);
	igt_nova_push_dword(&push, 0);
	*valid = (struct exec_nest) {
		.exec = { .queue_id = queue, .jobs = { sizeof(valid->job), 1, 0 } },
		.job = {
			.pushes = { sizeof(valid->push), 1, 0 },
			.syncs = { sizeof(valid->sync), 1, 0 },
		},
		.beyond_job = 1, .beyond_push = 1, .beyond_sync = 1,
		.push = { .va = push.va, .length = push.length },
		.sync = { .flags = DRM_NOVA_SYNC_SIGNAL },
	};
	valid->sync.handle = igt_nova_syncobj_create(client->fd);
}

static void test_exec(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_EXEC, "EXEC", sizeof(struct exec_nest), link_exec,
		exec_rows, ARRAY_SIZE(exec_rows),
	};
	struct drm_nova_query_limits limits;
	struct igt_nova_client client;
	struct exec_nest valid, bad;

	igt_nova_limits(fd, &limits);
	igt_nova_client_open(&client);
	valid_exec(&client, igt_nova_client_queue(&client, 0), &valid);
	igt_nova_refuse(client.fd, &refusals, &valid);

	bad = valid;
	link_exec(&bad);
	bad.push.va = limits.va_push_end;
	igt_nova_expect(client.fd, DRM_IOCTL_NOVA_EXEC, &bad.exec, EINVAL);
	bad.push.va = limits.va_push_end - 4;
	igt_nova_expect(client.fd, DRM_IOCTL_NOVA_EXEC, &bad.exec, EINVAL);
	bad.push.va = valid.push.va;
	bad.push.length = limits.push_bytes_max + 4;
	igt_nova_expect(client.fd, DRM_IOCTL_NOVA_EXEC, &bad.exec, E2BIG);

	link_exec(&valid);
	igt_nova_expect(client.fd, DRM_IOCTL_NOVA_EXEC, &valid.exec, 0);
	igt_assert_eq(igt_nova_fence_result(client.fd, valid.sync.handle), 1);
	igt_nova_client_close(&client);
}

/* One element more than allowed, each of them valid; the limit itself is accepted. */
static void check_exec_counts(struct igt_nova_client *client, uint32_t queue, uint32_t jobs,
			      uint32_t pushes, uint32_t syncs, int error)
{
	struct drm_nova_job *job = calloc(jobs, sizeof(*job));
	struct drm_nova_push *push = calloc(pushes, sizeof(*push));
	struct drm_nova_sync *sync = calloc(syncs, sizeof(*sync));
	struct exec_nest valid;

	igt_assert(job && push && sync);
	valid_exec(client, queue, &valid);
	for (uint32_t i = 0; i < pushes; i++)
		push[i] = valid.push;
	for (uint32_t i = 0; i < syncs; i++)
		sync[i] = valid.sync;
	for (uint32_t i = 0; i < jobs; i++) {
		job[i].pushes = (struct drm_nova_array) { sizeof(*push), pushes, (uintptr_t)push };
		job[i].syncs = (struct drm_nova_array) { sizeof(*sync), syncs, (uintptr_t)sync };
	}
	igt_assert_eq(igt_nova_exec(client->fd, queue, job, jobs), -error);
	if (!error)
		igt_assert_eq(igt_nova_fence_result(client->fd, valid.sync.handle), 1);
	free(sync);
	free(push);
	free(job);
}

static void test_exec_count(int fd)
{
	struct drm_nova_query_limits limits;
	struct igt_nova_client client;
	uint32_t queue;

	igt_nova_limits(fd, &limits);
	igt_nova_client_open(&client);
	queue = igt_nova_client_queue(&client, 0);
	check_exec_counts(&client, queue, limits.exec_jobs_max, 1, 1, 0);
	check_exec_counts(&client, queue, limits.exec_jobs_max + 1, 1, 1, E2BIG);
	check_exec_counts(&client, queue, 1, limits.exec_pushes_max, 1, 0);
	check_exec_counts(&client, queue, 1, limits.exec_pushes_max + 1, 1, E2BIG);
	check_exec_counts(&client, queue, 1, 1, limits.syncs_max, 0);
	check_exec_counts(&client, queue, 1, 1, limits.syncs_max + 1, E2BIG);
	igt_nova_client_close(&client);
}

/* Numbers that are reserved or never given: the driver has no ioctl there. */
static void test_unknown_ioctl(int fd)
{
	static const unsigned int numbers[] = { 0x03, 0x1f, 0x2d, 0x5f };
	uint64_t arg[8] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		igt_nova_expect(fd, DRM_IOWR(DRM_COMMAND_BASE + numbers[i], arg), arg, EINVAL);
}

static const struct igt_nova_test tests[] = {
	{ "getparam", "GETPARAM refuses unknown parameters.", test_getparam },
	{ "gem-create", "GEM_CREATE refuses each malformed field.", test_gem_create },
	{ "gem-info", "GEM_INFO refuses bad handles.", test_gem_info },
	{ "gem-set-meta", "Labels and advice.", test_gem_set_meta },
	{ "dev-query", "DEV_QUERY refuses each malformed field.", test_dev_query },
	{ "gem-mmap-offset", "GEM_MMAP_OFFSET refuses each malformed field.",
	  test_gem_mmap_offset },
	{ "vm-create", "VM_CREATE refuses flags.", test_vm_create },
	{ "vm-destroy", "VM_DESTROY refuses each malformed field.", test_vm_destroy },
	{ "vm-bind", "VM_BIND refuses each malformed field of each op.", test_vm_bind },
	{ "vm-bind-count", "VM_BIND takes as many ops as the limit says, no more.",
	  test_vm_bind_count },
	{ "array-half-mapped", "An array that ends in unmapped memory is refused whole.",
	  test_array_half_mapped },
	{ "array-stride", "Larger array elements are accepted while the rest is zero.",
	  test_array_stride },
	{ "queue-create", "QUEUE_CREATE refuses each malformed field.", test_queue_create },
	{ "queue-get-state-destroy",
	  "QUEUE_GET_STATE and QUEUE_DESTROY refuse each malformed field.",
	  test_queue_get_state_and_destroy },
	{ "vm-get-state", "VM_GET_STATE refuses each malformed field.", test_vm_get_state },
	{ "exec", "EXEC refuses each malformed field, at each level.", test_exec },
	{ "exec-count", "EXEC takes as many jobs, pushes, syncs as the limits say, no more.",
	  test_exec_count },
	{ "get-time", "GET_TIME refuses each malformed field.", test_get_time },
	{ "unknown-ioctl", "Numbers without an ioctl are refused.", test_unknown_ioctl },
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
