/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_UAPI_H_
#define _NOVA_UAPI_H_

#include <linux/nova_core_door.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct drm_nova_array;

/* Bounds of the interface, reported by DRM_NOVA_QUERY_LIMITS. */
#define NOVA_GEM_SIZE_MAX	SZ_64G
#define NOVA_BIND_OPS_MAX	1024
#define NOVA_VM_BINDS_MAX	1024
#define NOVA_EXEC_JOBS_MAX	64
#define NOVA_EXEC_PUSHES_MAX	256
#define NOVA_SYNCS_MAX		64
#define NOVA_QUEUE_JOBS_MAX	4096
#define NOVA_RING_SIZE_MIN	16
#define NOVA_RING_SIZE_DEFAULT	512
#define NOVA_RING_SIZE_MAX	32768	/* and what the device says */

int nova_uapi_array_check(const struct drm_nova_array *array, size_t min_size, u32 count_max);
int nova_uapi_array_write(const struct drm_nova_array *array, const void *from, size_t elem_size,
			  u32 count)
	__must_not_hold(nova_core_door);
int nova_uapi_array_read(const struct drm_nova_array *array, void *to, size_t elem_size)
	__must_not_hold(nova_core_door);
void *nova_uapi_array(const struct drm_nova_array *array, size_t min_size,
		      size_t elem_size, u32 count_max)
	__must_not_hold(nova_core_door);

#endif /* _NOVA_UAPI_H_ */
