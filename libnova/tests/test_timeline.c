// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>

#include "fake_kernel.h"
#include "private.h"

struct timeline_test {
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_timeline *timeline;
	uint32_t handle;
};

static struct timeline_test set_up(struct nova_device *dev)
{
	struct nova_queue_desc desc = { 0 };
	struct timeline_test t;

	fake.completed = 0;
	assert_int_equal(nova_vm_create(dev, &t.vm), 0);
	assert_int_equal(nova_queue_create(t.vm, &desc, &t.queue), 0);
	assert_int_equal(nova_timeline_create(dev, &t.timeline), 0);
	t.handle = nova_sync_handle(nova_timeline_sync(t.timeline));
	return t;
}

static void tear_down(struct timeline_test *t)
{
	nova_timeline_destroy(t->timeline);
	nova_queue_destroy(t->queue);
	nova_vm_destroy(t->vm);
}

static void test_submit(void **state)
{
	struct timeline_test t = set_up(*state);
	struct nova_sync *other;
	struct nova_job_sync wait = { 0 };
	struct nova_push_range range = { .va = 0x10000, .length = 4 };
	struct nova_job jobs[2] = { 0 };
	uint64_t point = 99;

	assert_int_equal(nova_sync_create(*state, 0, &other), 0);
	wait.sync = other;
	assert_int_equal(nova_timeline_last(t.timeline), 0);
	assert_int_equal(nova_timeline_next(t.timeline), 1);
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, jobs, 1, &point), 0);
	assert_int_equal(point, 1);
	assert_int_equal(fake.syncs[0].handle, t.handle);
	assert_int_equal(fake.syncs[0].point, 1);
	assert_int_equal(fake.syncs[0].flags, DRM_NOVA_SYNC_SIGNAL | DRM_NOVA_SYNC_TIMELINE);

	/* The last job signals, after what it has itself; the client's jobs stay as they are. */
	jobs[0].syncs = jobs[1].syncs = &wait;
	jobs[0].sync_count = jobs[1].sync_count = 1;
	jobs[1].ranges = &range;
	jobs[1].range_count = 1;
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, jobs, 2, NULL), 0);
	assert_int_equal(jobs[1].sync_count, 1);
	assert_int_equal(fake.jobs[0].syncs.count, 1);
	assert_int_equal(fake.jobs[1].syncs.count, 2);
	assert_int_equal(fake.jobs[1].pushes.count, 1);
	assert_int_equal(fake.pushes[0].va, 0x10000);
	assert_int_equal(fake.syncs[1].handle, nova_sync_handle(other));
	assert_int_equal(fake.syncs[1].flags, 0);
	assert_int_equal(fake.syncs[2].handle, t.handle);
	assert_int_equal(fake.syncs[2].point, 2);
	assert_int_equal(nova_timeline_last(t.timeline), 2);

	/* What was not accepted uses no point. */
	fake.fail_request = DRM_IOCTL_NOVA_EXEC;
	fake.fail_error = ECANCELED;
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, jobs, 2, &point), -ECANCELED);
	assert_int_equal(point, 1);
	fake.fail_request = 0;
	assert_int_equal(nova_timeline_last(t.timeline), 2);
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, jobs, 2, &point), 0);
	assert_int_equal(point, 3);
	nova_sync_destroy(other);
	tear_down(&t);
}

static void test_arguments(void **state)
{
	struct timeline_test t = set_up(*state);
	struct nova_job job = { 0 };
	uint64_t point;
	int idle;

	assert_int_equal(nova_timeline_create(NULL, &t.timeline), -EINVAL);
	assert_int_equal(nova_timeline_create(*state, NULL), -EINVAL);
	assert_int_equal(nova_timeline_submit(NULL, t.queue, &job, 1, NULL), -EINVAL);
	assert_int_equal(nova_timeline_submit(t.timeline, NULL, &job, 1, NULL), -EINVAL);
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, NULL, 1, NULL), -EINVAL);
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, &job, 0, NULL), -EINVAL);
	job.sync_count = 1;
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, &job, 1, NULL), -EINVAL);
	job.sync_count = UINT32_MAX;
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, &job, 1, NULL), -EINVAL);
	assert_int_equal(nova_timeline_completed(NULL, &point), -EINVAL);
	assert_int_equal(nova_timeline_completed(t.timeline, NULL), -EINVAL);
	assert_int_equal(nova_timeline_wait(NULL, 0, 0), -EINVAL);
	assert_int_equal(nova_timeline_wait_idle(NULL, 0), -EINVAL);
	assert_int_equal(nova_timeline_is_idle(NULL, &idle), -EINVAL);
	assert_int_equal(nova_timeline_is_idle(t.timeline, NULL), -EINVAL);
	assert_int_equal(nova_timeline_last(t.timeline), 0);
	nova_timeline_destroy(NULL);
	fake.fail_request = DRM_IOCTL_SYNCOBJ_CREATE;
	fake.fail_error = ENOMEM;
	assert_int_equal(nova_timeline_create(*state, &t.timeline), -ENOMEM);
	tear_down(&t);
}

static void test_wait(void **state)
{
	struct timeline_test t = set_up(*state);
	struct nova_job job = { 0 };
	uint32_t calls = fake.calls;
	uint64_t point = 99;
	int idle = -1;

	/* Nothing submitted: nothing to ask. */
	assert_int_equal(nova_timeline_wait(t.timeline, 0, 0), 0);
	assert_int_equal(nova_timeline_wait_idle(t.timeline, 0), 0);
	assert_int_equal(nova_timeline_wait(t.timeline, 1, 0), -EINVAL);
	assert_int_equal(nova_timeline_is_idle(t.timeline, &idle), 0);
	assert_int_equal(idle, 1);
	assert_int_equal(fake.calls, calls);

	for (int i = 0; i < 5; i++)
		assert_int_equal(nova_timeline_submit(t.timeline, t.queue, &job, 1, NULL), 0);
	assert_int_equal(nova_timeline_is_idle(t.timeline, &idle), 0);
	assert_int_equal(idle, 0);
	assert_int_equal(nova_timeline_completed(t.timeline, &point), 0);
	assert_int_equal(point, 0);
	assert_int_equal(nova_timeline_wait(t.timeline, 3, 1234), 0);
	assert_int_equal(fake.wait_handles[0], t.handle);
	assert_int_equal(fake.wait_points[0], 3);
	assert_int_equal(fake.wait.timeout_nsec, 1234);
	assert_int_equal(fake.wait.flags, 0);

	/* What was waited for counts as completed, whatever an older look says, and is not asked for again. */
	fake.completed = 2;
	assert_int_equal(nova_timeline_completed(t.timeline, &point), 0);
	assert_int_equal(point, 3);
	fake.fail_request = DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT;
	fake.fail_error = ETIME;
	assert_int_equal(nova_timeline_wait(t.timeline, 3, 0), 0);
	assert_int_equal(nova_timeline_wait(t.timeline, 4, 0), -ETIME);
	assert_int_equal(nova_timeline_wait_idle(t.timeline, 0), -ETIME);
	fake.completed = 5;
	assert_int_equal(nova_timeline_is_idle(t.timeline, &idle), 0);
	assert_int_equal(idle, 1);
	assert_int_equal(nova_timeline_wait_idle(t.timeline, 0), 0);
	fake.fail_request = 0;
	tear_down(&t);
}

static void test_gone(void **state)
{
	struct timeline_test t = set_up(*state);
	struct nova_job job = { 0 };
	uint64_t point = 99;
	int idle = -1;

	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, &job, 1, NULL), 0);
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, &job, 1, NULL), 0);
	assert_int_equal(nova_timeline_wait(t.timeline, 1, 0), 0);
	fake.gone_from = fake.calls + 1;
	assert_int_equal(nova_timeline_wait(t.timeline, 1, 0), 0);
	assert_int_equal(nova_timeline_wait(t.timeline, 2, INT64_MAX), -ENODEV);
	assert_int_equal(nova_timeline_completed(t.timeline, &point), -ENODEV);
	assert_int_equal(nova_timeline_is_idle(t.timeline, &idle), -ENODEV);
	assert_int_equal(nova_timeline_submit(t.timeline, t.queue, &job, 1, &point), -ENODEV);
	assert_int_equal(point, 99);
	assert_int_equal(idle, -1);
	tear_down(&t);
}

/* --- threads: each point is given out once, and the kernel sees them in order ------------------ */

#define THREADS	4
#define SUBMITS	500

struct submitter {
	struct timeline_test *t;
	uint64_t points[SUBMITS];
	uint32_t failed;
};

static void *submit(void *data)
{
	struct submitter *submitter = data;
	struct nova_job job = { 0 };

	for (int i = 0; i < SUBMITS; i++) {
		submitter->failed += !!nova_timeline_submit(submitter->t->timeline, submitter->t->queue,
							    &job, 1, &submitter->points[i]);
	}
	return NULL;
}

static void test_threads(void **state)
{
	static struct submitter submitters[THREADS];
	static uint32_t seen[THREADS * SUBMITS + 1];
	struct timeline_test t = set_up(*state);
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		submitters[i].t = &t;
		assert_int_equal(pthread_create(&threads[i], NULL, submit, &submitters[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(submitters[i].failed, 0);
		for (int j = 0; j < SUBMITS; j++) {
			assert_in_range(submitters[i].points[j], 1, THREADS * SUBMITS);
			assert_int_equal(seen[submitters[i].points[j]]++, 0);
			assert_true(!j || submitters[i].points[j] > submitters[i].points[j - 1]);
		}
	}
	assert_int_equal(nova_timeline_last(t.timeline), THREADS * SUBMITS);
	/* The fake kernel keeps the last submission only: it has the last point. */
	assert_int_equal(fake.syncs[0].point, THREADS * SUBMITS);
	tear_down(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_submit),
		TEST(test_arguments),
		TEST(test_wait),
		TEST(test_gone),
		TEST(test_threads),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
