// SPDX-License-Identifier: MIT
/* The callback of a device that is gone: once, by who saw it first, and before anybody knows. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "fake_kernel.h"

struct told {
	atomic_uint calls;
	struct nova_device *dev;
	pthread_t thread;
};

static void lost(struct nova_device *dev, void *data)
{
	struct told *told = data;

	told->dev = dev;
	told->thread = pthread_self();
	atomic_fetch_add(&told->calls, 1);
}

static void test_once(void **state)
{
	struct nova_device *dev = *state;
	struct nova_device_info info;
	struct nova_sync *sync;
	struct told told = { 0 }, other = { 0 };

	assert_int_equal(nova_device_set_lost_callback(NULL, lost, &told), -EINVAL);
	assert_int_equal(nova_device_set_lost_callback(dev, lost, &told), 0);
	assert_int_equal(nova_device_query_info(dev, &info), 0);
	fake.fail_call = fake.calls + 1;
	fake.fail_error = EIO;
	assert_int_equal(nova_device_query_info(dev, &info), -EIO);
	assert_int_equal(nova_sync_create(dev, 0, &sync), 0);
	assert_int_equal(told.calls, 0);

	/* Whichever object's call it is, and destroying counts, too. */
	fake.gone_from = fake.calls + 1;
	nova_sync_destroy(sync);
	assert_int_equal(told.calls, 1);
	assert_ptr_equal(told.dev, dev);
	assert_true(pthread_equal(told.thread, pthread_self()));
	assert_int_equal(nova_device_query_info(dev, &info), -ENODEV);
	assert_int_equal(told.calls, 1);

	/* Too late to be told by a call: told at once. */
	assert_int_equal(nova_device_set_lost_callback(dev, lost, &other), 0);
	assert_int_equal(other.calls, 1);
	assert_int_equal(nova_device_set_lost_callback(dev, NULL, NULL), 0);
	assert_int_equal(nova_device_query_info(dev, &info), -ENODEV);
	assert_int_equal(told.calls + other.calls, 2);
}

/* The kernel refuses to map what it has just given an offset for. */
static void test_mmap(void **state)
{
	struct nova_bo_desc bo_desc = { .size = 4096 };
	struct nova_queue_desc queue_desc = { .ring_size = 16 };
	struct told told = { 0 };
	struct nova_userq *userq;
	struct nova_bo *bo;
	struct nova_vm *vm;
	void *map;

	assert_int_equal(nova_bo_create(*state, &bo_desc, &bo), 0);
	assert_int_equal(nova_device_set_lost_callback(*state, lost, &told), 0);
	fake.gone_from = fake.calls + 2;
	assert_int_equal(nova_bo_map(bo, &map), -ENODEV);
	assert_int_equal(fake.last_failed, FAKE_MMAP);
	assert_int_equal(told.calls, 1);
	fake.gone_from = 0;
	assert_int_equal(nova_vm_create(*state, &vm), 0);
	fake.gone_from = fake.calls + 2;
	assert_int_equal(nova_userq_create(vm, &queue_desc, &userq), -ENODEV);
	nova_vm_destroy(vm);
	nova_bo_destroy(bo);
}

/* Each device has its own, and one without a callback is no trouble. */
static void test_two_devices(void **state)
{
	struct nova_device *dev = *state, *second, *third;
	struct nova_device_info info;
	struct told told = { 0 };

	assert_int_equal(nova_device_open_fd(fake.fd, &second), 0);
	assert_int_equal(nova_device_open_fd(fake.fd, &third), 0);
	assert_int_equal(nova_device_set_lost_callback(second, lost, &told), 0);
	fake.fail_request = DRM_IOCTL_NOVA_DEV_QUERY;
	fake.fail_error = ENODEV;
	assert_int_equal(nova_device_query_info(dev, &info), -ENODEV);
	assert_int_equal(nova_device_query_info(third, &info), -ENODEV);
	assert_int_equal(told.calls, 0);
	nova_device_close(third);
	assert_int_equal(nova_device_query_info(second, &info), -ENODEV);
	assert_int_equal(told.calls, 1);
	assert_ptr_equal(told.dev, second);
	nova_device_close(second);
}

#define THREADS	8

struct caller {
	struct nova_device *dev;
	struct told *told;
	uint32_t early;
};

static void *call(void *data)
{
	struct caller *caller = data;
	uint32_t first = 0;
	struct nova_limits limits;

	if (nova_device_query_limits(caller->dev, &limits) == -ENODEV)
		first = atomic_load(&caller->told->calls);
	caller->early = first != 1;
	return NULL;
}

static void test_threads(void **state)
{
	struct caller callers[THREADS];
	pthread_t threads[THREADS];
	struct told told = { 0 };

	assert_int_equal(nova_device_set_lost_callback(*state, lost, &told), 0);
	fake.fail_request = DRM_IOCTL_NOVA_DEV_QUERY;
	fake.fail_error = ENODEV;
	for (int i = 0; i < THREADS; i++) {
		callers[i] = (struct caller) { *state, &told, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(callers[i].early, 0);
	}
	assert_int_equal(told.calls, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_once),
		TEST(test_mmap),
		TEST(test_two_devices),
		TEST(test_threads),
	};

	return cmocka_run_group_tests_name("lost", tests, NULL, NULL);
}
