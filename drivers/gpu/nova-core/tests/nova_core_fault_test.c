// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Fault packets, written down dword by dword from the layout in dev_mmu_fault.ref.txt. */
#include <kunit/test.h>

#include "../nova_core_chan.h"
#include "../nova_core_client.h"
#include "../nova_core_fault.h"
#include "../regs/nv_vf.h"
#include "nova_core_test_gpu.h"

/* A write by copy engine 1 to a read-only page, instance block in video memory. */
static const u32 write_fault[NOVA_CORE_FAULT_DWORDS] = {
	0x0fedc000, 0x00000001,		/* instance block 0x1_0fedc000, aperture 0 */
	0x89abc000, 0x00001234,		/* address 0x1234_89abc000 */
	0x55667780, 0x11223344,		/* time */
	0x00000010,			/* engine 16 */
	0x80110206,			/* valid, hub client 2, write, type 6 */
};

static bool parse(const u32 dwords[NOVA_CORE_FAULT_DWORDS], struct nova_core_fault_packet *packet)
{
	__le32 raw[NOVA_CORE_FAULT_DWORDS];
	unsigned int i;

	for (i = 0; i < NOVA_CORE_FAULT_DWORDS; i++)
		raw[i] = cpu_to_le32(dwords[i]);
	return nova_core_fault_parse(raw, packet);
}

static void fault_parse_write(struct kunit *test)
{
	struct nova_core_fault_packet packet;

	KUNIT_ASSERT_TRUE(test, parse(write_fault, &packet));
	KUNIT_EXPECT_EQ(test, packet.inst, 0x10fedc000ull);
	KUNIT_EXPECT_EQ(test, packet.inst_aperture, 0);
	KUNIT_EXPECT_EQ(test, packet.fault.address, 0x123489abc000ull);
	KUNIT_EXPECT_EQ(test, packet.fault.time_ns, 0x1122334455667780ull);
	KUNIT_EXPECT_EQ(test, packet.fault.engine_id, 16);
	KUNIT_EXPECT_EQ(test, packet.fault.type, NV_FAULT_TYPE_RO);
	KUNIT_EXPECT_EQ(test, packet.fault.access, NV_FAULT_ACCESS_WRITE);
	KUNIT_EXPECT_EQ(test, packet.fault.client, NV_FAULT_CLIENT_HUB_CE1);
	KUNIT_EXPECT_EQ(test, packet.fault.chid, ~0u);
}

/* The engine id has nine bits, and the aperture stands beside the address. */
static void fault_parse_field_widths(struct kunit *test)
{
	u32 dwords[NOVA_CORE_FAULT_DWORDS];
	struct nova_core_fault_packet packet;

	memset(dwords, 0xff, sizeof(dwords));
	dwords[7] &= ~NV_FAULT7_REPLAYABLE;
	KUNIT_ASSERT_TRUE(test, parse(dwords, &packet));
	KUNIT_EXPECT_EQ(test, packet.inst, 0xfffffffffffff000ull);
	KUNIT_EXPECT_EQ(test, packet.inst_aperture, 3);
	KUNIT_EXPECT_EQ(test, packet.fault.address, 0xfffffffffffff000ull);
	KUNIT_EXPECT_EQ(test, packet.fault.engine_id, 0x1ff);
	KUNIT_EXPECT_EQ(test, packet.fault.type, 0x1f);
	KUNIT_EXPECT_EQ(test, packet.fault.access, 0xf);
	KUNIT_EXPECT_EQ(test, packet.fault.client, 0x7f);
}

static void fault_parse_refuses(struct kunit *test)
{
	u32 dwords[NOVA_CORE_FAULT_DWORDS];
	struct nova_core_fault_packet packet;

	memcpy(dwords, write_fault, sizeof(dwords));
	dwords[7] &= ~NV_FAULT7_VALID;
	KUNIT_EXPECT_FALSE(test, parse(dwords, &packet));

	memcpy(dwords, write_fault, sizeof(dwords));
	dwords[7] |= NV_FAULT7_REPLAYABLE;
	KUNIT_EXPECT_FALSE(test, parse(dwords, &packet));
}

/* --- the buffer, filled by the test in the hardware's place --- */

#define ENTRIES		128
#define REG(name)	NV_VF_FAULT_BUFFER_##name(0)

struct seen {
	struct nova_core_test_gpu *gpu;
	u8 *packets;
	unsigned int count;
	struct nova_core_fault last;
};

static void fault_seen(void *data, const struct nova_core_fault *fault)
{
	struct seen *seen = data;

	seen->count++;
	seen->last = *fault;
}

static const struct nova_core_client_ops fault_ops = { .fault = fault_seen };

static struct seen *make_buffer(struct kunit *test)
{
	struct seen *seen = kunit_kzalloc(test, sizeof(*seen), GFP_KERNEL);
	struct nova_core_test_gpu *gpu = nova_core_test_gpu_create(test);
	struct nova_core *core = &gpu->core;
	u64 addr;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	seen->gpu = gpu;
	KUNIT_ASSERT_EQ(test, nova_core_chan_init(core), 0);
	KUNIT_ASSERT_EQ(test, nova_core_client_init(core), 0);
	KUNIT_ASSERT_EQ(test, nova_core_client_register(core, &fault_ops, seen), 0);
	KUNIT_ASSERT_EQ(test, nova_core_fault_init(core), 0);
	KUNIT_ASSERT_EQ(test, nova_core_fault_start(core, ENTRIES), 0);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(gpu, REG(SIZE)) & NV_VF_FAULT_BUFFER_SIZE_VAL,
			ENTRIES);

	addr = (u64)nova_core_test_gpu_reg(gpu, REG(HI)) << 32 |
	       (nova_core_test_gpu_reg(gpu, REG(LO)) & NV_VF_FAULT_BUFFER_LO_ADDR);
	seen->packets = nova_core_test_gpu_memory(gpu, addr);
	return seen;
}

static void drop_buffer(struct seen *seen)
{
	struct nova_core *core = &seen->gpu->core;

	nova_core_fault_fini(core);
	nova_core_client_unregister(core);
	nova_core_client_fini(core);
	nova_core_chan_fini(core);
}

static void put_packets(struct seen *seen, unsigned int first, unsigned int count)
{
	for (unsigned int i = first; i < first + count; i++) {
		__le32 *packet = (__le32 *)(seen->packets + i % ENTRIES * NV_FAULT_PACKET_SIZE);

		for (unsigned int j = 0; j < NOVA_CORE_FAULT_DWORDS; j++)
			packet[j] = cpu_to_le32(write_fault[j]);
	}
	nova_core_test_gpu_set_reg(seen->gpu, REG(PUT), (first + count) % ENTRIES);
}

static void service(struct seen *seen)
{
	nova_core_fault_service(&seen->gpu->core);
}

static void fault_service_around_the_ring(struct kunit *test)
{
	struct seen *seen = make_buffer(test);
	struct nova_core_test_gpu *gpu = seen->gpu;

	service(seen);		/* without cause */
	KUNIT_EXPECT_EQ(test, seen->count, 0);
	for (unsigned int i = 0; i < 3 * ENTRIES; i += 48) {
		put_packets(seen, i, 48);
		service(seen);
		KUNIT_EXPECT_EQ(test, seen->count, i + 48);
		KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(gpu, REG(GET)), (i + 48) % ENTRIES);
	}
	KUNIT_EXPECT_EQ(test, seen->last.address, 0x123489abc000ull);
	KUNIT_EXPECT_EQ(test, seen->last.chid, ~0u);
	drop_buffer(seen);
}

/* No more per interrupt than the thread can afford; the rest comes with the next. */
static void fault_service_is_bounded(struct kunit *test)
{
	struct seen *seen = make_buffer(test);

	put_packets(seen, 0, ENTRIES - 1);
	service(seen);
	KUNIT_EXPECT_EQ(test, seen->count, 64);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(seen->gpu, REG(GET)), 64);
	service(seen);
	KUNIT_EXPECT_EQ(test, seen->count, ENTRIES - 1);
	drop_buffer(seen);
}

/* PUT promises packets that are not there: they are skipped, also on the second turn. */
static void fault_service_finds_nothing(struct kunit *test)
{
	struct seen *seen = make_buffer(test);

	put_packets(seen, 0, 8);
	nova_core_test_gpu_set_reg(seen->gpu, REG(PUT), 12);
	service(seen);
	KUNIT_EXPECT_EQ(test, seen->count, 8);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(seen->gpu, REG(GET)), 12);
	for (unsigned int i = 0; i < 4; i++) {
		nova_core_test_gpu_set_reg(seen->gpu, REG(PUT), (12 + 50 * (i + 1)) % ENTRIES);
		service(seen);
	}
	KUNIT_EXPECT_EQ(test, seen->count, 8);
	drop_buffer(seen);
}

static void fault_service_wild_put(struct kunit *test)
{
	struct seen *seen = make_buffer(test);

	put_packets(seen, 0, 8);
	nova_core_test_gpu_set_reg(seen->gpu, REG(PUT), ENTRIES);
	service(seen);
	KUNIT_EXPECT_EQ(test, seen->count, 0);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(seen->gpu, REG(SIZE)), 0);
	KUNIT_EXPECT_EQ(test, nova_core_state(&seen->gpu->core), 0);
	drop_buffer(seen);
}

/* What is there is taken, then the flag is cleared by writing it back. */
static void fault_service_overflow(struct kunit *test)
{
	struct seen *seen = make_buffer(test);

	put_packets(seen, 0, 5);
	nova_core_test_gpu_set_reg(seen->gpu, REG(PUT), 5 | NV_VF_FAULT_BUFFER_OVERFLOW);
	service(seen);
	KUNIT_EXPECT_EQ(test, seen->count, 5);
	KUNIT_EXPECT_EQ(test, nova_core_test_gpu_reg(seen->gpu, REG(GET)),
			5 | NV_VF_FAULT_BUFFER_OVERFLOW);
	drop_buffer(seen);
}

static void fault_service_lost(struct kunit *test)
{
	struct seen *seen = make_buffer(test);

	put_packets(seen, 0, 5);
	nova_core_test_gpu_set_reg(seen->gpu, REG(PUT), ~0u);
	nova_core_test_gpu_set_reg(seen->gpu, 0, ~0u);	/* BOOT_0 */
	service(seen);
	KUNIT_EXPECT_EQ(test, seen->count, 0);
	KUNIT_EXPECT_EQ(test, nova_core_state(&seen->gpu->core), -ENODEV);
	drop_buffer(seen);
}

static void fault_start_refuses_sizes(struct kunit *test)
{
	struct nova_core_test_gpu *gpu = nova_core_test_gpu_create(test);

	KUNIT_ASSERT_EQ(test, nova_core_fault_init(&gpu->core), 0);
	KUNIT_EXPECT_EQ(test, nova_core_fault_start(&gpu->core, 0), -EIO);
	KUNIT_EXPECT_EQ(test, nova_core_fault_start(&gpu->core, 1), -EIO);
	KUNIT_EXPECT_EQ(test, nova_core_fault_start(&gpu->core, 65537), -EIO);
	KUNIT_EXPECT_EQ(test, nova_core_fault_start(&gpu->core, NV_VF_FAULT_BUFFER_SIZE_VAL), -EIO);
	nova_core_fault_fini(&gpu->core);
}

static struct kunit_case fault_test_cases[] = {
	KUNIT_CASE(fault_parse_write),
	KUNIT_CASE(fault_parse_field_widths),
	KUNIT_CASE(fault_parse_refuses),
	KUNIT_CASE(fault_service_around_the_ring),
	KUNIT_CASE(fault_service_is_bounded),
	KUNIT_CASE(fault_service_finds_nothing),
	KUNIT_CASE(fault_service_wild_put),
	KUNIT_CASE(fault_service_overflow),
	KUNIT_CASE(fault_service_lost),
	KUNIT_CASE(fault_start_refuses_sizes),
	{}
};

static struct kunit_suite fault_test_suite = {
	.name = "nova_core_fault",
	.test_cases = fault_test_cases,
};

kunit_test_suite(fault_test_suite);
