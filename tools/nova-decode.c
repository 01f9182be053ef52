// SPDX-License-Identifier: MIT
/* nova-decode: what a device coredump, or a push buffer, says. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump_print.h"
#include "nova.h"

#define SIZE_LIMIT	(64u << 20)

static const char usage[] =
	"usage: nova-decode [FILE]                a device coredump, /sys/class/devcoredump/devcd*/data\n"
	"       nova-decode --push [--va=ADDRESS] [FILE]    the words of a push buffer\n"
	"Without FILE, or with -, standard input is read.\n";

struct input {
	uint8_t *data;
	size_t size;
};

/* The size of a file in sysfs says nothing: it is read to its end. */
static int read_all(FILE *stream, struct input *input)
{
	size_t room = 0, got;
	uint8_t *grown;

	do {
		if (input->size == room) {
			room = room ? room * 2 : 65536;
			grown = room > SIZE_LIMIT ? NULL : realloc(input->data, room);
			if (!grown)
				return -EFBIG;
			input->data = grown;
		}
		got = fread(input->data + input->size, 1, room - input->size, stream);
		input->size += got;
	} while (got);
	return ferror(stream) ? -EIO : 0;
}

static int read_file(const char *path, struct input *input)
{
	FILE *stream = strcmp(path, "-") ? fopen(path, "rbe") : stdin;
	int ret;

	if (!stream)
		return -errno;
	ret = read_all(stream, input);
	if (stream != stdin)
		fclose(stream);
	return ret;
}

static int decode_push(const char *name, const struct input *input, uint64_t va)
{
	int ret = nova_push_dump((const uint32_t *)input->data, (uint32_t)(input->size / 4), va, stdout);

	if (!ret && input->size % 4)
		ret = -EINVAL;
	if (ret == -EINVAL)
		fprintf(stderr, "nova-decode: %s: it is no whole push buffer\n", name);
	return ret;
}

static int decode_dump(const char *name, const struct input *input)
{
	struct dump_file file;
	const char *error;
	size_t where;

	error = dump_file_init(&file, input->data, input->size, &where);
	if (!error)
		error = dump_print(&file, stdout, &where);
	if (error)
		fprintf(stderr, "nova-decode: %s: at byte %zu: %s\n", name, where, error);
	return error ? -EINVAL : 0;
}

static bool parse_va(const char *text, uint64_t *va)
{
	char *end;

	errno = 0;
	*va = strtoull(text, &end, 0);
	return *text && *text != '-' && !*end && !errno;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "push", no_argument, NULL, 'p' },
		{ "va", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct input input = { NULL, 0 };
	bool push = false, have_va = false;
	const char *path;
	uint64_t va = 0;
	int option, ret;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
		}
		push |= option == 'p';
		have_va |= option == 'a';
		if (option == '?' || (option == 'a' && !parse_va(optarg, &va))) {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (argc - optind > 1 || (have_va && !push)) {
		fputs(usage, stderr);
		return 2;
	}
	path = optind < argc ? argv[optind] : "-";
	ret = read_file(path, &input);
	if (ret)
		fprintf(stderr, "nova-decode: %s: %s\n", path, strerror(-ret));
	else
		ret = push ? decode_push(path, &input, va) : decode_dump(path, &input);
	free(input.data);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "nova-decode: cannot write: %s\n", strerror(errno));
		ret = -EIO;
	}
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
