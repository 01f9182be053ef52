/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_unplug.h"
#include "nova.h"

IGT_TEST_DESCRIPTION("What libnova adds to the ioctls, on a device.");

#define PATIENCE_NS	(IGT_NOVA_PATIENCE_S * 1000000000ull)

/* --- a client -------------------------------------------------------------- */

struct client {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_queue *queues[2];
	struct nova_timeline *timeline;
	struct nova_heap *heap;
};

static void open_client(struct client *client, uint64_t heap_size)
{
	struct nova_heap_desc heap = { .buffer_size = 64 << 10, .size_max = heap_size,
				       .placement = NOVA_PLACEMENT_SYSTEM };
	struct nova_queue_desc desc = { .priority = NOVA_PRIORITY_NORMAL };
	char node[64];

	igt_assert(igt_nova_dev_node(igt_nova_unplug_dev(), node));
	igt_assert_eq(nova_device_open_path(node, &client->dev), 0);
	igt_assert_eq(nova_vm_create(client->dev, &client->vm), 0);
	for (uint32_t i = 0; i < 2; i++) {
		igt_assert_eq(nova_device_find_engine(client->dev, NOVA_ENGINE_COPY, i,
						      &desc.engine), 0);
		igt_assert_eq(nova_queue_create(client->vm, &desc, &client->queues[i]), 0);
	}
	igt_assert_eq(nova_timeline_create(client->dev, &client->timeline), 0);
	igt_assert_eq(nova_heap_create(client->vm, &heap, &client->heap), 0);
}

static void close_client(struct client *client)
{
	nova_queue_destroy(client->queues[0]);
	nova_queue_destroy(client->queues[1]);
	nova_heap_destroy(client->heap);
	nova_timeline_destroy(client->timeline);
	nova_vm_destroy(client->vm);
	nova_device_close(client->dev);
}

static int64_t patience(void)
{
	return nova_sync_deadline(PATIENCE_NS);
}

/* A job of fills, handed to one of the queues; the words of the push go with its point. */
static uint64_t submit(struct client *client, struct nova_push *push, uint32_t queue)
{
	struct nova_job job = { 0 };
	uint64_t point;

	igt_assert_eq(nova_push_get_ranges(push, &job.ranges, &job.range_count), 0);
	igt_assert_lt(0, (int)job.range_count);
	igt_assert_eq(nova_timeline_submit(client->timeline, client->queues[queue], &job, 1,
					   &point), 0);
	igt_assert_eq(nova_push_retire(push, nova_timeline_sync(client->timeline), point), 0);
	return point;
}

/* --- heaps ----------------------------------------------------------------- */

#define ROUNDS	200
#define KEPT	8
#define WORDS	1024

struct kept {
	const struct nova_heap_piece *piece;
	uint64_t point;
	uint32_t value;
};

static void check_kept(struct client *client, struct kept *kept)
{
	const uint32_t *words;

	if (!kept->piece)
		return;
	igt_assert_eq(nova_timeline_wait(client->timeline, kept->point, patience()), 0);
	words = kept->piece->cpu;
	for (uint32_t i = 0; i < WORDS; i++)
		igt_assert_eq_u32(words[i], kept->value);
	nova_heap_free(client->heap, kept->piece);
	kept->piece = NULL;
}

/* When the heap is full, what the GPU has done with makes room: one point at a time is enough. */
static const struct nova_heap_piece *alloc_or_wait(struct client *client, uint64_t *waited)
{
	const struct nova_heap_piece *piece;
	int ret;

	while ((ret = nova_heap_alloc(client->heap, WORDS * 4, 0, &piece)) == -ENOSPC) {
		igt_assert_lt_u64(*waited, nova_timeline_last(client->timeline));
		igt_assert_eq(nova_timeline_wait(client->timeline, ++*waited, patience()), 0);
	}
	igt_assert_eq(ret, 0);
	return piece;
}

/*
 * Each round fills two pieces: one is looked at rounds later, the other freed behind the round's
 * point at once. A piece given out again too soon would have somebody else's words.
 */
static void test_heap_reuse(int fd)
{
	struct kept kept[KEPT] = { 0 };
	struct nova_heap_stats stats;
	struct client client;
	struct nova_push *push;
	uint64_t waited = 0;

	(void)fd;
	open_client(&client, 256 << 10);
	igt_assert_eq(nova_push_create_in_heap(client.heap, 256, &push), 0);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct kept *slot = &kept[round % KEPT];
		const struct nova_heap_piece *scratch;

		check_kept(&client, slot);
		slot->piece = alloc_or_wait(&client, &waited);
		slot->value = 0xa0000000 + round;
		scratch = alloc_or_wait(&client, &waited);
		for (uint32_t i = 0; i < 16; i++)
			nova_push_fill(push, scratch->va, 0xbad00000 + i, WORDS);
		nova_push_fill(push, slot->piece->va, slot->value, WORDS);
		if (nova_push_status(push) == -ENOSPC) {
			/* No room for its words: wait for all and write them again. */
			igt_assert_eq(nova_timeline_wait_idle(client.timeline, patience()), 0);
			waited = nova_timeline_last(client.timeline);
			nova_push_reset(push);
			nova_push_fill(push, slot->piece->va, slot->value, WORDS);
		}
		slot->point = submit(&client, push, round % 2);
		igt_assert_eq(nova_heap_free_after(client.heap, scratch,
						   nova_timeline_sync(client.timeline),
						   slot->point), 0);
	}
	for (uint32_t i = 0; i < KEPT; i++)
		check_kept(&client, &kept[i]);
	nova_heap_get_stats(client.heap, &stats);
	igt_assert_lte_u64(stats.size, 256 << 10);
	igt_assert_eq_u64(stats.used, 0);
	nova_heap_trim(client.heap);
	nova_heap_get_stats(client.heap, &stats);
	igt_assert_eq_u64(stats.size, 0);
	nova_push_destroy(push);
	close_client(&client);
}

/* --- timelines ------------------------------------------------------------- */

/* Jobs of two queues on one timeline: after the wait for a point all jobs up to it have written. */
static void test_timeline_order(int fd)
{
	const struct nova_heap_piece *piece;
	struct client client;
	struct nova_push *push;
	uint64_t completed, before = 0;
	int idle = 0;

	(void)fd;
	open_client(&client, 0);
	igt_assert_eq(nova_push_create_in_heap(client.heap, 256, &push), 0);
	igt_assert_eq(nova_heap_alloc(client.heap, 64 * 4, 0, &piece), 0);
	memset(piece->cpu, 0, 64 * 4);
	for (uint32_t i = 0; i < 64; i++) {
		nova_push_fill(push, piece->va + i * 4, i + 1, 1);
		igt_assert_eq_u64(submit(&client, push, i % 2), i + 1);
	}
	for (uint32_t point = 1; point <= 64; point += 7) {
		igt_assert_eq(nova_timeline_wait(client.timeline, point, patience()), 0);
		for (uint32_t i = 0; i < point; i++)
			igt_assert_eq_u32(((uint32_t *)piece->cpu)[i], i + 1);
		igt_assert_eq(nova_timeline_completed(client.timeline, &completed), 0);
		igt_assert(completed >= point && completed >= before);
		before = completed;
	}
	igt_assert_eq(nova_timeline_wait(client.timeline, 65, patience()), -EINVAL);
	igt_assert_eq(nova_timeline_wait_idle(client.timeline, patience()), 0);
	igt_assert_eq(nova_timeline_is_idle(client.timeline, &idle), 0);
	igt_assert_eq(idle, 1);
	nova_push_destroy(push);
	close_client(&client);
}

/* --- a device that is lost --------------------------------------------------- */

#define CALLERS	4

struct caller {
	pthread_t thread;
	struct nova_device *dev;
	atomic_uint *told;
	int ret;
	unsigned int told_then;
};

static void lost(struct nova_device *dev, void *data)
{
	(void)dev;
	atomic_fetch_add((atomic_uint *)data, 1);
}

/* Calls until the device is gone. */
static void *call(void *data)
{
	struct caller *caller = data;
	struct nova_limits limits;

	do
		caller->ret = nova_device_query_limits(caller->dev, &limits);
	while (!caller->ret);
	caller->told_then = atomic_load(caller->told);
	return NULL;
}

static void test_lost_callback(int fd)
{
	static struct caller callers[CALLERS];
	const struct nova_heap_piece *piece;
	static atomic_uint told;
	struct client client;
	struct nova_push *push;
	uint64_t point;

	(void)fd;
	atomic_store(&told, 0);
	open_client(&client, 0);
	igt_assert_eq(nova_device_set_lost_callback(client.dev, lost, &told), 0);
	igt_assert_eq(nova_push_create_in_heap(client.heap, 0, &push), 0);
	igt_assert_eq(nova_heap_alloc(client.heap, 4, 0, &piece), 0);
	nova_push_fill(push, piece->va, 1, 1);
	point = submit(&client, push, 0);
	igt_assert_eq(nova_timeline_wait(client.timeline, point, patience()), 0);
	for (int i = 0; i < CALLERS; i++) {
		callers[i] = (struct caller) { .dev = client.dev, .told = &told };
		igt_assert_eq(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
	}
	igt_assert_eq(atomic_load(&told), 0);
	igt_nova_unplug(igt_nova_path("unbind"));
	for (int i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		igt_assert_eq(callers[i].ret, -ENODEV);
		igt_assert_eq(callers[i].told_then, 1);
	}
	/* What is known needs no device, what is freed neither, and the map stays. */
	igt_assert_eq(nova_timeline_wait(client.timeline, point, patience()), 0);
	*(volatile uint32_t *)piece->cpu = 2;
	nova_push_fill(push, piece->va, 1, 1);
	igt_assert_eq(nova_push_status(push), 0);
	igt_assert_eq(nova_heap_free_after(client.heap, piece, nova_timeline_sync(client.timeline),
					   point + 1), 0);
	nova_heap_trim(client.heap);
	nova_push_destroy(push);
	close_client(&client);
	igt_assert_eq(atomic_load(&told), 1);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

/* --- the monitor ------------------------------------------------------------- */

/* The next event of the device that goes; those of others are passed over. */
static void expect_event(struct nova_monitor *monitor, uint32_t type,
			 struct nova_monitor_event *event)
{
	const struct nova_device_entry *entry = &event->entry;
	struct pollfd pfd = { .fd = nova_monitor_fd(monitor), .events = POLLIN };
	char address[40];
	int ret;

	do {
		while ((ret = nova_monitor_next(monitor, event)) == -EAGAIN)
			igt_assert_f(poll(&pfd, 1, IGT_NOVA_PATIENCE_S * 1000) > 0, "no event\n");
		igt_assert_eq(ret, 0);
		snprintf(address, sizeof(address), "%04x:%02x:%02x.%x", entry->pci_domain,
			 entry->pci_bus, entry->pci_device, entry->pci_function);
	} while (strcmp(address, igt_nova_unplug_dev()->address));
	igt_assert_eq_u32(event->type, type);
}

/* The node of an added device can be opened at once; that of a removed one is the one it had. */
static void test_monitor_rebind(int fd)
{
	struct nova_monitor_event added, event;
	struct nova_monitor *monitor;
	struct nova_device *dev;

	(void)fd;
	igt_assert_eq(nova_monitor_create(&monitor), 0);
	expect_event(monitor, NOVA_MONITOR_ADDED, &added);
	igt_assert_eq(nova_device_open_path(added.entry.path, &dev), 0);
	igt_nova_unplug(igt_nova_path("unbind"));
	expect_event(monitor, NOVA_MONITOR_REMOVED, &event);
	igt_assert(!memcmp(&event.entry, &added.entry, sizeof(event.entry)));
	igt_nova_replug();
	expect_event(monitor, NOVA_MONITOR_ADDED, &event);
	/* The old file is open still: so the node is another one. */
	igt_assert(strcmp(event.entry.path, added.entry.path) != 0);
	nova_device_close(dev);
	igt_assert_eq(nova_device_open_path(event.entry.path, &dev), 0);
	nova_device_close(dev);
	nova_monitor_destroy(monitor);
}

/* Noticed when somebody wants something of it, if no late interrupt had anyone look before. */
static void expect_dead(int ret)
{
	igt_assert_f(ret == -ETIMEDOUT || ret == -ECANCELED, "%d\n", ret);
}

static void test_monitor_wedged(int fd)
{
	struct nova_queue_desc desc = { .priority = NOVA_PRIORITY_NORMAL };
	struct nova_monitor_event event;
	struct nova_monitor *monitor;
	struct nova_queue *queue = NULL;
	struct client client;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	open_client(&client, 0);
	igt_assert_eq(nova_monitor_create(&monitor), 0);
	expect_event(monitor, NOVA_MONITOR_ADDED, &event);
	/* Or it would be recovered. */
	igt_assert_eq(igt_nova_module_set_param("nova_core", "recoveries", 0), 0);
	igt_nova_unplug_misbehave("crash-firmware");
	expect_dead(nova_queue_create(client.vm, &desc, &queue));
	expect_event(monitor, NOVA_MONITOR_WEDGED, &event);
	igt_assert_f(strstr(event.recovery, "rebind"), "recovery \"%s\"\n", event.recovery);
	igt_nova_unplug(igt_nova_path("unbind"));
	expect_event(monitor, NOVA_MONITOR_REMOVED, &event);
	close_client(&client);
	igt_nova_replug();
	expect_event(monitor, NOVA_MONITOR_ADDED, &event);
	nova_monitor_destroy(monitor);
}

/* Its queues are gone, and it works: nobody has to do anything. */
static void test_monitor_recovered(int fd)
{
	struct nova_queue_desc desc = { .priority = NOVA_PRIORITY_NORMAL };
	struct nova_monitor_event event;
	struct nova_monitor *monitor;
	struct nova_queue *queue = NULL;
	struct client client;
	int ret;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	open_client(&client, 0);
	igt_assert_eq(nova_monitor_create(&monitor), 0);
	expect_event(monitor, NOVA_MONITOR_ADDED, &event);
	igt_nova_unplug_misbehave("crash-firmware");
	ret = nova_queue_create(client.vm, &desc, &queue);
	/* By then it can have been recovered. */
	if (ret)
		expect_dead(ret);
	else
		nova_queue_destroy(queue);
	expect_event(monitor, NOVA_MONITOR_RECOVERED, &event);
	igt_assert_eq(event.recovery[0], 0);
	igt_assert_eq(nova_queue_create(client.vm, &desc, &queue), 0);
	nova_queue_destroy(queue);
	/* The next test may have it die once, too. */
	igt_nova_unplug(igt_nova_path("unbind"));
	expect_event(monitor, NOVA_MONITOR_REMOVED, &event);
	close_client(&client);
	igt_nova_replug();
	nova_monitor_destroy(monitor);
}

static const struct igt_nova_test tests[] = {
	{ "heap-reuse", "Pieces and push buffers come back when the GPU is done with them, not before.",
	  test_heap_reuse },
	{ "timeline-order", "Points of two queues pass in the order of submission.",
	  test_timeline_order },
	{ "lost-callback", "Who calls a device that goes is told once, and can free everything.",
	  test_lost_callback },
	{ "monitor-rebind", "A device that goes and comes back is reported, with its nodes.",
	  test_monitor_rebind },
	{ "monitor-wedged", "A device of no use is reported, with the way to recover it.",
	  test_monitor_wedged },
	{ "monitor-recovered", "A device whose firmware died and came back is reported, and works.",
	  test_monitor_recovered },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
