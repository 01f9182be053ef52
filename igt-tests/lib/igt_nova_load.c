/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <time.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_userq.h"

#define BO_SIZE		(64 * 1024)
/* How long a worker waits for memory that does not change. */
#define WAIT_NS		200000000ll

static int load_getparam(struct igt_nova_worker *worker)
{
	struct drm_nova_getparam getparam = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };

	return igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GETPARAM, &getparam);
}

static int close_handle(int fd, uint32_t handle)
{
	struct drm_gem_close close = { .handle = handle };

	return igt_nova_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close);
}

/* Touched, so that video memory is allocated and cleared as well. */
static int load_gem_create(struct igt_nova_worker *worker)
{
	struct drm_nova_gem_create create = {
		.size = BO_SIZE, .placement = DRM_NOVA_PLACEMENT_VRAM,
	};
	struct drm_nova_gem_mmap_offset offset = { 0 };
	int ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GEM_CREATE, &create);
	uint32_t one = 1;
	void *map;

	if (ret)
		return ret;
	offset.handle = create.handle;
	ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &offset);
	if (ret)
		return ret;
	map = mmap(NULL, BO_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, worker->client.fd,
		   offset.offset);
	if (map == MAP_FAILED)
		return -errno;
	if (!igt_nova_safe_write(map, &one, sizeof(one)))
		ret = -EFAULT;
	munmap(map, BO_SIZE);
	return ret ? ret : close_handle(worker->client.fd, create.handle);
}

static int load_gem_info(struct igt_nova_worker *worker)
{
	struct drm_nova_gem_info info = { .handle = worker->bo.handle };

	return igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GEM_INFO, &info);
}

static int load_dev_query(struct igt_nova_worker *worker)
{
	struct drm_nova_query_memory memory;
	struct drm_nova_dev_query query = {
		.type = DRM_NOVA_QUERY_MEMORY, .size = sizeof(memory),
		.pointer = (uintptr_t)&memory,
	};

	return igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_DEV_QUERY, &query);
}

static int load_gem_mmap_offset(struct igt_nova_worker *worker)
{
	struct drm_nova_gem_mmap_offset offset = { .handle = worker->bo.handle };

	return igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &offset);
}

/* A buffer of its own, with a label, that is needed again at once. */
static int load_gem_set_meta(struct igt_nova_worker *worker)
{
	static const char label[] = "a label";
	struct drm_nova_gem_create create = {
		.size = BO_SIZE, .placement = DRM_NOVA_PLACEMENT_SYSTEM,
	};
	struct drm_nova_gem_set_meta meta = {
		.op = DRM_NOVA_GEM_META_LABEL, .value = sizeof(label) - 1,
		.pointer = (uintptr_t)label,
	};
	int ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GEM_CREATE, &create);

	if (ret)
		return ret;
	meta.handle = create.handle;
	ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GEM_SET_META, &meta);
	meta.op = DRM_NOVA_GEM_META_MADVISE;
	meta.pointer = 0;
	for (int advice = DRM_NOVA_MADVISE_DONTNEED; !ret && advice >= 0; advice--) {
		meta.value = advice;
		meta.handle = worker->bo.handle;
		ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GEM_SET_META, &meta);
	}
	return ret ? ret : close_handle(worker->client.fd, create.handle);
}

static int load_vm_create_destroy(struct igt_nova_worker *worker)
{
	struct drm_nova_vm_create create = { 0 };
	struct drm_nova_vm_destroy destroy = { 0 };
	int ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_VM_CREATE, &create);

	if (ret)
		return ret;
	destroy.vm_id = create.vm_id;
	return igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_VM_DESTROY, &destroy);
}

static int load_vm_bind(struct igt_nova_worker *worker)
{
	struct drm_nova_vm_bind_op ops[] = {
		{ .op = DRM_NOVA_VM_BIND_OP_UNMAP, .va = worker->bo.va, .size = BO_SIZE / 2 },
		{ .op = DRM_NOVA_VM_BIND_OP_MAP, .handle = worker->bo.handle,
		  .va = worker->bo.va, .size = BO_SIZE },
	};

	return igt_nova_vm_bind_ops(worker->client.fd, worker->client.vm, ops, ARRAY_SIZE(ops));
}

static int load_vm_get_state(struct igt_nova_worker *worker)
{
	struct drm_nova_vm_fault faults[4];
	struct drm_nova_vm_get_state state = {
		.vm_id = worker->client.vm,
		.faults = { sizeof(faults[0]), ARRAY_SIZE(faults), (uintptr_t)faults },
	};

	return igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_VM_GET_STATE, &state);
}

/* Many under way, but not without bound: the synchronous one waits for them. */
static int load_vm_bind_async(struct igt_nova_worker *worker)
{
	struct drm_nova_vm_bind_op ops[] = {
		{ .op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_SPARSE,
		  .va = worker->bo.va, .size = BO_SIZE },
		{ .op = DRM_NOVA_VM_BIND_OP_MAP, .handle = worker->bo.handle,
		  .va = worker->bo.va, .size = BO_SIZE },
	};
	struct drm_nova_sync out = igt_nova_signal(worker->syncobj, 0);

	if (worker->calls % 64 == 63)
		return load_vm_bind(worker);
	return igt_nova_vm_bind_async(worker->client.fd, worker->client.vm, ops, ARRAY_SIZE(ops),
				      &out, 1);
}

static int load_queue_create_destroy(struct igt_nova_worker *worker)
{
	struct drm_nova_queue_create create = {
		.vm_id = worker->client.vm, .priority = DRM_NOVA_PRIORITY_NORMAL,
	};
	struct drm_nova_queue_destroy destroy = { 0 };
	int ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create);

	if (ret)
		return ret;
	destroy.queue_id = create.queue_id;
	return igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &destroy);
}

/* The same with a user-mode queue, which is mapped and rung. */
static int load_userq(struct igt_nova_worker *worker)
{
	struct igt_nova_userq userq = {
		.create = {
			.vm_id = worker->client.vm, .priority = DRM_NOVA_PRIORITY_NORMAL,
			.flags = DRM_NOVA_QUEUE_USERMODE,
		},
	};
	struct drm_nova_queue_destroy destroy = { 0 };
	int ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &userq.create);

	if (ret)
		return ret;
	ret = igt_nova_userq_map(worker->client.fd, &userq);
	if (ret)
		return ret;
	igt_nova_userq_submit(&userq, &worker->push);
	destroy.queue_id = userq.create.queue_id;
	ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &destroy);
	igt_nova_userq_submit(&userq, &worker->push);
	igt_nova_userq_unmap(&userq);
	return ret;
}

/* The first time at once, then for what never comes: again and again, as the device may stay. */
static int load_wait_user_fence(struct igt_nova_worker *worker)
{
	struct drm_nova_wait_user_fence wait = {
		.vm_id = worker->client.vm, .flags = DRM_NOVA_USER_FENCE_32,
		.address = worker->bo.va, .value = IGT_NOVA_OWN, .mask = UINT32_MAX,
		.op = worker->calls ? DRM_NOVA_USER_FENCE_NEQ : DRM_NOVA_USER_FENCE_EQ,
	};
	struct timespec now;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &now);
	wait.timeout = now.tv_sec * 1000000000ll + now.tv_nsec + WAIT_NS;
	ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_WAIT_USER_FENCE, &wait);
	return ret == -ETIME ? 0 : ret;
}

static int load_queue_get_state(struct igt_nova_worker *worker)
{
	struct drm_nova_queue_get_state state = { .queue_id = worker->queue };

	return igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_QUEUE_GET_STATE, &state);
}

static int load_exec_wait(struct igt_nova_worker *worker)
{
	struct drm_nova_sync out = igt_nova_signal(worker->syncobj, 0);
	int ret = igt_nova_submit(worker->client.fd, worker->queue, &worker->push, &out, 1);

	return ret ? ret : igt_nova_syncobj_wait(worker->client.fd, worker->syncobj, 0);
}

/* Memory of the process in place of the buffer, which changes under it, and is filled. */
static int load_vm_bind_userptr(struct igt_nova_worker *worker)
{
	void *at = mmap(NULL, BO_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct drm_nova_vm_bind_op ops[] = {
		{ .op = DRM_NOVA_VM_BIND_OP_MAP, .flags = DRM_NOVA_VM_BIND_USERPTR,
		  .bo_offset = (uintptr_t)at, .va = worker->bo.va, .size = BO_SIZE },
		{ .op = DRM_NOVA_VM_BIND_OP_MAP, .handle = worker->bo.handle,
		  .va = worker->bo.va, .size = BO_SIZE },
	};
	int fd = worker->client.fd, ret;

	if (at == MAP_FAILED)
		return -errno;
	ret = igt_nova_vm_bind_ops(fd, worker->client.vm, &ops[0], 1);
	madvise(at, BO_SIZE, MADV_DONTNEED);
	if (!ret)
		ret = load_exec_wait(worker);
	if (!ret)
		ret = igt_nova_vm_bind_ops(fd, worker->client.vm, &ops[1], 1);
	munmap(at, BO_SIZE);
	return ret;
}

/* Many jobs under way, but not without bound. */
static int load_exec(struct igt_nova_worker *worker)
{
	if (worker->calls % 64 == 63)
		return load_exec_wait(worker);
	return igt_nova_submit(worker->client.fd, worker->queue, &worker->push, NULL, 0);
}

static int load_get_time(struct igt_nova_worker *worker)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };

	return igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GET_TIME, &time);
}

static int load_prime_export(struct igt_nova_worker *worker)
{
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1 };
	struct drm_nova_gem_create create = {
		.size = BO_SIZE, .placement = DRM_NOVA_PLACEMENT_SYSTEM,
	};
	int ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GEM_CREATE, &create);

	if (ret)
		return ret;
	prime.handle = create.handle;
	ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
	if (ret)
		return ret;
	close(prime.fd);
	return close_handle(worker->client.fd, create.handle);
}

static int load_prime_import(struct igt_nova_worker *worker)
{
	struct drm_prime_handle prime = { .fd = worker->dmabuf };
	int ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);

	return ret ? ret : close_handle(worker->client.fd, prime.handle);
}

/* Fresh mappings of the same buffer, each page touched. */
static int load_page_fault(struct igt_nova_worker *worker)
{
	char *map = mmap(NULL, BO_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, worker->client.fd,
			 worker->fault_offset);
	uint32_t value = IGT_NOVA_OWN;
	int ret = 0;

	if (map == MAP_FAILED)
		return -errno;
	for (size_t at = 0; at < BO_SIZE && !ret; at += IGT_NOVA_PAGE)
		if (!igt_nova_safe_write(map + at, &value, sizeof(value)))
			ret = -EFAULT;
	munmap(map, BO_SIZE);
	return ret;
}

/* The node goes with the device, or another device has it by now. */
static int load_open_close(struct igt_nova_worker *worker)
{
	int fd = igt_nova_open_node(worker->node);

	if (fd == -ENOENT || fd == -ENXIO)
		return -ENODEV;
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

const struct igt_nova_load igt_nova_loads[] = {
	{ "open-close", load_open_close, { 0 } },
	{ "getparam", load_getparam, { DRM_IOCTL_NOVA_GETPARAM } },
	{ "gem-create", load_gem_create, { DRM_IOCTL_NOVA_GEM_CREATE } },
	{ "gem-info", load_gem_info, { DRM_IOCTL_NOVA_GEM_INFO } },
	{ "dev-query", load_dev_query, { DRM_IOCTL_NOVA_DEV_QUERY } },
	{ "gem-mmap-offset", load_gem_mmap_offset, { DRM_IOCTL_NOVA_GEM_MMAP_OFFSET } },
	{ "gem-set-meta", load_gem_set_meta, { DRM_IOCTL_NOVA_GEM_SET_META } },
	{ "vm-create-destroy", load_vm_create_destroy,
	  { DRM_IOCTL_NOVA_VM_CREATE, DRM_IOCTL_NOVA_VM_DESTROY } },
	{ "vm-bind", load_vm_bind, { DRM_IOCTL_NOVA_VM_BIND } },
	{ "vm-get-state", load_vm_get_state, { DRM_IOCTL_NOVA_VM_GET_STATE } },
	{ "vm-bind-async", load_vm_bind_async, { DRM_IOCTL_NOVA_VM_BIND } },
	{ "vm-bind-userptr", load_vm_bind_userptr,
	  { DRM_IOCTL_NOVA_VM_BIND, DRM_IOCTL_NOVA_EXEC } },
	{ "queue-create-destroy", load_queue_create_destroy,
	  { DRM_IOCTL_NOVA_QUEUE_CREATE, DRM_IOCTL_NOVA_QUEUE_DESTROY } },
	{ "userq", load_userq, { DRM_IOCTL_NOVA_QUEUE_CREATE, DRM_IOCTL_NOVA_QUEUE_DESTROY } },
	{ "wait-user-fence", load_wait_user_fence, { DRM_IOCTL_NOVA_WAIT_USER_FENCE } },
	{ "queue-get-state", load_queue_get_state, { DRM_IOCTL_NOVA_QUEUE_GET_STATE } },
	{ "exec", load_exec, { DRM_IOCTL_NOVA_EXEC } },
	{ "exec-wait", load_exec_wait, { DRM_IOCTL_NOVA_EXEC } },
	{ "get-time", load_get_time, { DRM_IOCTL_NOVA_GET_TIME } },
	{ "prime-export", load_prime_export, { 0 } },
	{ "prime-import", load_prime_import, { 0 } },
	{ "page-fault", load_page_fault, { 0 } },
};

const size_t igt_nova_load_count = ARRAY_SIZE(igt_nova_loads);

const struct igt_nova_load *igt_nova_load(const char *name)
{
	for (size_t i = 0; i < igt_nova_load_count; i++)
		if (strcmp(igt_nova_loads[i].name, name) == 0)
			return &igt_nova_loads[i];
	igt_assert_f(false, "there is no load %s\n", name);
	return NULL;
}

static void *work(void *data)
{
	struct igt_nova_worker *worker = data;
	struct igt_nova_crowd *crowd = worker->crowd;
	int ret = 0;

	while (!atomic_load(&crowd->stop)) {
		ret = worker->load->call(worker);
		if (ret == -ENODEV)
			break;
		if (ret && !(crowd->broken && (ret == -ECANCELED || ret == -ETIMEDOUT)))
			break;
		if (worker->calls++ == 0)
			sem_post(&crowd->running);
		ret = 0;
	}
	worker->result = ret;
	/* One that failed at once must not be waited for. */
	if (worker->calls == 0)
		sem_post(&crowd->running);
	return NULL;
}

void igt_nova_crowd_init(struct igt_nova_crowd *crowd)
{
	memset(crowd, 0, sizeof(*crowd));
	igt_assert_eq(sem_init(&crowd->running, 0, 0), 0);
}

void igt_nova_crowd_add(struct igt_nova_crowd *crowd, const struct igt_nova_dev *dev,
			const struct igt_nova_load *load)
{
	struct igt_nova_worker *worker = &crowd->workers[crowd->count];
	struct igt_nova_bo shared;
	struct igt_nova_client *client = &worker->client;

	igt_assert(crowd->count < ARRAY_SIZE(crowd->workers));
	worker->load = load;
	worker->crowd = crowd;
	worker->dmabuf = -1;
	igt_nova_client_init(client, igt_nova_dev_open(dev));
	igt_assert(igt_nova_dev_node(dev, worker->node));
	worker->queue = igt_nova_client_queue(client,
					      crowd->count % igt_nova_engine_count(client->fd));
	igt_nova_client_bo(client, &worker->bo, BO_SIZE, DRM_NOVA_PLACEMENT_VRAM);
	igt_nova_bo_fill(&worker->bo, IGT_NOVA_OWN);
	worker->fault_offset = igt_nova_gem_mmap_offset(client->fd, worker->bo.handle, 0);
	worker->syncobj = igt_nova_syncobj_create(client->fd);
	igt_nova_push_begin(client, &worker->push, 32);
	igt_nova_push_fill(&worker->push, worker->bo.va, IGT_NOVA_OWN, 256);
	igt_nova_bo_create(client->fd, &shared, BO_SIZE, DRM_NOVA_PLACEMENT_SYSTEM);
	igt_assert_eq(drmPrimeHandleToFD(client->fd, shared.handle, DRM_CLOEXEC | DRM_RDWR,
					 &worker->dmabuf), 0);
	/* The dma-buf alone keeps it. */
	igt_nova_bo_destroy(client->fd, &shared);
	crowd->count++;
}

void igt_nova_crowd_add_all(struct igt_nova_crowd *crowd, const struct igt_nova_dev *dev)
{
	for (size_t i = 0; i < igt_nova_load_count; i++)
		igt_nova_crowd_add(crowd, dev, &igt_nova_loads[i]);
}

void igt_nova_crowd_start(struct igt_nova_crowd *crowd)
{
	struct timespec deadline;

	for (; crowd->started < crowd->count; crowd->started++)
		igt_nova_thread_start(&crowd->workers[crowd->started].thread, work,
				      &crowd->workers[crowd->started]);
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += IGT_NOVA_PATIENCE_S;
	for (size_t i = 0; i < crowd->count; i++)
		igt_assert_f(sem_timedwait(&crowd->running, &deadline) == 0,
			     "not all threads got to work\n");
}

void igt_nova_crowd_join(struct igt_nova_crowd *crowd)
{
	bool stopped = atomic_load(&crowd->stop);

	while (crowd->started)
		igt_assert_eq(pthread_join(crowd->workers[--crowd->started].thread, NULL), 0);
	for (size_t i = 0; i < crowd->count; i++) {
		const struct igt_nova_worker *worker = &crowd->workers[i];

		igt_assert_f(worker->calls, "%s never succeeded: %s\n", worker->load->name,
			     strerror(-worker->result));
		igt_assert_f(worker->result == (stopped ? 0 : -ENODEV),
			     "%s ended with \"%s\" after %" PRIu64 " calls\n", worker->load->name,
			     strerror(-worker->result), worker->calls);
	}
}

void igt_nova_crowd_stop(struct igt_nova_crowd *crowd)
{
	atomic_store(&crowd->stop, true);
}

void igt_nova_bo_check_own(const struct igt_nova_bo *bo)
{
	uint32_t page[IGT_NOVA_PAGE / 4];

	for (size_t at = 0; at < bo->size; at += sizeof(page)) {
		char *map = (char *)bo->map + at;

		igt_assert_f(igt_nova_safe_read(map, page, sizeof(page)), "SIGBUS on reading\n");
		for (size_t i = 0; i < ARRAY_SIZE(page); i++)
			igt_assert_f(page[i] == 0 || page[i] == IGT_NOVA_OWN,
				     "%#x shows through\n", page[i]);
		for (size_t i = 0; i < ARRAY_SIZE(page); i++)
			page[i] = IGT_NOVA_OWN;
		igt_assert_f(igt_nova_safe_write(map, page, sizeof(page)), "SIGBUS on writing\n");
	}
}

void igt_nova_crowd_check_maps(struct igt_nova_crowd *crowd)
{
	for (size_t i = 0; i < crowd->count; i++)
		igt_nova_bo_check_own(&crowd->workers[i].bo);
}

void igt_nova_crowd_close(struct igt_nova_crowd *crowd)
{
	for (size_t i = 0; i < crowd->count; i++) {
		struct igt_nova_worker *worker = &crowd->workers[i];

		close(worker->dmabuf);
		igt_nova_bo_destroy(worker->client.fd, &worker->bo);
		igt_nova_client_close(&worker->client);
	}
	sem_destroy(&crowd->running);
	crowd->count = 0;
}

void igt_nova_crowd_abandon(struct igt_nova_crowd *crowd)
{
	if (!crowd->count && !crowd->started)
		return;
	igt_nova_crowd_stop(crowd);
	while (crowd->started)
		pthread_join(crowd->workers[--crowd->started].thread, NULL);
	igt_nova_crowd_close(crowd);
}
