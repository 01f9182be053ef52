/* SPDX-License-Identifier: MIT */
#include <poll.h>
#include <sys/eventfd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_stuck.h"

#define POINT	5

static int wait_for_eventfd(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, IGT_NOVA_PATIENCE_S * 1000) == 1 ? 0 : -ETIME;
}

static void *wait_for_fence(void *data)
{
	struct igt_nova_waiter *waiter = data;

	waiter->tid = gettid();
	sem_post(&waiter->started);
	switch (waiter->how) {
	case IGT_NOVA_STUCK_SYNCOBJ:
		waiter->result = igt_nova_syncobj_wait(waiter->fd, waiter->syncobj, 0);
		break;
	case IGT_NOVA_STUCK_TIMELINE:
		waiter->result = igt_nova_syncobj_wait(waiter->fd, waiter->syncobj, POINT);
		break;
	case IGT_NOVA_STUCK_POLL:
		waiter->result = igt_nova_sync_file_wait(waiter->fd);
		break;
	case IGT_NOVA_STUCK_EVENTFD:
		waiter->result = wait_for_eventfd(waiter->fd);
		break;
	default:
		waiter->result = -EINVAL;
	}
	return NULL;
}

static void waiter_start(struct igt_nova_stuck *stuck, enum igt_nova_stuck_wait how, int fd,
			 uint32_t syncobj)
{
	struct igt_nova_waiter *waiter = &stuck->waiters[stuck->waiting];

	*waiter = (struct igt_nova_waiter) { .how = how, .fd = fd, .syncobj = syncobj };
	igt_assert_eq(sem_init(&waiter->started, 0, 0), 0);
	igt_nova_thread_start(&waiter->thread, wait_for_fence, waiter);
	stuck->waiting++;
	while (sem_wait(&waiter->started))
		;
	igt_nova_thread_wait_asleep(waiter->tid);
}

static void waiters_join(struct igt_nova_stuck *stuck)
{
	while (stuck->waiting) {
		struct igt_nova_waiter *waiter = &stuck->waiters[--stuck->waiting];

		pthread_join(waiter->thread, NULL);
		sem_destroy(&waiter->started);
	}
}

/* Signalled by the kernel when the syncobj's fence is. */
static int syncobj_eventfd(int fd, uint32_t handle)
{
	struct drm_syncobj_eventfd args = { .handle = handle };
	int event = eventfd(0, EFD_CLOEXEC);

	igt_assert_lte(0, event);
	args.fd = event;
	igt_assert_eq(igt_nova_ioctl(fd, DRM_IOCTL_SYNCOBJ_EVENTFD, &args), 0);
	return event;
}

/* Maps the buffer once more, after the running job. */
static void submit_bind(struct igt_nova_stuck *stuck, const uint32_t *syncobj)
{
	struct igt_nova_client *client = &stuck->client;
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = stuck->bo.handle, .size = IGT_NOVA_PAGE,
		.va = igt_nova_client_va(client, IGT_NOVA_PAGE),
	};
	struct drm_nova_sync syncs[] = {
		igt_nova_wait_for(syncobj[IGT_NOVA_STUCK_RUNNING], 0),
		igt_nova_signal(syncobj[IGT_NOVA_STUCK_BIND], 0),
	};

	igt_assert_eq(igt_nova_vm_bind_async(client->fd, client->vm, &op, 1, syncs, 2), 0);
}

/* Returns the syncobjs of the jobs, and of the timeline in the last place. */
static void submit(struct igt_nova_stuck *stuck, uint32_t syncobj[IGT_NOVA_STUCK_JOBS + 1])
{
	struct igt_nova_client *client = &stuck->client;
	uint32_t last = igt_nova_engine_count(client->fd) - 1;
	struct drm_nova_sync out, syncs[3];
	struct igt_nova_push push;
	uint32_t queue, other;

	queue = igt_nova_client_queue(client, 0);
	other = igt_nova_client_queue(client, last);
	igt_nova_client_bo(client, &stuck->bo, IGT_NOVA_PAGE, DRM_NOVA_PLACEMENT_SYSTEM);
	for (unsigned int i = 0; i <= IGT_NOVA_STUCK_JOBS; i++)
		syncobj[i] = igt_nova_syncobj_create(client->fd);

	igt_nova_push_begin(client, &push, 16);
	igt_nova_push_acquire(&push, stuck->bo.va, 1);
	out = igt_nova_signal(syncobj[IGT_NOVA_STUCK_RUNNING], 0);
	igt_assert_eq(igt_nova_submit(client->fd, queue, &push, &out, 1), 0);
	out = igt_nova_signal(syncobj[IGT_NOVA_STUCK_QUEUED], 0);
	igt_assert_eq(igt_nova_submit(client->fd, queue, NULL, &out, 1), 0);
	syncs[0] = igt_nova_wait_for(syncobj[IGT_NOVA_STUCK_RUNNING], 0);
	syncs[1] = igt_nova_signal(syncobj[IGT_NOVA_STUCK_BLOCKED], 0);
	syncs[2] = igt_nova_signal(syncobj[IGT_NOVA_STUCK_JOBS], POINT);
	igt_assert_eq(igt_nova_submit(client->fd, other, NULL, syncs, 3), 0);
	submit_bind(stuck, syncobj);
}

void igt_nova_stuck_open(struct igt_nova_stuck *stuck, const struct igt_nova_dev *dev)
{
	uint32_t syncobj[IGT_NOVA_STUCK_JOBS + 1], binary;
	int fd;

	memset(stuck, 0, sizeof(*stuck));
	stuck->timeline = -1;
	stuck->eventfd = -1;
	for (unsigned int i = 0; i < IGT_NOVA_STUCK_JOBS; i++)
		stuck->sync_file[i] = -1;
	igt_nova_client_init(&stuck->client, igt_nova_dev_open(dev));
	fd = stuck->client.fd;
	submit(stuck, syncobj);

	for (unsigned int i = 0; i < IGT_NOVA_STUCK_JOBS; i++) {
		stuck->sync_file[i] = igt_nova_sync_file(fd, syncobj[i]);
		igt_assert_eq(igt_nova_sync_file_status(stuck->sync_file[i]), 0);
	}
	/* A sync file of a timeline's point is taken through a binary syncobj. */
	binary = igt_nova_syncobj_create(fd);
	igt_assert_eq(drmSyncobjTransfer(fd, binary, 0, syncobj[IGT_NOVA_STUCK_JOBS], POINT, 0), 0);
	stuck->timeline = igt_nova_sync_file(fd, binary);
	stuck->eventfd = syncobj_eventfd(fd, syncobj[IGT_NOVA_STUCK_RUNNING]);

	waiter_start(stuck, IGT_NOVA_STUCK_SYNCOBJ, fd, syncobj[IGT_NOVA_STUCK_RUNNING]);
	waiter_start(stuck, IGT_NOVA_STUCK_TIMELINE, fd, syncobj[IGT_NOVA_STUCK_JOBS]);
	waiter_start(stuck, IGT_NOVA_STUCK_POLL, stuck->sync_file[IGT_NOVA_STUCK_BLOCKED], 0);
	waiter_start(stuck, IGT_NOVA_STUCK_EVENTFD, stuck->eventfd, 0);
}

void igt_nova_stuck_check(struct igt_nova_stuck *stuck, bool broken)
{
	waiters_join(stuck);
	for (unsigned int i = 0; i < IGT_NOVA_STUCK_WAITS; i++) {
		int result = stuck->waiters[i].result;

		/* Woken by the fence, or told that the device is gone: never by the time limit. */
		igt_assert_f(result == 0 || result == -ENODEV, "wait %u: %s\n", i,
			     strerror(-result));
	}
	for (unsigned int i = 0; i < IGT_NOVA_STUCK_JOBS; i++) {
		int status;

		igt_assert_eq(igt_nova_sync_file_wait(stuck->sync_file[i]), 0);
		status = igt_nova_sync_file_status(stuck->sync_file[i]);
		igt_assert_f(status == -ENODEV || (broken && status == -ECANCELED),
			     "the fence of job %u says %d\n", i, status);
	}
	/* The kernel's fence chain, behind a timeline's point, keeps errors to itself. */
	igt_assert_eq(igt_nova_sync_file_wait(stuck->timeline), 0);
	igt_assert_neq(igt_nova_sync_file_status(stuck->timeline), 0);
}

void igt_nova_stuck_close(struct igt_nova_stuck *stuck)
{
	for (unsigned int i = 0; i < IGT_NOVA_STUCK_JOBS; i++)
		close(stuck->sync_file[i]);
	close(stuck->timeline);
	close(stuck->eventfd);
	igt_nova_bo_destroy(stuck->client.fd, &stuck->bo);
	igt_nova_client_close(&stuck->client);
}

void igt_nova_stuck_abandon(struct igt_nova_stuck *stuck)
{
	if (stuck->client.fd <= 0)
		return;
	/* They end when the job times out, at the latest. */
	waiters_join(stuck);
	igt_nova_stuck_close(stuck);
}
