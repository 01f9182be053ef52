/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef NOVA_CORE_TEST_GPU_H
#define NOVA_CORE_TEST_GPU_H

#include <kunit/test.h>
#include <linux/pci.h>

#include "../abi/nova_fw.h"
#include "../nova_core_device.h"

/* As far as anybody says: there is none. */
#define NOVA_CORE_TEST_VRAM_SIZE	0x4000000ull
#define NOVA_CORE_TEST_CHANNELS		8
#define NOVA_CORE_TEST_RUNLIST(engine)	((engine) + 3)

/**
 * struct nova_core_test_gpu - a GPU whose registers are plain memory
 *
 * Nothing in it moves by itself: the test plays the hardware. What the firmware
 * is to answer is prepared in its ring, and gets visible when it is kicked.
 */
struct nova_core_test_gpu {
	/** @test: the test that it is for */
	struct kunit *test;
	/** @core: the GPU */
	struct nova_core core;
	/** @pdev: just enough to have its bus mastering turned off */
	struct pci_dev pdev;
	/** @bus: where it is on */
	struct pci_bus bus;
	/** @regs: BAR0 */
	u8 *regs;
	/** @master: bus mastering is on */
	bool master;
	/** @status: ring that the test fills */
	struct {
		u8 *slots;
		struct nova_fw_ring_index *index;
		u32 count;
		u32 write;	/* with what is prepared */
	} status;
	/** @replies_per_kick: how many of the prepared ones become visible */
	u32 replies_per_kick;
	/** @cmd: ring that the driver fills */
	struct {
		u8 *slots;
		struct nova_fw_ring_index *index;
		u32 count;
	} cmd;
	/** @tag: of the next reply */
	u32 tag;
};

struct nova_core_test_gpu *nova_core_test_gpu_create(struct kunit *test);
void nova_core_test_gpu_boot(struct nova_core_test_gpu *gpu);

void *nova_core_test_gpu_memory(struct nova_core_test_gpu *gpu, u64 addr);
u32 nova_core_test_gpu_reg(struct nova_core_test_gpu *gpu, u32 offset);
void nova_core_test_gpu_set_reg(struct nova_core_test_gpu *gpu, u32 offset, u32 value);

struct nova_fw_msg *nova_core_test_gpu_message(struct nova_core_test_gpu *gpu, u32 function,
					       const void *payload, u32 length);
struct nova_fw_msg *nova_core_test_gpu_reply(struct nova_core_test_gpu *gpu, u32 function,
					     u32 result, const void *payload, u32 length);
void nova_core_test_gpu_publish(struct nova_core_test_gpu *gpu, u32 count);
const void *nova_core_test_gpu_command(struct nova_core_test_gpu *gpu, u32 index, u32 function);

#endif /* NOVA_CORE_TEST_GPU_H */
