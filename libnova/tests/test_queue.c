// SPDX-License-Identifier: MIT
#include <errno.h>

#include "fake_kernel.h"

struct rig {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_sync *sync[2];
};

static void rig_up(struct rig *rig, struct nova_device *dev)
{
	struct nova_queue_desc desc = { .engine = 5, .priority = NOVA_PRIORITY_NORMAL, .ring_size = 128 };

	rig->dev = dev;
	assert_int_equal(nova_vm_create(dev, &rig->vm), 0);
	assert_int_equal(nova_queue_create(rig->vm, &desc, &rig->queue), 0);
	assert_int_equal(nova_sync_create(dev, 0, &rig->sync[0]), 0);
	assert_int_equal(nova_sync_create(dev, 0, &rig->sync[1]), 0);
}

static void rig_down(struct rig *rig)
{
	nova_sync_destroy(rig->sync[1]);
	nova_sync_destroy(rig->sync[0]);
	nova_vm_destroy(rig->vm);
	nova_queue_destroy(rig->queue);
}

static void test_create(void **state)
{
	struct nova_queue_desc desc = { 0 };
	struct nova_queue *queue;
	struct rig rig;

	rig_up(&rig, *state);
	assert_int_equal(fake.queue_create.vm_id, fake_handle(FAKE_VM, 0));
	assert_int_equal(fake.queue_create.engine, 5);
	assert_int_equal(fake.queue_create.priority, DRM_NOVA_PRIORITY_NORMAL);
	assert_int_equal(fake.queue_create.flags, 0);
	assert_int_equal(fake.queue_create.ring_size, 128);
	assert_int_equal(nova_queue_id(rig.queue), fake_handle(FAKE_QUEUE, 0));
	assert_int_equal(nova_queue_create(NULL, &desc, &queue), -EINVAL);
	assert_int_equal(nova_queue_create(rig.vm, NULL, &queue), -EINVAL);
	assert_int_equal(nova_queue_create(rig.vm, &desc, NULL), -EINVAL);
	nova_queue_destroy(NULL);
	rig_down(&rig);
}

static void test_state(void **state)
{
	struct nova_queue_state queue_state;
	struct rig rig;

	rig_up(&rig, *state);
	assert_int_equal(nova_queue_get_state(rig.queue, &queue_state), 0);
	assert_int_equal(queue_state.flags, NOVA_QUEUE_GUILTY | NOVA_QUEUE_TIMEDOUT);
	assert_int_equal(queue_state.reset_count, 2);
	assert_int_equal(queue_state.error, 43);
	assert_int_equal(nova_queue_get_state(rig.queue, NULL), -EINVAL);
	assert_int_equal(nova_queue_get_state(NULL, &queue_state), -EINVAL);
	rig_down(&rig);
}

static void test_submit(void **state)
{
	const struct nova_push_range ranges[] = {
		{ .va = 0x1000, .length = 64 },
		{ .va = 0x2000, .length = 128, .flags = NOVA_PUSH_RANGE_SYNC },
	};
	struct nova_job_sync syncs[3];
	struct nova_job jobs[3];
	struct rig rig;

	rig_up(&rig, *state);
	syncs[0] = (struct nova_job_sync) { .sync = rig.sync[0] };
	syncs[1] = (struct nova_job_sync) { .sync = rig.sync[1], .point = 9, .flags = NOVA_JOB_SYNC_SIGNAL };
	syncs[2] = (struct nova_job_sync) { .sync = rig.sync[0], .flags = NOVA_JOB_SYNC_SIGNAL };
	jobs[0] = (struct nova_job) { .ranges = ranges, .range_count = 2, .syncs = syncs, .sync_count = 2 };
	jobs[1] = (struct nova_job) { 0 };
	jobs[2] = (struct nova_job) { .ranges = ranges, .range_count = 1, .syncs = syncs + 2, .sync_count = 1 };
	assert_int_equal(nova_queue_submit(rig.queue, jobs, 3), 0);

	assert_int_equal(fake.exec.queue_id, nova_queue_id(rig.queue));
	assert_int_equal(fake.exec.flags, 0);
	assert_int_equal(fake.exec.jobs.count, 3);
	assert_int_equal(fake.jobs[0].pushes.count, 2);
	assert_int_equal(fake.jobs[0].syncs.count, 2);
	assert_int_equal(fake.jobs[0].flags, 0);
	assert_int_equal(fake.jobs[1].pushes.count, 0);
	assert_int_equal(fake.jobs[1].syncs.count, 0);
	assert_int_equal(fake.jobs[2].pushes.count, 1);
	assert_int_equal(fake.pushes[1].va, 0x2000);
	assert_int_equal(fake.pushes[1].length, 128);
	assert_int_equal(fake.pushes[1].flags, DRM_NOVA_PUSH_SYNC);
	assert_int_equal(fake.pushes[2].va, 0x1000);
	assert_int_equal(fake.syncs[0].handle, nova_sync_handle(rig.sync[0]));
	assert_int_equal(fake.syncs[0].flags, 0);
	assert_int_equal(fake.syncs[1].handle, nova_sync_handle(rig.sync[1]));
	assert_int_equal(fake.syncs[1].flags, DRM_NOVA_SYNC_SIGNAL | DRM_NOVA_SYNC_TIMELINE);
	assert_int_equal(fake.syncs[1].point, 9);
	assert_int_equal(fake.syncs[2].flags, DRM_NOVA_SYNC_SIGNAL);
	assert_int_equal(fake.syncs[2].point, 0);

	assert_int_equal(nova_queue_submit_flags(rig.queue, jobs, 3, NOVA_SUBMIT_IMPLICIT_SYNC), 0);
	assert_int_equal(fake.exec.flags, DRM_NOVA_EXEC_IMPLICIT_SYNC);
	assert_int_equal(fake.exec.jobs.count, 3);
	assert_int_equal(nova_queue_submit_flags(rig.queue, jobs, 3, 0), 0);
	assert_int_equal(fake.exec.flags, 0);
	rig_down(&rig);
}

static void test_submit_refuses(void **state)
{
	struct nova_job_sync sync = { 0 };
	struct nova_job job = { 0 };
	struct nova_device *other;
	struct rig rig;
	uint32_t calls;

	rig_up(&rig, *state);
	calls = fake.calls;
	assert_int_equal(nova_queue_submit(NULL, &job, 1), -EINVAL);
	assert_int_equal(nova_queue_submit(rig.queue, NULL, 1), -EINVAL);
	assert_int_equal(nova_queue_submit(rig.queue, &job, 0), -EINVAL);
	assert_int_equal(nova_queue_submit_flags(rig.queue, &job, 1, 2), -EINVAL);
	job.range_count = 1;
	assert_int_equal(nova_queue_submit(rig.queue, &job, 1), -EINVAL);
	job.range_count = 0;
	job.sync_count = 1;
	assert_int_equal(nova_queue_submit(rig.queue, &job, 1), -EINVAL);
	job.syncs = &sync;
	assert_int_equal(nova_queue_submit(rig.queue, &job, 1), -EINVAL);
	sync.sync = rig.sync[0];
	sync.flags = 2;
	assert_int_equal(nova_queue_submit(rig.queue, &job, 1), -EINVAL);
	assert_int_equal(fake.calls, calls);

	assert_int_equal(nova_device_open_fd(fake.fd, &other), 0);
	sync.flags = 0;
	assert_int_equal(nova_sync_create(other, 0, &sync.sync), 0);
	assert_int_equal(nova_queue_submit(rig.queue, &job, 1), -EINVAL);
	nova_sync_destroy(sync.sync);
	nova_device_close(other);
	rig_down(&rig);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_state),
		TEST(test_submit),
		TEST(test_submit_refuses),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
