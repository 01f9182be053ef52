/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_meta.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("Waits for a value in memory: what they compare, and what ends them.");

#define PAGE	IGT_NOVA_PAGE
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define MEMORY	0x8000000180000002ull

/**
 * struct desk - a client with a buffer, and a thread that waits for it
 * @client: the client
 * @bo: the buffer, two pages
 * @queue: its queue
 * @thread: the thread
 * @tid: its id
 * @running: @thread is to be joined
 * @asleep: posted before it waits
 * @wait: what it waits for
 * @result: 0 or -errno
 */
struct desk {
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	uint32_t queue;
	pthread_t thread;
	pid_t tid;
	bool running;
	sem_t asleep;
	struct drm_nova_wait_user_fence wait;
	int result;
};

static struct desk desk;

static void desk_open(uint32_t placement)
{
	desk = (struct desk) { 0 };
	igt_nova_client_init(&desk.client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_client_bo(&desk.client, &desk.bo, 2 * PAGE, placement);
	desk.queue = igt_nova_client_queue(&desk.client, 0);
	desk.wait = (struct drm_nova_wait_user_fence) {
		.vm_id = desk.client.vm, .op = DRM_NOVA_USER_FENCE_EQ, .address = desk.bo.va,
		.value = MEMORY, .mask = ~0ull, .timeout = INT64_MAX,
	};
	igt_assert_eq(sem_init(&desk.asleep, 0, 0), 0);
}

static void desk_close(void)
{
	igt_nova_bo_destroy(desk.client.fd, &desk.bo);
	igt_nova_client_close(&desk.client);
	sem_destroy(&desk.asleep);
}

static void set(uint32_t offset, uint64_t value)
{
	desk.bo.map[offset / 4] = value;
	desk.bo.map[offset / 4 + 1] = value >> 32;
	__sync_synchronize();
}

/* Looks only. */
static int look(const struct drm_nova_wait_user_fence *wait)
{
	struct drm_nova_wait_user_fence now = *wait;

	now.timeout = 0;
	return igt_nova_ioctl(desk.client.fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &now);
}

static void *wait_thread(void *data)
{
	sigset_t signals;
	int ret;

	(void)data;
	/* The one that ends the wait; threads of tests have all of them blocked. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
	desk.tid = gettid();
	sem_post(&desk.asleep);
	/* Once: not repeated after a signal. */
	ret = ioctl(desk.client.fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &desk.wait);
	desk.result = ret ? -errno : 0;
	return NULL;
}

static void wait_start(void)
{
	igt_nova_thread_start(&desk.thread, wait_thread, NULL);
	desk.running = true;
	while (sem_wait(&desk.asleep))
		;
	igt_nova_thread_wait_asleep(desk.tid);
}

static void wait_end(void)
{
	pthread_join(desk.thread, NULL);
	desk.running = false;
}

static void wait_join(int result)
{
	wait_end();
	igt_assert_eq(desk.result, result);
}

static void ignore(int signal)
{
	(void)signal;
}

/* What a failed subtest left behind: a thread that a signal ends. */
static void abandon(void)
{
	struct sigaction action = { .sa_handler = ignore };

	if (!desk.running)
		return;
	sigaction(SIGUSR1, &action, NULL);
	pthread_kill(desk.thread, SIGUSR1);
	pthread_join(desk.thread, NULL);
	desk.running = false;
}

/* --- what is compared --- */

static void test_compare(int fd)
{
	static const struct {
		uint32_t op;
		int below, equal, above;	/* memory, of the value */
	} rows[] = {
		{ DRM_NOVA_USER_FENCE_EQ, -ETIME, 0, -ETIME },
		{ DRM_NOVA_USER_FENCE_NEQ, 0, -ETIME, 0 },
		{ DRM_NOVA_USER_FENCE_GT, -ETIME, -ETIME, 0 },
		{ DRM_NOVA_USER_FENCE_GE, -ETIME, 0, 0 },
		{ DRM_NOVA_USER_FENCE_LT, 0, -ETIME, -ETIME },
		{ DRM_NOVA_USER_FENCE_LE, 0, 0, -ETIME },
	};
	static const uint32_t placements[] = { VRAM, SYSTEM };

	(void)fd;
	for (size_t i = 0; i < ARRAY_SIZE(placements); i++) {
		desk_open(placements[i]);
		set(0, MEMORY);
		set(PAGE + 8, MEMORY);
		for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
			desk.wait.op = rows[j].op;
			desk.wait.value = MEMORY + 1;
			igt_assert_eq(look(&desk.wait), rows[j].below);
			desk.wait.value = MEMORY;
			igt_assert_eq(look(&desk.wait), rows[j].equal);
			desk.wait.value = MEMORY - 1;
			igt_assert_eq(look(&desk.wait), rows[j].above);
		}
		desk.wait.op = DRM_NOVA_USER_FENCE_EQ;
		desk.wait.value = ~0ull;
		desk.wait.mask = MEMORY;
		igt_assert_eq(look(&desk.wait), 0);
		desk.wait.mask = 4;
		igt_assert_eq(look(&desk.wait), -ETIME);
		/* Halves, anywhere. */
		desk.wait.flags = DRM_NOVA_USER_FENCE_32;
		desk.wait.mask = UINT32_MAX;
		desk.wait.value = (uint32_t)MEMORY;
		desk.wait.address = desk.bo.va + PAGE + 8;
		igt_assert_eq(look(&desk.wait), 0);
		desk.wait.address += 4;
		igt_assert_eq(look(&desk.wait), -ETIME);
		desk.wait.value = MEMORY >> 32;
		igt_assert_eq(look(&desk.wait), 0);
		desk_close();
	}
}

static const struct igt_nova_refusal rows[] = {
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, vm_id, 0, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, vm_id, IGT_NOVA_BAD_ID, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, flags, 1u << 1, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, flags, 1u << 31, EINVAL),
	/* With that flag the mask is too wide. */
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, flags, DRM_NOVA_USER_FENCE_32, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, op, 6, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, op, ~0u, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, queue_id, IGT_NOVA_BAD_ID, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, address, 0, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, address, 1ull << 39, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, address, ~7ull, ENOENT),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, address, 0x10001, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, address, 0x10004, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, mask, 0, EINVAL),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, value, 1, ETIME),
	IGT_NOVA_REFUSE(struct drm_nova_wait_user_fence, mask, 1, ETIME),
};

static void test_refusals(int fd)
{
	static const struct igt_nova_refusals refusals = {
		DRM_IOCTL_NOVA_WAIT_USER_FENCE, "WAIT_USER_FENCE",
		sizeof(struct drm_nova_wait_user_fence), NULL, rows, ARRAY_SIZE(rows),
	};

	(void)fd;
	desk_open(SYSTEM);
	set(0, 7);
	desk.wait.value = 7;
	desk.wait.mask = 6;
	desk.wait.timeout = 0;
	igt_assert_eq(look(&desk.wait), 0);
	desk.wait.mask = ~0ull;
	desk.wait.value = 6;
	desk.wait.op = DRM_NOVA_USER_FENCE_LE;
	igt_nova_refuse(desk.client.fd, &refusals, &desk.wait);
	/* Wider than 32 bits, with that flag. */
	desk.wait.flags = DRM_NOVA_USER_FENCE_32;
	desk.wait.mask = UINT32_MAX;
	desk.wait.value = 1ull << 32;
	igt_assert_eq(look(&desk.wait), -EINVAL);
	desk_close();
}

/* Never mapped by a CPU, bound nowhere any more. */
static void test_buffers(int fd)
{
	struct drm_nova_wait_user_fence wait;
	uint32_t handle;
	uint64_t va;

	desk_open(VRAM | SYSTEM);
	fd = desk.client.fd;
	wait = desk.wait;
	wait.value = 0;
	handle = igt_nova_gem_create(fd, PAGE, DRM_NOVA_GEM_NO_MMAP, 0, 0, 0);
	va = igt_nova_client_va(&desk.client, PAGE);
	igt_nova_vm_map(fd, desk.client.vm, handle, 0, va, PAGE, 0, 0);
	wait.address = va + PAGE - 8;
	igt_assert_eq(look(&wait), 0);
	igt_nova_vm_unmap(fd, desk.client.vm, va, PAGE, 0);
	igt_assert_eq(look(&wait), -ENOENT);
	igt_nova_gem_close(fd, handle);
	desk_close();
}

/* Another device's memory. */
static void test_imported(int fd)
{
	const struct igt_nova_dev *second = igt_nova_unplug_other();
	uint32_t handle;
	int other, dmabuf;

	igt_require_f(second, "one device only\n");
	desk_open(SYSTEM);
	fd = desk.client.fd;
	other = igt_nova_dev_open(second);
	handle = igt_nova_gem_create(other, PAGE, 0, SYSTEM, 0, 0);
	igt_assert_eq(drmPrimeHandleToFD(other, handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
	igt_assert_eq(drmPrimeFDToHandle(fd, dmabuf, &handle), 0);
	close(dmabuf);
	desk.wait.value = 0;
	igt_assert_eq(look(&desk.wait), 0);
	/* In place of the client's own. */
	igt_nova_vm_map(fd, desk.client.vm, handle, 0, desk.bo.va, PAGE, 0, 0);
	igt_assert_eq(look(&desk.wait), -EPERM);
	igt_nova_vm_unmap(fd, desk.client.vm, desk.bo.va, PAGE, 0);
	igt_assert_eq(look(&desk.wait), -ENOENT);
	close(other);
	desk_close();
}

/* One that was turned out of video memory is read where it is. */
static void test_evicted(int fd)
{
	struct drm_nova_query_memory memory;
	struct igt_nova_client hungry;
	struct drm_nova_gem_info info;
	uint64_t size;

	(void)fd;
	desk_open(VRAM);
	set(0, MEMORY);
	igt_nova_query(desk.client.fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	igt_nova_client_init(&hungry, igt_nova_dev_open(igt_nova_unplug_dev()));
	size = memory.regions[0].total / 16 & ~(PAGE - 1);
	for (unsigned int i = 0; i < 32; i++) {
		uint32_t handle = igt_nova_gem_create(hungry.fd, size, 0, VRAM, 0, 0);

		igt_nova_vm_map(hungry.fd, hungry.vm, handle, 0,
				igt_nova_client_va(&hungry, size), size, 0, 0);
		igt_nova_gem_info(desk.client.fd, desk.bo.handle, &info, 0);
		if (info.resident != VRAM)
			break;
	}
	igt_assert_eq_u32(info.resident, SYSTEM);
	igt_assert_eq(look(&desk.wait), 0);
	igt_nova_client_close(&hungry);
	desk_close();
}

/* One whose content was not needed, and was dropped, is still bound: it reads as zero. */
static void test_purged(int fd)
{
	struct drm_nova_gem_info info;

	(void)fd;
	desk_open(SYSTEM);
	set(0, MEMORY);
	igt_assert_eq(igt_nova_madvise(desk.client.fd, desk.bo.handle, DRM_NOVA_MADVISE_DONTNEED), 1);
	igt_assert_eq(look(&desk.wait), 0);
	igt_nova_reclaim();
	igt_nova_gem_info(desk.client.fd, desk.bo.handle, &info, 0);
	igt_assert_eq_u32(info.resident, 0);
	igt_assert_eq(look(&desk.wait), -ETIME);
	desk.wait.value = 0;
	igt_assert_eq(look(&desk.wait), 0);
	desk_close();
}

/* --- what wakes and what ends --- */

/* A job of a queue writes it and raises its interrupt; the job ends with one as well. */
static void test_job_wakes(int fd)
{
	static const uint32_t placements[] = { VRAM, SYSTEM };
	struct igt_nova_push push;

	(void)fd;
	for (size_t i = 0; i < ARRAY_SIZE(placements); i++) {
		desk_open(placements[i]);
		desk.wait.flags = DRM_NOVA_USER_FENCE_32;
		desk.wait.mask = UINT32_MAX;
		desk.wait.value = 5;
		desk.wait.queue_id = desk.queue;
		wait_start();
		/* Something else ends, which is not it. */
		igt_assert_eq(igt_nova_submit_wait(desk.client.fd, desk.queue, NULL), 1);
		igt_nova_push_begin(&desk.client, &push, 16);
		igt_nova_push_release(&push, desk.bo.va, 5);
		igt_assert_eq(igt_nova_submit_wait(desk.client.fd, desk.queue, &push), 1);
		wait_join(0);
		desk_close();
	}
}

/* The CPU writes: seen with the next interrupt of anybody, and at the deadline. */
static void test_cpu_writes(int fd)
{
	struct igt_nova_client other;
	uint32_t queue;
	bool late;

	(void)fd;
	desk_open(SYSTEM);
	wait_start();
	set(0, MEMORY);
	igt_nova_client_init(&other, igt_nova_dev_open(igt_nova_unplug_dev()));
	queue = igt_nova_client_queue(&other, 0);
	igt_assert_eq(igt_nova_submit_wait(other.fd, queue, NULL), 1);
	wait_join(0);
	igt_nova_client_close(&other);

	/* Again where this one got its turn only after the deadline. */
	do {
		set(0, 0);
		desk.wait.timeout = igt_nova_deadline(500000000);
		wait_start();
		set(0, MEMORY);
		late = (int64_t)igt_nova_now_ns() >= desk.wait.timeout;
		wait_end();
	} while (late);
	igt_assert_eq(desk.result, 0);
	desk_close();
}

static void test_deadline(int fd)
{
	uint64_t begin = igt_nova_now_ns();

	(void)fd;
	desk_open(SYSTEM);
	desk.wait.timeout = -1;
	igt_assert_eq(igt_nova_ioctl(desk.client.fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &desk.wait),
		      -ETIME);
	desk.wait.timeout = igt_nova_deadline(50000000);
	igt_assert_eq(igt_nova_ioctl(desk.client.fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &desk.wait),
		      -ETIME);
	igt_assert_lte_u64(begin + 50000000, igt_nova_now_ns());
	desk_close();
}

static void test_signal(int fd)
{
	struct sigaction action = { .sa_handler = ignore }, old;
	struct drm_nova_wait_user_fence before;

	(void)fd;
	desk_open(SYSTEM);
	sigaction(SIGUSR1, &action, &old);
	before = desk.wait;
	wait_start();
	pthread_kill(desk.thread, SIGUSR1);
	wait_join(-EINTR);
	igt_assert_eq(memcmp(&before, &desk.wait, sizeof(before)), 0);
	/* Repeated by the kernel, it goes on. */
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	wait_start();
	pthread_kill(desk.thread, SIGUSR1);
	set(0, MEMORY);
	igt_assert_eq(igt_nova_submit_wait(desk.client.fd, desk.queue, NULL), 1);
	wait_join(0);
	sigaction(SIGUSR1, &old, NULL);
	desk_close();
}

static void test_destroyed(int fd)
{
	(void)fd;
	desk_open(SYSTEM);
	desk.wait.queue_id = desk.queue;
	wait_start();
	igt_nova_queue_destroy(desk.client.fd, desk.queue, 0);
	wait_join(-ENOENT);
	desk.wait.queue_id = 0;
	wait_start();
	igt_nova_vm_destroy(desk.client.fd, desk.client.vm, 0);
	wait_join(-ENOENT);
	desk_close();
}

/* What it wrote before it was killed counts, and after that nothing comes of it any more. */
static void test_queue_killed(int fd)
{
	struct igt_nova_push push;

	(void)fd;
	igt_nova_expect_errors_logged();
	desk_open(SYSTEM);
	desk.wait.queue_id = desk.queue;
	wait_start();
	igt_nova_push_begin(&desk.client, &push, 32);
	igt_nova_push_release(&push, desk.bo.va, 1);
	igt_nova_push_illegal(&push);
	igt_assert_lt(igt_nova_submit_wait(desk.client.fd, desk.queue, &push), 0);
	wait_join(-ECANCELED);
	desk.wait.value = 1;
	igt_assert_eq(look(&desk.wait), 0);
	desk_close();
}

static void unplug_waiting(const char *way, uint32_t placement)
{
	desk_open(placement);
	wait_start();
	igt_nova_unplug(igt_nova_path(way));
	wait_join(-ENODEV);
	igt_assert_eq(look(&desk.wait), -ENODEV);
	desk_close();
	igt_nova_replug();
}

static void test_unplug(int fd)
{
	(void)fd;
	unplug_waiting("unbind", VRAM);
	unplug_waiting("aux-unbind", SYSTEM);
}

/* All ones are not an answer. */
static void test_surprise(int fd)
{
	(void)fd;
	igt_nova_expect_errors_logged();
	igt_nova_path_require(igt_nova_path("surprise"));
	desk_open(VRAM);
	desk.wait.value = ~0ull;
	wait_start();
	igt_nova_unplug(igt_nova_path("surprise"));
	wait_join(-ENODEV);
	desk_close();
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "compare", "Each comparison, wide and narrow, with a mask, in both memories.",
	  test_compare },
	{ "refusals", "Each malformed field is refused.", test_refusals },
	{ "buffers", "Which buffers can be waited for.", test_buffers },
	{ "imported", "Memory of another device cannot be.", test_imported },
	{ "evicted", "A buffer is read where it is.", test_evicted },
	{ "purged", "A buffer that was dropped reads as zero.", test_purged },
	{ "job-wakes", "What a job writes wakes the wait.", test_job_wakes },
	{ "cpu-writes", "What the CPU writes is seen with the next interrupt, or at the deadline.",
	  test_cpu_writes },
	{ "deadline", "The deadline is not missed, nor early.", test_deadline },
	{ "signal", "A signal ends the wait, which can be repeated as it is.", test_signal },
	{ "destroyed", "The end of the VM, or of the queue, ends the wait.", test_destroyed },
	{ "queue-killed", "So does the queue's being killed.", test_queue_killed },
	{ "unplug", "So does the device's going.", test_unplug },
	{ "surprise", "Also when it has fallen off the bus.", test_surprise },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(abandon);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
