// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <linux/slab.h>

#include <drm/drm_file.h>

#include "nova_device.h"
#include "nova_file.h"
#include "nova_queue.h"
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

int nova_file_open(struct drm_device *drm, struct drm_file *file)
{
	struct nova_file *nfile = kzalloc_obj(*nfile);

	if (!nfile)
		return -ENOMEM;
	nfile->ndev = to_nova_device(drm);
	xa_init_flags(&nfile->vms, XA_FLAGS_ALLOC1);
	xa_init_flags(&nfile->queues, XA_FLAGS_ALLOC1);
	file->driver_priv = nfile;
	return 0;
}

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
	kfree(nfile);
}
