// SPDX-License-Identifier: MIT
/*
 * GMMU: TLB, accesses and the invalidate registers.
 *
 * An invalidate is asynchronous: the register write removes the entries and
 * notes the current epoch; TRIGGER reads 0 once no access of that epoch or an older
 * one is running. Nothing waits in the register handler, and an engine that
 * keeps working cannot hold an invalidate up, because its next chunk is of a newer epoch.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "emu_mmu.h"
#include "regs/nv_mmu.h"
#include "regs/nv_vf.h"

#define TLB_SETS	256u
#define TLB_WAYS	4u

/* The page sizes of the TLB, the order of its lookups. */
static const unsigned int tlb_shifts[] = {
	NV_MMU_PTE_4K_SHIFT, NV_MMU_PTE_64K_SHIFT, NV_MMU_PDE0_SHIFT,
};

#define TLB_SHIFTS	(sizeof(tlb_shifts) / sizeof(tlb_shifts[0]))

struct tlb_entry {
	bool valid;
	enum emu_aperture pdb_aperture;
	uint64_t pdb;
	uint64_t vpn;
	struct emu_mmu_page page;
};

/*
 * @lock covers everything; it is never held over a walk.
 * @epoch counts invalidates; @active holds, per client, the epoch its running
 * access began in, 0 when it has none.
 */
struct emu_mmu {
	struct emu *emu;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct tlb_entry tlb[TLB_SETS][TLB_WAYS];
	uint8_t next_way[TLB_SETS];
	uint32_t count[TLB_SHIFTS];
	uint64_t epoch;
	uint64_t active[EMU_MMU_CLIENTS];

	uint32_t reg_pdb;
	uint32_t reg_upper_pdb;
	uint32_t reg_invalidate;
	uint64_t reg_epoch;	/* what the register's invalidate waits for */
	bool reg_busy;
	bool reg_unread;	/* busy is seen by at least one read */
};

struct emu_mmu *emu_mmu_create(struct emu *emu)
{
	struct emu_mmu *mmu = calloc(1, sizeof(*mmu));

	if (!mmu)
		return NULL;
	mmu->emu = emu;
	mmu->epoch = 1;
	pthread_mutex_init(&mmu->lock, NULL);
	pthread_cond_init(&mmu->ended, NULL);
	return mmu;
}

void emu_mmu_destroy(struct emu_mmu *mmu)
{
	if (!mmu)
		return;
	pthread_cond_destroy(&mmu->ended);
	pthread_mutex_destroy(&mmu->lock);
	free(mmu);
}

void emu_mmu_reset(struct emu_mmu *mmu)
{
	pthread_mutex_lock(&mmu->lock);
	memset(mmu->tlb, 0, sizeof(mmu->tlb));
	memset(mmu->count, 0, sizeof(mmu->count));
	mmu->epoch++;
	mmu->reg_pdb = 0;
	mmu->reg_upper_pdb = 0;
	mmu->reg_invalidate = 0;
	mmu->reg_busy = false;
	mmu->reg_unread = false;
	pthread_mutex_unlock(&mmu->lock);
}

/* --- TLB; the caller holds the lock --- */

static unsigned int tlb_set(const struct emu_mmu_ctx *ctx, uint64_t vpn)
{
	uint64_t hash = (vpn ^ ctx->pdb >> 12) * 0x9e3779b97f4a7c15ull;

	return hash >> 32 & (TLB_SETS - 1);
}

static bool tlb_lookup(struct emu_mmu *mmu, const struct emu_mmu_ctx *ctx, uint64_t va,
		       struct emu_mmu_page *page)
{
	unsigned int i, way;

	for (i = 0; i < TLB_SHIFTS; i++) {
		uint64_t vpn = va >> tlb_shifts[i];
		struct tlb_entry *set;

		if (!mmu->count[i])
			continue;
		set = mmu->tlb[tlb_set(ctx, vpn)];
		for (way = 0; way < TLB_WAYS; way++) {
			struct tlb_entry *entry = &set[way];

			if (entry->valid && entry->vpn == vpn && entry->pdb == ctx->pdb &&
			    entry->page.shift == tlb_shifts[i] &&
			    entry->pdb_aperture == ctx->aperture) {
				*page = entry->page;
				return true;
			}
		}
	}
	return false;
}

static uint32_t *tlb_count(struct emu_mmu *mmu, unsigned int shift)
{
	unsigned int i = 0;

	while (tlb_shifts[i] != shift)
		i++;
	return &mmu->count[i];
}

static void tlb_insert(struct emu_mmu *mmu, const struct emu_mmu_ctx *ctx, uint64_t va,
		       const struct emu_mmu_page *page)
{
	uint64_t vpn = va >> page->shift;
	unsigned int set = tlb_set(ctx, vpn);
	struct tlb_entry *entry = &mmu->tlb[set][mmu->next_way[set]];

	mmu->next_way[set] = (mmu->next_way[set] + 1) % TLB_WAYS;
	if (entry->valid)
		(*tlb_count(mmu, entry->page.shift))--;
	*entry = (struct tlb_entry) {
		.valid = true,
		.pdb_aperture = ctx->aperture,
		.pdb = ctx->pdb,
		.vpn = vpn,
		.page = *page,
	};
	(*tlb_count(mmu, page->shift))++;
}

static void tlb_drop(struct emu_mmu *mmu, const struct emu_mmu_invalidate *inv)
{
	struct tlb_entry *entry = &mmu->tlb[0][0];
	struct tlb_entry *end = entry + TLB_SETS * TLB_WAYS;

	for (; entry < end; entry++) {
		uint64_t start = entry->vpn << entry->page.shift;

		if (!entry->valid)
			continue;
		if (!inv->all_pdb &&
		    (entry->pdb != inv->pdb || entry->pdb_aperture != inv->aperture))
			continue;
		if (inv->end && (start >= inv->end ||
				 start + (1ull << entry->page.shift) <= inv->start))
			continue;
		entry->valid = false;
		(*tlb_count(mmu, entry->page.shift))--;
	}
}

/* --- accesses --- */

void emu_mmu_begin(struct emu *emu, const struct emu_mmu_ctx *ctx)
{
	struct emu_mmu *mmu = emu->mmu;

	pthread_mutex_lock(&mmu->lock);
	assert(!mmu->active[ctx->client]);
	mmu->active[ctx->client] = mmu->epoch;
	pthread_mutex_unlock(&mmu->lock);
	emu_mem_lock(emu);
}

void emu_mmu_end(struct emu *emu, const struct emu_mmu_ctx *ctx)
{
	struct emu_mmu *mmu = emu->mmu;

	emu_mem_unlock(emu);
	pthread_mutex_lock(&mmu->lock);
	mmu->active[ctx->client] = 0;
	pthread_cond_broadcast(&mmu->ended);
	pthread_mutex_unlock(&mmu->lock);
}

static int translate(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va,
		     struct emu_mmu_page *page, uint32_t *type)
{
	struct emu_mmu *mmu = emu->mmu;
	uint64_t epoch;
	bool hit;

	if (va >> NV_MMU_VA_BITS) {
		*type = NV_FAULT_TYPE_VA_LIMIT;
		return -EFAULT;
	}
	if (!ctx->bound) {
		*type = NV_FAULT_TYPE_UNBOUND_INST;
		return -EFAULT;
	}
	pthread_mutex_lock(&mmu->lock);
	hit = tlb_lookup(mmu, ctx, va, page);
	epoch = mmu->epoch;
	pthread_mutex_unlock(&mmu->lock);
	if (hit)
		return 0;
	if (emu_mmu_walk(emu, ctx, va, page, type))
		return -EFAULT;

	pthread_mutex_lock(&mmu->lock);
	/* An invalidate came during the walk: what was read may be old, so use it, but don't keep it. */
	if (mmu->epoch == epoch)
		tlb_insert(mmu, ctx, va, page);
	pthread_mutex_unlock(&mmu->lock);
	return 0;
}

static int check_rights(const struct emu_mmu_ctx *ctx, const struct emu_mmu_page *page,
			enum emu_access access, uint32_t *type)
{
	if ((page->flags & NV_MMU_PTE_PRIVILEGE) && !ctx->privileged) {
		*type = NV_FAULT_TYPE_PRIV;
		return -EFAULT;
	}
	if ((page->flags & NV_MMU_PTE_READ_ONLY) && access != EMU_READ) {
		*type = NV_FAULT_TYPE_RO;
		return -EFAULT;
	}
	if ((page->flags & NV_MMU_PTE_ATOMIC_DISABLE) && access == EMU_ATOMIC) {
		*type = NV_FAULT_TYPE_ATOMIC;
		return -EFAULT;
	}
	return 0;
}

static int fill_fault(struct emu_mmu_fault *fault, uint32_t type, enum emu_access access,
		      uint64_t va)
{
	fault->type = type;
	fault->access = access;
	fault->va = va;
	return -EFAULT;
}

int emu_mmu_span(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va,
		 enum emu_access access, size_t *len, void **host, struct emu_mmu_fault *fault)
{
	struct emu_mmu_page page;
	uint64_t offset, left;
	uint32_t type;

	if (translate(emu, ctx, va, &page, &type) || check_rights(ctx, &page, access, &type))
		return fill_fault(fault, type, access, va);
	offset = va & ((1ull << page.shift) - 1);
	left = (1ull << page.shift) - offset;
	if (*len > left)
		*len = left;
	*host = NULL;
	if (page.sparse)
		return 0;
	*host = emu_mem_span(emu, page.aperture, page.phys + offset, len, access != EMU_READ);
	if (!*host)
		return fill_fault(fault, emu_mmu_phys_fault(page.aperture), access, va);
	return 0;
}

int emu_mmu_span_phys(struct emu *emu, enum emu_aperture aperture, uint64_t addr,
		      enum emu_access access, size_t *len, void **host,
		      struct emu_mmu_fault *fault)
{
	*host = emu_mem_span(emu, aperture, addr, len, access != EMU_READ);
	if (!*host)
		return fill_fault(fault, emu_mmu_phys_fault(aperture), access, addr);
	return 0;
}

int emu_mmu_read(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va, void *to,
		 size_t len, struct emu_mmu_fault *fault)
{
	uint8_t *out = to;
	int ret = 0;

	emu_mmu_begin(emu, ctx);
	while (len && !ret) {
		size_t n = len;
		void *host;

		ret = emu_mmu_span(emu, ctx, va, EMU_READ, &n, &host, fault);
		if (ret)
			break;
		if (host)
			memcpy(out, host, n);
		else
			memset(out, 0, n);
		out += n;
		va += n;
		len -= n;
	}
	emu_mmu_end(emu, ctx);
	return ret;
}

int emu_mmu_write(struct emu *emu, const struct emu_mmu_ctx *ctx, uint64_t va, const void *from,
		  size_t len, struct emu_mmu_fault *fault)
{
	const uint8_t *in = from;
	int ret = 0;

	emu_mmu_begin(emu, ctx);
	while (len && !ret) {
		size_t n = len;
		void *host;

		ret = emu_mmu_span(emu, ctx, va, EMU_WRITE, &n, &host, fault);
		if (ret)
			break;
		if (host)
			memcpy(host, in, n);
		in += n;
		va += n;
		len -= n;
	}
	emu_mmu_end(emu, ctx);
	return ret;
}

/* --- invalidate --- */

/* Is an access of @epoch or older still running? The caller holds the lock. */
static bool epoch_busy(const struct emu_mmu *mmu, uint64_t epoch)
{
	unsigned int i;

	for (i = 0; i < EMU_MMU_CLIENTS; i++)
		if (mmu->active[i] && mmu->active[i] <= epoch)
			return true;
	return false;
}

/* The caller holds the lock. Returns the epoch that has to end. */
static uint64_t invalidate_start(struct emu_mmu *mmu, const struct emu_mmu_invalidate *inv)
{
	tlb_drop(mmu, inv);
	emu_count(mmu->emu, EMU_TLB_INVALIDATES);
	return mmu->epoch++;
}

void emu_mmu_invalidate(struct emu *emu, const struct emu_mmu_invalidate *inv)
{
	struct emu_mmu *mmu = emu->mmu;
	uint64_t epoch;

	pthread_mutex_lock(&mmu->lock);
	epoch = invalidate_start(mmu, inv);
	while (epoch_busy(mmu, epoch))
		pthread_cond_wait(&mmu->ended, &mmu->lock);
	pthread_mutex_unlock(&mmu->lock);
}

bool emu_mmu_reg_read(struct emu *emu, uint32_t offset, uint32_t *value)
{
	struct emu_mmu *mmu = emu->mmu;
	bool known = true;

	pthread_mutex_lock(&mmu->lock);
	switch (offset) {
	case NV_VF_INVALIDATE_PDB:
		*value = mmu->reg_pdb;
		break;
	case NV_VF_INVALIDATE_UPPER_PDB:
		*value = mmu->reg_upper_pdb;
		break;
	case NV_VF_INVALIDATE:
		if (mmu->reg_busy && !mmu->reg_unread && !epoch_busy(mmu, mmu->reg_epoch))
			mmu->reg_busy = false;
		mmu->reg_unread = false;
		*value = mmu->reg_invalidate | (mmu->reg_busy ? NV_VF_INVALIDATE_TRIGGER : 0);
		break;
	default:
		known = false;
	}
	pthread_mutex_unlock(&mmu->lock);
	return known;
}

static void reg_trigger(struct emu_mmu *mmu)
{
	struct emu_mmu_invalidate inv = { 0 };

	inv.all_pdb = mmu->reg_invalidate & NV_VF_INVALIDATE_ALL_PDB;
	inv.aperture = mmu->reg_pdb & NV_VF_INVALIDATE_PDB_APERTURE ? EMU_SYSTEM : EMU_VIDEO;
	inv.pdb = (uint64_t)NV_GET(NV_VF_INVALIDATE_PDB_ADDR, mmu->reg_pdb) << 12 |
		  (uint64_t)mmu->reg_upper_pdb << 40;
	mmu->reg_epoch = invalidate_start(mmu, &inv);
	mmu->reg_busy = true;
	mmu->reg_unread = true;
}

bool emu_mmu_reg_write(struct emu *emu, uint32_t offset, uint32_t value)
{
	struct emu_mmu *mmu = emu->mmu;
	bool known = true;

	pthread_mutex_lock(&mmu->lock);
	switch (offset) {
	case NV_VF_INVALIDATE_PDB:
		mmu->reg_pdb = value & (NV_VF_INVALIDATE_PDB_ADDR | NV_VF_INVALIDATE_PDB_APERTURE);
		break;
	case NV_VF_INVALIDATE_UPPER_PDB:
		mmu->reg_upper_pdb = value & NV_VF_INVALIDATE_UPPER_PDB_ADDR;
		break;
	case NV_VF_INVALIDATE:
		mmu->reg_invalidate = value & ~NV_VF_INVALIDATE_TRIGGER;
		if (value & NV_VF_INVALIDATE_TRIGGER)
			reg_trigger(mmu);
		break;
	default:
		known = false;
	}
	pthread_mutex_unlock(&mmu->lock);
	return known;
}
