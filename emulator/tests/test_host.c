/* SPDX-License-Identifier: MIT */
/* Host: GPFIFO, segments, methods and semaphores, run by hand on one channel. */
#define _GNU_SOURCE
#include "gpu.h"
#include "../emu_sem.h"
#include "regs/nv_twod.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SEM_VA		0x20000000ull

struct host_test {
	struct gpu *gpu;
	struct gpu_chan chan;
	struct emu_host host;
	uint64_t sem;		/* offset of SEM_VA in ram */
	atomic_bool stop;
};

static int setup_on(void **state, unsigned int engine, bool privileged)
{
	struct host_test *test = calloc(1, sizeof(*test));

	if (!test || gpu_setup((void **)&test->gpu))
		return -1;
	gpu_chan_init(test->gpu, &test->chan, engine, privileged);
	emu_host_init(&test->host, test->gpu->emu, engine,
		      emu_fifo_inst(test->gpu->emu, test->chan.chid));
	test->sem = gpu_ram_alloc(test->gpu, 4096);
	gpu_map(test->gpu, SEM_VA, 12, EMU_SYSTEM, GPU_IOVA + test->sem, 4096, 0);
	*state = test;
	return 0;
}

static int setup(void **state)
{
	return setup_on(state, 1, false);
}

static int setup_graphics(void **state)
{
	return setup_on(state, EMU_GRAPHICS_ENGINE, false);
}

static int setup_privileged(void **state)
{
	return setup_on(state, 1, true);
}

static int teardown(void **state)
{
	struct host_test *test = *state;

	gpu_teardown((void **)&test->gpu);
	free(test);
	return 0;
}

static enum emu_host_result run(struct host_test *test)
{
	return emu_host_run(&test->host, &test->stop, ~0ull);
}

static void submit_and_finish(struct host_test *test)
{
	gpu_submit(&test->chan, 0);
	assert_int_equal(run(test), EMU_HOST_IDLE);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_GP_GET), test->chan.put);
}

/* Runs into a PBDMA exception, after which the channel starts afresh. */
static void assert_exception(struct host_test *test, uint32_t exception, uint32_t method,
			     uint32_t data)
{
	uint32_t get;

	assert_int_equal(run(test), EMU_HOST_ERROR);
	assert_int_equal(test->host.error.code, NV_ERROR_PBDMA);
	assert_int_equal(test->host.error.exception, exception);
	assert_int_equal(test->host.error.method, method);
	assert_int_equal(test->host.error.data, data);
	get = test->chan.put;
	emu_host_init(&test->host, test->gpu->emu, 1, test->host.inst);
	test->host.gp_get = get;
}

static void assert_method_fails(struct host_test *test, uint32_t subchannel, uint32_t method,
				uint32_t data, uint32_t exception)
{
	gpu_method(&test->chan, subchannel, method, data);
	gpu_submit(&test->chan, 0);
	assert_exception(test, exception, method, data);
}

static uint32_t *sem32(struct host_test *test, unsigned int offset)
{
	return (uint32_t *)(test->gpu->ram + test->sem + offset);
}

static uint64_t *sem64(struct host_test *test, unsigned int offset)
{
	return (uint64_t *)(test->gpu->ram + test->sem + offset);
}

/* --- semaphores --- */

static void test_release(void **state)
{
	struct host_test *test = *state;

	memset(sem32(test, 0), 0xee, 64);
	gpu_semaphore(&test->chan, SEM_VA, 0x1111222233334444, NV_C46F_SEM_OP_RELEASE);
	gpu_semaphore(&test->chan, SEM_VA + 8, 0x5555666677778888, NV_C46F_SEM_OP_RELEASE |
		      NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT | NV_C46F_SEM_EXECUTE_RELEASE_WFI);
	submit_and_finish(test);
	assert_int_equal(*sem32(test, 0), 0x33334444);
	assert_int_equal(*sem32(test, 4), 0xeeeeeeee);
	assert_true(*sem64(test, 8) == 0x5555666677778888);
	assert_int_equal(*sem32(test, 16), 0xeeeeeeee);
}

static void test_release_timestamp(void **state)
{
	struct host_test *test = *state;
	uint64_t before = emu_timer_now(test->gpu->emu);

	memset(sem32(test, 0), 0xee, 64);
	gpu_semaphore(&test->chan, SEM_VA, 0x1111222233334444, NV_C46F_SEM_OP_RELEASE |
		      NV_C46F_SEM_EXECUTE_TIMESTAMP);
	gpu_semaphore(&test->chan, SEM_VA + 16, 0x5555666677778888, NV_C46F_SEM_OP_RELEASE |
		      NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT | NV_C46F_SEM_EXECUTE_TIMESTAMP);
	submit_and_finish(test);
	assert_true(*sem64(test, 0) == 0x33334444);
	assert_in_range(*sem64(test, 8), before, emu_timer_now(test->gpu->emu));
	assert_int_equal(*sem64(test, 8) & 31, 0);
	assert_true(*sem64(test, 16) == 0x5555666677778888);
	assert_in_range(*sem64(test, 24), *sem64(test, 8), emu_timer_now(test->gpu->emu));
}

struct acquire_case {
	uint32_t op;
	bool wide;
	uint64_t sv, pv;
	bool ok;
};

static void test_acquire(void **state)
{
	static const struct acquire_case cases[] = {
		{ NV_C46F_SEM_OP_ACQUIRE, false, 5, 5, true },
		{ NV_C46F_SEM_OP_ACQUIRE, false, 5, 6, false },
		{ NV_C46F_SEM_OP_ACQUIRE, false, 0x100000005, 5, true },
		{ NV_C46F_SEM_OP_ACQUIRE, true, 0x100000005, 5, false },
		{ NV_C46F_SEM_OP_ACQUIRE, true, 0x100000005, 0x100000005, true },
		{ NV_C46F_SEM_OP_ACQ_STRICT_GEQ, false, 6, 5, true },
		{ NV_C46F_SEM_OP_ACQ_STRICT_GEQ, false, 5, 5, true },
		{ NV_C46F_SEM_OP_ACQ_STRICT_GEQ, false, 0xffffffff, 1, true },
		{ NV_C46F_SEM_OP_ACQ_STRICT_GEQ, false, 0, 0xffffffff, false },
		{ NV_C46F_SEM_OP_ACQ_STRICT_GEQ, true, 0x100000000, 0xffffffff, true },
		{ NV_C46F_SEM_OP_ACQ_CIRC_GEQ, false, 0, 0xffffffff, true },
		{ NV_C46F_SEM_OP_ACQ_CIRC_GEQ, false, 0xffffffff, 0, false },
		{ NV_C46F_SEM_OP_ACQ_CIRC_GEQ, false, 7, 7, true },
		{ NV_C46F_SEM_OP_ACQ_CIRC_GEQ, true, 0, 0xffffffff, false },
		{ NV_C46F_SEM_OP_ACQ_CIRC_GEQ, true, 0, ~0ull, true },
		{ NV_C46F_SEM_OP_ACQ_AND, false, 6, 2, true },
		{ NV_C46F_SEM_OP_ACQ_AND, false, 4, 2, false },
		{ NV_C46F_SEM_OP_ACQ_AND, true, 1ull << 40, 1ull << 40, true },
		{ NV_C46F_SEM_OP_ACQ_NOR, false, 0, 0, true },
		{ NV_C46F_SEM_OP_ACQ_NOR, false, 0xffff0000, 0xffff, false },
		{ NV_C46F_SEM_OP_ACQ_NOR, true, 0xffff0000, 0xffff, true },
	};
	struct host_test *test = *state;
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct acquire_case *c = &cases[i];
		uint64_t target = c->op == NV_C46F_SEM_OP_ACQ_NOR ? 0 : c->pv;

		*sem64(test, 0) = c->sv;
		gpu_semaphore(&test->chan, SEM_VA, c->pv, c->op |
			      (c->wide ? NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT : 0) |
			      NV_C46F_SEM_EXECUTE_SWITCH_TSG);
		gpu_method(&test->chan, 0, NV_C46F_SET_REFERENCE, i + 1);
		gpu_submit(&test->chan, 0);
		if (!c->ok) {
			assert_int_equal(run(test), EMU_HOST_BLOCKED);
			assert_false(emu_host_poll(&test->host));
			assert_int_equal(run(test), EMU_HOST_BLOCKED);
			assert_int_equal(gpu_userd(&test->chan, NV_USERD_REF), i);
			*sem64(test, 0) = target;
			assert_true(emu_host_poll(&test->host));
		}
		assert_int_equal(run(test), EMU_HOST_IDLE);
		assert_int_equal(gpu_userd(&test->chan, NV_USERD_REF), i + 1);
	}
}

static void test_acquire_timeout(void **state)
{
	struct host_test *test = *state;
	uint64_t start;

	/* 1024 ns * 61 * 2^4, about a millisecond */
	gpu_inst_put(&test->chan, NV_RAMFC_ACQUIRE, NV_RAMFC_ACQUIRE_TIMEOUT_EN |
		     NV_PUT(NV_RAMFC_ACQUIRE_TIMEOUT_MAN, 61u) |
		     NV_PUT(NV_RAMFC_ACQUIRE_TIMEOUT_EXP, 4u));
	gpu_semaphore(&test->chan, SEM_VA, 1, NV_C46F_SEM_OP_ACQUIRE);
	gpu_submit(&test->chan, 0);
	start = emu_host_now();
	assert_int_equal(run(test), EMU_HOST_BLOCKED);
	gpu_wait(emu_host_poll(&test->host));
	assert_true(emu_host_now() - start >= 1024 * 61 * 16);
	assert_exception(test, NV_PBDMA_ACQUIRE, NV_C46F_SEM_EXECUTE, NV_C46F_SEM_OP_ACQUIRE);
}

/* What the reduction must give, written apart from the emulator's own. */
static uint64_t expected(uint32_t op, bool wide, bool is_unsigned, uint64_t v, uint64_t p)
{
	bool v_less;

	if (!wide) {
		v = (uint32_t)v;
		p = (uint32_t)p;
	}
	if (is_unsigned)
		v_less = v < p;
	else if (wide)
		v_less = (int64_t)v < (int64_t)p;
	else
		v_less = (int32_t)(uint32_t)v < (int32_t)(uint32_t)p;
	switch (op) {
	case 0:
		return v_less ? v : p;
	case 1:
		return v_less ? p : v;
	case 2:
		return v ^ p;
	case 3:
		return v & p;
	case 4:
		return v | p;
	case 5:
		return wide ? v + p : (v + p) & 0xffffffff;
	case 6:
		return v >= p ? 0 : v + 1;
	default:
		return v == 0 || v > p ? p : v - 1;
	}
}

static void test_reductions(void **state)
{
	static const uint64_t values[] = {
		0, 1, 5, 0x7fffffff, 0x80000000, 0xffffffff, 0x123456789abcdef0, ~0ull,
		0x8000000000000000ull,
	};
	/* Formats that exist, by operation: 32-bit signed, unsigned, 64-bit signed, unsigned. */
	static const char supported[8][5] = {
		"yyyy", "yyyy", "yyyy", "yyyy", "yyyy", "yyny", "nynn", "nynn",
	};
	struct host_test *test = *state;
	unsigned int op, format, v, p;

	for (op = 0; op < 16; op++)
	for (format = 0; format < 4; format++) {
		bool wide = format & 2, is_unsigned = format & 1;
		uint32_t execute = NV_C46F_SEM_OP_REDUCTION |
			NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, op) |
			(wide ? NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT : 0) |
			(is_unsigned ? NV_C46F_SEM_EXECUTE_UNSIGNED : 0);
		bool ok = op < 8 && supported[op][format] == 'y';

		if (!ok) {
			gpu_semaphore(&test->chan, SEM_VA, 1, execute);
			gpu_submit(&test->chan, 0);
			assert_exception(test, NV_PBDMA_SEMAPHORE, NV_C46F_SEM_EXECUTE, execute);
			continue;
		}
		for (v = 0; v < 9; v++)
		for (p = 0; p < 9; p++) {
			*sem64(test, 0) = values[v];
			test->chan.used = 0;
			test->chan.start = 0;
			gpu_semaphore(&test->chan, SEM_VA, values[p], execute);
			submit_and_finish(test);
			if (wide) {
				assert_true(*sem64(test, 0) == expected(op, true, is_unsigned,
									values[v], values[p]));
			} else {
				assert_int_equal(*sem32(test, 0), (uint32_t)
					expected(op, false, is_unsigned, values[v], values[p]));
				assert_int_equal(*sem32(test, 4), values[v] >> 32);
			}
		}
	}
}

static void test_reduction_timestamp(void **state)
{
	struct host_test *test = *state;

	*sem64(test, 0) = 0x5500000004;
	gpu_semaphore(&test->chan, SEM_VA, 3, NV_C46F_SEM_OP_REDUCTION |
		      NV_PUT(NV_C46F_SEM_EXECUTE_REDUCTION, NV_C46F_SEM_REDUCTION_IADD) |
		      NV_C46F_SEM_EXECUTE_TIMESTAMP);
	submit_and_finish(test);
	assert_true(*sem64(test, 0) == 7);
	assert_true(*sem64(test, 8));
}

static void test_semaphore_alignment(void **state)
{
	const uint32_t wide = NV_C46F_SEM_EXECUTE_PAYLOAD_64BIT;
	const uint32_t stamp = NV_C46F_SEM_EXECUTE_TIMESTAMP;
	const struct {
		uint32_t offset, execute;
		bool ok;
	} cases[] = {
		{ 4, NV_C46F_SEM_OP_RELEASE, true },
		{ 4, NV_C46F_SEM_OP_RELEASE | wide, false },
		{ 8, NV_C46F_SEM_OP_RELEASE | wide, true },
		{ 8, NV_C46F_SEM_OP_RELEASE | stamp, false },
		{ 16, NV_C46F_SEM_OP_RELEASE | stamp, true },
		{ 8, NV_C46F_SEM_OP_REDUCTION | stamp, false },
		{ 4, NV_C46F_SEM_OP_ACQUIRE | wide, false },
		{ 4, NV_C46F_SEM_OP_ACQ_AND | wide, false },
		{ 8, NV_C46F_SEM_OP_ACQUIRE | wide | stamp, true },
		{ 0, 7, false },
	};
	struct host_test *test = *state;
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		*sem64(test, 8) = 0;
		gpu_semaphore(&test->chan, SEM_VA + cases[i].offset, 0, cases[i].execute);
		if (cases[i].ok) {
			submit_and_finish(test);
			continue;
		}
		gpu_submit(&test->chan, 0);
		assert_exception(test, NV_PBDMA_SEMAPHORE, NV_C46F_SEM_EXECUTE, cases[i].execute);
	}
}

/* Nor is one read or written across the end of a page, or of all memory, whoever asks for it. */
static void test_semaphore_across_pages(void **state)
{
	struct host_test *test = *state;
	struct emu_mmu_ctx *ctx = &test->gpu->ctx;
	struct emu_mmu_fault fault;
	struct emu_sem sem = { .va = SEM_VA + 0x1ffc, .wide = true, .payload = ~0ull };
	uint64_t value;

	gpu_map(test->gpu, SEM_VA + 0x1000, 12, EMU_SYSTEM, GPU_IOVA + GPU_RAM - 4096, 4096, 0);
	assert_int_equal(emu_sem_load(test->gpu->emu, ctx, sem.va, true, &value, &fault), -EFAULT);
	assert_int_equal(fault.access, EMU_READ);
	assert_int_equal(fault.va, sem.va);
	assert_int_equal(emu_sem_execute(test->gpu->emu, ctx, &sem, &fault), -EFAULT);
	sem.timestamp = true;
	sem.va = SEM_VA + 0x1ff8;
	assert_int_equal(emu_sem_execute(test->gpu->emu, ctx, &sem, &fault), -EFAULT);
	assert_int_equal(fault.access, EMU_WRITE);
	assert_int_equal(gpu_load32(test->gpu, GPU_RAM - 4), 0);
	assert_int_equal(emu_sem_load(test->gpu->emu, ctx, SEM_VA + 0x1ffc, false, &value, &fault), 0);
	assert_int_equal(emu_sem_load(test->gpu->emu, ctx, SEM_VA + 0x1ff8, true, &value, &fault), 0);
}

/* Atomics need a page that allows them; plain releases do not. */
static void test_semaphore_faults(void **state)
{
	struct host_test *test = *state;

	gpu_map(test->gpu, SEM_VA, 12, EMU_SYSTEM, GPU_IOVA + test->sem, 4096,
		NV_MMU_PTE_ATOMIC_DISABLE);
	gpu_semaphore(&test->chan, SEM_VA, 3, NV_C46F_SEM_OP_RELEASE);
	submit_and_finish(test);
	gpu_semaphore(&test->chan, SEM_VA + 4, 3, NV_C46F_SEM_OP_REDUCTION);
	gpu_submit(&test->chan, 0);
	assert_int_equal(run(test), EMU_HOST_ERROR);
	assert_int_equal(test->host.error.code, NV_ERROR_MMU_FAULT);
	assert_int_equal(test->host.error.exception, NV_FAULT_TYPE_ATOMIC);
	assert_true(test->host.error.address == SEM_VA + 4);
	/* It is in the registers as a fault of this engine's Host. */
	assert_int_equal(emu_test_read(test->gpu->emu, NV_VF_FAULT_ADDR_LO), SEM_VA);
	assert_int_equal(emu_test_read(test->gpu->emu, NV_VF_FAULT_INST_LO) & 0x1ff, 33);
	assert_int_equal(emu_test_read(test->gpu->emu, NV_VF_FAULT_INST_LO) & 0xfffff000,
			 (uint32_t)test->host.inst);
	assert_int_equal(NV_GET(NV_FAULT7_CLIENT, emu_test_read(test->gpu->emu, NV_VF_FAULT_INFO)),
			 NV_FAULT_CLIENT_HUB_HOST);
}

/* --- other methods --- */

static void test_plain_methods(void **state)
{
	struct host_test *test = *state;

	gpu_method(&test->chan, 0, NV_C46F_SET_OBJECT, NV_CE_CLASS);
	gpu_method(&test->chan, 4, NV_C46F_SET_OBJECT, NV_CE_CLASS);
	gpu_method(&test->chan, 0, NV_C46F_NOP, 0xffffffff);
	gpu_method(&test->chan, 7, NV_C46F_NOP, 0);	/* host methods ignore the sub-channel */
	gpu_method(&test->chan, 0, NV_C46F_WFI, 0);
	gpu_method(&test->chan, 0, NV_C46F_WFI, NV_C46F_WFI_SCOPE_ALL);
	gpu_method(&test->chan, 0, NV_C46F_SET_REFERENCE, 0xabcd);
	gpu_method(&test->chan, 0, NV_C46F_MEM_OP_C, 1);
	gpu_method(&test->chan, 0, NV_C46F_MEM_OP_D,
		   NV_PUT(NV_C46F_MEM_OP_D_OPERATION, NV_C46F_MEM_OP_D_MEMBAR));
	submit_and_finish(test);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_REF), 0xabcd);
	assert_int_equal(emu_stats_counter(test->gpu->emu->stats, EMU_METHODS), 9);
}

static void test_non_stall_interrupt(void **state)
{
	struct host_test *test = *state;

	gpu_method(&test->chan, 0, NV_C46F_NON_STALL_INTERRUPT, 0);
	submit_and_finish(test);
	assert_true(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_NONSTALL(1)));
	assert_false(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_NONSTALL(0)));
}

static void test_bad_methods(void **state)
{
	static const uint32_t bad[] = {
		NV_C46F_ILLEGAL, 0x0c, 0x10, 0x14, 0x18, 0x1c, 0x24, 0x38, 0x4c, 0x54, 0x58, 0x70,
		0x74, 0x7c, 0x84, 0x88, 0xfc,
	};
	struct host_test *test = *state;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_method_fails(test, 0, bad[i], i, NV_PBDMA_METHOD);
	assert_method_fails(test, 0, NV_C46F_YIELD, 1, NV_PBDMA_METHOD);
	assert_method_fails(test, 0, NV_C46F_SET_OBJECT, 0x902d, NV_PBDMA_HCE_ILLEGAL_CLASS);
	assert_method_fails(test, 5, NV_C46F_SET_OBJECT, NV_CE_CLASS, NV_PBDMA_DEVICE);
	assert_method_fails(test, 5, 0x100, 0, NV_PBDMA_DEVICE);
	assert_method_fails(test, 7, NV_C5B5_LAUNCH_DMA, 0, NV_PBDMA_DEVICE);
	assert_method_fails(test, 4, 0x104, 0, NV_PBDMA_HCE_ILLEGAL_MTHD);
	assert_method_fails(test, 4, NV_C5B5_SET_RENDER_ENABLE_C, 2, NV_PBDMA_HCE_RE_ILLEGAL_OP);
	assert_method_fails(test, 4, NV_C5B5_LAUNCH_DMA, NV_C5B5_LAUNCH_DST_PHYSICAL,
			    NV_PBDMA_HCE_PRIV);
	assert_method_fails(test, 0, NV_C46F_MEM_OP_D, 0x16u << 27, NV_PBDMA_METHOD);
}

/* --- the graphics engine, which has the 2D class and no other --- */

static void assert_graphics_error(struct host_test *test, uint32_t subchannel, uint32_t method,
				  uint32_t data, uint32_t code, uint32_t exception)
{
	uint32_t get;

	gpu_method(&test->chan, subchannel, method, data);
	gpu_submit(&test->chan, 0);
	assert_int_equal(run(test), EMU_HOST_ERROR);
	assert_int_equal(test->host.error.code, code);
	assert_int_equal(test->host.error.exception, exception);
	assert_int_equal(test->host.error.method, method);
	assert_int_equal(test->host.error.data, data);
	get = test->chan.put;
	emu_host_init(&test->host, test->gpu->emu, EMU_GRAPHICS_ENGINE, test->host.inst);
	test->host.gp_get = get;
}

static void test_graphics_errors(void **state)
{
	struct host_test *test = *state;

	assert_graphics_error(test, NV_SUBCHANNEL_2D, NV_C46F_SET_OBJECT, NV_CE_CLASS,
			      NV_ERROR_GR_CLASS, NV_902D_ERROR_ILLEGAL_CLASS);
	assert_graphics_error(test, NV_SUBCHANNEL_CE, NV_C46F_SET_OBJECT, NV_TWOD_CLASS,
			      NV_ERROR_GR_CLASS, NV_902D_ERROR_ILLEGAL_CLASS);
	assert_graphics_error(test, NV_SUBCHANNEL_CE, NV_C5B5_LAUNCH_DMA, 0,
			      NV_ERROR_GR_CLASS, NV_902D_ERROR_ILLEGAL_CLASS);
	assert_graphics_error(test, NV_SUBCHANNEL_2D, 0x104, 0,
			      NV_ERROR_GR_CLASS, NV_902D_ERROR_ILLEGAL_METHOD);
	assert_graphics_error(test, NV_SUBCHANNEL_2D, NV_902D_RENDER_SOLID_PRIM_MODE,
			      NV_902D_PRIM_TRIANGLES, NV_ERROR_GR_CLASS, NV_902D_ERROR_UNSUPPORTED);
	assert_graphics_error(test, NV_SUBCHANNEL_2D, NV_902D_SET_OPERATION, 7,
			      NV_ERROR_GR_EXCEPTION, NV_902D_ERROR_INVALID_VALUE);
	assert_graphics_error(test, 5, NV_902D_SET_OPERATION, 3, NV_ERROR_PBDMA, NV_PBDMA_DEVICE);
	assert_graphics_error(test, 5, NV_C46F_SET_OBJECT, NV_TWOD_CLASS, NV_ERROR_PBDMA,
			      NV_PBDMA_DEVICE);
}

static void put_drawing(struct host_test *test, uint64_t va)
{
	const uint32_t surface[] = {
		NV_902D_FORMAT_Y32, NV_902D_LAYOUT_PITCH, 0, 0, 0, 256, 64, 4,
		(uint32_t)(va >> 32), (uint32_t)va,
	};
	unsigned int i;

	gpu_method(&test->chan, NV_SUBCHANNEL_2D, NV_C46F_SET_OBJECT, NV_TWOD_CLASS);
	gpu_push(&test->chan, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D, NV_902D_SET_DST_FORMAT, 10));
	for (i = 0; i < 10; i++)
		gpu_push(&test->chan, surface[i]);
	gpu_method(&test->chan, NV_SUBCHANNEL_2D, NV_902D_SET_OPERATION,
		   NV_902D_OPERATION_SRCCOPY);
	gpu_push(&test->chan, NV_PB_HEADER(INC, NV_SUBCHANNEL_2D, NV_902D_RENDER_SOLID_PRIM_MODE, 3));
	gpu_push(&test->chan, NV_902D_PRIM_RECTS);
	gpu_push(&test->chan, NV_902D_FORMAT_Y32);
	gpu_push(&test->chan, 0xc0ffee);
	gpu_push(&test->chan, NV_PB_HEADER(NON_INC, NV_SUBCHANNEL_2D, NV_902D_PRIM_POINT_X_Y, 2));
	gpu_push(&test->chan, 8);
	gpu_push(&test->chan, 64 | 4 << 16);
}

static void test_graphics(void **state)
{
	struct host_test *test = *state;

	put_drawing(test, SEM_VA);
	gpu_method(&test->chan, 0, NV_C46F_NON_STALL_INTERRUPT, 0);
	/* The release comes after the drawing. */
	gpu_semaphore(&test->chan, SEM_VA, 1, NV_C46F_SEM_OP_RELEASE);
	submit_and_finish(test);
	assert_int_equal(gpu_load32(test->gpu, test->sem), 1);
	assert_int_equal(gpu_load32(test->gpu, test->sem + 7 * 4), 0);
	assert_int_equal(gpu_load32(test->gpu, test->sem + 8 * 4), 0xc0ffee);
	assert_int_equal(gpu_load32(test->gpu, test->sem + 255 * 4), 0xc0ffee);
	assert_int_equal(gpu_load32(test->gpu, test->sem + 256 * 4), 0);
	assert_true(gpu_irq_take(test->gpu, NV_VECTOR_ENGINE_NONSTALL(EMU_GRAPHICS_ENGINE)));
}

static void test_graphics_fault(void **state)
{
	struct host_test *test = *state;

	put_drawing(test, 0x70000000);
	gpu_submit(&test->chan, 0);
	assert_int_equal(run(test), EMU_HOST_ERROR);
	assert_int_equal(test->host.error.code, NV_ERROR_MMU_FAULT);
	assert_int_equal(test->host.error.method, NV_902D_PRIM_POINT_X_Y);
	assert_int_equal(test->host.error.data, 64 | 4 << 16);
	assert_true(test->host.error.address == 0x70000020);
	assert_int_equal(emu_test_read(test->gpu->emu, NV_VF_FAULT_INST_LO) & 0x1ff,
			 NV_FAULT_ENGINE_GRAPHICS);
	assert_int_equal(NV_GET(NV_FAULT7_CLIENT, emu_test_read(test->gpu->emu, NV_VF_FAULT_INFO)),
			 NV_FAULT_CLIENT_HUB_RASTERTWOD);
}

static void test_yield(void **state)
{
	struct host_test *test = *state;

	gpu_method(&test->chan, 0, NV_C46F_YIELD, NV_C46F_YIELD_NOP);
	gpu_method(&test->chan, 0, NV_C46F_YIELD, NV_C46F_YIELD_TSG);
	gpu_method(&test->chan, 0, NV_C46F_YIELD, NV_C46F_YIELD_RUNLIST_TIMESLICE);
	gpu_method(&test->chan, 0, NV_C46F_SET_REFERENCE, 1);
	gpu_submit(&test->chan, 0);
	assert_int_equal(run(test), EMU_HOST_SLICE);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_REF), 0);
	assert_int_equal(run(test), EMU_HOST_IDLE);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_REF), 1);
}

static void invalidate_method(struct host_test *test, uint32_t op, uint64_t pdb, uint64_t va,
			      uint32_t log_pages, bool all)
{
	gpu_push(&test->chan, NV_PB_HEADER(INC, 0, NV_C46F_MEM_OP_A, 4));
	gpu_push(&test->chan, (uint32_t)va | log_pages);
	gpu_push(&test->chan, (uint32_t)(va >> 32));
	gpu_push(&test->chan, (uint32_t)pdb | (all ? NV_C46F_MEM_OP_C_PDB_ALL : 0));
	gpu_push(&test->chan, NV_PUT(NV_C46F_MEM_OP_D_OPERATION, op) | (uint32_t)(pdb >> 32));
}

/* Does the next release go to video memory at @addr? */
static bool releases_to(struct host_test *test, uint64_t va, uint64_t addr)
{
	static uint32_t payload;

	gpu_semaphore(&test->chan, va, ++payload, NV_C46F_SEM_OP_RELEASE);
	submit_and_finish(test);
	return (uint32_t)gpu_vram_read64(test->gpu, addr) == payload;
}

static void test_tlb_invalidate(void **state)
{
	struct host_test *test = *state;
	struct gpu *gpu = test->gpu;
	uint64_t va = 0x30000000;

	gpu_map(gpu, va, 12, EMU_VIDEO, 0x1000, 0x2000, 0);
	assert_true(releases_to(test, va, 0x1000));
	assert_true(releases_to(test, va + 0x1000, 0x2000));
	gpu_map(gpu, va, 12, EMU_VIDEO, 0x5000, 0x2000, 0);
	assert_true(releases_to(test, va, 0x1000));

	/* Another address space; then one page of ours; then all of it. */
	invalidate_method(test, NV_C46F_MEM_OP_D_TLB_INVALIDATE, gpu->root + 0x1000, 0, 0, false);
	assert_true(releases_to(test, va, 0x1000));
	invalidate_method(test, NV_C46F_MEM_OP_D_TLB_INVALIDATE_TARGETED, gpu->root, va + 0x1000, 0,
			  false);
	assert_true(releases_to(test, va, 0x1000));
	assert_true(releases_to(test, va + 0x1000, 0x6000));
	invalidate_method(test, NV_C46F_MEM_OP_D_TLB_INVALIDATE, gpu->root, 0, 0, false);
	assert_true(releases_to(test, va, 0x5000));
	gpu_map(gpu, va, 12, EMU_VIDEO, 0x1000, 0x1000, 0);
	invalidate_method(test, NV_C46F_MEM_OP_D_TLB_INVALIDATE, 0, 0, 0, true);
	assert_true(releases_to(test, va, 0x1000));
	assert_int_equal(emu_stats_counter(gpu->emu->stats, EMU_TLB_INVALIDATES), 4);
}

static void test_tlb_invalidate_is_privileged(void **state)
{
	struct host_test *test = *state;

	assert_method_fails(test, 0, NV_C46F_MEM_OP_D, NV_C46F_MEM_OP_D_TLB_INVALIDATE << 27,
			    NV_PBDMA_METHOD);
	assert_method_fails(test, 0, NV_C46F_MEM_OP_D,
			    NV_C46F_MEM_OP_D_TLB_INVALIDATE_TARGETED << 27, NV_PBDMA_METHOD);
	assert_int_equal(emu_stats_counter(test->gpu->emu->stats, EMU_TLB_INVALIDATES), 0);
}

/* --- GPFIFO and segments --- */

static void test_split_method(void **state)
{
	struct host_test *test = *state;

	gpu_push(&test->chan, NV_PB_HEADER(INC, 0, NV_C46F_SEM_ADDR_LO, 5));
	gpu_push(&test->chan, (uint32_t)SEM_VA);
	gpu_submit(&test->chan, 0);
	gpu_push(&test->chan, 0);
	gpu_push(&test->chan, 99);
	gpu_push(&test->chan, 0);
	gpu_submit(&test->chan, NV_GP_ENTRY1_SYNC);
	gpu_push(&test->chan, NV_C46F_SEM_OP_RELEASE);
	submit_and_finish(test);
	assert_int_equal(*sem32(test, 0), 99);
}

static void test_split_into_conditional(void **state)
{
	struct host_test *test = *state;
	uint64_t va;

	gpu_push(&test->chan, NV_PB_HEADER(INC, 0, NV_C46F_SEM_ADDR_LO, 2));
	gpu_push(&test->chan, 0);
	gpu_submit(&test->chan, 0);
	va = GPU_PUSH_VA + test->chan.chid * 0x10000ull;
	gpu_gp_entry(&test->chan, (uint32_t)va | NV_GP_ENTRY0_FETCH, 1u << 10);
	assert_exception(test, NV_PBDMA_PBSEG, 0, 1u << 10);
	/* On its own, a conditional segment is fetched. */
	gpu_method(&test->chan, 0, NV_C46F_SET_REFERENCE, 5);
	va += test->chan.start * 4;
	gpu_gp_entry(&test->chan, (uint32_t)va | NV_GP_ENTRY0_FETCH, 2u << 10);
	assert_int_equal(run(test), EMU_HOST_IDLE);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_REF), 5);
}

static void test_end_segment(void **state)
{
	struct host_test *test = *state;

	gpu_method(&test->chan, 0, NV_C46F_SET_REFERENCE, 1);
	gpu_push(&test->chan, 0xe0000000);
	gpu_method(&test->chan, 0, NV_C46F_SET_REFERENCE, 2);
	submit_and_finish(test);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_REF), 1);
	gpu_method(&test->chan, 0, NV_C46F_SET_REFERENCE, 3);
	submit_and_finish(test);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_REF), 3);
}

static void test_control_entries(void **state)
{
	struct host_test *test = *state;

	gpu_gp_entry(&test->chan, 0, NV_GP_ENTRY1_OPCODE_NOP);
	gpu_gp_entry(&test->chan, 0x1234, NV_GP_ENTRY1_OPCODE_GP_CRC | NV_GP_ENTRY1_SYNC);
	gpu_gp_entry(&test->chan, 0x1234, NV_GP_ENTRY1_OPCODE_PB_CRC);
	assert_int_equal(run(test), EMU_HOST_IDLE);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_GP_GET), 3);
	gpu_gp_entry(&test->chan, 0, NV_GP_ENTRY1_OPCODE_ILLEGAL);
	assert_exception(test, NV_PBDMA_GPENTRY, 0, NV_GP_ENTRY1_OPCODE_ILLEGAL);
	gpu_gp_entry(&test->chan, 0, 4);
	assert_exception(test, NV_PBDMA_GPENTRY, 0, 4);
	/* The last dword of the 40-bit space cannot be used. */
	gpu_gp_entry(&test->chan, 0xfffffffc, 0xff | 1u << 10);
	assert_exception(test, NV_PBDMA_GPENTRY, 0, 0xff | 1u << 10);
}

static void test_userd(void **state)
{
	struct host_test *test = *state;
	uint64_t base = GPU_PUSH_VA + test->chan.chid * 0x10000ull;

	gpu_method(&test->chan, 0, NV_C46F_NOP, 0);
	gpu_method(&test->chan, 0, NV_C46F_YIELD, NV_C46F_YIELD_RUNLIST_TIMESLICE);
	gpu_method(&test->chan, 0, NV_C46F_NOP, 0);
	gpu_submit(&test->chan, 0);
	assert_int_equal(run(test), EMU_HOST_SLICE);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_GET), base + 16);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_PUT), base + 24);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_TOP_LEVEL_GET), base + 16);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_TOP_LEVEL_GET_HI), NV_BIT(31));
	assert_int_equal(run(test), EMU_HOST_IDLE);
	/* A subroutine moves GET and leaves TOP_LEVEL_GET. */
	gpu_method(&test->chan, 0, NV_C46F_NOP, 0);
	gpu_submit(&test->chan, NV_GP_ENTRY1_LEVEL);
	assert_int_equal(run(test), EMU_HOST_IDLE);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_GET), base + 32);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_TOP_LEVEL_GET), base + 24);
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_GP_PUT), 2);
}

static void test_ring_wraps(void **state)
{
	struct host_test *test = *state;
	unsigned int i;

	gpu_method(&test->chan, 0, NV_C46F_NOP, 0);
	for (i = 0; i < 3 * GPU_RING_ENTRIES / 2; i++) {
		test->chan.start = 0;
		submit_and_finish(test);
	}
	assert_int_equal(test->host.gp_get, GPU_RING_ENTRIES / 2);
	gpu_store32(test->gpu, test->chan.userd + NV_USERD_GP_PUT, GPU_RING_ENTRIES);
	test->chan.put = 0;
	assert_exception(test, NV_PBDMA_GPPTR, 0, GPU_RING_ENTRIES);
}

static void test_instance_block(void **state)
{
	struct host_test *test = *state;

	gpu_inst_put(&test->chan, NV_RAMFC_SIGNATURE, 0x1234);
	assert_exception(test, NV_PBDMA_SIGNATURE, 0, 0x1234);
	gpu_inst_put(&test->chan, NV_RAMFC_SIGNATURE, NV_HOST_CLASS);
	assert_int_equal(run(test), EMU_HOST_IDLE);
	gpu_inst_put(&test->chan, NV_RAMFC_GP_BASE, 0xfffff008);
	gpu_inst_put(&test->chan, NV_RAMFC_GP_BASE_HI, 0xff | 9u << 16);
	assert_exception(test, NV_PBDMA_GPFIFO, 0, 0);
	gpu_inst_write(&test->chan, false);
	gpu_inst_put(&test->chan, NV_INST_PDB_LO, 1);
	gpu_gp_entry(&test->chan, 0, 0);
	assert_int_equal(run(test), EMU_HOST_ERROR);
	assert_int_equal(test->host.error.code, NV_ERROR_MMU_FAULT);
	assert_int_equal(test->host.error.exception, NV_FAULT_TYPE_UNBOUND_INST);
}

/* A stop is seen between any two methods, and nothing is lost by it. */
static void test_stop_and_go(void **state)
{
	struct host_test *test = *state;
	unsigned int i, runs = 0;
	enum emu_host_result result;

	for (i = 1; i <= 10; i++)
		gpu_method(&test->chan, 0, NV_C46F_SET_REFERENCE, i);
	gpu_submit(&test->chan, 0);
	atomic_store(&test->stop, true);
	do {
		result = run(test);
		runs++;
	} while (result == EMU_HOST_STOPPED);
	assert_int_equal(result, EMU_HOST_IDLE);
	assert_int_equal(runs, 10 * 2 + 3);	/* entry, fetch, twenty dwords, the end */
	assert_int_equal(gpu_userd(&test->chan, NV_USERD_REF), 10);
}

/*
 * Random dwords, most of them headers of methods that exist, with data that
 * often makes sense: the channel must end idle, waiting or in an error, and touch only its memory.
 */
static void push_random(struct host_test *test)
{
	static const uint32_t methods[] = {
		NV_C46F_SET_OBJECT, NV_C46F_SEM_ADDR_LO, NV_C46F_SEM_ADDR_HI, NV_C46F_SEM_PAYLOAD_LO,
		NV_C46F_SEM_EXECUTE, NV_C46F_MEM_OP_D, NV_C46F_WFI, NV_C46F_YIELD,
		NV_C5B5_SET_SEMAPHORE_A, NV_C5B5_SET_SEMAPHORE_B, NV_C5B5_OFFSET_IN_UPPER,
		NV_C5B5_OFFSET_IN_LOWER, NV_C5B5_OFFSET_OUT_UPPER, NV_C5B5_OFFSET_OUT_LOWER,
		NV_C5B5_PITCH_IN, NV_C5B5_LINE_LENGTH_IN, NV_C5B5_LINE_COUNT,
		NV_C5B5_SET_REMAP_COMPONENTS, NV_C5B5_SET_DST_BLOCK_SIZE, NV_C5B5_SET_DST_WIDTH,
		NV_C5B5_SET_SRC_BLOCK_SIZE, NV_C5B5_SET_SRC_WIDTH, NV_C5B5_SRC_ORIGIN_X,
		NV_C5B5_LAUNCH_DMA,
	};
	static const uint32_t ops[] = { 1, 1, 1, 3, 4, 5, 0, 7 };
	uint32_t method = methods[gpu_random() % (sizeof(methods) / sizeof(methods[0]))];
	uint32_t count = gpu_random() % 6, data;

	if (gpu_random() % 64 == 0) {
		gpu_push(&test->chan, gpu_random() * 2u);
		return;
	}
	gpu_push(&test->chan, ops[gpu_random() % 8] << 29 | count << 16 |
			      (gpu_random() % 40 ? 4u : 7u) << 13 | method >> 2);
	while (count--) {
		switch (gpu_random() % 5) {
		case 0:
			data = gpu_random() * 2u;
			break;
		case 1:
			data = (uint32_t)SEM_VA + gpu_random() % 4096;
			break;
		case 2:
			data = gpu_random() & 0x1fff;
			break;
		default:
			data = gpu_random() % 70;
		}
		gpu_push(&test->chan, data);
	}
}

static void test_random_push_buffers(void **state)
{
	struct host_test *test = *state;
	unsigned int round, i, results[EMU_HOST_ERROR + 1] = { 0 };

	gpu_seed();
	/* Both sides of the page that copies hit are not mapped. */
	for (round = 0; round < 4000; round++) {
		enum emu_host_result result;
		uint32_t get;

		test->chan.used = 0;
		test->chan.start = 0;
		for (i = 0; i < 60; i++)
			push_random(test);
		gpu_submit(&test->chan, gpu_random() % 2 ? NV_GP_ENTRY1_SYNC : 0);
		do {
			result = run(test);
		} while (result == EMU_HOST_SLICE);
		results[result]++;
		/* Start again behind it, now and then with the state that it left. */
		get = test->chan.put;
		if (result != EMU_HOST_IDLE || gpu_random() % 8 == 0)
			emu_host_init(&test->host, test->gpu->emu, 1, test->host.inst);
		test->host.gp_get = get;
	}
	assert_int_equal(results[EMU_HOST_STOPPED], 0);
	assert_true(results[EMU_HOST_ERROR]);
	assert_int_equal(emu_test_violations(test->gpu->emu), 0);
}

#define host_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test(test_release),
		host_test(test_release_timestamp),
		host_test(test_acquire),
		host_test(test_acquire_timeout),
		host_test(test_reductions),
		host_test(test_reduction_timestamp),
		host_test(test_semaphore_alignment),
		host_test(test_semaphore_across_pages),
		host_test(test_semaphore_faults),
		host_test(test_plain_methods),
		host_test(test_non_stall_interrupt),
		host_test(test_bad_methods),
		host_test(test_yield),
		cmocka_unit_test_setup_teardown(test_graphics, setup_graphics, teardown),
		cmocka_unit_test_setup_teardown(test_graphics_errors, setup_graphics, teardown),
		cmocka_unit_test_setup_teardown(test_graphics_fault, setup_graphics, teardown),
		cmocka_unit_test_setup_teardown(test_tlb_invalidate, setup_privileged, teardown),
		host_test(test_tlb_invalidate_is_privileged),
		host_test(test_split_method),
		host_test(test_split_into_conditional),
		host_test(test_end_segment),
		host_test(test_control_entries),
		host_test(test_userd),
		host_test(test_ring_wraps),
		host_test(test_instance_block),
		host_test(test_stop_and_go),
		host_test(test_random_push_buffers),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
