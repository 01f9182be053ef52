// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The last commands to the firmware and its events, for people. The firmware keeps no log that it
 * would give away, so this is the driver's side of the conversation.
 */
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "abi/nova_fw.h"
#include "nova_core_fw_log.h"

/* What a message is about. */
struct nova_core_fw_log_name {
	u32 function;
	const char *name;
	const char *object;	/* NULL: nothing of which there are several */
};

static const struct nova_core_fw_log_name nova_core_fw_log_names[] = {
	{ NOVA_FW_CMD_GET_INFO, "GET_INFO" },
	{ NOVA_FW_CMD_CHANNEL_CREATE, "CHANNEL_CREATE" },
	{ NOVA_FW_CMD_CHANNEL_DESTROY, "CHANNEL_DESTROY", "channel" },
	{ NOVA_FW_CMD_CHANNEL_STOP, "CHANNEL_STOP", "channel" },
	{ NOVA_FW_CMD_ENGINE_RESET, "ENGINE_RESET", "engine" },
	{ NOVA_FW_CMD_SHUTDOWN, "SHUTDOWN" },
	{ NOVA_FW_CMD_ENGINE_STATUS, "ENGINE_STATUS", "engine" },
	{ NOVA_FW_CMD_SUSPEND, "SUSPEND" },
	{ NOVA_FW_CMD_CHANNEL_DESTROY_ALL, "CHANNEL_DESTROY_ALL" },
	{ NOVA_FW_EVT_INIT_DONE, "INIT_DONE" },
	{ NOVA_FW_EVT_CHANNEL_ERROR, "CHANNEL_ERROR", "channel" },
};

static const char *const nova_core_fw_log_results[] = {
	[NOVA_FW_OK] = "OK",
	[NOVA_FW_ERR_VERSION] = "ERR_VERSION",
	[NOVA_FW_ERR_INVALID] = "ERR_INVALID",
	[NOVA_FW_ERR_DMA] = "ERR_DMA",
	[NOVA_FW_ERR_NO_CHANNEL] = "ERR_NO_CHANNEL",
	[NOVA_FW_ERR_NO_RESOURCES] = "ERR_NO_RESOURCES",
	[NOVA_FW_ERR_HUNG] = "ERR_HUNG",
	[NOVA_FW_ERR_UNKNOWN] = "ERR_UNKNOWN",
	[NOVA_FW_ERR_MALFORMED] = "ERR_MALFORMED",
};

/* Empty. */
void nova_core_fw_log_init(struct nova_core_fw_log *log)
{
	guard(spinlock_init)(&log->lock);
	log->count = 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fw_log_init);

/* The next entry, over the oldest one. */
static struct nova_core_fw_log_entry *nova_core_fw_log_add_locked(struct nova_core_fw_log *log,
								  u32 function, u32 object)
	__must_hold(&log->lock)
{
	struct nova_core_fw_log_entry *entry;

	lockdep_assert_held(&log->lock);

	entry = &log->entries[log->count++ % NOVA_CORE_FW_LOG_SIZE];
	*entry = (struct nova_core_fw_log_entry) {
		.time_ns = ktime_get_ns(),
		.function = function,
		.object = object,
	};
	return entry;
}

/* A command is about to be sent. Returns its number, for nova_core_fw_log_end(). */
u64 nova_core_fw_log_command(struct nova_core_fw_log *log, u32 function, u32 object)
{
	guard(spinlock)(&log->lock);
	nova_core_fw_log_add_locked(log, function, object);
	return log->count - 1;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fw_log_command);

/* It was answered with @result, if @ret is 0. So many events came meanwhile that it may be gone. */
void nova_core_fw_log_end(struct nova_core_fw_log *log, u64 number, u32 result, int ret)
{
	struct nova_core_fw_log_entry *entry;

	guard(spinlock)(&log->lock);
	if (log->count - number > NOVA_CORE_FW_LOG_SIZE)
		return;
	entry = &log->entries[number % NOVA_CORE_FW_LOG_SIZE];
	entry->duration_ns = max(ktime_get_ns() - entry->time_ns, 1);
	entry->result = result;
	entry->ret = ret;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fw_log_end);

/* An event has come. */
void nova_core_fw_log_event(struct nova_core_fw_log *log, u32 function, u32 object)
{
	guard(spinlock)(&log->lock);
	nova_core_fw_log_add_locked(log, function, object)->event = true;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fw_log_event);

static void nova_core_fw_log_show_what(struct seq_file *seq,
				       const struct nova_core_fw_log_entry *entry)
{
	const struct nova_core_fw_log_name *name;

	seq_puts(seq, entry->event ? "event " : "command ");
	for (unsigned int i = 0; i < ARRAY_SIZE(nova_core_fw_log_names); i++) {
		name = &nova_core_fw_log_names[i];
		if (name->function != entry->function)
			continue;
		seq_puts(seq, name->name);
		if (name->object)
			seq_printf(seq, " %s %u", name->object, entry->object);
		return;
	}
	seq_printf(seq, "%#x", entry->function);
}

static void nova_core_fw_log_show_end(struct seq_file *seq,
				      const struct nova_core_fw_log_entry *entry)
{
	if (!entry->duration_ns) {
		seq_puts(seq, ", under way");
		return;
	}
	if (entry->ret)
		seq_printf(seq, ", no answer (%pe)", ERR_PTR(entry->ret));
	else if (entry->result < ARRAY_SIZE(nova_core_fw_log_results))
		seq_printf(seq, ", %s", nova_core_fw_log_results[entry->result]);
	else
		seq_printf(seq, ", result %#x", entry->result);
	seq_printf(seq, ", %llu us", div_u64(entry->duration_ns, NSEC_PER_USEC));
}

/* A line each, the oldest first. Who sends meanwhile waits for as long as this takes to print. */
void nova_core_fw_log_show(struct nova_core_fw_log *log, struct seq_file *seq)
{
	guard(spinlock)(&log->lock);
	for (u64 n = log->count - min(log->count, NOVA_CORE_FW_LOG_SIZE); n < log->count; n++) {
		const struct nova_core_fw_log_entry *entry;
		u32 nsec;
		u64 sec;

		entry = &log->entries[n % NOVA_CORE_FW_LOG_SIZE];
		sec = div_u64_rem(entry->time_ns, NSEC_PER_SEC, &nsec);
		seq_printf(seq, "%llu: %llu.%06lu ", n, sec, nsec / NSEC_PER_USEC);
		nova_core_fw_log_show_what(seq, entry);
		if (!entry->event)
			nova_core_fw_log_show_end(seq, entry);
		seq_putc(seq, '\n');
	}
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_fw_log_show);
