// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Questions about the device: parameters, queries, time. */
#include <linux/pci.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include <drm/drm_device.h>
#include <drm/drm_print.h>

#include <drm/nova_drm.h>

#include "regs/nv_host.h"
#include "regs/nv_mmu.h"

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_engine.h"
#include "nova_file.h"
#include "nova_query.h"
#include "nova_queue.h"
#include "nova_sched.h"
#include "nova_ttm.h"
#include "nova_uapi.h"
#include "nova_userq.h"
#include "nova_vm.h"

int nova_ioctl_getparam(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nova_device *ndev = to_nova_device(drm);
	struct drm_nova_getparam *args = data;
	u64 value;

	switch (lower_32_bits(args->param)) {
	case NOVA_GETPARAM_VRAM_BAR_SIZE:
		value = ndev->info.bar1_size;
		break;
	default:
		return -EINVAL;
	}

	if (!nova_bound_is_there(ndev))
		return -ENODEV;
	args->value = value;
	return 0;
}

/* Room for any answer. */
union nova_query_answer {
	struct drm_nova_query_device device;
	struct drm_nova_query_memory memory;
	struct drm_nova_query_engines engines;
	struct drm_nova_query_limits limits;
	struct drm_nova_query_priorities priorities;
};

static void nova_query_device(struct nova_bound *bound, union nova_query_answer *answer)
{
	const struct nova_core_info *info = &bound->ndev->info;
	struct device *dev = nova_core_dma_dev(bound->core);

	answer->device = (struct drm_nova_query_device){
		.chip_id = info->chip_id,
		.revision = info->revision,
		.generation = info->generation,
		.features = DRM_NOVA_FEATURE_ASYNC_BIND | DRM_NOVA_FEATURE_SPARSE |
			    DRM_NOVA_FEATURE_USERMODE_QUEUE | DRM_NOVA_FEATURE_USER_FENCE |
			    DRM_NOVA_FEATURE_RECOVERY | DRM_NOVA_FEATURE_MADVISE |
			    DRM_NOVA_FEATURE_IMPLICIT_SYNC | DRM_NOVA_FEATURE_USERPTR,
	};
	if (dev_is_pci(dev)) {
		struct pci_dev *pdev = to_pci_dev(dev);

		answer->device.pci_domain = pci_domain_nr(pdev->bus);
		answer->device.pci_bus = pdev->bus->number;
		answer->device.pci_device = PCI_SLOT(pdev->devfn);
		answer->device.pci_function = PCI_FUNC(pdev->devfn);
	}
}

static void nova_query_memory(struct nova_bound *bound, union nova_query_answer *answer)
{
	struct nova_ttm_usage vram = nova_ttm_vram_usage(bound->ndev);
	struct nova_ttm_usage system = nova_ttm_system_usage(bound->ndev);

	answer->memory = (struct drm_nova_query_memory){
		.count = 2,
		.regions = {
			{
				.placement = DRM_NOVA_PLACEMENT_VRAM,
				.total = vram.total,
				.used = vram.used,
			},
			{
				.placement = DRM_NOVA_PLACEMENT_SYSTEM,
				.total = system.total,
				.used = system.used,
			},
		},
	};
}

static void nova_query_engines(struct nova_bound *bound, union nova_query_answer *answer)
{
	const struct nova_core_info *info = &bound->ndev->info;
	struct drm_nova_query_engines *engines = &answer->engines;

	BUILD_BUG_ON(ARRAY_SIZE(engines->engines) < NOVA_CORE_ENGINES_MAX);

	for (u32 i = 0; i < info->engine_count; i++) {
		const struct nova_engine_kind *kind = nova_engine_kind(&info->engines[i]);

		if (!kind)
			continue;
		engines->engines[engines->count++] = (struct drm_nova_engine){
			.index = i,
			.type = kind->type,
			.instance = info->engines[i].instance,
			.host_class = info->host_class,
			.class_id = info->engines[i].class_id,
			.subchannel = kind->subchannel,
		};
	}
}

static void nova_query_limits(struct nova_bound *bound, union nova_query_answer *answer)
{
	struct nova_device *ndev = bound->ndev;

	answer->limits = (struct drm_nova_query_limits){
		.va_bits = NV_MMU_VA_BITS,
		.page_size = SZ_4K,
		.gem_size_max = nova_ttm_size_max(ndev),
		.va_push_end = NOVA_VM_USER_START + NOVA_VM_USER_SIZE,
		.push_bytes_max = NV_GP_ENTRY_MAX_DWORDS * 4,
		.bind_ops_max = NOVA_BIND_OPS_MAX,
		.exec_jobs_max = NOVA_EXEC_JOBS_MAX,
		.exec_pushes_max = NOVA_EXEC_PUSHES_MAX,
		.syncs_max = NOVA_SYNCS_MAX,
		.vms_max = NOVA_FILE_VMS_MAX,
		.queues_max = nova_file_queues_max(ndev),
		.ring_size_min = NOVA_RING_SIZE_MIN,
		.ring_size_max = ndev->info.gpfifo_entries_max,
		.job_timeout_ms = nova_sched_timeout_ms(),
		.queue_jobs_max = NOVA_QUEUE_JOBS_MAX,
		.page_tables_max = nova_file_tables_max(ndev),
		.file_gem_bytes_max = NOVA_FILE_BO_BYTES_MAX,
		.vm_binds_max = NOVA_VM_BINDS_MAX,
		.userq_vram_bytes_max = nova_userq_file_held_max(ndev),
	};
}

static void nova_query_priorities(struct nova_bound *bound, union nova_query_answer *answer)
{
	struct drm_nova_query_priorities *priorities = &answer->priorities;

	for (u32 priority = 0; priority <= DRM_NOVA_PRIORITY_HIGH; priority++) {
		priorities->known |= BIT(priority);
		if (nova_queue_priority_allowed(priority))
			priorities->allowed |= BIT(priority);
	}
}

static const struct {
	void (*fill)(struct nova_bound *bound, union nova_query_answer *answer);
	size_t size;
} nova_queries[] = {
	[DRM_NOVA_QUERY_DEVICE] = { nova_query_device, sizeof(struct drm_nova_query_device) },
	[DRM_NOVA_QUERY_MEMORY] = { nova_query_memory, sizeof(struct drm_nova_query_memory) },
	[DRM_NOVA_QUERY_ENGINES] = { nova_query_engines, sizeof(struct drm_nova_query_engines) },
	[DRM_NOVA_QUERY_LIMITS] = { nova_query_limits, sizeof(struct drm_nova_query_limits) },
	[DRM_NOVA_QUERY_PRIORITIES] = { nova_query_priorities,
					sizeof(struct drm_nova_query_priorities) },
};

int nova_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nova_dev_query *args = data;
	union nova_query_answer answer = {};
	struct nova_bound *bound;
	size_t size;
	int idx, ret;

	if (args->type >= ARRAY_SIZE(nova_queries) || !nova_queries[args->type].fill)
		return -EINVAL;
	size = nova_queries[args->type].size;

	bound = nova_bound_peek(to_nova_device(drm), &idx);
	if (!bound)
		return -ENODEV;
	nova_queries[args->type].fill(bound, &answer);
	nova_bound_unpeek(idx);

	if (args->pointer) {
		ret = copy_struct_to_user(u64_to_user_ptr(args->pointer), args->size, &answer,
					  size, NULL);
		if (ret)
			return ret;
	}
	args->size = size;
	return 0;
}

static int nova_query_clock(u32 clock_id, u64 (**clock)(void))
{
	switch (clock_id) {
	case CLOCK_MONOTONIC:
		*clock = ktime_get_ns;
		return 0;
	case CLOCK_MONOTONIC_RAW:
		*clock = ktime_get_raw_ns;
		return 0;
	case CLOCK_REALTIME:
		*clock = ktime_get_real_ns;
		return 0;
	case CLOCK_BOOTTIME:
		*clock = ktime_get_boottime_ns;
		return 0;
	default:
		return -EINVAL;
	}
}

int nova_ioctl_get_time(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nova_get_time *args = data;
	u64 (*clock)(void);
	u64 gpu_ns, cpu_ns, begin, end;
	struct nova_bound *bound;
	int idx, ret;

	if (args->flags || args->reserved)
		return -EINVAL;
	ret = nova_query_clock(args->clock_id, &clock);
	if (ret)
		return ret;

	bound = nova_bound_enter(to_nova_device(drm), &idx);
	if (!bound)
		return -ENODEV;
	/*
	 * The duration is measured by a clock that nobody sets, and around both
	 * reads: an upper bound of the error, whatever interrupts us.
	 */
	begin = ktime_get_raw_ns();
	cpu_ns = clock();
	ret = nova_core_time_ns(bound->core, &gpu_ns);
	end = ktime_get_raw_ns();
	nova_bound_exit(idx);
	if (ret)
		return ret;

	args->gpu_ns = gpu_ns;
	args->cpu_ns = cpu_ns;
	args->duration_ns = end - begin;
	return 0;
}
