// SPDX-License-Identifier: MIT
/*
 * The GPU works in memory of the program itself, commands and all: no buffer, no copy.
 *
 *     cc userptr.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <nova.h>

#define COUNT	1024u
#define VALUE	0xc0ffee00u

static _Alignas(4096) uint32_t pixels[COUNT];
static _Alignas(4096) uint32_t words[COUNT];

struct fill {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_sync *done;
	uint64_t pixels_va;
	uint64_t words_va;
};

static int set_up(struct fill *f)
{
	struct nova_queue_desc queue = { .priority = NOVA_PRIORITY_NORMAL };
	struct nova_device_info info;
	int ret = nova_device_open(0, &f->dev);

	if (!ret)
		ret = nova_device_query_info(f->dev, &info);
	if (!ret && !(info.features & NOVA_FEATURE_USERPTR))
		ret = -EOPNOTSUPP;
	if (!ret)
		ret = nova_device_find_engine(f->dev, NOVA_ENGINE_COPY, 0, &queue.engine);
	if (!ret)
		ret = nova_vm_create(f->dev, &f->vm);
	if (!ret)
		ret = nova_queue_create(f->vm, &queue, &f->queue);
	if (!ret)
		ret = nova_sync_create(f->dev, 0, &f->done);
	if (!ret)
		ret = nova_vm_map_user(f->vm, pixels, sizeof(pixels), 0, &f->pixels_va);
	if (!ret)
		ret = nova_vm_map_user(f->vm, words, sizeof(words), NOVA_VM_READONLY, &f->words_va);
	return ret;
}

static int run(struct fill *f)
{
	struct nova_job_sync done = { .sync = f->done, .flags = NOVA_JOB_SYNC_SIGNAL };
	struct nova_push_range range = { .va = f->words_va };
	struct nova_job job = { .ranges = &range, .range_count = 1, .syncs = &done, .sync_count = 1 };
	struct nova_push *push;
	int status = 0;
	int ret = nova_push_create(words, sizeof(words), &push);

	if (ret)
		return ret;
	nova_push_fill(push, f->pixels_va, VALUE, COUNT);
	ret = nova_push_status(push);
	range.length = nova_push_size(push);
	nova_push_destroy(push);
	/* -EFAULT if the program had given back what is mapped. */
	if (!ret)
		ret = nova_queue_submit(f->queue, &job, 1);
	if (!ret)
		ret = nova_sync_wait(f->done, 0, nova_sync_deadline(10000000000ull), 0);
	if (!ret)
		ret = nova_sync_get_status(f->done, 0, &status);
	return ret ? ret : status < 0 ? status : 0;
}

int main(void)
{
	struct fill f = { 0 };
	uint32_t wrong = 0;
	int ret = set_up(&f);

	if (!ret)
		ret = run(&f);
	for (uint32_t i = 0; !ret && i < COUNT; i++)
		wrong += pixels[i] != VALUE;
	nova_queue_destroy(f.queue);
	/* With its mappings; the memory is the program's as before. */
	nova_vm_destroy(f.vm);
	nova_sync_destroy(f.done);
	nova_device_close(f.dev);
	if (ret) {
		fprintf(stderr, "userptr: %s\n", strerror(-ret));
		return 1;
	}
	printf("%u words of the program filled by the GPU, %u of them wrong\n", COUNT, wrong);
	return wrong != 0;
}
