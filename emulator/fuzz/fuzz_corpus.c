/* SPDX-License-Identifier: MIT */
/* Turns a file of seeds into a directory of files, which is what a fuzzer starts from. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_seeds.h"

static void write_seed(const struct fuzz_seed *seed, void *data)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/seed-%s", (const char *)data, seed->name);
	file = fopen(path, "wb");
	if (!file || fwrite(seed->bytes, 1, seed->len, file) != seed->len || fclose(file)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s SEEDS DIRECTORY\n", argv[0]);
		return 2;
	}
	return fuzz_seeds(argv[1], write_seed, argv[2]) ? 0 : 1;
}
