// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What clients use, as told by fdinfo in the format of the kernel's
 * Documentation/gpu/drm-usage-stats.rst: time of the engines, and memory by region.
 */
#include <kunit/visibility.h>
#include <linux/dma-resv.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>

#include <drm/nova_drm.h>

#include "regs/nv_timer.h"

#include "nova_device.h"
#include "nova_engine.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_stats.h"

/**
 * nova_stats_create() - statistics of a new file
 *
 * Return: zeroes with one reference, or NULL without memory.
 */
struct nova_stats *nova_stats_create(void)
{
	struct nova_stats *stats = kzalloc_obj(*stats, GFP_KERNEL_ACCOUNT);

	if (stats)
		kref_init(&stats->ref);
	return stats;
}
EXPORT_SYMBOL_IF_KUNIT(nova_stats_create);

static void nova_stats_release(struct kref *ref)
{
	kfree(container_of(ref, struct nova_stats, ref));
}

/**
 * nova_stats_put() - drop a reference
 * @stats: the statistics
 */
void nova_stats_put(struct nova_stats *stats)
{
	kref_put(&stats->ref, nova_stats_release);
}
EXPORT_SYMBOL_IF_KUNIT(nova_stats_put);

/**
 * nova_meter_init() - charge a queue's jobs to a file
 * @meter: the queue's meter
 * @ndev: the device
 * @engine: the queue's engine
 * @stats: of the file; the meter takes a reference of its own
 */
void nova_meter_init(struct nova_meter *meter, struct nova_device *ndev, u32 engine,
		     struct nova_stats *stats)
{
	kref_get(&stats->ref);
	meter->stats = stats;
	meter->charged_ns = &ndev->charged_ns[engine];
	meter->engine = engine;
}
EXPORT_SYMBOL_IF_KUNIT(nova_meter_init);

/**
 * nova_meter_fini() - nothing is going to be charged any more
 * @meter: a meter, or zeroes
 */
void nova_meter_fini(struct nova_meter *meter)
{
	if (meter->stats)
		nova_stats_put(meter->stats);
}
EXPORT_SYMBOL_IF_KUNIT(nova_meter_fini);

/**
 * nova_meter_charge() - a job has left the engine
 * @meter: the meter, or zeroes
 * @begin_ns: when it was given to the engine; 0: it never was
 * @end_ns: when it ended
 *
 * It has had the engine since it was given to it or since the last job that ended before,
 * whosever that was, whichever is later. So no time is charged twice, and all files together are
 * not charged more time than has passed. Jobs of several queues that took turns are charged in the
 * order in which they ended.
 */
void nova_meter_charge(const struct nova_meter *meter, u64 begin_ns, u64 end_ns)
{
	s64 charged;

	if (!meter->stats || !begin_ns)
		return;
	charged = atomic64_read(meter->charged_ns);
	do {
		if ((s64)end_ns <= charged)
			return;
	} while (!atomic64_try_cmpxchg(meter->charged_ns, &charged, end_ns));
	atomic64_add(end_ns - max_t(s64, begin_ns, charged), &meter->stats->busy_ns[meter->engine]);
}
EXPORT_SYMBOL_IF_KUNIT(nova_meter_charge);

/* --- fdinfo --- */

/* The core does it for devices that are on a PCI bus themselves; ours is a child of one. */
static void nova_stats_show_device(struct drm_printer *printer, struct nova_device *ndev)
{
	struct device *dev = drm_dev_dma_dev(&ndev->drm);

	if (dev_is_pci(dev))
		drm_printf(printer, "drm-pdev:\t%s\n", pci_name(to_pci_dev(dev)));
}

/*
 * The engines count no cycles. Those of the GPU's timer are told, its only clock that software
 * knows: the busy time, and the time that has passed when it was read, in its unit. Both are the
 * kernel's time, which runs on while the device sleeps and does not ask it.
 */
static void nova_stats_show_engine(struct drm_printer *printer, const char *kind, u32 instance,
				   u64 busy_ns)
{
	u64 now_ns = ktime_get_ns();

	drm_printf(printer, "drm-engine-%s%u:\t%llu ns\n", kind, instance, busy_ns);
	drm_printf(printer, "drm-cycles-%s%u:\t%llu\n", kind, instance,
		   busy_ns / NV_PTIMER_RESOLUTION_NS);
	drm_printf(printer, "drm-total-cycles-%s%u:\t%llu\n", kind, instance,
		   now_ns / NV_PTIMER_RESOLUTION_NS);
}

static void nova_stats_show_engines(struct drm_printer *printer, struct nova_device *ndev,
				    struct nova_stats *stats)
{
	const struct nova_core_info *info = &ndev->info;

	for (u32 i = 0; i < info->engine_count; i++) {
		const struct nova_engine_kind *kind = nova_engine_kind(&info->engines[i]);

		if (!kind)
			continue;
		nova_stats_show_engine(printer, kind->name, info->engines[i].instance,
				       atomic64_read(&stats->busy_ns[i]));
	}
}

struct nova_stats_memory {
	struct drm_memory_stats vram;
	struct drm_memory_stats system;
};

/*
 * What a buffer counts for: its size where it prefers to be, and again where it is. Read without
 * its reservation, which may be held for long: one that moves just now counts as before or after.
 */
static void nova_stats_add_bo(struct nova_stats_memory *memory, struct nova_bo *bo)
{
	struct drm_gem_object *obj = &bo->tbo.base;
	struct drm_memory_stats *stats = &memory->system;
	u32 resident = READ_ONCE(bo->resident);

	if (bo->placement & DRM_NOVA_PLACEMENT_VRAM)
		stats = &memory->vram;
	if (drm_gem_object_is_shared_for_memory_stats(obj))
		stats->shared += obj->size;
	else
		stats->private += obj->size;

	if (!resident)
		return;
	stats = resident & DRM_NOVA_PLACEMENT_VRAM ? &memory->vram : &memory->system;
	stats->resident += obj->size;
	if (!dma_resv_test_signaled(obj->resv, DMA_RESV_USAGE_BOOKKEEP))
		stats->active += obj->size;
	else if (READ_ONCE(bo->madvise.dontneed))
		stats->purgeable += obj->size;
}

static void nova_stats_show_memory(struct drm_printer *printer, struct drm_file *file)
{
	const enum drm_gem_object_status told = DRM_GEM_OBJECT_RESIDENT | DRM_GEM_OBJECT_ACTIVE |
						DRM_GEM_OBJECT_PURGEABLE;
	struct nova_stats_memory memory = {};
	struct drm_gem_object *obj;
	int id;

	scoped_guard(spinlock, &file->table_lock) {
		idr_for_each_entry(&file->object_idr, obj, id)
			nova_stats_add_bo(&memory, to_nova_bo(obj));
	}
	drm_print_memory_stats(printer, &memory.vram, told, "vram");
	drm_print_memory_stats(printer, &memory.system, told, "system");
}

/**
 * nova_stats_show_fdinfo() - what /proc/PID/fdinfo says of a file of ours
 * @printer: where to
 * @file: the file
 *
 * DRM's core calls it while there is a device; afterwards fdinfo has its general lines only.
 */
void nova_stats_show_fdinfo(struct drm_printer *printer, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;

	nova_stats_show_device(printer, nfile->ndev);
	nova_stats_show_engines(printer, nfile->ndev, nfile->stats);
	nova_stats_show_memory(printer, file);
}
