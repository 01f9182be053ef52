// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <fcntl.h>
#include <linux/sync_file.h>

#include "fake_kernel.h"
#include "private.h"

struct fake_kernel fake;

/* --- objects --------------------------------------------------------------- */

uint32_t fake_handle(enum fake_kind kind, uint32_t index)
{
	return (kind + 1) * 1000 + index;
}

static int create(enum fake_kind kind, uint32_t *handle)
{
	for (uint32_t i = 0; i < FAKE_HANDLES; i++) {
		if (!fake.live[kind][i]) {
			fake.live[kind][i] = true;
			*handle = fake_handle(kind, i);
			return 0;
		}
	}
	return -ENOSPC;
}

static bool exists(enum fake_kind kind, uint32_t handle)
{
	uint32_t index = handle - fake_handle(kind, 0);

	return index < FAKE_HANDLES && fake.live[kind][index];
}

static int destroy(enum fake_kind kind, uint32_t handle)
{
	if (!exists(kind, handle)) {
		fake.wrong_destroys++;
		return -ENOENT;
	}
	fake.live[kind][handle - fake_handle(kind, 0)] = false;
	return 0;
}

uint32_t fake_live(void)
{
	uint32_t live = 0;

	for (int kind = 0; kind < FAKE_KINDS; kind++)
		for (int i = 0; i < FAKE_HANDLES; i++)
			live += fake.live[kind][i];
	return live;
}

/* --- ioctls ---------------------------------------------------------------- */

static int do_version(struct drm_version *args)
{
	size_t length = strlen(fake.driver);

	memcpy(args->name, fake.driver, length < args->name_len ? length : args->name_len);
	args->name_len = length;
	return 0;
}

static const struct drm_nova_query_device answer_device = {
	.chip_id = 0x16e, .revision = 0xa1, .generation = 3,
	.pci_domain = 1, .pci_bus = 2, .pci_device = 3, .pci_function = 4,
};

static const struct drm_nova_query_memory answer_memory = {
	.count = 2,
	.regions = {
		{ .placement = DRM_NOVA_PLACEMENT_VRAM, .total = 256 << 20, .used = 4096 },
		{ .placement = DRM_NOVA_PLACEMENT_SYSTEM, .total = 1 << 30, .used = 8192 },
	},
};

static const struct drm_nova_query_engines answer_engines = {
	.count = 2,
	.engines = {
		{ .index = 0, .type = DRM_NOVA_ENGINE_COPY, .instance = 0, .host_class = 0xc46f,
		  .class_id = 0xc5b5, .subchannel = 4 },
		{ .index = 5, .type = DRM_NOVA_ENGINE_COPY, .instance = 1, .host_class = 0xc46f,
		  .class_id = 0xc5b5, .subchannel = 4 },
	},
};

static const struct drm_nova_query_limits answer_limits = {
	.va_bits = 49, .page_size = 4096, .gem_size_max = 1, .va_push_end = 2,
	.push_bytes_max = 3, .bind_ops_max = 4, .exec_jobs_max = 5, .exec_pushes_max = 6,
	.syncs_max = 7, .vms_max = 8, .queues_max = 9, .ring_size_min = 10, .ring_size_max = 11,
	.job_timeout_ms = 12, .vm_binds_max = 13, .queue_jobs_max = 14, .page_tables_max = 15,
	.file_gem_bytes_max = 1ull << 40, .userq_vram_bytes_max = 1ull << 41,
};

static const struct drm_nova_query_priorities answer_priorities = { .allowed = 3, .known = 7 };

static int do_dev_query(struct drm_nova_dev_query *args)
{
	const void *answer;
	uint32_t size;

	switch (args->type) {
	case DRM_NOVA_QUERY_DEVICE:
		answer = &answer_device;
		size = sizeof(answer_device);
		break;
	case DRM_NOVA_QUERY_MEMORY:
		answer = &answer_memory;
		size = sizeof(answer_memory);
		break;
	case DRM_NOVA_QUERY_ENGINES:
		answer = &answer_engines;
		size = sizeof(answer_engines);
		break;
	case DRM_NOVA_QUERY_LIMITS:
		answer = &answer_limits;
		size = sizeof(answer_limits);
		break;
	case DRM_NOVA_QUERY_PRIORITIES:
		answer = &answer_priorities;
		size = sizeof(answer_priorities);
		break;
	default:
		return -EINVAL;
	}
	memset((void *)(uintptr_t)args->pointer, 0, args->size);
	memcpy((void *)(uintptr_t)args->pointer, answer, size < args->size ? size : args->size);
	args->size = size;
	return 0;
}

static int do_gem_create(struct drm_nova_gem_create *args)
{
	fake.gem_create = *args;
	return create(FAKE_GEM, &args->handle);
}

static int do_gem_info(struct drm_nova_gem_info *args)
{
	if (!exists(FAKE_GEM, args->handle))
		return -ENOENT;
	args->size = 8192;
	args->flags = DRM_NOVA_GEM_NO_MMAP | DRM_NOVA_GEM_INFO_IMPORTED;
	args->placement = DRM_NOVA_PLACEMENT_VRAM | DRM_NOVA_PLACEMENT_SYSTEM;
	args->resident = DRM_NOVA_PLACEMENT_SYSTEM;
	return 0;
}

/* Drops what it is told is not needed. */
static int do_set_meta(struct drm_nova_gem_set_meta *args)
{
	if (!exists(FAKE_GEM, args->handle))
		return -ENOENT;
	fake.set_meta = *args;
	if (args->op == DRM_NOVA_GEM_META_LABEL) {
		if (args->value > DRM_NOVA_GEM_LABEL_MAX)
			return -E2BIG;
		memset(fake.label, 0, sizeof(fake.label));
		if (args->value && args->value < sizeof(fake.label))
			memcpy(fake.label, (void *)(uintptr_t)args->pointer, args->value);
		return 0;
	}
	args->retained = args->value == DRM_NOVA_MADVISE_DONTNEED;
	return 0;
}

static int do_mmap_offset(struct drm_nova_gem_mmap_offset *args)
{
	if (!exists(FAKE_GEM, args->handle))
		return -ENOENT;
	args->offset = (uint64_t)(args->handle - fake_handle(FAKE_GEM, 0)) << 20;
	return 0;
}

static int do_vm_create(struct drm_nova_vm_create *args)
{
	fake.vm_create = *args;
	args->va_start = FAKE_VA_START;
	args->va_size = FAKE_VA_SIZE;
	return create(FAKE_VM, &args->vm_id);
}

/* Copies an array argument behind @have elements; the room is FAKE_ARRAY elements. */
static uint32_t take_array(void *room, uint32_t have, const struct drm_nova_array *array, size_t size)
{
	assert_int_equal(array->stride, size);
	assert_true(have + array->count <= FAKE_ARRAY);
	if (array->count)
		memcpy((char *)room + have * size, (void *)(uintptr_t)array->ptr, array->count * size);
	return have + array->count;
}

static int do_vm_bind(struct drm_nova_vm_bind *args)
{
	if (!exists(FAKE_VM, args->vm_id))
		return -ENOENT;
	fake.bind = *args;
	take_array(fake.ops, 0, &args->ops, sizeof(fake.ops[0]));
	if (args->syncs.count)
		take_array(fake.syncs, 0, &args->syncs, sizeof(fake.syncs[0]));
	return 0;
}

static int do_queue_create(struct drm_nova_queue_create *args)
{
	if (!exists(FAKE_VM, args->vm_id))
		return -ENOENT;
	fake.queue_create = *args;
	if (args->flags & DRM_NOVA_QUEUE_USERMODE) {
		args->doorbell_offset = fake.userq_offset;
		args->map_size = 2 * (uint64_t)sysconf(_SC_PAGESIZE) + 8ull * args->ring_size;
		args->token = FAKE_USERQ_TOKEN;
	}
	return create(FAKE_QUEUE, &args->queue_id);
}

static int do_exec(struct drm_nova_exec *args)
{
	uint32_t count, pushes = 0, syncs = 0;

	if (!exists(FAKE_QUEUE, args->queue_id))
		return -ENOENT;
	fake.exec = *args;
	count = take_array(fake.jobs, 0, &args->jobs, sizeof(fake.jobs[0]));
	for (uint32_t i = 0; i < count; i++) {
		pushes = take_array(fake.pushes, pushes, &fake.jobs[i].pushes, sizeof(fake.pushes[0]));
		syncs = take_array(fake.syncs, syncs, &fake.jobs[i].syncs, sizeof(fake.syncs[0]));
	}
	return 0;
}

static int do_queue_get_state(struct drm_nova_queue_get_state *args)
{
	if (!exists(FAKE_QUEUE, args->queue_id))
		return -ENOENT;
	args->flags = DRM_NOVA_QUEUE_STATE_GUILTY | DRM_NOVA_QUEUE_STATE_TIMEDOUT;
	args->reset_count = 2;
	args->error = 43;
	return 0;
}

static int do_vm_get_state(struct drm_nova_vm_get_state *args)
{
	struct drm_nova_vm_fault *faults = (void *)(uintptr_t)args->faults.ptr;

	if (!exists(FAKE_VM, args->vm_id))
		return -ENOENT;
	if (args->faults.stride != sizeof(*faults) || args->faults.count < 2)
		return -EINVAL;
	args->state = fake.vm_wedged ? 0 : DRM_NOVA_VM_STATE_USABLE;
	args->reset_count = 3;
	args->fault_count = 40;
	args->faults.count = fake.vm_faults ? fake.vm_faults : 2;
	for (uint32_t i = 0; i < 2; i++)
		faults[i] = (struct drm_nova_vm_fault) {
			.address = 0x1000 * (i + 1), .time_ns = 32 * (i + 1), .type = 2, .access = i,
			.client = 5, .engine = 1, .queue_id = 7 + i,
		};
	return 0;
}

static int do_get_time(struct drm_nova_get_time *args)
{
	fake.get_time = *args;
	args->gpu_ns = 32;
	args->cpu_ns = 1000;
	args->duration_ns = 7;
	return 0;
}

static int do_wait_user_fence(struct drm_nova_wait_user_fence *args)
{
	fake.user_fence = *args;
	return exists(FAKE_VM, args->vm_id) ? 0 : -ENOENT;
}

static int do_wait(struct drm_syncobj_timeline_wait *args)
{
	fake.wait = *args;
	assert_true(args->count_handles <= FAKE_ARRAY);
	memcpy(fake.wait_handles, (void *)(uintptr_t)args->handles,
	       args->count_handles * sizeof(fake.wait_handles[0]));
	memcpy(fake.wait_points, (void *)(uintptr_t)args->points,
	       args->count_handles * sizeof(fake.wait_points[0]));
	args->first_signaled = args->count_handles - 1;
	return 0;
}

static int do_to_fd(struct drm_syncobj_handle *args)
{
	if (!exists(FAKE_SYNCOBJ, args->handle))
		return -ENOENT;
	fake.to_fd = *args;
	args->fd = dup(fake.fd);
	return 0;
}

static int do_from_fd(struct drm_syncobj_handle *args)
{
	fake.from_fd = *args;
	if (args->flags & DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE)
		return exists(FAKE_SYNCOBJ, args->handle) ? 0 : -ENOENT;
	return create(FAKE_SYNCOBJ, &args->handle);
}

static int do_prime_export(struct drm_prime_handle *args)
{
	if (!exists(FAKE_GEM, args->handle))
		return -ENOENT;
	fake.prime_export = *args;
	args->fd = dup(fake.fd);
	return 0;
}

static int do_prime_import(struct drm_prime_handle *args)
{
	if (fake.foreign_handle) {
		args->handle = fake.foreign_handle;
		return 0;
	}
	return create(FAKE_GEM, &args->handle);
}

static int do_transfer(struct drm_syncobj_transfer *args)
{
	fake.transfer = *args;
	return exists(FAKE_SYNCOBJ, args->src_handle) && exists(FAKE_SYNCOBJ, args->dst_handle) ?
	       0 : -ENOENT;
}

static int do_timeline_signal(struct drm_syncobj_timeline_array *args)
{
	fake.signal_handle = *(uint32_t *)(uintptr_t)args->handles;
	fake.signal_point = *(uint64_t *)(uintptr_t)args->points;
	return args->count_handles == 1 ? 0 : -EINVAL;
}

static int do_query(struct drm_syncobj_timeline_array *args)
{
	*(uint64_t *)(uintptr_t)args->points = fake.completed;
	return args->count_handles == 1 ? 0 : -EINVAL;
}

static int do_simple(const struct drm_syncobj_array *args, uint32_t *handle)
{
	*handle = *(uint32_t *)(uintptr_t)args->handles;
	return args->count_handles == 1 && !args->pad ? 0 : -EINVAL;
}

/* As the kernel: without room for fences the status is the container's, which has no error. */
static int do_file_info(struct sync_file_info *args)
{
	struct sync_fence_info *fences = (void *)(uintptr_t)args->sync_fence_info;

	if (args->flags || args->pad)
		return -EINVAL;
	if (!args->num_fences) {
		args->status = 1;
		args->num_fences = FAKE_FENCES;
		return 0;
	}
	if (args->num_fences < FAKE_FENCES)
		return -EINVAL;
	for (int i = 0; i < FAKE_FENCES; i++)
		fences[i] = (struct sync_fence_info) { .status = fake.sync_status };
	args->num_fences = FAKE_FENCES;
	args->status = fake.sync_status;
	return 0;
}

static int do_core_ioctl(unsigned long request, void *arg)
{
	switch (request) {
	case DRM_IOCTL_VERSION:
		return do_version(arg);
	case DRM_IOCTL_GEM_CLOSE:
		return destroy(FAKE_GEM, ((struct drm_gem_close *)arg)->handle);
	case DRM_IOCTL_PRIME_HANDLE_TO_FD:
		return do_prime_export(arg);
	case DRM_IOCTL_PRIME_FD_TO_HANDLE:
		return do_prime_import(arg);
	case DRM_IOCTL_SYNCOBJ_CREATE:
		return create(FAKE_SYNCOBJ, &((struct drm_syncobj_create *)arg)->handle);
	case DRM_IOCTL_SYNCOBJ_DESTROY:
		return destroy(FAKE_SYNCOBJ, ((struct drm_syncobj_destroy *)arg)->handle);
	case DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT:
		return do_wait(arg);
	case DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD:
		return do_to_fd(arg);
	case DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE:
		return do_from_fd(arg);
	case DRM_IOCTL_SYNCOBJ_TRANSFER:
		return do_transfer(arg);
	case DRM_IOCTL_SYNCOBJ_SIGNAL:
		fake.signal_point = 0;
		return do_simple(arg, &fake.signal_handle);
	case DRM_IOCTL_SYNCOBJ_RESET:
		return do_simple(arg, &fake.reset_handle);
	case DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL:
		return do_timeline_signal(arg);
	case DRM_IOCTL_SYNCOBJ_QUERY:
		return do_query(arg);
	case SYNC_IOC_FILE_INFO:
		return do_file_info(arg);
	default:
		return -ENOTTY;
	}
}

static int do_ioctl(unsigned long request, void *arg)
{
	switch (request) {
	case DRM_IOCTL_NOVA_GETPARAM:
		((struct drm_nova_getparam *)arg)->value = 256 << 20;
		return 0;
	case DRM_IOCTL_NOVA_GEM_CREATE:
		return do_gem_create(arg);
	case DRM_IOCTL_NOVA_GEM_INFO:
		return do_gem_info(arg);
	case DRM_IOCTL_NOVA_DEV_QUERY:
		return do_dev_query(arg);
	case DRM_IOCTL_NOVA_GEM_SET_META:
		return do_set_meta(arg);
	case DRM_IOCTL_NOVA_GEM_MMAP_OFFSET:
		return do_mmap_offset(arg);
	case DRM_IOCTL_NOVA_VM_CREATE:
		return do_vm_create(arg);
	case DRM_IOCTL_NOVA_VM_DESTROY:
		return destroy(FAKE_VM, ((struct drm_nova_vm_destroy *)arg)->vm_id);
	case DRM_IOCTL_NOVA_VM_BIND:
		return do_vm_bind(arg);
	case DRM_IOCTL_NOVA_QUEUE_CREATE:
		return do_queue_create(arg);
	case DRM_IOCTL_NOVA_QUEUE_DESTROY:
		return destroy(FAKE_QUEUE, ((struct drm_nova_queue_destroy *)arg)->queue_id);
	case DRM_IOCTL_NOVA_VM_GET_STATE:
		return do_vm_get_state(arg);
	case DRM_IOCTL_NOVA_QUEUE_GET_STATE:
		return do_queue_get_state(arg);
	case DRM_IOCTL_NOVA_EXEC:
		return do_exec(arg);
	case DRM_IOCTL_NOVA_GET_TIME:
		return do_get_time(arg);
	case DRM_IOCTL_NOVA_WAIT_USER_FENCE:
		return do_wait_user_fence(arg);
	default:
		return do_core_ioctl(request, arg);
	}
}

bool fake_is_destroy(unsigned long request)
{
	return request == DRM_IOCTL_GEM_CLOSE || request == DRM_IOCTL_NOVA_VM_DESTROY ||
	       request == DRM_IOCTL_NOVA_QUEUE_DESTROY || request == DRM_IOCTL_SYNCOBJ_DESTROY;
}

int nova_kernel_ioctl(int fd, unsigned long request, void *arg)
{
	bool gone;

	(void)fd;
	fake.calls++;
	/* A sync file needs no device. */
	gone = fake.gone_from && fake.calls >= fake.gone_from && request != SYNC_IOC_FILE_INFO;
	if (!gone && fake.calls != fake.fail_call && request != fake.fail_request)
		return do_ioctl(request, arg);
	fake.last_failed = request;
	/* A destroy that fails because the device is gone: closing the file frees what it named. */
	if (fake_is_destroy(request))
		do_ioctl(request, arg);
	return gone ? -ENODEV : -fake.fail_error;
}

int nova_kernel_mmap(int fd, uint64_t offset, size_t size, void **map)
{
	void *address;

	fake.calls++;
	if (fake.gone_from && fake.calls >= fake.gone_from) {
		fake.last_failed = FAKE_MMAP;
		return -ENODEV;
	}
	if (fake.calls == fake.fail_call) {
		fake.last_failed = FAKE_MMAP;
		return -fake.fail_error;
	}
	address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (address == MAP_FAILED)
		return -errno;
	*map = address;
	return 0;
}

/* --- set-up ---------------------------------------------------------------- */

void fake_open(void)
{
	fake = (struct fake_kernel) {
		.driver = "nova-drm", .sync_status = 1, .completed = 77,
		.userq_offset = FAKE_USERQ_OFFSET,
	};
	fake.fd = memfd_create("nova", MFD_CLOEXEC);
	assert_true(fake.fd >= 0);
	assert_int_equal(ftruncate(fake.fd, (off_t)FAKE_HANDLES << 20), 0);
}

void fake_close(void)
{
	assert_int_equal(close(fake.fd), 0);
}

int fake_setup(void **state)
{
	fake_open();
	return nova_device_open_fd(fake.fd, (struct nova_device **)state);
}

int fake_teardown(void **state)
{
	nova_device_close(*state);
	fake_close();
	if (fake_live() || fake.wrong_destroys) {
		print_error("%u objects left, %u wrong destroys\n", fake_live(), fake.wrong_destroys);
		return -1;
	}
	return 0;
}
