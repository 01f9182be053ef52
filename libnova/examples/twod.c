// SPDX-License-Identifier: MIT
/*
 * The 2D engine draws a small picture and enlarges it; the CPU looks at each pixel.
 *
 *     cc twod.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <stdio.h>
#include <string.h>
#include <nova.h>

#define SIDE	32u		/* pixels, of the small one */
#define SCALE	4u
#define GROUND	0xff204080u
#define SQUARE	0xfff0c040u
#define PIXEL	4u		/* bytes */

struct twod {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_sync *done;
	struct nova_bo *small;
	struct nova_bo *large;
	struct nova_bo *commands;
	void *pixels;
	void *words;
	uint64_t small_va;
	uint64_t large_va;
	uint64_t commands_va;
};

static int set_up_device(struct twod *t)
{
	struct nova_queue_desc queue = { .priority = NOVA_PRIORITY_NORMAL };
	int ret = nova_device_open(0, &t->dev);

	if (!ret)
		ret = nova_device_find_engine(t->dev, NOVA_ENGINE_GRAPHICS, 0, &queue.engine);
	if (!ret)
		ret = nova_vm_create(t->dev, &t->vm);
	if (!ret)
		ret = nova_queue_create(t->vm, &queue, &t->queue);
	if (!ret)
		ret = nova_sync_create(t->dev, 0, &t->done);
	return ret;
}

static int set_up_memory(struct twod *t)
{
	struct nova_bo_desc small = { .size = SIDE * SIDE * PIXEL };
	struct nova_bo_desc large = {
		.size = small.size * SCALE * SCALE,
		.placement = NOVA_PLACEMENT_SYSTEM,
	};
	struct nova_bo_desc commands = { .size = 4096, .placement = NOVA_PLACEMENT_SYSTEM };
	int ret = nova_bo_create(t->dev, &small, &t->small);

	if (!ret)
		ret = nova_bo_create(t->dev, &large, &t->large);
	if (!ret)
		ret = nova_bo_create(t->dev, &commands, &t->commands);
	if (!ret)
		ret = nova_bo_map(t->large, &t->pixels);
	if (!ret)
		ret = nova_bo_map(t->commands, &t->words);
	if (!ret)
		ret = nova_vm_map(t->vm, t->small, 0, 0, 0, &t->small_va);
	if (!ret)
		ret = nova_vm_map(t->vm, t->large, 0, 0, 0, &t->large_va);
	if (!ret)
		ret = nova_vm_map(t->vm, t->commands, 0, 0, NOVA_VM_READONLY, &t->commands_va);
	return ret;
}

/* A square in the middle of the small picture, and all of that on the large one. */
static int draw(struct twod *t, uint32_t *length)
{
	const struct nova_twod_surface small = {
		.va = t->small_va, .format = NOVA_TWOD_A8R8G8B8,
		.width = SIDE, .height = SIDE, .pitch = SIDE * PIXEL,
	};
	const struct nova_twod_surface large = {
		.va = t->large_va, .format = NOVA_TWOD_A8R8G8B8,
		.width = SIDE * SCALE, .height = SIDE * SCALE, .pitch = SIDE * SCALE * PIXEL,
	};
	const struct nova_twod_rect all = { .width = SIDE, .height = SIDE };
	const struct nova_twod_rect middle = {
		.x = SIDE / 4, .y = SIDE / 4, .width = SIDE / 2, .height = SIDE / 2,
	};
	const struct nova_twod_rect all_large = { .width = SIDE * SCALE, .height = SIDE * SCALE };
	struct nova_push *push;
	int ret = nova_push_create(t->words, nova_bo_size(t->commands), &push);

	if (ret)
		return ret;
	nova_push_twod_fill(push, &small, &all, NOVA_TWOD_A8R8G8B8, GROUND);
	nova_push_twod_fill(push, &small, &middle, NOVA_TWOD_A8R8G8B8, SQUARE);
	nova_push_twod_blit(push, &large, &all_large, &small, &all);
	/* The first of these that failed; nothing is added after it. */
	ret = nova_push_status(push);
	*length = nova_push_size(push);
	nova_push_destroy(push);
	return ret;
}

static int run(struct twod *t)
{
	struct nova_job_sync done = { .sync = t->done, .flags = NOVA_JOB_SYNC_SIGNAL };
	struct nova_push_range range = { .va = t->commands_va };
	struct nova_job job = { .ranges = &range, .range_count = 1, .syncs = &done, .sync_count = 1 };
	int status = 0;
	int ret = draw(t, &range.length);

	if (!ret)
		ret = nova_queue_submit(t->queue, &job, 1);
	if (!ret)
		ret = nova_sync_wait(t->done, 0, nova_sync_deadline(10000000000ull), 0);
	if (!ret)
		ret = nova_sync_get_status(t->done, 0, &status);
	return ret ? ret : status < 0 ? status : 0;
}

static int in_middle(uint32_t pixel)
{
	pixel /= SCALE;
	return pixel >= SIDE / 4 && pixel < SIDE / 4 * 3;
}

static uint32_t count_wrong(const uint32_t *pixels)
{
	uint32_t wrong = 0;

	for (uint32_t y = 0; y < SIDE * SCALE; y++)
		for (uint32_t x = 0; x < SIDE * SCALE; x++)
			wrong += *pixels++ != (in_middle(x) && in_middle(y) ? SQUARE : GROUND);
	return wrong;
}

int main(void)
{
	struct twod t = { 0 };
	uint32_t wrong = 0;
	int ret = set_up_device(&t);

	if (!ret)
		ret = set_up_memory(&t);
	if (!ret)
		ret = run(&t);
	if (!ret)
		wrong = count_wrong(t.pixels);
	nova_queue_destroy(t.queue);
	nova_vm_destroy(t.vm);
	nova_bo_destroy(t.small);
	nova_bo_destroy(t.large);
	nova_bo_destroy(t.commands);
	nova_sync_destroy(t.done);
	nova_device_close(t.dev);
	if (ret) {
		fprintf(stderr, "twod: %s\n", strerror(-ret));
		return 1;
	}
	printf("%u pixels drawn by the GPU, %u of them wrong\n", SIDE * SIDE * SCALE * SCALE, wrong);
	return wrong != 0;
}
