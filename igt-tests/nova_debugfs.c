/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_fdinfo.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_meta.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("What debugfs shows of buffers, address spaces, queues and the audit registry.");

#define PAGE	IGT_NOVA_PAGE
#define SIZE	(64 * 1024)
#define MIB	(1024 * 1024ull)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

static const char *const files[] = {
	"gem", "vm", "queues", "rings", "firmware_log", "audit", "vram",
};

static struct igt_nova_crowd crowd;
static char text[1024 * 1024];

static void file_path(char path[128], int fd, const char *name)
{
	struct stat stat;

	igt_assert_eq(fstat(fd, &stat), 0);
	snprintf(path, 128, "/sys/kernel/debug/dri/%u/%s", minor(stat.st_rdev), name);
}

/* All of a file into @to: 0 or -errno. */
static int read_path(const char *path, char *to, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t piece = 0;

	if (file < 0)
		return -errno;
	while (length < size - 1 && (piece = read(file, to + length, size - 1 - length)) > 0)
		length += piece;
	to[length] = '\0';
	piece = piece < 0 ? -errno : 0;
	close(file);
	return piece;
}

static const char *read_file(int fd, const char *name)
{
	char path[128];

	file_path(path, fd, name);
	igt_assert_f(read_path(path, text, sizeof(text)) == 0, "%s: %m\n", path);
	return text;
}

static int open_device(void)
{
	return igt_nova_dev_open(igt_nova_unplug_dev());
}

/* Lines that have both texts. */
static unsigned int count_lines(const char *all, const char *first, const char *second)
{
	unsigned int count = 0;
	char line[16384];

	while (*all) {
		size_t length = strcspn(all, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)length, all);
		count += strstr(line, first) && strstr(line, second);
		all += length + (all[length] == '\n');
	}
	return count;
}

static void expect_lines(int fd, const char *file, const char *first, const char *second,
			 unsigned int count)
{
	const char *all = read_file(fd, file);

	igt_assert_f(count_lines(all, first, second) == count,
		     "%s: not %u lines with \"%s\" and \"%s\":\n%s\n", file, count, first, second,
		     all);
}

/* A buffer is there as long as it is, with its label, which cannot break the line. */
static void test_gem(int fd)
{
	static const char label[] = "a \"picture\"\n\033[31m";
	struct igt_nova_bo bo;

	fd = open_device();
	igt_nova_bo_create(fd, &bo, 17 * PAGE, SYSTEM);
	igt_nova_gem_label(fd, bo.handle, label, sizeof(label) - 1, 0);
	expect_lines(fd, "gem", "label \"a \\\"picture\\\"\\n\\e[31m\"",
		     "size 69632, placement system, resident nowhere, handles 1", 1);
	igt_nova_bo_fill(&bo, 1);
	igt_nova_madvise(fd, bo.handle, DRM_NOVA_MADVISE_DONTNEED);
	expect_lines(fd, "gem", "picture", "resident system, handles 1, not needed", 1);
	igt_nova_gem_label(fd, bo.handle, NULL, 0, 0);
	expect_lines(fd, "gem", "picture", "", 0);
	expect_lines(fd, "gem", "size 69632", "", 1);
	igt_nova_bo_destroy(fd, &bo);
	expect_lines(fd, "gem", "size 69632", "", 0);
	close(fd);
}

/* Each mapping with its range, its buffer and how it may be used. */
static void expect_process_memory(struct igt_nova_client *client, uint64_t va)
{
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_USERPTR,
		.bo_offset = (uintptr_t)memory, .va = va, .size = PAGE,
	};
	char where[64];

	igt_assert(memory != MAP_FAILED);
	snprintf(where, sizeof(where), "process + %#" PRIxPTR, (uintptr_t)memory);
	igt_assert_eq(igt_nova_vm_bind_ops(client->fd, client->vm, &op, 1), 0);
	expect_lines(client->fd, "vm", where, ", pages 4K 1 64K 0 2M 0", 1);
	igt_nova_vm_unmap(client->fd, client->vm, va, PAGE, 0);
	munmap(memory, PAGE);
}

static void test_vm(int fd)
{
	uint64_t va = 0x7700000000ull;
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	char owner[64];

	(void)fd;
	igt_nova_client_init(&client, open_device());
	snprintf(owner, sizeof(owner), "client %" PRIu64 " vm %u:",
		 igt_nova_fdinfo_value(client.fd, "drm-client-id"), client.vm);
	expect_lines(client.fd, "vm", owner, "", 1);
	igt_nova_bo_create(client.fd, &bo, SIZE, VRAM);
	igt_nova_vm_map(client.fd, client.vm, bo.handle, PAGE, va, SIZE - PAGE,
			DRM_NOVA_VM_BIND_READONLY, 0);
	expect_lines(client.fd, "vm", "0x7700000000-0x770000f000 ro", "+ 0x1000, size 65536", 1);
	expect_lines(client.fd, "vm", "0x7700000000-", ", pages 4K 15 64K 0 2M 0", 1);
	igt_nova_vm_unmap(client.fd, client.vm, va + PAGE, PAGE, 0);
	expect_lines(client.fd, "vm", "0x7700000000-0x7700001000 ro", "+ 0x1000, size 65536", 1);
	expect_lines(client.fd, "vm", "0x7700002000-0x770000f000 ro", "+ 0x3000, size 65536", 1);
	igt_nova_madvise(client.fd, bo.handle, DRM_NOVA_MADVISE_DONTNEED);
	expect_lines(client.fd, "vm", "size 65536", ", evicted", 2);
	expect_process_memory(&client, 0x7800000000ull);
	igt_nova_vm_destroy(client.fd, client.vm, 0);
	expect_lines(client.fd, "vm", owner, "", 0);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

/* Large buffers are where large pages can begin, and mappings are in the largest that fit. */
static void test_page_sizes(int fd)
{
	uint64_t va = 0x7700000000ull;
	struct igt_nova_client client;
	struct igt_nova_bo bo, other;

	(void)fd;
	igt_nova_client_init(&client, open_device());
	/* Out of step, if anything is. */
	igt_nova_bo_create(client.fd, &other, PAGE, VRAM);
	igt_nova_bo_create(client.fd, &bo, 2 * MIB + 2 * SIZE + PAGE, VRAM);
	igt_nova_vm_map(client.fd, client.vm, bo.handle, 0, va, bo.size, 0, 0);
	expect_lines(client.fd, "vm", "0x7700000000-", ", pages 4K 1 64K 2 2M 1", 1);
	igt_nova_vm_map(client.fd, client.vm, bo.handle, PAGE, va, SIZE, 0, 0);
	expect_lines(client.fd, "vm", "0x7700000000-", ", pages 4K 16 64K 0 2M 0", 1);
	expect_lines(client.fd, "vm", "0x7700010000-", ", pages 4K 1 64K 33 2M 0", 1);
	igt_nova_vm_unmap(client.fd, client.vm, va, SIZE, 0);
	expect_lines(client.fd, "vm", "0x7700010000-", ", pages 4K 1 64K 33 2M 0", 1);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_bo_create(client.fd, &bo, 3 * SIZE, VRAM);
	igt_nova_vm_map(client.fd, client.vm, bo.handle, SIZE, va, 2 * SIZE, 0, 0);
	expect_lines(client.fd, "vm", "0x7700000000-", ", pages 4K 0 64K 2 2M 0", 1);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_bo_destroy(client.fd, &other);
	igt_nova_client_close(&client);
}

/* A queue with what it has done and has to do; and why it is dead. */
static void test_queues(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_push push;
	struct igt_nova_bo gate;
	uint32_t queue, fence;
	char owner[64];

	igt_nova_expect_errors_logged();
	(void)fd;
	igt_nova_client_init(&client, open_device());
	queue = igt_nova_client_queue(&client, 0);
	snprintf(owner, sizeof(owner), "client %" PRIu64 " queue %u:",
		 igt_nova_fdinfo_value(client.fd, "drm-client-id"), queue);
	expect_lines(client.fd, "queues", owner, "last job 0, pending 0, alive", 1);
	igt_nova_client_bo(&client, &gate, PAGE, SYSTEM);
	gate.map[0] = 0;
	igt_nova_push_begin(&client, &push, 16);
	igt_nova_push_acquire(&push, gate.va, 1);
	fence = igt_nova_submit_fence(client.fd, queue, &push);
	igt_assert_eq(igt_nova_submit(client.fd, queue, NULL, NULL, 0), 0);
	expect_lines(client.fd, "queues", owner, "pending 2, alive", 1);
	gate.map[0] = 1;
	igt_assert_eq(igt_nova_fence_result(client.fd, fence), 1);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, NULL), 1);
	expect_lines(client.fd, "queues", owner, "last job 3, pending 0, alive", 1);
	igt_nova_push_begin(&client, &push, 2);
	igt_nova_push_illegal(&push);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, &push), -ECANCELED);
	expect_lines(client.fd, "queues", owner, "), flags 0x1", 1);
	igt_nova_queue_destroy(client.fd, queue, 0);
	expect_lines(client.fd, "queues", owner, "", 0);
	igt_nova_bo_destroy(client.fd, &gate);
	igt_nova_client_close(&client);
}

/* Lines of "rings" about a push. */
static unsigned int count_entries(int fd, const struct igt_nova_push *push)
{
	char entry[64];

	snprintf(entry, sizeof(entry), "] %#" PRIx64 ", %u bytes", push->va, push->length);
	return count_lines(read_file(fd, "rings"), entry, "");
}

/* What Host has not come to is in the ring, and is not when all is done, once GP_GET is written. */
static void test_rings(int fd)
{
	struct igt_nova_push push, behind;
	struct igt_nova_client client;
	struct igt_nova_bo gate;
	uint32_t queue, fence;
	char owner[64];

	(void)fd;
	igt_nova_client_init(&client, open_device());
	queue = igt_nova_client_queue(&client, 0);
	snprintf(owner, sizeof(owner), "client %" PRIu64 " queue %u: get 0, put 0 of ",
		 igt_nova_fdinfo_value(client.fd, "drm-client-id"), queue);
	expect_lines(client.fd, "rings", owner, "", 1);
	igt_nova_client_bo(&client, &gate, PAGE, SYSTEM);
	gate.map[0] = 0;
	igt_nova_push_begin(&client, &push, 16);
	igt_nova_push_acquire(&push, gate.va, 1);
	igt_nova_push_begin(&client, &behind, 16);
	igt_nova_push_host(&behind, NV_C46F_NOP, 0x1234);
	igt_nova_submit_fence(client.fd, queue, &push);
	fence = igt_nova_submit_fence(client.fd, queue, &behind);
	/* The scheduler's worker writes it. */
	igt_set_timeout(IGT_NOVA_PATIENCE_S, "a push is not in the ring");
	while (!count_entries(client.fd, &behind))
		sched_yield();
	gate.map[0] = 1;
	igt_assert_eq(igt_nova_fence_result(client.fd, fence), 1);
	igt_set_timeout(IGT_NOVA_PATIENCE_S, "a push does not leave the ring");
	while (count_entries(client.fd, &behind))
		sched_yield();
	igt_reset_timeout();
	igt_nova_bo_destroy(client.fd, &gate);
	igt_nova_client_close(&client);
}

/* A user-mode queue has a ring and indices, and no jobs. Both are the client's to write. */
static void test_user_rings(int fd)
{
	struct igt_nova_push push, behind;
	struct drm_nova_query_limits limits;
	struct igt_nova_client client;
	struct igt_nova_userq userq;
	struct igt_nova_bo gate;
	char owner[64], text_put[64];
	unsigned int empty;

	(void)fd;
	igt_nova_client_init(&client, open_device());
	igt_nova_limits(client.fd, &limits);
	igt_nova_client_bo(&client, &gate, PAGE, SYSTEM);
	gate.map[0] = 0;
	igt_nova_userq_create(&client, &userq, 0, limits.ring_size_max);
	snprintf(owner, sizeof(owner), "client %" PRIu64 " queue %u: ",
		 igt_nova_fdinfo_value(client.fd, "drm-client-id"), userq.create.queue_id);
	igt_nova_push_begin(&client, &push, 16);
	igt_nova_push_acquire(&push, gate.va, 1);
	igt_nova_push_begin(&client, &behind, 16);
	igt_nova_push_fence(&behind, gate.va + 64, 1);
	igt_nova_userq_submit(&userq, &push);
	igt_nova_userq_submit(&userq, &behind);
	snprintf(text_put, sizeof(text_put), ", put 2 of %u", limits.ring_size_max);
	expect_lines(client.fd, "rings", owner, text_put, 1);
	expect_lines(client.fd, "rings", owner, "user-mode, get ", 1);
	expect_lines(client.fd, "queues", owner, text_put, 1);
	expect_lines(client.fd, "queues", owner, "user-mode, get ", 1);
	expect_lines(client.fd, "queues", owner, "pending", 0);
	igt_assert_eq(count_entries(client.fd, &behind), 1);
	gate.map[0] = 1;
	igt_assert_eq(igt_nova_wait_fence(client.fd, client.vm, userq.create.queue_id,
					  gate.va + 64, 1), 0);

	/* An index that cannot be, and which nobody is told of: 32 entries, the rest is counted. */
	userq.userd[DRM_NOVA_USERQ_GP_PUT / 4] = UINT32_MAX;
	snprintf(text_put, sizeof(text_put), ", put %u of ", limits.ring_size_max - 1);
	expect_lines(client.fd, "rings", owner, text_put, 1);
	expect_lines(client.fd, "rings", "  and ", " more", 1);
	empty = count_lines(read_file(client.fd, "rings"), "] opcode 0", "");
	igt_assert_f(empty >= 30 && empty <= 32, "%u entries:\n%s\n", empty, text);
	igt_nova_userq_destroy(client.fd, &userq);
	expect_lines(client.fd, "rings", owner, "", 0);
	igt_nova_bo_destroy(client.fd, &gate);
	igt_nova_client_close(&client);
}

static unsigned int channel_of(int fd, uint32_t queue)
{
	unsigned int channel = UINT32_MAX;
	const char *line;
	char owner[64];

	snprintf(owner, sizeof(owner), "client %" PRIu64 " queue %u: ",
		 igt_nova_fdinfo_value(fd, "drm-client-id"), queue);
	line = strstr(read_file(fd, "queues"), owner);
	igt_assert(line && sscanf(line + strlen(owner), "channel %u", &channel) == 1);
	return channel;
}

static void expect_logged(int fd, const char *what, unsigned int channel, const char *end)
{
	char line[64];

	snprintf(line, sizeof(line), " %s channel %u%s", what, channel, end);
	igt_assert_f(strstr(read_file(fd, "firmware_log"), line), "no \"%s\" in:\n%s\n", line, text);
}

/* What the driver asked of the firmware for a queue, and what it was told of it. */
static void test_firmware_log(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_push push;
	unsigned int channel;
	uint32_t queue;

	(void)fd;
	igt_nova_expect_errors_logged();
	igt_nova_client_init(&client, open_device());
	queue = igt_nova_client_queue(&client, 0);
	channel = channel_of(client.fd, queue);
	igt_assert(count_lines(read_file(client.fd, "firmware_log"), " command CHANNEL_CREATE, OK, ",
			       " us") > 0);
	igt_nova_push_begin(&client, &push, 2);
	igt_nova_push_illegal(&push);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, &push), -ECANCELED);
	expect_logged(client.fd, "event CHANNEL_ERROR", channel, "\n");
	igt_nova_queue_destroy(client.fd, queue, 0);
	expect_logged(client.fd, "command CHANNEL_STOP", channel, ", OK, ");
	expect_logged(client.fd, "command CHANNEL_DESTROY", channel, ", OK, ");
	/* Many more: the oldest make room. */
	for (unsigned int i = 0; i < 32; i++)
		igt_nova_queue_destroy(client.fd, igt_nova_queue_create(client.fd, client.vm, 0, 0), 0);
	igt_assert_eq(count_lines(read_file(client.fd, "firmware_log"), ": ", ""), 64);
	igt_nova_client_close(&client);
}

/* It counts what there is. */
static void test_audit(int fd)
{
	struct igt_nova_client client;

	(void)fd;
	igt_nova_client_init(&client, open_device());
	expect_lines(client.fd, "audit", "1 bound device", "nova_bound_create", 1);
	expect_lines(client.fd, "audit", "1 shrinker", "nova_shrink_create", 1);
	/* The kernel's own, and the client's. */
	expect_lines(client.fd, "audit", "1 queue, by", "", 1);
	for (unsigned int i = 0; i < 3; i++)
		igt_nova_client_queue(&client, 0);
	expect_lines(client.fd, "audit", "4 queue, by", "", 1);
	igt_nova_client_close(&client);
}

/* Sixteen digits that begin like a kernel address, anywhere. */
static bool has_address(const char *all)
{
	for (const char *at = all; (at = strstr(at, "ffff")); at++)
		if (strspn(at, "0123456789abcdef") >= 16)
			return true;
	return false;
}

static void test_no_addresses(int fd)
{
	(void)fd;
	igt_nova_crowd_init(&crowd);
	igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load("exec"));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *all = read_file(crowd.workers[0].client.fd, files[i]);

		igt_info("%s:\n%s", files[i], all);
		igt_assert_f(*all, "%s is empty\n", files[i]);
		igt_assert_f(!has_address(all), "%s has an address\n", files[i]);
	}
	igt_nova_crowd_close(&crowd);
}

/**
 * struct reader - a thread that reads a file over and over
 * @path: the file
 * @thread: the thread
 * @running: posted after the first read
 * @result: what ended it
 */
struct reader {
	char path[128];
	pthread_t thread;
	sem_t running;
	int result;
};

static void *read_on(void *data)
{
	static _Thread_local char to[65536];
	struct reader *reader = data;

	for (unsigned int i = 0; !reader->result; i++) {
		reader->result = read_path(reader->path, to, sizeof(to));
		if (i == 0)
			sem_post(&reader->running);
	}
	return NULL;
}

/* Readers, of files opened before and anew, while clients work and the device goes: the files go with it. */
static void test_unplug(int fd)
{
	static const char *const loads[] = { "exec", "vm-create-destroy", "queue-create-destroy",
					     "gem-create", "vm-bind" };
	static struct reader readers[ARRAY_SIZE(files)];
	int opened[ARRAY_SIZE(files)];
	char byte;

	(void)fd;
	igt_nova_crowd_init(&crowd);
	for (size_t i = 0; i < ARRAY_SIZE(loads); i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), igt_nova_load(loads[i]));
	igt_nova_crowd_start(&crowd);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		readers[i] = (struct reader) { 0 };
		file_path(readers[i].path, crowd.workers[0].client.fd, files[i]);
		opened[i] = open(readers[i].path, O_RDONLY | O_CLOEXEC);
		igt_assert_lte(0, opened[i]);
		sem_init(&readers[i].running, 0, 0);
		igt_nova_thread_start(&readers[i].thread, read_on, &readers[i]);
		sem_wait(&readers[i].running);
	}
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_crowd_join(&crowd);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		pthread_join(readers[i].thread, NULL);
		igt_info("%s: %s\n", files[i], strerror(-readers[i].result));
		igt_assert(readers[i].result == -ENOENT || readers[i].result == -ENODEV ||
			   readers[i].result == -EIO);
		igt_assert_eq(access(readers[i].path, F_OK), -1);
		igt_assert_lt(read(opened[i], &byte, 1), 0);
		close(opened[i]);
	}
	igt_nova_crowd_close(&crowd);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "gem", "Buffers and their labels.", test_gem },
	{ "vm", "Mappings.", test_vm },
	{ "page-sizes", "In which pages mappings are.", test_page_sizes },
	{ "queues", "Queues and their state.", test_queues },
	{ "rings", "What is in rings.", test_rings },
	{ "user-rings", "What is in rings that clients write.", test_user_rings },
	{ "firmware-log", "Commands and events of the firmware.", test_firmware_log },
	{ "audit", "What exists while the driver is bound.", test_audit },
	{ "no-addresses", "No kernel address is shown.", test_no_addresses },
	{ "unplug", "Readers do not hold the device up, and the files go with it.", test_unplug },
};

/* What a failed subtest left behind in this process. */
static void abandon(void)
{
	igt_nova_crowd_abandon(&crowd);
}

int igt_main()
{
	igt_fixture() {
		igt_require_f(access("/sys/kernel/debug/dri", R_OK) == 0, "no debugfs\n");
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(abandon);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
