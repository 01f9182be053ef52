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
		struct drm_nova_dev_query dev_query;
		struct drm_nova_queue_create queue_create;
		struct drm_nova_vm_bind vm_bind;
		struct drm_nova_exec exec;
	};
	struct drm_nova_vm_bind_op op[ELEMENTS];
	struct drm_nova_job job[ELEMENTS];
	struct drm_nova_push push[ELEMENTS];
	struct drm_nova_sync sync[ELEMENTS];
};

#define ANSWER_SIZE	512u

/**
 * struct objects - what the valid arguments refer to
 * @answer: %ANSWER_SIZE bytes with nothing mapped behind them
 */
struct objects {
	struct igt_nova_client client;
	struct drm_nova_query_limits limits;
	struct drm_nova_vm_create vm;
	uint32_t handle;
	uint32_t queue;
	uint32_t syncobj;
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

enum call { GEM_CREATE, DEV_QUERY, QUEUE_CREATE, VM_BIND, EXEC };

static const struct {
	unsigned long request;
	void (*valid)(struct nest *nest);
	void (*undo)(struct nest *nest);
} calls[] = {
	[GEM_CREATE] = { DRM_IOCTL_NOVA_GEM_CREATE, valid_gem_create, undo_gem_create },
	[DEV_QUERY] = { DRM_IOCTL_NOVA_DEV_QUERY, valid_dev_query, NULL },
	[QUEUE_CREATE] = { DRM_IOCTL_NOVA_QUEUE_CREATE, valid_queue_create, undo_queue_create },
	[VM_BIND] = { DRM_IOCTL_NOVA_VM_BIND, valid_vm_bind, undo_vm_bind },
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

#define FIELD(call, field, verdict) \
	{ call, #field, offsetof(struct nest, field), sizeof(((struct nest *)0)->field), verdict }

static const struct {
	enum call call;
	const char *name;
	size_t offset, size;
	verdict_t verdict;
} fields[] = {
	FIELD(GEM_CREATE, gem_create.size, gem_size),
	FIELD(DEV_QUERY, dev_query.size, query_size),
	FIELD(QUEUE_CREATE, queue_create.ring_size, ring_size),
	FIELD(VM_BIND, vm_bind.ops.count, op_count),
	FIELD(VM_BIND, vm_bind.ops.stride, op_stride),
	FIELD(VM_BIND, vm_bind.syncs.count, bind_sync_count),
	FIELD(VM_BIND, op[0].bo_offset, bo_offset),
	FIELD(VM_BIND, op[0].va, bind_va),
	FIELD(VM_BIND, op[0].size, bind_size),
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

static void test_fields(int fd)
{
	struct state before, after;

	(void)fd;
	objects_open();
	touch_objects();
	state_read(&before);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		for (size_t j = 0; j < ARRAY_SIZE(edges); j++)
			if (fields[i].size == 8 || edges[j] <= ~0u)
				check_edge(i, edges[j]);
	state_read(&after);
	igt_assert(!memcmp(&before, &after, sizeof(before)));
	igt_nova_client_close(&objects.client);
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
