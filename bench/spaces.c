// SPDX-License-Identifier: MIT
/*
 * Address spaces: binds by size, one and many in a call, now and behind a fence, and how the cost of one
 * grows with the mappings that are there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nova.h>

#include "groups.h"

#define KIB	1024ull
#define MIB	(1024 * KIB)
#define GIB	(1024 * MIB)
#define PAGE	(4 * KIB)
#define BASE	(16 * GIB)	/* where we choose addresses; libnova takes its own from the low end */
#define OPS_MAX	256u
#define WAIT_NS	60000000000ull

struct spaces {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_bo *large;	/* as much of 1 GiB as there is, resident */
	uint64_t large_size;
	struct nova_sync *done;
	uint64_t point;
	uint32_t ops_max;
};

/* arm->number: bytes of one op. */
struct spaces_plan {
	const char *name;
	uint64_t size;
	uint32_t ops;
	bool async;
};

static const struct spaces_plan plans[] = {
	{ "4k-1-sync", 4 * KIB, 1, false },	{ "4k-1-async", 4 * KIB, 1, true },
	{ "4k-256-sync", 4 * KIB, 256, false }, { "4k-256-async", 4 * KIB, 256, true },
	{ "2m-1-sync", 2 * MIB, 1, false },	{ "2m-1-async", 2 * MIB, 1, true },
	{ "2m-256-sync", 2 * MIB, 256, false }, { "2m-256-async", 2 * MIB, 256, true },
	{ "1g-1-sync", GIB, 1, false },		{ "1g-1-async", GIB, 1, true },
};

#define PLANS	(sizeof(plans) / sizeof(plans[0]))

struct spaces_arm {
	struct spaces *spaces;
	const struct spaces_plan *plan;
};

static int bind(struct spaces *spaces, const struct nova_vm_op *ops, uint32_t count, bool async)
{
	struct nova_job_sync sync = { .sync = spaces->done, .flags = NOVA_JOB_SYNC_SIGNAL };
	int ret;

	if (!async)
		return nova_vm_bind(spaces->vm, ops, count);
	sync.point = ++spaces->point;
	ret = nova_vm_bind_async(spaces->vm, ops, count, &sync, 1);
	return ret ? ret : nova_sync_wait(spaces->done, sync.point, nova_sync_deadline(WAIT_NS), 0);
}

/* A bind and an unbind of each op, until the GPU sees it; the value is for one op. */
static int bind_unbind(struct bench_arm *arm, double *value)
{
	struct spaces_arm *data = arm->data;
	const struct spaces_plan *plan = data->plan;
	struct nova_vm_op map[OPS_MAX] = { 0 }, unmap[OPS_MAX] = { 0 };
	unsigned int n = plan->size * plan->ops >= 256 * MIB ? 1 : 16;
	double start;
	int ret = 0;

	for (uint32_t i = 0; i < plan->ops; i++) {
		map[i] = (struct nova_vm_op) { .op = NOVA_VM_OP_MAP, .bo = data->spaces->large,
					       .va = BASE + i * plan->size, .size = plan->size };
		unmap[i] = (struct nova_vm_op) { .op = NOVA_VM_OP_UNMAP, .va = map[i].va, .size = plan->size };
	}
	start = bench_now();
	for (unsigned int i = 0; i < n && !ret; i++) {
		ret = bind(data->spaces, map, plan->ops, plan->async);
		if (!ret)
			ret = bind(data->spaces, unmap, plan->ops, plan->async);
	}
	*value = (bench_now() - start) / n / plan->ops;
	return ret;
}

static void sizes(struct bench *bench, struct spaces *spaces)
{
	struct spaces_arm data[PLANS];
	struct bench_arm arms[PLANS] = { 0 };

	for (size_t i = 0; i < PLANS; i++) {
		struct bench_series *series = &arms[i].series;

		snprintf(series->id, sizeof(series->id), "spaces/%s/nova", plans[i].name);
		snprintf(series->title, sizeof(series->title), "bind and unbind of %llu KiB, %u in a call, %s",
			 (unsigned long long)(plans[i].size / KIB), plans[i].ops,
			 plans[i].async ? "asynchronous, until the fence" : "synchronous");
		strcpy(series->unit, "ns");
		strcpy(series->plot, "bind and unbind by KiB of an operation");
		snprintf(series->line, sizeof(series->line), "%s, %u in a call",
			 plans[i].async ? "asynchronous" : "synchronous", plans[i].ops);
		series->x = (double)(plans[i].size / KIB);
		if (plans[i].size > spaces->large_size || plans[i].ops > spaces->ops_max) {
			bench_skip(bench, series->id, "more than a buffer or a call holds here", 0);
			continue;
		}
		data[i] = (struct spaces_arm) { spaces, &plans[i] };
		arms[i].data = &data[i];
		arms[i].run = bind_unbind;
	}
	bench_take_turns(bench, arms, PLANS, 15, 40);
}

/* --- how it grows ----------------------------------------------------------- */

static const uint32_t counts[] = { 100, 1000, 10000, 100000 };

#define COUNTS	(sizeof(counts) / sizeof(counts[0]))

struct growth {
	struct nova_vm *vm;
	struct nova_bo *bo;
	uint32_t count;
};

/* @count mappings of one page, every other page free. */
static int populate(struct growth *growth, uint32_t ops_max)
{
	struct nova_vm_op ops[OPS_MAX] = { 0 };
	uint32_t at = 0;
	int ret = 0;

	while (at < growth->count && !ret) {
		uint32_t n = 0;

		for (; n < OPS_MAX && n < ops_max && at < growth->count; n++, at++)
			ops[n] = (struct nova_vm_op) { .op = NOVA_VM_OP_MAP, .bo = growth->bo,
						       .va = BASE + 2 * PAGE * at, .size = PAGE };
		ret = nova_vm_bind(growth->vm, ops, n);
	}
	return ret;
}

/* One more, in the middle of the others. */
static int next(struct bench_arm *arm, double *value)
{
	const struct growth *growth = arm->data;
	struct nova_vm_op map = { .op = NOVA_VM_OP_MAP, .bo = growth->bo, .size = PAGE };
	struct nova_vm_op unmap = { .op = NOVA_VM_OP_UNMAP, .size = PAGE };
	const unsigned int n = 64;
	double start;
	int ret = 0;

	map.va = BASE + 2 * PAGE * (growth->count / 2) + PAGE;
	unmap.va = map.va;
	start = bench_now();
	for (unsigned int i = 0; i < n && !ret; i++) {
		ret = nova_vm_bind(growth->vm, &map, 1);
		if (!ret)
			ret = nova_vm_bind(growth->vm, &unmap, 1);
	}
	*value = (bench_now() - start) / n;
	return ret;
}

static void growth(struct bench *bench, struct spaces *spaces)
{
	struct growth growth[COUNTS] = { 0 };
	struct bench_arm arms[COUNTS] = { 0 };

	for (size_t i = 0; i < COUNTS; i++) {
		struct bench_series *series = &arms[i].series;
		struct nova_bo_desc desc = { .size = PAGE, .placement = NOVA_PLACEMENT_SYSTEM };
		double start;
		int ret;

		snprintf(series->id, sizeof(series->id), "spaces/next-%u/nova", counts[i]);
		snprintf(series->title, sizeof(series->title), "bind and unbind of 4 KiB among %u mappings", counts[i]);
		strcpy(series->unit, "ns");
		strcpy(series->plot, "one more mapping by mappings there are");
		strcpy(series->line, "bind and unbind of 4 KiB");
		series->x = counts[i];
		growth[i].count = counts[i];
		/* A buffer for each: one of many mappings costs its VM alone. */
		ret = nova_bo_create(spaces->dev, &desc, &growth[i].bo);
		if (!ret)
			ret = nova_vm_create(spaces->dev, &growth[i].vm);
		start = bench_now();
		if (!ret)
			ret = populate(&growth[i], spaces->ops_max);
		if (ret) {
			bench_skip(bench, series->id, "the mappings cannot be made", ret);
			continue;
		}
		fprintf(stderr, "nova-bench: %u mappings in %.0f ms\n", counts[i], (bench_now() - start) / 1e6);
		arms[i].run = next;
		arms[i].data = &growth[i];
	}
	bench_take_turns(bench, arms, COUNTS, 30, 15);
	for (size_t i = 0; i < COUNTS; i++) {
		nova_vm_destroy(growth[i].vm);
		nova_bo_destroy(growth[i].bo);
	}
}

/* --- the group -------------------------------------------------------------- */

/* A buffer that is bound is resident when the CPU has touched it. */
static int make_large(struct spaces *spaces)
{
	struct nova_bo_desc desc = { .placement = NOVA_PLACEMENT_SYSTEM };
	struct nova_limits limits;
	void *map;
	int ret = nova_device_query_limits(spaces->dev, &limits);

	if (ret)
		return ret;
	spaces->ops_max = limits.bind_ops_max;
	spaces->large_size = limits.bo_size_max < GIB ? limits.bo_size_max : GIB;
	desc.size = spaces->large_size;
	ret = nova_bo_create(spaces->dev, &desc, &spaces->large);
	if (!ret)
		ret = nova_bo_map(spaces->large, &map);
	if (ret)
		return ret;
	for (uint64_t i = 0; i < spaces->large_size; i += PAGE)
		((volatile uint8_t *)map)[i] = 1;
	nova_bo_unmap(spaces->large);
	return 0;
}

void bench_spaces(struct bench *bench)
{
	struct spaces spaces = { 0 };
	int ret = nova_device_open(0, &spaces.dev);

	if (!ret)
		ret = nova_vm_create(spaces.dev, &spaces.vm);
	if (!ret)
		ret = nova_sync_create(spaces.dev, 0, &spaces.done);
	if (!ret)
		ret = make_large(&spaces);
	if (ret) {
		bench_skip(bench, "spaces", "no device, or no buffer", ret);
	} else {
		sizes(bench, &spaces);
		nova_bo_destroy(spaces.large);
		spaces.large = NULL;
		growth(bench, &spaces);
	}
	nova_bo_destroy(spaces.large);
	nova_sync_destroy(spaces.done);
	nova_vm_destroy(spaces.vm);
	nova_device_close(spaces.dev);
}
