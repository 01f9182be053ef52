/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_share.h"
#include "igt_nova_state.h"

IGT_TEST_DESCRIPTION("The device goes and comes back again and again, in states that a seed picks.");

#define CYCLES_DEFAULT	25u
#define CYCLES_MAX	1000000u
#define PROGRESS_S	10
/* Clients of a crowd: each costs more than all the rest of a cycle. */
#define CROWD		4

static struct {
	unsigned int cycles;
	uint64_t seed;
	const char *path;
	bool all;
} options = { .cycles = CYCLES_DEFAULT, .path = "unbind" };

/**
 * struct latencies - how long it took for the device to go
 * @name: in which kind of states
 * @ns: of each cycle, @count of them
 * @count: cycles
 */
struct latencies {
	const char *name;
	uint64_t *ns;
	unsigned int count;
};

static struct latencies healthy = { .name = "a device that does as it is told" };
static struct latencies misbehaving = { .name = "one that does not" };

static uint64_t next_random(uint64_t *random)
{
	uint64_t x = *random += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* Under load, unless all states are asked for: one in which somebody has the device open. */
static const struct igt_nova_state *choose_state(uint64_t *random, const struct igt_nova_path *path)
{
	for (;;) {
		const struct igt_nova_state *state =
			&igt_nova_states[next_random(random) % igt_nova_state_count];

		if (igt_nova_state_allows(state, path) &&
		    (options.all || state->holds || path->needs_closed))
			return state;
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void print_latencies(struct latencies *latencies)
{
	unsigned int count = latencies->count;

	if (!count)
		return;
	qsort(latencies->ns, count, sizeof(*latencies->ns), compare);
	igt_info("%s, %s: %u cycles, median %.1f ms, p99 %.1f ms, max %.1f ms\n", options.path,
		 latencies->name, count, latencies->ns[count / 2] / 1e6,
		 latencies->ns[(count - 1) * 99ull / 100] / 1e6, latencies->ns[count - 1] / 1e6);
}

static void cycle(uint64_t *random, const struct igt_nova_path *path)
{
	const struct igt_nova_state *state = choose_state(random, path);
	struct latencies *latencies = state->misbehaves ? &misbehaving : &healthy;

	igt_nova_unplug_begin();
	igt_nova_state_limit(next_random(random), CROWD);
	igt_debug("%s\n", state->name);
	latencies->ns[latencies->count++] = igt_nova_state_cycle(state, path);
}

static void test_cycles(void)
{
	const struct igt_nova_path *path = igt_nova_path(options.path);
	uint64_t random = options.seed, begin = igt_nova_now_ns(), said = begin;

	healthy.ns = calloc(options.cycles, sizeof(*healthy.ns));
	misbehaving.ns = calloc(options.cycles, sizeof(*misbehaving.ns));
	igt_assert(healthy.ns && misbehaving.ns);
	igt_info("%u cycles with seed %" PRIu64 "\n", options.cycles, options.seed);
	for (unsigned int i = 0; i < options.cycles; i++) {
		uint64_t now = igt_nova_now_ns();

		cycle(&random, path);
		if (now - said < PROGRESS_S * 1000000000ull)
			continue;
		said = now;
		igt_info("%u cycles, %.0f ms each\n", i, (now - begin) / 1e6 / i);
		fflush(stdout);
	}
	igt_reset_timeout();
	igt_info("%u cycles in %.0f s: no violation%s\n", options.cycles,
		 (igt_nova_now_ns() - begin) / 1e9,
		 getenv("NOVA_IOMMU") ? ", nothing mapped for DMA after any of them" : "");
	print_latencies(&healthy);
	print_latencies(&misbehaving);
}

static int parse_option(int option, int index, void *data)
{
	char *end;

	(void)index;
	(void)data;
	switch (option) {
	case 'c':
		options.cycles = strtoul(optarg, &end, 0);
		return *end || !options.cycles || options.cycles > CYCLES_MAX ?
		       IGT_OPT_HANDLER_ERROR : IGT_OPT_HANDLER_SUCCESS;
	case 's':
		options.seed = strtoull(optarg, &end, 0);
		return *end ? IGT_OPT_HANDLER_ERROR : IGT_OPT_HANDLER_SUCCESS;
	case 'p':
		options.path = optarg;
		return IGT_OPT_HANDLER_SUCCESS;
	case 'a':
		options.all = true;
		return IGT_OPT_HANDLER_SUCCESS;
	}
	return IGT_OPT_HANDLER_ERROR;
}

static const struct option long_options[] = {
	{ "cycles", required_argument, NULL, 'c' },
	{ "seed", required_argument, NULL, 's' },
	{ "path", required_argument, NULL, 'p' },
	{ "all", no_argument, NULL, 'a' },
	{ 0 },
};

static const char help[] =
	"  --cycles N\thow often (default 25)\n"
	"  --seed N\tdecides the states (default: the time)\n"
	"  --path NAME\thow it goes, by its name in lib/igt_nova_path.c (default unbind)\n"
	"  --all\t\tin states without clients, too\n";

int igt_main_args(NULL, long_options, help, parse_option, NULL)
{
	igt_fixture() {
		if (!options.seed)
			options.seed = time(NULL);
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(igt_nova_state_abandon);
	}
	igt_describe("The device goes under load and comes back, many times.");
	igt_subtest("cycles")
		test_cycles();
	igt_fixture() {
		igt_nova_unplug_fini();
		igt_nova_close_vgem();
	}
}
