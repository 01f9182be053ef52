/* SPDX-License-Identifier: MIT */
#include <glob.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_meta.h"
#include "igt_nova_unplug.h"

#include "regs/nv_ce.h"

IGT_TEST_DESCRIPTION("More video memory in use than there is: clients turn each other's buffers out.");

#define MIB		(1024 * (uint64_t)1024)
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define SYSTEM		DRM_NOVA_PLACEMENT_SYSTEM
#define CLIENTS		4
#define SHARE		60		/* percent of video memory that each wants */
#define ROUNDS		2
#define BO_SIZE		(16 * MIB)
#define BLOCK		(256 * 1024u)	/* has one value */
#define BLOCKS		(BO_SIZE / BLOCK)
#define BOS_MAX		256
#define BATCH		4u		/* buffers that one job copies and fills */

/**
 * struct evictor - a client that wants more than half of video memory
 * @client: its file
 * @index: which
 * @bos: its buffers in video memory
 * @count: of them
 * @out: buffer in system memory, where the GPU copies some of them to
 * @queue: its queue
 * @syncobj: of its jobs
 * @thread: its thread
 * @running: of all, how many have done a job
 * @endless: it goes on until a call fails
 * @result: 0; a -errno of a call; or the number of wrong words
 */
static struct evictor {
	struct igt_nova_client client;
	unsigned int index;
	struct igt_nova_bo bos[BOS_MAX];
	unsigned int count;
	struct igt_nova_bo out;
	uint32_t queue;
	uint32_t syncobj;
	pthread_t thread;
	sem_t *running;
	bool endless;
	int64_t result;
} evictors[CLIENTS];

static uint64_t vram_total(int fd)
{
	struct drm_nova_query_memory memory;

	igt_nova_query(fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	for (uint32_t i = 0; i < memory.count; i++)
		if (memory.regions[i].placement == VRAM)
			return memory.regions[i].total;
	return 0;
}

/* What is in a block of a buffer after a round; nowhere else, and never 0. */
static uint32_t value_of(const struct evictor *evictor, unsigned int round, unsigned int bo,
			 unsigned int block)
{
	return 0x80000000u | evictor->index << 28 | (round % 7 + 1) << 24 | bo << 12 | block;
}

static void evictor_open(struct evictor *evictor, unsigned int index, sem_t *running)
{
	struct igt_nova_client *client = &evictor->client;
	uint64_t wanted;

	*evictor = (struct evictor) { .index = index, .running = running };
	igt_nova_client_init(client, igt_nova_dev_open(igt_nova_unplug_dev()));
	wanted = vram_total(client->fd) * SHARE / 100;
	evictor->count = wanted / BO_SIZE + 1;
	igt_require_f(evictor->count <= BOS_MAX, "%" PRIu64 " bytes\n", wanted);
	for (unsigned int i = 0; i < evictor->count; i++) {
		struct igt_nova_bo *bo = &evictor->bos[i];

		/* No CPU mapping: they are the GPU's alone. */
		bo->size = BO_SIZE;
		bo->handle = igt_nova_gem_create(client->fd, BO_SIZE, DRM_NOVA_GEM_NO_MMAP, VRAM, 0,
						 0);
		bo->va = igt_nova_client_va(client, BO_SIZE);
		igt_nova_vm_map(client->fd, client->vm, bo->handle, 0, bo->va, BO_SIZE, 0, 0);
	}
	igt_nova_client_bo(client, &evictor->out, BATCH * BO_SIZE, SYSTEM);
	evictor->queue = igt_nova_client_queue(client, index % igt_nova_engine_count(client->fd));
	evictor->syncobj = igt_nova_syncobj_create(client->fd);
}

static void evictor_close(struct evictor *evictor)
{
	munmap(evictor->out.map, evictor->out.size);
	igt_nova_client_close(&evictor->client);
}

static unsigned int batch_end(const struct evictor *evictor, unsigned int first)
{
	return first + BATCH < evictor->count ? first + BATCH : evictor->count;
}

/* Copies some buffers out, and fills them anew. */
static int evictor_job(struct evictor *evictor, unsigned int round, unsigned int first)
{
	struct drm_nova_sync out = igt_nova_signal(evictor->syncobj, 0);
	struct igt_nova_push push;
	int ret;

	evictor->client.pushes_used = 0;
	igt_nova_push_begin(&evictor->client, &push, BATCH * 16 * (BLOCKS + 1));
	for (unsigned int i = first; i < batch_end(evictor, first); i++) {
		igt_nova_push_copy(&push, evictor->out.va + (i - first) * BO_SIZE,
				   evictor->bos[i].va, BO_SIZE);
		for (unsigned int block = 0; block < BLOCKS; block++)
			igt_nova_push_fill(&push, evictor->bos[i].va + block * BLOCK,
					   value_of(evictor, round, i, block), BLOCK / 4);
	}
	ret = igt_nova_submit(evictor->client.fd, evictor->queue, &push, &out, 1);
	return ret ? ret : igt_nova_syncobj_wait(evictor->client.fd, evictor->syncobj, 0);
}

/* Every word that was copied out is the one of the last round, or 0 if that was none. */
static int64_t evictor_wrong(struct evictor *evictor, unsigned int round, unsigned int first)
{
	const uint32_t *word = evictor->out.map;
	int64_t wrong = 0;

	for (unsigned int i = first; i < batch_end(evictor, first); i++) {
		for (unsigned int block = 0; block < BLOCKS; block++) {
			uint32_t value = round ? value_of(evictor, round - 1, i, block) : 0;

			for (unsigned int j = 0; j < BLOCK / 4; j++)
				wrong += *word++ != value;
		}
	}
	return wrong;
}

static bool is_gone(const struct evictor *evictor)
{
	struct drm_nova_get_time time = { 0 };

	return igt_nova_ioctl(evictor->client.fd, DRM_IOCTL_NOVA_GET_TIME, &time) == -ENODEV;
}

static void *evictor_run(void *data)
{
	struct evictor *evictor = data;

	for (unsigned int round = 0; !evictor->result && (evictor->endless || round < ROUNDS);
	     round++) {
		for (unsigned int i = 0; !evictor->result && i < evictor->count; i += BATCH) {
			evictor->result = evictor_job(evictor, round, i);
			if (round == 0 && i == 0)
				sem_post(evictor->running);
			if (!evictor->result)
				evictor->result = evictor_wrong(evictor, round, i);
			/* Of jobs that ended with the device the wait does not say so. */
			if (evictor->result > 0 && is_gone(evictor))
				evictor->result = -ENODEV;
		}
	}
	return NULL;
}

static void start_all(sem_t *running, bool endless)
{
	sem_init(running, 0, 0);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		evictor_open(&evictors[i], i, running);
		evictors[i].endless = endless;
	}
	for (unsigned int i = 0; i < CLIENTS; i++)
		igt_nova_thread_start(&evictors[i].thread, evictor_run, &evictors[i]);
}

/* At the same time, each to the right result, every byte compared. */
static void test_four_clients(int fd)
{
	uint64_t total = 0, begin;
	sem_t running;

	(void)fd;
	/* Gigabytes are moved, by the CPU. */
	igt_set_timeout(4 * IGT_NOVA_PATIENCE_S, "four clients");
	begin = igt_nova_now_ns();
	start_all(&running, false);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		pthread_join(evictors[i].thread, NULL);
		total += evictors[i].count * BO_SIZE;
	}
	igt_info("%" PRIu64 " MiB of buffers in %" PRIu64 " MiB of video memory, %.1f s\n",
		 total / MIB, vram_total(evictors[0].client.fd) / MIB,
		 (igt_nova_now_ns() - begin) / 1e9);
	for (unsigned int i = 0; i < CLIENTS; i++)
		igt_assert_f(evictors[i].result == 0, "client %u: %" PRId64 "\n", i,
			     evictors[i].result);
	for (unsigned int i = 0; i < CLIENTS; i++)
		evictor_close(&evictors[i]);
}

/* What does not fit at all is refused, with all buffers of others turned out; and the file goes on. */
static void test_too_much(int fd)
{
	struct drm_nova_vm_bind_op op = { .op = DRM_NOVA_VM_BIND_OP_MAP };
	struct igt_nova_client client;
	uint64_t total, size;

	(void)fd;
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	total = vram_total(client.fd);
	op.size = size = total / 2 - total / 2 % BO_SIZE;
	for (unsigned int i = 0; i < 2; i++) {
		op.handle = igt_nova_gem_create(client.fd, size, DRM_NOVA_GEM_NO_MMAP, VRAM, 0, 0);
		op.va = igt_nova_client_va(&client, size);
		igt_assert_eq(igt_nova_vm_bind_ops(client.fd, client.vm, &op, 1), 0);
	}
	op.handle = igt_nova_gem_create(client.fd, size, DRM_NOVA_GEM_NO_MMAP, VRAM, 0, 0);
	op.va = igt_nova_client_va(&client, size);
	/* Bound one after the other they turn each other out. A job needs them all. */
	igt_assert_eq(igt_nova_vm_bind_ops(client.fd, client.vm, &op, 1), 0);
	igt_assert_eq(igt_nova_submit(client.fd, igt_nova_client_queue(&client, 0), NULL, NULL, 0),
		      -ENOSPC);
	igt_nova_vm_unmap(client.fd, client.vm, op.va, size, 0);
	igt_assert_eq(igt_nova_submit_wait(client.fd, igt_nova_client_queue(&client, 0), NULL), 1);
	igt_nova_client_close(&client);
}

/* What is not needed is dropped when it is turned out, not copied. */
static void test_dropped(int fd)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo, hog;

	(void)fd;
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_bo_create(client.fd, &bo, BO_SIZE, VRAM);
	igt_nova_bo_fill(&bo, 1);
	igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, DRM_NOVA_MADVISE_DONTNEED), 1);
	hog.size = vram_total(client.fd) - BO_SIZE / 2;
	hog.handle = igt_nova_gem_create(client.fd, hog.size, DRM_NOVA_GEM_NO_MMAP, VRAM, 0, 0);
	igt_nova_vm_map(client.fd, client.vm, hog.handle, 0,
			igt_nova_client_va(&client, hog.size), hog.size, 0, 0);
	igt_assert_eq(igt_nova_madvise(client.fd, bo.handle, DRM_NOVA_MADVISE_WILLNEED), 0);
	igt_assert_eq_u64(igt_nova_bo_check(&bo, 0), bo.size / 4);
	igt_nova_bo_destroy(client.fd, &bo);
	igt_nova_client_close(&client);
}

/* --- the controller of device memory --- */

#define CGROUP		"/run/nova-cgroup"
#define GROUP		CGROUP "/nova-evict"
#define LIMIT		(3 * BO_SIZE)

static void write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	igt_assert_f(file >= 0, "%s: %m\n", path);
	igt_assert_f(write(file, text, strlen(text)) == (ssize_t)strlen(text), "%s = %s: %m\n",
		     path, text);
	close(file);
}

/* The value of the region that is video memory of the device, and its name; false if there is none. */
static bool read_region(const char *path, char name[128], uint64_t *value)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char pattern[96];
	glob_t aux;

	/* It is named after the auxiliary device. */
	snprintf(pattern, sizeof(pattern), "/sys/bus/pci/devices/%s/nova_core.nova-drm.*",
		 igt_nova_unplug_dev()->address);
	igt_assert_eq(glob(pattern, 0, NULL, &aux), 0);
	snprintf(pattern, sizeof(pattern), "%s/vram", strrchr(aux.gl_pathv[0], '/') + 1);
	globfree(&aux);
	while (file && !found && fscanf(file, "%127s %" SCNu64, name, value) == 2)
		found = strstr(name, pattern);
	if (file)
		fclose(file);
	return found;
}

static void enter_group(void)
{
	char region[128], text[192];
	uint64_t capacity;

	mkdir(CGROUP, 0755);
	igt_require_f(!mount("cgroup2", CGROUP, "cgroup2", 0, NULL) || errno == EBUSY,
		      "no cgroup2: %m\n");
	igt_require_f(read_region(CGROUP "/dmem.capacity", region, &capacity),
		      "the kernel does not limit device memory (CONFIG_CGROUP_DMEM)\n");
	write_file(CGROUP "/cgroup.subtree_control", "+dmem");
	mkdir(GROUP, 0755);
	snprintf(text, sizeof(text), "%s %" PRIu64, region, (uint64_t)LIMIT);
	write_file(GROUP "/dmem.max", text);
	write_file(GROUP "/cgroup.procs", "0");
}

/*
 * A client whose group may have three buffers in video memory: a fourth turns one of its own out, a job that
 * needs all four is refused, and there is room for others all the time.
 */
static void test_group_limit(int fd)
{
	struct igt_nova_client client, other;
	struct igt_nova_bo bos[4], free_bo;
	uint64_t capacity, current;
	uint32_t queue;
	char region[128];

	(void)fd;
	igt_nova_client_init(&other, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_client_bo(&other, &free_bo, BO_SIZE, VRAM);
	enter_group();
	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_assert(read_region(CGROUP "/dmem.capacity", region, &capacity));
	igt_assert_eq_u64(capacity, vram_total(client.fd));
	queue = igt_nova_client_queue(&client, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bos); i++) {
		igt_nova_client_bo(&client, &bos[i], BO_SIZE, VRAM);
		igt_assert(read_region(GROUP "/dmem.current", region, &current));
		igt_assert_eq_u64(current, (i < 3 ? i + 1 : 3) * BO_SIZE);
	}
	igt_assert_eq(igt_nova_submit(client.fd, queue, NULL, NULL, 0), -ENOSPC);
	igt_nova_vm_unmap(client.fd, client.vm, bos[0].va, BO_SIZE, 0);
	igt_assert_eq(igt_nova_submit_wait(client.fd, queue, NULL), 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(bos); i++)
		igt_nova_bo_destroy(client.fd, &bos[i]);
	igt_nova_client_close(&client);
	write_file(CGROUP "/cgroup.procs", "0");
	igt_assert_eq(igt_nova_submit_wait(other.fd, igt_nova_client_queue(&other, 0), NULL), 1);
	igt_nova_bo_destroy(other.fd, &free_bo);
	igt_nova_client_close(&other);
}

/* The device goes while they turn each other out. */
static void test_unplug(int fd)
{
	sem_t running;

	(void)fd;
	start_all(&running, true);
	for (unsigned int i = 0; i < CLIENTS; i++)
		sem_wait(&running);
	igt_nova_unplug(igt_nova_path("unbind"));
	for (unsigned int i = 0; i < CLIENTS; i++) {
		pthread_join(evictors[i].thread, NULL);
		igt_assert_f(evictors[i].result == -ENODEV, "client %u: %" PRId64 "\n", i,
			     evictors[i].result);
		evictor_close(&evictors[i]);
	}
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
}

static const struct igt_nova_test tests[] = {
	{ "four-clients", "Four clients, each with 60 % of video memory.", test_four_clients },
	{ "too-much", "One client with more than there is.", test_too_much },
	{ "dropped", "What is not needed is not kept.", test_dropped },
	{ "group-limit", "A group of processes with a limit.", test_group_limit },
	{ "unplug", "The device goes in the middle.", test_unplug },
};

int igt_main()
{
	igt_fixture()
		igt_nova_unplug_init();
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
