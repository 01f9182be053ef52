// SPDX-License-Identifier: MIT
/* The way back from words to methods: what Host does with a push buffer, told instead of done. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "private.h"
#include "push_names.h"
#include "regs/nv_ce.h"
#include "regs/nv_host.h"
#include "regs/nv_twod.h"

#define SUBCHANNELS	8u
#define ADDRESS_END	0x4000u
#define RESERVED_BIT	NV_BIT(12)

/**
 * struct decoder - one pass over a buffer
 * @words: the buffer
 * @count: words in it
 * @at: the word to be looked at
 * @classes: of each sub-channel, as far as the buffer and the hardware's habits tell
 * @visit: whom to tell
 * @data: its last argument
 * @status: 0, or what is wrong with the buffer
 */
struct decoder {
	const uint32_t *words;
	uint32_t count;
	uint32_t at;
	uint32_t classes[SUBCHANNELS];
	nova_push_visit_t visit;
	void *data;
	int status;
};

static int tell(struct decoder *dec, struct nova_push_item *item, uint32_t index)
{
	item->index = index;
	item->word = dec->words[index];
	return dec->visit(item, dec->data);
}

static int tell_bad(struct decoder *dec, uint32_t index, const char *why)
{
	struct nova_push_item item = { .kind = NOVA_PUSH_BAD, .name = why };

	dec->status = -EINVAL;
	return tell(dec, &item, index);
}

static int tell_method(struct decoder *dec, uint32_t index, uint32_t subchannel, uint32_t method,
		       uint32_t value)
{
	const struct push_method_info *info;
	struct nova_push_item item = {
		.kind = NOVA_PUSH_METHOD,
		.subchannel = subchannel,
		.method = method,
		.value = value,
	};

	if (method == NV_C46F_SET_OBJECT)
		dec->classes[subchannel] = NV_GET(NV_C46F_SET_OBJECT_NVCLASS, value);
	item.class_id = method < NV_HOST_METHOD_END ? NV_HOST_CLASS : dec->classes[subchannel];
	info = push_method_find(item.class_id, method);
	item.name = info ? info->name : NULL;
	return tell(dec, &item, index);
}

/* The data of a header; @steps: how often the address moves on. */
static int decode_data(struct decoder *dec, uint32_t header, uint32_t steps)
{
	uint32_t subchannel = NV_GET(NV_PB_SUBCHANNEL, header), left = NV_GET(NV_PB_COUNT, header);
	uint32_t method = NV_GET(NV_PB_ADDRESS, header) << 2;
	int ret;

	for (; left; left--, dec->at++) {
		if (dec->at == dec->count)
			return tell_bad(dec, dec->at - 1, "the buffer ends in the middle of a command");
		if (method >= ADDRESS_END)
			return tell_bad(dec, dec->at++, "the method's address runs over the end");
		ret = tell_method(dec, dec->at, subchannel, method, dec->words[dec->at]);
		if (ret)
			return ret;
		if (steps) {
			steps--;
			method += 4;
		}
	}
	return 0;
}

static int tell_header(struct decoder *dec, uint32_t index, const char *name)
{
	uint32_t header = dec->words[index];
	struct nova_push_item item = {
		.kind = NOVA_PUSH_HEADER,
		.subchannel = NV_GET(NV_PB_SUBCHANNEL, header),
		.method = NV_GET(NV_PB_ADDRESS, header) << 2,
		.value = NV_GET(NV_PB_COUNT, header),
		.name = name,
	};

	return tell(dec, &item, index);
}

static int decode_tert(struct decoder *dec, uint32_t index)
{
	static const char *const names[] = {
		[NV_PB_TERT_OP_SET_SUBDEVICE_MASK] = "SET_SUBDEVICE_MASK",
		[NV_PB_TERT_OP_STORE_SUBDEVICE_MASK] = "STORE_SUBDEVICE_MASK",
		[NV_PB_TERT_OP_USE_SUBDEVICE_MASK] = "USE_SUBDEVICE_MASK",
	};
	uint32_t word = dec->words[index];
	const char *name = word ? names[NV_GET(NV_PB_TERT_OP, word)] : "NOP";

	return name ? tell_header(dec, index, name) : tell_bad(dec, index, "a reserved operation");
}

/* A header and its data. After a bad header nobody knows where the next one is: Host stops there. */
static int decode_command(struct decoder *dec)
{
	uint32_t index = dec->at++, header = dec->words[index], count = NV_GET(NV_PB_COUNT, header);
	bool reserved = header & RESERVED_BIT;
	const char *name;
	uint32_t steps;
	int ret;

	switch (NV_GET(NV_PB_SEC_OP, header)) {
	case NV_PB_SEC_OP_TERT:
		return decode_tert(dec, index);
	case NV_PB_SEC_OP_INC:
		name = "INC";
		steps = count;
		break;
	case NV_PB_SEC_OP_NON_INC:
		name = "NON_INC";
		steps = 0;
		break;
	case NV_PB_SEC_OP_ONE_INC:
		name = "ONE_INC";
		steps = 1;
		break;
	case NV_PB_SEC_OP_IMMD:
		if (reserved)
			return tell_bad(dec, index, "a reserved bit of the header");
		return tell_method(dec, index, NV_GET(NV_PB_SUBCHANNEL, header),
				   NV_GET(NV_PB_ADDRESS, header) << 2, count);
	case NV_PB_SEC_OP_END_SEGMENT:
		dec->count = dec->at;
		return tell_header(dec, index, "END_SEGMENT");
	default:
		return tell_bad(dec, index, "a reserved operation");
	}
	if (count && reserved)
		return tell_bad(dec, index, "a reserved bit of the header");
	ret = tell_header(dec, index, name);
	return ret ? ret : decode_data(dec, header, steps);
}

NOVA_API int nova_push_decode(const uint32_t *words, uint32_t count, nova_push_visit_t visit,
			      void *data)
{
	struct decoder dec = {
		.words = words,
		.count = count,
		.classes[NV_SUBCHANNEL_2D] = NV_TWOD_CLASS,
		.classes[NV_SUBCHANNEL_CE] = NV_CE_CLASS,
		.visit = visit,
		.data = data,
	};
	int ret;

	if ((count && !words) || !visit)
		return -EINVAL;
	while (dec.at < dec.count && !dec.status) {
		ret = decode_command(&dec);
		if (ret)
			return ret;
	}
	return dec.status;
}

/* --- as text --- */

struct printer {
	FILE *out;
	uint64_t va;
};

static void print_field(FILE *out, const struct push_field *field, uint32_t method_value)
{
	uint32_t value = NV_GET(field->mask, method_value);

	if (field->values && value < field->value_count && field->values[value])
		fprintf(out, " %s=%s", field->name, field->values[value]);
	else if (field->mask != NV_LSB(field->mask))
		fprintf(out, " %s=%#" PRIx32, field->name, value);
	else if (value)
		fprintf(out, " %s", field->name);
}

static void print_method(const struct nova_push_item *item, FILE *out)
{
	const struct push_method_info *info = push_method_find(item->class_id, item->method);

	fprintf(out, "  %" PRIu32 " ", item->subchannel);
	if (item->class_id)
		fprintf(out, "%04" PRIx32 " ", item->class_id);
	else
		fputs("?    ", out);
	if (info)
		fprintf(out, "%s", info->name);
	else
		fprintf(out, "method %#06" PRIx32, item->method);
	fprintf(out, " = %#" PRIx32, item->value);
	for (const struct push_field *field = info ? info->fields : NULL; field && field->name; field++)
		print_field(out, field, item->value);
	fputc('\n', out);
}

static int print_item(const struct nova_push_item *item, void *data)
{
	struct printer *printer = data;
	FILE *out = printer->out;

	fprintf(out, "  %010" PRIx64 "  %08" PRIx32, printer->va + 4 * (uint64_t)item->index, item->word);
	switch (item->kind) {
	case NOVA_PUSH_METHOD:
		print_method(item, out);
		break;
	case NOVA_PUSH_HEADER:
		fprintf(out, " %s", item->name);
		if (item->value)
			fprintf(out, " %" PRIu32 " at sub-channel %" PRIu32 ", %#06" PRIx32, item->value,
				item->subchannel, item->method);
		fputc('\n', out);
		break;
	default:
		fprintf(out, " BAD: %s\n", item->name);
	}
	return ferror(out) ? -EIO : 0;
}

NOVA_API int nova_push_dump(const uint32_t *words, uint32_t count, uint64_t va, FILE *out)
{
	struct printer printer = { .out = out, .va = va };

	return out ? nova_push_decode(words, count, print_item, &printer) : -EINVAL;
}
