// SPDX-License-Identifier: MIT
/*
 * nova-bench: what the driver costs, measured beside its peers.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "groups.h"

static const char usage_text[] =
	"usage: nova-bench [OPTIONS] --out FILE\n"
	"\n"
	"Measures and leaves the result, JSON, in FILE. Needs root: it loads no module, but takes drivers off\n"
	"their devices. What it compares with, vgem, virtio-gpu and the module nova_door_cost, it uses when it is there.\n"
	"  --only GROUP    door, buffers, spaces, submit, work, memory or unbind\n"
	"  --rounds N      percent of the usual rounds (default 100)\n"
	"  --commit TEXT   what to call the commit\n"
	"  --machine TEXT  what to add to the machine's description\n"
	"\n"
	"Exit code 1 if something could not be measured that should have been.\n";

static const struct {
	const char *name;
	void (*run)(struct bench *bench);
} groups[] = {
	{ "door", bench_door },	    { "buffers", bench_buffers }, { "spaces", bench_spaces },
	{ "submit", bench_submit }, { "work", bench_work },	  { "memory", bench_memory },
	{ "unbind", bench_unbind },	/* last: what it does, nobody else should meet */
};

#define GROUPS	(sizeof(groups) / sizeof(groups[0]))

/* The first "model name" of /proc/cpuinfo. */
static void processor(char *text, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	snprintf(text, size, "unknown processor");
	while (file && fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) || !colon)
			continue;
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(text, size, "%.80s", colon + 2);
		break;
	}
	if (file)
		fclose(file);
}

static void describe(struct bench_result *result, const char *machine, const char *commit)
{
	struct utsname names = { 0 };
	time_t now = time(NULL);
	char cpu[96];
	struct tm tm;

	processor(cpu, sizeof(cpu));
	uname(&names);
	snprintf(result->machine, sizeof(result->machine), "%ld x %s%s%.50s", sysconf(_SC_NPROCESSORS_ONLN), cpu,
		 machine[0] ? ", " : "", machine);
	snprintf(result->kernel, sizeof(result->kernel), "%.70s %.80s", names.release, names.version);
	snprintf(result->commit, sizeof(result->commit), "%s", commit);
	gmtime_r(&now, &tm);
	strftime(result->date, sizeof(result->date), "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static bool is_group(const char *name)
{
	for (size_t i = 0; i < GROUPS; i++) {
		if (!strcmp(groups[i].name, name))
			return true;
	}
	return false;
}

struct options {
	const char *commit;
	const char *machine;
};

static int usage(void)
{
	fputs(usage_text, stderr);
	return 2;
}

static int parse(struct bench *bench, struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "out", required_argument, NULL, 'o' },    { "only", required_argument, NULL, 'g' },
		{ "rounds", required_argument, NULL, 'r' }, { "commit", required_argument, NULL, 'c' },
		{ "machine", required_argument, NULL, 'm' }, { "help", no_argument, NULL, 'h' }, { 0 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		switch (option) {
		case 'o':
			bench->out = optarg;
			break;
		case 'g':
			bench->only = optarg;
			break;
		case 'r':
			bench->rounds_percent = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'c':
			options->commit = optarg;
			break;
		case 'm':
			options->machine = optarg;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			return usage();
		}
	}
	if (optind < argc || !bench->out || !bench->rounds_percent ||
	    (bench->only && !is_group(bench->only)))
		return usage();
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = { .commit = "unknown", .machine = "" };
	struct bench bench = { .rounds_percent = 100 };
	int ret = parse(&bench, &options, argc, argv);

	if (ret)
		return ret;
	describe(&bench.result, options.machine, options.commit);
	for (size_t i = 0; i < GROUPS; i++) {
		double start = bench_now();

		if (bench.only && strcmp(bench.only, groups[i].name))
			continue;
		groups[i].run(&bench);
		fprintf(stderr, "nova-bench: %s: %.0f s\n", groups[i].name, (bench_now() - start) / 1e9);
	}
	ret = bench_result_save(&bench.result, bench.out);
	if (ret)
		fprintf(stderr, "nova-bench: %s: %s\n", bench.out, strerror(-ret));
	bench_result_fini(&bench.result);
	return ret || bench.failed;
}
