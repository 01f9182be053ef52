/* SPDX-License-Identifier: MIT */
#include "fuzz_seeds.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s\n", name, what);
	exit(2);
}

static void seed_add(struct fuzz_seed *seed, const void *data, size_t len, const char *file)
{
	if (len > sizeof(seed->bytes) - seed->len)
		die("seed too long", file);
	memcpy(seed->bytes + seed->len, data, len);
	seed->len += len;
}

static void seed_hex(struct fuzz_seed *seed, const char *digits, size_t len, const char *file)
{
	size_t i;

	for (i = 0; i < len; i += 2) {
		char pair[3] = { digits[i], digits[i + 1] };
		char *end;
		uint8_t byte = (uint8_t)strtoul(pair, &end, 16);

		if (end != pair + 2)
			die("not two hex digits per byte", file);
		seed_add(seed, &byte, 1, file);
	}
}

static void seed_tokens(struct fuzz_seed *seed, const char *text, const char *file)
{
	const char *end;

	for (;;) {
		text += strspn(text, " \t\r\n");
		if (!*text || *text == '#')
			return;
		if (*text == '"') {
			end = strchr(++text, '"');
			if (!end)
				die("text without an end", file);
			seed_add(seed, text, (size_t)(end - text), file);
			text = end + 1;
		} else {
			size_t digits = strcspn(text, " \t\r\n#");

			seed_hex(seed, text, digits, file);
			text += digits;
		}
	}
}

static bool seed_parse(struct fuzz_seed *seed, const char *line, const char *file)
{
	const char *colon = strchr(line, ':');

	line += strspn(line, " \t\r\n");
	if (!*line || *line == '#')
		return false;
	if (!colon || colon == line || (size_t)(colon - line) >= sizeof(seed->name))
		die("a seed is NAME: TOKEN...", file);
	memcpy(seed->name, line, (size_t)(colon - line));
	seed->name[colon - line] = '\0';
	seed->len = 0;
	seed_tokens(seed, colon + 1, file);
	return true;
}

unsigned int fuzz_seeds(const char *name, void (*use)(const struct fuzz_seed *seed, void *data),
			void *data)
{
	static struct fuzz_seed seed;
	FILE *file = fopen(name, "r");
	unsigned int count = 0;
	char *line = NULL;
	size_t room = 0;

	if (!file)
		die(strerror(errno), name);
	while (getline(&line, &room, file) > 0) {
		if (!seed_parse(&seed, line, name))
			continue;
		use(&seed, data);
		count++;
	}
	free(line);
	fclose(file);
	return count;
}
