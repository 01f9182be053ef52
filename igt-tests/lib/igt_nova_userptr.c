/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userptr.h"

#define PAGE	IGT_NOVA_PAGE
#define LARGE	IGT_NOVA_USERPTR_LARGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define USERPTR	DRM_NOVA_VM_BIND_USERPTR
#define RW	(PROT_READ | PROT_WRITE)

void igt_nova_userptr_open(struct igt_nova_userptr *bench)
{
	struct igt_nova_client *client = &bench->client;
	int fd = igt_nova_dev_open(igt_nova_unplug_dev());

	igt_nova_client_init(client, fd);
	bench->queue = igt_nova_client_queue(client, 0);
	bench->blocked = igt_nova_client_queue(client, igt_nova_engine_count(fd) - 1);
	igt_nova_client_bo(client, &bench->gate, PAGE, SYSTEM);
	igt_nova_client_bo(client, &bench->bo, LARGE, VRAM);
	bench->done = igt_nova_syncobj_create(fd);
}

void igt_nova_userptr_close(struct igt_nova_userptr *bench)
{
	igt_nova_bo_destroy(bench->client.fd, &bench->gate);
	igt_nova_bo_destroy(bench->client.fd, &bench->bo);
	igt_nova_client_close(&bench->client);
}

void igt_nova_gate_close(struct igt_nova_userptr *bench)
{
	struct drm_nova_sync out = igt_nova_signal(bench->done, 0);
	struct igt_nova_push push;

	bench->gate.map[0] = 0;
	igt_nova_push_begin(&bench->client, &push, 16);
	igt_nova_push_acquire(&push, bench->gate.va, 1);
	igt_assert_eq(igt_nova_submit(bench->client.fd, bench->blocked, &push, &out, 1), 0);
}

void igt_nova_gate_open(struct igt_nova_userptr *bench)
{
	*(volatile uint32_t *)bench->gate.map = 1;
}

int igt_nova_memory_file(uint64_t size)
{
	int file = memfd_create("nova_userptr", MFD_CLOEXEC);

	igt_assert_f(file >= 0 && ftruncate(file, size) == 0, "no file of %" PRIu64 " bytes: %m\n",
		     size);
	return file;
}

uint32_t *igt_nova_map_memory(uint64_t size, int prot, int flags, int fd)
{
	uint32_t *at = mmap(NULL, size, prot, flags, fd, 0);

	igt_assert_f(at != MAP_FAILED, "mmap: %s\n", strerror(errno));
	return at;
}

void igt_nova_fill_memory(uint32_t *at, uint64_t size, uint32_t value)
{
	for (uint64_t i = 0; i < size / 4; i++)
		at[i] = value;
}

void igt_nova_expect_memory(const uint32_t *at, uint64_t size, uint32_t value)
{
	for (uint64_t i = 0; i < size / 4; i++)
		igt_assert_f(at[i] == value, "dword %llu is %#x and not %#x\n",
			     (unsigned long long)i, at[i], value);
}

struct drm_nova_vm_bind_op igt_nova_op_userptr(const void *at, uint64_t va, uint64_t size,
					       uint32_t flags)
{
	return (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = USERPTR | flags,
		.bo_offset = (uintptr_t)at, .va = va, .size = size,
	};
}

int igt_nova_userptr_try_bind(struct igt_nova_userptr *bench, const void *at, uint64_t va,
			      uint64_t size, uint32_t flags)
{
	struct drm_nova_vm_bind_op op = igt_nova_op_userptr(at, va, size, flags);

	return igt_nova_vm_bind_ops(bench->client.fd, bench->client.vm, &op, 1);
}

uint64_t igt_nova_userptr_bind(struct igt_nova_userptr *bench, const void *at, uint64_t size,
			       uint32_t flags)
{
	uint64_t va = igt_nova_client_va(&bench->client, size);

	igt_assert_eq(igt_nova_userptr_try_bind(bench, at, va, size, flags), 0);
	return va;
}

void igt_nova_userptr_unbind(struct igt_nova_userptr *bench, uint64_t va, uint64_t size)
{
	igt_nova_vm_unmap(bench->client.fd, bench->client.vm, va, size, 0);
}

int igt_nova_userptr_try_copy(struct igt_nova_userptr *bench, uint64_t to, uint64_t from,
			      uint32_t size)
{
	uint32_t out = igt_nova_syncobj_create(bench->client.fd);
	struct drm_nova_sync sync = igt_nova_signal(out, 0);
	struct igt_nova_push push;
	int ret;

	bench->client.pushes_used = 0;
	igt_nova_push_begin(&bench->client, &push, 32);
	igt_nova_push_copy(&push, to, from, size);
	ret = igt_nova_submit(bench->client.fd, bench->queue, &push, &sync, 1);
	if (!ret)
		ret = igt_nova_fence_result(bench->client.fd, out);
	igt_nova_syncobj_destroy(bench->client.fd, out);
	return ret;
}

void igt_nova_userptr_copy(struct igt_nova_userptr *bench, uint64_t to, uint64_t from,
			   uint32_t size)
{
	igt_assert_eq(igt_nova_userptr_try_copy(bench, to, from, size), 1);
}

int igt_nova_userptr_try_exec(struct igt_nova_userptr *bench)
{
	return igt_nova_submit(bench->client.fd, bench->queue, NULL, NULL, 0);
}

void igt_nova_userptr_expect_shared(struct igt_nova_userptr *bench, uint32_t *at, uint64_t va,
				    uint64_t size, uint32_t value)
{
	igt_nova_bo_fill(&bench->bo, value);
	igt_nova_userptr_copy(bench, va, bench->bo.va, size);
	igt_nova_expect_memory(at, size, value);
	igt_nova_fill_memory(at, size, ~value);
	igt_nova_userptr_copy(bench, bench->bo.va, va, size);
	igt_nova_expect_memory(bench->bo.map, size, ~value);
}

void igt_nova_userptr_expect_reads(struct igt_nova_userptr *bench, uint64_t va, uint64_t size,
				   uint32_t value)
{
	igt_nova_bo_fill(&bench->bo, ~value);
	igt_nova_userptr_copy(bench, bench->bo.va, va, size);
	igt_nova_expect_memory(bench->bo.map, size, value);
}

/* --- memory that is unmapped meanwhile --- */

static struct {
	uint32_t *at;
	uint64_t size;
	pid_t tid;
	sem_t started;
	atomic_bool done;
	pthread_t thread;
	bool runs;
} unmapper;

static void *run_unmapper(void *data)
{
	(void)data;
	unmapper.tid = gettid();
	sem_post(&unmapper.started);
	munmap(unmapper.at, unmapper.size);
	atomic_store(&unmapper.done, true);
	return NULL;
}

void igt_nova_unmapper_start(uint32_t *at, uint64_t size)
{
	unmapper.at = at;
	unmapper.size = size;
	atomic_store(&unmapper.done, false);
	igt_assert_eq(sem_init(&unmapper.started, 0, 0), 0);
	igt_nova_thread_start(&unmapper.thread, run_unmapper, NULL);
	unmapper.runs = true;
	while (sem_wait(&unmapper.started))
		;
	igt_nova_thread_wait_asleep(unmapper.tid);
}

void igt_nova_unmapper_join(void)
{
	if (!unmapper.runs)
		return;
	pthread_join(unmapper.thread, NULL);
	unmapper.runs = false;
}

bool igt_nova_unmapper_waits(void)
{
	return !atomic_load(&unmapper.done);
}

/* --- storms --- */

static struct {
	uint32_t *at;
	uint64_t size;
	bool endless;
	atomic_bool stop;
	atomic_ulong rounds;
	atomic_ulong jobs;
	pthread_t thread;
	bool runs;
} storm;

#define STORM_BURST	16

static void *run_storm(void *data)
{
	unsigned long jobs;

	(void)data;
	while (!atomic_load(&storm.stop)) {
		jobs = atomic_load(&storm.jobs);
		for (unsigned int i = 0; i < STORM_BURST; i++) {
			mprotect(storm.at, storm.size, RW | PROT_EXEC);
			mprotect(storm.at, storm.size, RW);
			atomic_fetch_add(&storm.rounds, 1);
		}
		while (!storm.endless && atomic_load(&storm.jobs) == jobs &&
		       !atomic_load(&storm.stop))
			sched_yield();
	}
	return NULL;
}

void igt_nova_storm_start(uint32_t *at, uint64_t size, bool endless)
{
	storm.at = at;
	storm.size = size;
	storm.endless = endless;
	atomic_store(&storm.jobs, 0);
	atomic_store(&storm.stop, false);
	atomic_store(&storm.rounds, 0);
	igt_nova_thread_start(&storm.thread, run_storm, NULL);
	storm.runs = true;
	while (!atomic_load(&storm.rounds))
		sched_yield();
}

void igt_nova_storm_stop(void)
{
	if (!storm.runs)
		return;
	atomic_store(&storm.stop, true);
	pthread_join(storm.thread, NULL);
	storm.runs = false;
}

unsigned long igt_nova_storm_rounds(void)
{
	return atomic_load(&storm.rounds);
}

void igt_nova_storm_job(void)
{
	atomic_fetch_add(&storm.jobs, 1);
}
