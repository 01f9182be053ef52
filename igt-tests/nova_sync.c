/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_held.h"
#include "igt_nova_job.h"

IGT_TEST_DESCRIPTION("Syncobjs before and after jobs and binds: what waits for what, refusals.");

#define PAGE	IGT_NOVA_PAGE
#define COPY	IGT_NOVA_HELD_FREE
#define PAGE_VALUE(page)	(0x0a9e0000u + (page))

/* --- binary and timeline, of jobs and binds --- */

/* The second queue's job is submitted while the first's cannot finish, and must see its result. */
static void check_exec(uint64_t point)
{
	struct drm_nova_sync out;
	struct igt_nova_held held;
	uint32_t done;

	igt_nova_held_open(&held);
	out = igt_nova_signal(igt_nova_held_syncobj(&held), point);
	igt_nova_hold(&held, 0, &out, 1);
	done = igt_nova_held_read(&held, 1, 0, igt_nova_wait_for(out.handle, point));
	igt_nova_held_check_waits(&held, done);
	igt_assert_eq_u32(held.bo.map[COPY], 0);
	igt_nova_release(&held, 0);
	igt_nova_held_check_done(&held, done);
	igt_assert_eq(igt_nova_syncobj_wait(held.client.fd, out.handle, point), 0);
	igt_assert_eq_u32(held.bo.map[COPY], IGT_NOVA_HELD_VALUE(0));
	igt_nova_held_close(&held);
}

static void test_exec_binary(int fd)
{
	(void)fd;
	check_exec(0);
}

static void test_exec_timeline(int fd)
{
	(void)fd;
	check_exec(1);
	check_exec(7);
	check_exec(~0ull);
}

/*
 * A job waits for a bind, and the next bind for that job, which sees the first one's page: at
 * points of one timeline, or each with a binary syncobj.
 */
static void check_bind(bool timeline)
{
	struct drm_nova_vm_bind_op op = { .op = DRM_NOVA_VM_BIND_OP_MAP, .size = PAGE };
	struct drm_nova_sync in, syncs[2];
	struct igt_nova_bo pages[2];
	uint32_t handle[4], reader;
	struct igt_nova_held held;

	igt_nova_held_open(&held);
	for (unsigned int i = 0; i < 4; i++)
		handle[i] = timeline && i ? handle[0] : igt_nova_held_syncobj(&held);
	for (unsigned int i = 0; i < 2; i++) {
		igt_nova_bo_create(held.client.fd, &pages[i], PAGE, DRM_NOVA_PLACEMENT_VRAM);
		igt_nova_bo_fill(&pages[i], PAGE_VALUE(i));
	}
	op.va = igt_nova_client_va(&held.client, PAGE);
	in = igt_nova_signal(handle[0], timeline);
	igt_nova_hold(&held, 0, &in, 1);
	for (unsigned int i = 0; i < 3; i++) {
		syncs[0] = igt_nova_wait_for(handle[i], timeline ? i + 1 : 0);
		syncs[1] = igt_nova_signal(handle[i + 1], timeline ? i + 2 : 0);
		op.handle = pages[i / 2].handle;
		if (i == 1)
			igt_nova_held_copy(&held, 1, igt_nova_held_va(&held, COPY), op.va,
					   syncs, 2);
		else
			igt_assert_eq(igt_nova_held_bind(&held, &op, syncs, 2), 0);
	}
	igt_nova_held_check_waits(&held, handle[3]);
	igt_nova_release(&held, 0);
	reader = igt_nova_held_syncobj(&held);
	syncs[0] = igt_nova_wait_for(handle[3], timeline ? 4 : 0);
	syncs[1] = igt_nova_signal(reader, 0);
	igt_nova_held_copy(&held, 2, igt_nova_held_va(&held, COPY + 1), op.va, syncs, 2);
	igt_nova_held_check_done(&held, reader);
	igt_assert_eq_u32(held.bo.map[COPY], PAGE_VALUE(0));
	igt_assert_eq_u32(held.bo.map[COPY + 1], PAGE_VALUE(1));
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_bo_destroy(held.client.fd, &pages[i]);
	igt_nova_held_close(&held);
}

static void test_bind_binary(int fd)
{
	(void)fd;
	check_bind(false);
}

static void test_bind_timeline(int fd)
{
	(void)fd;
	check_bind(true);
}

/* --- points --- */

static void test_points(int fd)
{
	struct igt_nova_held held;
	uint32_t timeline;

	(void)fd;
	igt_nova_held_open(&held);
	timeline = igt_nova_held_syncobj(&held);
	for (uint64_t point = 1; point <= 5; point++) {
		struct drm_nova_sync out = igt_nova_signal(timeline, point);

		igt_assert_eq(igt_nova_held_exec(&held, point & 1, &out, 1), 0);
	}
	igt_assert_eq(igt_nova_syncobj_wait(held.client.fd, timeline, 5), 0);
	igt_assert_eq_u64(igt_nova_held_payload(&held, timeline), 5);
	igt_nova_held_close(&held);
}

/* The last point's job ends first: no point comes before those below it. */
static void test_points_any_order(int fd)
{
	uint32_t timeline, own[3], done;
	struct igt_nova_held held;

	(void)fd;
	igt_nova_held_open(&held);
	timeline = igt_nova_held_syncobj(&held);
	for (unsigned int i = 0; i < 3; i++) {
		struct drm_nova_sync syncs[] = {
			igt_nova_signal(timeline, i + 1),
			igt_nova_signal(igt_nova_held_syncobj(&held), 0),
		};

		igt_nova_hold(&held, i, syncs, 2);
		own[i] = syncs[1].handle;
	}
	done = igt_nova_held_read(&held, 3, 1, igt_nova_wait_for(timeline, 2));
	for (unsigned int i = 2; i; i--) {
		igt_nova_release(&held, i);
		igt_nova_held_check_done(&held, own[i]);
		igt_assert_eq_u64(igt_nova_held_payload(&held, timeline), 0);
		igt_nova_held_check_waits(&held, done);
	}
	igt_nova_release(&held, 0);
	igt_nova_held_check_done(&held, done);
	igt_assert_eq_u32(held.bo.map[COPY], IGT_NOVA_HELD_VALUE(1));
	igt_assert_eq(igt_nova_syncobj_wait(held.client.fd, timeline, 3), 0);
	igt_assert_eq_u64(igt_nova_held_payload(&held, timeline), 3);
	igt_nova_held_close(&held);
}

/* It joins the last one: whoever waits for either waits for both jobs. */
static void test_point_backwards(int fd)
{
	struct drm_nova_sync syncs[2];
	uint32_t timeline, done[2];
	struct igt_nova_held held;

	(void)fd;
	igt_nova_held_open(&held);
	timeline = igt_nova_held_syncobj(&held);
	syncs[0] = igt_nova_signal(timeline, 5);
	igt_nova_hold(&held, 0, syncs, 1);
	syncs[0] = igt_nova_signal(timeline, 3);
	syncs[1] = igt_nova_signal(igt_nova_held_syncobj(&held), 0);
	igt_nova_hold(&held, 1, syncs, 2);
	done[0] = igt_nova_held_read(&held, 2, 0, igt_nova_wait_for(timeline, 3));
	done[1] = igt_nova_held_read(&held, 3, 0, igt_nova_wait_for(timeline, 5));
	igt_nova_release(&held, 1);
	igt_nova_held_check_done(&held, syncs[1].handle);
	igt_nova_held_check_waits(&held, done[0]);
	igt_nova_held_check_waits(&held, done[1]);
	igt_nova_release(&held, 0);
	igt_nova_held_check_done(&held, done[0]);
	igt_nova_held_check_done(&held, done[1]);
	igt_assert_eq_u32(held.bo.map[COPY], IGT_NOVA_HELD_VALUE(0));
	igt_assert_eq(igt_nova_syncobj_wait(held.client.fd, timeline, 5), 0);
	igt_assert_eq_u64(igt_nova_held_payload(&held, timeline), 5);
	syncs[0] = igt_nova_wait_for(timeline, 6);
	igt_assert_eq(igt_nova_held_exec(&held, 0, syncs, 1), -EINVAL);
	igt_nova_held_close(&held);
}

/* --- one call --- */

/* Two jobs of one call: the first signals, the second waits, and signals @done. */
static int exec_two(struct igt_nova_held *held, unsigned int queue, struct drm_nova_sync first,
		    struct drm_nova_sync second, uint32_t done)
{
	struct drm_nova_sync syncs[] = { second, igt_nova_signal(done, 0) };
	struct drm_nova_job jobs[2] = {
		{ .syncs = { sizeof(first), 1, (uintptr_t)&first } },
		{ .syncs = { sizeof(first), 2, (uintptr_t)syncs } },
	};

	return igt_nova_exec(held->client.fd, held->queue[queue], jobs, 2);
}

/* Jobs of one call may wait for what earlier ones signal, by whatever handle. */
static void test_same_call(int fd)
{
	uint32_t handle, alias, done;
	struct igt_nova_held held;
	int shared = -1;

	(void)fd;
	igt_nova_held_open(&held);
	done = igt_nova_held_syncobj(&held);
	handle = igt_nova_held_syncobj(&held);
	igt_assert_eq(exec_two(&held, 0, igt_nova_signal(handle, 0),
			       igt_nova_wait_for(handle, 0), done), 0);
	igt_nova_held_check_done(&held, done);

	handle = igt_nova_held_syncobj(&held);
	igt_assert_eq(drmSyncobjHandleToFD(held.client.fd, handle, &shared), 0);
	igt_assert_eq(drmSyncobjFDToHandle(held.client.fd, shared, &alias), 0);
	close(shared);
	igt_assert(alias != handle);
	igt_assert_eq(exec_two(&held, 1, igt_nova_signal(handle, 4),
			       igt_nova_wait_for(alias, 3), done), 0);
	igt_nova_held_check_done(&held, done);
	igt_assert_eq(exec_two(&held, 1, igt_nova_signal(handle, 5),
			       igt_nova_wait_for(alias, 6), done), -EINVAL);
	/* A binary fence takes the place of the timeline: it has no points then. */
	igt_assert_eq(exec_two(&held, 1, igt_nova_signal(alias, 0),
			       igt_nova_wait_for(handle, 4), done), -EINVAL);
	igt_assert_eq(igt_nova_syncobj_wait(held.client.fd, handle, 4), 0);
	igt_nova_held_close(&held);
}

/* A point comes after all that were in the timeline before; a binary fence replaces them. */
static void test_same_call_later(int fd)
{
	uint32_t timeline, binary, done;
	struct drm_nova_sync out;
	struct igt_nova_held held;

	(void)fd;
	igt_nova_held_open(&held);
	timeline = igt_nova_held_syncobj(&held);
	out = igt_nova_signal(timeline, 3);
	igt_nova_hold(&held, 0, &out, 1);
	done = igt_nova_held_syncobj(&held);
	igt_assert_eq(exec_two(&held, 1, igt_nova_signal(timeline, 5),
			       igt_nova_wait_for(timeline, 4), done), 0);
	igt_nova_held_check_waits(&held, done);
	igt_nova_release(&held, 0);
	igt_nova_held_check_done(&held, done);

	binary = igt_nova_hold_fence(&held, 2);
	igt_assert_eq(exec_two(&held, 3, igt_nova_signal(binary, 0),
			       igt_nova_wait_for(binary, 0), done), 0);
	igt_nova_held_check_done(&held, done);
	igt_nova_held_check_done(&held, binary);
	igt_assert_eq_u32(held.bo.map[IGT_NOVA_HELD_RESULT(2)], 0);
	igt_nova_release(&held, 2);
	igt_nova_held_close(&held);
}

/* One syncobj before and after each of a row of jobs on several queues: they run one by one. */
static void test_wait_and_signal(int fd)
{
	enum { JOBS = 16 };
	uint32_t chain, from = IGT_NOVA_HELD_RESULT(0);
	struct igt_nova_held held;

	(void)fd;
	igt_nova_held_open(&held);
	chain = igt_nova_hold_fence(&held, 0);
	for (unsigned int i = 0; i < JOBS; i++) {
		/* The order in the array does not matter. */
		struct drm_nova_sync syncs[2];

		syncs[i & 1] = igt_nova_wait_for(chain, 0);
		syncs[!(i & 1)] = igt_nova_signal(chain, 0);
		igt_nova_held_copy(&held, (i + 1) % 4, igt_nova_held_va(&held, COPY + i),
				   igt_nova_held_va(&held, from), syncs, 2);
		from = COPY + i;
	}
	igt_nova_held_check_waits(&held, chain);
	igt_nova_release(&held, 0);
	igt_nova_held_check_done(&held, chain);
	for (unsigned int i = 0; i < JOBS; i++)
		igt_assert_eq_u32(held.bo.map[COPY + i], IGT_NOVA_HELD_VALUE(0));
	igt_nova_held_close(&held);
}

/* --- refusals --- */

static void test_wait_before_signal(int fd)
{
	struct drm_nova_sync out;
	struct igt_nova_held held;
	uint64_t point = 5;
	uint32_t handle;

	(void)fd;
	igt_nova_held_open(&held);
	handle = igt_nova_held_syncobj(&held);
	igt_nova_held_check_wait(&held, handle, 0, EINVAL);
	igt_nova_held_check_wait(&held, handle, 4, EINVAL);
	/* A later point of the same timeline has no fence either. */
	out = igt_nova_signal(handle, 2);
	igt_assert_eq(igt_nova_held_exec(&held, 0, &out, 1), 0);
	igt_nova_held_check_wait(&held, handle, 4, EINVAL);
	igt_nova_held_check_wait(&held, handle, 2, 0);
	/* What the CPU signals has, what it takes back has not. */
	igt_assert_eq(drmSyncobjTimelineSignal(held.client.fd, &handle, &point, 1), 0);
	igt_nova_held_check_wait(&held, handle, 4, 0);
	igt_assert_eq(drmSyncobjReset(held.client.fd, &handle, 1), 0);
	igt_nova_held_check_wait(&held, handle, 2, EINVAL);
	igt_assert_eq(drmSyncobjSignal(held.client.fd, &handle, 1), 0);
	igt_nova_held_check_wait(&held, handle, 0, 0);
	igt_nova_held_check_wait(&held, handle, 1, EINVAL);
	igt_nova_syncobj_destroy(held.client.fd, handle);
	igt_nova_held_check_wait(&held, handle, 0, ENOENT);
	igt_nova_held_close(&held);
}

/* VM_BIND's arguments; EXEC's are in nova_refusals. */
struct bind_nest {
	struct drm_nova_vm_bind bind;
	struct drm_nova_sync sync;
	uint64_t beyond;
};

static void link_bind(void *nest)
{
	struct bind_nest *bind = nest;

	bind->bind.syncs.ptr = (uintptr_t)&bind->sync;
}

#define BIND(field, value, error) IGT_NOVA_REFUSE(struct bind_nest, field, value, error)

static const struct igt_nova_refusal bind_rows[] = {
	BIND(bind.flags, 0, EINVAL),	/* it is synchronous, so it has none */
	BIND(bind.syncs.stride, 0, EINVAL),
	BIND(bind.syncs.stride, sizeof(struct drm_nova_sync) + 4, EINVAL),
	BIND(bind.syncs.stride, sizeof(struct drm_nova_sync) + 8, E2BIG),
	BIND(bind.syncs.count, ~0u, E2BIG),
	BIND(bind.syncs.ptr, IGT_NOVA_BAD_POINTER, EFAULT),
	BIND(sync.flags, 1u << 2, EINVAL),
	BIND(sync.flags, 1u << 31 | DRM_NOVA_SYNC_SIGNAL, EINVAL),
	BIND(sync.flags, DRM_NOVA_SYNC_SIGNAL | DRM_NOVA_SYNC_TIMELINE, EINVAL),
	BIND(sync.flags, 0, EINVAL),	/* a wait for what has no fence */
	BIND(sync.handle, 0, ENOENT),
	BIND(sync.handle, IGT_NOVA_BAD_ID, ENOENT),
	BIND(sync.point, 1, EINVAL),
};

static void test_bind_refused(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_VM_BIND, "VM_BIND", sizeof(struct bind_nest), link_bind,
		bind_rows, ARRAY_SIZE(bind_rows),
	};
	struct drm_nova_query_limits limits;
	struct drm_nova_sync *many;
	struct bind_nest valid;
	struct igt_nova_held held;

	igt_nova_held_open(&held);
	valid = (struct bind_nest) {
		.bind = {
			.vm_id = held.client.vm, .flags = DRM_NOVA_VM_BIND_ASYNC,
			.syncs = { sizeof(valid.sync), 1, 0 },
		},
		.sync = igt_nova_signal(igt_nova_held_syncobj(&held), 0),
		.beyond = 1,
	};
	igt_nova_refuse(held.client.fd, &refusals, &valid);
	igt_assert(!igt_nova_held_has_fence(&held, valid.sync.handle));

	igt_nova_limits(fd, &limits);
	many = calloc(limits.syncs_max + 1, sizeof(*many));
	igt_assert(many);
	for (uint32_t i = 0; i <= limits.syncs_max; i++)
		many[i] = valid.sync;
	igt_assert_eq(igt_nova_held_bind(&held, NULL, many, limits.syncs_max + 1), -E2BIG);
	igt_assert(!igt_nova_held_has_fence(&held, valid.sync.handle));
	igt_assert_eq(igt_nova_held_bind(&held, NULL, many, limits.syncs_max), 0);
	igt_nova_held_check_done(&held, valid.sync.handle);
	free(many);
	igt_nova_held_close(&held);
}

/* Three good signals and a last element of some kind, in one job, in two, and of a bind. */
static void check_untouched(struct igt_nova_held *held, struct drm_nova_sync *syncs, int error)
{
	struct drm_nova_job jobs[2] = {
		{ .syncs = { sizeof(*syncs), 3, (uintptr_t)syncs } },
		{ .syncs = { sizeof(*syncs), 1, (uintptr_t)&syncs[3] } },
	};

	igt_assert_eq(igt_nova_held_exec(held, 1, syncs, 4), -error);
	igt_assert_eq(igt_nova_exec(held->client.fd, held->queue[1], jobs, 2), -error);
	igt_assert_eq(igt_nova_held_bind(held, NULL, syncs, 4), -error);
	igt_assert(!igt_nova_held_has_fence(held, syncs[0].handle));
	/* The job that it has is held: any other fence would have signalled by now. */
	igt_nova_held_check_waits(held, syncs[1].handle);
	igt_assert_eq_u64(igt_nova_held_payload(held, syncs[2].handle), 3);
	igt_nova_held_check_wait(held, syncs[2].handle, 4, EINVAL);
}

static void test_untouched(int fd)
{
	struct drm_nova_sync syncs[4], *edge;
	struct igt_nova_held held;
	uint64_t point = 3;
	char *pages;

	(void)fd;
	igt_nova_held_open(&held);
	syncs[0] = igt_nova_signal(igt_nova_held_syncobj(&held), 0);
	syncs[1] = igt_nova_signal(igt_nova_hold_fence(&held, 0), 0);
	syncs[2] = igt_nova_signal(igt_nova_held_syncobj(&held), 4);
	igt_assert_eq(drmSyncobjTimelineSignal(held.client.fd, &syncs[2].handle, &point, 1), 0);
	syncs[3] = igt_nova_wait_for(igt_nova_held_syncobj(&held), 0);
	check_untouched(&held, syncs, EINVAL);
	syncs[3] = igt_nova_signal(syncs[0].handle, 0);
	syncs[3].flags |= 1u << 2;
	check_untouched(&held, syncs, EINVAL);
	syncs[3] = igt_nova_signal(IGT_NOVA_BAD_ID, 0);
	check_untouched(&held, syncs, ENOENT);
	pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	igt_assert(pages != MAP_FAILED);
	igt_assert_eq(munmap(pages + PAGE, PAGE), 0);
	edge = (struct drm_nova_sync *)(pages + PAGE) - 3;
	memcpy(edge, syncs, 3 * sizeof(*edge));
	check_untouched(&held, edge, EFAULT);
	munmap(pages, PAGE);

	/* Nothing is wrong with the others. */
	igt_assert_eq(igt_nova_held_exec(&held, 1, syncs, 3), 0);
	igt_nova_held_check_done(&held, syncs[0].handle);
	igt_nova_held_check_done(&held, syncs[1].handle);
	igt_assert_eq(igt_nova_syncobj_wait(held.client.fd, syncs[2].handle, 4), 0);
	igt_nova_release(&held, 0);
	igt_nova_held_close(&held);
}

static const struct igt_nova_test tests[] = {
	{ "exec-binary", "A job waits for another queue's binary syncobj.", test_exec_binary },
	{ "exec-timeline", "A job waits for another queue's timeline point.", test_exec_timeline },
	{ "bind-binary", "Binds and jobs wait for each other's binary syncobjs.",
	  test_bind_binary },
	{ "bind-timeline", "Binds and jobs wait for each other at points of a timeline.",
	  test_bind_timeline },
	{ "points", "Points signalled by several queues add up.", test_points },
	{ "points-any-order", "A point comes after those below it, whoever ends first.",
	  test_points_any_order },
	{ "point-backwards", "A point below the last one joins it.", test_point_backwards },
	{ "same-call", "Jobs of one call may depend on each other.", test_same_call },
	{ "same-call-later", "They wait for what was in the timeline before, too.",
	  test_same_call_later },
	{ "wait-and-signal", "Jobs that wait for and signal the same syncobj run one by one.",
	  test_wait_and_signal },
	{ "wait-before-signal", "A wait for what has no fence yet is refused.",
	  test_wait_before_signal },
	{ "bind-refused", "Each malformed field of a bind's syncs is refused.",
	  test_bind_refused },
	{ "untouched", "An ioctl that fails leaves syncobjs as they were.", test_untouched },
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
