// SPDX-License-Identifier: MIT
#include <errno.h>
#include <unistd.h>

#include "fake_kernel.h"

static struct nova_sync *make(struct nova_device *dev)
{
	struct nova_sync *sync;

	assert_int_equal(nova_sync_create(dev, 0, &sync), 0);
	return sync;
}

static void test_create(void **state)
{
	struct nova_sync *sync = make(*state), *other;

	assert_int_equal(nova_sync_handle(sync), fake_handle(FAKE_SYNCOBJ, 0));
	assert_int_equal(nova_sync_create(*state, 2, &other), -EINVAL);
	assert_int_equal(nova_sync_create(NULL, 0, &other), -EINVAL);
	assert_int_equal(nova_sync_create(*state, 0, NULL), -EINVAL);
	assert_int_equal(nova_sync_create(*state, NOVA_SYNC_SIGNALED, &other), 0);
	nova_sync_destroy(other);
	nova_sync_destroy(sync);
	nova_sync_destroy(NULL);
}

static void test_wait(void **state)
{
	struct nova_sync *sync = make(*state);

	assert_int_equal(nova_sync_wait(sync, 7, 12345, NOVA_WAIT_FOR_SUBMIT), 0);
	assert_int_equal(fake.wait.count_handles, 1);
	assert_int_equal(fake.wait.timeout_nsec, 12345);
	assert_int_equal(fake.wait.flags, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT);
	assert_int_equal(fake.wait_handles[0], nova_sync_handle(sync));
	assert_int_equal(fake.wait_points[0], 7);
	assert_int_equal(nova_sync_wait(sync, 0, 0, NOVA_WAIT_ALL), -EINVAL);
	assert_int_equal(nova_sync_wait(NULL, 0, 0, 0), -EINVAL);
	fake.fail_request = DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT;
	fake.fail_error = ETIME;
	assert_int_equal(nova_sync_wait(sync, 0, 0, 0), -ETIME);
	nova_sync_destroy(sync);
}

static void test_wait_many(void **state)
{
	struct nova_sync *syncs[2] = { make(*state), make(*state) };
	struct nova_sync *holes[2] = { syncs[0], NULL };
	uint64_t points[2] = { 3, 4 };
	uint32_t first = 99;

	assert_int_equal(nova_sync_wait_many(syncs, points, 2, INT64_MAX, 0, &first), 0);
	assert_int_equal(first, 1);
	assert_int_equal(fake.wait.flags, 0);
	assert_int_equal(fake.wait.count_handles, 2);
	assert_int_equal(fake.wait_handles[1], nova_sync_handle(syncs[1]));
	assert_int_equal(fake.wait_points[1], 4);
	first = 99;
	assert_int_equal(nova_sync_wait_many(syncs, NULL, 2, 0, NOVA_WAIT_ALL, &first), 0);
	assert_int_equal(first, 99);
	assert_int_equal(fake.wait.flags, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL);
	assert_int_equal(fake.wait_points[0], 0);
	assert_int_equal(nova_sync_wait_many(syncs, points, 0, 0, 0, &first), -EINVAL);
	assert_int_equal(nova_sync_wait_many(NULL, points, 1, 0, 0, &first), -EINVAL);
	assert_int_equal(nova_sync_wait_many(holes, points, 2, 0, 0, &first), -EINVAL);
	assert_int_equal(nova_sync_wait_many(syncs, points, 2, 0, 4, &first), -EINVAL);
	nova_sync_destroy(syncs[0]);
	nova_sync_destroy(syncs[1]);
}

static void test_signal(void **state)
{
	struct nova_sync *sync = make(*state);
	uint64_t point = 0;

	assert_int_equal(nova_sync_signal(sync, 5), 0);
	assert_int_equal(fake.signal_point, 5);
	assert_int_equal(fake.signal_handle, nova_sync_handle(sync));
	fake.signal_handle = 0;
	assert_int_equal(nova_sync_signal(sync, 0), 0);
	assert_int_equal(fake.signal_point, 0);
	assert_int_equal(fake.signal_handle, nova_sync_handle(sync));
	assert_int_equal(nova_sync_reset(sync), 0);
	assert_int_equal(fake.reset_handle, nova_sync_handle(sync));
	assert_int_equal(nova_sync_query(sync, &point), 0);
	assert_int_equal(point, 77);
	assert_int_equal(nova_sync_query(sync, NULL), -EINVAL);
	assert_int_equal(nova_sync_signal(NULL, 0), -EINVAL);
	assert_int_equal(nova_sync_reset(NULL), -EINVAL);
	nova_sync_destroy(sync);
}

static void test_sync_file(void **state)
{
	struct nova_sync *sync = make(*state);
	int fd = -1;

	assert_int_equal(nova_sync_export_sync_file(sync, 0, &fd), 0);
	assert_int_equal(fake.to_fd.handle, nova_sync_handle(sync));
	assert_int_equal(fake.to_fd.flags, DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE);
	assert_int_equal(nova_sync_import_sync_file(sync, fd), 0);
	assert_int_equal(fake.from_fd.fd, fd);
	assert_int_equal(fake.from_fd.handle, nova_sync_handle(sync));
	assert_int_equal(fake.from_fd.flags, DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE);
	close(fd);

	/* A point goes through a binary object that does not stay. */
	assert_int_equal(nova_sync_export_sync_file(sync, 6, &fd), 0);
	assert_int_equal(fake.transfer.src_handle, nova_sync_handle(sync));
	assert_int_equal(fake.transfer.src_point, 6);
	assert_int_equal(fake.transfer.dst_point, 0);
	assert_int_equal(fake.to_fd.handle, fake.transfer.dst_handle);
	assert_int_equal(fake_live(), 1);
	close(fd);
	fake.fail_request = DRM_IOCTL_SYNCOBJ_TRANSFER;
	fake.fail_error = EINVAL;
	assert_int_equal(nova_sync_export_sync_file(sync, 6, &fd), -EINVAL);
	assert_int_equal(fake_live(), 1);

	assert_int_equal(nova_sync_export_sync_file(sync, 0, NULL), -EINVAL);
	assert_int_equal(nova_sync_import_sync_file(sync, -1), -EINVAL);
	nova_sync_destroy(sync);
}

static void test_share(void **state)
{
	struct nova_sync *sync = make(*state), *other;
	int fd = -1;

	assert_int_equal(nova_sync_export_fd(sync, &fd), 0);
	assert_int_equal(fake.to_fd.flags, 0);
	assert_int_equal(nova_sync_import_fd(*state, fd, &other), 0);
	assert_int_equal(fake.from_fd.flags, 0);
	assert_int_equal(fake.from_fd.fd, fd);
	nova_sync_destroy(other);
	close(fd);
	assert_int_equal(nova_sync_import_fd(*state, -1, &other), -EINVAL);
	assert_int_equal(nova_sync_import_fd(NULL, 0, &other), -EINVAL);
	nova_sync_destroy(sync);
}

static void test_status(void **state)
{
	struct nova_sync *sync = make(*state);
	int status = 0;

	assert_int_equal(nova_sync_get_status(sync, 0, &status), 0);
	assert_int_equal(status, 1);
	fake.sync_status = -ENODEV;
	assert_int_equal(nova_sync_get_status(sync, 3, &status), 0);
	assert_int_equal(status, -ENODEV);
	assert_int_equal(nova_sync_get_status(sync, 0, NULL), -EINVAL);
	assert_int_equal(nova_sync_get_status(NULL, 0, &status), -EINVAL);
	nova_sync_destroy(sync);
}

/* A pipe stands for a sync file: readable when signalled. */
static void test_file_wait(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(nova_sync_file_wait(fds[0], 0), -ETIME);
	assert_int_equal(nova_sync_file_wait(fds[0], INT64_MIN), -ETIME);
	assert_int_equal(write(fds[1], "", 1), 1);
	assert_int_equal(nova_sync_file_wait(fds[0], INT64_MAX), 0);
	assert_int_equal(nova_sync_file_wait(fds[0], 0), 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(nova_sync_file_wait(fds[0], 0), -EINVAL);
}

static void test_deadline(void **state)
{
	int64_t now = nova_sync_deadline(0);

	(void)state;
	assert_true(now > 0);
	assert_true(nova_sync_deadline(1000) >= now + 1000);
	assert_int_equal(nova_sync_deadline(UINT64_MAX), INT64_MAX);
	assert_int_equal(nova_sync_deadline(INT64_MAX), INT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_wait),
		TEST(test_wait_many),
		TEST(test_signal),
		TEST(test_sync_file),
		TEST(test_share),
		TEST(test_status),
		TEST(test_file_wait),
		TEST(test_deadline),
	};

	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
