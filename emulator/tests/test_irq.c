/* SPDX-License-Identifier: MIT */
/* The interrupt tree: what is pending, and when a message goes out. */
#include "emu_test.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "regs/nv_vf.h"

/* An eventfd as message @message's trigger; the test keeps a second descriptor. */
static int trigger_create(struct emu *emu, unsigned int message)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	assert_true(fd >= 0);
	emu_irq_set_eventfd(emu, message, EMU_IRQ_TRIGGER, dup(fd));
	return fd;
}

/* Messages since the last call. */
static uint64_t messages(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) == sizeof(count))
		return count;
	assert_int_equal(errno, EAGAIN);
	return 0;
}

static void test_latch_without_enable(void **state)
{
	struct emu *emu = *state;
	int fd = trigger_create(emu, 0);

	emu_irq_raise(emu, 148);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF(4)), 1u << 20);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP), 0);
	assert_int_equal(messages(fd), 0);
	/* Leaf enabled: visible in TOP, but the subtree is not. */
	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(4), 1u << 20);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP), 1u << 2);
	assert_int_equal(messages(fd), 0);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0xffffffff);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP_EN_CLEAR), 0xf);
	assert_int_equal(messages(fd), 1);
	assert_int_equal(emu_test_violations(emu), 0);
	close(fd);
}

static void test_every_vector(void **state)
{
	struct emu *emu = *state;
	int fd = trigger_create(emu, 0);
	unsigned int vector, leaf;

	for (leaf = 0; leaf < 8; leaf++)
		emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(leaf), 0xffffffff);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0xf);
	for (vector = 0; vector < 256; vector++) {
		leaf = vector / 32;
		emu_test_write(emu, NV_VF_INTR_LEAF_TRIGGER, vector);
		assert_int_equal(messages(fd), 1);
		assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP), 1u << (leaf / 2));
		assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF(leaf)), 1u << (vector % 32));
		/* Writing other bits does not clear it. */
		emu_test_write(emu, NV_VF_INTR_LEAF(leaf), ~(1u << (vector % 32)));
		assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF(leaf)), 1u << (vector % 32));
		emu_test_write(emu, NV_VF_INTR_LEAF(leaf), 1u << (vector % 32));
		assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP), 0);
	}
	/* Vectors that do not exist. */
	emu_test_write(emu, NV_VF_INTR_LEAF_TRIGGER, 256);
	emu_test_write(emu, NV_VF_INTR_LEAF_TRIGGER, 0xfff);
	emu_irq_raise(emu, 256);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP), 0);
	assert_int_equal(messages(fd), 0);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_INTERRUPTS), 256);
	close(fd);
}

static void test_enable_masks(void **state)
{
	struct emu *emu = *state;

	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(3), 0xf0f0);
	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(3), 0x0f00);
	emu_test_write(emu, NV_VF_INTR_LEAF_EN_CLEAR(3), 0x8080);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(3)), 0x7f70);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_CLEAR(3)), 0x7f70);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(2)), 0);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0x5);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_CLEAR, 0x4);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP_EN_SET), 0x1);
	emu_test_write(emu, NV_VF_INTR_TOP, 0xf);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP), 0);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_TRIGGER), 0);
	assert_int_equal(emu_test_violations(emu), 0);
	/* Between and behind the arrays. */
	emu_test_read(emu, 0xb81020);
	emu_test_write(emu, 0xb81604, 1);
	assert_int_equal(emu_stats_violations(emu->stats, EMU_VIOLATION_REG_ACCESS), 2);
}

static void enable_all(struct emu *emu)
{
	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(0), 0xffffffff);
	emu_test_write(emu, NV_VF_INTR_LEAF_EN_SET(4), 0xffffffff);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0xf);
}

static void test_message_per_new_bit(void **state)
{
	struct emu *emu = *state;
	int fd = trigger_create(emu, 0);

	enable_all(emu);
	emu_irq_raise(emu, 0);
	emu_irq_raise(emu, 0);		/* already pending: nothing new */
	assert_int_equal(messages(fd), 1);
	emu_irq_raise(emu, 1);		/* same leaf */
	emu_irq_raise(emu, 136);	/* other subtree */
	assert_int_equal(messages(fd), 2);
	emu_test_write(emu, NV_VF_INTR_LEAF(0), 0x3);
	assert_int_equal(messages(fd), 0);
	emu_irq_raise(emu, 0);
	assert_int_equal(messages(fd), 1);
	close(fd);
}

/* The driver's service order: mask, read, clear, handle, unmask. */
static void test_rearm(void **state)
{
	struct emu *emu = *state;
	int fd = trigger_create(emu, 0);

	enable_all(emu);
	emu_irq_raise(emu, 0);
	assert_int_equal(messages(fd), 1);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_CLEAR, 0xf);
	emu_test_write(emu, NV_VF_INTR_LEAF(0), 0x1);
	/* Comes while masked: silent, then seen when unmasking. */
	emu_irq_raise(emu, 1);
	assert_int_equal(messages(fd), 0);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0xf);
	assert_int_equal(messages(fd), 1);
	/* Enabling what is enabled is not a new condition. */
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0xf);
	assert_int_equal(messages(fd), 0);
	/* Left pending and re-armed: a new message. */
	emu_test_write(emu, NV_VF_INTR_TOP_EN_CLEAR, 0xf);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0xf);
	assert_int_equal(messages(fd), 1);
	/* Cleared while masked: none. */
	emu_test_write(emu, NV_VF_INTR_TOP_EN_CLEAR, 0xf);
	emu_test_write(emu, NV_VF_INTR_LEAF(0), 0x2);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0xf);
	assert_int_equal(messages(fd), 0);
	/* Only the subtree that is enabled counts. */
	emu_irq_raise(emu, 136);
	assert_int_equal(messages(fd), 1);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_CLEAR, 0x4);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_CLEAR, 0x1);
	emu_test_write(emu, NV_VF_INTR_TOP_EN_SET, 0x1);
	assert_int_equal(messages(fd), 0);
	close(fd);
}

static void test_waits_until_it_can_be_sent(void **state)
{
	struct emu *emu = *state;
	int fd;

	enable_all(emu);
	emu_irq_raise(emu, 0);
	fd = trigger_create(emu, 0);		/* MSI is enabled after the fact */
	assert_int_equal(messages(fd), 1);

	emu_test_config_write(emu, 0x04, 0x2, 2);	/* bus mastering off */
	emu_irq_raise(emu, 1);
	assert_int_equal(messages(fd), 0);
	emu_test_config_write(emu, 0x04, 0x6, 2);
	assert_int_equal(messages(fd), 1);

	emu_test_config_write(emu, 0x04, 0x2, 2);
	emu_irq_raise(emu, 2);
	emu_test_write(emu, NV_VF_INTR_LEAF(0), 0xffffffff);
	emu_test_config_write(emu, 0x04, 0x6, 2);
	assert_int_equal(messages(fd), 0);		/* nothing is pending any more */
	assert_int_equal(emu_test_violations(emu), 0);
	close(fd);
}

static void test_mask_events(void **state)
{
	struct emu *emu = *state;
	int fd = trigger_create(emu, 0), mask = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int unmask = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	emu_irq_set_eventfd(emu, 0, EMU_IRQ_MASK, dup(mask));
	emu_irq_set_eventfd(emu, 0, EMU_IRQ_UNMASK, dup(unmask));
	enable_all(emu);
	emu_irq_set_masked(emu, 0, true);
	emu_irq_set_masked(emu, 0, true);
	assert_int_equal(messages(mask), 1);
	emu_irq_raise(emu, 0);
	emu_irq_send(emu, 0);
	assert_int_equal(messages(fd), 0);
	emu_irq_set_masked(emu, 0, false);
	assert_int_equal(messages(fd), 2);
	assert_int_equal(messages(unmask), 1);
	emu_irq_send(emu, 0);
	assert_int_equal(messages(fd), 1);
	emu_irq_disconnect(emu);
	emu_irq_send(emu, 0);
	assert_int_equal(messages(fd), 0);
	close(fd);
	close(mask);
	close(unmask);
}

static void test_drop_and_removal(void **state)
{
	struct emu *emu = *state;
	int fd = trigger_create(emu, 0);

	enable_all(emu);
	emu_irq_drop(emu, true);
	emu_irq_raise(emu, 0);
	emu_irq_drop(emu, false);
	assert_int_equal(messages(fd), 0);	/* lost for good, but still pending */
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP), 1);
	emu_irq_raise(emu, 1);
	assert_int_equal(messages(fd), 1);
	emu_bar_surprise_remove(emu);
	emu_irq_raise(emu, 2);
	assert_int_equal(messages(fd), 0);
	assert_int_equal(emu_stats_counter(emu->stats, EMU_INTERRUPTS), 1);
	close(fd);
}

/* Descriptors whose writer would have to wait: the device goes on without a message. */
static void test_never_blocks(void **state)
{
	struct emu *emu = *state;
	int full = eventfd(0, EFD_CLOEXEC);

	assert_true(full >= 0);
	assert_int_equal(eventfd_write(full, UINT64_MAX - 1), 0);
	emu_irq_set_eventfd(emu, 0, EMU_IRQ_TRIGGER, dup(full));
	emu_irq_set_eventfd(emu, 0, EMU_IRQ_MASK, dup(full));
	alarm(30);	/* a device that waits here waits for ever */
	enable_all(emu);
	emu_irq_raise(emu, 1);
	emu_irq_set_masked(emu, 0, true);
	alarm(0);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF(0)), 2);
	close(full);
}

static void test_reset(void **state)
{
	struct emu *emu = *state;
	int fd = trigger_create(emu, 0);

	enable_all(emu);
	emu_irq_raise(emu, 5);
	assert_int_equal(messages(fd), 1);
	emu_lock(emu);
	emu_reset(emu);
	emu_unlock(emu);
	emu_test_config_write(emu, 0x04, 0x6, 2);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF(0)), 0);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_LEAF_EN_SET(0)), 0);
	assert_int_equal(emu_test_read(emu, NV_VF_INTR_TOP_EN_SET), 0);
	/* The client's eventfd is not the device's state. */
	enable_all(emu);
	emu_irq_raise(emu, 5);
	assert_int_equal(messages(fd), 1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		emu_unit_test(test_latch_without_enable),
		emu_unit_test(test_every_vector),
		emu_unit_test(test_enable_masks),
		emu_unit_test(test_message_per_new_bit),
		emu_unit_test(test_rearm),
		emu_unit_test(test_waits_until_it_can_be_sent),
		emu_unit_test(test_mask_events),
		emu_unit_test(test_drop_and_removal),
		emu_unit_test(test_never_blocks),
		emu_unit_test(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
