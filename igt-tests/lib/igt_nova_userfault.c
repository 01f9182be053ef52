/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_userfault.h"

#define PAGE	IGT_NOVA_PAGE

static void *run(void *data)
{
	struct igt_nova_userfault *fault = data;

	fault->result = igt_nova_ioctl(fault->fd, fault->request, fault->arg);
	return NULL;
}

static void give_page(const struct igt_nova_userfault *fault)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)fault->page, PAGE } };

	ioctl(fault->uffd, UFFDIO_ZEROPAGE, &zero);
}

static void *rescue(void *data)
{
	struct igt_nova_userfaults *all = data;
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += IGT_NOVA_PATIENCE_S / 2;
	if (sem_timedwait(&all->released, &deadline)) {
		all->rescued = true;
		for (size_t i = 0; i < all->started; i++)
			give_page(&all->faults[i]);
	}
	return NULL;
}

static void create_page(struct igt_nova_userfault *fault)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };

	fault->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	igt_require_f(fault->uffd >= 0, "userfaultfd: %m\n");
	igt_assert_eq(ioctl(fault->uffd, UFFDIO_API, &api), 0);
	fault->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	igt_assert(fault->page != MAP_FAILED);
	range.range.start = (uintptr_t)fault->page;
	range.range.len = PAGE;
	igt_assert_eq(ioctl(fault->uffd, UFFDIO_REGISTER, &range), 0);
}

static struct igt_nova_userfault *add(struct igt_nova_userfaults *all, const char *name,
				      unsigned long request, void *arg, int also)
{
	struct igt_nova_userfault *fault = &all->faults[all->count];

	igt_assert(all->count < ARRAY_SIZE(all->faults));
	*fault = (struct igt_nova_userfault) {
		.name = name, .request = request, .arg = arg, .also = also,
		.fd = all->client.fd, .uffd = -1,
	};
	create_page(fault);
	all->count++;
	return fault;
}

static void start(struct igt_nova_userfaults *all)
{
	for (; all->started < all->count; all->started++) {
		struct igt_nova_userfault *fault = &all->faults[all->started];
		struct pollfd poll_fd = { .fd = fault->uffd, .events = POLLIN };

		igt_nova_thread_start(&fault->thread, run, fault);
		igt_assert_f(poll(&poll_fd, 1, IGT_NOVA_PATIENCE_S * 1000) == 1,
			     "%s did not touch the page\n", fault->name);
	}
}

/* Static: threads use them until they are joined. */
static struct drm_nova_vm_bind bind[2];
static struct drm_nova_vm_get_state state;
static struct drm_nova_gem_set_meta meta;
static struct drm_nova_exec exec[3];
static struct drm_nova_job jobs[2];
static struct drm_nova_dev_query query;

static void add_binds(struct igt_nova_userfaults *all)
{
	struct igt_nova_userfault *fault;

	fault = add(all, "VM_BIND ops", DRM_IOCTL_NOVA_VM_BIND, &bind[0], -EINVAL);
	bind[0] = (struct drm_nova_vm_bind) {
		.vm_id = all->client.vm,
		.ops = { sizeof(struct drm_nova_vm_bind_op), 1, (uintptr_t)fault->page },
	};
	fault = add(all, "VM_BIND syncs", DRM_IOCTL_NOVA_VM_BIND, &bind[1], -ENOENT);
	bind[1] = (struct drm_nova_vm_bind) {
		.vm_id = all->client.vm, .flags = DRM_NOVA_VM_BIND_ASYNC,
		.syncs = { sizeof(struct drm_nova_sync), 1, (uintptr_t)fault->page },
	};
}

/* A fault of the VM, which its answer has to tell of. It costs a queue. */
static void make_fault(struct igt_nova_client *client)
{
	uint32_t queue = igt_nova_client_queue(client, 0);
	struct drm_nova_vm_get_state now;
	struct igt_nova_push push;

	igt_nova_expect_errors_logged();
	igt_nova_push_begin(client, &push, 64);
	igt_nova_push_fill(&push, igt_nova_client_va(client, PAGE), 1, 4);
	igt_assert_lt(igt_nova_submit_wait(client->fd, queue, &push), 0);
	igt_nova_queue_destroy(client->fd, queue, 0);
	/* It may be told of a moment later. */
	do {
		igt_nova_vm_state(client->fd, client->vm, &now, NULL, 0);
	} while (!now.fault_count);
}

static void add_answers(struct igt_nova_userfaults *all)
{
	struct igt_nova_userfault *fault;

	query = (struct drm_nova_dev_query) {
		.type = DRM_NOVA_QUERY_MEMORY, .size = sizeof(struct drm_nova_query_memory),
	};
	fault = add(all, "DEV_QUERY answer", DRM_IOCTL_NOVA_DEV_QUERY, &query, 0);
	query.pointer = (uintptr_t)fault->page;

	make_fault(&all->client);
	fault = add(all, "VM_GET_STATE faults", DRM_IOCTL_NOVA_VM_GET_STATE, &state, 0);
	state = (struct drm_nova_vm_get_state) {
		.vm_id = all->client.vm,
		.faults = { sizeof(struct drm_nova_vm_fault), 1, (uintptr_t)fault->page },
	};
}

/* The arrays that are arguments, the arrays inside them, a text, and answers. */
static void add_all(struct igt_nova_userfaults *all)
{
	uint32_t queue = igt_nova_client_queue(&all->client, 0);
	struct igt_nova_userfault *fault;

	add_binds(all);

	for (unsigned int i = 0; i < ARRAY_SIZE(exec); i++)
		exec[i] = (struct drm_nova_exec) {
			.queue_id = queue, .jobs = { sizeof(struct drm_nova_job), 1, 0 },
		};
	fault = add(all, "EXEC jobs", DRM_IOCTL_NOVA_EXEC, &exec[0], -ENODEV);
	exec[0].jobs.ptr = (uintptr_t)fault->page;

	fault = add(all, "EXEC pushes", DRM_IOCTL_NOVA_EXEC, &exec[1], -EINVAL);
	jobs[0] = (struct drm_nova_job) {
		.pushes = { sizeof(struct drm_nova_push), 1, (uintptr_t)fault->page },
	};
	exec[1].jobs.ptr = (uintptr_t)&jobs[0];

	fault = add(all, "EXEC syncs", DRM_IOCTL_NOVA_EXEC, &exec[2], -ENOENT);
	jobs[1] = (struct drm_nova_job) {
		.syncs = { sizeof(struct drm_nova_sync), 1, (uintptr_t)fault->page },
	};
	exec[2].jobs.ptr = (uintptr_t)&jobs[1];

	fault = add(all, "GEM_SET_META label", DRM_IOCTL_NOVA_GEM_SET_META, &meta, 0);
	meta = (struct drm_nova_gem_set_meta) {
		.handle = all->client.pushes.handle, .op = DRM_NOVA_GEM_META_LABEL, .value = 8,
		.pointer = (uintptr_t)fault->page,
	};

	add_answers(all);
}

void igt_nova_userfaults_open(struct igt_nova_userfaults *all, const struct igt_nova_dev *dev)
{
	memset(all, 0, sizeof(*all));
	igt_assert_eq(sem_init(&all->released, 0, 0), 0);
	igt_nova_client_init(&all->client, igt_nova_dev_open(dev));
	add_all(all);
	start(all);
	igt_nova_thread_start(&all->rescuer, rescue, all);
}

static void release(struct igt_nova_userfaults *all)
{
	if (all->rescuer) {
		sem_post(&all->released);
		pthread_join(all->rescuer, NULL);
		all->rescuer = 0;
	}
	for (size_t i = 0; i < all->started; i++)
		give_page(&all->faults[i]);
	while (all->started)
		pthread_join(all->faults[--all->started].thread, NULL);
}

void igt_nova_userfaults_check(struct igt_nova_userfaults *all)
{
	release(all);
	igt_assert_f(!all->rescued, "somebody waited for a page of user memory\n");
	for (size_t i = 0; i < all->count; i++) {
		const struct igt_nova_userfault *fault = &all->faults[i];

		igt_assert_f(fault->result == -ENODEV || fault->result == fault->also,
			     "%s: %s\n", fault->name, strerror(-fault->result));
	}
}

void igt_nova_userfaults_close(struct igt_nova_userfaults *all)
{
	while (all->count) {
		struct igt_nova_userfault *fault = &all->faults[--all->count];

		munmap(fault->page, PAGE);
		close(fault->uffd);
	}
	igt_nova_client_close(&all->client);
	sem_destroy(&all->released);
}

void igt_nova_userfaults_abandon(struct igt_nova_userfaults *all)
{
	if (all->client.fd <= 0)
		return;
	release(all);
	igt_nova_userfaults_close(all);
}
