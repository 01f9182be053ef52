// SPDX-License-Identifier: MIT
/* Firmware: what each command does. Payloads are copies, the driver cannot change them any more. */
#include <errno.h>
#include <string.h>

#include "emu_chaos.h"
#include "emu_fifo.h"
#include "emu_fw.h"
#include "regs/nv_ce.h"
#include "regs/nv_twod.h"
#include "regs/nv_host.h"
#include "regs/nv_mmu.h"

#define GPFIFO_ENTRIES_MAX	32768u
#define TIMESLICE_DEFAULT	1024u	/* 128 << 3, about a millisecond */
#define ACQUIRE_NO_TIMEOUT	0x7ffff902u

static void answer(struct emu_fw_reply *reply, const void *payload, uint32_t length)
{
	reply->result = NOVA_FW_OK;
	reply->length = length;
	memcpy(reply->payload, payload, length);
}

static void refuse(struct emu_fw_reply *reply, uint32_t result)
{
	reply->result = result;
	reply->length = 0;
}

static void get_info(struct emu *emu, struct emu_fw_reply *reply)
{
	struct nova_fw_info info = {
		.vram_size = emu->vram_size,
		.vram_usable_start = 0,
		.vram_usable_end = emu_fifo_inst(emu, 0),
		.channels = EMU_CHANNELS,
		.engine_count = EMU_ENGINES,
		.host_class = NV_HOST_CLASS,
		.gpfifo_entries_max = GPFIFO_ENTRIES_MAX,
		.timeslice_us = TIMESLICE_DEFAULT,
	};
	unsigned int i;

	for (i = 0; i < EMU_COPY_ENGINES; i++)
		info.engines[i] = (struct nova_fw_engine) {
			.type = NOVA_FW_ENGINE_COPY,
			.runlist = i,
			.instance = i,
			.intr = i,
			.class_id = NV_CE_CLASS,
			.mmu_engine_id = NV_FAULT_ENGINE_CE(i),
		};
	info.engines[EMU_GRAPHICS_ENGINE] = (struct nova_fw_engine) {
		.type = NOVA_FW_ENGINE_GRAPHICS,
		.runlist = EMU_GRAPHICS_ENGINE,
		.intr = EMU_GRAPHICS_ENGINE,
		.class_id = NV_TWOD_CLASS,
		.mmu_engine_id = NV_FAULT_ENGINE_GRAPHICS,
	};
	answer(reply, &info, sizeof(info));
}

/* --- channel creation --- */

static bool aperture_ok(uint32_t aperture)
{
	return aperture == NOVA_FW_APERTURE_VIDEO || aperture == NOVA_FW_APERTURE_COHERENT;
}

static enum emu_aperture to_aperture(uint32_t aperture)
{
	return aperture == NOVA_FW_APERTURE_VIDEO ? EMU_VIDEO : EMU_SYSTEM;
}

static uint32_t check_create(const struct nova_fw_channel_create *create)
{
	uint64_t ring_end = create->gpfifo_va +
			    (uint64_t)create->gpfifo_entries * NV_GP_ENTRY_SIZE;

	if (create->engine >= EMU_ENGINES || create->priority >= EMU_FIFO_PRIORITIES ||
	    (create->flags & ~NOVA_FW_CHANNEL_PRIVILEGED) || create->reserved ||
	    create->timeslice_us > EMU_FIFO_TIMESLICE_MAX)
		return NOVA_FW_ERR_INVALID;
	if (!aperture_ok(create->pdb_aperture) || !aperture_ok(create->userd_aperture))
		return NOVA_FW_ERR_INVALID;
	if (create->pdb % NV_MMU_TABLE_SIZE || create->userd % NV_USERD_SIZE ||
	    create->userd >> NV_USERD_ADDR_BITS)
		return NOVA_FW_ERR_INVALID;
	if (create->gpfifo_entries < 2 || create->gpfifo_entries > GPFIFO_ENTRIES_MAX ||
	    (create->gpfifo_entries & (create->gpfifo_entries - 1)))
		return NOVA_FW_ERR_INVALID;
	if (create->gpfifo_va % NV_GP_ENTRY_SIZE || create->gpfifo_va >> NV_HOST_VA_BITS ||
	    ring_end > 1ull << NV_HOST_VA_BITS)
		return NOVA_FW_ERR_INVALID;
	return NOVA_FW_OK;
}

/* The root table and USERD can be reached, and the ring starts empty. */
static uint32_t check_memory(struct emu *emu, const struct nova_fw_channel_create *create)
{
	enum emu_aperture userd = to_aperture(create->userd_aperture);
	uint32_t indices[2];
	uint64_t pde;

	if (emu_mem_read(emu, to_aperture(create->pdb_aperture), create->pdb, &pde, sizeof(pde)) ||
	    emu_mem_read(emu, userd, create->userd + NV_USERD_GP_GET, indices, sizeof(indices)) ||
	    emu_mem_write(emu, userd, create->userd + NV_USERD_GP_GET, indices,
			  sizeof(indices[0])))
		return NOVA_FW_ERR_DMA;
	return indices[0] || indices[1] ? NOVA_FW_ERR_INVALID : NOVA_FW_OK;
}

static unsigned int log2_of(uint32_t value)
{
	return 31 - __builtin_clz(value);
}

static void put32(uint8_t *inst, uint32_t offset, uint32_t value)
{
	memcpy(inst + offset, &value, sizeof(value));
}

static void write_inst(struct emu *emu, uint32_t chid, const struct nova_fw_channel_create *create)
{
	bool privileged = create->flags & NOVA_FW_CHANNEL_PRIVILEGED;
	uint8_t inst[NV_INST_SIZE] = { 0 };

	put32(inst, NV_RAMFC_USERD, (uint32_t)create->userd | create->userd_aperture);
	put32(inst, NV_RAMFC_USERD_HI, create->userd >> 32);
	put32(inst, NV_RAMFC_SIGNATURE, NV_RAMFC_SIGNATURE_VALID);
	put32(inst, NV_RAMFC_ACQUIRE, ACQUIRE_NO_TIMEOUT);
	put32(inst, NV_RAMFC_GP_BASE, (uint32_t)create->gpfifo_va);
	put32(inst, NV_RAMFC_GP_BASE_HI,
	      NV_PUT(NV_RAMFC_GP_BASE_HI_OFFSET, (uint32_t)(create->gpfifo_va >> 32)) |
	      NV_PUT(NV_RAMFC_GP_BASE_HI_LIMIT2, log2_of(create->gpfifo_entries)));
	put32(inst, NV_RAMFC_HCE_CTRL, privileged ? NV_RAMFC_HCE_CTRL_PRIV_MODE : 0);
	put32(inst, NV_RAMFC_CONFIG, NV_RAMFC_CONFIG_USERD_WRITEBACK |
				     (privileged ? NV_RAMFC_CONFIG_AUTH_LEVEL : 0));
	put32(inst, NV_RAMFC_SET_CHANNEL_INFO, chid << 16);
	put32(inst, NV_INST_PDB_LO, (uint32_t)create->pdb | create->pdb_aperture |
				    NV_INST_PDB_LO_VER2 | NV_INST_PDB_LO_BIG_PAGE_64K);
	put32(inst, NV_INST_PDB_HI, create->pdb >> 32);
	emu_mem_write(emu, EMU_VIDEO, emu_fifo_inst(emu, chid), inst, sizeof(inst));
}

static void channel_create(struct emu *emu, const void *payload, struct emu_fw_reply *reply)
{
	struct nova_fw_channel_created created = { 0 };
	struct nova_fw_channel_create create;
	uint32_t result, slice;
	int chid;

	memcpy(&create, payload, sizeof(create));
	result = check_create(&create);
	if (!result)
		result = check_memory(emu, &create);
	if (result) {
		refuse(reply, result);
		return;
	}
	chid = emu_fifo_alloc(emu, create.engine);
	if (chid < 0) {
		refuse(reply, NOVA_FW_ERR_NO_RESOURCES);
		return;
	}
	write_inst(emu, chid, &create);
	slice = create.timeslice_us ? create.timeslice_us : TIMESLICE_DEFAULT;
	emu_fifo_enable(emu, chid, create.priority, (uint64_t)slice * EMU_FIFO_TIMESLICE_NS);

	created.chid = chid;
	created.token = emu_fifo_token(create.engine, chid);
	created.inst = emu_fifo_inst(emu, chid);
	created.inst_aperture = NOVA_FW_APERTURE_VIDEO;
	answer(reply, &created, sizeof(created));
}

/* --- the other commands --- */

static void channel_stop(struct emu *emu, const void *payload, bool destroy,
			 struct emu_fw_reply *reply)
{
	struct nova_fw_channel channel;
	int ret;

	memcpy(&channel, payload, sizeof(channel));
	if (channel.reserved) {
		refuse(reply, NOVA_FW_ERR_INVALID);
		return;
	}
	ret = destroy ? emu_fifo_free(emu, channel.chid) : emu_fifo_stop(emu, channel.chid);
	refuse(reply, ret == -ENOENT ? NOVA_FW_ERR_NO_CHANNEL :
		      ret == -EBUSY ? NOVA_FW_ERR_HUNG : NOVA_FW_OK);
}

static void engine_command(struct emu *emu, const void *payload, bool reset,
			   struct emu_fw_reply *reply)
{
	struct nova_fw_engine_status status = { 0 };
	struct nova_fw_channel killed = { 0 };
	struct nova_fw_engine_reset engine;
	bool stuck;

	memcpy(&engine, payload, sizeof(engine));
	if (engine.engine >= EMU_ENGINES || engine.reserved) {
		refuse(reply, NOVA_FW_ERR_INVALID);
		return;
	}
	if (reset) {
		killed.chid = emu_fifo_engine_reset(emu, engine.engine);
		answer(reply, &killed, sizeof(killed));
	} else {
		status.chid = emu_fifo_engine_status(emu, engine.engine, &stuck);
		status.stuck = stuck;
		answer(reply, &status, sizeof(status));
	}
}

/* Payload bytes of a command; -1: no such function. */
static int payload_length(uint32_t function)
{
	switch (function) {
	case NOVA_FW_CMD_GET_INFO:
	case NOVA_FW_CMD_SHUTDOWN:
	case NOVA_FW_CMD_SUSPEND:
	case NOVA_FW_CMD_CHANNEL_DESTROY_ALL:
		return 0;
	case NOVA_FW_CMD_CHANNEL_CREATE:
		return sizeof(struct nova_fw_channel_create);
	case NOVA_FW_CMD_CHANNEL_DESTROY:
	case NOVA_FW_CMD_CHANNEL_STOP:
		return sizeof(struct nova_fw_channel);
	case NOVA_FW_CMD_ENGINE_RESET:
	case NOVA_FW_CMD_ENGINE_STATUS:
		return sizeof(struct nova_fw_engine_reset);
	default:
		return -1;
	}
}

void emu_fw_command(struct emu *emu, uint32_t function, const void *payload, uint32_t length,
		    struct emu_fw_reply *reply)
{
	int expected = payload_length(function);

	if (expected < 0) {
		refuse(reply, NOVA_FW_ERR_UNKNOWN);
		return;
	}
	if (length != (uint32_t)expected) {
		refuse(reply, NOVA_FW_ERR_MALFORMED);
		return;
	}
	if (emu_chaos_ignores(emu, function))
		return;
	switch (function) {
	case NOVA_FW_CMD_GET_INFO:
		get_info(emu, reply);
		break;
	case NOVA_FW_CMD_CHANNEL_CREATE:
		channel_create(emu, payload, reply);
		break;
	case NOVA_FW_CMD_CHANNEL_DESTROY:
	case NOVA_FW_CMD_CHANNEL_STOP:
		channel_stop(emu, payload, function == NOVA_FW_CMD_CHANNEL_DESTROY, reply);
		break;
	case NOVA_FW_CMD_ENGINE_RESET:
	case NOVA_FW_CMD_ENGINE_STATUS:
		engine_command(emu, payload, function == NOVA_FW_CMD_ENGINE_RESET, reply);
		break;
	case NOVA_FW_CMD_CHANNEL_DESTROY_ALL:
	case NOVA_FW_CMD_SHUTDOWN:
		emu_fifo_free_all(emu);
		refuse(reply, NOVA_FW_OK);
		break;
	case NOVA_FW_CMD_SUSPEND:
		refuse(reply, emu_fifo_suspend(emu) ? NOVA_FW_ERR_HUNG : NOVA_FW_OK);
		break;
	}
}
