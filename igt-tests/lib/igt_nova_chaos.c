/* SPDX-License-Identifier: MIT */
/*
 * A seed decides what the emulator lies about, whether it lies from the bind
 * on or begins while clients are at work, what these do, and whether they are
 * done when the driver is unbound. Whatever a call returns is right, as long as it
 * returns; what is asserted is that the driver comes through in good order.
 */
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_chaos.h"
#include "igt_nova_kmsg.h"
#include "igt_nova_load.h"
#include "igt_nova_unplug.h"

#define WORKERS		4u
#define CALLS_MAX	48u
#define BO_SIZE		(64 * 1024)
#define PUSHES_SIZE	(64 * 1024)
/* While the device lies nobody is patient with it. */
#define FW_TIMEOUT_MS	40
#define JOB_TIMEOUT_MS	100
/*
 * Of the driver's own queue, if it is made before. Without interrupts each of its jobs is found to
 * have ended by that time only, and each call of a client may make one.
 */
#define MOVER_TIMEOUT_MS	250
/* What the driver may say of one bind and one unbind; its rate limits are per message and 5 s. */
#define MESSAGES_MAX	120u

/**
 * struct client - a thread and what it does with the lying device
 * @worker: what loads take; a handle that could not be had is 0
 * @load: what it does
 * @count: how often
 * @calls: how often it did
 */
struct client {
	struct igt_nova_worker worker;
	const struct igt_nova_load *load;
	unsigned int count;
	unsigned int calls;
};

/* Static: a failed assertion leaves the threads behind. */
static struct client clients[WORKERS];
static struct igt_nova_crowd nobody;
static struct igt_nova_kmsg kmsg = { .fd = -1 };
static unsigned int old_fw_timeout, old_job_timeout;

/* --- the watchdog --- */

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t deadline_ns;	/* 0: nothing is watched */
	uint32_t seed;
	const char *phase;
	bool exit;
} watchdog = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void sysrq(char key)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &key, 1) != 1)
		fprintf(stderr, "sysrq %c: %s\n", key, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Not an assertion: the thread that could end the subtest is the one that hangs. */
static void __attribute__((noreturn)) bark(void)
{
	fprintf(stderr, "seed %" PRIu32 " hangs (%s): stacks are in the kernel's log; replay it with "
		"lab/chaos 1 %" PRIu32 "\n", watchdog.seed, watchdog.phase, watchdog.seed);
	igt_nova_kmsg_note("chaos: seed %" PRIu32 " hangs (%s)\n", watchdog.seed, watchdog.phase);
	sysrq('w');
	sysrq('t');
	_exit(98);
}

static void *watch(void *data)
{
	(void)data;
	pthread_mutex_lock(&watchdog.lock);
	while (!watchdog.exit) {
		struct timespec until;

		if (!watchdog.deadline_ns) {
			pthread_cond_wait(&watchdog.changed, &watchdog.lock);
			continue;
		}
		if (igt_nova_now_ns() >= watchdog.deadline_ns)
			bark();
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&watchdog.changed, &watchdog.lock, &until);
	}
	pthread_mutex_unlock(&watchdog.lock);
	return NULL;
}

static void watch_phase(const struct igt_nova_chaos *chaos, uint32_t seed, const char *phase)
{
	pthread_mutex_lock(&watchdog.lock);
	watchdog.seed = seed;
	watchdog.phase = phase;
	watchdog.deadline_ns = phase ? igt_nova_now_ns() + chaos->patience_s * 1000000000ull : 0;
	pthread_cond_signal(&watchdog.changed);
	pthread_mutex_unlock(&watchdog.lock);
}

/* --- clients; nothing in here asserts --- */

static uint64_t next_random(uint64_t *random)
{
	uint64_t x = *random += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/* A queue of its own, a push to it, and its end, with or without waiting for the job. */
static int short_lived_queue(struct igt_nova_worker *worker, const struct igt_nova_push *push,
			     bool wait)
{
	struct drm_nova_queue_create create = {
		.vm_id = worker->client.vm, .priority = DRM_NOVA_PRIORITY_NORMAL,
		.engine = worker->calls % 2,
	};
	struct drm_nova_sync out = igt_nova_signal(worker->syncobj, 0);
	struct drm_nova_queue_destroy destroy = { 0 };
	int ret = igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &create);

	if (ret)
		return ret;
	ret = igt_nova_submit(worker->client.fd, create.queue_id, push, &out, 1);
	if (!ret && wait)
		ret = igt_nova_syncobj_wait(worker->client.fd, worker->syncobj, 0);
	destroy.queue_id = create.queue_id;
	igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &destroy);
	return ret;
}

static void begin_push(struct igt_nova_worker *worker, struct igt_nova_push *push)
{
	*push = (struct igt_nova_push) {
		.at = worker->client.pushes.map, .va = worker->client.pushes.va,
		.end = worker->client.pushes.map ? worker->client.pushes.map + 64 : NULL,
	};
}

static int load_faulting_job(struct igt_nova_worker *worker)
{
	struct igt_nova_push push;

	begin_push(worker, &push);
	if (!push.at)
		return -ENOENT;
	igt_nova_push_fill(&push, worker->bo.va + 16 * BO_SIZE, 1, 16);
	return short_lived_queue(worker, &push, true);
}

/* A semaphore that nobody releases: the channel is stopped in the middle of its work. */
static int load_abandoned_job(struct igt_nova_worker *worker)
{
	struct igt_nova_push push;

	begin_push(worker, &push);
	if (!push.at)
		return -ENOENT;
	igt_nova_push_acquire(&push, worker->bo.va, 0x5e3a);
	return short_lived_queue(worker, &push, false);
}

static const struct igt_nova_load chaos_loads[] = {
	{ "faulting-job", load_faulting_job, { 0 } },
	{ "abandoned-job", load_abandoned_job, { 0 } },
};

static int try_bo(struct igt_nova_client *client, struct igt_nova_bo *bo, uint64_t size,
		  uint32_t placement)
{
	struct drm_nova_gem_create create = { .size = size, .placement = placement };
	struct drm_nova_gem_mmap_offset offset = { 0 };
	struct drm_nova_vm_bind_op op = { .op = DRM_NOVA_VM_BIND_OP_MAP, .size = size };
	int ret = igt_nova_ioctl(client->fd, DRM_IOCTL_NOVA_GEM_CREATE, &create);
	void *map;

	if (ret)
		return ret;
	bo->handle = create.handle;
	bo->size = size;
	offset.handle = create.handle;
	ret = igt_nova_ioctl(client->fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &offset);
	if (ret)
		return ret;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, client->fd, offset.offset);
	if (map == MAP_FAILED)
		return -errno;
	bo->map = map;
	bo->va = igt_nova_client_va(client, size);
	op.handle = bo->handle;
	op.va = bo->va;
	return igt_nova_vm_bind_ops(client->fd, client->vm, &op, 1);
}

static void try_dmabuf(struct igt_nova_worker *worker)
{
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1 };
	struct drm_nova_gem_create create = {
		.size = BO_SIZE, .placement = DRM_NOVA_PLACEMENT_SYSTEM,
	};

	worker->dmabuf = -1;
	if (igt_nova_ioctl(worker->client.fd, DRM_IOCTL_NOVA_GEM_CREATE, &create))
		return;
	prime.handle = create.handle;
	if (!igt_nova_ioctl(worker->client.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		worker->dmabuf = prime.fd;
}

/* What the device lets us have. */
static void client_open(struct client *client, int fd)
{
	struct igt_nova_worker *worker = &client->worker;
	struct drm_nova_vm_create vm = { 0 };
	struct drm_nova_queue_create queue = { .priority = DRM_NOVA_PRIORITY_NORMAL };
	struct drm_nova_gem_mmap_offset offset = { 0 };
	struct drm_syncobj_create syncobj = { 0 };

	worker->crowd = &nobody;
	worker->client.fd = fd;
	if (!igt_nova_ioctl(fd, DRM_IOCTL_NOVA_VM_CREATE, &vm)) {
		worker->client.vm = vm.vm_id;
		worker->client.va_next = vm.va_start ? vm.va_start : IGT_NOVA_PAGE;
		worker->client.va_end = vm.va_start + vm.va_size;
		if (try_bo(&worker->client, &worker->client.pushes, PUSHES_SIZE,
			   DRM_NOVA_PLACEMENT_SYSTEM) == 0) {
			worker->client.pushes_used = 64 * 4;	/* for begin_push() */
			igt_nova_push_begin(&worker->client, &worker->push, 32);
		}
		try_bo(&worker->client, &worker->bo, BO_SIZE, DRM_NOVA_PLACEMENT_VRAM);
	}
	if (worker->push.at && worker->bo.va)
		igt_nova_push_fill(&worker->push, worker->bo.va, IGT_NOVA_OWN, 256);
	queue.vm_id = worker->client.vm;
	if (!igt_nova_ioctl(fd, DRM_IOCTL_NOVA_QUEUE_CREATE, &queue))
		worker->queue = queue.queue_id;
	offset.handle = worker->bo.handle;
	if (!igt_nova_ioctl(fd, DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, &offset))
		worker->fault_offset = offset.offset;
	if (!igt_nova_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &syncobj))
		worker->syncobj = syncobj.handle;
	try_dmabuf(worker);
}

static void client_close(struct client *client)
{
	struct igt_nova_worker *worker = &client->worker;

	if (worker->bo.map)
		munmap(worker->bo.map, worker->bo.size);
	if (worker->client.pushes.map)
		munmap(worker->client.pushes.map, worker->client.pushes.size);
	if (worker->dmabuf >= 0)
		close(worker->dmabuf);
	close(worker->client.fd);
}

static void *work(void *data)
{
	struct client *client = data;
	struct igt_nova_worker *worker = &client->worker;

	while (client->calls < client->count) {
		client->calls++;
		worker->calls++;
		if (client->load->call(worker) == -ENODEV)
			break;
	}
	return NULL;
}

static const struct igt_nova_load *choose_load(uint64_t random)
{
	size_t pick = random % (igt_nova_load_count + 2 * ARRAY_SIZE(chaos_loads));

	if (pick < igt_nova_load_count)
		return &igt_nova_loads[pick];
	return &chaos_loads[(pick - igt_nova_load_count) % ARRAY_SIZE(chaos_loads)];
}

/* Returns how many there are. */
static unsigned int clients_open(uint64_t *random)
{
	unsigned int count = 1 + next_random(random) % WORKERS, opened = 0;
	char node[64];

	if (!igt_nova_dev_node(igt_nova_unplug_dev(), node))
		return 0;
	while (opened < count) {
		struct client *client = &clients[opened];
		int fd = igt_nova_open_node(node);

		if (fd < 0)
			break;
		*client = (struct client) {
			.load = choose_load(next_random(random)),
			.count = 1 + next_random(random) % CALLS_MAX,
		};
		memcpy(client->worker.node, node, sizeof(node));
		client_open(client, fd);
		opened++;
	}
	return opened;
}

static void clients_start(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		igt_debug("client %u: %s, %u times\n", i, clients[i].load->name, clients[i].count);
	for (unsigned int i = 0; i < count; i++)
		igt_nova_thread_start(&clients[i].worker.thread, work, &clients[i]);
}

static void clients_join(struct igt_nova_chaos *chaos, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		igt_assert_eq(pthread_join(clients[i].worker.thread, NULL), 0);
		chaos->calls += clients[i].calls;
	}
}

static void clients_close(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		client_close(&clients[i]);
}

/* --- one seed --- */

static void command(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void command(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	igt_nova_emu_command(igt_nova_unplug_emu(), "%s", text);
}

static void set_timeouts(unsigned int fw_ms, unsigned int job_ms)
{
	igt_assert_eq(igt_nova_module_set_param("nova_core", "fw_timeout_ms", fw_ms), 0);
	igt_assert_eq(igt_nova_module_set_param("nova_drm", "job_timeout_ms", job_ms), 0);
}

static void turn_on(const struct igt_nova_chaos *chaos, uint32_t seed)
{
	char rate[16] = "";

	if (chaos->rate)
		snprintf(rate, sizeof(rate), " %u", chaos->rate);
	igt_nova_unplug_misbehave("chaos %" PRIu32 "%s%s%s", seed, rate,
				  chaos->asked ? " " : "",
				  chaos->asked ? chaos->asked : "");
	set_timeouts(FW_TIMEOUT_MS, JOB_TIMEOUT_MS);
}

static void unbind(struct igt_nova_chaos *chaos)
{
	uint64_t start = igt_nova_now_ns(), ms;
	int ret = 0;

	if (igt_nova_dev_is_bound(igt_nova_unplug_dev()))
		ret = igt_nova_dev_unbind(igt_nova_unplug_dev());
	igt_assert_f(ret == 0, "unbind: %s\n", strerror(-ret));
	ms = (igt_nova_now_ns() - start) / 1000000;
	if (ms > chaos->unbind_ms)
		chaos->unbind_ms = ms;
}

/* The device is asked, healed and asked no more. */
static void judge_device(struct igt_nova_chaos *chaos)
{
	struct igt_nova_emu_stats stats;

	igt_nova_unplug_check_quiet();
	igt_nova_emu_stats(igt_nova_unplug_emu(), &stats);
	chaos->lies += stats.lies;
	chaos->dma_blocked += stats.dma_blocked;
	chaos->excused += stats.excused;
	command("heal");
	command("clear");
	set_timeouts(old_fw_timeout, old_job_timeout);
}

static void judge_log(struct igt_nova_chaos *chaos, uint32_t seed)
{
	unsigned int recoveries = igt_nova_module_param("nova_core", "recoveries");

	igt_nova_kmsg_read(&kmsg);
	chaos->dead += kmsg.dead;
	chaos->lost += kmsg.lost;
	if (kmsg.ours > chaos->messages)
		chaos->messages = kmsg.ours;
	igt_assert_f(!kmsg.splat[0], "seed %" PRIu32 ": the kernel says \"%s\"\n", seed, kmsg.splat);
	igt_assert_f(!kmsg.overrun && kmsg.ours <= MESSAGES_MAX,
		     "seed %" PRIu32 ": %u messages of the driver, at least\n", seed, kmsg.ours);
	/* It says so, once in each life of the firmware. */
	igt_assert_f(kmsg.dead <= 1 + recoveries && kmsg.lost <= 1,
		     "seed %" PRIu32 ": dead %u times, lost %u times\n", seed, kmsg.dead, kmsg.lost);
}

/* A driver that finds the device healthy has to bind, whatever was before. */
static void bind_healthy(struct igt_nova_chaos *chaos)
{
	int ret, fd;

	set_timeouts(old_fw_timeout, MOVER_TIMEOUT_MS);
	ret = igt_nova_dev_bind(igt_nova_unplug_dev());
	igt_assert_f(ret == 0, "bind: %s\n", strerror(-ret));
	/* That was for the driver's own queue. */
	set_timeouts(old_fw_timeout, old_job_timeout);
	if (chaos->seeds % chaos->check_every)
		return;
	fd = igt_nova_dev_open(igt_nova_unplug_dev());
	igt_nova_check_works(fd);
	close(fd);
	chaos->checks++;
}

void igt_nova_chaos_run(struct igt_nova_chaos *chaos, uint32_t seed)
{
	uint64_t random = (uint64_t)seed << 20;
	bool lies_from_bind = next_random(&random) % 2;
	bool unbind_early = next_random(&random) % 2;
	unsigned int count;

	igt_nova_kmsg_restart(&kmsg);
	igt_nova_kmsg_note("chaos: seed %" PRIu32 "\n", seed);
	watch_phase(chaos, seed, "bind");
	if (igt_nova_dev_is_bound(igt_nova_unplug_dev()))
		unbind(chaos);
	if (lies_from_bind) {
		turn_on(chaos, seed);
		igt_nova_dev_bind(igt_nova_unplug_dev());
		if (igt_nova_dev_is_bound(igt_nova_unplug_dev()))
			chaos->bound++;
		else
			chaos->refused++;
	} else {
		bind_healthy(chaos);
	}
	watch_phase(chaos, seed, "open");
	if (!lies_from_bind)
		set_timeouts(old_fw_timeout, JOB_TIMEOUT_MS);
	count = clients_open(&random);
	igt_assert_f(count || lies_from_bind, "seed %" PRIu32 ": the device cannot be opened\n", seed);
	if (!lies_from_bind)
		turn_on(chaos, seed);
	watch_phase(chaos, seed, "work");
	clients_start(count);
	if (!unbind_early)
		clients_join(chaos, count);
	watch_phase(chaos, seed, "unbind");
	unbind(chaos);
	watch_phase(chaos, seed, "close");
	if (unbind_early)
		clients_join(chaos, count);
	clients_close(count);
	watch_phase(chaos, seed, "heal");
	judge_device(chaos);
	judge_log(chaos, seed);
	watch_phase(chaos, 0, NULL);
	chaos->seeds++;
}

void igt_nova_chaos_end(struct igt_nova_chaos *chaos)
{
	chaos->seeds -= chaos->seeds % chaos->check_every;
	bind_healthy(chaos);
}

void igt_nova_chaos_report(const struct igt_nova_chaos *chaos)
{
	igt_info("%" PRIu64 " seeds: %" PRIu64 " lies, %" PRIu64 " stray DMA accesses stopped, "
		 "%" PRIu64 " violations excused; %" PRIu64 " times bound to a liar, %" PRIu64
		 " refused, %" PRIu64 " dead, %" PRIu64 " lost; %" PRIu64 " calls, %" PRIu64
		 " checks of the healed device; at most %u messages and %" PRIu64 " ms to unbind\n",
		 chaos->seeds, chaos->lies, chaos->dma_blocked, chaos->excused, chaos->bound,
		 chaos->refused, chaos->dead, chaos->lost, chaos->calls, chaos->checks,
		 chaos->messages, chaos->unbind_ms);
}

/* --- life --- */

static void restore_at_exit(int signal)
{
	(void)signal;
	igt_nova_module_set_param("nova_core", "fw_timeout_ms", old_fw_timeout);
	igt_nova_module_set_param("nova_drm", "job_timeout_ms", old_job_timeout);
}

void igt_nova_chaos_init(void)
{
	igt_nova_unplug_require_emu();
	igt_nova_kmsg_open(&kmsg);
	old_fw_timeout = igt_nova_module_param("nova_core", "fw_timeout_ms");
	old_job_timeout = igt_nova_module_param("nova_drm", "job_timeout_ms");
	igt_install_exit_handler(restore_at_exit);
	igt_nova_thread_start(&watchdog.thread, watch, NULL);
}

void igt_nova_chaos_fini(void)
{
	pthread_mutex_lock(&watchdog.lock);
	watchdog.exit = true;
	pthread_cond_signal(&watchdog.changed);
	pthread_mutex_unlock(&watchdog.lock);
	pthread_join(watchdog.thread, NULL);
	igt_nova_kmsg_close(&kmsg);
}
