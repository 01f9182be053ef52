// SPDX-License-Identifier: MIT
/* Device coredumps as text: a good one, the same cut anywhere, and what nobody should have written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dump_names.h"
#include "dump_print.h"
#include "nova_drm.h"
#include "regs/nv_error.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"

#define SIZE(type, size)	_Static_assert(sizeof(struct type) == (size), #type)
#define FIELD(type, field, offset)	_Static_assert(offsetof(struct type, field) == (offset), #type "." #field)

/* The format, by hand: the driver's writer has the same sizes. */
SIZE(nova_dump_header, 32);
FIELD(nova_dump_header, size, 16);
SIZE(nova_dump_section, 16);
FIELD(nova_dump_section, length, 8);
SIZE(nova_dump_device, 136);
FIELD(nova_dump_device, address, 40);
FIELD(nova_dump_device, release, 72);
SIZE(nova_dump_error, 64);
FIELD(nova_dump_error, address, 24);
FIELD(nova_dump_error, fault_type, 48);
SIZE(nova_dump_register, 8);
SIZE(nova_dump_channel, 80);
FIELD(nova_dump_channel, queue_id, 16);
FIELD(nova_dump_channel, ring_va, 48);
FIELD(nova_dump_channel, completed, 72);
SIZE(nova_dump_ring, 8);
SIZE(nova_dump_job, 16);
SIZE(nova_dump_push, 24);
SIZE(nova_dump_words, 8);
SIZE(nova_dump_walk, 24);
SIZE(nova_dump_walk_step, 32);
FIELD(nova_dump_walk_step, entry, 16);
SIZE(nova_dump_mapping, 40);

#define ROOM	4096u

/* A file being written. */
struct builder {
	union {
		struct nova_dump_header header;
		uint64_t memory[ROOM / 8];
	};
	size_t used;
};

static void begin(struct builder *builder)
{
	memset(builder, 0, sizeof(*builder));
	builder->header.magic = NOVA_DUMP_MAGIC;
	builder->header.version = NOVA_DUMP_VERSION;
	builder->header.time_ns = 1000000000;
	builder->used = sizeof(builder->header);
}

/* In up to two pieces. */
static void section(struct builder *builder, uint32_t type, const void *head, size_t head_size,
		    const void *rest, size_t rest_size)
{
	const struct nova_dump_section section = { type, 0, head_size + rest_size };
	uint8_t *at = (uint8_t *)builder->memory + builder->used;

	assert_true(builder->used + sizeof(section) + head_size + rest_size + 8 <= ROOM);
	memcpy(at, &section, sizeof(section));
	memcpy(at + sizeof(section), head, head_size);
	if (rest_size)
		memcpy(at + sizeof(section) + head_size, rest, rest_size);
	builder->used += sizeof(section) + (head_size + rest_size + 7) / 8 * 8;
}

static void end(struct builder *builder)
{
	builder->header.size = builder->used;
}

static char text[65536];
static const char *error;
static size_t where;

/* Decodes the first @size bytes, from memory that has no more. */
static bool decode(const struct builder *builder, size_t size)
{
	struct dump_file file;
	uint64_t *copy = malloc(size + 1);
	FILE *out;

	assert_non_null(copy);
	memcpy(copy, builder->memory, size);
	memset(text, 0, sizeof(text));
	error = dump_file_init(&file, copy, size, &where);
	if (!error) {
		out = fmemopen(text, sizeof(text) - 1, "w");
		assert_non_null(out);
		error = dump_print(&file, out, &where);
		assert_int_equal(fclose(out), 0);
	}
	free(copy);
	return !error;
}

static void expect_text(const char *what)
{
	if (!strstr(text, what))
		print_error("not there: %s\n%s\n", what, text);
	assert_non_null(strstr(text, what));
}

static void build_fault(struct builder *builder)
{
	const struct nova_dump_device device = {
		.chip_id = 0x16e, .revision = 0xa1, .host_class = 0xc46f, .engine_class = 0xc5b5,
		.generation = 3, .address = "0000:01:00.0", .release = "7.2.12",
	};
	const struct nova_dump_error fault = {
		.state = DRM_NOVA_QUEUE_STATE_GUILTY, .code = NV_ERROR_MMU_FAULT,
		.valid = NOVA_DUMP_ERROR_CHANNEL | NOVA_DUMP_ERROR_FAULT, .method = 0x300, .data = 0x182,
		.address = 0x12345000, .fault_address = 0x12345000, .fault_type = NV_FAULT_TYPE_PTE,
		.fault_access = NV_FAULT_ACCESS_WRITE, .fault_engine = 15,
	};
	const struct nova_dump_channel channel = {
		.client_id = 7, .context = 99, .queue_id = 2, .chid = 5, .ring_size = 16, .gp_get = 15,
		.gp_put = 1, .put = 1, .submitted = 4, .completed = 3,
	};
	const struct nova_dump_register registers[] = { { 0, 0x16e000a1 }, { 0xb81004, 4 }, { 0x123456, 0 } };
	const struct nova_dump_ring ring = { 15, 2 };
	const uint64_t entries[] = { 0x00001c0000020000ull, 0x8000040000030000ull };
	const struct nova_dump_job job = { 4, NOVA_DUMP_JOB_RUNNING, 1 };
	const struct nova_dump_push pushes[] = { { 4, 0x20000, 12, 0 }, { 0, 0x30000, 4, DRM_NOVA_PUSH_SYNC } };
	const struct nova_dump_words words = { 0, 3 };
	const uint32_t code[] = { 0x20020017, 0x1000, 1 };
	const struct nova_dump_walk walk = { 0x12345000, 0x1f000000, 3, 0 };
	const struct nova_dump_walk_step steps[] = {
		{ 4, 0, 0x1f000000, { 0x01f0010a, 0 } },
		{ NOVA_DUMP_LEVEL_64K, 20, 0x1f0021a0, { 0, 0 } },
		{ 0, 0x45, 0x1f002228, { 0, 0 } },
	};
	const struct nova_dump_mapping mapping = {
		0x20000, 0x1000, 0, 0x2000, NOVA_DUMP_MAPPING_READONLY, DRM_NOVA_PLACEMENT_VRAM,
	};

	begin(builder);
	section(builder, NOVA_DUMP_DEVICE, &device, sizeof(device), NULL, 0);
	section(builder, NOVA_DUMP_ERROR, &fault, sizeof(fault), NULL, 0);
	section(builder, NOVA_DUMP_CHANNEL, &channel, sizeof(channel), NULL, 0);
	section(builder, NOVA_DUMP_REGISTERS, registers, sizeof(registers), NULL, 0);
	section(builder, NOVA_DUMP_RING, &ring, sizeof(ring), entries, sizeof(entries));
	section(builder, NOVA_DUMP_JOBS, &job, sizeof(job), NULL, 0);
	section(builder, NOVA_DUMP_PUSHES, pushes, sizeof(pushes), NULL, 0);
	section(builder, NOVA_DUMP_WORDS, &words, sizeof(words), code, sizeof(code));
	section(builder, NOVA_DUMP_PAGE_WALK, &walk, sizeof(walk), steps, sizeof(steps));
	section(builder, NOVA_DUMP_MAPPINGS, &mapping, sizeof(mapping), NULL, 0);
	section(builder, 77, "new", 3, NULL, 0);
	end(builder);
}

static void test_fault(void **state)
{
	struct builder builder;

	(void)state;
	build_fault(&builder);
	assert_true(decode(&builder, builder.used));
	expect_text("nova device coredump, 1970-01-01 00:00:01 UTC");
	expect_text("address       0000:01:00.0\n");
	expect_text("kernel        7.2.12\n");
	expect_text("31, MMU fault\n  queue         GUILTY\n");
	expect_text("fault         write at 0x12345000, PTE, engine 15");
	expect_text("method        0x0300, data 0x182");
	expect_text("queue         2 of client 7, fence context 99");
	expect_text("GET 15, PUT 1\n");
	expect_text("000000  16e000a1  PMC_BOOT_0\n");
	expect_text("b81004  00000004  VF_INTR_LEAF(1)\n");
	expect_text("      15 GET 7 words at 0x20000\n");
	expect_text("       0 1 words at 0x30000, SYNC\n");
	expect_text("job 4, in the ring, 1 pushes");
	expect_text("push 0 of job 4: 12 bytes at 0x20000\n");
	expect_text("push 1 in the ring: 4 bytes at 0x30000, SYNC\n");
	expect_text("SEM_ADDR_LO = 0x1000\n");
	expect_text("SEM_ADDR_HI = 0x1\n");
	expect_text("level 4, entry   0 at 0x1f000000: 0000000001f0010a  table, video 0x1f001000\n");
	expect_text("  64 KiB pages, entry  20 at 0x1f0021a0: 0000000000000000  no page of 64 KiB\n");
	expect_text("level 0, entry  69 at 0x1f002228: 0000000000000000  not valid\n");
	expect_text("0000020000 .. 0000021000  offset 0 of a buffer of 0x2000, video memory, read only\n");
	expect_text("section of type 77, which is not known here: 3 bytes\n");
}

/* Cut anywhere it is refused, and where it was cut is told; with more behind it, it is not. */
static void test_truncated(void **state)
{
	struct builder builder;

	(void)state;
	build_fault(&builder);
	for (size_t size = 0; size < builder.used; size++) {
		assert_false(decode(&builder, size));
		assert_non_null(error);
		assert_true(where <= size);
	}
	assert_true(decode(&builder, builder.used + 8));
}

/* The header believes that the file ends earlier: in the middle of a section that is an error, else less is printed. */
static void test_shortened(void **state)
{
	struct builder builder;
	size_t whole = 0;

	(void)state;
	build_fault(&builder);
	for (size_t size = sizeof(struct nova_dump_header); size <= builder.used; size += 8) {
		builder.header.size = size;
		whole += decode(&builder, builder.used);
	}
	/* After the header and each section; padding may be missing. */
	assert_true(whole >= 12);
}

/* Each byte changed to some others: an answer or an error, and nothing that a terminal would act on. */
static void test_mutated(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x1b, 0x7f, 0xff };
	struct builder builder;

	(void)state;
	build_fault(&builder);
	for (size_t at = 0; at < builder.used; at++) {
		uint8_t *byte = (uint8_t *)builder.memory + at, old = *byte;

		for (size_t i = 0; i < sizeof(values); i++) {
			*byte = values[i];
			decode(&builder, builder.used);
			for (size_t c = 0; text[c]; c++)
				assert_true(text[c] == '\n' || (text[c] >= ' ' && text[c] <= '~'));
		}
		*byte = old;
	}
}

static void expect_refused(struct builder *builder, const char *why)
{
	assert_false(decode(builder, builder->used));
	assert_string_equal(error, why);
}

static void test_header(void **state)
{
	struct nova_dump_header *header;
	struct builder builder;

	(void)state;
	begin(&builder);
	end(&builder);
	header = &builder.header;
	header->flags = NOVA_DUMP_TRUNCATED;
	assert_true(decode(&builder, builder.used));
	expect_text("not everything fitted");
	header->size = 16;
	expect_refused(&builder, "its size makes no sense");
	header->size = 33;
	expect_refused(&builder, "its size makes no sense");
	header->size = ~7ull;
	expect_refused(&builder, "it is shorter than its header says");
	header->version = 2;
	expect_refused(&builder, "its version is not known");
	header->magic = __builtin_bswap64(NOVA_DUMP_MAGIC);
	expect_refused(&builder, "it is from a machine of the other byte order");
	header->magic = 0;
	expect_refused(&builder, "it is no dump of a nova device");
}

static void refuse_section(uint32_t type, const void *data, size_t size, const char *why)
{
	struct builder builder;

	begin(&builder);
	section(&builder, type, data, size, NULL, 0);
	end(&builder);
	expect_refused(&builder, why);
	assert_int_equal(where, sizeof(struct nova_dump_header) + sizeof(struct nova_dump_section));
}

static void test_sections(void **state)
{
	static const char too_short[] = "it is too short for what it should have";
	static const char multiple[] = "its length is no multiple of its elements'";
	static const uint32_t ones[64] = { [0 ... 63] = ~0u };

	(void)state;
	refuse_section(NOVA_DUMP_DEVICE, ones, 135, too_short);
	refuse_section(NOVA_DUMP_ERROR, ones, 63, too_short);
	refuse_section(NOVA_DUMP_CHANNEL, ones, 79, too_short);
	refuse_section(NOVA_DUMP_RING, ones, 7, too_short);
	refuse_section(NOVA_DUMP_RING, ones, 40, too_short);
	refuse_section(NOVA_DUMP_WORDS, ones, 7, too_short);
	refuse_section(NOVA_DUMP_WORDS, ones, 40, too_short);
	refuse_section(NOVA_DUMP_PAGE_WALK, ones, 23, too_short);
	refuse_section(NOVA_DUMP_PAGE_WALK, ones, 88, too_short);
	refuse_section(NOVA_DUMP_REGISTERS, ones, 12, multiple);
	refuse_section(NOVA_DUMP_USERD, ones, 5, multiple);
	refuse_section(NOVA_DUMP_INSTANCE, ones, 7, multiple);
	refuse_section(NOVA_DUMP_JOBS, ones, 17, multiple);
	refuse_section(NOVA_DUMP_PUSHES, ones, 25, multiple);
	refuse_section(NOVA_DUMP_MAPPINGS, ones, 41, multiple);
}

static void test_words_without_push(void **state)
{
	const struct nova_dump_push push = { 1, 0x20000, 8, 0 };
	const struct nova_dump_words words = { 1, 0 };
	struct builder builder;

	(void)state;
	begin(&builder);
	section(&builder, NOVA_DUMP_PUSHES, &push, sizeof(push), NULL, 0);
	section(&builder, NOVA_DUMP_WORDS, &words, sizeof(words), NULL, 0);
	end(&builder);
	expect_refused(&builder, "it is about a push that is not there");
}

static void expect_entry(uint32_t level, uint64_t low, uint64_t high, const char *what)
{
	const uint64_t entry[2] = { low, high };
	FILE *out = fmemopen(text, sizeof(text) - 1, "w");

	assert_non_null(out);
	dump_print_entry(out, level, entry);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, what);
}

static void test_entries(void **state)
{
	(void)state;
	expect_entry(0, 0x06000000012340c1, 0, "page, video 0x12340000, kind 0x6, read only");
	expect_entry(0, 0x060000000123450d, 0, "page, coherent 0x12345000, kind 0x6, volatile");
	expect_entry(0, 8, 0, "sparse");
	expect_entry(NOVA_DUMP_LEVEL_64K, 0x0600000000123001, 0, "64 KiB page, video 0x1230000, kind 0x6");
	expect_entry(NOVA_DUMP_LEVEL_64K, 0x20, 0, "64 KiB not valid");
	expect_entry(NOVA_DUMP_LEVEL_64K, 0, 0, "no page of 64 KiB");
	expect_entry(1, 0x0600000000200001, 0, "2 MiB page, video 0x2000000, kind 0x6");
	expect_entry(1, 0, 0x100a, "64 KiB: no table; 4 KiB: table, video 0x10000");
	expect_entry(1, 0x1012, 0, "64 KiB: table at 0x10100; 4 KiB: no table");
	expect_entry(3, 8, 0, "sparse");
	expect_entry(3, 0x100c, 0, "table, coherent 0x10000");
}

static void test_names(void **state)
{
	char buffer[32];

	(void)state;
	assert_string_equal(dump_register_name(0xb82100 + 15 * 4, buffer), "VF_MAILBOX(15)");
	assert_string_equal(dump_register_name(0xb82102, buffer), "");
	assert_string_equal(dump_exception_name(NV_ERROR_PBDMA, NV_PBDMA_METHOD), "METHOD");
	assert_string_equal(dump_exception_name(NV_ERROR_CE0, 4), "SRC_LINE_EXCEEDS_PITCH");
	assert_string_equal(dump_exception_name(NV_ERROR_GR_CLASS, 2), "ILLEGAL_METHOD");
	assert_string_equal(dump_exception_name(NV_ERROR_GR_EXCEPTION, 9), "INVALID_STATE");
	assert_string_equal(dump_exception_name(NV_ERROR_RESETCHANNEL, 4), "unknown");
	assert_string_equal(dump_error_name(12345), "unknown");
	assert_string_equal(dump_fault_type_name(99), "unknown");
	assert_string_equal(dump_fault_access_name(99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_shortened),
		cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_words_without_push),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
