// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_kernel.h"

static struct nova_bo *make(struct nova_device *dev, uint64_t size)
{
	struct nova_bo_desc desc = { .size = size };
	struct nova_bo *bo;

	assert_int_equal(nova_bo_create(dev, &desc, &bo), 0);
	return bo;
}

static void test_create(void **state)
{
	struct nova_bo_desc desc = {
		.size = 4097, .placement = NOVA_PLACEMENT_SYSTEM, .flags = NOVA_BO_NO_MMAP,
		.caching = NOVA_CACHING_WB,
	};
	struct nova_bo *bo;

	assert_int_equal(nova_bo_create(*state, &desc, &bo), 0);
	assert_int_equal(nova_bo_size(bo), 8192);
	assert_int_equal(nova_bo_handle(bo), fake_handle(FAKE_GEM, 0));
	assert_int_equal(fake.gem_create.size, 8192);
	assert_int_equal(fake.gem_create.placement, DRM_NOVA_PLACEMENT_SYSTEM);
	assert_int_equal(fake.gem_create.flags, DRM_NOVA_GEM_NO_MMAP);
	assert_int_equal(fake.gem_create.cpu_caching, DRM_NOVA_CPU_CACHING_WB);
	assert_int_equal(fake.gem_create.vm_id, 0);
	assert_int_equal(fake.gem_create.pad, 0);
	assert_int_equal(fake.gem_create.handle, 0);
	nova_bo_destroy(bo);
	assert_int_equal(fake_live(), 0);
}

static void test_create_private(void **state)
{
	struct nova_bo_desc desc = { .size = 4096 };
	struct nova_device *other;
	struct nova_bo *bo;

	assert_int_equal(nova_vm_create(*state, &desc.vm), 0);
	assert_int_equal(nova_bo_create(*state, &desc, &bo), 0);
	assert_int_equal(fake.gem_create.vm_id, fake_handle(FAKE_VM, 0));
	nova_bo_destroy(bo);

	assert_int_equal(nova_device_open_fd(fake.fd, &other), 0);
	assert_int_equal(nova_bo_create(other, &desc, &bo), -EINVAL);
	nova_device_close(other);
	nova_vm_destroy(desc.vm);
}

static void test_create_refuses(void **state)
{
	struct nova_bo_desc desc = { .size = 4096 };
	struct nova_bo *bo;

	assert_int_equal(nova_bo_create(NULL, &desc, &bo), -EINVAL);
	assert_int_equal(nova_bo_create(*state, NULL, &bo), -EINVAL);
	assert_int_equal(nova_bo_create(*state, &desc, NULL), -EINVAL);
	desc.size = 0;
	assert_int_equal(nova_bo_create(*state, &desc, &bo), -EINVAL);
	desc.size = UINT64_MAX - 4094;
	assert_int_equal(nova_bo_create(*state, &desc, &bo), -EINVAL);
	nova_bo_destroy(NULL);
	nova_bo_unmap(NULL);
}

static bool is_mapped(void *address)
{
	return msync(address, 4096, MS_ASYNC) == 0;
}

static void test_map(void **state)
{
	struct nova_bo *a = make(*state, 4096), *b = make(*state, 8192);
	char *map_a, *map_b, *again;
	void *map;

	assert_int_equal(nova_bo_map(a, &map), 0);
	map_a = map;
	assert_int_equal(nova_bo_map(b, &map), 0);
	map_b = map;
	memset(map_a, 1, 4096);
	memset(map_b, 2, 8192);
	assert_int_equal(map_a[4095], 1);

	/* Counted: the address stays until the last unmap, and what was written is in the file. */
	assert_int_equal(nova_bo_map(a, &map), 0);
	assert_ptr_equal(map, map_a);
	nova_bo_unmap(a);
	assert_int_equal(map_a[0], 1);
	nova_bo_unmap(a);
	assert_false(is_mapped(map_a));
	nova_bo_unmap(a);
	assert_int_equal(nova_bo_map(a, &map), 0);
	again = map;
	assert_int_equal(again[4095], 1);

	assert_int_equal(nova_bo_map(NULL, &map), -EINVAL);
	assert_int_equal(nova_bo_map(a, NULL), -EINVAL);
	nova_bo_destroy(a);	/* with its map */
	assert_false(is_mapped(again));
	nova_bo_destroy(b);
	assert_false(is_mapped(map_b));
}

static void test_map_fails(void **state)
{
	struct nova_bo *bo = make(*state, 4096);
	void *map = NULL;

	fake.fail_request = DRM_IOCTL_NOVA_GEM_MMAP_OFFSET;
	fake.fail_error = EPERM;
	assert_int_equal(nova_bo_map(bo, &map), -EPERM);
	assert_null(map);
	fake.fail_request = 0;
	assert_int_equal(nova_bo_map(bo, &map), 0);
	nova_bo_destroy(bo);
}

static void test_info(void **state)
{
	struct nova_bo *bo = make(*state, 4096);
	struct nova_bo_info info;

	assert_int_equal(nova_bo_query_info(bo, &info), 0);
	assert_int_equal(info.size, 8192);
	assert_int_equal(info.flags, NOVA_BO_NO_MMAP);
	assert_int_equal(info.placement, NOVA_PLACEMENT_VRAM | NOVA_PLACEMENT_SYSTEM);
	assert_int_equal(info.resident, NOVA_PLACEMENT_SYSTEM);
	assert_int_equal(info.imported, 1);
	assert_int_equal(nova_bo_query_info(bo, NULL), -EINVAL);
	nova_bo_destroy(bo);
}

static void test_export(void **state)
{
	struct nova_bo *bo = make(*state, 4096);
	int fd = -1;

	assert_int_equal(nova_bo_export(bo, &fd), 0);
	assert_int_equal(fake.prime_export.handle, nova_bo_handle(bo));
	assert_int_equal(fake.prime_export.flags, O_CLOEXEC | O_RDWR);
	assert_int_equal(close(fd), 0);
	assert_int_equal(nova_bo_export(bo, NULL), -EINVAL);
	assert_int_equal(nova_bo_export(NULL, &fd), -EINVAL);
	nova_bo_destroy(bo);
}

static void test_import_foreign(void **state)
{
	struct nova_bo *bo;

	assert_int_equal(nova_bo_import(*state, fake.fd, &bo), 0);
	assert_int_equal(nova_bo_size(bo), 8192);
	nova_bo_destroy(bo);
	assert_int_equal(nova_bo_import(*state, -1, &bo), -EINVAL);
	assert_int_equal(nova_bo_import(*state, fake.fd, NULL), -EINVAL);
}

/* The kernel gives the same handle for the same memory: it must be closed once, at the end. */
static void test_import_own(void **state)
{
	struct nova_bo *first = make(*state, 4096), *bo = make(*state, 4096), *again;

	fake.foreign_handle = nova_bo_handle(bo);
	assert_int_equal(nova_bo_import(*state, fake.fd, &again), 0);
	assert_ptr_equal(again, bo);
	nova_bo_destroy(first);
	nova_bo_destroy(bo);
	assert_int_equal(fake_live(), 1);
	assert_int_equal(nova_bo_size(again), 4096);
	nova_bo_destroy(again);
	assert_int_equal(fake_live(), 0);
}

static void test_import_fails(void **state)
{
	struct nova_bo *bo;

	fake.fail_request = DRM_IOCTL_NOVA_GEM_INFO;
	fake.fail_error = ENODEV;
	assert_int_equal(nova_bo_import(*state, fake.fd, &bo), -ENODEV);
	assert_int_equal(fake_live(), 0);
}

static void test_label(void **state)
{
	struct nova_bo *bo = make(*state, 4096);
	char *text;

	assert_int_equal(nova_bo_set_label(bo, "a picture"), 0);
	assert_int_equal(fake.set_meta.handle, nova_bo_handle(bo));
	assert_int_equal(fake.set_meta.op, DRM_NOVA_GEM_META_LABEL);
	assert_int_equal(fake.set_meta.value, 9);
	assert_string_equal(fake.label, "a picture");
	assert_int_equal(nova_bo_set_label(bo, NULL), 0);
	assert_int_equal(fake.set_meta.value, 0);
	assert_int_equal(fake.set_meta.pointer, 0);
	assert_int_equal(nova_bo_set_label(bo, ""), 0);
	assert_int_equal(fake.set_meta.pointer, 0);
	assert_int_equal(nova_bo_set_label(NULL, "a"), -EINVAL);

	text = test_malloc(NOVA_BO_LABEL_MAX + 2);
	memset(text, 'x', NOVA_BO_LABEL_MAX + 1);
	text[NOVA_BO_LABEL_MAX + 1] = '\0';
	assert_int_equal(nova_bo_set_label(bo, text), -E2BIG);
	test_free(text);
	nova_bo_destroy(bo);
}

static void test_madvise(void **state)
{
	struct nova_bo *bo = make(*state, 4096);
	uint32_t retained = 7;

	assert_int_equal(nova_bo_madvise(bo, NOVA_BO_DONTNEED, &retained), 0);
	assert_int_equal(fake.set_meta.handle, nova_bo_handle(bo));
	assert_int_equal(fake.set_meta.op, DRM_NOVA_GEM_META_MADVISE);
	assert_int_equal(fake.set_meta.value, DRM_NOVA_MADVISE_DONTNEED);
	assert_int_equal(fake.set_meta.pointer, 0);
	assert_int_equal(retained, 1);
	assert_int_equal(nova_bo_madvise(bo, NOVA_BO_WILLNEED, &retained), 0);
	assert_int_equal(fake.set_meta.value, DRM_NOVA_MADVISE_WILLNEED);
	assert_int_equal(retained, 0);
	assert_int_equal(nova_bo_madvise(bo, NOVA_BO_DONTNEED, NULL), 0);
	assert_int_equal(nova_bo_madvise(NULL, NOVA_BO_DONTNEED, NULL), -EINVAL);

	fake.fail_request = DRM_IOCTL_NOVA_GEM_SET_META;
	fake.fail_error = ENODEV;
	retained = 7;
	assert_int_equal(nova_bo_madvise(bo, NOVA_BO_WILLNEED, &retained), -ENODEV);
	assert_int_equal(retained, 7);
	assert_int_equal(nova_bo_set_label(bo, "a"), -ENODEV);
	nova_bo_destroy(bo);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_create_private),
		TEST(test_create_refuses),
		TEST(test_map),
		TEST(test_map_fails),
		TEST(test_info),
		TEST(test_export),
		TEST(test_label),
		TEST(test_madvise),
		TEST(test_import_foreign),
		TEST(test_import_own),
		TEST(test_import_fails),
	};

	return cmocka_run_group_tests_name("bo", tests, NULL, NULL);
}
