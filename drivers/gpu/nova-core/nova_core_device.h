/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_DEVICE_H
#define NOVA_CORE_DEVICE_H

#include <linux/list.h>
#include <linux/nova_core.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct nova_core_chans;
struct nova_core_client;
struct nova_core_faultbuf;
struct nova_core_irq;
struct nova_core_mmu;
struct nova_core_rpc;
struct nova_core_timer;
struct pci_dev;

/* Bits of nova_core.broken. */
#define NOVA_CORE_LOST		0	/* fell off the bus: touch nothing, until the next probe */
#define NOVA_CORE_DEAD		1	/* firmware or MMU stopped answering: ask nothing */

/**
 * struct nova_core_engine_hw - what the client need not know about an engine
 * @runlist: runlist number, part of the doorbell token
 * @intr: interrupt number, added to the vector bases
 */
struct nova_core_engine_hw {
	u32 runlist;
	u32 intr;
};

/**
 * struct nova_core - one GPU, from PCI probe to remove
 *
 * Allocated with devm, so it is gone when remove() is done: nothing that
 * outlives the driver's binding may point here. The parts are private to their
 * files; each exists from its _init to its _fini in nova_core_device.c.
 */
struct nova_core {
	/** @pdev: the PCI device */
	struct pci_dev *pdev;
	/** @dev: &pdev->dev, for messages and DMA */
	struct device *dev;
	/** @aux: auxiliary device the client is bound to; freed by the driver core */
	struct auxiliary_device *aux;
	/** @aux_id: number in its name */
	int aux_id;

	/** @info: what the client sees; constant once the auxiliary device exists */
	struct nova_core_info info;
	/** @engine_hw: parallel to @info.engines */
	struct nova_core_engine_hw engine_hw[NOVA_CORE_ENGINES_MAX];
	/** @vram_size: bytes of video memory, including what the firmware keeps */
	u64 vram_size;

	/** @regs: BAR0; use nova_core_rd32() and nova_core_wr32() */
	void __iomem *regs __guarded_by(nova_core_door);
	/** @vram: BAR1, write-combining */
	void __iomem *vram __guarded_by(nova_core_door);
	/** @regs_open: registers may be touched; checked by NOVA_DEBUG_LIFETIME */
	bool regs_open;
	/** @removable: remove() can come, so accesses are judged; not in unit tests */
	bool removable;

	/** @broken: NOVA_CORE_LOST, NOVA_CORE_DEAD; atomic bit operations */
	unsigned long broken;
	/** @wait: woken by a firmware reply and when @broken changes */
	wait_queue_head_t wait;

	/** @reset: recovery from NOVA_CORE_DEAD, see nova_core_reset.c */
	struct {
		/**
		 * @reset.lock: held for writing by who recovers, or has the firmware halt for
		 * sleep, for reading by who asks something of the hardware and judges the answer;
		 * outermost in nova-core. Reclaim takes it
		 */
		struct rw_semaphore lock;
		/** @reset.count: recoveries since probe; guarded by the lock */
		unsigned int count;
		/** @reset.armed: between the end of probe and the beginning of remove */
		bool armed;
		/** @reset.hopeless: video memory is not what the client left there */
		bool hopeless;
	} reset;

	/** @pm: sleep, see nova_core_pm.c; changed by its callbacks, one at a time */
	struct {
		/** @pm.asleep: the firmware has halted, no register may be touched */
		bool asleep;
		/** @pm.silent: SUSPEND is under way, after which no register may be touched */
		bool silent;
		/**
		 * @pm.halted: SUSPEND is over, and no engine runs before all translations are
		 * forgotten; guarded by @reset.lock
		 */
		bool halted;
		/** @pm.kept: the firmware's video memory while the machine sleeps, or NULL */
		void *kept;
	} pm;

	/** @audit: objects that must be gone at the end of remove */
	struct {
		/** @audit.lock: covers @audit.list and the links in it */
		spinlock_t lock;
		/** @audit.list: struct nova_core_audit */
		struct list_head list __guarded_by(&lock);
	} audit;

	/** @bar_audit: registry entry of the two mappings */
	struct nova_core_audit bar_audit;

	/* private: */
	struct nova_core_rpc *rpc;
	struct nova_core_irq *irq;
	struct nova_core_timer *timer;
	struct nova_core_faultbuf *fault;
	struct nova_core_mmu *mmu;
	struct nova_core_chans *chans;
	struct nova_core_client *client;
};

int nova_core_device_init(struct nova_core *core)
	__must_hold(nova_core_door);
void nova_core_device_fini(struct nova_core *core)
	__must_hold(nova_core_door);

void nova_core_device_restore(struct nova_core *core)
	__must_hold_shared(nova_core_door);

int nova_core_state(const struct nova_core *core);
void nova_core_mark_lost(struct nova_core *core, const char *why);
void nova_core_mark_dead(struct nova_core *core, const char *why)
	__must_hold_shared(nova_core_door);

#endif /* NOVA_CORE_DEVICE_H */
