// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/visibility.h>
#include <linux/slab.h>

#include <drm/drm_file.h>

#include "nova_account.h"
#include "nova_device.h"
#include "nova_file.h"
#include "nova_pt.h"
#include "nova_queue.h"
#include "nova_stats.h"
#include "nova_userq.h"
#include "nova_vm.h"

/**
 * nova_file_take() - take an object away from its id
 * @xa: ids of objects
 * @id: the id
 *
 * Leaves ids alone that are reserved for objects still being made.
 *
 * Return: the object with the reference the id held, or NULL.
 */
void *nova_file_take(struct xarray *xa, u32 id)
{
	void *object;

	xa_lock(xa);
	object = xa_load(xa, id);
	if (object)
		__xa_erase(xa, id);
	xa_unlock(xa);
	return object;
}

/**
 * nova_file_queues_max() - how many queues a file can have
 * @ndev: the device
 *
 * Return: the limit.
 */
u32 nova_file_queues_max(const struct nova_device *ndev)
{
	return clamp(ndev->info.channels / 4, 1u, NOVA_FILE_QUEUES_MAX);
}

/**
 * nova_file_tables_max() - how many page tables a file's address spaces can have together
 * @ndev: the device
 *
 * Return: the limit.
 */
u32 nova_file_tables_max(const struct nova_device *ndev)
{
	return nova_pt_tables_count(ndev) / NOVA_FILE_TABLES_SHARE;
}

int nova_file_open(struct drm_device *drm, struct drm_file *file)
{
	struct nova_device *ndev = to_nova_device(drm);
	const u64 max[NOVA_ACCOUNT_KINDS] = {
		[NOVA_ACCOUNT_BO_BYTES] = NOVA_FILE_BO_BYTES_MAX,
		[NOVA_ACCOUNT_TABLES] = nova_file_tables_max(ndev),
		[NOVA_ACCOUNT_HELD_BYTES] = nova_userq_file_held_max(ndev),
	};
	struct nova_file *nfile = kzalloc_obj(*nfile, GFP_KERNEL_ACCOUNT);

	if (!nfile)
		return -ENOMEM;
	nfile->account = nova_account_create(max);
	if (!nfile->account)
		goto err_free;
	nfile->stats = nova_stats_create();
	if (!nfile->stats)
		goto err_account;
	nfile->ndev = ndev;
	xa_init_flags(&nfile->vms, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	xa_init_flags(&nfile->queues, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	file->driver_priv = nfile;
	return 0;

err_account:
	nova_account_put(nfile->account);
err_free:
	kfree(nfile);
	return -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(nova_file_open);

void nova_file_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct nova_file *nfile = file->driver_priv;
	struct nova_queue *queue;
	struct nova_vm *vm;
	unsigned long id;

	xa_for_each(&nfile->queues, id, queue)
		nova_queue_put(queue);
	xa_destroy(&nfile->queues);
	xa_for_each(&nfile->vms, id, vm)
		nova_vm_put(vm);
	xa_destroy(&nfile->vms);
	nova_stats_put(nfile->stats);
	nova_account_put(nfile->account);
	kfree(nfile);
}
EXPORT_SYMBOL_IF_KUNIT(nova_file_postclose);
