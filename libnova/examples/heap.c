// SPDX-License-Identifier: MIT
/*
 * Many small things: pieces of a heap that the GPU fills, with a push buffer that grows in the same heap and
 * is given up behind a point, so that the program never waits before it goes on.
 *
 *     cc heap.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <nova.h>

#define FRAMES	8u
#define PIECES	200u
#define WORDS	64u

struct program {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_timeline *timeline;
	struct nova_heap *heap;
	struct nova_push *push;
	const struct nova_heap_piece *pieces[PIECES];
};

static int set_up(struct program *p)
{
	struct nova_heap_desc heap = { .placement = NOVA_PLACEMENT_SYSTEM };
	struct nova_queue_desc queue = { .priority = NOVA_PRIORITY_NORMAL };
	int ret = nova_device_open(0, &p->dev);

	if (!ret)
		ret = nova_device_find_engine(p->dev, NOVA_ENGINE_COPY, 0, &queue.engine);
	if (!ret)
		ret = nova_vm_create(p->dev, &p->vm);
	if (!ret)
		ret = nova_queue_create(p->vm, &queue, &p->queue);
	if (!ret)
		ret = nova_timeline_create(p->dev, &p->timeline);
	if (!ret)
		ret = nova_heap_create(p->vm, &heap, &p->heap);
	if (!ret)
		ret = nova_push_create_in_heap(p->heap, 1024, &p->push);
	for (uint32_t i = 0; !ret && i < PIECES; i++)
		ret = nova_heap_alloc(p->heap, WORDS * sizeof(uint32_t), 0, &p->pieces[i]);
	return ret;
}

static int draw(struct program *p, uint32_t frame)
{
	struct nova_job job = { 0 };
	uint64_t point;
	int ret;

	for (uint32_t i = 0; i < PIECES; i++)
		nova_push_fill(p->push, p->pieces[i]->va, frame * PIECES + i, WORDS);
	/* The first error of the commands shows here. */
	ret = nova_push_get_ranges(p->push, &job.ranges, &job.range_count);
	if (!ret)
		ret = nova_timeline_submit(p->timeline, p->queue, &job, 1, &point);
	if (!ret)
		ret = nova_push_retire(p->push, nova_timeline_sync(p->timeline), point);
	return ret;
}

static uint32_t count_wrong(const struct program *p)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < PIECES; i++) {
		const uint32_t *words = p->pieces[i]->cpu;

		for (uint32_t j = 0; j < WORDS; j++)
			wrong += words[j] != (FRAMES - 1) * PIECES + i;
	}
	return wrong;
}

int main(void)
{
	struct program p = { 0 };
	struct nova_heap_stats stats;
	uint32_t wrong = 0;
	int ret = set_up(&p);

	for (uint32_t frame = 0; !ret && frame < FRAMES; frame++)
		ret = draw(&p, frame);
	if (!ret)
		ret = nova_timeline_wait_idle(p.timeline, nova_sync_deadline(10000000000ull));
	if (!ret) {
		wrong = count_wrong(&p);
		nova_heap_get_stats(p.heap, &stats);
		printf("%u pieces of %u buffers filled %u times, %u words wrong\n", PIECES,
		       stats.buffers, FRAMES, wrong);
	}
	/* Jobs first, should there be some left after an error. The pieces go with the heap. */
	nova_queue_destroy(p.queue);
	nova_push_destroy(p.push);
	nova_heap_destroy(p.heap);
	nova_timeline_destroy(p.timeline);
	nova_vm_destroy(p.vm);
	nova_device_close(p.dev);
	if (ret) {
		fprintf(stderr, "heap: %s\n", strerror(-ret));
		return 1;
	}
	return wrong != 0;
}
