// SPDX-License-Identifier: MIT
/*
 * The smallest whole program: the GPU fills a buffer, the CPU looks at it.
 *
 *     cc fill.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <stdio.h>
#include <string.h>
#include <nova.h>

#define COUNT	1024u
#define VALUE	0xc0ffee00u

struct fill {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_sync *done;
	struct nova_bo *target;
	struct nova_bo *commands;
	void *pixels;
	void *words;
	uint64_t target_va;
	uint64_t commands_va;
};

static int set_up(struct fill *f)
{
	struct nova_bo_desc desc = { .size = COUNT * sizeof(uint32_t), .placement = NOVA_PLACEMENT_SYSTEM };
	struct nova_queue_desc queue = { .priority = NOVA_PRIORITY_NORMAL };
	int ret = nova_device_open(0, &f->dev);

	if (!ret)
		ret = nova_device_find_engine(f->dev, NOVA_ENGINE_COPY, 0, &queue.engine);
	if (!ret)
		ret = nova_vm_create(f->dev, &f->vm);
	if (!ret)
		ret = nova_queue_create(f->vm, &queue, &f->queue);
	if (!ret)
		ret = nova_sync_create(f->dev, 0, &f->done);
	if (!ret)
		ret = nova_bo_create(f->dev, &desc, &f->target);
	if (!ret)
		ret = nova_bo_create(f->dev, &desc, &f->commands);
	if (!ret)
		ret = nova_bo_map(f->target, &f->pixels);
	if (!ret)
		ret = nova_bo_map(f->commands, &f->words);
	if (!ret)
		ret = nova_vm_map(f->vm, f->target, 0, 0, 0, &f->target_va);
	if (!ret)
		ret = nova_vm_map(f->vm, f->commands, 0, 0, NOVA_VM_READONLY, &f->commands_va);
	return ret;
}

static int run(struct fill *f)
{
	struct nova_job_sync done = { .sync = f->done, .flags = NOVA_JOB_SYNC_SIGNAL };
	struct nova_push_range range = { .va = f->commands_va };
	struct nova_job job = { .ranges = &range, .range_count = 1, .syncs = &done, .sync_count = 1 };
	struct nova_push *push;
	int status = 0;
	int ret = nova_push_create(f->words, nova_bo_size(f->commands), &push);

	if (ret)
		return ret;
	nova_push_fill(push, f->target_va, VALUE, COUNT);
	ret = nova_push_status(push);
	range.length = nova_push_size(push);
	nova_push_destroy(push);
	if (!ret)
		ret = nova_queue_submit(f->queue, &job, 1);
	if (!ret)
		ret = nova_sync_wait(f->done, 0, nova_sync_deadline(10000000000ull), 0);
	if (!ret)
		ret = nova_sync_get_status(f->done, 0, &status);
	return ret ? ret : status < 0 ? status : 0;
}

/* In any order, and also when the device is gone. */
static void tear_down(struct fill *f)
{
	nova_queue_destroy(f->queue);
	nova_vm_destroy(f->vm);
	nova_bo_destroy(f->target);
	nova_bo_destroy(f->commands);
	nova_sync_destroy(f->done);
	nova_device_close(f->dev);
}

int main(void)
{
	struct fill f = { 0 };
	uint32_t wrong = 0;
	int ret = set_up(&f);

	if (!ret)
		ret = run(&f);
	for (uint32_t i = 0; !ret && i < COUNT; i++)
		wrong += ((uint32_t *)f.pixels)[i] != VALUE;
	tear_down(&f);
	if (ret) {
		fprintf(stderr, "fill: %s\n", strerror(-ret));
		return 1;
	}
	printf("%u words filled by the GPU, %u of them wrong\n", COUNT, wrong);
	return wrong != 0;
}
