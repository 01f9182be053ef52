// SPDX-License-Identifier: MIT
/* The UAPI's layout: sizes and offsets written down by hand, so that no edit changes the ABI unseen. */
#include "fake_kernel.h"

#define SIZE(type, size) \
	_Static_assert(sizeof(struct type) == (size) && (size) % 8 == 0, #type)
#define FIELD(type, field, offset, size) \
	_Static_assert(offsetof(struct type, field) == (offset) && \
		       sizeof(((struct type *)0)->field) == (size), #type "." #field)

SIZE(drm_nova_array, 16);
FIELD(drm_nova_array, stride, 0, 4);
FIELD(drm_nova_array, count, 4, 4);
FIELD(drm_nova_array, ptr, 8, 8);

SIZE(drm_nova_getparam, 16);
FIELD(drm_nova_getparam, param, 0, 8);
FIELD(drm_nova_getparam, value, 8, 8);

SIZE(drm_nova_gem_create, 32);
FIELD(drm_nova_gem_create, handle, 0, 4);
FIELD(drm_nova_gem_create, pad, 4, 4);
FIELD(drm_nova_gem_create, size, 8, 8);
FIELD(drm_nova_gem_create, flags, 16, 4);
FIELD(drm_nova_gem_create, placement, 20, 4);
FIELD(drm_nova_gem_create, vm_id, 24, 4);
FIELD(drm_nova_gem_create, cpu_caching, 28, 4);

SIZE(drm_nova_gem_info, 32);
FIELD(drm_nova_gem_info, handle, 0, 4);
FIELD(drm_nova_gem_info, pad, 4, 4);
FIELD(drm_nova_gem_info, size, 8, 8);
FIELD(drm_nova_gem_info, flags, 16, 4);
FIELD(drm_nova_gem_info, placement, 20, 4);
FIELD(drm_nova_gem_info, resident, 24, 4);
FIELD(drm_nova_gem_info, reserved, 28, 4);

SIZE(drm_nova_dev_query, 16);
FIELD(drm_nova_dev_query, type, 0, 4);
FIELD(drm_nova_dev_query, size, 4, 4);
FIELD(drm_nova_dev_query, pointer, 8, 8);

SIZE(drm_nova_query_device, 40);
FIELD(drm_nova_query_device, chip_id, 0, 4);
FIELD(drm_nova_query_device, revision, 4, 4);
FIELD(drm_nova_query_device, generation, 8, 8);
FIELD(drm_nova_query_device, features, 16, 8);
FIELD(drm_nova_query_device, pci_domain, 24, 4);
FIELD(drm_nova_query_device, pci_bus, 28, 4);
FIELD(drm_nova_query_device, pci_device, 32, 4);
FIELD(drm_nova_query_device, pci_function, 36, 4);

SIZE(drm_nova_memory_region, 24);
FIELD(drm_nova_memory_region, placement, 0, 4);
FIELD(drm_nova_memory_region, reserved, 4, 4);
FIELD(drm_nova_memory_region, total, 8, 8);
FIELD(drm_nova_memory_region, used, 16, 8);

SIZE(drm_nova_query_memory, 104);
FIELD(drm_nova_query_memory, count, 0, 4);
FIELD(drm_nova_query_memory, reserved, 4, 4);
FIELD(drm_nova_query_memory, regions, 8, 96);

SIZE(drm_nova_engine, 24);
FIELD(drm_nova_engine, index, 0, 4);
FIELD(drm_nova_engine, type, 4, 4);
FIELD(drm_nova_engine, instance, 8, 4);
FIELD(drm_nova_engine, host_class, 12, 4);
FIELD(drm_nova_engine, class_id, 16, 4);
FIELD(drm_nova_engine, subchannel, 20, 4);

SIZE(drm_nova_query_engines, 200);
FIELD(drm_nova_query_engines, count, 0, 4);
FIELD(drm_nova_query_engines, reserved, 4, 4);
FIELD(drm_nova_query_engines, engines, 8, 192);

SIZE(drm_nova_query_limits, 96);
FIELD(drm_nova_query_limits, va_bits, 0, 4);
FIELD(drm_nova_query_limits, page_size, 4, 4);
FIELD(drm_nova_query_limits, gem_size_max, 8, 8);
FIELD(drm_nova_query_limits, va_push_end, 16, 8);
FIELD(drm_nova_query_limits, push_bytes_max, 24, 4);
FIELD(drm_nova_query_limits, bind_ops_max, 28, 4);
FIELD(drm_nova_query_limits, exec_jobs_max, 32, 4);
FIELD(drm_nova_query_limits, exec_pushes_max, 36, 4);
FIELD(drm_nova_query_limits, syncs_max, 40, 4);
FIELD(drm_nova_query_limits, vms_max, 44, 4);
FIELD(drm_nova_query_limits, queues_max, 48, 4);
FIELD(drm_nova_query_limits, ring_size_min, 52, 4);
FIELD(drm_nova_query_limits, ring_size_max, 56, 4);
FIELD(drm_nova_query_limits, job_timeout_ms, 60, 4);
FIELD(drm_nova_query_limits, queue_jobs_max, 64, 4);
FIELD(drm_nova_query_limits, page_tables_max, 68, 4);
FIELD(drm_nova_query_limits, file_gem_bytes_max, 72, 8);
FIELD(drm_nova_query_limits, vm_binds_max, 80, 4);
FIELD(drm_nova_query_limits, reserved, 84, 4);
FIELD(drm_nova_query_limits, userq_vram_bytes_max, 88, 8);

SIZE(drm_nova_query_priorities, 8);
FIELD(drm_nova_query_priorities, allowed, 0, 4);
FIELD(drm_nova_query_priorities, known, 4, 4);

SIZE(drm_nova_gem_set_meta, 32);
FIELD(drm_nova_gem_set_meta, handle, 0, 4);
FIELD(drm_nova_gem_set_meta, op, 4, 4);
FIELD(drm_nova_gem_set_meta, value, 8, 8);
FIELD(drm_nova_gem_set_meta, pointer, 16, 8);
FIELD(drm_nova_gem_set_meta, retained, 24, 4);
FIELD(drm_nova_gem_set_meta, pad, 28, 4);

SIZE(drm_nova_gem_mmap_offset, 16);
FIELD(drm_nova_gem_mmap_offset, handle, 0, 4);
FIELD(drm_nova_gem_mmap_offset, flags, 4, 4);
FIELD(drm_nova_gem_mmap_offset, offset, 8, 8);

SIZE(drm_nova_vm_create, 24);
FIELD(drm_nova_vm_create, flags, 0, 4);
FIELD(drm_nova_vm_create, vm_id, 4, 4);
FIELD(drm_nova_vm_create, va_start, 8, 8);
FIELD(drm_nova_vm_create, va_size, 16, 8);

SIZE(drm_nova_vm_destroy, 8);
FIELD(drm_nova_vm_destroy, vm_id, 0, 4);
FIELD(drm_nova_vm_destroy, pad, 4, 4);

SIZE(drm_nova_vm_bind_op, 40);
FIELD(drm_nova_vm_bind_op, op, 0, 4);
FIELD(drm_nova_vm_bind_op, flags, 4, 4);
FIELD(drm_nova_vm_bind_op, handle, 8, 4);
FIELD(drm_nova_vm_bind_op, pad, 12, 4);
FIELD(drm_nova_vm_bind_op, bo_offset, 16, 8);
FIELD(drm_nova_vm_bind_op, va, 24, 8);
FIELD(drm_nova_vm_bind_op, size, 32, 8);

SIZE(drm_nova_vm_bind, 40);
FIELD(drm_nova_vm_bind, vm_id, 0, 4);
FIELD(drm_nova_vm_bind, flags, 4, 4);
FIELD(drm_nova_vm_bind, ops, 8, 16);
FIELD(drm_nova_vm_bind, syncs, 24, 16);

SIZE(drm_nova_vm_fault, 40);
FIELD(drm_nova_vm_fault, address, 0, 8);
FIELD(drm_nova_vm_fault, time_ns, 8, 8);
FIELD(drm_nova_vm_fault, type, 16, 4);
FIELD(drm_nova_vm_fault, access, 20, 4);
FIELD(drm_nova_vm_fault, client, 24, 4);
FIELD(drm_nova_vm_fault, engine, 28, 4);
FIELD(drm_nova_vm_fault, queue_id, 32, 4);
FIELD(drm_nova_vm_fault, reserved, 36, 4);

SIZE(drm_nova_vm_get_state, 32);
FIELD(drm_nova_vm_get_state, vm_id, 0, 4);
FIELD(drm_nova_vm_get_state, state, 4, 4);
FIELD(drm_nova_vm_get_state, reset_count, 8, 4);
FIELD(drm_nova_vm_get_state, fault_count, 12, 4);
FIELD(drm_nova_vm_get_state, faults, 16, 16);

SIZE(drm_nova_queue_create, 56);
FIELD(drm_nova_queue_create, vm_id, 0, 4);
FIELD(drm_nova_queue_create, engine, 4, 4);
FIELD(drm_nova_queue_create, priority, 8, 4);
FIELD(drm_nova_queue_create, flags, 12, 4);
FIELD(drm_nova_queue_create, ring_size, 16, 4);
FIELD(drm_nova_queue_create, queue_id, 20, 4);
FIELD(drm_nova_queue_create, doorbell_offset, 24, 8);
FIELD(drm_nova_queue_create, map_size, 32, 8);
FIELD(drm_nova_queue_create, ring_va, 40, 8);
FIELD(drm_nova_queue_create, token, 48, 4);
FIELD(drm_nova_queue_create, reserved, 52, 4);

SIZE(drm_nova_queue_destroy, 8);
FIELD(drm_nova_queue_destroy, queue_id, 0, 4);
FIELD(drm_nova_queue_destroy, pad, 4, 4);

SIZE(drm_nova_queue_get_state, 16);
FIELD(drm_nova_queue_get_state, queue_id, 0, 4);
FIELD(drm_nova_queue_get_state, flags, 4, 4);
FIELD(drm_nova_queue_get_state, reset_count, 8, 4);
FIELD(drm_nova_queue_get_state, error, 12, 4);

SIZE(drm_nova_sync, 16);
FIELD(drm_nova_sync, flags, 0, 4);
FIELD(drm_nova_sync, handle, 4, 4);
FIELD(drm_nova_sync, point, 8, 8);

SIZE(drm_nova_push, 16);
FIELD(drm_nova_push, va, 0, 8);
FIELD(drm_nova_push, length, 8, 4);
FIELD(drm_nova_push, flags, 12, 4);

SIZE(drm_nova_job, 40);
FIELD(drm_nova_job, flags, 0, 4);
FIELD(drm_nova_job, pad, 4, 4);
FIELD(drm_nova_job, pushes, 8, 16);
FIELD(drm_nova_job, syncs, 24, 16);

SIZE(drm_nova_exec, 24);
FIELD(drm_nova_exec, queue_id, 0, 4);
FIELD(drm_nova_exec, flags, 4, 4);
FIELD(drm_nova_exec, jobs, 8, 16);

SIZE(drm_nova_get_time, 40);
FIELD(drm_nova_get_time, flags, 0, 4);
FIELD(drm_nova_get_time, clock_id, 4, 4);
FIELD(drm_nova_get_time, gpu_ns, 8, 8);
FIELD(drm_nova_get_time, cpu_ns, 16, 8);
FIELD(drm_nova_get_time, duration_ns, 24, 8);
FIELD(drm_nova_get_time, reserved, 32, 8);

SIZE(drm_nova_wait_user_fence, 48);
FIELD(drm_nova_wait_user_fence, vm_id, 0, 4);
FIELD(drm_nova_wait_user_fence, flags, 4, 4);
FIELD(drm_nova_wait_user_fence, op, 8, 4);
FIELD(drm_nova_wait_user_fence, queue_id, 12, 4);
FIELD(drm_nova_wait_user_fence, address, 16, 8);
FIELD(drm_nova_wait_user_fence, value, 24, 8);
FIELD(drm_nova_wait_user_fence, mask, 32, 8);
FIELD(drm_nova_wait_user_fence, timeout, 40, 8);

/* libnova's own numbers are the kernel's. */
_Static_assert(NOVA_FENCE_EQ == DRM_NOVA_USER_FENCE_EQ && NOVA_FENCE_NEQ == DRM_NOVA_USER_FENCE_NEQ &&
	       NOVA_FENCE_GT == DRM_NOVA_USER_FENCE_GT && NOVA_FENCE_GE == DRM_NOVA_USER_FENCE_GE &&
	       NOVA_FENCE_LT == DRM_NOVA_USER_FENCE_LT && NOVA_FENCE_LE == DRM_NOVA_USER_FENCE_LE,
	       "fence ops");
_Static_assert(NOVA_PLACEMENT_VRAM == DRM_NOVA_PLACEMENT_VRAM &&
	       NOVA_PLACEMENT_SYSTEM == DRM_NOVA_PLACEMENT_SYSTEM, "placement");
_Static_assert(NOVA_BO_NO_MMAP == DRM_NOVA_GEM_NO_MMAP, "bo flags");
_Static_assert(NOVA_BO_LABEL_MAX == DRM_NOVA_GEM_LABEL_MAX, "label");
_Static_assert((int)NOVA_BO_WILLNEED == DRM_NOVA_MADVISE_WILLNEED &&
	       (int)NOVA_BO_DONTNEED == DRM_NOVA_MADVISE_DONTNEED, "advice");
_Static_assert(NOVA_CACHING_DEFAULT == DRM_NOVA_CPU_CACHING_DEFAULT &&
	       NOVA_CACHING_WB == DRM_NOVA_CPU_CACHING_WB &&
	       NOVA_CACHING_WC == DRM_NOVA_CPU_CACHING_WC, "caching");
_Static_assert(NOVA_ENGINE_COPY == DRM_NOVA_ENGINE_COPY, "engine");
_Static_assert(NOVA_ENGINE_GRAPHICS == DRM_NOVA_ENGINE_GRAPHICS, "engine");
_Static_assert(NOVA_VM_OP_MAP == DRM_NOVA_VM_BIND_OP_MAP &&
	       NOVA_VM_OP_UNMAP == DRM_NOVA_VM_BIND_OP_UNMAP &&
	       NOVA_VM_OP_UNMAP_ALL == DRM_NOVA_VM_BIND_OP_UNMAP_ALL, "vm ops");
_Static_assert(NOVA_VM_READONLY == DRM_NOVA_VM_BIND_READONLY &&
	       NOVA_VM_SPARSE == DRM_NOVA_VM_BIND_SPARSE &&
	       NOVA_VM_USERPTR == DRM_NOVA_VM_BIND_USERPTR &&
	       NOVA_VM_SCRATCH == DRM_NOVA_VM_SCRATCH, "vm flags");
_Static_assert(NOVA_FEATURE_ASYNC_BIND == DRM_NOVA_FEATURE_ASYNC_BIND &&
	       NOVA_FEATURE_SPARSE == DRM_NOVA_FEATURE_SPARSE &&
	       NOVA_FEATURE_USERPTR == DRM_NOVA_FEATURE_USERPTR, "features");
_Static_assert(NOVA_PRIORITY_LOW == DRM_NOVA_PRIORITY_LOW &&
	       NOVA_PRIORITY_NORMAL == DRM_NOVA_PRIORITY_NORMAL &&
	       NOVA_PRIORITY_HIGH == DRM_NOVA_PRIORITY_HIGH, "priority");
_Static_assert(NOVA_QUEUE_GUILTY == DRM_NOVA_QUEUE_STATE_GUILTY &&
	       NOVA_QUEUE_INNOCENT == DRM_NOVA_QUEUE_STATE_INNOCENT &&
	       NOVA_QUEUE_TIMEDOUT == DRM_NOVA_QUEUE_STATE_TIMEDOUT &&
	       NOVA_QUEUE_LOST == DRM_NOVA_QUEUE_STATE_LOST, "queue state");
_Static_assert(NOVA_PUSH_RANGE_SYNC == DRM_NOVA_PUSH_SYNC, "push flags");
_Static_assert(NOVA_MEMORY_REGIONS_MAX == sizeof(((struct drm_nova_query_memory *)0)->regions) /
	       sizeof(struct drm_nova_memory_region), "regions");
_Static_assert(NOVA_ENGINES_MAX == sizeof(((struct drm_nova_query_engines *)0)->engines) /
	       sizeof(struct drm_nova_engine), "engines");

/* Number, size and direction of each ioctl; 0xc0 is read and write, 0x40 write only. */
static void test_numbers(void **state)
{
	(void)state;
	assert_int_equal(DRM_IOCTL_NOVA_GETPARAM, 0xc0106440);
	assert_int_equal(DRM_IOCTL_NOVA_GEM_CREATE, 0xc0206441);
	assert_int_equal(DRM_IOCTL_NOVA_GEM_INFO, 0xc0206442);
	assert_int_equal(DRM_IOCTL_NOVA_DEV_QUERY, 0xc0106460);
	assert_int_equal(DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, 0xc0106461);
	assert_int_equal(DRM_IOCTL_NOVA_GEM_SET_META, 0xc0206462);
	assert_int_equal(DRM_IOCTL_NOVA_VM_CREATE, 0xc0186463);
	assert_int_equal(DRM_IOCTL_NOVA_VM_DESTROY, 0x40086464);
	assert_int_equal(DRM_IOCTL_NOVA_VM_BIND, 0x40286465);
	assert_int_equal(DRM_IOCTL_NOVA_VM_GET_STATE, 0xc0206466);
	assert_int_equal(DRM_IOCTL_NOVA_QUEUE_CREATE, 0xc0386467);
	assert_int_equal(DRM_IOCTL_NOVA_QUEUE_DESTROY, 0x40086468);
	assert_int_equal(DRM_IOCTL_NOVA_QUEUE_GET_STATE, 0xc0106469);
	assert_int_equal(DRM_IOCTL_NOVA_EXEC, 0x4018646a);
	assert_int_equal(DRM_IOCTL_NOVA_GET_TIME, 0xc028646b);
	assert_int_equal(DRM_IOCTL_NOVA_WAIT_USER_FENCE, 0x4030646c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests_name("uapi", tests, NULL, NULL);
}
