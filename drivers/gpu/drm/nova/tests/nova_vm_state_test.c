// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The faults that are kept of an address space. */
#include <kunit/test.h>

#include "../nova_vm_state.h"

static void vm_state_add(struct nova_vm_faults *faults, u32 from, u32 to)
{
	for (; from < to; from++) {
		struct drm_nova_vm_fault fault = { .address = (u64)from << 12 };

		nova_vm_faults_add(faults, &fault);
	}
}

/* The newest @room of @count are these, in this order. */
static void vm_state_expect(struct kunit *test, struct nova_vm_faults *faults, u32 room, u32 count)
{
	struct drm_nova_vm_fault copy[NOVA_VM_FAULTS_KEPT];
	u32 kept = min3(room, count, NOVA_VM_FAULTS_KEPT), total;

	KUNIT_ASSERT_EQ(test, nova_vm_faults_copy(faults, copy, room, &total), kept);
	KUNIT_EXPECT_EQ(test, total, count);
	for (u32 i = 0; i < kept; i++)
		KUNIT_EXPECT_EQ(test, copy[i].address, (u64)(count - kept + i) << 12);
}

static void vm_state_faults(struct kunit *test)
{
	struct nova_vm_faults *faults = kunit_kzalloc(test, sizeof(*faults), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, faults);
	nova_vm_faults_init(faults, 7);
	KUNIT_EXPECT_EQ(test, faults->resets, 7);
	vm_state_expect(test, faults, 4, 0);
	vm_state_add(faults, 0, 3);
	vm_state_expect(test, faults, 0, 3);
	vm_state_expect(test, faults, 2, 3);
	vm_state_expect(test, faults, U32_MAX, 3);
	vm_state_add(faults, 3, NOVA_VM_FAULTS_KEPT);
	vm_state_expect(test, faults, U32_MAX, NOVA_VM_FAULTS_KEPT);
	vm_state_add(faults, NOVA_VM_FAULTS_KEPT, 3 * NOVA_VM_FAULTS_KEPT + 5);
	vm_state_expect(test, faults, U32_MAX, 3 * NOVA_VM_FAULTS_KEPT + 5);
	vm_state_expect(test, faults, 1, 3 * NOVA_VM_FAULTS_KEPT + 5);
}

static struct kunit_case vm_state_test_cases[] = {
	KUNIT_CASE(vm_state_faults),
	{}
};

static struct kunit_suite vm_state_test_suite = {
	.name = "nova_vm_state",
	.test_cases = vm_state_test_cases,
};

kunit_test_suite(vm_state_test_suite);
