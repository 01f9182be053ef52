/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_kmsg.h"
#include "igt_nova_unplug.h"

#include "fuzz.h"

IGT_TEST_DESCRIPTION("Random operations of the right shape, from a seed: nothing breaks.");

/* What each run of the list does. */
#define SEED		1u
#define THREADS		4u
#define OPS		1500u
#define OPS_ALONE	4000u
#define OPS_UNBIND	500u
/* Jobs that wait for a semaphore nobody releases are many. */
#define JOB_TIMEOUT_MS	200

/**
 * struct options - runs by hand, in place of the subtests
 * @seeds: how many; 0: run the subtests
 * @run: each of them; its seed is the first
 */
static struct {
	unsigned int seeds;
	struct fuzz_options run;
} options = {
	.run = { .seed = SEED, .ops = OPS, .threads = THREADS, .files = FUZZ_FILES },
};

static struct igt_nova_kmsg kmsg = { .fd = -1 };
/* Static: longjmp() out of a subtest leaves locals undefined. */
static struct fuzz_result total;

static void begin(void)
{
	igt_nova_unplug_begin();
	/* There is a watchdog with a longer breath. */
	igt_reset_timeout();
	igt_nova_expect_errors_logged();
	free(total.tallies);
	total = (struct fuzz_result) { 0 };
	total.tallies = calloc(fuzz_tally_count(), sizeof(*total.tallies));
	igt_assert(total.tallies);
}

/* A fresh client gets right results, and nobody saw anything forbidden. */
static void check_healthy(void)
{
	int fd = igt_nova_dev_open(igt_nova_unplug_dev());

	igt_nova_check_works(fd);
	close(fd);
	igt_nova_unplug_check_quiet();
}

static void run_seed(const struct fuzz_options *run)
{
	unsigned int timeout = igt_nova_module_param("nova_drm", "job_timeout_ms");

	igt_info("seed %" PRIu64 ": %u operations of %u threads on %u files%s\n", run->seed,
		 run->ops, run->threads, run->files, run->unbind ? ", with unbinds" : "");
	fflush(stdout);
	igt_nova_kmsg_restart(&kmsg);
	igt_nova_kmsg_note("fuzz: seed %" PRIu64 "\n", run->seed);
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", JOB_TIMEOUT_MS), 0);
	fuzz_run(igt_nova_unplug_dev(), run, &total);
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", timeout), 0);
	igt_assert_f(!total.failure[0], "seed %" PRIu64 ": %s\n", run->seed, total.failure);
	igt_nova_kmsg_read(&kmsg);
	igt_assert_f(!kmsg.splat[0], "seed %" PRIu64 ": the kernel says \"%s\"\n", run->seed,
		     kmsg.splat);
	check_healthy();
}

static void print_tallies(void)
{
	for (size_t i = 0; i < fuzz_tally_count(); i++)
		igt_info("%-24s %8" PRIu64 " done %8" PRIu64 " refused\n", fuzz_tally_name(i),
			 total.tallies[i].done, total.tallies[i].refused);
	igt_info("%" PRIu64 " operations\n", total.ops);
}

/* Nothing is found by ioctls that all fail, or never do, and by what is not done. */
static void check_tallies(void)
{
	const struct fuzz_tally *calls = &total.tallies[fuzz_ioctl_count + fuzz_core_ioctl_count];

	print_tallies();
	for (size_t i = 0; i < fuzz_call_count; i++)
		igt_assert_f(calls[i].done || fuzz_calls[i].needs_unbind, "%s: never done\n",
			     fuzz_calls[i].name);
	for (size_t i = 0; i < fuzz_ioctl_count; i++)
		igt_assert_f(total.tallies[i].done && total.tallies[i].refused,
			     "%s: %" PRIu64 " done, %" PRIu64 " refused\n", fuzz_tally_name(i),
			     total.tallies[i].done, total.tallies[i].refused);
}

static void test_threads(void)
{
	static const struct fuzz_options run = {
		.seed = SEED, .ops = OPS, .threads = THREADS, .files = FUZZ_FILES,
	};

	begin();
	run_seed(&run);
	check_tallies();
}

/* Alone, the same is done each time. */
static void test_alone(void)
{
	static const struct fuzz_options run = {
		.seed = SEED, .ops = OPS_ALONE, .threads = 1, .files = 1,
	};

	begin();
	run_seed(&run);
	check_tallies();
}

static void test_unbind(void)
{
	static const struct fuzz_options run = {
		.seed = SEED, .ops = OPS_UNBIND, .threads = THREADS, .files = FUZZ_FILES,
		.unbind = true,
	};

	begin();
	run_seed(&run);
	print_tallies();
}

static void test_seeds(void)
{
	struct fuzz_options run = options.run;

	begin();
	for (unsigned int i = 0; i < options.seeds; i++, run.seed++)
		run_seed(&run);
	print_tallies();
}

enum {
	OPTION_SEED = 1000, OPTION_SEEDS, OPTION_OPS, OPTION_THREADS, OPTION_FILES, OPTION_UNBIND,
	OPTION_TRACE,
};

static const struct option long_options[] = {
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "seeds", required_argument, NULL, OPTION_SEEDS },
	{ "ops", required_argument, NULL, OPTION_OPS },
	{ "threads", required_argument, NULL, OPTION_THREADS },
	{ "files", required_argument, NULL, OPTION_FILES },
	{ "unbind", no_argument, NULL, OPTION_UNBIND },
	{ "trace", no_argument, NULL, OPTION_TRACE },
	{ 0 },
};

static const char help[] =
	"  --seed N             run this seed, in place of the subtests\n"
	"  --seeds N            and so many from it on\n"
	"  --ops N              operations of each thread (default 1500)\n"
	"  --threads N          how many threads, up to 16 (default 4)\n"
	"  --files N            on how many open files, 1 or 2 (default 2)\n"
	"  --unbind             the device goes and comes back meanwhile\n"
	"  --trace              write each operation to the kernel's log before it is done\n";

static bool parse_number(const char *text, unsigned long least, unsigned long most,
			 unsigned int *number)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 0);
	*number = value;
	if (*text >= '0' && *text <= '9' && !*end && !errno && value >= least && value <= most)
		return true;
	fprintf(stderr, "'%s' is no number from %lu to %lu\n", text, least, most);
	return false;
}

static bool take_option(int option)
{
	unsigned int number;

	if (!options.seeds)
		options.seeds = 1;
	switch (option) {
	case OPTION_SEED:
		if (!parse_number(optarg, 0, UINT32_MAX, &number))
			return false;
		options.run.seed = number;
		return true;
	case OPTION_SEEDS:
		return parse_number(optarg, 1, UINT32_MAX, &options.seeds);
	case OPTION_OPS:
		return parse_number(optarg, 1, UINT32_MAX, &options.run.ops);
	case OPTION_THREADS:
		return parse_number(optarg, 1, FUZZ_THREADS_MAX, &options.run.threads);
	case OPTION_FILES:
		return parse_number(optarg, 1, FUZZ_FILES, &options.run.files);
	case OPTION_UNBIND:
		options.run.unbind = true;
		return true;
	case OPTION_TRACE:
		options.run.trace = true;
		return true;
	}
	return false;
}

static int parse_option(int option, int index, void *data)
{
	(void)index;
	(void)data;
	return take_option(option) ? IGT_OPT_HANDLER_SUCCESS : IGT_OPT_HANDLER_ERROR;
}

int igt_main_args(NULL, long_options, help, parse_option, NULL)
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_kmsg_open(&kmsg);
	}
	if (options.seeds) {
		igt_describe("The seeds asked for.");
		igt_subtest("seeds")
			test_seeds();
	} else {
		igt_describe("Several threads on two files.");
		igt_subtest("threads")
			test_threads();
		igt_describe("One thread on one file: the same each time, but for the device.");
		igt_subtest("alone")
			test_alone();
		igt_describe("The same while the device goes and comes back.");
		igt_subtest("unbind")
			test_unbind();
	}
	igt_fixture() {
		igt_nova_kmsg_close(&kmsg);
		igt_nova_unplug_fini();
	}
}
