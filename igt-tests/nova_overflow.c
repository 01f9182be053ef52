/* SPDX-License-Identifier: MIT */
#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

IGT_TEST_DESCRIPTION("Each size, offset and count at the edges of its type; nothing is lost.");

#define PAGE	IGT_NOVA_PAGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define ELEMENTS 2

/* Where arithmetic goes wrong: around powers of two that somebody might shift, add or cut by. */
static const uint64_t edges[] = {
	0, 1, 2, 3, 4, 7, 8, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 3 * PAGE, 4 * PAGE, 5 * PAGE,
	1ull << 20, 1ull << 30, (1ull << 31) - 1, 1ull << 31, (1ull << 31) + 1,
	(1ull << 32) - 2 * PAGE, (1ull << 32) - PAGE, (1ull << 32) - 2, (1ull << 32) - 1,
	1ull << 32, (1ull << 32) + 1, (1ull << 32) + PAGE, (1ull << 36) + PAGE,
	0xff00000000ull - PAGE, 0xff00000000ull, (1ull << 40) - PAGE, 1ull << 40,
	(1ull << 47) - PAGE, 1ull << 47, 1ull << 48, (1ull << 49) - PAGE, 1ull << 49, 1ull << 52,
	(1ull << 63) - PAGE, (1ull << 63) - 1, 1ull << 63, (1ull << 63) + PAGE,
	~0ull - 4 * PAGE + 1, ~0ull - PAGE + 1, ~0ull - PAGE, ~0ull - 7, ~0ull - 3, ~0ull - 1, ~0ull,
};

/**
 * struct nest - arguments of any ioctl, and what their pointers lead to
 */
struct nest {
	union {
		struct drm_nova_gem_create gem_create;
		struct drm_nova_gem_set_meta meta;
		struct drm_nova_dev_query dev_query;
		struct drm_nova_queue_create queue_create;
		struct drm_nova_vm_bind vm_bind;
		struct drm_nova_vm_get_state vm_state;
		struct drm_nova_wait_user_fence wait;
		struct drm_nova_exec exec;
	};
	struct drm_nova_vm_bind_op op[ELEMENTS];
	struct drm_nova_job job[ELEMENTS];
	struct drm_nova_push push[ELEMENTS];
	struct drm_nova_sync sync[ELEMENTS];
};

#define ANSWER_SIZE	512u
/* Edges, so that one and the next page of each are tried. */
#define MEMORY		(1ull << 36)
#define MEMORY_SIZE	(4 * PAGE)
#define FENCE_VA	(1ull << 32)

/**
 * struct objects - what the valid arguments refer to
 * @fence_vm: with a page of zeroes at %FENCE_VA
 * @answer: %ANSWER_SIZE bytes with nothing mapped behind them
 */
struct objects {
	struct igt_nova_client client;
	struct drm_nova_query_limits limits;
	struct drm_nova_vm_create vm;
	uint32_t fence_vm;
	uint32_t handle;
	uint32_t queue;
	uint32_t syncobj;
	uint32_t timeline;
	uint64_t push_va;
	uint8_t *answer;
};

static struct objects objects;

static void valid_gem_create(struct nest *nest)
{
	nest->gem_create.size = PAGE;
}

static void undo_gem_create(struct nest *nest)
{
	igt_nova_gem_close(objects.client.fd, nest->gem_create.handle);
}

static void valid_dev_query(struct nest *nest)
{
	nest->dev_query.type = DRM_NOVA_QUERY_LIMITS;
	nest->dev_query.size = ANSWER_SIZE;
	nest->dev_query.pointer = (uintptr_t)objects.answer;
}

static void valid_query_device(struct nest *nest)
{
	valid_dev_query(nest);
	nest->dev_query.type = DRM_NOVA_QUERY_DEVICE;
}

static void valid_query_memory(struct nest *nest)
{
	valid_dev_query(nest);
	nest->dev_query.type = DRM_NOVA_QUERY_MEMORY;
}

static void valid_query_engines(struct nest *nest)
{
	valid_dev_query(nest);
	nest->dev_query.type = DRM_NOVA_QUERY_ENGINES;
}

static void valid_query_priorities(struct nest *nest)
{
	valid_dev_query(nest);
	nest->dev_query.type = DRM_NOVA_QUERY_PRIORITIES;
}

static void valid_label(struct nest *nest)
{
	nest->meta.handle = objects.handle;
	nest->meta.op = DRM_NOVA_GEM_META_LABEL;
	nest->meta.pointer = (uintptr_t)objects.answer;
}

static void valid_madvise(struct nest *nest)
{
	nest->meta.handle = objects.handle;
	nest->meta.op = DRM_NOVA_GEM_META_MADVISE;
}

static void undo_madvise(struct nest *nest)
{
	valid_madvise(nest);
	nest->meta.value = DRM_NOVA_MADVISE_WILLNEED;
	igt_nova_expect(objects.client.fd, DRM_IOCTL_NOVA_GEM_SET_META, &nest->meta, 0);
}

static void valid_vm_state(struct nest *nest)
{
	nest->vm_state.vm_id = objects.fence_vm;
	nest->vm_state.faults = (struct drm_nova_array) {
		sizeof(struct drm_nova_vm_fault), 1, (uintptr_t)objects.answer,
	};
}

/* Zero is waited for, where there are zeroes. */
static void valid_wait(struct nest *nest)
{
	nest->wait.vm_id = objects.fence_vm;
	nest->wait.op = DRM_NOVA_USER_FENCE_EQ;
	nest->wait.address = FENCE_VA;
	nest->wait.mask = ~0ull;
}

static void valid_wait_32(struct nest *nest)
{
	valid_wait(nest);
	nest->wait.flags = DRM_NOVA_USER_FENCE_32;
	nest->wait.mask = UINT32_MAX;
}

static void valid_wait_never(struct nest *nest)
{
	valid_wait(nest);
	nest->wait.op = DRM_NOVA_USER_FENCE_NEQ;
}

static void valid_queue_create(struct nest *nest)
{
	nest->queue_create.vm_id = objects.client.vm;
	nest->queue_create.priority = DRM_NOVA_PRIORITY_NORMAL;
	nest->queue_create.ring_size = 64;
}

static void undo_queue_create(struct nest *nest)
{
	igt_nova_queue_destroy(objects.client.fd, nest->queue_create.queue_id, 0);
}

static void valid_vm_bind(struct nest *nest)
{
	nest->vm_bind.vm_id = objects.vm.vm_id;
	nest->vm_bind.ops = (struct drm_nova_array) {
		sizeof(nest->op[0]), 1, (uintptr_t)nest->op,
	};
	nest->vm_bind.syncs.stride = sizeof(nest->sync[0]);
	for (unsigned int i = 0; i < ELEMENTS; i++)
		nest->op[i] = (struct drm_nova_vm_bind_op) {
			.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = objects.handle,
			.va = objects.vm.va_start, .size = PAGE,
		};
}

static void valid_bind_async(struct nest *nest)
{
	valid_vm_bind(nest);
	nest->vm_bind.flags = DRM_NOVA_VM_BIND_ASYNC;
	nest->vm_bind.syncs.count = 1;
	nest->vm_bind.syncs.ptr = (uintptr_t)nest->sync;
	for (unsigned int i = 0; i < ELEMENTS; i++)
		nest->sync[i] = igt_nova_signal(objects.syncobj, 0);
}

static void valid_bind_timeline(struct nest *nest)
{
	valid_bind_async(nest);
	nest->sync[0] = igt_nova_signal(objects.timeline, 1);
}

static void valid_bind_userptr(struct nest *nest)
{
	valid_vm_bind(nest);
	nest->op[0].flags = DRM_NOVA_VM_BIND_USERPTR;
	nest->op[0].handle = 0;
	nest->op[0].bo_offset = MEMORY;
}

static void valid_bind_sparse(struct nest *nest)
{
	valid_vm_bind(nest);
	nest->op[0].flags = DRM_NOVA_VM_BIND_SPARSE;
	nest->op[0].handle = 0;
}

/* Synchronous: behind those that are not. */
static void undo_vm_bind(struct nest *nest)
{
	struct drm_nova_vm_bind_op op = { .op = DRM_NOVA_VM_BIND_OP_UNMAP_ALL };

	(void)nest;
	igt_assert_eq(igt_nova_vm_bind_ops(objects.client.fd, objects.vm.vm_id, &op, 1), 0);
}

static void valid_exec(struct nest *nest)
{
	nest->exec.queue_id = objects.queue;
	nest->exec.jobs = (struct drm_nova_array) {
		sizeof(nest->job[0]), 1, (uintptr_t)nest->job,
	};
	for (unsigned int i = 0; i < ELEMENTS; i++) {
		nest->job[i].pushes = (struct drm_nova_array) {
			sizeof(nest->push[0]), 1, (uintptr_t)nest->push,
		};
		nest->job[i].syncs = (struct drm_nova_array) {
			sizeof(nest->sync[0]), 1, (uintptr_t)nest->sync,
		};
		nest->push[i] = (struct drm_nova_push) { .va = objects.push_va, .length = 8 };
		nest->sync[i] = igt_nova_signal(objects.syncobj, 0);
	}
}

static void undo_exec(struct nest *nest)
{
	(void)nest;
	igt_assert_eq(igt_nova_syncobj_wait(objects.client.fd, objects.syncobj, 0), 0);
}

enum call {
	GEM_CREATE, LABEL, MADVISE,
	DEV_QUERY, QUERY_DEVICE, QUERY_MEMORY, QUERY_ENGINES, QUERY_PRIORITIES,
	QUEUE_CREATE,
	VM_BIND, BIND_ASYNC, BIND_TIMELINE, BIND_USERPTR, BIND_SPARSE,
	VM_STATE, WAIT, WAIT_32, WAIT_NEVER,
	EXEC,
};

static const struct {
	unsigned long request;
	void (*valid)(struct nest *nest);
	void (*undo)(struct nest *nest);
} calls[] = {
	[GEM_CREATE] = { DRM_IOCTL_NOVA_GEM_CREATE, valid_gem_create, undo_gem_create },
	[LABEL] = { DRM_IOCTL_NOVA_GEM_SET_META, valid_label, NULL },
	[MADVISE] = { DRM_IOCTL_NOVA_GEM_SET_META, valid_madvise, undo_madvise },
	[DEV_QUERY] = { DRM_IOCTL_NOVA_DEV_QUERY, valid_dev_query, NULL },
	[QUERY_DEVICE] = { DRM_IOCTL_NOVA_DEV_QUERY, valid_query_device, NULL },
	[QUERY_MEMORY] = { DRM_IOCTL_NOVA_DEV_QUERY, valid_query_memory, NULL },
	[QUERY_ENGINES] = { DRM_IOCTL_NOVA_DEV_QUERY, valid_query_engines, NULL },
	[QUERY_PRIORITIES] = { DRM_IOCTL_NOVA_DEV_QUERY, valid_query_priorities, NULL },
	[QUEUE_CREATE] = { DRM_IOCTL_NOVA_QUEUE_CREATE, valid_queue_create, undo_queue_create },
	[VM_BIND] = { DRM_IOCTL_NOVA_VM_BIND, valid_vm_bind, undo_vm_bind },
	[BIND_ASYNC] = { DRM_IOCTL_NOVA_VM_BIND, valid_bind_async, undo_vm_bind },
	[BIND_TIMELINE] = { DRM_IOCTL_NOVA_VM_BIND, valid_bind_timeline, undo_vm_bind },
	[BIND_USERPTR] = { DRM_IOCTL_NOVA_VM_BIND, valid_bind_userptr, undo_vm_bind },
	[BIND_SPARSE] = { DRM_IOCTL_NOVA_VM_BIND, valid_bind_sparse, undo_vm_bind },
	[VM_STATE] = { DRM_IOCTL_NOVA_VM_GET_STATE, valid_vm_state, NULL },
	[WAIT] = { DRM_IOCTL_NOVA_WAIT_USER_FENCE, valid_wait, NULL },
	[WAIT_32] = { DRM_IOCTL_NOVA_WAIT_USER_FENCE, valid_wait_32, NULL },
	[WAIT_NEVER] = { DRM_IOCTL_NOVA_WAIT_USER_FENCE, valid_wait_never, NULL },
	[EXEC] = { DRM_IOCTL_NOVA_EXEC, valid_exec, undo_exec },
};

/* What an edge must give: 0 or a positive errno. */
typedef int (*verdict_t)(uint64_t value);

static int gem_size(uint64_t value)
{
	return value && value <= objects.limits.gem_size_max ? 0 : EINVAL;
}

/* A shorter or longer buffer is fine, and all of it is written. */
static int query_size(uint64_t value)
{
	return value <= ANSWER_SIZE ? 0 : EFAULT;
}

static int ring_size(uint64_t value)
{
	if (!value)
		return 0;
	return value & (value - 1) || value < objects.limits.ring_size_min ||
	       value > objects.limits.ring_size_max ? EINVAL : 0;
}

/* The buffer has four pages; one of them is bound. */
static int bo_offset(uint64_t value)
{
	return value % PAGE || value > 3 * PAGE ? EINVAL : 0;
}

static int bind_va(uint64_t value)
{
	return value % PAGE || value < objects.vm.va_start ||
	       value > objects.vm.va_start + objects.vm.va_size - PAGE ? EINVAL : 0;
}

static int bind_size(uint64_t value)
{
	return !value || value % PAGE || value > 4 * PAGE ? EINVAL : 0;
}

static int label_size(uint64_t value)
{
	return value > DRM_NOVA_GEM_LABEL_MAX ? E2BIG : value > ANSWER_SIZE ? EFAULT : 0;
}

static int advice(uint64_t value)
{
	return value > DRM_NOVA_MADVISE_DONTNEED ? EINVAL : 0;
}

/* Has the process nothing there? */
static bool is_hole(uint64_t address)
{
	unsigned char resident;

	return mincore((void *)(uintptr_t)address, PAGE, &resident) != 0;
}

/* One page of it is bound. */
static int userptr_address(uint64_t value)
{
	if (value % PAGE || value + PAGE < value)
		return EINVAL;
	if (value >= MEMORY && value <= MEMORY + MEMORY_SIZE - PAGE)
		return 0;
	return is_hole(value) ? EFAULT : -1;
}

static int userptr_size(uint64_t value)
{
	if (!value || value % PAGE || value > objects.vm.va_size)
		return EINVAL;
	if (value > objects.limits.gem_size_max)
		return E2BIG;
	return value > MEMORY_SIZE ? EFAULT : 0;
}

static int sparse_size(uint64_t value)
{
	return !value || value % PAGE || value > objects.vm.va_size ? EINVAL : 0;
}

static int must_be_zero(uint64_t value)
{
	return value ? EINVAL : 0;
}

static int wait_address(uint64_t value)
{
	if (value % 8)
		return EINVAL;
	return value >= FENCE_VA && value < FENCE_VA + PAGE ? 0 : ENOENT;
}

static int wait_address_32(uint64_t value)
{
	if (value % 4)
		return EINVAL;
	return value >= FENCE_VA && value < FENCE_VA + PAGE ? 0 : ENOENT;
}

static int wait_value(uint64_t value)
{
	return value ? ETIME : 0;
}

static int wait_value_32(uint64_t value)
{
	return value > UINT32_MAX ? EINVAL : wait_value(value);
}

static int wait_mask(uint64_t value)
{
	return value ? 0 : EINVAL;
}

static int wait_mask_32(uint64_t value)
{
	return value > UINT32_MAX ? EINVAL : wait_mask(value);
}

/* What is there already needs no time, however much there is. */
static int wait_timeout(uint64_t value)
{
	(void)value;
	return 0;
}

/* The past is over at once; what is in the future is not waited for. */
static int wait_timeout_never(uint64_t value)
{
	return (int64_t)value <= (int64_t)igt_nova_now_ns() ? ETIME : -1;
}

static int array_count(uint64_t value, uint32_t max)
{
	return value <= ELEMENTS ? 0 : value > max ? E2BIG : -1;
}

static int op_count(uint64_t value)
{
	return array_count(value, objects.limits.bind_ops_max);
}

static int job_count(uint64_t value)
{
	return array_count(value, objects.limits.exec_jobs_max);
}

static int push_count(uint64_t value)
{
	return array_count(value, objects.limits.exec_pushes_max);
}

static int sync_count(uint64_t value)
{
	return array_count(value, objects.limits.syncs_max);
}

/* A synchronous bind has no syncs: not one. */
static int bind_sync_count(uint64_t value)
{
	return value ? EINVAL : 0;
}

/* A multiple of 8, not smaller than the element; what follows the only one is not zero. */
static int stride(uint64_t value, size_t size)
{
	return value < size || value % 8 ? EINVAL : value == size ? 0 : value > PAGE ? E2BIG : -1;
}

/* There are not as many, and there is room for those that are. */
static int fault_count(uint64_t value)
{
	return value > 4096 ? E2BIG : 0;
}

/* What is longer than a fault becomes zero, if there is memory. */
static int fault_stride(uint64_t value)
{
	if (value < sizeof(struct drm_nova_vm_fault) || value % 8)
		return EINVAL;
	return value > PAGE ? E2BIG : value > ANSWER_SIZE ? EFAULT : 0;
}

static int op_stride(uint64_t value)
{
	return stride(value, sizeof(struct drm_nova_vm_bind_op));
}

static int job_stride(uint64_t value)
{
	return stride(value, sizeof(struct drm_nova_job));
}

static int push_stride(uint64_t value)
{
	return stride(value, sizeof(struct drm_nova_push));
}

static int sync_stride(uint64_t value)
{
	return stride(value, sizeof(struct drm_nova_sync));
}

/* Refused by EXEC, or fetched from where there is nothing: the queue's end, so not tried. */
static int push_va(uint64_t value)
{
	return value % 4 || value >= objects.limits.va_push_end ||
	       objects.limits.va_push_end - value < 8 ? EINVAL : -1;
}

static int push_length(uint64_t value)
{
	if (!value || value % 4)
		return EINVAL;
	return value > objects.limits.push_bytes_max ? E2BIG : value <= 8 ? 0 : -1;
}

static int sync_point(uint64_t value)
{
	return value ? EINVAL : 0;
}

/* The other way round for a timeline. */
static int timeline_point(uint64_t value)
{
	return value ? 0 : EINVAL;
}

#define FIELD(call, field, verdict) \
	{ call, #field, offsetof(struct nest, field), sizeof(((struct nest *)0)->field), verdict }

static const struct {
	enum call call;
	const char *name;
	size_t offset, size;
	verdict_t verdict;
} fields[] = {
	FIELD(GEM_CREATE, gem_create.size, gem_size),
	FIELD(LABEL, meta.value, label_size),
	FIELD(MADVISE, meta.value, advice),
	FIELD(DEV_QUERY, dev_query.size, query_size),
	FIELD(QUERY_DEVICE, dev_query.size, query_size),
	FIELD(QUERY_MEMORY, dev_query.size, query_size),
	FIELD(QUERY_ENGINES, dev_query.size, query_size),
	FIELD(QUERY_PRIORITIES, dev_query.size, query_size),
	FIELD(QUEUE_CREATE, queue_create.ring_size, ring_size),
	FIELD(VM_BIND, vm_bind.ops.count, op_count),
	FIELD(VM_BIND, vm_bind.ops.stride, op_stride),
	FIELD(VM_BIND, vm_bind.syncs.count, bind_sync_count),
	FIELD(VM_BIND, op[0].bo_offset, bo_offset),
	FIELD(VM_BIND, op[0].va, bind_va),
	FIELD(VM_BIND, op[0].size, bind_size),
	FIELD(BIND_ASYNC, vm_bind.syncs.count, sync_count),
	FIELD(BIND_ASYNC, vm_bind.syncs.stride, sync_stride),
	FIELD(BIND_ASYNC, sync[0].point, sync_point),
	FIELD(BIND_TIMELINE, sync[0].point, timeline_point),
	FIELD(BIND_USERPTR, op[0].bo_offset, userptr_address),
	FIELD(BIND_USERPTR, op[0].va, bind_va),
	FIELD(BIND_USERPTR, op[0].size, userptr_size),
	FIELD(BIND_USERPTR, op[0].handle, must_be_zero),
	FIELD(BIND_SPARSE, op[0].bo_offset, must_be_zero),
	FIELD(BIND_SPARSE, op[0].va, bind_va),
	FIELD(BIND_SPARSE, op[0].size, sparse_size),
	FIELD(BIND_SPARSE, op[0].handle, must_be_zero),
	FIELD(VM_STATE, vm_state.faults.count, fault_count),
	FIELD(VM_STATE, vm_state.faults.stride, fault_stride),
	FIELD(WAIT, wait.address, wait_address),
	FIELD(WAIT, wait.value, wait_value),
	FIELD(WAIT, wait.mask, wait_mask),
	FIELD(WAIT, wait.timeout, wait_timeout),
	FIELD(WAIT_32, wait.address, wait_address_32),
	FIELD(WAIT_32, wait.value, wait_value_32),
	FIELD(WAIT_32, wait.mask, wait_mask_32),
	FIELD(WAIT_NEVER, wait.timeout, wait_timeout_never),
	FIELD(EXEC, exec.jobs.count, job_count),
	FIELD(EXEC, exec.jobs.stride, job_stride),
	FIELD(EXEC, job[0].pushes.count, push_count),
	FIELD(EXEC, job[0].pushes.stride, push_stride),
	FIELD(EXEC, job[0].syncs.count, sync_count),
	FIELD(EXEC, job[0].syncs.stride, sync_stride),
	FIELD(EXEC, push[0].va, push_va),
	FIELD(EXEC, push[0].length, push_length),
	FIELD(EXEC, sync[0].point, sync_point),
};

/**
 * struct state - what must not have changed
 */
struct state {
	uint64_t used[2];
	uint32_t next[4];
};

static void state_read(struct state *state)
{
	struct drm_nova_query_memory memory;
	int fd = objects.client.fd;

	igt_nova_query(fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	for (unsigned int i = 0; i < 2; i++)
		state->used[i] = memory.regions[i].used;
	state->next[0] = igt_nova_gem_create(fd, PAGE, 0, SYSTEM, 0, 0);
	igt_nova_gem_close(fd, state->next[0]);
	state->next[1] = igt_nova_vm_create(fd, NULL);
	igt_nova_vm_destroy(fd, state->next[1], 0);
	state->next[2] = igt_nova_queue_create(fd, objects.client.vm, 0, 0);
	igt_nova_queue_destroy(fd, state->next[2], 0);
	state->next[3] = igt_nova_syncobj_create(fd);
	igt_nova_syncobj_destroy(fd, state->next[3]);
}

/* There is one to be told of. It costs a queue. */
static void make_fault(void)
{
	struct igt_nova_push nowhere = { .va = 4 * FENCE_VA, .length = 8 };
	struct drm_nova_vm_get_state state;
	int fd = objects.client.fd;
	uint32_t queue = igt_nova_queue_create(fd, objects.fence_vm, 0, 0);

	igt_assert_lt(igt_nova_submit_wait(fd, queue, &nowhere), 0);
	igt_nova_queue_destroy(fd, queue, 0);
	/* It may be told of a moment later. */
	do {
		igt_nova_vm_state(fd, objects.fence_vm, &state, NULL, 0);
	} while (!state.fault_count);
}

static void objects_open_fence(void)
{
	int fd = objects.client.fd;
	uint32_t handle = igt_nova_gem_create(fd, PAGE, 0, SYSTEM, 0, 0);

	objects.fence_vm = igt_nova_vm_create(fd, NULL);
	igt_nova_vm_map(fd, objects.fence_vm, handle, 0, FENCE_VA, PAGE, 0, 0);
}

static void objects_open_memory(void)
{
	void *at = mmap((void *)(uintptr_t)MEMORY, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	igt_assert(at == (void *)(uintptr_t)MEMORY);
	igt_assert(is_hole(MEMORY + MEMORY_SIZE));
}

static void objects_open(void)
{
	struct igt_nova_push push;
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);

	igt_assert(pages != MAP_FAILED);
	igt_assert_eq(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	objects.answer = pages + PAGE - ANSWER_SIZE;
	igt_nova_client_open(&objects.client);
	igt_nova_limits(objects.client.fd, &objects.limits);
	igt_nova_vm_create(objects.client.fd, &objects.vm);
	objects.handle = igt_nova_gem_create(objects.client.fd, 4 * PAGE, 0, SYSTEM, 0, 0);
	objects.queue = igt_nova_client_queue(&objects.client, 0);
	objects.syncobj = igt_nova_syncobj_create(objects.client.fd);
	objects.timeline = igt_nova_syncobj_create(objects.client.fd);
	igt_nova_push_begin(&objects.client, &push, 2);
	igt_nova_push_dword(&push, 0);
	igt_nova_push_dword(&push, 0);
	objects.push_va = push.va;
}

static int run_call(enum call call, struct nest *nest)
{
	int ret = igt_nova_ioctl(objects.client.fd, calls[call].request, nest);

	if (!ret && calls[call].undo)
		calls[call].undo(nest);
	return ret;
}

/* Memory is allocated at first use: this is it. */
static void touch_objects(void)
{
	static struct nest nest;

	valid_vm_bind(&nest);
	igt_assert_eq(run_call(VM_BIND, &nest), 0);
	/* And a fence, to wait for also after an EXEC of no jobs. */
	memset(&nest, 0, sizeof(nest));
	valid_exec(&nest);
	igt_assert_eq(run_call(EXEC, &nest), 0);
}

static void check_edge(size_t field, uint64_t value)
{
	int expected = fields[field].verdict(value), ret;
	static struct nest nest;

	if (expected < 0)
		return;
	memset(&nest, 0, sizeof(nest));
	calls[fields[field].call].valid(&nest);
	memcpy((char *)&nest + fields[field].offset, &value, fields[field].size);
	ret = run_call(fields[field].call, &nest);
	igt_assert_f(ret == -expected, "%s = %#" PRIx64 ": got \"%s\", expected \"%s\"\n",
		     fields[field].name, value, ret ? strerror(-ret) : "success",
		     expected ? strerror(expected) : "success");
}

static void check_fields(bool faults)
{
	struct state before, after;

	objects_open();
	objects_open_fence();
	objects_open_memory();
	touch_objects();
	if (faults)
		make_fault();
	state_read(&before);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		for (size_t j = 0; j < ARRAY_SIZE(edges); j++)
			if ((fields[i].call == VM_STATE) == faults &&
			    (fields[i].size == 8 || edges[j] <= ~0u))
				check_edge(i, edges[j]);
	state_read(&after);
	igt_assert(!memcmp(&before, &after, sizeof(before)));
	munmap((void *)(uintptr_t)MEMORY, MEMORY_SIZE);
	igt_nova_client_close(&objects.client);
}

static void test_fields(int fd)
{
	(void)fd;
	check_fields(false);
}

static void test_fault_fields(int fd)
{
	(void)fd;
	igt_nova_expect_errors_logged();
	check_fields(true);
}

/* The sums: bo_offset + size against the buffer, va + size against the address space. */
static void test_bind_sums(int fd)
{
	struct state before, after;
	static struct nest nest;
	unsigned int accepted = 0;

	(void)fd;
	objects_open();
	touch_objects();
	state_read(&before);
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++)
		for (size_t j = 0; j < ARRAY_SIZE(edges); j++)
			for (size_t k = 0; k < ARRAY_SIZE(edges); k++) {
				uint64_t offset = edges[i], va = edges[j], size = edges[k];
				bool good = size && size <= 4 * PAGE &&
					    offset <= 4 * PAGE - size &&
					    va >= objects.vm.va_start &&
					    va <= objects.vm.va_start + objects.vm.va_size - size;
				int ret;

				/* Refused by itself, whatever the others are: see fields. */
				if ((offset | va | size) % PAGE)
					continue;
				memset(&nest, 0, sizeof(nest));
				valid_vm_bind(&nest);
				nest.op[0].bo_offset = offset;
				nest.op[0].va = va;
				nest.op[0].size = size;
				ret = run_call(VM_BIND, &nest);
				igt_assert_f(ret == (good ? 0 : -EINVAL), "%#" PRIx64 " %#" PRIx64
					     " %#" PRIx64 ": %d\n", offset, va, size, ret);
				accepted += good;
			}
	igt_assert_lt(0, accepted);
	state_read(&after);
	igt_assert(!memcmp(&before, &after, sizeof(before)));
	igt_nova_client_close(&objects.client);
}

/* The same for unmapping, of nothing: everything inside is accepted, at any length. */
static void test_unbind_sums(int fd)
{
	struct drm_nova_vm_bind_op op = { .op = DRM_NOVA_VM_BIND_OP_UNMAP };
	struct state before, after;

	(void)fd;
	objects_open();
	touch_objects();
	state_read(&before);
	for (size_t j = 0; j < ARRAY_SIZE(edges); j++)
		for (size_t k = 0; k < ARRAY_SIZE(edges); k++) {
			uint64_t end = objects.vm.va_start + objects.vm.va_size;
			bool good;
			int ret;

			op.va = edges[j];
			op.size = edges[k];
			good = !((op.va | op.size) % PAGE) && op.size && op.size <= end &&
			       op.va >= objects.vm.va_start && op.va <= end - op.size;
			ret = igt_nova_vm_bind_ops(objects.client.fd, objects.vm.vm_id, &op, 1);
			igt_assert_f(ret == (good ? 0 : -EINVAL), "%#llx %#llx: %d\n",
				     (unsigned long long)op.va, (unsigned long long)op.size, ret);
		}
	state_read(&after);
	igt_assert(!memcmp(&before, &after, sizeof(before)));
	igt_nova_client_close(&objects.client);
}

static const struct igt_nova_test tests[] = {
	{ "fields", "Each field at each edge.", test_fields },
	{ "fault-fields", "Of the call that tells of faults, too, with one.", test_fault_fields },
	{ "bind-sums", "Offset, address and size of a MAP, each with each.", test_bind_sums },
	{ "unbind-sums", "Address and size of an UNMAP, each with each.", test_unbind_sums },
};

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = igt_nova_open();
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
	igt_fixture()
		close(fd);
}
