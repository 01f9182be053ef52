/* SPDX-License-Identifier: MIT */
/*
 * usage: nova-watch FINDINGS
 *
 * A hook of every test: asks each emulated GPU what it saw, whatever the test itself looks at. After a subtest or test,
 * no GPU may have counted a violation. Before a test nothing of an earlier process is left, so with an IOMMU in the
 * guest a bound GPU has mapped for DMA what it had when the run began, and an unbound one nothing.
 *
 * Each finding is a line "test <tab> why" in FINDINGS. The state between calls is in FINDINGS.state.
 * IGT tells the event and the test in IGT_HOOK_EVENT and IGT_HOOK_TEST_FULLNAME; without them this is the run's begin.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <json.h>

#define DEVICES_MAX	4
#define ANSWER_MAX	65536
#define NAME_MAX_LENGTH	128
#define ANSWER_MS	30000
/* What a closed file leaves behind may take its fences' way; it does not take this long. */
#define SETTLE_MS	10000

/**
 * struct seen - what is known of a GPU
 * @present: it has a port
 * @violations: counted until now
 * @ranges: mapped for DMA
 */
struct seen {
	bool present;
	uint64_t violations;
	uint64_t ranges;
};

/**
 * struct state - kept between calls
 * @test: the test that ran last
 * @gpus: at the last call; @ranges as the run began
 */
struct state {
	char test[NAME_MAX_LENGTH];
	struct seen gpus[DEVICES_MAX];
};

static uint64_t number(struct json_object *object, const char *group, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, group, &object) ||
	    !json_object_object_get_ex(object, key, &value)) {
		fprintf(stderr, "nova-watch: the statistics have no %s.%s\n", group, key);
		exit(2);
	}
	return json_object_get_int64(value);
}

static void read_line(int fd, char *answer, size_t size)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	size_t length = 0;

	do {
		ssize_t got = -1;

		if (poll(&poll_fd, 1, ANSWER_MS) == 1)
			got = read(fd, answer + length, size - 1 - length);
		if (got <= 0) {
			fprintf(stderr, "nova-watch: no answer from the emulator\n");
			exit(2);
		}
		length += got;
	} while (answer[length - 1] != '\n' && length < size - 1);
	answer[length] = '\0';
}

static struct seen ask(unsigned int gpu)
{
	static char answer[ANSWER_MAX];
	struct seen seen = { 0 };
	struct json_object *stats;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/virtio-ports/nova-watch.%u", gpu);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return seen;
	if (fd < 0 || write(fd, "stats\n", 6) != 6) {
		perror(path);
		exit(2);
	}
	read_line(fd, answer, sizeof(answer));
	close(fd);

	stats = json_tokener_parse(answer);
	seen.present = true;
	seen.violations = number(stats, "violations", "total");
	seen.ranges = number(stats, "dma", "ranges");
	json_object_put(stats);
	return seen;
}

static bool load(const char *path, struct state *state)
{
	FILE *file = fopen(path, "re");
	bool whole;

	if (!file)
		return false;
	whole = fread(state, sizeof(*state), 1, file) == 1;
	fclose(file);
	return whole;
}

static void save(const char *path, const struct state *state)
{
	FILE *file = fopen(path, "we");

	if (!file || fwrite(state, sizeof(*state), 1, file) != 1 || fclose(file)) {
		perror(path);
		exit(2);
	}
}

static void finding(const char *path, const char *test, unsigned int gpu, const char *what,
		    uint64_t count)
{
	FILE *file = fopen(path, "ae");

	if (!file || fprintf(file, "%s\tGPU %u: %s: %llu\n", test, gpu, what,
			     (unsigned long long)count) < 0 || fclose(file)) {
		perror(path);
		exit(2);
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Is it a subtest of the test? */
static bool is_subtest(const char *name, const char *test)
{
	size_t length = strlen(test);

	return strncmp(name, test, length) == 0 && name[length] == '@';
}

/* Ranges mapped beyond @idle, or beyond none when the driver let go. */
static uint64_t ranges_left(unsigned int gpu, uint64_t idle)
{
	int64_t end = now_ms() + SETTLE_MS;
	struct seen seen;

	do {
		seen = ask(gpu);
	} while (seen.ranges != idle && seen.ranges && now_ms() < end);
	return seen.ranges == idle ? 0 : seen.ranges;
}

static void check(const char *findings, struct state *state, bool between)
{
	const char *iommu = getenv("NOVA_IOMMU");
	unsigned int i;

	for (i = 0; i < DEVICES_MAX; i++) {
		struct seen *known = &state->gpus[i], seen = ask(i);
		uint64_t left;

		if (!known->present || !seen.present)
			continue;
		/* A test may clear the counters. */
		if (seen.violations > known->violations)
			finding(findings, state->test, i, "violations",
				seen.violations - known->violations);
		known->violations = seen.violations;
		if (!between || !iommu || strcmp(iommu, "1"))
			continue;
		left = ranges_left(i, known->ranges);
		if (left)
			finding(findings, state->test, i, "DMA ranges left mapped", left);
	}
}

int main(int argc, char **argv)
{
	const char *event = getenv("IGT_HOOK_EVENT"), *test = getenv("IGT_HOOK_TEST_FULLNAME");
	struct state state = { .test = "before any test" };
	char path[4096];
	unsigned int i;

	if (argc != 2) {
		fprintf(stderr, "usage: nova-watch FINDINGS\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s.state", argv[1]);
	if (!event || !load(path, &state)) {
		for (i = 0; i < DEVICES_MAX; i++)
			state.gpus[i] = ask(i);
	} else {
		/* What is found after a test is its last subtest's, if it has any. */
		if (strncmp(event, "post-", 5) == 0 && test &&
		    !(strcmp(event, "post-test") == 0 && is_subtest(state.test, test)))
			snprintf(state.test, sizeof(state.test), "%s", test);
		check(argv[1], &state, strcmp(event, "pre-test") == 0 || strcmp(event, "end") == 0);
	}
	save(path, &state);
	return 0;
}
