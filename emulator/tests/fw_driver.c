/* SPDX-License-Identifier: MIT */
#include "fw_driver.h"

#include <string.h>
#include <unistd.h>

void fw_driver_init(struct gpu *gpu, struct fw_driver *fw)
{
	struct nova_fw_boot *boot;

	memset(fw, 0, sizeof(*fw));
	fw->gpu = gpu;
	fw->boot = gpu_ram_alloc(gpu, 4096);
	fw->cmd_index = fw->boot + 1024;
	fw->status_index = fw->boot + 2048;
	fw->cmd = gpu_ram_alloc(gpu, FW_SLOTS * NOVA_FW_RING_SLOT_SIZE);
	fw->status = gpu_ram_alloc(gpu, FW_SLOTS * NOVA_FW_RING_SLOT_SIZE);
	boot = fw_boot_args(fw);
	*boot = (struct nova_fw_boot) {
		.magic = NOVA_FW_BOOT_MAGIC,
		.version = NOVA_FW_VERSION,
		.size = sizeof(*boot),
		.cmd = {
			.base = GPU_IOVA + fw->cmd,
			.index = GPU_IOVA + fw->cmd_index,
			.slots = FW_SLOTS,
		},
		.status = {
			.base = GPU_IOVA + fw->status,
			.index = GPU_IOVA + fw->status_index,
			.slots = FW_SLOTS,
		},
	};
}

struct nova_fw_boot *fw_boot_args(struct fw_driver *fw)
{
	return (struct nova_fw_boot *)(fw->gpu->ram + fw->boot);
}

uint32_t fw_state(struct fw_driver *fw)
{
	return emu_test_read(fw->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_STATE));
}

void fw_boot_begin(struct fw_driver *fw)
{
	uint64_t args = GPU_IOVA + fw->boot;

	memset(fw->gpu->ram + fw->cmd_index, 0, sizeof(struct nova_fw_ring_index));
	memset(fw->gpu->ram + fw->status_index, 0, sizeof(struct nova_fw_ring_index));
	fw->cmd_write = 0;
	fw->status_read = 0;
	emu_test_write(fw->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT_LO), (uint32_t)args);
	emu_test_write(fw->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT_HI), (uint32_t)(args >> 32));
	emu_test_write(fw->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_BOOT), NOVA_FW_BOOT_MAGIC);
}

uint32_t fw_boot_write(struct fw_driver *fw)
{
	fw_boot_begin(fw);
	gpu_wait(fw_state(fw) != NOVA_FW_STATE_OFF);
	return fw_state(fw);
}

void fw_boot(struct fw_driver *fw)
{
	struct fw_message message;

	assert_int_equal(fw_boot_write(fw), NOVA_FW_STATE_RUNNING);
	fw_receive(fw, &message);
	assert_int_equal(message.msg.function, NOVA_FW_EVT_INIT_DONE);
}

struct fw_message *fw_prepare(struct fw_driver *fw, uint32_t function, const void *payload,
			      uint32_t length)
{
	struct fw_message *message = (struct fw_message *)(fw->gpu->ram + fw->cmd +
		fw->cmd_write % FW_SLOTS * NOVA_FW_RING_SLOT_SIZE);

	memset(message, 0, sizeof(*message));
	message->msg.magic = NOVA_FW_MSG_MAGIC;
	message->msg.version = NOVA_FW_VERSION;
	message->msg.function = function;
	message->msg.length = length;
	message->msg.sequence = fw->cmd_write;
	message->msg.tag = ++fw->tag;
	if (length)
		memcpy(message->payload, payload, length);
	fw->cmd_write++;
	return message;
}

void fw_kick(struct fw_driver *fw)
{
	gpu_store32(fw->gpu, fw->cmd_index, fw->cmd_write);
	emu_test_write(fw->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_CMD_KICK), fw->cmd_write);
}

bool fw_poll(struct fw_driver *fw, struct fw_message *message)
{
	if (gpu_load32(fw->gpu, fw->status_index) == fw->status_read)
		return false;
	memcpy(message, fw->gpu->ram + fw->status +
	       fw->status_read % FW_SLOTS * NOVA_FW_RING_SLOT_SIZE, sizeof(*message));
	assert_int_equal(message->msg.magic, NOVA_FW_MSG_MAGIC);
	assert_int_equal(message->msg.version, NOVA_FW_VERSION);
	assert_int_equal(message->msg.sequence, fw->status_read);
	fw->status_read++;
	gpu_store32(fw->gpu, fw->status_index + 64, fw->status_read);
	return true;
}

void fw_receive(struct fw_driver *fw, struct fw_message *message)
{
	gpu_wait(fw_poll(fw, message));
}

uint32_t fw_call(struct fw_driver *fw, uint32_t function, const void *payload, uint32_t length,
		 void *reply, uint32_t size)
{
	struct fw_message message;

	fw_prepare(fw, function, payload, length);
	fw_kick(fw);
	fw_receive(fw, &message);
	assert_int_equal(message.msg.function, function);
	assert_int_equal(message.msg.flags, NOVA_FW_MSG_REPLY);
	assert_int_equal(message.msg.tag, fw->tag);
	if (!message.msg.result) {
		assert_int_equal(message.msg.length, size);
		if (size)
			memcpy(reply, message.payload, size);
	}
	return message.msg.result;
}

uint32_t fw_channel_create(struct fw_driver *fw, const struct nova_fw_channel_create *create,
			   struct nova_fw_channel_created *created)
{
	return fw_call(fw, NOVA_FW_CMD_CHANNEL_CREATE, create, sizeof(*create), created,
		       sizeof(*created));
}

uint32_t fw_channel(struct fw_driver *fw, uint32_t function, uint32_t chid)
{
	struct nova_fw_channel channel = { .chid = chid };

	return fw_call(fw, function, &channel, sizeof(channel), NULL, 0);
}

uint32_t fw_engine_reset(struct fw_driver *fw, uint32_t engine, uint32_t *killed)
{
	struct nova_fw_engine_reset reset = { .engine = engine };
	struct nova_fw_channel reply = { 0 };
	uint32_t result = fw_call(fw, NOVA_FW_CMD_ENGINE_RESET, &reset, sizeof(reset), &reply,
				  sizeof(reply));

	*killed = reply.chid;
	return result;
}
