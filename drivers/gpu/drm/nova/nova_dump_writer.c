// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Sections of a dump, in memory of a fixed size. */
#include <kunit/visibility.h>
#include <linux/align.h>
#include <linux/bug.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include <drm/nova_dump.h>

#include "nova_dump_writer.h"

#define NOVA_DUMP_ALIGN	8

/* The layout is the interface: libnova's and the tools' tests have the same numbers. */
static_assert(sizeof(struct nova_dump_header) == 32);
static_assert(sizeof(struct nova_dump_section) == 16);
static_assert(sizeof(struct nova_dump_device) == 136);
static_assert(sizeof(struct nova_dump_error) == 64);
static_assert(sizeof(struct nova_dump_register) == 8);
static_assert(sizeof(struct nova_dump_channel) == 80);
static_assert(sizeof(struct nova_dump_ring) == 8);
static_assert(sizeof(struct nova_dump_job) == 16);
static_assert(sizeof(struct nova_dump_push) == 24);
static_assert(sizeof(struct nova_dump_words) == 8);
static_assert(sizeof(struct nova_dump_walk) == 24);
static_assert(sizeof(struct nova_dump_walk_step) == 32);
static_assert(sizeof(struct nova_dump_mapping) == 40);

static struct nova_dump_header *nova_dump_writer_header(struct nova_dump_writer *writer)
{
	return (struct nova_dump_header *)writer->data;
}

/**
 * nova_dump_writer_init() - begin a dump
 * @writer: the writer
 * @data: memory, aligned to 8
 * @size: bytes of it, room for the header at least
 */
void nova_dump_writer_init(struct nova_dump_writer *writer, void *data, size_t size)
{
	*writer = (struct nova_dump_writer) {
		.data = data,
		.size = ALIGN_DOWN(size, NOVA_DUMP_ALIGN),
		.used = sizeof(struct nova_dump_header),
	};
	*nova_dump_writer_header(writer) = (struct nova_dump_header) {
		.magic = NOVA_DUMP_MAGIC,
		.version = NOVA_DUMP_VERSION,
		.time_ns = ktime_get_real_ns(),
	};
}
EXPORT_SYMBOL_IF_KUNIT(nova_dump_writer_init);

/**
 * nova_dump_writer_begin() - begin a section
 * @writer: the writer, with no section open
 * @type: NOVA_DUMP_*
 *
 * If there is no room for its head, what is added to it does not fit either.
 */
void nova_dump_writer_begin(struct nova_dump_writer *writer, u32 type)
{
	struct nova_dump_section *section = (void *)(writer->data + writer->used);

	if (sizeof(*section) > writer->size - writer->used) {
		nova_dump_writer_header(writer)->flags |= NOVA_DUMP_TRUNCATED;
		return;
	}
	*section = (struct nova_dump_section) { .type = type };
	writer->open = writer->used;
}
EXPORT_SYMBOL_IF_KUNIT(nova_dump_writer_begin);

static struct nova_dump_section *nova_dump_writer_section(const struct nova_dump_writer *writer)
{
	return writer->open ? (void *)(writer->data + writer->open) : NULL;
}

/**
 * nova_dump_writer_room() - how much can still be added to the section
 * @writer: the writer
 *
 * Return: bytes; 0 without a section.
 */
size_t nova_dump_writer_room(const struct nova_dump_writer *writer)
{
	const struct nova_dump_section *section = nova_dump_writer_section(writer);

	return section ? writer->size - writer->open - sizeof(*section) - section->length : 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_dump_writer_room);

/**
 * nova_dump_writer_add() - content for the section
 * @writer: the writer
 * @size: bytes
 *
 * Return: where to write it, zeroed and aligned to 4, to 8 behind multiples of 8; NULL if it
 * does not fit.
 */
void *nova_dump_writer_add(struct nova_dump_writer *writer, size_t size)
{
	struct nova_dump_section *section = nova_dump_writer_section(writer);
	u8 *at;

	if (size > nova_dump_writer_room(writer)) {
		nova_dump_writer_header(writer)->flags |= NOVA_DUMP_TRUNCATED;
		return NULL;
	}
	/* Nothing was asked for, and there may be no section. */
	if (!size)
		return NULL;
	at = (u8 *)(section + 1) + section->length;
	section->length += size;
	return memset(at, 0, size);
}
EXPORT_SYMBOL_IF_KUNIT(nova_dump_writer_add);

/**
 * nova_dump_writer_trim() - give back the end of the section
 * @writer: the writer
 * @size: bytes that were added last and are not needed
 */
void nova_dump_writer_trim(struct nova_dump_writer *writer, size_t size)
{
	nova_dump_writer_section(writer)->length -= size;
}
EXPORT_SYMBOL_IF_KUNIT(nova_dump_writer_trim);

/**
 * nova_dump_writer_end() - end the section
 * @writer: the writer
 *
 * One without content is left out.
 */
void nova_dump_writer_end(struct nova_dump_writer *writer)
{
	struct nova_dump_section *section = nova_dump_writer_section(writer);
	size_t end;

	writer->open = 0;
	if (!section || !section->length)
		return;
	end = writer->used + sizeof(*section) + section->length;
	writer->used = ALIGN(end, NOVA_DUMP_ALIGN);
	memset(writer->data + end, 0, writer->used - end);
}
EXPORT_SYMBOL_IF_KUNIT(nova_dump_writer_end);

/**
 * nova_dump_writer_finish() - end the dump
 * @writer: the writer, with no section open
 *
 * Return: bytes that it has.
 */
size_t nova_dump_writer_finish(struct nova_dump_writer *writer)
{
	nova_dump_writer_header(writer)->size = writer->used;
	return writer->used;
}
EXPORT_SYMBOL_IF_KUNIT(nova_dump_writer_finish);
