/* SPDX-License-Identifier: MIT */
/* The driver's end of the firmware protocol, for tests. */
#ifndef FW_DRIVER_H
#define FW_DRIVER_H

#include "gpu.h"
#include "abi/nova_fw.h"

#define FW_SLOTS	8u

struct fw_driver {
	struct gpu *gpu;
	uint64_t boot;		/* offsets in ram */
	uint64_t cmd_index;
	uint64_t status_index;
	uint64_t cmd;
	uint64_t status;
	uint32_t cmd_write;
	uint32_t status_read;
	uint32_t tag;
};

struct fw_message {
	struct nova_fw_msg msg;
	uint8_t payload[NOVA_FW_MSG_MAX_PAYLOAD];
};

void fw_driver_init(struct gpu *gpu, struct fw_driver *fw);
struct nova_fw_boot *fw_boot_args(struct fw_driver *fw);
/* Empties the rings and writes the mailboxes; does not wait. */
void fw_boot_begin(struct fw_driver *fw);
/* The same; returns when the state is RUNNING or an error. */
uint32_t fw_boot_write(struct fw_driver *fw);
/* Boots, and takes INIT_DONE. */
void fw_boot(struct fw_driver *fw);
uint32_t fw_state(struct fw_driver *fw);
/* Fills the next slot without publishing it; the message can still be spoilt. */
struct fw_message *fw_prepare(struct fw_driver *fw, uint32_t function, const void *payload,
			      uint32_t length);
void fw_kick(struct fw_driver *fw);
/* The next message if there is one / waits for it. */
bool fw_poll(struct fw_driver *fw, struct fw_message *message);
void fw_receive(struct fw_driver *fw, struct fw_message *message);
/* A command and its reply's result; the reply's payload must be @size bytes on success. */
uint32_t fw_call(struct fw_driver *fw, uint32_t function, const void *payload, uint32_t length,
		 void *reply, uint32_t size);
/* A channel over the given ring and USERD. */
uint32_t fw_channel_create(struct fw_driver *fw, const struct nova_fw_channel_create *create,
			   struct nova_fw_channel_created *created);
uint32_t fw_channel(struct fw_driver *fw, uint32_t function, uint32_t chid);
uint32_t fw_engine_reset(struct fw_driver *fw, uint32_t engine, uint32_t *killed);

#endif /* FW_DRIVER_H */
