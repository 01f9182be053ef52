/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_load.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("Other ways for the device to go, and what must not keep it or its module.");

#define PAGE	IGT_NOVA_PAGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

/* Static: a failed assertion leaves the threads behind. */
static struct igt_nova_crowd crowd;

static void open_client(struct igt_nova_client *client)
{
	igt_nova_client_init(client, igt_nova_dev_open(igt_nova_unplug_dev()));
}

static void start_mixed_crowd(void)
{
	igt_nova_crowd_init(&crowd);
	for (size_t i = 0; i < igt_nova_load_count; i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), &igt_nova_loads[i]);
	igt_nova_crowd_start(&crowd);
}

static void end_crowd(void)
{
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
	igt_nova_unplug_check_quiet();
}

static void test_aux_unbind(int fd)
{
	(void)fd;
	start_mixed_crowd();
	igt_nova_unplug(igt_nova_path("aux-unbind"));
	end_crowd();
	igt_assert_eq(igt_nova_aux_bind(igt_nova_unplug_dev()), 0);
	igt_nova_replug();
}

static void test_remove_rescan(int fd)
{
	(void)fd;
	start_mixed_crowd();
	igt_nova_unplug(igt_nova_path("remove"));
	end_crowd();
	igt_assert(!igt_nova_dev_is_present(igt_nova_unplug_dev()));
	igt_nova_replug();
}

/* The device is gone before anybody asks the driver: all reads are ones, no write arrives. */
static void test_surprise_removal(int fd)
{
	(void)fd;
	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	igt_nova_crowd_init(&crowd);
	crowd.broken = true;
	for (size_t i = 0; i < igt_nova_load_count; i++)
		igt_nova_crowd_add(&crowd, igt_nova_unplug_dev(), &igt_nova_loads[i]);
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug_misbehave("surprise-remove");
	igt_nova_unplug(igt_nova_path("remove"));
	end_crowd();
	igt_nova_replug();
}

static void *unbind_thread(void *data)
{
	*(int *)data = igt_nova_dev_unbind(igt_nova_unplug_dev());
	return NULL;
}

static void test_unbind_twice(int fd)
{
	int result[2], winners = 0;
	pthread_t thread[2];

	(void)fd;
	start_mixed_crowd();
	for (unsigned int i = 0; i < 2; i++)
		igt_nova_thread_start(&thread[i], unbind_thread, &result[i]);
	for (unsigned int i = 0; i < 2; i++) {
		igt_assert_eq(pthread_join(thread[i], NULL), 0);
		/* sysfs reports success to one that found the work done meanwhile. */
		igt_assert(result[i] == 0 || result[i] == -ENODEV);
		winners += result[i] == 0;
	}
	igt_assert_lte(1, winners);
	end_crowd();
	igt_assert_eq(igt_nova_dev_unbind(igt_nova_unplug_dev()), -ENODEV);
	igt_nova_replug();
}

/* One of two devices goes: the other's clients do not notice. */
static void test_two_devices(int fd)
{
	struct igt_nova_dev second;

	(void)fd;
	igt_require_f(igt_nova_dev_find(&second, 1) && igt_nova_dev_is_bound(&second),
		      "one device only\n");
	igt_nova_crowd_init(&crowd);
	for (size_t i = 0; i < igt_nova_load_count; i++)
		igt_nova_crowd_add(&crowd, &second, &igt_nova_loads[i]);
	igt_nova_crowd_start(&crowd);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
	igt_nova_crowd_stop(&crowd);
	igt_nova_crowd_join(&crowd);
	igt_nova_crowd_check_maps(&crowd);
	igt_nova_crowd_close(&crowd);
}

/**
 * struct user_fault - an ioctl that faults on user memory nobody provides yet
 * @name: for the log
 * @request: the ioctl
 * @arg: its argument, which points to the page
 * @also: what it may return besides ENODEV: what is wrong with a page of zeroes is
 *        found before the device is missed, an answer may have been ready
 * @fd: the file
 * @thread: runs it
 * @result: what it returned
 */
struct user_fault {
	const char *name;
	unsigned long request;
	void *arg;
	int also;
	int fd;
	pthread_t thread;
	int result;
};

static void *fault_thread(void *data)
{
	struct user_fault *fault = data;

	fault->result = igt_nova_ioctl(fault->fd, fault->request, fault->arg);
	return NULL;
}

/* A page without content: an access to it sleeps until UFFDIO_ZEROPAGE. */
static int userfault_page(void **page)
{
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	igt_require_f(uffd >= 0, "userfaultfd: %m\n");
	igt_assert_eq(ioctl(uffd, UFFDIO_API, &api), 0);
	*page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	igt_assert(*page != MAP_FAILED);
	range.range.start = (uintptr_t)*page;
	range.range.len = PAGE;
	igt_assert_eq(ioctl(uffd, UFFDIO_REGISTER, &range), 0);
	return uffd;
}

/*
 * The unbind runs in a thread of its own: if it waits for the ioctl, the page is given to
 * end both, and the test fails instead of hanging the machine.
 */
static void check_user_fault(struct user_fault *fault, int uffd, void *page)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)page, PAGE } };
	struct pollfd poll_fd = { .fd = uffd, .events = POLLIN };
	struct timespec deadline;
	pthread_t unbinder;
	int unbound = 1;
	bool in_time;

	igt_nova_thread_start(&fault->thread, fault_thread, fault);
	igt_assert_f(poll(&poll_fd, 1, IGT_NOVA_PATIENCE_S * 1000) == 1,
		     "%s did not touch the page\n", fault->name);
	igt_nova_thread_start(&unbinder, unbind_thread, &unbound);
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += IGT_NOVA_PATIENCE_S / 2;
	in_time = pthread_timedjoin_np(unbinder, NULL, &deadline) == 0;
	igt_assert_eq(ioctl(uffd, UFFDIO_ZEROPAGE, &zero), 0);
	if (!in_time)
		igt_assert_eq(pthread_join(unbinder, NULL), 0);
	igt_assert_eq(pthread_join(fault->thread, NULL), 0);
	igt_assert_f(in_time, "the unbind waited for a user page of %s\n", fault->name);
	igt_assert_eq(unbound, 0);
	igt_assert_f(fault->result == -ENODEV || fault->result == fault->also, "%s: %s\n",
		     fault->name, strerror(-fault->result));
	igt_nova_unplug_check_quiet();
}

static void test_in_user_fault(int fd)
{
	struct drm_nova_vm_bind bind = { .ops = { sizeof(struct drm_nova_vm_bind_op), 1, 0 } };
	struct drm_nova_exec exec = { .jobs = { sizeof(struct drm_nova_job), 1, 0 } };
	struct drm_nova_dev_query query = {
		.type = DRM_NOVA_QUERY_MEMORY, .size = sizeof(struct drm_nova_query_memory),
	};
	struct user_fault faults[] = {
		{ .name = "VM_BIND", .request = DRM_IOCTL_NOVA_VM_BIND, .arg = &bind,
		  .also = -EINVAL },
		{ .name = "EXEC", .request = DRM_IOCTL_NOVA_EXEC, .arg = &exec, .also = -ENODEV },
		{ .name = "DEV_QUERY", .request = DRM_IOCTL_NOVA_DEV_QUERY, .arg = &query,
		  .also = 0 },
	};

	(void)fd;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct igt_nova_client client;
		void *page;
		int uffd;

		open_client(&client);
		uffd = userfault_page(&page);
		faults[i].fd = client.fd;
		bind.vm_id = client.vm;
		bind.ops.ptr = (uintptr_t)page;
		exec.queue_id = igt_nova_client_queue(&client, 0);
		exec.jobs.ptr = (uintptr_t)page;
		query.pointer = (uintptr_t)page;
		check_user_fault(&faults[i], uffd, page);
		munmap(page, PAGE);
		close(uffd);
		igt_nova_client_close(&client);
		igt_nova_replug();
	}
}

/* A dma-buf outlives the device: its mapping and its file stay usable, an import is refused. */
static void test_dmabuf_stays(int fd)
{
	struct igt_nova_client client, successor;
	uint32_t handle = 0, value = 0;
	struct igt_nova_bo bo;
	int dmabuf = -1, ret;
	void *map;

	(void)fd;
	open_client(&client);
	igt_nova_bo_create(client.fd, &bo, 64 * 1024, SYSTEM);
	igt_nova_bo_fill(&bo, IGT_NOVA_OWN);
	igt_assert_eq(drmPrimeHandleToFD(client.fd, bo.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf), 0);
	map = mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	igt_assert_f(map != MAP_FAILED, "mmap of a dma-buf: %m\n");
	igt_assert_eq_u32(*(uint32_t *)map, IGT_NOVA_OWN);
	igt_nova_unplug(igt_nova_path("unbind"));

	igt_assert(igt_nova_safe_read(map, &value, sizeof(value)));
	igt_assert(value == 0 || value == IGT_NOVA_OWN);
	igt_assert(igt_nova_safe_write(map, &value, sizeof(value)));
	igt_assert_neq(drmPrimeFDToHandle(client.fd, dmabuf, &handle), 0);
	igt_assert_eq(errno, ENODEV);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
	igt_nova_replug();

	/* The next life of the device may take the buffer or not, but must survive trying. */
	open_client(&successor);
	ret = drmPrimeFDToHandle(successor.fd, dmabuf, &handle);
	igt_info("import into the rebound device: %s\n", ret ? strerror(errno) : "accepted");
	igt_assert(igt_nova_safe_read(map, &value, sizeof(value)));
	munmap(map, 64 * 1024);
	close(dmabuf);
	igt_nova_check_works(successor.fd);
	igt_nova_client_close(&successor);
}

/*
 * Succeeds when nothing uses the module. The last references of fences and dma-bufs go in
 * RCU callbacks and work items, which announce nothing: so it is asked again until then.
 */
static void unload(const char *module)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	uint64_t deadline = igt_nova_now_ns() + IGT_NOVA_PATIENCE_S * 1000000000ull;
	int ret;

	for (;;) {
		ret = igt_nova_module_unload(module);
		if (ret != -EAGAIN || igt_nova_now_ns() > deadline)
			break;
		nanosleep(&pause, NULL);
	}
	igt_assert_f(ret == 0, "unloading %s: %s\n", module, strerror(-ret));
}

static void unload_and_load(void)
{
	unload("nova_drm");
	unload("nova_core");
	igt_nova_unplug_check_quiet();
	igt_assert_eq(igt_nova_module_load("nova_drm"), 0);
	igt_nova_replug();
}

static void test_module_unload(int fd)
{
	(void)fd;
	start_mixed_crowd();
	igt_nova_unplug(igt_nova_path("unbind"));
	end_crowd();
	unload_and_load();
}

static void test_module_unload_bound(int fd)
{
	struct igt_nova_client client;

	(void)fd;
	open_client(&client);
	igt_nova_check_works(client.fd);
	igt_nova_client_close(&client);
	unload_and_load();
}

/* Whatever a client still holds of the dead device keeps the code it needs. */
static void test_module_pinned(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	int dmabuf = -1;

	(void)fd;
	open_client(&client);
	igt_nova_bo_create(client.fd, &bo, PAGE, SYSTEM);
	bo.map[0] = IGT_NOVA_OWN;
	igt_assert_eq(drmPrimeHandleToFD(client.fd, bo.handle, DRM_CLOEXEC, &dmabuf), 0);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_assert_eq(igt_nova_module_unload("nova_drm"), -EAGAIN);
	drmCloseBufferHandle(client.fd, bo.handle);
	igt_nova_client_close(&client);
	igt_assert_eq(igt_nova_module_unload("nova_drm"), -EAGAIN);	/* mapping, dma-buf */
	munmap(bo.map, bo.size);
	igt_assert_eq(igt_nova_module_unload("nova_drm"), -EAGAIN);	/* dma-buf */
	close(dmabuf);
	unload_and_load();
}

static const struct igt_nova_test tests[] = {
	{ "aux-unbind", "nova-drm alone is unbound and bound.", test_aux_unbind },
	{ "remove-rescan", "The PCI device is removed and found again.", test_remove_rescan },
	{ "surprise-removal", "The device is gone before the driver hears of it.",
	  test_surprise_removal },
	{ "unbind-twice", "Two unbinds at once do no harm.", test_unbind_twice },
	{ "two-devices", "One device goes, another's clients do not notice.",
	  test_two_devices },
	{ "in-user-fault", "Unbind while an ioctl waits for a page of user memory.",
	  test_in_user_fault },
	{ "dmabuf-stays", "Exported buffers outlive the device.", test_dmabuf_stays },
	{ "module-unload", "Both modules can be unloaded after an unbind under load.",
	  test_module_unload },
	{ "module-unload-bound", "Unloading the modules unbinds the device.",
	  test_module_unload_bound },
	{ "module-pinned", "Files, mappings and dma-bufs of a dead device keep the module.",
	  test_module_pinned },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
