// SPDX-License-Identifier: MIT
/* Time of engines, as shares of the time that has passed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nvml_usage.h"

#define GRAPHICS	"graphics"

/* Time by engine, in sum over some clients. */
struct sum {
	struct nvml_engine_time engines[NVML_CLIENT_ENGINES];
	unsigned int count;
};

static uint64_t time_of(const struct nvml_client *client, const char *engine)
{
	for (unsigned int i = 0; client && i < client->engine_count; i++)
		if (!strcmp(client->engines[i].name, engine))
			return client->engines[i].ns;
	return 0;
}

static void sum_add(struct sum *sum, const char *engine, uint64_t ns)
{
	unsigned int i = 0;

	while (i < sum->count && strcmp(sum->engines[i].name, engine))
		i++;
	if (i == NVML_CLIENT_ENGINES)
		return;
	if (i == sum->count) {
		sum->engines[sum->count++] = (struct nvml_engine_time){ 0 };
		strcpy(sum->engines[i].name, engine);
	}
	if (__builtin_add_overflow(sum->engines[i].ns, ns, &sum->engines[i].ns))
		sum->engines[i].ns = UINT64_MAX;
}

/*
 * What a client has had since the reading before. One that was not there then is new, and all of
 * its time is. Time that has gone back says nothing.
 */
static void sum_add_client(struct sum *sum, const struct nvml_reading *before,
			   const struct nvml_client *client)
{
	const struct nvml_client *old = nvml_clients_find(before, client);

	for (unsigned int i = 0; i < client->engine_count; i++) {
		const struct nvml_engine_time *engine = &client->engines[i];
		uint64_t had = time_of(old, engine->name);

		if (engine->ns > had)
			sum_add(sum, engine->name, engine->ns - had);
	}
}

static unsigned int share(uint64_t ns, uint64_t passed)
{
	if (!passed)
		return 0;
	return ns >= passed ? 100 : (unsigned int)((double)ns * 100.0 / (double)passed);
}

static unsigned int busiest(const struct sum *sum, const struct nvml_reading *before,
			    const struct nvml_reading *now)
{
	unsigned int busy = 0;

	if (!before->time_ns || now->time_ns <= before->time_ns)
		return 0;
	for (unsigned int i = 0; i < sum->count; i++) {
		unsigned int percent = share(sum->engines[i].ns, now->time_ns - before->time_ns);

		if (percent > busy)
			busy = percent;
	}
	return busy;
}

unsigned int nvml_usage_device(const struct nvml_reading *before, const struct nvml_reading *now,
			       const char *pdev)
{
	struct sum sum = { 0 };

	for (size_t i = 0; i < now->count; i++)
		if (!strcmp(now->clients[i].pdev, pdev))
			sum_add_client(&sum, before, &now->clients[i]);
	return busiest(&sum, before, now);
}

static bool had_graphics(const struct nvml_client *client)
{
	for (unsigned int i = 0; i < client->engine_count; i++)
		if (!strncmp(client->engines[i].name, GRAPHICS, strlen(GRAPHICS)) &&
		    client->engines[i].ns)
			return true;
	return false;
}

static struct nvml_process usage_of(const struct nvml_reading *before,
				    const struct nvml_reading *now, const char *pdev,
				    unsigned int pid)
{
	struct nvml_process process = { .pid = pid };
	struct sum sum = { 0 };

	for (size_t i = 0; i < now->count; i++) {
		const struct nvml_client *client = &now->clients[i];

		if (client->pid != pid || strcmp(client->pdev, pdev))
			continue;
		process.vram += client->vram;
		process.graphics |= had_graphics(client);
		sum_add_client(&sum, before, client);
	}
	process.busy = busiest(&sum, before, now);
	return process;
}

static int by_pid(const void *first, const void *second)
{
	const struct nvml_process *a = first, *b = second;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

int nvml_usage_processes(const struct nvml_reading *before, const struct nvml_reading *now,
			 const char *pdev, struct nvml_process **processes, size_t *count)
{
	struct nvml_process *list = calloc(now->count + 1, sizeof(*list));
	size_t clients = 0, kept = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < now->count; i++)
		if (!strcmp(now->clients[i].pdev, pdev))
			list[clients++].pid = now->clients[i].pid;
	qsort(list, clients, sizeof(*list), by_pid);
	for (size_t i = 0; i < clients; i++)
		if (!i || list[i].pid != list[kept - 1].pid)
			list[kept++] = usage_of(before, now, pdev, list[i].pid);
	*processes = list;
	*count = kept;
	return 0;
}
