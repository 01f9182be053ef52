/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"

#include "regs/nv_ce.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"

IGT_TEST_DESCRIPTION("What goes wrong in one queue: it is killed and reported, its neighbours go on.");

#define PAGE	IGT_NOVA_PAGE
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

/**
 * struct street - a client whose queue goes wrong, and its neighbours
 * @client: the client
 * @queue: the one that goes wrong, on engine 0
 * @same: neighbour on the same engine, of the same client
 * @other: neighbour on the last engine, of the same client
 * @stranger: another client
 * @stranger_queue: its queue on engine 0
 * @bo: buffer of @client; dword 0 is a semaphore, each neighbour writes a page of its own
 * @stranger_bo: buffer of @stranger
 */
struct street {
	struct igt_nova_client client;
	uint32_t queue;
	uint32_t same;
	uint32_t other;
	struct igt_nova_client stranger;
	uint32_t stranger_queue;
	struct igt_nova_bo bo;
	struct igt_nova_bo stranger_bo;
};

static void street_open(struct street *street)
{
	int fd;

	igt_nova_client_open(&street->client);
	igt_nova_client_open(&street->stranger);
	fd = street->client.fd;
	street->queue = igt_nova_client_queue(&street->client, 0);
	street->same = igt_nova_client_queue(&street->client, 0);
	street->other = igt_nova_client_queue(&street->client, igt_nova_engine_count(fd) - 1);
	street->stranger_queue = igt_nova_client_queue(&street->stranger, 0);
	igt_nova_client_bo(&street->client, &street->bo, 4 * PAGE, SYSTEM);
	igt_nova_client_bo(&street->stranger, &street->stranger_bo, PAGE, SYSTEM);
}

/* Jobs of its first queue get little time. */
static void street_open_short(struct street *street)
{
	street_open(street);
	igt_nova_queue_destroy(street->client.fd, street->queue, 0);
	street->queue = igt_nova_client_short_queue(&street->client, 0);
}

static void street_close(struct street *street)
{
	igt_nova_bo_destroy(street->client.fd, &street->bo);
	igt_nova_bo_destroy(street->stranger.fd, &street->stranger_bo);
	igt_nova_client_close(&street->client);
	igt_nova_client_close(&street->stranger);
}

static uint32_t submit_fill(struct igt_nova_client *client, uint32_t queue, uint64_t va,
			    uint32_t value)
{
	struct igt_nova_push push;

	igt_nova_push_begin(client, &push, 32);
	igt_nova_push_fill(&push, va, value, PAGE / 4);
	return igt_nova_submit_fence(client->fd, queue, &push);
}

static void check_filled(const uint32_t *map, uint32_t value)
{
	for (size_t i = 0; i < PAGE / 4; i++)
		igt_assert_eq_u32(map[i], value);
}

static void check_usable(struct igt_nova_client *client, uint32_t queue)
{
	struct drm_nova_queue_get_state state;

	igt_nova_queue_state(client->fd, queue, &state);
	igt_assert_f(state.flags == 0, "queue state %#x, error %u\n", state.flags, state.error);
	igt_assert_eq_u32(state.error, 0);
}

/* The neighbours' jobs, submitted before or after the trouble, have the right results. */
static void check_neighbours(struct street *street, uint32_t round)
{
	struct igt_nova_client *client = &street->client;
	uint32_t fence[3];

	fence[0] = submit_fill(client, street->same, street->bo.va + PAGE, round + 1);
	fence[1] = submit_fill(client, street->other, street->bo.va + 2 * PAGE, round + 2);
	fence[2] = submit_fill(&street->stranger, street->stranger_queue,
			       street->stranger_bo.va, round + 3);
	igt_assert_eq(igt_nova_fence_result(client->fd, fence[0]), 1);
	igt_assert_eq(igt_nova_fence_result(client->fd, fence[1]), 1);
	igt_assert_eq(igt_nova_fence_result(street->stranger.fd, fence[2]), 1);
	check_filled(street->bo.map + PAGE / 4, round + 1);
	check_filled(street->bo.map + 2 * PAGE / 4, round + 2);
	check_filled(street->stranger_bo.map, round + 3);
	check_usable(client, street->same);
	check_usable(client, street->other);
	check_usable(&street->stranger, street->stranger_queue);
}

/* The queue is dead, says why, refuses more, and can be replaced. */
static void check_killed(struct street *street, uint32_t flags, uint32_t error)
{
	struct drm_nova_queue_get_state state;
	int fd = street->client.fd;

	igt_nova_queue_state(fd, street->queue, &state);
	igt_assert_eq_u32(state.flags, flags);
	igt_assert_eq_u32(state.error, error);
	igt_assert_eq(igt_nova_submit(fd, street->queue, NULL, NULL, 0), -ECANCELED);
	igt_nova_queue_destroy(fd, street->queue, 0);
	street->queue = igt_nova_client_queue(&street->client, 0);
	check_usable(&street->client, street->queue);
	igt_assert_eq(igt_nova_submit_wait(fd, street->queue, NULL), 1);
}

/* Writes a bad push for test_bad_push(). */
typedef void (*bad_push_t)(struct street *street, struct igt_nova_push *push);

static void push_illegal_method(struct street *street, struct igt_nova_push *push)
{
	(void)street;
	igt_nova_push_illegal(push);
}

static void push_bad_header(struct street *street, struct igt_nova_push *push)
{
	(void)street;
	igt_nova_push_dword(push, NV_PUT(NV_PB_SEC_OP, 6) | NV_PUT(NV_PB_COUNT, 1));
	igt_nova_push_dword(push, 0);
}

static void push_wrong_class(struct street *street, struct igt_nova_push *push)
{
	(void)street;
	igt_nova_push_dword(push, NV_PB_HEADER(INC, NV_SUBCHANNEL_CE, NV_C46F_SET_OBJECT, 1));
	igt_nova_push_dword(push, 0x902d);
}

static void push_misaligned_semaphore(struct street *street, struct igt_nova_push *push)
{
	igt_nova_push_dword(push, NV_PB_HEADER(INC, 0, NV_C46F_SEM_ADDR_LO, 5));
	igt_nova_push_dword(push, (uint32_t)street->bo.va + 4);
	igt_nova_push_dword(push, street->bo.va >> 32);
	igt_nova_push_dword(push, 1);
	igt_nova_push_dword(push, 0);
	igt_nova_push_dword(push, NV_C46F_SEM_OP_RELEASE | NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT);
}

static void push_physical_copy(struct street *street, struct igt_nova_push *push)
{
	(void)street;
	igt_nova_push_ce(push, NV_C5B5_LINE_LENGTH_IN, 64);
	igt_nova_push_ce(push, NV_C5B5_LAUNCH_DMA,
			 NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED | NV_C5B5_LAUNCH_SRC_PITCH |
			 NV_C5B5_LAUNCH_DST_PITCH | NV_C5B5_LAUNCH_SRC_PHYSICAL |
			 NV_C5B5_LAUNCH_DST_PHYSICAL);
}

static void check_bad_push(bad_push_t write_bad)
{
	struct igt_nova_push push;
	struct street street;
	uint32_t fence;

	igt_nova_expect_errors_logged();
	street_open(&street);
	check_neighbours(&street, 0x10);
	igt_nova_push_begin(&street.client, &push, 64);
	write_bad(&street, &push);
	/* What comes after the mistake is not executed. */
	igt_nova_push_fill(&push, street.bo.va + 3 * PAGE, 0xbad, PAGE / 4);
	fence = igt_nova_submit_fence(street.client.fd, street.queue, &push);
	check_neighbours(&street, 0x20);
	igt_assert_lt(igt_nova_fence_result(street.client.fd, fence), 0);
	check_filled(street.bo.map + 3 * PAGE / 4, 0);
	check_killed(&street, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_PBDMA);
	check_neighbours(&street, 0x30);
	street_close(&street);
}

static void test_illegal_method(int fd)
{
	(void)fd;
	check_bad_push(push_illegal_method);
}

static void test_bad_header(int fd)
{
	(void)fd;
	check_bad_push(push_bad_header);
}

static void test_wrong_class(int fd)
{
	(void)fd;
	check_bad_push(push_wrong_class);
}

static void test_misaligned_semaphore(int fd)
{
	(void)fd;
	check_bad_push(push_misaligned_semaphore);
}

static void test_physical_copy(int fd)
{
	(void)fd;
	check_bad_push(push_physical_copy);
}

/* A copy whose lines are longer than their pitch: the copy engine's own error. */
static void test_launch_error(int fd)
{
	struct igt_nova_push push;
	struct street street;

	(void)fd;
	igt_nova_expect_errors_logged();
	street_open(&street);
	igt_nova_push_begin(&street.client, &push, 64);
	igt_nova_push_ce(&push, NV_C5B5_PITCH_IN, 16);
	igt_nova_push_ce(&push, NV_C5B5_PITCH_OUT, 64);
	igt_nova_push_ce(&push, NV_C5B5_OFFSET_IN_UPPER, street.bo.va >> 32);
	igt_nova_push_ce(&push, NV_C5B5_OFFSET_IN_LOWER, (uint32_t)street.bo.va);
	igt_nova_push_ce(&push, NV_C5B5_OFFSET_OUT_UPPER, (street.bo.va + PAGE) >> 32);
	igt_nova_push_ce(&push, NV_C5B5_OFFSET_OUT_LOWER, (uint32_t)(street.bo.va + PAGE));
	igt_nova_push_ce(&push, NV_C5B5_LINE_LENGTH_IN, 64);
	igt_nova_push_ce(&push, NV_C5B5_LINE_COUNT, 4);
	igt_nova_push_ce(&push, NV_C5B5_LAUNCH_DMA,
			 NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED | NV_C5B5_LAUNCH_SRC_PITCH |
			 NV_C5B5_LAUNCH_DST_PITCH | NV_C5B5_LAUNCH_MULTI_LINE);
	igt_assert_lt(igt_nova_submit_wait(street.client.fd, street.queue, &push), 0);
	check_killed(&street, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_CE0);
	check_neighbours(&street, 0x30);
	street_close(&street);
}

/* The packet comes on a way of its own: it may be a moment behind the news of the queue's end. */
static void wait_fault_count(int fd, uint32_t vm, uint32_t count)
{
	struct drm_nova_vm_get_state state;

	do
		igt_nova_vm_state(fd, vm, &state, NULL, 0);
	while (state.fault_count < count);
	igt_assert_eq_u32(state.fault_count, count);
}

/* The one fault there was is told to who made it, and to nobody else. */
static void check_fault_told(struct street *street, uint64_t va, uint32_t access, uint32_t queue,
			     uint64_t since)
{
	struct drm_nova_vm_get_state state;
	struct drm_nova_vm_fault fault;
	int fd = street->client.fd;

	wait_fault_count(fd, street->client.vm, 1);
	igt_assert_eq_u32(igt_nova_vm_state(fd, street->client.vm, &state, &fault, 1), 1);
	igt_assert_eq_u32(state.state, DRM_NOVA_VM_STATE_USABLE);
	igt_assert_eq_u32(state.reset_count, 0);
	igt_assert_eq_u64(fault.address, va);
	igt_assert_f(fault.type == NV_FAULT_TYPE_PTE || fault.type == NV_FAULT_TYPE_PDE,
		     "fault type %u\n", fault.type);
	igt_assert_eq_u32(fault.access, access);
	igt_assert_eq_u32(fault.engine, 0);
	igt_assert_eq_u32(fault.queue_id, queue);
	igt_assert_eq_u32(fault.reserved, 0);
	igt_assert_lt_u64(since, fault.time_ns);
	igt_assert_lte_u64(fault.time_ns, igt_nova_gpu_time(fd));
	igt_nova_vm_state(street->stranger.fd, street->stranger.vm, &state, NULL, 0);
	igt_assert_eq_u32(state.fault_count, 0);
}

static void check_mmu_fault(struct street *street, struct igt_nova_push *push, uint64_t va,
			    uint32_t access)
{
	uint64_t since = igt_nova_gpu_time(street->client.fd);
	uint32_t fence, queue = street->queue;

	check_neighbours(street, 0x10);
	fence = igt_nova_submit_fence(street->client.fd, street->queue, push);
	check_neighbours(street, 0x20);
	igt_assert_lt(igt_nova_fence_result(street->client.fd, fence), 0);
	check_killed(street, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_MMU_FAULT);
	check_neighbours(street, 0x30);
	check_fault_told(street, va, access, queue, since);
}

static void test_mmu_fault_engine(int fd)
{
	struct igt_nova_push push;
	struct street street;
	uint64_t va;

	(void)fd;
	igt_nova_expect_errors_logged();
	street_open(&street);
	va = igt_nova_client_va(&street.client, PAGE);
	igt_nova_push_begin(&street.client, &push, 64);
	igt_nova_push_fill(&push, va, 1, 4);
	check_mmu_fault(&street, &push, va, NV_FAULT_ACCESS_WRITE);
	street_close(&street);
}

static void test_mmu_fault_host(int fd)
{
	struct igt_nova_push push;
	struct street street;
	uint64_t va;

	(void)fd;
	igt_nova_expect_errors_logged();
	street_open(&street);
	va = igt_nova_client_va(&street.client, PAGE);
	igt_nova_push_begin(&street.client, &push, 64);
	igt_nova_push_release(&push, va, 1);
	check_mmu_fault(&street, &push, va, NV_FAULT_ACCESS_WRITE);
	street_close(&street);
}

/* The push itself is not mapped. */
static void test_mmu_fault_push(int fd)
{
	struct igt_nova_push push = { .length = 64 };
	struct street street;

	(void)fd;
	igt_nova_expect_errors_logged();
	street_open(&street);
	push.va = igt_nova_client_va(&street.client, PAGE);
	check_mmu_fault(&street, &push, push.va, NV_FAULT_ACCESS_READ);
	street_close(&street);
}

/* More than are kept: the newest stay, in their order, and a client may ask for fewer. */
static void test_faults_kept(int fd)
{
	struct drm_nova_vm_fault faults[17], few[2];
	struct {
		struct drm_nova_vm_fault fault;
		uint64_t beyond;
	} wide = { .beyond = 1 };
	struct drm_nova_vm_get_state state;
	struct igt_nova_client client;
	struct igt_nova_push push;
	uint32_t queues[18];
	uint64_t va;

	(void)fd;
	igt_nova_expect_errors_logged();
	igt_nova_client_open(&client);
	va = igt_nova_client_va(&client, ARRAY_SIZE(queues) * PAGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(queues); i++) {
		queues[i] = igt_nova_client_queue(&client, 0);
		igt_nova_push_begin(&client, &push, 64);
		igt_nova_push_fill(&push, va + i * PAGE, 1, 4);
		igt_assert_lt(igt_nova_submit_wait(client.fd, queues[i], &push), 0);
		wait_fault_count(client.fd, client.vm, i + 1);
	}
	igt_assert_eq_u32(igt_nova_vm_state(client.fd, client.vm, NULL, faults,
					    ARRAY_SIZE(faults)), 16);
	for (unsigned int i = 0; i < 16; i++) {
		igt_assert_eq_u64(faults[i].address, va + (i + 2) * PAGE);
		igt_assert_eq_u32(faults[i].queue_id, queues[i + 2]);
	}
	igt_assert_eq_u32(igt_nova_vm_state(client.fd, client.vm, NULL, few, 2), 2);
	igt_assert_eq_u64(few[0].address, va + 16 * PAGE);
	igt_assert_eq_u64(few[1].address, va + 17 * PAGE);
	/* An element of a later version: the rest is zero. */
	state = (struct drm_nova_vm_get_state) {
		.vm_id = client.vm, .faults = { sizeof(wide), 1, (uintptr_t)&wide },
	};
	igt_nova_expect(client.fd, DRM_IOCTL_NOVA_VM_GET_STATE, &state, 0);
	igt_assert_eq_u64(wide.fault.address, va + 17 * PAGE);
	igt_assert_eq_u64(wide.beyond, 0);
	/* What cannot be written is not said to be. */
	state.faults.ptr = IGT_NOVA_BAD_POINTER;
	igt_nova_expect(client.fd, DRM_IOCTL_NOVA_VM_GET_STATE, &state, EFAULT);
	igt_nova_client_close(&client);
}

static void test_job_timeout(int fd)
{
	uint32_t fence[2], behind;
	struct igt_nova_push push;
	struct street street;

	(void)fd;
	igt_nova_expect_errors_logged();
	street_open_short(&street);
	igt_nova_push_begin(&street.client, &push, 64);
	igt_nova_push_acquire(&push, street.bo.va, 1);
	fence[0] = igt_nova_submit_fence(street.client.fd, street.queue, &push);
	fence[1] = igt_nova_submit_fence(street.client.fd, street.queue, NULL);
	behind = submit_fill(&street.client, street.queue, street.bo.va + 3 * PAGE, 0xbad);
	check_neighbours(&street, 0x20);
	igt_assert_lt(igt_nova_fence_result(street.client.fd, fence[0]), 0);
	igt_assert_lt(igt_nova_fence_result(street.client.fd, fence[1]), 0);
	igt_assert_lt(igt_nova_fence_result(street.client.fd, behind), 0);
	check_filled(street.bo.map + 3 * PAGE / 4, 0);
	check_killed(&street, DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT,
		     NV_ERROR_RESETCHANNEL);
	check_neighbours(&street, 0x30);
	street_close(&street);
}

/* Opened once: after a test that failed, the port is still open. */
static struct igt_nova_emu *require_emu(void)
{
	static struct igt_nova_emu *emu;

	if (!emu)
		emu = igt_nova_emu_open(0);
	igt_require_f(emu, "no control port of the emulator\n");
	igt_nova_emu_command(emu, "heal");
	igt_nova_emu_command(emu, "clear");
	return emu;
}

static void require_no_violation(struct igt_nova_emu *emu)
{
	struct igt_nova_emu_stats stats;

	igt_nova_emu_stats(emu, &stats);
	if (stats.violations)
		igt_nova_emu_print_recent(emu);
	igt_assert_eq_u64(stats.violations, 0);
}

static void wait_until_stuck(struct igt_nova_emu *emu)
{
	struct igt_nova_emu_stats stats;

	do {
		igt_nova_emu_stats(emu, &stats);
	} while (!stats.stuck_engines);
}

/*
 * The engine itself stops in the middle of a queue's job. Jobs of the neighbours, submitted
 * while it hangs, run after the reset on this engine and at once on the other.
 */
static void test_engine_hang(int fd)
{
	struct igt_nova_emu *emu = require_emu();
	struct drm_nova_queue_get_state state;
	struct street street;
	uint32_t fence;

	(void)fd;
	igt_nova_expect_errors_logged();
	street_open_short(&street);
	check_neighbours(&street, 0x10);
	igt_nova_emu_command(emu, "hang 0");
	fence = submit_fill(&street.client, street.queue, street.bo.va + 3 * PAGE, 0xbad);
	/* In this job, and not in that of a neighbour who is quicker to reach the engine. */
	wait_until_stuck(emu);
	check_neighbours(&street, 0x20);
	igt_assert_lt(igt_nova_fence_result(street.client.fd, fence), 0);
	igt_nova_queue_state(street.client.fd, street.queue, &state);
	igt_assert_lte(1, state.reset_count);
	check_killed(&street, DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT,
		     NV_ERROR_RESETCHANNEL);
	check_neighbours(&street, 0x30);
	igt_nova_emu_command(emu, "heal");
	require_no_violation(emu);
	street_close(&street);
}

/*
 * A vector whose message was lost is pending still, so no job of its engine is announced
 * again. Unless the driver, that had to look for the first of them, sees to it.
 */
static void check_interrupts_work(struct street *street, struct igt_nova_emu *emu)
{
	struct igt_nova_emu_stats before, after;

	igt_assert_eq(igt_nova_submit_wait(street->client.fd, street->queue, NULL), 1);
	igt_nova_emu_stats(emu, &before);
	/*
	 * More than one: the wait may have seen the result in memory before the interrupt, and while
	 * the last one is handled the next needs none of its own.
	 */
	do {
		igt_assert_eq(igt_nova_submit_wait(street->client.fd, street->queue, NULL), 1);
		igt_nova_emu_stats(emu, &after);
	} while (after.interrupts <= before.interrupts);
}

/* The job finishes, but nobody says so: found out without harm to the queue. */
static void test_dropped_interrupts(int fd)
{
	struct igt_nova_emu *emu = require_emu();
	struct street street;
	uint32_t fence;

	(void)fd;
	igt_nova_expect_errors_logged();
	street_open_short(&street);
	igt_nova_emu_command(emu, "drop-interrupts");
	fence = submit_fill(&street.client, street.queue, street.bo.va + 3 * PAGE, 0x77);
	igt_assert_eq(igt_nova_fence_result(street.client.fd, fence), 1);
	check_filled(street.bo.map + 3 * PAGE / 4, 0x77);
	check_usable(&street.client, street.queue);
	igt_nova_emu_command(emu, "heal");
	/* First: any other interrupt would bring the lost one along. */
	check_interrupts_work(&street, emu);
	check_neighbours(&street, 0x30);
	require_no_violation(emu);
	street_close(&street);
}

/* The firmware answers late: requests wait for it or fail, and nothing is left half done. */
static void test_slow_firmware(int fd)
{
	struct igt_nova_emu *emu = require_emu();
	struct street street;

	igt_nova_expect_errors_logged();
	street_open(&street);
	igt_nova_emu_command(emu, "stall-firmware 50");
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t queue = igt_nova_client_queue(&street.client, 0);

		igt_assert_eq(igt_nova_submit_wait(street.client.fd, queue, NULL), 1);
		igt_nova_queue_destroy(street.client.fd, queue, 0);
	}
	igt_nova_emu_command(emu, "heal");
	street_close(&street);
	igt_nova_check_works(fd);
	require_no_violation(emu);
}

static const struct igt_nova_test tests[] = {
	{ "illegal-method", "The method ILLEGAL kills its queue only.", test_illegal_method },
	{ "bad-header", "A reserved push-buffer header kills its queue only.", test_bad_header },
	{ "wrong-class", "A class the engine lacks kills its queue only.", test_wrong_class },
	{ "misaligned-semaphore", "A misaligned semaphore kills its queue only.",
	  test_misaligned_semaphore },
	{ "physical-copy", "A copy by physical address is not for clients.",
	  test_physical_copy },
	{ "launch-error", "A copy that makes no sense kills its queue only.",
	  test_launch_error },
	{ "mmu-fault-engine", "A fault of the copy engine kills its queue only.",
	  test_mmu_fault_engine },
	{ "mmu-fault-host", "A fault of a semaphore kills its queue only.", test_mmu_fault_host },
	{ "mmu-fault-push", "A push that is not mapped kills its queue only.",
	  test_mmu_fault_push },
	{ "faults-kept", "The newest faults are kept, for their VM alone.", test_faults_kept },
	{ "job-timeout", "A job that never ends is killed with its queue, and reported.",
	  test_job_timeout },
	{ "engine-hang", "A hung engine is reset, only the job it hung in is lost.",
	  test_engine_hang },
	{ "dropped-interrupts", "Finished jobs are found without their interrupt.",
	  test_dropped_interrupts },
	{ "slow-firmware", "A firmware that answers late does no harm.", test_slow_firmware },
};

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = igt_nova_open();
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
	igt_fixture()
		close(fd);
}
