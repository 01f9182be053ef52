// SPDX-License-Identifier: MIT
/* Heaps, against the fake kernel, and a random walk next to a model. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fake_kernel.h"
#include "private.h"

#define KIB		1024u
#define BUFFER_SIZE	(256 * KIB)

struct heap_test {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_heap *heap;
};

static struct heap_test set_up(struct nova_device *dev, const struct nova_heap_desc *desc)
{
	static const struct nova_heap_desc usual = {
		.buffer_size = BUFFER_SIZE, .placement = NOVA_PLACEMENT_SYSTEM,
	};
	struct heap_test t = { .dev = dev };

	assert_int_equal(nova_vm_create(dev, &t.vm), 0);
	assert_int_equal(nova_heap_create(t.vm, desc ? desc : &usual, &t.heap), 0);
	return t;
}

static void tear_down(struct heap_test *t)
{
	nova_heap_destroy(t->heap);
	nova_vm_destroy(t->vm);
}

static const struct nova_heap_piece *take(struct nova_heap *heap, uint64_t size, uint64_t align)
{
	const struct nova_heap_piece *piece = NULL;

	assert_int_equal(nova_heap_alloc(heap, size, align, &piece), 0);
	assert_true(piece->size >= size);
	assert_true(piece->offset + piece->size <= nova_bo_size(piece->bo));
	assert_int_equal(piece->va % (align ? align : 64), 0);
	assert_int_equal(piece->offset % (align ? align : 64), 0);
	return piece;
}

static struct nova_heap_stats stats_of(struct nova_heap *heap)
{
	struct nova_heap_stats stats;

	nova_heap_get_stats(heap, &stats);
	return stats;
}

static uint32_t live_buffers(void)
{
	uint32_t live = 0;

	for (int i = 0; i < FAKE_HANDLES; i++)
		live += fake.live[FAKE_GEM][i];
	return live;
}

static void test_create(void **state)
{
	struct nova_heap_desc desc = { 0 };
	struct nova_heap *heap = NULL;
	struct nova_vm *vm;

	assert_int_equal(nova_vm_create(*state, &vm), 0);
	assert_int_equal(nova_heap_create(NULL, &desc, &heap), -EINVAL);
	assert_int_equal(nova_heap_create(vm, NULL, &heap), -EINVAL);
	assert_int_equal(nova_heap_create(vm, &desc, NULL), -EINVAL);
	desc.flags = 4;
	assert_int_equal(nova_heap_create(vm, &desc, &heap), -EINVAL);
	desc = (struct nova_heap_desc) { .vm_flags = 2 };
	assert_int_equal(nova_heap_create(vm, &desc, &heap), -EINVAL);
	desc = (struct nova_heap_desc) { .buffer_size = (1u << 30) + 1 };
	assert_int_equal(nova_heap_create(vm, &desc, &heap), -EINVAL);
	assert_null(heap);
	desc = (struct nova_heap_desc) { 0 };
	assert_int_equal(nova_heap_create(vm, &desc, &heap), 0);
	assert_int_equal(live_buffers(), 0);
	nova_heap_destroy(heap);
	nova_heap_destroy(NULL);
	nova_heap_trim(NULL);
	nova_heap_free(NULL, NULL);
	nova_vm_destroy(vm);
}

static void test_buffers(void **state)
{
	struct nova_heap_desc desc = {
		.buffer_size = BUFFER_SIZE - 1, .placement = NOVA_PLACEMENT_VRAM,
		.caching = NOVA_CACHING_WC, .flags = NOVA_HEAP_NO_MMAP, .vm_flags = NOVA_VM_READONLY,
	};
	struct heap_test t = set_up(*state, &desc);
	const struct nova_heap_piece *first = take(t.heap, 100, 0), *second;

	assert_int_equal(first->size, 128);
	assert_null(first->cpu);
	assert_int_equal(fake.gem_create.size, BUFFER_SIZE);
	assert_int_equal(fake.gem_create.flags, DRM_NOVA_GEM_NO_MMAP);
	assert_int_equal(fake.gem_create.placement, DRM_NOVA_PLACEMENT_VRAM);
	assert_int_equal(fake.gem_create.cpu_caching, DRM_NOVA_CPU_CACHING_WC);
	assert_int_equal(fake.gem_create.vm_id, fake_handle(FAKE_VM, 0));
	assert_int_equal(fake.ops[0].flags, DRM_NOVA_VM_BIND_READONLY);
	assert_int_equal(fake.ops[0].size, BUFFER_SIZE);
	assert_int_equal(fake.ops[0].va, first->va - first->offset);
	second = take(t.heap, 1, 0);
	assert_ptr_equal(second->bo, first->bo);
	assert_int_equal(second->va - first->va, second->offset - first->offset);
	tear_down(&t);

	desc = (struct nova_heap_desc) { .buffer_size = BUFFER_SIZE, .flags = NOVA_HEAP_EXPORTABLE };
	t = set_up(*state, &desc);
	first = take(t.heap, 1, 0);
	assert_int_equal(fake.gem_create.vm_id, 0);
	assert_int_equal(fake.gem_create.flags, 0);
	memset(first->cpu, 1, first->size);
	tear_down(&t);
}

static void test_arguments(void **state)
{
	struct heap_test t = set_up(*state, NULL);
	const struct nova_heap_piece *piece = NULL;
	struct nova_sync *sync;

	assert_int_equal(nova_heap_alloc(NULL, 1, 0, &piece), -EINVAL);
	assert_int_equal(nova_heap_alloc(t.heap, 0, 0, &piece), -EINVAL);
	assert_int_equal(nova_heap_alloc(t.heap, 1, 3, &piece), -EINVAL);
	assert_int_equal(nova_heap_alloc(t.heap, 1, 128 * KIB, &piece), -EINVAL);
	assert_int_equal(nova_heap_alloc(t.heap, 1, 0, NULL), -EINVAL);
	assert_int_equal(nova_heap_alloc(t.heap, UINT64_MAX, 0, &piece), -ENOSPC);
	assert_null(piece);
	assert_int_equal(live_buffers(), 0);

	piece = take(t.heap, 64, 64 * KIB);
	assert_int_equal(nova_sync_create(*state, 0, &sync), 0);
	assert_int_equal(nova_heap_free_after(NULL, piece, sync, 1), -EINVAL);
	assert_int_equal(nova_heap_free_after(t.heap, NULL, sync, 1), -EINVAL);
	assert_int_equal(nova_heap_free_after(t.heap, piece, NULL, 1), -EINVAL);
	assert_int_equal(nova_heap_free_after(t.heap, piece, sync, 0), -EINVAL);
	assert_int_equal(stats_of(t.heap).used, 64);
	nova_heap_free(t.heap, piece);
	assert_int_equal(stats_of(t.heap).used, 0);
	nova_sync_destroy(sync);
	tear_down(&t);
}

/* A piece of more than half a buffer is alone in one that goes with it. */
static void test_alone(void **state)
{
	struct heap_test t = set_up(*state, NULL);
	const struct nova_heap_piece *piece = take(t.heap, BUFFER_SIZE / 2 + 1, 64 * KIB);

	assert_int_equal(piece->offset, 0);
	assert_int_equal(piece->size, BUFFER_SIZE / 2 + 4 * KIB);
	assert_int_equal(nova_bo_size(piece->bo), piece->size);
	nova_heap_free(t.heap, piece);
	assert_int_equal(live_buffers(), 0);
	piece = take(t.heap, BUFFER_SIZE, 0);
	assert_int_equal(stats_of(t.heap).size, BUFFER_SIZE);
	nova_heap_free(t.heap, piece);
	tear_down(&t);
}

/* One buffer without pieces stays, two do not, and trimming takes the last. */
static void test_empty_buffers(void **state)
{
	struct heap_test t = set_up(*state, NULL);
	const struct nova_heap_piece *pieces[6];

	for (int i = 0; i < 6; i++)
		pieces[i] = take(t.heap, BUFFER_SIZE / 2, 0);
	assert_int_equal(live_buffers(), 3);
	for (int i = 0; i < 6; i++)
		nova_heap_free(t.heap, pieces[i]);
	assert_int_equal(live_buffers(), 1);
	pieces[0] = take(t.heap, 1, 0);
	assert_int_equal(live_buffers(), 1);
	nova_heap_trim(t.heap);
	assert_int_equal(live_buffers(), 1);
	nova_heap_free(t.heap, pieces[0]);
	nova_heap_trim(t.heap);
	assert_int_equal(live_buffers(), 0);
	assert_int_equal(stats_of(t.heap).buffers, 0);
	assert_int_equal(stats_of(t.heap).size, 0);
	tear_down(&t);
}

static void test_after(void **state)
{
	struct nova_heap_desc desc = { .buffer_size = 64 * KIB, .size_max = 64 * KIB };
	struct heap_test t = set_up(*state, &desc);
	const struct nova_heap_piece *low, *high, *piece = NULL;
	struct nova_sync *sync;
	uint64_t low_va, high_va;

	assert_int_equal(nova_sync_create(*state, 0, &sync), 0);
	fake.completed = 0;
	low = take(t.heap, 32 * KIB, 0);
	high = take(t.heap, 32 * KIB, 0);
	low_va = low->va;
	high_va = high->va;
	assert_int_equal(nova_heap_alloc(t.heap, 1, 0, &piece), -ENOSPC);
	/* The later point first: the order of the calls does not matter. */
	assert_int_equal(nova_heap_free_after(t.heap, high, sync, 9), 0);
	assert_int_equal(nova_heap_free_after(t.heap, low, sync, 5), 0);
	nova_sync_destroy(sync);
	assert_int_equal(stats_of(t.heap).used, 0);
	assert_int_equal(stats_of(t.heap).pending, 64 * KIB);
	fake.completed = 4;
	assert_int_equal(nova_heap_alloc(t.heap, 64, 0, &piece), -ENOSPC);
	fake.completed = 5;
	piece = take(t.heap, 32 * KIB, 0);
	assert_int_equal(piece->va, low_va);
	assert_int_equal(stats_of(t.heap).pending, 32 * KIB);
	nova_heap_free(t.heap, piece);

	/* Asked in vain, a timeline keeps its pieces; when the device is gone there is nothing to keep them for. */
	fake.completed = 9;
	piece = take(t.heap, 32 * KIB, 0);
	fake.fail_request = DRM_IOCTL_SYNCOBJ_QUERY;
	fake.fail_error = EINVAL;
	nova_heap_trim(t.heap);
	assert_int_equal(stats_of(t.heap).pending, 32 * KIB);
	fake.completed = 0;
	fake.fail_error = ENODEV;
	low = take(t.heap, 32 * KIB, 0);
	assert_int_equal(low->va, high_va);
	assert_int_equal(stats_of(t.heap).pending, 0);
	fake.fail_request = 0;
	assert_int_equal(fake_live(), 2);
	tear_down(&t);
}

/* What waits when the heap goes does not keep it, nor the sync object. */
static void test_destroy_pending(void **state)
{
	struct heap_test t = set_up(*state, NULL);
	struct nova_sync *syncs[2];

	fake.completed = 0;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(nova_sync_create(*state, 0, &syncs[i]), 0);
		assert_int_equal(nova_heap_free_after(t.heap, take(t.heap, 100, 0), syncs[i], 1), 0);
		nova_sync_destroy(syncs[i]);
	}
	assert_int_equal(fake_live(), 4);
	/* Numbers of a destroyed address space must not reach the kernel: they may be another's by then. */
	nova_vm_destroy(t.vm);
	fake.bind.vm_id = 0;
	nova_heap_destroy(t.heap);
	assert_int_equal(fake.bind.vm_id, 0);
	assert_int_equal(fake_live(), 0);
}

static void test_vm_gone(void **state)
{
	struct heap_test t = set_up(*state, NULL);
	const struct nova_heap_piece *piece = take(t.heap, 100, 0);

	nova_vm_destroy(t.vm);
	t.vm = NULL;
	assert_int_equal(nova_heap_alloc(t.heap, BUFFER_SIZE, 0, &piece), -EINVAL);
	nova_heap_free(t.heap, piece);
	nova_heap_trim(t.heap);
	assert_int_equal(live_buffers(), 0);
	tear_down(&t);
}

static void test_failures(void **state)
{
	static const unsigned long requests[] = {
		DRM_IOCTL_NOVA_GEM_CREATE, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, DRM_IOCTL_NOVA_VM_BIND,
	};
	static const int errors[] = { ENOMEM, ENOSPC, ENODEV, EIO };
	struct heap_test t = set_up(*state, NULL);
	const struct nova_heap_piece *piece = NULL;
	struct nova_heap_stats none = { 0 }, stats;
	uint64_t va;

	for (size_t i = 0; i < 12; i++) {
		fake.fail_request = requests[i % 3];
		fake.fail_error = errors[i / 3];
		assert_int_equal(nova_heap_alloc(t.heap, 1, 0, &piece), -fake.fail_error);
		assert_int_equal(nova_heap_alloc(t.heap, BUFFER_SIZE, 0, &piece), -fake.fail_error);
		assert_null(piece);
		assert_int_equal(live_buffers(), 0);
		stats = stats_of(t.heap);
		assert_memory_equal(&stats, &none, sizeof(stats));
	}
	fake.fail_request = 0;

	/* What cannot be unmapped stays, can be used, and goes later. */
	piece = take(t.heap, BUFFER_SIZE - 4 * KIB, 0);
	va = piece->va;
	fake.fail_request = DRM_IOCTL_NOVA_VM_BIND;
	fake.fail_error = ENOMEM;
	nova_heap_free(t.heap, piece);
	nova_heap_trim(t.heap);
	assert_int_equal(live_buffers(), 1);
	piece = take(t.heap, 64, 0);
	assert_int_equal(piece->va, va);
	fake.fail_request = 0;
	nova_heap_free(t.heap, piece);
	assert_int_equal(live_buffers(), 0);

	/* Gone: the addresses are free with the buffers. */
	piece = take(t.heap, BUFFER_SIZE - 4 * KIB, 0);
	fake.fail_request = DRM_IOCTL_NOVA_VM_BIND;
	fake.fail_error = ENODEV;
	nova_heap_free(t.heap, piece);
	assert_int_equal(live_buffers(), 0);
	fake.fail_request = 0;

	/* The first of several buffers cannot be unmapped when the heap goes. */
	for (int i = 0; i < 3; i++)
		take(t.heap, BUFFER_SIZE, 0);
	assert_int_equal(live_buffers(), 3);
	fake.fail_call = fake.calls + 1;
	fake.fail_error = EIO;
	tear_down(&t);
	assert_int_equal(fake_live(), 0);
}

/* --- a random walk ----------------------------------------------------------- */

#define PIECES	400

/* What the walk knows of a piece; @point is not 0: freed behind it. */
struct known {
	const struct nova_heap_piece *piece;
	uint64_t va;
	uint64_t size;
	uint64_t asked;
	uint64_t point;
	uint32_t mark;
};

struct walk {
	struct heap_test t;
	struct nova_sync *sync;
	struct known known[PIECES];
	uint64_t random;
	uint64_t point;
	uint64_t used;
	uint64_t asked;
	uint64_t taken;
};

static uint32_t roll(struct walk *walk, uint32_t below)
{
	/* xorshift64* */
	walk->random ^= walk->random >> 12;
	walk->random ^= walk->random << 25;
	walk->random ^= walk->random >> 27;
	return (uint32_t)((walk->random * 0x2545f4914f6cdd1dull) >> 33) % below;
}

static void mark(const struct known *known)
{
	uint32_t *words = known->piece->cpu;

	for (uint64_t i = 0; i < known->size / sizeof(*words); i++)
		words[i] = known->mark;
}

static void check_mark(const struct known *known)
{
	const uint32_t *words = known->piece->cpu;

	for (uint64_t i = 0; i < known->size / sizeof(*words); i++)
		assert_int_equal(words[i], known->mark);
}

static void walk_alloc(struct walk *walk, struct known *known)
{
	uint32_t size = 1 + roll(walk, 1u << (4 + roll(walk, 14)));
	uint32_t align = 1u << roll(walk, roll(walk, 8) ? 9 : 17);

	known->piece = take(walk->t.heap, size, align);
	known->va = known->piece->va;
	known->size = known->piece->size;
	known->asked = size;
	known->point = 0;
	known->mark = (uint32_t)walk->random;
	for (int i = 0; i < PIECES; i++) {
		const struct known *other = &walk->known[i];
		bool in_use = other->piece || other->point > fake.completed;

		if (other != known && in_use)
			assert_true(known->va + known->size <= other->va ||
				    other->va + other->size <= known->va);
	}
	if (size > BUFFER_SIZE / 2)
		assert_true(known->size - size < 4096);
	else
		assert_true(known->size - size < 64);
	mark(known);
	walk->used += known->size;
	walk->taken++;
}

static void walk_free(struct walk *walk, struct known *known)
{
	check_mark(known);
	walk->used -= known->size;
	if (roll(walk, 2)) {
		nova_heap_free(walk->t.heap, known->piece);
	} else {
		known->point = walk->point + roll(walk, 16);
		assert_int_equal(nova_heap_free_after(walk->t.heap, known->piece, walk->sync,
						      known->point), 0);
	}
	known->piece = NULL;
}

static void step(struct walk *walk)
{
	struct known *known = &walk->known[roll(walk, PIECES)];
	struct nova_heap_stats stats;
	uint64_t completed;

	if (known->piece)
		walk_free(walk, known);
	else if (known->point <= fake.completed)
		walk_alloc(walk, known);
	if (!roll(walk, 8)) {
		walk->point++;
		completed = walk->point - roll(walk, 4) - 1;
		if (completed > fake.completed)
			fake.completed = completed;
	}
	if (!roll(walk, 500))
		nova_heap_trim(walk->t.heap);
	stats = stats_of(walk->t.heap);
	assert_int_equal(stats.used, walk->used);
	assert_true(stats.used + stats.pending <= stats.size);
	assert_int_equal(stats.buffers, live_buffers());
}

static void test_random(void **state)
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct walk walk = { .t = set_up(*state, NULL), .random = seed * 0x9e3779b97f4a7c15ull,
				     .point = 100 };
		struct nova_heap_stats stats;

		fake.completed = 0;
		assert_int_equal(nova_sync_create(*state, 0, &walk.sync), 0);
		for (int i = 0; i < 4000; i++)
			step(&walk);
		assert_true(walk.taken > 1000);
		for (int i = 0; i < PIECES; i++) {
			if (walk.known[i].piece)
				walk_free(&walk, &walk.known[i]);
		}
		fake.completed = UINT64_MAX;
		nova_heap_trim(walk.t.heap);
		stats = stats_of(walk.t.heap);
		assert_int_equal(stats.used + stats.pending + stats.size + stats.buffers, 0);
		nova_sync_destroy(walk.sync);
		tear_down(&walk.t);
	}
}

/* Pieces of one size come and go in any order: the buffers hold nothing but them. */
static void test_waste(void **state)
{
	struct heap_test t = set_up(*state, NULL);
	struct walk walk = { .random = 7 };
	const struct nova_heap_piece *pieces[BUFFER_SIZE / 256];

	for (uint32_t i = 0; i < BUFFER_SIZE / 256; i++)
		pieces[i] = take(t.heap, 256, 256);
	assert_int_equal(stats_of(t.heap).size, BUFFER_SIZE);
	for (int i = 0; i < 20000; i++) {
		uint32_t n = roll(&walk, BUFFER_SIZE / 256), m = roll(&walk, BUFFER_SIZE / 256);

		if (m == n)
			continue;
		nova_heap_free(t.heap, pieces[n]);
		nova_heap_free(t.heap, pieces[m]);
		pieces[m] = take(t.heap, 256, 256);
		pieces[n] = take(t.heap, 256, 256);
	}
	assert_int_equal(stats_of(t.heap).size, BUFFER_SIZE);
	tear_down(&t);
}

/* --- threads ------------------------------------------------------------------- */

struct worker {
	struct nova_heap *heap;
	struct nova_sync *sync;
	uint32_t number;
};

static void *work(void *data)
{
	struct worker *worker = data;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < 3000; i++) {
		const struct nova_heap_piece *piece;
		uint32_t size = 4 + (i * 97 + worker->number) % 5000;

		if (nova_heap_alloc(worker->heap, size, 0, &piece))
			return NULL;
		memset(piece->cpu, (int)worker->number, size);
		for (uint32_t j = 0; j < size; j++)
			wrong += ((uint8_t *)piece->cpu)[j] != worker->number;
		if (i % 3)
			nova_heap_free(worker->heap, piece);
		else if (nova_heap_free_after(worker->heap, piece, worker->sync, 1 + i % 77))
			return NULL;
	}
	return wrong ? NULL : worker;
}

static void test_threads(void **state)
{
	struct heap_test t = set_up(*state, NULL);
	struct worker workers[4];
	pthread_t threads[4];
	struct nova_sync *sync;
	void *result;

	assert_int_equal(nova_sync_create(*state, 0, &sync), 0);
	for (uint32_t i = 0; i < 4; i++) {
		workers[i] = (struct worker) { t.heap, sync, i + 1 };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_ptr_equal(result, &workers[i]);
	}
	nova_heap_trim(t.heap);
	assert_int_equal(stats_of(t.heap).size, 0);
	nova_sync_destroy(sync);
	tear_down(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_buffers),
		TEST(test_arguments),
		TEST(test_alone),
		TEST(test_empty_buffers),
		TEST(test_after),
		TEST(test_destroy_pending),
		TEST(test_vm_gone),
		TEST(test_failures),
		TEST(test_random),
		TEST(test_waste),
		TEST(test_threads),
	};

	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
