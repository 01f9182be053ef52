/* SPDX-License-Identifier: MIT */
#include <getopt.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_chaos.h"
#include "igt_nova_job.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("The device lies: the driver survives, says so once, and recovers with the device.");

/* What each run of the list does. */
#define SEEDS			48u
#define SEEDS_PER_CATEGORY	6u
/* Some kinds of lie are rare, so it goes on until one is told. */
#define SEEDS_UNTIL_LIE		100u
#define CHECK_EVERY		8u
#define PATIENCE_S		120u
#define PROGRESS_EVERY		100u

static const char *const categories[] = {
	"message", "ring", "info", "channel", "fault", "semaphore", "userd", "time",
	"interrupt", "register", "tlb", "dma", "engine", "gone",
};

/**
 * struct found - a seed that found a bug
 * @name: subtest name
 * @describe: what the device does
 * @seed: the seed
 * @rate: one lie in so many chances
 * @lies: and about what
 */
static const struct found {
	const char *name;
	const char *describe;
	uint32_t seed;
	unsigned int rate;
	const char *lies;
} found[] = {
	{ "gone-before-reset", "The device falls off the bus when its function would be reset.",
	  100, 4, "gone" },
	{ "tiny-vram", "Video memory has room for buffers or page tables, but not both.",
	  49, 1, "info" },
};

/**
 * struct options - a run of seeds by hand, in place of the subtests
 * @count: how many; 0: run the subtests
 * @first: the first
 * @lies: categories or kinds to lie about, NULL: all
 * @rate: how often, 0: as the seed decides
 * @patience_s: when a seed counts as hung
 */
static struct {
	unsigned int count;
	unsigned int first;
	const char *lies;
	unsigned int rate;
	unsigned int patience_s;
} options = { .first = 1, .patience_s = PATIENCE_S };

/* Static: longjmp() out of a subtest leaves locals undefined. */
static struct igt_nova_chaos chaos;

static void begin(const char *list)
{
	igt_nova_unplug_begin();
	/* There is a watchdog with a longer breath. */
	igt_reset_timeout();
	/* What the driver says is counted, and judged there. */
	igt_emit_ignore_dmesg_regex("nova");
	chaos = (struct igt_nova_chaos) {
		.asked = list, .rate = options.rate, .patience_s = options.patience_s,
		.check_every = CHECK_EVERY,
	};
}

static void end(void)
{
	igt_nova_chaos_end(&chaos);
	igt_nova_chaos_report(&chaos);
	igt_assert_f(chaos.lies, "no lie was told\n");
}

static void test_seeds(void)
{
	begin(NULL);
	for (uint32_t seed = 1; seed <= SEEDS; seed++)
		igt_nova_chaos_run(&chaos, seed);
	end();
}

static void test_category(const char *category)
{
	begin(category);
	for (uint32_t seed = 1;
	     seed <= (chaos.lies ? SEEDS_PER_CATEGORY : SEEDS_UNTIL_LIE); seed++)
		igt_nova_chaos_run(&chaos, seed);
	end();
}

static void test_found(const struct found *test)
{
	begin(test->lies);
	chaos.rate = test->rate;
	igt_nova_chaos_run(&chaos, test->seed);
	end();
}

/* Jobs do not end, and the one on the engine is always of a channel that does not exist. */
static void test_blames_nobody(void)
{
	struct igt_nova_client client;
	unsigned int timeout = igt_nova_module_param("nova_drm", "job_timeout_ms");
	struct igt_nova_push push;
	struct igt_nova_bo bo;
	uint32_t queue, fence;

	begin(NULL);
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", 100), 0);
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	queue = igt_nova_client_queue(&client, 0);
	igt_nova_client_bo(&client, &bo, IGT_NOVA_PAGE, DRM_NOVA_PLACEMENT_SYSTEM);
	igt_nova_push_begin(&client, &push, 32);
	igt_nova_push_fill(&push, bo.va, 1, 16);
	igt_nova_unplug_misbehave("chaos 9 1 release-lost,engine-status");
	fence = igt_nova_submit_fence(client.fd, queue, &push);
	igt_assert_eq(igt_nova_fence_result(client.fd, fence), -ECANCELED);
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", timeout), 0);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
}

static void test_soak(void)
{
	uint64_t start = igt_nova_now_ns();

	begin(options.lies);
	for (uint32_t i = 0; i < options.count; i++) {
		if (i && i % PROGRESS_EVERY == 0) {
			igt_info("%.0f s, seed %" PRIu32 ": ", (igt_nova_now_ns() - start) / 1e9,
				 options.first + i);
			igt_nova_chaos_report(&chaos);
			fflush(stdout);
		}
		igt_nova_chaos_run(&chaos, options.first + i);
	}
	end();
	igt_info("%u seeds from %u in %.0f s\n", options.count, options.first,
		 (igt_nova_now_ns() - start) / 1e9);
}

enum { OPTION_SEED = 1000, OPTION_SEEDS, OPTION_FIRST, OPTION_LIES, OPTION_RATE, OPTION_PATIENCE };

static const struct option long_options[] = {
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "seeds", required_argument, NULL, OPTION_SEEDS },
	{ "first", required_argument, NULL, OPTION_FIRST },
	{ "lies", required_argument, NULL, OPTION_LIES },
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "patience", required_argument, NULL, OPTION_PATIENCE },
	{ 0 },
};

static const char help[] =
	"  --seed N             run one seed, in place of the subtests\n"
	"  --seeds N            run so many\n"
	"  --first N            from this one on (default 1)\n"
	"  --lies A,B           categories or kinds of lies (default: all)\n"
	"  --rate N             one lie in N chances (default: the seed decides)\n"
	"  --patience S         a seed that takes longer hangs (default 120)\n";

static bool parse_number(const char *text, unsigned int *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 0);
	*number = value;
	return *text >= '0' && *text <= '9' && !*end && !errno && value <= UINT32_MAX;
}

static int parse_option(int option, int index, void *data)
{
	unsigned int *number;

	(void)index;
	(void)data;
	switch (option) {
	case OPTION_LIES:
		options.lies = optarg;
		return IGT_OPT_HANDLER_SUCCESS;
	case OPTION_SEED:
		options.count = 1;
		number = &options.first;
		break;
	case OPTION_SEEDS:
		number = &options.count;
		break;
	case OPTION_FIRST:
		number = &options.first;
		break;
	case OPTION_RATE:
		number = &options.rate;
		break;
	case OPTION_PATIENCE:
		number = &options.patience_s;
		break;
	default:
		return IGT_OPT_HANDLER_ERROR;
	}
	if (parse_number(optarg, number))
		return IGT_OPT_HANDLER_SUCCESS;
	fprintf(stderr, "'%s' is no number\n", optarg);
	return IGT_OPT_HANDLER_ERROR;
}

static void found_subtest(const struct found *test)
{
	igt_describe(test->describe);
	igt_subtest(test->name)
		test_found(test);
}

static void category_subtest(const char *category)
{
	char name[64];

	snprintf(name, sizeof(name), "category-%s", category);
	igt_describe("A few seeds that lie about one thing.");
	igt_subtest(name)
		test_category(category);
}

int igt_main_args(NULL, long_options, help, parse_option, NULL)
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_chaos_init();
	}
	if (options.count) {
		igt_describe("The seeds asked for.");
		igt_subtest("soak")
			test_soak();
	} else {
		igt_describe("Seeds that lie about anything.");
		igt_subtest("seeds")
			test_seeds();
		for (size_t i = 0; i < ARRAY_SIZE(categories); i++)
			category_subtest(categories[i]);
		for (size_t i = 0; i < ARRAY_SIZE(found); i++)
			found_subtest(&found[i]);
		igt_describe("A job times out because of a channel that does not exist.");
		igt_subtest("blames-nobody")
			test_blames_nobody();
	}
	igt_fixture() {
		igt_nova_chaos_fini();
		igt_nova_unplug_fini();
	}
}
