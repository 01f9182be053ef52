/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("Memory: no client sees what another one left or has, by CPU or by GPU.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define SECRET	0x5ec2e700u
#define CHUNK	(16 * MIB)
#define CHUNKS	64

/**
 * struct hoard - a client that holds all the video memory there is
 * @client: the client
 * @queue: its queue
 * @bos: the buffers
 * @count: of them
 */
struct hoard {
	struct igt_nova_client client;
	uint32_t queue;
	struct igt_nova_bo bos[CHUNKS];
	unsigned int count;
};

static struct hoard hoard;

static uint64_t vram_total(int fd)
{
	struct drm_nova_query_memory memory;

	igt_nova_query(fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	for (uint32_t i = 0; i < memory.count; i++)
		if (memory.regions[i].placement == VRAM)
			return memory.regions[i].total;
	return 0;
}

static void gpu_fill(struct igt_nova_client *client, uint32_t queue, uint64_t va, uint64_t size,
		     uint32_t value)
{
	struct igt_nova_push push;

	igt_nova_push_begin(client, &push, 32);
	igt_nova_push_fill(&push, va, value, size / 4);
	igt_assert_eq(igt_nova_submit_wait(client->fd, queue, &push), 1);
	client->pushes_used = 0;
}

/* Takes all video memory and writes the secret to every byte of it. */
static void hoard_open(void)
{
	uint64_t left, size;

	igt_nova_client_open(&hoard.client);
	hoard.queue = igt_nova_client_queue(&hoard.client, 0);
	hoard.count = 0;
	/* In ever smaller pieces: what is left over is what a new buffer would get. */
	left = vram_total(hoard.client.fd);
	for (size = CHUNK; size >= PAGE; size /= 2)
		for (; left >= size; left -= size) {
			struct igt_nova_bo *bo = &hoard.bos[hoard.count];

			igt_require_f(hoard.count++ < CHUNKS, "too much video memory\n");
			igt_nova_client_bo(&hoard.client, bo, size, VRAM);
			gpu_fill(&hoard.client, hoard.queue, bo->va, size, SECRET);
		}
}

static void hoard_close(void)
{
	for (unsigned int i = 0; i < hoard.count; i++)
		igt_nova_bo_destroy(hoard.client.fd, &hoard.bos[i]);
	igt_nova_client_close(&hoard.client);
}

/* The same for pages of the system, by CPU. */
static void dirty_system(void)
{
	int fd = igt_nova_open();
	struct igt_nova_bo bo;

	igt_nova_bo_create(fd, &bo, 64 * MIB, SYSTEM);
	igt_nova_bo_fill(&bo, SECRET);
	igt_nova_bo_destroy(fd, &bo);
	close(fd);
}

/* One page, a large page but one, a large page, more than one, and sizes that are no multiple. */
static const uint64_t sizes[] = {
	1, 100, PAGE, PAGE + 1, 16 * PAGE, 2 * MIB - PAGE, 2 * MIB, 2 * MIB + PAGE, 9 * MIB + 5,
};

static const uint32_t placements[] = { VRAM, SYSTEM, VRAM | SYSTEM };

#define ROWS	(ARRAY_SIZE(sizes) * ARRAY_SIZE(placements))

static void row_create(struct igt_nova_client *client, struct igt_nova_bo *bo, size_t row)
{
	uint64_t size = sizes[row % ARRAY_SIZE(sizes)];

	/* Whole pages are mapped, so that the tail beyond the size is looked at too. */
	size = (size + PAGE - 1) & ~(PAGE - 1);
	bo->handle = igt_nova_gem_create(client->fd, sizes[row % ARRAY_SIZE(sizes)], 0,
					 placements[row / ARRAY_SIZE(sizes)], 0, 0);
	bo->size = size;
	bo->map = NULL;
}

static void check_zero(const struct igt_nova_bo *bo, const char *who)
{
	size_t at = igt_nova_bo_check(bo, 0);

	igt_assert_f(at == bo->size / 4, "the %s sees %#x at %#zx of %#" PRIx64 "\n", who,
		     bo->map[at], at * 4, bo->size);
}

/* Each buffer stays: the next one must not get memory that is known to be clean. */
static void test_zero_cpu(int fd)
{
	struct igt_nova_bo bos[ROWS];
	struct igt_nova_client client;

	(void)fd;
	hoard_open();
	hoard_close();
	dirty_system();
	igt_nova_client_open(&client);
	for (size_t row = 0; row < ROWS; row++) {
		row_create(&client, &bos[row], row);
		bos[row].map = igt_nova_gem_mmap(client.fd, bos[row].handle, bos[row].size);
		check_zero(&bos[row], "CPU");
	}
	for (size_t row = 0; row < ROWS; row++)
		igt_nova_bo_destroy(client.fd, &bos[row]);
	igt_nova_client_close(&client);
}

/* The GPU copies what it sees to @out, which held something else. */
static void check_zero_gpu(struct igt_nova_client *client, uint32_t queue,
			   struct igt_nova_bo *bo, struct igt_nova_bo *out)
{
	struct igt_nova_bo view = { .size = bo->size, .map = out->map };
	struct igt_nova_push push;

	igt_nova_bo_fill(out, SECRET + 1);
	igt_nova_push_begin(client, &push, 32);
	igt_nova_push_copy(&push, out->va, bo->va, bo->size);
	igt_assert_eq(igt_nova_submit_wait(client->fd, queue, &push), 1);
	client->pushes_used = 0;
	check_zero(&view, "GPU");
	igt_assert_eq_u32(out->map[bo->size / 4], SECRET + 1);
}

static void test_zero_gpu(int fd)
{
	struct igt_nova_bo bos[ROWS], out;
	struct igt_nova_client client;
	uint32_t queue;

	(void)fd;
	hoard_open();
	hoard_close();
	dirty_system();
	igt_nova_client_open(&client);
	queue = igt_nova_client_queue(&client, 0);
	igt_nova_client_bo(&client, &out, 16 * MIB, SYSTEM);
	for (size_t row = 0; row < ROWS; row++) {
		row_create(&client, &bos[row], row);
		bos[row].va = igt_nova_client_va(&client, bos[row].size);
		igt_nova_vm_map(client.fd, client.vm, bos[row].handle, 0, bos[row].va,
				bos[row].size, 0, 0);
		check_zero_gpu(&client, queue, &bos[row], &out);
	}
	for (size_t row = 0; row < ROWS; row++)
		igt_nova_bo_destroy(client.fd, &bos[row]);
	igt_nova_bo_destroy(client.fd, &out);
	igt_nova_client_close(&client);
}

/* Only the second half of a buffer is ever bound, and touched by the CPU. */
static void test_zero_part(int fd)
{
	struct igt_nova_bo whole, part, out;
	struct igt_nova_client client;
	uint32_t queue;

	(void)fd;
	hoard_open();
	hoard_close();
	igt_nova_client_open(&client);
	queue = igt_nova_client_queue(&client, 0);
	igt_nova_client_bo(&client, &out, 4 * MIB, SYSTEM);
	igt_nova_bo_create(client.fd, &whole, 4 * MIB, VRAM);
	part = (struct igt_nova_bo) { .handle = whole.handle, .size = 2 * MIB - PAGE };
	part.va = igt_nova_client_va(&client, part.size);
	igt_nova_vm_map(client.fd, client.vm, part.handle, 2 * MIB + PAGE, part.va, part.size,
			0, 0);
	check_zero_gpu(&client, queue, &part, &out);
	part.map = whole.map + (2 * MIB + PAGE) / 4;
	check_zero(&part, "CPU");
	igt_nova_bo_destroy(client.fd, &whole);
	igt_nova_bo_destroy(client.fd, &out);
	igt_nova_client_close(&client);
}

/* New buffers push the hoarder's out, which come back and push the new ones out. */
static void test_zero_evicted(int fd)
{
	struct igt_nova_bo bos[4], view;
	struct igt_nova_client client;

	(void)fd;
	hoard_open();
	igt_nova_client_open(&client);
	for (size_t i = 0; i < ARRAY_SIZE(bos); i++) {
		igt_nova_client_bo(&client, &bos[i], CHUNK, VRAM);
		check_zero(&bos[i], "CPU");
	}
	for (unsigned int i = 0; i < hoard.count; i++) {
		view = hoard.bos[i];
		igt_assert_eq_u64(igt_nova_bo_check(&view, SECRET), view.size / 4);
		gpu_fill(&hoard.client, hoard.queue, view.va, view.size, SECRET + 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bos); i++) {
		check_zero(&bos[i], "CPU");
		igt_nova_bo_destroy(client.fd, &bos[i]);
	}
	igt_nova_client_close(&client);
	hoard_close();
}

/* What is refused half-way leaves no memory behind that is half cleared. */
static void test_zero_refused(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	uint64_t total, va;
	uint32_t handle;

	(void)fd;
	hoard_open();
	hoard_close();
	igt_nova_client_open(&client);
	total = vram_total(client.fd);
	handle = igt_nova_gem_create(client.fd, total + PAGE, 0, VRAM, 0, 0);
	va = igt_nova_client_va(&client, total + PAGE);
	igt_nova_vm_map(client.fd, client.vm, handle, 0, va, PAGE, 0, ENOSPC);
	igt_nova_gem_create(client.fd, 4 * MIB, 0, VRAM, IGT_NOVA_BAD_ID, ENOENT);
	igt_nova_gem_create(client.fd, 4 * MIB, ~0u, VRAM, 0, EINVAL);
	igt_nova_client_bo(&client, &bo, total - CHUNK, VRAM);
	check_zero(&bo, "CPU");
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_gem_close(client.fd, handle);
	igt_nova_client_close(&client);
}

static void dummy_check(const struct igt_nova_bo *bo, uint32_t own)
{
	uint32_t page[PAGE / 4];

	for (size_t at = 0; at < bo->size; at += PAGE) {
		igt_assert(igt_nova_safe_read((char *)bo->map + at, page, PAGE));
		for (size_t i = 0; i < PAGE / 4; i++)
			igt_assert_f(page[i] == 0 || page[i] == own, "%#x shows through\n",
				     page[i]);
	}
}

static void dummy_write(const struct igt_nova_bo *bo, uint32_t value)
{
	for (size_t at = 0; at < bo->size; at += 4)
		igt_assert(igt_nova_safe_write((char *)bo->map + at, &value, 4));
}

/* After the unbind: buffers of two files, two of each, and one touched only then. */
static void test_dummy_private(int fd)
{
	struct igt_nova_client clients[2];
	struct igt_nova_bo bos[4], late;

	(void)fd;
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_client_init(&clients[i], igt_nova_dev_open(igt_nova_unplug_dev()));
	for (unsigned int i = 0; i < 4; i++) {
		igt_nova_bo_create(clients[i / 2].fd, &bos[i], 4 * PAGE, VRAM);
		igt_nova_bo_fill(&bos[i], SECRET + i);
	}
	igt_nova_bo_create(clients[1].fd, &late, 4 * PAGE, VRAM);
	igt_nova_unplug(igt_nova_path("unbind"));

	/* Nothing but zero before anybody has written: no page of the kernel's. */
	for (unsigned int i = 0; i < 4; i++)
		dummy_check(&bos[i], SECRET + i);
	dummy_check(&late, 0);
	for (unsigned int i = 0; i < 4; i++) {
		dummy_write(&bos[i], SECRET + 16 + i);
		for (unsigned int j = 0; j < 4; j++)
			dummy_check(&bos[j], j <= i ? SECRET + 16 + j : SECRET + j);
		dummy_check(&late, 0);
	}
	/* Pages that are given back are not somebody else's while they are written. */
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_bo_destroy(clients[0].fd, &bos[i]);
	igt_nova_client_close(&clients[0]);
	dummy_check(&bos[2], SECRET + 18);
	dummy_check(&bos[3], SECRET + 19);
	for (unsigned int i = 2; i < 4; i++)
		igt_nova_bo_destroy(clients[1].fd, &bos[i]);
	igt_nova_bo_destroy(clients[1].fd, &late);
	igt_nova_client_close(&clients[1]);
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "zero-cpu", "New buffers are zero for the CPU, at each size and placement.",
	  test_zero_cpu },
	{ "zero-gpu", "New buffers are zero for the GPU, at each size and placement.",
	  test_zero_gpu },
	{ "zero-part", "So is a part, when nothing else of the buffer was ever mapped.",
	  test_zero_part },
	{ "zero-evicted", "New buffers in the place of evicted ones are zero, and stay so.",
	  test_zero_evicted },
	{ "zero-refused", "Memory is clean after a creation or a bind that failed.",
	  test_zero_refused },
};

static const struct igt_nova_test unplug_tests[] = {
	{ "dummy-private", "After the device went each buffer has a page of its own.",
	  test_dummy_private },
};

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = igt_nova_open();
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
	igt_fixture()
		close(fd);
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(unplug_tests, ARRAY_SIZE(unplug_tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
