/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"

IGT_TEST_DESCRIPTION("Files: what ids and offsets of one mean in another, and what comes back.");

#define PAGE	IGT_NOVA_PAGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM
#define VRAM	DRM_NOVA_PLACEMENT_VRAM

/* --- ids of one file in another --- */

enum kind { VM, QUEUE, HANDLE, SYNCOBJ, KINDS };

#define USES(kind)	(1u << (kind))

/**
 * struct ids - objects of one file
 * @id: one of each kind
 * @va: an address in the VM
 */
struct ids {
	uint32_t id[KINDS];
	uint64_t va;
};

static int call_gem_create(int fd, const struct ids *ids)
{
	struct drm_nova_gem_create create = { .size = PAGE, .vm_id = ids->id[VM] };

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GEM_CREATE, &create);
}

static int call_gem_info(int fd, const struct ids *ids)
{
	struct drm_nova_gem_info info = { .handle = ids->id[HANDLE] };

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GEM_INFO, &info);
}

static int call_gem_mmap_offset(int fd, const struct ids *ids)
{
	struct drm_nova_gem_mmap_offset offset = { .handle = ids->id[HANDLE] };

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &offset);
}

static int call_gem_set_meta(int fd, const struct ids *ids)
{
	struct drm_nova_gem_set_meta meta = {
		.handle = ids->id[HANDLE], .op = DRM_NOVA_GEM_META_MADVISE,
	};

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GEM_SET_META, &meta);
}

static int call_vm_destroy(int fd, const struct ids *ids)
{
	struct drm_nova_vm_destroy destroy = { .vm_id = ids->id[VM] };

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_VM_DESTROY, &destroy);
}

static int call_vm_bind(int fd, const struct ids *ids)
{
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = ids->id[HANDLE], .va = ids->va,
		.size = PAGE,
	};

	return igt_nova_vm_bind_ops(fd, ids->id[VM], &op, 1);
}

static int vm_bind_async(int fd, const struct ids *ids, struct drm_nova_sync sync)
{
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = ids->id[HANDLE], .va = ids->va,
		.size = PAGE,
	};

	return igt_nova_vm_bind_async(fd, ids->id[VM], &op, 1, &sync, 1);
}

static int call_vm_bind_signal(int fd, const struct ids *ids)
{
	return vm_bind_async(fd, ids, igt_nova_signal(ids->id[SYNCOBJ], 0));
}

/* Behind the bind that signals it: there is a fence. */
static int call_vm_bind_wait(int fd, const struct ids *ids)
{
	return vm_bind_async(fd, ids, igt_nova_wait_for(ids->id[SYNCOBJ], 0));
}

static int call_vm_get_state(int fd, const struct ids *ids)
{
	struct drm_nova_vm_get_state state = { .vm_id = ids->id[VM] };

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_VM_GET_STATE, &state);
}

/* What VM_BIND has mapped is zero. */
static int call_wait_user_fence(int fd, const struct ids *ids)
{
	struct drm_nova_wait_user_fence wait = {
		.vm_id = ids->id[VM], .flags = DRM_NOVA_USER_FENCE_32, .address = ids->va,
		.op = DRM_NOVA_USER_FENCE_EQ, .mask = UINT32_MAX,
	};

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &wait);
}

/* So the queue that would change that is waited for: not at all. */
static int call_wait_user_fence_queue(int fd, const struct ids *ids)
{
	struct drm_nova_wait_user_fence wait = {
		.vm_id = ids->id[VM], .flags = DRM_NOVA_USER_FENCE_32, .address = ids->va,
		.op = DRM_NOVA_USER_FENCE_NEQ, .mask = UINT32_MAX, .queue_id = ids->id[QUEUE],
	};
	int ret = igt_nova_ioctl(fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &wait);

	return ret == -ETIME ? 0 : ret ? ret : -EINVAL;
}

static int call_queue_create(int fd, const struct ids *ids)
{
	struct drm_nova_queue_create create = {
		.vm_id = ids->id[VM], .priority = DRM_NOVA_PRIORITY_NORMAL,
	};

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create);
}

static int call_queue_destroy(int fd, const struct ids *ids)
{
	struct drm_nova_queue_destroy destroy = { .queue_id = ids->id[QUEUE] };

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &destroy);
}

static int call_queue_get_state(int fd, const struct ids *ids)
{
	struct drm_nova_queue_get_state state = { .queue_id = ids->id[QUEUE] };

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_QUEUE_GET_STATE, &state);
}

static int call_exec(int fd, const struct ids *ids)
{
	struct drm_nova_sync sync = igt_nova_signal(ids->id[SYNCOBJ], 0);

	return igt_nova_submit(fd, ids->id[QUEUE], NULL, &sync, 1);
}

static int call_exec_wait(int fd, const struct ids *ids)
{
	struct drm_nova_sync sync = igt_nova_wait_for(ids->id[SYNCOBJ], 0);

	return igt_nova_submit(fd, ids->id[QUEUE], NULL, &sync, 1);
}

static int call_prime_export(int fd, const struct ids *ids)
{
	struct drm_prime_handle prime = { .handle = ids->id[HANDLE], .fd = -1 };
	int ret = igt_nova_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);

	if (!ret)
		close(prime.fd);
	return ret;
}

/* One line per ioctl, or per way to pass an id to it; no kinds: it takes no id. */
static const struct {
	unsigned long request;
	unsigned int kinds;
	int (*call)(int fd, const struct ids *ids);
} id_calls[] = {
	{ DRM_IOCTL_NOVA_GETPARAM, 0, NULL },
	{ DRM_IOCTL_NOVA_DEV_QUERY, 0, NULL },
	{ DRM_IOCTL_NOVA_VM_CREATE, 0, NULL },
	{ DRM_IOCTL_NOVA_GET_TIME, 0, NULL },
	{ DRM_IOCTL_NOVA_GEM_CREATE, USES(VM), call_gem_create },
	{ DRM_IOCTL_NOVA_GEM_INFO, USES(HANDLE), call_gem_info },
	{ DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, USES(HANDLE), call_gem_mmap_offset },
	{ DRM_IOCTL_NOVA_GEM_SET_META, USES(HANDLE), call_gem_set_meta },
	{ DRM_IOCTL_NOVA_VM_BIND, USES(VM) | USES(HANDLE), call_vm_bind },
	{ DRM_IOCTL_NOVA_VM_BIND, USES(VM) | USES(HANDLE) | USES(SYNCOBJ), call_vm_bind_signal },
	{ DRM_IOCTL_NOVA_VM_BIND, USES(VM) | USES(HANDLE) | USES(SYNCOBJ), call_vm_bind_wait },
	{ DRM_IOCTL_NOVA_WAIT_USER_FENCE, USES(VM), call_wait_user_fence },
	{ DRM_IOCTL_NOVA_WAIT_USER_FENCE, USES(VM) | USES(QUEUE), call_wait_user_fence_queue },
	{ DRM_IOCTL_NOVA_VM_GET_STATE, USES(VM), call_vm_get_state },
	{ DRM_IOCTL_NOVA_QUEUE_CREATE, USES(VM), call_queue_create },
	{ DRM_IOCTL_NOVA_QUEUE_GET_STATE, USES(QUEUE), call_queue_get_state },
	{ DRM_IOCTL_NOVA_EXEC, USES(QUEUE) | USES(SYNCOBJ), call_exec },
	{ DRM_IOCTL_NOVA_EXEC, USES(QUEUE) | USES(SYNCOBJ), call_exec_wait },
	{ DRM_IOCTL_PRIME_HANDLE_TO_FD, USES(HANDLE), call_prime_export },
	{ DRM_IOCTL_NOVA_QUEUE_DESTROY, USES(QUEUE), call_queue_destroy },
	{ DRM_IOCTL_NOVA_VM_DESTROY, USES(VM), call_vm_destroy },
};

static void ids_create(int fd, struct ids *ids)
{
	struct drm_nova_vm_create vm;

	ids->id[VM] = igt_nova_vm_create(fd, &vm);
	ids->va = vm.va_start;
	ids->id[QUEUE] = igt_nova_queue_create(fd, ids->id[VM], 0, 0);
	ids->id[HANDLE] = igt_nova_gem_create(fd, PAGE, 0, SYSTEM, 0, 0);
	ids->id[SYNCOBJ] = igt_nova_syncobj_create(fd);
}

static void test_foreign_ids(int fd)
{
	struct ids own, foreign;
	int other = igt_nova_open();

	/* Numbers are small and count from 1: a few more there, so that they exist there only. */
	for (unsigned int i = 0; i < 4; i++)
		ids_create(other, &foreign);
	(void)fd;
	fd = igt_nova_open();
	ids_create(fd, &own);
	for (size_t i = 0; i < ARRAY_SIZE(id_calls); i++) {
		for (unsigned int kind = 0; kind < KINDS; kind++) {
			struct ids mixed = own;
			int ret;

			if (!(id_calls[i].kinds & USES(kind)))
				continue;
			mixed.id[kind] = foreign.id[kind];
			ret = id_calls[i].call(fd, &mixed);
			igt_assert_f(ret == -ENOENT, "line %zu, kind %u: %d\n", i, kind, ret);
		}
		if (id_calls[i].call)
			igt_assert_f(id_calls[i].call(fd, &own) == 0, "line %zu\n", i);
	}
	/* Nothing happened to the other's. */
	igt_assert_eq(call_exec(other, &foreign), 0);
	igt_assert_eq(call_vm_bind(other, &foreign), 0);
	close(fd);
	close(other);
}

/* A new ioctl of ours has to join the tables. */
static void test_tables_complete(int fd)
{
	for (unsigned int number = DRM_COMMAND_BASE; number < DRM_COMMAND_END; number++) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(id_calls); i++)
			found |= _IOC_NR(id_calls[i].request) == number;
		igt_assert_f(found == igt_nova_ioctl_exists(fd, number),
			     "ioctl %#x is %s the table of ids\n", number,
			     found ? "only in" : "not in");
	}
}

/* --- mmap offsets --- */

#define OFFSET_FIRST	(1ull << 32)	/* DRM gives them out from here */
#define OFFSET_PAGES	2048u

static void check_no_map(int fd, uint64_t offset)
{
	void *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, offset);

	igt_assert_f(map == MAP_FAILED, "offset %#" PRIx64 " can be mapped\n", offset);
	igt_assert_f(errno == EACCES || errno == EINVAL || errno == EOVERFLOW,
		     "offset %#" PRIx64 ": %m\n", offset);
}

/* Whatever a client has, another finds nothing: no buffer, no page table, no ring, no BAR. */
static void test_mmap_scan(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	uint64_t offset;
	int other;

	(void)fd;
	igt_nova_client_open(&client);
	igt_nova_client_queue(&client, 0);
	igt_nova_client_bo(&client, &bo, 16 * PAGE, VRAM);
	offset = igt_nova_gem_mmap_offset(client.fd, bo.handle, 0);
	igt_assert_lte_u64(OFFSET_FIRST, offset);
	igt_assert_lt_u64(offset, OFFSET_FIRST + OFFSET_PAGES * PAGE);
	other = igt_nova_open();
	igt_assert(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, other, offset) == MAP_FAILED);
	igt_assert_eq(errno, EACCES);
	for (unsigned int page = 0; page < OFFSET_PAGES; page++)
		check_no_map(other, OFFSET_FIRST + page * PAGE);
	for (offset = PAGE; offset; offset <<= 1) {
		check_no_map(other, offset & ~(1ull << 63));
		check_no_map(other, (offset - PAGE) & ~(1ull << 63));
	}
	close(other);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

/* --- what comes back --- */

static void fill_getparam(void *arg, const struct ids *ids)
{
	(void)ids;
	((struct drm_nova_getparam *)arg)->param = NOVA_GETPARAM_VRAM_BAR_SIZE;
}

static void fill_gem_create(void *arg, const struct ids *ids)
{
	struct drm_nova_gem_create *create = arg;

	(void)ids;
	create->size = PAGE;
	create->flags = create->placement = create->vm_id = create->cpu_caching = 0;
}

static void fill_gem_info(void *arg, const struct ids *ids)
{
	((struct drm_nova_gem_info *)arg)->handle = ids->id[HANDLE];
}

static void fill_mmap_offset(void *arg, const struct ids *ids)
{
	struct drm_nova_gem_mmap_offset *offset = arg;

	offset->handle = ids->id[HANDLE];
	offset->flags = 0;
}

static void fill_vm_create(void *arg, const struct ids *ids)
{
	(void)ids;
	((struct drm_nova_vm_create *)arg)->flags = 0;
}

static void fill_queue_create(void *arg, const struct ids *ids)
{
	struct drm_nova_queue_create *create = arg;

	create->vm_id = ids->id[VM];
	create->engine = create->flags = create->ring_size = 0;
	create->priority = DRM_NOVA_PRIORITY_NORMAL;
}

static void fill_get_state(void *arg, const struct ids *ids)
{
	((struct drm_nova_queue_get_state *)arg)->queue_id = ids->id[QUEUE];
}

static void fill_vm_get_state(void *arg, const struct ids *ids)
{
	struct drm_nova_vm_get_state *state = arg;

	state->vm_id = ids->id[VM];
	state->faults = (struct drm_nova_array) { 0 };
}

#define OUT(type, first, last) \
	sizeof(type), offsetof(type, first), offsetof(type, last) + sizeof(((type *)0)->last)

/* Ioctls with fields that are written only, between two offsets. */
static const struct {
	unsigned long request;
	void (*fill)(void *arg, const struct ids *ids);
	size_t size, begin, end;
} outputs[] = {
	{ DRM_IOCTL_NOVA_GETPARAM, fill_getparam, OUT(struct drm_nova_getparam, value, value) },
	{ DRM_IOCTL_NOVA_GEM_CREATE, fill_gem_create,
	  OUT(struct drm_nova_gem_create, handle, handle) },
	{ DRM_IOCTL_NOVA_GEM_INFO, fill_gem_info, OUT(struct drm_nova_gem_info, size, reserved) },
	{ DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, fill_mmap_offset,
	  OUT(struct drm_nova_gem_mmap_offset, offset, offset) },
	{ DRM_IOCTL_NOVA_VM_CREATE, fill_vm_create,
	  OUT(struct drm_nova_vm_create, vm_id, va_size) },
	{ DRM_IOCTL_NOVA_QUEUE_CREATE, fill_queue_create,
	  OUT(struct drm_nova_queue_create, queue_id, doorbell_offset) },
	{ DRM_IOCTL_NOVA_VM_GET_STATE, fill_vm_get_state,
	  OUT(struct drm_nova_vm_get_state, state, fault_count) },
	{ DRM_IOCTL_NOVA_QUEUE_GET_STATE, fill_get_state,
	  OUT(struct drm_nova_queue_get_state, flags, error) },
};

/* The same call with two contents of what it writes: in a file of its own, so with equal ids. */
static void output_of(size_t line, uint8_t pattern, uint8_t *arg)
{
	int fd = igt_nova_open();
	struct ids ids;

	ids_create(fd, &ids);
	memset(arg, pattern, outputs[line].size);
	outputs[line].fill(arg, &ids);
	igt_assert_eq(igt_nova_ioctl(fd, outputs[line].request, arg), 0);
	close(fd);
}

static void check_query(int fd, uint32_t type, uint32_t size)
{
	uint8_t answers[2][1024];

	for (unsigned int i = 0; i < 2; i++) {
		memset(answers[i], i ? 0xff : 0, sizeof(answers[i]));
		igt_nova_query(fd, type, answers[i], sizeof(answers[i]));
	}
	for (size_t at = 0; at < sizeof(answers[0]); at++)
		igt_assert_f(answers[0][at] == answers[1][at], "query %u, byte %zu\n", type, at);
	for (size_t at = size; at < sizeof(answers[0]); at++)
		igt_assert_eq(answers[0][at], 0);
}

static void test_outputs(int fd)
{
	struct drm_nova_get_time time;
	uint8_t arg[2][64];

	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		igt_assert(outputs[i].size <= sizeof(arg[0]));
		output_of(i, 0, arg[0]);
		output_of(i, 0xff, arg[1]);
		/* Buffers of other files move mmap offsets on: never the same, never the pattern. */
		if (outputs[i].request == DRM_IOCTL_NOVA_GEM_MMAP_OFFSET)
			igt_assert(memcmp(arg[1] + 8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8));
		else
			igt_assert_f(!memcmp(arg[0] + outputs[i].begin, arg[1] + outputs[i].begin,
					     outputs[i].end - outputs[i].begin),
				     "ioctl %#lx leaves bytes as they were\n", outputs[i].request);
	}
	check_query(fd, DRM_NOVA_QUERY_DEVICE, sizeof(struct drm_nova_query_device));
	check_query(fd, DRM_NOVA_QUERY_MEMORY, sizeof(struct drm_nova_query_memory));
	check_query(fd, DRM_NOVA_QUERY_ENGINES, sizeof(struct drm_nova_query_engines));
	check_query(fd, DRM_NOVA_QUERY_LIMITS, sizeof(struct drm_nova_query_limits));
	memset(&time, 0xff, sizeof(time));
	time.flags = 0;
	time.clock_id = CLOCK_MONOTONIC;
	time.reserved = 0;
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GET_TIME, &time, 0);
	igt_assert(time.gpu_ns != ~0ull && time.cpu_ns != ~0ull && time.duration_ns != ~0ull);
}

static const struct igt_nova_test tests[] = {
	{ "foreign-ids", "Ids of another file do not exist.", test_foreign_ids },
	{ "tables-complete", "Each ioctl of the driver is in the tables.", test_tables_complete },
	{ "mmap-scan", "No offset maps what is not the file's.", test_mmap_scan },
	{ "outputs", "Each byte that an ioctl returns was written by it.", test_outputs },
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
