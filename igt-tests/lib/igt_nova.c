/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/sync_file.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_limit.h"

static void run_test(int fd, const struct igt_nova_test *test)
{
	igt_describe(test->describe);
	igt_subtest(test->name) {
		igt_set_timeout(2 * IGT_NOVA_PATIENCE_S, test->name);
		igt_nova_limit_begin();
		test->run(fd);
		igt_reset_timeout();
	}
}

/* @fd points to what a fixture filled in: it runs before the subtests, but not when they are listed. */
void igt_nova_run_tests(const int *fd, const struct igt_nova_test *tests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_test(fd ? *fd : -1, &tests[i]);
}

void igt_nova_expect_errors_logged(void)
{
	igt_emit_ignore_dmesg_regex("nova.*(channel|chid|queue|engine|fault|job|firmware|message|"
				    "time|hang|hung|lost|gone|reset|kill|error)");
}

bool igt_nova_is_nova(int fd)
{
	drmVersionPtr version = drmGetVersion(fd);
	bool nova = version && strcmp(version->name, IGT_NOVA_DRIVER) == 0;

	drmFreeVersion(version);
	return nova;
}

int igt_nova_open_node(const char *node)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int igt_nova_try_open(void)
{
	glob_t nodes;
	int found = -ENODEV;

	if (glob("/dev/dri/renderD*", 0, NULL, &nodes))
		return -ENODEV;
	for (size_t i = 0; i < nodes.gl_pathc && found < 0; i++) {
		int fd = igt_nova_open_node(nodes.gl_pathv[i]);

		if (fd < 0)
			continue;
		if (igt_nova_is_nova(fd))
			found = fd;
		else
			close(fd);
	}
	globfree(&nodes);
	return found;
}

int igt_nova_open(void)
{
	int fd = igt_nova_try_open();

	igt_require_f(fd >= 0, "no " IGT_NOVA_DRIVER " render node\n");
	return fd;
}

int igt_nova_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret < 0 ? -errno : 0;
}

/* A bad pointer is noticed before anything else, unless there is no such ioctl. */
bool igt_nova_ioctl_exists(int fd, unsigned int number)
{
	return igt_nova_ioctl(fd, DRM_IOWR(number, uint64_t),
			      (void *)(uintptr_t)IGT_NOVA_BAD_POINTER) != -EINVAL;
}

void igt_nova_expect_at(int fd, unsigned long request, void *arg, int error,
			const char *what, const char *file, int line)
{
	int ret = igt_nova_ioctl(fd, request, arg);

	igt_assert_f(ret == -error, "%s at %s:%d: got \"%s\", expected \"%s\"\n", what, file, line,
		     ret ? strerror(-ret) : "success", error ? strerror(error) : "success");
}

static void refuse_one(int fd, const struct igt_nova_refusals *refusals,
		       const struct igt_nova_refusal *row, const void *valid, void *nest)
{
	int ret;

	memcpy(nest, valid, refusals->size);
	if (refusals->link)
		refusals->link(nest);
	igt_assert(row->offset + row->size <= refusals->size);
	memcpy((char *)nest + row->offset, &row->value, row->size);

	ret = igt_nova_ioctl(fd, refusals->request, nest);
	igt_assert_f(ret == -row->error, "%s with %s: got \"%s\", expected \"%s\"\n",
		     refusals->name, row->what, ret ? strerror(-ret) : "success",
		     strerror(row->error));
}

void igt_nova_refuse(int fd, const struct igt_nova_refusals *refusals, const void *valid)
{
	void *nest = calloc(1, refusals->size);

	igt_assert(nest);
	for (size_t i = 0; i < refusals->count; i++)
		refuse_one(fd, refusals, &refusals->table[i], valid, nest);
	free(nest);
	igt_nova_expect(fd, refusals->request, (void *)(uintptr_t)IGT_NOVA_BAD_POINTER, EFAULT);
}

uint32_t igt_nova_gem_create(int fd, uint64_t size, uint32_t flags, uint32_t placement,
			     uint32_t vm_id, int error)
{
	struct drm_nova_gem_create create = {
		.size = size, .flags = flags, .placement = placement, .vm_id = vm_id,
	};

	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_CREATE, &create, error);
	igt_assert(error || create.handle);
	return create.handle;
}

void igt_nova_gem_info(int fd, uint32_t handle, struct drm_nova_gem_info *info, int error)
{
	*info = (struct drm_nova_gem_info) { .handle = handle };
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_INFO, info, error);
}

uint64_t igt_nova_gem_mmap_offset(int fd, uint32_t handle, int error)
{
	struct drm_nova_gem_mmap_offset offset = { .handle = handle };

	igt_nova_expect(fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &offset, error);
	return offset.offset;
}

void *igt_nova_gem_mmap(int fd, uint32_t handle, uint64_t size)
{
	uint64_t offset = igt_nova_gem_mmap_offset(fd, handle, 0);
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	igt_assert_f(map != MAP_FAILED, "mmap of a buffer: %m\n");
	return map;
}

void igt_nova_gem_close(int fd, uint32_t handle)
{
	igt_assert_eq(drmCloseBufferHandle(fd, handle), 0);
}

void igt_nova_query(int fd, uint32_t type, void *buffer, uint32_t size)
{
	struct drm_nova_dev_query query = {
		.type = type, .size = size, .pointer = (uintptr_t)buffer,
	};

	igt_nova_expect(fd, DRM_IOCTL_NOVA_DEV_QUERY, &query, 0);
}

void igt_nova_limits(int fd, struct drm_nova_query_limits *limits)
{
	igt_nova_query(fd, DRM_NOVA_QUERY_LIMITS, limits, sizeof(*limits));
}

uint32_t igt_nova_vm_create(int fd, struct drm_nova_vm_create *out)
{
	struct drm_nova_vm_create create = { 0 };

	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_CREATE, &create, 0);
	igt_assert(create.vm_id);
	if (out)
		*out = create;
	return create.vm_id;
}

void igt_nova_vm_destroy(int fd, uint32_t vm_id, int error)
{
	struct drm_nova_vm_destroy destroy = { .vm_id = vm_id };

	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_DESTROY, &destroy, error);
}

int igt_nova_vm_bind_ops(int fd, uint32_t vm_id, struct drm_nova_vm_bind_op *ops, uint32_t count)
{
	struct drm_nova_vm_bind bind = {
		.vm_id = vm_id,
		.ops = { sizeof(*ops), count, (uintptr_t)ops },
	};

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_VM_BIND, &bind);
}

int igt_nova_vm_bind_async(int fd, uint32_t vm_id, struct drm_nova_vm_bind_op *ops, uint32_t count,
			   struct drm_nova_sync *syncs, uint32_t sync_count)
{
	struct drm_nova_vm_bind bind = {
		.vm_id = vm_id,
		.flags = DRM_NOVA_VM_BIND_ASYNC,
		.ops = { .stride = sizeof(*ops), .count = count, .ptr = (uintptr_t)ops },
		.syncs = { .stride = sizeof(*syncs), .count = sync_count,
			   .ptr = (uintptr_t)syncs },
	};

	return igt_nova_ioctl(fd, DRM_IOCTL_NOVA_VM_BIND, &bind);
}

void igt_nova_vm_map(int fd, uint32_t vm_id, uint32_t handle, uint64_t offset, uint64_t va,
		     uint64_t size, uint32_t flags, int error)
{
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_MAP, .flags = flags, .handle = handle,
		.bo_offset = offset, .va = va, .size = size,
	};
	int ret = igt_nova_vm_bind_ops(fd, vm_id, &op, 1);

	igt_assert_f(ret == -error, "map %#" PRIx64 "+%#" PRIx64 ": got %d, expected %d\n",
		     va, size, ret, -error);
}

void igt_nova_vm_unmap(int fd, uint32_t vm_id, uint64_t va, uint64_t size, int error)
{
	struct drm_nova_vm_bind_op op = {
		.op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = va, .size = size,
	};
	int ret = igt_nova_vm_bind_ops(fd, vm_id, &op, 1);

	igt_assert_f(ret == -error, "unmap %#" PRIx64 "+%#" PRIx64 ": got %d, expected %d\n",
		     va, size, ret, -error);
}

uint32_t igt_nova_queue_create(int fd, uint32_t vm_id, uint32_t engine, int error)
{
	struct drm_nova_queue_create create = {
		.vm_id = vm_id, .engine = engine, .priority = DRM_NOVA_PRIORITY_NORMAL,
	};

	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create, error);
	igt_assert(error || create.queue_id);
	return create.queue_id;
}

uint32_t igt_nova_vm_state(int fd, uint32_t vm_id, struct drm_nova_vm_get_state *state,
			   struct drm_nova_vm_fault *faults, uint32_t room)
{
	struct drm_nova_vm_get_state local;

	if (!state)
		state = &local;
	*state = (struct drm_nova_vm_get_state) {
		.vm_id = vm_id,
		.faults = { sizeof(*faults), room, (uintptr_t)faults },
	};
	igt_nova_expect(fd, DRM_IOCTL_NOVA_VM_GET_STATE, state, 0);
	igt_assert_lte(state->faults.count, room);
	return state->faults.count;
}

void igt_nova_queue_destroy(int fd, uint32_t queue_id, int error)
{
	struct drm_nova_queue_destroy destroy = { .queue_id = queue_id };

	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &destroy, error);
}

void igt_nova_queue_state(int fd, uint32_t queue_id, struct drm_nova_queue_get_state *state)
{
	*state = (struct drm_nova_queue_get_state) { .queue_id = queue_id };
	igt_nova_expect(fd, DRM_IOCTL_NOVA_QUEUE_GET_STATE, state, 0);
}

void igt_nova_bo_create(int fd, struct igt_nova_bo *bo, uint64_t size, uint32_t placement)
{
	bo->handle = igt_nova_gem_create(fd, size, 0, placement, 0, 0);
	bo->size = size;
	bo->va = 0;
	bo->map = igt_nova_gem_mmap(fd, bo->handle, size);
}

void igt_nova_bo_fill(struct igt_nova_bo *bo, uint32_t value)
{
	for (size_t i = 0; i < bo->size / 4; i++)
		bo->map[i] = value;
	__sync_synchronize();
}

size_t igt_nova_bo_check(const struct igt_nova_bo *bo, uint32_t value)
{
	size_t i;

	for (i = 0; i < bo->size / 4; i++)
		if (bo->map[i] != value)
			break;
	return i;
}

void igt_nova_bo_destroy(int fd, struct igt_nova_bo *bo)
{
	if (bo->map)
		munmap(bo->map, bo->size);
	/* Fails on a dead device; the file's end takes the handle then. */
	drmCloseBufferHandle(fd, bo->handle);
	*bo = (struct igt_nova_bo) { 0 };
}

uint32_t igt_nova_syncobj_create(int fd)
{
	uint32_t handle = 0;

	igt_assert_eq(drmSyncobjCreate(fd, 0, &handle), 0);
	return handle;
}

void igt_nova_syncobj_destroy(int fd, uint32_t handle)
{
	drmSyncobjDestroy(fd, handle);
}

uint64_t igt_nova_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

uint64_t igt_nova_gpu_time(int fd)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };

	igt_nova_expect(fd, DRM_IOCTL_NOVA_GET_TIME, &time, 0);
	return time.gpu_ns;
}

int igt_nova_syncobj_wait(int fd, uint32_t handle, uint64_t point)
{
	int64_t deadline = igt_nova_now_ns() + IGT_NOVA_PATIENCE_S * 1000000000ull;

	if (point)
		return drmSyncobjTimelineWait(fd, &handle, &point, 1, deadline, 0, NULL);
	return drmSyncobjWait(fd, &handle, 1, deadline, 0, NULL);
}

bool igt_nova_syncobj_busy(int fd, uint32_t handle)
{
	return drmSyncobjWait(fd, &handle, 1, 0, 0, NULL) == -ETIME;
}

int igt_nova_sync_file(int fd, uint32_t handle)
{
	int sync_file = -1;

	igt_assert_eq(drmSyncobjExportSyncFile(fd, handle, &sync_file), 0);
	return sync_file;
}

int igt_nova_sync_file_status(int sync_file)
{
	struct sync_file_info info = { 0 };

	igt_assert_eq(igt_nova_ioctl(sync_file, SYNC_IOC_FILE_INFO, &info), 0);
	return info.status;
}

int igt_nova_sync_file_wait(int sync_file)
{
	struct pollfd poll_fd = { .fd = sync_file, .events = POLLIN };
	int ret;

	do {
		ret = poll(&poll_fd, 1, IGT_NOVA_PATIENCE_S * 1000);
	} while (ret < 0 && errno == EINTR);
	return ret == 1 ? 0 : -ETIME;
}

int igt_nova_fence_result(int fd, uint32_t handle)
{
	int sync_file = igt_nova_sync_file(fd, handle);
	int status;

	igt_assert_eq(igt_nova_sync_file_wait(sync_file), 0);
	status = igt_nova_sync_file_status(sync_file);
	close(sync_file);
	igt_assert_neq(status, 0);
	return status;
}

/* Volatile: only the signal handler reads it. */
static __thread sigjmp_buf *volatile bus_error_target;

static void on_bus_error(int signal)
{
	if (bus_error_target)
		siglongjmp(*bus_error_target, 1);
	/* Not from a guarded access: die of it as usual. */
	struct sigaction action = { .sa_handler = SIG_DFL };

	sigaction(signal, &action, NULL);
	raise(signal);
}

static void catch_bus_errors(void)
{
	struct sigaction action = { .sa_handler = on_bus_error, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
}

static bool safe_copy(void *to, const void *from, size_t size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sigjmp_buf target;

	pthread_once(&once, catch_bus_errors);
	if (sigsetjmp(target, 1)) {
		bus_error_target = NULL;
		return false;
	}
	bus_error_target = &target;
	memcpy(to, from, size);
	bus_error_target = NULL;
	return true;
}

bool igt_nova_safe_read(const void *from, void *to, size_t size)
{
	return safe_copy(to, from, size);
}

bool igt_nova_safe_write(void *to, const void *from, size_t size)
{
	return safe_copy(to, from, size);
}

void igt_nova_thread_start(pthread_t *thread, void *(*run)(void *data), void *data)
{
	sigset_t all, before;
	int ret;

	/* libigt's timeout handler jumps to the main thread's frames: it must run there. */
	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGSEGV);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(thread, NULL, run, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	igt_assert_eq(ret, 0);
}

void igt_nova_thread_wait_asleep(pid_t tid)
{
	char path[64], state = '?';

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	while (state != 'S' && state != 'D') {
		FILE *file = fopen(path, "re");

		if (!file)
			return;
		/* The name has no blank or parenthesis: it is our own program's. */
		if (fscanf(file, "%*d %*s %c", &state) != 1)
			state = 'S';
		fclose(file);
		sched_yield();
	}
}
