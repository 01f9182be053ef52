// SPDX-License-Identifier: MIT
/*
 * A buffer in two hands: one opener writes, exports it as a dma-buf, and another imports and reads it. With a
 * socket and SCM_RIGHTS between them the two can be processes.
 *
 *     cc share.c $(pkg-config --cflags --libs nova) && ./a.out
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <nova.h>

static const char text[] = "written by one, read by the other";

static int give(struct nova_device *dev, struct nova_bo **bo, int *dmabuf_fd)
{
	struct nova_bo_desc desc = { .size = 4096, .placement = NOVA_PLACEMENT_SYSTEM };
	void *map;
	int ret = nova_bo_create(dev, &desc, bo);

	if (!ret)
		ret = nova_bo_map(*bo, &map);
	if (!ret) {
		memcpy(map, text, sizeof(text));
		ret = nova_bo_export(*bo, dmabuf_fd);
	}
	return ret;
}

static int take(struct nova_device *dev, int dmabuf_fd, struct nova_bo **bo, int *same)
{
	void *map;
	int ret = nova_bo_import(dev, dmabuf_fd, bo);

	if (!ret)
		ret = nova_bo_map(*bo, &map);
	if (!ret)
		*same = !memcmp(map, text, sizeof(text));
	return ret;
}

int main(void)
{
	struct nova_device *giver = NULL, *taker = NULL;
	struct nova_bo *given = NULL, *taken = NULL;
	int dmabuf_fd = -1, same = 0;
	int ret = nova_device_open(0, &giver);

	if (!ret)
		ret = nova_device_open(0, &taker);
	if (!ret)
		ret = give(giver, &given, &dmabuf_fd);
	if (!ret)
		ret = take(taker, dmabuf_fd, &taken, &same);
	/* The memory lives as long as anybody has it. */
	if (dmabuf_fd >= 0)
		close(dmabuf_fd);
	nova_bo_destroy(given);
	nova_bo_destroy(taken);
	nova_device_close(giver);
	nova_device_close(taker);
	if (ret) {
		fprintf(stderr, "share: %s\n", strerror(-ret));
		return 1;
	}
	printf("the other %s\n", same ? "reads what the one has written" : "reads something else");
	return !same;
}
