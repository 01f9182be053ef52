/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("Queues: creation, limits, priorities, state, destruction.");

#define PAGE	IGT_NOVA_PAGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

static void test_create_destroy(int fd)
{
	uint32_t vm = igt_nova_vm_create(fd, NULL);

	for (uint32_t engine = 0; engine < igt_nova_engine_count(fd); engine++) {
		struct drm_nova_queue_create create = {
			.vm_id = vm, .engine = engine, .priority = DRM_NOVA_PRIORITY_LOW,
			.doorbell_offset = ~0ull,
		};
		struct drm_nova_queue_get_state state;

		igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
		igt_assert(create.queue_id);
		igt_assert_eq_u64(create.doorbell_offset, 0);
		igt_nova_queue_state(fd, create.queue_id, &state);
		igt_assert_eq_u32(state.flags, 0);
		igt_assert_eq_u32(state.reset_count, 0);
		igt_assert_eq_u32(state.error, 0);
		igt_nova_queue_destroy(fd, create.queue_id, 0);
		igt_nova_queue_destroy(fd, create.queue_id, ENOENT);
	}
	igt_nova_vm_destroy(fd, vm, 0);
}

static void test_ring_sizes(int fd)
{
	uint32_t vm = igt_nova_vm_create(fd, NULL);
	struct drm_nova_query_limits limits;

	igt_nova_limits(fd, &limits);
	for (uint64_t size = limits.ring_size_min; size <= limits.ring_size_max; size *= 2) {
		struct drm_nova_queue_create create = {
			.vm_id = vm, .priority = DRM_NOVA_PRIORITY_NORMAL, .ring_size = size,
		};

		igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
		igt_nova_queue_destroy(fd, create.queue_id, 0);
	}
	igt_nova_vm_destroy(fd, vm, 0);
}

/* The smallest ring goes round many times. */
static void test_ring_wraps(int fd)
{
	struct drm_nova_queue_create create = { .priority = DRM_NOVA_PRIORITY_NORMAL };
	struct drm_nova_query_limits limits;
	struct igt_nova_client client;
	struct igt_nova_push push;
	struct igt_nova_bo bo;

	igt_nova_limits(fd, &limits);
	igt_nova_client_open(&client);
	igt_nova_client_bo(&client, &bo, PAGE, SYSTEM);
	create.vm_id = client.vm;
	create.ring_size = limits.ring_size_min;
	igt_nova_expect(client.fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
	for (uint32_t i = 0; i < 3 * limits.ring_size_min && i < 256; i++) {
		client.pushes_used = 0;
		igt_nova_push_begin(&client, &push, 16);
		igt_nova_push_release(&push, bo.va, i + 1);
		igt_assert_eq(igt_nova_submit_wait(client.fd, create.queue_id, &push), 1);
		igt_assert_eq_u32(bo.map[0], i + 1);
	}
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

static void test_limit(int fd)
{
	struct drm_nova_query_limits limits;
	struct drm_nova_queue_create create = { .priority = DRM_NOVA_PRIORITY_NORMAL };
	int own = igt_nova_open();
	uint32_t last = 0;

	igt_nova_limits(fd, &limits);
	create.vm_id = igt_nova_vm_create(own, NULL);
	for (uint32_t i = 0; i < limits.queues_max; i++)
		last = igt_nova_queue_create(own, create.vm_id, 0, 0);
	igt_nova_expect(own, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, ENOSPC);
	igt_nova_queue_destroy(own, last, 0);
	igt_nova_queue_create(own, create.vm_id, 0, 0);
	close(own);
	/* What the file held is free again. */
	igt_nova_check_works(fd);
}

static void test_ids_per_file(int fd)
{
	uint32_t vm = igt_nova_vm_create(fd, NULL);
	uint32_t queue = igt_nova_queue_create(fd, vm, 0, 0);
	struct drm_nova_queue_get_state state = { .queue_id = queue };
	int other = igt_nova_open();

	igt_nova_expect(other, DRM_IOCTL_NOVA_QUEUE_GET_STATE, &state, ENOENT);
	igt_nova_queue_destroy(other, queue, ENOENT);
	igt_assert_eq(igt_nova_submit(other, queue, NULL, NULL, 0), -ENOENT);
	close(other);
	igt_nova_queue_destroy(fd, queue, 0);
	igt_nova_vm_destroy(fd, vm, 0);
}

static void create_with_priority(int fd, uint32_t vm, uint32_t priority, int error)
{
	struct drm_nova_queue_create create = { .vm_id = vm, .priority = priority };

	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, error);
	if (!error)
		igt_nova_queue_destroy(fd, create.queue_id, 0);
}

/* What is said to be allowed is what the test below is allowed. */
static void check_priorities(int fd, uint32_t allowed)
{
	struct drm_nova_query_priorities priorities;

	igt_nova_query(fd, DRM_NOVA_QUERY_PRIORITIES, &priorities, sizeof(priorities));
	igt_assert_eq_u32(priorities.known, 1u << DRM_NOVA_PRIORITY_LOW |
			  1u << DRM_NOVA_PRIORITY_NORMAL | 1u << DRM_NOVA_PRIORITY_HIGH);
	igt_assert_eq_u32(priorities.allowed, allowed);
}

static void test_priority(int fd)
{
	uint32_t vm = igt_nova_vm_create(fd, NULL);

	check_priorities(fd, 1u << DRM_NOVA_PRIORITY_LOW | 1u << DRM_NOVA_PRIORITY_NORMAL |
			 1u << DRM_NOVA_PRIORITY_HIGH);

	create_with_priority(fd, vm, DRM_NOVA_PRIORITY_LOW, 0);
	create_with_priority(fd, vm, DRM_NOVA_PRIORITY_NORMAL, 0);
	create_with_priority(fd, vm, DRM_NOVA_PRIORITY_HIGH, 0);
	igt_fork(child, 1) {
		igt_drop_root();
		check_priorities(fd, 1u << DRM_NOVA_PRIORITY_LOW | 1u << DRM_NOVA_PRIORITY_NORMAL);
		create_with_priority(fd, vm, DRM_NOVA_PRIORITY_HIGH, EACCES);
		create_with_priority(fd, vm, DRM_NOVA_PRIORITY_NORMAL, 0);
		create_with_priority(fd, vm, DRM_NOVA_PRIORITY_LOW, 0);
	}
	igt_waitchildren();
	igt_nova_vm_destroy(fd, vm, 0);
}

/* --- weights: a queue gets 1, 2 or 4 turns per round, by its priority --- */

#define TURNS		16u	/* in one segment */
#define SEGMENTS_FIRST	4u	/* of the queue that is watched */
#define SEGMENTS_OTHER	200u	/* more turns than the other one can have meanwhile */

/*
 * What is in the buffer: the counter of each queue, copies of the other one's, and whether the
 * first queue is under way.
 */
enum { COUNT_FIRST, COUNT_OTHER, COUNT_BEGIN, COUNT_END, FIRST_BEGAN };

static void push_semaphore(struct igt_nova_push *push, uint64_t va, uint32_t payload,
			   uint32_t execute)
{
	igt_nova_push_host(push, NV_C46F_SEM_ADDR_LO, (uint32_t)va);
	igt_nova_push_host(push, NV_C46F_SEM_ADDR_HI, va >> 32);
	igt_nova_push_host(push, NV_C46F_SEM_PAYLOAD_LO, payload);
	igt_nova_push_host(push, NV_C46F_SEM_PAYLOAD_HI, 0);
	igt_nova_push_host(push, NV_C46F_SEM_EXECUTE, execute);
}

static void push_acquire_at_least(struct igt_nova_push *push, uint64_t va, uint32_t payload)
{
	push_semaphore(push, va, payload,
		       NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, NV_C46F_SEM_OP_ACQ_STRICT_GEQ));
}

/* Turns that end themselves after counting. */
static void push_turns(struct igt_nova_push *push, uint64_t counter)
{
	for (unsigned int i = 0; i < TURNS; i++) {
		push_semaphore(push, counter, 1,
			       NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, NV_C46F_SEM_OP_REDUCTION) |
			       NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, NV_C46F_SEM_REDUCTION_IADD));
		igt_nova_push_host(push, NV_C46F_YIELD,
				   NV_PUT(NV_C46F_YIELD_OP, NV_C46F_YIELD_RUNLIST_TIMESLICE));
	}
}

/* Submits @count segments; returns a syncobj with the fence. */
static uint32_t submit_segments(int fd, uint32_t queue, const struct drm_nova_push *segments,
				uint32_t count)
{
	struct drm_nova_sync out = igt_nova_signal(igt_nova_syncobj_create(fd), 0);
	struct drm_nova_job job = {
		.pushes = { sizeof(*segments), count, (uintptr_t)segments },
		.syncs = { sizeof(out), 1, (uintptr_t)&out },
	};

	igt_assert_eq(igt_nova_exec(fd, queue, &job, 1), 0);
	return out.handle;
}

static uint32_t queue_of(struct igt_nova_client *client, uint32_t priority)
{
	struct drm_nova_queue_create create = { .vm_id = client->vm, .priority = priority };

	igt_nova_expect(client->fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
	return create.queue_id;
}

/* How many turns the other queue has had while the first had SEGMENTS_FIRST * TURNS. */
static uint32_t race(uint32_t first, uint32_t other)
{
	struct drm_nova_push segments[SEGMENTS_OTHER + 1] = { 0 };
	struct igt_nova_client client;
	struct igt_nova_push push;
	uint32_t fence[2], turns;
	struct igt_nova_bo bo;

	igt_nova_client_open(&client);
	igt_nova_client_bo(&client, &bo, PAGE, SYSTEM);
	/* It begins when the other one is under way, which waits for it in turn. */
	igt_nova_push_begin(&client, &push, 64);
	push_semaphore(&push, bo.va + FIRST_BEGAN * 4, 1,
		       NV_PUT(NV_C46F_SEM_EXECUTE_OPERATION, NV_C46F_SEM_OP_RELEASE));
	push_acquire_at_least(&push, bo.va + COUNT_OTHER * 4, TURNS);
	igt_nova_push_copy(&push, bo.va + COUNT_BEGIN * 4, bo.va + COUNT_OTHER * 4, 4);
	segments[0] = (struct drm_nova_push) { push.va, push.length, 0 };
	igt_nova_push_begin(&client, &push, TURNS * 16);
	push_turns(&push, bo.va + COUNT_FIRST * 4);
	for (unsigned int i = 1; i <= SEGMENTS_FIRST; i++)
		segments[i] = (struct drm_nova_push) { push.va, push.length, 0 };
	igt_nova_push_begin(&client, &push, 64);
	igt_nova_push_copy(&push, bo.va + COUNT_END * 4, bo.va + COUNT_OTHER * 4, 4);
	segments[SEGMENTS_FIRST + 1] = (struct drm_nova_push) { push.va, push.length, 0 };
	fence[0] = submit_segments(client.fd, queue_of(&client, first), segments,
				   SEGMENTS_FIRST + 2);

	igt_nova_push_begin(&client, &push, 64);
	push_acquire_at_least(&push, bo.va + FIRST_BEGAN * 4, 1);
	segments[0] = (struct drm_nova_push) { push.va, push.length, 0 };
	igt_nova_push_begin(&client, &push, TURNS * 16);
	push_turns(&push, bo.va + COUNT_OTHER * 4);
	for (unsigned int i = 1; i <= SEGMENTS_OTHER; i++)
		segments[i] = (struct drm_nova_push) { push.va, push.length, 0 };
	fence[1] = submit_segments(client.fd, queue_of(&client, other), segments,
				   SEGMENTS_OTHER + 1);
	for (unsigned int i = 0; i < 2; i++)
		igt_assert_eq(igt_nova_fence_result(client.fd, fence[i]), 1);

	igt_assert_eq_u32(bo.map[COUNT_FIRST], SEGMENTS_FIRST * TURNS);
	igt_assert_eq_u32(bo.map[COUNT_OTHER], SEGMENTS_OTHER * TURNS);
	igt_assert_lt_u64(bo.map[COUNT_END], SEGMENTS_OTHER * TURNS);
	turns = bo.map[COUNT_END] - bo.map[COUNT_BEGIN];
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	return turns;
}

/*
 * Counted in turns, not in time. A slice that ends early, because nobody ran the engine for a
 * while, costs a turn now and then: so the bounds are half-way to the next weight, in ratio.
 */
static void test_priority_weight(int fd)
{
	static const struct {
		uint32_t first, other, turns;
	} races[] = {
		{ DRM_NOVA_PRIORITY_NORMAL, DRM_NOVA_PRIORITY_NORMAL, 64 },
		{ DRM_NOVA_PRIORITY_HIGH, DRM_NOVA_PRIORITY_NORMAL, 32 },
		{ DRM_NOVA_PRIORITY_NORMAL, DRM_NOVA_PRIORITY_LOW, 32 },
		{ DRM_NOVA_PRIORITY_HIGH, DRM_NOVA_PRIORITY_LOW, 16 },
		{ DRM_NOVA_PRIORITY_LOW, DRM_NOVA_PRIORITY_HIGH, 256 },
	};

	(void)fd;
	for (size_t i = 0; i < ARRAY_SIZE(races); i++) {
		uint32_t turns = race(races[i].first, races[i].other);

		igt_info("priority %u: %u turns, priority %u meanwhile: %u\n", races[i].first,
			 SEGMENTS_FIRST * TURNS, races[i].other, turns);
		igt_assert_lte_u64(races[i].turns * 5 / 7, turns);
		igt_assert_lte_u64(turns, races[i].turns * 7 / 5);
	}
}

/**
 * struct busy - a queue whose job does not end
 * @client: whose it is
 * @bo: has the semaphore, which nobody releases
 * @queue: the queue
 * @fence: of the job
 */
struct busy {
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	uint32_t queue;
	uint32_t fence;
};

static void busy_open(struct busy *busy)
{
	struct igt_nova_push push;

	igt_nova_client_open(&busy->client);
	igt_nova_client_bo(&busy->client, &busy->bo, PAGE, SYSTEM);
	busy->queue = igt_nova_client_queue(&busy->client, 0);
	igt_nova_push_begin(&busy->client, &push, 16);
	igt_nova_push_acquire(&push, busy->bo.va, 1);
	busy->fence = igt_nova_submit_fence(busy->client.fd, busy->queue, &push);
}

static void busy_close(struct busy *busy)
{
	igt_nova_bo_destroy(busy->client.fd, &busy->bo);
	igt_nova_client_close(&busy->client);
}

/* The job and another one behind it end with an error. */
static void test_destroy_busy(int fd)
{
	struct busy busy;
	uint32_t behind;

	busy_open(&busy);
	behind = igt_nova_submit_fence(busy.client.fd, busy.queue, NULL);
	igt_assert(igt_nova_syncobj_busy(busy.client.fd, busy.fence));
	igt_assert(igt_nova_syncobj_busy(busy.client.fd, behind));
	igt_nova_queue_destroy(busy.client.fd, busy.queue, 0);
	igt_assert_lt(igt_nova_fence_result(busy.client.fd, busy.fence), 0);
	igt_assert_lt(igt_nova_fence_result(busy.client.fd, behind), 0);
	busy_close(&busy);
	igt_nova_check_works(fd);
}

/* The same by closing the file, seen through a sync file that outlives it. */
static void test_close_busy(int fd)
{
	struct busy busy;
	int sync_file;

	busy_open(&busy);
	sync_file = igt_nova_sync_file(busy.client.fd, busy.fence);
	igt_assert_eq(igt_nova_sync_file_status(sync_file), 0);
	busy_close(&busy);
	igt_assert_eq(igt_nova_sync_file_wait(sync_file), 0);
	igt_assert_lt(igt_nova_sync_file_status(sync_file), 0);
	close(sync_file);
	igt_nova_check_works(fd);
}

/*
 * The first of many jobs waits for a fence, which the queue's end cuts short: the scheduler sets
 * out to run them at the very moment at which it is taken down.
 */
static void test_destroy_scheduling(int fd)
{
	struct drm_nova_job jobs[64] = { 0 };
	struct drm_nova_sync wait;
	struct busy busy;

	busy_open(&busy);
	wait = igt_nova_wait_for(busy.fence, 0);
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i].pushes.stride = sizeof(struct drm_nova_push);
		jobs[i].syncs = (struct drm_nova_array) {
			sizeof(wait), i ? 0 : 1, (uintptr_t)&wait,
		};
	}
	for (unsigned int i = 0; i < 100; i++) {
		uint32_t queue = igt_nova_client_queue(&busy.client, 0);

		igt_assert_eq(igt_nova_exec(busy.client.fd, queue, jobs, ARRAY_SIZE(jobs)), 0);
		igt_nova_queue_destroy(busy.client.fd, queue, 0);
	}
	busy_close(&busy);
	igt_nova_check_works(fd);
}

static const struct igt_nova_test tests[] = {
	{ "create-destroy", "Queues on each engine start clean and go once.",
	  test_create_destroy },
	{ "ring-sizes", "Each power of two within the limits is a ring size.",
	  test_ring_sizes },
	{ "ring-wraps", "More jobs than the ring has entries run in order.", test_ring_wraps },
	{ "limit", "Queues of a file are limited, and one given back can be had again.",
	  test_limit },
	{ "ids-per-file", "Queue ids belong to the file that made them.", test_ids_per_file },
	{ "priority", "High priority needs CAP_SYS_NICE.", test_priority },
	{ "priority-weight", "Priority is the share of turns, and nobody gets none.",
	  test_priority_weight },
	{ "destroy-busy", "Destroying a queue ends its jobs with an error.",
	  test_destroy_busy },
	{ "destroy-scheduling", "Destroying a queue that is about to run its jobs.",
	  test_destroy_scheduling },
	{ "close-busy", "Closing a file ends its jobs with an error.", test_close_busy },
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
