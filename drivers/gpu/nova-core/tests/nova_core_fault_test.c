// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Fault packets, written down dword by dword from the layout in dev_mmu_fault.ref.txt. */
#include <kunit/test.h>

#include "../nova_core_fault.h"

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

static struct kunit_case fault_test_cases[] = {
	KUNIT_CASE(fault_parse_write),
	KUNIT_CASE(fault_parse_field_widths),
	KUNIT_CASE(fault_parse_refuses),
	{}
};

static struct kunit_suite fault_test_suite = {
	.name = "nova_core_fault",
	.test_cases = fault_test_cases,
};

kunit_test_suite(fault_test_suite);
