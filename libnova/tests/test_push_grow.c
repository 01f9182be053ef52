// SPDX-License-Identifier: MIT
/* Push buffers that grow: the same words as in one piece, whole commands in each range, chunks given back once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_kernel.h"

#define CHUNKS	64

/* An allocator that counts, and fails on demand. */
struct store {
	uint32_t live;
	uint32_t allocs;
	uint32_t fail_alloc;		/* this one fails, from 1 */
	uint32_t fail_free;		/* as many frees behind points succeed, the next fails; 0: none fails */
	uint32_t last_size;
	uint32_t shift;			/* misplaces the words of what it gives */
	uint64_t next_va;
	struct nova_sync *sync;
	uint64_t point;
	struct nova_push_chunk chunks[CHUNKS];
};

static int store_alloc(void *data, uint32_t size, struct nova_push_chunk *chunk)
{
	struct store *store = data;

	store->last_size = size;
	if (++store->allocs == store->fail_alloc)
		return -ENOSPC;
	chunk->cookie = calloc(1, size + 8);
	assert_non_null(chunk->cookie);
	chunk->words = (char *)chunk->cookie + store->shift;
	chunk->size = size;
	chunk->va = store->next_va;
	store->next_va += 0x10000000;
	for (int i = 0; i < CHUNKS; i++) {
		if (!store->chunks[i].cookie) {
			store->chunks[i] = *chunk;
			store->live++;
			return 0;
		}
	}
	return -ENOMEM;
}

static int store_free(void *data, const struct nova_push_chunk *chunk, struct nova_sync *sync,
		      uint64_t point)
{
	struct store *store = data;

	if (sync && store->fail_free && !--store->fail_free)
		return -ENOMEM;
	store->sync = sync;
	store->point = point;
	for (int i = 0; i < CHUNKS; i++) {
		if (store->chunks[i].cookie == chunk->cookie) {
			memset(&store->chunks[i], 0, sizeof(store->chunks[i]));
			free(chunk->cookie);
			store->live--;
			return 0;
		}
	}
	fail_msg("a chunk that is not there");
	return 0;
}

static struct nova_push *make(struct store *store, uint32_t chunk_size)
{
	struct nova_push_allocator allocator = {
		.alloc = store_alloc, .free = store_free, .data = store, .chunk_size = chunk_size,
	};
	struct nova_push *push;

	store->next_va = 0x100000;
	assert_int_equal(nova_push_create_growing(&allocator, &push), 0);
	return push;
}

static const uint32_t *words_at(const struct store *store, uint64_t va)
{
	for (int i = 0; i < CHUNKS; i++) {
		if (store->chunks[i].cookie && store->chunks[i].va == va)
			return store->chunks[i].words;
	}
	fail_msg("no chunk there");
	return NULL;
}

/* Some commands of each length; the same for the same number. */
static void add_command(struct nova_push *push, uint32_t number)
{
	uint32_t values[70];

	for (uint32_t i = 0; i < 70; i++)
		values[i] = number * 1000 + i;
	switch (number % 5) {
	case 0:
		nova_push_nop(push);
		break;
	case 1:
		nova_push_copy(push, 0x100000, 0x200000, number + 1);
		break;
	case 2:
		nova_push_fill(push, 0x100000, number, 1024);
		break;
	default:
		nova_push_method_noninc(push, 4, 0x400, values, 1 + number % 70);
		break;
	}
}

/* The ranges one after another are what a push in one piece has, and each ends with a whole command. */
static void compare(struct nova_push *push, const struct store *store, uint32_t commands)
{
	const struct nova_push_range *ranges;
	struct nova_push *plain;
	const uint32_t *words;
	uint32_t count, at = 0, range_end, range = 0;

	assert_int_equal(nova_push_create(NULL, 0, &plain), 0);
	assert_int_equal(nova_push_get_ranges(push, &ranges, &count), 0);
	assert_true(count > 1);
	range_end = ranges[0].length;
	for (uint32_t i = 0; i < commands; i++) {
		uint32_t before = nova_push_size(plain);

		/* A boundary is only between two commands. */
		if (before == range_end && range + 1 < count)
			range_end += ranges[++range].length;
		add_command(plain, i);
		assert_true(nova_push_size(plain) <= range_end);
	}
	assert_int_equal(nova_push_size(push), nova_push_size(plain));
	words = nova_push_data(plain);
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(ranges[i].flags, 0);
		assert_true(ranges[i].length > 0);
		assert_memory_equal(words_at(store, ranges[i].va), words + at, ranges[i].length);
		at += ranges[i].length / 4;
	}
	assert_int_equal(at * 4, nova_push_size(plain));
	nova_push_destroy(plain);
}

static void test_same_words(void **state)
{
	static const uint32_t chunk_sizes[] = { 4, 64, 300, 1024 };

	(void)state;
	for (size_t i = 0; i < sizeof(chunk_sizes) / sizeof(chunk_sizes[0]); i++) {
		struct store store = { 0 };
		struct nova_push *push = make(&store, chunk_sizes[i]);

		assert_null(nova_push_data(push));
		for (uint32_t round = 0; round < 3; round++) {
			for (uint32_t j = 0; j < 200; j++)
				add_command(push, j);
			compare(push, &store, 200);
			nova_push_reset(push);
			assert_int_equal(nova_push_size(push), 0);
		}
		nova_push_destroy(push);
		assert_int_equal(store.live, 0);
		assert_null(store.sync);
	}
}

/* A command that needs more than a chunk gets a larger one; growth is bounded; a reset takes the chunks it has. */
static void test_growth(void **state)
{
	const struct nova_push_range *ranges;
	struct store store = { 0 };
	struct nova_push *push = make(&store, 0);
	uint32_t values[8191] = { 0 }, count = 9, allocs;

	(void)state;
	assert_int_equal(nova_push_get_ranges(push, &ranges, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(store.allocs, 0);
	nova_push_nop(push);
	assert_int_equal(store.last_size, 16 << 10);
	nova_push_method(push, 0, 0, values, 4096);
	assert_int_equal(store.last_size, 4097 * 4);
	while (store.last_size < 1 << 20)
		nova_push_method_noninc(push, 0, 0, values, 8191);
	allocs = store.allocs;
	while (store.allocs == allocs)
		nova_push_method_noninc(push, 0, 0, values, 8191);
	assert_int_equal(store.last_size, 1 << 20);
	assert_int_equal(nova_push_copy(push, 1, 0, 1ull << 48), 0);
	assert_int_equal(store.last_size, 65538 * 8 * 4);
	assert_int_equal(nova_push_status(push), 0);

	nova_push_reset(push);
	allocs = store.allocs;
	assert_int_equal(nova_push_copy(push, 1, 0, 1ull << 48), 0);
	assert_int_equal(nova_push_get_ranges(push, &ranges, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store.allocs, allocs);
	nova_push_destroy(push);
	assert_int_equal(store.live, 0);
}

static void test_errors(void **state)
{
	const uint32_t values[20] = { 0 };
	const struct nova_push_range *ranges = NULL;
	struct store store = { .fail_alloc = 3 };
	struct nova_push *push = make(&store, 64);
	uint32_t count = 99, size;
	int ret = 0;

	(void)state;
	while (!ret) {
		size = nova_push_size(push);
		ret = nova_push_method(push, 0, 0, values, 10);
	}
	assert_int_equal(ret, -ENOSPC);
	assert_int_equal(nova_push_size(push), size);
	assert_int_equal(nova_push_status(push), -ENOSPC);
	assert_int_equal(nova_push_nop(push), -ENOSPC);
	assert_int_equal(nova_push_get_ranges(push, &ranges, &count), -ENOSPC);
	assert_int_equal(count, 99);
	nova_push_reset(push);
	assert_int_equal(nova_push_method(push, 8, 0, values, 10), -EINVAL);
	nova_push_reset(push);
	assert_int_equal(nova_push_nop(push), 0);
	nova_push_destroy(push);
	assert_int_equal(store.live, 0);

	/* What the allocator gives is looked at. */
	store = (struct store) { .shift = 2 };
	push = make(&store, 64);
	assert_int_equal(nova_push_nop(push), -EINVAL);
	assert_int_equal(store.live, 0);
	store.shift = 0;
	nova_push_reset(push);
	store.next_va = 2;
	assert_int_equal(nova_push_nop(push), -EINVAL);
	assert_int_equal(store.live, 0);
	nova_push_destroy(push);
}

static void test_arguments(void **state)
{
	struct nova_push_allocator allocator = { .alloc = store_alloc, .free = store_free };
	const struct nova_push_range *ranges;
	struct nova_push *push, *plain;
	struct store store = { 0 };
	struct nova_sync *sync;
	uint32_t count;

	assert_int_equal(nova_push_create_growing(NULL, &push), -EINVAL);
	assert_int_equal(nova_push_create_growing(&allocator, NULL), -EINVAL);
	allocator.chunk_size = (4 << 20) + 1;
	assert_int_equal(nova_push_create_growing(&allocator, &push), -EINVAL);
	allocator.chunk_size = 0;
	allocator.reserved = 1;
	assert_int_equal(nova_push_create_growing(&allocator, &push), -EINVAL);
	allocator.reserved = 0;
	allocator.alloc = NULL;
	assert_int_equal(nova_push_create_growing(&allocator, &push), -EINVAL);
	allocator.alloc = store_alloc;
	allocator.free = NULL;
	assert_int_equal(nova_push_create_growing(&allocator, &push), -EINVAL);
	assert_int_equal(nova_push_create_in_heap(NULL, 0, &push), -EINVAL);

	push = make(&store, 0);
	assert_int_equal(nova_sync_create(*state, 0, &sync), 0);
	assert_int_equal(nova_push_create(NULL, 0, &plain), 0);
	assert_int_equal(nova_push_get_ranges(NULL, &ranges, &count), -EINVAL);
	assert_int_equal(nova_push_get_ranges(push, NULL, &count), -EINVAL);
	assert_int_equal(nova_push_get_ranges(push, &ranges, NULL), -EINVAL);
	assert_int_equal(nova_push_get_ranges(plain, &ranges, &count), -EINVAL);
	assert_int_equal(nova_push_retire(NULL, sync, 1), -EINVAL);
	assert_int_equal(nova_push_retire(plain, sync, 1), -EINVAL);
	assert_int_equal(nova_push_retire(push, NULL, 1), -EINVAL);
	assert_int_equal(nova_push_retire(push, sync, 0), -EINVAL);
	nova_push_destroy(plain);
	nova_push_destroy(push);
	nova_sync_destroy(sync);
}

static void test_retire(void **state)
{
	const struct nova_push_range *ranges;
	struct store store = { 0 };
	struct nova_push *push = make(&store, 64);
	struct nova_sync *sync;
	uint32_t count;

	assert_int_equal(nova_sync_create(*state, 0, &sync), 0);
	for (uint32_t i = 0; i < 20; i++)
		add_command(push, i);
	assert_true(store.live > 2);
	assert_int_equal(nova_push_retire(push, sync, 7), 0);
	assert_int_equal(store.live, 0);
	assert_ptr_equal(store.sync, sync);
	assert_int_equal(store.point, 7);
	assert_int_equal(nova_push_size(push), 0);
	assert_int_equal(nova_push_get_ranges(push, &ranges, &count), 0);
	assert_int_equal(count, 0);

	/* One that cannot be taken: nothing is written over it until it can. */
	for (uint32_t i = 0; i < 20; i++)
		add_command(push, i);
	store.fail_free = 2;
	assert_int_equal(nova_push_retire(push, sync, 8), -ENOMEM);
	assert_true(store.live > 0);
	assert_int_equal(nova_push_nop(push), -ENOMEM);
	assert_int_equal(nova_push_get_ranges(push, &ranges, &count), -ENOMEM);
	assert_int_equal(nova_push_retire(push, sync, 8), 0);
	assert_int_equal(store.live, 0);
	assert_int_equal(nova_push_nop(push), 0);
	nova_push_destroy(push);
	nova_sync_destroy(sync);
}

/* In a heap: what is written is what the GPU's address shows, and the heap outlives its owner's interest. */
static void test_in_heap(void **state)
{
	struct nova_heap_desc desc = { .buffer_size = 64 << 10, .size_max = 64 << 10 };
	const struct nova_push_range *ranges;
	struct nova_heap_stats stats;
	struct nova_heap *heap, *blind;
	struct nova_queue *queue;
	struct nova_queue_desc queue_desc = { 0 };
	struct nova_push *push;
	struct nova_sync *sync;
	struct nova_job job = { 0 };
	struct nova_vm *vm;
	uint32_t count;

	assert_int_equal(nova_vm_create(*state, &vm), 0);
	assert_int_equal(nova_queue_create(vm, &queue_desc, &queue), 0);
	assert_int_equal(nova_sync_create(*state, 0, &sync), 0);
	assert_int_equal(nova_heap_create(vm, &desc, &heap), 0);
	assert_int_equal(nova_push_create_in_heap(heap, 256, NULL), -EINVAL);
	assert_int_equal(nova_push_create_in_heap(heap, 256, &push), 0);
	for (uint32_t i = 0; i < 20; i++)
		add_command(push, i);
	assert_int_equal(nova_push_get_ranges(push, &ranges, &count), 0);
	assert_true(count > 1);
	job.ranges = ranges;
	job.range_count = count;
	assert_int_equal(nova_queue_submit(queue, &job, 1), 0);
	assert_int_equal(fake.jobs[0].pushes.count, count);
	assert_int_equal(fake.pushes[0].va, ranges[0].va);

	fake.completed = 0;
	assert_int_equal(nova_push_retire(push, sync, 1), 0);
	nova_heap_get_stats(heap, &stats);
	assert_int_equal(stats.used, 0);
	assert_true(stats.pending >= 256);
	while (!nova_push_status(push))
		add_command(push, 4);
	assert_int_equal(nova_push_status(push), -ENOSPC);
	nova_push_reset(push);
	assert_int_equal(nova_push_nop(push), 0);

	desc.flags = NOVA_HEAP_NO_MMAP;
	assert_int_equal(nova_heap_create(vm, &desc, &blind), 0);
	assert_int_equal(nova_push_create_in_heap(blind, 0, &push), -EINVAL);
	nova_heap_destroy(blind);

	nova_heap_destroy(heap);
	nova_vm_destroy(vm);
	nova_sync_destroy(sync);
	nova_queue_destroy(queue);
	assert_int_equal(nova_push_nop(push), 0);
	nova_push_destroy(push);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_words),
		TEST(test_growth),
		TEST(test_errors),
		TEST(test_arguments),
		TEST(test_retire),
		TEST(test_in_heap),
	};

	return cmocka_run_group_tests_name("push-grow", tests, NULL, NULL);
}
