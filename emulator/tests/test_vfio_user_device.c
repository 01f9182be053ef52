/* SPDX-License-Identifier: MIT */
/* vfio-user: DMA mappings, interrupts, region accesses, resets. No sockets. */
#define _GNU_SOURCE
#include "vfio_user_client.h"

#include "doubles.h"
#include "regs/nv_pmc.h"
#include "regs/nv_vf.h"

/* --- DMA --- */

static void test_dma(void **state)
{
	struct client *client = *state;
	struct message message;
	int ram = ram_create();

	message_dma_map(&message, 0x100000, 2 * PAGE, PAGE, RW);
	assert_int_equal(exchange_fds(client, &message, &ram, 1), 0);
	payload(client, 0);
	assert_dma(client, 1, 2 * PAGE);
	assert_int_equal(emu_mem_write(client->emu, EMU_SYSTEM, 0x100000, "dma", 4), 0);
	assert_int_equal(exchange_fds(client, &message, &ram, 1), EEXIST);
	/* Memory the client cannot share: a range with nothing behind it. */
	message_dma_map(&message, 0xc0000, PAGE, 0, VFIO_DMA_MAP_FLAG_READ);
	assert_int_equal(exchange(client, &message), 0);
	assert_dma(client, 2, 3 * PAGE);

	message_dma_unmap(&message, 0x100000, PAGE, 0);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_dma_unmap(&message, 0x100000, 2 * PAGE, 0);
	assert_int_equal(exchange(client, &message), 0);
	assert_memory_equal(payload(client, 24), message.bytes + 16, 24);
	assert_dma(client, 1, PAGE);
	message_dma_unmap(&message, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL);
	assert_int_equal(exchange(client, &message), 0);
	assert_dma(client, 0, 0);
	assert_int_equal(emu_stats_counter(client->emu->stats, EMU_DMA_MAPS), 3);
	assert_int_equal(emu_stats_counter(client->emu->stats, EMU_DMA_UNMAPS), 3);
	close(ram);
}

static void test_dma_refused(void **state)
{
	struct client *client = *state;
	int fds[2] = { ram_create(), ram_create() };
	struct message message;
	size_t i;
	const struct {
		uint64_t address, size, offset;
		uint32_t flags;
	} maps[] = {
		{ 0, 0, 0, RW },
		{ 1, PAGE, 0, RW },
		{ 0, PAGE, 0, 0 },
		{ 0, PAGE, 0, RW | VFIO_DMA_MAP_FLAG_VADDR },
		{ 0, PAGE, 0, 0x80000001 },
		{ UINT64_MAX - PAGE + 1, 2 * PAGE, 0, RW },
		{ 0, 65 * PAGE, 0, RW },
		{ 0, PAGE, 64 * PAGE, RW },
		{ 0, PAGE, UINT64_MAX - PAGE + 1, RW },
		{ 0, UINT64_MAX - PAGE + 1, 0, RW },
	};

	for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		message_dma_map(&message, maps[i].address, maps[i].size, maps[i].offset,
				maps[i].flags);
		assert_int_equal(exchange_fds(client, &message, fds, 1), EINVAL);
	}
	message_dma_map(&message, 0, PAGE, 0, RW);
	assert_int_equal(exchange_fds(client, &message, fds, 2), EINVAL);
	message_dma_unmap(&message, 0, PAGE, 1);	/* dirty bitmap */
	assert_int_equal(exchange(client, &message), EINVAL);
	message_dma_unmap(&message, 0, PAGE, VFIO_DMA_UNMAP_FLAG_ALL);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_dma_unmap(&message, 0, 0, 0);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_dma_unmap(&message, PAGE, UINT64_MAX - PAGE + 1, 0);
	assert_int_equal(exchange(client, &message), 0);
	assert_dma(client, 0, 0);
	close(fds[0]);
	close(fds[1]);
}

/* --- interrupts --- */

static void test_irq_eventfds(void **state)
{
	struct client *client = *state;
	struct message message;
	int fds[4], i;

	for (i = 0; i < 4; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	message_set_irqs(&message, EVENTFD_TRIGGER, MSI, 0, 4);
	assert_int_equal(exchange_fds(client, &message, fds, 4), 0);
	payload(client, 0);
	/* The client's own triggers, all and selected. */
	message_set_irqs(&message, NONE_TRIGGER, MSI, 1, 2);
	assert_int_equal(exchange(client, &message), 0);
	message_set_irqs(&message, BOOL_TRIGGER, MSI, 0, 4);
	message_add(&message, "\1\0\1\0", 4);
	assert_int_equal(exchange(client, &message), 0);
	assert_int_equal(messages(fds[0]), 1);
	assert_int_equal(messages(fds[1]), 1);
	assert_int_equal(messages(fds[2]), 2);
	assert_int_equal(messages(fds[3]), 0);
	/* The device's interrupts are message 0. */
	emu_test_write(client->emu, NV_VF_INTR_LEAF_EN_SET(0), 1);
	emu_test_write(client->emu, NV_VF_INTR_TOP_EN_SET, 1);
	emu_irq_raise(client->emu, 0);
	assert_int_equal(messages(fds[0]), 1);
	/* One taken away by a message without descriptors. */
	message_set_irqs(&message, EVENTFD_TRIGGER, MSI, 1, 1);
	assert_int_equal(exchange(client, &message), 0);
	message_set_irqs(&message, NONE_TRIGGER, MSI, 0, 4);
	assert_int_equal(exchange(client, &message), 0);
	assert_int_equal(messages(fds[0]), 1);
	assert_int_equal(messages(fds[1]), 0);
	assert_int_equal(messages(fds[3]), 1);
	/* All switched off. */
	message_set_irqs(&message, NONE_TRIGGER, MSI, 0, 0);
	assert_int_equal(exchange(client, &message), 0);
	message_set_irqs(&message, NONE_TRIGGER, MSI, 0, 4);
	assert_int_equal(exchange(client, &message), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(messages(fds[i]), i == 2 ? 1 : 0);
		close(fds[i]);
	}
}

/* The error message is one of its own: MSI's start at 0 too. */
static void test_irq_error(void **state)
{
	struct client *client = *state;
	struct message message;
	int fds[2];

	fds[0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fds[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	message_set_irqs(&message, EVENTFD_TRIGGER, MSI, 0, 1);
	assert_int_equal(exchange_fds(client, &message, &fds[0], 1), 0);
	message_set_irqs(&message, EVENTFD_TRIGGER, VFIO_PCI_ERR_IRQ_INDEX, 0, 1);
	assert_int_equal(exchange_fds(client, &message, &fds[1], 1), 0);
	message_set_irqs(&message, NONE_TRIGGER, VFIO_PCI_ERR_IRQ_INDEX, 0, 1);
	assert_int_equal(exchange(client, &message), 0);
	assert_int_equal(messages(fds[0]), 0);
	assert_int_equal(messages(fds[1]), 1);
	message_set_irqs(&message, NONE_TRIGGER, MSI, 0, 0);
	assert_int_equal(exchange(client, &message), 0);
	message_set_irqs(&message, NONE_TRIGGER, VFIO_PCI_ERR_IRQ_INDEX, 0, 1);
	assert_int_equal(exchange(client, &message), 0);
	assert_int_equal(messages(fds[1]), 1);
	close(fds[0]);
	close(fds[1]);
}

static void test_irq_masks(void **state)
{
	struct client *client = *state;
	struct message message;
	int trigger = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int unmask = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	message_set_irqs(&message, EVENTFD_TRIGGER, MSI, 0, 1);
	assert_int_equal(exchange_fds(client, &message, &trigger, 1), 0);
	message_set_irqs(&message, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, MSI,
			 0, 1);
	assert_int_equal(exchange_fds(client, &message, &unmask, 1), 0);
	message_set_irqs(&message, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, MSI, 0, 4);
	assert_int_equal(exchange(client, &message), 0);
	message_set_irqs(&message, NONE_TRIGGER, MSI, 0, 1);
	assert_int_equal(exchange(client, &message), 0);
	assert_int_equal(messages(trigger), 0);
	message_set_irqs(&message, VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_UNMASK, MSI, 0, 1);
	message_add(&message, "\1", 1);
	assert_int_equal(exchange(client, &message), 0);
	assert_int_equal(messages(trigger), 1);
	assert_int_equal(messages(unmask), 1);
	close(trigger);
	close(unmask);
}

static void test_irq_refused(void **state)
{
	struct client *client = *state;
	struct message message;
	int fds[5], i;
	const struct {
		uint32_t flags, index, start, count;
		unsigned int nfds;
	} sets[] = {
		{ EVENTFD_TRIGGER, MSI, 0, 5, 5 },
		{ EVENTFD_TRIGGER, MSI, 4, 1, 1 },
		{ EVENTFD_TRIGGER, MSI, UINT32_MAX, 2, 2 },
		{ EVENTFD_TRIGGER, MSI, 0, 2, 1 },	/* not as many as it says */
		{ EVENTFD_TRIGGER, MSI, 0, 1, 2 },
		{ EVENTFD_TRIGGER, MSI, 0, 0, 0 },
		{ EVENTFD_TRIGGER, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, 1 },
		{ EVENTFD_TRIGGER, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, 1 },
		{ EVENTFD_TRIGGER, VFIO_PCI_ERR_IRQ_INDEX, 0, 2, 2 },
		{ EVENTFD_TRIGGER, VFIO_PCI_ERR_IRQ_INDEX, 1, 1, 1 },
		{ EVENTFD_TRIGGER, VFIO_PCI_NUM_IRQS, 0, 1, 1 },
		{ NONE_TRIGGER, MSI, 0, 1, 1 },
		{ NONE_TRIGGER, MSI, 1, 0, 0 },
		{ NONE_TRIGGER, VFIO_PCI_NUM_IRQS, 0, 0, 0 },
		{ NONE_TRIGGER, MSI, 0, UINT32_MAX, 0 },
		{ VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, MSI, 0, 0, 0 },
		{ BOOL_TRIGGER, MSI, 0, 1, 0 },		/* no data */
		{ BOOL_TRIGGER, MSI, 0, 0, 0 },
		{ VFIO_IRQ_SET_ACTION_TRIGGER, MSI, 0, 1, 0 },
		{ VFIO_IRQ_SET_DATA_NONE, MSI, 0, 1, 0 },
		{ NONE_TRIGGER | VFIO_IRQ_SET_DATA_BOOL, MSI, 0, 1, 0 },
		{ NONE_TRIGGER | VFIO_IRQ_SET_ACTION_MASK, MSI, 0, 1, 0 },
		{ NONE_TRIGGER | 0x100, MSI, 0, 1, 0 },
	};

	for (i = 0; i < 5; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	for (i = 0; i < (int)(sizeof(sets) / sizeof(sets[0])); i++) {
		message_set_irqs(&message, sets[i].flags, sets[i].index, sets[i].start,
				 sets[i].count);
		assert_int_equal(exchange_fds(client, &message, fds, sets[i].nfds), EINVAL);
	}
	/* Data where none belongs. */
	message_set_irqs(&message, NONE_TRIGGER, MSI, 0, 1);
	message_add(&message, "\1", 1);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_set_irqs(&message, BOOL_TRIGGER, MSI, 0, 1);
	message_add(&message, "\1\1", 2);
	assert_int_equal(exchange(client, &message), EINVAL);
	for (i = 0; i < 5; i++) {
		assert_int_equal(messages(fds[i]), 0);
		close(fds[i]);
	}
}

/* --- regions --- */

static void test_region_read(void **state)
{
	struct client *client = *state;
	struct message message;
	const uint8_t *reply;
	uint32_t value;

	message_read(&message, 0, NV_PMC_BOOT_0, 4);
	assert_int_equal(exchange(client, &message), 0);
	reply = payload(client, 20);
	assert_memory_equal(reply, message.bytes + 16, 16);
	memcpy(&value, reply + 16, 4);
	assert_int_equal(value, 0x16e000a1);
	/* All of configuration space at once, as a VMM does when it starts. */
	message_read(&message, 7, 0, 4096);
	assert_int_equal(exchange(client, &message), 0);
	memcpy(&value, (const uint8_t *)payload(client, 16 + 4096) + 16, 4);
	assert_int_equal(value, 0x6e761234);
	/* Video memory is readable though it can be mapped. */
	memcpy(client->emu->vram + EMU_TEST_VRAM - 4, "last", 4);
	message_read(&message, 1, EMU_TEST_VRAM - 4, 4);
	assert_int_equal(exchange(client, &message), 0);
	assert_memory_equal((const uint8_t *)payload(client, 20) + 16, "last", 4);
	/* The largest transfer. */
	message_read(&message, 1, 0, VFIO_USER_MAX_DATA);
	assert_int_equal(exchange(client, &message), 0);
	payload(client, 16 + VFIO_USER_MAX_DATA);
}

static void test_region_write(void **state)
{
	struct client *client = *state;
	struct vfio_user_header header;
	struct message message;
	uint32_t value = 0x55;

	message_write(&message, 0, NV_VF_INTR_LEAF_EN_SET(1), &value, 4);
	assert_int_equal(exchange(client, &message), 0);
	assert_memory_equal(payload(client, 16), message.bytes + 16, 16);
	assert_int_equal(emu_test_read(client->emu, NV_VF_INTR_LEAF_EN_SET(1)), 0x55);
	/* The posted form has no answer, right or wrong. */
	message_write(&message, 1, 0x1000, "posted", 6);
	header = message_header(&message);
	header.flags |= VFIO_USER_FLAG_NO_REPLY;
	message_set_header(&message, header);
	exchange(client, &message);
	assert_int_equal(client->reply.len, 0);
	assert_memory_equal(client->emu->vram + 0x1000, "posted", 6);
	message_write(&message, 5, 0, "x", 1);
	header = message_header(&message);
	header.flags |= VFIO_USER_FLAG_NO_REPLY;
	message_set_header(&message, header);
	exchange(client, &message);
	assert_int_equal(client->reply.len, 0);
}

static void test_region_refused(void **state)
{
	struct client *client = *state;
	struct message message;
	uint32_t value = 0;
	size_t i;
	const struct {
		uint32_t region;
		uint64_t offset;
		uint32_t count;
	} accesses[] = {
		{ 0, 0, 0 },
		{ 0, 16 << 20, 4 },
		{ 0, (16 << 20) - 2, 4 },
		{ 0, UINT64_MAX, 4 },
		{ 0, UINT64_MAX - 3, 4 },
		{ 1, EMU_TEST_VRAM - 3, 4 },
		{ 2, 0, 4 },
		{ 6, 0, 4 },
		{ 7, 4093, 4 },
		{ 8, 0, 4 },
		{ 9, 0, 4 },
		{ UINT32_MAX, 0, 4 },
	};

	for (i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
		message_read(&message, accesses[i].region, accesses[i].offset, accesses[i].count);
		assert_int_equal(exchange(client, &message), EINVAL);
		message_write(&message, accesses[i].region, accesses[i].offset, &value,
			      accesses[i].count);
		assert_int_equal(exchange(client, &message), EINVAL);
	}
	message_read(&message, 1, 0, VFIO_USER_MAX_DATA + 1);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_read(&message, 1, 0, UINT32_MAX);
	assert_int_equal(exchange(client, &message), EINVAL);
	/* More or less data than announced. */
	message_write(&message, 1, 0, "12345678", 8);
	message_add(&message, "9", 1);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_read(&message, 1, 0, 4);
	message_add(&message, "1234", 4);
	assert_int_equal(exchange(client, &message), EINVAL);
	assert_int_equal(client->emu->vram[0], 0);
}

static void test_write_multi(void **state)
{
	struct client *client = *state;
	struct message message;
	uint64_t count = 3;

	message_begin(&message, VFIO_USER_REGION_WRITE_MULTI);
	message_add(&message, &count, 8);
	multi_add(&message, 1, 0, 8, 0x1122334455667788);
	multi_add(&message, 0, NV_VF_INTR_LEAF_EN_SET(0), 4, 0x3);
	multi_add(&message, 1, 4, 1, 0xff);
	assert_int_equal(exchange(client, &message), 0);
	assert_memory_equal(payload(client, 8), &count, 8);
	assert_memory_equal(client->emu->vram, "\x88\x77\x66\x55\xff\x33\x22\x11", 8);
	assert_int_equal(emu_test_read(client->emu, NV_VF_INTR_LEAF_EN_SET(0)), 0x3);

	/* Counts that do not fit the message. */
	for (count = 0; count < 8; count++) {
		message_begin(&message, VFIO_USER_REGION_WRITE_MULTI);
		message_add(&message, &count, 8);
		multi_add(&message, 1, 0, 8, 0);
		multi_add(&message, 1, 8, 8, 0);
		assert_int_equal(exchange(client, &message), count == 2 ? 0 : EINVAL);
	}
	count = UINT64_MAX / 24 + 2;	/* wraps to a small number of bytes */
	message_begin(&message, VFIO_USER_REGION_WRITE_MULTI);
	message_add(&message, &count, 8);
	multi_add(&message, 1, 0, 8, 0);
	assert_int_equal(exchange(client, &message), EINVAL);
	/* An element that is too long, or goes nowhere. */
	count = 1;
	message_begin(&message, VFIO_USER_REGION_WRITE_MULTI);
	message_add(&message, &count, 8);
	multi_add(&message, 1, 0, 9, 0);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_begin(&message, VFIO_USER_REGION_WRITE_MULTI);
	message_add(&message, &count, 8);
	multi_add(&message, 3, 0, 8, 0);
	assert_int_equal(exchange(client, &message), EINVAL);
}

/* --- the rest --- */

static void test_reset(void **state)
{
	struct client *client = *state;
	struct message message;
	int ram = ram_create(), trigger = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	message_dma_map(&message, 0, PAGE, 0, RW);
	assert_int_equal(exchange_fds(client, &message, &ram, 1), 0);
	message_set_irqs(&message, EVENTFD_TRIGGER, MSI, 0, 1);
	assert_int_equal(exchange_fds(client, &message, &trigger, 1), 0);
	memset(&doubles, 0, sizeof(doubles));
	message_begin(&message, VFIO_USER_DEVICE_RESET);
	assert_int_equal(exchange(client, &message), 0);
	payload(client, 0);
	assert_int_equal(doubles.resets[DOUBLE_FW], 1);
	assert_int_equal(emu_test_config_read(client->emu, 4, 2), 0);
	/* What belongs to the client stays. */
	assert_dma(client, 1, PAGE);
	message_set_irqs(&message, NONE_TRIGGER, MSI, 0, 1);
	assert_int_equal(exchange(client, &message), 0);
	assert_int_equal(messages(trigger), 1);
	message_begin(&message, VFIO_USER_DEVICE_RESET);
	message_add(&message, "x", 1);
	assert_int_equal(exchange(client, &message), EINVAL);
	close(ram);
	close(trigger);
}

static void test_disconnect(void **state)
{
	struct client *client = *state;
	struct message message;
	int ram = ram_create(), trigger = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	message_dma_map(&message, 0, PAGE, 0, RW);
	assert_int_equal(exchange_fds(client, &message, &ram, 1), 0);
	message_set_irqs(&message, EVENTFD_TRIGGER, MSI, 0, 1);
	assert_int_equal(exchange_fds(client, &message, &trigger, 1), 0);
	client->emu->vram[0] = 1;
	memset(&doubles, 0, sizeof(doubles));
	vfio_user_disconnect(client->user);
	assert_int_equal(doubles.resets[DOUBLE_FIFO], 1);
	assert_dma(client, 0, 0);
	assert_int_equal(client->emu->vram[0], 0);
	emu_irq_send(client->emu, 0);
	assert_int_equal(messages(trigger), 0);
	/* The next client begins from the beginning. */
	message_begin(&message, VFIO_USER_DEVICE_RESET);
	assert_int_equal(exchange(client, &message), EINVAL);
	message_version(&message, 0, 0, VFIO_USER_TEST_CAPABILITIES);
	assert_int_equal(exchange(client, &message), 0);
	message_dma_map(&message, 0, PAGE, 0, RW);
	assert_int_equal(exchange_fds(client, &message, &ram, 1), 0);
	close(ram);
	close(trigger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		negotiated_test(test_dma),
		negotiated_test(test_dma_refused),
		negotiated_test(test_irq_eventfds),
		negotiated_test(test_irq_error),
		negotiated_test(test_irq_masks),
		negotiated_test(test_irq_refused),
		negotiated_test(test_region_read),
		negotiated_test(test_region_write),
		negotiated_test(test_region_refused),
		negotiated_test(test_write_multi),
		negotiated_test(test_reset),
		negotiated_test(test_disconnect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
