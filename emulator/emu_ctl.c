/* SPDX-License-Identifier: MIT */
/* Commands of the control socket. */
#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu_chaos.h"
#include "emu_ctl.h"
#include "emu_mem.h"
#include "emu_pci.h"
#include "emu_stats.h"
#include "emu_yardstick.h"

#define EMU_CTL_STALL_MAX_MS	3600000u

static const char emu_ctl_blanks[] = " \t\r\n";

static const char * const emu_ctl_counters[EMU_COUNTERS] = {
	[EMU_REG_READS] = "reg_reads",
	[EMU_REG_WRITES] = "reg_writes",
	[EMU_DOORBELLS] = "doorbells",
	[EMU_INTERRUPTS] = "interrupts",
	[EMU_METHODS] = "methods",
	[EMU_CE_BYTES] = "ce_bytes",
	[EMU_FW_COMMANDS] = "fw_commands",
	[EMU_FW_EVENTS] = "fw_events",
	[EMU_FAULTS] = "faults",
	[EMU_TLB_INVALIDATES] = "tlb_invalidates",
	[EMU_DMA_MAPS] = "dma_maps",
	[EMU_DMA_UNMAPS] = "dma_unmaps",
	[EMU_RESETS] = "resets",
	[EMU_SLEEPS] = "sleeps",
};

static const char * const emu_ctl_violations[EMU_VIOLATIONS] = {
	[EMU_VIOLATION_REG_AFTER_SHUTDOWN] = "register_after_shutdown",
	[EMU_VIOLATION_DMA_UNMAPPED] = "dma_unmapped",
	[EMU_VIOLATION_DMA_NO_BUS_MASTER] = "dma_no_bus_master",
	[EMU_VIOLATION_DEAD_DOORBELL] = "dead_doorbell",
	[EMU_VIOLATION_FW_MALFORMED] = "firmware_malformed",
	[EMU_VIOLATION_REG_ACCESS] = "register_access",
};

static void emu_ctl_add(struct json_object *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

static struct json_object *emu_ctl_stats_violations(struct emu *emu)
{
	struct json_object *object = json_object_new_object();
	uint64_t total = 0;
	int i;

	for (i = 0; i < EMU_VIOLATIONS; i++)
		total += emu_stats_violations(emu->stats, i);
	emu_ctl_add(object, "total", total);
	for (i = 0; i < EMU_VIOLATIONS; i++)
		emu_ctl_add(object, emu_ctl_violations[i], emu_stats_violations(emu->stats, i));
	return object;
}

static struct json_object *emu_ctl_stats_recent(struct emu *emu)
{
	struct json_object *array = json_object_new_array();
	char text[EMU_STATS_RECENT][EMU_STATS_TEXT];
	unsigned int count = emu_stats_recent(emu->stats, text), i;

	for (i = 0; i < count; i++)
		json_object_array_add(array, json_object_new_string(text[i]));
	return array;
}

static struct json_object *emu_ctl_stats_chaos(struct emu *emu)
{
	struct json_object *object = json_object_new_object();
	struct json_object *lies = json_object_new_object();
	struct emu_chaos_stats stats;
	int i;

	emu_chaos_get_stats(emu, &stats);
	json_object_object_add(object, "on", json_object_new_boolean(stats.on));
	emu_ctl_add(object, "seed", stats.seed);
	for (i = 0; i < EMU_CHAOS_KINDS; i++)
		emu_ctl_add(lies, emu_chaos_kind_name(i), stats.kinds[i]);
	json_object_object_add(object, "lies", lies);
	emu_ctl_add(object, "dma_blocked", stats.dma_blocked);
	emu_ctl_add(object, "excused", stats.excused);
	return object;
}

static struct json_object *emu_ctl_stats(struct emu *emu)
{
	struct json_object *root = json_object_new_object();
	struct json_object *counters = json_object_new_object();
	struct json_object *dma = json_object_new_object();
	uint64_t ranges, bytes;
	int i;

	for (i = 0; i < EMU_COUNTERS; i++)
		emu_ctl_add(counters, emu_ctl_counters[i], emu_stats_counter(emu->stats, i));
	emu_mem_stats(emu, &ranges, &bytes);
	emu_ctl_add(dma, "ranges", ranges);
	emu_ctl_add(dma, "bytes", bytes);
	json_object_object_add(root, "counters", counters);
	json_object_object_add(root, "dma", dma);
	json_object_object_add(root, "violations", emu_ctl_stats_violations(emu));
	json_object_object_add(root, "recent", emu_ctl_stats_recent(emu));
	json_object_object_add(root, "chaos", emu_ctl_stats_chaos(emu));
	emu_ctl_add(root, "stuck_engines", emu_fifo_stuck_engines(emu));
	json_object_object_add(root, "shut_down", json_object_new_boolean(emu_bar_is_shut_down(emu)));
	json_object_object_add(root, "removed", json_object_new_boolean(emu_bar_is_removed(emu)));
	json_object_object_add(root, "asleep", json_object_new_boolean(emu_pci_asleep(emu)));
	return root;
}

static struct json_object *emu_ctl_error(const char *text)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "error", json_object_new_string(text));
	return root;
}

static struct json_object *emu_ctl_ok(void)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "ok", json_object_new_boolean(true));
	return root;
}

static struct json_object *emu_ctl_hang(struct emu *emu, unsigned int engine)
{
	int ret;

	emu_lock(emu);
	ret = emu_fifo_hang(emu, engine);
	emu_unlock(emu);
	return ret ? emu_ctl_error("no such engine") : emu_ctl_ok();
}

/*
 * Last, so that a boot which is just getting ready does not take it back. Until emu_lock() is
 * given back the driver cannot turn bus mastering off.
 */
static void emu_ctl_fw_failed(struct emu *emu)
{
	atomic_store(&emu->fw_failed, true);
}

static struct json_object *emu_ctl_stall(struct emu *emu, unsigned int ms)
{
	if (ms > EMU_CTL_STALL_MAX_MS)
		return emu_ctl_error("at most an hour (3600000 ms)");
	emu_lock(emu);
	emu_fw_stall(emu, ms);
	if (ms)
		emu_ctl_fw_failed(emu);
	emu_unlock(emu);
	return emu_ctl_ok();
}

static struct json_object *emu_ctl_crash(struct emu *emu)
{
	emu_lock(emu);
	emu_fw_crash(emu);
	emu_ctl_fw_failed(emu);
	emu_unlock(emu);
	return emu_ctl_ok();
}

static struct json_object *emu_ctl_fail_halts(struct emu *emu, unsigned int count)
{
	emu_fw_fail_halts(emu, count);
	return emu_ctl_ok();
}

static struct json_object *emu_ctl_drop(struct emu *emu)
{
	emu_irq_drop(emu, true);
	return emu_ctl_ok();
}

static struct json_object *emu_ctl_remove(struct emu *emu)
{
	emu_lock(emu);
	emu_bar_surprise_remove(emu);
	emu_unlock(emu);
	return emu_ctl_ok();
}

static struct json_object *emu_ctl_forget_asleep(struct emu *emu)
{
	atomic_store(&emu->forget_asleep, true);
	return emu_ctl_ok();
}

static struct json_object *emu_ctl_remove_asleep(struct emu *emu)
{
	atomic_store(&emu->remove_asleep, true);
	return emu_ctl_ok();
}

static struct json_object *emu_ctl_heal(struct emu *emu)
{
	emu_heal(emu);
	return emu_ctl_ok();
}

static struct json_object *emu_ctl_clear(struct emu *emu)
{
	emu_stats_clear(emu->stats);
	emu_chaos_clear_stats(emu);
	return emu_ctl_ok();
}

/* Of no device: how fast the machine is. */
static struct json_object *emu_ctl_memcpy(struct emu *emu, unsigned int size)
{
	struct emu_yardstick result;
	struct json_object *root;

	(void)emu;
	if (!size || size > EMU_YARDSTICK_MAX)
		return emu_ctl_error("1 byte to 64 MiB (67108864)");
	if (emu_yardstick_memcpy(size, &result))
		return emu_ctl_error("no memory");
	root = json_object_new_object();
	emu_ctl_add(root, "bytes", result.bytes);
	emu_ctl_add(root, "ns", result.ns);
	return root;
}

static bool emu_ctl_number(const char *text, unsigned int *number)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 0);
	if (errno || *end || value > UINT32_MAX)
		return false;
	*number = (unsigned int)value;
	return true;
}

/* "off", or SEED [RATE] [CATEGORY or KIND,...] */
static struct json_object *emu_ctl_chaos(struct emu *emu, char *words)
{
	unsigned int seed, rate = 0;
	uint64_t kinds = 0;
	char *rest = NULL, *word = strtok_r(words, emu_ctl_blanks, &rest);

	if (word && !strcmp(word, "off") && !strtok_r(NULL, emu_ctl_blanks, &rest)) {
		emu_lock(emu);
		emu_chaos_stop(emu);
		emu_unlock(emu);
		return emu_ctl_ok();
	}
	if (!word || !emu_ctl_number(word, &seed))
		return emu_ctl_error("chaos takes \"off\", or a seed, a rate and kinds");
	word = strtok_r(NULL, emu_ctl_blanks, &rest);
	if (word && emu_ctl_number(word, &rate)) {
		if (!rate)
			return emu_ctl_error("a rate is at least 1");
		word = strtok_r(NULL, emu_ctl_blanks, &rest);
	}
	if (word && !emu_chaos_parse(word, &kinds))
		return emu_ctl_error("unknown kind of chaos");
	if (strtok_r(NULL, emu_ctl_blanks, &rest))
		return emu_ctl_error("too many arguments");
	emu_lock(emu);
	emu_chaos_start(emu, seed, rate, word ? kinds : EMU_CHAOS_ALL);
	emu_unlock(emu);
	return emu_ctl_ok();
}

/* A command has no argument (@run), one number (@run_number) or any (@run_words). */
static const struct {
	const char *name;
	struct json_object *(*run)(struct emu *emu);
	struct json_object *(*run_number)(struct emu *emu, unsigned int number);
	struct json_object *(*run_words)(struct emu *emu, char *words);
} emu_ctl_commands[] = {
	{ .name = "stats", .run = emu_ctl_stats },
	{ .name = "clear", .run = emu_ctl_clear },
	{ .name = "hang", .run_number = emu_ctl_hang },
	{ .name = "stall-firmware", .run_number = emu_ctl_stall },
	{ .name = "crash-firmware", .run = emu_ctl_crash },
	{ .name = "fail-halts", .run_number = emu_ctl_fail_halts },
	{ .name = "drop-interrupts", .run = emu_ctl_drop },
	{ .name = "surprise-remove", .run = emu_ctl_remove },
	{ .name = "remove-asleep", .run = emu_ctl_remove_asleep },
	{ .name = "forget-asleep", .run = emu_ctl_forget_asleep },
	{ .name = "chaos", .run_words = emu_ctl_chaos },
	{ .name = "heal", .run = emu_ctl_heal },
	{ .name = "memcpy", .run_number = emu_ctl_memcpy },
};

static struct json_object *emu_ctl_run(struct emu *emu, const char *name, char *words)
{
	const char *argument;
	unsigned int number;
	char *rest = NULL;
	size_t i;

	for (i = 0; i < sizeof(emu_ctl_commands) / sizeof(emu_ctl_commands[0]); i++) {
		if (strcmp(name, emu_ctl_commands[i].name))
			continue;
		if (emu_ctl_commands[i].run_words)
			return emu_ctl_commands[i].run_words(emu, words);
		argument = strtok_r(words, emu_ctl_blanks, &rest);
		if (argument && strtok_r(NULL, emu_ctl_blanks, &rest))
			return emu_ctl_error("too many arguments");
		if (emu_ctl_commands[i].run)
			return argument ? emu_ctl_error("this command takes no argument") :
					  emu_ctl_commands[i].run(emu);
		if (!argument || !emu_ctl_number(argument, &number))
			return emu_ctl_error("this command takes one number");
		return emu_ctl_commands[i].run_number(emu, number);
	}
	return emu_ctl_error("unknown command");
}

char *emu_ctl_command(struct emu *emu, const char *line)
{
	char words[EMU_CTL_LINE];
	char *name, *rest = NULL, *reply = NULL;
	struct json_object *root;

	if (strlen(line) >= sizeof(words)) {
		root = emu_ctl_error("line too long");
	} else {
		strcpy(words, line);
		name = strtok_r(words, emu_ctl_blanks, &rest);
		if (!name)
			root = emu_ctl_error("empty command");
		else
			root = emu_ctl_run(emu, name, rest);
	}
	if (asprintf(&reply, "%s\n", json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN)) < 0)
		reply = NULL;
	json_object_put(root);
	return reply;
}
