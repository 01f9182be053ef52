// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What people look at when something is wrong: /sys/kernel/debug/dri/MINOR/.
 *
 *  gem		all buffers, with their labels
 *  vm		all address spaces, with their mappings and the pages these are in
 *  queues	all queues that have a channel
 *  rings	what is in their rings and not done
 *  firmware_log	the last commands to the firmware and its events
 *  audit	what exists only while the driver is bound, counted
 *  vram	how video memory is divided
 *
 * DRM's core takes the files away when the device is unregistered, and waits for who reads one. So
 * nothing here waits for anybody but with the same locks as ioctls. Buffers are named by numbers of
 * their own, and no kernel address is shown.
 */
#include <linux/seq_file.h>
#include <linux/string_helpers.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/ttm/ttm_resource.h>

#include <drm/nova_drm.h>

#include "regs/nv_host.h"

#include "nova_bound.h"
#include "nova_debugfs.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_gem.h"
#include "nova_queue.h"
#include "nova_vm.h"

static struct nova_device *nova_debugfs_device(struct seq_file *seq)
{
	struct drm_debugfs_entry *entry = seq->private;

	return to_nova_device(entry->dev);
}

/* --- gem --- */

static const char *nova_debugfs_placement(u32 placement)
{
	static const char *const names[] = { "nowhere", "vram", "system", "any" };

	return names[placement & (DRM_NOVA_PLACEMENT_VRAM | DRM_NOVA_PLACEMENT_SYSTEM)];
}

static void nova_debugfs_show_bo(struct seq_file *seq, struct nova_bo *bo)
{
	struct drm_gem_object *obj = &bo->tbo.base;
	/* data_race: a number for people */
	unsigned int handles = data_race(obj->handle_count);

	seq_printf(seq, "bo %llu: size %zu, placement %s, resident %s, handles %u%s%s%s",
		   bo->meta.id, obj->size, nova_debugfs_placement(bo->placement),
		   nova_debugfs_placement(READ_ONCE(bo->resident)), handles,
		   nova_bo_is_private(bo) ? ", private" : "",
		   drm_gem_is_imported(obj) ? ", imported" : "",
		   READ_ONCE(bo->madvise.dontneed) ? ", not needed" : "");
	if (bo->meta.label) {
		seq_puts(seq, ", label \"");
		seq_escape_mem(seq, bo->meta.label, strlen(bo->meta.label),
			       ESCAPE_SPACE | ESCAPE_SPECIAL | ESCAPE_NP | ESCAPE_OCTAL |
			       ESCAPE_APPEND, "\"\\");
		seq_putc(seq, '"');
	}
	seq_putc(seq, '\n');
}

static int nova_debugfs_gem(struct seq_file *seq, void *unused)
{
	struct nova_device *ndev = nova_debugfs_device(seq);
	struct nova_bo *bo;

	/* Nothing is allocated in here, as the lock demands: @seq has its buffer. */
	guard(mutex)(&ndev->gem.lock);
	list_for_each_entry(bo, &ndev->gem.list, meta.link)
		nova_debugfs_show_bo(seq, bo);
	return 0;
}

/* --- vm --- */

/* An address space, and who has it. */
struct nova_debugfs_vm {
	struct nova_vm *vm;
	u64 client_id;
	unsigned long id;
};

/* The @n-th of all address spaces that have an id, with a reference; false when there is none. */
static bool nova_debugfs_get_vm(struct nova_device *ndev, unsigned int n,
				struct nova_debugfs_vm *found)
{
	struct drm_file *file;

	guard(mutex)(&ndev->drm.filelist_mutex);
	list_for_each_entry(file, &ndev->drm.filelist, lhead) {
		struct nova_file *nfile = file->driver_priv;
		struct nova_vm *vm;
		unsigned long id;

		xa_lock(&nfile->vms);
		xa_for_each(&nfile->vms, id, vm) {
			if (n--)
				continue;
			kref_get(&vm->ref);
			xa_unlock(&nfile->vms);
			*found = (struct nova_debugfs_vm){ vm, file->client_id, id };
			return true;
		}
		xa_unlock(&nfile->vms);
	}
	return false;
}

/* Of the moment: a bind that waits for fences has not written them yet. */
static void nova_debugfs_show_pages(struct seq_file *seq, struct drm_gpuva *va)
{
	struct nova_pt_pages pages = nova_pt_count_pages(&to_nova_vm(va->vm)->pt, va->va.addr,
							 va->va.range);

	seq_printf(seq, ", pages 4K %llu 64K %llu 2M %llu", pages.bytes_4k / SZ_4K,
		   pages.bytes_64k / SZ_64K, pages.bytes_2m / SZ_2M);
}

static void nova_debugfs_show_va(struct seq_file *seq, struct drm_gpuva *va)
{
	struct drm_gem_object *obj = va->gem.obj;
	/* data_race: it changes under the buffer's reservation, which may be held for long */
	bool evicted = obj && data_race(va->vm_bo->evicted);

	seq_printf(seq, "  %#llx-%#llx%s", va->va.addr, va->va.addr + va->va.range,
		   to_nova_vma(va)->readonly ? " ro" : " rw");
	if (obj) {
		seq_printf(seq, " bo %llu + %#llx, size %zu%s", to_nova_bo(obj)->meta.id,
			   va->gem.offset, obj->size,
			   evicted ? ", evicted" : "");
		nova_debugfs_show_pages(seq, va);
	} else if (to_nova_vma(va)->userptr) {
		seq_printf(seq, " process + %#llx", va->gem.offset);
		nova_debugfs_show_pages(seq, va);
	}
	seq_putc(seq, '\n');
}

static int nova_debugfs_show_vm(struct seq_file *seq, const struct nova_debugfs_vm *found)
{
	struct drm_gpuva *va;
	int ret;

	/* Who has it may be waiting for the GPU. */
	ret = mutex_lock_interruptible(&found->vm->lock);
	if (ret)
		return ret;
	seq_printf(seq, "client %llu vm %lu:\n", found->client_id, found->id);
	drm_gpuvm_for_each_va(va, &found->vm->gpuvm)
		nova_debugfs_show_va(seq, va);
	mutex_unlock(&found->vm->lock);
	return 0;
}

/* Address spaces come and go between two of them; each is shown as it is at one time. */
static int nova_debugfs_vm(struct seq_file *seq, void *unused)
{
	struct nova_device *ndev = nova_debugfs_device(seq);
	struct nova_debugfs_vm found;
	int ret = 0;

	for (unsigned int n = 0; !ret && nova_debugfs_get_vm(ndev, n, &found); n++) {
		ret = nova_debugfs_show_vm(seq, &found);
		nova_vm_put(found.vm);
	}
	return ret;
}

/* --- queues and rings --- */

/* Entries of a ring that are shown. */
#define NOVA_DEBUGFS_ENTRIES	32

static void nova_debugfs_show_entry(struct seq_file *seq, u32 index, u64 raw)
{
	struct nova_queue_entry entry = nova_queue_entry_decode(raw);

	if (entry.length)
		seq_printf(seq, "  [%u] %#llx, %u bytes%s\n", index, entry.va, entry.length,
			   entry.sync ? ", sync" : "");
	else
		seq_printf(seq, "  [%u] opcode %u\n", index, entry.opcode);
}

static void nova_debugfs_show_ring(struct seq_file *seq, struct nova_queue *queue)
{
	struct nova_queue_memory memory;
	u32 get, put, count;

	nova_queue_memory(queue, &memory);
	get = nova_queue_memory_index(&memory, NV_USERD_GP_GET);
	put = nova_queue_memory_index(&memory, NV_USERD_GP_PUT);
	count = (put - get) & memory.mask;
	seq_printf(seq, "client %llu queue %u: %sget %u, put %u of %u\n", queue->client_id,
		   queue->id, queue->userq ? "user-mode, " : "", get, put, queue->ring_size);
	for (u32 i = 0; i < min(count, NOVA_DEBUGFS_ENTRIES); i++)
		nova_debugfs_show_entry(seq, (get + i) & memory.mask,
					nova_queue_memory_entry(&memory, get + i));
	if (count > NOVA_DEBUGFS_ENTRIES)
		seq_printf(seq, "  and %u more\n", count - NOVA_DEBUGFS_ENTRIES);
}

static int nova_debugfs_rings(struct seq_file *seq, void *unused)
{
	struct nova_device *ndev = nova_debugfs_device(seq);
	struct nova_queue *queue;

	/* On the list the channel and its memory exist, which is all that is looked at. */
	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry(queue, &ndev->queues.list, link)
		nova_debugfs_show_ring(seq, queue);
	return 0;
}

/* A user-mode queue has no jobs, no fences, and no PUT that the driver knows of. */
static void nova_debugfs_show_progress(struct seq_file *seq, struct nova_queue *queue)
{
	struct nova_queue_memory memory;
	u32 get;

	nova_queue_memory(queue, &memory);
	get = nova_queue_memory_index(&memory, NV_USERD_GP_GET);
	if (queue->userq) {
		seq_printf(seq, "user-mode, get %u, put %u of %u, ", get,
			   nova_queue_memory_index(&memory, NV_USERD_GP_PUT), queue->ring_size);
		return;
	}
	guard(spinlock)(&queue->ring.lock);
	seq_printf(seq, "get %u, put %u of %u, last job %llu, pending %llu, ", get,
		   queue->hw.put, queue->ring_size, queue->hw.seqno,
		   nova_timeline_pending(&queue->timeline));
}

static void nova_debugfs_show_queue(struct seq_file *seq, struct nova_queue *queue)
{
	guard(mutex)(&queue->lock);
	seq_printf(seq, "client %llu queue %u: channel %u, engine %u, priority %u, ",
		   queue->client_id, queue->id, nova_core_chan_id(queue->hw.chan), queue->engine,
		   queue->priority);
	nova_debugfs_show_progress(seq, queue);
	if (queue->dead)
		seq_printf(seq, "dead (%pe), flags %#x, error %u, resets %u\n",
			   ERR_PTR(queue->dead), queue->state.flags, queue->state.error,
			   queue->state.resets);
	else
		seq_puts(seq, "alive\n");
}

static int nova_debugfs_queues(struct seq_file *seq, void *unused)
{
	struct nova_device *ndev = nova_debugfs_device(seq);
	struct nova_queue *queue;

	/* On the list the channel exists. */
	guard(mutex)(&ndev->queues.lock);
	list_for_each_entry(queue, &ndev->queues.list, link)
		nova_debugfs_show_queue(seq, queue);
	return 0;
}

/* --- what nova-core has to tell --- */

static int nova_debugfs_firmware_log(struct seq_file *seq, void *unused)
{
	struct nova_bound *bound;
	int idx;

	bound = nova_bound_peek(nova_debugfs_device(seq), &idx);
	if (!bound)
		return -ENODEV;
	nova_core_fw_show(bound->core, seq);
	nova_bound_unpeek(idx);
	return 0;
}

static int nova_debugfs_audit(struct seq_file *seq, void *unused)
{
	struct nova_bound *bound;
	int idx;

	bound = nova_bound_peek(nova_debugfs_device(seq), &idx);
	if (!bound)
		return -ENODEV;
	nova_core_audit_show(bound->core, seq);
	nova_bound_unpeek(idx);
	return 0;
}

static const struct drm_debugfs_info nova_debugfs_files[] = {
	{ .name = "gem", .show = nova_debugfs_gem },
	{ .name = "vm", .show = nova_debugfs_vm },
	{ .name = "queues", .show = nova_debugfs_queues },
	{ .name = "rings", .show = nova_debugfs_rings },
	{ .name = "firmware_log", .show = nova_debugfs_firmware_log },
	{ .name = "audit", .show = nova_debugfs_audit },
};

/**
 * nova_debugfs_init() - make the files
 * @minor: of the device that is being registered; called once, for the primary one
 */
void nova_debugfs_init(struct drm_minor *minor)
{
	struct nova_device *ndev = to_nova_device(minor->dev);

	drm_debugfs_add_files(minor->dev, nova_debugfs_files, ARRAY_SIZE(nova_debugfs_files));
	ttm_resource_manager_create_debugfs(&ndev->vram.manager, minor->debugfs_root, "vram");
}
