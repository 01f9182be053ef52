/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _LINUX_NOVA_CORE_H_
#define _LINUX_NOVA_CORE_H_

#include <linux/list.h>
#include <linux/nova_core_door.h>
#include <linux/stackdepot.h>
#include <linux/types.h>

struct auxiliary_device;
struct device;
struct nova_core;
struct nova_core_chan;
struct seq_file;
struct sg_table;

/**
 * DOC: nova-core for its client
 *
 * nova-core owns the hardware of one GPU and publishes one auxiliary device,
 * "nova_core.nova-drm". The driver of that device may call everything here from its probe to the
 * end of its remove, and never outside: each call that needs more than constants must be made
 * inside the client's own guard against remove, which is what nova_core_door stands for.
 * Nothing here returns a pointer to a register or to video memory, so nothing of it can be kept.
 *
 * Calls that talk to the firmware sleep, and end in bounded time: after one
 * missed answer the firmware counts as dead and later calls fail at once with -ETIMEDOUT,
 * until nova_core_recover() has started it again.
 * Calls on a device that fell off the bus return -ENODEV and touch nothing.
 * What the device says is validated in here.
 */

#define NOVA_CORE_AUX_NAME	"nova-drm"	/* match name: "nova_core." NOVA_CORE_AUX_NAME */
#define NOVA_CORE_ENGINES_MAX	8

/**
 * struct nova_core_engine - one engine of the GPU
 * @type: NOVA_FW_ENGINE_*
 * @instance: number among the engines of its type
 * @class_id: class of its methods
 */
struct nova_core_engine {
	u32 type;
	u32 instance;
	u32 class_id;
};

/**
 * struct nova_core_info - what the client needs to know; constant while bound
 * @chip_id: PMC_BOOT_42 CHIP_ID
 * @revision: major revision in bits 7:4, minor in 3:0
 * @host_class: class of the host methods
 * @channels: channels that can exist at once
 * @gpfifo_entries_max: largest GPFIFO ring
 * @generation: how often this GPU was probed since the module was loaded
 * @vram_start: first usable byte of video memory
 * @vram_end: end of usable video memory
 * @bar1_base: CPU physical address of video memory byte 0
 * @bar1_size: length of BAR1 in bytes; at least @vram_end
 * @usermode_base: CPU physical address of the usermode page for clients, 64 KiB, the only part
 *	of BAR0 that user space may map, uncached; its doorbell is at NV_USERMODE_DOORBELL
 * @engine_count: valid entries of @engines
 * @engines: the engines; the index names one in calls
 */
struct nova_core_info {
	u32 chip_id;
	u32 revision;
	u32 host_class;
	u32 channels;
	u32 gpfifo_entries_max;
	u64 generation;
	u64 vram_start;
	u64 vram_end;
	phys_addr_t bar1_base;
	u64 bar1_size;
	phys_addr_t usermode_base;
	u32 engine_count;
	struct nova_core_engine engines[NOVA_CORE_ENGINES_MAX];
};

struct nova_core *nova_core_from_aux(struct auxiliary_device *adev);
const struct nova_core_info *nova_core_info(const struct nova_core *core);
struct device *nova_core_dma_dev(const struct nova_core *core);
bool nova_core_is_lost(struct nova_core *core) __must_hold_shared(nova_core_door);
bool nova_core_is_broken(const struct nova_core *core) __must_hold_shared(nova_core_door);

/* --- recovery: nova_core_reset.c --- */

int nova_core_recover(struct nova_core *core)
	__must_hold_shared(nova_core_door);

/* --- sleep: nova_core_pm.c --- */

void nova_core_power_get(struct nova_core *core);
void nova_core_power_put(struct nova_core *core);

/* --- the audit registry: nova_core_audit.c --- */

/**
 * struct nova_core_audit - one object that must not outlive remove()
 * @link: in the registry, guarded by its lock
 * @kind: what it is, a string constant
 * @site: address of the code that created it
 * @stack: how that came to run; with NOVA_DEBUG_LIFETIME only
 *
 * Embedded in the object. Objects still registered at the end of nova-core's
 * remove are printed with a warning each.
 */
struct nova_core_audit {
	struct list_head link;
	const char *kind;
	unsigned long site;
#ifdef CONFIG_NOVA_DEBUG_LIFETIME
	depot_stack_handle_t stack;
#endif
};

void nova_core_audit_add(struct nova_core *core, struct nova_core_audit *audit, const char *kind)
	__must_hold_shared(nova_core_door);
void nova_core_audit_del(struct nova_core *core, struct nova_core_audit *audit)
	__must_hold_shared(nova_core_door);
void nova_core_audit_show(struct nova_core *core, struct seq_file *seq)
	__must_hold_shared(nova_core_door);

/* --- the firmware: nova_core_rpc.c --- */

void nova_core_fw_show(struct nova_core *core, struct seq_file *seq)
	__must_hold_shared(nova_core_door);

/* --- memory: nova_core_dma.c, nova_core_bar.c --- */

/**
 * struct nova_core_dma - coherent system memory that the device can reach
 * @cpu: kernel address; plain memory, zeroed
 * @addr: DMA address
 * @size: bytes
 * @audit: registry entry
 */
struct nova_core_dma {
	void *cpu;
	dma_addr_t addr;
	size_t size;
	struct nova_core_audit audit;
};

int nova_core_dma_alloc(struct nova_core *core, struct nova_core_dma *dma, size_t size,
			gfp_t gfp)
	__must_hold_shared(nova_core_door);
void nova_core_dma_free(struct nova_core *core, struct nova_core_dma *dma)
	__must_hold_shared(nova_core_door);
unsigned long nova_core_dma_pfn(const struct nova_core_dma *dma, size_t offset)
	__must_hold_shared(nova_core_door);

/**
 * struct nova_core_map - a DMA mapping of pages somebody else owns
 * @sgt: the mapped table, NULL when nothing is mapped
 * @readonly: the device only reads; set before it is mapped
 * @shared: others use the pages at the same time: no copy of them will do; likewise
 * @audit: registry entry
 */
struct nova_core_map {
	struct sg_table *sgt;
	bool readonly;
	bool shared;
	struct nova_core_audit audit;
};

int nova_core_map_sgt(struct nova_core *core, struct nova_core_map *map, struct sg_table *sgt)
	__must_hold_shared(nova_core_door);
void nova_core_unmap_sgt(struct nova_core *core, struct nova_core_map *map)
	__must_hold_shared(nova_core_door);

void nova_core_vram_set(struct nova_core *core, u64 offset, u8 value, size_t size)
	__must_hold_shared(nova_core_door);
void nova_core_vram_write(struct nova_core *core, u64 offset, const void *from, size_t size)
	__must_hold_shared(nova_core_door);
void nova_core_vram_read(struct nova_core *core, u64 offset, void *to, size_t size)
	__must_hold_shared(nova_core_door);
u64 nova_core_vram_read64(struct nova_core *core, u64 offset)
	__must_hold_shared(nova_core_door);
void nova_core_vram_write64(struct nova_core *core, u64 offset, u64 value)
	__must_hold_shared(nova_core_door);
void nova_core_vram_flush(struct nova_core *core)
	__must_hold_shared(nova_core_door);

/* --- time: nova_core_timer.c --- */

int nova_core_time_ns(struct nova_core *core, u64 *ns)
	__must_hold_shared(nova_core_door);

/**
 * struct nova_core_alarm - a callback at a time of the GPU's clock
 * @link: among the armed alarms; guarded by the timer's lock, like the rest
 * @time_ns: when it is due
 * @func: the callback, in the interrupt thread
 * @audit: registry entry while armed
 *
 * Embedded in an object of its user. Free to reuse or free after the callback
 * has begun or nova_core_alarm_cancel_sync() has returned.
 */
struct nova_core_alarm {
	struct list_head link;
	u64 time_ns;
	void (*func)(struct nova_core_alarm *alarm);
	struct nova_core_audit audit;
};

void nova_core_alarm_init(struct nova_core_alarm *alarm,
			  void (*func)(struct nova_core_alarm *alarm));
int nova_core_alarm_arm(struct nova_core *core, struct nova_core_alarm *alarm, u64 time_ns)
	__must_hold_shared(nova_core_door);
void nova_core_alarm_cancel_sync(struct nova_core *core, struct nova_core_alarm *alarm)
	__must_hold_shared(nova_core_door);

/* --- address spaces: nova_core_mmu.c --- */

int nova_core_mmu_invalidate(struct nova_core *core, u64 root)
	__must_hold_shared(nova_core_door);

/* --- channels: nova_core_chan.c --- */

#define NOVA_CORE_PRIORITY_LOW		0
#define NOVA_CORE_PRIORITY_NORMAL	1
#define NOVA_CORE_PRIORITY_HIGH		2

/**
 * struct nova_core_chan_args - what a channel is made of
 * @engine: index into &nova_core_info.engines
 * @priority: NOVA_CORE_PRIORITY_*
 * @root: video-memory offset of the address space's root table
 * @userd: DMA address of a zeroed USERD, 512-byte aligned, below 2^40
 * @gpfifo_va: GPU virtual address of the ring, 8-byte aligned
 * @gpfifo_entries: entries of the ring, power of two
 */
struct nova_core_chan_args {
	u32 engine;
	u32 priority;
	u64 root;
	dma_addr_t userd;
	u64 gpfifo_va;
	u32 gpfifo_entries;
};

struct nova_core_chan *nova_core_chan_create(struct nova_core *core,
					     const struct nova_core_chan_args *args)
	__must_hold_shared(nova_core_door);
u32 nova_core_chan_id(const struct nova_core_chan *chan);
u32 nova_core_chan_token(const struct nova_core_chan *chan)
	__must_hold_shared(nova_core_door);
void nova_core_chan_kick(struct nova_core_chan *chan)
	__must_hold_shared(nova_core_door);
int nova_core_chan_kill(struct nova_core_chan *chan, bool *engine_reset)
	__must_hold_shared(nova_core_door);
void nova_core_chan_destroy(struct nova_core_chan *chan)
	__must_hold_shared(nova_core_door);
int nova_core_chan_destroy_all(struct nova_core *core)
	__must_hold_shared(nova_core_door);
int nova_core_engine_stuck(struct nova_core *core, u32 engine, u32 *chid)
	__must_hold_shared(nova_core_door);

/* --- for dumps: nova_core_dump.c, nova_core_chan.c --- */

bool nova_core_dump_reg(struct nova_core *core, u32 index, u32 *offset, u32 *value)
	__must_hold_shared(nova_core_door);
u32 nova_core_chan_inst_read(struct nova_core_chan *chan, u32 *words, u32 size)
	__must_hold_shared(nova_core_door);

/* --- events: nova_core_irq.c, nova_core_client.c --- */

void nova_core_irq_rearm(struct nova_core *core)
	__must_hold_shared(nova_core_door);

/**
 * struct nova_core_chan_error - a channel was stopped by an error
 * @chid: nova_core_chan_id()
 * @code: NV_ERROR_*
 * @exception: detail, by @code (abi/nova_fw.h)
 * @method: offending method, or 0
 * @data: its data
 * @address: faulting virtual address, or 0
 * @bystander: it did nothing wrong: it was on the engine that was reset to stop another one
 */
struct nova_core_chan_error {
	u32 chid;
	u32 code;
	u32 exception;
	u32 method;
	u32 data;
	u64 address;
	bool bystander;
};

/**
 * struct nova_core_fault - a GMMU fault, from the fault buffer
 * @chid: channel, or ~0 if the instance block is no channel's
 * @type: NV_FAULT_TYPE_*
 * @access: NV_FAULT_ACCESS_*
 * @engine_id: MMU engine id
 * @client: client id
 * @address: virtual address, 4 KiB granular
 * @time_ns: PTIMER time
 */
struct nova_core_fault {
	u32 chid;
	u32 type;
	u32 access;
	u32 engine_id;
	u32 client;
	u64 address;
	u64 time_ns;
};

/**
 * struct nova_core_client_ops - callbacks into the client
 * @engine_event: engines (bit mask of indices) raised their non-stall interrupt
 * @chan_error: a channel was stopped by an error
 * @fault: a fault packet arrived; the channel's error event follows
 * @lost: the device fell off the bus or its firmware died; called once, and once more after each
 *	successful nova_core_recover()
 * @suspend: the device is going to sleep, for @system with the whole machine. When it returns 0
 *	nobody uses the device or maps it, and nobody will before @resume; the channels may be
 *	anywhere in their work, and go on afterwards. An error keeps the device awake
 * @save: with the machine only, after @suspend: video memory is going to lose its content, and is
 *	left alone from now on. That of a device that is broken does not come back
 * @restore: undoes @save, if there was one, before the engines begin; not called for a device that
 *	did not come back
 * @resume: the device is awake again, or lost or dead; also after an error later than @suspend's
 *
 * Called in the interrupt thread or a worker of nova-core, may sleep, one at a
 * time, only between nova_core_client_register() and the return of
 * nova_core_client_unregister(). They must not call nova_core_client_unregister()
 * or wait for the firmware (nova_core_chan_kill() and the like): queue work for that.
 * nova_core_chan_destroy(), nova_core_chan_destroy_all() and nova_core_client_unregister() wait for
 * a running callback, so no lock that a callback takes may be held around them. When @lost is
 * called, bus mastering is off already: the device can touch no memory.
 * The last four are called by power management, beside the others, and may wait for those. Who
 * registers or unregisters holds a reference by nova_core_power_get().
 */
struct nova_core_client_ops {
	void (*engine_event)(void *data, unsigned long engines);
	void (*chan_error)(void *data, const struct nova_core_chan_error *error);
	void (*fault)(void *data, const struct nova_core_fault *fault);
	void (*lost)(void *data);
	int (*suspend)(void *data, bool system)
		__must_hold_shared(nova_core_door);
	int (*save)(void *data)
		__must_hold_shared(nova_core_door);
	void (*restore)(void *data)
		__must_hold_shared(nova_core_door);
	void (*resume)(void *data)
		__must_hold_shared(nova_core_door);
};

int nova_core_client_register(struct nova_core *core,
			      const struct nova_core_client_ops *ops, void *data)
	__must_hold_shared(nova_core_door);
void nova_core_client_unregister(struct nova_core *core)
	__must_hold_shared(nova_core_door);

#endif /* _LINUX_NOVA_CORE_H_ */
