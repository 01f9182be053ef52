/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <sys/eventfd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_dmabuf.h"
#include "igt_nova_held.h"
#include "igt_nova_job.h"
#include "igt_nova_sysfs.h"

IGT_TEST_DESCRIPTION("Syncs whose fences fail, or go from one syncobj or client to others.");

#define PAGE	IGT_NOVA_PAGE
#define COPY	IGT_NOVA_HELD_FREE
#define SPECIAL	0x5bec1a10u

/* --- errors --- */

static uint32_t bind_behind(struct igt_nova_held *held, uint32_t handle)
{
	struct drm_nova_sync syncs[] = {
		igt_nova_wait_for(handle, 0),
		igt_nova_signal(igt_nova_held_syncobj(held), 0),
	};

	igt_assert_eq(igt_nova_held_bind(held, NULL, syncs, 2), 0);
	return syncs[1].handle;
}

/* The fence tells; who waits for it goes on; what comes too late leaves its syncobjs alone. */
static void check_error(struct igt_nova_held *held, unsigned int queue, struct drm_nova_sync *syncs,
			bool destroy)
{
	struct drm_nova_sync late = igt_nova_signal(igt_nova_held_syncobj(held), 0);
	uint32_t reader, bind;

	held->bo.map[IGT_NOVA_HELD_RESULT(queue)] = SPECIAL + queue;
	reader = igt_nova_held_read(held, 3, queue, igt_nova_wait_for(syncs[0].handle, 0));
	bind = bind_behind(held, syncs[0].handle);
	igt_nova_held_check_waits(held, reader);
	igt_assert(igt_nova_syncobj_busy(held->client.fd, bind));
	if (destroy)
		igt_nova_queue_destroy(held->client.fd, held->queue[queue], 0);
	else
		igt_nova_release(held, queue);
	igt_assert_eq(igt_nova_fence_result(held->client.fd, syncs[0].handle), -ECANCELED);
	igt_nova_held_check_done(held, reader);
	igt_nova_held_check_done(held, bind);
	igt_assert_eq_u32(held->bo.map[COPY], SPECIAL + queue);
	igt_assert_eq(igt_nova_syncobj_wait(held->client.fd, syncs[1].handle, 2), 0);
	igt_assert_eq_u64(igt_nova_held_payload(held, syncs[1].handle), 2);
	igt_assert_eq(igt_nova_held_exec(held, queue, &late, 1), destroy ? -ENOENT : -ECANCELED);
	igt_assert(!igt_nova_held_has_fence(held, late.handle));
}

static void test_errors(int fd)
{
	struct drm_nova_sync syncs[2];
	struct igt_nova_push push;
	struct igt_nova_held held;
	uint32_t behind;

	(void)fd;
	igt_nova_expect_errors_logged();
	igt_nova_held_open(&held);
	/* A job that is wrong, and one behind it. */
	igt_nova_held_push(&held, 0, &push);
	igt_nova_push_illegal(&push);
	syncs[0] = igt_nova_signal(igt_nova_held_syncobj(&held), 0);
	syncs[1] = igt_nova_signal(igt_nova_held_syncobj(&held), 2);
	igt_assert_eq(igt_nova_submit(held.client.fd, held.queue[0], &push, syncs, 2), 0);
	behind = igt_nova_submit_fence(held.client.fd, held.queue[0], NULL);
	check_error(&held, 0, syncs, false);
	igt_assert_eq(igt_nova_fence_result(held.client.fd, behind), -ECANCELED);
	/* A queue that is destroyed under its job. */
	syncs[0] = igt_nova_signal(igt_nova_held_syncobj(&held), 0);
	syncs[1] = igt_nova_signal(igt_nova_held_syncobj(&held), 2);
	igt_nova_hold(&held, 1, syncs, 2);
	check_error(&held, 1, syncs, true);
	igt_nova_held_close(&held);
}

/* --- fences on their way --- */

/* Where the second client sees the first one's buffer. */
static uint64_t share(struct igt_nova_held *first, struct igt_nova_held *second)
{
	int dmabuf = igt_nova_dmabuf_export(first->client.fd, first->bo.handle);
	uint32_t handle = igt_nova_dmabuf_import(second->client.fd, dmabuf);
	uint64_t va = igt_nova_client_va(&second->client, 2 * PAGE);

	igt_nova_vm_map(second->client.fd, second->client.vm, handle, 0, va, 2 * PAGE, 0, 0);
	close(dmabuf);
	return va;
}

static uint32_t carry(int sync_file, struct igt_nova_held *to)
{
	uint32_t handle = igt_nova_held_syncobj(to);

	igt_assert_eq(drmSyncobjImportSyncFile(to->client.fd, handle, sync_file), 0);
	close(sync_file);
	return handle;
}

/* A job of the first writes its buffer, one of the second reads it, ordered by a sync file. */
static void check_sync_file(struct igt_nova_held *first, struct igt_nova_held *second)
{
	uint32_t fence = igt_nova_hold_fence(first, 0);
	uint64_t va = share(first, second);
	struct drm_nova_sync syncs[2];
	int sync_file;

	sync_file = igt_nova_sync_file(first->client.fd, fence);
	igt_assert_eq(igt_nova_sync_file_status(sync_file), 0);
	syncs[0] = igt_nova_wait_for(carry(sync_file, second), 0);
	syncs[1] = igt_nova_signal(igt_nova_held_syncobj(second), 0);
	/* The fence is what counts, not where it came from. */
	igt_nova_syncobj_destroy(first->client.fd, fence);
	igt_nova_held_copy(second, 0, igt_nova_held_va(second, COPY),
			   va + IGT_NOVA_HELD_RESULT(0) * 4, syncs, 2);
	igt_nova_held_check_waits(second, syncs[1].handle);
	igt_nova_release(first, 0);
	igt_nova_held_check_done(second, syncs[1].handle);
	igt_assert_eq_u32(second->bo.map[COPY], IGT_NOVA_HELD_VALUE(0));
	igt_nova_held_check_done(second, syncs[0].handle);
}

static void test_sync_file(int fd)
{
	struct igt_nova_held first, second;
	struct drm_nova_sync in;
	int sync_file = -1;
	uint32_t handle;

	(void)fd;
	igt_nova_held_open(&first);
	igt_nova_held_open(&second);
	check_sync_file(&first, &second);
	/* What has no fence has no sync file; one that has signalled is as good as others. */
	handle = igt_nova_held_syncobj(&first);
	igt_assert_neq(drmSyncobjExportSyncFile(first.client.fd, handle, &sync_file), 0);
	igt_assert_eq(errno, EINVAL);
	igt_assert_eq(drmSyncobjSignal(first.client.fd, &handle, 1), 0);
	sync_file = igt_nova_sync_file(first.client.fd, handle);
	igt_assert_eq(igt_nova_sync_file_status(sync_file), 1);
	in = igt_nova_wait_for(carry(sync_file, &second), 0);
	igt_assert_eq(igt_nova_held_exec(&second, 0, &in, 1), 0);
	igt_assert_eq(igt_nova_submit_wait(second.client.fd, second.queue[0], NULL), 1);
	igt_nova_held_close(&first);
	igt_nova_held_close(&second);
}

static void test_devices(int fd)
{
	struct igt_nova_held held[2];
	struct igt_nova_dev other;

	(void)fd;
	igt_require_f(igt_nova_dev_find(&other, 1) && igt_nova_dev_is_bound(&other),
		      "one device only\n");
	igt_nova_held_open(&held[0]);
	igt_nova_held_init(&held[1], igt_nova_dev_open(&other));
	check_sync_file(&held[0], &held[1]);
	check_sync_file(&held[1], &held[0]);
	igt_nova_held_close(&held[0]);
	igt_nova_held_close(&held[1]);
}

/* A timeline that two clients have: each waits for the other's job, which passes a value on. */
static void test_two_clients(int fd)
{
	struct igt_nova_held first, second;
	struct drm_nova_sync syncs[2];
	uint32_t handle, other;
	uint64_t va;
	int shared;

	(void)fd;
	igt_nova_held_open(&first);
	igt_nova_held_open(&second);
	va = share(&first, &second);
	handle = igt_nova_held_syncobj(&first);
	igt_assert_eq(drmSyncobjHandleToFD(first.client.fd, handle, &shared), 0);
	igt_assert_eq(drmSyncobjFDToHandle(second.client.fd, shared, &other), 0);
	close(shared);
	igt_nova_held_check_wait(&second, other, 1, EINVAL);
	syncs[0] = igt_nova_signal(handle, 1);
	igt_nova_hold(&first, 0, syncs, 1);
	syncs[0] = igt_nova_wait_for(other, 1);
	syncs[1] = igt_nova_signal(other, 2);
	igt_nova_held_copy(&second, 0, va + COPY * 4, va + IGT_NOVA_HELD_RESULT(0) * 4, syncs, 2);
	syncs[0] = igt_nova_wait_for(handle, 2);
	syncs[1] = igt_nova_signal(handle, 3);
	igt_nova_held_copy(&first, 1, igt_nova_held_va(&first, COPY + 1),
			   igt_nova_held_va(&first, COPY), syncs, 2);
	igt_nova_syncobj_destroy(second.client.fd, other);
	igt_nova_held_check_waits(&first, handle);
	igt_nova_release(&first, 0);
	igt_assert_eq(igt_nova_syncobj_wait(first.client.fd, handle, 3), 0);
	igt_assert_eq_u32(first.bo.map[COPY + 1], IGT_NOVA_HELD_VALUE(0));
	igt_nova_held_close(&first);
	igt_nova_held_close(&second);
}

/* A point becomes a binary fence, and a point of another timeline, before it has signalled. */
static void test_transfer(int fd)
{
	uint32_t timeline, binary, other, done[2];
	struct drm_nova_sync out;
	struct igt_nova_held held;

	(void)fd;
	igt_nova_held_open(&held);
	timeline = igt_nova_held_syncobj(&held);
	binary = igt_nova_held_syncobj(&held);
	other = igt_nova_held_syncobj(&held);
	out = igt_nova_signal(timeline, 4);
	igt_nova_hold(&held, 0, &out, 1);
	igt_assert_neq(drmSyncobjTransfer(held.client.fd, binary, 0, timeline, 5, 0), 0);
	igt_assert_eq(drmSyncobjTransfer(held.client.fd, binary, 0, timeline, 4, 0), 0);
	igt_assert_eq(drmSyncobjTransfer(held.client.fd, other, 9, timeline, 4, 0), 0);
	igt_nova_syncobj_destroy(held.client.fd, timeline);
	done[0] = igt_nova_held_read(&held, 1, 0, igt_nova_wait_for(binary, 0));
	done[1] = igt_nova_held_read(&held, 2, 0, igt_nova_wait_for(other, 9));
	igt_nova_held_check_waits(&held, done[0]);
	igt_nova_held_check_waits(&held, done[1]);
	igt_nova_release(&held, 0);
	igt_nova_held_check_done(&held, done[0]);
	igt_nova_held_check_done(&held, done[1]);
	igt_assert_eq_u32(held.bo.map[COPY], IGT_NOVA_HELD_VALUE(0));
	igt_nova_held_check_done(&held, binary);
	igt_assert_eq(igt_nova_syncobj_wait(held.client.fd, other, 9), 0);
	igt_nova_held_close(&held);
}

static int event_of(struct igt_nova_held *held, uint32_t handle, uint64_t point, uint32_t flags)
{
	struct drm_syncobj_eventfd args = { .handle = handle, .point = point, .flags = flags };

	args.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	igt_assert_lte(0, args.fd);
	igt_assert_eq(igt_nova_ioctl(held->client.fd, DRM_IOCTL_SYNCOBJ_EVENTFD, &args), 0);
	return args.fd;
}

static bool event_came(int event)
{
	uint64_t count = 0;

	return read(event, &count, sizeof(count)) == sizeof(count) && count == 1;
}

/* Asked for before there is a job: told of the job when it is there, and when it has ended. */
static void check_eventfd(uint64_t point)
{
	struct drm_nova_sync out;
	struct pollfd poll_fd = { .events = POLLIN };
	struct igt_nova_held held;
	int there, ended;

	igt_nova_held_open(&held);
	out = igt_nova_signal(igt_nova_held_syncobj(&held), point);
	there = event_of(&held, out.handle, point, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE);
	ended = event_of(&held, out.handle, point, 0);
	igt_assert(!event_came(there));
	igt_nova_hold(&held, 0, &out, 1);
	igt_assert(event_came(there));
	igt_assert(!event_came(ended));
	igt_nova_release(&held, 0);
	poll_fd.fd = ended;
	igt_assert_eq(poll(&poll_fd, 1, IGT_NOVA_PATIENCE_S * 1000), 1);
	igt_assert(event_came(ended));
	igt_assert_eq_u32(held.bo.map[IGT_NOVA_HELD_RESULT(0)], IGT_NOVA_HELD_VALUE(0));
	close(there);
	close(ended);
	igt_nova_held_close(&held);
}

static void test_eventfd(int fd)
{
	(void)fd;
	check_eventfd(0);
	check_eventfd(2);
}

static const struct igt_nova_test tests[] = {
	{ "errors", "The fence of a job that failed says so, and who waits for it goes on.",
	  test_errors },
	{ "sync-file", "Jobs of two clients wait for each other's fences.", test_sync_file },
	{ "devices", "So do jobs of two GPUs.", test_devices },
	{ "two-clients", "A timeline that two clients share.", test_two_clients },
	{ "transfer", "A point is transferred and waited for where it is then.", test_transfer },
	{ "eventfd", "A job's point is told through an eventfd.", test_eventfd },
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
