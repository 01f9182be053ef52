/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"
#include "igt_nova_failnth.h"
#include "igt_nova_job.h"
#include "igt_nova_pm.h"
#include "igt_nova_room.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("Probe, remove, modules, workers and sleep with allocations failing.");

#define PAGE		IGT_NOVA_PAGE
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define TIME_LIMIT_S	1800
#define NODE_SIZE	64

/* --- what a driver leaves in sysfs and debugfs --- */

/**
 * struct traces - what is to be seen of the driver
 * @count: of the files that match each pattern
 */
struct traces {
	size_t count[5];
};

static void read_traces(struct traces *traces)
{
	static const char *const patterns[ARRAY_SIZE(traces->count)] = {
		"/sys/bus/auxiliary/devices/nova_core.*", "/sys/class/drm/*", "/dev/dri/*",
		"/sys/kernel/debug/dri/*", "/sys/bus/pci/drivers/nova_core/0*",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		glob_t files;

		traces->count[i] = 0;
		if (glob(patterns[i], 0, NULL, &files))
			continue;
		traces->count[i] = files.gl_pathc;
		globfree(&files);
	}
}

/**
 * struct life - the device while binds and unbinds fail
 * @nothing: what is to be seen while it is not bound
 * @client: a client with a job done, while @bo.map is not NULL
 * @bo: its buffer
 * @order: the way to bind or unbind that is tested, ready to be given
 * @action: what it does
 */
struct life {
	struct traces nothing;
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	struct igt_nova_order order;
	enum igt_nova_action action;
};

static const struct igt_nova_dev *dev(void)
{
	return igt_nova_unplug_dev();
}

/* Not the file in /dev: that is not made when memory is short, which is no error to the kernel. */
static bool has_minor(void)
{
	char name[32];

	return igt_nova_dev_minor(dev(), name);
}

/* Nothing is left of the driver, to the machine and to the device. */
static void check_nothing(const struct life *life)
{
	struct traces now;

	igt_assert(!igt_nova_dev_is_bound(dev()));
	read_traces(&now);
	igt_assert_f(memcmp(&now, &life->nothing, sizeof(now)) == 0,
		     "left behind: %zu auxiliary devices (%zu), %zu of DRM (%zu), %zu nodes (%zu), "
		     "%zu in debugfs (%zu), %zu bound (%zu)\n",
		     now.count[0], life->nothing.count[0], now.count[1], life->nothing.count[1],
		     now.count[2], life->nothing.count[2], now.count[3], life->nothing.count[3],
		     now.count[4], life->nothing.count[4]);
	igt_nova_unplug_check_harmless();
}

static void prepare_order(void *data)
{
	struct life *life = data;

	igt_assert_eq(igt_nova_order_open(&life->order, dev(), life->action), 0);
}

static int call_order(void *data)
{
	return igt_nova_order_give(&((struct life *)data)->order);
}

static void life_begin(struct life *life, enum igt_nova_action action)
{
	*life = (struct life) { .action = action, .order = { .fd = -1 } };
	igt_nova_fail_expect_logged();
	igt_nova_unplug(igt_nova_path("unbind"));
	read_traces(&life->nothing);
}

/* --- one driver without the other --- */

static bool set_autoprobe(const char *bus, const char *value)
{
	char path[PATH_MAX];
	bool done;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/%s/drivers_autoprobe", bus);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, value, 1) == 1;
	close(fd);
	return done;
}

/* Whether drivers and devices that come find each other by themselves. */
static bool autoprobe(bool on)
{
	const char *value = on ? "1" : "0";
	bool pci = set_autoprobe("pci", value);

	return set_autoprobe("auxiliary", value) && pci;
}

/* What a failed subtest may have left. */
static void clean(void)
{
	autoprobe(true);
}

/* --- bind --- */

static void finish_bind(void *data, int ret, bool injected)
{
	struct life *life = data;

	(void)injected;
	igt_nova_order_close(&life->order);
	igt_assert(igt_nova_dev_is_bound(dev()) == (ret == 0));
	if (ret == 0)
		igt_assert_eq(igt_nova_dev_unbind(dev()), 0);
	check_nothing(life);
}

/*
 * The kernel's own answers to a lack of memory: a region of bus addresses counts as busy, there
 * are no interrupt vectors (two answers). An interrupt whose files in /proc could not be made
 * comes back as a warning of remove_proc_entry() when it is freed (Linux 7.2).
 */
static const struct igt_nova_failnth fail_bind = {
	.name = "bind", .errors = { EBUSY, ENOSPC, ENODEV }, .without = "register_irq_proc",
	.attempts = 2,
	.prepare = prepare_order, .call = call_order, .finish = finish_bind,
};

static void test_bind(void)
{
	static struct life life;

	life_begin(&life, IGT_NOVA_BIND);
	igt_assert(autoprobe(false));
	for (enum igt_nova_fail_kind kind = 0; kind < IGT_NOVA_FAIL_KINDS; kind++)
		igt_nova_failnth(&fail_bind, kind, &life);
	igt_assert(autoprobe(true));
	igt_nova_replug();
}

/* --- a client that is in before the probe has failed --- */

/**
 * struct early - a client that waits for the node to work
 * @life: the device
 * @node: a node of its own with the number the render node will have
 * @thread: runs it
 * @bind_ended: the bind has returned
 * @entered: times it had a queue and a buffer when the bind failed
 * @ready: it has them this time
 * @broken: its mapping raised SIGBUS
 */
struct early {
	struct life life;
	char node[NODE_SIZE];
	pthread_t thread;
	atomic_bool bind_ended;
	unsigned int entered;
	bool ready;
	bool broken;
};

static bool early_try(struct early *early, int fd, void **map)
{
	struct drm_nova_gem_create create = { .size = PAGE, .placement = VRAM };
	struct drm_nova_gem_mmap_offset offset = { 0 };
	struct drm_nova_queue_create queue = { .priority = DRM_NOVA_PRIORITY_NORMAL };
	struct drm_nova_vm_create vm = { 0 };
	uint32_t one = 1;

	if (igt_nova_ioctl(fd, DRM_IOCTL_NOVA_VM_CREATE, &vm))
		return false;
	queue.vm_id = vm.vm_id;
	if (igt_nova_ioctl(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &queue))
		return false;
	if (igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GEM_CREATE, &create))
		return true;
	offset.handle = create.handle;
	if (igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &offset))
		return true;
	*map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset.offset);
	if (*map != MAP_FAILED)
		early->broken |= !igt_nova_safe_write(*map, &one, sizeof(one));
	return true;
}

static void *early_run(void *data)
{
	struct early *early = data;
	void *map = MAP_FAILED;
	int fd;

	do {
		fd = igt_nova_open_node(early->node);
		if (fd < 0)
			sched_yield();
	} while (fd < 0 && !atomic_load(&early->bind_ended));
	if (fd < 0)
		return NULL;
	early->ready = early_try(early, fd, &map);
	while (!atomic_load(&early->bind_ended))
		sched_yield();
	if (map != MAP_FAILED) {
		uint32_t value;

		early->broken |= !igt_nova_safe_read(map, &value, sizeof(value));
		munmap(map, PAGE);
	}
	close(fd);
	return NULL;
}

static void prepare_early(void *data)
{
	struct early *early = data;

	atomic_store(&early->bind_ended, false);
	early->ready = false;
	prepare_order(&early->life);
	igt_nova_thread_start(&early->thread, early_run, early);
}

static int call_early(void *data)
{
	return call_order(&((struct early *)data)->life);
}

static void finish_early(void *data, int ret, bool injected)
{
	struct early *early = data;

	(void)injected;
	atomic_store(&early->bind_ended, true);
	igt_assert_eq(pthread_join(early->thread, NULL), 0);
	igt_assert(!early->broken);
	early->entered += ret && early->ready;
	igt_nova_order_close(&early->life.order);
	igt_assert(has_minor() == (ret == 0));
	if (ret == 0)
		igt_assert_eq(igt_nova_aux_unbind(dev()), 0);
	igt_nova_unplug_check_harmless();
}

/* Of what drm_sysfs_minor_alloc() returns as an error DRM drops a reference (Linux 7.2). */
static const struct igt_nova_failnth fail_early = {
	.name = "early-client",
	.without = "drm_sysfs_minor_alloc",
	.prepare = prepare_early,
	.call = call_early,
	.finish = finish_early,
};

static void test_early_client(void)
{
	static struct early early;
	char node[NODE_SIZE];
	struct stat status;

	early = (struct early) {
		.life = { .action = IGT_NOVA_AUX_BIND }, .node = "/dev/shm/nova-early",
	};
	igt_nova_fail_expect_logged();
	igt_assert(igt_nova_dev_node(dev(), node));
	igt_assert_eq(stat(node, &status), 0);
	unlink(early.node);
	igt_assert_f(mknod(early.node, S_IFCHR | 0600, status.st_rdev) == 0, "mknod: %m\n");
	igt_assert_eq(igt_nova_aux_unbind(dev()), 0);
	igt_nova_failnth(&fail_early, IGT_NOVA_FAIL_MEMORY, &early);
	unlink(early.node);
	igt_assert_eq(igt_nova_aux_bind(dev()), 0);
	igt_nova_replug();
	igt_info("%u times a client had a queue when the probe failed\n", early.entered);
	igt_require_f(early.entered, "no client was in before the probe failed\n");
}

/* --- unbind --- */

/* A device that is busy: a queue, a job, mappings in both memories. */
static void prepare_unbind(void *data)
{
	struct life *life = data;
	struct igt_nova_push push;

	if (!igt_nova_dev_is_present(dev()))
		igt_assert_eq(igt_nova_pci_rescan(), 0);
	if (!igt_nova_dev_is_bound(dev()))
		igt_assert_eq(igt_nova_dev_bind(dev()), 0);
	if (!has_minor())
		igt_assert_eq(igt_nova_aux_bind(dev()), 0);
	igt_nova_client_init(&life->client, igt_nova_dev_open(dev()));
	igt_nova_client_bo(&life->client, &life->bo, PAGE, VRAM);
	igt_nova_push_begin(&life->client, &push, 32);
	igt_nova_push_fill(&push, life->bo.va, 0x600d, PAGE / 4);
	igt_assert_eq(igt_nova_submit_wait(life->client.fd, igt_nova_client_queue(&life->client, 0),
					   &push), 1);
	prepare_order(life);
}

/* An error comes from the way to the driver: nothing has begun then, and all works as before. */
static void finish_unbind(void *data, int ret, bool injected)
{
	struct life *life = data;
	uint32_t value = 0;

	(void)injected;
	igt_nova_order_close(&life->order);
	igt_assert(has_minor() == (ret != 0));
	if (ret)
		igt_nova_check_works(life->client.fd);
	igt_assert(igt_nova_safe_read(life->bo.map, &value, sizeof(value)));
	igt_assert(ret ? value == 0x600d : value == 0x600d || value == 0);
	igt_nova_bo_destroy(life->client.fd, &life->bo);
	igt_nova_client_close(&life->client);
	igt_nova_unplug_check_quiet();
}

static void check_unbind(const char *name, enum igt_nova_action action)
{
	const struct igt_nova_failnth what = {
		.name = name,
		.prepare = prepare_unbind,
		.call = call_order,
		.finish = finish_unbind,
	};
	static struct life life;

	life = (struct life) { .action = action, .order = { .fd = -1 } };
	igt_nova_fail_expect_logged();
	for (enum igt_nova_fail_kind kind = 0; kind < IGT_NOVA_FAIL_KINDS; kind++)
		igt_nova_failnth(&what, kind, &life);
	if (igt_nova_dev_is_present(dev()) && igt_nova_dev_is_bound(dev()) && !has_minor())
		igt_assert_eq(igt_nova_aux_bind(dev()), 0);
	igt_nova_replug();
}

static void test_unbind(void)
{
	check_unbind("unbind", IGT_NOVA_UNBIND);
}

static void test_aux_unbind(void)
{
	check_unbind("aux-unbind", IGT_NOVA_AUX_UNBIND);
}

static void test_remove(void)
{
	check_unbind("remove", IGT_NOVA_REMOVE);
}

/* --- modules --- */

/**
 * struct module - a module while its initialization fails
 * @name: its name
 * @fd: its file
 */
struct module {
	const char *name;
	int fd;
};

static void module_open(struct module *module, const char *name)
{
	char pattern[PATH_MAX];
	struct utsname system;
	glob_t files;

	igt_assert_eq(uname(&system), 0);
	snprintf(pattern, sizeof(pattern), "/lib/modules/%s/{extra,updates}/%s.ko", system.release,
		 name);
	igt_require_f(glob(pattern, GLOB_BRACE, NULL, &files) == 0, "no %s\n", pattern);
	module->name = name;
	module->fd = open(files.gl_pathv[0], O_RDONLY | O_CLOEXEC);
	globfree(&files);
	igt_assert_f(module->fd >= 0, "%s: %m\n", name);
}

static int call_module(void *data)
{
	return syscall(SYS_finit_module, ((struct module *)data)->fd, "", 0) ? -errno : 0;
}

static void finish_module(void *data, int ret, bool injected)
{
	struct module *module = data;

	(void)injected;
	igt_assert_eq(igt_nova_module_unload_idle(module->name), ret ? -ENOENT : 0);
	igt_nova_unplug_check_harmless();
}

/*
 * What the kernel's loader allocates is not ours: only what is called by the module's init. EINVAL
 * is the driver core's answer when the module gets no directory of drivers.
 */
static void check_module(const char *name)
{
	struct igt_nova_fail_range init = igt_nova_fail_range_of("do_one_initcall");
	const struct igt_nova_failnth what = {
		.name = name, .within = &init, .errors = { EINVAL },
		.call = call_module, .finish = finish_module,
	};
	struct module module;

	module_open(&module, name);
	igt_nova_fail_expect_logged();
	igt_assert(autoprobe(false));
	igt_nova_failnth(&what, IGT_NOVA_FAIL_MEMORY, &module);
	igt_assert(autoprobe(true));
	close(module.fd);
}

static void unload(const char *name)
{
	int ret = igt_nova_module_unload_idle(name);

	igt_assert_f(ret == 0, "unloading %s: %s\n", name, strerror(-ret));
}

static void test_module_core(void)
{
	unload("nova_drm");
	unload("nova_core");
	check_module("nova_core");
	igt_assert_eq(igt_nova_module_load("nova_drm"), 0);
	igt_nova_replug();
}

static void test_module_drm(void)
{
	unload("nova_drm");
	check_module("nova_drm");
	igt_assert_eq(igt_nova_module_load("nova_drm"), 0);
	igt_nova_replug();
}

/* --- workers and interrupt threads, which fail-nth does not reach --- */

/**
 * struct scene - what makes them work
 * @client: a client
 * @gate: queue whose job waits for dword 0 of @bo
 * @queue: queue whose job waits for that job
 * @bo: buffer in system memory
 * @result: syncobj of the second job
 */
struct scene {
	struct igt_nova_client client;
	uint32_t gate;
	uint32_t queue;
	struct igt_nova_bo bo;
	int result;	/* a sync file: to wait for it is no ioctl, which may allocate */
};

typedef void (*scene_push_t)(struct scene *scene, struct igt_nova_push *push);

static void push_fill(struct scene *scene, struct igt_nova_push *push)
{
	igt_nova_push_fill(push, scene->bo.va + PAGE, 0x600d, PAGE / 4);
}

static void push_illegal(struct scene *scene, struct igt_nova_push *push)
{
	(void)scene;
	igt_nova_push_illegal(push);
}

static void push_fault(struct scene *scene, struct igt_nova_push *push)
{
	igt_nova_push_fill(push, igt_nova_client_va(&scene->client, PAGE), 0xbad, PAGE / 4);
}

/* Waits for what nobody writes. */
static void push_hang(struct scene *scene, struct igt_nova_push *push)
{
	igt_nova_push_acquire(push, scene->bo.va + 64, 0x12345678);
}

/* Two jobs are queued while memory is there; nothing of the second one is done yet. */
static void scene_open(struct scene *scene, scene_push_t write_push)
{
	struct drm_nova_sync syncs[2], gate_out;
	struct igt_nova_push push;
	int fd = igt_nova_dev_open(dev());
	uint32_t out, engine;

	igt_nova_client_init(&scene->client, fd);
	scene->gate = igt_nova_client_queue(&scene->client, 0);
	engine = igt_nova_engine_count(fd) - 1;
	scene->queue = write_push == push_hang ?
		       igt_nova_client_short_queue(&scene->client, engine) :
		       igt_nova_client_queue(&scene->client, engine);
	igt_nova_client_bo(&scene->client, &scene->bo, 2 * PAGE, SYSTEM);
	igt_nova_bo_fill(&scene->bo, 0);
	out = igt_nova_syncobj_create(fd);
	gate_out = igt_nova_signal(igt_nova_syncobj_create(fd), 0);

	igt_nova_push_begin(&scene->client, &push, 32);
	igt_nova_push_acquire(&push, scene->bo.va, 1);
	igt_assert_eq(igt_nova_submit(fd, scene->gate, &push, &gate_out, 1), 0);
	syncs[0] = igt_nova_wait_for(gate_out.handle, 0);
	syncs[1] = igt_nova_signal(out, 0);
	igt_nova_push_begin(&scene->client, &push, 32);
	write_push(scene, &push);
	igt_assert_eq(igt_nova_submit(fd, scene->queue, &push, syncs, 2), 0);
	scene->result = igt_nova_sync_file(fd, out);
}

static void scene_close(struct scene *scene)
{
	close(scene->result);
	igt_nova_bo_destroy(scene->client.fd, &scene->bo);
	igt_nova_client_close(&scene->client);
}

/* The proof is worth something only where such a failure would be seen. */
static void check_injection_works(int fd, const struct igt_nova_fail_range *range)
{
	struct drm_nova_gem_create create = { .size = PAGE };

	igt_nova_fail_always_begin(range, NULL);
	igt_assert_eq(igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GEM_CREATE, &create), -ENOMEM);
	igt_assert_lte(1, igt_nova_fail_always_end());
}

/* Nobody waits for the dump of a killed queue: what gives it to user space may allocate. */
static void check_worker(scene_push_t write_push, int error)
{
	struct igt_nova_fail_range range = igt_nova_fail_range_of_modules();
	struct scene scene;
	unsigned int failures;
	int ret;

	igt_nova_expect_errors_logged();
	scene_open(&scene, write_push);
	check_injection_works(scene.client.fd, &range);
	igt_nova_fail_always_begin(&range, "nova_dump_work");
	__atomic_store_n(&scene.bo.map[0], 1, __ATOMIC_SEQ_CST);
	ret = igt_nova_sync_file_wait(scene.result);
	failures = igt_nova_fail_always_end();
	igt_assert_eq(ret, 0);
	igt_assert_eq(igt_nova_sync_file_status(scene.result), error ? error : 1);
	igt_info("%u allocations in workers and interrupt threads\n", failures);
	igt_assert_eq(failures, 0);
	if (!error)
		igt_assert_eq_u32(scene.bo.map[PAGE / 4], 0x600d);
	scene_close(&scene);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
}

static void test_worker_job(void)
{
	check_worker(push_fill, 0);
}

static void test_worker_error(void)
{
	check_worker(push_illegal, -ECANCELED);
}

static void test_worker_fault(void)
{
	check_worker(push_fault, -ECANCELED);
}

static void test_worker_timeout(void)
{
	check_worker(push_hang, -ECANCELED);
}

/* The device vanishes with two jobs waiting; a read of its clock is what notices. */
static void test_worker_lost(void)
{
	struct igt_nova_fail_range range = igt_nova_fail_range_of_modules();
	struct drm_nova_get_time time = { 0 };
	struct scene scene;
	unsigned int failures;
	int ret;

	igt_nova_unplug_require_emu();
	igt_nova_expect_errors_logged();
	scene_open(&scene, push_fill);
	check_injection_works(scene.client.fd, &range);
	igt_nova_unplug_misbehave("surprise-remove");
	igt_nova_fail_always_begin(&range, NULL);
	igt_assert_eq(igt_nova_ioctl(scene.client.fd, DRM_IOCTL_NOVA_GET_TIME, &time), -ENODEV);
	ret = igt_nova_sync_file_wait(scene.result);
	failures = igt_nova_fail_always_end();
	igt_assert_eq(ret, 0);
	igt_assert_eq(igt_nova_sync_file_status(scene.result), -ENODEV);
	igt_info("%u allocations in workers and interrupt threads\n", failures);
	igt_assert_eq(failures, 0);
	scene_close(&scene);
	igt_nova_unplug(igt_nova_path("unbind"));
	igt_nova_replug();
}

/* --- the machine's sleep, which memory may be short for --- */

/* All allocations of @function fail: the machine stays awake, and the device is as before. */
static void check_sleep(const char *function)
{
	struct igt_nova_fail_range range = igt_nova_fail_range_of(function);
	struct igt_nova_room room;
	unsigned int failures;
	int ret;

	igt_nova_unplug_require_emu();
	igt_nova_sleep_require();
	igt_nova_sleep_expect_refused();
	igt_nova_room_open(&room);
	igt_nova_room_set_state(&room);
	igt_nova_bo_fill(&room.vram, 0x600d);
	igt_nova_fail_always_begin(&range, NULL);
	ret = igt_nova_sleep();
	failures = igt_nova_fail_always_end();
	igt_info("%u failures\n", failures);
	igt_assert_eq(ret, -ENOMEM);
	igt_assert_lte(1, failures);
	for (unsigned int i = 0; i < 2; i++) {
		igt_nova_room_use_state(&room);
		igt_assert_eq(igt_nova_bo_check(&room.vram, 0x600d), room.vram.size / 4);
		igt_nova_emu_command(igt_nova_unplug_emu(), "forget-asleep");
		igt_assert_eq(igt_nova_sleep(), 0);
	}
	igt_nova_room_check(&room, 0x600e);
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
}

static void test_sleep_core(void)
{
	check_sleep("nova_core_pm_keep");
}

static void test_sleep_drm(void)
{
	check_sleep("nova_pm_save");
}

/* --- */

static const struct test {
	const char *name;
	const char *describe;
	void (*run)(void);
} tests[] = {
	{ "bind", "The probe of nova-core.", test_bind },
	{ "early-client", "The probe of nova-drm, with a client in before it fails.",
	  test_early_client },
	{ "unbind", "The remove of both drivers does not fail.", test_unbind },
	{ "aux-unbind", "The remove of nova-drm does not fail.", test_aux_unbind },
	{ "remove", "The removal of the PCI device does not fail.", test_remove },
	{ "module-core", "The initialization of nova-core, without the probe.", test_module_core },
	{ "module-drm", "The initialization of nova-drm, without the probe.", test_module_drm },
	{ "worker-job", "A job runs and ends without an allocation.", test_worker_job },
	{ "worker-error", "A channel error is handled without an allocation.",
	  test_worker_error },
	{ "worker-fault", "A page fault is handled without an allocation.", test_worker_fault },
	{ "worker-timeout", "A hang is handled without an allocation.", test_worker_timeout },
	{ "worker-lost", "A lost device is handled without an allocation.", test_worker_lost },
	{ "sleep-core", "What the firmware has of video memory cannot be kept.", test_sleep_core },
	{ "sleep-drm", "Nor can what clients have of it.", test_sleep_drm },
};

static void run_test(const struct test *test)
{
	igt_describe(test->describe);
	igt_subtest(test->name) {
		igt_nova_unplug_begin();
		igt_set_timeout(TIME_LIMIT_S, test->name);
		test->run();
		igt_reset_timeout();
	}
}

int igt_main()
{
	igt_fixture() {
		igt_nova_fail_init();
		igt_nova_unplug_clean_with(clean);
		igt_nova_unplug_init();
	}
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		run_test(&tests[i]);
	igt_fixture() {
		igt_nova_fail_fini();
		igt_nova_unplug_fini();
	}
}
