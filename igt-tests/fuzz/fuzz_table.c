/* SPDX-License-Identifier: MIT */
/* The driver's ioctls: the fields of their structures, and the errors that the header names. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "nova_drm.h"

#include "fuzz.h"

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))


/* --- questions --- */

static const struct fuzz_field getparam_fields[] = {
	FUZZ_FIELD(struct drm_nova_getparam, param, ENUM, .arg = 2),
	FUZZ_FIELD(struct drm_nova_getparam, value, OUT),
};

static void prepare_getparam(struct fuzz_op *op, void *data)
{
	struct drm_nova_getparam *args = data;

	if (!fuzz_broken(op))
		args->param = NOVA_GETPARAM_VRAM_BAR_SIZE |
			      (fuzz_next(&op->random) & ~0xffffffffull);
}

static const struct fuzz_struct getparam_struct =
	FUZZ_STRUCT(struct drm_nova_getparam, getparam_fields, NULL);

static const struct fuzz_field dev_query_fields[] = {
	FUZZ_FIELD(struct drm_nova_dev_query, type, ENUM, .arg = DRM_NOVA_QUERY_PRIORITIES + 1),
	FUZZ_FIELD(struct drm_nova_dev_query, size, INOUT),
	FUZZ_FIELD(struct drm_nova_dev_query, pointer, SET),
};

static const uint32_t query_sizes[] = {
	[DRM_NOVA_QUERY_DEVICE] = sizeof(struct drm_nova_query_device),
	[DRM_NOVA_QUERY_MEMORY] = sizeof(struct drm_nova_query_memory),
	[DRM_NOVA_QUERY_ENGINES] = sizeof(struct drm_nova_query_engines),
	[DRM_NOVA_QUERY_LIMITS] = sizeof(struct drm_nova_query_limits),
	[DRM_NOVA_QUERY_PRIORITIES] = sizeof(struct drm_nova_query_priorities),
};

static void prepare_dev_query(struct fuzz_op *op, void *data)
{
	struct fuzz_memory *memory = &op->thread->memory;
	struct drm_nova_dev_query *args = data;
	uint32_t size = args->type < COUNT(query_sizes) ? query_sizes[args->type] : 64;

	if (fuzz_chance(&op->random, 3))
		size = fuzz_below(&op->random, 2 * size + 8);
	op->answer_size = size;
	memset(memory->answer, (char)FUZZ_PATTERN, FUZZ_PAGE);
	args->size = size;
	args->pointer = 0;
	if (!fuzz_chance(&op->random, 4))
		args->pointer = fuzz_pointer(op, memory->answer + FUZZ_PAGE - size, size);
	else
		op->answer_size = 0;
	if (fuzz_broken(op)) {
		args->size = fuzz_next(&op->random);
		op->bad_pointer = true;
	}
}

/* Nothing before the answer, nothing between it and the end but zeroes, and the kernel's size. */
static const char *check_dev_query(struct fuzz_op *op, const void *data)
{
	const char *answer = op->thread->memory.answer + FUZZ_PAGE - op->answer_size;
	const struct drm_nova_dev_query *args = data;

	if (args->type >= COUNT(query_sizes) || args->size != query_sizes[args->type])
		return "the answer's size is not that of the structure";
	for (const char *at = op->thread->memory.answer; at < answer; at++)
		if (*at != (char)FUZZ_PATTERN)
			return "something was written before the buffer";
	if (op->bad_pointer)
		return NULL;
	for (uint32_t at = args->size; at < op->answer_size; at++)
		if (answer[at])
			return "the rest of the buffer is not zero";
	for (uint32_t at = 0; at + 8 <= op->answer_size; at += 8)
		if (memcmp(answer + at, &(uint64_t){ FUZZ_PATTERN }, 8) == 0)
			return "a part of the answer was not written";
	return NULL;
}

static const struct fuzz_struct dev_query_struct =
	FUZZ_STRUCT(struct drm_nova_dev_query, dev_query_fields, NULL);

static const struct fuzz_field get_time_fields[] = {
	FUZZ_FIELD(struct drm_nova_get_time, flags, ZERO),
	FUZZ_FIELD(struct drm_nova_get_time, clock_id, SET),
	FUZZ_FIELD(struct drm_nova_get_time, gpu_ns, OUT),
	FUZZ_FIELD(struct drm_nova_get_time, cpu_ns, OUT),
	FUZZ_FIELD(struct drm_nova_get_time, duration_ns, OUT),
	FUZZ_FIELD(struct drm_nova_get_time, reserved, ZERO),
};

static void prepare_get_time(struct fuzz_op *op, void *data)
{
	static const uint32_t clocks[] = {
		CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME, CLOCK_BOOTTIME,
	};
	struct drm_nova_get_time *args = data;

	args->clock_id = clocks[fuzz_below(&op->random, COUNT(clocks))];
	if (fuzz_broken(op))
		args->clock_id = fuzz_below(&op->random, 20);
}

static const struct fuzz_struct get_time_struct =
	FUZZ_STRUCT(struct drm_nova_get_time, get_time_fields, NULL);

/* --- buffers --- */

static const struct fuzz_field gem_create_fields[] = {
	FUZZ_FIELD(struct drm_nova_gem_create, handle, NEW, .arg = FUZZ_GEM),
	FUZZ_FIELD(struct drm_nova_gem_create, pad, IGNORED),
	FUZZ_FIELD(struct drm_nova_gem_create, size, SIZE),
	FUZZ_FIELD(struct drm_nova_gem_create, flags, FLAGS, .arg = DRM_NOVA_GEM_NO_MMAP),
	FUZZ_FIELD(struct drm_nova_gem_create, placement, FLAGS,
		   .arg = DRM_NOVA_PLACEMENT_VRAM | DRM_NOVA_PLACEMENT_SYSTEM),
	FUZZ_FIELD(struct drm_nova_gem_create, vm_id, HANDLE_OR_0, .arg = FUZZ_VM),
	FUZZ_FIELD(struct drm_nova_gem_create, cpu_caching, ENUM,
		   .arg = DRM_NOVA_CPU_CACHING_WC + 1),
};

static void repair_gem_create(struct fuzz_op *op, void *data)
{
	struct drm_nova_gem_create *args = data;

	if (args->cpu_caching == DRM_NOVA_CPU_CACHING_WB && !fuzz_broken(op))
		args->placement = DRM_NOVA_PLACEMENT_SYSTEM;
}

static const struct fuzz_struct gem_create_struct =
	FUZZ_STRUCT(struct drm_nova_gem_create, gem_create_fields, repair_gem_create);

static const struct fuzz_field gem_info_fields[] = {
	FUZZ_FIELD(struct drm_nova_gem_info, handle, HANDLE, .arg = FUZZ_GEM),
	FUZZ_FIELD(struct drm_nova_gem_info, pad, IGNORED),
	FUZZ_FIELD(struct drm_nova_gem_info, size, OUT),
	FUZZ_FIELD(struct drm_nova_gem_info, flags, OUT),
	FUZZ_FIELD(struct drm_nova_gem_info, placement, OUT),
	FUZZ_FIELD(struct drm_nova_gem_info, resident, OUT),
	FUZZ_FIELD(struct drm_nova_gem_info, reserved, OUT_ZERO),
};

static const char *check_gem_info(struct fuzz_op *op, const void *data)
{
	const struct drm_nova_gem_info *args = data;

	(void)op;
	if (!args->size || args->size % FUZZ_PAGE)
		return "the size is not one of pages";
	if (args->flags & ~(DRM_NOVA_GEM_NO_MMAP | DRM_NOVA_GEM_INFO_IMPORTED))
		return "unknown flags";
	if (!args->placement || args->placement & ~3u || args->resident & ~args->placement)
		return "a place that is none";
	return NULL;
}

static const struct fuzz_struct gem_info_struct =
	FUZZ_STRUCT(struct drm_nova_gem_info, gem_info_fields, NULL);

static const struct fuzz_field mmap_offset_fields[] = {
	FUZZ_FIELD(struct drm_nova_gem_mmap_offset, handle, HANDLE, .arg = FUZZ_GEM),
	FUZZ_FIELD(struct drm_nova_gem_mmap_offset, flags, ZERO),
	FUZZ_FIELD(struct drm_nova_gem_mmap_offset, offset, OUT),
};

static const struct fuzz_struct mmap_offset_struct =
	FUZZ_STRUCT(struct drm_nova_gem_mmap_offset, mmap_offset_fields, NULL);

static const struct fuzz_field gem_set_meta_fields[] = {
	FUZZ_FIELD(struct drm_nova_gem_set_meta, handle, HANDLE, .arg = FUZZ_GEM),
	FUZZ_FIELD(struct drm_nova_gem_set_meta, op, ENUM, .arg = DRM_NOVA_GEM_META_MADVISE + 1),
	FUZZ_FIELD(struct drm_nova_gem_set_meta, value, SET),
	FUZZ_FIELD(struct drm_nova_gem_set_meta, pointer, SET),
	FUZZ_FIELD(struct drm_nova_gem_set_meta, retained, INOUT),
	FUZZ_FIELD(struct drm_nova_gem_set_meta, pad, ZERO),
};

static void prepare_gem_set_meta(struct fuzz_op *op, void *data)
{
	struct drm_nova_gem_set_meta *args = data;
	uint32_t length = fuzz_below(&op->random, 64), other = fuzz_next(&op->random);
	char *label;

	args->value = fuzz_below(&op->random, DRM_NOVA_MADVISE_DONTNEED + 1);
	args->pointer = 0;
	if (args->op == DRM_NOVA_GEM_META_LABEL) {
		label = fuzz_alloc(op, length);
		for (uint32_t i = 0; label && i < length; i++)
			label[i] = fuzz_next(&op->random);
		args->value = label ? length : 0;
		args->pointer = fuzz_pointer(op, label, length);
	}
	if (fuzz_broken(op)) {
		args->value = other;
		op->bad_pointer = true;
	}
	if (fuzz_broken(op)) {
		args->pointer = other;
		op->bad_pointer = true;
	}
}

static const struct fuzz_struct gem_set_meta_struct =
	FUZZ_STRUCT(struct drm_nova_gem_set_meta, gem_set_meta_fields, NULL);

/* --- address spaces --- */

static const struct fuzz_field vm_create_fields[] = {
	FUZZ_FIELD(struct drm_nova_vm_create, flags, FLAGS, .arg = DRM_NOVA_VM_SCRATCH),
	FUZZ_FIELD(struct drm_nova_vm_create, vm_id, NEW, .arg = FUZZ_VM),
	FUZZ_FIELD(struct drm_nova_vm_create, va_start, OUT),
	FUZZ_FIELD(struct drm_nova_vm_create, va_size, OUT),
};

static const struct fuzz_struct vm_create_struct =
	FUZZ_STRUCT(struct drm_nova_vm_create, vm_create_fields, NULL);

static const struct fuzz_field vm_destroy_fields[] = {
	FUZZ_FIELD(struct drm_nova_vm_destroy, vm_id, TAKE, .arg = FUZZ_VM),
	FUZZ_FIELD(struct drm_nova_vm_destroy, pad, ZERO),
};

static const struct fuzz_struct vm_destroy_struct =
	FUZZ_STRUCT(struct drm_nova_vm_destroy, vm_destroy_fields, NULL);

/* The answer is an array: the kernel writes its elements, and how many they are. */
static const struct fuzz_field vm_get_state_fields[] = {
	FUZZ_FIELD(struct drm_nova_vm_get_state, vm_id, HANDLE, .arg = FUZZ_VM),
	FUZZ_FIELD(struct drm_nova_vm_get_state, state, OUT),
	FUZZ_FIELD(struct drm_nova_vm_get_state, reset_count, OUT),
	FUZZ_FIELD(struct drm_nova_vm_get_state, fault_count, OUT),
	FUZZ_FIELD(struct drm_nova_vm_get_state, faults.stride, SET),
	FUZZ_FIELD(struct drm_nova_vm_get_state, faults.count, INOUT),
	FUZZ_FIELD(struct drm_nova_vm_get_state, faults.ptr, SET),
};

static void prepare_vm_get_state(struct fuzz_op *op, void *data)
{
	struct drm_nova_vm_get_state *args = data;
	uint32_t more = fuzz_below(&op->random, 4), size;
	char *answer = op->thread->memory.answer;

	args->faults.stride = sizeof(struct drm_nova_vm_fault);
	args->faults.count = fuzz_below(&op->random, 20);
	if (fuzz_broken(op))
		args->faults.stride += 4 * more - 8;
	size = args->faults.count * args->faults.stride;
	args->faults.ptr = fuzz_pointer(op, answer + FUZZ_PAGE - size, size);
	if (fuzz_broken(op)) {
		args->faults.count = ~0u >> more * 8;
		op->bad_pointer = true;
	}
}

static const char *check_vm_get_state(struct fuzz_op *op, const void *data)
{
	const struct drm_nova_vm_get_state *args = data;

	(void)op;
	if (args->state & ~DRM_NOVA_VM_STATE_USABLE)
		return "an unknown state";
	return args->faults.count > 16 ? "more faults than are kept" : NULL;
}

static const struct fuzz_struct vm_get_state_struct =
	FUZZ_STRUCT(struct drm_nova_vm_get_state, vm_get_state_fields, NULL);

static const struct fuzz_field bind_op_fields[] = {
	FUZZ_FIELD(struct drm_nova_vm_bind_op, op, ENUM, .arg = DRM_NOVA_VM_BIND_OP_UNMAP_ALL + 1),
	FUZZ_FIELD(struct drm_nova_vm_bind_op, flags, FLAGS,
		   .arg = DRM_NOVA_VM_BIND_READONLY | DRM_NOVA_VM_BIND_SPARSE |
			  DRM_NOVA_VM_BIND_USERPTR),
	FUZZ_FIELD(struct drm_nova_vm_bind_op, handle, HANDLE, .arg = FUZZ_GEM),
	FUZZ_FIELD(struct drm_nova_vm_bind_op, pad, ZERO),
	FUZZ_FIELD(struct drm_nova_vm_bind_op, bo_offset, OFFSET),
	FUZZ_FIELD(struct drm_nova_vm_bind_op, va, VA),
	FUZZ_FIELD(struct drm_nova_vm_bind_op, size, RANGE),
};

/* In the buffer, if there is one: its size is not known here. */
static void fit_buffer(struct fuzz_op *op, struct drm_nova_vm_bind_op *args)
{
	struct drm_nova_gem_info info = { .handle = args->handle };

	if (fuzz_raw_ioctl(op->file->fd, DRM_IOCTL_NOVA_GEM_INFO, &info))
		return;
	if (args->bo_offset >= info.size)
		args->bo_offset = 0;
	if (args->size > info.size - args->bo_offset)
		args->size = info.size - args->bo_offset;
}

/* Of memory that nothing else is in: the GPU may write to it. */
static void fit_user(struct fuzz_op *op, struct drm_nova_vm_bind_op *args)
{
	uint64_t offset = fuzz_below(&op->random, FUZZ_USER / FUZZ_PAGE) * (uint64_t)FUZZ_PAGE;

	args->handle = 0;
	args->bo_offset = (uintptr_t)op->thread->memory.user + offset;
	/* Sometimes there is no such memory behind it. */
	if (args->size > FUZZ_USER - offset && !fuzz_chance(&op->random, 8))
		args->size = FUZZ_USER - offset;
}

static void repair_bind_op(struct fuzz_op *op, void *data)
{
	struct drm_nova_vm_bind_op *args = data;

	if (fuzz_broken(op))
		return;
	/* Most of the time something is to be mapped. */
	if (!fuzz_chance(&op->random, 4))
		args->op = DRM_NOVA_VM_BIND_OP_MAP;
	/* Most of it buffers: as long as a process lacks memory that is bound, no job is taken. */
	if (args->flags & DRM_NOVA_VM_BIND_SPARSE || !fuzz_chance(&op->random, 3))
		args->flags &= ~DRM_NOVA_VM_BIND_USERPTR;
	if (args->op == DRM_NOVA_VM_BIND_OP_MAP && !(args->flags & DRM_NOVA_VM_BIND_SPARSE)) {
		if (args->flags & DRM_NOVA_VM_BIND_USERPTR)
			fit_user(op, args);
		else
			fit_buffer(op, args);
		return;
	}
	args->flags &= args->op == DRM_NOVA_VM_BIND_OP_MAP ? DRM_NOVA_VM_BIND_SPARSE : 0;
	args->handle = 0;
	args->bo_offset = 0;
	if (args->op == DRM_NOVA_VM_BIND_OP_UNMAP_ALL)
		args->va = args->size = 0;
}

static const struct fuzz_struct bind_op_struct =
	FUZZ_STRUCT(struct drm_nova_vm_bind_op, bind_op_fields, repair_bind_op);

static const struct fuzz_field sync_arg_fields[] = {
	FUZZ_FIELD(struct drm_nova_sync, flags, FLAGS,
		   .arg = DRM_NOVA_SYNC_SIGNAL | DRM_NOVA_SYNC_TIMELINE),
	FUZZ_FIELD(struct drm_nova_sync, handle, HANDLE, .arg = FUZZ_SYNCOBJ),
	FUZZ_FIELD(struct drm_nova_sync, point, POINT),
};

static void repair_sync(struct fuzz_op *op, void *data)
{
	struct drm_nova_sync *args = data;

	if (fuzz_broken(op))
		return;
	/* What has no fence yet cannot be waited for, and one such wait refuses all the jobs. */
	if (!fuzz_chance(&op->random, 12))
		args->flags |= DRM_NOVA_SYNC_SIGNAL;
	if (!(args->flags & DRM_NOVA_SYNC_TIMELINE))
		args->point = 0;
}

static const struct fuzz_struct sync_struct =
	FUZZ_STRUCT(struct drm_nova_sync, sync_arg_fields, repair_sync);

static const struct fuzz_field vm_bind_fields[] = {
	FUZZ_FIELD(struct drm_nova_vm_bind, vm_id, HANDLE, .arg = FUZZ_VM),
	FUZZ_FIELD(struct drm_nova_vm_bind, flags, FLAGS, .arg = DRM_NOVA_VM_BIND_ASYNC),
	FUZZ_FIELD(struct drm_nova_vm_bind, ops, ARRAY, .arg = 4, .element = &bind_op_struct),
	FUZZ_FIELD(struct drm_nova_vm_bind, syncs, ARRAY, .arg = 3, .element = &sync_struct),
};

static void repair_vm_bind(struct fuzz_op *op, void *data)
{
	struct drm_nova_vm_bind *args = data;

	if (!(args->flags & DRM_NOVA_VM_BIND_ASYNC) && !fuzz_broken(op))
		args->syncs.count = 0;
}

static const struct fuzz_struct vm_bind_struct =
	FUZZ_STRUCT(struct drm_nova_vm_bind, vm_bind_fields, repair_vm_bind);

/* --- queues --- */

static const struct fuzz_field queue_create_fields[] = {
	FUZZ_FIELD(struct drm_nova_queue_create, vm_id, HANDLE, .arg = FUZZ_VM),
	FUZZ_FIELD(struct drm_nova_queue_create, engine, ENUM, .arg = 3),
	FUZZ_FIELD(struct drm_nova_queue_create, priority, ENUM, .arg = DRM_NOVA_PRIORITY_HIGH + 1),
	FUZZ_FIELD(struct drm_nova_queue_create, flags, FLAGS, .arg = DRM_NOVA_QUEUE_USERMODE),
	FUZZ_FIELD(struct drm_nova_queue_create, ring_size, RING),
	FUZZ_FIELD(struct drm_nova_queue_create, queue_id, NEW, .arg = FUZZ_QUEUE),
	FUZZ_FIELD(struct drm_nova_queue_create, doorbell_offset, OUT),
	FUZZ_FIELD(struct drm_nova_queue_create, map_size, OUT),
	FUZZ_FIELD(struct drm_nova_queue_create, ring_va, OUT),
	FUZZ_FIELD(struct drm_nova_queue_create, token, OUT),
	FUZZ_FIELD(struct drm_nova_queue_create, reserved, OUT_ZERO),
};

static void repair_queue_create(struct fuzz_op *op, void *data)
{
	struct drm_nova_queue_create *args = data;

	if (!fuzz_chance(&op->random, 4))
		args->flags = 0;
}

static const char *check_queue_create(struct fuzz_op *op, const void *data)
{
	const struct drm_nova_queue_create *args = data;
	const struct fuzz_userq userq = {
		.offset = args->doorbell_offset, .size = args->map_size, .ring_va = args->ring_va,
		.ring_size = args->ring_size, .token = args->token,
	};

	if (!(args->flags & DRM_NOVA_QUEUE_USERMODE) != !args->doorbell_offset)
		return "only a user-mode queue has a doorbell";
	if (args->flags & DRM_NOVA_QUEUE_USERMODE)
		fuzz_userq_add(op->file, &op->random, &userq);
	return NULL;
}

static const struct fuzz_struct queue_create_struct =
	FUZZ_STRUCT(struct drm_nova_queue_create, queue_create_fields, repair_queue_create);

static const struct fuzz_field wait_user_fence_fields[] = {
	FUZZ_FIELD(struct drm_nova_wait_user_fence, vm_id, HANDLE, .arg = FUZZ_VM),
	FUZZ_FIELD(struct drm_nova_wait_user_fence, flags, FLAGS, .arg = DRM_NOVA_USER_FENCE_32),
	FUZZ_FIELD(struct drm_nova_wait_user_fence, op, ENUM, .arg = DRM_NOVA_USER_FENCE_LE + 1),
	FUZZ_FIELD(struct drm_nova_wait_user_fence, queue_id, HANDLE_OR_0, .arg = FUZZ_QUEUE),
	FUZZ_FIELD(struct drm_nova_wait_user_fence, address, VA),
	FUZZ_FIELD(struct drm_nova_wait_user_fence, value, SET),
	FUZZ_FIELD(struct drm_nova_wait_user_fence, mask, SET),
	FUZZ_FIELD(struct drm_nova_wait_user_fence, timeout, SET),
};

/* Never long: nobody may be there to write the value. */
static void prepare_wait_user_fence(struct fuzz_op *op, void *data)
{
	struct drm_nova_wait_user_fence *args = data;
	uint32_t ns = fuzz_below(&op->random, 2000000), bits = fuzz_below(&op->random, 64);
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	args->timeout = bits % 4 ? now.tv_sec * 1000000000ll + now.tv_nsec + ns : 0;
	args->value = fuzz_below(&op->random, 4);
	args->mask = ~0ull >> (args->flags & DRM_NOVA_USER_FENCE_32 ? 32 : 0);
	/* Where clients have their pushes it is met at once. */
	if (fuzz_chance(&op->random, 2)) {
		args->address = FUZZ_PUSH_VA + 8 * bits;
		args->op = DRM_NOVA_USER_FENCE_GE;
		args->value = 0;
	}
	if (fuzz_broken(op))
		args->mask = ~0ull << bits;
	if (fuzz_broken(op))
		args->address += bits;
}

static const struct fuzz_struct wait_user_fence_struct =
	FUZZ_STRUCT(struct drm_nova_wait_user_fence, wait_user_fence_fields, NULL);

static const struct fuzz_field queue_destroy_fields[] = {
	FUZZ_FIELD(struct drm_nova_queue_destroy, queue_id, TAKE, .arg = FUZZ_QUEUE),
	FUZZ_FIELD(struct drm_nova_queue_destroy, pad, ZERO),
};

static const struct fuzz_struct queue_destroy_struct =
	FUZZ_STRUCT(struct drm_nova_queue_destroy, queue_destroy_fields, NULL);

static const struct fuzz_field queue_get_state_fields[] = {
	FUZZ_FIELD(struct drm_nova_queue_get_state, queue_id, HANDLE, .arg = FUZZ_QUEUE),
	FUZZ_FIELD(struct drm_nova_queue_get_state, flags, OUT),
	FUZZ_FIELD(struct drm_nova_queue_get_state, reset_count, OUT),
	FUZZ_FIELD(struct drm_nova_queue_get_state, error, OUT),
};

static const char *check_queue_state(struct fuzz_op *op, const void *data)
{
	const struct drm_nova_queue_get_state *args = data;

	(void)op;
	if (args->flags & ~(DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_INNOCENT |
			    DRM_NOVA_QUEUE_STATE_TIMEDOUT | DRM_NOVA_QUEUE_STATE_LOST))
		return "unknown flags";
	return args->error && !args->flags ? "a usable queue with an error" : NULL;
}

static const struct fuzz_struct queue_get_state_struct =
	FUZZ_STRUCT(struct drm_nova_queue_get_state, queue_get_state_fields, NULL);

/* --- jobs --- */

static const struct fuzz_field push_arg_fields[] = {
	FUZZ_FIELD(struct drm_nova_push, va, PUSH),
	FUZZ_FIELD(struct drm_nova_push, length, LENGTH),
	FUZZ_FIELD(struct drm_nova_push, flags, FLAGS, .arg = DRM_NOVA_PUSH_SYNC),
};

static const struct fuzz_struct push_struct =
	FUZZ_STRUCT(struct drm_nova_push, push_arg_fields, NULL);

static const struct fuzz_field job_arg_fields[] = {
	FUZZ_FIELD(struct drm_nova_job, flags, ZERO),
	FUZZ_FIELD(struct drm_nova_job, pad, ZERO),
	FUZZ_FIELD(struct drm_nova_job, pushes, ARRAY, .arg = 4, .element = &push_struct),
	FUZZ_FIELD(struct drm_nova_job, syncs, ARRAY, .arg = 3, .element = &sync_struct),
};

static const struct fuzz_struct job_struct =
	FUZZ_STRUCT(struct drm_nova_job, job_arg_fields, NULL);

static const struct fuzz_field exec_arg_fields[] = {
	FUZZ_FIELD(struct drm_nova_exec, queue_id, HANDLE, .arg = FUZZ_QUEUE),
	FUZZ_FIELD(struct drm_nova_exec, flags, FLAGS, .arg = DRM_NOVA_EXEC_IMPLICIT_SYNC),
	FUZZ_FIELD(struct drm_nova_exec, jobs, ARRAY, .arg = 3, .element = &job_struct),
};

/* Mostly a queue that lives: many are killed for what their jobs do. */
static void repair_exec(struct fuzz_op *op, void *data)
{
	struct drm_nova_queue_get_state state = { 0 };
	struct drm_nova_exec *args = data;

	for (int i = 0; i < 4 && !fuzz_broken(op); i++) {
		state.queue_id = args->queue_id;
		if (!fuzz_raw_ioctl(op->file->fd, DRM_IOCTL_NOVA_QUEUE_GET_STATE, &state) &&
		    !state.flags)
			return;
		args->queue_id = fuzz_handle(op, FUZZ_QUEUE);
	}
}

static const struct fuzz_struct exec_struct =
	FUZZ_STRUCT(struct drm_nova_exec, exec_arg_fields, repair_exec);

const struct fuzz_ioctl fuzz_ioctls[] = {
	{ "GETPARAM", DRM_IOCTL_NOVA_GETPARAM, 1, &getparam_struct,
	  { EINVAL }, prepare_getparam, NULL },
	{ "DEV_QUERY", DRM_IOCTL_NOVA_DEV_QUERY, 3, &dev_query_struct,
	  { EINVAL }, prepare_dev_query, check_dev_query },
	{ "GET_TIME", DRM_IOCTL_NOVA_GET_TIME, 1, &get_time_struct,
	  { EINVAL }, prepare_get_time, NULL },
	{ "GEM_CREATE", DRM_IOCTL_NOVA_GEM_CREATE, 14, &gem_create_struct,
	  { EINVAL, ENOENT, ENOSPC, ENOMEM }, NULL, NULL },
	{ "GEM_INFO", DRM_IOCTL_NOVA_GEM_INFO, 3, &gem_info_struct,
	  { ENOENT }, NULL, check_gem_info },
	{ "GEM_MMAP_OFFSET", DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, 2, &mmap_offset_struct,
	  { EINVAL, ENOENT, EPERM }, NULL, NULL },
	{ "GEM_SET_META", DRM_IOCTL_NOVA_GEM_SET_META, 4, &gem_set_meta_struct,
	  { EINVAL, ENOENT, EPERM, EBUSY, E2BIG, ENOSPC, ENOMEM }, prepare_gem_set_meta, NULL },
	{ "VM_CREATE", DRM_IOCTL_NOVA_VM_CREATE, 3, &vm_create_struct,
	  { EINVAL, ENOSPC, ENOMEM }, NULL, NULL },
	{ "VM_DESTROY", DRM_IOCTL_NOVA_VM_DESTROY, 2, &vm_destroy_struct,
	  { EINVAL, ENOENT }, NULL, NULL },
	{ "VM_BIND", DRM_IOCTL_NOVA_VM_BIND, 24, &vm_bind_struct,
	  { EINVAL, ENOENT, EPERM, ENOSPC, ENOMEM, E2BIG, EFAULT }, NULL, NULL },
	{ "VM_GET_STATE", DRM_IOCTL_NOVA_VM_GET_STATE, 2, &vm_get_state_struct,
	  { EINVAL, ENOENT, E2BIG }, prepare_vm_get_state, check_vm_get_state },
	{ "QUEUE_CREATE", DRM_IOCTL_NOVA_QUEUE_CREATE, 6, &queue_create_struct,
	  { EINVAL, ENOENT, EPERM, ENOSPC, ENOMEM }, NULL, check_queue_create },
	{ "QUEUE_DESTROY", DRM_IOCTL_NOVA_QUEUE_DESTROY, 3, &queue_destroy_struct,
	  { EINVAL, ENOENT }, NULL, NULL },
	{ "QUEUE_GET_STATE", DRM_IOCTL_NOVA_QUEUE_GET_STATE, 3, &queue_get_state_struct,
	  { ENOENT }, NULL, check_queue_state },
	{ "WAIT_USER_FENCE", DRM_IOCTL_NOVA_WAIT_USER_FENCE, 6, &wait_user_fence_struct,
	  { EINVAL, ENOENT, EPERM, ENOMEM, ECANCELED, ETIME }, prepare_wait_user_fence, NULL },
	{ "EXEC", DRM_IOCTL_NOVA_EXEC, 30, &exec_struct,
	  { EINVAL, ENOENT, ENOSPC, ENOMEM, E2BIG, ECANCELED, EFAULT }, NULL, NULL },
};

const size_t fuzz_ioctl_count = COUNT(fuzz_ioctls);
