/* SPDX-License-Identifier: MIT */
/*
 * usage: nova-userq-client: submits to a user-mode queue, for nova_userq@no-syscall, which traces it. Between
 * getppid() and getpgrp() are the submissions, and nothing else that enters the kernel.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <nova.h>

#define ROUNDS	100u

struct client {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_userq *userq;
	struct nova_bo *words;
	struct nova_bo *fence;
	void *map;
	void *value;
	uint64_t words_va;
	uint64_t fence_va;
	struct nova_push_range range;
};

static int set_up(struct client *c)
{
	struct nova_bo_desc desc = { .size = 4096, .placement = NOVA_PLACEMENT_SYSTEM };
	struct nova_queue_desc queue = { .priority = NOVA_PRIORITY_NORMAL, .ring_size = 256 };
	int ret = nova_device_open(0, &c->dev);

	if (!ret)
		ret = nova_vm_create(c->dev, &c->vm);
	if (!ret)
		ret = nova_bo_create(c->dev, &desc, &c->words);
	if (!ret)
		ret = nova_bo_create(c->dev, &desc, &c->fence);
	if (!ret)
		ret = nova_bo_map(c->words, &c->map);
	if (!ret)
		ret = nova_bo_map(c->fence, &c->value);
	if (!ret)
		ret = nova_vm_map(c->vm, c->words, 0, 0, 0, &c->words_va);
	if (!ret)
		ret = nova_vm_map(c->vm, c->fence, 0, 0, 0, &c->fence_va);
	if (!ret)
		ret = nova_userq_create(c->vm, &queue, &c->userq);
	return ret;
}

/* Adds one to the fence. */
static int write_push(struct client *c)
{
	struct nova_push *push;
	int ret = nova_push_create(c->map, 4096, &push);

	if (ret)
		return ret;
	nova_push_sem_reduce(push, c->fence_va, NOVA_SEM_ADD, 1, 0);
	nova_push_interrupt(push);
	ret = nova_push_status(push);
	c->range = (struct nova_push_range) { .va = c->words_va, .length = nova_push_size(push) };
	nova_push_destroy(push);
	return ret;
}

static int submit_all(struct client *c)
{
	int ret = 0;

	getppid();
	for (unsigned int i = 0; !ret && i < ROUNDS; i++)
		ret = nova_userq_submit(c->userq, &c->range, 1);
	getpgrp();
	return ret;
}

int main(void)
{
	struct nova_fence_wait wait = {
		.op = NOVA_FENCE_GE, .value = ROUNDS, .flags = NOVA_FENCE_32BIT,
	};
	struct client c = { 0 };
	int ret = set_up(&c);

	if (!ret)
		ret = write_push(&c);
	if (!ret)
		ret = submit_all(&c);
	wait.va = c.fence_va;
	wait.userq = c.userq;
	wait.deadline_ns = nova_sync_deadline(60000000000ull);
	if (!ret)
		ret = nova_vm_wait_fence(c.vm, &wait);
	nova_userq_destroy(c.userq);
	nova_bo_destroy(c.words);
	nova_bo_destroy(c.fence);
	nova_vm_destroy(c.vm);
	nova_device_close(c.dev);
	if (ret)
		fprintf(stderr, "nova-userq-client: %s\n", strerror(-ret));
	return ret != 0;
}
