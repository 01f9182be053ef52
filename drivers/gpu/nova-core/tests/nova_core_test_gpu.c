// SPDX-License-Identifier: GPL-2.0 OR MIT
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/vmalloc.h>

#include "../nova_core_audit.h"
#include "../nova_core_bar.h"
#include "../nova_core_fw.h"
#include "../nova_core_reset.h"
#include "../nova_core_rpc.h"
#include "../regs/nv_pmc.h"
#include "../regs/nv_vf.h"
#include "nova_core_test_gpu.h"

static int nova_core_test_gpu_config_read(struct pci_bus *bus, unsigned int devfn, int where,
					  int size, u32 *value)
{
	struct nova_core_test_gpu *gpu = container_of(bus, struct nova_core_test_gpu, bus);

	if (where == PCI_VENDOR_ID)
		*value = PCI_VENDOR_ID_NVIDIA;
	else
		*value = where == PCI_COMMAND && gpu->master ? PCI_COMMAND_MASTER : 0;
	return PCIBIOS_SUCCESSFUL;
}

static int nova_core_test_gpu_config_write(struct pci_bus *bus, unsigned int devfn, int where,
					   int size, u32 value)
{
	struct nova_core_test_gpu *gpu = container_of(bus, struct nova_core_test_gpu, bus);

	if (where == PCI_COMMAND)
		gpu->master = value & PCI_COMMAND_MASTER;
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops nova_core_test_gpu_config = {
	.read = nova_core_test_gpu_config_read,
	.write = nova_core_test_gpu_config_write,
};

static void nova_core_test_gpu_kicked(struct nova_core *core, u32 write)
{
	struct nova_core_test_gpu *gpu = container_of(core, struct nova_core_test_gpu, core);

	nova_core_test_gpu_set_reg(gpu, NV_VF_MAILBOX(NOVA_FW_MB_CMD_KICK), write);
	nova_core_test_gpu_publish(gpu, gpu->replies_per_kick);
}

static void nova_core_test_gpu_free_regs(void *data)
{
	vfree(data);
}

static void nova_core_test_gpu_fini(void *data)
{
	struct nova_core_test_gpu *gpu = data;

	if (gpu->core.rpc)
		nova_core_rpc_fini(&gpu->core);
	KUNIT_EXPECT_TRUE_MSG(gpu->test, list_empty(&gpu->core.audit.list),
			      "the test left something behind");
}

/**
 * nova_core_test_gpu_create() - a GPU for one test
 * @test: the test; its priv becomes the GPU
 *
 * Registers read as 0, but for what says that it is there and that its firmware runs.
 *
 * Return: the GPU; without one the test has ended.
 */
struct nova_core_test_gpu *nova_core_test_gpu_create(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = kunit_kzalloc(test, sizeof(*gpu), GFP_KERNEL);
	struct nova_core *core;
	struct device *dev;

	KUNIT_ASSERT_NOT_NULL(test, gpu);
	test->priv = gpu;
	gpu->test = test;
	gpu->bus.ops = &nova_core_test_gpu_config;
	gpu->pdev.bus = &gpu->bus;
	gpu->master = true;
	gpu->replies_per_kick = 1;
	gpu->regs = vzalloc(NV_BAR0_SIZE);
	KUNIT_ASSERT_NOT_NULL(test, gpu->regs);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, nova_core_test_gpu_free_regs,
							gpu->regs), 0);

	dev = kunit_device_register(test, "gpu");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	dev->dma_mask = &dev->coherent_dma_mask;
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(47)), 0);

	core = &gpu->core;
	core->pdev = &gpu->pdev;
	core->dev = dev;
	core->regs = (void __iomem __force *)gpu->regs;
	core->vram_size = NOVA_CORE_TEST_VRAM_SIZE;
	core->info.vram_start = 0x100000;
	core->info.vram_end = NOVA_CORE_TEST_VRAM_SIZE - 0x100000;
	core->info.channels = NOVA_CORE_TEST_CHANNELS;
	core->info.gpfifo_entries_max = 1024;
	core->info.engine_count = 2;
	for (unsigned int i = 0; i < core->info.engine_count; i++)
		core->engine_hw[i].runlist = NOVA_CORE_TEST_RUNLIST(i);
	init_waitqueue_head(&core->wait);
	nova_core_reset_init(core);
	KUNIT_ASSERT_EQ(test, nova_core_audit_init(core), 0);
	nova_core_bar_open(core);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, nova_core_test_gpu_fini, gpu), 0);

	kunit_activate_static_stub(test, nova_core_fw_kick, nova_core_test_gpu_kicked);
	nova_core_test_gpu_set_reg(gpu, NV_PMC_BOOT_0, 0x16e000a1);
	nova_core_test_gpu_set_reg(gpu, NV_VF_MAILBOX(NOVA_FW_MB_STATE), NOVA_FW_STATE_RUNNING);
	return gpu;
}

/**
 * nova_core_test_gpu_memory() - the memory behind an address that the driver gave to the device
 * @gpu: the GPU
 * @addr: DMA address
 *
 * Return: where the test finds it.
 */
void *nova_core_test_gpu_memory(struct nova_core_test_gpu *gpu, u64 addr)
{
	return phys_to_virt(dma_to_phys(gpu->core.dev, addr));
}

/**
 * nova_core_test_gpu_boot() - set up the rings; the firmware's first message is in its one
 * @gpu: the GPU
 */
void nova_core_test_gpu_boot(struct nova_core_test_gpu *gpu)
{
	const struct nova_fw_init_done event = { .version = cpu_to_le32(NOVA_FW_VERSION) };
	const struct nova_fw_boot *boot;

	KUNIT_ASSERT_EQ(gpu->test, nova_core_rpc_init(&gpu->core), 0);
	boot = nova_core_test_gpu_memory(gpu, nova_core_rpc_boot_args(&gpu->core, 0));
	KUNIT_ASSERT_EQ(gpu->test, le32_to_cpu(boot->magic), NOVA_FW_BOOT_MAGIC);
	gpu->status.slots = nova_core_test_gpu_memory(gpu, le64_to_cpu(boot->status.base));
	gpu->status.index = nova_core_test_gpu_memory(gpu, le64_to_cpu(boot->status.index));
	gpu->status.count = le32_to_cpu(boot->status.slots);
	gpu->cmd.slots = nova_core_test_gpu_memory(gpu, le64_to_cpu(boot->cmd.base));
	gpu->cmd.index = nova_core_test_gpu_memory(gpu, le64_to_cpu(boot->cmd.index));
	gpu->cmd.count = le32_to_cpu(boot->cmd.slots);
	nova_core_test_gpu_message(gpu, NOVA_FW_EVT_INIT_DONE, &event, sizeof(event));
}

/**
 * nova_core_test_gpu_reg() - what a register holds
 * @gpu: the GPU
 * @offset: in BAR0
 *
 * Return: what was written to it last.
 */
u32 nova_core_test_gpu_reg(struct nova_core_test_gpu *gpu, u32 offset)
{
	return le32_to_cpup((__le32 *)(gpu->regs + offset));
}

/**
 * nova_core_test_gpu_set_reg() - what a register is to read as
 * @gpu: the GPU
 * @offset: in BAR0
 * @value: the value
 */
void nova_core_test_gpu_set_reg(struct nova_core_test_gpu *gpu, u32 offset, u32 value)
{
	*(__le32 *)(gpu->regs + offset) = cpu_to_le32(value);
}

static struct nova_fw_msg *nova_core_test_gpu_prepare(struct nova_core_test_gpu *gpu, u32 function,
						      const void *payload, u32 length)
{
	u32 slot = gpu->status.write % gpu->status.count;
	struct nova_fw_msg *msg = (void *)(gpu->status.slots + slot * NOVA_FW_RING_SLOT_SIZE);

	memset(msg, 0, NOVA_FW_RING_SLOT_SIZE);
	msg->magic = cpu_to_le32(NOVA_FW_MSG_MAGIC);
	msg->version = cpu_to_le16(NOVA_FW_VERSION);
	msg->function = cpu_to_le16(function);
	msg->length = cpu_to_le32(length);
	msg->sequence = cpu_to_le32(gpu->status.write++);
	if (length)
		memcpy(msg + 1, payload, length);
	return msg;
}

/**
 * nova_core_test_gpu_publish() - let the driver see what is prepared
 * @gpu: the GPU, booted
 * @count: at most so many messages
 */
void nova_core_test_gpu_publish(struct nova_core_test_gpu *gpu, u32 count)
{
	u32 visible = le32_to_cpu(gpu->status.index->write);

	gpu->status.index->write = cpu_to_le32(min(visible + count, gpu->status.write));
}

/**
 * nova_core_test_gpu_message() - put an event into the status ring, visible at once
 * @gpu: the GPU, booted; no reply is prepared
 * @function: NOVA_FW_EVT_*
 * @payload: what follows the header
 * @length: bytes of it
 *
 * Return: the message, to be spoilt by the test.
 */
struct nova_fw_msg *nova_core_test_gpu_message(struct nova_core_test_gpu *gpu, u32 function,
					       const void *payload, u32 length)
{
	struct nova_fw_msg *msg = nova_core_test_gpu_prepare(gpu, function, payload, length);

	nova_core_test_gpu_publish(gpu, 1);
	KUNIT_ASSERT_EQ(gpu->test, le32_to_cpu(gpu->status.index->write), gpu->status.write);
	return msg;
}

/**
 * nova_core_test_gpu_reply() - prepare the reply to the next command that has none
 * @gpu: the GPU, booted
 * @function: NOVA_FW_CMD_*
 * @result: NOVA_FW_OK or NOVA_FW_ERR_*
 * @payload: what follows the header
 * @length: bytes of it
 *
 * Return: the message, to be spoilt by the test.
 */
struct nova_fw_msg *nova_core_test_gpu_reply(struct nova_core_test_gpu *gpu, u32 function,
					     u32 result, const void *payload, u32 length)
{
	struct nova_fw_msg *msg = nova_core_test_gpu_prepare(gpu, function, payload, length);

	msg->tag = cpu_to_le32(++gpu->tag);
	msg->result = cpu_to_le32(result);
	msg->flags = cpu_to_le32(NOVA_FW_MSG_REPLY);
	return msg;
}

/**
 * nova_core_test_gpu_command() - look at a command that the driver sent
 * @gpu: the GPU, booted
 * @index: how many were sent before it
 * @function: what it must be
 *
 * Return: its payload.
 */
const void *nova_core_test_gpu_command(struct nova_core_test_gpu *gpu, u32 index, u32 function)
{
	u32 slot = index % gpu->cmd.count;
	const struct nova_fw_msg *msg = (void *)(gpu->cmd.slots + slot * NOVA_FW_RING_SLOT_SIZE);

	KUNIT_ASSERT_GT(gpu->test, le32_to_cpu(gpu->cmd.index->write), index);
	KUNIT_EXPECT_EQ(gpu->test, le16_to_cpu(msg->function), function);
	KUNIT_EXPECT_EQ(gpu->test, le32_to_cpu(msg->sequence), index);
	return msg + 1;
}
