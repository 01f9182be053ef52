/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_seat.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

IGT_TEST_DESCRIPTION("User-mode queues: submission, their mappings, and what they hold.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

/* --- what works --- */

static void test_submit_wait(int fd)
{
	struct igt_nova_seat seat;

	fd = igt_nova_dev_open(igt_nova_unplug_dev());
	for (uint32_t engine = 0; engine < igt_nova_engine_count(fd); engine++) {
		igt_nova_seat_open_at(&seat, engine, engine ? VRAM : SYSTEM);
		igt_nova_seat_works(&seat, 0x100 + engine);
		igt_nova_seat_works(&seat, 0x200 + engine);
		igt_nova_seat_close(&seat);
	}
	close(fd);
}

/* Round and round, with one entry free at most. */
static void test_ring_wraps(int fd)
{
	struct igt_nova_seat seat;
	uint32_t size, value = 0;

	(void)fd;
	igt_nova_seat_open(&seat);
	size = seat.userq.create.ring_size;
	for (unsigned int round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < size - 1; i++) {
			struct igt_nova_push push;

			seat.client.pushes_used = i * 64;
			igt_nova_push_begin(&seat.client, &push, 16);
			igt_nova_push_fence(&push, seat.bo.va, ++value);
			igt_nova_userq_submit(&seat.userq, &push);
		}
		igt_assert_eq(igt_nova_wait_fence(seat.client.fd, seat.client.vm, 0, seat.bo.va,
						  value), 0);
	}
	igt_nova_seat_close(&seat);
}

static void test_two_queues(int fd)
{
	struct igt_nova_userq second;
	struct igt_nova_seat seat, other;

	(void)fd;
	igt_nova_seat_open(&seat);
	igt_nova_seat_open(&other);
	igt_nova_userq_create(&seat.client, &second, 0, 64);
	for (uint32_t i = 1; i < 10; i++) {
		igt_nova_seat_submit(&other, &other.userq, 0x300 + i);
		igt_nova_seat_works(&seat, i);
		igt_nova_seat_submit(&seat, &second, 0x100 + i);
		igt_nova_seat_check(&seat, &second, 0x100 + i);
		igt_nova_seat_check(&other, &other.userq, 0x300 + i);
	}
	/* The first of them goes, the second keeps the buffers where they are. */
	igt_nova_userq_destroy(seat.client.fd, &seat.userq);
	igt_nova_seat_submit(&seat, &second, 0x400);
	igt_nova_seat_check(&seat, &second, 0x400);
	seat.userq = second;
	igt_nova_seat_close(&seat);
	igt_nova_seat_close(&other);
}

/* Neither is a queue for EXEC, and a queue for EXEC is none of these. */
static void test_create(int fd)
{
	struct drm_nova_queue_create plain = { .priority = DRM_NOVA_PRIORITY_NORMAL };
	struct drm_nova_query_device device;
	struct drm_nova_queue_get_state state;
	struct igt_nova_seat seat;

	(void)fd;
	igt_nova_seat_open(&seat);
	igt_nova_query(seat.client.fd, DRM_NOVA_QUERY_DEVICE, &device, sizeof(device));
	igt_assert(device.features & DRM_NOVA_FEATURE_USERMODE_QUEUE);
	igt_assert(device.features & DRM_NOVA_FEATURE_USER_FENCE);
	igt_assert_lte_u64(2 * PAGE + 8 * seat.userq.create.ring_size, seat.userq.create.map_size);
	igt_assert(seat.userq.create.ring_va);
	igt_assert_eq_u32(seat.userq.create.reserved, 0);
	igt_nova_queue_state(seat.client.fd, seat.userq.create.queue_id, &state);
	igt_assert_eq_u32(state.flags, 0);
	igt_assert_eq(igt_nova_submit(seat.client.fd, seat.userq.create.queue_id, NULL, NULL, 0),
		      -EINVAL);
	plain.vm_id = seat.client.vm;
	plain.map_size = ~0ull;
	igt_nova_expect(seat.client.fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &plain, 0);
	igt_assert_eq_u64(plain.doorbell_offset, 0);
	igt_assert_eq_u64(plain.map_size, 0);
	igt_assert_eq_u64(plain.ring_va, 0);
	igt_assert_eq_u32(plain.token, 0);
	igt_nova_queue_destroy(seat.client.fd, plain.queue_id, 0);
	igt_nova_seat_works(&seat, 7);
	igt_nova_seat_close(&seat);
}

/* --- mappings --- */

static void expect_no_map(int fd, uint64_t offset, uint64_t size, int prot, int flags, int error)
{
	void *map = mmap(NULL, size, prot, flags, fd, offset);

	igt_assert(map == MAP_FAILED);
	igt_assert_eq(errno, error);
}

static void test_map_refusals(int fd)
{
	const int rw = PROT_READ | PROT_WRITE;
	struct drm_nova_queue_create *create;
	struct igt_nova_seat seat, other;
	uint64_t offset, size;
	void *map;

	igt_nova_seat_open(&seat);
	igt_nova_seat_open(&other);
	fd = seat.client.fd;
	create = &seat.userq.create;
	offset = create->doorbell_offset;
	size = create->map_size;
	expect_no_map(fd, offset, size + PAGE, rw, MAP_SHARED, EINVAL);
	expect_no_map(fd, offset - PAGE, PAGE, rw, MAP_SHARED, EINVAL);
	expect_no_map(fd, offset - PAGE, 2 * PAGE, rw, MAP_SHARED, EINVAL);
	expect_no_map(fd, offset + size, PAGE, rw, MAP_SHARED, EINVAL);
	expect_no_map(fd, offset + size - PAGE, 2 * PAGE, rw, MAP_SHARED, EINVAL);
	expect_no_map(fd, offset + 1, PAGE, rw, MAP_SHARED, EINVAL);
	expect_no_map(fd, offset, size, rw, MAP_PRIVATE, EINVAL);
	expect_no_map(fd, offset, size, rw | PROT_EXEC, MAP_SHARED, EINVAL);
	/* Another file's, and an offset of nobody. */
	expect_no_map(fd, other.userq.create.doorbell_offset, size, rw, MAP_SHARED, EINVAL);
	expect_no_map(fd, 1ull << 43, PAGE, rw, MAP_SHARED, EINVAL);
	/* It does not become code later on, either. */
	map = (char *)seat.userq.userd - PAGE;
	igt_assert_eq(mprotect(map, size, PROT_READ | PROT_EXEC), -1);
	igt_assert_eq(errno, EACCES);
	igt_nova_seat_works(&seat, 1);
	igt_nova_seat_close(&other);
	igt_nova_seat_close(&seat);
}

/* In parts, moved, shrunk and forked: each part goes on meaning what it did. */
static void test_map_parts(int fd)
{
	struct igt_nova_userq *userq;
	struct igt_nova_seat seat;
	char *ring, *page;
	uint64_t offset;

	igt_nova_seat_open(&seat);
	fd = seat.client.fd;
	userq = &seat.userq;
	offset = userq->create.doorbell_offset;
	ring = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset + 2 * PAGE);
	igt_assert(ring != MAP_FAILED);
	page = mremap(ring, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	igt_assert(page == MAP_FAILED);
	page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ring = mremap(ring, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page);
	igt_assert(ring == page);
	/* The page in the middle goes; the two that are left are cut from one mapping. */
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset + PAGE);
	igt_assert(page != MAP_FAILED);
	munmap((char *)userq->userd, PAGE);
	userq->userd = (volatile uint32_t *)page;
	userq->ring = (volatile uint64_t *)ring;
	igt_nova_seat_works(&seat, 0x21);
	igt_fork(child, 1)
		igt_nova_seat_works(&seat, 0x22);
	igt_waitchildren();
	/* The child's index was not ours. */
	userq->put++;
	igt_nova_seat_works(&seat, 0x23);
	igt_nova_queue_destroy(fd, userq->create.queue_id, 0);
	*userq->doorbell = 1;
	userq->userd[0] = 2;
	userq->ring[1] = 3;
	munmap(ring, PAGE);
	munmap(page, PAGE);
	munmap((char *)userq->doorbell - DRM_NOVA_USERQ_DOORBELL, userq->create.map_size);
	igt_nova_bo_destroy(fd, &seat.bo);
	igt_nova_client_close(&seat.client);
}

static void test_map_outlives_queue(int fd)
{
	struct igt_nova_userq again;
	struct igt_nova_seat seat, next;
	uint32_t value = 1;

	igt_nova_seat_open(&seat);
	fd = seat.client.fd;
	igt_nova_seat_works(&seat, value);
	igt_nova_queue_destroy(fd, seat.userq.create.queue_id, 0);
	igt_nova_userq_check_dummy(&seat.userq);
	again = seat.userq;
	igt_assert_eq(igt_nova_userq_map(fd, &again), -EINVAL);
	/* The next queue has other offsets and other pages. */
	igt_nova_seat_open(&next);
	igt_assert(next.userq.create.doorbell_offset !=
		   seat.userq.create.doorbell_offset);
	igt_nova_seat_submit(&seat, &seat.userq, 0xbad);
	igt_nova_seat_works(&next, value);
	/* A mapping that outlives the file as well. */
	close(fd);
	for (size_t i = 0; i < seat.userq.create.map_size / 8 - 2 * PAGE / 8; i++)
		seat.userq.ring[i] = i;
	igt_nova_userq_unmap(&seat.userq);
	munmap(seat.bo.map, seat.bo.size);
	munmap(seat.client.pushes.map, seat.client.pushes.size);
	igt_nova_seat_works(&next, value + 1);
	igt_nova_seat_close(&next);
}

/* --- residence --- */

static uint32_t resident(int fd, uint32_t handle)
{
	struct drm_nova_gem_info info;

	igt_nova_gem_info(fd, handle, &info, 0);
	return info.resident;
}

/* Another client wants all video memory: what the queue may be using stays. */
static void test_resident(int fd)
{
	struct drm_nova_query_memory memory;
	struct igt_nova_client hungry;
	struct igt_nova_seat seat;

	(void)fd;
	igt_nova_seat_open_at(&seat, 0, VRAM | SYSTEM);
	igt_assert_eq_u32(resident(seat.client.fd, seat.bo.handle), VRAM);
	igt_nova_query(seat.client.fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	igt_nova_client_init(&hungry, igt_nova_dev_open(igt_nova_unplug_dev()));
	for (uint64_t taken = 0; taken < memory.regions[0].total; taken += 8 * MIB) {
		uint32_t handle = igt_nova_gem_create(hungry.fd, 8 * MIB, 0, VRAM, 0, 0);

		igt_nova_vm_map(hungry.fd, hungry.vm, handle, 0,
				igt_nova_client_va(&hungry, 8 * MIB), 8 * MIB, 0, 0);
	}
	igt_assert_eq_u32(resident(seat.client.fd, seat.bo.handle), VRAM);
	igt_nova_seat_works(&seat, 1);
	igt_nova_client_close(&hungry);
	igt_nova_seat_works(&seat, 2);
	igt_nova_seat_close(&seat);
}

static void test_limit(int fd)
{
	struct drm_nova_queue_create create = {
		.priority = DRM_NOVA_PRIORITY_NORMAL, .flags = DRM_NOVA_QUEUE_USERMODE,
	};
	struct drm_nova_query_limits limits;
	struct igt_nova_seat seat;
	uint32_t large, vm;
	uint64_t size, va;

	igt_nova_seat_open(&seat);
	fd = seat.client.fd;
	igt_nova_limits(fd, &limits);
	size = limits.userq_vram_bytes_max;
	igt_assert_lt_u64(0, size);
	va = igt_nova_client_va(&seat.client, size + 2 * MIB);
	large = igt_nova_gem_create(fd, size + PAGE, 0, VRAM, 0, 0);
	igt_nova_vm_map(fd, seat.client.vm, large, 0, va, PAGE, 0, ENOSPC);
	igt_nova_seat_works(&seat, 1);
	/* System memory is another matter, and a VM without such a queue as well. */
	vm = igt_nova_vm_create(fd, NULL);
	igt_nova_vm_map(fd, vm, large, 0, va, PAGE, 0, 0);
	create.vm_id = vm;
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, ENOSPC);
	igt_nova_vm_unmap(fd, vm, va, PAGE, 0);
	igt_nova_gem_close(fd, large);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
	/* What is given back can be had again; what is bound twice counts once. */
	large = igt_nova_gem_create(fd, size - MIB, 0, VRAM, 0, 0);
	for (unsigned int i = 0; i < 3; i++) {
		igt_nova_vm_map(fd, vm, large, 0, va, PAGE, 0, 0);
		igt_nova_vm_map(fd, vm, large, 0, va + PAGE, PAGE, 0, 0);
		igt_nova_vm_map(fd, seat.client.vm, large, 0, va, PAGE, 0, ENOSPC);
		igt_nova_vm_unmap(fd, vm, va, 2 * PAGE, 0);
	}
	igt_nova_vm_map(fd, vm, large, 0, va, PAGE, 0, 0);
	igt_nova_queue_destroy(fd, create.queue_id, 0);
	igt_nova_vm_map(fd, seat.client.vm, large, 0, va, PAGE, 0, 0);
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, ENOSPC);
	igt_nova_seat_works(&seat, 2);
	igt_nova_seat_close(&seat);
}

/* The limit for all: a third client gets nothing, until another one has gone. */
static void test_limit_all(int fd)
{
	struct drm_nova_query_limits limits;
	struct igt_nova_seat seats[3];
	uint64_t size, va;
	uint32_t large;

	for (size_t i = 0; i < ARRAY_SIZE(seats); i++)
		igt_nova_seat_open(&seats[i]);
	igt_nova_limits(seats[0].client.fd, &limits);
	size = limits.userq_vram_bytes_max & ~(PAGE - 1);
	for (size_t i = 0; i < ARRAY_SIZE(seats); i++) {
		fd = seats[i].client.fd;
		large = igt_nova_gem_create(fd, size, 0, VRAM, 0, 0);
		va = igt_nova_client_va(&seats[i].client, PAGE);
		igt_nova_vm_map(fd, seats[i].client.vm, large, 0, va, PAGE, 0, i < 2 ? 0 : ENOSPC);
	}
	igt_nova_seat_close(&seats[0]);
	igt_nova_vm_map(fd, seats[2].client.vm, large, 0, va, PAGE, 0, 0);
	igt_nova_seat_works(&seats[1], 1);
	igt_nova_seat_works(&seats[2], 2);
	igt_nova_seat_close(&seats[1]);
	igt_nova_seat_close(&seats[2]);
}

/* Made resident for the first queue: it had been moved away before. And not moved again. */
static void test_moved(int fd)
{
	const struct igt_nova_dev *second = igt_nova_unplug_other();
	struct igt_nova_bo bo;
	uint32_t imported;
	struct igt_nova_seat seat;
	int dmabuf, other;

	igt_require_f(second, "one device only\n");
	other = igt_nova_dev_open(second);
	igt_nova_client_init(&seat.client, igt_nova_dev_open(igt_nova_unplug_dev()));
	fd = seat.client.fd;
	igt_nova_client_bo(&seat.client, &seat.bo, 2 * PAGE, VRAM | SYSTEM);
	igt_nova_bo_fill(&seat.bo, 5);
	igt_assert_eq(drmPrimeHandleToFD(fd, seat.bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
	igt_assert_eq(drmPrimeFDToHandle(other, dmabuf, &imported), 0);
	igt_nova_gem_close(other, imported);
	close(dmabuf);
	igt_assert_eq_u32(resident(fd, seat.bo.handle), SYSTEM);
	igt_nova_userq_create(&seat.client, &seat.userq, 0, 0);
	igt_nova_seat_works(&seat, 6);

	igt_nova_client_bo(&seat.client, &bo, PAGE, VRAM | SYSTEM);
	igt_assert_eq(drmPrimeHandleToFD(fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
	igt_assert_neq(drmPrimeFDToHandle(other, dmabuf, &imported), 0);
	igt_assert_eq(errno, EBUSY);
	close(dmabuf);
	igt_assert_eq_u32(resident(fd, bo.handle), VRAM);
	igt_nova_bo_destroy(fd, &bo);
	igt_nova_seat_works(&seat, 7);
	igt_nova_seat_close(&seat);
	close(other);
}

/* --- no system call --- */

/*
 * A client of libnova that is traced: it says where it begins to submit by a system call that it
 * has no other use for, and where it has ended by another.
 */
static void test_no_syscall(int fd)
{
	char directory[256], command[1024], line[512];
	bool begun = false, ended = false;
	unsigned int calls = 0;
	ssize_t length;
	FILE *trace;
	char *slash;

	(void)fd;
	igt_require_f(access("/usr/bin/strace", X_OK) == 0, "no strace\n");
	length = readlink("/proc/self/exe", directory, sizeof(directory) - 1);
	igt_assert(length > 0);
	directory[length] = '\0';
	slash = strrchr(directory, '/');
	igt_assert(slash);
	*slash = '\0';
	snprintf(command, sizeof(command),
		 "strace -f -o /tmp/nova-userq.trace %s/nova-userq-client", directory);
	igt_assert_eq(system(command), 0);
	trace = fopen("/tmp/nova-userq.trace", "re");
	igt_assert(trace);
	while (fgets(line, sizeof(line), trace)) {
		if (strstr(line, "getppid(")) {
			begun = true;
		} else if (strstr(line, "getpgrp(")) {
			ended = begun;
			break;
		} else if (begun) {
			igt_info("%s", line);
			calls++;
		}
	}
	fclose(trace);
	unlink("/tmp/nova-userq.trace");
	igt_assert_f(begun && ended, "the trace has no marks\n");
	igt_assert_eq(calls, 0);
}

static const struct igt_nova_test tests[] = {
	{ "create", "What is told of a queue, and that it is not for EXEC.", test_create },
	{ "submit-wait", "Work on each engine, submitted without a system call.",
	  test_submit_wait },
	{ "no-syscall", "A traced client makes no system call to submit.", test_no_syscall },
	{ "ring-wraps", "A full ring, many times over.", test_ring_wraps },
	{ "two-queues", "Two queues of a VM and one of another client.", test_two_queues },
	{ "map-refusals", "What cannot be mapped.", test_map_refusals },
	{ "map-parts", "Mapped in parts, moved, forked.", test_map_parts },
	{ "map-outlives-queue", "A mapping of a destroyed queue is plain memory.",
	  test_map_outlives_queue },
	{ "resident", "Buffers stay in video memory while there is a queue.", test_resident },
	{ "limit", "A file holds so much video memory and no more.", test_limit },
	{ "limit-all", "All files together hold a part of it and no more.", test_limit_all },
	{ "moved", "What was moved away comes back for the queue, and is not moved again.",
	  test_moved },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
