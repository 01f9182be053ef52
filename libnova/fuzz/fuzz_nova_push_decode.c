/* SPDX-License-Identifier: MIT */
/*
 * The way back: any words. Items come in order, name nothing that does not exist, end with the
 * first bad one, and as text there is a line for each.
 */
#include "fuzz_input.h"

#include <errno.h>

#include "nova.h"

struct seen {
	uint32_t count;		/* of words */
	uint32_t next;		/* the first that was not visited yet */
	uint32_t items;
	bool bad;
};

static int visit(const struct nova_push_item *item, void *data)
{
	struct seen *seen = data;

	fuzz_require(!seen->bad, "an item after a bad one");
	fuzz_require(item->index < seen->count, "word %u of %u", item->index, seen->count);
	seen->bad = item->kind == NOVA_PUSH_BAD;
	fuzz_require(item->index >= seen->next || seen->bad, "word %u after %u", item->index, seen->next);
	fuzz_require(item->subchannel < 8 && item->method < 0x4000 && item->method % 4 == 0,
		     "sub-channel %u, method %#x", item->subchannel, item->method);
	fuzz_require(item->name || item->kind == NOVA_PUSH_METHOD, "an item without a name");
	seen->next = item->index + 1;
	seen->items++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .count = (uint32_t)(size / 4) };
	uint32_t *words = malloc(size + 1);
	size_t text_size = 0;
	uint32_t lines = 0;
	char *text = NULL;
	FILE *out;
	int ret;

	fuzz_require(words, "no memory");
	memcpy(words, data, seen.count * 4u);
	ret = nova_push_decode(words, seen.count, visit, &seen);
	fuzz_require(ret == (seen.bad ? -EINVAL : 0), "returned %d", ret);

	out = open_memstream(&text, &text_size);
	fuzz_require(out, "no memory");
	fuzz_require(nova_push_dump(words, seen.count, 0, out) == ret, "not the same as text");
	fclose(out);
	for (size_t i = 0; i < text_size; i++)
		lines += text[i] == '\n';
	fuzz_require(lines == seen.items, "%u lines, %u items", lines, seen.items);
	free(text);
	free(words);
	return 0;
}
