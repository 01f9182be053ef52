/* SPDX-License-Identifier: MIT */
/*
 * When to lie, and what a lie excuses.
 *
 * A seed on its own chooses a few categories, some kinds of each, how often
 * each lies and after how many honest answers it begins: a device that lies
 * about everything from the start would never get past its boot.
 */
#include <stdlib.h>
#include <string.h>

#include "emu_chaos_state.h"
#include "emu_mmu.h"

#define BIT(n)	(1u << (n))

static const char * const category_names[EMU_CHAOS_CATEGORIES] = {
	[EMU_CHAOS_MESSAGE] = "message",
	[EMU_CHAOS_RING] = "ring",
	[EMU_CHAOS_INFO] = "info",
	[EMU_CHAOS_CHANNEL] = "channel",
	[EMU_CHAOS_FAULT] = "fault",
	[EMU_CHAOS_SEMAPHORE] = "semaphore",
	[EMU_CHAOS_USERD] = "userd",
	[EMU_CHAOS_TIME] = "time",
	[EMU_CHAOS_INTERRUPT] = "interrupt",
	[EMU_CHAOS_REGISTER] = "register",
	[EMU_CHAOS_TLB] = "tlb",
	[EMU_CHAOS_DMA] = "dma",
	[EMU_CHAOS_ENGINE] = "engine",
	[EMU_CHAOS_GONE] = "gone",
};

/*
 * @often: the binary logarithm of how often the kind is asked for while a driver binds and
 * does a little work, roughly: what a seed's choice of a period is relative to.
 */
static const struct {
	const char *name;
	enum emu_chaos_category category;
	unsigned int often;
} kinds[EMU_CHAOS_KINDS] = {
	[EMU_LIE_HEADER] = { "header", EMU_CHAOS_MESSAGE, 3 },
	[EMU_LIE_PAYLOAD] = { "payload", EMU_CHAOS_MESSAGE, 2 },
	[EMU_LIE_SILENCE] = { "silence", EMU_CHAOS_MESSAGE, 3 },
	[EMU_LIE_TWICE] = { "twice", EMU_CHAOS_MESSAGE, 3 },
	[EMU_LIE_REORDER] = { "reorder", EMU_CHAOS_MESSAGE, 3 },
	[EMU_LIE_EVENT] = { "event", EMU_CHAOS_MESSAGE, 7 },
	[EMU_LIE_RING_WRITE] = { "ring-write", EMU_CHAOS_RING, 3 },
	[EMU_LIE_RING_READ] = { "ring-read", EMU_CHAOS_RING, 3 },
	[EMU_LIE_INFO] = { "info", EMU_CHAOS_INFO, 0 },
	[EMU_LIE_CREATED] = { "created", EMU_CHAOS_CHANNEL, 1 },
	[EMU_LIE_RESULT] = { "result", EMU_CHAOS_CHANNEL, 2 },
	[EMU_LIE_IGNORED] = { "ignored", EMU_CHAOS_CHANNEL, 2 },
	[EMU_LIE_ENGINE] = { "engine-status", EMU_CHAOS_CHANNEL, 0 },
	[EMU_LIE_PACKET] = { "packet", EMU_CHAOS_FAULT, 0 },
	[EMU_LIE_PACKET_LATE] = { "packet-late", EMU_CHAOS_FAULT, 0 },
	[EMU_LIE_FAULT] = { "fault-made-up", EMU_CHAOS_FAULT, 3 },
	[EMU_LIE_FAULT_PUT] = { "fault-put", EMU_CHAOS_FAULT, 0 },
	[EMU_LIE_FAULT_SIZE] = { "fault-size", EMU_CHAOS_FAULT, 0 },
	[EMU_LIE_PAYLOAD_VALUE] = { "release-value", EMU_CHAOS_SEMAPHORE, 4 },
	[EMU_LIE_PAYLOAD_LOST] = { "release-lost", EMU_CHAOS_SEMAPHORE, 5 },
	[EMU_LIE_USERD] = { "userd", EMU_CHAOS_USERD, 2 },
	[EMU_LIE_TIME_JUMP] = { "time-jump", EMU_CHAOS_TIME, 2 },
	[EMU_LIE_TIME_STOP] = { "time-stop", EMU_CHAOS_TIME, 5 },
	[EMU_LIE_TIME_BITS] = { "time-bits", EMU_CHAOS_TIME, 3 },
	[EMU_LIE_IRQ_SPURIOUS] = { "irq-spurious", EMU_CHAOS_INTERRUPT, 4 },
	[EMU_LIE_IRQ_STORM] = { "irq-storm", EMU_CHAOS_INTERRUPT, 8 },
	[EMU_LIE_IRQ_LOST] = { "irq-lost", EMU_CHAOS_INTERRUPT, 4 },
	[EMU_LIE_READ] = { "read", EMU_CHAOS_REGISTER, 6 },
	[EMU_LIE_READ_ONES] = { "read-ones", EMU_CHAOS_REGISTER, 7 },
	[EMU_LIE_STATE] = { "state", EMU_CHAOS_REGISTER, 1 },
	[EMU_LIE_WRITE_LOST] = { "write-lost", EMU_CHAOS_REGISTER, 6 },
	[EMU_LIE_TLB_STUCK] = { "tlb-stuck", EMU_CHAOS_TLB, 3 },
	[EMU_LIE_TLB_SKIPPED] = { "tlb-skipped", EMU_CHAOS_TLB, 1 },
	[EMU_LIE_DMA_OUTSIDE] = { "dma-outside", EMU_CHAOS_DMA, 3 },
	[EMU_LIE_DMA_STALE] = { "dma-stale", EMU_CHAOS_DMA, 2 },
	[EMU_LIE_DMA_SCRIBBLE] = { "dma-scribble", EMU_CHAOS_DMA, 5 },
	[EMU_LIE_VRAM_SCRIBBLE] = { "vram-scribble", EMU_CHAOS_DMA, 4 },
	[EMU_LIE_HANG] = { "hang", EMU_CHAOS_ENGINE, 7 },
	[EMU_LIE_STALL] = { "stall", EMU_CHAOS_ENGINE, 8 },
	[EMU_LIE_CRASH] = { "crash", EMU_CHAOS_ENGINE, 8 },
	[EMU_LIE_GONE] = { "gone", EMU_CHAOS_GONE, 7 },
};

/*
 * What a driver is not to blame for once it was lied to in one of these
 * categories. It cannot know that a channel still runs which "was stopped", that
 * a job is not done whose fence came, or that an invalidate did nothing. One
 * that gives the device up, for whatever lie, stops it by turning bus mastering off.
 * But no lie makes a driver touch a register after shutdown, or one that does not exist.
 */
static const uint32_t excuses[EMU_VIOLATIONS] = {
	[EMU_VIOLATION_REG_AFTER_SHUTDOWN] = 0,
	[EMU_VIOLATION_DMA_UNMAPPED] = BIT(EMU_CHAOS_MESSAGE) | BIT(EMU_CHAOS_CHANNEL) |
				       BIT(EMU_CHAOS_SEMAPHORE) | BIT(EMU_CHAOS_REGISTER) |
				       BIT(EMU_CHAOS_TLB) | BIT(EMU_CHAOS_DMA),
	[EMU_VIOLATION_DMA_NO_BUS_MASTER] = BIT(EMU_CHAOS_CATEGORIES) - 1,
	[EMU_VIOLATION_DEAD_DOORBELL] = BIT(EMU_CHAOS_MESSAGE) | BIT(EMU_CHAOS_CHANNEL) |
					BIT(EMU_CHAOS_REGISTER) | BIT(EMU_CHAOS_DMA),
	[EMU_VIOLATION_FW_MALFORMED] = BIT(EMU_CHAOS_REGISTER) | BIT(EMU_CHAOS_DMA) |
				       BIT(EMU_CHAOS_ENGINE),
	[EMU_VIOLATION_REG_ACCESS] = 0,
};

const char *emu_chaos_kind_name(enum emu_chaos_kind kind)
{
	return kinds[kind].name;
}

const char *emu_chaos_category_name(enum emu_chaos_category category)
{
	return category_names[category];
}

enum emu_chaos_category emu_chaos_category_of(enum emu_chaos_kind kind)
{
	return kinds[kind].category;
}

/* --- random numbers --- */

static uint64_t scramble(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

uint64_t emu_chaos_next(uint64_t *random)
{
	*random += 0x9e3779b97f4a7c15ull;
	return scramble(*random);
}

/* The @n-th number that belongs to a seed and a kind. */
static uint64_t number(uint32_t seed, unsigned int kind, uint64_t n)
{
	return scramble(scramble((uint64_t)seed << 8 | kind) + n * 0x9e3779b97f4a7c15ull);
}

/* --- life --- */

struct emu_chaos *emu_chaos_create(struct emu *emu)
{
	(void)emu;
	return calloc(1, sizeof(struct emu_chaos));
}

void emu_chaos_destroy(struct emu_chaos *chaos)
{
	free(chaos);
}

static void settle(struct emu_chaos *chaos)
{
	atomic_store(&chaos->event, 0);
	chaos->ones = 0;
	chaos->storm = 0;
	chaos->tlb_stuck = false;
	chaos->time_stopped = false;
	chaos->time_offset = 0;
}

/* Goes on lying, but as a fresh device. */
void emu_chaos_reset(struct emu_chaos *chaos)
{
	settle(chaos);
	atomic_store(&chaos->lied, 0);
}

/* A number of the seed itself, not of one of its kinds. */
static uint64_t choice(uint32_t seed, unsigned int n)
{
	return number(seed, EMU_CHAOS_KINDS, n);
}

/* One category for certain, each other one with a chance of one in four. */
static uint32_t choose_categories(uint32_t seed, uint64_t allowed)
{
	unsigned int i, count = 0, pick;
	uint32_t chosen = 0, categories = 0;

	for (i = 0; i < EMU_CHAOS_KINDS; i++)
		if (allowed >> i & 1)
			categories |= BIT(kinds[i].category);
	for (i = 0; i < EMU_CHAOS_CATEGORIES; i++)
		count += categories >> i & 1;
	pick = count ? choice(seed, 0) % count : 0;
	for (i = 0; i < EMU_CHAOS_CATEGORIES; i++) {
		if (!(categories >> i & 1))
			continue;
		if (!pick-- || choice(seed, 1 + i) % 4 == 0)
			chosen |= BIT(i);
	}
	return chosen;
}

/* Most kinds of what was chosen; the period and the silence before it by how rare it is. */
static void choose_dice(struct emu_chaos *chaos, uint32_t seed, uint64_t allowed)
{
	uint32_t categories = choose_categories(seed, allowed);
	unsigned int i;

	for (i = 0; i < EMU_CHAOS_KINDS; i++) {
		uint64_t random = choice(seed, 64 + i);
		bool active = allowed >> i & 1 && categories >> kinds[i].category & 1 &&
			      emu_chaos_next(&random) % 4;
		unsigned int often = kinds[i].often;

		atomic_store(&chaos->dice[i].period,
			     active ? BIT(often / 2 + emu_chaos_next(&random) % (often / 2 + 2)) : 0);
		atomic_store(&chaos->dice[i].skip, emu_chaos_next(&random) % 2 ? 0 :
						   emu_chaos_next(&random) % BIT(often + 1));
	}
}

void emu_chaos_start(struct emu *emu, uint32_t seed, uint32_t rate, uint64_t allowed)
{
	struct emu_chaos *chaos = emu->chaos;
	unsigned int i;

	atomic_store(&chaos->on, false);
	settle(chaos);
	atomic_store(&chaos->seed, seed);
	for (i = 0; i < EMU_CHAOS_KINDS; i++)
		atomic_store(&chaos->dice[i].asked, 0);
	if (!rate) {
		choose_dice(chaos, seed, allowed);
	} else {
		for (i = 0; i < EMU_CHAOS_KINDS; i++) {
			atomic_store(&chaos->dice[i].period, allowed >> i & 1 ? rate : 0);
			atomic_store(&chaos->dice[i].skip, 0);
		}
	}
	atomic_store(&chaos->on, true);
	emu_log(emu, EMU_LOG_INFO, "chaos: seed %u, rate %u, kinds %#llx", seed, rate,
		(unsigned long long)allowed);
}

void emu_chaos_stop(struct emu *emu)
{
	const struct emu_mmu_invalidate everything = { .all_pdb = true };
	struct emu_chaos *chaos = emu->chaos;

	if (!atomic_exchange(&chaos->on, false))
		return;
	settle(chaos);
	/* Invalidates may have been left out. */
	emu_mmu_invalidate(emu, &everything);
	emu_log(emu, EMU_LOG_INFO, "chaos: off");
}

static bool is_name(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && !strncmp(name, text, length);
}

/* The kinds that a name stands for, 0: none. */
static uint64_t parse_name(const char *text, size_t length)
{
	uint64_t found = 0;
	unsigned int i;

	for (i = 0; i < EMU_CHAOS_KINDS; i++)
		if (is_name(category_names[kinds[i].category], text, length) ||
		    is_name(kinds[i].name, text, length))
			found |= 1ull << i;
	return found;
}

bool emu_chaos_parse(const char *list, uint64_t *mask)
{
	size_t length;
	uint64_t found;

	for (;;) {
		length = strcspn(list, ",");
		found = parse_name(list, length);
		if (!found)
			return false;
		*mask |= found;
		if (!list[length])
			return true;
		list += length + 1;
	}
}

/* --- decisions --- */

bool emu_chaos_hit(struct emu *emu, enum emu_chaos_kind kind, uint64_t *random)
{
	struct emu_chaos *chaos = emu->chaos;
	struct emu_chaos_dice *dice;
	uint32_t period, seed;
	uint64_t asked;

	if (!atomic_load_explicit(&chaos->on, memory_order_relaxed))
		return false;
	dice = &chaos->dice[kind];
	period = atomic_load_explicit(&dice->period, memory_order_relaxed);
	if (!period)
		return false;
	seed = atomic_load_explicit(&chaos->seed, memory_order_relaxed);
	asked = atomic_fetch_add(&dice->asked, 1);
	*random = number(seed, kind, asked);
	if (asked < atomic_load(&dice->skip) || emu_chaos_next(random) % period)
		return false;
	atomic_fetch_add(&dice->lies, 1);
	atomic_fetch_or(&chaos->lied, BIT(kinds[kind].category));
	emu_log(emu, EMU_LOG_INFO, "chaos: %s, at its time %llu", kinds[kind].name,
		(unsigned long long)asked);
	return true;
}

bool emu_chaos_excuses(struct emu *emu, enum emu_violation kind)
{
	struct emu_chaos *chaos = emu->chaos;

	if (!chaos || !(atomic_load(&chaos->lied) & excuses[kind]))
		return false;
	atomic_fetch_add(&chaos->excused, 1);
	return true;
}

void emu_chaos_boot(struct emu *emu)
{
	if (!atomic_load(&emu->chaos->on))
		atomic_store(&emu->chaos->lied, 0);
}

/* --- statistics --- */

void emu_chaos_get_stats(struct emu *emu, struct emu_chaos_stats *stats)
{
	struct emu_chaos *chaos = emu->chaos;
	unsigned int i;

	stats->on = atomic_load(&chaos->on);
	stats->seed = atomic_load(&chaos->seed);
	for (i = 0; i < EMU_CHAOS_KINDS; i++)
		stats->kinds[i] = atomic_load(&chaos->dice[i].lies);
	stats->dma_blocked = atomic_load(&chaos->dma_blocked);
	stats->excused = atomic_load(&chaos->excused);
}

void emu_chaos_clear_stats(struct emu *emu)
{
	struct emu_chaos *chaos = emu->chaos;
	unsigned int i;

	for (i = 0; i < EMU_CHAOS_KINDS; i++)
		atomic_store(&chaos->dice[i].lies, 0);
	atomic_store(&chaos->dma_blocked, 0);
	atomic_store(&chaos->excused, 0);
}
