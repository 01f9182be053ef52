// SPDX-License-Identifier: MIT
/*
 * Work: what the emulated GPU moves and executes, by its own clock, against memcpy() in the emulator's
 * process; and what an access to it costs.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <nova_drm.h>

#include "client.h"
#include "groups.h"

#define KIB		1024ull
#define MIB		(1024 * KIB)
#define COPY_MAX	(64 * MIB)
#define COPY_BYTES	(16 * MIB)	/* small copies are repeated until they are so much */
#define CONTROL_PORT	"/dev/virtio-ports/nova-ctl.0"
#define NOPS		32768u
#define STAMP		64u		/* in the results: the first of two stamps of 16 bytes */
#define USERMODE_TIME_0	0x80		/* NV_USERMODE_TIME_0, in page 0 of a user-mode queue's map */

struct work {
	struct bench_client client;
	struct nova_bo *bos[4];
	uint64_t vram_va[2];	/* from, to */
	uint64_t system_va[2];
	size_t map_size;
	volatile uint32_t *page;	/* of a user-mode queue */
	void *map;
	uint32_t token;
};

static unsigned int repeats(uint64_t size)
{
	return size >= COPY_BYTES ? 1 : (unsigned int)(COPY_BYTES / size);
}

/* --- timed by the GPU ------------------------------------------------------- */

/* Runs what @push has; its first and last commands write time stamps. The ns between them. */
static int run_timed(struct work *work, struct nova_push *push, double *ns)
{
	struct nova_push_range range = { .va = work->client.commands_va, .length = nova_push_size(push) };
	volatile uint64_t *stamps = work->client.values + STAMP / 8;
	int ret = nova_push_status(push);

	nova_push_destroy(push);
	if (!ret)
		ret = bench_client_exec(&work->client, &range, 1, true);
	if (!ret)
		ret = bench_client_wait(&work->client);
	if (!ret)
		*ns = (double)(stamps[3] - stamps[1]);
	return ret;
}

static int start_timed(struct work *work, struct nova_push **push)
{
	int ret = nova_push_create(work->client.words, BENCH_COMMANDS_SIZE, push);

	if (!ret)
		nova_push_sem_release(*push, work->client.results_va + STAMP, 1,
				      NOVA_SEM_WFI | NOVA_SEM_TIMESTAMP);
	return ret;
}

static void end_timed(struct work *work, struct nova_push *push)
{
	nova_push_sem_release(push, work->client.results_va + STAMP + 16, 1, NOVA_SEM_WFI | NOVA_SEM_TIMESTAMP);
}

static int copy(struct work *work, const uint64_t va[2], uint64_t size, double *value)
{
	unsigned int n = repeats(size);
	struct nova_push *push;
	double ns = 0;
	int ret = start_timed(work, &push);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < n; i++)
		nova_push_copy(push, va[1], va[0], size);
	end_timed(work, push);
	ret = run_timed(work, push, &ns);
	*value = (double)(size * n) / MIB / (ns / 1e9);
	return ret;
}

static int copy_vram(struct bench_arm *arm, double *value)
{
	struct work *work = arm->data;

	return copy(work, work->vram_va, arm->number, value);
}

static int copy_system(struct bench_arm *arm, double *value)
{
	struct work *work = arm->data;

	return copy(work, work->system_va, arm->number, value);
}

static int fill(struct bench_arm *arm, double *value)
{
	struct work *work = arm->data;
	unsigned int n = repeats(arm->number);
	struct nova_push *push;
	double ns = 0;
	int ret = start_timed(work, &push);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < n; i++)
		nova_push_fill(push, work->vram_va[1], 0x12345678, arm->number / 4);
	end_timed(work, push);
	ret = run_timed(work, push, &ns);
	*value = (double)(arm->number * n) / MIB / (ns / 1e9);
	return ret;
}

static int methods(struct bench_arm *arm, double *value)
{
	struct work *work = arm->data;
	struct nova_push *push;
	double ns = 0;
	int ret = start_timed(work, &push);

	if (ret)
		return ret;
	for (unsigned int i = 0; i < NOPS; i++)
		nova_push_nop(push);
	end_timed(work, push);
	ret = run_timed(work, push, &ns);
	*value = NOPS / (ns / 1e9);
	return ret;
}

/* --- the emulator's own memcpy() -------------------------------------------- */

/* One line there, one line back. */
static int control(const char *command, char *answer, size_t size)
{
	size_t have = 0;
	int fd = open(CONTROL_PORT, O_RDWR | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, command, strlen(command)) < 0)
		ret = -errno;
	while (!ret && (!have || answer[have - 1] != '\n')) {
		ssize_t got = have + 1 < size ? read(fd, answer + have, size - 1 - have) : -1;

		if (got <= 0)
			ret = -EIO;
		else
			have += (size_t)got;
	}
	answer[have] = '\0';
	close(fd);
	return ret;
}

static int host_memcpy(struct bench_arm *arm, double *value)
{
	struct json_object *root, *bytes, *ns;
	char command[64], answer[256];
	int ret;

	snprintf(command, sizeof(command), "memcpy %llu\n", (unsigned long long)arm->number);
	ret = control(command, answer, sizeof(answer));
	if (ret)
		return ret;
	root = json_tokener_parse(answer);
	if (json_object_object_get_ex(root, "bytes", &bytes) && json_object_object_get_ex(root, "ns", &ns) &&
	    json_object_get_double(ns) > 0)
		*value = json_object_get_double(bytes) / MIB / (json_object_get_double(ns) / 1e9);
	else
		ret = -EIO;
	json_object_put(root);
	return ret;
}

/* --- accesses --------------------------------------------------------------- */

/* Of what a client may map, which the emulator answers as any other register. */
static int register_read(struct bench_arm *arm, double *value)
{
	struct work *work = arm->data;
	const unsigned int n = 200;
	double start = bench_now();

	for (unsigned int i = 0; i < n; i++)
		(void)work->page[USERMODE_TIME_0 / 4];
	*value = (bench_now() - start) / n;
	return 0;
}

/* There, and a read that comes back behind it. Its ring is empty. */
static int doorbell(struct bench_arm *arm, double *value)
{
	struct work *work = arm->data;
	const unsigned int n = 200;
	double start = bench_now();

	for (unsigned int i = 0; i < n; i++) {
		work->page[DRM_NOVA_USERQ_DOORBELL / 4] = work->token;
		if (arm->number)
			(void)work->page[USERMODE_TIME_0 / 4];
	}
	*value = (bench_now() - start) / n;
	return 0;
}

static int map_userq(struct work *work)
{
	struct drm_nova_queue_create args = { .flags = DRM_NOVA_QUEUE_USERMODE,
					      .priority = DRM_NOVA_PRIORITY_NORMAL };
	struct drm_nova_vm_create vm = { 0 };
	int fd = nova_device_fd(work->client.dev);

	/* Its own address space: the buffers of the other one stay movable. It goes with the file. */
	if (ioctl(fd, DRM_IOCTL_NOVA_VM_CREATE, &vm))
		return -errno;
	args.vm_id = vm.vm_id;
	if (ioctl(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &args))
		return -errno;
	work->map = mmap(NULL, args.map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 (off_t)args.doorbell_offset);
	if (work->map == MAP_FAILED) {
		work->map = NULL;
		return -errno;
	}
	work->map_size = args.map_size;
	work->page = work->map;
	work->token = args.token;
	return 0;
}

/* --- the plan --------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *line;
	int (*run)(struct bench_arm *arm, double *value);
} ways[] = {
	{ "copy-%s/nova", "copy in video memory", copy_vram },
	{ "copy-%s-system/nova", "copy in system memory", copy_system },
	{ "fill-%s/nova", "fill of video memory", fill },
	{ "copy-%s/memcpy", "memcpy() in the emulator", host_memcpy },
};

#define WAYS	(sizeof(ways) / sizeof(ways[0]))

static const struct {
	const char *name;
	uint64_t size;
} sizes[] = {
	{ "4k", 4 * KIB }, { "64k", 64 * KIB }, { "1m", MIB }, { "16m", 16 * MIB }, { "64m", COPY_MAX },
};

#define SIZES	(sizeof(sizes) / sizeof(sizes[0]))

static void bandwidths(struct bench *bench, struct work *work)
{
	struct bench_arm arms[WAYS] = { 0 };

	for (size_t s = 0; s < SIZES; s++) {
		for (size_t i = 0; i < WAYS; i++) {
			struct bench_series *series = &arms[i].series;
			char name[48];

			snprintf(name, sizeof(name), ways[i].name, sizes[s].name);
			snprintf(series->id, sizeof(series->id), "work/%s", name);
			snprintf(series->title, sizeof(series->title), "%s, %s", ways[i].line, sizes[s].name);
			strcpy(series->unit, "MiB/s");
			strcpy(series->plot, "bandwidth by KiB of an operation");
			snprintf(series->line, sizeof(series->line), "%s", ways[i].line);
			series->x = (double)(sizes[s].size / KIB);
			arms[i].run = ways[i].run;
			arms[i].data = work;
			arms[i].number = sizes[s].size;
		}
		bench_take_turns(bench, arms, WAYS, sizes[s].size == COPY_MAX ? 20 : 10, 12);
	}
}

static void accesses(struct bench *bench, struct work *work)
{
	struct bench_arm arms[] = {
		{ .series = { "work/methods/nova", "host methods", "methods/s", "", "", 0, NULL, 0 },
		  .run = methods, .data = work },
		{ .series = { "work/register-read/nova", "one register read", "ns", "", "", 0, NULL, 0 },
		  .run = register_read, .data = work },
		{ .series = { "work/doorbell/nova", "one doorbell, without an answer", "ns", "", "", 0, NULL, 0 },
		  .run = doorbell, .data = work },
		{ .series = { "work/doorbell-round/nova", "one doorbell and a register read behind it", "ns", "",
			      "", 0, NULL, 0 },
		  .run = doorbell, .data = work, .number = 1 },
	};
	int ret = map_userq(work);

	if (ret)
		bench_skip(bench, "work/register-read", "no user-mode queue", ret);
	bench_take_turns(bench, arms, ret ? 1 : sizeof(arms) / sizeof(arms[0]), 20, 10);
	if (work->map)
		munmap(work->map, work->map_size);
}

static int work_init(struct work *work)
{
	int ret = bench_client_init(&work->client);

	for (int i = 0; i < 2 && !ret; i++) {
		void *map;

		ret = bench_client_buffer(&work->client, COPY_MAX, NOVA_PLACEMENT_VRAM, &work->bos[i], NULL,
					  &work->vram_va[i]);
		if (!ret)
			ret = bench_client_buffer(&work->client, COPY_MAX, NOVA_PLACEMENT_SYSTEM,
						  &work->bos[2 + i], &map, &work->system_va[i]);
	}
	return ret;
}

void bench_work(struct bench *bench)
{
	struct work work = { 0 };
	int ret = work_init(&work);

	if (ret) {
		bench_skip(bench, "work", "no client", ret);
	} else {
		bandwidths(bench, &work);
		accesses(bench, &work);
	}
	for (int i = 0; i < 4; i++)
		nova_bo_destroy(work.bos[i]);
	bench_client_fini(&work.client);
}
