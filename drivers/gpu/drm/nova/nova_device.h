/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_DEVICE_H_
#define _NOVA_DEVICE_H_

#include <linux/atomic.h>
#include <linux/idr.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <drm/drm_device.h>
#include <drm/drm_mm.h>
#include <drm/ttm/ttm_device.h>

#include <linux/nova_core.h>

struct device;
struct drm_driver;
struct nova_bound;
struct nova_mover;

/**
 * struct nova_device - the DRM device, all that open files can reach
 *
 * Lives from probe to the last drm_dev_put(), which may be long after remove().
 * It is plain memory: it reaches the hardware only through @bound, and @bound
 * only through the door (nova_bound_enter()) or where remove() cannot have got past
 * (nova_bound_pin()).
 */
struct nova_device {
	/** @drm: base */
	struct drm_device drm;
	/** @bound: see nova_bound.h */
	struct nova_bound *bound __guarded_by(nova_core_door);
	/** @info: a copy of what nova-core said at probe, constant */
	struct nova_core_info info;
	/** @ttm: memory manager, see nova_ttm.c */
	struct ttm_device ttm;
	/** @vram: video memory, see nova_vram.c */
	struct {
		struct ttm_resource_manager manager;
		/** @vram.mm: by video-memory offset */
		struct drm_mm mm;
		/** @vram.lock: guards @vram.mm */
		struct mutex lock;
	} vram;
	/** @mover: clears and copies video memory, see nova_mover.c */
	struct nova_mover *mover;
	/** @tables: memory of page tables, carved out of video memory, see nova_pt.c */
	struct {
		/** @tables.used: a bit per table */
		unsigned long *used;
		/** @tables.count: how many there can be, constant */
		unsigned int count;
		/** @tables.lock: guards @tables.used */
		spinlock_t lock;
	} tables;
	/** @charged_ns: per engine, see nova_meter_charge() */
	atomic64_t charged_ns[NOVA_CORE_ENGINES_MAX];
	/** @gem: all buffers, see nova_meta.c */
	struct {
		/** @gem.lock: guards the list and the labels; nothing is allocated under it */
		struct mutex lock;
		struct list_head list __guarded_by(&lock);
		/** @gem.last_id: of the newest buffer */
		u64 last_id __guarded_by(&lock);
	} gem;
	/** @space: held while buffers are made resident, see nova_space.c */
	struct rw_semaphore space;
	/** @purgeable: pages that nova_shrink.c may free */
	atomic_long_t purgeable;
	/** @queues: queues with a channel, see nova_queue_hw.c */
	struct {
		/** @queues.lock: guards the list; on the list means @bound is valid */
		struct mutex lock;
		struct list_head list __guarded_by(&lock);
		/** @queues.binds: queues of asynchronous binds, see nova_bind_queue.c */
		struct list_head binds __guarded_by(&lock);
		/** @queues.closed: remove() has begun, no queue may join */
		bool closed __guarded_by(&lock);
		/** @queues.gone: the device has no channel and no translation any more */
		bool gone __guarded_by(&lock);
	} queues;
	/** @leaving: remove() has begun, no ioctl begins; never reset */
	bool leaving;
	/** @reset: what became of the device, see nova_reset.c; written by its work only */
	struct {
		/** @reset.count: recoveries since probe */
		u32 count;
		/** @reset.maps: who maps video memory for a CPU holds it for reading */
		struct rw_semaphore maps;
		/** @reset.wedged: of no use until it is bound anew; set under @reset.maps */
		bool wedged;
	} reset;
	/** @pm: sleep, see nova_pm.c */
	struct {
		/** @pm.holds: what needs the device awake, and is not inside the door */
		atomic_t holds;
		/** @pm.asleep: nobody may come near the device; changed by its callbacks only */
		bool asleep;
		/** @pm.away: nothing is written to video memory, of which there is an image */
		bool away;
		/** @pm.parked: schedulers are stopped; written under @queues.lock */
		bool parked;
		/** @pm.wait: who sleeps until @pm.asleep is false */
		wait_queue_head_t wait;
		/** @pm.image: what is in video memory, while the machine sleeps */
		struct list_head image;
	} pm;
	/** @userqs: user-mode queues, see nova_userq.c */
	struct {
		/** @userqs.ids: which mmap offsets are in use */
		struct ida ids;
		/** @userqs.held: bytes of buffers that must stay in video memory for them */
		atomic64_t held;
	} userqs;
	/** @user_fences: waits for memory, see nova_user_fence.c */
	struct {
		/** @user_fences.wait: who sleeps */
		wait_queue_head_t wait;
		/** @user_fences.events: counts what they look at memory for */
		atomic_t events;
	} user_fences;
	/** @userptrs: memory of processes, see nova_userptr.c */
	struct {
		/** @userptrs.lock: guards the list; on the list means @bound is valid */
		struct mutex lock;
		struct list_head list __guarded_by(&lock);
		/** @userptrs.leaving: held by who takes one off; exclusively by remove() */
		struct rw_semaphore leaving;
	} userptrs;
	/** @mappings: DMA mappings of buffers, see nova_dma.c */
	struct {
		/** @mappings.lock: guards the list; on the list means @bound is valid */
		struct mutex lock;
		struct list_head list __guarded_by(&lock);
	} mappings;
};

#define to_nova_device(drm_) container_of_const(drm_, struct nova_device, drm)

struct nova_device *nova_device_create(struct device *parent, const struct drm_driver *driver,
				       struct nova_core *core);
u64 nova_device_tables_start(const struct nova_device *ndev);

#endif /* _NOVA_DEVICE_H_ */
