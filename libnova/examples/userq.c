// SPDX-License-Identifier: MIT
/*
 * Submission without a system call: the GPU fills a buffer many times over, each time
 * started by stores to memory alone; one system call waits for the end of it all.
 *
 *     cc userq.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <nova.h>

#define COUNT	1024u
#define ROUNDS	500u

struct userq {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_userq *queue;
	struct nova_bo *target;
	struct nova_bo *commands;
	uint32_t *words;
	void *memory;
	uint64_t target_va;
	uint64_t commands_va;
	struct nova_push_range range;
};

static int set_up(struct userq *u)
{
	struct nova_bo_desc desc = { .size = (COUNT + 2) * sizeof(uint32_t), .placement = NOVA_PLACEMENT_SYSTEM };
	struct nova_queue_desc queue = { .priority = NOVA_PRIORITY_NORMAL };
	void *words = NULL;
	int ret = nova_device_open(0, &u->dev);

	if (!ret)
		ret = nova_device_find_engine(u->dev, NOVA_ENGINE_COPY, 0, &queue.engine);
	if (!ret)
		ret = nova_vm_create(u->dev, &u->vm);
	if (!ret)
		ret = nova_bo_create(u->dev, &desc, &u->target);
	if (!ret)
		ret = nova_bo_create(u->dev, &desc, &u->commands);
	if (!ret)
		ret = nova_bo_map(u->target, &words);
	if (!ret)
		ret = nova_bo_map(u->commands, &u->memory);
	if (!ret)
		ret = nova_vm_map(u->vm, u->target, 0, 0, 0, &u->target_va);
	if (!ret)
		ret = nova_vm_map(u->vm, u->commands, 0, 0, NOVA_VM_READONLY, &u->commands_va);
	if (!ret)
		ret = nova_userq_create(u->vm, &queue, &u->queue);
	u->words = words;
	return ret;
}

/* Fills the target, then counts in the word behind it, then interrupts: so that a wait looks. */
static int write_commands(struct userq *u)
{
	struct nova_push *push;
	int ret = nova_push_create(u->memory, nova_bo_size(u->commands), &push);

	if (ret)
		return ret;
	nova_push_fill(push, u->target_va, 0xc0ffee00u, COUNT);
	nova_push_sem_reduce(push, u->target_va + COUNT * 4, NOVA_SEM_ADD, 1, NOVA_SEM_WFI);
	nova_push_interrupt(push);
	ret = nova_push_status(push);
	u->range = (struct nova_push_range) { .va = u->commands_va, .length = nova_push_size(push) };
	nova_push_destroy(push);
	return ret;
}

static int wait_for(struct userq *u, uint32_t rounds)
{
	struct nova_fence_wait wait = {
		.va = u->target_va + COUNT * 4,
		.value = rounds,
		.op = NOVA_FENCE_GE,
		.flags = NOVA_FENCE_32BIT,
		.userq = u->queue,
		.deadline_ns = nova_sync_deadline(10000000000ull),
	};

	return nova_vm_wait_fence(u->vm, &wait);
}

static int run(struct userq *u)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < ROUNDS; i++) {
		/* The ring is full: wait for what is in it. Where the GPU is in the ring it tells a little later. */
		while ((ret = nova_userq_submit(u->queue, &u->range, 1)) == -ENOSPC) {
			ret = wait_for(u, i);
			if (ret)
				break;
		}
	}
	return ret ? ret : wait_for(u, ROUNDS);
}

int main(void)
{
	struct userq u = { 0 };
	uint32_t wrong = 0;
	int ret = set_up(&u);

	if (!ret)
		ret = write_commands(&u);
	if (!ret)
		ret = run(&u);
	for (uint32_t i = 0; !ret && i < COUNT; i++)
		wrong += u.words[i] != 0xc0ffee00u;
	nova_userq_destroy(u.queue);
	nova_vm_destroy(u.vm);
	nova_bo_destroy(u.target);
	nova_bo_destroy(u.commands);
	nova_device_close(u.dev);
	if (ret) {
		fprintf(stderr, "userq: %s\n", strerror(-ret));
		return 1;
	}
	printf("%u times %u words filled by the GPU, %u of them wrong\n", ROUNDS, COUNT, wrong);
	return wrong != 0;
}
