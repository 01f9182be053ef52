// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "client.h"

#define JOBS_MAX	64u

int bench_client_buffer(struct bench_client *client, uint64_t size, uint32_t placement,
			struct nova_bo **bo, void **map, uint64_t *va)
{
	struct nova_bo_desc desc = { .size = size, .placement = placement, .vm = client->vm };
	int ret = nova_bo_create(client->dev, &desc, bo);

	if (!ret && map)
		ret = nova_bo_map(*bo, map);
	if (!ret)
		ret = nova_vm_map(client->vm, *bo, 0, 0, 0, va);
	return ret;
}

int bench_client_init(struct bench_client *client)
{
	struct nova_queue_desc desc = { .priority = NOVA_PRIORITY_NORMAL };
	void *words = NULL, *values = NULL;
	int ret;

	*client = (struct bench_client) { 0 };
	ret = nova_device_open(0, &client->dev);
	if (!ret)
		ret = nova_vm_create(client->dev, &client->vm);
	if (!ret)
		ret = nova_device_find_engine(client->dev, NOVA_ENGINE_COPY, 0, &desc.engine);
	if (!ret)
		ret = nova_queue_create(client->vm, &desc, &client->queue);
	if (!ret)
		ret = nova_sync_create(client->dev, 0, &client->done);
	if (!ret)
		ret = bench_client_buffer(client, BENCH_COMMANDS_SIZE, NOVA_PLACEMENT_SYSTEM,
					  &client->commands, &words, &client->commands_va);
	if (!ret)
		ret = bench_client_buffer(client, BENCH_RESULTS_SIZE, NOVA_PLACEMENT_SYSTEM,
					  &client->results, &values, &client->results_va);
	client->words = words;
	client->values = values;
	return ret;
}

void bench_client_fini(struct bench_client *client)
{
	nova_queue_destroy(client->queue);
	nova_bo_destroy(client->results);
	nova_bo_destroy(client->commands);
	nova_sync_destroy(client->done);
	nova_vm_destroy(client->vm);
	nova_device_close(client->dev);
	*client = (struct bench_client) { 0 };
}

int bench_client_exec(struct bench_client *client, const struct nova_push_range *range,
		      uint32_t count, bool signal)
{
	struct nova_job_sync sync = { .sync = client->done, .flags = NOVA_JOB_SYNC_SIGNAL };
	struct nova_job jobs[JOBS_MAX];
	int ret;

	if (!count || count > JOBS_MAX)
		return -EINVAL;
	/* Those and no more: it is part of what a call costs. */
	for (uint32_t i = 0; i < count; i++)
		jobs[i] = (struct nova_job) { .ranges = range, .range_count = range != NULL };
	sync.point = client->point + 1;
	if (signal) {
		jobs[count - 1].syncs = &sync;
		jobs[count - 1].sync_count = 1;
	}
	ret = nova_queue_submit(client->queue, jobs, count);
	if (!ret && signal)
		client->point++;
	return ret;
}

int bench_client_wait(struct bench_client *client)
{
	int status = 0;
	int ret = nova_sync_wait(client->done, client->point, nova_sync_deadline(BENCH_WAIT_NS), 0);

	if (!ret)
		ret = nova_sync_get_status(client->done, client->point, &status);
	return ret ? ret : status < 0 ? status : 0;
}
