// SPDX-License-Identifier: MIT
/*
 * Nothing here believes the file: a structure is copied out of what the section has, an array ends with its
 * section, and of text only what a terminal shows as such is printed.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "dump_names.h"
#include "dump_print.h"
#include "nova.h"
#include "nova_drm.h"
#include "regs/nv_host.h"

#define TOO_SHORT	"it is too short for what it should have"
#define NO_MULTIPLE	"its length is no multiple of its elements'"

static bool take(const struct dump_section *section, size_t offset, void *to, size_t size)
{
	if (offset > section->length || size > section->length - offset)
		return false;
	memcpy(to, section->data + offset, size);
	return true;
}

static void print_text(FILE *out, const char *text, size_t size)
{
	for (size_t i = 0; i < size && text[i]; i++)
		fputc(isprint((unsigned char)text[i]) ? text[i] : '?', out);
	fputc('\n', out);
}

static const char *print_device(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_device device;

	(void)file;
	if (!take(section, 0, &device, sizeof(device)))
		return TOO_SHORT;
	fputs("  address       ", out);
	print_text(out, device.address, sizeof(device.address));
	fputs("  kernel        ", out);
	print_text(out, device.release, sizeof(device.release));
	fprintf(out, "  chip          %#" PRIx32 ", revision %" PRIx32 ".%" PRIx32 "\n", device.chip_id,
		device.revision >> 4, device.revision & 0xf);
	fprintf(out, "  classes       host %04" PRIx32 ", engine %04" PRIx32 "\n", device.host_class,
		device.engine_class);
	fprintf(out, "  bound         %" PRIu64 " times\n", (uint64_t)device.generation);
	fprintf(out, "  video memory  %#" PRIx64 " .. %#" PRIx64 "\n", (uint64_t)device.vram_start,
		(uint64_t)device.vram_end);
	return NULL;
}

static const char *print_error(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_error error;

	(void)file;
	if (!take(section, 0, &error, sizeof(error)))
		return TOO_SHORT;
	fprintf(out, "  code          %" PRIu32 ", %s\n  queue        ", error.code, dump_error_name(error.code));
	dump_print_state(out, error.state);
	fputc('\n', out);
	if (error.valid & NOVA_DUMP_ERROR_CHANNEL) {
		fprintf(out, "  exception     %" PRIu32 ", %s\n", error.exception,
			dump_exception_name(error.code, error.exception));
		fprintf(out, "  method        %#06" PRIx32 ", data %#" PRIx32 "\n", error.method, error.data);
		fprintf(out, "  address       %#" PRIx64 "\n", (uint64_t)error.address);
	}
	if (error.valid & NOVA_DUMP_ERROR_FAULT)
		fprintf(out, "  fault         %s at %#" PRIx64 ", %s, engine %" PRIu32 ", client %" PRIu32
			", GPU time %" PRIu64 " ns\n", dump_fault_access_name(error.fault_access),
			(uint64_t)error.fault_address, dump_fault_type_name(error.fault_type),
			error.fault_engine, error.fault_client, (uint64_t)error.fault_time_ns);
	return NULL;
}

static const char *print_registers(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_register reg;
	char buffer[32];

	(void)file;
	for (size_t at = 0; take(section, at, &reg, sizeof(reg)); at += sizeof(reg))
		fprintf(out, "  %06" PRIx32 "  %08" PRIx32 "  %s\n", reg.offset, reg.value,
			dump_register_name(reg.offset, buffer));
	return section->length % sizeof(reg) ? NO_MULTIPLE : NULL;
}

static const char *print_channel(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_channel channel;

	(void)file;
	if (!take(section, 0, &channel, sizeof(channel)))
		return TOO_SHORT;
	fprintf(out, "  queue         %" PRIu32 " of client %" PRIu64 ", fence context %" PRIu64 "\n",
		channel.queue_id, (uint64_t)channel.client_id, (uint64_t)channel.context);
	fprintf(out, "  channel       %" PRIu32 " on engine %" PRIu32 ", priority %" PRIu32 "\n", channel.chid,
		channel.engine, channel.priority);
	fprintf(out, "  ring          %" PRIu32 " entries at %#" PRIx64 "\n", channel.ring_size,
		(uint64_t)channel.ring_va);
	fprintf(out, "  ring indices  GET %" PRIu32 ", PUT %" PRIu32 "%s\n", channel.gp_get, channel.gp_put,
		channel.gp_put == channel.put ? "" : " (not what the driver wrote)");
	fprintf(out, "  jobs          %" PRIu64 " submitted, %" PRIu64 " completed\n",
		(uint64_t)channel.submitted, (uint64_t)channel.completed);
	fprintf(out, "  page tables   root %#" PRIx64 "\n", (uint64_t)channel.root);
	return NULL;
}

/* Words that have a name or are not 0. */
static const char *print_words(const struct dump_section *section, FILE *out, const char *(*name)(uint32_t offset))
{
	uint32_t word;

	for (size_t at = 0; take(section, at, &word, sizeof(word)); at += sizeof(word))
		if (word || *name((uint32_t)at))
			fprintf(out, "  %03zx  %08" PRIx32 "  %s\n", at, word, name((uint32_t)at));
	return section->length % sizeof(word) ? NO_MULTIPLE : NULL;
}

static const char *print_userd(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	(void)file;
	return print_words(section, out, dump_userd_name);
}

static const char *print_instance(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	(void)file;
	return print_words(section, out, dump_ramfc_name);
}

static void print_gp_entry(FILE *out, uint64_t entry)
{
	uint32_t low = (uint32_t)entry, high = (uint32_t)(entry >> 32), length = NV_GET(NV_GP_ENTRY1_LENGTH, high);

	if (!length) {
		fprintf(out, "control, operation %" PRIu32 "\n", NV_GET(NV_GP_ENTRY1_OPCODE, high));
		return;
	}
	fprintf(out, "%" PRIu32 " words at %#" PRIx64 "%s%s%s\n", length,
		(uint64_t)NV_GET(NV_GP_ENTRY1_GET_HI, high) << 32 | (low & NV_GP_ENTRY0_GET),
		high & NV_GP_ENTRY1_SYNC ? ", SYNC" : "", high & NV_GP_ENTRY1_LEVEL ? ", subroutine" : "",
		low & NV_GP_ENTRY0_FETCH ? ", conditional" : "");
}

static const char *print_ring(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_channel channel = { 0 };
	struct dump_section other;
	struct nova_dump_ring ring;
	uint64_t entry;

	if (!take(section, 0, &ring, sizeof(ring)))
		return TOO_SHORT;
	if (dump_file_find(file, NOVA_DUMP_CHANNEL, &other))
		take(&other, 0, &channel, sizeof(channel));
	for (uint32_t i = 0; i < ring.count; i++) {
		uint32_t index = ring.first + i;

		if (!take(section, sizeof(ring) + (size_t)i * sizeof(entry), &entry, sizeof(entry)))
			return TOO_SHORT;
		if (channel.ring_size)
			index %= channel.ring_size;
		fprintf(out, "  %6" PRIu32 "%s%s ", index, index == channel.gp_get && channel.ring_size ? " GET" : "",
			index == channel.put && channel.ring_size ? " PUT" : "");
		print_gp_entry(out, entry);
	}
	return NULL;
}

static const char *print_jobs(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_job job;

	(void)file;
	for (size_t at = 0; take(section, at, &job, sizeof(job)); at += sizeof(job))
		fprintf(out, "  job %" PRIu64 ", %s, %" PRIu32 " pushes\n", (uint64_t)job.seqno,
			job.flags & NOVA_DUMP_JOB_RUNNING ? "in the ring" : "waiting", job.push_count);
	return section->length % sizeof(job) ? NO_MULTIPLE : NULL;
}

/* "push 3 of job 7", or of a user-mode queue, which has no jobs, "push 3 in the ring". */
static void print_push_name(FILE *out, uint32_t index, const struct nova_dump_push *push)
{
	fprintf(out, "  push %" PRIu32, index);
	if (push->seqno)
		fprintf(out, " of job %" PRIu64, (uint64_t)push->seqno);
	else
		fputs(" in the ring", out);
}

static const char *print_pushes(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_push push;
	uint32_t index = 0;

	(void)file;
	for (size_t at = 0; take(section, at, &push, sizeof(push)); at += sizeof(push)) {
		print_push_name(out, index++, &push);
		fprintf(out, ": %" PRIu32 " bytes at %#" PRIx64 "%s\n", push.length, (uint64_t)push.va,
			push.flags & DRM_NOVA_PUSH_SYNC ? ", SYNC" : "");
	}
	return section->length % sizeof(push) ? NO_MULTIPLE : NULL;
}

/* A push buffer that makes no sense is the client's mistake, and maybe what the dump is about: no error of the file. */
static const char *print_push(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_push push = { 0 };
	struct nova_dump_words words;
	struct dump_section pushes;

	if (!take(section, 0, &words, sizeof(words)))
		return TOO_SHORT;
	if (words.count > (section->length - sizeof(words)) / sizeof(uint32_t))
		return TOO_SHORT;
	if (dump_file_find(file, NOVA_DUMP_PUSHES, &pushes) &&
	    !take(&pushes, (size_t)words.push * sizeof(push), &push, sizeof(push)))
		return "it is about a push that is not there";
	print_push_name(out, words.push, &push);
	fprintf(out, "%s\n", words.count < push.length / 4 ? ", not all of it" : "");
	nova_push_dump((const uint32_t *)(section->data + sizeof(words)), words.count, push.va, out);
	return NULL;
}

static const char *print_walk(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_walk_step step;
	struct nova_dump_walk walk;
	uint64_t entry[2];

	(void)file;
	if (!take(section, 0, &walk, sizeof(walk)))
		return TOO_SHORT;
	fprintf(out, "  %#" PRIx64 ", from the root at %#" PRIx64 "\n", (uint64_t)walk.va, (uint64_t)walk.root);
	for (uint32_t i = 0; i < walk.count; i++) {
		if (!take(section, sizeof(walk) + (size_t)i * sizeof(step), &step, sizeof(step)))
			return TOO_SHORT;
		entry[0] = step.entry[0];
		entry[1] = step.entry[1];
		if (step.level == NOVA_DUMP_LEVEL_64K)
			fputs("  64 KiB pages", out);
		else
			fprintf(out, "  level %" PRIu32, step.level);
		fprintf(out, ", entry %3" PRIu32 " at %#" PRIx64 ": %016" PRIx64, step.index, (uint64_t)step.address,
			entry[0]);
		if (step.level == 1)
			fprintf(out, " %016" PRIx64, entry[1]);
		fputs("  ", out);
		dump_print_entry(out, step.level, entry);
		fputc('\n', out);
	}
	return NULL;
}

static const char *print_mappings(const struct dump_file *file, const struct dump_section *section, FILE *out)
{
	struct nova_dump_mapping mapping;

	(void)file;
	for (size_t at = 0; take(section, at, &mapping, sizeof(mapping)); at += sizeof(mapping)) {
		fprintf(out, "  %010" PRIx64 " .. %010" PRIx64 "  ", (uint64_t)mapping.va,
			(uint64_t)(mapping.va + mapping.size));
		if (mapping.bo_size)
			fprintf(out, "offset %#" PRIx64 " of a buffer of %#" PRIx64 ", %s%s",
				(uint64_t)mapping.bo_offset, (uint64_t)mapping.bo_size,
				mapping.resident & DRM_NOVA_PLACEMENT_VRAM ? "video memory" :
				mapping.resident & DRM_NOVA_PLACEMENT_SYSTEM ? "system memory" : "nowhere",
				mapping.flags & NOVA_DUMP_MAPPING_EVICTED ? ", evicted" : "");
		else
			fputs("no buffer", out);
		fputs(mapping.flags & NOVA_DUMP_MAPPING_READONLY ? ", read only\n" : "\n", out);
	}
	return section->length % sizeof(mapping) ? NO_MULTIPLE : NULL;
}

static const struct {
	const char *title;
	const char *(*print)(const struct dump_file *file, const struct dump_section *section, FILE *out);
} sections[] = {
	[NOVA_DUMP_DEVICE] = { "device", print_device },
	[NOVA_DUMP_ERROR] = { "error", print_error },
	[NOVA_DUMP_REGISTERS] = { "registers", print_registers },
	[NOVA_DUMP_CHANNEL] = { "channel", print_channel },
	[NOVA_DUMP_USERD] = { "USERD", print_userd },
	[NOVA_DUMP_INSTANCE] = { "instance block", print_instance },
	[NOVA_DUMP_RING] = { "ring", print_ring },
	[NOVA_DUMP_JOBS] = { "jobs that had not ended", print_jobs },
	[NOVA_DUMP_PUSHES] = { "their pushes", print_pushes },
	[NOVA_DUMP_WORDS] = { "push buffer", print_push },
	[NOVA_DUMP_PAGE_WALK] = { "page tables", print_walk },
	[NOVA_DUMP_MAPPINGS] = { "mappings", print_mappings },
};

static void print_header(const struct nova_dump_header *header, FILE *out)
{
	time_t seconds = (time_t)(header->time_ns / 1000000000);
	char when[64] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(out, "nova device coredump, %s UTC, %" PRIu64 " bytes%s\n", when, (uint64_t)header->size,
		header->flags & NOVA_DUMP_TRUNCATED ? ", not everything fitted" : "");
}

const char *dump_print(const struct dump_file *file, FILE *out, size_t *where)
{
	struct dump_section section;
	const char *error = NULL;
	size_t offset = 0;

	print_header(&file->header, out);
	while (!error && dump_file_next(file, &offset, &section)) {
		*where = (size_t)(section.data - file->data);
		if (section.type < sizeof(sections) / sizeof(sections[0]) && sections[section.type].print) {
			fprintf(out, "\n%s\n", sections[section.type].title);
			error = sections[section.type].print(file, &section, out);
		} else {
			fprintf(out, "\nsection of type %" PRIu32 ", which is not known here: %zu bytes\n",
				section.type, section.length);
		}
	}
	return error;
}
