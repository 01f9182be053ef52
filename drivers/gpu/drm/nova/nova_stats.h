/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_STATS_H_
#define _NOVA_STATS_H_

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/types.h>

#include <linux/nova_core.h>

struct drm_file;
struct drm_printer;
struct nova_device;

/**
 * struct nova_stats - what one file has had of the engines
 *
 * Referenced by the file and by each of its queues. Only ever grows.
 */
struct nova_stats {
	/** @ref: reference count */
	struct kref ref;
	/** @busy_ns: time that each engine spent on the file's jobs */
	atomic64_t busy_ns[NOVA_CORE_ENGINES_MAX];
};

/**
 * struct nova_meter - charges the time of one engine to one file
 *
 * Constant while the queue it is part of has jobs. Needs no lock.
 */
struct nova_meter {
	/** @stats: whom to charge, a reference is held; NULL: nobody */
	struct nova_stats *stats;
	/** @charged_ns: the engine's time up to here is charged, to whomever */
	atomic64_t *charged_ns;
	/** @engine: engine index */
	u32 engine;
};

struct nova_stats *nova_stats_create(void);
void nova_stats_put(struct nova_stats *stats);

void nova_meter_init(struct nova_meter *meter, struct nova_device *ndev, u32 engine,
		     struct nova_stats *stats);
void nova_meter_fini(struct nova_meter *meter);
void nova_meter_charge(const struct nova_meter *meter, u64 begin_ns, u64 end_ns);

void nova_stats_show_fdinfo(struct drm_printer *printer, struct drm_file *file);

#endif /* _NOVA_STATS_H_ */
