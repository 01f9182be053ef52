// SPDX-License-Identifier: MIT
/*
 * Memory: what the kernel keeps for an object, from its own books.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <nova_drm.h>

#include "client.h"
#include "groups.h"
#include "peers.h"

/*
 * Objects are made in two lots of the same size, and the second is measured: the first one takes what the slab
 * allocator has at hand from earlier.
 */
#define FILES		384u
#define BUFFERS		2048u
#define VMS		48u	/* of each of four files */
#define QUEUES		40u	/* of each of four files; a file may have a quarter of the channels */
#define OWNERS		4u
#define MAPPINGS	16384u
#define OPS		256u
#define BASE		(16ull << 30)

/* A number of /proc/meminfo, in bytes. */
static double meminfo(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtod(at + strlen(key), NULL) * 1024 : 0;
}

/* Slabs, per-processor memory, vmalloc and stacks: all the kernel's own but pages of buffers, and memory for DMA. */
static double kernel_bytes(void)
{
	FILE *refresh = fopen("/proc/sys/vm/stat_refresh", "we");
	char text[8192];
	size_t got = 0;
	FILE *file;

	/* Each processor keeps counts of its own for a while. */
	if (refresh) {
		fputs("1", refresh);
		fclose(refresh);
	}
	file = fopen("/proc/meminfo", "re");
	if (file) {
		got = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[got] = '\0';
	return meminfo(text, "\nSlab:") + meminfo(text, "\nPercpu:") + meminfo(text, "\nVmallocUsed:") +
	       meminfo(text, "\nKernelStack:");
}

struct memory {
	enum bench_driver driver;
	int fds[2 * FILES];	/* the first ones are open all the time */
	uint32_t handle;
	uint32_t vms[OWNERS];
};

/* Makes one lot, and takes both back. */
struct lot {
	unsigned int count;
	int (*make)(struct memory *memory, unsigned int lot);
	void (*drop)(struct memory *memory);
};

/* --- files ------------------------------------------------------------------ */

static int make_files(struct memory *memory, unsigned int lot)
{
	/* The ones before are those of the owners. */
	for (unsigned int i = lot * FILES + OWNERS; i < (lot + 1) * FILES; i++) {
		memory->fds[i] = bench_open(memory->driver);
		if (memory->fds[i] < 0)
			return memory->fds[i];
	}
	return 0;
}

static void drop_files(struct memory *memory)
{
	for (unsigned int i = OWNERS; i < 2 * FILES; i++) {
		if (memory->fds[i] >= 0)
			close(memory->fds[i]);
		memory->fds[i] = -1;
	}
}

/* --- buffers ---------------------------------------------------------------- */

static uint32_t handles[2 * BUFFERS];

static int make_buffers(struct memory *memory, unsigned int lot)
{
	int ret = 0;

	for (unsigned int i = lot * BUFFERS; i < (lot + 1) * BUFFERS && !ret; i++)
		ret = bench_create(memory->driver, memory->fds[0], 4096, &handles[i]);
	return ret;
}

static void drop_buffers(struct memory *memory)
{
	for (unsigned int i = 0; i < 2 * BUFFERS; i++) {
		if (handles[i])
			bench_close(memory->fds[0], handles[i]);
		handles[i] = 0;
	}
}

/* --- address spaces and queues ---------------------------------------------- */

static uint32_t ids[OWNERS][VMS];

/* A lot is those of two files. */
static int make_vms(struct memory *memory, unsigned int lot)
{
	for (unsigned int owner = 2 * lot; owner < 2 * lot + 2; owner++) {
		for (unsigned int i = 0; i < VMS; i++) {
			struct drm_nova_vm_create args = { 0 };

			if (ioctl(memory->fds[owner], DRM_IOCTL_NOVA_VM_CREATE, &args))
				return -errno;
			ids[owner][i] = args.vm_id;
		}
	}
	return 0;
}

static void drop_vms(struct memory *memory)
{
	for (unsigned int owner = 0; owner < OWNERS; owner++) {
		for (unsigned int i = 0; i < VMS; i++) {
			struct drm_nova_vm_destroy args = { .vm_id = ids[owner][i] };

			if (args.vm_id)
				ioctl(memory->fds[owner], DRM_IOCTL_NOVA_VM_DESTROY, &args);
			ids[owner][i] = 0;
		}
	}
}

static int make_queues(struct memory *memory, unsigned int lot)
{
	for (unsigned int owner = 2 * lot; owner < 2 * lot + 2; owner++) {
		for (unsigned int i = 0; i < QUEUES; i++) {
			struct drm_nova_queue_create args = {
				.vm_id = memory->vms[owner],
				.priority = DRM_NOVA_PRIORITY_NORMAL,
			};

			if (ioctl(memory->fds[owner], DRM_IOCTL_NOVA_QUEUE_CREATE, &args))
				return -errno;
			ids[owner][i] = args.queue_id;
		}
	}
	return 0;
}

static void drop_queues(struct memory *memory)
{
	for (unsigned int owner = 0; owner < OWNERS; owner++) {
		for (unsigned int i = 0; i < QUEUES; i++) {
			struct drm_nova_queue_destroy args = { .queue_id = ids[owner][i] };

			if (args.queue_id)
				ioctl(memory->fds[owner], DRM_IOCTL_NOVA_QUEUE_DESTROY, &args);
			ids[owner][i] = 0;
		}
	}
}

/* --- mappings --------------------------------------------------------------- */

static int bind(struct memory *memory, struct drm_nova_vm_bind_op *ops, uint32_t count)
{
	struct drm_nova_vm_bind args = {
		.vm_id = memory->vms[0],
		.ops = { .stride = sizeof(*ops), .count = count, .ptr = (uintptr_t)ops },
	};

	return ioctl(memory->fds[0], DRM_IOCTL_NOVA_VM_BIND, &args) ? -errno : 0;
}

static int make_mappings(struct memory *memory, unsigned int lot)
{
	struct drm_nova_vm_bind_op ops[OPS] = { 0 };
	int ret = 0;

	for (unsigned int at = lot * MAPPINGS; at < (lot + 1) * MAPPINGS && !ret; at += OPS) {
		for (uint32_t i = 0; i < OPS; i++)
			ops[i] = (struct drm_nova_vm_bind_op) {
				.op = DRM_NOVA_VM_BIND_OP_MAP, .handle = memory->handle,
				.va = BASE + 8192ull * (at + i), .size = 4096,
			};
		ret = bind(memory, ops, OPS);
	}
	return ret;
}

static void drop_mappings(struct memory *memory)
{
	struct drm_nova_vm_bind_op unmap = { .op = DRM_NOVA_VM_BIND_OP_UNMAP_ALL };

	bind(memory, &unmap, 1);
}

/* --- the plan --------------------------------------------------------------- */

/* arm->number: which of these. */
static const struct {
	const char *name;
	const char *title;
	struct lot lot;
	bool peers;
} plans[] = {
	{ "file", "kernel memory of an open file", { FILES - OWNERS, make_files, drop_files }, true },
	{ "buffer", "kernel memory of a buffer without its pages", { BUFFERS, make_buffers, drop_buffers }, true },
	{ "vm", "kernel memory of an address space", { 2 * VMS, make_vms, drop_vms }, false },
	{ "queue", "kernel memory of a queue", { 2 * QUEUES, make_queues, drop_queues }, false },
	{ "mapping", "kernel memory of a mapping of 4 KiB", { MAPPINGS, make_mappings, drop_mappings }, false },
};

#define PLANS	(sizeof(plans) / sizeof(plans[0]))

static int measure(struct bench_arm *arm, double *value)
{
	const struct lot *lot = &plans[arm->number].lot;
	struct memory *memory = arm->data;
	double before;
	int ret = lot->make(memory, 0);

	before = kernel_bytes();
	if (!ret)
		ret = lot->make(memory, 1);
	*value = (kernel_bytes() - before) / lot->count;
	lot->drop(memory);
	return ret;
}

static int prepare(struct memory *memory, enum bench_driver driver)
{
	int ret = 0;

	memset(memory->fds, -1, sizeof(memory->fds));
	memory->driver = driver;
	for (unsigned int i = 0; i < OWNERS; i++) {
		struct drm_nova_vm_create vm = { 0 };

		memory->fds[i] = bench_open(driver);
		if (memory->fds[i] < 0)
			return memory->fds[i];
		if (driver == BENCH_NOVA && ioctl(memory->fds[i], DRM_IOCTL_NOVA_VM_CREATE, &vm))
			return -errno;
		memory->vms[i] = vm.vm_id;
	}
	if (driver == BENCH_NOVA)
		ret = bench_create(driver, memory->fds[0], 4096, &memory->handle);
	return ret;
}

void bench_memory(struct bench *bench)
{
	static struct memory memory[BENCH_DRIVERS];
	struct bench_arm arms[PLANS * BENCH_DRIVERS] = { 0 };
	size_t count = 0;

	for (int i = 0; i < BENCH_DRIVERS; i++) {
		int ret = prepare(&memory[i], i);

		if (ret)
			bench_skip(bench, "memory", bench_driver_names[i], i == BENCH_NOVA ? ret : 0);
		for (size_t p = 0; p < PLANS && !ret; p++) {
			struct bench_series *series = &arms[count].series;

			if (i != BENCH_NOVA && !plans[p].peers)
				continue;
			snprintf(series->id, sizeof(series->id), "memory/%s/%s", plans[p].name, bench_driver_names[i]);
			snprintf(series->title, sizeof(series->title), "%s", plans[p].title);
			strcpy(series->unit, "bytes");
			arms[count].run = measure;
			arms[count].data = &memory[i];
			arms[count++].number = p;
		}
	}
	bench_take_turns(bench, arms, count, 7, 30);
	for (int i = 0; i < BENCH_DRIVERS; i++) {
		for (unsigned int owner = 0; owner < OWNERS; owner++) {
			if (memory[i].fds[owner] >= 0)
				close(memory[i].fds[owner]);
		}
	}
}
