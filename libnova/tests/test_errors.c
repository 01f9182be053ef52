// SPDX-License-Identifier: MIT
/*
 * Each ioctl of a whole program fails once with each errno of the interface:
 * the error comes through unchanged, and nothing is left in the kernel or (AddressSanitizer) in the process.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "fake_kernel.h"

static const int errors[] = {
	EINVAL, EFAULT, ENOENT, EACCES, EPERM, ENOSPC, ENOMEM, E2BIG, EOPNOTSUPP, ECANCELED,
	ETIMEDOUT, ETIME, EIO, ENODEV,
};

struct program {
	struct nova_device *dev;
	struct nova_bo *bo;
	struct nova_bo *imported;
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_sync *sync;
	struct nova_sync *shared;
	uint64_t va;
	int fd;
};

static int drop_fd(int *fd)
{
	return close(*fd);
}

static int query_all(struct nova_device *dev)
{
	struct nova_memory_region regions[NOVA_MEMORY_REGIONS_MAX];
	struct nova_engine engines[NOVA_ENGINES_MAX];
	struct nova_device_info info;
	struct nova_limits limits;
	struct nova_time time;
	uint32_t count;
	int ret = nova_device_query_info(dev, &info);

	if (!ret)
		ret = nova_device_query_memory(dev, regions, &count);
	if (!ret)
		ret = nova_device_query_engines(dev, engines, &count);
	if (!ret)
		ret = nova_device_query_limits(dev, &limits);
	if (!ret)
		ret = nova_device_query_priorities(dev, &count, NULL);
	if (!ret)
		ret = nova_device_get_time(dev, CLOCK_MONOTONIC, &time);
	return ret;
}

static int use_memory(struct program *s)
{
	struct nova_bo_desc desc = { .size = 4096 };
	struct nova_bo_info info;
	void *map;
	int ret = nova_bo_create(s->dev, &desc, &s->bo);

	if (!ret)
		ret = nova_bo_map(s->bo, &map);
	if (!ret)
		ret = nova_bo_query_info(s->bo, &info);
	if (!ret)
		ret = nova_bo_set_label(s->bo, "a label");
	if (!ret)
		ret = nova_bo_madvise(s->bo, NOVA_BO_WILLNEED, NULL);
	if (!ret)
		ret = nova_bo_export(s->bo, &s->fd);
	if (!ret)
		ret = drop_fd(&s->fd);
	if (!ret)
		ret = nova_bo_import(s->dev, fake.fd, &s->imported);
	if (!ret)
		ret = nova_vm_create(s->dev, &s->vm);
	if (!ret)
		ret = nova_vm_map(s->vm, s->bo, 0, 0, 0, &s->va);
	return ret;
}

static int use_queue(struct program *s)
{
	struct nova_queue_desc desc = { 0 };
	struct nova_push_range range = { .va = s->va, .length = 4 };
	struct nova_queue_state state;
	struct nova_vm_state vm_state;
	struct nova_job_sync done = { .point = 1, .flags = NOVA_JOB_SYNC_SIGNAL };
	struct nova_job job = { .ranges = &range, .range_count = 1, .syncs = &done, .sync_count = 1 };
	int ret = nova_sync_create(s->dev, 0, &s->sync);

	done.sync = s->sync;
	if (!ret)
		ret = nova_queue_create(s->vm, &desc, &s->queue);
	if (!ret)
		ret = nova_queue_submit(s->queue, &job, 1);
	if (!ret)
		ret = nova_queue_get_state(s->queue, &state);
	if (!ret)
		ret = nova_vm_get_state(s->vm, &vm_state);
	if (!ret)
		ret = nova_vm_unmap(s->vm, s->va);
	return ret;
}

static int use_sync(struct program *s)
{
	uint64_t point;
	int status;
	int ret = nova_sync_wait(s->sync, 1, 0, 0);

	if (!ret)
		ret = nova_sync_wait_many(&s->sync, NULL, 1, 0, 0, NULL);
	if (!ret)
		ret = nova_sync_get_status(s->sync, 0, &status);
	if (!ret)
		ret = nova_sync_get_status(s->sync, 1, &status);
	if (!ret)
		ret = nova_sync_query(s->sync, &point);
	if (!ret)
		ret = nova_sync_signal(s->sync, 0);
	if (!ret)
		ret = nova_sync_signal(s->sync, 2);
	if (!ret)
		ret = nova_sync_reset(s->sync);
	if (!ret)
		ret = nova_sync_import_sync_file(s->sync, fake.fd);
	if (!ret)
		ret = nova_sync_export_fd(s->sync, &s->fd);
	if (!ret)
		ret = drop_fd(&s->fd);
	if (!ret)
		ret = nova_sync_import_fd(s->dev, fake.fd, &s->shared);
	return ret;
}

/* Everything libnova can ask of the kernel, then everything freed, whatever happened before. */
static int run_program(uint32_t *calls_before_destroy)
{
	struct program s = { .fd = -1 };
	int ret = nova_device_open_fd(fake.fd, &s.dev);

	if (!ret)
		ret = query_all(s.dev);
	if (!ret)
		ret = use_memory(&s);
	if (!ret)
		ret = use_queue(&s);
	if (!ret)
		ret = use_sync(&s);
	*calls_before_destroy = fake.calls;
	nova_device_close(s.dev);
	nova_vm_destroy(s.vm);
	nova_bo_destroy(s.bo);
	nova_bo_destroy(s.imported);
	nova_sync_destroy(s.shared);
	nova_queue_destroy(s.queue);
	nova_sync_destroy(s.sync);
	return ret;
}

static void test_every_failure(void **state)
{
	uint32_t calls, destroys_from;
	int ret;

	(void)state;
	fake_open();
	assert_int_equal(run_program(&destroys_from), 0);
	calls = fake.calls;
	assert_true(destroys_from > 30 && calls > destroys_from);
	assert_int_equal(fake_live(), 0);
	fake_close();

	for (uint32_t call = 1; call <= calls; call++) {
		for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
			uint32_t ignored;

			fake_open();
			fake.fail_call = call;
			fake.fail_error = errors[i];
			ret = run_program(&ignored);
			assert_true(fake.last_failed != 0);
			if (fake_is_destroy(fake.last_failed))
				assert_int_equal(ret, 0);	/* destroys do not fail */
			else
				assert_int_equal(ret, -errors[i]);
			assert_int_equal(fake_live(), 0);
			assert_int_equal(fake.wrong_destroys, 0);
			fake_close();
		}
	}
}

/* From one call on the device is gone for good. */
static void test_gone_from(void **state)
{
	uint32_t calls, ignored;
	int ret;

	(void)state;
	fake_open();
	assert_int_equal(run_program(&calls), 0);
	fake_close();
	for (uint32_t call = 1; call <= calls; call++) {
		fake_open();
		fake.gone_from = call;
		ret = run_program(&ignored);
		assert_int_equal(ret, -ENODEV);
		assert_int_equal(fake_live(), 0);
		fake_close();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_failure),
		cmocka_unit_test(test_gone_from),
	};

	return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}
