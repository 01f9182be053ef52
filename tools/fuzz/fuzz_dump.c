/* SPDX-License-Identifier: MIT */
/*
 * A device coredump from anywhere. The first byte says whether the rest is a file, or content of sections for which the
 * target writes what stands around them: so that a mutation need not get a header right first.
 */
#include "fuzz_input.h"

#include "dump_print.h"

#define FILE_MAX	4096u

static uint64_t memory[FILE_MAX / 8];

/* Sections of any type with as much of the input as a byte says. Returns the size of the file. */
static size_t wrap(struct fuzz_input *in)
{
	struct nova_dump_header header = { NOVA_DUMP_MAGIC, NOVA_DUMP_VERSION, 0, sizeof(header), 0 };
	struct nova_dump_section section = { 0 };
	uint8_t *file = (uint8_t *)memory;
	size_t padded;

	while (fuzz_more(in)) {
		section.type = fuzz_below(in, 14);
		section.length = fuzz_u8(in);
		if (section.length > in->left)
			section.length = in->left;
		padded = (size_t)(section.length + 7) / 8 * 8;
		if (header.size + sizeof(section) + padded > FILE_MAX)
			break;
		memcpy(file + header.size, &section, sizeof(section));
		fuzz_bytes(in, file + header.size + sizeof(section), (size_t)section.length);
		header.size += sizeof(section) + padded;
	}
	memcpy(file, &header, sizeof(header));
	return (size_t)header.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	size_t where = 0, file_size, text_size = 0;
	struct dump_file file;
	const char *error;
	uint64_t *copy;
	bool wrapped;
	char *text;
	FILE *out;

	memset(memory, 0, sizeof(memory));
	wrapped = fuzz_u8(&in) & 1;
	file_size = wrapped ? wrap(&in) : fuzz_bytes(&in, memory, in.left < FILE_MAX ? in.left : FILE_MAX);
	/* Exactly as long as it is: a sanitizer sees a look beyond. */
	copy = malloc(file_size + 1);
	fuzz_require(copy, "no memory");
	memcpy(copy, memory, file_size);
	error = dump_file_init(&file, copy, file_size, &where);
	fuzz_require(!error || !wrapped, "%s", error);
	if (!error) {
		out = open_memstream(&text, &text_size);
		fuzz_require(out, "no memory");
		error = dump_print(&file, out, &where);
		fclose(out);
		for (size_t i = 0; i < text_size; i++)
			fuzz_require(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'), "character %#x", text[i]);
		free(text);
	}
	fuzz_require(!error || where <= file_size, "byte %zu of %zu", where, file_size);
	free(copy);
	return 0;
}
