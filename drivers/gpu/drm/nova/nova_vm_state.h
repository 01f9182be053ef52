/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_VM_STATE_H_
#define _NOVA_VM_STATE_H_

#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/nova_drm.h>

struct drm_device;
struct drm_file;

#define NOVA_VM_FAULTS_KEPT	16
#define NOVA_VM_FAULTS_ROOM_MAX	4096	/* elements that a client may offer */

/**
 * struct nova_vm_faults - the last faults of an address space, and what it has lived through
 */
struct nova_vm_faults {
	/** @lock: guards @count and @last */
	spinlock_t lock;
	/** @count: faults there were; number n is at n modulo %NOVA_VM_FAULTS_KEPT */
	u32 count __guarded_by(&lock);
	/** @last: the last ones */
	struct drm_nova_vm_fault last[NOVA_VM_FAULTS_KEPT] __guarded_by(&lock);
	/** @resets: recoveries of the device before the address space was made; constant */
	u32 resets;
};

void nova_vm_faults_init(struct nova_vm_faults *faults, u32 resets);
void nova_vm_faults_add(struct nova_vm_faults *faults, const struct drm_nova_vm_fault *fault);
u32 nova_vm_faults_copy(struct nova_vm_faults *faults, struct drm_nova_vm_fault *to, u32 room,
			u32 *total);

int nova_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _NOVA_VM_STATE_H_ */
