// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The GMMU's TLB. Page tables themselves are the client's. */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/error-injection.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "nova_core_bar.h"
#include "nova_core_fw.h"
#include "nova_core_mmu.h"
#include "nova_core_reset.h"
#include "regs/nv_vf.h"

#define NOVA_CORE_MMU_POLL_US		20

/**
 * struct nova_core_mmu - TLB maintenance of one GPU
 */
struct nova_core_mmu {
	/** @lock: covers the invalidate registers, from the first write to the end */
	struct mutex lock;
};

/* Starts what @command says and waits for its end. */
static int nova_core_mmu_run_locked(struct nova_core *core, u32 command)
	__must_hold_shared(nova_core_door) __must_hold(&core->mmu->lock)
{
	u32 value;
	int ret;

	lockdep_assert_held(&core->mmu->lock);

	nova_core_wr32(core, NV_VF_INVALIDATE, NV_VF_INVALIDATE_TRIGGER | command);

	/* All ones have TRIGGER set, so a lost device cannot look like a finished one. */
	ret = read_poll_timeout(nova_core_rd32, value,
				!(value & NV_VF_INVALIDATE_TRIGGER) || value == NOVA_CORE_ALL_ONES,
				NOVA_CORE_MMU_POLL_US, jiffies_to_usecs(nova_core_fw_timeout()),
				false, core, NV_VF_INVALIDATE);
	if (value == NOVA_CORE_ALL_ONES && nova_core_bar_lost(core))
		return -ENODEV;
	if (ret || value == NOVA_CORE_ALL_ONES) {
		nova_core_mark_dead(core, "TLB invalidate does not finish");
		return -ETIMEDOUT;
	}

	return 0;
}

/**
 * nova_core_mmu_invalidate() - make the GPU forget an address space's translations
 * @core: the GPU
 * @root: video-memory offset of the root table, 4 KiB aligned
 *
 * The tables' new content must have been made visible with
 * nova_core_vram_flush(). After success no access uses an older translation of
 * this address space. A GPU that does not finish counts as dead, which means
 * that its engines are halted. While a recovery is due that is success as well: the
 * recovery forgets all translations before an engine runs again. So does the end of a sleep.
 * Context: may sleep, for a bounded time.
 * Return: 0, -EINVAL for a bad @root, -ENODEV if the device is lost,
 * -ETIMEDOUT if it is dead for good.
 */
int nova_core_mmu_invalidate(struct nova_core *core, u64 root)
{
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(nova_core_mmu_invalidate, core, root);

	if (WARN_ON_ONCE(!IS_ALIGNED(root, 4096) || root >= core->vram_size))
		return -EINVAL;

	guard(rwsem_read)(&core->reset.lock);
	guard(mutex)(&core->mmu->lock);

	if (core->pm.halted)
		return 0;
	ret = nova_core_state(core);
	if (!ret) {
		nova_core_wr32(core, NV_VF_INVALIDATE_PDB,
			       NV_PUT(NV_VF_INVALIDATE_PDB_ADDR, root >> 12));
		nova_core_wr32(core, NV_VF_INVALIDATE_UPPER_PDB,
			       NV_PUT(NV_VF_INVALIDATE_UPPER_PDB_ADDR, root >> 40));
		ret = nova_core_mmu_run_locked(core, NV_VF_INVALIDATE_ALL_VA);
	}

	return ret == -ETIMEDOUT && nova_core_reset_pending(core) ? 0 : ret;
}
EXPORT_SYMBOL_NS_GPL(nova_core_mmu_invalidate, "NOVA_CORE");

/*
 * Of all address spaces, also on a dead device: -ENODEV if it is lost, -ETIMEDOUT if it does not
 * finish.
 */
int nova_core_mmu_invalidate_all(struct nova_core *core)
{
	KUNIT_STATIC_STUB_REDIRECT(nova_core_mmu_invalidate_all, core);

	guard(mutex)(&core->mmu->lock);

	return nova_core_mmu_run_locked(core, NV_VF_INVALIDATE_ALL_VA | NV_VF_INVALIDATE_ALL_PDB);
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_mmu_invalidate_all);

int nova_core_mmu_init(struct nova_core *core)
{
	struct nova_core_mmu *mmu;
	int ret;

	mmu = devm_kzalloc(core->dev, sizeof(*mmu), GFP_KERNEL);
	if (!mmu)
		return -ENOMEM;

	ret = devm_mutex_init(core->dev, &mmu->lock);
	if (ret)
		return ret;

	core->mmu = mmu;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(nova_core_mmu_init);
ALLOW_ERROR_INJECTION(nova_core_mmu_init, ERRNO);
