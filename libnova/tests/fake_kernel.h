/* SPDX-License-Identifier: MIT */
/*
 * A kernel for libnova's tests: takes the place of src/kernel.c. It has handle
 * tables, remembers the last arguments and fails on demand. Its DRM file is a memfd, so
 * maps are real; dma-bufs, sync objects and sync files are duplicates of it.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <drm.h>

#include "nova.h"
#include "nova_drm.h"

#define FAKE_HANDLES	64
#define FAKE_ARRAY	16
#define FAKE_FENCES	2	/* in a sync file */
/* What a user-mode queue is mapped at, by default, and its token. */
#define FAKE_USERQ_OFFSET	((FAKE_HANDLES - 1ull) << 20)
#define FAKE_USERQ_TOKEN	0x10007u
#define FAKE_MMAP	(~0ul)	/* for an mmap(), where requests of ioctls are counted or told */
#define FAKE_VA_START	0x10000ull
#define FAKE_VA_SIZE	(1ull << 30)

/* Objects by kind; the handle is the index plus a base that differs by kind, so mixing them up shows. */
enum fake_kind { FAKE_GEM, FAKE_VM, FAKE_QUEUE, FAKE_SYNCOBJ, FAKE_KINDS };

struct fake_kernel {
	int fd;					/* what the tests open */
	const char *driver;			/* name DRM_IOCTL_VERSION tells */
	bool live[FAKE_KINDS][FAKE_HANDLES];
	uint32_t wrong_destroys;		/* of objects that do not exist */
	uint32_t calls;
	uint32_t fail_call;			/* this one fails, counted from 1; 0: none */
	uint32_t gone_from;			/* from this call on the device is gone; 0: never */
	unsigned long last_failed;		/* request of the last call that failed on demand */
	unsigned long fail_request;		/* all of these fail; 0: none */
	int fail_error;				/* positive errno */
	uint32_t foreign_handle;		/* what a strange dma-buf is imported as, 0: a new one */
	uint64_t completed;			/* what each timeline has reached */
	bool vm_wedged;				/* VMs are of no use */
	uint32_t vm_faults;			/* how many a VM is said to have kept, 0: two */
	uint64_t userq_offset;			/* what a user-mode queue is mapped at */
	int sync_status;			/* what a sync file tells */

	/* Last arguments, as they came in. */
	struct drm_nova_gem_create gem_create;
	struct drm_nova_gem_set_meta set_meta;
	char label[64];
	struct drm_nova_vm_create vm_create;
	struct drm_nova_vm_bind bind;
	struct drm_nova_vm_bind_op ops[FAKE_ARRAY];
	struct drm_nova_queue_create queue_create;
	struct drm_nova_exec exec;
	struct drm_nova_job jobs[FAKE_ARRAY];
	struct drm_nova_push pushes[FAKE_ARRAY];	/* of all jobs, one after another */
	struct drm_nova_sync syncs[FAKE_ARRAY];
	struct drm_nova_get_time get_time;
	struct drm_nova_wait_user_fence user_fence;
	struct drm_syncobj_timeline_wait wait;
	uint32_t wait_handles[FAKE_ARRAY];
	uint64_t wait_points[FAKE_ARRAY];
	struct drm_syncobj_handle to_fd;
	struct drm_syncobj_handle from_fd;
	struct drm_syncobj_transfer transfer;
	uint64_t signal_point;
	uint32_t signal_handle;
	uint32_t reset_handle;
	struct drm_prime_handle prime_export;
};

extern struct fake_kernel fake;

int fake_setup(void **state);		/* a fresh kernel; *state is an open device */
int fake_teardown(void **state);	/* closes the device; fails when an object is left */
void fake_open(void);
void fake_close(void);
uint32_t fake_live(void);		/* objects in all tables */
bool fake_is_destroy(unsigned long request);
uint32_t fake_handle(enum fake_kind kind, uint32_t index);

#endif /* FAKE_KERNEL_H */
