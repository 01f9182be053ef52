/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The layout of abi/nova_fw.h, as the firmware counts on it. */
#ifndef NOVA_CORE_FW_CHECK_H
#define NOVA_CORE_FW_CHECK_H

#include <linux/build_bug.h>
#include <linux/stddef.h>

#include "abi/nova_fw.h"

#define NOVA_FW_CHECK_SIZE(type, size)	static_assert(sizeof(struct type) == (size))
#define NOVA_FW_CHECK(type, member, offset)	\
	static_assert(offsetof(struct type, member) == (offset))

NOVA_FW_CHECK_SIZE(nova_fw_ring, 24);
NOVA_FW_CHECK(nova_fw_ring, base, 0);
NOVA_FW_CHECK(nova_fw_ring, index, 8);
NOVA_FW_CHECK(nova_fw_ring, slots, 16);

NOVA_FW_CHECK_SIZE(nova_fw_ring_index, 128);
NOVA_FW_CHECK(nova_fw_ring_index, write, 0);
NOVA_FW_CHECK(nova_fw_ring_index, read, 64);

NOVA_FW_CHECK_SIZE(nova_fw_boot, 64);
NOVA_FW_CHECK(nova_fw_boot, magic, 0);
NOVA_FW_CHECK(nova_fw_boot, version, 4);
NOVA_FW_CHECK(nova_fw_boot, size, 6);
NOVA_FW_CHECK(nova_fw_boot, flags, 8);
NOVA_FW_CHECK(nova_fw_boot, cmd, 16);
NOVA_FW_CHECK(nova_fw_boot, status, 40);

NOVA_FW_CHECK_SIZE(nova_fw_msg, 32);
NOVA_FW_CHECK(nova_fw_msg, magic, 0);
NOVA_FW_CHECK(nova_fw_msg, version, 4);
NOVA_FW_CHECK(nova_fw_msg, function, 6);
NOVA_FW_CHECK(nova_fw_msg, length, 8);
NOVA_FW_CHECK(nova_fw_msg, sequence, 12);
NOVA_FW_CHECK(nova_fw_msg, tag, 16);
NOVA_FW_CHECK(nova_fw_msg, result, 20);
NOVA_FW_CHECK(nova_fw_msg, flags, 24);

NOVA_FW_CHECK_SIZE(nova_fw_engine, 24);
NOVA_FW_CHECK(nova_fw_engine, type, 0);
NOVA_FW_CHECK(nova_fw_engine, runlist, 4);
NOVA_FW_CHECK(nova_fw_engine, instance, 8);
NOVA_FW_CHECK(nova_fw_engine, intr, 12);
NOVA_FW_CHECK(nova_fw_engine, class_id, 16);
NOVA_FW_CHECK(nova_fw_engine, mmu_engine_id, 20);

NOVA_FW_CHECK_SIZE(nova_fw_info, 240);
NOVA_FW_CHECK(nova_fw_info, vram_size, 0);
NOVA_FW_CHECK(nova_fw_info, vram_usable_start, 8);
NOVA_FW_CHECK(nova_fw_info, vram_usable_end, 16);
NOVA_FW_CHECK(nova_fw_info, channels, 24);
NOVA_FW_CHECK(nova_fw_info, engine_count, 28);
NOVA_FW_CHECK(nova_fw_info, host_class, 32);
NOVA_FW_CHECK(nova_fw_info, gpfifo_entries_max, 36);
NOVA_FW_CHECK(nova_fw_info, timeslice_us, 40);
NOVA_FW_CHECK(nova_fw_info, engines, 48);

NOVA_FW_CHECK_SIZE(nova_fw_channel_create, 56);
NOVA_FW_CHECK(nova_fw_channel_create, pdb, 0);
NOVA_FW_CHECK(nova_fw_channel_create, pdb_aperture, 8);
NOVA_FW_CHECK(nova_fw_channel_create, userd_aperture, 12);
NOVA_FW_CHECK(nova_fw_channel_create, userd, 16);
NOVA_FW_CHECK(nova_fw_channel_create, gpfifo_va, 24);
NOVA_FW_CHECK(nova_fw_channel_create, gpfifo_entries, 32);
NOVA_FW_CHECK(nova_fw_channel_create, engine, 36);
NOVA_FW_CHECK(nova_fw_channel_create, priority, 40);
NOVA_FW_CHECK(nova_fw_channel_create, flags, 44);
NOVA_FW_CHECK(nova_fw_channel_create, timeslice_us, 48);

NOVA_FW_CHECK_SIZE(nova_fw_channel_created, 24);
NOVA_FW_CHECK(nova_fw_channel_created, chid, 0);
NOVA_FW_CHECK(nova_fw_channel_created, token, 4);
NOVA_FW_CHECK(nova_fw_channel_created, inst, 8);
NOVA_FW_CHECK(nova_fw_channel_created, inst_aperture, 16);

NOVA_FW_CHECK_SIZE(nova_fw_channel, 8);
NOVA_FW_CHECK(nova_fw_channel, chid, 0);

NOVA_FW_CHECK_SIZE(nova_fw_engine_reset, 8);
NOVA_FW_CHECK(nova_fw_engine_reset, engine, 0);

NOVA_FW_CHECK_SIZE(nova_fw_engine_status, 8);
NOVA_FW_CHECK(nova_fw_engine_status, chid, 0);
NOVA_FW_CHECK(nova_fw_engine_status, stuck, 4);

NOVA_FW_CHECK_SIZE(nova_fw_init_done, 8);
NOVA_FW_CHECK(nova_fw_init_done, version, 0);
NOVA_FW_CHECK(nova_fw_init_done, boot_count, 4);

NOVA_FW_CHECK_SIZE(nova_fw_channel_error, 32);
NOVA_FW_CHECK(nova_fw_channel_error, chid, 0);
NOVA_FW_CHECK(nova_fw_channel_error, code, 4);
NOVA_FW_CHECK(nova_fw_channel_error, engine, 8);
NOVA_FW_CHECK(nova_fw_channel_error, exception, 12);
NOVA_FW_CHECK(nova_fw_channel_error, method, 16);
NOVA_FW_CHECK(nova_fw_channel_error, data, 20);
NOVA_FW_CHECK(nova_fw_channel_error, address, 24);

/* Sizes of messages fit a slot. */
static_assert(sizeof(struct nova_fw_msg) + NOVA_FW_MSG_MAX_PAYLOAD == NOVA_FW_RING_SLOT_SIZE);
static_assert(sizeof(struct nova_fw_info) <= NOVA_FW_MSG_MAX_PAYLOAD);

#endif /* NOVA_CORE_FW_CHECK_H */
