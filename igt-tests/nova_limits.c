/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

#include "regs/nv_ce.h"
#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("What one client can use up, and that others go on.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

/**
 * struct taker - a file that takes what it can
 * @fd: the file
 * @limits: what the driver says
 * @vm: a VM of it
 * @va: next address
 * @handle: a buffer of one page
 */
struct taker {
	int fd;
	struct drm_nova_query_limits limits;
	struct drm_nova_vm_create vm;
	uint64_t va;
	uint32_t handle;
};

static void taker_open(struct taker *taker)
{
	taker->fd = igt_nova_open();
	igt_nova_limits(taker->fd, &taker->limits);
	igt_nova_vm_create(taker->fd, &taker->vm);
	taker->va = taker->vm.va_start;
	taker->handle = igt_nova_gem_create(taker->fd, PAGE, 0, SYSTEM, 0, 0);
}

static int take_vm(struct taker *taker)
{
	struct drm_nova_vm_create create = { 0 };

	return igt_nova_ioctl(taker->fd, DRM_IOCTL_NOVA_VM_CREATE, &create);
}

static int take_queue(struct taker *taker)
{
	struct drm_nova_queue_create create = {
		.vm_id = taker->vm.vm_id, .priority = DRM_NOVA_PRIORITY_NORMAL, .ring_size = 16,
	};

	return igt_nova_ioctl(taker->fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create);
}

/* One page at every 2 MiB: each takes a page table. */
static int take_table(struct taker *taker)
{
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = taker->handle, .va = taker->va,
		.size = PAGE,
	};

	taker->va += 2 * MIB;
	return igt_nova_vm_bind_ops(taker->fd, taker->vm.vm_id, &op, 1);
}

/* The largest there is, never used. */
static int take_buffer(struct taker *taker)
{
	struct drm_nova_gem_create create = {
		.size = taker->limits.gem_size_max, .flags = DRM_NOVA_GEM_NO_MMAP,
	};

	return igt_nova_ioctl(taker->fd, DRM_IOCTL_NOVA_GEM_CREATE, &create);
}

/**
 * struct share - something of which a file gets so much and no more
 * @name: subtest
 * @take: takes one; 0 or -errno
 * @least: how many there are at least, with what the taker has already
 * @most: how many at most
 */
struct share {
	const char *name;
	int (*take)(struct taker *taker);
	uint64_t (*least)(const struct drm_nova_query_limits *limits);
	uint64_t (*most)(const struct drm_nova_query_limits *limits);
};

static uint64_t vms(const struct drm_nova_query_limits *limits)
{
	return limits->vms_max - 1;
}

static uint64_t queues(const struct drm_nova_query_limits *limits)
{
	return limits->queues_max;
}

/* Each 512 MiB take one more, and there are a few above. */
static uint64_t tables_least(const struct drm_nova_query_limits *limits)
{
	return limits->page_tables_max - limits->page_tables_max / 256 - 8;
}

static uint64_t tables_most(const struct drm_nova_query_limits *limits)
{
	return limits->page_tables_max;
}

static uint64_t buffers(const struct drm_nova_query_limits *limits)
{
	return (limits->file_gem_bytes_max - PAGE) / limits->gem_size_max;
}

static const struct share shares[] = {
	{ "vms", take_vm, vms, vms },
	{ "queues", take_queue, queues, queues },
	{ "page-tables", take_table, tables_least, tables_most },
	{ "buffers", take_buffer, buffers, buffers },
};

/* Exactly the limit, ENOSPC and nothing else beyond it; the next file gets the same. */
static void check_share(int fd, const struct share *share)
{
	struct taker taker, other;
	uint64_t taken = 0;
	int ret;

	for (unsigned int round = 0; round < 2; round++) {
		taker_open(&taker);
		for (taken = 0; !(ret = share->take(&taker)); taken++)
			igt_assert_lt_u64(taken, share->most(&taker.limits));
		igt_assert_eq(ret, -ENOSPC);
		igt_assert_lte_u64(share->least(&taker.limits), taken);
		igt_assert_eq(share->take(&taker), -ENOSPC);
		taker_open(&other);
		igt_assert_eq(share->take(&other), 0);
		close(other.fd);
		igt_nova_check_works(fd);
		close(taker.fd);
	}
}

/* What is given back can be had again. */
static void test_given_back(int fd)
{
	struct drm_nova_gem_create create = { 0 };
	struct taker taker;

	(void)fd;
	taker_open(&taker);
	while (!take_table(&taker))
		;
	igt_nova_vm_unmap(taker.fd, taker.vm.vm_id, taker.vm.va_start, taker.va, 0);
	taker.va = taker.vm.va_start;
	igt_assert_eq(take_table(&taker), 0);
	create.size = taker.limits.gem_size_max;
	for (unsigned int i = 0; i < 256; i++) {
		igt_nova_expect(taker.fd, DRM_IOCTL_NOVA_GEM_CREATE, &create, 0);
		igt_nova_gem_close(taker.fd, create.handle);
	}
	close(taker.fd);
}

/* A job that ends when the word at @bo is 1, or when it is killed for taking too long. */
static uint32_t submit_blocker(struct igt_nova_client *client, struct igt_nova_bo *bo,
			       uint32_t after)
{
	struct drm_nova_push segment = { 0 };
	struct drm_nova_sync syncs[2];
	struct igt_nova_push push;
	struct drm_nova_job job = {
		.pushes = { sizeof(segment), 1, (uintptr_t)&segment },
		.syncs = { sizeof(syncs[0]), after ? 2 : 1, (uintptr_t)syncs },
	};
	uint32_t fence = igt_nova_syncobj_create(client->fd);

	igt_nova_push_begin(client, &push, 16);
	igt_nova_push_acquire(&push, bo->va, 1);
	segment.va = push.va;
	segment.length = push.length;
	syncs[0] = igt_nova_signal(fence, 0);
	syncs[1] = igt_nova_wait_for(after, 0);
	igt_assert_eq(igt_nova_exec(client->fd, igt_nova_client_queue(client, 0), &job, 1), 0);
	return fence;
}

#define BLOCKERS	24u	/* one after the other, each as long as a job may run */

/* Jobs behind one that does not end: as many as the limit says. */
static void test_jobs(int fd)
{
	struct drm_nova_query_limits limits;
	struct drm_nova_job job = { 0 };
	struct drm_nova_sync syncs[2];
	struct igt_nova_client client;
	uint32_t queue, fence = 0;
	struct igt_nova_bo bo;

	igt_nova_expect_errors_logged();
	igt_nova_limits(fd, &limits);
	igt_nova_client_open(&client);
	igt_nova_client_bo(&client, &bo, PAGE, SYSTEM);
	for (unsigned int i = 0; i < BLOCKERS; i++)
		fence = submit_blocker(&client, &bo, fence);
	queue = igt_nova_client_queue(&client, 0);
	syncs[0] = igt_nova_wait_for(fence, 0);
	syncs[1] = igt_nova_signal(igt_nova_syncobj_create(client.fd), 0);
	job.syncs = (struct drm_nova_array) { sizeof(syncs[0]), 2, (uintptr_t)syncs };
	for (uint32_t i = 0; i < limits.queue_jobs_max; i++)
		igt_assert_eq(igt_nova_exec(client.fd, queue, &job, 1), 0);
	igt_assert_eq(igt_nova_exec(client.fd, queue, &job, 1), -ENOSPC);
	igt_nova_check_works(fd);
	bo.map[0] = 1;
	igt_assert_eq(igt_nova_syncobj_wait(client.fd, syncs[1].handle, 0), 0);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, NULL), 1);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

/* The mappings of one call together: the largest buffer, and not a page more. */
static void test_bind_bytes(int fd)
{
	struct drm_nova_vm_bind_op ops[3];
	struct taker taker;
	uint32_t handle;
	uint64_t size;

	(void)fd;
	taker_open(&taker);
	size = taker.limits.gem_size_max / 2;
	size -= size % PAGE;
	handle = igt_nova_gem_create(taker.fd, size, 0, SYSTEM, 0, 0);
	for (unsigned int i = 0; i < 3; i++)
		ops[i] = (struct drm_nova_vm_bind_op) {
			.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = handle, .va = taker.va,
			.size = size,
		};
	igt_assert_eq(igt_nova_vm_bind_ops(taker.fd, taker.vm.vm_id, ops, 3), -E2BIG);
	ops[2].size = PAGE + taker.limits.gem_size_max - 2 * size;
	igt_assert_eq(igt_nova_vm_bind_ops(taker.fd, taker.vm.vm_id, ops, 3), -E2BIG);
	close(taker.fd);
}

#define ERRORS		100u
#define LOG_BURST	10u	/* of the kernel's rate limit, each LOG_INTERVAL_NS */
#define LOG_INTERVAL_NS	5000000000ull

/* Lines since the last call that say that a channel was stopped. */
static unsigned int count_log(int kmsg)
{
	unsigned int lines = 0;
	char line[8192];
	ssize_t length;

	while ((length = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		if (length <= 0)
			continue;
		line[length] = '\0';
		lines += strstr(line, "stopped: error") != NULL;
	}
	return lines;
}

/* Errors as fast as a client can make them. */
static void test_log(int fd)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	struct igt_nova_client client;
	struct igt_nova_push push;
	uint64_t begin, intervals;
	unsigned int lines;

	igt_nova_expect_errors_logged();
	igt_require(kmsg >= 0);
	lseek(kmsg, 0, SEEK_END);
	igt_nova_client_open(&client);
	begin = igt_nova_now_ns();
	for (unsigned int i = 0; i < ERRORS; i++) {
		uint32_t queue = igt_nova_client_queue(&client, 0);

		client.pushes_used = 0;
		igt_nova_push_begin(&client, &push, 2);
		igt_nova_push_illegal(&push);
		igt_assert_lt(igt_nova_submit_wait(client.fd, queue, &push), 0);
		igt_nova_queue_destroy(client.fd, queue, 0);
	}
	intervals = (igt_nova_now_ns() - begin) / LOG_INTERVAL_NS + 2;
	lines = count_log(kmsg);
	igt_info("%u errors, %u lines\n", ERRORS, lines);
	igt_assert(lines);
	igt_assert_lte_u64(lines, LOG_BURST * intervals);
	igt_nova_client_close(&client);
	igt_nova_check_works(fd);
	close(kmsg);
}

/* Interrupts of both kinds, as many as a push can ask for, disturb nobody. */
static void test_interrupts(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_push push;
	uint32_t fence;

	igt_nova_client_open(&client);
	igt_nova_push_begin(&client, &push, 8000);
	for (unsigned int i = 0; i < 1900; i++) {
		igt_nova_push_host(&push, NV_C46F_NON_STALL_INTERRUPT, 0);
		igt_nova_push_ce(&push, NV_C5B5_LAUNCH_DMA,
				 NV_PUT(NV_C5B5_LAUNCH_INTERRUPT,
					i % 2 ? NV_C5B5_LAUNCH_INTERRUPT_BLOCKING :
						NV_C5B5_LAUNCH_INTERRUPT_NON_BLOCKING));
	}
	fence = igt_nova_submit_fence(client.fd, igt_nova_client_queue(&client, 0), &push);
	igt_nova_check_works(fd);
	igt_assert_eq(igt_nova_fence_result(client.fd, fence), 1);
	igt_nova_client_close(&client);
}

/* --- the memory controller --- */

#define CGROUP		"/run/nova-cgroup"
#define GROUP		CGROUP "/nova-limits"

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	igt_assert_f(fd >= 0, "%s: %m\n", path);
	igt_assert_f(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s: %m\n", path);
	close(fd);
}

static uint64_t group_kernel_bytes(void)
{
	FILE *file = fopen(GROUP "/memory.stat", "re");
	uint64_t value = 0;
	char name[64];

	igt_assert(file);
	while (fscanf(file, "%63s %" SCNu64, name, &value) == 2)
		if (strcmp(name, "kernel") == 0)
			break;
	fclose(file);
	igt_assert_eq(strcmp(name, "kernel"), 0);
	return value;
}

static void group_enter(void)
{
	mkdir(CGROUP, 0755);
	igt_require_f(!mount("cgroup2", CGROUP, "cgroup2", 0, NULL) || errno == EBUSY,
		      "no cgroup2: %m\n");
	write_file(CGROUP "/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0755);
	write_file(GROUP "/cgroup.procs", "0");
}

static void group_leave(void)
{
	write_file(CGROUP "/cgroup.procs", "0");
}

static void charge_rings(struct taker *taker)
{
	struct drm_nova_queue_create create = {
		.vm_id = taker->vm.vm_id, .priority = DRM_NOVA_PRIORITY_NORMAL,
		.ring_size = taker->limits.ring_size_max,
	};

	for (unsigned int i = 0; i < 8; i++)
		igt_nova_expect(taker->fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
}

static void charge_buffers(struct taker *taker)
{
	for (unsigned int i = 0; i < 4096; i++)
		igt_nova_gem_create(taker->fd, PAGE, DRM_NOVA_GEM_NO_MMAP, SYSTEM, 0, 0);
}

/* At every 512 MiB: a table of each of two levels. */
static void charge_tables(struct taker *taker)
{
	for (unsigned int i = 0; i < 512; i++, taker->va += 510 * MIB)
		igt_assert_eq(take_table(taker), 0);
}

/* What is charged, and how much of it there is at the least. */
static const struct {
	const char *name;
	void (*charge)(struct taker *taker);
	uint64_t bytes;
} charges[] = {
	{ "rings", charge_rings, 8 * MIB },
	{ "buffers", charge_buffers, 2 * MIB },
	{ "page tables", charge_tables, 2 * MIB },
};

static void test_memory_charged(int fd)
{
	(void)fd;
	group_enter();
	for (size_t i = 0; i < ARRAY_SIZE(charges); i++) {
		struct taker taker;
		uint64_t before, after;

		taker_open(&taker);
		before = group_kernel_bytes();
		charges[i].charge(&taker);
		after = group_kernel_bytes();
		igt_info("%s: %" PRIu64 " KiB\n", charges[i].name, (after - before) / 1024);
		igt_assert_f(after >= before + charges[i].bytes, "%s: %" PRId64 " bytes\n",
			     charges[i].name, after - before);
		close(taker.fd);
	}
	group_leave();
}

static const struct igt_nova_test tests[] = {
	{ "given-back", "What is given back can be had again.", test_given_back },
	{ "jobs", "Unfinished jobs of a queue are limited.", test_jobs },
	{ "bind-bytes", "The work of one VM_BIND is limited.", test_bind_bytes },
	{ "log", "A client cannot fill the log.", test_log },
	{ "interrupts", "A client's interrupts disturb nobody.", test_interrupts },
	{ "memory-charged", "Kernel memory is charged to the client's cgroup.",
	  test_memory_charged },
};

static void run_share(const int *fd, const struct share *share)
{
	char name[64];

	snprintf(name, sizeof(name), "file-%s", share->name);
	igt_describe("A file takes all it can get, another one still gets its share.");
	igt_subtest(name) {
		igt_set_timeout(2 * IGT_NOVA_PATIENCE_S, name);
		check_share(*fd, share);
		igt_reset_timeout();
	}
}

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = igt_nova_open();
	for (size_t i = 0; i < ARRAY_SIZE(shares); i++)
		run_share(&fd, &shares[i]);
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
	igt_fixture()
		close(fd);
}
