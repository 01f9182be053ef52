/* SPDX-License-Identifier: MIT */
/* Chaos: that seeds replay, that each kind of lie is told, what lies excuse, and that they end. */
#define _GNU_SOURCE
#include "fw_driver.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../emu_chaos.h"
#include "../emu_ctl.h"
#include "../emu_fault.h"
#include "../emu_sem.h"
#include "regs/nv_pmc.h"
#include "regs/nv_timer.h"

#define ASKED	256u

/* The kinds of one category. */
static uint64_t all_of(enum emu_chaos_category category)
{
	uint64_t kinds = 0;

	assert_true(emu_chaos_parse(emu_chaos_category_name(category), &kinds));
	return kinds;
}

static void start(struct emu *emu, uint32_t seed, uint32_t rate, uint64_t kinds)
{
	emu_lock(emu);
	emu_chaos_start(emu, seed, rate, kinds);
	emu_unlock(emu);
}

static void stop(struct emu *emu)
{
	emu_lock(emu);
	emu_chaos_stop(emu);
	emu_unlock(emu);
}

static uint64_t lies(struct emu *emu, enum emu_chaos_kind kind)
{
	struct emu_chaos_stats stats;

	emu_chaos_get_stats(emu, &stats);
	return stats.kinds[kind];
}

/* --- decisions --- */

/* What a seed decides about every kind, and with which content. */
static void record(struct emu *emu, uint32_t seed, uint64_t out[EMU_CHAOS_KINDS][ASKED])
{
	unsigned int kind, n;

	start(emu, seed, 0, EMU_CHAOS_ALL);
	for (kind = 0; kind < EMU_CHAOS_KINDS; kind++)
		for (n = 0; n < ASKED; n++)
			if (!emu_chaos_hit(emu, kind, &out[kind][n]))
				out[kind][n] = 0;
	stop(emu);
}

static void test_replays(void **state)
{
	static uint64_t first[EMU_CHAOS_KINDS][ASKED], again[EMU_CHAOS_KINDS][ASKED];
	struct emu *emu = ((struct gpu *)*state)->emu;

	record(emu, 7, first);
	record(emu, 8, again);
	assert_memory_not_equal(first, again, sizeof(first));
	record(emu, 7, again);
	assert_memory_equal(first, again, sizeof(first));
}

/* Over many seeds every kind lies, and no seed lies about everything. */
static void test_seeds_choose(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;
	unsigned int told[EMU_CHAOS_KINDS] = { 0 };
	static uint64_t out[EMU_CHAOS_KINDS][ASKED];
	uint32_t seed;
	unsigned int kind, n;

	for (seed = 0; seed < 200; seed++) {
		unsigned int active = 0;

		record(emu, seed, out);
		for (kind = 0; kind < EMU_CHAOS_KINDS; kind++) {
			for (n = 0; n < ASKED && !out[kind][n]; n++)
				;
			told[kind] += n < ASKED;
			active += n < ASKED;
		}
		assert_true(active < EMU_CHAOS_KINDS);
	}
	for (kind = 0; kind < EMU_CHAOS_KINDS; kind++)
		if (!told[kind])
			fail_msg("no seed lies about %s", emu_chaos_kind_name(kind));
}

static void test_categories(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;
	unsigned int category, kind;
	uint64_t random;

	for (category = 0; category < EMU_CHAOS_CATEGORIES; category++) {
		start(emu, 1, 1, all_of(category));
		for (kind = 0; kind < EMU_CHAOS_KINDS; kind++)
			assert_int_equal(emu_chaos_hit(emu, kind, &random),
					 emu_chaos_category_of(kind) == category);
		stop(emu);
	}
	for (kind = 0; kind < EMU_CHAOS_KINDS; kind++)
		assert_false(emu_chaos_hit(emu, kind, &random));
}

/* One kind alone, by its name; but a category of one kind may be named as that. */
static void test_kinds(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;
	unsigned int kind, other;
	uint64_t random;

	for (kind = 0; kind < EMU_CHAOS_KINDS; kind++) {
		uint64_t kinds = 0;

		assert_true(emu_chaos_parse(emu_chaos_kind_name(kind), &kinds));
		start(emu, 1, 1, kinds);
		for (other = 0; other < EMU_CHAOS_KINDS; other++)
			assert_int_equal(emu_chaos_hit(emu, other, &random), other == kind);
		stop(emu);
	}
}

/* --- excuses --- */

static void test_excuses(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;
	struct emu_chaos_stats stats;
	uint64_t random;
	unsigned int kind;

	emu_violation(emu, EMU_VIOLATION_DMA_UNMAPPED, "before any lie");
	assert_int_equal(emu_test_violations(emu), 1);
	start(emu, 1, 1, EMU_CHAOS_ALL);
	emu_violation(emu, EMU_VIOLATION_DMA_UNMAPPED, "on, but no lie was told");
	assert_int_equal(emu_test_violations(emu), 2);
	for (kind = 0; kind < EMU_CHAOS_KINDS; kind++)
		emu_chaos_hit(emu, kind, &random);
	emu_violation(emu, EMU_VIOLATION_DMA_UNMAPPED, "follows from a lie");
	emu_violation(emu, EMU_VIOLATION_DMA_NO_BUS_MASTER, "follows from a lie");
	emu_violation(emu, EMU_VIOLATION_DEAD_DOORBELL, "follows from a lie");
	emu_violation(emu, EMU_VIOLATION_FW_MALFORMED, "follows from a lie");
	assert_int_equal(emu_test_violations(emu), 2);
	emu_chaos_get_stats(emu, &stats);
	assert_int_equal(stats.excused, 4);
	/* No lie makes a driver do these. */
	emu_violation(emu, EMU_VIOLATION_REG_AFTER_SHUTDOWN, "never excused");
	emu_violation(emu, EMU_VIOLATION_REG_ACCESS, "never excused");
	assert_int_equal(emu_test_violations(emu), 4);
	/* After chaos the consequences may still come; after a reset they may not. */
	stop(emu);
	emu_violation(emu, EMU_VIOLATION_DMA_UNMAPPED, "still follows");
	assert_int_equal(emu_test_violations(emu), 4);
	emu_lock(emu);
	emu_reset(emu);
	emu_unlock(emu);
	emu_violation(emu, EMU_VIOLATION_DMA_UNMAPPED, "after a reset");
	assert_int_equal(emu_test_violations(emu), 5);
}

/* The interrupt of a bad clock is no excuse for DMA to unmapped memory. */
static void test_excuse_fits(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;
	uint64_t random;

	start(emu, 1, 1, all_of(EMU_CHAOS_TIME));
	assert_true(emu_chaos_hit(emu, EMU_LIE_TIME_JUMP, &random));
	emu_violation(emu, EMU_VIOLATION_DMA_UNMAPPED, "has nothing to do with time");
	assert_int_equal(emu_test_violations(emu), 1);
}

/* --- lies --- */

static uint64_t ptimer(struct emu *emu)
{
	return (uint64_t)emu_test_read(emu, NV_PTIMER_TIME_1) << 32 |
	       emu_test_read(emu, NV_PTIMER_TIME_0);
}

static void test_registers(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;
	uint32_t honest = emu_test_read(emu, NV_VF_FAULT_BUFFER_SIZE(0));
	unsigned int wrong = 0, i;

	start(emu, 3, 2, all_of(EMU_CHAOS_REGISTER));
	for (i = 0; i < 100; i++)
		wrong += emu_test_read(emu, NV_VF_FAULT_BUFFER_SIZE(0)) != honest;
	assert_in_range(wrong, 1, 100);
	for (i = 0; i < 100; i++)
		emu_test_write(emu, NV_VF_MAILBOX(15), i);
	assert_true(lies(emu, EMU_LIE_READ) && lies(emu, EMU_LIE_READ_ONES));
	assert_true(lies(emu, EMU_LIE_WRITE_LOST));
	stop(emu);
	for (i = 0; i < 100; i++)
		assert_int_equal(emu_test_read(emu, NV_VF_FAULT_BUFFER_SIZE(0)), honest);
	emu_test_write(emu, NV_VF_MAILBOX(15), 4711);
	assert_int_equal(emu_test_read(emu, NV_VF_MAILBOX(15)), 4711);
	assert_int_equal(emu_test_violations(emu), 0);
}

/* Offsets between the registers of each block: undefined, whether the write arrives or not. */
static void test_lost_undefined(void **state)
{
	static const uint32_t offsets[] = {
		0x10, 0x9000, NV_CTRL_VIRTUAL_CHANNEL_CFG(0) + 4, 0xb81020,
		NV_VF_FAULT_STATUS + 4, NV_VF_INVALIDATE + 4,
	};
	static const uint32_t defined[] = {
		NV_PMC_BOOT_0, NV_PTIMER_ALARM_0, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		NV_VF_INTR_LEAF_TRIGGER, NV_VF_MAILBOX(15), NV_VF_FAULT_STATUS, NV_VF_INVALIDATE,
		NV_VF_INTR_TOP, NV_VF_INTR_TOP_EN_CLEAR, NV_VF_INTR_LEAF_EN_CLEAR(7),
	};
	struct emu *emu = ((struct gpu *)*state)->emu;
	uint64_t kinds = 0;
	unsigned int i;

	assert_true(emu_chaos_parse("write-lost", &kinds));
	start(emu, 1, 1, kinds);
	for (i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		emu_test_write(emu, offsets[i], 1);
		assert_int_equal(emu_stats_violations(emu->stats, EMU_VIOLATION_REG_ACCESS), i + 1);
	}
	for (i = 0; i < sizeof(defined) / sizeof(*defined); i++)
		emu_test_write(emu, defined[i], ~0u);
	assert_true(lies(emu, EMU_LIE_WRITE_LOST) >= sizeof(defined) / sizeof(*defined));
	assert_int_equal(emu_test_violations(emu), sizeof(offsets) / sizeof(*offsets));
	stop(emu);
}

static void test_time(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;
	unsigned int backwards = 0, i;
	uint64_t before = ptimer(emu), now;

	start(emu, 5, 2, all_of(EMU_CHAOS_TIME));
	for (i = 0; i < 100; i++) {
		now = ptimer(emu);
		backwards += now < before;
		before = now;
	}
	assert_true(backwards);
	stop(emu);
	before = ptimer(emu);
	assert_true(ptimer(emu) >= before);
	assert_true(emu_timer_now(emu) - before < 60000000000ull);
}

static void test_tlb(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;
	uint64_t invalidates = emu_stats_counter(emu->stats, EMU_TLB_INVALIDATES);
	unsigned int i;

	start(emu, 1, 1, all_of(EMU_CHAOS_TLB));
	emu_test_write(emu, NV_VF_INVALIDATE, NV_VF_INVALIDATE_TRIGGER | NV_VF_INVALIDATE_ALL_PDB);
	for (i = 0; i < 100; i++)
		assert_true(emu_test_read(emu, NV_VF_INVALIDATE) & NV_VF_INVALIDATE_TRIGGER);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_TLB_INVALIDATES), invalidates);
	/* What was left out is made up for. */
	stop(emu);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_TLB_INVALIDATES), invalidates + 1);
	assert_false(emu_test_read(emu, NV_VF_INVALIDATE) & NV_VF_INVALIDATE_TRIGGER);
}

/* The device tries memory it was not given, and gets none of it. */
static void test_dma(void **state)
{
	struct gpu *gpu = *state;
	struct emu *emu = gpu->emu;
	struct emu_chaos_stats stats;
	uint8_t *before = malloc(GPU_RAM);
	uint64_t addr;
	unsigned int i;

	assert_non_null(before);
	assert_int_equal(emu_mem_map(emu, 0x1000, 0x1000, gpu->fd, 0, true, true), 0);
	assert_int_equal(emu_mem_unmap(emu, 0x1000, 0x1000), 0);
	assert_true(emu_mem_stale(emu, 12345, &addr));
	assert_in_range(addr, 0x1000, 0x1fff);
	assert_false(emu_mem_try(emu, addr, true));
	assert_true(emu_mem_try(emu, GPU_IOVA, true));
	memcpy(before, gpu->ram, GPU_RAM);

	start(emu, 1, 1, all_of(EMU_CHAOS_DMA));
	for (i = 0; i < 50; i++)
		emu_test_read(emu, NV_VF_MAILBOX(15));
	stop(emu);
	emu_chaos_get_stats(emu, &stats);
	assert_true(stats.kinds[EMU_LIE_DMA_OUTSIDE] >= 50 && stats.kinds[EMU_LIE_DMA_STALE] >= 50);
	assert_in_range(stats.dma_blocked, 51, 100);
	assert_int_equal(emu_test_violations(emu), 0);
	/* The map is small enough to be an IOMMU's: what was given is scribbled on. */
	assert_memory_not_equal(before, gpu->ram, GPU_RAM);
	free(before);
}

static void test_gone(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;

	start(emu, 1, 1, all_of(EMU_CHAOS_GONE));
	emu_test_read(emu, NV_VF_MAILBOX(15));
	assert_int_equal(emu_test_read(emu, NV_VF_MAILBOX(15)), 0xffffffff);
	emu_heal(emu);
	assert_int_equal(lies(emu, EMU_LIE_GONE), 1);
	emu_test_config_write(emu, 0x04, 0x6, 2);
	assert_int_equal(emu_test_read(emu, NV_VF_MAILBOX(15)), 0);
}

static void set_fault_buffer(struct gpu *gpu, uint64_t at)
{
	uint64_t addr = GPU_IOVA + at;

	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0), 0);
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_HI(0), addr >> 32);
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_LO(0), (uint32_t)addr |
		       NV_PUT(NV_VF_FAULT_BUFFER_LO_APERTURE, 2u) |
		       NV_VF_FAULT_BUFFER_LO_ADDR_MODE);
	emu_test_write(gpu->emu, NV_VF_FAULT_BUFFER_SIZE(0), 64 | NV_VF_FAULT_BUFFER_SIZE_ENABLE);
}

/* A fault out of nothing, of which the packet is garbage or valid late. */
static void test_fault(void **state)
{
	struct gpu *gpu = *state;
	struct emu *emu = gpu->emu;
	uint64_t at = gpu_ram_alloc(gpu, 4096);

	set_fault_buffer(gpu, at);
	start(emu, 2, 1, all_of(EMU_CHAOS_FAULT));
	emu_test_read(emu, NV_VF_MAILBOX(15));
	stop(emu);
	assert_int_equal(lies(emu, EMU_LIE_FAULT), 1);
	assert_int_equal(lies(emu, EMU_LIE_PACKET), 1);
	assert_true(gpu_irq_take(gpu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY));
	assert_int_equal(emu_test_read(emu, NV_VF_FAULT_BUFFER_PUT(0)), 1);
	assert_false(gpu_load32(gpu, at + 28) & NV_FAULT7_VALID);
	emu_test_write(emu, NV_VF_FAULT_BUFFER_GET(0), 1);
	assert_true(gpu_load32(gpu, at + 28) & NV_FAULT7_VALID);
	assert_int_equal(emu_test_violations(emu), 0);
}

/* A packet that was held back is forgotten with its buffer; the next one is not written to. */
static void test_late_fault_of_old_buffer(void **state)
{
	struct gpu *gpu = *state;
	struct emu *emu = gpu->emu;
	uint64_t old = gpu_ram_alloc(gpu, 4096), fresh = gpu_ram_alloc(gpu, 4096);

	set_fault_buffer(gpu, old);
	start(emu, 2, 1, all_of(EMU_CHAOS_FAULT));
	emu_test_read(emu, NV_VF_MAILBOX(15));
	stop(emu);
	assert_int_equal(lies(emu, EMU_LIE_PACKET_LATE), 1);
	assert_int_equal(emu_test_read(emu, NV_VF_FAULT_BUFFER_PUT(0)), 1);
	set_fault_buffer(gpu, fresh);
	emu_test_write(emu, NV_VF_FAULT_BUFFER_GET(0), 0);
	assert_int_equal(gpu_load32(gpu, fresh + 28), 0);
	assert_int_equal(emu_test_violations(emu), 0);
}

static void test_release(void **state)
{
	struct gpu *gpu = *state;
	struct emu *emu = gpu->emu;
	unsigned int wrong = 0, i;

	start(emu, 1, 2, all_of(EMU_CHAOS_SEMAPHORE));
	for (i = 0; i < 100; i++) {
		uint64_t payload = 1000;

		if (!emu_chaos_release(emu, &payload) || payload != 1000)
			wrong++;
	}
	assert_in_range(wrong, 20, 99);
	stop(emu);
}

/* --- firmware --- */

/* One lie about the message that answers GET_INFO; the firmware goes on afterwards. */
static void lie_once(struct fw_driver *fw, enum emu_chaos_category category, bool *silent)
{
	struct emu *emu = fw->gpu->emu;
	struct fw_message message;
	unsigned int i;

	start(emu, 11, 1, all_of(category));
	fw_prepare(fw, NOVA_FW_CMD_GET_INFO, NULL, 0);
	fw_kick(fw);
	gpu_wait(lies(emu, EMU_LIE_SILENCE));
	*silent = true;
	for (i = 0; i < 2000 && *silent; i++) {
		*silent = !fw_poll(fw, &message);
		usleep(50);
	}
	stop(emu);
}

static void test_messages(void **state)
{
	struct fw_driver fw;
	struct gpu *gpu = *state;
	bool silent;

	fw_driver_init(gpu, &fw);
	fw_boot(&fw);
	lie_once(&fw, EMU_CHAOS_MESSAGE, &silent);
	assert_true(silent);
	assert_true(lies(gpu->emu, EMU_LIE_HEADER) && lies(gpu->emu, EMU_LIE_PAYLOAD));
	assert_true(lies(gpu->emu, EMU_LIE_SILENCE));
	assert_int_equal(emu_test_violations(gpu->emu), 0);
}

static void test_info(void **state)
{
	struct nova_fw_info honest = { 0 }, lied = { 0 };
	struct gpu *gpu = *state;
	struct fw_driver fw;

	fw_driver_init(gpu, &fw);
	fw_boot(&fw);
	assert_int_equal(fw_call(&fw, NOVA_FW_CMD_GET_INFO, NULL, 0, &honest, sizeof(honest)), 0);
	start(gpu->emu, 1, 1, all_of(EMU_CHAOS_INFO));
	assert_int_equal(fw_call(&fw, NOVA_FW_CMD_GET_INFO, NULL, 0, &lied, sizeof(lied)), 0);
	stop(gpu->emu);
	assert_memory_not_equal(&honest, &lied, sizeof(honest));
	assert_int_equal(fw_call(&fw, NOVA_FW_CMD_GET_INFO, NULL, 0, &lied, sizeof(lied)), 0);
	assert_memory_equal(&honest, &lied, sizeof(honest));
}

/* A boot by a driver that starts over with an honest device ends all excuses. */
static void test_boot_ends_excuses(void **state)
{
	struct gpu *gpu = *state;
	struct emu *emu = gpu->emu;
	struct fw_driver fw;
	uint64_t random;

	fw_driver_init(gpu, &fw);
	start(emu, 1, 1, EMU_CHAOS_ALL);
	assert_true(emu_chaos_hit(emu, EMU_LIE_CREATED, &random));
	stop(emu);
	emu_violation(emu, EMU_VIOLATION_DEAD_DOORBELL, "follows from a lie");
	assert_int_equal(emu_test_violations(emu), 0);
	fw_boot(&fw);
	emu_violation(emu, EMU_VIOLATION_DEAD_DOORBELL, "a driver of its own will");
	assert_int_equal(emu_test_violations(emu), 1);
}

/* --- control --- */

static void command(struct emu *emu, const char *line, const char *expected)
{
	char *reply = emu_ctl_command(emu, line);

	assert_non_null(reply);
	if (!strstr(reply, expected))
		fail_msg("'%s' was answered %s", line, reply);
	free(reply);
}

static void test_commands(void **state)
{
	struct emu *emu = ((struct gpu *)*state)->emu;
	struct emu_chaos_stats stats;

	command(emu, "chaos 17", "\"ok\":true");
	emu_chaos_get_stats(emu, &stats);
	assert_true(stats.on);
	assert_int_equal(stats.seed, 17);
	command(emu, "stats", "\"chaos\":{\"on\":true,\"seed\":17,\"lies\":{\"header\":0,");
	command(emu, "chaos off", "\"ok\":true");
	emu_chaos_get_stats(emu, &stats);
	assert_false(stats.on);
	command(emu, "chaos 17 8", "\"ok\":true");
	command(emu, "chaos 17 message,gone", "\"ok\":true");
	command(emu, "chaos 17 8 tlb,engine-status,read-ones", "\"ok\":true");
	command(emu, "heal", "\"ok\":true");
	emu_chaos_get_stats(emu, &stats);
	assert_false(stats.on);
	command(emu, "chaos", "\"error\"");
	command(emu, "chaos on", "\"error\"");
	command(emu, "chaos -1", "\"error\"");
	command(emu, "chaos 4294967296", "\"error\"");
	command(emu, "chaos 1 0", "\"error\"");
	command(emu, "chaos 1 nonsense", "\"error\"");
	command(emu, "chaos 1 2 tlb more", "\"error\"");
	command(emu, "chaos 1 tlb,", "\"error\"");
	command(emu, "chaos off now", "\"error\"");
	emu_chaos_get_stats(emu, &stats);
	assert_false(stats.on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		gpu_test(test_replays),
		gpu_test(test_seeds_choose),
		gpu_test(test_categories),
		gpu_test(test_kinds),
		gpu_test(test_excuses),
		gpu_test(test_excuse_fits),
		gpu_test(test_registers),
		gpu_test(test_lost_undefined),
		gpu_test(test_time),
		gpu_test(test_tlb),
		gpu_test(test_dma),
		gpu_test(test_gone),
		gpu_test(test_fault),
		gpu_test(test_late_fault_of_old_buffer),
		gpu_test(test_release),
		gpu_test(test_messages),
		gpu_test(test_info),
		gpu_test(test_boot_ends_excuses),
		gpu_test(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
