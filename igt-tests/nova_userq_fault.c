/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_job.h"
#include "igt_nova_limit.h"
#include "igt_nova_seat.h"
#include "igt_nova_unplug.h"
#include "igt_nova_userq.h"

#include "regs/nv_error.h"
#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("User-mode queues: what goes wrong in them, and who notices.");

#define PAGE	IGT_NOVA_PAGE
#define MIB	(1024ull * 1024)
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define HUNG	(DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT)

static void test_fault(int fd)
{
	struct igt_nova_seat seat, neighbour;
	struct igt_nova_push push;

	(void)fd;
	igt_nova_expect_errors_logged();
	igt_nova_seat_open(&seat);
	igt_nova_seat_open(&neighbour);
	igt_nova_push_begin(&seat.client, &push, 64);
	igt_nova_push_fill(&push, seat.client.va_next + 64 * MIB, 1, 64);
	igt_nova_push_fence(&push, seat.bo.va, 1);
	igt_nova_userq_submit(&seat.userq, &push);
	igt_nova_seat_check_killed(&seat, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_MMU_FAULT);
	igt_nova_seat_works(&neighbour, 2);
	igt_nova_seat_close(&seat);
	/* A push that is mapped nowhere, and one that is in the kernel's part. */
	igt_nova_seat_open(&seat);
	push.va = seat.client.va_next + 64 * MIB;
	push.length = 64;
	igt_nova_userq_submit(&seat.userq, &push);
	igt_nova_seat_check_killed(&seat, DRM_NOVA_QUEUE_STATE_GUILTY, NV_ERROR_MMU_FAULT);
	igt_nova_seat_works(&neighbour, 3);
	igt_nova_seat_close(&seat);
	igt_nova_seat_close(&neighbour);
}

/* An index that cannot be, entries and methods that mean nothing. */
static void test_garbage(int fd)
{
	struct drm_nova_queue_get_state state;
	struct igt_nova_seat seat, neighbour;

	(void)fd;
	igt_nova_expect_errors_logged();
	igt_nova_seat_open(&neighbour);
	for (unsigned int what = 0; what < 3; what++) {
		struct igt_nova_push push;

		igt_nova_seat_open(&seat);
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
		igt_nova_seat_works(&neighbour, what + 1);
		igt_nova_seat_close(&seat);
	}
	igt_nova_seat_close(&neighbour);
}

/* Doorbells of all channels there may be, bytes and quadwords: nobody minds. */
static void test_foreign_doorbells(int fd)
{
	volatile uint64_t *wide;
	struct igt_nova_seat seat, neighbour;

	(void)fd;
	igt_nova_seat_open(&seat);
	igt_nova_seat_open(&neighbour);
	for (uint32_t token = 0; token < 256; token++)
		*seat.userq.doorbell = (token & 1) << 16 | token;
	*seat.userq.doorbell = UINT32_MAX;
	*(volatile uint8_t *)seat.userq.doorbell = 1;
	wide = (volatile uint64_t *)((char *)seat.userq.userd - PAGE);
	for (size_t i = 0; i < PAGE / sizeof(*wide); i++)
		wide[i] = wide[i] + i;
	igt_nova_seat_works(&neighbour, 1);
	igt_nova_seat_works(&seat, 2);
	igt_nova_unplug_check_harmless();
	igt_nova_seat_close(&neighbour);
	igt_nova_seat_close(&seat);
}

/* Its queue may hold an engine for a while only. */
static void open_short(struct igt_nova_seat *seat, uint32_t engine)
{
	igt_nova_limit_set(IGT_NOVA_LIMIT_SHORT);
	igt_nova_seat_open_at(seat, engine, SYSTEM);
	igt_nova_limit_begin();
}

/* The engine hangs in it: it goes when somebody's job has waited for too long, and nobody else. */
static void test_hang(int fd)
{
	struct igt_nova_seat seat, neighbour;
	struct igt_nova_client client;
	uint32_t queue;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_seat_open(&seat);
	igt_nova_seat_open(&neighbour);
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	queue = igt_nova_client_short_queue(&client, 0);
	igt_nova_emu_command(igt_nova_unplug_emu(), "hang 0");
	igt_nova_seat_submit(&seat, &seat.userq, 1);
	igt_nova_emu_wait_stuck(igt_nova_unplug_emu());
	igt_nova_seat_submit(&neighbour, &neighbour.userq, 2);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, NULL), 1);
	igt_nova_seat_check(&neighbour, &neighbour.userq, 2);
	igt_nova_seat_check_killed(&seat, HUNG, NV_ERROR_RESETCHANNEL);
	igt_nova_seat_works(&neighbour, 3);
	igt_nova_seat_close(&seat);
	igt_nova_seat_close(&neighbour);
	igt_nova_client_close(&client);
	igt_nova_unplug_check_harmless();
}

/* Nobody else's job is there to find it: the watch does, and the neighbours' work is done. */
static void test_time_limit(int fd)
{
	struct igt_nova_seat seat, neighbour, elsewhere;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	open_short(&seat, 0);
	igt_nova_seat_open(&neighbour);
	igt_nova_seat_open_at(&elsewhere, 1, VRAM);
	for (uint32_t round = 1; round < 3; round++) {
		igt_nova_emu_command(igt_nova_unplug_emu(), "hang 0");
		igt_nova_seat_submit(&seat, &seat.userq, round);
		igt_nova_emu_wait_stuck(igt_nova_unplug_emu());
		igt_nova_seat_submit(&neighbour, &neighbour.userq, round);
		igt_nova_seat_works(&elsewhere, round);
		igt_nova_seat_check_killed(&seat, HUNG, NV_ERROR_RESETCHANNEL);
		igt_nova_seat_check(&neighbour, &neighbour.userq, round);
		igt_nova_seat_works(&elsewhere, round + 0x100);
		/* The next one may have the same channel, and is not to blame for the last. */
		igt_nova_seat_close(&seat);
		open_short(&seat, 0);
		igt_nova_seat_works(&seat, 0x200);
	}
	igt_nova_seat_close(&elsewhere);
	igt_nova_seat_close(&neighbour);
	igt_nova_seat_close(&seat);
	igt_nova_unplug_check_harmless();
}

/* Waiting is no hang: for longer than the limit, as another queue has been killed meanwhile. */
static void test_no_limit_on_waits(int fd)
{
	struct drm_nova_queue_get_state state;
	struct igt_nova_seat patient, seat;
	struct igt_nova_push push;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	open_short(&patient, 0);
	open_short(&seat, 1);
	igt_nova_push_begin(&patient.client, &push, 64);
	igt_nova_push_acquire(&push, patient.bo.va + 64, 1);
	igt_nova_push_fence(&push, patient.bo.va, 1);
	igt_nova_userq_submit(&patient.userq, &push);
	igt_nova_emu_command(igt_nova_unplug_emu(), "hang 1");
	igt_nova_seat_submit(&seat, &seat.userq, 1);
	igt_nova_seat_check_killed(&seat, HUNG, NV_ERROR_RESETCHANNEL);
	igt_nova_queue_state(patient.client.fd, patient.userq.create.queue_id, &state);
	igt_assert_eq_u32(state.flags, 0);
	patient.bo.map[64 / 4] = 1;
	igt_assert_eq(igt_nova_wait_fence(patient.client.fd, patient.client.vm,
					  patient.userq.create.queue_id, patient.bo.va, 1), 0);
	igt_nova_seat_close(&seat);
	igt_nova_seat_close(&patient);
	igt_nova_unplug_check_harmless();
}

static void test_destroy_hung(int fd)
{
	struct igt_nova_seat seat, neighbour;

	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_seat_open(&seat);
	igt_nova_seat_open(&neighbour);
	igt_nova_emu_command(igt_nova_unplug_emu(), "hang 0");
	igt_nova_seat_submit(&seat, &seat.userq, 1);
	igt_nova_emu_wait_stuck(igt_nova_unplug_emu());
	igt_nova_seat_close(&seat);
	igt_nova_seat_works(&neighbour, 1);
	igt_nova_seat_close(&neighbour);
	igt_nova_unplug_check_harmless();
}

static const struct igt_nova_test tests[] = {
	{ "fault", "A fault kills the queue and no other.", test_fault },
	{ "garbage", "So does what makes no sense.", test_garbage },
	{ "foreign-doorbells", "Any write to the doorbell page is harmless.",
	  test_foreign_doorbells },
	{ "hang", "A queue that hangs an engine is found by another's job, and killed alone.",
	  test_hang },
	{ "time-limit", "A queue that hangs an engine is found without a job, and killed alone.",
	  test_time_limit },
	{ "no-limit-on-waits", "A queue that waits for a semaphore goes on waiting.",
	  test_no_limit_on_waits },
	{ "destroy-hung", "A queue that hangs an engine can be destroyed.", test_destroy_hung },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
