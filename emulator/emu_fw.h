/* SPDX-License-Identifier: MIT */
/* The firmware: boot, message rings, and its thread. */
#ifndef EMU_FW_H
#define EMU_FW_H

#include "emu.h"
#include "abi/nova_fw.h"

/* A channel error is waiting in emu_fifo_take_error(); any thread, with no lock held. */
void emu_fw_notify(struct emu *emu);

/**
 * struct emu_fw_reply - what a command's function answers
 * @result: NOVA_FW_OK or NOVA_FW_ERR_*
 * @length: bytes of @payload
 * @payload: the reply's payload
 */
struct emu_fw_reply {
	uint32_t result;
	uint32_t length;
	uint8_t payload[NOVA_FW_MSG_MAX_PAYLOAD];
};

/*
 * emu_fw_cmd.c: carries out one command; after SHUTDOWN no channel is left. @payload holds
 * @length bytes. The lengths of known functions are checked in there.
 */
void emu_fw_command(struct emu *emu, uint32_t function, const void *payload, uint32_t length,
		    struct emu_fw_reply *reply);

#endif /* EMU_FW_H */
