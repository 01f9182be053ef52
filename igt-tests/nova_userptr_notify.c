/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_limit.h"
#include "igt_nova_sysfs.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userptr.h"

#include "regs/nv_error.h"

IGT_TEST_DESCRIPTION("Memory of processes that is bound, and what they do to it afterwards.");

#define PAGE	IGT_NOVA_PAGE
#define LARGE	IGT_NOVA_USERPTR_LARGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define READONLY DRM_NOVA_VM_BIND_READONLY
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define OLD	0x01d01d00u
#define NEW	0x0e30e300u
#define RING_SIZE 64u

/* --- the process goes on --- */

/* Unmapped: no job, and the pages are as they were. Something else there: that is bound. */
static void test_unmapped(int fd)
{
	uint32_t *at, *again;
	struct igt_nova_userptr bench;
	uint64_t va;
	int file;

	(void)fd;
	igt_nova_userptr_open(&bench);
	file = igt_nova_memory_file(4 * PAGE);
	again = igt_nova_map_memory(4 * PAGE, RW, MAP_SHARED, file);
	at = igt_nova_map_memory(4 * PAGE, RW, MAP_SHARED, file);
	va = igt_nova_userptr_bind(&bench, at, 4 * PAGE, 0);
	igt_nova_userptr_expect_shared(&bench, again, va, 4 * PAGE, 0x600d0006);
	igt_nova_fill_memory(again, 4 * PAGE, OLD);
	igt_assert_eq(munmap(at, 4 * PAGE), 0);
	igt_nova_bo_fill(&bench.bo, NEW);
	igt_assert_eq(igt_nova_userptr_try_copy(&bench, va, bench.bo.va, 4 * PAGE), -EFAULT);
	igt_nova_expect_memory(again, 4 * PAGE, OLD);

	igt_assert(mmap(at, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == at);
	igt_nova_userptr_expect_shared(&bench, at, va, 4 * PAGE, 0x600d0007);
	/* Moved: it is about addresses. */
	igt_assert(mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, again) == again);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	igt_assert(mmap(at, 4 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == at);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	igt_assert_eq(mprotect(at, 4 * PAGE, RW), 0);
	igt_nova_userptr_expect_shared(&bench, at, va, 4 * PAGE, 0x600d0008);
	igt_nova_expect_memory(again, 4 * PAGE, ~0x600d0007);
	close(file);
	igt_nova_userptr_close(&bench);
}

/* A job that runs is waited for, and has its pages until it has ended. */
static void test_job_waited_for(int fd)
{
	struct igt_nova_push push;
	uint32_t *at, *again, out;
	struct igt_nova_userptr bench;
	uint64_t va;
	int file;

	igt_nova_userptr_open(&bench);
	fd = bench.client.fd;
	file = igt_nova_memory_file(PAGE);
	again = igt_nova_map_memory(PAGE, RW, MAP_SHARED, file);
	at = igt_nova_map_memory(PAGE, RW, MAP_SHARED, file);
	va = igt_nova_userptr_bind(&bench, at, PAGE, 0);
	/* On one queue it waits, then writes. */
	bench.gate.map[0] = 0;
	igt_nova_push_begin(&bench.client, &push, 64);
	igt_nova_push_acquire(&push, bench.gate.va, 1);
	igt_nova_push_fill(&push, va, NEW, PAGE / 4);
	out = igt_nova_submit_fence(fd, bench.blocked, &push);
	igt_nova_unmapper_start(at, PAGE);
	igt_assert(igt_nova_unmapper_waits());
	igt_nova_expect_memory(again, PAGE, 0);
	igt_nova_gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	igt_nova_unmapper_join();
	igt_nova_expect_memory(again, PAGE, NEW);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	close(file);
	igt_nova_userptr_close(&bench);
}

/* Nobody waits for ever: a job and a bind that do not end lose the memory, which is not touched. */
static void test_cut_off(int fd)
{
	struct drm_nova_vm_bind_op op;
	uint32_t *at, *again, *other, out, bound;
	struct drm_nova_sync syncs[2];
	struct igt_nova_push push;
	struct igt_nova_userptr bench;
	uint64_t va;
	int file;

	/* What queues have is what it was when they were made. */
	igt_nova_limit_set(20000);
	igt_nova_userptr_open(&bench);
	igt_nova_limit_set(100);
	fd = bench.client.fd;
	file = igt_nova_memory_file(PAGE);
	again = igt_nova_map_memory(PAGE, RW, MAP_SHARED, file);
	at = igt_nova_map_memory(PAGE, RW, MAP_SHARED, file);
	other = igt_nova_map_memory(PAGE, RW, ANON, -1);
	igt_nova_fill_memory(again, PAGE, OLD);
	va = igt_nova_userptr_bind(&bench, at, PAGE, 0);
	igt_nova_gate_close(&bench);
	igt_nova_push_begin(&bench.client, &push, 64);
	igt_nova_push_acquire(&push, bench.gate.va, 1);
	igt_nova_push_fill(&push, va, NEW, PAGE / 4);
	out = igt_nova_submit_fence(fd, bench.queue, &push);
	/* A bind of other memory, over the gate's neighbour, behind the gate. */
	bound = igt_nova_syncobj_create(fd);
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = igt_nova_signal(bound, 0);
	op = igt_nova_op_userptr(other, bench.bo.va, PAGE, 0);
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	igt_assert_eq(munmap(at, PAGE), 0);
	igt_assert_eq(munmap(other, PAGE), 0);
	igt_assert(igt_nova_syncobj_busy(fd, out));
	igt_assert(igt_nova_syncobj_busy(fd, bound));
	igt_nova_expect_errors_logged();
	igt_nova_gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, bound), 1);
	igt_assert_eq(igt_nova_fence_result(fd, out), -ECANCELED);
	igt_nova_expect_memory(again, PAGE, OLD);
	igt_nova_limit_begin();
	bench.queue = igt_nova_client_queue(&bench.client, 0);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	/* Neither the new memory nor the old buffer is there, until there is memory again. */
	igt_assert(mmap(other, PAGE, RW, ANON | MAP_FIXED, -1, 0) == other);
	igt_nova_userptr_unbind(&bench, va, PAGE);
	other[0] = NEW;
	igt_nova_userptr_copy(&bench, bench.bo.va + PAGE, bench.bo.va, PAGE);
	igt_assert_eq_u32(bench.bo.map[PAGE / 4], NEW);
	close(file);
	igt_nova_userptr_close(&bench);
}

/* A job that says it has ended, and runs on, finds nothing where the memory was. */
static void test_forged_fence(int fd)
{
	struct drm_nova_queue_create create = {
		.priority = DRM_NOVA_PRIORITY_NORMAL, .ring_size = RING_SIZE,
	};
	struct drm_nova_queue_get_state state = { 0 };
	struct igt_nova_push push;
	uint32_t *at, *again, queue;
	struct igt_nova_userptr bench;
	uint64_t va;
	int file;

	/* The first queue of a VM has its semaphore there, behind a ring of one page. */
	igt_nova_client_init(&bench.client, igt_nova_dev_open(igt_nova_unplug_dev()));
	fd = bench.client.fd;
	create.vm_id = bench.client.vm;
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
	queue = create.queue_id;
	igt_nova_client_bo(&bench.client, &bench.gate, PAGE, SYSTEM);
	igt_nova_client_bo(&bench.client, &bench.bo, PAGE, VRAM);
	file = igt_nova_memory_file(PAGE);
	again = igt_nova_map_memory(PAGE, RW, MAP_SHARED, file);
	at = igt_nova_map_memory(PAGE, RW, MAP_SHARED, file);
	igt_nova_fill_memory(again, PAGE, OLD);
	va = igt_nova_userptr_bind(&bench, at, PAGE, 0);
	bench.gate.map[0] = 0;
	igt_nova_push_begin(&bench.client, &push, 128);
	igt_nova_push_copy(&push, bench.bo.va, va, PAGE);	/* the address is cached */
	igt_nova_push_forged_fence(&bench.client, &push);
	igt_nova_push_acquire(&push, bench.gate.va, 1);
	igt_nova_push_fill(&push, va, NEW, PAGE / 4);
	igt_assert_eq(igt_nova_submit_wait(fd, queue, &push), 1);
	igt_assert_eq(munmap(at, PAGE), 0);
	igt_nova_expect_errors_logged();
	igt_nova_gate_open(&bench);
	while (!state.flags && again[0] == OLD) {
		igt_nova_queue_state(fd, queue, &state);
		sched_yield();
	}
	igt_nova_expect_memory(again, PAGE, OLD);
	igt_assert_eq_u32(state.error, NV_ERROR_MMU_FAULT);
	close(file);
	igt_nova_userptr_close(&bench);
}

/* So is a bind that is on its way; what it takes away is not needed any more. */
static void test_async(int fd)
{
	struct drm_nova_vm_bind_op op;
	struct drm_nova_sync syncs[2];
	uint32_t *at, *other, out;
	struct igt_nova_userptr bench;
	uint64_t va;

	igt_nova_userptr_open(&bench);
	fd = bench.client.fd;
	at = igt_nova_map_memory(4 * PAGE, RW, ANON, -1);
	other = igt_nova_map_memory(4 * PAGE, RW, ANON, -1);
	igt_nova_fill_memory(at, 4 * PAGE, OLD);
	igt_nova_fill_memory(other, 4 * PAGE, NEW);
	va = igt_nova_userptr_bind(&bench, at, 4 * PAGE, 0);
	igt_nova_gate_close(&bench);
	out = igt_nova_syncobj_create(fd);
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = igt_nova_signal(out, 0);
	op = igt_nova_op_userptr(other, va + PAGE, 2 * PAGE, 0);
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	igt_nova_userptr_expect_reads(&bench, va, 4 * PAGE, OLD);
	igt_assert(igt_nova_syncobj_busy(fd, out));
	igt_nova_unmapper_start(other, 4 * PAGE);
	igt_assert(igt_nova_unmapper_waits());
	igt_nova_gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	igt_nova_unmapper_join();
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	igt_nova_userptr_unbind(&bench, va + PAGE, 2 * PAGE);
	igt_nova_userptr_expect_reads(&bench, va, PAGE, OLD);

	/* Applied, then seen. */
	other = igt_nova_map_memory(4 * PAGE, RW, ANON, -1);
	igt_nova_fill_memory(other, 4 * PAGE, NEW);
	igt_nova_gate_close(&bench);
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	syncs[1] = igt_nova_signal(out, 0);
	op = igt_nova_op_userptr(other, va, 4 * PAGE, READONLY);
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	igt_nova_userptr_expect_reads(&bench, va, PAGE, OLD);
	igt_nova_gate_open(&bench);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	igt_nova_userptr_expect_reads(&bench, va, 4 * PAGE, NEW);
	igt_assert_eq(munmap(at, 4 * PAGE), 0);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), 0);
	igt_nova_userptr_close(&bench);
}

/*
 * What a bind on its way takes away is looked up again for jobs before it, if the process still has
 * it; if not, they are submitted all the same.
 */
static void test_taken_away(int fd)
{
	struct drm_nova_vm_bind_op op;
	struct drm_nova_sync syncs[2];
	struct igt_nova_userptr bench, gate;
	uint32_t *at, out;
	uint64_t va;

	igt_nova_userptr_open(&bench);
	fd = bench.client.fd;
	/* The gate is in another VM: what changes here does not wait for it. */
	igt_nova_userptr_open(&gate);
	at = igt_nova_map_memory(2 * PAGE, RW, ANON, -1);
	igt_nova_fill_memory(at, 2 * PAGE, OLD);
	va = igt_nova_userptr_bind(&bench, at, 2 * PAGE, 0);
	igt_assert_eq(munmap(at, 2 * PAGE), 0);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	igt_nova_gate_close(&gate);
	/* Its fence, in the other file. */
	syncs[0] = igt_nova_wait_for(bench.done, 0);
	out = igt_nova_sync_file(gate.client.fd, gate.done);
	igt_assert_eq(drmSyncobjImportSyncFile(fd, bench.done, out), 0);
	close(out);
	out = igt_nova_syncobj_create(fd);
	syncs[1] = igt_nova_signal(out, 0);
	op = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = va, .size = 2 * PAGE,
	};
	igt_assert_eq(igt_nova_vm_bind_async(fd, bench.client.vm, &op, 1, syncs, 2), 0);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), 0);
	igt_assert(mmap(at, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == at);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), 0);
	igt_nova_gate_open(&gate);
	igt_assert_eq(igt_nova_fence_result(fd, out), 1);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), 0);
	igt_nova_userptr_close(&gate);
	igt_nova_userptr_close(&bench);
}

/* --- memory that processes share, or the kernel merges --- */

/* After a fork each has pages of its own, and the GPU those of who bound them. */
static void test_fork(int fd)
{
	int to_child[2], to_parent[2], status;
	struct igt_nova_userptr bench;
	uint32_t *at;
	uint64_t va;
	pid_t child;
	char byte;

	(void)fd;
	igt_nova_userptr_open(&bench);
	at = igt_nova_map_memory(4 * PAGE, RW, ANON, -1);
	igt_nova_fill_memory(at, 4 * PAGE, OLD);
	va = igt_nova_userptr_bind(&bench, at, 4 * PAGE, 0);
	igt_assert_eq(pipe(to_child), 0);
	igt_assert_eq(pipe(to_parent), 0);
	child = fork();
	igt_assert(child >= 0);
	if (!child) {
		bool good = read(to_child[0], &byte, 1) == 1;

		for (uint64_t i = 0; i < 4 * PAGE / 4; i++)
			good &= at[i] == OLD;
		igt_nova_fill_memory(at, 4 * PAGE, 0xc41d);
		good &= write(to_parent[1], &byte, 1) == 1 && read(to_child[0], &byte, 1) == 1;
		for (uint64_t i = 0; i < 4 * PAGE / 4; i++)
			good &= at[i] == 0xc41d;
		_exit(good ? 0 : 1);
	}
	/* The GPU's write is the first after the fork. */
	igt_nova_bo_fill(&bench.bo, NEW);
	igt_nova_userptr_copy(&bench, va, bench.bo.va, 4 * PAGE);
	igt_nova_expect_memory(at, 4 * PAGE, NEW);
	igt_assert_eq(write(to_child[1], "", 1), 1);
	igt_assert_eq(read(to_parent[0], &byte, 1), 1);
	igt_nova_userptr_expect_reads(&bench, va, 4 * PAGE, NEW);
	igt_nova_userptr_expect_shared(&bench, at, va, 4 * PAGE, 0x600d0009);
	igt_assert_eq(write(to_child[1], "", 1), 1);
	igt_assert_eq(waitpid(child, &status, 0), child);
	igt_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	igt_nova_userptr_close(&bench);
}

/* A child binds its memory in the parent's VM, the parent submits; then the child ends. */
static void test_other_process(int fd)
{
	int to_child[2], to_parent[2], status;
	struct igt_nova_userptr bench;
	uint32_t *at;
	uint64_t va;
	pid_t child;
	char byte;

	(void)fd;
	igt_nova_userptr_open(&bench);
	va = igt_nova_client_va(&bench.client, 2 * PAGE);
	at = igt_nova_map_memory(2 * PAGE, RW, ANON, -1);
	igt_nova_fill_memory(at, 2 * PAGE, OLD);
	igt_assert_eq(pipe(to_child), 0);
	igt_assert_eq(pipe(to_parent), 0);
	child = fork();
	igt_assert(child >= 0);
	if (!child) {
		bool good;

		igt_nova_fill_memory(at, 2 * PAGE, NEW);
		good = igt_nova_userptr_try_bind(&bench, at, va, 2 * PAGE, 0) == 0 &&
		       write(to_parent[1], "", 1) == 1 && read(to_child[0], &byte, 1) == 1;
		for (uint64_t i = 0; i < 2 * PAGE / 4; i++)
			good &= at[i] == 0x600d000a;
		_exit(good ? 0 : 1);
	}
	igt_assert_eq(read(to_parent[0], &byte, 1), 1);
	igt_nova_userptr_expect_reads(&bench, va, 2 * PAGE, NEW);
	igt_nova_bo_fill(&bench.bo, 0x600d000a);
	igt_nova_userptr_copy(&bench, va, bench.bo.va, 2 * PAGE);
	igt_assert_eq(write(to_child[1], "", 1), 1);
	igt_assert_eq(waitpid(child, &status, 0), child);
	igt_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	igt_nova_expect_memory(at, 2 * PAGE, OLD);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	igt_assert_eq(igt_nova_userptr_try_bind(&bench, at, va, 2 * PAGE, 0), 0);
	igt_nova_userptr_expect_reads(&bench, va, 2 * PAGE, OLD);
	igt_nova_userptr_close(&bench);
}

/* A large page, cut by the process and put together again by the kernel. */
static void test_huge_page(int fd)
{
	struct igt_nova_userptr bench;
	uint32_t *at, *room;
	uint64_t va;

	(void)fd;
	igt_nova_userptr_open(&bench);
	room = igt_nova_map_memory(2 * LARGE, RW, ANON, -1);
	at = (uint32_t *)(((uintptr_t)room + LARGE - 1) & ~(LARGE - 1));
	igt_require_f(madvise(at, LARGE, MADV_HUGEPAGE) == 0, "no huge pages\n");
	igt_nova_fill_memory(at, LARGE, OLD);
	va = igt_nova_userptr_bind(&bench, at, LARGE, 0);
	igt_nova_userptr_expect_shared(&bench, at, va, LARGE, 0x600d000b);
	igt_assert_eq(madvise(at + 5 * PAGE / 4, 3 * PAGE, MADV_DONTNEED), 0);
	igt_nova_userptr_expect_reads(&bench, va + 4 * PAGE, PAGE, ~0x600d000b);
	igt_nova_userptr_expect_reads(&bench, va + 5 * PAGE, 3 * PAGE, 0);
	igt_assert_eq(mprotect(at + 100 * PAGE / 4, PAGE, PROT_READ), 0);
	igt_assert_eq(igt_nova_userptr_try_exec(&bench), -EFAULT);
	igt_assert_eq(mprotect(at + 100 * PAGE / 4, PAGE, RW), 0);
	igt_nova_userptr_expect_shared(&bench, at, va, LARGE, 0x600d000c);
	/* The content moves to another page, if there is one. */
	if (madvise(at, LARGE, MADV_COLLAPSE))
		igt_info("not collapsed: %s\n", strerror(errno));
	igt_nova_userptr_expect_reads(&bench, va, LARGE, ~0x600d000c);
	igt_nova_userptr_expect_shared(&bench, at, va, LARGE, 0x600d000d);
	igt_nova_userptr_close(&bench);
}

static unsigned long ksm_read(const char *name)
{
	unsigned long value = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	file = fopen(path, "re");
	igt_assert(file);
	igt_assert_eq(fscanf(file, "%lu", &value), 1);
	fclose(file);
	return value;
}

static void ksm_write(const char *name, unsigned long value)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	file = fopen(path, "we");
	igt_assert(file);
	igt_assert(fprintf(file, "%lu", value) > 0);
	igt_assert_eq(fclose(file), 0);
}

/* Pages of the same content become one, until the GPU writes to one of them. */
static void test_merged(int fd)
{
	const uint64_t size = 16 * PAGE;
	uint64_t va, reader, deadline;
	uint32_t *at, *other;
	struct igt_nova_userptr bench;

	(void)fd;
	igt_require_f(access("/sys/kernel/mm/ksm/run", W_OK) == 0, "no KSM\n");
	igt_nova_userptr_open(&bench);
	at = igt_nova_map_memory(size, RW, ANON, -1);
	other = igt_nova_map_memory(size, RW, ANON, -1);
	igt_nova_fill_memory(at, size, OLD);
	igt_nova_fill_memory(other, size, OLD);
	va = igt_nova_userptr_bind(&bench, at, size, 0);
	reader = igt_nova_userptr_bind(&bench, other, size, READONLY);
	igt_nova_userptr_expect_reads(&bench, va, size, OLD);
	igt_assert_eq(madvise(at, size, MADV_MERGEABLE), 0);
	igt_assert_eq(madvise(other, size, MADV_MERGEABLE), 0);
	ksm_write("pages_to_scan", 1000);
	ksm_write("sleep_millisecs", 0);
	ksm_write("run", 1);
	deadline = igt_nova_now_ns() + IGT_NOVA_PATIENCE_S * 1000000000ull;
	while (ksm_read("pages_sharing") < size / PAGE && igt_nova_now_ns() < deadline)
		sched_yield();
	igt_assert_lt_u64(0, ksm_read("pages_sharing"));
	igt_nova_userptr_expect_reads(&bench, reader, size, OLD);
	igt_nova_bo_fill(&bench.bo, NEW);
	igt_nova_userptr_copy(&bench, va, bench.bo.va, size);
	igt_nova_expect_memory(at, size, NEW);
	igt_nova_expect_memory(other, size, OLD);
	igt_nova_userptr_expect_reads(&bench, reader, size, OLD);
	ksm_write("run", 2);
	igt_nova_userptr_close(&bench);
}

/* --- storms --- */

static void test_storm(int fd)
{
	const uint64_t size = 32 * PAGE;
	struct igt_nova_userptr bench;
	unsigned int round;
	uint64_t va, again;
	uint32_t *at;

	(void)fd;
	igt_nova_userptr_open(&bench);
	at = igt_nova_map_memory(size, RW, ANON, -1);
	va = igt_nova_userptr_bind(&bench, at, size, 0);
	igt_nova_storm_start(at, size, false);
	for (round = 0; round < 40; round++) {
		uint64_t offset = round % 32 * PAGE;

		/* Both ways, page by page; a bind in between. */
		bench.bo.map[0] = round;
		igt_nova_storm_job();
		igt_nova_userptr_copy(&bench, va + offset, bench.bo.va, PAGE);
		igt_assert_eq_u32(at[offset / 4], round);
		at[offset / 4 + 1] = ~round;
		igt_nova_storm_job();
		igt_nova_userptr_copy(&bench, bench.bo.va + PAGE, va + offset, PAGE);
		igt_assert_eq_u32(bench.bo.map[PAGE / 4], round);
		igt_assert_eq_u32(bench.bo.map[PAGE / 4 + 1], ~round);
		if (round % 8 == 0) {
			again = igt_nova_userptr_bind(&bench, at, size, READONLY);
			igt_nova_userptr_copy(&bench, bench.bo.va + PAGE, again + offset, PAGE);
			igt_assert_eq_u32(bench.bo.map[PAGE / 4], round);
			igt_nova_userptr_unbind(&bench, again, size);
		}
	}
	igt_nova_storm_stop();
	igt_assert_lt_u64(0, igt_nova_storm_rounds());
	for (unsigned int i = 0; i < 32; i++)
		igt_assert_eq_u32(at[i * PAGE / 4], i < 8 ? i + 32 : i);
	igt_nova_userptr_expect_shared(&bench, at, va, size, 0x600d000e);
	igt_nova_userptr_close(&bench);
}

static void clean(void)
{
	igt_nova_storm_stop();
	igt_nova_unmapper_join();
}

static const struct igt_nova_test tests[] = {
	{ "unmapped", "What the process unmaps, moves or protects is out of the GPU's reach.",
	  test_unmapped },
	{ "job-waited-for", "A job has its pages until it has ended.", test_job_waited_for },
	{ "cut-off", "It has not for ever.", test_cut_off },
	{ "forged-fence", "A job that only says that it has ended has them no more.",
	  test_forged_fence },
	{ "async", "Binds behind fences, and memory that changes meanwhile.", test_async },
	{ "taken-away", "What is about to be unmapped holds nobody up.", test_taken_away },
	{ "fork", "The GPU has the pages of who bound them, copies on write included.", test_fork },
	{ "other-process", "Memory of another process that has the file.", test_other_process },
	{ "huge-page", "A huge page is split and collapsed.", test_huge_page },
	{ "merged", "Pages of the same content are merged, and parted by the GPU.", test_merged },
	{ "storm", "Results are right while the memory is invalidated all the time.", test_storm },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(clean);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
