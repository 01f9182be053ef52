/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "regs/nv_error.h"
#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("User-mode queues: submission, their mappings, and what ends them.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define TIMEOUT_MS	1000

/**
 * struct seat - a client with one user-mode queue
 * @client: the client
 * @userq: the queue
 * @bo: its first dword is the fence, its second page what jobs fill
 */
struct seat {
	struct igt_nova_client client;
	struct igt_nova_userq userq;
	struct igt_nova_bo bo;
};

static void seat_open_at(struct seat *seat, uint32_t engine, uint32_t placement)
{
	igt_nova_client_init(&seat->client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_client_bo(&seat->client, &seat->bo, 2 * PAGE, placement);
	igt_nova_userq_create(&seat->client, &seat->userq, engine, 0);
}

static void seat_open(struct seat *seat)
{
	seat_open_at(seat, 0, SYSTEM);
}

static void seat_close(struct seat *seat)
{
	igt_nova_userq_destroy(seat->client.fd, &seat->userq);
	igt_nova_bo_destroy(seat->client.fd, &seat->bo);
	igt_nova_client_close(&seat->client);
}

static void seat_submit(struct seat *seat, struct igt_nova_userq *userq, uint32_t value)
{
	struct igt_nova_push push;

	seat->client.pushes_used = 0;
	igt_nova_push_begin(&seat->client, &push, 64);
	igt_nova_push_fill(&push, seat->bo.va + PAGE, value, PAGE / 4);
	igt_nova_push_fence(&push, seat->bo.va, value);
	igt_nova_userq_submit(userq, &push);
}

static void seat_check(struct seat *seat, struct igt_nova_userq *userq, uint32_t value)
{
	igt_assert_eq(igt_nova_wait_fence(seat->client.fd, seat->client.vm, userq->create.queue_id,
					  seat->bo.va, value), 0);
	for (size_t i = 0; i < PAGE / 4; i++)
		igt_assert_eq_u32(seat->bo.map[PAGE / 4 + i], value);
}

static void seat_works(struct seat *seat, uint32_t value)
{
	seat_submit(seat, &seat->userq, value);
	seat_check(seat, &seat->userq, value);
}

/* Killed for @error, and told so to who waits for the queue; refuses nothing but EXEC. */
static void seat_check_killed(struct seat *seat, uint32_t flags, uint32_t error)
{
	struct drm_nova_queue_get_state state;
	uint32_t id = seat->userq.create.queue_id;

	igt_assert_eq(igt_nova_wait_fence(seat->client.fd, seat->client.vm, id, seat->bo.va,
					  0xdeadu), -ECANCELED);
	igt_nova_queue_state(seat->client.fd, id, &state);
	igt_assert_eq_u32(state.flags, flags);
	igt_assert_eq_u32(state.error, error);
	/* It may be written to and rung as before. */
	seat_submit(seat, &seat->userq, 0xdeadu);
}

/* --- what works --- */

static void test_submit_wait(int fd)
{
	struct seat seat;

	fd = igt_nova_dev_open(igt_nova_unplug_dev());
	for (uint32_t engine = 0; engine < igt_nova_engine_count(fd); engine++) {
		seat_open_at(&seat, engine, engine ? VRAM : SYSTEM);
		seat_works(&seat, 0x100 + engine);
		seat_works(&seat, 0x200 + engine);
		seat_close(&seat);
	}
	close(fd);
}

/* Round and round, with one entry free at most. */
static void test_ring_wraps(int fd)
{
	struct seat seat;
	uint32_t size, value = 0;

	(void)fd;
	seat_open(&seat);
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
	seat_close(&seat);
}

static void test_two_queues(int fd)
{
	struct igt_nova_userq second;
	struct seat seat, other;

	(void)fd;
	seat_open(&seat);
	seat_open(&other);
	igt_nova_userq_create(&seat.client, &second, 0, 64);
	for (uint32_t i = 1; i < 10; i++) {
		seat_submit(&other, &other.userq, 0x300 + i);
		seat_works(&seat, i);
		seat_submit(&seat, &second, 0x100 + i);
		seat_check(&seat, &second, 0x100 + i);
		seat_check(&other, &other.userq, 0x300 + i);
	}
	/* The first of them goes, the second keeps the buffers where they are. */
	igt_nova_userq_destroy(seat.client.fd, &seat.userq);
	seat_submit(&seat, &second, 0x400);
	seat_check(&seat, &second, 0x400);
	seat.userq = second;
	seat_close(&seat);
	seat_close(&other);
}

/* Neither is a queue for EXEC, and a queue for EXEC is none of these. */
static void test_create(int fd)
{
	struct drm_nova_queue_create plain = { .priority = DRM_NOVA_PRIORITY_NORMAL };
	struct drm_nova_query_device device;
	struct drm_nova_queue_get_state state;
	struct seat seat;

	(void)fd;
	seat_open(&seat);
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
	seat_works(&seat, 7);
	seat_close(&seat);
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
	struct seat seat, other;
	uint64_t offset, size;
	void *map;

	seat_open(&seat);
	seat_open(&other);
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
	seat_works(&seat, 1);
	seat_close(&other);
	seat_close(&seat);
}

/* In parts, moved, shrunk and forked: each part goes on meaning what it did. */
static void test_map_parts(int fd)
{
	struct igt_nova_userq *userq;
	struct seat seat;
	char *ring, *page;
	uint64_t offset;

	seat_open(&seat);
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
	seat_works(&seat, 0x21);
	igt_fork(child, 1)
		seat_works(&seat, 0x22);
	igt_waitchildren();
	/* The child's index was not ours. */
	userq->put++;
	seat_works(&seat, 0x23);
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

/* All of it reads as zero, once what was written is what is read, and nobody else is meant. */
static void check_dummy(struct igt_nova_userq *userq)
{
	char *map = (char *)userq->userd - PAGE;
	uint32_t page[PAGE / 4];

	for (uint64_t at = 0; at < userq->create.map_size; at += PAGE) {
		igt_assert_f(igt_nova_safe_read(map + at, page, sizeof(page)), "SIGBUS\n");
		for (size_t i = 0; i < ARRAY_SIZE(page); i++)
			igt_assert_f(page[i] == 0 || page[i] == 0x0e110e11u, "%#x shows through\n",
				     page[i]);
		memset(page, 0x11, sizeof(page));
		for (size_t i = 0; i < ARRAY_SIZE(page); i++)
			page[i] = 0x0e110e11u;
		igt_assert_f(igt_nova_safe_write(map + at, page, sizeof(page)), "SIGBUS\n");
	}
}

static void test_map_outlives_queue(int fd)
{
	struct igt_nova_userq again;
	struct seat seat, next;
	uint32_t value = 1;

	seat_open(&seat);
	fd = seat.client.fd;
	seat_works(&seat, value);
	igt_nova_queue_destroy(fd, seat.userq.create.queue_id, 0);
	check_dummy(&seat.userq);
	again = seat.userq;
	igt_assert_eq(igt_nova_userq_map(fd, &again), -EINVAL);
	/* The next queue has other offsets and other pages. */
	seat_open(&next);
	igt_assert(next.userq.create.doorbell_offset !=
		   seat.userq.create.doorbell_offset);
	seat_submit(&seat, &seat.userq, 0xbad);
	seat_works(&next, value);
	/* A mapping that outlives the file as well. */
	close(fd);
	for (size_t i = 0; i < seat.userq.create.map_size / 8 - 2 * PAGE / 8; i++)
		seat.userq.ring[i] = i;
	igt_nova_userq_unmap(&seat.userq);
	munmap(seat.bo.map, seat.bo.size);
	munmap(seat.client.pushes.map, seat.client.pushes.size);
	seat_works(&next, value + 1);
	seat_close(&next);
}

/* --- what goes wrong --- */

static void test_fault(int fd)
{
	struct seat seat, neighbour;
	struct igt_nova_push push;

	(void)fd;
	igt_nova_expect_errors_logged();
	seat_open(&seat);
	seat_open(&neighbour);
	igt_nova_push_begin(&seat.client, &push, 64);
	igt_nova_push_fill(&push, seat.client.va_next + 64 * MIB, 1, 64);
	igt_nova_push_fence(&push, seat.bo.va, 1);
	igt_nova_userq_submit(&seat.userq, &push);
	seat_check_killed(&seat, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_MMU_FAULT);
	seat_works(&neighbour, 2);
	seat_close(&seat);
	/* A push that is mapped nowhere, and one that is in the kernel's part. */
	seat_open(&seat);
	push.va = seat.client.va_next + 64 * MIB;
	push.length = 64;
	igt_nova_userq_submit(&seat.userq, &push);
	seat_check_killed(&seat, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_MMU_FAULT);
	seat_works(&neighbour, 3);
	seat_close(&seat);
	seat_close(&neighbour);
}

/* An index that cannot be, entries and methods that mean nothing. */
static void test_garbage(int fd)
{
	struct drm_nova_queue_get_state state;
	struct seat seat, neighbour;

	(void)fd;
	igt_nova_expect_errors_logged();
	seat_open(&neighbour);
	for (unsigned int what = 0; what < 3; what++) {
		struct igt_nova_push push;

		seat_open(&seat);
		igt_nova_push_begin(&seat.client, &push, 16);
		igt_nova_push_illegal(&push);
		if (what == 0)
			igt_nova_userq_submit(&seat.userq, &push);
		else if (what == 1)
			igt_nova_userq_kick(&seat.userq, seat.userq.create.ring_size);
		if (what == 2) {
			/* LENGTH 0 and an opcode there is none of. */
			seat.userq.ring[0] = (uint64_t)NV_GP_ENTRY1_OPCODE_ILLEGAL << 32;
			igt_nova_userq_kick(&seat.userq, 1);
		}
		igt_assert_eq(igt_nova_wait_fence(seat.client.fd, seat.client.vm,
						  seat.userq.create.queue_id, seat.bo.va, 1),
			      -ECANCELED);
		igt_nova_queue_state(seat.client.fd, seat.userq.create.queue_id, &state);
		igt_assert_eq_u32(state.flags, DRM_NOVA_QUEUE_STATE_GUILTY);
		igt_assert_neq(state.error, 0);
		seat_works(&neighbour, what + 1);
		seat_close(&seat);
	}
	seat_close(&neighbour);
}

/* Doorbells of all channels there may be, bytes and quadwords: nobody minds. */
static void test_foreign_doorbells(int fd)
{
	volatile uint64_t *wide;
	struct seat seat, neighbour;

	(void)fd;
	seat_open(&seat);
	seat_open(&neighbour);
	for (uint32_t token = 0; token < 256; token++)
		*seat.userq.doorbell = (token & 1) << 16 | token;
	*seat.userq.doorbell = UINT32_MAX;
	*(volatile uint8_t *)seat.userq.doorbell = 1;
	wide = (volatile uint64_t *)((char *)seat.userq.userd - PAGE);
	for (size_t i = 0; i < PAGE / sizeof(*wide); i++)
		wide[i] = wide[i] + i;
	seat_works(&neighbour, 1);
	seat_works(&seat, 2);
	igt_nova_unplug_check_harmless();
	seat_close(&neighbour);
	seat_close(&seat);
}

static void wait_until_stuck(struct igt_nova_emu *emu)
{
	struct igt_nova_emu_stats stats;

	do {
		igt_nova_emu_stats(emu, &stats);
	} while (!stats.stuck_engines);
}

/* The engine hangs in it: it goes when somebody's job has waited for too long, and nobody else. */
static void test_hang(int fd)
{
	struct seat seat, neighbour;
	struct igt_nova_client client;
	uint32_t queue;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", TIMEOUT_MS), 0);
	seat_open(&seat);
	seat_open(&neighbour);
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	queue = igt_nova_client_queue(&client, 0);
	igt_nova_emu_command(igt_nova_unplug_emu(), "hang 0");
	seat_submit(&seat, &seat.userq, 1);
	wait_until_stuck(igt_nova_unplug_emu());
	seat_submit(&neighbour, &neighbour.userq, 2);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, NULL), 1);
	seat_check(&neighbour, &neighbour.userq, 2);
	seat_check_killed(&seat, DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT,
			  NV_ERROR_RESETCHANNEL);
	seat_works(&neighbour, 3);
	seat_close(&seat);
	seat_close(&neighbour);
	igt_nova_client_close(&client);
	igt_nova_unplug_check_harmless();
}

/* Nobody else's job is there to find it: the watch does, and the neighbours' work is done. */
static void test_time_limit(int fd)
{
	struct seat seat, neighbour, elsewhere;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", TIMEOUT_MS), 0);
	seat_open(&seat);
	seat_open(&neighbour);
	seat_open_at(&elsewhere, 1, VRAM);
	for (uint32_t round = 1; round < 3; round++) {
		igt_nova_emu_command(igt_nova_unplug_emu(), "hang 0");
		seat_submit(&seat, &seat.userq, round);
		wait_until_stuck(igt_nova_unplug_emu());
		seat_submit(&neighbour, &neighbour.userq, round);
		seat_works(&elsewhere, round);
		seat_check_killed(&seat, DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT,
				  NV_ERROR_RESETCHANNEL);
		seat_check(&neighbour, &neighbour.userq, round);
		seat_works(&elsewhere, round + 0x100);
		/* The next one may have the same channel, and is not to blame for the last. */
		seat_close(&seat);
		seat_open(&seat);
		seat_works(&seat, 0x200);
	}
	seat_close(&elsewhere);
	seat_close(&neighbour);
	seat_close(&seat);
	igt_nova_unplug_check_harmless();
}

/* Waiting is no hang: for longer than the limit, as another queue has been killed meanwhile. */
static void test_no_limit_on_waits(int fd)
{
	struct drm_nova_queue_get_state state;
	struct seat patient, seat;
	struct igt_nova_push push;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", TIMEOUT_MS), 0);
	seat_open(&patient);
	seat_open_at(&seat, 1, SYSTEM);
	igt_nova_push_begin(&patient.client, &push, 64);
	igt_nova_push_acquire(&push, patient.bo.va + 64, 1);
	igt_nova_push_fence(&push, patient.bo.va, 1);
	igt_nova_userq_submit(&patient.userq, &push);
	igt_nova_emu_command(igt_nova_unplug_emu(), "hang 1");
	seat_submit(&seat, &seat.userq, 1);
	seat_check_killed(&seat, DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT,
			  NV_ERROR_RESETCHANNEL);
	igt_nova_queue_state(patient.client.fd, patient.userq.create.queue_id, &state);
	igt_assert_eq_u32(state.flags, 0);
	patient.bo.map[64 / 4] = 1;
	igt_assert_eq(igt_nova_wait_fence(patient.client.fd, patient.client.vm,
					  patient.userq.create.queue_id, patient.bo.va, 1), 0);
	seat_close(&seat);
	seat_close(&patient);
	igt_nova_unplug_check_harmless();
}

static void test_destroy_hung(int fd)
{
	struct seat seat, neighbour;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	seat_open(&seat);
	seat_open(&neighbour);
	igt_nova_emu_command(igt_nova_unplug_emu(), "hang 0");
	seat_submit(&seat, &seat.userq, 1);
	wait_until_stuck(igt_nova_unplug_emu());
	seat_close(&seat);
	seat_works(&neighbour, 1);
	seat_close(&neighbour);
	igt_nova_unplug_check_harmless();
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
	struct seat seat;

	(void)fd;
	seat_open_at(&seat, 0, VRAM | SYSTEM);
	igt_assert_eq_u32(resident(seat.client.fd, seat.bo.handle), VRAM);
	igt_nova_query(seat.client.fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	igt_nova_client_init(&hungry, igt_nova_dev_open(igt_nova_unplug_dev()));
	for (uint64_t taken = 0; taken < memory.regions[0].total; taken += 8 * MIB) {
		uint32_t handle = igt_nova_gem_create(hungry.fd, 8 * MIB, 0, VRAM, 0, 0);

		igt_nova_vm_map(hungry.fd, hungry.vm, handle, 0,
				igt_nova_client_va(&hungry, 8 * MIB), 8 * MIB, 0, 0);
	}
	igt_assert_eq_u32(resident(seat.client.fd, seat.bo.handle), VRAM);
	seat_works(&seat, 1);
	igt_nova_client_close(&hungry);
	seat_works(&seat, 2);
	seat_close(&seat);
}

static void test_limit(int fd)
{
	struct drm_nova_queue_create create = {
		.priority = DRM_NOVA_PRIORITY_NORMAL, .flags = DRM_NOVA_QUEUE_USERMODE,
	};
	struct drm_nova_query_limits limits;
	struct seat seat;
	uint32_t large, vm;
	uint64_t size, va;

	seat_open(&seat);
	fd = seat.client.fd;
	igt_nova_limits(fd, &limits);
	size = limits.userq_vram_bytes_max;
	igt_assert_lt_u64(0, size);
	va = igt_nova_client_va(&seat.client, size + 2 * MIB);
	large = igt_nova_gem_create(fd, size + PAGE, 0, VRAM, 0, 0);
	igt_nova_vm_map(fd, seat.client.vm, large, 0, va, PAGE, 0, ENOSPC);
	seat_works(&seat, 1);
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
	seat_works(&seat, 2);
	seat_close(&seat);
}

/* The limit for all: a third client gets nothing, until another one has gone. */
static void test_limit_all(int fd)
{
	struct drm_nova_query_limits limits;
	struct seat seats[3];
	uint64_t size, va;
	uint32_t large;

	for (size_t i = 0; i < ARRAY_SIZE(seats); i++)
		seat_open(&seats[i]);
	igt_nova_limits(seats[0].client.fd, &limits);
	size = limits.userq_vram_bytes_max & ~(PAGE - 1);
	for (size_t i = 0; i < ARRAY_SIZE(seats); i++) {
		fd = seats[i].client.fd;
		large = igt_nova_gem_create(fd, size, 0, VRAM, 0, 0);
		va = igt_nova_client_va(&seats[i].client, PAGE);
		igt_nova_vm_map(fd, seats[i].client.vm, large, 0, va, PAGE, 0, i < 2 ? 0 : ENOSPC);
	}
	seat_close(&seats[0]);
	igt_nova_vm_map(fd, seats[2].client.vm, large, 0, va, PAGE, 0, 0);
	seat_works(&seats[1], 1);
	seat_works(&seats[2], 2);
	seat_close(&seats[1]);
	seat_close(&seats[2]);
}

/* Made resident for the first queue: it had been moved away before. And not moved again. */
static void test_moved(int fd)
{
	const struct igt_nova_dev *second = igt_nova_unplug_other();
	struct igt_nova_bo bo;
	uint32_t imported;
	struct seat seat;
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
	seat_works(&seat, 6);

	igt_nova_client_bo(&seat.client, &bo, PAGE, VRAM | SYSTEM);
	igt_assert_eq(drmPrimeHandleToFD(fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
	igt_assert_neq(drmPrimeFDToHandle(other, dmabuf, &imported), 0);
	igt_assert_eq(errno, EBUSY);
	close(dmabuf);
	igt_assert_eq_u32(resident(fd, bo.handle), VRAM);
	igt_nova_bo_destroy(fd, &bo);
	seat_works(&seat, 7);
	seat_close(&seat);
	close(other);
}

/* --- the device goes --- */

static struct seat racer;
static atomic_bool racer_stop;
static atomic_ulong racer_count;
static pthread_t racer_thread;
static bool racer_runs;

static void *race(void *data)
{
	struct igt_nova_push push;

	(void)data;
	igt_nova_push_begin(&racer.client, &push, 32);
	igt_nova_push_fill(&push, racer.bo.va + PAGE, 0x600d, 16);
	while (!atomic_load(&racer_stop)) {
		igt_nova_userq_submit(&racer.userq, &push);
		atomic_fetch_add(&racer_count, 1);
	}
	return NULL;
}

static void racer_join(void)
{
	if (!racer_runs)
		return;
	atomic_store(&racer_stop, true);
	pthread_join(racer_thread, NULL);
	racer_runs = false;
}

static void racer_progress(void)
{
	unsigned long before = atomic_load(&racer_count);

	while (atomic_load(&racer_count) < before + 100)
		sched_yield();
}

static void unplug_racing(const char *way)
{
	struct igt_nova_userq again;

	seat_open(&racer);
	atomic_store(&racer_stop, false);
	igt_nova_thread_start(&racer_thread, race, NULL);
	racer_runs = true;
	racer_progress();
	igt_nova_unplug(igt_nova_path(way));
	/* It submits on, and does not notice. */
	racer_progress();
	igt_nova_unplug_check_quiet();
	racer_join();
	again = racer.userq;
	igt_assert_eq(igt_nova_userq_map(racer.client.fd, &again), -ENODEV);
	igt_assert_eq(igt_nova_wait_fence(racer.client.fd, racer.client.vm, 0, racer.bo.va, 1),
		      -ENODEV);
	igt_nova_replug();
	seat_submit(&racer, &racer.userq, 1);
	igt_nova_userq_unmap(&racer.userq);
	igt_nova_bo_destroy(racer.client.fd, &racer.bo);
	igt_nova_client_close(&racer.client);
}

static void test_unplug_submitting(int fd)
{
	(void)fd;
	unplug_racing("unbind");
}

static void test_unplug_aux(int fd)
{
	(void)fd;
	unplug_racing("aux-unbind");
}

/* The watch suspects a queue when the device goes, and another is waited for. */
static void test_unplug_hung(int fd)
{
	struct seat seat;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	seat_open(&seat);
	igt_nova_emu_command(igt_nova_unplug_emu(), "hang 0");
	seat_submit(&seat, &seat.userq, 1);
	wait_until_stuck(igt_nova_unplug_emu());
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_unplug_check_quiet();
	igt_assert_eq(igt_nova_wait_fence(seat.client.fd, seat.client.vm, 0, seat.bo.va, 1),
		      -ENODEV);
	igt_nova_replug();
	igt_nova_userq_unmap(&seat.userq);
	igt_nova_bo_destroy(seat.client.fd, &seat.bo);
	igt_nova_client_close(&seat.client);
}

static void test_map_outlives_device(int fd)
{
	struct seat seat, touched;

	(void)fd;
	seat_open(&seat);
	seat_open(&touched);
	seat_works(&touched, 1);
	igt_nova_unplug(igt_nova_path("unbind"));
	check_dummy(&seat.userq);
	check_dummy(&touched.userq);
	igt_nova_replug();
	check_dummy(&seat.userq);
	check_dummy(&touched.userq);
	for (unsigned int i = 0; i < 2; i++) {
		struct seat *this = i ? &touched : &seat;

		igt_nova_userq_unmap(&this->userq);
		igt_nova_bo_destroy(this->client.fd, &this->bo);
		igt_nova_client_close(&this->client);
	}
}

/* --- no system call --- */

/*
 * A client of libnova that is traced: it says where it begins to submit by a system call that it has no
 * other use for, and where it has ended by another.
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
	{ "fault", "A fault kills the queue and no other.", test_fault },
	{ "garbage", "So does what makes no sense.", test_garbage },
	{ "foreign-doorbells", "Any write to the doorbell page is harmless.",
	  test_foreign_doorbells },
	{ "hang", "A queue that hangs an engine is found by another's job, and killed alone.",
	  test_hang },
	{ "time-limit", "A queue that hangs an engine is found without anybody's job, and killed alone.",
	  test_time_limit },
	{ "no-limit-on-waits", "A queue that waits for a semaphore goes on waiting.",
	  test_no_limit_on_waits },
	{ "destroy-hung", "A queue that hangs an engine can be destroyed.", test_destroy_hung },
	{ "resident", "Buffers stay in video memory while there is a queue.", test_resident },
	{ "limit", "A file holds so much video memory and no more.", test_limit },
	{ "limit-all", "All files together hold a part of it and no more.", test_limit_all },
	{ "moved", "What was moved away comes back for the queue, and is not moved again.",
	  test_moved },
	{ "unplug-submitting", "The device goes while a client submits in a loop.",
	  test_unplug_submitting },
	{ "unplug-aux-submitting", "The same when only nova-drm goes.", test_unplug_aux },
	{ "unplug-hung", "The device goes while a queue hangs it.", test_unplug_hung },
	{ "map-outlives-device", "Mappings stay usable and show nobody else's data.",
	  test_map_outlives_device },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(racer_join);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
