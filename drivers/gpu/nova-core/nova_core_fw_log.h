/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_FW_LOG_H
#define NOVA_CORE_FW_LOG_H

#include <linux/spinlock.h>
#include <linux/types.h>

struct seq_file;

#define NOVA_CORE_FW_LOG_SIZE	64

/**
 * struct nova_core_fw_log_entry - a command or an event
 * @time_ns: CLOCK_MONOTONIC when it was sent or taken
 * @duration_ns: of a command: from then to its end, 0 while it is under way
 * @function: NOVA_FW_CMD_* or NOVA_FW_EVT_*
 * @object: the channel or engine that it is about, if it is about one
 * @result: of a command that was answered: NOVA_FW_*
 * @ret: of a command that was not: why
 * @event: it is one
 */
struct nova_core_fw_log_entry {
	u64 time_ns;
	u64 duration_ns;
	u32 function;
	u32 object;
	u32 result;
	int ret;
	bool event;
};

/**
 * struct nova_core_fw_log - what was said to the firmware and by it, the last of it
 * Plain memory: outlives a firmware that dies and is started again, and is what tells why it did.
 */
struct nova_core_fw_log {
	/** @lock: covers the rest; nothing is taken inside */
	spinlock_t lock;
	/** @count: how much it was since probe; the entry of the n-th is n modulo the size */
	u64 count __guarded_by(&lock);
	/** @entries: the last ones */
	struct nova_core_fw_log_entry entries[NOVA_CORE_FW_LOG_SIZE] __guarded_by(&lock);
};

void nova_core_fw_log_init(struct nova_core_fw_log *log);
u64 nova_core_fw_log_command(struct nova_core_fw_log *log, u32 function, u32 object);
void nova_core_fw_log_end(struct nova_core_fw_log *log, u64 number, u32 result, int ret);
void nova_core_fw_log_event(struct nova_core_fw_log *log, u32 function, u32 object);
void nova_core_fw_log_show(struct nova_core_fw_log *log, struct seq_file *seq);

#endif /* NOVA_CORE_FW_LOG_H */
