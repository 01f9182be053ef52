/* SPDX-License-Identifier: MIT */
/*
 * Firmware messages: a boot with arguments that are right or slightly wrong, then commands in
 * the ring with any header, payload and index.
 */
#include "fuzz_gpu.h"

#include <sched.h>

#include "../tests/fw_driver.h"


static const uint32_t functions[] = {
	NOVA_FW_CMD_GET_INFO, NOVA_FW_CMD_CHANNEL_CREATE, NOVA_FW_CMD_CHANNEL_CREATE,
	NOVA_FW_CMD_CHANNEL_CREATE, NOVA_FW_CMD_CHANNEL_DESTROY, NOVA_FW_CMD_CHANNEL_STOP,
	NOVA_FW_CMD_ENGINE_RESET, NOVA_FW_CMD_SHUTDOWN, NOVA_FW_CMD_ENGINE_STATUS,
	NOVA_FW_CMD_SUSPEND, NOVA_FW_CMD_CHANNEL_DESTROY_ALL, 0, 0x42,
};

/* What a command carries when its length is right. */
static uint32_t payload_length(uint32_t function)
{
	switch (function) {
	case NOVA_FW_CMD_CHANNEL_CREATE:
		return sizeof(struct nova_fw_channel_create);
	case NOVA_FW_CMD_CHANNEL_DESTROY:
	case NOVA_FW_CMD_CHANNEL_STOP:
	case NOVA_FW_CMD_ENGINE_RESET:
	case NOVA_FW_CMD_ENGINE_STATUS:
		return 8;
	default:
		return 0;
	}
}

static void take_create(struct fw_driver *fw, struct fuzz_input *in,
			struct nova_fw_channel_create *create)
{
	struct gpu *gpu = fw->gpu;
	uint64_t userd = fw->boot + 3072;

	*create = (struct nova_fw_channel_create) {
		.engine = fuzz_u8(in) & 1,
		.priority = 1,
		.pdb = gpu->root,
		.pdb_aperture = NOVA_FW_APERTURE_VIDEO,
		.userd = GPU_IOVA + userd,
		.userd_aperture = NOVA_FW_APERTURE_COHERENT,
		.gpfifo_va = GPU_RING_VA,
		.gpfifo_entries = 1u << fuzz_below(in, 17),
	};
	/* One dword of it is anything, often. */
	if (fuzz_u8(in) & 1) {
		uint32_t at = fuzz_below(in, sizeof(*create) / 4), value = fuzz_u32(in);

		memcpy((uint8_t *)create + at * 4, &value, sizeof(value));
	}
}

static void write_message(struct fw_driver *fw, struct fuzz_input *in)
{
	uint32_t function = FUZZ_PICK(in, functions);
	uint8_t payload[NOVA_FW_MSG_MAX_PAYLOAD] = { 0 };
	uint32_t length = payload_length(function);
	struct fw_message *message;
	uint8_t spoil = fuzz_u8(in);

	if (function == NOVA_FW_CMD_CHANNEL_CREATE)
		take_create(fw, in, (struct nova_fw_channel_create *)payload);
	else if (length)
		payload[0] = fuzz_u8(in);
	message = fw_prepare(fw, function, payload, length);
	if (spoil & 1) {
		uint32_t at = fuzz_below(in, sizeof(message->msg) / 4), value = fuzz_u32(in);

		memcpy((uint8_t *)&message->msg + at * 4, &value, sizeof(value));
	}
	if (spoil & 2)
		fuzz_bytes(in, message->payload + fuzz_u8(in), 16);
}

static uint32_t index_of(struct fw_driver *fw, uint64_t at, bool read)
{
	return gpu_load32(fw->gpu, at + (read ? offsetof(struct nova_fw_ring_index, read) : 0));
}

/* Takes all messages, as a driver that is not interested. */
static void drain(struct fw_driver *fw)
{
	gpu_store32(fw->gpu, fw->status_index + offsetof(struct nova_fw_ring_index, read),
		    index_of(fw, fw->status_index, false));
}

/* Until all are read; a firmware that is no longer running, or was told nonsense, reads none. */
static void wait_for_commands(struct fw_driver *fw)
{
	uint32_t write = index_of(fw, fw->cmd_index, false);

	while (fw_state(fw) == NOVA_FW_STATE_RUNNING) {
		uint32_t left = write - index_of(fw, fw->cmd_index, true);

		if (!left || left > FW_SLOTS)
			break;
		drain(fw);
		sched_yield();
	}
}

/* A message that is no command's doing: a channel runs into an error. */
static void ring_doorbell(struct gpu *gpu, struct fuzz_input *in)
{
	emu_test_write(gpu->emu, NV_CTRL_VIRTUAL_CHANNEL_CFG(0),
		       NV_CTRL_VIRTUAL_CHANNEL_CFG_PENDING_ENABLE);
	emu_test_write(gpu->emu, NV_USERMODE + NV_USERMODE_DOORBELL, fuzz_u16(in));
}

static void boot(struct fw_driver *fw, struct fuzz_input *in)
{
	uint32_t at, value;

	fw_driver_init(fw->gpu, fw);
	if (fuzz_u8(in) & 1) {
		at = fuzz_below(in, sizeof(struct nova_fw_boot) / 4);
		value = fuzz_u32(in);
		memcpy((uint8_t *)fw_boot_args(fw) + at * 4, &value, sizeof(value));
	}
	if (fuzz_u8(in) == 1)
		gpu_store32(fw->gpu, fw->cmd_index, fuzz_u32(in));
	fw_boot_write(fw);
}

static void operate(struct fw_driver *fw, struct fuzz_input *in)
{
	uint32_t i;

	switch (fuzz_below(in, 12)) {
	case 0:
		ring_doorbell(fw->gpu, in);
		break;
	case 1:		/* an index that counts more than there is */
		gpu_store32(fw->gpu, fw->cmd_index, fuzz_u32(in));
		fw->cmd_write = index_of(fw, fw->cmd_index, false);
		emu_test_write(fw->gpu->emu, NV_VF_MAILBOX(NOVA_FW_MB_CMD_KICK), 0);
		break;
	case 2:		/* the status ring looks full, or emptier than empty */
		gpu_store32(fw->gpu, fw->status_index + offsetof(struct nova_fw_ring_index, read),
			    fuzz_u32(in));
		break;
	case 3:
		emu_fw_crash(fw->gpu->emu);
		break;
	case 4:
		emu_fw_stall(fw->gpu->emu, fuzz_below(in, 3));
		break;
	case 5:
		i = fuzz_below(in, NV_VF_MAILBOXES);
		emu_test_write(fw->gpu->emu, NV_VF_MAILBOX(i),
			       fuzz_u8(in) & 1 ? NOVA_FW_BOOT_MAGIC : fuzz_u32(in));
		break;
	case 6:
		emu_test_config_write(fw->gpu->emu, 4, fuzz_u8(in) | 2, 2);
		break;
	default:
		for (i = 1 + fuzz_below(in, FW_SLOTS); i; i--)
			write_message(fw, in);
		fw_kick(fw);
		if (fuzz_u8(in) & 3)
			wait_for_commands(fw);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct gpu *gpu = fuzz_gpu();
	struct fw_driver fw = { .gpu = gpu };
	unsigned int i;

	emu_test_config_write(gpu->emu, 4, 6, 2);
	boot(&fw, &in);
	for (i = 0; i < 32 && fuzz_more(&in); i++)
		operate(&fw, &in);
	fuzz_gpu_done(gpu);
	return 0;
}
