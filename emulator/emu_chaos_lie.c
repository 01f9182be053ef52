/* SPDX-License-Identifier: MIT */
/* The lies: what is said or done in place of the truth, once emu_chaos.c has decided. */
#include <string.h>

#include "emu_bar.h"
#include "emu_chaos_state.h"
#include "emu_fault.h"
#include "emu_fw.h"
#include "emu_irq.h"
#include "emu_mem.h"
#include "emu_pci.h"
#include "regs/nv_error.h"
#include "regs/nv_timer.h"
#include "regs/nv_vf.h"

#define SCRIBBLE	64u		/* bytes written at once */
#define SCRIBBLE_MAP	(256ull << 20)	/* without an IOMMU the map is the guest's memory: hands off */
#define STALL_MAX_MS	150u
#define ONES_MAX	8u
#define STORM_MAX	4096u

/* A value that somebody may have forgotten to think of. */
static uint64_t odd_value(uint64_t *random)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 0xff, 0x100, 0xfff, 0x1000, 0xffff, 0x10000, 0x100000, 0x7fffffff,
		0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
		0x8000000000000000, 0xfffffffffffff000, 0xffffffffffffffff,
	};
	uint64_t pick = emu_chaos_next(random) % (sizeof(values) / sizeof(values[0]) + 4);

	return pick < sizeof(values) / sizeof(values[0]) ? values[pick] : emu_chaos_next(random);
}

static void random_bytes(uint64_t *random, void *to, size_t length)
{
	uint8_t *bytes = to;
	size_t i;

	for (i = 0; i < length; i++)
		bytes[i] = (uint8_t)emu_chaos_next(random);
}

/* --- registers --- */

static uint64_t lying_time(struct emu *emu, uint64_t now)
{
	struct emu_chaos *chaos = emu->chaos;
	uint64_t random;

	if (emu_chaos_hit(emu, EMU_LIE_TIME_JUMP, &random)) {
		uint64_t step = emu_chaos_next(&random) >> (4 + emu_chaos_next(&random) % 60);

		chaos->time_offset += emu_chaos_next(&random) % 2 ? step : -step;
	}
	if (emu_chaos_hit(emu, EMU_LIE_TIME_STOP, &random))
		chaos->time_stopped = !chaos->time_stopped;
	if (!chaos->time_stopped)
		chaos->time = now;
	return chaos->time + chaos->time_offset;
}

static uint32_t read_time(struct emu *emu, bool high, uint32_t value)
{
	uint64_t time = lying_time(emu, emu_timer_now(emu));
	uint64_t random;

	if (emu_chaos_hit(emu, EMU_LIE_TIME_BITS, &random))
		return (uint32_t)odd_value(&random);
	/* A device that does not lie about time says what it said. */
	if (!emu->chaos->time_offset && !emu->chaos->time_stopped)
		return value;
	return high ? (uint32_t)(time >> 32) & NV_PTIMER_TIME_1_NSEC :
		      (uint32_t)time & NV_PTIMER_TIME_0_NSEC;
}

static uint32_t read_state(struct emu *emu, uint32_t value)
{
	static const uint32_t states[] = {
		NOVA_FW_STATE_OFF, NOVA_FW_STATE_RUNNING, NOVA_FW_STATE_HALTED,
		NOVA_FW_STATE_CRASHED, NOVA_FW_STATE_ERROR, NOVA_FW_STATE_ERROR | NOVA_FW_ERR_DMA,
		0x7fffffff, 0xffffffff,
	};
	uint64_t random;

	if (!emu_chaos_hit(emu, EMU_LIE_STATE, &random))
		return value;
	return states[emu_chaos_next(&random) % (sizeof(states) / sizeof(states[0]))];
}

static uint32_t read_fault_register(struct emu *emu, enum emu_chaos_kind kind, uint32_t value)
{
	uint64_t random;

	if (!emu_chaos_hit(emu, kind, &random))
		return value;
	/* An index or a size that is somewhat off is believed more easily than one that is absurd. */
	if (emu_chaos_next(&random) % 2)
		return value + 1 + emu_chaos_next(&random) % 300;
	return (uint32_t)odd_value(&random);
}

/* What a register of known meaning says. */
static uint32_t read_special(struct emu *emu, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case NV_PTIMER_TIME_0:
	case NV_USERMODE + NV_USERMODE_TIME_0:
	case NV_USERMODE_ALIAS + NV_USERMODE_TIME_0:
		return read_time(emu, false, value);
	case NV_PTIMER_TIME_1:
	case NV_USERMODE + NV_USERMODE_TIME_1:
	case NV_USERMODE_ALIAS + NV_USERMODE_TIME_1:
		return read_time(emu, true, value);
	case NV_VF_MAILBOX(NOVA_FW_MB_STATE):
		return read_state(emu, value);
	case NV_VF_FAULT_BUFFER_PUT(0):
		return read_fault_register(emu, EMU_LIE_FAULT_PUT, value);
	case NV_VF_FAULT_BUFFER_SIZE(0):
		return read_fault_register(emu, EMU_LIE_FAULT_SIZE, value);
	case NV_VF_INVALIDATE:
		return emu->chaos->tlb_stuck ? value | NV_VF_INVALIDATE_TRIGGER : value;
	default:
		return value;
	}
}

uint32_t emu_chaos_read(struct emu *emu, uint32_t offset, uint32_t value)
{
	struct emu_chaos *chaos = emu->chaos;
	uint64_t random;

	if (!atomic_load_explicit(&chaos->on, memory_order_relaxed))
		return value;
	if (emu_chaos_hit(emu, EMU_LIE_READ_ONES, &random))
		chaos->ones = 1 + emu_chaos_next(&random) % ONES_MAX;
	if (chaos->ones) {
		chaos->ones--;
		return ~0u;
	}
	value = read_special(emu, offset, value);
	if (emu_chaos_hit(emu, EMU_LIE_READ, &random))
		return emu_chaos_next(&random) % 2 ?
		       value ^ 1u << emu_chaos_next(&random) % 32 : (uint32_t)odd_value(&random);
	return value;
}

bool emu_chaos_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	struct emu_chaos *chaos = emu->chaos;
	uint64_t random;

	if (!atomic_load_explicit(&chaos->on, memory_order_relaxed))
		return true;
	if (offset == NV_VF_INVALIDATE && value & NV_VF_INVALIDATE_TRIGGER) {
		chaos->tlb_stuck = emu_chaos_hit(emu, EMU_LIE_TLB_STUCK, &random);
		if (emu_chaos_hit(emu, EMU_LIE_TLB_SKIPPED, &random))
			return false;
	}
	return !emu_chaos_hit(emu, EMU_LIE_WRITE_LOST, &random);
}

/* --- of its own accord --- */

/*
 * What it tries with bus mastering off is stopped by the port above the device, and a mask has
 * no meaning to a liar: but the VMM keeps to it.
 */
static void send_message(struct emu *emu)
{
	if (emu_pci_bus_master(emu) && !emu_bar_is_removed(emu))
		emu_irq_send(emu, 0);
}

static void act_interrupt(struct emu *emu, uint32_t offset)
{
	struct emu_chaos *chaos = emu->chaos;
	uint64_t random;

	if (emu_chaos_hit(emu, EMU_LIE_IRQ_SPURIOUS, &random)) {
		if (emu_chaos_next(&random) % 2)
			emu_irq_raise(emu, emu_chaos_next(&random) % NV_VF_INTR_VECTORS);
		else
			send_message(emu);
	}
	if (emu_chaos_hit(emu, EMU_LIE_IRQ_STORM, &random))
		chaos->storm = STORM_MAX >> emu_chaos_next(&random) % 8;
	/* As fast as the driver handles them: each time that it masks or unmasks. */
	if (chaos->storm && (offset == NV_VF_INTR_TOP_EN_CLEAR || offset == NV_VF_INTR_TOP_EN_SET)) {
		chaos->storm--;
		send_message(emu);
	}
}

static void act_fault(struct emu *emu)
{
	static const uint32_t instances = EMU_CHANNELS * 4096u;
	struct emu_fault_source source = { 0 };
	struct emu_mmu_fault fault = { 0 };
	uint64_t random;

	if (!emu_chaos_hit(emu, EMU_LIE_FAULT, &random))
		return;
	source.inst = emu_chaos_next(&random) % 2 ? odd_value(&random) :
		      emu->vram_size - instances + emu_chaos_next(&random) % 16 * 4096;
	source.inst_aperture = emu_chaos_next(&random) % 4 ? EMU_VIDEO : EMU_SYSTEM;
	source.engine_id = (uint32_t)emu_chaos_next(&random) & 0x1ff;
	source.client = (uint32_t)emu_chaos_next(&random) & 0x7f;
	fault.type = (uint32_t)emu_chaos_next(&random) & 0x1f;
	fault.va = odd_value(&random);
	emu_fault_report(emu, &source, &fault);
}

/* Writes only what an IOMMU has reduced to the driver's own; tries all the rest. */
static void act_dma(struct emu *emu)
{
	struct emu_chaos *chaos = emu->chaos;
	uint8_t data[SCRIBBLE];
	uint64_t random, addr, ranges, bytes;

	if (emu_chaos_hit(emu, EMU_LIE_DMA_OUTSIDE, &random)) {
		addr = odd_value(&random);
		if (!emu_mem_try(emu, addr, emu_chaos_next(&random) % 2))
			atomic_fetch_add(&chaos->dma_blocked, 1);
	}
	if (emu_chaos_hit(emu, EMU_LIE_DMA_STALE, &random) &&
	    emu_mem_stale(emu, emu_chaos_next(&random), &addr) &&
	    !emu_mem_try(emu, addr, emu_chaos_next(&random) % 2))
		atomic_fetch_add(&chaos->dma_blocked, 1);
	emu_mem_stats(emu, &ranges, &bytes);
	if (bytes <= SCRIBBLE_MAP && emu_chaos_hit(emu, EMU_LIE_DMA_SCRIBBLE, &random)) {
		uint64_t where = emu_chaos_next(&random);

		random_bytes(&random, data, sizeof(data));
		emu_mem_scribble(emu, where, data, sizeof(data));
	}
	if (emu_chaos_hit(emu, EMU_LIE_VRAM_SCRIBBLE, &random)) {
		addr = emu_chaos_next(&random) % (emu->vram_size - sizeof(data));
		random_bytes(&random, emu->vram + addr, sizeof(data));
	}
}

static void act_engine(struct emu *emu)
{
	uint64_t random;

	if (emu_chaos_hit(emu, EMU_LIE_HANG, &random))
		emu_fifo_hang(emu, emu_chaos_next(&random) % EMU_ENGINES);
	if (emu_chaos_hit(emu, EMU_LIE_STALL, &random))
		emu_fw_stall(emu, 1 + emu_chaos_next(&random) % STALL_MAX_MS);
	if (emu_chaos_hit(emu, EMU_LIE_CRASH, &random))
		emu_fw_crash(emu);
}

void emu_chaos_act(struct emu *emu, uint32_t offset)
{
	uint64_t random;

	if (!atomic_load_explicit(&emu->chaos->on, memory_order_relaxed))
		return;
	act_interrupt(emu, offset);
	act_fault(emu);
	act_dma(emu);
	act_engine(emu);
	if (emu_chaos_hit(emu, EMU_LIE_EVENT, &random)) {
		/* The rings belong to the firmware's thread. */
		atomic_store(&emu->chaos->event, random | 1);
		emu_fw_notify(emu);
	}
	if (emu_chaos_hit(emu, EMU_LIE_GONE, &random))
		emu_bar_surprise_remove(emu);
}

/* --- firmware messages --- */

static void lie_about_header(struct nova_fw_msg *msg, uint64_t *random)
{
	uint32_t value = (uint32_t)odd_value(random);

	switch (emu_chaos_next(random) % 9) {
	case 0:
		msg->magic ^= value | 1;
		break;
	case 1:
		msg->version = (uint16_t)value;
		break;
	case 2:
		msg->function = (uint16_t)(emu_chaos_next(random) % 2 ? value : value % 8);
		break;
	case 3:
		msg->length = emu_chaos_next(random) % 2 ? value :
			      emu_chaos_next(random) % (NOVA_FW_MSG_MAX_PAYLOAD + 16);
		break;
	case 4:
		msg->sequence += emu_chaos_next(random) % 2 ? value : 1;
		break;
	case 5:
		msg->tag += emu_chaos_next(random) % 2 ? value : ~0u;
		break;
	case 6:
		msg->result = value % 16;
		break;
	case 7:
		msg->flags ^= 1u << emu_chaos_next(random) % 32;
		break;
	default:
		msg->reserved = value;
	}
}

enum emu_chaos_fate emu_chaos_message(struct emu *emu, struct nova_fw_msg *msg, uint8_t *payload)
{
	uint64_t random;

	if (emu_chaos_hit(emu, EMU_LIE_HEADER, &random))
		lie_about_header(msg, &random);
	if (emu_chaos_hit(emu, EMU_LIE_PAYLOAD, &random)) {
		uint32_t at = emu_chaos_next(&random) % 64, value = (uint32_t)odd_value(&random);

		memcpy(payload + at * 4, &value, sizeof(value));
	}
	if (emu_chaos_hit(emu, EMU_LIE_SILENCE, &random))
		return EMU_CHAOS_DROP;
	if (emu_chaos_hit(emu, EMU_LIE_TWICE, &random))
		return EMU_CHAOS_TWICE;
	if (emu_chaos_hit(emu, EMU_LIE_REORDER, &random))
		return EMU_CHAOS_HOLD;
	return EMU_CHAOS_SEND;
}

uint32_t emu_chaos_event(struct emu *emu, uint8_t *payload, uint32_t *length)
{
	struct nova_fw_channel_error error = { 0 };
	struct nova_fw_init_done done = { .version = NOVA_FW_VERSION, .boot_count = 1 };
	uint64_t random = atomic_exchange(&emu->chaos->event, 0);

	if (!random)
		return 0;
	switch (emu_chaos_next(&random) % 8) {
	case 0:
		memcpy(payload, &done, sizeof(done));
		*length = sizeof(done);
		return NOVA_FW_EVT_INIT_DONE;
	case 1:
		*length = emu_chaos_next(&random) % NOVA_FW_MSG_MAX_PAYLOAD;
		random_bytes(&random, payload, *length);
		return 1 + emu_chaos_next(&random) % 0xffff;
	default:
		random_bytes(&random, &error, sizeof(error));
		/* Channels that exist, that do not, that cannot. */
		error.chid = emu_chaos_next(&random) % 2 ? (uint32_t)odd_value(&random) :
			     emu_chaos_next(&random) % 8;
		error.code = emu_chaos_next(&random) % 2 ? NV_ERROR_MMU_FAULT : error.code;
		memcpy(payload, &error, sizeof(error));
		*length = sizeof(error);
		return NOVA_FW_EVT_CHANNEL_ERROR;
	}
}

uint32_t emu_chaos_index(struct emu *emu, enum emu_chaos_kind kind, uint32_t index)
{
	uint64_t random;

	if (!emu_chaos_hit(emu, kind, &random))
		return index;
	switch (emu_chaos_next(&random) % 4) {
	case 0:		/* backwards */
		return index - 1 - emu_chaos_next(&random) % 4;
	case 1:		/* ahead, in or out of range */
		return index + 1 + emu_chaos_next(&random) % (2 * NOVA_FW_RING_SLOTS_MAX);
	default:
		return (uint32_t)odd_value(&random);
	}
}

/* --- firmware commands --- */

bool emu_chaos_ignores(struct emu *emu, uint32_t function)
{
	uint64_t random;

	switch (function) {
	case NOVA_FW_CMD_CHANNEL_STOP:
	case NOVA_FW_CMD_CHANNEL_DESTROY:
	case NOVA_FW_CMD_CHANNEL_DESTROY_ALL:
	case NOVA_FW_CMD_SHUTDOWN:
	case NOVA_FW_CMD_SUSPEND:
		return emu_chaos_hit(emu, EMU_LIE_IGNORED, &random);
	default:
		return false;
	}
}

static void lie_about_info(struct nova_fw_info *info, uint64_t *random)
{
	struct nova_fw_engine *engine = &info->engines[emu_chaos_next(random) % EMU_ENGINES];
	uint64_t value = odd_value(random);

	switch (emu_chaos_next(random) % 12) {
	case 0:
		info->vram_size = value;
		break;
	case 1:
		info->vram_usable_start = value;
		break;
	case 2:
		info->vram_usable_end = value;
		break;
	case 3:		/* consistent, but tiny */
		info->vram_usable_end = (1 + emu_chaos_next(random) % 1024) * 4096;
		info->vram_size = info->vram_usable_end;
		break;
	case 4:		/* the same at the other end */
		info->vram_usable_start = info->vram_usable_end -
					  (1 + emu_chaos_next(random) % 1024) * 4096;
		break;
	case 5:
		info->channels = (uint32_t)value;
		break;
	case 6:
		info->engine_count = emu_chaos_next(random) % 2 ? (uint32_t)value :
				     emu_chaos_next(random) % 12;
		break;
	case 7:
		info->gpfifo_entries_max = emu_chaos_next(random) % 2 ? (uint32_t)value :
					   emu_chaos_next(random) % 40;
		break;
	case 8:
		engine->runlist = (uint32_t)value;
		break;
	case 9:
		engine->intr = emu_chaos_next(random) % 2 ? (uint32_t)value :
			       emu_chaos_next(random) % 80;
		break;
	case 10:
		engine->type = (uint32_t)value;
		break;
	default:
		random_bytes(random, info, sizeof(*info));
	}
}

static void lie_about_created(struct nova_fw_channel_created *created, uint64_t *random)
{
	uint64_t value = odd_value(random);

	switch (emu_chaos_next(random) % 6) {
	case 0:
		created->chid = (uint32_t)value;
		break;
	case 1:		/* consistent, but another channel's, or nobody's */
		created->token ^= created->chid;
		created->chid = emu_chaos_next(random) % EMU_CHANNELS;
		created->token |= created->chid;
		break;
	case 2:
		created->token = (uint32_t)value;
		break;
	case 3:
		created->inst = value;
		break;
	case 4:
		created->inst += emu_chaos_next(random) % 2 ? 4096 : -4096ull;
		break;
	default:
		created->inst_aperture = (uint32_t)value % 5;
	}
}

/*
 * Engine commands: the channel comes first in both replies, whether it is stuck follows. With
 * an odd seed it is always the same lie: who acts on it changes nothing.
 */
static void lie_about_engine(struct emu *emu, uint8_t *payload, bool status, uint64_t *random)
{
	uint64_t seed = atomic_load(&emu->chaos->seed);
	uint32_t chid, stuck;

	if (seed % 2)
		random = &seed;
	chid = emu_chaos_next(random) % 2 ? (uint32_t)odd_value(random) :
	       emu_chaos_next(random) % EMU_CHANNELS;
	stuck = emu_chaos_next(random) % 4 ? 1 : (uint32_t)odd_value(random);

	memcpy(payload, &chid, sizeof(chid));
	if (status)
		memcpy(payload + sizeof(chid), &stuck, sizeof(stuck));
}

void emu_chaos_reply(struct emu *emu, uint32_t function, uint32_t *result, uint8_t *payload,
		     uint32_t *length)
{
	struct nova_fw_channel_created created;
	struct nova_fw_info info;
	uint64_t random;

	if (function == NOVA_FW_CMD_GET_INFO && emu_chaos_hit(emu, EMU_LIE_INFO, &random)) {
		memcpy(&info, payload, sizeof(info));
		lie_about_info(&info, &random);
		memcpy(payload, &info, sizeof(info));
	}
	if (function == NOVA_FW_CMD_CHANNEL_CREATE && emu_chaos_hit(emu, EMU_LIE_CREATED, &random)) {
		memcpy(&created, payload, sizeof(created));
		lie_about_created(&created, &random);
		memcpy(payload, &created, sizeof(created));
	}
	if ((function == NOVA_FW_CMD_ENGINE_RESET || function == NOVA_FW_CMD_ENGINE_STATUS) &&
	    emu_chaos_hit(emu, EMU_LIE_ENGINE, &random))
		lie_about_engine(emu, payload, function == NOVA_FW_CMD_ENGINE_STATUS, &random);
	if (emu_chaos_hit(emu, EMU_LIE_RESULT, &random)) {
		*result = emu_chaos_next(&random) % 3 ? emu_chaos_next(&random) % 10 : NOVA_FW_ERR_HUNG;
		if (*result)
			*length = 0;
	}
}

/* --- what is written to memory --- */

void emu_chaos_packet(struct emu *emu, uint32_t packet[8])
{
	uint64_t random;

	if (!emu_chaos_hit(emu, EMU_LIE_PACKET, &random))
		return;
	if (emu_chaos_next(&random) % 2)
		random_bytes(&random, packet, 8 * sizeof(*packet));
	else
		packet[emu_chaos_next(&random) % 8] = (uint32_t)odd_value(&random);
}

bool emu_chaos_release(struct emu *emu, uint64_t *payload)
{
	uint64_t random;

	if (emu_chaos_hit(emu, EMU_LIE_PAYLOAD_VALUE, &random)) {
		if (emu_chaos_next(&random) % 2)
			*payload += emu_chaos_next(&random) % 64 - 32;
		else
			*payload = odd_value(&random);
	}
	return !emu_chaos_hit(emu, EMU_LIE_PAYLOAD_LOST, &random);
}

void emu_chaos_userd(struct emu *emu, uint8_t *userd, uint32_t from, uint32_t to)
{
	uint64_t random, value;

	if (!emu_chaos_hit(emu, EMU_LIE_USERD, &random))
		return;
	for (; from + sizeof(value) <= to; from += sizeof(value)) {
		value = odd_value(&random);
		memcpy(userd + from, &value, sizeof(value));
	}
}
