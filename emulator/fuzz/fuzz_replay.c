/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without a fuzzer, under any compiler: on the seeds of a text file, on the
 * files of a corpus, or on one finding.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "fuzz_input.h"
#include "fuzz_seeds.h"

static void die(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s\n", name, what);
	exit(2);
}

/* A copy of its own size, so that the sanitizer sees what reads beyond it. */
static void run_bytes(const uint8_t *bytes, size_t len, const char *name)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		die("no memory", name);
	memcpy(copy, bytes, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void run_seed(const struct fuzz_seed *seed, void *data)
{
	(void)data;
	run_bytes(seed->bytes, seed->len, seed->name);
}

static void run_file(const char *name)
{
	static uint8_t bytes[1 << 20];
	FILE *file = fopen(name, "rb");
	size_t len;

	if (!file)
		die(strerror(errno), name);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	run_bytes(bytes, len, name);
}

static unsigned int run(const char *name)
{
	char path[4096];
	struct dirent *entry;
	unsigned int count = 0;
	struct stat st;
	DIR *dir;

	if (stat(name, &st))
		die(strerror(errno), name);
	if (!S_ISDIR(st.st_mode)) {
		run_file(name);
		return 1;
	}
	dir = opendir(name);
	if (!dir)
		die(strerror(errno), name);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
		if (stat(path, &st) || !S_ISREG(st.st_mode))
			continue;
		run_file(path);
		count++;
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	unsigned int count = 0;
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: %s --seeds FILE | INPUT...\n", argv[0]);
		return 2;
	}
	if (argc == 3 && !strcmp(argv[1], "--seeds")) {
		count = fuzz_seeds(argv[2], run_seed, NULL);
	} else {
		for (i = 1; i < argc; i++)
			count += run(argv[i]);
	}
	printf("%u inputs\n", count);
	return count ? 0 : 1;
}
