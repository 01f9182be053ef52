/* SPDX-License-Identifier: MIT */
/* The file of a device coredump (include/uapi/drm/nova_dump.h): what it claims about itself is checked here. */
#ifndef DUMP_FILE_H
#define DUMP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nova_dump.h"

/**
 * struct dump_file - a file in memory, found to be a chain of sections
 * @data: its beginning
 * @header: a copy of the header
 */
struct dump_file {
	const uint8_t *data;
	struct nova_dump_header header;
};

/**
 * struct dump_section - one section
 * @type: NOVA_DUMP_DEVICE..
 * @data: its content, aligned to 8
 * @length: bytes
 */
struct dump_section {
	uint32_t type;
	const uint8_t *data;
	size_t length;
};

/* @data is aligned to 8 and may be anything. NULL, or what is wrong with it; @where: at which byte. */
const char *dump_file_init(struct dump_file *file, const void *data, size_t size, size_t *where);

/* The section at *@offset, 0 for the first one, which moves on to the next; false at the end. */
bool dump_file_next(const struct dump_file *file, size_t *offset, struct dump_section *section);

/* The first one of a type; false if there is none. */
bool dump_file_find(const struct dump_file *file, uint32_t type, struct dump_section *section);

#endif /* DUMP_FILE_H */
