// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fake_kernel.h"
#include "regs/nv_host.h"

#define ENTRIES	16u

/* The queue, and the map seen from the other side. */
struct rig {
	struct nova_vm *vm;
	struct nova_userq *userq;
	uint32_t *doorbell;
	uint32_t *userd;
	uint32_t *ring;
	char *map;
};

static void rig_up(struct rig *rig, struct nova_device *dev)
{
	struct nova_queue_desc desc = { .engine = 5, .priority = NOVA_PRIORITY_HIGH, .ring_size = ENTRIES };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	assert_int_equal(nova_vm_create(dev, &rig->vm), 0);
	assert_int_equal(nova_userq_create(rig->vm, &desc, &rig->userq), 0);
	rig->map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fake.fd, FAKE_USERQ_OFFSET);
	assert_true(rig->map != MAP_FAILED);
	rig->doorbell = (uint32_t *)(void *)(rig->map + DRM_NOVA_USERQ_DOORBELL);
	rig->userd = (uint32_t *)(void *)(rig->map + page);
	rig->ring = (uint32_t *)(void *)(rig->map + 2 * page);
}

static void rig_down(struct rig *rig)
{
	munmap(rig->map, 3 * (size_t)sysconf(_SC_PAGESIZE));
	nova_userq_destroy(rig->userq);
	nova_vm_destroy(rig->vm);
}

static void test_create(void **state)
{
	struct nova_queue_desc desc = { 0 };
	struct nova_queue_state queue_state;
	struct nova_userq *userq;
	struct rig rig;

	rig_up(&rig, *state);
	assert_int_equal(fake.queue_create.flags, DRM_NOVA_QUEUE_USERMODE);
	assert_int_equal(fake.queue_create.engine, 5);
	assert_int_equal(fake.queue_create.priority, DRM_NOVA_PRIORITY_HIGH);
	assert_int_equal(fake.queue_create.ring_size, ENTRIES);
	assert_int_equal(nova_userq_id(rig.userq), fake_handle(FAKE_QUEUE, 0));
	assert_int_equal(nova_userq_get_state(rig.userq, &queue_state), 0);
	assert_int_equal(queue_state.error, 43);
	assert_int_equal(nova_userq_get_state(NULL, &queue_state), -EINVAL);
	assert_int_equal(nova_userq_get_state(rig.userq, NULL), -EINVAL);
	assert_int_equal(nova_userq_create(NULL, &desc, &userq), -EINVAL);
	assert_int_equal(nova_userq_create(rig.vm, NULL, &userq), -EINVAL);
	assert_int_equal(nova_userq_create(rig.vm, &desc, NULL), -EINVAL);
	nova_userq_destroy(NULL);
	rig_down(&rig);
}

/* What cannot be mapped, or is no ring, is not left behind. */
static void test_create_fails(void **state)
{
	struct nova_queue_desc desc = { .ring_size = ENTRIES };
	struct nova_userq *userq;
	struct nova_vm *vm;

	assert_int_equal(nova_vm_create(*state, &vm), 0);
	desc.ring_size = 24;
	assert_int_equal(nova_userq_create(vm, &desc, &userq), -EIO);
	desc.ring_size = 0;
	assert_int_equal(nova_userq_create(vm, &desc, &userq), -EIO);
	desc.ring_size = ENTRIES;
	fake.userq_offset = 1;
	assert_int_equal(nova_userq_create(vm, &desc, &userq), -EINVAL);
	nova_vm_destroy(vm);
}

static void test_submit(void **state)
{
	const struct nova_push_range ranges[] = {
		{ .va = 0x1200001000, .length = 64 },
		{ .va = 0x2000, .length = 128, .flags = NOVA_PUSH_RANGE_SYNC },
	};
	struct rig rig;
	uint32_t calls;

	rig_up(&rig, *state);
	calls = fake.calls;
	assert_int_equal(nova_userq_space(rig.userq), ENTRIES - 1);
	assert_int_equal(nova_userq_submit(rig.userq, ranges, 2), 0);
	assert_int_equal(*rig.doorbell, FAKE_USERQ_TOKEN);
	assert_int_equal(rig.userd[NV_USERD_GP_PUT / 4], 2);
	assert_int_equal(rig.ring[0], 0x1000);
	assert_int_equal(rig.ring[1], 0x12 | 16 << 10);
	assert_int_equal(rig.ring[2], 0x2000);
	assert_int_equal(rig.ring[3], 1u << 31 | 32 << 10);
	assert_int_equal(nova_userq_space(rig.userq), ENTRIES - 3);
	assert_int_equal(fake.calls, calls);
	rig_down(&rig);
}

/* All or none, around the end of the ring, and when GP_GET is nonsense. */
static void test_full(void **state)
{
	struct nova_push_range ranges[ENTRIES];
	struct rig rig;

	for (uint32_t i = 0; i < ENTRIES; i++)
		ranges[i] = (struct nova_push_range) { .va = 4 * i, .length = 4 };
	rig_up(&rig, *state);
	assert_int_equal(nova_userq_submit(rig.userq, ranges, ENTRIES), -EINVAL);
	assert_int_equal(nova_userq_submit(rig.userq, ranges, ENTRIES - 1), 0);
	*rig.doorbell = 0;
	assert_int_equal(nova_userq_space(rig.userq), 0);
	assert_int_equal(nova_userq_submit(rig.userq, ranges, 1), -ENOSPC);
	rig.userd[NV_USERD_GP_GET / 4] = 4;
	assert_int_equal(nova_userq_space(rig.userq), 4);
	assert_int_equal(nova_userq_submit(rig.userq, ranges, 5), -ENOSPC);
	assert_int_equal(*rig.doorbell, 0);
	assert_int_equal(nova_userq_submit(rig.userq, ranges + 4, 4), 0);
	assert_int_equal(*rig.doorbell, FAKE_USERQ_TOKEN);
	assert_int_equal(rig.userd[NV_USERD_GP_PUT / 4], 3);
	assert_int_equal(rig.ring[2 * 15], 16);
	assert_int_equal(rig.ring[2 * 2], 28);
	rig.userd[NV_USERD_GP_GET / 4] = UINT32_MAX;
	assert_true(nova_userq_space(rig.userq) < ENTRIES);
	rig_down(&rig);
}

static void test_submit_refuses(void **state)
{
	static const struct nova_push_range wrong[] = {
		{ .va = 0x1000 },
		{ .va = 0x1002, .length = 4 },
		{ .va = 0x1000, .length = 6 },
		{ .va = 1ull << NV_HOST_VA_BITS, .length = 4 },
		{ .va = (1ull << NV_HOST_VA_BITS) - 4, .length = 4 },
		{ .va = (1ull << NV_HOST_VA_BITS) - 8, .length = 64 },
		{ .va = 0x1000, .length = (NV_GP_ENTRY_MAX_DWORDS + 1) * 4 },
		{ .va = 0x1000, .length = 4, .flags = 2 },
	};
	struct rig rig;

	rig_up(&rig, *state);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(nova_userq_submit(rig.userq, &wrong[i], 1), -EINVAL);
	assert_int_equal(nova_userq_submit(NULL, wrong, 1), -EINVAL);
	assert_int_equal(nova_userq_submit(rig.userq, NULL, 1), -EINVAL);
	assert_int_equal(nova_userq_submit(rig.userq, wrong, 0), -EINVAL);
	assert_int_equal(*rig.doorbell, 0);
	rig_down(&rig);
}

static void test_wait_fence(void **state)
{
	struct nova_fence_wait wait = {
		.va = 0x1000, .value = 7, .op = NOVA_FENCE_GE, .deadline_ns = 9,
		.flags = NOVA_FENCE_32BIT,
	};
	struct nova_queue_desc desc = { 0 };
	struct nova_device *other;
	struct nova_queue *queue;
	struct nova_vm *other_vm;
	struct rig rig;

	rig_up(&rig, *state);
	assert_int_equal(nova_queue_create(rig.vm, &desc, &queue), 0);
	assert_int_equal(nova_vm_wait_fence(rig.vm, &wait), 0);
	assert_int_equal(fake.user_fence.vm_id, fake_handle(FAKE_VM, 0));
	assert_int_equal(fake.user_fence.flags, DRM_NOVA_USER_FENCE_32);
	assert_int_equal(fake.user_fence.op, DRM_NOVA_USER_FENCE_GE);
	assert_int_equal(fake.user_fence.queue_id, 0);
	assert_int_equal(fake.user_fence.address, 0x1000);
	assert_int_equal(fake.user_fence.value, 7);
	assert_int_equal(fake.user_fence.mask, UINT32_MAX);
	assert_int_equal(fake.user_fence.timeout, 9);
	wait.flags = 0;
	wait.userq = rig.userq;
	assert_int_equal(nova_vm_wait_fence(rig.vm, &wait), 0);
	assert_true(fake.user_fence.mask == UINT64_MAX);
	assert_int_equal(fake.user_fence.queue_id, nova_userq_id(rig.userq));
	wait.queue = queue;
	assert_int_equal(nova_vm_wait_fence(rig.vm, &wait), -EINVAL);
	wait.userq = NULL;
	assert_int_equal(nova_vm_wait_fence(rig.vm, &wait), 0);
	assert_int_equal(fake.user_fence.queue_id, nova_queue_id(queue));
	wait.mask = 0xf0;
	assert_int_equal(nova_vm_wait_fence(rig.vm, &wait), 0);
	assert_int_equal(fake.user_fence.mask, 0xf0);
	wait.flags = 2;
	assert_int_equal(nova_vm_wait_fence(rig.vm, &wait), -EINVAL);
	wait.flags = 0;
	assert_int_equal(nova_vm_wait_fence(NULL, &wait), -EINVAL);
	assert_int_equal(nova_vm_wait_fence(rig.vm, NULL), -EINVAL);
	assert_int_equal(nova_device_open_fd(fake.fd, &other), 0);
	assert_int_equal(nova_vm_create(other, &other_vm), 0);
	assert_int_equal(nova_vm_wait_fence(other_vm, &wait), -EINVAL);
	wait.queue = NULL;
	wait.userq = rig.userq;
	assert_int_equal(nova_vm_wait_fence(other_vm, &wait), -EINVAL);
	nova_vm_destroy(other_vm);
	nova_device_close(other);
	nova_queue_destroy(queue);
	rig_down(&rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_create_fails),
		TEST(test_submit),
		TEST(test_full),
		TEST(test_submit_refuses),
		TEST(test_wait_fence),
	};

	return cmocka_run_group_tests_name("userq", tests, NULL, NULL);
}
