/* SPDX-License-Identifier: MIT */
#include <sched.h>
#include <stdatomic.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

#include "regs/nv_ce.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"

IGT_TEST_DESCRIPTION("Push buffers: what the GPU can be told to touch is the client's own.");

#define PAGE	IGT_NOVA_PAGE
#define KIB	1024ull
#define VRAM	DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define SECRET	0x5ec2e700u
#define OWN	0x0e110e11u

/* The smallest ring fits into a page; behind it is the page with the fence semaphore. */
#define RING_SIZE	64u

/**
 * struct pair - a client that tries, and one that has something
 * @thief: the former
 * @queue: its queue
 * @out: buffer it reads to and writes from
 * @victim: the latter
 * @victim_queue: its queue on the same engine
 * @secret: its buffer
 */
struct pair {
	struct igt_nova_client thief;
	uint32_t queue;
	struct igt_nova_bo out;
	struct igt_nova_client victim;
	uint32_t victim_queue;
	struct igt_nova_bo secret;
};

static void pair_queue(struct pair *pair)
{
	struct drm_nova_queue_create create = {
		.vm_id = pair->thief.vm, .priority = DRM_NOVA_PRIORITY_NORMAL,
		.ring_size = RING_SIZE,
	};

	igt_nova_expect(pair->thief.fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, 0);
	pair->queue = create.queue_id;
}

static void pair_open(struct pair *pair)
{
	igt_nova_expect_errors_logged();
	igt_nova_client_open(&pair->thief);
	igt_nova_client_open(&pair->victim);
	pair_queue(pair);
	pair->victim_queue = igt_nova_client_queue(&pair->victim, 0);
	igt_nova_client_bo(&pair->thief, &pair->out, 16 * PAGE, SYSTEM);
	/* Not at an address that the thief has something at. */
	igt_nova_client_va(&pair->victim, 1024 * KIB);
	igt_nova_client_bo(&pair->victim, &pair->secret, 64 * KIB, VRAM);
	igt_nova_bo_fill(&pair->secret, SECRET);
	igt_nova_bo_fill(&pair->out, OWN);
}

/* Nothing was read, nothing was written, and the neighbour works. */
static void pair_check(struct pair *pair, const char *what)
{
	struct igt_nova_push push;

	igt_assert_f(igt_nova_bo_check(&pair->out, OWN) == pair->out.size / 4,
		     "%s: something came back\n", what);
	igt_assert_f(igt_nova_bo_check(&pair->secret, SECRET) == pair->secret.size / 4,
		     "%s: something was overwritten\n", what);
	pair->victim.pushes_used = 0;
	igt_nova_push_begin(&pair->victim, &push, 32);
	igt_nova_push_fill(&push, pair->secret.va, SECRET, 16);
	igt_assert_eq(igt_nova_submit_wait(pair->victim.fd, pair->victim_queue, &push), 1);
}

static void pair_close(struct pair *pair)
{
	igt_nova_bo_destroy(pair->victim.fd, &pair->secret);
	igt_nova_client_close(&pair->victim);
	igt_nova_bo_destroy(pair->thief.fd, &pair->out);
	igt_nova_client_close(&pair->thief);
}

/* Runs a push that has to end the queue with @error; another queue takes its place. */
static void expect_killed(struct pair *pair, struct igt_nova_push *push, uint32_t error,
			  const char *what)
{
	struct drm_nova_queue_get_state state;
	int status = igt_nova_submit_wait(pair->thief.fd, pair->queue, push);

	igt_assert_f(status < 0, "%s: the GPU did it\n", what);
	igt_nova_queue_state(pair->thief.fd, pair->queue, &state);
	igt_assert_f(state.error == error && (state.flags & DRM_NOVA_QUEUE_STATE_GUILTY),
		     "%s: state %#x, error %u\n", what, state.flags, state.error);
	igt_nova_queue_destroy(pair->thief.fd, pair->queue, 0);
	pair_queue(pair);
	pair->thief.pushes_used = 0;
}

/* Copies a page from @va, and to it. */
static void expect_unreachable(struct pair *pair, uint64_t va)
{
	struct igt_nova_push push;
	char what[64];

	snprintf(what, sizeof(what), "read of %#" PRIx64, va);
	igt_nova_push_begin(&pair->thief, &push, 32);
	igt_nova_push_copy(&push, pair->out.va, va, PAGE);
	expect_killed(pair, &push, NV_ERROR_MMU_FAULT, what);
	snprintf(what, sizeof(what), "write to %#" PRIx64, va);
	igt_nova_push_begin(&pair->thief, &push, 32);
	igt_nova_push_copy(&push, va, pair->out.va, PAGE);
	expect_killed(pair, &push, NV_ERROR_MMU_FAULT, what);
	pair_check(pair, what);
}

/* Another VM's addresses, the edges of one's own, and all that is beyond. */
static void test_other_vm(int fd)
{
	struct drm_nova_query_limits limits;
	struct pair pair;

	igt_nova_limits(fd, &limits);
	pair_open(&pair);
	expect_unreachable(&pair, pair.secret.va);
	expect_unreachable(&pair, 0);
	expect_unreachable(&pair, 15 * PAGE);
	expect_unreachable(&pair, limits.va_push_end - PAGE);
	expect_unreachable(&pair, 1ull << 40);
	expect_unreachable(&pair, 1ull << 47);
	expect_unreachable(&pair, (1ull << limits.va_bits) - PAGE);
	pair_close(&pair);
}

/* The kernel's part of the address space: the ring cannot be written, USERD is not there. */
static void test_kernel_part(int fd)
{
	struct drm_nova_query_limits limits;
	struct igt_nova_push push;
	struct pair pair;

	igt_nova_limits(fd, &limits);
	pair_open(&pair);
	igt_nova_push_begin(&pair.thief, &push, 32);
	igt_nova_push_fill(&push, limits.va_push_end, 0, PAGE / 4);
	expect_killed(&pair, &push, NV_ERROR_MMU_FAULT, "write to the ring");
	expect_unreachable(&pair, limits.va_push_end + 2 * PAGE);
	expect_unreachable(&pair, limits.va_push_end + (1ull << 32) - PAGE);
	pair_close(&pair);
}

/* A page of the client's own goes to each physical address space and comes from there. */
static void push_physical(struct pair *pair, struct igt_nova_push *push, bool read,
			  uint32_t target)
{
	igt_nova_push_begin(&pair->thief, push, 64);
	igt_nova_push_ce(push, NV_C5B5_SET_SRC_PHYS_MODE, target);
	igt_nova_push_ce(push, NV_C5B5_SET_DST_PHYS_MODE, target);
	igt_nova_push_ce(push, NV_C5B5_OFFSET_IN_UPPER, read ? 0 : pair->out.va >> 32);
	igt_nova_push_ce(push, NV_C5B5_OFFSET_IN_LOWER, read ? 0 : (uint32_t)pair->out.va);
	igt_nova_push_ce(push, NV_C5B5_OFFSET_OUT_UPPER, read ? pair->out.va >> 32 : 0);
	igt_nova_push_ce(push, NV_C5B5_OFFSET_OUT_LOWER, read ? (uint32_t)pair->out.va : 0);
	igt_nova_push_ce(push, NV_C5B5_LINE_LENGTH_IN, PAGE);
	igt_nova_push_ce(push, NV_C5B5_LAUNCH_DMA,
			 NV_PUT(NV_C5B5_LAUNCH_TRANSFER, NV_C5B5_LAUNCH_TRANSFER_NON_PIPELINED) |
			 NV_C5B5_LAUNCH_SRC_PITCH | NV_C5B5_LAUNCH_DST_PITCH |
			 (read ? NV_C5B5_LAUNCH_SRC_PHYSICAL : NV_C5B5_LAUNCH_DST_PHYSICAL));
}

static void test_physical(int fd)
{
	struct igt_nova_push push;
	struct pair pair;
	char what[64];

	(void)fd;
	pair_open(&pair);
	for (uint32_t target = 0; target < 4; target++) {
		for (int read = 0; read < 2; read++) {
			snprintf(what, sizeof(what), "%s of physical target %u",
				 read ? "read" : "write", target);
			push_physical(&pair, &push, read, target);
			expect_killed(&pair, &push, NV_ERROR_PBDMA, what);
			pair_check(&pair, what);
		}
	}
	pair_close(&pair);
}

/* Host methods that a client has no business with, or that this class does not have any more. */
static const struct {
	const char *name;
	uint32_t method;
	uint32_t data;
} host_methods[] = {
	{ "TLB invalidate", NV_C46F_MEM_OP_D,
	  NV_PUT(NV_C46F_MEM_OP_D_OPERATION, NV_C46F_MEM_OP_D_TLB_INVALIDATE) },
	{ "targeted TLB invalidate", NV_C46F_MEM_OP_D,
	  NV_PUT(NV_C46F_MEM_OP_D_OPERATION, NV_C46F_MEM_OP_D_TLB_INVALIDATE_TARGETED) },
	{ "access counter clear", NV_C46F_MEM_OP_D, NV_PUT(NV_C46F_MEM_OP_D_OPERATION, 0x16u) },
	{ "memory operation 0x1f", NV_C46F_MEM_OP_D, NV_PUT(NV_C46F_MEM_OP_D_OPERATION, 0x1fu) },
	{ "SEMAPHOREA", 0x0010, 0 },
	{ "SEMAPHORED", 0x001c, 2 },
	{ "FB_FLUSH", 0x0024, 0 },
	{ "CLEAR_FAULTED", 0x0084, 0 },
	{ "ILLEGAL", NV_C46F_ILLEGAL, 0 },
};

static void test_privileged_methods(int fd)
{
	struct igt_nova_push push;
	struct pair pair;

	(void)fd;
	pair_open(&pair);
	for (size_t i = 0; i < ARRAY_SIZE(host_methods); i++) {
		igt_nova_push_begin(&pair.thief, &push, 8);
		igt_nova_push_host(&push, host_methods[i].method, host_methods[i].data);
		expect_killed(&pair, &push, NV_ERROR_PBDMA, host_methods[i].name);
		pair_check(&pair, host_methods[i].name);
	}
	pair_close(&pair);
}

/* EXEC takes no push from the kernel's part, nor one that runs into it. */
static void test_push_address(int fd)
{
	struct drm_nova_query_limits limits;
	struct igt_nova_push push = { .length = 8 };
	struct pair pair;

	igt_nova_limits(fd, &limits);
	pair_open(&pair);
	for (uint64_t va = limits.va_push_end - 4; va; va <<= 1) {
		push.va = va;
		igt_assert_eq(igt_nova_submit(pair.thief.fd, pair.queue, &push, NULL, 0), -EINVAL);
	}
	/* In reach, but the victim's: a fetch from nowhere. */
	push.va = pair.secret.va;
	expect_killed(&pair, &push, NV_ERROR_MMU_FAULT, "fetch from another VM");
	pair_check(&pair, "fetch from another VM");
	pair_close(&pair);
}

/* Jobs that have not begun, because they wait for another queue's, are not finished by it. */
static void test_forged_fence_order(int fd)
{
	struct drm_nova_sync syncs[2];
	uint32_t blocker, waiter, forged;
	struct igt_nova_push push;
	struct pair pair;

	(void)fd;
	pair_open(&pair);
	pair.out.map[0] = pair.out.map[1] = 0;
	igt_nova_push_begin(&pair.thief, &push, 16);
	igt_nova_push_acquire(&push, pair.out.va, 1);
	blocker = igt_nova_submit_fence(pair.thief.fd, igt_nova_client_queue(&pair.thief, 0),
					&push);
	igt_nova_push_begin(&pair.thief, &push, 32);
	igt_nova_push_forged_fence(&pair.thief, &push);
	/* Not done yet: its own release would put the right value there. */
	igt_nova_push_acquire(&push, pair.out.va + 4, 1);
	forged = igt_nova_submit_fence(pair.thief.fd, pair.queue, &push);
	igt_assert_eq(igt_nova_fence_result(pair.thief.fd, forged), 1);

	waiter = igt_nova_syncobj_create(pair.thief.fd);
	syncs[0] = igt_nova_wait_for(blocker, 0);
	syncs[1] = igt_nova_signal(waiter, 0);
	igt_assert_eq(igt_nova_submit(pair.thief.fd, pair.queue, NULL, syncs, 2), 0);
	/* A neighbour's interrupt makes the driver look at the semaphores of this engine. */
	for (unsigned int i = 0; i < 4; i++)
		igt_assert_eq(igt_nova_submit_wait(pair.victim.fd, pair.victim_queue, NULL), 1);
	igt_assert(igt_nova_syncobj_busy(pair.thief.fd, waiter));
	pair.out.map[0] = pair.out.map[1] = 1;
	igt_assert_eq(igt_nova_fence_result(pair.thief.fd, waiter), 1);
	pair_close(&pair);
}

/**
 * struct early - a job that is still under way when its fence has signalled
 * @pair: who
 * @window: buffer private to the thief's VM that the job reads late; unmapped, it is freed
 */
struct early {
	struct pair pair;
	struct igt_nova_bo window;
};

/* The job has the window's translation cached, and copies it to out once out[1] is 1. */
static void early_open(struct early *early)
{
	struct pair *pair = &early->pair;
	struct igt_nova_client *thief = &pair->thief;
	struct igt_nova_push push;

	pair_open(pair);
	early->window.size = 64 * KIB;
	early->window.handle = igt_nova_gem_create(thief->fd, early->window.size, 0, VRAM,
						   thief->vm, 0);
	early->window.va = igt_nova_client_va(thief, early->window.size);
	igt_nova_vm_map(thief->fd, thief->vm, early->window.handle, 0, early->window.va,
			early->window.size, 0, 0);
	igt_nova_gem_close(thief->fd, early->window.handle);
	pair->out.map[1] = 0;
	igt_nova_push_begin(thief, &push, 128);
	igt_nova_push_copy(&push, pair->out.va + PAGE, early->window.va, PAGE);
	igt_nova_push_forged_fence(&pair->thief, &push);
	igt_nova_push_acquire(&push, pair->out.va + 4, 1);
	igt_nova_push_copy(&push, pair->out.va + 2 * PAGE, early->window.va, PAGE);
	igt_assert_eq(igt_nova_submit_wait(thief->fd, pair->queue, &push), 1);
	igt_assert_eq_u32(pair->out.map[PAGE / 4], 0);
}

/* Lets the job go on: it must find nothing where the window was. */
static void early_finish(struct early *early)
{
	struct pair *pair = &early->pair;
	struct drm_nova_queue_get_state state = { 0 };

	pair->out.map[1] = 1;
	/* Its fence has signalled long ago: nothing but the state tells when it ends. */
	while (!state.flags && pair->out.map[2 * PAGE / 4] == OWN) {
		igt_nova_queue_state(pair->thief.fd, pair->queue, &state);
		sched_yield();
	}
	for (size_t i = 0; i < PAGE / 4; i++)
		igt_assert_f(pair->out.map[2 * PAGE / 4 + i] == OWN, "the job read %#x\n",
			     pair->out.map[2 * PAGE / 4 + i]);
	igt_assert_eq_u32(state.error, NV_ERROR_MMU_FAULT);
}

static uint64_t vram_used(int fd)
{
	struct drm_nova_query_memory memory;

	igt_nova_query(fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	return memory.regions[0].used;
}

static void test_forged_fence_memory(int fd)
{
	struct igt_nova_bo next;
	struct early early;
	uint64_t used;

	early_open(&early);
	used = vram_used(fd);
	igt_nova_vm_unmap(early.pair.thief.fd, early.pair.thief.vm, early.window.va,
			  early.window.size, 0);
	igt_assert_eq_u64(vram_used(fd), used - early.window.size);
	igt_nova_bo_create(early.pair.victim.fd, &next, early.window.size, VRAM);
	igt_nova_bo_fill(&next, SECRET);
	early_finish(&early);
	igt_assert_eq_u64(igt_nova_bo_check(&next, SECRET), next.size / 4);
	igt_nova_bo_destroy(early.pair.victim.fd, &next);
	pair_close(&early.pair);
}

#define LATE_OPS	1000u

struct late_bind {
	struct early *early;
	struct drm_nova_vm_bind_op ops[LATE_OPS];
	atomic_bool done;
	int result;
};

static void *late_bind_run(void *data)
{
	struct late_bind *bind = data;
	struct igt_nova_client *thief = &bind->early->pair.thief;

	bind->result = igt_nova_vm_bind_ops(thief->fd, thief->vm, bind->ops, LATE_OPS);
	atomic_store(&bind->done, true);
	return NULL;
}

/*
 * The first of many changes takes the window away. Its memory must not be anybody's
 * before the call has told the GPU, which it does at the end.
 */
static void test_unmap_flushes_first(int fd)
{
	static struct late_bind bind;
	struct igt_nova_client *thief;
	struct igt_nova_bo next, big;
	struct early early;
	pthread_t thread;
	uint64_t used;

	early_open(&early);
	thief = &early.pair.thief;
	igt_nova_bo_create(thief->fd, &big, 512 * KIB, SYSTEM);
	bind.early = &early;
	bind.ops[0] = (struct drm_nova_vm_bind_op) {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = early.window.va,
		.size = early.window.size,
	};
	big.va = igt_nova_client_va(thief, big.size);
	for (unsigned int i = 1; i < LATE_OPS; i++)
		bind.ops[i] = (struct drm_nova_vm_bind_op) {
			.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = big.handle, .va = big.va,
			.size = big.size,
		};
	/* Resident and with tables: the thread has nothing left to do but the changes. */
	igt_nova_vm_map(thief->fd, thief->vm, big.handle, 0, big.va, big.size, 0, 0);
	used = vram_used(fd);
	igt_nova_thread_start(&thread, late_bind_run, &bind);
	while (vram_used(fd) == used && !atomic_load(&bind.done))
		sched_yield();
	igt_nova_bo_create(early.pair.victim.fd, &next, early.window.size, VRAM);
	igt_nova_bo_fill(&next, SECRET);
	early_finish(&early);
	igt_assert_eq(pthread_join(thread, NULL), 0);
	igt_assert_eq(bind.result, 0);
	igt_nova_bo_destroy(early.pair.victim.fd, &next);
	igt_nova_bo_destroy(thief->fd, &big);
	pair_close(&early.pair);
}

static const struct igt_nova_test tests[] = {
	{ "other-vm", "The GPU reaches no address of another VM, nor any beyond its own.",
	  test_other_vm },
	{ "kernel-part", "The ring is read-only and USERD not mapped.", test_kernel_part },
	{ "physical", "The copy engine refuses physical addresses.", test_physical },
	{ "privileged-methods", "Privileged methods of Host end the queue.",
	  test_privileged_methods },
	{ "push-address", "Pushes come from the client's part of its VM.", test_push_address },
	{ "forged-fence-order", "A forged fence finishes no job that has not begun.",
	  test_forged_fence_order },
	{ "forged-fence-memory", "A job that outlives its fence reaches no freed memory.",
	  test_forged_fence_memory },
	{ "unmap-flushes-first", "Memory is free only after the GPU has forgotten it.",
	  test_unmap_flushes_first },
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
