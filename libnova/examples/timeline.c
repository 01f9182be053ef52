// SPDX-License-Identifier: MIT
/*
 * Synchronisation: jobs that signal the points of a timeline, one that waits for a sync object the CPU
 * signals, and how a job ended. The jobs have no commands: they only synchronise.
 *
 *     cc timeline.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <nova.h>

#define SECOND	1000000000ull

struct program {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_sync *go;
	struct nova_timeline *timeline;
};

static int set_up(struct program *p)
{
	struct nova_queue_desc desc = { .priority = NOVA_PRIORITY_NORMAL };
	int ret = nova_device_open(0, &p->dev);

	if (!ret)
		ret = nova_device_find_engine(p->dev, NOVA_ENGINE_COPY, 0, &desc.engine);
	if (!ret)
		ret = nova_vm_create(p->dev, &p->vm);
	if (!ret)
		ret = nova_queue_create(p->vm, &desc, &p->queue);
	if (!ret)
		ret = nova_sync_create(p->dev, 0, &p->go);
	if (!ret)
		ret = nova_timeline_create(p->dev, &p->timeline);
	return ret;
}

/* Three jobs, the points 1 to 3; the second waits for a sync object besides. */
static int submit(struct program *p)
{
	struct nova_job_sync wait = { .sync = p->go };
	struct nova_job job = { 0 }, waiting_job = { .syncs = &wait, .sync_count = 1 };
	uint64_t point = 0;
	int ret = nova_timeline_submit(p->timeline, p->queue, &job, 1, NULL);

	/* A job can only wait for what has a fence. It keeps that fence: the object is free again at once. */
	if (!ret)
		ret = nova_sync_signal(p->go, 0);
	if (!ret)
		ret = nova_timeline_submit(p->timeline, p->queue, &waiting_job, 1, NULL);
	if (!ret)
		ret = nova_sync_reset(p->go);
	if (!ret)
		ret = nova_timeline_submit(p->timeline, p->queue, &job, 1, &point);
	if (!ret)
		printf("submitted up to point %" PRIu64 "\n", point);
	return ret;
}

/* The fate of the last job, in a file that tells it even when the device is gone. */
static int look(struct program *p)
{
	uint64_t last = nova_timeline_last(p->timeline), completed = 0;
	int fd, status = 0;
	int ret = nova_sync_export_sync_file(nova_timeline_sync(p->timeline), last, &fd);

	if (ret)
		return ret;
	ret = nova_sync_file_wait(fd, nova_sync_deadline(10 * SECOND));
	if (!ret)
		ret = nova_sync_file_status(fd, &status);
	close(fd);
	if (!ret)
		ret = nova_timeline_wait_idle(p->timeline, nova_sync_deadline(10 * SECOND));
	if (!ret)
		ret = nova_timeline_completed(p->timeline, &completed);
	if (!ret)
		printf("completed up to point %" PRIu64 ", the last job's status is %d\n", completed, status);
	return ret ? ret : status < 0 ? status : 0;
}

int main(void)
{
	struct program p = { 0 };
	int ret = set_up(&p);

	if (!ret)
		ret = submit(&p);
	if (!ret)
		ret = look(&p);
	nova_timeline_destroy(p.timeline);
	nova_sync_destroy(p.go);
	nova_queue_destroy(p.queue);
	nova_vm_destroy(p.vm);
	nova_device_close(p.dev);
	if (ret) {
		fprintf(stderr, "timeline: %s\n", strerror(-ret));
		return 1;
	}
	return 0;
}
