// SPDX-License-Identifier: MIT
#include <string.h>

#include "dump_file.h"

#define ALIGN	8u

static size_t padded(uint64_t length)
{
	return (size_t)(length + (ALIGN - length % ALIGN) % ALIGN);
}

static const char *check_header(const struct nova_dump_header *header, size_t size)
{
	if (header->magic == __builtin_bswap64(NOVA_DUMP_MAGIC))
		return "it is from a machine of the other byte order";
	if (header->magic != NOVA_DUMP_MAGIC)
		return "it is no dump of a nova device";
	if (header->version != NOVA_DUMP_VERSION)
		return "its version is not known";
	if (header->size < sizeof(*header) || header->size % ALIGN)
		return "its size makes no sense";
	if (header->size > size)
		return "it is shorter than its header says";
	return NULL;
}

const char *dump_file_init(struct dump_file *file, const void *data, size_t size, size_t *where)
{
	struct nova_dump_section section;
	const char *error;

	*where = 0;
	if (size < sizeof(file->header))
		return "it is too short for a header";
	file->data = data;
	memcpy(&file->header, data, sizeof(file->header));
	error = check_header(&file->header, size);
	if (error)
		return error;
	for (size_t at = sizeof(file->header); at < file->header.size; at += padded(section.length)) {
		*where = at;
		if (file->header.size - at < sizeof(section))
			return "a section begins at the end";
		memcpy(&section, file->data + at, sizeof(section));
		at += sizeof(section);
		if (section.length > file->header.size - at)
			return "a section is longer than what is left";
	}
	return NULL;
}

bool dump_file_next(const struct dump_file *file, size_t *offset, struct dump_section *section)
{
	struct nova_dump_section head;

	if (!*offset)
		*offset = sizeof(file->header);
	if (*offset >= file->header.size)
		return false;
	memcpy(&head, file->data + *offset, sizeof(head));
	section->type = head.type;
	section->data = file->data + *offset + sizeof(head);
	section->length = (size_t)head.length;
	*offset += sizeof(head) + padded(head.length);
	return true;
}

bool dump_file_find(const struct dump_file *file, uint32_t type, struct dump_section *section)
{
	size_t offset = 0;

	while (dump_file_next(file, &offset, section))
		if (section->type == type)
			return true;
	return false;
}
