/* SPDX-License-Identifier: MIT */
/*
 * Every call of the library with a kernel that answers anything: errors from any ioctl, and
 * ids, sizes, counts and addresses out of the input. The library must stay in bounds, free what
 * it took, and keep its book of addresses straight.
 */
#include "fuzz_input.h"

#include <errno.h>
#include <linux/sync_file.h>
#include <unistd.h>

#include "fake_kernel.h"
#include "nova.h"
#include "nova_drm.h"
#include "private.h"

#define BOS	6
#define VMS	2
#define QUEUES	2
#define SYNCS	4
#define VAS	16
#define PIECES	8

/* The unit tests' kernel, under another name; see meson.build. */
int fake_ioctl(int fd, unsigned long request, void *arg);

/* What the client holds. */
struct client {
	struct nova_device *dev;
	struct nova_bo *bos[BOS];
	struct nova_vm *vms[VMS];
	struct nova_queue *queues[QUEUES];
	struct nova_sync *syncs[SYNCS];
	struct nova_timeline *timeline;
	struct nova_heap *heap;
	struct nova_push *push;
	const struct nova_heap_piece *pieces[PIECES];
	struct va {
		struct nova_vm *vm;
		uint64_t start;
		uint64_t size;
	} vas[VAS];
};

/* Where the kernel's answers come from; NULL: it is honest. */
static struct fuzz_input *kernel_input;

/* --- the kernel --- */

/* Descriptors in answers belong to whoever asked: another number would close somebody else's. */
static bool answers_descriptor(unsigned long request)
{
	return request == DRM_IOCTL_PRIME_HANDLE_TO_FD || request == DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD;
}

/* A map of what is beyond the end of the file has no memory; no kernel answers with one, and pushes are written. */
static bool answers_memory(unsigned long request)
{
	return request == DRM_IOCTL_NOVA_GEM_MMAP_OFFSET;
}

static void spoil(void *data, size_t size)
{
	uint32_t value, at;

	if (size < sizeof(value))
		return;
	at = fuzz_u8(kernel_input) % (size / sizeof(value));
	value = fuzz_u8(kernel_input) & 1 ? fuzz_u32(kernel_input) : fuzz_u8(kernel_input);
	memcpy((uint8_t *)data + at * sizeof(value), &value, sizeof(value));
}

/* A sync file with more fences or fewer; no more than a kernel could have memory for. */
static int file_info(struct sync_file_info *info, uint8_t how)
{
	if (!info->num_fences && (how & 1))
		info->num_fences = how >> 1;
	info->status = (int8_t)how;
	return 0;
}

int nova_kernel_ioctl(int fd, unsigned long request, void *arg)
{
	static const int errors[] = { EINVAL, ENOMEM, ENODEV, EIO, EINTR, EAGAIN, ETIME, ENOENT };
	struct drm_nova_dev_query *query = arg;
	uint8_t how;
	int ret;

	if (!kernel_input)
		return fake_ioctl(fd, request, arg);
	how = fuzz_u8(kernel_input);
	if (how >= 0xf0)
		return -errors[how & 7];
	if (request == SYNC_IOC_FILE_INFO && (how & 1))
		return file_info(arg, fuzz_u8(kernel_input));
	ret = fake_ioctl(fd, request, arg);
	if (ret || how < 0x80 || answers_descriptor(request) || answers_memory(request))
		return ret;
	if (request == DRM_IOCTL_NOVA_DEV_QUERY)
		spoil((void *)(uintptr_t)query->pointer, query->size < 256 ? query->size : 0);
	else if (request != DRM_IOCTL_VERSION && request != SYNC_IOC_FILE_INFO)
		spoil(arg, (request >> 16) & 0x3fff);
	return 0;
}

/* --- the client's calls --- */

static void call_device(struct client *client, struct fuzz_input *in)
{
	struct nova_memory_region regions[NOVA_MEMORY_REGIONS_MAX];
	struct nova_engine engines[NOVA_ENGINES_MAX];
	struct nova_device_entry entries[2];
	struct nova_device *dev;
	struct nova_device_info info;
	struct nova_limits limits;
	struct nova_time time;
	uint32_t count = 2;

	switch (fuzz_below(in, 8)) {
	case 0:
		nova_device_query_info(client->dev, &info);
		break;
	case 1:
		if (!nova_device_query_memory(client->dev, regions, &count))
			fuzz_require(count <= NOVA_MEMORY_REGIONS_MAX, "%u regions", count);
		break;
	case 2:
		if (!nova_device_query_engines(client->dev, engines, &count))
			fuzz_require(count <= NOVA_ENGINES_MAX, "%u engines", count);
		break;
	case 3:
		nova_device_find_engine(client->dev, NOVA_ENGINE_COPY, fuzz_below(in, 3), &count);
		break;
	case 4:
		nova_device_query_limits(client->dev, &limits);
		break;
	case 5:
		nova_device_get_time(client->dev, fuzz_below(in, 12), &time);
		break;
	case 6:
		nova_device_scan("/dev/null", entries, &count);
		break;
	default:
		if (!nova_device_open_fd(nova_device_fd(client->dev), &dev))
			nova_device_close(dev);
	}
}

static void bo_get(struct client *client, struct nova_bo **bo, struct fuzz_input *in)
{
	struct nova_bo_desc desc = {
		.size = fuzz_u8(in) == 1 ? fuzz_u64(in) : 1ull << fuzz_below(in, 24),
		.placement = fuzz_below(in, 4),
		.vm = client->vms[fuzz_below(in, VMS)],
	};
	int ret;

	if (fuzz_u8(in) & 1)
		ret = nova_bo_create(client->dev, &desc, bo);
	else
		ret = nova_bo_import(client->dev, fake.fd, bo);
	fuzz_require(!ret == !!*bo, "returned %d", ret);
}

static void call_bo(struct client *client, struct fuzz_input *in)
{
	struct nova_bo **bo = &client->bos[fuzz_below(in, BOS)];
	struct nova_bo_info info;
	void *map = NULL;
	int fd = -1;

	if (!*bo) {
		bo_get(client, bo, in);
		return;
	}
	switch (fuzz_below(in, 6)) {
	case 0:
		nova_bo_destroy(*bo);
		*bo = NULL;
		break;
	case 1:
		if (!nova_bo_map(*bo, &map))
			fuzz_require(map, "mapped nowhere");
		break;
	case 2:
		nova_bo_unmap(*bo);
		break;
	case 3:
		if (!nova_bo_export(*bo, &fd))
			close(fd);
		break;
	case 4:
		nova_bo_query_info(*bo, &info);
		break;
	default:
		fuzz_require(nova_bo_handle(*bo) || nova_bo_size(*bo) + 1, "accessors");
	}
}

/* --- addresses: no two allocations overlap, and all lie in the range --- */

static void va_add(struct client *client, struct nova_vm *vm, uint64_t start, uint64_t size)
{
	struct va *free_va = NULL;
	uint64_t vm_start, vm_size;
	uint32_t i;

	nova_vm_range(vm, &vm_start, &vm_size);
	size = (size + 4095) & ~4095ull;
	fuzz_require(start - vm_start < vm_size && size <= vm_size - (start - vm_start),
		     "%#llx + %#llx is out of range", (unsigned long long)start,
		     (unsigned long long)size);
	for (i = 0; i < VAS; i++) {
		struct va *va = &client->vas[i];

		if (!va->vm)
			free_va = va;
		if (va->vm != vm)
			continue;
		fuzz_require(start - vm_start >= va->start - vm_start + va->size ||
			     va->start - vm_start >= start - vm_start + size,
			     "%#llx is taken", (unsigned long long)start);
	}
	if (free_va)
		*free_va = (struct va) { vm, start, size };
	else
		nova_vm_free_va(vm, start);
}

static void va_forget(struct client *client, const struct nova_vm *vm)
{
	uint32_t i;

	for (i = 0; i < VAS; i++) {
		if (client->vas[i].vm == vm)
			client->vas[i].vm = NULL;
	}
}

static uint64_t take_size(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	return how == 0xff ? fuzz_u64(in) : (uint64_t)(how & 0x3f) << (how & 0x40 ? 21 : 12);
}

static void vm_release(struct client *client, struct nova_vm *vm, struct fuzz_input *in)
{
	struct va *va = &client->vas[fuzz_below(in, VAS)];
	int ret;

	if (va->vm != vm) {
		nova_vm_free_va(vm, fuzz_u64(in));
		va_forget(client, vm);	/* it may have been one of them */
		return;
	}
	if (fuzz_u8(in) & 1) {
		ret = nova_vm_free_va(vm, va->start);
		fuzz_require(!ret, "nova_vm_free_va: %d", ret);
	} else {
		ret = nova_vm_unmap(vm, va->start);
	}
	if (!ret || ret == -ENODEV)
		va->vm = NULL;
}

static void vm_bind(struct client *client, struct nova_vm *vm, struct fuzz_input *in)
{
	struct nova_vm_op ops[4] = { 0 };
	uint32_t count = fuzz_below(in, 5), i;

	for (i = 0; i < count; i++) {
		ops[i].op = fuzz_below(in, 4);
		ops[i].bo = fuzz_u8(in) & 1 ? client->bos[fuzz_below(in, BOS)] : NULL;
		ops[i].va = fuzz_u64(in);
		ops[i].size = take_size(in);
	}
	nova_vm_bind(vm, ops, count);
}

static void call_vm(struct client *client, struct fuzz_input *in)
{
	struct nova_vm **vm = &client->vms[fuzz_below(in, VMS)];
	struct nova_bo *bo;
	uint64_t va, size;

	if (!*vm) {
		nova_vm_create(client->dev, vm);
		return;
	}
	switch (fuzz_below(in, 8)) {
	case 0:
		va_forget(client, *vm);
		nova_vm_destroy(*vm);
		*vm = NULL;
		break;
	case 1:
	case 2:
		size = take_size(in);
		if (!nova_vm_alloc_va(*vm, size, 1ull << (fuzz_u8(in) & 63) >> 1, &va))
			va_add(client, *vm, va, size);
		break;
	case 3:
		size = take_size(in);
		nova_vm_range(*vm, &va, &(uint64_t) { 0 });
		va += (uint64_t)fuzz_u16(in) << 12;
		if (!nova_vm_reserve_va(*vm, va, size))
			va_add(client, *vm, va, size);
		break;
	case 4:
		size = take_size(in);
		bo = client->bos[fuzz_below(in, BOS)];
		/* Without a size it is the rest of the buffer, which is not known here. */
		if (!nova_vm_map(*vm, bo, take_size(in), size, 0, &va) && size)
			va_add(client, *vm, va, size);
		break;
	case 5:
		vm_bind(client, *vm, in);
		break;
	default:
		vm_release(client, *vm, in);
	}
}

static void submit(struct client *client, struct nova_queue *queue, struct fuzz_input *in)
{
	struct nova_push_range ranges[4] = { 0 };
	struct nova_job_sync syncs[4] = { 0 };
	struct nova_job jobs[2] = { 0 };
	uint32_t i;

	for (i = 0; i < 4; i++) {
		ranges[i].va = fuzz_u16(in);
		ranges[i].length = fuzz_u8(in);
		ranges[i].flags = fuzz_below(in, 3);
		syncs[i] = (struct nova_job_sync) {
			.sync = client->syncs[fuzz_below(in, SYNCS)],
			.point = fuzz_below(in, 3),
			.flags = fuzz_below(in, 3),
		};
	}
	for (i = 0; i < 2; i++) {
		jobs[i].ranges = fuzz_u8(in) & 7 ? ranges : NULL;
		jobs[i].range_count = fuzz_below(in, 5);
		jobs[i].syncs = fuzz_u8(in) & 7 ? syncs : NULL;
		jobs[i].sync_count = fuzz_below(in, 5);
	}
	nova_queue_submit_flags(queue, jobs, fuzz_below(in, 3), fuzz_below(in, 3));
}

static void call_queue(struct client *client, struct fuzz_input *in)
{
	struct nova_queue **queue = &client->queues[fuzz_below(in, QUEUES)];
	struct nova_queue_desc desc = { .engine = fuzz_u8(in) };
	struct nova_queue_state state;

	if (!*queue) {
		nova_queue_create(client->vms[fuzz_below(in, VMS)], &desc, queue);
		return;
	}
	switch (fuzz_below(in, 4)) {
	case 0:
		nova_queue_destroy(*queue);
		*queue = NULL;
		break;
	case 1:
		nova_queue_get_state(*queue, &state);
		break;
	default:
		submit(client, *queue, in);
	}
}

static void sync_get(struct client *client, struct nova_sync **sync, struct fuzz_input *in)
{
	if (fuzz_u8(in) & 1)
		nova_sync_create(client->dev, fuzz_below(in, 3), sync);
	else
		nova_sync_import_fd(client->dev, fake.fd, sync);
}

static void sync_wait(struct client *client, struct fuzz_input *in)
{
	const uint64_t points[SYNCS] = { 0, 1, 2, 3 };
	bool timeline = fuzz_u8(in) & 1;
	uint32_t count = fuzz_below(in, SYNCS + 1), first = 0;
	int64_t deadline = nova_sync_deadline(fuzz_u64(in));

	nova_sync_wait_many(client->syncs, timeline ? points : NULL, count, deadline,
			    fuzz_below(in, 5), &first);
}

static void call_sync(struct client *client, struct fuzz_input *in)
{
	struct nova_sync **sync = &client->syncs[fuzz_below(in, SYNCS)];
	uint64_t point = fuzz_below(in, 3);
	int fd = -1, status;

	if (!*sync) {
		sync_get(client, sync, in);
		return;
	}
	switch (fuzz_below(in, 12)) {
	case 0:
		nova_sync_destroy(*sync);
		*sync = NULL;
		break;
	case 1:
		nova_sync_wait(*sync, point, 0, fuzz_below(in, 4));
		break;
	case 2:
		sync_wait(client, in);
		break;
	case 3:
		nova_sync_query(*sync, &point);
		break;
	case 4:
		nova_sync_signal(*sync, point);
		break;
	case 5:
		nova_sync_reset(*sync);
		break;
	case 6:
		if (!nova_sync_export_sync_file(*sync, point, &fd))
			close(fd);
		break;
	case 7:
		if (!nova_sync_export_fd(*sync, &fd))
			close(fd);
		break;
	case 8:
		nova_sync_import_sync_file(*sync, fake.fd);
		break;
	case 9:
		nova_sync_get_status(*sync, point, &status);
		break;
	case 10:
		nova_sync_file_wait(fake.fd, 0);
		break;
	default:
		nova_sync_file_status(fake.fd, &status);
	}
}

/* --- heaps and timelines: pieces lie in their buffers and do not overlap --- */

static void heap_get(struct client *client, struct fuzz_input *in)
{
	struct nova_heap_desc desc = {
		.buffer_size = 1ull << (16 + fuzz_below(in, 5)),
		.size_max = (uint64_t)fuzz_u8(in) << 16,
		.flags = fuzz_below(in, 5),
	};

	if (nova_heap_create(client->vms[fuzz_below(in, VMS)], &desc, &client->heap))
		return;
	if (!client->push)
		nova_push_create_in_heap(client->heap, fuzz_u16(in), &client->push);
}

static void piece_get(struct client *client, const struct nova_heap_piece **piece,
		      struct fuzz_input *in)
{
	uint64_t size = 1 + fuzz_u16(in), align = 1ull << fuzz_below(in, 18);
	uint32_t i;

	if (nova_heap_alloc(client->heap, size, align, piece))
		return;
	fuzz_require((*piece)->size >= size && (*piece)->va % align == 0 &&
		     (*piece)->offset + (*piece)->size <= nova_bo_size((*piece)->bo), "piece");
	for (i = 0; i < PIECES; i++) {
		const struct nova_heap_piece *other = client->pieces[i];

		if (!other || other == *piece || other->bo != (*piece)->bo)
			continue;
		fuzz_require(other->offset + other->size <= (*piece)->offset ||
			     (*piece)->offset + (*piece)->size <= other->offset, "overlap");
	}
}

static void call_heap(struct client *client, struct fuzz_input *in)
{
	const struct nova_heap_piece **piece = &client->pieces[fuzz_below(in, PIECES)];
	struct nova_heap_stats stats;

	if (!client->heap) {
		heap_get(client, in);
		return;
	}
	switch (fuzz_below(in, 8)) {
	case 0:
		/* A push keeps its heap; the pieces are then of no use all the same. */
		nova_heap_destroy(client->heap);
		client->heap = NULL;
		memset(client->pieces, 0, sizeof(client->pieces));
		break;
	case 1:
		nova_heap_trim(client->heap);
		break;
	case 2:
		if (*piece && !nova_heap_free_after(client->heap, *piece, client->syncs[fuzz_below(in, SYNCS)],
						    fuzz_u8(in)))
			*piece = NULL;
		break;
	case 3:
		nova_heap_free(client->heap, *piece);
		*piece = NULL;
		break;
	default:
		if (!*piece)
			piece_get(client, piece, in);
	}
	if (client->heap) {
		nova_heap_get_stats(client->heap, &stats);
		fuzz_require(stats.used + stats.pending <= stats.size, "stats");
	}
}

static void call_timeline(struct client *client, struct fuzz_input *in)
{
	struct nova_job job = { 0 };
	uint64_t point;
	int idle;

	if (!client->timeline) {
		nova_timeline_create(client->dev, &client->timeline);
		return;
	}
	switch (fuzz_below(in, 6)) {
	case 0:
		nova_timeline_submit(client->timeline, client->queues[fuzz_below(in, QUEUES)], &job, 1,
				     &point);
		break;
	case 1:
		nova_timeline_wait(client->timeline, fuzz_u8(in), 0);
		break;
	case 2:
		nova_timeline_is_idle(client->timeline, &idle);
		break;
	case 3:
		if (!nova_timeline_completed(client->timeline, &point))
			fuzz_require(!nova_timeline_wait(client->timeline, point, 0), "completed");
		break;
	default:
		nova_timeline_destroy(client->timeline);
		client->timeline = NULL;
	}
}

/* A push in a heap has the heap's memory, whoever has forgotten the heap. */
static void call_push(struct client *client, struct fuzz_input *in)
{
	const struct nova_push_range *ranges;
	uint32_t count, size = 0, i;

	switch (client->push ? fuzz_below(in, 6) : 5) {
	case 0:
		nova_push_reset(client->push);
		break;
	case 1:
		nova_push_retire(client->push, client->syncs[fuzz_below(in, SYNCS)], fuzz_u8(in));
		break;
	case 2:
		nova_push_destroy(client->push);
		client->push = NULL;
		break;
	default:
		for (i = fuzz_u8(in); client->push && i; i--)
			nova_push_copy(client->push, 0, 4096, i);
	}
	if (!client->push || nova_push_get_ranges(client->push, &ranges, &count))
		return;
	for (i = 0; i < count; i++)
		size += ranges[i].length;
	fuzz_require(size == nova_push_size(client->push), "%u bytes in ranges", size);
}

static void call_object(struct client *client, struct fuzz_input *in)
{
	switch (fuzz_below(in, 4)) {
	case 0:
		call_timeline(client, in);
		break;
	case 1:
		call_push(client, in);
		break;
	default:
		call_heap(client, in);
	}
}

static void close_all(struct client *client)
{
	uint32_t i;

	nova_timeline_destroy(client->timeline);
	nova_heap_destroy(client->heap);
	for (i = 0; i < QUEUES; i++)
		nova_queue_destroy(client->queues[i]);
	for (i = 0; i < BOS; i++)
		nova_bo_destroy(client->bos[i]);
	for (i = 0; i < VMS; i++)
		nova_vm_destroy(client->vms[i]);
	for (i = 0; i < SYNCS; i++)
		nova_sync_destroy(client->syncs[i]);
	nova_push_destroy(client->push);
	nova_device_close(client->dev);
}

static int lowest_free_fd(void)
{
	int fd = dup(STDERR_FILENO);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	int lowest = lowest_free_fd();
	struct client client = { 0 };
	unsigned int i;
	int ret;

	fake_open();
	ret = nova_device_open_fd(fake.fd, &client.dev);
	fuzz_require(!ret, "open: %d", ret);
	kernel_input = &in;
	for (i = 0; i < 128 && fuzz_more(&in); i++) {
		switch (fuzz_below(&in, 8)) {
		case 0:
			call_device(&client, &in);
			break;
		case 1:
		case 2:
			call_bo(&client, &in);
			break;
		case 3:
		case 4:
			call_vm(&client, &in);
			break;
		case 5:
			call_queue(&client, &in);
			break;
		case 6:
			call_sync(&client, &in);
			break;
		default:
			call_object(&client, &in);
		}
	}
	close_all(&client);
	kernel_input = NULL;
	fake_close();
	fuzz_require(lowest_free_fd() == lowest, "a descriptor is left: %d", lowest);
	return 0;
}
