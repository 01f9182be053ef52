// SPDX-License-Identifier: MIT
/*
 * MMU fault buffers and information registers.
 *
 * Faults of this GPU are non-replayable and go to buffer 0; buffer 1 can be
 * set up but stays empty. The information registers keep the first fault
 * since VALID was cleared; their own interrupt is raised only for a fault that no
 * buffer took, so that a driver that uses the buffer hears of each fault once.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "emu_chaos.h"
#include "emu_fault.h"
#include "regs/nv_mmu.h"
#include "regs/nv_vf.h"

#define DEFAULT_ENTRIES		256u	/* what SET_DEFAULT writes into SIZE */
#define BUFFER_STRIDE		32u
#define PAGE_FAULT_CTRL		0xb83070u	/* prefetch filter; there is no prefetch here */
#define PAGE_FAULT_CTRL_MASK	NV_BITS(1, 0)

enum {
	REG_LO = 0x00,
	REG_HI = 0x04,
	REG_GET = 0x08,
	REG_PUT = 0x0c,
	REG_SIZE = 0x10,
};

struct buffer {
	uint32_t lo;
	uint32_t hi;
	uint32_t get;
	uint32_t put;
	uint32_t size;		/* entries */
	bool overflow_intr;
	bool enabled;
	bool overflow;
	bool corrupted;		/* GET beyond the buffer */
};

struct info {
	bool valid;
	uint64_t va;
	uint64_t inst;
	enum emu_aperture inst_aperture;
	uint32_t engine_id;
	uint32_t info;
};

/*
 * @lock covers everything. @late_slot is the packet whose VALID chaos held back,
 * @is_late tells whether there is one.
 */
struct emu_fault {
	struct emu *emu;
	pthread_mutex_t lock;
	struct buffer buffers[NV_VF_FAULT_BUFFERS];
	struct info info;
	uint32_t page_fault_ctrl;
	uint32_t late_slot;
	bool is_late;
};

struct emu_fault *emu_fault_create(struct emu *emu)
{
	struct emu_fault *fault = calloc(1, sizeof(*fault));

	if (!fault)
		return NULL;
	fault->emu = emu;
	pthread_mutex_init(&fault->lock, NULL);
	return fault;
}

void emu_fault_destroy(struct emu_fault *fault)
{
	if (!fault)
		return;
	pthread_mutex_destroy(&fault->lock);
	free(fault);
}

void emu_fault_reset(struct emu_fault *fault)
{
	pthread_mutex_lock(&fault->lock);
	memset(fault->buffers, 0, sizeof(fault->buffers));
	memset(&fault->info, 0, sizeof(fault->info));
	fault->is_late = false;
	fault->page_fault_ctrl = 0;
	pthread_mutex_unlock(&fault->lock);
}

static uint32_t aperture_code(enum emu_aperture aperture)
{
	return aperture == EMU_VIDEO ? 0 : 2;
}

/* --- packets --- */

static bool buffer_full(const struct buffer *buffer)
{
	return (buffer->put + 1) % buffer->size == buffer->get;
}

static uint64_t packet_addr(const struct buffer *buffer, uint32_t slot)
{
	return ((uint64_t)buffer->hi << 32 | (buffer->lo & NV_VF_FAULT_BUFFER_LO_ADDR)) +
	       (uint64_t)slot * NV_FAULT_PACKET_SIZE;
}

static enum emu_aperture buffer_aperture(const struct buffer *buffer)
{
	return NV_GET(NV_VF_FAULT_BUFFER_LO_APERTURE, buffer->lo) ? EMU_SYSTEM : EMU_VIDEO;
}

static int write_packet(struct emu_fault *fault, const struct buffer *buffer, uint32_t packet[8])
{
	uint32_t last = packet[7] | NV_FAULT7_VALID;
	size_t len = NV_FAULT_PACKET_SIZE;
	struct emu *emu = fault->emu;
	uint64_t random;
	uint32_t *to;
	int ret = -1;

	emu_chaos_packet(emu, packet);
	if (emu_chaos_hit(emu, EMU_LIE_PACKET_LATE, &random)) {
		fault->late_slot = buffer->put;
		fault->is_late = true;
		last &= ~NV_FAULT7_VALID;
	}
	emu_mem_lock(emu);
	to = emu_mem_span(emu, buffer_aperture(buffer), packet_addr(buffer, buffer->put), &len,
			  true);
	if (to && len == NV_FAULT_PACKET_SIZE) {
		memcpy(to, packet, 7 * sizeof(*packet));
		__atomic_store_n(&to[7], last, __ATOMIC_RELEASE);
		ret = 0;
	}
	emu_mem_unlock(emu);
	return ret;
}

/* The packet that chaos held back becomes valid, when the driver has been past it. */
static void finish_late_packet(struct emu_fault *fault)
{
	struct buffer *buffer = &fault->buffers[0];
	uint64_t addr = packet_addr(buffer, fault->late_slot) + 7 * sizeof(uint32_t);
	uint32_t last;

	if (!fault->is_late)
		return;
	fault->is_late = false;
	if (emu_mem_read(fault->emu, buffer_aperture(buffer), addr, &last, sizeof(last)))
		return;
	last |= NV_FAULT7_VALID;
	emu_mem_write(fault->emu, buffer_aperture(buffer), addr, &last, sizeof(last));
}

/* Returns whether buffer 0 took the packet. */
static bool put_packet(struct emu_fault *fault, uint32_t packet[8])
{
	struct buffer *buffer = &fault->buffers[0];

	if (!buffer->enabled)
		return false;
	if (buffer->overflow || buffer->corrupted)
		return false;
	if (buffer_full(buffer)) {
		buffer->overflow = true;
		if (buffer->overflow_intr)
			emu_irq_raise(fault->emu, NV_VECTOR_MMU_NONREPLAYABLE_ERROR);
		return false;
	}
	if (write_packet(fault, buffer, packet))
		return false;
	buffer->put = (buffer->put + 1) % buffer->size;
	emu_irq_raise(fault->emu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY);
	return true;
}

void emu_fault_report(struct emu *emu, const struct emu_fault_source *source,
		      const struct emu_mmu_fault *why)
{
	struct emu_fault *fault = emu->fault;
	uint64_t now = emu_timer_now(emu);
	uint64_t page = why->va & ~0xfffull;
	uint32_t packet[8];
	bool delivered;

	packet[0] = NV_PUT(NV_FAULT0_INST_APERTURE, aperture_code(source->inst_aperture)) |
		    (uint32_t)(source->inst & NV_FAULT0_INST_LO);
	packet[1] = source->inst >> 32;
	packet[2] = page & NV_FAULT2_ADDR_LO;
	packet[3] = page >> 32;
	packet[4] = now;
	packet[5] = now >> 32;
	packet[6] = NV_PUT(NV_FAULT6_ENGINE_ID, source->engine_id);
	packet[7] = NV_PUT(NV_FAULT7_FAULT_TYPE, why->type) |
		    NV_PUT(NV_FAULT7_CLIENT, source->client) |
		    NV_PUT(NV_FAULT7_ACCESS_TYPE, why->access) | NV_FAULT7_CLIENT_TYPE_HUB;

	emu_count(emu, EMU_FAULTS);
	emu_log(emu, 2, "fault type %#x at %#llx, access %u, engine %u, instance %#llx",
		why->type, (unsigned long long)why->va, why->access, source->engine_id,
		(unsigned long long)source->inst);

	pthread_mutex_lock(&fault->lock);
	delivered = put_packet(fault, packet);
	if (!fault->info.valid) {
		fault->info = (struct info) {
			.valid = true,
			.va = page,
			.inst = source->inst,
			.inst_aperture = source->inst_aperture,
			.engine_id = source->engine_id,
			.info = packet[7] | NV_FAULT7_VALID,
		};
		if (!delivered)
			emu_irq_raise(emu, NV_VECTOR_MMU_INFO_FAULT);
	}
	pthread_mutex_unlock(&fault->lock);
}

/* --- registers; the caller holds the lock --- */

static uint32_t status_flags(const struct buffer *buffer)
{
	return (buffer->overflow ? NV_VF_FAULT_BUFFER_OVERFLOW : 0) |
	       (buffer->corrupted ? NV_VF_FAULT_BUFFER_GETPTR_CORRUPTED : 0);
}

static bool buffer_read(const struct buffer *buffer, uint32_t reg, uint32_t *value)
{
	switch (reg) {
	case REG_LO:
		*value = buffer->lo;
		return true;
	case REG_HI:
		*value = buffer->hi;
		return true;
	case REG_GET:
		*value = buffer->get | status_flags(buffer);
		return true;
	case REG_PUT:
		*value = buffer->put | status_flags(buffer);
		return true;
	case REG_SIZE:
		*value = buffer->size |
			 (buffer->overflow_intr ? NV_VF_FAULT_BUFFER_SIZE_OVERFLOW_INTR : 0) |
			 (buffer->enabled ? NV_VF_FAULT_BUFFER_SIZE_ENABLE : 0);
		return true;
	default:
		return false;
	}
}

/*
 * The flags are cleared by what the pointer was before this write: moving GET
 * and clearing OVERFLOW takes two writes, as on the hardware.
 */
static void write_get(struct emu_fault *fault, struct buffer *buffer, uint32_t value)
{
	if ((value & NV_VF_FAULT_BUFFER_OVERFLOW) && buffer->size && !buffer_full(buffer))
		buffer->overflow = false;
	if ((value & NV_VF_FAULT_BUFFER_GETPTR_CORRUPTED) && buffer->get < buffer->size)
		buffer->corrupted = false;
	buffer->get = value & NV_VF_FAULT_BUFFER_PTR;
	if (!buffer->enabled)
		return;
	if (buffer->get >= buffer->size)
		buffer->corrupted = true;
	if (buffer != &fault->buffers[0])
		return;
	finish_late_packet(fault);
	if (buffer->get != buffer->put)
		emu_irq_raise(fault->emu, NV_VECTOR_MMU_NONREPLAYABLE_NOTIFY);
	if ((buffer->overflow && buffer->overflow_intr) || buffer->corrupted)
		emu_irq_raise(fault->emu, NV_VECTOR_MMU_NONREPLAYABLE_ERROR);
}

static void write_size(struct emu_fault *fault, struct buffer *buffer, uint32_t value)
{
	bool enable = value & NV_VF_FAULT_BUFFER_SIZE_ENABLE;

	buffer->overflow_intr = value & NV_VF_FAULT_BUFFER_SIZE_OVERFLOW_INTR;
	/* The size of a buffer in use cannot change. */
	if (!buffer->enabled || !enable)
		buffer->size = value & NV_VF_FAULT_BUFFER_SIZE_SET_DEFAULT ?
			       DEFAULT_ENTRIES : value & NV_VF_FAULT_BUFFER_SIZE_VAL;
	if (enable && !buffer->enabled) {
		if (!(buffer->lo & NV_VF_FAULT_BUFFER_LO_ADDR_MODE) || buffer->size < 2) {
			emu_log(fault->emu, 1, "fault buffer not enabled: %s",
				buffer->size < 2 ? "no size" : "virtual address mode");
			return;
		}
		buffer->get = 0;
		buffer->put = 0;
		buffer->overflow = false;
		buffer->corrupted = false;
		/* What was held back is nowhere in what may be another buffer. */
		if (buffer == &fault->buffers[0])
			fault->is_late = false;
	}
	buffer->enabled = enable;
}

static bool buffer_write(struct emu_fault *fault, struct buffer *buffer, uint32_t reg,
			 uint32_t value)
{
	switch (reg) {
	case REG_LO:
		if (!buffer->enabled)
			buffer->lo = value & (NV_VF_FAULT_BUFFER_LO_ADDR_MODE |
					      NV_VF_FAULT_BUFFER_LO_APERTURE |
					      NV_VF_FAULT_BUFFER_LO_VOL |
					      NV_VF_FAULT_BUFFER_LO_ADDR);
		return true;
	case REG_HI:
		if (!buffer->enabled)
			buffer->hi = value;
		return true;
	case REG_GET:
		write_get(fault, buffer, value);
		return true;
	case REG_PUT:
		return true;	/* the GPU's */
	case REG_SIZE:
		write_size(fault, buffer, value);
		return true;
	default:
		return false;
	}
}

static bool info_read(const struct emu_fault *fault, uint32_t offset, uint32_t *value)
{
	const struct info *info = &fault->info;
	const struct buffer *buffer = &fault->buffers[0];

	switch (offset) {
	case NV_VF_FAULT_ADDR_LO:
		*value = info->va & NV_VF_FAULT_ADDR_LO_ADDR;
		return true;
	case NV_VF_FAULT_ADDR_HI:
		*value = info->va >> 32;
		return true;
	case NV_VF_FAULT_INST_LO:
		*value = (uint32_t)(info->inst & NV_VF_FAULT_INST_LO_ADDR) |
			 NV_PUT(NV_VF_FAULT_INST_LO_APERTURE, aperture_code(info->inst_aperture)) |
			 NV_PUT(NV_VF_FAULT_INST_LO_ENGINE_ID, info->engine_id);
		return true;
	case NV_VF_FAULT_INST_HI:
		*value = info->inst >> 32;
		return true;
	case NV_VF_FAULT_INFO:
		*value = info->info;
		return true;
	case NV_VF_FAULT_STATUS:
		*value = (info->valid ? NV_VF_FAULT_STATUS_VALID : 0) |
			 (buffer->enabled && buffer->get != buffer->put ?
			  NV_VF_FAULT_STATUS_NON_REPLAYABLE : 0) |
			 (buffer->overflow ? NV_VF_FAULT_STATUS_NON_REPLAYABLE_OVERFLOW : 0);
		return true;
	case PAGE_FAULT_CTRL:
		*value = fault->page_fault_ctrl;
		return true;
	default:
		return false;
	}
}

static bool info_write(struct emu_fault *fault, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case NV_VF_FAULT_ADDR_LO:
	case NV_VF_FAULT_ADDR_HI:
	case NV_VF_FAULT_INST_LO:
	case NV_VF_FAULT_INST_HI:
	case NV_VF_FAULT_INFO:
		return true;	/* read only */
	case NV_VF_FAULT_STATUS:
		if (value & NV_VF_FAULT_STATUS_VALID)
			memset(&fault->info, 0, sizeof(fault->info));
		return true;
	case PAGE_FAULT_CTRL:
		fault->page_fault_ctrl = value & PAGE_FAULT_CTRL_MASK;
		return true;
	default:
		return false;
	}
}

static struct buffer *buffer_at(struct emu_fault *fault, uint32_t offset, uint32_t *reg)
{
	uint32_t i = (offset - NV_VF_FAULT_BUFFER_LO(0)) / BUFFER_STRIDE;

	*reg = (offset - NV_VF_FAULT_BUFFER_LO(0)) % BUFFER_STRIDE;
	return i < NV_VF_FAULT_BUFFERS ? &fault->buffers[i] : NULL;
}

bool emu_fault_reg_read(struct emu *emu, uint32_t offset, uint32_t *value)
{
	struct emu_fault *fault = emu->fault;
	struct buffer *buffer;
	uint32_t reg;
	bool known;

	pthread_mutex_lock(&fault->lock);
	buffer = buffer_at(fault, offset, &reg);
	known = buffer ? buffer_read(buffer, reg, value) : info_read(fault, offset, value);
	pthread_mutex_unlock(&fault->lock);
	return known;
}

bool emu_fault_reg_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	struct emu_fault *fault = emu->fault;
	struct buffer *buffer;
	uint32_t reg;
	bool known;

	pthread_mutex_lock(&fault->lock);
	buffer = buffer_at(fault, offset, &reg);
	known = buffer ? buffer_write(fault, buffer, reg, value) :
			 info_write(fault, offset, value);
	pthread_mutex_unlock(&fault->lock);
	return known;
}
