/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_stuck.h"
#include "igt_nova_unplug.h"

#include "regs/nv_error.h"

IGT_TEST_DESCRIPTION("The firmware dies: once it costs the queues, not the memory; twice, the device.");

#define PAGE		IGT_NOVA_PAGE
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define CLIENTS		4
/* A picture: rows of one colour each. */
#define ROWS		64u
#define ROW_DWORDS	256u
#define ROWS_PER_JOB	8u
#define PICTURE		(ROWS * ROW_DWORDS * 4ull)

/**
 * struct painter - a client with pictures that must survive
 * @client: file and VM
 * @queue: its queue
 * @picture: painted before anything happens, in video and in system memory
 * @canvas: painted all the time
 * @seed: of the colours
 * @thread: paints @canvas
 * @stop: ends that
 * @result: of the thread: 0, or what ended it
 */
struct painter {
	struct igt_nova_client client;
	uint32_t queue;
	struct igt_nova_bo picture[2];
	struct igt_nova_bo canvas;
	uint32_t seed;
	pthread_t thread;
	atomic_bool stop;
	bool painting;
	int result;
};

static struct painter painters[CLIENTS];
static struct igt_nova_crowd crowd;
static struct igt_nova_stuck stuck;

static uint32_t colour(uint32_t seed, uint32_t row)
{
	return (seed << 16 | row) * 2654435761u;
}

/* All rows, several to a job. Returns 1, or the first error of a call or a fence. */
static int paint(struct painter *painter, uint32_t queue, const struct igt_nova_bo *bo,
		 uint32_t seed)
{
	struct igt_nova_push push;
	int ret = 1;

	for (uint32_t row = 0; row < ROWS && ret == 1; row++) {
		if (row % ROWS_PER_JOB == 0)
			igt_nova_push_begin(&painter->client, &push, ROWS_PER_JOB * 32);
		igt_nova_push_fill(&push, bo->va + row * ROW_DWORDS * 4, colour(seed, row),
				   ROW_DWORDS);
		if (row % ROWS_PER_JOB == ROWS_PER_JOB - 1)
			ret = igt_nova_submit_wait(painter->client.fd, queue, &push);
	}
	return ret;
}

static void check_picture(const struct igt_nova_bo *bo, uint32_t seed)
{
	for (uint32_t row = 0; row < ROWS; row++)
		for (uint32_t x = 0; x < ROW_DWORDS; x++)
			igt_assert_f(bo->map[row * ROW_DWORDS + x] == colour(seed, row),
				     "picture %u, row %u, column %u: %#x, not %#x\n", seed, row, x,
				     bo->map[row * ROW_DWORDS + x], colour(seed, row));
}

static void painter_open(struct painter *painter, uint32_t seed)
{
	memset(painter, 0, sizeof(*painter));
	painter->seed = seed;
	igt_nova_client_init(&painter->client, igt_nova_dev_open(igt_nova_unplug_dev()));
	painter->queue = igt_nova_client_queue(&painter->client, seed %
					       igt_nova_engine_count(painter->client.fd));
	for (unsigned int i = 0; i < 2; i++) {
		igt_nova_client_bo(&painter->client, &painter->picture[i], PICTURE,
				   i ? SYSTEM : VRAM);
		igt_assert_eq(paint(painter, painter->queue, &painter->picture[i], seed + i), 1);
	}
	igt_nova_client_bo(&painter->client, &painter->canvas, PICTURE, seed % 2 ? SYSTEM : VRAM);
}

static void check_pictures(const struct painter *painter)
{
	for (unsigned int i = 0; i < 2; i++)
		check_picture(&painter->picture[i], painter->seed + i);
}

/* In a thread: no assertion. igt_nova_submit_wait() would assert, so the wait is by hand. */
static int submit_and_wait(struct painter *painter, const struct igt_nova_push *push, uint32_t out)
{
	struct drm_nova_sync sync = igt_nova_signal(out, 0);
	int ret = igt_nova_submit(painter->client.fd, painter->queue, push, &sync, 1);

	return ret ? ret : igt_nova_syncobj_wait(painter->client.fd, out, 0);
}

static void *paint_thread(void *data)
{
	struct painter *painter = data;
	struct igt_nova_push push;
	uint32_t out = igt_nova_syncobj_create(painter->client.fd);

	igt_nova_push_begin(&painter->client, &push, 64 * 32);
	for (uint32_t row = 0; row < ROWS; row++)
		igt_nova_push_fill(&push, painter->canvas.va + row * ROW_DWORDS * 4,
				   colour(painter->seed + 7, row), ROW_DWORDS);
	while (!painter->stop && !painter->result)
		painter->result = submit_and_wait(painter, &push, out);
	return NULL;
}

static void painters_start(void)
{
	for (unsigned int i = 0; i < CLIENTS; i++) {
		igt_nova_thread_start(&painters[i].thread, paint_thread, &painters[i]);
		painters[i].painting = true;
	}
}

static void painters_join(void)
{
	for (unsigned int i = 0; i < CLIENTS; i++) {
		if (painters[i].painting)
			pthread_join(painters[i].thread, NULL);
		painters[i].painting = false;
	}
}

static void painter_close(struct painter *painter)
{
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_bo_destroy(painter->client.fd, &painter->picture[i]);
	igt_nova_bo_destroy(painter->client.fd, &painter->canvas);
	igt_nova_client_close(&painter->client);
}

/* A crash is noticed when somebody wants something of the firmware. */
static void notice(int fd, uint32_t vm)
{
	struct drm_nova_queue_create create = {
		.vm_id = vm, .priority = DRM_NOVA_PRIORITY_NORMAL,
	};
	int ret = igt_nova_ioctl(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create);

	/* Somebody else may have noticed, and the device may be back. */
	igt_assert_f(ret == 0 || ret == -ETIMEDOUT || ret == -EIO, "QUEUE_CREATE: %s\n",
		     strerror(-ret));
	if (ret == 0)
		igt_nova_queue_destroy(fd, create.queue_id, 0);
}

static void wait_event(int events, const char *wedged)
{
	struct igt_nova_uevent event = { 0 };

	while (strcmp(event.wedged, wedged) != 0)
		igt_assert_f(igt_nova_uevent_next(events, &event, IGT_NOVA_PATIENCE_S * 1000),
			     "no event WEDGED=%s\n", wedged);
}

/* The queue of before is dead for what happened to the device, and for nothing else. */
static void check_lost(int fd, uint32_t queue)
{
	struct drm_nova_queue_get_state state;

	igt_nova_queue_state(fd, queue, &state);
	igt_assert_eq_u32(state.flags, DRM_NOVA_QUEUE_STATE_LOST | DRM_NOVA_QUEUE_STATE_INNOCENT);
	igt_assert_eq_u32(state.error, 0);
	igt_assert_eq(igt_nova_submit(fd, queue, NULL, NULL, 0), -ECANCELED);
}

static void check_vm(int fd, uint32_t vm, uint32_t flags, uint32_t resets)
{
	struct drm_nova_vm_get_state state;

	igt_assert_eq_u32(igt_nova_vm_state(fd, vm, &state, NULL, 0), 0);
	igt_assert_eq_u32(state.state, flags);
	igt_assert_eq_u32(state.reset_count, resets);
	igt_assert_eq_u32(state.fault_count, 0);
}

/* In the same VM, with the mappings of before: what was painted is copied, and painted over. */
static void check_recovered(struct painter *painter)
{
	struct igt_nova_client *client = &painter->client;
	struct igt_nova_push push;
	uint32_t queue;

	check_lost(client->fd, painter->queue);
	check_vm(client->fd, client->vm, DRM_NOVA_VM_STATE_USABLE, 1);
	check_pictures(painter);
	igt_nova_queue_destroy(client->fd, painter->queue, 0);
	queue = painter->queue = igt_nova_client_queue(client, painter->seed %
						       igt_nova_engine_count(client->fd));
	for (unsigned int i = 0; i < 2; i++) {
		igt_nova_push_begin(client, &push, 64);
		igt_nova_push_copy(&push, painter->canvas.va, painter->picture[i].va, PICTURE);
		igt_assert_eq(igt_nova_submit_wait(client->fd, queue, &push), 1);
		check_picture(&painter->canvas, painter->seed + i);
	}
	igt_assert_eq(paint(painter, queue, &painter->canvas, painter->seed + 3), 1);
	check_picture(&painter->canvas, painter->seed + 3);
	check_pictures(painter);
}

static void check_harmless(void)
{
	struct igt_nova_emu_stats stats;

	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	if (stats.violations)
		igt_nova_emu_print_recent(igt_nova_unplug_emu());
	igt_assert_eq_u64(stats.violations, 0);
}

/* Of a dword of @bo that is bound at @va: it is not the value. -ENOENT if nothing is bound there. */
static int look(struct painter *painter, uint64_t va)
{
	struct drm_nova_wait_user_fence wait = {
		.vm_id = painter->client.vm, .flags = DRM_NOVA_USER_FENCE_32,
		.op = DRM_NOVA_USER_FENCE_NEQ, .address = va, .mask = UINT32_MAX,
		.value = colour(painter->seed + 1, 0),
	};

	return igt_nova_ioctl(painter->client.fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &wait);
}

/* What is refused has not happened, whether or not it would have been at once. */
static void check_bind_refused(struct painter *painter)
{
	struct drm_nova_vm_bind_op map = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = painter->picture[1].handle,
		.va = igt_nova_client_va(&painter->client, PICTURE), .size = PICTURE,
	};
	struct drm_nova_vm_bind_op unmap = {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = painter->picture[1].va, .size = PICTURE,
	};
	int fd = painter->client.fd;
	uint32_t vm = painter->client.vm;

	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm, &map, 1), -ECANCELED);
	igt_assert_eq(igt_nova_vm_bind_async(fd, vm, &map, 1, NULL, 0), -ECANCELED);
	igt_assert_eq(look(painter, map.va), -ENOENT);
	igt_assert_eq(igt_nova_vm_bind_ops(fd, vm, &unmap, 1), -ECANCELED);
	igt_assert_eq(igt_nova_vm_bind_async(fd, vm, &unmap, 1, NULL, 0), -ECANCELED);
	igt_assert_eq(look(painter, unmap.va), -ETIME);
}

/* The second time there is no way back but a bind; all of this is so when the event comes. */
static void check_wedged(int events)
{
	struct painter *painter = &painters[0];

	igt_nova_unplug_misbehave("crash-firmware");
	notice(painter->client.fd, painter->client.vm);
	wait_event(events, "rebind");
	igt_assert_f(!igt_nova_dev_is_master(igt_nova_unplug_dev()), "it may still do DMA\n");
	for (unsigned int i = 0; i < CLIENTS; i++) {
		painter = &painters[i];
		check_lost(painter->client.fd, painter->queue);
		check_vm(painter->client.fd, painter->client.vm, 0, 1);
		igt_nova_queue_create(painter->client.fd, painter->client.vm, 0, ECANCELED);
		check_bind_refused(painter);
		/* System memory is the client's own, video memory has any content. */
		check_picture(&painter->picture[1], painter->seed + 1);
		igt_assert(igt_nova_safe_read(painter->picture[0].map, &(uint32_t) { 0 }, 4));
		igt_assert(igt_nova_safe_write(painter->picture[0].map, &(uint32_t) { 0 }, 4));
	}
	check_harmless();
}

/* Of its own fault, before anything else happens to it. */
static uint32_t make_guilty(struct painter *painter)
{
	uint32_t queue = igt_nova_client_queue(&painter->client, 0);
	struct igt_nova_push push;

	igt_nova_push_begin(&painter->client, &push, 2);
	igt_nova_push_illegal(&push);
	igt_assert_eq(igt_nova_submit_wait(painter->client.fd, queue, &push), -ECANCELED);
	return queue;
}

/* It stays so whatever happens to the device. */
static void check_guilty(int fd, uint32_t queue)
{
	struct drm_nova_queue_get_state state;

	igt_nova_queue_state(fd, queue, &state);
	igt_assert_eq_u32(state.flags, DRM_NOVA_QUEUE_STATE_GUILTY);
	igt_assert_eq_u32(state.error, NV_ERROR_PBDMA);
}

static void test_twice(int fd)
{
	uint32_t culprit;
	int events;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	for (unsigned int i = 0; i < CLIENTS; i++)
		painter_open(&painters[i], i + 1);
	culprit = make_guilty(&painters[0]);
	events = igt_nova_uevent_open();
	painters_start();
	igt_nova_unplug_misbehave("crash-firmware");
	notice(painters[0].client.fd, painters[0].client.vm);
	wait_event(events, "none");
	painters_join();
	for (unsigned int i = 0; i < CLIENTS; i++) {
		/* ECANCELED by the call, or the wait has ended and the next call says so. */
		igt_assert_eq(painters[i].result, -ECANCELED);
		check_recovered(&painters[i]);
	}
	check_guilty(painters[0].client.fd, culprit);
	check_harmless();
	check_wedged(events);
	close(events);
	igt_nova_unplug(igt_nova_path("unbind"));
	for (unsigned int i = 0; i < CLIENTS; i++)
		painter_close(&painters[i]);
	igt_nova_replug();
}

/* Jobs that would never end, end with their queues, and whoever waits for them wakes. */
static void test_stalled(int fd)
{
	struct igt_nova_client client;
	uint32_t before;
	int events;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	before = igt_nova_client_queue(&client, 0);
	igt_nova_stuck_open(&stuck, igt_nova_unplug_dev());
	events = igt_nova_uevent_open();
	igt_nova_unplug_misbehave("hang 1");
	igt_nova_unplug_misbehave("stall-firmware 3600000");
	notice(client.fd, client.vm);
	wait_event(events, "none");
	close(events);
	for (unsigned int i = 0; i < IGT_NOVA_STUCK_JOBS; i++)
		igt_assert_eq(igt_nova_sync_file_status(stuck.sync_file[i]), -ECANCELED);
	igt_nova_stuck_check(&stuck, true);
	check_lost(client.fd, before);
	igt_nova_check_works(client.fd);
	check_harmless();
	igt_nova_stuck_close(&stuck);
	igt_nova_client_close(&client);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
}

/* Nobody else asks for anything: a job that takes too long finds the firmware dead. */
static void test_overdue(int fd)
{
	struct drm_nova_queue_get_state state;
	struct igt_nova_client client;
	struct igt_nova_push push;
	uint32_t queue, other, fence;
	struct igt_nova_bo bo;
	int events;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_client_bo(&client, &bo, PAGE, SYSTEM);
	igt_nova_bo_fill(&bo, 0);
	other = igt_nova_client_queue(&client, 0);
	queue = igt_nova_client_short_queue(&client, 0);
	/*
	 * An interrupt of the firmware's is a question after its health. That of its last answer
	 * has been handled when a second job has ended: there is one handler, and it came before.
	 */
	igt_nova_push_begin(&client, &push, 16);
	igt_nova_push_release(&push, bo.va, 0);
	for (unsigned int i = 0; i < 2; i++)
		igt_assert_eq(igt_nova_submit_wait(client.fd, queue, &push), 1);
	igt_nova_push_begin(&client, &push, 16);
	igt_nova_push_acquire(&push, bo.va, 1);
	events = igt_nova_uevent_open();
	igt_nova_unplug_misbehave("crash-firmware");
	fence = igt_nova_submit_fence(client.fd, queue, &push);
	igt_assert_eq(igt_nova_fence_result(client.fd, fence), -ECANCELED);
	wait_event(events, "none");
	close(events);
	/* Whose fault it was nobody can tell any more; the other one did nothing at all. */
	igt_nova_queue_state(client.fd, queue, &state);
	igt_assert_eq_u32(state.flags, DRM_NOVA_QUEUE_STATE_TIMEDOUT | DRM_NOVA_QUEUE_STATE_LOST);
	igt_assert_eq_u32(state.error, NV_ERROR_RESETCHANNEL);
	check_lost(client.fd, other);
	igt_nova_check_works(client.fd);
	check_harmless();
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
}

/* Four clients in the middle of the same call. */
static void crash_in_load(const struct igt_nova_load *load)
{
	struct igt_nova_client client;
	int events;

	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_crowd_init(&crowd);
	crowd.broken = true;
	for (unsigned int i = 0; i < 4; i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), load);
	events = igt_nova_uevent_open();
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug_misbehave("crash-firmware");
	notice(client.fd, client.vm);
	wait_event(events, "none");
	close(events);
	/* While the others go on. */
	igt_nova_check_works(client.fd);
	igt_nova_crowd_stop(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_check_works(client.fd);
	check_harmless();
	igt_nova_client_close(&client);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
}

/* A recovery finds an unbind under way, or the other way round. */
static void crash_and_go(const char *path)
{
	struct igt_nova_client client;

	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_crowd_init(&crowd);
	crowd.broken = true;
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("exec"));
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("vm-bind"));
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("page-fault"));
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("queue-create-destroy"));
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug_misbehave("crash-firmware");
	notice(client.fd, client.vm);
	igt_nova_unplug(igt_nova_path(path));
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_client_close(&client);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static void test_crash_and_unbind(int fd)
{
	(void)fd;
	for (unsigned int i = 0; i < 3; i++)
		crash_and_go("unbind");
}

static void test_crash_and_removal(int fd)
{
	(void)fd;
	crash_and_go("surprise");
}

enum trouble { WAITS, FAULTS, HANGS };

/* Of the engine: one that is idle hangs in what it does next. */
static uint32_t begin_trouble(struct painter *bad, enum trouble trouble)
{
	struct igt_nova_push push;
	uint32_t fence;

	igt_nova_push_begin(&bad->client, &push, 64);
	switch (trouble) {
	case WAITS:
		igt_nova_push_acquire(&push, bad->canvas.va, 1);
		break;
	case FAULTS:
		igt_nova_push_fill(&push, igt_nova_client_va(&bad->client, PAGE), 1, 4);
		break;
	case HANGS:
		igt_nova_unplug_misbehave("hang %u", bad->seed %
					  igt_nova_engine_count(bad->client.fd));
		igt_nova_push_fill(&push, bad->canvas.va, 1, PICTURE / 4);
		break;
	}
	fence = igt_nova_submit_fence(bad->client.fd, bad->queue, &push);
	/* In this job, and not in that of a neighbour who is quicker to reach the engine. */
	if (trouble == HANGS)
		igt_nova_emu_wait_stuck(igt_nova_unplug_emu());
	return fence;
}

/* What a neighbour's trouble costs the others: nothing, in no pixel. */
static void check_neighbours(enum trouble trouble)
{
	struct painter *bad = &painters[0];
	uint32_t fence;

	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	for (unsigned int i = 0; i < CLIENTS; i++)
		painter_open(&painters[i], i + 1);
	igt_nova_queue_destroy(bad->client.fd, bad->queue, 0);
	bad->queue = igt_nova_client_short_queue(&bad->client, bad->seed %
						 igt_nova_engine_count(bad->client.fd));
	fence = begin_trouble(bad, trouble);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 1; i < CLIENTS; i++) {
			struct painter *painter = &painters[i];

			igt_assert_eq(paint(painter, painter->queue, &painter->canvas,
					    16 * i + round), 1);
			check_picture(&painter->canvas, 16 * i + round);
		}
		if (round == 0)
			igt_assert_lt(igt_nova_fence_result(bad->client.fd, fence), 0);
	}
	for (unsigned int i = 0; i < CLIENTS; i++) {
		check_pictures(&painters[i]);
		painter_close(&painters[i]);
	}
	check_harmless();
}

static void test_neighbours_hang(int fd)
{
	(void)fd;
	check_neighbours(WAITS);
}

static void test_neighbours_engine(int fd)
{
	(void)fd;
	check_neighbours(HANGS);
}

static void test_neighbours_fault(int fd)
{
	(void)fd;
	check_neighbours(FAULTS);
}

static const struct igt_nova_test tests[] = {
	{ "crash-twice", "Four clients keep their memory; then the device is wedged.",
	  test_twice },
	{ "stalled", "A silent firmware is started again, with a hung engine beside it.",
	  test_stalled },
	{ "overdue", "A job that takes too long finds the firmware dead.", test_overdue },
	{ "crash-and-unbind", "A crash and an unbind at the same time do no harm.",
	  test_crash_and_unbind },
	{ "crash-and-removal", "A crashed device that falls off the bus is not recovered.",
	  test_crash_and_removal },
	{ "neighbours-hang", "A hung queue changes no pixel of others.", test_neighbours_hang },
	{ "neighbours-engine", "A hung engine changes no pixel of others.", test_neighbours_engine },
	{ "neighbours-fault", "A faulting VM changes no pixel of others.", test_neighbours_fault },
};

/* What a failed subtest left behind in this process. */
static void abandon(void)
{
	for (unsigned int i = 0; i < CLIENTS; i++)
		painters[i].stop = true;
	painters_join();
	igt_nova_crowd_abandon(&crowd);
	igt_nova_stuck_abandon(&stuck);
}

static void run_load_test(const char *name)
{
	char subtest[64];

	snprintf(subtest, sizeof(subtest), "crash-in-%s", name);
	igt_describe("The firmware crashes while four clients do the same.");
	igt_subtest(subtest) {
		igt_nova_unplug_begin();
		crash_in_load(igt_nova_load(name));
		igt_reset_timeout();
	}
}

int igt_main()
{
	static const char *const loads[] = {
		"exec-wait", "vm-bind", "queue-create-destroy", "gem-create", "page-fault",
	};

	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(abandon);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	for (size_t i = 0; i < ARRAY_SIZE(loads); i++)
		run_load_test(loads[i]);
	igt_fixture()
		igt_nova_unplug_fini();
}
