/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_TEST_GPU_H_
#define _NOVA_TEST_GPU_H_

#include <kunit/test.h>
#include <linux/sizes.h>

#include <drm/drm_file.h>

#include "nova_core_device.h"

struct nova_bo;

/* Video memory of the test's GPU: usable memory does not begin at 0, nor at a large page. */
#define NOVA_TEST_VRAM_SIZE	SZ_32M
#define NOVA_TEST_VRAM_START	SZ_1M

/* What unused video memory and freed tables hold: an entry read from there is valid and wrong. */
#define NOVA_TEST_VRAM_FILL	0xff

/**
 * struct nova_test_gpu - a GPU made of memory, with nova-drm's device on it
 *
 * Everything of nova-drm that does not need an engine works: memory, address
 * spaces, page tables. It goes with the test, in the order of remove.
 */
struct nova_test_gpu {
	/** @test: the test that it is for */
	struct kunit *test;
	/** @core: of nova-core only what nova-drm gets to see works */
	struct nova_core core;
	/** @vram: video memory */
	u8 *vram;
	/** @ndev: the DRM device */
	struct nova_device *ndev;
	/** @bound: its bound half; NULL after nova_test_gpu_remove() */
	struct nova_bound *bound;
	/** @file: an open of the device */
	struct drm_file file;
	/** @invalidates: TLB invalidates so far */
	unsigned int invalidates;
	/** @invalidate_ret: what they return */
	int invalidate_ret;
};

/* What the tables say about an address. */
struct nova_test_pte {
	bool valid;
	bool sparse;		/* not valid, but reads zero */
	bool vram;
	bool readonly;
	u8 shift;		/* of the page: 12 or 21 */
	u64 addr;
};

struct nova_test_gpu *nova_test_gpu_create(struct kunit *test);
struct nova_device *nova_test_gpu_device_create(struct nova_test_gpu *gpu);
void nova_test_gpu_remove(struct nova_test_gpu *gpu);
void nova_test_gpu_vram_fill(struct nova_test_gpu *gpu);
bool nova_test_gpu_vram_filled(const struct nova_test_gpu *gpu);
u64 nova_test_gpu_tables_free(const struct nova_test_gpu *gpu);
struct nova_test_pte nova_test_gpu_walk(struct nova_test_gpu *gpu, u64 root, u64 va);

u32 nova_test_gpu_vm_create(struct nova_test_gpu *gpu);
u32 nova_test_gpu_bo_create(struct nova_test_gpu *gpu, u64 size, u32 placement, u32 vm_id);

#endif /* _NOVA_TEST_GPU_H_ */
