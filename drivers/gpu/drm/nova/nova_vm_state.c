// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * VM_GET_STATE: what has become of an address space.
 *
 * The faults of its queues are kept with it, so no client sees another's.
 */
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#include <drm/drm_file.h>

#include "nova_bound.h"
#include "nova_device.h"
#include "nova_reset.h"
#include "nova_uapi.h"
#include "nova_vm.h"
#include "nova_vm_state.h"

/**
 * nova_vm_faults_init() - no fault yet
 * @faults: the faults
 * @resets: nova_reset_count()
 */
void nova_vm_faults_init(struct nova_vm_faults *faults, u32 resets)
{
	guard(spinlock_init)(&faults->lock);
	faults->count = 0;
	faults->resets = resets;
}
EXPORT_SYMBOL_IF_KUNIT(nova_vm_faults_init);

/**
 * nova_vm_faults_add() - keep a fault, in the place of the oldest
 * @faults: the faults
 * @fault: the new one
 *
 * Context: the interrupt thread.
 */
void nova_vm_faults_add(struct nova_vm_faults *faults, const struct drm_nova_vm_fault *fault)
{
	guard(spinlock)(&faults->lock);
	faults->last[faults->count++ % NOVA_VM_FAULTS_KEPT] = *fault;
}
EXPORT_SYMBOL_IF_KUNIT(nova_vm_faults_add);

/**
 * nova_vm_faults_copy() - the newest faults, in the order in which they happened
 * @faults: the faults
 * @to: room for %NOVA_VM_FAULTS_KEPT
 * @room: how many are wanted at most
 * @total: out, how many there ever were
 *
 * Return: how many were copied.
 */
u32 nova_vm_faults_copy(struct nova_vm_faults *faults, struct drm_nova_vm_fault *to, u32 room,
			u32 *total)
{
	u32 count;

	guard(spinlock)(&faults->lock);
	count = min3(faults->count, room, NOVA_VM_FAULTS_KEPT);
	for (u32 i = 0; i < count; i++)
		to[i] = faults->last[(faults->count - count + i) % NOVA_VM_FAULTS_KEPT];
	*total = faults->count;
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(nova_vm_faults_copy);

int nova_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nova_vm_fault faults[NOVA_VM_FAULTS_KEPT];
	struct nova_device *ndev = to_nova_device(drm);
	struct drm_nova_vm_get_state *args = data;
	u32 count, total, resets, state;
	struct nova_vm *vm;
	int ret;

	ret = nova_uapi_array_check(&args->faults, sizeof(*faults), NOVA_VM_FAULTS_ROOM_MAX);
	if (ret)
		return ret;
	vm = nova_vm_lookup(file->driver_priv, args->vm_id);
	if (!vm)
		return -ENOENT;
	count = nova_vm_faults_copy(&vm->faults, faults, args->faults.count, &total);
	resets = nova_reset_count(ndev) - vm->faults.resets;
	nova_vm_put(vm);

	if (!nova_bound_is_there(ndev))
		return -ENODEV;
	state = nova_reset_wedged(ndev) ? 0 : DRM_NOVA_VM_STATE_USABLE;

	ret = nova_uapi_array_write(&args->faults, faults, sizeof(*faults), count);
	if (ret)
		return ret;
	args->state = state;
	args->reset_count = resets;
	args->fault_count = total;
	args->faults.count = count;
	return 0;
}
